/* Users of a fake platform: set up, invited, enrolled and signed in, with an
 * authenticator of their own. */
#ifndef CS_TEST_FAKE_PEOPLE_H
#define CS_TEST_FAKE_PEOPLE_H

#include "chain/base32.h"
#include "crypto/password.h"
#include "support/fake_platform.h"

#define PEOPLE_ORIGIN   "https://127.0.0.1:8443"
#define PEOPLE_PASSWORD "correct horse battery"

struct person {
    char email[64], password[64], id[40];
    uint8_t totp[CS_TOTP_SECRET];
    char recovery[10][24];
    char cookie[128], csrf[65];
};

/* What the authenticator shows; time goes on first, since each code is good once. */
FAKE const char *people_code(struct fake_platform *w, const struct person *p)
{
    static char code[16];

    w->now += 30000;
    w->wall += 30000;
    (void)snprintf(code, sizeof code, "%06u",
                   cs_totp(CS_SPAN_OF(p->totp), (uint64_t)w->wall / 30000));
    return code;
}

FAKE void people_take_factors(struct fake_platform *w, struct person *p)
{
    const json_t *codes = json_object_get(w->reply, "recoveryCodes");

    if (!cs_unbase32(p->totp, sizeof p->totp, CS_BASE32_UPPER,
                     fake_text(w, "totp.secret"))) {
        fail_msg("no TOTP secret in: %s", w->reply_text);
    }
    assert_int_equal(json_array_size(codes), 10);
    for (size_t i = 0; i < 10; i++) {
        (void)snprintf(p->recovery[i], sizeof p->recovery[i], "%s",
                       json_string_value(json_array_get(codes, i)));
    }
}

FAKE int people_post(struct fake_platform *w, const char *path, const char *body)
{
    return fake_http(w, (struct fake_http){.method = "POST",
                                           .path = path,
                                           .body = body,
                                           .origin = PEOPLE_ORIGIN,
                                           .fetch_site = "same-origin"});
}

/* The first administrator; w->token is the credential's access token afterwards. */
FAKE void people_setup(struct fake_platform *w, struct person *p)
{
    char body[512], id[40], secret[80];

    memset(p, 0, sizeof *p);
    (void)snprintf(p->email, sizeof p->email, "ada@example.org");
    (void)snprintf(p->password, sizeof p->password, PEOPLE_PASSWORD);
    (void)snprintf(body, sizeof body,
                   "{\"setupToken\":\"%s\",\"organizationName\":\"Acme\",\"firstName\":"
                   "\"Ada\",\"lastName\":\"Admin\",\"email\":\"Ada@Example.org\","
                   "\"password\":\"%s\"}",
                   w->setup_token, p->password);
    if (people_post(w, "/v2/setup", body) != 200) {
        fail_msg("setup: %s", w->reply_text);
    }
    people_take_factors(w, p);
    (void)snprintf(p->id, sizeof p->id, "%s", fake_text(w, "user.id"));
    (void)snprintf(id, sizeof id, "%s", fake_text(w, "credential.clientId"));
    (void)snprintf(secret, sizeof secret, "%s",
                   fake_text(w, "credential.clientSecret"));
    fake_login(w, id, secret);
}

FAKE int people_try(struct fake_platform *w, const char *email, const char *password,
                    const char *code)
{
    char body[512];

    (void)snprintf(body, sizeof body,
                   "{\"email\":\"%s\",\"password\":\"%s\",\"code\":\"%s\"}", email,
                   password, code);
    return people_post(w, "/v2/session", body);
}

/* Takes the cookie and the CSRF token out of the last answer. */
FAKE void people_take_session(struct fake_platform *w, struct person *p)
{
    static const char start[] = "set-cookie: ";

    assert_non_null(w->headers);
    assert_int_equal(strncmp(w->headers, start, sizeof start - 1), 0);
    (void)snprintf(p->cookie, sizeof p->cookie, "%.*s",
                   (int)strcspn(w->headers + sizeof start - 1, ";"),
                   w->headers + sizeof start - 1);
    (void)snprintf(p->csrf, sizeof p->csrf, "%s", fake_text(w, "csrfToken"));
    assert_int_equal(strlen(p->csrf), 64);
}

FAKE void people_sign_in(struct fake_platform *w, struct person *p)
{
    if (people_try(w, p->email, p->password, people_code(w, p)) != 200) {
        fail_msg("%s cannot sign in: %s", p->email, w->reply_text);
    }
    people_take_session(w, p);
}

FAKE struct fake_http people_request(const struct person *p, const char *method,
                                     const char *path, const char *body)
{
    return (struct fake_http){.method = method,
                              .path = path,
                              .body = body,
                              .cookie = p->cookie,
                              .csrf = p->csrf,
                              .origin = PEOPLE_ORIGIN,
                              .fetch_site = "same-origin"};
}

FAKE int people_call(struct fake_platform *w, const struct person *p,
                     const char *method, const char *path, const char *body)
{
    struct fake_http h = people_request(p, method, path, body);
    const char *query = strchr(path, '?');
    char plain[256];

    (void)snprintf(plain, sizeof plain, "%.*s", (int)strcspn(path, "?"), path);
    h.path = plain;
    h.query = query == NULL ? NULL : query + 1;
    return fake_http(w, h);
}

/* Shows the code of this moment; who has shown it already needs the next one.  A
 * step-up gives a new cookie. */
FAKE int people_step_up(struct fake_platform *w, struct person *p)
{
    char body[64];

    (void)snprintf(body, sizeof body, "{\"code\":\"%06u\"}",
                   cs_totp(CS_SPAN_OF(p->totp), (uint64_t)w->wall / 30000));
    if (people_call(w, p, "POST", "/v2/session/step-up", body) == 200) {
        people_take_session(w, p);
    }
    return w->status;
}

/* With a token of an invitation, up to active. */
FAKE void people_enrol(struct fake_platform *w, struct person *p, const char *token)
{
    char body[512];

    (void)snprintf(body, sizeof body, "{\"token\":\"%s\",\"password\":\"%s\"}", token,
                   p->password);
    if (people_post(w, "/v2/session/enrol", body) != 200) {
        fail_msg("enrol: %s", w->reply_text);
    }
    people_take_factors(w, p);
    (void)snprintf(body, sizeof body, "{\"token\":\"%s\",\"code\":\"%s\"}", token,
                   people_code(w, p));
    if (people_post(w, "/v2/session/enrol/confirm", body) != 200) {
        fail_msg("confirm: %s", w->reply_text);
    }
}

/* Invited with w->token, which needs users.manage; token of the invitation. */
FAKE int people_invite(struct fake_platform *w, struct person *p, const char *email,
                       const char *role, char token[80])
{
    char body[512];

    memset(p, 0, sizeof *p);
    (void)snprintf(p->email, sizeof p->email, "%s", email);
    (void)snprintf(p->password, sizeof p->password, "a long one of %.40s", email);
    (void)snprintf(body, sizeof body,
                   "{\"firstName\":\"F\",\"lastName\":\"L\",\"email\":\"%s\","
                   "\"roles\":[\"%s\"]}",
                   email, role);
    (void)fake_api(w, "POST", "/v2/users", body);
    (void)snprintf(p->id, sizeof p->id, "%s", fake_text(w, "id"));
    (void)snprintf(token, 80, "%s", fake_text(w, "enrolmentToken"));
    return w->status;
}

/* All of it: invited, enrolled, signed in. */
FAKE void people_join(struct fake_platform *w, struct person *p, const char *email,
                      const char *role)
{
    char token[80];

    if (people_invite(w, p, email, role, token) != 200) {
        fail_msg("invite: %s", w->reply_text);
    }
    people_enrol(w, p, token);
    people_sign_in(w, p);
}

#endif
