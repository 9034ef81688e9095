/* ECDSA over secp256k1, public side: verification, recovery, strict DER.  Signatures
 * are r, s, 32 bytes each, big endian, and only their low-s form is accepted (BIP 62,
 * EIP-2).  Everything here is public data: variable time.  Any thread. */
#ifndef CS_CRYPTO_ECDSA_H
#define CS_CRYPTO_ECDSA_H

#include "base/err.h"
#include "base/span.h"

enum { CS_ECDSA_PUB_LEN = 33, CS_ECDSA_SIG_LEN = 64, CS_ECDSA_DER_MAX = 72 };

/* The 65-byte form (04, x, y) of a compressed key.  BAD_POINT; out is zeroed then. */
enum cs_err cs_ecdsa_uncompress(uint8_t out[65], const uint8_t pub[CS_ECDSA_PUB_LEN])
    CS_MUST_USE;

/* r and s from 1 to the group order, s at most half of it. */
bool cs_ecdsa_is_low_s(const uint8_t rs[CS_ECDSA_SIG_LEN]);

/* pub: compressed.  CS_OK, BAD_POINT, or SIG_INVALID (also for a high s). */
enum cs_err cs_ecdsa_verify(const uint8_t pub[CS_ECDSA_PUB_LEN],
                            const uint8_t digest[32],
                            const uint8_t rs[CS_ECDSA_SIG_LEN]) CS_MUST_USE;

/* The key that made rs over digest, given its recovery id (0..3); compressed.
 * SIG_INVALID when there is none; out is zeroed then. */
enum cs_err cs_ecdsa_recover(uint8_t out[CS_ECDSA_PUB_LEN], const uint8_t digest[32],
                             const uint8_t rs[CS_ECDSA_SIG_LEN], unsigned recid)
    CS_MUST_USE;
/* The recovery id with which rs leads to pub.  Verifies: SIG_INVALID when none does. */
enum cs_err cs_ecdsa_recid(uint8_t *out, const uint8_t pub[CS_ECDSA_PUB_LEN],
                           const uint8_t digest[32], const uint8_t rs[CS_ECDSA_SIG_LEN])
    CS_MUST_USE;

/* r, s of a signature in strict DER (BIP 66): one encoding per signature, low s only.
 * SIG_INVALID; out is zeroed then. */
enum cs_err cs_ecdsa_from_der(uint8_t out[CS_ECDSA_SIG_LEN], struct cs_span der)
    CS_MUST_USE;

/* Strict DER of a valid low-s signature.  SIG_INVALID; out is zeroed then. */
enum cs_err cs_ecdsa_to_der(uint8_t out[CS_ECDSA_DER_MAX], size_t *out_len,
                            const uint8_t rs[CS_ECDSA_SIG_LEN]) CS_MUST_USE;

#endif
