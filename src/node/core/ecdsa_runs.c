/* What both roles of an ECDSA session share: where it hangs, its presid, and its end.
 * See ecdsa.h. */
#include "node/core/ecdsa.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "chain/chain.h"

/* ---- the list -------------------------------------------------------------------- */

struct work *cs_nd_ecdsa_work(const struct cs_node_core *n, const struct ecdsa_run *r)
{
    return r->is_over ? NULL : cs_nd_work_by_serial(n, r->work);
}

struct ecdsa_run *cs_nd_ecdsa_find(const struct cs_node_core *n, const struct quorum *q,
                                   uint8_t peer, const uint8_t presid[32])
{
    for (struct ecdsa_run *r = n->ecdsa; r != NULL; r = r->next) {
        if (!r->is_over && r->q == q && r->peer == peer &&
            memcmp(cs_dkls_presid_of(r->d), presid, 32) == 0) {
            return r;
        }
    }
    return NULL;
}

size_t cs_nd_ecdsa_started(const struct cs_node_core *n, const struct quorum *q,
                           uint8_t peer)
{
    size_t k = 0;

    for (const struct ecdsa_run *r = n->ecdsa; r != NULL; r = r->next) {
        k += !r->is_over && r->is_initiator && r->q == q && r->peer == peer ? 1 : 0;
    }
    return k;
}

static void unlink_run(struct cs_node_core *n, struct ecdsa_run *r)
{
    struct ecdsa_run **at = &n->ecdsa;

    while (*at != r) {
        at = &(*at)->next;
    }
    *at = r->next;
}

static void free_run(struct ecdsa_run *r)
{
    cs_dkls_free(r->d);
    cs_wr_free(&r->open);
    for (size_t i = 0; i < CS_COUNTOF(r->sent); i++) {
        cs_wr_free(&r->sent[i]);
    }
    cs_free_wiped(r, sizeof *r);
}

void cs_nd_ecdsa_retire(struct cs_node_core *n, struct ecdsa_run *r)
{
    struct work *w = cs_nd_ecdsa_work(n, r);
    struct cs_dkls_out out = {0};

    if (w != NULL) {
        w->items[r->item].ecdsa = NULL;
    }
    r->is_over = true;
    r->q->peers[r->peer].ot_clock.changed = true; /* a place is free: works look */
    cs_dkls_abort(r->d, CS_ERR_ABORTED, &out);
    cs_dkls_out_clear(&out);
    if (!r->is_computing) { /* else its job may still find a reason to burn */
        unlink_run(n, r);
        free_run(r);
    }
}

void cs_nd_ecdsa_free(struct cs_node_core *n)
{
    while (n->ecdsa != NULL) {
        struct ecdsa_run *r = n->ecdsa;

        n->ecdsa = r->next;
        free_run(r); /* a job that is out owns what it touches */
    }
}

/* ---- presid, from own copies ----------------------------------------------------- */

void cs_nd_ecdsa_pair(uint8_t pair[2], const struct work *w, uint8_t peer)
{
    uint8_t self = w->q->roster.self;

    pair[0] = self < peer ? self : peer;
    pair[1] = self < peer ? peer : self;
}

enum cs_err cs_nd_ecdsa_open(struct cs_dkls_open *o, const struct ecdsa_about *a,
                             const uint8_t nonce[32])
{
    const struct work *w = a->w;
    const struct cs_ot_pair *ot = w->q->peers[a->peer].ot;

    memset(o, 0, sizeof *o);
    if (!cs_nd_ot_ready(w->q, a->peer)) {
        return CS_ERR_SETUP_MISSING;
    }
    memcpy(o->nonce, nonce, 32);
    memcpy(o->request_id, w->req.request_id, sizeof o->request_id);
    memcpy(o->reqh, w->reqh, 32);
    o->kind = (uint8_t)w->req.kind;
    o->attempt = w->attempt;
    o->item = (uint16_t)a->item;
    o->n = 2;
    cs_nd_ecdsa_pair(o->signers, w, a->peer);
    memcpy(o->osids[0], cs_ot_pair_osid(ot, o->signers[0]), 32); /* alice = lo */
    memcpy(o->osids[1], cs_ot_pair_osid(ot, o->signers[1]), 32);
    return CS_OK;
}

void cs_nd_ecdsa_presid(uint8_t presid[32], const struct ecdsa_about *a,
                        const struct cs_dkls_open *own)
{
    const struct work *w = a->w;
    const struct cs_link *link = w->q->peers[a->peer].link;
    struct cs_dkls_request p = {.key_epoch = w->req.key_epoch,
                                .item = own->item,
                                .n_items = (uint16_t)w->n_items,
                                .n = own->n};

    memcpy(p.reqh, own->reqh, 32);
    memcpy(p.ds_hash, w->q->roster.ds_hash, 32);
    memcpy(p.key_id, w->req.key_id, sizeof p.key_id);
    memcpy(p.cert_hash, a->key->cert_hash, 32);
    memcpy(p.signers, own->signers, sizeof p.signers);
    memcpy(p.boot[w->q->roster.self], cs_link_boot_self(link), 32);
    memcpy(p.boot[a->peer], cs_link_boot_peer(link), 32);
    memcpy(p.nonce, own->nonce, 32);
    memcpy(p.osids, own->osids, sizeof p.osids);
    cs_dkls_presid(presid, &p);
}

/* ---- a new session --------------------------------------------------------------- */

enum cs_err cs_nd_ecdsa_key(struct cs_node_core *n, struct ecdsa_about *a)
{
    enum cs_err err;
    const struct cached_key *c = cs_nd_key_load(n, a->w->req.key_id, &err);

    if (c == NULL) {
        return err;
    }
    a->key = c->key;
    return cs_nd_child_key(&a->child, c->key, &a->w->req);
}

static bool is_recid01(const struct work *w)
{
    const struct cs_chain_info *info = cs_chain_by_name(w->req.blockchain);

    return info != NULL && cs_chain_has_parity(info->chain);
}

static enum cs_err new_dkls(struct ecdsa_run *r, const struct cs_node_core *n,
                            const struct ecdsa_about *a, const uint8_t presid[32])
{
    struct quorum *q = a->w->q;
    struct cs_ot_pair *pairs[CS_PARTY_SLOTS] = {NULL};
    struct cs_dkls_params p = {.self = q->roster.self,
                               .initiator = a->w->initiator,
                               .n_signers = 2,
                               .presid = presid,
                               .digest = r->digest,
                               .x = &a->key->x,
                               .epsilon = &a->child.epsilon,
                               .X = &a->child.X,
                               .local = n->id->local,
                               .recid01 = is_recid01(a->w)};

    cs_nd_ecdsa_pair(p.signers, a->w, a->peer);
    p.zero_key[a->peer] = cs_link_zero_key(q->peers[a->peer].link);
    pairs[a->peer] = q->peers[a->peer].ot;
    return cs_dkls_new(&r->d, &p, pairs);
}

enum cs_err cs_nd_ecdsa_new(struct ecdsa_run **out, struct cs_node_core *n,
                            const struct ecdsa_about *a, const uint8_t presid[32])
{
    struct work *w = a->w;
    struct cs_span msg = w->messages[a->item];
    struct ecdsa_run *r, **at = &n->ecdsa;
    enum cs_err err = CS_OK;

    CS_ASSERT(msg.n == 32); /* the chain layer made it for ECDSA */
    r = cs_alloc(sizeof *r);
    if (r == NULL) {
        return CS_ERR_NOMEM;
    }
    memcpy(r->digest, msg.p, 32);
    CS_TRY(new_dkls(r, n, a, presid));
    CS_TRY(cs_nd_ecdsa_seen(&w->q->peers[a->peer].ecdsa_seen, presid));
    r->serial = ++n->next_serial;
    r->q = w->q;
    r->peer = a->peer;
    r->is_initiator = w->initiator == w->q->roster.self;
    r->work = w->serial;
    r->item = a->item;
    r->again = UINT64_MAX;
    while (*at != NULL) { /* oldest first: the lock of the pair goes by age */
        at = &(*at)->next;
    }
    *at = r;
    w->items[a->item].ecdsa = r;
    *out = r;
out:
    if (err != CS_OK) {
        free_run(r);
    }
    return err;
}

/* ---- the end --------------------------------------------------------------------- */

static void send_abort(struct cs_node_core *n, struct quorum *q, uint8_t to,
                       const struct work *w, const uint8_t presid[32], enum cs_err why)
{
    struct cs_message about = {.key_epoch = w->req.key_epoch};

    memcpy(about.key_id, w->req.key_id, 16);
    memcpy(about.sid, presid, 32);
    cs_nd_send_abort(n, q, to, &about, why);
}

static void end_work(struct cs_node_core *n, struct work *w, size_t item,
                     const struct ecdsa_end *e)
{
    if (w->initiator == w->q->roster.self) {
        cs_nd_work_failed(n, w, e->err, e->phase, e->culprit);
        return;
    }
    /* One session for each item of an attempt: the work stays, so that the peer cannot
     * begin this one again, until its time is over or the next attempt comes. */
    w->items[item].answered = true;
    if (cs_nd_items_under_way(w) == 0) {
        w->phase = WORK_WAITING;
    }
}

void cs_nd_ecdsa_failed(struct cs_node_core *n, struct ecdsa_run *r,
                        const struct ecdsa_end *e)
{
    struct work *w = cs_nd_ecdsa_work(n, r);
    struct quorum *q = r->q;
    uint8_t peer = r->peer;
    size_t item = r->item;

    if (w != NULL && !e->by_peer) { /* cs_nd_link_send: if it is live, and not burned */
        send_abort(n, q, peer, w, cs_dkls_presid_of(r->d), e->err);
    }
    cs_log(CS_LOG_WARN, "session", "an ECDSA session with party %u ended: %s", peer,
           cs_err_text(e->err));
    cs_nd_ecdsa_retire(n, r);
    if (e->burned) {
        cs_nd_ot_burned(n, q, peer, e->err);
    } else {
        cs_nd_blame(n, q, e->culprit, e->err);
    }
    if (w != NULL) {
        end_work(n, w, item, e); /* *w may be gone */
    }
    if (e->burned) {
        cs_nd_ecdsa_sweep(n, q, peer); /* the burn ended the others of the pair */
    }
}

static struct ecdsa_run *find_ended(const struct cs_node_core *n,
                                    const struct quorum *q, uint8_t peer)
{
    for (struct ecdsa_run *r = n->ecdsa; r != NULL; r = r->next) {
        if (!r->is_over && r->q == q && r->peer == peer &&
            cs_dkls_phase(r->d) == CS_DKLS_FAILED) {
            return r;
        }
    }
    return NULL;
}

void cs_nd_ecdsa_sweep(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    struct ecdsa_run *r;

    while ((r = find_ended(n, q, peer)) != NULL) { /* each time one less */
        const struct ecdsa_end e = {.err = cs_dkls_error(r->d), .phase = "signing"};

        cs_nd_ecdsa_failed(n, r, &e);
    }
}

/* The attempt is over.  The peer is told, so that it does not keep a place in the pair
 * for what nobody waits for. */
void cs_nd_ecdsa_drop(struct cs_node_core *n, struct work *w)
{
    for (size_t i = 0; i < w->n_items; i++) {
        struct ecdsa_run *r = w->items[i].ecdsa;

        if (r == NULL) {
            continue;
        }
        if (n->out != NULL && cs_dkls_phase(r->d) == CS_DKLS_RUNNING) {
            send_abort(n, r->q, r->peer, w, cs_dkls_presid_of(r->d), CS_ERR_ABORTED);
        }
        cs_nd_ecdsa_retire(n, r);
    }
}

/* The works of the link have ended, or end on their own; what is left of its sessions
 * has no key any more (2.2). */
void cs_nd_ecdsa_link_lost(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    struct ecdsa_run *r = n->ecdsa;

    while (r != NULL) {
        bool is_of = !r->is_over && r->q == q && r->peer == peer;

        if (is_of && cs_dkls_phase(r->d) == CS_DKLS_DONE) {
            cs_nd_ecdsa_retire(n, r); /* it only answered repeats */
        } else if (is_of) {
            const struct ecdsa_end e = {.err = CS_ERR_LINK_LOST, .phase = "signing"};

            cs_nd_ecdsa_failed(n, r, &e);
        }
        r = is_of ? n->ecdsa : r->next; /* the list may be another one now */
    }
    cs_nd_ecdsa_seen_free(q->peers[peer].ecdsa_seen);
    q->peers[peer].ecdsa_seen = NULL;
}
