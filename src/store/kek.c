#include "store/kek.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"

#define HOW_TO "make one with: openssl rand -hex 32"

/* SHA-256 of the three example keys printed in the vendor's guide: everybody knows
 * them, and people paste examples. */
static const uint8_t example_hashes[][32] = {
    {0x37, 0x6d, 0x5f, 0x59, 0x0e, 0xfc, 0x50, 0x12, 0x47, 0xfb, 0x2e,
     0x7c, 0x39, 0x18, 0x53, 0x68, 0x13, 0xca, 0xe9, 0x0c, 0x8b, 0x49,
     0x75, 0x35, 0x1c, 0x59, 0xc7, 0xa2, 0x50, 0x5c, 0x85, 0xfe},
    {0xd4, 0x0e, 0x18, 0xdc, 0x62, 0x75, 0xf7, 0x5b, 0x1c, 0x60, 0xf4,
     0xea, 0xef, 0x71, 0x4a, 0x7d, 0x55, 0xce, 0x02, 0x4d, 0xaa, 0xac,
     0x21, 0x00, 0x24, 0x25, 0x00, 0xdb, 0x0d, 0xb0, 0x8a, 0xe9},
    {0x2c, 0x61, 0xee, 0x96, 0xa7, 0x4c, 0xf0, 0x5b, 0xb7, 0x5f, 0x1c,
     0x20, 0xd7, 0x8f, 0x86, 0xbf, 0x11, 0xf9, 0x63, 0xa9, 0x14, 0x90,
     0xd0, 0x18, 0x81, 0xe5, 0xf0, 0xf3, 0xb9, 0x85, 0x70, 0x42},
};

static bool is_example(const uint8_t key[32])
{
    uint8_t hash[32];

    cs_sha256(hash, CS_SPAN(key, 32));
    for (size_t i = 0; i < CS_COUNTOF(example_hashes); i++) {
        if (memcmp(hash, example_hashes[i], 32) == 0) { /* public on both sides */
            return true;
        }
    }
    return false;
}

/* 00..00, ff..ff, 0101..01: typed, not generated. */
static bool is_one_byte_repeated(const uint8_t key[32])
{
    uint8_t differ = 0;

    for (size_t i = 1; i < 32; i++) {
        differ |= (uint8_t)(key[i] ^ key[0]);
    }
    return differ == 0;
}

static size_t first_non_hex(const char *s)
{
    size_t i = 0;

    while ((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f') ||
           (s[i] >= 'A' && s[i] <= 'F')) {
        i++;
    }
    return i;
}

static enum cs_err parse(struct cs_kek *out, const char *hex, const char *name,
                         struct cs_why *why)
{
    size_t len = hex == NULL ? 0 : strlen(hex);
    size_t bad = hex == NULL ? 0 : first_non_hex(hex);

    if (len == 0) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "%s: no encryption key; it must be 64 hex digits (32 bytes), " HOW_TO,
            name);
    }
    if (bad != len) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "%s: character %zu is not a hex digit; the key must be 64 hex digits "
            "without quotes, spaces or 0x, " HOW_TO,
            name, bad + 1);
    }
    if (len != 64) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "%s: has %zu hex digits, must have exactly 64 (32 bytes), " HOW_TO, name,
            len);
    }
    CS_CHECK(cs_unhex(out->key, sizeof out->key, hex));
    if (is_one_byte_repeated(out->key)) {
        return cs_why(why, CS_ERR_CONFIG,
                      "%s: is one byte repeated, which is no random key; " HOW_TO,
                      name);
    }
    if (is_example(out->key)) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "%s: is an example key printed in the guide, known to everybody; " HOW_TO,
            name);
    }
    return CS_OK;
}

enum cs_err cs_kek_parse(struct cs_kek *out, const char *hex, const char *name,
                         struct cs_why *why)
{
    enum cs_err err;

    cs_wipe(out, sizeof *out);
    err = parse(out, hex, name, why);
    if (err != CS_OK) {
        cs_wipe(out, sizeof *out);
    }
    return err;
}

void cs_kek_wipe(struct cs_kek *k)
{
    cs_wipe(k, sizeof *k);
}
