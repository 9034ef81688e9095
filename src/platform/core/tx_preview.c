/* POST .../transactions/preview: what a request would do, by the code that signing
 * uses, and nothing else: no record, no reservation, nobody is asked. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "platform/core/tx_make.h"
#include "platform/core/tx_path.h"
#include "platform/core/wallet_policy.h"

/* What the kind's payload is called, and whether it is hex. */
static const struct kind {
    const char *word, *kind; /* the preview's and the transaction's */
    const char *member;
    bool is_hex;
    size_t max;
} kinds[] = {
    {"raw", "RAW", "encodedTransaction", true, 2 * CS_CHAIN_PAYLOAD_MAX},
    {"plaintext", "PLAINTEXT", "message", false, 64 << 10},
    {"typed-data", "TYPED_DATA", "typedData", false, 64 << 10},
    {"digest", "DIGEST", "digest", true, 2 * 32},
};

static const struct kind *read_kind(struct cs_api *a)
{
    const char *word = cs_jr_str(&a->in, "kind", 16, false);

    for (size_t i = 0; a->in.err == CS_OK && i < CS_COUNTOF(kinds); i++) {
        if (strcmp(word, kinds[i].word) == 0 || strcmp(word, kinds[i].kind) == 0) {
            return &kinds[i];
        }
    }
    cs_jr_fail(&a->in, "kind", "must be raw, plaintext, typed-data or digest");
    return NULL;
}

void cs_tx_hex(struct cs_api *a, struct cs_wr *out, const char *member, size_t max)
{
    const char *hex = cs_jr_str(&a->in, member, max + 2, false);

    hex += hex[0] == '0' && hex[1] == 'x' ? 2 : 0;
    if (a->in.err == CS_OK && (hex[0] == '\0' || strlen(hex) > max ||
                               cs_unhex_wr(out, hex, strlen(hex)) != CS_OK)) {
        cs_jr_fail(&a->in, member, "must be hex, and not too long");
    }
}

/* What rest_transactions.c reads for a request of this kind; NULL: refused. */
static json_t *read_wishes(struct cs_api *a, const struct kind *k)
{
    json_t *wishes = cs_js_obj();
    struct cs_wr w = {0};
    char path[CS_API_PATH];

    if (k->is_hex) {
        cs_tx_hex(a, &w, k->member, k->max);
    } else {
        cs_wr_str(&w, cs_jr_str(&a->in, k->member, k->max, false));
    }
    cs_api_path(a, path);
    cs_js_str(wishes, "_kind", k->kind);
    cs_js_str(wishes, "_path", path);
    cs_js_hex(wishes, strcmp(k->kind, "RAW") == 0 ? k->member : "_payload", w.p, w.n);
    cs_wr_free(&w);
    if (cs_api_bad_body(a)) {
        json_decref(wishes);
        return NULL;
    }
    return wishes;
}

static void warn_wallet(json_t *warnings, const json_t *wallet, const char *kind)
{
    const json_t *s = json_object_get(wallet, "settings");
    const char *flag = cs_pc_tx_switch(kind);

    if (!cs_js_true(s, "enabled")) {
        cs_js_push_text(warnings,
                        "the wallet is not enabled: requests are refused until it is");
    }
    if (flag != NULL && !cs_js_true(s, flag)) {
        cs_js_push_text(warnings, strcmp(flag, "rawSigningEnabled") == 0
                                      ? "raw signing is off for this wallet: requests "
                                        "are refused until it is on"
                                      : "signing of digests is off for this wallet: "
                                        "requests are refused until it is on");
    }
}

static void warn_payload(json_t *warnings, const struct cs_chain_tx *tx)
{
    if (tx->is_blind) {
        cs_js_push_text(warnings, "nobody can see what a digest does: it may be a "
                                  "transaction that moves everything");
    } else if (!tx->is_clear && !tx->is_message) {
        cs_js_push_text(warnings, "the summary does not say everything that this does: "
                                  "look at the payload itself");
    } else if (!tx->is_clear) {
        cs_js_push_text(warnings, "this is signed as it stands: who gets the signature "
                                  "may use it where such messages mean something");
    }
    if (tx->is_approval) {
        cs_js_push_text(warnings, "this lets somebody else take assets later");
    }
    if (tx->is_multisig) {
        cs_js_push_text(warnings, "more signatures than this wallet's are needed");
    }
    if (tx->is_memo_cut) {
        cs_js_push_text(warnings, "the memo is shown in part");
    }
}

/* What limits, allow list and approval groups would say to it now. */
static void warn_path(struct cs_api *a, json_t *warnings, const json_t *wallet,
                      json_t *rec, const struct cs_pc_tx *t)
{
    bool waits = cs_tx_path_needs_approval(a->core, rec, t);
    char why[CS_WALLET_POLICY_WHY] = "", line[CS_WALLET_POLICY_WHY + 32];

    cs_js_str(rec, "createdBy", a->actor); /* limits may be for some people only */
    if (cs_wallet_policy_look(a->core, wallet, rec, why) != CS_WALLET_POLICY_PASS) {
        (void)snprintf(line, sizeof line, "it would be rejected: %s", why);
        cs_js_push_text(warnings, line);
    }
    if (waits) {
        cs_js_push_text(warnings, "it would wait for approvals before it is signed");
    }
    cs_js_del(rec, "createdBy");
    cs_js_bool(rec, "approvalRequired", waits);
}

static json_t *hashes_view(const struct cs_chain_tx *tx)
{
    json_t *list = cs_js_arr();

    for (size_t i = 0; i < tx->n_items; i++) {
        json_t *hex = cs_js_obj();

        cs_js_hex(hex, "h", tx->items[i].message.p, tx->items[i].message.n);
        cs_js_push(list, json_incref(json_object_get(hex, "h")));
        json_decref(hex);
    }
    return list;
}

static json_t *answer(struct cs_api *a, json_t *rec, const json_t *wallet,
                      const struct cs_pc_tx *t)
{
    json_t *o, *warnings = cs_js_arr();
    const char *kind = cs_js_text(rec, "_kind");

    warn_wallet(warnings, wallet, kind);
    warn_payload(warnings, &t->chain);
    warn_path(a, warnings, wallet, rec, t);
    o = cs_js_public(rec);

    cs_js_del(o, "freezeInfo");
    cs_js_del(o, "encodedTransaction");
    cs_js_del(o, "signOnly");
    cs_js_str(o, "kind", kind);
    cs_js_str(o, "hashAlgorithm", cs_chain_hash_name(t->chain.items[0].hash));
    cs_js_set(o, "signingHashes", hashes_view(&t->chain));
    cs_js_set(o, "warnings", warnings);
    return o;
}

static json_t *preview(struct cs_api *a, const json_t *wallet, const struct kind *k,
                       const json_t *wishes)
{
    json_t *rec = cs_js_obj(), *o = NULL;
    struct cs_pc_tx t = {0};

    if (cs_tx_draft(a, &t, rec, wallet, wishes, k->member)) {
        cs_tx_add_summary(rec, &t.chain);
        o = answer(a, rec, wallet, &t);
    }
    cs_pc_tx_free(&t);
    json_decref(rec);
    return o;
}

json_t *cs_api_tx_preview(struct cs_api *a)
{
    const struct kind *k = read_kind(a);
    json_t *wishes, *wallet = NULL, *o = NULL;

    if (k == NULL) {
        (void)cs_api_bad_body(a); /* says so */
        return NULL;
    }
    wishes = read_wishes(a, k);
    if (!cs_api_bad_body(a)) {
        wallet = cs_api_wallet_record(a);
    }
    if (wallet != NULL && cs_tx_has_key(a, wallet)) {
        o = preview(a, wallet, k, wishes);
    }
    json_decref(wallet);
    json_decref(wishes);
    return o;
}
