/* Keccak-256 as Ethereum uses it, and SHA3-256 (FIPS 202): they differ in one padding
 * byte.  No library at hand has the former, so the sponge is ours.  Public data.  Any
 * thread. */
#ifndef CS_CRYPTO_KECCAK_H
#define CS_CRYPTO_KECCAK_H

#include "base/span.h"

void cs_keccak256(uint8_t out[32], struct cs_span in);
void cs_sha3_256(uint8_t out[32], struct cs_span in);

#endif
