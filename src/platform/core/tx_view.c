/* What the API shows of a signing request; README.md says what each field holds.  What
 * follows from payload and signatures is worked out anew, and the signatures are
 * verified again, so it cannot be altered in a store. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/ecdsa.h"
#include "platform/core/api.h"
#include "platform/core/flows.h"

#define NO_TIME "1970-01-01T00:00:00.000Z"

/* What has more items or a longer payload is read and verified only when that one
 * request is asked for: a page of the longest ones would hold up everybody else. */
enum { LIST_ITEMS_MAX = 8, LIST_HEX_MAX = 2 * 4096, HEX_PER_UNIT = 8192 };

/* ---- assets -------------------------------------------------------------------- */

/* The vendor's word for tokens of a chain; TRC-20 is ERC-20's interface. */
static const char *token_standard(const struct cs_chain_info *info)
{
    static const struct {
        enum cs_chain chain;
        const char *standard;
    } rows[] = {
        {CS_CHAIN_SOLANA, "SPL"},
        {CS_CHAIN_XRP_LEDGER, "ISSUED_CURRENCY"},
        {CS_CHAIN_STELLAR, "ISSUED_CURRENCY"},
        {CS_CHAIN_ETHEREUM, "ERC20"},
        {CS_CHAIN_POLYGON, "ERC20"},
        {CS_CHAIN_BNBCHAIN, "ERC20"},
        {CS_CHAIN_BASE, "ERC20"},
        {CS_CHAIN_ARBITRUM, "ERC20"},
        {CS_CHAIN_AVALANCHE, "ERC20"},
        {CS_CHAIN_TRON, "ERC20"},
    };

    for (size_t i = 0; info != NULL && i < CS_COUNTOF(rows); i++) {
        if (rows[i].chain == info->chain) {
            return rows[i].standard;
        }
    }
    return "CUSTOM";
}

json_t *cs_tx_asset(const char *chain, const char *symbol, const char *contract)
{
    const struct cs_chain_info *info = cs_chain_by_name(chain);
    const char *native = info == NULL ? "" : info->symbol;
    bool is_native = contract[0] == '\0';
    char label[CS_CHAIN_ADDRESS_MAX + 96];
    uint8_t d[32];
    json_t *o = cs_js_obj();

    symbol = symbol[0] == '\0' ? native : symbol;
    (void)snprintf(label, sizeof label, "%s/%s/%s", chain, symbol, contract);
    cs_pc_digest(d, "asset", CS_SPAN(label, strlen(label)), CS_SPAN(NULL, 0));
    cs_uuid_from_random(d); /* the same asset has the same id */
    cs_js_uuid(o, "id", d);
    if (is_native) {
        cs_js_str(o, "standard", "NATIVE");
        cs_js_int(o, "decimals", info == NULL ? 0 : info->decimals);
    } else {
        cs_js_str(o, "standard", token_standard(info));
        cs_js_str(o, "contract", contract);
    }
    cs_js_str(o, "symbol", symbol);
    cs_js_str(o, "blockchain", chain);
    cs_js_str(o, "createdAt", NO_TIME);
    return o;
}

/* ---- signatures ---------------------------------------------------------------- */

/* DER of ECDSA, else the 64 bytes: the vendor's form (CHAINS.md). */
static void put_signature(json_t *o, const char *name, const struct cs_chain_item *item,
                          const uint8_t rs[64])
{
    uint8_t der[72];

    if (item->scheme == CS_CHAIN_SCHEME_ECDSA) {
        cs_js_hex(o, name, der, cs_chain_der(der, rs));
    } else {
        cs_js_hex(o, name, rs, 64);
    }
}

static json_t *payload_view(const json_t *rec, const struct cs_chain_item *item,
                            const uint8_t *rs)
{
    json_t *o = cs_js_obj();

    cs_js_int(o, "inputIndex", item->index);
    cs_js_hex(o, "signingHash", item->message.p, item->message.n);
    cs_js_str(o, "walletId", cs_js_text(rec, "walletId"));
    if (rs != NULL) {
        put_signature(o, "signature", item, rs);
    }
    return o;
}

static void add_payloads(json_t *o, const json_t *rec, const struct cs_pc_tx *t,
                         const uint8_t *sigs)
{
    json_t *list = cs_js_arr();

    for (size_t i = 0; i < t->chain.n_items; i++) {
        cs_js_push(list, payload_view(rec, &t->chain.items[i],
                                      sigs == NULL ? NULL : sigs + 64 * i));
    }
    cs_js_set(o, "signingPayloads", list);
}

/* Only where there is one: with more of them a client must look at each. */
static void add_one(json_t *o, const struct cs_pc_tx *t, const uint8_t *rs)
{
    const struct cs_chain_item *item = &t->chain.items[0];
    uint8_t recid;

    cs_js_hex(o, "signingHash", item->message.p, item->message.n);
    if (rs == NULL) {
        return;
    }
    put_signature(o, "signature", item, rs);
    put_signature(o, "canonicalSignature", item, rs);
    cs_js_hex(o, "compactSignature", rs, 64);
    if (item->scheme == CS_CHAIN_SCHEME_ECDSA &&
        cs_ecdsa_recid(&recid, t->key.pub, item->message.p, rs) == CS_OK) {
        cs_js_int(o, "recoveryId", recid);
    }
}

static void add_final(json_t *o, const struct cs_pc_tx *t,
                      const struct cs_chain_signed *s)
{
    cs_js_hex(o, t->kind == CS_CHAIN_KIND_RAW ? "signedTransaction" : "finalSignature",
              s->bytes.p, s->bytes.n);
    if (s->txid[0] != '\0') {
        cs_js_str(o, "hash", s->txid);
    }
}

static void add_signed(json_t *o, const json_t *rec, const struct cs_pc_tx *t)
{
    const char *hex = cs_pc_tx_signatures(rec), *why = NULL;
    struct cs_chain_signed s = {0};
    struct cs_wr sigs = {0};
    const uint8_t *rs = NULL;

    if (hex[0] != '\0' && cs_unhex_wr(&sigs, hex, strlen(hex)) == CS_OK &&
        cs_pc_tx_finish(&s, t, cs_wr_get(&sigs), &why) == CS_OK) {
        add_final(o, t, &s);
        rs = sigs.p;
    }
    add_payloads(o, rec, t, rs);
    if (t->chain.n_items == 1) {
        add_one(o, t, rs);
    }
    cs_chain_signed_free(&s);
    cs_wr_free(&sigs);
}

static void add_derived(json_t *o, const json_t *rec)
{
    const char *why = NULL;
    struct cs_pc_tx t;

    if (cs_pc_tx_open(&t, rec, &why) == CS_OK) {
        cs_js_str(o, "hashAlgorithm", cs_chain_hash_name(t.chain.items[0].hash));
        add_signed(o, rec, &t);
    }
    cs_pc_tx_free(&t);
}

static bool fits_list(const json_t *rec)
{
    const char *hex = cs_pc_tx_payload(rec);

    return cs_js_num(json_object_get(rec, "_sign"), "items") <= LIST_ITEMS_MAX &&
           strnlen(hex, LIST_HEX_MAX + 1) <= LIST_HEX_MAX;
}

size_t cs_tx_cost(const json_t *rec, bool in_list)
{
    size_t n = (size_t)cs_js_num(json_object_get(rec, "_sign"), "items");
    size_t hex = strlen(cs_pc_tx_payload(rec));

    /* Requests of the first version do not say how many: they have one. */
    return hex / HEX_PER_UNIT + ((!in_list || fits_list(rec)) && n > 0 ? n : 1);
}

json_t *cs_tx_view(const json_t *rec, bool in_list)
{
    const json_t *sign = json_object_get(rec, "_sign");
    json_t *o = cs_js_public(rec), *signers = json_object_get(sign, "signers");

    cs_js_del(o, "signature"); /* of the first version: shown when it verifies */
    if (!in_list || fits_list(rec)) {
        add_derived(o, rec);
    }
    cs_js_str(o, "kind", cs_js_text(rec, "_kind"));
    cs_js_int(o, "attempt", cs_js_num(sign, "attempt"));
    if (signers != NULL) {
        cs_js_set(o, "signers", json_incref(signers));
    }
    cs_js_set(o, "receipts", json_incref(json_object_get(sign, "receipts")));
    return o;
}
