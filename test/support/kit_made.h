/* A key of n parties over a real device set, and recovery keys, for tests of kits. */
#ifndef CS_TEST_SUPPORT_KIT_MADE_H
#define CS_TEST_SUPPORT_KIT_MADE_H

#include "mpc/kit.h"
#include "support/mpc_party.h"

struct made {
    uint8_t n;
    struct cs_device_set ds;
    struct cs_identity_secret id[CS_PARTY_SLOTS];
    struct cs_key *k[CS_PARTY_SLOTS];
    struct net_rng rng;
};

static inline void made_ds(struct cs_device_set *ds, const struct net *w,
                           struct net_rng *rng)
{
    *ds = (struct cs_device_set){.t = w->t, .n = w->n};
    net_random(rng, ds->ds_id, sizeof ds->ds_id);
    net_random(rng, ds->nonce, sizeof ds->nonce);
    for (uint8_t i = 1; i <= w->n; i++) {
        ds->members[i - 1].index = i;
        net_random(rng, ds->members[i - 1].device_id, CS_DS_ID_LEN);
        ds->members[i - 1].id = w->id[i].pub;
    }
    assert_int_equal(cs_ds_check(ds), CS_OK);
}

static inline void made_new(struct made *m, uint8_t n, uint8_t t, enum cs_scheme scheme,
                            uint64_t seed)
{
    struct net *w = net_new(n, t, cs_scheme_curve(scheme), seed);

    *m = (struct made){.n = n, .rng = {seed + 1}};
    made_ds(&m->ds, w, &m->rng);
    w->request.scheme = scheme;
    cs_ds_hash(w->request.ds_hash, &m->ds);
    for (uint8_t i = 1; i <= n; i++) {
        memcpy(w->roster[i].ds_hash, w->request.ds_hash, 32);
    }
    net_start(w);
    net_run(w);
    net_assert_key(w);
    for (uint8_t i = 1; i <= n; i++) {
        m->id[i] = w->id[i];
        m->k[i] = w->stored[i];
        w->stored[i] = NULL;
    }
    net_free(w);
}

static inline void made_free(struct made *m)
{
    for (uint8_t i = 1; i <= m->n; i++) {
        cs_key_free(m->k[i]);
    }
}

static inline struct cs_recovery_key *made_recovery(struct made *m)
{
    struct cs_recovery_key *k = NULL;
    uint8_t rnd[32];

    net_random(&m->rng, rnd, sizeof rnd);
    assert_int_equal(cs_recovery_key_new(&k, rnd), CS_OK);
    return k;
}

/* The kit of party i to these keys; free it. */
static inline struct cs_wr made_kit(struct made *m, uint8_t i,
                                    const struct cs_recovery_key *const *to, size_t n)
{
    uint8_t rnd[CS_KIT_BOXES_MAX * CS_RECOVERY_RANDOM];
    struct cs_wr w = {0};

    net_random(&m->rng, rnd, sizeof rnd);
    assert_int_equal(cs_kit_seal(&w, m->k[i], &m->ds, to, n, m->id[i].ik_seed, rnd),
                     CS_OK);
    assert_true(w.n <= CS_KIT_MAX);
    return w;
}

#endif
