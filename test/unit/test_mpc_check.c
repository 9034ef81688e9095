/* Check signatures (PROTOCOLS 3.5) by scheme: made with a whole key, verified as node
 * and platform do. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <secp256k1_schnorrsig.h>
#include <sodium.h>
#include <string.h>

#include "mpc/certificate.h"
#include "support/chains_sign.h"

static const uint8_t pair[2] = {1, 3}, secret[32] = {[31] = 77};

/* BIP 340 under x of the secret's key itself, by the library. */
static void bip340_sign(uint8_t sig[64], const uint8_t msg[32])
{
    secp256k1_context *ctx = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    secp256k1_keypair pair_of;

    assert_non_null(ctx);
    assert_int_equal(secp256k1_keypair_create(ctx, &pair_of, secret), 1);
    assert_int_equal(secp256k1_schnorrsig_sign32(ctx, sig, msg, &pair_of, NULL), 1);
    secp256k1_context_destroy(ctx);
}

/* Any body; what is signed follows from all of it. */
static void make_body(struct cs_cert_body *b, enum cs_scheme scheme)
{
    enum cs_curve c = cs_scheme_curve(scheme);
    struct cs_scalar x;

    *b = (struct cs_cert_body){.curve = c, .scheme = scheme, .n = 3, .t = 2};
    memset(b->key_id, 5, sizeof b->key_id);
    for (uint8_t i = 1; i <= 3; i++) {
        cs_scalar_from_u32(c, &x, 100u + i);
        cs_point_base_mul(c, &b->Xi[i], &x);
    }
    cs_scalar_from_u32(c, &x, 77);
    cs_point_base_mul(c, &b->X, &x);
}

static void check_message(uint8_t msg[32], const struct cs_cert_body *b,
                          const uint8_t p[2])
{
    uint8_t C[32], hash[32];

    cs_cert_content(C, b);
    cs_cert_hash(hash, C);
    cs_check_message(msg, hash, p[0], p[1]);
}

static void sign(uint8_t sig[64], struct cs_cert_body *b, const uint8_t p[2])
{
    uint8_t msg[32], pk[32], sk[64];

    check_message(msg, b, p);
    if (b->scheme == CS_SCHEME_ECDSA) {
        chains_k1_sign(sig, secret, msg);
    } else if (b->scheme == CS_SCHEME_BIP340) {
        bip340_sign(sig, msg);
    } else {
        assert_int_equal(crypto_sign_seed_keypair(pk, sk, secret), 0);
        assert_int_equal(cs_point_decode(CS_CURVE_ED25519, &b->X, CS_SPAN_OF(pk)),
                         CS_OK);
        check_message(msg, b, p);
        assert_int_equal(crypto_sign_detached(sig, NULL, msg, 32, sk), 0);
    }
}

#define EACH_SCHEME(s)                                                                 \
    for (enum cs_scheme s = CS_SCHEME_FROST_ED25519; s <= CS_SCHEME_BIP340; s++)

static void each_scheme_has_its_check_signature(void **state)
{
    (void)state;
    EACH_SCHEME(scheme)
    {
        struct cs_cert_body b;
        uint8_t sig[64];

        make_body(&b, scheme);
        sign(sig, &b, pair);
        assert_int_equal(cs_check_verify(&b, pair, sig), CS_OK);
        for (size_t i = 0; i < 64; i++) {
            sig[i] ^= 1;
            assert_int_equal(cs_check_verify(&b, pair, sig), CS_ERR_SIG_INVALID);
            sig[i] ^= 1;
        }
        memset(sig, 0, sizeof sig);
        assert_int_equal(cs_check_verify(&b, pair, sig), CS_ERR_SIG_INVALID);
    }
}

static void a_check_is_of_one_pair_of_one_certificate(void **state)
{
    static const uint8_t others[][2] = {{1, 2}, {2, 3}};
    static const uint8_t no_pair[][2] = {{3, 1}, {1, 1}, {0, 1},
                                         {1, 4}, {4, 5}, {0, 0}};

    (void)state;
    EACH_SCHEME(scheme)
    {
        struct cs_cert_body b, other;
        uint8_t sig[64];

        make_body(&b, scheme);
        sign(sig, &b, pair);
        for (size_t i = 0; i < CS_COUNTOF(others); i++) {
            assert_int_equal(cs_check_verify(&b, others[i], sig), CS_ERR_SIG_INVALID);
        }
        for (size_t i = 0; i < CS_COUNTOF(no_pair); i++) {
            assert_int_equal(cs_check_verify(&b, no_pair[i], sig), CS_ERR_USAGE);
        }
        other = b;
        other.epoch = 1;
        assert_int_equal(cs_check_verify(&other, pair, sig), CS_ERR_SIG_INVALID);
        other = b;
        other.X = b.Xi[1];
        assert_int_equal(cs_check_verify(&other, pair, sig), CS_ERR_SIG_INVALID);
        other = b;
        other.curve = CS_CURVE_ED25519;
        other.scheme = (enum cs_scheme)(scheme % 3 +
                                        1); /* the body of another scheme */
        assert_int_not_equal(cs_check_verify(&other, pair, sig), CS_OK);
        cs_point_identity(b.curve, &b.X);
        assert_int_equal(cs_check_verify(&b, pair, sig), CS_ERR_USAGE);
    }
}

/* One form of each: no high s, no signature with the TapTweak, no other scheme's. */
static void a_check_has_the_form_of_its_scheme(void **state)
{
    struct cs_cert_body b;
    struct cs_scalar s;
    uint8_t sig[64], msg[32];

    (void)state;
    make_body(&b, CS_SCHEME_ECDSA);
    sign(sig, &b, pair);
    memcpy(s.b, sig + 32, 32);
    cs_scalar_negate(CS_CURVE_SECP256K1, &s, &s);
    memcpy(sig + 32, s.b, 32);
    assert_int_equal(cs_check_verify(&b, pair, sig), CS_ERR_SIG_INVALID);
    check_message(msg, &b, pair);
    bip340_sign(sig, msg);
    assert_int_equal(cs_check_verify(&b, pair, sig), CS_ERR_SIG_INVALID);
    make_body(&b, CS_SCHEME_BIP340);
    check_message(msg, &b, pair);
    chains_tap_sign(sig, secret, msg);
    assert_int_equal(cs_check_verify(&b, pair, sig), CS_ERR_SIG_INVALID);
    chains_k1_sign(sig, secret, msg);
    assert_int_equal(cs_check_verify(&b, pair, sig), CS_ERR_SIG_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_scheme_has_its_check_signature),
        cmocka_unit_test(a_check_is_of_one_pair_of_one_certificate),
        cmocka_unit_test(a_check_has_the_form_of_its_scheme),
    };

    if (cs_crypto_init() != CS_OK) {
        return 70;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
