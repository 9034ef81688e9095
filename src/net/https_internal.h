/* Shared by the https_*.c files of this folder, nobody else. */
#ifndef CS_NET_HTTPS_INTERNAL_H
#define CS_NET_HTTPS_INTERNAL_H

#include <libwebsockets.h>

#include "base/wr.h"
#include "net/https_client.h"
#include "net/lws_end.h"

enum {
    HTTPS_FILE_MAX = 1024, /* a file's name */
    HTTPS_CALLS_MAX = 8,   /* with those that nobody waits for any more */
    HTTPS_FAILURE_MAX = 320,
};

struct https_dns {
    uv_getaddrinfo_t req;
    struct cs_https *h;
    struct https_call *call; /* NULL: nobody waits for it any more */
};

/* One request.  Stays until libwebsockets and DNS have let go of it, which may be
 * after its owner was answered. */
struct https_call {
    struct https_call *next, **at;
    struct cs_https *h;
    struct lws *wsi; /* NULL: none yet, or gone */
    struct https_dns *dns;
    bool in_connect; /* inside lws_client_connect_via_info */
    bool is_over;    /* err says how; nothing of it counts any more */
    bool has_head;   /* status and headers were read */
    bool is_chunked;
    bool in_read;  /* inside lws_http_client_read */
    size_t length; /* of the answer, unless chunked */
    struct cs_https_url url;
    const char *method;
    struct cs_wr heads, body; /* heads: "name:" NUL, value NUL, .. */
    size_t body_max;
    bool (*allow)(void *ctx, const struct sockaddr *addr, int port);
    bool is_status_enough;
    const char *want[CS_HTTPS_WANT_MAX];
    char got[CS_HTTPS_WANT_MAX][CS_HTTPS_WANT_LEN];
    int status;
    struct cs_wr in;
    enum cs_err err;
    char failure[HTTPS_FAILURE_MAX];
    cs_https_done *done;
    void *ctx;
};

struct cs_https {
    uv_loop_t *loop;
    char ca_file[HTTPS_FILE_MAX], cert_file[HTTPS_FILE_MAX], key_file[HTTPS_FILE_MAX];
    struct lws_context *lws; /* from the first request on */
    struct lws_vhost *vhost;
    struct https_call *all, *now; /* now: whose owner waits */
    unsigned n_calls, dns_pending;
    unsigned in_lws;  /* depth of its callbacks */
    uv_timer_t timer; /* of `now`; at the end, the shutdown */
    bool ending;
    struct cs_lws_end end;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

/* ---- https_client.c -------------------------------------------------------------- */

/* Ends a call: its owner is told from the timer, its socket is closed.  The first word
 * counts.  fmt NULL: the error's own sentence. */
void https_over(struct https_call *c, enum cs_err err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Frees it once nobody refers to it. */
void https_release(struct https_call *c);
void https_kick(struct cs_https *h); /* STACK 2.3 a */

/* ---- https_dial.c ---------------------------------------------------------------- */

enum cs_err https_resolve(struct https_call *c) CS_MUST_USE;
void https_drop_dns(struct https_call *c);

/* ---- https_events.c -------------------------------------------------------------- */

int https_cb(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
             size_t len);

/* ---- https_files.c --------------------------------------------------------------- */

/* CONFIG unless the files are what cs_https_config says. */
enum cs_err https_check_files(const struct cs_https *h, struct cs_why *why) CS_MUST_USE;
/* Where the system's roots are when they are not where OpenSSL looks by itself (an
 * image without the package openssl); else NULL. */
const char *https_system_bundle(void);

#endif
