/* The one thread that writes to a store: group commit over a cs_kv.
 *
 * All batches that wait when the thread is free become one commit, so many steps share
 * one sync of the disk.  Results come back on the loop in the order of seq.  After a
 * failure nothing is written any more: every later batch fails the same way, since it
 * was made on top of one that is not there (base/runner.h latches as well).
 * Thread: loop; the kv's commit is called on the commit thread only. */
#ifndef CS_NET_COMMITTER_H
#define CS_NET_COMMITTER_H

#include <uv.h>

#include "base/prom.h"
#include "store/kv.h"

struct cs_committer;

struct cs_committer_config {
    uv_loop_t *loop;
    struct cs_kv *kv; /* borrowed until closed */
    void (*done)(void *ctx, uint64_t seq, enum cs_err err);
    void *ctx;
};

struct cs_committer_stats {
    struct cs_hist latency; /* from cs_committer_add to durable, as the loop sees it */
    uint64_t failed;        /* batches */
    uint64_t waiting;       /* added, not yet reported */
};

/* NOMEM, OS.  End with cs_committer_close. */
enum cs_err cs_committer_new(struct cs_committer **out,
                             const struct cs_committer_config *cfg) CS_MUST_USE;
/* Takes the batch; seq rises with every call.  done() is never called from inside. */
void cs_committer_add(struct cs_committer *c, struct cs_kv_batch *batch, uint64_t seq);
const struct cs_committer_stats *cs_committer_stats(const struct cs_committer *c);
/* What was added is still committed, but done() is not called again.  closed(ctx)
 * follows on the loop when the thread has ended; c is gone. */
void cs_committer_close(struct cs_committer *c, void (*closed)(void *ctx), void *ctx);

#endif
