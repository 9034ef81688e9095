/* OT setups in the background (PROTOCOLS 4.2, 15.4 D1): they come up, survive loss, and
 * cost no more than a device is allowed. */
#include "support/node_ot.h"

static struct bed b;

static int up(void **state)
{
    (void)state;
    trio_up(&b);
    liar = NULL;
    b.carry = lie_carry;
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

static void setups_come_up_when_an_ecdsa_key_is_asked_for(void **state)
{
    const char *status;

    (void)state;
    ot_all_are(&b, CS_OT_NONE);
    trio_key_create(&b, 7); /* a key of Ed25519 needs none */
    bed_advance(&b, 10000);
    ot_all_are(&b, CS_OT_NONE);
    ot_key(&b, 1);
    bed_advance(&b, 3000);
    ot_all_are(&b, CS_OT_TESTED);
    status = bed_ask(&b, 0, "{\"cmd\":\"status\"}");
    assert_non_null(strstr(status, "\"ot\":\"TESTED\",\"otSetups\":1,\"otFailed\":0"));
    for (int i = 0; i < BED_NODES; i++) {
        assert_int_equal(b.node[i].core->n_ot_jobs, 0);
    }
}

static void a_node_that_heard_of_no_key_joins_and_does_its_part(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    ot_key_frame(&b, &f, 1);
    bed_cmd(&b, 1, &f); /* the platform told node 1 only, so far */
    bed_advance(&b, 3000);
    assert_int_equal(ot_state(&b, 1, 0), CS_OT_TESTED);
    assert_int_equal(ot_state(&b, 0, 1), CS_OT_TESTED);
    assert_int_equal(ot_state(&b, 0, 2), CS_OT_NONE);
}

static void they_come_up_again_after_a_restart_by_themselves(void **state)
{
    uint8_t before[32];

    (void)state;
    ot_key(&b, 1);
    bed_advance(&b, 3000);
    memcpy(before, cs_ot_pair_osid(ot_peer(&b, 0, 1)->ot, 1), 32);
    bed_restart(&b, 0);
    bed_advance(&b, 8000);
    ot_all_are(&b, CS_OT_TESTED);
    assert_memory_not_equal(before, cs_ot_pair_osid(ot_peer(&b, 0, 1)->ot, 1), 32);
}

/* ---- loss
 * ------------------------------------------------------------------------------ */

static struct {
    uint8_t type;
    size_t lose, seen;
} loss;

static bool lose_some(struct lie *l)
{
    return !(l->from == 0 && l->to == 1 && lie_is(l, CS_PROTO_OT, loss.type) &&
             loss.seen++ < loss.lose);
}

static void what_is_lost_is_sent_again_after_1_2_and_4_seconds(void **state)
{
    (void)state;
    for (uint8_t type = CS_TYPE_OT_R; type <= CS_TYPE_OT_DONE; type++) {
        up(NULL);
        liar = lose_some;
        loss.type = type;
        loss.lose = 3;
        loss.seen = 0;
        ot_key(&b, 1);
        bed_advance(&b, 6900);
        assert_true(ot_state(&b, 0, 1) != CS_OT_TESTED ||
                    ot_state(&b, 1, 0) != CS_OT_TESTED);
        bed_advance(&b, 3000);
        assert_int_equal(loss.seen, 4);
        ot_all_are(&b, CS_OT_TESTED);
        assert_int_equal(ot_peer(&b, 0, 1)->device->n_failed, 0);
        down(NULL);
    }
}

static void a_setup_without_progress_is_given_up_and_begun_again(void **state)
{
    (void)state;
    liar = lose_some;
    loss.type = CS_TYPE_OT_S; /* of node 0: node 1 is Alice and waits */
    loss.lose = SIZE_MAX;
    loss.seen = 0;
    ot_key(&b, 1);
    bed_advance(&b, 59000);
    assert_int_equal(ot_peer(&b, 1, 0)->device->n_failed, 0);
    bed_advance(&b, 8000);
    assert_true(ot_peer(&b, 1, 0)->device->n_failed > 0);
    assert_int_equal(ot_peer(&b, 1, 0)->rec.blames, 0); /* a timeout blames nobody */
    liar = NULL;
    bed_advance(&b, 120000);
    ot_all_are(&b, CS_OT_TESTED);
}

static void counters_that_differ_make_a_new_link(void **state)
{
    uint8_t link[16];

    (void)state;
    memcpy(link, cs_nd_link_id(b.node[0].core->quorums[0], 2), 16);
    liar = lose_some;
    loss.type = CS_TYPE_OT_R; /* node 1 never hears of the first setup */
    loss.lose = SIZE_MAX;
    loss.seen = 0;
    ot_key(&b, 1);
    bed_advance(&b, 62000);
    assert_true(loss.seen >= 5);
    liar = NULL;
    bed_advance(&b, 60000);
    ot_all_are(&b, CS_OT_TESTED);
    assert_memory_not_equal(link, cs_nd_link_id(b.node[0].core->quorums[0], 2), 16);
}

static void a_direction_that_only_one_side_holds_tested_is_made_again(void **state)
{
    uint8_t osid[32];

    (void)state;
    liar = lose_some;
    loss.type = CS_TYPE_OT_DONE; /* node 0 is tested as Alice, node 1 never */
    loss.lose = SIZE_MAX;
    loss.seen = 0;
    ot_key(&b, 1);
    bed_advance(&b, 30000);
    memcpy(osid, cs_ot_pair_osid(ot_peer(&b, 0, 1)->ot, 1), 32);
    assert_null(cs_ot_pair_osid(ot_peer(&b, 1, 0)->ot, 1));
    bed_advance(&b, 40000);
    liar = NULL;
    bed_advance(&b, 60000);
    ot_all_are(&b, CS_OT_TESTED);
    assert_memory_not_equal(osid, cs_ot_pair_osid(ot_peer(&b, 0, 1)->ot, 1), 32);
    assert_memory_equal(cs_ot_pair_osid(ot_peer(&b, 1, 0)->ot, 1),
                        cs_ot_pair_osid(ot_peer(&b, 0, 1)->ot, 1), 32);
}

/* ---- cost
 * ------------------------------------------------------------------------------ */

static struct ot_seen begun, answered; /* by node 0, with node 1 */

static bool watch_0(struct lie *l)
{
    if (l->from == 0 && l->to == 1 && lie_is(l, CS_PROTO_OT, CS_TYPE_OT_R)) {
        ot_note(&begun, l->m.sid);
    }
    if (l->from == 0 && l->to == 1 && lie_is(l, CS_PROTO_OT, CS_TYPE_OT_S)) {
        ot_note(&answered, l->m.sid);
    }
    return true;
}

static void a_link_that_flaps_costs_no_more_than_the_device_is_allowed(void **state)
{
    enum { FLAPS = 30, EACH_MS = 2500 };
    size_t allowed = 5 + FLAPS * EACH_MS / OT_TOKEN_MS + 1;

    (void)state;
    memset(&begun, 0, sizeof begun);
    memset(&answered, 0, sizeof answered);
    liar = watch_0;
    ot_key(&b, 1);
    bed_advance(&b, 3000);
    for (int i = 0; i < FLAPS; i++) {
        bed_restart(&b, 1); /* forgets its own limits, too */
        bed_advance(&b, EACH_MS);
    }
    assert_in_range(begun.n, 6, allowed);
    assert_in_range(answered.n, 6, allowed);
    assert_int_equal(ot_peer(&b, 0, 1)->rec.blames, 0);
    bed_advance(&b, 60000); /* once it is quiet, all is well again */
    ot_all_are(&b, CS_OT_TESTED);
}

/* Node 1 begins one more setup, as its own software would not: sends 2.1. */
static void begin_again(void)
{
    struct cs_ot_pair *p = ot_peer(&b, 1, 0)->ot;
    struct cs_message m = {.proto = CS_PROTO_OT, .type = 1, .round = 1};
    struct cs_ot_out out = {0};
    struct cs_ot_job *job;

    assert_int_equal(cs_ot_pair_start(p), CS_OK);
    job = cs_ot_pair_take_job(p, bed_random, &b.node[1]);
    cs_ot_job_run(job);
    assert_int_equal(cs_ot_pair_job_done(p, job, &out), CS_OK);
    assert_int_equal(out.n_msgs, 1);
    m.priv = cs_wr_get(&out.msgs[0].body);
    memcpy(m.sid, out.msgs[0].osid, 32);
    b.node[0].hold_jobs = true; /* it computes, but its answer does not come */
    lie_say(&b, 1, 0, &m);
    bed_release_jobs(&b.node[0]);
    cs_ot_out_clear(&out);
}

static void
a_peer_that_begins_again_and_again_is_refused_before_any_computing(void **state)
{
    uint64_t dropped;

    (void)state;
    ot_key(&b, 1);
    bed_advance(&b, 3000);
    assert_int_equal(cs_ot_pair_counter(ot_peer(&b, 0, 1)->ot, 2), 1);
    liar = NULL;
    for (int i = 0; i < 4; i++) {
        b.relay_down = false;
        begin_again();
        cs_ot_pair_aborted(ot_peer(&b, 1, 0)->ot,
                           cs_ot_pair_latest(ot_peer(&b, 1, 0)->ot, 2),
                           &(struct cs_ot_out){0});
    }
    assert_int_equal(cs_ot_pair_counter(ot_peer(&b, 0, 1)->ot, 2), 5);
    dropped = b.node[0].core->counters.messages_dropped;
    begin_again(); /* the sixth within seconds */
    assert_int_equal(cs_ot_pair_counter(ot_peer(&b, 0, 1)->ot, 2), 5);
    assert_true(b.node[0].core->counters.messages_dropped > dropped);
    assert_int_equal(ot_peer(&b, 0, 1)->rec.blames, 0);
}

static void a_peer_that_ends_tested_setups_makes_few_new_ones(void **state)
{
    uint8_t body[34];
    struct cs_message m = {.proto = CS_PROTO_CONTROL, .type = CS_TYPE_ABORT};

    (void)state;
    memset(&begun, 0, sizeof begun);
    liar = watch_0;
    ot_key(&b, 1);
    bed_advance(&b, 3000);
    for (int i = 0; i < 60; i++) {
        const uint8_t *osid = cs_ot_pair_latest(ot_peer(&b, 0, 1)->ot, 1);

        memcpy(m.sid, osid, 32);
        memcpy(body, osid, 32);
        body[32] = 0;
        body[33] = 14;
        m.priv = CS_SPAN_OF(body);
        lie_say(&b, 1, 0, &m);
        bed_advance(&b, 1000);
    }
    assert_in_range(begun.n, 5, 5 + 7);
}

/* ---- what a peer says of a setup
 * ------------------------------------------------------ */

/* Header and body name two setups: neither of them ends. */
static void an_abort_that_names_two_setups_is_blamed(void **state)
{
    struct cs_message m = {.proto = CS_PROTO_CONTROL, .type = CS_TYPE_ABORT};
    struct cs_wr body = {0};
    uint8_t other[32] = {5};

    (void)state;
    ot_key(&b, 1);
    bed_advance(&b, 3000);
    liar = NULL;
    memcpy(m.sid, cs_ot_pair_latest(ot_peer(&b, 0, 1)->ot, 1), 32);
    cs_abort_encode(&body, other, CS_ERR_SETUP_MISSING);
    m.priv = cs_wr_get(&body);
    lie_say(&b, 1, 0, &m);
    cs_wr_free(&body);
    assert_int_equal(ot_peer(&b, 0, 1)->rec.blames, 1);
    assert_memory_equal(m.sid, cs_ot_pair_latest(ot_peer(&b, 0, 1)->ot, 1), 32);
    ot_all_are(&b, CS_OT_TESTED);
}

enum { NO_FIELD, BROADCAST, ROUND, KEY_EPOCH, KEY_ID, FIELDS };
static int wrong;

/* The first message of node 1. */
static bool wrong_field(struct lie *l)
{
    if (l->from != 1 || l->to != 0 || l->m.proto != CS_PROTO_OT) {
        return true;
    }
    if (wrong == BROADCAST) {
        cs_wr_u8(&l->broadcast, 7);
    }
    l->m.round = (uint8_t)(l->m.round + (wrong == ROUND));
    l->m.key_epoch += wrong == KEY_EPOCH;
    l->m.key_id[15] ^= wrong == KEY_ID;
    wrong = NO_FIELD;
    return true;
}

static void a_message_that_is_more_than_a_setups_is_blamed(void **state)
{
    (void)state;
    for (int field = BROADCAST; field < FIELDS; field++) {
        up(NULL);
        liar = wrong_field;
        wrong = field;
        ot_key(&b, 1);
        bed_advance(&b, 500);
        assert_int_equal(wrong, NO_FIELD);
        assert_int_equal(ot_peer(&b, 0, 1)->rec.blames, 1);
        down(NULL);
    }
}

static size_t told; /* ABORTs of node 0 to node 1 */

static bool lose_2_2(struct lie *l)
{
    told += l->from == 0 && l->to == 1 && lie_is(l, CS_PROTO_CONTROL, CS_TYPE_ABORT);
    return !(l->from == 0 && l->to == 1 && lie_is(l, CS_PROTO_OT, CS_TYPE_OT_S));
}

/* What it said of the end was lost: the peer's next repeat is answered by it. */
static void who_goes_on_with_a_setup_that_ended_is_told(void **state)
{
    struct cs_ot_out out = {0};
    struct cs_ot_pair *p;

    (void)state;
    liar = lose_2_2;
    told = 0;
    ot_key(&b, 1);
    bed_advance(&b, 500);
    p = ot_peer(&b, 0, 1)->ot;
    assert_int_equal(cs_ot_pair_half(p, 1), CS_OT_TESTED);
    assert_int_equal(cs_ot_pair_half(p, 2), CS_OT_RUNNING);
    cs_ot_pair_aborted(p, cs_ot_pair_latest(p, 2), &out);
    cs_ot_out_clear(&out);
    ot_peer(&b, 0, 1)->ot_clock.repeat_at = UINT64_MAX;  /* its own setup is tested: */
    ot_peer(&b, 0, 1)->ot_clock.give_up_at = UINT64_MAX; /* it has nothing to say */
    assert_int_equal(told, 0);
    bed_advance(&b, 4000); /* its repeats come after 1 and 3 s */
    assert_true(told > 0);
    assert_int_equal(ot_peer(&b, 0, 1)->rec.blames, 0);
    liar = NULL;
    bed_advance(&b, 60000);
    ot_all_are(&b, CS_OT_TESTED);
}

/* ---- jobs
 * ------------------------------------------------------------------------------ */

static void a_result_that_comes_after_its_link_is_dropped(void **state)
{
    (void)state;
    b.node[0].hold_jobs = true;
    ot_key(&b, 1);
    bed_advance(&b, 1000);
    assert_in_range(b.node[0].core->n_ot_jobs, 2, MAX_OT_JOBS);
    bed_restart(&b, 1); /* another life, another link */
    bed_restart(&b, 2);
    bed_advance(&b, 8000);
    bed_release_jobs(&b.node[0]);
    bed_advance(&b, 20000);
    assert_int_equal(b.node[0].core->n_ot_jobs, 0);
    ot_all_are(&b, CS_OT_TESTED);
}

static void jobs_that_are_out_when_a_node_ends_are_freed(void **state)
{
    (void)state;
    b.node[0].hold_jobs = true;
    ot_key(&b, 1);
    bed_advance(&b, 1000);
    bed_kill(&b, 0); /* the leak check of the sanitizer looks */
}

static void setups_of_two_quorums_are_apart_and_share_the_limits(void **state)
{
    struct cs_node_core *n;

    (void)state;
    ot_second_quorum(&b);
    ot_key(&b, 1);
    bed_advance(&b, 3000);
    ot_all_are(&b, CS_OT_TESTED);
    n = b.node[0].core;
    assert_null(n->quorums[1]->peers[2].ot); /* no key there */
    assert_ptr_equal(n->quorums[0]->peers[2].device, n->quorums[1]->peers[2].device);
    assert_int_equal(n->quorums[0]->peers[2].device->as_alice.used, 1);
}

/* Own setups of node 0 that run, over all quorums. */
static size_t own_running(void)
{
    const struct cs_node_core *n = b.node[0].core;
    size_t k = 0;

    for (size_t i = 0; i < n->n_quorums; i++) {
        for (int peer = 2; peer <= BED_NODES; peer++) {
            const struct cs_ot_pair *p = n->quorums[i]->peers[peer].ot;

            k += p != NULL && cs_ot_pair_half(p, 1) == CS_OT_RUNNING ? 1 : 0;
        }
    }
    return k;
}

/* Ten are wanted, and each device would be allowed its five. */
static void a_node_has_few_setups_and_fewer_jobs_at_once(void **state)
{
    enum { QUORUMS = 5 };
    struct cs_node_core *n = b.node[0].core;

    (void)state;
    _Static_assert(2 * QUORUMS > MAX_OT_STARTED, "more than may run");
    for (int k = 2; k <= QUORUMS; k++) {
        ot_more_quorum(&b, k);
    }
    b.node[0].hold_jobs = true;
    for (int k = 1; k <= QUORUMS; k++) {
        struct cs_ctl_frame f;

        ot_key_frame(&b, &f, (uint8_t)k);
        if (k > 1) {
            ot_quorum_id(f.u.key_create.quorum_id, k);
        }
        trio_to_all(&b, &f);
        assert_in_range(n->n_ot_jobs, 0, MAX_OT_JOBS);
    }
    bed_advance(&b, 3000);
    assert_int_equal(own_running(), MAX_OT_STARTED);
    assert_int_equal(n->n_ot_jobs, MAX_OT_JOBS);
    bed_release_jobs(&b.node[0]);
    bed_advance(&b, 30000);
    for (size_t i = 0; i < QUORUMS; i++) { /* the others came after them */
        assert_true(cs_nd_ot_ready(n->quorums[i], 2));
        assert_true(cs_nd_ot_ready(n->quorums[i], 3));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(setups_come_up_when_an_ecdsa_key_is_asked_for,
                                        up, down),
        cmocka_unit_test_setup_teardown(
            a_node_that_heard_of_no_key_joins_and_does_its_part, up, down),
        cmocka_unit_test_setup_teardown(
            they_come_up_again_after_a_restart_by_themselves, up, down),
        cmocka_unit_test(what_is_lost_is_sent_again_after_1_2_and_4_seconds),
        cmocka_unit_test_setup_teardown(
            a_setup_without_progress_is_given_up_and_begun_again, up, down),
        cmocka_unit_test_setup_teardown(counters_that_differ_make_a_new_link, up, down),
        cmocka_unit_test_setup_teardown(
            a_direction_that_only_one_side_holds_tested_is_made_again, up, down),
        cmocka_unit_test_setup_teardown(
            a_link_that_flaps_costs_no_more_than_the_device_is_allowed, up, down),
        cmocka_unit_test_setup_teardown(
            a_peer_that_begins_again_and_again_is_refused_before_any_computing, up,
            down),
        cmocka_unit_test_setup_teardown(
            a_peer_that_ends_tested_setups_makes_few_new_ones, up, down),
        cmocka_unit_test_setup_teardown(an_abort_that_names_two_setups_is_blamed, up,
                                        down),
        cmocka_unit_test(a_message_that_is_more_than_a_setups_is_blamed),
        cmocka_unit_test_setup_teardown(who_goes_on_with_a_setup_that_ended_is_told, up,
                                        down),
        cmocka_unit_test_setup_teardown(a_result_that_comes_after_its_link_is_dropped,
                                        up, down),
        cmocka_unit_test_setup_teardown(jobs_that_are_out_when_a_node_ends_are_freed,
                                        up, down),
        cmocka_unit_test_setup_teardown(
            setups_of_two_quorums_are_apart_and_share_the_limits, up, down),
        cmocka_unit_test_setup_teardown(a_node_has_few_setups_and_fewer_jobs_at_once,
                                        up, down),
    };

    cmocka_set_test_filter(getenv("CASE"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
