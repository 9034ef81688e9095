/* WebSockets over real sockets and TLS: what passes, and what is refused how. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/socket.h>

#include "support/net_rig.h"

/* The script of the client: one connection, then what a test sends. */
static struct {
    char url[128];
    enum cs_channel channel;
    struct cs_wr first; /* sent when up; nothing when empty */
    unsigned repeat;    /* how often */
    bool close_after;
} plan;

static void client_on(struct toy_core *t, const struct cs_event *ev,
                      struct cs_step *out)
{
    if (ev->type == CS_EV_START) {
        cs_emit_connect(out, 7, plan.channel, plan.url);
    } else if (ev->type == CS_EV_CONN_UP && plan.first.n != 0) {
        for (unsigned i = 0; i < plan.repeat; i++) {
            cs_emit_send(out, t->conn, cs_wr_get(&plan.first));
        }
    }
    if (ev->type == CS_EV_CONN_UP && plan.close_after) {
        cs_emit_close(out, t->conn, CS_OK);
    }
}

static void echo_on(struct toy_core *t, const struct cs_event *ev, struct cs_step *out)
{
    (void)t;
    if (ev->type == CS_EV_MESSAGE) {
        cs_emit_send(out, ev->conn, ev->data);
    }
}

static void set_plan(struct rig *r, enum cs_channel channel, size_t n, unsigned repeat)
{
    cs_wr_free(&plan.first);
    plan.first = (struct cs_wr){0};
    for (size_t i = 0; i < n; i++) {
        cs_wr_u8(&plan.first, (uint8_t)('a' + i % 26));
    }
    plan.repeat = repeat;
    plan.channel = channel;
    plan.close_after = false;
    (void)rig_url(r, plan.url, "127.0.0.1",
                  channel == CS_CHANNEL_CONTROL ? "/control" : "/relay");
}

static void start(struct rig *r, enum cs_channel channel, size_t n, unsigned repeat)
{
    rig_open(r);
    rig_server(r, NULL, echo_on);
    set_plan(r, channel, n, repeat);
    rig_client(r, cs_wr_get(&r->tls.ca_der), NULL, client_on);
}

static void end(struct rig *r)
{
    rig_close(r);
    cs_wr_free(&plan.first);
}

static void a_control_message_is_echoed(void **state)
{
    struct rig r;

    (void)state;
    start(&r, CS_CHANNEL_CONTROL, 5000, 1);
    rig_until(&r, &r.c.n[CS_EV_MESSAGE], 1);
    assert_int_equal(r.c.got.n, 5000);
    assert_memory_equal(r.c.got.p, plan.first.p, 5000);
    end(&r);
}

static void a_relay_message_is_echoed(void **state)
{
    struct rig r;

    (void)state;
    start(&r, CS_CHANNEL_RELAY, 300, 50);
    rig_until(&r, &r.c.n[CS_EV_MESSAGE], 50);
    assert_int_equal(r.s.n[CS_EV_MESSAGE], 50);
    end(&r);
}

static void both_ends_have_the_same_exporter_bytes(void **state)
{
    struct rig r;

    (void)state;
    start(&r, CS_CHANNEL_CONTROL, 0, 0);
    rig_until(&r, &r.c.n[CS_EV_CONN_UP], 1);
    rig_until(&r, &r.s.n[CS_EV_CONN_UP], 1);
    assert_int_equal(r.c.exporter_len, 32);
    assert_int_equal(r.s.exporter_len, 32);
    assert_memory_equal(r.c.exporter, r.s.exporter, 32);
    assert_false(cs_ct_is_zero(r.c.exporter, 32));
    end(&r);
}

/* A second message after a small first one may be large. */
static void big_on(struct toy_core *t, const struct cs_event *ev, struct cs_step *out)
{
    static uint8_t big[500 * 1024];

    if (ev->type == CS_EV_START) {
        cs_emit_connect(out, 7, plan.channel, plan.url);
    } else if (ev->type == CS_EV_CONN_UP) {
        memset(big, 'x', sizeof big);
        cs_emit_send(out, t->conn, CS_SPAN_LIT("hello"));
        cs_emit_send(out, t->conn, CS_SPAN(big, plan.first.n));
    }
}

static void start_big(struct rig *r, enum cs_channel channel, size_t n)
{
    rig_open(r);
    rig_server(r, NULL, echo_on);
    set_plan(r, channel, n, 1);
    rig_client(r, cs_wr_get(&r->tls.ca_der), NULL, big_on);
}

static void a_large_control_message_passes_after_the_first(void **state)
{
    struct rig r;

    (void)state;
    start_big(&r, CS_CHANNEL_CONTROL, 500 * 1024);
    rig_until(&r, &r.c.n[CS_EV_MESSAGE], 2);
    assert_int_equal(r.c.got.n, 500 * 1024);
    end(&r);
}

static void a_relay_message_over_the_limit_ends_the_connection(void **state)
{
    struct rig r;

    (void)state;
    start_big(&r, CS_CHANNEL_RELAY, 129 * 1024);
    rig_until(&r, &r.s.n[CS_EV_CONN_DOWN], 1);
    assert_int_equal(r.s.err, CS_ERR_TOO_LONG);
    assert_int_equal(r.s.n[CS_EV_MESSAGE], 1);
    rig_until(&r, &r.c.n[CS_EV_CONN_DOWN], 1);
    end(&r);
}

static void a_first_message_over_8_kib_ends_the_connection(void **state)
{
    struct rig r;

    (void)state;
    start(&r, CS_CHANNEL_CONTROL, 8 * 1024 + 1, 1);
    rig_until(&r, &r.s.n[CS_EV_CONN_DOWN], 1);
    assert_int_equal(r.s.err, CS_ERR_TOO_LONG);
    assert_int_equal(r.s.n[CS_EV_MESSAGE], 0);
    end(&r);
}

/* What the client's core hears when it dials url and trusts ca. */
static enum cs_err dial(struct rig *r, const char *url, struct cs_span ca,
                        const struct cs_ws_limits *limits)
{
    enum cs_err err;

    plan.repeat = 0;
    plan.channel = CS_CHANNEL_CONTROL;
    plan.close_after = false;
    (void)snprintf(plan.url, sizeof plan.url, "%s", url);
    rig_client(r, ca, limits, client_on);
    rig_until(r, &r->c.n[CS_EV_CONN_DOWN], 1);
    err = r->c.err;
    assert_int_equal(r->c.n[CS_EV_CONN_UP], 0);
    return err;
}

static void a_server_of_another_ca_is_refused(void **state)
{
    struct rig r, other;
    char url[128];

    (void)state;
    rig_open(&r);
    rig_open(&other); /* for its CA */
    rig_server(&r, NULL, echo_on);
    assert_int_equal(dial(&r, rig_url(&r, url, "127.0.0.1", "/control"),
                          cs_wr_get(&other.tls.ca_der), NULL),
                     CS_ERR_TLS_TRUST);
    assert_int_equal(r.s.n[CS_EV_CONN_UP], 0);
    rig_close(&r);
    rig_close(&other);
}

static void a_server_with_another_name_is_refused(void **state)
{
    struct rig r;
    char url[128];

    (void)state;
    rig_open(&r);
    r.host = "127.0.0.2"; /* the certificate is for 127.0.0.1 and localhost */
    rig_server(&r, NULL, echo_on);
    assert_int_equal(dial(&r, rig_url(&r, url, "127.0.0.2", "/control"),
                          cs_wr_get(&r.tls.ca_der), NULL),
                     CS_ERR_TLS_NAME);
    rig_close(&r);
}

static void *read_pem(const char *dir, const char *name, bool key)
{
    char path[128];
    void *out;
    BIO *bio;

    (void)snprintf(path, sizeof path, "%s/tls/%s", dir, name);
    bio = BIO_new_file(path, "r");
    assert_non_null(bio);
    out = key ? (void *)PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL)
              : (void *)PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_non_null(out);
    BIO_free(bio);
    return out;
}

/* Replaces the server's certificate by one with this validity (seconds from now). */
static void set_validity(struct rig *r, long from, long to)
{
    X509 *cert = read_pem(r->dir, "server.pem", false);
    EVP_PKEY *ca_key = read_pem(r->dir, "ca.key", true);
    BIO *bio = BIO_new_file(r->tls.cert_file, "w");

    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), from));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), to));
    assert_true(X509_sign(cert, ca_key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
    BIO_free(bio);
    EVP_PKEY_free(ca_key);
    X509_free(cert);
}

static void refused_for_its_time(long from, long to)
{
    struct rig r;
    char url[128];

    rig_open(&r);
    set_validity(&r, from, to);
    rig_server(&r, NULL, echo_on);
    assert_int_equal(dial(&r, rig_url(&r, url, "127.0.0.1", "/control"),
                          cs_wr_get(&r.tls.ca_der), NULL),
                     CS_ERR_TLS_TIME);
    assert_int_equal(r.s.n[CS_EV_CONN_UP], 0);
    rig_close(&r);
}

static void an_expired_certificate_is_refused(void **state)
{
    (void)state;
    refused_for_its_time(-86400, -3600);
}

static void a_certificate_of_the_future_is_refused(void **state)
{
    (void)state;
    refused_for_its_time(3600, 86400);
}

static void nobody_listening_is_told_as_a_lost_connection(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r);
    assert_int_equal(
        dial(&r, "wss://127.0.0.1:1/control", cs_wr_get(&r.tls.ca_der), NULL),
        CS_ERR_CONN);
    rig_close(&r);
}

static void a_name_that_does_not_resolve_is_told(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r);
    assert_int_equal(dial(&r, "wss://does-not-exist.invalid/control",
                          cs_wr_get(&r.tls.ca_der), NULL),
                     CS_ERR_DNS);
    rig_close(&r);
}

static void plain_ws_is_never_dialled(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r);
    assert_int_equal(
        dial(&r, "ws://127.0.0.1:1/control", cs_wr_get(&r.tls.ca_der), NULL),
        CS_ERR_CONFIG);
    rig_close(&r);
}

static void a_server_that_never_answers_is_given_up(void **state)
{
    struct cs_ws_limits limits = {.connect_ms = 300};
    struct rig r;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t n = sizeof a;
    char url[128];

    (void)state;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    rig_open(&r);
    (void)snprintf(url, sizeof url, "wss://127.0.0.1:%d/control", ntohs(a.sin_port));
    assert_int_equal(dial(&r, url, cs_wr_get(&r.tls.ca_der), &limits), CS_ERR_CONN);
    rig_close(&r);
    (void)close(fd);
}

static void a_path_of_the_other_channel_is_refused(void **state)
{
    struct rig r;
    char url[128];

    (void)state;
    rig_open(&r);
    rig_server(&r, NULL, echo_on);
    (void)dial(&r, rig_url(&r, url, "127.0.0.1", "/relay"), cs_wr_get(&r.tls.ca_der),
               NULL);
    assert_int_equal(r.s.n[CS_EV_CONN_UP], 0);
    rig_close(&r);
}

/* Sends more than the outbox holds in one step: the peer has had no time to read. */
static void a_full_outbox_ends_the_connection(void **state)
{
    struct cs_ws_limits limits = {.outbox_count = 10};
    struct rig r;

    (void)state;
    rig_open(&r);
    rig_server(&r, NULL, echo_on);
    set_plan(&r, CS_CHANNEL_RELAY, 100, 11);
    rig_client(&r, cs_wr_get(&r.tls.ca_der), &limits, client_on);
    rig_until(&r, &r.c.n[CS_EV_CONN_DOWN], 1);
    assert_int_equal(r.c.err, CS_ERR_FULL);
    end(&r);
}

static void a_close_by_the_core_delivers_first_and_is_not_told_back(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r);
    rig_server(&r, NULL, NULL);
    set_plan(&r, CS_CHANNEL_RELAY, 400, 20);
    plan.close_after = true;
    rig_client(&r, cs_wr_get(&r.tls.ca_der), NULL, client_on);
    rig_until(&r, &r.s.n[CS_EV_CONN_DOWN], 1);
    assert_int_equal(r.s.n[CS_EV_MESSAGE], 20);
    assert_int_equal(r.c.n[CS_EV_CONN_DOWN], 0);
    end(&r);
}

static void cycle_on(struct toy_core *t, const struct cs_event *ev, struct cs_step *out)
{
    if (ev->type == CS_EV_START) {
        cs_emit_connect(out, 1, CS_CHANNEL_RELAY, plan.url);
    } else if (ev->type == CS_EV_CONN_UP) {
        cs_emit_send(out, ev->conn, CS_SPAN_LIT("ping"));
    } else if (ev->type == CS_EV_MESSAGE && t->n[CS_EV_MESSAGE] < 100) {
        cs_emit_close(out, ev->conn, CS_OK);
        cs_emit_connect(out, ev->conn + 1, CS_CHANNEL_RELAY, plan.url);
    }
}

static void a_hundred_connections_come_and_go(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r);
    rig_server(&r, NULL, echo_on);
    set_plan(&r, CS_CHANNEL_RELAY, 0, 0);
    rig_client(&r, cs_wr_get(&r.tls.ca_der), NULL, cycle_on);
    rig_until(&r, &r.c.n[CS_EV_MESSAGE], 100);
    assert_int_equal(r.s.n[CS_EV_CONN_UP], 100);
    assert_int_equal(r.c.n[CS_EV_CONN_DOWN], 0);
    end(&r);
}

static void a_lost_server_is_told_once(void **state)
{
    struct rig r;

    (void)state;
    start(&r, CS_CHANNEL_CONTROL, 100, 1);
    rig_until(&r, &r.c.n[CS_EV_MESSAGE], 1);
    cs_host_close(r.server, rig_closed, &r);
    rig_until(&r, &r.n_closed, 1);
    r.server = NULL;
    rig_until(&r, &r.c.n[CS_EV_CONN_DOWN], 1);
    assert_int_equal(r.c.n[CS_EV_CONN_DOWN], 1);
    end(&r);
}

static void closing_while_dialling_leaves_nothing(void **state)
{
    struct rig r;

    (void)state;
    start(&r, CS_CHANNEL_CONTROL, 100, 1); /* the loop has not run yet */
    end(&r);
}

/* Libwebsockets would go through it: nobody listens there.  The hosting process keeps
 * its environment. */
static void http_proxy_is_passed_by(void **state)
{
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:9", 1), 0);
    a_control_message_is_echoed(state);
    assert_string_equal(getenv("http_proxy"), "http://127.0.0.1:9");
    assert_int_equal(unsetenv("http_proxy"), 0);
}

static void handled(int signum)
{
    (void)signum;
}

static void a_handler_of_sigpipe_stays(void **state)
{
    struct sigaction own = {.sa_handler = handled}, now;
    struct rig r;

    (void)state;
    assert_int_equal(sigaction(SIGPIPE, &own, NULL), 0);
    start(&r, CS_CHANNEL_CONTROL, 0, 0);
    assert_int_equal(sigaction(SIGPIPE, NULL, &now), 0);
    assert_ptr_equal(now.sa_handler, handled);
    end(&r);
    own.sa_handler = SIG_DFL;
    assert_int_equal(sigaction(SIGPIPE, &own, NULL), 0);
    start(&r, CS_CHANNEL_CONTROL, 0, 0);
    assert_int_equal(sigaction(SIGPIPE, NULL, &now), 0);
    assert_ptr_equal(now.sa_handler, SIG_IGN); /* a peer that leaves ends nobody */
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_control_message_is_echoed),
        cmocka_unit_test(a_relay_message_is_echoed),
        cmocka_unit_test(both_ends_have_the_same_exporter_bytes),
        cmocka_unit_test(a_large_control_message_passes_after_the_first),
        cmocka_unit_test(a_relay_message_over_the_limit_ends_the_connection),
        cmocka_unit_test(a_first_message_over_8_kib_ends_the_connection),
        cmocka_unit_test(a_server_of_another_ca_is_refused),
        cmocka_unit_test(a_server_with_another_name_is_refused),
        cmocka_unit_test(an_expired_certificate_is_refused),
        cmocka_unit_test(a_certificate_of_the_future_is_refused),
        cmocka_unit_test(nobody_listening_is_told_as_a_lost_connection),
        cmocka_unit_test(a_name_that_does_not_resolve_is_told),
        cmocka_unit_test(plain_ws_is_never_dialled),
        cmocka_unit_test(a_server_that_never_answers_is_given_up),
        cmocka_unit_test(a_path_of_the_other_channel_is_refused),
        cmocka_unit_test(a_full_outbox_ends_the_connection),
        cmocka_unit_test(a_close_by_the_core_delivers_first_and_is_not_told_back),
        cmocka_unit_test(a_hundred_connections_come_and_go),
        cmocka_unit_test(a_lost_server_is_told_once),
        cmocka_unit_test(closing_while_dialling_leaves_nothing),
        cmocka_unit_test(http_proxy_is_passed_by),
        cmocka_unit_test(a_handler_of_sigpipe_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
