/* The first administrator: a one-time token from the program's own console, never a
 * default password (RELIABILITY 4.3). */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "platform/core/users.h"

enum { TRY_BURST = 5, TRY_PER_S = 1 };

static void put_meta(struct cs_platform_core *core, const char *key, const json_t *rec)
{
    struct cs_wr w = {0};

    cs_json_write(&w, rec);
    CS_ASSERT(w.err == CS_OK);
    cs_pc_raw_put(core, CS_PC_META, CS_SPAN(key, strlen(key)), cs_wr_get(&w));
    cs_wr_free(&w);
}

static void notify_token(struct cs_platform_core *core, const char *token)
{
    struct cs_wr w = {0};

    cs_wr_printf(&w, "{\"setupToken\":\"%s\"}", token);
    CS_ASSERT(w.err == CS_OK);
    cs_emit_notify(core->out, "setup-token", cs_wr_get(&w));
    cs_wr_free(&w);
}

/* A new token each start until one was used. */
void cs_setup_start(struct cs_platform_core *core)
{
    uint8_t raw[32];
    char token[65];

    if (core->is_set_up) {
        return;
    }
    cs_pc_random(core, raw, sizeof raw);
    (void)cs_hex(token, raw, sizeof raw);
    cs_pc_digest(core->setup_hash, "setup", CS_SPAN(token, 64), CS_SPAN(NULL, 0));
    notify_token(core, token);
    cs_wipe(raw, sizeof raw);
    cs_wipe(token, sizeof token);
}

static bool token_ok(const struct cs_platform_core *core, const char *token)
{
    uint8_t d[32];

    cs_pc_digest(d, "setup", CS_SPAN(token, strlen(token)), CS_SPAN(NULL, 0));
    return !cs_ct_is_zero(core->setup_hash, sizeof core->setup_hash) &&
           cs_ct_equal(d, core->setup_hash, sizeof d);
}

static json_t *org_make(struct cs_platform_core *core, const char *name,
                        const char *user_id)
{
    json_t *org = cs_js_obj();

    cs_js_str(org, "id", core->org_id);
    cs_js_str(org, "name", name);
    cs_js_str(org, "createdBy", user_id);
    cs_js_time(org, "createdAt", core->wall_ms);
    cs_js_str(org, "updatedBy", user_id);
    cs_js_time(org, "updatedAt", core->wall_ms);
    return org;
}

static json_t *settings(const struct cs_platform_core *core, const char *name)
{
    json_t *s = cs_js_obj(), *keystores = cs_js_arr();

    cs_js_push_text(keystores, "MPC");
    cs_js_str(s, "organizationType", "NON_CUSTODIAL");
    cs_js_set(s, "enabledComplianceIntegrations", cs_js_arr());
    cs_js_set(s, "enabledKeystores", keystores);
    cs_js_str(s, "region", core->cfg.region);
    cs_js_bool(s, "enabled", true);
    cs_js_str(s, "legalName", name);
    cs_js_str(s, "vaspName", "");
    cs_js_str(s, "vaspDid", "");
    return s;
}

static json_t *org_view(const struct cs_platform_core *core, const json_t *rec)
{
    static const char *const parts[] = {"address1", "city", "state", "postCode",
                                        "country"};
    json_t *o = cs_js_public(rec), *address = cs_js_obj();

    for (size_t i = 0; i < CS_COUNTOF(parts); i++) {
        cs_js_str(address, parts[i], "");
    }
    cs_js_set(o, "settings", settings(core, cs_js_text(rec, "name")));
    cs_js_set(o, "address", address);
    return o;
}

static json_t *user_make(struct cs_api *a, const char *email, const struct cs_later *l)
{
    uint8_t id[CS_PC_ID];
    json_t *user, *roles = cs_js_arr();

    cs_pc_new_id(a->core, id);
    cs_js_push_text(roles, cs_role_word(CS_ROLE_OWNER));
    user = cs_user_make(a, id, cs_js_text(a->body, "firstName"),
                        cs_js_text(a->body, "lastName"), email, roles, "ACTIVATED");
    if (l != NULL) {
        cs_pw_put(user, l);
        cs_user_factors_make(a, user, l, cs_js_text(user, "id"), email, NULL);
        cs_js_time(user, "authLastPasswordReset", a->core->wall_ms);
    }
    return user;
}

static void head_save(struct cs_platform_core *core)
{
    json_t *head = cs_js_obj();

    cs_js_int(head, "schema", CS_PC_SCHEMA);
    cs_js_str(head, "organizationId", core->org_id);
    put_meta(core, "head", head);
    json_decref(head);
}

/* All in one batch: organisation, owner, its credential; the token is used up.
 * l: the owner's password, NULL for none. */
static json_t *create(struct cs_api *a, const char *email, const struct cs_later *l)
{
    struct cs_platform_core *core = a->core;
    uint8_t org_id[CS_PC_ID];
    json_t *org, *user, *credential, *answer = cs_js_obj(), *all = cs_js_arr();

    cs_pc_new_id(core, org_id);
    (void)cs_uuid_text(core->org_id, org_id);
    core->is_set_up = true;
    cs_wipe(core->setup_hash, sizeof core->setup_hash);
    user = user_make(a, email, l);
    org = org_make(core, cs_js_text(a->body, "organizationName"),
                   cs_js_text(user, "id"));
    cs_js_push_text(all, "*");
    credential = cs_credential_make(a, cs_js_text(user, "id"), "First administrator",
                                    "CONTROLS", all);
    head_save(core);
    put_meta(core, "org", org);
    cs_user_save(core, user, false);
    cs_pc_save(core, CS_PC_CREDENTIAL, credential);
    cs_js_set(answer, "organization", org_view(core, org));
    cs_js_set(answer, "user", cs_js_public(user));
    cs_js_set(answer, "credential", cs_credential_view(a, credential));
    a->secret_depth = 1; /* the secret belongs into the last member */
    json_decref(org);
    json_decref(user);
    json_decref(credential);
    return answer;
}

/* "password" is optional: without it the owner signs in only after another enrolment.
 */
static bool read_setup(struct cs_api *a, char email[CS_USER_EMAIL + 1])
{
    (void)cs_jr_str(&a->in, "setupToken", 128, false);
    (void)cs_api_name(a, "organizationName", CS_API_NAME);
    (void)cs_user_email(a, email);
    (void)cs_api_name(a, "firstName", CS_API_NAME);
    (void)cs_api_name(a, "lastName", CS_API_NAME);
    if (cs_jr_has(&a->in, "password")) {
        (void)cs_user_new_password(a, "password", email);
    }
    return !cs_api_bad_body(a);
}

static bool may_set_up(struct cs_api *a)
{
    if (a->core->is_set_up) {
        (void)cs_api_fail(
            a, CS_API_STATE, "setupToken",
            "this platform is set up already: ask its administrator for a "
            "credential");
        return false;
    }
    if (!token_ok(a->core, cs_js_text(a->body, "setupToken"))) {
        (void)cs_api_fail(a, CS_API_UNAUTHENTICATED, "setupToken",
                          "is wrong: it is printed at the start of cloudsign-platform");
        return false;
    }
    return true;
}

static json_t *with_password(struct cs_api *a, const struct cs_later *l)
{
    char email[CS_USER_EMAIL + 1];

    return read_setup(a, email) && may_set_up(a) ? create(a, email, l) : NULL;
}

json_t *cs_api_setup(struct cs_api *a)
{
    char email[CS_USER_EMAIL + 1];
    struct cs_pw_params params;

    if (!read_setup(a, email)) {
        return NULL;
    }
    if (!cs_api_take_from(a->core, "setup", a->http->remote, TRY_BURST, TRY_PER_S)) {
        return cs_api_fail(a, CS_API_LIMIT, "setupToken",
                           "too many tries: wait a minute");
    }
    if (!may_set_up(a)) {
        return NULL;
    }
    if (!cs_jr_has(&a->in, "password")) {
        return create(a, email, NULL);
    }
    cs_pw_params_new(a->core, &params);
    (void)cs_later_begin(a, cs_js_text(a->body, "password"), &params, with_password);
    return NULL;
}

json_t *cs_api_organization(struct cs_api *a)
{
    struct cs_wr w = {0};
    json_error_t e;
    json_t *rec = NULL, *view;

    if (cs_pc_raw_get(a->core, CS_PC_META, CS_SPAN_LIT("org"), &w)) {
        rec = json_loadb((const char *)w.p, w.n, 0, &e);
    }
    cs_wr_free(&w);
    if (!json_is_object(rec)) {
        json_decref(rec);
        return cs_api_fail(a, CS_API_INTERNAL, "",
                           "the organisation's record is missing");
    }
    view = org_view(a->core, rec);
    json_decref(rec);
    return view;
}
