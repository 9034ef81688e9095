/* One message each way (PROTOCOLS 7.2, 15.6): signatures of all pairs and sizes, and
 * every way in which a REQ or RSP can be wrong (section 10 rows 1, 29, 36, 43 to 46,
 * 48). */
#include <sodium.h>

#include "mpc/frost.h"
#include "support/mpc_signers.h"

static const uint8_t pairs[][2] = {{1, 2}, {1, 3}, {2, 3}};
static const uint8_t set12[] = {1, 2}, set13[] = {1, 3};

static void assert_signature(const struct signers *s, const uint8_t sig[64])
{
    uint8_t pk[CS_POINT_MAX];

    assert_int_equal(cs_key_public(s->key[1], pk), 32);
    assert_int_equal(crypto_sign_verify_detached(sig, s->msg, sizeof s->msg, pk), 0);
}

/* A whole signature between `set`, initiated by I. */
static void sign_ok(struct signers *s, uint8_t I, const uint8_t *set)
{
    uint8_t sig[64], rsp[CS_FROST_RSP_LEN], culprit;
    struct cs_frost_run *r;

    for (size_t i = 0; i < s->t; i++) {
        if (set[i] != I) {
            signers_stock(s, set[i], I, 2);
        }
    }
    r = signers_start(s, I, set);
    for (size_t i = 0; i < s->t; i++) {
        if (set[i] != I) {
            assert_false(cs_frost_run_ready(r));
            assert_int_equal(
                signers_answer(s, set[i], I, set, cs_frost_run_req(r, set[i]), rsp),
                CS_OK);
            assert_int_equal(cs_frost_run_put(r, set[i], CS_SPAN_OF(rsp)), CS_OK);
        }
    }
    assert_true(cs_frost_run_ready(r));
    assert_int_equal(cs_frost_run_finish(r, sig, &culprit), CS_OK);
    assert_signature(s, sig);
    /* Spent for good. */
    assert_int_equal(cs_frost_run_finish(r, sig, &culprit), CS_ERR_NONCE_USED);
    assert_true(sodium_is_zero(sig, sizeof sig));
    cs_frost_run_free(r);
    signers_request(s);
}

static void every_pair_signs_from_either_side(void **state)
{
    struct signers *s = signers_new(3, 2, 301);

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(pairs); i++) {
        sign_ok(s, pairs[i][0], pairs[i]);
        sign_ok(s, pairs[i][1], pairs[i]);
    }
    signers_free(s);
}

static void larger_sets_sign(void **state)
{
    static const uint8_t set135[] = {1, 3, 5};
    static const uint8_t all[] = {1, 2, 3, 4, 5, 6, 7};
    struct signers *s = signers_new(5, 3, 302);

    (void)state;
    sign_ok(s, 3, set135);
    signers_free(s);
    s = signers_new(7, 7, 303);
    sign_ok(s, 4, all);
    signers_free(s);
}

/* PROTOCOLS 3.5: each pair proves itself with a request nobody sent (DECISIONS 21). */
static void each_pair_makes_its_check_signature(void **state)
{
    struct signers *s = signers_new(3, 2, 304);

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(pairs); i++) {
        uint8_t I = pairs[i][0], J = pairs[i][1], msg[32], sig[64], culprit = 0;
        uint8_t rsp[CS_FROST_RSP_LEN], rand[CS_FROST_RAND] = {1}, empty,
                                       pk[CS_POINT_MAX];
        struct cs_frost_task at_i = signers_task(s, I, pairs[i]);
        struct cs_frost_task at_j = signers_task(s, J, pairs[i]);
        struct cs_frost_answer *a;
        struct cs_frost_run *r;
        struct cs_request qi, qj, other;

        cs_check_request(&qi, &s->key[I]->body, I, J);
        cs_check_request(&qj, &s->key[J]->body, J, I);
        cs_check_message(msg, s->key[I]->cert_hash, J, I);
        at_i.request = &qi;
        at_j.request = &qj;
        at_i.messages = at_j.messages = &CS_SPAN_OF(msg);
        assert_int_equal(cs_request_check(&qi), CS_OK);
        signers_stock(s, J, I, 1);
        /* The same kind for any other message, pair or id is no check. */
        at_i.request = &other;
        other = s->request;
        other.kind = CS_REQUEST_CHECK;
        other.expires_ms = 0;
        at_i.messages = s->messages;
        assert_int_equal(cs_request_check(&other), CS_OK);
        assert_int_equal(cs_frost_task_check(&at_i), CS_ERR_POLICY_REFUSED);
        other = qi;
        other.request_id[15] ^= 1;
        at_i.messages = &CS_SPAN_OF(msg);
        assert_int_equal(cs_frost_task_check(&at_i), CS_ERR_POLICY_REFUSED);
        at_i.request = &qi;
        assert_int_equal(
            cs_frost_run_start(&r, &empty, s->pool[I], &at_i, rand, s->now), CS_OK);
        assert_int_equal(cs_frost_answer_take(&a, rsp, s->pool[J], &at_j, I,
                                              cs_frost_run_req(r, J), s->now),
                         CS_OK);
        assert_int_equal(cs_frost_answer_run(a), CS_OK);
        cs_frost_answer_done(a, s->pool[J], s->now, rsp);
        assert_int_equal(cs_frost_run_put(r, J, CS_SPAN_OF(rsp)), CS_OK);
        assert_int_equal(cs_frost_run_finish(r, sig, &culprit), CS_OK);
        assert_int_equal(cs_key_public(s->key[1], pk), 32);
        assert_int_equal(crypto_sign_verify_detached(sig, msg, sizeof msg, pk), 0);
        cs_frost_answer_free(a);
        cs_frost_run_free(r);
    }
    signers_free(s);
}

/* Rows 44 and 52: the initiator's nonces differ between requests, and between attempts
 * at one request, even when the RNG always says the same. */
static void a_constant_rng_gives_the_initiator_no_nonce_twice(void **state)
{
    static const uint8_t set[] = {1, 2}, rand[CS_FROST_RAND];
    struct signers *s = signers_new(3, 2, 590);
    uint8_t own[3][CS_FROST_COMMIT_MAX], empty;

    (void)state;
    signers_stock(s, 2, 1, 3);
    for (size_t i = 0; i < 3; i++) {
        struct cs_frost_task t;
        struct cs_frost_run *r = NULL;

        if (i == 2) {
            signers_request(s);
        }
        t = signers_task(s, 1, set);
        assert_int_equal(cs_frost_run_start(&r, &empty, s->pool[1], &t, rand, s->now),
                         CS_OK);
        memcpy(own[i], cs_frost_run_req(r, 2).p + 59, sizeof own[i]);
        assert_memory_not_equal(own[i], own[i] + 32, 32);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(own[i], own[k], 32);
            assert_memory_not_equal(own[i] + 32, own[k] + 32, 32);
        }
        cs_frost_run_free(r);
    }
    signers_free(s);
}

/* Each item of the hedge counts, the share and its place included. */
static void the_hedge_takes_in_everything(void **state)
{
    struct cs_secret x = {{{1}}}, y = {{{2}}};
    uint8_t rand[CS_FROST_RAND] = {0}, base[CS_FROST_RAND], out[CS_FROST_RAND];
    const struct cs_span a = CS_SPAN_LIT("ab"),
                         b[] = {CS_SPAN_LIT("a"), CS_SPAN_LIT("b")};

    (void)state;
    cs_frost_hedge(base, rand, &x, &a, 1);
    assert_memory_not_equal(base, base + 32, 32);
    cs_frost_hedge(out, rand, &x, b, 2);
    assert_memory_not_equal(out, base, 32);
    cs_frost_hedge(out, rand, &y, &a, 1);
    assert_memory_not_equal(out, base, 32);
    rand[0] = 1;
    cs_frost_hedge(out, rand, &x, &a, 1);
    assert_memory_not_equal(out, base, 32);
    assert_memory_equal(out + 32, base + 32, 32);
    rand[32] = 1;
    cs_frost_hedge(out, rand, &x, &a, 1);
    assert_memory_not_equal(out + 32, base + 32, 32);
}

/* ---- what each role refuses before it touches a nonce
 * ------------------------------------- */

static void assert_task(struct signers *s, const struct cs_frost_task *t,
                        enum cs_err want)
{
    struct cs_frost_run *r = NULL;
    uint8_t rand[CS_FROST_RAND] = {0}, empty = 0;
    struct cs_frost_use u = signers_use(s, 1, 2);
    size_t have = cs_frost_pool_have(s->pool[1], &u, s->now);

    assert_int_equal(cs_frost_task_check(t), want);
    assert_int_equal(cs_frost_run_start(&r, &empty, s->pool[1], t, rand, s->now), want);
    assert_null(r);
    assert_int_equal(cs_frost_pool_have(s->pool[1], &u, s->now), have);
}

/* Rows 21, 29: t-1 and t+1 signers, repeated, foreign, without the own index. */
static void signer_sets_are_exact(void **state)
{
    static const struct {
        uint8_t n, set[3];
    } bad[] = {{1, {1}},    {3, {1, 2, 3}}, {2, {1, 1}},   {2, {2, 1}}, {2, {2, 3}},
               {2, {0, 1}}, {2, {1, 4}},    {2, {1, 255}}, {0, {0}}};
    struct signers *s = signers_new(3, 2, 305);

    (void)state;
    signers_stock(s, 2, 1, 4);
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        struct cs_frost_task t = signers_task(s, 1, set12);

        t.n_signers = bad[i].n;
        memcpy(t.signers, bad[i].set, sizeof bad[i].set);
        assert_task(s, &t, CS_ERR_USAGE);
    }
    signers_free(s);
}

/* Rows 26, 48: other key, epoch, set, kind, scheme, message. */
static void requests_must_fit_the_key(void **state)
{
    struct signers *s = signers_new(3, 2, 306);
    struct cs_frost_task t = signers_task(s, 1, set12);
    struct cs_request q, good = s->request;

    (void)state;
    signers_stock(s, 2, 1, 4);
    t.request = &q;
#define REFUSED(change)                                                                \
    do {                                                                               \
        q = good;                                                                      \
        change;                                                                        \
        assert_task(s, &t, CS_ERR_POLICY_REFUSED);                                     \
    } while (0)
    REFUSED(q.key_id[0] ^= 1);
    REFUSED(q.key_epoch = 1);
    REFUSED(q.ds_hash[31] ^= 1);
    REFUSED(q.kind = CS_REQUEST_KEYGEN);
    REFUSED(q.scheme = CS_SCHEME_ECDSA);
    REFUSED(q.curve = CS_CURVE_SECP256K1);
    REFUSED(q.messages_hash[5] ^= 1);
    REFUSED(q.path_len = 1);
#undef REFUSED
    q = good;
    s->msg[0] ^= 1; /* another message than the approved one */
    assert_task(s, &t, CS_ERR_POLICY_REFUSED);
    s->msg[0] ^= 1;
    s->key[1]->state = CS_KEY_PENDING;
    assert_task(s, &t, CS_ERR_STATE);
    s->key[1]->state = CS_KEY_ABORTED;
    assert_task(s, &t, CS_ERR_STATE);
    signers_free(s);
}

/* A secp256k1 key never signs with FROST (7.7). */
static void a_key_of_another_scheme_is_refused(void **state)
{
    struct signers *s = signers_new(3, 2, 307);
    struct cs_frost_task t = signers_task(s, 1, set12);

    (void)state;
    s->key[1]->body.scheme = CS_SCHEME_BIP340;
    assert_int_equal(cs_frost_task_check(&t), CS_ERR_POLICY_REFUSED);
    signers_free(s);
}

static void an_empty_list_is_said_and_nothing_is_taken(void **state)
{
    static const uint8_t set123[] = {1, 2, 3};
    struct signers *s = signers_new(3, 3, 308);
    struct cs_frost_task t = signers_task(s, 1, set123);
    struct cs_frost_use u = signers_use(s, 1, 2);
    struct cs_frost_run *r = NULL;
    uint8_t rand[CS_FROST_RAND] = {0}, empty = 0;

    (void)state;
    signers_stock(s, 2, 1, 1);
    assert_int_equal(cs_frost_run_start(&r, &empty, s->pool[1], &t, rand, s->now),
                     CS_ERR_NOT_FOUND);
    assert_int_equal(empty, 3);
    assert_int_equal(cs_frost_pool_have(s->pool[1], &u, s->now), 1);
    signers_free(s);
}

/* ---- a lying initiator
 * ------------------------------------------------------------------------ */

/* A REQ that party 1 made for 2, as bytes to spoil. */
static void make_req(struct signers *s, uint8_t out[188])
{
    struct cs_frost_run *r;
    struct cs_span req;

    signers_stock(s, 2, 1, 1);
    r = signers_start(s, 1, set12);
    req = cs_frost_run_req(r, 2);
    assert_int_equal(req.n, 188);
    assert_int_equal(req.n, CS_FROST_REQ_LEN(2, CS_FROST_COMMIT_LEN));
    memcpy(out, req.p, req.n);
    cs_frost_run_free(r);
}

static void assert_req(struct signers *s, const uint8_t *req, size_t n,
                       enum cs_err want)
{
    uint8_t rsp[CS_FROST_RSP_LEN];

    assert_int_equal(signers_answer(s, 2, 1, set12, CS_SPAN(req, n), rsp), want);
}

/* Row 44: same id twice.  The same bytes get the same answer, others none, ever. */
static void a_nonce_id_answers_one_request(void **state)
{
    struct signers *s = signers_new(3, 2, 309);
    uint8_t req[188], other[188], first[CS_FROST_RSP_LEN], again[CS_FROST_RSP_LEN];

    (void)state;
    make_req(s, req);
    assert_int_equal(signers_answer(s, 2, 1, set12, CS_SPAN_OF(req), first), CS_OK);
    assert_int_equal(signers_answer(s, 2, 1, set12, CS_SPAN_OF(req), again),
                     CS_ERR_EXISTS);
    assert_memory_equal(first, again, sizeof first);
    /* Another D_I under the same id, for the same message. */
    memcpy(other, req, sizeof req);
    memcpy(other + 59, req + 59 + 32, 32);
    assert_req(s, other, sizeof other, CS_ERR_FROST_NONCE_ID);
    /* Another message under the same id (row 1). */
    signers_request(s);
    struct cs_frost_task t = signers_task(s, 1, set12);
    cs_request_hash(other, t.request);
    memcpy(other + 32, s->request.request_id, CS_ID_LEN);
    assert_req(s, other, sizeof other, CS_ERR_FROST_NONCE_ID);
    /* The answer is kept for 60 s. */
    assert_req(s, req, sizeof req, CS_ERR_POLICY_REFUSED); /* another request by now */
    signers_free(s);
}

static void stored_answers_live_for_a_minute(void **state)
{
    struct signers *s = signers_new(3, 2, 310);
    uint8_t req[188], rsp[CS_FROST_RSP_LEN];

    (void)state;
    make_req(s, req);
    assert_int_equal(signers_answer(s, 2, 1, set12, CS_SPAN_OF(req), rsp), CS_OK);
    s->now += 60000;
    assert_req(s, req, sizeof req, CS_ERR_EXISTS);
    s->now += 1;
    assert_req(s, req, sizeof req, CS_ERR_FROST_NONCE_ID);
    signers_free(s);
}

/* While a worker computes, a repeat is neither answered nor computed again. */
static void a_repeat_during_the_computation_is_dropped(void **state)
{
    struct signers *s = signers_new(3, 2, 311);
    struct cs_frost_task t = signers_task(s, 2, set12);
    struct cs_frost_answer *a, *b = NULL;
    uint8_t req[188], rsp[CS_FROST_RSP_LEN];

    (void)state;
    make_req(s, req);
    assert_int_equal(
        cs_frost_answer_take(&a, rsp, s->pool[2], &t, 1, CS_SPAN_OF(req), s->now),
        CS_OK);
    assert_int_equal(
        cs_frost_answer_take(&b, rsp, s->pool[2], &t, 1, CS_SPAN_OF(req), s->now),
        CS_ERR_REPLAY);
    assert_null(b);
    /* The job is lost: the nonce stays spent. */
    cs_frost_answer_free(a);
    assert_int_equal(
        cs_frost_answer_take(&b, rsp, s->pool[2], &t, 1, CS_SPAN_OF(req), s->now),
        CS_ERR_REPLAY);
    signers_free(s);
}

/* Row 44: a list with changed D_J, E_J.  And D_I, E_I that are no points (row 37). */
static void spoiled_commitments_are_refused(void **state)
{
    static const uint8_t identity[32] = {1}, zero[32] = {0};
    struct signers *s = signers_new(3, 2, 312);
    uint8_t req[188], bad[188];

    (void)state;
    make_req(s, req);
    for (size_t half = 0; half < 2; half++) {
        memcpy(bad, req, sizeof req);
        memcpy(bad + 58 + 65 + 1 + 32 * half, req + 59, 32); /* a valid point */
        assert_req(s, bad, sizeof bad, CS_ERR_FROST_BINDING);
        memcpy(bad, req, sizeof req);
        memcpy(bad + 59 + 32 * half, identity, 32);
        assert_req(s, bad, sizeof bad, CS_ERR_FROST_COMMIT);
        memcpy(bad + 59 + 32 * half, zero, 32);
        assert_req(s, bad, sizeof bad, CS_ERR_FROST_COMMIT);
    }
    /* Nothing was computed with the nonce: the honest request still gets its answer. */
    assert_req(s, req, sizeof req, CS_OK);
    signers_free(s);
}

static void requests_are_compared_with_the_own_copy(void **state)
{
    struct signers *s = signers_new(3, 2, 313);
    uint8_t req[188], bad[189], rsp[CS_FROST_RSP_LEN];

    (void)state;
    make_req(s, req);
    memcpy(bad, req, sizeof req);
    bad[0] ^= 1; /* reqh */
    assert_req(s, bad, 188, CS_ERR_POLICY_REFUSED);
    memcpy(bad, req, sizeof req);
    bad[40] ^= 1; /* request id */
    assert_req(s, bad, 188, CS_ERR_POLICY_REFUSED);
    memcpy(bad, req, sizeof req);
    bad[58 + 65] = 3; /* other signers than the own task says */
    assert_req(s, bad, 188, CS_ERR_POLICY_REFUSED);
    bad[58 + 65] = 1; /* not rising */
    assert_req(s, bad, 188, CS_ERR_BAD_FORMAT);
    bad[58 + 65] = 8;
    assert_req(s, bad, 188, CS_ERR_BAD_FORMAT);
    bad[58] = 0;
    assert_req(s, bad, 188, CS_ERR_BAD_FORMAT);
    memcpy(bad, req, sizeof req);
    bad[188] = 0;
    assert_req(s, bad, 189, CS_ERR_BAD_FORMAT);
    for (size_t n = 0; n < 188; n++) {
        assert_req(s, bad, n, CS_ERR_BAD_FORMAT);
    }
    memcpy(bad, req, sizeof req);
    bad[55] ^= 0x40; /* nonce id */
    assert_req(s, bad, 188, CS_ERR_FROST_NONCE_ID);
    /* Row 30: the same bytes from another member than the task names. */
    assert_int_equal(signers_answer(s, 2, 3, set12, CS_SPAN_OF(req), rsp),
                     CS_ERR_POLICY_REFUSED);
    assert_int_equal(signers_answer(s, 2, 2, set12, CS_SPAN_OF(req), rsp),
                     CS_ERR_POLICY_REFUSED);
    assert_req(s, req, sizeof req, CS_OK);
    signers_free(s);
}

/* Nonces are for one initiator, key, epoch and link. */
static void nonces_are_bound_at_birth(void **state)
{
    struct signers *s = signers_new(3, 2, 314);
    uint8_t req[188], rsp[CS_FROST_RSP_LEN], save[16];

    (void)state;
    make_req(s, req);
    memcpy(save, s->link[1][2], 16);
    s->link[1][2][0] ^= 1; /* a new link */
    assert_req(s, req, sizeof req, CS_ERR_FROST_NONCE_ID);
    memcpy(s->link[1][2], save, 16);
    /* The third member presents what was published to the first. */
    static const uint8_t set23[] = {2, 3};
    req[58] = 2;
    req[58 + 65] = 3;
    memmove(req + 59, req + 58 + 66, 64); /* own entry of 2 first */
    assert_int_equal(signers_answer(s, 2, 3, set23, CS_SPAN_OF(req), rsp),
                     CS_ERR_FROST_NONCE_ID);
    signers_free(s);
}

/* Row 43: 10^3 concurrent sessions whose list entries are forged after seeing each
 * other: each answer belongs to its own R, so no forged list is answered, and partial
 * signatures of one session do not verify in another. */
static void a_thousand_concurrent_sessions_with_forged_entries(void **state)
{
    enum { ROUNDS = 8, EACH = 125 };
    struct signers *s = signers_new(3, 2, 315);
    struct cs_frost_run *r[EACH];
    uint8_t rsp[EACH][CS_FROST_RSP_LEN], sig[64], culprit;

    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        signers_stock(s, 2, 1, EACH);
        for (size_t i = 0; i < EACH; i++) {
            r[i] = signers_start(s, 1, set12);
        }
        for (size_t i = 0; i < EACH; i++) {
            struct cs_span req = cs_frost_run_req(r[i], 2);
            struct cs_span other = cs_frost_run_req(r[(i + 1) % EACH], 2);
            uint8_t forged[188];

            memcpy(forged, req.p, sizeof forged);
            memcpy(forged + 58 + 65, other.p + 58 + 65,
                   65); /* J's entry of another id */
            assert_req(s, forged, sizeof forged, CS_ERR_FROST_BINDING);
            assert_int_equal(signers_answer(s, 2, 1, set12, req, rsp[i]), CS_OK);
            assert_req(s, forged, sizeof forged, CS_ERR_FROST_NONCE_ID);
        }
        for (size_t i = 0; i < EACH; i++) {
            uint8_t mixed[CS_FROST_RSP_LEN];

            memcpy(mixed, rsp[i], 8);
            memcpy(mixed + 8, rsp[i % 2 == 0 ? i : (i + 1) % EACH] + 8, 32);
            assert_int_equal(cs_frost_run_put(r[i], 2, CS_SPAN_OF(mixed)), CS_OK);
            assert_int_equal(cs_frost_run_finish(r[i], sig, &culprit),
                             i % 2 == 0 ? CS_OK : CS_ERR_FROST_SHARE);
            cs_frost_run_free(r[i]);
        }
    }
    signers_free(s);
}

/* ---- a lying responder
 * ---------------------------------------------------------------------------- */

/* Rows 39, 45, 46. */
static void wrong_answers_are_attributed_and_end_the_run(void **state)
{
    static const struct {
        size_t at;
        int fill;
        enum cs_err put, finish;
    } cases[] = {
        {8, -1, CS_OK, CS_ERR_FROST_SHARE},
        {20, -1, CS_OK, CS_ERR_FROST_SHARE},
        {8, 0x00, CS_ERR_ZERO_OR_RANGE, CS_ERR_STATE},
        {8, 0xff, CS_ERR_ZERO_OR_RANGE, CS_ERR_STATE},
    };
    struct signers *s = signers_new(3, 2, 316);

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        uint8_t rsp[CS_FROST_RSP_LEN], sig[64], culprit = 0;
        struct cs_frost_run *r;

        signers_stock(s, 2, 1, 1);
        r = signers_start(s, 1, set12);
        assert_int_equal(signers_answer(s, 2, 1, set12, cs_frost_run_req(r, 2), rsp),
                         CS_OK);
        if (cases[i].fill < 0) {
            rsp[cases[i].at] ^= 1;
        } else {
            memset(rsp + 8, cases[i].fill, 32);
        }
        memset(sig, 1, sizeof sig);
        assert_int_equal(cs_frost_run_put(r, 2, CS_SPAN_OF(rsp)), cases[i].put);
        assert_int_equal(cs_frost_run_finish(r, sig, &culprit), cases[i].finish);
        assert_true(sodium_is_zero(sig, sizeof sig));
        assert_int_equal(culprit, cases[i].finish == CS_ERR_FROST_SHARE ? 2 : 0);
        cs_frost_run_free(r);
    }
    signers_free(s);
}

static void answers_are_exact_and_expected(void **state)
{
    struct signers *s = signers_new(3, 2, 317);
    uint8_t rsp[CS_FROST_RSP_LEN + 1] = {0}, good[CS_FROST_RSP_LEN], sig[64], culprit;
    struct cs_frost_run *r;

    (void)state;
    signers_stock(s, 2, 1, 1);
    r = signers_start(s, 1, set12);
    assert_int_equal(signers_answer(s, 2, 1, set12, cs_frost_run_req(r, 2), good),
                     CS_OK);
    for (size_t n = 0; n <= sizeof rsp; n++) {
        if (n != CS_FROST_RSP_LEN) {
            assert_int_equal(cs_frost_run_put(r, 2, CS_SPAN(rsp, n)),
                             CS_ERR_BAD_FORMAT);
        }
    }
    memcpy(rsp, good, sizeof good);
    rsp[7] ^= 1; /* an answer to another id */
    assert_int_equal(cs_frost_run_put(r, 2, CS_SPAN(rsp, 40)), CS_ERR_REPLAY);
    assert_int_equal(cs_frost_run_put(r, 1, CS_SPAN_OF(good)), CS_ERR_REPLAY);
    assert_int_equal(cs_frost_run_put(r, 3, CS_SPAN_OF(good)), CS_ERR_REPLAY);
    assert_int_equal(cs_frost_run_put(r, 0, CS_SPAN_OF(good)), CS_ERR_REPLAY);
    assert_int_equal(cs_frost_run_put(r, 200, CS_SPAN_OF(good)), CS_ERR_REPLAY);
    assert_int_equal(cs_frost_run_finish(r, sig, &culprit), CS_ERR_STATE);
    assert_int_equal(cs_frost_run_put(r, 2, CS_SPAN_OF(good)), CS_OK);
    assert_int_equal(cs_frost_run_put(r, 2, CS_SPAN_OF(good)), CS_ERR_REPLAY);
    assert_int_equal(cs_frost_run_finish(r, sig, &culprit), CS_OK);
    assert_signature(s, sig);
    assert_int_equal(cs_frost_run_put(r, 2, CS_SPAN_OF(good)), CS_ERR_REPLAY);
    assert_true(cs_frost_run_sid(r, 2) != NULL && cs_frost_run_sid(r, 3) == NULL);
    cs_frost_run_free(r);
    signers_free(s);
}

/* Row 36: many invalid partials: each run has its own nonces, and an honest one works
 * afterwards as before. */
static void invalid_partials_cost_nothing_but_their_run(void **state)
{
    struct signers *s = signers_new(3, 2, 318);
    uint8_t seen[64][32];

    (void)state;
    for (size_t i = 0; i < 64; i++) {
        uint8_t rsp[CS_FROST_RSP_LEN], sig[64], culprit;
        struct cs_frost_run *r;

        signers_stock(s, 3, 1, 1);
        r = signers_start(s, 1, set13);
        memcpy(seen[i], cs_frost_run_req(r, 3).p + 59, 32);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(seen[i], seen[k], 32); /* D_I is new each time */
        }
        assert_int_equal(signers_answer(s, 3, 1, set13, cs_frost_run_req(r, 3), rsp),
                         CS_OK);
        rsp[9] ^= (uint8_t)(1 + i);
        assert_int_equal(cs_frost_run_put(r, 3, CS_SPAN_OF(rsp)), CS_OK);
        assert_int_equal(cs_frost_run_finish(r, sig, &culprit), CS_ERR_FROST_SHARE);
        cs_frost_run_free(r);
    }
    sign_ok(s, 1, set13);
    signers_free(s);
}

/* Header's sid: of the link and the id. */
static void the_session_id_is_of_link_and_nonce(void **state)
{
    uint8_t link[16] = {1}, other[16] = {2}, a[32], b[32];

    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    cs_frost_sid(a, link, 1);
    cs_frost_sid(b, link, 2);
    assert_memory_not_equal(a, b, 32);
    cs_frost_sid(b, other, 1);
    assert_memory_not_equal(a, b, 32);
    cs_frost_sid(b, link, 1);
    assert_memory_equal(a, b, 32);
}

static void a_request_can_be_peeked_at(void **state)
{
    struct signers *s = signers_new(3, 2, 319);
    uint8_t req[188], id[CS_ID_LEN], reqh[32], want[32];

    (void)state;
    make_req(s, req);
    cs_request_hash(want, &s->request);
    assert_int_equal(cs_frost_req_peek(id, reqh, CS_SPAN_OF(req)), CS_OK);
    assert_memory_equal(id, s->request.request_id, CS_ID_LEN);
    assert_memory_equal(reqh, want, 32);
    assert_int_equal(cs_frost_req_peek(id, reqh, CS_SPAN(req, 47)), CS_ERR_BAD_FORMAT);
    signers_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_constant_rng_gives_the_initiator_no_nonce_twice),
        cmocka_unit_test(the_hedge_takes_in_everything),
        cmocka_unit_test(every_pair_signs_from_either_side),
        cmocka_unit_test(larger_sets_sign),
        cmocka_unit_test(each_pair_makes_its_check_signature),
        cmocka_unit_test(signer_sets_are_exact),
        cmocka_unit_test(requests_must_fit_the_key),
        cmocka_unit_test(a_key_of_another_scheme_is_refused),
        cmocka_unit_test(an_empty_list_is_said_and_nothing_is_taken),
        cmocka_unit_test(a_nonce_id_answers_one_request),
        cmocka_unit_test(stored_answers_live_for_a_minute),
        cmocka_unit_test(a_repeat_during_the_computation_is_dropped),
        cmocka_unit_test(spoiled_commitments_are_refused),
        cmocka_unit_test(requests_are_compared_with_the_own_copy),
        cmocka_unit_test(nonces_are_bound_at_birth),
        cmocka_unit_test(a_thousand_concurrent_sessions_with_forged_entries),
        cmocka_unit_test(wrong_answers_are_attributed_and_end_the_run),
        cmocka_unit_test(answers_are_exact_and_expected),
        cmocka_unit_test(invalid_partials_cost_nothing_but_their_run),
        cmocka_unit_test(the_session_id_is_of_link_and_nonce),
        cmocka_unit_test(a_request_can_be_peeked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
