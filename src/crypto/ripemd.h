/* RIPEMD-160 and Bitcoin's HASH160, for addresses only (CHAINS.md).  Any thread. */
#ifndef CS_CRYPTO_RIPEMD_H
#define CS_CRYPTO_RIPEMD_H

#include "base/span.h"

enum { CS_RIPEMD160_LEN = 20 };

void cs_ripemd160(uint8_t out[CS_RIPEMD160_LEN], struct cs_span in);
/* RIPEMD-160 of SHA-256. */
void cs_hash160(uint8_t out[CS_RIPEMD160_LEN], struct cs_span in);

#endif
