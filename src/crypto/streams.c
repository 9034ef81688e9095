/* ChaCha20 (RFC 8439) under eight keys at once, one in each lane of a vector: the pads
 * of RVOLE are 1248 streams of 96 bytes per party and signature.  Plain C on the
 * compiler's vectors, compiled a second time for AVX2 and chosen at run time. */
#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/oracle.h"

enum { ROUNDS = 20 };

typedef uint32_t v8 __attribute__((vector_size(4 * CS_STREAMS)));
typedef uint8_t b32 __attribute__((vector_size(4 * CS_STREAMS)));

#define INLINE             static inline __attribute__((always_inline))
#define SHUFFLE(a, b, ...) (v8) __builtin_shufflevector(a, b, __VA_ARGS__)

/* Four words of the state, of all lanes: a row of the matrix that ChaCha20 works on. In
 * variables, not in an array, so that they stay in registers. */
struct row {
    v8 a, b, c, d;
};

/* By whole bytes a rotation is a shuffle: one operation instead of three. */
#define BYTES(i, p, q, r, s) (i) + (p), (i) + (q), (i) + (r), (i) + (s)
#define WORDS_OF(p, q, r, s)                                                           \
    BYTES(0, p, q, r, s), BYTES(4, p, q, r, s), BYTES(8, p, q, r, s),                  \
        BYTES(12, p, q, r, s), BYTES(16, p, q, r, s), BYTES(20, p, q, r, s),           \
        BYTES(24, p, q, r, s), BYTES(28, p, q, r, s)

/* Macros: a vector is not returned by a function that may have no registers for it. */
#define LEFT_16(x) SHUFFLE((b32)(x), (b32)(x), WORDS_OF(2, 3, 0, 1))
#define LEFT_12(x) ((x) << 12 | (x) >> 20)
#define LEFT_8(x)  SHUFFLE((b32)(x), (b32)(x), WORDS_OF(3, 0, 1, 2))
#define LEFT_7(x)  ((x) << 7 | (x) >> 25)

/* x += y; z = rotate(z ^ x): a step of four quarter rounds side by side. */
#define STEP(x, y, z, rotate)                                                          \
    do {                                                                               \
        x->a += y->a, x->b += y->b, x->c += y->c, x->d += y->d;                        \
        z->a ^= x->a, z->b ^= x->b, z->c ^= x->c, z->d ^= x->d;                        \
        z->a = rotate(z->a), z->b = rotate(z->b);                                      \
        z->c = rotate(z->c), z->d = rotate(z->d);                                      \
    } while (0)

INLINE void quarters(struct row *p, struct row *q, struct row *r, struct row *s)
{
    STEP(p, q, s, LEFT_16);
    STEP(r, s, q, LEFT_12);
    STEP(p, q, s, LEFT_8);
    STEP(r, s, q, LEFT_7);
}

/* Columns, then diagonals: the rows turned by 1, 2 and 3 words and back. */
INLINE void double_round(struct row x[4])
{
    struct row q, r, s;

    quarters(&x[0], &x[1], &x[2], &x[3]);
    q = (struct row){x[1].b, x[1].c, x[1].d, x[1].a};
    r = (struct row){x[2].c, x[2].d, x[2].a, x[2].b};
    s = (struct row){x[3].d, x[3].a, x[3].b, x[3].c};
    quarters(&x[0], &q, &r, &s);
    x[1] = (struct row){q.d, q.a, q.b, q.c};
    x[2] = (struct row){r.c, r.d, r.a, r.b};
    x[3] = (struct row){s.b, s.c, s.d, s.a};
}

INLINE void row_add(struct row *x, const struct row *y)
{
    x->a += y->a, x->b += y->b, x->c += y->c, x->d += y->d;
}

INLINE void block(struct row x[4], const struct row in[4])
{
    x[0] = in[0], x[1] = in[1], x[2] = in[2], x[3] = in[3];
    for (int i = 0; i < ROUNDS; i += 2) {
        double_round(x);
    }
    row_add(&x[0], &in[0]);
    row_add(&x[1], &in[1]);
    row_add(&x[2], &in[2]);
    row_add(&x[3], &in[3]);
}

/* Of four words from eight lanes: lanes 0..3 and 4..7 have their words together. */
INLINE void gather(v8 out[4], const struct row *x)
{
    v8 ab0 = SHUFFLE(x->a, x->b, 0, 8, 1, 9, 4, 12, 5, 13);
    v8 ab1 = SHUFFLE(x->a, x->b, 2, 10, 3, 11, 6, 14, 7, 15);
    v8 cd0 = SHUFFLE(x->c, x->d, 0, 8, 1, 9, 4, 12, 5, 13);
    v8 cd1 = SHUFFLE(x->c, x->d, 2, 10, 3, 11, 6, 14, 7, 15);

    out[0] = SHUFFLE(ab0, cd0, 0, 1, 8, 9, 4, 5, 12, 13);   /* lanes 0 and 4 */
    out[1] = SHUFFLE(ab0, cd0, 2, 3, 10, 11, 6, 7, 14, 15); /* 1 and 5 */
    out[2] = SHUFFLE(ab1, cd1, 0, 1, 8, 9, 4, 5, 12, 13);   /* 2 and 6 */
    out[3] = SHUFFLE(ab1, cd1, 2, 3, 10, 11, 6, 7, 14, 15); /* 3 and 7 */
}

/* 16 bytes of each stream. */
INLINE void store(uint8_t out[CS_STREAMS][CS_STREAMS_LEN], size_t at,
                  const struct row *x)
{
    v8 t[4];

    gather(t, x);
    for (size_t i = 0; i < 4; i++) {
        memcpy(out[i] + at, &t[i], 16);
        memcpy(out[i + 4] + at, (const uint8_t *)&t[i] + 16, 16);
    }
}

/* Words `from` to `from` + 3 of each key. */
INLINE void load(struct row *x, const uint8_t key[CS_STREAMS][32], size_t from)
{
    for (size_t l = 0; l < CS_STREAMS; l++) {
        uint32_t w[4];

        memcpy(w, key[l] + 4 * from, sizeof w);
        x->a[l] = w[0];
        x->b[l] = w[1];
        x->c[l] = w[2];
        x->d[l] = w[3];
    }
}

INLINE void streams(uint8_t out[CS_STREAMS][CS_STREAMS_LEN],
                    const uint8_t key[CS_STREAMS][32])
{
    const v8 zero = {0};
    struct row in[4] = {
        {zero + 0x61707865, zero + 0x3320646e, zero + 0x79622d32, zero + 0x6b206574},
        {zero, zero, zero, zero}, /* the key */
        {zero, zero, zero, zero},
        {zero, zero, zero, zero}, /* counter and nonce */
    };
    struct row x[4];

    load(&in[1], key, 0);
    load(&in[2], key, 4);
    block(x, in);
    store(out, 0, &x[0]);
    store(out, 16, &x[1]);
    store(out, 32, &x[2]);
    store(out, 48, &x[3]);
    in[3].a += 1;
    block(x, in);
    store(out, 64, &x[0]);
    store(out, 80, &x[1]);
    cs_wipe(in, sizeof in);
    cs_wipe(x, sizeof x);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && CS_STREAMS_LEN == 96,
               "words are stored as they stand");

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
