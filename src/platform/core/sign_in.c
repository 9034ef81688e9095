/* Sign-in: password and a code, in one request.  Whatever is wrong, the answer, the
 * work and the limits are the same, so nobody learns who has an account (T34). */
#include <string.h>

#include "base/mem.h"
#include "platform/core/session.h"
#include "platform/core/users.h"

#define WRONG "e-mail address, password or code is wrong, or the code was used already"

static json_t *wrong(struct cs_api *a)
{
    return cs_api_fail(a, CS_API_UNAUTHENTICATED, "password", WRONG);
}

/* Where this user has signed in last.  Machines change the lower half of an IPv6
 * address every day. */
static bool is_known(const struct cs_api *a, const json_t *user)
{
    const char *last = cs_js_text(user, "authLastIp");

    return last[0] != '\0' && cs_api_same_site(last, a->http->remote);
}

static json_t *user_of(struct cs_platform_core *core, const struct cs_later *l)
{
    json_t *user = l->has_user ? cs_pc_get(core, CS_PC_USER, l->user) : NULL;

    if (user != NULL && !cs_user_is_active(user)) {
        json_decref(user);
        return NULL;
    }
    return user;
}

/* All was right: what it cost is given back, the browser's session before goes. */
static json_t *welcome(struct cs_api *a, const struct cs_later *l, json_t *user)
{
    char email[CS_USER_EMAIL + 1];

    (void)cs_user_email(a, email);
    cs_api_try_back(a->core, a->http->remote, email, is_known(a, user));
    if (l->has_old_session) {
        cs_session_end(a->core, l->old_session);
    }
    cs_js_int(user, "authLoginCount", cs_js_num(user, "authLoginCount") + 1);
    cs_js_time(user, "authLastLogin", a->core->wall_ms);
    cs_js_str(user, "authLastIp", a->http->remote);
    cs_user_save(a->core, user, cs_user_is_owner(user));
    return cs_session_open(a, user, l->key);
}

/* The worker has stretched the right password once more, as new ones are.  The code is
 * looked at again: whoever was faster has used it up. */
static json_t *renewed(struct cs_api *a, const struct cs_later *l)
{
    json_t *user = user_of(a->core, l), *answer = NULL;

    if (user == NULL ||
        !cs_user_code_ok(a->core, user, cs_js_text(a->body, "code"), l->carry) ||
        !cs_user_reseal(a->core, user, l->carry, l->key)) {
        (void)wrong(a);
    } else {
        cs_pw_put(user, l);
        answer = welcome(a, l, user);
    }
    json_decref(user);
    return answer;
}

/* A password that was stretched less than today is made anew (RELIABILITY 4.3), only
 * when password and code were right: so the time tells nobody what was wrong.  false:
 * not now, or not needed. */
static bool renew(struct cs_api *a, const struct cs_later *l, const json_t *user)
{
    struct cs_pw_params params;
    struct cs_later *next;

    if (!cs_pw_is_weak(a->core, user) || a->core->n_later >= CS_LATER_MAX) {
        return false;
    }
    cs_pw_params_new(a->core, &params);
    next = cs_later_begin(a, cs_js_text(a->body, "password"), &params, renewed);
    CS_ASSERT(next != NULL);
    memcpy(next->carry, l->key, sizeof next->carry);
    memcpy(next->user, l->user, sizeof next->user);
    next->has_user = l->has_user;
    memcpy(next->old_session, l->old_session, sizeof next->old_session);
    next->has_old_session = l->has_old_session;
    return true;
}

/* The worker has stretched the password. */
static json_t *go_on(struct cs_api *a, const struct cs_later *l)
{
    const char *code = cs_js_text(a->body, "code");
    json_t *user = user_of(a->core, l), *answer = NULL;

    if (!cs_pw_matches(user, l)) {
        cs_user_code_dummy(a->core);
        (void)wrong(a);
    } else if (!cs_user_code_ok(a->core, user, code, l->key)) {
        (void)wrong(a);
    } else if (!renew(a, l, user)) {
        answer = welcome(a, l, user);
    }
    json_decref(user);
    return answer;
}

json_t *cs_api_sign_in(struct cs_api *a)
{
    char email[CS_USER_EMAIL + 1];
    const char *password = cs_jr_str(&a->in, "password", CS_PASSWORD_MAX, false);
    struct cs_pw_params params;
    struct cs_later *l;
    json_t *user;

    (void)cs_jr_str(&a->in, "code", 32, false);
    (void)cs_user_email(a, email);
    if (cs_api_bad_body(a)) {
        return NULL;
    }
    user = cs_user_by_email(a->core, email);
    if (!cs_later_has_room(a, !is_known(a, user))) {
        json_decref(user);
        return NULL;
    }
    if (!cs_api_try(a->core, a->http->remote, email, is_known(a, user))) {
        json_decref(user);
        return cs_api_fail(a, CS_API_LIMIT, "password",
                           "too many tries: wait some minutes");
    }
    cs_pw_params_of(a->core, user, email, &params);
    l = cs_later_begin(a, password, &params, go_on);
    if (l != NULL) {
        l->has_old_session = cs_session_of(a, l->old_session);
        l->has_user = user != NULL && cs_js_id(user, "id", l->user);
    }
    json_decref(user);
    return NULL;
}
