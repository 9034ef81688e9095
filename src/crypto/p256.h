/* ECDSA over NIST P-256 with SHA-256, as the platform's webhooks are signed: RFC 6979
 * nonces, so no random number of a signature can be bad; `blind` is fresh randomness
 * for the arithmetic's blinding and changes no result.  By mbedTLS: some 2 ms a
 * signature, so it belongs to a worker.  Any thread.
 *
 * Not for assets: keys of chains are shared between nodes and never in one place. */
#ifndef CS_CRYPTO_P256_H
#define CS_CRYPTO_P256_H

#include "base/err.h"
#include "base/span.h"

enum {
    CS_P256_PRIV = 32,
    CS_P256_PUB = 65,     /* 04, x, y */
    CS_P256_DER_MAX = 72, /* of a signature */
    CS_P256_SPKI = 91,    /* SubjectPublicKeyInfo, DER */
};

/* The public half.  ZERO_OR_RANGE: priv is not from 1 to the order - 1, which random
 * bytes are once in 2^32; NOMEM. */
enum cs_err cs_p256_public(uint8_t pub[CS_P256_PUB], const uint8_t priv[CS_P256_PRIV],
                           const uint8_t blind[32]) CS_MUST_USE;
/* SHA-256 of message, signed; ASN.1 DER.  The same failures, and INTERNAL. */
enum cs_err cs_p256_sign(uint8_t der[CS_P256_DER_MAX], size_t *der_len,
                         const uint8_t priv[CS_P256_PRIV], const uint8_t blind[32],
                         struct cs_span message) CS_MUST_USE;
/* As OpenSSL, Node and Java read a public key. */
void cs_p256_spki(uint8_t out[CS_P256_SPKI], const uint8_t pub[CS_P256_PUB]);

#endif
