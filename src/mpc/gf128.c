/* Two ways to multiply 64 by 64 bits without carries: the processor's instruction, or
 * integer products of numbers with holes, whose carries fall into the holes (known from
 * BearSSL's GHASH; integer multiplication is constant time on the machines we run on).
 */
#include "mpc/gf128.h"

#include <sodium.h>
#include <stdatomic.h>

static atomic_bool portable_only;

#if defined(__x86_64__)
#include <immintrin.h>

/* r ^= a * b, 256 bits. */
__attribute__((target("pclmul,sse2"))) static void
clmul_fast(uint64_t r[4], const struct cs_gf128 *a, const struct cs_gf128 *b)
{
    const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)a->v);
    const __m128i y = _mm_loadu_si128((const __m128i *)(const void *)b->v);
    __m128i lo = _mm_clmulepi64_si128(x, y, 0x00);
    __m128i hi = _mm_clmulepi64_si128(x, y, 0x11);
    const __m128i mid = _mm_xor_si128(_mm_clmulepi64_si128(x, y, 0x01),
                                      _mm_clmulepi64_si128(x, y, 0x10));
    __m128i *out = (__m128i *)(void *)r;

    lo = _mm_xor_si128(lo, _mm_slli_si128(mid, 8));
    hi = _mm_xor_si128(hi, _mm_srli_si128(mid, 8));
    _mm_storeu_si128(out, _mm_xor_si128(_mm_loadu_si128(out), lo));
    _mm_storeu_si128(out + 1, _mm_xor_si128(_mm_loadu_si128(out + 1), hi));
}

bool cs_gf128_is_fast(void)
{
    return sodium_runtime_has_pclmul() != 0 &&
           !atomic_load_explicit(&portable_only, memory_order_relaxed);
}
#else
static void clmul_fast(uint64_t r[4], const struct cs_gf128 *a,
                       const struct cs_gf128 *b)
{
    (void)r;
    (void)a;
    (void)b;
}

bool cs_gf128_is_fast(void)
{
    return false;
}
#endif

void cs_gf128_portable(bool on)
{
    atomic_store_explicit(&portable_only, on, memory_order_relaxed);
}

/* Low 64 bits of the carry-less product.  With every fourth bit, a position collects at
 * most 16 ones; 16 occurs only at the top, where the carry is lost anyway. */
static uint64_t clmul_low(uint64_t x, uint64_t y)
{
    uint64_t a[4], b[4], r = 0;

    for (unsigned i = 0; i < 4; i++) {
        a[i] = x & (0x1111111111111111u << i);
        b[i] = y & (0x1111111111111111u << i);
    }
    for (unsigned i = 0; i < 4; i++) {
        uint64_t s = 0;

        for (unsigned k = 0; k < 4; k++) {
            s ^= a[k] * b[(i - k) & 3];
        }
        r |= s & (0x1111111111111111u << i);
    }
    return r;
}

static uint64_t swap_bits(uint64_t x, unsigned by, uint64_t mask)
{
    return (x & mask) << by | (x >> by & mask);
}

static uint64_t reverse(uint64_t x)
{
    x = swap_bits(x, 1, 0x5555555555555555);
    x = swap_bits(x, 2, 0x3333333333333333);
    x = swap_bits(x, 4, 0x0f0f0f0f0f0f0f0f);
    x = swap_bits(x, 8, 0x00ff00ff00ff00ff);
    x = swap_bits(x, 16, 0x0000ffff0000ffff);
    return x << 32 | x >> 32;
}

/* The high half of a product is the low half of the reversed factors, reversed. */
static void clmul64(uint64_t out[2], uint64_t x, uint64_t y)
{
    out[0] = clmul_low(x, y);
    out[1] = reverse(clmul_low(reverse(x), reverse(y))) >> 1;
}

/* Karatsuba: three products of halves. */
static void clmul_portable(uint64_t r[4], const struct cs_gf128 *a,
                           const struct cs_gf128 *b)
{
    uint64_t lo[2], hi[2], mid[2];

    clmul64(lo, a->v[0], b->v[0]);
    clmul64(hi, a->v[1], b->v[1]);
    clmul64(mid, a->v[0] ^ a->v[1], b->v[0] ^ b->v[1]);
    mid[0] ^= lo[0] ^ hi[0];
    mid[1] ^= lo[1] ^ hi[1];
    r[0] ^= lo[0];
    r[1] ^= lo[1] ^ mid[0];
    r[2] ^= hi[0] ^ mid[1];
    r[3] ^= hi[1];
}

/* x^128 = x^7 + x^2 + x + 1: the high half times 0x87 comes down; the 7 bits that this
 * pushes above x^127 come down once more. */
static void reduce(struct cs_gf128 *out, const uint64_t r[4])
{
    uint64_t h0 = r[2], h1 = r[3];
    uint64_t over = h1 >> 63 ^ h1 >> 62 ^ h1 >> 57;

    out->v[1] = r[1] ^ h1 ^ (h1 << 1 | h0 >> 63) ^ (h1 << 2 | h0 >> 62) ^
                (h1 << 7 | h0 >> 57);
    h0 ^= over;
    out->v[0] = r[0] ^ h0 ^ h0 << 1 ^ h0 << 2 ^ h0 << 7;
}

void cs_gf128_dot(struct cs_gf128 *out, const struct cs_gf128 *last,
                  const struct cs_gf128 *a, const struct cs_gf128 *b, size_t n)
{
    uint64_t r[4] = {last->v[0], last->v[1], 0, 0};
    bool fast = cs_gf128_is_fast();

    for (size_t i = 0; i < n; i++) {
        if (fast) {
            clmul_fast(r, &a[i], &b[i]);
        } else {
            clmul_portable(r, &a[i], &b[i]);
        }
    }
    reduce(out, r);
}

void cs_gf128_mul(struct cs_gf128 *out, const struct cs_gf128 *a,
                  const struct cs_gf128 *b)
{
    static const struct cs_gf128 zero;

    cs_gf128_dot(out, &zero, a, b, 1);
}

static uint64_t load_le(const uint8_t *p)
{
    return (uint64_t)p[7] << 56 | (uint64_t)p[6] << 48 | (uint64_t)p[5] << 40 |
           (uint64_t)p[4] << 32 | (uint64_t)p[3] << 24 | (uint64_t)p[2] << 16 |
           (uint64_t)p[1] << 8 | p[0];
}

void cs_gf128_load(struct cs_gf128 *out, const uint8_t b[16])
{
    out->v[0] = load_le(b);
    out->v[1] = load_le(b + 8);
}

void cs_gf128_store(uint8_t b[16], const struct cs_gf128 *a)
{
    for (int i = 0; i < 16; i++) {
        b[i] = (uint8_t)(a->v[i / 8] >> (8 * (i % 8)));
    }
}
