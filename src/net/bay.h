/* Where the loop and its threads exchange work: a queue each way and a way to end.
 *
 * The loop puts items in, threads take them and give them back, the loop gets them by
 * on_ready.  Users: worker.h, committer.h.  Embed the struct; it must stay until
 * on_closed, which frees it. */
#ifndef CS_NET_BAY_H
#define CS_NET_BAY_H

#include <stdbool.h>
#include <uv.h>

#include "base/err.h"
#include "net/queue.h"

enum { CS_BAY_THREADS = 16 };

struct cs_log_target;

struct cs_bay {
    /* Set before cs_bay_open. */
    void (*thread_main)(struct cs_bay *bay);                    /* worker */
    void (*on_ready)(struct cs_bay *bay, struct cs_link *item); /* loop */
    void (*on_drop)(struct cs_bay *bay,
                    struct cs_link *item); /* loop: nobody wants it */
    void (*on_closed)(struct cs_bay *bay); /* loop: frees the owner */

    const struct cs_log_target *log;
    uv_async_t wake;
    uv_thread_t threads[CS_BAY_THREADS];
    unsigned n_threads;
    bool joined;
    uv_mutex_t lock; /* guards what follows */
    uv_cond_t work;
    struct cs_queue waiting, ready;
    unsigned n_ended;
    bool ending; /* written by the loop only */
};

/* Starts up to n threads.  OS when not one could be started: then on_closed still
 * follows if *must_wait is true, else the owner frees its memory itself. */
enum cs_err cs_bay_open(struct cs_bay *bay, uv_loop_t *loop, unsigned n,
                        bool *must_wait) CS_MUST_USE;
/* Loop.  False, and the item stays the caller's, when max wait already (0: no limit).
 */
bool cs_bay_put(struct cs_bay *bay, struct cs_link *item, size_t max) CS_MUST_USE;
size_t cs_bay_waiting(struct cs_bay *bay); /* loop: items that no worker has taken */
/* Any thread. */
void cs_bay_give_back(struct cs_bay *bay, struct cs_link *item);
void cs_bay_give_back_all(struct cs_bay *bay, struct cs_queue *items);
/* Worker: waits, then moves what `take` takes from the waiting queue (lock held) to
 * out.  When ending: false at once, or with drain only when nothing waits. */
bool cs_bay_wait(struct cs_bay *bay, bool drain,
                 void (*take)(struct cs_queue *waiting, struct cs_queue *out),
                 struct cs_queue *out) CS_MUST_USE;
/* Loop, once.  Ends the threads; on_ready is not called again, what is left goes to
 * on_drop (what waits: only without drain).  on_closed follows. */
void cs_bay_close(struct cs_bay *bay, bool drain);

#endif
