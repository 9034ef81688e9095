/* What a crash leaves, the outbox and the inbox, and a store that fails. */
#include "platform/core/rec.h"
#include "support/fake_sign.h"

static char client[40], secret[80];

/* fake_trio_new with the owner's credential kept for later logins. */
static struct fake_trio *begin(void)
{
    struct fake_trio *t = calloc(1, sizeof *t);

    assert_non_null(t);
    t->w = fake_platform_new();
    fake_setup(t->w, client, secret);
    for (int i = 0; i < 3; i++) {
        fake_device_new(t->w, &t->d[i]);
        fake_connect_ok(&t->d[i]);
        fake_approve(&t->d[i]);
    }
    return t;
}

static void reboot(struct fake_trio *t)
{
    fake_restart(t->w);
    fake_login(t->w, client, secret);
}

static void commands_wait_for_a_device_and_survive_a_restart(void **state)
{
    struct fake_trio *t = begin();

    (void)state;
    for (int i = 0; i < 3; i++) {
        fake_disconnect(&t->d[i]);
    }
    assert_int_equal(fake_quorum_post(t, "Treasury"), 200);
    reboot(t);
    for (int i = 0; i < 3; i++) {
        fake_connect_ok(&t->d[i]);
        assert_true(fake_next(&t->d[i])); /* seen, but not acknowledged */
        assert_int_equal(t->d[i].last.kind, CS_CMD_QUORUM_JOIN);
    }
    reboot(t);
    for (int i = 0; i < 3; i++) {
        fake_connect_ok(&t->d[i]);
        assert_true(fake_cmd(&t->d[i], CS_CMD_QUORUM_JOIN)); /* again, same id */
    }
    fake_wait(t->w, CS_PC_LATE_MS);
    reboot(t);
    for (int i = 0; i < 3; i++) {
        fake_connect_ok(&t->d[i]);
        assert_false(fake_next(&t->d[i])); /* acknowledged: gone */
    }
    fake_trio_free(t);
}

/* An ack is not worth a sync of the disk, so a crash right after it sends the command
 * once more.  A new connection does not. */
static void an_ack_is_stored_with_the_next_write_or_soon(void **state)
{
    struct fake_trio *t = begin();
    uint64_t seq;

    (void)state;
    assert_int_equal(fake_quorum_post(t, "Treasury"), 200);
    fake_wait(t->w, 1);
    seq = t->w->runner.last_seq;
    assert_true(fake_cmd(&t->d[0], CS_CMD_QUORUM_JOIN));
    assert_int_equal(t->w->runner.last_seq, seq);
    assert_int_equal(t->w->core->n_late, 1);
    fake_ack(&t->d[0], t->d[0].last.id); /* a repeat */
    assert_int_equal(t->w->core->n_late, 1);
    fake_connect_ok(&t->d[0]);
    assert_int_equal(t->w->core->n_late, 0);
    assert_false(fake_next(&t->d[0]));

    assert_true(fake_cmd(&t->d[1], CS_CMD_QUORUM_JOIN));
    reboot(t);
    fake_connect_ok(&t->d[1]);
    assert_true(fake_cmd(&t->d[1], CS_CMD_QUORUM_JOIN)); /* once more */
    fake_connect_ok(&t->d[2]);
    assert_true(fake_cmd(&t->d[2], CS_CMD_QUORUM_JOIN));
    assert_int_equal(t->w->core->n_late, 1);
    fake_ok(t->w, "POST", "/v2/vaults",
            "{\"name\":\"v\"}"); /* a write takes it along */
    assert_int_equal(t->w->core->n_late, 0);
    reboot(t);
    for (int i = 0; i < 3; i++) {
        fake_connect_ok(&t->d[i]);
        assert_false(fake_next(&t->d[i]));
    }
    fake_trio_free(t);
}

/* A record as the first version wrote it. */
static void make_old(struct fake_trio *t, const struct fake_tx *x)
{
    json_t *rec = cs_pc_get(t->w->core, CS_PC_TX, x->raw_id), *sign;

    assert_non_null(rec);
    sign = json_object_get(rec, "_sign");
    cs_js_str(rec, "signature", cs_js_text(rec, "_signatures"));
    cs_js_del(rec, "_signatures");
    cs_js_del(rec, "_scheme");
    cs_js_del(rec, "_path");
    cs_js_del(sign, "items");
    cs_pc_put(t->w->core, CS_PC_TX, x->raw_id, rec);
    json_decref(rec);
    fake_ok(t->w, "POST", "/v2/vaults", "{\"name\":\"stores it\"}");
}

static void a_signature_of_the_first_version_is_still_shown(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask;
    char before[2048];

    (void)state;
    fake_tx_payload(t, &x, 7);
    assert_int_equal(fake_raw_post(t, x.hex, "\"signOnly\":true,\"externalId\":\"e\""),
                     200);
    fake_tx_id(t, &x);
    mask = fake_sign_commands(t, &x);
    fake_both_done(t, &x, mask);
    fake_tx_status(t, &x, "SIGNED");
    (void)snprintf(before, sizeof before, "%s", fake_text(t->w, "signedTransaction"));
    make_old(t, &x);
    fake_tx_status(t, &x, "SIGNED");
    assert_string_equal(fake_text(t->w, "signedTransaction"), before);
    assert_int_equal(strlen(fake_text(t->w, "signature")), 128);
    assert_int_equal(fake_raw_post(t, x.hex, "\"signOnly\":true,\"externalId\":\"e\""),
                     200);
    assert_string_equal(fake_text(t->w, "id"), x.id);
    fake_tx_end(t, &x);
}

static void an_ack_of_a_strange_id_changes_nothing(void **state)
{
    struct fake_trio *t = begin();
    char id[40];

    (void)state;
    assert_int_equal(fake_quorum_post(t, "Treasury"), 200);
    while (fake_next(&t->d[0]) && t->d[0].last.type != CS_CTL_CMD) {
    }
    (void)snprintf(id, sizeof id, "%s", t->d[0].last.id);
    fake_ack(&t->d[0], "not an id");
    fake_ack(&t->d[0], "00000000-0000-4000-8000-000000000001");
    id[0] = id[0] == 'a' ? 'b' : 'a'; /* same number, another id */
    fake_ack(&t->d[0], id);
    fake_disconnect(&t->d[0]);
    fake_connect_ok(&t->d[0]);
    assert_true(fake_cmd(&t->d[0], CS_CMD_QUORUM_JOIN));
    fake_trio_free(t);
}

static void at_most_256_commands_are_in_flight_and_all_come_in_order(void **state)
{
    struct fake_trio *t = begin();
    int got = 0;

    (void)state;
    for (int i = 0; i < 300; i++) {
        assert_int_equal(fake_quorum_post(t, "Q"), 200);
    }
    while (fake_next(&t->d[0])) {
        got += t->d[0].last.type == CS_CTL_CMD ? 1 : 0;
    }
    assert_int_equal(got, 256);
    fake_clear_sent(t->w);
    t->d[0].seen = 0;
    fake_disconnect(&t->d[0]);
    fake_connect_ok(&t->d[0]);
    for (got = 0; fake_cmd(&t->d[0], CS_CMD_QUORUM_JOIN); got++) {
    }
    assert_int_equal(got, 300);
    fake_trio_free(t);
}

static size_t count_steps(struct fake_trio *t, const struct fake_tx *x)
{
    const json_t *list;
    char rest[96];
    size_t n = 0;

    (void)snprintf(rest, sizeof rest, "/%s/timeline", x->id);
    fake_ok(t->w, "GET", fake_tx_path(t, rest), NULL);
    list = json_object_get(t->w->reply, "entries");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *e = json_array_get(list, i);

        n += strcmp(json_string_value(json_object_get(e, "step")), "STEP") == 0 ? 1 : 0;
    }
    return n;
}

static void a_repeated_event_is_acknowledged_and_done_once(void **state)
{
    struct fake_trio *t = begin();
    struct cs_ctl_frame f = {.kind = CS_EVT_REQUEST_STEP};
    struct fake_tx x;

    (void)state;
    fake_provisioned(t);
    assert_int_equal(fake_settings(t, true, true), 200);
    fake_tx_new(t, &x, 7);
    memcpy(f.u.request_step.request_id, x.raw_id, 16);
    f.u.request_step.index = 1;
    (void)snprintf(f.u.request_step.step, 32, "STEP");
    fake_evt(&t->d[0], &f);
    t->d[0].evt--;
    fake_evt(&t->d[0], &f); /* the same id again */
    reboot(t);
    fake_connect_ok(&t->d[0]); /* same boot: still known */
    t->d[0].evt--;
    fake_evt(&t->d[0], &f);
    while (fake_next(&t->d[0]) && t->d[0].last.type != CS_CTL_ACK) {
    }
    assert_int_equal(t->d[0].last.type, CS_CTL_ACK);
    assert_int_equal(count_steps(t, &x), 1);
    /* Another boot numbers anew: its events are heard. */
    fake_random(t->w, t->d[0].boot, 32);
    fake_connect_ok(&t->d[0]);
    t->d[0].evt = 0;
    fake_evt(&t->d[0], &f);
    assert_int_equal(count_steps(t, &x), 2);
    cs_wr_free(&x.message);
    fake_trio_free(t);
}

/* Restarts the platform; the devices come back and keep their last command. */
static void again(struct fake_trio *t)
{
    reboot(t);
    for (int k = 0; k < 3; k++) {
        struct cs_ctl_frame keep = t->d[k].last;

        memset(&t->d[k].last, 0, sizeof t->d[k].last);
        fake_connect_ok(&t->d[k]);
        fake_last_free(&t->d[k]);
        t->d[k].last = keep;
    }
}

static void join_over_restarts(struct fake_trio *t)
{
    fake_quorum_new(t);
    for (int i = 0; i < 3; i++) {
        again(t);
        fake_accept(t, i);
    }
    for (int i = 0; i < 3; i++) {
        again(t);
        fake_reveal(t, i);
    }
    for (int i = 0; i < 3; i++) {
        again(t);
        fake_confirm(t, i, CS_EVT_QUORUM_CONFIRMED);
    }
    again(t);
    fake_quorum_state(t, "QUORUM_STATE_CONFIRMED");
}

static void make_key_over_restarts(struct fake_trio *t)
{
    static const uint8_t pairs[3][2] = {{1, 2}, {1, 3}, {2, 3}};
    struct cs_ctl_frame f;

    fake_wallet_new(t);
    again(t);
    fake_key_commands(t);
    fake_make_cert(t);
    for (int i = 0; i < 3; i++) {
        again(t);
        fake_active_make(t, i, &f);
        fake_evt(&t->d[i], &f);
    }
    for (int i = 0; i < 3; i++) {
        again(t);
        fake_wallet_status(t, "PROVISIONING");
        fake_checked_make(t, pairs[i][0], pairs[i][1], &f);
        fake_evt(&t->d[pairs[i][0] - 1], &f);
    }
    again(t);
    fake_wallet_status(t, "PROVISIONED");
}

/* The whole walk with a restart of the platform before every step. */
static void the_walk_goes_on_over_restarts(void **state)
{
    struct fake_trio *t = begin();
    struct cs_ctl_frame f;
    struct fake_tx x;
    uint8_t sig[64];
    unsigned mask;

    (void)state;
    join_over_restarts(t);
    make_key_over_restarts(t);
    assert_int_equal(fake_settings(t, true, true), 200);
    fake_tx_new(t, &x, 7);
    reboot(t);
    for (int i = 0; i < 3; i++) {
        fake_connect_ok(&t->d[i]);
    }
    mask = fake_sign_commands(t, &x);
    assert_true(mask == 3 || mask == 5 || mask == 6);
    assert_int_equal(t->d[fake_first(mask)].last.u.sign.attempt, 1); /* not given up */
    fake_group_sign(t, sig, cs_wr_get(&x.message));
    fake_done_make(t, &x, fake_first(mask), sig, &f);
    fake_evt(&t->d[fake_first(mask)], &f);
    again(t);
    fake_tx_status(t, &x, "SIGNED");
    cs_wr_free(&x.message);
    fake_trio_free(t);
}

static void deadlines_survive_a_restart(void **state)
{
    struct fake_trio *t = begin();

    (void)state;
    fake_quorum_new(t);
    reboot(t);
    t->w->wall += 3600001; /* the time passed while it was down */
    fake_wait(t->w, 1);
    fake_quorum_state(t, "QUORUM_STATE_FAILED");
    assert_non_null(strstr(fake_text(t->w, "reasons.0"), "REQUEST_EXPIRED"));
    fake_trio_free(t);
}

static void stale_sign_commands_are_not_sent(void **state)
{
    struct fake_trio *t = begin();
    struct fake_tx x;
    unsigned mask = 0;
    int i;

    (void)state;
    fake_provisioned(t);
    assert_int_equal(fake_settings(t, true, true), 200);
    for (i = 0; i < 3; i++) {
        fake_status(&t->d[i], "READY");
    }
    fake_tx_new(t, &x, 7);
    reboot(t); /* nobody took the command, nobody connects: the attempt passes */
    fake_wait(t->w, 60000);
    fake_tx_status(t, &x, "SIGNATURE_PENDING");
    assert_non_null(strstr(fake_text(t->w, "reasons.0"), "NOT_ENOUGH_SIGNERS"));
    for (i = 0; i < 3; i++) {
        fake_connect_ok(&t->d[i]);
    }
    for (i = 0; i < 3; i++) {
        while (fake_next(&t->d[i])) {
            if (t->d[i].last.kind == CS_CMD_SIGN) {
                assert_true(t->d[i].last.u.sign.attempt > 1);
                mask |= 1U << i;
            }
        }
    }
    assert_true(mask == 3 || mask == 5 || mask == 6);
    cs_wr_free(&x.message);
    fake_trio_free(t);
}

/* ---- a store that fails ------------------------------------------------ */

static void a_failed_commit_ends_the_program_and_nothing_was_promised(void **state)
{
    struct fake_trio *t = begin();
    const struct cs_http_req req = {.id = ++t->w->http_id,
                                    .method = "POST",
                                    .path = "/v2/vaults",
                                    .query = "",
                                    .authorization = t->w->token,
                                    .content_type = "application/json",
                                    .idempotency_key = "",
                                    .origin = "",
                                    .cookie = "",
                                    .csrf_token = "",
                                    .fetch_site = "",
                                    .if_none_match = "",
                                    .remote = "192.0.2.1",
                                    .body = CS_SPAN_LIT("{\"name\":\"a\"}")};
    struct cs_event ev = {.type = CS_EV_HTTP, .http = &req};

    (void)state;
    fake_clear_reply(t->w);
    cs_kv_mem_fail_commit(t->w->kv, 1, CS_ERR_STORE_IO);
    fake_event(t->w, ev);
    assert_int_equal(t->w->status, 0); /* no answer: it was not stored */
    assert_true(t->w->exited);
    assert_int_equal(t->w->exit_err, CS_ERR_STORE_IO);
    cs_kv_mem_heal(t->w->kv);
    reboot(t);
    fake_ok(t->w, "GET", "/v2/vaults", NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "vaults")), 0);
    fake_trio_free(t);
}

static void a_pairing_that_was_not_stored_is_not_welcomed(void **state)
{
    struct fake_trio *t = begin();
    struct fake_device d;
    struct cs_ctl_frame f;
    uint8_t nonce[32];

    (void)state;
    fake_device_new(t->w, &d);
    fake_open(&d, nonce);
    fake_hello_make(&d, &f, nonce);
    cs_kv_mem_fail_commit(t->w->kv, 1, CS_ERR_STORE_FULL);
    fake_send(&d, &f);
    assert_false(fake_next(&d)); /* no welcome */
    assert_true(t->w->exited);
    assert_int_equal(t->w->exit_err, CS_ERR_STORE_FULL);
    cs_kv_mem_heal(t->w->kv);
    reboot(t);
    fake_connect_ok(&d); /* the key is still good */
    fake_device_free(&d);
    fake_trio_free(t);
}

static void stopping_closes_all_and_exits(void **state)
{
    struct fake_trio *t = begin();
    size_t closed = 0;

    (void)state;
    fake_clear_sent(t->w);
    fake_event(t->w, (struct cs_event){.type = CS_EV_STOP});
    for (size_t i = 0; i < t->w->n_sent; i++) {
        closed += t->w->sent[i].close ? 1 : 0;
    }
    assert_int_equal(closed, 3);
    assert_true(t->w->exited);
    assert_int_equal(t->w->exit_err, CS_OK);
    assert_int_equal(fake_api(t->w, "GET", "/v2/vaults", NULL), 503);
    fake_trio_free(t);
}

static void a_newer_or_damaged_store_is_refused(void **state)
{
    static const struct {
        const char *head;
        enum cs_err err;
    } heads[] = {{"{\"schema\":99,\"organizationId\":\"x\"}", CS_ERR_STORE_VERSION},
                 {"nonsense", CS_ERR_STORE_CORRUPT}};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(heads); i++) {
        struct fake_platform *w = fake_platform_new();
        struct cs_platform_config cfg = {.kv = w->kv,
                                         .random = fake_random,
                                         .random_ctx = w,
                                         .platform_url = "wss://h/control",
                                         .relay_url = "wss://h/relay",
                                         .ca_der = CS_SPAN_LIT("x")};
        struct cs_kv_batch *b = cs_kv_batch_new();
        struct cs_platform_core *core;
        char message[256];

        assert_int_equal(cs_kv_batch_put(b, 0x20, CS_SPAN_LIT("head"),
                                         CS_SPAN(heads[i].head, strlen(heads[i].head))),
                         CS_OK);
        assert_int_equal(w->kv->ops->commit(w->kv, b), CS_OK);
        cs_kv_batch_free(b);
        assert_int_equal(cs_platform_core_new(&core, &cfg, message, sizeof message),
                         heads[i].err);
        assert_null(core);
        assert_true(strlen(message) > 10);
        fake_platform_free(w);
    }
}

static void a_bad_configuration_is_refused_with_a_sentence(void **state)
{
    struct fake_platform *w = fake_platform_new();
    const struct cs_platform_config good = {.kv = w->kv,
                                            .random = fake_random,
                                            .random_ctx = w,
                                            .platform_url = "wss://h/control",
                                            .relay_url = "wss://h/relay",
                                            .ca_der = CS_SPAN_LIT("x")};
    struct cs_platform_core *core;
    char message[256];

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct cs_platform_config cfg = good;

        cfg.kv = i == 0 ? NULL : cfg.kv;
        cfg.random = i == 1 ? NULL : cfg.random;
        cfg.platform_url = i == 2 ? "http://h" : cfg.platform_url;
        cfg.relay_url = i == 3 ? NULL : cfg.relay_url;
        cfg.ca_der = i == 4 ? CS_SPAN(NULL, 0) : cfg.ca_der;
        cfg.relay_url = i == 5 ? "wss://h/\"" : cfg.relay_url;
        message[0] = '\0';
        assert_int_equal(cs_platform_core_new(&core, &cfg, message, sizeof message),
                         CS_ERR_CONFIG);
        assert_true(strlen(message) > 10);
    }
    assert_int_equal(cs_platform_core_new(&core, &good, NULL, 0), CS_OK);
    cs_platform_core_free(core);
    fake_platform_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_wait_for_a_device_and_survive_a_restart),
        cmocka_unit_test(an_ack_is_stored_with_the_next_write_or_soon),
        cmocka_unit_test(a_signature_of_the_first_version_is_still_shown),
        cmocka_unit_test(an_ack_of_a_strange_id_changes_nothing),
        cmocka_unit_test(at_most_256_commands_are_in_flight_and_all_come_in_order),
        cmocka_unit_test(a_repeated_event_is_acknowledged_and_done_once),
        cmocka_unit_test(the_walk_goes_on_over_restarts),
        cmocka_unit_test(deadlines_survive_a_restart),
        cmocka_unit_test(stale_sign_commands_are_not_sent),
        cmocka_unit_test(a_failed_commit_ends_the_program_and_nothing_was_promised),
        cmocka_unit_test(a_pairing_that_was_not_stored_is_not_welcomed),
        cmocka_unit_test(stopping_closes_all_and_exits),
        cmocka_unit_test(a_newer_or_damaged_store_is_refused),
        cmocka_unit_test(a_bad_configuration_is_refused_with_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
