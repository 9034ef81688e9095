/* Approvals of credentials, users and of approval groups themselves. */
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

static int set_status(const struct person *p, const char *status)
{
    char path[80], body[64];

    (void)snprintf(path, sizeof path, "/v2/users/%s/status", p->id);
    (void)snprintf(body, sizeof body, "{\"status\":\"%s\"}", status);
    return fake_api(w(), "PUT", path, body);
}

/* ---- credentials ----------------------------------------------------------- */

static int exchange(const char *id, const char *secret)
{
    char body[256];

    (void)snprintf(body, sizeof body, "{\"clientId\":\"%s\",\"clientSecret\":\"%s\"}",
                   id, secret);
    return fake_http(w(), (struct fake_http){.method = "POST",
                                             .path = "/v2/credentials/oauth/token",
                                             .body = body});
}

static void a_new_credential_opens_nothing_before(void **state)
{
    char id[40], client[40], secret[80], path[96];

    (void)state;
    board_group(&b, "API_CREDENTIAL", 1, &b.ann, NULL);
    assert_int_equal(fake_credential_new(w(), "\"vaults.read\"", ""), 200);
    assert_string_equal(fake_text(w(), "status"), "CREATION_APPROVAL_PENDING");
    (void)snprintf(id, sizeof id, "%s", fake_text(w(), "id"));
    (void)snprintf(client, sizeof client, "%s", fake_text(w(), "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(w(), "clientSecret"));
    (void)snprintf(path, sizeof path, "/v2/credentials/%s", id);
    fake_ok(w(), "GET", path, NULL);
    board_take(&b);
    assert_int_equal(exchange(client, secret), 403);
    (void)snprintf(path, sizeof path, "/v2/credentials/%s/active", id);
    assert_int_equal(fake_api(w(), "PUT", path, "{\"active\":true}"), 409);
    board_yes(&b, &b.ann);
    assert_int_equal(exchange(client, secret), 200);
}

static void a_rejected_credential_never_works(void **state)
{
    char client[40], secret[80], path[96];

    (void)state;
    board_group(&b, "API_CREDENTIAL", 1, &b.ann, NULL);
    assert_int_equal(fake_credential_new(w(), "\"vaults.read\"", ""), 200);
    (void)snprintf(client, sizeof client, "%s", fake_text(w(), "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(w(), "clientSecret"));
    (void)snprintf(path, sizeof path, "/v2/credentials/%s", fake_text(w(), "id"));
    fake_ok(w(), "GET", path, NULL);
    board_take(&b);
    board_no(&b, &b.ann);
    fake_ok(w(), "GET", path, NULL);
    assert_string_equal(fake_text(w(), "status"), "REJECTED");
    assert_int_equal(exchange(client, secret), 401);
    board_no_group(&b, "API_CREDENTIAL"); /* also when nothing waits any more */
    (void)snprintf(path + strlen(path), sizeof path - strlen(path), "/active");
    assert_int_equal(fake_api(w(), "PUT", path, "{\"active\":true}"), 409);
    assert_int_equal(exchange(client, secret), 401);
}

static void permissions_and_enabling_wait(void **state)
{
    char path[128], plain[96];

    (void)state;
    assert_int_equal(fake_credential_new(w(), "\"vaults.read\"", ""), 200);
    (void)snprintf(plain, sizeof plain, "/v2/credentials/%s", fake_text(w(), "id"));
    board_group(&b, "API_CREDENTIAL", 1, &b.ann, NULL);
    (void)snprintf(path, sizeof path, "%s/permissions", plain);
    fake_ok(w(), "PUT", path, "{\"permissions\":[\"vaults.write\"]}");
    assert_string_equal(fake_text(w(), "status"), "MODIFICATION_APPROVAL_PENDING");
    assert_string_equal(fake_text(w(), "permissions.0"), "vaults.read");
    assert_string_equal(fake_text(w(), "proposedPermissions.0"), "vaults.write");
    board_take(&b);
    assert_int_equal(fake_api(w(), "PUT", path, "{\"permissions\":[]}"), 409);
    board_yes(&b, &b.ann);
    fake_ok(w(), "GET", plain, NULL);
    assert_string_equal(fake_text(w(), "permissions.0"), "vaults.write");
    assert_string_equal(fake_text(w(), "status"), "ENABLED");
    assert_string_equal(fake_text(w(), "proposedPermissions.0"), "");
    (void)snprintf(path, sizeof path, "%s/active", plain);
    fake_ok(w(), "PUT", path, "{\"active\":false}"); /* at once */
    assert_string_equal(fake_text(w(), "status"), "DISABLED");
    fake_ok(w(), "PUT", path, "{\"active\":true}");
    assert_string_equal(fake_text(w(), "status"), "ENABLE_APPROVAL_PENDING");
    assert_false(cs_js_true(w()->reply, "active"));
    board_take(&b);
    board_no(&b, &b.ann);
    fake_ok(w(), "GET", plain, NULL);
    assert_string_equal(fake_text(w(), "status"), "DISABLED");
    fake_ok(w(), "PUT", path, "{\"active\":true}");
    board_take(&b);
    board_yes(&b, &b.ann);
    fake_ok(w(), "GET", plain, NULL);
    assert_true(cs_js_true(w()->reply, "active"));
}

/* ---- users ----------------------------------------------------------------- */

static void an_invitation_opens_nothing_before(void **state)
{
    struct person p;
    char token[80], body[256];

    (void)state;
    board_group(&b, "USER", 1, &b.ann, NULL);
    assert_int_equal(people_invite(w(), &p, "new@example.org", "VIEWER", token), 200);
    assert_string_equal(fake_text(w(), "status"), "CREATION_APPROVAL_PENDING");
    board_take(&b);
    (void)snprintf(body, sizeof body, "{\"token\":\"%s\",\"password\":\"%s\"}", token,
                   p.password);
    assert_int_equal(people_post(w(), "/v2/session/enrol", body), 401);
    board_yes(&b, &b.ann);
    people_enrol(w(), &p, token);
    people_sign_in(w(), &p);
    /* A rejected one leaves the address free. */
    assert_int_equal(people_invite(w(), &p, "other@example.org", "VIEWER", token), 200);
    board_take(&b);
    board_no(&b, &b.ann);
    (void)snprintf(body, sizeof body, "{\"token\":\"%s\",\"password\":\"%s\"}", token,
                   "a long password of other");
    assert_int_equal(people_post(w(), "/v2/session/enrol", body), 401);
    assert_int_equal(people_invite(w(), &p, "other@example.org", "VIEWER", token), 200);
}

static void user_is(const struct person *p, const char *status, const char *role)
{
    char path[80];

    (void)snprintf(path, sizeof path, "/v2/users/%s", p->id);
    fake_ok(w(), "GET", path, NULL);
    assert_string_equal(fake_text(w(), "status"), status);
    assert_string_equal(fake_text(w(), "roles.0"), role);
}

static void roles_and_blocking_wait(void **state)
{
    char path[80];

    (void)state;
    board_group(&b, "USER", 1, &b.ann, NULL);
    (void)snprintf(path, sizeof path, "/v2/users/%s/role", b.paul.id);
    fake_ok(w(), "PUT", path, "{\"roles\":[\"ADMINISTRATOR\"]}");
    board_take(&b);
    user_is(&b.paul, "MODIFICATION_APPROVAL_PENDING", "PROPOSER");
    assert_string_equal(fake_text(w(), "proposedRoles.0"), "ADMINISTRATOR");
    assert_int_equal(fake_api(w(), "PUT", path, "{\"roles\":[\"VIEWER\"]}"), 409);
    /* He goes on with what he has. */
    assert_int_equal(board_call(&b, &b.paul, "GET", "/v2/credentials", NULL), 403);
    board_ok(&b, &b.paul, "GET", "/v2/vaults", NULL);
    board_no(&b, &b.ann);
    user_is(&b.paul, "ACTIVATED", "PROPOSER");
    fake_ok(w(), "PUT", path, "{\"roles\":[\"ADMINISTRATOR\"]}");
    board_take(&b);
    board_yes(&b, &b.ann);
    user_is(&b.paul, "ACTIVATED", "ADMINISTRATOR");
    assert_int_equal(people_call(w(), &b.paul, "GET", "/v2/vaults", NULL), 401);
    assert_int_equal(set_status(&b.paul, "BLOCKED"), 200);
    board_take(&b);
    user_is(&b.paul, "BLOCK_APPROVAL_PENDING", "ADMINISTRATOR");
    people_sign_in(w(), &b.paul);
    board_yes(&b, &b.ann);
    user_is(&b.paul, "BLOCKED", "ADMINISTRATOR");
    assert_int_equal(people_call(w(), &b.paul, "GET", "/v2/vaults", NULL), 401);
    assert_int_equal(set_status(&b.paul, "ACTIVATED"), 200);
    board_take(&b);
    user_is(&b.paul, "UNBLOCK_APPROVAL_PENDING", "ADMINISTRATOR");
    board_yes(&b, &b.ann);
    user_is(&b.paul, "ACTIVATED", "ADMINISTRATOR");
}

/* Else an administrator could become an approver of what he asks for. */
static void resets_of_sign_in_wait(void **state)
{
    char path[80];

    (void)state;
    (void)snprintf(path, sizeof path, "/v2/users/%s/password", b.ann.id);
    board_group(&b, "USER", 1, &b.bob, NULL);
    fake_ok(w(), "POST", path, "{}");
    assert_string_equal(fake_text(w(), "enrolmentToken"), "");
    board_take(&b);
    board_ok(&b, &b.ann, "GET", "/v2/vaults", NULL); /* nothing has happened */
    assert_int_equal(fake_api(w(), "POST", path, "{}"), 409);
    board_yes(&b, &b.bob);
    board_ok(&b, &b.ann, "GET", "/v2/vaults", NULL);
    board_ok(&b, &b.olga, "POST", path, "{}"); /* somebody else's grant */
    assert_string_equal(fake_text(w(), "enrolmentToken"), "");
    board_take(&b);
    board_no(&b, &b.bob);
    fake_ok(w(), "POST", path, "{}");
    assert_int_equal(strlen(fake_text(w(), "enrolmentToken")), 64);
    fake_ok(w(), "POST", path, "{}"); /* once */
    assert_string_equal(fake_text(w(), "enrolmentToken"), "");
    board_take(&b);
    board_yes(&b, &b.bob);
    fake_wait(w(), 3600000);
    if (fake_api(w(), "POST", path, "{}") == 401) { /* the token's hour is over, too */
        board_ok(&b, &b.olga, "POST", path, "{}");
    }
    assert_string_equal(fake_text(w(), "enrolmentToken"), "");
}

/* ---- groups of groups -------------------------------------------------------- */

static void changes_of_groups_are_decided_by_owners(void **state)
{
    char path[80];

    (void)state;
    board_group(&b, "APPROVAL_GROUP", 1, &b.olga, &b.oscar);
    board_group(&b, "DEVICE", 1, &b.ann, NULL);
    assert_int_equal(json_array_size(json_object_get(w()->reply, "approvers")), 0);
    board_take(&b);
    fake_ok(w(), "GET", "/v2/approvers?sourceType=DEVICE", NULL);
    assert_int_equal(json_array_size(json_object_get(w()->reply, "approvalGroups")), 0);
    assert_int_equal(board_vote(&b, &b.ann, "APPROVED"), 403);
    board_yes(&b, &b.olga);
    fake_ok(w(), "GET", "/v2/approvers?sourceType=DEVICE", NULL);
    assert_string_equal(fake_text(w(), "approvalGroups.0.approvers.0"), b.ann.id);
    /* Also of that group itself, and its last ones stay. */
    board_no_group(&b, "APPROVAL_GROUP");
    board_take(&b);
    board_no(&b, &b.olga);
    board_no(&b, &b.oscar);
    board_set_is(&b, "NOT_MET");
    assert_int_equal(set_status(&b.olga, "BLOCKED"), 200);
    assert_int_equal(set_status(&b.oscar, "BLOCKED"), 409);
    (void)snprintf(path, sizeof path, "/v2/users/%s", b.oscar.id);
    assert_int_equal(fake_api(w(), "DELETE", path, NULL), 409);
    fake_refused(w(), 409, "id");
    /* An approver who is no longer one when it is decided: it fails. */
    board_group(&b, "USER", 1, &b.bob, NULL);
    board_take(&b);
    assert_int_equal(set_status(&b.bob, "BLOCKED"), 200);
    board_yes(&b, &b.oscar);
    board_set_is(&b, "FAILED");
}

#define ONE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(a_new_credential_opens_nothing_before),
        ONE(a_rejected_credential_never_works),
        ONE(permissions_and_enabling_wait),
        ONE(an_invitation_opens_nothing_before),
        ONE(roles_and_blocking_wait),
        ONE(resets_of_sign_in_wait),
        ONE(changes_of_groups_are_decided_by_owners),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
