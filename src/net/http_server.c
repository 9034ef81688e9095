/* The callback of accepted connections before an upgrade, and of what concerns the
 * whole context: addresses, TLS settings, creation and end of each socket.
 * See ws_internal.h. */
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "net/ws_internal.h"

enum { GRACE_MS = 1000 };

/* Who has not said anything whole yet: no request, and as a node no first message.
 * Viewers of events have nothing to say: their request was all of it.  And who does not
 * read the answer: anybody may ask for the console's files. */
static bool is_slow(const struct cs_conn *c)
{
    if (!c->counted || c->killed) {
        return false;
    }
    return c->kind == CONN_HTTP
               ? c->http.state != HTTP_CORE
               : c->kind == CONN_SERVER && !c->spoke && c->channel != CS_CHANNEL_EVENTS;
}

struct victim {
    struct cs_conn *conn;
    bool had_time;
    size_t most; /* connections of its address */
};

/* Of these: one that has had a second for its handshake and its head, or for its
 * answer, so that whoever comes with a request is not ended by those who come without
 * one; of these one of the address that has the most connections, and there the one
 * that came first.  Slow sockets come in numbers; who has one or two goes last.  The
 * list begins with the newest. */
static struct cs_conn *slowest(struct cs_ws *ws)
{
    uint64_t now = uv_now(ws->cfg.loop);
    struct victim v = {.conn = NULL};

    for (struct cs_conn *c = ws->all; c != NULL; c = c->next) {
        bool had_time = now - c->since >= GRACE_MS;
        size_t n = is_slow(c) ? cs_ip_limit_count(&ws->ips, &c->ip) : 0;

        if (n > 0 && (had_time == v.had_time ? n >= v.most : had_time)) {
            v = (struct victim){.conn = c, .had_time = had_time, .most = n};
        }
    }
    return v.conn;
}

/* Almost full: somebody slow makes room for who comes, as it dies within this turn of
 * the loop.  Nodes that have spoken and requests that wait for the core are left
 * alone. */
static void make_room(struct cs_ws *ws)
{
    size_t max = ws->ips.max_total, margin = max / 16 < 64 ? max / 16 : 64;
    struct cs_conn *c;

    if (ws->ips.total + margin >= max && margin > 0 && (c = slowest(ws)) != NULL) {
        cs_conn_kill(c, CS_ERR_LIMIT);
    }
}

/* True: hang up, before a byte is read. */
static bool refuse_address(struct cs_ws *ws, const struct sockaddr_storage *from)
{
    struct cs_ip ip;

    ws->accepted = false;
    /* For who has as many as it may already, nobody has to go. */
    if (!ws->ending && cs_ip_of(&ip, from) &&
        cs_ip_limit_count(&ws->ips, &ip) < ws->ips.max_each) {
        make_room(ws);
    }
    if (ws->ending || !cs_ip_of(&ip, from) || !cs_ip_limit_allows(&ws->ips, &ip)) {
        cs_log(CS_LOG_DEBUG, "net", "connection refused: too many");
        return true;
    }
    ws->accepted = true;
    ws->accepted_ip = ip;
    return false;
}

/* Called from inside the accept that refuse_address let pass. */
static void created(struct cs_ws *ws, struct lws *wsi)
{
    struct cs_conn *c;

    if (!ws->accepted) {
        return; /* a dialled one: cs_ws_connect made its connection */
    }
    ws->accepted = false;
    c = cs_conn_new(ws, CONN_HTTP);
    CS_ASSERT(c != NULL);
    c->wsi = wsi;
    c->ip = ws->accepted_ip;
    c->counted = true;
    cs_ip_limit_add(&ws->ips, &c->ip);
    cs_http_reset(c);
    cs_conn_deadline(c, ws->cfg.limits.header_ms);
}

static struct cs_conn *conn_of(struct cs_ws *ws, struct lws *wsi)
{
    struct cs_conn *c = lws_get_opaque_user_data(wsi);

    if (c != NULL) {
        return c->wsi == wsi ? c : NULL;
    }
    /* libwebsockets clears what is set on creation: find it once by its socket. */
    for (c = ws->all; c != NULL && c->wsi != wsi; c = c->next) {
    }
    if (c != NULL) {
        lws_set_opaque_user_data(wsi, c);
    }
    return c;
}

static void destroyed(struct cs_conn *c)
{
    cs_conn_down(c, CS_ERR_CONN); /* in case no other callback told */
    c->wsi = NULL;
    cs_conn_release(c);
}

/* STACK 2.3 l: nothing but websocket; 4.1.6 would take h2c.  `in` may point to freed
 * memory for an unknown upgrade in 4.1.6 (CVE-2025-11677): ask the headers. */
static int confirm_upgrade(struct lws *wsi)
{
    char name[16];

    if (lws_hdr_copy(wsi, name, sizeof name, WSI_TOKEN_UPGRADE) <= 0) {
        return -1;
    }
    return strcasecmp(name, "websocket") == 0 ? 0 : -1;
}

/* What was to end may have more to say in the same turn of the loop, and libwebsockets
 * forgets the timeout that ends it when a request begins: nothing of it counts. */
static bool goes_on(enum lws_callback_reasons reason)
{
    return reason == LWS_CALLBACK_HTTP || reason == LWS_CALLBACK_HTTP_BODY ||
           reason == LWS_CALLBACK_HTTP_BODY_COMPLETION ||
           reason == LWS_CALLBACK_HTTP_CONFIRM_UPGRADE ||
           reason == LWS_CALLBACK_HTTP_WRITEABLE;
}

static int request_event(struct cs_conn *c, enum lws_callback_reasons reason,
                         void *user, void *in, size_t len)
{
    if (c->killed && goes_on(reason)) {
        return -1;
    }
    switch ((int)reason) {
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        lws_get_peer_simple(c->wsi, c->remote, sizeof c->remote);
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return confirm_upgrade(c->wsi);
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return -1; /* a websocket without one of our subprotocols */
    case LWS_CALLBACK_HTTP:
        return cs_http_begin(c);
    case LWS_CALLBACK_HTTP_BODY:
        return cs_http_body(c, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return cs_http_complete(c);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return cs_http_write(c);
    case LWS_CALLBACK_CLOSED_HTTP:
        cs_conn_down(c, CS_ERR_CONN);
        return 0;
    case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
        if (len == 0 && c->err == CS_OK) { /* len: OpenSSL's own verdict */
            c->err = cs_tls_verify_err(user);
        }
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        destroyed(c);
        return 0;
    default:
        return 0;
    }
}

/* What is refused when nobody owns the socket. */
static int stranger_event(enum lws_callback_reasons reason)
{
    switch ((int)reason) {
    case LWS_CALLBACK_HTTP:
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return -1;
    default:
        return 0;
    }
}

static int context_event(struct cs_ws *ws, struct lws *wsi,
                         enum lws_callback_reasons reason, void *user, void *in,
                         size_t len)
{
    const struct lws_filter_network_conn_args *args = user;
    struct cs_conn *c;

    switch ((int)reason) {
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        ws->kicked = false;
        return 0;
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
        cs_tls_harden(user, true);
        return 0;
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_CLIENT_VERIFY_CERTS:
        cs_tls_harden(user, false);
        return 0;
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
        return refuse_address(ws, &args->cli_addr) ? -1 : 0;
    case LWS_CALLBACK_WSI_CREATE:
        created(ws, wsi);
        return 0;
    case LWS_CALLBACK_RAW_ADOPT: /* the CONNECT method would tunnel: no */
    case LWS_CALLBACK_RAW_RX:
        return -1;
    default:
        break;
    }
    c = conn_of(ws, wsi);
    return c != NULL ? request_event(c, reason, user, in, len) : stranger_event(reason);
}

int cs_http_cb(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
               size_t len)
{
    struct cs_ws *ws = lws_context_user(lws_get_context(wsi));
    int result;

    if (ws == NULL) {
        return 0;
    }
    ws->in_lws++;
    result = context_event(ws, wsi, reason, user, in, len);
    ws->in_lws--;
    return result;
}
