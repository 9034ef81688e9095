/* A webhook's own signing key.  It is stored sealed under a key that the platform has
 * in a file of its own (platform.c), not in the store: who copies only the store cannot
 * sign for a webhook.
 *
 *   _key = hex(nonce 12, AES-256-GCM of the 32 bytes under
 *              HKDF(seal_key; "cloudsign/platform/webhook", webhook id); AD: the id) */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "platform/core/webhooks.h"

enum { SEALED = CS_AEAD_NONCE + CS_P256_PRIV + CS_AEAD_TAG };

static void wrap_key(const struct cs_platform_core *core, uint8_t out[32],
                     const uint8_t id[CS_PC_ID])
{
    static const char label[] = "cloudsign/platform/webhook";
    uint8_t info[sizeof label - 1 + CS_PC_ID];

    memcpy(info, label, sizeof label - 1);
    memcpy(info + sizeof label - 1, id, CS_PC_ID);
    cs_hkdf(out, 32, CS_SPAN(NULL, 0), core->cfg.seal_key, CS_SPAN_OF(info));
}

static void seal(struct cs_platform_core *core, json_t *rec, const uint8_t priv[32])
{
    uint8_t id[CS_PC_ID], key[32], out[SEALED];
    enum cs_err err;

    CS_ASSERT(cs_js_id(rec, "id", id));
    wrap_key(core, key, id);
    cs_pc_random(core, out, CS_AEAD_NONCE);
    err = cs_gcm_seal(out + CS_AEAD_NONCE, key, out, CS_SPAN_OF(id),
                      CS_SPAN(priv, CS_P256_PRIV));
    cs_wipe(key, sizeof key);
    CS_ASSERT(err == CS_OK);
    cs_js_hex(rec, "_key", out, sizeof out);
}

static void show_public(json_t *rec, const uint8_t pub[CS_P256_PUB])
{
    uint8_t spki[CS_P256_SPKI];
    struct cs_wr w = {0};

    cs_p256_spki(spki, pub);
    cs_wr_b64(&w, CS_SPAN_OF(spki));
    cs_wr_u8(&w, 0);
    CS_ASSERT(w.err == CS_OK);
    cs_js_str(rec, "publicKey", (const char *)w.p);
    cs_wr_free(&w);
}

bool cs_hook_key_make(struct cs_platform_core *core, json_t *rec)
{
    uint8_t priv[CS_P256_PRIV], pub[CS_P256_PUB], blind[32];
    enum cs_err err = CS_ERR_ZERO_OR_RANGE;

    if (core->cfg.seal_key.n == 0) {
        return false;
    }
    for (int i = 0; i < 4 && err == CS_ERR_ZERO_OR_RANGE; i++) {
        cs_pc_random(core, priv, sizeof priv);
        cs_pc_random(core, blind, sizeof blind);
        err = cs_p256_public(pub, priv, blind);
    }
    CS_ASSERT(err == CS_OK);
    seal(core, rec, priv);
    show_public(rec, pub);
    cs_wipe(priv, sizeof priv);
    cs_wipe(blind, sizeof blind);
    return true;
}

bool cs_hook_key_open(struct cs_platform_core *core, const json_t *rec,
                      uint8_t priv[32])
{
    uint8_t id[CS_PC_ID], key[32], sealed[SEALED];
    bool ok = core->cfg.seal_key.n > 0 && cs_js_id(rec, "id", id) &&
              cs_js_bytes(rec, "_key", sealed, sizeof sealed);

    if (ok) {
        wrap_key(core, key, id);
        ok = cs_gcm_open(priv, key, sealed, CS_SPAN_OF(id),
                         CS_SPAN(sealed + CS_AEAD_NONCE, SEALED - CS_AEAD_NONCE)) ==
             CS_OK;
        cs_wipe(key, sizeof key);
    }
    if (!ok) {
        cs_wipe(priv, CS_P256_PRIV);
    }
    return ok;
}
