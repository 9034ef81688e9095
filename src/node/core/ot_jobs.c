/* The computing of OT setups on workers: at most MAX_OT_JOBS at once, so that
 * signatures find a worker.  A job names its pair by serial: when the link is gone, so
 * is the pair, and the result is only freed. */
#include "node/core/core.h"

#include <string.h>

#include "base/mem.h"

struct ot_job {
    struct node_job job; /* first; its id: serial of the pair */
    struct cs_ot_job *ot;
};

static struct ot_job *of(struct cs_job *base)
{
    return CS_CONTAINER_OF(base, struct ot_job, job.base);
}

static void run_job(struct cs_job *base) /* worker */
{
    cs_ot_job_run(of(base)->ot);
}

static void free_job(struct cs_job *base)
{
    struct ot_job *j = of(base);

    cs_ot_job_free(j->ot);
    cs_free(j);
}

static struct quorum *find(const struct cs_node_core *n, uint64_t serial, uint8_t *peer)
{
    for (size_t i = 0; i < n->n_quorums; i++) {
        for (uint8_t k = 1; k <= n->quorums[i]->ds.n; k++) {
            if (n->quorums[i]->peers[k].ot != NULL &&
                n->quorums[i]->peers[k].ot_clock.serial == serial) {
                *peer = k;
                return n->quorums[i];
            }
        }
    }
    return NULL;
}

/* Takes j->ot.  Which run failed: the one that no longer runs. */
static void finish(struct cs_node_core *n, struct quorum *q, uint8_t peer,
                   struct ot_job *j)
{
    struct cs_ot_pair *pair = q->peers[peer].ot;
    bool ran = cs_ot_pair_half(pair, peer) == CS_OT_RUNNING;
    struct cs_ot_out out = {0};
    struct cs_ot_job *ot = j->ot;
    const uint8_t *latest;
    uint8_t osid[32] = {0}, alice;
    enum cs_err err;

    j->ot = NULL;
    err = cs_ot_pair_job_done(pair, ot, &out);
    alice = ran && cs_ot_pair_half(pair, peer) == CS_OT_NONE ? peer : q->roster.self;
    latest = cs_ot_pair_latest(pair, alice);
    if (latest != NULL) {
        memcpy(osid, latest, sizeof osid);
    }
    cs_nd_ot_judge(n, q, peer, osid, err, &out);
}

static void job_done(struct cs_node_core *n, struct node_job *job)
{
    uint8_t peer = 0;
    struct quorum *q = find(n, job->base.id, &peer);

    n->n_ot_jobs--;
    if (q != NULL) {
        finish(n, q, peer, of(&job->base));
    }
    cs_nd_ot_pump(n);
}

/* ---- handing out
 * ---------------------------------------------------------------------------- */

static void hand_out(struct cs_node_core *n, uint64_t serial, struct cs_ot_job *ot)
{
    struct ot_job *j = cs_alloc(sizeof *j);

    if (j == NULL) {
        cs_ot_job_free(ot);
        cs_nd_fail(n, CS_ERR_NOMEM, "a job");
        return;
    }
    j->job = (struct node_job){{run_job, free_job, serial}, job_done};
    j->ot = ot;
    n->n_ot_jobs++;
    cs_emit_job(n->out, &j->job.base);
}

static void pump_peer(struct cs_node_core *n, struct peer *p)
{
    struct cs_ot_job *ot = NULL;

    do {
        ot = p->ot == NULL || n->n_ot_jobs >= MAX_OT_JOBS
                 ? NULL
                 : cs_ot_pair_take_job(p->ot, n->random, n->random_ctx);
        if (ot != NULL) {
            hand_out(n, p->ot_clock.serial, ot);
        }
    } while (ot != NULL);
}

void cs_nd_ot_pump(struct cs_node_core *n)
{
    for (size_t i = 0; i < n->n_quorums; i++) {
        for (uint8_t k = 1; k <= n->quorums[i]->ds.n; k++) {
            pump_peer(n, &n->quorums[i]->peers[k]);
        }
    }
}
