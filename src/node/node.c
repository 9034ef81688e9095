/* cs_node: the node core and its store, kept alive on the caller's loop (net/keeper.h).
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/os/process.h"
#include "crypto/group.h"
#include "crypto/selftest.h"
#include "mpc/ot_selftest.h"
#include "node/node_impl.h"
#include "node/observe.h"
#include "node/rekey.h"
#include "store/lmdb/kv_lmdb.h"

enum { CONFIG_SIZE_MAX = 4096 }; /* no library's ever */

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

static enum cs_err open_once(struct cs_node *n, struct cs_why *why)
{
    struct cs_node_core_config cfg = cs_node_settings_core(n->settings, n->kv);

    cfg.metrics = &n->metrics;
    cfg.ask = n->approve != NULL || n->approval != NULL;
    cfg.policy = n->rules.policy;
    return cs_node_core_new(&n->core, &cfg, why);
}

/* After a rekey of an earlier life the store has the new key; when it opens with the
 * old one, that rekey has failed, and another may be asked for. */
static enum cs_err open_core(struct cs_node *n, struct cs_why *why)
{
    enum cs_err err = open_once(n, why);

    if (err == CS_ERR_STORE_KEY && cs_node_settings_next(n->settings)) {
        err = open_once(n, why);
    } else if (err == CS_OK) {
        cs_node_settings_withdraw(n->settings);
    }
    return err;
}

static void on_unsealed(void *ctx, enum cs_err err, const struct cs_why *why);

static void on_unseal_status(void *ctx, struct cs_wr *w)
{
    cs_node_report(ctx, w);
}

static enum cs_err make_unseal(struct cs_node *n, const struct cs_node_config *cfg,
                               struct cs_why *why)
{
    struct cs_unseal_config unseal = {.loop = n->loop,
                                      .kv = n->kv,
                                      .settings = n->settings,
                                      .aws_env = cfg->aws_env,
                                      .status = on_unseal_status,
                                      .done = on_unsealed,
                                      .ctx = n};

    return cs_unseal_new(&n->unseal, &unseal, why);
}

static enum cs_err open_all(struct cs_node *n, const struct cs_node_config *cfg,
                            struct cs_why *why)
{
    struct cs_kv_lmdb_params store = {0};

    CS_CHECK(check_crypto(why));
    CS_CHECK(cs_node_settings_new(&n->settings, cfg, why));
    CS_CHECK(cs_rules_open(&n->rules, n->settings->policy_file, why));
    CS_CHECK(cs_approval_new(&n->approval, n, n->settings, why));
    store.dir = n->settings->dir;
    store.allow_any_fs = n->settings->allow_unsafe_fs;
    CS_CHECK(cs_kv_lmdb_open(&n->kv, &store, why)); /* locks the volume first */
    n->copy = cs_node_copy_new(n->kv, n->settings->dir);
    if (n->copy == NULL) {
        return CS_ERR_NOMEM;
    }
    /* So that a wrong key is told before anything runs. */
    return n->settings->has_kek ? open_core(n, why) : make_unseal(n, cfg, why);
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
    cs_node_tell(ctx, word, json);
}

static void on_answer(void *ctx, uint64_t id, struct cs_span json)
{
    cs_node_asks_answer(ctx, id, json);
}

static void on_ask(void *ctx, uint64_t id, struct cs_span json)
{
    struct cs_node *n = ctx;

    if (n->approval != NULL && !cs_approval_ask(n->approval, id, json)) {
        return;
    }
    if (n->approve != NULL) {
        cs_node_hook_ask(n, id, json);
    } else { /* outside of this step */
        cs_mailbox_post(n->mailbox, CS_NODE_LETTER_CALL, id, CS_SPAN_LIT("{}"));
    }
}

static void on_hook_done(struct cs_node *n, uint64_t ask, enum cs_err err,
                         const char *reason)
{
    if (err == CS_OK && n->approval != NULL) {
        cs_approval_go(n->approval, ask); /* both must allow */
        return;
    }
    if (n->approval != NULL) {
        cs_approval_drop(n->approval, ask);
    }
    if (n->keeper.host != NULL) {
        cs_host_verdict(n->keeper.host, ask, err, reason);
    }
}

/* What is not the pure core's. */
static bool on_question(void *ctx, uint64_t id, struct cs_span line)
{
    struct cs_node *n = ctx;

    return cs_node_rekey_question(n, id, line) || /* first: it holds a secret */
           cs_rules_question(n, id, line) ||
           cs_node_observe_question(n, n->keeper.host, id, line) ||
           cs_node_copy_question(n->copy, n->keeper.host, id, line);
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
    cfg->answer = on_answer;
    cfg->ask = on_ask;
    cfg->question = on_question;
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
    n->waits_for = "WAITING_FOR_SPACE";
    cs_node_hook_end(n);
    if (n->approval != NULL) {
        cs_approval_forget(n->approval);
    }
    if (n->running) { /* the disk is full; the next life tells its state itself */
        cs_node_asks_end(n);
        cs_node_tell(n, "state", CS_SPAN_LIT("{\"state\":\"WAITING_FOR_SPACE\"}"));
    }
}

static void on_mailbox_closed(void *ctx)
{
    struct cs_node *n = ctx;

    n->mailbox = NULL;
    n->running = false;
    if (n->stopped != NULL) {
        n->stopped(n->ctx, cs_err_exit(n->ended), cs_err_reason(n->ended),
                   n->ended_why.text[0] != '\0' ? n->ended_why.text
                                                : cs_err_text(n->ended));
    }
}

/* Nothing is left of the node on the loop but the mailbox, which empties itself. */
static void on_approval_stopped(struct cs_node *n)
{
    cs_mailbox_close(n->mailbox, on_mailbox_closed, n);
}

static void on_observe_stopped(struct cs_node *n)
{
    if (n->approval != NULL) {
        cs_approval_stop(n->approval, on_approval_stopped);
    } else {
        on_approval_stopped(n);
    }
}

static void on_ended(void *ctx, enum cs_err err)
{
    struct cs_node *n = ctx;

    n->ended = err;
    cs_node_asks_end(n);
    cs_node_hook_end(n);
    if (n->approval != NULL) {
        cs_approval_forget(n->approval);
    }
    n->ending = true; /* callbacks ask in vain */
    cs_node_observe_stop(n, on_observe_stopped);
}

/* KMS has opened the store's key, or said that it never will, or nobody waits for it
 * any more.  From here on the node is as one with a key of its own. */
static void on_unsealed(void *ctx, enum cs_err err, const struct cs_why *why)
{
    struct cs_node *n = ctx;
    const struct cs_log_target *before = cs_node_enter(n);

    n->unseal = NULL;
    n->ended_why = *why;
    if (err == CS_OK && !n->stopping) {
        n->ended_why.text[0] = '\0';
        err = cs_keeper_start(&n->keeper, &n->ended_why);
    }
    if (err != CS_OK || n->stopping) {
        cs_local_socket_close(&n->keeper.socket);
        on_ended(n, err);
    }
    cs_node_leave(before);
}

static enum cs_err start_unseal(struct cs_node *n, struct cs_why *why)
{
    struct cs_local_socket *socket = &n->keeper.socket;
    enum cs_err err = CS_OK;

    if (!n->settings->no_local_socket) {
        err = cs_local_socket_open(socket, n->settings->dir, "node.sock", why);
    }
    if (err == CS_OK) {
        err = cs_unseal_start(n->unseal, socket->dir_fd >= 0 ? socket : NULL, why);
    }
    if (err != CS_OK) {
        cs_local_socket_close(socket);
        return err;
    }
    n->waits_for = "WAITING_FOR_KMS";
    cs_node_tell(n, "state", CS_SPAN_LIT("{\"state\":\"WAITING_FOR_KMS\"}"));
    return CS_OK;
}

static const struct cs_keeper_ops keeper_ops = {
    .prepare = prepare,
    .core = give_core,
    .drop = drop_core,
    .question = cs_node_waiting_question,
    .ended = on_ended,
};

/* ---- the library's functions
 * --------------------------------------------------------------- */

/* Fields that an older caller's structure does not have read as zero; those of a newer
 * one, which this library does not know, must be: it cannot do what they ask for. */
static enum cs_err take_config(struct cs_node_config *out, const uv_loop_t *loop,
                               const struct cs_node_config *cfg, struct cs_why *why)
{
    size_t known;

    *out = (struct cs_node_config){0};
    if (loop == NULL || cfg == NULL) {
        return cs_why(why, CS_ERR_USAGE, "cs_node_new: loop or config is NULL");
    }
    if (cfg->size < offsetof(struct cs_node_config, event) ||
        cfg->size > CONFIG_SIZE_MAX) {
        return cs_why(why, CS_ERR_USAGE,
                      "cs_node_new: config.size is %zu: set it to sizeof(struct "
                      "cs_node_config)",
                      cfg->size);
    }
    known = cfg->size < sizeof *out ? cfg->size : sizeof *out;
    for (size_t i = known; i < cfg->size; i++) {
        if (((const unsigned char *)cfg)[i] != 0) {
            return cs_why(why, CS_ERR_USAGE,
                          "cs_node_new: config has a field set that this library "
                          "(%s) does not know: use the library of the headers",
                          CS_VERSION);
        }
    }
    memcpy(out, cfg, known);
    return CS_OK;
}

int cs_node_new(cs_node **out, uv_loop_t *loop, const struct cs_node_config *config,
                char *message, size_t message_len)
{
    struct cs_node_config cfg;
    const struct cs_log_target *before;
    struct cs_why why = {""};
    struct cs_node *n;
    enum cs_err err;

    if (out == NULL) {
        return cs_err_exit(CS_ERR_USAGE);
    }
    *out = NULL;
    err = take_config(&cfg, loop, config, &why);
    if (err != CS_OK) {
        return fail(err, &why, message, message_len);
    }
    n = cs_alloc(sizeof *n);
    if (n == NULL) {
        return fail(CS_ERR_NOMEM, &why, message, message_len);
    }
    cs_keeper_init(&n->keeper, loop, &keeper_ops, n);
    n->loop = loop;
    n->waits_for = "WAITING_FOR_SPACE";
    n->process = cs_os_process_open(); /* NULL: no figures of it */
    n->event = cfg.event;
    n->stopped = cfg.stopped;
    n->ctx = cfg.ctx;
    n->approve = cfg.approve;
    n->approve_ctx = cfg.approve_ctx;
    n->hook.done = on_hook_done;
    n->log = cfg.log;
    n->log_least = cfg.log_least;
    cs_node_tell_init(n);
    before = cs_node_enter(n);
    err = open_all(n, &cfg, &why);
    cs_node_leave(before);
    if (err != CS_OK) {
        cs_node_free(n);
        return fail(err, &why, message, message_len);
    }
    *out = n;
    return 0;
}

void cs_node_free(cs_node *node)
{
    const struct cs_log_target *before;

    if (node == NULL) {
        return;
    }
    CS_ASSERT(!node->running);
    before = cs_node_enter(node);
    cs_node_core_free(node->core);
    cs_node_copy_free(node->copy);
    cs_unseal_free(node->unseal);
    cs_approval_free(node->approval);
    cs_rules_close(&node->rules);
    if (node->kv != NULL) {
        node->kv->ops->close(node->kv);
    }
    cs_node_settings_free(node->settings);
    cs_os_process_close(node->process);
    cs_node_leave(before == &node->target ? NULL : before);
    cs_free(node);
    cs_crypto_thread_end(); /* another node of this thread makes it anew */
}

static enum cs_err start(struct cs_node *n, struct cs_why *why)
{
    enum cs_err err;

    n->mailbox = cs_mailbox_new(n->loop, &cs_node_mail, n);
    if (n->mailbox == NULL) {
        return CS_ERR_NOMEM;
    }
    n->thread = pthread_self();
    err = cs_node_observe_start(n, why);
    if (err == CS_OK && n->approval != NULL) {
        err = cs_approval_start(n->approval, n->loop, why);
    }
    if (err == CS_OK) {
        err = n->unseal != NULL ? start_unseal(n, why)
                                : cs_keeper_start(&n->keeper, why);
    }
    if (err != CS_OK) {
        cs_node_observe_stop(n, NULL);
        if (n->approval != NULL) {
            cs_approval_stop(n->approval, NULL);
        }
        cs_mailbox_drop(n->mailbox);
        n->mailbox = NULL;
    }
    n->running = err == CS_OK;
    return err;
}

int cs_node_start(cs_node *node, char *message, size_t message_len)
{
    const struct cs_log_target *before;
    struct cs_why why = {""};
    enum cs_err err = CS_ERR_USAGE;

    if (node == NULL || node->started) {
        (void)cs_why(&why, err, "cs_node_start: %s",
                     node == NULL ? "node is NULL" : "it was started before");
        return fail(err, &why, message, message_len);
    }
    node->started = true;
    before = cs_node_enter(node);
    err = start(node, &why);
    cs_node_leave(before);
    return err == CS_OK ? 0 : fail(err, &why, message, message_len);
}

void cs_node_stop(cs_node *node)
{
    const struct cs_log_target *before;

    if (node == NULL) {
        return;
    }
    before = cs_node_enter(node);
    if (node->unseal != NULL && node->running) {
        node->stopping = true;
        cs_unseal_stop(node->unseal);
    } else {
        cs_keeper_stop(&node->keeper);
    }
    cs_node_leave(before);
}

void cs_node_abort(cs_node *node)
{
    const struct cs_log_target *before;

    if (node == NULL) {
        return;
    }
    before = cs_node_enter(node);
    if (node->unseal != NULL && node->running) {
        node->stopping = true;
        cs_unseal_stop(node->unseal);
    } else {
        cs_keeper_abort(&node->keeper, CS_OK);
    }
    cs_node_leave(before);
}

size_t cs_node_status(const cs_node *node, char *buf, size_t cap)
{
    struct cs_wr w = {0};
    int n;

    cs_node_report(node, &w);
    cs_wr_u8(&w, 0);
    n = snprintf(buf, cap, "%s", w.err == CS_OK ? (const char *)w.p : "{}");
    cs_wr_free(&w);
    return n > 0 ? (size_t)n : 0;
}
