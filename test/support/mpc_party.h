/* n parties of a key generation in one process: sessions, a queue of messages between
 * them, virtual time, a store per party, and a liar.  For cmocka tests of mpc; static
 * functions, so that cs_test_support does not depend on cs_mpc.
 *
 *   struct net *w = net_new(3, 2, CS_CURVE_ED25519, 7);  // n, t, seed
 *   w->hook = my_hook;    // sees, changes, drops every message before it is signed
 *   net_start(w);
 *   net_run(w);           // until everybody is done, failed, or 70 s have passed
 *   .. w->err[i], w->blame[i], w->stored[i] ..
 *   net_free(w);
 *
 * The harness plays the link (signs, verifies bsig) and the runner: it stores before it
 * sends, and asserts that no certificate signature leaves without a stored share. */
#ifndef CS_TEST_SUPPORT_MPC_PARTY_H
#define CS_TEST_SUPPORT_MPC_PARTY_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "base/mem.h"
#include "crypto/hash.h"
#include "mpc/dkg_impl.h"
#include "mpc/session_impl.h"

enum { NET_QUEUE = 512 };

struct net_rng {
    uint64_t s;
};

static inline uint64_t net_next(struct net_rng *r)
{
    uint64_t z = (r->s += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static inline void net_random(void *ctx, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)net_next(ctx);
    }
}

struct net_msg {
    uint8_t to;
    struct cs_message m; /* spans point into the writers */
    struct cs_wr bcast, priv;
    uint8_t bsig[CS_SIG_LEN];
};

struct net;
/* May change bcast and priv; the message is signed afterwards.  false: it is lost. */
typedef bool net_hook(struct net *w, struct net_msg *m);

struct net {
    uint8_t n, t;
    struct net_rng rng;
    uint64_t now;
    struct cs_identity_secret id[CS_PARTY_SLOTS];
    struct cs_roster roster[CS_PARTY_SLOTS];
    uint8_t boot[CS_PARTY_SLOTS][32];
    struct cs_request request;
    const struct cs_protocol *protocol[CS_PARTY_SLOTS];
    struct cs_session *s[CS_PARTY_SLOTS];
    struct cs_dkg *d[CS_PARTY_SLOTS]; /* to look at and, for the liar, to spoil */
    struct cs_key *stored[CS_PARTY_SLOTS];
    enum cs_err err[CS_PARTY_SLOTS]; /* how it ended */
    struct cs_blame blame[CS_PARTY_SLOTS];
    struct net_msg *q[NET_QUEUE];
    size_t n_q;
    net_hook *hook;
    void *hook_ctx;
    uint8_t liar; /* exempt from the harness's assertions; 0: nobody */
    bool shuffle;
    bool rush; /* the liar gets its messages when nobody else has any left */
    unsigned long sent;
};

static inline void net_msg_free(struct net_msg *m)
{
    cs_wr_free(&m->bcast);
    cs_wr_free(&m->priv);
    cs_free(m);
}

/* net_new makes identities, a roster each, and a KEYGEN request. */
static inline struct net *net_new(uint8_t n, uint8_t t, enum cs_curve curve,
                                  uint64_t seed)
{
    struct net *w = cs_alloc(sizeof *w);
    struct cs_roster r = {.n = n, .t = t};
    uint8_t rnd[96];

    assert_non_null(w);
    assert_int_equal(cs_crypto_init(), CS_OK);
    w->n = n;
    w->t = t;
    w->rng.s = seed;
    w->now = 1000;
    net_random(&w->rng, r.ds_hash, 32);
    for (uint8_t i = 1; i <= n; i++) {
        net_random(&w->rng, rnd, sizeof rnd);
        cs_identity_from_random(&w->id[i], rnd);
        memcpy(r.ik[i], w->id[i].pub.ik, CS_IK_LEN);
        net_random(&w->rng, w->boot[i], 32);
        w->protocol[i] = &cs_dkg_protocol;
    }
    for (uint8_t i = 1; i <= n; i++) {
        w->roster[i] = r;
        w->roster[i].self = i;
    }
    w->request = (struct cs_request){
        .kind = CS_REQUEST_KEYGEN,
        .curve = curve,
        .scheme = curve == CS_CURVE_ED25519 ? CS_SCHEME_FROST_ED25519 : CS_SCHEME_ECDSA,
        .blockchain = "SOLANA",
        .policy_version = 1,
        .expires_ms = 1700000000000,
    };
    memcpy(w->request.ds_hash, r.ds_hash, 32);
    net_random(&w->rng, w->request.request_id, CS_ID_LEN);
    net_random(&w->rng, w->request.key_id, CS_ID_LEN);
    return w;
}

static inline void net_free(struct net *w)
{
    for (uint8_t i = 1; i <= w->n; i++) {
        cs_session_free(w->s[i]);
        cs_key_free(w->stored[i]);
    }
    for (size_t k = 0; k < w->n_q; k++) {
        net_msg_free(w->q[k]);
    }
    cs_free(w);
}

static inline void net_params(struct net *w, uint8_t i, struct cs_session_params *p)
{
    *p = (struct cs_session_params){
        .protocol = w->protocol[i],
        .roster = w->roster[i],
        .request = w->request,
        .initiator = cs_dkg_initiator(&w->roster[i]),
        .attempt = 1,
        .n_parts = w->n,
    };
    memcpy(p->boot, w->boot, sizeof p->boot);
    for (uint8_t j = 1; j <= w->n; j++) {
        p->parts[j - 1] = j;
    }
}

static inline struct cs_dkg *net_state(struct net *w, uint8_t i)
{
    struct cs_dkg_params p = {.roster = w->roster[i],
                              .request = w->request,
                              .ik_seed = w->id[i].ik_seed,
                              .local = w->id[i].local};
    struct cs_dkg *d = cs_dkg_new(&p);

    assert_non_null(d);
    w->d[i] = d;
    return d;
}

static inline void net_sign(struct net *w, struct net_msg *m)
{
    struct cs_bc_slot slot;

    m->m.broadcast = cs_wr_get(&m->bcast);
    m->m.priv = cs_wr_get(&m->priv);
    m->m.bsig = NULL;
    if (m->bcast.n > 0) {
        cs_bc_slot_from(&slot, ENVELOPE_VERSION, w->roster[1].ds_hash, m->m.from,
                        &m->m);
        cs_bc_sign(m->bsig, w->id[m->m.from].ik_seed, &slot, m->m.broadcast);
        m->m.bsig = m->bsig;
    }
}

static inline struct net_msg *net_msg_copy(struct net *w, const struct net_msg *m)
{
    struct net_msg *c = cs_alloc(sizeof *c);

    assert_non_null(c);
    c->to = m->to;
    c->m = m->m;
    cs_wr_span(&c->bcast, cs_wr_get(&m->bcast));
    cs_wr_span(&c->priv, cs_wr_get(&m->priv));
    net_sign(w, c);
    return c;
}

static inline void net_queue(struct net *w, struct net_msg *m)
{
    assert_true(w->n_q < NET_QUEUE);
    w->q[w->n_q++] = m;
}

/* What must be durable when a message leaves (PROTOCOLS 3.4, 3.5). */
static inline void net_check_stored(const struct net *w, uint8_t i,
                                    const struct cs_message *m)
{
    if (i == w->liar || m->proto != CS_PROTO_DKG) {
        return;
    }
    if (m->type == CS_TYPE_DKG_CERT) {
        assert_non_null(w->stored[i]);
        assert_true(cs_sig_set_has(&w->stored[i]->sigs, i));
    }
    if (m->type == CS_TYPE_DKG_ACK) {
        assert_non_null(w->stored[i]);
        assert_int_equal(w->stored[i]->state, CS_KEY_ACTIVE);
    }
}

static inline void net_store(struct net *w, uint8_t i)
{
    const struct cs_key *k = cs_dkg_key(cs_session_state(w->s[i]));

    assert_non_null(k);
    cs_key_free(w->stored[i]);
    w->stored[i] = cs_key_dup(k);
    assert_non_null(w->stored[i]);
}

static inline void net_emit(struct net *w, uint8_t i, struct cs_session_out *out)
{
    if (out->persist && i != w->liar) {
        net_store(w, i);
    }
    for (size_t k = 0; k < out->n_msgs; k++) {
        struct net_msg *m = cs_alloc(sizeof *m);

        assert_non_null(m);
        net_check_stored(w, i, &out->msgs[k].msg);
        m->to = out->msgs[k].to;
        m->m = out->msgs[k].msg;
        cs_wr_span(&m->bcast, cs_wr_get(&out->msgs[k].bcast));
        cs_wr_span(&m->priv, cs_wr_get(&out->msgs[k].priv));
        w->sent++;
        if (w->hook != NULL && !w->hook(w, m)) {
            net_msg_free(m);
            continue;
        }
        net_sign(w, m);
        net_queue(w, m);
    }
    if (out->ended) {
        w->blame[i] = cs_session_blame(w->s[i]);
        w->err[i] = w->blame[i].err;
    }
    cs_session_out_clear(out);
}

static inline void net_pump(struct net *w, uint8_t i, struct cs_session_out *out)
{
    enum cs_err err = cs_session_pump(w->s[i], net_random, &w->rng, w->now, out);

    (void)err; /* ended is what counts */
    net_emit(w, i, out);
}

static inline void net_start(struct net *w)
{
    uint8_t i = cs_dkg_initiator(&w->roster[1]), nonce[32];
    struct cs_session_out out = {0};
    struct cs_session_params p;

    net_random(&w->rng, nonce, 32);
    net_params(w, i, &p);
    assert_int_equal(
        cs_session_start(&w->s[i], &p, net_state(w, i), nonce, w->now, &out), CS_OK);
    net_emit(w, i, &out);
}

static inline void net_join(struct net *w, struct net_msg *m)
{
    struct cs_session_out out = {0};
    struct cs_session_params p;
    struct cs_dkg *d = net_state(w, m->to);

    net_params(w, m->to, &p);
    w->err[m->to] = cs_session_join(&w->s[m->to], &p, d, &m->m, w->now, &out);
    if (w->err[m->to] != CS_OK) {
        cs_dkg_free(d);
        w->s[m->to] = NULL;
        return;
    }
    net_emit(w, m->to, &out);
}

/* As the link does: no message without a valid bsig reaches a session. */
static inline void net_deliver(struct net *w, struct net_msg *m)
{
    struct cs_session_out out = {0};
    struct cs_bc_slot slot;

    if (m->m.bsig != NULL) {
        cs_bc_slot_from(&slot, ENVELOPE_VERSION, w->roster[1].ds_hash, m->m.from,
                        &m->m);
        assert_true(
            cs_bc_verify(m->m.bsig, w->id[m->m.from].pub.ik, &slot, m->m.broadcast));
    }
    if (w->s[m->to] == NULL) {
        if (m->m.type == CS_TYPE_OPEN && m->m.proto == CS_PROTO_DKG) {
            net_join(w, m);
        }
        return;
    }
    if (cs_session_feed(w->s[m->to], &m->m, w->now, &out) == CS_OK) {
        net_pump(w, m->to, &out);
    } else {
        net_emit(w, m->to, &out);
    }
}

static inline bool net_all_ended(const struct net *w)
{
    for (uint8_t i = 1; i <= w->n; i++) {
        if (w->s[i] == NULL || cs_session_phase(w->s[i]) < CS_SESSION_DONE) {
            return false;
        }
    }
    return true;
}

static inline size_t net_pick(struct net *w)
{
    if (w->shuffle) {
        return (size_t)(net_next(&w->rng) % w->n_q);
    }
    for (size_t k = 0; w->rush && k < w->n_q; k++) {
        if (w->q[k]->to != w->liar) {
            return k;
        }
    }
    return 0;
}

static inline void net_drain(struct net *w)
{
    while (w->n_q > 0) {
        size_t k = net_pick(w);
        struct net_msg *m = w->q[k];

        memmove(&w->q[k], &w->q[k + 1], (w->n_q - k - 1) * sizeof *w->q);
        w->n_q--;
        net_deliver(w, m);
        net_msg_free(m);
    }
}

static inline void net_tick(struct net *w)
{
    uint64_t at = UINT64_MAX;

    for (uint8_t i = 1; i <= w->n; i++) {
        if (w->s[i] != NULL && cs_session_phase(w->s[i]) < CS_SESSION_DONE &&
            cs_session_deadline(w->s[i]) < at) {
            at = cs_session_deadline(w->s[i]);
        }
    }
    if (at != UINT64_MAX && at > w->now) {
        w->now = at;
    }
    for (uint8_t i = 1; i <= w->n; i++) {
        struct cs_session_out out = {0};

        if (w->s[i] != NULL) {
            cs_session_time(w->s[i], w->now, &out);
            net_emit(w, i, &out);
        }
    }
}

static inline void net_run(struct net *w)
{
    uint64_t end = w->now + 70000;

    net_drain(w);
    for (int turns = 0; turns < 2000 && w->now < end && !net_all_ended(w); turns++) {
        net_tick(w);
        net_drain(w);
    }
}

static inline bool net_done(const struct net *w, uint8_t i)
{
    return w->s[i] != NULL && cs_session_phase(w->s[i]) == CS_SESSION_DONE;
}

/* Nothing secret is left in a session that failed. */
static inline void net_assert_wiped(const struct net *w, uint8_t i)
{
    const struct cs_session *s = w->s[i];

    assert_non_null(s);
    assert_int_equal(cs_session_phase(s), CS_SESSION_FAILED);
    assert_null(cs_session_state(s));
    for (size_t r = 0; r <= CS_ROUNDS_MAX; r++) {
        for (size_t j = 0; j < CS_PARTY_SLOTS; j++) {
            assert_null(s->slot[r][j].priv.p);
            assert_null(s->sent[r].priv[j].p);
            assert_null(s->slot[r][j].bcast.p);
        }
    }
}

/* All honest parties ended DONE with one certificate, valid records and all ACKs. */
static inline void net_assert_key(const struct net *w)
{
    const char *why = NULL;

    for (uint8_t i = 1; i <= w->n; i++) {
        if (i == w->liar) {
            continue;
        }
        assert_int_equal(w->err[i], CS_OK);
        assert_true(net_done(w, i));
        assert_int_equal(w->stored[i]->state, CS_KEY_ACTIVE);
        if (cs_key_check(w->stored[i], &w->roster[i], &why) != CS_OK) {
            fail_msg("party %u: %s", (unsigned)i, why);
        }
        assert_true(cs_key_acked(w->stored[i]));
        assert_memory_equal(w->stored[i]->C, w->stored[1]->C, 32);
        assert_memory_equal(w->stored[i]->cert_hash, w->stored[1]->cert_hash, 32);
    }
}

/* A finished key of n parties, for tests of signing: keys[i] belongs to the caller. */
static inline void net_make_scheme_keys(struct cs_key *keys[CS_PARTY_SLOTS], uint8_t n,
                                        uint8_t t, enum cs_scheme scheme, uint64_t seed,
                                        struct cs_roster rosters[CS_PARTY_SLOTS])
{
    struct net *w = net_new(n, t, cs_scheme_curve(scheme), seed);

    w->request.scheme = scheme;
    net_start(w);
    net_run(w);
    net_assert_key(w);
    for (uint8_t i = 1; i <= n; i++) {
        keys[i] = w->stored[i];
        w->stored[i] = NULL;
        rosters[i] = w->roster[i];
    }
    net_free(w);
}

static inline void net_make_keys(struct cs_key *keys[CS_PARTY_SLOTS], uint8_t n,
                                 uint8_t t, enum cs_curve curve, uint64_t seed,
                                 struct cs_roster rosters[CS_PARTY_SLOTS])
{
    enum cs_scheme scheme = curve == CS_CURVE_ED25519 ? CS_SCHEME_FROST_ED25519
                                                      : CS_SCHEME_ECDSA;

    net_make_scheme_keys(keys, n, t, scheme, seed, rosters);
}

#endif
