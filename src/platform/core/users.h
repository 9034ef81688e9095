/* People who use the console: records (V2User), and what they sign in with.
 *
 * A password is kept as 32 bytes of Argon2id; the other 32 bytes of the same output are
 * the key under which the TOTP secret is kept: a stolen store gives neither without
 * guessing the password.  So a new password brings a new TOTP secret with it. */
#ifndef CS_PLATFORM_CORE_USERS_H
#define CS_PLATFORM_CORE_USERS_H

#include "platform/core/approvals.h"
#include "platform/core/later.h"

enum {
    CS_USER_EMAIL = 254,
    CS_USER_PASSWORD_MIN = 12, /* characters */
    CS_USER_RECOVERY = 10,
    CS_USER_ENROL_S = 72 * 3600, /* life of an invitation */
};
/* When somebody signed in who never has: the vendor's member is a time, always there.
 */
#define CS_USER_NEVER "1970-01-01T00:00:00.000Z"

/* ---- users.c ----------------------------------------------------------- */

void cs_users_start(struct cs_platform_core *core);
bool cs_user_is_active(const json_t *user);
/* A new record in all its indexes, not saved: INVITED or ACTIVATED.  Takes roles. */
json_t *cs_user_make(struct cs_api *a, const uint8_t id[CS_PC_ID], const char *first,
                     const char *last, const char *email, json_t *roles,
                     const char *status);
/* Has the one who asks all rights of this user's roles?  false: refusal set. */
bool cs_user_covered(struct cs_api *a, const json_t *user);
/* "E-Mail" of the body in lower case; false: the failure is in a->in. */
bool cs_user_email(struct cs_api *a, char out[CS_USER_EMAIL + 1]);
/* By an address in lower case; NULL: nobody. */
json_t *cs_user_by_email(struct cs_platform_core *core, const char *email);
/* Saves; keeps the index of owners.  was_owner: cs_user_is_owner of what was stored. */
bool cs_user_is_owner(const json_t *user);
void cs_user_save(struct cs_platform_core *core, json_t *user, bool was_owner);
/* Whoever has the text that lands in a->secret ("enrolmentToken") can enrol as this
 * user; an earlier one ends.  Saves nothing. */
void cs_user_invite(struct cs_api *a, json_t *user);
void cs_user_uninvite(struct cs_platform_core *core, json_t *user);
/* What the API shows, with what waits for approval. */
json_t *cs_user_view(struct cs_platform_core *core, const json_t *user);
bool cs_user_is_last_owner(struct cs_platform_core *core, const json_t *user);
/* May he get these roles (NULL: be blocked or deleted)?  The last active owner stays
 * one, and so do those whom approval groups need.  false: why (a sentence). */
bool cs_user_may_become(struct cs_platform_core *core, const json_t *user,
                        const json_t *roles, char why[CS_APPROVAL_WHY]);
/* These save nothing. */
void cs_user_block(struct cs_platform_core *core, json_t *user, const char *by,
                   const char *reason);
void cs_user_unblock(json_t *user);

/* ---- user_secret.c ----------------------------------------------------- */

/* "password" (or another member): 12 characters to 256 bytes, not the address. */
const char *cs_user_new_password(struct cs_api *a, const char *member,
                                 const char *email);
void cs_pw_params_new(struct cs_platform_core *core, struct cs_pw_params *out);
/* Of the user's "_password"; for nobody, and for who has none, those of a password that
 * does not exist: unknown people cost as much as known ones. */
void cs_pw_params_of(struct cs_platform_core *core, const json_t *user,
                     const char *email, struct cs_pw_params *out);
/* Is l->key of this user's password, and was it stretched with its parameters? */
bool cs_pw_matches(const json_t *user, const struct cs_later *l);
void cs_pw_put(json_t *o, const struct cs_later *l); /* "_password" */
/* Was it stretched less than new ones are?  A sign-in makes it anew then. */
bool cs_pw_is_weak(const struct cs_platform_core *core, const json_t *user);

/* Makes TOTP secret and recovery codes, under the password of l: into o, and in clear
 * into a->extra, once ("totp", "recoveryCodes").  token: also under it, so that the
 * first code can be checked without the password; NULL: no. */
void cs_user_factors_make(struct cs_api *a, json_t *o, const struct cs_later *l,
                          const char *user_id, const char *email, const char *token);
/* A code of the authenticator, or a recovery code: used up in user when it is right.
 * key: of cs_later. */
bool cs_user_code_ok(struct cs_platform_core *core, json_t *user, const char *code,
                     const uint8_t key[CS_PASSWORD_OUT]);
/* The same secret once more in a session (session.h), under the key of its cookie: so a
 * code can be checked without the password, and not by who has the store. */
void cs_user_factor_lend(struct cs_platform_core *core, const json_t *user,
                         const uint8_t from[CS_PASSWORD_OUT], json_t *session,
                         const uint8_t to[32]);
bool cs_user_factor_is_lent(const json_t *session);
/* From under one cookie's key to under another's; dropped if it cannot be read. */
void cs_user_factor_move(struct cs_platform_core *core, json_t *session,
                         const uint8_t from[32], const uint8_t to[32]);
/* cs_user_code_ok with what was lent. */
bool cs_user_lent_code_ok(struct cs_platform_core *core, json_t *user,
                          const json_t *session, const char *code,
                          const uint8_t key[32]);
/* The same for "_byToken" of a pending enrolment; the step lands in "_totp" of it. */
bool cs_user_first_code_ok(struct cs_platform_core *core, json_t *pending,
                           const char *user_id, const char *code, const char *token);
/* The TOTP secret from under one password to under another; false: it is not there. */
bool cs_user_reseal(struct cs_platform_core *core, json_t *user,
                    const uint8_t from[CS_PASSWORD_OUT],
                    const uint8_t to[CS_PASSWORD_OUT]);
/* As much work as cs_user_code_ok. */
void cs_user_code_dummy(struct cs_platform_core *core);

#endif
