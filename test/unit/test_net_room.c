/* Almost full: who has to go, for whom, and who never has to. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "support/net_rig.h"

enum { TURNS = 20000 };

static char url[128];

static void echo_on(struct toy_core *t, const struct cs_event *ev, struct cs_step *out)
{
    (void)t;
    if (ev->type == CS_EV_MESSAGE) {
        cs_emit_send(out, ev->conn, ev->data);
    }
}

/* A node that says something, and one that does not. */
static void node_on(struct toy_core *t, const struct cs_event *ev, struct cs_step *out)
{
    if (ev->type == CS_EV_START) {
        cs_emit_connect(out, 7, CS_CHANNEL_CONTROL, url);
    } else if (ev->type == CS_EV_CONN_UP) {
        cs_emit_send(out, t->conn, CS_SPAN_LIT("hello"));
    }
}

static void silent_on(struct toy_core *t, const struct cs_event *ev,
                      struct cs_step *out)
{
    (void)t;
    if (ev->type == CS_EV_START) {
        cs_emit_connect(out, 7, CS_CHANNEL_CONTROL, url);
    }
}

static void turn(struct rig *r)
{
    (void)uv_run(&r->loop, UV_RUN_NOWAIT);
    (void)usleep(200);
}

static void turns(struct rig *r, int n)
{
    while (n-- > 0) {
        turn(r);
    }
}

/* A socket of 127.0.0.HOST that says nothing, with small buffers on both sides. */
static int knock(struct rig *r, unsigned host)
{
    const int segment = 536, room = 2048;
    struct sockaddr_in me = {.sin_family = AF_INET}, to = me;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    me.sin_addr.s_addr = htonl(0x7f000000U + host);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t)cs_host_port(r->server));
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment),
                     0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&me, sizeof me), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)(void *)&to, sizeof to), 0);
    return fd;
}

/* It is taken, or hung up on, before the next one comes. */
static int dial(struct rig *r, unsigned host)
{
    int fd = knock(r, host);

    turns(r, 20);
    return fd;
}

static bool is_over(int fd)
{
    char c;
    ssize_t n = recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK);

    return n == 0 || (n < 0 && errno != EAGAIN);
}

static void until_over(struct rig *r, int fd)
{
    int turns = 0;

    while (!is_over(fd)) {
        assert_true(turns++ < TURNS);
        turn(r);
    }
}

/* Every request gets more than a socket's buffers hold. */
static void answer_on(struct toy_core *t, const struct cs_event *ev,
                      struct cs_step *out)
{
    static uint8_t much[1 << 20];

    (void)t;
    if (ev->type == CS_EV_HTTP) {
        cs_emit_reply(out, ev->http->id, 200, "text/plain", CS_SPAN_OF(much));
    }
}

static void start_with(struct rig *r, unsigned all, unsigned each,
                       void (*on)(struct toy_core *, const struct cs_event *,
                                  struct cs_step *))
{
    struct cs_ws_limits limits = {
        .max_conns = all, .max_conns_per_ip = each, .header_ms = 60000};

    rig_open(r);
    rig_server(r, &limits, on);
    (void)rig_url(r, url, "127.0.0.1", "/control");
}

static void start(struct rig *r, unsigned all, unsigned each)
{
    start_with(r, all, each, echo_on);
}

static void end(struct rig *r, const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        (void)close(fds[i]);
    }
    rig_close(r);
}

static void the_oldest_slow_one_of_the_busiest_address_makes_room(void **state)
{
    struct rig r;
    int fds[40], n = 0;

    (void)state;
    start(&r, 32, 32); /* two places are kept free */
    fds[n++] = dial(&r, 3);
    for (int i = 0; i < 29; i++) {
        fds[n++] = dial(&r, 2);
    }
    for (int i = 0; i < n; i++) {
        assert_false(is_over(fds[i]));
    }
    fds[n++] = dial(&r, 4);
    until_over(&r, fds[1]);
    for (int i = 0; i < n; i++) {
        assert_true(i == 1 || !is_over(fds[i]));
    }
    end(&r, fds, (size_t)n);
}

static void for_an_address_that_has_all_it_may_nobody_has_to_go(void **state)
{
    struct rig r;
    int fds[40], n = 0;

    (void)state;
    start(&r, 32, 16);
    for (int i = 0; i < 16; i++) {
        fds[n++] = dial(&r, 2);
    }
    for (int i = 0; i < 14; i++) {
        fds[n++] = dial(&r, 3);
    }
    for (int i = 0; i < 4; i++) {
        int fd = dial(&r, 2);

        until_over(&r, fd); /* refused */
        (void)close(fd);
    }
    for (int i = 0; i < n; i++) {
        assert_false(is_over(fds[i]));
    }
    end(&r, fds, (size_t)n);
}

/* Floods past the limit by silent sockets of three addresses, one that of the node. */
static void flood(struct rig *r, int *fds, int n)
{
    for (int i = 0; i < n; i++) {
        fds[i] = dial(r, 1 + (unsigned)i % 3);
    }
}

static void a_node_that_has_spoken_is_left_alone(void **state)
{
    struct rig r;
    int fds[60];

    (void)state;
    start(&r, 32, 32);
    rig_client(&r, cs_wr_get(&r.tls.ca_der), NULL, node_on);
    rig_until(&r, &r.c.n[CS_EV_MESSAGE], 1);
    flood(&r, fds, 60);
    assert_int_equal(r.c.n[CS_EV_CONN_DOWN], 0);
    assert_int_equal(r.s.n[CS_EV_CONN_DOWN], 0);
    end(&r, fds, 60);
}

/* Else an upgrade without a first message is how to hold all places for good. */
static void a_websocket_that_says_nothing_makes_room(void **state)
{
    struct rig r;
    int fds[60];

    (void)state;
    start(&r, 32, 32);
    rig_client(&r, cs_wr_get(&r.tls.ca_der), NULL, silent_on);
    rig_until(&r, &r.c.n[CS_EV_CONN_UP], 1);
    rig_until(&r, &r.s.n[CS_EV_CONN_UP], 1);
    flood(&r, fds, 60);
    rig_until(&r, &r.s.n[CS_EV_CONN_DOWN], 1);
    end(&r, fds, 60);
}

/* A client that has shaken hands and says nothing yet. */
static SSL *shake(struct rig *r, SSL_CTX *ctx, int fd)
{
    SSL *ssl = SSL_new(ctx);
    int n = 0;

    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(SSL_set_fd(ssl, fd), 1);
    while (SSL_connect(ssl) != 1) {
        assert_true(n++ < TURNS);
        turn(r);
    }
    turns(r, 20);
    return ssl;
}

static bool has_ended(SSL *ssl)
{
    char c;
    int n = SSL_read(ssl, &c, 1);

    return n <= 0 && SSL_get_error(ssl, n) != SSL_ERROR_WANT_READ;
}

static const char get[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/* Its request comes in the turn in which it has to go: it must neither be carried out
 * nor hold its place. */
static void who_has_to_go_is_not_heard_any_more(void **state)
{
    struct rig r;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl;
    int fds[40], n = 0, more = 0;

    (void)state;
    start(&r, 32, 32);
    fds[n++] = dial(&r, 2);
    ssl = shake(&r, ctx, fds[0]);
    while (n < 30) {
        fds[n++] = dial(&r, 2);
    }
    fds[n++] = knock(&r, 3);
    assert_int_equal(SSL_write(ssl, get, sizeof get - 1), sizeof get - 1);
    while (!has_ended(ssl)) {
        assert_true(more++ < TURNS);
        turn(&r);
    }
    assert_int_equal(r.s.n[CS_EV_HTTP], 0);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    end(&r, fds, (size_t)n);
}

/* However many come, of however many addresses: who came a moment ago and is about to
 * say something stays, also when its address has more connections than theirs. */
static void who_has_just_come_stays_while_others_had_their_time(void **state)
{
    struct rig r;
    int fds[40], n = 0;

    (void)state;
    start(&r, 32, 32);
    for (unsigned i = 0; i < 27; i++) {
        fds[n++] = dial(&r, 10 + i);
    }
    (void)usleep(1100000);
    turn(&r);
    for (int i = 0; i < 3; i++) {
        fds[n++] = dial(&r, 2);
    }
    fds[n++] = dial(&r, 3);
    until_over(&r, fds[0]);
    for (int i = 1; i < n; i++) {
        assert_false(is_over(fds[i]));
    }
    end(&r, fds, (size_t)n);
}

/* Else a few addresses that ask for a file and do not read it hold all places. */
static void who_does_not_read_an_answer_makes_room(void **state)
{
    enum { READERS = 30, MORE = 8 };

    struct rig r;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl[READERS];
    int fds[READERS + MORE], n = 0;

    (void)state;
    start_with(&r, 32, 32, answer_on);
    for (; n < READERS; n++) {
        fds[n] = dial(&r, 2);
        ssl[n] = shake(&r, ctx, fds[n]);
        assert_int_equal(SSL_write(ssl[n], get, sizeof get - 1), sizeof get - 1);
        turns(&r, 40);
    }
    rig_until(&r, &r.s.n[CS_EV_HTTP], READERS);
    (void)usleep(1100000);
    turn(&r);
    for (; n < READERS + MORE; n++) {
        fds[n] = dial(&r, 3);
    }
    for (int i = READERS; i < n; i++) {
        assert_false(is_over(fds[i]));
    }
    for (int i = 0; i < READERS; i++) {
        SSL_free(ssl[i]);
    }
    SSL_CTX_free(ctx);
    end(&r, fds, (size_t)n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_slow_one_of_the_busiest_address_makes_room),
        cmocka_unit_test(who_has_to_go_is_not_heard_any_more),
        cmocka_unit_test(who_has_just_come_stays_while_others_had_their_time),
        cmocka_unit_test(who_does_not_read_an_answer_makes_room),
        cmocka_unit_test(for_an_address_that_has_all_it_may_nobody_has_to_go),
        cmocka_unit_test(a_node_that_has_spoken_is_left_alone),
        cmocka_unit_test(a_websocket_that_says_nothing_makes_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
