/* See ristretto_field.h. */
#include "crypto/ristretto_field.h"

#include "base/mem.h"

const struct cs_fe cs_fe_zero = {{0}};
const struct cs_fe cs_fe_one = {{1, 0, 0, 0, 0}};
const struct cs_fe cs_fe_d = {{0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029,
                               0x739c663a03cbb, 0x52036cee2b6ff}};
const struct cs_fe cs_fe_2d = {{0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052,
                                0x6738cc7407977, 0x2406d9dc56dff}};
const struct cs_fe cs_fe_sqrt_m1 = {{0x61b274a0ea0b0, 0x0d5a5fc8f189d, 0x7ef5e9cbd0c60,
                                     0x78595a6804c9e, 0x2b8324804fc1d}};

/* Written out, so that the compiler sees one load. */
static uint64_t load_le(const uint8_t *p)
{
    return (uint64_t)p[7] << 56 | (uint64_t)p[6] << 48 | (uint64_t)p[5] << 40 |
           (uint64_t)p[4] << 32 | (uint64_t)p[3] << 24 | (uint64_t)p[2] << 16 |
           (uint64_t)p[1] << 8 | p[0];
}

static void store_le(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

void cs_fe_load(struct cs_fe *out, const uint8_t b[32])
{
    uint64_t w0 = load_le(b), w1 = load_le(b + 8), w2 = load_le(b + 16),
             w3 = load_le(b + 24);

    out->v[0] = w0 & FE_MASK;
    out->v[1] = (w0 >> 51 | w1 << 13) & FE_MASK;
    out->v[2] = (w1 >> 38 | w2 << 26) & FE_MASK;
    out->v[3] = (w2 >> 25 | w3 << 39) & FE_MASK;
    out->v[4] = w3 >> 12 & FE_MASK;
}

/* The least representative, limbs below 2^51.  After fe_carry a is below 2p: what
 * 19 carries out of the top when added is whether p must go. */
static void freeze(uint64_t w[5], const struct cs_fe *a)
{
    struct cs_fe t;
    uint64_t q;

    fe_carry(&t, a);
    q = (t.v[0] + 19) >> 51;
    q = (t.v[1] + q) >> 51;
    q = (t.v[2] + q) >> 51;
    q = (t.v[3] + q) >> 51;
    q = (t.v[4] + q) >> 51;
    t.v[0] += 19 * q;
    for (int i = 0; i < 4; i++) {
        t.v[i + 1] += t.v[i] >> 51;
        w[i] = t.v[i] & FE_MASK;
    }
    w[4] = t.v[4] & FE_MASK; /* without q * 2^255 */
}

void cs_fe_store(uint8_t b[32], const struct cs_fe *a)
{
    uint64_t w[5];

    freeze(w, a);
    store_le(b, w[0] | w[1] << 51);
    store_le(b + 8, w[1] >> 13 | w[2] << 38);
    store_le(b + 16, w[2] >> 26 | w[3] << 25);
    store_le(b + 24, w[3] >> 39 | w[4] << 12);
}

uint64_t cs_fe_is_zero(const struct cs_fe *a)
{
    uint64_t w[5], any;

    freeze(w, a);
    any = w[0] | w[1] | w[2] | w[3] | w[4];
    return cs_n_mask((unsigned)((any | (0 - any)) >> 63) ^ 1);
}

uint64_t cs_fe_is_negative(const struct cs_fe *a)
{
    uint64_t w[5];

    freeze(w, a);
    return cs_n_mask((unsigned)(w[0] & 1));
}

void cs_fe_negate_if(struct cs_fe *out, const struct cs_fe *a, uint64_t mask)
{
    struct cs_fe minus, r = *a;

    fe_sub(&minus, &cs_fe_zero, a);
    fe_carry(&minus, &minus);
    fe_move(&r, &minus, mask);
    *out = r;
}

void cs_fe_abs(struct cs_fe *out, const struct cs_fe *a)
{
    struct cs_fe r;

    fe_carry(&r, a);
    cs_fe_negate_if(out, &r, cs_fe_is_negative(&r));
}

/* a^(2^n) */
static void square_n(struct cs_fe *out, const struct cs_fe *a, int n)
{
    struct cs_fe r;

    fe_square(&r, a);
    for (int i = 1; i < n; i++) {
        fe_square(&r, &r);
    }
    *out = r;
}

/* a^(2^250 - 1) and a^11, which both powers below are made of: 249 squares and 10
 * products (Bernstein, "Curve25519: new Diffie-Hellman speed records", 2006). */
static void power_250(struct cs_fe *out, struct cs_fe *a11, const struct cs_fe *a)
{
    struct cs_fe t, n5, n10, n20, n50;

    fe_square(&t, a);     /* 2 */
    square_n(&n5, &t, 2); /* 8 */
    fe_mul(&n5, &n5, a);  /* 9 */
    fe_mul(a11, &n5, &t); /* 11 */
    fe_square(&t, a11);   /* 22 */
    fe_mul(&n5, &t, &n5); /* 31 = 2^5 - 1 */
    square_n(&t, &n5, 5);
    fe_mul(&n10, &t, &n5); /* 2^10 - 1 */
    square_n(&t, &n10, 10);
    fe_mul(&n20, &t, &n10); /* 2^20 - 1 */
    square_n(&t, &n20, 20);
    fe_mul(&t, &t, &n20); /* 2^40 - 1 */
    square_n(&t, &t, 10);
    fe_mul(&n50, &t, &n10); /* 2^50 - 1 */
    square_n(&t, &n50, 50);
    fe_mul(&n10, &t, &n50); /* 2^100 - 1 */
    square_n(&t, &n10, 100);
    fe_mul(&t, &t, &n10); /* 2^200 - 1 */
    square_n(&t, &t, 50);
    fe_mul(out, &t, &n50); /* 2^250 - 1 */
}

/* a^(p - 2) = a^(2^255 - 21) */
void cs_fe_invert(struct cs_fe *out, const struct cs_fe *a)
{
    struct cs_fe t, a11;

    power_250(&t, &a11, a);
    square_n(&t, &t, 5);
    fe_mul(out, &t, &a11);
}

/* a^((p - 5) / 8) = a^(2^252 - 3) */
static void power_p58(struct cs_fe *out, const struct cs_fe *a)
{
    struct cs_fe t, a11;

    power_250(&t, &a11, a);
    square_n(&t, &t, 2);
    fe_mul(out, &t, a);
}

uint64_t cs_fe_sqrt_ratio(struct cs_fe *out, const struct cs_fe *u,
                          const struct cs_fe *v)
{
    struct cs_fe uv3, uv7, r, check, t;
    uint64_t right, minus, minus_i;

    fe_square(&t, v);
    fe_mul(&uv3, &t, v);
    fe_square(&t, &uv3);
    fe_mul(&uv7, &t, v);
    fe_mul(&uv3, &uv3, u);
    fe_mul(&uv7, &uv7, u);
    power_p58(&r, &uv7);
    fe_mul(&r, &r, &uv3);
    fe_square(&check, &r);
    fe_mul(&check, &check, v); /* v r^2 is u, -u, i u or -i u */
    fe_sub(&t, &check, u);
    right = cs_fe_is_zero(&t);
    fe_add(&t, &check, u);
    minus = cs_fe_is_zero(&t);
    fe_mul(&t, u, &cs_fe_sqrt_m1);
    fe_add(&t, &t, &check);
    minus_i = cs_fe_is_zero(&t);
    fe_mul(&t, &r, &cs_fe_sqrt_m1);
    fe_move(&r, &t, minus | minus_i);
    cs_fe_abs(out, &r);
    return right | minus;
}
