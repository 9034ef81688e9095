/* Modulo n = 2^256 - C, with C of 129 bits: hi * 2^256 is replaced by hi * C until
 * nothing is above 2^256.  No branch, index or early end depends on a value. */
#include "crypto/secp_n.h"

#include "base/mem.h"

__extension__ typedef unsigned __int128 u128;

enum { LIMBS = 4, SUM = 9 };

static const uint64_t order_n[LIMBS] = {0xbfd25e8cd0364141, 0xbaaedce6af48a03b,
                                        0xfffffffffffffffe, 0xffffffffffffffff};
/* 2^256 - n; its third limb is 1 */
static const uint64_t order_c[2] = {0x402da1732fc9bebf, 0x4551231950b75fc4};

/* Written out, so that the compiler sees one load and a byte swap. */
static uint64_t load_be(const uint8_t *p)
{
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 |
           (uint64_t)p[3] << 32 | (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 |
           (uint64_t)p[6] << 8 | p[7];
}

static void store_be(uint8_t *p, uint64_t v)
{
    p[0] = (uint8_t)(v >> 56);
    p[1] = (uint8_t)(v >> 48);
    p[2] = (uint8_t)(v >> 40);
    p[3] = (uint8_t)(v >> 32);
    p[4] = (uint8_t)(v >> 24);
    p[5] = (uint8_t)(v >> 16);
    p[6] = (uint8_t)(v >> 8);
    p[7] = (uint8_t)v;
}

/* r = a - n; 1 when a < n. */
static uint64_t sub_order(uint64_t r[LIMBS], const uint64_t a[LIMBS])
{
    uint64_t borrow = 0;

    for (int i = 0; i < LIMBS; i++) {
        u128 d = (u128)a[i] - order_n[i] - borrow;

        r[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
    return borrow;
}

/* out = a + carry * 2^256, below 2n, reduced once. */
static void reduce_once(struct cs_n *out, const uint64_t a[LIMBS], uint64_t carry)
{
    uint64_t less[LIMBS], keep;

    /* a - n is right when it does not borrow, or when a has a carry above it. */
    keep = cs_n_mask((unsigned)(sub_order(less, a) & (carry ^ 1)));
    for (int i = 0; i < LIMBS; i++) {
        out->v[i] = (a[i] & keep) | (less[i] & ~keep);
    }
}

uint64_t cs_n_load(struct cs_n *out, const uint8_t b[CS_SCALAR_LEN])
{
    uint64_t less[LIMBS], any;

    for (int i = 0; i < LIMBS; i++) {
        out->v[i] = load_be(b + 8 * (LIMBS - 1 - i));
    }
    any = out->v[0] | out->v[1] | out->v[2] | out->v[3];
    any = (any | (0 - any)) >> 63;
    return cs_n_mask((unsigned)(sub_order(less, out->v) & any));
}

void cs_n_store(uint8_t b[CS_SCALAR_LEN], const struct cs_n *a)
{
    for (int i = 0; i < LIMBS; i++) {
        store_be(b + 8 * (LIMBS - 1 - i), a->v[i]);
    }
}

void cs_n_add(struct cs_n *out, const struct cs_n *a, const struct cs_n *b)
{
    uint64_t r[LIMBS], carry = 0;

    for (int i = 0; i < LIMBS; i++) {
        u128 t = (u128)a->v[i] + b->v[i] + carry;

        r[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    reduce_once(out, r, carry);
}

void cs_n_sub(struct cs_n *out, const struct cs_n *a, const struct cs_n *b)
{
    uint64_t r[LIMBS], borrow = 0, carry = 0, mask;

    for (int i = 0; i < LIMBS; i++) {
        u128 d = (u128)a->v[i] - b->v[i] - borrow;

        r[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
    mask = cs_n_mask((unsigned)borrow);
    for (int i = 0; i < LIMBS; i++) {
        u128 t = (u128)r[i] + (order_n[i] & mask) + carry;

        out->v[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
}

void cs_n_masked(struct cs_n *out, const struct cs_n *a, uint64_t mask)
{
    for (int i = 0; i < LIMBS; i++) {
        out->v[i] = a->v[i] & mask;
    }
}

/* Adds c at limb `at` and carries on to the end. */
static inline void carry_on(uint64_t *v, int at, int end, uint64_t c)
{
    for (int k = at; k < end; k++) {
        u128 t = (u128)v[k] + c;

        v[k] = (uint64_t)t;
        c = (uint64_t)(t >> 64);
    }
}

void cs_n_sum_add(struct cs_n_sum *sum, const struct cs_n *a)
{
    uint64_t carry = 0;

    for (int i = 0; i < LIMBS; i++) {
        u128 t = (u128)sum->v[i] + a->v[i] + carry;

        sum->v[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    carry_on(sum->v, LIMBS, SUM, carry);
}

/* r + a*b + c, its high half into *c: never above 2^128 - 1. */
static inline uint64_t mul_step(uint64_t r, uint64_t a, uint64_t b, uint64_t *c)
{
    u128 t = (u128)a * b + r + *c;

    *c = (uint64_t)(t >> 64);
    return (uint64_t)t;
}

void cs_n_sum_mul(struct cs_n_sum *sum, const struct cs_n *a, const struct cs_n *b)
{
    uint64_t *v = sum->v;

    for (int i = 0; i < LIMBS; i++) {
        uint64_t c = 0;

        v[i] = mul_step(v[i], a->v[i], b->v[0], &c);
        v[i + 1] = mul_step(v[i + 1], a->v[i], b->v[1], &c);
        v[i + 2] = mul_step(v[i + 2], a->v[i], b->v[2], &c);
        v[i + 3] = mul_step(v[i + 3], a->v[i], b->v[3], &c);
        carry_on(v, i + LIMBS, SUM, c);
    }
}

/* v = low four limbs + hi * C, where hi has `n` limbs; the result has `end` limbs. */
static inline void fold(uint64_t v[SUM], int n, int end)
{
    uint64_t hi[SUM - LIMBS];

    for (int i = 0; i < n; i++) {
        hi[i] = v[LIMBS + i];
        v[LIMBS + i] = 0;
    }
    for (int i = 0; i < n; i++) {
        uint64_t c = 0;

        v[i] = mul_step(v[i], hi[i], order_c[0], &c);
        v[i + 1] = mul_step(v[i + 1], hi[i], order_c[1], &c);
        v[i + 2] = mul_step(v[i + 2], hi[i], 1, &c);
        carry_on(v, i + 3, end, c);
    }
}

/* Bounds after each fold: 2^450, 2^324, 2^256 + 2^198; the fourth finds a high half of
 * 0 or 1, and if it is 1 the low half is below 2^198: what is left is below 2^256. */
void cs_n_sum_take(struct cs_n *out, const struct cs_n_sum *sum)
{
    uint64_t v[SUM];

    for (int i = 0; i < SUM; i++) {
        v[i] = sum->v[i];
    }
    fold(v, 5, SUM - 1);
    fold(v, 4, 6);
    fold(v, 2, 5);
    fold(v, 1, 5);
    reduce_once(out, v, 0);
}

static void square(struct cs_n *a)
{
    struct cs_n_sum s = {{0}};

    cs_n_sum_mul(&s, a, a);
    cs_n_sum_take(a, &s);
}

static void multiply(struct cs_n *a, const struct cs_n *b)
{
    struct cs_n_sum s = {{0}};

    cs_n_sum_mul(&s, a, b);
    cs_n_sum_take(a, &s);
}

/* a^(n-2), fixed 4-bit windows over a public exponent: one sequence for every a. */
void cs_n_invert(struct cs_n *out, const struct cs_n *a)
{
    struct cs_n power[16] = {{{1, 0, 0, 0}}}, x = power[0];
    uint64_t e[LIMBS] = {order_n[0] - 2, order_n[1], order_n[2], order_n[3]};

    for (int i = 1; i < 16; i++) {
        power[i] = power[i - 1];
        multiply(&power[i], a);
    }
    for (int k = 63; k >= 0; k--) {
        for (int i = 0; i < 4; i++) {
            square(&x);
        }
        multiply(&x, &power[e[k / 16] >> (4 * (k % 16)) & 15]);
    }
    *out = x;
    cs_wipe(power, sizeof power);
    cs_wipe(&x, sizeof x);
    cs_n_scrub();
}

__attribute__((noinline)) void cs_n_scrub(void)
{
    uint8_t frame[2048];

    cs_wipe(frame, sizeof frame);
}
