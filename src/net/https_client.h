/* An HTTP client on the caller's loop: one request at a time, over libwebsockets and
 * the OpenSSL it links.  For KMS, AWS's credential endpoints, the approval callback.
 *
 * Always: TLS 1.2 or later, the certificate and its name checked; http/1.1; no
 * redirect is followed, no proxy is used, no connection is kept; time and size are
 * bounded.  Plain http only where a request says so.  Owns its libwebsockets context,
 * which it makes with the first request.  Single owner.  Thread: loop. */
#ifndef CS_NET_HTTPS_CLIENT_H
#define CS_NET_HTTPS_CLIENT_H

#include <uv.h>

#include "base/span.h"
#include "base/why.h"

enum {
    CS_HTTPS_HOST_MAX = 254,
    CS_HTTPS_PATH_MAX = 1025,
    CS_HTTPS_HEADERS_MAX = 16,
    CS_HTTPS_HEADS_LEN = 24 << 10, /* all headers of a request together */
    CS_HTTPS_WANT_MAX = 4,
    CS_HTTPS_WANT_LEN = 512,       /* of one header of an answer, with NUL */
    CS_HTTPS_BODY_MAX = 1 << 20,   /* of a request, and the most of an answer */
    CS_HTTPS_TIME_MAX_MS = 120000, /* of a request */
};

struct cs_https;

/* Files are read when the first request is made; borrowed for cs_https_new. */
struct cs_https_config {
    uv_loop_t *loop;
    const char *ca_file;              /* PEM: the only roots; NULL: the system's */
    const char *cert_file, *key_file; /* PEM, client certificate: both or neither */
};

/* CONFIG: a file is none of what it should be, or one of the pair is missing.  NOMEM.
 */
enum cs_err cs_https_new(struct cs_https **out, const struct cs_https_config *cfg,
                         struct cs_why *why) CS_MUST_USE;

struct cs_https_url {
    char host[CS_HTTPS_HOST_MAX]; /* without the brackets of an IPv6 address */
    char path[CS_HTTPS_PATH_MAX]; /* starts with '/', with query */
    int port;
    bool is_plain; /* http:// */
};

/* "https://host[:port][/path][?query]"; http:// only with allow_plain.  CONFIG, naming
 * the setting `name`, for anything else: user info, a fragment, an IPv6 address under
 * https (its certificate could not be checked). */
enum cs_err cs_https_url_parse(struct cs_https_url *out, const char *text,
                               const char *name, bool allow_plain, struct cs_why *why)
    CS_MUST_USE;

struct cs_https_header {
    const char *name; /* lower case; not host, content-length, connection */
    struct cs_span value;
};

/* Borrowed for the call; headers and body are copied and wiped after sending. */
struct cs_https_request {
    const struct cs_https_url *url;
    const char *method; /* "GET", "POST", "PUT" */
    const struct cs_https_header *headers;
    size_t n_headers;
    struct cs_span body;
    uint32_t time_ms; /* from DNS to the last byte */
    size_t body_max;  /* of the answer */
    /* Asked with done's ctx for every address that the name stands for, before any of
     * them is dialled; the one that is dialled is one of these.  One false: the call
     * ends with POLICY_REFUSED.  NULL: all are fine. */
    bool (*allow)(void *ctx, const struct sockaddr *addr, int port);
    /* The call is over when the answer's status is there; its body is not read. */
    bool is_status_enough;
    /* Names of headers of the answer, lower case; static texts. */
    const char *want[CS_HTTPS_WANT_MAX];
};

/* Borrowed for the call of done; the body is wiped after it. */
struct cs_https_answer {
    /* CS_OK: the whole answer is there, whatever its status.  DNS, CONN (none, or it
     * ended early), TLS, TLS_NAME, TLS_TIME, TLS_TRUST, TIMEOUT, TOO_LONG (body or
     * headers), PROTOCOL (no length, no HTTP), POLICY_REFUSED (allow), NOMEM. */
    enum cs_err err;
    const char *failure; /* sentence naming host and cause; "" when CS_OK */
    int status;          /* 0 on error */
    struct cs_span body;
    const char *headers[CS_HTTPS_WANT_MAX]; /* as want; "" when absent */
};
typedef void cs_https_done(void *ctx, const struct cs_https_answer *answer);

/* done(ctx) follows exactly once, never from inside this call, unless it is cancelled;
 * it may ask the next one, cancel or close.  STATE: one is under way; USAGE: a header
 * or limit that is none; NOMEM; OS, CONFIG: the context cannot be made. */
enum cs_err cs_https_ask(struct cs_https *h, const struct cs_https_request *req,
                         cs_https_done *done, void *ctx, struct cs_why *why)
    CS_MUST_USE;
bool cs_https_is_busy(const struct cs_https *h);
/* No done() any more for what is under way; the next may be asked at once. */
void cs_https_cancel(struct cs_https *h);
/* Cancels; closed(ctx) (NULL allowed) follows when all handles are gone; h is gone. */
void cs_https_close(struct cs_https *h, void (*closed)(void *ctx), void *ctx);

#endif
