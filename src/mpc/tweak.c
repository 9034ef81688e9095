/* See tweak.h; BIP 445 "ApplyTweak". */
#include "mpc/tweak.h"

#include <string.h>

#include "crypto/taproot.h"

#define K1 CS_CURVE_SECP256K1

enum { SER_P = 33, ODD = 3 };

enum cs_err cs_tweak_init(struct cs_tweak *t, const struct cs_point *X)
{
    if (X->curve != K1 || X->inf) {
        return CS_ERR_USAGE;
    }
    *t = (struct cs_tweak){.Q = *X};
    cs_scalar_from_u32(K1, &t->gacc, 1);
    return CS_OK;
}

static void encode(uint8_t out[CS_POINT_MAX], const struct cs_tweak *t)
{
    CS_ASSERT(cs_point_encode(&t->Q, out) == SER_P);
}

void cs_tweak_x(uint8_t out[32], const struct cs_tweak *t)
{
    uint8_t buf[CS_POINT_MAX];

    encode(buf, t);
    memcpy(out, buf + 1, 32);
}

bool cs_tweak_odd(const struct cs_tweak *t)
{
    uint8_t buf[CS_POINT_MAX];

    encode(buf, t);
    return buf[0] == ODD;
}

static void negate_all(struct cs_tweak *t)
{
    struct cs_point zero;

    cs_point_identity(K1, &zero);
    cs_point_sub(&t->Q, &zero, &t->Q);
    cs_scalar_negate(K1, &t->gacc, &t->gacc);
    cs_scalar_negate(K1, &t->tacc, &t->tacc);
}

/* 0..q-1: unlike a scalar from a peer, a tweak may be zero (PROTOCOLS 1.2). */
static enum cs_err decode(struct cs_scalar *out, const uint8_t tau[32])
{
    cs_scalar_zero(out);
    if (memcmp(out->b, tau, 32) == 0) { /* public */
        return CS_OK;
    }
    return cs_scalar_decode(K1, out, tau) == CS_OK ? CS_OK : CS_ERR_TWEAK_RANGE;
}

enum cs_err cs_tweak_apply(struct cs_tweak *t, const uint8_t tau[32], bool x_only)
{
    struct cs_tweak next = *t;
    struct cs_scalar s;
    struct cs_point s_g; /* sG */

    CS_CHECK(decode(&s, tau));
    if (x_only && cs_tweak_odd(t)) { /* g = -1 */
        negate_all(&next);
    }
    cs_point_base_mul(K1, &s_g, &s);
    cs_point_add(&next.Q, &next.Q, &s_g);
    if (next.Q.inf) {
        return CS_ERR_TWEAK_IDENTITY;
    }
    cs_scalar_add(K1, &next.tacc, &next.tacc, &s);
    *t = next;
    return CS_OK;
}

static bool untouched(const struct cs_tweak *t)
{
    struct cs_scalar one;

    cs_scalar_from_u32(K1, &one, 1);
    return cs_scalar_is_zero(&t->tacc) && cs_scalar_equal(&t->gacc, &one);
}

enum cs_err cs_tweak_path(struct cs_tweak *t,
                          const uint8_t chain_code[CS_CHAIN_CODE_LEN],
                          const uint32_t *path, size_t n)
{
    struct cs_bip32 child;

    if (!untouched(t)) {
        return CS_ERR_STATE;
    }
    CS_CHECK(cs_bip32_derive(&child, &t->Q, chain_code, path, n));
    t->Q = child.X; /* = Q + epsilon G, with g = 1 */
    t->tacc = child.epsilon;
    return CS_OK;
}

enum cs_err cs_tweak_taproot(struct cs_tweak *t, const uint8_t *merkle_root)
{
    uint8_t in[64], tau[32];
    size_t n = 32;

    cs_tweak_x(in, t);
    if (merkle_root != NULL) {
        memcpy(in + 32, merkle_root, 32);
        n = sizeof in;
    }
    cs_tagged_hash(tau, "TapTweak", CS_SPAN(in, n));
    return cs_tweak_apply(t, tau, true);
}

enum cs_err cs_tweak_wallet(struct cs_tweak *t, const struct cs_point *X,
                            const uint8_t chain_code[CS_CHAIN_CODE_LEN],
                            const uint32_t *path, size_t n)
{
    struct cs_tweak w;

    CS_CHECK(cs_tweak_init(&w, X));
    CS_CHECK(cs_tweak_path(&w, chain_code, path, n));
    CS_CHECK(cs_tweak_taproot(&w, NULL));
    *t = w;
    return CS_OK;
}
