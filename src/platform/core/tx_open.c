/* From a transaction's record to what is signed and back: the platform works it out
 * from the payload alone, with the code that the nodes use. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "platform/core/flows.h"
#include "platform/core/rec.h"

const char *cs_pc_tx_payload(const json_t *tx)
{
    return cs_js_text(tx,
                      cs_js_is(tx, "_kind", "RAW") ? "encodedTransaction" : "_payload");
}

const char *cs_pc_tx_path(const json_t *tx)
{
    return cs_js_text(tx, "_path");
}

/* Requests of the first version had one Ed25519 signature, under its public name. */
const char *cs_pc_tx_signatures(const json_t *tx)
{
    const char *hex = cs_js_text(tx, "_signatures");

    return hex[0] != '\0' ? hex : cs_js_text(tx, "signature");
}

const char *cs_pc_tx_switch(const char *kind)
{
    if (strcmp(kind, "RAW") == 0) {
        return "rawSigningEnabled";
    }
    return strcmp(kind, "DIGEST") == 0 ? "blindSigningEnabled" : NULL;
}

static enum cs_err open_key(struct cs_pc_tx *out, const json_t *tx, const char **why)
{
    const char *hex = cs_js_text(tx, "_publicKey"), *scheme = cs_js_text(tx, "_scheme");
    struct cs_wr pub = {0};
    enum cs_err err = cs_unhex_wr(&pub, hex, strlen(hex));

    out->scheme = CS_SCHEME_FROST_ED25519; /* the only one of the first version */
    if (err == CS_OK && scheme[0] != '\0' && !cs_scheme_parse(&out->scheme, scheme)) {
        err = CS_ERR_STORE_CORRUPT;
    }
    if (err == CS_OK) {
        err = cs_pc_chain_key(&out->key, cs_js_text(tx, "blockchain"), out->scheme,
                              cs_wr_get(&pub), why);
    }
    cs_wr_free(&pub);
    return err;
}

_Static_assert((int)CS_CHAIN_ITEMS_MAX <= (int)CS_CTL_ITEMS_MAX, "signatures");

/* One key, one scheme (PROTOCOLS 7.7): open_key puts the key's into out->key, and the
 * chain layer makes each item for that one, which its tests hold it to (chains_fuzz.h,
 * chains_rows.h) and the nodes, who sign, look at once more (cs_nd_check_items). */
enum cs_err cs_pc_tx_open(struct cs_pc_tx *out, const json_t *tx, const char **why)
{
    const char *hex = cs_pc_tx_payload(tx);

    memset(out, 0, sizeof *out);
    *why = "the kind of request is not known";
    if (!cs_chain_kind_parse(&out->kind, cs_js_text(tx, "_kind"))) {
        return CS_ERR_CHAIN_UNKNOWN;
    }
    *why = "the payload is not hex";
    CS_CHECK(open_key(out, tx, why));
    CS_CHECK(cs_unhex_wr(&out->payload, hex, strlen(hex)));
    return cs_chain_prepare(&out->chain, &out->key, out->kind, cs_wr_get(&out->payload),
                            why);
}

void cs_pc_tx_free(struct cs_pc_tx *t)
{
    cs_chain_tx_free(&t->chain);
    cs_wr_free(&t->payload);
}

enum cs_err cs_pc_tx_finish(struct cs_chain_signed *out, const struct cs_pc_tx *t,
                            struct cs_span signatures, const char **why)
{
    size_t n = t->chain.n_items;
    struct cs_chain_signed done = {0};
    struct cs_chain_sig *sigs;
    enum cs_err err;

    if (signatures.n != n * sizeof sigs->rs) {
        *why = "it has not one signature for each thing that is signed";
        return CS_ERR_SIG_INVALID;
    }
    sigs = cs_alloc_array(n, sizeof *sigs);
    CS_ASSERT(sigs != NULL);
    for (size_t i = 0; i < n; i++) {
        memcpy(sigs[i].rs, signatures.p + i * sizeof sigs[i].rs, sizeof sigs[i].rs);
    }
    err = cs_chain_finish_any(&done, &t->key, t->kind, cs_wr_get(&t->payload), sigs, n,
                              why);
    cs_free(sigs);
    if (err == CS_OK && out != NULL) {
        *out = done;
    } else {
        cs_chain_signed_free(&done);
    }
    return err;
}
