/* Step-up (RELIABILITY 4.3): what gives power away, or lets all of the audit log out,
 * wants a user who has shown a code of the authenticator within the last five minutes:
 * a stolen cookie or an unlocked screen is not enough.  Which routes that are follows
 * from the words they need (perm.h).
 *
 * The session goes on under a new cookie, and the old one ends at once: who has stolen
 * that has nothing of the five minutes.  Who misses the answer signs in again.
 *
 * The code is checked with the TOTP secret that the sign-in sealed under the cookie;
 * it counts as one of the ten tries of this user in 15 minutes. */
#include "base/mem.h"
#include "platform/core/session.h"
#include "platform/core/users.h"

json_t *cs_api_session_step_up(struct cs_api *a)
{
    const char *code = cs_jr_str(&a->in, "code", 32, false);
    json_t *user = a->who.rec;
    uint8_t key[32];
    bool ok;

    if (cs_api_bad_body(a)) {
        return NULL;
    }
    if (!cs_user_factor_is_lent(a->who.session)) {
        return cs_api_fail(a, CS_API_STATE, "code",
                           "this session began before an update of the platform: sign "
                           "out and in again");
    }
    if (!cs_api_try(a->core, a->http->remote, a->who.name, true)) {
        return cs_api_fail(a, CS_API_LIMIT, "code",
                           "too many tries: wait some minutes");
    }
    cs_session_key(a, key);
    ok = cs_user_lent_code_ok(a->core, user, a->who.session, code, key);
    cs_wipe(key, sizeof key);
    if (!ok) {
        return cs_api_fail(a, CS_API_DENIED, "code",
                           "is wrong or was used already: enter the next one that the "
                           "authenticator shows");
    }
    cs_api_try_back(a->core, a->http->remote, a->who.name, true);
    cs_user_save(a->core, user, cs_user_is_owner(user));
    return cs_session_step_up(a);
}
