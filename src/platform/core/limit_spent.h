/* What ROLLING_DURATION and CONSTANT limits have let through.
 *
 * Rows of CS_PC_SPENT: limit id 16, slot u64 -> amount as decimal digits, in the
 * limit's own unit (limit._scale).  A slot is the beginning of one of the 256 parts of
 * the window (wall ms); 0 for a limit without window.  It counts as long as any moment
 * of it is in the window, and a slot of the future (the clock went back over a restart)
 * always: never less than what was let through.  So a limit has some 258 rows.
 * held: what one request has in the rows: [{"limit", "slot", "units"}], kept in its
 * record.  Thread: loop. */
#ifndef CS_PLATFORM_CORE_LIMIT_SPENT_H
#define CS_PLATFORM_CORE_LIMIT_SPENT_H

#include "platform/core/rec.h"
#include "policy/num.h"

/* What counts now, without what `held` (NULL: nothing) has in it.  The largest number
 * when there are more rows than there can be. */
struct cs_num cs_spent_sum(struct cs_platform_core *core, const json_t *limit,
                           const json_t *held);
/* Adds to the slot of now and to held; forgets what is out of the window. */
void cs_spent_add(struct cs_platform_core *core, const json_t *limit,
                  const struct cs_num *units, json_t *held);
/* Takes out all that held has; rows that are gone stay gone. */
void cs_spent_back(struct cs_platform_core *core, const json_t *held);
/* The limit is deleted. */
void cs_spent_drop(struct cs_platform_core *core, const json_t *limit);

#endif
