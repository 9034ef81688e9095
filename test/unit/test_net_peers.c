/* Peers that stop answering, stop reading, never end a message or never stop: each is
 * let go, and costs the others nothing (RELIABILITY T28-T30). */
#include "support/net_rig.h"
#include "support/ws_peer.h"

/* ---- plays: the peer's side, on its thread ------------------------------------- */

/* Half-open: reads nothing, so answers no ping and no close. */
static void stand_still(struct ws_peer *p, SSL *ssl)
{
    (void)ssl;
    uv_sem_wait(&p->release);
}

static void speak_then_stand_still(struct ws_peer *p, SSL *ssl)
{
    (void)ws_peer_frame(ssl, 0x82, 10);
    uv_sem_wait(&p->release);
}

static void never_end_a_message(struct ws_peer *p, SSL *ssl)
{
    bool sent = ws_peer_frame(ssl, 0x82, 10) && ws_peer_frame(ssl, 0x02, 1000);

    for (int i = 0; i < 100000 && sent; i++) {
        sent = ws_peer_frame(ssl, 0x00, 1000);
    }
    if (!sent) {
        p->ended = true;
    } else {
        ws_peer_read_to_end(p, ssl);
    }
}

static void never_end_a_first_message(struct ws_peer *p, SSL *ssl)
{
    bool sent = ws_peer_frame(ssl, 0x02, 100);

    for (int i = 0; i < 5 && sent; i++) {
        sent = ws_peer_frame(ssl, 0x00, 100);
    }
    ws_peer_read_to_end(p, ssl);
}

static void announce_a_huge_frame(struct ws_peer *p, SSL *ssl)
{
    /* 2^62 bytes, and 64 KiB of them */
    static const uint8_t head[14] = {0x82, 0x80 | 127, 0x40};
    static const uint8_t zeros[65536];

    if (SSL_write(ssl, head, sizeof head) > 0) {
        (void)SSL_write(ssl, zeros, sizeof zeros);
    }
    ws_peer_read_to_end(p, ssl);
}

static void ping_without_end(struct ws_peer *p, SSL *ssl)
{
    for (int i = 0; i < 20000 && ws_peer_frame(ssl, 0x89, 100); i++) {
    }
    (void)ws_peer_frame(ssl, 0x82, 10); /* that all of them were read */
    uv_sem_wait(&p->release);
}

/* ---- cores --------------------------------------------------------------------- */

static void flood_on(struct toy_core *t, const struct cs_event *ev, struct cs_step *out)
{
    static uint8_t big[60000];

    (void)t;
    if (ev->type == CS_EV_CONN_UP) { /* 12 MB: more than socket buffers take */
        for (int i = 0; i < 200; i++) {
            cs_emit_send(out, ev->conn, CS_SPAN_OF(big));
        }
    }
}

static void hang_up_on(struct toy_core *t, const struct cs_event *ev,
                       struct cs_step *out)
{
    (void)t;
    if (ev->type == CS_EV_MESSAGE) {
        cs_emit_close(out, ev->conn, CS_OK);
    }
}

static char dial_url[128];

static void dial_on(struct toy_core *t, const struct cs_event *ev, struct cs_step *out)
{
    (void)t;
    if (ev->type == CS_EV_START) {
        cs_emit_connect(out, 7, CS_CHANNEL_RELAY, dial_url);
    }
}

/* A refused peer has this long to read why. */
static const struct cs_ws_limits quick = {.close_ms = 100};

/* ---- tests --------------------------------------------------------------------- */

static void serve(struct rig *r, struct ws_peer *p, const struct cs_ws_limits *limits,
                  void (*on)(struct toy_core *t, const struct cs_event *ev,
                             struct cs_step *out),
                  void (*play)(struct ws_peer *p, SSL *ssl))
{
    rig_open(r);
    rig_server(r, limits, on);
    *p = (struct ws_peer){.port = cs_host_port(r->server), .listen_fd = -1};
    ws_peer_start(p, play);
}

static void end(struct rig *r, struct ws_peer *p)
{
    ws_peer_join(p, &r->loop);
    assert_true(p->upgraded);
    rig_close(r);
}

static void a_client_that_answers_no_ping_is_let_go(void **state)
{
    struct cs_ws_limits limits = {.ping_s = 1, .dead_s = 2};
    struct ws_peer p;
    struct rig r;

    (void)state;
    serve(&r, &p, &limits, NULL, speak_then_stand_still);
    rig_until(&r, &r.s.n[CS_EV_CONN_DOWN], 1);
    assert_int_equal(r.s.n[CS_EV_MESSAGE], 1);
    end(&r, &p);
}

static void a_server_that_answers_no_ping_is_let_go(void **state)
{
    struct cs_ws_limits limits = {.ping_s = 1, .dead_s = 2};
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t n = sizeof a;
    struct ws_peer p;
    struct rig r;

    (void)state;
    rig_open(&r);
    p = (struct ws_peer){.listen_fd = socket(AF_INET, SOCK_STREAM, 0),
                         .cert_file = r.tls.cert_file,
                         .key_file = r.tls.key_file};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(p.listen_fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(p.listen_fd, 1), 0);
    assert_int_equal(getsockname(p.listen_fd, (struct sockaddr *)&a, &n), 0);
    (void)snprintf(dial_url, sizeof dial_url, "wss://127.0.0.1:%d/relay",
                   ntohs(a.sin_port));
    ws_peer_start(&p, stand_still);
    rig_client(&r, cs_wr_get(&r.tls.ca_der), &limits, dial_on);
    rig_until(&r, &r.c.n[CS_EV_CONN_UP], 1);
    rig_until(&r, &r.c.n[CS_EV_CONN_DOWN], 1);
    (void)close(p.listen_fd);
    end(&r, &p);
}

static void a_client_that_stops_reading_fills_its_outbox_only(void **state)
{
    struct ws_peer p;
    struct rig r;

    (void)state;
    serve(&r, &p, NULL, flood_on, stand_still);
    rig_until(&r, &r.s.n[CS_EV_CONN_DOWN], 1);
    assert_int_equal(r.s.err, CS_ERR_FULL);
    end(&r, &p);
}

static void a_client_that_stops_reading_is_let_go_with_data_on_the_way(void **state)
{
    struct cs_ws_limits limits = {
        .ping_s = 1, .dead_s = 2, .outbox_bytes = (size_t)64 << 20};
    struct ws_peer p;
    struct rig r;

    (void)state;
    serve(&r, &p, &limits, flood_on, stand_still);
    rig_until(&r, &r.s.n[CS_EV_CONN_DOWN], 1);
    assert_int_not_equal(r.s.err, CS_ERR_FULL);
    end(&r, &p);
}

static void a_message_without_end_is_cut_off(void **state)
{
    struct ws_peer p;
    struct rig r;

    (void)state;
    serve(&r, &p, &quick, NULL, never_end_a_message);
    rig_until(&r, &r.s.n[CS_EV_CONN_DOWN], 1);
    assert_int_equal(r.s.err, CS_ERR_TOO_LONG);
    assert_int_equal(r.s.n[CS_EV_MESSAGE], 1);
    end(&r, &p);
    assert_true(p.ended);
}

static void a_strangers_fragments_count_together(void **state)
{
    struct ws_peer p;
    struct rig r;

    (void)state;
    serve(&r, &p, &quick, NULL, never_end_a_first_message);
    rig_until(&r, &r.s.n[CS_EV_CONN_DOWN], 1);
    assert_int_equal(r.s.err, CS_ERR_TOO_LONG);
    assert_int_equal(r.s.n[CS_EV_MESSAGE], 0);
    end(&r, &p);
}

static void a_huge_frame_is_refused_at_its_start(void **state)
{
    struct ws_peer p;
    struct rig r;

    (void)state;
    serve(&r, &p, &quick, NULL, announce_a_huge_frame);
    rig_until(&r, &r.s.n[CS_EV_CONN_DOWN], 1);
    assert_int_equal(r.s.n[CS_EV_MESSAGE], 0);
    end(&r, &p);
    assert_true(p.ended);
}

static void a_flood_of_pings_queues_nothing(void **state)
{
    struct ws_peer p;
    struct rig r;

    (void)state;
    serve(&r, &p, NULL, NULL, ping_without_end);
    rig_until(&r, &r.s.n[CS_EV_MESSAGE], 1); /* it read no pong, we read all pings */
    end(&r, &p);
}

static void a_peer_that_does_not_close_is_cut_off(void **state)
{
    struct cs_ws_limits limits = {.close_ms = 100, .max_conns = 1};
    struct ws_peer p, next = {0};
    struct rig r;

    (void)state;
    serve(&r, &p, &limits, hang_up_on, speak_then_stand_still);
    rig_until(&r, &r.s.n[CS_EV_MESSAGE], 1);
    while (r.s.n[CS_EV_CONN_UP] < 2) { /* its place is free again: another gets in */
        next = (struct ws_peer){.port = cs_host_port(r.server), .listen_fd = -1};
        ws_peer_start(&next, stand_still);
        ws_peer_join(&next, &r.loop);
    }
    assert_int_equal(r.s.n[CS_EV_CONN_DOWN], 0); /* the core closed it itself */
    end(&r, &p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_answers_no_ping_is_let_go),
        cmocka_unit_test(a_server_that_answers_no_ping_is_let_go),
        cmocka_unit_test(a_client_that_stops_reading_fills_its_outbox_only),
        cmocka_unit_test(a_client_that_stops_reading_is_let_go_with_data_on_the_way),
        cmocka_unit_test(a_message_without_end_is_cut_off),
        cmocka_unit_test(a_strangers_fragments_count_together),
        cmocka_unit_test(a_huge_frame_is_refused_at_its_start),
        cmocka_unit_test(a_flood_of_pings_queues_nothing),
        cmocka_unit_test(a_peer_that_does_not_close_is_cut_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
