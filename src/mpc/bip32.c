/* See bip32.h; BIP32 "Public parent key -> public child key", PROTOCOLS 9.1. */
#include "mpc/bip32.h"

#include <string.h>

#include <sodium.h>

#define K1 CS_CURVE_SECP256K1

enum { SER_P = 33, I_LEN = 64 };

_Static_assert(crypto_auth_hmacsha512_BYTES == I_LEN, "I is 64 bytes");

enum cs_err cs_bip32_path_check(const uint32_t *path, size_t n)
{
    size_t i;

    if (n > CS_PATH_MAX) {
        return CS_ERR_PATH_DEPTH;
    }
    for (i = 0; i < n; i++) {
        if (path[i] >= CS_BIP32_HARDENED) {
            return CS_ERR_PATH_HARDENED;
        }
    }
    return CS_OK;
}

/* One index up to "/" or the end; moves *text behind it. */
static enum cs_err parse_step(uint32_t *out, const char **text)
{
    const char *p = *text;
    uint64_t v = 0;
    size_t digits = 0;

    for (; *p >= '0' && *p <= '9' && digits <= 10; p++, digits++) {
        v = v * 10 + (uint64_t)(*p - '0');
    }
    if (digits == 0 || digits > 10 || (digits > 1 && **text == '0') || v > UINT32_MAX) {
        return CS_ERR_BAD_FORMAT;
    }
    if (v >= CS_BIP32_HARDENED || *p == '\'' || *p == 'h') {
        return CS_ERR_PATH_HARDENED;
    }
    *out = (uint32_t)v;
    *text = p;
    return CS_OK;
}

enum cs_err cs_path_parse(uint32_t out[CS_PATH_MAX], uint8_t *n, const char *text)
{
    uint32_t path[CS_PATH_MAX] = {0};
    const char *p = text;
    uint8_t count = 0;

    while (*p != 0) {
        if (count == CS_PATH_MAX) {
            return CS_ERR_PATH_DEPTH;
        }
        if (count > 0 && *p++ != '/') {
            return CS_ERR_BAD_FORMAT;
        }
        CS_CHECK(parse_step(&path[count], &p));
        count++;
    }
    memcpy(out, path, sizeof path);
    *n = count;
    return CS_OK;
}

void cs_path_text(char out[CS_PATH_TEXT_MAX], const uint32_t *path, size_t n)
{
    size_t i, k, at = 0;

    CS_ASSERT(n <= CS_PATH_MAX);
    for (i = 0; i < n; i++) {
        char digits[10];
        uint32_t v = path[i];

        CS_ASSERT(v < CS_BIP32_HARDENED);
        for (k = 0; k == 0 || v != 0; v /= 10) {
            digits[k++] = (char)('0' + v % 10);
        }
        if (i > 0) {
            out[at++] = '/';
        }
        while (k > 0) {
            out[at++] = digits[--k];
        }
    }
    out[at] = 0;
}

/* I = HMAC-SHA512(chain; serP(K) | u32be(index)) */
static void hash_step(uint8_t I[I_LEN], const struct cs_bip32 *at, uint32_t index)
{
    crypto_auth_hmacsha512_state st;
    uint8_t key[CS_POINT_MAX];
    uint8_t be[4] = {(uint8_t)(index >> 24), (uint8_t)(index >> 16),
                     (uint8_t)(index >> 8), (uint8_t)index};

    CS_ASSERT(cs_point_encode(&at->X, key) == SER_P);
    (void)crypto_auth_hmacsha512_init(&st, at->chain_code, sizeof at->chain_code);
    (void)crypto_auth_hmacsha512_update(&st, key, SER_P);
    (void)crypto_auth_hmacsha512_update(&st, be, sizeof be);
    (void)crypto_auth_hmacsha512_final(&st, I);
}

enum cs_err cs_bip32_step(struct cs_bip32 *at, const uint8_t I[I_LEN])
{
    struct cs_scalar left;
    struct cs_point t, child;

    if (cs_scalar_decode(K1, &left, I) != CS_OK) {
        return CS_ERR_PATH_CHILD;
    }
    cs_point_base_mul(K1, &t, &left);
    cs_point_add(&child, &at->X, &t);
    if (child.inf) {
        return CS_ERR_PATH_CHILD;
    }
    at->X = child;
    cs_scalar_add(K1, &at->epsilon, &at->epsilon, &left);
    memcpy(at->chain_code, I + 32, sizeof at->chain_code);
    return CS_OK;
}

enum cs_err cs_bip32_derive(struct cs_bip32 *out, const struct cs_point *X,
                            const uint8_t chain_code[CS_CHAIN_CODE_LEN],
                            const uint32_t *path, size_t n)
{
    struct cs_bip32 at = {.X = *X};
    size_t i;

    if (X->curve != K1 || X->inf) {
        return CS_ERR_USAGE;
    }
    CS_CHECK(cs_bip32_path_check(path, n));
    memcpy(at.chain_code, chain_code, sizeof at.chain_code);
    for (i = 0; i < n; i++) {
        uint8_t I[I_LEN];

        hash_step(I, &at, path[i]);
        CS_CHECK(cs_bip32_step(&at, I));
    }
    *out = at;
    return CS_OK;
}
