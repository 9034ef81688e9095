/* Whole computations against test/vectors/own-algebra. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/groups.h"
#include "support/vectors.h"

/* ---- Lagrange -------------------------------------------------------------------- */

static void check_lagrange_file(struct cs_vec *v, const char *pair, json_t *rows)
{
    const uint8_t set[2] = {(uint8_t)(pair[0] - '0'), (uint8_t)(pair[1] - '0')};
    const char *index;
    json_t *row;

    json_object_foreach(rows, index, row)
    {
        struct cs_scalar got, want = {{0}};

        memcpy(want.b, cs_vec_unhex(v, json_string_value(row)).p, 32);
        assert_int_equal(
            cs_lagrange(CS_CURVE_SECP256K1, &got, (uint8_t)(index[0] - '0'), set, 2, 0),
            CS_OK);
        same_scalar(&got, &want);
    }
}

static void lagrange_coefficients_are_those_of_coefficients_n3(void **state)
{
    static const uint8_t all[] = {1, 2, 3};
    struct cs_vec *v = CS_VEC_OWN("own-algebra/coefficients_n3.json");
    const char *pair;
    json_t *rows;

    (void)state;
    json_object_foreach(cs_vec_get(v->root, "lagrange_at_0"), pair, rows)
    {
        check_lagrange_file(v, pair, rows);
    }
    for (uint8_t i = 1; i <= 3; i++) {
        const char name[2] = {(char)('0' + i), '\0'};
        struct cs_scalar got, want = {{0}};

        memcpy(want.b, cs_vec_hex_n(v, cs_vec_get(v->root, "degree2_at_0"), name, 32),
               32);
        assert_int_equal(cs_lagrange(CS_CURVE_SECP256K1, &got, i, all, 3, 0), CS_OK);
        same_scalar(&got, &want);
    }
    cs_vec_close(v);
}

/* ---- own-algebra: whole computations
 * -------------------------------------------------- */

static struct cs_scalar vec_scalar(struct cs_vec *v, const json_t *obj,
                                   const char *field)
{
    struct cs_scalar s;

    memcpy(s.b, cs_vec_hex_n(v, obj, field, 32), 32);
    return s;
}

static struct cs_point vec_point(struct cs_vec *v, const json_t *obj, const char *field)
{
    struct cs_point p;

    assert_int_equal(cs_point_decode(CS_CURVE_SECP256K1, &p, cs_vec_hex(v, obj, field)),
                     CS_OK);
    return p;
}

/* 8.2: dealers 1 and 3, g_i(x) = constant_i + slope_i x; new share = sum g_i(j). */
static void new_shares_match(struct cs_vec *v, uint8_t j)
{
    static const char *const dealers[] = {"1", "3"};
    const enum cs_curve c = CS_CURVE_SECP256K1;
    const char name[2] = {(char)('0' + j), '\0'};
    struct cs_scalar sum = small(c, 0), at = small(c, j), want;
    struct cs_point commitment,
        wanted = vec_point(v, cs_vec_get(v->root, "new_X_i"), name);

    for (size_t i = 0; i < CS_COUNTOF(dealers); i++) {
        struct cs_scalar c0, c1, y;
        struct cs_point point0;

        c0 = vec_scalar(v, cs_vec_get(v->root, "dealer_constant"), dealers[i]);
        c1 = vec_scalar(v, cs_vec_get(v->root, "dealer_slope"), dealers[i]);
        point0 = vec_point(v, cs_vec_get(v->root, "dealer_constant_point"), dealers[i]);
        cs_point_base_mul(c, &commitment, &c0);
        same_point(&commitment, &point0);
        cs_scalar_muladd(c, &y, &c1, &at, &c0);
        cs_scalar_add(c, &sum, &sum, &y);
    }
    want = vec_scalar(v, cs_vec_get(v->root, "new_shares"), name);
    same_scalar(&sum, &want);
    cs_point_base_mul(c, &commitment, &sum);
    same_point(&commitment, &wanted);
}

static void reshared_shares_and_the_key_match_reshare_2of3(void **state)
{
    static const uint8_t pairs[][2] = {{1, 2}, {1, 3}, {2, 3}};
    const enum cs_curve c = CS_CURVE_SECP256K1;
    struct cs_vec *v = CS_VEC_OWN("own-algebra/reshare_2of3.json");
    struct cs_point key = vec_point(v, v->root, "X");

    (void)state;
    for (uint8_t j = 1; j <= 3; j++) {
        new_shares_match(v, j);
    }
    for (size_t k = 0; k < CS_COUNTOF(pairs); k++) { /* every pair has the key */
        struct cs_point sum, term;

        cs_point_identity(c, &sum);
        for (int i = 0; i < 2; i++) {
            const char name[2] = {(char)('0' + pairs[k][i]), '\0'};
            struct cs_scalar l;

            assert_int_equal(cs_lagrange(c, &l, pairs[k][i], pairs[k], 2, 0), CS_OK);
            term = vec_point(v, cs_vec_get(v->root, "new_X_i"), name);
            cs_point_mul_public(&term, &term, &l);
            cs_point_add(&sum, &sum, &term);
        }
        same_point(&sum, &key);
    }
    cs_vec_close(v);
}

/* 9.1: X' = X + epsilon G. */
static void derived_keys_match_bip32_additive(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("own-algebra/bip32_additive.json");
    struct cs_point key = vec_point(v, v->root, "X");
    size_t i;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "paths"), i, row)
    {
        struct cs_scalar epsilon = vec_scalar(v, row, "epsilon");
        struct cs_point child, want = vec_point(v, row, "X_child");

        cs_point_base_mul(CS_CURVE_SECP256K1, &child, &epsilon);
        cs_point_add(&child, &child, &key);
        same_point(&child, &want);
    }
    cs_vec_close(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lagrange_coefficients_are_those_of_coefficients_n3),
        cmocka_unit_test(reshared_shares_and_the_key_match_reshare_2of3),
        cmocka_unit_test(derived_keys_match_bip32_additive),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
