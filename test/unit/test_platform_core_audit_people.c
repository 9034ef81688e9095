/* The audit log of what people do: every route of users and sessions, who is named, and
 * what is refused to a page or to somebody without the right. */
#include "support/fake_audit.h"
#include "support/fake_people.h"

static struct person ada, bob, sam;
static char token[80], session[40];

static struct fake_platform *begin(void)
{
    struct fake_platform *w = fake_platform_new();

    people_setup(w, &ada);
    people_sign_in(w, &ada);
    people_join(w, &sam, "sam@example.org", "VIEWER");
    return w;
}

/* ---- every route ------------------------------------------------------- */

struct step {
    const char *method, *pattern, *body; /* %s is the token of an invitation */
    int status;
    void (*before)(struct fake_platform *w, char body[512]);
    void (*after)(struct fake_platform *w);
};

static void take_bob(struct fake_platform *w)
{
    (void)snprintf(bob.id, sizeof bob.id, "%s", fake_text(w, "id"));
    (void)snprintf(bob.email, sizeof bob.email, "bob@example.org");
    (void)snprintf(bob.password, sizeof bob.password, PEOPLE_PASSWORD);
    (void)snprintf(token, sizeof token, "%s", fake_text(w, "enrolmentToken"));
    assert_true(strlen(token) >= 32);
}

static void take_factors(struct fake_platform *w)
{
    people_take_factors(w, &bob);
}

static void put_enrol(struct fake_platform *w, char body[512])
{
    (void)w;
    (void)snprintf(body, 512, "{\"token\":\"%s\",\"password\":\"%s\"}", token,
                   bob.password);
}

static void put_confirm(struct fake_platform *w, char body[512])
{
    (void)snprintf(body, 512, "{\"token\":\"%s\",\"code\":\"%s\"}", token,
                   people_code(w, &bob));
}

static void put_sign_in(struct fake_platform *w, char body[512])
{
    (void)snprintf(body, 512, "{\"email\":\"%s\",\"password\":\"%s\",\"code\":\"%s\"}",
                   bob.email, bob.password, people_code(w, &bob));
}

static void take_session(struct fake_platform *w)
{
    (void)snprintf(session, sizeof session, "%s", fake_text(w, "sessionId"));
}

static void put_new_password(struct fake_platform *w, char body[512])
{
    (void)snprintf(body, 512,
                   "{\"password\":\"%s\",\"code\":\"%s\",\"newPassword\":\""
                   "a new " PEOPLE_PASSWORD "\"}",
                   ada.password, people_code(w, &ada));
}

static void put_code(struct fake_platform *w, char body[512])
{
    (void)snprintf(body, 512, "{\"code\":\"%s\"}", people_code(w, &ada));
}

static void take_new_session(struct fake_platform *w)
{
    people_take_session(w, &ada);
}

static const struct step steps[] = {
    {"POST", "/v2/users",
     "{\"firstName\":\"B\",\"lastName\":\"O\",\"email\":\"bob@example.org\",\"roles\":["
     "\"VIEWER\"]}",
     200, NULL, take_bob},
    {"POST", "/v2/session/enrol", NULL, 200, put_enrol, take_factors},
    {"POST", "/v2/session/enrol/confirm", NULL, 200, put_confirm, NULL},
    {"POST", "/v2/session", NULL, 200, put_sign_in, take_session},
    {"DELETE", "/v2/sessions/{id}", NULL, 204, NULL, NULL},
    {"PUT", "/v2/users/{id}", "{\"firstName\":\"Bo\",\"lastName\":\"O\"}", 200, NULL,
     NULL},
    {"PUT", "/v2/users/{id}/role", "{\"roles\":[\"AUDITOR\"]}", 200, NULL, NULL},
    {"PUT", "/v2/users/{id}/status", "{\"status\":\"BLOCKED\"}", 200, NULL, NULL},
    {"PUT", "/v2/users/{id}/status", "{\"status\":\"ACTIVATED\"}", 200, NULL, NULL},
    {"DELETE", "/v2/users/{id}/mfa", NULL, 200, NULL, NULL},
    {"POST", "/v2/users/{id}/password", "{}", 200, NULL, NULL},
    {"DELETE", "/v2/users/{id}", NULL, 200, NULL, NULL},
    {"POST", "/v2/session/password", NULL, 200, put_new_password, take_new_session},
    {"POST", "/v2/session/step-up", NULL, 200, put_code, take_new_session},
    {"DELETE", "/v2/session", NULL, 204, NULL, NULL},
};

static const char *path_of(const struct step *s)
{
    static char path[256];
    const char *id = strcspn(s->pattern, "{") == strlen(s->pattern) ? NULL
                     : strncmp(s->pattern, "/v2/users", 9) == 0     ? bob.id
                                                                    : session;
    size_t n = strcspn(s->pattern, "{");

    (void)snprintf(path, sizeof path, "%.*s%s%s", (int)n, s->pattern,
                   id == NULL ? "" : id, id == NULL ? "" : strchr(s->pattern, '}') + 1);
    return path;
}

/* The sign-in routes know nobody yet; the rest is Ada's. */
static bool is_open(const struct step *s)
{
    return strcmp(s->method, "POST") == 0 &&
           strncmp(s->pattern, "/v2/session", 11) == 0 &&
           strcmp(s->pattern, "/v2/session/step-up") != 0 &&
           strcmp(s->pattern, "/v2/session/password") != 0; /* a path, public */
}

static void no_secret(const json_t *rec)
{
    char *text = json_dumps(rec, 0);

    assert_null(strstr(text, PEOPLE_PASSWORD));
    assert_true(token[0] == '\0' || strstr(text, token) == NULL);
    assert_null(strstr(text, "\"_"));
    assert_null(strstr(text, ada.csrf));
    free(text);
}

static void run(struct fake_platform *w, const struct step *s)
{
    char body[512], action[128];
    uint64_t before;
    json_t *rec;

    (void)snprintf(body, sizeof body, "%s", s->body == NULL ? "" : s->body);
    if (s->before != NULL) {
        s->before(w, body);
    }
    before = fake_audit_count(w);
    if (is_open(s)) {
        (void)people_post(w, path_of(s), body);
    } else {
        (void)people_call(w, &ada, s->method, path_of(s), body);
    }
    if (w->status != s->status || fake_audit_count(w) != before + 1) {
        fail_msg("%s %s: %d, %d records: %s", s->method, s->pattern, w->status,
                 (int)(fake_audit_count(w) - before), w->reply_text);
    }
    rec = fake_audit_newest(w);
    (void)snprintf(action, sizeof action, "%s %s", s->method, s->pattern);
    assert_string_equal(cs_js_text(rec, "action"), action);
    assert_string_equal(fake_audit_actor(rec, "kind"), is_open(s) ? "NONE" : "USER");
    assert_string_equal(fake_audit_actor(rec, "id"), is_open(s) ? "" : ada.id);
    assert_string_equal(fake_audit_actor(rec, "name"), is_open(s) ? "" : ada.email);
    assert_int_equal(strlen(fake_audit_actor(rec, "session")), is_open(s) ? 0 : 36);
    assert_string_equal(cs_js_text(rec, "path"), path_of(s));
    no_secret(rec);
    json_decref(rec);
    if (s->after != NULL) {
        s->after(w);
    }
}

static bool is_tried(const struct cs_route *r)
{
    for (size_t i = 0; i < CS_COUNTOF(steps); i++) {
        if (strcmp(steps[i].method, r->method) == 0 &&
            strcmp(steps[i].pattern, r->pattern) == 0) {
            return true;
        }
    }
    return false;
}

static void every_route_of_people_leaves_exactly_one_record(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        bool is_people = strncmp(r->pattern, "/v2/users", 9) == 0 ||
                         strncmp(r->pattern, "/v2/session", 11) == 0;

        if (is_people && strcmp(r->method, "GET") != 0 && !is_tried(r)) {
            fail_msg("%s %s changes something: add a step for it", r->method,
                     r->pattern);
        }
    }
    for (size_t i = 0; i < CS_COUNTOF(steps); i++) {
        run(w, &steps[i]);
    }
    fake_platform_free(w);
}

static void what_a_user_reads_leaves_none_also_when_its_use_is_noted(void **state)
{
    struct fake_platform *w = begin();
    uint64_t before = fake_audit_count(w);

    (void)state;
    for (int i = 0; i < 4; i++) {
        fake_wait(w, 60000);
        assert_int_equal(people_call(w, &ada, "GET", "/v2/vaults", NULL), 200);
    }
    assert_int_equal(fake_audit_count(w), before);
    fake_platform_free(w);
}

/* ---- refused ----------------------------------------------------------- */

static void refused(struct fake_platform *w, uint64_t before, int status,
                    const char *field, const char *kind)
{
    const json_t *result;
    json_t *rec;

    assert_int_equal(fake_audit_count(w), before + 1);
    rec = fake_audit_newest(w);
    result = json_object_get(rec, "result");
    assert_int_equal(cs_js_num(result, "status"), status);
    assert_string_equal(cs_js_text(result, "field"), field);
    assert_string_equal(fake_audit_actor(rec, "kind"), kind);
    assert_int_equal(json_array_size(json_object_get(rec, "changes")), 0);
    no_secret(rec);
    json_decref(rec);
}

static void a_write_of_a_foreign_page_is_there(void **state)
{
    struct fake_platform *w = begin();
    struct fake_http h = people_request(&ada, "POST", "/v2/vaults", "{\"name\":\"a\"}");
    uint64_t before = fake_audit_count(w);

    (void)state;
    h.csrf = NULL;
    assert_int_equal(fake_http(w, h), 403);
    refused(w, before, 403, "X-CSRF-Token", "USER");
    h = people_request(&ada, "POST", "/v2/vaults", "{\"name\":\"a\"}");
    h.origin = "https://evil.example";
    assert_int_equal(fake_http(w, h), 403);
    refused(w, before + 1, 403, "Origin", "USER");
    fake_platform_free(w);
}

static void what_a_role_may_not_do_is_there(void **state)
{
    struct fake_platform *w = begin();
    uint64_t before = fake_audit_count(w);

    (void)state;
    assert_int_equal(people_call(w, &sam, "POST", "/v2/vaults", "{\"name\":\"a\"}"),
                     403);
    refused(w, before, 403, "permissions", "USER");
    fake_platform_free(w);
}

static void a_wrong_password_is_there_with_the_claimed_address(void **state)
{
    struct fake_platform *w = begin();
    uint64_t before = fake_audit_count(w);
    json_t *rec;

    (void)state;
    assert_int_equal(people_try(w, sam.email, "not his password", "000000"), 401);
    assert_int_equal(fake_audit_count(w), before + 1);
    rec = fake_audit_newest(w);
    assert_string_equal(fake_audit_actor(rec, "claimed"), sam.email);
    assert_string_equal(cs_js_text(rec, "action"), "POST /v2/session");
    json_decref(rec);
    /* What is no address may be a password in the wrong field. */
    (void)people_try(w, "my secret password", "x", "000000");
    rec = fake_audit_newest(w);
    assert_string_not_equal(fake_audit_actor(rec, "claimed"), "my secret password");
    json_decref(rec);
    fake_platform_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_of_people_leaves_exactly_one_record),
        cmocka_unit_test(what_a_user_reads_leaves_none_also_when_its_use_is_noted),
        cmocka_unit_test(a_write_of_a_foreign_page_is_there),
        cmocka_unit_test(what_a_role_may_not_do_is_there),
        cmocka_unit_test(a_wrong_password_is_there_with_the_claimed_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
