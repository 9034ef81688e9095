/* Signing requests that wait: for approvers, frozen; and that nothing else signs them.
 */
#include "platform/core/approvals.h"
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

static void tx_new(struct fake_tx *x, uint64_t lamports)
{
    board_alive(&b);
    fake_tx_new(b.t, x, lamports);
}

/* One that waits for approval: its set is b.set. */
static void tx_waiting(struct fake_tx *x, uint64_t lamports)
{
    tx_new(x, lamports);
    assert_string_equal(fake_text(w(), "status"), "APPROVAL_CHECK_PENDING");
    board_take(&b);
    assert_int_equal(fake_sign_commands(b.t, x), 0);
}

static void signs(struct fake_tx *x)
{
    unsigned mask;

    fake_tx_status(b.t, x, "SIGNATURE_PENDING");
    mask = fake_sign_commands(b.t, x);
    assert_int_not_equal(mask, 0);
    fake_both_done(b.t, x, mask);
    fake_tx_status(b.t, x, "SIGNED");
}

static void step_is(const struct fake_tx *x, const char *step)
{
    const json_t *entries;

    (void)fake_lines(b.t, x);
    entries = json_object_get(w()->reply, "entries");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        if (cs_js_is(json_array_get(entries, i), "step", step)) {
            return;
        }
    }
    fail_msg("no %s in %s", step, w()->reply_text);
}

static void reason_is(const struct fake_tx *x, const char *status, const char *reason)
{
    fake_tx_status(b.t, x, status);
    if (strncmp(fake_text(w(), "reasons.0"), reason, strlen(reason)) != 0) {
        fail_msg("want %s, got %s", reason, w()->reply_text);
    }
}

static int settings(const char *enabled, const char *freeze)
{
    char path[160], body[256];

    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/settings", b.t->vault,
                   b.t->wallet);
    (void)snprintf(body, sizeof body,
                   "{\"settings\":{\"enabled\":%s,\"rawSigningEnabled\":true,"
                   "\"sweepingEnabled\":false,\"defaultFreezeEnabled\":%s}}",
                   enabled, freeze);
    return fake_api(w(), "PUT", path, body);
}

/* ---- approvals ------------------------------------------------------------- */

static void a_request_waits_and_its_life_begins_when_it_is_met(void **state)
{
    struct fake_tx x;

    (void)state;
    board_group(&b, "TRANSACTION", 2, &b.ann, &b.bob);
    tx_waiting(&x, 5);
    fake_wait(w(), 550000); /* longer than a request may live */
    fake_tx_status(b.t, &x, "APPROVAL_CHECK_PENDING");
    for (int i = 0; i < 3; i++) {
        fake_disconnect(&b.t->d[i]);
        fake_connect_ok(&b.t->d[i]);
    }
    board_alive(&b);
    board_set_is(&b, "PENDING");
    board_no(&b, &b.ann);
    board_set_is(&b, "NOT_MET");
    reason_is(&x, "REJECTED", "APPROVAL_NOT_MET");
    cs_wr_free(&x.message);
    tx_waiting(&x, 6);
    board_yes(&b, &b.ann);
    assert_int_equal(fake_sign_commands(b.t, &x), 0);
    fake_tx_status(b.t, &x, "APPROVAL_CHECK_PENDING");
    board_yes(&b, &b.bob);
    fake_tx_get(b.t, &x);
    step_is(&x, "REQUESTED");
    step_is(&x, "APPROVAL_CHECK_PENDING");
    step_is(&x, "APPROVED");
    step_is(&x, "APPROVAL_CHECK_PASSED");
    step_is(&x, "SIGNATURE_PENDING");
    signs(&x);
    cs_wr_free(&x.message);
}

static void what_is_signed_is_what_approvers_saw(void **state)
{
    struct fake_tx x;
    uint8_t hash[32];
    char hex[65];

    (void)state;
    board_group(&b, "TRANSACTION", 1, &b.ann, NULL);
    tx_waiting(&x, 7);
    cs_sha256(hash, cs_wr_get(&x.message));
    (void)cs_hex(hex, hash, sizeof hash);
    board_get(&b);
    assert_non_null(strstr(w()->reply_text, hex));
    assert_non_null(strstr(w()->reply_text, "What it does"));
    assert_non_null(strstr(w()->reply_text, "SHA-256 of the payload"));
    board_yes(&b, &b.ann);
    signs(&x);
    cs_wr_free(&x.message);
}

/* Somebody with the store in his hands swaps the payload of a waiting request. */
static void another_payload_is_not_signed(void **state)
{
    struct fake_tx x, y;
    json_t *rec;

    (void)state;
    board_group(&b, "TRANSACTION", 1, &b.ann, NULL);
    tx_waiting(&x, 7);
    fake_tx_payload(b.t, &y, 9999);
    fake_restart(w());
    {
        struct cs_wr value = {0};
        struct cs_kv_batch *batch = NULL;
        struct cs_db *db = cs_db_new(w()->kv);
        json_error_t e;

        assert_non_null(db);
        assert_int_equal(cs_db_get(db, CS_PC_TX, CS_SPAN_OF(x.raw_id), &value), CS_OK);
        rec = json_loadb((const char *)value.p, value.n, 0, &e);
        assert_non_null(rec);
        cs_js_str(rec, "encodedTransaction", y.hex);
        cs_wr_reset(&value);
        cs_json_write(&value, rec);
        assert_int_equal(
            cs_db_put(db, CS_PC_TX, CS_SPAN_OF(x.raw_id), cs_wr_get(&value)), CS_OK);
        assert_int_equal(cs_db_take_batch(db, &batch), CS_OK);
        assert_int_equal(w()->kv->ops->commit(w()->kv, batch), CS_OK);
        cs_kv_batch_free(batch);
        cs_db_free(db);
        cs_wr_free(&value);
        json_decref(rec);
    }
    fake_restart(w());
    for (int i = 0; i < 3; i++) {
        fake_connect_ok(&b.t->d[i]);
    }
    board_alive(&b);
    board_yes(&b, &b.ann);
    assert_string_equal(fake_text(w(), "summary.status"), "FAILED");
    assert_int_equal(fake_sign_commands(b.t, &x), 0);
    cs_wr_free(&x.message);
    cs_wr_free(&y.message);
}

static void it_ends_with_the_time_of_its_approvers(void **state)
{
    struct fake_tx x;

    (void)state;
    board_group(&b, "TRANSACTION", 1, &b.ann, NULL);
    tx_waiting(&x, 7);
    fake_wait(w(), 601000);
    reason_is(&x, "REJECTED", "APPROVAL_EXPIRED");
    assert_int_equal(board_vote(&b, &b.ann, "APPROVED"), 409);
    reason_is(&x, "REJECTED", "APPROVAL_EXPIRED");
    step_is(&x, "REJECTED");
    cs_wr_free(&x.message);
}

static void a_wallet_that_is_off_when_it_is_met_signs_nothing(void **state)
{
    struct fake_tx x;

    (void)state;
    board_group(&b, "TRANSACTION", 1, &b.ann, NULL);
    tx_waiting(&x, 7);
    assert_int_equal(settings("false", "false"), 200);
    board_yes(&b, &b.ann);
    board_set_is(&b, "FAILED");
    reason_is(&x, "REJECTED", "APPROVAL_FAILED: POLICY_REFUSED");
    assert_int_equal(fake_sign_commands(b.t, &x), 0);
    cs_wr_free(&x.message);
}

static void who_asks_is_told_when_nobody_can_decide(void **state)
{
    struct fake_tx x;
    char body[1400];

    (void)state;
    board_group(&b, "TRANSACTION", 2, &b.olga, &b.oscar);
    fake_tx_payload(b.t, &x, 5);
    (void)snprintf(body, sizeof body,
                   "{\"encodedTransaction\":\"%s\",\"signOnly\":true}", x.hex);
    assert_int_equal(board_call(&b, &b.olga, "POST", fake_tx_path(b.t, "/raw"), body),
                     409);
    fake_refused(w(), 409, "approvers");
    fake_ok(w(), "GET", fake_tx_path(b.t, ""), NULL);
    assert_int_equal(json_array_size(json_object_get(w()->reply, "transactions")), 0);
    board_ok(&b, &b.paul, "POST", fake_tx_path(b.t, "/raw"), body);
    board_take(&b);
    cs_wr_free(&x.message);
}

static int wallet_group(int required, const struct person *one, const char *more)
{
    char path[96];

    (void)snprintf(path, sizeof path, "/v2/approvers/%s", b.t->wallet);
    return board_group_at(&b, path, "TRANSACTION", required, one, NULL, more);
}

static void a_wallets_group_takes_the_place_of_the_organisations(void **state)
{
    struct fake_tx x;
    char path[96];

    (void)state;
    board_group(&b, "TRANSACTION", 2, &b.ann, &b.bob);
    assert_int_equal(wallet_group(1, &b.oscar, ""), 200);
    (void)snprintf(path, sizeof path, "/v2/approvers/%s", b.t->wallet);
    fake_ok(w(), "GET", path, NULL);
    assert_string_equal(fake_text(w(), "approvalGroups.0.scope"), "WALLET");
    tx_waiting(&x, 7);
    assert_int_equal(board_vote(&b, &b.ann, "APPROVED"), 403);
    board_yes(&b, &b.oscar);
    signs(&x);
    cs_wr_free(&x.message);
    assert_int_equal(board_group_at(&b, path, "DEVICE", 1, &b.oscar, NULL, ""), 400);
    fake_refused(w(), 400, "sourceType");
}

#define ABOVE(qty) ",\"threshold\":{\"symbol\":\"SOL\",\"qty\":\"" qty "\"}"

static void only_what_is_above_the_threshold_waits(void **state)
{
    struct fake_tx x;

    (void)state;
    assert_int_equal(wallet_group(1, &b.ann, ABOVE("0.5")), 200);
    tx_new(&x, 500000000); /* exactly half a SOL */
    signs(&x);
    cs_wr_free(&x.message);
    tx_waiting(&x, 500000001);
    cs_wr_free(&x.message);
    tx_waiting(&x, 10000000000);
    cs_wr_free(&x.message);
    assert_int_equal(wallet_group(1, &b.ann, ABOVE("09.50")), 200);
    tx_new(&x, 9500000000);
    signs(&x);
    cs_wr_free(&x.message);
    tx_waiting(&x, 10000000000);
    cs_wr_free(&x.message);
    /* Another asset than that of the threshold, and what is no amount at all. */
    assert_int_equal(wallet_group(1, &b.ann,
                                  ",\"threshold\":{\"symbol\":\"USDC\",\"contract\":"
                                  "\"EPj\",\"qty\":\"1\",\"feeQty\":\"0.1\"}"),
                     200);
    tx_waiting(&x, 1);
    cs_wr_free(&x.message);
    assert_int_equal(wallet_group(1, &b.ann, ABOVE("1000")), 200);
    assert_int_equal(fake_api(w(), "POST", fake_tx_path(b.t, "/sign-plaintext"),
                              "{\"message\":\"I owe you\"}"),
                     200);
    assert_string_equal(fake_text(w(), "status"), "APPROVAL_CHECK_PENDING");
}

/* As a payload that says all: 5 USDC to one, for this fee. */
static bool token_waits(const char *amount, const char *fee)
{
    struct cs_pc_tx t = {.kind = CS_CHAIN_KIND_RAW};
    json_t *tx = cs_js_obj();
    bool waits;

    t.chain.is_clear = true;
    (void)snprintf(t.chain.asset, sizeof t.chain.asset, "USDC");
    (void)snprintf(t.chain.contract, sizeof t.chain.contract, "EPj");
    (void)snprintf(t.chain.amount, sizeof t.chain.amount, "%s", amount);
    (void)snprintf(t.chain.to, sizeof t.chain.to, "somebody");
    (void)snprintf(t.chain.fee, sizeof t.chain.fee, "%s", fee);
    cs_js_str(tx, "walletId", b.t->wallet);
    waits = cs_tx_path_needs_approval(w()->core, tx, &t);
    json_decref(tx);
    return waits;
}

#define TOKEN(more)                                                                    \
    ",\"threshold\":{\"symbol\":\"USDC\",\"contract\":\"EPj\",\"qty\":\"5\"" more "}"

/* Below five USDC nobody looks, so nobody would see ten SOL of fee. */
static void a_threshold_of_a_token_bounds_the_fee_as_well(void **state)
{
    uint8_t id[CS_PC_ID];
    json_t *group;

    (void)state;
    assert_int_equal(wallet_group(1, &b.ann, TOKEN("")), 400);
    fake_refused(w(), 400, "threshold");
    assert_non_null(strstr(w()->reply_text, "feeQty"));
    assert_int_equal(wallet_group(1, &b.ann, TOKEN(",\"feeQty\":\"x\"")), 400);
    fake_refused(w(), 400, "threshold");
    assert_int_equal(wallet_group(1, &b.ann, TOKEN(",\"feeQty\":\"0.01\"")), 200);
    assert_string_equal(fake_text(w(), "threshold.feeQty"), "0.01");
    assert_false(token_waits("5", "0.01"));
    assert_true(token_waits("5.01", "0.01"));
    assert_true(token_waits("5", "0.011"));
    assert_true(token_waits("5", "10"));
    assert_true(token_waits("5", "")); /* nobody knows */
    /* One of a platform before this: it never said what a fee may be. */
    cs_group_id(id, CS_SOURCE_TRANSACTION, b.t->wallet);
    group = cs_pc_get(w()->core, CS_PC_GROUP, id);
    cs_js_del(json_object_get(group, "threshold"), "feeQty");
    cs_pc_put(w()->core, CS_PC_GROUP, id, group);
    json_decref(group);
    assert_true(token_waits("5", "0.000005"));
    fake_ok(w(), "GET", "/v2/approvers", NULL);
    assert_int_equal(json_array_size(json_object_get(w()->reply, "approvalGroups")), 0);
}

/* Of the native asset, the fee may be as much as is paid, or what feeQty says. */
static void a_native_threshold_may_bound_the_fee_apart(void **state)
{
    struct fake_tx x;

    (void)state;
    assert_int_equal(wallet_group(1, &b.ann,
                                  ",\"threshold\":{\"symbol\":\"SOL\",\"qty\":\"1\","
                                  "\"feeQty\":\"0.000001\"}"),
                     200);
    tx_waiting(&x, 1000); /* below, but for its fee */
    cs_wr_free(&x.message);
    assert_int_equal(wallet_group(1, &b.ann,
                                  ",\"threshold\":{\"symbol\":\"SOL\",\"qty\":\"1\","
                                  "\"feeQty\":\"0.001\"}"),
                     200);
    tx_new(&x, 1000);
    signs(&x);
    cs_wr_free(&x.message);
}

static void a_restart_forgets_no_waiting_request(void **state)
{
    struct fake_tx x;

    (void)state;
    board_group(&b, "TRANSACTION", 2, &b.ann, &b.bob);
    tx_waiting(&x, 7);
    board_yes(&b, &b.ann);
    fake_restart(w());
    for (int i = 0; i < 3; i++) {
        fake_connect_ok(&b.t->d[i]);
    }
    board_alive(&b);
    assert_int_equal(fake_sign_commands(b.t, &x), 0);
    board_yes(&b, &b.bob);
    assert_int_not_equal(fake_sign_commands(b.t, &x), 0);
    cs_wr_free(&x.message);
}

static void waiting_for_the_answer_waits_for_the_end(void **state)
{
    struct fake_tx x;
    char body[1400];

    (void)state;
    board_group(&b, "TRANSACTION", 1, &b.ann, NULL);
    fake_tx_payload(b.t, &x, 5);
    (void)snprintf(body, sizeof body,
                   "{\"encodedTransaction\":\"%s\",\"signOnly\":true}", x.hex);
    assert_int_equal(
        fake_api_wait(w(), "POST", fake_tx_path(b.t, "/raw?wait=5"), body, true), 0);
    fake_wait(w(), 6000);
    assert_string_equal(fake_text(w(), "status"), "APPROVAL_CHECK_PENDING");
    cs_wr_free(&x.message);
}

/* ---- freezing ---------------------------------------------------------------- */

static int freeze(struct person *p, const struct fake_tx *x, const char *word)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/%s/%s?reason=looks+odd",
                   fake_tx_path(b.t, ""), x->id, word);
    return p == NULL ? fake_api(w(), "PUT", path, "{}")
                     : board_call(&b, p, "PUT", path, "{}");
}

static void a_frozen_request_waits_before_signing(void **state)
{
    struct fake_tx x;
    char rest[80];

    (void)state;
    board_group(&b, "TRANSACTION", 1, &b.ann, NULL);
    tx_waiting(&x, 7);
    assert_int_equal(freeze(&b.bob, &x, "unfreeze"), 409); /* it is not frozen */
    assert_int_equal(freeze(&b.bob, &x, "freeze"), 200);
    assert_int_equal(freeze(&b.bob, &x, "freeze"), 409);
    board_yes(&b, &b.ann);
    board_set_is(&b, "MET");
    fake_tx_status(b.t, &x, "APPROVAL_CHECK_PASSED");
    assert_true(cs_js_true(json_object_get(w()->reply, "freezeInfo"), "isFrozen"));
    assert_int_equal(fake_sign_commands(b.t, &x), 0);
    assert_int_equal(freeze(NULL, &x, "unfreeze"), 403); /* it asked for it */
    fake_refused(w(), 403, "transactionId");
    assert_int_equal(freeze(&b.paul, &x, "unfreeze"), 403);
    fake_refused(w(), 403, "permissions");
    assert_int_equal(freeze(&b.bob, &x, "unfreeze"), 200);
    assert_string_equal(fake_text(w(), "status"), "SIGNATURE_PENDING");
    (void)snprintf(rest, sizeof rest, "/%s/freeze-history", x.id);
    fake_ok(w(), "GET", fake_tx_path(b.t, rest), NULL);
    assert_int_equal(json_array_size(json_object_get(w()->reply, "entries")), 2);
    assert_string_equal(fake_text(w(), "entries.0.action"), "FREEZE_ACTION_FREEZE");
    assert_string_equal(fake_text(w(), "entries.0.reason"), "looks odd");
    assert_string_equal(fake_text(w(), "entries.0.userId"), b.bob.id);
    assert_string_equal(fake_text(w(), "entries.1.action"), "FREEZE_ACTION_UNFREEZE");
    board_alive(&b);
    signs(&x);
    assert_int_equal(freeze(&b.bob, &x, "freeze"), 409); /* it is over */
    step_is(&x, "FROZEN");
    step_is(&x, "UNFROZEN");
    cs_wr_free(&x.message);
}

static void while_nodes_sign_nothing_is_frozen(void **state)
{
    struct fake_tx x;

    (void)state;
    tx_new(&x, 7);
    assert_int_equal(freeze(&b.ann, &x, "freeze"), 409);
    signs(&x);
    cs_wr_free(&x.message);
}

static void a_request_without_signers_can_be_frozen(void **state)
{
    struct fake_tx x;

    (void)state;
    fake_disconnect(&b.t->d[1]);
    fake_disconnect(&b.t->d[2]);
    fake_status(&b.t->d[0], "READY");
    fake_tx_new(b.t, &x, 7);
    {
        char path[300];

        (void)snprintf(path, sizeof path, "%s/%s/freeze", fake_tx_path(b.t, ""), x.id);
        assert_int_equal(people_call(w(), &b.ann, "PUT", path, "{}"), 200);
    }
    for (int i = 1; i < 3; i++) {
        fake_connect_ok(&b.t->d[i]);
        fake_status(&b.t->d[i], "READY");
    }
    fake_wait(w(), 20000);
    assert_int_equal(fake_sign_commands(b.t, &x), 0);
    reason_is(&x, "SIGNATURE_PENDING", "FROZEN");
    assert_int_equal(freeze(&b.bob, &x, "unfreeze"), 200);
    assert_int_not_equal(fake_sign_commands(b.t, &x), 0);
    cs_wr_free(&x.message);
}

static void a_wallet_can_freeze_all_that_is_new(void **state)
{
    struct fake_tx x, y;

    (void)state;
    assert_int_equal(settings("true", "true"), 200);
    tx_new(&x, 7);
    assert_string_equal(fake_text(w(), "status"), "POLICY_CHECK_PASSED");
    assert_string_equal(fake_text(w(), "freezeInfo.history.0.freezeType"),
                        "FREEZE_TYPE_AUTO_WALLET_SETTING");
    assert_int_equal(fake_sign_commands(b.t, &x), 0);
    tx_new(&y, 8);
    fake_restart(w());
    for (int i = 0; i < 3; i++) {
        fake_connect_ok(&b.t->d[i]);
    }
    board_alive(&b);
    assert_int_equal(freeze(&b.ann, &x, "unfreeze"), 200);
    assert_string_equal(fake_text(w(), "status"), "SIGNATURE_PENDING");
    assert_int_not_equal(fake_sign_commands(b.t, &x), 0);
    /* The other one ends by itself. */
    fake_wait(w(), CS_FREEZE_MAX_S * UINT64_C(1000));
    assert_int_equal(fake_sign_commands(b.t, &y), 0);
    assert_int_equal(freeze(&b.ann, &y, "unfreeze"), 409);
    assert_non_null(strstr(w()->reply_text, "FAILED"));
    cs_wr_free(&x.message);
    cs_wr_free(&y.message);
}

static void a_switched_off_wallet_counts_when_it_is_unfrozen(void **state)
{
    struct fake_tx x;

    (void)state;
    assert_int_equal(settings("true", "true"), 200);
    tx_new(&x, 7);
    assert_int_equal(settings("false", "true"), 200);
    assert_int_equal(freeze(&b.ann, &x, "unfreeze"), 200);
    reason_is(&x, "REJECTED", "POLICY_REFUSED");
    assert_int_equal(fake_sign_commands(b.t, &x), 0);
    cs_wr_free(&x.message);
}

/* ---- no way around ------------------------------------------------------------ */

enum { WALK = 2500, TXS = 6 };

/* What the test itself knows of a request: who has said yes since what happened to him
 * and the group.  Told by the rules of approvals.h, not by the code. */
struct known {
    struct fake_tx x;
    char set[40];
    bool used, yes[3], no[3], met;
    int required;
};

static struct known known[TXS];
static struct person *const voters[3] = {&b.ann, &b.bob, &b.oscar};
static bool is_in[3], is_active[3];
static int group_required;

static uint64_t dice(uint64_t n)
{
    static uint64_t s = 88172645463325252ULL;

    s ^= s << 13;
    s ^= s >> 7;
    s ^= s << 17;
    return s % n;
}

static void group_walk(void)
{
    char body[512];
    size_t n = 0, k;
    bool next[3];

    for (k = 0; k < 3; k++) {
        next[k] = is_active[k] && dice(4) != 0;
        n += next[k] ? 1 : 0;
    }
    if (n == 0) {
        return;
    }
    group_required = 1 + (int)dice(n);
    (void)snprintf(body, sizeof body,
                   "{\"sourceType\":\"TRANSACTION\",\"requiredApproverCount\":%d,"
                   "\"timeoutSeconds\":3000,\"approvers\":[",
                   group_required);
    for (k = 0; k < 3; k++) {
        if (next[k]) {
            size_t at = strlen(body);

            (void)snprintf(body + at, sizeof body - at, "%s\"%s\"",
                           body[at - 1] == '[' ? "" : ",", voters[k]->id);
        }
        for (size_t i = 0; i < TXS && !next[k]; i++) {
            known[i].yes[k] = known[i].no[k] = false;
        }
        is_in[k] = next[k];
    }
    (void)snprintf(body + strlen(body), sizeof body - strlen(body), "]}");
    fake_ok(w(), "PUT", "/v2/approvers", body);
}

static int able_walk(void)
{
    int n = 0;

    for (size_t v = 0; v < 3; v++) {
        n += is_in[v] && is_active[v] ? 1 : 0;
    }
    return n;
}

static void block_walk(size_t k)
{
    char path[80];
    bool on = !is_active[k];

    (void)snprintf(path, sizeof path, "/v2/users/%s/status", voters[k]->id);
    if (!on && is_in[k] && able_walk() - 1 < group_required) {
        assert_int_equal(fake_api(w(), "PUT", path, "{\"status\":\"BLOCKED\"}"), 409);
        fake_refused(w(), 409, "id"); /* the group needs him */
        return;
    }
    fake_ok(w(), "PUT", path,
            on ? "{\"status\":\"ACTIVATED\"}" : "{\"status\":\"BLOCKED\"}");
    is_active[k] = on;
    for (size_t i = 0; i < TXS; i++) {
        known[i].yes[k] = known[i].no[k] = false;
    }
    if (on) {
        people_sign_in(w(), voters[k]);
        board_alive(&b);
    }
}

static void request_walk(struct known *k)
{
    char hex[1100];

    if (k->used) {
        cs_wr_free(&k->x.message);
    }
    memset(k, 0, sizeof *k);
    fake_tx_payload(b.t, &k->x, 1 + dice(1000000));
    (void)snprintf(hex, sizeof hex, "%s", k->x.hex);
    k->used = true;
    if (fake_raw_post(b.t, hex, "\"signOnly\":true") != 200) {
        fake_refused(w(), 409, "approvers");
        k->x.id[0] = '\0';
        k->set[0] = '\0';
        return;
    }
    fake_tx_id(b.t, &k->x);
    (void)snprintf(k->set, sizeof k->set, "%s", fake_text(w(), "approvalId"));
    assert_int_equal(strlen(k->set), 36);
    k->required = group_required;
}

static void vote_walk(struct known *k, size_t v)
{
    bool yes = dice(4) != 0;
    int status;

    if (k->set[0] == '\0' || !is_active[v]) {
        return;
    }
    (void)snprintf(b.set, sizeof b.set, "%s", k->set);
    status = board_vote(&b, voters[v], yes ? "APPROVED" : "REJECTED");
    if (status == 200 && is_in[v] && !k->no[v] && !k->yes[v]) {
        k->yes[v] = yes;
        k->no[v] = !yes;
    }
    assert_true(status == 200 || status == 403 || status == 409);
    assert_true(is_in[v] || status != 200);
}

static int yes_of(const struct known *k)
{
    int n = 0;

    for (size_t v = 0; v < 3; v++) {
        n += k->yes[v] && is_in[v] && is_active[v] ? 1 : 0;
    }
    return n;
}

/* A request goes on to signing in the step in which enough of them had said yes, and
 * nodes hear of no other. */
static size_t look(void)
{
    size_t met = 0;

    for (size_t i = 0; i < TXS; i++) {
        struct known *k = &known[i];

        if (!k->used || k->x.id[0] == '\0' || k->met) {
            continue;
        }
        fake_tx_get(b.t, &k->x);
        k->met = strcmp(fake_text(w(), "status"), "SIGNATURE_PENDING") == 0;
        met += k->met ? 1 : 0;
        if (k->met && (yes_of(k) < k->required || yes_of(k) < group_required)) {
            fail_msg("met with %d of %d: %s", yes_of(k), k->required, k->x.id);
        }
        if (!k->met && fake_sign_commands(b.t, &k->x) != 0) {
            fail_msg("nodes heard of %s", k->x.id);
        }
    }
    return met;
}

static void nothing_is_signed_whose_set_is_not_met(void **state)
{
    size_t offered = 0, asked = 0;

    (void)state;
    memset(known, 0, sizeof known);
    for (size_t k = 0; k < 3; k++) {
        is_in[k] = is_active[k] = true;
    }
    group_required = 0;
    while (group_required == 0) {
        group_walk();
    }
    for (int i = 0; i < WALK; i++) {
        size_t what = dice(20), one = dice(TXS);

        if (w()->n_sent > FAKE_SENT_MAX / 2) {
            fake_clear_sent(w());
            b.t->d[0].seen = b.t->d[1].seen = b.t->d[2].seen = 0;
        }
        board_alive(&b);
        if (what < 2) {
            request_walk(&known[one]);
            asked++;
        } else if (what < 16) {
            vote_walk(&known[one], dice(3));
        } else if (what == 16) {
            group_walk();
        } else if (what == 17) {
            block_walk(dice(3));
        } else if (what == 18) {
            fake_wait(w(), 1000 * dice(20));
        } else {
            fake_wait(w(), 1);
        }
        offered += look();
    }
    for (size_t i = 0; i < TXS; i++) {
        cs_wr_free(&known[i].x.message);
    }
    print_message("%zu asked, %zu approved\n", asked, offered);
    assert_true(asked > 40 && offered > 10);
}

#define ONE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(a_request_waits_and_its_life_begins_when_it_is_met),
        ONE(what_is_signed_is_what_approvers_saw),
        ONE(another_payload_is_not_signed),
        ONE(it_ends_with_the_time_of_its_approvers),
        ONE(a_wallet_that_is_off_when_it_is_met_signs_nothing),
        ONE(who_asks_is_told_when_nobody_can_decide),
        ONE(a_wallets_group_takes_the_place_of_the_organisations),
        ONE(only_what_is_above_the_threshold_waits),
        ONE(a_threshold_of_a_token_bounds_the_fee_as_well),
        ONE(a_native_threshold_may_bound_the_fee_apart),
        ONE(a_restart_forgets_no_waiting_request),
        ONE(waiting_for_the_answer_waits_for_the_end),
        ONE(a_frozen_request_waits_before_signing),
        ONE(while_nodes_sign_nothing_is_frozen),
        ONE(a_request_without_signers_can_be_frozen),
        ONE(a_wallet_can_freeze_all_that_is_new),
        ONE(a_switched_off_wallet_counts_when_it_is_unfrozen),
        ONE(nothing_is_signed_whose_set_is_not_met),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
