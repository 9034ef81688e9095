/* The key-encryption key: opens one record, the wrapped data key.
 *
 * It comes from DB_ENCRYPTION_KEY_HEX, or from a KMS that opens the seal in the header;
 * the wrap record names its kind, and no other record knows of it.  Any thread. */
#ifndef CS_STORE_KEK_H
#define CS_STORE_KEK_H

#include "base/span.h"
#include "base/why.h"

enum cs_kek_kind {
    CS_KEK_HEX = 1, /* AES-256-GCM under 32 bytes given by the operator */
    CS_KEK_KMS = 2, /* the same under 32 bytes that a KMS keeps wrapped in the header */
};

/* Secret: keep in guarded memory or wipe after use. */
struct cs_kek {
    uint8_t key[32];
    struct cs_span seal; /* KMS: the record that its KMS opens (kms/seal.h), public and
                            borrowed; empty: HEX */
};

/* 64 hex digits (either case; nothing before or after).  Each refusal is CONFIG with
 * its own sentence: missing, wrong length, a character that is no hex digit, all
 * bytes equal, one of the three example keys printed in the vendor's guide (known by
 * their hashes).  `name` is the variable it came from.  *out is zero on error. */
enum cs_err cs_kek_parse(struct cs_kek *out, const char *hex, const char *name,
                         struct cs_why *why) CS_MUST_USE;
void cs_kek_wipe(struct cs_kek *k);

#endif
