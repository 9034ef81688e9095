/* Calls to webhooks' endpoints: a name is resolved once and every address of it judged,
 * whatever it stands for a moment later; real servers over TLS on loopback (T36). */
#include "platform/caller.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "support/net_rig.h"
#include "support/tls_serve.h"

#define NAME "hooks.test"

/* ---- a resolver that changes its mind -------------------------------------------- */

static struct {
    const char *answers[4][4]; /* of each question: addresses; none: it fails */
    unsigned n;                /* questions about NAME */
} dns;

#define EXPORTED __attribute__((visibility("default")))
EXPORTED int getaddrinfo(const char *node, const char *service,
                         const struct addrinfo *hints, struct addrinfo **list);

static int real(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **list)
{
    int (*f)(const char *, const char *, const struct addrinfo *,
             struct addrinfo **) = NULL;
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

    memcpy(&f, &symbol, sizeof f);
    return f(node, service, hints, list);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **list)
{
    const struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST,
                                     .ai_socktype = SOCK_STREAM};
    struct addrinfo **end = list;
    const char *const *ip;

    if (node == NULL || strcmp(node, NAME) != 0) {
        return real(node, service, hints, list);
    }
    ip = dns.answers[dns.n < 4 ? dns.n : 3];
    dns.n++;
    *list = NULL;
    for (size_t i = 0; i < 4 && ip[i] != NULL; i++) {
        assert_int_equal(real(ip[i], service, &numeric, end), 0);
        while (*end != NULL) {
            end = &(*end)->ai_next;
        }
    }
    return *list == NULL ? EAI_AGAIN : 0;
}

/* ---- frame ----------------------------------------------------------------------- */

static struct {
    uv_loop_t loop;
    uv_timer_t guard;
    bool late;
    char dir[64];
    struct cs_tls_files tls;
    struct cs_caller *c;
    struct cs_callee_rule rules[2];
    struct serve s;
    unsigned n_called, n_closed;
    enum cs_err err;
    int status;
    char reason[256];
} t;

static const char ok_answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static void on_late(uv_timer_t *timer)
{
    (void)timer;
    t.late = true;
}

static void until(const unsigned *n, unsigned least)
{
    t.late = false;
    assert_int_equal(uv_timer_start(&t.guard, on_late, 40000, 0), 0);
    while (*n < least && !t.late) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
    (void)uv_timer_stop(&t.guard);
    assert_false(t.late);
}

static void on_called(void *ctx, uint64_t id, enum cs_err err, int status,
                      const char *reason)
{
    (void)ctx;
    assert_int_equal(id, 7);
    t.n_called++;
    t.err = err;
    t.status = status;
    (void)snprintf(t.reason, sizeof t.reason, "%s", reason);
}

static void on_closed(void *ctx)
{
    (void)ctx;
    t.n_closed++;
}

static int open_all(void **state)
{
    static const char *const names[] = {NAME};
    struct cs_why why = {""};

    (void)state;
    memset(&t, 0, sizeof t);
    memset(&dns, 0, sizeof dns);
    assert_int_equal(uv_loop_init(&t.loop), 0);
    assert_int_equal(uv_timer_init(&t.loop, &t.guard), 0);
    (void)snprintf(t.dir, sizeof t.dir, "/tmp/cs-caller-XXXXXX");
    assert_non_null(mkdtemp(t.dir));
    assert_int_equal(cs_tls_files_own(&t.tls, t.dir, names, 1, &why), CS_OK);
    t.s = (struct serve){
        .cert_file = t.tls.cert_file, .key_file = t.tls.key_file, .answer = ok_answer};
    return 0;
}

/* The server stands on loopback; the one rule allows 127.0.0.1 at its port. */
static void begin(void)
{
    struct cs_caller_config cfg = {.loop = &t.loop,
                                   .ca_file = t.tls.ca_file,
                                   .rules = t.rules,
                                   .n_rules = 1,
                                   .called = on_called};
    struct cs_why why = {""};
    char rule[64];

    serve_open(&t.s);
    (void)snprintf(rule, sizeof rule, "127.0.0.1/32:%d", t.s.port);
    assert_int_equal(cs_callee_rule_parse(&t.rules[0], rule, &why), CS_OK);
    assert_int_equal(cs_caller_new(&t.c, &cfg, &why), CS_OK);
}

static int close_all(void **state)
{
    (void)state;
    cs_caller_close(t.c, on_closed, NULL);
    until(&t.n_closed, 1);
    uv_close((uv_handle_t *)&t.guard, NULL);
    assert_int_equal(uv_run(&t.loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&t.loop), 0);
    assert_int_equal(nftw(t.dir, rig_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
    cs_tls_files_wipe(&t.tls);
    return 0;
}

static void call(const char *host, int port)
{
    char url[128], headers[] = "content-type: application/json\nsignature: abc\n";
    uint8_t body[] = "{\"a\":1}";
    struct cs_action a = {.type = CS_ACT_CALL,
                          .conn = 7,
                          .text = url,
                          .headers = headers,
                          .data = body,
                          .data_len = sizeof body - 1};
    unsigned n = t.n_called;

    (void)snprintf(url, sizeof url, "https://%s:%d/in?x=1", host, port);
    cs_caller_call(t.c, &a);
    assert_int_equal(t.n_called, n); /* not from inside */
    until(&t.n_called, n + 1);
}

/* ---- cases ----------------------------------------------------------------------- */

static void the_body_and_the_headers_are_posted_to_an_allowed_address(void **state)
{
    (void)state;
    dns.answers[0][0] = "127.0.0.1";
    begin();
    call(NAME, t.s.port);
    serve_close(&t.s);
    assert_int_equal(t.err, CS_OK);
    assert_int_equal(t.status, 200);
    assert_int_equal(strncmp(t.s.request, "POST /in?x=1 HTTP/1.1", 21), 0);
    assert_non_null(strstr(t.s.request, "signature: abc"));
    assert_non_null(strstr(t.s.request, "{\"a\":1}"));
}

static void a_name_is_resolved_once_and_that_address_is_dialled(void **state)
{
    (void)state;
    dns.answers[0][0] = "127.0.0.1";
    for (int i = 1; i < 4; i++) {
        dns.answers[i][0] = "169.254.169.254"; /* the second thought */
    }
    begin();
    call(NAME, t.s.port);
    assert_int_equal(t.err, CS_OK);
    assert_int_equal(dns.n, 1);
    call(NAME, t.s.port); /* the next call asks anew, and refuses */
    assert_int_equal(t.err, CS_ERR_POLICY_REFUSED);
    serve_close(&t.s);
    assert_int_equal(t.s.n_conns, 1);
}

static void one_bad_address_among_good_ones_refuses_the_call(void **state)
{
    static const char *const bad[] = {
        "127.0.0.2",     "10.0.0.1",    "169.254.169.254", "::1",    "::ffff:127.0.0.1",
        "fd00:ec2::254", "192.168.0.1", "100.64.0.1",      "0.0.0.0"};

    (void)state;
    begin();
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        memset(&dns, 0, sizeof dns);
        dns.answers[0][0] = i % 2 == 0 ? "127.0.0.1" : bad[i];
        dns.answers[0][1] = i % 2 == 0 ? bad[i] : "127.0.0.1";
        call(NAME, t.s.port);
        if (t.err != CS_ERR_POLICY_REFUSED) {
            fail_msg("%s: %s", bad[i], t.reason);
        }
        assert_int_equal(t.status, 0);
        assert_non_null(strstr(t.reason, "may not be called"));
    }
    serve_close(&t.s);
    assert_int_equal(t.s.n_conns, 0);
}

static void an_error_of_the_resolver_refuses_the_call(void **state)
{
    (void)state;
    begin();
    call(NAME, t.s.port);
    assert_int_equal(t.err, CS_ERR_DNS);
    serve_close(&t.s);
    assert_int_equal(t.s.n_conns, 0);
}

static void another_port_than_the_rules_is_refused(void **state)
{
    (void)state;
    dns.answers[0][0] = "127.0.0.1";
    begin();
    call(NAME, t.s.port == 65535 ? 1 : t.s.port + 1);
    assert_int_equal(t.err, CS_ERR_POLICY_REFUSED);
    serve_close(&t.s);
}

static void a_redirect_is_a_status_and_nobody_follows_it(void **state)
{
    (void)state;
    t.s.answer = "HTTP/1.1 302 Found\r\nLocation: https://169.254.169.254/\r\n"
                 "Content-Length: 0\r\n\r\n";
    dns.answers[0][0] = "127.0.0.1";
    begin();
    call(NAME, t.s.port);
    assert_int_equal(t.err, CS_OK);
    assert_int_equal(t.status, 302);
    serve_close(&t.s);
    assert_int_equal(t.s.n_conns, 1);
}

static void an_endless_answer_is_not_read(void **state)
{
    (void)state;
    t.s.answer = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx";
    t.s.repeat = (size_t)64 << 20;
    dns.answers[0][0] = "127.0.0.1";
    begin();
    call(NAME, t.s.port);
    assert_int_equal(t.err, CS_OK);
    assert_int_equal(t.status, 200);
    serve_close(&t.s);
}

static void rules_are_read_and_wrong_ones_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "10.0.0.0",
                                      "10.0.0.0/33",
                                      "10.0.0/8",
                                      "10.0.0.0/8:",
                                      "10.0.0.0/8:0",
                                      "10.0.0.0/8:65536",
                                      "::1/128",
                                      "[::1]",
                                      "[::1]/129",
                                      "[::1/128",
                                      "localhost/32",
                                      "10.0.0.0/8:x",
                                      "10.0.0.0/-1",
                                      "/8"};
    struct cs_callee_rule r;
    struct cs_why why = {""};

    (void)state;
    begin(); /* for close_all */
    serve_close(&t.s);
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        if (cs_callee_rule_parse(&r, bad[i], &why) != CS_ERR_CONFIG) {
            fail_msg("taken: %s", bad[i]);
        }
    }
    assert_int_equal(cs_callee_rule_parse(&r, "10.1.0.0/16", &why), CS_OK);
    assert_true(r.len == 4 && r.bits == 16 && r.port == 443 && r.ip[0] == 10);
    assert_int_equal(cs_callee_rule_parse(&r, "[fd00::]/8:8443", &why), CS_OK);
    assert_true(r.len == 16 && r.bits == 8 && r.port == 8443 && r.ip[0] == 0xfd);
}

static void the_sealing_key_is_made_once_and_kept_private(void **state)
{
    uint8_t first[32], second[32];
    struct cs_why why = {""};
    struct stat st;
    char path[128];

    (void)state;
    begin();
    serve_close(&t.s);
    (void)snprintf(path, sizeof path, "%s/seal.key", t.dir);
    assert_int_equal(cs_seal_key_load(first, t.dir, &why), CS_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(cs_seal_key_load(second, t.dir, &why), CS_OK);
    assert_memory_equal(first, second, 32);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(cs_seal_key_load(second, t.dir, &why), CS_ERR_CONFIG);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 10), 0);
    assert_int_equal(cs_seal_key_load(second, t.dir, &why), CS_ERR_CONFIG);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    assert_int_equal(cs_seal_key_load(second, t.dir, &why), CS_ERR_OS);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
    const struct CMUnitTest tests[] = {
        CASE(the_body_and_the_headers_are_posted_to_an_allowed_address),
        CASE(a_name_is_resolved_once_and_that_address_is_dialled),
        CASE(one_bad_address_among_good_ones_refuses_the_call),
        CASE(an_error_of_the_resolver_refuses_the_call),
        CASE(another_port_than_the_rules_is_refused),
        CASE(a_redirect_is_a_status_and_nobody_follows_it),
        CASE(an_endless_answer_is_not_read),
        CASE(rules_are_read_and_wrong_ones_refused),
        CASE(the_sealing_key_is_made_once_and_kept_private),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
