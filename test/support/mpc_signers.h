/* Parties with a finished key of a FROST scheme and a pool of nonces each, who sign
 * online: a request of N_ITEMS messages, of which `item` is signed.  For cmocka tests
 * of mpc/frost; static functions. */
#ifndef CS_TEST_SUPPORT_MPC_SIGNERS_H
#define CS_TEST_SUPPORT_MPC_SIGNERS_H

#include "crypto/taproot.h"
#include "mpc/frost_pool.h"
#include "support/mpc_party.h"

enum { N_ITEMS = 3 };

struct signers {
    uint8_t n, t;
    enum cs_scheme scheme;
    struct net_rng rng;
    uint64_t now;
    struct cs_key *key[CS_PARTY_SLOTS];
    struct cs_roster roster[CS_PARTY_SLOTS];
    struct cs_frost_pool *pool[CS_PARTY_SLOTS];
    uint8_t link[CS_PARTY_SLOTS][CS_PARTY_SLOTS][16]; /* [lower][higher] */
    uint8_t msg[N_ITEMS][32];
    struct cs_span messages[N_ITEMS]; /* msg */
    uint32_t item;
    struct cs_request request;
};

static inline const uint8_t *signers_link(const struct signers *s, uint8_t i, uint8_t j)
{
    return i < j ? s->link[i][j] : s->link[j][i];
}

/* A fresh request for fresh messages, with the path that s->request had. */
static inline void signers_request(struct signers *s)
{
    struct cs_request q = {.kind = CS_REQUEST_SIGN_RAW,
                           .curve = cs_scheme_curve(s->scheme),
                           .scheme = s->scheme,
                           .path_len = s->request.path_len,
                           .blockchain = "SOLANA",
                           .policy_version = 1,
                           .expires_ms = 1700000000000};

    memcpy(q.path, s->request.path, sizeof q.path);
    for (size_t i = 0; i < N_ITEMS; i++) {
        net_random(&s->rng, s->msg[i], sizeof s->msg[i]);
        s->messages[i] = CS_SPAN_OF(s->msg[i]);
    }
    net_random(&s->rng, q.request_id, CS_ID_LEN);
    memcpy(q.ds_hash, s->roster[1].ds_hash, 32);
    memcpy(q.key_id, s->key[1]->body.key_id, CS_ID_LEN);
    cs_sha256(q.payload_hash, s->messages[0]);
    cs_request_messages_hash(q.messages_hash, s->messages, N_ITEMS);
    s->request = q;
}

static inline struct signers *signers_of(enum cs_scheme scheme, uint8_t n, uint8_t t,
                                         uint64_t seed)
{
    struct signers *s = cs_alloc(sizeof *s);

    assert_non_null(s);
    s->scheme = scheme;
    s->n = n;
    s->t = t;
    s->item = 1;
    s->now = 5000;
    s->rng.s = seed * 1000;
    net_make_scheme_keys(s->key, n, t, scheme, seed, s->roster);
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

static inline struct signers *signers_new(uint8_t n, uint8_t t, uint64_t seed)
{
    return signers_of(CS_SCHEME_FROST_ED25519, n, t, seed);
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
    struct cs_frost_use u = {.epoch = 0, .scheme = s->scheme, .peer = peer};

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
                              .n_messages = N_ITEMS,
                              .item = s->item,
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

/* Does sig verify for the item, under the key that s->request's path leads to? */
static inline bool signers_verify(const struct signers *s, const uint8_t sig[64])
{
    uint8_t key[32];

    assert_int_equal(cs_frost_output_key(key, &s->key[1]->body, s->request.path,
                                         s->request.path_len),
                     CS_OK);
    return s->scheme == CS_SCHEME_BIP340
               ? cs_taproot_verify(key, s->messages[s->item], sig) == CS_OK
               : cs_sign_verify(sig, key, s->messages[s->item]);
}

/* Places in a REQ of two signers. */
struct req_at {
    size_t point, entry, first, second, end; /* first: D of the first signer */
};

static inline struct req_at signers_at(const struct signers *s)
{
    size_t len = cs_frost_commit_len(s->scheme);

    return (struct req_at){.point = len / 2,
                           .entry = 1 + len,
                           .first = CS_FROST_REQ_HEAD + 1,
                           .second = CS_FROST_REQ_HEAD + 1 + len + 1,
                           .end = CS_FROST_REQ_LEN(2, len)};
}

enum { REQ_MAX = CS_FROST_REQ_LEN(2, CS_FROST_COMMIT_MAX) };

/* A REQ that party 1 made for 2, as bytes to spoil; its length. */
static inline size_t signers_req(struct signers *s, uint8_t out[REQ_MAX])
{
    static const uint8_t set[] = {1, 2};
    struct cs_frost_run *r;
    struct cs_span req;

    signers_stock(s, 2, 1, 1);
    r = signers_start(s, 1, set);
    req = cs_frost_run_req(r, 2);
    assert_int_equal(req.n, signers_at(s).end);
    memcpy(out, req.p, req.n);
    cs_frost_run_free(r);
    return req.n;
}

static inline void signers_assert_req(struct signers *s, const uint8_t *req, size_t n,
                                      enum cs_err want)
{
    static const uint8_t set[] = {1, 2};
    uint8_t rsp[CS_FROST_RSP_LEN];

    assert_int_equal(signers_answer(s, 2, 1, set, CS_SPAN(req, n), rsp), want);
}

/* Each case once for each scheme; the state of a test says which. */
static const enum cs_scheme signers_schemes[] = {CS_SCHEME_FROST_ED25519,
                                                 CS_SCHEME_BIP340};
#define SCHEME_OF(state) (*(const enum cs_scheme *)*(state))
#define IN_BOTH(f)                                                                     \
    {#f " (Ed25519)", f, NULL, NULL, (void *)(uintptr_t)&signers_schemes[0]},          \
    {                                                                                  \
#f " (BIP340)", f, NULL, NULL, (void *)(uintptr_t)&signers_schemes[1]          \
    }

#endif
