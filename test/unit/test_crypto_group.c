/* Scalars and points of both curves: the algebra, with zero and the identity. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/groups.h"

/* ---- scalars --------------------------------------------------------------------- */

static void wire_scalars_are_one_to_q_minus_one(void **state)
{
    static const struct {
        enum cs_curve c;
        enum cs_err want;
        const char *hex;
    } rows[] = {
        {CS_CURVE_SECP256K1, CS_ERR_ZERO_OR_RANGE, /* 0 */
         "0000000000000000000000000000000000000000000000000000000000000000"},
        {CS_CURVE_SECP256K1, CS_OK,
         "0000000000000000000000000000000000000000000000000000000000000001"},
        {CS_CURVE_SECP256K1, CS_OK, /* q-1 */
         "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"},
        {CS_CURVE_SECP256K1, CS_ERR_ZERO_OR_RANGE, /* q */
         "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"},
        {CS_CURVE_SECP256K1, CS_ERR_ZERO_OR_RANGE, /* q+1 */
         "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142"},
        {CS_CURVE_SECP256K1, CS_ERR_ZERO_OR_RANGE, /* 2^256-1 */
         "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
        {CS_CURVE_ED25519, CS_ERR_ZERO_OR_RANGE, /* 0 */
         "0000000000000000000000000000000000000000000000000000000000000000"},
        {CS_CURVE_ED25519, CS_OK,
         "0100000000000000000000000000000000000000000000000000000000000000"},
        {CS_CURVE_ED25519, CS_OK, /* L-1 */
         "ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"},
        {CS_CURVE_ED25519, CS_ERR_ZERO_OR_RANGE, /* L */
         "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"},
        {CS_CURVE_ED25519, CS_ERR_ZERO_OR_RANGE, /* L+1 */
         "eed3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"},
        {CS_CURVE_ED25519, CS_ERR_ZERO_OR_RANGE, /* 2L */
         "daa7ebb934c624b0ac39ef45bdf3bd2900000000000000000000000000000020"},
        {CS_CURVE_ED25519, CS_ERR_ZERO_OR_RANGE, /* 2^252 + 2^255: high bit */
         "0100000000000000000000000000000000000000000000000000000000000080"},
        {CS_CURVE_ED25519, CS_ERR_ZERO_OR_RANGE, /* 2^256-1 */
         "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        struct cs_scalar in = hex_scalar(rows[i].hex), out;

        memset(&out, 0x5a, sizeof out);
        assert_int_equal(cs_scalar_decode(rows[i].c, &out, in.b), rows[i].want);
        if (rows[i].want == CS_OK) {
            same_scalar(&in, &out);
        } else {
            assert_true(cs_scalar_is_zero(&out));
        }
    }
}

static void scalar_laws_hold_with_zero_and_minus_one_among_the_inputs(void **state)
{
    (void)state;
    EACH_CURVE(c)
    {
        for (int i = 0; i < 300; i++) {
            struct cs_scalar a = i % 5 == 0 ? small(c, 0) : some_scalar(c);
            struct cs_scalar b = i % 7 == 0 ? minus_one(c) : some_scalar(c);
            struct cs_scalar d = i % 3 == 0 ? a : some_scalar(c);
            struct cs_scalar l, r, t;

            cs_scalar_add(c, &l, &a, &b); /* (a+b)d = ad + bd */
            cs_scalar_mul(c, &l, &l, &d);
            cs_scalar_mul(c, &t, &a, &d);
            cs_scalar_muladd(c, &r, &b, &d, &t);
            same_scalar(&l, &r);
            cs_scalar_sub(c, &l, &a, &b); /* a-b = -(b-a) */
            cs_scalar_sub(c, &r, &b, &a);
            cs_scalar_negate(c, &r, &r);
            same_scalar(&l, &r);
            cs_scalar_sub(c, &l, &a, &a);
            assert_true(cs_scalar_is_zero(&l));
            cs_scalar_negate(c, &t, &a);
            cs_scalar_add(c, &l, &a, &t);
            assert_true(cs_scalar_is_zero(&l));
        }
    }
}

static void an_inverse_undoes_and_zero_has_none(void **state)
{
    (void)state;
    EACH_CURVE(c)
    {
        struct cs_scalar one = small(c, 1), zero = small(c, 0), a, b;

        for (int i = 0; i < 50; i++) {
            a = i == 0 ? minus_one(c) : some_scalar(c);
            assert_int_equal(cs_scalar_invert(c, &b, &a), CS_OK);
            cs_scalar_mul(c, &b, &b, &a);
            same_scalar(&b, &one);
        }
        assert_int_equal(cs_scalar_invert(c, &b, &zero), CS_ERR_ZERO_OR_RANGE);
        assert_true(cs_scalar_is_zero(&b));
    }
}

static void small_numbers_and_wide_bytes_follow_the_curves_byte_order(void **state)
{
    uint8_t wide[64] = {0};
    struct cs_scalar s, want;

    (void)state;
    want = hex_scalar(
        "0000000000000000000000000000000000000000000000000000000001020304");
    s = small(CS_CURVE_SECP256K1, 0x01020304);
    same_scalar(&s, &want);
    want = hex_scalar(
        "0403020100000000000000000000000000000000000000000000000000000000");
    s = small(CS_CURVE_ED25519, 0x01020304);
    same_scalar(&s, &want);
    wide[63] = 9;
    cs_scalar_reduce64(CS_CURVE_SECP256K1, &s, wide);
    want = small(CS_CURVE_SECP256K1, 9);
    same_scalar(&s, &want);
    wide[63] = 0;
    wide[0] = 9;
    cs_scalar_reduce64(CS_CURVE_ED25519, &s, wide);
    want = small(CS_CURVE_ED25519, 9);
    same_scalar(&s, &want);
}

/* f of degree 2 at x, by Horner. */
static struct cs_scalar poly_at(enum cs_curve c, const struct cs_scalar f[3], uint8_t x)
{
    struct cs_scalar at = small(c, x), y = f[2];

    cs_scalar_muladd(c, &y, &y, &at, &f[1]);
    cs_scalar_muladd(c, &y, &y, &at, &f[0]);
    return y;
}

static void lagrange_interpolates_at_any_point_inside_and_outside_the_set(void **state)
{
    static const uint8_t set[] = {2, 255, 7}, points[] = {0, 1, 2, 7, 100, 254, 255};

    (void)state;
    EACH_CURVE(c)
    {
        struct cs_scalar f[3] = {some_scalar(c), some_scalar(c), some_scalar(c)};

        for (size_t p = 0; p < sizeof points; p++) {
            struct cs_scalar sum = small(c, 0), want = poly_at(c, f, points[p]);

            for (size_t k = 0; k < sizeof set; k++) {
                struct cs_scalar l, y = poly_at(c, f, set[k]);

                assert_int_equal(cs_lagrange(c, &l, set[k], set, sizeof set, points[p]),
                                 CS_OK);
                cs_scalar_muladd(c, &sum, &l, &y, &sum);
            }
            same_scalar(&sum, &want);
        }
    }
}

static void lagrange_refuses_sets_that_are_not_sets_of_indices(void **state)
{
    static const uint8_t dup[] = {1, 2, 1}, zero[] = {0, 1}, good[] = {1, 3};
    struct cs_scalar l;

    (void)state;
    EACH_CURVE(c)
    {
        assert_int_equal(cs_lagrange(c, &l, 1, dup, 3, 0), CS_ERR_USAGE);
        assert_int_equal(cs_lagrange(c, &l, 2, dup, 3, 0), CS_ERR_USAGE);
        assert_int_equal(cs_lagrange(c, &l, 1, zero, 2, 0), CS_ERR_USAGE);
        assert_int_equal(cs_lagrange(c, &l, 0, zero, 2, 0), CS_ERR_USAGE);
        assert_int_equal(cs_lagrange(c, &l, 0, good, 2, 0), CS_ERR_USAGE);
        assert_int_equal(cs_lagrange(c, &l, 2, good, 2, 0), CS_ERR_USAGE);
        assert_int_equal(cs_lagrange(c, &l, 1, good, 0, 0), CS_ERR_USAGE);
        assert_true(cs_scalar_is_zero(&l));
    }
}

/* ---- points
 * --------------------------------------------------------------------------- */

static void point_laws_hold_and_all_multiplications_agree(void **state)
{
    (void)state;
    EACH_CURVE(c)
    {
        for (int i = 0; i < 30; i++) {
            struct cs_scalar a = some_scalar(c), b = some_scalar(c), t;
            struct cs_point pa, pb, l, r;

            cs_point_base_mul(c, &pa, &a);
            cs_point_base_mul(c, &pb, &b);
            cs_scalar_add(c, &t, &a, &b);
            cs_point_base_mul(c, &l, &t);
            cs_point_add(&r, &pa, &pb);
            same_point(&l, &r);
            cs_point_sub(&r, &r, &pb);
            same_point(&r, &pa);
            cs_scalar_mul(c, &t, &a, &b);
            cs_point_base_mul(c, &l, &t);
            cs_point_mul(&r, &pa, &b);
            same_point(&l, &r);
            cs_point_mul_public(&r, &pb, &a);
            same_point(&l, &r);
            assert_false(cs_point_equal(&pa, &pb));
        }
    }
}

static void the_identity_is_an_answer_and_an_operand(void **state)
{
    (void)state;
    EACH_CURVE(c)
    {
        struct cs_scalar zero = small(c, 0), two = small(c, 2), k = some_scalar(c);
        struct cs_point inf, p = some_point(c), q, twice;

        cs_point_identity(c, &inf);
        cs_point_base_mul(c, &q, &zero);
        same_point(&q, &inf);
        cs_point_mul(&q, &p, &zero);
        same_point(&q, &inf);
        cs_point_mul_public(&q, &p, &zero);
        same_point(&q, &inf);
        cs_point_mul(&q, &inf, &k);
        same_point(&q, &inf);
        cs_point_mul_public(&q, &inf, &k);
        same_point(&q, &inf);
        cs_point_sub(&q, &p, &p);
        same_point(&q, &inf);
        assert_memory_equal(q.raw, inf.raw, sizeof q.raw); /* no trace of p */
        cs_point_add(&q, &p, &inf);
        same_point(&q, &p);
        cs_point_add(&q, &inf, &p);
        same_point(&q, &p);
        cs_point_add(&q, &inf, &inf);
        same_point(&q, &inf);
        cs_point_sub(&q, &inf, &p);
        cs_point_add(&q, &q, &p);
        same_point(&q, &inf);
        cs_point_add(&q, &p, &p);
        cs_point_mul(&twice, &p, &two);
        same_point(&q, &twice);
        assert_false(cs_point_equal(&p, &inf));
        assert_false(cs_point_equal(&inf, &p));
    }
}

static void outputs_may_be_inputs(void **state)
{
    (void)state;
    EACH_CURVE(c)
    {
        struct cs_scalar k = some_scalar(c);
        struct cs_point p = some_point(c), q = some_point(c), want, got;

        cs_point_add(&want, &p, &q);
        got = p;
        cs_point_add(&got, &got, &q);
        same_point(&got, &want);
        got = q;
        cs_point_add(&got, &p, &got);
        same_point(&got, &want);
        cs_point_sub(&want, &p, &q);
        got = q;
        cs_point_sub(&got, &p, &got);
        same_point(&got, &want);
        cs_point_mul(&want, &p, &k);
        got = p;
        cs_point_mul(&got, &got, &k);
        same_point(&got, &want);
        got = p;
        cs_point_mul_public(&got, &got, &k);
        same_point(&got, &want);
    }
}

static void a_polynomial_in_the_exponent_is_the_polynomials_point(void **state)
{
    static const uint8_t at[] = {0, 1, 2, 3, 7, 128, 255};

    (void)state;
    EACH_CURVE(c)
    {
        struct cs_scalar f[3] = {some_scalar(c), some_scalar(c), some_scalar(c)};
        struct cs_point coef[3], got, want;

        for (int k = 0; k < 3; k++) {
            cs_point_base_mul(c, &coef[k], &f[k]);
        }
        for (size_t i = 0; i < sizeof at; i++) {
            struct cs_scalar y = poly_at(c, f, at[i]);

            cs_point_base_mul(c, &want, &y);
            cs_point_poly_eval(&got, coef, 3, at[i]);
            same_point(&got, &want);
        }
        cs_point_poly_eval(&got, coef, 1, 9); /* constant */
        same_point(&got, &coef[0]);
    }
}

/* F(i) of PROTOCOLS row 20: a root at i gives the identity, and no crash. */
static void a_polynomial_with_a_root_evaluates_to_the_identity_there(void **state)
{
    (void)state;
    EACH_CURVE(c)
    {
        struct cs_scalar f1 = some_scalar(c), f0, three = small(c, 3);
        struct cs_point coef[2], got;

        cs_scalar_mul(c, &f0, &f1, &three);
        cs_scalar_negate(c, &f0, &f0); /* f = f1 (x - 3) */
        cs_point_base_mul(c, &coef[0], &f0);
        cs_point_base_mul(c, &coef[1], &f1);
        cs_point_poly_eval(&got, coef, 2, 3);
        assert_true(got.inf);
        cs_point_poly_eval(&got, coef, 2, 2);
        assert_false(got.inf);
    }
}

/* ---- names
 * ------------------------------------------------------------------------------ */

static void only_the_two_curves_exist(void **state)
{
    (void)state;
    assert_false(cs_curve_ok(0));
    assert_true(cs_curve_ok(1));
    assert_true(cs_curve_ok(2));
    assert_false(cs_curve_ok(3));
    assert_string_equal(cs_curve_name(CS_CURVE_SECP256K1), "SECP256K1");
    assert_string_equal(cs_curve_name(CS_CURVE_ED25519), "ED25519");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wire_scalars_are_one_to_q_minus_one),
        cmocka_unit_test(scalar_laws_hold_with_zero_and_minus_one_among_the_inputs),
        cmocka_unit_test(an_inverse_undoes_and_zero_has_none),
        cmocka_unit_test(small_numbers_and_wide_bytes_follow_the_curves_byte_order),
        cmocka_unit_test(lagrange_interpolates_at_any_point_inside_and_outside_the_set),
        cmocka_unit_test(lagrange_refuses_sets_that_are_not_sets_of_indices),
        cmocka_unit_test(point_laws_hold_and_all_multiplications_agree),
        cmocka_unit_test(the_identity_is_an_answer_and_an_operand),
        cmocka_unit_test(outputs_may_be_inputs),
        cmocka_unit_test(a_polynomial_in_the_exponent_is_the_polynomials_point),
        cmocka_unit_test(a_polynomial_with_a_root_evaluates_to_the_identity_there),
        cmocka_unit_test(only_the_two_curves_exist),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
