/* DKLs23 against a peer that cheats (PROTOCOLS 10, rows 5, 6, 11, 13-16, 36, 38, 39,
 * 54, and 15.8): each check has a case that only it catches, with the code of 4.7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/dkls_rig.h"

static const enum cs_curve secp = CS_CURVE_SECP256K1;
/* Evil's messages as they are now, to the end. */
static void play(void)
{
    bool own2 = evil_round2(&e, cs_wr_get(&h.out.msgs[0].body)) == CS_OK;

    (void)honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1));
    (void)honest_compute(&h);
    if (!own2 || h.err != CS_OK) {
        return;
    }
    (void)evil_round3(&e, cs_wr_get(&h.out.msgs[0].body));
    (void)honest_feed(&h, CS_TYPE_SIG_R2, cs_wr_get(&e.r2));
    (void)honest_compute(&h);
    if (h.err != CS_OK) {
        return;
    }
    (void)honest_feed(&h, CS_TYPE_SIG_R3, cs_wr_get(&e.r3));
    (void)honest_compute(&h);
}

static void ended_with(enum cs_err err)
{
    bool burns = err == CS_ERR_OT_CHECK || err == CS_ERR_RVOLE_CHECK ||
                 err == CS_ERR_GAMMA_CHECK; /* 15.4 D5, and only these */

    if (h.err != err) {
        fail_msg("ended with %s, not %s", cs_err_name(h.err), cs_err_name(err));
    }
    assert_int_equal(cs_dkls_phase(h.s), CS_DKLS_FAILED);
    assert_int_equal(cs_dkls_error(h.s), err);
    assert_null(cs_dkls_signature(h.s));
    assert_int_equal(h.culprit, err == CS_ERR_SID_MISMATCH ? 0 : 2);
    assert_true(h.burned == burns);
    assert_int_equal(cs_ot_pair_state(d.bed.pair[1]),
                     burns ? CS_OT_BURNED : CS_OT_TESTED);
}

static void the_evil_signer_can_be_honest(void **state)
{
    uint8_t X[CS_POINT_MAX];

    (void)state;
    open_all();
    play();
    assert_int_equal(h.err, CS_OK);
    assert_int_equal(cs_dkls_phase(h.s), CS_DKLS_DONE);
    (void)cs_point_encode(&d.X, X);
    assert_int_equal(cs_ecdsa_verify(X, d.digest, cs_dkls_signature(h.s)->rs), CS_OK);
    close_all();
}

/* ---- field x mutation
 * ------------------------------------------------------------------ */

/* Rows 14, 15, 16, 38 (points), 39 (scalars), 54; 15.8: sid mismatch in round 2.
 * Round 1: U, x, t and nonce are all under the check of 4.3; com only opens later, and
 * as it is changed on the wire alone, the two sids differ first. */
static const struct {
    uint8_t round;
    size_t at;
    enum mutation how;
    enum cs_err err;
} table[] = {
    {1, R1_NONCE, FLIP, CS_ERR_OT_CHECK},
    {1, R1_COM, FLIP, CS_ERR_SID_MISMATCH},
    {1, R1_U, FLIP, CS_ERR_OT_CHECK},
    {1, R1_U + 127 * CS_OT_ROW_LEN, FLIP, CS_ERR_OT_CHECK},
    {1, R1_X, FLIP, CS_ERR_OT_CHECK},
    {1, R1_T, FLIP, CS_ERR_OT_CHECK},
    {1, R1_T + 127 * 16, FLIP, CS_ERR_OT_CHECK},
    {2, R2_SID, FLIP, CS_ERR_SID_MISMATCH},
    {2, R2_AT, FLIP, CS_ERR_RVOLE_CHECK},
    {2, R2_AT + 64, FLIP, CS_ERR_RVOLE_CHECK},
    {2, R2_ETA - 32, FLIP, CS_ERR_RVOLE_CHECK},
    {2, R2_AT, ZERO, CS_ERR_ZERO_OR_RANGE},
    {2, R2_AT + 32, ORDER, CS_ERR_ZERO_OR_RANGE},
    {2, R2_AT + 64, ORDER_1, CS_ERR_ZERO_OR_RANGE},
    {2, R2_ETA - 32, ALL_ONES, CS_ERR_ZERO_OR_RANGE},
    {2, R2_ETA, FLIP, CS_ERR_RVOLE_CHECK},
    {2, R2_ETA, ZERO, CS_ERR_ZERO_OR_RANGE},
    {2, R2_ETA, ORDER, CS_ERR_ZERO_OR_RANGE},
    {2, R2_ETA, ORDER_1, CS_ERR_ZERO_OR_RANGE},
    {2, R2_ETA, ALL_ONES, CS_ERR_ZERO_OR_RANGE},
    {2, R2_MU, FLIP, CS_ERR_RVOLE_CHECK},
    {2, R2_MU, ZERO, CS_ERR_RVOLE_CHECK},
    {2, R2_R, OTHER_POINT, CS_ERR_COMMIT_OPEN},
    {2, R2_R, HYBRID, CS_ERR_COMMIT_OPEN},
    {2, R2_R, NOT_ON_CURVE, CS_ERR_COMMIT_OPEN},
    {2, R2_R, X_TOO_LARGE, CS_ERR_COMMIT_OPEN},
    {2, R2_R, ZERO, CS_ERR_COMMIT_OPEN},
    {2, R2_SALT, FLIP, CS_ERR_COMMIT_OPEN},
    {2, R2_PK, OTHER_POINT, CS_ERR_GAMMA_CHECK},
    {2, R2_PK, HYBRID, CS_ERR_BAD_POINT},
    {2, R2_PK, NOT_ON_CURVE, CS_ERR_BAD_POINT},
    {2, R2_PK, X_TOO_LARGE, CS_ERR_BAD_POINT},
    {2, R2_PK, ZERO, CS_ERR_BAD_POINT},
    {2, R2_GU, OTHER_POINT, CS_ERR_GAMMA_CHECK},
    {2, R2_GU, HYBRID, CS_ERR_BAD_POINT},
    {2, R2_GU, NOT_ON_CURVE, CS_ERR_BAD_POINT},
    {2, R2_GU, X_TOO_LARGE, CS_ERR_BAD_POINT},
    {2, R2_GU, ZERO, CS_ERR_BAD_POINT},
    {2, R2_GV, OTHER_POINT, CS_ERR_GAMMA_CHECK},
    {2, R2_GV, HYBRID, CS_ERR_BAD_POINT},
    {2, R2_GV, NOT_ON_CURVE, CS_ERR_BAD_POINT},
    {2, R2_GV, X_TOO_LARGE, CS_ERR_BAD_POINT},
    {2, R2_GV, ZERO, CS_ERR_BAD_POINT},
    {2, R2_PSI, FLIP, CS_ERR_SIG_INVALID},
    {2, R2_PSI, ZERO, CS_ERR_ZERO_OR_RANGE},
    {2, R2_PSI, ORDER, CS_ERR_ZERO_OR_RANGE},
    {2, R2_PSI, ORDER_1, CS_ERR_ZERO_OR_RANGE},
    {2, R2_PSI, ALL_ONES, CS_ERR_ZERO_OR_RANGE},
    {3, R3_SID, FLIP, CS_ERR_SID_MISMATCH},
    {3, R3_U, FLIP, CS_ERR_SIG_INVALID},
    {3, R3_U, ZERO, CS_ERR_SIG_INVALID},
    {3, R3_U, ORDER, CS_ERR_SIG_INVALID},
    {3, R3_U, ORDER_1, CS_ERR_SIG_INVALID},
    {3, R3_U, ALL_ONES, CS_ERR_SIG_INVALID},
    {3, R3_W, FLIP, CS_ERR_SIG_INVALID},
    {3, R3_W, ZERO, CS_ERR_SIG_INVALID},
    {3, R3_W, ORDER, CS_ERR_SIG_INVALID},
    {3, R3_W, ORDER_1, CS_ERR_SIG_INVALID},
    {3, R3_W, ALL_ONES, CS_ERR_SIG_INVALID},
};

/* Changes the message after evil made it, so that evil's own state stays as it was. */
static void play_mutated(size_t i)
{
    bool own2;

    if (table[i].round == 1) {
        mutate(e.r1.p + table[i].at, table[i].how);
        play();
        return;
    }
    own2 = evil_round2(&e, cs_wr_get(&h.out.msgs[0].body)) == CS_OK;
    assert_true(own2);
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
    assert_true(honest_compute(&h));
    assert_int_equal(evil_round3(&e, cs_wr_get(&h.out.msgs[0].body)), CS_OK);
    if (table[i].round == 2) {
        mutate(e.r2.p + table[i].at, table[i].how);
    } else {
        mutate(e.r3.p + table[i].at, table[i].how);
    }
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R2, cs_wr_get(&e.r2)), CS_OK);
    assert_true(honest_compute(&h));
    if (h.err == CS_OK) {
        assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R3, cs_wr_get(&e.r3)), CS_OK);
        assert_true(honest_compute(&h));
    }
}

static void every_field_of_every_message_is_checked(void **state)
{
    (void)state;
    duo_open(&d, 1, 2);
    for (size_t i = 0; i < CS_COUNTOF(table); i++) {
        if (cs_ot_pair_state(d.bed.pair[1]) != CS_OT_TESTED) {
            duo_close(&d);
            duo_open(&d, 1, 2);
        }
        stream_bytes(&rnd, presid, 32);
        evil_open(&e, &d, 2, presid);
        honest_open(&h, &d, presid);
        evil_round1(&e);
        assert_true(honest_compute(&h));
        play_mutated(i);
        if (h.err != table[i].err) {
            fail_msg("row %zu (round %u at %zu): %s, not %s", i, table[i].round,
                     table[i].at, cs_err_name(h.err), cs_err_name(table[i].err));
        }
        ended_with(table[i].err);
        honest_close(&h);
        evil_close(&e);
    }
    duo_close(&d);
}

static void wrong_lengths_are_bad_format_and_no_burn(void **state)
{
    static uint8_t big[CS_SIG_R2_LEN + 1];
    static const size_t right[] = {0, CS_SIG_R1_LEN, CS_SIG_R2_LEN, CS_SIG_R3_LEN};

    (void)state;
    for (uint8_t type = CS_TYPE_SIG_R1; type <= CS_TYPE_SIG_R3; type++) {
        const size_t lens[] = {0, 1, right[type] - 1, right[type] + 1};

        for (size_t i = 0; i < CS_COUNTOF(lens); i++) {
            open_all();
            assert_int_equal(honest_feed(&h, type, CS_SPAN(big, lens[i])),
                             CS_ERR_BAD_FORMAT);
            ended_with(CS_ERR_BAD_FORMAT);
            close_all();
        }
    }
}

static void another_message_of_one_round_ends_the_session(void **state)
{
    (void)state;
    open_all();
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
    e.r1.p[40] ^= 1;
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)),
                     CS_ERR_SIG_TWICE);
    ended_with(CS_ERR_SIG_TWICE);
    close_all();
}

/* ---- row 15: other values in the multiplication than shown
 * ------------------------------- */

static void another_r_in_the_multiplication_is_seen(void **state)
{
    const struct cs_n one = {{1, 0, 0, 0}};

    (void)state;
    open_all();
    cs_n_add(&e.s->secret.r, &e.s->secret.r, &one); /* R is of the old one */
    play();
    ended_with(CS_ERR_GAMMA_CHECK);
    close_all();
}

static void another_sk_in_the_multiplication_is_seen(void **state)
{
    struct cs_point g;
    struct cs_scalar one = small(secp, 1);

    (void)state;
    open_all();
    assert_int_equal(evil_round2(&e, cs_wr_get(&h.out.msgs[0].body)), CS_OK);
    /* pk + G, with c^v's Gamma of the old sk */
    cs_point_base_mul(secp, &g, &one);
    cs_point_add(&g, &g, &e.s->pk_own);
    (void)cs_point_encode(&g, e.r2.p + R2_PK);
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
    assert_true(honest_compute(&h));
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R2, cs_wr_get(&e.r2)), CS_OK);
    assert_true(honest_compute(&h));
    ended_with(CS_ERR_GAMMA_CHECK);
    close_all();
}

/* A wrong share, epsilon or zero share, used consistently. */
static void shares_that_do_not_add_up_are_seen(void **state)
{
    struct cs_scalar one = small(secp, 1);

    (void)state;
    for (int what = 0; what < 3; what++) {
        duo_open(&d, 1, 2);
        d.initiator = 1;
        stream_bytes(&rnd, presid, 32);
        evil_open(&e, &d, 2, presid);
        honest_open(&h, &d, presid);
        if (what == 0) {
            cs_scalar_add(secp, &e.s->secret.x.s, &e.s->secret.x.s, &one);
        } else if (what == 1) {
            e.p->secret.zero_key[0] ^= 1;
        } else {
            cs_dkls_free(h.s); /* honest end with another epsilon: 47's shifted keys */
            cs_scalar_add(secp, &d.epsilon, &d.epsilon, &one);
            honest_open(&h, &d, presid);
        }
        evil_round1(&e);
        assert_true(honest_compute(&h));
        play();
        ended_with(CS_ERR_PK_SUM);
        close_all();
    }
}

/* ---- row 16: the commitment
 * --------------------------------------------------------------- */

static void a_commitment_to_something_else_is_seen(void **state)
{
    (void)state;
    open_all();
    e.r1.p[R1_COM] ^= 1;
    e.p->r1[R1_COM] ^= 1; /* evil stands by it: one sid */
    play();
    ended_with(CS_ERR_COMMIT_OPEN);
    close_all();
}

/* Evil sends the honest commitment as its own, and later the honest opening. */
static void a_copied_commitment_does_not_open(void **state)
{
    (void)state;
    open_all();
    memcpy(e.r1.p + R1_COM, h.out.msgs[0].body.p + R1_COM, 32);
    memcpy(e.p->r1 + R1_COM, h.out.msgs[0].body.p + R1_COM, 32);
    assert_int_equal(evil_round2(&e, cs_wr_get(&h.out.msgs[0].body)), CS_OK);
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
    assert_true(honest_compute(&h));
    memcpy(e.r2.p + R2_R, h.out.msgs[0].body.p + R2_R, 33 + 32); /* R and salt */
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R2, cs_wr_get(&e.r2)), CS_OK);
    assert_true(honest_compute(&h));
    ended_with(CS_ERR_COMMIT_OPEN);
    close_all();
}

static void a_commitment_to_no_point_is_seen(void **state)
{
    uint8_t bad[33] = {2};

    (void)state;
    open_all();
    bad[32] = 5; /* x = 5 is not on the curve */
    cs_dkls_com(e.r1.p + R1_COM, presid, 2, 1, bad, e.s->secret.salt);
    memcpy(e.p->r1 + R1_COM, e.r1.p + R1_COM, 32);
    assert_int_equal(evil_round2(&e, cs_wr_get(&h.out.msgs[0].body)), CS_OK);
    memcpy(e.r2.p + R2_R, bad, 33);
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
    assert_true(honest_compute(&h));
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R2, cs_wr_get(&e.r2)), CS_OK);
    assert_true(honest_compute(&h));
    ended_with(CS_ERR_COMMIT_OPEN);
    close_all();
}

/* ---- erasure, row 36
 * ------------------------------------------------------------------------- */

static void round_3_leaves_no_secrets_in_the_state(void **state)
{
    (void)state;
    open_all();
    assert_int_equal(evil_round2(&e, cs_wr_get(&h.out.msgs[0].body)), CS_OK);
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
    assert_true(honest_compute(&h));
    assert_false(cs_ct_is_zero(&e.s->secret, sizeof e.s->secret));
    assert_int_equal(evil_round3(&e, cs_wr_get(&h.out.msgs[0].body)), CS_OK);
    assert_true(cs_ct_is_zero(&e.s->secret, sizeof e.s->secret));
    assert_true(cs_ct_is_zero(&e.s->u, sizeof e.s->u)); /* responder: sent */
    close_all();
    open_all(); /* the same when a check fails */
    assert_int_equal(evil_round2(&e, cs_wr_get(&h.out.msgs[0].body)), CS_OK);
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
    assert_true(honest_compute(&h));
    h.out.msgs[0].body.p[R2_MU] ^= 1;
    assert_int_equal(evil_round3(&e, cs_wr_get(&h.out.msgs[0].body)),
                     CS_ERR_RVOLE_CHECK);
    assert_true(cs_ct_is_zero(&e.s->secret, sizeof e.s->secret));
    close_all();
}

static void invalid_partials_leave_the_setup_and_reuse_nothing(void **state)
{
    uint8_t R[33] = {0};

    (void)state;
    duo_open(&d, 1, 2);
    for (int i = 0; i < 30; i++) {
        stream_bytes(&rnd, presid, 32);
        evil_open(&e, &d, 2, presid);
        honest_open(&h, &d, presid);
        evil_round1(&e);
        assert_true(honest_compute(&h));
        assert_int_equal(evil_round2(&e, cs_wr_get(&h.out.msgs[0].body)), CS_OK);
        assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
        assert_true(honest_compute(&h));
        assert_memory_not_equal(R, h.out.msgs[0].body.p + R2_R, 33);
        memcpy(R, h.out.msgs[0].body.p + R2_R, 33);
        assert_int_equal(evil_round3(&e, cs_wr_get(&h.out.msgs[0].body)), CS_OK);
        mutate(e.r3.p + (i % 2 == 0 ? R3_U : R3_W), FLIP);
        assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R2, cs_wr_get(&e.r2)), CS_OK);
        assert_true(honest_compute(&h));
        assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R3, cs_wr_get(&e.r3)), CS_OK);
        assert_true(honest_compute(&h));
        ended_with(CS_ERR_SIG_INVALID);
        honest_close(&h);
        evil_close(&e);
    }
    duo_close(&d);
}

static void a_sum_of_zero_is_no_signature(void **state)
{
    const struct cs_n zero = {{0}}, five = {{5, 0, 0, 0}};
    struct cs_n u[2] = {five}, w[2] = {five, five};
    struct cs_scalar s;

    (void)state;
    cs_n_sub(&u[1], &zero, &five);
    assert_int_equal(cs_dkls_combine(&s, u, w), CS_ERR_SIG_INVALID);
}

/* Own values that have no encoding (2^-256) end the session before anything leaves. */
static void the_identity_is_never_sent(void **state)
{
    (void)state;
    open_all();
    cs_point_identity(secp, &e.s->R_own);
    assert_int_equal(evil_round2(&e, cs_wr_get(&h.out.msgs[0].body)),
                     CS_ERR_ZERO_OR_RANGE);
    assert_int_equal(e.s->culprit, 0);
    close_all();
}

/* R_2 = -R_1: R is the identity.  Only a test can know the other's nonce. */
static void nonces_that_cancel_end_the_session(void **state)
{
    static const struct cs_n zero;
    struct evil a, b;
    struct cs_scalar r;
    uint8_t R[CS_POINT_MAX];

    (void)state;
    duo_open(&d, 1, 2);
    evil_open(&a, &d, 1, presid);
    evil_open(&b, &d, 2, presid);
    evil_round1(&a);
    evil_round1(&b);
    cs_n_sub(&b.s->secret.r, &zero, &a.s->secret.r);
    cs_n_store(r.b, &b.s->secret.r);
    cs_point_base_mul(secp, &b.s->R_own, &r);
    (void)cs_point_encode(&b.s->R_own, R);
    cs_dkls_com(b.p->r1 + R1_COM, presid, 2, 1, R, b.s->secret.salt);
    assert_int_equal(evil_round2(&a, CS_SPAN_OF(b.p->r1)), CS_OK);
    assert_int_equal(evil_round2(&b, cs_wr_get(&a.r1)), CS_OK);
    assert_int_equal(evil_round3(&a, cs_wr_get(&b.r2)), CS_ERR_ZERO_OR_RANGE);
    evil_close(&a);
    evil_close(&b);
    duo_close(&d);
}

/* Row 39: u + q instead of u would make the same signature.  The initiator's own u is
 * moved so that the responder's is 5, and 5 + q still has 32 bytes. */
static void a_partial_above_the_order_is_refused_though_it_would_fit(void **state)
{
    static const char above[] =
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364146";
    const struct cs_n five = {{5, 0, 0, 0}};
    struct cs_scalar value[2] = {small(secp, 5), hex_scalar(above)};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct evil a, b;
        struct cs_n u;

        duo_open(&d, 1, 2);
        d.initiator = 1;
        evil_open(&a, &d, 1, presid);
        evil_open(&b, &d, 2, presid);
        evil_round1(&a);
        evil_round1(&b);
        assert_int_equal(evil_round2(&a, cs_wr_get(&b.r1)), CS_OK);
        assert_int_equal(evil_round2(&b, cs_wr_get(&a.r1)), CS_OK);
        assert_int_equal(evil_round3(&a, cs_wr_get(&b.r2)), CS_OK);
        assert_int_equal(evil_round3(&b, cs_wr_get(&a.r2)), CS_OK);
        (void)cs_n_load(&u, b.r3.p + R3_U);
        cs_n_add(&a.s->u, &a.s->u, &u);
        cs_n_sub(&a.s->u, &a.s->u, &five);
        memcpy(b.r3.p + R3_U, value[i].b, 32);
        assert_int_equal(evil_finish(&a, cs_wr_get(&b.r3)),
                         i == 0 ? CS_OK : CS_ERR_SIG_INVALID);
        evil_close(&a);
        evil_close(&b);
        duo_close(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_evil_signer_can_be_honest),
        cmocka_unit_test(every_field_of_every_message_is_checked),
        cmocka_unit_test(wrong_lengths_are_bad_format_and_no_burn),
        cmocka_unit_test(another_message_of_one_round_ends_the_session),
        cmocka_unit_test(another_r_in_the_multiplication_is_seen),
        cmocka_unit_test(another_sk_in_the_multiplication_is_seen),
        cmocka_unit_test(shares_that_do_not_add_up_are_seen),
        cmocka_unit_test(a_commitment_to_something_else_is_seen),
        cmocka_unit_test(a_copied_commitment_does_not_open),
        cmocka_unit_test(a_commitment_to_no_point_is_seen),
        cmocka_unit_test(round_3_leaves_no_secrets_in_the_state),
        cmocka_unit_test(invalid_partials_leave_the_setup_and_reuse_nothing),
        cmocka_unit_test(a_partial_above_the_order_is_refused_though_it_would_fit),
        cmocka_unit_test(a_sum_of_zero_is_no_signature),
        cmocka_unit_test(the_identity_is_never_sent),
        cmocka_unit_test(nonces_that_cancel_end_the_session),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
