/* Quorums: three steps to the words, lies, expiry, confirmation. */
#include "platform/core/core.h"
#include "support/fake_device.h"

static char path[256];

static const char *quorum(const struct fake_trio *t, const char *rest)
{
    (void)snprintf(path, sizeof path, "/v2/mpc/quorums/%s%s", t->quorum, rest);
    return path;
}

static void three_nodes_join_and_the_words_appear(void **state)
{
    struct fake_trio *t = fake_trio_new();
    char body[128];

    (void)state;
    fake_quorum_new(t);
    fake_quorum_state(t, "QUORUM_STATE_CREATED");
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "deviceIds")), 3);
    assert_int_equal(
        json_integer_value(json_object_get(t->w->reply, "requiredSigners")), 2);
    for (int i = 0; i < 3; i++) {
        assert_false(
            fake_cmd(&t->d[i], CS_CMD_QUORUM_COMMITS)); /* not before all did */
        fake_accept(t, i);
        fake_quorum_state(t, "QUORUM_STATE_PENDING");
    }
    fake_ok(t->w, "GET", quorum(t, "/status"), NULL);
    assert_int_equal(
        json_integer_value(json_object_get(t->w->reply, "acceptedMemberCount")), 3);
    for (int i = 0; i < 3; i++) {
        assert_true(fake_cmd(&t->d[i], CS_CMD_QUORUM_COMMITS));
        assert_int_equal(t->d[i].last.u.quorum_commits.n_accepts, 3);
        assert_memory_equal(t->d[i].last.u.quorum_commits.accepts[2].commit,
                            t->commits[2], 32);
        assert_false(fake_cmd(&t->d[i], CS_CMD_QUORUM_FINISH));
        fake_reveal(t, i);
    }
    for (int i = 0; i < 3; i++) {
        assert_true(fake_cmd(&t->d[i], CS_CMD_QUORUM_FINISH));
        assert_memory_equal(t->d[i].last.u.quorum_finish.nonces[1].nonce, t->nonces[1],
                            32);
        fake_quorum_state(t, "QUORUM_STATE_PENDING");
        fake_confirm(t, i, CS_EVT_QUORUM_CONFIRMED);
    }
    fake_quorum_state(t, "QUORUM_STATE_CONFIRMED");
    assert_string_equal(fake_text(t->w, "words"), t->words);
    assert_true(json_is_false(json_object_get(t->w->reply, "operatorVerified")));
    (void)fake_api(t->w, "POST", quorum(t, "/confirm"), "{\"words\":\"wrong-words\"}");
    fake_refused(t->w, 409, "words");
    (void)snprintf(body, sizeof body, "{\"words\":\"%s\"}", t->words);
    fake_ok(t->w, "POST", quorum(t, "/confirm"), body);
    assert_true(json_is_true(json_object_get(t->w->reply, "operatorVerified")));
    assert_int_equal(fake_api(t->w, "DELETE", quorum(t, ""), NULL), 409);
    fake_trio_free(t);
}

static void memberships_and_session_sets_are_listed(void **state)
{
    struct fake_trio *t = fake_trio_new();

    (void)state;
    fake_quorum_joined(t);
    (void)snprintf(path, sizeof path, "/v2/mpc/memberships/%s", t->quorum);
    fake_ok(t->w, "GET", path, NULL);
    assert_int_equal(json_array_size(t->w->reply), 3);
    assert_string_equal(fake_text(t->w, "1.deviceId"), t->d[1].text);
    assert_string_equal(fake_text(t->w, "1.state"), "MEMBERSHIP_STATE_CONFIRMED");
    assert_string_equal(fake_text(t->w, "1.quorumName"), "Treasury");
    (void)snprintf(path, sizeof path, "/v2/mpc/sessions/%s", t->quorum);
    fake_ok(t->w, "GET", path, NULL);
    assert_int_equal(json_array_size(t->w->reply), 1);
    assert_string_equal(fake_text(t->w, "0.type"), "SESSION_SET_TYPE_QUORUM_CREATION");
    assert_string_equal(fake_text(t->w, "0.state"), "SESSION_SET_STATE_COMPLETE");
    (void)snprintf(path, sizeof path, "/v2/mpc/sessions/%s/status",
                   fake_text(t->w, "0.id"));
    fake_ok(t->w, "GET", path, NULL);
    assert_int_equal(json_integer_value(json_object_get(t->w->reply, "acceptedCount")),
                     3);
    fake_ok(t->w, "GET", "/v2/mpc/quorums", NULL);
    assert_int_equal(json_array_size(t->w->reply), 1);
    fake_trio_free(t);
}

static void a_node_can_say_that_an_operator_compared_the_words(void **state)
{
    struct fake_trio *t = fake_trio_new();

    (void)state;
    fake_quorum_joined(t);
    fake_confirm(t, 1, CS_EVT_QUORUM_VERIFIED);
    fake_quorum_get(t);
    assert_true(json_is_true(json_object_get(t->w->reply, "operatorVerified")));
    fake_trio_free(t);
}

/* ---- lies: each ends the quorum and names the member ------------------- */

static void ended(struct fake_trio *t, const char *reason, const char *text)
{
    fake_quorum_state(t, "QUORUM_STATE_REJECTED");
    assert_non_null(strstr(fake_text(t->w, "reasons.0"), reason));
    assert_non_null(strstr(fake_text(t->w, "reasons.0"), text));
    for (int i = 0; i < 3; i++) {
        assert_true(fake_cmd(&t->d[i], CS_CMD_QUORUM_CANCEL));
    }
    fake_trio_free(t);
}

static void accept_with(struct fake_trio *t, int what)
{
    struct cs_ctl_frame f = {.kind = CS_EVT_QUORUM_ACCEPTED};
    struct cs_ctl_quorum_accepted *a = &f.u.quorum_accepted;

    memcpy(a->quorum_id, t->quorum_id, 16);
    memcpy(a->ds_hash, t->ds_hash, 32);
    a->index = 1;
    cs_quorum_join_sign(a->sig, t->d[0].key, t->ds_hash, 1, a->commit);
    if (what == 0) {
        a->ds_hash[0] ^= 1;
    } else if (what == 1) {
        a->sig[0] ^= 1;
    } else {
        a->commit[0] ^= 1; /* signed another one */
    }
    fake_evt(&t->d[0], &f);
}

static void an_acceptance_of_another_set_ends_the_quorum(void **state)
{
    struct fake_trio *t = fake_trio_new();

    (void)state;
    fake_quorum_new(t);
    accept_with(t, 0);
    ended(t, "ID_MISMATCH", "member 1");
}

static void an_acceptance_with_a_wrong_signature_ends_the_quorum(void **state)
{
    (void)state;
    for (int what = 1; what <= 2; what++) {
        struct fake_trio *t = fake_trio_new();

        fake_quorum_new(t);
        accept_with(t, what);
        ended(t, "ID_MISMATCH", "signature does not verify");
    }
}

static void two_different_commitments_end_the_quorum(void **state)
{
    struct fake_trio *t = fake_trio_new();

    (void)state;
    fake_quorum_new(t);
    fake_accept(t, 0);
    fake_accept(t, 0); /* another nonce, so another commitment */
    ended(t, "EQUIVOCATION", "member 1");
}

static void opening_before_all_committed_ends_the_quorum(void **state)
{
    struct fake_trio *t = fake_trio_new();

    (void)state;
    fake_quorum_new(t);
    fake_accept(t, 0);
    fake_reveal(t, 0);
    ended(t, "ID_MISMATCH", "before all committed");
}

static void opening_another_value_ends_the_quorum(void **state)
{
    struct fake_trio *t = fake_trio_new();

    (void)state;
    fake_quorum_new(t);
    for (int i = 0; i < 3; i++) {
        fake_accept(t, i);
    }
    t->nonces[2][5] ^= 1;
    fake_reveal(t, 2);
    ended(t, "ID_MISMATCH", "member 3");
}

static void confirming_other_words_ends_the_quorum(void **state)
{
    struct fake_trio *t = fake_trio_new();

    (void)state;
    fake_quorum_new(t);
    for (int i = 0; i < 3; i++) {
        fake_accept(t, i);
    }
    for (int i = 0; i < 3; i++) {
        fake_reveal(t, i);
    }
    t->nonces[0][0] ^= 1; /* the node saw something else */
    fake_confirm(t, 1, CS_EVT_QUORUM_CONFIRMED);
    ended(t, "ID_MISMATCH", "member 2");
}

static void one_rejection_ends_the_quorum(void **state)
{
    struct fake_trio *t = fake_trio_new();
    struct cs_ctl_frame f = {.kind = CS_EVT_QUORUM_REJECTED};

    (void)state;
    fake_quorum_new(t);
    memcpy(f.u.quorum_rejected.quorum_id, t->quorum_id, 16);
    f.u.quorum_rejected.index = 3;
    (void)snprintf(f.u.quorum_rejected.reason, 32, "DESCRIPTOR");
    memset(f.u.quorum_rejected.text, 'x', 252);
    memcpy(f.u.quorum_rejected.text + 249, "\xc3\xbc\xc3\xbc",
           5); /* long and not ASCII */
    fake_evt(&t->d[2], &f);
    (void)snprintf(path, sizeof path, "/v2/mpc/memberships/%s", t->quorum);
    fake_ok(t->w, "GET", path, NULL);
    assert_string_equal(fake_text(t->w, "0.state"), "MEMBERSHIP_STATE_FAILED");
    assert_string_equal(fake_text(t->w, "2.state"), "MEMBERSHIP_STATE_REJECTED");
    ended(t, "DESCRIPTOR", "member 3");
}

static void repeated_steps_cause_no_commands(void **state)
{
    struct fake_trio *t = fake_trio_new();

    (void)state;
    fake_quorum_new(t);
    for (int i = 0; i < 3; i++) {
        fake_accept(t, i);
    }
    for (int i = 0; i < 3; i++) {
        assert_true(fake_cmd(&t->d[i], CS_CMD_QUORUM_COMMITS));
        fake_reveal(t, i);
    }
    assert_true(fake_cmd(&t->d[1], CS_CMD_QUORUM_FINISH));
    for (int k = 0; k < 5; k++) {
        fake_reveal(t, 0);
    }
    assert_false(fake_cmd(&t->d[1], CS_CMD_QUORUM_FINISH));
    fake_trio_free(t);
}

/* A quorum that is deleted while it is joined is gone for all, and stays so. */
static void a_deleted_quorum_is_gone_and_joins_no_more(void **state)
{
    struct fake_trio *t = fake_trio_new();

    (void)state;
    fake_quorum_new(t);
    fake_accept(t, 0);
    fake_ok(t->w, "DELETE", quorum(t, ""), NULL);
    for (int i = 0; i < 3; i++) {
        assert_true(fake_cmd(&t->d[i], CS_CMD_QUORUM_CANCEL));
    }
    fake_accept(t, 1);
    fake_accept(t, 2);
    for (int i = 0; i < 3; i++) {
        assert_false(fake_cmd(&t->d[i], CS_CMD_QUORUM_COMMITS));
    }
    assert_int_equal(fake_api(t->w, "GET", quorum(t, ""), NULL), 404);
    assert_int_equal(fake_api(t->w, "GET", quorum(t, "/status"), NULL), 404);
    assert_int_equal(fake_api(t->w, "DELETE", quorum(t, ""), NULL), 404);
    (void)snprintf(path, sizeof path, "/v2/devices/%s", t->d[0].text);
    fake_ok(t->w, "DELETE", path, NULL); /* no member of anything any more */
    fake_trio_free(t);
}

static void a_device_speaks_only_for_itself(void **state)
{
    struct fake_trio *t = fake_trio_new();
    struct cs_ctl_frame f = {.kind = CS_EVT_QUORUM_ACCEPTED};
    struct cs_ctl_quorum_accepted *a = &f.u.quorum_accepted;

    (void)state;
    fake_quorum_new(t);
    memcpy(a->quorum_id, t->quorum_id, 16);
    memcpy(a->ds_hash, t->ds_hash, 32);
    a->index = 2;
    cs_quorum_join_sign(a->sig, t->d[1].key, t->ds_hash, 2, a->commit);
    fake_evt(&t->d[0], &f); /* device 1 with the words of device 2 */
    fake_quorum_state(t, "QUORUM_STATE_CREATED");
    a->index = 0;
    fake_evt(&t->d[0], &f);
    a->index = 200;
    fake_evt(&t->d[0], &f);
    fake_quorum_state(t, "QUORUM_STATE_CREATED");
    fake_trio_free(t);
}

static void a_quorum_that_is_not_joined_in_time_fails(void **state)
{
    struct fake_trio *t = fake_trio_new();

    (void)state;
    fake_quorum_new(t);
    fake_accept(t, 0);
    for (int i = 0; i < 3; i++) {
        fake_disconnect(&t->d[i]);
    }
    fake_wait(t->w, 3599000);
    fake_quorum_state(t, "QUORUM_STATE_PENDING");
    fake_wait(t->w, 2000);
    /* An hour has passed: the token too. */
    fake_restart(t->w);
    fake_wait(t->w, 1);
    for (int i = 0; i < 3; i++) {
        fake_connect_ok(&t->d[i]);
        assert_true(fake_cmd(&t->d[i], CS_CMD_QUORUM_CANCEL));
    }
    fake_trio_free(t);
}

/* ---- requests ---------------------------------------------------------- */

static void post(struct fake_trio *t, const char *members, const char *rest, int status,
                 const char *field)
{
    char body[1024];

    (void)snprintf(body, sizeof body, "{\"deviceIds\":%s%s}", members, rest);
    (void)fake_api(t->w, "POST", "/v2/mpc/quorums", body);
    fake_refused(t->w, status, field);
}

static void bad_quorum_requests_name_their_field(void **state)
{
    static const char ok[] =
        ",\"name\":\"Q\",\"requiredSigners\":2,\"quorumType\":\"QUORUM_TYPE_CLOUD\"";
    struct fake_trio *t = fake_trio_new();
    char two[128], twice[128], one[64];

    (void)state;
    (void)snprintf(one, sizeof one, "[\"%s\"]", t->d[0].text);
    (void)snprintf(two, sizeof two, "[\"%s\",\"%s\"]", t->d[0].text, t->d[1].text);
    (void)snprintf(twice, sizeof twice, "[\"%s\",\"%s\"]", t->d[0].text, t->d[0].text);
    post(t, one, ok, 400, "deviceIds");
    post(t, "[\"x\",\"y\"]", ok, 400, "deviceIds");
    post(t, "7", ok, 400, "deviceIds");
    post(t, twice, ok, 400, "deviceIds");
    post(t,
         "[\"00000000-0000-4000-8000-000000000000\","
         "\"00000000-0000-4000-8000-000000000001\"]",
         ok, 404, "deviceIds");
    post(t, two, ",\"requiredSigners\":2,\"quorumType\":\"QUORUM_TYPE_CLOUD\"", 400,
         "name");
    post(t, two, ",\"name\":\"Q\",\"quorumType\":\"QUORUM_TYPE_CLOUD\"", 400,
         "requiredSigners");
    post(t, two,
         ",\"name\":\"Q\",\"requiredSigners\":1,\"quorumType\":\"QUORUM_TYPE_CLOUD\"",
         400, "requiredSigners");
    post(t, two,
         ",\"name\":\"Q\",\"requiredSigners\":3,\"quorumType\":\"QUORUM_TYPE_CLOUD\"",
         400, "requiredSigners");
    post(t, two,
         ",\"name\":\"Q\",\"requiredSigners\":2,\"quorumType\":\"QUORUM_TYPE_MOBILE\"",
         400, "quorumType");
    post(t, two,
         ",\"name\":\"Q\",\"requiredSigners\":2,\"quorumType\":\"QUORUM_TYPE_CLOUD\","
         "\"backupStrategyId\":\"b\"",
         404, "backupStrategyId");
    fake_trio_free(t);
}

static void members_have_to_be_paired(void **state)
{
    struct fake_trio *t = fake_trio_new();

    (void)state;
    (void)snprintf(path, sizeof path, "/v2/devices/%s/enabled-status", t->d[2].text);
    fake_ok(t->w, "PUT", path, "{\"enabledStatus\":\"DISABLED\"}");
    assert_int_equal(fake_quorum_post(t, "Q"), 409);
    fake_refused(t->w, 409, "deviceIds");
    fake_ok(t->w, "PUT", path, "{\"enabledStatus\":\"ENABLED\"}");
    assert_int_equal(fake_quorum_post(t, "Q"), 200);
    fake_trio_free(t);
}

/* Quorums may be made and deleted for ever: memory keeps a bounded number of them. */
static void quorums_that_come_and_go_do_not_stay_in_memory(void **state)
{
    struct fake_trio *t = fake_trio_new();

    (void)state;
    for (int i = 0; i < CS_PC_QSETS_MAX + 100; i++) {
        assert_int_equal(fake_quorum_post(t, "q"), 200);
        (void)snprintf(t->quorum, sizeof t->quorum, "%s", fake_text(t->w, "id"));
        fake_ok(t->w, "DELETE", quorum(t, ""), NULL);
        for (int k = 0; k < 3; k++) {
            assert_true(fake_cmd(&t->d[k], CS_CMD_QUORUM_CANCEL));
            t->d[k].seen = 0;
        }
        fake_clear_sent(t->w);
        fake_wait(t->w, 1);
        if (i % 100 == 0) {
            fake_wait(t->w, 10000);
            for (int k = 0; k < 3; k++) {
                fake_status(&t->d[k], "READY");
            }
        }
        assert_true(t->w->core->qsets.n <= CS_PC_QSETS_MAX + 1);
    }
    fake_trio_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_nodes_join_and_the_words_appear),
        cmocka_unit_test(memberships_and_session_sets_are_listed),
        cmocka_unit_test(a_node_can_say_that_an_operator_compared_the_words),
        cmocka_unit_test(an_acceptance_of_another_set_ends_the_quorum),
        cmocka_unit_test(an_acceptance_with_a_wrong_signature_ends_the_quorum),
        cmocka_unit_test(two_different_commitments_end_the_quorum),
        cmocka_unit_test(opening_before_all_committed_ends_the_quorum),
        cmocka_unit_test(opening_another_value_ends_the_quorum),
        cmocka_unit_test(confirming_other_words_ends_the_quorum),
        cmocka_unit_test(one_rejection_ends_the_quorum),
        cmocka_unit_test(repeated_steps_cause_no_commands),
        cmocka_unit_test(a_deleted_quorum_is_gone_and_joins_no_more),
        cmocka_unit_test(a_device_speaks_only_for_itself),
        cmocka_unit_test(a_quorum_that_is_not_joined_in_time_fails),
        cmocka_unit_test(bad_quorum_requests_name_their_field),
        cmocka_unit_test(members_have_to_be_paired),
        cmocka_unit_test(quorums_that_come_and_go_do_not_stay_in_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
