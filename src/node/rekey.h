/* Another key for the store of a running node (`cloudsign rekey`).
 *
 *   {"cmd":"rekey","key":64 hex,"seal":hex of a KMS record or ""}
 *       -> {"ok":true} when the new wrap is durable; asked again with the same key it
 *          says so again.  STATE while one is under way.
 *
 * The asker has done what KMS had to do; it is the node's own user, or root, as the
 * socket makes sure.  Key and question are wiped.  Thread: loop. */
#ifndef CS_NODE_REKEY_H
#define CS_NODE_REKEY_H

#include "node/node_impl.h"

/* Is it that question?  Then it is answered, now or by the core. */
bool cs_node_rekey_question(struct cs_node *n, uint64_t id, struct cs_span line);

#endif
