/* WebSocket messages in and out, server and client alike: the callback of the two
 * protocols.  See ws_internal.h. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/ws_internal.h"

/* By channel: where it is, and how long its messages are. */
static const struct {
    const char *path;
    size_t first_max, max; /* what a stranger may send, and who has spoken */
} channels[] = {
    [CS_CHANNEL_CONTROL] = {"/control", WS_CONTROL_FIRST_MAX, WS_CONTROL_MAX},
    [CS_CHANNEL_RELAY] = {"/relay", WS_RELAY_FIRST_MAX, WS_RELAY_MAX},
    [CS_CHANNEL_EVENTS] = {"/v2/events", WS_EVENTS_MAX, WS_EVENTS_MAX},
};

static size_t size_limit(const struct cs_conn *c)
{
    return c->kind == CONN_SERVER && !c->spoke ? channels[c->channel].first_max
                                               : channels[c->channel].max;
}

/* Ends the connection with a close frame; what the callback returns. */
static int refuse(struct cs_conn *c, enum lws_close_status status, enum cs_err err)
{
    if (c->err == CS_OK) {
        c->err = err;
    }
    lws_close_reason(c->wsi, status, NULL, 0);
    return -1;
}

/* RELIABILITY T30: the kernel gives up on unacknowledged data after dead_s. */
static void set_user_timeout(struct cs_conn *c)
{
    unsigned ms = 1000 * c->ws->cfg.limits.dead_s;
    int fd = (int)lws_get_socket_fd(c->wsi);

    if (setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms) != 0) {
        cs_log(CS_LOG_DEBUG, "net", "TCP_USER_TIMEOUT is not available");
    }
}

static void tell_up(struct cs_conn *c, struct cs_span exporter)
{
    struct cs_ws *ws = c->ws;
    bool has_head = c->channel == CS_CHANNEL_EVENTS;
    struct cs_http_req head;

    if (has_head) {
        cs_http_request_of(c, &head);
    }
    ws->cfg.events.up(ws->cfg.ctx, c->id, c->channel, c->remote, exporter,
                      has_head ? &head : NULL);
    cs_http_forget(c);
}

static int established(struct cs_conn *c)
{
    struct cs_ws *ws = c->ws;
    uint8_t exporter[32];
    struct cs_span span = {0};

    if (c->closing || ws->ending) {
        return -1;
    }
    set_user_timeout(c);
    if (c->kind == CONN_SERVER) {
        cs_conn_set_id(c, ws->next_id++);
    }
    cs_conn_deadline(c, 0);
    if (cs_tls_exporter(c->wsi, exporter)) {
        span = CS_SPAN_OF(exporter);
    }
    if (ws->paused) {
        (void)lws_rx_flow_control(c->wsi, 0); /* cs_ws_pause(false) lets it go on */
    }
    c->told_up = true;
    tell_up(c, span);
    cs_wipe(exporter, sizeof exporter);
    return 0;
}

static int client_established(struct cs_conn *c)
{
    size_t ch = c->channel;
    struct cs_ws *ws = c->ws;

    lws_get_peer_simple(c->wsi, c->remote, sizeof c->remote);
    memcpy(ws->good_ip[ch], c->remote, sizeof ws->good_ip[ch]);
    (void)lws_snprintf(ws->good_host[ch], sizeof ws->good_host[ch], "%s", c->url_host);
    return established(c);
}

/* The upgrade of an accepted connection: which channel, and is it asked for right? */
static int filter(struct cs_conn *c)
{
    const struct lws_protocols *p = lws_get_protocol(c->wsi);
    char path[32];

    /* protocols[0] ends here as well when no subprotocol was named. */
    if (p == NULL || p->id == 0 || c->kind != CONN_HTTP || c->http.state != HTTP_IDLE ||
        c->closing || c->ws->paused ||
        lws_hdr_copy(c->wsi, path, sizeof path, WSI_TOKEN_GET_URI) <= 0) {
        return -1;
    }
    c->channel = (enum cs_channel)(p->id - 1);
    if (strcmp(path, channels[c->channel].path) != 0) {
        return -1;
    }
    if (c->channel == CS_CHANNEL_EVENTS) {
        if (cs_http_head(c) != 0) {
            return -1;
        }
        /* Who reads more slowly than things happen begins anew. */
        c->out.max_bytes = WS_EVENTS_OUT;
        c->out.max_count = WS_EVENTS_OUT_COUNT;
    }
    c->kind = CONN_SERVER;
    return 0;
}

static int message_done(struct cs_conn *c)
{
    struct cs_ws *ws = c->ws;

    c->spoke = true;
    c->frame_open = false;
    ws->cfg.events.message(ws->cfg.ctx, c->id, c->channel, cs_wr_get(&c->in));
    if (c->in.cap > 64 * 1024) {
        cs_wr_free(&c->in); /* a large message is rare: do not keep its memory */
    } else {
        cs_wr_reset(&c->in);
    }
    return 0;
}

static int received(struct cs_conn *c, const void *p, size_t n)
{
    bool last = lws_is_final_fragment(c->wsi) &&
                lws_remaining_packet_payload(c->wsi) == 0;

    if (c->closing) {
        return 0; /* the core has closed it: what still comes is nobody's */
    }
    if ((lws_frame_is_binary(c->wsi) != 0) != (c->channel == CS_CHANNEL_RELAY)) {
        return refuse(c, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, CS_ERR_PROTOCOL);
    }
    /* The sum over all fragments counts: a message need not end (RELIABILITY 5). */
    if (n > size_limit(c) || c->in.n > size_limit(c) - n) {
        return refuse(c, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, CS_ERR_TOO_LONG);
    }
    c->frame_open = true;
    cs_wr_bytes(&c->in, p, n);
    if (c->in.err != CS_OK) {
        return refuse(c, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, c->in.err);
    }
    return last ? message_done(c) : 0;
}

/* What a client of the events reads: a browser sees nothing else of a refusal. */
static enum lws_close_status close_status(const struct cs_conn *c)
{
    if (c->channel != CS_CHANNEL_EVENTS || c->err == CS_OK) {
        return LWS_CLOSE_STATUS_NORMAL;
    }
    switch (c->err) {
    case CS_ERR_AUTH:
        return (enum lws_close_status)WS_CLOSE_SIGN_IN;
    case CS_ERR_POLICY_REFUSED:
        return (enum lws_close_status)WS_CLOSE_DENIED;
    case CS_ERR_LIMIT:
        return (enum lws_close_status)WS_CLOSE_LIMIT;
    default:
        return LWS_CLOSE_STATUS_POLICY_VIOLATION;
    }
}

/* Whoever returns -1 from the writeable callback is taken for a broken socket: nothing
 * that lws_close_reason has said goes out (4.1.6, 4.3.5).  Nodes need no word; a
 * browser shows the code to its page, so there the frame is written here.  4 is
 * libwebsockets' own LWS_WRITE_CLOSE, which its public enum leaves a gap for;
 * test/e2e/events.sh holds that the codes arrive (with 4.1.6 and with 4.3.5). */
static void say_close(struct cs_conn *c)
{
    unsigned status = (unsigned)close_status(c);
    unsigned char frame[LWS_PRE + 2];

    if (c->channel != CS_CHANNEL_EVENTS) {
        lws_close_reason(c->wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
        return;
    }
    frame[LWS_PRE] = (unsigned char)(status >> 8);
    frame[LWS_PRE + 1] = (unsigned char)(status & 0xff);
    (void)lws_write(c->wsi, frame + LWS_PRE, 2, (enum lws_write_protocol)4);
}

static int writeable(struct cs_conn *c)
{
    enum lws_write_protocol type = c->channel == CS_CHANNEL_RELAY ? LWS_WRITE_BINARY
                                                                  : LWS_WRITE_TEXT;
    unsigned char *p;
    size_t n;

    while (lws_send_pipe_choked(c->wsi) == 0 &&
           (p = cs_outbox_first(&c->out, &n)) != NULL) {
        if (lws_write(c->wsi, p, n, type) < (int)n) {
            return -1;
        }
        cs_outbox_drop_first(&c->out);
    }
    if (c->out.q.first != NULL) {
        cs_conn_want_write(c);
    } else if (c->closing) {
        say_close(c);
        return -1;
    }
    return 0;
}

/* 4.1.6 and 4.3.5 differ in the words, both name TLS somewhere. */
static enum cs_err connect_error(const struct cs_conn *c, const char *text, size_t n)
{
    static const char *const words[] = {"ssl", "SSL", "tls", "TLS"};
    char buf[160];

    (void)lws_snprintf(buf, sizeof buf, "%.*s", (int)(n < 150 ? n : 150),
                       text != NULL ? text : "");
    cs_log(CS_LOG_DEBUG, "net", "connect to %s failed: %s", c->url_host, buf);
    for (size_t i = 0; i < CS_COUNTOF(words); i++) {
        if (strstr(buf, words[i]) != NULL) {
            return CS_ERR_TLS;
        }
    }
    return CS_ERR_CONN;
}

static int client_event(struct cs_conn *c, enum lws_callback_reasons reason, void *in,
                        size_t len)
{
    switch ((int)reason) {
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED: /* also said of dialled ones */
        return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        return client_established(c);
    case LWS_CALLBACK_CLIENT_RECEIVE:
        return received(c, in, len);
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return writeable(c);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        cs_conn_down(c, connect_error(c, in, len));
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP: /* sometimes the only one (STACK 2.3 c) */
        cs_conn_down(c, CS_ERR_CONN);
        return 0;
    default:
        return lws_callback_http_dummy(c->wsi, reason, NULL, in, len);
    }
}

static int server_event(struct cs_conn *c, enum lws_callback_reasons reason, void *in,
                        size_t len)
{
    switch ((int)reason) {
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return filter(c);
    case LWS_CALLBACK_ESTABLISHED:
        return established(c);
    case LWS_CALLBACK_RECEIVE:
        return received(c, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return writeable(c);
    case LWS_CALLBACK_CLOSED:
        cs_conn_down(c, CS_ERR_CONN);
        return 0;
    default:
        return 0;
    }
}

static struct cs_conn *conn_of(struct lws *wsi, enum lws_callback_reasons reason)
{
    struct cs_conn *c = lws_get_opaque_user_data(wsi);

    if (c != NULL && c->kind == CONN_CLIENT && c->wsi == NULL &&
        reason == LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED) {
        c->wsi = wsi; /* from here on its WSI_DESTROY will come */
    }
    return c != NULL && c->wsi == wsi ? c : NULL;
}

int cs_ws_frame_cb(struct lws *wsi, enum lws_callback_reasons reason, void *user,
                   void *in, size_t len)
{
    struct cs_ws *ws = lws_context_user(lws_get_context(wsi));
    struct cs_conn *c;
    int result = 0;

    (void)user;
    if (reason == LWS_CALLBACK_EVENT_WAIT_CANCELLED) {
        ws->kicked = false;
        return 0;
    }
    c = conn_of(wsi, reason);
    if (c == NULL) {
        return reason == LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION ? -1 : 0;
    }
    ws->in_lws++;
    result = c->kind == CONN_CLIENT ? client_event(c, reason, in, len)
                                    : server_event(c, reason, in, len);
    ws->in_lws--;
    /* Killed by what the event led to: libwebsockets forgets the timeout that does it
     * when it finishes the upgrade after ESTABLISHED. */
    result = c->killed && c->told_up ? -1 : result;
    if (result != 0 && c->deadline == UINT64_MAX) {
        /* A peer that goes on sending need not read our close, nor answer it. */
        cs_conn_deadline(c, ws->cfg.limits.close_ms);
    }
    return result;
}
