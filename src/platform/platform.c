#include "platform/platform.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/os/random.h"
#include "crypto/group.h"
#include "crypto/selftest.h"
#include "net/file.h"
#include "net/keeper.h"
#include "net/tls_files.h"
#include "net/tls_pem.h"
#include "net/url.h"
#include "platform/caller.h"
#include "platform/observe.h"
#include "store/lmdb/kv_lmdb.h"
#include "wire/jsonx.h"

enum { DIR_MAX_LEN = 400, URL_MAX_LEN = 200, FILE_MAX_LEN = 512 };

struct cs_platform {
    struct cs_keeper keeper;
    char dir[DIR_MAX_LEN];
    char host[CS_URL_HOST_MAX]; /* listen address */
    int port;                   /* wanted, then the one taken */
    char public_host[CS_URL_HOST_MAX];
    int public_port; /* 0: the listening one */
    char url[URL_MAX_LEN];
    struct cs_tls_files tls;
    struct cs_kv *kv;
    struct cs_platform_core *core;
    struct cs_platform_limits limits;
    struct cs_ws_limits net;
    struct cs_ws_listen listen;
    struct cs_observe *observe;
    struct cs_caller *caller;
    struct cs_callee_rule hook_allow[CS_CALLEE_RULES_MAX];
    size_t n_hook_allow;
    uint8_t seal_key[32];
    enum cs_err ended; /* why */
    bool started, has_token, is_ready;
    void (*stopped)(void *ctx, enum cs_err err);
    void *ctx;
};

/* ---- settings
 * --------------------------------------------------------------------------- */

static bool is_any(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

/* "https://name[:port][/]" by the rules of wss URLs. */
static enum cs_err set_public(struct cs_platform *p, const char *text,
                              struct cs_why *why)
{
    static const char scheme[] = "https://";
    struct cs_why reason = {""};
    char wss[URL_MAX_LEN];
    struct cs_url url;

    if (text == NULL && strchr(p->host, ':') != NULL && !is_any(p->host)) {
        return cs_why(why, CS_ERR_CONFIG,
                      "--listen has an IPv6 address, which nodes do not dial: give "
                      "--public-url https://NAME[:PORT] as well");
    }
    if (text == NULL) {
        (void)snprintf(p->public_host, sizeof p->public_host, "%s",
                       is_any(p->host) ? "127.0.0.1" : p->host);
        return CS_OK;
    }
    if (strncmp(text, scheme, sizeof scheme - 1) != 0 || strlen(text) >= URL_MAX_LEN) {
        return cs_why(why, CS_ERR_CONFIG,
                      "--public-url must be https://NAME[:PORT], as nodes and users "
                      "reach this platform");
    }
    (void)snprintf(wss, sizeof wss, "wss://%s", text + sizeof scheme - 1);
    if (cs_url_parse(&url, wss, &reason) != CS_OK || strcmp(url.path, "/") != 0) {
        return cs_why(why, CS_ERR_CONFIG, "--public-url: %s",
                      reason.text[0] != '\0' ? reason.text : "it must have no path");
    }
    memcpy(p->public_host, url.host, sizeof p->public_host);
    p->public_port = url.port;
    return CS_OK;
}

static enum cs_err set_tls(struct cs_platform *p, const struct cs_platform_settings *s,
                           struct cs_why *why)
{
    const char *names[2] = {p->public_host, p->host};
    int given = (s->tls_cert != NULL) + (s->tls_key != NULL) + (s->tls_ca != NULL);

    if (given == 3) {
        return cs_tls_files_given(&p->tls, s->tls_ca, s->tls_cert, s->tls_key, why);
    }
    if (given != 0) {
        return cs_why(why, CS_ERR_CONFIG,
                      "--tls-cert, --tls-key and --tls-ca belong together: give all "
                      "three, or none for a CA of the platform's own");
    }
    return cs_tls_files_own(&p->tls, p->dir, names, is_any(p->host) ? 1 : 2, why);
}

static enum cs_err check_crypto(struct cs_why *why)
{
    const char *what = "";
    enum cs_err err = cs_crypto_init();

    if (err == CS_OK) {
        err = cs_selftest(&what);
    }
    return err == CS_OK
               ? CS_OK
               : cs_why(why, err, "self-test %s failed: do not use this machine", what);
}

static void remove_file(const struct cs_platform *p, const char *name)
{
    char path[FILE_MAX_LEN];
    struct cs_why unused;

    if (cs_file_path(path, sizeof path, p->dir, name, &unused) == CS_OK) {
        (void)unlink(path); /* it may not be there */
    }
}

/* ---- for observe.c ----------------------------------------------------- */

static const struct cs_platform_core *core_of(void *ctx)
{
    const struct cs_platform *p = ctx;

    return p->core;
}

static const struct cs_host *host_of(void *ctx)
{
    const struct cs_platform *p = ctx;

    return p->keeper.host;
}

static const char *state_of(void *ctx)
{
    const struct cs_platform *p = ctx;

    if (p->keeper.stopping || p->keeper.ending) {
        return "DRAINING";
    }
    if (p->started && p->keeper.host == NULL) {
        return "WAITING_FOR_SPACE";
    }
    return p->is_ready ? "READY" : "STARTING";
}

static enum cs_err observe(struct cs_platform *p, const struct cs_platform_settings *s,
                           struct cs_why *why)
{
    const struct cs_observe_config cfg = {.loop = p->keeper.loop,
                                          .dir = p->dir,
                                          .kv = p->kv,
                                          .core = core_of,
                                          .host = host_of,
                                          .state = state_of,
                                          .ctx = p};

    return cs_platform_observe_start(&p->observe, &cfg, s->metrics_addr, why);
}

static void on_requested(void *ctx, const struct cs_http_req *req)
{
    struct cs_platform *p = ctx;

    cs_platform_observe_request(p->observe, req);
}

static void on_replied(void *ctx, uint64_t http_id, int status, size_t bytes)
{
    struct cs_platform *p = ctx;

    cs_platform_observe_reply(p->observe, http_id, status, bytes);
}

static void on_called(void *ctx, uint64_t id, enum cs_err err, int status,
                      const char *reason)
{
    struct cs_platform *p = ctx;

    if (p->keeper.host != NULL && !p->keeper.host_closing) {
        cs_host_called(p->keeper.host, id, err, status, reason);
    }
}

static void on_call(void *ctx, const struct cs_action *a)
{
    struct cs_platform *p = ctx;

    cs_caller_call(p->caller, a);
}

static enum cs_err open_caller(struct cs_platform *p,
                               const struct cs_platform_settings *s, struct cs_why *why)
{
    struct cs_caller_config cfg = {.loop = p->keeper.loop,
                                   .ca_file = s->hook_ca,
                                   .rules = p->hook_allow,
                                   .called = on_called,
                                   .ctx = p};

    for (size_t i = 0; i < s->n_hook_allow; i++) {
        CS_CHECK(cs_callee_rule_parse(&p->hook_allow[i], s->hook_allow[i], why));
    }
    cfg.n_rules = p->n_hook_allow = s->n_hook_allow;
    CS_CHECK(cs_seal_key_load(p->seal_key, p->dir, why));
    return cs_caller_new(&p->caller, &cfg, why);
}

static enum cs_err open_all(struct cs_platform *p, const struct cs_platform_settings *s,
                            struct cs_why *why)
{
    struct cs_kv_lmdb_params store = {.dir = p->dir,
                                      .reads = 2048, /* a filter looks at 1000 */
                                      .allow_any_fs = s->allow_unsafe_fs};

    CS_CHECK(check_crypto(why));
    if (strlen(s->dir) >= sizeof p->dir) {
        return cs_why(why, CS_ERR_CONFIG, "the data directory's name is too long");
    }
    memcpy(p->dir, s->dir, strlen(s->dir) + 1);
    CS_CHECK(cs_listen_parse(p->host, &p->port, s->listen, why));
    CS_CHECK(set_public(p, s->public_url, why));
    CS_CHECK(cs_kv_lmdb_open(&p->kv, &store, why)); /* locks the directory first */
    remove_file(p, "platform.url"); /* of a life that was killed: not this one's port */
    CS_CHECK(set_tls(p, s, why));
    CS_CHECK(open_caller(p, s, why));
    return observe(p, s, why);
}

/* ---- files for people and scripts
 * --------------------------------------------------------- */

static enum cs_err write_file(const struct cs_platform *p, const char *name,
                              struct cs_span data, mode_t mode, struct cs_why *why)
{
    char path[FILE_MAX_LEN];

    CS_CHECK(cs_file_path(path, sizeof path, p->dir, name, why));
    return cs_file_write(path, data, mode, why);
}

static enum cs_err copy_ca(const struct cs_platform *p, struct cs_why *why)
{
    struct cs_wr pem = {.max = 65536};
    enum cs_err err = cs_tls_ca_pem(&pem, cs_wr_get(&p->tls.ca_der), why);

    if (err == CS_OK) {
        err = write_file(p, "ca.pem", cs_wr_get(&pem), 0644, why);
    }
    cs_wr_free(&pem);
    return err;
}

static enum cs_err write_line(const struct cs_platform *p, const char *name,
                              const char *text, mode_t mode, struct cs_why *why)
{
    struct cs_wr w = {.max = 4096};
    enum cs_err err;

    cs_wr_str(&w, text);
    cs_wr_u8(&w, '\n');
    err = w.err == CS_OK ? write_file(p, name, cs_wr_get(&w), mode, why) : w.err;
    cs_wr_free(&w); /* wipes */
    return err;
}

static enum cs_err write_files(struct cs_platform *p, struct cs_why *why)
{
    if (!p->has_token) {
        remove_file(p, "setup-token"); /* it was used */
    }
    CS_CHECK(copy_ca(p, why));
    return write_line(p, "platform.url", p->url, 0644, why);
}

static void save_token(struct cs_platform *p, struct cs_span json)
{
    const char *problem = NULL, *token;
    struct cs_why why = {""};
    json_t *o = NULL;

    if (cs_json_parse(&o, json, 4096, &problem) != CS_OK) {
        return;
    }
    token = json_string_value(json_object_get(o, "setupToken"));
    if (token != NULL) {
        p->has_token = true;
        if (write_line(p, "setup-token", token, 0600, &why) != CS_OK) {
            cs_log(CS_LOG_ERROR, "platform", "setup-token: %s", why.text);
        } else {
            cs_log(CS_LOG_INFO, "platform",
                   "nobody has set this platform up: the token is in %s/setup-token",
                   p->dir);
        }
    }
    json_decref(o);
}

static void on_notify(void *ctx, const char *word, struct cs_span json)
{
    struct cs_platform *p = ctx;

    if (strcmp(word, "setup-token") == 0) { /* the word is public */
        save_token(p, json);
    } else if (strcmp(word, "pairing-alert") == 0) {
        cs_log(CS_LOG_WARN, "platform", "pairing alert: %.*s", (int)json.n,
               (const char *)json.p);
    } else if (strcmp(word, "answer-too-large") == 0) {
        cs_log(CS_LOG_ERROR, "platform",
               "an answer was larger than 16 MiB and was refused (500): %.*s: report "
               "this",
               (int)json.n, (const char *)json.p);
    }
}

/* After the first step is durable, so that a script that sees platform.url finds the
 * setup token too. */
static void on_ready(void *ctx)
{
    struct cs_platform *p = ctx;
    struct cs_why why = {""};
    enum cs_err err = write_files(p, &why);

    if (err != CS_OK) {
        cs_log(CS_LOG_ERROR, "platform", "%s", why.text);
        cs_keeper_abort(&p->keeper, err);
    } else {
        p->is_ready = true;
        cs_log(CS_LOG_INFO, "platform", "listening on %s port %d as %s", p->host,
               p->port, p->url);
    }
}

/* ---- lives of the core
 * -------------------------------------------------------------------- */

static enum cs_err prepare(void *ctx, struct cs_host_config *cfg, struct cs_why *why)
{
    struct cs_platform *p = ctx;

    (void)why;
    p->listen = (struct cs_ws_listen){.host = p->host,
                                      .port = p->port,
                                      .cert_file = p->tls.cert_file,
                                      .key_file = p->tls.key_file};
    cfg->kv = p->kv;
    cfg->n_workers = 2; /* passwords (later.h), signatures of webhooks */
    cfg->call = on_call;
    cfg->thread_end = cs_crypto_thread_end;
    cfg->listen = &p->listen;
    cfg->limits = p->net;
    cfg->notify = on_notify;
    cfg->ready = on_ready;
    cfg->requested = on_requested;
    cfg->replied = on_replied;
    cfg->notify_ctx = p;
    return CS_OK;
}

static enum cs_err give_core(void *ctx, const struct cs_host *host, struct cs_core *out,
                             struct cs_why *why)
{
    struct cs_platform *p = ctx;
    char control[URL_MAX_LEN + 16], relay[URL_MAX_LEN + 16], message[400] = "";
    struct cs_platform_config cfg = {.kv = p->kv,
                                     .random = cs_os_random,
                                     .platform_url = control,
                                     .relay_url = relay,
                                     .ca_der = cs_wr_get(&p->tls.ca_der),
                                     .seal_key = CS_SPAN_OF(p->seal_key),
                                     .hook_allow = p->hook_allow,
                                     .n_hook_allow = p->n_hook_allow,
                                     .limits = p->limits};
    enum cs_err err;
    int port;

    p->port = cs_host_port(host); /* also for the next life */
    port = p->public_port != 0 ? p->public_port : p->port;
    (void)snprintf(p->url, sizeof p->url, "https://%s:%d", p->public_host, port);
    (void)snprintf(control, sizeof control, "wss://%s:%d/control", p->public_host,
                   port);
    (void)snprintf(relay, sizeof relay, "wss://%s:%d/relay", p->public_host, port);
    err = cs_platform_core_new(&p->core, &cfg, message, sizeof message);
    if (err != CS_OK) {
        return cs_why(why, err, "%s", message);
    }
    *out = cs_platform_core_iface(p->core);
    return CS_OK;
}

static void drop_core(void *ctx)
{
    struct cs_platform *p = ctx;

    p->is_ready = false;
    if (p->caller != NULL) {
        cs_caller_cancel(p->caller); /* the next life makes them anew */
    }
    cs_platform_core_free(p->core);
    p->core = NULL;
}

static void observe_stopped(void *ctx)
{
    struct cs_platform *p = ctx;

    if (p->stopped != NULL) {
        p->stopped(p->ctx, p->ended);
    }
}

static void caller_closed(void *ctx)
{
    struct cs_platform *p = ctx;
    struct cs_observe *o = p->observe;

    p->observe = NULL;
    cs_platform_observe_stop(o, observe_stopped, p);
}

static void on_ended(void *ctx, enum cs_err err)
{
    struct cs_platform *p = ctx;
    struct cs_caller *c = p->caller;

    remove_file(p, "platform.url");
    p->ended = err;
    p->caller = NULL;
    cs_caller_close(c, caller_closed, p);
}

static const struct cs_keeper_ops keeper_ops = {
    .prepare = prepare, .core = give_core, .drop = drop_core, .ended = on_ended};

/* ---- public
 * ------------------------------------------------------------------------------- */

enum cs_err cs_platform_new(struct cs_platform **out, uv_loop_t *loop,
                            const struct cs_platform_settings *settings,
                            struct cs_why *why)
{
    struct cs_platform *p = cs_alloc(sizeof *p);
    enum cs_err err;

    *out = NULL;
    if (p == NULL) {
        return CS_ERR_NOMEM;
    }
    cs_keeper_init(&p->keeper, loop, &keeper_ops, p);
    p->limits = settings->limits;
    p->net = settings->net;
    p->stopped = settings->stopped;
    p->ctx = settings->ctx;
    err = open_all(p, settings, why);
    if (err != CS_OK) {
        cs_platform_free(p);
        return err;
    }
    *out = p;
    return CS_OK;
}

/* Of a platform that has no life that could end. */
static void observe_end(struct cs_platform *p)
{
    if (p->caller != NULL) {
        cs_caller_close(p->caller, NULL, NULL);
        p->caller = NULL;
    }
    if (p->observe != NULL) {
        cs_platform_observe_stop(p->observe, NULL, NULL);
        p->observe = NULL;
    }
}

enum cs_err cs_platform_start(struct cs_platform *p, struct cs_why *why)
{
    enum cs_err err;

    CS_ASSERT(!p->started);
    p->started = true;
    err = cs_keeper_start(&p->keeper, why);
    if (err != CS_OK) {
        observe_end(p);
    }
    return err;
}

const char *cs_platform_url(const struct cs_platform *p)
{
    return p->url;
}

void cs_platform_stop(struct cs_platform *p)
{
    cs_keeper_stop(&p->keeper);
}

void cs_platform_free(struct cs_platform *p)
{
    if (p == NULL) {
        return;
    }
    CS_ASSERT(!p->keeper.running);
    observe_end(p);
    cs_platform_core_free(p->core);
    if (p->kv != NULL) {
        p->kv->ops->close(p->kv);
    }
    cs_tls_files_wipe(&p->tls);
    cs_free_wiped(p, sizeof *p);
}
