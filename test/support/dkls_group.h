/* Nodes 1..n of a set, their OT setups, and sessions of any t of them.  Include after
 * cmocka.h. */
#ifndef CS_TEST_SUPPORT_DKLS_GROUP_H
#define CS_TEST_SUPPORT_DKLS_GROUP_H

#include "mpc/dkls.h"
#include "support/dkls_bed.h"

enum { GROUP_MAX = 5, GROUP_SLOTS = GROUP_MAX + 1 };

struct group;
/* May change or drop (false) a message on its way. */
typedef bool group_wire(struct group *g, uint8_t from, struct cs_dkls_msg *m);

struct group {
    uint8_t n, t;
    struct bed bed[GROUP_SLOTS][GROUP_SLOTS]; /* [lo][hi] */
    uint8_t zero_key[GROUP_SLOTS][GROUP_SLOTS][32];
    uint8_t local[GROUP_SLOTS][32];
    struct cs_secret x[GROUP_SLOTS]; /* shares, by index */
    struct cs_scalar epsilon;
    struct cs_point X; /* derived key */
    uint8_t digest[32];
    group_wire *wire;
    unsigned arg, hits; /* for the wire's use */
};

struct party { /* in one session */
    struct cs_dkls *s;
    enum cs_err err;
    uint8_t culprit;
    bool burned, ended;
};
struct ring { /* one session */
    struct cs_dkls_params p;
    uint8_t presid[32];
    struct party by[GROUP_SLOTS]; /* by index */
};

static inline struct cs_ot_pair *group_pair(const struct group *g, uint8_t self,
                                            uint8_t peer)
{
    return self < peer ? g->bed[self][peer].pair[1] : g->bed[peer][self].pair[2];
}

/* f of degree t-1 at 0..n, and X' = (f(0) + epsilon) G. */
static inline void group_key(struct group *g)
{
    const enum cs_curve c = CS_CURVE_SECP256K1;
    struct cs_scalar f[GROUP_MAX], i, child;

    for (uint8_t k = 0; k < g->t; k++) {
        f[k] = some_scalar(c);
    }
    for (uint8_t p = 1; p <= g->n; p++) {
        cs_scalar_from_u32(c, &i, p);
        g->x[p].s = f[g->t - 1];
        for (uint8_t k = (uint8_t)(g->t - 1); k-- > 0;) {
            cs_scalar_muladd(c, &g->x[p].s, &g->x[p].s, &i, &f[k]);
        }
    }
    g->epsilon = some_scalar(c);
    cs_scalar_add(c, &child, &f[0], &g->epsilon);
    cs_point_base_mul(c, &g->X, &child);
    stream_bytes(&rnd, g->digest, 32);
}

static inline void group_pair_open(struct group *g, uint8_t lo, uint8_t hi)
{
    stream_bytes(&rnd, g->zero_key[lo][hi], 32);
    memcpy(g->zero_key[hi][lo], g->zero_key[lo][hi], 32);
    bed_setup_as(&g->bed[lo][hi], lo, hi);
}

static inline void group_open(struct group *g, uint8_t n, uint8_t t)
{
    memset(g, 0, sizeof *g);
    g->n = n;
    g->t = t;
    for (uint8_t i = 1; i <= n; i++) {
        stream_bytes(&rnd, g->local[i], 32);
        for (uint8_t j = 1; j < i; j++) {
            group_pair_open(g, j, i);
        }
    }
    group_key(g);
}

static inline void group_close(struct group *g)
{
    for (uint8_t i = 1; i <= g->n; i++) {
        for (uint8_t j = 1; j < i; j++) {
            bed_close(&g->bed[j][i]);
        }
    }
}

/* New setups where there are none: after a burn. */
static inline void group_heal(struct group *g)
{
    for (uint8_t i = 1; i <= g->n; i++) {
        for (uint8_t j = 1; j < i; j++) {
            struct bed *b = &g->bed[j][i];

            if (cs_ot_pair_state(b->pair[1]) != CS_OT_TESTED ||
                cs_ot_pair_state(b->pair[2]) != CS_OT_TESTED) {
                bed_close(b);
                group_pair_open(g, j, i);
            }
        }
    }
}

static inline enum cs_err group_new(struct party *party, const struct group *g,
                                    const struct cs_dkls_params *common, uint8_t self)
{
    struct cs_ot_pair *pairs[CS_PARTY_SLOTS] = {NULL};
    struct cs_dkls_params p = *common;

    p.self = self;
    p.x = &g->x[self];
    p.local = g->local[self];
    for (uint8_t j = 1; j <= g->n; j++) {
        if (j != self) {
            pairs[j] = group_pair(g, self, j);
            p.zero_key[j] = g->zero_key[self][j];
        }
    }
    *party = (struct party){0};
    return cs_dkls_new(&party->s, &p, pairs);
}

/* What all of a session's signers have in common. */
static inline void ring_params(struct ring *r, const struct group *g,
                               const uint8_t *signers, uint8_t n, uint8_t initiator)
{
    memset(r, 0, sizeof *r);
    stream_bytes(&rnd, r->presid, 32);
    r->p = (struct cs_dkls_params){.initiator = initiator,
                                   .n_signers = n,
                                   .presid = r->presid,
                                   .digest = g->digest,
                                   .epsilon = &g->epsilon,
                                   .X = &g->X};
    memcpy(r->p.signers, signers, n);
}

static inline void ring_open(struct ring *r, const struct group *g,
                             const uint8_t *signers, uint8_t n, uint8_t initiator)
{
    ring_params(r, g, signers, n, initiator);
    for (uint8_t i = 0; i < n; i++) {
        assert_int_equal(group_new(&r->by[signers[i]], g, &r->p, signers[i]), CS_OK);
    }
}

static inline void ring_close(struct ring *r)
{
    for (uint8_t i = 1; i <= GROUP_MAX; i++) {
        cs_dkls_free(r->by[i].s);
    }
    memset(r, 0, sizeof *r);
}

static inline void party_note(struct party *p, enum cs_err err,
                              const struct cs_dkls_out *out)
{
    if (err != CS_OK && err != CS_ERR_REPLAY && p->err == CS_OK) {
        p->err = err;
        p->culprit = out->culprit;
        assert_int_equal(out->n_msgs, 0);
    }
    p->burned = p->burned || out->burned;
    p->ended = p->ended || out->ended;
}

static inline enum cs_err ring_feed(struct ring *r, uint8_t from, uint8_t to,
                                    const struct cs_dkls_msg *m)
{
    struct cs_dkls_out out = {0};
    enum cs_err err = cs_dkls_feed(r->by[to].s, from, m->type, cs_wr_get(&m->bcast),
                                   cs_wr_get(&m->body), &out);

    party_note(&r->by[to], err, &out);
    cs_dkls_out_clear(&out);
    return err;
}

/* Delivers what a party said. */
static inline void ring_deliver(struct ring *r, struct group *g, uint8_t from,
                                struct cs_dkls_out *out)
{
    for (size_t i = 0; i < out->n_msgs; i++) {
        uint8_t to = out->msgs[i].to;

        if (r->by[to].s != NULL &&
            (g->wire == NULL || g->wire(g, from, &out->msgs[i]))) {
            (void)ring_feed(r, from, to, &out->msgs[i]);
        }
    }
}

/* The job of one party, if there is one. */
static inline bool ring_compute(struct ring *r, struct group *g, uint8_t self)
{
    struct party *p = &r->by[self];
    struct cs_dkls_out out = {0};
    struct cs_dkls_job *job = p->s == NULL ? NULL
                                           : cs_dkls_take_job(p->s, bed_random, NULL);

    if (job == NULL) {
        return false;
    }
    cs_dkls_job_run(job);
    party_note(p, cs_dkls_job_done(p->s, job, &out), &out);
    ring_deliver(r, g, self, &out);
    cs_dkls_out_clear(&out);
    return true;
}

/* Every party that can computes once; false: none can. */
static inline bool ring_turn(struct ring *r, struct group *g)
{
    bool any = false;

    for (uint8_t i = 1; i <= g->n; i++) {
        any = ring_compute(r, g, i) || any;
    }
    return any;
}

static inline void ring_pump(struct ring *r, struct group *g)
{
    while (ring_turn(r, g)) {
    }
}

#endif
