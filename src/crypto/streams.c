/* ChaCha20 (RFC 8439) under eight keys at once, one in each lane of a vector: the pads
 * of RVOLE are 1248 streams of 96 bytes per party and signature.  Plain C on the
 * compiler's vectors, compiled a second time for AVX2 and chosen at run time. */
#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/oracle.h"

enum { WORDS = 16, BLOCKS = 2, ROUNDS = 20 };

typedef uint32_t v8 __attribute__((vector_size(4 * CS_STREAMS)));

#define INLINE static inline __attribute__((always_inline))

INLINE void mix(v8 *a, v8 *b, v8 *d, int rot)
{
    *a += *b;
    *d ^= *a;
    *d = *d << rot | *d >> (32 - rot);
}

INLINE void quarter(v8 x[WORDS], int a, int b, int c, int d)
{
    mix(&x[a], &x[b], &x[d], 16);
    mix(&x[c], &x[d], &x[b], 12);
    mix(&x[a], &x[b], &x[d], 8);
    mix(&x[c], &x[d], &x[b], 7);
}

INLINE void block(v8 out[WORDS], const v8 in[WORDS])
{
    for (int i = 0; i < WORDS; i++) {
        out[i] = in[i];
    }
    for (int r = 0; r < ROUNDS; r += 2) {
        quarter(out, 0, 4, 8, 12);
        quarter(out, 1, 5, 9, 13);
        quarter(out, 2, 6, 10, 14);
        quarter(out, 3, 7, 11, 15);
        quarter(out, 0, 5, 10, 15);
        quarter(out, 1, 6, 11, 12);
        quarter(out, 2, 7, 8, 13);
        quarter(out, 3, 4, 9, 14);
    }
    for (int i = 0; i < WORDS; i++) {
        out[i] += in[i];
    }
}

INLINE uint32_t load_le(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

INLINE void store_le(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

INLINE void streams(uint8_t out[CS_STREAMS][CS_STREAMS_LEN],
                    const uint8_t key[CS_STREAMS][32])
{
    static const uint32_t sigma[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    v8 in[WORDS], x[WORDS];

    memset(in, 0, sizeof in); /* nonce 0 */
    for (int l = 0; l < CS_STREAMS; l++) {
        for (int i = 0; i < 4; i++) {
            in[i][l] = sigma[i];
        }
        for (int i = 0; i < 8; i++) {
            in[4 + i][l] = load_le(key[l] + 4 * i);
        }
    }
    for (int b = 0; b < BLOCKS; b++) {
        block(x, in);
        for (int l = 0; l < CS_STREAMS; l++) {
            for (int i = 0; i < WORDS && 64 * b + 4 * i < CS_STREAMS_LEN; i++) {
                store_le(out[l] + 64 * b + 4 * i, x[i][l]);
            }
        }
        for (int l = 0; l < CS_STREAMS; l++) {
            in[12][l]++;
        }
    }
    cs_wipe(in, sizeof in);
    cs_wipe(x, sizeof x);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void
streams_avx2(uint8_t out[CS_STREAMS][CS_STREAMS_LEN], const uint8_t key[CS_STREAMS][32])
{
    streams(out, key);
}
#endif

void cs_streams(uint8_t out[CS_STREAMS][CS_STREAMS_LEN],
                const uint8_t key[CS_STREAMS][32])
{
#if defined(__x86_64__)
    if (sodium_runtime_has_avx2() != 0) {
        streams_avx2(out, key);
        return;
    }
#endif
    streams(out, key);
}
