/* Worker threads that run the jobs of a core (struct cs_job, base/env.h).
 *
 * Own threads, not libuv's pool, which DNS and files share (STYLE 6): one a core up to
 * four.  The queue is bounded; when it is full the loop thread runs the job itself, so
 * nothing is lost and the source is slowed down.  Results come back on the loop.
 * Thread: loop, unless a field says otherwise. */
#ifndef CS_NET_WORKER_H
#define CS_NET_WORKER_H

#include <uv.h>

#include "base/env.h"

struct cs_workers;

struct cs_workers_config {
    uv_loop_t *loop;
    unsigned n_threads;       /* 0: one a core, at most 4 */
    size_t max_waiting;       /* 0: 1024 */
    void (*thread_end)(void); /* worker: last call of each thread; NULL allowed */
    void (*done)(void *ctx, struct cs_job *job); /* takes the job */
    void *ctx;
};

/* NOMEM, OS.  End with cs_workers_close. */
enum cs_err cs_workers_new(struct cs_workers **out, const struct cs_workers_config *cfg)
    CS_MUST_USE;
/* Takes the job.  done() is never called from inside this. */
void cs_workers_run(struct cs_workers *w, struct cs_job *job);
size_t cs_workers_waiting(struct cs_workers *w); /* jobs that no thread has yet */
/* Frees jobs that wait, lets running ones end and frees them too: done() is not called
 * again.  closed(ctx) follows on the loop when all threads have ended; w is gone. */
void cs_workers_close(struct cs_workers *w, void (*closed)(void *ctx), void *ctx);

#endif
