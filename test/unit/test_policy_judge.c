/* What a policy says to a request: each condition of a rule, both ways, and that a
 * payload of which too little is known never passes a rule that limits something. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <string.h>

#include "policy/policy.h"
#include "wire/jsonx.h"

#define A      "0x000000000000000000000000000000000000dEaD"
#define B      "0x1111111111111111111111111111111111111111"
#define TOKEN  "0xdAC17F958D2ee523a2206206994597C13D831ec7"
#define KEY    "11111111-2222-4333-8444-555555555555"
#define QUORUM "21111111-2222-4333-8444-555555555555"

static struct cs_chain_tx tx;
static struct cs_policy_ask ask;
static struct cs_num spent;
static uint64_t requests;
static uint32_t asked_minutes;
static char why[CS_POLICY_WHY];

/* A payment of 1 ETH to A, fee 0.001, on 2026-11-26 (a Thursday) 10:30 UTC. */
static int up(void **state)
{
    (void)state;
    memset(&tx, 0, sizeof tx);
    tx.chain = CS_CHAIN_ETHEREUM;
    tx.chain_id = 1;
    tx.is_clear = true;
    (void)snprintf(tx.kind, sizeof tx.kind, "transfer");
    (void)snprintf(tx.to, sizeof tx.to, A);
    (void)snprintf(tx.asset, sizeof tx.asset, "ETH");
    (void)snprintf(tx.units, sizeof tx.units, "1000000000000000000");
    (void)snprintf(tx.fee_units, sizeof tx.fee_units, "1000000000000000");
    ask = (struct cs_policy_ask){.path = "0/5", .kind = CS_CHAIN_KIND_RAW, .tx = &tx};
    ask.wall_ms = INT64_C(1795689000000);
    assert_int_equal(cs_uuid_parse(ask.key_id, KEY), CS_OK);
    assert_int_equal(cs_uuid_parse(ask.quorum_id, QUORUM), CS_OK);
    memset(&spent, 0, sizeof spent);
    requests = 0;
    return 0;
}

static void sum(void *ctx, const struct cs_policy_ask *a, enum cs_policy_per per,
                const uint8_t *asset, uint32_t minutes, struct cs_num *units,
                uint64_t *n)
{
    (void)ctx;
    (void)a;
    (void)per;
    asked_minutes = minutes;
    *units = asset == NULL ? *units : spent;
    *n = requests;
}

static bool judge(const char *text)
{
    struct cs_policy_past past = {NULL, sum};
    struct cs_policy_verdict v;
    struct cs_policy *p;
    struct cs_why reason = {""};

    if (cs_policy_load(&p, CS_SPAN(text, strlen(text)), &reason) != CS_OK) {
        fail_msg("%s: %s", text, reason.text);
        return false;
    }
    cs_policy_judge(p, &ask, &past, &v, NULL, NULL);
    cs_policy_free(p);
    (void)snprintf(why, sizeof why, "%s", v.why);
    assert_true(why[0] != '\0');
    return v.allowed;
}

#define RULES(other, action, members)                                                  \
    "{\"version\":1,\"default\":\"" other "\",\"rules\":[{\"name\":\"r\",\"action\":"  \
    "\"" action "\"," members "}]}"
#define ALLOWS(members)                                                                \
    judge(RULES("deny", "allow", "\"blockchains\":[\"ETHEREUM\"]," members))
#define DENIES(members)                                                                \
    (!judge(RULES("allow", "deny", "\"blockchains\":[\"ETHEREUM\"]," members)))

#define TO_A   "\"destinations\":[\"" A "\"]"
#define ETH_1  "\"atMost\":[{\"asset\":\"native\",\"amount\":\"1\"}]"
#define ETH_09 "\"atMost\":[{\"asset\":\"native\",\"amount\":\"0.999999999999999999\"}]"
#define DAY_3                                                                          \
    "\"windows\":[{\"asset\":\"native\",\"amount\":\"3\",\"minutes\":1440,\"per\":"    \
    "\"key\"}]"

static void words_of_the_request_are_compared(void **state)
{
    (void)state;
    assert_true(ALLOWS("\"keys\":[\"" KEY "\"]"));
    assert_false(ALLOWS("\"keys\":[\"" QUORUM "\"]"));
    assert_true(ALLOWS("\"quorums\":[\"" QUORUM "\"]"));
    assert_false(ALLOWS("\"quorums\":[\"" KEY "\"]"));
    assert_true(ALLOWS("\"paths\":[\"\",\"0/5\"]"));
    assert_false(ALLOWS("\"paths\":[\"0\"]"));
    assert_true(ALLOWS("\"kinds\":[\"RAW\"]"));
    assert_false(ALLOWS("\"kinds\":[\"PLAINTEXT\"]"));
    assert_true(ALLOWS("\"chainIds\":[\"1\"]"));
    assert_false(ALLOWS("\"chainIds\":[\"11155111\"]"));
    assert_true(ALLOWS("\"types\":[\"transfer\"]"));
    assert_false(ALLOWS("\"types\":[\"contract call\"]"));
    (void)snprintf(tx.kind, sizeof tx.kind, /* as the summary cuts it */
                   "/cosmos.distribution.v1beta1.MsgWithdrawDelegat");
    assert_true(DENIES(
        "\"types\":[\"/cosmos.distribution.v1beta1.MsgWithdrawDelegatorReward\"]"));
    tx.chain = CS_CHAIN_POLYGON;
    assert_false(ALLOWS("\"kinds\":[\"RAW\"]"));
}

static void the_first_rule_that_fits_decides(void **state)
{
    (void)state;
    assert_false(judge("{\"version\":1,\"default\":\"allow\",\"rules\":["
                       "{\"name\":\"a\",\"action\":\"deny\",\"kinds\":[\"RAW\"]},"
                       "{\"name\":\"b\",\"action\":\"allow\",\"kinds\":[\"RAW\"]}]}"));
    assert_non_null(strstr(why, "\"a\""));
    assert_true(judge("{\"version\":1,\"default\":\"deny\",\"rules\":["
                      "{\"name\":\"a\",\"action\":\"deny\",\"kinds\":[\"DIGEST\"]},"
                      "{\"name\":\"b\",\"action\":\"allow\",\"kinds\":[\"RAW\"]}]}"));
    assert_true(judge("{\"version\":1,\"default\":\"allow\",\"rules\":[]}"));
    assert_false(judge("{\"version\":1,\"default\":\"deny\",\"rules\":[]}"));
}

static void destinations_are_compared_in_their_normal_form(void **state)
{
    (void)state;
    assert_true(ALLOWS(TO_A));
    assert_true(
        ALLOWS("\"destinations\":[\"0x000000000000000000000000000000000000dead\"]"));
    assert_false(ALLOWS("\"destinations\":[\"" B "\"]"));
    assert_true(DENIES(TO_A));
    assert_false(DENIES("\"destinations\":[\"" B "\"]"));
    tx.to[0] = '\0';
    assert_false(ALLOWS(TO_A)); /* nobody knows */
}

static void amounts_are_exact(void **state)
{
    (void)state;
    assert_true(ALLOWS(ETH_1));
    assert_false(ALLOWS(ETH_09));
    assert_true(ALLOWS("\"atMost\":[{\"asset\":\"native\",\"units\":"
                       "\"1000000000000000000\"}]"));
    assert_false(ALLOWS("\"atMost\":[{\"asset\":\"native\",\"units\":"
                        "\"999999999999999999\"}]"));
    (void)snprintf(
        tx.units, sizeof tx.units, /* 2^256 - 1 */
        "11579208923731619542357098500868790785326998466564056403945758400791"
        "3129639935");
    assert_false(ALLOWS(ETH_1));
    assert_true(DENIES("\"above\":[{\"asset\":\"native\",\"amount\":\"1\"}]"));
    (void)snprintf(tx.units, sizeof tx.units, "1000000000000000000");
    assert_false(DENIES("\"above\":[{\"asset\":\"native\",\"amount\":\"1\"}]"));
    assert_true(DENIES("\"above\":[{\"asset\":\"native\",\"units\":\"1\"}]"));
}

/* XRP Ledger's tools write hex in capitals, the summary does not. */
static void assets_are_compared_in_their_normal_form(void **state)
{
    (void)state;
    tx.chain = CS_CHAIN_XRP_LEDGER;
    (void)snprintf(tx.asset, sizeof tx.asset,
                   "524c555344000000000000000000000000000000");
    (void)snprintf(tx.contract, sizeof tx.contract,
                   "rMxCKbEDwqr76QuheSUMdEGf4B9xJ8m5De");
    assert_false(
        judge(RULES("allow", "deny",
                    "\"blockchains\":[\"XRP_LEDGER\"],\"above\":[{\"asset\":"
                    "\"524C555344000000000000000000000000000000."
                    "rMxCKbEDwqr76QuheSUMdEGf4B9xJ8m5De\",\"units\":\"1\"}]")));
    (void)snprintf(tx.asset, sizeof tx.asset, "MPT");
    (void)snprintf(tx.contract, sizeof tx.contract,
                   "0000012ffd9ee5da93ac614b4db94d7e0fce415ca51bed47");
    assert_false(judge(RULES("allow", "deny",
                             "\"blockchains\":[\"XRP_LEDGER\"],\"above\":[{\"asset\":"
                             "\"MPT.0000012FFD9EE5DA93AC614B4DB94D7E0FCE415CA51BED47\","
                             "\"units\":\"1\"}]")));
}

static void an_asset_without_a_limit_does_not_fit(void **state)
{
    (void)state;
    (void)snprintf(tx.asset, sizeof tx.asset, "ERC20");
    (void)snprintf(tx.contract, sizeof tx.contract, TOKEN);
    (void)snprintf(tx.units, sizeof tx.units, "5");
    assert_false(ALLOWS(ETH_1));
    assert_false(ALLOWS(DAY_3));
    assert_true(ALLOWS("\"atMost\":[{\"asset\":\"" TOKEN "\",\"units\":\"5\"}]"));
    assert_false(ALLOWS("\"atMost\":[{\"asset\":\"" TOKEN "\",\"units\":\"4\"}]"));
    assert_true(ALLOWS("\"contracts\":[\"" TOKEN "\"]"));
    assert_false(ALLOWS("\"contracts\":[\"" A "\"]"));
    (void)snprintf(tx.asset, sizeof tx.asset, "EVIL"); /* says so itself: not native */
    tx.contract[0] = '\0';
    assert_false(ALLOWS(ETH_1));
}

static void fees_are_limited(void **state)
{
    (void)state;
    assert_true(ALLOWS("\"feeAtMost\":\"0.001\""));
    assert_false(ALLOWS("\"feeAtMost\":\"0.000999999999999999\""));
    tx.fee_units[0] = '\0';
    assert_false(ALLOWS("\"feeAtMost\":\"1\""));
}

static void windows_count_what_was_approved_before(void **state)
{
    (void)state;
    assert_int_equal(cs_num_parse(&spent, "2000000000000000000"), CS_OK);
    assert_true(ALLOWS(DAY_3));
    assert_int_equal(asked_minutes, 1440);
    assert_int_equal(cs_num_parse(&spent, "2000000000000000001"), CS_OK);
    assert_false(ALLOWS(DAY_3));
    spent = cs_num_max();
    assert_false(ALLOWS(DAY_3));
}

static void rates_count_requests(void **state)
{
    (void)state;
    requests = 4;
    assert_true(ALLOWS("\"rates\":[{\"requests\":5,\"minutes\":10,\"per\":\"node\"}]"));
    requests = 5;
    assert_false(
        ALLOWS("\"rates\":[{\"requests\":5,\"minutes\":10,\"per\":\"node\"}]"));
}

static void hours_are_those_of_a_fixed_offset(void **state)
{
    static const struct {
        const char *members;
        bool fits;
    } all[] = {
        {"\"hours\":{\"from\":\"10:30\",\"to\":\"10:31\"}", true},
        {"\"hours\":{\"from\":\"10:31\",\"to\":\"11:00\"}", false},
        {"\"hours\":{\"from\":\"09:00\",\"to\":\"10:30\"}", false},
        {"\"hours\":{\"from\":\"00:00\",\"to\":\"24:00\",\"days\":[\"THU\"]}", true},
        {"\"hours\":{\"from\":\"00:00\",\"to\":\"24:00\",\"days\":[\"WED\",\"FRI\"]}",
         false},
        {"\"hours\":{\"from\":\"11:00\",\"to\":\"12:00\",\"utcOffset\":\"+01:00\"}",
         true},
        {"\"hours\":{\"from\":\"00:00\",\"to\":\"01:00\",\"days\":[\"FRI\"],"
         "\"utcOffset\":"
         "\"+14:00\"}",
         true},
        {"\"hours\":{\"from\":\"22:00\",\"to\":\"11:00\",\"days\":[\"WED\"]}", true},
        {"\"hours\":{\"from\":\"22:00\",\"to\":\"11:00\",\"days\":[\"THU\"]}", false},
        {"\"hours\":{\"from\":\"22:00\",\"to\":\"10:00\"}", false},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(all); i++) {
        char text[400];

        (void)snprintf(text, sizeof text,
                       "{\"version\":1,\"default\":\"deny\",\"rules\":[{\"name\":\"r\","
                       "\"action\":\"allow\",%s}]}",
                       all[i].members);
        if (judge(text) != all[i].fits) {
            fail_msg("%s: %s", all[i].members, why);
        }
    }
    ask.wall_ms = -1; /* 1969-12-31, a Wednesday */
    assert_true(
        ALLOWS("\"hours\":{\"from\":\"23:59\",\"to\":\"24:00\",\"days\":[\"WED\"]}"));
}

/* ---- not known for sure --------------------------------------------------------- */

static void what_is_not_clear_fits_no_limit(void **state)
{
    (void)state;
    tx.is_clear = false;
    tx.has_selector = true;
    memcpy(tx.selector, "\xa9\x05\x9c\xbb", 4);
    assert_false(ALLOWS(TO_A));
    assert_false(ALLOWS(ETH_1));
    assert_false(ALLOWS(DAY_3));
    assert_false(ALLOWS("\"feeAtMost\":\"1\""));
    assert_true(ALLOWS("\"contracts\":[\"" A "\"],\"selectors\":[\"a9059cbb\"]"));
    assert_false(ALLOWS("\"selectors\":[\"095ea7b3\"]"));
    assert_true(DENIES("\"destinations\":[\"" B "\"]")); /* it may */
    assert_true(DENIES("\"above\":[{\"asset\":\"native\",\"amount\":\"100\"}]"));
    assert_true(DENIES("\"approvals\":\"only\""));
    assert_false(ALLOWS("\"approvals\":\"exclude\""));
}

static void an_amount_that_is_not_said_fits_no_limit(void **state)
{
    (void)state;
    tx.units[0] = '\0';
    assert_false(ALLOWS(ETH_1));
    assert_false(ALLOWS(DAY_3));
    assert_true(DENIES("\"above\":[{\"asset\":\"native\",\"amount\":\"100\"}]"));
}

/* Two transfers in one payload of Cosmos or Stellar: clear, and without fields. */
static void several_transfers_are_not_hidden_from_deny_rules(void **state)
{
    (void)state;
    tx.to[0] = tx.units[0] = tx.asset[0] = '\0';
    assert_true(DENIES("\"destinations\":[\"" B "\"]"));
    assert_true(DENIES("\"above\":[{\"asset\":\"native\",\"amount\":\"100\"}]"));
    assert_true(DENIES("\"contracts\":[\"" TOKEN "\"]"));
    assert_false(DENIES("\"approvals\":\"only\"")); /* clear: it is none */
    assert_false(ALLOWS(TO_A));
    assert_false(ALLOWS(ETH_1));
    (void)snprintf(tx.to, sizeof tx.to, A); /* of NEAR: several to one */
    assert_false(DENIES("\"destinations\":[\"" B "\"]"));
    assert_true(DENIES("\"above\":[{\"asset\":\"native\",\"amount\":\"100\"}]"));
}

static void joint_transactions_fit_no_limit(void **state)
{
    (void)state;
    tx.is_multisig = true;
    assert_false(ALLOWS(ETH_1));
    assert_false(ALLOWS(TO_A));
}

static void blind_signatures_need_a_rule_that_names_them(void **state)
{
    (void)state;
    tx.is_blind = true;
    tx.is_clear = false;
    tx.to[0] = '\0';
    ask.kind = CS_CHAIN_KIND_DIGEST;
    assert_false(ALLOWS("\"keys\":[\"" KEY "\"]"));
    assert_false(judge("{\"version\":1,\"default\":\"allow\",\"rules\":[]}"));
    assert_true(ALLOWS("\"kinds\":[\"DIGEST\"]"));
    assert_false(ALLOWS("\"kinds\":[\"DIGEST\"]," ETH_1));
    assert_true(DENIES("\"destinations\":[\"" B "\"]"));
}

static void approvals_do_not_slip_through_limits(void **state)
{
    (void)state;
    tx.is_approval = true;
    assert_false(ALLOWS(ETH_1));
    assert_true(ALLOWS(ETH_1 ",\"approvals\":\"include\""));
    assert_true(ALLOWS("\"approvals\":\"only\""));
    assert_false(ALLOWS("\"approvals\":\"exclude\""));
    assert_true(DENIES("\"approvals\":\"only\""));
    assert_false(DENIES("\"approvals\":\"exclude\""));
    tx.is_approval = false;
    assert_false(ALLOWS("\"approvals\":\"only\""));
    assert_true(ALLOWS("\"approvals\":\"exclude\""));
    assert_false(DENIES("\"approvals\":\"only\""));
}

static void texts_move_nothing(void **state)
{
    (void)state;
    ask.kind = CS_CHAIN_KIND_PLAINTEXT;
    tx.is_message = true;
    tx.to[0] = tx.units[0] = tx.fee_units[0] = tx.asset[0] = '\0';
    assert_true(ALLOWS("\"kinds\":[\"PLAINTEXT\"]"));
    assert_false(ALLOWS(ETH_1));
    assert_false(ALLOWS(TO_A));
    assert_false(DENIES("\"destinations\":[\"" B "\"]"));
    assert_false(DENIES("\"above\":[{\"asset\":\"native\",\"units\":\"0\"}]"));
}

/* ---- many payments --------------------------------------------------------------- */

static void all_payments_of_a_psbt_count(void **state)
{
    static const char to[] =
        "\"destinations\":[\"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8"
        "f3t4\",\"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2\"]";
    struct cs_chain_pay pays[2] = {
        {"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "60000000"},
        {"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "50000000"}};
    char text[600];

    (void)state;
    tx.chain = CS_CHAIN_BITCOIN;
    tx.has_pays = true;
    tx.pays = pays;
    tx.n_pays = 2;
    tx.is_clear = false; /* the line was cut */
    tx.to[0] = tx.units[0] = '\0';
#define BTC(members)                                                                   \
    ((void)snprintf(text, sizeof text,                                                 \
                    "{\"version\":1,\"default\":\"deny\",\"rules\":[{\"name\":\"r\","  \
                    "\"action\":\"allow\",\"blockchains\":[\"BITCOIN\"],%s}]}",        \
                    members),                                                          \
     judge(text))
    assert_true(BTC(to));
    assert_false(BTC("\"destinations\":[\"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2\"]"));
    assert_true(BTC("\"atMost\":[{\"asset\":\"native\",\"amount\":\"1.1\"}]"));
    assert_false(BTC("\"atMost\":[{\"asset\":\"native\",\"amount\":\"1.09999999\"}]"));
    tx.n_pays = 0; /* everything comes back */
    assert_true(BTC(to));
    assert_true(BTC("\"atMost\":[{\"asset\":\"native\",\"units\":\"0\"}]"));
    assert_true(judge(RULES("allow", "deny", /* nobody is paid: no deny rule either */
                            "\"blockchains\":[\"BITCOIN\"],\"destinations\":["
                            "\"1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2\"]")));
}

/* 301 addresses in no order: each is found, those between are not. */
static void long_lists_are_searched_whole(void **state)
{
    char text[20000];
    size_t n = (size_t)snprintf(text, sizeof text,
                                "{\"version\":1,\"default\":\"deny\",\"rules\":[{"
                                "\"name\":\"r\",\"action\":\"allow\",\"blockchains\":["
                                "\"ETHEREUM\"],\"destinations\":[");

    (void)state;
    for (unsigned i = 0; i < 301; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s\"0x%040x\"",
                              i == 0 ? "" : ",", 2 * (i * 37 % 301));
    }
    (void)snprintf(text + n, sizeof text - n, "]}]}");
    for (unsigned i = 0; i < 603; i++) {
        (void)snprintf(tx.to, sizeof tx.to, "0x%040x", i);
        assert_int_equal(judge(text), i % 2 == 0 && i < 602);
    }
}

static void tags_belong_to_the_destination(void **state)
{
    (void)state;
    tx.chain = CS_CHAIN_XRP_LEDGER;
    (void)snprintf(tx.to, sizeof tx.to, "rDTXLQ7ZKZVKz33zJbHjgVShjsBnqMBhmN");
    tx.has_tag = true;
    tx.tag = 77;
#define XRP(to)                                                                        \
    judge(RULES("deny", "allow",                                                       \
                "\"blockchains\":[\"XRP_LEDGER\"],\"destinations\":[\"" to "\"]"))
    assert_true(XRP("rDTXLQ7ZKZVKz33zJbHjgVShjsBnqMBhmN#77"));
    assert_false(XRP("rDTXLQ7ZKZVKz33zJbHjgVShjsBnqMBhmN#78"));
    assert_true(XRP("rDTXLQ7ZKZVKz33zJbHjgVShjsBnqMBhmN"));
    tx.has_tag = false;
    assert_false(XRP("rDTXLQ7ZKZVKz33zJbHjgVShjsBnqMBhmN#77"));
}

#define CASE(name) cmocka_unit_test_setup(name, up)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(words_of_the_request_are_compared),
        CASE(the_first_rule_that_fits_decides),
        CASE(destinations_are_compared_in_their_normal_form),
        CASE(amounts_are_exact),
        CASE(assets_are_compared_in_their_normal_form),
        CASE(an_asset_without_a_limit_does_not_fit),
        CASE(fees_are_limited),
        CASE(windows_count_what_was_approved_before),
        CASE(rates_count_requests),
        CASE(hours_are_those_of_a_fixed_offset),
        CASE(what_is_not_clear_fits_no_limit),
        CASE(an_amount_that_is_not_said_fits_no_limit),
        CASE(several_transfers_are_not_hidden_from_deny_rules),
        CASE(joint_transactions_fit_no_limit),
        CASE(blind_signatures_need_a_rule_that_names_them),
        CASE(approvals_do_not_slip_through_limits),
        CASE(texts_move_nothing),
        CASE(all_payments_of_a_psbt_count),
        CASE(long_lists_are_searched_whole),
        CASE(tags_belong_to_the_destination),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
