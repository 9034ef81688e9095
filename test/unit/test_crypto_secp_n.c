/* The bare four-limb arithmetic against libsecp256k1 and mbedTLS, and the form for
 * other machines against this one. */
#include "support/secp_ref.h"

#include "crypto/secp_n.h"
#include "support/secp_n_portable.h"

static const enum cs_curve secp = CS_CURVE_SECP256K1;

static struct cs_scalar edgy(void)
{
    static struct stream s;
    static bool begun;

    if (!begun) {
        stream_init(&s, 4);
        begun = true;
    }
    return ref_draw(&s);
}

static struct cs_scalar small(uint32_t v)
{
    struct cs_scalar s;

    cs_scalar_from_u32(secp, &s, v);
    return s;
}

static struct cs_n limbs(const struct cs_scalar *s)
{
    struct cs_n n, p;

    assert_true(cs_n_load(&n, s->b) == portable_n_load(&p, s->b));
    assert_memory_equal(&n, &p, sizeof n);
    return n;
}

static void is_same(const struct cs_n *got, const struct cs_n *portable,
                    const struct cs_scalar *want)
{
    uint8_t b[32];

    assert_memory_equal(got, portable, sizeof *got);
    cs_n_store(b, got);
    assert_memory_equal(b, want->b, 32);
    portable_n_store(b, portable);
    assert_memory_equal(b, want->b, 32);
}

static void compare(const struct cs_scalar *a, const struct cs_scalar *b)
{
    struct cs_scalar minus = secp_negate(b), want;
    struct cs_n x = limbs(a), y = limbs(b), got, other;

    cs_n_add(&got, &x, &y);
    portable_n_add(&other, &x, &y);
    want = secp_add(a, b);
    is_same(&got, &other, &want);
    cs_n_sub(&got, &x, &y);
    portable_n_sub(&other, &x, &y);
    want = secp_add(a, &minus);
    is_same(&got, &other, &want);
    want = mpi_of(MPI_SUB, a, b);
    is_same(&got, &other, &want);
}

static void sums_and_differences_are_those_of_both_libraries(void **state)
{
    const long runs = ref_runs();

    (void)state;
    for (size_t i = 0; i < EDGES; i++) {
        for (size_t k = 0; k < EDGES; k++) {
            struct cs_scalar a = from_hex(edge_hex[i]), b = from_hex(edge_hex[k]);

            compare(&a, &b);
        }
    }
    for (long i = 0; i < runs; i++) {
        struct cs_scalar a = edgy(), b = i % 7 == 0 ? a : edgy();

        compare(&a, &b);
    }
}

/* 500 products and terms in one sum, looked at after each. */
static void sums_of_products_are_those_of_libsecp256k1(void **state)
{
    const long runs = ref_runs();
    struct cs_n_sum sum = {{0}}, psum = {{0}};
    struct cs_scalar want = small(0), product;

    (void)state;
    for (long i = 0; i < runs; i++) {
        struct cs_scalar a = edgy(), b = edgy(), d = edgy();
        struct cs_n x = limbs(&a), y = limbs(&b), z = limbs(&d), got, other;

        if (i % 500 == 0) {
            psum = sum = (struct cs_n_sum){{0}};
            want = small(0);
        }
        cs_n_sum_mul(&sum, &x, &y);
        cs_n_sum_add(&sum, &z);
        portable_n_sum_mul(&psum, &x, &y);
        portable_n_sum_add(&psum, &z);
        product = secp_mul(&a, &b);
        want = secp_add(&want, &product);
        want = secp_add(&want, &d);
        cs_n_sum_take(&got, &sum);
        portable_n_sum_take(&other, &psum);
        is_same(&got, &other, &want);
    }
}

/* The largest sums that the type allows stand in its top limb: random and full ones
 * against mbedTLS, which is given them as 72 bytes. */
static void sums_up_to_the_largest_are_reduced(void **state)
{
    static const struct cs_scalar zero;
    const long runs = ref_runs() / REF_PER_INVERSION;
    struct cs_n got, other;
    struct stream s;
    uint8_t in[72];

    (void)state;
    stream_init(&s, 5);
    for (long i = 0; i < runs; i++) {
        struct cs_n_sum sum = {{0}};
        struct cs_scalar want;

        memset(in, 0xff, sizeof in);
        if (i > 0) {
            stream_edgy(&s, in, sizeof in);
        }
        memset(in, 0, 4); /* below 2^544 */
        for (size_t k = 0; k < sizeof in; k++) {
            sum.v[(sizeof in - 1 - k) / 8] |= (uint64_t)in[k]
                                              << (8 * ((sizeof in - 1 - k) % 8));
        }
        want = mpi_do(MPI_ADD, in, sizeof in, &zero);
        cs_n_sum_take(&got, &sum);
        portable_n_sum_take(&other, &sum);
        is_same(&got, &other, &want);
    }
}

static void loading_says_whether_it_is_a_scalar(void **state)
{
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    struct cs_scalar s;
    struct cs_n n;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        s = from_hex(bad[i]);
        assert_true(cs_n_load(&n, s.b) == 0);
        assert_true(portable_n_load(&n, s.b) == 0);
    }
    s = from_hex(edge_hex[EDGES - 1]); /* n - 1 */
    assert_true(cs_n_load(&n, s.b) == UINT64_MAX);
    assert_true(portable_n_load(&n, s.b) == UINT64_MAX);
    s = small(1);
    assert_true(cs_n_load(&n, s.b) == UINT64_MAX);
}

static void inverses_are_those_of_mbedtls(void **state)
{
    static const struct cs_n zero;
    const long runs = ref_runs() / REF_PER_INVERSION;
    struct cs_n got, other;

    (void)state;
    for (long i = 0; i < runs; i++) {
        struct cs_scalar a = i < EDGES ? from_hex(edge_hex[i]) : edgy(), want;
        struct cs_n x = limbs(&a);

        if (!ref_is_zero(&a)) {
            want = mpi_of(MPI_INV, &a, &a);
            cs_n_invert(&got, &x);
            portable_n_invert(&other, &x);
            is_same(&got, &other, &want);
        }
    }
    cs_n_invert(&got, &zero);
    assert_memory_equal(&got, &zero, sizeof zero);
}

static void a_mask_keeps_all_or_nothing(void **state)
{
    struct cs_scalar a = edgy(), zero = small(0);
    struct cs_n x = limbs(&a), got, other;

    (void)state;
    cs_n_masked(&got, &x, cs_n_mask(1));
    portable_n_masked(&other, &x, cs_n_mask(1));
    is_same(&got, &other, &a);
    cs_n_masked(&got, &x, cs_n_mask(0));
    portable_n_masked(&other, &x, cs_n_mask(0));
    is_same(&got, &other, &zero);
    cs_n_scrub();
    portable_n_scrub();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_and_differences_are_those_of_both_libraries),
        cmocka_unit_test(sums_of_products_are_those_of_libsecp256k1),
        cmocka_unit_test(sums_up_to_the_largest_are_reduced),
        cmocka_unit_test(loading_says_whether_it_is_a_scalar),
        cmocka_unit_test(inverses_are_those_of_mbedtls),
        cmocka_unit_test(a_mask_keeps_all_or_nothing),
    };

    return cmocka_run_group_tests(tests, ref_setup, ref_teardown);
}
