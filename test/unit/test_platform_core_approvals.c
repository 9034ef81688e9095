/* Approval groups, and what waits for them but for transactions
 * (test_platform_core_tx_approvals.c). */
#include "platform/core/api.h"
#include "platform/core/approvals.h"
#include "support/fake_approvals.h"

static struct fake_board b;

static int begin(void **state)
{
    (void)state;
    board_new(&b);
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

/* ---- groups -------------------------------------------------------------- */

static void without_groups_nothing_waits(void **state)
{
    (void)state;
    fake_ok(w(), "GET", "/v2/approvers", NULL);
    assert_int_equal(json_array_size(json_object_get(w()->reply, "approvalGroups")), 0);
    fake_ok(w(), "GET", "/v2/approvals", NULL);
    assert_int_equal(json_array_size(w()->reply), 0);
    fake_quorum_new(b.t);
    fake_quorum_state(b.t, "QUORUM_STATE_CREATED");
}

static void a_group_is_checked(void **state)
{
    (void)state;
    assert_int_equal(
        board_group_at(&b, "/v2/approvers", "DEVICE", 3, &b.ann, &b.bob, ""), 400);
    fake_refused(w(), 400, "requiredApproverCount");
    assert_int_equal(
        board_group_at(&b, "/v2/approvers", "DEVICE", 1, &b.ann, &b.ann, ""), 400);
    fake_refused(w(), 400, "approvers");
    assert_int_equal(
        board_group_at(&b, "/v2/approvers", "DEVICE", 1, &b.paul, NULL, ""),
        400); /* no approvals.decide */
    fake_refused(w(), 400, "approvers");
    assert_int_equal(board_group_at(&b, "/v2/approvers", "DOOR", 1, &b.ann, NULL, ""),
                     400);
    fake_refused(w(), 400, "sourceType");
    assert_int_equal(board_group_at(&b, "/v2/approvers", "DEVICE", 1, &b.ann, NULL,
                                    ",\"timeoutSeconds\":299"),
                     400);
    assert_int_equal(board_group_at(&b, "/v2/approvers", "DEVICE", 1, &b.ann, NULL,
                                    ",\"timeoutSeconds\":86401"),
                     400);
    fake_refused(w(), 400, "timeoutSeconds");
    assert_int_equal(
        board_group_at(&b, "/v2/approvers", "DEVICE", 1, &b.ann, NULL,
                       ",\"threshold\":{\"symbol\":\"ETH\",\"qty\":\"1\"}"),
        400);
    fake_refused(w(), 400, "threshold");
    assert_int_equal(
        board_group_at(&b, "/v2/approvers", "TRANSACTION", 1, &b.ann, NULL,
                       ",\"threshold\":{\"symbol\":\"ETH\",\"qty\":\"1,5\"}"),
        400);
    fake_refused(w(), 400, "threshold");
    assert_int_equal(
        board_group_at(&b, "/v2/approvers", "APPROVAL_GROUP", 1, &b.ann, NULL, ""),
        400); /* owners only */
    fake_refused(w(), 400, "approvers");
    assert_int_equal(
        board_group_at(&b, "/v2/approvers/00000000-0000-4000-8000-000000000000",
                       "TRANSACTION", 1, &b.ann, NULL, ""),
        404);
}

static void a_group_is_shown_and_removed(void **state)
{
    (void)state;
    board_group(&b, "DEVICE", 2, &b.ann, &b.bob);
    assert_string_equal(fake_text(w(), "sourceType"), "DEVICE");
    assert_string_equal(fake_text(w(), "scope"), "ORG");
    fake_ok(w(), "GET", "/v2/approvers?sourceType=DEVICE", NULL);
    assert_string_equal(fake_text(w(), "approvalGroups.0.approvers.1"), b.bob.id);
    fake_ok(w(), "GET", "/v2/approvers?sourceType=USER", NULL);
    assert_int_equal(json_array_size(json_object_get(w()->reply, "approvalGroups")), 0);
    board_no_group(&b, "DEVICE");
    fake_ok(w(), "GET", "/v2/approvers", NULL);
    assert_int_equal(json_array_size(json_object_get(w()->reply, "approvalGroups")), 0);
}

static void those_who_may_decide_are_listed(void **state)
{
    (void)state;
    fake_ok(w(), "GET", "/v2/approvers/eligible", NULL);
    assert_int_equal(json_array_size(w()->reply), 5); /* 3 owners, 2 approvers */
    assert_true(
        json_is_array(json_object_get(json_array_get(w()->reply, 0), "deviceIds")));
}

/* ---- a device ------------------------------------------------------------ */

static struct fake_device d;

static int approve(struct person *p, const char *status)
{
    char path[96], body[64];

    (void)snprintf(path, sizeof path, "/v2/devices/%s/approval-status", d.text);
    (void)snprintf(body, sizeof body, "{\"approvalStatus\":\"%s\"}", status);
    return p == NULL ? fake_api(w(), "PUT", path, body)
                     : board_call(&b, p, "PUT", path, body);
}

static void device_is(const char *status)
{
    char path[80];

    (void)snprintf(path, sizeof path, "/v2/devices/%s", d.text);
    fake_ok(w(), "GET", path, NULL);
    assert_string_equal(fake_text(w(), "approvalStatus"), status);
}

static int begin_device(void **state)
{
    begin(state);
    memset(&d, 0, sizeof d);
    fake_device_new(w(), &d);
    fake_connect_ok(&d);
    return 0;
}

static int end_device(void **state)
{
    fake_device_free(&d);
    return end(state);
}

static void a_device_waits_until_two_have_agreed(void **state)
{
    (void)state;
    board_group(&b, "DEVICE", 2, &b.ann, &b.bob);
    assert_int_equal(approve(&b.olga, "APPROVED"), 200);
    assert_string_equal(fake_text(w(), "approvalStatus"), "PENDING");
    board_take(&b);
    board_set_is(&b, "PENDING");
    assert_string_equal(fake_text(w(), "summary.sourceType"), "DEVICE");
    assert_string_equal(fake_text(w(), "summary.sourceId"), d.text);
    assert_string_equal(fake_text(w(), "summary.requestedBy"), b.olga.id);
    assert_true(strlen(fake_text(w(), "summary.sourceRaw")) > 20);
    board_yes(&b, &b.ann);
    assert_string_equal(fake_text(w(), "approval.status"), "APPROVED");
    assert_int_equal(board_num(&b, "currentApprovedCount"), 1);
    device_is("PENDING");
    board_yes(&b, &b.bob);
    board_set_is(&b, "MET");
    device_is("APPROVED");
    assert_string_equal(fake_text(w(), "approvedBy"), b.olga.id);
    assert_string_equal(fake_text(w(), "approvalId"), "");
}

static void one_rejection_too_many_ends_it(void **state)
{
    (void)state;
    board_group(&b, "DEVICE", 1, &b.ann, &b.bob);
    assert_int_equal(approve(&b.olga, "APPROVED"), 200);
    board_take(&b);
    board_no(&b, &b.ann);
    board_set_is(&b, "PENDING"); /* one of two is enough, and bob is left */
    board_no(&b, &b.bob);
    board_set_is(&b, "NOT_MET");
    device_is("PENDING");
    assert_int_equal(board_vote(&b, &b.ann, "APPROVED"), 409);
    assert_int_equal(approve(&b.olga, "APPROVED"), 200); /* asked for anew */
    board_take(&b);
    board_yes(&b, &b.ann);
    device_is("APPROVED");
}

static void it_ends_with_its_time(void **state)
{
    (void)state;
    board_group(&b, "DEVICE", 2, &b.ann, &b.bob);
    assert_int_equal(approve(&b.olga, "APPROVED"), 200);
    board_take(&b);
    board_yes(&b, &b.ann);
    fake_wait(w(), 599000 - 60000);
    board_set_is(&b, "PENDING");
    fake_wait(w(), 61000);
    board_set_is(&b, "EXPIRED");
    assert_int_equal(board_vote(&b, &b.bob, "APPROVED"), 409);
    device_is("PENDING");
}

static void the_maker_is_not_the_checker(void **state)
{
    (void)state;
    board_group(&b, "DEVICE", 1, &b.olga, &b.ann);
    assert_int_equal(approve(&b.olga, "APPROVED"), 200);
    board_take(&b);
    assert_int_equal(board_vote(&b, &b.olga, "APPROVED"), 403);
    fake_refused(w(), 403, "id");
    board_set_is(&b, "PENDING");
    board_yes(&b, &b.ann);
    device_is("APPROVED");
}

/* A credential of a credential of olga is olga. */
static void nor_behind_credentials(void **state)
{
    static const char words[] =
        "{\"name\":\"c\",\"category\":\"CONTROLS\",\"permissions\":["
        "\"devices.approve\",\"credentials.manage\",\"approvals.decide\"]}";
    char id[40], secret[80];

    (void)state;
    board_ok(&b, &b.olga, "POST", "/v2/credentials", words);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(id, sizeof id, "%s", fake_text(w(), "clientId"));
        (void)snprintf(secret, sizeof secret, "%s", fake_text(w(), "clientSecret"));
        fake_login(w(), id, secret);
        if (i == 0) {
            fake_ok(w(), "POST", "/v2/credentials", words);
        }
    }
    {
        char deep[80];

        (void)snprintf(deep, sizeof deep, "%s", w()->token);
        (void)snprintf(w()->token, sizeof w()->token, "%s", b.root);
        board_group(&b, "DEVICE", 1, &b.olga, &b.ann);
        (void)snprintf(w()->token, sizeof w()->token, "%s", deep);
    }
    assert_int_equal(approve(NULL, "APPROVED"), 200);
    board_take(&b);
    assert_int_equal(board_vote(&b, &b.olga, "APPROVED"), 403);
    /* And a credential decides nothing at all. */
    {
        char path[80];

        (void)snprintf(path, sizeof path, "/v2/approvals/%s", b.set);
        assert_int_equal(fake_api(w(), "PUT", path, "{\"status\":\"APPROVED\"}"), 403);
        fake_refused(w(), 403, "permissions");
    }
    (void)snprintf(w()->token, sizeof w()->token, "%s", b.root);
    board_yes(&b, &b.ann);
    device_is("APPROVED");
}

static void who_is_in_no_group_decides_nothing(void **state)
{
    (void)state;
    board_group(&b, "DEVICE", 1, &b.ann, NULL);
    assert_int_equal(approve(&b.olga, "APPROVED"), 200);
    board_take(&b);
    assert_int_equal(board_vote(&b, &b.bob, "APPROVED"), 403);
    assert_int_equal(board_vote(&b, &b.oscar, "APPROVED"), 403);
    assert_int_equal(board_vote(&b, &b.paul, "APPROVED"), 403);
    fake_refused(w(), 403, "permissions");
    assert_int_equal(board_vote(&b, &b.ann, "PERHAPS"), 400);
    fake_refused(w(), 400, "status");
    device_is("PENDING");
}

/* T35: a thousand at once; the core takes them one after another. */
static void one_approver_counts_once(void **state)
{
    (void)state;
    board_group(&b, "DEVICE", 2, &b.ann, &b.bob);
    assert_int_equal(approve(&b.olga, "APPROVED"), 200);
    board_take(&b);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(board_vote(&b, &b.ann, "APPROVED"), 200);
    }
    assert_int_equal(board_vote(&b, &b.ann, "REJECTED"), 409);
    board_get(&b);
    assert_int_equal(board_num(&b, "currentApprovedCount"), 1);
    device_is("PENDING");
}

static void a_group_that_cannot_decide_refuses_at_once(void **state)
{
    (void)state;
    board_group(&b, "DEVICE", 2, &b.olga, &b.ann);
    assert_int_equal(approve(&b.olga, "APPROVED"), 409);
    fake_refused(w(), 409, "approvers");
    device_is("PENDING");
    assert_int_equal(approve(&b.oscar, "APPROVED"), 200);
    board_take(&b);
}

static int set_status(const struct person *p, const char *status)
{
    char path[80], body[64];

    (void)snprintf(path, sizeof path, "/v2/users/%s/status", p->id);
    (void)snprintf(body, sizeof body, "{\"status\":\"%s\"}", status);
    return fake_api(w(), "PUT", path, body);
}

/* One more than have to agree, so that one may leave. */
static void group_of_three(const struct person *one, const struct person *two,
                           const struct person *three)
{
    char body[400];

    (void)snprintf(body, sizeof body,
                   "{\"sourceType\":\"DEVICE\",\"requiredApproverCount\":2,"
                   "\"approvers\":[\"%s\",\"%s\",\"%s\"]}",
                   one->id, two->id, three->id);
    fake_ok(w(), "PUT", "/v2/approvers", body);
}

static void a_blocked_approvers_vote_does_not_count_also_when_he_is_back(void **state)
{
    (void)state;
    group_of_three(&b.ann, &b.bob, &b.olga);
    assert_int_equal(approve(&b.olga, "APPROVED"), 200);
    board_take(&b);
    board_yes(&b, &b.ann);
    assert_int_equal(set_status(&b.ann, "BLOCKED"), 200);
    fake_wait(w(), 1);
    board_set_is(&b, "NOT_MET"); /* two of one cannot be: olga is the maker */
    assert_int_equal(set_status(&b.ann, "ACTIVATED"), 200);
    assert_int_equal(approve(&b.olga, "APPROVED"), 200);
    board_take(&b);
    board_yes(&b, &b.ann);
    /* Blocked and back before anybody looks. */
    assert_int_equal(set_status(&b.ann, "BLOCKED"), 200);
    assert_int_equal(set_status(&b.ann, "ACTIVATED"), 200);
    board_get(&b);
    if (strcmp(fake_text(w(), "summary.status"), "PENDING") == 0) {
        assert_int_equal(board_num(&b, "currentApprovedCount"), 0);
        board_yes(&b, &b.bob);
        board_set_is(&b, "PENDING");
        device_is("PENDING");
        board_yes(&b, &b.ann); /* votes again */
        device_is("APPROVED");
    } else {
        board_set_is(&b, "NOT_MET");
        device_is("PENDING");
    }
}

static void who_left_the_group_does_not_count_also_when_he_is_back(void **state)
{
    (void)state;
    board_group(&b, "DEVICE", 2, &b.ann, &b.bob);
    assert_int_equal(approve(&b.olga, "APPROVED"), 200);
    board_take(&b);
    board_yes(&b, &b.ann);
    board_group(&b, "DEVICE", 2, &b.bob, &b.oscar);
    board_get(&b);
    assert_int_equal(board_num(&b, "currentApprovedCount"), 0);
    board_group(&b, "DEVICE", 2, &b.ann, &b.bob);
    board_yes(&b, &b.bob);
    board_set_is(&b, "PENDING");
    board_yes(&b, &b.ann);
    board_set_is(&b, "MET");
    device_is("APPROVED");
}

static void a_set_never_gets_easier(void **state)
{
    (void)state;
    board_group(&b, "DEVICE", 2, &b.ann, &b.bob);
    assert_int_equal(approve(&b.olga, "APPROVED"), 200);
    board_take(&b);
    board_yes(&b, &b.ann);
    board_group(&b, "DEVICE", 1, &b.ann, &b.bob);
    fake_wait(w(), 10);
    board_set_is(&b, "PENDING");
    board_no_group(&b, "DEVICE");
    fake_wait(w(), 10);
    board_set_is(&b, "NOT_MET");
    device_is("PENDING");
}

static void the_world_is_looked_at_again(void **state)
{
    char path[80];

    (void)state;
    board_group(&b, "DEVICE", 1, &b.ann, NULL);
    assert_int_equal(approve(&b.olga, "APPROVED"), 200);
    board_take(&b);
    assert_int_equal(approve(&b.oscar, "REJECTED"), 200); /* no needs nobody */
    board_set_is(&b, "FAILED");
    device_is("REJECTED");
    fake_device_free(&d);
    memset(&d, 0, sizeof d);
    fake_device_new(w(), &d);
    fake_connect_ok(&d);
    assert_int_equal(approve(&b.olga, "APPROVED"), 200);
    board_take(&b);
    assert_int_equal(approve(&b.olga, "APPROVED"), 409); /* it waits already */
    (void)snprintf(path, sizeof path, "/v2/devices/%s", d.text);
    fake_ok(w(), "DELETE", path, NULL);
    board_set_is(&b, "FAILED");
    assert_int_equal(board_vote(&b, &b.ann, "APPROVED"), 409);
}

static void who_asked_must_still_be_allowed_to(void **state)
{
    (void)state;
    board_group(&b, "DEVICE", 1, &b.ann, NULL);
    assert_int_equal(approve(&b.olga, "APPROVED"), 200);
    board_take(&b);
    assert_int_equal(set_status(&b.olga, "BLOCKED"), 200);
    board_yes(&b, &b.ann);
    board_set_is(&b, "FAILED");
    assert_true(strlen(fake_text(w(), "reasons.0")) > 10);
    device_is("PENDING");
}

static void a_restart_forgets_nothing(void **state)
{
    (void)state;
    board_group(&b, "DEVICE", 2, &b.ann, &b.bob);
    assert_int_equal(approve(&b.olga, "APPROVED"), 200);
    board_take(&b);
    board_yes(&b, &b.ann);
    fake_restart(w());
    board_yes(&b, &b.bob);
    assert_string_equal(fake_text(w(), "summary.status"), "MET");
    board_ok(&b, &b.olga, "GET", "/v2/devices", NULL);
    {
        const json_t *last = json_array_get(w()->reply,
                                            json_array_size(w()->reply) - 1);

        assert_string_equal(cs_js_text(last, "approvalStatus"), "APPROVED");
    }
}

static void each_step_leaves_one_record(void **state)
{
    uint64_t n;
    json_t *rec;

    (void)state;
    n = fake_audit_count(w());
    board_group(&b, "DEVICE", 1, &b.ann, NULL);
    assert_int_equal(fake_audit_count(w()), n + 1);
    rec = fake_audit_newest(w());
    assert_non_null(fake_audit_change(rec, "approval-group"));
    json_decref(rec);
    assert_int_equal(approve(NULL, "APPROVED"), 200);
    board_take(&b);
    assert_int_equal(fake_audit_count(w()), n + 2);
    rec = fake_audit_newest(w());
    assert_non_null(fake_audit_change(rec, "approval"));
    json_decref(rec);
    n = fake_audit_count(w());
    if (board_vote(&b, &b.ann, "APPROVED") != 200) {
        fail_msg("%s", w()->reply_text);
    }
    rec = fake_audit_newest(w());
    assert_string_equal(cs_js_text(rec, "action"), "PUT /v2/approvals/{id}");
    assert_string_equal(fake_audit_actor(rec, "id"), b.ann.id);
    assert_non_null(fake_audit_change(rec, "approval"));
    assert_non_null(fake_audit_change(rec, "device"));
    json_decref(rec);
    /* What a deadline does is an event. */
    fake_device_free(&d);
    memset(&d, 0, sizeof d);
    fake_device_new(w(), &d);
    fake_connect_ok(&d);
    assert_int_equal(approve(NULL, "APPROVED"), 200);
    n = fake_audit_count(w());
    fake_wait(w(), 601000);
    assert_int_equal(fake_audit_count(w()), n + 1);
    rec = fake_audit_newest(w());
    assert_string_equal(cs_js_text(rec, "action"), "approval.expired");
    json_decref(rec);
}

static void sets_are_seen_by_those_whom_they_concern(void **state)
{
    char path[96];

    (void)state;
    board_group(&b, "USER", 1, &b.olga, &b.ann);
    fake_ok(w(), "POST", "/v2/users",
            "{\"firstName\":\"F\",\"lastName\":\"L\",\"email\":\"new@example.org\","
            "\"roles\":[\"VIEWER\"]}");
    board_take(&b);
    (void)snprintf(path, sizeof path, "/v2/approvals/%s", b.set);
    board_ok(&b, &b.ann, "GET", "/v2/approvals?status=PENDING", NULL);
    assert_int_equal(json_array_size(w()->reply), 1);
    assert_true(cs_js_true(json_array_get(w()->reply, 0), "canApprove"));
    board_ok(&b, &b.paul, "GET", "/v2/approvals?status=PENDING", NULL);
    assert_int_equal(json_array_size(w()->reply), 0);
    assert_int_equal(board_call(&b, &b.paul, "GET", path, NULL), 404);
    assert_int_equal(board_call(&b, &b.bob, "GET", path, NULL), 404);
    assert_int_equal(board_vote(&b, &b.bob, "APPROVED"), 404);
    board_ok(&b, &b.oscar, "GET", path, NULL); /* may read users */
    assert_false(cs_js_true(w()->reply, "canApprove"));
    assert_int_equal(fake_api(w(), "GET", "/v2/approvals?status=OPEN", NULL), 400);
}

/* ---- quorums and wallets --------------------------------------------------- */

static void no_node_hears_of_a_quorum_before(void **state)
{
    char path[96];

    (void)state;
    board_group(&b, "QUORUM", 1, &b.ann, NULL);
    assert_int_equal(fake_quorum_post(b.t, "Three"), 200);
    assert_string_equal(fake_text(w(), "state"), "QUORUM_STATE_INITIAL");
    (void)snprintf(b.t->quorum, sizeof b.t->quorum, "%s", fake_text(w(), "id"));
    board_take(&b);
    for (int i = 0; i < 3; i++) {
        assert_false(fake_cmd(&b.t->d[i], CS_CMD_QUORUM_JOIN));
    }
    (void)snprintf(path, sizeof path, "/v2/mpc/quorums/%s/status", b.t->quorum);
    fake_ok(w(), "GET", path, NULL);
    (void)snprintf(path, sizeof path, "/v2/mpc/memberships/%s", b.t->quorum);
    fake_ok(w(), "GET", path, NULL);
    (void)snprintf(path, sizeof path, "/v2/mpc/sessions/%s", b.t->quorum);
    assert_int_equal(fake_api(w(), "GET", path, NULL), 404);
    fake_ok(w(), "GET", "/v2/mpc/quorums", NULL);
    assert_int_equal(json_array_size(w()->reply), 1);
    fake_restart(w()); /* its record alone is enough */
    for (int i = 0; i < 3; i++) {
        fake_connect_ok(&b.t->d[i]);
        fake_status(&b.t->d[i], "READY");
    }
    board_yes(&b, &b.ann);
    assert_string_equal(fake_text(w(), "summary.status"), "MET");
    for (int i = 0; i < 3; i++) {
        assert_true(fake_cmd(&b.t->d[i], CS_CMD_QUORUM_JOIN));
    }
    board_ok(&b, &b.olga, "GET", "/v2/mpc/quorums", NULL);
    assert_int_equal(json_array_size(w()->reply), 1);
    assert_string_equal(cs_js_text(json_array_get(w()->reply, 0), "state"),
                        "QUORUM_STATE_CREATED");
}

static void a_quorum_that_is_not_approved_is_over(void **state)
{
    char path[96];

    (void)state;
    board_group(&b, "QUORUM", 1, &b.ann, NULL);
    assert_int_equal(fake_quorum_post(b.t, "Three"), 200);
    (void)snprintf(path, sizeof path, "/v2/mpc/quorums/%s", fake_text(w(), "id"));
    board_take(&b);
    board_no(&b, &b.ann);
    fake_ok(w(), "GET", path, NULL);
    assert_string_equal(fake_text(w(), "state"), "QUORUM_STATE_REJECTED");
    assert_int_equal(strncmp(fake_text(w(), "reasons.0"), "APPROVAL_NOT_MET", 16), 0);
    fake_ok(w(), "DELETE", path, NULL);
    assert_int_equal(fake_api(w(), "GET", path, NULL), 404);
    /* A device that was switched off meanwhile: it fails. */
    assert_int_equal(fake_quorum_post(b.t, "Again"), 200);
    board_take(&b);
    (void)snprintf(path, sizeof path, "/v2/devices/%s/enabled-status", b.t->d[0].text);
    fake_ok(w(), "PUT", path, "{\"enabledStatus\":\"DISABLED\"}");
    board_yes(&b, &b.ann);
    board_set_is(&b, "FAILED");
    assert_int_equal(fake_quorum_post(b.t, "Off"), 409);
}

static void no_node_hears_of_a_key_before(void **state)
{
    (void)state;
    fake_quorum_joined(b.t);
    board_group(&b, "WALLET", 1, &b.ann, NULL);
    fake_vault_new(b.t);
    assert_int_equal(
        fake_wallet_post(b.t, "\"blockchain\":\"SOLANA\",\"keystore\":\"MPC\""), 200);
    assert_string_equal(fake_text(w(), "status"), "CREATED");
    (void)snprintf(b.t->wallet, sizeof b.t->wallet, "%s", fake_text(w(), "id"));
    assert_int_equal(cs_uuid_parse(b.t->wallet_id, b.t->wallet), CS_OK);
    board_take(&b);
    for (int i = 0; i < 3; i++) {
        assert_false(fake_cmd(&b.t->d[i], CS_CMD_KEY_CREATE));
    }
    assert_int_equal(fake_settings(b.t, true, true), 409);
    board_yes(&b, &b.ann);
    fake_wallet_status(b.t, "PROVISIONING");
    board_alive(&b);
    fake_provision(b.t);
    /* And one that is rejected. */
    assert_int_equal(
        fake_wallet_post(b.t, "\"blockchain\":\"SOLANA\",\"keystore\":\"MPC\""), 200);
    (void)snprintf(b.t->wallet, sizeof b.t->wallet, "%s", fake_text(w(), "id"));
    fake_ok(w(), "GET", "/v2/approvals?status=PENDING", NULL);
    (void)snprintf(b.set, sizeof b.set, "%s", fake_text(w(), "0.id"));
    board_no(&b, &b.ann);
    fake_wallet_status(b.t, "PROVISIONING_FAILED");
}

#define ONE(f) cmocka_unit_test_setup_teardown(f, begin, end)
#define DEV(f) cmocka_unit_test_setup_teardown(f, begin_device, end_device)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(without_groups_nothing_waits),
        ONE(a_group_is_checked),
        ONE(a_group_is_shown_and_removed),
        ONE(those_who_may_decide_are_listed),
        DEV(a_device_waits_until_two_have_agreed),
        DEV(one_rejection_too_many_ends_it),
        DEV(it_ends_with_its_time),
        DEV(the_maker_is_not_the_checker),
        DEV(nor_behind_credentials),
        DEV(who_is_in_no_group_decides_nothing),
        DEV(one_approver_counts_once),
        DEV(a_group_that_cannot_decide_refuses_at_once),
        DEV(a_blocked_approvers_vote_does_not_count_also_when_he_is_back),
        DEV(who_left_the_group_does_not_count_also_when_he_is_back),
        DEV(a_set_never_gets_easier),
        DEV(the_world_is_looked_at_again),
        DEV(who_asked_must_still_be_allowed_to),
        DEV(a_restart_forgets_nothing),
        DEV(each_step_leaves_one_record),
        ONE(sets_are_seen_by_those_whom_they_concern),
        ONE(no_node_hears_of_a_quorum_before),
        ONE(a_quorum_that_is_not_approved_is_over),
        ONE(no_node_hears_of_a_key_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
