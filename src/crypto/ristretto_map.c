/* Hash to group of ristretto255 (RFC 9496, 4.3.4), whose names are kept. */
#include "base/mem.h"
#include "crypto/ristretto_field.h"

static const struct cs_fe one_minus_d_sq = {{0x409c1945fc176, 0x719abc6a1fc4f,
                                             0x1c37f90b20684, 0x06bccca55eedf,
                                             0x029072a8b2b3e}};
static const struct cs_fe d_minus_one_sq = {{0x55aaa44ed4d20, 0x59603c3332635,
                                             0x26d3baf4a7928, 0x120a66e6997a9,
                                             0x5968b37af66c2}};
static const struct cs_fe sqrt_ad_minus_one = {{0x7f6a0497b2e1b, 0x1836f0a97afd2,
                                                0x7d747f6be7638, 0x456079e7e6498,
                                                0x376931bf2b834}};
static const struct cs_fe minus_one = {{0x7ffffffffffec, 0x7ffffffffffff,
                                        0x7ffffffffffff, 0x7ffffffffffff,
                                        0x7ffffffffffff}};

/* MAP: a field element to a point. */
static void map(struct cs_ristretto *out, const struct cs_fe *t)
{
    struct cs_fe r, u, v, s, st, c, n, w0, w1, w2, w3;
    uint64_t was_square;

    fe_square(&r, t);
    fe_mul(&r, &r, &cs_fe_sqrt_m1);
    fe_add(&u, &r, &cs_fe_one);
    fe_mul(&u, &u, &one_minus_d_sq);
    fe_mul(&v, &r, &cs_fe_d);
    fe_sub(&v, &minus_one, &v);
    fe_add(&w0, &r, &cs_fe_d);
    fe_mul(&v, &v, &w0); /* (-1 - r*D) * (r + D) */

    was_square = cs_fe_sqrt_ratio(&s, &u, &v);
    fe_mul(&st, &s, t);
    cs_fe_abs(&st, &st);
    cs_fe_negate_if(&st, &st, UINT64_MAX);
    fe_move(&s, &st, ~was_square);
    c = r;
    fe_move(&c, &minus_one, was_square);

    fe_sub(&n, &r, &cs_fe_one);
    fe_mul(&n, &n, &c);
    fe_mul(&n, &n, &d_minus_one_sq);
    fe_sub(&n, &n, &v);

    fe_mul(&w0, &s, &v);
    fe_add(&w0, &w0, &w0);
    fe_mul(&w1, &n, &sqrt_ad_minus_one);
    fe_square(&w2, &s);
    fe_add(&w3, &cs_fe_one, &w2);
    fe_sub(&w2, &cs_fe_one, &w2);
    fe_mul(&out->x, &w0, &w3);
    fe_mul(&out->y, &w2, &w1);
    fe_mul(&out->z, &w1, &w3);
    fe_mul(&out->t, &w0, &w2);
}

void cs_ristretto_from_hash(struct cs_ristretto *out,
                            const uint8_t wide[CS_RISTRETTO_WIDE])
{
    struct {
        struct cs_ristretto a, b;
        struct cs_fe t;
    } s;

    cs_fe_load(&s.t, wide); /* the top bit is ignored, as 4.3.4 wants it */
    map(&s.a, &s.t);
    cs_fe_load(&s.t, wide + 32);
    map(&s.b, &s.t);
    cs_ristretto_add(out, &s.a, &s.b);
    cs_wipe(&s, sizeof s);
    cs_n_scrub();
}
