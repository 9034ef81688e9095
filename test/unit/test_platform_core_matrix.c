/* Every route x every role x every way to ask, expected from the one table (perm.h),
 * and the table of src/platform/README.md held against it (RELIABILITY T33, T35). */
#include <stdio.h>

#include "platform/core/session.h"
#include "support/fake_many.h"
#include "support/fake_people.h"

static struct fake_platform *w;
static struct person owner, people[CS_ROLE_COUNT];
static char root[80], stranger[80];

/* ---- a platform with one user of each role ----------------------------- */

static void credential_token(const char *words, char out[80])
{
    char id[40], secret[80], keep[80];

    (void)snprintf(keep, sizeof keep, "%s", w->token);
    (void)snprintf(w->token, sizeof w->token, "%s", root);
    assert_int_equal(fake_credential_new(w, words, ""), 200);
    (void)snprintf(id, sizeof id, "%s", fake_text(w, "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(w, "clientSecret"));
    fake_login(w, id, secret);
    (void)snprintf(out, 80, "%s", w->token);
    (void)snprintf(w->token, sizeof w->token, "%s", keep);
}

static int begin(void **state)
{
    char email[64];

    (void)state;
    w = fake_platform_new();
    w->rng = 20261126; /* ids that no other fake one has */
    people_setup(w, &owner);
    (void)snprintf(root, sizeof root, "%s", w->token);
    for (unsigned r = 0; r < CS_ROLE_COUNT; r++) {
        (void)snprintf(email, sizeof email, "user%u@example.org", r);
        people_join(w, &people[r], email, cs_role_word((enum cs_role)r));
    }
    credential_token("", stranger);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_platform_free(w);
    return 0;
}

/* ---- asking ------------------------------------------------------------ */

/* With ids that belong to nothing: a request that is let through changes nothing. */
static struct fake_http ask(const struct cs_route *r)
{
    static const char id[] = "00000000-0000-4000-8000-000000000000";
    static char path[256];
    size_t n = 0;

    for (const char *p = r->pattern; *p != '\0'; p++) {
        if (*p == '{') {
            n += (size_t)snprintf(path + n, sizeof path - n, "%s", id);
            p += strcspn(p, "}");
        } else {
            path[n++] = *p;
        }
    }
    path[n] = '\0';
    return (struct fake_http){.method = r->method, .path = path, .body = "{}"};
}

static struct fake_http ask_as(const struct cs_route *r, const struct person *p)
{
    struct fake_http h = ask(r);

    h.cookie = p->cookie;
    h.csrf = p->csrf;
    h.origin = PEOPLE_ORIGIN;
    h.fetch_site = "same-origin";
    return h;
}

static void expect(const struct cs_route *r, struct fake_http h, const char *how,
                   int status, const char *field)
{
    (void)fake_http(w, h);
    if (w->status != status || strcmp(fake_text(w, "details.0.field"), field) != 0) {
        fail_msg("%s %s, %s: want %d %s, got %d %s", r->method, r->pattern, how, status,
                 field, w->status, w->reply_text);
    }
    if (status == 401) {
        fake_wait(w, 150); /* refused tokens are limited */
    }
}

/* It reached its handler: whatever that said, it is none of the gate's words. */
static void expect_in(const struct cs_route *r, struct fake_http h, const char *how)
{
    (void)fake_http(w, h);
    if (w->status == 401 || w->status == 403 || w->status == 429 || w->status == 500) {
        fail_msg("%s %s, %s: want it let in, got %d %s", r->method, r->pattern, how,
                 w->status, w->reply_text);
    }
}

static bool is_open(const struct cs_route *r)
{
    return r->perm == CS_PERM_OPEN || r->perm == CS_PERM_SIGN_IN;
}

static bool reads(const struct cs_route *r)
{
    return strcmp(r->method, "GET") == 0;
}

/* ---- the matrix -------------------------------------------------------- */

/* Everybody has shown a code just now. */
static void step_up_all(void)
{
    w->now += 30000;
    w->wall += 30000;
    for (unsigned r = 0; r < CS_ROLE_COUNT; r++) {
        assert_int_equal(people_step_up(w, &people[r]), 200);
    }
}

static void every_route_lets_in_the_roles_of_the_table_and_no_other(void **state)
{
    size_t let_in = 0, refused = 0;

    (void)state;
    step_up_all();
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);

        for (unsigned role = 0; role < CS_ROLE_COUNT; role++) {
            struct fake_http h = ask_as(r, &people[role]);

            if (is_open(r) || cs_role_has((enum cs_role)role, r->perm)) {
                expect_in(r, h, cs_role_word((enum cs_role)role));
                let_in++;
            } else {
                expect(r, h, cs_role_word((enum cs_role)role), 403, "permissions");
                refused++;
            }
            if (w->status == 204 && strcmp(r->pattern, "/v2/session") == 0) {
                people_sign_in(w, &people[role]); /* it was the sign-out */
            }
        }
    }
    assert_true(let_in > 100 && refused > 50);
}

static void every_route_refuses_who_has_no_session_and_no_token(void **state)
{
    static const char good[] = "__Host-cloudsign="
                               "0123456789abcdef0123456789abcdef"
                               "0123456789abcdef0123456789abcdef";
    char twice[300];

    (void)state;
    step_up_all();
    (void)snprintf(twice, sizeof twice, "%s; %s", people[0].cookie, good);
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        struct fake_http h = ask(r);

        if (is_open(r)) {
            expect_in(r, h, "nobody");
            continue;
        }
        expect(r, h, "nobody", 401, "Authorization");
        h.authorization = "Bearer 00";
        expect(r, h, "a bad token", 401, "Authorization");
        h.cookie = people[0].cookie; /* a token counts before a cookie */
        expect(r, h, "a bad token with a good cookie", 401, "Authorization");
        h = ask_as(r, &people[0]);
        h.cookie = good;
        expect(r, h, "an unknown cookie", 401, "Cookie");
        h.cookie = "__Host-cloudsign=";
        expect(r, h, "an empty cookie", 401, "Cookie");
        h.cookie = twice;
        expect(r, h, "two cookies", 401, "Cookie");
    }
}

static void every_write_with_a_cookie_needs_token_and_origin(void **state)
{
    (void)state;
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        struct fake_http h = ask_as(r, &people[CS_ROLE_OWNER]);

        if (is_open(r) || reads(r)) {
            continue;
        }
        h.csrf = NULL;
        expect(r, h, "no CSRF token", 403, "X-CSRF-Token");
        h.csrf = people[CS_ROLE_ADMINISTRATOR].csrf;
        expect(r, h, "somebody else's CSRF token", 403, "X-CSRF-Token");
        h.csrf = people[CS_ROLE_OWNER].csrf;
        h.origin = "https://evil.example";
        expect(r, h, "a foreign origin", 403, "Origin");
        h.origin = "null";
        expect(r, h, "an opaque origin", 403, "Origin");
        h.origin = PEOPLE_ORIGIN ".evil.example";
        expect(r, h, "an origin that starts like ours", 403, "Origin");
        h.origin = "http://127.0.0.1:8443";
        expect(r, h, "ours without TLS", 403, "Origin");
        h.origin = NULL;
        expect(r, h, "no origin", 403, "Origin");
        h.origin = PEOPLE_ORIGIN;
        h.fetch_site = "cross-site";
        expect(r, h, "a foreign page", 403, "Sec-Fetch-Site");
        h.fetch_site = "same-site";
        expect(r, h, "a neighbour's page", 403, "Sec-Fetch-Site");
    }
}

/* A page of the same site gets the cookie sent: it could have a pairing key made anew,
 * and learn from the time how much there is. */
static void no_read_with_a_cookie_is_for_a_neighbours_page(void **state)
{
    (void)state;
    step_up_all();
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        struct fake_http h = ask_as(r, &people[CS_ROLE_OWNER]);

        if (is_open(r) || !reads(r)) {
            continue;
        }
        h.csrf = h.origin = NULL;
        h.fetch_site = "same-site";
        expect(r, h, "a neighbour's picture", 403, "Sec-Fetch-Site");
        h.fetch_site = "cross-site";
        expect(r, h, "a foreign page's picture", 403, "Sec-Fetch-Site");
        h.fetch_site = NULL;
        h.origin = "https://evil.example";
        expect(r, h, "a foreign page's read", 403, "Origin");
        h.origin = NULL;
        h.fetch_site = "none";
        expect_in(r, h, "an address that was typed");
    }
}

/* Reads cannot be read by another page (no CORS), and cookies do not come with them. */
static void reads_need_no_csrf_token(void **state)
{
    (void)state;
    step_up_all();
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        struct fake_http h = ask_as(r, &people[CS_ROLE_OWNER]);

        if (reads(r)) {
            h.csrf = h.origin = h.fetch_site = NULL;
            expect_in(r, h, "a read without CSRF token");
        }
    }
}

static void sign_in_routes_refuse_foreign_pages(void **state)
{
    size_t n = 0;

    (void)state;
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        struct fake_http h = ask(r);

        if (r->perm != CS_PERM_SIGN_IN) {
            continue;
        }
        n++;
        h.origin = "https://evil.example";
        expect(r, h, "a foreign origin", 403, "Origin");
        h.origin = PEOPLE_ORIGIN;
        h.fetch_site = "cross-site";
        expect(r, h, "a foreign page", 403, "Sec-Fetch-Site");
    }
    assert_int_equal(n, 4);
}

/* Words in this list are not those of the table: it may not lose one unseen. */
static void what_gives_power_away_wants_a_code_of_the_last_minutes(void **state)
{
    static const char *const always[] = {
        "users.manage",     "owners.manage",   "credentials.manage",
        "devices.approve",  "devices.delete",  "quorums.confirm",
        "quorums.delete",   "webhooks.manage", "approval-groups.manage",
        "approvals.decide", "policies.manage"};
    size_t n = 0;

    (void)state;
    step_up_all();
    w->now += CS_SESSION_STEP_UP_S * 1000;
    w->wall += CS_SESSION_STEP_UP_S * 1000;
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        struct fake_http h = ask_as(r, &people[CS_ROLE_OWNER]);
        bool wants = strcmp(r->pattern, "/v2/audit/export") == 0 ||
                     (!reads(r) && cs_perm_wants_step_up(r->perm));

        assert_int_equal(cs_route_wants_step_up(r), wants);
        if (wants) {
            expect(r, h, "a session without step-up", 403, "stepUp");
            n++;
        } else if (is_open(r) || strcmp(r->pattern, "/v2/session") != 0) {
            expect_in(r, h, "a session without step-up");
        }
        if (wants) { /* a program has no authenticator */
            h = ask(r);
            h.authorization = root;
            expect_in(r, h, "a credential");
        }
    }
    assert_true(n >= 12);
    for (size_t i = 0; i < CS_COUNTOF(always); i++) {
        enum cs_pc_perm p;

        assert_true(cs_pc_perm_parse(&p, always[i]) && cs_perm_wants_step_up(p));
    }
    assert_false(cs_perm_wants_step_up(CS_PERM_USER));
    assert_false(cs_perm_wants_step_up(CS_PERM_TX_RAW));
}

/* The other kind of actor: what is a user's own is not for programs, and the origin of
 * a program does not matter. */
static void credentials_have_their_words_and_no_sessions(void **state)
{
    char words[64], token[80];

    (void)state;
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        struct fake_http h = ask(r);

        if (is_open(r)) {
            continue;
        }
        if (i % 20 == 0) { /* before the tokens' hour is over */
            fake_wait(w, 1000);
        }
        h.authorization = stranger;
        h.origin = "https://evil.example";
        if (r->perm == CS_PERM_ANY) {
            expect_in(r, h, "a credential without words");
            continue;
        }
        expect(r, h, "a credential without words", 403, "permissions");
        if (r->perm == CS_PERM_USER) {
            h.authorization = root;
            expect(r, h, "a credential with all words", 403, "permissions");
            continue;
        }
        (void)snprintf(words, sizeof words, "\"%s\"", cs_pc_perm_word(r->perm));
        credential_token(words, token);
        h.authorization = token;
        expect_in(r, h, "a credential with its word");
    }
}

/* ---- another organisation ----------------------------------------------- */

/* The path with ids of real objects of the other platform. */
static const char *foreign_path(const struct cs_route *r, const struct fake_trio *t)
{
    static char path[256];
    bool vaults = strncmp(r->pattern, "/v2/vaults", 10) == 0;
    bool wallets = strncmp(r->pattern, "/v2/wallets", 11) == 0;
    size_t n = 0;

    for (const char *p = r->pattern; *p != '\0'; p++) {
        if (*p != '{') {
            path[n++] = *p;
            continue;
        }
        n += (size_t)snprintf(path + n, sizeof path - n, "%s",
                              strncmp(p, "{wallet", 7) == 0 || wallets ? t->wallet
                              : strncmp(p, "{quorum", 7) == 0          ? t->quorum
                              : vaults                                 ? t->vault
                                                                       : t->d[0].text);
        p += strcspn(p, "}");
    }
    path[n] = '\0';
    return path;
}

/* A store has one organisation: what is another's is what nobody has. */
static void ids_of_another_organisation_lead_nowhere(void **state)
{
    struct fake_trio *other = fake_signers();
    size_t n = 0;

    (void)state;
    step_up_all();
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        struct fake_http h = ask_as(r, &people[CS_ROLE_OWNER]);

        if (strchr(r->pattern, '{') == NULL) {
            continue;
        }
        h.path = foreign_path(r, other);
        (void)fake_http(w, h);
        n++;
        if (w->status != 404 && w->status != 400 && w->status != 501) {
            fail_msg("%s %s: %d %s", r->method, h.path, w->status, w->reply_text);
        }
        assert_null(strstr(w->reply_text, other->vault));
    }
    assert_true(n > 30);
    fake_trio_free(other);
}

/* ---- the page ---------------------------------------------------------- */

static void row_of(char *out, size_t size, enum cs_pc_perm p, const char *text)
{
    size_t n = (size_t)snprintf(out, size, "| `%s`%s | %s |", cs_pc_perm_word(p),
                                cs_perm_wants_step_up(p) ? " *" : "", text);

    for (unsigned role = 0; role < CS_ROLE_COUNT; role++) {
        n += (size_t)snprintf(out + n, size - n, " %s |",
                              cs_role_has((enum cs_role)role, p) ? "x" : "");
    }
}

static void the_readme_shows_the_table(void **state)
{
    static const char *const texts[] = {
#define TEXT(name, word, category, roles, text) text,
        CS_PC_PERM_MAP(TEXT)
#undef TEXT
    };
    static char page[1 << 17];
    FILE *f = fopen(CS_TEST_VECTORS "/../../src/platform/README.md", "r");
    char row[256];
    size_t bad = 0;

    (void)state;
    assert_non_null(f);
    page[fread(page, 1, sizeof page - 1, f)] = '\0';
    assert_int_equal(fclose(f), 0);
    for (unsigned p = 0; p < CS_PERM_COUNT; p++) {
        row_of(row, sizeof row, (enum cs_pc_perm)p, texts[p]);
        if (strstr(page, row) == NULL) {
            print_message("missing in src/platform/README.md:\n%s\n", row);
            bad++;
        }
    }
    assert_int_equal(bad, 0);
}

/* The rights of api/entities.md, in words that do not come from the table. */
static void the_roles_are_those_of_the_vendor(void **state)
{
    (void)state;
    for (unsigned p = 0; p < CS_PERM_COUNT; p++) {
        const char *word = cs_pc_perm_word((enum cs_pc_perm)p);
        bool is_read = strstr(word, ".read") != NULL;

        assert_true(cs_role_has(CS_ROLE_OWNER, (enum cs_pc_perm)p));
        if (strncmp(word, "owners.", 7) != 0 && p != CS_PERM_STRATEGIES_MANAGE) {
            assert_true(cs_role_has(CS_ROLE_ADMINISTRATOR, (enum cs_pc_perm)p));
        }
        if (is_read) {
            assert_true(cs_role_has(CS_ROLE_AUDITOR, (enum cs_pc_perm)p));
        } else {
            assert_false(cs_role_has(CS_ROLE_AUDITOR, (enum cs_pc_perm)p));
            assert_false(cs_role_has(CS_ROLE_VIEWER, (enum cs_pc_perm)p));
        }
    }
    assert_false(cs_role_has(CS_ROLE_ADMINISTRATOR, CS_PERM_OWNERS_MANAGE));
    assert_false(cs_role_has(CS_ROLE_ADMINISTRATOR, CS_PERM_STRATEGIES_MANAGE));
    assert_false(cs_role_has(CS_ROLE_PROPOSER, CS_PERM_POLICIES_MANAGE));
    assert_true(cs_role_has(CS_ROLE_PROPOSER, CS_PERM_COUNTERPARTIES_MANAGE));
    assert_false(cs_role_has(CS_ROLE_APPROVER, CS_PERM_COUNTERPARTIES_MANAGE));
    assert_false(cs_role_has(CS_ROLE_VIEWER, CS_PERM_AUDIT_READ));
    assert_true(cs_role_has(CS_ROLE_APPROVER, CS_PERM_DEVICES_CREATE));
    assert_false(cs_role_has(CS_ROLE_APPROVER, CS_PERM_DEVICES_APPROVE));
    assert_false(cs_role_has(CS_ROLE_PROPOSER, CS_PERM_DEVICES_APPROVE));
    assert_true(cs_role_has(CS_ROLE_PROPOSER, CS_PERM_TX_RAW));
    assert_false(cs_role_has(CS_ROLE_COUNT, CS_PERM_ANY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_lets_in_the_roles_of_the_table_and_no_other),
        cmocka_unit_test(every_route_refuses_who_has_no_session_and_no_token),
        cmocka_unit_test(every_write_with_a_cookie_needs_token_and_origin),
        cmocka_unit_test(reads_need_no_csrf_token),
        cmocka_unit_test(no_read_with_a_cookie_is_for_a_neighbours_page),
        cmocka_unit_test(sign_in_routes_refuse_foreign_pages),
        cmocka_unit_test(what_gives_power_away_wants_a_code_of_the_last_minutes),
        cmocka_unit_test(credentials_have_their_words_and_no_sessions),
        cmocka_unit_test(ids_of_another_organisation_lead_nowhere),
        cmocka_unit_test(the_readme_shows_the_table),
        cmocka_unit_test(the_roles_are_those_of_the_vendor),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
