/* Numbers modulo p = 2^255 - 19 for ristretto255 (RFC 9496): private to ristretto_*.c.
 *
 * Five limbs of 51 bits in 64-bit words, after curve25519-donna-c64 (A. Langley, public
 * domain) and Bernstein, Duif, Lange, Schwabe, Yang: "High-speed high-security
 * signatures" (2011), 4; the reduction's bounds as in the documentation of
 * curve25519-dalek.  Sums and differences do not carry: each function says how large
 * its limbs may be, and what comes out:
 *
 *   tight   below 2^51 + 2^17   products, squares, fe_carry, loaded numbers, constants
 *   loose   below 2^54          what products, squares, fe_carry, fe_store take
 *
 * CS_FE_CHECK (a test's build) asserts that at every call.  No branch, index or early
 * end depends on a value.  Any thread. */
#ifndef CS_CRYPTO_RISTRETTO_FIELD_H
#define CS_CRYPTO_RISTRETTO_FIELD_H

#include "crypto/ristretto.h"
#include "crypto/secp_n.h"

#ifdef CS_FE_CHECK
#define FE_BELOW(a, bound) CS_ASSERT(fe_below(a, bound))
#else
#define FE_BELOW(a, bound) ((void)(a), (void)(bound))
#endif

__extension__ typedef unsigned __int128 fe_wide;

/* gcc does not take them in by itself, and half of a short function is its frame. */
#define FE_INLINE static inline __attribute__((always_inline))

#define FE_MASK  UINT64_C(0x7ffffffffffff)           /* 2^51 - 1 */
#define FE_TIGHT (FE_MASK + 1 + (UINT64_C(1) << 17)) /* 2^51 + 2^17 */
#define FE_LOOSE (UINT64_C(1) << 54)
#define FE_4P0   UINT64_C(0x1fffffffffffb4) /* lowest limb of 4p */
#define FE_4PX   UINT64_C(0x1ffffffffffffc) /* the others */

static inline bool fe_below(const struct cs_fe *a, uint64_t bound)
{
    return a->v[0] < bound && a->v[1] < bound && a->v[2] < bound && a->v[3] < bound &&
           a->v[4] < bound;
}

/* a + b: their bounds add. */
static inline void fe_add(struct cs_fe *out, const struct cs_fe *a,
                          const struct cs_fe *b)
{
    FE_BELOW(a, FE_LOOSE);
    FE_BELOW(b, FE_LOOSE);
    out->v[0] = a->v[0] + b->v[0];
    out->v[1] = a->v[1] + b->v[1];
    out->v[2] = a->v[2] + b->v[2];
    out->v[3] = a->v[3] + b->v[3];
    out->v[4] = a->v[4] + b->v[4];
}

/* a + 4p - b: a below 2^53, b not above 4p (two tight ones added are below); loose. */
static inline void fe_sub(struct cs_fe *out, const struct cs_fe *a,
                          const struct cs_fe *b)
{
    FE_BELOW(a, FE_LOOSE / 2);
    FE_BELOW(b, FE_4P0);
    out->v[0] = a->v[0] + FE_4P0 - b->v[0];
    out->v[1] = a->v[1] + FE_4PX - b->v[1];
    out->v[2] = a->v[2] + FE_4PX - b->v[2];
    out->v[3] = a->v[3] + FE_4PX - b->v[3];
    out->v[4] = a->v[4] + FE_4PX - b->v[4];
}

/* Loose to tight. */
static inline void fe_carry(struct cs_fe *out, const struct cs_fe *a)
{
    const uint64_t *v = a->v;
    uint64_t c0 = v[0] >> 51, c1 = v[1] >> 51, c2 = v[2] >> 51, c3 = v[3] >> 51,
             c4 = v[4] >> 51;

    FE_BELOW(a, FE_LOOSE);
    out->v[0] = (v[0] & FE_MASK) + 19 * c4;
    out->v[1] = (v[1] & FE_MASK) + c0;
    out->v[2] = (v[2] & FE_MASK) + c1;
    out->v[3] = (v[3] & FE_MASK) + c2;
    out->v[4] = (v[4] & FE_MASK) + c3;
}

/* Bits 51 and above of a column; with + the compiler does not make a double shift of
 * it, which is slow. */
FE_INLINE uint64_t fe_high(fe_wide r)
{
    return ((uint64_t)(r >> 64) << 13) + ((uint64_t)r >> 51);
}

/* a * b: loose to tight.  2^255 is 19, so that of loose factors the lowest column is
 * below 77 * 2^108 (1 + 4 * 19 products) and its carry below 2^63.3, and the highest,
 * which is not multiplied, below 2^110.4 with the carry into it: 19 times its own carry
 * still fits 64 bits.  Carries go up one after the other: fewest instructions. */
FE_INLINE void fe_mul(struct cs_fe *out, const struct cs_fe *a, const struct cs_fe *b)
{
    const uint64_t a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
    const uint64_t b0 = b->v[0], b1 = b->v[1], b2 = b->v[2], b3 = b->v[3], b4 = b->v[4];
    const uint64_t a1x = 19 * a1, a2x = 19 * a2, a3x = 19 * a3, a4x = 19 * a4;
    uint64_t t0, t1, t2, t3;
    fe_wide r;

    FE_BELOW(a, FE_LOOSE);
    FE_BELOW(b, FE_LOOSE);
    r = (fe_wide)a0 * b0 + (fe_wide)a4x * b1 + (fe_wide)a3x * b2 + (fe_wide)a2x * b3 +
        (fe_wide)a1x * b4;
    t0 = (uint64_t)r & FE_MASK;
    r = (fe_wide)fe_high(r) + (fe_wide)a1 * b0 + (fe_wide)a0 * b1 + (fe_wide)a4x * b2 +
        (fe_wide)a3x * b3 + (fe_wide)a2x * b4;
    t1 = (uint64_t)r & FE_MASK;
    r = (fe_wide)fe_high(r) + (fe_wide)a2 * b0 + (fe_wide)a1 * b1 + (fe_wide)a0 * b2 +
        (fe_wide)a4x * b3 + (fe_wide)a3x * b4;
    t2 = (uint64_t)r & FE_MASK;
    r = (fe_wide)fe_high(r) + (fe_wide)a3 * b0 + (fe_wide)a2 * b1 + (fe_wide)a1 * b2 +
        (fe_wide)a0 * b3 + (fe_wide)a4x * b4;
    t3 = (uint64_t)r & FE_MASK;
    r = (fe_wide)fe_high(r) + (fe_wide)a4 * b0 + (fe_wide)a3 * b1 + (fe_wide)a2 * b2 +
        (fe_wide)a1 * b3 + (fe_wide)a0 * b4;
    t0 += 19 * fe_high(r);
    out->v[0] = t0 & FE_MASK;
    out->v[1] = t1 + (t0 >> 51); /* below 2^51 + 2^13 */
    out->v[2] = t2;
    out->v[3] = t3;
    out->v[4] = (uint64_t)r & FE_MASK;
    FE_BELOW(out, FE_TIGHT);
}

/* Five columns to tight limbs, all carries at once and twice: shortest way through,
 * which counts where each square waits for the one before.  Bounds as above; the second
 * carry is below 2^13, and below 2^17 with its 19. */
FE_INLINE void fe_reduce(struct cs_fe *out, fe_wide r0, fe_wide r1, fe_wide r2,
                         fe_wide r3, fe_wide r4)
{
    const uint64_t t0 = ((uint64_t)r0 & FE_MASK) + 19 * fe_high(r4),
                   t1 = ((uint64_t)r1 & FE_MASK) + fe_high(r0),
                   t2 = ((uint64_t)r2 & FE_MASK) + fe_high(r1),
                   t3 = ((uint64_t)r3 & FE_MASK) + fe_high(r2),
                   t4 = ((uint64_t)r4 & FE_MASK) + fe_high(r3);

    out->v[0] = (t0 & FE_MASK) + 19 * (t4 >> 51);
    out->v[1] = (t1 & FE_MASK) + (t0 >> 51);
    out->v[2] = (t2 & FE_MASK) + (t1 >> 51);
    out->v[3] = (t3 & FE_MASK) + (t2 >> 51);
    out->v[4] = (t4 & FE_MASK) + (t3 >> 51);
    FE_BELOW(out, FE_TIGHT);
}

/* a^2: loose to tight. */
FE_INLINE void fe_square(struct cs_fe *out, const struct cs_fe *a)
{
    const uint64_t a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
    const uint64_t b0 = 2 * a0, b1 = 2 * a1, b2 = 2 * a2, b3 = 2 * a3;
    const uint64_t a3x = 19 * a3, a4x = 19 * a4;

    FE_BELOW(a, FE_LOOSE);
    fe_reduce(out, (fe_wide)a0 * a0 + (fe_wide)b1 * a4x + (fe_wide)b2 * a3x,
              (fe_wide)b0 * a1 + (fe_wide)b2 * a4x + (fe_wide)a3 * a3x,
              (fe_wide)b0 * a2 + (fe_wide)a1 * a1 + (fe_wide)b3 * a4x,
              (fe_wide)b0 * a3 + (fe_wide)b1 * a2 + (fe_wide)a4 * a4x,
              (fe_wide)b0 * a4 + (fe_wide)b1 * a3 + (fe_wide)a2 * a2);
}

/* out = mask all ones ? b : out */
static inline void fe_move(struct cs_fe *out, const struct cs_fe *b, uint64_t mask)
{
    for (int i = 0; i < 5; i++) {
        out->v[i] ^= (out->v[i] ^ b->v[i]) & mask;
    }
}

extern const struct cs_fe cs_fe_zero, cs_fe_one, cs_fe_d, cs_fe_2d, cs_fe_sqrt_m1;
extern const struct cs_ristretto cs_ristretto_identity;

/* Any 255 bits, above p too; the top bit is ignored.  Tight. */
void cs_fe_load(struct cs_fe *out, const uint8_t b[32]);
/* The least representative.  Loose. */
void cs_fe_store(uint8_t b[32], const struct cs_fe *a);
/* All ones or zero. */
uint64_t cs_fe_is_zero(const struct cs_fe *a);     /* loose */
uint64_t cs_fe_is_negative(const struct cs_fe *a); /* loose; odd, as in RFC 9496, 3.1 */
/* out = mask all ones ? -a : a.  Tight to tight. */
void cs_fe_negate_if(struct cs_fe *out, const struct cs_fe *a, uint64_t mask);
/* out = |a|.  Loose to tight. */
void cs_fe_abs(struct cs_fe *out, const struct cs_fe *a);
/* 1/a, and 0 for 0.  Loose to tight. */
void cs_fe_invert(struct cs_fe *out, const struct cs_fe *a);
/* RFC 9496, 4.2, SQRT_RATIO_M1: *out = |sqrt(u/v)| and all ones, or |sqrt(i u/v)| and
 * zero when that is no square; of u = 0 it is 0 and all ones, of v = 0 0 and zero.
 * Tight to tight. */
uint64_t cs_fe_sqrt_ratio(struct cs_fe *out, const struct cs_fe *u,
                          const struct cs_fe *v);

#endif
