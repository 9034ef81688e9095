/* 9.3 NOTICE: a member tells the others of a quorum that it has put one of them in
 * quarantine, or has released it (PROTOCOLS 2.8, 4.6).
 *
 *   private part: index u8 of whom it says so | code u16 of ABORT's list, 0: released
 *
 * The receiver shows it and does nothing else: a liar could otherwise take a good node
 * out of service (15.1 A8).  One entry per sender and subject, in RAM: the sender says
 * it again when a link comes up, and every ten minutes. */
#include "node/core/core.h"

#include <string.h>

#include "base/log.h"
#include "base/rd.h"
#include "wire/jsonx.h"

enum { RELEASED = 0, SAY_AGAIN_MS = 60000 };

static void send_one(struct cs_node_core *n, struct quorum *q, uint8_t to,
                     uint8_t about, enum cs_err why)
{
    struct cs_message m = {.proto = CS_PROTO_CONTROL, .type = CS_TYPE_NOTICE};
    uint16_t code = why == CS_OK ? RELEASED : cs_abort_code(why);
    const uint8_t body[] = {about, (uint8_t)(code >> 8), (uint8_t)code};

    m.priv = CS_SPAN_OF(body);
    (void)cs_nd_link_send(n, q, to, &m); /* no link: said when there is one */
}

void cs_nd_notice_send(struct cs_node_core *n, struct quorum *q, uint8_t about,
                       enum cs_err why)
{
    for (uint8_t to = 1; to <= q->ds.n; to++) {
        if (to != q->roster.self && to != about) {
            send_one(n, q, to, about, why);
        }
    }
}

static enum cs_err named(const char *name)
{
    for (int i = 0; i < CS_ERR_COUNT; i++) {
        if (strcmp(cs_err_name((enum cs_err)i), name) == 0) {
            return (enum cs_err)i;
        }
    }
    return CS_ERR_QUARANTINED; /* a row that a later version had */
}

void cs_nd_notice_link(struct cs_node_core *n, struct quorum *q, uint8_t to)
{
    for (uint8_t i = 1; i <= q->ds.n; i++) {
        const struct device *d = q->peers[i].device;

        if (i == q->roster.self || i == to || d == NULL || d->quarantined_ms == 0) {
            continue; /* never was in quarantine */
        }
        send_one(n, q, to, i,
                 d->quarantined ? cs_nd_public_reason(named(d->reason)) : CS_OK);
    }
}

void cs_nd_notice_time(struct cs_node_core *n)
{
    if (cs_nd_notice_deadline(n) > n->now) {
        return;
    }
    n->notice_at = n->now + NOTICE_AGAIN_MS;
    for (size_t i = 0; i < n->n_quorums; i++) {
        for (uint8_t to = 1; to <= n->quorums[i]->ds.n; to++) {
            if (cs_nd_link_live(n->quorums[i], to)) {
                cs_nd_notice_link(n, n->quorums[i], to);
            }
        }
    }
}

uint64_t cs_nd_notice_deadline(const struct cs_node_core *n)
{
    const struct device *d = n->devices;

    while (d != NULL && d->quarantined_ms == 0) {
        d = d->next;
    }
    return d == NULL ? UINT64_MAX : n->notice_at;
}

/* Log and owner hear of a change, but not as fast as a liar could make them.  The
 * platform hears it from the sender itself, and pairs nobody by hearsay. */
static void changed(struct cs_node_core *n, const struct quorum *q, uint8_t from,
                    uint8_t about, struct notice *e)
{
    char id[CS_UUID_LEN];

    if (n->now < e->say_at) {
        return;
    }
    e->say_at = n->now + SAY_AGAIN_MS;
    if (e->set) {
        cs_log(
            CS_LOG_WARN, "peer",
            "party %u of \"%s\" says that it quarantined party %u: %s. This node does "
            "not take its word for it: look at both",
            from, q->name, about, cs_err_reason(e->why));
    } else {
        cs_log(CS_LOG_INFO, "peer", "party %u of \"%s\" released party %u again", from,
               q->name, about);
    }
    cs_nd_notify(
        n, "notice", "{\"quorumId\":\"%s\",\"index\":%u,\"peer\":%u,\"reason\":\"%s\"}",
        cs_uuid_text(id, q->id), from, about, e->set ? cs_err_reason(e->why) : "");
}

void cs_nd_notice(struct cs_node_core *n, struct quorum *q, uint8_t from,
                  const struct cs_message *m)
{
    struct cs_rd r = CS_RD(m->priv);
    uint8_t about = cs_rd_u8(&r);
    uint16_t code = cs_rd_u16(&r);
    enum cs_err why = cs_abort_of_code(code);
    struct notice *e;

    if (cs_rd_end(&r) != CS_OK || m->broadcast.n != 0 ||
        !cs_roster_has(&q->roster, about) || about == from) {
        cs_nd_blame(n, q, from, CS_ERR_BAD_FORMAT);
        return;
    }
    e = &q->notices[from][about];
    if ((code != RELEASED && why == CS_OK) || /* a word that this version lacks */
        (e->set == (code != RELEASED) && e->why == why)) {
        n->counters.messages_dropped++;
        return;
    }
    e->set = code != RELEASED;
    e->why = why;
    e->wall_ms = n->wall;
    changed(n, q, from, about, e);
}
