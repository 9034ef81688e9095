/* What is held against a peer: authentic misbehaviour, counted (PROTOCOLS 2.8).
 * Three in 24 hours, or proven equivocation: quarantine, until an operator lifts it. */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/rd.h"

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
    (void)snprintf(p->reason, sizeof p->reason, "%s", cs_err_reason(err));
    cs_log(CS_LOG_WARN, "peer", "party %u of \"%s\" misbehaved: %s", peer, q->name,
           cs_err_text(err));
    if (!p->quarantined &&
        (reaction != CS_REACT_BLAME || p->blames >= BLAMES_TO_QUARANTINE)) {
        p->quarantined = true;
        cs_log(CS_LOG_ERROR, "peer",
               "party %u of \"%s\" is quarantined until an operator releases it", peer,
               q->name);
    }
    save(n, q, peer);
}

/* Index of the same device in another quorum, 0 when it is none of its members. */
static uint8_t index_in(const struct quorum *q, const uint8_t device_id[16])
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
    const uint8_t *device = q->ds.members[peer - 1].device_id;

    for (size_t i = 0; i < n->n_quorums; i++) {
        uint8_t there = index_in(n->quorums[i], device);

        if (there != 0 && n->quorums[i]->peers[there].rec.quarantined) {
            return true;
        }
    }
    return false;
}

void cs_nd_peer_release(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    const uint8_t *device = q->ds.members[peer - 1].device_id;

    for (size_t i = 0; i < n->n_quorums; i++) {
        uint8_t there = index_in(n->quorums[i], device);

        if (there != 0) {
            n->quorums[i]->peers[there].rec = (struct peer_record){0};
            save(n, n->quorums[i], there);
        }
    }
}
