/* Our scalar arithmetic modulo the secp256k1 order against libsecp256k1's, as
 * PROTOCOLS 1.2 demands of a private implementation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <secp256k1.h>

#include "base/text.h"
#include "crypto/secp_scalar.h"
#include "support/stream.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||             \
    __has_feature(memory_sanitizer)
#define SLOW 1
#endif
#endif

#if defined(__OPTIMIZE__) && !defined(SLOW)
enum { RUNS = 10000000, INVERSIONS = 100000 };
#else
enum { RUNS = 1000000, INVERSIONS = 10000 }; /* the same inputs, fewer of them */
#endif

static secp256k1_context *ctx;

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
enum { EDGES = sizeof edge_hex / sizeof edge_hex[0] };

static const char order_hex[] =
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

static struct cs_scalar from_hex(const char *hex)
{
    struct cs_scalar s;

    assert_int_equal(cs_unhex(s.b, sizeof s.b, hex), CS_OK);
    return s;
}

static bool is_zero(const struct cs_scalar *a)
{
    static const struct cs_scalar zero;

    return memcmp(a, &zero, sizeof zero) == 0;
}

/* ---- the library, with zero added ---------------------------------------------- */

/* Any 32 bytes modulo n: at most one subtraction, bytewise. */
static struct cs_scalar ref_reduce32(const uint8_t in[32])
{
    struct cs_scalar order = from_hex(order_hex), out;
    int borrow = 0;

    memcpy(out.b, in, 32);
    if (memcmp(in, order.b, 32) < 0) {
        return out;
    }
    for (int i = 31; i >= 0; i--) {
        int d = in[i] - order.b[i] - borrow;

        borrow = d < 0;
        out.b[i] = (uint8_t)(d & 0xff);
    }
    return out;
}

static struct cs_scalar ref_add(const struct cs_scalar *a, const struct cs_scalar *b)
{
    struct cs_scalar out = *a;

    if (is_zero(a)) {
        return *b;
    }
    if (secp256k1_ec_seckey_tweak_add(ctx, out.b, b->b) != 1) {
        memset(&out, 0, sizeof out); /* the sum is zero: both were valid */
    }
    return out;
}

static struct cs_scalar ref_mul(const struct cs_scalar *a, const struct cs_scalar *b)
{
    struct cs_scalar out = *a;

    if (is_zero(a) || is_zero(b)) {
        memset(&out, 0, sizeof out);
        return out;
    }
    assert_int_equal(secp256k1_ec_seckey_tweak_mul(ctx, out.b, b->b), 1);
    return out;
}

static struct cs_scalar ref_negate(const struct cs_scalar *a)
{
    struct cs_scalar out = *a;

    if (!is_zero(a)) {
        assert_int_equal(secp256k1_ec_seckey_negate(ctx, out.b), 1);
    }
    return out;
}

/* hi * 2^256 + lo */
static struct cs_scalar ref_reduce64(const uint8_t in[64])
{
    const struct cs_scalar two256 = from_hex(edge_hex[8]);
    struct cs_scalar hi = ref_reduce32(in), lo = ref_reduce32(in + 32), out;

    out = ref_mul(&hi, &two256);
    return ref_add(&out, &lo);
}

/* ---- comparing ------------------------------------------------------------------ */

static void same(const char *what, const struct cs_scalar *a, const struct cs_scalar *b,
                 const struct cs_scalar *got, const struct cs_scalar *want)
{
    char ha[65], hb[65], hg[65], hw[65];

    if (memcmp(got, want, sizeof *got) != 0) {
        fail_msg("%s of\n%s and\n%s is\n%s, not\n%s", what, cs_hex(ha, a, 32),
                 cs_hex(hb, b, 32), cs_hex(hg, got, 32), cs_hex(hw, want, 32));
    }
}

static void compare_pair(const struct cs_scalar *a, const struct cs_scalar *b)
{
    struct cs_scalar got, want;

    cs_secp_add(&got, a, b);
    want = ref_add(a, b);
    same("sum", a, b, &got, &want);
    cs_secp_mul(&got, a, b);
    want = ref_mul(a, b);
    same("product", a, b, &got, &want);
}

static void compare_one(const struct cs_scalar *a)
{
    struct cs_scalar got, want, again;

    cs_secp_negate(&got, a);
    want = ref_negate(a);
    same("negation", a, a, &got, &want);
    got = *a;
    cs_secp_mul(&got, &got, &got); /* output is both inputs */
    want = ref_mul(a, a);
    same("square", a, a, &got, &want);
    got = *a;
    cs_secp_add(&got, &got, &got);
    again = ref_add(a, a);
    same("double", a, a, &got, &again);
}

static void compare_wide(const uint8_t in[64])
{
    struct cs_scalar got, want, hi, lo;

    memcpy(hi.b, in, 32);
    memcpy(lo.b, in + 32, 32);
    cs_secp_reduce64(&got, in);
    want = ref_reduce64(in);
    same("reduction", &hi, &lo, &got, &want);
}

static void compare_inverse(const struct cs_scalar *a)
{
    static const uint8_t one[32] = {[31] = 1};
    struct cs_scalar inverse, product;

    cs_secp_invert(&inverse, a);
    product = ref_mul(a, &inverse);
    if (memcmp(product.b, one, sizeof one) != 0) {
        same("inverse", a, a, &inverse, a);
    }
}

static void all_pairs_of_edge_values_agree_with_the_library(void **state)
{
    (void)state;
    for (size_t i = 0; i < EDGES; i++) {
        struct cs_scalar a = from_hex(edge_hex[i]);

        compare_one(&a);
        for (size_t k = 0; k < EDGES; k++) {
            struct cs_scalar b = from_hex(edge_hex[k]);
            uint8_t wide[64];

            compare_pair(&a, &b);
            memcpy(wide, a.b, 32);
            memcpy(wide + 32, b.b, 32);
            compare_wide(wide);
        }
    }
}

static void millions_of_random_inputs_agree_with_the_library(void **state)
{
    struct stream s;
    uint8_t in[128];

    (void)state;
    stream_init(&s, 1);
    for (int i = 0; i < RUNS; i++) {
        struct cs_scalar a, b;

        stream_edgy(&s, in, 32);
        stream_edgy(&s, in + 32, 32);
        a = ref_reduce32(in);
        b = ref_reduce32(in + 32);
        compare_pair(&a, &b);
        if (i % 8 == 0) {
            compare_one(&a);
            stream_edgy(&s, in + 64, 64);
            compare_wide(in + 64);
        }
    }
}

static void a_product_takes_inputs_that_are_not_reduced(void **state)
{
    struct stream s;

    (void)state;
    stream_init(&s, 2);
    for (int i = 0; i < 10000; i++) {
        struct cs_scalar a, b, ra, rb, got, want;

        stream_bytes(&s, b.b, 32);
        memset(a.b, 0xff, 32);
        a.b[31] = (uint8_t)i; /* n <= a */
        ra = ref_reduce32(a.b);
        rb = ref_reduce32(b.b);
        cs_secp_mul(&got, &a, &b);
        want = ref_mul(&ra, &rb);
        same("product", &a, &b, &got, &want);
    }
}

static void inverses_times_their_inputs_are_one(void **state)
{
    struct stream s;
    uint8_t in[32];

    (void)state;
    for (size_t i = 1; i < EDGES; i++) {
        struct cs_scalar a = from_hex(edge_hex[i]);

        compare_inverse(&a);
    }
    stream_init(&s, 3);
    for (int i = 0; i < INVERSIONS; i++) {
        struct cs_scalar a;

        stream_edgy(&s, in, 32);
        a = ref_reduce32(in);
        if (!is_zero(&a)) {
            compare_inverse(&a);
        }
    }
}

static void the_inverse_of_zero_is_zero(void **state)
{
    struct cs_scalar zero = {{0}}, out;

    (void)state;
    memset(&out, 0xaa, sizeof out);
    cs_secp_invert(&out, &zero);
    assert_true(is_zero(&out));
}

static int make_ctx(void **state)
{
    (void)state;
    ctx = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    return ctx == NULL;
}

static int free_ctx(void **state)
{
    (void)state;
    secp256k1_context_destroy(ctx);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_pairs_of_edge_values_agree_with_the_library),
        cmocka_unit_test(millions_of_random_inputs_agree_with_the_library),
        cmocka_unit_test(a_product_takes_inputs_that_are_not_reduced),
        cmocka_unit_test(inverses_times_their_inputs_are_one),
        cmocka_unit_test(the_inverse_of_zero_is_zero),
    };

    return cmocka_run_group_tests(tests, make_ctx, free_ctx);
}
