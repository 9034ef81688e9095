/* Names follow the Noise specification: ck, h, k, MixHash, MixKey, EncryptAndHash.  In
 * KK every encryption happens right after a MixKey, so the nonce is always 0. */
#include "mpc/link/noise.h"

#include <string.h>

#include "base/mem.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

/* 32 characters, so that h = protocol_name without hashing (Noise 5.2). */
static const char protocol_name[] = "Noise_KK_25519_ChaChaPoly_SHA256";
_Static_assert(sizeof protocol_name == 33, "fills HASHLEN exactly");

enum { STEP_FAILED = 255 };

static void mix_hash(struct cs_noise *hs, struct cs_span data)
{
    uint8_t buf[32 + CS_NOISE_OVERHEAD + CS_NOISE_PAYLOAD_MAX];

    CS_ASSERT(data.n <= sizeof buf - 32);
    memcpy(buf, hs->h, 32);
    if (data.n != 0) {
        memcpy(buf + 32, data.p, data.n);
    }
    cs_sha256(hs->h, CS_SPAN(buf, 32 + data.n));
}

/* Noise's HKDF with two outputs is RFC 5869 with salt ck and no info. */
static void mix_key(struct cs_noise *hs, const uint8_t dh[32])
{
    uint8_t out[64];

    cs_hkdf(out, sizeof out, CS_SPAN_OF(hs->ck), CS_SPAN(dh, 32), CS_SPAN(NULL, 0));
    memcpy(hs->ck, out, 32);
    memcpy(hs->k, out + 32, 32);
    cs_wipe(out, sizeof out);
}

static enum cs_err mix_dh(struct cs_noise *hs, const uint8_t priv[32],
                          const uint8_t pub[32])
{
    uint8_t dh[32];
    enum cs_err err = cs_dh(dh, priv, pub);

    if (err == CS_OK) {
        mix_key(hs, dh);
    }
    cs_wipe(dh, sizeof dh);
    return err;
}

/* The Diffie-Hellman tokens after "e".  Message 1: es, ss; message 2: ee, se.  Each
 * token names the initiator's key first. */
static enum cs_err mix_tokens(struct cs_noise *hs)
{
    bool i = hs->initiator != 0;
    enum cs_err err;

    if (hs->step == 0) {
        CS_TRY(i ? mix_dh(hs, hs->e_priv, hs->rs) : mix_dh(hs, hs->s_priv, hs->re));
        CS_TRY(mix_dh(hs, hs->s_priv, hs->rs));
    } else {
        CS_TRY(mix_dh(hs, hs->e_priv, hs->re));
        CS_TRY(i ? mix_dh(hs, hs->s_priv, hs->re) : mix_dh(hs, hs->e_priv, hs->rs));
    }
out:
    return err;
}

void cs_noise_init(struct cs_noise *hs, bool initiator, struct cs_span prologue,
                   const struct cs_identity_secret *own, const uint8_t peer_sk[32])
{
    const uint8_t *first = initiator ? own->pub.sk : peer_sk;
    const uint8_t *second = initiator ? peer_sk : own->pub.sk;

    memset(hs, 0, sizeof *hs);
    memcpy(hs->h, protocol_name, 32);
    memcpy(hs->ck, protocol_name, 32);
    mix_hash(hs, prologue);
    mix_hash(hs, CS_SPAN(first, 32));
    mix_hash(hs, CS_SPAN(second, 32));
    memcpy(hs->s_priv, own->sk_priv, 32);
    memcpy(hs->rs, peer_sk, 32);
    hs->initiator = initiator ? 1 : 0;
}

static bool is_my_turn(const struct cs_noise *hs, bool writing)
{
    /* The initiator writes message 0 and reads message 1. */
    bool i_writes = hs->initiator != 0 ? hs->step == 0 : hs->step == 1;

    return hs->step < 2 && i_writes == writing;
}

static void fail(struct cs_noise *hs)
{
    cs_noise_wipe(hs);
    hs->step = STEP_FAILED;
}

static const uint8_t nonce0[CS_AEAD_NONCE];

enum cs_err cs_noise_write(struct cs_noise *hs, uint8_t *out, struct cs_span payload,
                           const uint8_t e_priv[32])
{
    enum cs_err err;

    if (!is_my_turn(hs, true)) {
        return CS_ERR_STATE;
    }
    if (payload.n > CS_NOISE_PAYLOAD_MAX) {
        return CS_ERR_USAGE;
    }
    memcpy(hs->e_priv, e_priv, 32);
    cs_dh_public(out, e_priv);
    mix_hash(hs, CS_SPAN(out, 32));
    err = mix_tokens(hs);
    if (err != CS_OK) {
        memset(out, 0, payload.n + CS_NOISE_OVERHEAD);
        fail(hs);
        return err;
    }
    cs_chacha_seal(out + 32, hs->k, nonce0, CS_SPAN_OF(hs->h), payload);
    mix_hash(hs, CS_SPAN(out + 32, payload.n + CS_AEAD_TAG));
    hs->step++;
    return CS_OK;
}

enum cs_err cs_noise_read(struct cs_noise *hs, uint8_t *payload, struct cs_span msg)
{
    struct cs_span sealed;
    enum cs_err err = CS_ERR_HS_FAILED;

    if (!is_my_turn(hs, false)) {
        return CS_ERR_STATE;
    }
    if (msg.n < CS_NOISE_OVERHEAD || msg.n > CS_NOISE_OVERHEAD + CS_NOISE_PAYLOAD_MAX) {
        goto out;
    }
    sealed = CS_SPAN(msg.p + 32, msg.n - 32);
    memcpy(hs->re, msg.p, 32);
    mix_hash(hs, CS_SPAN_OF(hs->re));
    CS_TRY(mix_tokens(hs));
    if (cs_chacha_open(payload, hs->k, nonce0, CS_SPAN_OF(hs->h), sealed) != CS_OK) {
        err = CS_ERR_HS_FAILED;
        goto out;
    }
    mix_hash(hs, sealed);
    hs->step++;
out:
    if (err != CS_OK) {
        if (msg.n > CS_NOISE_OVERHEAD) {
            memset(payload, 0, msg.n - CS_NOISE_OVERHEAD);
        }
        fail(hs);
    }
    return err;
}

enum cs_err cs_noise_finish(struct cs_noise *hs, struct cs_noise_keys *out)
{
    uint8_t keys[64];

    if (hs->step != 2) {
        return CS_ERR_STATE;
    }
    cs_hkdf(keys, sizeof keys, CS_SPAN_OF(hs->ck), CS_SPAN(NULL, 0), CS_SPAN(NULL, 0));
    memcpy(out->hh, hs->h, 32);
    memcpy(out->ck, hs->ck, 32);
    memcpy(out->i_to_r, keys, 32);
    memcpy(out->r_to_i, keys + 32, 32);
    cs_wipe(keys, sizeof keys);
    fail(hs); /* spent: ephemeral and chaining key are gone */
    return CS_OK;
}

void cs_noise_wipe(struct cs_noise *hs)
{
    cs_wipe(hs, sizeof *hs);
}
