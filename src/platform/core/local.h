/* What the operator of the machine may ask while the platform is stopped
 * (cloudsign-platform user): CS_EV_LOCAL from the program that holds the store's lock.
 * A platform that serves has no local socket, so nobody else can.
 *
 *   {"cmd":"user.list"}    -> {"ok":true,"users":[..]}
 *   {"cmd":"user.invite","operator","email"}
 *                          -> a new enrolment token for a user who is there: the
 *                             password, the authenticator and the sessions end, and who
 *                             is blocked is not any more
 *   {"cmd":"user.rescue","operator","email","firstName","lastName"}
 *                          -> the same for a new owner
 *   {"cmd":"store.check"}  -> the head of the audit log, schema, totals: a copy is
 * whole
 *
 * Answers of the two in the middle: {"ok":true,"userId","email","roles",
 * "enrolmentToken","expiresAt"}; refusals {"ok":false,"reason","text"}.  They leave an
 * audit record whose actor is OPERATOR with the name of the account. */
#ifndef CS_PLATFORM_CORE_LOCAL_H
#define CS_PLATFORM_CORE_LOCAL_H

#include "platform/core/core.h"

enum { CS_LOCAL_QUESTION_MAX = 4096 };

void cs_local_question(struct cs_platform_core *core, const struct cs_event *ev);

#endif
