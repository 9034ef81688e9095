/* The lives of a core in one process: opens core and host, and after a full disk does
 * it again.
 *
 * When a commit failed, a core's memory may be ahead of its store, so it says EXIT. For
 * STORE_FULL the keeper drops core and sockets and makes new ones over the same store
 * after a back-off of 1 to 30 s, as a restart of the process would; with any other
 * reason it ends (RELIABILITY T23, T24).  Embed the struct.  Thread: loop. */
#ifndef CS_NET_KEEPER_H
#define CS_NET_KEEPER_H

#include "base/wr.h"
#include "net/host.h"

struct cs_keeper_ops {
    /* Fills what the keeper does not know of cfg (not loop, exited, ctx); may make the
     * core already.  Blocking is fine: nothing runs. */
    enum cs_err (*prepare)(void *ctx, struct cs_host_config *cfg, struct cs_why *why);
    /* Gives the core; the host listens already (cs_host_port). */
    enum cs_err (*core)(void *ctx, const struct cs_host *host, struct cs_core *out,
                        struct cs_why *why);
    void (*drop)(void *ctx); /* frees the core, if one was made */
    /* A question of the local socket between two lives; NULL: it waits. */
    void (*question)(void *ctx, struct cs_wr *answer, struct cs_span line);
    /* All handles are closed; the last core is still there.  May free the keeper. */
    void (*ended)(void *ctx, enum cs_err err);
};

struct cs_keeper {
    uv_loop_t *loop;
    const struct cs_keeper_ops *ops;
    void *ctx;
    const struct cs_log_target *log; /* of the thread that started it */
    struct cs_host *host;            /* NULL between two lives */
    struct cs_local_socket socket;   /* the lives' own, for one is made only once */
    struct cs_local_server *waiting; /* answers between two lives */
    uv_timer_t backoff;
    uint64_t backoff_ms;
    bool leaving; /* waiting is closing, for the next life or for the end */
    bool running, stopping, host_closing, ending;
    enum cs_err err;
};

void cs_keeper_init(struct cs_keeper *k, uv_loop_t *loop,
                    const struct cs_keeper_ops *ops, void *ctx);
/* CS_OK: ended() follows once.  Otherwise never: the core was dropped, and handles are
 * left that close in the next turns of the loop. */
enum cs_err cs_keeper_start(struct cs_keeper *k, struct cs_why *why) CS_MUST_USE;
void cs_keeper_stop(struct cs_keeper *k); /* in order; again: nothing */
void cs_keeper_abort(struct cs_keeper *k, enum cs_err err); /* at once */

#endif
