/* DKLs23: nothing of one session serves another (PROTOCOLS 10, rows 7, 12, 24-26, 29,
 * 36): replayed recordings, restored images, many invalid partials. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/dkls_rig.h"

/* Evil's part of one session as it would be honest: r1, r2, r3 are its recording. */
static void play_honestly(void)
{
    assert_int_equal(evil_round2(&e, cs_wr_get(&h.out.msgs[0].body)), CS_OK);
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
    assert_true(honest_compute(&h));
    assert_int_equal(evil_round3(&e, cs_wr_get(&h.out.msgs[0].body)), CS_OK);
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R2, cs_wr_get(&e.r2)), CS_OK);
    assert_true(honest_compute(&h));
}

static void finish_honestly(void)
{
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R3, cs_wr_get(&e.r3)), CS_OK);
    assert_true(honest_compute(&h));
    assert_int_equal(h.err, CS_OK);
    assert_non_null(cs_dkls_signature(h.s));
}

/* A new session of the honest end on the same pair, after its round 1. */
static void next_session(void)
{
    honest_close(&h);
    stream_bytes(&rnd, presid, 32);
    honest_open(&h, &d, presid);
    assert_true(honest_compute(&h));
}

/* ---- row 25 ---------------------------------------------------------------------- */

/* Under another presid the recording does not even pass the first check. */
static void a_recording_does_not_get_into_another_session(void **state)
{
    (void)state;
    open_all();
    play_honestly();
    finish_honestly();
    /* the same session is over */
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_ERR_REPLAY);
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R2, cs_wr_get(&e.r2)), CS_ERR_REPLAY);
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R3, cs_wr_get(&e.r3)), CS_ERR_REPLAY);
    next_session();
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R2, cs_wr_get(&e.r2)), CS_OK);
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R3, cs_wr_get(&e.r3)), CS_OK);
    assert_true(honest_compute(&h));
    assert_int_equal(h.err, CS_ERR_OT_CHECK);
    assert_int_equal(h.answers, 0);
    close_all();
}

/* Row 24: later rounds of another run of one presid differ in sid, and blame nobody. */
static void later_rounds_of_a_recording_are_of_another_sid(void **state)
{
    struct cs_wr old_r2 = {0}, old_r3 = {0};

    (void)state;
    for (int round = 2; round <= 3; round++) {
        open_all();
        play_honestly();
        cs_wr_reset(&old_r2);
        cs_wr_reset(&old_r3);
        cs_wr_span(&old_r2, cs_wr_get(&e.r2));
        cs_wr_span(&old_r3, cs_wr_get(&e.r3));
        evil_close(&e);
        honest_close(&h);
        evil_open(&e, &d, 2, presid);
        honest_open(&h, &d, presid);
        evil_round1(&e);
        assert_true(honest_compute(&h));
        if (round == 2) {
            assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
            assert_true(honest_compute(&h));
            assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R2, cs_wr_get(&old_r2)),
                             CS_OK);
        } else {
            play_honestly();
            assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R3, cs_wr_get(&old_r3)),
                             CS_OK);
        }
        assert_true(honest_compute(&h));
        assert_int_equal(h.err, CS_ERR_SID_MISMATCH);
        assert_int_equal(h.culprit, 0);
        assert_false(h.burned);
        assert_int_equal(cs_ot_pair_state(d.bed.pair[1]), CS_OT_TESTED);
        close_all();
    }
    cs_wr_free(&old_r2);
    cs_wr_free(&old_r3);
}

/* Row 24: two first messages of one honest node, one to each of two peers' sessions, or
 * a relay that mixes two runs: sids differ at both ends, nobody is blamed. */
static void two_honest_ends_of_different_runs_do_not_ban_each_other(void **state)
{
    struct run a, b;
    struct cs_dkls_out from[2] = {{.n_msgs = 0}, {.n_msgs = 0}};
    struct run *of[2] = {&a, &b};

    (void)state;
    duo_open(&d, 1, 2);
    run_open(&a, &d);
    run_open(&b, &d);
    for (int k = 1; k <= 2; k++) { /* b has a's presid: another run of the same name */
        struct cs_dkls_params p = duo_params(&d, k, a.presid);

        cs_dkls_free(b.s[k]);
        assert_int_equal(duo_new(&b.s[k], &d, k, &p), CS_OK);
    }
    for (int i = 0; i < 2; i++) { /* end 2 of both speaks */
        struct cs_dkls_job *job = cs_dkls_take_job(of[i]->s[2], bed_random, NULL);

        cs_dkls_job_run(job);
        assert_int_equal(cs_dkls_job_done(of[i]->s[2], job, &from[i]), CS_OK);
    }
    for (int i = 0; i < 2; i++) { /* crossed */
        struct cs_dkls_out out = {0};

        assert_int_equal(duo_feed(&d, of[1 - i]->s[1], 2, &from[i].msgs[0], &out),
                         CS_OK);
        cs_dkls_out_clear(&out);
        cs_dkls_out_clear(&from[i]);
    }
    run_pump(&a, &d);
    run_pump(&b, &d);
    for (int i = 0; i < 2; i++) {
        for (int k = 1; k <= 2; k++) {
            assert_int_equal(of[i]->err[k], CS_ERR_SID_MISMATCH);
            assert_false(of[i]->burned[k]);
        }
        run_close(of[i]);
    }
    assert_int_equal(cs_ot_pair_state(d.bed.pair[1]), CS_OT_TESTED);
    assert_int_equal(cs_ot_pair_state(d.bed.pair[2]), CS_OT_TESTED);
    duo_close(&d);
}

/* ---- row 26 ---------------------------------------------------------------------- */

/* Ends that mean another key or epoch have other presids: nothing of one is for the
 * other, and the extension of one does not fit the other. */
static void ends_that_mean_another_key_do_not_get_past_round_1(void **state)
{
    struct cs_dkls_request q = {.n = 2, .signers = {1, 2}, .n_items = 1};
    uint8_t id[3][32];

    (void)state;
    cs_dkls_presid(id[0], &q);
    q.key_id[0] = 1;
    cs_dkls_presid(id[1], &q);
    q.key_id[0] = 0;
    q.key_epoch = 1;
    cs_dkls_presid(id[2], &q);
    for (size_t other = 1; other < 3; other++) {
        duo_open(&d, 1, 2);
        evil_open(&e, &d, 2, id[other]);
        honest_open(&h, &d, id[0]);
        evil_round1(&e);
        assert_true(honest_compute(&h));
        assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
        assert_true(honest_compute(&h));
        assert_int_equal(h.err, CS_ERR_OT_CHECK);
        assert_int_equal(h.answers, 0);
        close_all();
    }
}

/* ---- row 29 ---------------------------------------------------------------------- */

/* t = 2 of a key made for three: two shares of a line through other points than its. */
static void a_signer_with_no_share_of_the_key_does_not_sign(void **state)
{
    (void)state;
    duo_open(&d, 1, 2);
    d.x[2].s = some_scalar(CS_CURVE_SECP256K1);
    evil_open(&e, &d, 2, presid);
    honest_open(&h, &d, presid);
    evil_round1(&e);
    assert_true(honest_compute(&h));
    (void)evil_round2(&e, cs_wr_get(&h.out.msgs[0].body));
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
    assert_true(honest_compute(&h));
    assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R2, cs_wr_get(&e.r2)), CS_OK);
    assert_true(honest_compute(&h));
    assert_int_equal(h.err, CS_ERR_PK_SUM);
    assert_int_equal(h.culprit, 2); /* of two, the other */
    assert_int_equal(h.answers, 1);
    close_all();
}

/* ---- row 36 ---------------------------------------------------------------------- */

enum { INVALID = 10000, SESSIONS = 60 };

/* The initiator's answer to 10^4 wrong partials: one word, nothing left over. */
static void every_invalid_partial_meets_the_same_word_and_leaves_nothing(void **state)
{
    static const struct cs_ecdsa_sig zero;
    struct evil a, b;
    struct dkls_state keep;
    uint8_t *p;

    (void)state;
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
    keep = *a.s;
    p = b.r3.p + R3_U;
    for (unsigned i = 0; i < INVALID; i++) {
        size_t bit = i % 512; /* each bit of u and w, then two at once */
        size_t other = i < 512 ? bit : (bit * 7 + i / 512) % 512;

        p[bit >> 3] ^= (uint8_t)(1u << (bit & 7));
        if (other != bit) {
            p[other >> 3] ^= (uint8_t)(1u << (other & 7));
        }
        a.s->u = keep.u;
        a.s->w = keep.w;
        assert_int_equal(evil_finish(&a, cs_wr_get(&b.r3)), CS_ERR_SIG_INVALID);
        assert_int_equal(a.s->culprit, 2);
        assert_memory_equal(&a.s->sig, &zero, sizeof zero);
        assert_true(cs_ct_is_zero(&a.s->u, sizeof a.s->u));
        assert_true(cs_ct_is_zero(&a.s->w, sizeof a.s->w));
        p[bit >> 3] ^= (uint8_t)(1u << (bit & 7));
        if (other != bit) {
            p[other >> 3] ^= (uint8_t)(1u << (other & 7));
        }
    }
    a.s->u = keep.u;
    a.s->w = keep.w;
    assert_int_equal(evil_finish(&a, cs_wr_get(&b.r3)), CS_OK); /* all else was right */
    cs_wipe(&keep, sizeof keep);
    evil_close(&a);
    evil_close(&b);
    duo_close(&d);
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 33);
}

/* Whole sessions that end in an invalid partial: every one has a nonce, a key share and
 * pads of its own.  CS_TEST_PARTIALS: how many (test/night.sh: 10000). */
static void sessions_after_invalid_partials_reuse_nothing(void **state)
{
    const char *wanted = getenv("CS_TEST_PARTIALS");
    long parsed = wanted == NULL ? SESSIONS : strtol(wanted, NULL, 10);
    size_t n = parsed < 1 || parsed > INVALID ? INVALID : (size_t)parsed;
    uint8_t(*seen)[33] = cs_alloc(3 * n * sizeof *seen);

    (void)state;
    assert_non_null(seen);
    duo_open(&d, 1, 2);
    stream_bytes(&rnd, presid, 32);
    for (size_t i = 0; i < n; i++) {
        const uint8_t *r2;

        stream_bytes(&rnd, presid, 32);
        evil_open(&e, &d, 2, presid);
        honest_open(&h, &d, presid);
        evil_round1(&e);
        assert_true(honest_compute(&h));
        assert_int_equal(evil_round2(&e, cs_wr_get(&h.out.msgs[0].body)), CS_OK);
        assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R1, cs_wr_get(&e.r1)), CS_OK);
        assert_true(honest_compute(&h));
        r2 = h.out.msgs[0].body.p;
        memcpy(seen[3 * i], r2 + R2_R, 33);
        memcpy(seen[3 * i + 1], r2 + R2_PK, 33);
        memcpy(seen[3 * i + 2], r2 + R2_AT, 33);
        assert_int_equal(evil_round3(&e, cs_wr_get(&h.out.msgs[0].body)), CS_OK);
        assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R2, cs_wr_get(&e.r2)), CS_OK);
        assert_true(honest_compute(&h));
        stream_bytes(&rnd, e.r3.p + (i % 2 == 0 ? R3_U : R3_W), 32);
        assert_int_equal(honest_feed(&h, CS_TYPE_SIG_R3, cs_wr_get(&e.r3)), CS_OK);
        assert_true(honest_compute(&h));
        assert_int_equal(h.err, CS_ERR_SIG_INVALID);
        assert_int_equal(h.culprit, 2);
        assert_false(h.burned);
        honest_close(&h);
        evil_close(&e);
    }
    qsort(seen, 3 * n, sizeof *seen, by_bytes);
    for (size_t i = 1; i < 3 * n; i++) {
        assert_memory_not_equal(seen[i - 1], seen[i], 33);
    }
    cs_free(seen);
    duo_close(&d);
}

/* ---- row 7 ----------------------------------------------------------------------- */

/* x = fold(b) is shown.  Without the 128 random columns at the end of b it would be a
 * linear function of beta and of padding: 128 equations for Alice.  With them, what is
 * left when all other columns are known is uniform: each bit is set in about half of
 * the runs, and no two runs are alike. */
static void the_mask_columns_hide_the_choice(void **state)
{
    enum { RUNS = 256 };
    unsigned ones[128] = {0};
    uint8_t left[RUNS][16];

    (void)state;
    duo_open(&d, 1, 2);
    for (size_t i = 0; i < RUNS; i++) {
        struct cs_gf128 chi[CS_OT_CHI], f;
        uint8_t row[CS_OT_ROW_LEN], esid[32];

        stream_bytes(&rnd, presid, 32);
        evil_open(&e, &d, 2, presid);
        evil_round1(&e);
        cs_otx_esid(esid, &e.p->keys_bob->ids, presid, e.r1.p);
        cs_otx_chi(chi, esid, e.r1.p + R1_U);
        memcpy(row, e.p->secret.as_bob.b, sizeof row);
        assert_false(cs_ct_is_zero(row + 52, 12)); /* the padding columns, too */
        memset(row + 64, 0, 16);                   /* all but the mask columns */
        cs_otx_fold(&f, row, chi);
        cs_gf128_store(left[i], &f);
        for (size_t k = 0; k < 16; k++) {
            left[i][k] ^= e.r1.p[R1_X + k];
        }
        assert_memory_equal(left[i], e.p->secret.as_bob.b + 64, 16);
        for (size_t k = 0; k < 128; k++) {
            ones[k] += (unsigned)(left[i][k >> 3] >> (k & 7)) & 1;
        }
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(left[k], left[i], 16);
        }
        evil_close(&e);
    }
    for (size_t k = 0; k < 128; k++) { /* 128 +- 6.5 sigma: 2^-33 for a true coin */
        assert_in_range(ones[k], 76, 180);
    }
    duo_close(&d);
}

/* ---- row 12 ---------------------------------------------------------------------- */

static struct bed bed[2];
static uint8_t first_r[2][CS_OT_R_LEN], first_ext[2][CS_OT_EXT_LEN];
static size_t of_bed;

static bool keep_first(struct bed *b, uint8_t from, uint8_t type, uint8_t *body,
                       size_t n)
{
    (void)b;
    if (from == 1 && type == CS_TYPE_OT_R) {
        memcpy(first_r[of_bed], body, n);
    }
    if (from == 1 && type == CS_TYPE_OT_EXT) {
        memcpy(first_ext[of_bed], body, n);
    }
    return true;
}

/* Two lives of one restored image: the same generator state, the same local secret. The
 * link is another one, as the peer's half of the handshake is fresh. */
static void a_restored_image_meets_another_setup(void **state)
{
    const struct stream image = rnd;
    struct cs_ot_out out = {0};
    uint8_t osid[2][32];

    (void)state;
    for (of_bed = 0; of_bed < 2; of_bed++) {
        rnd = image;
        bed_open(&bed[of_bed]);
        bed[of_bed].link_id[0] ^= (uint8_t)of_bed;
        for (uint8_t i = 1; i <= 2; i++) {
            cs_ot_pair_free(bed[of_bed].pair[i]);
            bed[of_bed].pair[i] = bed_pair(&bed[of_bed], i, false);
        }
        bed[of_bed].wire = keep_first;
        assert_int_equal(cs_ot_pair_start(bed[of_bed].pair[1]), CS_OK);
        assert_int_equal(cs_ot_pair_start(bed[of_bed].pair[2]), CS_OK);
        bed_pump(&bed[of_bed]);
        assert_int_equal(cs_ot_pair_state(bed[of_bed].pair[1]), CS_OT_TESTED);
        memcpy(osid[of_bed], cs_ot_pair_osid(bed[of_bed].pair[1], 1), 32);
    }
    assert_memory_not_equal(osid[0], osid[1], 32);
    for (size_t i = 0; i < CS_OT_R_LEN / 32; i++) { /* Delta, t and rho are others */
        assert_memory_not_equal(first_r[0] + 32 * i, first_r[1] + 32 * i, 32);
    }
    for (size_t i = 0; i < CS_OT_ROWS; i++) { /* rows and choice, too */
        assert_memory_not_equal(first_ext[0] + 32 + CS_OT_ROW_LEN * i,
                                first_ext[1] + 32 + CS_OT_ROW_LEN * i, CS_OT_ROW_LEN);
    }
    /* what was said in the first life is no part of the second */
    assert_int_equal(cs_ot_pair_feed(bed[1].pair[2], CS_TYPE_OT_R, osid[0],
                                     CS_SPAN_OF(first_r[0]), &out),
                     CS_ERR_SETUP_MISSING);
    assert_int_equal(cs_ot_pair_feed(bed[1].pair[2], CS_TYPE_OT_EXT, osid[0],
                                     CS_SPAN_OF(first_ext[0]), &out),
                     CS_ERR_REPLAY);
    cs_ot_out_clear(&out);
    bed_close(&bed[0]);
    bed_close(&bed[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recording_does_not_get_into_another_session),
        cmocka_unit_test(later_rounds_of_a_recording_are_of_another_sid),
        cmocka_unit_test(two_honest_ends_of_different_runs_do_not_ban_each_other),
        cmocka_unit_test(ends_that_mean_another_key_do_not_get_past_round_1),
        cmocka_unit_test(a_signer_with_no_share_of_the_key_does_not_sign),
        cmocka_unit_test(every_invalid_partial_meets_the_same_word_and_leaves_nothing),
        cmocka_unit_test(sessions_after_invalid_partials_reuse_nothing),
        cmocka_unit_test(the_mask_columns_hide_the_choice),
        cmocka_unit_test(a_restored_image_meets_another_setup),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
