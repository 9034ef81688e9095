/* CashAddr; see cashaddr.h. */
#include "chain/cashaddr.h"

#include <string.h>

#include "chain/bech32.h"

enum { HASH_LEN = 20, N_GROUPS = 34, CHECKSUM_LEN = 8, TYPE_P2SH = 8 };

static uint64_t polymod(uint64_t c, uint8_t group)
{
    static const uint64_t gen[5] = {0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4,
                                    0xae2eabe2a8, 0x1e4f43e470};
    uint64_t top = c >> 35;

    c = (c & 0x07ffffffff) << 5 ^ group;
    for (unsigned i = 0; i < 5; i++) {
        c ^= (top >> i & 1) != 0 ? gen[i] : 0;
    }
    return c;
}

static uint64_t polymod_all(const char *prefix, const uint8_t *groups, size_t n)
{
    uint64_t c = 1;

    for (; *prefix != '\0'; prefix++) {
        c = polymod(c, (uint8_t)*prefix & 31);
    }
    c = polymod(c, 0);
    for (size_t i = 0; i < n; i++) {
        c = polymod(c, groups[i]);
    }
    return c ^ 1;
}

void cs_cashaddr(char out[CS_CHAIN_ADDRESS_MAX], const char *prefix, bool is_script,
                 const uint8_t hash[20])
{
    uint8_t raw[1 + HASH_LEN], groups[N_GROUPS + CHECKSUM_LEN] = {0};
    size_t at = strlen(prefix);
    uint64_t c;

    raw[0] = is_script ? TYPE_P2SH : 0; /* size bits 0: 20 bytes */
    memcpy(raw + 1, hash, HASH_LEN);
    CS_ASSERT(cs_bits_8to5(groups, CS_SPAN_OF(raw)) == N_GROUPS);
    c = polymod_all(prefix, groups, sizeof groups);
    for (size_t i = 0; i < CHECKSUM_LEN; i++) {
        groups[N_GROUPS + i] = (uint8_t)(c >> (5 * (CHECKSUM_LEN - 1 - i)) & 31);
    }
    memset(out, 0, CS_CHAIN_ADDRESS_MAX);
    memcpy(out, prefix, at);
    out[at++] = ':';
    for (size_t i = 0; i < sizeof groups; i++) {
        out[at++] = cs_bech32_chars[groups[i]];
    }
}

bool cs_cashaddr_ok(const char *prefix, const char *text)
{
    uint8_t groups[N_GROUPS + CHECKSUM_LEN], raw[1 + HASH_LEN];
    size_t len = strlen(prefix);
    size_t n;

    if (strncmp(text, prefix, len) != 0 || text[len] != ':' ||
        strlen(text + len + 1) != sizeof groups) {
        return false;
    }
    for (size_t i = 0; i < sizeof groups; i++) {
        int v = cs_bech32_value(text[len + 1 + i]);

        if (v < 0) {
            return false;
        }
        groups[i] = (uint8_t)v;
    }
    return polymod_all(prefix, groups, sizeof groups) == 0 &&
           cs_bits_5to8(raw, sizeof raw, &n, CS_SPAN(groups, N_GROUPS)) &&
           n == sizeof raw && (raw[0] == 0 || raw[0] == TYPE_P2SH);
}
