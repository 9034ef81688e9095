/* Bech32 and Bech32m (BIP 173, BIP 350), and the regrouping of bits that they and
 * CashAddr share.  Upper case is refused: one address has one text.  Any thread. */
#ifndef CS_CHAIN_BECH32_H
#define CS_CHAIN_BECH32_H

#include <stdbool.h>

#include "base/span.h"

enum {
    CS_BECH32_BYTES_MAX = 64,
    CS_BECH32_TEXT_MAX = 128,   /* with the NUL; BIP 173 itself ends at 90 */
    CS_BECH32_NO_VERSION = 255, /* the text is bytes only */
};

enum cs_bech32 {
    CS_BECH32 = 1,
    CS_BECH32M = 0x2bc830a3, /* the constants that the checksums end in */
};

/* hrp "1" [version] bytes checksum.  version: 0..16, or CS_BECH32_NO_VERSION.  hrp has
 * at most 16 characters, in.n is at most CS_BECH32_BYTES_MAX (asserts). */
void cs_bech32(char out[CS_BECH32_TEXT_MAX], enum cs_bech32 kind, const char *hrp,
               uint8_t version, struct cs_span in);

struct cs_bech32_read {
    enum cs_bech32 kind;
    uint8_t version; /* CS_BECH32_NO_VERSION when none was asked for */
    uint8_t bytes[CS_BECH32_BYTES_MAX];
    size_t n;
};

/* False: other prefix, wrong checksum, characters or padding, mixed or upper case. */
bool cs_unbech32(struct cs_bech32_read *out, const char *hrp, bool has_version,
                 const char *text);

/* Groups of 8 bits to groups of 5, padded with zeros; out holds (8n + 4) / 5.  Returns
 * their number. */
size_t cs_bits_8to5(uint8_t *out, struct cs_span in);
/* The reverse; padding must be short and zero.  False otherwise, or above max bytes. */
bool cs_bits_5to8(uint8_t *out, size_t max, size_t *n, struct cs_span in);
/* The 32 characters, and the value of one (-1: not one of them). */
extern const char cs_bech32_chars[33];
int cs_bech32_value(char c);

#endif
