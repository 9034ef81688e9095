/* Signing requests: pairs, retries, expiry, and nothing SIGNED that does not verify. */
#include "platform/core/core.h"
#include "support/fake_sign.h"

static void beat(struct fake_trio *t, uint64_t ms)
{
    for (uint64_t left = ms; left > 0; left -= left < 10000 ? left : 10000) {
        fake_wait(t->w, left < 10000 ? left : 10000);
        for (int i = 0; i < 3; i++) {
            fake_status(&t->d[i], "READY");
        }
    }
}

static void a_transfer_is_signed_and_every_field_is_there(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask;
    char hex[1300];

    (void)state;
    fake_tx_new(t, &x, 1500000000);
    assert_string_equal(fake_text(t->w, "status"), "SIGNATURE_PENDING");
    assert_string_equal(fake_text(t->w, "action"), "PALISADE_RAW");
    assert_string_equal(fake_text(t->w, "qty"), "1.5");
    assert_string_equal(fake_text(t->w, "asset.symbol"), "SOL");
    assert_string_equal(fake_text(t->w, "asset.standard"), "NATIVE");
    assert_string_equal(fake_text(t->w, "feeQty"), "0.000005");
    assert_string_equal(fake_text(t->w, "origin.type"), "WALLET");
    assert_string_not_equal(fake_text(t->w, "destinationAddress"), "");
    assert_string_equal(fake_text(t->w, "signingHash"), x.hex);
    assert_string_equal(fake_text(t->w, "encodedTransaction"), x.hex);
    mask = fake_sign_commands(t, &x);
    assert_true(mask == 3 || mask == 5 || mask == 6);
    fake_both_done(t, &x, mask);
    fake_tx_status(t, &x, "SIGNED");
    assert_string_equal(fake_text(t->w, "signature"),
                        fake_text(t->w, "canonicalSignature"));
    /* count 1, signature, message */
    (void)snprintf(hex, sizeof hex, "01%s%s", fake_text(t->w, "signature"), x.hex);
    assert_string_equal(fake_text(t->w, "signedTransaction"), hex);
    assert_string_not_equal(fake_text(t->w, "hash"), "");
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "receipts")), 2);
    fake_tx_end(t, &x);
}

static void the_command_carries_the_payload_and_a_pair(void **state)
{
    struct fake_trio *t = fake_signers();
    const struct cs_ctl_sign *s;
    struct fake_tx x;
    unsigned mask;

    (void)state;
    fake_tx_new(t, &x, 5);
    mask = fake_sign_commands(t, &x);
    s = &t->d[fake_first(mask)].last.u.sign;
    assert_memory_equal(s->key_id, t->key_id, 16);
    assert_int_equal(s->payload.n, x.message.n);
    assert_memory_equal(s->payload.p, x.message.p, x.message.n);
    assert_int_equal(s->signers[0], fake_first(mask) + 1);
    assert_int_equal(s->signers[1], fake_second(mask) + 1);
    assert_true(s->initiator == s->signers[0] || s->initiator == s->signers[1]);
    assert_string_equal(s->kind, "RAW");
    assert_string_equal(s->blockchain, "SOLANA");
    assert_string_equal(s->path, "");
    assert_int_equal(s->attempt, 1);
    assert_int_equal(s->expires_at, (uint64_t)t->w->wall + 300000);
    fake_tx_end(t, &x);
}

static void pairs_take_turns(void **state)
{
    struct fake_trio *t = fake_signers();
    unsigned seen[8] = {0};

    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        struct fake_tx x;

        fake_tx_new(t, &x, i + 1);
        seen[fake_sign_commands(t, &x)]++;
        cs_wr_free(&x.message);
    }
    assert_true(seen[3] >= 2 && seen[5] >= 2 && seen[6] >= 2);
    assert_int_equal(seen[3] + seen[5] + seen[6], 12);
    fake_trio_free(t);
}

/* ---- retries ----------------------------------------------------------- */

static void a_retryable_failure_goes_to_another_pair(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask, again;

    (void)state;
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    fake_failed_send(t, &x, fake_first(mask), "LINK_LOST", 0, true);
    fake_failed_send(t, &x, fake_second(mask), "LINK_LOST", 0,
                     true); /* the same attempt */
    again = fake_sign_commands(t, &x);
    assert_int_not_equal(again, 0);
    assert_int_not_equal(again, mask);
    assert_int_equal(t->d[fake_first(again)].last.u.sign.attempt, 2);
    fake_both_done(t, &x, again);
    fake_tx_status(t, &x, "SIGNED");
    fake_tx_end(t, &x);
}

static void an_attempt_without_answer_goes_to_another_pair(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask, again;

    (void)state;
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    fake_wait(t->w, 14999);
    assert_int_equal(fake_sign_commands(t, &x), 0);
    fake_wait(t->w, 2);
    again = fake_sign_commands(t, &x);
    assert_int_not_equal(again, 0);
    assert_int_not_equal(again, mask);
    fake_tx_end(t, &x);
}

static void a_signer_that_goes_offline_is_replaced(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask;

    (void)state;
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    fake_disconnect(&t->d[fake_first(mask)]);
    assert_int_equal(fake_sign_commands(t, &x), 7U & ~(1U << fake_first(mask)));
    fake_tx_end(t, &x);
}

static void without_two_signers_it_waits_and_says_so(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask;

    (void)state;
    fake_disconnect(&t->d[0]);
    fake_disconnect(&t->d[1]);
    fake_tx_new(t, &x, 7);
    fake_tx_status(t, &x, "SIGNATURE_PENDING");
    assert_non_null(strstr(fake_text(t->w, "reasons.0"), "NOT_ENOUGH_SIGNERS"));
    assert_int_equal(fake_sign_commands(t, &x), 0);
    fake_wait(t->w, 20000);
    fake_tx_status(t, &x, "SIGNATURE_PENDING");
    fake_connect_ok(&t->d[1]);
    mask = fake_sign_commands(t, &x);
    assert_int_equal(mask, 6);
    fake_both_done(t, &x, mask);
    fake_tx_status(t, &x, "SIGNED");
    assert_null(json_object_get(t->w->reply, "reasons"));
    fake_tx_end(t, &x);
}

static void nodes_that_are_not_ready_are_not_asked(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;

    (void)state;
    fake_status(&t->d[2], "DRAINING");
    fake_tx_new(t, &x, 7);
    assert_int_equal(fake_sign_commands(t, &x), 3);
    fake_status(&t->d[2], "LATCHED");
    fake_failed_send(t, &x, 0, "LINK_LOST", 0, true);
    assert_int_equal(fake_sign_commands(t, &x), 3);
    fake_tx_end(t, &x);
}

/* Coming back makes what waits look for signers, but not at each frame. */
static void a_node_that_flaps_does_not_cause_work(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    uint64_t turn;

    (void)state;
    fake_wait(t->w, 1000);
    fake_status(&t->d[1], "DRAINING");
    fake_status(&t->d[2], "DRAINING");
    fake_tx_new(t, &x, 7);
    assert_int_equal(fake_sign_commands(t, &x), 0);
    fake_status(&t->d[0], "DRAINING");
    fake_status(&t->d[0], "READY");
    turn = t->w->core->turn;
    for (int i = 0; i < 50; i++) {
        fake_status(&t->d[0], "DRAINING");
        fake_status(&t->d[0], "READY");
    }
    assert_int_equal(t->w->core->turn, turn);
    fake_status(&t->d[1], "READY"); /* another node is heard at once */
    assert_int_equal(fake_sign_commands(t, &x), 3);
    fake_tx_end(t, &x);
}

static void a_disabled_device_does_not_sign(void **state)
{
    struct fake_trio *t = fake_signers();
    char path[128];
    struct fake_tx x;

    (void)state;
    (void)snprintf(path, sizeof path, "/v2/devices/%s/enabled-status", t->d[1].text);
    fake_ok(t->w, "PUT", path, "{\"enabledStatus\":\"DISABLED\"}");
    fake_tx_new(t, &x, 7);
    assert_int_equal(fake_sign_commands(t, &x), 5);
    fake_tx_end(t, &x);
}

static void switching_the_wallet_off_stops_what_waits(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;

    (void)state;
    fake_tx_new(t, &x, 7);
    (void)fake_sign_commands(t, &x);
    assert_int_equal(fake_settings(t, false, true), 200);
    fake_wait(t->w, 15001); /* the pair does not answer: no other one is asked */
    assert_int_equal(fake_sign_commands(t, &x), 0);
    fake_tx_status(t, &x, "FAILED");
    assert_non_null(strstr(fake_text(t->w, "reasons.0"), "POLICY_REFUSED"));
    fake_tx_end(t, &x);
}

static void a_request_ends_after_its_life(void **state)
{
    struct fake_trio *t = fake_signers();
    struct cs_ctl_frame f;
    struct fake_tx x;
    uint8_t sig[64], other[64];
    char hex[129];
    int signer;

    (void)state;
    fake_tx_new(t, &x, 7);
    signer = fake_first(fake_sign_commands(t, &x));
    fake_group_sign(t, sig, cs_wr_get(&x.message));
    fake_done_make(t, &x, signer, sig, &f);
    beat(t, 299000);
    fake_tx_status(t, &x, "SIGNATURE_PENDING");
    (void)fake_sign_commands(t, &x);
    beat(t, 2000);
    fake_tx_status(t, &x, "FAILED");
    assert_non_null(strstr(fake_text(t->w, "reasons.0"), "REQUEST_EXPIRED"));
    assert_int_equal(fake_sign_commands(t, &x), 0);
    beat(t, 60000);
    assert_int_equal(fake_sign_commands(t, &x), 0);
    /* A signature that exists is shown, but the request stays failed. */
    fake_evt(&t->d[signer], &f);
    fake_tx_status(t, &x, "FAILED");
    assert_non_null(strstr(fake_text(t->w, "reasons.0"), "LATE_SIGNATURE"));
    assert_string_equal(fake_text(t->w, "signature"), cs_hex(hex, sig, 64));
    fake_group_sign(t, other, cs_wr_get(&x.message)); /* a second one is too late */
    memcpy(f.u.sign_done.signatures.p, other, 64);
    fake_receipt(t, signer, &f.u.sign_done);
    fake_evt(&t->d[signer], &f);
    fake_tx_get(t, &x);
    assert_string_equal(fake_text(t->w, "signature"), cs_hex(hex, sig, 64));
    fake_tx_end(t, &x);
}

/* A clock that is set back by a day: attempts and the life still end. */
static void a_clock_that_is_set_back_leaves_nothing_waiting(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    char created[32];
    unsigned mask, again;

    (void)state;
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    (void)snprintf(created, sizeof created, "%s", fake_text(t->w, "createdAt"));
    t->w->wall -= 86400000;
    beat(t, 31000); /* twice the 15 s of an attempt */
    again = fake_sign_commands(t, &x);
    assert_true(again != 0 && again != mask);
    fake_ok(t->w, "POST", "/v2/vaults", "{\"name\":\"later\"}");
    assert_true(strcmp(fake_text(t->w, "createdAt"), created) > 0);
    beat(t, 600000);
    fake_tx_status(t, &x, "FAILED");
    t->w->wall += 86400000; /* it has caught up: its own speed again */
    fake_ok(t->w, "GET", "/v2/vaults", NULL);
    assert_int_equal(t->w->core->wall_ms, t->w->wall);
    fake_tx_end(t, &x);
}

/* An approver needs more time than a signature: the attempt has it (src/wire). */
static void an_attempt_waits_for_the_approvers_of_its_nodes(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask;

    (void)state;
    for (int i = 0; i < 3; i++) {
        t->d[i].approval_ms = i == 0 ? 1000000 : 30000; /* more than is believed */
        fake_disconnect(&t->d[i]);
        fake_connect_ok(&t->d[i]);
        fake_status(&t->d[i], "READY");
    }
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    assert_int_equal(t->d[fake_first(mask)].last.u.sign.approval_ms,
                     (mask & 1U) != 0 ? CS_CTL_APPROVAL_MAX_MS : 30000);
    beat(t, 40000); /* an attempt without one is over after 15 s */
    assert_int_equal(fake_sign_commands(t, &x), 0);
    beat(t, 40000);
    assert_int_not_equal(fake_sign_commands(t, &x), 0);
    fake_tx_end(t, &x);
}

static void steps_of_nodes_are_in_the_timeline_and_bounded(void **state)
{
    struct fake_trio *t = fake_signers();
    struct cs_ctl_frame f = {.kind = CS_EVT_REQUEST_STEP};
    struct fake_tx x;
    char rest[96];

    (void)state;
    fake_tx_new(t, &x, 7);
    memcpy(f.u.request_step.request_id, x.raw_id, 16);
    f.u.request_step.index = 1;
    (void)snprintf(f.u.request_step.step, 32, "JOURNALED");
    (void)snprintf(f.u.request_step.text, 32, "intent is durable");
    fake_evt(&t->d[0], &f);
    fake_evt(&t->d[1], &f); /* for another member: dropped */
    (void)snprintf(rest, sizeof rest, "/%s/timeline", x.id);
    fake_ok(t->w, "GET", fake_tx_path(t, rest), NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "entries")), 3);
    assert_string_equal(fake_text(t->w, "entries.0.step"), "REQUESTED");
    assert_string_equal(fake_text(t->w, "entries.1.step"), "SIGNATURE_PENDING");
    assert_string_equal(fake_text(t->w, "entries.2.step"), "JOURNALED");
    for (int i = 0; i < 200; i++) {
        fake_evt(&t->d[0], &f);
    }
    fake_ok(t->w, "GET", fake_tx_path(t, rest), NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "entries")), 80);
    /* How it went on is still told. */
    fake_both_done(t, &x, fake_sign_commands(t, &x));
    fake_ok(t->w, "GET", fake_tx_path(t, rest), NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "entries")), 81);
    assert_string_equal(fake_text(t->w, "entries.80.step"), "SIGNED");
    fake_tx_end(t, &x);
}

static void trace_add(struct cs_ctl_trace *t, uint32_t before, uint32_t index,
                      const char *step)
{
    t->steps[t->n].before_ms = before;
    t->steps[t->n].index = index;
    (void)snprintf(t->steps[t->n++].step, 24, "%s", step);
}

/* What the signer tells of the attempt; who is not of the pair did nothing in it. */
static void the_course_of_an_attempt_is_in_the_timeline(void **state)
{
    struct fake_trio *t = fake_signers();
    struct cs_ctl_frame f;
    struct fake_tx x;
    uint8_t sig[64];
    char rest[96], offered[32];
    unsigned mask;

    (void)state;
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    (void)snprintf(rest, sizeof rest, "/%s/timeline", x.id);
    fake_ok(t->w, "GET", fake_tx_path(t, rest), NULL);
    (void)snprintf(offered, sizeof offered, "%s", fake_text(t->w, "entries.1.at"));
    beat(t, 1000);
    fake_group_sign(t, sig, cs_wr_get(&x.message));
    fake_done_make(t, &x, fake_first(mask), sig, &f);
    trace_add(&f.u.sign_done.trace, 1000, (uint32_t)fake_first(mask) + 1, "ACCEPTED");
    trace_add(&f.u.sign_done.trace, 600, (uint32_t)fake_first(mask) + 1, "ROUND_1");
    trace_add(&f.u.sign_done.trace, 500, 9, "ROUND_1");
    trace_add(&f.u.sign_done.trace, 400, (uint32_t)fake_second(mask) + 1, "ROUND_1");
    fake_evt(&t->d[fake_first(mask)], &f);
    fake_ok(t->w, "GET", fake_tx_path(t, rest), NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "entries")), 6);
    assert_string_equal(fake_text(t->w, "entries.2.step"), "ACCEPTED");
    assert_string_equal(fake_text(t->w, "entries.2.at"), offered);
    assert_string_equal(fake_text(t->w, "entries.3.step"), "ROUND_1");
    assert_string_equal(fake_text(t->w, "entries.4.text"),
                        "has accepted the request, too: its message is there");
    assert_string_equal(fake_text(t->w, "entries.5.step"), "SIGNED");
    fake_tx_end(t, &x);
}

/* ---- requests ---------------------------------------------------------- */

static void the_wallet_has_to_be_enabled(void **state)
{
    struct fake_trio *t = fake_trio_new();
    struct fake_tx x;

    (void)state;
    fake_provisioned(t);
    fake_tx_payload(t, &x, 7);
    (void)fake_raw_post(t, x.hex, "\"signOnly\":true");
    fake_refused(t->w, 409, "enabled");
    assert_int_equal(fake_settings(t, true, false), 200);
    (void)fake_raw_post(t, x.hex, "\"signOnly\":true");
    fake_refused(t->w, 409, "rawSigningEnabled");
    fake_tx_end(t, &x);
}

static void bad_signing_requests_name_their_field(void **state)
{
    struct fake_trio *t = fake_signers();
    struct cs_wr foreign = {0};
    struct fake_tx x;
    uint8_t key[32];
    char hex[1024];

    (void)state;
    fake_tx_payload(t, &x, 7);
    (void)fake_raw_post(t, x.hex, "\"signOnly\":false");
    fake_refused(t->w, 409, "signOnly");
    (void)fake_raw_post(t, x.hex, "\"x\":1");
    fake_refused(t->w, 400, "signOnly");
    (void)fake_raw_post(t, "0x00", "\"signOnly\":true");
    fake_refused(t->w, 400, "encodedTransaction");
    (void)fake_raw_post(t, "abc", "\"signOnly\":true");
    fake_refused(t->w, 400, "encodedTransaction");
    (void)fake_raw_post(t, "", "\"signOnly\":true");
    fake_refused(t->w, 400, "encodedTransaction");
    x.hex[20] = x.hex[20] == '0' ? '1' : '0'; /* another payer: not the wallet's key */
    (void)fake_raw_post(t, x.hex, "\"signOnly\":true");
    fake_refused(t->w, 400, "encodedTransaction");
    memcpy(key, t->d[0].key->pub.ik, 32);
    fake_solana(&foreign, key, 5);
    (void)fake_raw_post(t, cs_hex(hex, foreign.p, foreign.n), "\"signOnly\":true");
    fake_refused(t->w, 400, "encodedTransaction");
    assert_non_null(strstr(fake_text(t->w, "message"), "CHAIN_SIGNER"));
    assert_int_equal(fake_api(t->w, "POST", fake_tx_path(t, "/sign-plaintext"), "{}"),
                     400);
    fake_refused(t->w, 400, "message");
    fake_ok(t->w, "GET", fake_tx_path(t, ""), NULL); /* none of them left a trace */
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "transactions")), 0);
    cs_wr_free(&foreign);
    fake_tx_end(t, &x);
}

static void a_message_is_signed_with_its_prefix(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x = {{0}, {0}, {0}, {0}};
    const char *hex;
    unsigned mask;

    (void)state;
    fake_ok(t->w, "POST", fake_tx_path(t, "/sign-plaintext"),
            "{\"message\":\"hello\"}");
    fake_tx_id(t, &x);
    assert_string_equal(fake_text(t->w, "action"), "PALISADE_SIGN_PLAINTEXT");
    hex = fake_text(t->w, "encodedTransaction");
    assert_int_equal(cs_unhex_wr(&x.message, hex, strlen(hex)), CS_OK);
    assert_true(x.message.n > 5);
    assert_memory_equal(x.message.p + x.message.n - 5, "hello", 5);
    mask = fake_sign_commands(t, &x);
    assert_string_equal(t->d[fake_first(mask)].last.u.sign.kind, "PLAINTEXT");
    assert_int_equal(t->d[fake_first(mask)].last.u.sign.payload.n, 5);
    fake_both_done(t, &x, mask);
    fake_tx_status(t, &x, "SIGNED");
    assert_string_equal(fake_text(t->w, "signedTransaction"), "");
    fake_tx_end(t, &x);
}

static void a_transaction_as_text_is_refused(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    char body[1400];

    (void)state;
    fake_tx_payload(t, &x, 7);
    (void)snprintf(body, sizeof body, "{\"message\":\"%s\"}", x.hex);
    (void)fake_api(t->w, "POST", fake_tx_path(t, "/sign-plaintext"), body);
    fake_refused(t->w, 400, "message");
    assert_non_null(strstr(fake_text(t->w, "message"), "CHAIN_MESSAGE"));
    fake_tx_end(t, &x);
}

static void an_external_id_stands_for_one_payload(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x, y;
    char first[37];

    (void)state;
    fake_tx_payload(t, &x, 7);
    fake_tx_payload(t, &y, 8);
    assert_int_equal(
        fake_raw_post(t, x.hex, "\"signOnly\":true,\"externalId\":\"pay-1\""), 200);
    (void)snprintf(first, sizeof first, "%s", fake_text(t->w, "id"));
    assert_int_equal(
        fake_raw_post(t, x.hex, "\"signOnly\":true,\"externalId\":\"pay-1\""), 200);
    assert_string_equal(fake_text(t->w, "id"), first);
    (void)fake_raw_post(t, y.hex, "\"signOnly\":true,\"externalId\":\"pay-1\"");
    fake_refused(t->w, 409, "externalId");
    cs_wr_free(&y.message);
    fake_tx_end(t, &x);
}

static void transactions_page_in_order(void **state)
{
    struct fake_trio *t = fake_signers();
    char rest[96];
    unsigned seen = 0;

    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        struct fake_tx x;

        fake_tx_new(t, &x, i + 1);
        cs_wr_free(&x.message);
    }
    (void)snprintf(rest, sizeof rest, "?pageSize=3");
    for (int page = 0; page < 3; page++) {
        fake_ok(t->w, "GET", fake_tx_path(t, rest), NULL);
        assert_int_equal(json_integer_value(json_object_get(
                             json_object_get(t->w->reply, "filter"), "total")),
                         7);
        seen += (unsigned)json_array_size(json_object_get(t->w->reply, "transactions"));
        (void)snprintf(rest, sizeof rest, "?pageSize=3&pageToken=%s",
                       fake_text(t->w, "filter.nextPageToken"));
    }
    assert_int_equal(seen, 7);
    assert_string_equal(fake_text(t->w, "filter.nextPageToken"), "");
    assert_int_equal(fake_api(t->w, "GET", fake_tx_path(t, "?pageSize=0"), NULL), 400);
    fake_refused(t->w, 400, "pageSize");
    (void)fake_api(t->w, "GET", fake_tx_path(t, "?pageToken=zz"), NULL);
    fake_refused(t->w, 400, "pageToken");
    fake_trio_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transfer_is_signed_and_every_field_is_there),
        cmocka_unit_test(the_command_carries_the_payload_and_a_pair),
        cmocka_unit_test(pairs_take_turns),
        cmocka_unit_test(a_retryable_failure_goes_to_another_pair),
        cmocka_unit_test(an_attempt_without_answer_goes_to_another_pair),
        cmocka_unit_test(a_signer_that_goes_offline_is_replaced),
        cmocka_unit_test(without_two_signers_it_waits_and_says_so),
        cmocka_unit_test(nodes_that_are_not_ready_are_not_asked),
        cmocka_unit_test(a_node_that_flaps_does_not_cause_work),
        cmocka_unit_test(a_disabled_device_does_not_sign),
        cmocka_unit_test(switching_the_wallet_off_stops_what_waits),
        cmocka_unit_test(a_request_ends_after_its_life),
        cmocka_unit_test(a_clock_that_is_set_back_leaves_nothing_waiting),
        cmocka_unit_test(an_attempt_waits_for_the_approvers_of_its_nodes),
        cmocka_unit_test(steps_of_nodes_are_in_the_timeline_and_bounded),
        cmocka_unit_test(the_course_of_an_attempt_is_in_the_timeline),
        cmocka_unit_test(the_wallet_has_to_be_enabled),
        cmocka_unit_test(bad_signing_requests_name_their_field),
        cmocka_unit_test(a_message_is_signed_with_its_prefix),
        cmocka_unit_test(a_transaction_as_text_is_refused),
        cmocka_unit_test(an_external_id_stands_for_one_payload),
        cmocka_unit_test(transactions_page_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
