/* GF(2^128): published products, and the two ways to compute them against each other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mpc/gf128.h"
#include "support/groups.h"
#include "support/vectors.h"

static struct cs_gf128 some(void)
{
    struct cs_gf128 a;
    uint8_t b[16];

    stream_edgy(&rnd, b, sizeof b);
    cs_gf128_load(&a, b);
    return a;
}

static void is_same(const struct cs_gf128 *a, const struct cs_gf128 *b)
{
    assert_true(a->v[0] == b->v[0] && a->v[1] == b->v[1]);
}

static void products_are_those_of_gf128_mul(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("own-algebra/gf128_mul.json");
    size_t i;
    json_t *row;

    (void)state;
    for (int portable = 0; portable < 2; portable++) {
        cs_gf128_portable(portable == 1);
        json_array_foreach(cs_vec_get(v->root, "vectors"), i, row)
        {
            struct cs_gf128 a, b;
            uint8_t got[16];

            cs_gf128_load(&a, cs_vec_hex_n(v, row, "a", 16));
            cs_gf128_load(&b, cs_vec_hex_n(v, row, "b", 16));
            cs_gf128_mul(&a, &a, &b);
            cs_gf128_store(got, &a);
            assert_memory_equal(got, cs_vec_hex_n(v, row, "ab", 16), 16);
        }
    }
    cs_gf128_portable(false);
    cs_vec_close(v);
}

static void both_ways_give_the_same_product(void **state)
{
    (void)state;
    if (!cs_gf128_is_fast()) {
        (void)fprintf(stderr, "SKIPPED: no carry-less multiplier in this processor\n");
    }
    for (int i = 0; i < 20000; i++) {
        struct cs_gf128 a = some(), b = some(), fast, slow;

        cs_gf128_mul(&fast, &a, &b);
        cs_gf128_portable(true);
        cs_gf128_mul(&slow, &a, &b);
        cs_gf128_portable(false);
        is_same(&fast, &slow);
    }
}

static void multiplication_is_a_field_multiplication(void **state)
{
    const struct cs_gf128 one = {{1, 0}};

    (void)state;
    for (int i = 0; i < 200; i++) {
        struct cs_gf128 a = some(), b = some(), d = some(), x, y, sum, inv = one;

        cs_gf128_mul(&x, &a, &b);
        cs_gf128_mul(&y, &b, &a);
        is_same(&x, &y);
        cs_gf128_mul(&x, &x, &d);
        cs_gf128_mul(&y, &b, &d);
        cs_gf128_mul(&y, &y, &a);
        is_same(&x, &y);
        sum = (struct cs_gf128){{a.v[0] ^ b.v[0], a.v[1] ^ b.v[1]}};
        cs_gf128_mul(&x, &sum, &d);
        cs_gf128_mul(&y, &b, &d);
        cs_gf128_dot(&y, &y, &a, &d, 1);
        is_same(&x, &y);
        for (int k = 0; k < 127; k++) { /* a^(2^128 - 2) = 1/a */
            cs_gf128_mul(&inv, &inv, &inv);
            cs_gf128_mul(&inv, &inv, &a);
        }
        cs_gf128_mul(&inv, &inv, &inv);
        cs_gf128_mul(&x, &inv, &a);
        if ((a.v[0] | a.v[1]) != 0) {
            is_same(&x, &one);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_those_of_gf128_mul),
        cmocka_unit_test(both_ways_give_the_same_product),
        cmocka_unit_test(multiplication_is_a_field_multiplication),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
