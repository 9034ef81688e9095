/* Bodies of requests: who may send how much, and how much there may be of all. */
#include <stdlib.h>

#include "support/net_rig.h"
#include "support/tls_talk.h"

enum { HELD = 3 };

static size_t n_seen, seen_bytes; /* requests that the core got, the last one's body */
static bool hold;                 /* they are answered when there are HELD of them */
static uint64_t ids[HELD];

static void http_on(struct toy_core *t, const struct cs_event *ev, struct cs_step *out)
{
    (void)t;
    if (ev->type == CS_EV_HTTP) {
        ids[n_seen++ % HELD] = ev->http->id;
        seen_bytes = ev->http->body.n;
        for (size_t i = 0; i < HELD; i++) {
            if (hold ? n_seen == HELD : ids[i] == ev->http->id) {
                cs_emit_reply(out, ids[i], 200, "application/json",
                              CS_SPAN_LIT("{\"ok\":true}"));
            }
        }
    }
}

static void start_talk(struct rig *r, struct talk *t, uv_async_t *wake)
{
    assert_int_equal(uv_async_init(&r->loop, wake, talk_woken), 0);
    wake->data = t;
    t->port = cs_host_port(r->server);
    t->wake = wake;
    assert_int_equal(uv_thread_create(&t->thread, talk_main, t), 0);
}

/* t->in is a C string then. */
static void end_talk(struct rig *r, struct talk *t, uv_async_t *wake)
{
    rig_until(r, &t->done, 1);
    assert_int_equal(uv_thread_join(&t->thread), 0);
    uv_close((uv_handle_t *)wake, NULL);
    (void)uv_run(&r->loop, UV_RUN_NOWAIT);
    cs_wr_u8(&t->in, 0);
}

static void assert_has(const struct talk *t, const char *text)
{
    if (strcasestr((const char *)t->in.p, text) == NULL) {
        fail_msg("no \"%s\" in: %s", text, (const char *)t->in.p);
    }
}

/* A POST of n bytes that has this header line. */
static struct cs_wr post_of(const char *line, size_t n)
{
    struct cs_wr w = {0};

    cs_wr_printf(&w, "POST /a HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n",
                 line, n);
    for (size_t i = 0; i < n; i++) {
        cs_wr_u8(&w, 'x');
    }
    return w;
}

static void send_to(struct rig *r, struct cs_span out, const char *status,
                    const char *word)
{
    struct talk t = {.out = out, .want = 1};
    uv_async_t wake;

    start_talk(r, &t, &wake);
    end_talk(r, &t, &wake);
    assert_has(&t, status);
    assert_has(&t, word);
    cs_wr_free(&t.in);
}

/* To a server of its own. */
static void post(const char *line, size_t n, const struct cs_ws_limits *limits,
                 const char *status, const char *word)
{
    struct cs_wr w = post_of(line, n);
    bool is_taken = strcmp(status, " 200 ") == 0;
    struct rig r;

    n_seen = 0;
    rig_open(&r);
    rig_server(&r, limits, http_on);
    send_to(&r, cs_wr_get(&w), status, word);
    rig_close(&r);
    assert_int_equal(n_seen, is_taken ? 1 : 0);
    assert_true(!is_taken || seen_bytes == n);
    cs_wr_free(&w);
}

/* Everybody may send some, so that one can sign in; much is for who says who he is. */
static void a_stranger_may_send_a_small_body_only(void **state)
{
    const struct cs_span head = CS_SPAN_LIT(
        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n");
    struct rig r;

    (void)state;
    post("", 16384, NULL, " 200 ", "ok");
    post("", 16385, NULL, " 413 ", "16 KiB");
    post("Authorization: Bearer x\r\n", 16385, NULL, " 200 ", "ok");
    post("Cookie: a=b\r\n", 524288, NULL, " 200 ", "ok");
    rig_open(&r);
    rig_server(&r, NULL, http_on);
    send_to(&r, head, " 413 ", "16 KiB"); /* before it comes */
    rig_close(&r);
}

/* One address has a quarter of the room; small bodies always have some. */
static void bodies_together_have_so_much_room_and_no_more(void **state)
{
    static const char token[] = "Authorization: Bearer x\r\n";
    struct cs_ws_limits limits = {.bodies_bytes = 512 * 1024};

    (void)state;
    post(token, 300000, &limits, " 503 ", "retry-after: 1");
    post(token, 60000, &limits, " 200 ", "ok");
    limits.bodies_bytes = 1;
    post(token, 16385, &limits, " 503 ", "retry-after: 1");
    post(token, 16384, &limits, " 200 ", "ok");
    post("", 2000, &limits, " 200 ", "ok");
}

/* What was passed on, refused or did not come in time is no more counted. */
static void the_room_of_a_body_is_given_back(void **state)
{
    const struct cs_ws_limits limits = {.bodies_bytes = 512 * 1024, .body_ms = 300};
    static const char token[] = "Authorization: Bearer x\r\n";
    struct cs_wr whole = post_of(token, 60000), large = post_of(token, 300000);
    const struct {
        struct cs_span out;
        const char *status;
    } turns[] = {
        {cs_wr_get(&whole), " 200 "},
        {CS_SPAN(whole.p, whole.n - 1), " 408 "},
        {cs_wr_get(&large), " 503 "},
        {cs_wr_get(&whole), " 200 "},
    };
    struct rig r;

    (void)state;
    rig_open(&r);
    rig_server(&r, &limits, http_on);
    for (size_t i = 0; i < 2 * CS_COUNTOF(turns); i++) {
        const size_t k = i % CS_COUNTOF(turns);

        send_to(&r, turns[k].out, turns[k].status, "");
    }
    rig_close(&r);
    cs_wr_free(&whole);
    cs_wr_free(&large);
}

/* Answers may take a while (?wait=): three bodies, and room for not quite two. */
static void a_body_that_was_passed_on_takes_no_room(void **state)
{
    const struct cs_ws_limits limits = {.bodies_bytes = 500000, .answer_ms = 3000};
    struct cs_wr w = post_of("Authorization: Bearer x\r\n", 60000);
    struct talk t[HELD];
    uv_async_t wake[HELD];
    struct rig r;

    (void)state;
    n_seen = 0;
    hold = true;
    rig_open(&r);
    rig_server(&r, &limits, http_on);
    for (size_t i = 0; i < HELD; i++) {
        t[i] = (struct talk){.out = cs_wr_get(&w), .want = 1};
        start_talk(&r, &t[i], &wake[i]);
        while (n_seen == i && t[i].done == 0) {
            (void)uv_run(&r.loop, UV_RUN_ONCE);
        }
    }
    for (size_t i = 0; i < HELD; i++) {
        end_talk(&r, &t[i], &wake[i]);
        assert_has(&t[i], " 200 ");
        cs_wr_free(&t[i].in);
    }
    hold = false;
    rig_close(&r);
    cs_wr_free(&w);
}

/* ---- who makes room ------------------------------------------------------------ */

static const char a_token[] = "Authorization: Bearer x\r\n";

/* Bodies of 60000 of 120000 bytes, so 64 KiB of memory, from so many addresses, which
 * then say no more. */
struct stalled {
    struct cs_wr text;
    struct talk t[4];
    uv_async_t wake[4];
    size_t n;
};

static void turn_for(struct rig *r, uint64_t ms)
{
    uint64_t until = uv_now(&r->loop) + ms;

    assert_int_equal(uv_timer_start(&r->guard, rig_late, 10, 10), 0);
    while (uv_now(&r->loop) < until) {
        (void)uv_run(&r->loop, UV_RUN_ONCE);
    }
    (void)uv_timer_stop(&r->guard);
}

static void stall(struct rig *r, struct stalled *s, size_t n)
{
    *s = (struct stalled){.text = post_of(a_token, 120000), .n = n};
    for (size_t i = 0; i < n; i++) {
        s->t[i] = (struct talk){.out = CS_SPAN(s->text.p, s->text.n - 60000),
                                .want = 1,
                                .from = (uint8_t)(2 + i)};
        start_talk(r, &s->t[i], &s->wake[i]);
        turn_for(r, 300); /* one after the other, and all of it */
        assert_int_equal(s->t[i].done, 0);
    }
}

/* The first n of them had to make room, the others had their time. */
static void stalled_end(struct rig *r, struct stalled *s, size_t n)
{
    for (size_t i = 0; i < s->n; i++) {
        end_talk(r, &s->t[i], &s->wake[i]);
        assert_has(&s->t[i], i < n ? " 503 " : " 408 ");
        cs_wr_free(&s->t[i].in);
    }
    cs_wr_free(&s->text);
}

static void send_from(struct rig *r, uint8_t from, size_t n, const char *status)
{
    struct cs_wr w = post_of(a_token, n);
    struct talk t = {.out = cs_wr_get(&w), .want = 1, .from = from};
    uv_async_t wake;

    start_talk(r, &t, &wake);
    end_talk(r, &t, &wake);
    assert_has(&t, status);
    cs_wr_free(&t.in);
    cs_wr_free(&w);
}

/* Four addresses with all the room there is keep it from nobody: of those that have
 * been at it for a second the first one ends.  Twice, so that the count is right. */
static void who_was_at_it_longest_makes_room(void **state)
{
    const struct cs_ws_limits limits = {.bodies_bytes = 320 * 1024, .body_ms = 5000};
    struct stalled s;
    struct rig r;

    (void)state;
    rig_open(&r);
    rig_server(&r, &limits, http_on);
    for (int i = 0; i < 2; i++) {
        stall(&r, &s, 4);
        turn_for(&r, 1100);
        send_from(&r, 9, 60000, " 200 ");
        assert_int_equal(s.t[1].done + s.t[2].done + s.t[3].done, 0);
        stalled_end(&r, &s, 1);
    }
    rig_close(&r);
}

/* One address has its quarter, and what is above it ends no body of others. */
static void only_ones_own_make_room_in_ones_quarter(void **state)
{
    const struct cs_ws_limits limits = {.bodies_bytes = 320 * 1024, .body_ms = 5000};
    struct stalled s;
    struct rig r;

    (void)state;
    rig_open(&r);
    rig_server(&r, &limits, http_on);
    stall(&r, &s, 2);
    turn_for(&r, 1100);
    send_from(&r, 9, 300000, " 503 ");
    assert_int_equal(s.t[0].done + s.t[1].done, 0);
    send_from(&r, 2, 60000, " 200 ");
    assert_int_equal(s.t[1].done, 0);
    stalled_end(&r, &s, 1);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stranger_may_send_a_small_body_only),
        cmocka_unit_test(bodies_together_have_so_much_room_and_no_more),
        cmocka_unit_test(the_room_of_a_body_is_given_back),
        cmocka_unit_test(a_body_that_was_passed_on_takes_no_room),
        cmocka_unit_test(who_was_at_it_longest_makes_room),
        cmocka_unit_test(only_ones_own_make_room_in_ones_quarter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
