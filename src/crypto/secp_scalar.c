/* Modulo n = 2^256 - C, with C of 129 bits: to reduce is to fold, that is to replace
 * hi * 2^256 by hi * C.  Limbs are 64 bits, least significant first.
 *
 * No branch, index or early end depends on a value; loop bounds are constants. */
#include "crypto/secp_scalar.h"

#include "base/mem.h"

__extension__ typedef unsigned __int128 u128;

enum { LIMBS = 4, WIDE = 8, C_LIMBS = 3, WINDOWS = 64 };

static const uint64_t order_n[LIMBS] = {0xbfd25e8cd0364141, 0xbaaedce6af48a03b,
                                        0xfffffffffffffffe, 0xffffffffffffffff};
/* 2^256 - n */
static const uint64_t order_c[C_LIMBS] = {0x402da1732fc9bebf, 0x4551231950b75fc4, 1};
/* n - 2, the exponent of the inverse: public. */
static const uint64_t order_minus_2[LIMBS] = {0xbfd25e8cd036413f, 0xbaaedce6af48a03b,
                                              0xfffffffffffffffe, 0xffffffffffffffff};

struct num {
    uint64_t v[LIMBS];
};

static uint64_t load_be(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

static void load(struct num *out, const uint8_t b[32])
{
    for (int i = 0; i < LIMBS; i++) {
        out->v[i] = load_be(b + 8 * (LIMBS - 1 - i));
    }
}

static void store(struct cs_scalar *out, const struct num *a)
{
    for (int i = 0; i < CS_SCALAR_LEN; i++) {
        int from_right = CS_SCALAR_LEN - 1 - i;

        out->b[i] = (uint8_t)(a->v[from_right / 8] >> (8 * (from_right % 8)));
    }
}

/* All ones when flag is 1, zero when it is 0.  The volatile keeps the compiler from
 * turning the masks that follow back into branches. */
static uint64_t mask_of(uint64_t flag)
{
    volatile uint64_t hidden = flag;

    return 0 - hidden;
}

/* Everything that depends on a value lives in here, so that each entry point wipes one
 * thing once. */
struct work {
    struct num a, b, less;
    uint64_t r[WIDE], hi[LIMBS];
};

/* r = a - n, returns the borrow: 1 when a < n. */
static uint64_t sub_n(struct num *r, const struct num *a)
{
    uint64_t borrow = 0;

    for (int i = 0; i < LIMBS; i++) {
        u128 d = (u128)a->v[i] - order_n[i] - borrow;

        r->v[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
    return borrow;
}

/* out = low half of r, less n if that leaves no borrow: r < 2^256 < 2n. */
static void finish(struct work *w, struct num *out)
{
    uint64_t keep;

    for (int i = 0; i < LIMBS; i++) {
        out->v[i] = w->r[i];
    }
    keep = mask_of(sub_n(&w->less, out));
    for (int i = 0; i < LIMBS; i++) {
        out->v[i] = (out->v[i] & keep) | (w->less.v[i] & ~keep);
    }
}

/* r = low half + high half * C: the same number modulo n. */
static void fold(struct work *w)
{
    for (int i = 0; i < LIMBS; i++) {
        w->hi[i] = w->r[LIMBS + i];
        w->r[LIMBS + i] = 0;
    }
    for (int i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;

        for (int j = 0; j < C_LIMBS; j++) {
            u128 t = (u128)w->hi[i] * order_c[j] + w->r[i + j] + carry;

            w->r[i + j] = (uint64_t)t;
            carry = (uint64_t)(t >> 64);
        }
        for (int k = i + C_LIMBS; k < WIDE; k++) {
            u128 t = (u128)w->r[k] + carry;

            w->r[k] = (uint64_t)t;
            carry = (uint64_t)(t >> 64);
        }
    }
}

/* Any 512-bit r.  Upper bounds after each fold: 2^256 + 2^385, 2^256 + 2^259,
 * 2^256 + 2^133; the fourth finds a high half of 0 or 1, and if it is 1 the low half
 * is below 2^133: so what is left is below 2^256. */
static void reduce_wide(struct work *w, struct num *out)
{
    for (int i = 0; i < 4; i++) {
        fold(w);
    }
    finish(w, out);
}

static void num_mul(struct work *w, struct num *out, const struct num *a,
                    const struct num *b)
{
    for (int i = 0; i < WIDE; i++) {
        w->r[i] = 0;
    }
    for (int i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;

        for (int j = 0; j < LIMBS; j++) {
            u128 t = (u128)a->v[i] * b->v[j] + w->r[i + j] + carry;

            w->r[i + j] = (uint64_t)t;
            carry = (uint64_t)(t >> 64);
        }
        w->r[i + LIMBS] = carry;
    }
    reduce_wide(w, out);
}

void cs_secp_mul(struct cs_scalar *out, const struct cs_scalar *a,
                 const struct cs_scalar *b)
{
    struct work w;

    load(&w.a, a->b);
    load(&w.b, b->b);
    num_mul(&w, &w.a, &w.a, &w.b);
    store(out, &w.a);
    cs_wipe(&w, sizeof w);
}

void cs_secp_add(struct cs_scalar *out, const struct cs_scalar *a,
                 const struct cs_scalar *b)
{
    struct work w = {.r = {0}};

    load(&w.a, a->b);
    load(&w.b, b->b);
    for (int i = 0; i < LIMBS; i++) {
        u128 t = (u128)w.a.v[i] + w.b.v[i] + w.r[i];

        w.r[i] = (uint64_t)t;
        w.r[i + 1] = (uint64_t)(t >> 64);
    }
    fold(&w); /* a + b < 2n: with a carry folded it is below n, without below 2^256 */
    finish(&w, &w.a);
    store(out, &w.a);
    cs_wipe(&w, sizeof w);
}

void cs_secp_negate(struct cs_scalar *out, const struct cs_scalar *a)
{
    struct num x;
    uint64_t any, keep, borrow = 0;

    load(&x, a->b);
    any = x.v[0] | x.v[1] | x.v[2] | x.v[3];
    keep = mask_of((any | (0 - any)) >> 63); /* n - 0 must be 0, not n */
    for (int i = 0; i < LIMBS; i++) {
        u128 d = (u128)order_n[i] - x.v[i] - borrow;

        x.v[i] = (uint64_t)d & keep;
        borrow = (uint64_t)(d >> 64) & 1;
    }
    store(out, &x);
    cs_wipe(&x, sizeof x);
}

/* Fixed 4-bit windows over a public exponent: the same sequence for every a. */
void cs_secp_invert(struct cs_scalar *out, const struct cs_scalar *a)
{
    struct num power[16] = {{{1, 0, 0, 0}}};
    struct work w;

    load(&power[1], a->b);
    for (int i = 2; i < 16; i++) {
        num_mul(&w, &power[i], &power[i - 1], &power[1]);
    }
    w.a = power[0];
    for (int k = WINDOWS - 1; k >= 0; k--) {
        unsigned digit = (unsigned)(order_minus_2[k / 16] >> (4 * (k % 16)) & 15);

        for (int i = 0; i < 4; i++) {
            num_mul(&w, &w.a, &w.a, &w.a);
        }
        num_mul(&w, &w.a, &w.a, &power[digit]);
    }
    store(out, &w.a);
    cs_wipe(power, sizeof power);
    cs_wipe(&w, sizeof w);
}

void cs_secp_reduce64(struct cs_scalar *out, const uint8_t in[64])
{
    struct work w;

    for (int i = 0; i < WIDE; i++) {
        w.r[i] = load_be(in + 8 * (WIDE - 1 - i));
    }
    reduce_wide(&w, &w.a);
    store(out, &w.a);
    cs_wipe(&w, sizeof w);
}
