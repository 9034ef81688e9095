/* What requests of many items or long payloads may cost the platform: a credential that
 * asks for too much is slowed, and no page is longer than its share. */
#include "crypto/ripemd.h"
#include "platform/core/api.h"
#include "support/fake_many.h"
#include "support/utxo_made.h"

static struct fake_trio *bitcoin(void)
{
    return fake_signers_of("\"blockchain\":\"BITCOIN\"");
}

static int post_psbt(struct fake_trio *t, size_t n)
{
    struct cs_chain_key key;
    struct cs_scalar x;
    struct cs_wr psbt;
    int status;

    fake_chain_key(t, "BITCOIN", "", &key, &x);
    key.format = CS_CHAIN_FORMAT_P2WPKH;
    made_psbt(
        &psbt, &key,
        (struct made){.n_ins = n, .outs = {{n * 100000 - 1000, PAY}}, .n_outs = 1});
    status = fake_many_post(t, "/raw", cs_wr_get(&psbt), "");
    cs_wr_free(&psbt);
    return status;
}

static size_t shown(struct fake_trio *t)
{
    return json_array_size(json_object_get(t->w->reply, "transactions"));
}

static void a_page_ends_early_when_its_requests_are_large(void **state)
{
    struct fake_trio *t = bitcoin();
    char rest[96];

    (void)state;
    for (int i = 0; i < 40; i++) {
        assert_int_equal(post_psbt(t, 8), 200);
    }
    fake_ok(t->w, "GET", fake_tx_path(t, ""), NULL);
    assert_int_equal(shown(t), 32); /* 256 signatures */
    (void)snprintf(rest, sizeof rest, "?pageToken=%s",
                   fake_text(t->w, "filter.nextPageToken"));
    fake_ok(t->w, "GET", fake_tx_path(t, rest), NULL);
    assert_int_equal(shown(t), 8);
    assert_string_equal(fake_text(t->w, "filter.nextPageToken"), "");
    fake_trio_free(t);
}

/* A rate of 30 signatures a second: 60 at once. */
static void a_credential_that_asks_for_too_many_signatures_is_slowed(void **state)
{
    struct fake_trio *t = bitcoin();
    char token[80], id[40], secret[80], rest[64];

    (void)state;
    t->w->core->cfg.limits.work_rate = 30;
    assert_int_equal(post_psbt(t, 50), 200);
    (void)snprintf(rest, sizeof rest, "/%s", fake_text(t->w, "id"));
    assert_int_equal(fake_api(t->w, "GET", fake_tx_path(t, rest), NULL), 429);
    assert_int_equal(post_psbt(t, 20), 429);
    fake_ok(t->w, "GET", fake_tx_path(t, ""), NULL);
    assert_int_equal(shown(t), 1); /* the refused one was not made */
    (void)snprintf(token, sizeof token, "%s", t->w->token);
    assert_int_equal(fake_credential_new(t->w, "\"*\"", ""), 200); /* each its own */
    (void)snprintf(id, sizeof id, "%s", fake_text(t->w, "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(t->w, "clientSecret"));
    fake_login(t->w, id, secret);
    fake_ok(t->w, "GET", fake_tx_path(t, rest), NULL);
    (void)snprintf(t->w->token, sizeof t->w->token, "%s", token);
    fake_wait(t->w, 2000);
    fake_ok(t->w, "GET", fake_tx_path(t, rest), NULL);
    fake_trio_free(t);
}

/* What a list has room for is shown, the rest comes with the next page. */
static void a_list_shows_what_there_is_room_for(void **state)
{
    struct fake_trio *t = bitcoin();
    char rest[96];

    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(post_psbt(t, 4), 200);
    }
    t->w->core->cfg.limits.work_rate = 5;
    fake_ok(t->w, "GET", fake_tx_path(t, ""), NULL); /* 10 signatures */
    assert_int_equal(shown(t), 2);
    (void)snprintf(rest, sizeof rest, "?pageToken=%s",
                   fake_text(t->w, "filter.nextPageToken"));
    assert_int_equal(fake_api(t->w, "GET", fake_tx_path(t, rest), NULL), 429);
    fake_wait(t->w, 2000);
    fake_ok(t->w, "GET", fake_tx_path(t, rest), NULL);
    assert_int_equal(shown(t), 2);
    fake_wait(t->w, 2000);
    (void)snprintf(rest, sizeof rest, "?pageToken=%s",
                   fake_text(t->w, "filter.nextPageToken"));
    fake_ok(t->w, "GET", fake_tx_path(t, rest), NULL);
    assert_int_equal(shown(t), 1);
    assert_string_equal(fake_text(t->w, "filter.nextPageToken"), "");
    fake_trio_free(t);
}

/* Long payloads count, too, and those of the first version. */
static void the_cost_follows_from_items_and_length(void **state)
{
    json_t *rec = json_pack("{s:s,s:{s:i}}", "_kind", "DIGEST", "_sign", "items", 512);
    char *hex = calloc(1, 4 * 8192 + 1);

    (void)state;
    assert_non_null(rec);
    assert_non_null(hex);
    assert_int_equal(cs_tx_cost(rec, false), 512);
    assert_int_equal(cs_tx_cost(rec, true), 1);
    memset(hex, '0', 4 * 8192);
    assert_int_equal(json_object_set_new(rec, "_payload", json_string(hex)), 0);
    assert_int_equal(cs_tx_cost(rec, false), 516);
    assert_int_equal(cs_tx_cost(rec, true), 5);
    assert_int_equal(json_object_del(rec, "_sign"), 0);
    assert_int_equal(cs_tx_cost(rec, false), 5);
    free(hex);
    json_decref(rec);
}

/* A payment of the own XRP Ledger account with a memo of n bytes (12481 or more). */
static void xrp_memo(struct fake_trio *t, struct cs_wr *w, size_t n)
{
    uint8_t ledger[33] = {0xed}, account[20];
    size_t more = n - 12481;

    fake_own_key(t, ledger + 1);
    cs_hash160(account, CS_SPAN_OF(ledger));
    made_hex(w,
             "12000022000000002402d04810201b070f3d9361400000019ed2b6af6840000000000008"
             "247321");
    cs_wr_bytes(w, ledger, sizeof ledger);
    made_hex(w, "8114");
    cs_wr_bytes(w, account, sizeof account);
    made_hex(w, "831453f097fcfab9ea416562a0573688709c17f890fbf9ea7d");
    cs_wr_u8(w, (uint8_t)(241 + (more >> 16)));
    cs_wr_u8(w, (uint8_t)(more >> 8));
    cs_wr_u8(w, (uint8_t)more);
    for (size_t i = 0; i < n; i++) {
        cs_wr_u8(w, 'm');
    }
    made_hex(w, "e1f1");
    assert_int_equal(w->err, CS_OK);
}

/* An answer that is too long to be kept does not make a repeat a second request. */
static void a_repeat_of_the_longest_request_makes_nothing_new(void **state)
{
    struct fake_trio *t = fake_signers_of(
        "\"blockchain\":\"XRP_LEDGER\",\"keyAlgorithm\":\"ED25519\"");
    struct cs_wr tx = {0};
    struct fake_http h = {.method = "POST", .authorization = t->w->token, .key = "k"};
    char path[256];

    (void)state;
    xrp_memo(t, &tx, 180000);
    (void)snprintf(path, sizeof path, "%s", fake_tx_path(t, "/raw"));
    h.path = path;
    h.body = fake_payload_body("/raw", cs_wr_get(&tx), "");
    assert_int_equal(fake_http(t->w, h), 200);
    assert_true(strlen(t->w->reply_text) > 900 << 10);
    (void)fake_http(t->w, h);
    fake_refused(t->w, 409, "Idempotency-Key");
    fake_ok(t->w, "GET", fake_tx_path(t, ""), NULL);
    assert_int_equal(shown(t), 1);
    cs_wr_free(&tx);
    fake_trio_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_ends_early_when_its_requests_are_large),
        cmocka_unit_test(a_credential_that_asks_for_too_many_signatures_is_slowed),
        cmocka_unit_test(a_list_shows_what_there_is_room_for),
        cmocka_unit_test(the_cost_follows_from_items_and_length),
        cmocka_unit_test(a_repeat_of_the_longest_request_makes_nothing_new),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
