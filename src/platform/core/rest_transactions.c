/* Signing requests: transactions, texts, typed data, digests (DECISIONS 26-28). */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "platform/core/api.h"
#include "platform/core/flows.h"
#include "platform/core/tx_make.h"
#include "platform/core/tx_path.h"

enum {
    RAW_HEX_MAX = 2 * CS_CHAIN_PAYLOAD_MAX,
    MESSAGE_MAX = 64 << 10,
    TYPED_DATA_MAX = 64 << 10,
    DIGEST_HEX = 2 * 32,
};

/* ---- creating ---------------------------------------------------------- */

static const char *const switch_help[][2] = {
    {"rawSigningEnabled",
     "raw signing is off for this wallet: switch it on in its settings"},
    {"blindSigningEnabled",
     "signing of digests is off for this wallet, and should be: nobody can see what a "
     "digest does; switch it on in its settings if you must"},
};

bool cs_tx_has_key(struct cs_api *a, const json_t *wallet)
{
    bool ok = cs_js_is(wallet, "status", "PROVISIONED");

    if (!ok) {
        (void)cs_api_fail(a, CS_API_STATE, "walletId",
                          "the key is not provisioned: wait until its address appears");
    }
    return ok;
}

static bool wallet_ok(struct cs_api *a, const json_t *wallet, const char *kind)
{
    const json_t *s = json_object_get(wallet, "settings");
    const char *flag = cs_pc_tx_switch(kind);

    if (cs_tx_has_key(a, wallet) && !cs_js_true(s, "enabled")) {
        (void)cs_api_fail(a, CS_API_STATE, "enabled",
                          "the wallet is not enabled: enable it in its settings");
    }
    for (size_t i = 0; flag != NULL && i < CS_COUNTOF(switch_help); i++) {
        if (strcmp(flag, switch_help[i][0]) == 0 && !cs_js_true(s, flag)) {
            (void)cs_api_fail(a, CS_API_STATE, flag, "%s", switch_help[i][1]);
        }
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

/* A token whose decimals the payload does not say is counted in its smallest unit. */
static void add_quantity(json_t *rec, const struct cs_chain_tx *tx)
{
    if (tx->amount[0] == '\0' && tx->units[0] != '\0') {
        cs_js_int(json_object_get(rec, "asset"), "decimals", 0);
        cs_js_str(rec, "qty", tx->units);
    } else {
        cs_js_str(rec, "qty", tx->amount[0] == '\0' ? "0" : tx->amount);
    }
}

/* The summary of the payload: who pays whom how much. */
void cs_tx_add_summary(json_t *rec, const struct cs_chain_tx *tx)
{
    const char *chain = cs_js_text(rec, "blockchain");

    cs_js_str(rec, "transactionType", tx->kind);
    cs_js_str(rec, "summary", tx->text);
    cs_js_bool(rec, "summaryIsComplete", tx->is_clear);
    cs_js_set(rec, "asset", cs_tx_asset(chain, tx->asset, tx->contract));
    cs_js_set(rec, "feeAsset", cs_tx_asset(chain, "", ""));
    add_quantity(rec, tx);
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

/* The key that signs and its address: the wallet's own, or the derived one. */
static bool add_key(struct cs_api *a, json_t *rec, const json_t *wallet)
{
    char address[CS_CHAIN_ADDRESS_MAX];
    struct cs_chain_key key;
    const char *why = "";
    enum cs_err err = cs_pc_wallet_key(&key, wallet, cs_pc_tx_path(rec), &why);

    if (err == CS_OK) {
        err = cs_chain_address(address, &key, &why);
    }
    if (err != CS_OK) {
        (void)cs_api_fail(a, CS_API_INVALID, "derivationPath", "%s: %s",
                          cs_err_reason(err), why);
        return false;
    }
    cs_js_str(rec, "originAddress", address);
    cs_js_set(rec, "origin", address_view(wallet, "WALLET", address));
    cs_js_hex(rec, "_publicKey", key.pub, key.pub_len);
    cs_js_str(rec, "_scheme", cs_scheme_name(cs_pc_wallet_scheme(wallet)));
    return true;
}

static void add_wallet(json_t *rec, const json_t *wallet)
{
    cs_js_str(rec, "walletId", cs_js_text(wallet, "id"));
    cs_js_str(rec, "vaultId", cs_js_text(wallet, "vaultId"));
    cs_js_str(rec, "blockchain", cs_js_text(wallet, "blockchain"));
    cs_freeze_new(rec);
    cs_js_bool(rec, "signOnly", true);
    cs_js_str(rec, "_quorumId", cs_js_text(wallet, "quorumId"));
    cs_js_str(rec, "_keyId", cs_js_text(json_object_get(wallet, "_key"), "keyId"));
}

static void index_new(struct cs_api *a, const json_t *rec, const uint8_t id[CS_PC_ID])
{
    const char *wallet = cs_js_text(rec, "walletId"),
               *corr = cs_js_text(rec, "correlationId");
    uint64_t seq = (uint64_t)cs_js_num(rec, "_seq");

    cs_pc_index_add(a->core, CS_IX_TXS, cs_pc_scope(wallet, ""), seq, id);
    cs_tx_index_all(a->core, rec, id);
    if (corr[0] != '\0') {
        cs_pc_index_add(a->core, CS_IX_TXS_CORR, cs_pc_scope(wallet, corr), seq, id);
    }
    cs_api_external_put(a, CS_UNIQUE_TX, wallet, rec);
}

/* Everything is checked: the record is made, and goes as far as it may. */
static json_t *begin(struct cs_api *a, const json_t *wallet, json_t *rec,
                     const struct cs_pc_tx *t)
{
    uint8_t id[CS_PC_ID];
    json_t *head;

    cs_pc_new_id(a->core, id);
    head = cs_pc_make(a->core, id, a->actor);
    CS_ASSERT(json_object_update(rec, head) == 0);
    json_decref(head);
    cs_tx_add_summary(rec, &t->chain);
    if (t->kind != CS_CHAIN_KIND_RAW) {
        cs_js_hex(rec, "encodedTransaction", t->chain.items[0].data.p,
                  t->chain.items[0].data.n);
    }
    index_new(a, rec, id);
    cs_tx_path_begin(a, wallet, rec, t); /* saves it */
    cs_api_wait_for(a, CS_PC_TX, rec);
    return cs_tx_view(rec, false);
}

/* Reading a large payload is work, and so is each thing that it has to sign. */
static bool open_tx(struct cs_api *a, struct cs_pc_tx *t, const json_t *rec,
                    const char *field)
{
    const char *why = "";
    enum cs_err err;

    if (!cs_api_work_or_fail(a, cs_tx_cost(rec, true))) {
        return false;
    }
    err = cs_pc_tx_open(t, rec, &why);
    if (err != CS_OK) {
        (void)cs_api_fail(a, CS_API_INVALID, field, "%s: %s", cs_err_reason(err), why);
        return false;
    }
    return cs_api_work_or_fail(a, t->chain.n_items - 1);
}

bool cs_tx_draft(struct cs_api *a, struct cs_pc_tx *t, json_t *rec,
                 const json_t *wallet, const json_t *wishes, const char *field)
{
    add_wallet(rec, wallet);
    CS_ASSERT(json_object_update(rec, (json_t *)(uintptr_t)wishes) == 0);
    return add_key(a, rec, wallet) && open_tx(a, t, rec, field);
}

static json_t *start(struct cs_api *a, const json_t *wallet, const json_t *wishes,
                     const char *field)
{
    struct cs_pc_tx t = {0};
    json_t *rec = cs_js_obj(), *view = NULL;

    if (cs_tx_draft(a, &t, rec, wallet, wishes, field) &&
        cs_tx_path_ok(a, wallet, rec, &t)) {
        view = begin(a, wallet, rec, &t);
    }
    cs_pc_tx_free(&t);
    json_decref(rec);
    return view;
}

/* What every kind may carry.  The path is always there, so that a repeat with another
 * one is seen to be another wish. */
static json_t *new_wishes(struct cs_api *a, const char *kind, const char *action)
{
    static const char *const names[] = {"externalId", "correlationId"};
    char path[CS_API_PATH], shown[CS_API_PATH + 2];
    json_t *wishes = cs_js_obj();

    for (size_t i = 0; i < CS_COUNTOF(names); i++) {
        const char *text = cs_api_name_opt(a, names[i], CS_API_EXT);

        if (text != NULL) {
            cs_js_str(wishes, names[i], text);
        }
    }
    cs_api_path(a, path);
    cs_js_str(wishes, "_path", path);
    if (path[0] != '\0') {
        (void)snprintf(shown, sizeof shown, "m/%s", path);
        cs_js_str(wishes, "derivationPath", shown);
    }
    cs_js_str(wishes, "_kind", kind);
    cs_js_str(wishes, "action", action);
    return wishes;
}

/* The one that is there. */
static json_t *shown(struct cs_api *a, const json_t *rec)
{
    if (!cs_api_work_or_fail(a, cs_tx_cost(rec, false))) {
        return NULL;
    }
    cs_api_wait_for(a, CS_PC_TX, rec);
    return cs_tx_view(rec, false);
}

static json_t *run(struct cs_api *a, json_t *wishes, const char *field)
{
    json_t *wallet = NULL, *rec = NULL, *view = NULL;

    if (!cs_api_bad_body(a) && cs_api_wait_read(a)) {
        wallet = cs_api_wallet_record(a);
    }
    if (wallet != NULL && wallet_ok(a, wallet, cs_js_text(wishes, "_kind")) &&
        cs_api_external(a, CS_UNIQUE_TX, CS_PC_TX, cs_js_text(wallet, "id"), wishes,
                        &rec)) {
        view = rec != NULL ? shown(a, rec) : start(a, wallet, wishes, field);
    }
    json_decref(rec);
    json_decref(wallet);
    json_decref(wishes);
    return view;
}

/* Hex of the body as it will be stored, "" with the refusal set. */
static void read_hex(struct cs_api *a, json_t *wishes, const char *member,
                     const char *as, size_t max)
{
    struct cs_wr w = {0};

    cs_tx_hex(a, &w, member, max);
    cs_js_hex(wishes, as, w.p, w.n);
    cs_wr_free(&w);
}

json_t *cs_api_tx_raw(struct cs_api *a)
{
    json_t *wishes = new_wishes(a, "RAW", "PALISADE_RAW");
    bool sign_only = cs_jr_bool(&a->in, "signOnly");

    read_hex(a, wishes, "encodedTransaction", "encodedTransaction", RAW_HEX_MAX);
    if (!cs_api_bad_body(a) && !sign_only) {
        (void)cs_api_fail(a, CS_API_STATE, "signOnly",
                          "must be true: nothing is broadcast here, publish the signed "
                          "transaction yourself");
    }
    return run(a, wishes, "encodedTransaction");
}

/* The text goes to the nodes byte for byte as it stands in the body. */
static json_t *run_text(struct cs_api *a, json_t *wishes, const char *member,
                        size_t max)
{
    const char *text = cs_jr_str(&a->in, member, max, false);

    cs_js_hex(wishes, "_payload", text, strlen(text));
    return run(a, wishes, member);
}

json_t *cs_api_tx_plaintext(struct cs_api *a)
{
    return run_text(a, new_wishes(a, "PLAINTEXT", "PALISADE_SIGN_PLAINTEXT"), "message",
                    MESSAGE_MAX);
}

json_t *cs_api_tx_typed_data(struct cs_api *a)
{
    return run_text(a, new_wishes(a, "TYPED_DATA", "PALISADE_SIGN_PLAINTEXT"),
                    "typedData", TYPED_DATA_MAX);
}

json_t *cs_api_tx_digest(struct cs_api *a)
{
    json_t *wishes = new_wishes(a, "DIGEST", "PALISADE_RAW");

    read_hex(a, wishes, "digest", "_payload", DIGEST_HEX);
    return run(a, wishes, "digest");
}

/* ---- reading ----------------------------------------------------------- */

json_t *cs_tx_record(struct cs_api *a)
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
    json_t *rec = cs_api_wait_read(a) ? cs_tx_record(a) : NULL;
    json_t *view = rec != NULL ? shown(a, rec) : NULL;

    json_decref(rec);
    return view;
}

static size_t list_cost(const json_t *rec)
{
    return cs_tx_cost(rec, true);
}

static json_t *list_view(struct cs_api *a, const json_t *rec)
{
    (void)a;
    return cs_tx_view(rec, true);
}

json_t *cs_api_tx_list(struct cs_api *a)
{
    struct cs_api_page p = {.table = CS_PC_TX,
                            .kind = CS_IX_TXS,
                            .name = "transactions",
                            .view = list_view,
                            .cost = list_cost};
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
    json_t *rec = cs_tx_record(a), *o;

    if (rec == NULL) {
        return NULL;
    }
    json_decref(rec);
    o = cs_js_obj();
    cs_js_set(o, "entries", cs_pc_timeline_view(a->core, a->param[2]));
    return o;
}
