/* Base58 by repeated division; sizes are tiny, so quadratic time is fine.  Addresses
 * are public: nothing here is constant time. */
#include "chain/base58.h"

#include <string.h>

#include "crypto/hash.h"

enum { CHECKSUM_LEN = 4 };

static const char alphabets[2][59] = {
    [CS_BASE58_BITCOIN] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
    [CS_BASE58_XRP] = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz",
};

void cs_base58(char out[CS_BASE58_TEXT_MAX], enum cs_base58 alphabet, struct cs_span in)
{
    const char *digits = alphabets[alphabet];
    uint8_t num[CS_BASE58_TEXT_MAX] = {0}; /* base 58, least significant first */
    size_t n_digits = 0;
    size_t zeros = 0;
    size_t k = 0;

    CS_ASSERT(in.n <= CS_BASE58_BYTES_MAX);
    while (zeros < in.n && in.p[zeros] == 0) {
        zeros++;
    }
    for (size_t i = zeros; i < in.n; i++) {
        uint32_t carry = in.p[i];

        for (size_t j = 0; j < n_digits || carry != 0; j++) {
            carry += (uint32_t)num[j] * 256;
            num[j] = (uint8_t)(carry % 58);
            carry /= 58;
            n_digits = j + 1 > n_digits ? j + 1 : n_digits;
        }
    }
    for (size_t i = 0; i < zeros; i++) {
        out[k++] = digits[0];
    }
    for (size_t i = n_digits; i > 0; i--) {
        out[k++] = digits[num[i - 1]];
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
