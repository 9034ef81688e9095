/* Quarantine after failed OT setups and burned ones: persistent, of the device, in all
 * quorums, told to platform and third node, lifted by an operator only
 * (PROTOCOLS 2.8, 4.6, 15.1 A8, 15.4 D3). */
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

static const struct device *device_of(int node, int peer)
{
    return ot_peer(&b, node, peer)->device;
}

/* Node 1's choice bits in its extension towards node 0 are inconsistent. */
static bool bad_extension(struct lie *l)
{
    if (l->from == 1 && l->to == 0 && lie_is(l, CS_PROTO_OT, CS_TYPE_OT_EXT)) {
        l->priv.p[CS_OT_EXT_LEN - 1] ^= 1;
    }
    return true;
}

static struct ot_seen tries;

static bool count_tries(struct lie *l)
{
    if (l->from == 0 && l->to == 1 && l->m.proto == CS_PROTO_OT) {
        ot_note(&tries, l->m.sid);
    }
    return true;
}

/* Three failed self-tests at node 0, by node 1. */
static void burn(void)
{
    liar = bad_extension;
    ot_key(&b, 1);
    bed_advance(&b, 60000);
    assert_true(device_of(0, 1)->quarantined);
    liar = NULL;
}

/* Nothing of proto 2 goes from node 0 to node 1, whatever happens. */
static void stays_burned(void)
{
    memset(&tries, 0, sizeof tries);
    liar = count_tries;
    bed_advance(&b, 60000);
    assert_int_equal(tries.n, 0);
    liar = NULL;
    assert_true(cs_nd_quarantined(b.node[0].core, b.node[0].core->quorums[0], 2));
    assert_false(cs_nd_ot_ready(b.node[0].core->quorums[0], 2));
    assert_non_null(
        strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), "\"ot\":\"BURNED\""));
}

/* ---- counting
 * ---------------------------------------------------------------------------- */

static void three_failed_self_tests_are_quarantine_also_over_restarts(void **state)
{
    const struct cs_ctl_peer *e;
    size_t from = b.said.n;

    (void)state;
    liar = bad_extension;
    ot_key(&b, 1);
    bed_advance(&b, 2000);
    assert_int_equal(device_of(0, 1)->setup_tests, 1);
    bed_restart(&b, 0); /* the count is stored */
    bed_advance(&b, 2500);
    assert_int_equal(device_of(0, 1)->setup_tests, 2);
    assert_false(device_of(0, 1)->quarantined);
    bed_restart(&b, 1); /* another link */
    bed_advance(&b, 30000);
    assert_int_equal(device_of(0, 1)->setup_tests, 3);
    assert_true(device_of(0, 1)->quarantined);
    assert_string_equal(device_of(0, 1)->reason, "SETUP_TEST");
    assert_int_equal(bed_count(&b, 0, CS_EVT_PEER_QUARANTINED), 1);
    e = &bed_last(&b, 0, CS_EVT_PEER_QUARANTINED)->u.peer;
    assert_int_equal(e->index, 1);
    assert_int_equal(e->peer, 2);
    assert_string_equal(e->reason, "CHEAT"); /* not which check it was (4.6) */
    assert_memory_equal(e->quorum_id, trio_quorum_id, 16);
    assert_true(ot_said(&b, from, "cloudsign peer release") > 0); /* the remedy */
    assert_int_equal(bed_count(&b, 1, CS_EVT_PEER_QUARANTINED), 0);
    assert_int_equal(bed_count(&b, 2, CS_EVT_PEER_QUARANTINED), 0);
    assert_int_equal(ot_state(&b, 0, 2), CS_OT_TESTED); /* the other pairs live on */
    assert_int_equal(ot_state(&b, 1, 2), CS_OT_TESTED);
}

static void the_peer_is_told_no_more_than_that_it_ended(void **state)
{
    (void)state;
    burn();
    assert_int_equal(ot_said(&b, 0, "party 1 of \"trio\" ended a setup: PEER_ABORTED"),
                     3);
    assert_int_equal(ot_said(&b, 0, "party 1 of \"trio\" ended a setup: "), 3);
}

static void failed_self_tests_older_than_a_day_do_not_count(void **state)
{
    (void)state;
    liar = bad_extension;
    ot_key(&b, 1);
    bed_advance(&b, 8000);
    assert_int_equal(device_of(0, 1)->setup_tests, 2);
    liar = NULL;
    bed_advance(&b, 24 * 3600000 + 1000); /* links are made anew meanwhile */
    ot_all_are(&b, CS_OT_TESTED);
    liar = bad_extension;
    bed_restart(&b, 1);
    bed_advance(&b, 5000);
    assert_int_equal(device_of(0, 1)->setup_tests, 1);
    assert_false(device_of(0, 1)->quarantined);
}

/* ---- what quarantine means
 * ------------------------------------------------------------------ */

static void a_burned_pair_refuses_after_restarts_and_new_links(void **state)
{
    uint8_t evidence[32];

    (void)state;
    burn();
    memcpy(evidence, device_of(0, 1)->evidence, 32);
    assert_int_equal(ot_state(&b, 0, 1), CS_OT_BURNED);
    assert_null(cs_ot_pair_osid(ot_peer(&b, 0, 1)->ot, 1));
    stays_burned();
    bed_restart(&b, 1);
    stays_burned();
    bed_restart(&b, 0);
    stays_burned();
    bed_cut(&b, 0, CS_CHANNEL_RELAY);
    stays_burned();
    assert_memory_equal(evidence, device_of(0, 1)->evidence, 32);
    assert_int_equal(bed_count(&b, 0, CS_EVT_PEER_QUARANTINED), 1); /* said once */
}

static void a_burned_device_is_refused_in_every_quorum(void **state)
{
    struct cs_ctl_frame f;
    struct cs_node_core *n;

    (void)state;
    ot_second_quorum(&b);
    trio_key_frame(&b, &f, 2);
    ot_quorum_id(f.u.key_create.quorum_id, 2);
    (void)snprintf(f.u.key_create.curve, 16, "SECP256K1");
    (void)snprintf(f.u.key_create.scheme, 24, "ECDSA");
    (void)snprintf(f.u.key_create.blockchain, 24, "ETHEREUM");
    trio_to_all(&b, &f);
    bed_advance(&b, 5000);
    n = b.node[0].core;
    assert_true(cs_nd_ot_ready(n->quorums[1], 2));
    burn(); /* in the first quorum */
    assert_int_equal(cs_ot_pair_state(n->quorums[1]->peers[2].ot), CS_OT_BURNED);
    assert_true(cs_nd_quarantined(n, n->quorums[1], 2));
    assert_true(cs_nd_ot_ready(n->quorums[1], 3));
    assert_int_equal(bed_count(&b, 0, CS_EVT_PEER_QUARANTINED), 2); /* one each */
    bed_restart(&b, 0);
    bed_advance(&b, 20000);
    n = b.node[0].core;
    assert_true(cs_nd_quarantined(n, n->quorums[0], 2));
    assert_true(cs_nd_quarantined(n, n->quorums[1], 2));
    assert_false(cs_nd_ot_ready(n->quorums[1], 2));
    (void)bed_ask(&b, 0, ot_release(1)); /* of the device: in both */
    bed_advance(&b, 20000);
    assert_true(cs_nd_ot_ready(n->quorums[0], 2));
    assert_true(cs_nd_ot_ready(n->quorums[1], 2));
    assert_int_equal(bed_count(&b, 0, CS_EVT_PEER_RELEASED), 2);
}

static void an_operator_releases_and_all_is_made_anew(void **state)
{
    const struct cs_ctl_peer *e;

    (void)state;
    burn();
    assert_non_null(strstr(bed_ask(&b, 0, ot_release(1)), "\"ok\":true"));
    assert_false(device_of(0, 1)->quarantined);
    assert_int_equal(device_of(0, 1)->setup_tests, 0);
    assert_int_equal(bed_count(&b, 0, CS_EVT_PEER_RELEASED), 1);
    e = &bed_last(&b, 0, CS_EVT_PEER_RELEASED)->u.peer;
    assert_int_equal(e->index, 1);
    assert_int_equal(e->peer, 2);
    assert_true(ot_said(&b, 0, "an operator released party 2 of \"trio\"") == 1);
    bed_advance(&b, 60000);
    ot_all_are(&b, CS_OT_TESTED);
    bed_restart(&b, 0); /* it stays released */
    bed_advance(&b, 10000);
    ot_all_are(&b, CS_OT_TESTED);
    (void)bed_ask(&b, 0, ot_release(1)); /* nothing to release: nothing is said */
    assert_int_equal(bed_count(&b, 0, CS_EVT_PEER_RELEASED), 1);
}

/* ---- the third node
 * ------------------------------------------------------------------------ */

static struct notice *notice_at_2(void)
{
    return &b.node[2].core->quorums[0]->notices[1][2];
}

static void the_third_node_shows_it_and_adopts_nothing(void **state)
{
    (void)state;
    burn();
    assert_true(notice_at_2()->set);
    assert_string_equal(cs_err_reason(notice_at_2()->why), "CHEAT");
    assert_non_null(
        strstr(bed_ask(&b, 2, "{\"cmd\":\"status\"}"),
               "\"notices\":[{\"index\":1,\"peer\":2,\"reason\":\"CHEAT\""));
    assert_int_equal(
        ot_said(&b, 0, "party 1 of \"trio\" says that it quarantined party 2: CHEAT"),
        1);
    assert_false(cs_nd_quarantined(b.node[2].core, b.node[2].core->quorums[0], 2));
    assert_int_equal(ot_state(&b, 2, 1), CS_OT_TESTED);
    assert_int_equal(bed_count(&b, 2, CS_EVT_PEER_QUARANTINED), 0);
    assert_false(b.node[1].core->quorums[0]->notices[1][2].set); /* not to itself */
    bed_restart(&b, 2);                                          /* it is told again */
    bed_advance(&b, 10000);
    assert_true(notice_at_2()->set);
    (void)bed_ask(&b, 0, ot_release(1));
    bed_advance(&b, 1000);
    assert_false(notice_at_2()->set);
}

static bool lose_notices(struct lie *l)
{
    return !lie_is(l, CS_PROTO_CONTROL, CS_TYPE_NOTICE);
}

static void a_notice_that_was_lost_is_said_again(void **state)
{
    (void)state;
    burn();
    assert_true(notice_at_2()->set);
    liar = lose_notices;
    (void)bed_ask(&b, 0, ot_release(1));
    bed_advance(&b, 1000);
    assert_true(notice_at_2()->set);
    liar = NULL;
    bed_advance(&b, NOTICE_AGAIN_MS);
    assert_false(notice_at_2()->set);
}

static void say_notice(uint8_t about, uint16_t code, size_t len)
{
    const uint8_t body[4] = {about, (uint8_t)(code >> 8), (uint8_t)code, 0};
    const struct cs_message m = {
        .proto = CS_PROTO_CONTROL, .type = CS_TYPE_NOTICE, .priv = CS_SPAN(body, len)};

    lie_say(&b, 0, 2, &m);
}

static void a_malformed_notice_is_blamed(void **state)
{
    static const struct {
        uint8_t about;
        uint16_t code;
        size_t len;
    } bad[] = {{2, 11, 2}, {2, 11, 4}, {0, 11, 3}, {4, 11, 3}, {1, 11, 3}};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        (void)bed_ask(&b, 2, ot_release(0));
        say_notice(bad[i].about, bad[i].code, bad[i].len);
        assert_int_equal(ot_peer(&b, 2, 0)->rec.blames, 1);
        assert_string_equal(ot_peer(&b, 2, 0)->rec.reason, "BAD_FORMAT");
    }
    (void)bed_ask(&b, 2, ot_release(0));
    say_notice(2, 999, 3); /* a word of a later version */
    assert_int_equal(ot_peer(&b, 2, 0)->rec.blames, 0);
    assert_false(notice_at_2()->set);
}

static void notices_of_a_liar_fill_nothing(void **state)
{
    size_t from = b.said.n;

    (void)state;
    for (int i = 0; i < 300; i++) {
        say_notice(2, i % 2 == 0 ? 11 : 10, 3);
    }
    assert_true(notice_at_2()->set);
    assert_int_equal(ot_said(&b, from, "says that it quarantined"), 1);
    assert_int_equal(b.node[2].core->n_events, 0);
    say_notice(3, 11, 3); /* of the receiver itself: shown, too */
    assert_true(b.node[2].core->quorums[0]->notices[1][3].set);
    assert_int_equal(ot_peer(&b, 2, 0)->rec.blames, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            three_failed_self_tests_are_quarantine_also_over_restarts, up, down),
        cmocka_unit_test_setup_teardown(the_peer_is_told_no_more_than_that_it_ended, up,
                                        down),
        cmocka_unit_test_setup_teardown(failed_self_tests_older_than_a_day_do_not_count,
                                        up, down),
        cmocka_unit_test_setup_teardown(
            a_burned_pair_refuses_after_restarts_and_new_links, up, down),
        cmocka_unit_test_setup_teardown(a_burned_device_is_refused_in_every_quorum, up,
                                        down),
        cmocka_unit_test_setup_teardown(an_operator_releases_and_all_is_made_anew, up,
                                        down),
        cmocka_unit_test_setup_teardown(the_third_node_shows_it_and_adopts_nothing, up,
                                        down),
        cmocka_unit_test_setup_teardown(a_notice_that_was_lost_is_said_again, up, down),
        cmocka_unit_test_setup_teardown(a_malformed_notice_is_blamed, up, down),
        cmocka_unit_test_setup_teardown(notices_of_a_liar_fill_nothing, up, down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
