/* What the core gives to workers: DKG rounds, finishing a signature, answering a
 * request. A job owns what it touches and knows its work by number only. */
#include "node/core/core.h"

#include <string.h>

#include "base/mem.h"

enum job_kind { JOB_ROUND, JOB_FINISH, JOB_ANSWER };

struct job {
    struct cs_job base; /* first */
    enum job_kind kind;
    enum cs_err err;
    struct cs_round_job *round;
    struct cs_frost_run *run;
    uint8_t sig[CS_FROST_SIG_LEN];
    uint8_t culprit;
    struct answer answer;
};

static void run_job(struct cs_job *base) /* worker */
{
    struct job *j = CS_CONTAINER_OF(base, struct job, base);

    switch (j->kind) {
    case JOB_ROUND:
        cs_round_job_run(j->round);
        break;
    case JOB_FINISH:
        j->err = cs_frost_run_finish(j->run, j->sig, &j->culprit);
        break;
    case JOB_ANSWER:
        j->err = cs_frost_answer_run(j->answer.a);
        break;
    }
}

static void free_job(struct cs_job *base)
{
    struct job *j = CS_CONTAINER_OF(base, struct job, base);

    cs_round_job_free(j->round);
    cs_frost_run_free(j->run);
    cs_frost_answer_free(j->answer.a);
    cs_free_wiped(j, sizeof *j);
}

static struct job *job_new(struct cs_node_core *n, enum job_kind kind, uint64_t id)
{
    struct job *j = cs_alloc(sizeof *j);

    if (j == NULL) {
        cs_nd_fail(n, CS_ERR_NOMEM, "a job");
        return NULL;
    }
    j->base = (struct cs_job){run_job, free_job, id};
    j->kind = kind;
    return j;
}

void cs_nd_round_job(struct cs_node_core *n, struct work *w, struct cs_round_job *job)
{
    struct job *j = job_new(n, JOB_ROUND, w->serial);

    if (j == NULL) {
        cs_round_job_free(job);
        return;
    }
    j->round = job;
    cs_emit_job(n->out, &j->base);
}

void cs_nd_finish_job(struct cs_node_core *n, struct work *w)
{
    struct job *j = job_new(n, JOB_FINISH, w->serial);

    if (j != NULL) {
        j->run = w->run;
        w->run = NULL;
        cs_emit_job(n->out, &j->base);
    }
}

void cs_nd_answer_job(struct cs_node_core *n, const struct answer *ans)
{
    struct job *j = job_new(n, JOB_ANSWER, 0);

    if (j == NULL) {
        cs_frost_answer_free(ans->a);
        return;
    }
    j->answer = *ans;
    cs_emit_job(n->out, &j->base);
}

static void round_done(struct cs_node_core *n, struct work *w, struct job *j)
{
    struct cs_round_job *round = j->round;

    j->round = NULL; /* job_done frees it */
    cs_nd_keygen_job(n, w, round);
}

void cs_nd_job_done(struct cs_node_core *n, struct cs_job *base)
{
    struct job *j = CS_CONTAINER_OF(base, struct job, base);
    struct work *w = cs_nd_work_by_serial(n, base->id);

    switch (j->kind) {
    case JOB_ROUND:
        round_done(n, w, j);
        break;
    case JOB_FINISH:
        if (w != NULL && w->phase == WORK_RUNNING) {
            cs_nd_sign_finished(n, w, j->err, j->sig, j->culprit);
        }
        break;
    case JOB_ANSWER:
        cs_nd_sign_answered(n, &j->answer, j->err);
        break;
    }
    free_job(base);
}
