/* Sessions of users in a browser (RELIABILITY 4.3): a cookie of 256 random bits that
 * page scripts cannot read; the store has its digest only.  A session ends 15 minutes
 * after its last request (one is noted at most twice a minute, so up to half a minute
 * earlier), 12 hours after sign-in, when it is revoked, and with every change of the
 * user's roles, status or way to sign in.
 *
 * Writes need a token that only a page of this origin can know (X-CSRF-Token) and an
 * Origin that is this platform's. */
#ifndef CS_PLATFORM_CORE_SESSION_H
#define CS_PLATFORM_CORE_SESSION_H

#include "crypto/password.h"
#include "platform/core/api.h"

#define CS_SESSION_COOKIE "__Host-cloudsign"

enum {
    CS_SESSION_IDLE_S = 900,
    CS_SESSION_LIFE_S = 12 * 3600,
    CS_SESSION_NOTE_S = 30, /* how often use is noted in the store */
    CS_SESSION_USER_MAX = 20,
    CS_SESSION_STEP_UP_S = 300, /* from a sign-in or a step-up (step_up.c) */
};

/* "wss://name:443/control" -> "https://name" */
void cs_session_origin(char *out, size_t size, const char *platform_url);

bool cs_session_has_cookie(const struct cs_http_req *http);
/* The live session behind the cookie and its active user into a->who; false: none. */
bool cs_session_find(struct cs_api *a);
/* Same for WebSockets (core without a request): user and session, both owned. */
bool cs_session_lookup(struct cs_platform_core *core, const char *cookie, json_t **user,
                       json_t **session);
/* The same by the session's id, for a request that had found it before (later.h). */
bool cs_session_again(struct cs_api *a, const uint8_t id[CS_PC_ID]);
/* After find: is this request sent by a page of ours?  Notes the use.  false: refused.
 */
bool cs_session_guard(struct cs_api *a);
/* The browser says of no other page that it sent this; else refused. */
bool cs_session_not_foreign(struct cs_api *a);

/* A new session of this user: cookie in a->headers, CSRF token as the answer's secret.
 * The oldest one goes when there are too many.  key: of his password (cs_later); with
 * it the TOTP secret is sealed once more, under the cookie.  The answer is the view,
 * owned. */
json_t *cs_session_open(struct cs_api *a, const json_t *user,
                        const uint8_t key[CS_PASSWORD_OUT]);
/* The session of the request: its view again (CSRF token as the answer's secret). */
json_t *cs_session_view(struct cs_api *a);
/* The key of what is sealed under the cookie of the request, which has been found. */
void cs_session_key(const struct cs_api *a, uint8_t key[32]);
/* The user of the request has just shown a code: the same session under a new cookie,
 * in a->headers, with a new CSRF token as the answer's secret.  The old cookie is none
 * from then on, and sockets that were opened with it end.  The answer is the view,
 * owned. */
json_t *cs_session_step_up(struct cs_api *a);
/* The digest of its cookie: another one after a step-up. */
void cs_session_cookie_digest(const json_t *session, uint8_t d[32]);
/* Has he, within CS_SESSION_STEP_UP_S?  Else refused (field "stepUp"). */
bool cs_session_stepped_up(struct cs_api *a);
/* The session of the request's cookie, if it is live: a sign-in takes its place. */
bool cs_session_of(struct cs_api *a, uint8_t id[CS_PC_ID]);
void cs_session_end(struct cs_platform_core *core, const uint8_t id[CS_PC_ID]);
void cs_session_end_all(struct cs_platform_core *core, const char *user_id);
void cs_session_timer(struct cs_platform_core *core, const uint8_t id[CS_PC_ID]);

#endif
