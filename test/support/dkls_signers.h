/* Two signers of one key on a tested bed.  Include after cmocka.h. */
#ifndef CS_TEST_SUPPORT_DKLS_SIGNERS_H
#define CS_TEST_SUPPORT_DKLS_SIGNERS_H

#include "mpc/dkls.h"
#include "support/dkls_bed.h"

struct duo;
/* May change or drop (false) a message on its way; from: end 1 or 2. */
typedef bool duo_wire(struct duo *d, int from, uint8_t type, struct cs_wr *body);

struct duo {
    struct bed bed;
    struct cs_secret x[3]; /* shares, by end */
    struct cs_scalar epsilon;
    struct cs_point X; /* derived key */
    uint8_t digest[32], zero_key[32];
    int initiator; /* end */
    bool recid01;
    duo_wire *wire;
    unsigned arg, hits;
    size_t at;
};

struct run { /* one signature at both ends */
    struct cs_dkls *s[3];
    struct cs_dkls_out out[3];
    uint8_t presid[32];
    enum cs_err err[3];
    bool burned[3];
};

static inline void duo_scalar(struct cs_scalar *s)
{
    *s = some_scalar(CS_CURVE_SECP256K1);
}

/* f(i) = x + a i */
static inline void duo_key(struct duo *d)
{
    const enum cs_curve c = CS_CURVE_SECP256K1;
    struct cs_scalar x, a, i, child;
    struct cs_point e;

    duo_scalar(&x);
    duo_scalar(&a);
    duo_scalar(&d->epsilon);
    for (int k = 1; k <= 2; k++) {
        cs_scalar_from_u32(c, &i, d->bed.id[k]);
        cs_scalar_muladd(c, &d->x[k].s, &a, &i, &x);
    }
    cs_scalar_add(c, &child, &x, &d->epsilon);
    cs_point_base_mul(c, &d->X, &x);
    cs_point_base_mul(c, &e, &d->epsilon);
    cs_point_add(&d->X, &d->X, &e);
    cs_point_base_mul(c, &e, &child);
    assert_true(cs_point_equal(&e, &d->X));
}

static inline void duo_open(struct duo *d, uint8_t lo, uint8_t hi)
{
    memset(d, 0, sizeof *d);
    bed_setup_as(&d->bed, lo, hi);
    duo_key(d);
    stream_bytes(&rnd, d->digest, 32);
    stream_bytes(&rnd, d->zero_key, 32);
    d->initiator = 1;
}

static inline void duo_close(struct duo *d)
{
    bed_close(&d->bed);
}

static inline struct cs_dkls_params duo_params(const struct duo *d, int k,
                                               const uint8_t presid[32])
{
    struct cs_dkls_params p = {
        .self = d->bed.id[k],
        .initiator = d->bed.id[d->initiator],
        .n_signers = 2,
        .signers = {d->bed.id[1], d->bed.id[2]},
        .presid = presid,
        .digest = d->digest,
        .x = &d->x[k],
        .epsilon = &d->epsilon,
        .X = &d->X,
        .local = d->bed.local[k],
        .recid01 = d->recid01,
    };

    p.zero_key[d->bed.id[3 - k]] = d->zero_key;
    return p;
}

static inline enum cs_err duo_new(struct cs_dkls **out, const struct duo *d, int k,
                                  const struct cs_dkls_params *p)
{
    struct cs_ot_pair *pairs[CS_PARTY_SLOTS] = {NULL};

    pairs[d->bed.id[3 - k]] = d->bed.pair[k];
    return cs_dkls_new(out, p, pairs);
}

static inline void run_open(struct run *r, struct duo *d)
{
    memset(r, 0, sizeof *r);
    stream_bytes(&rnd, r->presid, 32);
    for (int k = 1; k <= 2; k++) {
        struct cs_dkls_params p = duo_params(d, k, r->presid);

        assert_int_equal(duo_new(&r->s[k], d, k, &p), CS_OK);
    }
}

static inline void run_note(struct run *r, int k, enum cs_err err,
                            const struct cs_dkls_out *out)
{
    if (err != CS_OK && err != CS_ERR_REPLAY) {
        r->err[k] = err;
        assert_int_equal(out->n_msgs, 0);
        assert_true(err != CS_ERR_NOMEM || out->culprit == 0); /* nobody's fault */
    }
    r->burned[k] = r->burned[k] || out->burned;
}

/* What end k said, at the other one. */
static inline enum cs_err duo_feed(const struct duo *d, struct cs_dkls *s, int k,
                                   const struct cs_dkls_msg *m, struct cs_dkls_out *out)
{
    return cs_dkls_feed(s, d->bed.id[k], m->type, cs_wr_get(&m->bcast),
                        cs_wr_get(&m->body), out);
}

/* The job of end k, if there is one; its message to the other end. */
static inline bool run_compute(struct run *r, struct duo *d, int k)
{
    struct cs_dkls_job *job = cs_dkls_take_job(r->s[k], bed_random, NULL);
    struct cs_dkls_out out = {0}, in = {0};

    if (job == NULL) {
        return false;
    }
    cs_dkls_job_run(job);
    run_note(r, k, cs_dkls_job_done(r->s[k], job, &out), &out);
    if (out.n_msgs == 1 &&
        (d->wire == NULL || d->wire(d, k, out.msgs[0].type, &out.msgs[0].body))) {
        enum cs_err err = duo_feed(d, r->s[3 - k], k, &out.msgs[0], &in);

        run_note(r, 3 - k, err, &in);
    }
    cs_dkls_out_clear(&out);
    cs_dkls_out_clear(&in);
    return true;
}

static inline void run_pump(struct run *r, struct duo *d)
{
    bool any = true;

    while (any) {
        bool one = run_compute(r, d, 1), two = run_compute(r, d, 2);

        any = one || two;
    }
}

static inline void run_close(struct run *r)
{
    cs_dkls_free(r->s[1]);
    cs_dkls_free(r->s[2]);
    memset(r, 0, sizeof *r);
}

#endif
