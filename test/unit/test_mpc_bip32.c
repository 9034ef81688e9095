/* BIP32 public derivation: PROTOCOLS 9.1 and its KAT, bitcoinjs, every refusal. */
#include "mpc/bip32.h"

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "base/text.h"
#include "support/vectors.h"

#define K1 CS_CURVE_SECP256K1

static void root_of(struct cs_point *X, uint8_t chain[32], struct cs_vec *v,
                    const json_t *o, const char *key, const char *code)
{
    assert_int_equal(cs_point_decode(K1, X, CS_SPAN(cs_vec_hex_n(v, o, key, 33), 33)),
                     CS_OK);
    memcpy(chain, cs_vec_hex_n(v, o, code, 32), 32);
}

static void expect_key(const struct cs_point *X, const uint8_t *want)
{
    uint8_t got[CS_POINT_MAX];

    assert_int_equal(cs_point_encode(X, got), 33);
    assert_memory_equal(got, want, 33);
}

static void own_sums_reproduce(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("own-algebra/bip32_additive.json");
    const json_t *paths = cs_vec_get(v->root, "paths");
    struct cs_point X, eG;
    struct cs_bip32 got;
    uint8_t chain[32];

    (void)state;
    root_of(&X, chain, v, v->root, "X", "chain_code");
    assert_int_equal(json_array_size(paths), 4);
    for (size_t i = 0; i < json_array_size(paths); i++) {
        const json_t *o = json_array_get(paths, i), *steps = cs_vec_get(o, "path");
        uint32_t path[CS_PATH_MAX];
        size_t n = json_array_size(steps);

        assert_true(n <= CS_PATH_MAX);
        for (size_t k = 0; k < n; k++) {
            path[k] = (uint32_t)json_integer_value(json_array_get(steps, k));
        }
        assert_int_equal(cs_bip32_derive(&got, &X, chain, path, n), CS_OK);
        assert_memory_equal(got.epsilon.b, cs_vec_hex_n(v, o, "epsilon", 32), 32);
        assert_memory_equal(got.chain_code, cs_vec_hex_n(v, o, "chain_code_child", 32),
                            32);
        expect_key(&got.X, cs_vec_hex_n(v, o, "X_child", 33));
        cs_point_base_mul(K1, &eG, &got.epsilon); /* X' = X + epsilon G */
        cs_point_add(&eG, &eG, &X);
        assert_true(cs_point_equal(&eG, &got.X));
    }
    cs_vec_close(v);
}

/* One row of bitcoinjs' file: parent to child, or a hardened step that is refused. */
static size_t bitcoinjs_chain(struct cs_vec *v, const json_t *row)
{
    const json_t *at = cs_vec_get(row, "master"), *kids = cs_vec_get(row, "children");
    size_t derived = 0;

    for (size_t i = 0; i < json_array_size(kids); i++) {
        const json_t *kid = json_array_get(kids, i), *m = json_object_get(kid, "m");
        bool hardened = json_is_true(json_object_get(kid, "hardened"));
        struct cs_bip32 got;
        struct cs_point X;
        uint8_t chain[32];
        uint32_t step = (uint32_t)json_integer_value(m);

        if (m == NULL) { /* a whole hardened path, no step of ours */
            break;
        }
        root_of(&X, chain, v, at, "pubKey", "chainCode");
        if (hardened) {
            step |= CS_BIP32_HARDENED;
            assert_int_equal(cs_bip32_derive(&got, &X, chain, &step, 1),
                             CS_ERR_PATH_HARDENED);
        } else {
            assert_int_equal(cs_bip32_derive(&got, &X, chain, &step, 1), CS_OK);
            expect_key(&got.X, cs_vec_hex_n(v, kid, "pubKey", 33));
            assert_memory_equal(got.chain_code, cs_vec_hex_n(v, kid, "chainCode", 32),
                                32);
            derived++;
        }
        at = kid;
    }
    return derived;
}

static void bitcoinjs_public_steps_reproduce(void **state)
{
    struct cs_vec *v = CS_VEC_SHARED("bip32-bitcoinjs/index.json");
    size_t derived = 0;

    (void)state;
    if (v == NULL) {
        skip();
    }
    const json_t *rows = cs_vec_get(v->root, "valid");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        derived += bitcoinjs_chain(v, json_array_get(rows, i));
    }
    assert_int_equal(derived, 6);
    cs_vec_close(v);
}

static void some_root(struct cs_point *X, uint8_t chain[32])
{
    struct cs_scalar k;

    cs_scalar_from_u32(K1, &k, 7);
    cs_point_base_mul(K1, X, &k);
    memset(chain, 0x5c, 32);
}

static void the_empty_path_is_the_root(void **state)
{
    struct cs_bip32 got;
    struct cs_point X;
    uint8_t chain[32];

    (void)state;
    some_root(&X, chain);
    assert_int_equal(cs_bip32_derive(&got, &X, chain, NULL, 0), CS_OK);
    assert_true(cs_scalar_is_zero(&got.epsilon));
    assert_true(cs_point_equal(&got.X, &X));
    assert_memory_equal(got.chain_code, chain, 32);
}

static void a_path_is_its_steps_one_by_one(void **state)
{
    const uint32_t path[] = {3, 0, UINT32_C(0x7fffffff)};
    struct cs_scalar sum;
    struct cs_bip32 whole, part;
    struct cs_point X;
    uint8_t chain[32];

    (void)state;
    some_root(&X, chain);
    assert_int_equal(cs_bip32_derive(&whole, &X, chain, path, 3), CS_OK);
    cs_scalar_zero(&sum);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(cs_bip32_derive(&part, &X, chain, &path[i], 1), CS_OK);
        cs_scalar_add(K1, &sum, &sum, &part.epsilon);
        X = part.X;
        memcpy(chain, part.chain_code, 32);
    }
    assert_true(cs_point_equal(&whole.X, &part.X));
    assert_true(cs_scalar_equal(&whole.epsilon, &sum));
    assert_memory_equal(whole.chain_code, part.chain_code, 32);
}

static void ten_steps_are_the_most(void **state)
{
    const uint32_t path[CS_PATH_MAX + 1] = {0};
    struct cs_bip32 got = {.epsilon = {{9}}};
    struct cs_point X;
    uint8_t chain[32];

    (void)state;
    some_root(&X, chain);
    assert_int_equal(cs_bip32_derive(&got, &X, chain, path, CS_PATH_MAX + 1),
                     CS_ERR_PATH_DEPTH);
    assert_int_equal(got.epsilon.b[0], 9); /* untouched */
    assert_int_equal(cs_bip32_derive(&got, &X, chain, path, CS_PATH_MAX), CS_OK);
}

static void hardened_steps_are_refused_wherever_they_are(void **state)
{
    static const uint32_t bad[] = {CS_BIP32_HARDENED, CS_BIP32_HARDENED + 1,
                                   UINT32_MAX};
    struct cs_bip32 got;
    struct cs_point X;
    uint8_t chain[32];

    (void)state;
    some_root(&X, chain);
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        for (size_t at = 0; at < 3; at++) {
            uint32_t path[3] = {0};

            path[at] = bad[i];
            assert_int_equal(cs_bip32_path_check(path, 3), CS_ERR_PATH_HARDENED);
            assert_int_equal(cs_bip32_derive(&got, &X, chain, path, 3),
                             CS_ERR_PATH_HARDENED);
        }
    }
}

/* PATH_CHILD has probability 2^-127 and no known input: not tested here. */
static void only_secp256k1_keys_derive(void **state)
{
    struct cs_bip32 got;
    struct cs_point X;
    struct cs_scalar k;
    uint8_t chain[32] = {0};

    (void)state;
    cs_scalar_from_u32(CS_CURVE_ED25519, &k, 7);
    cs_point_base_mul(CS_CURVE_ED25519, &X, &k);
    assert_int_equal(cs_bip32_derive(&got, &X, chain, NULL, 0), CS_ERR_USAGE);
    cs_point_identity(K1, &X);
    assert_int_equal(cs_bip32_derive(&got, &X, chain, NULL, 0), CS_ERR_USAGE);
}

/* I_L = 0, q, 2^256-1; a child that is the identity.  No HMAC will say so (2^-127). */
static void a_step_to_nowhere_is_refused(void **state)
{
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};
    struct cs_scalar seven, minus;
    struct cs_bip32 at = {0}, was;
    uint8_t I[64];

    (void)state;
    memset(I, 0x33, sizeof I);
    cs_scalar_from_u32(K1, &seven, 7);
    cs_scalar_negate(K1, &minus, &seven);
    cs_point_base_mul(K1, &at.X, &seven);
    was = at;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        assert_int_equal(cs_unhex(I, 32, bad[i]), CS_OK);
        assert_int_equal(cs_bip32_step(&at, I), CS_ERR_PATH_CHILD);
        assert_memory_equal(&at, &was, sizeof at);
    }
    memcpy(I, minus.b, 32); /* X + I_L G = 0 */
    assert_int_equal(cs_bip32_step(&at, I), CS_ERR_PATH_CHILD);
    assert_memory_equal(&at, &was, sizeof at);
    memcpy(I, seven.b, 32);
    assert_int_equal(cs_bip32_step(&at, I), CS_OK);
    assert_memory_equal(at.chain_code, I + 32, 32);
    assert_true(cs_scalar_equal(&at.epsilon, &seven));
}

/* ---- paths as text --------------------------------------------------------------- */

static void paths_survive_their_text(void **state)
{
    static const struct {
        const char *text;
        uint8_t n;
        uint32_t path[CS_PATH_MAX];
    } good[] = {
        {"", 0, {0}},
        {"0", 1, {0}},
        {"0/5", 2, {0, 5}},
        {"2147483647", 1, {0x7fffffff}},
        {"10/100/1000000000", 3, {10, 100, 1000000000}},
        {"0/1/2/3/4/5/6/7/8/9", 10, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
        {"2147483647/2147483647/2147483647/2147483647/2147483647/2147483647/2147483647/"
         "2147483647/2147483647/2147483647",
         10,
         {0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff,
          0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff}},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(good); i++) {
        uint32_t path[CS_PATH_MAX];
        char text[CS_PATH_TEXT_MAX];
        uint8_t n = 99;

        memset(path, 0xee, sizeof path);
        assert_int_equal(cs_path_parse(path, &n, good[i].text), CS_OK);
        assert_int_equal(n, good[i].n);
        assert_memory_equal(path, good[i].path, sizeof path); /* zero behind the end */
        cs_path_text(text, path, n);
        assert_string_equal(text, good[i].text);
    }
}

static void other_texts_are_no_paths(void **state)
{
    static const struct {
        const char *text;
        enum cs_err err;
    } bad[] = {
        {"/", CS_ERR_BAD_FORMAT},
        {"0/", CS_ERR_BAD_FORMAT},
        {"/0", CS_ERR_BAD_FORMAT},
        {"0//1", CS_ERR_BAD_FORMAT},
        {"00", CS_ERR_BAD_FORMAT},
        {"01", CS_ERR_BAD_FORMAT},
        {"0/05", CS_ERR_BAD_FORMAT},
        {"m", CS_ERR_BAD_FORMAT},
        {"m/0", CS_ERR_BAD_FORMAT},
        {"-1", CS_ERR_BAD_FORMAT},
        {"+1", CS_ERR_BAD_FORMAT},
        {" 1", CS_ERR_BAD_FORMAT},
        {"1 ", CS_ERR_BAD_FORMAT},
        {"1.5", CS_ERR_BAD_FORMAT},
        {"0x1", CS_ERR_BAD_FORMAT},
        {"1\\2", CS_ERR_BAD_FORMAT},
        {"4294967296", CS_ERR_BAD_FORMAT}, /* 2^32: nobody's index */
        {"9999999999", CS_ERR_BAD_FORMAT},
        {"10000000000", CS_ERR_BAD_FORMAT},
        {"18446744073709551616", CS_ERR_BAD_FORMAT},
        {"2147483648", CS_ERR_PATH_HARDENED},
        {"0/4294967295", CS_ERR_PATH_HARDENED},
        {"0'", CS_ERR_PATH_HARDENED},
        {"84'/0'/0'", CS_ERR_PATH_HARDENED},
        {"0/5h", CS_ERR_PATH_HARDENED},
        {"0/1/2/3/4/5/6/7/8/9/10", CS_ERR_PATH_DEPTH},
        {"0/1/2/3/4/5/6/7/8/9/", CS_ERR_PATH_DEPTH},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        uint32_t path[CS_PATH_MAX] = {77};
        uint8_t n = 99;

        assert_int_equal(cs_path_parse(path, &n, bad[i].text), bad[i].err);
        assert_int_equal(path[0], 77);
        assert_int_equal(n, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_to_nowhere_is_refused),
        cmocka_unit_test(paths_survive_their_text),
        cmocka_unit_test(other_texts_are_no_paths),
        cmocka_unit_test(own_sums_reproduce),
        cmocka_unit_test(bitcoinjs_public_steps_reproduce),
        cmocka_unit_test(the_empty_path_is_the_root),
        cmocka_unit_test(a_path_is_its_steps_one_by_one),
        cmocka_unit_test(ten_steps_are_the_most),
        cmocka_unit_test(hardened_steps_are_refused_wherever_they_are),
        cmocka_unit_test(only_secp256k1_keys_derive),
    };

    if (cs_crypto_init() != CS_OK) {
        return 70;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
