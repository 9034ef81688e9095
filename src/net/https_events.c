/* What libwebsockets tells of a request under way.  See https_internal.h. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/https_internal.h"
#include "net/ws_internal.h"

enum { CHUNK = 4096 };

/* ---- the request ----------------------------------------------------------------- */

static int add_heads(struct https_call *c, unsigned char **p, unsigned char *end)
{
    const char *at = (const char *)c->heads.p;
    const char *stop = at + c->heads.n;

    while (at < stop) {
        const char *value = at + strlen(at) + 1;
        size_t n = strlen(value);

        if (lws_add_http_header_by_name(c->wsi, (const unsigned char *)at,
                                        (const unsigned char *)value, (int)n, p,
                                        end) != 0) {
            https_over(c, CS_ERR_USAGE, "the request's headers do not fit");
            return -1;
        }
        at = value + n + 1;
    }
    cs_wr_free(&c->heads);
    if (c->body.n > LWS_PRE) {
        lws_client_http_body_pending(c->wsi, 1);
        (void)lws_callback_on_writable(c->wsi);
    }
    return 0;
}

static int write_body(struct https_call *c)
{
    size_t n = c->body.n > LWS_PRE ? c->body.n - LWS_PRE : 0;

    if (n == 0) {
        return 0;
    }
    lws_client_http_body_pending(c->wsi, 0);
    if (lws_write(c->wsi, c->body.p + LWS_PRE, n, LWS_WRITE_HTTP_FINAL) < (int)n) {
        https_over(c, CS_ERR_CONN, "the connection ended while the request was sent");
        return -1;
    }
    cs_wr_free(&c->body);
    return 0;
}

/* ---- the answer ------------------------------------------------------------------ */

/* libwebsockets has numbers for the headers it knows, and text for the others. */
static int copy_header(struct lws *wsi, char *out, size_t cap, const char *name)
{
    char colon[64];
    int n = snprintf(colon, sizeof colon, "%s:", name);

    out[0] = '\0';
    if (n <= 0 || (size_t)n >= sizeof colon) {
        return 0;
    }
    for (int t = 0; t < WSI_TOKEN_COUNT; t++) {
        const unsigned char *known = lws_token_to_string((enum lws_token_indexes)t);

        if (known != NULL && strcmp((const char *)known, colon) == 0) {
            if (lws_hdr_total_length(wsi, (enum lws_token_indexes)t) <= 0) {
                return 0;
            }
            return lws_hdr_copy(wsi, out, (int)cap, (enum lws_token_indexes)t);
        }
    }
    if (lws_hdr_custom_length(wsi, colon, n) < 0) {
        return 0;
    }
    return lws_hdr_custom_copy(wsi, out, (int)cap, colon, n);
}

/* Without a length nobody could tell an answer that was cut off from a whole one. */
static enum cs_err check_length(struct https_call *c)
{
    char length[24], coding[32];
    uint64_t n = 0;

    if (copy_header(c->wsi, coding, sizeof coding, "transfer-encoding") > 0) {
        c->is_chunked = true;
        return strcmp(coding, "chunked") == 0 ? CS_OK : CS_ERR_PROTOCOL;
    }
    if (copy_header(c->wsi, length, sizeof length, "content-length") <= 0) {
        return c->status == 204 || c->status == 304 ? CS_OK : CS_ERR_PROTOCOL;
    }
    for (const char *p = length; *p != '\0'; p++) {
        if (*p < '0' || *p > '9' || p - length > 15) {
            return CS_ERR_PROTOCOL;
        }
        n = 10 * n + (uint64_t)(*p - '0');
    }
    c->length = n <= c->body_max ? (size_t)n : 0;
    return n <= c->body_max ? CS_OK : CS_ERR_TOO_LONG;
}

static int read_head(struct https_call *c)
{
    enum cs_err err;

    c->status = (int)lws_http_client_http_response(c->wsi);
    if (c->status < 100 || c->status > 599) {
        https_over(c, CS_ERR_PROTOCOL, "the answer is not HTTP");
        return -1;
    }
    if (c->is_status_enough) {
        https_over(c, CS_OK, NULL);
        return -1;
    }
    for (size_t i = 0; i < CS_HTTPS_WANT_MAX; i++) {
        if (c->want[i] != NULL &&
            copy_header(c->wsi, c->got[i], sizeof c->got[i], c->want[i]) < 0) {
            https_over(c, CS_ERR_TOO_LONG, "header %s of the answer is too long",
                       c->want[i]);
            return -1;
        }
    }
    err = check_length(c);
    if (err == CS_ERR_TOO_LONG) {
        https_over(c, err, "the answer is longer than %zu bytes", c->body_max);
    } else if (err != CS_OK) {
        https_over(c, err, "the answer says no length");
    }
    c->has_head = true;
    return err == CS_OK ? 0 : -1;
}

/* Has libwebsockets read on; what is read comes as RECEIVE_CLIENT_HTTP_READ. */
static int read_more(struct https_call *c)
{
    char buf[LWS_PRE + CHUNK];
    char *p = buf + LWS_PRE;
    int n = CHUNK, result;

    c->in_read = true;
    result = lws_http_client_read(c->wsi, &p, &n);
    c->in_read = false;
    cs_wipe(buf, sizeof buf);
    return result < 0 ? -1 : 0;
}

static int take_body(struct https_call *c, const void *p, size_t n)
{
    if (n > c->body_max || c->in.n > c->body_max - n) {
        https_over(c, CS_ERR_TOO_LONG, "the answer is longer than %zu bytes",
                   c->body_max);
        return -1;
    }
    cs_wr_bytes(&c->in, p, n);
    if (c->in.err != CS_OK) {
        https_over(c, c->in.err, NULL);
        return -1;
    }
    return 0;
}

/* libwebsockets says "completed" as well when a connection ends inside a chunked
 * answer. Then TLS has seen the end already, which the last chunk comes before.  (Plain
 * http cannot tell: its answers are JSON, which says by itself whether it is whole.) */
static void completed(struct https_call *c)
{
    bool chunks = c->in_read && !cs_tls_got_end(c->wsi);

    if (c->has_head && (c->is_chunked ? chunks : c->in.n == c->length)) {
        https_over(c, CS_OK, NULL);
    } else {
        https_over(c, CS_ERR_CONN, "the connection ended before the whole answer");
    }
}

/* ---- the end --------------------------------------------------------------------- */

/* What libwebsockets says of a connection that did not come to be. */
static void no_connection(struct https_call *c, const char *text, size_t n)
{
    static const char *const words[] = {"ssl", "SSL", "tls", "TLS"};
    char buf[160] = "";
    enum cs_err err = CS_ERR_CONN;

    (void)lws_snprintf(buf, sizeof buf, "%.*s", (int)(n < 150 ? n : 150),
                       text != NULL ? text : "no connection");
    for (size_t i = 0; i < CS_COUNTOF(words); i++) {
        err = strstr(buf, words[i]) != NULL ? CS_ERR_TLS : err;
    }
    https_over(c, err, "%s", buf);
}

static void bad_certificate(struct https_call *c, enum cs_err err)
{
    switch (err) {
    case CS_ERR_TLS_NAME:
        https_over(c, err, "its certificate is for another name");
        break;
    case CS_ERR_TLS_TIME:
        https_over(c, err, "its certificate has expired or is not valid yet");
        break;
    default:
        https_over(c, err, "its certificate is not signed by a trusted CA");
        break;
    }
}

static int call_event(struct https_call *c, enum lws_callback_reasons reason,
                      void *user, void *in, size_t len)
{
    switch ((int)reason) {
    case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
        if (len == 0) { /* OpenSSL's own verdict */
            bad_certificate(c, cs_tls_verify_err(user));
        }
        return 0;
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return add_heads(c, in, *(unsigned char **)in + len);
    case LWS_CALLBACK_CLIENT_HTTP_WRITEABLE:
        return write_body(c);
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
        return read_head(c);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
        return read_more(c);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
        return take_body(c, in, len);
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
        completed(c);
        return -1; /* one request a connection */
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        no_connection(c, in, len);
        return 0;
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP: /* sometimes the only one (STACK 2.3 c) */
        https_over(c, CS_ERR_CONN, "the connection ended before the whole answer");
        return 0;
    default:
        return 0;
    }
}

static void destroyed(struct https_call *c)
{
    https_over(c, CS_ERR_CONN, "the connection ended before the whole answer");
    c->wsi = NULL;
    https_release(c);
}

static int wsi_event(struct cs_https *h, struct lws *wsi,
                     enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct https_call *c = lws_get_opaque_user_data(wsi);

    (void)h;
    if (c == NULL || (c->wsi != NULL && c->wsi != wsi)) {
        return 0;
    }
    if (reason == LWS_CALLBACK_WSI_DESTROY) {
        destroyed(c);
        return 0;
    }
    if (reason == LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED) {
        c->wsi = wsi; /* from here on its WSI_DESTROY will come */
    }
    if (!c->is_over) {
        return call_event(c, reason, user, in, len);
    }
    switch ((int)reason) {
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
    case LWS_CALLBACK_CLIENT_HTTP_WRITEABLE:
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
        return -1;
    default:
        return 0;
    }
}

int https_cb(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
             size_t len)
{
    struct cs_https *h = lws_context_user(lws_get_context(wsi));
    int result;

    if (h == NULL) {
        return 0;
    }
    if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_CLIENT_VERIFY_CERTS) {
        cs_tls_harden(user, false);
        return 0;
    }
    h->in_lws++;
    result = wsi_event(h, wsi, reason, user, in, len);
    h->in_lws--;
    return result;
}
