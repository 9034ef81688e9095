/* Who asked for a signature is somebody who may still ask for it when it leaves; and
 * what approvers read leaves nothing out. */
#include "platform/core/tx_path.h"
#include "support/fake_approvals.h"

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

static struct fake_platform *w(void)
{
    return b.t->w;
}

/* Paul, a proposer, asks for it, by the route or in a batch. */
static void ask(struct fake_tx *x, bool batch)
{
    char body[1600];

    fake_tx_payload(b.t, x, 7);
    (void)snprintf(body, sizeof body,
                   batch ? "{\"requests\":[{\"type\":\"RAW\",\"encodedTransaction\":"
                           "\"%s\",\"signOnly\":true}]}"
                         : "{\"encodedTransaction\":\"%s\",\"signOnly\":true}",
                   x->hex);
    board_alive(&b);
    board_ok(&b, &b.paul, "POST", fake_tx_path(b.t, batch ? "/batch" : "/raw"), body);
    (void)snprintf(x->id, sizeof x->id, "%s",
                   fake_text(w(), batch ? "results.0.transaction.id" : "id"));
    assert_int_equal(cs_uuid_parse(x->raw_id, x->id), CS_OK);
    (void)snprintf(
        b.set, sizeof b.set, "%s",
        fake_text(w(), batch ? "results.0.transaction.approvalId" : "approvalId"));
}

static void become(const struct person *p, const char *role)
{
    char path[80], body[64];

    (void)snprintf(path, sizeof path, "/v2/users/%s/role", p->id);
    (void)snprintf(body, sizeof body, "{\"roles\":[\"%s\"]}", role);
    fake_ok(w(), "PUT", path, body);
}

static void block(const struct person *p)
{
    char path[80];

    (void)snprintf(path, sizeof path, "/v2/users/%s/status", p->id);
    fake_ok(w(), "PUT", path, "{\"status\":\"BLOCKED\"}");
}

static void rejected(struct fake_tx *x, const char *why)
{
    fake_tx_status(b.t, x, "REJECTED");
    if (strstr(fake_text(w(), "reasons.0"), why) == NULL) {
        fail_msg("want %s: %s", why, w()->reply_text);
    }
    board_alive(&b);
    assert_int_equal(fake_sign_commands(b.t, x), 0);
    cs_wr_free(&x->message);
}

static void who_lost_the_permission_has_nothing_signed(void **state)
{
    struct fake_tx x;

    (void)state;
    board_group(&b, "TRANSACTION", 1, &b.ann, NULL);
    ask(&x, false);
    become(&b.paul, "VIEWER");
    board_yes(&b, &b.ann);
    board_set_is(&b, "FAILED");
    rejected(&x, "transactions.raw");
}

/* The route of a batch needs another permission than what it holds. */
static void in_a_batch_neither(void **state)
{
    struct fake_tx x;

    (void)state;
    board_group(&b, "TRANSACTION", 1, &b.ann, NULL);
    ask(&x, true);
    become(&b.paul, "VIEWER");
    board_yes(&b, &b.ann);
    board_set_is(&b, "FAILED");
    rejected(&x, "transactions.raw");
}

static void a_frozen_request_of_a_blocked_user_ends(void **state)
{
    struct fake_tx x;
    char path[512];

    (void)state;
    board_group(&b, "TRANSACTION", 1, &b.ann, NULL);
    ask(&x, false);
    (void)snprintf(path, sizeof path, "%s/%s/freeze", fake_tx_path(b.t, ""), x.id);
    board_ok(&b, &b.bob, "PUT", path, "{}");
    board_yes(&b, &b.ann);
    fake_tx_status(b.t, &x, "APPROVAL_CHECK_PASSED");
    block(&b.paul);
    (void)snprintf(path, sizeof path, "%s/%s/unfreeze", fake_tx_path(b.t, ""), x.id);
    board_ok(&b, &b.bob, "PUT", path, "{}");
    rejected(&x, "not active");
}

/* A credential whose time is over asks for nothing any more. */
static void a_credential_that_has_ended_has_nothing_signed(void **state)
{
    char body[200], end_at[CS_PC_TIME_LEN], id[40], secret[80];
    struct fake_tx x;

    (void)state;
    board_group(&b, "TRANSACTION", 1, &b.ann, NULL);
    (void)snprintf(body, sizeof body, ",\"expiresAt\":\"%s\"",
                   cs_pc_time(end_at, w()->wall + 100000));
    assert_int_equal(fake_credential_new(w(), "\"*\"", body), 200);
    (void)snprintf(id, sizeof id, "%s", fake_text(w(), "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(w(), "clientSecret"));
    fake_login(w(), id, secret);
    board_alive(&b);
    fake_tx_new(b.t, &x, 7);
    board_take(&b);
    fake_wait(w(), 200000);
    (void)snprintf(w()->token, sizeof w()->token, "%s", b.root);
    board_alive(&b);
    board_yes(&b, &b.ann);
    board_set_is(&b, "FAILED");
    rejected(&x, "not active");
}

/* A step handles some timers only: what is over is over also when its turn has not
 * come. */
static void a_set_that_is_over_takes_no_vote(void **state)
{
    struct fake_tx x;

    (void)state;
    board_group(&b, "TRANSACTION", 1, &b.ann, NULL);
    for (int i = 0; i < 2 * CS_PC_TIMERS_STEP; i++) {
        fake_tx_new(b.t, &x, 7);
        cs_wr_free(&x.message);
    }
    board_take(&b);
    fake_wait(w(), 500000);
    people_sign_in(w(), &b.ann);
    w()->now += 100001;
    w()->wall += 100001;
    assert_int_equal(board_vote(&b, &b.ann, "APPROVED"), 409);
    assert_non_null(strstr(w()->reply_text, "time is over"));
    board_set_is(&b, "EXPIRED");
    fake_tx_status(b.t, &x, "REJECTED");
}

/* A command of an attempt that failed may lie in an outbox when it is frozen: who gets
 * it later is told in the same breath to leave it. */
static void freezing_calls_off_what_was_offered_before(void **state)
{
    struct fake_tx x;
    char path[512];

    (void)state;
    fake_disconnect(&b.t->d[2]);
    board_ok(&b, &b.ann, "GET", "/v2/session", NULL);
    fake_status(&b.t->d[0], "READY");
    fake_status(&b.t->d[1], "READY");
    fake_tx_new(b.t, &x, 7);
    fake_disconnect(&b.t->d[1]);
    (void)snprintf(path, sizeof path, "%s/%s/freeze", fake_tx_path(b.t, ""), x.id);
    assert_int_equal(people_call(w(), &b.ann, "PUT", path, "{}"), 200);
    assert_true(fake_cmd(&b.t->d[0], CS_CMD_REQUEST_CANCEL));
    assert_memory_equal(b.t->d[0].last.u.request_cancel.request_id, x.raw_id, 16);
    fake_connect_ok(&b.t->d[1]);
    assert_true(fake_cmd(&b.t->d[1], CS_CMD_REQUEST_CANCEL));
    assert_memory_equal(b.t->d[1].last.u.request_cancel.request_id, x.raw_id, 16);
    fake_last_free(&b.t->d[0]);
    fake_last_free(&b.t->d[1]);
    cs_wr_free(&x.message);
}

/* ---- what approvers read ----------------------------------------------------- */

static bool says(const char *text)
{
    const json_t *lines = json_object_get(w()->reply, "lines");

    for (size_t i = 0; i < json_array_size(lines); i++) {
        if (strstr(cs_js_text(json_array_get(lines, i), "value"), text) != NULL) {
            return true;
        }
    }
    return false;
}

static void make_party(char id[40], const char *name)
{
    char body[200];

    (void)snprintf(body, sizeof body,
                   "{\"name\":\"%s\",\"details\":{\"type\":\"DAPP\"}}", name);
    fake_ok(w(), "POST", "/v2/counterparties", body);
    (void)snprintf(id, 40, "%s", fake_text(w(), "id"));
}

static void
an_address_is_approved_with_whose_it_is_and_all_its_blockchains(void **state)
{
    char party[40], path[96], body[2048];
    size_t n, evm = 0;

    (void)state;
    board_group(&b, "ADDRESS", 1, &b.ann, NULL);
    make_party(party, "Kraken");
    (void)snprintf(path, sizeof path, "/v2/counterparties/%s/addresses", party);
    n = (size_t)snprintf(body, sizeof body,
                         "{\"termsAndConditionsAccepted\":true,\"details\":{\"type\":"
                         "\"EXTERNAL\",\"externalAddress\":{\"name\":\"x\",\"address\":"
                         "\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\","
                         "\"blockchains\":[");
    for (size_t i = 0; cs_chain_at(i) != NULL; i++) {
        const struct cs_chain_info *c = cs_chain_at(i);

        if (cs_chain_address_check(c->chain,
                                   "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
                                   NULL) == CS_OK) {
            n += (size_t)snprintf(body + n, sizeof body - n, "%s\"%s\"",
                                  evm++ == 0 ? "" : ",", c->name);
        }
    }
    (void)snprintf(body + n, sizeof body - n, "]}}}");
    fake_ok(w(), "POST", path, body);
    board_take(&b);
    board_get(&b);
    assert_true(says("Kraken"));
    for (size_t i = 0; cs_chain_at(i) != NULL; i++) {
        const struct cs_chain_info *c = cs_chain_at(i);

        if (cs_chain_address_check(c->chain,
                                   "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
                                   NULL) == CS_OK &&
            !says(c->name)) {
            fail_msg("%s is not shown: %s", c->name, w()->reply_text);
        }
    }
}

static void a_limit_is_approved_with_all_values_of_its_matchers(void **state)
{
    char ids[30][40], body[2048], path[160];
    size_t n;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(ids); i++) {
        make_party(ids[i], "p");
    }
    board_group(&b, "POLICY", 1, &b.ann, NULL);
    n = (size_t)snprintf(body, sizeof body,
                         "{\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":"
                         "\"1\",\"matchers\":[{\"type\":\"COUNTERPARTY\",\"values\":[");
    for (size_t i = 0; i < CS_COUNTOF(ids); i++) {
        n += (size_t)snprintf(body + n, sizeof body - n, "%s\"%s\"", i == 0 ? "" : ",",
                              ids[i]);
    }
    (void)snprintf(body + n, sizeof body - n, "]}]}");
    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/policy-rules/limits",
                   b.t->vault, b.t->wallet);
    fake_ok(w(), "PUT", path, body);
    board_take(&b);
    board_get(&b);
    for (size_t i = 0; i < CS_COUNTOF(ids); i++) {
        if (!says(ids[i])) {
            fail_msg("value %zu is not shown: %s", i, w()->reply_text);
        }
    }
}

#define ONE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(who_lost_the_permission_has_nothing_signed),
        ONE(in_a_batch_neither),
        ONE(a_frozen_request_of_a_blocked_user_ends),
        ONE(a_credential_that_has_ended_has_nothing_signed),
        ONE(a_set_that_is_over_takes_no_vote),
        ONE(freezing_calls_off_what_was_offered_before),
        ONE(an_address_is_approved_with_whose_it_is_and_all_its_blockchains),
        ONE(a_limit_is_approved_with_all_values_of_its_matchers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
