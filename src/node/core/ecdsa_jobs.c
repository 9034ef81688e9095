/* What ECDSA sessions compute, and what leaves this node after it.  See ecdsa.h. */
#include "node/core/ecdsa.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "mpc/rvole.h"

/* ---- jobs ------------------------------------------------------------------------ */

struct sign_job {
    struct node_job job; /* first */
    struct cs_dkls_job *dkls;
};

static void run_job(struct cs_job *base) /* worker */
{
    cs_dkls_job_run(CS_CONTAINER_OF(base, struct sign_job, job.base)->dkls);
}

static void free_job(struct cs_job *base)
{
    struct sign_job *j = CS_CONTAINER_OF(base, struct sign_job, job.base);

    cs_dkls_job_free(j->dkls);
    cs_free(j);
}

static void job_done(struct cs_node_core *n, struct node_job *base);

static void give_out(struct cs_node_core *n, struct ecdsa_run *r,
                     struct cs_dkls_job *dkls)
{
    struct sign_job *j = cs_alloc(sizeof *j);

    if (j == NULL) { /* the session cannot go on without its state */
        cs_dkls_job_free(dkls);
        cs_nd_fail(n, CS_ERR_NOMEM, "a job");
        return;
    }
    j->job.base = (struct cs_job){run_job, free_job, r->serial};
    j->job.done = job_done;
    j->dkls = dkls;
    r->is_computing = true;
    cs_emit_job(n->out, &j->job.base);
}

/* At most one session of the pair is given a check at a time (4.6): the others get
 * theirs when that one is done. */
void cs_nd_ecdsa_pump(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    for (struct ecdsa_run *r = n->ecdsa; r != NULL; r = r->next) {
        struct cs_dkls_job *job = NULL;

        if (!r->is_over && !r->is_computing && r->q == q && r->peer == peer) {
            job = cs_dkls_take_job(r->d, n->random, n->random_ctx);
        }
        if (job != NULL) {
            give_out(n, r, job);
        }
    }
}

/* ---- out ------------------------------------------------------------------------- */

static void send(struct cs_node_core *n, const struct ecdsa_run *r,
                 const struct work *w, uint8_t type, struct cs_span body)
{
    struct cs_message m = {.proto = CS_PROTO_ECDSA,
                           .type = type,
                           .round = type,
                           .key_epoch = w->req.key_epoch,
                           .priv = body};

    memcpy(m.key_id, w->req.key_id, 16);
    memcpy(m.sid, cs_dkls_presid_of(r->d), 32);
    (void)cs_nd_link_send(n, r->q, r->peer, &m); /* lost: sent again */
}

/* R1 is of no use to a peer that has answered it with R2, and has heard enough of this
 * side to go on; everything else may have been lost. */
void cs_nd_ecdsa_resend(struct cs_node_core *n, struct ecdsa_run *r)
{
    const struct work *w = cs_nd_ecdsa_work(n, r);

    if (w == NULL || r->sent[CS_TYPE_SIG_R1].n == 0) {
        return;
    }
    if (r->is_initiator && r->heard == 0) {
        send(n, r, w, CS_TYPE_OPEN, cs_wr_get(&r->open));
    }
    for (uint8_t type = CS_TYPE_SIG_R1; type <= CS_TYPE_SIG_R3; type++) {
        bool is_needed = type != CS_TYPE_SIG_R1 || r->heard < CS_TYPE_SIG_R2 ||
                         r->sent[CS_TYPE_SIG_R2].n == 0;

        if (r->sent[type].n != 0 && is_needed) {
            send(n, r, w, type, cs_wr_get(&r->sent[type]));
        }
    }
}

void cs_nd_ecdsa_rearm(struct work *w)
{
    w->again = UINT64_MAX;
    for (size_t i = 0; i < w->n_items; i++) {
        const struct ecdsa_run *r = w->items[i].ecdsa;

        if (r != NULL && r->again < w->again) {
            w->again = r->again;
        }
    }
}

/* A nonce share that left in the clear belongs to one session for ever; a nonce that
 * signed, to one digest. */
enum { R2_R = 32 + CS_RVOLE_LEN }; /* where R_i is in SIG_R2 at t = 2 */

/* Keeps them, to be sent again, and sends. */
static enum cs_err send_all(struct cs_node_core *n, struct ecdsa_run *r, struct work *w,
                            struct cs_dkls_out *out)
{
    for (size_t i = 0; i < out->n_msgs; i++) {
        struct cs_dkls_msg *m = &out->msgs[i];
        struct cs_wr *kept = &r->sent[m->type];

        CS_ASSERT(m->type <= CS_TYPE_SIG_R3 && m->to == r->peer && m->bcast.n == 0);
        cs_wr_free(kept);
        *kept = m->body; /* moved */
        m->body = (struct cs_wr){0};
        if (kept->n == 0) {
            return CS_ERR_NOMEM;
        }
        if (m->type == CS_TYPE_SIG_R1 && r->is_initiator) {
            send(n, r, w, CS_TYPE_OPEN, cs_wr_get(&r->open)); /* 15.1 A1: one flight */
        }
        if (m->type == CS_TYPE_SIG_R2) {
            cs_nd_notify_nonce(n, w, r->item, CS_SPAN(kept->p + R2_R, 33),
                               cs_dkls_presid_of(r->d));
        }
        cs_nd_trace_round(n, w, r->q->roster.self, m->type);
        send(n, r, w, m->type, cs_wr_get(kept));
    }
    if (r->is_initiator) {
        r->n_again = 0;
        r->again = n->now + 1000;
        cs_nd_ecdsa_rearm(w);
    }
    return CS_OK;
}

/* ---- after a job ----------------------------------------------------------------- */

static void signed_by_both(struct cs_node_core *n, struct ecdsa_run *r, struct work *w)
{
    uint8_t sig[64], digest[32];
    size_t item = r->item;

    memcpy(sig, cs_dkls_signature(r->d)->rs, sizeof sig); /* recovered and compared */
    memcpy(digest, r->digest, sizeof digest);
    cs_nd_ecdsa_retire(n, r);
    cs_nd_ecdsa_rearm(w);
    cs_nd_notify_nonce(n, w, item, CS_SPAN(sig, 32), digest);
    cs_nd_item_signed(n, w, item, sig); /* *w may be gone */
}

/* Sessions that are kept for repeats only: the node's oldest go.  Not counted by pair,
 * or a node in many quorums could be made to keep hundreds of megabytes. */
static void keep_few(struct cs_node_core *n)
{
    struct ecdsa_run *oldest = NULL;
    size_t k = 0;

    for (struct ecdsa_run *r = n->ecdsa; r != NULL; r = r->next) {
        if (!r->is_over && !r->is_initiator && cs_dkls_phase(r->d) == CS_DKLS_DONE) {
            oldest = oldest == NULL ? r : oldest;
            k++;
        }
    }
    if (k > ECDSA_LINGER_MAX) {
        cs_nd_ecdsa_retire(n, oldest);
    }
}

static void went_on(struct cs_node_core *n, struct ecdsa_run *r, struct work *w,
                    struct cs_dkls_out *out)
{
    struct ecdsa_end e = {.err = cs_nd_still_allowed(n, w, r->peer),
                          .phase = "signing"};

    if (e.err == CS_OK) {
        e.err = send_all(n, r, w, out);
    }
    if (e.err != CS_OK) {
        cs_nd_ecdsa_failed(n, r, &e);
    } else if (out->ended && r->is_initiator) {
        signed_by_both(n, r, w);
    } else if (out->ended) { /* it stays, to answer repeats */
        cs_nd_item_answered(n, w, r->item);
        keep_few(n);
    }
}

/* Its work is gone, but a check that fails still burns (4.6). */
static void nobody_waits(struct cs_node_core *n, struct ecdsa_run *r,
                         const struct cs_dkls_out *out)
{
    struct quorum *q = r->q;
    uint8_t peer = r->peer;

    cs_nd_ecdsa_retire(n, r);
    if (out->burned) {
        cs_nd_ot_burned(n, q, peer, CS_ERR_OT_BURNED); /* which check, nobody knows */
        cs_nd_ecdsa_sweep(n, q, peer);
    }
}

static void settle(struct cs_node_core *n, struct ecdsa_run *r, enum cs_err err,
                   struct cs_dkls_out *out)
{
    struct work *w = cs_nd_ecdsa_work(n, r);
    const struct ecdsa_end e = {
        .err = err, .phase = "signing", .culprit = out->culprit, .burned = out->burned};

    if (w == NULL) {
        nobody_waits(n, r, out);
    } else if (err != CS_OK) {
        cs_nd_ecdsa_failed(n, r, &e);
    } else {
        went_on(n, r, w, out);
    }
}

static struct ecdsa_run *by_serial(const struct cs_node_core *n, uint64_t serial)
{
    for (struct ecdsa_run *r = n->ecdsa; r != NULL; r = r->next) {
        if (r->serial == serial) {
            return r;
        }
    }
    return NULL;
}

static void job_done(struct cs_node_core *n, struct node_job *base)
{
    struct sign_job *j = CS_CONTAINER_OF(base, struct sign_job, job);
    struct ecdsa_run *r = by_serial(n, base->base.id);
    struct cs_dkls_out out = {0};
    struct quorum *q;
    uint8_t peer;
    enum cs_err err;

    CS_ASSERT(r != NULL); /* a session waits for its job */
    q = r->q;
    peer = r->peer;
    r->is_computing = false;
    err = cs_dkls_job_done(r->d, j->dkls, &out);
    j->dkls = NULL; /* freed */
    settle(n, r, err, &out);
    cs_dkls_out_clear(&out);
    cs_nd_ecdsa_pump(n, q, peer); /* the lock is free again */
}
