/* OT setups of the pairs (core.h; PROTOCOLS 4.2, 15.1 A4, 15.4 D1, D3; the protocol
 * itself is in mpc/ot_setup.h).  Each node begins the direction in which it is Alice.
 *
 *   link up -> [allowed?] begin -> 2.1 .. 2.6, repeated after 1, 2, 4 s -> TESTED
 *
 * A run that makes no progress for 60 s is given up and the peer is told.  Alice's
 * counter has then moved on, Bob's perhaps not: he answers SETUP_MISSING to the next
 * one, and only a new link starts both at 0 again (D1), so one is made. */
#include "node/core/core.h"

#include <string.h>

#include "base/log.h"
#include "mpc/dkls_ids.h"

#define NEVER UINT64_MAX

static const struct ot_clock no_clock = {
    .start_at = NEVER, .repeat_at = NEVER, .give_up_at = NEVER, .renew_at = NEVER};

/* ---- which quorums
 * -------------------------------------------------------------------------- */

void cs_nd_ot_load(const struct cs_node_core *n, struct quorum *q)
{
    q->needs_ot = cs_safe_has(n->safe, TABLE_OT, CS_SPAN_OF(q->id));
}

/* ---- out ------------------------------------------------------------------------- */

static void send_ot(struct cs_node_core *n, struct quorum *q, uint8_t to,
                    const struct cs_ot_out *out)
{
    for (size_t i = 0; i < out->n_msgs; i++) {
        struct cs_message m = {.proto = CS_PROTO_OT,
                               .type = out->msgs[i].type,
                               .round = out->msgs[i].type,
                               .priv = cs_wr_get(&out->msgs[i].body)};

        memcpy(m.sid, out->msgs[i].osid, sizeof m.sid);
        (void)cs_nd_link_send(n, q, to, &m); /* lost: sent again after 1, 2, 4 s */
    }
}

static void send_abort(struct cs_node_core *n, struct quorum *q, uint8_t to,
                       const uint8_t osid[32], enum cs_err why)
{
    struct cs_message m = {.proto = CS_PROTO_CONTROL, .type = CS_TYPE_ABORT};
    struct cs_wr body = {0};

    cs_abort_encode(&body, osid, why);
    m.priv = cs_wr_get(&body);
    memcpy(m.sid, osid, sizeof m.sid);
    if (body.err == CS_OK) {
        (void)cs_nd_link_send(n, q, to, &m);
    }
    cs_wr_free(&body);
}

/* ---- life of a pair
 * -------------------------------------------------------------------------- */

static bool open_pair(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    struct cs_ot_pair_params p = {.self = q->roster.self,
                                  .peer = peer,
                                  .local = n->id->local,
                                  .burned = cs_nd_quarantined(n, q, peer)};

    memcpy(p.link_id, cs_nd_link_id(q, peer), sizeof p.link_id);
    memcpy(p.ds_hash, q->roster.ds_hash, sizeof p.ds_hash);
    q->peers[peer].ot = cs_ot_pair_new(&p);
    if (q->peers[peer].ot == NULL) {
        cs_log(CS_LOG_ERROR, "ot",
               "no locked memory for the setup with party %u of \"%s\"", peer, q->name);
        return false;
    }
    q->peers[peer].ot_clock.serial = ++n->next_ot;
    return true;
}

void cs_nd_ot_link(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    q->peers[peer].ot_clock = no_clock;
    q->peers[peer].ot_clock.start_at = q->needs_ot ? n->now : NEVER;
}

void cs_nd_ot_link_lost(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    (void)n;
    cs_ot_pair_free(
        q->peers[peer].ot); /* a job that is out finds no pair and is freed */
    q->peers[peer].ot = NULL;
    q->peers[peer].ot_clock = no_clock;
}

static enum cs_ot_state half(const struct peer *p, uint8_t alice)
{
    return p->ot == NULL ? CS_OT_NONE : cs_ot_pair_half(p->ot, alice);
}

void cs_nd_ot_need(struct cs_node_core *n, struct quorum *q)
{
    static const uint8_t yes = 1;

    if (q->needs_ot) {
        return;
    }
    q->needs_ot = true;
    cs_nd_put(n, TABLE_OT, CS_SPAN_OF(q->id), CS_SPAN(&yes, 1));
    for (uint8_t i = 1; i <= q->ds.n; i++) {
        if (cs_nd_link_live(q, i) && half(&q->peers[i], q->roster.self) == CS_OT_NONE) {
            q->peers[i].ot_clock.start_at = n->now;
        }
    }
}

bool cs_nd_ot_ready(const struct quorum *q, uint8_t peer)
{
    return q->peers[peer].ot != NULL &&
           cs_ot_pair_state(q->peers[peer].ot) == CS_OT_TESTED;
}

/* Setups that run now, over all quorums; own: begun by this node. */
static size_t running(const struct cs_node_core *n, bool own)
{
    size_t k = 0;

    for (size_t i = 0; i < n->n_quorums; i++) {
        const struct quorum *q = n->quorums[i];

        for (uint8_t peer = 1; peer <= q->ds.n; peer++) {
            k += half(&q->peers[peer], own ? q->roster.self : peer) == CS_OT_RUNNING
                     ? 1
                     : 0;
        }
    }
    return k;
}

static void progress(const struct cs_node_core *n, struct ot_clock *c)
{
    c->n_repeats = 0;
    c->repeat_at = n->now + 1000;
    c->give_up_at = n->now + OT_GIVE_UP_MS;
}

static void rest(struct ot_clock *c)
{
    c->repeat_at = NEVER;
    c->give_up_at = NEVER;
}

/* ---- beginning
 * ------------------------------------------------------------------------------ */

/* When this node may begin; 0: never in this state of things. */
static uint64_t may_begin_at(const struct cs_node_core *n, const struct quorum *q,
                             uint8_t peer)
{
    const struct device *d = q->peers[peer].device;
    uint64_t at = cs_nd_ot_allowed_at(n, d, &d->as_alice);

    if (n->draining || cs_nd_quarantined(n, q, peer) || !cs_nd_link_live(q, peer)) {
        return 0; /* the next link, or the release, begins anew */
    }
    at = d->not_before > at ? d->not_before : at;
    return at <= n->now && running(n, true) >= MAX_OT_STARTED ? n->now + 1000 : at;
}

static void started(struct cs_node_core *n, struct quorum *q, uint8_t peer,
                    enum cs_err err)
{
    struct peer *p = &q->peers[peer];

    if (err == CS_OK) {
        bool taken = cs_nd_ot_take(n, p->device, &p->device->as_alice);

        CS_ASSERT(taken); /* it was allowed a moment ago */
        p->ot_clock.changed = true;
        progress(n, &p->ot_clock);
        cs_nd_ot_pump(n);
    } else if (err == CS_ERR_LIMIT) { /* of this link */
        p->ot_clock.renew_at = n->now;
    } else if (err == CS_ERR_NOMEM) {
        p->ot_clock.start_at = n->now + OT_GIVE_UP_MS;
    } /* else it is under way already */
}

static void begin(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    struct peer *p = &q->peers[peer];
    uint64_t at = may_begin_at(n, q, peer);

    p->ot_clock.start_at = NEVER;
    if (at > n->now) {
        p->ot_clock.start_at = at;
    } else if (at != 0) {
        started(n, q, peer,
                p->ot != NULL || open_pair(n, q, peer) ? cs_ot_pair_start(p->ot)
                                                       : CS_ERR_NOMEM);
    }
}

void cs_nd_ot_missing(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    struct ot_clock *c = &q->peers[peer].ot_clock;

    if (half(&q->peers[peer], q->roster.self) != CS_OT_RUNNING &&
        c->start_at == NEVER && c->renew_at == NEVER && cs_nd_link_live(q, peer)) {
        c->start_at = n->now;
    }
}

/* ---- what came of a call
 * ----------------------------------------------------------------------- */

static void tested(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    struct peer *p = &q->peers[peer];

    p->device->n_setups++;
    n->metrics->ot_setups[CS_MX_OT_OK]++;
    p->device->pause_ms = 0;
    rest(&p->ot_clock);
    cs_log(CS_LOG_INFO, "ot", "setup with party %u of \"%s\" is tested", peer, q->name);
    n->status_at = n->now;
}

/* Sends what a call left, and notes what it changed. */
static void after(struct cs_node_core *n, struct quorum *q, uint8_t peer,
                  struct cs_ot_out *out)
{
    send_ot(n, q, peer, out);
    if (out->changed) {
        q->peers[peer].ot_clock.changed = true;
        if (cs_nd_ot_ready(q, peer)) {
            tested(n, q, peer);
        }
    }
    cs_ot_out_clear(out);
}

/* A run ended before it was tested. */
static void discarded(struct cs_node_core *n, struct quorum *q, uint8_t peer,
                      const uint8_t osid[32], enum cs_err err)
{
    struct ot_clock *c = &q->peers[peer].ot_clock;

    cs_log(CS_LOG_WARN, "ot", "setup with party %u of \"%s\" ended: %s", peer, q->name,
           cs_err_text(err));
    send_abort(n, q, peer, osid, err);
    cs_nd_ot_failed(n, q, peer, err); /* may quarantine it */
    progress(n, c);
    if (q->needs_ot && half(&q->peers[peer], q->roster.self) == CS_OT_NONE) {
        c->start_at = q->peers[peer].device->not_before;
    }
}

void cs_nd_ot_judge(struct cs_node_core *n, struct quorum *q, uint8_t peer,
                    const uint8_t osid[32], enum cs_err err, struct cs_ot_out *out)
{
    switch (err) {
    case CS_OK:
        progress(n, &q->peers[peer].ot_clock);
        break;
    case CS_ERR_SETUP_MISSING: /* D1: nobody's fault */
        send_abort(n, q, peer, osid, err);
        break;
    case CS_ERR_REPLAY:
    case CS_ERR_OT_BURNED:
    case CS_ERR_LIMIT:
        n->counters.messages_dropped++;
        break;
    default:
        discarded(n, q, peer, osid, err);
    }
    after(n, q, peer, out);
    cs_nd_ot_pump(n);
}

/* ---- in -------------------------------------------------------------------------- */

/* A 2.1 that would begin a run costs computing: is the peer's device allowed one more?
 * Looked at before any of it is done.  What is no such 2.1 is for mpc to judge. */
static bool may_join(struct cs_node_core *n, struct quorum *q, uint8_t from,
                     const struct cs_message *m)
{
    struct peer *p = &q->peers[from];
    uint8_t next[32];

    cs_ot_osid(next, cs_nd_link_id(q, from), q->roster.ds_hash, from, q->roster.self,
               cs_ot_pair_counter(p->ot, from));
    if (m->type != CS_TYPE_OT_R || memcmp(next, m->sid, sizeof next) != 0) {
        return true;
    }
    return !n->draining && running(n, false) < MAX_OT_JOINED &&
           cs_nd_ot_take(n, p->device, &p->device->as_bob);
}

static bool is_well_formed(const struct cs_message *m)
{
    static const uint8_t zero[16];

    return m->broadcast.n == 0 && m->round == m->type && m->key_epoch == 0 &&
           memcmp(m->key_id, zero, sizeof zero) == 0;
}

/* The peer did not hear that its run was ended. */
static void tell_again(struct cs_node_core *n, struct quorum *q, uint8_t from,
                       const struct cs_message *m)
{
    const struct peer *p = &q->peers[from];
    const uint8_t *latest = cs_ot_pair_latest(p->ot, from);

    if (m->type == CS_TYPE_OT_R && half(p, from) == CS_OT_NONE && latest != NULL &&
        memcmp(latest, m->sid, 32) == 0) {
        send_abort(n, q, from, m->sid, CS_ERR_ABORTED);
    }
}

void cs_nd_ot_message(struct cs_node_core *n, struct quorum *q, uint8_t from,
                      const struct cs_message *m)
{
    struct peer *p = &q->peers[from];
    struct cs_ot_out out = {0};
    enum cs_err err;

    if (m->type < CS_TYPE_OT_R || m->type > CS_TYPE_OT_DONE ||
        !cs_nd_link_live(q, from)) {
        n->counters.messages_dropped++;
        return;
    }
    if (!is_well_formed(m)) {
        cs_nd_blame(n, q, from, CS_ERR_BAD_FORMAT);
        return;
    }
    if ((p->ot == NULL && (m->type != CS_TYPE_OT_R || !open_pair(n, q, from))) ||
        !may_join(n, q, from, m)) {
        n->counters.messages_dropped++; /* it is sent again */
        return;
    }
    err = cs_ot_pair_feed(p->ot, m->type, m->sid, m->priv, &out);
    if (err == CS_ERR_REPLAY) {
        tell_again(n, q, from, m);
    } else if (err == CS_OK && half(p, q->roster.self) == CS_OT_NONE) {
        cs_nd_ot_missing(n, q, from); /* the peer needs both directions, too */
    }
    cs_nd_ot_judge(n, q, from, m->sid, err, &out);
}

/* The peer ended the run with this osid, or never had it. */
static void peer_aborted(struct cs_node_core *n, struct quorum *q, uint8_t from,
                         uint8_t alice, const uint8_t osid[32], enum cs_err why)
{
    struct peer *p = &q->peers[from];
    bool own = alice == q->roster.self;
    struct cs_ot_out out = {0};

    if (half(p, alice) == CS_OT_TESTED && own) {
        cs_nd_ot_missing(n, q, from);
        return;
    }
    if (half(p, alice) != CS_OT_RUNNING) {
        n->counters.messages_dropped++;
        return;
    }
    cs_log(CS_LOG_INFO, "ot", "party %u of \"%s\" ended a setup: %s", from, q->name,
           cs_err_reason(why));
    cs_ot_pair_aborted(p->ot, osid, &out);
    cs_nd_ot_failed(n, q, from, CS_ERR_ABORTED);
    if (own && why == CS_ERR_SETUP_MISSING) {
        p->ot_clock.renew_at = p->device->not_before;
    } else if (own) {
        p->ot_clock.start_at = p->device->not_before;
    }
    after(n, q, from, &out);
}

bool cs_nd_ot_control(struct cs_node_core *n, struct quorum *q, uint8_t from,
                      const struct cs_message *m)
{
    const uint8_t both[] = {q->roster.self, from};
    const struct peer *p = &q->peers[from];

    for (size_t i = 0; p->ot != NULL && i < CS_COUNTOF(both); i++) {
        const uint8_t *latest = cs_ot_pair_latest(p->ot, both[i]);
        uint8_t osid[32];
        enum cs_err why;

        if (m->type != CS_TYPE_ABORT || latest == NULL ||
            memcmp(latest, m->sid, sizeof osid) != 0) {
            continue;
        }
        if (cs_abort_decode(osid, &why, m->priv) != CS_OK || m->broadcast.n != 0 ||
            memcmp(osid, m->sid, sizeof osid) != 0) {
            cs_nd_blame(n, q, from, CS_ERR_BAD_FORMAT);
        } else {
            peer_aborted(n, q, from, both[i], osid, why);
        }
        return true;
    }
    return false;
}

/* ---- burning --------------------------------------------------------------------- */

void cs_nd_ot_burned(struct cs_node_core *n, struct quorum *q, uint8_t peer,
                     enum cs_err err)
{
    cs_nd_blame(n, q, peer, err);      /* counted; burning codes quarantine at once */
    cs_nd_quarantine(n, q, peer, err); /* whatever the code: its setup is gone */
}

/* fn for the device's pair in every quorum. */
static void each_pair(struct cs_node_core *n, const struct device *d,
                      void (*fn)(struct cs_node_core *, struct quorum *, uint8_t))
{
    for (size_t i = 0; i < n->n_quorums; i++) {
        uint8_t there = cs_nd_device_index(n->quorums[i], d->id);

        if (there != 0 && there != n->quorums[i]->roster.self) {
            fn(n, n->quorums[i], there);
        }
    }
}

static void burn(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    struct peer *p = &q->peers[peer];

    (void)n;
    if (p->ot != NULL) {
        cs_ot_pair_burn(p->ot);
    }
    rest(&p->ot_clock);
    p->ot_clock.start_at = NEVER;
    p->ot_clock.renew_at = NEVER;
    p->ot_clock.changed = true;
}

void cs_nd_ot_quarantined(struct cs_node_core *n, const struct device *d)
{
    each_pair(n, d, burn);
}

static void unburn(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    struct peer *p = &q->peers[peer];

    if (p->ot != NULL) {
        cs_ot_pair_release(p->ot);
    }
    p->ot_clock.start_at = q->needs_ot && cs_nd_link_live(q, peer) ? n->now : NEVER;
}

void cs_nd_ot_released(struct cs_node_core *n, const struct device *d)
{
    each_pair(n, d, unburn);
}

/* ---- time ------------------------------------------------------------------------ */

static void repeat(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    struct peer *p = &q->peers[peer];
    struct ot_clock *c = &p->ot_clock;
    const uint8_t *latest = cs_ot_pair_latest(p->ot, peer);
    uint64_t gap = 2000ULL << (c->n_repeats < 8 ? c->n_repeats : 8);
    struct cs_ot_out out = {0};

    c->repeat_at = n->now + (gap < OT_REPEAT_MAX_MS ? gap : OT_REPEAT_MAX_MS);
    c->n_repeats++;
    cs_ot_pair_resend(p->ot, &out);
    after(n, q, peer, &out);
    if (half(p, peer) == CS_OT_NONE && latest != NULL) {
        send_abort(n, q, peer, latest,
                   CS_ERR_ABORTED); /* that one may have been lost */
    }
    cs_nd_ot_pump(n); /* a job for which there was no memory */
}

static void give_up(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    const uint8_t both[] = {q->roster.self, peer};
    struct peer *p = &q->peers[peer];

    for (size_t i = 0; i < CS_COUNTOF(both); i++) {
        struct cs_ot_out out = {0};
        uint8_t osid[32];

        if (half(p, both[i]) == CS_OT_RUNNING) {
            memcpy(osid, cs_ot_pair_latest(p->ot, both[i]), sizeof osid);
            cs_ot_pair_aborted(p->ot, osid, &out);
            discarded(n, q, peer, osid, CS_ERR_TIMEOUT);
            after(n, q, peer, &out);
        }
    }
    rest(&p->ot_clock);
}

static void peer_time(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    struct peer *p = &q->peers[peer];
    struct ot_clock *c = &p->ot_clock;

    if (p->ot != NULL && n->now >= c->give_up_at) {
        give_up(n, q, peer);
    } else if (p->ot != NULL && n->now >= c->repeat_at) {
        repeat(n, q, peer);
    }
    if (n->now >= c->start_at) {
        begin(n, q, peer);
    }
    if (n->now >= c->renew_at) {
        c->renew_at = NEVER;
        cs_nd_link_renew(n, q, peer); /* the pair goes with its link */
    }
    if (c->changed) {
        c->changed = false;
        cs_nd_works_ot(n, q, peer);
    }
}

static uint64_t deadline_of(const struct cs_node_core *n, const struct peer *p)
{
    const struct ot_clock *c = &p->ot_clock;
    uint64_t d = c->start_at < c->renew_at ? c->start_at : c->renew_at;

    if (p->link == NULL) {
        return NEVER; /* itself, or no member of a confirmed quorum yet */
    }
    d = c->repeat_at < d ? c->repeat_at : d;
    d = c->give_up_at < d ? c->give_up_at : d;
    return c->changed ? n->now : d;
}

void cs_nd_ot_time(struct cs_node_core *n)
{
    for (size_t i = 0; i < n->n_quorums; i++) {
        struct quorum *q = n->quorums[i];

        for (uint8_t k = 1; k <= q->ds.n; k++) {
            if (deadline_of(n, &q->peers[k]) <= n->now) {
                peer_time(n, q, k);
            }
        }
    }
}

uint64_t cs_nd_ot_deadline(const struct cs_node_core *n)
{
    uint64_t d = UINT64_MAX;

    for (size_t i = 0; i < n->n_quorums; i++) {
        for (uint8_t k = 1; k <= n->quorums[i]->ds.n; k++) {
            uint64_t at = deadline_of(n, &n->quorums[i]->peers[k]);

            d = at < d ? at : d;
        }
    }
    return d;
}
