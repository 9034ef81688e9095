/* Runs one core on the caller's libuv loop: the real struct cs_env (base/env.h).
 *
 * Owns the runner, a timer, the worker threads, the commit thread, the sockets and the
 * local socket; borrows loop, core and kv.  Makes no loop, runs none, installs no
 * signal handler.  The simulator is the other implementation of the same table.
 * Thread: loop.
 *
 *   cs_host_new     listens; nothing is accepted before the loop runs
 *   cs_host_start   gives it the core: EV_START
 *   cs_host_stop    EV_STOP: the core drains and says EXIT
 *   exited()        the core said EXIT: close now
 *   cs_host_close   delivers what waits (at most 2 s), ends all; closed() is last */
#ifndef CS_NET_HOST_H
#define CS_NET_HOST_H

#include "net/committer.h"
#include "net/local_server.h"
#include "net/ws.h"
#include "store/kv.h"

struct cs_host;

#define CS_HOST_OWN_QUESTION (UINT64_C(1) << 63) /* no client of the local socket's */

struct cs_host_config {
    uv_loop_t *loop;
    struct cs_kv *kv;         /* borrowed until closed */
    unsigned n_workers;       /* 0: one a core, at most 4 */
    void (*thread_end)(void); /* worker: its last call (crypto's per-thread context) */
    const struct cs_ws_listen *listen; /* NULL: no server */
    struct cs_span ca_der;             /* empty: no client */
    const char *socket_dir;            /* NULL: no local socket */
    const char *socket_name;
    const struct cs_local_socket *socket; /* or one that is open; for the call */
    struct cs_ws_limits limits;
    /* CS_ACT_NOTIFY; NULL allowed.  Not from inside a step. */
    void (*notify)(void *ctx, const char *word, struct cs_span json);
    /* Once: started, and nothing waits for the disk; NULL allowed. */
    void (*ready)(void *ctx);
    /* Looks first at a question on the local socket, for what is not the pure core's
     * business; NULL allowed.  true: taken, one cs_host_answer(id) follows, now or
     * later, also before the start.  Not from inside a step; must not close h. */
    bool (*question)(void *ctx, uint64_t id, struct cs_span line);
    /* The answer to a cs_host_question; not when the host closes first.  Inside a step:
     * must call nothing of the host. */
    void (*answer)(void *ctx, uint64_t id, struct cs_span json);
    /* CS_ACT_ASK: may this be signed?  json is borrowed for the call; one
     * cs_host_verdict(id) follows later, not from inside.  NULL: nobody is asked, and
     * the core's own time limit refuses. */
    void (*ask)(void *ctx, uint64_t id, struct cs_span json);
    /* CS_ACT_CALL: a is borrowed for the call (text, headers, data); one
     * cs_host_called(a->conn) follows later, not from inside.  NULL: nobody calls. */
    void (*call)(void *ctx, const struct cs_action *a);
    /* A REST request comes, and its answer goes out, what it says being durable: for
     * logs and metrics; NULL allowed.  Must call nothing of the host. */
    void (*requested)(void *ctx, const struct cs_http_req *req);
    void (*replied)(void *ctx, uint64_t http_id, int status, size_t bytes);
    /* CS_ACT_EXIT, once; may close. */
    void (*exited)(void *ctx, enum cs_err err);
    void *ctx;        /* of exited */
    void *notify_ctx; /* of notify, ready, question, answer, ask, call and so on */
};

/* What cs_ws_new, cs_local_server_new and the threads say.  On failure only handles
 * that close in the next turns of the loop are left; kv may be closed at once. */
enum cs_err cs_host_new(struct cs_host **out, const struct cs_host_config *cfg,
                        struct cs_why *why) CS_MUST_USE;
int cs_host_port(const struct cs_host *h);

struct cs_host_stats {
    uint64_t steps_waiting; /* for the disk */
    uint64_t jobs_waiting;  /* for a worker */
    struct cs_committer_stats commits;
};
void cs_host_stats(const struct cs_host *h, struct cs_host_stats *out);
void cs_host_start(struct cs_host *h, struct cs_core core);
void cs_host_stop(struct cs_host *h);
/* One answer to a question that was taken; json may hold a final newline.  Nothing
 * happens when the asker has gone or the host is closing. */
void cs_host_answer(struct cs_host *h, uint64_t id, struct cs_span json);
/* Gives the core a question that was taken, in other words than the asker's; the core
 * answers it.  From the question callback, or later; not inside a step. */
void cs_host_pass(struct cs_host *h, uint64_t id, struct cs_span line);
/* A question of the owner's own, as on the local socket: `answer` follows once, unless
 * the host is closed first.  id has the bit CS_HOST_OWN_QUESTION.  Not inside a step.
 */
void cs_host_question(struct cs_host *h, uint64_t id, struct cs_span line);
/* The answer to an ask: CS_OK allows, else the refusal, and reason says why (NULL: the
 * error's text; shown to people).  Ids that nobody waits for any more do nothing. */
void cs_host_verdict(struct cs_host *h, uint64_t id, enum cs_err err,
                     const char *reason);
/* How a call ended: CS_OK and the answer's status, else err, and reason says why (NULL:
 * the error's text). */
void cs_host_called(struct cs_host *h, uint64_t id, enum cs_err err, int status,
                    const char *reason);
/* Once.  closed(ctx) follows; then core and kv may be freed; h is gone. */
void cs_host_close(struct cs_host *h, void (*closed)(void *ctx), void *ctx);

#endif
