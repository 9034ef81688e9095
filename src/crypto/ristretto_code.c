/* Encodings of ristretto255 (RFC 9496, 4.3.1 and 4.3.2), whose names are kept. */
#include "base/mem.h"
#include "crypto/ristretto_field.h"

static const struct cs_fe invsqrt_a_minus_d = {{0x0fdaa805d40ea, 0x2eb482e57d339,
                                                0x007610274bc58, 0x6510b613dc8ff,
                                                0x786c8905cfaff}};

/* x, y and t from s; all ones when there is such an element. */
static uint64_t decode_point(struct cs_ristretto *out, const struct cs_fe *s)
{
    struct cs_fe ss, u1, u2, u2_sqr, v, invsqrt, den_x, den_y;
    uint64_t was_square;

    fe_square(&ss, s);
    fe_sub(&u1, &cs_fe_one, &ss);
    fe_add(&u2, &cs_fe_one, &ss);
    fe_square(&u2_sqr, &u2);
    fe_square(&v, &u1);
    fe_mul(&v, &v, &cs_fe_d);
    fe_add(&v, &v, &u2_sqr);
    fe_carry(&v, &v);
    cs_fe_negate_if(&v, &v, UINT64_MAX); /* -(D * u1^2) - u2_sqr */
    fe_mul(&invsqrt, &v, &u2_sqr);
    was_square = cs_fe_sqrt_ratio(&invsqrt, &cs_fe_one, &invsqrt);
    fe_mul(&den_x, &invsqrt, &u2);
    fe_mul(&den_y, &invsqrt, &den_x);
    fe_mul(&den_y, &den_y, &v);
    fe_mul(&out->x, s, &den_x);
    fe_add(&out->x, &out->x, &out->x);
    cs_fe_abs(&out->x, &out->x);
    fe_mul(&out->y, &u1, &den_y);
    out->z = cs_fe_one;
    fe_mul(&out->t, &out->x, &out->y);
    return was_square & ~cs_fe_is_negative(&out->t) & ~cs_fe_is_zero(&out->y);
}

bool cs_ristretto_decode(struct cs_ristretto *out, const uint8_t b[CS_RISTRETTO_LEN])
{
    uint8_t again[CS_RISTRETTO_LEN];
    struct cs_ristretto p;
    struct cs_fe s;
    bool canonical, positive, found; /* all three, always: no early end */

    cs_fe_load(&s, b);
    cs_fe_store(again, &s);
    canonical = cs_ct_equal(again, b, sizeof again); /* below p, no top bit */
    positive = cs_fe_is_negative(&s) == 0;
    found = decode_point(&p, &s) != 0;
    *out = canonical && positive && found ? p : cs_ristretto_identity;
    cs_wipe(&p, sizeof p);
    return canonical && positive && found;
}

void cs_ristretto_encode(uint8_t b[CS_RISTRETTO_LEN], const struct cs_ristretto *p)
{
    struct {
        struct cs_fe u1, u2, den1, den2, z_inv, x, y, t, ix, iy;
    } w;
    uint64_t rotate;

    fe_add(&w.u1, &p->z, &p->y);
    fe_sub(&w.t, &p->z, &p->y);
    fe_mul(&w.u1, &w.u1, &w.t); /* (z0 + y0) * (z0 - y0) */
    fe_mul(&w.u2, &p->x, &p->y);
    fe_square(&w.t, &w.u2);
    fe_mul(&w.t, &w.t, &w.u1);
    (void)cs_fe_sqrt_ratio(&w.t, &cs_fe_one, &w.t); /* always square, or 0 */
    fe_mul(&w.den1, &w.t, &w.u1);
    fe_mul(&w.den2, &w.t, &w.u2);
    fe_mul(&w.z_inv, &w.den1, &w.den2);
    fe_mul(&w.z_inv, &w.z_inv, &p->t);

    fe_mul(&w.ix, &p->x, &cs_fe_sqrt_m1);
    fe_mul(&w.iy, &p->y, &cs_fe_sqrt_m1);
    fe_mul(&w.den1, &w.den1, &invsqrt_a_minus_d);
    fe_mul(&w.t, &p->t, &w.z_inv);
    rotate = cs_fe_is_negative(&w.t);
    w.x = p->x;
    w.y = p->y;
    fe_move(&w.x, &w.iy, rotate);
    fe_move(&w.y, &w.ix, rotate);
    fe_move(&w.den2, &w.den1, rotate);

    fe_mul(&w.t, &w.x, &w.z_inv);
    cs_fe_negate_if(&w.y, &w.y, cs_fe_is_negative(&w.t));
    fe_sub(&w.t, &p->z, &w.y);
    fe_mul(&w.t, &w.t, &w.den2);
    cs_fe_abs(&w.t, &w.t);
    cs_fe_store(b, &w.t);
    cs_wipe(&w, sizeof w);
}

/* ---- many doubles ----------------------------------------------------------------
 * With 2p = (e/f, g/h) as below, e^2 + f^2 = g^2 and f^2 - d e^2 = h^2 on the curve, so
 * that z^2 - y^2 of the double is (a - d)(e f)^2: a square root that is known.  What
 * 4.3.2 computes from it is then
 *
 *   rotate = eg/fh is negative
 *   s = |sqrt(1/(a-d)) (h - +-g)/e|   +- by the sign of e/f      if not rotated
 *   s = |(f - +-ie)/g|                +- by the sign of ig/h     if rotated
 *
 * and needs quotients only, which share one inversion.  The idea is curve25519-dalek's
 * double_and_compress_batch (H. de Valence, I. Lovecruft). */

struct doubled {
    struct cs_fe e, f, g, h, eg, fh, efgh;
    struct cs_fe before; /* product of the efgh of the points before this one */
    uint64_t none;       /* all ones: the identity, whose e is 0 */
};

static void doubled_make(struct doubled *d, const struct cs_ristretto *p)
{
    struct cs_fe zz, dtt, t;

    fe_mul(&d->e, &p->x, &p->y);
    fe_add(&d->e, &d->e, &d->e);
    fe_square(&zz, &p->z);
    fe_square(&dtt, &p->t);
    fe_mul(&dtt, &dtt, &cs_fe_d);
    fe_add(&d->f, &zz, &dtt);
    fe_sub(&d->h, &zz, &dtt);
    fe_square(&d->g, &p->y);
    fe_square(&t, &p->x);
    fe_add(&d->g, &d->g, &t);
    fe_mul(&d->eg, &d->e, &d->g);
    fe_mul(&d->fh, &d->f, &d->h);
    fe_mul(&d->efgh, &d->eg, &d->fh);
    d->none = cs_fe_is_zero(&d->efgh); /* f, g, h are never 0 for an element */
    fe_move(&d->efgh, &cs_fe_one, d->none);
}

/* inverse = 1 / efgh */
static void doubled_encode(uint8_t b[CS_RISTRETTO_LEN], struct doubled *d,
                           const struct cs_fe *inverse)
{
    struct cs_fe over_eg, over_fh, ie, ig, t, k = invsqrt_a_minus_d, a = d->e,
                                              divided = d->g;
    uint64_t rotate;

    fe_mul(&over_eg, &d->fh, inverse);
    fe_mul(&over_fh, &d->eg, inverse);
    fe_mul(&t, &d->eg, &over_fh);
    rotate = cs_fe_is_negative(&t);
    fe_mul(&ie, &d->e, &cs_fe_sqrt_m1);
    fe_mul(&ig, &d->g, &cs_fe_sqrt_m1);
    fe_move(&divided, &d->e, rotate); /* 1/e = g/eg, 1/g = e/eg */
    fe_move(&a, &ig, rotate);
    fe_move(&d->h, &d->f, rotate);
    fe_move(&d->g, &ie, rotate);
    fe_move(&k, &cs_fe_one, rotate);

    fe_mul(&t, &a, &d->h); /* e/f = eh/fh, ig/h = igf/fh */
    fe_mul(&t, &t, &over_fh);
    fe_carry(&d->g, &d->g);
    cs_fe_negate_if(&d->g, &d->g, cs_fe_is_negative(&t));
    fe_carry(&d->h, &d->h);
    fe_sub(&t, &d->h, &d->g);
    fe_mul(&t, &t, &k);
    fe_mul(&t, &t, &divided);
    fe_mul(&t, &t, &over_eg);
    cs_fe_abs(&t, &t);
    cs_fe_store(b, &t);
    for (size_t i = 0; i < CS_RISTRETTO_LEN; i++) {
        b[i] &= (uint8_t)~d->none;
    }
}

uint64_t cs_ristretto_encode_doubles(uint8_t (*b)[CS_RISTRETTO_LEN],
                                     const struct cs_ristretto *p, size_t n)
{
    struct doubled d[CS_RISTRETTO_BATCH];
    struct cs_fe product = cs_fe_one, inverse;
    uint64_t none = 0;

    CS_ASSERT(n <= CS_RISTRETTO_BATCH);
    for (size_t i = 0; i < n; i++) {
        doubled_make(&d[i], &p[i]);
        none |= d[i].none;
        d[i].before = product;
        fe_mul(&product, &product, &d[i].efgh);
    }
    cs_fe_invert(&product, &product);
    for (size_t i = n; i-- > 0;) {
        fe_mul(&inverse, &product, &d[i].before);
        fe_mul(&product, &product, &d[i].efgh);
        doubled_encode(b[i], &d[i], &inverse);
    }
    cs_wipe(d, sizeof d);
    cs_wipe(&product, sizeof product);
    cs_wipe(&inverse, sizeof inverse);
    cs_n_scrub();
    return none;
}

/* ---- halves ---------------------------------------------------------------------- */

/* (scalar + l if it is odd) / 2 */
void cs_ristretto_half(uint8_t half[32], const uint8_t scalar[32])
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a,       0x63,
                                      0x12, 0x58, 0xd6, 0x9c, 0xf7,       0xa2,
                                      0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    unsigned mask = (unsigned)cs_n_mask(scalar[0] & 1), carry = 0;
    uint8_t sum[33];

    for (int i = 0; i < 32; i++) {
        carry += scalar[i] + (order[i] & mask);
        sum[i] = (uint8_t)carry;
        carry >>= 8;
    }
    sum[32] = (uint8_t)carry;
    for (int i = 0; i < 32; i++) {
        half[i] = (uint8_t)(sum[i] >> 1 | sum[i + 1] << 7);
    }
    cs_wipe(sum, sizeof sum);
}
