/* Our scalar arithmetic modulo the secp256k1 order against libsecp256k1's and
 * mbedTLS's, as PROTOCOLS 1.2 demands of a private implementation: 10^6 inputs, and
 * 10^5 inversions (DECISIONS 30); test/night.sh runs ten times as many. */
#include "support/secp_ref.h"

#include "crypto/secp_scalar.h"

/* ---- comparing ------------------------------------------------------------------ */

static void compare_pair(const struct cs_scalar *a, const struct cs_scalar *b)
{
    struct cs_scalar got, want;

    cs_secp_add(&got, a, b);
    want = secp_add(a, b);
    ref_same("sum (libsecp256k1)", a, b, &got, &want);
    want = mpi_of(MPI_ADD, a, b);
    ref_same("sum (mbedTLS)", a, b, &got, &want);
    cs_secp_mul(&got, a, b);
    want = secp_mul(a, b);
    ref_same("product (libsecp256k1)", a, b, &got, &want);
    want = mpi_of(MPI_MUL, a, b);
    ref_same("product (mbedTLS)", a, b, &got, &want);
}

static void compare_one(const struct cs_scalar *a)
{
    struct cs_scalar got, want, again;

    cs_secp_negate(&got, a);
    want = secp_negate(a);
    ref_same("negation", a, a, &got, &want);
    got = *a;
    cs_secp_mul(&got, &got, &got); /* output is both inputs */
    want = secp_mul(a, a);
    ref_same("square", a, a, &got, &want);
    got = *a;
    cs_secp_add(&got, &got, &got);
    again = secp_add(a, a);
    ref_same("double", a, a, &got, &again);
}

static void compare_wide(const uint8_t in[64])
{
    static const struct cs_scalar zero;
    struct cs_scalar got, want, hi, lo;

    memcpy(hi.b, in, 32);
    memcpy(lo.b, in + 32, 32);
    cs_secp_reduce64(&got, in);
    want = secp_reduce64(in);
    ref_same("reduction (libsecp256k1)", &hi, &lo, &got, &want);
    want = mpi_do(MPI_ADD, in, 64, &zero);
    ref_same("reduction (mbedTLS)", &hi, &lo, &got, &want);
}

static void compare_inverse(const struct cs_scalar *a)
{
    static const uint8_t one[32] = {[31] = 1};
    struct cs_scalar inverse, product;

    cs_secp_invert(&inverse, a);
    product = secp_mul(a, &inverse);
    assert_memory_equal(product.b, one, sizeof one);
    product = mpi_of(MPI_INV, a, a);
    ref_same("inverse (mbedTLS)", a, a, &inverse, &product);
}

static void all_pairs_of_edge_values_agree_with_both_libraries(void **state)
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

static void a_million_random_inputs_agree_with_both_libraries(void **state)
{
    const long runs = ref_runs();
    struct stream s;
    uint8_t wide[64];

    (void)state;
    stream_init(&s, 1);
    for (long i = 0; i < runs; i++) {
        struct cs_scalar a = ref_draw(&s), b = ref_draw(&s);

        compare_pair(&a, &b);
        if (i % 8 == 0) {
            compare_one(&a);
            stream_edgy(&s, wide, sizeof wide);
            compare_wide(wide);
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
        want = secp_mul(&ra, &rb);
        ref_same("product", &a, &b, &got, &want);
    }
}

static void inverses_are_those_of_mbedtls_and_give_one(void **state)
{
    const long runs = ref_runs() / REF_PER_INVERSION;
    struct stream s;

    (void)state;
    for (size_t i = 1; i < EDGES; i++) {
        struct cs_scalar a = from_hex(edge_hex[i]);

        compare_inverse(&a);
    }
    stream_init(&s, 3);
    for (long i = 0; i < runs; i++) {
        struct cs_scalar a = ref_draw(&s);

        if (!ref_is_zero(&a)) {
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
    assert_true(ref_is_zero(&out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_pairs_of_edge_values_agree_with_both_libraries),
        cmocka_unit_test(a_million_random_inputs_agree_with_both_libraries),
        cmocka_unit_test(a_product_takes_inputs_that_are_not_reduced),
        cmocka_unit_test(inverses_are_those_of_mbedtls_and_give_one),
        cmocka_unit_test(the_inverse_of_zero_is_zero),
    };

    return cmocka_run_group_tests(tests, ref_setup, ref_teardown);
}
