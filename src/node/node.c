/* cs_node: the node core and its store, kept alive on the caller's loop (net/keeper.h).
 */
#include <cloudsign/cs_node.h>

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "crypto/group.h"
#include "crypto/selftest.h"
#include "mpc/ot_selftest.h"
#include "net/keeper.h"
#include "node/settings.h"
#include "store/lmdb/kv_lmdb.h"

struct cs_node {
    struct cs_keeper keeper;
    struct cs_node_settings *settings;
    struct cs_kv *kv;
    struct cs_node_core *core; /* NULL between two lives */
    bool started;
    cs_node_event_cb *event;
    cs_node_stopped_cb *stopped;
    void *ctx;
};

/* ---- opening
 * ---------------------------------------------------------------------------- */

static enum cs_err check_crypto(struct cs_why *why)
{
    const char *what = "";
    enum cs_err err = cs_crypto_init();

    if (err == CS_OK) {
        err = cs_selftest(&what);
    }
    if (err == CS_OK) {
        err = cs_ot_selftest(&what);
    }
    return err == CS_OK
               ? CS_OK
               : cs_why(why, err, "self-test %s failed: do not use this machine", what);
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
    return open_core(n, why); /* so that a wrong key is told before anything runs */
}

static int fail(enum cs_err err, const struct cs_why *why, char *message, size_t cap)
{
    if (message != NULL && cap != 0) {
        (void)snprintf(message, cap, "%s",
                       why->text[0] != '\0' ? why->text : cs_err_text(err));
    }
    return cs_err_exit(err);
}

/* ---- lives of the core
 * -------------------------------------------------------------------- */

static void on_notify(void *ctx, const char *word, struct cs_span json)
{
    struct cs_node *n = ctx;

    if (n->event != NULL) {
        n->event(n->ctx, word, (const char *)json.p, json.n);
    }
}

static enum cs_err prepare(void *ctx, struct cs_host_config *cfg, struct cs_why *why)
{
    struct cs_node *n = ctx;

    if (n->core == NULL) { /* not the first life */
        CS_CHECK(open_core(n, why));
    }
    cfg->kv = n->kv;
    cfg->n_workers = n->settings->n_workers;
    cfg->thread_end = cs_crypto_thread_end;
    cfg->ca_der = cs_node_core_ca(n->core);
    cfg->socket_dir = n->settings->no_local_socket ? NULL : n->settings->dir;
    cfg->socket_name = "node.sock";
    cfg->notify = on_notify;
    cfg->notify_ctx = n;
    return CS_OK;
}

static enum cs_err give_core(void *ctx, const struct cs_host *host, struct cs_core *out,
                             struct cs_why *why)
{
    struct cs_node *n = ctx;

    (void)host;
    (void)why;
    *out = cs_node_core_iface(n->core);
    return CS_OK;
}

static void drop_core(void *ctx)
{
    struct cs_node *n = ctx;

    cs_node_core_free(n->core);
    n->core = NULL;
}

static void on_ended(void *ctx, enum cs_err err)
{
    struct cs_node *n = ctx;

    if (n->stopped != NULL) {
        n->stopped(n->ctx, cs_err_exit(err), cs_err_reason(err), cs_err_text(err));
    }
}

static const struct cs_keeper_ops keeper_ops = {
    .prepare = prepare, .core = give_core, .drop = drop_core, .ended = on_ended};

/* ---- the library's functions
 * --------------------------------------------------------------- */

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
    cs_keeper_init(&n->keeper, loop, &keeper_ops, n);
    n->event = cfg.event;
    n->stopped = cfg.stopped;
    n->ctx = cfg.ctx;
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
    CS_ASSERT(!node->keeper.running);
    cs_node_core_free(node->core);
    if (node->kv != NULL) {
        node->kv->ops->close(node->kv);
    }
    cs_node_settings_free(node->settings);
    cs_free(node);
}

int cs_node_start(cs_node *node, char *message, size_t message_len)
{
    struct cs_why why = {""};
    enum cs_err err;

    if (node->started) {
        return fail(CS_ERR_STATE, &why, message, message_len);
    }
    node->started = true;
    err = cs_keeper_start(&node->keeper, &why);
    return err == CS_OK ? 0 : fail(err, &why, message, message_len);
}

void cs_node_stop(cs_node *node)
{
    cs_keeper_stop(&node->keeper);
}

void cs_node_abort(cs_node *node)
{
    cs_keeper_abort(&node->keeper, CS_OK);
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
