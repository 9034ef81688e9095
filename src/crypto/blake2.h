/* BLAKE2b (RFC 7693) and SHA-512/256 (FIPS 180-4), for addresses of other chains.
 * Public data.  Any thread. */
#ifndef CS_CRYPTO_BLAKE2_H
#define CS_CRYPTO_BLAKE2_H

#include "base/span.h"

/* Unkeyed, out_len 1..64. */
void cs_blake2b(uint8_t *out, size_t out_len, struct cs_span in);

void cs_sha512_256(uint8_t out[32], struct cs_span in);

#endif
