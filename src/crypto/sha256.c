/* FIPS 180-4.  The compression with SHA instructions follows Intel's description of
 * them
 * ("Intel SHA Extensions", 2013); everything else is libsodium's. */
#include "crypto/sha256.h"

#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK = 64 };

static atomic_bool portable_only;

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2};

/* Leaf 7: SHA is bit 29 of EBX; leaf 1: SSE4.1 is bit 19, SSSE3 bit 9 of ECX. */
static bool cpu_has_sha(void)
{
    unsigned a, b, c, d;
    const unsigned sse = 1u << 19 | 1u << 9;

    return __get_cpuid(1, &a, &b, &c, &d) == 1 && (c & sse) == sse &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) == 1 && (b >> 29 & 1) == 1;
}

static bool fast_possible(void)
{
    static atomic_int known; /* 0 not asked, 1 no, 2 yes */
    int v = atomic_load_explicit(&known, memory_order_relaxed);

    if (v == 0) {
        v = cpu_has_sha() ? 2 : 1;
        atomic_store_explicit(&known, v, memory_order_relaxed);
    }
    return v == 2;
}

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))

TARGET static inline __m128i load16(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

/* Four rounds with w + k. */
TARGET static inline void rounds4(__m128i *abef, __m128i *cdgh, __m128i w, int i)
{
    __m128i wk = _mm_add_epi32(w, load16(&k[4 * i]));

    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, wk);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(wk, 0x0e));
}

/* The four words after m[0..3]. */
TARGET static inline __m128i schedule(const __m128i m[4])
{
    __m128i w = _mm_sha256msg1_epu32(m[0], m[1]);

    w = _mm_add_epi32(w, _mm_alignr_epi8(m[3], m[2], 4));
    return _mm_sha256msg2_epu32(w, m[3]);
}

TARGET static void compress_block(__m128i *abef, __m128i *cdgh, const uint8_t *p)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    const __m128i abef0 = *abef, cdgh0 = *cdgh;
    __m128i m[4];

    for (int i = 0; i < 4; i++) {
        m[i] = _mm_shuffle_epi8(load16(p + 16 * i), swap);
        rounds4(abef, cdgh, m[i], i);
    }
    for (int i = 4; i < 16; i++) {
        __m128i w = schedule(m);

        m[0] = m[1];
        m[1] = m[2];
        m[2] = m[3];
        m[3] = w;
        rounds4(abef, cdgh, w, i);
    }
    *abef = _mm_add_epi32(*abef, abef0);
    *cdgh = _mm_add_epi32(*cdgh, cdgh0);
}

TARGET static void compress(uint32_t state[8], const uint8_t *p, size_t blocks)
{
    __m128i lo = _mm_shuffle_epi32(load16(&state[0]), 0xb1); /* c d a b */
    __m128i hi = _mm_shuffle_epi32(load16(&state[4]), 0x1b); /* e f g h */
    __m128i abef = _mm_alignr_epi8(lo, hi, 8);
    __m128i cdgh = _mm_blend_epi16(hi, lo, 0xf0);

    for (size_t i = 0; i < blocks; i++) {
        compress_block(&abef, &cdgh, p + BLOCK * i);
    }
    lo = _mm_shuffle_epi32(abef, 0x1b); /* f e b a */
    hi = _mm_shuffle_epi32(cdgh, 0xb1); /* d c h g */
    _mm_storeu_si128((__m128i *)(void *)&state[0], _mm_blend_epi16(lo, hi, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)&state[4], _mm_alignr_epi8(hi, lo, 8));
}

#else /* not x86: libsodium alone */

static bool fast_possible(void)
{
    return false;
}

static void compress(uint32_t state[8], const uint8_t *p, size_t blocks)
{
    (void)state;
    (void)p;
    (void)blocks;
    CS_ASSERT(false);
}

#endif

bool cs_sha256_is_fast(void)
{
    return fast_possible() &&
           !atomic_load_explicit(&portable_only, memory_order_relaxed);
}

void cs_sha256_portable(bool on)
{
    atomic_store_explicit(&portable_only, on, memory_order_relaxed);
}

/* libsodium's state: count in bits, buf holds the bytes of an unfinished block. */
static void update_fast(crypto_hash_sha256_state *st, const uint8_t *p, size_t n)
{
    size_t have = (size_t)(st->count >> 3) % BLOCK, blocks;

    st->count += (uint64_t)n << 3;
    if (have > 0) {
        size_t take = n < BLOCK - have ? n : BLOCK - have;

        memcpy(st->buf + have, p, take);
        p += take;
        n -= take;
        if (have + take < BLOCK) {
            return;
        }
        compress(st->state, st->buf, 1);
    }
    blocks = n / BLOCK;
    compress(st->state, p, blocks);
    memcpy(st->buf, p + blocks * BLOCK, n % BLOCK);
}

void cs_sha256_update(crypto_hash_sha256_state *st, const uint8_t *p, size_t n)
{
    if (n == 0) {
        return;
    }
    if (cs_sha256_is_fast()) {
        update_fast(st, p, n);
    } else {
        (void)crypto_hash_sha256_update(st, p, n);
    }
}

static void put_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

void cs_sha256_final(crypto_hash_sha256_state *st, uint8_t out[32])
{
    size_t have = (size_t)(st->count >> 3) % BLOCK;

    if (!cs_sha256_is_fast()) {
        (void)crypto_hash_sha256_final(st, out);
        return;
    }
    st->buf[have++] = 0x80;
    if (have > BLOCK - 8) {
        memset(st->buf + have, 0, BLOCK - have);
        compress(st->state, st->buf, 1);
        have = 0;
    }
    memset(st->buf + have, 0, BLOCK - 8 - have);
    put_be32(st->buf + BLOCK - 8, (uint32_t)(st->count >> 32));
    put_be32(st->buf + BLOCK - 4, (uint32_t)st->count);
    compress(st->state, st->buf, 1);
    for (int i = 0; i < 8; i++) {
        put_be32(out + 4 * i, st->state[i]);
    }
    cs_wipe(st, sizeof *st);
}

void cs_sha256_short(uint8_t out[32], const crypto_hash_sha256_state *st,
                     const uint8_t *p, size_t n)
{
    uint8_t block[BLOCK] = {0};
    uint32_t state[8];
    uint64_t bits = st->count + ((uint64_t)n << 3);

    CS_ASSERT(n < BLOCK - 8 && (st->count >> 3) % BLOCK == 0);
    if (!cs_sha256_is_fast()) {
        crypto_hash_sha256_state copy = *st;

        (void)crypto_hash_sha256_update(&copy, p, n);
        (void)crypto_hash_sha256_final(&copy, out);
        return;
    }
    memcpy(state, st->state, sizeof state);
    memcpy(block, p, n);
    block[n] = 0x80;
    put_be32(block + BLOCK - 8, (uint32_t)(bits >> 32));
    put_be32(block + BLOCK - 4, (uint32_t)bits);
    compress(state, block, 1);
    for (int i = 0; i < 8; i++) {
        put_be32(out + 4 * i, state[i]);
    }
    cs_wipe(block, sizeof block);
    cs_wipe(state, sizeof state);
}
