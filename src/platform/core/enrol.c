/* Enrolment: the token of an invitation (or reset), then a password, then the first
 * code of the authenticator.  Nothing counts before that code was right.
 *
 * After a reset of the second factor alone the password stays, and has to be given. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "platform/core/approvals.h"
#include "platform/core/session.h"
#include "platform/core/users.h"

enum { SITE_BURST = 30, SITE_PER_S = 1, TOKEN_MAX = 128 };

/* The user whom the token of the body lets in; NULL with the refusal set. */
static json_t *invited(struct cs_api *a)
{
    const char *token = cs_js_text(a->body, "token");
    uint8_t d[32], have[32] = {0}, id[CS_PC_ID];
    char text[65];
    json_t *user = NULL;

    cs_pc_digest(d, "enrol", CS_SPAN(token, strlen(token)), CS_SPAN(NULL, 0));
    if (cs_pc_unique_get(a->core, CS_UNIQUE_ENROL, cs_hex(text, d, sizeof d), id)) {
        user = cs_pc_get(a->core, CS_PC_USER, id);
    }
    if (user != NULL && cs_js_bytes(user, "_enrol", have, sizeof have) &&
        cs_ct_equal(d, have, sizeof d) && !cs_js_true(user, "_deleted") &&
        (cs_js_is(user, "status", "INVITED") ||
         cs_js_is(user, "status", "ACTIVATED")) && /* not blocked, and approved */
        cs_js_num(user, "_enrolUntil") > a->core->wall_ms) {
        return user;
    }
    json_decref(user);
    (void)cs_api_fail(a, CS_API_UNAUTHENTICATED, "token",
                      "is wrong, used or too old: ask your administrator for a new "
                      "invitation");
    return NULL;
}

/* Reads the token and its user; NULL: refused. */
static json_t *begin(struct cs_api *a)
{
    (void)cs_jr_str(&a->in, "token", TOKEN_MAX, false);
    if (cs_api_bad_body(a)) {
        return NULL;
    }
    if (!cs_api_take_from(a->core, "enrol", a->http->remote, SITE_BURST, SITE_PER_S)) {
        return cs_api_fail(a, CS_API_LIMIT, "token", "too many tries: wait a minute");
    }
    return invited(a);
}

/* ---- the password ------------------------------------------------------ */

static json_t *pend(struct cs_api *a, json_t *user, const struct cs_later *l)
{
    const char *email = cs_js_text(user, "email");
    json_t *p = cs_js_obj(), *o = cs_js_obj();

    cs_pw_put(p, l);
    cs_user_factors_make(a, p, l, cs_js_text(user, "id"), email,
                         cs_js_text(a->body, "token"));
    cs_js_set(user, "_pending", p);
    cs_user_save(a->core, user, cs_user_is_owner(user));
    cs_js_str(o, "email", email);
    cs_js_time(o, "expiresAt", cs_js_num(user, "_enrolUntil"));
    return o;
}

/* The worker has stretched the password. */
static json_t *go_on(struct cs_api *a, const struct cs_later *l)
{
    json_t *user = invited(a), *answer = NULL;
    const char *email = cs_js_text(user, "email");

    if (user == NULL) {
        return NULL;
    }
    if (json_object_get(user, "_password") != NULL && !cs_pw_matches(user, l)) {
        (void)cs_api_fail(a, CS_API_UNAUTHENTICATED, "password",
                          "is not your present one, which this invitation does not "
                          "change: ask for a reset of the password, too");
    } else {
        cs_api_try_back(a->core, a->http->remote, email, false);
        answer = pend(a, user, l);
    }
    json_decref(user);
    return answer;
}

json_t *cs_api_enrol(struct cs_api *a)
{
    json_t *user = begin(a);
    const char *email = cs_js_text(user, "email"), *password;
    struct cs_pw_params params;

    if (user == NULL) {
        return NULL;
    }
    password = cs_user_new_password(a, "password", email);
    if (cs_api_bad_body(a) || !cs_later_has_room(a, false)) {
        json_decref(user);
        return NULL;
    }
    if (!cs_api_try(a->core, a->http->remote, email, false)) {
        json_decref(user);
        return cs_api_fail(a, CS_API_LIMIT, "password",
                           "too many tries: wait some minutes");
    }
    if (json_object_get(user, "_password") != NULL) {
        cs_pw_params_of(a->core, user, email, &params);
    } else {
        cs_pw_params_new(a->core, &params);
    }
    (void)cs_later_begin(a, password, &params, go_on);
    json_decref(user);
    return NULL;
}

/* ---- the first code ---------------------------------------------------- */

/* What was pending is the user's now. */
static json_t *activate(struct cs_api *a, json_t *user)
{
    static const char *const members[] = {"_password", "_totp", "_recovery"};
    bool was_owner = cs_user_is_owner(user);
    json_t *p = json_object_get(user, "_pending"), *o = cs_js_obj();

    for (size_t i = 0; i < CS_COUNTOF(members); i++) {
        cs_js_set(user, members[i], json_incref(json_object_get(p, members[i])));
    }
    cs_js_str(user, "status", "ACTIVATED");
    cs_js_time(user, "authLastPasswordReset", a->core->wall_ms);
    cs_user_uninvite(a->core, user);
    cs_session_end_all(a->core, cs_js_text(user, "id"));
    cs_approval_user_changed(a->core, user);
    cs_user_save(a->core, user, was_owner);
    cs_js_set(o, "user", cs_js_public(user));
    return o;
}

json_t *cs_api_enrol_confirm(struct cs_api *a)
{
    const char *code = cs_jr_str(&a->in, "code", 32, false);
    json_t *user = begin(a), *p, *answer = NULL;

    if (user == NULL) {
        return NULL;
    }
    p = json_object_get(user, "_pending");
    if (p == NULL) {
        (void)cs_api_fail(a, CS_API_STATE, "token",
                          "has no password yet: start with POST /v2/session/enrol");
    } else if (!cs_user_first_code_ok(a->core, p, cs_js_text(user, "id"), code,
                                      cs_js_text(a->body, "token"))) {
        (void)cs_api_fail(a, CS_API_UNAUTHENTICATED, "code",
                          "is wrong: take the six digits that the authenticator shows "
                          "now, and check the clock of its device");
    } else {
        answer = activate(a, user);
    }
    json_decref(user);
    return answer;
}
