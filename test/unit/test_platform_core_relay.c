/* Messaging layer: who may send to whom, stamped senders, limits. */
#include "support/fake_device.h"

static void relay_open(struct fake_device *d, uint8_t nonce[32])
{
    struct fake_platform *w = d->w;
    struct cs_relay_frame f;

    d->relay = w->next_conn++;
    fake_event(w, (struct cs_event){.type = CS_EV_CONN_UP,
                                    .conn = d->relay,
                                    .channel = CS_CHANNEL_RELAY,
                                    .remote = w->remote,
                                    .exporter = CS_SPAN_OF(d->exporter)});
    assert_int_equal(w->sent[w->n_sent - 1].conn, d->relay);
    assert_int_equal(cs_relay_decode(&f, CS_SPAN(w->sent[w->n_sent - 1].p,
                                                 w->sent[w->n_sent - 1].n)),
                     CS_OK);
    assert_int_equal(f.type, CS_RELAY_CHALLENGE);
    memcpy(nonce, f.body.p, 32);
}

static void relay_hello(struct fake_device *d, const uint8_t nonce[32],
                        const char *channel)
{
    struct cs_relay_frame f = {.type = CS_RELAY_HELLO};
    struct cs_wr w = {0};
    uint8_t sig[64];

    fake_auth_sig(d, sig, nonce, channel);
    memcpy(f.id, d->id, 16);
    f.body = CS_SPAN_OF(sig);
    cs_relay_encode(&w, &f);
    fake_message(d->w, d->relay, cs_wr_get(&w));
    cs_wr_free(&w);
}

/* The last thing the relay did: a frame, or CLOSE. */
static const struct fake_sent *last(struct fake_platform *w, struct cs_relay_frame *f)
{
    const struct fake_sent *s = &w->sent[w->n_sent - 1];

    if (!s->close) {
        assert_int_equal(cs_relay_decode(f, CS_SPAN(s->p, s->n)), CS_OK);
    }
    return s;
}

static void relay_up(struct fake_device *d)
{
    struct cs_relay_frame f;
    uint8_t nonce[32];

    relay_open(d, nonce);
    relay_hello(d, nonce, "relay");
    assert_int_equal(last(d->w, &f)->conn, d->relay);
    assert_int_equal(f.type, CS_RELAY_WELCOME);
}

static void a_rejected_device_gets_no_relay(void **state)
{
    struct fake_platform *w = fake_platform_new();
    char id[40], secret[80], path[128];
    struct cs_relay_frame f;
    struct fake_device d;
    uint8_t nonce[32];

    (void)state;
    fake_setup(w, id, secret);
    fake_device_new(w, &d);
    fake_connect_ok(&d);
    relay_up(&d);
    (void)snprintf(path, sizeof path, "/v2/devices/%s/approval-status", d.text);
    fake_ok(w, "PUT", path, "{\"approvalStatus\":\"REJECTED\"}");
    relay_open(&d, nonce);
    relay_hello(&d, nonce, "relay");
    assert_true(last(w, &f)->close);
    fake_device_free(&d);
    fake_platform_free(w);
}

static void sign_ins_of_one_address_are_limited(void **state)
{
    struct fake_platform *w = fake_platform_new();
    char id[40], secret[80];
    struct cs_relay_frame f;
    struct fake_device d;
    uint8_t nonce[32];

    (void)state;
    fake_setup(w, id, secret);
    fake_device_new(w, &d);
    fake_connect_ok(&d);
    for (int i = 0; i < 210; i++) {
        relay_open(&d, nonce);
        relay_hello(&d, nonce, "control"); /* a wrong one */
        assert_true(last(w, &f)->close);
    }
    assert_int_equal(last(w, &f)->err, CS_ERR_LIMIT);
    w->remote = "198.51.100.7"; /* others are not slowed */
    relay_up(&d);
    fake_device_free(&d);
    fake_platform_free(w);
}

static void data(struct fake_device *from, const uint8_t to[16], const char *text)
{
    struct cs_relay_frame f = {.type = CS_RELAY_DATA,
                               .body = CS_SPAN(text, strlen(text))};
    struct cs_wr w = {0};

    memcpy(f.id, to, 16);
    cs_relay_encode(&w, &f);
    fake_message(from->w, from->relay, cs_wr_get(&w));
    cs_wr_free(&w);
}

static void frames_go_to_the_receiver_with_the_senders_id(void **state)
{
    struct fake_trio *t = fake_trio_new();
    struct cs_relay_frame f;

    (void)state;
    for (int i = 0; i < 3; i++) {
        relay_up(&t->d[i]);
    }
    data(&t->d[0], t->d[2].id, "hello");
    assert_int_equal(last(t->w, &f)->conn, t->d[2].relay);
    assert_int_equal(f.type, CS_RELAY_DATA);
    assert_memory_equal(f.id, t->d[0].id, 16);
    assert_int_equal(f.body.n, 5);
    assert_memory_equal(f.body.p, "hello", 5);
    fake_trio_free(t);
}

static void an_absent_receiver_is_gone(void **state)
{
    struct fake_trio *t = fake_trio_new();
    struct cs_relay_frame f;
    uint8_t nobody[16] = {9};

    (void)state;
    relay_up(&t->d[0]);
    data(&t->d[0], t->d[1].id, "x");
    assert_int_equal(last(t->w, &f)->conn, t->d[0].relay);
    assert_int_equal(f.type, CS_RELAY_GONE);
    assert_memory_equal(f.id, t->d[1].id, 16);
    data(&t->d[0], nobody, "x");
    assert_int_equal(last(t->w, &f)->conn, t->d[0].relay);
    assert_int_equal(f.type, CS_RELAY_GONE);
    data(&t->d[0], t->d[0].id, "x"); /* not to itself */
    (void)last(t->w, &f);
    assert_int_equal(f.type, CS_RELAY_GONE);
    relay_up(&t->d[1]);
    fake_event(t->w, (struct cs_event){.type = CS_EV_CONN_DOWN, .conn = t->d[1].relay});
    data(&t->d[0], t->d[1].id, "x");
    (void)last(t->w, &f);
    assert_int_equal(f.type, CS_RELAY_GONE);
    fake_trio_free(t);
}

static void disabled_and_unapproved_devices_reach_nobody(void **state)
{
    struct fake_trio *t = fake_trio_new();
    struct fake_device fresh;
    struct cs_relay_frame f;
    char path[128];

    (void)state;
    relay_up(&t->d[0]);
    relay_up(&t->d[1]);
    fake_device_new(t->w, &fresh);
    fake_connect_ok(&fresh);
    relay_up(&fresh); /* may sign in, but is not approved */
    data(&fresh, t->d[0].id, "x");
    assert_int_equal(last(t->w, &f)->conn, fresh.relay);
    assert_int_equal(f.type, CS_RELAY_GONE);
    data(&t->d[0], fresh.id, "x");
    (void)last(t->w, &f);
    assert_int_equal(f.type, CS_RELAY_GONE);
    (void)snprintf(path, sizeof path, "/v2/devices/%s/enabled-status", t->d[1].text);
    fake_ok(t->w, "PUT", path, "{\"enabledStatus\":\"DISABLED\"}");
    data(&t->d[0], t->d[1].id, "x");
    (void)last(t->w, &f);
    assert_int_equal(f.type, CS_RELAY_GONE);
    data(&t->d[1], t->d[0].id, "x");
    assert_int_equal(last(t->w, &f)->conn, t->d[1].relay);
    assert_int_equal(f.type, CS_RELAY_GONE);
    fake_device_free(&fresh);
    fake_trio_free(t);
}

static void a_wrong_sign_in_is_closed(void **state)
{
    struct fake_trio *t = fake_trio_new();
    struct fake_device *d = &t->d[0];
    struct fake_device other = t->d[1];
    struct cs_relay_frame f;
    uint8_t nonce[32];

    (void)state;
    relay_open(d, nonce);
    relay_hello(d, nonce, "control"); /* signed for the other channel */
    assert_true(last(t->w, &f)->close);
    assert_int_equal(last(t->w, &f)->err, CS_ERR_AUTH);
    relay_open(d, nonce);
    nonce[0] ^= 1; /* a replay: another challenge */
    relay_hello(d, nonce, "relay");
    assert_true(last(t->w, &f)->close);
    relay_open(d, nonce);
    other.relay = d->relay;
    memcpy(other.id, d->id, 16); /* device 2's key for device 1's id */
    relay_hello(&other, nonce, "relay");
    assert_true(last(t->w, &f)->close);
    relay_open(d, nonce);
    d->id[0] ^= 1; /* no such device */
    relay_hello(d, nonce, "relay");
    d->id[0] ^= 1;
    assert_true(last(t->w, &f)->close);
    fake_trio_free(t);
}

static void broken_and_oversized_frames_end_the_connection(void **state)
{
    struct fake_trio *t = fake_trio_new();
    struct fake_device *d = &t->d[0];
    struct cs_relay_frame f;
    uint8_t *big = calloc(1, 70000), nonce[32];

    (void)state;
    assert_non_null(big);
    relay_open(d, nonce);
    big[0] = CS_RELAY_DATA;
    fake_message(t->w, d->relay, CS_SPAN(big, 100)); /* before the sign-in */
    assert_true(last(t->w, &f)->close);
    relay_open(d, nonce);
    big[0] = CS_RELAY_HELLO;
    fake_message(t->w, d->relay, CS_SPAN(big, 600));
    assert_true(last(t->w, &f)->close);
    relay_up(d);
    big[0] = CS_RELAY_DATA;
    fake_message(t->w, d->relay, CS_SPAN(big, 65537));
    assert_true(last(t->w, &f)->close);
    assert_int_equal(last(t->w, &f)->err, CS_ERR_PROTOCOL);
    relay_up(d);
    big[0] = CS_RELAY_WELCOME;
    fake_message(t->w, d->relay, CS_SPAN(big, 1));
    assert_true(last(t->w, &f)->close);
    relay_up(d);
    fake_message(t->w, d->relay, CS_SPAN(big, 0));
    assert_true(last(t->w, &f)->close);
    free(big);
    fake_trio_free(t);
}

static void a_device_that_floods_is_limited(void **state)
{
    struct fake_trio *t;
    struct cs_platform_stats before, after;

    (void)state;
    t = fake_trio_new();
    t->w->limits.relay_rate = 10;
    fake_restart(t->w);
    for (int i = 0; i < 3; i++) {
        fake_connect_ok(&t->d[i]);
        relay_up(&t->d[i]);
    }
    cs_platform_core_stats(t->w->core, &before);
    for (int i = 0; i < 30; i++) {
        data(&t->d[0], t->d[1].id, "x");
    }
    cs_platform_core_stats(t->w->core, &after);
    assert_int_equal(after.relay_frames - before.relay_frames, 10);
    assert_int_equal(after.relay_dropped - before.relay_dropped, 20);
    data(&t->d[2], t->d[1].id, "x"); /* the others are not hurt */
    cs_platform_core_stats(t->w->core, &after);
    assert_int_equal(after.relay_frames - before.relay_frames, 11);
    fake_wait(t->w, 500);
    data(&t->d[0], t->d[1].id, "x");
    cs_platform_core_stats(t->w->core, &after);
    assert_int_equal(after.relay_frames - before.relay_frames, 12);
    fake_trio_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rejected_device_gets_no_relay),
        cmocka_unit_test(sign_ins_of_one_address_are_limited),
        cmocka_unit_test(frames_go_to_the_receiver_with_the_senders_id),
        cmocka_unit_test(an_absent_receiver_is_gone),
        cmocka_unit_test(disabled_and_unapproved_devices_reach_nobody),
        cmocka_unit_test(a_wrong_sign_in_is_closed),
        cmocka_unit_test(broken_and_oversized_frames_end_the_connection),
        cmocka_unit_test(a_device_that_floods_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
