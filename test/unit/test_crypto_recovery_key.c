/* Recovery keys and boxes (PROTOCOLS 8.7): both kinds, each refusal, every byte. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/identity.h"
#include "crypto/recovery_key.h"

#define ad      CS_SPAN_LIT("associated")
#define content CS_SPAN_LIT("forty bytes or so of a content, sealed")

static struct cs_recovery_key *parse(struct cs_span text)
{
    struct cs_recovery_key *k = NULL;

    assert_int_equal(cs_recovery_key_parse(&k, text), CS_OK);
    assert_non_null(k);
    return k;
}

static void refuse(struct cs_span text, enum cs_err err)
{
    struct cs_recovery_key *k = NULL;

    assert_int_equal(cs_recovery_key_parse(&k, text), err);
    assert_null(k);
}

static struct cs_recovery_key *x25519(uint8_t fill)
{
    struct cs_recovery_key *k = NULL;
    uint8_t rnd[32];

    memset(rnd, fill, sizeof rnd);
    assert_int_equal(cs_recovery_key_new(&k, rnd), CS_OK);
    return k;
}

/* PEM of a key that OpenSSL makes: public, or private (encrypted with a passphrase). */
static void make_pem(struct cs_wr *w, EVP_PKEY *k, bool secret, const char *pass)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *p;
    long n;

    assert_non_null(bio);
    if (!secret) {
        assert_int_equal(PEM_write_bio_PUBKEY(bio, k), 1);
    } else {
        assert_int_equal(PEM_write_bio_PKCS8PrivateKey(
                             bio, k, pass != NULL ? EVP_aes_256_cbc() : NULL, NULL, 0,
                             NULL, (void *)(uintptr_t)pass),
                         1);
    }
    n = BIO_get_mem_data(bio, &p);
    cs_wr_bytes(w, p, (size_t)n);
    BIO_free(bio);
}

static EVP_PKEY *rsa_of(unsigned bits)
{
    EVP_PKEY *k = EVP_RSA_gen(bits);

    assert_non_null(k);
    return k;
}

static void texts_of_x25519_keys_survive_a_round_trip(void **state)
{
    struct cs_recovery_key *k = x25519(7), *pub, *sec;
    struct cs_wr p = {0}, s = {0};
    uint8_t a[32], b[32];

    (void)state;
    assert_int_equal(cs_recovery_public_text(&p, k), CS_OK);
    assert_int_equal(cs_recovery_secret_text(&s, k), CS_OK);
    pub = parse(cs_wr_get(&p));
    sec = parse(cs_wr_get(&s));
    assert_true(cs_recovery_has_secret(sec));
    assert_false(cs_recovery_has_secret(pub));
    cs_recovery_id(a, pub);
    cs_recovery_id(b, sec);
    assert_memory_equal(a, b, 32);
    assert_int_equal(cs_recovery_secret_text(&s, pub), CS_ERR_USAGE);
    for (size_t n = 0; n + 1 < s.n; n++) { /* the last byte is the line break */
        refuse(CS_SPAN(s.p, n), CS_ERR_BAD_FORMAT);
    }
    s.p[40] = 'g';
    refuse(cs_wr_get(&s), CS_ERR_BAD_FORMAT);
    cs_wr_free(&p);
    cs_wr_free(&s);
    cs_recovery_key_free(k);
    cs_recovery_key_free(pub);
    cs_recovery_key_free(sec);
}

static void keys_of_low_order_and_other_forms_are_refused(void **state)
{
    static const char low[] =
        "cloudsign-recovery-public-1 "
        "0100000000000000000000000000000000000000000000000000000000000000";
    static const char high_bit[] =
        "cloudsign-recovery-public-1 "
        "0900000000000000000000000000000000000000000000000000000000000080";

    (void)state;
    refuse(CS_SPAN(low, sizeof low - 1), CS_ERR_BAD_POINT);
    refuse(CS_SPAN(high_bit, sizeof high_bit - 1), CS_ERR_BAD_POINT);
    refuse(CS_SPAN_LIT(""), CS_ERR_BAD_FORMAT);
    refuse(CS_SPAN_LIT("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
           CS_ERR_BAD_FORMAT);
}

static void assert_opens(const struct cs_recovery_key *k, struct cs_span box)
{
    uint8_t out[1024];

    assert_int_equal(cs_recovery_open(out, k, ad, box), CS_OK);
    assert_memory_equal(out, content.p, content.n);
}

static void assert_shut(const struct cs_recovery_key *k, struct cs_span a,
                        struct cs_span box)
{
    uint8_t out[1024], zero[1024] = {0};

    memset(out, 0xaa, sizeof out);
    assert_int_equal(cs_recovery_open(out, k, a, box), CS_ERR_AEAD);
    assert_memory_equal(out, zero, content.n);
}

static void boxes_open_to_their_key_alone(const struct cs_recovery_key *k,
                                          const struct cs_recovery_key *other,
                                          size_t step)
{
    uint8_t rnd[CS_RECOVERY_RANDOM];
    struct cs_wr w = {0};

    memset(rnd, 3, sizeof rnd);
    assert_int_equal(cs_recovery_seal(&w, k, rnd, ad, content), CS_OK);
    assert_int_equal(w.n, content.n + cs_recovery_extra(cs_recovery_kind(k)));
    assert_opens(k, cs_wr_get(&w));
    assert_shut(other, ad, cs_wr_get(&w));
    assert_shut(k, CS_SPAN_LIT("associateD"), cs_wr_get(&w));
    for (size_t at = 0; at < w.n; at += at >= 512 ? 1 : step) {
        w.p[at] ^= 1;
        assert_shut(k, ad, cs_wr_get(&w));
        w.p[at] ^= 1;
    }
    assert_opens(k, cs_wr_get(&w));
    for (size_t n = 0; n < cs_recovery_extra(cs_recovery_kind(k)); n += step) {
        uint8_t out[1];

        assert_int_equal(cs_recovery_open(out, k, ad, CS_SPAN(w.p, n)), CS_ERR_AEAD);
    }
    cs_wr_free(&w);
}

static void a_box_of_x25519_opens_to_its_key_alone(void **state)
{
    struct cs_recovery_key *k = x25519(7), *other = x25519(8);

    (void)state;
    boxes_open_to_their_key_alone(k, other, 1);
    cs_recovery_key_free(k);
    cs_recovery_key_free(other);
}

/* The scheme of the header, made from libsodium's and this layer's parts. */
static void a_box_of_x25519_is_what_the_header_says(void **state)
{
    struct cs_recovery_key *k = x25519(7);
    uint8_t rnd[CS_RECOVERY_RANDOM], priv[32], pk[32], epk[32], shared[32], key[32];
    uint8_t nonce[24] = {0}, out[64];
    const struct cs_span x[] = {CS_SPAN_OF(shared), CS_SPAN_OF(epk), CS_SPAN_OF(pk)};
    struct cs_wr w = {0};

    (void)state;
    memset(rnd, 3, sizeof rnd);
    memset(priv, 7, sizeof priv);
    assert_int_equal(cs_recovery_seal(&w, k, rnd, ad, content), CS_OK);
    cs_recovery_id(pk, k);
    assert_int_equal(crypto_scalarmult_base(epk, rnd), 0);
    assert_memory_equal(w.p, epk, 32);
    assert_int_equal(crypto_scalarmult(shared, priv, epk), 0);
    cs_th(key, CS_TAG_KIT_X25519, x, 3);
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt(
                         out, NULL, NULL, w.p + 32, w.n - 32, ad.p, ad.n, nonce, key),
                     0);
    assert_memory_equal(out, content.p, content.n);
    cs_wr_free(&w);
    cs_recovery_key_free(k);
}

static void a_box_of_rsa_opens_to_its_key_alone(void **state)
{
    EVP_PKEY *a = rsa_of(4096);
    struct cs_wr pub = {0}, sec = {0}, closed = {0}, none = {0};
    struct cs_recovery_key *k, *p, *other = x25519(8);
    uint8_t rnd[CS_RECOVERY_RANDOM] = {1}, out[64], id[32], pid[32];
    struct cs_wr w = {0};

    (void)state;
    make_pem(&pub, a, false, NULL);
    make_pem(&sec, a, true, NULL);
    make_pem(&closed, a, true, "open sesame");
    k = parse(cs_wr_get(&sec));
    p = parse(cs_wr_get(&pub));
    cs_recovery_id(id, k);
    cs_recovery_id(pid, p);
    assert_memory_equal(id, pid, 32);
    assert_int_equal(cs_recovery_kind(k), CS_RECOVERY_RSA);
    refuse(cs_wr_get(&closed), CS_ERR_USAGE);
    boxes_open_to_their_key_alone(k, other, 97);
    assert_int_equal(cs_recovery_seal(&w, p, rnd, ad, content), CS_OK);
    assert_opens(k, cs_wr_get(&w));
    assert_int_equal(cs_recovery_open(out, p, ad, cs_wr_get(&w)), CS_ERR_USAGE);
    assert_int_equal(cs_recovery_public_text(&none, k), CS_ERR_USAGE);
    cs_wr_free(&w);
    cs_wr_free(&pub);
    cs_wr_free(&sec);
    cs_wr_free(&closed);
    cs_recovery_key_free(k);
    cs_recovery_key_free(p);
    cs_recovery_key_free(other);
    EVP_PKEY_free(a);
}

/* With libcrypto alone, as another program would open it. */
static void a_box_of_rsa_is_what_the_header_says(void **state)
{
    EVP_PKEY *a = rsa_of(4096);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(a, NULL);
    struct cs_wr pub = {0}, w = {0};
    struct cs_recovery_key *k;
    uint8_t rnd[CS_RECOVERY_RANDOM], plain[512], out[64];
    size_t n = sizeof plain;

    (void)state;
    memset(rnd, 3, sizeof rnd);
    make_pem(&pub, a, false, NULL);
    k = parse(cs_wr_get(&pub));
    assert_int_equal(cs_recovery_seal(&w, k, rnd, ad, content), CS_OK);
    assert_int_equal(EVP_PKEY_decrypt_init(c), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(c, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(c, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_decrypt(c, plain, &n, w.p, 512), 1);
    assert_int_equal(n, 32);
    assert_memory_equal(plain, rnd, 32);
    assert_memory_equal(w.p + 512, rnd + 32, 12);
    assert_int_equal(
        cs_gcm_open(out, plain, w.p + 512, ad, CS_SPAN(w.p + 524, w.n - 524)), CS_OK);
    assert_memory_equal(out, content.p, content.n);
    cs_wr_free(&pub);
    cs_wr_free(&w);
    cs_recovery_key_free(k);
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(a);
}

/* 4096 bits, e = 3. */
static EVP_PKEY *rsa_of_exponent_3(void)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    BIGNUM *e = BN_new();
    EVP_PKEY *k = NULL;

    assert_int_equal(BN_set_word(e, 3), 1);
    assert_int_equal(EVP_PKEY_keygen_init(c), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(c, 4096), 1);
    assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(c, e), 1);
    assert_int_equal(EVP_PKEY_keygen(c, &k), 1);
    BN_free(e);
    EVP_PKEY_CTX_free(c);
    return k;
}

static void other_keys_in_pem_are_refused(void **state)
{
    EVP_PKEY *small = rsa_of(3072), *ec = EVP_EC_gen("P-256");
    EVP_PKEY *three = rsa_of_exponent_3();
    struct cs_wr w = {0};

    (void)state;
    make_pem(&w, three, false, NULL);
    refuse(cs_wr_get(&w), CS_ERR_USAGE);
    cs_wr_reset(&w);
    EVP_PKEY_free(three);
    make_pem(&w, small, false, NULL);
    refuse(cs_wr_get(&w), CS_ERR_USAGE);
    cs_wr_reset(&w);
    make_pem(&w, small, true, NULL);
    refuse(cs_wr_get(&w), CS_ERR_USAGE);
    cs_wr_reset(&w);
    make_pem(&w, ec, false, NULL);
    refuse(cs_wr_get(&w), CS_ERR_USAGE);
    cs_wr_free(&w);
    EVP_PKEY_free(small);
    EVP_PKEY_free(ec);
}

static void a_passphrase_opens_what_it_closed_and_nothing_else_does(void **state)
{
    const struct cs_span pass = CS_SPAN_LIT("correct horse");
    uint8_t rnd[CS_PASS_RANDOM] = {5}, out[64], zero[64] = {0};
    static const size_t flips[] = {0, 16, 40, 60};
    struct cs_wr w = {0};

    (void)state;
    assert_int_equal(cs_pass_seal(&w, pass, rnd, ad, content), CS_OK);
    assert_int_equal(w.n, content.n + CS_PASS_EXTRA);
    assert_int_equal(cs_pass_open(out, pass, ad, cs_wr_get(&w)), CS_OK);
    assert_memory_equal(out, content.p, content.n);
    assert_int_equal(cs_pass_open(out, CS_SPAN_LIT("correct horsE"), ad, cs_wr_get(&w)),
                     CS_ERR_AEAD);
    assert_memory_equal(out, zero, content.n);
    assert_int_equal(cs_pass_open(out, pass, content, cs_wr_get(&w)), CS_ERR_AEAD);
    for (size_t i = 0; i < CS_COUNTOF(flips); i++) {
        w.p[flips[i]] ^= 1;
        assert_int_equal(cs_pass_open(out, pass, ad, cs_wr_get(&w)), CS_ERR_AEAD);
        w.p[flips[i]] ^= 1;
    }
    assert_int_equal(cs_pass_open(out, pass, ad, CS_SPAN(w.p, CS_PASS_EXTRA - 1)),
                     CS_ERR_AEAD);
    cs_wr_free(&w);
}

static void a_passphrase_box_is_what_the_header_says(void **state)
{
    const struct cs_span pass = CS_SPAN_LIT("correct horse");
    uint8_t rnd[CS_PASS_RANDOM], key[32], out[64];
    struct cs_wr w = {0};

    (void)state;
    memset(rnd, 5, sizeof rnd);
    assert_int_equal(cs_pass_seal(&w, pass, rnd, ad, content), CS_OK);
    assert_memory_equal(w.p, rnd, sizeof rnd);
    assert_int_equal(crypto_pwhash(key, 32, (const char *)pass.p, pass.n, rnd, 3,
                                   256 << 20, crypto_pwhash_ALG_ARGON2ID13),
                     0);
    assert_int_equal(
        crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, w.p + 40, w.n - 40,
                                                   ad.p, ad.n, rnd + 16, key),
        0);
    assert_memory_equal(out, content.p, content.n);
    cs_wr_free(&w);
}

static int setup(void **state)
{
    (void)state;
    return cs_crypto_init() == CS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_x25519_keys_survive_a_round_trip),
        cmocka_unit_test(keys_of_low_order_and_other_forms_are_refused),
        cmocka_unit_test(a_box_of_x25519_opens_to_its_key_alone),
        cmocka_unit_test(a_box_of_x25519_is_what_the_header_says),
        cmocka_unit_test(a_box_of_rsa_opens_to_its_key_alone),
        cmocka_unit_test(a_box_of_rsa_is_what_the_header_says),
        cmocka_unit_test(other_keys_in_pem_are_refused),
        cmocka_unit_test(a_passphrase_opens_what_it_closed_and_nothing_else_does),
        cmocka_unit_test(a_passphrase_box_is_what_the_header_says),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
