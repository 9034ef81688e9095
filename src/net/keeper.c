#include "net/keeper.h"

#include "base/log.h"

enum { BACKOFF_FIRST_MS = 1000, BACKOFF_MAX_MS = 30000 };

void cs_keeper_init(struct cs_keeper *k, uv_loop_t *loop,
                    const struct cs_keeper_ops *ops, void *ctx)
{
    *k = (struct cs_keeper){
        .loop = loop, .ops = ops, .ctx = ctx, .backoff_ms = BACKOFF_FIRST_MS};
    k->socket = (struct cs_local_socket){.fd = -1, .dir_fd = -1};
}

static void on_host_closed(void *ctx);

static void on_exited(void *ctx, enum cs_err err)
{
    struct cs_keeper *k = ctx;

    if (!k->host_closing) {
        k->err = err;
        k->host_closing = true;
        cs_host_close(k->host, on_host_closed, k);
    }
}

static void abandoned(void *unused)
{
    (void)unused;
}

/* One life.  The host closes by itself when there will be no core for it: its events
 * need one, but before cs_host_start it raises none. */
static enum cs_err begin(struct cs_keeper *k, struct cs_why *why)
{
    struct cs_host_config cfg = {0};
    struct cs_core core;
    enum cs_err err = k->ops->prepare(k->ctx, &cfg, why);

    cfg.loop = k->loop;
    cfg.exited = on_exited;
    cfg.ctx = k;
    if (err == CS_OK && cfg.socket_dir != NULL && k->socket.dir_fd < 0) {
        err = cs_local_socket_open(&k->socket, cfg.socket_dir, cfg.socket_name, why);
    }
    cfg.socket = k->socket.dir_fd >= 0 ? &k->socket : NULL;
    if (err == CS_OK) {
        err = cs_host_new(&k->host, &cfg, why);
    }
    if (err == CS_OK) {
        err = k->ops->core(k->ctx, k->host, &core, why);
    }
    if (err == CS_OK) {
        cs_host_start(k->host, core);
        return CS_OK;
    }
    if (k->host != NULL) {
        cs_host_close(k->host, abandoned, NULL);
        k->host = NULL;
    }
    k->ops->drop(k->ctx);
    return err;
}

static void timer_closed(uv_handle_t *handle)
{
    struct cs_keeper *k = handle->data;

    k->running = false;
    cs_local_socket_close(&k->socket);
    k->ops->ended(k->ctx, k->err);
}

static void again(struct cs_keeper *k);

static void left(void *ctx)
{
    struct cs_keeper *k = ctx;

    k->waiting = NULL;
    k->leaving = false;
    if (k->ending) {
        uv_close((uv_handle_t *)&k->backoff, timer_closed);
    } else {
        again(k);
    }
}

/* The wait is over: what it left on the loop goes first. */
static void leave(struct cs_keeper *k)
{
    if (k->waiting == NULL) {
        left(k);
    } else if (!k->leaving) {
        k->leaving = true;
        cs_local_server_close(k->waiting, left, k);
    }
}

static void end(struct cs_keeper *k, enum cs_err err)
{
    if (!k->ending) {
        k->ending = true;
        k->err = err;
        leave(k);
    }
}

static void on_question(void *ctx, uint64_t id, struct cs_span line)
{
    struct cs_keeper *k = ctx;
    const struct cs_log_target *before = cs_log_target_set(k->log);
    struct cs_wr w = {0};

    k->ops->question(k->ctx, &w, line);
    cs_local_server_answer(k->waiting, id, cs_wr_get(&w));
    cs_wr_free(&w);
    (void)cs_log_target_set(before);
}

/* Where it cannot be, whoever asks waits for the next life. */
static void answer_meanwhile(struct cs_keeper *k)
{
    const struct cs_local_config cfg = {
        .loop = k->loop, .socket = &k->socket, .question = on_question, .ctx = k};
    struct cs_why why = {""};

    if (k->ops->question != NULL && k->socket.dir_fd >= 0 &&
        cs_local_server_new(&k->waiting, &cfg, &why) != CS_OK) {
        cs_log(CS_LOG_WARN, "net", "local socket: %s", why.text);
    }
}

static void on_backoff(uv_timer_t *timer)
{
    leave(timer->data);
}

static void wait_for_space(struct cs_keeper *k)
{
    cs_log(CS_LOG_ERROR, "store", "no space left: free some; next try in %u s",
           (unsigned)(k->backoff_ms / 1000));
    answer_meanwhile(k);
    CS_ASSERT(uv_timer_start(&k->backoff, on_backoff, k->backoff_ms, 0) == 0);
    k->backoff_ms = 2 * k->backoff_ms < BACKOFF_MAX_MS ? 2 * k->backoff_ms
                                                       : BACKOFF_MAX_MS;
}

static void again(struct cs_keeper *k)
{
    const struct cs_log_target *before = cs_log_target_set(k->log);
    struct cs_why why = {""};
    enum cs_err err = begin(k, &why);

    if (err == CS_ERR_STORE_FULL) {
        wait_for_space(k);
    } else if (err != CS_OK) {
        cs_log(CS_LOG_ERROR, "store", "cannot go on: %s", why.text);
        end(k, err);
    }
    (void)cs_log_target_set(before);
}

static void on_host_closed(void *ctx)
{
    struct cs_keeper *k = ctx;
    const struct cs_log_target *before = cs_log_target_set(k->log);

    k->host = NULL;
    k->host_closing = false;
    if (k->err == CS_ERR_STORE_FULL && !k->stopping) {
        k->ops->drop(k->ctx);
        wait_for_space(k);
    } else {
        end(k, k->err);
    }
    (void)cs_log_target_set(before);
}

enum cs_err cs_keeper_start(struct cs_keeper *k, struct cs_why *why)
{
    enum cs_err err;

    k->log = cs_log_target_get();
    CS_ASSERT(!k->running && k->host == NULL);
    err = begin(k, why);
    if (err != CS_OK) {
        cs_local_socket_close(&k->socket);
        return err;
    }
    CS_ASSERT(uv_timer_init(k->loop, &k->backoff) == 0);
    k->backoff.data = k;
    k->running = true;
    return CS_OK;
}

/* True when it was waiting for space: then there is nothing to drain. */
static bool end_waiting(struct cs_keeper *k)
{
    if (k->host != NULL) {
        return false;
    }
    (void)uv_timer_stop(&k->backoff);
    end(k, CS_OK);
    return true;
}

void cs_keeper_stop(struct cs_keeper *k)
{
    if (!k->running || k->stopping) {
        return;
    }
    k->stopping = true;
    if (!end_waiting(k) && !k->host_closing) {
        cs_host_stop(k->host);
    }
}

void cs_keeper_abort(struct cs_keeper *k, enum cs_err err)
{
    if (!k->running) {
        return;
    }
    k->stopping = true;
    if (!end_waiting(k)) {
        on_exited(k, err);
    }
}
