/* cloudsign run: the order of start, one node, signals.  Settings: environment.h. */
#include <cloudsign/cs_node.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os/harden.h"
#include "base/os/logsink.h"
#include "base/os/sandbox.h"
#include "base/os/secret.h"
#include "base/os/volume.h"
#include "cli/node/cli.h"
#include "cli/node/confine.h"
#include "cli/node/environment.h"
#include "net/preload.h"
#include "net/signals.h"

struct run {
    uv_loop_t loop;
    struct cs_signals signals;
    cs_node *node;
    enum cs_os_sandbox_mode sandbox;
    int exit_code;
};

/* Locked at once: the states of a hundred signatures. */
enum { LOCKED_MEMORY = 1 << 20 };

/* The one line of a failed start. */
static int refuse(enum cs_err err, const char *text)
{
    cs_os_say_failure("cloudsign", text[0] != '\0' ? text : cs_err_text(err));
    return cs_err_exit(err);
}

static void on_signal(void *ctx, int signum, unsigned nth)
{
    struct run *r = ctx;

    if (nth > 1) {
        _exit(128 + signum); /* the operator insists */
    }
    cs_log(CS_LOG_INFO, "node", "signal %d: draining", signum);
    if (r->node != NULL) { /* else its start has failed: ending already */
        cs_node_stop(r->node);
    }
}

static void on_reloaded(void *ctx, const char *json, size_t json_len)
{
    (void)ctx; /* the node has logged how it went, hashes and all */
    (void)json;
    (void)json_len;
}

static void on_hangup(void *ctx)
{
    static const char question[] = "{\"cmd\":\"policy.reload\"}";
    struct run *r = ctx;

    if (r->node == NULL ||
        cs_node_ask(r->node, question, sizeof question - 1, on_reloaded, NULL) != 0) {
        cs_log(CS_LOG_WARN, "policy",
               "SIGHUP: the node does not run: nothing reloaded");
    }
}

static void on_stopped(void *ctx, int exit_code, const char *reason, const char *text)
{
    struct run *r = ctx;

    r->exit_code = exit_code;
    if (exit_code != 0) {
        (void)fprintf(stderr, "cloudsign: %s: %s\n", reason, text);
    }
    cs_signals_close(&r->signals);
}

/* The configuration borrows the secrets: they go when the node has copied them. */
static int make_node(struct run *r, struct cli_env *e, char *message, size_t cap)
{
    struct cs_why why = {""};
    struct cs_node_config cfg = {.size = sizeof cfg, .stopped = on_stopped, .ctx = r};
    enum cs_err err = cli_env_config(&cfg, e, &why);
    int code = cs_err_exit(err);

    if (err == CS_OK) {
        code = cs_node_new(&r->node, &r->loop, &cfg, message, cap);
    }
    if (err == CS_OK && code == 0) {
        err = cli_confine(r->sandbox, &cfg, &why);
        code = cs_err_exit(err);
    }
    if (err != CS_OK) {
        (void)snprintf(message, cap, "%s", why.text);
    }
    cli_env_wipe(e);
    return code;
}

/* It listens where it ever will, and nothing has come from the network yet. */
static int stop_listening(struct run *r)
{
    struct cs_why why = {""};
    enum cs_err err = cs_os_sandbox_listening(r->sandbox, &why);

    if (err != CS_OK) {
        cs_node_abort(r->node);
        return refuse(err, why.text);
    }
    return 0;
}

/* Runs to the end; what cs_node_start leaves behind on failure closes here as well. */
static int drive(struct run *r)
{
    char message[512] = "";
    int code = cs_node_start(r->node, message, sizeof message);

    if (code != 0) {
        cs_os_say_failure("cloudsign", message);
        cs_signals_close(&r->signals);
    } else {
        code = stop_listening(r);
    }
    (void)uv_run(&r->loop, UV_RUN_DEFAULT);
    return code != 0 ? code : r->exit_code;
}

/* Signals first: one that comes while the store is being opened must end the node in
 * order, too, as soon as the loop runs. */
static int run_node(struct run *r, struct cli_env *e)
{
    char message[512] = "";
    int code;

    if (cs_signals_open(&r->signals, &r->loop, on_signal, r) != CS_OK ||
        cs_signals_reload(&r->signals, &r->loop, on_hangup) != CS_OK) {
        return refuse(CS_ERR_OS, "cannot watch signals");
    }
    code = make_node(r, e, message, sizeof message);
    if (code != 0) {
        cs_os_say_failure("cloudsign", message);
        cs_signals_close(&r->signals);
        (void)uv_run(&r->loop, UV_RUN_DEFAULT); /* closes them */
    } else {
        code = drive(r);
    }
    cs_node_free(r->node);
    return code;
}

static int run(struct run *r, struct cli_env *e)
{
    int code;

    if (uv_loop_init(&r->loop) != 0) {
        return refuse(CS_ERR_OS, "cannot make an event loop");
    }
    cs_log(CS_LOG_INFO, "node", "cloudsign %s starts, data in %s", CS_VERSION,
           cli_data_dir());
    code = run_node(r, e);
    if (uv_loop_close(&r->loop) != 0) {
        cs_log(CS_LOG_DEBUG, "node", "the loop still had handles at the end");
    }
    return code;
}

/* Whoever cannot have the volume reads no secret.  cs_node_new takes the lock again,
 * for the node's life: an embedder's first step is that one. */
static enum cs_err look_at_volume(struct cs_why *why)
{
    const char *dir = cli_data_dir();
    struct cs_os_lock lock = {.fd = -1};
    bool unsafe_fs = false;

    CS_CHECK(cs_os_setting_bool(&unsafe_fs, "CLOUDSIGN_ALLOW_UNSAFE_FS", false, why));
    CS_CHECK(cs_os_volume_check(dir, unsafe_fs, why));
    CS_CHECK(cs_os_lock_take(&lock, dir, why));
    cs_os_lock_drop(&lock);
    return CS_OK;
}

/* RELIABILITY 4.1.  What follows: the loop and its signals; cs_node_new, which has the
 * file examined in a child without secrets and opens the store; the sandbox; and only
 * then the network. */
static enum cs_err first_steps(struct run *r, struct cli_env *e, struct cs_why *why)
{
    CS_CHECK(cs_os_harden(why));
    CS_CHECK(cli_env_log(why));
    CS_CHECK(cs_os_sandbox_mode(&r->sandbox, why));
    CS_CHECK(look_at_volume(why));
    CS_CHECK(cs_os_locked_memory(LOCKED_MEMORY, why));
    CS_CHECK(cli_env_read(e, why));
    cs_net_preload();
    return CS_OK;
}

int cli_run(void)
{
    static struct run r; /* handles must outlive every return */
    struct cli_env e = {0};
    struct cs_why why = {""};
    enum cs_err err = first_steps(&r, &e, &why);
    int code = err == CS_OK ? run(&r, &e) : refuse(err, why.text);

    cli_env_wipe(&e);
    return code;
}
