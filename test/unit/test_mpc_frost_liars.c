/* Lies in one message each way (PROTOCOLS 7.2, 7.6), in both schemes: every field of
 * FR_REQ and FR_RSP, every way in which it can be wrong, and who is blamed (section 10
 * rows 1, 30, 36 to 39, 43 to 46). */
#include <sodium.h>

#include "base/text.h"
#include "mpc/frost_suite.h"
#include "mpc/guard_cells.h"
#include "support/mpc_signers.h"

static const uint8_t set12[] = {1, 2}, set13[] = {1, 3};

/* ---- a lying initiator ----------------------------------------------------------- */

/* Row 44: same id twice.  The same bytes get the same answer, others none, ever. */
static void a_nonce_id_answers_one_request(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 309);
    uint8_t req[REQ_MAX], other[REQ_MAX], first[CS_FROST_RSP_LEN],
        again[CS_FROST_RSP_LEN];
    size_t n = signers_req(s, req);
    struct req_at at = signers_at(s);

    assert_int_equal(signers_answer(s, 2, 1, set12, CS_SPAN(req, n), first), CS_OK);
    assert_int_equal(signers_answer(s, 2, 1, set12, CS_SPAN(req, n), again),
                     CS_ERR_EXISTS);
    assert_memory_equal(first, again, sizeof first);
    /* Another D_I under the same id, for the same message. */
    memcpy(other, req, n);
    memcpy(other + at.first, req + at.first + at.point, at.point);
    signers_assert_req(s, other, n, CS_ERR_FROST_NONCE_ID);
    /* Another item of the same request under the same id. */
    memcpy(other, req, n);
    s->item = 2;
    other[49] = 2;
    signers_assert_req(s, other, n, CS_ERR_FROST_NONCE_ID);
    s->item = 1;
    /* Another message under the same id (row 1). */
    signers_request(s);
    cs_request_hash(other, &s->request);
    memcpy(other + 32, s->request.request_id, CS_ID_LEN);
    other[49] = 1;
    signers_assert_req(s, other, n, CS_ERR_FROST_NONCE_ID);
    signers_assert_req(s, req, n, CS_ERR_POLICY_REFUSED); /* another request by now */
    signers_free(s);
}

static void stored_answers_live_for_a_minute(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 310);
    uint8_t req[REQ_MAX];
    size_t n = signers_req(s, req);

    signers_assert_req(s, req, n, CS_OK);
    s->now += 60000;
    signers_assert_req(s, req, n, CS_ERR_EXISTS);
    s->now += 1;
    signers_assert_req(s, req, n, CS_ERR_FROST_NONCE_ID);
    signers_free(s);
}

/* While a worker computes, a repeat is neither answered nor computed again. */
static void a_repeat_during_the_computation_is_dropped(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 311);
    struct cs_frost_task t = signers_task(s, 2, set12);
    struct cs_frost_answer *a, *b = NULL;
    uint8_t req[REQ_MAX], rsp[CS_FROST_RSP_LEN];
    struct cs_span in = CS_SPAN(req, signers_req(s, req));

    assert_int_equal(cs_frost_answer_take(&a, rsp, s->pool[2], &t, 1, in, s->now),
                     CS_OK);
    assert_int_equal(cs_frost_answer_take(&b, rsp, s->pool[2], &t, 1, in, s->now),
                     CS_ERR_REPLAY);
    assert_null(b);
    assert_int_equal(cs_frost_answer_run(a), CS_OK);
    assert_int_equal(cs_frost_answer_run(a), CS_ERR_NONCE_USED);
    /* The job is lost: the nonce stays spent. */
    cs_frost_answer_free(a);
    assert_int_equal(cs_frost_answer_take(&b, rsp, s->pool[2], &t, 1, in, s->now),
                     CS_ERR_REPLAY);
    signers_free(s);
}

/* Row 44: a list with changed D_J, E_J.  D_I, E_I that are no points (37, 38). */
static void spoiled_commitments_are_refused(void **state)
{
    static const uint8_t order_2[32] = {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 312);
    uint8_t req[REQ_MAX], bad[REQ_MAX];
    size_t n = signers_req(s, req);
    struct req_at at = signers_at(s);

    for (size_t half = 0; half < 2; half++) {
        uint8_t *own = bad + at.second + at.point * half;
        uint8_t *point = bad + at.first + at.point * half;

        memcpy(bad, req, n);
        memcpy(own, req + at.first, at.point); /* a valid point, but not the own one */
        signers_assert_req(s, bad, n, CS_ERR_FROST_BINDING);
        memcpy(bad, req, n);
        memset(point, 0, at.point);
        signers_assert_req(s, bad, n, CS_ERR_FROST_COMMIT);
        memset(point, 0xff, at.point);
        signers_assert_req(s, bad, n, CS_ERR_FROST_COMMIT);
        memcpy(point, req + at.first + at.point * half, at.point);
        point[0] = s->scheme == CS_SCHEME_BIP340 ? 4
                                                 : point[0]; /* no hybrid, no long */
        if (s->scheme == CS_SCHEME_FROST_ED25519) { /* P + T of order 2; T alone */
            assert_int_equal(crypto_core_ed25519_add(point, point, order_2), 0);
        }
        signers_assert_req(s, bad, n, CS_ERR_FROST_COMMIT);
        if (s->scheme == CS_SCHEME_FROST_ED25519) {
            memcpy(point, order_2, 32);
            signers_assert_req(s, bad, n, CS_ERR_FROST_COMMIT);
            memset(point, 0, 32);
            point[0] = 1; /* the identity */
            signers_assert_req(s, bad, n, CS_ERR_FROST_COMMIT);
        }
    }
    /* Nothing was computed with the nonce: the honest request still gets its answer. */
    signers_assert_req(s, req, n, CS_OK);
    signers_free(s);
}

/* One bit of each byte of REQ: what it is, decides what is said. */
static void every_byte_of_a_request_counts(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 323);
    uint8_t req[REQ_MAX], bad[REQ_MAX];
    size_t n = signers_req(s, req);
    struct req_at at = signers_at(s);

    for (size_t i = 0; i < n; i++) {
        enum cs_err want = i < 50   ? CS_ERR_POLICY_REFUSED /* reqh, request id, item */
                           : i < 58 ? CS_ERR_FROST_NONCE_ID
                                    : CS_ERR_FROST_BINDING;

        memcpy(bad, req, n);
        bad[i] ^= 0x80;
        if (i == at.first - 1 || i == at.second - 1) {
            want = CS_ERR_BAD_FORMAT; /* an index */
        }
        if (i < at.first || i >= at.second - 1) {
            signers_assert_req(s, bad, n, want);
        }
    }
    /* What is left is D_I, E_I: another point of the initiator gets another answer. */
    signers_assert_req(s, req, n, CS_OK);
    signers_free(s);
}

static void requests_are_compared_with_the_own_copy(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 313);
    uint8_t req[REQ_MAX], bad[REQ_MAX + 1] = {0}, rsp[CS_FROST_RSP_LEN];
    size_t n = signers_req(s, req);
    struct req_at at = signers_at(s);

    memcpy(bad, req, n);
    bad[at.second - 1] = 3; /* other signers than the own task says */
    signers_assert_req(s, bad, n, CS_ERR_POLICY_REFUSED);
    bad[at.second - 1] = 1; /* not rising */
    signers_assert_req(s, bad, n, CS_ERR_BAD_FORMAT);
    bad[at.second - 1] = 8;
    signers_assert_req(s, bad, n, CS_ERR_BAD_FORMAT);
    memcpy(bad, req, n);
    bad[at.first - 1] = 0;
    signers_assert_req(s, bad, n, CS_ERR_BAD_FORMAT);
    memcpy(bad, req, n);
    for (size_t k = 0; k <= n + 1; k++) {
        if (k != n) {
            signers_assert_req(s, bad, k, CS_ERR_BAD_FORMAT);
        }
    }
    /* Row 30: the same bytes from another member than the task names. */
    assert_int_equal(signers_answer(s, 2, 3, set12, CS_SPAN(req, n), rsp),
                     CS_ERR_POLICY_REFUSED);
    assert_int_equal(signers_answer(s, 2, 2, set12, CS_SPAN(req, n), rsp),
                     CS_ERR_POLICY_REFUSED);
    signers_assert_req(s, req, n, CS_OK);
    signers_free(s);
}

/* Bytes of no scheme: no entries but indices. */
static void entries_without_points_are_refused(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 329);
    uint8_t bytes[CS_FROST_REQ_HEAD + 2] = {[CS_FROST_REQ_HEAD] = 1, 2};
    struct cs_frost_req q;

    assert_int_equal(cs_frost_req_decode(&q, 2, CS_SPAN_OF(bytes)), CS_ERR_BAD_FORMAT);
    signers_free(s);
}

/* The responder's own task is checked as the initiator's is. */
static void a_responder_checks_its_own_task(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 330);
    uint8_t req[REQ_MAX];
    size_t n = signers_req(s, req);

    s->key[2]->state = CS_KEY_PENDING;
    signers_assert_req(s, req, n, CS_ERR_STATE);
    s->key[2]->state = CS_KEY_ACTIVE;
    s->msg[0][5] ^= 1; /* other bytes than the approved ones */
    signers_assert_req(s, req, n, CS_ERR_POLICY_REFUSED);
    s->msg[0][5] ^= 1;
    s->item = N_ITEMS;
    signers_assert_req(s, req, n, CS_ERR_USAGE);
    s->item = 1;
    signers_assert_req(s, req, n, CS_OK);
    signers_free(s);
}

/* A request about one item is no request about another, or about none. */
static void the_item_is_the_tasks(void **state)
{
    static const uint8_t others[][2] = {{0, 0}, {0, 2}, {0, 3},
                                        {1, 1}, {2, 0}, {255, 255}};
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 324);
    uint8_t req[REQ_MAX], bad[REQ_MAX];
    size_t n = signers_req(s, req);

    assert_int_equal(req[48], 0);
    assert_int_equal(req[49], s->item);
    for (size_t i = 0; i < CS_COUNTOF(others); i++) {
        memcpy(bad, req, n);
        memcpy(bad + 48, others[i], 2);
        signers_assert_req(s, bad, n, CS_ERR_POLICY_REFUSED);
    }
    for (s->item = 0; s->item < N_ITEMS; s->item += 2) { /* the responder's task */
        signers_assert_req(s, req, n, CS_ERR_POLICY_REFUSED);
    }
    s->item = 1;
    signers_assert_req(s, req, n, CS_OK);
    signers_free(s);
}

/* A message of the other scheme: the length alone says so. */
static void a_request_of_the_other_scheme_is_refused(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 325);
    uint8_t req[REQ_MAX], bad[REQ_MAX] = {0};
    struct cs_frost_req q;
    struct cs_wr w = {0};
    size_t n = signers_req(s, req);

    assert_int_equal(cs_frost_req_decode(&q, 2, CS_SPAN(req, n)), CS_OK);
    assert_int_equal(q.commit_len, cs_frost_commit_len(s->scheme));
    assert_int_equal(q.item, s->item);
    q.commit_len = (uint8_t)(CS_FROST_COMMIT_LEN + CS_BIP340_NONCE_LEN - q.commit_len);
    cs_frost_req_encode(&w, &q);
    assert_int_equal(w.err, CS_OK);
    memcpy(bad, w.p, w.n);
    signers_assert_req(s, bad, w.n, CS_ERR_BAD_FORMAT);
    signers_assert_req(s, req, n, CS_OK);
    cs_wr_free(&w);
    signers_free(s);
}

/* Nonces are for one initiator, key, epoch, scheme and link. */
static void nonces_are_bound_at_birth(void **state)
{
    static const uint8_t set23[] = {2, 3};
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 314);
    uint8_t req[REQ_MAX], rsp[CS_FROST_RSP_LEN];
    size_t n = signers_req(s, req);
    struct req_at at = signers_at(s);

    s->link[1][2][0] ^= 1; /* a new link */
    signers_assert_req(s, req, n, CS_ERR_FROST_NONCE_ID);
    s->link[1][2][0] ^= 1;
    for (uint8_t i = 1; i <= 2; i++) { /* another epoch, with a request for it */
        s->key[i]->body.epoch = 1;
    }
    s->request.key_epoch = 1;
    cs_request_hash(req, &s->request);
    signers_assert_req(s, req, n, CS_ERR_FROST_NONCE_ID);
    for (uint8_t i = 1; i <= 2; i++) {
        s->key[i]->body.epoch = 0;
    }
    s->request.key_epoch = 0;
    cs_request_hash(req, &s->request);
    /* The third member presents what was published to the first. */
    req[at.first - 1] = 2;
    req[at.second - 1] = 3;
    memcpy(req + at.first, req + at.second, at.entry - 1); /* own entry of 2 first */
    assert_int_equal(signers_answer(s, 2, 3, set23, CS_SPAN(req, n), rsp),
                     CS_ERR_FROST_NONCE_ID);
    /* .. even if it could have a link of the same id. */
    memcpy(s->link[2][3], s->link[1][2], 16);
    assert_int_equal(signers_answer(s, 2, 3, set23, CS_SPAN(req, n), rsp),
                     CS_ERR_FROST_NONCE_ID);
    signers_free(s);
}

/* Row 43: 10^3 concurrent sessions whose list entries are forged after seeing each
 * other: each answer belongs to its own R, so no forged list is answered, and partial
 * signatures of one session do not verify in another. */
static void a_thousand_concurrent_sessions_with_forged_entries(void **state)
{
    enum { ROUNDS = 8, EACH = 125 };
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 315);
    struct req_at at = signers_at(s);
    struct cs_frost_run *r[EACH];
    uint8_t rsp[EACH][CS_FROST_RSP_LEN], sig[64], culprit;

    for (size_t round = 0; round < ROUNDS; round++) {
        signers_stock(s, 2, 1, EACH);
        for (size_t i = 0; i < EACH; i++) {
            r[i] = signers_start(s, 1, set12);
        }
        for (size_t i = 0; i < EACH; i++) {
            struct cs_span req = cs_frost_run_req(r[i], 2);
            struct cs_span other = cs_frost_run_req(r[(i + 1) % EACH], 2);
            uint8_t forged[REQ_MAX];

            memcpy(forged, req.p, req.n); /* with J's entry of another id */
            memcpy(forged + at.second, other.p + at.second, at.entry - 1);
            signers_assert_req(s, forged, req.n, CS_ERR_FROST_BINDING);
            assert_int_equal(signers_answer(s, 2, 1, set12, req, rsp[i]), CS_OK);
            signers_assert_req(s, forged, req.n, CS_ERR_FROST_NONCE_ID);
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

/* ---- a lying responder ----------------------------------------------------------- */

/* A run of 1 with 2's honest answer, to spoil. */
static struct cs_frost_run *answered(struct signers *s, uint8_t rsp[CS_FROST_RSP_LEN])
{
    struct cs_frost_run *r;

    signers_stock(s, 2, 1, 1);
    r = signers_start(s, 1, set12);
    assert_int_equal(signers_answer(s, 2, 1, set12, cs_frost_run_req(r, 2), rsp),
                     CS_OK);
    return r;
}

/* Rows 39, 45, 46.  The order of the group, as the scheme writes it. */
static void wrong_answers_are_attributed_and_end_the_run(void **state)
{
    static const char *const order[] = {
        "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"};
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 316);
    uint8_t z[4][32] = {{0}}, rsp[CS_FROST_RSP_LEN], sig[64], culprit;

    memset(z[1], 0xff, 32);
    assert_int_equal(cs_unhex(z[2], 32, order[s->scheme == CS_SCHEME_BIP340]), CS_OK);
    memcpy(z[3], z[2], 32);
    z[3][s->scheme == CS_SCHEME_BIP340 ? 31 : 0]++; /* q + 1 */
    for (size_t i = 0; i < CS_COUNTOF(z); i++) {
        struct cs_frost_run *r = answered(s, rsp);

        memcpy(rsp + 8, z[i], 32);
        assert_int_equal(cs_frost_run_put(r, 2, CS_SPAN_OF(rsp)), CS_ERR_ZERO_OR_RANGE);
        memset(sig, 1, sizeof sig);
        assert_int_equal(cs_frost_run_finish(r, sig, &culprit), CS_ERR_STATE);
        assert_true(sodium_is_zero(sig, sizeof sig));
        assert_int_equal(culprit, 0);
        cs_frost_run_free(r);
    }
    signers_free(s);
}

/* Every byte of z: out of range, or a share that is wrong; never a signature. */
static void every_byte_of_an_answer_counts(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 326);
    uint8_t rsp[CS_FROST_RSP_LEN], sig[64], culprit;

    for (size_t i = 0; i < CS_FROST_RSP_LEN; i++) {
        struct cs_frost_run *r = answered(s, rsp);
        enum cs_err put;

        rsp[i] ^= 1;
        put = cs_frost_run_put(r, 2, CS_SPAN_OF(rsp));
        assert_int_equal(put == CS_ERR_REPLAY, i < 8); /* the nonce id */
        if (i >= 8 && put == CS_OK) {
            memset(sig, 1, sizeof sig);
            assert_int_equal(cs_frost_run_finish(r, sig, &culprit), CS_ERR_FROST_SHARE);
            assert_int_equal(culprit, 2);
            assert_true(sodium_is_zero(sig, sizeof sig));
        } else if (i >= 8) {
            assert_int_equal(put, CS_ERR_ZERO_OR_RANGE);
        }
        cs_frost_run_free(r);
    }
    signers_free(s);
}

/* Of three signers the one who lied is named, wherever it stands. */
static void the_liar_is_found_among_more(void **state)
{
    static const uint8_t set[] = {1, 2, 3};
    struct signers *s = signers_of(SCHEME_OF(state), 3, 3, 327);
    uint8_t rsp[CS_FROST_RSP_LEN], sig[64], culprit;

    for (uint8_t liar = 2; liar <= 3; liar++) {
        struct cs_frost_run *r;

        signers_stock(s, 2, 1, 1);
        signers_stock(s, 3, 1, 1);
        r = signers_start(s, 1, set);
        for (uint8_t j = 2; j <= 3; j++) {
            assert_int_equal(signers_answer(s, j, 1, set, cs_frost_run_req(r, j), rsp),
                             CS_OK);
            rsp[20] ^= j == liar ? 1 : 0;
            assert_int_equal(cs_frost_run_put(r, j, CS_SPAN_OF(rsp)), CS_OK);
        }
        assert_int_equal(cs_frost_run_finish(r, sig, &culprit), CS_ERR_FROST_SHARE);
        assert_int_equal(culprit, liar);
        cs_frost_run_free(r);
    }
    signers_free(s);
}

static void answers_are_exact_and_expected(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 317);
    uint8_t rsp[CS_FROST_RSP_LEN + 1] = {0}, good[CS_FROST_RSP_LEN], sig[64], culprit;
    struct cs_frost_run *r = answered(s, good);

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
    assert_true(signers_verify(s, sig));
    assert_int_equal(cs_frost_run_put(r, 2, CS_SPAN_OF(good)), CS_ERR_REPLAY);
    assert_true(cs_frost_run_sid(r, 2) != NULL && cs_frost_run_sid(r, 3) == NULL);
    cs_frost_run_free(r);
    signers_free(s);
}

/* Row 36: many invalid partials: each run has its own nonces, and an honest one works
 * afterwards as before. */
static void invalid_partials_cost_nothing_but_their_run(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 318);
    uint8_t seen[64][32], rsp[CS_FROST_RSP_LEN], sig[64], culprit;
    struct req_at at = signers_at(s);
    struct cs_frost_run *r;

    for (size_t i = 0; i <= 64; i++) {
        signers_stock(s, 3, 1, 1);
        r = signers_start(s, 1, set13);
        assert_int_equal(signers_answer(s, 3, 1, set13, cs_frost_run_req(r, 3), rsp),
                         CS_OK);
        if (i < 64) {
            memcpy(seen[i], cs_frost_run_req(r, 3).p + at.first + 1, 31);
            for (size_t k = 0; k < i; k++) { /* D_I is new each time */
                assert_memory_not_equal(seen[i], seen[k], 31);
            }
            rsp[20] ^= (uint8_t)(1 + i);
        }
        assert_int_equal(cs_frost_run_put(r, 3, CS_SPAN_OF(rsp)), CS_OK);
        assert_int_equal(cs_frost_run_finish(r, sig, &culprit),
                         i < 64 ? CS_ERR_FROST_SHARE : CS_OK);
        cs_frost_run_free(r);
    }
    assert_true(signers_verify(s, sig));
    signers_free(s);
}

/* ---- faults of this machine (7.6) ------------------------------------------------ */

/* A share that is not the key's any more leaves neither role, and blames nobody. */
static void a_damaged_share_is_not_used(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 328);
    struct cs_frost_task t = signers_task(s, 2, set12);
    uint8_t rsp[CS_FROST_RSP_LEN], sig[64], req[REQ_MAX], culprit = 9;
    struct cs_frost_answer *a;
    struct cs_frost_run *r;

    s->key[2]->x.s.b[9] ^= 4;
    assert_int_equal(cs_frost_answer_take(&a, rsp, s->pool[2], &t, 1,
                                          CS_SPAN(req, signers_req(s, req)), s->now),
                     CS_OK);
    assert_int_equal(cs_frost_answer_run(a), s->scheme == CS_SCHEME_BIP340
                                                 ? CS_ERR_KEY_CORRUPT
                                                 : CS_ERR_FROST_SELF);
    cs_frost_answer_free(a);
    s->key[2]->x.s.b[9] ^= 4;
    s->key[1]->x.s.b[9] ^= 4;
    r = answered(s, rsp);
    assert_int_equal(cs_frost_run_put(r, 2, CS_SPAN_OF(rsp)), CS_OK);
    assert_int_equal(cs_frost_run_finish(r, sig, &culprit), CS_ERR_FROST_SELF);
    assert_int_equal(culprit, 0);
    assert_true(sodium_is_zero(sig, sizeof sig));
    cs_frost_run_free(r);
    signers_free(s);
}

/* Nor does the initiator blame the others for its own nonces, which had to wait for
 * their answers: R was not the one that they signed for. */
static void a_damaged_nonce_blames_nobody(void **state)
{
    struct signers *s = signers_of(SCHEME_OF(state), 3, 2, 329);
    uint8_t rsp[CS_FROST_RSP_LEN], sig[64], culprit = 9;
    struct cs_frost_secrets *cell = cs_guard_cell_new();
    struct cs_frost_run *r;

    cs_guard_cell_free(cell); /* the lowest free one: the next run's */
    r = answered(s, rsp);
    assert_memory_equal(&cell->x, &s->key[1]->x, sizeof cell->x);
    cell->nonces.e.s.b[9] ^= 4;
    assert_int_equal(cs_frost_run_put(r, 2, CS_SPAN_OF(rsp)), CS_OK);
    assert_int_equal(cs_frost_run_finish(r, sig, &culprit), CS_ERR_FROST_SELF);
    assert_int_equal(culprit, 0);
    assert_true(sodium_is_zero(sig, sizeof sig));
    cs_frost_run_free(r);
    signers_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH(a_nonce_id_answers_one_request),
        IN_BOTH(stored_answers_live_for_a_minute),
        IN_BOTH(a_repeat_during_the_computation_is_dropped),
        IN_BOTH(spoiled_commitments_are_refused),
        IN_BOTH(every_byte_of_a_request_counts),
        IN_BOTH(requests_are_compared_with_the_own_copy),
        IN_BOTH(the_item_is_the_tasks),
        IN_BOTH(entries_without_points_are_refused),
        IN_BOTH(a_responder_checks_its_own_task),
        IN_BOTH(a_request_of_the_other_scheme_is_refused),
        IN_BOTH(nonces_are_bound_at_birth),
        IN_BOTH(a_thousand_concurrent_sessions_with_forged_entries),
        IN_BOTH(wrong_answers_are_attributed_and_end_the_run),
        IN_BOTH(every_byte_of_an_answer_counts),
        IN_BOTH(the_liar_is_found_among_more),
        IN_BOTH(answers_are_exact_and_expected),
        IN_BOTH(invalid_partials_cost_nothing_but_their_run),
        IN_BOTH(a_damaged_share_is_not_used),
        IN_BOTH(a_damaged_nonce_blames_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
