/* ECDSA over P-256: the vectors of RFC 6979, A.2.5, against OpenSSL, and what is no
 * key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "crypto/group.h"
#include "crypto/hash.h"
#include "crypto/p256.h"

static const char priv_hex[] =
    "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
static const char x_hex[] =
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
static const char y_hex[] =
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const uint8_t blind[32] = {1, 2, 3};

static void from_hex(uint8_t *out, size_t n, const char *hex)
{
    assert_int_equal(cs_unhex(out, n, hex), CS_OK);
}

/* OpenSSL takes the SPKI and says whether the signature is good. */
static int openssl_says(const uint8_t pub[CS_P256_PUB], const uint8_t *der, size_t n,
                        struct cs_span message)
{
    uint8_t spki[CS_P256_SPKI];
    const unsigned char *p = spki;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY *key;
    int ok;

    cs_p256_spki(spki, pub);
    key = d2i_PUBKEY(NULL, &p, sizeof spki);
    assert_non_null(key);
    assert_true(p == spki + sizeof spki);
    assert_int_equal(EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key), 1);
    ok = EVP_DigestVerify(md, der, n, message.p, message.n);
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
    return ok;
}

static void the_public_key_of_rfc_6979_comes_out(void **state)
{
    uint8_t priv[32], pub[CS_P256_PUB], want[64];

    (void)state;
    from_hex(priv, sizeof priv, priv_hex);
    from_hex(want, 32, x_hex);
    from_hex(want + 32, 32, y_hex);
    assert_int_equal(cs_p256_public(pub, priv, blind), CS_OK);
    assert_int_equal(pub[0], 4);
    assert_memory_equal(pub + 1, want, sizeof want);
}

static void the_signatures_of_rfc_6979_come_out_whatever_the_blinding(void **state)
{
    static const struct {
        const char *message, *der;
    } rows[] = {
        {"sample",
         "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
         "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
        {"test",
         "3045022100f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
         "0220019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"},
    };
    uint8_t priv[32], pub[CS_P256_PUB], der[CS_P256_DER_MAX], want[CS_P256_DER_MAX];
    uint8_t other[32] = {0xff};
    size_t n;

    (void)state;
    from_hex(priv, sizeof priv, priv_hex);
    assert_int_equal(cs_p256_public(pub, priv, blind), CS_OK);
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        struct cs_span m = CS_SPAN(rows[i].message, strlen(rows[i].message));
        size_t len = strlen(rows[i].der) / 2;

        from_hex(want, len, rows[i].der);
        assert_int_equal(cs_p256_sign(der, &n, priv, blind, m), CS_OK);
        assert_int_equal(n, len);
        assert_memory_equal(der, want, len);
        assert_int_equal(cs_p256_sign(der, &n, priv, other, m), CS_OK);
        assert_memory_equal(der, want, len);
        assert_int_equal(openssl_says(pub, der, n, m), 1);
    }
}

static void openssl_takes_what_random_keys_sign_and_nothing_altered(void **state)
{
    uint8_t priv[32], rnd[32], pub[CS_P256_PUB], der[CS_P256_DER_MAX], message[77];
    size_t n;

    (void)state;
    for (int i = 0; i < 40; i++) {
        cs_random(priv, sizeof priv);
        cs_random(rnd, sizeof rnd);
        cs_random(message, sizeof message);
        assert_int_equal(cs_p256_public(pub, priv, rnd), CS_OK);
        assert_int_equal(cs_p256_sign(der, &n, priv, rnd, CS_SPAN_OF(message)), CS_OK);
        assert_int_equal(openssl_says(pub, der, n, CS_SPAN_OF(message)), 1);
        message[i] ^= 1;
        assert_int_not_equal(openssl_says(pub, der, n, CS_SPAN_OF(message)), 1);
    }
}

static void zero_and_the_order_are_no_keys(void **state)
{
    uint8_t priv[32] = {0}, pub[CS_P256_PUB], der[CS_P256_DER_MAX];
    size_t n = 7;

    (void)state;
    assert_int_equal(cs_p256_public(pub, priv, blind), CS_ERR_ZERO_OR_RANGE);
    assert_int_equal(cs_p256_sign(der, &n, priv, blind, CS_SPAN_LIT("x")),
                     CS_ERR_ZERO_OR_RANGE);
    assert_int_equal(n, 0);
    from_hex(priv, sizeof priv,
             "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    assert_int_equal(cs_p256_public(pub, priv, blind), CS_ERR_ZERO_OR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_public_key_of_rfc_6979_comes_out),
        cmocka_unit_test(the_signatures_of_rfc_6979_come_out_whatever_the_blinding),
        cmocka_unit_test(openssl_takes_what_random_keys_sign_and_nothing_altered),
        cmocka_unit_test(zero_and_the_order_are_no_keys),
    };

    if (cs_crypto_init() != CS_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
