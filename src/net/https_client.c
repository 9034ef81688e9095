/* Life of the client and of its requests; see https_internal.h. */
#include "net/https_client.h"

#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/https_internal.h"
#include "net/lws_make.h"
#include "net/ws_internal.h"

/* Longer than any request may take: libwebsockets' own timeouts leak (STACK 2.3 b). */
enum { LWS_TIMEOUT_S = CS_HTTPS_TIME_MAX_MS / 1000 + 30 };

static const struct lws_protocols protocols[] = {
    {.name = "https", .callback = https_cb, .rx_buffer_size = 16384},
    {.name = NULL},
};

/* ---- the context ----------------------------------------------------------------- */

static enum cs_err make_context(struct cs_https *h, struct cs_why *why)
{
    void *loops[] = {h->loop};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   cs_lws_global_init(),
        .foreign_loops = loops,
        .fd_limit_per_thread = 64,
        .pt_serv_buf_size = 2 * CS_HTTPS_HEADS_LEN, /* a whole request head */
        .max_http_header_data2 = 2 * WS_HEADER_MAX,
        .timeout_secs = LWS_TIMEOUT_S,
        .pcontext = &h->lws,
        .user = h,
    };

    info.gid = ~info.gid; /* -1: stay who we are */
    info.uid = ~info.uid;
    h->lws = cs_lws_create(&info, &h->end);
    if (h->lws == NULL) {
        return cs_why(why, CS_ERR_OS,
                      "libwebsockets did not start: the package libwebsockets-evlib-uv "
                      "must be installed");
    }
    return CS_OK;
}

static enum cs_err make_vhost(struct cs_https *h, struct cs_why *why)
{
    struct lws_context_creation_info info = {
        .vhost_name = "https",
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .alpn = "http/1.1",
        .timeout_secs = LWS_TIMEOUT_S,
        .user = h,
        .http_proxy_address = CS_LWS_NO_PROXY,
        .client_ssl_cipher_list = cs_tls_ciphers12,
        .client_tls_1_3_plus_cipher_list = cs_tls_ciphers13,
        /* and what was decrypted does not stay in OpenSSL's buffers */
        .ssl_client_options_set = cs_tls_options() | (long)SSL_OP_CLEANSE_PLAINTEXT,
    };

    if (h->ca_file[0] != '\0') {
        info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
        info.client_ssl_ca_filepath = h->ca_file;
    } else {
        info.client_ssl_ca_filepath = https_system_bundle();
    }
    if (h->cert_file[0] != '\0') {
        info.client_ssl_cert_filepath = h->cert_file;
        info.client_ssl_private_key_filepath = h->key_file;
    }
    CS_CHECK(https_check_files(h, why)); /* they may have changed since the start */
    h->vhost = lws_create_vhost(h->lws, &info);
    return h->vhost != NULL
               ? CS_OK
               : cs_why(why, CS_ERR_OS, "libwebsockets refused the client's settings");
}

static enum cs_err open_context(struct cs_https *h, struct cs_why *why)
{
    if (h->lws == NULL) {
        CS_CHECK(make_context(h, why));
    }
    return h->vhost != NULL ? CS_OK : make_vhost(h, why);
}

/* ---- making one ------------------------------------------------------------------ */

static enum cs_err take_name(char out[HTTPS_FILE_MAX], const char *name,
                             struct cs_why *why)
{
    size_t n = name != NULL ? strlen(name) : 0;

    if (n >= HTTPS_FILE_MAX) {
        return cs_why(why, CS_ERR_CONFIG, "a file's name is longer than %d",
                      HTTPS_FILE_MAX - 1);
    }
    memcpy(out, n != 0 ? name : "", n + 1);
    return CS_OK;
}

static enum cs_err take_files(struct cs_https *h, const struct cs_https_config *cfg,
                              struct cs_why *why)
{
    CS_CHECK(take_name(h->ca_file, cfg->ca_file, why));
    CS_CHECK(take_name(h->cert_file, cfg->cert_file, why));
    CS_CHECK(take_name(h->key_file, cfg->key_file, why));
    return https_check_files(h, why);
}

enum cs_err cs_https_new(struct cs_https **out, const struct cs_https_config *cfg,
                         struct cs_why *why)
{
    struct cs_https *h = cs_alloc(sizeof *h);
    enum cs_err err;

    *out = NULL;
    if (h == NULL) {
        return CS_ERR_NOMEM;
    }
    h->loop = cfg->loop;
    err = take_files(h, cfg, why);
    if (err != CS_OK) {
        cs_free(h);
        return err;
    }
    CS_ASSERT(uv_timer_init(h->loop, &h->timer) == 0);
    *out = h;
    return CS_OK;
}

/* ---- calls ----------------------------------------------------------------------- */

void https_kick(struct cs_https *h)
{
    if (h->in_lws == 0 && h->lws != NULL) {
        lws_cancel_service(h->lws);
    }
}

static void wipe_call(struct https_call *c)
{
    cs_wr_free(&c->heads);
    cs_wr_free(&c->body);
    cs_wr_free(&c->in);
    cs_wipe(c->got, sizeof c->got);
}

static void free_call(struct https_call *c)
{
    *c->at = c->next;
    if (c->next != NULL) {
        c->next->at = c->at;
    }
    c->h->n_calls--;
    wipe_call(c);
    cs_free_wiped(c, sizeof *c);
}

void https_release(struct https_call *c)
{
    if (c->h->now != c && c->wsi == NULL && c->dns == NULL && !c->in_connect) {
        free_call(c);
    }
}

static void kill_socket(struct https_call *c)
{
    if (c->wsi != NULL) {
        lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        https_kick(c->h);
    }
}

/* Its owner hears nothing more. */
static void let_go(struct https_call *c)
{
    struct cs_https *h = c->h;

    CS_ASSERT(h->now == c);
    h->now = NULL;
    c->is_over = true;
    (void)uv_timer_stop(&h->timer);
    wipe_call(c);
    https_drop_dns(c);
    kill_socket(c);
    https_release(c);
}

static void on_over(uv_timer_t *timer)
{
    struct cs_https *h = CS_CONTAINER_OF(timer, struct cs_https, timer);
    struct https_call *c = h->now;
    struct cs_https_answer a = {.err = c->err, .failure = c->failure};
    struct cs_wr in = c->in;
    struct https_call copy = {.status = 0};

    c->in = (struct cs_wr){0};
    memcpy(copy.failure, c->failure, sizeof copy.failure);
    memcpy(copy.got, c->got, sizeof copy.got);
    a.failure = copy.failure;
    if (c->err == CS_OK) {
        a.status = c->status;
        a.body = cs_wr_get(&in);
    }
    for (size_t i = 0; i < CS_HTTPS_WANT_MAX; i++) {
        a.headers[i] = c->err == CS_OK ? copy.got[i] : "";
    }
    copy.done = c->done;
    copy.ctx = c->ctx;
    let_go(c); /* so that done may ask the next one */
    copy.done(copy.ctx, &a);
    cs_wr_free(&in);
    cs_wipe(&copy, sizeof copy);
}

void https_over(struct https_call *c, enum cs_err err, const char *fmt, ...)
{
    va_list args;

    if (c->is_over) {
        return;
    }
    c->is_over = true;
    c->err = err;
    if (err != CS_OK) {
        int n = snprintf(c->failure, sizeof c->failure, "%s port %d: %s", c->url.host,
                         c->url.port, fmt == NULL ? cs_err_text(err) : "");

        if (fmt != NULL && n > 0 && (size_t)n < sizeof c->failure) {
            va_start(args, fmt);
            (void)vsnprintf(c->failure + n, sizeof c->failure - (size_t)n, fmt, args);
            va_end(args);
        }
        cs_log(CS_LOG_DEBUG, "net", "%s", c->failure);
    }
    if (c->h->now == c) {
        CS_ASSERT(uv_timer_start(&c->h->timer, on_over, 0, 0) == 0);
    }
}

static void on_late(uv_timer_t *timer)
{
    struct cs_https *h = CS_CONTAINER_OF(timer, struct cs_https, timer);

    https_over(h->now, CS_ERR_TIMEOUT, "no whole answer in time");
}

/* ---- asking ---------------------------------------------------------------------- */

static bool is_text(struct cs_span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x20 || s.p[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

static bool is_name(const char *name)
{
    static const char *const ours[] = {"host", "content-length", "connection",
                                       "transfer-encoding"};

    for (size_t i = 0; i < CS_COUNTOF(ours); i++) {
        if (strcmp(name, ours[i]) == 0) {
            return false;
        }
    }
    return name[0] != '\0' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static void add_head(struct https_call *c, const char *name, struct cs_span value)
{
    cs_wr_str(&c->heads, name);
    cs_wr_bytes(&c->heads, ":", 2); /* with its NUL */
    cs_wr_span(&c->heads, value);
    cs_wr_u8(&c->heads, 0);
}

static enum cs_err take_headers(struct https_call *c,
                                const struct cs_https_request *req)
{
    char length[24];

    c->heads.max = CS_HTTPS_HEADS_LEN;
    for (size_t i = 0; i < req->n_headers; i++) {
        if (!is_name(req->headers[i].name) || !is_text(req->headers[i].value)) {
            return CS_ERR_USAGE;
        }
        add_head(c, req->headers[i].name, req->headers[i].value);
    }
    if (req->body.n != 0 || strcmp(req->method, "GET") != 0) {
        int n = snprintf(length, sizeof length, "%zu", req->body.n);

        add_head(c, "content-length", CS_SPAN(length, n > 0 ? (size_t)n : 0));
    }
    return c->heads.err == CS_ERR_TOO_LONG ? CS_ERR_USAGE : c->heads.err;
}

static bool limits_ok(const struct cs_https_request *req)
{
    return req->n_headers <= CS_HTTPS_HEADERS_MAX && req->body.n <= CS_HTTPS_BODY_MAX &&
           req->body_max <= CS_HTTPS_BODY_MAX && req->time_ms != 0 &&
           req->time_ms <= CS_HTTPS_TIME_MAX_MS;
}

static enum cs_err fill_call(struct https_call *c, const struct cs_https_request *req)
{
    c->url = *req->url;
    c->method = req->method;
    c->body_max = req->body_max;
    c->allow = req->allow;
    c->is_status_enough = req->is_status_enough;
    c->in.max = req->body_max + 1;
    memcpy(c->want, req->want, sizeof c->want);
    CS_CHECK(take_headers(c, req));
    (void)cs_wr_room(&c->body, LWS_PRE); /* libwebsockets writes in front of it */
    cs_wr_span(&c->body, req->body);
    return c->body.err;
}

static struct https_call *new_call(struct cs_https *h)
{
    struct https_call *c = cs_alloc(sizeof *c);

    if (c == NULL) {
        return NULL;
    }
    c->h = h;
    c->at = &h->all;
    c->next = h->all;
    if (c->next != NULL) {
        c->next->at = &c->next;
    }
    h->all = c;
    h->n_calls++;
    return c;
}

/* What libwebsockets still holds though it was told to end it: told again. */
static void kill_rest(struct cs_https *h)
{
    for (struct https_call *c = h->all; c != NULL; c = c->next) {
        kill_socket(c);
    }
}

static enum cs_err begin(struct cs_https *h, const struct cs_https_request *req,
                         struct https_call **out, struct cs_why *why)
{
    struct https_call *c;
    enum cs_err err;

    kill_rest(h);
    if (h->n_calls >= HTTPS_CALLS_MAX) {
        return cs_why(why, CS_ERR_LIMIT, "earlier requests have not ended yet");
    }
    CS_CHECK(open_context(h, why));
    c = new_call(h);
    if (c == NULL) {
        return CS_ERR_NOMEM;
    }
    err = fill_call(c, req);
    if (err == CS_OK) {
        err = https_resolve(c);
    }
    if (err != CS_OK) {
        free_call(c);
        return cs_why(why, err, "cannot ask %s: %s", req->url->host, cs_err_text(err));
    }
    *out = c;
    return CS_OK;
}

enum cs_err cs_https_ask(struct cs_https *h, const struct cs_https_request *req,
                         cs_https_done *done, void *ctx, struct cs_why *why)
{
    struct https_call *c = NULL;

    if (h->ending || h->now != NULL) {
        return cs_why(why, CS_ERR_STATE, "a request is under way");
    }
    if (!limits_ok(req)) {
        return cs_why(why, CS_ERR_USAGE, "the request passes a limit");
    }
    CS_CHECK(begin(h, req, &c, why));
    CS_ASSERT(c != NULL);
    c->done = done;
    c->ctx = ctx;
    h->now = c;
    CS_ASSERT(uv_timer_start(&h->timer, on_late, req->time_ms, 0) == 0);
    return CS_OK;
}

bool cs_https_is_busy(const struct cs_https *h)
{
    return h->now != NULL;
}

void cs_https_cancel(struct cs_https *h)
{
    if (h->now != NULL) {
        let_go(h->now);
    }
}

/* ---- the end --------------------------------------------------------------------- */

static void timer_closed(uv_handle_t *handle)
{
    struct cs_https *h = CS_CONTAINER_OF(handle, struct cs_https, timer);
    void (*closed)(void *ctx) = h->closed;
    void *ctx = h->closed_ctx;

    while (h->all != NULL) {
        free_call(h->all);
    }
    cs_free(h);
    if (closed != NULL) {
        closed(ctx);
    }
}

static void on_end(uv_timer_t *timer)
{
    struct cs_https *h = CS_CONTAINER_OF(timer, struct cs_https, timer);

    if (cs_lws_end_turn(&h->end, h->loop, &h->lws) && h->dns_pending == 0) {
        uv_close((uv_handle_t *)&h->timer, timer_closed);
    }
}

void cs_https_close(struct cs_https *h, void (*closed)(void *ctx), void *ctx)
{
    CS_ASSERT(!h->ending && h->in_lws == 0);
    cs_https_cancel(h);
    h->ending = true;
    h->closed = closed;
    h->closed_ctx = ctx;
    cs_lws_end_begin(&h->end, h->lws);
    CS_ASSERT(
        uv_timer_start(&h->timer, on_end, CS_LWS_END_TICK_MS, CS_LWS_END_TICK_MS) == 0);
}
