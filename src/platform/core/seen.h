/* Who asked what, for the log line and the metrics of a request, which the glue writes
 * when the answer goes out (platform/observe.h): the core has no clock that moves
 * within a step.  The last CS_SEEN_MAX requests, in memory; no secret and no id of a
 * path is among it. */
#ifndef CS_PLATFORM_CORE_SEEN_H
#define CS_PLATFORM_CORE_SEEN_H

#include "platform/core/api.h"

enum { CS_SEEN_MAX = 4096 };

/* api.c, once the request has been run as far as it goes in this step. */
void cs_seen_note(const struct cs_api *a);
void cs_seen_free(struct cs_platform_core *core);

#endif
