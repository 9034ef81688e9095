/* A user's own new password: the present one and a code first, then the new one.  The
 * TOTP secret moves under the new password; every other session ends, and this one gets
 * a new cookie. */
#include <string.h>

#include "base/mem.h"
#include "platform/core/session.h"
#include "platform/core/users.h"

static json_t *refuse(struct cs_api *a)
{
    return cs_api_fail(a, CS_API_DENIED, "password",
                       "the present password or the code is wrong, or the code was "
                       "used already");
}

/* The worker has stretched the new password. */
static json_t *set_new(struct cs_api *a, const struct cs_later *l)
{
    json_t *user = a->who.rec;

    if (!cs_user_code_ok(a->core, user, cs_js_text(a->body, "code"), l->carry)) {
        return refuse(a);
    }
    if (!cs_user_reseal(a->core, user, l->carry, l->key)) {
        return cs_api_fail(a, CS_API_STATE, "password",
                           "was changed meanwhile: sign in again");
    }
    cs_api_try_back(a->core, a->http->remote, a->who.name, true);
    cs_pw_put(user, l);
    cs_js_str(user, "updatedBy", a->actor);
    cs_js_time(user, "authLastPasswordReset", a->core->wall_ms);
    cs_session_end_all(a->core, a->actor);
    cs_user_save(a->core, user, cs_user_is_owner(user));
    return cs_session_open(a, user, l->key);
}

/* The worker has stretched the present one.  The code is looked at with the new one, so
 * that all of it is one step. */
static json_t *check_old(struct cs_api *a, const struct cs_later *l)
{
    struct cs_pw_params params;
    struct cs_later *next;

    if (!cs_pw_matches(a->who.rec, l)) {
        return refuse(a);
    }
    cs_pw_params_new(a->core, &params);
    next = cs_later_begin(a, cs_js_text(a->body, "newPassword"), &params, set_new);
    if (next == NULL) { /* full: that was no wrong try */
        cs_api_try_back(a->core, a->http->remote, a->who.name, true);
        return NULL;
    }
    memcpy(next->carry, l->key, sizeof next->carry);
    return NULL;
}

json_t *cs_api_session_password(struct cs_api *a)
{
    const char *password = cs_jr_str(&a->in, "password", CS_PASSWORD_MAX, false);
    struct cs_pw_params params;

    (void)cs_jr_str(&a->in, "code", 32, false);
    (void)cs_user_new_password(a, "newPassword", a->who.name);
    if (cs_api_bad_body(a) || !cs_later_has_room(a, false)) {
        return NULL;
    }
    if (!cs_api_try(a->core, a->http->remote, a->who.name, true)) {
        return cs_api_fail(a, CS_API_LIMIT, "password",
                           "too many tries: wait some minutes");
    }
    cs_pw_params_of(a->core, a->who.rec, a->who.name, &params);
    (void)cs_later_begin(a, password, &params, check_old);
    return NULL;
}
