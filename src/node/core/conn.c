/* The two connections a node keeps: control channel and messaging layer.
 * Each waits, opens, signs in, is up; any failure goes back to waiting with a jittered,
 * doubling back-off.  The glue only carries bytes (and pings). */
#include "node/core/core.h"

#include <string.h>

#include "base/log.h"
#include "crypto/hash.h"
#include "wire/relay.h"

static const char *channel_name(const struct conn *c)
{
    return c->channel == CS_CHANNEL_CONTROL ? "control" : "relay";
}

static enum cs_mx_channel mx_channel(const struct conn *c)
{
    return c->channel == CS_CHANNEL_CONTROL ? CS_MX_CONTROL : CS_MX_RELAY;
}

static struct conn *conn_of(struct cs_node_core *n, uint64_t number)
{
    struct conn *all[] = {&n->control, &n->relay};

    for (size_t i = 0; i < CS_COUNTOF(all); i++) {
        if (number != 0 && all[i]->conn == number) {
            return all[i];
        }
    }
    return NULL; /* of an earlier attempt: nobody waits for it */
}

void cs_nd_conn_init(struct cs_node_core *n)
{
    n->control.channel = CS_CHANNEL_CONTROL;
    n->relay.channel = CS_CHANNEL_RELAY;
    n->control.backoff = n->relay.backoff = BACKOFF_FIRST_MS;
    n->control.since_ms = n->relay.since_ms = n->wall;
    cs_nd_conn_want(n, &n->control);
}

static void open_now(struct cs_node_core *n, struct conn *c)
{
    c->conn = ++n->next_conn;
    c->state = CONN_OPENING;
    c->at = n->now + OPEN_MS;
    c->said_hello = false;
    cs_emit_connect(n->out, c->conn, c->channel,
                    c->channel == CS_CHANNEL_CONTROL ? n->use_platform_url
                                                     : n->use_relay_url);
}

void cs_nd_conn_want(struct cs_node_core *n, struct conn *c)
{
    if (c->state == CONN_IDLE) {
        open_now(n, c);
    }
}

/* Full jitter: a thousand nodes must not come back in one second. */
static uint64_t jittered(struct cs_node_core *n, uint64_t ms)
{
    uint8_t r[4];
    uint64_t v = 0;

    n->random(n->random_ctx, r, sizeof r);
    for (size_t i = 0; i < sizeof r; i++) {
        v = v << 8 | r[i];
    }
    return ms / 2 + v % (ms / 2 + 1);
}

/* Waiting will not mend it. */
static bool is_for_operator(enum cs_err why)
{
    return why == CS_ERR_TLS_TRUST || why == CS_ERR_TLS_NAME || why == CS_ERR_TLS_TIME;
}

static void wait_again(struct cs_node_core *n, struct conn *c, enum cs_err why)
{
    uint64_t ms = jittered(n, c->backoff);

    if (c->last_err != why) { /* say it once, not at every attempt */
        cs_log(is_for_operator(why) ? CS_LOG_ERROR : CS_LOG_WARN, "net",
               "%s channel: %s (%s); trying again" CS_F("channel", "%s")
                   CS_F("reason", "%s"),
               channel_name(c), cs_err_text(why), cs_err_reason(why), channel_name(c),
               cs_err_reason(why));
        c->last_err = why;
    }
    cs_mx_lost(n->metrics, mx_channel(c), why);
    c->since_ms = c->state == CONN_UP ? n->wall : c->since_ms;
    c->conn = 0;
    c->state = CONN_WAIT;
    c->at = n->now + ms;
    c->backoff = c->backoff * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : c->backoff * 2;
    cs_nd_state_changed(n);
}

void cs_nd_conn_drop(struct cs_node_core *n, struct conn *c, enum cs_err why)
{
    if (c->conn != 0) {
        cs_emit_close(n->out, c->conn, why);
    }
    if (why == CS_OK) { /* shutting down */
        c->since_ms = c->state == CONN_UP ? n->wall : c->since_ms;
        c->conn = 0;
        c->state = CONN_IDLE;
    } else {
        wait_again(n, c, why);
    }
}

void cs_nd_conn_up(struct cs_node_core *n, const struct cs_event *ev)
{
    struct conn *c = conn_of(n, ev->conn);

    if (c == NULL || c->state != CONN_OPENING) {
        return;
    }
    if (ev->exporter.n != 32 && !(ev->exporter.n == 0 && n->allow_no_exporter)) {
        cs_nd_conn_drop(n, c, CS_ERR_TLS); /* sign-in must be bound to the channel */
        return;
    }
    memcpy(c->exporter, ev->exporter.p == NULL ? c->exporter : ev->exporter.p,
           ev->exporter.n);
    c->exporter_len = ev->exporter.n;
    c->state = CONN_SIGN_IN;
    c->at = n->now + SIGN_IN_MS;
}

void cs_nd_conn_down(struct cs_node_core *n, const struct cs_event *ev)
{
    struct conn *c = conn_of(n, ev->conn);

    if (c != NULL) {
        wait_again(n, c, ev->err == CS_OK ? CS_ERR_CONN : ev->err);
    }
}

void cs_nd_conn_welcome(struct cs_node_core *n, struct conn *c)
{
    c->state = CONN_UP;
    c->since_ms = n->wall;
    n->metrics->connects[mx_channel(c)]++;
    c->backoff = BACKOFF_FIRST_MS;
    c->last_err = CS_OK;
    cs_log(CS_LOG_INFO, "net", "%s channel is up", channel_name(c));
    cs_nd_state_changed(n);
}

/* DECISIONS 15: IK over (server nonce, channel, device, TLS exporter, both keys). */
void cs_nd_auth_sign(struct cs_node_core *n, uint8_t sig[64], const struct conn *c,
                     const uint8_t nonce[32])
{
    const char *name = channel_name(c);
    const struct cs_span items[] = {
        CS_SPAN(nonce, 32),        CS_SPAN(name, strlen(name)),
        CS_SPAN_OF(n->device_raw), CS_SPAN(c->exporter, c->exporter_len),
        CS_SPAN_OF(n->id->pub.ik), CS_SPAN_OF(n->id->pub.sk)};
    uint8_t h[32];

    cs_th(h, CS_TAG_AUTH, items, CS_COUNTOF(items));
    cs_sign(sig, n->id->ik_seed, CS_SPAN_OF(h));
}

/* ---- relay sign-in
 * -------------------------------------------------------------------- */

static void relay_hello(struct cs_node_core *n, const uint8_t nonce[32])
{
    struct cs_relay_frame f = {.type = CS_RELAY_HELLO};
    uint8_t sig[64];
    struct cs_wr w = {0};

    cs_nd_auth_sign(n, sig, &n->relay, nonce);
    memcpy(f.id, n->device_raw, sizeof f.id);
    f.body = CS_SPAN_OF(sig);
    cs_relay_encode(&w, &f);
    if (w.err != CS_OK) {
        cs_nd_fail(n, w.err, "a relay frame cannot be made");
    }
    cs_emit_send(n->out, n->relay.conn, cs_wr_get(&w));
    cs_wr_free(&w);
    n->relay.said_hello = true;
}

static void relay_sign_in(struct cs_node_core *n, struct cs_span data)
{
    struct cs_relay_frame f;

    if (data.n > CS_RELAY_MAX_HELLO || cs_relay_decode(&f, data) != CS_OK) {
        cs_nd_conn_drop(n, &n->relay, CS_ERR_PROTOCOL);
    } else if (f.type == CS_RELAY_CHALLENGE) {
        relay_hello(n, f.body.p);
    } else if (f.type == CS_RELAY_WELCOME && n->relay.said_hello) {
        cs_nd_conn_welcome(n, &n->relay);
        cs_nd_links_start(n);
    } else {
        cs_nd_conn_drop(n, &n->relay, CS_ERR_PROTOCOL);
    }
}

void cs_nd_conn_message(struct cs_node_core *n, const struct cs_event *ev)
{
    struct conn *c = conn_of(n, ev->conn);

    if (c == NULL || (c->state != CONN_SIGN_IN && c->state != CONN_UP)) {
        return;
    }
    if (c == &n->control) {
        cs_nd_control_message(n, ev->data);
    } else if (c->state == CONN_UP) {
        cs_nd_relay_message(n, ev->data);
    } else {
        relay_sign_in(n, ev->data);
    }
}

/* ---- time
 * --------------------------------------------------------------------------------- */

static void conn_time(struct cs_node_core *n, struct conn *c)
{
    if (c->state == CONN_WAIT && n->now >= c->at && !n->draining) {
        open_now(n, c);
    } else if (c->state == CONN_SIGN_IN && n->now >= c->at) {
        cs_nd_conn_drop(n, c, CS_ERR_AUTH);
    } else if (c->state == CONN_OPENING && n->now >= c->at) {
        cs_nd_conn_drop(n, c, CS_ERR_CONN); /* a dial that hangs must not hang us */
    }
}

void cs_nd_conn_time(struct cs_node_core *n)
{
    conn_time(n, &n->control);
    conn_time(n, &n->relay);
}

static uint64_t conn_deadline(const struct cs_node_core *n, const struct conn *c)
{
    switch (c->state) {
    case CONN_WAIT:
        return n->draining ? UINT64_MAX : c->at; /* no new attempts then */
    case CONN_OPENING:
    case CONN_SIGN_IN:
        return c->at;
    case CONN_IDLE:
    case CONN_UP:
        break;
    }
    return UINT64_MAX;
}

uint64_t cs_nd_conn_deadline(const struct cs_node_core *n)
{
    uint64_t a = conn_deadline(n, &n->control), b = conn_deadline(n, &n->relay);

    return a < b ? a : b;
}
