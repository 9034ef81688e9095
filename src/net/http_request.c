/* From the header lines of libwebsockets to a struct cs_http_req.  Everything that
 * could be read in two ways is refused here: an odd length or a transfer coding is how
 * requests are smuggled.
 *
 * One request a connection.  When a second one with a body has already arrived behind
 * the first, libwebsockets (4.1.6 and 4.3.5, lws_http_action, "own buflist") takes its
 * head for its body and then loops for ever: so it never gets to see a second one.
 * See ws_internal.h. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "net/ws_internal.h"

enum { BODY_OWN_MS = 1000 }; /* so long nobody takes a body's room */

static const char *method_name(int method)
{
    switch (method) {
    case LWSHUMETH_GET:
        return "GET";
    case LWSHUMETH_POST:
        return "POST";
    case LWSHUMETH_PUT:
        return "PUT";
    case LWSHUMETH_PATCH:
        return "PATCH";
    case LWSHUMETH_DELETE:
        return "DELETE";
    case LWSHUMETH_HEAD:
        return "HEAD";
    case LWSHUMETH_OPTIONS:
        return "OPTIONS";
    default:
        return NULL;
    }
}

/* NUL-terminated copy of n bytes; NULL when out of memory. */
static char *copy(const char *p, size_t n)
{
    char *s = cs_alloc(n + 1);

    if (s != NULL && n != 0) {
        memcpy(s, p, n);
    }
    return s;
}

/* What was copied is text: a NUL would end it here and not elsewhere. */
static bool is_text(const char *p, int n)
{
    return strlen(p) == (size_t)n && cs_utf8_ok(CS_SPAN(p, (size_t)n));
}

/* 0, or the status that refuses the request. */
static int get_header(struct cs_conn *c, char **out, enum lws_token_indexes token)
{
    char buf[WS_HEADER_MAX];
    int n = lws_hdr_copy(c->wsi, buf, sizeof buf, token);
    int status = 0;

    if (n < 0) {
        return 431;
    }
    *out = copy(buf, strlen(buf));
    if (*out == NULL) {
        status = 503;
    } else if (!is_text(buf, n)) {
        status = 400;
    }
    cs_wipe(buf, sizeof buf); /* may have been Authorization */
    return status;
}

static int get_custom(struct cs_conn *c, char **out, const char *name)
{
    char buf[256];
    int len = lws_hdr_custom_length(c->wsi, name, (int)strlen(name));
    int n = len > 0
                ? lws_hdr_custom_copy(c->wsi, buf, sizeof buf, name, (int)strlen(name))
                : 0;

    if (n < 0) {
        return 431;
    }
    *out = copy(buf, n > 0 ? strnlen(buf, sizeof buf) : 0);
    if (*out == NULL) {
        return 503;
    }
    return is_text(*out, n) ? 0 : 400;
}

static bool plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           memchr("-._~", c, 4) != NULL;
}

/* libwebsockets has decoded the query's parts; encode them again, so that the core
 * gets what stood after '?' in one well-formed way.  A NUL in it: 4.1.6 hangs up, 4.3.5
 * passes it on, except at the end of a part, where it does not count it: so the core
 * refuses it, or sees the part without it. */
static void encode_part(struct cs_wr *w, const char *p, size_t n)
{
    bool in_value = false;

    for (size_t i = 0; i < n; i++) {
        if (plain(p[i])) {
            cs_wr_u8(w, (uint8_t)p[i]);
        } else if (p[i] == '=' && !in_value) {
            cs_wr_u8(w, '=');
            in_value = true;
        } else {
            cs_wr_printf(w, "%%%02X", (unsigned)(unsigned char)p[i]);
        }
    }
}

static int get_query(struct cs_conn *c)
{
    struct cs_wr w = {.max = 4 * WS_HEADER_MAX};
    char part[WS_HEADER_MAX];
    int status = 0, n;

    for (int i = 0; (n = lws_hdr_copy_fragment(c->wsi, part, sizeof part,
                                               WSI_TOKEN_HTTP_URI_ARGS, i)) >= 0;
         i++) {
        if (i != 0) {
            cs_wr_u8(&w, '&');
        }
        encode_part(&w, part, (size_t)n);
    }
    if (w.err == CS_OK) {
        c->http.query = copy((const char *)w.p, w.n);
    }
    status = w.err == CS_ERR_TOO_LONG ? 414 : c->http.query == NULL ? 503 : 0;
    cs_wr_free(&w);
    return status;
}

/* libwebsockets ends the path at an encoded line break and takes the rest of the line
 * for the version. */
static bool version_ok(const struct cs_conn *c)
{
    char buf[16];
    int n = lws_hdr_copy(c->wsi, buf, sizeof buf, WSI_TOKEN_HTTP);

    return n > 0 && (strcmp(buf, "HTTP/1.1") == 0 || strcmp(buf, "HTTP/1.0") == 0);
}

static int get_path(struct cs_conn *c)
{
    char *uri = NULL;
    int len = 0;
    const char *method = method_name(lws_http_get_uri_and_method(c->wsi, &uri, &len));
    struct cs_span span = CS_SPAN(uri, len > 0 ? (size_t)len : 0);

    if (method == NULL) {
        return 405;
    }
    c->http.method = method;
    if (uri == NULL || span.n == 0 || uri[0] != '/' || !cs_utf8_ok(span) ||
        !version_ok(c)) {
        return 400;
    }
    c->http.path = copy(uri, span.n);
    return c->http.path != NULL ? 0 : 503;
}

/* Exactly one plain decimal number: "5,5" (two headers), "-1", "+5", "" are refused. */
static int get_length(struct cs_conn *c)
{
    char buf[32];
    int n = lws_hdr_copy(c->wsi, buf, sizeof buf, WSI_TOKEN_HTTP_CONTENT_LENGTH);

    if (lws_hdr_total_length(c->wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) != 0) {
        return 411; /* no chunked bodies (STACK 2.3 k) */
    }
    if (n == 0) {
        return 0; /* no length, no body */
    }
    if (n < 0 || strspn(buf, "0123456789") != (size_t)n) {
        return 400;
    }
    for (const char *p = buf; *p != '\0'; p++) {
        c->http.body_len = 10 * c->http.body_len + (size_t)(*p - '0');
        if (c->http.body_len > c->ws->cfg.limits.body_bytes) {
            return 413;
        }
    }
    return 0;
}

static int read_head(struct cs_conn *c)
{
    struct cs_http *h = &c->http;
    int status = get_path(c);

    status = status != 0 ? status : get_length(c);
    status = status != 0 ? status : get_query(c);
    status = status != 0
                 ? status
                 : get_header(c, &h->authorization, WSI_TOKEN_HTTP_AUTHORIZATION);
    status = status != 0 ? status
                         : get_header(c, &h->content_type, WSI_TOKEN_HTTP_CONTENT_TYPE);
    status = status != 0 ? status : get_header(c, &h->origin, WSI_TOKEN_ORIGIN);
    status = status != 0 ? status
                         : get_custom(c, &h->idempotency_key, "idempotency-key:");
    status = status != 0 ? status : get_header(c, &h->cookie, WSI_TOKEN_HTTP_COOKIE);
    status = status != 0
                 ? status
                 : get_header(c, &h->if_none_match, WSI_TOKEN_HTTP_IF_NONE_MATCH);
    status = status != 0
                 ? status
                 : get_header(c, &h->accept_encoding, WSI_TOKEN_HTTP_ACCEPT_ENCODING);
    status = status != 0 ? status : get_custom(c, &h->csrf_token, "x-csrf-token:");
    status = status != 0 ? status : get_custom(c, &h->fetch_site, "sec-fetch-site:");
    return status;
}

static const char *why(int status)
{
    switch (status) {
    case 400:
        return "the request line, a header or Content-Length is malformed";
    case 405:
        return "this method is not supported";
    case 411:
        return "a body needs a Content-Length; chunked transfer is not supported";
    case 413:
        return "the request body is larger than 512 KiB";
    case 414:
        return "the query is too long";
    case 431:
        return "a request header is too long";
    default:
        return "the server is busy, try again later";
    }
}

void cs_http_request_of(const struct cs_conn *c, struct cs_http_req *out)
{
    const struct cs_http *h = &c->http;

    *out = (struct cs_http_req){
        .id = c->id,
        .method = h->method,
        .path = h->path,
        .query = h->query,
        .authorization = h->authorization,
        .content_type = h->content_type,
        .idempotency_key = h->idempotency_key,
        .origin = h->origin,
        .cookie = h->cookie,
        .csrf_token = h->csrf_token,
        .fetch_site = h->fetch_site,
        .if_none_match = h->if_none_match,
        .accept_encoding = h->accept_encoding,
        .remote = c->remote,
        .body = cs_wr_get(&h->body),
    };
}

int cs_http_head(struct cs_conn *c)
{
    return read_head(c);
}

static int to_core(struct cs_conn *c)
{
    struct cs_ws *ws = c->ws;
    struct cs_http *h = &c->http;
    struct cs_http_req req;

    if (ws->paused) {
        cs_http_error(c, 503, why(503));
        return 0;
    }
    cs_conn_set_id(c, ws->next_id++);
    h->state = HTTP_CORE;
    (void)lws_rx_flow_control(c->wsi, 0); /* what follows is not read; see answer */
    cs_conn_deadline(c, ws->cfg.limits.answer_ms);
    cs_http_request_of(c, &req);
    ws->cfg.events.http(ws->cfg.ctx, &req);
    cs_http_drop_body(c); /* borrowed for the call; the answer may take a minute */
    return 0;
}

/* ---- room for bodies ------------------------------------------------------- */

/* Who asks cannot be known here; but who does not even say has nothing large to send.
 */
static bool is_too_much(const struct cs_http *h)
{
    return h->body_len > CS_WS_BODY_SMALL && h->authorization[0] == '\0' &&
           h->cookie[0] == '\0';
}

/* What the bodies of this one's address have. */
static size_t held_by(const struct cs_conn *one)
{
    size_t n = 0;

    for (const struct cs_conn *c = one->ws->all; c != NULL; c = c->next) {
        n += memcmp(&c->ip, &one->ip, sizeof c->ip) == 0 ? c->http.body_mem : 0;
    }
    return n;
}

/* For n more bytes?  The list is only walked when there is something to share. */
static bool has_room(const struct cs_conn *c, size_t n)
{
    const struct cs_ws *ws = c->ws;
    size_t max = ws->cfg.limits.bodies_bytes, each = max / 4;

    return c->http.body_len <= CS_WS_BODY_SMALL || ws->bodies + n <= each ||
           (ws->bodies + n <= max && held_by(c) + n <= each);
}

/* May this body be ended, for one that has no room?  Small ones always have some. */
static bool may_end(const struct cs_conn *c, const struct cs_conn *one)
{
    const struct cs_ws *ws = c->ws;

    return c != one && !c->killed && c->http.state == HTTP_BODY &&
           c->http.body_mem > CS_WS_BODY_SMALL &&
           uv_now(ws->cfg.loop) + ws->cfg.limits.body_ms >= c->deadline + BODY_OWN_MS;
}

/* Who has been at it longest and makes room for n bytes of this one: of its address
 * when it is that which has too much, since nobody else's would help, else of all.
 * NULL: nobody. */
static struct cs_conn *longest(const struct cs_conn *one, size_t n)
{
    bool is_own = held_by(one) + n > one->ws->cfg.limits.bodies_bytes / 4;
    struct cs_conn *found = NULL;

    for (struct cs_conn *c = one->ws->all; c != NULL; c = c->next) {
        if (may_end(c, one) && (found == NULL || c->deadline < found->deadline) &&
            (!is_own || memcmp(&c->ip, &one->ip, sizeof c->ip) == 0)) {
            found = c;
        }
    }
    return found;
}

/* A few who send all but the last byte, again and again, must not keep the bodies of
 * others out.  Each turn takes the memory of one. */
static bool make_room(const struct cs_conn *one, size_t n)
{
    struct cs_conn *c;

    while (!has_room(one, n)) {
        c = longest(one, n);
        if (c == NULL) {
            return false;
        }
        cs_http_drop_body(c);
        cs_http_error(c, 503, why(503));
    }
    return true;
}

static void count_body(struct cs_conn *c)
{
    c->ws->bodies += c->http.body.cap - c->http.body_mem;
    c->http.body_mem = c->http.body.cap;
}

void cs_http_drop_body(struct cs_conn *c)
{
    cs_wr_free(&c->http.body);
    c->ws->bodies -= c->http.body_mem;
    c->http.body_mem = 0;
}

/* ---- the callbacks ----------------------------------------------------------- */

int cs_http_begin(struct cs_conn *c)
{
    int status;

    if (c->kind != CONN_HTTP || c->closing || c->http.state != HTTP_IDLE ||
        c->ws->ending) {
        return -1;
    }
    cs_http_reset(c);
    status = read_head(c);
    if (status != 0) {
        cs_http_error(c, status, why(status));
        return 0;
    }
    if (is_too_much(&c->http)) {
        cs_http_error(c, 413,
                      "the request body is larger than 16 KiB, and the request has "
                      "neither an access token nor a session");
        return 0;
    }
    c->http.body.max = c->ws->cfg.limits.body_bytes;
    c->http.state = HTTP_BODY;
    cs_conn_deadline(c, c->ws->cfg.limits.body_ms);
    return c->http.body_len == 0 ? to_core(c) : 0;
}

int cs_http_body(struct cs_conn *c, const void *p, size_t n)
{
    if (c->http.state != HTTP_BODY) {
        return 0; /* refused already: read and forget until the client has our answer */
    }
    if (n > c->http.body_len - c->http.body.n) {
        return -1; /* more than announced */
    }
    if (!make_room(c, n)) {
        cs_http_drop_body(c);
        cs_http_error(c, 503, why(503));
        return 0;
    }
    cs_wr_bytes(&c->http.body, p, n);
    count_body(c);
    if (c->http.body.err != CS_OK) {
        cs_http_drop_body(c);
        cs_http_error(c, 503, why(503));
    }
    return 0;
}

int cs_http_complete(struct cs_conn *c)
{
    if (c->http.state != HTTP_BODY) {
        return 0; /* refused, or passed on with its head; or said again for what follows
                   */
    }
    return c->http.body.n == c->http.body_len ? to_core(c) : -1;
}

static void free_text(char **s)
{
    cs_free_wiped(*s, *s != NULL ? strlen(*s) : 0);
    *s = NULL;
}

void cs_http_forget(struct cs_conn *c)
{
    struct cs_http *h = &c->http;

    free_text(&h->path);
    free_text(&h->query);
    free_text(&h->authorization);
    free_text(&h->content_type);
    free_text(&h->idempotency_key);
    free_text(&h->origin);
    free_text(&h->cookie);
    free_text(&h->csrf_token);
    free_text(&h->fetch_site);
    free_text(&h->if_none_match);
    free_text(&h->accept_encoding);
    free_text(&h->reply_headers);
    free_text(&h->reply_type);
    cs_http_drop_body(c);
    cs_outbox_free(&h->reply);
    h->state = HTTP_IDLE;
    h->method = "GET";
    h->body_len = 0;
    h->refused = h->head_sent = false;
    h->status = 0;
}

void cs_http_reset(struct cs_conn *c)
{
    cs_conn_set_id(c, 0);
    cs_http_forget(c);
}
