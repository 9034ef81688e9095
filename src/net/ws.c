#include "net/ws.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/lws_make.h"
#include "net/tls_pem.h"
#include "net/ws_internal.h"

enum { TICK_MS = 1000 };

/* Order matters: id says which channel (0: HTTP).  16 KiB a read is one TLS record. */
static const struct lws_protocols protocols[] = {
    {.name = "http", .callback = cs_http_cb, .rx_buffer_size = 16384, .id = 0},
    {.name = "cloudsign.control.v2",
     .callback = cs_ws_frame_cb,
     .rx_buffer_size = 65536,
     .id = 1},
    {.name = "cloudsign.relay.v1",
     .callback = cs_ws_frame_cb,
     .rx_buffer_size = 65536,
     .id = 2},
    {.name = "cloudsign.events.v1",
     .callback = cs_ws_frame_cb,
     .rx_buffer_size = 4096,
     .id = 3},
    {.name = NULL},
};

static void set_default(uint32_t *v, uint32_t dflt)
{
    *v = *v != 0 ? *v : dflt;
}

static void set_defaults(struct cs_ws_limits *l)
{
    l->max_conns = l->max_conns != 0 ? l->max_conns : 1024;
    l->max_conns_per_ip = l->max_conns_per_ip != 0 ? l->max_conns_per_ip : 256;
    l->outbox_bytes = l->outbox_bytes != 0 ? l->outbox_bytes : (size_t)4 << 20;
    l->outbox_count = l->outbox_count != 0 ? l->outbox_count : 4096;
    l->body_bytes = l->body_bytes != 0 ? l->body_bytes : (size_t)512 * 1024;
    l->bodies_bytes = l->bodies_bytes != 0 ? l->bodies_bytes : (size_t)64 << 20;
    set_default(&l->header_ms, 10000);
    set_default(&l->body_ms, 30000);
    set_default(&l->answer_ms, 60000);
    set_default(&l->connect_ms, 10000);
    set_default(&l->close_ms, 5000);
    set_default(&l->ping_s, 10);
    set_default(&l->dead_s, 30);
}

/* ---- creation -------------------------------------------------------------------- */

static void set_keepalive(struct cs_ws *ws)
{
    ws->retry = (lws_retry_bo_t){
        .conceal_count = LWS_RETRY_CONCEAL_ALWAYS,
        .secs_since_valid_ping = (uint16_t)ws->cfg.limits.ping_s,
        .secs_since_valid_hangup = (uint16_t)ws->cfg.limits.dead_s,
        .jitter_percent = 20,
    };
}

static enum cs_err make_context(struct cs_ws *ws, struct cs_why *why)
{
    void *loops[] = {ws->cfg.loop};
    unsigned fds = ws->cfg.listen != NULL ? ws->cfg.limits.max_conns + 64 : 64;
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   cs_lws_global_init(),
        .foreign_loops = loops,
        .fd_limit_per_thread = fds,
        .pt_serv_buf_size = 65536,
        .max_http_header_data2 = 2 * WS_HEADER_MAX,
        .timeout_secs = 60,
        .pcontext = &ws->lws,
        .user = ws,
    };

    info.gid = ~info.gid; /* -1: stay who we are; int in 4.1.6, gid_t in 4.3.5 */
    info.uid = ~info.uid;
    ws->lws = cs_lws_create(&info, &ws->end);
    if (ws->lws == NULL) {
        return cs_why(why, CS_ERR_OS,
                      "libwebsockets did not start: the package libwebsockets-evlib-uv "
                      "must be installed");
    }
    return CS_OK;
}

static void vhost_common(struct lws_context_creation_info *info, struct cs_ws *ws)
{
    info->protocols = protocols;
    info->options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                    LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
    info->alpn = "http/1.1";
    info->timeout_secs = 60;
    info->user = ws;
}

static enum cs_err make_server(struct cs_ws *ws, struct cs_why *why)
{
    const struct cs_ws_listen *l = ws->cfg.listen;
    struct lws_context_creation_info info = {
        .vhost_name = "server",
        .port = l->port,
        .iface = strcmp(l->host, "0.0.0.0") == 0 || strcmp(l->host, "::") == 0
                     ? NULL
                     : l->host,
        .ssl_cert_filepath = l->cert_file,
        .ssl_private_key_filepath = l->key_file,
        .ssl_cipher_list = cs_tls_ciphers12,
        .tls1_3_plus_cipher_list = cs_tls_ciphers13,
        .ssl_options_set = cs_tls_options(),
        .keepalive_timeout = 5,
        .server_string = "cloudsign",
        .retry_and_idle_policy = &ws->retry,
    };

    vhost_common(&info, ws);
    info.options |= LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
    if (strchr(l->host, ':') == NULL) {
        info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
    }
    if (!cs_ip_limit_init(&ws->ips, ws->cfg.limits.max_conns,
                          ws->cfg.limits.max_conns_per_ip)) {
        return CS_ERR_NOMEM;
    }
    ws->has_ips = true;
    ws->server = lws_create_vhost(ws->lws, &info);
    if (ws->server == NULL) {
        return cs_why(why, CS_ERR_LISTEN,
                      "cannot listen on %s port %d: it is in use, not an address of "
                      "this machine, or %s and its key are not a valid pair",
                      l->host, l->port, l->cert_file);
    }
    ws->port = lws_get_vhost_listen_port(ws->server);
    return CS_OK;
}

static enum cs_err make_client(struct cs_ws *ws, struct cs_why *why)
{
    struct lws_context_creation_info info = {
        .vhost_name = "client",
        .port = CONTEXT_PORT_NO_LISTEN,
        .client_ssl_cipher_list = cs_tls_ciphers12,
        .client_tls_1_3_plus_cipher_list = cs_tls_ciphers13,
        .ssl_client_options_set = cs_tls_options(),
        .http_proxy_address = CS_LWS_NO_PROXY,
        .retry_and_idle_policy = &ws->retry,
    };

    CS_CHECK(cs_tls_ca_pem(&ws->ca_pem, ws->cfg.ca_der, why));
    cs_wr_u8(&ws->ca_pem, 0);
    CS_CHECK(ws->ca_pem.err);
    vhost_common(&info, ws);
    info.client_ssl_ca_mem = ws->ca_pem.p;
    info.client_ssl_ca_mem_len = (unsigned)ws->ca_pem.n;
    ws->client = lws_create_vhost(ws->lws, &info);
    return ws->client != NULL
               ? CS_OK
               : cs_why(why, CS_ERR_OS, "libwebsockets refused the client's settings");
}

static void on_tick(uv_timer_t *timer);

static enum cs_err open_all(struct cs_ws *ws, struct cs_why *why)
{
    CS_CHECK(make_context(ws, why));
    if (ws->cfg.listen != NULL) {
        CS_CHECK(make_server(ws, why));
    }
    if (ws->cfg.ca_der.n != 0) {
        CS_CHECK(make_client(ws, why));
    }
    return CS_OK;
}

enum cs_err cs_ws_new(struct cs_ws **out, const struct cs_ws_config *cfg,
                      struct cs_why *why)
{
    struct cs_ws *ws = cs_alloc(sizeof *ws);
    enum cs_err err;

    *out = NULL;
    if (ws == NULL) {
        return CS_ERR_NOMEM;
    }
    ws->cfg = *cfg;
    set_defaults(&ws->cfg.limits);
    set_keepalive(ws);
    ws->next_id = WS_FIRST_SERVER_ID;
    CS_ASSERT(uv_timer_init(cfg->loop, &ws->tick) == 0);
    err = open_all(ws, why);
    ws->cfg.listen = NULL; /* was borrowed */
    ws->cfg.ca_der = (struct cs_span){0};
    if (err != CS_OK) {
        cs_ws_shutdown(ws, NULL, NULL);
        return err;
    }
    CS_ASSERT(uv_timer_start(&ws->tick, on_tick, TICK_MS, TICK_MS) == 0);
    *out = ws;
    return CS_OK;
}

int cs_ws_port(const struct cs_ws *ws)
{
    return ws->port;
}

/* ---- outputs --------------------------------------------------------------------- */

void cs_ws_send(struct cs_ws *ws, uint64_t conn, struct cs_span data)
{
    struct cs_conn *c = cs_conn_find(ws, conn);
    enum cs_err err;

    if (c == NULL || c->kind == CONN_HTTP || !c->told_up || c->killed) {
        return; /* went away meanwhile: its down event is on the way or was given */
    }
    err = cs_outbox_add(&c->out, data);
    if (err != CS_OK) {
        cs_conn_kill(c, err);
    } else {
        cs_conn_want_write(c);
    }
}

void cs_ws_close_conn(struct cs_ws *ws, uint64_t conn, enum cs_err err)
{
    struct cs_conn *c = cs_conn_find(ws, conn);

    if (c == NULL || c->kind == CONN_HTTP) {
        return;
    }
    cs_conn_set_id(c, 0);
    c->closing = true;
    c->err = c->err != CS_OK ? c->err : err;
    if (c->told_up) {
        cs_conn_deadline(c, ws->cfg.limits.close_ms);
        cs_conn_want_write(c); /* delivers what waits, then closes */
    } else if (c->wsi != NULL) {
        cs_conn_kill(c, err);
    } else {
        cs_conn_drop_dns(c);
        cs_conn_release(c);
    }
}

void cs_ws_reply(struct cs_ws *ws, uint64_t http_id, int status,
                 const char *content_type, const char *headers, struct cs_span body)
{
    struct cs_conn *c = cs_conn_find(ws, http_id);

    if (c == NULL || c->kind != CONN_HTTP || c->http.state != HTTP_CORE) {
        return;
    }
    cs_http_answer(c, status, content_type, headers, body);
}

void cs_ws_pause(struct cs_ws *ws, bool paused)
{
    ws->paused = paused;
    for (struct cs_conn *c = ws->all; c != NULL; c = c->next) {
        if (c->kind != CONN_HTTP && c->told_up && c->wsi != NULL && !c->killed) {
            (void)lws_rx_flow_control(c->wsi, paused ? 0 : 1);
        }
    }
    cs_ws_kick(ws);
}

bool cs_ws_has_output(const struct cs_ws *ws)
{
    for (const struct cs_conn *c = ws->all; c != NULL; c = c->next) {
        bool http = c->kind == CONN_HTTP && c->http.state == HTTP_ANSWER;

        if (c->wsi != NULL && !c->killed &&
            (http || (c->kind != CONN_HTTP && c->told_up && c->out.q.first != NULL))) {
            return true;
        }
    }
    return false;
}

/* ---- time and the end
 * ---------------------------------------------------------------- */

static struct cs_conn *first_overdue(struct cs_ws *ws)
{
    struct cs_conn *c = ws->all;

    while (c != NULL && uv_now(ws->cfg.loop) < c->deadline) {
        c = c->next;
    }
    return c;
}

static void on_tick(uv_timer_t *timer)
{
    struct cs_ws *ws = CS_CONTAINER_OF(timer, struct cs_ws, tick);
    struct cs_conn *c;

    /* An event may free any connection, so start over after each. */
    while (!ws->ending && (c = first_overdue(ws)) != NULL) {
        cs_conn_overdue(c);
    }
}

static void tick_closed(uv_handle_t *handle)
{
    struct cs_ws *ws = CS_CONTAINER_OF(handle, struct cs_ws, tick);
    void (*closed)(void *ctx) = ws->closed;
    void *ctx = ws->closed_ctx;

    while (ws->all != NULL) {
        cs_conn_free(ws->all);
    }
    if (ws->has_ips) {
        cs_ip_limit_wipe(&ws->ips);
    }
    cs_wr_free(&ws->ca_pem);
    cs_free(ws);
    if (closed != NULL) {
        closed(ctx);
    }
}

static void on_shutdown_tick(uv_timer_t *timer)
{
    struct cs_ws *ws = CS_CONTAINER_OF(timer, struct cs_ws, tick);

    if (cs_lws_end_turn(&ws->end, ws->cfg.loop, &ws->lws) && ws->dns_pending == 0) {
        uv_close((uv_handle_t *)&ws->tick, tick_closed);
    }
}

void cs_ws_shutdown(struct cs_ws *ws, void (*closed)(void *ctx), void *ctx)
{
    CS_ASSERT(!ws->ending && ws->in_lws == 0);
    ws->ending = true;
    ws->closed = closed;
    ws->closed_ctx = ctx;
    for (struct cs_conn *c = ws->all; c != NULL; c = c->next) {
        cs_conn_drop_dns(c);
    }
    cs_lws_end_begin(&ws->end, ws->lws);
    CS_ASSERT(uv_timer_start(&ws->tick, on_shutdown_tick, CS_LWS_END_TICK_MS,
                             CS_LWS_END_TICK_MS) == 0);
}
