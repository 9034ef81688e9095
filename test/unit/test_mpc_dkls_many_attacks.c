/* DKLs23 with three signers of whom one or two cheat (PROTOCOLS 4.7, 15.1 A2, A3, 15.4
 * D5; 10, rows 5, 13-16, 24, 31, 36, 38, 39, 54): every check of t = 2 and those that
 * come in at t >= 3, each with the party it names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/dkls_fields.h"
#include "support/dkls_group.h"
#include "support/dkls_inner.h"

static const enum cs_curve secp = CS_CURVE_SECP256K1;
static struct group g;
static struct ring r;
static const uint8_t three[] = {1, 2, 3};

static bool burns(enum cs_err err)
{
    return err == CS_ERR_OT_CHECK || err == CS_ERR_RVOLE_CHECK ||
           err == CS_ERR_GAMMA_CHECK; /* 15.4 D5, and only these */
}

/* Signer 1 has ended with this, naming `who`, and burned the setup with him, if any. */
static void first_ended_with(enum cs_err err, uint8_t who, const char *what)
{
    const struct party *p = &r.by[1];

    if (p->err != err || p->culprit != who) {
        fail_msg("%s: %s of %u, not %s of %u", what, cs_err_name(p->err), p->culprit,
                 cs_err_name(err), who);
    }
    assert_int_equal(cs_dkls_phase(p->s), CS_DKLS_FAILED);
    assert_int_equal(cs_dkls_error(p->s), err);
    assert_null(cs_dkls_signature(p->s));
    assert_true(p->ended);
    assert_true(p->burned == burns(err));
    for (uint8_t j = 2; j <= 3; j++) {
        assert_int_equal(cs_ot_pair_state(group_pair(&g, 1, j)),
                         burns(err) && j == who ? CS_OT_BURNED : CS_OT_TESTED);
    }
}

/* ---- every field of every message, from either of the others --------------------- */

enum part { BCAST, BODY };

static const struct row {
    uint8_t type;
    enum part part;
    size_t at;
    enum mutation how;
    enum cs_err err;
    bool named;
} table[] = {
    {1, BCAST, R1_NONCE, FLIP, CS_ERR_OT_CHECK, true},
    {1, BCAST, R1_COM, FLIP, CS_ERR_SID_MISMATCH, false},
    {1, BODY, 0, FLIP, CS_ERR_OT_CHECK, true},
    {1, BODY, R1_X - R1_U, FLIP, CS_ERR_OT_CHECK, true},
    {1, BODY, R1_T - R1_U + 127 * 16, FLIP, CS_ERR_OT_CHECK, true},
    {2, BODY, R2_SID, FLIP, CS_ERR_SID_MISMATCH, false},
    {2, BODY, R2_TR, FLIP, CS_ERR_EQUIVOCATION, false},
    {2, BODY, R2_AT, FLIP, CS_ERR_RVOLE_CHECK, true},
    {2, BODY, R2_ETA - 32, FLIP, CS_ERR_RVOLE_CHECK, true},
    {2, BODY, R2_AT + 32, ORDER, CS_ERR_ZERO_OR_RANGE, true},
    {2, BODY, R2_ETA, FLIP, CS_ERR_RVOLE_CHECK, true},
    {2, BODY, R2_ETA, ZERO, CS_ERR_ZERO_OR_RANGE, true},
    {2, BODY, R2_MU, FLIP, CS_ERR_RVOLE_CHECK, true},
    {2, BODY, R2_R, OTHER_POINT, CS_ERR_COMMIT_OPEN, true},
    {2, BODY, R2_R, HYBRID, CS_ERR_COMMIT_OPEN, true},
    {2, BODY, R2_SALT, FLIP, CS_ERR_COMMIT_OPEN, true},
    {2, BODY, R2_PK, OTHER_POINT, CS_ERR_GAMMA_CHECK, true},
    {2, BODY, R2_PK, HYBRID, CS_ERR_BAD_POINT, true},
    {2, BODY, R2_PK, NOT_ON_CURVE, CS_ERR_BAD_POINT, true},
    {2, BODY, R2_GU, OTHER_POINT, CS_ERR_GAMMA_CHECK, true},
    {2, BODY, R2_GU, X_TOO_LARGE, CS_ERR_BAD_POINT, true},
    {2, BODY, R2_GV, OTHER_POINT, CS_ERR_GAMMA_CHECK, true},
    {2, BODY, R2_GV, ZERO, CS_ERR_BAD_POINT, true},
    {2, BODY, R2_PSI, FLIP, CS_ERR_SIG_INVALID, false},
    {2, BODY, R2_PSI, ZERO, CS_ERR_ZERO_OR_RANGE, true},
    {2, BODY, R2_PSI, ORDER, CS_ERR_ZERO_OR_RANGE, true},
    {3, BODY, R3_SID, FLIP, CS_ERR_SID_MISMATCH, false},
    {3, BODY, R3_U, FLIP, CS_ERR_SIG_INVALID, false},
    {3, BODY, R3_U, ZERO, CS_ERR_SIG_INVALID, true},
    {3, BODY, R3_U, ORDER_1, CS_ERR_SIG_INVALID, true},
    {3, BODY, R3_W, FLIP, CS_ERR_SIG_INVALID, false},
    {3, BODY, R3_W, ORDER, CS_ERR_SIG_INVALID, true},
    {3, BODY, R3_W, ALL_ONES, CS_ERR_SIG_INVALID, true},
};

static uint8_t liar;

static bool change_field(struct group *group, uint8_t from, struct cs_dkls_msg *m)
{
    const struct row *row = &table[group->arg];

    if (from == liar && m->to == 1 && m->type == row->type) {
        mutate((row->part == BCAST ? m->bcast.p : m->body.p) + row->at, row->how);
        group->hits++;
    }
    return true;
}

static void every_field_is_checked_and_its_sender_named(void **state)
{
    char what[64];

    (void)state;
    group_open(&g, 3, 3);
    g.wire = change_field;
    for (unsigned i = 0; i < 2 * CS_COUNTOF(table); i++) {
        const struct row *row = &table[i / 2];

        g.arg = i / 2;
        g.hits = 0;
        liar = (uint8_t)(2 + i % 2);
        ring_open(&r, &g, three, 3, 1);
        ring_pump(&r, &g);
        assert_int_equal(g.hits, 1);
        (void)snprintf(what, sizeof what, "row %u of %u", i / 2, liar);
        first_ended_with(row->err, row->named ? liar : 0, what);
        ring_close(&r);
        group_heal(&g);
    }
    group_close(&g);
}

/* ---- lengths and second messages
 * ------------------------------------------------------ */

static void wrong_lengths_name_their_sender(void **state)
{
    static const uint8_t zero[CS_SIG_R2_TR_LEN + 1];
    static const struct {
        uint8_t type;
        size_t bcast, body;
    } rows[] = {
        {1, 0, CS_SIG_R1_LEN}, /* as at t = 2 */
        {1, CS_SIG_R1_LEN, 0},
        {1, CS_SIG_R1_BCAST_LEN - 1, CS_OTX_LEN + 1},
        {1, CS_SIG_R1_BCAST_LEN, CS_OTX_LEN - 1},
        {1, CS_SIG_R1_BCAST_LEN, CS_OTX_LEN + 1},
        {1, 0, 0},
        {2, 0, CS_SIG_R2_LEN}, /* as at t = 2: no tr_1 */
        {2, 0, CS_SIG_R2_TR_LEN + 1},
        {2, 0, CS_SIG_R2_TR_LEN - 1},
        {2, 1, CS_SIG_R2_TR_LEN},
        {3, 0, CS_SIG_R3_LEN + 1},
        {3, 0, CS_SIG_R3_LEN - 1},
        {3, 32, CS_SIG_R3_LEN},
    };

    (void)state;
    group_open(&g, 3, 3);
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        struct cs_dkls_msg m = {.type = rows[i].type};

        cs_wr_bytes(&m.bcast, zero, rows[i].bcast);
        cs_wr_bytes(&m.body, zero, rows[i].body);
        ring_open(&r, &g, three, 3, 1);
        assert_int_equal(ring_feed(&r, 3, 1, &m), CS_ERR_BAD_FORMAT);
        first_ended_with(CS_ERR_BAD_FORMAT, 3, "length");
        ring_close(&r);
        cs_wr_free(&m.bcast);
        cs_wr_free(&m.body);
    }
    group_close(&g);
}

static struct cs_dkls_msg kept; /* of signer 2 to 1 */
static uint8_t kept_type;

static bool keep(struct group *group, uint8_t from, struct cs_dkls_msg *m)
{
    (void)group;
    if (from == 2 && m->to == 1 && m->type == kept_type) {
        cs_wr_span(&kept.bcast, cs_wr_get(&m->bcast));
        cs_wr_span(&kept.body, cs_wr_get(&m->body));
        kept.type = m->type;
        kept.to = 1;
    }
    return true;
}

/* 2.6, 15.1 A5: the broadcast part is signed, so that two of them are proof. */
static void a_second_message_of_a_round_names_its_sender(void **state)
{
    static const struct {
        uint8_t type;
        enum part part;
        enum cs_err err;
    } rows[] = {
        {1, BCAST, CS_ERR_EQUIVOCATION},
        {1, BODY, CS_ERR_SIG_TWICE},
        {2, BODY, CS_ERR_SIG_TWICE},
    };

    (void)state;
    group_open(&g, 3, 3);
    g.wire = keep;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        kept_type = rows[i].type;
        ring_open(&r, &g, three, 3, 1);
        while (kept.type == 0) {
            for (uint8_t k = 3; k >= 2; k--) { /* signer 1 lags behind */
                (void)ring_compute(&r, &g, k);
            }
            (void)(kept.type == 0 && ring_compute(&r, &g, 1));
        }
        assert_int_equal(ring_feed(&r, 2, 1, &kept), CS_ERR_REPLAY);
        *(rows[i].part == BCAST ? kept.bcast.p : kept.body.p) ^= 1;
        assert_int_equal(ring_feed(&r, 2, 1, &kept), rows[i].err);
        first_ended_with(rows[i].err, 2, "second message");
        ring_close(&r);
        cs_wr_free(&kept.bcast);
        cs_wr_free(&kept.body);
        kept = (struct cs_dkls_msg){0};
    }
    group_close(&g);
}

/* ---- row 31: another broadcast for each peer
 * ------------------------------------------ */

static bool split_view(struct group *group, uint8_t from, struct cs_dkls_msg *m)
{
    (void)group;
    if (from == 3 && m->to == 2 && m->type == CS_TYPE_SIG_R1) {
        m->bcast.p[R1_COM] ^= 1;
    }
    return true;
}

/* Row 24: the honest ones do not ban each other, and nothing of round 3 leaves. */
static void a_split_view_of_the_commitments_ends_all_and_blames_nobody(void **state)
{
    (void)state;
    group_open(&g, 3, 3);
    g.wire = split_view;
    ring_open(&r, &g, three, 3, 1);
    ring_pump(&r, &g);
    for (uint8_t i = 1; i <= 2; i++) {
        assert_int_equal(r.by[i].err, CS_ERR_SID_MISMATCH);
        assert_int_equal(r.by[i].culprit, 0);
        assert_false(r.by[i].burned);
    }
    first_ended_with(CS_ERR_SID_MISMATCH, 0, "split view");
    ring_close(&r);
    group_close(&g);
}

/* ---- rows 15, 16
 * ---------------------------------------------------------------------- */

static bool shift_keys(struct group *group, uint8_t from, struct cs_dkls_msg *m)
{
    struct cs_scalar one = small(secp, 1);
    struct cs_point pk, shift;

    if (m->type == CS_TYPE_SIG_R2 && m->to == 1) {
        if (from == 3) {
            cs_scalar_negate(secp, &one, &one);
        }
        cs_point_base_mul(secp, &shift, &one);
        assert_int_equal(cs_point_decode(secp, &pk, CS_SPAN(m->body.p + R2_PK, 33)),
                         CS_OK);
        cs_point_add(&pk, &pk, &shift);
        (void)cs_point_encode(&pk, m->body.p + R2_PK);
        group->hits++;
    }
    return true;
}

/* pk_2 + G and pk_3 - G still add up: the first of them is caught. */
static void two_key_shares_shifted_oppositely_are_seen(void **state)
{
    (void)state;
    group_open(&g, 3, 3);
    g.wire = shift_keys;
    ring_open(&r, &g, three, 3, 1);
    ring_pump(&r, &g);
    assert_int_equal(g.hits, 2);
    first_ended_with(CS_ERR_GAMMA_CHECK, 2, "shifted keys");
    ring_close(&r);
    group_close(&g);
}

/* A wrong share, zero share or epsilon, used consistently: of three nobody knows whose
 * it was (D5). */
static void key_shares_that_do_not_add_up_name_nobody(void **state)
{
    struct cs_scalar one = small(secp, 1), was;

    (void)state;
    group_open(&g, 3, 3);
    for (int what = 0; what < 3; what++) {
        if (what == 0) {
            cs_scalar_add(secp, &g.x[3].s, &g.x[3].s, &one);
        } else if (what == 1) {
            g.zero_key[3][2][0] ^= 1;
        }
        ring_open(&r, &g, three, 3, 1);
        if (what == 2) { /* epsilon is the lowest signer's to add */
            was = g.epsilon;
            cs_scalar_add(secp, &g.epsilon, &g.epsilon, &one);
            cs_dkls_free(r.by[1].s);
            assert_int_equal(group_new(&r.by[1], &g, &r.p, 1), CS_OK);
            g.epsilon = was;
        }
        ring_pump(&r, &g);
        for (uint8_t i = 1; i <= 3; i++) {
            assert_int_equal(r.by[i].err, CS_ERR_PK_SUM);
            assert_int_equal(r.by[i].culprit, 0);
        }
        first_ended_with(CS_ERR_PK_SUM, 0, "key sum");
        ring_close(&r);
        if (what == 0) {
            cs_scalar_sub(secp, &g.x[3].s, &g.x[3].s, &one);
        } else if (what == 1) {
            g.zero_key[3][2][0] ^= 1;
        }
    }
    group_close(&g);
}

/* Signers 1 and 2 honest, 3 not; all states are open. */
static struct inner in[4];

static void inner_round1(void)
{
    uint8_t rand[DKLS_RAND];

    group_open(&g, 3, 3);
    ring_params(&r, &g, three, 3, 1);
    for (uint8_t i = 1; i <= 3; i++) {
        inner_open(&in[i], &g, &r, i);
        stream_bytes(&rnd, rand, sizeof rand);
        assert_int_equal(inner_step(&in[i], dkls_round1, NULL, rand), CS_OK);
    }
}

/* A round of all on what all said in the one before; the code of signer 1. */
static enum cs_err inner_round(dkls_step *step)
{
    struct inner said[4];
    uint8_t rand[DKLS_RAND];
    enum cs_err first = CS_OK;

    memcpy(said, in, sizeof said);
    for (uint8_t i = 1; i <= 3; i++) {
        memset(in[i].out, 0, sizeof in[i].out); /* said has them now */
    }
    for (uint8_t i = 1; i <= 3; i++) {
        const struct dkls_in from[2] = {inner_in(&said[i == 1 ? 2 : 1], i),
                                        inner_in(&said[i == 3 ? 2 : 3], i)};
        enum cs_err err;

        stream_bytes(&rnd, rand, sizeof rand);
        err = inner_step(&in[i], step, from, rand);
        first = i == 1 ? err : first;
    }
    for (uint8_t i = 1; i <= 3; i++) {
        inner_forget(&said[i]);
    }
    return first;
}

static void inner_close_all(void)
{
    for (uint8_t i = 1; i <= 3; i++) {
        inner_close(&in[i]);
    }
    group_close(&g);
}

static void signer_1_names_3(enum cs_err got, enum cs_err want)
{
    assert_string_equal(cs_err_name(got), cs_err_name(want));
    assert_int_equal(in[1].s->culprit, 3);
    assert_true(cs_ct_is_zero(&in[1].s->secret, sizeof in[1].s->secret));
    for (size_t k = 0; k < 2; k++) {
        assert_true(
            cs_ct_is_zero(&in[1].s->peers[k].secret, sizeof in[1].s->peers[k].secret));
        assert_int_equal(in[1].out[k].body.n, 0);
    }
}

/* 3 waits for 2's commitment and sends it as its own, then 2's opening. */
static void a_commitment_copied_from_another_signer_does_not_open(void **state)
{
    (void)state;
    inner_round1();
    for (size_t k = 0; k < 2; k++) {
        memcpy(in[3].out[k].bcast.p + R1_COM, in[2].out[0].bcast.p + R1_COM, 32);
        memcpy(in[3].s->peers[k].r1 + R1_COM, in[2].out[0].bcast.p + R1_COM, 32);
    }
    assert_int_equal(inner_round(dkls_round2), CS_OK);
    for (size_t k = 0; k < 2; k++) {
        memcpy(in[3].out[k].body.p + R2_R, in[2].out[0].body.p + R2_R, 33 + 32);
    }
    signer_1_names_3(inner_round(dkls_round3), CS_ERR_COMMIT_OPEN);
    inner_close_all();
}

/* Row 15: 3 multiplies another nonce than it shows. */
static void another_nonce_in_the_multiplication_names_its_owner(void **state)
{
    const struct cs_n one = {{1, 0, 0, 0}};

    (void)state;
    inner_round1();
    cs_n_add(&in[3].s->secret.r, &in[3].s->secret.r, &one); /* R is of the old one */
    assert_int_equal(inner_round(dkls_round2), CS_OK);
    signer_1_names_3(inner_round(dkls_round3), CS_ERR_GAMMA_CHECK);
    inner_close_all();
}

/* The nonces of all cancel: nobody can have known, nobody is named. */
static void nonces_of_three_that_cancel_end_the_session(void **state)
{
    struct cs_n sum;
    struct cs_scalar k;
    uint8_t R[CS_POINT_MAX];
    static const struct cs_n zero;

    (void)state;
    inner_round1();
    cs_n_add(&sum, &in[1].s->secret.r, &in[2].s->secret.r);
    cs_n_sub(&in[3].s->secret.r, &zero, &sum);
    cs_n_store(k.b, &in[3].s->secret.r);
    cs_point_base_mul(secp, &in[3].s->R_own, &k);
    (void)cs_point_encode(&in[3].s->R_own, R);
    for (size_t i = 0; i < 2; i++) {
        cs_dkls_com_all(in[3].s->peers[i].r1 + R1_COM, r.presid, 3, R,
                        in[3].s->secret.salt);
        memcpy(in[3].out[i].bcast.p, in[3].s->peers[i].r1, CS_SIG_R1_BCAST_LEN);
    }
    assert_int_equal(inner_round(dkls_round2), CS_OK);
    assert_int_equal(inner_round(dkls_round3), CS_ERR_ZERO_OR_RANGE);
    assert_int_equal(in[1].s->culprit, 0);
    inner_close_all();
}

/* And with honest values the same states make a signature; after round 3 nothing of
 * them is left (4.7). */
static void the_open_states_can_be_honest_and_keep_no_secret(void **state)
{
    struct dkls_in last[2];
    uint8_t X[CS_POINT_MAX];

    (void)state;
    inner_round1();
    assert_int_equal(inner_round(dkls_round2), CS_OK);
    assert_int_equal(inner_round(dkls_round3), CS_OK);
    for (uint8_t i = 1; i <= 3; i++) {
        assert_true(cs_ct_is_zero(&in[i].s->secret, sizeof in[i].s->secret));
        for (size_t k = 0; k < 2; k++) {
            assert_true(cs_ct_is_zero(&in[i].s->peers[k].secret,
                                      sizeof in[i].s->peers[k].secret));
        }
        assert_true(cs_ct_is_zero(&in[i].s->u, 32) == (i != 1));
        assert_true(cs_ct_is_zero(&in[i].s->w, 32) == (i != 1));
    }
    last[0] = inner_in(&in[2], 1);
    last[1] = inner_in(&in[3], 1);
    assert_int_equal(inner_step(&in[1], dkls_finish, last, NULL), CS_OK);
    assert_true(cs_ct_is_zero(&in[1].s->u, 32) && cs_ct_is_zero(&in[1].s->w, 32));
    (void)cs_point_encode(&g.X, X);
    assert_int_equal(cs_ecdsa_verify(X, g.digest, in[1].s->sig.rs), CS_OK);
    inner_close_all();
}

/* ---- rows 5, 13: burning one pair of several
 * ------------------------------------------ */

static bool bad_guess(struct group *group, uint8_t from, struct cs_dkls_msg *m)
{
    if (from == group->arg && m->to == 1 && m->type == CS_TYPE_SIG_R1) {
        m->body.p[0] ^= 1;
    }
    return true;
}

static void a_burn_ends_the_sessions_of_that_pair_and_no_others(void **state)
{
    static const uint8_t others[] = {1, 2}, with_three[] = {1, 3};
    struct ring two, third;

    (void)state;
    group_open(&g, 3, 3);
    ring_open(&two, &g, others, 2, 1);
    ring_open(&third, &g, with_three, 2, 1);
    g.wire = bad_guess;
    g.arg = 3;
    ring_open(&r, &g, three, 3, 1);
    ring_pump(&r, &g);
    first_ended_with(CS_ERR_OT_CHECK, 3, "guess");
    assert_int_equal(cs_dkls_phase(two.by[1].s), CS_DKLS_RUNNING);
    assert_int_equal(cs_dkls_phase(third.by[1].s), CS_DKLS_FAILED);
    assert_int_equal(cs_dkls_error(third.by[1].s), CS_ERR_OT_BURNED);
    g.wire = NULL;
    ring_pump(&two, &g); /* gets as far as shares of a degree too high can */
    assert_int_equal(two.by[1].err, CS_ERR_PK_SUM);
    ring_close(&two);
    ring_close(&third);
    ring_close(&r);
    group_close(&g);
}

/* Both cheat: the first is named; of the second nothing was looked at, so that its
 * guess has told it nothing. */
static bool two_bad_guesses(struct group *group, uint8_t from, struct cs_dkls_msg *m)
{
    (void)group;
    if (from != 1 && m->to == 1 && m->type == CS_TYPE_SIG_R1) {
        m->body.p[0] ^= 1;
    }
    return true;
}

static void of_two_cheats_the_first_is_named_and_nothing_leaves(void **state)
{
    (void)state;
    group_open(&g, 3, 3);
    g.wire = two_bad_guesses;
    ring_open(&r, &g, three, 3, 1);
    ring_pump(&r, &g);
    first_ended_with(CS_ERR_OT_CHECK, 2, "two guesses");
    ring_close(&r);
    group_close(&g);
}

/* ---- locks of several pairs
 * ------------------------------------------------------------ */

/* Up to where signer 1 could compute its round 2. */
static void to_round_2(struct ring *ring)
{
    for (uint8_t i = 1; i <= 4; i++) {
        (void)ring_compute(ring, &g, i);
    }
}

static void a_session_takes_all_of_its_locks_or_none(void **state)
{
    static const uint8_t s134[] = {1, 3, 4}, s13[] = {1, 3}, s123[] = {1, 2, 3},
                         s12[] = {1, 2};
    struct ring a, b, c, d;
    struct cs_dkls_out out = {0};
    struct cs_dkls_job *job, *other;

    (void)state;
    group_open(&g, 4, 3);
    ring_open(&a, &g, s134, 3, 1);
    ring_open(&b, &g, s13, 2, 1);
    ring_open(&c, &g, s123, 3, 1);
    ring_open(&d, &g, s12, 2, 1);
    to_round_2(&a);
    to_round_2(&b);
    to_round_2(&c);
    to_round_2(&d);
    job = cs_dkls_take_job(a.by[1].s, bed_random, NULL);
    assert_non_null(job);
    assert_null(cs_dkls_take_job(b.by[1].s, bed_random, NULL)); /* 1-3 is taken */
    assert_null(
        cs_dkls_take_job(c.by[1].s, bed_random, NULL));    /* 1-2 it got, 1-3 not .. */
    other = cs_dkls_take_job(d.by[1].s, bed_random, NULL); /* .. so 1-2 was let go */
    assert_non_null(other);
    cs_dkls_job_run(other);
    assert_int_equal(cs_dkls_job_done(d.by[1].s, other, &out), CS_OK);
    cs_dkls_out_clear(&out);
    cs_dkls_job_run(job);
    assert_int_equal(cs_dkls_job_done(a.by[1].s, job, &out), CS_OK);
    cs_dkls_out_clear(&out);
    other = cs_dkls_take_job(c.by[1].s, bed_random, NULL);
    assert_non_null(other);
    cs_dkls_job_run(other);
    assert_int_equal(cs_dkls_job_done(c.by[1].s, other, &out), CS_OK);
    cs_dkls_out_clear(&out);
    ring_close(&a);
    ring_close(&b);
    ring_close(&c);
    ring_close(&d);
    group_close(&g);
}

/* The pair with 2 is burned, lost or set up again while 3's guess is looked at. */
static void a_check_that_fails_after_the_session_ended_still_burns(void **state)
{
    struct cs_dkls_out out = {0};
    struct cs_dkls_job *job;

    (void)state;
    group_open(&g, 3, 3);
    g.wire = bad_guess;
    g.arg = 3;
    ring_open(&r, &g, three, 3, 1);
    to_round_2(&r);
    job = cs_dkls_take_job(r.by[1].s, bed_random, NULL);
    assert_non_null(job);
    cs_ot_pair_burn(group_pair(&g, 1, 2));
    assert_int_equal(cs_dkls_phase(r.by[1].s), CS_DKLS_FAILED);
    cs_dkls_job_run(job);
    assert_int_equal(cs_dkls_job_done(r.by[1].s, job, &out), CS_ERR_OT_BURNED);
    assert_true(out.burned);
    assert_int_equal(out.culprit, 3);
    assert_int_equal(out.n_msgs, 0);
    assert_int_equal(cs_ot_pair_state(group_pair(&g, 1, 3)), CS_OT_BURNED);
    ring_close(&r);
    group_close(&g);
}

/* Who cheats and drops the link at the same time is named all the same. */
static void a_check_that_fails_after_the_link_was_lost_is_reported(void **state)
{
    struct cs_dkls_out out = {0};
    struct cs_dkls_job *job;

    (void)state;
    group_open(&g, 3, 3);
    g.wire = bad_guess;
    g.arg = 3;
    ring_open(&r, &g, three, 3, 1);
    to_round_2(&r);
    job = cs_dkls_take_job(r.by[1].s, bed_random, NULL);
    cs_ot_pair_free(group_pair(&g, 1, 3));
    g.bed[1][3].pair[1] = NULL;
    cs_dkls_job_run(job);
    assert_int_equal(cs_dkls_job_done(r.by[1].s, job, &out), CS_ERR_LINK_LOST);
    assert_true(out.burned);
    assert_int_equal(out.culprit, 3);
    ring_close(&r);
    group_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_checked_and_its_sender_named),
        cmocka_unit_test(wrong_lengths_name_their_sender),
        cmocka_unit_test(a_second_message_of_a_round_names_its_sender),
        cmocka_unit_test(a_split_view_of_the_commitments_ends_all_and_blames_nobody),
        cmocka_unit_test(two_key_shares_shifted_oppositely_are_seen),
        cmocka_unit_test(key_shares_that_do_not_add_up_name_nobody),
        cmocka_unit_test(a_commitment_copied_from_another_signer_does_not_open),
        cmocka_unit_test(another_nonce_in_the_multiplication_names_its_owner),
        cmocka_unit_test(nonces_of_three_that_cancel_end_the_session),
        cmocka_unit_test(the_open_states_can_be_honest_and_keep_no_secret),
        cmocka_unit_test(a_burn_ends_the_sessions_of_that_pair_and_no_others),
        cmocka_unit_test(of_two_cheats_the_first_is_named_and_nothing_leaves),
        cmocka_unit_test(a_session_takes_all_of_its_locks_or_none),
        cmocka_unit_test(a_check_that_fails_after_the_session_ended_still_burns),
        cmocka_unit_test(a_check_that_fails_after_the_link_was_lost_is_reported),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
