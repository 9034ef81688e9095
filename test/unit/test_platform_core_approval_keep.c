/* Approval groups stay able to decide, whoever leaves; what waits meanwhile is told. */
#include "platform/core/approvals.h"
#include "platform/core/rec.h"
#include "support/fake_approvals.h"

static struct fake_board b;
static struct person adam; /* administrator */
static char ada[40];       /* the first owner, of the setup */

static struct fake_platform *w(void)
{
    return b.t->w;
}

static int begin(void **state)
{
    (void)state;
    board_signers(&b);
    fake_ok(w(), "GET", "/v2/users?role=OWNER", NULL);
    (void)snprintf(ada, sizeof ada, "%s", fake_text(w(), "users.0.id"));
    return 0;
}

static int end(void **state)
{
    (void)state;
    board_free(&b);
    return 0;
}

static int user_call(const char *method, const char *id, const char *what,
                     const char *body)
{
    char path[96];

    (void)snprintf(path, sizeof path, "/v2/users/%s%s", id, what);
    return fake_api(w(), method, path, body);
}

static int set_status(const struct person *p, const char *status)
{
    char body[64];

    (void)snprintf(body, sizeof body, "{\"status\":\"%s\"}", status);
    return user_call("PUT", p->id, "/status", body);
}

static int set_role(const struct person *p, const char *role)
{
    char body[64];

    (void)snprintf(body, sizeof body, "{\"roles\":[\"%s\"]}", role);
    return user_call("PUT", p->id, "/role", body);
}

/* Refused, and it says which group and what to do. */
static void refused_for(const char *which)
{
    fake_refused(w(), 409, "id");
    if (strstr(w()->reply_text, which) == NULL ||
        strstr(w()->reply_text, "first") == NULL) {
        fail_msg("want \"%s\", got %s", which, w()->reply_text);
    }
}

static int group_of(const char *source, int required, const char *const *ids, size_t n)
{
    char body[600];

    (void)snprintf(body, sizeof body,
                   "{\"sourceType\":\"%s\",\"requiredApproverCount\":%d,"
                   "\"timeoutSeconds\":600,\"approvers\":[",
                   source, required);
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(body + strlen(body), sizeof body - strlen(body), "%s\"%s\"",
                       i == 0 ? "" : ",", ids[i]);
    }
    (void)snprintf(body + strlen(body), sizeof body - strlen(body), "]}");
    return fake_api(w(), "PUT", "/v2/approvers", body);
}

/* ---- who is needed stays ------------------------------------------------------ */

static void
nobody_whom_a_group_needs_is_blocked_deleted_or_given_other_roles(void **state)
{
    (void)state;
    board_group(&b, "DEVICE", 2, &b.ann, &b.bob);
    assert_int_equal(set_status(&b.ann, "BLOCKED"), 409);
    refused_for("DEVICE");
    assert_int_equal(user_call("DELETE", b.ann.id, "", NULL), 409);
    refused_for("DEVICE");
    assert_int_equal(set_role(&b.ann, "PROPOSER"), 409);
    refused_for("DEVICE");
    assert_int_equal(set_role(&b.ann, "ADMINISTRATOR"), 200); /* approves, too */
    assert_int_equal(set_role(&b.ann, "APPROVER"), 200);
    board_group(&b, "DEVICE", 1, &b.ann, &b.bob); /* what the refusal says */
    assert_int_equal(set_status(&b.ann, "BLOCKED"), 200);
    assert_int_equal(set_status(&b.bob, "BLOCKED"), 409); /* now he is the last */
    refused_for("1 have to agree, 0 would be left");
    assert_int_equal(user_call("DELETE", b.ann.id, "", NULL), 200); /* he counts not */
    board_no_group(&b, "DEVICE");
    assert_int_equal(set_status(&b.bob, "BLOCKED"), 200);
}

static void the_group_of_a_wallet_counts_and_the_sign_in_can_be_reset(void **state)
{
    char path[96];

    (void)state;
    (void)snprintf(path, sizeof path, "/v2/approvers/%s", b.t->wallet);
    assert_int_equal(board_group_at(&b, path, "TRANSACTION", 1, &b.ann, NULL, ""), 200);
    assert_int_equal(set_status(&b.ann, "BLOCKED"), 409);
    refused_for(b.t->wallet);
    /* In an emergency: he is out at once, and the group is as it was. */
    assert_int_equal(user_call("POST", b.ann.id, "/password", NULL), 200);
    assert_int_equal(people_call(w(), &b.ann, "GET", "/v2/session", NULL), 401);
}

static void nor_when_that_was_approved_before_the_group_was_made(void **state)
{
    (void)state;
    board_group(&b, "USER", 1, &b.oscar, NULL);
    assert_int_equal(set_status(&b.ann, "BLOCKED"), 200);
    board_take(&b);
    board_group(&b, "DEVICE", 2, &b.ann, &b.bob);
    board_yes(&b, &b.oscar);
    board_set_is(&b, "FAILED");
    assert_non_null(strstr(fake_text(w(), "reasons.0"), "DEVICE"));
    assert_int_equal(user_call("GET", b.ann.id, "", NULL), 200);
    assert_string_equal(fake_text(w(), "status"), "ACTIVATED");
}

/* ---- the group that decides about groups ---------------------------------------- */

static void a_group_for_groups_that_nobody_can_ask_is_refused(void **state)
{
    const char *all[] = {ada, b.olga.id, b.oscar.id};

    (void)state;
    assert_int_equal(group_of("APPROVAL_GROUP", 3, all, 3), 400);
    fake_refused(w(), 400, "approvers");
    assert_non_null(strstr(w()->reply_text, "nobody could ask"));
    assert_int_equal(group_of("APPROVAL_GROUP", 2, all, 3), 200); /* each may ask */
    assert_string_equal(fake_text(w(), "warnings.0"), "");
    assert_int_equal(set_status(&b.olga, "BLOCKED"), 409); /* then two of two: nobody */
    refused_for("nobody could ask");
    assert_int_equal(set_role(&b.olga, "ADMINISTRATOR"), 200); /* asks from outside */
    assert_int_equal(set_status(&b.olga, "BLOCKED"), 409);
    refused_for("nobody could ask");
    assert_int_equal(set_status(&b.oscar, "BLOCKED"), 409);
    refused_for("APPROVAL_GROUP");
}

static void who_alone_can_ask_it_stays(void **state)
{
    const char *all[] = {ada, b.olga.id, b.oscar.id};

    (void)state;
    board_join(&b, &adam, "adam@example.org", "ADMINISTRATOR");
    assert_int_equal(group_of("APPROVAL_GROUP", 3, all, 3), 200);
    assert_non_null(strstr(fake_text(w(), "warnings.0"), "add an approver"));
    assert_int_equal(set_role(&adam, "VIEWER"), 409);
    refused_for("nobody could ask");
    assert_int_equal(user_call("DELETE", adam.id, "", NULL), 409);
    /* He asks for what the refusal says, and all of them agree. */
    board_ok(&b, &adam, "PUT", "/v2/approvers",
             "{\"sourceType\":\"APPROVAL_GROUP\",\"requiredApproverCount\":0,"
             "\"approvers\":[]}");
    board_take(&b);
    assert_int_equal(board_num(&b, "requiredApproverCount"), 0); /* of that answer */
    board_get(&b);
    assert_int_equal(board_num(&b, "requiredApproverCount"), 3);
}

/* ---- what waits when one leaves -------------------------------------------------- */

static struct fake_device d;

static void ask(struct person *p)
{
    char path[128];

    if (d.text[0] == '\0') {
        fake_device_new(w(), &d);
        fake_connect_ok(&d);
    }
    (void)snprintf(path, sizeof path, "/v2/devices/%s/approval-status", d.text);
    board_ok(&b, p, "PUT", path, "{\"approvalStatus\":\"APPROVED\"}");
    board_take(&b);
}

static void device_over(void)
{
    fake_device_free(&d);
    memset(&d, 0, sizeof d);
}

static void
what_waits_stays_while_enough_are_left_and_ends_with_the_reason(void **state)
{
    const char *three[] = {b.ann.id, b.bob.id, b.oscar.id};

    (void)state;
    assert_int_equal(group_of("DEVICE", 2, three, 3), 200);
    ask(&b.olga);
    board_yes(&b, &b.ann);
    assert_int_equal(set_status(&b.ann, "BLOCKED"), 200);
    fake_wait(w(), 10);
    board_set_is(&b, "PENDING"); /* two are left; her vote counts no more */
    assert_int_equal(board_num(&b, "currentApprovedCount"), 0);
    board_yes(&b, &b.bob);
    fake_wait(w(), 601000);
    board_set_is(&b, "EXPIRED");
    assert_non_null(strstr(fake_text(w(), "reasons.0"), "in time"));
    assert_int_equal(set_status(&b.ann, "ACTIVATED"), 200);
    ask(&b.oscar); /* an approver himself: ann and bob decide */
    assert_int_equal(set_status(&b.ann, "BLOCKED"), 200);
    fake_wait(w(), 10);
    board_set_is(&b, "NOT_MET");
    assert_non_null(
        strstr(fake_text(w(), "reasons.0"), "2 have to agree, 0 did and 1 still can"));
    device_over();
}

/* ---- what is said of a group ----------------------------------------------------- */

static void a_group_that_cannot_decide_for_its_own_says_so(void **state)
{
    const char *two[] = {b.ann.id, b.bob.id};

    (void)state;
    assert_int_equal(group_of("DEVICE", 2, two, 2), 200);
    assert_non_null(strstr(fake_text(w(), "warnings.0"), "add an approver"));
    assert_int_equal(group_of("DEVICE", 1, two, 2), 200);
    assert_string_equal(fake_text(w(), "warnings.0"), "");
    fake_ok(w(), "GET", "/v2/approvers", NULL);
    assert_string_equal(fake_text(w(), "approvalGroups.0.warnings.0"), "");
    board_no_group(&b, "DEVICE");
    assert_string_equal(fake_text(w(), "warnings.0"), "");
}

/* ---- as many as allowed ---------------------------------------------------------- */

/* Copies of the group for devices, as groups of wallets, until there are n. */
static void fill_up(size_t n)
{
    struct cs_platform_core *core = w()->core;
    static const struct cs_event ev = {.type = CS_EV_TIME, .remote = ""};
    struct cs_step step = {0};
    uint8_t id[CS_PC_ID];
    json_t *rec;

    cs_group_id(id, CS_SOURCE_DEVICE, NULL);
    rec = cs_pc_get(core, CS_PC_GROUP, id);
    assert_non_null(rec);
    core->out = &step; /* within a step: what is put goes with the next commit */
    core->ev = &ev;
    for (size_t i = 1; i < n; i++) {
        char wallet[40];

        (void)snprintf(wallet, sizeof wallet, "00000000-0000-4000-8000-%012zu", i);
        cs_group_id(id, CS_SOURCE_TRANSACTION, wallet);
        cs_js_set(rec, "id", cs_json_uuid(id));
        cs_js_str(rec, "walletId", wallet);
        cs_js_int(rec, "_seq", (int64_t)cs_pc_next_seq(core));
        cs_pc_index_add(core, CS_IX_GROUPS, cs_pc_scope("", ""),
                        (uint64_t)cs_js_num(rec, "_seq"), id);
        cs_pc_save(core, CS_PC_GROUP, rec);
    }
    core->out = NULL;
    core->ev = NULL;
    cs_step_clear(&step);
    json_decref(rec);
}

static void of_as_many_groups_as_allowed_each_can_be_changed_and_removed(void **state)
{
    const char *two[] = {b.ann.id, b.bob.id};

    (void)state;
    assert_int_equal(group_of("DEVICE", 1, two, 2), 200);
    fill_up(1000);
    assert_int_equal(group_of("QUORUM", 1, two, 2), 429);
    assert_non_null(strstr(w()->reply_text, "remove some"));
    assert_int_equal(group_of("DEVICE", 2, two, 2), 200);
    board_no_group(&b, "QUORUM"); /* there is none: as before */
    board_no_group(&b, "DEVICE");
    assert_int_equal(group_of("QUORUM", 1, two, 2), 200);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(nobody_whom_a_group_needs_is_blocked_deleted_or_given_other_roles),
        CASE(the_group_of_a_wallet_counts_and_the_sign_in_can_be_reset),
        CASE(nor_when_that_was_approved_before_the_group_was_made),
        CASE(a_group_for_groups_that_nobody_can_ask_is_refused),
        CASE(who_alone_can_ask_it_stays),
        CASE(what_waits_stays_while_enough_are_left_and_ends_with_the_reason),
        CASE(a_group_that_cannot_decide_for_its_own_says_so),
        CASE(of_as_many_groups_as_allowed_each_can_be_changed_and_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
