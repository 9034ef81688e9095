#include "crypto/rsa.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/hash.h"

enum { RSA_BITS = 4096, RSA_EXPONENT = 65537 };

/* Without this libcrypto would ask for a passphrase at the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *ctx)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

static EVP_PKEY *read_pem(struct cs_span pem, bool secret)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *k = NULL;

    if (bio != NULL && secret) {
        k = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    } else if (bio != NULL) {
        k = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
    }
    BIO_free(bio);
    ERR_clear_error();
    return k;
}

static bool is_rsa_4096(EVP_PKEY *k)
{
    BIGNUM *e = NULL;
    bool ok = EVP_PKEY_get_base_id(k) == EVP_PKEY_RSA &&
              EVP_PKEY_get_bits(k) == RSA_BITS &&
              EVP_PKEY_get_bn_param(k, "e", &e) == 1 && BN_is_word(e, RSA_EXPONENT);

    BN_free(e);
    return ok;
}

static enum cs_err fingerprint(uint8_t id[32], EVP_PKEY *k)
{
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(k, &der);

    if (n <= 0) {
        return CS_ERR_INTERNAL;
    }
    cs_sha256(id, CS_SPAN(der, (size_t)n));
    OPENSSL_free(der);
    return CS_OK;
}

static bool has_text(struct cs_span s, const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i + n <= s.n; i++) {
        if (memcmp(s.p + i, text, n) == 0) {
            return true;
        }
    }
    return false;
}

enum cs_err cs_rsa_parse(struct evp_pkey_st **out, bool *has_secret, uint8_t id[32],
                         struct cs_span pem)
{
    EVP_PKEY *k;
    enum cs_err err;

    *out = NULL;
    if (has_text(pem, "ENCRYPTED")) {
        return CS_ERR_USAGE;
    }
    *has_secret = has_text(pem, "PRIVATE KEY-----");
    k = read_pem(pem, *has_secret);
    if (k == NULL) {
        return CS_ERR_BAD_FORMAT;
    }
    err = is_rsa_4096(k) ? fingerprint(id, k) : CS_ERR_USAGE;
    if (err != CS_OK) {
        EVP_PKEY_free(k);
        return err;
    }
    *out = k;
    return CS_OK;
}

void cs_rsa_free(struct evp_pkey_st *k)
{
    EVP_PKEY_free(k); /* wipes the private parts */
}

static bool set_oaep(EVP_PKEY_CTX *c)
{
    return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(c, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(c, EVP_sha256()) == 1;
}

enum cs_err cs_rsa_wrap(uint8_t out[CS_RSA_LEN], struct evp_pkey_st *k,
                        const uint8_t secret[32])
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k, NULL);
    size_t n = CS_RSA_LEN;
    bool ok = c != NULL && EVP_PKEY_encrypt_init(c) == 1 && set_oaep(c) &&
              EVP_PKEY_encrypt(c, out, &n, secret, 32) == 1 && n == CS_RSA_LEN;

    EVP_PKEY_CTX_free(c);
    ERR_clear_error();
    return ok ? CS_OK : CS_ERR_INTERNAL;
}

enum cs_err cs_rsa_unwrap(uint8_t secret[32], struct evp_pkey_st *k,
                          const uint8_t in[CS_RSA_LEN])
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k, NULL);
    uint8_t plain[CS_RSA_LEN]; /* what the padding may hold at most */
    size_t n = sizeof plain;
    bool ok = c != NULL && EVP_PKEY_decrypt_init(c) == 1 && set_oaep(c) &&
              EVP_PKEY_decrypt(c, plain, &n, in, CS_RSA_LEN) == 1 && n == 32;

    if (ok) {
        memcpy(secret, plain, 32);
    } else {
        cs_wipe(secret, 32);
    }
    cs_wipe(plain, sizeof plain);
    EVP_PKEY_CTX_free(c);
    ERR_clear_error();
    return ok ? CS_OK : CS_ERR_AEAD;
}
