/* Limits of wallets: amounts, windows, what is reserved and given back. */
#include "platform/core/core.h"
#include "platform/core/duration.h"
#include "support/fake_limits.h"

#define PER_TX "{\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"1.5\"}"
#define TOTAL  "{\"limitType\":\"CONSTANT\",\"symbol\":\"SOL\",\"limitQty\":\"2\"}"
#define WINDOW                                                                         \
    "{\"limitType\":\"ROLLING_DURATION\",\"symbol\":\"SOL\",\"limitQty\":\"2\","       \
    "\"duration\":\"256s\"}"

static const uint64_t sol = 1000000000;

static void a_wallet_without_limits_signs_any_amount(void **state)
{
    struct fake_trio *t = fake_limited();

    (void)state;
    fake_pay_ok(t, 400000000 * sol);
    fake_trio_free(t);
}

static void one_transaction_may_move_exactly_its_limit(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40];

    (void)state;
    fake_limit(t, PER_TX, id);
    for (int i = 0; i < 3; i++) { /* it does not add up */
        fake_pay_ok(t, 1500000000);
    }
    fake_pay_no(t, 1500000001, "POLICY_LIMIT: it moves more than the 1.5 SOL");
    assert_non_null(strstr(t->w->reply_text, id));
    fake_pay_no(t, UINT64_MAX, "POLICY_LIMIT");
    fake_trio_free(t);
}

static void a_limit_of_nothing_lets_nothing_through(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40];

    (void)state;
    fake_limit(t, "{\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"0\"}",
               id);
    fake_pay_no(t, 1, "POLICY_LIMIT");
    fake_pay_ok(t, 0);
    fake_trio_free(t);
}

static void a_total_counts_for_ever(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40];

    (void)state;
    fake_limit(t, TOTAL, id);
    fake_limit_used(t, id, "0");
    fake_pay_ok(t, 1250000000);
    fake_limit_used(t, id, "1.25");
    fake_pay_no(t, 750000001, "in all");
    fake_limit_used(t, id, "1.25"); /* what is refused takes nothing */
    fake_beat(t, 1800000);
    fake_reboot_nodes(t);
    fake_pay_no(t, 750000001, "POLICY_LIMIT");
    fake_pay_ok(t, 750000000);
    fake_limit_used(t, id, "2");
    fake_pay_no(t, 1, "POLICY_LIMIT");
    fake_trio_free(t);
}

static void pay_signed(struct fake_trio *t, uint64_t lamports)
{
    struct fake_tx x;

    fake_tx_new(t, &x, lamports);
    fake_both_done(t, &x, fake_sign_commands(t, &x));
    fake_tx_status(t, &x, "SIGNED");
    cs_wr_free(&x.message);
}

/* Its slots are a 256th of the window, here one second. */
static void a_window_opens_again_when_it_has_passed(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40];

    (void)state;
    fake_limit(t, WINDOW, id);
    assert_string_equal(fake_text(t->w, "duration"), "256s");
    t->w->wall -= t->w->wall % 1000;
    fake_wait(t->w, 0);
    pay_signed(t, sol);
    fake_beat(t, 100000);
    pay_signed(t, sol);
    fake_pay_no(t, 1, "within 256s");
    fake_beat(t, 156000); /* the first is 256 s ago: its slot ends a second later */
    fake_pay_no(t, 1, "POLICY_LIMIT");
    fake_beat(t, 1000);
    fake_limit_used(t, id, "1");
    pay_signed(t, sol);
    fake_pay_no(t, 1, "POLICY_LIMIT");
    fake_beat(t, 300000);
    fake_limit_used(t, id, "0");
    fake_pay_ok(t, 2 * sol);
    fake_trio_free(t);
}

static void a_restart_and_a_clock_set_back_forget_nothing(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40];

    (void)state;
    fake_limit(t, WINDOW, id);
    fake_pay_ok(t, 2 * sol);
    fake_reboot(t);
    fake_pay_no(t, 1, "POLICY_LIMIT");
    t->w->wall -= 3600000;
    fake_reboot(t); /* what it knows is in the future now, and counts */
    fake_pay_no(t, 1, "POLICY_LIMIT");
    t->w->wall += 3600000 - 1000;
    fake_reboot(t);
    fake_pay_no(t, 1, "POLICY_LIMIT");
    fake_trio_free(t);
}

/* In a life the platform's clock does not go back, nor does it jump a window ahead for
 * nothing: it is the wall's, which is what a window is about. */
static void a_clock_set_back_in_a_life_does_not_shorten_a_window(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40];

    (void)state;
    fake_limit(t, WINDOW, id);
    fake_pay_ok(t, 2 * sol);
    t->w->wall -= 3600000;
    fake_wait(t->w, 1000);
    fake_pay_no(t, 1, "POLICY_LIMIT");
    fake_trio_free(t);
}

static void all_limits_that_are_about_it_must_hold(void **state)
{
    struct fake_trio *t = fake_limited();
    char one[40], many[40];

    (void)state;
    fake_limit(t, PER_TX, one);
    fake_limit(t, WINDOW, many);
    fake_pay_no(t, 1600000000, one);
    fake_pay_ok(t, 1500000000);
    fake_pay_no(t, 600000000, many);
    fake_pay_ok(t, 500000000);
    fake_trio_free(t);
}

static void waiting_requests_share_one_window(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40];

    (void)state;
    fake_limit(t, WINDOW, id);
    for (int i = 0; i < 4; i++) { /* none of them is signed yet */
        fake_pay_ok(t, 500000000);
    }
    fake_pay_no(t, 1, "POLICY_LIMIT");
    fake_trio_free(t);
}

/* ---- giving back ------------------------------------------------------------- */

static void nodes_go(struct fake_trio *t)
{
    for (int i = 0; i < 3; i++) {
        fake_disconnect(&t->d[i]);
    }
}

static void what_was_never_offered_is_given_back(void **state)
{
    struct fake_trio *t = fake_limited();
    struct fake_tx x;
    char id[40];

    (void)state;
    fake_limit(t, WINDOW, id);
    nodes_go(t);
    fake_tx_new(t, &x, 2 * sol); /* waits for signers */
    for (int i = 0; i < 29; i++) {
        fake_wait(t->w, 10000);
    }
    fake_tx_status(t, &x, "SIGNATURE_PENDING");
    fake_wait(t->w, 10000);
    fake_tx_status(t, &x, "FAILED");
    fake_limit_used(t, id, "0");
    fake_tx_end(t, &x);
}

/* Waiting requests are not a way to save windows up. */
static void a_request_that_waited_counts_from_when_it_is_offered(void **state)
{
    struct fake_trio *t = fake_limited();
    struct fake_tx x;
    char id[40];

    (void)state;
    fake_limit(t,
               "{\"limitType\":\"ROLLING_DURATION\",\"symbol\":\"SOL\","
               "\"limitQty\":\"2\",\"duration\":\"PT1M\"}",
               id);
    nodes_go(t);
    fake_tx_new(t, &x, sol);
    for (int i = 0; i < 10; i++) {
        fake_wait(t->w, 10000);
    }
    fake_limit_used(t, id, "0"); /* nothing may leave of it yet */
    fake_pay_ok(t, 2 * sol);     /* the next one takes the whole window */
    for (int i = 0; i < 3; i++) {
        fake_connect_ok(&t->d[i]);
        fake_status(&t->d[i], "READY");
    }
    fake_tx_status(t, &x, "FAILED");
    assert_non_null(strstr(t->w->reply_text, "POLICY_LIMIT"));
    fake_limit_used(t, id, "2");
    fake_tx_end(t, &x);
}

/* The same with a total, which forgets nothing by itself. */
static void a_total_gets_back_what_was_never_offered(void **state)
{
    struct fake_trio *t = fake_limited();
    struct fake_tx x;
    char id[40];

    (void)state;
    fake_limit(t, TOTAL, id);
    fake_pay_ok(t, sol / 2); /* offered: stays */
    nodes_go(t);
    fake_tx_new(t, &x, 1500000000);
    fake_limit_used(t, id, "2");
    fake_reboot(t);
    for (int i = 0; i < 31; i++) {
        fake_wait(t->w, 10000);
    }
    fake_tx_status(t, &x, "FAILED");
    fake_limit_used(t, id, "0.5");
    fake_reboot(t);
    fake_limit_used(t, id, "0.5");
    fake_pay_ok(t, 1500000000);
    fake_tx_end(t, &x);
}

static void what_was_offered_counts_whatever_becomes_of_it(void **state)
{
    struct fake_trio *t = fake_limited();
    struct fake_tx x;
    unsigned mask;
    char id[40];

    (void)state;
    fake_limit(t, TOTAL, id);
    fake_tx_new(t, &x, 2 * sol);
    mask = fake_sign_commands(t, &x);
    assert_int_not_equal(mask, 0);
    nodes_go(t);
    for (int i = 0; i < 31; i++) {
        fake_wait(t->w, 10000);
    }
    fake_tx_status(t, &x, "FAILED"); /* yet its nodes may have signed */
    fake_limit_used(t, id, "2");
    fake_pay_no(t, 1, "POLICY_LIMIT");
    fake_tx_end(t, &x);
}

static void what_is_signed_counts_once(void **state)
{
    struct fake_trio *t = fake_limited();
    struct fake_tx x;
    char id[40];

    (void)state;
    fake_limit(t, TOTAL, id);
    fake_tx_new(t, &x, sol);
    fake_both_done(t, &x, fake_sign_commands(t, &x));
    fake_tx_status(t, &x, "SIGNED");
    fake_limit_used(t, id, "1");
    fake_tx_end(t, &x);
}

static void a_second_attempt_counts_once(void **state)
{
    struct fake_trio *t = fake_limited();
    struct fake_tx x;
    unsigned mask;
    char id[40];

    (void)state;
    fake_limit(t, TOTAL, id);
    fake_tx_new(t, &x, sol);
    mask = fake_sign_commands(t, &x);
    fake_failed_send(t, &x, fake_first(mask), "PEER_TIMEOUT", 0, true);
    mask = fake_sign_commands(t, &x);
    assert_int_not_equal(mask, 0);
    fake_limit_used(t, id, "1");
    fake_both_done(t, &x, mask);
    fake_tx_status(t, &x, "SIGNED");
    fake_limit_used(t, id, "1");
    fake_tx_end(t, &x);
}

static void the_same_request_again_counts_once(void **state)
{
    struct fake_trio *t = fake_limited();
    struct fake_tx x;
    char id[40];

    (void)state;
    fake_limit(t, TOTAL, id);
    fake_tx_payload(t, &x, sol);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            fake_raw_post(t, x.hex, "\"signOnly\":true,\"externalId\":\"e\""), 200);
    }
    fake_limit_used(t, id, "1");
    fake_tx_end(t, &x);
}

/* ---- records ------------------------------------------------------------------ */

static void a_limit_is_made_once_and_listed(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40], other[40];

    (void)state;
    fake_limit(t, WINDOW, id);
    assert_string_equal(fake_text(t->w, "walletId"), t->wallet);
    assert_string_equal(fake_text(t->w, "vaultId"), t->vault);
    assert_string_equal(fake_text(t->w, "limitQty"), "2");
    assert_string_equal(fake_text(t->w, "limitType"), "ROLLING_DURATION");
    assert_string_equal(fake_text(t->w, "asset.symbol"), "SOL");
    assert_true(json_is_true(json_object_get(t->w->reply, "active")));
    assert_non_null(json_object_get(t->w->reply, "matchers"));
    fake_limit(t, WINDOW, other);
    assert_string_equal(id, other);
    fake_limit(t, TOTAL, other);
    assert_string_not_equal(id, other);
    fake_ok(t->w, "GET", fake_limits_path(t, ""), NULL);
    assert_string_equal(fake_text(t->w, "walletLimits.1.id"), other);
    fake_ok(t->w, "GET", "/v2/policy-rules/limits?pageSize=1", NULL);
    assert_string_equal(fake_text(t->w, "walletLimits.0.id"), id);
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(t->w->reply, "filter"), "total")),
                     2);
    assert_null(strstr(t->w->reply_text, "\"_"));
    fake_trio_free(t);
}

static void a_deleted_limit_holds_no_more_and_forgets(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40], rest[64];

    (void)state;
    fake_limit(t, TOTAL, id);
    fake_pay_ok(t, 2 * sol);
    fake_limit_delete(t, id);
    fake_pay_ok(t, 3 * sol);
    (void)snprintf(rest, sizeof rest, "/%s", id);
    assert_int_equal(fake_api(t->w, "GET", fake_limits_path(t, rest), NULL), 404);
    assert_int_equal(fake_api(t->w, "DELETE", fake_limits_path(t, rest), NULL), 404);
    fake_ok(t->w, "GET", "/v2/policy-rules/limits", NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "walletLimits")), 0);
    fake_limit(t, TOTAL, id);
    fake_limit_used(t, id, "0");
    fake_trio_free(t);
}

static void a_limit_is_found_only_under_its_wallet(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40], wallet[40], rest[64];

    (void)state;
    fake_limit(t, TOTAL, id);
    (void)snprintf(rest, sizeof rest, "/%s", id);
    (void)snprintf(wallet, sizeof wallet, "%s", t->wallet);
    fake_wallet_new(t);
    assert_string_not_equal(wallet, t->wallet);
    assert_int_equal(fake_api(t->w, "GET", fake_limits_path(t, rest), NULL), 404);
    assert_int_equal(fake_api(t->w, "DELETE", fake_limits_path(t, rest), NULL), 404);
    fake_ok(t->w, "GET", fake_limits_path(t, ""), NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "walletLimits")), 0);
    fake_trio_free(t);
}

static void bad_limits_name_their_field(void **state)
{
    static const char *const bad[][2] = {
        {"\"limitType\":\"DAILY\",\"symbol\":\"SOL\",\"limitQty\":\"1\"", "limitType"},
        {"\"symbol\":\"SOL\",\"limitQty\":\"1\"", "limitType"},
        {"\"limitType\":\"PER_TX\",\"limitQty\":\"1\"", "symbol"},
        {"\"limitType\":\"PER_TX\",\"symbol\":\"ETH\",\"limitQty\":\"1\"", "symbol"},
        {"\"limitType\":\"PER_TX\",\"symbol\":\"SOL\"", "limitQty"},
        {"\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"-1\"", "limitQty"},
        {"\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"1e3\"",
         "limitQty"},
        {"\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"1.0000000001\"",
         "limitQty"},
        {"\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\".5\"", "limitQty"},
        {"\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":5", "limitQty"},
        {"\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"1\",\"duration\":"
         "\"60s\"",
         "duration"},
        {"\"limitType\":\"ROLLING_DURATION\",\"symbol\":\"SOL\",\"limitQty\":\"1\"",
         "duration"},
        {"\"limitType\":\"ROLLING_DURATION\",\"symbol\":\"SOL\",\"limitQty\":\"1\","
         "\"duration\":\"0s\"",
         "duration"},
        {"\"limitType\":\"ROLLING_DURATION\",\"symbol\":\"SOL\",\"limitQty\":\"1\","
         "\"duration\":\"1 day\"",
         "duration"},
        {"\"limitType\":\"ROLLING_DURATION\",\"symbol\":\"SOL\",\"limitQty\":\"1\","
         "\"duration\":\"P400D\"",
         "duration"},
        {"\"limitType\":\"PER_TX\",\"symbol\":\"X\",\"limitQty\":\"1\",\"contract\":"
         "\"nonsense\"",
         "contract"},
        {"\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"1\",\"decimals\":"
         "6",
         "decimals"},
        {"\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"1\","
         "\"feeQtyLimit\":\"x\"",
         "feeQtyLimit"},
        {"\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"1\",\"matchers\":"
         "{}",
         "matchers"},
    };
    struct fake_trio *t = fake_limited();
    char body[512];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        (void)snprintf(body, sizeof body, "{%s}", bad[i][0]);
        (void)fake_limit_try(t, body);
        fake_refused(t->w, 400, bad[i][1]);
    }
    fake_ok(t->w, "GET", "/v2/policy-rules/limits", NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "walletLimits")), 0);
    fake_trio_free(t);
}

static void a_wallet_has_a_bounded_number_of_limits(void **state)
{
    struct fake_trio *t = fake_limited();
    char body[160], id[40] = "";

    (void)state;
    for (int i = 0; i < 32; i++) {
        (void)snprintf(body, sizeof body,
                       "{\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":"
                       "\"%d\"}",
                       i + 1);
        fake_limit(t, body, id);
    }
    assert_int_equal(fake_limit_try(t, TOTAL), 429);
    fake_pay_no(t, sol + 1, "POLICY_LIMIT"); /* all of them are looked at */
    fake_limit_delete(t, id);
    assert_int_equal(fake_limit_try(t, TOTAL), 200);
    fake_trio_free(t);
}

static void the_fee_has_a_limit_of_its_own(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40];

    (void)state;
    fake_limit(t,
               "{\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"9\","
               "\"feeQtyLimit\":\"0.000005\"}",
               id);
    fake_pay_ok(t, sol);
    fake_limit_delete(t, id);
    fake_limit(t,
               "{\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"9\","
               "\"feeQtyLimit\":\"0.000004\"}",
               id);
    fake_pay_no(t, sol, "POLICY_LIMIT: the fee is 0.000005");
    fake_trio_free(t);
}

static void durations_are_seconds_or_iso_8601(void **state)
{
    static const struct {
        const char *text;
        uint64_t s;
        bool ok;
    } rows[] = {
        {"86400s", 86400, true},
        {"1s", 1, true},
        {"P1D", 86400, true},
        {"PT1H", 3600, true},
        {"PT1H30M5S", 5405, true},
        {"P1DT12H", 129600, true},
        {"P2W", 1209600, true},
        {"PT90S", 90, true},
        {"", 0, false},
        {"s", 0, false},
        {"86400", 0, false},
        {"1.5s", 0, false},
        {"-1s", 0, false},
        {"P", 0, false},
        {"PT", 0, false},
        {"P1DT", 0, false},
        {"P1M", 0, false},
        {"P1Y", 0, false},
        {"PT1M1H", 0, false},
        {"PT1H1H", 0, false},
        {"P1H", 0, false},
        {"P1W1D", 0, false},
        {"PT1H ", 0, false},
        {"1s1", 0, false},
        {"99999999999s", 0, false},
        {"P99999999999999999999D", 0, false},
    };
    uint64_t s;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        if (cs_duration_parse(&s, rows[i].text) != rows[i].ok ||
            (rows[i].ok && s != rows[i].s)) {
            fail_msg("%s: %d, %d", rows[i].text, rows[i].ok, (int)s);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wallet_without_limits_signs_any_amount),
        cmocka_unit_test(one_transaction_may_move_exactly_its_limit),
        cmocka_unit_test(a_limit_of_nothing_lets_nothing_through),
        cmocka_unit_test(a_total_counts_for_ever),
        cmocka_unit_test(a_window_opens_again_when_it_has_passed),
        cmocka_unit_test(a_restart_and_a_clock_set_back_forget_nothing),
        cmocka_unit_test(a_clock_set_back_in_a_life_does_not_shorten_a_window),
        cmocka_unit_test(all_limits_that_are_about_it_must_hold),
        cmocka_unit_test(waiting_requests_share_one_window),
        cmocka_unit_test(what_was_never_offered_is_given_back),
        cmocka_unit_test(a_request_that_waited_counts_from_when_it_is_offered),
        cmocka_unit_test(a_total_gets_back_what_was_never_offered),
        cmocka_unit_test(what_was_offered_counts_whatever_becomes_of_it),
        cmocka_unit_test(what_is_signed_counts_once),
        cmocka_unit_test(a_second_attempt_counts_once),
        cmocka_unit_test(the_same_request_again_counts_once),
        cmocka_unit_test(a_limit_is_made_once_and_listed),
        cmocka_unit_test(a_deleted_limit_holds_no_more_and_forgets),
        cmocka_unit_test(a_limit_is_found_only_under_its_wallet),
        cmocka_unit_test(bad_limits_name_their_field),
        cmocka_unit_test(a_wallet_has_a_bounded_number_of_limits),
        cmocka_unit_test(the_fee_has_a_limit_of_its_own),
        cmocka_unit_test(durations_are_seconds_or_iso_8601),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
