/* Limits, the address book and the allow list where approvers have a word; and what a
 * request holds of a window while it waits for them. */
#include "platform/core/session.h"
#include "support/fake_approvals.h"
#include "support/fake_limits.h"

#define LIMIT "{\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"1\"}"
#define TOTAL "{\"limitType\":\"CONSTANT\",\"symbol\":\"SOL\",\"limitQty\":\"2\"}"

static const uint64_t sol = 1000000000;
static struct fake_board b;

static int begin(void **state)
{
    (void)state;
    board_signers(&b);
    return 0;
}

static int end(void **state)
{
    (void)state;
    board_free(&b);
    return 0;
}

static void limit_is(const char *id, const char *status, bool active)
{
    fake_limit_get(b.t, id);
    if (strcmp(fake_text(b.t->w, "status"), status) != 0 ||
        json_is_true(json_object_get(b.t->w->reply, "active")) != active) {
        fail_msg("limit: want %s, got %s", status, b.t->w->reply_text);
    }
}

/* Asks for a limit; it waits. */
static void ask_limit(const char *body, char id[40])
{
    assert_int_equal(fake_limit_try(b.t, body), 200);
    board_take(&b);
    (void)snprintf(id, 40, "%s", fake_text(b.t->w, "id"));
    limit_is(id, "LIMIT_CREATION_APPROVAL_PENDING", false);
}

static void a_limit_holds_once_it_is_approved(void **state)
{
    char id[40];

    (void)state;
    board_group(&b, "POLICY", 2, &b.ann, &b.bob);
    ask_limit(LIMIT, id);
    fake_pay_ok(b.t, 5 * sol);
    board_yes(&b, &b.ann);
    limit_is(id, "LIMIT_CREATION_APPROVAL_PENDING", false);
    board_yes(&b, &b.bob);
    limit_is(id, "LIMIT_ENABLED", true);
    board_alive(&b);
    fake_pay_no(b.t, 5 * sol, "POLICY_LIMIT");
}

static void a_rejected_limit_never_holds(void **state)
{
    char id[40], again[40];

    (void)state;
    board_group(&b, "POLICY", 1, &b.ann, NULL);
    ask_limit(LIMIT, id);
    board_no(&b, &b.ann);
    limit_is(id, "LIMIT_REJECTED", false);
    board_alive(&b);
    fake_pay_ok(b.t, 5 * sol);
    ask_limit(LIMIT, again); /* it may be asked for anew */
    assert_string_not_equal(id, again);
    fake_limit_delete(b.t, id);
    fake_limit_delete(b.t, again); /* and taken back while it waits */
    board_set_is(&b, "FAILED");
    fake_pay_ok(b.t, 5 * sol);
}

static void a_limit_to_be_deleted_holds_until_that_is_approved(void **state)
{
    char id[40], rest[64];

    (void)state;
    fake_limit(b.t, LIMIT, id);
    board_group(&b, "POLICY", 1, &b.ann, NULL);
    fake_limit_delete(b.t, id);
    limit_is(id, "LIMIT_DELETION_APPROVAL_PENDING", true);
    board_take(&b);
    board_alive(&b);
    fake_pay_no(b.t, 5 * sol, "POLICY_LIMIT");
    (void)snprintf(rest, sizeof rest, "/%s", id);
    assert_int_equal(fake_api(b.t->w, "DELETE", fake_limits_path(b.t, rest), NULL),
                     409);
    board_no(&b, &b.ann);
    limit_is(id, "LIMIT_ENABLED", true);
    fake_limit_delete(b.t, id);
    limit_is(id, "LIMIT_DELETION_APPROVAL_PENDING", true);
    board_take(&b);
    board_yes(&b, &b.ann);
    assert_int_equal(fake_api(b.t->w, "GET", fake_limits_path(b.t, rest), NULL), 404);
    board_alive(&b);
    fake_pay_ok(b.t, 5 * sol);
}

/* ---- the allow list and the book ------------------------------------------------ */

static const char *settings_path(void)
{
    static char path[160];

    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/settings", b.t->vault,
                   b.t->wallet);
    return path;
}

static const char *settings(const char *word)
{
    static char body[256];

    (void)snprintf(body, sizeof body,
                   "{\"settings\":{\"enabled\":true,\"rawSigningEnabled\":true,"
                   "\"sweepingEnabled\":false,\"defaultFreezeEnabled\":false,"
                   "\"allowListEnabled\":%s}}",
                   word);
    return body;
}

static void allow_list(const char *word)
{
    fake_ok(b.t->w, "PUT", settings_path(), settings(word));
}

static bool list_is_on(void)
{
    fake_wallet_get(b.t);
    return json_is_true(json_object_get(json_object_get(b.t->w->reply, "settings"),
                                        "allowListEnabled"));
}

static void an_allow_list_goes_off_only_with_approval(void **state)
{
    (void)state;
    board_group(&b, "POLICY", 1, &b.ann, NULL);
    allow_list("true"); /* on at once */
    assert_true(list_is_on());
    allow_list("false");
    board_take(&b);
    assert_true(list_is_on());
    board_no(&b, &b.ann);
    assert_true(list_is_on());
    allow_list("false");
    board_take(&b);
    board_yes(&b, &b.ann);
    assert_false(list_is_on());
}

/* Settings alone need none, but this one is policies.manage. */
static void a_user_needs_a_new_code_to_switch_an_allow_list(void **state)
{
    struct fake_platform *w = b.t->w;

    (void)state;
    allow_list("true");
    fake_beat(b.t, CS_SESSION_STEP_UP_S * 1000);
    for (int i = 0; i < 2; i++) {
        const char *on = settings(i == 0 ? "true" : "false");

        assert_int_equal(people_call(w, &b.olga, "PUT", settings_path(), on), 200);
        on = settings(i == 0 ? "false" : "true");
        assert_int_equal(people_call(w, &b.olga, "PUT", settings_path(), on), 403);
        assert_string_equal(fake_text(w, "details.0.field"), "stepUp");
        assert_int_equal(list_is_on(), i == 0);
        allow_list("false"); /* a program has no authenticator */
        assert_false(list_is_on());
    }
    board_ok(&b, &b.olga, "PUT", settings_path(), settings("true"));
    assert_true(list_is_on());
}

/* raw, blind, freeze */
static int set_to(struct person *p, bool raw, bool blind, bool freeze)
{
    char body[256];

    (void)snprintf(body, sizeof body,
                   "{\"settings\":{\"enabled\":true,\"rawSigningEnabled\":%s,"
                   "\"sweepingEnabled\":false,\"defaultFreezeEnabled\":%s,"
                   "\"blindSigningEnabled\":%s}}",
                   raw ? "true" : "false", freeze ? "true" : "false",
                   blind ? "true" : "false");
    return p == NULL ? fake_api(b.t->w, "PUT", settings_path(), body)
                     : people_call(b.t->w, p, "PUT", settings_path(), body);
}

static void a_user_needs_a_new_code_to_let_a_key_sign_more(void **state)
{
    (void)state;
    assert_int_equal(set_to(NULL, false, false, true), 200); /* a program needs none */
    fake_beat(b.t, CS_SESSION_STEP_UP_S * 1000);
    assert_int_equal(set_to(&b.olga, false, false, true), 200); /* nothing more */
    assert_int_equal(set_to(&b.olga, true, false, true), 403);
    assert_string_equal(fake_text(b.t->w, "details.0.field"), "stepUp");
    assert_int_equal(set_to(&b.olga, false, true, true), 403);
    assert_string_equal(fake_text(b.t->w, "details.0.field"), "stepUp");
    assert_int_equal(set_to(&b.olga, false, false, false), 403);
    assert_string_equal(fake_text(b.t->w, "details.0.field"), "stepUp");
    assert_int_equal(people_step_up(b.t->w, &b.olga), 200);
    assert_int_equal(set_to(&b.olga, true, false, true), 200);
    fake_beat(b.t, CS_SESSION_STEP_UP_S * 1000);
    assert_int_equal(set_to(&b.olga, true, false, true), 200);  /* as it is */
    assert_int_equal(set_to(&b.olga, false, false, true), 200); /* less */
}

static int enable(struct person *p, bool yes)
{
    char path[128];

    (void)snprintf(path, sizeof path, "/v2/devices/%s/enabled-status", b.t->d[2].text);
    return people_call(b.t->w, p, "PUT", path,
                       yes ? "{\"enabledStatus\":\"ENABLED\"}"
                           : "{\"enabledStatus\":\"DISABLED\"}");
}

/* Off is the emergency brake; on gives back what somebody took away. */
static void a_user_needs_a_new_code_to_enable_a_device(void **state)
{
    (void)state;
    fake_beat(b.t, CS_SESSION_STEP_UP_S * 1000);
    assert_int_equal(enable(&b.olga, true), 200); /* as it is */
    assert_int_equal(enable(&b.olga, false), 200);
    assert_int_equal(enable(&b.olga, true), 403);
    assert_string_equal(fake_text(b.t->w, "details.0.field"), "stepUp");
    assert_int_equal(people_step_up(b.t->w, &b.olga), 200);
    assert_int_equal(enable(&b.olga, true), 200);
    assert_string_equal(fake_text(b.t->w, "enabledStatus"), "ENABLED");
}

static char party[40], address[40];

static void ask_address(void)
{
    char path[120], body[512], to[64];

    fake_pay(b.t, 1);
    (void)snprintf(to, sizeof to, "%s", fake_text(b.t->w, "destinationAddress"));
    fake_ok(b.t->w, "POST", "/v2/counterparties",
            "{\"name\":\"p\",\"details\":{\"type\":\"DAPP\"}}");
    (void)snprintf(party, sizeof party, "%s", fake_text(b.t->w, "id"));
    (void)snprintf(path, sizeof path, "/v2/counterparties/%s/addresses", party);
    (void)snprintf(
        body, sizeof body,
        "{\"termsAndConditionsAccepted\":true,\"details\":{\"type\":"
        "\"EXTERNAL\",\"externalAddress\":{\"address\":\"%s\",\"name\":\"a\","
        "\"blockchains\":[\"SOLANA\"]}}}",
        to);
    fake_ok(b.t->w, "POST", path, body);
    (void)snprintf(address, sizeof address, "%s", fake_text(b.t->w, "addressId"));
    board_take(&b);
}

static void address_call(const char *method, int status)
{
    char path[160];

    (void)snprintf(path, sizeof path, "/v2/counterparties/%s/addresses/%s", party,
                   address);
    assert_int_equal(fake_api(b.t->w, method, path, NULL), status);
}

static void an_address_is_paid_once_it_is_approved(void **state)
{
    (void)state;
    allow_list("true");
    board_group(&b, "ADDRESS", 1, &b.ann, NULL);
    ask_address();
    assert_string_equal(fake_text(b.t->w, "status"), "CREATION_APPROVAL_PENDING");
    fake_pay_no(b.t, 1, "POLICY_DESTINATION");
    board_yes(&b, &b.ann);
    address_call("GET", 200);
    assert_string_equal(fake_text(b.t->w, "status"), "ENABLED");
    board_alive(&b);
    fake_pay_ok(b.t, 1);
    address_call("DELETE", 200);
    address_call("GET", 200);
    assert_string_equal(fake_text(b.t->w, "status"), "DELETION_APPROVAL_PENDING");
    board_take(&b);
    fake_pay_ok(b.t, 1);
    address_call("DELETE", 409);
    board_no(&b, &b.ann);
    address_call("GET", 200);
    assert_string_equal(fake_text(b.t->w, "status"), "ENABLED");
    address_call("DELETE", 200);
    address_call("GET", 200);
    board_take(&b);
    board_yes(&b, &b.ann);
    address_call("GET", 404);
    board_alive(&b);
    fake_pay_no(b.t, 1, "POLICY_DESTINATION");
}

static void a_rejected_address_is_never_paid_and_is_free_again(void **state)
{
    char old[40];

    (void)state;
    allow_list("true");
    board_group(&b, "ADDRESS", 1, &b.ann, NULL);
    ask_address();
    board_no(&b, &b.ann);
    address_call("GET", 200);
    assert_string_equal(fake_text(b.t->w, "status"), "REJECTED");
    board_alive(&b);
    fake_pay_no(b.t, 1, "POLICY_DESTINATION");
    (void)snprintf(old, sizeof old, "%s", address);
    ask_address();
    board_yes(&b, &b.ann);
    board_alive(&b);
    fake_pay_ok(b.t, 1);
    assert_string_not_equal(old, address);
}

/* ---- requests that wait for approvers -------------------------------------------- */

static void what_waits_for_approvers_is_reserved_and_given_back(void **state)
{
    struct fake_tx x;
    char id[40];

    (void)state;
    fake_limit(b.t, TOTAL, id);
    board_group(&b, "TRANSACTION", 1, &b.ann, NULL);
    fake_tx_new(b.t, &x, 2 * sol);
    board_take(&b);
    fake_limit_used(b.t, id, "2");
    fake_pay_no(b.t, 1, "POLICY_LIMIT");
    board_no(&b, &b.ann);
    fake_tx_status(b.t, &x, "REJECTED");
    fake_limit_used(b.t, id, "0");
    board_alive(&b);
    cs_wr_free(&x.message);
    fake_tx_new(b.t, &x, 2 * sol);
    board_take(&b);
    board_yes(&b, &b.ann);
    fake_tx_status(b.t, &x, "SIGNATURE_PENDING");
    fake_limit_used(b.t, id, "2");
    cs_wr_free(&x.message);
}

/* A limit that was made, or used up, while it waited counts, too. */
static void what_was_approved_is_checked_anew(void **state)
{
    struct fake_tx x;
    char id[40];

    (void)state;
    board_group(&b, "TRANSACTION", 1, &b.ann, NULL);
    fake_tx_new(b.t, &x, 2 * sol);
    board_take(&b);
    fake_limit(b.t, LIMIT, id);
    board_alive(&b);
    (void)board_vote(&b, &b.ann, "APPROVED");
    fake_tx_status(b.t, &x, "REJECTED");
    assert_non_null(strstr(b.t->w->reply_text, "POLICY_LIMIT"));
    assert_int_equal(fake_sign_commands(b.t, &x), 0);
    cs_wr_free(&x.message);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_limit_holds_once_it_is_approved),
        CASE(a_rejected_limit_never_holds),
        CASE(a_limit_to_be_deleted_holds_until_that_is_approved),
        CASE(an_allow_list_goes_off_only_with_approval),
        CASE(a_user_needs_a_new_code_to_switch_an_allow_list),
        CASE(a_user_needs_a_new_code_to_let_a_key_sign_more),
        CASE(a_user_needs_a_new_code_to_enable_a_device),
        CASE(an_address_is_paid_once_it_is_approved),
        CASE(a_rejected_address_is_never_paid_and_is_free_again),
        CASE(what_waits_for_approvers_is_reserved_and_given_back),
        CASE(what_was_approved_is_checked_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
