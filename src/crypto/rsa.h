/* RSA-4096 of recovery keys, by OpenSSL's libcrypto: private to this layer.
 *
 * Not mbedTLS: its RSA decryption was attacked by timing again and again, and answers
 * padding errors in its own way; libcrypto blinds, reads every PEM that `openssl` or an
 * HSM's tools write, and is linked already (README).  Any thread. */
#ifndef CS_CRYPTO_RSA_H
#define CS_CRYPTO_RSA_H

#include "base/err.h"
#include "base/span.h"

enum { CS_RSA_LEN = 512 };

struct evp_pkey_st;

/* PEM.  BAD_FORMAT, or USAGE (other size or exponent, encrypted).  id: SHA-256 of the
 * SubjectPublicKeyInfo. */
enum cs_err cs_rsa_parse(struct evp_pkey_st **out, bool *has_secret, uint8_t id[32],
                         struct cs_span pem) CS_MUST_USE;
void cs_rsa_free(struct evp_pkey_st *k);
/* OAEP of 32 bytes.  INTERNAL. */
enum cs_err cs_rsa_wrap(uint8_t out[CS_RSA_LEN], struct evp_pkey_st *k,
                        const uint8_t secret[32]) CS_MUST_USE;
/* AEAD for whatever is wrong; secret is zeroed then. */
enum cs_err cs_rsa_unwrap(uint8_t secret[32], struct evp_pkey_st *k,
                          const uint8_t in[CS_RSA_LEN]) CS_MUST_USE;

#endif
