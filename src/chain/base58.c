/* Base58 by repeated division, five digits at once: lists show many.  Addresses
 * are public: nothing here is constant time. */
#include "chain/base58.h"

#include <string.h>

#include "crypto/hash.h"

enum {
    CHECKSUM_LEN = 4,
    LIMB = 656356768, /* 58^5 */
    LIMB_DIGITS = 5,
    LIMBS = (CS_BASE58_TEXT_MAX + LIMB_DIGITS - 1) / LIMB_DIGITS,
};

static const char alphabets[2][59] = {
    [CS_BASE58_BITCOIN] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    [CS_BASE58_XRP] = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz",
};

/* in in base 58^5, least significant first, without leading zeros; how many. */
static size_t to_limbs(uint32_t limbs[LIMBS], struct cs_span in)
{
    size_t n = 0;

    for (size_t i = 0; i < in.n;) {
        size_t bytes = (in.n - i) % 4 == 0 ? 4 : (in.n - i) % 4; /* then whole ones */
        uint64_t carry = 0;

        for (size_t k = 0; k < bytes; k++) {
            carry = carry << 8 | in.p[i++];
        }
        for (size_t j = 0; j < n; j++) { /* below 2^62 + 2^34 */
            carry += (uint64_t)limbs[j] << (8 * bytes);
            limbs[j] = (uint32_t)(carry % LIMB);
            carry /= LIMB;
        }
        for (; carry != 0; carry /= LIMB) {
            limbs[n++] = (uint32_t)(carry % LIMB);
        }
    }
    return n;
}

void cs_base58(char out[CS_BASE58_TEXT_MAX], enum cs_base58 alphabet, struct cs_span in)
{
    const char *digits = alphabets[alphabet];
    char text[LIMBS * LIMB_DIGITS]; /* least significant first */
    uint32_t limbs[LIMBS];
    size_t zeros = 0, k = 0, n, n_text = 0;

    CS_ASSERT(in.n <= CS_BASE58_BYTES_MAX);
    while (zeros < in.n && in.p[zeros] == 0) {
        out[k++] = digits[0];
        zeros++;
    }
    n = in.n == zeros ? 0 : to_limbs(limbs, CS_SPAN(in.p + zeros, in.n - zeros));
    for (size_t i = 0; i < n; i++) {
        for (int d = 0; d < LIMB_DIGITS && (i + 1 < n || limbs[i] != 0); d++) {
            text[n_text++] = digits[limbs[i] % 58];
            limbs[i] /= 58;
        }
    }
    while (n_text > 0) {
        out[k++] = text[--n_text];
    }
    out[k] = '\0';
}

/* out = out * 58 + digit; false when it does not fit into n bytes. */
static bool push_digit(uint8_t *out, size_t n, uint32_t digit)
{
    uint32_t carry = digit;

    for (size_t i = n; i > 0; i--) {
        carry += (uint32_t)out[i - 1] * 58;
        out[i - 1] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry == 0;
}

static bool decode(uint8_t *out, size_t n, const char *digits, const char *text)
{
    size_t len = strnlen(text, CS_BASE58_TEXT_MAX);
    size_t zeros = 0;
    size_t leading = 0;

    if (len == 0 || len == CS_BASE58_TEXT_MAX) {
        return false;
    }
    while (text[leading] == digits[0]) {
        leading++;
    }
    for (size_t i = 0; i < len; i++) {
        const char *at = strchr(digits, text[i]);

        if (at == NULL || !push_digit(out, n, (uint32_t)(at - digits))) {
            return false;
        }
    }
    while (zeros < n && out[zeros] == 0) {
        zeros++;
    }
    return zeros == leading; /* else the text stands for another number of bytes */
}

enum cs_err cs_unbase58(uint8_t *out, size_t n, enum cs_base58 alphabet,
                        const char *text)
{
    CS_ASSERT(n > 0 && n <= CS_BASE58_BYTES_MAX);
    memset(out, 0, n);
    if (!decode(out, n, alphabets[alphabet], text)) {
        memset(out, 0, n);
        return CS_ERR_BAD_TEXT;
    }
    return CS_OK;
}

static void checksum(uint8_t out[32], struct cs_span in)
{
    uint8_t once[32];

    cs_sha256(once, in);
    cs_sha256(out, CS_SPAN_OF(once));
}

void cs_base58check(char out[CS_BASE58_TEXT_MAX], enum cs_base58 alphabet,
                    struct cs_span in)
{
    uint8_t buf[CS_BASE58_BYTES_MAX];
    uint8_t sum[32];

    CS_ASSERT(in.n <= sizeof buf - CHECKSUM_LEN);
    checksum(sum, in);
    memcpy(buf, in.p, in.n);
    memcpy(buf + in.n, sum, CHECKSUM_LEN);
    cs_base58(out, alphabet, CS_SPAN(buf, in.n + CHECKSUM_LEN));
}

enum cs_err cs_unbase58check(uint8_t *out, size_t n, enum cs_base58 alphabet,
                             const char *text)
{
    uint8_t buf[CS_BASE58_BYTES_MAX];
    uint8_t sum[32];

    CS_ASSERT(n > 0 && n <= sizeof buf - CHECKSUM_LEN);
    memset(out, 0, n);
    CS_CHECK(cs_unbase58(buf, n + CHECKSUM_LEN, alphabet, text));
    checksum(sum, CS_SPAN(buf, n));
    if (memcmp(sum, buf + n, CHECKSUM_LEN) != 0) {
        return CS_ERR_BAD_TEXT;
    }
    memcpy(out, buf, n);
    return CS_OK;
}
