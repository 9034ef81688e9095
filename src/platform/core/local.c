#include "platform/core/local.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "platform/core/audit.h"
#include "platform/core/overview.h"
#include "platform/core/session.h"
#include "platform/core/users.h"

enum { OPERATOR_MAX = 64 };

static json_t *refusal(enum cs_err err, const char *text)
{
    json_t *o = cs_js_obj();

    cs_js_bool(o, "ok", false);
    cs_js_str(o, "reason", cs_err_reason(err));
    cs_js_str(o, "text", text);
    return o;
}

static json_t *fine(void)
{
    json_t *o = cs_js_obj();

    cs_js_bool(o, "ok", true);
    return o;
}

/* ---- reading ----------------------------------------------------------- */

static json_t *list(struct cs_platform_core *core)
{
    struct cs_pc_walk w = {.kind = CS_IX_USERS, .scope = cs_pc_scope("", "")};
    json_t *users = cs_js_arr(), *o = fine();

    while (json_array_size(users) < core->cfg.limits.max_users &&
           cs_pc_walk_next(core, &w)) {
        json_t *user = cs_pc_get(core, CS_PC_USER, w.id);

        if (user != NULL && !cs_js_true(user, "_deleted")) {
            json_t *view = cs_js_public(user);

            cs_js_bool(view, "hasPassword", json_object_get(user, "_password") != NULL);
            cs_js_bool(view, "isInvited",
                       cs_js_num(user, "_enrolUntil") > core->wall_ms);
            cs_js_push(users, view);
        }
        json_decref(user);
    }
    cs_js_set(o, "users", users);
    return o;
}

static json_t *check(struct cs_platform_core *core)
{
    static const char *const names[CS_OV_COUNT] = {[CS_OV_DEVICES] = "devices",
                                                   [CS_OV_QUORUMS] = "quorums",
                                                   [CS_OV_VAULTS] = "vaults",
                                                   [CS_OV_WALLETS] = "wallets",
                                                   [CS_OV_TXS] = "transactions"};
    uint64_t t[CS_OV_COUNT], seq;
    uint8_t hash[CS_AUDIT_HASH];
    json_t *o = fine();

    seq = cs_audit_head(core, hash);
    cs_js_int(o, "auditRecords", (int64_t)seq);
    cs_js_hex(o, "auditHead", hash, sizeof hash);
    cs_js_int(o, "schema", core->migration.schema);
    cs_js_str(o, "organizationId", core->org_id);
    cs_overview_totals(core, t);
    for (size_t i = 0; i < CS_OV_COUNT; i++) {
        if (names[i] != NULL) {
            cs_js_int(o, names[i], (int64_t)t[i]);
        }
    }
    return o;
}

/* ---- users ------------------------------------------------------------- */

static json_t *invited(struct cs_api *a, const json_t *user)
{
    json_t *o = fine();

    cs_js_str(o, "userId", cs_js_text(user, "id"));
    cs_js_str(o, "email", cs_js_text(user, "email"));
    cs_js_set(o, "roles", json_deep_copy(json_object_get(user, "roles")));
    cs_js_str(o, "enrolmentToken", a->secret);
    cs_js_time(o, "expiresAt", cs_js_num(user, "_enrolUntil"));
    return o;
}

/* As a reset of the password does it, and it lifts a block: whoever has the machine can
 * write the store anyway, so this way is the one that leaves a record. */
static json_t *invite(struct cs_api *a, const char *email)
{
    json_t *user = cs_user_by_email(a->core, email), *answer;
    bool was_owner = cs_user_is_owner(user);

    if (user == NULL) {
        return refusal(CS_ERR_NOT_FOUND,
                       "no user has this e-mail address; cloudsign-platform user list "
                       "shows who there is");
    }
    cs_js_del(user, "_password");
    cs_js_del(user, "_totp");
    cs_js_del(user, "_recovery");
    if (cs_js_is(user, "status", "BLOCKED")) {
        cs_js_str(user, "status", "INVITED");
    }
    cs_user_invite(a, user);
    cs_session_end_all(a->core, cs_js_text(user, "id"));
    cs_user_save(a->core, user, was_owner);
    answer = invited(a, user);
    json_decref(user);
    return answer;
}

static json_t *rescue(struct cs_api *a, const char *email)
{
    const char *first = cs_api_name(a, "firstName", CS_API_NAME);
    const char *last = cs_api_name(a, "lastName", CS_API_NAME);
    json_t *old = cs_user_by_email(a->core, email), *user, *roles, *answer;
    uint8_t id[CS_PC_ID];

    json_decref(old);
    if (cs_api_bad_body(a)) {
        return refusal(CS_ERR_USAGE, a->message);
    }
    if (old != NULL) {
        return refusal(CS_ERR_EXISTS, "this user is there already: use "
                                      "cloudsign-platform user invite");
    }
    roles = cs_js_arr();
    cs_js_push_text(roles, cs_role_word(CS_ROLE_OWNER));
    cs_pc_new_id(a->core, id);
    user = cs_user_make(a, id, first, last, email, roles, "INVITED");
    cs_user_invite(a, user);
    cs_user_save(a->core, user, false);
    answer = invited(a, user);
    json_decref(user);
    return answer;
}

static json_t *users_cmd(struct cs_api *a, const char *cmd)
{
    const char *operator_name = cs_jr_str(&a->in, "operator", OPERATOR_MAX, false);
    bool is_rescue = strcmp(cmd, "user.rescue") == 0;
    char email[CS_USER_EMAIL + 1];
    json_t *answer;

    if (!a->core->is_set_up) {
        return refusal(CS_ERR_STATE, "nobody has set this platform up: use the setup "
                                     "token instead");
    }
    if (!cs_user_email(a, email) || cs_api_bad_body(a)) {
        (void)cs_api_bad_body(a);
        return refusal(CS_ERR_USAGE, a->message);
    }
    cs_audit_begin(a->core);
    answer = is_rescue ? rescue(a, email) : invite(a, email);
    cs_audit_operator(a->core,
                      is_rescue ? "operator.user-rescue" : "operator.user-invite",
                      operator_name);
    return answer;
}

/* ---- entry ------------------------------------------------------------- */

static json_t *answer_to(struct cs_api *a)
{
    const char *cmd = cs_jr_str(&a->in, "cmd", 32, false);

    if (strcmp(cmd, "user.list") == 0) {
        return list(a->core);
    }
    if (strcmp(cmd, "store.check") == 0) {
        return check(a->core);
    }
    if (strcmp(cmd, "user.invite") == 0 || strcmp(cmd, "user.rescue") == 0) {
        return users_cmd(a, cmd);
    }
    return refusal(CS_ERR_USAGE, "this question is not known");
}

void cs_local_question(struct cs_platform_core *core, const struct cs_event *ev)
{
    struct cs_api a = {.core = core, .actor = "", .who = {.id = "", .name = ""}};
    const char *why = "";
    struct cs_wr w = {0};
    json_t *answer;

    if (cs_json_parse(&a.body, ev->data, CS_LOCAL_QUESTION_MAX, &why) != CS_OK) {
        answer = refusal(CS_ERR_USAGE, why);
    } else {
        a.in = CS_JR(a.body);
        answer = answer_to(&a);
    }
    cs_json_write(&w, answer);
    CS_ASSERT(w.err == CS_OK);
    cs_emit_answer(core->out, ev->conn, cs_wr_get(&w));
    cs_wr_free(&w);
    cs_wipe(a.secret, sizeof a.secret);
    json_decref(answer);
    json_decref(a.body);
}
