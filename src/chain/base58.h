/* Base58 in the alphabets of Bitcoin (also Solana's) and of the XRP Ledger, with and
 * without the four-byte double-SHA-256 checksum.  Any thread. */
#ifndef CS_CHAIN_BASE58_H
#define CS_CHAIN_BASE58_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

enum cs_base58 {
    CS_BASE58_BITCOIN,
    CS_BASE58_XRP,
};

enum {
    CS_BASE58_BYTES_MAX = 64,
    CS_BASE58_TEXT_MAX = 92, /* 64 bytes take 88 characters, and the NUL */
};

/* NUL-terminated; in.n is at most CS_BASE58_BYTES_MAX (asserts). */
void cs_base58(char out[CS_BASE58_TEXT_MAX], enum cs_base58 alphabet,
               struct cs_span in);
/* The same over in and its checksum; in.n at most CS_BASE58_BYTES_MAX - 4. */
void cs_base58check(char out[CS_BASE58_TEXT_MAX], enum cs_base58 alphabet,
                    struct cs_span in);

/* Exactly n bytes (1..CS_BASE58_BYTES_MAX), else BAD_TEXT; out is zeroed then. */
enum cs_err cs_unbase58(uint8_t *out, size_t n, enum cs_base58 alphabet,
                        const char *text) CS_MUST_USE;
/* n bytes without the checksum, which must be right (n + 4 bytes in the text). */
enum cs_err cs_unbase58check(uint8_t *out, size_t n, enum cs_base58 alphabet,
                             const char *text) CS_MUST_USE;

#endif
