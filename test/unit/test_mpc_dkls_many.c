/* DKLs23 with any t of n signers (PROTOCOLS 4.5, 15.1 A3, 15.4 D5): every subset signs,
 * and of three signers each check names who failed it (10, rows 5, 13-16, 24, 29, 31,
 * 36, 38, 39, 54). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "support/dkls_fields.h"
#include "support/dkls_group.h"
#include "support/dkls_inner.h"

static struct group g;
static struct ring r;

/* ---- signatures ------------------------------------------------------------------ */

static void check_signature(const struct ring *ring, uint8_t initiator)
{
    const struct cs_ecdsa_sig *sig = cs_dkls_signature(ring->by[initiator].s);
    uint8_t X[CS_POINT_MAX];

    assert_non_null(sig);
    (void)cs_point_encode(&g.X, X);
    assert_int_equal(cs_ecdsa_verify(X, g.digest, sig->rs), CS_OK);
    for (uint8_t i = 1; i <= g.n; i++) {
        if (ring->by[i].s != NULL) {
            assert_int_equal(ring->by[i].err, CS_OK);
            assert_int_equal(cs_dkls_phase(ring->by[i].s), CS_DKLS_DONE);
            assert_true(i == initiator || cs_dkls_signature(ring->by[i].s) == NULL);
        }
    }
}

static void sign_with(const uint8_t *signers, uint8_t n, uint8_t initiator)
{
    stream_bytes(&rnd, g.digest, 32);
    ring_open(&r, &g, signers, n, initiator);
    ring_pump(&r, &g);
    check_signature(&r, initiator);
    ring_close(&r);
}

/* All subsets of t of n, each with a different initiator. */
static void sign_with_every_subset(uint8_t n, uint8_t t)
{
    unsigned done = 0;

    g.n = n;
    g.t = t;
    group_key(&g);
    for (unsigned mask = 0; mask < 1u << n; mask++) {
        uint8_t signers[GROUP_MAX], k = 0;

        for (uint8_t i = 0; i < n; i++) {
            if ((mask >> i & 1) != 0 && k < GROUP_MAX) {
                signers[k++] = (uint8_t)(i + 1);
            }
        }
        if (k == t) {
            sign_with(signers, k, signers[done++ % k]);
        }
    }
    assert_int_equal(done, n == 3 ? (t == 2 ? 3 : 1) : 10);
}

static void every_subset_of_2_of_3_3_of_3_2_of_5_and_3_of_5_signs(void **state)
{
    (void)state;
    group_open(&g, 5, 2);
    sign_with_every_subset(3, 2);
    sign_with_every_subset(3, 3);
    sign_with_every_subset(5, 2);
    sign_with_every_subset(5, 3);
    {
        static const uint8_t all[] = {1, 2, 3, 4, 5};

        g.t = 5;
        group_key(&g);
        sign_with(all, 5, 3);
    }
    group_close(&g);
}

static const uint8_t three[] = {1, 2, 3};

static size_t sent[GROUP_SLOTS][4];
static uint8_t seen_R[GROUP_SLOTS][33], seen_pk[GROUP_SLOTS][33];

/* Round 1: one broadcast part for all; round 2: R, salt and pk for all, psi for one. */
static bool watch(struct group *group, uint8_t from, struct cs_dkls_msg *m)
{
    static struct cs_dkls_msg first[GROUP_SLOTS];

    (void)group;
    sent[from][m->type]++;
    if (m->type == CS_TYPE_SIG_R1) {
        assert_int_equal(m->bcast.n, CS_SIG_R1_BCAST_LEN);
        assert_int_equal(m->body.n, CS_SIG_R1_LEN - CS_SIG_R1_BCAST_LEN);
    } else {
        assert_int_equal(m->bcast.n, 0);
        assert_int_equal(m->body.n,
                         m->type == CS_TYPE_SIG_R2 ? CS_SIG_R2_TR_LEN : CS_SIG_R3_LEN);
    }
    if (sent[from][m->type] == 1) {
        cs_wr_free(&first[from].bcast);
        cs_wr_free(&first[from].body);
        cs_wr_span(&first[from].bcast, cs_wr_get(&m->bcast));
        cs_wr_span(&first[from].body, cs_wr_get(&m->body));
    } else if (m->type == CS_TYPE_SIG_R1) {
        assert_memory_equal(m->bcast.p, first[from].bcast.p, m->bcast.n);
        assert_memory_not_equal(m->body.p, first[from].body.p, 32);
    } else {
        assert_memory_equal(m->body.p + R2_R, first[from].body.p + R2_R, 33 + 32 + 33);
        assert_memory_not_equal(m->body.p + R2_GU, first[from].body.p + R2_GU, 33);
        assert_memory_not_equal(m->body.p + R2_PSI, first[from].body.p + R2_PSI, 32);
        assert_memory_not_equal(m->body.p + R2_AT, first[from].body.p + R2_AT, 32);
        assert_memory_not_equal(m->body.p + R2_ETA, first[from].body.p + R2_ETA, 32);
        assert_memory_equal(m->body.p + R2_TR, first[from].body.p + R2_TR, 32);
    }
    if (sent[from][m->type] == 2) {
        cs_wr_free(&first[from].bcast);
        cs_wr_free(&first[from].body);
    }
    if (m->type == CS_TYPE_SIG_R2) {
        memcpy(seen_R[from], m->body.p + R2_R, 33);
        memcpy(seen_pk[from], m->body.p + R2_PK, 33);
    }
    return true;
}

static void three_say_the_same_to_all_where_they_must(void **state)
{
    (void)state;
    group_open(&g, 3, 3);
    memset(sent, 0, sizeof sent);
    g.wire = watch;
    ring_open(&r, &g, three, 3, 2);
    ring_pump(&r, &g);
    check_signature(&r, 2);
    for (uint8_t i = 1; i <= 3; i++) {
        assert_int_equal(sent[i][CS_TYPE_SIG_R1], 2);
        assert_int_equal(sent[i][CS_TYPE_SIG_R2], 2);
        assert_int_equal(sent[i][CS_TYPE_SIG_R3], i == 2 ? 0 : 1);
    }
    ring_close(&r);
    group_close(&g);
}

/* a-hat = eta - theta_0 a_0 - theta_1 a_1 of what signer `in` sent to `to`. */
static void read_a_hat(struct cs_n *a_hat, struct inner *in, uint8_t to, size_t k,
                       const struct dkls_in *first)
{
    const uint8_t *body = inner_said(in, to)->body.p;
    const struct cs_n *a[2] = {&in->s->secret.r, &in->s->secret.sk};
    struct cs_n theta, product;
    uint8_t rsid[32], at[32];

    cs_dkls_rsid_m1(rsid, &in->s->peers[k].keys_alice->ids, in->s->sid, first->body.p);
    {
        const struct cs_span x[] = {CS_SPAN_OF(rsid),
                                    CS_SPAN(body + R2_AT, CS_RVOLE_AT_LEN)};

        cs_th(at, CS_TAG_RVOLE_AT, x, CS_COUNTOF(x));
    }
    (void)cs_n_load(a_hat, body + R2_ETA);
    for (uint8_t m = 0; m < 2; m++) {
        const struct cs_span x[] = {CS_SPAN_OF(rsid), CS_SPAN(&m, 1), CS_SPAN_OF(at)};
        struct cs_n_sum sum = {{0}};
        struct cs_scalar t;

        cs_h2s(CS_CURVE_SECP256K1, &t, CS_TAG_RVOLE_THETA, x, CS_COUNTOF(x));
        (void)cs_n_load(&theta, t.b);
        cs_n_sum_mul(&sum, &theta, a[m]);
        cs_n_sum_take(&product, &sum);
        cs_n_sub(a_hat, a_hat, &product);
    }
}

/* Row 52: a generator that stands still.  What Alice hides her inputs with, and what
 * Bob chooses, still differ between two peers, or two of them would add up what they
 * saw. */
static void constant_randomness_still_differs_between_peers(void **state)
{
    const uint8_t rand[DKLS_RAND] = {7};
    struct inner a, b, c;
    struct dkls_in in[2];
    struct cs_n a_hat[2];

    (void)state;
    group_open(&g, 3, 3);
    ring_params(&r, &g, three, 3, 1);
    inner_open(&a, &g, &r, 1);
    inner_open(&b, &g, &r, 2);
    inner_open(&c, &g, &r, 3);
    assert_int_equal(inner_step(&a, dkls_round1, NULL, rand), CS_OK);
    assert_int_equal(inner_step(&b, dkls_round1, NULL, rand), CS_OK);
    assert_int_equal(inner_step(&c, dkls_round1, NULL, rand), CS_OK);
    assert_memory_not_equal(a.s->peers[0].secret.as_bob.b,
                            a.s->peers[1].secret.as_bob.b, 16);
    assert_memory_not_equal(&a.s->secret.r, &b.s->secret.r, sizeof a.s->secret.r);
    in[0] = inner_in(&b, 1);
    in[1] = inner_in(&c, 1);
    assert_int_equal(inner_step(&a, dkls_round2, in, rand), CS_OK);
    read_a_hat(&a_hat[0], &a, 2, 0, &in[0]);
    read_a_hat(&a_hat[1], &a, 3, 1, &in[1]);
    assert_memory_not_equal(&a_hat[0], &a_hat[1], sizeof a_hat[0]);
    inner_close(&a);
    inner_close(&b);
    inner_close(&c);
    group_close(&g);
}

static void messages_come_again_unchanged_and_in_any_order(void **state)
{
    struct cs_dkls_out out = {0}, again = {0};
    struct cs_dkls_job *job;

    (void)state;
    group_open(&g, 3, 3);
    ring_open(&r, &g, three, 3, 1);
    job = cs_dkls_take_job(r.by[3].s, bed_random, NULL);
    cs_dkls_job_run(job);
    assert_int_equal(cs_dkls_job_done(r.by[3].s, job, &out), CS_OK);
    cs_dkls_resend(r.by[3].s, &again);
    assert_int_equal(again.n_msgs, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct cs_dkls_msg *m = &out.msgs[i], *n = &again.msgs[i];

        assert_int_equal(m->to, i + 1);
        assert_int_equal(n->to, i + 1);
        assert_int_equal(n->body.n, m->body.n);
        assert_memory_equal(n->body.p, m->body.p, m->body.n);
        assert_memory_equal(n->bcast.p, m->bcast.p, m->bcast.n);
        assert_int_equal(ring_feed(&r, 3, m->to, m), CS_OK);
        assert_int_equal(ring_feed(&r, 3, n->to, n), CS_ERR_REPLAY);
        assert_int_equal(ring_feed(&r, 4, n->to, n), CS_ERR_REPLAY); /* a stranger */
        assert_int_equal(ring_feed(&r, n->to, n->to, n), CS_ERR_REPLAY); /* itself */
    }
    /* one message of two is not enough for round 2 */
    job = cs_dkls_take_job(r.by[1].s, bed_random, NULL);
    cs_dkls_job_run(job);
    cs_dkls_out_clear(&out);
    assert_int_equal(cs_dkls_job_done(r.by[1].s, job, &out), CS_OK);
    assert_null(cs_dkls_take_job(r.by[1].s, bed_random, NULL));
    ring_deliver(&r, &g, 1, &out);
    assert_null(cs_dkls_take_job(r.by[3].s, bed_random, NULL)); /* 2 is silent yet */
    ring_pump(&r, &g);
    check_signature(&r, 1);
    cs_dkls_out_clear(&out);
    cs_dkls_out_clear(&again);
    ring_close(&r);
    group_close(&g);
}

/* ---- parameters; row 29
 * -------------------------------------------------------------- */

static void signers_that_are_no_set_are_refused(void **state)
{
    static const struct {
        uint8_t n, signers[4], self, initiator;
    } rows[] = {
        {0, {1, 2, 3}, 1, 1}, {1, {1}, 1, 1},         {8, {1, 2, 3}, 1, 1},
        {3, {1, 1, 2}, 1, 1}, {3, {2, 1, 3}, 1, 1},   {3, {0, 1, 2}, 1, 1},
        {3, {1, 2, 8}, 1, 1}, {3, {1, 2, 255}, 1, 1}, {3, {1, 2, 2}, 1, 1},
        {2, {2, 3}, 1, 2},    {2, {1, 2}, 1, 3},      {3, {1, 2, 4}, 1, 1},
        {3, {1, 2, 3}, 1, 0},
    };

    (void)state;
    group_open(&g, 3, 3);
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        ring_params(&r, &g, rows[i].signers, 3, rows[i].initiator);
        r.p.n_signers = rows[i].n;
        r.p.zero_key[0] = g.zero_key[1][2]; /* not what index 0 fails at */
        assert_int_equal(group_new(&r.by[1], &g, &r.p, rows[i].self), CS_ERR_USAGE);
        assert_null(r.by[1].s);
    }
    {
        static const uint8_t seven[] = {1, 2, 3, 4, 5, 6, 7};

        ring_params(&r, &g, seven, 7, 1);
        r.p.n_signers = 8; /* more than there is room for: nothing is read there */
        for (uint8_t i = 4; i <= 7; i++) {
            r.p.zero_key[i] = g.zero_key[1][2];
        }
        assert_int_equal(group_new(&r.by[1], &g, &r.p, 1), CS_ERR_USAGE);
    }
    {
        struct cs_point X = g.X;

        ring_params(&r, &g, three, 3, 1);
        X.inf = true;
        r.p.X = &X;
        assert_int_equal(group_new(&r.by[1], &g, &r.p, 1), CS_ERR_USAGE);
        X = g.X;
        X.curve = CS_CURVE_ED25519;
        assert_int_equal(group_new(&r.by[1], &g, &r.p, 1), CS_ERR_USAGE);
    }
    group_close(&g);
}

/* Too few signers have not the key: t - 1 of them, with shares of degree t - 1. */
static void fewer_than_t_signers_do_not_get_past_the_key_sum(void **state)
{
    (void)state;
    group_open(&g, 3, 3);
    ring_open(&r, &g, three, 2, 1);
    ring_pump(&r, &g);
    for (uint8_t i = 1; i <= 2; i++) {
        assert_int_equal(r.by[i].err, CS_ERR_PK_SUM);
        assert_false(r.by[i].burned);
    }
    ring_close(&r);
    group_close(&g);
}

static void every_pair_of_a_session_must_be_tested(void **state)
{
    struct cs_ot_pair *was;

    (void)state;
    group_open(&g, 3, 3);
    cs_ot_pair_burn(group_pair(&g, 1, 3));
    ring_params(&r, &g, three, 3, 1);
    assert_int_equal(group_new(&r.by[1], &g, &r.p, 1), CS_ERR_OT_BURNED);
    assert_null(r.by[1].s);
    cs_ot_pair_release(group_pair(&g, 1, 3));
    assert_int_equal(group_new(&r.by[1], &g, &r.p, 1), CS_ERR_SETUP_MISSING);
    assert_int_equal(group_new(&r.by[2], &g, &r.p, 2), CS_OK); /* has not lost its */
    cs_dkls_free(r.by[2].s);
    was = g.bed[1][2].pair[1];
    g.bed[1][2].pair[1] = NULL; /* no live link */
    assert_int_equal(group_new(&r.by[1], &g, &r.p, 1), CS_ERR_SETUP_MISSING);
    g.bed[1][2].pair[1] = was;
    /* who did not get in has left the pairs it was in */
    group_heal(&g);
    for (int i = 0; i < CS_OT_SESSIONS_MAX + 1; i++) {
        cs_ot_pair_burn(group_pair(&g, 1, 3));
        ring_params(&r, &g, three, 3, 1);
        assert_int_equal(group_new(&r.by[1], &g, &r.p, 1), CS_ERR_OT_BURNED);
    }
    group_heal(&g);
    sign_with(three, 3, 1);
    group_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_subset_of_2_of_3_3_of_3_2_of_5_and_3_of_5_signs),
        cmocka_unit_test(three_say_the_same_to_all_where_they_must),
        cmocka_unit_test(constant_randomness_still_differs_between_peers),
        cmocka_unit_test(messages_come_again_unchanged_and_in_any_order),
        cmocka_unit_test(signers_that_are_no_set_are_refused),
        cmocka_unit_test(fewer_than_t_signers_do_not_get_past_the_key_sum),
        cmocka_unit_test(every_pair_of_a_session_must_be_tested),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
