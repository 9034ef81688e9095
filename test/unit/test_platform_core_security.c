/* Rows of src/platform/SECURITY.md that no other file has: step-up, guessing in numbers
 * (RELIABILITY T34), passwords that are stretched anew, the life of credentials. */
#include "platform/core/credential_life.h"
#include "platform/core/session.h"
#include "platform/core/users.h"
#include "support/fake_audit.h"
#include "support/fake_people.h"

static struct person ada;

static struct fake_platform *begin(void)
{
    struct fake_platform *w = fake_platform_new();

    people_setup(w, &ada);
    people_sign_in(w, &ada);
    return w;
}

static void pass(struct fake_platform *w, int64_t s)
{
    w->now += (uint64_t)s * 1000;
    w->wall += s * 1000;
}

/* ---- step-up ----------------------------------------------------------- */

static int invite(struct fake_platform *w, const char *email)
{
    char body[256];

    (void)snprintf(
        body, sizeof body,
        "{\"firstName\":\"F\",\"lastName\":\"L\",\"email\":\"%s\",\"roles\":["
        "\"VIEWER\"]}",
        email);
    return people_call(w, &ada, "POST", "/v2/users", body);
}

static int step_up(struct fake_platform *w, const char *code)
{
    char body[64];

    (void)snprintf(body, sizeof body, "{\"code\":\"%s\"}", code);
    if (people_call(w, &ada, "POST", "/v2/session/step-up", body) == 200) {
        people_take_session(w, &ada);
    }
    return w->status;
}

static void a_code_opens_five_minutes_and_no_more(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    assert_int_equal(invite(w, "a@example.org"), 200); /* the sign-in counts */
    pass(w, CS_SESSION_STEP_UP_S);
    assert_int_equal(invite(w, "b@example.org"), 403);
    assert_string_equal(fake_text(w, "details.0.field"), "stepUp");
    assert_int_equal(cs_js_num(w->reply, "code"), 7);
    assert_int_equal(people_call(w, &ada, "GET", "/v2/users", NULL), 200);
    assert_int_equal(people_call(w, &ada, "GET", "/v2/audit/export", NULL), 403);
    assert_int_equal(people_step_up(w, &ada), 200);
    assert_true(strlen(fake_text(w, "stepUpUntil")) > 20);
    assert_int_equal(invite(w, "b@example.org"), 200);
    pass(w, CS_SESSION_STEP_UP_S - 1);
    assert_int_equal(invite(w, "c@example.org"), 200);
    pass(w, 1);
    assert_int_equal(invite(w, "d@example.org"), 403);
    fake_platform_free(w);
}

/* OWASP: a new id with each change of rights.  Whoever has the old one has nothing. */
static void a_step_up_gives_a_new_cookie_and_ends_the_old_one(void **state)
{
    struct fake_platform *w = begin();
    struct person old;
    char id[40];

    (void)state;
    assert_int_equal(people_call(w, &ada, "GET", "/v2/session", NULL), 200);
    (void)snprintf(id, sizeof id, "%s", fake_text(w, "sessionId"));
    pass(w, 30);
    old = ada;
    assert_int_equal(step_up(w, "000000"), 403);
    assert_true(w->headers == NULL || strstr(w->headers, "set-cookie") == NULL);
    assert_int_equal(people_call(w, &old, "GET", "/v2/session", NULL), 200);
    assert_int_equal(people_step_up(w, &ada), 200);
    assert_string_equal(fake_text(w, "sessionId"), id);
    assert_string_not_equal(ada.cookie, old.cookie);
    assert_string_not_equal(ada.csrf, old.csrf);
    assert_non_null(strstr(w->headers, "; Path=/; Secure; HttpOnly; SameSite=Strict"));
    assert_int_equal(people_call(w, &old, "GET", "/v2/session", NULL), 401);
    (void)snprintf(old.csrf, sizeof old.csrf, "%s", ada.csrf);
    assert_int_equal(people_call(w, &old, "POST", "/v2/session/step-up", "{}"), 401);
    old = ada;
    (void)snprintf(old.csrf, sizeof old.csrf, "%064d", 0);
    assert_int_equal(people_call(w, &old, "DELETE", "/v2/session", NULL), 403);
    assert_int_equal(people_call(w, &ada, "GET", "/v2/sessions", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(w->reply, "sessions")), 1);
    fake_restart(w); /* all of it is in the store */
    pass(w, 30);
    assert_int_equal(people_step_up(w, &ada), 200); /* the secret has moved with it */
    fake_platform_free(w);
}

/* The browser keeps the old cookie then: it is none, and signing in is all it takes. */
static void who_misses_the_answer_of_a_step_up_signs_in_again(void **state)
{
    struct fake_platform *w = begin();
    struct person lost;

    (void)state;
    lost = ada;
    pass(w, 30);
    assert_int_equal(people_step_up(w, &ada), 200);
    assert_int_equal(people_call(w, &lost, "GET", "/v2/session", NULL), 401);
    pass(w, 30);
    people_sign_in(w, &lost);
    assert_int_equal(people_call(w, &lost, "GET", "/v2/session", NULL), 200);
    fake_platform_free(w);
}

/* A recovery code needs no secret of the session; one that cannot be read is not kept.
 */
static void what_cannot_be_moved_to_the_new_cookie_is_dropped(void **state)
{
    struct fake_platform *w = begin();
    uint8_t id[CS_PC_ID];
    json_t *s;

    (void)state;
    assert_int_equal(people_call(w, &ada, "GET", "/v2/session", NULL), 200);
    assert_int_equal(cs_uuid_parse(id, fake_text(w, "sessionId")), CS_OK);
    s = cs_pc_get(w->core, CS_PC_SESSION, id);
    cs_js_str(
        json_object_get(s, "_lent"), "box",
        "000000000000000000000000000000000000000000000000000000000000000000000000");
    cs_pc_put(w->core, CS_PC_SESSION, id, s);
    json_decref(s);
    assert_int_equal(step_up(w, ada.recovery[0]), 200);
    pass(w, CS_SESSION_STEP_UP_S);
    assert_int_equal(people_step_up(w, &ada), 409);
    fake_platform_free(w);
}

static void a_code_that_was_used_or_is_wrong_opens_nothing(void **state)
{
    struct fake_platform *w = begin();
    char code[16];

    (void)state;
    pass(w, CS_SESSION_STEP_UP_S);
    (void)snprintf(code, sizeof code, "%s", people_code(w, &ada));
    assert_int_equal(step_up(w, "000000"), 403);
    assert_string_equal(fake_text(w, "details.0.field"), "code");
    assert_int_equal(step_up(w, "1"), 403);
    assert_int_equal(step_up(w, code), 200);
    assert_int_equal(step_up(w, code), 403); /* once */
    pass(w, CS_SESSION_STEP_UP_S);
    assert_int_equal(invite(w, "a@example.org"), 403);
    assert_int_equal(step_up(w, ada.recovery[0]), 200);
    assert_int_equal(step_up(w, ada.recovery[0]), 403);
    assert_int_equal(people_call(w, &ada, "POST", "/v2/session/step-up", "{}"), 400);
    fake_platform_free(w);
}

/* The secret is in the store under a key that only the cookie gives. */
static void a_session_steps_up_with_its_own_cookie_only(void **state)
{
    struct fake_platform *w = begin();
    uint8_t id[CS_PC_ID];
    json_t *s;

    (void)state;
    assert_int_equal(people_call(w, &ada, "GET", "/v2/session", NULL), 200);
    assert_int_equal(cs_uuid_parse(id, fake_text(w, "sessionId")), CS_OK);
    s = cs_pc_get(w->core, CS_PC_SESSION, id);
    assert_non_null(json_object_get(s, "_lent"));
    cs_js_set(
        json_object_get(s, "_lent"), "box",
        json_string("00000000000000000000000000000000000000000000000000000000000000"
                    "0000000000"));
    cs_pc_put(w->core, CS_PC_SESSION, id, s);
    json_decref(s);
    pass(w, 30);
    assert_int_equal(people_step_up(w, &ada), 403);
    s = cs_pc_get(w->core, CS_PC_SESSION, id);
    cs_js_del(s, "_lent"); /* of a platform before step-up */
    cs_pc_put(w->core, CS_PC_SESSION, id, s);
    json_decref(s);
    pass(w, 30);
    assert_int_equal(people_step_up(w, &ada), 409);
    fake_platform_free(w);
}

static void a_new_password_moves_the_step_up_with_it(void **state)
{
    struct fake_platform *w = begin();
    char body[256];

    (void)state;
    (void)snprintf(
        body, sizeof body,
        "{\"password\":\"%s\",\"code\":\"%s\",\"newPassword\":\"quite another "
        "one\"}",
        ada.password, people_code(w, &ada));
    assert_int_equal(people_call(w, &ada, "POST", "/v2/session/password", body), 200);
    people_take_session(w, &ada);
    pass(w, CS_SESSION_STEP_UP_S);
    assert_int_equal(people_step_up(w, &ada), 200);
    fake_platform_free(w);
}

/* ---- guessing ---------------------------------------------------------- */

static void of_ten_thousand_passwords_at_most_ten_are_looked_at(void **state)
{
    struct fake_platform *w = begin();
    struct person other;
    size_t jobs;
    int checked = 0;

    (void)state;
    people_join(w, &other, "other@example.org", "VIEWER");
    jobs = w->jobs_run;
    for (int i = 0; i < 10000; i++) {
        char from[32];

        (void)snprintf(from, sizeof from, "10.%d.%d.%d", i % 7, i / 256, i % 256);
        w->remote = from;
        checked += people_try(w, ada.email, "wrong wrong wrong", "000000") == 401;
        assert_true(w->status == 401 || w->status == 429);
        w->now += 80; /* in 13 minutes */
        w->wall += 80;
    }
    assert_true(checked >= CS_TRIES && checked <= 2 * CS_TRIES); /* 10 in 15 min */
    assert_int_equal(w->jobs_run, jobs + (size_t)checked);
    w->remote = "192.0.2.1";
    people_sign_in(w, &other); /* others do not notice */
    people_sign_in(w, &ada);   /* nor does she, where she is known */
    fake_platform_free(w);
}

static void of_ten_thousand_codes_of_a_stolen_cookie_ten_are_looked_at(void **state)
{
    struct fake_platform *w = begin();
    int checked = 0;

    (void)state;
    for (int i = 0; i < 10000; i++) {
        char code[16];

        (void)snprintf(code, sizeof code, "%06d", i);
        w->now++; /* 2000 requests a second */
        w->wall++;
        checked += step_up(w, code) == 403;
        assert_true(w->status == 403 || w->status == 429);
        if (w->status == 429) {
            assert_string_equal(fake_text(w, "details.0.field"), "code");
        }
    }
    assert_int_equal(checked, CS_TRIES);
    fake_platform_free(w);
}

/* ---- passwords of an earlier time --------------------------------------- */

static bool is_weak(struct fake_platform *w)
{
    uint8_t id[CS_PC_ID];
    json_t *user;
    bool weak;

    assert_int_equal(cs_uuid_parse(id, ada.id), CS_OK);
    user = cs_pc_get(w->core, CS_PC_USER, id);
    weak = cs_pw_is_weak(w->core, user);
    json_decref(user);
    return weak;
}

static void a_sign_in_stretches_an_old_password_anew(void **state)
{
    struct fake_platform *w = begin();
    size_t jobs;
    char code[16];

    (void)state;
    assert_false(is_weak(w));
    w->core->pw_kib += 1024; /* a later version asks for more */
    assert_true(is_weak(w));
    jobs = w->jobs_run;
    assert_int_equal(people_try(w, ada.email, "wrong wrong wrong", "000000"), 401);
    assert_int_equal(people_try(w, ada.email, ada.password, "000000"), 401);
    assert_int_equal(w->jobs_run, jobs + 2); /* whatever is wrong: one each */
    assert_true(is_weak(w));
    (void)snprintf(code, sizeof code, "%s", people_code(w, &ada));
    assert_int_equal(people_try(w, ada.email, ada.password, code), 200);
    assert_int_equal(w->jobs_run, jobs + 4);
    assert_false(is_weak(w));
    assert_int_equal(people_try(w, ada.email, ada.password, code), 401); /* once */
    people_sign_in(w, &ada); /* the authenticator is the same, and so is the step-up */
    pass(w, CS_SESSION_STEP_UP_S);
    assert_int_equal(people_step_up(w, &ada), 200);
    fake_platform_free(w);
}

/* The authenticator was moved under another password while this one was stretched for
 * the second time: a recovery code needs no secret, but the sign-in would lose it. */
static void a_password_that_was_changed_meanwhile_is_not_stretched_anew(void **state)
{
    struct fake_platform *w = begin();
    char body[256];
    struct fake_http h = {
        .method = "POST", .path = "/v2/session", .body = body, .may_wait = true};
    json_t *user, *totp;
    uint8_t id[CS_PC_ID];

    (void)state;
    assert_int_equal(cs_uuid_parse(id, ada.id), CS_OK);
    w->core->pw_kib += 1024;
    w->hold_jobs = true;
    w->late_ids = true;
    (void)snprintf(body, sizeof body,
                   "{\"email\":\"%s\",\"password\":\"%s\",\"code\":\"%s\"}", ada.email,
                   ada.password, ada.recovery[3]);
    assert_int_equal(fake_http(w, h), 0);
    fake_job(w); /* all was right: once more */
    assert_int_equal(w->n_jobs, 1);
    user = cs_pc_get(w->core, CS_PC_USER, id);
    totp = json_object_get(user, "_totp");
    cs_js_str(totp, "nonce", "000000000000000000000000");
    cs_pc_put(w->core, CS_PC_USER, id, user);
    json_decref(user);
    fake_job(w);
    assert_int_equal(w->status, 401);
    assert_true(is_weak(w));
    fake_platform_free(w);
}

/* ---- credentials ------------------------------------------------------- */

static int make_credential(struct fake_platform *w, const char *more)
{
    char body[256];

    (void)snprintf(body, sizeof body,
                   "{\"name\":\"c\",\"category\":\"WALLETS\",\"permissions\":[\"vaults."
                   "read\"]%s}",
                   more);
    return fake_api(w, "POST", "/v2/credentials", body);
}

static void a_credential_ends_when_it_says(void **state)
{
    struct fake_platform *w = begin();
    char more[64], at[CS_PC_TIME_LEN], id[40], secret[80], body[256];

    (void)state;
    (void)snprintf(more, sizeof more, ",\"expiresAt\":\"%s\"",
                   cs_pc_time(at, w->wall + 600000));
    assert_int_equal(make_credential(w, more), 200);
    assert_string_equal(fake_text(w, "expiresAt"), at);
    (void)snprintf(id, sizeof id, "%s", fake_text(w, "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(w, "clientSecret"));
    fake_login(w, id, secret);
    assert_int_equal(fake_api(w, "GET", "/v2/vaults", NULL), 200);
    pass(w, 599);
    assert_int_equal(fake_api(w, "GET", "/v2/vaults", NULL), 200);
    pass(w, 1);
    assert_int_equal(fake_api(w, "GET", "/v2/vaults", NULL), 401);
    w->token[0] = '\0';
    (void)snprintf(body, sizeof body, "{\"clientId\":\"%s\",\"clientSecret\":\"%s\"}",
                   id, secret);
    assert_int_equal(fake_api(w, "POST", "/v2/credentials/oauth/token", body), 403);
    assert_non_null(strstr(w->reply_text, "expired"));
    fake_platform_free(w);
}

static void bad_ends_of_credentials_are_refused(void **state)
{
    static const char *const bad[] = {"\"2020-01-01T00:00:00Z\"",
                                      "\"9999-01-01T00:00:00Z\"",
                                      "\"2027-02-31T00:00:00Z\"",
                                      "\"2027-01-01T24:00:00Z\"",
                                      "\"2027-13-01T00:00:00Z\"",
                                      "\"2027-00-01T00:00:00Z\"",
                                      "\"2027-01-00T00:00:00Z\"",
                                      "\"2027-01-01T00:60:00Z\"",
                                      "\"2027-01-01 00:00:00Z\"",
                                      "\"2027-01-01T00:00:00\"",
                                      "\"2027-01-01T00:00:00+01:00\"",
                                      "\"2027-1-1T00:00:00Z\"",
                                      "\"\"",
                                      "1800000000",
                                      "{}"};
    struct fake_platform *w = begin();
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        char more[64];

        (void)snprintf(more, sizeof more, ",\"expiresAt\":%s", bad[i]);
        if (make_credential(w, more) != 400) {
            fail_msg("%s: %d", bad[i], w->status);
        }
        assert_string_equal(fake_text(w, "details.0.field"), "expiresAt");
    }
    assert_true(cs_pc_time_parse(&ms, "2028-02-29T12:34:56.789Z"));
    assert_true(ms == INT64_C(1835440496789));
    assert_true(cs_pc_time_parse(&ms, "1970-01-01T00:00:00Z") && ms == 0);
    fake_platform_free(w);
}

static const char *last_use(struct fake_platform *w, const char *id)
{
    static char at[40];
    char path[80];

    (void)snprintf(path, sizeof path, "/v2/credentials/%s", id);
    assert_int_equal(people_call(w, &ada, "GET", path, NULL), 200);
    (void)snprintf(at, sizeof at, "%s", fake_text(w, "lastUsedAt"));
    return at;
}

static void the_last_use_is_noted_once_an_hour_and_in_no_log(void **state)
{
    struct fake_platform *w = begin();
    char id[40], client[40], secret[80], first[40];
    uint64_t records;

    (void)state;
    assert_int_equal(make_credential(w, ""), 200);
    (void)snprintf(id, sizeof id, "%s", fake_text(w, "id"));
    (void)snprintf(client, sizeof client, "%s", fake_text(w, "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(w, "clientSecret"));
    assert_string_equal(last_use(w, id), "");
    fake_login(w, client, secret);
    records = fake_audit_count(w);
    assert_int_equal(fake_api(w, "GET", "/v2/vaults", NULL), 200);
    (void)snprintf(first, sizeof first, "%s", last_use(w, id));
    assert_int_equal(strlen(first), 24);
    for (int i = 0; i < 5; i++) {
        pass(w, 600);
        assert_int_equal(fake_api(w, "GET", "/v2/vaults", NULL), 200);
        assert_string_equal(last_use(w, id), first);
    }
    assert_int_equal(fake_audit_count(w), records);
    pass(w, 600);
    fake_login(w, client, secret);
    assert_int_equal(fake_api(w, "GET", "/v2/vaults", NULL), 200);
    assert_string_not_equal(last_use(w, id), first);
    fake_platform_free(w);
}

/* ---- the page ---------------------------------------------------------- */

static size_t read_file(char *out, size_t size, const char *path)
{
    FILE *f = fopen(path, "r");
    size_t n;

    if (f == NULL) {
        fail_msg("%s is not there", path);
        return 0;
    }
    n = fread(out, 1, size - 1, f);
    out[n] = '\0';
    assert_true(n < size - 1);
    assert_int_equal(fclose(f), 0);
    return n;
}

/* "`unit/x.c: words`" of the last column: the file is there and has the words. */
static void look_up(const char *at)
{
    static char text[1 << 17];
    const char *colon = strstr(at, ": "), *end = strchr(at, '`');
    char path[512], words[256];

    assert_true(colon != NULL && end != NULL && colon < end);
    (void)snprintf(path, sizeof path, "%s/../%.*s", CS_TEST_VECTORS, (int)(colon - at),
                   at);
    (void)snprintf(words, sizeof words, "%.*s", (int)(end - colon - 2), colon + 2);
    (void)read_file(text, sizeof text, path);
    if (strstr(text, words) == NULL) {
        fail_msg("%s has no \"%s\"", path, words);
    }
}

static void every_row_of_the_page_names_a_test_that_is_there(void **state)
{
    static char page[1 << 16];
    size_t rows = 0;

    (void)state;
    (void)read_file(page, sizeof page,
                    CS_TEST_VECTORS "/../../src/platform/SECURITY.md");
    for (const char *p = strstr(page, "|---|"); p != NULL; p = strchr(p + 1, '\n')) {
        const char *end = p[0] == '\n' && p[1] == '|' ? strchr(p + 1, '\n') : NULL;
        const char *at = end == NULL ? NULL : end - 4; /* "...` |" */

        if (at == NULL) {
            continue;
        }
        while (at > p && *at != '`') {
            at--;
        }
        assert_true(at > p); /* a row without a test */
        look_up(at + 1);
        rows++;
    }
    assert_true(rows >= 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_opens_five_minutes_and_no_more),
        cmocka_unit_test(a_step_up_gives_a_new_cookie_and_ends_the_old_one),
        cmocka_unit_test(who_misses_the_answer_of_a_step_up_signs_in_again),
        cmocka_unit_test(what_cannot_be_moved_to_the_new_cookie_is_dropped),
        cmocka_unit_test(a_code_that_was_used_or_is_wrong_opens_nothing),
        cmocka_unit_test(a_session_steps_up_with_its_own_cookie_only),
        cmocka_unit_test(a_new_password_moves_the_step_up_with_it),
        cmocka_unit_test(of_ten_thousand_passwords_at_most_ten_are_looked_at),
        cmocka_unit_test(of_ten_thousand_codes_of_a_stolen_cookie_ten_are_looked_at),
        cmocka_unit_test(a_sign_in_stretches_an_old_password_anew),
        cmocka_unit_test(a_password_that_was_changed_meanwhile_is_not_stretched_anew),
        cmocka_unit_test(a_credential_ends_when_it_says),
        cmocka_unit_test(bad_ends_of_credentials_are_refused),
        cmocka_unit_test(the_last_use_is_noted_once_an_hour_and_in_no_log),
        cmocka_unit_test(every_row_of_the_page_names_a_test_that_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
