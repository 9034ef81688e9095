/* The session of dkls.h: what comes in, what is computed next, and what a failure does
 * to the pairs.  The rounds themselves are in dkls_round.c and dkls_check.c. */
#include "mpc/dkls.h"

#include <string.h>

#include "base/mem.h"
#include "mpc/dkls_impl.h"

/* A step needs every peer's message of the round before, and makes ours. */
/* clang-format off */
static const struct {
    dkls_step *run;
    uint8_t needs, makes;
    bool locks; /* holds a check of the pairs' setups (4.6) */
} steps[] = {
    {dkls_round1, 0,              CS_TYPE_SIG_R1, false},
    {dkls_round2, CS_TYPE_SIG_R1, CS_TYPE_SIG_R2, true},
    {dkls_round3, CS_TYPE_SIG_R2, CS_TYPE_SIG_R3, true},
    {dkls_finish, CS_TYPE_SIG_R3, 0,              false},
};
/* clang-format on */

struct slot { /* kept to the end: tells a repeat from another message */
    bool seen;
    struct cs_wr bcast, body;
};

struct peer {
    struct cs_ot_user user; /* of its pair */
    struct cs_dkls *owner;
    uint8_t index;
    struct slot slot[4];     /* by type */
    struct cs_dkls_msg last; /* to send again; none when its type is 0 */
};

struct cs_dkls {
    enum cs_dkls_phase phase;
    enum cs_err err;
    unsigned step; /* next, or being computed */
    bool computing;
    bool initiator;
    uint8_t presid[32];
    struct dkls_state *state; /* NULL while a job has it, and after FAILED */
    struct cs_ecdsa_sig sig;
    size_t n_peers;
    struct peer peers[CS_DKLS_PEERS_MAX]; /* by rising index */
};

struct cs_dkls_job {
    unsigned step;
    struct dkls_state *state;
    size_t n_peers;
    struct slot in[CS_DKLS_PEERS_MAX];
    struct cs_dkls_msg out[CS_DKLS_PEERS_MAX];
    uint8_t rand[DKLS_RAND];
    enum cs_err err;
};

/* ---- messages and their memory --------------------------------------------------- */

static void msg_clear(struct cs_dkls_msg *m)
{
    cs_wr_free(&m->bcast);
    cs_wr_free(&m->body);
    *m = (struct cs_dkls_msg){0};
}

static void msgs_clear(struct cs_dkls_out *out)
{
    for (size_t i = 0; i < out->n_msgs; i++) {
        msg_clear(&out->msgs[i]);
    }
    out->n_msgs = 0;
}

void cs_dkls_out_clear(struct cs_dkls_out *out)
{
    msgs_clear(out);
    *out = (struct cs_dkls_out){0};
}

static enum cs_err slot_fill(struct slot *s, struct cs_span bcast, struct cs_span body)
{
    cs_wr_span(&s->bcast, bcast);
    cs_wr_span(&s->body, body);
    CS_CHECK(s->bcast.err);
    return s->body.err;
}

static void slot_clear(struct slot *s)
{
    cs_wr_free(&s->bcast);
    cs_wr_free(&s->body);
}

/* ---- life ------------------------------------------------------------------------ */

struct dkls_state *dkls_state_new(size_t n_peers)
{
    struct dkls_state *s = cs_guard_new(sizeof *s);

    if (s == NULL) {
        return NULL;
    }
    s->peers = cs_guard_new(n_peers * sizeof *s->peers);
    if (s->peers == NULL) {
        cs_guard_free(s);
        return NULL;
    }
    s->n_peers = n_peers;
    return s;
}

void dkls_state_free(struct dkls_state *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < s->n_peers; i++) {
        cs_ot_keys_drop(s->peers[i].keys_alice);
        cs_ot_keys_drop(s->peers[i].keys_bob);
    }
    cs_guard_free(s->peers);
    cs_guard_free(s);
}

static void forget(struct cs_dkls *d)
{
    dkls_state_free(d->state);
    d->state = NULL;
    for (size_t i = 0; i < d->n_peers; i++) {
        for (size_t k = 0; k < CS_COUNTOF(d->peers[i].slot); k++) {
            slot_clear(&d->peers[i].slot[k]);
        }
    }
}

static void forget_last(struct cs_dkls *d)
{
    for (size_t i = 0; i < d->n_peers; i++) {
        msg_clear(&d->peers[i].last);
    }
}

static void leave_all(struct cs_dkls *d)
{
    for (size_t i = 0; i < d->n_peers; i++) {
        cs_ot_user_leave(&d->peers[i].user);
    }
}

static void unlock_all(struct cs_dkls *d)
{
    for (size_t i = 0; i < d->n_peers; i++) {
        cs_ot_user_unlock(&d->peers[i].user);
    }
}

/* All or none: so two sessions cannot wait for each other. */
static bool lock_all(struct cs_dkls *d)
{
    for (size_t i = 0; i < d->n_peers; i++) {
        if (!cs_ot_user_lock(&d->peers[i].user)) {
            unlock_all(d);
            return false;
        }
    }
    return true;
}

/* While a job is out, the session keeps its places and the locks: what the job finds
 * out still counts. */
static void fail(struct cs_dkls *d, enum cs_err why)
{
    forget(d);
    forget_last(d);
    d->phase = CS_DKLS_FAILED;
    d->err = why;
    if (!d->computing) {
        leave_all(d);
    }
}

static void on_kill(struct cs_ot_user *u, enum cs_err why)
{
    struct cs_dkls *d = CS_CONTAINER_OF(u, struct peer, user)->owner;

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
    s->initiator = p->initiator;
    s->n_signers = p->n_signers;
    memcpy(s->signers, p->signers, sizeof s->signers);
    s->recid01 = p->recid01;
    memcpy(s->presid, p->presid, sizeof s->presid);
    memcpy(s->digest, p->digest, sizeof s->digest);
    s->epsilon = *p->epsilon;
    s->X = *p->X;
    s->secret.x = *p->x;
    memcpy(s->secret.local, p->local, sizeof s->secret.local);
}

static bool signs(const struct cs_dkls_params *p, uint8_t index)
{
    for (uint8_t i = 0; i < p->n_signers; i++) {
        if (p->signers[i] == index) {
            return true;
        }
    }
    return false;
}

static bool params_ok(const struct cs_dkls_params *p)
{
    if (p->n_signers < 2 || p->n_signers > CS_PARTIES_MAX || p->X->inf ||
        p->X->curve != CS_CURVE_SECP256K1) {
        return false;
    }
    for (uint8_t i = 0; i < p->n_signers; i++) {
        uint8_t index = p->signers[i];

        if (index == 0 || index > CS_PARTIES_MAX ||
            (i > 0 && index <= p->signers[i - 1]) ||
            (index != p->self && p->zero_key[index] == NULL)) {
            return false;
        }
    }
    return signs(p, p->self) && signs(p, p->initiator);
}

/* Peer k of the session: its place in the pair, the pair's keys. */
static enum cs_err join(struct cs_dkls *d, size_t k, const struct cs_dkls_params *p,
                        struct cs_ot_pair *pair)
{
    struct peer *peer = &d->peers[k];
    struct dkls_peer *in = &d->state->peers[k];

    if (pair == NULL) {
        return CS_ERR_SETUP_MISSING;
    }
    in->index = peer->index;
    memcpy(in->secret.zero_key, p->zero_key[peer->index], 32);
    CS_CHECK(cs_ot_pair_join(pair, &peer->user, &in->keys_alice, &in->keys_bob));
    CS_ASSERT(in->keys_alice->ids.alice == p->self &&
              in->keys_alice->ids.bob == peer->index);
    return CS_OK;
}

static struct cs_dkls *dkls_alloc(const struct cs_dkls_params *p)
{
    struct cs_dkls *d = cs_alloc(sizeof *d);

    if (d == NULL) {
        return NULL;
    }
    for (uint8_t i = 0; i < p->n_signers; i++) {
        struct peer *peer = &d->peers[d->n_peers];

        if (p->signers[i] != p->self) {
            *peer = (struct peer){
                .user = {.kill = on_kill}, .owner = d, .index = p->signers[i]};
            d->n_peers++;
        }
    }
    d->initiator = p->initiator == p->self;
    memcpy(d->presid, p->presid, sizeof d->presid);
    return d;
}

enum cs_err cs_dkls_new(struct cs_dkls **out, const struct cs_dkls_params *p,
                        struct cs_ot_pair *const pairs[CS_PARTY_SLOTS])
{
    struct cs_dkls *d;
    enum cs_err err = CS_ERR_NOMEM;

    *out = NULL;
    if (!params_ok(p)) {
        return CS_ERR_USAGE;
    }
    d = dkls_alloc(p);
    if (d == NULL) {
        return CS_ERR_NOMEM;
    }
    d->state = dkls_state_new(d->n_peers);
    if (d->state == NULL) {
        goto out;
    }
    fill(d->state, p);
    CS_TRY(digest_scalar(&d->state->h, p->digest));
    for (size_t k = 0; k < d->n_peers; k++) {
        CS_TRY(join(d, k, p, pairs[d->peers[k].index]));
    }
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
    leave_all(d);
    forget(d);
    forget_last(d);
    cs_free_wiped(d, sizeof *d);
}

/* ---- failing --------------------------------------------------------------------- */

/* A check that could have been a guess burns the setup, and with it the other sessions
 * of the pair, before this call returns. */
static void burn_if(struct cs_dkls *d, enum cs_err why, struct cs_dkls_out *out)
{
    if (cs_err_reaction(why) != CS_REACT_BURN) {
        return;
    }
    out->burned = true;
    for (size_t i = 0; i < d->n_peers; i++) {
        struct cs_ot_pair *pair = d->peers[i].user.pair;

        if (d->peers[i].index == out->culprit && pair != NULL) {
            cs_ot_pair_burn(pair);
        }
    }
}

/* Ends in FAILED. */
static enum cs_err end_failed(struct cs_dkls *d, enum cs_err why, uint8_t culprit,
                              struct cs_dkls_out *out)
{
    msgs_clear(out);
    out->culprit = culprit;
    out->ended = true;
    d->phase = CS_DKLS_FAILED; /* the burn does not end it a second time */
    burn_if(d, why, out);
    fail(d, why);
    return why;
}

void cs_dkls_abort(struct cs_dkls *d, enum cs_err why, struct cs_dkls_out *out)
{
    if (d->phase == CS_DKLS_RUNNING) {
        (void)end_failed(d, why, 0, out);
    }
}

/* ---- messages -------------------------------------------------------------------- */

static struct peer *peer_of(struct cs_dkls *d, uint8_t index)
{
    for (size_t i = 0; i < d->n_peers; i++) {
        if (d->peers[i].index == index) {
            return &d->peers[i];
        }
    }
    return NULL;
}

/* Round 3 goes to the initiator only. */
static bool type_expected(const struct cs_dkls *d, uint8_t type)
{
    return type == CS_TYPE_SIG_R1 || type == CS_TYPE_SIG_R2 ||
           (type == CS_TYPE_SIG_R3 && d->initiator);
}

static bool lengths_ok(const struct cs_dkls *d, uint8_t type, size_t bcast, size_t body)
{
    bool two = d->n_peers == 1;

    if (type == CS_TYPE_SIG_R1) {
        return bcast == (two ? 0 : CS_SIG_R1_BCAST_LEN) &&
               bcast + body == CS_SIG_R1_LEN;
    }
    if (type == CS_TYPE_SIG_R2) {
        return bcast == 0 && body == (two ? CS_SIG_R2_LEN : CS_SIG_R2_TR_LEN);
    }
    return bcast == 0 && body == CS_SIG_R3_LEN;
}

static bool same(const struct cs_wr *w, struct cs_span s)
{
    return w->n == s.n && (s.n == 0 || memcmp(w->p, s.p, s.n) == 0);
}

/* A second message of a round (2.6, 15.1 A5). */
static enum cs_err again(const struct slot *slot, struct cs_span bcast,
                         struct cs_span body)
{
    if (!same(&slot->bcast, bcast)) {
        return CS_ERR_EQUIVOCATION; /* both are signed: proven */
    }
    return same(&slot->body, body) ? CS_ERR_REPLAY : CS_ERR_SIG_TWICE;
}

enum cs_err cs_dkls_feed(struct cs_dkls *d, uint8_t from, uint8_t type,
                         struct cs_span bcast, struct cs_span body,
                         struct cs_dkls_out *out)
{
    struct peer *peer = peer_of(d, from);
    struct slot *slot;
    enum cs_err err;

    if (d->phase != CS_DKLS_RUNNING || peer == NULL || !type_expected(d, type)) {
        return CS_ERR_REPLAY; /* 15.1 A6: never blamed */
    }
    slot = &peer->slot[type];
    if (!lengths_ok(d, type, bcast.n, body.n)) {
        return end_failed(d, CS_ERR_BAD_FORMAT, from, out);
    }
    if (slot->seen) {
        err = again(slot, bcast, body);
        return err == CS_ERR_REPLAY ? err : end_failed(d, err, from, out);
    }
    if (slot_fill(slot, bcast, body) != CS_OK) {
        return end_failed(d, CS_ERR_NOMEM, 0, out);
    }
    slot->seen = true;
    return CS_OK;
}

static enum cs_err emit(const struct cs_dkls *d, struct cs_dkls_out *out)
{
    for (size_t i = 0; i < d->n_peers; i++) {
        const struct cs_dkls_msg *last = &d->peers[i].last;
        struct cs_dkls_msg *m = &out->msgs[out->n_msgs];

        if (last->type == 0) {
            continue;
        }
        CS_ASSERT(out->n_msgs < CS_COUNTOF(out->msgs));
        out->n_msgs++;
        m->to = last->to;
        m->type = last->type;
        cs_wr_span(&m->bcast, cs_wr_get(&last->bcast));
        cs_wr_span(&m->body, cs_wr_get(&last->body));
        CS_CHECK(m->bcast.err);
        CS_CHECK(m->body.err);
    }
    return CS_OK;
}

void cs_dkls_resend(const struct cs_dkls *d, struct cs_dkls_out *out)
{
    if (emit(d, out) != CS_OK) {
        msgs_clear(out);
    }
}

/* ---- jobs ------------------------------------------------------------------------ */

void cs_dkls_job_free(struct cs_dkls_job *job)
{
    if (job == NULL) {
        return;
    }
    dkls_state_free(job->state);
    for (size_t i = 0; i < job->n_peers; i++) {
        slot_clear(&job->in[i]);
        msg_clear(&job->out[i]);
    }
    cs_free_wiped(job, sizeof *job);
}

/* With copies of what the peers sent in round `needs`. */
static struct cs_dkls_job *job_new(const struct cs_dkls *d, uint8_t needs)
{
    struct cs_dkls_job *job = cs_alloc(sizeof *job);

    if (job == NULL) {
        return NULL;
    }
    job->n_peers = d->n_peers;
    for (size_t i = 0; i < d->n_peers; i++) {
        const struct slot *slot = &d->peers[i].slot[needs];

        if (slot_fill(&job->in[i], cs_wr_get(&slot->bcast), cs_wr_get(&slot->body)) !=
            CS_OK) {
            cs_dkls_job_free(job);
            return NULL;
        }
    }
    return job;
}

static bool all_seen(const struct cs_dkls *d, uint8_t type)
{
    for (size_t i = 0; i < d->n_peers; i++) {
        if (!d->peers[i].slot[type].seen) {
            return false;
        }
    }
    return true;
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
    if ((needs != 0 && !all_seen(d, needs)) || (steps[d->step].locks && !lock_all(d))) {
        return NULL;
    }
    job = job_new(d, needs);
    if (job == NULL) {
        unlock_all(d);
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
    struct dkls_in in[CS_DKLS_PEERS_MAX] = {{{0}, {0}}};

    for (size_t i = 0; i < job->n_peers; i++) {
        in[i].bcast = cs_wr_get(&job->in[i].bcast);
        in[i].body = cs_wr_get(&job->in[i].body);
    }
    job->err = steps[job->step].run(job->state, in, job->rand, job->out);
    cs_wipe(job->rand, sizeof job->rand);
}

/* What the step made, to be given out now and sent again. */
static void keep_last(struct cs_dkls *d, struct cs_dkls_job *job)
{
    forget_last(d);
    for (size_t i = 0; i < d->n_peers; i++) {
        if (job->out[i].body.n > 0) {
            d->peers[i].last = job->out[i]; /* moved */
            job->out[i] = (struct cs_dkls_msg){0};
            d->peers[i].last.to = d->peers[i].index;
            d->peers[i].last.type = steps[job->step].makes;
        }
    }
}

/* The step after this one, or DONE. */
static enum cs_err advance(struct cs_dkls *d, struct cs_dkls_job *job,
                           struct cs_dkls_out *out)
{
    bool last = job->step + 1u == CS_COUNTOF(steps) ||
                (steps[job->step].makes == CS_TYPE_SIG_R3 && !d->initiator);

    d->step = job->step + 1;
    keep_last(d, job);
    CS_CHECK(emit(d, out));
    if (last) {
        d->sig = d->state->sig;
        d->phase = CS_DKLS_DONE;
        forget(d);
        leave_all(d);
        out->ended = true;
    }
    return CS_OK;
}

enum cs_err cs_dkls_job_done(struct cs_dkls *d, struct cs_dkls_job *job,
                             struct cs_dkls_out *out)
{
    enum cs_err err = job->err;
    /* want of memory is nobody's fault, whosever message was looked at */
    uint8_t culprit = err == CS_OK || err == CS_ERR_NOMEM ? 0 : job->state->culprit;

    d->computing = false;
    if (d->phase != CS_DKLS_RUNNING) { /* burned, killed or aborted meanwhile */
        cs_dkls_job_free(job);
        if (cs_err_reaction(err) == CS_REACT_BURN) {
            out->culprit = culprit;
        }
        burn_if(d, err, out);
        leave_all(d);
        return d->err;
    }
    d->state = job->state;
    job->state = NULL;
    if (err == CS_OK) {
        err = advance(d, job, out);
        culprit = 0;
    }
    cs_dkls_job_free(job);
    if (err != CS_OK) {
        return end_failed(d, err, culprit, out);
    }
    unlock_all(d); /* after the flag of 4.6 was settled */
    return CS_OK;
}

/* ---- looking at it --------------------------------------------------------------- */

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
