/* See ot_base.h.  libsodium returns an error where a result is the identity; those
 * flags are collected and looked at once. */
#include "mpc/ot_base.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/oracle.h"
#include "crypto/secp_n.h"

enum { WIDE = 64, ROLE_ALICE = 1, ROLE_BOB = 2 };

_Static_assert(CS_OT_ELEMENT == crypto_core_ristretto255_BYTES, "elements");

static unsigned bit_of(const uint8_t *p, size_t i)
{
    return (unsigned)(p[i >> 3] >> (i & 7)) & 1;
}

static const uint8_t *element(const uint8_t *msg, size_t row, size_t c)
{
    return msg + (2 * row + c) * CS_OT_ELEMENT;
}

/* out = bit ? b : a, n bytes. */
static void choose(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t n,
                   unsigned bit)
{
    uint8_t mask = (uint8_t)cs_n_mask(bit);

    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)(a[i] ^ ((a[i] ^ b[i]) & mask));
    }
}

/* What H(i, b, r) maps to the group. */
static void hash_wide(uint8_t wide[WIDE], const uint8_t osid[32], size_t row, uint8_t b,
                      const uint8_t r[32])
{
    const uint8_t i[2] = {(uint8_t)(row >> 8), (uint8_t)row};
    const struct cs_span x[] = {CS_SPAN(osid, 32), CS_SPAN_OF(i), CS_SPAN(&b, 1),
                                CS_SPAN(r, 32)};

    cs_th64(wide, CS_TAG_OT_H, x, CS_COUNTOF(x));
}

/* H(i, d, r) for a secret d: both are hashed, one is mapped, which costs 15 us. */
static void hash_secret(uint8_t out[32], const uint8_t osid[32], size_t row, unsigned d,
                        const uint8_t r[32])
{
    uint8_t wide[2][WIDE];

    hash_wide(wide[0], osid, row, 0, r);
    hash_wide(wide[1], osid, row, 1, r);
    choose(wide[0], wide[0], wide[1], WIDE, d);
    (void)crypto_core_ristretto255_from_hash(out, wide[0]); /* always 0 */
    cs_wipe(wide, sizeof wide);
}

/* K = TH("ot/key"; osid, i, c, r_0, r_1, m_0, m_1, product) */
static void make_key(uint8_t key[32], const uint8_t osid[32], size_t row, unsigned c,
                     const uint8_t *r, const uint8_t *m, const uint8_t product[32])
{
    const uint8_t i[2] = {(uint8_t)(row >> 8), (uint8_t)row}, choice = (uint8_t)c;
    const struct cs_span x[] = {
        CS_SPAN(osid, 32),
        CS_SPAN_OF(i),
        CS_SPAN(&choice, 1),
        CS_SPAN(element(r, row, 0), 32),
        CS_SPAN(element(r, row, 1), 32),
        CS_SPAN(element(m, row, 0), 32),
        CS_SPAN(element(m, row, 1), 32),
        CS_SPAN(product, 32),
    };

    cs_th(key, CS_TAG_OT_KEY, x, CS_COUNTOF(x));
}

/* Whether one of the 256 is the identity, which is 32 zero bytes: libsodium's checks
 * let it pass. */
static bool has_identity(const uint8_t *msg)
{
    bool found = false;

    for (size_t i = 0; i < (size_t)2 * CS_OT_ROWS; i++) {
        found |= cs_ct_is_zero(msg + i * CS_OT_ELEMENT, CS_OT_ELEMENT);
    }
    return found;
}

/* All 256: a valid encoding, and not the identity. */
static bool elements_ok(const uint8_t *msg)
{
    for (size_t i = 0; i < (size_t)2 * CS_OT_ROWS; i++) {
        if (crypto_core_ristretto255_is_valid_point(msg + i * CS_OT_ELEMENT) != 1) {
            return false;
        }
    }
    return !has_identity(msg);
}

/* One row of 4.2.1: rho is a random *element*; random bytes would tell Delta_i. */
static unsigned request_row(struct cs_ot_base *a, size_t i, const uint8_t wide_t[WIDE],
                            const uint8_t wide_rho[WIDE])
{
    unsigned d = bit_of(a->delta, i), bad;
    uint8_t rho[32], h[32], y[32];
    uint8_t *r0 = a->r + (2 * i) * CS_OT_ELEMENT, *r1 = r0 + CS_OT_ELEMENT;

    crypto_core_ristretto255_scalar_reduce(a->t[i], wide_t);
    (void)crypto_core_ristretto255_from_hash(rho, wide_rho);
    hash_secret(h, a->osid, i, d, rho);
    bad = (unsigned)crypto_scalarmult_ristretto255_base(y, a->t[i]);
    bad |= (unsigned)crypto_core_ristretto255_sub(y, y, h);
    choose(r0, y, rho, 32, d);
    choose(r1, rho, y, 32, d);
    cs_wipe(rho, sizeof rho);
    cs_wipe(h, sizeof h);
    cs_wipe(y, sizeof y);
    return bad;
}

enum cs_err cs_ot_base_request(struct cs_ot_base *alice, const uint8_t osid[32],
                               const uint8_t rand32[32], const uint8_t local32[32])
{
    uint8_t t[CS_OT_ROWS][WIDE], rho[CS_OT_ROWS][WIDE];
    unsigned bad = 0;

    memcpy(alice->osid, osid, 32);
    cs_hedged_stream(alice->delta, sizeof alice->delta, CS_TAG_HEDGE_OT_DELTA, rand32,
                     local32, osid, ROLE_ALICE);
    cs_hedged_stream(t[0], sizeof t, CS_TAG_HEDGE_OT_T, rand32, local32, osid,
                     ROLE_ALICE);
    cs_hedged_stream(rho[0], sizeof rho, CS_TAG_HEDGE_OT_RHO, rand32, local32, osid,
                     ROLE_ALICE);
    for (size_t i = 0; i < CS_OT_ROWS; i++) {
        bad |= request_row(alice, i, t[i], rho[i]);
    }
    cs_wipe(t, sizeof t);
    cs_wipe(rho, sizeof rho);
    if (bad != 0) {
        cs_wipe(alice, sizeof *alice);
        return CS_ERR_ZERO_OR_RANGE;
    }
    return CS_OK;
}

/* M_c = r_c + H(i, c, r_{1-c}).  False when r_c is not a valid encoding: adding decodes
 * it, so that it is not decoded once more only to look at it.  All of it is public. */
static bool answer_point(uint8_t point[32], const uint8_t osid[32], size_t i, uint8_t c,
                         const uint8_t *r)
{
    uint8_t wide[WIDE];

    hash_wide(wide, osid, i, c, element(r, i, 1u - c));
    (void)crypto_core_ristretto255_from_hash(point, wide); /* always 0 */
    return crypto_core_ristretto255_add(point, element(r, i, c), point) == 0;
}

/* m_c = tau B; product = tau M_c. */
static unsigned answer_product(uint8_t product[32], uint8_t m[32],
                               const uint8_t point[32], const uint8_t wide[WIDE])
{
    uint8_t tau[32];
    unsigned bad;

    crypto_core_ristretto255_scalar_reduce(tau, wide);
    bad = (unsigned)crypto_scalarmult_ristretto255_base(m, tau);
    bad |= (unsigned)crypto_scalarmult_ristretto255(product, tau, point);
    cs_wipe(tau, sizeof tau);
    return bad;
}

/* Every M_c, before a secret is drawn. */
static bool answer_points(uint8_t point[CS_OT_ROWS][2][32], const uint8_t osid[32],
                          const uint8_t *r)
{
    bool ok = true;

    for (size_t i = 0; i < CS_OT_ROWS && ok; i++) {
        ok = answer_point(point[i][0], osid, i, 0, r) &&
             answer_point(point[i][1], osid, i, 1, r);
    }
    return ok;
}

enum cs_err cs_ot_base_answer(struct cs_ot_bob_keys *keys, uint8_t m[CS_OT_S_LEN],
                              const uint8_t osid[32], const uint8_t r[CS_OT_R_LEN],
                              const uint8_t rand32[32], const uint8_t local32[32])
{
    uint8_t tau[CS_OT_ROWS][2][WIDE], point[CS_OT_ROWS][2][32], product[2][32];
    unsigned bad = 0;

    memset(keys, 0, sizeof *keys);
    memset(m, 0, CS_OT_S_LEN);
    if (has_identity(r) || !answer_points(point, osid, r)) {
        return CS_ERR_BAD_POINT;
    }
    cs_hedged_stream(tau[0][0], sizeof tau, CS_TAG_HEDGE_OT_TAU, rand32, local32, osid,
                     ROLE_BOB);
    for (size_t i = 0; i < CS_OT_ROWS; i++) {
        for (uint8_t c = 0; c < 2; c++) {
            bad |= answer_product(product[c], m + (2 * i + c) * CS_OT_ELEMENT,
                                  point[i][c], tau[i][c]);
        }
        for (uint8_t c = 0; c < 2; c++) {
            make_key(keys->k[c][i], osid, i, c, r, m, product[c]);
        }
    }
    cs_wipe(tau, sizeof tau);
    cs_wipe(product, sizeof product);
    if (bad != 0) {
        cs_wipe(keys, sizeof *keys);
        memset(m, 0, CS_OT_S_LEN);
        return CS_ERR_ZERO_OR_RANGE;
    }
    return CS_OK;
}

enum cs_err cs_ot_base_finish(struct cs_ot_alice_keys *keys, struct cs_ot_base *alice,
                              const uint8_t m[CS_OT_S_LEN])
{
    uint8_t chosen[32], product[32];
    enum cs_err err = CS_ERR_BAD_POINT;
    unsigned bad = 0;

    memset(keys, 0, sizeof *keys);
    if (!elements_ok(m)) { /* D2: all of them first, whatever Delta is */
        goto out;
    }
    for (size_t i = 0; i < CS_OT_ROWS; i++) {
        unsigned d = bit_of(alice->delta, i);

        choose(chosen, element(m, i, 0), element(m, i, 1), CS_OT_ELEMENT, d);
        bad |= (unsigned)crypto_scalarmult_ristretto255(product, alice->t[i], chosen);
        make_key(keys->k[i], alice->osid, i, d, alice->r, m, product);
    }
    memcpy(keys->delta, alice->delta, sizeof keys->delta);
    err = bad == 0 ? CS_OK : CS_ERR_ZERO_OR_RANGE;
    if (err != CS_OK) {
        cs_wipe(keys, sizeof *keys);
    }
out:
    cs_wipe(chosen, sizeof chosen);
    cs_wipe(product, sizeof product);
    cs_wipe(alice, sizeof *alice);
    return err;
}
