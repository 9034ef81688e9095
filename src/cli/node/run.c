/* cloudsign run: the seed's environment variables, one node, signals. */
#include <cloudsign/cs_node.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os/harden.h"
#include "base/os/logsink.h"
#include "base/os/secret.h"
#include "cli/node/cli.h"
#include "net/signals.h"
#include "net/ws.h"

struct run {
    uv_loop_t loop;
    struct cs_signals signals;
    cs_node *node;
    int exit_code;
};

/* Secrets live in these two only until cs_node_new has copied them. */
struct env {
    struct cs_wr pairing, db_key;
    bool has_pairing;
};

const char *cli_data_dir(void)
{
    return cs_os_setting("CLOUDSIGN_DATA_DIR", CLI_DEFAULT_DIR);
}

/* The one line of a failed start. */
static int refuse(enum cs_err err, const char *text)
{
    (void)fprintf(stderr, "cloudsign: %s\n", text[0] != '\0' ? text : cs_err_text(err));
    return cs_err_exit(err);
}

static enum cs_err start_log(struct cs_why *why)
{
    const char *level = cs_os_setting("LOG_LEVEL", "info");
    const char *format = cs_os_setting("LOG_FORMAT", "text");
    enum cs_log_level least;
    enum cs_log_format form;

    if (!cs_log_level_parse(&least, level)) {
        return cs_why(why, CS_ERR_CONFIG,
                      "LOG_LEVEL: \"%s\" is none of trace, debug, info, warn, error",
                      level);
    }
    if (!cs_os_log_format_parse(&form, format)) {
        return cs_why(why, CS_ERR_CONFIG, "LOG_FORMAT: \"%s\" is neither text nor json",
                      format);
    }
    cs_os_log_start(form, least);
    return CS_OK;
}

static enum cs_err read_db_key(struct env *e, struct cs_why *why)
{
    enum cs_err err = cs_os_secret(&e->db_key, "DB_ENCRYPTION_KEY_HEX", why);
    const char *ref = getenv("DB_ENCRYPTION_KEY_REF");

    if (ref != NULL && err == CS_OK) {
        return cs_why(why, CS_ERR_CONFIG,
                      "DB_ENCRYPTION_KEY_REF: is set beside DB_ENCRYPTION_KEY_HEX; the "
                      "store has one key: unset the REF");
    }
    if (ref != NULL) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "DB_ENCRYPTION_KEY_REF: this build does not support KMS keys; set "
            "DB_ENCRYPTION_KEY_HEX to 64 hex digits (openssl rand -hex 32)");
    }
    if (err == CS_ERR_NOT_FOUND) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "DB_ENCRYPTION_KEY_HEX: is not set; the store needs its key: 64 hex "
            "digits (make one with: openssl rand -hex 32), or "
            "DB_ENCRYPTION_KEY_HEX_FILE");
    }
    return err;
}

static enum cs_err read_env(struct env *e, struct cs_why *why)
{
    enum cs_err err;

    CS_CHECK(read_db_key(e, why));
    err = cs_os_secret(&e->pairing, "PAIRING_KEY", why);
    e->has_pairing = err == CS_OK;
    return err == CS_ERR_NOT_FOUND ? CS_OK : err;
}

static void wipe_env(struct env *e)
{
    cs_wr_free(&e->pairing);
    cs_wr_free(&e->db_key);
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

static void on_stopped(void *ctx, int exit_code, const char *reason, const char *text)
{
    struct run *r = ctx;

    r->exit_code = exit_code;
    if (exit_code != 0) {
        (void)fprintf(stderr, "cloudsign: %s: %s\n", reason, text);
    }
    cs_signals_close(&r->signals);
}

/* A switch that is neither on nor off stops the start: it might have been meant on. */
static enum cs_err read_switches(bool *unsafe_fs, bool *blind, struct cs_why *why)
{
    CS_CHECK(cs_os_setting_bool(unsafe_fs, "CLOUDSIGN_ALLOW_UNSAFE_FS", false, why));
    return cs_os_setting_bool(blind, "ALLOW_BLIND_SIGNING", false, why);
}

static enum cs_err make_node(struct run *r, const struct env *e, char *message,
                             size_t cap, int *exit_code)
{
    struct cs_why why = {""};
    bool unsafe_fs = false, blind = false;
    enum cs_err err = read_switches(&unsafe_fs, &blind, &why);
    struct cs_node_config cfg = {
        .size = sizeof cfg,
        .data_dir = cli_data_dir(),
        .pairing_key = e->has_pairing ? (const char *)e->pairing.p : NULL,
        .db_key_hex = (const char *)e->db_key.p,
        .platform_url = getenv("PLATFORM_URL"),
        .relay_url = getenv("RELAY_URL"),
        .peer_identities = getenv("PEER_IDENTITIES"),
        .recovery_keys = getenv("RECOVERY_KEYS"),
        .allow_unsafe_fs = unsafe_fs,
        .allow_blind_signing = blind,
        .stopped = on_stopped,
        .ctx = r,
    };

    if (err != CS_OK) {
        (void)snprintf(message, cap, "%s", why.text);
        *exit_code = cs_err_exit(err);
        return err;
    }
    *exit_code = cs_node_new(&r->node, &r->loop, &cfg, message, cap);
    return *exit_code == 0 ? CS_OK : CS_ERR_CONFIG;
}

/* Runs to the end; what cs_node_start leaves behind on failure closes here as well. */
static int drive(struct run *r)
{
    char message[512] = "";
    int code = cs_node_start(r->node, message, sizeof message);

    if (code != 0) {
        (void)fprintf(stderr, "cloudsign: %s\n", message);
        cs_signals_close(&r->signals);
    }
    (void)uv_run(&r->loop, UV_RUN_DEFAULT);
    return code != 0 ? code : r->exit_code;
}

/* Signals first: one that comes while the store is being opened must end the node in
 * order, too, as soon as the loop runs. */
static int run_node(struct run *r, struct env *e)
{
    char message[512] = "";
    int code = 0;
    enum cs_err err = cs_signals_open(&r->signals, &r->loop, on_signal, r);

    if (err != CS_OK) {
        wipe_env(e);
        return refuse(CS_ERR_OS, "cannot watch signals");
    }
    err = make_node(r, e, message, sizeof message, &code);
    wipe_env(e);
    if (err != CS_OK) {
        (void)fprintf(stderr, "cloudsign: %s\n", message);
        cs_signals_close(&r->signals);
        (void)uv_run(&r->loop, UV_RUN_DEFAULT); /* closes them */
        return code;
    }
    code = drive(r);
    cs_node_free(r->node);
    return code;
}

int cli_run(void)
{
    static struct run r; /* handles must outlive every return */
    struct env e = {0};
    struct cs_why why = {""};
    enum cs_err err = cs_os_harden(&why);
    int code;

    if (err == CS_OK) {
        err = start_log(&why);
    }
    if (err == CS_OK) {
        err = read_env(&e, &why);
    }
    if (err != CS_OK) {
        wipe_env(&e);
        return refuse(err, why.text);
    }
    cs_ws_process_init();
    if (uv_loop_init(&r.loop) != 0) {
        wipe_env(&e);
        return refuse(CS_ERR_OS, "cannot make an event loop");
    }
    cs_log(CS_LOG_INFO, "node", "cloudsign %s starts, data in %s", CS_VERSION,
           cli_data_dir());
    code = run_node(&r, &e);
    if (uv_loop_close(&r.loop) != 0) {
        cs_log(CS_LOG_DEBUG, "node", "the loop still had handles at the end");
    }
    return code;
}
