/* Events and commands: durable before they count, in order, never lost
 * (src/wire/README.md, 2). */
#include "node/core/core.h"
#include "support/node_trio.h"

static struct bed b;
static struct bed_node *const a = &b.node[0];

static int up(void **state)
{
    (void)state;
    bed_init(&b, 1);
    bed_start(&b, 0);
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

/* One event at once: a key for a quorum that is not there. */
static void cause_event(uint8_t n)
{
    struct cs_ctl_frame f;

    trio_key_frame(&b, &f, n);
    bed_cmd(&b, 0, &f);
}

static uint64_t id_of(size_t k)
{
    uint64_t id = 0;

    assert_true(k < a->n_evt);
    assert_int_equal(cs_u64_parse(&id, a->evt[k]->id), CS_OK);
    return id;
}

static void check_rising(size_t from, size_t n)
{
    assert_int_equal(a->n_evt, from + n);
    for (size_t k = from; k < from + n; k++) {
        assert_int_equal(a->evt[k]->u.failed.request_id[15], k - from + 1);
        assert_true(k == from || id_of(k) > id_of(k - 1));
    }
}

static void events_come_in_order_and_again_after_each_reconnect(void **state)
{
    (void)state;
    a->no_ack = true;
    for (uint8_t n = 1; n <= 5; n++) {
        cause_event(n);
    }
    check_rising(0, 5);
    bed_cut(&b, 0, CS_CHANNEL_CONTROL);
    bed_advance(&b, 1000);
    check_rising(5, 5);
    assert_int_equal(id_of(0), id_of(5)); /* the same event, the same id */
}

static void events_survive_a_restart_and_new_ones_rise(void **state)
{
    (void)state;
    a->no_ack = true;
    for (uint8_t n = 1; n <= 3; n++) {
        cause_event(n);
    }
    bed_restart(&b, 0);
    check_rising(3, 3);
    cause_event(4);
    check_rising(3, 4);
    assert_non_null(
        strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), "\"unacknowledgedEvents\":4"));
}

/* The platform takes each id once per life, and only rising ones (its control.c). */
static void events_of_a_restored_store_rise_as_well(void **state)
{
    (void)state;
    bed_restart(&b, 0);
    bed_restart(&b, 0);
    a->no_ack = true;
    cause_event(1); /* waits in the copy */
    bed_kill(&b, 0);
    bed_restored(&b, 0);
    bed_start(&b, 0);
    check_rising(1, 1);
    cause_event(2);
    check_rising(1, 2);
    assert_int_not_equal(id_of(1), id_of(2));
}

static void an_acknowledged_event_is_gone_for_good(void **state)
{
    (void)state;
    a->no_ack = true;
    for (uint8_t n = 1; n <= 3; n++) {
        cause_event(n);
    }
    bed_ack(a, a->evt[1]->id);
    bed_ack(a, a->evt[1]->id); /* and a repeat harms nobody */
    bed_ack(a, "77");
    bed_ack(a, "not a number");
    bed_run(&b);
    bed_restart(&b, 0);
    assert_int_equal(a->n_evt, 5);
    assert_int_equal(id_of(3), id_of(0));
    assert_int_equal(id_of(4), id_of(2));
}

static void an_event_leaves_only_when_it_is_durable(void **state)
{
    (void)state;
    a->hold = true;
    cause_event(1);
    assert_int_equal(a->n_evt, 0);
    bed_kill(&b, 0); /* was never stored, was never said */
    bed_start(&b, 0);
    assert_int_equal(a->n_evt, 0);
    a->hold = true;
    cause_event(1);
    bed_release(a);
    assert_int_equal(a->n_evt, 1);
}

static void a_command_is_acknowledged_only_when_it_is_durable(void **state)
{
    size_t acked = a->n_acked;

    (void)state;
    a->hold = true;
    cause_event(1);
    assert_int_equal(a->n_acked, acked);
    bed_release(a);
    assert_int_equal(a->n_acked, acked + 1);
}

static void no_more_than_256_events_are_in_flight(void **state)
{
    (void)state;
    a->no_ack = true;
    for (unsigned n = 0; n < 300; n++) {
        cause_event((uint8_t)n);
    }
    assert_int_equal(a->n_evt, CS_CTL_IN_FLIGHT);
    bed_ack(a, a->evt[0]->id);
    bed_run(&b);
    assert_int_equal(a->n_evt, CS_CTL_IN_FLIGHT + 1);
}

static void a_full_outbox_takes_no_command_until_it_drains(void **state)
{
    size_t acked, connects = a->n_connects;

    (void)state;
    a->no_ack = true;
    for (unsigned n = 0; n < 4096; n++) {
        cause_event((uint8_t)n);
    }
    acked = a->n_acked;
    assert_int_equal(acked, 4096);
    cause_event(
        1); /* waits at the platform, which sends it again on a new connection */
    assert_int_equal(a->n_acked, acked);
    bed_advance(&b, 1000);
    assert_int_equal(a->n_connects, connects + 1);
    a->no_ack = false;
    bed_forget_evts(a);
    bed_cut(&b, 0, CS_CHANNEL_CONTROL);
    bed_advance(&b, 1000);
    assert_int_equal(a->n_evt, 4096);
    cause_event(1);
    assert_int_equal(a->n_acked, acked + 1);
}

/* Results of the largest requests, which nobody acknowledges. */
static void say_much(struct cs_node_core *n, unsigned count)
{
    static uint8_t signatures[512 * 64];
    struct cs_step out = {0};

    n->out = &out;
    for (unsigned i = 0; i < count; i++) {
        struct cs_ctl_frame f = {.kind = CS_EVT_SIGN_DONE};

        f.u.sign_done.signatures = (struct cs_blob){signatures, sizeof signatures};
        f.u.sign_done.index = 1;
        memcpy(f.u.sign_done.signers, "\1\2", 2);
        cs_nd_outbox_put(n, &f);
    }
    n->out = NULL;
    cs_step_clear(&out);
}

static void bytes_fill_the_outbox_as_well(void **state)
{
    size_t acked = a->n_acked;

    (void)state;
    a->no_ack = true;
    say_much(a->core, MAX_OUTBOX_BYTES / (2 * 512 * 64));
    assert_true(cs_nd_outbox_full(a->core));
    cause_event(1); /* waits at the platform */
    assert_int_equal(a->n_acked, acked);
    a->no_ack = false;
    bed_advance(&b, 2000); /* a new connection, on which all are acknowledged */
    assert_int_equal(a->core->event_bytes, 0);
    cause_event(1);
    assert_int_equal(a->n_acked, acked + 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(events_come_in_order_and_again_after_each_reconnect),
        CASE(events_survive_a_restart_and_new_ones_rise),
        CASE(events_of_a_restored_store_rise_as_well),
        CASE(an_acknowledged_event_is_gone_for_good),
        CASE(an_event_leaves_only_when_it_is_durable),
        CASE(a_command_is_acknowledged_only_when_it_is_durable),
        CASE(no_more_than_256_events_are_in_flight),
        CASE(a_full_outbox_takes_no_command_until_it_drains),
        CASE(bytes_fill_the_outbox_as_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
