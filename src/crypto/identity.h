/* Long-term keys of a device (PROTOCOLS 2.1): Ed25519 IK signs, X25519 SK opens links.
 * Any thread. */
#ifndef CS_CRYPTO_IDENTITY_H
#define CS_CRYPTO_IDENTITY_H

#include "base/err.h"
#include "base/span.h"

enum { CS_SIG_LEN = 64, CS_IK_LEN = 32, CS_SK_LEN = 32 };

/* Public half. */
struct cs_identity {
    uint8_t ik[CS_IK_LEN];
    uint8_t sk[CS_SK_LEN];
};

/* Private half: keep in guarded memory. */
struct cs_identity_secret {
    struct cs_identity pub;
    uint8_t ik_seed[32]; /* RFC 8032 seed */
    uint8_t sk_priv[32];
    uint8_t local[32]; /* local secret that hedges randomness (15.4 D6) */
};

/* From 96 random bytes: ik_seed, sk_priv, local. */
void cs_identity_from_random(struct cs_identity_secret *out, const uint8_t rnd[96]);
/* Recomputes pub from the seeds (after loading a record). */
void cs_identity_derive(struct cs_identity_secret *id);
/* TH("identity"; IK, SK). */
void cs_identity_fingerprint(uint8_t out[32], const struct cs_identity *id);

/* Ed25519 over 32-byte tagged hashes or whole messages. */
void cs_sign(uint8_t sig[CS_SIG_LEN], const uint8_t seed[32], struct cs_span msg);
bool cs_sign_verify(const uint8_t sig[CS_SIG_LEN], const uint8_t pub[CS_IK_LEN],
                    struct cs_span msg) CS_MUST_USE;
void cs_sign_public(uint8_t pub[CS_IK_LEN], const uint8_t seed[32]);

/* X25519; HS_FAILED when the result is all zero. */
enum cs_err cs_dh(uint8_t out[32], const uint8_t priv[32], const uint8_t pub[32])
    CS_MUST_USE;
void cs_dh_public(uint8_t pub[32], const uint8_t priv[32]);

#endif
