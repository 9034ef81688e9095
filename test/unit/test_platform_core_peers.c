/* Quarantined pairs: shown, not paired, released. */
#include "platform/core/core.h"
#include "support/fake_many.h"

static void say(struct fake_trio *t, int from, enum cs_ctl_kind kind, uint32_t index,
                uint32_t peer)
{
    struct cs_ctl_frame f = {.kind = kind};

    memcpy(f.u.peer.quorum_id, t->quorum_id, 16);
    f.u.peer.index = index;
    f.u.peer.peer = peer;
    (void)snprintf(f.u.peer.reason, sizeof f.u.peer.reason, "PEER_QUARANTINED");
    f.u.peer.time = UINT64_C(1790000000000);
    fake_evt(&t->d[from], &f);
}

static size_t warnings(struct fake_trio *t)
{
    fake_quorum_get(t);
    return json_array_size(json_object_get(t->w->reply, "memberWarnings"));
}

static void a_quarantined_pair_is_shown_and_not_asked(void **state)
{
    struct fake_trio *t = fake_signers();

    (void)state;
    assert_int_equal(warnings(t), 0);
    say(t, 0, CS_EVT_PEER_QUARANTINED, 1, 2);
    assert_int_equal(warnings(t), 1);
    assert_string_equal(fake_text(t->w, "memberWarnings.0.reason"), "PEER_QUARANTINED");
    assert_non_null(strstr(fake_text(t->w, "memberWarnings.0.text"),
                           "player 1 signs nothing more"));
    for (unsigned i = 0; i < 6; i++) {
        struct fake_tx x;

        fake_tx_new(t, &x, i + 1);
        assert_int_not_equal(fake_sign_commands(t, &x), 3);
        cs_wr_free(&x.message);
    }
    say(t, 0, CS_EVT_PEER_QUARANTINED, 1, 2); /* again: still one */
    say(t, 1, CS_EVT_PEER_QUARANTINED, 2, 1); /* the other direction is another */
    assert_int_equal(warnings(t), 2);
    fake_trio_free(t);
}

static void a_quarantine_survives_a_restart_of_the_platform(void **state)
{
    struct fake_trio *t = fake_trio_new();
    char id[40], secret[80];

    (void)state;
    fake_provisioned(t);
    assert_int_equal(fake_settings(t, true, true), 200);
    say(t, 0, CS_EVT_PEER_QUARANTINED, 1, 2);
    say(t, 0, CS_EVT_PEER_QUARANTINED, 1, 3);
    assert_int_equal(fake_credential_new(t->w, "\"*\"", ""), 200);
    (void)snprintf(id, sizeof id, "%s", fake_text(t->w, "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(t->w, "clientSecret"));
    fake_restart(t->w);
    fake_login(t->w, id, secret);
    for (int i = 0; i < 3; i++) {
        fake_connect_ok(&t->d[i]);
        fake_status(&t->d[i], "READY");
    }
    for (unsigned i = 0; i < 3; i++) {
        struct fake_tx x;

        fake_tx_new(t, &x, i + 1);
        assert_int_equal(fake_sign_commands(t, &x), 6);
        cs_wr_free(&x.message);
    }
    fake_trio_free(t);
}

static void a_request_waits_for_a_release(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;

    (void)state;
    say(t, 0, CS_EVT_PEER_QUARANTINED, 1, 2);
    say(t, 0, CS_EVT_PEER_QUARANTINED, 1, 3);
    say(t, 2, CS_EVT_PEER_QUARANTINED, 3, 2);
    fake_tx_new(t, &x, 7);
    assert_int_equal(fake_sign_commands(t, &x), 0);
    fake_tx_status(t, &x, "SIGNATURE_PENDING");
    assert_non_null(strstr(fake_text(t->w, "reasons.0"), "memberWarnings"));
    say(t, 2, CS_EVT_PEER_RELEASED, 3, 2);
    assert_int_equal(fake_sign_commands(t, &x), 6);
    assert_int_equal(warnings(t), 2);
    fake_tx_end(t, &x);
}

static void what_the_pair_works_on_says_so(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask;
    size_t before;
    char rest[96];
    const json_t *lines;

    (void)state;
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    before = fake_lines(t, &x);
    say(t, fake_first(mask), CS_EVT_PEER_QUARANTINED, (uint32_t)fake_first(mask) + 1,
        (uint32_t)fake_second(mask) + 1);
    assert_int_equal(fake_lines(t, &x), before + 1);
    (void)snprintf(rest, sizeof rest, "/%s/timeline", x.id);
    fake_ok(t->w, "GET", fake_tx_path(t, rest), NULL);
    lines = json_object_get(t->w->reply, "entries");
    assert_string_equal(json_string_value(json_object_get(
                            json_array_get(lines, json_array_size(lines) - 1), "step")),
                        "PEER_QUARANTINED");
    fake_tx_end(t, &x);
}

/* Nobody speaks for others, of itself or of members that are none. */
static void statements_that_make_no_sense_are_dropped(void **state)
{
    static const struct {
        int from;
        uint32_t index, peer;
    } bad[] = {{0, 2, 3}, {0, 1, 1}, {0, 1, 4}};
    struct fake_trio *t = fake_signers();

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        say(t, bad[i].from, CS_EVT_PEER_QUARANTINED, bad[i].index, bad[i].peer);
    }
    memset(t->quorum_id, 9, sizeof t->quorum_id);
    say(t, 0, CS_EVT_PEER_QUARANTINED, 1, 2);
    assert_int_equal(warnings(t), 0);
    fake_trio_free(t);
}

/* One liar of three takes itself out; it cannot part the two others. */
static void one_liar_cannot_stop_the_others(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;

    (void)state;
    say(t, 0, CS_EVT_PEER_QUARANTINED, 1, 2);
    say(t, 0, CS_EVT_PEER_QUARANTINED, 1, 3);
    say(t, 0, CS_EVT_PEER_QUARANTINED, 2, 3); /* not its own */
    fake_tx_new(t, &x, 7);
    assert_int_equal(fake_sign_commands(t, &x), 6);
    fake_tx_end(t, &x);
}

/* A node that says it over and over, or takes it back and says it again, fills neither
 * the timeline nor the platform's time; what holds at the end is what it said last. */
static void a_node_that_flaps_causes_no_work_without_end(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask;
    uint32_t a, b;
    size_t before, lines = 0;

    (void)state;
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    a = (uint32_t)fake_first(mask);
    b = (uint32_t)fake_second(mask);
    before = fake_lines(t, &x);
    say(t, (int)a, CS_EVT_PEER_RELEASED, a + 1, b + 1); /* of nothing */
    for (int i = 0; i < 50; i++) {
        say(t, (int)a, CS_EVT_PEER_QUARANTINED, a + 1, b + 1);
    }
    assert_int_equal(fake_lines(t, &x), before + 1);
    for (int i = 0; i < 100; i++) {
        say(t, (int)a, CS_EVT_PEER_RELEASED, a + 1, b + 1);
        say(t, (int)a, CS_EVT_PEER_QUARANTINED, a + 1, b + 1);
        lines = fake_lines(t, &x);
    }
    assert_in_range(lines, before + 1, before + 8);
    assert_int_equal(warnings(t), 1);
    say(t, (int)a, CS_EVT_PEER_RELEASED, a + 1, b + 1);
    assert_int_equal(warnings(t), 0);
    fake_tx_end(t, &x);
}

/* The lines of a node have their own room in a timeline: these, too. */
static void the_rooms_of_a_timeline_are_kept(void **state)
{
    struct fake_trio *t = fake_signers();
    struct cs_ctl_frame f = {.kind = CS_EVT_REQUEST_STEP};
    struct fake_tx x;
    unsigned mask;
    int a;

    (void)state;
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    a = fake_first(mask);
    memcpy(f.u.request_step.request_id, x.raw_id, 16);
    f.u.request_step.index = (uint32_t)a + 1;
    (void)snprintf(f.u.request_step.step, 32, "JOURNALED");
    for (int i = 0; i < CS_PC_TIMELINE_MAX; i++) {
        fake_evt(&t->d[a], &f);
    }
    say(t, a, CS_EVT_PEER_QUARANTINED, (uint32_t)a + 1,
        (uint32_t)fake_second(mask) + 1);
    assert_int_equal(fake_lines(t, &x), CS_PC_TIMELINE_MAX - CS_PC_TIMELINE_OWN);
    fake_tx_end(t, &x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quarantined_pair_is_shown_and_not_asked),
        cmocka_unit_test(a_quarantine_survives_a_restart_of_the_platform),
        cmocka_unit_test(a_request_waits_for_a_release),
        cmocka_unit_test(what_the_pair_works_on_says_so),
        cmocka_unit_test(statements_that_make_no_sense_are_dropped),
        cmocka_unit_test(one_liar_cannot_stop_the_others),
        cmocka_unit_test(a_node_that_flaps_causes_no_work_without_end),
        cmocka_unit_test(the_rooms_of_a_timeline_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
