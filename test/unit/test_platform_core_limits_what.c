/* Limits of wallets: which assets, payloads, payees and people they are about. */
#include "crypto/ripemd.h"
#include "platform/core/api.h"
#include "support/fake_limits.h"
#include "support/fake_many.h"
#include "support/utxo_made.h"

#define TO    "4242424242424242424242424242424242424242"
#define TOKEN "dac17f958d2ee523a2206206994597c13d831ec7"
#define TYPED                                                                          \
    "{\\\"types\\\":{\\\"EIP712Domain\\\":[{\\\"name\\\":\\\"name\\\",\\\"type\\\":"   \
    "\\\"string\\\"}],\\\"Mail\\\":[{\\\"name\\\":\\\"text\\\",\\\"type\\\":"          \
    "\\\"string\\\"}]},\\\"primaryType\\\":\\\"Mail\\\",\\\"domain\\\":{\\\"name\\\":" \
    "\\\"x\\\"},\\\"message\\\":{\\\"text\\\":\\\"hello\\\"}}"

/* ---- EVM payloads ---------------------------------------------------------------- */

static void rlp_head(struct cs_wr *w, uint8_t base, size_t n)
{
    if (n < 56) {
        cs_wr_u8(w, (uint8_t)(base + n));
    } else {
        cs_wr_u8(w, (uint8_t)(base + 55 + 1));
        cs_wr_u8(w, (uint8_t)n);
    }
}

static void rlp_hex(struct cs_wr *w, const char *hex)
{
    uint8_t b[256];
    size_t n = strlen(hex) / 2;

    assert_true(n < sizeof b);
    assert_int_equal(cs_unhex(b, n, hex), CS_OK);
    if (n != 1 || b[0] >= 0x80) {
        rlp_head(w, 0x80, n);
    }
    cs_wr_bytes(w, b, n);
}

/* EIP-1559 with chain id, nonce 1, tips, gas 0x5208. */
static int evm_post(struct fake_trio *t, const char *to, const char *value,
                    const char *data)
{
    const char *const parts[] = {"01", "01", "01", "02", "5208", to, value, data};
    struct cs_wr list = {0}, tx = {0};
    int status;

    for (size_t i = 0; i < CS_COUNTOF(parts); i++) {
        rlp_hex(&list, parts[i]);
    }
    cs_wr_u8(&list, 0xc0);
    cs_wr_u8(&tx, 2);
    rlp_head(&tx, 0xc0, list.n);
    cs_wr_span(&tx, cs_wr_get(&list));
    status = fake_many_post(t, "/raw", cs_wr_get(&tx), "");
    cs_wr_free(&list);
    cs_wr_free(&tx);
    return status;
}

static const char *token_call(const char *selector, unsigned units)
{
    static char data[160];

    (void)snprintf(data, sizeof data, "%s%024d%s%064x", selector, 0, TO, units);
    return data;
}

static struct fake_trio *ethereum(void)
{
    return fake_signers_of("\"blockchain\":\"ETHEREUM\"");
}

static void eth_limit(struct fake_trio *t, const char *qty, const char *more)
{
    char body[512], id[40];

    (void)snprintf(
        body, sizeof body,
        "{\"limitType\":\"PER_TX\",\"symbol\":\"ETH\",\"limitQty\":\"%s\"%s}", qty,
        more);
    fake_limit(t, body, id);
}

static void token_limit(struct fake_trio *t, const char *qty, const char *more)
{
    char body[512], id[40];

    (void)snprintf(
        body, sizeof body,
        "{\"limitType\":\"PER_TX\",\"symbol\":\"USDT\",\"contract\":\"0x%s\","
        "\"limitQty\":\"%s\"%s}",
        TOKEN, qty, more);
    fake_limit(t, body, id);
}

static void an_asset_without_a_limit_does_not_leave(void **state)
{
    struct fake_trio *t = ethereum();

    (void)state;
    eth_limit(t, "1", "");
    (void)evm_post(t, TO, "05", "");
    fake_passed(t);
    (void)evm_post(t, TOKEN, "", token_call("a9059cbb", 1));
    fake_stopped(t, "PAL006.005");
    token_limit(t, "10", "");
    (void)evm_post(t, TOKEN, "", token_call("a9059cbb", 10));
    fake_passed(t);
    (void)evm_post(t, TOKEN, "", token_call("a9059cbb", 11));
    fake_stopped(t, "POLICY_LIMIT");
    (void)evm_post(t, "dac17f958d2ee523a2206206994597c13d831ec8", "",
                   token_call("a9059cbb", 1));
    fake_stopped(t, "PAL006.005"); /* another token */
    fake_trio_free(t);
}

static void a_tokens_limit_may_be_in_whole_units(void **state)
{
    struct fake_trio *t = ethereum();

    (void)state;
    token_limit(t, "1.5", ",\"decimals\":6");
    fake_ok(t->w, "GET", fake_limits_path(t, ""), NULL);
    assert_string_equal(fake_text(t->w, "walletLimits.0.limitQty"), "1.5");
    assert_non_null(strstr(t->w->reply_text, "\"decimals\":6"));
    (void)evm_post(t, TOKEN, "", token_call("a9059cbb", 1500000));
    fake_passed(t);
    (void)evm_post(t, TOKEN, "", token_call("a9059cbb", 1500001));
    fake_stopped(t, "POLICY_LIMIT");
    fake_trio_free(t);
}

/* What nobody can tell for sure passes only where there is no limit at all. */
static void what_is_not_clear_is_refused_under_a_limit(void **state)
{
    static const char *const calls[][3] = {
        {TOKEN, "", "deadbeef"},   /* some call */
        {TOKEN, "", "095ea7b3"},   /* approve(address,uint256) */
        {TOKEN, "", "23b872dd"},   /* transferFrom, of one word less */
        {TOKEN, "05", "a9059cbb"}, /* a token call that also pays */
        {"", "05", "6000"},        /* a new contract */
    };
    struct fake_trio *t = ethereum();

    (void)state;
    for (int limited = 0; limited < 2; limited++) {
        for (size_t i = 0; i < CS_COUNTOF(calls); i++) {
            (void)evm_post(t, calls[i][0], calls[i][1],
                           i == 0 || i == 4 ? calls[i][2] : token_call(calls[i][2], 1));
            if (limited == 1) {
                fake_stopped(t, i == 1 ? "lets somebody else take assets later"
                                       : "PAL006.005: what it does with assets");
            } else {
                fake_passed(t);
            }
        }
        if (limited == 0) {
            eth_limit(t, "100", "");
            token_limit(t, "100000", "");
        }
    }
    fake_trio_free(t);
}

static void texts_and_digests_are_refused_under_a_limit(void **state)
{
    static const uint8_t digest[32] = {1};
    struct fake_trio *t = ethereum();

    (void)state;
    assert_int_equal(fake_all_settings(t, true, true), 200);
    eth_limit(t, "100", "");
    (void)fake_api(t->w, "POST", fake_tx_path(t, "/sign-plaintext"),
                   "{\"message\":\"hello\"}");
    fake_stopped(t, "PAL006.005: no limit of this wallet is for texts");
    (void)fake_many_post(t, "/sign-digest", CS_SPAN_OF(digest), "");
    fake_stopped(t, "PAL006.005: nobody can say what a digest does");
    (void)fake_api(t->w, "POST", fake_tx_path(t, "/sign-typed-data"),
                   "{\"typedData\":\"" TYPED "\"}");
    fake_stopped(t, "PAL006.005");
    fake_trio_free(t);
}

static void a_limit_that_names_texts_lets_them_through(void **state)
{
    struct fake_trio *t = ethereum();

    (void)state;
    eth_limit(t, "100",
              ",\"matchers\":[{\"type\":\"TRANSACTION_TYPE\",\"value\":"
              "\"PALISADE_SIGN_PLAINTEXT\"}]");
    (void)fake_api(t->w, "POST", fake_tx_path(t, "/sign-plaintext"),
                   "{\"message\":\"hello\"}");
    fake_passed(t);
    (void)evm_post(t, TO, "05", "");
    fake_stopped(t, "PAL006.005"); /* and nothing else */
    eth_limit(t, "100",
              ",\"matchers\":[{\"type\":\"TRANSACTION_TYPE\",\"values\":"
              "[\"RAW\"]}]");
    (void)evm_post(t, TO, "05", "");
    fake_passed(t);
    fake_trio_free(t);
}

/* ---- several payments ------------------------------------------------------------ */

static int btc_post(struct fake_trio *t, const struct made *m)
{
    struct cs_chain_key key;
    struct cs_scalar x;
    struct cs_wr psbt = {0};
    int status;

    fake_chain_key(t, "BITCOIN", "", &key, &x);
    made_psbt(&psbt, &key, *m);
    status = fake_many_post(t, "/raw", cs_wr_get(&psbt), "");
    cs_wr_free(&psbt);
    return status;
}

#define PAY_2 "00140102030405060708090a0b0c0d0e0f1011121314"

static void payments_of_one_payload_add_up(void **state)
{
    struct made two = {.value = 100000,
                       .outs = {{40000, PAY}, {30000, PAY_2}, {20000, NULL}},
                       .n_outs = 3};
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"BITCOIN\"");
    char id[40];

    (void)state;
    fake_limit(t,
               "{\"limitType\":\"PER_TX\",\"symbol\":\"BTC\",\"limitQty\":"
               "\"0.0007\"}",
               id);
    (void)btc_post(t, &two); /* change does not count */
    fake_passed(t);
    two.outs[1].value = 30001;
    (void)btc_post(t, &two);
    fake_stopped(t, "POLICY_LIMIT");
    fake_limit_delete(t, id);
    fake_limit(
        t, "{\"limitType\":\"CONSTANT\",\"symbol\":\"BTC\",\"limitQty\":\"0.0014\"}",
        id);
    two.outs[1].value = 30000;
    (void)btc_post(t, &two);
    fake_passed(t);
    fake_limit_used(t, id, "0.0007");
    (void)btc_post(t, &two);
    fake_passed(t);
    fake_limit_used(t, id, "0.0014");
    (void)btc_post(t, &two);
    fake_stopped(t, "POLICY_LIMIT");
    fake_trio_free(t);
}

static void a_payment_to_oneself_needs_no_limit(void **state)
{
    struct made own = {.value = 100000, .outs = {{99000, NULL}}, .n_outs = 1};
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"BITCOIN\"");
    char id[40];

    (void)state;
    fake_limit(t,
               "{\"limitType\":\"PER_TX\",\"symbol\":\"BTC\",\"limitQty\":\"0\","
               "\"feeQtyLimit\":\"0.00001\"}",
               id);
    (void)btc_post(t, &own);
    fake_passed(t);
    own.outs[0].value = 98999; /* but what it burns as a fee is held */
    (void)btc_post(t, &own);
    fake_stopped(t, "POLICY_LIMIT: the fee is 0.00001001");
    fake_trio_free(t);
}

static void a_joint_payload_is_refused_under_a_limit(void **state)
{
    struct made joint = {
        .n_ins = 2, .is_joint = true, .outs = {{190000, PAY}}, .n_outs = 1};
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"BITCOIN\"");
    char id[40];

    (void)state;
    fake_limit(
        t, "{\"limitType\":\"PER_TX\",\"symbol\":\"BTC\",\"limitQty\":\"21000000\"}",
        id);
    (void)btc_post(t, &joint);
    fake_stopped(t, "PAL006.005");
    fake_trio_free(t);
}

/* ---- XRP Ledger
 * ---------------------------------------------------------------------- */

#define XRP_TO      "0000000000000000000000000000000000000001"
#define XRP_TO_TEXT "rrrrrrrrrrrrrrrrrrrrBZbvji"
#define ISSUER      "0000000000000000000000000000000000000002"
#define ISSUER_TEXT "rrrrrrrrrrrrrrrrrrrrHeBwGj"

static void put_hex(struct cs_wr *w, const char *hex)
{
    assert_int_equal(cs_unhex_wr(w, hex, strlen(hex)), CS_OK);
}

/* A Payment; tag < 0: none; mantissa 0: of drops. */
static int xrp_post(struct fake_trio *t, int64_t tag, uint64_t drops, uint64_t mantissa,
                    int exponent)
{
    struct cs_chain_key key;
    struct cs_scalar x;
    struct cs_wr w = {0};
    uint8_t id[20];
    int status;

    fake_chain_key(t, "XRP_LEDGER", "", &key, &x);
    cs_hash160(id, CS_SPAN(key.pub, key.pub_len));
    put_hex(&w, "12000022000000002400000001");
    if (tag >= 0) {
        cs_wr_u8(&w, 0x2e);
        cs_wr_u32(&w, (uint32_t)tag);
    }
    cs_wr_u8(&w, 0x61);
    if (mantissa == 0) {
        cs_wr_u64(&w, UINT64_C(1) << 62 | drops);
    } else {
        cs_wr_u64(&w, UINT64_C(3) << 62 | (uint64_t)(exponent + 97) << 54 | mantissa);
        put_hex(&w, "0000000000000000000000005553440000000000" ISSUER);
    }
    put_hex(&w, "68400000000000000A7321");
    cs_wr_bytes(&w, key.pub, key.pub_len);
    put_hex(&w, "8114");
    cs_wr_bytes(&w, id, sizeof id);
    put_hex(&w, "8314" XRP_TO);
    status = fake_many_post(t, "/raw", cs_wr_get(&w), "");
    cs_wr_free(&w);
    return status;
}

static void issued_amounts_are_exact(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"XRP_LEDGER\"");
    char id[40];

    (void)state;
    fake_limit(t,
               "{\"limitType\":\"CONSTANT\",\"symbol\":\"USD\",\"contract\":"
               "\"" ISSUER_TEXT "\",\"limitQty\":\"3\"}",
               id);
    (void)xrp_post(t, -1, 1, 0, 0);
    fake_stopped(t, "PAL006.005"); /* XRP is another asset */
    (void)xrp_post(t, -1, 0, 1500000000000000, -15);
    fake_passed(t);
    fake_limit_used(t, id, "1.5");
    (void)xrp_post(t, -1, 0, 1500000000000001, -15);
    fake_stopped(t, "POLICY_LIMIT");
    (void)xrp_post(t, -1, 0, 9999999999999999, 80);
    fake_stopped(t, "POLICY_LIMIT");
    (void)xrp_post(t, -1, 0, 1500000000000000, -15);
    fake_passed(t);
    fake_limit_used(t, id, "3");
    (void)xrp_post(t, -1, 0, 1000000000000000, -96); /* next to nothing, but not it */
    fake_stopped(t, "POLICY_LIMIT");
    fake_trio_free(t);
}

static void drops_are_whole_xrp_in_a_limit(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"XRP_LEDGER\"");
    char id[40];

    (void)state;
    fake_limit(t,
               "{\"limitType\":\"PER_TX\",\"symbol\":\"XRP\",\"limitQty\":"
               "\"0.000005\"}",
               id);
    (void)xrp_post(t, -1, 5, 0, 0);
    fake_passed(t);
    (void)xrp_post(t, -1, 6, 0, 0);
    fake_stopped(t, "POLICY_LIMIT");
    (void)xrp_post(t, -1, 0, 1500000000000000, -15);
    fake_stopped(t, "PAL006.005");
    fake_trio_free(t);
}

static void allow_list_on(struct fake_trio *t)
{
    char path[160];

    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/settings", t->vault,
                   t->wallet);
    fake_ok(t->w, "PUT", path,
            "{\"settings\":{\"enabled\":true,\"rawSigningEnabled\":true,"
            "\"sweepingEnabled\":false,\"defaultFreezeEnabled\":false,"
            "\"allowListEnabled\":true}}");
}

/* The same address on another chain is another account. */
static void own_wallets_of_another_blockchain_are_not_on_the_list(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"POLYGON\"");
    char polygon[64], ethereum[64];

    (void)state;
    fake_wallet_get(t);
    (void)snprintf(polygon, sizeof polygon, "%s", fake_text(t->w, "address"));
    fake_next_wallet(t, "\"blockchain\":\"ETHEREUM\"");
    fake_wallet_get(t);
    (void)snprintf(ethereum, sizeof ethereum, "%s", fake_text(t->w, "address"));
    fake_next_wallet(t, "\"blockchain\":\"ETHEREUM\"");
    allow_list_on(t);
    (void)evm_post(t, polygon + 2, "05", "");
    fake_stopped(t, "POLICY_DESTINATION");
    (void)evm_post(t, ethereum + 2, "05", "");
    fake_passed(t);
    fake_trio_free(t);
}

static void an_entry_with_a_tag_is_that_tag_alone(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"XRP_LEDGER\"");
    char path[120];

    (void)state;
    fake_ok(t->w, "POST", "/v2/counterparties",
            "{\"name\":\"p\",\"details\":{\"type\":\"DAPP\"}}");
    (void)snprintf(path, sizeof path, "/v2/counterparties/%s/addresses",
                   fake_text(t->w, "id"));
    allow_list_on(t);
    fake_ok(t->w, "POST", path,
            "{\"termsAndConditionsAccepted\":true,\"details\":{\"type\":\"EXTERNAL\","
            "\"externalAddress\":{\"address\":\"" XRP_TO_TEXT "#7\",\"name\":\"a\","
            "\"blockchains\":[\"XRP_LEDGER\"]}}}");
    (void)xrp_post(t, 7, 5, 0, 0);
    fake_passed(t);
    (void)xrp_post(t, 8, 5, 0, 0);
    fake_stopped(t, "POLICY_DESTINATION");
    (void)xrp_post(t, -1, 5, 0, 0);
    fake_stopped(t, "POLICY_DESTINATION");
    fake_ok(t->w, "POST", path,
            "{\"termsAndConditionsAccepted\":true,\"details\":{\"type\":\"EXTERNAL\","
            "\"externalAddress\":{\"address\":\"" XRP_TO_TEXT "\",\"name\":\"a\","
            "\"blockchains\":[\"XRP_LEDGER\"]}}}");
    (void)xrp_post(t, 8, 5, 0, 0);
    fake_passed(t);
    fake_trio_free(t);
}

/* ---- matchers
 * ------------------------------------------------------------------------ */

static void sol_limit(struct fake_trio *t, const char *matcher, const char *value)
{
    char body[512], id[40];

    (void)snprintf(body, sizeof body,
                   "{\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"1\","
                   "\"matchers\":[{\"type\":\"%s\",\"value\":\"%s\"}]}",
                   matcher, value);
    fake_limit(t, body, id);
}

static void a_limit_may_be_about_who_asks(void **state)
{
    struct fake_trio *t = fake_limited();
    char other[40], client[40], secret[80], id[40];

    (void)state;
    assert_int_equal(fake_credential_new(t->w, "\"*\"", ""), 200);
    (void)snprintf(other, sizeof other, "%s", fake_text(t->w, "id"));
    (void)snprintf(client, sizeof client, "%s", fake_text(t->w, "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(t->w, "clientSecret"));
    sol_limit(t, "API_CREDENTIAL", other);
    (void)snprintf(id, sizeof id, "%s", fake_text(t->w, "id"));
    fake_pay_no(t, 1, "PAL006.005"); /* not who it is for */
    fake_login(t->w, client, secret);
    fake_pay_ok(t, 1);
    fake_pay_no(t, 1000000001, "POLICY_LIMIT");
    fake_limit_delete(t, id);
    fake_pay_ok(t, 1000000001);
    fake_trio_free(t);
}

static void a_limit_may_be_about_the_address_that_signs(void **state)
{
    struct fake_trio *t = fake_limited();
    char address[64];

    (void)state;
    fake_wallet_get(t);
    (void)snprintf(address, sizeof address, "%s", fake_text(t->w, "address"));
    sol_limit(t, "SIGN_FOR", "11111111111111111111111111111111");
    fake_pay_no(t, 1, "PAL006.005");
    sol_limit(t, "SIGN_FOR", address);
    fake_pay_ok(t, 1);
    fake_trio_free(t);
}

static void a_limit_may_be_about_who_is_paid(void **state)
{
    struct fake_trio *t = fake_limited();
    char party[40], address[40], body[512], path[160], to[64];

    (void)state;
    fake_pay_ok(t, 1);
    (void)snprintf(to, sizeof to, "%s", fake_text(t->w, "destinationAddress"));
    fake_ok(t->w, "POST", "/v2/counterparties",
            "{\"name\":\"p\",\"details\":{\"type\":\"DAPP\"}}");
    (void)snprintf(party, sizeof party, "%s", fake_text(t->w, "id"));
    (void)snprintf(path, sizeof path, "/v2/counterparties/%s/addresses", party);
    (void)snprintf(
        body, sizeof body,
        "{\"termsAndConditionsAccepted\":true,\"details\":{\"type\":"
        "\"EXTERNAL\",\"externalAddress\":{\"address\":\"%s\",\"name\":\"a\","
        "\"blockchains\":[\"SOLANA\"]}}}",
        to);
    fake_ok(t->w, "POST", path, body);
    (void)snprintf(address, sizeof address, "%s", fake_text(t->w, "addressId"));
    sol_limit(t, "WALLET_ID", t->wallet);
    fake_pay_no(t, 1, "PAL006.005");
    sol_limit(t, "COUNTERPARTY_ID", party);
    fake_pay_ok(t, 1);
    sol_limit(t, "ADDRESS_ID", address);
    fake_pay_ok(t, 1000000000);
    fake_pay_no(t, 1000000001, "POLICY_LIMIT");
    (void)snprintf(path, sizeof path, "/v2/counterparties/%s/addresses/%s", party,
                   address);
    fake_ok(t->w, "DELETE", path, NULL);
    fake_pay_no(t, 1, "PAL006.005"); /* nobody's any more */
    fake_trio_free(t);
}

static void bad_matchers_are_refused(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"type\":\"EVERYBODY\",\"value\":\"x\"}",
        "{\"type\":\"USER\"}",
        "{\"type\":\"USER\",\"values\":[]}",
        "{\"type\":\"USER\",\"values\":[5]}",
        "{\"type\":\"USER\",\"value\":\"not an id\"}",
        "{\"type\":\"USER\",\"value\":\"00000000-0000-4000-8000-000000000000\"}",
        "{\"type\":\"WALLET_ID\",\"value\":\"00000000-0000-4000-8000-000000000000\"}",
        "{\"type\":\"TRANSACTION_TYPE\",\"value\":\"DIGEST\"}",
        "{\"type\":\"TRANSACTION_TYPE\",\"values\":[\"RAW\",\"SWEEP\"]}",
        "{\"type\":\"SIGN_FOR\",\"value\":\"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh\"}",
        ("{\"type\":\"TRANSACTION_TYPE\",\"value\":\"RAW\"},{\"type\":"
         "\"TRANSACTION_TYPE\",\"value\":\"RAW\"}"),
        "{\"type\":\"TRANSACTION_TYPE\",\"values\":[\"RAW\",\"PLAINTEXT\",\"RAW\"]}",
    };
    struct fake_trio *t = fake_limited();
    char body[512];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        (void)snprintf(
            body, sizeof body,
            "{\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"1\","
            "\"matchers\":[%s]}",
            bad[i]);
        if (fake_limit_try(t, body) != 400 ||
            strncmp(fake_text(t->w, "details.0.field"), "matchers", 8) != 0) {
            fail_msg("%s: %s", bad[i], t->w->reply_text);
        }
    }
    fake_trio_free(t);
}

/* "value" and "values" are two ways to say it. */
static void a_value_that_values_repeats_counts_once(void **state)
{
    struct fake_trio *t = fake_limited();
    const json_t *m;
    char id[40];

    (void)state;
    fake_limit(t,
               "{\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"1\","
               "\"matchers\":[{\"type\":\"TRANSACTION_TYPE\",\"value\":\"RAW\","
               "\"values\":[\"PLAINTEXT\",\"RAW\"]}]}",
               id);
    m = json_array_get(json_object_get(t->w->reply, "matchers"), 0);
    assert_int_equal(json_array_size(json_object_get(m, "values")), 2);
    fake_trio_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_asset_without_a_limit_does_not_leave),
        cmocka_unit_test(a_tokens_limit_may_be_in_whole_units),
        cmocka_unit_test(what_is_not_clear_is_refused_under_a_limit),
        cmocka_unit_test(texts_and_digests_are_refused_under_a_limit),
        cmocka_unit_test(a_limit_that_names_texts_lets_them_through),
        cmocka_unit_test(payments_of_one_payload_add_up),
        cmocka_unit_test(a_payment_to_oneself_needs_no_limit),
        cmocka_unit_test(a_joint_payload_is_refused_under_a_limit),
        cmocka_unit_test(issued_amounts_are_exact),
        cmocka_unit_test(drops_are_whole_xrp_in_a_limit),
        cmocka_unit_test(own_wallets_of_another_blockchain_are_not_on_the_list),
        cmocka_unit_test(an_entry_with_a_tag_is_that_tag_alone),
        cmocka_unit_test(a_limit_may_be_about_who_asks),
        cmocka_unit_test(a_limit_may_be_about_the_address_that_signs),
        cmocka_unit_test(a_limit_may_be_about_who_is_paid),
        cmocka_unit_test(bad_matchers_are_refused),
        cmocka_unit_test(a_value_that_values_repeats_counts_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
