#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/hash.h"
#include "crypto/identity.h"
#include "platform/core/countersign.h"
#include "platform/core/feed.h"
#include "platform/core/flows.h"
#include "platform/core/rec.h"
#include "wire/relay.h"

static const char *channel_word(enum cs_channel ch)
{
    return ch == CS_CHANNEL_CONTROL ? "control" : "relay";
}

static struct cs_pc_conn *conn_get(struct cs_platform_core *core, uint64_t id)
{
    return (struct cs_pc_conn *)(void *)cs_pc_map_get(&core->conns, &id, sizeof id);
}

static void send_challenge(struct cs_platform_core *core, const struct cs_pc_conn *c)
{
    struct cs_ctl_frame f = {.type = CS_CTL_CHALLENGE};
    struct cs_relay_frame r = {.type = CS_RELAY_CHALLENGE,
                               .body = CS_SPAN_OF(c->nonce)};
    struct cs_wr w = {0};

    if (c->channel == CS_CHANNEL_CONTROL) {
        memcpy(f.u.challenge.nonce, c->nonce, sizeof c->nonce);
        cs_ctl_encode(&w, &f);
    } else {
        cs_relay_encode(&w, &r);
    }
    cs_emit_send(core->out, c->id, cs_wr_get(&w));
    cs_wr_free(&w);
}

struct oldest {
    struct cs_pc_conn *conn;
};

static void oldest_one(void *ctx, struct cs_pc_node *node)
{
    struct oldest *o = ctx;
    struct cs_pc_conn *c = (struct cs_pc_conn *)(void *)node;

    if (c->state == CS_CONN_CHALLENGED &&
        (o->conn == NULL || c->heard_ms < o->conn->heard_ms ||
         (c->heard_ms == o->conn->heard_ms && c->id < o->conn->id))) {
        o->conn = c;
    }
}

/* A node signs in within a round trip; who only holds connections open makes room for
 * it, instead of keeping it out. */
static void make_room(struct cs_platform_core *core)
{
    struct oldest o = {NULL};

    if (core->n_unauth >= CS_PC_UNAUTH_MAX) {
        cs_pc_map_each(&core->conns, oldest_one, &o);
        CS_ASSERT(o.conn != NULL);
        cs_pc_conn_close(core, o.conn, CS_ERR_LIMIT);
    }
}

/* Why the connection cannot be taken, CS_OK when it can. */
static enum cs_err up_check(struct cs_platform_core *core, const struct cs_event *ev)
{
    if (conn_get(core, ev->conn) != NULL) {
        return CS_ERR_PROTOCOL;
    }
    if (core->conns.n >= core->cfg.limits.max_connections) {
        return CS_ERR_LIMIT;
    }
    if (ev->exporter.n > sizeof(((struct cs_pc_conn *)0)->exporter) ||
        (ev->exporter.n == 0 && !core->cfg.allow_no_exporter)) {
        return CS_ERR_AUTH;
    }
    return CS_OK;
}

void cs_pc_conn_up(struct cs_platform_core *core, const struct cs_event *ev)
{
    enum cs_err err = up_check(core, ev);
    struct cs_pc_conn *c;

    if (err != CS_OK) {
        cs_emit_close(core->out, ev->conn, err);
        return;
    }
    make_room(core);
    c = cs_alloc(sizeof *c);
    CS_ASSERT(c != NULL);
    c->id = ev->conn;
    c->channel = ev->channel;
    c->heard_ms = core->now_ms;
    c->exporter_len = ev->exporter.n;
    if (ev->exporter.n > 0) {
        memcpy(c->exporter, ev->exporter.p, ev->exporter.n);
    }
    (void)snprintf(c->remote, sizeof c->remote, "%s",
                   ev->remote == NULL ? "" : ev->remote);
    cs_pc_random(core, c->nonce, sizeof c->nonce);
    cs_pc_map_put(&core->conns, &c->node, &c->id, sizeof c->id);
    core->n_unauth++;
    send_challenge(core, c);
}

bool cs_pc_auth_verify(const struct cs_pc_conn *c, const uint8_t device[CS_PC_ID],
                       const uint8_t ik[32], const uint8_t sk[32],
                       const uint8_t sig[64])
{
    const char *word = channel_word(c->channel);
    const struct cs_span items[] = {
        CS_SPAN_OF(c->nonce),      CS_SPAN(word, strlen(word)),
        CS_SPAN(device, CS_PC_ID), CS_SPAN(c->exporter, c->exporter_len),
        CS_SPAN(ik, 32),           CS_SPAN(sk, 32)};
    uint8_t th[32];

    cs_th(th, CS_TAG_AUTH, items, CS_COUNTOF(items));
    return cs_sign_verify(sig, ik, CS_SPAN_OF(th));
}

/* ---- going ------------------------------------------------------------- */

/* When a device was last heard is kept over restarts. */
static void save_heartbeat(struct cs_platform_core *core, const struct cs_pc_live *l)
{
    json_t *rec = l->heartbeat_ms == 0 ? NULL : cs_pc_get(core, CS_PC_DEVICE, l->id);

    if (rec != NULL) {
        cs_js_int(rec, "_heartbeat", l->heartbeat_ms);
        cs_pc_put(core, CS_PC_DEVICE, l->id, rec);
        json_decref(rec);
    }
}

static void forget(struct cs_platform_core *core, struct cs_pc_conn *c)
{
    struct cs_pc_live *l = c->live;
    bool was_control = l != NULL && l->control == c;

    if (c->state == CS_CONN_CHALLENGED) {
        core->n_unauth--;
    }
    if (was_control) {
        l->control = NULL;
    }
    if (l != NULL && l->relay == c) {
        l->relay = NULL;
    }
    cs_pc_map_del(&core->conns, &c->node);
    cs_free_wiped(c, sizeof *c);
    if (was_control && !core->stopping) {
        cs_feed_device(core, l->id, false);
        save_heartbeat(core, l);
        cs_pc_sign_kick(core, l->id, CS_KICK_GONE);
    }
}

void cs_pc_conn_down(struct cs_platform_core *core, uint64_t id)
{
    struct cs_pc_conn *c = conn_get(core, id);

    if (c != NULL) {
        forget(core, c);
    }
}

void cs_pc_conn_close(struct cs_platform_core *core, struct cs_pc_conn *c,
                      enum cs_err why)
{
    cs_emit_close(core->out, c->id, why);
    forget(core, c);
}

void cs_pc_conn_ready(struct cs_platform_core *core, struct cs_pc_conn *c,
                      struct cs_pc_live *live)
{
    struct cs_pc_conn **at = c->channel == CS_CHANNEL_CONTROL ? &live->control
                                                              : &live->relay;
    struct cs_pc_conn *old = *at;

    cs_pc_outbox_settle(core, true); /* it sends from the start of the outbox */
    *at = c; /* first, so that the old one's end is not the device's */
    c->live = live;
    c->state = CS_CONN_READY;
    core->n_unauth--;
    if (old == NULL && c->channel == CS_CHANNEL_CONTROL) {
        cs_feed_device(core, live->id, true);
    }
    if (old != NULL) {
        old->live = NULL;
        cs_pc_conn_close(core, old, CS_ERR_CONN);
    }
}

/* ---- messages and time ------------------------------------------------- */

void cs_pc_conn_message(struct cs_platform_core *core, const struct cs_event *ev)
{
    struct cs_pc_conn *c = conn_get(core, ev->conn);

    if (c == NULL) {
        return; /* closed by us, its last frames are still arriving */
    }
    if (c->channel == CS_CHANNEL_CONTROL) {
        cs_pc_control_message(core, c, ev->data);
    } else {
        cs_pc_relay_message(core, c, ev->data);
    }
}

static void tick_one(void *ctx, struct cs_pc_node *node)
{
    struct cs_platform_core *core = ctx;
    struct cs_pc_conn *c = (struct cs_pc_conn *)(void *)node;
    uint64_t silent = core->now_ms - c->heard_ms;

    if (c->state == CS_CONN_CHALLENGED && silent >= CS_PC_AUTH_MS) {
        cs_pc_conn_close(core, c, CS_ERR_TIMEOUT);
    } else if (c->state == CS_CONN_READY && c->channel == CS_CHANNEL_CONTROL &&
               silent >= CS_PC_SILENT_MS) {
        cs_pc_conn_close(core, c, CS_ERR_TIMEOUT);
    } else if (c->state == CS_CONN_READY && c->channel == CS_CHANNEL_CONTROL) {
        cs_countersign_tick(core, c->live);
    }
}

void cs_pc_conn_tick(struct cs_platform_core *core)
{
    if (core->conns.n == 0 || core->now_ms < core->tick_at) {
        core->tick_at = core->conns.n == 0 ? core->now_ms + CS_PC_TICK_MS
                                           : core->tick_at;
        return;
    }
    cs_pc_map_each(&core->conns, tick_one, core);
    core->tick_at = core->now_ms + CS_PC_TICK_MS;
}

static void close_one(void *ctx, struct cs_pc_node *node)
{
    cs_pc_conn_close(ctx, (struct cs_pc_conn *)(void *)node, CS_OK);
}

void cs_pc_conn_close_all(struct cs_platform_core *core)
{
    cs_pc_map_each(&core->conns, close_one, core);
}

static void free_node(void *ctx, struct cs_pc_node *node)
{
    (void)ctx;
    cs_free(node);
}

void cs_pc_conn_free_all(struct cs_platform_core *core)
{
    cs_pc_map_each(&core->conns, free_node, NULL);
    cs_pc_map_free(&core->conns);
    cs_pc_map_each(&core->live, free_node, NULL);
    cs_pc_map_free(&core->live);
}
