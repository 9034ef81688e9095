/* Creating a wallet: which key, on which chain, in which quorum (DECISIONS 26). */
#include <stdio.h>
#include <string.h>

#include "chain/chain.h"
#include "platform/core/approval_sources.h"
#include "platform/core/flows.h"

static const struct cs_chain_info *read_chain(struct cs_api *a)
{
    const char *name = cs_jr_str(&a->in, "blockchain", 24, false);
    const struct cs_chain_info *chain = a->in.err == CS_OK ? cs_chain_by_name(name)
                                                           : NULL;

    if (a->in.err == CS_OK && chain == NULL) {
        cs_jr_fail(&a->in, "blockchain",
                   "is no blockchain that is known here: see src/chain/README.md");
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

/* BITCOIN: the kind of address, which decides what the key signs (issue 3.7); NULL
 * elsewhere.  P2WPKH keys sign ECDSA, P2TR keys BIP 340, and neither ever the other. */
static const char *read_address_type(struct cs_api *a,
                                     const struct cs_chain_info *chain)
{
    const char *word = cs_jr_str_opt(&a->in, "addressType", 16);

    if (chain->chain != CS_CHAIN_BITCOIN) {
        if (word != NULL) {
            cs_jr_fail(&a->in, "addressType",
                       "is for BITCOIN: other blockchains have one kind of address");
        }
        return NULL;
    }
    if (word != NULL && strcmp(word, "P2WPKH") != 0 && strcmp(word, "P2TR") != 0) {
        cs_jr_fail(&a->in, "addressType", "must be P2WPKH or P2TR");
    }
    return word == NULL ? "P2WPKH" : word;
}

/* Refuses what this version does not build, with the way out. */
static bool is_built(struct cs_api *a)
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
    }
    return a->code == CS_API_OK;
}

/* Confirmed, and every member there to take part. */
bool cs_wallet_quorum_ok(struct cs_platform_core *core, const struct cs_pc_quorum *q,
                         enum cs_api_code *code, char why[CS_APPROVAL_WHY])
{
    if (!cs_js_is(q->rec, "state", "QUORUM_STATE_CONFIRMED")) {
        *code = CS_API_STATE;
        return cs_approval_no(
            why, "the quorum is not Confirmed: wait until all nodes have joined");
    }
    for (uint8_t i = 1; i <= q->set->ds.n; i++) {
        struct cs_pc_live *l = cs_pc_qset_live(core, q->set, i);

        if (!cs_pc_live_usable(l)) {
            *code = CS_API_STATE;
            (void)snprintf(why, CS_APPROVAL_WHY,
                           "member %u is not enabled: all members take part", i);
            return false;
        }
        if (!cs_pc_outbox_has_room(core, l)) {
            *code = CS_API_LIMIT;
            (void)snprintf(why, CS_APPROVAL_WHY,
                           "member %u has too many commands waiting", i);
            return false;
        }
    }
    return true;
}

static bool quorum_ok(struct cs_api *a, const struct cs_pc_quorum *q)
{
    char why[CS_APPROVAL_WHY];
    enum cs_api_code code;

    if (!cs_wallet_quorum_ok(a->core, q, &code, why)) {
        (void)cs_api_fail(a, code, "quorumId", "%s", why);
        return false;
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

static void index_new(struct cs_api *a, const json_t *rec, const uint8_t id[CS_PC_ID])
{
    const char *vault = cs_js_text(rec, "vaultId"),
               *chain = cs_js_text(rec, "blockchain");
    uint64_t seq = (uint64_t)cs_js_num(rec, "_seq");

    cs_pc_index_add(a->core, CS_IX_WALLETS, cs_pc_scope("", ""), seq, id);
    cs_pc_index_add(a->core, CS_IX_WALLETS_VAULT, cs_pc_scope(vault, ""), seq, id);
    cs_pc_index_add(a->core, CS_IX_WALLETS_VAULT, cs_pc_scope(vault, chain), seq, id);
    cs_pc_index_add(a->core, CS_IX_WALLETS_CHAIN, cs_pc_scope(chain, ""), seq, id);
    cs_wallet_index_corr(a, rec, true);
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
    if (cs_approval_wanted(a->core, CS_SOURCE_WALLET, NULL)) {
        json_t *set = cs_wallet_approval_open(a, rec, q);

        if (set == NULL) {
            json_decref(rec);
            return NULL;
        }
        cs_js_str(rec, "approvalId", cs_js_text(set, "id"));
        json_decref(set);
        index_new(a, rec, id);
        cs_js_str(rec, "status", "CREATED"); /* no node hears of it before */
        cs_pc_save(a->core, CS_PC_WALLET, rec);
    } else {
        index_new(a, rec, id);
        cs_pc_key_start(a->core, rec, q); /* saves it */
    }
    cs_api_wait_for(a, CS_PC_WALLET, rec);
    view = cs_wallet_view(rec);
    json_decref(rec);
    return view;
}

static json_t *read_wishes(struct cs_api *a, const struct cs_chain_info *chain,
                           enum cs_curve curve)
{
    const char *type = read_address_type(a, chain);
    json_t *o = cs_js_obj();
    uint8_t quorum[CS_PC_ID];

    cs_js_str(o, "name", cs_api_name(a, "name", CS_API_NAME));
    cs_wallet_text(a, o, "description", CS_API_TEXT);
    cs_wallet_text(a, o, "externalId", CS_API_EXT);
    cs_wallet_text(a, o, "correlationId", CS_API_EXT);
    cs_jr_uuid(&a->in, "quorumId", quorum);
    cs_js_uuid(o, "vaultId", a->param[0]);
    cs_js_uuid(o, "quorumId", quorum);
    cs_js_str(o, "keystore", "MPC");
    cs_js_str(o, "blockchain", chain->name);
    cs_js_str(o, "keyAlgorithm", cs_curve_name(curve));
    if (type != NULL) {
        cs_js_str(o, "addressType", type);
    }
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

    if (!cs_api_wait_read(a) || !read_curve(a, chain, &curve)) {
        (void)cs_api_bad_body(a);
        return NULL;
    }
    vault = cs_api_record(a, CS_PC_VAULT, 0, "vault");
    if (vault != NULL && is_built(a)) {
        wishes = read_wishes(a, chain, curve);
    }
    if (wishes != NULL &&
        cs_api_external(a, CS_UNIQUE_WALLET, CS_PC_WALLET, "", wishes, &rec)) {
        if (rec != NULL) {
            cs_api_wait_for(a, CS_PC_WALLET, rec);
            view = cs_wallet_view(rec);
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
