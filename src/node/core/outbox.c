/* Events for the platform: stored with what caused them, sent in order, sent again
 * after each reconnect, deleted by the ack. */
#include "node/core/core.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rd.h"
#include "wire/jsonx.h"

static void key_of(uint8_t key[8], uint64_t id)
{
    for (int i = 0; i < 8; i++) {
        key[i] = (uint8_t)(id >> (56 - 8 * i));
    }
}

static struct event *event_new(uint64_t id, struct cs_span text)
{
    struct event *e = cs_alloc(sizeof *e);

    if (e == NULL) {
        return NULL;
    }
    e->id = id;
    e->n = text.n;
    e->text = cs_alloc(text.n);
    if (e->text == NULL) {
        cs_free(e);
        return NULL;
    }
    memcpy(e->text, text.p, text.n);
    return e;
}

static void event_free(struct event *e)
{
    cs_free(e->text);
    cs_free(e);
}

void cs_nd_outbox_free(struct cs_node_core *n)
{
    while (n->events != NULL) {
        struct event *e = n->events;

        n->events = e->next;
        event_free(e);
    }
}

bool cs_nd_outbox_full(const struct cs_node_core *n)
{
    return n->n_events >= MAX_OUTBOX || n->event_bytes >= MAX_OUTBOX_BYTES;
}

/* Keeps the list in order of id; new ones nearly always go last. */
static void insert(struct cs_node_core *n, struct event *e)
{
    struct event **at = &n->events;

    if (n->events_last != NULL && n->events_last->id < e->id) {
        at = &n->events_last->next;
    }
    while (*at != NULL && (*at)->id < e->id) {
        at = &(*at)->next;
    }
    e->next = *at;
    *at = e;
    if (e->next == NULL) {
        n->events_last = e;
    }
    n->n_events++;
    n->event_bytes += e->n;
}

static enum cs_err load_one(void *ctx, struct cs_span key, struct cs_span value)
{
    struct cs_node_core *n = ctx;
    struct cs_rd r = CS_RD(key);
    uint64_t id = cs_rd_u64(&r);
    struct event *e = cs_rd_end(&r) == CS_OK ? event_new(id, value) : NULL;

    if (e == NULL) {
        return CS_ERR_STORE_CORRUPT;
    }
    insert(n, e);
    n->last_event = id > n->last_event ? id : n->last_event;
    return CS_OK;
}

enum cs_err cs_nd_outbox_load(struct cs_node_core *n)
{
    return cs_safe_each(n->safe, TABLE_OUTBOX, load_one, n);
}

/* ---- sending
 * ------------------------------------------------------------------------------ */

static void send_due(struct cs_node_core *n)
{
    struct event *e = n->events;

    if (n->control.state != CONN_UP) {
        return;
    }
    for (; e != NULL && n->n_in_flight < CS_CTL_IN_FLIGHT; e = e->next) {
        if (!e->sent) {
            e->sent = true;
            n->n_in_flight++;
            cs_emit_send(n->out, n->control.conn, CS_SPAN(e->text, e->n));
        }
    }
}

/* Rising over all lives, and over those that wait in a copy whose starts count anew. */
static uint64_t next_id(struct cs_node_core *n)
{
    uint64_t life = n->boot_counter << 32;

    n->last_event = (life > n->last_event ? life : n->last_event) + 1;
    return n->last_event;
}

void cs_nd_outbox_put(struct cs_node_core *n, struct cs_ctl_frame *f)
{
    struct cs_wr w = {.max = CS_CTL_MAX};
    uint64_t id = next_id(n);
    struct event *e;
    uint8_t key[8];

    f->type = CS_CTL_EVT;
    (void)snprintf(f->id, sizeof f->id, "%" PRIu64, id);
    cs_ctl_encode(&w, f);
    e = w.err == CS_OK ? event_new(id, cs_wr_get(&w)) : NULL;
    if (e == NULL) {
        cs_nd_fail(n, CS_ERR_NOMEM, "an event for the platform");
    } else {
        key_of(key, id);
        cs_nd_put(n, TABLE_OUTBOX, CS_SPAN_OF(key), cs_wr_get(&w));
        insert(n, e);
        send_due(n);
    }
    cs_wr_free(&w);
}

static void unlink_event(struct cs_node_core *n, struct event **at)
{
    struct event *e = *at;
    struct event *last = n->events;

    *at = e->next;
    if (n->events_last == e) { /* walk: acks nearly always take the first */
        while (last != NULL && last != e && last->next != NULL) {
            last = last->next;
        }
        n->events_last = n->events == NULL ? NULL : last;
    }
    n->n_events--;
    n->event_bytes -= e->n;
    n->n_in_flight -= e->sent ? 1 : 0;
    event_free(e);
}

void cs_nd_outbox_ack(struct cs_node_core *n, const char *id_text)
{
    struct event **at = &n->events;
    uint8_t key[8];
    uint64_t id;

    if (cs_u64_parse(&id, id_text) != CS_OK) {
        return;
    }
    while (*at != NULL && (*at)->id < id) {
        at = &(*at)->next;
    }
    if (*at != NULL && (*at)->id == id) {
        key_of(key, id);
        cs_nd_del(n, TABLE_OUTBOX, CS_SPAN_OF(key));
        unlink_event(n, at);
        send_due(n);
    }
}

void cs_nd_outbox_reconnected(struct cs_node_core *n)
{
    for (struct event *e = n->events; e != NULL; e = e->next) {
        e->sent = false;
    }
    n->n_in_flight = 0;
    send_due(n);
}
