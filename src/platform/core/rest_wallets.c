#include <string.h>

#include "chain/chain.h"
#include "platform/core/api.h"
#include "platform/core/flows.h"

static json_t *wallet_view(struct cs_api *a, const json_t *rec)
{
    if ((a->want_chain[0] != '\0' && !cs_js_is(rec, "blockchain", a->want_chain)) ||
        (a->want_corr[0] != '\0' && !cs_js_is(rec, "correlationId", a->want_corr))) {
        return NULL;
    }
    /* Address and key are in the record only once it is PROVISIONED (keys.c). */
    return cs_js_public(rec);
}

json_t *cs_api_wallet_record(struct cs_api *a)
{
    json_t *rec = cs_api_record(a, CS_PC_WALLET, 1, "wallet");
    uint8_t vault[CS_PC_ID];

    if (rec != NULL && (!cs_js_id(rec, "vaultId", vault) ||
                        memcmp(vault, a->param[0], CS_PC_ID) != 0)) {
        json_decref(rec);
        return cs_api_fail(a, CS_API_NOT_FOUND, "",
                           "there is no such wallet in this vault");
    }
    return rec;
}

/* ---- what a new wallet may be ------------------------------------------ */

static const struct cs_chain_info *read_chain(struct cs_api *a)
{
    const char *name = cs_jr_str(&a->in, "blockchain", 24, false);
    const struct cs_chain_info *chain = a->in.err == CS_OK ? cs_chain_by_name(name)
                                                           : NULL;

    if (a->in.err == CS_OK && chain == NULL) {
        cs_jr_fail(&a->in, "blockchain", "is none of the V2Blockchain words");
    }
    return chain;
}

static bool read_curve(struct cs_api *a, const struct cs_chain_info *chain,
                       enum cs_curve *curve)
{
    const char *word = cs_jr_str_opt(&a->in, "keyAlgorithm", 16);

    if (chain == NULL) {
        return false;
    }
    *curve = chain->default_curve;
    if (word != NULL && strcmp(word, cs_curve_name(CS_CURVE_ED25519)) == 0) {
        *curve = CS_CURVE_ED25519;
    } else if (word != NULL && strcmp(word, cs_curve_name(CS_CURVE_SECP256K1)) == 0) {
        *curve = CS_CURVE_SECP256K1;
    } else if (word != NULL) {
        cs_jr_fail(&a->in, "keyAlgorithm", "must be SECP256K1 or ED25519");
    }
    if (!(*curve == CS_CURVE_ED25519 ? chain->has_ed25519 : chain->has_secp256k1)) {
        cs_jr_fail(&a->in, "keyAlgorithm", "is not one that this blockchain takes");
    }
    return a->in.err == CS_OK;
}

/* Refuses what this version does not build, with the way out. */
static bool is_built(struct cs_api *a, const struct cs_chain_info *chain,
                     enum cs_curve curve)
{
    const char *keystore = cs_jr_str(&a->in, "keystore", 8, false);
    const char *recovery = cs_jr_str_opt(&a->in, "recoveryPublicKey", 4096);

    if (a->in.err == CS_OK && strcmp(keystore, "HSM") != 0 &&
        strcmp(keystore, "MPC") != 0) {
        cs_jr_fail(&a->in, "keystore", "must be MPC");
    }
    if (cs_api_bad_body(a)) {
        return false;
    }
    if (strcmp(keystore, "MPC") != 0) {
        (void)cs_api_fail(a, CS_API_STATE, "keystore",
                          "HSM is not served here: use MPC with a quorum");
    } else if (recovery != NULL && recovery[0] != '\0') {
        (void)cs_api_fail(a, CS_API_STATE, "recoveryPublicKey",
                          "backup kits are not built: leave it out");
    } else if (curve != CS_CURVE_ED25519) {
        (void)cs_api_fail(
            a, CS_API_STATE, "keyAlgorithm",
            "SECP256K1 keys cannot be signed with yet: SOLANA, and XRP_LEDGER "
            "with keyAlgorithm ED25519, work today");
    } else if (!chain->is_built) {
        (void)cs_api_fail(a, CS_API_STATE, "blockchain",
                          "is not built yet: SOLANA and XRP_LEDGER work today");
    }
    return a->code == CS_API_OK;
}

/* Confirmed, and every member there to take part. */
static bool quorum_ok(struct cs_api *a, const struct cs_pc_quorum *q)
{
    if (!cs_js_is(q->rec, "state", "QUORUM_STATE_CONFIRMED")) {
        (void)cs_api_fail(
            a, CS_API_STATE, "quorumId",
            "the quorum is not Confirmed: wait until all nodes have joined");
        return false;
    }
    for (uint8_t i = 1; i <= q->set->ds.n; i++) {
        struct cs_pc_live *l = cs_pc_qset_live(a->core, q->set, i);

        if (!cs_pc_live_usable(l)) {
            (void)cs_api_fail(a, CS_API_STATE, "quorumId",
                              "member %u is not enabled: all members take part", i);
            return false;
        }
        if (!cs_pc_outbox_has_room(a->core, l)) {
            (void)cs_api_fail(a, CS_API_LIMIT, "quorumId",
                              "member %u has too many commands waiting", i);
            return false;
        }
    }
    return true;
}

static bool read_quorum(struct cs_api *a, struct cs_pc_quorum *q)
{
    uint8_t id[CS_PC_ID];

    cs_jr_uuid(&a->in, "quorumId", id);
    if (cs_api_bad_body(a)) {
        return false;
    }
    if (!cs_pc_quorum_load(a->core, id, q)) {
        (void)cs_api_fail(a, CS_API_NOT_FOUND, "quorumId", "there is no such quorum");
        return false;
    }
    if (!quorum_ok(a, q)) {
        cs_pc_quorum_free(q);
        return false;
    }
    return true;
}

/* ---- creating ---------------------------------------------------------- */

static json_t *new_settings(void)
{
    json_t *s = cs_js_obj();

    cs_js_bool(s, "enabled", false);
    cs_js_bool(s, "rawSigningEnabled", false);
    cs_js_bool(s, "sweepingEnabled", false);
    cs_js_bool(s, "defaultFreezeEnabled", false);
    cs_js_bool(s, "blindSigningEnabled", false);
    return s;
}

static void index_corr(struct cs_api *a, const json_t *rec, bool add)
{
    const char *corr = cs_js_text(rec, "correlationId");
    uint64_t seq = (uint64_t)cs_js_num(rec, "_seq");
    uint8_t id[CS_PC_ID];

    if (corr[0] == '\0' || !cs_js_id(rec, "id", id)) {
        return;
    }
    if (add) {
        cs_pc_index_add(a->core, CS_IX_WALLETS_CORR, cs_pc_scope(corr, ""), seq, id);
    } else {
        cs_pc_index_del(a->core, CS_IX_WALLETS_CORR, cs_pc_scope(corr, ""), seq);
    }
}

static void index_new(struct cs_api *a, const json_t *rec, const uint8_t id[CS_PC_ID])
{
    const char *vault = cs_js_text(rec, "vaultId"),
               *chain = cs_js_text(rec, "blockchain");
    uint64_t seq = (uint64_t)cs_js_num(rec, "_seq");

    cs_pc_index_add(a->core, CS_IX_WALLETS, cs_pc_scope("", ""), seq, id);
    cs_pc_index_add(a->core, CS_IX_WALLETS_VAULT, cs_pc_scope(vault, ""), seq, id);
    cs_pc_index_add(a->core, CS_IX_WALLETS_VAULT, cs_pc_scope(vault, chain), seq, id);
    cs_pc_index_add(a->core, CS_IX_WALLETS_CHAIN, cs_pc_scope(chain, ""), seq, id);
    index_corr(a, rec, true);
    cs_api_external_put(a, CS_UNIQUE_WALLET, "", rec);
}

static json_t *create(struct cs_api *a, json_t *wishes, struct cs_pc_quorum *q)
{
    uint8_t id[CS_PC_ID];
    json_t *rec, *view;

    if (cs_pc_index_count(a->core, CS_IX_WALLETS, cs_pc_scope("", "")) >=
        a->core->cfg.limits.max_wallets) {
        return cs_api_fail(a, CS_API_LIMIT, "",
                           "there are as many wallets as allowed: use one that is "
                           "there");
    }
    cs_pc_new_id(a->core, id);
    rec = cs_pc_make(a->core, id, a->actor);
    CS_ASSERT(json_object_update(rec, wishes) == 0);
    cs_js_set(rec, "settings", new_settings());
    index_new(a, rec, id);
    cs_pc_key_start(a->core, rec, q); /* saves it */
    view = wallet_view(a, rec);
    json_decref(rec);
    return view;
}

/* The optional texts of create and update. */
static void add_opt(struct cs_api *a, json_t *o, const char *member, size_t max)
{
    const char *text = cs_api_name_opt(a, member, max);

    if (text != NULL) {
        cs_js_str(o, member, text);
    }
}

static json_t *read_wishes(struct cs_api *a, const struct cs_chain_info *chain,
                           enum cs_curve curve)
{
    json_t *o = cs_js_obj();
    uint8_t quorum[CS_PC_ID];

    cs_js_str(o, "name", cs_api_name(a, "name", CS_API_NAME));
    add_opt(a, o, "description", CS_API_TEXT);
    add_opt(a, o, "externalId", CS_API_EXT);
    add_opt(a, o, "correlationId", CS_API_EXT);
    cs_jr_uuid(&a->in, "quorumId", quorum);
    cs_js_uuid(o, "vaultId", a->param[0]);
    cs_js_uuid(o, "quorumId", quorum);
    cs_js_str(o, "keystore", "MPC");
    cs_js_str(o, "blockchain", chain->name);
    cs_js_str(o, "keyAlgorithm", cs_curve_name(curve));
    if (cs_api_bad_body(a)) {
        json_decref(o);
        return NULL;
    }
    return o;
}

json_t *cs_api_wallet_create(struct cs_api *a)
{
    const struct cs_chain_info *chain = read_chain(a);
    enum cs_curve curve = CS_CURVE_ED25519;
    json_t *vault, *wishes = NULL, *rec = NULL, *view = NULL;
    struct cs_pc_quorum q;

    if (!read_curve(a, chain, &curve)) {
        (void)cs_api_bad_body(a);
        return NULL;
    }
    vault = cs_api_record(a, CS_PC_VAULT, 0, "vault");
    if (vault != NULL && is_built(a, chain, curve)) {
        wishes = read_wishes(a, chain, curve);
    }
    if (wishes != NULL &&
        cs_api_external(a, CS_UNIQUE_WALLET, CS_PC_WALLET, "", wishes, &rec)) {
        if (rec != NULL) {
            view = wallet_view(a, rec);
        } else if (read_quorum(a, &q)) {
            view = create(a, wishes, &q);
            cs_pc_quorum_free(&q);
        }
    }
    json_decref(rec);
    json_decref(wishes);
    json_decref(vault);
    return view;
}

/* ---- reading ----------------------------------------------------------- */

json_t *cs_api_wallet_get(struct cs_api *a)
{
    json_t *rec = cs_api_wallet_record(a);
    json_t *view = rec == NULL ? NULL : wallet_view(a, rec);

    json_decref(rec);
    return view;
}

json_t *cs_api_wallet_get_global(struct cs_api *a)
{
    json_t *rec = cs_api_record(a, CS_PC_WALLET, 0, "wallet");
    json_t *view = rec == NULL ? NULL : wallet_view(a, rec);

    json_decref(rec);
    return view;
}

json_t *cs_api_wallet_list(struct cs_api *a)
{
    struct cs_api_page p = {.table = CS_PC_WALLET,
                            .kind = CS_IX_WALLETS_VAULT,
                            .name = "wallets",
                            .view = wallet_view};
    char vault[CS_UUID_LEN];
    json_t *rec = cs_api_record(a, CS_PC_VAULT, 0, "vault");

    if (rec == NULL ||
        !cs_api_query(a, "blockchain", a->want_chain, sizeof a->want_chain)) {
        json_decref(rec);
        return NULL;
    }
    json_decref(rec);
    p.scope = cs_pc_scope(cs_uuid_text(vault, a->param[0]), a->want_chain);
    return cs_api_page(a, &p);
}

/* The narrowest index that fits; what is left is passed over entry by entry. */
json_t *cs_api_wallet_list_global(struct cs_api *a)
{
    struct cs_api_page p = {.table = CS_PC_WALLET,
                            .kind = CS_IX_WALLETS,
                            .scope = cs_pc_scope("", ""),
                            .name = "wallets",
                            .view = wallet_view};
    char address[CS_CHAIN_ADDRESS_MAX];

    if (!cs_api_query(a, "blockchain", a->want_chain, sizeof a->want_chain) ||
        !cs_api_query(a, "correlationId", a->want_corr, sizeof a->want_corr) ||
        !cs_api_query(a, "address", address, sizeof address)) {
        return NULL;
    }
    if (address[0] != '\0') {
        p.kind = CS_IX_WALLETS_ADDR;
        p.scope = cs_pc_scope(address, "");
    } else if (a->want_corr[0] != '\0') {
        p.kind = CS_IX_WALLETS_CORR;
        p.scope = cs_pc_scope(a->want_corr, "");
    } else if (a->want_chain[0] != '\0') {
        p.kind = CS_IX_WALLETS_CHAIN;
        p.scope = cs_pc_scope(a->want_chain, "");
    }
    return cs_api_page(a, &p);
}

/* What was proven when the key was made: certificate, receipts, check signatures. */
json_t *cs_api_wallet_receipts(struct cs_api *a)
{
    json_t *rec = cs_api_wallet_record(a), *o;
    const json_t *key = json_object_get(rec, "_key");

    if (rec == NULL) {
        return NULL;
    }
    if (!cs_js_is(rec, "status", "PROVISIONED")) {
        json_decref(rec);
        return cs_api_fail(a, CS_API_STATE, "walletId", "the key is not provisioned");
    }
    o = cs_js_obj();
    cs_js_str(o, "keyId", cs_js_text(key, "keyId"));
    cs_js_str(o, "quorumId", cs_js_text(rec, "quorumId"));
    cs_js_str(o, "publicKey", cs_js_text(rec, "publicKey"));
    cs_js_str(o, "certificate", cs_js_text(key, "cert"));
    cs_js_set(o, "receipts", json_incref(json_object_get(key, "acks")));
    cs_js_set(o, "checkSignatures", json_incref(json_object_get(key, "checks")));
    json_decref(rec);
    return o;
}

/* ---- changing ---------------------------------------------------------- */

json_t *cs_api_wallet_update(struct cs_api *a)
{
    json_t *wishes = cs_js_obj(), *rec = NULL, *view = NULL;

    cs_js_str(wishes, "name", cs_api_name(a, "name", CS_API_NAME));
    add_opt(a, wishes, "description", CS_API_TEXT);
    add_opt(a, wishes, "correlationId", CS_API_EXT);
    if (!cs_api_bad_body(a)) {
        rec = cs_api_wallet_record(a);
    }
    if (rec != NULL) {
        index_corr(a, rec, false);
        CS_ASSERT(json_object_update(rec, wishes) == 0);
        index_corr(a, rec, true);
        cs_pc_save(a->core, CS_PC_WALLET, rec);
        view = wallet_view(a, rec);
    }
    json_decref(rec);
    json_decref(wishes);
    return view;
}

struct wished_settings {
    bool enabled, raw;
};

static bool read_settings(struct cs_api *a, struct wished_settings *s)
{
    struct cs_jr in = CS_JR(cs_jr_object(&a->in, "settings"));
    bool sweep, freeze, blind;

    if (cs_api_bad_body(a)) {
        return false;
    }
    s->enabled = cs_jr_bool(&in, "enabled");
    s->raw = cs_jr_bool(&in, "rawSigningEnabled");
    sweep = cs_jr_bool(&in, "sweepingEnabled");
    freeze = cs_jr_bool(&in, "defaultFreezeEnabled");
    blind = cs_jr_has(&in, "blindSigningEnabled") &&
            cs_jr_bool(&in, "blindSigningEnabled");
    if (in.err != CS_OK) {
        (void)cs_api_fail(a, CS_API_INVALID, in.field, "%s", in.why);
    } else if (sweep) {
        (void)cs_api_fail(a, CS_API_STATE, "sweepingEnabled", "sweeping is not built");
    } else if (freeze) {
        (void)cs_api_fail(a, CS_API_STATE, "defaultFreezeEnabled",
                          "freezing is not built");
    } else if (blind) {
        (void)cs_api_fail(a, CS_API_STATE, "blindSigningEnabled",
                          "signing of bare digests is not built");
    }
    return a->code == CS_API_OK;
}

json_t *cs_api_wallet_settings(struct cs_api *a)
{
    struct wished_settings s = {false, false};
    json_t *rec, *settings, *view;

    if (!read_settings(a, &s)) {
        return NULL;
    }
    rec = cs_api_wallet_record(a);
    if (rec == NULL) {
        return NULL;
    }
    if (s.enabled && !cs_js_is(rec, "status", "PROVISIONED")) {
        json_decref(rec);
        return cs_api_fail(
            a, CS_API_STATE, "enabled",
            "the key is not provisioned: wait until its address appears");
    }
    settings = json_object_get(rec, "settings");
    cs_js_bool(settings, "enabled", s.enabled);
    cs_js_bool(settings, "rawSigningEnabled", s.raw);
    cs_pc_save(a->core, CS_PC_WALLET, rec);
    view = wallet_view(a, rec);
    json_decref(rec);
    return view;
}

/* Shards cannot be called back, so a wallet that may hold money stays listed. */
json_t *cs_api_wallet_delete(struct cs_api *a)
{
    json_t *rec = cs_api_wallet_record(a);

    if (rec == NULL) {
        return NULL;
    }
    json_decref(rec);
    return cs_api_fail(a, CS_API_STATE, "walletId",
                       "wallets are not deleted: disable it in its settings");
}
