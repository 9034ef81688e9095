#include <string.h>

#include "chain/chain.h"
#include "platform/core/api.h"
#include "platform/core/flows.h"
#include "platform/core/session.h"
#include "platform/core/wallet_limits.h"

/* Address and key are in the record only once it is PROVISIONED (keys.c). */
json_t *cs_wallet_view(const json_t *rec)
{
    json_t *o = cs_js_public(rec);
    enum cs_scheme scheme = cs_pc_wallet_scheme(rec);

    cs_js_str(o, "signatureScheme", cs_chain_scheme_name(cs_pc_chain_scheme(scheme)));
    return o;
}

static json_t *list_view(struct cs_api *a, const json_t *rec)
{
    if ((a->want_chain[0] != '\0' && !cs_js_is(rec, "blockchain", a->want_chain)) ||
        (a->want_corr[0] != '\0' && !cs_js_is(rec, "correlationId", a->want_corr))) {
        return NULL;
    }
    return cs_wallet_view(rec);
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

/* ---- what create and update share --------------------------------------- */

void cs_wallet_text(struct cs_api *a, json_t *o, const char *member, size_t max)
{
    const char *text = cs_api_name_opt(a, member, max);

    if (text != NULL) {
        cs_js_str(o, member, text);
    }
}

void cs_wallet_index_corr(struct cs_api *a, const json_t *rec, bool add)
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

/* ---- reading ----------------------------------------------------------- */

static json_t *shown(struct cs_api *a, json_t *rec)
{
    json_t *view = NULL;

    if (rec != NULL) {
        cs_api_wait_for(a, CS_PC_WALLET, rec);
        view = cs_wallet_view(rec);
    }
    json_decref(rec);
    return view;
}

json_t *cs_api_wallet_get(struct cs_api *a)
{
    return cs_api_wait_read(a) ? shown(a, cs_api_wallet_record(a)) : NULL;
}

json_t *cs_api_wallet_get_global(struct cs_api *a)
{
    return cs_api_wait_read(a) ? shown(a, cs_api_record(a, CS_PC_WALLET, 0, "wallet"))
                               : NULL;
}

json_t *cs_api_wallet_list(struct cs_api *a)
{
    struct cs_api_page p = {.table = CS_PC_WALLET,
                            .kind = CS_IX_WALLETS_VAULT,
                            .name = "wallets",
                            .search = "name",
                            .view = list_view};
    char vault[CS_UUID_LEN];
    json_t *rec = cs_api_record(a, CS_PC_VAULT, 0, "vault");

    if (rec == NULL || !cs_api_query_chain(a, a->want_chain, sizeof a->want_chain)) {
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
                            .search = "name",
                            .view = list_view};
    char address[CS_CHAIN_ADDRESS_MAX];

    if (!cs_api_query_chain(a, a->want_chain, sizeof a->want_chain) ||
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
    cs_wallet_text(a, wishes, "description", CS_API_TEXT);
    cs_wallet_text(a, wishes, "correlationId", CS_API_EXT);
    if (!cs_api_bad_body(a)) {
        rec = cs_api_wallet_record(a);
    }
    if (rec != NULL) {
        cs_wallet_index_corr(a, rec, false);
        CS_ASSERT(json_object_update(rec, wishes) == 0);
        cs_wallet_index_corr(a, rec, true);
        cs_pc_save(a->core, CS_PC_WALLET, rec);
        view = cs_wallet_view(rec);
    }
    json_decref(rec);
    json_decref(wishes);
    return view;
}

struct wished_settings {
    bool has_list, list; /* allowListEnabled, named or not */
    bool enabled, raw, blind, freeze;
};

/* What is not named is off, blind signing too: clients of the vendor's SDK do not know
 * of it. */
static bool read_settings(struct cs_api *a, struct wished_settings *s)
{
    struct cs_jr in = CS_JR(cs_jr_object(&a->in, "settings"));
    bool sweep;

    if (cs_api_bad_body(a)) {
        return false;
    }
    s->enabled = cs_jr_bool(&in, "enabled");
    s->raw = cs_jr_bool(&in, "rawSigningEnabled");
    sweep = cs_jr_bool(&in, "sweepingEnabled");
    s->freeze = cs_jr_bool(&in, "defaultFreezeEnabled");
    s->blind = cs_jr_has(&in, "blindSigningEnabled") &&
               cs_jr_bool(&in, "blindSigningEnabled");
    /* Ours, too, but it protects: it goes off only when somebody says so. */
    s->has_list = cs_jr_has(&in, "allowListEnabled");
    s->list = s->has_list && cs_jr_bool(&in, "allowListEnabled");
    if (in.err != CS_OK) {
        (void)cs_api_fail(a, CS_API_INVALID, in.field, "%s", in.why);
    } else if (sweep) {
        (void)cs_api_fail(a, CS_API_STATE, "sweepingEnabled", "sweeping is not built");
    }
    return a->code == CS_API_OK;
}

static bool settings_fit(struct cs_api *a, const json_t *rec,
                         const struct wished_settings *s)
{
    if (s->enabled && !cs_js_is(rec, "status", "PROVISIONED")) {
        (void)cs_api_fail(a, CS_API_STATE, "enabled",
                          "the key is not provisioned: wait until its address appears");
    } else if (s->blind && cs_pc_wallet_scheme(rec) == CS_SCHEME_FROST_ED25519) {
        (void)cs_api_fail(a, CS_API_STATE, "blindSigningEnabled",
                          "Ed25519 keys sign whole messages, never digests");
    }
    return a->code == CS_API_OK;
}

/* A key that may sign more, or that no longer stops by itself: a cookie alone is not
 * enough for that (RELIABILITY 4.3), a user has proven himself lately. */
static bool may_give_power(struct cs_api *a, const json_t *rec,
                           const struct wished_settings *s)
{
    const json_t *is = json_object_get(rec, "settings");
    bool gives = (s->raw && !cs_js_true(is, "rawSigningEnabled")) ||
                 (s->blind && !cs_js_true(is, "blindSigningEnabled")) ||
                 (!s->freeze && cs_js_true(is, "defaultFreezeEnabled"));

    return !gives || a->who.kind != CS_ACTOR_USER || cs_session_stepped_up(a);
}

json_t *cs_api_wallet_settings(struct cs_api *a)
{
    struct wished_settings s = {0};
    json_t *rec, *settings, *view = NULL;

    if (!read_settings(a, &s)) {
        return NULL;
    }
    rec = cs_api_wallet_record(a);
    if (rec != NULL && may_give_power(a, rec, &s) && settings_fit(a, rec, &s) &&
        (!s.has_list || cs_allow_list_may(a, rec, &s.list))) {
        settings = json_object_get(rec, "settings");
        cs_js_bool(settings, "enabled", s.enabled);
        cs_js_bool(settings, "rawSigningEnabled", s.raw);
        cs_js_bool(settings, "defaultFreezeEnabled", s.freeze);
        cs_js_bool(settings, "blindSigningEnabled", s.blind);
        if (s.has_list) {
            cs_allow_list_set(rec, s.list);
        }
        cs_pc_save(a->core, CS_PC_WALLET, rec);
        view = cs_wallet_view(rec);
        cs_approval_mark(a->core, CS_SOURCE_POLICY, view);
    }
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
