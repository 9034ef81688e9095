/* The bare four-limb arithmetic against secp_scalar.c, which is held against
 * libsecp256k1 by its own test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/secp_n.h"
#include "support/groups.h"

enum { RUNS = 100000 };

static const enum cs_curve secp = CS_CURVE_SECP256K1;

static struct cs_scalar edgy(void)
{
    uint8_t wide[64];
    struct cs_scalar s;

    stream_edgy(&rnd, wide, sizeof wide);
    cs_scalar_reduce64(secp, &s, wide);
    return s;
}

static struct cs_n limbs(const struct cs_scalar *s)
{
    struct cs_n n;

    (void)cs_n_load(&n, s->b);
    return n;
}

static void is_same(const struct cs_n *got, const struct cs_scalar *want)
{
    uint8_t b[32];

    cs_n_store(b, got);
    assert_memory_equal(b, want->b, 32);
}

static void sums_and_differences_are_those_of_secp_scalar(void **state)
{
    (void)state;
    for (int i = 0; i < RUNS; i++) {
        struct cs_scalar a = edgy(), b = i % 7 == 0 ? a : edgy(), want;
        struct cs_n x = limbs(&a), y = limbs(&b), got;

        cs_n_add(&got, &x, &y);
        cs_scalar_add(secp, &want, &a, &b);
        is_same(&got, &want);
        cs_n_sub(&got, &x, &y);
        cs_scalar_sub(secp, &want, &a, &b);
        is_same(&got, &want);
    }
}

static void sums_of_products_are_those_of_secp_scalar(void **state)
{
    struct cs_n_sum sum = {{0}};
    struct cs_scalar want = small(secp, 0);

    (void)state;
    for (int i = 0; i < RUNS; i++) {
        struct cs_scalar a = edgy(), b = edgy(), d = edgy();
        struct cs_n x = limbs(&a), y = limbs(&b), z = limbs(&d), got;

        if (i % 500 == 0) {
            sum = (struct cs_n_sum){{0}};
            want = small(secp, 0);
        }
        cs_n_sum_mul(&sum, &x, &y);
        cs_n_sum_add(&sum, &z);
        cs_scalar_muladd(secp, &want, &a, &b, &want);
        cs_scalar_add(secp, &want, &want, &d);
        cs_n_sum_take(&got, &sum);
        is_same(&got, &want);
    }
}

/* The largest sums that the type allows stand in its top limb. */
static void a_full_sum_is_reduced(void **state)
{
    struct cs_n_sum full;
    struct cs_scalar want = small(secp, 0), base = small(secp, 0), top;
    struct cs_n got;
    uint8_t ones[64];

    (void)state;
    memset(&full, 0xff, sizeof full);
    full.v[8] = UINT32_MAX;
    memset(ones, 0xff, sizeof ones);
    cs_scalar_reduce64(secp, &want, ones); /* 2^512 - 1 */
    base = small(secp, 1);
    cs_scalar_add(secp, &base, &base, &want); /* 2^512 */
    top = small(secp, UINT32_MAX);
    cs_scalar_muladd(secp, &want, &base, &top, &want);
    cs_n_sum_take(&got, &full);
    is_same(&got, &want);
}

static void loading_says_whether_it_is_a_scalar(void **state)
{
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    struct cs_n n;
    struct cs_scalar s;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        s = hex_scalar(bad[i]);
        assert_true(cs_n_load(&n, s.b) == 0);
    }
    s = minus_one(secp);
    assert_true(cs_n_load(&n, s.b) == UINT64_MAX);
    s = small(secp, 1);
    assert_true(cs_n_load(&n, s.b) == UINT64_MAX);
}

static void inverses_are_those_of_secp_scalar(void **state)
{
    static const struct cs_n zero;
    struct cs_n got;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct cs_scalar a = edgy(), want;
        struct cs_n x = limbs(&a);

        if (!cs_scalar_is_zero(&a)) {
            assert_int_equal(cs_scalar_invert(secp, &want, &a), CS_OK);
            cs_n_invert(&got, &x);
            is_same(&got, &want);
        }
    }
    cs_n_invert(&got, &zero);
    assert_memory_equal(&got, &zero, sizeof zero);
}

static void a_mask_keeps_all_or_nothing(void **state)
{
    struct cs_scalar a = edgy(), zero = small(secp, 0);
    struct cs_n x = limbs(&a), got;

    (void)state;
    cs_n_masked(&got, &x, cs_n_mask(1));
    is_same(&got, &a);
    cs_n_masked(&got, &x, cs_n_mask(0));
    is_same(&got, &zero);
    cs_n_scrub();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_and_differences_are_those_of_secp_scalar),
        cmocka_unit_test(sums_of_products_are_those_of_secp_scalar),
        cmocka_unit_test(a_full_sum_is_reduced),
        cmocka_unit_test(loading_says_whether_it_is_a_scalar),
        cmocka_unit_test(inverses_are_those_of_secp_scalar),
        cmocka_unit_test(a_mask_keeps_all_or_nothing),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
