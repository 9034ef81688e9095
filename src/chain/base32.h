/* Base32 without padding (RFC 4648's alphabet in both cases): Stellar, Algorand,
 * Filecoin.  Any thread. */
#ifndef CS_CHAIN_BASE32_H
#define CS_CHAIN_BASE32_H

#include <stdbool.h>

#include "base/span.h"

enum cs_base32 { CS_BASE32_UPPER, CS_BASE32_LOWER };

enum { CS_BASE32_BYTES_MAX = 40 };

/* in.n is at most CS_BASE32_BYTES_MAX; out holds the text and a NUL (asserts). */
void cs_base32(char *out, size_t cap, enum cs_base32 alphabet, struct cs_span in);
/* Exactly n bytes; spare bits must be zero. */
bool cs_unbase32(uint8_t *out, size_t n, enum cs_base32 alphabet, const char *text);

#endif
