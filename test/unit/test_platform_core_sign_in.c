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

/* ---- setup with a password --------------------------------------------- */

static void setup_gives_the_owner_what_to_sign_in_with(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    people_sign_in(w, &ada);
    assert_string_equal(fake_text(w, "user.email"), "ada@example.org");
    assert_string_equal(fake_text(w, "user.status"), "ACTIVATED");
    assert_string_equal(fake_text(w, "roles.0"), "OWNER");
    assert_int_equal(json_array_size(json_object_get(w->reply, "permissions")),
                     CS_PERM_COUNT);
    assert_string_not_equal(fake_text(w, "expiresAt"), "");
    assert_string_not_equal(fake_text(w, "idleExpiresAt"), "");
    assert_null(strstr(w->reply_text, "\"_")); /* nothing of ours */
    fake_platform_free(w);
}

static void setup_refuses_weak_passwords_and_keeps_its_token(void **state)
{
    static const char *const weak[] = {"short", "elevenchars", "12345678901",
                                       "Ada@Example.org", ""};
    struct fake_platform *w = fake_platform_new();
    char body[1024], token[65], longest[300];

    (void)state;
    (void)snprintf(token, sizeof token, "%s", w->setup_token);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (size_t i = 0; i <= CS_COUNTOF(weak); i++) {
        (void)snprintf(body, sizeof body,
                       "{\"setupToken\":\"%s\",\"organizationName\":\"Acme\","
                       "\"firstName\":\"A\",\"lastName\":\"B\",\"email\":"
                       "\"ada@example.org\",\"password\":\"%s\"}",
                       token, i < CS_COUNTOF(weak) ? weak[i] : longest);
        (void)people_post(w, "/v2/setup", body);
        fake_refused(w, 400, "password");
    }
    assert_int_equal(w->jobs_run, 0);
    people_setup(w, &ada);
    fake_platform_free(w);
}

/* Both pass the first check, while the worker computes. */
static void two_setups_at_once_make_one_organisation(void **state)
{
    struct fake_platform *w = fake_platform_new();
    char body[512];
    struct fake_http h = {
        .method = "POST", .path = "/v2/setup", .body = body, .may_wait = true};

    (void)state;
    (void)snprintf(body, sizeof body,
                   "{\"setupToken\":\"%s\",\"organizationName\":\"Acme\",\"firstName\":"
                   "\"A\",\"lastName\":\"B\",\"email\":\"a@example.org\",\"password\":"
                   "\"" PEOPLE_PASSWORD "\"}",
                   w->setup_token);
    w->hold_jobs = true;
    w->late_ids = true;
    assert_int_equal(fake_http(w, h), 0);
    assert_int_equal(fake_http(w, h), 0);
    assert_int_equal(w->n_jobs, 2);
    fake_job(w);
    assert_int_equal(w->status, 200);
    fake_job(w);
    fake_refused(w, 409, "setupToken");
    fake_platform_free(w);
}

/* ---- what is wrong ----------------------------------------------------- */

static void set_status(struct fake_platform *w, const struct person *p,
                       const char *status)
{
    char path[128], body[64];

    (void)snprintf(path, sizeof path, "/v2/users/%s/status", p->id);
    (void)snprintf(body, sizeof body, "{\"status\":\"%s\"}", status);
    fake_ok(w, "PUT", path, body);
}

static void every_wrong_sign_in_gets_one_answer_and_costs_the_same(void **state)
{
    struct fake_platform *w = begin();
    struct person bob, eve;
    char first[512] = "", token[80];
    const struct {
        const char *email, *password, *code;
    } rows[] = {{"ada@example.org", "not the password", "000000"},
                {"nobody@example.org", PEOPLE_PASSWORD, "000000"},
                {"ada@example.org", PEOPLE_PASSWORD, "000000"},
                {"ada@example.org", PEOPLE_PASSWORD, "ABCD-EFGH-IJKL-MNOP"},
                {"ada@example.org", PEOPLE_PASSWORD, "12345"},
                {"ada@example.org", PEOPLE_PASSWORD, "nonsense and more of it"},
                {"bob@example.org", "a long one of bob@example.org", NULL},
                {"eve@example.org", "a long one of eve@example.org", "000000"}};

    (void)state;
    people_join(w, &bob, "bob@example.org", "VIEWER");
    set_status(w, &bob, "BLOCKED");
    assert_int_equal(people_invite(w, &eve, "eve@example.org", "VIEWER", token), 200);
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        const char *code = rows[i].code == NULL ? people_code(w, &bob) : rows[i].code;
        size_t jobs = w->jobs_run;

        assert_int_equal(people_try(w, rows[i].email, rows[i].password, code), 401);
        assert_int_equal(w->jobs_run, jobs + 1);
        assert_true(w->headers == NULL || w->headers[0] == '\0');
        if (i == 0) {
            (void)snprintf(first, sizeof first, "%s", w->reply_text);
        }
        assert_string_equal(w->reply_text, first);
    }
    people_sign_in(w, &ada); /* and that was not the limit */
    fake_platform_free(w);
}

static void bad_sign_ins_name_their_field(void **state)
{
    static const char *const rows[][2] = {
        {"{}", "password"},
        {"{\"password\":\"x\"}", "code"},
        {"{\"password\":\"x\",\"code\":\"1\"}", "email"},
        {"{\"password\":\"x\",\"code\":\"1\",\"email\":\"nobody\"}", "email"},
        {"{\"password\":\"x\",\"code\":\"1\",\"email\":\"a@b@c\"}", "email"},
        {"{\"password\":\"x\",\"code\":\"1\",\"email\":\"a b@c\"}", "email"},
        {"{\"password\":\"x\",\"code\":1,\"email\":\"a@b\"}", "code"},
        {"{\"password\":[],\"code\":\"1\",\"email\":\"a@b\"}", "password"}};
    struct fake_platform *w = begin();
    size_t jobs = w->jobs_run;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        (void)people_post(w, "/v2/session", rows[i][0]);
        fake_refused(w, 400, rows[i][1]);
    }
    assert_int_equal(w->jobs_run, jobs);
    fake_platform_free(w);
}

/* ---- codes ------------------------------------------------------------- */

static void a_code_of_the_authenticator_works_once_also_after_a_restart(void **state)
{
    struct fake_platform *w = begin();
    char code[16];

    (void)state;
    (void)snprintf(code, sizeof code, "%s", people_code(w, &ada));
    assert_int_equal(people_try(w, ada.email, ada.password, code), 200);
    assert_int_equal(people_try(w, ada.email, ada.password, code), 401);
    fake_restart(w);
    assert_int_equal(people_try(w, ada.email, ada.password, code), 401);
    people_sign_in(w, &ada);
    pass(w, 120); /* an old one is none */
    assert_int_equal(people_try(w, ada.email, ada.password, code), 401);
    fake_platform_free(w);
}

static void each_recovery_code_works_once(void **state)
{
    struct fake_platform *w = begin();
    char plain[32];
    size_t n = 0;

    (void)state;
    for (const char *p = ada.recovery[1]; *p != '\0';
         p++) { /* as some people type it */
        if (*p != '-') {
            plain[n++] = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
        }
    }
    plain[n] = '\0';
    assert_int_equal(people_try(w, ada.email, "not the password", ada.recovery[0]),
                     401);
    assert_int_equal(people_try(w, ada.email, ada.password, ada.recovery[0]), 200);
    assert_int_equal(people_try(w, ada.email, ada.password, ada.recovery[0]), 401);
    assert_int_equal(people_try(w, ada.email, ada.password, plain), 200);
    fake_restart(w);
    assert_int_equal(people_try(w, ada.email, ada.password, ada.recovery[1]), 401);
    assert_int_equal(people_try(w, ada.email, ada.password, ada.recovery[2]), 200);
    people_take_session(w, &ada);
    {
        char path[96];

        (void)snprintf(path, sizeof path, "/v2/users/%s/mfa", ada.id);
        assert_int_equal(people_call(w, &ada, "GET", path, NULL), 200);
    }
    assert_int_equal(json_array_size(w->reply), 1 + 7);
    fake_platform_free(w);
}

/* The code is used up and the session there, or neither. */
static void a_failed_commit_gives_no_session_and_uses_no_code(void **state)
{
    struct fake_platform *w = begin();
    char code[16], body[256];

    (void)state;
    (void)snprintf(code, sizeof code, "%s", people_code(w, &ada));
    w->hold_jobs = true;
    assert_int_equal(
        fake_http(w, sign_in_request(body, sizeof body, ada.email, ada.password, code)),
        0);
    cs_kv_mem_fail_commit(w->kv, 1, CS_ERR_STORE_IO);
    fake_job(w);
    assert_int_equal(w->status, 0);
    assert_true(w->exited);
    cs_kv_mem_heal(w->kv);
    w->hold_jobs = false;
    w->held_id = 0;
    fake_restart(w);
    assert_int_equal(people_try(w, ada.email, ada.password, code), 200);
    fake_platform_free(w);
}

/* Both have the right password and code, while the worker computes. */
static void one_code_opens_one_session_also_at_once(void **state)
{
    struct fake_platform *w = begin();
    char body[256], code[32];

    (void)state;
    for (int recovery = 0; recovery < 2; recovery++) {
        (void)snprintf(code, sizeof code, "%s",
                       recovery ? ada.recovery[5] : people_code(w, &ada));
        w->hold_jobs = w->late_ids = true;
        for (int i = 0; i < 2; i++) {
            assert_int_equal(fake_http(w, sign_in_request(body, sizeof body, ada.email,
                                                          ada.password, code)),
                             0);
        }
        fake_job(w);
        assert_int_equal(w->status, 200);
        fake_job(w);
        assert_int_equal(w->status, 401);
        w->hold_jobs = w->late_ids = false;
        w->held_id = 0;
    }
    fake_platform_free(w);
}

/* ---- limits ------------------------------------------------------------ */

static void guesses_are_limited_by_name(void **state)
{
    struct fake_platform *w = begin();
    size_t jobs;
    int checked = 0;

    (void)state;
    people_sign_in(w, &ada); /* from 192.0.2.1, which is known now */
    jobs = w->jobs_run;
    for (int i = 0; i < 200; i++) { /* from everywhere */
        char from[32];

        (void)snprintf(from, sizeof from, "198.51.100.%d", i);
        w->remote = from;
        checked += people_try(w, ada.email, "wrong wrong wrong", "000000") == 401;
        assert_true(w->status == 401 || w->status == 429);
    }
    assert_int_equal(checked, CS_TRIES);
    assert_int_equal(w->jobs_run, jobs + CS_TRIES);
    w->remote = "203.0.113.9"; /* the right password does not help elsewhere .. */
    assert_int_equal(people_try(w, ada.email, ada.password, people_code(w, &ada)), 429);
    w->remote = "192.0.2.1"; /* .. but the owner is not locked out */
    people_sign_in(w, &ada);
    w->remote = "203.0.113.9";
    pass(w, CS_TRIES_S);
    people_sign_in(w, &ada);
    fake_platform_free(w);
}

static void
strangers_lock_nobody_out_who_has_another_address_of_his_network(void **state)
{
    struct fake_platform *w = begin();
    char from[32];

    (void)state;
    w->remote = "2001:db8:0:7::1";
    people_sign_in(w, &ada);
    for (int i = 0; i < 2 * CS_TRIES; i++) {
        (void)snprintf(from, sizeof from, "198.51.100.%d", i);
        w->remote = from;
        (void)people_try(w, ada.email, "x", "000000");
    }
    w->remote = "2001:db8:0:8::1";
    assert_int_equal(people_try(w, ada.email, ada.password, people_code(w, &ada)), 429);
    w->remote = "2001:db8:0:7:5054:ff:fe12:3456";
    people_sign_in(w, &ada);
    fake_platform_free(w);
}

static void unknown_names_are_limited_like_known_ones(void **state)
{
    struct fake_platform *w = begin();
    int checked = 0;

    (void)state;
    for (int i = 0; i < 40; i++) {
        char from[32];

        (void)snprintf(from, sizeof from, "198.51.100.%d", i);
        w->remote = from;
        checked += people_try(w, "nobody@example.org", "x", "000000") == 401;
    }
    assert_int_equal(checked, CS_TRIES);
    fake_platform_free(w);
}

static void guesses_are_limited_by_address(void **state)
{
    struct fake_platform *w = begin();
    int checked = 0;

    (void)state;
    w->remote = "198.51.100.7";
    for (int i = 0; i < 60; i++) {
        char email[64];

        (void)snprintf(email, sizeof email, "user%d@example.org", i);
        checked += people_try(w, email, "x", "000000") == 401;
    }
    assert_int_equal(checked, CS_TRIES_SITE);
    w->remote = "198.51.100.8";
    people_sign_in(w, &ada);
    fake_platform_free(w);
}

/* Asking again and again does not keep the refill from coming. */
static void a_flood_does_not_lock_out_for_ever(void **state)
{
    struct fake_platform *w = begin();
    int checked = 0;

    (void)state;
    w->remote = "198.51.100.7";
    for (int i = 0; i < 4 * CS_TRIES_S; i++) {
        checked += people_try(w, "nobody@example.org", "x", "000000") == 401;
        w->now += 250;
        w->wall += 250;
    }
    assert_in_range(checked, 2 * CS_TRIES - 1, 2 * CS_TRIES + 1);
    fake_platform_free(w);
}

/* ---- the worker -------------------------------------------------------- */

enum { STRANGERS = CS_LATER_MAX - CS_LATER_KEPT };

/* As many as may wait, each of an address of their own. */
static void strangers(struct fake_platform *w)
{
    char body[256], from[32], email[64];

    w->hold_jobs = true;
    for (int i = 0; i < STRANGERS; i++) {
        (void)snprintf(from, sizeof from, "198.51.100.%d", i);
        (void)snprintf(email, sizeof email, "u%d@example.org", i);
        w->remote = from;
        assert_int_equal(
            fake_http(w, sign_in_request(body, sizeof body, email, "x", "000000")), 0);
    }
}

static void two_passwords_are_computed_at_once_and_the_queue_is_bounded(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    strangers(w);
    assert_int_equal(w->n_jobs, CS_LATER_RUNNING);
    w->remote = "198.51.100.99";
    assert_int_equal(people_try(w, "u99@example.org", "x", "000000"), 503);
    w->late_ids = true;
    for (int i = 0; i < STRANGERS; i++) {
        assert_int_equal(w->n_jobs, i < STRANGERS - 1 ? CS_LATER_RUNNING : 1);
        w->held_id = w->http_id;
        fake_job(w);
        assert_int_equal(w->status, 401);
    }
    assert_int_equal(w->n_jobs, 0);
    fake_platform_free(w);
}

/* Attackers who keep the queue full must not use up the tries of whoever comes again
 * and again, and who comes from where he last signed in still gets in. */
static void a_full_queue_takes_no_try_and_keeps_places_for_who_is_known(void **state)
{
    struct fake_platform *w = begin();
    char body[256];

    (void)state;
    people_sign_in(w, &ada);
    strangers(w);
    w->remote = "203.0.113.9";
    for (int i = 0; i < 2 * CS_TRIES; i++) {
        assert_int_equal(people_try(w, ada.email, ada.password, "000000"), 503);
    }
    w->remote = "192.0.2.1";
    for (int i = 0; i < CS_LATER_KEPT; i++) {
        assert_int_equal(fake_http(w, sign_in_request(body, sizeof body, ada.email,
                                                      ada.password, "000000")),
                         0);
    }
    for (int i = 0; i < 2 * CS_TRIES; i++) {
        assert_int_equal(people_try(w, ada.email, ada.password, "000000"), 503);
    }
    w->late_ids = true;
    while (w->n_jobs > 0) {
        w->held_id = w->http_id;
        fake_job(w);
    }
    w->hold_jobs = w->late_ids = false;
    people_sign_in(w, &ada);
    w->remote = "203.0.113.9";
    pass(w, 60);
    people_sign_in(w, &ada);
    fake_platform_free(w);
}

static void who_waits_for_a_password_is_told_of_the_stop(void **state)
{
    struct fake_platform *w = begin();
    char body[256];
    struct cs_job *job;

    (void)state;
    w->hold_jobs = true;
    assert_int_equal(fake_http(w, sign_in_request(body, sizeof body, ada.email,
                                                  ada.password, "000000")),
                     0);
    fake_event(w, (struct cs_event){.type = CS_EV_STOP});
    assert_int_equal(w->status, 503);
    assert_true(w->exited);
    job = w->jobs[0]; /* it comes back later: freed, not answered */
    w->n_jobs = 0;
    job->run(job);
    fake_event(w, (struct cs_event){.type = CS_EV_JOB_DONE, .job = job});
    fake_platform_free(w);
}

/* ---- one's own new password -------------------------------------------- */

static int new_password(struct fake_platform *w, const struct person *p,
                        const char *password, const char *code, const char *next)
{
    char body[512];

    (void)snprintf(body, sizeof body,
                   "{\"password\":\"%s\",\"code\":\"%s\",\"newPassword\":\"%s\"}",
                   password, code, next);
    return people_call(w, p, "POST", "/v2/session/password", body);
}

static void a_new_password_ends_the_other_sessions_and_renews_this_one(void **state)
{
    static const char next[] = "a new and better one";
    struct fake_platform *w = begin();
    struct person old, other;

    (void)state;
    people_sign_in(w, &ada);
    other = ada;
    people_sign_in(w, &ada);
    old = ada;
    assert_int_equal(new_password(w, &ada, ada.password, people_code(w, &ada), next),
                     200);
    people_take_session(w, &ada);
    assert_string_not_equal(ada.cookie, old.cookie);
    assert_int_equal(look(w, &ada), 200);
    assert_int_equal(look(w, &old), 401);
    assert_int_equal(look(w, &other), 401);
    fake_restart(w);
    assert_int_equal(people_try(w, ada.email, ada.password, people_code(w, &ada)), 401);
    (void)snprintf(ada.password, sizeof ada.password, "%s", next);
    people_sign_in(w, &ada); /* the same authenticator .. */
    assert_int_equal(people_try(w, ada.email, next, ada.recovery[3]),
                     200); /* .. codes */
    fake_platform_free(w);
}

static void a_new_password_needs_the_old_one_and_a_fresh_code(void **state)
{
    static const char next[] = "a new and better one";
    struct fake_platform *w = begin();
    char code[16], body[512];
    struct fake_http h;

    (void)state;
    people_sign_in(w, &ada);
    assert_int_equal(new_password(w, &ada, "wrong", people_code(w, &ada), next), 403);
    fake_refused(w, 403, "password");
    assert_int_equal(new_password(w, &ada, ada.password, "000000", next), 403);
    fake_refused(w, 403, "password");
    (void)snprintf(code, sizeof code, "%s", people_code(w, &ada));
    assert_int_equal(people_try(w, ada.email, ada.password, code), 200);
    assert_int_equal(new_password(w, &ada, ada.password, code, next), 403);
    assert_int_equal(new_password(w, &ada, ada.password, "1", "too short"), 400);
    fake_refused(w, 400, "newPassword");
    assert_int_equal(new_password(w, &ada, ada.password, "1", ada.email), 400);
    assert_int_equal(look(w, &ada), 200);
    /* The session ends while the worker computes, before each of the two. */
    for (int jobs = 0; jobs < 2; jobs++) {
        people_sign_in(w, &ada);
        (void)snprintf(body, sizeof body,
                       "{\"password\":\"%s\",\"code\":\"%s\",\"newPassword\":\"%s\"}",
                       ada.password, people_code(w, &ada), next);
        h = people_request(&ada, "POST", "/v2/session/password", body);
        h.may_wait = true;
        w->hold_jobs = true;
        assert_int_equal(fake_http(w, h), 0);
        if (jobs == 1) {
            fake_job(w);
            assert_int_equal(w->status, 0);
        }
        w->late_ids = true;
        w->held_id = w->http_id;
        assert_int_equal(people_call(w, &ada, "DELETE", "/v2/session", NULL), 204);
        fake_job(w);
        fake_refused(w, 401, "Cookie");
        w->hold_jobs = w->late_ids = false;
        w->held_id = 0;
    }
    people_sign_in(w, &ada); /* it is still the old one */
    fake_platform_free(w);
}

static void guesses_at_ones_own_password_are_limited(void **state)
{
    struct fake_platform *w = begin();
    int checked = 0;

    (void)state;
    people_sign_in(w, &ada);
    for (int i = 0; i < 30; i++) { /* a stolen session */
        checked += new_password(w, &ada, "wrong", "000000", "twelve characters") == 403;
    }
    assert_int_equal(checked, CS_TRIES);
    assert_int_equal(w->status, 429);
    fake_platform_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setup_gives_the_owner_what_to_sign_in_with),
        cmocka_unit_test(setup_refuses_weak_passwords_and_keeps_its_token),
        cmocka_unit_test(two_setups_at_once_make_one_organisation),
        cmocka_unit_test(every_wrong_sign_in_gets_one_answer_and_costs_the_same),
        cmocka_unit_test(bad_sign_ins_name_their_field),
        cmocka_unit_test(a_code_of_the_authenticator_works_once_also_after_a_restart),
        cmocka_unit_test(each_recovery_code_works_once),
        cmocka_unit_test(a_failed_commit_gives_no_session_and_uses_no_code),
        cmocka_unit_test(guesses_are_limited_by_name),
        cmocka_unit_test(
            strangers_lock_nobody_out_who_has_another_address_of_his_network),
        cmocka_unit_test(unknown_names_are_limited_like_known_ones),
        cmocka_unit_test(guesses_are_limited_by_address),
        cmocka_unit_test(a_flood_does_not_lock_out_for_ever),
        cmocka_unit_test(two_passwords_are_computed_at_once_and_the_queue_is_bounded),
        cmocka_unit_test(a_full_queue_takes_no_try_and_keeps_places_for_who_is_known),
        cmocka_unit_test(who_waits_for_a_password_is_told_of_the_stop),
        cmocka_unit_test(one_code_opens_one_session_also_at_once),
        cmocka_unit_test(a_new_password_ends_the_other_sessions_and_renews_this_one),
        cmocka_unit_test(a_new_password_needs_the_old_one_and_a_fresh_code),
        cmocka_unit_test(guesses_at_ones_own_password_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
