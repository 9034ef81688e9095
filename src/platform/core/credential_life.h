/* How long an API credential lives, and when it was used last.
 *
 * "expiresAt" (a time in UTC, optional, at its creation): from then on it gets no token
 * and its tokens are none.  "lastUsedAt" is noted at most once an hour, so that reading
 * with it costs no write each time; it is no change that the audit log shows.
 * Thread: loop. */
#ifndef CS_PLATFORM_CORE_CREDENTIAL_LIFE_H
#define CS_PLATFORM_CORE_CREDENTIAL_LIFE_H

#include "platform/core/api.h"

enum { CS_CREDENTIAL_NOTE_S = 3600, CS_CREDENTIAL_YEARS = 10 };

/* "expiresAt" of the body in ms, 0: it has none; failures are those of a->in. */
int64_t cs_credential_expiry(struct cs_api *a);
void cs_credential_set_expiry(json_t *rec, int64_t at_ms);
bool cs_credential_is_over(const struct cs_platform_core *core, const json_t *rec);
/* A request with it was let in. */
void cs_credential_used(struct cs_platform_core *core, json_t *rec);
/* "2026-01-31T12:34:56Z", with or without milliseconds; false: it is none. */
bool cs_pc_time_parse(int64_t *wall_ms, const char *text);

#endif
