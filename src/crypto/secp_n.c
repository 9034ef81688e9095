/* Modulo n = 2^256 - C, with C of 129 bits: hi * 2^256 is replaced by hi * C until
 * nothing is above 2^256.  No branch, index or early end depends on a value. */
#include "crypto/secp_n.h"

#if defined(__x86_64__) && !defined(CS_N_PORTABLE) /* set by a test */
#include <immintrin.h>
#define FAST_CARRY 1
#else
#define FAST_CARRY 0
#endif

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

/* a + b + *c and a - b - *c, where *c is a carry or borrow of 0 or 1.  gcc does not see
 * the processor's instructions for them in the portable form: half as fast. */
#if FAST_CARRY
static inline uint64_t add_step(uint64_t a, uint64_t b, unsigned char *c)
{
    unsigned long long r;

    *c = _addcarry_u64(*c, a, b, &r);
    return r;
}

static inline uint64_t sub_step(uint64_t a, uint64_t b, unsigned char *c)
{
    unsigned long long r;

    *c = _subborrow_u64(*c, a, b, &r);
    return r;
}
#else
static inline uint64_t add_step(uint64_t a, uint64_t b, unsigned char *c)
{
    u128 t = (u128)a + b + *c;

    *c = (unsigned char)(t >> 64);
    return (uint64_t)t;
}

static inline uint64_t sub_step(uint64_t a, uint64_t b, unsigned char *c)
{
    u128 t = (u128)a - b - *c;

    *c = (unsigned char)(t >> 64 & 1);
    return (uint64_t)t;
}
#endif

/* r + a*b + c, its high half into *c: never above 2^128 - 1. */
static inline uint64_t mul_step(uint64_t r, uint64_t a, uint64_t b, uint64_t *c)
{
    u128 t = (u128)a * b + r + *c;

    *c = (uint64_t)(t >> 64);
    return (uint64_t)t;
}

/* r = a + C modulo 2^256; the carry, 1 when a >= n. */
static inline unsigned char add_c(uint64_t r[LIMBS], const uint64_t a[LIMBS])
{
    unsigned char c = 0;

    r[0] = add_step(a[0], order_c[0], &c);
    r[1] = add_step(a[1], order_c[1], &c);
    r[2] = add_step(a[2], 1, &c);
    r[3] = add_step(a[3], 0, &c);
    return c;
}

static inline uint64_t choose(uint64_t a, uint64_t b, uint64_t mask)
{
    return a ^ ((a ^ b) & mask);
}

/* out = a + carry * 2^256, below 2n, reduced once: a - n is a + C modulo 2^256. */
static inline void reduce_once(struct cs_n *out, const uint64_t a[LIMBS],
                               unsigned char carry)
{
    uint64_t less[LIMBS];
    unsigned char over = add_c(less, a);
    uint64_t mask = cs_n_mask((unsigned)(over | carry));

    out->v[0] = choose(a[0], less[0], mask);
    out->v[1] = choose(a[1], less[1], mask);
    out->v[2] = choose(a[2], less[2], mask);
    out->v[3] = choose(a[3], less[3], mask);
}

uint64_t cs_n_load(struct cs_n *out, const uint8_t b[CS_SCALAR_LEN])
{
    uint64_t less[LIMBS], any;

    for (int i = 0; i < LIMBS; i++) {
        out->v[i] = load_be(b + 8 * (LIMBS - 1 - i));
    }
    any = out->v[0] | out->v[1] | out->v[2] | out->v[3];
    any = (any | (0 - any)) >> 63;
    return cs_n_mask((unsigned)((add_c(less, out->v) ^ 1) & any));
}

void cs_n_store(uint8_t b[CS_SCALAR_LEN], const struct cs_n *a)
{
    for (int i = 0; i < LIMBS; i++) {
        store_be(b + 8 * (LIMBS - 1 - i), a->v[i]);
    }
}

void cs_n_add(struct cs_n *out, const struct cs_n *a, const struct cs_n *b)
{
    uint64_t r[LIMBS];
    unsigned char c = 0;

    r[0] = add_step(a->v[0], b->v[0], &c);
    r[1] = add_step(a->v[1], b->v[1], &c);
    r[2] = add_step(a->v[2], b->v[2], &c);
    r[3] = add_step(a->v[3], b->v[3], &c);
    reduce_once(out, r, c);
}

void cs_n_sub(struct cs_n *out, const struct cs_n *a, const struct cs_n *b)
{
    uint64_t r[LIMBS], mask;
    unsigned char c = 0;

    r[0] = sub_step(a->v[0], b->v[0], &c);
    r[1] = sub_step(a->v[1], b->v[1], &c);
    r[2] = sub_step(a->v[2], b->v[2], &c);
    r[3] = sub_step(a->v[3], b->v[3], &c);
    mask = cs_n_mask(c);
    c = 0;
    out->v[0] = add_step(r[0], order_n[0] & mask, &c);
    out->v[1] = add_step(r[1], order_n[1] & mask, &c);
    out->v[2] = add_step(r[2], order_n[2] & mask, &c);
    out->v[3] = add_step(r[3], order_n[3] & mask, &c);
}

void cs_n_masked(struct cs_n *out, const struct cs_n *a, uint64_t mask)
{
    out->v[0] = a->v[0] & mask;
    out->v[1] = a->v[1] & mask;
    out->v[2] = a->v[2] & mask;
    out->v[3] = a->v[3] & mask;
}

void cs_n_sum_add(struct cs_n_sum *sum, const struct cs_n *a)
{
    uint64_t *v = sum->v;
    unsigned char c = 0;

    v[0] = add_step(v[0], a->v[0], &c);
    v[1] = add_step(v[1], a->v[1], &c);
    v[2] = add_step(v[2], a->v[2], &c);
    v[3] = add_step(v[3], a->v[3], &c);
    v[4] = add_step(v[4], 0, &c);
    v[5] = add_step(v[5], 0, &c);
    v[6] = add_step(v[6], 0, &c);
    v[7] = add_step(v[7], 0, &c);
    v[8] += c;
}

/* p[0..3] += a * b; p[4] is what goes beyond.  Written out, as all of this is: the
 * compiler keeps the limbs in registers then. */
static inline void mul_row(uint64_t *p, uint64_t a, const uint64_t b[LIMBS])
{
    uint64_t c = 0;

    p[0] = mul_step(p[0], a, b[0], &c);
    p[1] = mul_step(p[1], a, b[1], &c);
    p[2] = mul_step(p[2], a, b[2], &c);
    p[3] = mul_step(p[3], a, b[3], &c);
    p[4] = c;
}

void cs_n_sum_mul(struct cs_n_sum *sum, const struct cs_n *a, const struct cs_n *b)
{
    uint64_t p[2 * LIMBS] = {0}, *v = sum->v;
    unsigned char c = 0;

    mul_row(p, a->v[0], b->v);
    mul_row(p + 1, a->v[1], b->v);
    mul_row(p + 2, a->v[2], b->v);
    mul_row(p + 3, a->v[3], b->v);
    v[0] = add_step(v[0], p[0], &c);
    v[1] = add_step(v[1], p[1], &c);
    v[2] = add_step(v[2], p[2], &c);
    v[3] = add_step(v[3], p[3], &c);
    v[4] = add_step(v[4], p[4], &c);
    v[5] = add_step(v[5], p[5], &c);
    v[6] = add_step(v[6], p[6], &c);
    v[7] = add_step(v[7], p[7], &c);
    v[8] += c;
}

/* r[0..6] = v[0..3] + v[4..8] * C.  v is below 2^544, r below 2^418. */
static inline void fold_sum(uint64_t r[7], const uint64_t v[SUM])
{
    const uint64_t *h = v + LIMBS, c0 = order_c[0], c1 = order_c[1];
    unsigned char bit = 0;
    uint64_t c = 0;

    r[0] = mul_step(v[0], h[0], c0, &c);
    r[1] = mul_step(v[1], h[1], c0, &c);
    r[2] = mul_step(v[2], h[2], c0, &c);
    r[3] = mul_step(v[3], h[3], c0, &c);
    r[4] = mul_step(0, h[4], c0, &c);
    r[5] = c;
    c = 0;
    r[1] = mul_step(r[1], h[0], c1, &c);
    r[2] = mul_step(r[2], h[1], c1, &c);
    r[3] = mul_step(r[3], h[2], c1, &c);
    r[4] = mul_step(r[4], h[3], c1, &c);
    r[5] = mul_step(r[5], h[4], c1, &c);
    r[6] = c;
    r[2] = add_step(r[2], h[0], &bit);
    r[3] = add_step(r[3], h[1], &bit);
    r[4] = add_step(r[4], h[2], &bit);
    r[5] = add_step(r[5], h[3], &bit);
    r[6] = add_step(r[6], h[4], &bit);
}

/* s[0..4] = r[0..3] + r[4..6] * C: below 2^292. */
static inline void fold_three(uint64_t s[5], const uint64_t r[7])
{
    const uint64_t *h = r + LIMBS, c0 = order_c[0], c1 = order_c[1];
    unsigned char bit = 0;
    uint64_t c = 0;

    s[0] = mul_step(r[0], h[0], c0, &c);
    s[1] = mul_step(r[1], h[1], c0, &c);
    s[2] = mul_step(r[2], h[2], c0, &c);
    s[3] = add_step(r[3], c, &bit);
    s[4] = bit;
    c = 0;
    bit = 0;
    s[1] = mul_step(s[1], h[0], c1, &c);
    s[2] = mul_step(s[2], h[1], c1, &c);
    s[3] = mul_step(s[3], h[2], c1, &c);
    s[4] += c;
    s[2] = add_step(s[2], h[0], &bit);
    s[3] = add_step(s[3], h[1], &bit);
    s[4] = add_step(s[4], h[2], &bit);
}

/* The third fold has one limb of 36 bits above 2^256.  If it carries, what is below the
 * carry is less than 2^166, so that one subtraction of n is enough in any case. */
void cs_n_sum_take(struct cs_n *out, const struct cs_n_sum *sum)
{
    uint64_t r[7], s[5], c = 0;
    unsigned char bit = 0;

    fold_sum(r, sum->v);
    fold_three(s, r);
    r[0] = mul_step(s[0], s[4], order_c[0], &c);
    r[1] = mul_step(s[1], s[4], order_c[1], &c);
    r[2] = add_step(s[2], s[4] + c, &bit); /* 2^36 and 2^36: no carry */
    r[3] = add_step(s[3], 0, &bit);
    reduce_once(out, r, bit);
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
            multiply(&x, &x);
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
