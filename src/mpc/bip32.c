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

static enum cs_err step(struct cs_bip32 *at, uint32_t index)
{
    uint8_t I[I_LEN];
    struct cs_scalar left;
    struct cs_point t;

    hash_step(I, at, index);
    if (cs_scalar_decode(K1, &left, I) != CS_OK) {
        return CS_ERR_PATH_CHILD;
    }
    cs_point_base_mul(K1, &t, &left);
    cs_point_add(&at->X, &at->X, &t);
    if (at->X.inf) {
        return CS_ERR_PATH_CHILD;
    }
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
        CS_CHECK(step(&at, path[i]));
    }
    *out = at;
    return CS_OK;
}
