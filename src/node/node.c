/* cs_node: the node core, its store and a host on the caller's loop.
 *
 * A full disk does not end the node: memory may be ahead of the store then, so core and
 * sockets are dropped and made anew over the same store after a back-off, as a restart
 * of the process would do.  Any other failure of the store ends it (RELIABILITY T23,
 * T24). */
#include "cloudsign/cs_node.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "crypto/group.h"
#include "crypto/selftest.h"
#include "net/host.h"
#include "node/settings.h"
#include "store/lmdb/kv_lmdb.h"

enum { BACKOFF_FIRST_MS = 1000, BACKOFF_MAX_MS = 30000 };

struct cs_node {
    uv_loop_t *loop;
    struct cs_node_settings *settings;
    struct cs_kv *kv;
    struct cs_node_core *core; /* NULL between two lives */
    struct cs_host *host;      /* NULL likewise */
    uv_timer_t backoff;
    uint64_t backoff_ms;
    bool timer_open, running, stopping, host_closing;
    enum cs_err err; /* why it ends */
    cs_node_event_cb *event;
    cs_node_stopped_cb *stopped;
    void *ctx;
};

/* ---- opening ---------------------------------------------------------------------------- */

static enum cs_err check_crypto(struct cs_why *why)
{
    const char *what = "";
    enum cs_err err = cs_crypto_init();

    if (err == CS_OK) {
        err = cs_selftest(&what);
    }
    return err == CS_OK ? CS_OK
                        : cs_why(why, err, "self-test %s failed: do not use this machine",
                                 what);
}

static enum cs_err open_core(struct cs_node *n, struct cs_why *why)
{
    struct cs_node_core_config cfg = cs_node_settings_core(n->settings, n->kv);

    return cs_node_core_new(&n->core, &cfg, why);
}

static enum cs_err open_all(struct cs_node *n, const struct cs_node_config *cfg,
                            struct cs_why *why)
{
    struct cs_kv_lmdb_params store = {0};

    CS_CHECK(check_crypto(why));
    CS_CHECK(cs_node_settings_new(&n->settings, cfg, why));
    store.dir = n->settings->dir;
    store.allow_any_fs = n->settings->allow_unsafe_fs;
    CS_CHECK(cs_kv_lmdb_open(&n->kv, &store, why)); /* locks the volume first */
    return open_core(n, why);
}

static int fail(enum cs_err err, const struct cs_why *why, char *message, size_t cap)
{
    if (message != NULL && cap != 0) {
        (void)snprintf(message, cap, "%s",
                       why->text[0] != '\0' ? why->text : cs_err_text(err));
    }
    return cs_err_exit(err);
}

/* Fields that an older caller's structure does not have read as zero. */
static bool take_config(struct cs_node_config *out, const struct cs_node_config *cfg)
{
    *out = (struct cs_node_config){0};
    if (cfg == NULL || cfg->size < offsetof(struct cs_node_config, event) ||
        cfg->size > sizeof *cfg) {
        return false;
    }
    memcpy(out, cfg, cfg->size);
    return true;
}

int cs_node_new(cs_node **out, uv_loop_t *loop, const struct cs_node_config *config,
                char *message, size_t message_len)
{
    struct cs_node_config cfg;
    struct cs_why why = {""};
    struct cs_node *n;
    enum cs_err err;

    *out = NULL;
    if (loop == NULL || !take_config(&cfg, config)) {
        return fail(CS_ERR_USAGE, &why, message, message_len);
    }
    n = cs_alloc(sizeof *n);
    if (n == NULL) {
        return fail(CS_ERR_NOMEM, &why, message, message_len);
    }
    n->loop = loop;
    n->event = cfg.event;
    n->stopped = cfg.stopped;
    n->ctx = cfg.ctx;
    n->backoff_ms = BACKOFF_FIRST_MS;
    err = open_all(n, &cfg, &why);
    if (err != CS_OK) {
        cs_node_free(n);
        return fail(err, &why, message, message_len);
    }
    *out = n;
    return 0;
}

void cs_node_free(cs_node *node)
{
    if (node == NULL) {
        return;
    }
    CS_ASSERT(!node->running);
    cs_node_core_free(node->core);
    if (node->kv != NULL) {
        node->kv->ops->close(node->kv);
    }
    cs_node_settings_free(node->settings);
    cs_free(node);
}

/* ---- lives of the core -------------------------------------------------------------------- */

static void on_notify(void *ctx, const char *word, struct cs_span json)
{
    struct cs_node *n = ctx;

    if (n->event != NULL) {
        n->event(n->ctx, word, (const char *)json.p, json.n);
    }
}

static void on_exited(void *ctx, enum cs_err err);
static void on_host_closed(void *ctx);

static enum cs_err start_host(struct cs_node *n, struct cs_why *why)
{
    struct cs_host_config cfg = {
        .loop = n->loop,
        .kv = n->kv,
        .n_workers = n->settings->n_workers,
        .thread_end = cs_crypto_thread_end,
        .ca_der = cs_node_core_ca(n->core),
        .socket_dir = n->settings->no_local_socket ? NULL : n->settings->dir,
        .socket_name = "node.sock",
        .notify = on_notify,
        .exited = on_exited,
        .ctx = n,
    };

    CS_CHECK(cs_host_new(&n->host, &cfg, why));
    cs_host_start(n->host, cs_node_core_iface(n->core));
    return CS_OK;
}

static void timer_closed(uv_handle_t *handle)
{
    struct cs_node *n = handle->data;

    n->timer_open = false;
    n->running = false;
    if (n->stopped != NULL) {
        n->stopped(n->ctx, cs_err_exit(n->err), cs_err_reason(n->err),
                   cs_err_text(n->err));
    }
}

/* The last handle; `stopped` comes from its close callback. */
static void end(struct cs_node *n, enum cs_err err)
{
    n->err = err;
    uv_close((uv_handle_t *)&n->backoff, timer_closed);
}

static void on_backoff(uv_timer_t *timer);

static void wait_for_space(struct cs_node *n)
{
    cs_log(CS_LOG_ERROR, "node", "no space for the store: free some; next try in %u s",
           (unsigned)(n->backoff_ms / 1000));
    CS_ASSERT(uv_timer_start(&n->backoff, on_backoff, n->backoff_ms, 0) == 0);
    n->backoff_ms = 2 * n->backoff_ms < BACKOFF_MAX_MS ? 2 * n->backoff_ms
                                                       : BACKOFF_MAX_MS;
}

static void on_backoff(uv_timer_t *timer)
{
    struct cs_node *n = timer->data;
    struct cs_why why = {""};
    enum cs_err err = open_core(n, &why);

    if (err == CS_OK) {
        err = start_host(n, &why);
    }
    if (err == CS_OK) {
        return;
    }
    cs_log(CS_LOG_ERROR, "node", "restart failed: %s", why.text);
    cs_node_core_free(n->core);
    n->core = NULL;
    if (err == CS_ERR_STORE_FULL) {
        wait_for_space(n);
    } else {
        end(n, err);
    }
}

static void on_exited(void *ctx, enum cs_err err)
{
    struct cs_node *n = ctx;

    n->err = err;
    if (!n->host_closing) {
        n->host_closing = true;
        cs_host_close(n->host, on_host_closed, n);
    }
}

static void on_host_closed(void *ctx)
{
    struct cs_node *n = ctx;

    n->host = NULL;
    n->host_closing = false;
    if (n->err == CS_ERR_STORE_FULL && !n->stopping) {
        cs_node_core_free(n->core);
        n->core = NULL;
        wait_for_space(n);
    } else {
        end(n, n->err); /* the core stays for cs_node_status until free */
    }
}

int cs_node_start(cs_node *node, char *message, size_t message_len)
{
    struct cs_why why = {""};
    enum cs_err err;

    if (node->running || node->timer_open || node->core == NULL) {
        return fail(CS_ERR_STATE, &why, message, message_len);
    }
    err = start_host(node, &why);
    if (err != CS_OK) {
        return fail(err, &why, message, message_len);
    }
    CS_ASSERT(uv_timer_init(node->loop, &node->backoff) == 0);
    node->backoff.data = node;
    node->timer_open = node->running = true;
    return 0;
}

static void end_early(struct cs_node *n)
{
    if (n->host == NULL && n->running && uv_is_active((uv_handle_t *)&n->backoff) != 0) {
        (void)uv_timer_stop(&n->backoff); /* it was waiting for space */
        end(n, CS_OK);
    }
}

void cs_node_stop(cs_node *node)
{
    if (!node->running || node->stopping) {
        return;
    }
    node->stopping = true;
    if (node->host != NULL && !node->host_closing) {
        cs_host_stop(node->host);
    } else {
        end_early(node);
    }
}

void cs_node_abort(cs_node *node)
{
    if (!node->running) {
        return;
    }
    node->stopping = true;
    if (node->host != NULL) {
        on_exited(node, node->err);
    } else {
        end_early(node);
    }
}

size_t cs_node_status(const cs_node *node, char *buf, size_t cap)
{
    struct cs_wr w = {0};
    int n;

    if (node->core != NULL) {
        cs_node_core_status(node->core, &w);
    } else {
        cs_wr_str(&w, "{\"state\":\"WAITING_FOR_SPACE\"}");
    }
    cs_wr_u8(&w, 0);
    n = snprintf(buf, cap, "%s", w.err == CS_OK ? (const char *)w.p : "{}");
    cs_wr_free(&w);
    return n > 0 ? (size_t)n : 0;
}
