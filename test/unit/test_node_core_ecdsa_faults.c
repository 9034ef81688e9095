/* ECDSA sessions when frames get lost, late, double or out of order, and when nodes die
 * in the middle (PROTOCOLS 2.6, 6.3, 15.1 A6; RELIABILITY T10): in the end one
 * signature, and no nonce twice. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "node/core/ecdsa.h"
#include "support/node_ecdsa.h"

static struct bed b;

static int up(void **state)
{
    (void)state;
    ec_up(&b, "ETHEREUM");
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

/* SES_OPEN, R1, R1, R2, R2, R3 */
enum { FRAMES = 6 };

/* ---- a relay that harms the frame number `which` of proto 4
 * --------------------------- */

static size_t seen, which;
static struct cs_wr held;
static int held_from, held_to;

static bool is_which(const struct cs_wr *w)
{
    return w->p[1] == CS_PROTO_ECDSA && seen++ == which;
}

static bool lose_one(struct bed *bed, int from, int to, struct cs_wr *w)
{
    (void)bed;
    (void)from;
    (void)to;
    return !is_which(w);
}

static bool lose_from(struct bed *bed, int from, int to, struct cs_wr *w)
{
    (void)bed;
    (void)from;
    (void)to;
    return w->p[1] != CS_PROTO_ECDSA || seen++ < which;
}

static bool double_all(struct bed *bed, int from, int to, struct cs_wr *w)
{
    bed_relay_send(bed, from, to, cs_wr_get(w));
    bed_relay_send(bed, from, to, cs_wr_get(w));
    return true;
}

/* Keeps one frame back until the next one in its direction has gone. */
static bool swap_with_next(struct bed *bed, int from, int to, struct cs_wr *w)
{
    if (is_which(w)) {
        cs_wr_span(&held, cs_wr_get(w));
        held_from = from;
        held_to = to;
        return false;
    }
    if (held.n != 0 && from == held_from && to == held_to) {
        bed_relay_send(bed, from, to, cs_wr_get(w));
        bed_relay_send(bed, from, to, cs_wr_get(&held));
        cs_wr_free(&held);
        held = (struct cs_wr){0};
        return false;
    }
    return true;
}

static bool hold_one(struct bed *bed, int from, int to, struct cs_wr *w)
{
    (void)bed;
    if (is_which(w)) {
        cs_wr_span(&held, cs_wr_get(w));
        held_from = from;
        held_to = to;
        return false;
    }
    return true;
}

static void let_go(void)
{
    if (held.n != 0) {
        bed_relay_send(&b, held_from, held_to, cs_wr_get(&held));
    }
    cs_wr_free(&held);
    held = (struct cs_wr){0};
}

static void ask(uint8_t n, size_t frame, struct cs_ctl_frame *f)
{
    seen = 0;
    which = frame;
    ec_sign_frame(&b, f, n, 1, 2, 1);
    trio_sign_send(&b, f);
}

static void all_is_well(void)
{
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 0);
    for (int i = 0; i < 2; i++) {
        const struct peer *p = &b.node[i].core->quorums[0]->peers[2 - i];

        assert_int_equal(p->rec.blames, 0);
        assert_false(p->device->quarantined);
        assert_int_equal(cs_ot_pair_state(p->ot), CS_OT_TESTED);
    }
    (void)ec_nonces(&b);
}

static void a_frame_that_gets_lost_is_sent_again(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    b.carry = lose_one;
    for (uint8_t k = 0; k < FRAMES; k++) {
        ask((uint8_t)(k + 1), k, &f);
        assert_true(seen > k);
        bed_advance(&b, 8000);
        ec_check_done(&b, 0, k + 1u, &f);
    }
    ask(FRAMES + 1, 99, &f);
    assert_int_equal(seen, FRAMES); /* there are not more */
    all_is_well();
}

static void everything_lost_for_a_while_is_sent_again(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    for (uint8_t k = 0; k < FRAMES; k++) {
        b.carry = lose_from; /* from this frame on .. */
        ask((uint8_t)(k + 1), k, &f);
        bed_advance(&b, 5000);
        assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), k);
        b.carry = NULL; /* .. for five seconds */
        bed_advance(&b, 9000);
        ec_check_done(&b, 0, k + 1u, &f);
    }
    all_is_well();
}

static void frames_that_come_twice_do_nothing_more(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    b.carry = double_all;
    for (uint8_t k = 0; k < 4; k++) {
        ask((uint8_t)(k + 1), k, &f);
        bed_advance(&b, 1000);
        ec_check_done(&b, 0, k + 1u, &f);
    }
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 4);
    all_is_well();
}

static void frames_out_of_order_are_put_in_order(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    b.carry = swap_with_next;
    for (uint8_t k = 0; k < FRAMES; k++) {
        ask((uint8_t)(k + 1), k, &f);
        bed_advance(&b, 8000);
        ec_check_done(&b, 0, k + 1u, &f);
        let_go();
        bed_run(&b);
    }
    all_is_well();
}

static void a_late_frame_is_early_or_old_and_blames_nobody(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    b.carry = hold_one;
    for (uint8_t k = 0; k < FRAMES; k++) {
        ask((uint8_t)(k + 1), k, &f);
        bed_advance(&b, k % 2 == 0 ? 500 : 8000); /* before and after its repeat */
        let_go();
        bed_advance(&b, 8000);
        ec_check_done(&b, 0, k + 1u, &f);
    }
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), FRAMES);
    all_is_well();
}

/* The way to the relay breaks and comes back: the link stays (2.2), and so do its
 * sessions. */
static void a_connection_that_breaks_in_the_middle_costs_only_time(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    for (uint8_t k = 0; k < FRAMES; k++) {
        b.carry = lose_from;
        ask((uint8_t)(k + 1), k, &f);
        bed_cut(&b, k % 2, CS_CHANNEL_RELAY);
        b.carry = NULL;
        bed_advance(&b, 12000);
        ec_check_done(&b, 0, k + 1u, &f);
    }
    all_is_well();
}

/* ---- nodes that die
 * -------------------------------------------------------------------- */

/* Killed when `frame` frames of the session have arrived: RAM is gone, the journal has
 * the intent; the next attempt signs, with other nonces. */
static void die(int node, uint8_t n, size_t frame)
{
    size_t done = bed_count(&b, 0, CS_EVT_SIGN_DONE);
    struct cs_ctl_frame f;

    b.carry = lose_from;
    ask(n, frame, &f);
    bed_restart(&b, node);
    b.carry = NULL;
    bed_advance(&b, 40000); /* link, setup; the attempt fails if it has not signed */
    f.u.sign.attempt = 2;
    trio_sign_send(&b, &f);
    bed_advance(&b, 9000);
    assert_true(bed_count(&b, 0, CS_EVT_SIGN_DONE) > done);
    ec_check_done(&b, 0, bed_count(&b, 0, CS_EVT_SIGN_DONE), &f);
}

static void the_initiator_may_die_at_any_step(void **state)
{
    (void)state;
    for (uint8_t k = 0; k < FRAMES; k++) {
        die(0, (uint8_t)(k + 1), k);
    }
    assert_true(ec_nonces(&b) >= 3 * FRAMES);
}

static void the_responder_may_die_at_any_step(void **state)
{
    (void)state;
    for (uint8_t k = 0; k < FRAMES; k++) {
        die(1, (uint8_t)(k + 1), k);
    }
    assert_true(ec_nonces(&b) >= 3 * FRAMES);
}

/* Between two steps of its own: jobs are out, writes are on their way. */
static void a_node_may_die_with_jobs_and_writes_under_way(void **state)
{
    (void)state;
    for (uint8_t k = 0; k < 8; k++) {
        int node = k & 1;
        struct cs_ctl_frame f;

        b.node[node].hold_jobs = (k & 2) == 0;
        b.node[node].hold = (k & 2) != 0;
        b.carry = (k & 4) != 0 ? lose_from : NULL;
        ask((uint8_t)(k + 1), 3, &f);
        b.carry = NULL;
        bed_restart(&b, node);
        bed_advance(&b, 40000);
        f.u.sign.attempt = 2;
        trio_sign_send(&b, &f);
        bed_advance(&b, 9000);
        ec_check_done(&b, 0, bed_count(&b, 0, CS_EVT_SIGN_DONE), &f);
    }
    (void)ec_nonces(&b);
}

static void a_disk_that_fails_lets_nothing_leave(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    b.carry = lose_from; /* counts */
    b.node[0].commit_err = CS_ERR_STORE_FULL;
    ask(1, 99, &f);
    assert_int_equal(seen, 0);
    assert_true(b.node[0].exited);
    b.node[0].commit_err = CS_OK;
    b.carry = NULL;
    bed_restart(&b, 0);
    bed_advance(&b, 40000);
    f.u.sign.attempt = 2;
    trio_sign_send(&b, &f);
    bed_advance(&b, 9000);
    ec_check_done(&b, 0, 1, &f);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_frame_that_gets_lost_is_sent_again),
        CASE(everything_lost_for_a_while_is_sent_again),
        CASE(frames_that_come_twice_do_nothing_more),
        CASE(frames_out_of_order_are_put_in_order),
        CASE(a_late_frame_is_early_or_old_and_blames_nobody),
        CASE(a_connection_that_breaks_in_the_middle_costs_only_time),
        CASE(the_initiator_may_die_at_any_step),
        CASE(the_responder_may_die_at_any_step),
        CASE(a_node_may_die_with_jobs_and_writes_under_way),
        CASE(a_disk_that_fails_lets_nothing_leave),
    };

    cmocka_set_test_filter(getenv("CASE"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
