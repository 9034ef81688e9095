/* The HTTPS client against real servers over TLS, good and bad. */
#include "net/https_client.h"

#include "base/mem.h"
#include "support/net_rig.h"
#include "support/tls_serve.h"

static const char ok_answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
                                "x-amzn-RequestId: abc-123\r\n"
                                "Content-Type: application/json\r\n\r\nhello";

static struct {
    uv_loop_t loop;
    uv_timer_t guard;
    bool late;
    char dir[64];
    struct cs_tls_files tls;
    struct cs_https *h;
    struct cs_why why;
    /* the last answer */
    unsigned n_done, n_closed;
    enum cs_err err;
    int status;
    char failure[400], body[65536], header[CS_HTTPS_WANT_MAX][128];
    size_t body_len;
} t;

static void on_late(uv_timer_t *timer)
{
    (void)timer;
    t.late = true;
}

static void until(const unsigned *n, unsigned least)
{
    t.late = false;
    assert_int_equal(uv_timer_start(&t.guard, on_late, 30000, 0), 0);
    while (*n < least && !t.late) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
    (void)uv_timer_stop(&t.guard);
    assert_false(t.late);
}

static void on_closed(void *ctx)
{
    (void)ctx;
    t.n_closed++;
}

static int open_all(void **state)
{
    static const char *const names[] = {"127.0.0.1"};

    (void)state;
    memset(&t, 0, sizeof t);
    assert_int_equal(uv_loop_init(&t.loop), 0);
    assert_int_equal(uv_timer_init(&t.loop, &t.guard), 0);
    (void)snprintf(t.dir, sizeof t.dir, "/tmp/cs-https-XXXXXX");
    assert_non_null(mkdtemp(t.dir));
    assert_int_equal(cs_tls_files_own(&t.tls, t.dir, names, 1, &t.why), CS_OK);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    if (t.h != NULL) {
        cs_https_close(t.h, on_closed, NULL);
        until(&t.n_closed, 1);
    }
    uv_close((uv_handle_t *)&t.guard, NULL);
    assert_int_equal(uv_run(&t.loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&t.loop), 0);
    assert_int_equal(nftw(t.dir, rig_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
    cs_tls_files_wipe(&t.tls);
    return 0;
}

static void client(const char *ca, const char *cert, const char *key)
{
    struct cs_https_config cfg = {
        .loop = &t.loop, .ca_file = ca, .cert_file = cert, .key_file = key};

    if (cs_https_new(&t.h, &cfg, &t.why) != CS_OK) {
        fail_msg("%s", t.why.text);
    }
}

static void on_done(void *ctx, const struct cs_https_answer *a)
{
    assert_ptr_equal(ctx, &t);
    t.n_done++;
    t.err = a->err;
    t.status = a->status;
    (void)snprintf(t.failure, sizeof t.failure, "%s", a->failure);
    t.body_len = a->body.n;
    assert_true(a->body.n <= sizeof t.body);
    memcpy(t.body, a->body.n != 0 ? (const char *)a->body.p : "", a->body.n);
    for (size_t i = 0; i < CS_HTTPS_WANT_MAX; i++) {
        (void)snprintf(t.header[i], sizeof t.header[i], "%s", a->headers[i]);
    }
}

static struct cs_https_url url_of(const char *scheme, const char *host, int port)
{
    struct cs_https_url u;
    char text[128];

    (void)snprintf(text, sizeof text, "%s://%s:%d/a/b?c=d", scheme, host, port);
    assert_int_equal(cs_https_url_parse(&u, text, "URL", true, &t.why), CS_OK);
    return u;
}

/* Asks and waits for the answer. */
static void ask(const struct cs_https_url *u, struct cs_span body, uint32_t time_ms)
{
    struct cs_https_header headers[] = {{"x-one", CS_SPAN_LIT("first value")},
                                        {"content-type", CS_SPAN_LIT("text/x")}};
    struct cs_https_request req = {
        .url = u,
        .method = body.n != 0 ? "POST" : "GET",
        .headers = headers,
        .n_headers = 2,
        .body = body,
        .time_ms = time_ms,
        .body_max = 32768,
        .want = {"x-amzn-requestid", "content-type", "x-no"}};
    unsigned n = t.n_done;

    if (cs_https_ask(t.h, &req, on_done, &t, &t.why) != CS_OK) {
        fail_msg("%s", t.why.text);
    }
    until(&t.n_done, n + 1);
}

static struct serve tls_server(const char *answer)
{
    return (struct serve){
        .cert_file = t.tls.cert_file, .key_file = t.tls.key_file, .answer = answer};
}

static void an_answer_comes_with_status_body_and_the_wanted_headers(void **state)
{
    struct serve s = tls_server(ok_answer);
    struct cs_https_url u;

    (void)state;
    serve_open(&s);
    client(t.tls.ca_file, NULL, NULL);
    u = url_of("https", "127.0.0.1", s.port);
    ask(&u, CS_SPAN(NULL, 0), 10000);
    serve_close(&s);
    assert_string_equal(t.failure, "");
    assert_int_equal(t.err, CS_OK);
    assert_int_equal(t.status, 200);
    assert_int_equal(t.body_len, 5);
    assert_memory_equal(t.body, "hello", 5);
    assert_string_equal(t.header[0], "abc-123");
    assert_string_equal(t.header[1], "application/json");
    assert_string_equal(t.header[2], "");
    s.request[s.request_len] = '\0';
    assert_non_null(strstr(s.request, "GET /a/b?c=d HTTP/1.1\r\n"));
    assert_null(strstr(s.request, "content-length"));
}

static void a_body_is_sent_whole_with_the_headers_as_given(void **state)
{
    static uint8_t body[20000];
    struct serve s = tls_server(ok_answer);
    struct cs_https_url u;
    char host[64];

    (void)state;
    memset(body, 'b', sizeof body);
    serve_open(&s);
    client(t.tls.ca_file, NULL, NULL);
    u = url_of("https", "127.0.0.1", s.port);
    ask(&u, CS_SPAN_OF(body), 10000);
    serve_close(&s);
    assert_int_equal(t.err, CS_OK);
    assert_true(s.request_len > sizeof body);
    s.request[s.request_len] = '\0';
    assert_non_null(strstr(s.request, "x-one: first value\r\n"));
    assert_non_null(strstr(s.request, "content-length: 20000\r\n"));
    (void)snprintf(host, sizeof host, "Host: 127.0.0.1:%d\r\n", s.port);
    assert_non_null(strstr(s.request, host));
    assert_memory_equal(s.request + s.request_len - sizeof body, body, sizeof body);
}

static void one_client_asks_again_and_again(void **state)
{
    struct serve s = tls_server(ok_answer);
    struct cs_https_url u;

    (void)state;
    serve_open(&s);
    client(t.tls.ca_file, NULL, NULL);
    u = url_of("https", "127.0.0.1", s.port);
    for (unsigned i = 0; i < 20; i++) {
        ask(&u, CS_SPAN_LIT("x"), 10000);
        assert_int_equal(t.err, CS_OK);
    }
    serve_close(&s);
    assert_int_equal(s.n_requests, 20);
}

static void a_chunked_answer_is_put_together(void **state)
{
    struct serve s = tls_server("HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
    struct cs_https_url u;

    (void)state;
    serve_open(&s);
    client(t.tls.ca_file, NULL, NULL);
    u = url_of("https", "127.0.0.1", s.port);
    ask(&u, CS_SPAN(NULL, 0), 10000);
    serve_close(&s);
    assert_int_equal(t.err, CS_OK);
    assert_int_equal(t.status, 403);
    assert_int_equal(t.body_len, 7);
    assert_memory_equal(t.body, "abcdefg", 7);
}

static void a_redirect_is_an_answer_and_is_not_followed(void **state)
{
    struct serve s = tls_server(
        "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\n"
        "Content-Length: 0\r\n\r\n");
    struct cs_https_url u;

    (void)state;
    serve_open(&s);
    client(t.tls.ca_file, NULL, NULL);
    u = url_of("https", "127.0.0.1", s.port);
    ask(&u, CS_SPAN(NULL, 0), 10000);
    serve_close(&s);
    assert_int_equal(t.err, CS_OK);
    assert_int_equal(t.status, 302);
    assert_int_equal(s.n_conns, 1);
}

static void plain_http_works_where_the_url_says_so(void **state)
{
    struct serve s = {.answer = ok_answer};
    struct cs_https_url u;

    (void)state;
    serve_open(&s);
    client(NULL, NULL, NULL);
    u = url_of("http", "127.0.0.1", s.port);
    ask(&u, CS_SPAN(NULL, 0), 10000);
    serve_close(&s);
    assert_int_equal(t.err, CS_OK);
    assert_int_equal(t.body_len, 5);
}

/* ---- what is refused ------------------------------------------------------------- */

static void expect_failure(struct serve *s, const char *host, enum cs_err err)
{
    struct cs_https_url u;

    serve_open(s);
    u = url_of("https", host, s->port);
    ask(&u, CS_SPAN_LIT("secret"), 10000);
    serve_close(s);
    assert_int_equal(t.err, err);
    assert_int_equal(t.status, 0);
    assert_int_equal(t.body_len, 0);
    assert_string_not_equal(t.failure, "");
    assert_non_null(strstr(t.failure, host));
}

static void a_certificate_of_another_ca_is_refused_before_anything_is_sent(void **state)
{
    struct serve s = tls_server(ok_answer);
    struct cs_tls_files other;
    const char *name = "127.0.0.1";
    char dir[80];

    (void)state;
    (void)snprintf(dir, sizeof dir, "%s/other", t.dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(cs_tls_files_own(&other, dir, &name, 1, &t.why), CS_OK);
    client(other.ca_file, NULL, NULL);
    expect_failure(&s, "127.0.0.1", CS_ERR_TLS_TRUST);
    assert_int_equal(s.n_requests, 0);
    cs_tls_files_wipe(&other);
}

static void the_systems_roots_do_not_trust_a_private_ca(void **state)
{
    struct serve s = tls_server(ok_answer);

    (void)state;
    client(NULL, NULL, NULL);
    expect_failure(&s, "127.0.0.1", CS_ERR_TLS_TRUST);
    assert_int_equal(s.n_requests, 0);
}

static void a_certificate_of_another_name_is_refused(void **state)
{
    struct serve s = tls_server(ok_answer);
    struct cs_tls_files other;
    const char *name = "kms.example.org";
    char dir[80];

    (void)state;
    (void)snprintf(dir, sizeof dir, "%s/named", t.dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(cs_tls_files_own(&other, dir, &name, 1, &t.why), CS_OK);
    s.cert_file = other.cert_file;
    s.key_file = other.key_file;
    client(other.ca_file, NULL, NULL);
    s.address = "127.0.0.2";
    expect_failure(&s, "127.0.0.2", CS_ERR_TLS_NAME);
    assert_int_equal(s.n_requests, 0);
    cs_tls_files_wipe(&other);
}

static void a_server_that_hangs_is_given_up_after_the_time(void **state)
{
    struct serve s = tls_server(ok_answer);
    struct cs_https_url u;

    (void)state;
    s.hang = true;
    serve_open(&s);
    client(t.tls.ca_file, NULL, NULL);
    u = url_of("https", "127.0.0.1", s.port);
    ask(&u, CS_SPAN(NULL, 0), 300);
    assert_int_equal(t.err, CS_ERR_TIMEOUT);
    serve_close(&s);
}

static void a_server_that_says_nothing_at_all_is_given_up(void **state)
{
    struct serve s = tls_server(ok_answer);
    struct cs_https_url u;

    (void)state;
    s.mute = true;
    serve_open(&s);
    client(t.tls.ca_file, NULL, NULL);
    u = url_of("https", "127.0.0.1", s.port);
    for (unsigned i = 0; i < 12; i++) { /* and what is left behind is bounded */
        ask(&u, CS_SPAN(NULL, 0), 50);
        assert_int_equal(t.err, CS_ERR_TIMEOUT);
    }
    serve_close(&s);
}

static void an_announced_huge_body_is_refused_unread(void **state)
{
    struct serve s = tls_server(
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");

    (void)state;
    client(t.tls.ca_file, NULL, NULL);
    expect_failure(&s, "127.0.0.1", CS_ERR_TOO_LONG);
}

static void a_chunked_huge_body_is_cut_off_at_the_limit(void **state)
{
    struct serve s = tls_server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "7fffffff\r\nx");

    (void)state;
    s.repeat = 200000;
    client(t.tls.ca_file, NULL, NULL);
    expect_failure(&s, "127.0.0.1", CS_ERR_TOO_LONG);
}

static void an_answer_that_ends_early_is_none(void **state)
{
    struct serve s = tls_server("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf");

    (void)state;
    client(t.tls.ca_file, NULL, NULL);
    expect_failure(&s, "127.0.0.1", CS_ERR_CONN);
}

static void a_chunked_answer_that_ends_early_is_none(void **state)
{
    struct serve s = tls_server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "5\r\nhello\r\n");

    (void)state;
    client(t.tls.ca_file, NULL, NULL);
    expect_failure(&s, "127.0.0.1", CS_ERR_CONN);
}

static void an_answer_without_a_length_is_none(void **state)
{
    struct serve s = tls_server("HTTP/1.1 200 OK\r\n\r\nhello");

    (void)state;
    client(t.tls.ca_file, NULL, NULL);
    expect_failure(&s, "127.0.0.1", CS_ERR_PROTOCOL);
}

static void a_connection_that_ends_before_the_answer_is_told(void **state)
{
    struct serve s = tls_server("");

    (void)state;
    client(t.tls.ca_file, NULL, NULL);
    expect_failure(&s, "127.0.0.1", CS_ERR_CONN);
}

static void a_port_where_nobody_listens_is_told(void **state)
{
    struct serve s = tls_server(ok_answer);
    struct cs_https_url u;

    (void)state;
    serve_open(&s);
    u = url_of("https", "127.0.0.1", s.port);
    serve_close(&s);
    client(t.tls.ca_file, NULL, NULL);
    ask(&u, CS_SPAN(NULL, 0), 5000);
    assert_int_equal(t.err, CS_ERR_CONN);
}

static void a_name_that_does_not_resolve_is_told(void **state)
{
    struct cs_https_url u = url_of("https", "no-such-host.invalid", 443);

    (void)state;
    client(t.tls.ca_file, NULL, NULL);
    ask(&u, CS_SPAN(NULL, 0), 20000);
    assert_true(t.err == CS_ERR_DNS || t.err == CS_ERR_TIMEOUT);
}

/* ---- client certificate ---------------------------------------------------------- */

static void a_client_certificate_is_shown_when_it_is_given(void **state)
{
    struct serve s = tls_server(ok_answer);
    struct cs_https_url u;

    (void)state;
    s.client_ca = t.tls.ca_file;
    serve_open(&s);
    client(t.tls.ca_file, t.tls.cert_file, t.tls.key_file);
    u = url_of("https", "127.0.0.1", s.port);
    ask(&u, CS_SPAN(NULL, 0), 10000);
    serve_close(&s);
    assert_string_equal(t.failure, "");
    assert_int_equal(t.err, CS_OK);
}

static void without_a_client_certificate_such_a_server_does_not_answer(void **state)
{
    struct serve s = tls_server(ok_answer);
    struct cs_https_url u;

    (void)state;
    s.client_ca = t.tls.ca_file;
    serve_open(&s);
    client(t.tls.ca_file, NULL, NULL);
    u = url_of("https", "127.0.0.1", s.port);
    ask(&u, CS_SPAN(NULL, 0), 10000);
    serve_close(&s);
    assert_true(t.err == CS_ERR_CONN || t.err == CS_ERR_TLS);
    assert_int_equal(s.n_requests, 0);
}

/* ---- calls ----------------------------------------------------------------------- */

static void start_one(struct serve *s, struct cs_https_url *u, struct cs_why *why,
                      enum cs_err want)
{
    struct cs_https_request req = {
        .url = u, .method = "GET", .time_ms = 10000, .body_max = 100};

    *u = url_of("https", "127.0.0.1", s->port);
    assert_int_equal(cs_https_ask(t.h, &req, on_done, &t, why), want);
}

static void a_second_request_at_once_is_refused(void **state)
{
    struct serve s = tls_server(ok_answer);
    struct cs_https_url u;

    (void)state;
    serve_open(&s);
    client(t.tls.ca_file, NULL, NULL);
    start_one(&s, &u, &t.why, CS_OK);
    start_one(&s, &u, &t.why, CS_ERR_STATE);
    until(&t.n_done, 1);
    serve_close(&s);
    assert_int_equal(t.err, CS_OK);
}

static void a_cancelled_request_is_never_answered_and_the_next_one_is(void **state)
{
    struct serve s = tls_server(ok_answer);
    struct cs_https_url u;

    (void)state;
    serve_open(&s);
    client(t.tls.ca_file, NULL, NULL);
    for (unsigned i = 0; i < 5; i++) {
        start_one(&s, &u, &t.why, CS_OK);
        for (unsigned k = 0; k < i; k++) {
            (void)uv_run(&t.loop, UV_RUN_NOWAIT);
        }
        cs_https_cancel(t.h);
        assert_false(cs_https_is_busy(t.h));
    }
    ask(&u, CS_SPAN(NULL, 0), 10000);
    serve_close(&s);
    assert_int_equal(t.n_done, 1);
    assert_int_equal(t.err, CS_OK);
}

static void a_client_may_be_closed_while_it_asks(void **state)
{
    struct serve s = tls_server(ok_answer);
    struct cs_https_url u;

    (void)state;
    s.hang = true;
    serve_open(&s);
    client(t.tls.ca_file, NULL, NULL);
    start_one(&s, &u, &t.why, CS_OK);
    while (s.n_requests == 0) {
        (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    }
    cs_https_close(t.h, on_closed, NULL);
    t.h = NULL;
    until(&t.n_closed, 1);
    serve_close(&s);
    assert_int_equal(t.n_done, 0);
}

static void close_in_done(void *ctx, const struct cs_https_answer *a)
{
    (void)ctx;
    t.err = a->err;
    t.n_done++;
    cs_https_close(t.h, on_closed, NULL);
    t.h = NULL;
}

static void done_may_close_the_client(void **state)
{
    struct serve s = tls_server(ok_answer);
    struct cs_https_url u;
    struct cs_https_request req = {
        .url = &u, .method = "GET", .time_ms = 10000, .body_max = 100};

    (void)state;
    serve_open(&s);
    client(t.tls.ca_file, NULL, NULL);
    u = url_of("https", "127.0.0.1", s.port);
    assert_int_equal(cs_https_ask(t.h, &req, close_in_done, &t, &t.why), CS_OK);
    until(&t.n_closed, 1);
    serve_close(&s);
    assert_int_equal(t.n_done, 1);
    assert_int_equal(t.err, CS_OK);
}

static void what_is_no_header_or_passes_a_limit_is_refused(void **state)
{
    struct cs_https_url u = url_of("https", "127.0.0.1", 1);
    struct cs_https_header h = {"x-a", CS_SPAN_LIT("v")};
    struct cs_https_request req = {.url = &u,
                                   .method = "GET",
                                   .headers = &h,
                                   .n_headers = 1,
                                   .time_ms = 100,
                                   .body_max = 10};

    (void)state;
    client(t.tls.ca_file, NULL, NULL);
    h.value = CS_SPAN_LIT("a\r\nb: c");
    assert_int_equal(cs_https_ask(t.h, &req, on_done, &t, &t.why), CS_ERR_USAGE);
    h = (struct cs_https_header){"X-Upper", CS_SPAN_LIT("v")};
    assert_int_equal(cs_https_ask(t.h, &req, on_done, &t, &t.why), CS_ERR_USAGE);
    h = (struct cs_https_header){"host", CS_SPAN_LIT("v")};
    assert_int_equal(cs_https_ask(t.h, &req, on_done, &t, &t.why), CS_ERR_USAGE);
    h = (struct cs_https_header){"x-a", CS_SPAN_LIT("v")};
    req.body_max = CS_HTTPS_BODY_MAX + 1;
    assert_int_equal(cs_https_ask(t.h, &req, on_done, &t, &t.why), CS_ERR_USAGE);
    req.body_max = 10;
    req.time_ms = 0;
    assert_int_equal(cs_https_ask(t.h, &req, on_done, &t, &t.why), CS_ERR_USAGE);
    assert_false(cs_https_is_busy(t.h));
}

static void files_that_are_none_are_refused_at_once(void **state)
{
    struct cs_https_config cfg = {.loop = &t.loop};
    struct cs_tls_files other;
    const char *name = "127.0.0.1";
    char dir[80];

    (void)state;
    (void)snprintf(dir, sizeof dir, "%s/second", t.dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(cs_tls_files_own(&other, dir, &name, 1, &t.why), CS_OK);
    cfg.ca_file = t.tls.key_file;
    assert_int_equal(cs_https_new(&t.h, &cfg, &t.why), CS_ERR_CONFIG);
    cfg.ca_file = "/no/such/file";
    assert_int_equal(cs_https_new(&t.h, &cfg, &t.why), CS_ERR_CONFIG);
    cfg.ca_file = NULL;
    cfg.cert_file = t.tls.cert_file;
    assert_int_equal(cs_https_new(&t.h, &cfg, &t.why), CS_ERR_CONFIG);
    cfg.key_file = other.key_file; /* of another pair */
    assert_int_equal(cs_https_new(&t.h, &cfg, &t.why), CS_ERR_CONFIG);
    assert_non_null(strstr(t.why.text, "is not the key of"));
    assert_null(t.h);
    cs_tls_files_wipe(&other);
}

static void a_proxy_in_the_environment_is_not_used(void **state)
{
    struct serve s = {.answer = ok_answer};
    struct cs_https_url u;

    (void)state;
    assert_int_equal(setenv("http_proxy", "127.0.0.1:1", 1), 0);
    serve_open(&s);
    client(NULL, NULL, NULL);
    u = url_of("http", "127.0.0.1", s.port);
    ask(&u, CS_SPAN(NULL, 0), 10000);
    serve_close(&s);
    (void)unsetenv("http_proxy");
    assert_int_equal(t.err, CS_OK);
}

/* ---- URLs ------------------------------------------------------------------------ */

static void urls_are_taken_apart(void **state)
{
    struct cs_https_url u;

    (void)state;
    assert_int_equal(cs_https_url_parse(&u, "https://a.example", "X", false, &t.why),
                     CS_OK);
    assert_string_equal(u.host, "a.example");
    assert_string_equal(u.path, "/");
    assert_int_equal(u.port, 443);
    assert_false(u.is_plain);
    assert_int_equal(
        cs_https_url_parse(&u, "http://[fd00:ec2::254]/x?y", "X", true, &t.why), CS_OK);
    assert_string_equal(u.host, "fd00:ec2::254");
    assert_string_equal(u.path, "/x?y");
    assert_int_equal(u.port, 80);
    assert_int_equal(cs_https_url_parse(&u, "https://h:8443?q", "X", false, &t.why),
                     CS_OK);
    assert_string_equal(u.path, "/?q");
    assert_int_equal(u.port, 8443);
}

static void bad_urls_are_refused_by_their_settings_name(void **state)
{
    static const char *const bad[] = {
        "",
        "https://",
        "ftp://h",
        "http://h",
        "https://user:pw@h/",
        "https://h:0/",
        "https://h:65536/",
        "https://h:x/",
        "https://h:/",
        "https://h/#f",
        "https://h/a b",
        "https://-h",
        "https://[::1]/",
        "https://[::1/",
        "https://h\r\nx",
        "https://h/\x7f",
    };
    struct cs_https_url u;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        assert_int_equal(cs_https_url_parse(&u, bad[i], "THE_URL", false, &t.why),
                         CS_ERR_CONFIG);
        assert_non_null(strstr(t.why.text, "THE_URL"));
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_answer_comes_with_status_body_and_the_wanted_headers),
        CASE(a_body_is_sent_whole_with_the_headers_as_given),
        CASE(one_client_asks_again_and_again),
        CASE(a_chunked_answer_is_put_together),
        CASE(a_redirect_is_an_answer_and_is_not_followed),
        CASE(plain_http_works_where_the_url_says_so),
        CASE(a_certificate_of_another_ca_is_refused_before_anything_is_sent),
        CASE(the_systems_roots_do_not_trust_a_private_ca),
        CASE(a_certificate_of_another_name_is_refused),
        CASE(a_server_that_hangs_is_given_up_after_the_time),
        CASE(a_server_that_says_nothing_at_all_is_given_up),
        CASE(an_announced_huge_body_is_refused_unread),
        CASE(a_chunked_huge_body_is_cut_off_at_the_limit),
        CASE(an_answer_that_ends_early_is_none),
        CASE(a_chunked_answer_that_ends_early_is_none),
        CASE(an_answer_without_a_length_is_none),
        CASE(a_connection_that_ends_before_the_answer_is_told),
        CASE(a_port_where_nobody_listens_is_told),
        CASE(a_name_that_does_not_resolve_is_told),
        CASE(a_client_certificate_is_shown_when_it_is_given),
        CASE(without_a_client_certificate_such_a_server_does_not_answer),
        CASE(a_second_request_at_once_is_refused),
        CASE(a_cancelled_request_is_never_answered_and_the_next_one_is),
        CASE(a_client_may_be_closed_while_it_asks),
        CASE(done_may_close_the_client),
        CASE(what_is_no_header_or_passes_a_limit_is_refused),
        CASE(files_that_are_none_are_refused_at_once),
        CASE(a_proxy_in_the_environment_is_not_used),
        CASE(urls_are_taken_apart),
        CASE(bad_urls_are_refused_by_their_settings_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
