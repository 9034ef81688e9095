/* The session of dkls.h: what comes in, what is computed next, and what a failure does
 * to the pair.  The rounds themselves are in dkls_round.c. */
#include "mpc/dkls.h"

#include <string.h>

#include "base/mem.h"
#include "mpc/dkls_impl.h"

/* A step needs the peer's message of the round before, and makes ours. */
/* clang-format off */
static const struct {
    enum cs_err (*run)(struct dkls_state *s, struct cs_span in, const uint8_t *rand,
                       struct cs_wr *out);
    uint8_t needs, makes;
    bool locks; /* holds a check of the pair's setup (4.6) */
} steps[] = {
    {dkls_round1, 0,              CS_TYPE_SIG_R1, false},
    {dkls_round2, CS_TYPE_SIG_R1, CS_TYPE_SIG_R2, true},
    {dkls_round3, CS_TYPE_SIG_R2, CS_TYPE_SIG_R3, true},
    {dkls_finish, CS_TYPE_SIG_R3, 0,              false},
};
/* clang-format on */

static const size_t lengths[] = {0, CS_SIG_R1_LEN, CS_SIG_R2_LEN, CS_SIG_R3_LEN};

struct slot { /* kept to the end: tells a repeat from another message */
    bool seen;
    struct cs_wr body;
};

struct cs_dkls {
    struct cs_ot_user user; /* of the pair */
    enum cs_dkls_phase phase;
    enum cs_err err;
    unsigned step; /* next, or being computed */
    bool computing;
    bool initiator;
    uint8_t presid[32];
    struct dkls_state *state; /* NULL while a job has it, and after FAILED */
    struct slot slot[4];      /* by type */
    uint8_t last_type;        /* to send again */
    struct cs_wr last;
    struct cs_ecdsa_sig sig;
};

struct cs_dkls_job {
    unsigned step;
    struct dkls_state *state;
    struct cs_wr in, out;
    uint8_t rand[DKLS_RAND];
    enum cs_err err;
};

void cs_dkls_out_clear(struct cs_dkls_out *out)
{
    cs_wr_free(&out->body);
    *out = (struct cs_dkls_out){0};
}

/* ---- life
 * ---------------------------------------------------------------------------- */

static void state_free(struct dkls_state *s)
{
    if (s != NULL) {
        cs_ot_keys_drop(s->keys_alice);
        cs_ot_keys_drop(s->keys_bob);
        cs_guard_free(s);
    }
}

static void forget(struct cs_dkls *d)
{
    state_free(d->state);
    d->state = NULL;
    for (size_t i = 0; i < CS_COUNTOF(d->slot); i++) {
        cs_wr_free(&d->slot[i].body);
    }
}

static void fail(struct cs_dkls *d, enum cs_err why)
{
    forget(d);
    cs_wr_free(&d->last);
    d->last_type = 0;
    d->phase = CS_DKLS_FAILED;
    d->err = why;
}

static void on_kill(struct cs_ot_user *u, enum cs_err why)
{
    struct cs_dkls *d = CS_CONTAINER_OF(u, struct cs_dkls, user);

    if (d->phase == CS_DKLS_RUNNING) {
        fail(d, why);
    }
}

/* z = digest mod q, and not 0 (1.2). */
static enum cs_err digest_scalar(struct cs_n *h, const uint8_t digest[32])
{
    uint8_t wide[64] = {0};
    struct cs_scalar z;

    memcpy(wide + 32, digest, 32);
    cs_scalar_reduce64(CS_CURVE_SECP256K1, &z, wide);
    return cs_n_load(h, z.b) == 0 ? CS_ERR_POLICY_REFUSED : CS_OK;
}

static void fill(struct dkls_state *s, const struct cs_dkls_params *p)
{
    s->self = p->self;
    s->peer = p->peer;
    s->initiator = p->initiator == p->self;
    s->recid01 = p->recid01;
    memcpy(s->presid, p->presid, sizeof s->presid);
    memcpy(s->digest, p->digest, sizeof s->digest);
    s->epsilon = *p->epsilon;
    s->X = *p->X;
    s->secret.x = *p->x;
    memcpy(s->secret.zero_key, p->zero_key, sizeof s->secret.zero_key);
    memcpy(s->secret.local, p->local, sizeof s->secret.local);
}

enum cs_err cs_dkls_new(struct cs_dkls **out, const struct cs_dkls_params *p,
                        struct cs_ot_pair *pair)
{
    struct cs_dkls *d;
    enum cs_err err = CS_ERR_NOMEM;

    *out = NULL;
    if (p->self == p->peer || p->self == 0 || p->peer == 0 ||
        (p->initiator != p->self && p->initiator != p->peer) || p->X->inf ||
        p->X->curve != CS_CURVE_SECP256K1) {
        return CS_ERR_USAGE;
    }
    d = cs_alloc(sizeof *d);
    if (d == NULL) {
        return CS_ERR_NOMEM;
    }
    d->user.kill = on_kill;
    d->initiator = p->initiator == p->self;
    memcpy(d->presid, p->presid, sizeof d->presid);
    d->state = cs_guard_new(sizeof *d->state);
    if (d->state == NULL) {
        goto out;
    }
    fill(d->state, p);
    CS_TRY(digest_scalar(&d->state->h, p->digest));
    CS_TRY(cs_ot_pair_join(pair, &d->user, &d->state->keys_alice, &d->state->keys_bob));
    CS_ASSERT(d->state->keys_alice->ids.alice == p->self &&
              d->state->keys_alice->ids.bob == p->peer);
    *out = d;
    return CS_OK;
out:
    cs_dkls_free(d);
    return err;
}

void cs_dkls_free(struct cs_dkls *d)
{
    if (d == NULL) {
        return;
    }
    cs_ot_user_leave(&d->user);
    forget(d);
    cs_wr_free(&d->last);
    cs_free_wiped(d, sizeof *d);
}

/* A check that could have been a guess burns the setup, and with it the other sessions
 * of the pair, before this call returns. */
static void burn_if(struct cs_dkls *d, enum cs_err why, struct cs_dkls_out *out)
{
    struct cs_ot_pair *pair = d->user.pair;

    if (pair != NULL && cs_err_reaction(why) == CS_REACT_BURN) {
        cs_ot_pair_burn(pair);
        out->burned = true;
    }
}

/* Ends in FAILED.  While a job is out, the session keeps its place and the lock: what
 * the job finds out still counts. */
static enum cs_err end_failed(struct cs_dkls *d, enum cs_err why,
                              struct cs_dkls_out *out)
{
    fail(d, why);
    burn_if(d, why, out);
    if (!d->computing) {
        cs_ot_user_leave(&d->user);
    }
    out->ended = true;
    return why;
}

void cs_dkls_abort(struct cs_dkls *d, enum cs_err why, struct cs_dkls_out *out)
{
    if (d->phase == CS_DKLS_RUNNING) {
        (void)end_failed(d, why, out);
    }
}

/* ---- messages
 * ------------------------------------------------------------------------- */

/* Round 3 goes to the initiator only. */
static bool type_expected(const struct cs_dkls *d, uint8_t type)
{
    return type == CS_TYPE_SIG_R1 || type == CS_TYPE_SIG_R2 ||
           (type == CS_TYPE_SIG_R3 && d->initiator);
}

enum cs_err cs_dkls_feed(struct cs_dkls *d, uint8_t type, struct cs_span body,
                         struct cs_dkls_out *out)
{
    struct slot *slot;

    if (d->phase != CS_DKLS_RUNNING || !type_expected(d, type)) {
        return CS_ERR_REPLAY; /* 15.1 A6: never blamed */
    }
    slot = &d->slot[type];
    if (body.n != lengths[type]) {
        return end_failed(d, CS_ERR_BAD_FORMAT, out);
    }
    if (slot->seen) { /* public bytes */
        return memcmp(slot->body.p, body.p, body.n) == 0
                   ? CS_ERR_REPLAY
                   : end_failed(d, CS_ERR_EQUIVOCATION, out);
    }
    cs_wr_span(&slot->body, body);
    if (slot->body.err != CS_OK) {
        return end_failed(d, CS_ERR_NOMEM, out);
    }
    slot->seen = true;
    return CS_OK;
}

static enum cs_err emit(const struct cs_dkls *d, struct cs_dkls_out *out)
{
    cs_wr_span(&out->body, cs_wr_get(&d->last));
    out->type = out->body.err == CS_OK ? d->last_type : 0;
    return out->body.err;
}

void cs_dkls_resend(const struct cs_dkls *d, struct cs_dkls_out *out)
{
    if (d->last_type != 0 && emit(d, out) != CS_OK) {
        cs_wr_free(&out->body);
    }
}

/* ---- jobs
 * ------------------------------------------------------------------------------- */

static struct cs_dkls_job *job_new(const struct slot *slot)
{
    struct cs_dkls_job *job = cs_alloc(sizeof *job);

    if (job != NULL) {
        cs_wr_span(&job->in, cs_wr_get(&slot->body));
        if (job->in.err != CS_OK) {
            cs_free(job);
            job = NULL;
        }
    }
    return job;
}

struct cs_dkls_job *cs_dkls_take_job(struct cs_dkls *d, cs_random_fn *random,
                                     void *random_ctx)
{
    struct cs_dkls_job *job;
    uint8_t needs;

    if (d->phase != CS_DKLS_RUNNING || d->computing) {
        return NULL;
    }
    needs = steps[d->step].needs;
    if ((needs != 0 && !d->slot[needs].seen) ||
        (steps[d->step].locks && !cs_ot_user_lock(&d->user))) {
        return NULL;
    }
    job = job_new(&d->slot[needs]);
    if (job == NULL) {
        cs_ot_user_unlock(&d->user);
        return NULL; /* asked again later */
    }
    job->step = d->step;
    job->state = d->state;
    d->state = NULL;
    random(random_ctx, job->rand, sizeof job->rand);
    d->computing = true;
    return job;
}

void cs_dkls_job_run(struct cs_dkls_job *job)
{
    job->err = steps[job->step].run(job->state, cs_wr_get(&job->in), job->rand,
                                    &job->out);
    cs_wipe(job->rand, sizeof job->rand);
}

void cs_dkls_job_free(struct cs_dkls_job *job)
{
    if (job == NULL) {
        return;
    }
    state_free(job->state);
    cs_wr_free(&job->in);
    cs_wr_free(&job->out);
    cs_free_wiped(job, sizeof *job);
}

/* The step after this one, or DONE. */
static enum cs_err advance(struct cs_dkls *d, struct cs_dkls_job *job,
                           struct cs_dkls_out *out)
{
    bool last = job->step + 1u == CS_COUNTOF(steps) ||
                (steps[job->step].makes == CS_TYPE_SIG_R3 && !d->initiator);

    d->step = job->step + 1;
    cs_wr_free(&d->last);
    d->last_type = 0;
    if (job->out.n > 0) {
        d->last = job->out; /* moved */
        job->out = (struct cs_wr){0};
        d->last_type = steps[job->step].makes;
        CS_CHECK(emit(d, out));
    }
    if (last) {
        d->sig = d->state->sig;
        d->phase = CS_DKLS_DONE;
        forget(d);
        cs_ot_user_leave(&d->user);
        out->ended = true;
    }
    return CS_OK;
}

enum cs_err cs_dkls_job_done(struct cs_dkls *d, struct cs_dkls_job *job,
                             struct cs_dkls_out *out)
{
    enum cs_err err = job->err;

    d->computing = false;
    if (d->phase != CS_DKLS_RUNNING) { /* burned, killed or aborted meanwhile */
        cs_dkls_job_free(job);
        burn_if(d, err, out);
        cs_ot_user_leave(&d->user);
        return d->err;
    }
    CS_ASSERT(d->user.pair != NULL); /* else kill() has been called */
    d->state = job->state;
    job->state = NULL;
    if (err == CS_OK) {
        err = advance(d, job, out);
    }
    cs_dkls_job_free(job);
    if (err != CS_OK) {
        cs_wr_free(&out->body);
        out->type = 0;
        return end_failed(d, err, out);
    }
    cs_ot_user_unlock(&d->user); /* after the flag of 4.6 was settled */
    return CS_OK;
}

/* ---- looking at it
 * ----------------------------------------------------------------------- */

enum cs_dkls_phase cs_dkls_phase(const struct cs_dkls *d)
{
    return d->phase;
}

enum cs_err cs_dkls_error(const struct cs_dkls *d)
{
    return d->err;
}

const uint8_t *cs_dkls_presid_of(const struct cs_dkls *d)
{
    return d->presid;
}

const struct cs_ecdsa_sig *cs_dkls_signature(const struct cs_dkls *d)
{
    return d->phase == CS_DKLS_DONE && d->initiator ? &d->sig : NULL;
}
