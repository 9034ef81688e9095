/* See ot_setup.h: states, messages, jobs, sessions.  The computing is in ot_run.c. */
#include "mpc/ot_setup.h"

#include <string.h>

#include "base/mem.h"
#include "mpc/ot_setup_impl.h"

enum step {
    A_REQUEST,
    A_MULTIPLY,
    A_CHECK,
    B_ANSWER,
    B_CHECK,
    B_DONE,
    NO_STEP,
};

/* A step waits for at most two messages, which may come in any order. */
/* clang-format off */
static const struct {
    enum cs_err (*run)(struct ot_run *r, const struct ot_step *s);
    uint8_t n_in;
    uint8_t type[2];
    size_t len[2];
    enum step next;
} steps[] = {
    [A_REQUEST]  = {ot_alice_request,  0, {0, 0},                         {0, 0}, A_MULTIPLY},
    [A_MULTIPLY] = {ot_alice_multiply, 2, {CS_TYPE_OT_S, CS_TYPE_OT_EXT}, {CS_OT_S_LEN, CS_OT_EXT_LEN}, A_CHECK},
    [A_CHECK]    = {ot_alice_check,    1, {CS_TYPE_OT_OPEN, 0},           {CS_OT_OPEN_LEN, 0}, NO_STEP},
    [B_ANSWER]   = {ot_bob_answer,     1, {CS_TYPE_OT_R, 0},              {CS_OT_R_LEN, 0}, B_CHECK},
    [B_CHECK]    = {ot_bob_check,      1, {CS_TYPE_OT_MUL, 0},            {CS_OT_MUL_LEN, 0}, B_DONE},
    [B_DONE]     = {NULL,              1, {CS_TYPE_OT_DONE, 0},           {CS_OT_DONE_LEN, 0}, NO_STEP},
};
/* clang-format on */

struct half { /* one direction */
    enum cs_ot_state state;
    uint32_t used;           /* setups begun: the next counter */
    unsigned gen;            /* tells a job of an earlier run */
    struct cs_ot_ids ids;    /* of the current or tested run */
    struct ot_run *run;      /* NULL while a job has it */
    struct cs_ot_keys *keys; /* TESTED: ours */
    enum step step;          /* waits for its messages, or is being computed */
    bool computing;
    struct cs_wr in[2];
    struct cs_ot_msg last[2]; /* to send again */
    size_t n_last;
};

struct cs_ot_pair {
    struct cs_ot_pair_params p;
    uint8_t local[32];
    bool burned;
    struct half alice, bob; /* this node's role */
    struct cs_ot_user *users[CS_OT_SESSIONS_MAX];
    struct cs_ot_user *holder; /* of the lock */
};

struct cs_ot_job {
    bool alice;
    unsigned gen;
    enum step step;
    struct ot_run *run;
    struct cs_wr in[2];
    uint8_t rand[32];
    struct cs_ot_out out;
    enum cs_err err;
};

/* ---- messages and keys ----------------------------------------------------------- */

struct cs_wr *ot_emit(struct cs_ot_out *out, uint8_t type, const uint8_t osid[32])
{
    struct cs_ot_msg *m = &out->msgs[out->n_msgs];

    CS_ASSERT(out->n_msgs < CS_OT_OUT_MAX);
    out->n_msgs++;
    m->type = type;
    memcpy(m->osid, osid, 32);
    return &m->body;
}

static void drop_msgs(struct cs_ot_out *out)
{
    for (size_t i = 0; i < out->n_msgs; i++) {
        cs_wr_free(&out->msgs[i].body);
    }
    out->n_msgs = 0;
}

void cs_ot_out_clear(struct cs_ot_out *out)
{
    drop_msgs(out);
    *out = (struct cs_ot_out){0};
}

struct cs_ot_keys *cs_ot_keys_ref(struct cs_ot_keys *k)
{
    k->refs++;
    return k;
}

void cs_ot_keys_drop(struct cs_ot_keys *k)
{
    if (k != NULL && --k->refs == 0) {
        cs_guard_free(k);
    }
}

/* ---- sessions -------------------------------------------------------------------- */

static void kill_users(struct cs_ot_pair *p, enum cs_err why)
{
    p->holder = NULL;
    for (size_t i = 0; i < CS_OT_SESSIONS_MAX; i++) {
        struct cs_ot_user *u = p->users[i];

        p->users[i] = NULL;
        if (u != NULL) {
            u->pair = NULL;
            u->kill(u, why);
        }
    }
}

enum cs_err cs_ot_pair_join(struct cs_ot_pair *p, struct cs_ot_user *u,
                            struct cs_ot_keys **as_alice, struct cs_ot_keys **as_bob)
{
    size_t i = 0;

    if (p->burned) {
        return CS_ERR_OT_BURNED;
    }
    if (cs_ot_pair_state(p) != CS_OT_TESTED) {
        return CS_ERR_SETUP_MISSING;
    }
    while (i < CS_OT_SESSIONS_MAX && p->users[i] != NULL) {
        i++;
    }
    if (i == CS_OT_SESSIONS_MAX) {
        return CS_ERR_LIMIT;
    }
    p->users[i] = u;
    u->pair = p;
    *as_alice = cs_ot_keys_ref(p->alice.keys);
    *as_bob = cs_ot_keys_ref(p->bob.keys);
    return CS_OK;
}

void cs_ot_user_leave(struct cs_ot_user *u)
{
    struct cs_ot_pair *p = u->pair;

    if (p == NULL) {
        return;
    }
    cs_ot_user_unlock(u);
    for (size_t i = 0; i < CS_OT_SESSIONS_MAX; i++) {
        if (p->users[i] == u) {
            p->users[i] = NULL;
        }
    }
    u->pair = NULL;
}

bool cs_ot_user_lock(struct cs_ot_user *u)
{
    if (u->pair == NULL || (u->pair->holder != NULL && u->pair->holder != u)) {
        return false;
    }
    u->pair->holder = u;
    return true;
}

void cs_ot_user_unlock(struct cs_ot_user *u)
{
    if (u->pair != NULL && u->pair->holder == u) {
        u->pair->holder = NULL;
    }
}

/* ---- life of a half
 * ------------------------------------------------------------------- */

static void forget_last(struct half *h)
{
    for (size_t i = 0; i < h->n_last; i++) {
        cs_wr_free(&h->last[i].body);
    }
    h->n_last = 0;
}

/* Everything goes but the counter, which never falls. */
static void half_reset(struct half *h)
{
    ot_run_free(h->run);
    h->run = NULL;
    cs_ot_keys_drop(h->keys);
    h->keys = NULL;
    cs_wr_free(&h->in[0]);
    cs_wr_free(&h->in[1]);
    forget_last(h);
    h->state = CS_OT_NONE;
    h->step = NO_STEP;
    h->computing = false;
    h->gen++;
}

static enum cs_err half_fail(struct half *h, enum cs_err err, struct cs_ot_out *out)
{
    half_reset(h);
    out->failed = err;
    out->changed = true;
    return err;
}

static void ids_of(struct cs_ot_ids *ids, const struct cs_ot_pair *p,
                   const struct half *h)
{
    bool alice = h == &p->alice;

    ids->alice = alice ? p->p.self : p->p.peer;
    ids->bob = alice ? p->p.peer : p->p.self;
    cs_ot_osid(ids->osid, p->p.link_id, p->p.ds_hash, ids->alice, ids->bob, h->used);
}

/* Begins a run with the next counter.  Whatever the half was, ends. */
static enum cs_err half_begin(struct cs_ot_pair *p, struct half *h, enum step first)
{
    if (h->used >= CS_OT_RUNS_MAX) {
        return CS_ERR_LIMIT;
    }
    if (h->state == CS_OT_TESTED) { /* A4: their sessions end with it */
        kill_users(p, CS_ERR_SETUP_MISSING);
    }
    half_reset(h);
    ids_of(&h->ids, p, h);
    h->run = ot_run_new(&h->ids, h == &p->alice, p->local);
    if (h->run == NULL) {
        return CS_ERR_NOMEM;
    }
    h->used++;
    h->state = CS_OT_RUNNING;
    h->step = first;
    return CS_OK;
}

/* ---- pair
 * ------------------------------------------------------------------------------ */

struct cs_ot_pair *cs_ot_pair_new(const struct cs_ot_pair_params *params)
{
    struct cs_ot_pair *p;

    CS_ASSERT(params->self != params->peer && params->self > 0 && params->peer > 0);
    p = cs_guard_new(sizeof *p);
    if (p == NULL) {
        return NULL;
    }
    p->p = *params;
    memcpy(p->local, params->local, sizeof p->local);
    p->p.local = NULL; /* copied */
    p->burned = params->burned;
    p->alice.step = NO_STEP;
    p->bob.step = NO_STEP;
    return p;
}

void cs_ot_pair_free(struct cs_ot_pair *p)
{
    if (p == NULL) {
        return;
    }
    kill_users(p, CS_ERR_LINK_LOST);
    half_reset(&p->alice);
    half_reset(&p->bob);
    cs_guard_free(p);
}

void cs_ot_pair_burn(struct cs_ot_pair *p)
{
    p->burned = true; /* before anything else can look */
    kill_users(p, CS_ERR_OT_BURNED);
    half_reset(&p->alice);
    half_reset(&p->bob);
}

void cs_ot_pair_release(struct cs_ot_pair *p)
{
    p->burned = false;
}

enum cs_ot_state cs_ot_pair_state(const struct cs_ot_pair *p)
{
    if (p->burned) {
        return CS_OT_BURNED;
    }
    if (p->alice.state == CS_OT_TESTED && p->bob.state == CS_OT_TESTED) {
        return CS_OT_TESTED;
    }
    return p->alice.state == CS_OT_NONE && p->bob.state == CS_OT_NONE ? CS_OT_NONE
                                                                      : CS_OT_RUNNING;
}

static const struct half *half_of(const struct cs_ot_pair *p, uint8_t alice)
{
    return alice == p->p.self ? &p->alice : &p->bob;
}

enum cs_ot_state cs_ot_pair_half(const struct cs_ot_pair *p, uint8_t alice)
{
    return p->burned ? CS_OT_BURNED : half_of(p, alice)->state;
}

const uint8_t *cs_ot_pair_latest(const struct cs_ot_pair *p, uint8_t alice)
{
    const struct half *h = half_of(p, alice);

    return h->used == 0 ? NULL : h->ids.osid;
}

const uint8_t *cs_ot_pair_osid(const struct cs_ot_pair *p, uint8_t alice)
{
    const struct half *h = half_of(p, alice);

    return !p->burned && h->state == CS_OT_TESTED ? h->ids.osid : NULL;
}

uint32_t cs_ot_pair_counter(const struct cs_ot_pair *p, uint8_t alice)
{
    return half_of(p, alice)->used;
}

enum cs_err cs_ot_pair_start(struct cs_ot_pair *p)
{
    if (p->burned) {
        return CS_ERR_OT_BURNED;
    }
    if (p->alice.state == CS_OT_RUNNING) {
        return CS_ERR_STATE;
    }
    return half_begin(p, &p->alice, A_REQUEST);
}

/* ---- messages in
 * ------------------------------------------------------------------------ */

static enum cs_err resend_half(const struct half *h, struct cs_ot_out *out)
{
    for (size_t i = 0; i < h->n_last; i++) {
        struct cs_wr *w = ot_emit(out, h->last[i].type, h->last[i].osid);

        cs_wr_span(w, cs_wr_get(&h->last[i].body));
        CS_CHECK(w->err);
    }
    return CS_OK;
}

void cs_ot_pair_resend(struct cs_ot_pair *p, struct cs_ot_out *out)
{
    if ((p->alice.state == CS_OT_RUNNING && resend_half(&p->alice, out) != CS_OK) ||
        (p->bob.state == CS_OT_RUNNING && resend_half(&p->bob, out) != CS_OK)) {
        drop_msgs(out); /* no memory: the next repeat may have some */
    }
}

/* 2.1: exactly the setup after the last one seen (D1). */
static enum cs_err feed_request(struct cs_ot_pair *p, const uint8_t osid[32],
                                struct cs_span body, struct cs_ot_out *out)
{
    struct half *h = &p->bob;
    struct cs_ot_ids next;

    if (h->used > 0 && memcmp(osid, h->ids.osid, 32) == 0) {
        return CS_ERR_REPLAY;
    }
    ids_of(&next, p, h);
    if (memcmp(osid, next.osid, 32) != 0) {
        return CS_ERR_SETUP_MISSING;
    }
    if (body.n != CS_OT_R_LEN) {
        return CS_ERR_BAD_FORMAT;
    }
    CS_CHECK(half_begin(p, h, B_ANSWER));
    out->changed = true;
    cs_wr_span(&h->in[0], body);
    return h->in[0].err == CS_OK ? CS_OK : half_fail(h, CS_ERR_NOMEM, out);
}

static void half_tested(struct half *h, struct cs_ot_out *out)
{
    h->keys = h->run->keys; /* the run's one reference becomes ours */
    h->run->keys = NULL;
    ot_run_free(h->run);
    h->run = NULL;
    h->state = CS_OT_TESTED;
    h->step = NO_STEP;
    out->changed = true;
}

static enum cs_err feed_done(struct half *h, struct cs_span body, struct cs_ot_out *out)
{
    if (memcmp(body.p, h->run->sid, 32) != 0) {
        return half_fail(h, CS_ERR_SID_MISMATCH, out);
    }
    forget_last(h);
    half_tested(h, out);
    return CS_OK;
}

/* What is not waited for, or of no known type, is dropped and counted (15.1 A6). */
static enum cs_err feed_step(struct half *h, uint8_t type, struct cs_span body,
                             struct cs_ot_out *out)
{
    size_t i = 0;

    while (i < steps[h->step].n_in && steps[h->step].type[i] != type) {
        i++;
    }
    if (h->computing || i == steps[h->step].n_in || h->in[i].n > 0) {
        return CS_ERR_REPLAY;
    }
    if (body.n != steps[h->step].len[i]) {
        return half_fail(h, CS_ERR_BAD_FORMAT, out);
    }
    if (h->step == B_DONE) {
        return feed_done(h, body, out);
    }
    cs_wr_span(&h->in[i], body);
    return h->in[i].err == CS_OK ? CS_OK : half_fail(h, CS_ERR_NOMEM, out);
}

enum cs_err cs_ot_pair_feed(struct cs_ot_pair *p, uint8_t type, const uint8_t osid[32],
                            struct cs_span body, struct cs_ot_out *out)
{
    bool to_alice = type == CS_TYPE_OT_S || type == CS_TYPE_OT_EXT ||
                    type == CS_TYPE_OT_OPEN;
    struct half *h = to_alice ? &p->alice : &p->bob;

    if (p->burned) {
        return CS_ERR_OT_BURNED;
    }
    if (type == CS_TYPE_OT_R) {
        return feed_request(p, osid, body, out);
    }
    if (memcmp(osid, h->ids.osid, 32) != 0) {
        return CS_ERR_REPLAY;
    }
    if (h->state == CS_OT_TESTED && type == CS_TYPE_OT_OPEN) {
        if (resend_half(h, out) != CS_OK) { /* our 2.6 was lost */
            drop_msgs(out);
        }
        return CS_ERR_REPLAY;
    }
    return h->state == CS_OT_RUNNING ? feed_step(h, type, body, out) : CS_ERR_REPLAY;
}

void cs_ot_pair_aborted(struct cs_ot_pair *p, const uint8_t osid[32],
                        struct cs_ot_out *out)
{
    struct half *both[] = {&p->alice, &p->bob};

    for (size_t i = 0; i < CS_COUNTOF(both); i++) {
        if (both[i]->state == CS_OT_RUNNING &&
            memcmp(both[i]->ids.osid, osid, 32) == 0) {
            (void)half_fail(both[i], CS_ERR_ABORTED, out);
        }
    }
}

/* ---- jobs
 * --------------------------------------------------------------------------------- */

static bool step_ready(const struct half *h)
{
    if (h->state != CS_OT_RUNNING || h->computing || h->step == NO_STEP ||
        steps[h->step].run == NULL) {
        return false;
    }
    for (size_t i = 0; i < steps[h->step].n_in; i++) {
        if (h->in[i].n == 0) {
            return false;
        }
    }
    return true;
}

struct cs_ot_job *cs_ot_pair_take_job(struct cs_ot_pair *p, cs_random_fn *random,
                                      void *random_ctx)
{
    struct half *h = step_ready(&p->alice) ? &p->alice : &p->bob;
    struct cs_ot_job *job;

    if (!step_ready(h)) { /* of a burned pair nothing runs */
        return NULL;
    }
    job = cs_alloc(sizeof *job);
    if (job == NULL) {
        return NULL; /* asked again later */
    }
    job->alice = h == &p->alice;
    job->gen = h->gen;
    job->step = h->step;
    job->run = h->run;
    h->run = NULL;
    for (size_t i = 0; i < CS_COUNTOF(job->in); i++) {
        job->in[i] = h->in[i];
        h->in[i] = (struct cs_wr){0};
    }
    random(random_ctx, job->rand, sizeof job->rand);
    h->computing = true;
    return job;
}

void cs_ot_job_run(struct cs_ot_job *job)
{
    const struct ot_step s = {
        .in = {cs_wr_get(&job->in[0]), cs_wr_get(&job->in[1])},
        .rand = job->rand,
        .out = &job->out,
    };

    job->err = steps[job->step].run(job->run, &s);
    cs_wipe(job->rand, sizeof job->rand);
}

void cs_ot_job_free(struct cs_ot_job *job)
{
    if (job == NULL) {
        return;
    }
    ot_run_free(job->run);
    cs_wr_free(&job->in[0]);
    cs_wr_free(&job->in[1]);
    cs_ot_out_clear(&job->out);
    cs_free_wiped(job, sizeof *job);
}

/* The messages of a step go out and are kept, to be sent again. */
static enum cs_err publish(struct half *h, struct cs_ot_out *from,
                           struct cs_ot_out *out)
{
    CS_ASSERT(from->n_msgs <= CS_COUNTOF(h->last));
    forget_last(h);
    memcpy(h->last, from->msgs, sizeof h->last);
    h->n_last = from->n_msgs;
    from->n_msgs = 0; /* moved */
    return resend_half(h, out);
}

enum cs_err cs_ot_pair_job_done(struct cs_ot_pair *p, struct cs_ot_job *job,
                                struct cs_ot_out *out)
{
    struct half *h = job->alice ? &p->alice : &p->bob;
    enum cs_err err = job->err;

    if (job->gen != h->gen) {
        cs_ot_job_free(job); /* of a run that has ended, by a burn or otherwise */
        return CS_OK;
    }
    h->run = job->run;
    job->run = NULL;
    h->computing = false;
    if (err == CS_OK) {
        err = publish(h, &job->out, out);
    }
    cs_ot_job_free(job);
    if (err != CS_OK) {
        drop_msgs(out);
        return half_fail(h, err, out);
    }
    h->step = steps[h->step].next;
    if (h->step == NO_STEP) {
        half_tested(h, out);
    }
    return CS_OK;
}
