/* Answers about large records: lists end early and say where they go on, and what does
 * not fit into an answer at all is an error and not the end of the platform. */
#include "platform/core/approvals.h"
#include "platform/core/rec.h"
#include "support/fake_approvals.h"

enum {
    SETS = 30,
    LARGE = 50 << 10,     /* quotes in a set: some 400 KiB of its view */
    ANSWER_MAX = 6 << 20, /* a page, and the record behind which it ends */
    PAGES_MAX = 2 * SETS,
    HUGE_TEXT = 400 << 10, /* quotes in a record: 800 KiB .. */
    MANY = 25              /* .. and so many are more than an answer holds */
};

static struct fake_board b;
static char ids[SETS][40];

static int begin(void **state)
{
    (void)state;
    board_new(&b);
    board_group(&b, "API_CREDENTIAL", 1, &b.ann, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    board_free(&b);
    return 0;
}

/* Lines of n quotes: each is four bytes in the text of a text. */
static json_t *lines_of(size_t n)
{
    char *text = malloc(n + 1);
    json_t *line = cs_js_obj(), *lines = cs_js_arr();

    assert_non_null(text);
    memset(text, '"', n);
    text[n] = '\0';
    cs_js_str(line, "label", "Name");
    cs_js_str(line, "value", text);
    cs_js_push(lines, line);
    free(text);
    return lines;
}

static void tamper(uint8_t table, const char *id, const char *name, json_t *value)
{
    uint8_t key[CS_PC_ID];
    json_t *rec;

    assert_int_equal(cs_uuid_parse(key, id), CS_OK);
    rec = cs_pc_get(b.t->w->core, table, key);
    assert_non_null(rec);
    cs_js_set(rec, name, value);
    cs_pc_put(b.t->w->core, table, key, rec);
    json_decref(rec);
}

/* A set of a credential whose lines are that large. */
static void open_large(char id[40], size_t n)
{
    assert_int_equal(fake_credential_new(b.t->w, "\"vaults.read\"", ""), 200);
    board_take(&b);
    (void)snprintf(id, 40, "%s", b.set);
    tamper(CS_PC_APPROVAL, id, "lines", lines_of(n));
}

static void credential_with_text(size_t n)
{
    assert_int_equal(fake_credential_new(b.t->w, "\"vaults.read\"", ""), 200);
    tamper(CS_PC_CREDENTIAL, fake_text(b.t->w, "id"), "lines", lines_of(n));
}

/* The token of the next page; "": there is none. */
static void take_token(char token[32])
{
    static const char name[] = "next-page-token: ";
    const char *at = b.t->w->headers == NULL ? NULL : strstr(b.t->w->headers, name);

    token[0] = '\0';
    if (at != NULL) {
        at += sizeof name - 1;
        (void)snprintf(token, 32, "%.*s", (int)strcspn(at, "\n"), at);
    }
}

/* The page's sets are those before place `end`, the oldest of them first; the place of
 * the oldest one. */
static size_t check_page(size_t end)
{
    const json_t *list = b.t->w->reply;
    size_t n = json_array_size(list);

    assert_true(n > 0 && n <= end);
    assert_true(strlen(b.t->w->reply_text) <= ANSWER_MAX);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(cs_js_text(json_array_get(list, i), "id"),
                            ids[end - n + i]);
    }
    return end - n;
}

static void a_list_of_large_approvals_goes_on_page_by_page(void **state)
{
    char path[96] = "/v2/approvals?status=PENDING", token[32];
    size_t left = SETS, n_pages = 0;

    (void)state;
    for (size_t i = 0; i < SETS; i++) {
        open_large(ids[i], LARGE);
        fake_wait(b.t->w, 1000);
        board_alive(&b);
    }
    do {
        fake_ok(b.t->w, "GET", path, NULL);
        left = check_page(left);
        take_token(token);
        assert_int_equal(token[0] != '\0', left > 0);
        (void)snprintf(path, sizeof path, "/v2/approvals?status=PENDING&pageToken=%s",
                       token);
    } while (token[0] != '\0' && ++n_pages < PAGES_MAX);
    assert_int_equal(left, 0);
    assert_true(n_pages > 0);
    assert_int_equal(fake_api(b.t->w, "GET", "/v2/approvals?pageToken=x", NULL), 400);
    fake_refused(b.t->w, 400, "pageToken");
}

static void a_list_that_is_whole_names_no_page(void **state)
{
    char token[32];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        open_large(ids[i], 10);
    }
    fake_ok(b.t->w, "GET", "/v2/approvals", NULL);
    assert_int_equal(check_page(3), 0);
    take_token(token);
    assert_string_equal(token, "");
}

/* No list of the API gets that long; if one did, it was abort(), at each request, and
 * after each start again. */
static void an_answer_that_does_not_fit_is_an_error(void **state)
{
    (void)state;
    board_no_group(&b, "API_CREDENTIAL");
    for (int i = 0; i < MANY; i++) {
        credential_with_text(HUGE_TEXT);
        fake_wait(b.t->w, 1000);
        board_alive(&b);
    }
    assert_int_equal(fake_api(b.t->w, "GET", "/v2/credentials", NULL), 500);
    assert_non_null(strstr(fake_text(b.t->w, "message"), "16 MiB"));
    assert_int_equal(b.t->w->too_large, 1);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(fake_api(b.t->w, "GET", "/v2/credentials", NULL), 500);
    }
    assert_int_equal(b.t->w->too_large, 5); /* the log is not flooded */
    fake_ok(b.t->w, "GET", "/v2/organizations", NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_list_of_large_approvals_goes_on_page_by_page),
        CASE(a_list_that_is_whole_names_no_page),
        CASE(an_answer_that_does_not_fit_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
