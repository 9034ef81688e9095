/* What is not a point (PROTOCOLS 10, rows 37 and 38). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "support/groups.h"
#include "support/vectors.h"

static enum cs_err decode(enum cs_curve c, const uint8_t *in, size_t n)
{
    struct cs_point p, product;
    struct cs_scalar k;
    enum cs_err err;

    memset(&p, 0x5a, sizeof p);
    err = cs_point_decode(c, &p, CS_SPAN(in, n));
    cs_scalar_from_u32(c, &k, 1000003);
    memset(&product, 0x5a, sizeof product);
    assert_int_equal(cs_point_decode_mul(c, &product, CS_SPAN(in, n), &k), err);
    if (err != CS_OK) {
        assert_true(cs_ct_is_zero(&p, sizeof p)); /* nothing usable is left */
        assert_true(cs_ct_is_zero(&product, sizeof product));
    } else {
        cs_point_mul_public(&p, &p, &k);
        same_point(&p, &product);
        cs_scalar_zero(&k);
        assert_int_equal(cs_point_decode_mul(c, &product, CS_SPAN(in, n), &k), CS_OK);
        assert_true(product.inf);
    }
    return err;
}

static enum cs_err decode_hex(enum cs_curve c, const char *hex)
{
    uint8_t bytes[80];
    size_t n = strlen(hex) / 2;

    assert_true(n <= sizeof bytes);
    assert_int_equal(cs_unhex(bytes, n, hex), CS_OK);
    return decode(c, bytes, n);
}

/* ---- what is not a point
 * ----------------------------------------------------------------- */

static void points_survive_encoding_and_no_other_length_is_taken(void **state)
{
    (void)state;
    EACH_CURVE(c)
    {
        for (int i = 0; i < 20; i++) {
            struct cs_point p = some_point(c), q;
            uint8_t bytes[80] = {0};
            size_t n = cs_point_encode(&p, bytes);

            assert_int_equal(n, cs_point_len(c));
            assert_int_equal(cs_point_decode(c, &q, CS_SPAN(bytes, n)), CS_OK);
            same_point(&p, &q);
            assert_int_equal(decode(c, bytes, n), CS_OK);
            for (size_t len = 0; len <= sizeof bytes; len++) {
                if (len != n) {
                    assert_int_equal(decode(c, bytes, len), CS_ERR_BAD_POINT);
                }
            }
        }
    }
}

static const char gx[] =
    "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
static const char gy[] =
    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

static void secp256k1_takes_02_03_and_04_and_no_hybrid(void **state)
{
    char hex[131];

    (void)state;
    for (unsigned first = 0; first <= 255; first++) {
        enum cs_err short_want = first == 2 || first == 3 ? CS_OK : CS_ERR_BAD_POINT;
        enum cs_err long_want = first == 4 ? CS_OK : CS_ERR_BAD_POINT;

        (void)snprintf(hex, sizeof hex, "%02x%s", first, gx);
        assert_int_equal(decode_hex(CS_CURVE_SECP256K1, hex), short_want);
        (void)snprintf(hex, sizeof hex, "%02x%s%s", first, gx, gy);
        assert_int_equal(decode_hex(CS_CURVE_SECP256K1, hex), long_want);
    }
}

static void secp256k1_refuses_coordinates_off_the_field_or_the_curve(void **state)
{
    static const char *const bad[] = {
        /* x = p, p+1, 2^256-1, 0; x = 5 is on no point */
        "02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",
        "02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30",
        "02ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "020000000000000000000000000000000000000000000000000000000000000000",
        "020000000000000000000000000000000000000000000000000000000000000005",
        /* G with y + 1; all zero */
        "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b9",
        "0400000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000000000000000000",
        "000000000000000000000000000000000000000000000000000000000000000000",
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        assert_int_equal(decode_hex(CS_CURVE_SECP256K1, bad[i]), CS_ERR_BAD_POINT);
    }
}

static void
ed25519_refuses_the_identity_small_order_and_non_canonical_points(void **state)
{
    static const char *const bad[] = {
        /* identity, order 2, order 4 twice, order 8 four times */
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        /* the same, not canonical: -0, y = p, p+1, p-1 with sign */
        "0100000000000000000000000000000000000000000000000000000000000080",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        /* y = p+3 .. 2^255-1: more than p */
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        /* y = 2: no x */
        "0200000000000000000000000000000000000000000000000000000000000000",
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        assert_int_equal(decode_hex(CS_CURVE_ED25519, bad[i]), CS_ERR_BAD_POINT);
    }
    assert_int_equal(decode_hex(CS_CURVE_ED25519,
                                "5866666666666666666666666666666666666666666666666666"
                                "666666666666"),
                     CS_OK); /* the base point */
}

static const char *const torsion[] = {
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* order 2 */
    "0000000000000000000000000000000000000000000000000000000000000000", /* order 4 */
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", /* order 8 */
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
};

static void ed25519_refuses_every_mix_with_a_small_order_point(void **state)
{
    (void)state;
    for (int n = 0; n < 20; n++) {
        struct cs_point p = some_point(CS_CURVE_ED25519);
        uint8_t bytes[33], t[32], sum[32];

        (void)cs_point_encode(&p, bytes);
        assert_int_equal(decode(CS_CURVE_ED25519, bytes, 32), CS_OK);
        for (size_t i = 0; i < CS_COUNTOF(torsion); i++) {
            assert_int_equal(cs_unhex(t, sizeof t, torsion[i]), CS_OK);
            assert_int_equal(crypto_core_ed25519_add(sum, bytes, t), 0);
            assert_int_equal(decode(CS_CURVE_ED25519, sum, 32), CS_ERR_BAD_POINT);
        }
    }
}

/* k*P on the whole curve, by additions only: nothing here asks for the order of P. */
static void whole_curve_mul(uint8_t out[32], const uint8_t k[32], const uint8_t p[32])
{
    memset(out, 0, 32);
    out[0] = 1;
    for (int bit = 255; bit >= 0; bit--) {
        assert_int_equal(crypto_core_ed25519_add(out, out, out), 0);
        if ((k[bit / 8] >> (bit % 8) & 1) != 0) {
            assert_int_equal(crypto_core_ed25519_add(out, out, p), 0);
        }
    }
}

/* The reason for group_ed25519.c's own check: (L-1)Q = -Q holds in the subgroup only,
 * also for the order-2 mix that CVE-2025-69277 lets through. */
static void the_subgroup_is_where_l_minus_one_negates(void **state)
{
    struct cs_scalar l_minus_1 = minus_one(CS_CURVE_ED25519);
    struct cs_point p = some_point(CS_CURVE_ED25519);
    uint8_t bytes[33], t[32], sum[32], product[32];

    (void)state;
    (void)cs_point_encode(&p, bytes);
    whole_curve_mul(product, l_minus_1.b, bytes);
    product[31] ^= 0x80;
    assert_memory_equal(product, bytes, 32);
    for (size_t i = 0; i < CS_COUNTOF(torsion); i++) {
        assert_int_equal(cs_unhex(t, sizeof t, torsion[i]), CS_OK);
        assert_int_equal(crypto_core_ed25519_add(sum, bytes, t), 0);
        whole_curve_mul(product, l_minus_1.b, sum);
        product[31] ^= 0x80;
        assert_memory_not_equal(product, sum, 32);
    }
}

static void the_zcash_invalid_elements_are_refused(void **state)
{
    struct cs_vec *ed = CS_VEC_SHARED("zf-frost-ed25519/elements.json"), *secp;
    struct cs_span s;
    uint8_t compressed[33] = {2};

    (void)state;
    if (ed == NULL) {
        skip();
    }
    s = cs_vec_hex(ed, cs_vec_get(ed->root, "elements"), "invalid_element");
    assert_int_equal(decode(CS_CURVE_ED25519, s.p, s.n), CS_ERR_BAD_POINT);
    cs_vec_close(ed);
    secp = CS_VEC_SHARED("zf-frost-secp256k1-tr/elements.json");
    s = cs_vec_hex(secp, cs_vec_get(secp->root, "elements"), "invalid_element");
    assert_int_equal(decode(CS_CURVE_SECP256K1, s.p, s.n), CS_ERR_BAD_POINT);
    assert_int_equal(s.n, 33);
    memcpy(compressed + 1, s.p + 1, 32);
    assert_int_equal(decode(CS_CURVE_SECP256K1, compressed, 33), CS_ERR_BAD_POINT);
    cs_vec_close(secp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_survive_encoding_and_no_other_length_is_taken),
        cmocka_unit_test(secp256k1_takes_02_03_and_04_and_no_hybrid),
        cmocka_unit_test(secp256k1_refuses_coordinates_off_the_field_or_the_curve),
        cmocka_unit_test(
            ed25519_refuses_the_identity_small_order_and_non_canonical_points),
        cmocka_unit_test(ed25519_refuses_every_mix_with_a_small_order_point),
        cmocka_unit_test(the_subgroup_is_where_l_minus_one_negates),
        cmocka_unit_test(the_zcash_invalid_elements_are_refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
