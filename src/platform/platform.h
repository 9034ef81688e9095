/* The platform on a libuv loop: core, store, TLS files, one port.
 *
 * Files in dir: the store (data.mdb, lock), tls/ (tls_files.h), and for people and
 * scripts, written when it listens: platform.url, ca.pem, and setup-token (0600) while
 * nobody has set it up.  Thread: loop. */
#ifndef CS_PLATFORM_PLATFORM_H
#define CS_PLATFORM_PLATFORM_H

#include "net/host.h"
#include "platform/core/platform_core.h"

struct cs_platform;

struct cs_platform_settings {
    const char *dir;    /* exists, ours; borrowed for cs_platform_new, as all here */
    const char *listen; /* "HOST:PORT", port 0: any */
    const char
        *public_url; /* "https://name[:port]" as clients reach it; NULL: listen */
    const char *tls_cert, *tls_key, *tls_ca; /* all or none; NULL: own CA */
    const char *metrics_addr;                /* NULL: none (observe.h) */
    const char *hook_ca; /* PEM roots of webhooks' endpoints, NULL: the system's */
    const char *hook_allow[CS_CALLEE_RULES_MAX]; /* CIDR[:port] (callee.h) */
    size_t n_hook_allow;
    bool allow_unsafe_fs;
    struct cs_platform_limits limits;
    struct cs_ws_limits net;
    void (*stopped)(void *ctx, enum cs_err err); /* holds no handle of the loop now */
    void *ctx;
};

/* Checks, locks and opens the store, makes or reads the TLS files.  CONFIG, STORE_*,
 * OS, NOMEM, SELFTEST. */
enum cs_err cs_platform_new(struct cs_platform **out, uv_loop_t *loop,
                            const struct cs_platform_settings *settings,
                            struct cs_why *why) CS_MUST_USE;
/* Listens; the files are written once the loop runs.  LISTEN, what the core says.
 * CS_OK: stopped() follows once; otherwise never: run the loop until it is empty, then
 * free. */
enum cs_err cs_platform_start(struct cs_platform *p, struct cs_why *why) CS_MUST_USE;
const char *cs_platform_url(const struct cs_platform *p); /* after start */
void cs_platform_stop(struct cs_platform *p);
/* Not while it runs; NULL allowed.  One that was never started leaves handles that
 * close in the next turns of the loop. */
void cs_platform_free(struct cs_platform *p);

#endif
