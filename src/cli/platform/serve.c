/* cloudsign-platform serve: options, one platform, signals. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os/harden.h"
#include "base/os/logsink.h"
#include "base/os/sandbox.h"
#include "base/os/secret.h"
#include "cli/platform/cli.h"
#include "net/preload.h"
#include "net/signals.h"
#include "platform/platform.h"
#include "wire/jsonx.h"

enum {
    MINUTES_MAX = 10080, /* a week */
    CONNS_MIN = 64,
    CONNS_MAX = 1024, /* unless --max-connections says another number */
    CONNS_TOP = 65536,
    FILES_OWN = 96, /* store, threads, libraries, what is being closed */
};

struct serve {
    enum cs_os_sandbox_mode sandbox;
    uv_loop_t loop;
    struct cs_signals signals;
    struct cs_platform *platform;
    enum cs_err err;
};

static int refuse(enum cs_err err, const struct cs_why *why)
{
    cs_os_say_failure("cloudsign-platform",
                      why->text[0] != '\0' ? why->text : cs_err_text(err));
    return cs_err_exit(err);
}

/* ---- options
 * ----------------------------------------------------------------------------- */

static enum cs_err minutes(uint32_t *seconds, const char *name, const char *text,
                           struct cs_why *why)
{
    size_t n = strlen(text);
    unsigned long v = 0;

    if (n != 0 && n <= 5 && strspn(text, "0123456789") == n) {
        v = strtoul(text, NULL, 10);
    }
    if (v < 1 || v > MINUTES_MAX) {
        return cs_why(why, CS_ERR_USAGE, "%s must be a number from 1 to %d", name,
                      MINUTES_MAX);
    }
    *seconds = (uint32_t)v * 60;
    return CS_OK;
}

static enum cs_err count(unsigned *out, const char *name, const char *text,
                         unsigned min, struct cs_why *why)
{
    uint64_t v = 0;

    if (cs_u64_parse(&v, text) != CS_OK || v < min || v > CONNS_TOP) {
        return cs_why(why, CS_ERR_USAGE, "%s must be a number from %u to %d", name, min,
                      CONNS_TOP);
    }
    *out = (unsigned)v;
    return CS_OK;
}

static enum cs_err set_option(struct cs_platform_settings *s, const char *name,
                              const char *value, struct cs_why *why)
{
    const struct {
        const char *name;
        const char **text;
    } texts[] = {
        {"--data-dir", &s->dir},          {"--listen", &s->listen},
        {"--public-url", &s->public_url}, {"--tls-cert", &s->tls_cert},
        {"--tls-key", &s->tls_key},       {"--tls-ca", &s->tls_ca},
        {"--webhook-ca", &s->hook_ca},
    };

    for (size_t i = 0; i < CS_COUNTOF(texts); i++) {
        if (strcmp(name, texts[i].name) == 0) {
            *texts[i].text = value;
            return CS_OK;
        }
    }
    if (strcmp(name, "--join-minutes") == 0) {
        return minutes(&s->limits.join_s, name, value, why);
    }
    if (strcmp(name, "--webhook-allow") == 0) {
        if (s->n_hook_allow == CS_CALLEE_RULES_MAX) {
            return cs_why(why, CS_ERR_USAGE, "%s: at most %d times", name,
                          CS_CALLEE_RULES_MAX);
        }
        s->hook_allow[s->n_hook_allow++] = value;
        return CS_OK;
    }
    if (strcmp(name, "--sign-minutes") == 0) {
        return minutes(&s->limits.sign_s, name, value, why);
    }
    if (strcmp(name, "--max-connections") == 0) {
        return count(&s->net.max_conns, name, value, CONNS_MIN, why);
    }
    if (strcmp(name, "--max-per-address") == 0) {
        return count(&s->net.max_conns_per_ip, name, value, 1, why);
    }
    return cs_why(why, CS_ERR_USAGE,
                  "unknown option \"%s\"; try: cloudsign-platform help", name);
}

/* "--name value" and "--name=value". */
static enum cs_err parse(struct cs_platform_settings *s, int n, char **options,
                         struct cs_why *why)
{
    char name[32];

    for (int i = 0; i < n; i++) {
        const char *option = options[i], *equals = strchr(option, '=');
        size_t len = equals != NULL ? (size_t)(equals - option) : strlen(option);
        const char *value = equals != NULL ? equals + 1
                            : i + 1 < n    ? options[++i]
                                           : NULL;

        if (value == NULL) {
            return cs_why(why, CS_ERR_USAGE, "%s needs a value", option);
        }
        (void)snprintf(name, sizeof name, "%.*s", (int)(len < 31 ? len : 31), option);
        CS_CHECK(set_option(s, name, value, why));
    }
    return CS_OK;
}

/* ---- running
 * ------------------------------------------------------------------------------ */

static void on_signal(void *ctx, int signum, unsigned nth)
{
    struct serve *s = ctx;

    if (nth > 1) {
        _exit(128 + signum); /* the operator insists */
    }
    cs_log(CS_LOG_INFO, "platform", "signal %d: ending", signum);
    if (s->platform != NULL) { /* else its start has failed: ending already */
        cs_platform_stop(s->platform);
    }
}

static void on_stopped(void *ctx, enum cs_err err)
{
    struct serve *s = ctx;

    s->err = err;
    cs_signals_close(&s->signals);
}

static int drive(struct serve *s)
{
    struct cs_why why = {""};
    enum cs_err err = cs_platform_start(s->platform, &why);

    if (err != CS_OK) {
        (void)refuse(err, &why);
        cs_signals_close(&s->signals);
    }
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    if (err == CS_OK && s->err != CS_OK) {
        return refuse(s->err, &why);
    }
    return cs_err_exit(err);
}

/* METRICS_ADDR listens already; a Unix socket's file has to be removed at the end. */
static const char *metrics_socket(const struct cs_platform_settings *of)
{
    const char *addr = of->metrics_addr;

    return addr != NULL && strncmp(addr, "unix:", 5) == 0 ? addr + 5 : NULL;
}

/* Landlock and seccomp, with the store open and nothing else.  It may go on listening:
 * after a full disk its sockets are made anew (net/keeper.h), on this one port. */
static enum cs_err confine(const struct serve *s, const struct cs_platform_settings *of,
                           struct cs_why *why)
{
    const struct cs_os_path paths[] = {
        {of->dir, CS_OS_WRITE},    {of->tls_cert, CS_OS_FILE},
        {of->tls_key, CS_OS_FILE}, {of->tls_ca, CS_OS_FILE},
        {of->hook_ca, CS_OS_FILE}, {metrics_socket(of), CS_OS_SOCKET}};
    const char *colon = strrchr(of->listen, ':');
    unsigned long port = colon != NULL ? strtoul(colon + 1, NULL, 10) : 0;

    CS_CHECK(
        cs_os_sandbox(s->sandbox, paths, CS_COUNTOF(paths), (int)(port & 0xffff), why));
    return cs_os_sandbox_no_unix(s->sandbox, why);
}

static int serve(struct serve *s, struct cs_platform_settings *settings)
{
    struct cs_why why = {""};
    enum cs_err err;
    int code;

    settings->stopped = on_stopped;
    settings->ctx = s;
    /* Signals first: one that comes while the store is being opened ends it in order.
     */
    err = cs_signals_open(&s->signals, &s->loop, on_signal, s);
    if (err != CS_OK) {
        return refuse(err, &why);
    }
    err = cs_platform_new(&s->platform, &s->loop, settings, &why);
    if (err == CS_OK) {
        err = confine(s, settings, &why);
    }
    if (err == CS_OK) {
        code = drive(s);
        cs_platform_free(s->platform);
        return code;
    }
    cs_platform_free(s->platform);
    cs_signals_close(&s->signals);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT); /* closes what is left */
    return refuse(err, &why);
}

/* As many connections as there are descriptors for: without one, libwebsockets spins on
 * a connection that it cannot accept, and the store may fail to open a file. */
static unsigned connections(unsigned wanted)
{
    unsigned want = wanted != 0 ? wanted : CONNS_MAX;
    unsigned files = cs_os_open_files(want + FILES_OWN);

    if (files < want + FILES_OWN) {
        cs_log(CS_LOG_WARN, "platform",
               "only %u open files are allowed (ulimit -n): fewer connections", files);
        want = files > 2 * FILES_OWN ? files - FILES_OWN : FILES_OWN;
    }
    return want;
}

int cli_serve(int n_options, char **options)
{
    static struct serve s; /* handles must outlive every return */
    struct cs_platform_settings settings = {
        .dir = cli_data_dir(),
        .listen = "127.0.0.1:8443",
        .metrics_addr = cs_os_setting("METRICS_ADDR", NULL),
    };
    struct cs_why why = {""};
    enum cs_err err = cs_os_harden(&why);
    int code;

    if (err == CS_OK) {
        err = cs_os_log_env(&why);
    }
    if (err == CS_OK) {
        err = cs_os_sandbox_mode(&s.sandbox, &why);
    }
    if (err == CS_OK) {
        err = parse(&settings, n_options, options, &why);
    }
    if (err == CS_OK) {
        err = cs_os_setting_bool(&settings.allow_unsafe_fs, "CLOUDSIGN_ALLOW_UNSAFE_FS",
                                 false, &why);
    }
    if (err != CS_OK) {
        return refuse(err, &why);
    }
    settings.net.max_conns = connections(settings.net.max_conns);
    cs_net_preload();
    if (uv_loop_init(&s.loop) != 0) {
        return refuse(CS_ERR_OS, &why);
    }
    cs_log(CS_LOG_INFO, "platform", "cloudsign-platform %s starts, data in %s",
           CS_VERSION, settings.dir);
    code = serve(&s, &settings);
    if (uv_loop_close(&s.loop) != 0) {
        cs_log(CS_LOG_DEBUG, "platform", "the loop still had handles at the end");
    }
    return code;
}
