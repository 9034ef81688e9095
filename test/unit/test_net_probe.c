/* The responder for probes and scrapers: addresses, requests, bounds. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/probe_request.h"
#include "net/probe_server.h"

static struct {
    uv_loop_t loop;
    char dir[64], path[100];
    struct cs_probe_server *server;
    unsigned asked, closed;
    size_t big;
    char answer[1 << 16];
} t;

static void get(void *ctx, const char *path, struct cs_probe_reply *r)
{
    (void)ctx;
    t.asked++;
    if (strcmp(path, "/healthz") == 0) {
        r->status = 200;
        cs_wr_str(&r->body, "ok\n");
    } else if (strcmp(path, "/readyz") == 0) {
        r->status = 503;
        r->type = "application/json";
        cs_wr_str(&r->body, "{}");
    } else if (strcmp(path, "/big") == 0) {
        r->status = 200;
        (void)cs_wr_room(&r->body, t.big);
    }
}

static enum cs_err try_listen(const char *addr, struct cs_why *why)
{
    struct cs_probe_addr a;
    struct cs_probe_config cfg = {.loop = &t.loop, .addr = &a, .get = get};

    why->text[0] = '\0';
    CS_CHECK(cs_probe_addr_parse(&a, addr, "METRICS_ADDR", why));
    return cs_probe_server_new(&t.server, &cfg, why);
}

static void listen_on(const char *addr)
{
    struct cs_why why;

    if (try_listen(addr, &why) != CS_OK) {
        fail_msg("%s", why.text);
    }
}

static void listen_unix(void)
{
    char addr[128];

    (void)snprintf(addr, sizeof addr, "unix:%s", t.path);
    listen_on(addr);
}

static int up(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    (void)snprintf(t.dir, sizeof t.dir, "/tmp/cs-probe-XXXXXX");
    assert_non_null(mkdtemp(t.dir));
    (void)snprintf(t.path, sizeof t.path, "%s/m.sock", t.dir);
    assert_int_equal(uv_loop_init(&t.loop), 0);
    return 0;
}

static void on_closed(void *ctx)
{
    (void)ctx;
    t.closed++;
}

static int down(void **state)
{
    (void)state;
    if (t.server != NULL) {
        cs_probe_server_close(t.server, on_closed, NULL);
        (void)uv_run(&t.loop, UV_RUN_DEFAULT);
        assert_int_equal(t.closed, 1);
    }
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&t.loop), 0);
    (void)unlink(t.path);
    assert_int_equal(rmdir(t.dir), 0);
    return 0;
}

/* ---- a client on the same thread ------------------------------------------------- */

static int dial(void)
{
    int port = cs_probe_server_port(t.server), fd;
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)snprintf(un.sun_path, sizeof un.sun_path, "%s", t.path);
    fd = socket(port != 0 ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(port != 0 ? connect(fd, (struct sockaddr *)(void *)&in, sizeof in)
                               : connect(fd, (struct sockaddr *)(void *)&un, sizeof un),
                     0);
    return fd;
}

/* What comes until the end of the stream, or -1 when it was reset. */
static int hear(int fd)
{
    size_t n = 0;

    for (int turns = 0; turns < 20000; turns++) {
        ssize_t k;

        (void)uv_run(&t.loop, UV_RUN_NOWAIT);
        k = recv(fd, t.answer + n, sizeof t.answer - 1 - n, MSG_DONTWAIT);
        if (k == 0) {
            t.answer[n] = '\0';
            return (int)n;
        }
        if (k > 0) {
            n += (size_t)k;
        } else if (errno != EAGAIN) {
            return -1;
        } else {
            (void)usleep(500);
        }
    }
    fail_msg("no end of the answer");
    return -1;
}

static const char *say(const char *request)
{
    int fd = dial(), n;

    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL),
                     (ssize_t)strlen(request));
    n = hear(fd);
    (void)close(fd);
    assert_true(n >= 0);
    return t.answer;
}

static void expect(const char *request, const char *status)
{
    if (strncmp(say(request) + 9, status, 3) != 0) {
        fail_msg("%s -> %s", request, t.answer);
    }
}

/* ---- addresses
 * ------------------------------------------------------------------------------ */

static void only_this_machine_is_listened_on(void **state)
{
    static const char *const bad[] = {"0.0.0.0:9464",
                                      "[::]:9464",
                                      "192.168.1.2:9464",
                                      "localhost:9464",
                                      "127.0.0.2:9464",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:-1",
                                      "127.0.0.1:9464 ",
                                      "::1:9464",
                                      "9464",
                                      ":9464",
                                      "",
                                      "unix:",
                                      "unix:relative.sock",
                                      "unix:/",
                                      "unix:/tmp/",
                                      "http://127.0.0.1:9464"};
    struct cs_probe_addr a = {.port = 7};
    struct cs_why why;
    char path[200];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        if (cs_probe_addr_parse(&a, bad[i], "METRICS_ADDR", &why) != CS_ERR_CONFIG) {
            fail_msg("taken: %s", bad[i]);
        }
        assert_non_null(strstr(why.text, "METRICS_ADDR: "));
        assert_non_null(strstr(why.text, "use unix:/path"));
    }
    assert_int_equal(a.port, 7); /* untouched */
    memset(path, 'a', sizeof path);
    memcpy(path, "unix:/", 6);
    path[sizeof path - 1] = '\0';
    assert_int_equal(cs_probe_addr_parse(&a, path, "X", &why), CS_ERR_CONFIG);
    assert_int_equal(cs_probe_addr_parse(&a, "127.0.0.1:9464", "X", &why), CS_OK);
    assert_true(!a.is_unix && a.port == 9464 && strcmp(a.host, "127.0.0.1") == 0);
    assert_int_equal(cs_probe_addr_parse(&a, "[::1]:0", "X", &why), CS_OK);
    assert_string_equal(a.host, "::1");
}

static void the_socket_is_the_owners_alone_and_goes_at_the_end(void **state)
{
    struct stat st;

    (void)state;
    listen_unix();
    assert_int_equal(stat(t.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    expect("GET /healthz HTTP/1.1\r\nHost: anything\r\n\r\n", "200");
    cs_probe_server_close(t.server, on_closed, NULL);
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
    t.server = NULL;
    assert_int_equal(t.closed, 1);
    assert_int_equal(stat(t.path, &st), -1);
}

/* A mode that was changed, or not set yet: the kernel's word counts. */
static void another_user_gets_no_answer(void **state)
{
    static const char request[] = "GET /healthz HTTP/1.0\r\n\r\n";
    int fd;

    (void)state;
    if (geteuid() != 0) {
        print_message("SKIPPED: only root can be somebody else\n");
        return;
    }
    listen_unix();
    assert_int_equal(chmod(t.dir, 0711) | chmod(t.path, 0666), 0);
    assert_int_equal(seteuid(65534), 0);
    fd = dial();
    assert_int_equal(send(fd, request, sizeof request - 1, MSG_NOSIGNAL),
                     (ssize_t)sizeof request - 1);
    assert_int_equal(seteuid(0), 0); /* the node is who it was */
    assert_true(hear(fd) <= 0);
    assert_int_equal(t.asked, 0);
    (void)close(fd);
}

static void a_stale_socket_is_replaced_and_anything_else_is_not(void **state)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct cs_why why;
    char addr[128];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    (void)snprintf(un.sun_path, sizeof un.sun_path, "%s", t.path);
    (void)snprintf(addr, sizeof addr, "unix:%s", t.path);
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&un, sizeof un), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(try_listen(addr, &why), CS_ERR_CONFIG);
    assert_non_null(strstr(why.text, "answers on it already"));
    (void)close(fd); /* killed: the file stays */
    listen_on(addr);
    cs_probe_server_close(t.server, on_closed, NULL);
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
    t.server = NULL;
    fd = open(t.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, "x", 1) == 1);
    (void)close(fd);
    assert_int_equal(try_listen(addr, &why), CS_ERR_CONFIG);
    assert_non_null(strstr(why.text, "is no socket"));
    assert_int_equal(access(t.path, F_OK), 0);
}

/* A log daemon's: nothing that could be connected to, and not this program's. */
static void a_socket_of_another_kind_stays(void **state)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct cs_why why;
    struct stat st;
    char addr[128];
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)state;
    (void)snprintf(un.sun_path, sizeof un.sun_path, "%s", t.path);
    (void)snprintf(addr, sizeof addr, "unix:%s", t.path);
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&un, sizeof un), 0);
    assert_int_equal(try_listen(addr, &why), CS_ERR_CONFIG);
    assert_non_null(strstr(why.text, "answers on it already"));
    assert_int_equal(stat(t.path, &st), 0);
    (void)close(fd);
}

static void a_missing_directory_and_a_taken_port_are_said(void **state)
{
    struct cs_probe_server *first;
    struct cs_why why;
    char addr[64];

    (void)state;
    assert_int_equal(try_listen("unix:/nowhere/at/all.sock", &why), CS_ERR_CONFIG);
    assert_non_null(strstr(why.text, "/nowhere/at/all.sock"));
    listen_on("127.0.0.1:0");
    first = t.server;
    (void)snprintf(addr, sizeof addr, "127.0.0.1:%d", cs_probe_server_port(first));
    assert_int_equal(try_listen(addr, &why), CS_ERR_CONFIG);
    assert_non_null(strstr(why.text, "answers on it already"));
    t.server = first;
}

/* ---- requests
 * ------------------------------------------------------------------------------- */

static void answers_are_whole_http(void **state)
{
    (void)state;
    listen_on("127.0.0.1:0");
    assert_string_equal(
        say("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: y\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Length: 3\r\nCache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\nok\n");
    expect("GET /readyz?verbose=1 HTTP/1.0\r\n\r\n", "503");
    assert_non_null(strstr(t.answer, "application/json"));
    assert_int_equal(t.asked, 2);
}

static void what_is_not_a_get_of_a_known_path_is_refused(void **state)
{
    static const struct {
        const char *request, *status;
    } bad[] = {
        {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"},
        {"GET /healthz/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"},
        {"GET /healthz%20 HTTP/1.1\r\nHost: localhost\r\n\r\n", "404"},
        {"POST /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"},
        {"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"},
        {"get /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"},
        {"GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n", "505"},
        {"GET /healthz\r\n\r\n", "400"},
        {"GET healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"},
        {"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"},
        {"GET /healthz HTTP/1.1\r\n\r\n", "400"}, /* no Host */
        {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", "400"},
        {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nfolded\r\n\r\n", "400"},
        {"GET /healthz HTTP/1.1\r\nHost: localhost\r\n x: y\r\n\r\n", "400"},
        {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\x01z\r\n\r\n", "400"},
        {"\r\n\r\n", "400"},
        {"\x16\x03\x01\r\n\r\n", "400"}, /* TLS */
    };

    (void)state;
    listen_on("127.0.0.1:0");
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        expect(bad[i].request, bad[i].status);
    }
    expect("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
           "405");
    assert_non_null(strstr(t.answer, "\r\nAllow: GET\r\n"));
}

static void a_name_of_someone_elses_is_misdirected(void **state)
{
    static const char *const bad[] = {
        "evil.example",      "localhost.evil.example", "127.0.0.1.evil.example:9464",
        "localhost:1234567", "localhost:80x",          ""};
    static const char *const good[] = {"localhost:9464", "127.0.0.1", "[::1]:9464",
                                       "LOCALHOST"};
    char request[200];

    (void)state;
    listen_on("127.0.0.1:0");
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        (void)snprintf(request, sizeof request,
                       "GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n", bad[i]);
        expect(request, "421");
    }
    assert_int_equal(t.asked, 0);
    for (size_t i = 0; i < CS_COUNTOF(good); i++) {
        (void)snprintf(request, sizeof request,
                       "GET /healthz HTTP/1.1\r\nHost:%s\r\n\r\n", good[i]);
        expect(request, "200");
    }
}

/* ---- bounds
 * --------------------------------------------------------------------------------- */

static void a_head_that_is_too_large_is_refused(void **state)
{
    static char request[CS_PROBE_HEAD_MAX + 200];

    (void)state;
    listen_on("127.0.0.1:0");
    memset(request, 'a', sizeof request - 1);
    memcpy(request, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ", 43);
    expect(request, "431");
    memset(request + 5, 'p', 300); /* a long path is one we do not have */
    memcpy(request + 305, " HTTP/1.1\r\nHost: localhost\r\n\r\n", 31);
    request[336] = '\0';
    expect(request, "404");
}

static void slow_clients_do_not_take_the_place_of_others_for_long(void **state)
{
    int fds[CS_PROBE_CLIENTS], fd;

    (void)state;
    listen_on("127.0.0.1:0");
    for (size_t i = 0; i < CS_PROBE_CLIENTS; i++) {
        fds[i] = dial();
        assert_int_equal(send(fds[i], "GET ", 4, MSG_NOSIGNAL), 4);
        (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    }
    fd = dial(); /* one too many: closed at once */
    assert_true(hear(fd) <= 0);
    (void)close(fd);
    for (size_t i = 0; i < CS_PROBE_CLIENTS; i++) {
        assert_true(hear(fds[i]) <= 0); /* after CS_PROBE_TIME_MS, all at once */
        (void)close(fds[i]);
    }
    expect("GET /healthz HTTP/1.0\r\n\r\n", "200");
}

static void an_answer_that_is_too_large_is_none(void **state)
{
    int fd;

    (void)state;
    listen_on("127.0.0.1:0");
    t.big = CS_PROBE_BODY_MAX + 1;
    fd = dial();
    assert_int_equal(send(fd, "GET /big HTTP/1.0\r\n\r\n", 21, MSG_NOSIGNAL), 21);
    assert_true(hear(fd) <= 0);
    (void)close(fd);
}

/* curl does not, nc -N and some supervisors do. */
static void a_client_that_says_it_is_done_gets_all_of_its_answer(void **state)
{
    static const char request[] = "GET /big HTTP/1.0\r\n\r\n";
    size_t n = 0;
    ssize_t k = -1;
    int fd;

    (void)state;
    listen_unix();
    t.big = CS_PROBE_BODY_MAX;
    fd = dial();
    assert_int_equal(send(fd, request, sizeof request - 1, MSG_NOSIGNAL),
                     (ssize_t)sizeof request - 1);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    for (int turns = 0; turns < 20000 && k != 0; turns++) {
        (void)uv_run(&t.loop, UV_RUN_NOWAIT);
        k = recv(fd, t.answer, sizeof t.answer, MSG_DONTWAIT);
        n += k > 0 ? (size_t)k : 0;
    }
    (void)close(fd);
    assert_true(n > t.big);
}

static void the_end_does_not_wait_for_clients(void **state)
{
    int fd;

    (void)state;
    listen_unix();
    fd = dial();
    (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    cs_probe_server_close(t.server, on_closed, NULL);
    t.server = NULL;
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
    assert_int_equal(t.closed, 1);
    (void)close(fd);
}

/* Every cut and every flipped byte of a good head: an answer, never more. */
static void no_bytes_confuse_the_reader(void **state)
{
    static const char head[] = "GET /healthz?x HTTP/1.1\r\nHost: localhost:80\r\n\r\n";
    char copy[sizeof head], path[CS_PROBE_URL_MAX];

    (void)state;
    for (size_t n = 0; n < sizeof head; n++) {
        (void)cs_probe_request(path, head, n, false);
        assert_int_equal(cs_probe_head_len(head, n), n < sizeof head - 1 ? 0 : n);
    }
    for (size_t i = 0; i < sizeof head - 1; i++) {
        for (int v = 0; v < 256; v++) {
            int status;

            memcpy(copy, head, sizeof head);
            copy[i] = (char)v;
            status = cs_probe_request(path, copy, sizeof head - 1, false);
            assert_true(status >= 200 && status <= 505);
            assert_true(status != 200 || path[0] == '/');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_this_machine_is_listened_on, up, down),
        cmocka_unit_test_setup_teardown(
            the_socket_is_the_owners_alone_and_goes_at_the_end, up, down),
        cmocka_unit_test_setup_teardown(
            a_stale_socket_is_replaced_and_anything_else_is_not, up, down),
        cmocka_unit_test_setup_teardown(a_socket_of_another_kind_stays, up, down),
        cmocka_unit_test_setup_teardown(another_user_gets_no_answer, up, down),
        cmocka_unit_test_setup_teardown(
            a_client_that_says_it_is_done_gets_all_of_its_answer, up, down),
        cmocka_unit_test_setup_teardown(a_missing_directory_and_a_taken_port_are_said,
                                        up, down),
        cmocka_unit_test_setup_teardown(answers_are_whole_http, up, down),
        cmocka_unit_test_setup_teardown(what_is_not_a_get_of_a_known_path_is_refused,
                                        up, down),
        cmocka_unit_test_setup_teardown(a_name_of_someone_elses_is_misdirected, up,
                                        down),
        cmocka_unit_test_setup_teardown(a_head_that_is_too_large_is_refused, up, down),
        cmocka_unit_test_setup_teardown(
            slow_clients_do_not_take_the_place_of_others_for_long, up, down),
        cmocka_unit_test_setup_teardown(an_answer_that_is_too_large_is_none, up, down),
        cmocka_unit_test_setup_teardown(the_end_does_not_wait_for_clients, up, down),
        cmocka_unit_test(no_bytes_confuse_the_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
