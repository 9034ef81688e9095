/* What is held against a peer: authentic misbehaviour, counted (PROTOCOLS 2.8).
 * Three in 24 hours, or proven equivocation: quarantine, until an operator lifts it. */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/rd.h"
#include "wire/jsonx.h"

enum { BLAMES_TO_QUARANTINE = 3 };

void cs_nd_peer_key(uint8_t key[17], const struct quorum *q, uint8_t peer)
{
    memcpy(key, q->id, 16);
    key[16] = peer;
}

static void save(struct cs_node_core *n, const struct quorum *q, uint8_t peer)
{
    const struct peer_record *p = &q->peers[peer].rec;
    struct cs_wr w = {0};
    uint8_t key[17];

    cs_nd_peer_key(key, q, peer);
    cs_wr_u32(&w, p->blames);
    cs_wr_u64(&w, (uint64_t)p->first_ms);
    cs_wr_u8(&w, p->quarantined);
    cs_wr_lp(&w, CS_SPAN(p->reason, strlen(p->reason)));
    cs_nd_put(n, TABLE_BLAME, CS_SPAN_OF(key), cs_wr_get(&w));
    cs_wr_free(&w);
}

enum cs_err cs_nd_peer_load(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    struct peer_record *p = &q->peers[peer].rec;
    struct cs_wr w = {0};
    struct cs_span reason;
    struct cs_rd r;
    uint8_t key[17];
    enum cs_err err;

    if (peer == q->roster.self) {
        return CS_OK;
    }
    CS_CHECK(cs_nd_device_load(n, q, peer));
    cs_nd_peer_key(key, q, peer);
    err = cs_safe_get(n->safe, TABLE_BLAME, CS_SPAN_OF(key), &w);
    if (err == CS_OK) {
        r = CS_RD(cs_wr_get(&w));
        p->blames = cs_rd_u32(&r);
        p->first_ms = (int64_t)cs_rd_u64(&r);
        p->quarantined = cs_rd_u8(&r) == 1;
        reason = cs_rd_lp(&r, sizeof p->reason - 1);
        err = cs_rd_end(&r) == CS_OK ? CS_OK : CS_ERR_STORE_CORRUPT;
        (void)snprintf(p->reason, sizeof p->reason, "%.*s", (int)reason.n,
                       reason.p == NULL ? "" : (const char *)reason.p);
    }
    cs_wr_free(&w);
    return err == CS_ERR_NOT_FOUND ? CS_OK : err;
}

void cs_nd_blame(struct cs_node_core *n, struct quorum *q, uint8_t peer,
                 enum cs_err err)
{
    struct peer_record *p = &q->peers[peer].rec;
    enum cs_reaction reaction = cs_err_reaction(err);

    if (peer == 0 || peer == q->roster.self ||
        (reaction != CS_REACT_BLAME && reaction != CS_REACT_QUARANTINE &&
         reaction != CS_REACT_BURN)) {
        return;
    }
    if (n->wall - p->first_ms > BLAME_WINDOW_MS || p->blames == 0) {
        p->first_ms = n->wall;
        p->blames = 0;
    }
    p->blames++;
    n->metrics->peer_faults[err]++;
    (void)snprintf(p->reason, sizeof p->reason, "%s", cs_err_reason(err));
    cs_log(CS_LOG_WARN, "peer", "party %u of \"%s\" misbehaved: %s", peer, q->name,
           cs_err_text(err));
    save(n, q, peer);
    if (reaction != CS_REACT_BLAME || p->blames >= BLAMES_TO_QUARANTINE) {
        cs_nd_quarantine(n, q, peer, err);
    }
}

/* ---- quarantine
 * --------------------------------------------------------------------------- */

uint8_t cs_nd_device_index(const struct quorum *q, const uint8_t device_id[16])
{
    for (uint8_t i = 1; i <= q->ds.n; i++) {
        if (memcmp(q->ds.members[i - 1].device_id, device_id, 16) == 0) {
            return i;
        }
    }
    return 0;
}

bool cs_nd_quarantined(const struct cs_node_core *n, const struct quorum *q,
                       uint8_t peer)
{
    const uint8_t *id = q->ds.members[peer - 1].device_id;
    const struct device *d = cs_nd_device_find(n, id);

    if (d != NULL && d->quarantined) {
        return true;
    }
    for (size_t i = 0; i < n->n_quorums; i++) {
        uint8_t there = cs_nd_device_index(n->quorums[i], id);

        if (there != 0 && n->quorums[i]->peers[there].rec.quarantined) {
            return true;
        }
    }
    return false;
}

/* What others may hear: that a check of 4.6 or of a setup failed is a CHEAT, not which
 * (4.6: "session ended" is all the peer itself gets). */
enum cs_err cs_nd_public_reason(enum cs_err err)
{
    return cs_err_reaction(err) == CS_REACT_BURN || err == CS_ERR_SETUP_TEST ||
                   err == CS_ERR_OT_BURNED
               ? cs_err_from_reason("CHEAT")
               : err;
}

static void say(struct cs_node_core *n, enum cs_ctl_kind kind, const struct quorum *q,
                uint8_t about, enum cs_err why)
{
    struct cs_ctl_frame f = {.kind = kind};
    struct cs_ctl_peer *b = &f.u.peer;
    char id[CS_UUID_LEN];

    memcpy(b->quorum_id, q->id, 16);
    b->index = q->roster.self;
    b->peer = about;
    (void)snprintf(b->reason, sizeof b->reason, "%s", cs_err_reason(why));
    b->time = (uint64_t)n->wall;
    cs_nd_outbox_put(n, &f);
    cs_nd_notify(n, "peer",
                 "{\"quorumId\":\"%s\",\"index\":%u,\"peer\":%u,\"state\":\"%s\","
                 "\"reason\":\"%s\"}",
                 cs_uuid_text(id, q->id), q->roster.self, about,
                 kind == CS_EVT_PEER_RELEASED ? "RELEASED" : "QUARANTINED", b->reason);
}

/* Platform and other members, of every quorum that has the device. */
static void tell(struct cs_node_core *n, const uint8_t device[16],
                 enum cs_ctl_kind kind, enum cs_err why)
{
    for (size_t i = 0; i < n->n_quorums; i++) {
        struct quorum *q = n->quorums[i];
        uint8_t there = cs_nd_device_index(q, device);

        if (there != 0 && q->state == QUORUM_CONFIRMED) {
            say(n, kind, q, there, why);
            cs_nd_notice_send(n, q, there, kind == CS_EVT_PEER_RELEASED ? CS_OK : why);
        }
    }
}

void cs_nd_quarantine(struct cs_node_core *n, struct quorum *q, uint8_t peer,
                      enum cs_err err)
{
    struct device *d = q->peers[peer].device;
    char id[CS_UUID_LEN];

    if (cs_nd_quarantined(n, q, peer)) {
        return;
    }
    d->quarantined = true;
    d->quarantined_ms = n->wall;
    n->metrics->quarantines++;
    (void)snprintf(d->reason, sizeof d->reason, "%s", cs_err_name(err));
    cs_nd_evidence(n, q, peer, err, d->evidence);
    cs_nd_device_save(n, d);
    q->peers[peer].rec.quarantined = true;
    save(n, q, peer);
    cs_nd_ot_quarantined(n, d);
    cs_log(CS_LOG_ERROR, "peer",
           "party %u of \"%s\" is quarantined: %s. Nothing more is done with that "
           "device for any key. Find out whether it is compromised; to trust it again: "
           "cloudsign peer release %s %u",
           peer, q->name, cs_err_text(err), cs_uuid_text(id, q->id), peer);
    tell(n, d->id, CS_EVT_PEER_QUARANTINED, cs_nd_public_reason(err));
    n->status_at = n->now;
}

static void forgive(struct cs_node_core *n, struct device *d)
{
    d->quarantined = false; /* the time stays: notice.c takes its word back */
    d->setup_tests = 0;
    d->reason[0] = '\0';
    memset(d->evidence, 0, sizeof d->evidence);
    d->as_alice = d->as_bob = (struct ot_bucket){0};
    d->pause_ms = d->not_before = 0;
    cs_nd_device_save(n, d);
}

void cs_nd_peer_release(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    struct device *d = q->peers[peer].device;
    bool was = cs_nd_quarantined(n, q, peer);

    for (size_t i = 0; i < n->n_quorums; i++) {
        uint8_t there = cs_nd_device_index(n->quorums[i], d->id);

        if (there != 0) {
            n->quorums[i]->peers[there].rec = (struct peer_record){0};
            save(n, n->quorums[i], there);
        }
    }
    forgive(n, d);
    if (was) {
        n->metrics->releases++;
        cs_nd_ot_released(n, d);
        tell(n, d->id, CS_EVT_PEER_RELEASED, CS_OK);
        n->status_at = n->now;
    }
}
