/* Answers that are held back (?wait=): until the record they show has reached its final
 * state, or their time is over.  One call is enough to have a transaction signed.
 *
 * A waiter is a row in memory: at most CS_PC_WAITS_MAX of them, half of the connections
 * that the listener takes, so that nodes always find one, and CS_PC_WAITS_ONE of one
 * credential, half of those of one address (net/ws.h); who comes when there is no room
 * is answered at once with the present state, since the record has been made by then.
 * A client that goes away leaves its row until the time is over; the answer to it is
 * dropped by the listener.
 *
 * Who asked is looked for again when the answer goes out: 401 when his session or token
 * has ended, he is blocked or it is switched off; 403 when he has lost the route's
 * permission. */
#ifndef CS_PLATFORM_CORE_WAIT_H
#define CS_PLATFORM_CORE_WAIT_H

#include "platform/core/core.h"
#include "platform/core/perm.h"

enum { CS_PC_WAITS_MAX = 512, CS_PC_WAITS_ONE = 128 };

struct cs_pc_wait {
    uint64_t http_id;
    uint64_t until_ms; /* monotonic */
    uint8_t table;
    uint8_t id[CS_PC_ID];
    char actor[37];
    bool is_user;
    uint8_t session[CS_PC_ID]; /* of a user */
    uint8_t token[32];         /* digest of a credential's */
    enum cs_pc_perm perm;      /* of the route */
};

/* Keeps the request waiting; false: there is no room, answer it now. */
bool cs_pc_wait_add(struct cs_platform_core *core, const struct cs_pc_wait *w);
/* The record was stored: answers who waits for it, if this is a final state. */
void cs_pc_wait_saved(struct cs_platform_core *core, uint8_t table, const json_t *rec);
/* Answers those whose time is over, a few records in one step; all when the core stops.
 */
void cs_pc_wait_run(struct cs_platform_core *core);
void cs_pc_wait_end(struct cs_platform_core *core);
uint64_t cs_pc_wait_deadline(const struct cs_platform_core *core);
void cs_pc_wait_free(struct cs_platform_core *core);

#endif
