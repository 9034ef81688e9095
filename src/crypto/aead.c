#include "crypto/aead.h"

#include <mbedtls/cipher.h>
#include <mbedtls/gcm.h>
#include <sodium.h>
#include <string.h>

#include "base/mem.h"

void cs_chacha_seal(uint8_t *out, const uint8_t key[32], const uint8_t nonce[12],
                    struct cs_span ad, struct cs_span in)
{
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, in.p, in.n, ad.p, ad.n,
                                                    NULL, nonce, key);
}

enum cs_err cs_chacha_open(uint8_t *out, const uint8_t key[32], const uint8_t nonce[12],
                           struct cs_span ad, struct cs_span in)
{
    if (in.n < CS_AEAD_TAG) {
        return CS_ERR_AEAD;
    }
    if (crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, in.p, in.n, ad.p,
                                                  ad.n, nonce, key) != 0) {
        cs_wipe(out, in.n - CS_AEAD_TAG);
        return CS_ERR_AEAD;
    }
    return CS_OK;
}

/* Codes of mbedTLS, mapped at this edge. */
static enum cs_err gcm_err(int rc)
{
    switch (rc) {
    case 0:
        return CS_OK;
    case MBEDTLS_ERR_GCM_AUTH_FAILED:
        return CS_ERR_AEAD;
    case MBEDTLS_ERR_CIPHER_ALLOC_FAILED:
        return CS_ERR_NOMEM;
    default:
        return CS_ERR_INTERNAL;
    }
}

enum cs_err cs_gcm_seal(uint8_t *out, const uint8_t key[32], const uint8_t nonce[12],
                        struct cs_span ad, struct cs_span in)
{
    mbedtls_gcm_context gcm;
    int rc;

    mbedtls_gcm_init(&gcm);
    rc = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key, 256);
    if (rc == 0) {
        rc = mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, in.n, nonce,
                                       CS_AEAD_NONCE, ad.p, ad.n, in.p, out,
                                       CS_AEAD_TAG, out + in.n);
    }
    if (rc != 0) {
        cs_wipe(out, in.n + CS_AEAD_TAG); /* never half a record, nor plaintext */
    }
    mbedtls_gcm_free(&gcm); /* wipes the key schedule */
    return gcm_err(rc);
}

enum cs_err cs_gcm_open(uint8_t *out, const uint8_t key[32], const uint8_t nonce[12],
                        struct cs_span ad, struct cs_span in)
{
    mbedtls_gcm_context gcm;
    size_t n;
    int rc;

    if (in.n < CS_AEAD_TAG) {
        return CS_ERR_AEAD;
    }
    n = in.n - CS_AEAD_TAG;
    mbedtls_gcm_init(&gcm);
    rc = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key, 256);
    if (rc == 0) {
        rc = mbedtls_gcm_auth_decrypt(&gcm, n, nonce, CS_AEAD_NONCE, ad.p, ad.n,
                                      in.p + n, CS_AEAD_TAG, in.p, out);
    }
    if (rc != 0) {
        cs_wipe(out, n);
    }
    mbedtls_gcm_free(&gcm);
    return gcm_err(rc);
}
