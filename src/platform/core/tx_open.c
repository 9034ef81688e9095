#include <string.h>

#include "base/text.h"
#include "platform/core/flows.h"
#include "platform/core/rec.h"

static enum cs_err open_key(struct cs_pc_tx *out, const json_t *tx, const char **why)
{
    const struct cs_chain_info *chain = cs_chain_by_name(cs_js_text(tx, "blockchain"));
    const char *hex = cs_js_text(tx, "_publicKey");
    struct cs_wr pub = {0};
    enum cs_err err = cs_unhex_wr(&pub, hex, strlen(hex));

    if (err == CS_OK && chain == NULL) {
        *why = "the blockchain is not known";
        err = CS_ERR_CHAIN_UNKNOWN;
    }
    if (err == CS_OK) {
        err = cs_chain_key_init(&out->key, chain->chain, CS_CURVE_ED25519,
                                cs_wr_get(&pub), why);
    }
    cs_wr_free(&pub);
    return err;
}

enum cs_err cs_pc_tx_open(struct cs_pc_tx *out, const json_t *tx, const char **why)
{
    bool raw = cs_js_is(tx, "_kind", "RAW");
    const char *hex = cs_js_text(tx, raw ? "encodedTransaction" : "_payload");

    memset(out, 0, sizeof *out);
    *why = "the payload is not hex";
    CS_CHECK(open_key(out, tx, why));
    CS_CHECK(cs_unhex_wr(&out->payload, hex, strlen(hex)));
    if (raw) {
        CS_CHECK(
            cs_chain_decode(&out->chain, &out->key, cs_wr_get(&out->payload), why));
    } else {
        CS_CHECK(
            cs_chain_plaintext(&out->chain, &out->key, cs_wr_get(&out->payload), why));
    }
    /* One Ed25519 signature over the whole message: all that is built today. */
    if (out->chain.n_items != 1 ||
        out->chain.items[0].scheme != CS_CHAIN_SCHEME_ED25519) {
        *why = "this payload needs signatures that this version does not make";
        return CS_ERR_CHAIN_TX;
    }
    return CS_OK;
}

void cs_pc_tx_free(struct cs_pc_tx *t)
{
    cs_chain_tx_free(&t->chain);
    cs_wr_free(&t->payload);
}
