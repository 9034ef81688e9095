/* What approvers read, and that nothing else takes effect: lines for people, and the
 * members of the record that their approval is bound to. */
#include <stdio.h>
#include <string.h>

#include "platform/core/approval_sources.h"

/* ---- for all sources ----------------------------------------------------- */

void cs_approval_line_list(json_t *lines, const char *label, const json_t *texts,
                           const char *none)
{
    struct cs_wr w = {0};

    if (json_array_size(texts) == 0) {
        cs_wr_str(&w, none);
    }
    for (size_t i = 0; i < json_array_size(texts); i++) {
        cs_wr_str(&w, i == 0 ? "" : ", ");
        cs_wr_str(&w, json_string_value(json_array_get(texts, i)));
    }
    cs_wr_u8(&w, 0);
    CS_ASSERT(w.err == CS_OK);
    cs_approval_line(lines, label, (const char *)w.p);
    cs_wr_free(&w);
}

void cs_approval_bind(json_t *proposed, const json_t *rec, const char *const *names,
                      size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const json_t *is = json_object_get(rec, names[i]);
        json_t *copy = is == NULL ? json_null() : json_deep_copy(is);

        CS_ASSERT(copy != NULL);
        cs_js_set(proposed, names[i], copy);
    }
}

bool cs_approval_bound(const json_t *set, const json_t *rec, const char *const *names,
                       size_t n, char why[CS_APPROVAL_WHY])
{
    const json_t *proposed = json_object_get(set, "proposed");

    for (size_t i = 0; i < n; i++) {
        const json_t *was = json_object_get(proposed, names[i]),
                     *is = json_object_get(rec, names[i]);

        if (was != NULL && !(is == NULL ? json_is_null(was) : json_equal(was, is))) {
            (void)snprintf(why, CS_APPROVAL_WHY,
                           "%s is not what was approved: it was changed meanwhile, ask "
                           "for it again",
                           names[i]);
            return false;
        }
    }
    return true;
}

/* ---- credentials --------------------------------------------------------- */

static const char *const credential_names[] = {"name",     "description", "category",
                                               "clientId", "permissions", "allowedIps",
                                               "expiresAt"};

bool cs_credential_approval_bound(const json_t *set, const json_t *rec,
                                  char why[CS_APPROVAL_WHY])
{
    json_t *is = json_deep_copy(rec);
    bool ok;

    CS_ASSERT(is != NULL);
    if (cs_js_is(set, "action", cs_approval_action_word(CS_ACTION_UPDATE))) {
        cs_js_set(is, "permissionsNow",
                  json_incref(json_object_get(is, "permissions")));
        cs_js_set(is, "permissions",
                  json_incref(json_object_get(is, "proposedPermissions")));
    }
    ok = cs_approval_bound(set, is, credential_names, CS_COUNTOF(credential_names),
                           why) &&
         cs_approval_bound(set, is, (const char *const[]){"permissionsNow"}, 1, why);
    json_decref(is);
    return ok;
}

static json_t *credential_lines(const json_t *rec, const json_t *wanted)
{
    const json_t *words = json_object_get(rec, "permissions");
    const char *until = cs_js_text(rec, "expiresAt");
    json_t *lines = cs_js_arr();

    cs_approval_line(lines, "Credential", cs_js_text(rec, "name"));
    cs_approval_line(lines, "Description", cs_js_text(rec, "description"));
    cs_approval_line(lines, "Category", cs_js_text(rec, "category"));
    cs_approval_line(lines, "Client id", cs_js_text(rec, "clientId"));
    cs_approval_line_list(lines, "Permissions", wanted == NULL ? words : wanted,
                          "none");
    if (wanted != NULL) {
        cs_approval_line_list(lines, "Permissions now", words, "none");
    }
    cs_approval_line_list(lines, "Works from", json_object_get(rec, "allowedIps"),
                          "any address");
    cs_approval_line(lines, "Works until",
                     until[0] == '\0' ? "it is switched off or deleted" : until);
    return lines;
}

json_t *cs_credential_approval_open(struct cs_api *a, const json_t *rec,
                                    enum cs_approval_action action,
                                    const json_t *wanted)
{
    json_t *proposed = cs_js_obj(), *set;

    cs_approval_bind(proposed, rec, credential_names, CS_COUNTOF(credential_names));
    if (wanted != NULL) {
        cs_js_set(proposed, "permissionsNow",
                  json_incref(json_object_get(proposed, "permissions")));
        cs_js_set(proposed, "permissions", json_deep_copy(wanted));
    }
    if (action == CS_ACTION_ENABLE) {
        cs_js_bool(proposed, "active", true);
    }
    set = cs_approval_open_with(a, CS_SOURCE_API_CREDENTIAL, rec, action, proposed,
                                NULL, credential_lines(rec, wanted));
    json_decref(proposed);
    return set;
}

/* ---- users --------------------------------------------------------------- */

static const char *const new_user_names[] = {"firstName", "lastName", "email", "roles"};

bool cs_user_approval_bound(const json_t *set, const json_t *user,
                            char why[CS_APPROVAL_WHY])
{
    const json_t *proposed = json_object_get(set, "proposed");
    const json_t *now = json_object_get(proposed, "rolesNow"), *user_is;
    json_t *is;
    bool ok;

    if (cs_js_is(set, "action", cs_approval_action_word(CS_ACTION_CREATE))) {
        return cs_approval_bound(set, user, new_user_names, CS_COUNTOF(new_user_names),
                                 why);
    }
    user_is = json_object_get(user, "roles");
    is = cs_js_obj();
    CS_ASSERT(json_object_set(is, "rolesNow", (json_t *)(uintptr_t)user_is) == 0);
    cs_js_str(is, "user", cs_js_text(user, "email"));
    ok = now == NULL ||
         cs_approval_bound(set, is, (const char *const[]){"rolesNow", "user"}, 2, why);
    json_decref(is);
    return ok;
}

void cs_approval_who(const json_t *user, char out[CS_APPROVAL_WHO])
{
    (void)snprintf(out, CS_APPROVAL_WHO, "%s %s, %s", cs_js_text(user, "firstName"),
                   cs_js_text(user, "lastName"), cs_js_text(user, "email"));
}

json_t *cs_user_approval_open_new(struct cs_api *a, const json_t *user)
{
    json_t *proposed = cs_js_obj(), *lines = cs_js_arr(), *set;

    cs_approval_bind(proposed, user, new_user_names, CS_COUNTOF(new_user_names));
    cs_approval_line(lines, "First name", cs_js_text(user, "firstName"));
    cs_approval_line(lines, "Last name", cs_js_text(user, "lastName"));
    cs_approval_line(lines, "E-mail", cs_js_text(user, "email"));
    cs_approval_line_list(lines, "Roles", json_object_get(user, "roles"), "none");
    set = cs_approval_open_with(a, CS_SOURCE_USER, user, CS_ACTION_CREATE, proposed,
                                NULL, lines);
    json_decref(proposed);
    return set;
}

static void line_of_reset(json_t *lines, const char *what)
{
    bool all = strcmp(what, "password") == 0; /* the word is public */

    cs_approval_line(lines, "What is reset",
                     all ? "password, authenticator and recovery codes: who asked gets "
                           "a new invitation of this user"
                         : "authenticator and recovery codes: who asked gets a new "
                           "invitation, which takes the user's password");
}

static json_t *user_lines(const json_t *user, enum cs_approval_action action,
                          const json_t *proposed)
{
    const json_t *roles = json_object_get(proposed, "roles"),
                 *reset = json_object_get(proposed, "reset"),
                 *now = json_object_get(user, "roles");
    json_t *lines = cs_js_arr();
    char who[CS_APPROVAL_WHO];

    cs_approval_who(user, who);
    cs_approval_line(lines, "User", who);
    if (roles != NULL) {
        cs_approval_line_list(lines, "Roles", roles, "none");
    }
    cs_approval_line_list(
        lines, action == CS_ACTION_ENABLE ? "Roles that come back" : "Roles now", now,
        "none");
    if (reset != NULL) {
        line_of_reset(lines, json_string_value(reset));
    } else if (action == CS_ACTION_DISABLE) {
        cs_approval_line(lines, "Blocked because",
                         cs_js_text(proposed, "blockedReason"));
    } else if (action == CS_ACTION_ENABLE) {
        cs_approval_line(lines, "Was blocked because",
                         cs_js_text(user, "blockedReason"));
    }
    return lines;
}

json_t *cs_user_approval_open(struct cs_api *a, const json_t *user,
                              enum cs_approval_action action, json_t *proposed)
{
    cs_js_str(proposed, "user", cs_js_text(user, "email"));
    cs_js_set(proposed, "rolesNow", json_deep_copy(json_object_get(user, "roles")));
    return cs_approval_open_with(a, CS_SOURCE_USER, user, action, proposed, NULL,
                                 user_lines(user, action, proposed));
}
