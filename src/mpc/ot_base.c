/* See ot_base.h.  Products are made of half a scalar, so that many are encoded at once
 * (crypto/ristretto.h).  Where one is the identity is collected and looked at once. */
#include "mpc/ot_base.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/oracle.h"
#include "crypto/ristretto.h"
#include "crypto/secp_n.h"

enum {
    WIDE = CS_RISTRETTO_WIDE,
    ROLE_ALICE = 1,
    ROLE_BOB = 2,
    ELEMENTS = 2 * CS_OT_ROWS,
    BOB_ROWS = CS_RISTRETTO_BATCH / 4, /* of two m and two products each */
    ALICE_ROWS = CS_RISTRETTO_BATCH,
};

_Static_assert((int)CS_OT_ELEMENT == (int)CS_RISTRETTO_LEN, "elements");
_Static_assert(CS_OT_ROWS % BOB_ROWS == 0 && CS_OT_ROWS % ALICE_ROWS == 0, "batches");

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

/* H(i, d, r) for a secret d: both are hashed, one is mapped, which costs 8 us. */
static void hash_secret(struct cs_ristretto *out, const uint8_t osid[32], size_t row,
                        unsigned d, const uint8_t r[32])
{
    uint8_t wide[2][WIDE];

    hash_wide(wide[0], osid, row, 0, r);
    hash_wide(wide[1], osid, row, 1, r);
    choose(wide[0], wide[0], wide[1], WIDE, d);
    cs_ristretto_from_hash(out, wide[0]);
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

/* Whether one of the 256 is the identity, which is 32 zero bytes and decodes. */
static bool has_identity(const uint8_t *msg)
{
    bool found = false;

    for (size_t i = 0; i < ELEMENTS; i++) {
        found |= cs_ct_is_zero(msg + i * CS_OT_ELEMENT, CS_OT_ELEMENT);
    }
    return found;
}

/* All 256: a valid encoding, and not the identity. */
static bool decode_all(struct cs_ristretto point[ELEMENTS], const uint8_t *msg)
{
    for (size_t i = 0; i < ELEMENTS; i++) {
        if (!cs_ristretto_decode(&point[i], msg + i * CS_OT_ELEMENT)) {
            return false;
        }
    }
    return !has_identity(msg);
}

/* One row of 4.2.1: rho is a random *element*; random bytes would tell Delta_i.  True
 * when t is zero. */
static bool request_row(struct cs_ot_base *a, size_t i, const uint8_t wide_t[WIDE],
                        const uint8_t wide_rho[WIDE])
{
    uint8_t *r0 = a->r + (2 * i) * CS_OT_ELEMENT, *r1 = r0 + CS_OT_ELEMENT;
    unsigned d = bit_of(a->delta, i);
    struct {
        struct cs_ristretto p, h;
        uint8_t rho[32], y[32];
    } s;

    crypto_core_ristretto255_scalar_reduce(a->t[i], wide_t);
    cs_ristretto_from_hash(&s.p, wide_rho);
    cs_ristretto_encode(s.rho, &s.p);
    hash_secret(&s.h, a->osid, i, d, s.rho);
    cs_ristretto_mul_base(&s.p, a->t[i]);
    cs_ristretto_sub(&s.p, &s.p, &s.h);
    cs_ristretto_encode(s.y, &s.p);
    choose(r0, s.y, s.rho, 32, d);
    choose(r1, s.rho, s.y, 32, d);
    cs_wipe(&s, sizeof s);
    return cs_ct_is_zero(a->t[i], sizeof a->t[i]);
}

enum cs_err cs_ot_base_request(struct cs_ot_base *alice, const uint8_t osid[32],
                               const uint8_t rand32[32], const uint8_t local32[32])
{
    uint8_t t[CS_OT_ROWS][WIDE], rho[CS_OT_ROWS][WIDE];
    bool bad = false;

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
    cs_ristretto_scrub();
    if (bad) {
        cs_wipe(alice, sizeof *alice);
        return CS_ERR_ZERO_OR_RANGE;
    }
    return CS_OK;
}

/* M_c = r_c + H(i, c, r_{1-c}), in place of r_c.  All of it is public. */
static void add_hash(struct cs_ristretto *point, const uint8_t osid[32], size_t i,
                     uint8_t c, const uint8_t *r)
{
    struct cs_ristretto h;
    uint8_t wide[WIDE];

    hash_wide(wide, osid, i, c, element(r, i, 1u - c));
    cs_ristretto_from_hash(&h, wide);
    cs_ristretto_add(point, point, &h);
}

/* Rows first.. of 4.2.2: m_c = tau B, product = tau M_c, keys.  point: M_c, from row
 * first on, as tau.  Not zero when an m or a product is the identity. */
static uint64_t answer_rows(struct cs_ot_bob_keys *keys, uint8_t m[CS_OT_S_LEN],
                            const uint8_t osid[32], const uint8_t r[CS_OT_R_LEN],
                            size_t first, const struct cs_ristretto *point,
                            const uint8_t (*tau)[WIDE])
{
    struct {
        struct cs_ristretto m[BOB_ROWS][2], product[BOB_ROWS][2];
    } p;
    uint8_t code[CS_RISTRETTO_BATCH][32], half[32],
        (*product)[32] = code + 2 * BOB_ROWS;
    uint64_t bad;

    for (size_t k = 0; k < (size_t)2 * BOB_ROWS; k++) {
        crypto_core_ristretto255_scalar_reduce(half, tau[k]);
        cs_ristretto_half(half, half);
        cs_ristretto_mul_base(&p.m[k / 2][k % 2], half);
        cs_ristretto_mul(&p.product[k / 2][k % 2], half, &point[k]);
    }
    bad = cs_ristretto_encode_doubles(code, &p.m[0][0], CS_RISTRETTO_BATCH);
    memcpy(m + 2 * first * CS_OT_ELEMENT, code, (size_t)2 * BOB_ROWS * CS_OT_ELEMENT);
    for (size_t k = 0; k < (size_t)2 * BOB_ROWS; k++) {
        make_key(keys->k[k % 2][first + k / 2], osid, first + k / 2, k % 2, r, m,
                 product[k]);
    }
    cs_wipe(&p, sizeof p);
    cs_wipe(code, sizeof code);
    cs_wipe(half, sizeof half);
    return bad;
}

enum cs_err cs_ot_base_answer(struct cs_ot_bob_keys *keys, uint8_t m[CS_OT_S_LEN],
                              const uint8_t osid[32], const uint8_t r[CS_OT_R_LEN],
                              const uint8_t rand32[32], const uint8_t local32[32])
{
    struct cs_ristretto point[ELEMENTS];
    uint8_t tau[ELEMENTS][WIDE];
    uint64_t bad = 0;

    memset(keys, 0, sizeof *keys);
    memset(m, 0, CS_OT_S_LEN);
    if (!decode_all(point, r)) { /* before a secret is drawn */
        return CS_ERR_BAD_POINT;
    }
    for (size_t k = 0; k < ELEMENTS; k++) {
        add_hash(&point[k], osid, k / 2, k % 2, r);
    }
    cs_hedged_stream(tau[0], sizeof tau, CS_TAG_HEDGE_OT_TAU, rand32, local32, osid,
                     ROLE_BOB);
    for (size_t i = 0; i < CS_OT_ROWS; i += BOB_ROWS) {
        bad |= answer_rows(keys, m, osid, r, i, &point[2 * i],
                           (const uint8_t(*)[WIDE])tau[2 * i]);
    }
    cs_wipe(tau, sizeof tau);
    cs_ristretto_scrub();
    if (!cs_ct_is_zero(&bad, sizeof bad)) {
        cs_wipe(keys, sizeof *keys);
        memset(m, 0, CS_OT_S_LEN);
        return CS_ERR_ZERO_OR_RANGE;
    }
    return CS_OK;
}

/* Rows first.. of 4.2.3.  Not zero when a product is the identity. */
static uint64_t finish_rows(struct cs_ot_alice_keys *keys, const struct cs_ot_base *a,
                            const uint8_t m[CS_OT_S_LEN], size_t first,
                            const struct cs_ristretto *point)
{
    struct cs_ristretto product[ALICE_ROWS];
    uint8_t code[ALICE_ROWS][32], half[32];
    uint64_t bad;

    for (size_t k = 0; k < ALICE_ROWS; k++) {
        cs_ristretto_choose(&product[k], &point[2 * k], &point[2 * k + 1],
                            bit_of(a->delta, first + k));
        cs_ristretto_half(half, a->t[first + k]);
        cs_ristretto_mul(&product[k], half, &product[k]);
    }
    bad = cs_ristretto_encode_doubles(code, product, ALICE_ROWS);
    for (size_t k = 0; k < ALICE_ROWS; k++) {
        make_key(keys->k[first + k], a->osid, first + k, bit_of(a->delta, first + k),
                 a->r, m, code[k]);
    }
    cs_wipe(product, sizeof product);
    cs_wipe(code, sizeof code);
    cs_wipe(half, sizeof half);
    return bad;
}

enum cs_err cs_ot_base_finish(struct cs_ot_alice_keys *keys, struct cs_ot_base *alice,
                              const uint8_t m[CS_OT_S_LEN])
{
    struct cs_ristretto point[ELEMENTS];
    enum cs_err err = CS_ERR_BAD_POINT;
    uint64_t bad = 0;

    memset(keys, 0, sizeof *keys);
    if (!decode_all(point, m)) { /* D2: all of them first, whatever Delta is */
        goto out;
    }
    for (size_t i = 0; i < CS_OT_ROWS; i += ALICE_ROWS) {
        bad |= finish_rows(keys, alice, m, i, &point[2 * i]);
    }
    memcpy(keys->delta, alice->delta, sizeof keys->delta);
    err = cs_ct_is_zero(&bad, sizeof bad) ? CS_OK : CS_ERR_ZERO_OR_RANGE;
    if (err != CS_OK) {
        cs_wipe(keys, sizeof *keys);
    }
out:
    cs_wipe(alice, sizeof *alice);
    cs_ristretto_scrub();
    return err;
}
