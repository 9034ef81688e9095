/* Answers: headers that every one carries, the body, what follows on the connection.
 * See ws_internal.h. */
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/mem.h"
#include "base/os/clock.h"
#include "net/ws_internal.h"

enum { LINGER_MS = 1000, HEAD_MAX = 2048 + CS_HTTP_HEADERS_MAX, NAME_MAX_LEN = 64 };

/* RELIABILITY 4.3: an answer is no page, so nothing may be loaded, framed or kept; the
 * console's files bring a policy of their own. */
static const char *const fixed_headers[][2] = {
    {"cache-control:", "no-store"},
    {"x-content-type-options:", "nosniff"},
    {"x-frame-options:", "DENY"},
    {"referrer-policy:", "no-referrer"},
    {"content-security-policy:", "default-src 'none'; frame-ancestors 'none'"},
    {"strict-transport-security:", "max-age=31536000"},
    {"cross-origin-opener-policy:", "same-origin"},
    {"cross-origin-resource-policy:", "same-origin"},
};

struct head {
    struct lws *wsi;
    unsigned char *p, *end;
    int failed;
};

static void add_n(struct head *h, const char *name, const char *value, size_t n)
{
    h->failed |= lws_add_http_header_by_name(h->wsi, (const unsigned char *)name,
                                             (const unsigned char *)value, (int)n,
                                             &h->p, h->end);
}

static void add(struct head *h, const char *name, const char *value)
{
    add_n(h, name, value, strlen(value));
}

/* ---- headers of one answer's own ("name: value\n" ..) ---------------------------- */

struct line {
    char name[NAME_MAX_LEN + 2]; /* with its ':' */
    const char *value;
    size_t n;
};

static bool is_plain(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] < 0x20 || p[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

/* The next line that is well formed; false at the end.  Nothing that a value holds can
 * become another header: control characters are refused here once more. */
static bool next_line(const char **at, struct line *l)
{
    while (**at != '\0') {
        const char *p = *at;
        size_t n = strcspn(p, "\n");
        size_t name = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789-");

        *at = p + n + (p[n] == '\n' ? 1 : 0);
        if (name > 0 && name <= NAME_MAX_LEN && name + 2 <= n && p[name] == ':' &&
            p[name + 1] == ' ' && is_plain(p, n)) {
            memcpy(l->name, p, name + 1);
            l->name[name + 1] = '\0';
            l->value = p + name + 2;
            l->n = n - name - 2;
            return true;
        }
    }
    return false;
}

static bool has_line(const char *lines, const char *name)
{
    struct line l;

    while (lines != NULL && next_line(&lines, &l)) {
        if (strcmp(l.name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void add_lines(struct head *h, const char *lines)
{
    struct line l;

    while (lines != NULL && next_line(&lines, &l)) {
        add_n(h, l.name, l.value, l.n);
    }
}

static void add_fixed(struct head *h, const char *lines)
{
    for (size_t i = 0; i < CS_COUNTOF(fixed_headers); i++) {
        if (!has_line(lines, fixed_headers[i][0])) {
            add(h, fixed_headers[i][0], fixed_headers[i][1]);
        }
    }
}

static void add_by_status(struct head *h, int status)
{
    if (status == 401) {
        add(h, "www-authenticate:", "Bearer");
    }
    if (status == 429 || status == 503) {
        add(h, "retry-after:", "1");
    }
    if (status == 405) {
        add(h, "allow:", "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS");
    }
}

/* RFC 9110, 6.6.1: so that `cloudsign doctor` can compare clocks. */
static const char *date(char text[40])
{
    time_t t = (time_t)(cs_os_wall_ms() / 1000);
    struct tm tm;

    if (gmtime_r(&t, &tm) == NULL ||
        strftime(text, 40, "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0) {
        text[0] = '\0';
    }
    return text;
}

static int write_head(struct cs_conn *c, size_t body_len)
{
    unsigned char buf[LWS_PRE + HEAD_MAX], *start = buf + LWS_PRE;
    struct head h = {.wsi = c->wsi, .p = start, .end = buf + sizeof buf - 1};
    char when[40];
    size_t n;

    h.failed |= lws_add_http_header_status(c->wsi, (unsigned)c->http.status, &h.p,
                                           h.end);
    if (c->http.status != 204 && c->http.status != 304) { /* RFC 9110, 8.6 */
        h.failed |= lws_add_http_header_content_length(c->wsi, body_len, &h.p, h.end);
    }
    if (body_len != 0) {
        add(&h, "content-type:", c->http.reply_type);
    }
    add(&h, "connection:", "close"); /* see http_request.c */
    add(&h, "date:", date(when));
    add_by_status(&h, c->http.status);
    add_fixed(&h, c->http.reply_headers);
    add_lines(&h, c->http.reply_headers);
    h.failed |= lws_finalize_http_header(c->wsi, &h.p, h.end);
    n = (size_t)(h.p - start);
    if (h.failed != 0 || lws_write(c->wsi, start, n, LWS_WRITE_HTTP_HEADERS) < (int)n) {
        return -1;
    }
    c->http.head_sent = true;
    return 0;
}

/* The answer is written.  A refused client may still be sending, and closing now would
 * reset the connection under the answer: so shut our side and let it read to the end.
 */
static int finish(struct cs_conn *c)
{
    if (lws_partial_buffered(c->wsi) != 0) {
        cs_conn_want_write(c); /* until the kernel has taken all of it */
        return 0;
    }
    if (!c->http.refused) {
        return -1;
    }
    c->http.state = HTTP_LINGER;
    (void)shutdown((int)lws_get_socket_fd(c->wsi), SHUT_WR);
    cs_conn_deadline(c, LINGER_MS);
    return 0;
}

/* As much of the answer as libwebsockets takes without keeping what is behind it. */
static int send_some(struct cs_conn *c)
{
    bool head_only = c->http.method != NULL && strcmp(c->http.method, "HEAD") == 0;
    size_t n = 0;
    unsigned char *p = cs_outbox_first(&c->http.reply, &n);

    if (!c->http.head_sent && write_head(c, n) != 0) {
        return -1;
    }
    if (p == NULL || lws_partial_buffered(c->wsi) != 0) {
        return 0;
    }
    if (n != 0 && !head_only && lws_write(c->wsi, p, n, LWS_WRITE_HTTP) < (int)n) {
        return -1;
    }
    cs_outbox_drop_first(&c->http.reply);
    return 0;
}

int cs_http_write(struct cs_conn *c)
{
    size_t n = 0;

    if (c->http.state != HTTP_ANSWER) {
        return 0;
    }
    if (send_some(c) != 0) {
        return -1;
    }
    if (cs_outbox_first(&c->http.reply, &n) != NULL) {
        cs_conn_want_write(c);
        return 0;
    }
    return finish(c);
}

static char *copy(const char *text)
{
    size_t n = strlen(text) + 1;
    char *s = cs_alloc(n);

    if (s != NULL) {
        memcpy(s, text, n);
    }
    return s;
}

/* libwebsockets goes on to write only when it may read.  What has come behind a request
 * without a body (a second request; a body that no length announced) it does read then,
 * and 4.3.5 hangs up at its first byte, while the answer waits: so that of a request
 * that was carried out is given to it before. */
static void start_answer(struct cs_conn *c)
{
    bool is_done = c->http.state == HTTP_CORE;

    c->http.state = HTTP_ANSWER;
    c->since = uv_now(c->ws->cfg.loop);
    cs_conn_deadline(c, c->ws->cfg.limits.answer_ms);
    if (is_done && !c->killed && send_some(c) != 0) {
        cs_conn_kill(c, CS_ERR_CONN);
        return;
    }
    (void)lws_rx_flow_control(c->wsi, 1);
    cs_conn_want_write(c);
}

void cs_http_answer(struct cs_conn *c, int status, const char *type,
                    const char *headers, struct cs_span body)
{
    struct cs_http *h = &c->http;

    cs_conn_set_id(c, 0);
    h->status = status;
    h->reply_type = copy(type);
    h->reply_headers = headers == NULL ? NULL : copy(headers);
    if (h->reply_type == NULL || (headers != NULL && h->reply_headers == NULL) ||
        cs_outbox_add(&h->reply, body) != CS_OK) {
        cs_conn_kill(c, CS_ERR_NOMEM);
        return;
    }
    start_answer(c);
}

/* google.rpc.Code, as the vendor's errors carry it. */
static int rpc_code(int status)
{
    switch (status) {
    case 408:
        return 4; /* DEADLINE_EXCEEDED */
    case 405:
        return 12; /* UNIMPLEMENTED */
    case 429:
        return 8; /* RESOURCE_EXHAUSTED */
    case 503:
        return 14; /* UNAVAILABLE */
    default:
        return 3; /* INVALID_ARGUMENT */
    }
}

void cs_http_error(struct cs_conn *c, int status, const char *message)
{
    struct cs_wr w = {.max = 1024};

    c->http.refused = true;
    cs_wr_printf(&w, "{\"code\":%d,\"message\":\"%s\",\"details\":[]}",
                 rpc_code(status), message);
    cs_http_answer(c, status, "application/json", NULL, cs_wr_get(&w));
    cs_wr_free(&w);
}
