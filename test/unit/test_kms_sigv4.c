/* Signature Version 4 against AWS's published vectors (aws-c-auth, by headers), and
 * what must not be signed. */
#include "base/text.h"
#include "crypto/hash.h"
#include "kms/aws_time.h"
#include "kms/sigv4.h"
#include "support/kms_bed.h"
#include "support/vectors.h"

#define ID     "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

/* A request of the vectors: "METHOD target HTTP/1.1", lines of headers, body. */
struct parsed {
    char text[4096];
    char method[8];
    struct cs_span path, query, body;
    struct cs_sigv4_header h[CS_SIGV4_HEADERS_MAX];
    size_t n;
    char body_hash[65];
};

static void parse_target(struct parsed *p, char *line)
{
    char *target = strchr(line, ' '), *version = strrchr(line, ' '), *mark;

    assert_non_null(target);
    assert_ptr_not_equal(target, version);
    *target++ = '\0';
    *version = '\0';
    assert_true(strlen(line) < sizeof p->method);
    memcpy(p->method, line, strlen(line) + 1);
    mark = strchr(target, '?');
    p->path = CS_SPAN(target, mark == NULL ? strlen(target) : (size_t)(mark - target));
    p->query = mark == NULL ? CS_SPAN("", 0) : T(mark + 1);
}

static void add(struct parsed *p, const char *name, struct cs_span value)
{
    assert_true(p->n < CS_SIGV4_HEADERS_MAX);
    p->h[p->n++] = (struct cs_sigv4_header){name, value};
}

/* Headers up to an empty line; a line that begins with a blank goes on. */
static char *parse_headers(struct parsed *p, char *at)
{
    while (at != NULL && *at != '\0' && *at != '\n') {
        char *end = strchr(at, '\n'), *colon = strchr(at, ':');

        while (end != NULL && end[1] == ' ') {
            *end = ' ';
            end = strchr(end, '\n');
        }
        if (end != NULL) {
            *end = '\0';
        }
        assert_non_null(colon);
        *colon = '\0';
        add(p, at, T(colon + 1));
        at = end == NULL ? NULL : end + 1;
    }
    return at == NULL || *at == '\0' ? NULL : at + 1;
}

static void parse(struct parsed *p, const char *text)
{
    char *line_end, *body;

    *p = (struct parsed){.n = 0};
    (void)snprintf(p->text, sizeof p->text, "%s", text);
    line_end = strchr(p->text, '\n');
    assert_non_null(line_end);
    *line_end = '\0';
    parse_target(p, p->text);
    body = parse_headers(p, line_end + 1);
    p->body = body == NULL ? CS_SPAN("", 0) : T(body);
}

static void add_signers_own(struct parsed *p, const json_t *context,
                            const struct cs_sigv4_scope *scope)
{
    const json_t *token = json_object_get(json_object_get(context, "credentials"),
                                          "token");

    add(p, "X-Amz-Date", CS_SPAN(scope->time, strlen(scope->time)));
    if (json_is_true(json_object_get(context, "sign_body"))) {
        uint8_t hash[32];

        cs_sha256(hash, p->body);
        add(p, "x-amz-content-sha256", T(cs_hex(p->body_hash, hash, 32)));
    }
    if (token != NULL &&
        !json_is_true(json_object_get(context, "omit_session_token"))) {
        add(p, "X-Amz-Security-Token", T(json_string_value(token)));
    }
}

static struct cs_sigv4_request request_of(const struct parsed *p)
{
    return (struct cs_sigv4_request){.method = p->method,
                                     .path = p->path,
                                     .query = p->query,
                                     .headers = p->h,
                                     .n_headers = p->n,
                                     .body = p->body};
}

static void run_case(const char *name, const json_t *c)
{
    const json_t *context = cs_vec_get(c, "context.json");
    const json_t *keys = cs_vec_get(context, "credentials");
    struct cs_sigv4_keys k = {cs_vec_str(keys, "access_key_id"),
                              cs_vec_str(keys, "secret_access_key")};
    struct cs_sigv4_scope scope = {.region = cs_vec_str(context, "region"),
                                   .service = cs_vec_str(context, "service")};
    struct cs_wr canonical = {0}, names = {0}, text = {0}, auth = {0};
    struct cs_sigv4_request req;
    struct parsed p;
    uint64_t when;

    (void)fprintf(stderr, "sigv4 %s\n", name);
    assert_ok(cs_aws_time_parse(&when, cs_vec_str(context, "timestamp")));
    assert_ok(cs_sigv4_time(scope.time, when));
    parse(&p, cs_vec_str(c, "request.txt"));
    add_signers_own(&p, context, &scope);
    req = request_of(&p);
    assert_ok(cs_sigv4_canonical(&canonical, &names, &req));
    bed_same(&canonical, cs_vec_str(c, "header-canonical-request.txt"));
    cs_sigv4_string_to_sign(&text, &scope, cs_wr_get(&canonical));
    bed_same(&text, cs_vec_str(c, "header-string-to-sign.txt"));
    assert_ok(cs_sigv4_authorize(&auth, &req, &scope, &k));
    cs_wr_u8(&auth, 0);
    assert_non_null(strstr(cs_vec_str(c, "header-signed-request.txt"), (char *)auth.p));
    assert_non_null(strstr((char *)auth.p, cs_vec_str(c, "header-signature.txt")));
    cs_wr_free(&canonical);
    cs_wr_free(&names);
    cs_wr_free(&text);
    cs_wr_free(&auth);
}

static void aws_vectors_come_out_byte_for_byte(void **state)
{
    struct cs_vec *v = CS_VEC_SHARED("sigv4/cases.json");
    const char *name;
    json_t *c;
    size_t n = 0;

    (void)state;
    if (v == NULL) {
        skip();
    }
    json_object_foreach(v->root, name, c)
    {
        run_case(name, c);
        n++;
    }
    assert_true(n >= 24);
    cs_vec_close(v);
}

static const struct cs_sigv4_scope vanilla = {"20150830T123600Z", "us-east-1",
                                              "service"};

/* get-vanilla, so that one signature is held also without the published folder. */
static void one_signature_is_known_here(void **state)
{
    struct cs_sigv4_header h[] = {{"Host", T("example.amazonaws.com")},
                                  {"X-Amz-Date", T("20150830T123600Z")}};
    struct cs_sigv4_request req = {
        .method = "GET", .path = T("/"), .headers = h, .n_headers = 2};
    struct cs_sigv4_keys k = {ID, SECRET};
    struct cs_wr auth = {0};

    (void)state;
    assert_ok(cs_sigv4_authorize(&auth, &req, &vanilla, &k));
    bed_same(&auth,
             "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/"
             "aws4_request, SignedHeaders=host;x-amz-date, Signature="
             "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    cs_wr_free(&auth);
}

/* The key of AWS's documentation ("Deriving the signing key"). */
static void the_signing_key_is_the_one_of_the_documentation(void **state)
{
    struct cs_sigv4_scope scope = {"20120215T000000Z", "us-east-1", "iam"};
    uint8_t key[32];
    char hex[65];

    (void)state;
    assert_ok(cs_sigv4_key(key, SECRET, &scope));
    assert_string_equal(
        cs_hex(hex, key, 32),
        "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
}

/* Changes anywhere change the signature. */
static void sign_with(struct cs_wr *out, const char *path, const char *query,
                      const char *body, const char *secret, const char *region)
{
    struct cs_sigv4_header h[] = {{"host", T("h")}};
    struct cs_sigv4_request req = {.method = "POST",
                                   .path = T(path),
                                   .query = T(query),
                                   .headers = h,
                                   .n_headers = 1,
                                   .body = T(body)};
    struct cs_sigv4_scope scope = {"20150830T123600Z", region, "kms"};
    struct cs_sigv4_keys k = {ID, secret};

    assert_ok(cs_sigv4_authorize(out, &req, &scope, &k));
}

static void every_input_is_signed(void **state)
{
    const char *rows[][5] = {
        {"/", "", "b", SECRET, "r"},   {"/x", "", "b", SECRET, "r"},
        {"/", "q=", "b", SECRET, "r"}, {"/", "", "c", SECRET, "r"},
        {"/", "", "b", "other", "r"},  {"/", "", "b", SECRET, "s"}};
    struct cs_wr w[CS_COUNTOF(rows)] = {{0}};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        sign_with(&w[i], rows[i][0], rows[i][1], rows[i][2], rows[i][3], rows[i][4]);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(w[i].p + w[i].n - 64, w[k].p + w[k].n - 64, 64);
        }
    }
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        cs_wr_free(&w[i]);
    }
}

static void refuse(const char *path, const char *query, const char *name,
                   struct cs_span value)
{
    struct cs_sigv4_header h[] = {{"Host", T("h")}, {name, value}};
    struct cs_sigv4_request req = {.method = "GET",
                                   .path = T(path),
                                   .query = T(query),
                                   .headers = h,
                                   .n_headers = 2};
    struct cs_sigv4_keys k = {ID, SECRET};
    struct cs_wr auth = {0};

    assert_err(cs_sigv4_authorize(&auth, &req, &vanilla, &k), CS_ERR_USAGE);
    assert_int_equal(auth.n, 0);
    cs_wr_free(&auth);
}

static void paths_that_servers_read_differently_are_refused(void **state)
{
    (void)state;
    refuse("", "", "a", T("b"));
    refuse("a", "", "a", T("b"));
    refuse("//", "", "a", T("b"));
    refuse("/a//b", "", "a", T("b"));
    refuse("/./a", "", "a", T("b"));
    refuse("/a/..", "", "a", T("b"));
    refuse("/a/.", "", "a", T("b"));
}

static void headers_that_break_the_line_are_refused(void **state)
{
    (void)state;
    refuse("/", "", "", T("b"));
    refuse("/", "", "a b", T("b"));
    refuse("/", "", "a:", T("b"));
    refuse("/", "", "a\n", T("b"));
    refuse("/", "", "a", T("b\r\nx: y"));
    refuse("/", "", "a", T("b\n"));
    refuse("/", "", "a", CS_SPAN("b\0c", 3));
}

static void a_host_header_must_be_there(void **state)
{
    struct cs_sigv4_header h[] = {{"X-Amz-Date", T("20150830T123600Z")}};
    struct cs_sigv4_request req = {
        .method = "GET", .path = T("/"), .headers = h, .n_headers = 1};
    struct cs_sigv4_keys k = {ID, SECRET};
    struct cs_wr auth = {0};

    (void)state;
    assert_err(cs_sigv4_authorize(&auth, &req, &vanilla, &k), CS_ERR_USAGE);
    cs_wr_free(&auth);
}

static void too_many_headers_or_pairs_are_refused(void **state)
{
    struct cs_sigv4_header h[CS_SIGV4_HEADERS_MAX + 1];
    struct cs_sigv4_request req = {.method = "GET", .path = T("/"), .headers = h};
    struct cs_wr w = {0}, names = {0}, query = {0};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(h); i++) {
        h[i] = (struct cs_sigv4_header){"host", T("h")};
    }
    req.n_headers = CS_COUNTOF(h);
    assert_err(cs_sigv4_canonical(&w, &names, &req), CS_ERR_USAGE);
    req.n_headers = CS_COUNTOF(h) - 1;
    assert_ok(cs_sigv4_canonical(&w, &names, &req));
    for (size_t i = 0; i < CS_SIGV4_PARAMS_MAX; i++) {
        cs_wr_str(&query, "&a=b");
    }
    req.query = cs_wr_get(&query);
    assert_ok(cs_sigv4_canonical(&w, &names, &req));
    cs_wr_str(&query, "&a=b");
    req.query = cs_wr_get(&query);
    assert_err(cs_sigv4_canonical(&w, &names, &req), CS_ERR_USAGE);
    cs_wr_free(&w);
    cs_wr_free(&names);
    cs_wr_free(&query);
}

static void lack_of_memory_is_said_and_leaves_nothing(void **state)
{
    struct cs_sigv4_header h[] = {{"Host", T("h")}};
    struct cs_sigv4_request req = {.method = "GET",
                                   .path = T("/"),
                                   .query = T("a=b"),
                                   .headers = h,
                                   .n_headers = 1};
    struct cs_sigv4_keys k = {ID, SECRET};
    unsigned long nth = 1;
    enum cs_err err;

    (void)state;
    do {
        struct cs_wr auth = {0};

        cs_mem_fail_at(nth);
        err = cs_sigv4_authorize(&auth, &req, &vanilla, &k);
        cs_mem_fail_at(0);
        assert_true(err == CS_OK || err == CS_ERR_NOMEM);
        cs_wr_free(&auth);
    } while (err != CS_OK && ++nth < 100);
    assert_true(nth > 3 && nth < 100);
}

static void times_go_there_and_back(void **state)
{
    static const struct {
        uint64_t s;
        const char *basic, *iso;
    } rows[] = {{0, "19700101T000000Z", "1970-01-01T00:00:00Z"},
                {951782399, "20000228T235959Z", "2000-02-28T23:59:59Z"},
                {951782400, "20000229T000000Z", "2000-02-29T00:00:00.25Z"},
                {1440938160, "20150830T123600Z", "2015-08-30T12:36:00Z"},
                {1795661100, "20261126T024500Z", "2026-11-26T02:45:00.000000Z"},
                {253402300799, "99991231T235959Z", "9999-12-31T23:59:59Z"}};
    char text[CS_SIGV4_TIME_LEN];
    uint64_t s;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        assert_ok(cs_sigv4_time(text, rows[i].s));
        assert_string_equal(text, rows[i].basic);
        assert_ok(cs_aws_time_parse(&s, rows[i].iso));
        assert_int_equal(s, rows[i].s);
    }
    assert_err(cs_sigv4_time(text, 253402300800), CS_ERR_USAGE);
    assert_err(cs_sigv4_time(text, UINT64_MAX), CS_ERR_USAGE);
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11-26",
        "2026-11-26T02:45:00",
        "2026-11-26T02:45:00+01:00",
        "2026-11-26 02:45:00Z",
        "2026-11-26T02:45:00ZZ",
        "2026-11-26T02:45:00.Z",
        "2026-13-26T02:45:00Z",
        "2026-00-26T02:45:00Z",
        "2026-02-29T02:45:00Z",
        "2026-11-00T02:45:00Z",
        "2026-11-26T24:45:00Z",
        "2026-11-26T02:60:00Z",
        "2026-11-26T02:45:61Z",
        "1969-12-31T23:59:59Z",
        "-026-11-26T02:45:00Z",
    };
    uint64_t s;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        assert_err(cs_aws_time_parse(&s, bad[i]), CS_ERR_BAD_TEXT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aws_vectors_come_out_byte_for_byte),
        cmocka_unit_test(one_signature_is_known_here),
        cmocka_unit_test(the_signing_key_is_the_one_of_the_documentation),
        cmocka_unit_test(every_input_is_signed),
        cmocka_unit_test(paths_that_servers_read_differently_are_refused),
        cmocka_unit_test(headers_that_break_the_line_are_refused),
        cmocka_unit_test(a_host_header_must_be_there),
        cmocka_unit_test(too_many_headers_or_pairs_are_refused),
        cmocka_unit_test(lack_of_memory_is_said_and_leaves_nothing),
        cmocka_unit_test(times_go_there_and_back),
        cmocka_unit_test(what_is_no_time_is_refused),
    };

    return cmocka_run_group_tests(tests, bed_start, NULL);
}
