/* Signing in and what follows: passwords, codes, limits, cookies (RELIABILITY
 * T34, 4.3).
 */
#include "platform/core/later.h"
#include "platform/core/session.h"
#include "support/fake_people.h"

static struct person ada;

static struct fake_platform *begin(void)
{
    struct fake_platform *w = fake_platform_new();

    people_setup(w, &ada);
    return w;
}

static void pass(struct fake_platform *w, uint64_t s)
{
    w->now += s * 1000;
    w->wall += (int64_t)s * 1000;
}

static int look(struct fake_platform *w, const struct person *p)
{
    return people_call(w, p, "GET", "/v2/session", NULL);
}

static struct fake_http sign_in_request(char *body, size_t size, const char *email,
                                        const char *password, const char *code)
{
    (void)snprintf(body, size, "{\"email\":\"%s\",\"password\":\"%s\",\"code\":\"%s\"}",
                   email, password, code);
    return (struct fake_http){
        .method = "POST", .path = "/v2/session", .body = body, .may_wait = true};
}

/* ---- sessions ---------------------------------------------------------- */

static void the_cookie_is_for_this_host_and_no_script(void **state)
{
    struct fake_platform *w = begin();
    char first[128], csrf[65];

    (void)state;
    people_sign_in(w, &ada);
    assert_int_equal(strlen(ada.cookie), strlen("__Host-cloudsign=") + 64);
    assert_non_null(
        strstr(w->headers, "; Path=/; Secure; HttpOnly; SameSite=Strict\n"));
    assert_null(strstr(w->headers, "Domain"));
    assert_null(strstr(w->reply_text, ada.cookie + 17));
    (void)snprintf(first, sizeof first, "%s", ada.cookie);
    (void)snprintf(csrf, sizeof csrf, "%s", ada.csrf);
    assert_int_equal(look(w, &ada), 200);
    assert_string_equal(fake_text(w, "csrfToken"), csrf);
    assert_true(w->headers == NULL || w->headers[0] == '\0'); /* no cookie again */
    people_sign_in(w, &ada);                                  /* a new id each time */
    assert_string_not_equal(ada.cookie, first);
    assert_string_not_equal(ada.csrf, csrf);
    fake_platform_free(w);
}

static void a_sign_in_takes_the_place_of_the_browsers_session(void **state)
{
    struct fake_platform *w = begin();
    struct person other, old;
    char body[256];
    struct fake_http h;

    (void)state;
    people_sign_in(w, &ada);
    other = ada; /* of another browser */
    people_sign_in(w, &ada);
    old = ada;
    for (int wrong = 1; wrong >= 0; wrong--) {
        h = sign_in_request(body, sizeof body, ada.email,
                            wrong ? "wrong" : ada.password, people_code(w, &ada));
        h.cookie = old.cookie;
        assert_int_equal(fake_http(w, h), wrong ? 401 : 200);
        assert_int_equal(w->headers != NULL && w->headers[0] != '\0', !wrong);
        if (!wrong) {
            people_take_session(w, &ada);
        }
        assert_int_equal(look(w, &old), wrong ? 200 : 401);
    }
    assert_int_equal(look(w, &ada), 200);
    assert_int_equal(look(w, &other), 200);
    fake_platform_free(w);
}

static void cookies_that_only_look_like_ours_are_none(void **state)
{
    struct fake_platform *w = begin();
    char text[512];
    const char *hex;
    struct fake_http h = {.method = "GET", .path = "/v2/session"};

    (void)state;
    people_sign_in(w, &ada);
    hex = strchr(ada.cookie, '=') + 1;
    h.cookie = text;
#define TRY(want, ...)                                                                 \
    (void)snprintf(text, sizeof text, __VA_ARGS__);                                    \
    if (fake_http(w, h) != (want)) {                                                   \
        fail_msg("Cookie: %s: %d", text, w->status);                                   \
    }
    TRY(200, "%s", ada.cookie);
    TRY(200, "a=b; %s", ada.cookie);
    TRY(200, "a=b;%s; c=d", ada.cookie);
    TRY(200, "x__Host-cloudsign=00; __Host-cloudsign2=00; %s;", ada.cookie);
    TRY(401, "x__Host-cloudsign=%s", hex);
    TRY(401, "__Host-cloudsign2=%s", hex);
    TRY(401, "__host-cloudsign=%s", hex);
    TRY(401, "cloudsign=%s", hex);
    TRY(401, "__Host-cloudsign=%s0", hex);
    TRY(401, "__Host-cloudsign=%.63s", hex);
    TRY(401, "__Host-cloudsign=\"%s\"", hex);
    TRY(401, "__Host-cloudsign= %s", hex);
    TRY(401, "__Host-cloudsign=%.63sG", hex);
    TRY(401, "__Host-cloudsign=%s; __Host-cloudsign=%s", hex, hex);
    TRY(401, "__Host-cloudsign=%s; __Host-cloudsign=", hex);
    TRY(401, "a=\"; __Host-cloudsign=%.10s", hex);
    TRY(401, "%s", ";;;; ;=;");
    TRY(401, "%s", "__Host-cloudsign");
    TRY(401, "%s", "__Host-cloudsign=");
#undef TRY
    fake_platform_free(w);
}

static void a_session_ends_when_it_is_idle(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    people_sign_in(w, &ada);
    pass(w, CS_SESSION_IDLE_S - CS_SESSION_NOTE_S);
    assert_int_equal(look(w, &ada), 200);
    pass(w, CS_SESSION_IDLE_S - CS_SESSION_NOTE_S);
    assert_int_equal(look(w, &ada), 200); /* the use before counted */
    pass(w, CS_SESSION_IDLE_S);
    assert_int_equal(look(w, &ada), 401);
    fake_refused(w, 401, "Cookie");
    fake_platform_free(w);
}

static void a_session_ends_after_twelve_hours_of_use(void **state)
{
    struct fake_platform *w = begin();
    int minutes = 0;

    (void)state;
    people_sign_in(w, &ada);
    while (minutes < 1000 && look(w, &ada) == 200) {
        pass(w, 600);
        minutes += 10;
    }
    assert_int_equal(minutes, 12 * 60);
    fake_platform_free(w);
}

static void a_restart_ends_no_session_and_revives_none(void **state)
{
    struct fake_platform *w = begin();
    struct person other = {0};

    (void)state;
    people_sign_in(w, &ada);
    other = ada;
    people_sign_in(w, &ada);
    assert_int_equal(people_call(w, &ada, "DELETE", "/v2/session", NULL), 204);
    assert_non_null(strstr(w->headers, "__Host-cloudsign=; "));
    assert_non_null(strstr(w->headers, "Max-Age=0"));
    assert_int_equal(look(w, &ada), 401);
    fake_restart(w);
    assert_int_equal(look(w, &ada), 401);
    assert_int_equal(look(w, &other), 200);
    fake_platform_free(w);
}

static void sessions_are_listed_and_revoked(void **state)
{
    struct fake_platform *w = begin();
    struct person first, viewer, admin;
    char path[128], session[40];

    (void)state;
    people_join(w, &viewer, "v@example.org", "VIEWER");
    people_join(w, &admin, "adm@example.org", "ADMINISTRATOR");
    people_sign_in(w, &ada);
    first = ada;
    w->remote = "192.0.2.77";
    people_sign_in(w, &ada);
    assert_int_equal(people_call(w, &ada, "GET", "/v2/sessions", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(w->reply, "sessions")), 2);
    assert_string_equal(fake_text(w, "sessions.1.address"), "192.0.2.77");
    assert_null(strstr(w->reply_text, "_hash"));
    (void)snprintf(session, sizeof session, "%s", fake_text(w, "sessions.0.id"));
    /* Not by those who have less, whatever they guess. */
    (void)snprintf(path, sizeof path, "/v2/sessions/%s", session);
    assert_int_equal(people_call(w, &viewer, "DELETE", path, NULL), 404);
    assert_int_equal(people_call(w, &admin, "DELETE", path, NULL), 404);
    assert_int_equal(look(w, &first), 200);
    assert_int_equal(people_call(w, &ada, "DELETE", path, NULL), 204);
    assert_int_equal(look(w, &first), 401);
    assert_int_equal(look(w, &ada), 200);
    /* Those of others need the right to see users, and to manage them. */
    (void)snprintf(path, sizeof path, "/v2/sessions?userId=%s", viewer.id);
    assert_int_equal(people_call(w, &admin, "GET", path, NULL), 200);
    (void)snprintf(session, sizeof session, "%s", fake_text(w, "sessions.0.id"));
    (void)snprintf(path, sizeof path, "/v2/sessions?userId=%s", ada.id);
    assert_int_equal(people_call(w, &viewer, "GET", path, NULL), 403);
    (void)snprintf(path, sizeof path, "/v2/sessions/%s", session);
    assert_int_equal(people_call(w, &admin, "DELETE", path, NULL), 204);
    assert_int_equal(look(w, &viewer), 401);
    fake_platform_free(w);
}

static void a_user_has_at_most_twenty_sessions(void **state)
{
    struct fake_platform *w = begin();
    struct person first = {0}, second = {0};

    (void)state;
    for (int i = 0; i < CS_SESSION_USER_MAX + 1; i++) {
        people_sign_in(w, &ada);
        first = i == 0 ? ada : first;
        second = i == 1 ? ada : second;
        if (i > 0) {
            (void)look(w, &second);
        }
    }
    assert_int_equal(look(w, &first), 401);
    assert_int_equal(look(w, &second), 200);
    assert_int_equal(people_call(w, &ada, "GET", "/v2/sessions", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(w->reply, "sessions")),
                     CS_SESSION_USER_MAX);
    fake_platform_free(w);
}

/* Their records do not stay: the timer takes them. */
static void ended_sessions_leave_the_store(void **state)
{
    struct fake_platform *w = begin();
    size_t before = cs_kv_mem_count(w->kv);

    (void)state;
    for (int i = 0; i < 5; i++) {
        people_sign_in(w, &ada);
    }
    assert_true(cs_kv_mem_count(w->kv) > before + 15);
    fake_wait(w, 3600 * 1000);
    /* Their count stays, and five records of the audit log. */
    assert_in_range(cs_kv_mem_count(w->kv), before + 5, before + 6);
    fake_platform_free(w);
}

static void the_origin_is_that_of_the_platforms_url(void **state)
{
    static const char *const rows[][2] = {
        {"wss://cloud.example/control", "https://cloud.example"},
        {"wss://cloud.example:443/control", "https://cloud.example"},
        {"wss://Cloud.Example:8443/control", "https://cloud.example:8443"},
        {"ws://127.0.0.1:80/control", "http://127.0.0.1"},
        {"ws://127.0.0.1:443/control", "http://127.0.0.1:443"},
        {"wss://[::1]:8443/control", "https://[::1]:8443"},
        {"wss://a", "https://a"}};
    char out[64];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        cs_session_origin(out, sizeof out, rows[i][0]);
        assert_string_equal(out, rows[i][1]);
    }
}

/* ---- what a thief of the store gets ------------------------------------ */

struct grep {
    const char *what[8];
    size_t n, rows;
};

static enum cs_err grep_row(void *ctx, uint8_t table, struct cs_span key,
                            struct cs_span value)
{
    struct grep *g = ctx;

    (void)table;
    (void)key;
    g->rows++;
    for (size_t i = 0; i < g->n; i++) {
        if (value.n > 0 &&
            memmem(value.p, value.n, g->what[i], strlen(g->what[i])) != NULL) {
            fail_msg("the store holds secret %zu", i);
        }
    }
    return CS_OK;
}

static void the_store_holds_no_secret_in_clear(void **state)
{
    struct fake_platform *w = begin();
    struct person bob;
    char totp[64], hex[64], token[80], plain[32];
    struct grep g = {.n = 0};

    (void)state;
    people_sign_in(w, &ada);
    assert_int_equal(people_invite(w, &bob, "bob@example.org", "VIEWER", token), 200);
    {
        char body[256];

        (void)snprintf(body, sizeof body, "{\"token\":\"%s\",\"password\":\"%s\"}",
                       token, bob.password);
        assert_int_equal(people_post(w, "/v2/session/enrol", body), 200);
        people_take_factors(w, &bob); /* pending */
    }
    cs_base32(totp, sizeof totp, CS_BASE32_UPPER, CS_SPAN_OF(ada.totp));
    (void)cs_hex(hex, bob.totp, sizeof bob.totp);
    (void)snprintf(plain, sizeof plain, "%.4s%.4s", ada.recovery[0],
                   ada.recovery[0] + 5);
    g = (struct grep){.what = {ada.password, bob.password, ada.cookie + 17, ada.csrf,
                               token, totp, hex, plain},
                      .n = 8};
    assert_int_equal(w->kv->ops->scan(w->kv, grep_row, &g), CS_OK);
    assert_true(g.rows > 10);
    fake_platform_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cookie_is_for_this_host_and_no_script),
        cmocka_unit_test(a_sign_in_takes_the_place_of_the_browsers_session),
        cmocka_unit_test(cookies_that_only_look_like_ours_are_none),
        cmocka_unit_test(a_session_ends_when_it_is_idle),
        cmocka_unit_test(a_session_ends_after_twelve_hours_of_use),
        cmocka_unit_test(a_restart_ends_no_session_and_revives_none),
        cmocka_unit_test(sessions_are_listed_and_revoked),
        cmocka_unit_test(a_user_has_at_most_twenty_sessions),
        cmocka_unit_test(ended_sessions_leave_the_store),
        cmocka_unit_test(the_origin_is_that_of_the_platforms_url),
        cmocka_unit_test(the_store_holds_no_secret_in_clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
