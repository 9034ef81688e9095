/* Points of edwards25519: -x^2 + y^2 = 1 + d x^2 y^2, in extended coordinates (Hisil,
 * Wong, Carter, Dawson: "Twisted Edwards Curves Revisited", eprint 2008/522), whose
 * letters are kept.  The formulas are complete: no case is special, the identity and
 * equal or opposite operands included.
 *
 * Scalars are taken as 64 signed digits of 4 bits; the multiple of a digit is read by
 * passing over the whole row of a table (Bernstein et al., "High-speed high-security
 * signatures", 2011, 4). */
#include "base/mem.h"
#include "base/span.h"
#include "crypto/ristretto_field.h"

enum { DIGITS = 64, ROW = 8, PAIRS = DIGITS / 2 };

/* A second operand: y + x, y - x, 2z, 2d t.  Limbs: all loose. */
union cached {
    struct {
        struct cs_fe plus, minus, z2, t2d;
    };
    uint64_t word[20];
};

/* The same of a point with z = 1. */
union affine {
    struct {
        struct cs_fe plus, minus, t2d;
    };
    uint64_t word[16]; /* an even number: read two at a time */
};

/* x = E/G, y = H/F.  All loose. */
struct efgh {
    struct cs_fe e, f, g, h;
};

/* [j][k] = (k + 1) 256^j B: written by cs_ristretto_init alone. */
static union affine base_table[PAIRS][ROW];
static bool base_ready;

const struct cs_ristretto cs_ristretto_identity = {.y.v[0] = 1, .z.v[0] = 1};
static const struct cs_ristretto base_point = {
    .x = {{0x62d608f25d51a, 0x412a4b4f6592a, 0x75b7171a4b31d, 0x1ff60527118fe,
           0x216936d3cd6e5}},
    .y = {{0x6666666666658, 0x4cccccccccccc, 0x1999999999999, 0x3333333333333,
           0x6666666666666}},
    .z = {{1}},
    .t = {{0x68ab3a5b7dda3, 0x00eea2a5eadbb, 0x2af8df483c27e, 0x332b375274732,
           0x67875f0fd78b7}},
};

/* ---- formulas -------------------------------------------------------------------- */

/* Without t: for a doubling after it. */
static inline void finish_xyz(struct cs_ristretto *out, const struct efgh *p)
{
    fe_mul(&out->x, &p->e, &p->f);
    fe_mul(&out->y, &p->g, &p->h);
    fe_mul(&out->z, &p->f, &p->g);
}

static inline void finish(struct cs_ristretto *out, const struct efgh *p)
{
    finish_xyz(out, p);
    fe_mul(&out->t, &p->e, &p->h);
}

/* 2p; t is not used. */
static inline void twice(struct efgh *out, const struct cs_ristretto *p)
{
    struct cs_fe a, b, c, s;

    fe_square(&a, &p->x);
    fe_square(&b, &p->y);
    fe_square(&c, &p->z);
    fe_add(&s, &p->x, &p->y);
    fe_square(&s, &s);
    fe_add(&out->h, &a, &b);
    fe_sub(&out->e, &s, &out->h);
    fe_sub(&out->g, &b, &a);
    fe_add(&c, &c, &c);
    fe_add(&c, &c, &a); /* three tight ones */
    fe_sub(&out->f, &c, &b);
}

/* What sums have in common.  zz = 2 z z', tt = 2 d t t'. */
static inline void sum_parts(struct efgh *out, const struct cs_ristretto *p,
                             const struct cs_fe *plus, const struct cs_fe *minus,
                             const struct cs_fe *zz, const struct cs_fe *tt)
{
    struct cs_fe a, b;

    fe_sub(&a, &p->y, &p->x);
    fe_mul(&a, &a, minus);
    fe_add(&b, &p->y, &p->x);
    fe_mul(&b, &b, plus);
    fe_sub(&out->e, &b, &a);
    fe_sub(&out->f, zz, tt);
    fe_add(&out->g, zz, tt);
    fe_add(&out->h, &b, &a);
}

static inline void plus_cached(struct efgh *out, const struct cs_ristretto *p,
                               const union cached *q)
{
    struct cs_fe zz, tt;

    fe_mul(&zz, &p->z, &q->z2);
    fe_mul(&tt, &p->t, &q->t2d);
    sum_parts(out, p, &q->plus, &q->minus, &zz, &tt);
}

static inline void plus_affine(struct efgh *out, const struct cs_ristretto *p,
                               const union affine *q)
{
    struct cs_fe zz, tt;

    fe_add(&zz, &p->z, &p->z);
    fe_mul(&tt, &p->t, &q->t2d);
    sum_parts(out, p, &q->plus, &q->minus, &zz, &tt);
}

static void to_cached(union cached *out, const struct cs_ristretto *p)
{
    fe_add(&out->plus, &p->y, &p->x);
    fe_sub(&out->minus, &p->y, &p->x);
    fe_add(&out->z2, &p->z, &p->z);
    fe_mul(&out->t2d, &p->t, &cs_fe_2d);
}

void cs_ristretto_add(struct cs_ristretto *out, const struct cs_ristretto *a,
                      const struct cs_ristretto *b)
{
    struct {
        union cached b;
        struct efgh sum;
    } s;

    to_cached(&s.b, b);
    plus_cached(&s.sum, a, &s.b);
    finish(out, &s.sum);
    cs_wipe(&s, sizeof s);
}

void cs_ristretto_sub(struct cs_ristretto *out, const struct cs_ristretto *a,
                      const struct cs_ristretto *b)
{
    struct cs_ristretto minus = *b;

    cs_fe_negate_if(&minus.x, &b->x, UINT64_MAX);
    cs_fe_negate_if(&minus.t, &b->t, UINT64_MAX);
    cs_ristretto_add(out, a, &minus);
    cs_wipe(&minus, sizeof minus);
}

void cs_ristretto_choose(struct cs_ristretto *out, const struct cs_ristretto *a,
                         const struct cs_ristretto *b, unsigned bit)
{
    const uint64_t mask = cs_n_mask(bit);
    struct cs_ristretto r = *a;

    fe_move(&r.x, &b->x, mask);
    fe_move(&r.y, &b->y, mask);
    fe_move(&r.z, &b->z, mask);
    fe_move(&r.t, &b->t, mask);
    *out = r;
    cs_wipe(&r, sizeof r);
}

/* ---- digits ---------------------------------------------------------------------- */

/* scalar = sum of digit[i] 16^i, each -8..7, the last one 0..2 as scalar is below l. */
static void to_digits(int8_t digit[DIGITS], const uint8_t scalar[32])
{
    int carry = 0;

    for (int i = 0; i < 32; i++) {
        digit[2 * i] = (int8_t)(scalar[i] & 15);
        digit[2 * i + 1] = (int8_t)(scalar[i] >> 4);
    }
    for (int i = 0; i < DIGITS; i++) {
        int d = digit[i] + carry;

        carry = (d + 8) >> 4;
        digit[i] = (int8_t)(d - 16 * carry);
    }
}

static inline uint64_t is_equal(unsigned a, unsigned b)
{
    return cs_n_mask(((a ^ b) - 1) >> 31);
}

/* |d|; *minus: all ones when d < 0. */
static inline unsigned magnitude(int8_t d, uint64_t *minus)
{
    unsigned sign = (uint8_t)d >> 7, u = (uint8_t)d;

    *minus = cs_n_mask(sign);
    return ((u ^ (0 - sign)) + sign) & 15;
}

static inline void swap_if(struct cs_fe *a, struct cs_fe *b, uint64_t mask)
{
    for (int i = 0; i < 5; i++) {
        uint64_t t = (a->v[i] ^ b->v[i]) & mask;

        a->v[i] ^= t;
        b->v[i] ^= t;
    }
}

/* out = -out under the mask. */
static inline void turn(struct cs_fe *plus, struct cs_fe *minus, struct cs_fe *t2d,
                        uint64_t mask)
{
    struct cs_fe m;

    swap_if(plus, minus, mask);
    fe_sub(&m, &cs_fe_zero, t2d);
    fe_move(t2d, &m, mask);
}

/* mask[k]: all ones for |digit| = k + 1.  Returns the mask of a digit below zero. */
static inline uint64_t row_masks(uint64_t mask[ROW], int8_t digit)
{
    uint64_t minus;
    unsigned n = magnitude(digit, &minus);

    for (unsigned k = 0; k < ROW; k++) {
        mask[k] = is_equal(n, k + 1);
    }
    return minus;
}

/* The identity, when no mask is set, has a one in plus and minus and a two in z2. */
static inline uint64_t no_mask(const uint64_t m[ROW])
{
    return ~(m[0] | m[1] | m[2] | m[3] | m[4] | m[5] | m[6] | m[7]);
}

static inline void pick_cached(union cached *out, const union cached row[ROW],
                               int8_t digit)
{
    uint64_t m[ROW], minus = row_masks(m, digit), none = no_mask(m);

    for (size_t i = 0; i < CS_COUNTOF(out->word); i++) {
        out->word[i] = (row[0].word[i] & m[0]) | (row[1].word[i] & m[1]) |
                       (row[2].word[i] & m[2]) | (row[3].word[i] & m[3]) |
                       (row[4].word[i] & m[4]) | (row[5].word[i] & m[5]) |
                       (row[6].word[i] & m[6]) | (row[7].word[i] & m[7]);
    }
    out->plus.v[0] |= none & 1;
    out->minus.v[0] |= none & 1;
    out->z2.v[0] |= none & 2;
    turn(&out->plus, &out->minus, &out->t2d, minus);
}

static inline void pick_affine(union affine *out, const union affine row[ROW],
                               int8_t digit)
{
    uint64_t m[ROW], minus = row_masks(m, digit), none = no_mask(m);

    for (size_t i = 0; i < CS_COUNTOF(out->word); i++) {
        out->word[i] = (row[0].word[i] & m[0]) | (row[1].word[i] & m[1]) |
                       (row[2].word[i] & m[2]) | (row[3].word[i] & m[3]) |
                       (row[4].word[i] & m[4]) | (row[5].word[i] & m[5]) |
                       (row[6].word[i] & m[6]) | (row[7].word[i] & m[7]);
    }
    out->plus.v[0] |= none & 1;
    out->minus.v[0] |= none & 1;
    turn(&out->plus, &out->minus, &out->t2d, minus);
}

/* ---- products -------------------------------------------------------------------- */

/* p, 2p, .. 8p */
static void make_row(union cached row[ROW], const struct cs_ristretto *p)
{
    struct cs_ristretto q;
    struct efgh sum;

    to_cached(&row[0], p);
    for (int k = 1; k < ROW; k++) {
        plus_cached(&sum, p, &row[k - 1]);
        finish(&q, &sum);
        to_cached(&row[k], &q);
    }
    cs_wipe(&q, sizeof q);
    cs_wipe(&sum, sizeof sum);
}

/* 16 p */
static inline void sixteen_times(struct cs_ristretto *p)
{
    struct efgh d;

    for (int i = 0; i < 3; i++) {
        twice(&d, p);
        finish_xyz(p, &d);
    }
    twice(&d, p);
    finish(p, &d);
}

void cs_ristretto_mul(struct cs_ristretto *out, const uint8_t scalar[32],
                      const struct cs_ristretto *p)
{
    struct {
        int8_t digit[DIGITS];
        union cached row[ROW], picked;
        struct cs_ristretto acc;
        struct efgh sum;
    } s;

    to_digits(s.digit, scalar);
    make_row(s.row, p);
    s.acc = cs_ristretto_identity;
    for (int i = DIGITS - 1; i >= 0; i--) {
        if (i < DIGITS - 1) {
            sixteen_times(&s.acc);
        }
        pick_cached(&s.picked, s.row, s.digit[i]);
        plus_cached(&s.sum, &s.acc, &s.picked);
        finish_xyz(&s.acc, &s.sum);
    }
    fe_mul(&s.acc.t, &s.sum.e, &s.sum.h);
    *out = s.acc;
    cs_wipe(&s, sizeof s);
    cs_n_scrub();
}

/* The digits with odd places first: 16 times their sum is one with the rest. */
void cs_ristretto_mul_base(struct cs_ristretto *out, const uint8_t scalar[32])
{
    struct {
        int8_t digit[DIGITS];
        union affine picked;
        struct cs_ristretto acc;
        struct efgh sum;
    } s;

    CS_ASSERT(base_ready);
    to_digits(s.digit, scalar);
    s.acc = cs_ristretto_identity;
    for (int odd = 1; odd >= 0; odd--) {
        for (int j = 0; j < PAIRS; j++) {
            pick_affine(&s.picked, base_table[j], s.digit[2 * j + odd]);
            plus_affine(&s.sum, &s.acc, &s.picked);
            finish(&s.acc, &s.sum);
        }
        if (odd == 1) {
            sixteen_times(&s.acc);
        }
    }
    *out = s.acc;
    cs_wipe(&s, sizeof s);
    cs_n_scrub();
}

__attribute__((noinline)) void cs_ristretto_scrub(void)
{
    uint8_t frame[64 * 1024]; /* a batch of encode_doubles, not optimised */

    cs_wipe(frame, sizeof frame);
}

/* ---- the table of the base point ------------------------------------------------- */

/* The multiples 1..8 of p with z = 1: one inversion for all eight (P. Montgomery). */
static void make_affine_row(union affine row[ROW], const struct cs_ristretto *p)
{
    struct cs_ristretto q[ROW] = {*p};
    struct cs_fe before[ROW], inv, z, x, y;

    before[0] = cs_fe_one;
    for (int k = 1; k < ROW; k++) {
        cs_ristretto_add(&q[k], &q[k - 1], p);
        fe_mul(&before[k], &before[k - 1], &q[k - 1].z);
    }
    fe_mul(&inv, &before[ROW - 1], &q[ROW - 1].z);
    cs_fe_invert(&inv, &inv);
    for (int k = ROW - 1; k >= 0; k--) {
        fe_mul(&z, &inv, &before[k]);
        fe_mul(&inv, &inv, &q[k].z);
        fe_mul(&x, &q[k].x, &z);
        fe_mul(&y, &q[k].y, &z);
        fe_add(&row[k].plus, &y, &x);
        fe_sub(&row[k].minus, &y, &x);
        fe_mul(&row[k].t2d, &x, &y);
        fe_mul(&row[k].t2d, &row[k].t2d, &cs_fe_2d);
    }
}

void cs_ristretto_init(void)
{
    struct cs_ristretto p = base_point;

    for (int j = 0; j < PAIRS; j++) {
        make_affine_row(base_table[j], &p);
        sixteen_times(&p);
        sixteen_times(&p);
    }
    base_ready = true;
}
