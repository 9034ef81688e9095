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
    e->s = cs_guard_new(sizeof *e->s);
    assert_non_null(e->s);
    e->s->self = d->bed.id[k];
    e->s->peer = d->bed.id[3 - k];
    e->s->initiator = d->initiator == k;
    memcpy(e->s->presid, presid, 32);
    memcpy(e->s->digest, d->digest, 32);
    e->s->epsilon = d->epsilon;
    e->s->X = d->X;
    e->s->secret.x = d->x[k];
    memcpy(e->s->secret.zero_key, d->zero_key, 32);
    memcpy(wide + 32, d->digest, 32);
    cs_scalar_reduce64(CS_CURVE_SECP256K1, &h, wide);
    (void)cs_n_load(&e->s->h, h.b);
    assert_int_equal(
        cs_ot_pair_join(d->bed.pair[k], &e->user, &e->s->keys_alice, &e->s->keys_bob),
        CS_OK);
}

static inline void evil_random(uint8_t rand[DKLS_RAND])
{
    stream_bytes(&rnd, rand, DKLS_RAND);
}

static inline void evil_round1(struct evil *e)
{
    uint8_t rand[DKLS_RAND];

    evil_random(rand);
    assert_int_equal(dkls_round1(e->s, (struct cs_span){0}, rand, &e->r1), CS_OK);
}

static inline enum cs_err evil_round2(struct evil *e, struct cs_span r1)
{
    uint8_t rand[DKLS_RAND];

    evil_random(rand);
    return dkls_round2(e->s, r1, rand, &e->r2);
}

static inline enum cs_err evil_round3(struct evil *e, struct cs_span r2)
{
    return dkls_round3(e->s, r2, NULL, &e->r3);
}

static inline void evil_close(struct evil *e)
{
    cs_ot_user_leave(&e->user);
    cs_ot_keys_drop(e->s->keys_alice);
    cs_ot_keys_drop(e->s->keys_bob);
    cs_guard_free(e->s);
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
};

static inline void honest_open(struct honest *h, struct duo *d,
                               const uint8_t presid[32])
{
    struct cs_dkls_params p = duo_params(d, 1, presid);

    memset(h, 0, sizeof *h);
    assert_int_equal(cs_dkls_new(&h->s, &p, d->bed.pair[1]), CS_OK);
}

static inline void honest_note(struct honest *h, enum cs_err err)
{
    if (err != CS_OK && err != CS_ERR_REPLAY) {
        h->err = err;
    }
    h->burned = h->burned || h->out.burned;
    h->answers += h->out.type >= CS_TYPE_SIG_R2 ? 1 : 0;
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
    honest_note(h, cs_dkls_job_done(h->s, job, &h->out));
    return true;
}

static inline enum cs_err honest_feed(struct honest *h, uint8_t type,
                                      struct cs_span body)
{
    struct cs_dkls_out out = {0};
    enum cs_err err = cs_dkls_feed(h->s, type, body, &out);

    if (err != CS_OK && err != CS_ERR_REPLAY) {
        h->err = err;
    }
    h->burned = h->burned || out.burned;
    cs_dkls_out_clear(&out);
    return err;
}

static inline void honest_close(struct honest *h)
{
    cs_dkls_out_clear(&h->out);
    cs_dkls_free(h->s);
}

#endif
