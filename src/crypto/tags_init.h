/* T = SHA256(PREFIX "/" tag) of every tag, computed once: private to this layer. */
#ifndef CS_CRYPTO_TAGS_INIT_H
#define CS_CRYPTO_TAGS_INIT_H

#include <stdint.h>

#include "crypto/sha256.h"
#include "crypto/tags.h"

struct cs_tag_state {
    uint8_t t[32];
    struct cs_sha256_state after_tt; /* T | T is one block: its midstate */
};

void cs_tags_init(void); /* from cs_crypto_init, once */
const struct cs_tag_state *cs_tag_state(enum cs_tag tag); /* asserts the above */

#endif
