/* Users: invitations, enrolment, roles, resets, and that one owner stays. */
#include "platform/core/core.h"
#include "platform/core/users.h"
#include "support/fake_people.h"

static struct person ada;

static struct fake_platform *begin(void)
{
    struct fake_platform *w = fake_platform_new();

    people_setup(w, &ada);
    people_sign_in(w, &ada);
    return w;
}

static const char *path_of(const struct person *p, const char *end)
{
    static char path[128];

    (void)snprintf(path, sizeof path, "/v2/users/%s%s", p->id, end);
    return path;
}

static int enrol(struct fake_platform *w, const char *token, const char *password)
{
    char body[512];

    (void)snprintf(body, sizeof body, "{\"token\":\"%s\",\"password\":\"%s\"}", token,
                   password);
    return people_post(w, "/v2/session/enrol", body);
}

static int confirm(struct fake_platform *w, const char *token, const char *code)
{
    char body[512];

    (void)snprintf(body, sizeof body, "{\"token\":\"%s\",\"code\":\"%s\"}", token,
                   code);
    return people_post(w, "/v2/session/enrol/confirm", body);
}

static int sign_in(struct fake_platform *w, const struct person *p)
{
    return people_try(w, p->email, p->password, people_code(w, p));
}

/* ---- inviting ---------------------------------------------------------- */

static void an_invitation_has_the_vendors_shape_and_a_token_once(void **state)
{
    static const char *const texts[] = {"id",        "organizationId", "firstName",
                                        "lastName",  "email",          "createdBy",
                                        "createdAt", "updatedBy",      "updatedAt"};
    struct fake_platform *w = begin();
    struct person bob;
    char token[80];

    (void)state;
    assert_int_equal(people_invite(w, &bob, "Bob@Example.org", "VIEWER", token), 200);
    for (size_t i = 0; i < CS_COUNTOF(texts); i++) {
        assert_string_not_equal(fake_text(w, texts[i]), "");
    }
    assert_string_equal(fake_text(w, "email"), "bob@example.org");
    assert_string_equal(fake_text(w, "status"), "INVITED");
    assert_string_equal(fake_text(w, "roles.0"), "VIEWER");
    assert_int_equal(strlen(token), 64);
    assert_null(strstr(w->reply_text, "\"_"));
    fake_ok(w, "GET", path_of(&bob, ""), NULL);
    assert_null(strstr(w->reply_text, token));
    assert_null(strstr(w->reply_text, "enrol"));
    fake_ok(w, "GET", "/v2/users", NULL);
    assert_int_equal(json_array_size(json_object_get(w->reply, "users")), 2);
    fake_ok(w, "GET", "/v2/users?role=VIEWER", NULL);
    assert_string_equal(fake_text(w, "users.0.id"), bob.id);
    assert_int_equal(json_array_size(json_object_get(w->reply, "users")), 1);
    (void)fake_api(w, "GET", "/v2/users?role=KING", NULL);
    fake_refused(w, 400, "role");
    fake_ok(w, "GET", "/v2/users/info", NULL);
    assert_int_equal(
        json_object_size(json_array_get(json_object_get(w->reply, "users"), 0)), 5);
    fake_ok(w, "GET", path_of(&bob, "/info"), NULL);
    assert_int_equal(json_object_size(w->reply), 5);
    fake_ok(w, "GET", path_of(&bob, "/mfa"), NULL);
    assert_int_equal(json_array_size(w->reply), 0);
    fake_platform_free(w);
}

static void bad_invitations_name_their_field(void **state)
{
#define BODY(first, email, roles)                                                      \
    "{\"firstName\":\"" first "\",\"lastName\":\"L\",\"email\":\"" email               \
    "\",\"roles\":" roles "}"
    static const struct {
        const char *body;
        int status;
        const char *field;
    } rows[] = {
        {"{}", 400, "firstName"},
        {BODY("F\\u0007", "b@x", "[\"VIEWER\"]"), 400, "firstName"},
        {BODY("F", "", "[\"VIEWER\"]"), 400, "email"},
        {BODY("F", "@x", "[\"VIEWER\"]"), 400, "email"},
        {BODY("F", "b@", "[\"VIEWER\"]"), 400, "email"},
        {BODY("F", "b@x\\u202e", "[\"VIEWER\"]"), 400, "email"},
        {BODY("F", "<b@x>", "[\"VIEWER\"]"), 400, "email"},
        {BODY("F", "b@x", "[]"), 400, "roles"},
        {BODY("F", "b@x", "\"VIEWER\""), 400, "roles"},
        {BODY("F", "b@x", "[\"KING\"]"), 400, "roles"},
        {BODY("F", "b@x", "[1]"), 400, "roles"},
        {BODY("F", "b@x", "[\"VIEWER\",\"VIEWER\"]"), 400, "roles"},
        {BODY("F", "ADA@example.org", "[\"VIEWER\"]"), 409, "email"},
    };
#undef BODY
    struct fake_platform *w = begin();
    size_t n = cs_kv_mem_count(w->kv);

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        (void)fake_api(w, "POST", "/v2/users", rows[i].body);
        fake_refused(w, rows[i].status, rows[i].field);
    }
    assert_int_equal(cs_kv_mem_count(w->kv), n + 1); /* the audit log has the 409 */
    fake_platform_free(w);
}

static void users_are_bounded(void **state)
{
    struct fake_platform *w = begin();
    char body[256];

    (void)state;
    w->limits.max_users = 3;
    fake_restart(w);
    for (int i = 0; i < 3; i++) {
        (void)snprintf(body, sizeof body,
                       "{\"firstName\":\"F\",\"lastName\":\"L\",\"email\":\"u%d@x\","
                       "\"roles\":[\"VIEWER\"]}",
                       i);
        assert_int_equal(people_call(w, &ada, "POST", "/v2/users", body),
                         i < 2 ? 200 : 429);
    }
    fake_platform_free(w);
}

/* ---- enrolling --------------------------------------------------------- */

static void nobody_signs_in_before_the_first_code_was_right(void **state)
{
    struct fake_platform *w = begin();
    struct person bob;
    char token[80];

    (void)state;
    assert_int_equal(people_invite(w, &bob, "bob@example.org", "VIEWER", token), 200);
    assert_int_equal(confirm(w, token, "000000"), 409);
    assert_int_equal(enrol(w, token, "too short"), 400);
    fake_refused(w, 400, "password");
    assert_int_equal(enrol(w, token, "bob@example.org"), 400);
    assert_int_equal(enrol(w, token, bob.password), 200);
    people_take_factors(w, &bob);
    assert_non_null(
        strstr(fake_text(w, "totp.otpauthUrl"), "otpauth://totp/CloudSign:"));
    assert_non_null(
        strstr(fake_text(w, "totp.otpauthUrl"), fake_text(w, "totp.secret")));
    assert_int_equal(sign_in(w, &bob), 401);
    assert_int_equal(confirm(w, token, "000000"), 401);
    fake_refused(w, 401, "code");
    assert_int_equal(confirm(w, token, bob.recovery[0]), 401); /* not one of those */
    fake_restart(w); /* what was answered is there */
    assert_int_equal(confirm(w, token, people_code(w, &bob)), 200);
    assert_string_equal(fake_text(w, "user.status"), "ACTIVATED");
    assert_int_equal(sign_in(w, &bob), 200);
    assert_int_equal(enrol(w, token, bob.password), 401); /* the token is used up */
    fake_refused(w, 401, "token");
    assert_int_equal(confirm(w, token, people_code(w, &bob)), 401);
    fake_platform_free(w);
}

static void enrolling_again_takes_the_place_of_the_first_try(void **state)
{
    struct fake_platform *w = begin();
    struct person bob, old;
    char token[80];

    (void)state;
    assert_int_equal(people_invite(w, &bob, "bob@example.org", "VIEWER", token), 200);
    assert_int_equal(enrol(w, token, "the first of two"), 200);
    old = bob;
    people_take_factors(w, &old);
    assert_int_equal(enrol(w, token, bob.password), 200);
    people_take_factors(w, &bob);
    assert_int_equal(confirm(w, token, people_code(w, &old)), 401);
    assert_int_equal(confirm(w, token, people_code(w, &bob)), 200);
    assert_int_equal(people_try(w, bob.email, "the first of two", people_code(w, &bob)),
                     401);
    assert_int_equal(people_try(w, bob.email, bob.password, old.recovery[0]), 401);
    assert_int_equal(people_try(w, bob.email, bob.password, bob.recovery[0]), 200);
    fake_platform_free(w);
}

static void invitations_end_and_bad_tokens_are_limited(void **state)
{
    struct fake_platform *w = begin();
    struct person bob;
    char token[80], other[80];
    int last = 0;

    (void)state;
    assert_int_equal(people_invite(w, &bob, "bob@example.org", "VIEWER", token), 200);
    (void)snprintf(other, sizeof other, "%s", token);
    other[10] = other[10] == '0' ? '1' : '0';
    assert_int_equal(enrol(w, other, bob.password), 401);
    assert_int_equal(enrol(w, "", bob.password), 400);
    w->now += CS_USER_ENROL_S * UINT64_C(1000);
    w->wall += CS_USER_ENROL_S * INT64_C(1000);
    assert_int_equal(enrol(w, token, bob.password), 401);
    for (int i = 0; i < 40; i++) {
        last = enrol(w, other, bob.password);
    }
    assert_int_equal(last, 429);
    fake_platform_free(w);
}

/* The world changes while the worker computes. */
static void a_token_that_ends_meanwhile_is_refused(void **state)
{
    struct fake_platform *w = begin();
    struct person bob;
    char token[80], body[256];

    (void)state;
    assert_int_equal(people_invite(w, &bob, "bob@example.org", "VIEWER", token), 200);
    (void)snprintf(body, sizeof body, "{\"token\":\"%s\",\"password\":\"%s\"}", token,
                   bob.password);
    w->hold_jobs = true;
    assert_int_equal(fake_http(w, (struct fake_http){.method = "POST",
                                                     .path = "/v2/session/enrol",
                                                     .body = body,
                                                     .may_wait = true}),
                     0);
    w->late_ids = true;
    w->held_id = w->http_id;
    fake_ok(w, "DELETE", path_of(&bob, ""), NULL);
    fake_job(w);
    fake_refused(w, 401, "token");
    fake_platform_free(w);
}

static void a_user_who_is_blocked_meanwhile_gets_no_session(void **state)
{
    struct fake_platform *w = begin();
    struct person bob;
    char body[256];

    (void)state;
    people_join(w, &bob, "bob@example.org", "VIEWER");
    (void)snprintf(body, sizeof body,
                   "{\"email\":\"%s\",\"password\":\"%s\",\"code\":\"%s\"}", bob.email,
                   bob.password, people_code(w, &bob));
    w->hold_jobs = true;
    assert_int_equal(fake_http(w, (struct fake_http){.method = "POST",
                                                     .path = "/v2/session",
                                                     .body = body,
                                                     .may_wait = true}),
                     0);
    w->late_ids = true;
    w->held_id = w->http_id;
    fake_ok(w, "PUT", path_of(&bob, "/status"), "{\"status\":\"BLOCKED\"}");
    fake_job(w);
    assert_int_equal(w->status, 401);
    fake_platform_free(w);
}

/* ---- roles ------------------------------------------------------------- */

static void nobody_gives_a_role_higher_than_their_own(void **state)
{
    struct fake_platform *w = begin();
    struct person admin, bob;
    char id[40], secret[80];

    (void)state;
    people_join(w, &admin, "adm@example.org", "ADMINISTRATOR");
    people_join(w, &bob, "bob@example.org", "VIEWER");
    (void)people_call(w, &admin, "POST", "/v2/users",
                      "{\"firstName\":\"F\",\"lastName\":\"L\",\"email\":\"x@y\","
                      "\"roles\":[\"VIEWER\",\"OWNER\"]}");
    fake_refused(w, 403, "roles");
    (void)people_call(w, &admin, "PUT", path_of(&bob, "/role"),
                      "{\"roles\":[\"OWNER\"]}");
    fake_refused(w, 403, "roles");
    assert_int_equal(people_call(w, &admin, "PUT", path_of(&bob, "/role"),
                                 "{\"roles\":[\"ADMINISTRATOR\",\"AUDITOR\"]}"),
                     200);
    /* A credential gives what its words cover. */
    assert_int_equal(
        fake_credential_new(w, "\"users.manage\",\"organization.read\"", ""), 200);
    (void)snprintf(id, sizeof id, "%s", fake_text(w, "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(w, "clientSecret"));
    fake_login(w, id, secret);
    (void)fake_api(w, "POST", "/v2/users",
                   "{\"firstName\":\"F\",\"lastName\":\"L\",\"email\":\"x@y\","
                   "\"roles\":[\"VIEWER\"]}");
    fake_refused(w, 403, "roles");
    fake_platform_free(w);
}

/* Whoever is more is not touched by who is less. */
static void owners_are_changed_by_owners_only(void **state)
{
    static const char *const rows[][3] = {
        {"PUT", "", "{\"firstName\":\"F\",\"lastName\":\"L\"}"},
        {"PUT", "/role", "{\"roles\":[\"VIEWER\"]}"},
        {"PUT", "/status", "{\"status\":\"BLOCKED\"}"},
        {"POST", "/password", "{}"},
        {"DELETE", "/mfa", NULL},
        {"DELETE", "", NULL}};
    struct fake_platform *w = begin();
    struct person admin;

    (void)state;
    people_join(w, &admin, "adm@example.org", "ADMINISTRATOR");
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        (void)people_call(w, &admin, rows[i][0], path_of(&ada, rows[i][1]), rows[i][2]);
        fake_refused(w, 403, "roles");
    }
    assert_int_equal(people_call(w, &ada, "GET", "/v2/session", NULL), 200);
    fake_platform_free(w);
}

static void nobody_changes_their_own_rights(void **state)
{
    static const char *const rows[][3] = {
        {"PUT", "/role", "{\"roles\":[\"OWNER\",\"VIEWER\"]}"},
        {"PUT", "/status", "{\"status\":\"BLOCKED\"}"},
        {"POST", "/password", "{}"},
        {"DELETE", "/mfa", NULL},
        {"DELETE", "", NULL}};
    struct fake_platform *w = begin();

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        (void)people_call(w, &ada, rows[i][0], path_of(&ada, rows[i][1]), rows[i][2]);
        fake_refused(w, 409, "id");
    }
    assert_int_equal(people_call(w, &ada, "PUT", path_of(&ada, ""),
                                 "{\"firstName\":\"Ada\",\"lastName\":\"L\"}"),
                     200); /* but a name */
    fake_platform_free(w);
}

/* Tried with the first credential, which is nobody's. */
static void the_last_owner_stays(void **state)
{
    struct fake_platform *w = begin();
    struct person bob;

    (void)state;
    people_join(w, &bob, "bob@example.org", "ADMINISTRATOR");
    for (int round = 0; round < 2; round++) {
        (void)fake_api(w, "PUT", path_of(&ada, "/role"), "{\"roles\":[\"VIEWER\"]}");
        fake_refused(w, 409, "id");
        (void)fake_api(w, "PUT", path_of(&ada, "/status"), "{\"status\":\"BLOCKED\"}");
        fake_refused(w, 409, "id");
        (void)fake_api(w, "DELETE", path_of(&ada, ""), NULL);
        fake_refused(w, 409, "id");
        /* An owner who is blocked, or has not enrolled, is none. */
        fake_ok(w, "PUT", path_of(&bob, "/role"), "{\"roles\":[\"OWNER\"]}");
        fake_ok(w, "PUT", path_of(&bob, "/status"), "{\"status\":\"BLOCKED\"}");
    }
    fake_ok(w, "PUT", path_of(&bob, "/status"), "{\"status\":\"ACTIVATED\"}");
    fake_ok(w, "PUT", path_of(&ada, "/role"), "{\"roles\":[\"VIEWER\"]}");
    (void)fake_api(w, "DELETE", path_of(&bob, ""), NULL);
    fake_refused(w, 409, "id");
    fake_ok(w, "DELETE", path_of(&ada, ""), NULL);
    fake_platform_free(w);
}

/* ---- what ends sessions ------------------------------------------------ */

static void sessions_end_with_rights_and_status(void **state)
{
    struct fake_platform *w = begin();
    struct person bob;

    (void)state;
    people_join(w, &bob, "bob@example.org", "VIEWER");
    fake_ok(w, "PUT", path_of(&bob, "/role"), "{\"roles\":[\"PROPOSER\"]}");
    assert_int_equal(people_call(w, &bob, "GET", "/v2/session", NULL), 401);
    people_sign_in(w, &bob);
    assert_int_equal(people_call(w, &bob, "POST", "/v2/vaults", "{\"name\":\"v\"}"),
                     200);
    fake_ok(w, "PUT", path_of(&bob, "/status"),
            "{\"status\":\"BLOCKED\",\"reason\":\"on leave\"}");
    assert_string_equal(fake_text(w, "blockedReason"), "on leave");
    assert_int_equal(people_call(w, &bob, "GET", "/v2/session", NULL), 401);
    assert_int_equal(sign_in(w, &bob), 401);
    fake_ok(w, "PUT", path_of(&bob, "/status"), "{\"status\":\"ACTIVATED\"}");
    assert_string_equal(fake_text(w, "blockedReason"), "");
    assert_int_equal(people_call(w, &bob, "GET", "/v2/session", NULL), 401);
    people_sign_in(w, &bob);
    fake_ok(w, "DELETE", path_of(&bob, ""), NULL);
    assert_int_equal(people_call(w, &bob, "GET", "/v2/session", NULL), 401);
    assert_int_equal(sign_in(w, &bob), 401);
    assert_int_equal(fake_api(w, "GET", path_of(&bob, ""), NULL), 404);
    fake_ok(w, "GET", "/v2/users", NULL);
    assert_int_equal(json_array_size(json_object_get(w->reply, "users")), 1);
    people_join(w, &bob, "bob@example.org", "VIEWER"); /* the address is free again */
    fake_platform_free(w);
}

static void bad_statuses_are_refused(void **state)
{
    struct fake_platform *w = begin();
    struct person bob;
    char token[80];

    (void)state;
    assert_int_equal(people_invite(w, &bob, "bob@example.org", "VIEWER", token), 200);
    (void)fake_api(w, "PUT", path_of(&bob, "/status"), "{\"status\":\"DELETED\"}");
    fake_refused(w, 400, "status");
    (void)fake_api(w, "PUT", path_of(&bob, "/status"), "{\"status\":\"ACTIVATED\"}");
    fake_refused(w, 409, "status");
    fake_ok(w, "PUT", path_of(&bob, "/status"), "{\"status\":\"BLOCKED\"}");
    assert_int_equal(enrol(w, token, bob.password), 401); /* ended with it */
    (void)fake_api(w, "POST", path_of(&bob, "/password"), "{}");
    fake_refused(w, 409, "status");
    fake_ok(w, "PUT", path_of(&bob, "/status"), "{\"status\":\"ACTIVATED\"}");
    assert_string_equal(fake_text(w, "status"), "INVITED");
    assert_int_equal(enrol(w, token, bob.password), 401);
    fake_platform_free(w);
}

/* ---- resets ------------------------------------------------------------ */

static void a_reset_of_the_code_needs_the_password(void **state)
{
    struct fake_platform *w = begin();
    struct person bob, old;
    char token[80];

    (void)state;
    people_join(w, &bob, "bob@example.org", "VIEWER");
    old = bob;
    fake_ok(w, "DELETE", path_of(&bob, "/mfa"), NULL);
    (void)snprintf(token, sizeof token, "%s", fake_text(w, "enrolmentToken"));
    assert_int_equal(strlen(token), 64);
    assert_int_equal(people_call(w, &bob, "GET", "/v2/session", NULL), 401);
    assert_int_equal(sign_in(w, &old), 401);
    assert_int_equal(people_try(w, bob.email, bob.password, old.recovery[0]), 401);
    assert_int_equal(enrol(w, token, "another password"), 401);
    fake_refused(w, 401, "password");
    people_enrol(w, &bob, token);
    assert_int_equal(sign_in(w, &old), 401);
    people_sign_in(w, &bob);
    fake_platform_free(w);
}

static void a_reset_of_the_password_takes_the_code_with_it(void **state)
{
    struct fake_platform *w = begin();
    struct person bob, old;
    char token[80], first[80];

    (void)state;
    people_join(w, &bob, "bob@example.org", "VIEWER");
    old = bob;
    fake_ok(w, "POST", path_of(&bob, "/password"), "{}");
    (void)snprintf(first, sizeof first, "%s", fake_text(w, "enrolmentToken"));
    assert_string_not_equal(fake_text(w, "enrolmentExpiresAt"), "");
    fake_ok(w, "POST", path_of(&bob, "/password"), "{}");
    (void)snprintf(token, sizeof token, "%s", fake_text(w, "enrolmentToken"));
    assert_int_equal(sign_in(w, &old), 401);
    assert_int_equal(enrol(w, first, bob.password), 401); /* a new one ends the old */
    (void)snprintf(bob.password, sizeof bob.password, "quite another one");
    people_enrol(w, &bob, token);
    assert_int_equal(sign_in(w, &old), 401);
    people_sign_in(w, &bob);
    fake_platform_free(w);
}

/* Set up as programs do it: the credential lets its owner into the console. */
static void an_owner_without_a_password_gets_one_by_a_reset(void **state)
{
    struct fake_platform *w = fake_platform_new();
    struct person owner = {.email = "a@example.org", .password = "one for the console"};
    char id[40], secret[80], token[80];

    (void)state;
    fake_setup(w, id, secret);
    fake_ok(w, "GET", "/v2/users", NULL);
    (void)snprintf(owner.id, sizeof owner.id, "%s", fake_text(w, "users.0.id"));
    assert_int_equal(people_try(w, owner.email, owner.password, "000000"), 401);
    fake_ok(w, "POST", path_of(&owner, "/password"), "{}");
    (void)snprintf(token, sizeof token, "%s", fake_text(w, "enrolmentToken"));
    people_enrol(w, &owner, token);
    people_sign_in(w, &owner);
    assert_string_equal(fake_text(w, "roles.0"), "OWNER");
    (void)fake_api(w, "DELETE", path_of(&owner, ""), NULL);
    fake_refused(w, 409, "id"); /* the last one, all the time */
    fake_platform_free(w);
}

/* ---- stores of before -------------------------------------------------- */

static void forget(struct cs_db *db, uint8_t table, const void *key, size_t n)
{
    assert_int_equal(cs_db_del(db, table, CS_SPAN(key, n)), CS_OK);
}

/* Takes out what such a store does not have: indexes of users, counts, addresses. */
static void make_old(struct fake_platform *w)
{
    static const uint8_t kinds[] = {CS_IX_USERS, CS_IX_OWNERS};
    struct cs_db *db = cs_db_new(w->kv);
    struct cs_kv_batch *batch = NULL;

    assert_non_null(db);
    for (size_t i = 0; i < sizeof kinds; i++) {
        for (uint8_t table = CS_PC_INDEX; table <= CS_PC_COUNT; table++) {
            struct cs_wr key = {0}, value = {0};

            assert_int_equal(
                cs_db_next(db, table, CS_SPAN(&kinds[i], 1), false, &key, &value),
                CS_OK);
            assert_int_equal(key.p[0], kinds[i]);
            forget(db, table, key.p, key.n);
            cs_wr_free(&key);
            cs_wr_free(&value);
        }
    }
    assert_int_equal(cs_db_take_batch(db, &batch), CS_OK);
    assert_int_equal(w->kv->ops->commit(w->kv, batch), CS_OK);
    cs_kv_batch_free(batch);
    cs_db_free(db);
}

static void the_owner_of_an_old_store_is_found_again(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    make_old(w);
    fake_restart(w);
    assert_int_equal(people_call(w, &ada, "GET", "/v2/users", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(w->reply, "users")), 1);
    people_sign_in(w, &ada);
    fake_restart(w); /* once is enough */
    assert_int_equal(people_call(w, &ada, "GET", "/v2/users", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(w->reply, "users")), 1);
    fake_platform_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_invitation_has_the_vendors_shape_and_a_token_once),
        cmocka_unit_test(bad_invitations_name_their_field),
        cmocka_unit_test(users_are_bounded),
        cmocka_unit_test(nobody_signs_in_before_the_first_code_was_right),
        cmocka_unit_test(enrolling_again_takes_the_place_of_the_first_try),
        cmocka_unit_test(invitations_end_and_bad_tokens_are_limited),
        cmocka_unit_test(a_token_that_ends_meanwhile_is_refused),
        cmocka_unit_test(a_user_who_is_blocked_meanwhile_gets_no_session),
        cmocka_unit_test(nobody_gives_a_role_higher_than_their_own),
        cmocka_unit_test(owners_are_changed_by_owners_only),
        cmocka_unit_test(nobody_changes_their_own_rights),
        cmocka_unit_test(the_last_owner_stays),
        cmocka_unit_test(sessions_end_with_rights_and_status),
        cmocka_unit_test(bad_statuses_are_refused),
        cmocka_unit_test(a_reset_of_the_code_needs_the_password),
        cmocka_unit_test(a_reset_of_the_password_takes_the_code_with_it),
        cmocka_unit_test(an_owner_without_a_password_gets_one_by_a_reset),
        cmocka_unit_test(the_owner_of_an_old_store_is_found_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
