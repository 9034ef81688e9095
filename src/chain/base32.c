/* Base32; see base32.h. */
#include "chain/base32.h"

#include <string.h>

#include "base/err.h"
#include "chain/bech32.h"

static const char alphabets[2][33] = {
    [CS_BASE32_UPPER] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    [CS_BASE32_LOWER] = "abcdefghijklmnopqrstuvwxyz234567",
};

enum { GROUPS_MAX = CS_BASE32_BYTES_MAX * 8 / 5 };

void cs_base32(char *out, size_t cap, enum cs_base32 alphabet, struct cs_span in)
{
    uint8_t groups[GROUPS_MAX];
    size_t n;

    CS_ASSERT(in.n <= CS_BASE32_BYTES_MAX);
    n = cs_bits_8to5(groups, in);
    CS_ASSERT(n < cap);
    memset(out, 0, cap);
    for (size_t i = 0; i < n; i++) {
        out[i] = alphabets[alphabet][groups[i]];
    }
}

bool cs_unbase32(uint8_t *out, size_t n, enum cs_base32 alphabet, const char *text)
{
    uint8_t groups[GROUPS_MAX];
    size_t len = strnlen(text, GROUPS_MAX + 1);
    size_t got;

    memset(out, 0, n);
    if (len > GROUPS_MAX || len != (8 * n + 4) / 5) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        const char *at = strchr(alphabets[alphabet], text[i]);

        if (at == NULL) {
            return false;
        }
        groups[i] = (uint8_t)(at - alphabets[alphabet]);
    }
    return cs_bits_5to8(out, n, &got, CS_SPAN(groups, len)) && got == n;
}
