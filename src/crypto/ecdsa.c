/* ECDSA through libsecp256k1; see ecdsa.h. */
#include "crypto/ecdsa.h"

#include <string.h>

#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include "base/mem.h"
#include "crypto/secp_ctx.h"

enum cs_err cs_ecdsa_uncompress(uint8_t out[65], const uint8_t pub[CS_ECDSA_PUB_LEN])
{
    secp256k1_pubkey key;
    size_t n = 65;

    memset(out, 0, n);
    if (secp256k1_ec_pubkey_parse(cs_secp_ctx(), &key, pub, CS_ECDSA_PUB_LEN) != 1) {
        return CS_ERR_BAD_POINT;
    }
    CS_ASSERT(secp256k1_ec_pubkey_serialize(cs_secp_ctx(), out, &n, &key,
                                            SECP256K1_EC_UNCOMPRESSED) == 1);
    return CS_OK;
}

bool cs_ecdsa_is_low_s(const uint8_t rs[CS_ECDSA_SIG_LEN])
{
    secp256k1_ecdsa_signature sig;

    if (cs_ct_is_zero(rs, 32) || cs_ct_is_zero(rs + 32, 32) ||
        secp256k1_ecdsa_signature_parse_compact(cs_secp_ctx(), &sig, rs) != 1) {
        return false;
    }
    return secp256k1_ecdsa_signature_normalize(cs_secp_ctx(), NULL, &sig) == 0;
}

enum cs_err cs_ecdsa_verify(const uint8_t pub[CS_ECDSA_PUB_LEN],
                            const uint8_t digest[32],
                            const uint8_t rs[CS_ECDSA_SIG_LEN])
{
    const secp256k1_context *ctx = cs_secp_ctx();
    secp256k1_ecdsa_signature sig;
    secp256k1_pubkey key;

    if (secp256k1_ec_pubkey_parse(ctx, &key, pub, CS_ECDSA_PUB_LEN) != 1) {
        return CS_ERR_BAD_POINT;
    }
    if (!cs_ecdsa_is_low_s(rs) ||
        secp256k1_ecdsa_signature_parse_compact(ctx, &sig, rs) != 1 ||
        secp256k1_ecdsa_verify(ctx, &sig, digest, &key) != 1) {
        return CS_ERR_SIG_INVALID;
    }
    return CS_OK;
}

enum cs_err cs_ecdsa_recover(uint8_t out[CS_ECDSA_PUB_LEN], const uint8_t digest[32],
                             const uint8_t rs[CS_ECDSA_SIG_LEN], unsigned recid)
{
    const secp256k1_context *ctx = cs_secp_ctx();
    secp256k1_ecdsa_recoverable_signature sig;
    secp256k1_pubkey key;
    size_t n = CS_ECDSA_PUB_LEN;

    memset(out, 0, CS_ECDSA_PUB_LEN);
    if (recid > 3 || !cs_ecdsa_is_low_s(rs) ||
        secp256k1_ecdsa_recoverable_signature_parse_compact(ctx, &sig, rs,
                                                            (int)recid) != 1 ||
        secp256k1_ecdsa_recover(ctx, &key, &sig, digest) != 1) {
        return CS_ERR_SIG_INVALID;
    }
    CS_ASSERT(secp256k1_ec_pubkey_serialize(ctx, out, &n, &key,
                                            SECP256K1_EC_COMPRESSED) == 1);
    return CS_OK;
}

enum cs_err cs_ecdsa_recid(uint8_t *out, const uint8_t pub[CS_ECDSA_PUB_LEN],
                           const uint8_t digest[32], const uint8_t rs[CS_ECDSA_SIG_LEN])
{
    uint8_t found[CS_ECDSA_PUB_LEN];

    *out = 0;
    for (uint8_t id = 0; id < 4; id++) {
        if (cs_ecdsa_recover(found, digest, rs, id) == CS_OK &&
            memcmp(found, pub, sizeof found) == 0) { /* public */
            *out = id;
            return CS_OK;
        }
    }
    return CS_ERR_SIG_INVALID;
}

/* The library's parser turns numbers that are too large into zero: what came in must be
 * what its own encoder would write. */
enum cs_err cs_ecdsa_from_der(uint8_t out[CS_ECDSA_SIG_LEN], struct cs_span der)
{
    secp256k1_ecdsa_signature sig;
    uint8_t again[CS_ECDSA_DER_MAX];
    size_t n = sizeof again;

    memset(out, 0, CS_ECDSA_SIG_LEN);
    if (der.n == 0 || der.n > CS_ECDSA_DER_MAX ||
        secp256k1_ecdsa_signature_parse_der(cs_secp_ctx(), &sig, der.p, der.n) != 1) {
        return CS_ERR_SIG_INVALID;
    }
    CS_ASSERT(secp256k1_ecdsa_signature_serialize_compact(cs_secp_ctx(), out, &sig) ==
              1);
    CS_ASSERT(secp256k1_ecdsa_signature_serialize_der(cs_secp_ctx(), again, &n, &sig) ==
              1);
    if (n != der.n || memcmp(again, der.p, n) != 0 || !cs_ecdsa_is_low_s(out)) {
        memset(out, 0, CS_ECDSA_SIG_LEN);
        return CS_ERR_SIG_INVALID;
    }
    return CS_OK;
}

enum cs_err cs_ecdsa_to_der(uint8_t out[CS_ECDSA_DER_MAX], size_t *out_len,
                            const uint8_t rs[CS_ECDSA_SIG_LEN])
{
    secp256k1_ecdsa_signature sig;
    size_t n = CS_ECDSA_DER_MAX;

    memset(out, 0, CS_ECDSA_DER_MAX);
    *out_len = 0;
    if (!cs_ecdsa_is_low_s(rs) ||
        secp256k1_ecdsa_signature_parse_compact(cs_secp_ctx(), &sig, rs) != 1) {
        return CS_ERR_SIG_INVALID;
    }
    CS_ASSERT(secp256k1_ecdsa_signature_serialize_der(cs_secp_ctx(), out, &n, &sig) ==
              1);
    *out_len = n;
    return CS_OK;
}
