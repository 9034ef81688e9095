/* The console's files: who gets which, under which policy (RELIABILITY 4.3). */
#include "platform/core/assets.h"
#include "support/fake_device.h"

static char client[40], secret[80];

static int get(struct fake_platform *w, const char *method, const char *path)
{
    return fake_http(w, (struct fake_http){.method = method, .path = path});
}

static bool says(const struct fake_platform *w, const char *line)
{
    return w->headers != NULL && strstr(w->headers, line) != NULL;
}

static void every_page_of_the_console_is_index_html(void **state)
{
    static const char *const paths[] = {
        "/",        "/devices", "/vaults/x/keys/create", "/settings", "/enrol", "/v2x",
        "/nowhere", "/setup"};
    struct fake_platform *w = fake_platform_new();

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(paths); i++) {
        assert_int_equal(get(w, "GET", paths[i]), 200);
        assert_true(says(w, "cache-control: no-cache\n"));
        assert_non_null(strstr(w->reply_text, "<!doctype html>"));
        assert_null(strstr(w->reply_text, "@V@"));
        assert_non_null(strstr(w->reply_text, cs_assets_version));
        assert_null(strstr(w->reply_text, " style=")); /* the policy would stop it */
        assert_null(strstr(w->reply_text, "<style"));
    }
    assert_int_equal(get(w, "HEAD", "/"), 200);
    assert_int_equal(get(w, "GET", "/docs/api"), 200);
    fake_platform_free(w);
}

static void what_is_the_apis_is_not_the_consoles(void **state)
{
    static const char *const paths[] = {"/v2",        "/v2/nothing",    "/v1/vaults",
                                        "/V2/vaults", "/api/v2/vaults", "/control/x",
                                        "/relay/x",   "/metrics/x"};
    struct fake_platform *w = fake_platform_new();

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(paths); i++) {
        assert_int_equal(get(w, "GET", paths[i]), 404);
        assert_false(says(w, "etag"));
    }
    fake_platform_free(w);
}

static void files_that_are_not_there_are_refused(void **state)
{
    static const char *const paths[] = {"/console/",
                                        "/console/nothing.js",
                                        "/favicon.ico",
                                        "/console/../app.js",
                                        "/console//app.js",
                                        "/console/lib",
                                        "/docs/other",
                                        "/console/0000000000000000/app.js",
                                        "/console/app.js/",
                                        "/.env",
                                        "/console/package.json"};
    struct fake_platform *w = fake_platform_new();

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(paths); i++) {
        assert_int_equal(get(w, "GET", paths[i]), 404);
    }
    fake_platform_free(w);
}

static void they_are_only_read(void **state)
{
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    struct fake_platform *w = fake_platform_new();

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(methods); i++) {
        assert_int_equal(get(w, methods[i], "/"), 405);
        assert_int_equal(get(w, methods[i], "/console/app.js"), 405);
    }
    fake_platform_free(w);
}

static void each_has_the_strict_policy(void **state)
{
    struct fake_platform *w = fake_platform_new();
    char path[128];

    (void)state;
    assert_true(cs_assets_n > 10);
    for (size_t i = 0; i < cs_assets_n; i++) {
        (void)snprintf(path, sizeof path, "/console/%s", cs_assets[i].path);
        assert_int_equal(get(w, "GET", path), 200);
        assert_true(says(w, "content-security-policy: default-src 'none'; script-src "
                            "'self'; style-src 'self'; connect-src 'self'; img-src "
                            "'self'; frame-ancestors 'none'; base-uri 'none'; "
                            "form-action 'self'; require-trusted-types-for 'script'"));
        assert_false(says(w, "unsafe"));
        assert_false(says(w, "data:"));
        assert_true(says(w, "permissions-policy: "));
        assert_true(says(w, "vary: accept-encoding\n"));
    }
    fake_platform_free(w);
}

static void a_version_in_the_address_keeps_a_file_for_good(void **state)
{
    struct fake_platform *w = fake_platform_new();
    char path[128];

    (void)state;
    (void)snprintf(path, sizeof path, "/console/%s/lib/dom.js", cs_assets_version);
    assert_int_equal(get(w, "GET", path), 200);
    assert_true(says(w, "cache-control: public, max-age=31536000, immutable\n"));
    assert_int_equal(get(w, "GET", "/console/lib/dom.js"), 200);
    assert_true(says(w, "cache-control: no-cache\n"));
    fake_platform_free(w);
}

static void a_file_that_the_browser_has_is_not_sent_again(void **state)
{
    struct fake_platform *w = fake_platform_new();
    const struct cs_asset *f = cs_asset_find("lib/dom.js");
    char etag[64];
    struct fake_http h = {.method = "GET", .path = "/console/lib/dom.js", .etag = etag};

    (void)state;
    assert_non_null(f);
    (void)snprintf(etag, sizeof etag, "\"x\", W/\"%s\"", f->etag);
    assert_int_equal(fake_http(w, h), 304);
    assert_true(says(w, f->etag));
    (void)snprintf(etag, sizeof etag, "\"%.31s0\"", "0123456789abcdef0123456789abcde");
    assert_int_equal(fake_http(w, h), 200);
    fake_platform_free(w);
}

static void gzip_goes_to_who_takes_it(void **state)
{
    static const struct {
        const char *encoding;
        bool zip;
    } cases[] = {{"gzip, deflate, br", true},
                 {"br;q=1.0, GZIP;q=0.5", true},
                 {"deflate, gzip;q=0", false},
                 {"gzip;q=0.0", false},
                 {"br", false},
                 {"", false},
                 {"xgzip", false}};
    struct fake_platform *w = fake_platform_new();
    struct fake_http h = {.method = "GET", .path = "/console/app.css"};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        h.encoding = cases[i].encoding;
        assert_int_equal(fake_http(w, h), 200);
        assert_int_equal(says(w, "content-encoding: gzip\n"), cases[i].zip);
    }
    fake_platform_free(w);
}

static void the_console_needs_no_session_and_leaves_no_record(void **state)
{
    struct fake_platform *w = fake_platform_new();
    json_int_t before;

    (void)state;
    fake_setup(w, client, secret);
    (void)fake_ok(w, "GET", "/v2/audit/head", NULL);
    before = json_integer_value(json_object_get(w->reply, "seq"));
    assert_int_equal(get(w, "GET", "/console/app.js"), 200);
    assert_int_equal(get(w, "POST", "/"), 405);
    (void)fake_ok(w, "GET", "/v2/audit/head", NULL);
    assert_int_equal(json_integer_value(json_object_get(w->reply, "seq")), before);
    fake_platform_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_of_the_console_is_index_html),
        cmocka_unit_test(what_is_the_apis_is_not_the_consoles),
        cmocka_unit_test(files_that_are_not_there_are_refused),
        cmocka_unit_test(they_are_only_read),
        cmocka_unit_test(each_has_the_strict_policy),
        cmocka_unit_test(a_version_in_the_address_keeps_a_file_for_good),
        cmocka_unit_test(a_file_that_the_browser_has_is_not_sent_again),
        cmocka_unit_test(gzip_goes_to_who_takes_it),
        cmocka_unit_test(the_console_needs_no_session_and_leaves_no_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
