/* Signing requests: raw transactions and plaintext messages (DECISIONS 26-28). */
#include <stdio.h>
#include <string.h>

#include "platform/core/api.h"
#include "platform/core/flows.h"

#define NO_TIME "1970-01-01T00:00:00.000Z"

enum { RAW_HEX_MAX = 2 * CS_CHAIN_PAYLOAD_MAX, MESSAGE_MAX = 64 << 10 };

/* ---- view -------------------------------------------------------------- */

static json_t *asset_view(const char *chain, const char *symbol, const char *contract)
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
        cs_js_str(o, "standard",
                  strcmp(chain, "SOLANA") == 0 ? "SPL" : "ISSUED_CURRENCY");
        cs_js_str(o, "contract", contract);
    }
    cs_js_str(o, "symbol", symbol);
    cs_js_str(o, "blockchain", chain);
    cs_js_str(o, "createdAt", NO_TIME);
    return o;
}

static void add_final(json_t *o, const struct cs_pc_tx *t, const char *signature)
{
    struct cs_chain_signed s = {0};
    struct cs_chain_sig sig = {0};
    const char *why = NULL;

    if (cs_unhex(sig.rs, sizeof sig.rs, signature) != CS_OK) {
        return;
    }
    if (!t->chain.is_message &&
        cs_chain_finish(&s, &t->key, cs_wr_get(&t->payload), &sig, 1, &why) == CS_OK) {
        cs_js_hex(o, "signedTransaction", s.bytes.p, s.bytes.n);
        if (s.txid[0] != '\0') {
            cs_js_str(o, "hash", s.txid);
        }
    }
    cs_chain_signed_free(&s);
}

/* What follows from the payload is worked out anew, so it cannot be altered in a store.
 */
static void add_derived(json_t *o, const json_t *rec)
{
    const char *signature = cs_js_text(rec, "signature"), *why = NULL;
    struct cs_pc_tx t;

    if (cs_pc_tx_open(&t, rec, &why) == CS_OK) {
        cs_js_hex(o, "signingHash", t.chain.items[0].message.p,
                  t.chain.items[0].message.n);
        if (signature[0] != '\0') {
            cs_js_str(o, "canonicalSignature", signature);
            add_final(o, &t, signature);
        }
    }
    cs_pc_tx_free(&t);
}

static json_t *tx_view(struct cs_api *a, const json_t *rec)
{
    const json_t *sign = json_object_get(rec, "_sign");
    json_t *o = cs_js_public(rec), *signers = json_object_get(sign, "signers");

    (void)a;
    add_derived(o, rec);
    cs_js_int(o, "attempt", cs_js_num(sign, "attempt"));
    if (signers != NULL) {
        cs_js_set(o, "signers", json_incref(signers));
    }
    cs_js_set(o, "receipts", json_incref(json_object_get(sign, "receipts")));
    return o;
}

/* ---- creating ---------------------------------------------------------- */

static bool wallet_ok(struct cs_api *a, const json_t *wallet, bool raw)
{
    const json_t *s = json_object_get(wallet, "settings");

    if (!cs_js_is(wallet, "status", "PROVISIONED")) {
        (void)cs_api_fail(a, CS_API_STATE, "walletId",
                          "the key is not provisioned: wait until its address appears");
    } else if (!cs_js_true(s, "enabled")) {
        (void)cs_api_fail(a, CS_API_STATE, "enabled",
                          "the wallet is not enabled: enable it in its settings");
    } else if (raw && !cs_js_true(s, "rawSigningEnabled")) {
        (void)cs_api_fail(
            a, CS_API_STATE, "rawSigningEnabled",
            "raw signing is off for this wallet: switch it on in its settings");
    }
    return a->code == CS_API_OK;
}

static json_t *address_view(const json_t *wallet, const char *type, const char *address)
{
    json_t *o = cs_js_obj();

    if (wallet != NULL) {
        cs_js_str(o, "id", cs_js_text(wallet, "id"));
        cs_js_str(o, "organizationId", cs_js_text(wallet, "organizationId"));
        cs_js_str(o, "vaultId", cs_js_text(wallet, "vaultId"));
    }
    cs_js_str(o, "type", type);
    cs_js_str(o, "address", address);
    return o;
}

/* The summary of the payload: who pays whom how much. */
static void add_summary(json_t *rec, const struct cs_chain_tx *tx)
{
    const char *chain = cs_js_text(rec, "blockchain");

    cs_js_str(rec, "transactionType", tx->kind);
    cs_js_str(rec, "summary", tx->text);
    cs_js_bool(rec, "summaryIsComplete", tx->is_clear);
    cs_js_set(rec, "asset", asset_view(chain, tx->asset, tx->contract));
    cs_js_set(rec, "feeAsset", asset_view(chain, "", ""));
    cs_js_str(rec, "qty", tx->amount[0] == '\0' ? "0" : tx->amount);
    if (tx->fee[0] != '\0') {
        cs_js_str(rec, "feeQty", tx->fee);
    }
    if (tx->sequence[0] != '\0') {
        cs_js_str(rec, "sequence", tx->sequence);
    }
    if (tx->to[0] != '\0') {
        cs_js_str(rec, "destinationAddress", tx->to);
        cs_js_set(rec, "destination", address_view(NULL, "EXTERNAL", tx->to));
    }
    if (tx->has_tag) {
        char tag[16];
        json_t *config = cs_js_obj();

        (void)snprintf(tag, sizeof tag, "%u", (unsigned)tx->tag);
        cs_js_str(config, "destinationTag", tag);
        cs_js_set(rec, "config", config);
    }
}

static void add_wallet(json_t *rec, const json_t *wallet)
{
    const char *address = cs_js_text(wallet, "address");
    json_t *freeze = cs_js_obj();

    cs_js_str(rec, "walletId", cs_js_text(wallet, "id"));
    cs_js_str(rec, "vaultId", cs_js_text(wallet, "vaultId"));
    cs_js_str(rec, "blockchain", cs_js_text(wallet, "blockchain"));
    cs_js_str(rec, "originAddress", address);
    cs_js_set(rec, "origin", address_view(wallet, "WALLET", address));
    cs_js_bool(freeze, "isFrozen", false);
    cs_js_set(rec, "freezeInfo", freeze);
    cs_js_bool(rec, "signOnly", true);
    cs_js_str(rec, "_publicKey", cs_js_text(wallet, "publicKey"));
    cs_js_str(rec, "_quorumId", cs_js_text(wallet, "quorumId"));
    cs_js_str(rec, "_keyId", cs_js_text(json_object_get(wallet, "_key"), "keyId"));
}

static void index_new(struct cs_api *a, const json_t *rec, const uint8_t id[CS_PC_ID])
{
    const char *wallet = cs_js_text(rec, "walletId"),
               *corr = cs_js_text(rec, "correlationId");
    uint64_t seq = (uint64_t)cs_js_num(rec, "_seq");

    cs_pc_index_add(a->core, CS_IX_TXS, cs_pc_scope(wallet, ""), seq, id);
    if (corr[0] != '\0') {
        cs_pc_index_add(a->core, CS_IX_TXS_CORR, cs_pc_scope(wallet, corr), seq, id);
    }
    cs_api_external_put(a, CS_UNIQUE_TX, wallet, rec);
}

static json_t *start(struct cs_api *a, const json_t *wallet, const json_t *wishes,
                     const char *field)
{
    struct cs_pc_tx t;
    const char *why = "";
    uint8_t id[CS_PC_ID], quorum[CS_PC_ID];
    json_t *rec = cs_js_obj(), *view = NULL;
    enum cs_err err;

    add_wallet(rec, wallet);
    CS_ASSERT(json_object_update(rec, (json_t *)(uintptr_t)wishes) == 0);
    err = cs_pc_tx_open(&t, rec, &why);
    if (err != CS_OK) {
        (void)cs_api_fail(a, CS_API_INVALID, field, "%s: %s", cs_err_reason(err), why);
    } else if (!cs_js_id(rec, "_quorumId", quorum) ||
               !cs_pc_sign_has_room(a->core, quorum)) {
        (void)cs_api_fail(a, CS_API_LIMIT, "", "too many requests of this quorum wait");
    } else {
        json_t *head;

        cs_pc_new_id(a->core, id);
        head = cs_pc_make(a->core, id, a->actor);
        CS_ASSERT(json_object_update(rec, head) == 0);
        json_decref(head);
        add_summary(rec, &t.chain);
        if (t.chain.is_message) {
            cs_js_hex(rec, "encodedTransaction", t.chain.items[0].data.p,
                      t.chain.items[0].data.n);
        }
        index_new(a, rec, id);
        cs_pc_sign_start(a->core, rec); /* saves it */
        view = tx_view(a, rec);
    }
    cs_pc_tx_free(&t);
    json_decref(rec);
    return view;
}

/* The texts that both kinds may carry. */
static void add_names(struct cs_api *a, json_t *wishes)
{
    static const char *const names[] = {"externalId", "correlationId"};

    for (size_t i = 0; i < CS_COUNTOF(names); i++) {
        const char *text = cs_api_name_opt(a, names[i], CS_API_EXT);

        if (text != NULL) {
            cs_js_str(wishes, names[i], text);
        }
    }
}

static json_t *run(struct cs_api *a, json_t *wishes, const char *field)
{
    bool raw = cs_js_is(wishes, "_kind", "RAW");
    json_t *wallet = NULL, *rec = NULL, *view = NULL;

    if (!cs_api_bad_body(a)) {
        wallet = cs_api_wallet_record(a);
    }
    if (wallet != NULL && wallet_ok(a, wallet, raw) &&
        cs_api_external(a, CS_UNIQUE_TX, CS_PC_TX, cs_js_text(wallet, "id"), wishes,
                        &rec)) {
        view = rec != NULL ? tx_view(a, rec) : start(a, wallet, wishes, field);
    }
    json_decref(rec);
    json_decref(wallet);
    json_decref(wishes);
    return view;
}

json_t *cs_api_tx_raw(struct cs_api *a)
{
    const char *hex = cs_jr_str(&a->in, "encodedTransaction", RAW_HEX_MAX, false);
    bool sign_only = cs_jr_bool(&a->in, "signOnly");
    json_t *wishes = cs_js_obj();
    struct cs_wr w = {0};

    add_names(a, wishes);
    if (a->in.err == CS_OK && cs_unhex_wr(&w, hex, strlen(hex)) != CS_OK) {
        cs_jr_fail(&a->in, "encodedTransaction", "must be hex, without 0x");
    }
    cs_js_hex(wishes, "encodedTransaction", w.p, w.n);
    cs_js_str(wishes, "_kind", "RAW");
    cs_js_str(wishes, "action", "PALISADE_RAW");
    cs_wr_free(&w);
    if (!cs_api_bad_body(a) && !sign_only) {
        (void)cs_api_fail(a, CS_API_STATE, "signOnly",
                          "must be true: nothing is broadcast here, publish the signed "
                          "transaction yourself");
    }
    return run(a, wishes, "encodedTransaction");
}

json_t *cs_api_tx_plaintext(struct cs_api *a)
{
    const char *message = cs_jr_str(&a->in, "message", MESSAGE_MAX, false);
    json_t *wishes = cs_js_obj();

    add_names(a, wishes);
    cs_js_hex(wishes, "_payload", message, strlen(message));
    cs_js_str(wishes, "_kind", "PLAINTEXT");
    cs_js_str(wishes, "action", "PALISADE_SIGN_PLAINTEXT");
    return run(a, wishes, "message");
}

/* ---- reading ----------------------------------------------------------- */

static json_t *tx_record(struct cs_api *a)
{
    json_t *wallet = cs_api_wallet_record(a), *rec = NULL;

    if (wallet != NULL) {
        rec = cs_api_record(a, CS_PC_TX, 2, "transaction");
    }
    if (rec != NULL && !cs_js_is(rec, "walletId", cs_js_text(wallet, "id"))) {
        json_decref(rec);
        rec = NULL;
        (void)cs_api_fail(a, CS_API_NOT_FOUND, "",
                          "there is no such transaction of this "
                          "wallet");
    }
    json_decref(wallet);
    return rec;
}

json_t *cs_api_tx_get(struct cs_api *a)
{
    json_t *rec = tx_record(a);
    json_t *view = rec == NULL ? NULL : tx_view(a, rec);

    json_decref(rec);
    return view;
}

json_t *cs_api_tx_list(struct cs_api *a)
{
    struct cs_api_page p = {
        .table = CS_PC_TX, .kind = CS_IX_TXS, .name = "transactions", .view = tx_view};
    json_t *wallet = cs_api_wallet_record(a);

    if (wallet == NULL ||
        !cs_api_query(a, "correlationId", a->want_corr, sizeof a->want_corr)) {
        json_decref(wallet);
        return NULL;
    }
    p.kind = a->want_corr[0] == '\0' ? CS_IX_TXS : CS_IX_TXS_CORR;
    p.scope = cs_pc_scope(cs_js_text(wallet, "id"), a->want_corr);
    json_decref(wallet);
    return cs_api_page(a, &p);
}

json_t *cs_api_tx_timeline(struct cs_api *a)
{
    json_t *rec = tx_record(a), *o, *entries;
    struct cs_wr key = {0}, from = {0}, value = {0};
    json_error_t e;

    if (rec == NULL) {
        return NULL;
    }
    json_decref(rec);
    entries = cs_js_arr();
    cs_wr_bytes(&from, a->param[2], CS_PC_ID);
    while (json_array_size(entries) < CS_PC_TIMELINE_MAX &&
           cs_pc_raw_next(a->core, CS_PC_STEP, CS_SPAN(a->param[2], CS_PC_ID),
                          cs_wr_get(&from), true, &key, &value)) {
        json_t *entry = json_loadb((const char *)value.p, value.n, 0, &e);

        if (entry != NULL) {
            cs_js_push(entries, entry);
        }
        cs_wr_reset(&from);
        cs_wr_span(&from, cs_wr_get(&key));
    }
    cs_wr_free(&key);
    cs_wr_free(&from);
    cs_wr_free(&value);
    o = cs_js_obj();
    cs_js_set(o, "entries", entries);
    return o;
}
