/* What a library may answer about a secret: the linker replaces the calls below by
 * their
 * __wrap functions (CMakeLists.txt), which let a result that is public, and nothing
 * else, be known: "the result is the identity" (probability 2^-252), a point whose
 * logarithm is the secret, whether a tag fits.  Include once, after support/ct_run.h.
 */
#ifndef CS_TEST_CT_ALLOWED_H
#define CS_TEST_CT_ALLOWED_H

#include <mbedtls/gcm.h>
#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <sodium.h>

#include "crypto/group.h"

static inline void publish(void *p, size_t n)
{
#ifdef CT_RUNS
    (void)VALGRIND_MAKE_MEM_DEFINED(p, n);
#else
    (void)p;
    (void)n;
#endif
}

bool __real_cs_ct_is_zero(const void *p, size_t n);
bool __wrap_cs_ct_is_zero(const void *p, size_t n);
bool __real_cs_ct_equal(const void *a, const void *b, size_t n);
bool __wrap_cs_ct_equal(const void *a, const void *b, size_t n);
bool __real_cs_scalar_is_zero(const struct cs_scalar *a);
bool __wrap_cs_scalar_is_zero(const struct cs_scalar *a);
int __real_secp256k1_ec_pubkey_create(const secp256k1_context *ctx,
                                      secp256k1_pubkey *out, const unsigned char *k);
int __wrap_secp256k1_ec_pubkey_create(const secp256k1_context *ctx,
                                      secp256k1_pubkey *out, const unsigned char *k);
int __real_secp256k1_ec_seckey_verify(const secp256k1_context *ctx,
                                      const unsigned char *k);
int __wrap_secp256k1_ec_seckey_verify(const secp256k1_context *ctx,
                                      const unsigned char *k);
int __real_secp256k1_ecdh(const secp256k1_context *ctx, unsigned char *out,
                          const secp256k1_pubkey *p, const unsigned char *k,
                          secp256k1_ecdh_hash_function f, void *data);
int __wrap_secp256k1_ecdh(const secp256k1_context *ctx, unsigned char *out,
                          const secp256k1_pubkey *p, const unsigned char *k,
                          secp256k1_ecdh_hash_function f, void *data);

bool __wrap_cs_ct_is_zero(const void *p, size_t n)
{
    bool zero = __real_cs_ct_is_zero(p, n);

    publish(&zero, sizeof zero);
    return zero;
}

bool __wrap_cs_ct_equal(const void *a, const void *b, size_t n)
{
    bool equal = __real_cs_ct_equal(a, b, n);

    publish(&equal, sizeof equal);
    return equal;
}

bool __wrap_cs_scalar_is_zero(const struct cs_scalar *a)
{
    bool zero = __real_cs_scalar_is_zero(a);

    publish(&zero, sizeof zero);
    return zero;
}

int __wrap_secp256k1_ec_pubkey_create(const secp256k1_context *ctx,
                                      secp256k1_pubkey *out, const unsigned char *k)
{
    int ok = __real_secp256k1_ec_pubkey_create(ctx, out, k);

    publish(&ok, sizeof ok);
    publish(out, sizeof *out);
    return ok;
}

int __wrap_secp256k1_ec_seckey_verify(const secp256k1_context *ctx,
                                      const unsigned char *k)
{
    int ok = __real_secp256k1_ec_seckey_verify(ctx, k);

    publish(&ok, sizeof ok);
    return ok;
}

/* Writes 65 bytes: cs_point_mul's own hash function (PROTOCOLS 1.1). */
int __wrap_secp256k1_ecdh(const secp256k1_context *ctx, unsigned char *out,
                          const secp256k1_pubkey *p, const unsigned char *k,
                          secp256k1_ecdh_hash_function f, void *data)
{
    int ok = __real_secp256k1_ecdh(ctx, out, p, k, f, data);

    publish(&ok, sizeof ok);
    publish(out, 65);
    return ok;
}

/* libsodium decides inside whether a result is the identity: see libraries.supp. */
#define ALLOW_INT(name, params, args, result, n)                                       \
    int __real_##name params;                                                          \
    int __wrap_##name params;                                                          \
    int __wrap_##name params                                                           \
    {                                                                                  \
        int err = __real_##name args;                                                  \
                                                                                       \
        publish(&err, sizeof err);                                                     \
        publish(result, n);                                                            \
        return err;                                                                    \
    }

ALLOW_INT(crypto_scalarmult_ed25519_base_noclamp,
          (unsigned char *q, const unsigned char *k), (q, k), q, 32)
ALLOW_INT(crypto_scalarmult_ed25519_noclamp,
          (unsigned char *q, const unsigned char *k, const unsigned char *p), (q, k, p),
          q, 32)
ALLOW_INT(crypto_scalarmult,
          (unsigned char *q, const unsigned char *k, const unsigned char *p), (q, k, p),
          q, 0)
ALLOW_INT(crypto_core_ed25519_scalar_invert, (unsigned char *r, const unsigned char *k),
          (r, k), r, 0)
ALLOW_INT(crypto_aead_chacha20poly1305_ietf_decrypt,
          (unsigned char *m, unsigned long long *m_len, unsigned char *nsec,
           const unsigned char *c, unsigned long long c_len, const unsigned char *ad,
           unsigned long long ad_len, const unsigned char *npub,
           const unsigned char *k),
          (m, m_len, nsec, c, c_len, ad, ad_len, npub, k), m, 0)
ALLOW_INT(mbedtls_gcm_auth_decrypt,
          (mbedtls_gcm_context * g, size_t n, const unsigned char *iv, size_t iv_len,
           const unsigned char *ad, size_t ad_len, const unsigned char *tag,
           size_t tag_len, const unsigned char *in, unsigned char *out),
          (g, n, iv, iv_len, ad, ad_len, tag, tag_len, in, out), out, 0)

#endif
