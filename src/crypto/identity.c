#include "crypto/identity.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/hash.h"

void cs_identity_derive(struct cs_identity_secret *id)
{
    cs_sign_public(id->pub.ik, id->ik_seed);
    cs_dh_public(id->pub.sk, id->sk_priv);
}

void cs_identity_from_random(struct cs_identity_secret *out, const uint8_t rnd[96])
{
    memcpy(out->ik_seed, rnd, 32);
    memcpy(out->sk_priv, rnd + 32, 32);
    memcpy(out->local, rnd + 64, 32);
    cs_identity_derive(out);
}

void cs_identity_fingerprint(uint8_t out[32], const struct cs_identity *id)
{
    const struct cs_span x[] = {CS_SPAN_OF(id->ik), CS_SPAN_OF(id->sk)};

    cs_th(out, CS_TAG_IDENTITY, x, CS_COUNTOF(x));
}

/* The public key is derived anew each time: a pair (seed, wrong public key) would
 * leak the seed. */
void cs_sign(uint8_t sig[CS_SIG_LEN], const uint8_t seed[32], struct cs_span msg)
{
    uint8_t pub[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES];

    (void)crypto_sign_seed_keypair(pub, sk, seed);
    (void)crypto_sign_detached(sig, NULL, msg.p, msg.n, sk);
    cs_wipe(sk, sizeof sk);
}

bool cs_sign_verify(const uint8_t sig[CS_SIG_LEN], const uint8_t pub[CS_IK_LEN],
                    struct cs_span msg)
{
    return crypto_sign_verify_detached(sig, msg.p, msg.n, pub) == 0;
}

void cs_sign_public(uint8_t pub[CS_IK_LEN], const uint8_t seed[32])
{
    uint8_t sk[crypto_sign_SECRETKEYBYTES];

    (void)crypto_sign_seed_keypair(pub, sk, seed);
    cs_wipe(sk, sizeof sk);
}

enum cs_err cs_dh(uint8_t out[32], const uint8_t priv[32], const uint8_t pub[32])
{
    if (crypto_scalarmult(out, priv, pub) != 0 || cs_ct_is_zero(out, 32)) {
        cs_wipe(out, 32);
        return CS_ERR_HS_FAILED;
    }
    return CS_OK;
}

void cs_dh_public(uint8_t pub[32], const uint8_t priv[32])
{
    (void)crypto_scalarmult_base(pub, priv);
}
