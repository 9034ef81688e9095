/* REST: setup, tokens, credentials, the permission matrix. */
#include "platform/core/api.h"
#include "support/fake_device.h"

static char client[40], secret[80];

static struct fake_platform *begin(void)
{
    struct fake_platform *w = fake_platform_new();

    fake_setup(w, client, secret);
    return w;
}

static int setup_with(struct fake_platform *w, const char *token)
{
    char body[512];

    (void)snprintf(body, sizeof body,
                   "{\"setupToken\":\"%s\",\"organizationName\":\"Acme\",\"firstName\":"
                   "\"Ada\",\"lastName\":\"Admin\",\"email\":\"a@example.org\"}",
                   token);
    return fake_http(
        w, (struct fake_http){.method = "POST", .path = "/v2/setup", .body = body});
}

/* ---- setup ------------------------------------------------------------- */

static void the_setup_token_works_exactly_once(void **state)
{
    struct fake_platform *w = fake_platform_new();
    char token[65];

    (void)state;
    (void)snprintf(token, sizeof token, "%s", w->setup_token);
    assert_int_equal(strlen(token), 64);
    assert_int_equal(
        setup_with(w,
                   "0000000000000000000000000000000000000000000000000000000000000000"),
        401);
    fake_refused(w, 401, "setupToken");
    assert_int_equal(setup_with(w, ""), 400);
    fake_setup(w, client, secret);
    assert_int_equal(strlen(secret), 64);
    assert_int_equal(setup_with(w, token), 409);
    fake_refused(w, 409, "setupToken");
    w->setup_token[0] = '\0';
    fake_restart(w);
    assert_string_equal(w->setup_token, ""); /* none is made any more */
    assert_int_equal(setup_with(w, token), 409);
    fake_platform_free(w);
}

static void each_start_makes_a_new_setup_token_until_one_is_used(void **state)
{
    struct fake_platform *w = fake_platform_new();
    char old[65];

    (void)state;
    (void)snprintf(old, sizeof old, "%s", w->setup_token);
    fake_restart(w);
    assert_string_not_equal(w->setup_token, old);
    assert_int_equal(setup_with(w, old), 401);
    fake_setup(w, client, secret);
    fake_platform_free(w);
}

static void setup_is_limited_per_address(void **state)
{
    struct fake_platform *w = fake_platform_new();
    int last = 0;

    (void)state;
    for (int i = 0; i < 8; i++) {
        last = setup_with(w, "ff");
    }
    assert_int_equal(last, 429);
    w->remote = "192.0.2.99";
    assert_int_equal(setup_with(w, "ff"), 401);
    fake_platform_free(w);
}

/* Addresses that one customer has many of are one. */
static void limits_count_a_whole_ipv6_network(void **state)
{
    static const char *const same[] = {
        "2001:db8:0:7::1",     "2001:db8:0:7:1:2:3:4", "2001:DB8::7:0:0:0:9",
        "2001:db8:0:7:ffff::", "2001:db8:0:7::3",      "2001:db8::7:ffff:1:2:3"};
    static const char *const others[] = {
        "2001:db8:0:8::1", "2001:db8:7::1",    "::1",
        "fe80::1",         "::ffff:192.0.2.5", "192.0.2.6"};
    struct fake_platform *w = fake_platform_new();

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(same); i++) {
        w->remote = same[i];
        assert_int_equal(setup_with(w, "ff"), i < 5 ? 401 : 429);
    }
    for (size_t i = 0; i < CS_COUNTOF(others); i++) {
        w->remote = others[i];
        assert_int_equal(setup_with(w, "ff"), 401);
    }
    for (int i = 0; i < 5; i++) { /* the same host however it is written */
        w->remote = i % 2 == 0 ? "192.0.2.5" : "::ffff:192.0.2.5";
        assert_int_equal(setup_with(w, "ff"), i < 4 ? 401 : 429);
    }
    fake_platform_free(w);
}

static void setup_names_bad_fields(void **state)
{
    static const char *const bodies[][2] = {
        {"{}", "setupToken"},
        {"{\"setupToken\":\"x\"}", "organizationName"},
        {"{\"setupToken\":\"x\",\"organizationName\":\"o\"}", "email"},
        {"{\"setupToken\":\"x\",\"organizationName\":\"o\",\"email\":\"e@x\"}",
         "firstName"},
        {"{\"setupToken\":\"x\",\"organizationName\":\"o\",\"email\":\"e@x\","
         "\"firstName\":\"f\"}",
         "lastName"},
        {"{\"setupToken\":\"x\",\"organizationName\":\"o\",\"email\":\"nobody\","
         "\"firstName\":\"f\",\"lastName\":\"l\"}",
         "email"}};
    struct fake_platform *w = fake_platform_new();

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bodies); i++) {
        (void)fake_http(w, (struct fake_http){.method = "POST",
                                              .path = "/v2/setup",
                                              .body = bodies[i][0]});
        fake_refused(w, 400, bodies[i][1]);
    }
    fake_platform_free(w);
}

static void the_organisation_has_the_vendors_shape(void **state)
{
    static const char *const texts[] = {"id",        "name",      "createdBy",
                                        "createdAt", "updatedBy", "updatedAt"};
    struct fake_platform *w = begin();

    (void)state;
    fake_ok(w, "GET", "/v2/organizations", NULL);
    for (size_t i = 0; i < CS_COUNTOF(texts); i++) {
        assert_string_not_equal(fake_text(w, texts[i]), "");
    }
    assert_string_equal(fake_text(w, "settings.organizationType"), "NON_CUSTODIAL");
    assert_string_equal(fake_text(w, "settings.enabledKeystores.0"), "MPC");
    assert_non_null(json_object_get(json_object_get(w->reply, "address"), "city"));
    fake_platform_free(w);
}

/* ---- tokens ------------------------------------------------------------ */

static int token_with(struct fake_platform *w, const char *id, const char *s)
{
    char body[256];

    (void)snprintf(body, sizeof body, "{\"clientId\":\"%s\",\"clientSecret\":\"%s\"}",
                   id, s);
    return fake_http(w, (struct fake_http){.method = "POST",
                                           .path = "/v2/credentials/oauth/token",
                                           .body = body});
}

static void tokens_have_scope_type_and_end(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    assert_int_equal(token_with(w, client, secret), 200);
    assert_int_equal(strlen(fake_text(w, "accessToken")), 64);
    assert_string_equal(fake_text(w, "tokenType"), "Bearer");
    assert_string_equal(fake_text(w, "scope"), "*");
    assert_int_equal(json_integer_value(json_object_get(w->reply, "expiresIn")), 3600);
    fake_ok(w, "GET", "/v2/organizations", NULL);
    fake_wait(w, 3600001);
    assert_int_equal(fake_api(w, "GET", "/v2/organizations", NULL), 401);
    fake_platform_free(w);
}

static void wrong_secrets_get_one_answer_and_are_limited(void **state)
{
    struct fake_platform *w = begin();
    char first[256];
    int last = 0;

    (void)state;
    assert_int_equal(token_with(w, client, "wrong"), 401);
    (void)snprintf(first, sizeof first, "%s", fake_text(w, "message"));
    assert_int_equal(token_with(w, "nobody", "wrong"), 401);
    assert_string_equal(fake_text(w, "message"), first); /* does not tell which */
    for (int i = 0; i < 20; i++) {
        last = token_with(w, client, "wrong");
    }
    assert_int_equal(last, 429);
    /* Who has the secret is not locked out by who has not. */
    assert_int_equal(token_with(w, client, secret), 200);
    w->remote = "198.51.100.9";
    assert_int_equal(token_with(w, client, "wrong"), 429);
    assert_int_equal(token_with(w, client, secret), 200);
    fake_platform_free(w);
}

static void bad_authorizations_are_refused(void **state)
{
    static const char *const bad[] = {
        "", "Bearer", "Bearer x", "Basic abc",
        "Bearer 0000000000000000000000000000000000000000000000000000000000000000"};
    struct fake_platform *w = begin();

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        (void)fake_http(w, (struct fake_http){.method = "GET",
                                              .path = "/v2/devices",
                                              .authorization = bad[i]});
        fake_refused(w, 401, "Authorization");
        assert_int_equal(json_integer_value(json_object_get(w->reply, "code")), 16);
    }
    for (int i = 0; i < 120; i++) {
        (void)fake_http(w, (struct fake_http){.method = "GET", .path = "/v2/devices"});
    }
    assert_int_equal(w->status, 429);
    fake_ok(w, "GET", "/v2/devices", NULL); /* a good token from there still works */
    fake_platform_free(w);
}

static void tokens_of_one_credential_are_bounded(void **state)
{
    struct fake_platform *w = begin();
    struct cs_platform_stats stats;
    char first[80];

    (void)state;
    (void)snprintf(first, sizeof first, "%s", w->token);
    for (int i = 0; i < 260; i++) {
        fake_wait(w, 200);
        assert_int_equal(token_with(w, client, secret), 200);
    }
    cs_platform_core_stats(w->core, &stats);
    assert_true(stats.tokens <= 200);
    assert_int_equal(fake_http(w, (struct fake_http){.method = "GET",
                                                     .path = "/v2/devices",
                                                     .authorization = first}),
                     401); /* the oldest had to go */
    fake_platform_free(w);
}

/* ---- credentials ------------------------------------------------------- */

static void a_credential_shows_its_secret_once(void **state)
{
    struct fake_platform *w = begin();
    char path[128], id[40], own[80], cid[40];

    (void)state;
    assert_int_equal(fake_credential_new(w, "\"devices.read\"", ""), 200);
    (void)snprintf(own, sizeof own, "%s", fake_text(w, "clientSecret"));
    (void)snprintf(cid, sizeof cid, "%s", fake_text(w, "clientId"));
    (void)snprintf(id, sizeof id, "%s", fake_text(w, "id"));
    assert_int_equal(strlen(own), 64);
    assert_string_equal(fake_text(w, "status"), "ENABLED");
    (void)snprintf(path, sizeof path, "/v2/credentials/%s", id);
    fake_ok(w, "GET", path, NULL);
    assert_string_equal(fake_text(w, "clientSecret"), "");
    assert_null(strstr(w->reply_text, "hash"));
    fake_ok(w, "GET", "/v2/credentials", NULL);
    assert_int_equal(json_array_size(w->reply), 2);
    assert_null(strstr(w->reply_text, own));
    fake_login(w, cid, own);
    fake_ok(w, "GET", "/v2/devices", NULL);
    (void)fake_api(w, "POST", "/v2/devices", "{}");
    fake_refused(w, 403, "permissions");
    assert_non_null(strstr(fake_text(w, "message"), "devices.create"));
    fake_platform_free(w);
}

static void nobody_gives_what_it_does_not_have(void **state)
{
    struct fake_platform *w = begin();
    char cid[40], own[80], id[40], path[128];

    (void)state;
    fake_ok(w, "GET", "/v2/credentials", NULL);
    (void)snprintf(id, sizeof id, "%s", fake_text(w, "0.id")); /* the owner's */
    assert_int_equal(
        fake_credential_new(
            w, "\"credentials.manage\",\"credentials.read\",\"devices.read\"", ""),
        200);
    (void)snprintf(cid, sizeof cid, "%s", fake_text(w, "clientId"));
    (void)snprintf(own, sizeof own, "%s", fake_text(w, "clientSecret"));
    fake_login(w, cid, own);
    (void)fake_credential_new(w, "\"devices.approve\"", "");
    fake_refused(w, 403, "permissions");
    (void)fake_credential_new(w, "\"*\"", "");
    fake_refused(w, 403, "permissions");
    assert_int_equal(fake_credential_new(w, "\"devices.read\"", ""), 200);
    (void)snprintf(path, sizeof path, "/v2/credentials/%s/active", id);
    (void)fake_api(w, "PUT", path, "{\"active\":false}");
    fake_refused(w, 403, "permissions");
    (void)snprintf(path, sizeof path, "/v2/credentials/%s", id);
    (void)fake_api(w, "DELETE", path, NULL);
    fake_refused(w, 403, "permissions");
    fake_platform_free(w);
}

/* The same for the permissions of a credential that exists. */
static void permissions_are_changed_within_ones_own(void **state)
{
    struct fake_platform *w = begin();
    char cid[40], own[80], owner_id[40], path[128], theirs[128];

    (void)state;
    fake_ok(w, "GET", "/v2/credentials", NULL);
    (void)snprintf(owner_id, sizeof owner_id, "%s", fake_text(w, "0.id"));
    assert_int_equal(fake_credential_new(w, "\"devices.read\"", ""), 200);
    (void)snprintf(theirs, sizeof theirs, "/v2/credentials/%s/permissions",
                   fake_text(w, "id"));
    assert_int_equal(
        fake_credential_new(w, "\"credentials.manage\",\"devices.read\"", ""), 200);
    (void)snprintf(cid, sizeof cid, "%s", fake_text(w, "clientId"));
    (void)snprintf(own, sizeof own, "%s", fake_text(w, "clientSecret"));
    fake_login(w, cid, own);
    (void)fake_api(w, "PUT", theirs, "{\"permissions\":[\"devices.approve\"]}");
    fake_refused(w, 403, "permissions");
    (void)fake_api(w, "PUT", theirs, "{\"permissions\":[\"fly\"]}");
    fake_refused(w, 400, "permissions");
    (void)fake_api(w, "PUT", theirs, "{}");
    fake_refused(w, 400, "permissions");
    fake_ok(w, "PUT", theirs, "{\"permissions\":[\"credentials.manage\"]}");
    assert_string_equal(fake_text(w, "permissions.0"), "credentials.manage");
    (void)snprintf(path, sizeof path, "/v2/credentials/%s/permissions", owner_id);
    (void)fake_api(w, "PUT", path, "{\"permissions\":[]}");
    fake_refused(w, 403, "permissions");
    (void)snprintf(path, sizeof path, "/v2/credentials/%s/active", owner_id);
    (void)fake_api(w, "PUT", path, "{}");
    fake_refused(w, 400, "active");
    assert_int_equal(fake_api(w, "PUT",
                              "/v2/credentials/00000000-0000-4000-8000-000000000000/"
                              "permissions",
                              "{\"permissions\":[]}"),
                     404);
    fake_platform_free(w);
}

static void switching_off_and_deleting_end_the_tokens(void **state)
{
    struct fake_platform *w = begin();
    char owner[80], cid[40], own[80], id[40], path[128];

    (void)state;
    (void)snprintf(owner, sizeof owner, "%s", w->token);
    assert_int_equal(fake_credential_new(w, "\"devices.read\"", ""), 200);
    (void)snprintf(cid, sizeof cid, "%s", fake_text(w, "clientId"));
    (void)snprintf(own, sizeof own, "%s", fake_text(w, "clientSecret"));
    (void)snprintf(id, sizeof id, "%s", fake_text(w, "id"));
    fake_login(w, cid, own);
    (void)snprintf(path, sizeof path, "/v2/credentials/%s/active", id);
    {
        char theirs[80];

        (void)snprintf(theirs, sizeof theirs, "%s", w->token);
        (void)snprintf(w->token, sizeof w->token, "%s", owner);
        fake_ok(w, "PUT", path, "{\"active\":false}");
        assert_string_equal(fake_text(w, "status"), "DISABLED");
        (void)snprintf(w->token, sizeof w->token, "%s", theirs);
        assert_int_equal(fake_api(w, "GET", "/v2/devices", NULL), 401);
    }
    assert_int_equal(token_with(w, cid, own), 403);
    (void)snprintf(w->token, sizeof w->token, "%s", owner);
    fake_ok(w, "PUT", path, "{\"active\":true}");
    (void)snprintf(path, sizeof path, "/v2/credentials/%s", id);
    fake_ok(w, "DELETE", path, NULL);
    assert_int_equal(fake_api(w, "GET", path, NULL), 404);
    assert_int_equal(token_with(w, cid, own), 401);
    fake_platform_free(w);
}

static void a_credential_cannot_lock_itself_out(void **state)
{
    struct fake_platform *w = begin();
    char id[40], path[128];

    (void)state;
    fake_ok(w, "GET", "/v2/credentials", NULL);
    (void)snprintf(id, sizeof id, "%s", fake_text(w, "0.id"));
    (void)snprintf(path, sizeof path, "/v2/credentials/%s", id);
    assert_int_equal(fake_api(w, "DELETE", path, NULL), 409);
    (void)snprintf(path, sizeof path, "/v2/credentials/%s/active", id);
    assert_int_equal(fake_api(w, "PUT", path, "{\"active\":false}"), 409);
    (void)snprintf(path, sizeof path, "/v2/credentials/%s/permissions", id);
    assert_int_equal(fake_api(w, "PUT", path, "{\"permissions\":[]}"), 409);
    fake_platform_free(w);
}

static void address_lists_bind_a_credential(void **state)
{
    struct fake_platform *w = begin();
    char cid[40], own[80];

    (void)state;
    (void)fake_credential_new(w, "", ",\"allowedIps\":[\"nonsense\"]");
    fake_refused(w, 400, "allowedIps");
    (void)fake_credential_new(w, "", ",\"allowedIps\":[\"10.0.0.0/33\"]");
    fake_refused(w, 400, "allowedIps");
    (void)fake_credential_new(w, "", ",\"allowedIps\":[\"::1\",\"::::\"]");
    fake_refused(w, 400, "allowedIps");
    assert_int_equal(
        fake_credential_new(w, "\"devices.read\"",
                            ",\"allowedIps\":[\"192.0.2.0/30\",\"2001:0db8:0::7\"]"),
        200);
    (void)snprintf(cid, sizeof cid, "%s", fake_text(w, "clientId"));
    (void)snprintf(own, sizeof own, "%s", fake_text(w, "clientSecret"));
    fake_login(w, cid, own);
    fake_ok(w, "GET", "/v2/devices", NULL);
    w->remote = "::ffff:192.0.2.2";
    fake_ok(w, "GET", "/v2/devices", NULL);
    w->remote = "2001:DB8::7";
    fake_ok(w, "GET", "/v2/devices", NULL);
    w->remote = "192.0.2.4";
    assert_int_equal(fake_api(w, "GET", "/v2/devices", NULL), 403);
    fake_refused(w, 403, "allowedIps");
    assert_int_equal(token_with(w, cid, own), 403);
    fake_platform_free(w);
}

static void bad_credential_requests_name_their_field(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    (void)fake_credential_new(w, "\"fly\"", "");
    fake_refused(w, 400, "permissions");
    (void)fake_api(w, "POST", "/v2/credentials", "{\"name\":\"c\",\"permissions\":[]}");
    fake_refused(w, 400, "category");
    (void)fake_api(w, "POST", "/v2/credentials",
                   "{\"name\":\"c\",\"category\":\"FUN\",\"permissions\":[]}");
    fake_refused(w, 400, "category");
    (void)fake_api(w, "POST", "/v2/credentials",
                   "{\"name\":\"c\",\"category\":\"AUDIT\"}");
    fake_refused(w, 400, "permissions");
    fake_ok(w, "GET", "/v2/credentials/permissions", NULL);
    assert_string_not_equal(fake_text(w, "transactions"), "x");
    assert_true(json_object_size(json_object_get(w->reply, "controls")) > 5);
    fake_platform_free(w);
}

/* ---- the matrix: every route of the table ------------------------------ */

static void path_of(const struct cs_route *r, char *out, size_t size)
{
    static const char id[] = "00000000-0000-4000-8000-000000000000";
    size_t n = 0;

    for (const char *p = r->pattern; *p != '\0'; p++) {
        if (*p == '{') {
            n += (size_t)snprintf(out + n, size - n, "%s", id);
            p += strcspn(p, "}");
        } else {
            out[n++] = *p;
        }
    }
    out[n] = '\0';
}

static void every_route_needs_a_token_and_its_own_permission(void **state)
{
    struct fake_platform *w = begin();
    char owner[80], words[2048], path[256], cid[40], own[80];

    (void)state;
    (void)snprintf(owner, sizeof owner, "%s", w->token);
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        size_t n = 0;

        path_of(r, path, sizeof path);
        if (r->perm == CS_PERM_OPEN || r->perm == CS_PERM_SIGN_IN ||
            r->perm == CS_PERM_USER) {
            continue; /* test_platform_core_matrix */
        }
        assert_int_equal(
            fake_http(w, (struct fake_http){.method = r->method, .path = path}), 401);
        fake_wait(w, 1000); /* tokens of the rate limits come back */
        if (r->perm == CS_PERM_ANY) {
            continue;
        }
        /* All permissions but the one that the route names. */
        words[0] = '\0';
        for (unsigned p = 0; p < CS_PERM_COUNT; p++) {
            if (p != r->perm) {
                n += (size_t)snprintf(words + n, sizeof words - n, "%s\"%s\"",
                                      n == 0 ? "" : ",",
                                      cs_pc_perm_word((enum cs_pc_perm)p));
            }
        }
        (void)snprintf(w->token, sizeof w->token, "%s", owner);
        assert_int_equal(fake_credential_new(w, words, ""), 200);
        (void)snprintf(cid, sizeof cid, "%s", fake_text(w, "clientId"));
        (void)snprintf(own, sizeof own, "%s", fake_text(w, "clientSecret"));
        fake_login(w, cid, own);
        (void)fake_api(w, r->method, path, "{}");
        fake_refused(w, 403, "permissions");
        /* Only that permission: the route runs (and finds nothing, or a bad body). */
        (void)snprintf(w->token, sizeof w->token, "%s", owner);
        (void)snprintf(words, sizeof words, "\"%s\"", cs_pc_perm_word(r->perm));
        assert_int_equal(fake_credential_new(w, words, ""), 200);
        (void)snprintf(cid, sizeof cid, "%s", fake_text(w, "clientId"));
        (void)snprintf(own, sizeof own, "%s", fake_text(w, "clientSecret"));
        fake_login(w, cid, own);
        (void)fake_api(w, r->method, path, "{}");
        assert_true(w->status != 401 && w->status != 403 && w->status != 500);
    }
    fake_platform_free(w);
}

/* What may give everything away has a permission of its own. */
static void the_kinds_of_signatures_have_their_own_permissions(void **state)
{
    static const struct {
        const char *end, *word;
    } want[] = {{"/raw", "transactions.raw"},
                {"/sign-plaintext", "transactions.plaintext"},
                {"/sign-typed-data", "transactions.typed-data"},
                {"/sign-digest", "transactions.digest"}};

    (void)state;
    for (size_t k = 0; k < CS_COUNTOF(want); k++) {
        size_t n = 0;

        for (size_t i = 0; cs_route_at(i) != NULL; i++) {
            const struct cs_route *r = cs_route_at(i);

            if (strstr(r->pattern, want[k].end) != NULL) {
                assert_string_equal(cs_pc_perm_word(r->perm), want[k].word);
                n++;
            }
        }
        assert_int_equal(n, 1);
    }
}

/* Each word of the list opens something. */
static void every_permission_is_of_some_route(void **state)
{
    (void)state;
    for (unsigned p = 0; p < CS_PERM_COUNT; p++) {
        size_t n = p == CS_PERM_OWNERS_MANAGE ? 1 : 0; /* asked by users.c */

        for (size_t i = 0; cs_route_at(i) != NULL; i++) {
            n += cs_route_at(i)->perm == p ? 1 : 0;
        }
        if (n == 0) {
            fail_msg("no route needs %s", cs_pc_perm_word((enum cs_pc_perm)p));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_setup_token_works_exactly_once),
        cmocka_unit_test(each_start_makes_a_new_setup_token_until_one_is_used),
        cmocka_unit_test(setup_is_limited_per_address),
        cmocka_unit_test(limits_count_a_whole_ipv6_network),
        cmocka_unit_test(setup_names_bad_fields),
        cmocka_unit_test(the_organisation_has_the_vendors_shape),
        cmocka_unit_test(tokens_have_scope_type_and_end),
        cmocka_unit_test(wrong_secrets_get_one_answer_and_are_limited),
        cmocka_unit_test(bad_authorizations_are_refused),
        cmocka_unit_test(tokens_of_one_credential_are_bounded),
        cmocka_unit_test(a_credential_shows_its_secret_once),
        cmocka_unit_test(nobody_gives_what_it_does_not_have),
        cmocka_unit_test(permissions_are_changed_within_ones_own),
        cmocka_unit_test(switching_off_and_deleting_end_the_tokens),
        cmocka_unit_test(a_credential_cannot_lock_itself_out),
        cmocka_unit_test(address_lists_bind_a_credential),
        cmocka_unit_test(bad_credential_requests_name_their_field),
        cmocka_unit_test(every_route_needs_a_token_and_its_own_permission),
        cmocka_unit_test(the_kinds_of_signatures_have_their_own_permissions),
        cmocka_unit_test(every_permission_is_of_some_route),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
