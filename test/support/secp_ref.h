/* Two other implementations of arithmetic modulo the secp256k1 order: libsecp256k1's
 * public calls, with zero added, and mbedTLS's big numbers; and the values at which
 * carries and reductions turn over.  For the differential tests of PROTOCOLS 1.2. */
#ifndef CS_TEST_SUPPORT_SECP_REF_H
#define CS_TEST_SUPPORT_SECP_REF_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <mbedtls/bignum.h>
#include <secp256k1.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypto/group.h"
#include "support/stream.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define REF_SLOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||             \
    __has_feature(memory_sanitizer)
#define REF_SLOW 1
#endif
#endif

#if defined(__OPTIMIZE__) && !defined(REF_SLOW)
enum { REF_RUNS = 1000000, REF_PER_INVERSION = 10 };
#else
enum { REF_RUNS = 50000, REF_PER_INVERSION = 50 }; /* the same inputs, fewer of them */
#endif

/* 10^6, or CS_SCALAR_RUNS (test/night.sh: 10^7); inversions are a tenth. */
static inline long ref_runs(void)
{
    const char *text = getenv("CS_SCALAR_RUNS");
    long n = text == NULL ? REF_RUNS : strtol(text, NULL, 10);

    assert_in_range(n, 1, 1000000000);
    return n;
}

static const char *const edge_hex[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000001",
    "0000000000000000000000000000000000000000000000000000000000000002",
    "000000000000000000000000000000000000000000000000ffffffffffffffff",
    "0000000000000000000000000000000000000000000000010000000000000000",
    "00000000000000000000000000000000ffffffffffffffffffffffffffffffff",
    "0000000000000000000000000000000100000000000000000000000000000000",
    /* 2^256 - n and its neighbours */
    "000000000000000000000000000000014551231950b75fc4402da1732fc9bebe",
    "000000000000000000000000000000014551231950b75fc4402da1732fc9bebf",
    "000000000000000000000000000000014551231950b75fc4402da1732fc9bec0",
    "0000000000000001000000000000000000000000000000000000000000000000",
    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0", /* (n-1)/2 */
    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1", /* (n+1)/2 */
    "8000000000000000000000000000000000000000000000000000000000000000",
    "fffffffffffffffffffffffffffffffe00000000000000000000000000000000",
    "fffffffffffffffffffffffffffffffebaaedce6af48a03b0000000000000000",
    "fffffffffffffffffffffffffffffffebaaedce6af48a03affffffffffffffff",
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd036413e",
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd036413f",
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140", /* n - 1 */
};
enum { EDGES = sizeof edge_hex / sizeof edge_hex[0], TWO_256 = 8 };

static const char order_hex[] =
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

static secp256k1_context *ref_ctx;
static mbedtls_mpi ref_order;
static struct cs_scalar ref_n;

static struct cs_scalar from_hex(const char *hex)
{
    struct cs_scalar s;

    assert_int_equal(cs_unhex(s.b, sizeof s.b, hex), CS_OK);
    return s;
}

static int ref_setup(void **state)
{
    (void)state;
    ref_ctx = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    ref_n = from_hex(order_hex);
    mbedtls_mpi_init(&ref_order);
    return ref_ctx == NULL ||
           mbedtls_mpi_read_binary(&ref_order, ref_n.b, sizeof ref_n.b) != 0;
}

static int ref_teardown(void **state)
{
    (void)state;
    secp256k1_context_destroy(ref_ctx);
    mbedtls_mpi_free(&ref_order);
    return 0;
}

static inline bool ref_is_zero(const struct cs_scalar *a)
{
    static const struct cs_scalar zero;

    return memcmp(a, &zero, sizeof zero) == 0;
}

/* Any 32 bytes modulo n: at most one subtraction, bytewise. */
static struct cs_scalar ref_reduce32(const uint8_t in[32])
{
    struct cs_scalar out;
    int borrow = 0;

    memcpy(out.b, in, 32);
    if (memcmp(in, ref_n.b, 32) < 0) {
        return out;
    }
    for (int i = 31; i >= 0; i--) {
        int d = in[i] - ref_n.b[i] - borrow;

        borrow = d < 0;
        out.b[i] = (uint8_t)(d & 0xff);
    }
    return out;
}

/* Random, but with long runs of ones and zeros as often as not. */
static inline struct cs_scalar ref_draw(struct stream *s)
{
    uint8_t in[32];

    stream_edgy(s, in, sizeof in);
    return ref_reduce32(in);
}

/* ---- libsecp256k1 ---------------------------------------------------------------- */

static inline struct cs_scalar secp_add(const struct cs_scalar *a,
                                        const struct cs_scalar *b)
{
    struct cs_scalar out = *a;

    if (ref_is_zero(a)) {
        return *b;
    }
    if (secp256k1_ec_seckey_tweak_add(ref_ctx, out.b, b->b) != 1) {
        memset(&out, 0, sizeof out); /* the sum is zero: both were valid */
    }
    return out;
}

static inline struct cs_scalar secp_mul(const struct cs_scalar *a,
                                        const struct cs_scalar *b)
{
    struct cs_scalar out = *a;

    if (ref_is_zero(a) || ref_is_zero(b)) {
        memset(&out, 0, sizeof out);
        return out;
    }
    assert_int_equal(secp256k1_ec_seckey_tweak_mul(ref_ctx, out.b, b->b), 1);
    return out;
}

static inline struct cs_scalar secp_negate(const struct cs_scalar *a)
{
    struct cs_scalar out = *a;

    if (!ref_is_zero(a)) {
        assert_int_equal(secp256k1_ec_seckey_negate(ref_ctx, out.b), 1);
    }
    return out;
}

/* hi * 2^256 + lo */
static inline struct cs_scalar secp_reduce64(const uint8_t in[64])
{
    const struct cs_scalar two256 = from_hex(edge_hex[TWO_256]);
    struct cs_scalar hi = ref_reduce32(in), lo = ref_reduce32(in + 32), out;

    out = secp_mul(&hi, &two256);
    return secp_add(&out, &lo);
}

/* ---- mbedTLS --------------------------------------------------------------------- */

enum mpi_op { MPI_ADD, MPI_SUB, MPI_MUL, MPI_INV };

static inline struct cs_scalar mpi_do(enum mpi_op op, const uint8_t *a, size_t a_len,
                                      const struct cs_scalar *b)
{
    mbedtls_mpi x, y;
    struct cs_scalar out;
    int err;

    mbedtls_mpi_init(&x);
    mbedtls_mpi_init(&y);
    err = mbedtls_mpi_read_binary(&x, a, a_len);
    err |= mbedtls_mpi_read_binary(&y, b->b, sizeof b->b);
    switch (op) {
    case MPI_ADD:
        err |= mbedtls_mpi_add_mpi(&x, &x, &y);
        break;
    case MPI_SUB:
        err |= mbedtls_mpi_sub_mpi(&x, &x, &y);
        break;
    case MPI_MUL:
        err |= mbedtls_mpi_mul_mpi(&x, &x, &y);
        break;
    case MPI_INV:
        err |= mbedtls_mpi_inv_mod(&x, &x, &ref_order);
        break;
    }
    err |= mbedtls_mpi_mod_mpi(&x, &x, &ref_order); /* 0..n-1, of a negative one too */
    err |= mbedtls_mpi_write_binary(&x, out.b, sizeof out.b);
    mbedtls_mpi_free(&x);
    mbedtls_mpi_free(&y);
    assert_int_equal(err, 0);
    return out;
}

static inline struct cs_scalar mpi_of(enum mpi_op op, const struct cs_scalar *a,
                                      const struct cs_scalar *b)
{
    return mpi_do(op, a->b, sizeof a->b, b);
}

/* ---- comparing ------------------------------------------------------------------- */

static inline void ref_same(const char *what, const struct cs_scalar *a,
                            const struct cs_scalar *b, const struct cs_scalar *got,
                            const struct cs_scalar *want)
{
    char ha[65], hb[65], hg[65], hw[65];

    if (memcmp(got, want, sizeof *got) != 0) {
        fail_msg("%s of\n%s and\n%s is\n%s, not\n%s", what, cs_hex(ha, a, 32),
                 cs_hex(hb, b, 32), cs_hex(hg, got, 32), cs_hex(hw, want, 32));
    }
}

#endif
