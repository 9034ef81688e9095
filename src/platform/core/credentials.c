#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "platform/core/approval_sources.h"
#include "platform/core/credential_life.h"
#include "platform/core/ip_rule.h"

enum { PERMISSIONS_MAX = 64, IPS_MAX = 32 };

json_t *cs_credential_view(struct cs_api *a, const json_t *rec)
{
    json_t *o = cs_js_public(rec);

    cs_approval_mark(a->core, CS_SOURCE_API_CREDENTIAL, o);
    return o;
}

static json_t *info_view(struct cs_api *a, const json_t *rec)
{
    json_t *o = cs_js_obj();

    (void)a;
    cs_js_str(o, "id", cs_js_text(rec, "id"));
    cs_js_str(o, "organizationId", cs_js_text(rec, "organizationId"));
    cs_js_str(o, "name", cs_js_text(rec, "name"));
    return o;
}

/* 256 random bits; only a digest is kept. */
static void make_secret(struct cs_api *a, json_t *rec, const char *client_id)
{
    uint8_t raw[32], d[32];

    cs_pc_random(a->core, raw, sizeof raw);
    (void)cs_hex(a->secret, raw, sizeof raw);
    cs_wipe(raw, sizeof raw);
    a->secret_name = "clientSecret";
    cs_pc_digest(d, "secret", CS_SPAN(client_id, strlen(client_id)),
                 CS_SPAN(a->secret, 64));
    cs_js_hex(rec, "_hash", d, sizeof d);
}

json_t *cs_credential_make(struct cs_api *a, const char *created_by, const char *name,
                           const char *category, json_t *permissions)
{
    uint8_t id[CS_PC_ID], client[CS_PC_ID];
    char client_text[CS_UUID_LEN];
    json_t *rec;

    cs_pc_new_id(a->core, id);
    cs_pc_new_id(a->core, client);
    rec = cs_pc_make(a->core, id, created_by);
    cs_js_str(rec, "name", name);
    cs_js_str(rec, "description", "");
    cs_js_str(rec, "category", category);
    cs_js_set(rec, "permissions", permissions);
    cs_js_str(rec, "clientId", cs_uuid_text(client_text, client));
    cs_js_bool(rec, "active", true);
    cs_js_str(rec, "status", "ENABLED");
    cs_js_set(rec, "proposedPermissions", cs_js_arr());
    make_secret(a, rec, client_text);
    cs_pc_unique_put(a->core, CS_UNIQUE_CLIENT, client_text, id);
    cs_pc_index_add(a->core, CS_IX_CREDENTIALS, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(rec, "_seq"), id);
    return rec;
}

/* ---- reading the body -------------------------------------------------- */

static bool read_permissions(struct cs_api *a, json_t **out)
{
    const json_t *list = cs_jr_array(&a->in, "permissions", 0, PERMISSIONS_MAX);
    const char *missing = "";

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));

        if (word == NULL || !cs_pc_perm_known(word)) {
            cs_jr_fail(
                &a->in, "permissions",
                "holds a word that GET /v2/credentials/permissions does not list");
        }
    }
    if (cs_api_bad_body(a)) {
        return false;
    }
    if (!cs_actor_covers(&a->who, list, &missing)) {
        (void)cs_api_fail(a, CS_API_DENIED, "permissions",
                          "you cannot give '%s', which you do not have", missing);
        return false;
    }
    *out = json_deep_copy(list);
    CS_ASSERT(*out != NULL);
    return true;
}

static bool is_category(const char *word)
{
    return strcmp(word, "CONTROLS") == 0 || strcmp(word, "WALLETS") == 0 ||
           strcmp(word, "TRANSACTIONS") == 0 || strcmp(word, "AUDIT") == 0;
}

static const json_t *read_ips(struct cs_api *a)
{
    const json_t *list = cs_jr_has(&a->in, "allowedIps")
                             ? cs_jr_array(&a->in, "allowedIps", 0, IPS_MAX)
                             : NULL;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *rule = json_string_value(json_array_get(list, i));

        if (rule == NULL || strlen(rule) > 64 || !cs_ip_rule_ok(rule)) {
            cs_jr_fail(&a->in, "allowedIps",
                       "must hold IPv4 or IPv6 addresses or networks, such as "
                       "192.0.2.7, 192.0.2.0/24 or 2001:db8::/32");
        }
    }
    return list;
}

/* ---- what waits for approval (approval_people.c) ----------------------- */

/* Opens the set of what is asked of rec; wanted: new permissions.  false: refused. */
static bool propose(struct cs_api *a, json_t *rec, enum cs_approval_action action,
                    const char *status, const json_t *wanted)
{
    json_t *set = cs_credential_approval_open(a, rec, action, wanted);

    if (set != NULL) {
        cs_js_str(rec, "status", status);
    }
    json_decref(set);
    return set != NULL;
}

/* Nothing of it works before it is approved.  rec is whole: all of it is read. */
static void propose_new(struct cs_api *a, json_t *rec)
{
    cs_js_bool(rec, "active", false);
    CS_ASSERT(propose(a, rec, CS_ACTION_CREATE, "CREATION_APPROVAL_PENDING", NULL));
}

/* ---- handlers ---------------------------------------------------------- */

json_t *cs_api_credential_create(struct cs_api *a)
{
    const char *name = cs_api_name(a, "name", CS_API_NAME);
    const char *description = cs_api_name_opt(a, "description", CS_API_TEXT);
    const char *category = cs_jr_str(&a->in, "category", 32, false);
    const json_t *ips = read_ips(a);
    int64_t expiry = cs_credential_expiry(a);
    json_t *permissions = NULL, *rec, *view;
    bool waits;

    if (a->in.err == CS_OK && !is_category(category)) {
        cs_jr_fail(&a->in, "category",
                   "must be CONTROLS, WALLETS, TRANSACTIONS or AUDIT");
    }
    if (!read_permissions(a, &permissions)) {
        return NULL;
    }
    if (cs_pc_index_count(a->core, CS_IX_CREDENTIALS, cs_pc_scope("", "")) >=
        a->core->cfg.limits.max_credentials) {
        json_decref(permissions);
        return cs_api_fail(a, CS_API_LIMIT, "",
                           "there are as many credentials as allowed: delete some");
    }
    waits = cs_approval_wanted(a->core, CS_SOURCE_API_CREDENTIAL, NULL);
    if (waits && !cs_approval_can_open(a, CS_SOURCE_API_CREDENTIAL, NULL)) {
        json_decref(permissions);
        return NULL;
    }
    rec = cs_credential_make(a, a->actor, name, category, permissions);
    cs_js_str(rec, "description", description == NULL ? "" : description);
    cs_credential_set_expiry(rec, expiry);
    if (ips != NULL) {
        CS_ASSERT(json_object_set_new(rec, "allowedIps", json_deep_copy(ips)) == 0);
    }
    if (waits) {
        propose_new(a, rec);
    }
    cs_pc_save(a->core, CS_PC_CREDENTIAL, rec);
    view = cs_credential_view(a, rec);
    json_decref(rec);
    return view;
}

static json_t *list(struct cs_api *a, json_t *(*view)(struct cs_api *, const json_t *))
{
    const struct cs_api_page p = {.table = CS_PC_CREDENTIAL,
                                  .kind = CS_IX_CREDENTIALS,
                                  .scope = cs_pc_scope("", ""),
                                  .view = view};

    return cs_api_list(a, &p, a->core->cfg.limits.max_credentials);
}

json_t *cs_api_credential_list(struct cs_api *a)
{
    return list(a, cs_credential_view);
}

json_t *cs_api_credential_info_list(struct cs_api *a)
{
    return list(a, info_view);
}

static json_t *get(struct cs_api *a, json_t *(*view)(struct cs_api *, const json_t *))
{
    json_t *rec = cs_api_record(a, CS_PC_CREDENTIAL, 0, "credential");
    json_t *o = rec == NULL ? NULL : view(a, rec);

    json_decref(rec);
    return o;
}

json_t *cs_api_credential_get(struct cs_api *a)
{
    return get(a, cs_credential_view);
}

json_t *cs_api_credential_info(struct cs_api *a)
{
    return get(a, info_view);
}

json_t *cs_api_credential_permissions(struct cs_api *a)
{
    (void)a;
    return cs_pc_perm_variants();
}

static json_t *save_and_view(struct cs_api *a, json_t *rec)
{
    json_t *view;

    cs_pc_save(a->core, CS_PC_CREDENTIAL, rec);
    view = cs_credential_view(a, rec);
    json_decref(rec);
    return view;
}

/* A credential with more rights than one's own is not touched. */
static json_t *changeable(struct cs_api *a)
{
    json_t *rec = cs_api_record(a, CS_PC_CREDENTIAL, 0, "credential");
    const char *missing = "";

    if (rec != NULL &&
        !cs_actor_covers(&a->who, json_object_get(rec, "permissions"), &missing)) {
        (void)cs_api_fail(a, CS_API_DENIED, "permissions",
                          "that credential has '%s', which you do not have", missing);
        json_decref(rec); /* owns the word */
        return NULL;
    }
    return rec;
}

/* The same for what makes it stronger: nothing else waits, and it was not refused. */
static json_t *decidable(struct cs_api *a)
{
    json_t *rec = changeable(a);

    if (rec != NULL && cs_js_is(rec, "status", "REJECTED")) {
        (void)cs_api_fail(a, CS_API_STATE, "id",
                          "this credential was not approved: make a new one");
    } else if (rec != NULL) {
        (void)cs_approval_blocks(a, CS_SOURCE_API_CREDENTIAL, cs_js_text(rec, "id"));
    }
    if (a->code != CS_API_OK) {
        json_decref(rec);
        return NULL;
    }
    return rec;
}

/* Nobody locks itself out, so one credential that can manage others always stays. */
static bool is_own(const struct cs_api *a, const json_t *rec)
{
    return cs_js_is(rec, "id", a->actor);
}

json_t *cs_api_credential_set_permissions(struct cs_api *a)
{
    json_t *permissions = NULL, *rec;

    if (!read_permissions(a, &permissions)) {
        return NULL;
    }
    rec = decidable(a);
    if (rec == NULL || is_own(a, rec)) {
        json_decref(permissions);
        json_decref(rec);
        return cs_api_fail(
            a, CS_API_STATE, "id",
            "a credential cannot change its own permissions: use another");
    }
    if (!cs_approval_wanted(a->core, CS_SOURCE_API_CREDENTIAL, NULL)) {
        cs_js_set(rec, "permissions", permissions);
        return save_and_view(a, rec);
    }
    if (!propose(a, rec, CS_ACTION_UPDATE, "MODIFICATION_APPROVAL_PENDING",
                 permissions)) {
        json_decref(permissions);
        json_decref(rec);
        return NULL;
    }
    cs_js_set(rec, "proposedPermissions", permissions);
    return save_and_view(a, rec);
}

/* Takes rec. */
static json_t *enable_later(struct cs_api *a, json_t *rec)
{
    if (!propose(a, rec, CS_ACTION_ENABLE, "ENABLE_APPROVAL_PENDING", NULL)) {
        json_decref(rec);
        return NULL;
    }
    return save_and_view(a, rec);
}

/* What waits for it is over.  One that was never approved stays refused. */
static void withdraw(struct cs_api *a, json_t *rec, const char *reason)
{
    cs_approval_withdraw(a->core, CS_SOURCE_API_CREDENTIAL, cs_js_text(rec, "id"),
                         reason);
    cs_js_set(rec, "proposedPermissions", cs_js_arr());
}

json_t *cs_api_credential_set_active(struct cs_api *a)
{
    bool active = cs_jr_bool(&a->in, "active"), is_new;
    uint8_t id[CS_PC_ID];
    json_t *rec;

    if (cs_api_bad_body(a)) {
        return NULL;
    }
    rec = active ? decidable(a) : changeable(a);
    if (rec == NULL) {
        return NULL;
    }
    if (is_own(a, rec)) {
        json_decref(rec);
        return cs_api_fail(a, CS_API_STATE, "id",
                           "a credential cannot switch itself off: use another");
    }
    if (active && !cs_js_true(rec, "active") &&
        cs_approval_wanted(a->core, CS_SOURCE_API_CREDENTIAL, NULL)) {
        return enable_later(a, rec);
    }
    is_new = cs_js_is(rec, "status", "CREATION_APPROVAL_PENDING") ||
             cs_js_is(rec, "status", "REJECTED");
    withdraw(a, rec, "the credential was switched off");
    cs_js_bool(rec, "active", active);
    if (is_new) {
        cs_js_del(rec, "_hash");
    }
    cs_js_str(rec, "status", is_new ? "REJECTED" : active ? "ENABLED" : "DISABLED");
    CS_ASSERT(cs_js_id(rec, "id", id));
    if (!active) {
        cs_token_revoke(a->core, id);
    }
    return save_and_view(a, rec);
}

json_t *cs_api_credential_delete(struct cs_api *a)
{
    json_t *rec = changeable(a);
    uint8_t id[CS_PC_ID];

    if (rec == NULL) {
        return NULL;
    }
    if (is_own(a, rec)) {
        json_decref(rec);
        return cs_api_fail(a, CS_API_STATE, "id",
                           "a credential cannot delete itself: use another");
    }
    CS_ASSERT(cs_js_id(rec, "id", id));
    withdraw(a, rec, "the credential was deleted");
    cs_js_bool(rec, "_deleted", true);
    cs_js_bool(rec, "active", false);
    cs_js_str(rec, "status", "DELETED");
    cs_js_del(rec, "_hash");
    cs_pc_save(a->core, CS_PC_CREDENTIAL, rec);
    cs_pc_index_del(a->core, CS_IX_CREDENTIALS, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(rec, "_seq"));
    cs_pc_unique_del(a->core, CS_UNIQUE_CLIENT, cs_js_text(rec, "clientId"));
    cs_token_revoke(a->core, id);
    json_decref(rec);
    return cs_js_obj();
}
