/* A signer that follows DKLs23's formulas with values of the test's choosing: the
 * rounds of dkls_round.c on an open state, against an honest session.  Include after
 * cmocka.h. */
#ifndef CS_TEST_SUPPORT_DKLS_EVIL_H
#define CS_TEST_SUPPORT_DKLS_EVIL_H

#include "base/mem.h"
#include "mpc/dkls_impl.h"
#include "support/dkls_signers.h"

struct evil {
    struct cs_ot_user user;
    struct dkls_state *s;
    struct dkls_peer *p;     /* towards the honest end */
    struct cs_wr r1, r2, r3; /* as they will be sent: the test changes them */
};

static inline void evil_kill(struct cs_ot_user *u, enum cs_err why)
{
    (void)u;
    (void)why;
}

/* End k of the duo, in a session with this presid. */
static inline void evil_open(struct evil *e, struct duo *d, int k,
                             const uint8_t presid[32])
{
    uint8_t wide[64] = {0};
    struct cs_scalar h;

    memset(e, 0, sizeof *e);
    e->user.kill = evil_kill;
    e->s = dkls_state_new(1);
    assert_non_null(e->s);
    e->p = &e->s->peers[0];
    e->s->self = d->bed.id[k];
    e->p->index = d->bed.id[3 - k];
    e->s->initiator = d->bed.id[d->initiator];
    e->s->n_signers = 2;
    memcpy(e->s->signers, &d->bed.id[1], 2);
    memcpy(e->s->presid, presid, 32);
    memcpy(e->s->digest, d->digest, 32);
    e->s->epsilon = d->epsilon;
    e->s->X = d->X;
    e->s->secret.x = d->x[k];
    memcpy(e->p->secret.zero_key, d->zero_key, 32);
    memcpy(wide + 32, d->digest, 32);
    cs_scalar_reduce64(CS_CURVE_SECP256K1, &h, wide);
    (void)cs_n_load(&e->s->h, h.b);
    assert_int_equal(
        cs_ot_pair_join(d->bed.pair[k], &e->user, &e->p->keys_alice, &e->p->keys_bob),
        CS_OK);
}

static inline void evil_random(uint8_t rand[DKLS_RAND])
{
    stream_bytes(&rnd, rand, DKLS_RAND);
}

/* A step of evil's against what the peer said; its message goes to *to. */
static inline enum cs_err evil_step(struct evil *e, dkls_step *step,
                                    struct cs_span body, struct cs_wr *to)
{
    const struct dkls_in in = {.body = body};
    struct cs_dkls_msg out = {0};
    uint8_t rand[DKLS_RAND];
    enum cs_err err;

    evil_random(rand);
    err = step(e->s, &in, rand, &out);
    cs_wr_free(to);
    *to = out.body;
    return err;
}

static inline void evil_round1(struct evil *e)
{
    assert_int_equal(evil_step(e, dkls_round1, (struct cs_span){0}, &e->r1), CS_OK);
}

static inline enum cs_err evil_round2(struct evil *e, struct cs_span r1)
{
    return evil_step(e, dkls_round2, r1, &e->r2);
}

static inline enum cs_err evil_round3(struct evil *e, struct cs_span r2)
{
    return evil_step(e, dkls_round3, r2, &e->r3);
}

static inline enum cs_err evil_finish(struct evil *e, struct cs_span r3)
{
    struct cs_wr none = {0};

    return evil_step(e, dkls_finish, r3, &none);
}

static inline void evil_close(struct evil *e)
{
    cs_ot_user_leave(&e->user);
    dkls_state_free(e->s);
    cs_wr_free(&e->r1);
    cs_wr_free(&e->r2);
    cs_wr_free(&e->r3);
}

/* An honest session at end 1, and what it says. */
struct honest {
    struct cs_dkls *s;
    struct cs_dkls_out out;
    enum cs_err err;
    unsigned answers; /* messages of round 2 or later that left it */
    bool burned;
    uint8_t culprit, from; /* whom it named; who talks to it */
};

static inline void honest_open(struct honest *h, struct duo *d,
                               const uint8_t presid[32])
{
    struct cs_dkls_params p = duo_params(d, 1, presid);

    memset(h, 0, sizeof *h);
    h->from = d->bed.id[2];
    assert_int_equal(duo_new(&h->s, d, 1, &p), CS_OK);
}

static inline void honest_note(struct honest *h, enum cs_err err,
                               const struct cs_dkls_out *out)
{
    if (err != CS_OK && err != CS_ERR_REPLAY) {
        h->err = err;
        h->culprit = out->culprit;
        assert_int_equal(out->n_msgs, 0);
    }
    h->burned = h->burned || out->burned;
    h->answers += out->n_msgs > 0 && out->msgs[0].type >= CS_TYPE_SIG_R2 ? 1 : 0;
}

/* True when it computed something; out holds its message then, if it has one. */
static inline bool honest_compute(struct honest *h)
{
    struct cs_dkls_job *job = cs_dkls_take_job(h->s, bed_random, NULL);

    if (job == NULL) {
        return false;
    }
    cs_dkls_out_clear(&h->out);
    cs_dkls_job_run(job);
    honest_note(h, cs_dkls_job_done(h->s, job, &h->out), &h->out);
    return true;
}

static inline enum cs_err honest_feed(struct honest *h, uint8_t type,
                                      struct cs_span body)
{
    struct cs_dkls_out out = {0};
    enum cs_err err = cs_dkls_feed(h->s, h->from, type, (struct cs_span){0}, body,
                                   &out);

    honest_note(h, err, &out);
    cs_dkls_out_clear(&out);
    return err;
}

static inline void honest_close(struct honest *h)
{
    cs_dkls_out_clear(&h->out);
    cs_dkls_free(h->s);
}

#endif
