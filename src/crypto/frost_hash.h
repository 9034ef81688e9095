/* H1..H5 of RFC 9591, FROST(Ed25519, SHA-512).  Any thread; call cs_crypto_init first.
 */
#ifndef CS_CRYPTO_FROST_HASH_H
#define CS_CRYPTO_FROST_HASH_H

#include "crypto/group.h"

void cs_frost_h1(struct cs_scalar *out, struct cs_span msg); /* "rho" */
void cs_frost_h2(struct cs_scalar *out, struct cs_span msg); /* challenge, no context */
void cs_frost_h3(struct cs_scalar *out, struct cs_span msg); /* "nonce" */
void cs_frost_h4(uint8_t out[64], struct cs_span msg);       /* "msg" */
void cs_frost_h5(uint8_t out[64], struct cs_span msg);       /* "com" */

#endif
