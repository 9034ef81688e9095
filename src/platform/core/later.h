/* Requests that need a password's Argon2id first: a worker computes it (never the loop,
 * RELIABILITY 4.3), at most two at once, and the request goes on when it is there.
 *
 * Only for routes without path parameters that know nobody yet (CS_PERM_OPEN,
 * CS_PERM_SIGN_IN) or a user (CS_PERM_USER); that user's session is looked up again.
 * Whatever else was checked before the pause has to be checked again in then(): the
 * world may have changed.  then() may begin another job and return NULL.  An
 * Idempotency-Key has no effect on these.  Rows are in memory and bounded; a client
 * that goes away leaves its row until the job is done.  Thread: loop. */
#ifndef CS_PLATFORM_CORE_LATER_H
#define CS_PLATFORM_CORE_LATER_H

#include "crypto/password.h"
#include "platform/core/api.h"

enum {
    CS_LATER_RUNNING = 2,
    CS_LATER_MAX = 32, /* running and waiting: some two seconds of work */
    CS_LATER_KEPT = 8, /* of these, not for strangers */
    CS_PASSWORD_MAX = 256,
};

/* How a password is, or was, stretched. */
struct cs_pw_params {
    uint8_t salt[CS_PASSWORD_SALT];
    uint32_t ops, kib;
};

struct cs_pw_job;
struct cs_later;
/* The rest of the handler: the rules of cs_api_handler; a->body is the request's. */
typedef json_t *cs_later_fn(struct cs_api *a, const struct cs_later *l);

struct cs_later {
    struct cs_later *next;
    uint64_t http_id, job_id;
    const struct cs_route *route;
    char remote[64];
    json_t *body;          /* owned */
    struct cs_pw_job *job; /* owned; NULL once it was given to a worker */
    cs_later_fn *then;
    struct cs_pw_params params;
    uint8_t key[CS_PASSWORD_OUT]; /* the result */
    uint8_t user[CS_PC_ID];       /* the handler's, if it has found one */
    bool has_user;
    uint8_t session[CS_PC_ID]; /* of who asks, if somebody is known */
    bool has_session;
    uint8_t old_session[CS_PC_ID]; /* sign-in: of the cookie that came with it */
    bool has_old_session;
    uint8_t carry[CS_PASSWORD_OUT]; /* the handler's: the key of a job before */
};

/* Asked before a try is counted, so that one who is sent away has lost none; false: too
 * many wait, refusal set.  Strangers, who cannot be told from attackers, get not all.
 */
bool cs_later_has_room(struct cs_api *a, bool is_stranger);
/* The handler returns NULL right after it.  NULL: too many wait, refusal set. */
struct cs_later *cs_later_begin(struct cs_api *a, const char *password,
                                const struct cs_pw_params *params, cs_later_fn *then);
/* A job has come back: its request goes on.  Takes the job. */
void cs_later_done(struct cs_platform_core *core, struct cs_job *job);
/* The core stops: who waits is told so.  Jobs that still run are freed by the runner or
 * by the step that gets them. */
void cs_later_end(struct cs_platform_core *core);
void cs_later_free(struct cs_platform_core *core); /* without answers */

#endif
