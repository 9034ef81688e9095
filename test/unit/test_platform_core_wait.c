/* ?wait=: answers that are held back until a record is final. */
#include "platform/core/wait.h"
#include "support/fake_approvals.h"
#include "support/fake_many.h"

/* Posts a transfer with ?wait=s; 0: the answer is held back. */
static int post_waiting(struct fake_trio *t, struct fake_tx *x, const char *wait)
{
    char route[64];

    fake_tx_payload(t, x, 7);
    (void)snprintf(route, sizeof route, "/raw?wait=%s", wait);
    return fake_api_wait(t->w, "POST", fake_tx_path(t, route),
                         fake_payload_body("/raw", cs_wr_get(&x->message), ""), true);
}

static int get_waiting(struct fake_trio *t, const struct fake_tx *x, const char *wait)
{
    char rest[96];

    (void)snprintf(rest, sizeof rest, "/%s?wait=%s", x->id, wait);
    return fake_api_wait(t->w, "GET", fake_tx_path(t, rest), NULL, true);
}

/* The request that the devices were asked to sign: its id is not known otherwise. */
static unsigned take(struct fake_trio *t, struct fake_tx *x)
{
    for (int i = 0; i < 3; i++) {
        size_t seen = t->d[i].seen;

        if (fake_cmd(&t->d[i], CS_CMD_SIGN)) {
            memcpy(x->raw_id, t->d[i].last.u.sign.request_id, 16);
            (void)cs_uuid_text(x->id, x->raw_id);
            t->d[i].seen = seen;
            return fake_sign_commands(t, x);
        }
    }
    return 0;
}

static void one_call_gives_the_signed_transaction(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask;

    (void)state;
    assert_int_equal(post_waiting(t, &x, "30"), 0);
    mask = take(t, &x);
    assert_int_not_equal(mask, 0);
    assert_int_equal(t->w->status, 0);
    fake_both_done(t, &x, mask);
    assert_int_equal(t->w->status, 200);
    assert_int_equal(t->w->held_answers, 1);
    assert_string_equal(fake_text(t->w, "id"), x.id);
    assert_string_equal(fake_text(t->w, "status"), "SIGNED");
    assert_string_not_equal(fake_text(t->w, "signedTransaction"), "");
    assert_int_equal(t->w->core->n_waits, 0);
    fake_tx_end(t, &x);
}

static void all_who_wait_for_it_get_the_answer(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask;

    (void)state;
    fake_tx_new(t, &x, 7);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(get_waiting(t, &x, "30"), 0);
    }
    t->w->late_ids = true; /* of the two before the last, too */
    mask = fake_sign_commands(t, &x);
    fake_both_done(t, &x, mask);
    assert_int_equal(t->w->held_answers, 3);
    assert_int_equal(t->w->core->n_waits, 0);
    assert_string_equal(fake_text(t->w, "status"), "SIGNED");
    fake_tx_end(t, &x);
}

static void at_the_end_of_its_time_the_present_state_is_shown(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;

    (void)state;
    assert_int_equal(post_waiting(t, &x, "2"), 0);
    fake_wait(t->w, 1999);
    assert_int_equal(t->w->status, 0);
    fake_wait(t->w, 1);
    assert_int_equal(t->w->status, 200);
    assert_string_equal(fake_text(t->w, "status"), "SIGNATURE_PENDING");
    fake_tx_end(t, &x);
}

static void a_failure_ends_the_wait(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask;

    (void)state;
    assert_int_equal(post_waiting(t, &x, "30"), 0);
    mask = take(t, &x);
    fake_failed_send(t, &x, fake_first(mask), "POLICY_REFUSED", 0, false);
    mask = fake_sign_commands(t, &x);
    assert_int_equal(t->w->status, 0);
    fake_failed_send(t, &x, fake_first(mask), "POLICY_REFUSED", 0, false);
    fake_wait(t->w, 1000);
    assert_int_equal(t->w->status, 200);
    assert_string_equal(fake_text(t->w, "status"), "FAILED");
    fake_tx_end(t, &x);
}

static void reading_waits_too_and_a_final_state_does_not(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask;

    (void)state;
    fake_tx_new(t, &x, 7);
    assert_int_equal(get_waiting(t, &x, "5"), 0);
    mask = fake_sign_commands(t, &x);
    fake_both_done(t, &x, mask);
    assert_int_equal(t->w->status, 200);
    assert_string_equal(fake_text(t->w, "status"), "SIGNED");
    assert_int_equal(get_waiting(t, &x, "5"), 200);
    assert_int_equal(t->w->core->n_waits, 0);
    fake_tx_end(t, &x);
}

static void a_wallet_is_waited_for(void **state)
{
    struct fake_trio *t = fake_trio_new();
    char path[128], body[256];

    (void)state;
    fake_quorum_joined(t);
    fake_vault_new(t);
    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets?wait=30", t->vault);
    (void)snprintf(body, sizeof body,
                   "{\"name\":\"Key\",\"quorumId\":\"%s\",\"blockchain\":\"ETHEREUM\","
                   "\"keystore\":\"MPC\"}",
                   t->quorum);
    assert_int_equal(fake_api_wait(t->w, "POST", path, body, true), 0);
    assert_int_equal(t->w->core->n_waits, 1);
    fake_wait(t->w, 30000);
    assert_int_equal(t->w->status, 200);
    assert_string_equal(fake_text(t->w, "status"), "PROVISIONING");
    (void)snprintf(t->wallet, sizeof t->wallet, "%s", fake_text(t->w, "id"));
    (void)snprintf(path, sizeof path, "/v2/wallets/%s?wait=30", t->wallet);
    assert_int_equal(fake_api_wait(t->w, "GET", path, NULL, true), 0);
    fake_provision(t);
    assert_int_equal(t->w->held_answers, 2);
    assert_int_equal(t->w->core->n_waits, 0);
    assert_int_equal(fake_api_wait(t->w, "GET", path, NULL, true), 200);
    assert_string_equal(fake_text(t->w, "status"), "PROVISIONED");
    fake_trio_free(t);
}

static void the_wait_is_a_number_from_0_to_30(void **state)
{
    static const char *const bad[] = {
        "31", "-1", "x", "1.5", "99999999999999999999", "1&wait=2"};
    struct fake_trio *t = fake_signers();
    struct fake_tx x;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        (void)post_waiting(t, &x, bad[i]);
        fake_refused(t->w, 400, "wait");
        cs_wr_free(&x.message);
    }
    assert_int_equal(take(t, &x), 0); /* nothing was made */
    assert_int_equal(post_waiting(t, &x, "0"), 200);
    assert_string_equal(fake_text(t->w, "status"), "SIGNATURE_PENDING");
    fake_tx_end(t, &x);
}

/* The one too many is answered at once: its request has been made by then. */
static void the_number_of_waiters_is_bounded(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;

    (void)state;
    fake_tx_new(t, &x, 7);
    for (int i = 0; i < CS_PC_WAITS_ONE; i++) {
        assert_int_equal(get_waiting(t, &x, "30"), 0);
    }
    assert_int_equal(get_waiting(t, &x, "30"), 200);
    assert_string_equal(fake_text(t->w, "status"), "SIGNATURE_PENDING");
    assert_int_equal(t->w->core->n_waits, CS_PC_WAITS_ONE);
    for (size_t i = 0; i < CS_PC_WAITS_ONE; i++) { /* as if of other credentials */
        t->w->core->waits[i].actor[0] = '\0';
    }
    for (int i = CS_PC_WAITS_ONE; i < CS_PC_WAITS_MAX; i++) {
        assert_int_equal(get_waiting(t, &x, "30"), 0);
        t->w->core->waits[i].actor[0] = '\0';
    }
    assert_int_equal(get_waiting(t, &x, "30"), 200);
    assert_int_equal(t->w->core->n_waits, CS_PC_WAITS_MAX);
    fake_tx_end(t, &x);
}

/* Views cost time: those of a few records in one step, each made once. */
static void many_whose_time_is_over_are_answered_bit_by_bit(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x[6];
    size_t left;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(x); i++) {
        fake_tx_new(t, &x[i], i + 1);
        for (int k = 0; k < 3; k++) {
            assert_int_equal(get_waiting(t, &x[i], k == 0 ? "30" : "5"), 0);
        }
    }
    t->w->late_ids = true;
    t->w->now += 5000;
    t->w->wall += 5000;
    for (left = 12; left > 0; left -= left < 8 ? left : 8) {
        assert_int_equal(t->w->core->n_waits, 6 + left);
        fake_event(t->w, (struct cs_event){.type = CS_EV_TIME});
    }
    assert_int_equal(t->w->core->n_waits, 6); /* those with more time */
    assert_int_equal(t->w->held_answers, 12);
    for (size_t i = 0; i < CS_COUNTOF(x); i++) {
        cs_wr_free(&x[i].message);
    }
    fake_trio_free(t);
}

static void stopping_answers_who_waits(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;

    (void)state;
    assert_int_equal(post_waiting(t, &x, "30"), 0);
    fake_event(t->w, (struct cs_event){.type = CS_EV_STOP});
    assert_int_equal(t->w->status, 200);
    assert_string_equal(fake_text(t->w, "status"), "SIGNATURE_PENDING");
    assert_true(t->w->exited);
    fake_tx_end(t, &x);
}

/* As a credential of these permissions, whose id comes back; w->token is its own. */
static void be(struct fake_trio *t, const char *permissions, char id[40])
{
    char client[40], secret[80];

    assert_int_equal(fake_credential_new(t->w, permissions, ""), 200);
    (void)snprintf(id, 40, "%s", fake_text(t->w, "id"));
    (void)snprintf(client, sizeof client, "%s", fake_text(t->w, "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(t->w, "clientSecret"));
    fake_login(t->w, client, secret);
}

/* Half a minute is long: who asks is looked for again when the answer goes out. */
static void a_credential_that_was_switched_off_meanwhile_gets_401(void **state)
{
    struct fake_trio *t = fake_signers();
    char root[80], id[40], path[96];
    struct fake_tx x;
    unsigned mask;

    (void)state;
    (void)snprintf(root, sizeof root, "%s", t->w->token);
    fake_tx_new(t, &x, 7);
    be(t, "\"transactions.read\"", id);
    assert_int_equal(get_waiting(t, &x, "30"), 0);
    (void)snprintf(t->w->token, sizeof t->w->token, "%s", root);
    (void)snprintf(path, sizeof path, "/v2/credentials/%s/active", id);
    fake_ok(t->w, "PUT", path, "{\"active\":false}");
    mask = fake_sign_commands(t, &x);
    fake_both_done(t, &x, mask);
    assert_int_equal(t->w->held_answers, 1);
    fake_refused(t->w, 401, "Authorization");
    assert_null(strstr(t->w->reply_text, x.id));
    assert_int_equal(t->w->core->n_waits, 0);
    fake_tx_end(t, &x);
}

static void a_token_that_has_ended_meanwhile_gets_401(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;

    (void)state;
    fake_tx_new(t, &x, 7);
    assert_int_equal(get_waiting(t, &x, "30"), 0);
    t->w->now += 3600 * 1000; /* the machine slept, say */
    t->w->wall += 3600 * 1000;
    fake_event(t->w, (struct cs_event){.type = CS_EV_TIME});
    assert_int_equal(t->w->held_answers, 1);
    fake_refused(t->w, 401, "Authorization");
    fake_tx_end(t, &x);
}

static void a_permission_that_was_taken_meanwhile_gets_403(void **state)
{
    struct fake_trio *t = fake_signers();
    char root[80], id[40], path[96];
    struct fake_tx x;

    (void)state;
    (void)snprintf(root, sizeof root, "%s", t->w->token);
    fake_tx_new(t, &x, 7);
    be(t, "\"transactions.read\",\"vaults.read\"", id);
    assert_int_equal(get_waiting(t, &x, "5"), 0);
    (void)snprintf(t->w->token, sizeof t->w->token, "%s", root);
    (void)snprintf(path, sizeof path, "/v2/credentials/%s/permissions", id);
    fake_ok(t->w, "PUT", path, "{\"permissions\":[\"vaults.read\"]}");
    fake_wait(t->w, 5000);
    assert_int_equal(t->w->held_answers, 1);
    fake_refused(t->w, 403, "permissions");
    fake_tx_end(t, &x);
}

/* Blocked: his sessions end, and what he waits for does not come.  Who is still there
 * gets it all the same. */
static void a_user_who_was_blocked_meanwhile_gets_401(void **state)
{
    struct fake_board b;
    struct person *const who[] = {&b.ann, &b.bob};
    char path[96];
    struct fake_tx x;

    (void)state;
    board_signers(&b);
    fake_tx_new(b.t, &x, 7);
    for (size_t i = 0; i < 2; i++) {
        struct fake_http h = people_request(who[i], "GET", NULL, NULL);

        (void)snprintf(path, sizeof path, "/%s", x.id);
        h.path = fake_tx_path(b.t, path);
        h.query = i == 0 ? "wait=2" : "wait=4";
        h.may_wait = true;
        assert_int_equal(fake_http(b.t->w, h), 0);
    }
    b.t->w->late_ids = true;
    (void)snprintf(path, sizeof path, "/v2/users/%s/status", b.ann.id);
    fake_ok(b.t->w, "PUT", path, "{\"status\":\"BLOCKED\"}");
    fake_wait(b.t->w, 2000);
    assert_int_equal(b.t->w->held_answers, 1);
    fake_refused(b.t->w, 401, "Cookie");
    fake_wait(b.t->w, 2000);
    assert_int_equal(b.t->w->held_answers, 2);
    assert_int_equal(b.t->w->status, 200);
    assert_string_equal(fake_text(b.t->w, "id"), x.id);
    cs_wr_free(&x.message);
    board_free(&b);
}

/* The answer that is kept for an Idempotency-Key is the first state; a repeat of it
 * does not make a second request. */
static void a_repeat_with_an_idempotency_key_makes_nothing_new(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_http h = {.method = "POST",
                          .query = "wait=30",
                          .authorization = t->w->token,
                          .key = "k",
                          .may_wait = true};
    char path[256];
    struct fake_tx x;
    unsigned mask;

    (void)state;
    fake_tx_payload(t, &x, 7);
    (void)snprintf(path, sizeof path, "%s", fake_tx_path(t, "/raw"));
    h.path = path;
    h.body = fake_payload_body("/raw", cs_wr_get(&x.message), "");
    assert_int_equal(fake_http(t->w, h), 0);
    mask = take(t, &x);
    fake_both_done(t, &x, mask);
    assert_int_equal(t->w->status, 200);
    assert_string_equal(fake_text(t->w, "status"), "SIGNED");
    assert_int_equal(fake_http(t->w, h), 200);
    assert_string_equal(fake_text(t->w, "id"), x.id);
    fake_ok(t->w, "GET", fake_tx_path(t, ""), NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "transactions")), 1);
    fake_tx_end(t, &x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_call_gives_the_signed_transaction),
        cmocka_unit_test(all_who_wait_for_it_get_the_answer),
        cmocka_unit_test(at_the_end_of_its_time_the_present_state_is_shown),
        cmocka_unit_test(a_failure_ends_the_wait),
        cmocka_unit_test(reading_waits_too_and_a_final_state_does_not),
        cmocka_unit_test(a_wallet_is_waited_for),
        cmocka_unit_test(the_wait_is_a_number_from_0_to_30),
        cmocka_unit_test(the_number_of_waiters_is_bounded),
        cmocka_unit_test(many_whose_time_is_over_are_answered_bit_by_bit),
        cmocka_unit_test(stopping_answers_who_waits),
        cmocka_unit_test(a_credential_that_was_switched_off_meanwhile_gets_401),
        cmocka_unit_test(a_token_that_has_ended_meanwhile_gets_401),
        cmocka_unit_test(a_permission_that_was_taken_meanwhile_gets_403),
        cmocka_unit_test(a_user_who_was_blocked_meanwhile_gets_401),
        cmocka_unit_test(a_repeat_with_an_idempotency_key_makes_nothing_new),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
