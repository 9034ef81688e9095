/* OT setup of a pair (PROTOCOLS 4.2.4, 4.6, 15.4 D1, D3): states, counters, self-test,
 * burning, sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mpc/dkls_ids.h"
#include "mpc/ot_selftest.h"
#include "support/dkls_bed.h"
#include "support/groups.h"

static struct bed b;

static enum cs_ot_state state_of(uint8_t i)
{
    return cs_ot_pair_state(b.pair[i]);
}

static void both_directions_end_tested_and_agree(void **state)
{
    (void)state;
    bed_setup(&b);
    for (uint8_t alice = 1; alice <= 2; alice++) {
        const uint8_t *x = cs_ot_pair_osid(b.pair[1], alice);
        const uint8_t *y = cs_ot_pair_osid(b.pair[2], alice);

        assert_non_null(x);
        assert_memory_equal(x, y, 32);
        assert_int_equal(cs_ot_pair_counter(b.pair[1], alice), 1);
    }
    assert_memory_not_equal(cs_ot_pair_osid(b.pair[1], 1),
                            cs_ot_pair_osid(b.pair[1], 2), 32);
    bed_close(&b);
}

static void one_direction_alone_does_not_serve(void **state)
{
    struct cs_ot_user u = {0};
    struct cs_ot_keys *x, *y;

    (void)state;
    bed_open(&b);
    assert_int_equal(cs_ot_pair_join(b.pair[1], &u, &x, &y), CS_ERR_SETUP_MISSING);
    assert_int_equal(cs_ot_pair_start(b.pair[1]), CS_OK);
    assert_int_equal(cs_ot_pair_start(b.pair[1]), CS_ERR_STATE);
    bed_pump(&b);
    assert_int_equal(state_of(1), CS_OT_RUNNING);
    assert_int_equal(cs_ot_pair_join(b.pair[1], &u, &x, &y), CS_ERR_SETUP_MISSING);
    bed_close(&b);
}

/* ---- messages that are changed, lost, late --------------------------------------- */

static bool flip_in_ext(struct bed *bed, uint8_t from, uint8_t type, uint8_t *body,
                        size_t n)
{
    (void)from;
    if (type == CS_TYPE_OT_EXT && bed->count++ == 0) {
        body[n - 1] ^= 1;
    }
    return true;
}

static bool flip_in_mul(struct bed *bed, uint8_t from, uint8_t type, uint8_t *body,
                        size_t n)
{
    (void)from;
    (void)n;
    if (type == CS_TYPE_OT_MUL && bed->count++ == 0) {
        body[64 + 31] ^= 1;
    }
    return true;
}

static bool flip_opened_a(struct bed *bed, uint8_t from, uint8_t type, uint8_t *body,
                          size_t n)
{
    (void)from;
    if (type == CS_TYPE_OT_MUL && bed->count++ == 0) {
        body[n - 128 + 31] ^= 1;
    }
    return true;
}

static bool flip_opened_d(struct bed *bed, uint8_t from, uint8_t type, uint8_t *body,
                          size_t n)
{
    (void)from;
    if (type == CS_TYPE_OT_OPEN && bed->count++ == 0) {
        body[n - 1] ^= 1;
    }
    return true;
}

static bool flip_sid(struct bed *bed, uint8_t from, uint8_t type, uint8_t *body,
                     size_t n)
{
    (void)from;
    (void)n;
    if (type == bed->row && bed->count++ == 0) {
        body[0] ^= 1;
    }
    return true;
}

static bool zero_opened(struct bed *bed, uint8_t from, uint8_t type, uint8_t *body,
                        size_t n)
{
    (void)from;
    if (type == bed->row && bed->count++ == 0) {
        memset(body + n - 32, 0, 32);
    }
    return true;
}

static bool zero_element(struct bed *bed, uint8_t from, uint8_t type, uint8_t *body,
                         size_t n)
{
    (void)from;
    (void)n;
    if (type == bed->row && bed->count++ == 0) {
        memset(body + 64, 0, 32);
    }
    return true;
}

/* 15.4 D3: each is SETUP_TEST, and a new setup with the next counter works. */
static void a_failed_self_test_discards_and_the_next_setup_works(void **state)
{
    static const struct {
        bed_wire *wire;
        unsigned row;
        uint8_t who;
        enum cs_err err;
    } cases[] = {
        {flip_in_ext, 0, 1, CS_ERR_SETUP_TEST},
        {flip_in_mul, 0, 2, CS_ERR_SETUP_TEST},
        {flip_opened_a, 0, 2, CS_ERR_SETUP_TEST},
        {flip_opened_d, 0, 1, CS_ERR_SETUP_TEST},
        {flip_sid, CS_TYPE_OT_MUL, 2, CS_ERR_SID_MISMATCH},
        {flip_sid, CS_TYPE_OT_OPEN, 1, CS_ERR_SID_MISMATCH},
        {flip_sid, CS_TYPE_OT_DONE, 2, CS_ERR_SID_MISMATCH},
        {zero_opened, CS_TYPE_OT_MUL, 2, CS_ERR_ZERO_OR_RANGE},
        {zero_opened, CS_TYPE_OT_OPEN, 1, CS_ERR_ZERO_OR_RANGE},
        {zero_element, CS_TYPE_OT_MUL, 2, CS_ERR_ZERO_OR_RANGE}, /* in a-tilde */
        {zero_element, CS_TYPE_OT_R, 2, CS_ERR_BAD_POINT},
        {zero_element, CS_TYPE_OT_S, 1, CS_ERR_BAD_POINT},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        struct cs_ot_out out = {0};
        uint8_t osid[32];

        bed_open(&b);
        b.wire = cases[i].wire;
        b.row = cases[i].row;
        assert_int_equal(cs_ot_pair_start(b.pair[1]), CS_OK);
        bed_pump(&b);
        assert_int_equal(b.err[cases[i].who], cases[i].err);
        assert_int_not_equal(state_of(1), CS_OT_TESTED);
        cs_ot_osid(osid, b.link_id, b.ds_hash, 1, 2, 0);
        cs_ot_pair_aborted(b.pair[1], osid, &out); /* what the other side is told */
        b.wire = NULL;
        assert_int_equal(cs_ot_pair_start(b.pair[1]), CS_OK);
        assert_int_equal(cs_ot_pair_start(b.pair[2]), CS_OK);
        bed_pump(&b);
        assert_int_equal(state_of(1), CS_OT_TESTED);
        assert_int_equal(state_of(2), CS_OT_TESTED);
        assert_int_equal(cs_ot_pair_counter(b.pair[2], 1), 2);
        cs_ot_out_clear(&out);
        bed_close(&b);
    }
}

/* 15.8: setup-counter mismatch. */
static void a_setup_that_is_not_the_next_one_is_refused(void **state)
{
    static uint8_t r[CS_OT_R_LEN];
    struct cs_ot_out out = {0};
    uint8_t osid[32];

    (void)state;
    bed_open(&b);
    for (uint32_t counter = 1; counter < 4; counter++) {
        cs_ot_osid(osid, b.link_id, b.ds_hash, 1, 2, counter);
        assert_int_equal(
            cs_ot_pair_feed(b.pair[2], CS_TYPE_OT_R, osid, CS_SPAN_OF(r), &out),
            CS_ERR_SETUP_MISSING);
    }
    cs_ot_osid(osid, b.link_id, b.ds_hash, 2, 1, 0); /* the other direction's */
    assert_int_equal(
        cs_ot_pair_feed(b.pair[2], CS_TYPE_OT_R, osid, CS_SPAN_OF(r), &out),
        CS_ERR_SETUP_MISSING);
    assert_int_equal(cs_ot_pair_counter(b.pair[2], 1), 0);
    cs_ot_osid(osid, b.link_id, b.ds_hash, 1, 2, 0);
    assert_int_equal(
        cs_ot_pair_feed(b.pair[2], CS_TYPE_OT_R, osid, CS_SPAN(r, 100), &out),
        CS_ERR_BAD_FORMAT);
    assert_int_equal(
        cs_ot_pair_feed(b.pair[2], CS_TYPE_OT_R, osid, CS_SPAN_OF(r), &out), CS_OK);
    assert_int_equal(
        cs_ot_pair_feed(b.pair[2], CS_TYPE_OT_R, osid, CS_SPAN_OF(r), &out),
        CS_ERR_REPLAY);
    bed_close(&b);
}

static bool lose_first_of_each(struct bed *bed, uint8_t from, uint8_t type,
                               uint8_t *body, size_t n)
{
    unsigned bit = 1u << (type + (from == 1 ? 0 : 8));
    bool lost = (bed->count & bit) == 0;

    (void)body;
    (void)n;
    bed->count |= bit;
    return !lost;
}

static void lost_messages_are_sent_again_and_repeats_do_no_harm(void **state)
{
    (void)state;
    bed_open(&b);
    b.wire = lose_first_of_each;
    assert_int_equal(cs_ot_pair_start(b.pair[1]), CS_OK);
    assert_int_equal(cs_ot_pair_start(b.pair[2]), CS_OK);
    for (int i = 0; i < 8; i++) {
        bed_pump(&b);
        for (uint8_t k = 1; k <= 2; k++) {
            struct cs_ot_out out = {0};

            cs_ot_pair_resend(b.pair[k], &out);
            bed_put(&b, k, &out);
        }
    }
    bed_pump(&b);
    assert_int_equal(state_of(1), CS_OT_TESTED);
    assert_int_equal(state_of(2), CS_OT_TESTED);
    bed_close(&b);
}

static uint8_t mul[CS_OT_MUL_LEN], s_msg[CS_OT_S_LEN];

/* Keeps 2.2 and 2.4, and loses 2.3 the first time. */
static bool keep_mul(struct bed *bed, uint8_t from, uint8_t type, uint8_t *body,
                     size_t n)
{
    (void)from;
    if (type == CS_TYPE_OT_MUL) {
        memcpy(mul, body, n);
    }
    if (type == CS_TYPE_OT_S) {
        memcpy(s_msg, body, n);
    }
    return type != CS_TYPE_OT_EXT || bed->count++ > 0;
}

static void what_comes_again_while_it_is_worked_on_is_dropped(void **state)
{
    struct cs_ot_out out = {0};
    struct cs_ot_job *job;
    uint8_t osid[32];

    (void)state;
    bed_open(&b);
    b.wire = keep_mul;
    cs_ot_osid(osid, b.link_id, b.ds_hash, 1, 2, 0);
    assert_int_equal(cs_ot_pair_start(b.pair[1]), CS_OK);
    for (int i = 0; i < 2; i++) { /* OT_R; OT_S, and OT_EXT is lost */
        assert_true(bed_compute(&b));
        bed_deliver(&b);
    }
    assert_false(bed_compute(&b));
    assert_int_equal(
        cs_ot_pair_feed(b.pair[1], CS_TYPE_OT_S, osid, CS_SPAN_OF(s_msg), &out),
        CS_ERR_REPLAY); /* waits with what it has */
    cs_ot_pair_resend(b.pair[2], &out);
    bed_put(&b, 2, &out);
    bed_deliver(&b);
    assert_true(bed_compute(&b)); /* OT_MUL */
    bed_deliver(&b);
    job = cs_ot_pair_take_job(b.pair[2], bed_random, NULL);
    assert_non_null(job);
    assert_null(cs_ot_pair_take_job(b.pair[2], bed_random, NULL));
    assert_int_equal(
        cs_ot_pair_feed(b.pair[2], CS_TYPE_OT_MUL, osid, CS_SPAN_OF(mul), &out),
        CS_ERR_REPLAY);
    assert_int_equal(
        cs_ot_pair_feed(b.pair[2], CS_TYPE_OT_MUL, osid, CS_SPAN(mul, 1), &out),
        CS_ERR_REPLAY);
    cs_ot_job_run(job);
    assert_int_equal(cs_ot_pair_job_done(b.pair[2], job, &out), CS_OK);
    bed_put(&b, 2, &out);
    bed_pump(&b);
    assert_non_null(cs_ot_pair_osid(b.pair[1], 1));
    assert_non_null(cs_ot_pair_osid(b.pair[2], 1));
    bed_close(&b);
}

static bool last_first(struct bed *bed, uint8_t from, uint8_t type, uint8_t *body,
                       size_t n)
{
    (void)from;
    (void)body;
    (void)n;
    return !(type == CS_TYPE_OT_S && bed->count++ < 2); /* OT_EXT overtakes OT_S */
}

static void reordered_messages_blame_nobody(void **state)
{
    struct cs_ot_out out = {0};

    (void)state;
    bed_open(&b);
    b.wire = last_first;
    assert_int_equal(cs_ot_pair_start(b.pair[1]), CS_OK);
    bed_pump(&b);
    cs_ot_pair_resend(b.pair[2], &out); /* OT_S and, once more, OT_EXT */
    bed_put(&b, 2, &out);
    bed_pump(&b);
    cs_ot_pair_resend(b.pair[2], &out);
    bed_put(&b, 2, &out);
    bed_pump(&b);
    assert_int_equal(b.err[1] == CS_OK || b.err[1] == CS_ERR_REPLAY, 1);
    assert_int_equal(b.err[2], CS_OK);
    assert_non_null(cs_ot_pair_osid(b.pair[1], 1));
    assert_non_null(cs_ot_pair_osid(b.pair[2], 1));
    bed_close(&b);
}

static void setups_on_one_link_are_limited(void **state)
{
    struct cs_ot_out out = {0};
    uint8_t osid[32];

    (void)state;
    bed_open(&b);
    for (uint32_t i = 0; i < CS_OT_RUNS_MAX; i++) {
        assert_int_equal(cs_ot_pair_start(b.pair[1]), CS_OK);
        cs_ot_osid(osid, b.link_id, b.ds_hash, 1, 2, i);
        cs_ot_pair_aborted(b.pair[1], osid, &out);
        assert_int_equal(out.failed, CS_ERR_ABORTED);
    }
    assert_int_equal(cs_ot_pair_start(b.pair[1]), CS_ERR_LIMIT);
    bed_close(&b);
}

static void messages_of_wrong_length_or_type_are_told_apart(void **state)
{
    static uint8_t big[CS_OT_MUL_LEN];
    struct cs_ot_out out = {0};
    uint8_t osid[32];

    (void)state;
    bed_open(&b);
    assert_int_equal(cs_ot_pair_start(b.pair[1]), CS_OK);
    assert_true(bed_compute(&b)); /* OT_R is made; not delivered */
    cs_ot_osid(osid, b.link_id, b.ds_hash, 1, 2, 0);
    assert_int_equal(cs_ot_pair_feed(b.pair[1], 0, osid, CS_SPAN_OF(big), &out),
                     CS_ERR_REPLAY);
    assert_int_equal(cs_ot_pair_feed(b.pair[1], 7, osid, CS_SPAN_OF(big), &out),
                     CS_ERR_REPLAY);
    assert_int_equal(
        cs_ot_pair_feed(b.pair[1], CS_TYPE_OT_OPEN, osid, CS_SPAN_OF(big), &out),
        CS_ERR_REPLAY); /* not its turn */
    assert_int_equal(state_of(1), CS_OT_RUNNING);
    assert_int_equal(cs_ot_pair_feed(b.pair[1], CS_TYPE_OT_S, osid,
                                     CS_SPAN(big, CS_OT_S_LEN + 1), &out),
                     CS_ERR_BAD_FORMAT);
    assert_int_equal(state_of(1), CS_OT_NONE);
    assert_int_equal(out.failed, CS_ERR_BAD_FORMAT);
    cs_ot_out_clear(&out);
    bed_close(&b);
}

/* Whatever cannot be had: the run is discarded, or goes on when asked again; nothing
 * half-made leaves, and the next run is as good as the first. */
static void running_out_of_memory_discards_the_run_and_no_more(void **state)
{
    unsigned discarded = 0;
    bool through = false;

    (void)state;
    for (unsigned long nth = 1; !through; nth++) {
        assert_true(nth < 100);
        bed_open(&b);
        cs_mem_fail_at(nth);
        if (cs_ot_pair_start(b.pair[1]) == CS_OK) {
            bed_pump(&b);
            through = b.err[1] == CS_OK && b.err[2] == CS_OK && nth > 20;
        }
        cs_mem_fail_at(0);
        bed_pump(&b);
        for (uint8_t i = 1; i <= 2; i++) {
            /* REPLAY: what the other end went on with came too late */
            assert_true(b.err[i] == CS_OK || b.err[i] == CS_ERR_NOMEM ||
                        b.err[i] == CS_ERR_REPLAY);
            discarded += b.err[i] == CS_ERR_NOMEM ? 1 : 0;
        }
        bed_close(&b);
    }
    assert_true(discarded > 5);
}

/* A name is all that tells runs apart: nothing under another's touches this one. */
static void messages_and_aborts_of_another_run_change_nothing(void **state)
{
    static uint8_t big[CS_OT_MUL_LEN];
    struct cs_ot_out out = {0};
    uint8_t own[32], other[32];

    (void)state;
    bed_open(&b);
    cs_ot_osid(own, b.link_id, b.ds_hash, 1, 2, 0);
    cs_ot_osid(other, b.link_id, b.ds_hash, 1, 2, 1);
    assert_int_equal(
        cs_ot_pair_feed(b.pair[1], CS_TYPE_OT_S, own, CS_SPAN(big, CS_OT_S_LEN), &out),
        CS_ERR_REPLAY); /* nothing runs yet */
    assert_int_equal(cs_ot_pair_start(b.pair[1]), CS_OK);
    assert_true(bed_compute(&b));
    assert_int_equal(
        cs_ot_pair_feed(b.pair[1], CS_TYPE_OT_S, other, CS_SPAN(big, 1), &out),
        CS_ERR_REPLAY);
    cs_ot_pair_aborted(b.pair[1], other, &out);
    assert_int_equal(out.failed, CS_OK);
    bed_pump(&b);
    assert_non_null(cs_ot_pair_osid(b.pair[1], 1));
    /* what is tested is no run any more: the peer cannot take it back */
    cs_ot_pair_aborted(b.pair[1], own, &out);
    assert_int_equal(out.failed, CS_OK);
    assert_non_null(cs_ot_pair_osid(b.pair[1], 1));
    cs_ot_out_clear(&out);
    bed_close(&b);
}

/* ---- burning --------------------------------------------------------------------- */

struct session {
    struct cs_ot_user u; /* first */
    struct cs_ot_keys *alice, *bob;
    enum cs_err why;
};

static void on_kill(struct cs_ot_user *u, enum cs_err why)
{
    struct session *s = CS_CONTAINER_OF(u, struct session, u);

    s->why = why;
    cs_ot_keys_drop(s->alice);
    cs_ot_keys_drop(s->bob);
    s->alice = s->bob = NULL;
}

static enum cs_err join(struct session *s)
{
    *s = (struct session){.u = {.kill = on_kill}};
    return cs_ot_pair_join(b.pair[1], &s->u, &s->alice, &s->bob);
}

/* Row 5: no second session, no restart helps. */
static void a_burn_ends_all_sessions_and_only_a_release_leads_back(void **state)
{
    struct session s[CS_OT_SESSIONS_MAX], more;
    struct cs_ot_out out = {0};
    uint8_t osid[32] = {0};

    (void)state;
    bed_setup(&b);
    for (size_t i = 0; i < CS_COUNTOF(s); i++) {
        assert_int_equal(join(&s[i]), CS_OK);
    }
    assert_int_equal(join(&more), CS_ERR_LIMIT);
    cs_ot_pair_burn(b.pair[1]);
    for (size_t i = 0; i < CS_COUNTOF(s); i++) {
        assert_int_equal(s[i].why, CS_ERR_OT_BURNED);
        assert_null(s[i].u.pair);
    }
    assert_int_equal(state_of(1), CS_OT_BURNED);
    assert_null(cs_ot_pair_osid(b.pair[1], 1));
    assert_int_equal(join(&more), CS_ERR_OT_BURNED);
    assert_int_equal(cs_ot_pair_start(b.pair[1]), CS_ERR_OT_BURNED);
    assert_int_equal(
        cs_ot_pair_feed(b.pair[1], CS_TYPE_OT_R, osid, (struct cs_span){0}, &out),
        CS_ERR_OT_BURNED);
    assert_null(cs_ot_pair_take_job(b.pair[1], bed_random, NULL));
    /* a new link, or a restart, does not help: the record is persistent */
    cs_ot_pair_free(b.pair[1]);
    b.pair[1] = bed_pair(&b, 1, true);
    assert_int_equal(cs_ot_pair_start(b.pair[1]), CS_ERR_OT_BURNED);
    cs_ot_pair_release(b.pair[1]);
    assert_int_equal(state_of(1), CS_OT_NONE);
    assert_int_equal(join(&more), CS_ERR_SETUP_MISSING);
    assert_int_equal(cs_ot_pair_start(b.pair[1]), CS_OK);
    bed_close(&b);
}

static void a_job_of_a_burned_setup_gives_nothing(void **state)
{
    struct cs_ot_out out = {0};
    struct cs_ot_job *job;

    (void)state;
    bed_open(&b);
    assert_int_equal(cs_ot_pair_start(b.pair[1]), CS_OK);
    job = cs_ot_pair_take_job(b.pair[1], bed_random, NULL);
    assert_non_null(job);
    assert_null(cs_ot_pair_take_job(b.pair[1], bed_random, NULL)); /* one at a time */
    cs_ot_pair_burn(b.pair[1]);
    cs_ot_job_run(job);
    assert_int_equal(cs_ot_pair_job_done(b.pair[1], job, &out), CS_OK);
    assert_int_equal(out.n_msgs, 0);
    assert_int_equal(state_of(1), CS_OT_BURNED);
    bed_close(&b);
}

/* Nothing of either direction outlives a burn and a release. */
static void a_burned_pair_begins_from_nothing(void **state)
{
    struct session s;
    uint8_t osid[2][32];

    (void)state;
    bed_setup(&b);
    for (uint8_t alice = 1; alice <= 2; alice++) {
        memcpy(osid[alice - 1], cs_ot_pair_osid(b.pair[1], alice), 32);
    }
    cs_ot_pair_burn(b.pair[1]);
    cs_ot_pair_burn(b.pair[2]);
    cs_ot_pair_release(b.pair[1]);
    cs_ot_pair_release(b.pair[2]);
    assert_int_equal(state_of(1), CS_OT_NONE);
    assert_null(cs_ot_pair_osid(b.pair[1], 1));
    assert_null(cs_ot_pair_osid(b.pair[1], 2));
    assert_int_equal(join(&s), CS_ERR_SETUP_MISSING);
    assert_int_equal(cs_ot_pair_start(b.pair[1]), CS_OK);
    assert_null(cs_ot_pair_osid(b.pair[1], 1)); /* runs, but is not tested */
    bed_pump(&b);
    assert_int_equal(state_of(1), CS_OT_RUNNING); /* one direction of two */
    assert_null(cs_ot_pair_osid(b.pair[1], 2));
    assert_int_equal(cs_ot_pair_start(b.pair[2]), CS_OK);
    bed_pump(&b);
    for (uint8_t alice = 1; alice <= 2; alice++) { /* the counter went on */
        assert_memory_not_equal(osid[alice - 1], cs_ot_pair_osid(b.pair[1], alice), 32);
        assert_int_equal(cs_ot_pair_counter(b.pair[1], alice), 2);
    }
    bed_close(&b);
}

/* 15.1 A4. */
static void a_new_setup_ends_the_sessions_of_the_old_one(void **state)
{
    struct session s, t;
    uint8_t old[32];

    (void)state;
    bed_setup(&b);
    memcpy(old, cs_ot_pair_osid(b.pair[1], 2), 32);
    assert_int_equal(join(&s), CS_OK);
    assert_true(cs_ot_user_lock(&s.u));
    assert_int_equal(cs_ot_pair_start(b.pair[2]), CS_OK);
    bed_pump(&b);
    assert_int_equal(s.why, CS_ERR_SETUP_MISSING);
    assert_memory_not_equal(old, cs_ot_pair_osid(b.pair[1], 2), 32);
    assert_int_equal(state_of(1), CS_OT_TESTED);
    assert_int_equal(join(&t), CS_OK);
    assert_true(cs_ot_user_lock(&t.u)); /* the one before took its lock along */
    cs_ot_pair_free(b.pair[1]);         /* the link is lost */
    assert_int_equal(t.why, CS_ERR_LINK_LOST);
    b.pair[1] = NULL;
    bed_close(&b);
}

/* Row 13. */
static void one_session_at_a_time_has_the_lock(void **state)
{
    struct session s, t;

    (void)state;
    bed_setup(&b);
    assert_int_equal(join(&s), CS_OK);
    assert_int_equal(join(&t), CS_OK);
    assert_true(cs_ot_user_lock(&s.u));
    assert_true(cs_ot_user_lock(&s.u));
    assert_false(cs_ot_user_lock(&t.u));
    cs_ot_user_unlock(&t.u); /* not its own */
    assert_false(cs_ot_user_lock(&t.u));
    cs_ot_user_leave(&s.u);
    cs_ot_user_leave(&s.u);
    assert_true(cs_ot_user_lock(&t.u));
    assert_false(cs_ot_user_lock(&s.u)); /* has left */
    cs_ot_keys_drop(s.alice);
    cs_ot_keys_drop(s.bob);
    bed_close(&b);
    assert_int_equal(t.why, CS_ERR_LINK_LOST);
}

static void the_start_up_self_tests_pass(void **state)
{
    const char *what = "";

    (void)state;
    if (cs_ot_selftest(&what) != CS_OK) {
        fail_msg("%s", what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_start_up_self_tests_pass),
        cmocka_unit_test(both_directions_end_tested_and_agree),
        cmocka_unit_test(one_direction_alone_does_not_serve),
        cmocka_unit_test(a_failed_self_test_discards_and_the_next_setup_works),
        cmocka_unit_test(a_setup_that_is_not_the_next_one_is_refused),
        cmocka_unit_test(lost_messages_are_sent_again_and_repeats_do_no_harm),
        cmocka_unit_test(what_comes_again_while_it_is_worked_on_is_dropped),
        cmocka_unit_test(reordered_messages_blame_nobody),
        cmocka_unit_test(setups_on_one_link_are_limited),
        cmocka_unit_test(messages_of_wrong_length_or_type_are_told_apart),
        cmocka_unit_test(running_out_of_memory_discards_the_run_and_no_more),
        cmocka_unit_test(messages_and_aborts_of_another_run_change_nothing),
        cmocka_unit_test(a_burn_ends_all_sessions_and_only_a_release_leads_back),
        cmocka_unit_test(a_job_of_a_burned_setup_gives_nothing),
        cmocka_unit_test(a_burned_pair_begins_from_nothing),
        cmocka_unit_test(a_new_setup_ends_the_sessions_of_the_old_one),
        cmocka_unit_test(one_session_at_a_time_has_the_lock),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
