/* Bech32; see bech32.h. */
#include "chain/bech32.h"

#include <string.h>

#include "base/err.h"

enum { CHECKSUM_LEN = 6, HRP_MAX = 16, GROUPS_MAX = 128 };

const char cs_bech32_chars[33] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

int cs_bech32_value(char c)
{
    const char *at = c == '\0' ? NULL : strchr(cs_bech32_chars, c);

    return at == NULL ? -1 : (int)(at - cs_bech32_chars);
}

size_t cs_bits_8to5(uint8_t *out, struct cs_span in)
{
    unsigned acc = 0, bits = 0;
    size_t n = 0;

    for (size_t i = 0; i < in.n; i++) {
        acc = (acc << 8 | in.p[i]) & 0xfff;
        for (bits += 8; bits >= 5; bits -= 5) {
            out[n++] = (uint8_t)(acc >> (bits - 5) & 31);
        }
    }
    if (bits > 0) {
        out[n++] = (uint8_t)(acc << (5 - bits) & 31);
    }
    return n;
}

bool cs_bits_5to8(uint8_t *out, size_t max, size_t *n, struct cs_span in)
{
    unsigned acc = 0, bits = 0;

    *n = 0;
    for (size_t i = 0; i < in.n; i++) {
        acc = (acc << 5 | in.p[i]) & 0xfff;
        bits += 5;
        if (bits < 8) {
            continue;
        }
        if (*n == max) {
            return false;
        }
        bits -= 8;
        out[(*n)++] = (uint8_t)(acc >> bits);
    }
    return bits < 5 && (acc & ((1U << bits) - 1)) == 0;
}

/* BIP 173's checksum over groups of 5 bits. */
static uint32_t polymod(uint32_t chk, uint8_t group)
{
    static const uint32_t gen[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                    0x2a1462b3};
    uint32_t top = chk >> 25;

    chk = (chk & 0x1ffffff) << 5 ^ group;
    for (unsigned i = 0; i < 5; i++) {
        chk ^= (top >> i & 1) != 0 ? gen[i] : 0;
    }
    return chk;
}

static uint32_t polymod_all(const char *hrp, const uint8_t *groups, size_t n)
{
    uint32_t chk = 1;

    for (const char *c = hrp; *c != '\0'; c++) {
        chk = polymod(chk, (uint8_t)*c >> 5);
    }
    chk = polymod(chk, 0);
    for (const char *c = hrp; *c != '\0'; c++) {
        chk = polymod(chk, (uint8_t)*c & 31);
    }
    for (size_t i = 0; i < n; i++) {
        chk = polymod(chk, groups[i]);
    }
    return chk;
}

void cs_bech32(char out[CS_BECH32_TEXT_MAX], enum cs_bech32 kind, const char *hrp,
               uint8_t version, struct cs_span in)
{
    uint8_t groups[GROUPS_MAX] = {0};
    size_t at = strlen(hrp);
    size_t n = 0;
    uint32_t chk;

    CS_ASSERT(at <= HRP_MAX && in.n <= CS_BECH32_BYTES_MAX);
    if (version != CS_BECH32_NO_VERSION) {
        groups[n++] = version;
    }
    n += cs_bits_8to5(groups + n, in);
    CS_ASSERT(at + 1 + n + CHECKSUM_LEN < CS_BECH32_TEXT_MAX);
    chk = polymod_all(hrp, groups, n + CHECKSUM_LEN) ^ (uint32_t)kind;
    for (size_t i = 0; i < CHECKSUM_LEN; i++) {
        groups[n + i] = (uint8_t)(chk >> (5 * (CHECKSUM_LEN - 1 - i)) & 31);
    }
    memcpy(out, hrp, at);
    out[at++] = '1';
    for (size_t i = 0; i < n + CHECKSUM_LEN; i++) {
        out[at++] = cs_bech32_chars[groups[i]];
    }
    out[at] = '\0';
}

static bool read_groups(uint8_t groups[GROUPS_MAX], size_t *n, const char *text)
{
    for (*n = 0; text[*n] != '\0'; (*n)++) {
        int v = cs_bech32_value(text[*n]);

        if (v < 0 || *n == GROUPS_MAX) {
            return false;
        }
        groups[*n] = (uint8_t)v;
    }
    return *n > CHECKSUM_LEN;
}

bool cs_unbech32(struct cs_bech32_read *out, const char *hrp, bool has_version,
                 const char *text)
{
    uint8_t groups[GROUPS_MAX];
    size_t len = strlen(hrp);
    size_t skip = has_version ? 1 : 0;
    size_t n;
    uint32_t chk;

    memset(out, 0, sizeof *out);
    if (strncmp(text, hrp, len) != 0 || text[len] != '1' ||
        !read_groups(groups, &n, text + len + 1)) {
        return false;
    }
    chk = polymod_all(hrp, groups, n);
    if (chk != CS_BECH32 && chk != CS_BECH32M) {
        return false;
    }
    n -= CHECKSUM_LEN;
    out->kind = chk == CS_BECH32 ? CS_BECH32 : CS_BECH32M;
    out->version = has_version ? groups[0] : CS_BECH32_NO_VERSION;
    return n >= skip && cs_bits_5to8(out->bytes, sizeof out->bytes, &out->n,
                                     CS_SPAN(groups + skip, n - skip));
}
