#include "net/host.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/os/clock.h"
#include "base/os/random.h"
#include "base/runner.h"
#include "net/committer.h"
#include "net/worker.h"

/* Steps that wait for the disk: above HIGH the sockets are paused, below LOW resumed.
 * Timers look at the clock every so often, for it counts suspended time and libuv's
 * does not. */
enum {
    PENDING_HIGH = 4096,
    PENDING_LOW = 1024,
    TIMER_MAX_MS = 5000,
    DRAIN_MS = 2000,
    DRAIN_TICK_MS = 10,
};

struct cs_host {
    struct cs_host_config cfg;
    const struct cs_log_target *log; /* of the thread that made it */
    struct cs_runner runner;
    struct cs_workers *workers;
    struct cs_committer *committer;
    struct cs_ws *ws;
    struct cs_local_server *local;
    uv_timer_t timer; /* the core's deadline; when closing, the drain */
    uv_async_t wake;  /* for what must not happen inside a step: ready, exited */
    uint64_t deadline;
    bool started, paused, closing, parts_closing;
    bool exit_seen, ready_due, ready_told;
    enum cs_err exit_err;
    unsigned drain_ticks, open_parts;
    struct cs_host_stats last; /* of the parts, once they close */
    void (*closed)(void *ctx);
    void *closed_ctx;
};

/* ---- events in
 * ----------------------------------------------------------------------- */

static void pause_sockets(struct cs_host *h)
{
    size_t n = h->runner.n_pending;

    if (!h->paused && n > PENDING_HIGH) {
        h->paused = true;
        cs_log(CS_LOG_WARN, "net", "the store is slow: reading is paused");
        cs_ws_pause(h->ws, true);
    } else if (h->paused && n < PENDING_LOW) {
        h->paused = false;
        cs_ws_pause(h->ws, false);
    }
}

static void check_ready(struct cs_host *h)
{
    if (h->cfg.ready != NULL && !h->ready_due && h->runner.n_pending == 0) {
        h->ready_due = true;
        (void)uv_async_send(&h->wake);
    }
}

static void event(struct cs_host *h, struct cs_event *ev)
{
    const struct cs_log_target *before;

    if (!h->started || h->closing) {
        return;
    }
    before = cs_log_target_set(h->log);
    cs_runner_event(&h->runner, ev);
    pause_sockets(h);
    check_ready(h);
    (void)cs_log_target_set(before);
}

static void on_up(void *ctx, uint64_t conn, enum cs_channel channel, const char *remote,
                  struct cs_span exporter, const struct cs_http_req *http)
{
    struct cs_event ev = {.type = CS_EV_CONN_UP,
                          .conn = conn,
                          .channel = channel,
                          .remote = remote,
                          .exporter = exporter,
                          .http = http};

    event(ctx, &ev);
}

static void on_down(void *ctx, uint64_t conn, enum cs_err err)
{
    struct cs_event ev = {
        .type = CS_EV_CONN_DOWN, .conn = conn, .err = err, .remote = ""};

    event(ctx, &ev);
}

static void on_message(void *ctx, uint64_t conn, enum cs_channel channel,
                       struct cs_span data)
{
    struct cs_event ev = {.type = CS_EV_MESSAGE,
                          .conn = conn,
                          .channel = channel,
                          .remote = "",
                          .data = data};

    event(ctx, &ev);
}

static void on_http(void *ctx, const struct cs_http_req *req)
{
    struct cs_event ev = {
        .type = CS_EV_HTTP, .conn = req->id, .remote = req->remote, .http = req};
    struct cs_host *h = ctx;

    if (h->cfg.requested != NULL) {
        h->cfg.requested(h->cfg.notify_ctx, req);
    }
    event(h, &ev);
}

static void on_question(void *ctx, uint64_t id, struct cs_span line)
{
    struct cs_host *h = ctx;
    struct cs_event ev = {.type = CS_EV_LOCAL, .conn = id, .remote = "", .data = line};
    const struct cs_log_target *before = cs_log_target_set(h->log);

    if (h->closing || h->cfg.question == NULL ||
        !h->cfg.question(h->cfg.notify_ctx, id, line)) {
        event(h, &ev);
    }
    (void)cs_log_target_set(before);
}

static void on_job_done(void *ctx, struct cs_job *job)
{
    struct cs_host *h = ctx;
    struct cs_event ev = {.type = CS_EV_JOB_DONE, .remote = "", .job = job};

    if (h->closing) {
        job->free(job);
        return;
    }
    event(h, &ev);
}

static void on_committed(void *ctx, uint64_t seq, enum cs_err err)
{
    struct cs_host *h = ctx;
    const struct cs_log_target *before = cs_log_target_set(h->log);

    if (!h->closing) {
        cs_runner_committed(&h->runner, seq, err);
        pause_sockets(h);
        check_ready(h);
    }
    (void)cs_log_target_set(before);
}

static void on_timer(uv_timer_t *timer);

static void start_timer(struct cs_host *h)
{
    uint64_t now = cs_os_now_ms(), wait = 0;

    if (h->deadline == UINT64_MAX) {
        (void)uv_timer_stop(&h->timer);
        return;
    }
    if (h->deadline > now) {
        wait = h->deadline - now < TIMER_MAX_MS ? h->deadline - now : TIMER_MAX_MS;
    }
    CS_ASSERT(uv_timer_start(&h->timer, on_timer, wait, 0) == 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct cs_host *h = CS_CONTAINER_OF(timer, struct cs_host, timer);
    struct cs_event ev = {.type = CS_EV_TIME, .remote = ""};

    if (cs_os_now_ms() < h->deadline) {
        start_timer(h);
    } else {
        event(h, &ev); /* the runner arms the next one */
    }
}

/* ---- struct cs_env: actions out
 * -------------------------------------------------------- */

static uint64_t env_now(void *ctx)
{
    (void)ctx;
    return cs_os_now_ms();
}

static int64_t env_wall(void *ctx)
{
    (void)ctx;
    return cs_os_wall_ms();
}

static void env_arm(void *ctx, uint64_t deadline_ms)
{
    struct cs_host *h = ctx;

    if (!h->closing) {
        h->deadline = deadline_ms;
        start_timer(h);
    }
}

static void env_commit(void *ctx, struct cs_kv_batch *batch, uint64_t seq)
{
    struct cs_host *h = ctx;

    cs_committer_add(h->committer, batch, seq);
}

static void env_drop_batch(void *ctx, struct cs_kv_batch *batch)
{
    (void)ctx;
    cs_kv_batch_free(batch);
}

static void answer(struct cs_host *h, uint64_t id, struct cs_span json)
{
    if ((id & CS_HOST_OWN_QUESTION) != 0) {
        h->cfg.answer(h->cfg.notify_ctx, id, json);
    } else if (h->local != NULL) {
        cs_local_server_answer(h->local, id, json);
    }
}

static void act_exit(struct cs_host *h, enum cs_err err)
{
    if (!h->exit_seen) {
        h->exit_seen = true;
        h->exit_err = err;
        (void)uv_async_send(&h->wake); /* the owner may close: not inside a step */
    }
}

static void env_act(void *ctx, struct cs_action *a)
{
    struct cs_host *h = ctx;
    struct cs_span data = CS_SPAN(a->data, a->data_len);

    switch (a->type) {
    case CS_ACT_CONNECT:
        cs_ws_connect(h->ws, a->conn, a->channel, a->text);
        break;
    case CS_ACT_SEND:
        cs_ws_send(h->ws, a->conn, data);
        break;
    case CS_ACT_CLOSE:
        cs_ws_close_conn(h->ws, a->conn, a->err);
        break;
    case CS_ACT_REPLY:
        if (h->cfg.replied != NULL) {
            h->cfg.replied(h->cfg.notify_ctx, a->conn, a->status, a->data_len);
        }
        cs_ws_reply(h->ws, a->conn, a->status, a->text, a->headers, data);
        break;
    case CS_ACT_ANSWER:
        answer(h, a->conn, data);
        break;
    case CS_ACT_JOB:
        cs_workers_run(h->workers, a->job);
        a->job = NULL;
        break;
    case CS_ACT_ASK:
        if (h->cfg.ask != NULL) {
            h->cfg.ask(h->cfg.notify_ctx, a->conn, data);
        }
        break;
    case CS_ACT_CALL:
        if (h->cfg.call != NULL) {
            h->cfg.call(h->cfg.notify_ctx, a);
        }
        break;
    case CS_ACT_NOTIFY:
        if (h->cfg.notify != NULL) {
            h->cfg.notify(h->cfg.notify_ctx, a->text, data);
        }
        break;
    case CS_ACT_EXIT:
        act_exit(h, a->err);
        break;
    }
}

static void on_wake(uv_async_t *async)
{
    struct cs_host *h = CS_CONTAINER_OF(async, struct cs_host, wake);
    const struct cs_log_target *before = cs_log_target_set(h->log);

    if (h->ready_due && !h->ready_told && !h->closing) {
        h->ready_told = true;
        h->cfg.ready(h->cfg.notify_ctx);
    }
    if (h->exit_seen && !h->closing) {
        h->cfg.exited(h->cfg.ctx, h->exit_err);
    }
    (void)cs_log_target_set(before);
}

/* ---- life
 * ------------------------------------------------------------------------------- */

static void part_closed(void *ctx)
{
    struct cs_host *h = ctx;
    void (*closed)(void *ctx) = h->closed;
    void *closed_ctx = h->closed_ctx;

    if (--h->open_parts != 0) {
        return;
    }
    cs_runner_wipe(&h->runner);
    cs_free(h);
    if (closed != NULL) {
        closed(closed_ctx);
    }
}

static void timer_closed(uv_handle_t *handle)
{
    part_closed(CS_CONTAINER_OF(handle, struct cs_host, timer));
}

static void async_closed(uv_handle_t *handle)
{
    part_closed(CS_CONTAINER_OF(handle, struct cs_host, wake));
}

static void close_parts(struct cs_host *h)
{
    if (h->workers != NULL && h->committer != NULL) {
        cs_host_stats(h, &h->last); /* they go one by one, before h does */
    }
    h->parts_closing = true;
    h->open_parts = 2U + (h->workers != NULL) + (h->committer != NULL) +
                    (h->ws != NULL) + (h->local != NULL);
    if (h->workers != NULL) {
        cs_workers_close(h->workers, part_closed, h);
    }
    if (h->committer != NULL) {
        cs_committer_close(h->committer, part_closed, h);
    }
    if (h->ws != NULL) {
        cs_ws_shutdown(h->ws, part_closed, h);
    }
    if (h->local != NULL) {
        cs_local_server_close(h->local, part_closed, h);
    }
    uv_close((uv_handle_t *)&h->timer, timer_closed);
    uv_close((uv_handle_t *)&h->wake, async_closed);
}

static void on_drain(uv_timer_t *timer)
{
    struct cs_host *h = CS_CONTAINER_OF(timer, struct cs_host, timer);

    if (++h->drain_ticks * DRAIN_TICK_MS >= DRAIN_MS || !cs_ws_has_output(h->ws)) {
        close_parts(h);
    }
}

void cs_host_close(struct cs_host *h, void (*closed)(void *ctx), void *ctx)
{
    CS_ASSERT(!h->closing && !h->runner.busy);
    h->closing = true;
    h->closed = closed;
    h->closed_ctx = ctx;
    CS_ASSERT(uv_timer_start(&h->timer, on_drain, DRAIN_TICK_MS, DRAIN_TICK_MS) == 0);
}

static enum cs_err open_threads(struct cs_host *h, const struct cs_host_config *cfg)
{
    struct cs_workers_config workers = {.loop = cfg->loop,
                                        .n_threads = cfg->n_workers,
                                        .thread_end = cfg->thread_end,
                                        .done = on_job_done,
                                        .ctx = h};
    struct cs_committer_config committer = {
        .loop = cfg->loop, .kv = cfg->kv, .done = on_committed, .ctx = h};

    CS_CHECK(cs_workers_new(&h->workers, &workers));
    return cs_committer_new(&h->committer, &committer);
}

static enum cs_err open_sockets(struct cs_host *h, const struct cs_host_config *cfg,
                                struct cs_why *why)
{
    struct cs_ws_config ws = {
        .loop = cfg->loop,
        .listen = cfg->listen,
        .ca_der = cfg->ca_der,
        .limits = cfg->limits,
        .events = {.up = on_up,
                   .down = on_down,
                   .message = on_message,
                   .http = on_http},
        .ctx = h,
    };
    struct cs_local_config local = {.loop = cfg->loop,
                                    .socket = cfg->socket,
                                    .dir = cfg->socket_dir,
                                    .name = cfg->socket_name,
                                    .question = on_question,
                                    .ctx = h};

    CS_CHECK(cs_ws_new(&h->ws, &ws, why));
    return cfg->socket_dir != NULL || cfg->socket != NULL
               ? cs_local_server_new(&h->local, &local, why)
               : CS_OK;
}

enum cs_err cs_host_new(struct cs_host **out, const struct cs_host_config *cfg,
                        struct cs_why *why)
{
    struct cs_host *h = cs_alloc(sizeof *h);
    enum cs_err err;

    *out = NULL;
    if (h == NULL) {
        return CS_ERR_NOMEM;
    }
    h->cfg = *cfg;
    h->log = cs_log_target_get();
    h->deadline = UINT64_MAX;
    CS_ASSERT(uv_timer_init(cfg->loop, &h->timer) == 0);
    if (uv_async_init(cfg->loop, &h->wake, on_wake) != 0) {
        h->open_parts = 1;
        uv_close((uv_handle_t *)&h->timer, timer_closed); /* frees h */
        return cs_why(why, CS_ERR_OS, "no event descriptor left");
    }
    err = open_threads(h, cfg);
    if (err != CS_OK) {
        (void)cs_why(why, err, "cannot start threads: %s", cs_err_text(err));
    } else {
        err = open_sockets(h, cfg, why);
    }
    if (err != CS_OK) {
        h->closing = true;
        close_parts(h);
        return err;
    }
    *out = h;
    return CS_OK;
}

int cs_host_port(const struct cs_host *h)
{
    return cs_ws_port(h->ws);
}

void cs_host_stats(const struct cs_host *h, struct cs_host_stats *out)
{
    if (h->parts_closing) {
        *out = h->last;
        return;
    }
    out->steps_waiting = h->runner.n_pending;
    out->jobs_waiting = cs_workers_waiting(h->workers);
    out->commits = *cs_committer_stats(h->committer);
}

void cs_host_start(struct cs_host *h, struct cs_core core)
{
    struct cs_env env = {.ctx = h,
                         .random = cs_os_random,
                         .now_ms = env_now,
                         .wall_ms = env_wall,
                         .arm = env_arm,
                         .commit = env_commit,
                         .drop_batch = env_drop_batch,
                         .act = env_act};
    struct cs_event ev = {.type = CS_EV_START, .remote = ""};

    cs_runner_init(&h->runner, core, env);
    h->started = true;
    event(h, &ev);
}

void cs_host_answer(struct cs_host *h, uint64_t id, struct cs_span json)
{
    if (!h->closing) {
        answer(h, id, json);
    }
}

void cs_host_pass(struct cs_host *h, uint64_t id, struct cs_span line)
{
    struct cs_event ev = {.type = CS_EV_LOCAL, .conn = id, .remote = "", .data = line};

    event(h, &ev);
}

void cs_host_question(struct cs_host *h, uint64_t id, struct cs_span line)
{
    CS_ASSERT((id & CS_HOST_OWN_QUESTION) != 0 && h->cfg.answer != NULL);
    on_question(h, id, line);
}

void cs_host_verdict(struct cs_host *h, uint64_t id, enum cs_err err,
                     const char *reason)
{
    const char *text = reason == NULL ? cs_err_text(err) : reason;
    struct cs_event ev = {.type = CS_EV_VERDICT,
                          .conn = id,
                          .err = err,
                          .remote = "",
                          .data = CS_SPAN(text, strlen(text))};

    event(h, &ev);
}

void cs_host_called(struct cs_host *h, uint64_t id, enum cs_err err, int status,
                    const char *reason)
{
    const char *text = reason == NULL ? cs_err_text(err) : reason;
    struct cs_event ev = {.type = CS_EV_CALLED,
                          .conn = id,
                          .err = err,
                          .status = status,
                          .remote = "",
                          .data = CS_SPAN(text, strlen(text))};

    event(h, &ev);
}

void cs_host_stop(struct cs_host *h)
{
    struct cs_event ev = {.type = CS_EV_STOP, .remote = ""};

    event(h, &ev);
}
