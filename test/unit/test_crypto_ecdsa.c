/* ECDSA verification, recovery and DER, and BIP 340 verification, against the published
 * signatures and those that must be refused of test/vectors/chains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/ecdsa.h"
#include "crypto/group.h"
#include "crypto/identity.h"
#include "crypto/taproot.h"
#include "support/vectors.h"

static bool is_scheme(const json_t *row, const char *scheme)
{
    const json_t *v = json_object_get(row, "scheme");

    return v != NULL && strcmp(json_string_value(v), scheme) == 0;
}

static bool is_der(const json_t *row)
{
    const json_t *v = json_object_get(row, "encoding");

    return v != NULL && strcmp(json_string_value(v), "der") == 0;
}

static void check_ecdsa(struct cs_vec *v, const json_t *s)
{
    const uint8_t *pub = cs_vec_hex_n(v, s, "publicKey", 33);
    const uint8_t *digest = cs_vec_hex_n(v, s, "digest", 32);
    const uint8_t *rs = cs_vec_hex_n(v, s, "signature", 64);
    struct cs_span der = cs_vec_hex(v, s, "der");
    uint8_t found[33], back[64], id;

    assert_int_equal(cs_ecdsa_verify(pub, digest, rs), CS_OK);
    assert_int_equal(cs_ecdsa_recid(&id, pub, digest, rs), CS_OK);
    assert_int_equal(id, cs_vec_int(s, "recoveryId"));
    assert_int_equal(cs_ecdsa_recover(found, digest, rs, id), CS_OK);
    assert_memory_equal(found, pub, 33);
    assert_int_equal(cs_ecdsa_from_der(back, der), CS_OK);
    assert_memory_equal(back, rs, 64);
}

static void signatures_of_the_vectors_verify(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, j, n_ecdsa = 0, n_bip340 = 0;
    json_t *row, *s;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        json_array_foreach(cs_vec_get(row, "sign"), j, s)
        {
            if (is_scheme(s, "ecdsa")) {
                check_ecdsa(v, s);
                n_ecdsa++;
            } else if (is_scheme(s, "bip340")) {
                assert_int_equal(
                    cs_taproot_verify(cs_vec_hex_n(v, s, "publicKey", 32),
                                      CS_SPAN(cs_vec_hex_n(v, s, "digest", 32), 32),
                                      cs_vec_hex_n(v, s, "signature", 64)),
                    CS_OK);
                n_bip340++;
            }
        }
    }
    assert_true(n_ecdsa > 60);
    assert_true(n_bip340 > 5);
    cs_vec_close(v);
}

static enum cs_err verify_bad(struct cs_vec *v, const json_t *row)
{
    struct cs_span pub = cs_vec_hex(v, row, "publicKeyHex");
    struct cs_span sig = cs_vec_hex(v, row, "signatureHex");
    uint8_t rs[64];

    if (is_der(row)) {
        CS_CHECK(cs_ecdsa_from_der(rs, sig));
        sig = CS_SPAN_OF(rs);
    }
    if (sig.n != 64) {
        return CS_ERR_SIG_INVALID; /* no such call can be made */
    }
    if (is_scheme(row, "ed25519")) {
        if (pub.n != 32) {
            return CS_ERR_BAD_POINT;
        }
        return cs_sign_verify(sig.p, pub.p, cs_vec_hex(v, row, "messageHex"))
                   ? CS_OK
                   : CS_ERR_SIG_INVALID;
    }
    if (is_scheme(row, "bip340")) {
        return cs_taproot_verify(pub.p, cs_vec_hex(v, row, "digestHex"), sig.p);
    }
    return cs_ecdsa_verify(pub.p, cs_vec_hex(v, row, "digestHex").p, sig.p);
}

static void signatures_that_must_be_refused_are(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "invalidSignatures"), i, row)
    {
        if (verify_bad(v, row) == CS_OK) {
            fail_msg("%s: %s", cs_vec_str(row, "id"), cs_vec_str(row, "reason"));
        }
        n++;
    }
    assert_int_equal(n, 43);
    cs_vec_close(v);
}

/* 2 * G, digest 1, r = x(G): made so that the numbers are simple, s is arbitrary. */
static void numbers_out_of_range_are_refused(void **state)
{
    static const char order[] =
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    static const char half[] =
        "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
    uint8_t rs[64] = {0}, key[33], digest[32] = {1};

    (void)state;
    assert_false(cs_ecdsa_is_low_s(rs)); /* zero */
    rs[31] = 1;
    assert_false(cs_ecdsa_is_low_s(rs)); /* s = 0 */
    rs[63] = 1;
    assert_true(cs_ecdsa_is_low_s(rs));
    assert_int_equal(cs_unhex(rs + 32, 32, half), CS_OK);
    assert_true(cs_ecdsa_is_low_s(rs));
    rs[63]++;
    assert_false(cs_ecdsa_is_low_s(rs)); /* one more is high */
    assert_int_equal(cs_ecdsa_recover(key, digest, rs, 0), CS_ERR_SIG_INVALID);
    rs[63]--;
    assert_int_equal(cs_ecdsa_recover(key, digest, rs, 4), CS_ERR_SIG_INVALID);
    assert_true(cs_ct_is_zero(key, sizeof key));
    assert_int_equal(cs_unhex(rs, 32, order), CS_OK);
    assert_false(cs_ecdsa_is_low_s(rs)); /* r = n */
}

static void der_has_one_encoding(void **state)
{
    static const uint8_t good[] = {0x30, 6, 2, 1, 1, 2, 1, 2};
    uint8_t rs[64], der[sizeof good + 1];

    (void)state;
    assert_int_equal(cs_ecdsa_from_der(rs, CS_SPAN_OF(good)), CS_OK);
    assert_int_equal(rs[31], 1);
    assert_int_equal(rs[63], 2);
    for (size_t n = 0; n < sizeof good; n++) {
        assert_int_equal(cs_ecdsa_from_der(rs, CS_SPAN(good, n)), CS_ERR_SIG_INVALID);
        assert_true(cs_ct_is_zero(rs, sizeof rs));
    }
    memcpy(der, good, sizeof good);
    der[sizeof good] = 0;
    assert_int_equal(cs_ecdsa_from_der(rs, CS_SPAN_OF(der)), CS_ERR_SIG_INVALID);
    der[4] = 0; /* r = 0 */
    assert_int_equal(cs_ecdsa_from_der(rs, CS_SPAN(der, sizeof good)),
                     CS_ERR_SIG_INVALID);
}

/* BIP 86, first address: internal key to output key; and the tweak is BIP 341's. */
static void output_keys_are_those_of_bip86(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/addresses.json");
    uint8_t key[32], tweak[32], bad[33] = {2};
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "addresses"), i, row)
    {
        if (json_object_get(row, "tapTweak") != NULL) {
            assert_int_equal(
                cs_taproot_output(key, tweak, cs_vec_hex_n(v, row, "publicKey", 33)),
                CS_OK);
            assert_memory_equal(key, cs_vec_hex_n(v, row, "outputKeyXOnly", 32), 32);
            assert_memory_equal(tweak, cs_vec_hex_n(v, row, "tapTweak", 32), 32);
            n++;
        }
    }
    assert_int_equal(n, 3 * 18);
    memset(bad + 1, 0xff, 32);
    assert_int_equal(cs_taproot_output(key, tweak, bad), CS_ERR_BAD_POINT);
    assert_true(cs_ct_is_zero(tweak, sizeof tweak));
    assert_int_equal(cs_taproot_verify(bad + 1, CS_SPAN_LIT("x"), (uint8_t[64]){1}),
                     CS_ERR_BAD_POINT);
    cs_vec_close(v);
}

static int setup(void **state)
{
    (void)state;
    return cs_crypto_init() == CS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_of_the_vectors_verify),
        cmocka_unit_test(signatures_that_must_be_refused_are),
        cmocka_unit_test(numbers_out_of_range_are_refused),
        cmocka_unit_test(der_has_one_encoding),
        cmocka_unit_test(output_keys_are_those_of_bip86),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
