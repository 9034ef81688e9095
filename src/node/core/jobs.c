/* What the core gives to workers.  The parts that have jobs (sign.c, answer.c, ecdsa.c,
 * ot_jobs.c) bring their own; here is what leads each back, and the rounds of a DKG. */
#include "node/core/core.h"

#include <string.h>

#include "base/mem.h"

void cs_nd_job_done(struct cs_node_core *n, struct cs_job *base)
{
    struct node_job *j = CS_CONTAINER_OF(base, struct node_job, base);

    j->done(n, j);
    base->free(base);
}

/* ---- rounds of a DKG ------------------------------------------------------------- */

struct round_job {
    struct node_job job; /* first */
    struct cs_round_job *round;
};

static struct round_job *of(struct cs_job *base)
{
    return CS_CONTAINER_OF(base, struct round_job, job.base);
}

static void run_round(struct cs_job *base) /* worker */
{
    cs_round_job_run(of(base)->round);
}

static void free_round(struct cs_job *base)
{
    struct round_job *j = of(base);

    cs_round_job_free(j->round);
    cs_free_wiped(j, sizeof *j);
}

static void round_done(struct cs_node_core *n, struct node_job *job)
{
    struct round_job *j = of(&job->base);
    struct cs_round_job *round = j->round;

    n->metrics->rounds++;
    j->round = NULL; /* cs_session_job_done frees it */
    cs_nd_keygen_job(n, cs_nd_work_by_serial(n, job->base.id), round);
}

void cs_nd_round_job(struct cs_node_core *n, struct work *w, struct cs_round_job *job)
{
    struct round_job *j = cs_alloc(sizeof *j);

    if (j == NULL) {
        cs_round_job_free(job);
        cs_nd_fail(n, CS_ERR_NOMEM, "a job");
        return;
    }
    j->job = (struct node_job){{run_round, free_round, w->serial}, round_done};
    j->round = job;
    cs_emit_job(n->out, &j->job.base);
}
