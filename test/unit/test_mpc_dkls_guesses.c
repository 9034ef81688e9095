/* DKLs23 against a peer that guesses bits of Delta or sends again (PROTOCOLS 10, rows
 * 5, 11, 13, 52, and 15.8): one failed guess ends the setup, and no answer leaves after
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/dkls_rig.h"

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
    assert_true(h.burned == burns);
    assert_int_equal(cs_ot_pair_state(d.bed.pair[1]),
                     burns ? CS_OT_BURNED : CS_OT_TESTED);
}

/* ---- rows 5, 13: guesses
 * ------------------------------------------------------------------ */

static uint8_t delta[CS_OT_COLUMN_LEN]; /* of the honest end, as Alice */

static void read_delta(void)
{
    struct cs_ot_user u = {.kill = evil_kill};
    struct cs_ot_keys *as_alice, *as_bob;

    assert_int_equal(cs_ot_pair_join(d.bed.pair[1], &u, &as_alice, &as_bob), CS_OK);
    memcpy(delta, as_alice->alice.delta, sizeof delta);
    cs_ot_keys_drop(as_alice);
    cs_ot_keys_drop(as_bob);
    cs_ot_user_leave(&u);
}

static unsigned delta_bit(size_t row)
{
    return (unsigned)(delta[row >> 3] >> (row & 7)) & 1;
}

/* First message with another b in one row and a bet on the bit of Delta there; x and t
 * are made to fit, so the check passes exactly when the bet is right. */
static void bet(struct evil *who, size_t row, unsigned on)
{
    uint8_t esid[32], t0[CS_OT_ROW_LEN], diff[CS_OT_ROW_LEN] = {0};
    struct cs_gf128 chi[CS_OT_CHI], f, fd;
    uint8_t *p = who->p->r1;

    diff[0] = 1;
    p[R1_U + row * CS_OT_ROW_LEN] ^= 1;
    cs_otx_esid(esid, &who->p->keys_bob->ids, who->s->presid, p + R1_NONCE);
    cs_otx_chi(chi, esid, p + R1_U);
    cs_otx_fold(&f, who->p->secret.as_bob.b, chi);
    cs_gf128_store(p + R1_X, &f);
    cs_otx_fold(&fd, diff, chi);
    for (size_t i = 0; i < CS_OT_ROWS; i++) {
        cs_otx_prg(t0, who->p->keys_bob->bob.k[0][i], esid);
        cs_otx_fold(&f, t0, chi);
        if (i == row && on == 1) {
            f.v[0] ^= fd.v[0];
            f.v[1] ^= fd.v[1];
        }
        cs_gf128_store(p + R1_T + 16 * i, &f);
    }
    memcpy(who->r1.p, p, CS_SIG_R1_LEN);
}

static void a_right_guess_goes_unseen_and_a_wrong_one_burns(void **state)
{
    (void)state;
    for (unsigned wrong = 0; wrong < 2; wrong++) {
        open_all();
        read_delta();
        bet(&e, 77, delta_bit(77) ^ wrong);
        (void)honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1));
        assert_true(honest_compute(&h));
        if (wrong == 0) {
            assert_int_equal(h.err, CS_OK);
            assert_int_equal(h.answers, 1);
        } else {
            ended_with(CS_ERR_OT_CHECK);
            assert_int_equal(h.answers, 0);
        }
        close_all();
    }
}

enum { PARALLEL = CS_OT_SESSIONS_MAX };

static struct honest hs[PARALLEL];
static struct evil es[PARALLEL];

static void open_many(void)
{
    duo_open(&d, 1, 2);
    d.initiator = 1;
    read_delta();
    for (size_t i = 0; i < PARALLEL; i++) {
        uint8_t id[32];

        stream_bytes(&rnd, id, 32);
        evil_open(&es[i], &d, 2, id);
        honest_open(&hs[i], &d, id);
        evil_round1(&es[i]);
        assert_true(honest_compute(&hs[i]));
        cs_dkls_out_clear(&hs[i].out);
    }
}

static void close_many(void)
{
    for (size_t i = 0; i < PARALLEL; i++) {
        honest_close(&hs[i]);
        evil_close(&es[i]);
    }
    duo_close(&d);
}

/* Whatever the order: after the first wrong guess nothing leaves any more. */
static void parallel_sessions_give_no_answer_after_a_wrong_guess(void **state)
{
    (void)state;
    for (size_t first_wrong = 0; first_wrong < PARALLEL; first_wrong += 7) {
        unsigned answers = 0;

        open_many();
        for (size_t i = 0; i < PARALLEL; i++) {
            bet(&es[i], 3 * i, delta_bit(3 * i) ^ (i >= first_wrong ? 1u : 0u));
            assert_int_equal(honest_feed(&hs[i], CS_TYPE_SIG_R1, cs_wr_get(&es[i].r1)),
                             CS_OK);
        }
        for (size_t i = 0; i < PARALLEL; i++) {
            (void)honest_compute(&hs[i]);
        }
        for (size_t i = 0; i < PARALLEL; i++) {
            answers += hs[i].answers;
            assert_int_equal(hs[i].burned, i == first_wrong);
            assert_int_equal(cs_dkls_phase(hs[i].s), CS_DKLS_FAILED);
            assert_int_equal(cs_dkls_error(hs[i].s),
                             i == first_wrong ? CS_ERR_OT_CHECK : CS_ERR_OT_BURNED);
        }
        assert_int_equal(answers, first_wrong);
        assert_int_equal(cs_ot_pair_state(d.bed.pair[1]), CS_OT_BURNED);
        close_many();
    }
}

/* Workers: the check of one session is under way when the others ask. */
static void one_check_at_a_time_and_late_results_are_worthless(void **state)
{
    enum { LATE = PARALLEL - 1 };
    struct cs_dkls_job *failing, *round1;
    struct cs_dkls_out out = {0};
    uint8_t id[32] = {3};

    (void)state;
    open_many();
    honest_close(&hs[LATE]);
    honest_open(&hs[LATE], &d, id);
    bet(&es[0], 9, delta_bit(9) ^ 1);
    for (size_t i = 0; i < LATE; i++) {
        assert_int_equal(honest_feed(&hs[i], CS_TYPE_SIG_R1, cs_wr_get(&es[i].r1)),
                         CS_OK);
    }
    round1 = cs_dkls_take_job(hs[LATE].s, bed_random, NULL); /* needs no lock */
    assert_non_null(round1);
    failing = cs_dkls_take_job(hs[0].s, bed_random, NULL);
    assert_non_null(failing);
    for (size_t i = 1; i < LATE; i++) {
        assert_null(cs_dkls_take_job(hs[i].s, bed_random, NULL));
    }
    cs_dkls_job_run(failing);
    cs_dkls_job_run(round1);
    assert_int_equal(cs_dkls_job_done(hs[0].s, failing, &out), CS_ERR_OT_CHECK);
    assert_true(out.burned && out.ended);
    assert_int_equal(out.n_msgs, 0);
    for (size_t i = 1; i < LATE; i++) {
        assert_null(cs_dkls_take_job(hs[i].s, bed_random, NULL));
        assert_int_equal(cs_dkls_error(hs[i].s), CS_ERR_OT_BURNED);
    }
    out = (struct cs_dkls_out){0};
    assert_int_equal(cs_dkls_job_done(hs[LATE].s, round1, &out), CS_ERR_OT_BURNED);
    assert_int_equal(out.n_msgs, 0);
    close_many();
}

/* The platform ends the session while its check runs: what was found still burns. */
static void a_check_that_fails_after_an_abort_still_burns(void **state)
{
    struct cs_dkls_out out = {0};
    struct cs_dkls_job *job;

    (void)state;
    open_all();
    read_delta();
    bet(&e, 30, delta_bit(30) ^ 1);
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
    job = cs_dkls_take_job(h.s, bed_random, NULL);
    cs_dkls_abort(h.s, CS_ERR_DEADLINE, &out);
    assert_true(out.ended && !out.burned);
    cs_dkls_job_run(job);
    assert_int_equal(cs_dkls_job_done(h.s, job, &out), CS_ERR_DEADLINE);
    assert_true(out.burned);
    assert_int_equal(out.n_msgs, 0);
    assert_int_equal(cs_ot_pair_state(d.bed.pair[1]), CS_OT_BURNED);
    close_all();
}

/* A session that ends while it computes keeps its lock until the result is there, and
 * gives it back with it. */
static void a_session_that_ended_gives_its_lock_back_with_its_job(void **state)
{
    struct cs_dkls_out out = {0};
    struct cs_dkls_job *job, *other;

    (void)state;
    open_many();
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(honest_feed(&hs[i], CS_TYPE_SIG_R1, cs_wr_get(&es[i].r1)),
                         CS_OK);
    }
    job = cs_dkls_take_job(hs[0].s, bed_random, NULL);
    assert_non_null(job);
    cs_dkls_abort(hs[0].s, CS_ERR_DEADLINE, &out);
    assert_true(out.ended);
    assert_int_equal(out.culprit, 0);
    assert_null(cs_dkls_take_job(hs[1].s, bed_random, NULL));
    cs_dkls_job_run(job);
    out = (struct cs_dkls_out){0};
    assert_int_equal(cs_dkls_job_done(hs[0].s, job, &out), CS_ERR_DEADLINE);
    assert_true(!out.burned && !out.ended && out.n_msgs == 0);
    other = cs_dkls_take_job(hs[1].s, bed_random, NULL);
    assert_non_null(other);
    cs_dkls_job_free(other); /* as when the loop stops: hs[1] is only freed now */
    close_many();
}

/* The check of round 2's multiplication has the lock as the one before it: when it
 * fails, nothing of round 3 has left in any session of the pair. */
static void round_3_waits_for_the_lock_too(void **state)
{
    struct cs_dkls_job *failing;
    struct cs_dkls_out out = {0};

    (void)state;
    open_many();
    for (size_t i = 0; i < 2; i++) {
        struct honest fresh;

        honest_close(&hs[i]); /* open_many has thrown its round 1 away */
        honest_open(&fresh, &d, es[i].s->presid);
        assert_true(honest_compute(&fresh));
        assert_int_equal(evil_round2(&es[i], cs_wr_get(&fresh.out.msgs[0].body)),
                         CS_OK);
        assert_int_equal(honest_feed(&fresh, CS_TYPE_SIG_R1, cs_wr_get(&es[i].r1)),
                         CS_OK);
        assert_true(honest_compute(&fresh));
        hs[i] = fresh;
    }
    es[0].r2.p[R2_MU] ^= 1;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(honest_feed(&hs[i], CS_TYPE_SIG_R2, cs_wr_get(&es[i].r2)),
                         CS_OK);
    }
    failing = cs_dkls_take_job(hs[0].s, bed_random, NULL);
    assert_non_null(failing);
    assert_null(cs_dkls_take_job(hs[1].s, bed_random, NULL));
    cs_dkls_job_run(failing);
    assert_int_equal(cs_dkls_job_done(hs[0].s, failing, &out), CS_ERR_RVOLE_CHECK);
    assert_true(out.burned);
    assert_null(cs_dkls_take_job(hs[1].s, bed_random, NULL));
    assert_int_equal(cs_dkls_error(hs[1].s), CS_ERR_OT_BURNED);
    close_many();
}

/* No memory for a job: its locks are not kept for it. */
static void a_job_that_could_not_be_made_keeps_no_lock(void **state)
{
    (void)state;
    open_many();
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(honest_feed(&hs[i], CS_TYPE_SIG_R1, cs_wr_get(&es[i].r1)),
                         CS_OK);
    }
    for (unsigned long nth = 1; nth <= 2; nth++) { /* the job, its message */
        cs_mem_fail_at(nth);
        assert_null(cs_dkls_take_job(hs[0].s, bed_random, NULL));
        cs_mem_fail_at(0);
    }
    assert_true(honest_compute(&hs[1]));
    assert_int_equal(hs[1].err, CS_OK);
    assert_true(honest_compute(&hs[0])); /* had later */
    assert_int_equal(hs[0].err, CS_OK);
    close_many();
}

/* Row 14: Alice cheats in one transfer; whatever Bob chose, d is right or all burns. */
static void a_failed_multiplication_burns_too(void **state)
{
    (void)state;
    open_all();
    assert_int_equal(evil_round2(&e, cs_wr_get(&h.out.msgs[0].body)), CS_OK);
    e.r2.p[R2_AT + 31] ^= 1;
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
    assert_true(honest_compute(&h));
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R2, cs_wr_get(&e.r2)), CS_OK);
    assert_true(honest_compute(&h));
    ended_with(CS_ERR_RVOLE_CHECK);
    assert_int_equal(h.answers, 1); /* its own round 2, nothing of round 3 */
    close_all();
}

/* ---- row 11
 * --------------------------------------------------------------------------------- */

/* The same first message of Bob's in two sessions, even with one presid: other pads. */
static void a_first_message_sent_again_meets_other_pads(void **state)
{
    static uint8_t first[CS_SIG_R2_LEN];
    struct honest second;

    (void)state;
    open_all();
    honest_open(&second, &d, presid);
    assert_true(honest_compute(&second));
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
    assert_int_equal(honest_feed(&second, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
    assert_true(honest_compute(&h));
    assert_true(honest_compute(&second));
    assert_int_equal(h.out.msgs[0].type, CS_TYPE_SIG_R2);
    assert_int_equal(second.out.msgs[0].type, CS_TYPE_SIG_R2);
    memcpy(first, h.out.msgs[0].body.p, sizeof first);
    for (size_t i = 0; i < CS_RVOLE_AT_LEN / 32; i++) {
        assert_memory_not_equal(first + R2_AT + 32 * i,
                                second.out.msgs[0].body.p + R2_AT + 32 * i, 32);
    }
    honest_close(&second);
    /* in a session with another presid the extension itself does not fit */
    honest_close(&h);
    presid[0] ^= 1;
    honest_open(&h, &d, presid);
    assert_true(honest_compute(&h));
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
    assert_true(honest_compute(&h));
    ended_with(CS_ERR_OT_CHECK);
    close_all();
}

/* Row 52: a generator that stands still, other digest or session: other nonces. */
static void constant_randomness_gives_other_nonces_for_other_sessions(void **state)
{
    struct cs_n first;
    uint8_t rand[DKLS_RAND] = {5};
    struct cs_dkls_msg out = {0};

    (void)state;
    open_all();
    assert_int_equal(dkls_round1(e.s, NULL, rand, &out), CS_OK);
    cs_wr_free(&out.body);
    first = e.s->secret.r;
    e.s->digest[0] ^= 1;
    assert_int_equal(dkls_round1(e.s, NULL, rand, &out), CS_OK);
    cs_wr_free(&out.body);
    assert_memory_not_equal(&first, &e.s->secret.r, sizeof first);
    first = e.s->secret.phi;
    e.s->presid[0] ^= 1;
    assert_int_equal(dkls_round1(e.s, NULL, rand, &out), CS_OK);
    cs_wr_free(&out.body);
    assert_memory_not_equal(&first, &e.s->secret.phi, sizeof first);
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_guess_goes_unseen_and_a_wrong_one_burns),
        cmocka_unit_test(parallel_sessions_give_no_answer_after_a_wrong_guess),
        cmocka_unit_test(one_check_at_a_time_and_late_results_are_worthless),
        cmocka_unit_test(a_check_that_fails_after_an_abort_still_burns),
        cmocka_unit_test(a_session_that_ended_gives_its_lock_back_with_its_job),
        cmocka_unit_test(round_3_waits_for_the_lock_too),
        cmocka_unit_test(a_job_that_could_not_be_made_keeps_no_lock),
        cmocka_unit_test(a_failed_multiplication_burns_too),
        cmocka_unit_test(a_first_message_sent_again_meets_other_pads),
        cmocka_unit_test(constant_randomness_gives_other_nonces_for_other_sessions),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
