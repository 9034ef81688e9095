#include "platform/core/users.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "platform/core/approval_sources.h"
#include "platform/core/session.h"

enum { ROLES_MAX = CS_ROLE_COUNT, REASON_MAX = 200 };

/* ---- records ----------------------------------------------------------- */

bool cs_user_is_active(const json_t *user)
{
    return cs_js_is(user, "status", "ACTIVATED") && !cs_js_true(user, "_deleted");
}

static bool lists(const json_t *roles, const char *word)
{
    for (size_t i = 0; i < json_array_size(roles); i++) {
        const char *r = json_string_value(json_array_get(roles, i));

        if (r != NULL && strcmp(r, word) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_role(const json_t *user, const char *word)
{
    return lists(json_object_get(user, "roles"), word);
}

bool cs_user_is_owner(const json_t *user)
{
    return cs_user_is_active(user) && has_role(user, cs_role_word(CS_ROLE_OWNER));
}

void cs_user_save(struct cs_platform_core *core, json_t *user, bool was_owner)
{
    const struct cs_pc_scope all = cs_pc_scope("", "");
    uint64_t seq = (uint64_t)cs_js_num(user, "_seq");
    bool is_owner = cs_user_is_owner(user);
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(user, "id", id));
    if (is_owner && !was_owner) {
        cs_pc_index_add(core, CS_IX_OWNERS, all, seq, id);
    } else if (!is_owner && was_owner) {
        cs_pc_index_del(core, CS_IX_OWNERS, all, seq);
    }
    cs_pc_save(core, CS_PC_USER, user);
}

static void email_lower(char out[CS_USER_EMAIL + 1], const char *email)
{
    size_t n = 0;

    for (; email[n] != '\0' && n < CS_USER_EMAIL; n++) {
        out[n] = email[n] >= 'A' && email[n] <= 'Z' ? (char)(email[n] - 'A' + 'a')
                                                    : email[n];
    }
    out[n] = '\0';
}

bool cs_user_email(struct cs_api *a, char out[CS_USER_EMAIL + 1])
{
    const char *email = cs_api_name(a, "email", CS_USER_EMAIL);
    const char *at = strchr(email, '@');

    out[0] = '\0';
    if (a->in.err != CS_OK) {
        return false;
    }
    if (at == NULL || at == email || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
        strpbrk(email, " \t<>\"\\") != NULL || strlen(email) > CS_USER_EMAIL) {
        cs_jr_fail(&a->in, "email", "must be an e-mail address");
        return false;
    }
    email_lower(out, email);
    return true;
}

json_t *cs_user_by_email(struct cs_platform_core *core, const char *email)
{
    uint8_t id[CS_PC_ID];
    json_t *user = cs_pc_unique_get(core, CS_UNIQUE_EMAIL, email, id)
                       ? cs_pc_get(core, CS_PC_USER, id)
                       : NULL;

    if (user != NULL && cs_js_true(user, "_deleted")) {
        json_decref(user);
        return NULL;
    }
    return user;
}

static void index_user(struct cs_platform_core *core, const json_t *user,
                       const char *email)
{
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(user, "id", id));
    cs_pc_unique_put(core, CS_UNIQUE_EMAIL, email, id);
    cs_pc_index_add(core, CS_IX_USERS, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(user, "_seq"), id);
}

json_t *cs_user_make(struct cs_api *a, const uint8_t id[CS_PC_ID], const char *first,
                     const char *last, const char *email, json_t *roles,
                     const char *status)
{
    char text[CS_UUID_LEN];
    const char *by = a->actor[0] == '\0' ? cs_uuid_text(text, id) : a->actor;
    json_t *user = cs_pc_make(a->core, id, by);

    cs_js_str(user, "firstName", first);
    cs_js_str(user, "lastName", last);
    cs_js_str(user, "email", email);
    cs_js_set(user, "roles", roles);
    cs_js_str(user, "updatedBy", by);
    cs_js_str(user, "status", status);
    cs_js_int(user, "authLoginCount", 0);
    index_user(a->core, user, email);
    return user;
}

/* The owner of an organisation that was set up before users had indexes. */
void cs_users_start(struct cs_platform_core *core)
{
    struct cs_wr w = {0};
    char email[CS_USER_EMAIL + 1];
    uint8_t id[CS_PC_ID];
    json_error_t e;
    json_t *org = NULL, *user = NULL;

    if (!core->is_set_up ||
        cs_pc_index_count(core, CS_IX_USERS, cs_pc_scope("", "")) > 0) {
        return;
    }
    if (cs_pc_raw_get(core, CS_PC_META, CS_SPAN_LIT("org"), &w)) {
        org = json_loadb((const char *)w.p, w.n, 0, &e);
    }
    cs_wr_free(&w);
    if (org != NULL && cs_js_id(org, "createdBy", id)) {
        user = cs_pc_get(core, CS_PC_USER, id);
    }
    if (user != NULL) {
        email_lower(email, cs_js_text(user, "email"));
        cs_js_str(user, "email", email);
        index_user(core, user, email);
        cs_user_save(core, user, false);
    }
    json_decref(user);
    json_decref(org);
}

/* ---- invitations ------------------------------------------------------- */

void cs_user_uninvite(struct cs_platform_core *core, json_t *user)
{
    if (cs_js_text(user, "_enrol")[0] != '\0') {
        cs_pc_unique_del(core, CS_UNIQUE_ENROL, cs_js_text(user, "_enrol"));
    }
    cs_js_del(user, "_enrol");
    cs_js_del(user, "_enrolUntil");
    cs_js_del(user, "_pending");
}

void cs_user_invite(struct cs_api *a, json_t *user)
{
    uint8_t raw[32], d[32], id[CS_PC_ID];
    char text[65];

    cs_user_uninvite(a->core, user);
    cs_pc_random(a->core, raw, sizeof raw);
    (void)cs_hex(a->secret, raw, sizeof raw);
    cs_wipe(raw, sizeof raw);
    a->secret_name = "enrolmentToken";
    cs_pc_digest(d, "enrol", CS_SPAN(a->secret, 64), CS_SPAN(NULL, 0));
    (void)cs_hex(text, d, sizeof d);
    CS_ASSERT(cs_js_id(user, "id", id));
    cs_js_str(user, "_enrol", text);
    cs_js_int(user, "_enrolUntil", a->core->wall_ms + CS_USER_ENROL_S * INT64_C(1000));
    cs_pc_unique_put(a->core, CS_UNIQUE_ENROL, text, id);
}

/* ---- checks ------------------------------------------------------------ */

static bool covered(struct cs_api *a, const json_t *roles)
{
    for (size_t i = 0; i < json_array_size(roles); i++) {
        const char *word = json_string_value(json_array_get(roles, i));
        enum cs_role role;

        if (word == NULL || !cs_role_parse(&role, word) ||
            !cs_actor_covers_role(&a->who, role)) {
            (void)cs_api_fail(a, CS_API_DENIED, "roles",
                              "the role %s has more rights than you",
                              word == NULL ? "" : word);
            return false;
        }
    }
    return true;
}

bool cs_user_covered(struct cs_api *a, const json_t *user)
{
    return covered(a, json_object_get(user, "roles"));
}

static json_t *read_roles(struct cs_api *a)
{
    const json_t *list = cs_jr_array(&a->in, "roles", 1, ROLES_MAX);
    unsigned seen = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));
        enum cs_role role;

        if (word == NULL || !cs_role_parse(&role, word) || (seen >> role & 1U) != 0) {
            cs_jr_fail(&a->in, "roles",
                       "must hold OWNER, ADMINISTRATOR, PROPOSER, APPROVER, AUDITOR or "
                       "VIEWER, each once");
            break;
        }
        seen |= 1U << role;
    }
    if (cs_api_bad_body(a) || !covered(a, list)) {
        return NULL;
    }
    list = json_deep_copy(list);
    CS_ASSERT(list != NULL);
    return (json_t *)(uintptr_t)list; /* our copy */
}

/* The user of the path, if the one who asks may change him. */
static json_t *changeable(struct cs_api *a)
{
    json_t *user = cs_api_record(a, CS_PC_USER, 0, "user");

    if (user != NULL && !cs_user_covered(a, user)) {
        json_decref(user);
        return NULL;
    }
    return user;
}

/* The same, but not himself: nobody locks himself out. */
static json_t *other(struct cs_api *a)
{
    json_t *user = changeable(a);

    if (user != NULL && cs_js_is(user, "id", a->actor)) {
        json_decref(user);
        return cs_api_fail(a, CS_API_STATE, "id",
                           "you cannot do that to yourself: ask another administrator");
    }
    return user;
}

bool cs_user_is_last_owner(struct cs_platform_core *core, const json_t *user)
{
    return cs_user_is_owner(user) &&
           cs_pc_index_count(core, CS_IX_OWNERS, cs_pc_scope("", "")) <= 1;
}

bool cs_user_may_become(struct cs_platform_core *core, const json_t *user,
                        const json_t *roles, char why[CS_APPROVAL_WHY])
{
    json_t *after;
    bool ok;

    if (!lists(roles, cs_role_word(CS_ROLE_OWNER)) &&
        cs_user_is_last_owner(core, user)) {
        return cs_approval_no(why,
                              "this is the last active owner: make another one first");
    }
    after = json_deep_copy(user);
    CS_ASSERT(after != NULL);
    if (roles != NULL) {
        CS_ASSERT(json_object_set(after, "roles", (json_t *)(uintptr_t)roles) == 0);
    } else {
        cs_js_str(after, "status", "BLOCKED");
    }
    ok = cs_approval_keeps(core, user, after, why);
    json_decref(after);
    return ok;
}

/* True: refused, and user freed. */
static bool is_needed(struct cs_api *a, json_t *user, const json_t *roles)
{
    char why[CS_APPROVAL_WHY] = "";

    if (cs_user_may_become(a->core, user, roles, why)) {
        return false;
    }
    (void)cs_api_fail(a, CS_API_STATE, "id", "%s", why);
    json_decref(user);
    return true;
}

/* A change that waits is decided first.  True: refused, and user freed. */
static bool is_waiting(struct cs_api *a, json_t *user)
{
    if (!cs_approval_blocks(a, CS_SOURCE_USER, cs_js_text(user, "id"))) {
        return false;
    }
    json_decref(user);
    return true;
}

/* "status" says what waits; the user goes on with what he has until it is decided. */
json_t *cs_user_view(struct cs_platform_core *core, const json_t *user)
{
    json_t *o = cs_js_public(user);

    if (cs_js_text(user, "_waits")[0] != '\0') {
        cs_js_str(o, "status", cs_js_text(user, "_waits"));
    }
    cs_approval_mark(core, CS_SOURCE_USER, o);
    return o;
}

static json_t *save(struct cs_api *a, json_t *user, bool was_owner)
{
    json_t *view;

    cs_js_str(user, "updatedBy", a->actor);
    cs_user_save(a->core, user, was_owner);
    view = cs_user_view(a->core, user);
    json_decref(user);
    return view;
}

/* The same after a change of rights: whoever has signed in has to do so again. */
static json_t *save_rights(struct cs_api *a, json_t *user, bool was_owner)
{
    cs_session_end_all(a->core, cs_js_text(user, "id"));
    cs_approval_user_changed(a->core, user);
    return save(a, user, was_owner);
}

/* ---- what waits for approval (approval_people.c) ----------------------- */

/* Opens the set, and notes what waits.  Takes user and value. */
static json_t *propose(struct cs_api *a, json_t *user, enum cs_approval_action action,
                       const char *name, json_t *value)
{
    bool roles = strcmp(name, "roles") == 0;
    json_t *proposed = cs_js_obj(), *set;

    cs_js_set(proposed, name, value);
    set = cs_user_approval_open(a, user, action, proposed);
    if (set == NULL) {
        json_decref(proposed);
        json_decref(user);
        return NULL;
    }
    cs_js_str(user, "_waits",
              action == CS_ACTION_UPDATE    ? "MODIFICATION_APPROVAL_PENDING"
              : action == CS_ACTION_DISABLE ? "BLOCK_APPROVAL_PENDING"
                                            : "UNBLOCK_APPROVAL_PENDING");
    if (roles || action == CS_ACTION_DISABLE) {
        cs_js_set(user, roles ? "proposedRoles" : "proposedBlockedReason",
                  json_incref(json_object_get(proposed, name)));
    }
    cs_js_str(user, "proposedUpdatedBy", a->actor);
    json_decref(proposed);
    json_decref(set);
    return save(a, user, cs_user_is_owner(user));
}

/* A new user waits, too: the invitation opens nothing before. */
static bool propose_new(struct cs_api *a, json_t *user)
{
    json_t *set = cs_user_approval_open_new(a, user);

    json_decref(set);
    return set != NULL;
}

/* ---- handlers ---------------------------------------------------------- */

json_t *cs_api_user_create(struct cs_api *a)
{
    const char *first = cs_api_name(a, "firstName", CS_API_NAME);
    const char *last = cs_api_name(a, "lastName", CS_API_NAME);
    char email[CS_USER_EMAIL + 1];
    bool has_email = cs_user_email(a, email);
    uint8_t id[CS_PC_ID];
    json_t *roles = read_roles(a), *user, *old;
    bool waits;

    if (roles == NULL || !has_email) {
        json_decref(roles);
        return NULL;
    }
    old = cs_user_by_email(a->core, email);
    if (old != NULL) {
        json_decref(old);
        json_decref(roles);
        return cs_api_fail(a, CS_API_EXISTS, "email", "belongs to another user");
    }
    if (cs_pc_index_count(a->core, CS_IX_USERS, cs_pc_scope("", "")) >=
        a->core->cfg.limits.max_users) {
        json_decref(roles);
        return cs_api_fail(a, CS_API_LIMIT, "",
                           "there are as many users as allowed: delete some");
    }
    waits = cs_approval_wanted(a->core, CS_SOURCE_USER, NULL);
    if (waits && !cs_approval_can_open(a, CS_SOURCE_USER, NULL)) {
        json_decref(roles);
        return NULL;
    }
    cs_pc_new_id(a->core, id);
    user = cs_user_make(a, id, first, last, email, roles,
                        waits ? "CREATION_APPROVAL_PENDING" : "INVITED");
    CS_ASSERT(!waits || propose_new(a, user));
    cs_user_invite(a, user);
    return save(a, user, false);
}

static json_t *info_view(struct cs_api *a, const json_t *user)
{
    static const char *const members[] = {"id", "organizationId", "firstName",
                                          "lastName", "email"};
    json_t *o = cs_js_obj();

    (void)a;
    for (size_t i = 0; i < CS_COUNTOF(members); i++) {
        cs_js_str(o, members[i], cs_js_text(user, members[i]));
    }
    return o;
}

static json_t *full_view(struct cs_api *a, const json_t *user)
{
    return a->want_role[0] == '\0' || has_role(user, a->want_role)
               ? cs_user_view(a->core, user)
               : NULL;
}

static json_t *list(struct cs_api *a, json_t *(*view)(struct cs_api *, const json_t *))
{
    const struct cs_api_page p = {.table = CS_PC_USER,
                                  .kind = CS_IX_USERS,
                                  .scope = cs_pc_scope("", ""),
                                  .view = view};
    json_t *o = cs_js_obj();

    cs_js_set(o, "users", cs_api_list(a, &p, a->core->cfg.limits.max_users));
    return o;
}

json_t *cs_api_user_list(struct cs_api *a)
{
    enum cs_role role;

    if (!cs_api_query(a, "role", a->want_role, sizeof a->want_role)) {
        return NULL;
    }
    if (a->want_role[0] != '\0' && !cs_role_parse(&role, a->want_role)) {
        return cs_api_fail(a, CS_API_INVALID, "role",
                           "must be OWNER, ADMINISTRATOR, PROPOSER, APPROVER, AUDITOR "
                           "or VIEWER");
    }
    return list(a, full_view);
}

json_t *cs_api_user_info_list(struct cs_api *a)
{
    return list(a, info_view);
}

static json_t *get(struct cs_api *a, json_t *(*view)(struct cs_api *, const json_t *))
{
    json_t *user = cs_api_record(a, CS_PC_USER, 0, "user");
    json_t *o = user == NULL ? NULL : view(a, user);

    json_decref(user);
    return o;
}

json_t *cs_api_user_get(struct cs_api *a)
{
    return get(a, full_view);
}

json_t *cs_api_user_info(struct cs_api *a)
{
    return get(a, info_view);
}

static void push_method(json_t *list, const json_t *user, const char *type,
                        const char *name)
{
    const char *last = cs_js_text(user, "authLastLogin");
    json_t *m = cs_js_obj();

    cs_js_str(m, "id", cs_js_text(user, "id"));
    cs_js_str(m, "type", type);
    cs_js_str(m, "name", name);
    cs_js_str(m, "createdAt", cs_js_text(user, "authLastPasswordReset"));
    cs_js_str(m, "lastAuthedAt", last[0] == '\0' ? CS_USER_NEVER : last);
    cs_js_push(list, m);
}

/* Array<V2UserAuthMethod>: a recovery entry for each code that is left. */
static json_t *mfa_view(struct cs_api *a, const json_t *user)
{
    json_t *o = cs_js_arr();
    size_t n = json_array_size(json_object_get(user, "_recovery"));

    (void)a;
    if (json_object_get(user, "_totp") != NULL) {
        push_method(o, user, "totp", "Authenticator app");
    }
    for (size_t i = 0; i < n; i++) {
        push_method(o, user, "recovery-code", "Recovery code");
    }
    return o;
}

json_t *cs_api_user_mfa(struct cs_api *a)
{
    return get(a, mfa_view);
}

json_t *cs_api_user_update(struct cs_api *a)
{
    const char *first = cs_api_name(a, "firstName", CS_API_NAME);
    const char *last = cs_api_name(a, "lastName", CS_API_NAME);
    json_t *user = cs_api_bad_body(a) ? NULL : changeable(a);

    if (user == NULL) {
        return NULL;
    }
    cs_js_str(user, "firstName", first);
    cs_js_str(user, "lastName", last);
    return save(a, user, cs_user_is_owner(user));
}

json_t *cs_api_user_role(struct cs_api *a)
{
    json_t *roles = read_roles(a), *user;
    bool was_owner;

    if (roles == NULL) {
        return NULL;
    }
    user = other(a);
    if (user == NULL || is_waiting(a, user) || is_needed(a, user, roles)) {
        json_decref(roles);
        return NULL;
    }
    was_owner = cs_user_is_owner(user);
    if (cs_approval_wanted(a->core, CS_SOURCE_USER, NULL)) {
        return propose(a, user, CS_ACTION_UPDATE, "roles", roles);
    }
    cs_js_set(user, "roles", roles);
    return save_rights(a, user, was_owner);
}

void cs_user_block(struct cs_platform_core *core, json_t *user, const char *by,
                   const char *reason)
{
    cs_js_str(user, "status", "BLOCKED");
    cs_js_str(user, "blockedBy", by);
    cs_js_str(user, "blockedReason", reason);
    cs_user_uninvite(core, user);
}

void cs_user_unblock(json_t *user)
{
    cs_js_str(user, "status",
              json_object_get(user, "_password") == NULL ? "INVITED" : "ACTIVATED");
    cs_js_del(user, "blockedBy");
    cs_js_del(user, "blockedReason");
}

json_t *cs_api_user_status(struct cs_api *a)
{
    const char *status = cs_jr_str(&a->in, "status", 40, false);
    const char *reason = cs_api_name_opt(a, "reason", REASON_MAX);
    bool on = strcmp(status, "ACTIVATED") == 0, was_owner;
    json_t *user;

    if (a->in.err == CS_OK && !on && strcmp(status, "BLOCKED") != 0) {
        cs_jr_fail(&a->in, "status", "must be ACTIVATED or BLOCKED");
    }
    user = cs_api_bad_body(a) ? NULL : other(a);
    if (user == NULL || is_waiting(a, user) || (!on && is_needed(a, user, NULL))) {
        return NULL;
    }
    reason = reason == NULL ? "" : reason;
    was_owner = cs_user_is_owner(user);
    if (on && cs_js_is(user, "status", "INVITED")) {
        json_decref(user);
        return cs_api_fail(
            a, CS_API_STATE, "status",
            "this user becomes active by enrolling with the token of the invitation");
    }
    if (cs_approval_wanted(a->core, CS_SOURCE_USER, NULL)) {
        return propose(a, user, on ? CS_ACTION_ENABLE : CS_ACTION_DISABLE,
                       "blockedReason", json_string(reason));
    }
    if (on) {
        cs_user_unblock(user);
    } else {
        cs_user_block(a->core, user, a->actor, reason);
    }
    return save_rights(a, user, was_owner);
}

json_t *cs_api_user_delete(struct cs_api *a)
{
    static const char *const secrets[] = {"_password", "_totp", "_recovery"};
    json_t *user = other(a);
    bool was_owner;

    if (user == NULL || is_needed(a, user, NULL)) {
        return NULL;
    }
    cs_approval_withdraw(a->core, CS_SOURCE_USER, cs_js_text(user, "id"),
                         "the user was deleted");
    was_owner = cs_user_is_owner(user);
    cs_js_bool(user, "_deleted", true);
    cs_js_str(user, "status", "DELETED");
    for (size_t i = 0; i < CS_COUNTOF(secrets); i++) {
        cs_js_del(user, secrets[i]);
    }
    cs_user_uninvite(a->core, user);
    cs_pc_index_del(a->core, CS_IX_USERS, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(user, "_seq"));
    cs_pc_unique_del(a->core, CS_UNIQUE_EMAIL, cs_js_text(user, "email"));
    json_decref(save_rights(a, user, was_owner));
    return cs_js_obj();
}

/* ---- resets: a new enrolment ------------------------------------------- */

static json_t *reset_answer(struct cs_api *a, json_t *user)
{
    json_t *o = cs_js_obj();

    cs_user_invite(a, user);
    cs_js_time(o, "enrolmentExpiresAt", cs_js_num(user, "_enrolUntil"));
    cs_js_str(user, "updatedBy", a->actor);
    cs_session_end_all(a->core, cs_js_text(user, "id"));
    cs_approval_user_changed(a->core, user);
    cs_user_save(a->core, user, cs_user_is_owner(user));
    json_decref(user);
    return o;
}

static json_t *resettable(struct cs_api *a)
{
    json_t *user = other(a);

    if (user != NULL && is_waiting(a, user)) {
        return NULL;
    }
    if (user != NULL && cs_js_is(user, "status", "BLOCKED")) {
        json_decref(user);
        return cs_api_fail(a, CS_API_STATE, "status",
                           "this user is blocked: activate the user first");
    }
    return user;
}

/* Who resets how an approver signs in could sign in as him: with a group for users it
 * is approved first, and then who asked has an hour to do it.  True: go on. */
static bool reset_granted(struct cs_api *a, json_t *user, const char *what)
{
    json_t *ok = json_object_get(user, "_resetOk");
    bool granted = cs_js_is(ok, "what", what) && cs_js_is(ok, "by", a->actor) &&
                   cs_js_num(ok, "until") > a->core->wall_ms;

    if (!granted && cs_approval_wanted(a->core, CS_SOURCE_USER, NULL)) {
        return false;
    }
    cs_js_del(user, "_resetOk");
    return true;
}

/* The old password ends at once, and the TOTP secret with it (users.h). */
json_t *cs_api_user_password_reset(struct cs_api *a)
{
    json_t *user = resettable(a);

    if (user == NULL) {
        return NULL;
    }
    if (!reset_granted(a, user, "password")) {
        return propose(a, user, CS_ACTION_UPDATE, "reset", json_string("password"));
    }
    cs_js_del(user, "_password");
    cs_js_del(user, "_totp");
    cs_js_del(user, "_recovery");
    return reset_answer(a, user);
}

/* The password stays, and enrolling again takes it. */
json_t *cs_api_user_mfa_reset(struct cs_api *a)
{
    json_t *user = resettable(a);

    if (user == NULL) {
        return NULL;
    }
    if (!reset_granted(a, user, "second factor")) {
        return propose(a, user, CS_ACTION_UPDATE, "reset",
                       json_string("second factor"));
    }
    cs_js_del(user, "_totp");
    cs_js_del(user, "_recovery");
    return reset_answer(a, user);
}
