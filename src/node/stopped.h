/* The store of a node that does not run, for `cloudsign backup`: the same questions as
 * on its socket, without a network and without a start (the boot counter stays).
 *
 * A key in a KMS is asked for there, for at most a minute, on a loop of its own.  Holds
 * the volume's lock, so the node cannot start meanwhile.  Blocking.  One thread.
 */
#ifndef CS_NODE_STOPPED_H
#define CS_NODE_STOPPED_H

#include "base/why.h"
#include "base/wr.h"
#include "store/kv.h"
#include <cloudsign/cs_node.h>

struct cs_stopped;

/* Without a key in cfg there is only the kv: cs_stopped_ask says STATE.  What
 * cs_kv_lmdb_open and cs_node_core_new say; NOT_FOUND when the volume has no store. */
enum cs_err cs_stopped_open(struct cs_stopped **out, const struct cs_node_config *cfg,
                            struct cs_why *why) CS_MUST_USE;
/* The same for a copy of a store, a file that is only read: status and store.check;
 * what would change it fails with STATE. */
enum cs_err cs_stopped_open_copy(struct cs_stopped **out, const char *path,
                                 const struct cs_node_config *cfg, struct cs_why *why)
    CS_MUST_USE;
/* The answer is appended; what the question changes is durable when it returns. */
enum cs_err cs_stopped_ask(struct cs_stopped *s, struct cs_span question,
                           struct cs_wr *answer) CS_MUST_USE;
struct cs_kv *cs_stopped_kv(struct cs_stopped *s);
void cs_stopped_close(struct cs_stopped *s); /* NULL allowed */

#endif
