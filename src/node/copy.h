/* A copy of the running node's store, for a program on the same machine.
 *
 * The node may write in its data directory alone, and a second copy there would need
 * the space twice: so the bytes go into a FIFO that the asker made there and reads.  On
 * a thread of its own, for disk and reader may be slow; an asker that does not read for
 * 30 s, or is gone, ends it.  One at a time.
 *
 *   {"cmd":"store.copy","fifo":"copy-<1 to 32 hex digits>"}  -> {"ok":true}
 *   {"cmd":"store.copy.state"} -> {"ok":true,"state":"NONE" | "RUNNING" | "DONE" |
 *                                 "FAILED","done":bytes,"total":bytes,
 *                                 "sha256","reason","text"}
 *
 * Thread: loop. */
#ifndef CS_NODE_COPY_H
#define CS_NODE_COPY_H

#include "net/host.h"

struct cs_node_copy;

/* kv is one of store/lmdb/kv_lmdb.h; both outlive it.  NULL: no memory. */
struct cs_node_copy *cs_node_copy_new(struct cs_kv *kv, const char *dir) CS_MUST_USE;
/* Is it one of the two questions?  Then it is answered. */
bool cs_node_copy_question(struct cs_node_copy *c, struct cs_host *host, uint64_t id,
                           struct cs_span line);
/* Ends one that runs, and waits for its thread (at most some 100 ms and one read of the
 * disk).  Before kv is closed.  NULL allowed. */
void cs_node_copy_free(struct cs_node_copy *c);

#endif
