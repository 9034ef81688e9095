/* Links to the peers of confirmed quorums, over the relay; and where messages go. */
#include "node/core/core.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "wire/relay.h"

/* ---- out ------------------------------------------------------------------------- */

static void relay_send(struct cs_node_core *n, const struct quorum *q, uint8_t to,
                       struct cs_span frame)
{
    struct cs_relay_frame f = {.type = CS_RELAY_DATA, .body = frame};
    struct cs_wr w = {.max = CS_RELAY_MAX};

    if (n->relay.state != CONN_UP) {
        return; /* sessions send again; links probe */
    }
    memcpy(f.id, q->ds.members[to - 1].device_id, sizeof f.id);
    cs_relay_encode(&w, &f);
    if (w.err == CS_OK) {
        cs_emit_send(n->out, n->relay.conn, cs_wr_get(&w));
    }
    cs_wr_free(&w);
}

bool cs_nd_link_live(const struct quorum *q, uint8_t peer)
{
    return cs_nd_link_id(q, peer) != NULL;
}

const uint8_t *cs_nd_link_id(const struct quorum *q, uint8_t peer)
{
    const struct cs_link *l = q->peers[peer].link;

    return l == NULL || !cs_link_is_live(l) ? NULL : cs_link_id(l);
}

bool cs_nd_link_send(struct cs_node_core *n, struct quorum *q, uint8_t to,
                     const struct cs_message *m)
{
    struct cs_wr frame = {.max = CS_RELAY_MAX};
    bool ok = cs_nd_link_live(q, to) && !cs_nd_quarantined(n, q, to) &&
              cs_link_seal(q->peers[to].link, m, &frame) == CS_OK;

    if (ok) {
        relay_send(n, q, to, cs_wr_get(&frame));
    }
    cs_wr_free(&frame);
    return ok;
}

/* ---- what a link says
 * ------------------------------------------------------------------ */

static void save_seen(struct cs_node_core *n, const struct quorum *q, uint8_t peer)
{
    struct cs_wr w = {0};
    uint8_t key[17];

    cs_nd_peer_key(key, q, peer);
    cs_peer_seen_encode(&w, cs_link_seen(q->peers[peer].link));
    cs_nd_put(n, TABLE_SEEN, CS_SPAN_OF(key), cs_wr_get(&w));
    cs_wr_free(&w);
}

static void link_over(struct cs_node_core *n, struct quorum *q, uint8_t peer,
                      const uint8_t link_id[16])
{
    cs_frost_pool_drop_link(n->pool, link_id);
    cs_nd_works_link_lost(n, q, peer);
    cs_nd_ecdsa_link_lost(n, q, peer);
    cs_nd_ot_link_lost(n, q, peer);
}

static void on_event(struct cs_node_core *n, struct quorum *q, uint8_t peer,
                     const struct cs_link_event *e)
{
    switch (e->kind) {
    case CS_LINK_EV_SEEN:
        save_seen(n, q, peer);
        break;
    case CS_LINK_EV_REPLACED:
    case CS_LINK_EV_DOWN:
        cs_log(CS_LOG_DEBUG, "link", "to party %u of \"%s\" ended", peer, q->name);
        n->metrics->links_lost++;
        link_over(n, q, peer, e->link_id);
        break;
    case CS_LINK_EV_LIVE:
        cs_log(CS_LOG_INFO, "link", "to party %u of \"%s\" is live", peer, q->name);
        n->metrics->links_live++;
        n->status_at = n->now;
        break; /* works start below, after the frames of this call */
    case CS_LINK_EV_REFUSED:
        n->metrics->links_refused++;
        cs_log(CS_LOG_ERROR, "link", "to party %u of \"%s\" refused: %s (%s)", peer,
               q->name, cs_err_text(e->err), cs_err_reason(e->err));
        cs_nd_notify(n, "link", "{\"peer\":%u,\"reason\":\"%s\"}", peer,
                     cs_err_reason(e->err));
        break;
    }
}

/* Applies and empties n->link_out. */
static void apply(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    struct cs_link_out *out = &n->link_out;
    bool live = false;

    for (size_t i = 0; i < out->n_events; i++) {
        live = live || out->events[i].kind == CS_LINK_EV_LIVE;
        on_event(n, q, peer, &out->events[i]);
    }
    for (size_t i = 0; i < out->n_frames; i++) {
        relay_send(n, q, peer, CS_SPAN(out->frames[i].p, out->frames[i].n));
    }
    if (live) {
        cs_nd_version_send(n, q, peer);
        cs_nd_ot_link(n, q, peer);
        cs_nd_notice_link(n, q, peer);
        cs_nd_works_link(n, q, peer);
        cs_nd_unpark(n, q); /* an opening may have waited for this link */
    }
    if (out->drop != CS_DROP_NONE) {
        n->counters.frames_dropped++;
    }
}

/* ---- life
 * -------------------------------------------------------------------------------- */

static void load_seen(struct cs_node_core *n, const struct quorum *q, uint8_t peer,
                      struct cs_peer_seen *seen)
{
    struct cs_wr w = {0};
    uint8_t key[17];
    enum cs_err err;

    memset(seen, 0, sizeof *seen);
    cs_nd_peer_key(key, q, peer);
    err = cs_safe_get(n->safe, TABLE_SEEN, CS_SPAN_OF(key), &w);
    if (err == CS_OK) {
        err = cs_peer_seen_decode(seen, cs_wr_get(&w));
    }
    if (err != CS_OK && err != CS_ERR_NOT_FOUND) {
        cs_nd_fail(n, err, "what was seen of a peer");
    }
    cs_wr_free(&w);
}

static void link_new(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    struct cs_journal_head head = cs_journal_head(n->journal);
    struct cs_link_config cfg = {.ds = &q->ds,
                                 .self = q->roster.self,
                                 .peer = peer,
                                 .id = n->id,
                                 .random = n->random,
                                 .random_ctx = n->random_ctx};
    enum cs_err err;

    cfg.life.boot_counter = n->life_counter;
    memcpy(cfg.life.boot, n->boot, 32);
    cfg.life.journal_seq = head.seq;
    memcpy(cfg.life.journal_hash, head.hash, 32);
    load_seen(n, q, peer, &cfg.seen);
    err = cs_nd_device_load(n, q, peer);
    if (err == CS_OK) {
        err = cs_link_new(&q->peers[peer].link, &cfg);
    }
    if (err != CS_OK) {
        cs_nd_fail(n, err, "a link cannot be made");
    }
    cs_nd_ot_link_lost(n, q, peer); /* sets its clocks */
}

static void link_start(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    cs_link_out_reset(&n->link_out);
    cs_link_start(q->peers[peer].link, n->now, &n->link_out);
    apply(n, q, peer);
}

void cs_nd_links_open(struct cs_node_core *n, struct quorum *q)
{
    for (uint8_t i = 1; i <= q->ds.n; i++) {
        if (i != q->roster.self && !cs_nd_peer_allowed(n, q, i)) {
            cs_log(CS_LOG_ERROR, "link",
                   "none to party %u of \"%s\": its fingerprint is not listed in "
                   "PEER_IDENTITIES",
                   i, q->name); /* joined before strict mode was switched on */
        } else if (i != q->roster.self && q->peers[i].link == NULL) {
            link_new(n, q, i);
        }
        if (q->peers[i].link != NULL && n->relay.state == CONN_UP) {
            link_start(n, q, i);
        }
    }
}

/* fn for every link there is. */
static void each_link(struct cs_node_core *n,
                      void (*fn)(struct cs_node_core *, struct quorum *, uint8_t))
{
    for (size_t i = 0; i < n->n_quorums; i++) {
        struct quorum *q = n->quorums[i];

        for (uint8_t k = 1; k <= q->ds.n; k++) {
            if (q->peers[k].link != NULL) {
                fn(n, q, k);
            }
        }
    }
}

void cs_nd_link_renew(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    cs_log(CS_LOG_INFO, "link", "to party %u of \"%s\" is made anew", peer, q->name);
    cs_link_out_reset(&n->link_out);
    cs_link_stop(q->peers[peer].link, &n->link_out);
    apply(n, q, peer);
    link_start(n, q, peer);
}

void cs_nd_links_start(struct cs_node_core *n)
{
    each_link(n, link_start);
}

static void link_ping(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    cs_link_out_reset(&n->link_out);
    if (cs_link_ping(q->peers[peer].link, n->now, &n->link_out)) {
        apply(n, q, peer);
    }
}

void cs_nd_links_ping(struct cs_node_core *n)
{
    each_link(n, link_ping);
}

static void link_time(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    if (cs_link_deadline(q->peers[peer].link) <= n->now) {
        cs_link_out_reset(&n->link_out);
        cs_link_time(q->peers[peer].link, n->now, &n->link_out);
        apply(n, q, peer);
    }
}

void cs_nd_links_time(struct cs_node_core *n)
{
    each_link(n, link_time);
}

static void link_journal(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    struct cs_journal_head head = cs_journal_head(n->journal);
    enum cs_err err = cs_link_set_journal(q->peers[peer].link, head.seq, head.hash);

    CS_ASSERT(err == CS_OK); /* the journal only grows */
}

void cs_nd_links_journal(struct cs_node_core *n)
{
    each_link(n, link_journal);
}

uint64_t cs_nd_links_deadline(const struct cs_node_core *n)
{
    uint64_t d = UINT64_MAX;

    for (size_t i = 0; i < n->n_quorums; i++) {
        for (uint8_t k = 1; k <= n->quorums[i]->ds.n; k++) {
            const struct cs_link *l = n->quorums[i]->peers[k].link;
            uint64_t at = l == NULL ? UINT64_MAX : cs_link_deadline(l);

            d = at < d ? at : d;
        }
    }
    return d;
}

void cs_nd_peer_accept(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    cs_link_out_reset(&n->link_out);
    cs_link_accept_peer(q->peers[peer].link, n->now, &n->link_out);
    apply(n, q, peer);
}

/* ---- in -------------------------------------------------------------------------- */

static void on_control(struct cs_node_core *n, struct quorum *q, uint8_t from,
                       const struct cs_message *m)
{
    if (m->type == CS_TYPE_NOTICE) {
        cs_nd_notice(n, q, from, m);
    } else if (m->type == CS_TYPE_VERSION) {
        cs_nd_version(n, q, from, m);
    } else if (!cs_nd_ot_control(n, q, from, m)) {
        cs_nd_keygen_message(n, q, from, m); /* of a session */
    }
}

void cs_nd_message(struct cs_node_core *n, struct quorum *q, uint8_t from,
                   const struct cs_message *m)
{
    if (cs_nd_quarantined(n, q, from)) {
        n->counters.messages_dropped++;
        return;
    }
    switch (m->proto) {
    case CS_PROTO_OT:
        cs_nd_ot_message(n, q, from, m);
        break;
    case CS_PROTO_CONTROL:
        on_control(n, q, from, m);
        break;
    case CS_PROTO_DKG:
        if (m->type >= CS_TYPE_CERT_WANT && m->type <= CS_TYPE_CERT_ABORTED) {
            cs_nd_stuck_message(n, q, from, m);
        } else {
            cs_nd_keygen_message(n, q, from, m);
        }
        break;
    case CS_PROTO_ECDSA:
        cs_nd_ecdsa_message(n, q, from, m);
        break;
    case CS_PROTO_FROST:
        cs_nd_sign_message(n, q, from, m);
        break;
    default:
        n->counters.messages_dropped++; /* unknown type in a valid AEAD: 15.1 A6 */
    }
}

static void receive(struct cs_node_core *n, struct quorum *q, uint8_t from,
                    struct cs_span frame)
{
    struct cs_message m;
    struct cs_wr plain;
    enum cs_err err;

    cs_link_out_reset(&n->link_out);
    err = cs_link_receive(q->peers[from].link, frame, n->now, &n->link_out);
    apply(n, q, from);
    if (err != CS_OK) {
        cs_nd_blame(n, q, from, err);
        return;
    }
    if (n->link_out.has_msg) {
        m = n->link_out.msg;
        plain = n->link_out.plain; /* the handlers use link_out: keep the bytes */
        n->link_out.plain = (struct cs_wr){0};
        cs_nd_message(n, q, from, &m);
        cs_wr_free(&plain);
    }
}

/* Which quorum: the header's ds_hash; who: the relay's word, proved by the AEAD. */
static struct quorum *route(struct cs_node_core *n, const struct cs_relay_frame *f,
                            uint8_t *from)
{
    struct cs_frame_header h;
    struct quorum *q = NULL;

    if (cs_frame_header_decode(&h, f->body) == CS_OK) {
        q = cs_nd_quorum_by_hash(n, h.ds_hash);
    }
    for (uint8_t i = 1; q != NULL && i <= q->ds.n; i++) {
        if (memcmp(q->ds.members[i - 1].device_id, f->id, 16) == 0 &&
            q->peers[i].link != NULL) {
            *from = i;
            return q;
        }
    }
    return NULL;
}

void cs_nd_relay_message(struct cs_node_core *n, struct cs_span data)
{
    struct cs_relay_frame f;
    struct quorum *q;
    uint8_t from = 0;

    n->counters.frames_in++;
    if (cs_relay_decode(&f, data) != CS_OK) {
        cs_nd_conn_drop(n, &n->relay, CS_ERR_PROTOCOL);
        return;
    }
    if (f.type == CS_RELAY_GONE) {
        return; /* sessions end by their own clocks */
    }
    q = f.type == CS_RELAY_DATA ? route(n, &f, &from) : NULL;
    if (q == NULL) {
        n->counters.frames_dropped++;
        return;
    }
    receive(n, q, from, f.body);
}
