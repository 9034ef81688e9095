/* secp256k1 signatures for tests and fuzz targets, made with the group's own arithmetic
 * from a 32-byte secret: ECDSA with low s, BIP 340 with or without the Taproot tweak.
 * Deterministic, not constant time: for test keys only. */
#ifndef CS_TEST_SUPPORT_CHAINS_SIGN_H
#define CS_TEST_SUPPORT_CHAINS_SIGN_H

#include <stdlib.h>
#include <string.h>

#include "crypto/ecdsa.h"
#include "crypto/group.h"
#include "crypto/hash.h"
#include "crypto/taproot.h"

#define CHAINS_K1 CS_CURVE_SECP256K1

static inline void chains_k1_scalar(struct cs_scalar *out, const uint8_t bytes[32])
{
    uint8_t wide[64] = {0};

    memcpy(wide + 32, bytes, 32);
    cs_scalar_reduce64(CHAINS_K1, out, wide);
}

static inline void chains_k1_point(uint8_t out[33], const struct cs_scalar *k)
{
    struct cs_point p;

    cs_point_base_mul(CHAINS_K1, &p, k);
    (void)cs_point_encode(&p, out);
}

static inline void chains_k1_public(uint8_t out[33], const uint8_t secret[32])
{
    struct cs_scalar d;

    chains_k1_scalar(&d, secret);
    chains_k1_point(out, &d);
}

static inline void chains_k1_nonce(struct cs_scalar *k, const uint8_t secret[32],
                                   const uint8_t digest[32])
{
    uint8_t both[64], h[32];

    memcpy(both, secret, 32);
    memcpy(both + 32, digest, 32);
    cs_sha256(h, CS_SPAN_OF(both));
    chains_k1_scalar(k, h);
}

/* s = (z + r d) / k, low. */
static inline void chains_k1_sign(uint8_t rs[64], const uint8_t secret[32],
                                  const uint8_t digest[32])
{
    struct cs_scalar d, k, z, r, s;
    uint8_t point[33];

    chains_k1_scalar(&d, secret);
    chains_k1_scalar(&z, digest);
    chains_k1_nonce(&k, secret, digest);
    chains_k1_point(point, &k);
    chains_k1_scalar(&r, point + 1);
    cs_scalar_muladd(CHAINS_K1, &s, &r, &d, &z);
    if (cs_scalar_invert(CHAINS_K1, &k, &k) != CS_OK) {
        abort();
    }
    cs_scalar_mul(CHAINS_K1, &s, &s, &k);
    memcpy(rs, r.b, 32);
    memcpy(rs + 32, s.b, 32);
    if (!cs_ecdsa_is_low_s(rs)) {
        cs_scalar_negate(CHAINS_K1, &s, &s);
        memcpy(rs + 32, s.b, 32);
    }
}

/* BIP 340 under the Taproot output key of the secret's key. */
static inline void chains_tap_sign(uint8_t sig[64], const uint8_t secret[32],
                                   const uint8_t digest[32])
{
    struct cs_scalar d, k, e, t, s;
    uint8_t pub[33], key[32], tweak[32], point[33], in[96], h[32];

    chains_k1_scalar(&d, secret);
    chains_k1_point(pub, &d);
    if (cs_taproot_output(key, tweak, pub) != CS_OK) {
        abort();
    }
    if (pub[0] == 3) {
        cs_scalar_negate(CHAINS_K1, &d, &d);
    }
    chains_k1_scalar(&t, tweak);
    cs_scalar_add(CHAINS_K1, &d, &d, &t);
    chains_k1_point(pub, &d);
    if (pub[0] == 3) {
        cs_scalar_negate(CHAINS_K1, &d, &d);
    }
    chains_k1_nonce(&k, secret, digest);
    chains_k1_point(point, &k);
    if (point[0] == 3) {
        cs_scalar_negate(CHAINS_K1, &k, &k);
    }
    memcpy(in, point + 1, 32);
    memcpy(in + 32, key, 32);
    memcpy(in + 64, digest, 32);
    cs_tagged_hash(h, "BIP0340/challenge", CS_SPAN_OF(in));
    chains_k1_scalar(&e, h);
    cs_scalar_muladd(CHAINS_K1, &s, &e, &d, &k);
    memcpy(sig, point + 1, 32);
    memcpy(sig + 32, s.b, 32);
}

#endif
