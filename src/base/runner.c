#include "base/runner.h"

#include "base/mem.h"

struct cs_runner_pending {
    struct cs_runner_pending *next;
    uint64_t seq; /* act when this batch is durable */
    struct cs_step step;
};

void cs_runner_init(struct cs_runner *r, struct cs_core core, struct cs_env env)
{
    *r = (struct cs_runner){.core = core, .env = env};
}

/* After a failed commit the core's memory may be ahead of the store, so nothing that
 * tells anybody anything may leave: only hanging up and ending are left. */
static bool may_act(const struct cs_runner *r, const struct cs_action *a)
{
    return r->failed == CS_OK || a->type == CS_ACT_CLOSE || a->type == CS_ACT_EXIT;
}

static void act_all(struct cs_runner *r, struct cs_step *step)
{
    r->busy = true; /* events from inside would overtake the rest of the list */
    for (struct cs_action *a = step->first; a != NULL; a = a->next) {
        if (may_act(r, a)) {
            r->env.act(r->env.ctx, a);
        }
    }
    r->busy = false;
    cs_step_clear(step);
}

static void arm(struct cs_runner *r)
{
    r->env.arm(r->env.ctx, r->core.deadline(r->core.self));
}

static void wait_for(struct cs_runner *r, struct cs_step *step, uint64_t seq)
{
    struct cs_runner_pending *p = cs_alloc(sizeof *p);

    CS_ASSERT(p != NULL);
    p->seq = seq;
    p->step = *step;
    if (r->last == NULL) {
        r->first = p;
    } else {
        r->last->next = p;
    }
    r->last = p;
    r->n_pending++;
}

static struct cs_runner_pending *pop(struct cs_runner *r)
{
    struct cs_runner_pending *p = r->first;

    r->first = p->next;
    if (r->first == NULL) {
        r->last = NULL;
    }
    r->n_pending--;
    return p;
}

void cs_runner_wipe(struct cs_runner *r)
{
    while (r->first != NULL) {
        struct cs_runner_pending *p = pop(r);

        cs_step_clear(&p->step);
        cs_free(p);
    }
}

void cs_runner_event(struct cs_runner *r, struct cs_event *ev)
{
    struct cs_step out = {0};

    CS_ASSERT(!r->busy);
    ev->now_ms = r->env.now_ms(r->env.ctx);
    ev->wall_ms = r->env.wall_ms(r->env.ctx);
    r->busy = true;
    r->core.step(r->core.self, ev, &out);
    r->busy = false;
    if (out.batch != NULL && r->failed != CS_OK) {
        r->env.drop_batch(r->env.ctx, out.batch); /* latched: the store is not ours */
    } else if (out.batch != NULL) {
        r->env.commit(r->env.ctx, out.batch, ++r->last_seq);
    }
    if (r->failed != CS_OK || r->durable_seq == r->last_seq) {
        act_all(r, &out); /* nothing is waiting for the disk */
    } else {
        wait_for(r, &out, r->last_seq);
    }
    arm(r);
}

void cs_runner_committed(struct cs_runner *r, uint64_t seq, enum cs_err err)
{
    if (r->failed != CS_OK) {
        return;
    }
    if (err != CS_OK) {
        struct cs_event ev = {.type = CS_EV_COMMIT_FAILED, .err = err};

        r->failed = err;
        cs_runner_wipe(r);
        cs_runner_event(r, &ev);
        return;
    }
    CS_ASSERT(seq > r->durable_seq && seq <= r->last_seq); /* in order, none twice */
    r->durable_seq = seq;
    if (r->core.durable != NULL) {
        r->core.durable(r->core.self, seq);
    }
    while (r->first != NULL && r->first->seq <= seq) {
        struct cs_runner_pending *p = pop(r);

        act_all(r, &p->step);
        cs_free(p);
    }
    arm(r); /* what became durable may have moved the deadline */
}
