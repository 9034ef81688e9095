/* REST: strict bodies and queries, idempotency, paging, request rates. */
#include "support/fake_device.h"

static char client[40], secret[80];

static struct fake_platform *begin(void)
{
    struct fake_platform *w = fake_platform_new();

    fake_setup(w, client, secret);
    return w;
}

/* ---- strictness -------------------------------------------------------- */

static void post_raw(struct fake_platform *w, const char *body, size_t n,
                     const char *type)
{
    (void)fake_http(w, (struct fake_http){.method = "POST",
                                          .path = "/v2/vaults",
                                          .body = body,
                                          .body_len = n,
                                          .type = type,
                                          .authorization = w->token});
}

static void bodies_are_strict_json(void **state)
{
    struct fake_platform *w = begin();
    char deep[128], keys[4096], *big = malloc((512 << 10) + 10);
    size_t n = 0;

    (void)state;
    assert_non_null(big);
    post_raw(w, "{\"name\":\"a\"}", 0, "text/plain");
    fake_refused(w, 415, "Content-Type");
    post_raw(w, "{\"name\":\"a\"}", 0, "");
    fake_refused(w, 415, "Content-Type");
    post_raw(w, "{\"name\":\"a\"}", 0, "application/json; charset=utf-8");
    assert_int_equal(w->status, 200);
    post_raw(w, "{\"name\":", 0, NULL);
    fake_refused(w, 400, "body");
    post_raw(w, "[1]", 0, NULL);
    fake_refused(w, 400, "body");
    post_raw(w, "{\"name\":\"a\",\"name\":\"b\"}", 0, NULL);
    fake_refused(w, 400, "body");
    post_raw(w, "{\"name\":\"a\\u0000b\"}", 0, NULL);
    fake_refused(w, 400, "body");
    post_raw(w, "{\"name\":\"a\0b\"}", 14, NULL);
    fake_refused(w, 400, "body");
    post_raw(w, "{\"name\":\"\xff\"}", 0, NULL);
    fake_refused(w, 400, "body");
    post_raw(w, "{\"name\":null}", 0, NULL);
    fake_refused(w, 400, "name");
    post_raw(w, "{\"name\":[\"a\"]}", 0, NULL);
    fake_refused(w, 400, "name");
    post_raw(w, "{\"name\":\"a\",\"description\":5}", 0, NULL);
    fake_refused(w, 400, "description");
    memset(deep, '[', 64);
    memcpy(deep, "{\"a\":", 5);
    deep[64] = '\0';
    post_raw(w, deep, 0, NULL);
    fake_refused(w, 400, "body");
    n = (size_t)snprintf(keys, sizeof keys, "{\"name\":\"a\"");
    for (int i = 0; i < 64; i++) {
        n += (size_t)snprintf(keys + n, sizeof keys - n, ",\"k%d\":1", i);
    }
    (void)snprintf(keys + n, sizeof keys - n, "}");
    post_raw(w, keys, 0, NULL);
    fake_refused(w, 400, "body");
    memset(big, ' ', (512 << 10) + 1);
    post_raw(w, big, (512 << 10) + 1, NULL);
    fake_refused(w, 413, "body");
    post_raw(w, "{\"name\":\"a\",\"unknown\":{\"x\":[1]}}", 0, NULL);
    assert_int_equal(w->status, 200); /* vendor clients may send more */
    free(big);
    fake_platform_free(w);
}

static void unknown_paths_and_methods_are_told_apart(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    assert_int_equal(fake_api(w, "GET", "/v2/nothing", NULL), 404);
    assert_int_equal(fake_api(w, "GET", "/v2", NULL), 404); /* "/" is the console */
    assert_int_equal(fake_api(w, "GET", "/v2/devices/", NULL), 404);
    assert_int_equal(fake_api(w, "PATCH", "/v2/devices", NULL), 405);
    assert_int_equal(fake_api(w, "GET", "/v2/setup", NULL), 405);
    assert_int_equal(fake_api(w, "PATCH",
                              "/v2/mpc/quorums/00000000-0000-4000-8000-000000000000",
                              "{\"deviceIds\":[]}"),
                     501);
    assert_int_equal(fake_api(w, "GET", "/v2/vaults/xx", NULL), 400);
    fake_refused(w, 400, "id");
    fake_platform_free(w);
}

/* Names are shown in lists and logs: none may break a line or pass for another. */
static void names_hold_no_characters_that_deceive(void **state)
{
    static const char *const bad[] = {"a\\nb",           "a\\tb",
                                      "a\\u001bb",       "a\\u007fb",
                                      "a\\u0085b",       "a\\u2028b",
                                      "a\\u202eb",       "a\\u2066b",
                                      "a\\u2069b",       "a\\u00adb",
                                      "a\\u034fb",       "a\\u061cb",
                                      "a\\u115fb",       "a\\u180eb",
                                      "a\\u200bb",       "a\\u200eb",
                                      "a\\u2060b",       "a\\u3164b",
                                      "a\\ufeffb",       "a\\uffa0b",
                                      "a\\ufffbb",       "a\\udb40\\udc41b",
                                      "a\\ufe0eb",       "a\\ufe0fb",
                                      "\\u00e4\\ufe00b", "\\u1ea1\\ufe00b",
                                      "7\\ufe0f",        "a\\udb40\\udd00b",
                                      "\\u200b"};
    /* emoji, keys, a variant of an ideograph */
    static const char *const good[] = {"\\u2764\\ufe0f", "7\\ufe0f\\u20e3",
                                       "\\u00a9\\ufe0f", "\\u845b\\udb40\\udd00",
                                       "\\ufe0fa"};
    struct fake_platform *w = begin();
    char body[256];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        (void)snprintf(body, sizeof body, "{\"name\":\"%s\"}", bad[i]);
        (void)fake_api(w, "POST", "/v2/vaults", body);
        fake_refused(w, 400, "name");
    }
    for (size_t i = 0; i < CS_COUNTOF(good); i++) {
        (void)snprintf(body, sizeof body, "{\"name\":\"%s\"}", good[i]);
        fake_ok(w, "POST", "/v2/vaults", body);
    }
    fake_ok(w, "POST", "/v2/vaults",
            "{\"name\":\"\u00e4\u20ac \u2026\",\"description\":\"two\\nlines\"}");
    (void)fake_api(w, "POST", "/v2/vaults",
                   "{\"name\":\"a\",\"description\":\"\\u202e\"}");
    fake_refused(w, 400, "description");
    (void)fake_api(
        w, "POST", "/v2/vaults",
        "{\"name\":\"012345678901234567890123456789012345678901234567890\"}");
    fake_refused(w, 400, "name");
    assert_non_null(strstr(fake_text(w, "message"), "at most 50 characters"));
    fake_platform_free(w);
}

static void errors_have_code_message_and_details(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    (void)fake_api(w, "POST", "/v2/vaults", "{}");
    assert_int_equal(json_integer_value(json_object_get(w->reply, "code")), 3);
    assert_string_equal(fake_text(w, "message"), "name: is required");
    assert_string_equal(fake_text(w, "details.0.field"), "name");
    assert_string_equal(fake_text(w, "details.0.reason"), "is required");
    (void)fake_api(w, "GET", "/v2/vaults/00000000-0000-4000-8000-000000000000", NULL);
    assert_int_equal(json_integer_value(json_object_get(w->reply, "code")), 5);
    assert_true(json_is_array(json_object_get(w->reply, "details")));
    fake_platform_free(w);
}

/* ---- idempotency ------------------------------------------------------- */

static int vault_with_key(struct fake_platform *w, const char *body, const char *key)
{
    return fake_http(w, (struct fake_http){.method = "POST",
                                           .path = "/v2/vaults",
                                           .body = body,
                                           .key = key,
                                           .authorization = w->token});
}

static void a_repeated_post_gets_the_kept_answer(void **state)
{
    struct fake_platform *w = begin();
    char first[1024];

    (void)state;
    assert_int_equal(vault_with_key(w, "{\"name\":\"a\"}", "k-1"), 200);
    (void)snprintf(first, sizeof first, "%s", w->reply_text);
    fake_wait(w, 5000);
    assert_int_equal(vault_with_key(w, "{\"name\":\"a\"}", "k-1"), 200);
    assert_string_equal(w->reply_text, first);
    (void)vault_with_key(w, "{\"name\":\"b\"}", "k-1");
    fake_refused(w, 409, "Idempotency-Key");
    (void)fake_http(w, (struct fake_http){.method = "POST",
                                          .path = "/v2/devices",
                                          .body = "{\"name\":\"a\"}",
                                          .key = "k-1",
                                          .authorization = w->token});
    fake_refused(w, 409, "Idempotency-Key"); /* another path */
    fake_restart(w);
    fake_login(w, client, secret);
    assert_int_equal(vault_with_key(w, "{\"name\":\"a\"}", "k-1"), 200);
    assert_string_equal(w->reply_text, first);
    fake_ok(w, "GET", "/v2/vaults", NULL);
    assert_int_equal(json_array_size(json_object_get(w->reply, "vaults")), 1);
    fake_wait(w, 86400001); /* forgotten after a day */
    fake_login(w, client, secret);
    assert_int_equal(vault_with_key(w, "{\"name\":\"b\"}", "k-1"), 200);
    fake_platform_free(w);
}

/* The old answer's timer is late: it must not take the new answer with it. */
static void an_answer_that_replaced_an_old_one_stays(void **state)
{
    struct fake_platform *w = begin();
    char key[16], ids[4][40];

    (void)state;
    for (int i = 0; i < 400; i++) { /* far more than one step's timers */
        (void)snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(vault_with_key(w, "{\"name\":\"a\"}", key), 200);
    }
    w->now += 86400001;
    w->wall += 86400001;
    fake_login(w, client, secret);
    for (int i = 0; i < 4; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(vault_with_key(w, "{\"name\":\"b\"}", key), 200);
        (void)snprintf(ids[i], sizeof ids[i], "%s", fake_text(w, "id"));
    }
    for (int i = 0; i < 10; i++) {
        fake_event(w, (struct cs_event){.type = CS_EV_TIME});
    }
    for (int i = 0; i < 4; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(vault_with_key(w, "{\"name\":\"b\"}", key), 200);
        assert_string_equal(fake_text(w, "id"), ids[i]);
    }
    fake_platform_free(w);
}

static void keys_are_per_credential_and_checked(void **state)
{
    struct fake_platform *w = begin();
    char cid[40], own[80], owner[80];

    (void)state;
    (void)snprintf(owner, sizeof owner, "%s", w->token);
    assert_int_equal(vault_with_key(w, "{\"name\":\"a\"}", "same"), 200);
    assert_int_equal(fake_credential_new(w, "\"vaults.write\"", ""), 200);
    (void)snprintf(cid, sizeof cid, "%s", fake_text(w, "clientId"));
    (void)snprintf(own, sizeof own, "%s", fake_text(w, "clientSecret"));
    fake_login(w, cid, own);
    assert_int_equal(vault_with_key(w, "{\"name\":\"b\"}", "same"), 200);
    assert_string_equal(fake_text(w, "name"), "b");
    (void)vault_with_key(w, "{\"name\":\"b\"}", "has space");
    fake_refused(w, 400, "Idempotency-Key");
    fake_platform_free(w);
}

static void a_refused_post_is_not_kept(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    assert_int_equal(vault_with_key(w, "{}", "k"), 400);
    assert_int_equal(vault_with_key(w, "{\"name\":\"a\"}", "k"), 200);
    fake_platform_free(w);
}

static void a_kept_answer_holds_no_secret(void **state)
{
    struct fake_platform *w = begin();
    const char *body = "{\"name\":\"c\",\"category\":\"AUDIT\",\"permissions\":[]}";
    struct fake_http h = {.method = "POST", .path = "/v2/credentials", .key = "s"};

    (void)state;
    h.body = body;
    h.authorization = w->token;
    assert_int_equal(fake_http(w, h), 200);
    assert_int_equal(strlen(fake_text(w, "clientSecret")), 64);
    assert_int_equal(fake_http(w, h), 200);
    assert_string_equal(fake_text(w, "clientSecret"), "");
    assert_string_not_equal(fake_text(w, "clientId"), "");
    fake_platform_free(w);
}

static void an_external_id_stands_for_one_vault(void **state)
{
    struct fake_platform *w = begin();
    char id[40];

    (void)state;
    fake_ok(w, "POST", "/v2/vaults", "{\"name\":\"a\",\"externalId\":\"x\"}");
    (void)snprintf(id, sizeof id, "%s", fake_text(w, "id"));
    fake_ok(w, "POST", "/v2/vaults", "{\"name\":\"a\",\"externalId\":\"x\"}");
    assert_string_equal(fake_text(w, "id"), id);
    (void)fake_api(w, "POST", "/v2/vaults", "{\"name\":\"b\",\"externalId\":\"x\"}");
    fake_refused(w, 409, "externalId");
    assert_int_equal(json_integer_value(json_object_get(w->reply, "code")), 6);
    fake_platform_free(w);
}

/* ---- vaults and paging ------------------------------------------------- */

static void vaults_page_and_filter(void **state)
{
    struct fake_platform *w = begin();
    char body[128], path[256], id[40];
    int seen = 0;

    (void)state;
    for (int i = 0; i < 25; i++) {
        (void)snprintf(body, sizeof body,
                       "{\"name\":\"v%02d\",\"correlationId\":\"c%d\"}", i, i % 5);
        fake_ok(w, "POST", "/v2/vaults", body);
    }
    (void)snprintf(path, sizeof path, "/v2/vaults?pageSize=10");
    do {
        fake_ok(w, "GET", path, NULL);
        for (size_t i = 0; i < json_array_size(json_object_get(w->reply, "vaults"));
             i++) {
            char at[40], want[16];

            (void)snprintf(at, sizeof at, "vaults.%zu.name", i);
            (void)snprintf(want, sizeof want, "v%02d", seen++);
            assert_string_equal(fake_text(w, at), want);
        }
        (void)snprintf(path, sizeof path, "/v2/vaults?pageSize=10&pageToken=%s",
                       fake_text(w, "filter.nextPageToken"));
    } while (fake_text(w, "filter.nextPageToken")[0] != '\0');
    assert_int_equal(seen, 25);
    fake_ok(w, "GET", "/v2/vaults?correlationId=c3", NULL);
    assert_int_equal(json_array_size(json_object_get(w->reply, "vaults")), 5);
    (void)snprintf(id, sizeof id, "%s", fake_text(w, "vaults.0.id"));
    (void)snprintf(path, sizeof path, "/v2/vaults/%s", id);
    fake_ok(w, "PUT", path, "{\"name\":\"new\",\"correlationId\":\"c/ä\"}");
    fake_ok(w, "GET", "/v2/vaults?correlationId=c3", NULL);
    assert_int_equal(json_array_size(json_object_get(w->reply, "vaults")), 4);
    fake_ok(w, "GET", "/v2/vaults?x=1&correlationId=c%2F%C3%A4", NULL);
    assert_string_equal(fake_text(w, "vaults.0.name"), "new");
    (void)fake_api(w, "GET", "/v2/vaults?correlationId=%zz", NULL);
    fake_refused(w, 400, "correlationId");
    (void)fake_api(w, "GET", "/v2/vaults?pageSize=201", NULL);
    fake_refused(w, 400, "pageSize");
    (void)fake_api(w, "GET", "/v2/vaults?pageSize=1&pageSize=2", NULL);
    fake_refused(w, 400, "pageSize");
    (void)fake_api(w, "GET", "/v2/vaults?pageToken=zz", NULL);
    fake_refused(w, 400, "pageToken");
    fake_ok(w, "GET", "/v2/vaults?pageToken=ffffffffffffffff", NULL);
    assert_int_equal(json_array_size(json_object_get(w->reply, "vaults")), 0);
    fake_platform_free(w);
}

static void a_credential_that_asks_too_much_is_slowed(void **state)
{
    struct fake_platform *w = fake_platform_new();
    int limited = 0;

    (void)state;
    w->limits.request_rate = 10;
    fake_restart(w);
    fake_setup(w, client, secret);
    for (int i = 0; i < 30; i++) {
        limited += fake_api(w, "GET", "/v2/devices", NULL) == 429 ? 1 : 0;
    }
    assert_int_equal(limited, 20);
    fake_wait(w, 1000);
    fake_ok(w, "GET", "/v2/devices", NULL);
    fake_platform_free(w);
}

static void times_are_rfc3339(void **state)
{
    struct fake_platform *w = fake_platform_new();

    (void)state;
    w->wall = 951782399999; /* 2000-02-28 23:59:59.999 */
    fake_restart(w);
    fake_setup(w, client, secret);
    fake_ok(w, "GET", "/v2/organizations", NULL);
    assert_string_equal(fake_text(w, "createdAt"), "2000-02-28T23:59:59.999Z");
    fake_wait(w, 1);
    fake_ok(w, "POST", "/v2/vaults", "{\"name\":\"a\"}");
    assert_string_equal(fake_text(w, "createdAt"), "2000-02-29T00:00:00.000Z");
    fake_platform_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_are_strict_json),
        cmocka_unit_test(unknown_paths_and_methods_are_told_apart),
        cmocka_unit_test(names_hold_no_characters_that_deceive),
        cmocka_unit_test(errors_have_code_message_and_details),
        cmocka_unit_test(a_repeated_post_gets_the_kept_answer),
        cmocka_unit_test(an_answer_that_replaced_an_old_one_stays),
        cmocka_unit_test(keys_are_per_credential_and_checked),
        cmocka_unit_test(a_refused_post_is_not_kept),
        cmocka_unit_test(a_kept_answer_holds_no_secret),
        cmocka_unit_test(an_external_id_stands_for_one_vault),
        cmocka_unit_test(vaults_page_and_filter),
        cmocka_unit_test(a_credential_that_asks_too_much_is_slowed),
        cmocka_unit_test(times_are_rfc3339),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
