/* Parties with a finished Ed25519 key and a pool of nonces each, who sign online.  For
 * cmocka tests of mpc/frost; static functions. */
#ifndef CS_TEST_SUPPORT_MPC_SIGNERS_H
#define CS_TEST_SUPPORT_MPC_SIGNERS_H

#include "mpc/frost_pool.h"
#include "support/mpc_party.h"

struct signers {
    uint8_t n, t;
    struct net_rng rng;
    uint64_t now;
    struct cs_key *key[CS_PARTY_SLOTS];
    struct cs_roster roster[CS_PARTY_SLOTS];
    struct cs_frost_pool *pool[CS_PARTY_SLOTS];
    uint8_t link[CS_PARTY_SLOTS][CS_PARTY_SLOTS][16]; /* [lower][higher] */
    uint8_t msg[64];
    struct cs_span messages[1]; /* msg */
    struct cs_request request;
};

static inline const uint8_t *signers_link(const struct signers *s, uint8_t i, uint8_t j)
{
    return i < j ? s->link[i][j] : s->link[j][i];
}

/* A fresh request for a fresh message. */
static inline void signers_request(struct signers *s)
{
    struct cs_span m = CS_SPAN_OF(s->msg);
    struct cs_request q = {.kind = CS_REQUEST_SIGN_RAW,
                           .curve = CS_CURVE_ED25519,
                           .scheme = CS_SCHEME_FROST_ED25519,
                           .blockchain = "SOLANA",
                           .policy_version = 1,
                           .expires_ms = 1700000000000};

    net_random(&s->rng, s->msg, sizeof s->msg);
    net_random(&s->rng, q.request_id, CS_ID_LEN);
    memcpy(q.ds_hash, s->roster[1].ds_hash, 32);
    memcpy(q.key_id, s->key[1]->body.key_id, CS_ID_LEN);
    cs_sha256(q.payload_hash, m);
    cs_request_messages_hash(q.messages_hash, &m, 1);
    s->messages[0] = m;
    s->request = q;
}

static inline struct signers *signers_new(uint8_t n, uint8_t t, uint64_t seed)
{
    struct signers *s = cs_alloc(sizeof *s);

    assert_non_null(s);
    s->n = n;
    s->t = t;
    s->now = 5000;
    s->rng.s = seed * 1000;
    net_make_keys(s->key, n, t, CS_CURVE_ED25519, seed, s->roster);
    for (uint8_t i = 1; i <= n; i++) {
        s->pool[i] = cs_frost_pool_new(16);
        assert_non_null(s->pool[i]);
        for (uint8_t j = i; j <= n; j++) {
            net_random(&s->rng, s->link[i][j], 16);
        }
    }
    signers_request(s);
    return s;
}

static inline void signers_free(struct signers *s)
{
    for (uint8_t i = 1; i <= s->n; i++) {
        cs_key_free(s->key[i]);
        cs_frost_pool_free(s->pool[i]);
    }
    cs_free(s);
}

/* The list that `owner` keeps about `peer`. */
static inline struct cs_frost_use signers_use(const struct signers *s, uint8_t owner,
                                              uint8_t peer)
{
    struct cs_frost_use u = {
        .epoch = 0, .scheme = s->key[1]->body.scheme, .peer = peer};

    memcpy(u.key_id, s->key[1]->body.key_id, CS_ID_LEN);
    memcpy(u.ds_hash, s->roster[1].ds_hash, 32);
    memcpy(u.link_id, signers_link(s, owner, peer), 16);
    return u;
}

/* J publishes `count` nonces for I; the bytes are appended to w. */
static inline void signers_issue(struct signers *s, uint8_t J, uint8_t I, size_t count,
                                 struct cs_wr *w)
{
    struct cs_frost_use mine = signers_use(s, J, I), theirs = signers_use(s, I, J);
    uint8_t rand[CS_FROST_LIST_MAX * CS_FROST_RAND];

    net_random(&s->rng, rand, sizeof rand);
    assert_int_equal(cs_frost_pool_issue(s->pool[J], &mine, s->key[J],
                                         cs_frost_pool_highest(s->pool[I], &theirs),
                                         count, rand, s->now, w),
                     CS_OK);
}

static inline void signers_stock(struct signers *s, uint8_t J, uint8_t I, size_t count)
{
    struct cs_frost_use theirs = signers_use(s, I, J);
    struct cs_wr w = {0};

    signers_issue(s, J, I, count, &w);
    assert_int_equal(cs_frost_pool_put(s->pool[I], &theirs, cs_wr_get(&w), s->now),
                     CS_OK);
    cs_wr_free(&w);
}

/* The task as party `self` sees it, between `set` (t rising indices). */
static inline struct cs_frost_task signers_task(const struct signers *s, uint8_t self,
                                                const uint8_t *set)
{
    struct cs_frost_task t = {.key = s->key[self],
                              .request = &s->request,
                              .messages = s->messages,
                              .n_messages = 1,
                              .n_signers = s->t};

    memcpy(t.signers, set, s->t);
    for (uint8_t j = 1; j <= s->n; j++) {
        if (j != self) {
            memcpy(t.link_id[j], signers_link(s, self, j), 16);
        }
    }
    return t;
}

static inline struct cs_frost_run *signers_start(struct signers *s, uint8_t I,
                                                 const uint8_t *set)
{
    struct cs_frost_task t = signers_task(s, I, set);
    struct cs_frost_run *r = NULL;
    uint8_t rand[CS_FROST_RAND], empty = 0;

    net_random(&s->rng, rand, sizeof rand);
    assert_int_equal(cs_frost_run_start(&r, &empty, s->pool[I], &t, rand, s->now),
                     CS_OK);
    return r;
}

/* J answers REQ bytes; returns the code of take. */
static inline enum cs_err signers_answer(struct signers *s, uint8_t J, uint8_t I,
                                         const uint8_t *set, struct cs_span req,
                                         uint8_t rsp[CS_FROST_RSP_LEN])
{
    struct cs_frost_task t = signers_task(s, J, set);
    struct cs_frost_answer *a = NULL;
    enum cs_err err;

    err = cs_frost_answer_take(&a, rsp, s->pool[J], &t, I, req, s->now);
    if (err == CS_OK) {
        assert_int_equal(cs_frost_answer_run(a), CS_OK);
        cs_frost_answer_done(a, s->pool[J], s->now, rsp);
        cs_frost_answer_free(a);
    }
    return err;
}

#endif
