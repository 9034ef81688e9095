/* Taproot through libsecp256k1's extrakeys and schnorrsig modules; see taproot.h. */
#include "crypto/taproot.h"

#include <string.h>

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#include "crypto/hash.h"
#include "crypto/secp_ctx.h"
#include "crypto/sha256.h"

void cs_tagged_hash(uint8_t out[32], const char *tag, struct cs_span in)
{
    struct cs_sha256_state st;
    uint8_t t[32];

    cs_sha256(t, CS_SPAN(tag, strlen(tag)));
    cs_sha256_start(&st);
    cs_sha256_update(&st, t, sizeof t);
    cs_sha256_update(&st, t, sizeof t);
    cs_sha256_update(&st, in.p, in.n);
    cs_sha256_final(&st, out);
}

enum cs_err cs_taproot_output(uint8_t key[32], uint8_t tweak[32],
                              const uint8_t internal[33])
{
    const secp256k1_context *ctx = cs_secp_ctx();
    secp256k1_xonly_pubkey inner, outer;
    secp256k1_pubkey full;

    memset(key, 0, 32);
    cs_tagged_hash(tweak, "TapTweak", CS_SPAN(internal + 1, 32));
    if (secp256k1_xonly_pubkey_parse(ctx, &inner, internal + 1) != 1 ||
        secp256k1_xonly_pubkey_tweak_add(ctx, &full, &inner, tweak) != 1) {
        memset(tweak, 0, 32);
        return CS_ERR_BAD_POINT;
    }
    CS_ASSERT(secp256k1_xonly_pubkey_from_pubkey(ctx, &outer, NULL, &full) == 1);
    CS_ASSERT(secp256k1_xonly_pubkey_serialize(ctx, key, &outer) == 1);
    return CS_OK;
}

enum cs_err cs_taproot_verify(const uint8_t key[32], struct cs_span message,
                              const uint8_t sig[64])
{
    const secp256k1_context *ctx = cs_secp_ctx();
    secp256k1_xonly_pubkey p;

    if (secp256k1_xonly_pubkey_parse(ctx, &p, key) != 1) {
        return CS_ERR_BAD_POINT;
    }
    return secp256k1_schnorrsig_verify(ctx, sig, message.p, message.n, &p) == 1
               ? CS_OK
               : CS_ERR_SIG_INVALID;
}
