/* Policy files: what is valid is read, everything else is refused with a sentence that
 * names the place; numbers and the ledger of windows. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "policy/ledger.h"
#include "policy/policy.h"

static struct cs_why why;

static struct cs_policy *load(const char *text)
{
    struct cs_policy *p = NULL;
    enum cs_err err;

    why.text[0] = '\0';
    err = cs_policy_load(&p, CS_SPAN(text, strlen(text)), &why);
    assert_true((err == CS_OK) == (p != NULL));
    assert_true((err == CS_OK) == (why.text[0] == '\0'));
    return p;
}

#define RULE(members)                                                                  \
    "{\"version\":1,\"default\":\"deny\",\"rules\":[{\"name\":\"r\",\"action\":"       \
    "\"allow\"," members "}]}"
#define DENY(members)                                                                  \
    "{\"version\":1,\"default\":\"deny\",\"rules\":[{\"name\":\"r\",\"action\":"       \
    "\"deny\"," members "}]}"
#define ETH          "\"blockchains\":[\"ETHEREUM\"],"
#define XRPL         "\"blockchains\":[\"XRP_LEDGER\"],"
#define ABOVE(asset) "\"above\":[{\"asset\":\"" asset "\",\"units\":\"5\"}]"

static void whole_files_are_read(void **state)
{
    static const char *const good[] = {
        "{\"version\":1,\"default\":\"deny\",\"rules\":[]}",
        "{\"version\":1,\"default\":\"allow\",\"rules\":[],\"comment\":\"x\"}",
        RULE("\"kinds\":[\"RAW\",\"DIGEST\"]"),
        RULE("\"keys\":[\"11111111-2222-4333-8444-555555555555\"]"),
        RULE("\"paths\":[\"\",\"0/5\"]"),
        RULE(ETH "\"destinations\":[\"0x000000000000000000000000000000000000dEaD\"]"),
        RULE(ETH "\"destinations\":[\"0x000000000000000000000000000000000000dead\"]"),
        RULE(ETH "\"atMost\":[{\"asset\":\"native\",\"amount\":\"1.5\"}]"),
        RULE("\"atMost\":[{\"asset\":\"native\",\"units\":\"15\"}]"),
        RULE(ETH "\"windows\":[{\"asset\":\"native\",\"amount\":\"3\",\"minutes\":60,"
                 "\"per\":\"node\"}]"),
        RULE("\"rates\":[{\"requests\":5,\"minutes\":60,\"per\":\"quorum\"}]"),
        RULE(ETH "\"feeAtMost\":\"0.000000000000000001\""),
        RULE("\"hours\":{\"from\":\"22:00\",\"to\":\"06:00\",\"days\":[\"MON\"],"
             "\"utcOffset\":\"-09:30\"}"),
        RULE("\"approvals\":\"only\""),
        RULE("\"selectors\":[\"0xa9059cbb\"]"),
        RULE("\"blockchains\":[\"XRP_LEDGER\"],\"destinations\":"
             "[\"rDTXLQ7ZKZVKz33zJbHjgVShjsBnqMBhmN#77\"]"),
        DENY(ETH "\"above\":[{\"asset\":\"native\",\"amount\":\"1\"}]"),
        RULE("\"types\":[\"/cosmos.distribution.v1beta1.MsgWithdrawDelega\"]"),
        DENY(ETH ABOVE("0xDAC17F958D2EE523A2206206994597C13D831EC7")),
        DENY(XRPL ABOVE("USD.rMxCKbEDwqr76QuheSUMdEGf4B9xJ8m5De")),
        DENY(XRPL ABOVE("524C555344000000000000000000000000000000."
                        "rMxCKbEDwqr76QuheSUMdEGf4B9xJ8m5De")),
        DENY(XRPL ABOVE("MPT.0000012FFD9EE5DA93AC614B4DB94D7E0FCE415CA51BED47")),
        DENY("\"blockchains\":[\"ALGORAND\"]," ABOVE("31566704")),
        DENY("\"blockchains\":[\"TRON\"]," ABOVE("1002000")),
        DENY("\"blockchains\":[\"OSMOSIS\"]," ABOVE("ibc/27394FB092D2ECCD56123C")),
        DENY("\"blockchains\":[\"STELLAR\"]," ABOVE(
            "USDC.GA5ZSEJYB37JRC5AVCIA5MOP4RHTM335X2KGX3IHOJAPP5RE34K4KZVN")),
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(good); i++) {
        struct cs_policy *p = load(good[i]);

        if (p == NULL) {
            fail_msg("%s: %s", good[i], why.text);
        }
        cs_policy_free(p);
    }
}

/* clang-format off */
static const struct {
    const char *text, *word;
} bad[] = {
    {"", "empty"},
    {"{", "line 1"},
    {"[]", ""},
    {"{\n\"version\":1,\n\"version\":1}", "line 3"},
    {"{\"version\":2,\"default\":\"deny\",\"rules\":[]}", "version"},
    {"{\"version\":1,\"rules\":[]}", "default"},
    {"{\"version\":1,\"default\":\"maybe\",\"rules\":[]}", "default"},
    {"{\"version\":1,\"default\":\"deny\"}", "rules"},
    {"{\"version\":1,\"default\":\"deny\",\"rules\":[1]}", "rules[0]"},
    {"{\"version\":1,\"default\":\"deny\",\"rules\":[{}]}", "name"},
    {"{\"version\":1,\"default\":\"deny\",\"rule\":[]}", "did you mean \"rules\""},
    {RULE("\"destination\":[]"), "did you mean \"destinations\""},
    {RULE("\"zzzzzzzz\":1"), "not known"},
    {RULE("\"action\":\"deny\""), "line 1"},
    {"{\"version\":1,\"default\":\"deny\",\"rules\":[{\"name\":\"r\",\"action\":"
     "\"ask\"}]}",
     "action"},
    {"{\"version\":1,\"default\":\"deny\",\"rules\":[{\"name\":\"r\",\"action\":"
     "\"deny\"},{\"name\":\"r\",\"action\":\"deny\"}]}",
     "used twice"},
    {RULE("\"kinds\":[]"), "1 to"},
    {RULE("\"kinds\":[\"raw\"]"), "kinds[0]"},
    {RULE("\"kinds\":\"RAW\""), "list"},
    {RULE("\"keys\":[\"nobody\"]"), "UUID"},
    {RULE("\"blockchains\":[\"DOGE\"]"), "blockchains[0]"},
    {RULE("\"destinations\":[\"0x000000000000000000000000000000000000dEaD\"]"),
     "destinations[0]"},
    {RULE(ETH "\"destinations\":[\"0x000000000000000000000000000000000000dEAd\"]"),
     "destinations[0]"},
    {RULE(ETH "\"destinations\":[\"0x00\"]"), "destinations[0]"},
    {RULE("\"blockchains\":[\"XRP_LEDGER\"],\"destinations\":"
          "[\"rDTXLQ7ZKZVKz33zJbHjgVShjsBnqMBhmN#4294967296\"]"),
     "destinations[0]"},
    {RULE("\"blockchains\":[\"XRP_LEDGER\"],\"destinations\":"
          "[\"XVLhHMPHU98es4dbozjVtdWzVrDjtV5fdx1mHp98tDMoQXb\"]"),
     "destinations[0]"},
    {RULE("\"selectors\":[\"a9059c\"]"), "selectors[0]"},
    {RULE("\"atMost\":[{\"asset\":\"native\",\"amount\":\"1\"}]"), "blockchains"},
    {RULE(ETH "\"atMost\":[{\"asset\":\"native\"}]"), "either"},
    {RULE(ETH
          "\"atMost\":[{\"asset\":\"native\",\"amount\":\"1\",\"units\":\"1\"}]"),
     "either"},
    {RULE(ETH "\"atMost\":[{\"asset\":\"native\",\"amount\":\"1e3\"}]"), "amount"},
    {RULE(ETH "\"atMost\":[{\"asset\":\"native\",\"amount\":1}]"), "quotes"},
    {RULE(ETH "\"atMost\":[{\"asset\":\"native\",\"amount\":\"1."
              "0000000000000000001\"}]"),
     "18"},
    {RULE(ETH "\"atMost\":[{\"asset\":\"native\",\"units\":\"-1\"}]"), "digits"},
    {RULE(ETH
          "\"atMost\":[{\"asset\":\"0x000000000000000000000000000000000000dEaD\","
          "\"amount\":\"1\"}]"),
     "decimals"},
    {RULE(ETH
          "\"atMost\":[{\"asset\":\"native\",\"units\":\"1\",\"per\":\"key\"}]"),
     "not known"},
    {RULE(ETH "\"windows\":[{\"asset\":\"native\",\"units\":\"1\",\"minutes\":0,"
              "\"per\":\"key\"}]"),
     "minutes"},
    {RULE(ETH
          "\"windows\":[{\"asset\":\"native\",\"units\":\"1\",\"minutes\":99999,"
          "\"per\":\"key\"}]"),
     "minutes"},
    {RULE(ETH "\"windows\":[{\"asset\":\"native\",\"units\":\"1\",\"minutes\":60,"
              "\"per\":\"wallet\"}]"),
     "per"},
    {RULE("\"rates\":[{\"requests\":0,\"minutes\":60,\"per\":\"key\"}]"),
     "requests"},
    {RULE("\"rates\":[{\"requests\":1,\"minutes\":60}]"), "per"},
    {RULE("\"rates\":[7]"), "objects"},
    {RULE("\"feeAtMost\":\"1\""), "blockchains"},
    {RULE(ETH "\"feeAtMost\":\"many\""), "feeAtMost"},
    {RULE("\"above\":[{\"asset\":\"native\",\"units\":\"1\"}]"), "deny rule"},
    {DENY("\"atMost\":[{\"asset\":\"native\",\"units\":\"1\"}]"), "allow rule"},
    {DENY("\"rates\":[{\"requests\":1,\"minutes\":60,\"per\":\"key\"}]"),
     "allow rule"},
    {DENY(ETH "\"feeAtMost\":\"1\""), "allow rule"},
    {RULE("\"approvals\":true"), "approvals"},
    {RULE("\"hours\":{\"from\":\"9:00\",\"to\":\"17:00\"}"), "07:30"},
    {RULE("\"hours\":{\"from\":\"09:00\",\"to\":\"09:00\"}"), "07:30"},
    {RULE("\"hours\":{\"from\":\"09:60\",\"to\":\"10:00\"}"), "07:30"},
    {RULE("\"hours\":{\"from\":\"09:00\",\"to\":\"25:00\"}"), "07:30"},
    {RULE("\"hours\":{\"from\":\"09:00\",\"to\":\"10:00\",\"days\":[\"MO\"]}"),
     "days"},
    {RULE("\"hours\":{\"from\":\"09:00\",\"to\":\"10:00\",\"days\":[]}"), "days"},
    {RULE("\"hours\":{\"from\":\"09:00\",\"to\":\"10:00\",\"utcOffset\":\"CET\"}"),
     "utcOffset"},
    {RULE("\"hours\":{\"from\":\"09:00\",\"to\":\"10:00\",\"utcOffset\":\"+15:"
          "00\"}"),
     "utcOffset"},
    {RULE("\"comment\":1"), "comment"},
    {RULE("\"types\":[\"/cosmos.distribution.v1beta1.MsgWithdrawDelegat\"]"),
     "types[0]"}, /* 47 */
    {DENY("\"types\":[\"\"]"), "types[0]"},
    {RULE("\"paths\":[\"0/05\"]"), "paths[0]"},
    {RULE("\"paths\":[\"0/\"]"), "paths[0]"},
    {RULE("\"paths\":[\"/0\"]"), "paths[0]"},
    {RULE("\"paths\":[\"0//5\"]"), "paths[0]"},
    {DENY(ETH ABOVE("0xdAC17F958D2ee523a2206206994597C13D831eC7")), "asset"},
    {DENY(ETH ABOVE("USDT")), "asset"},
    {DENY(ETH ABOVE("NATIVE")), "asset"},
    {DENY(ABOVE("USDT")), "blockchains"},
    {DENY(XRPL ABOVE("RLUSD.rMxCKbEDwqr76QuheSUMdEGf4B9xJ8m5De")), "40 hex"},
    {DENY(XRPL ABOVE("USD.rMxCKbEDwqr76QuheSUMdEGf4B9xJ8m5DE")), "asset"},
    {DENY(XRPL ABOVE("rMxCKbEDwqr76QuheSUMdEGf4B9xJ8m5De")), "asset"},
    {DENY(XRPL ABOVE("MPT.00")), "asset"},
    {DENY("\"blockchains\":[\"BITCOIN\"]," ABOVE("RUNE")), "asset"},
    {DENY("\"blockchains\":[\"ALGORAND\"]," ABOVE("USDC")), "asset"},
    {DENY("\"blockchains\":[\"STELLAR\"]," ABOVE("USDC.G")), "asset"},
};
/* clang-format on */

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        struct cs_policy *p = load(bad[i].text);

        if (p != NULL) {
            fail_msg("accepted: %s", bad[i].text);
        }
        if (strstr(why.text, bad[i].word) == NULL && i > 0) {
            fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].text, why.text,
                     bad[i].word);
        }
    }
}

/* word NULL: there is no remark. */
static void says(const char *text, const char *word)
{
    struct cs_policy *p = load(text);

    if (p == NULL) {
        fail_msg("%s: %s", text, why.text);
    }
    if (word == NULL) {
        assert_null(cs_policy_remark(p, 0));
    } else {
        assert_non_null(strstr(cs_policy_remark(p, 0), word));
    }
    cs_policy_free(p);
}

static void what_is_perhaps_not_meant_is_remarked(void **state)
{
    struct cs_policy *p = load(RULE("\"kinds\":[\"RAW\",\"DIGEST\"]"));

    (void)state;
    assert_non_null(strstr(cs_policy_remark(p, 0), "any amount"));
    assert_non_null(strstr(cs_policy_remark(p, 1), "blind"));
    assert_null(cs_policy_remark(p, 2));
    cs_policy_free(p);
    p = load(RULE("\"atMost\":[{\"asset\":\"native\",\"units\":\"1\"}]"));
    assert_non_null(strstr(cs_policy_remark(p, 0), "fee"));
    assert_int_equal(cs_policy_longest(p), 0);
    cs_policy_free(p);
    says("{\"version\":1,\"default\":\"allow\",\"rules\":[{\"name\":\"r\",\"action\":"
         "\"allow\",\"rates\":[{\"requests\":1,\"minutes\":60,\"per\":\"key\"}]}]}",
         "limits nothing");
    says(RULE("\"kinds\":[\"TYPED_DATA\"]"), "permits");
    says(RULE("\"kinds\":[\"TYPED_DATA\"],\"approvals\":\"exclude\""), NULL);
    says(DENY("\"blockchains\":[\"SOLANA\"],\"destinations\":"
              "[\"11111111111111111111111111111111\"]"),
         "token account");
}

/* ---- numbers ------------------------------------------------------------------- */

static void numbers_are_exact_and_saturate(void **state)
{
    static const char max256[] =
        "11579208923731619542357098500868790785326998466564056403"
        "9457584007913129639935";
    struct cs_num a, c, max = cs_num_max();
    char text[CS_NUM_TEXT];

    (void)state;
    assert_int_equal(cs_num_parse(&a, max256), CS_OK);
    assert_string_equal(cs_num_text(text, &a), max256);
    c = cs_num_add(a, a);
    assert_true(cs_num_cmp(&c, &a) > 0);
    c = cs_num_add(max, a);
    assert_int_equal(cs_num_cmp(&c, &max), 0);
    assert_int_equal(cs_num_parse_whole(&a, "1.5", 18), CS_OK);
    assert_string_equal(cs_num_text(text, &a), "1500000000000000000");
    assert_int_equal(cs_num_parse_whole(&a, "0", 0), CS_OK);
    assert_string_equal(cs_num_text(text, &a), "0");
    assert_int_equal(cs_num_parse_whole(&a, "0.10", 2), CS_OK);
    assert_string_equal(cs_num_text(text, &a), "10");
}

static void what_is_no_number_is_refused(void **state)
{
    static const char *const none[] = {"",   "01",  "-1",  "+1",  " 1",    "1 ", "1.",
                                       ".5", "1e3", "0x1", "1,5", "1.2.3", "1.5"};
    struct cs_num n;
    char huge[120];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(none); i++) {
        assert_int_equal(cs_num_parse(&n, none[i]), CS_ERR_BAD_TEXT);
    }
    memset(huge, '9', sizeof huge);
    huge[sizeof huge - 1] = '\0';
    assert_int_equal(cs_num_parse(&n, huge), CS_ERR_BAD_TEXT);
    assert_int_equal(cs_num_parse_whole(&n, "1", 200), CS_ERR_BAD_TEXT);
}

/* ---- the ledger ---------------------------------------------------------------- */

enum { MINUTE = 60000 };

static void add(struct cs_ledger *l, uint8_t key, uint8_t asset, uint64_t minute,
                const char *units)
{
    struct cs_ledger_row row = {.minute = minute}, stored;

    row.key_id[0] = key;
    row.quorum_id[0] = (uint8_t)(key / 10);
    row.asset[0] = asset;
    assert_int_equal(cs_num_parse(&row.units, units), CS_OK);
    assert_int_equal(cs_ledger_add(l, &row, &stored), CS_OK);
}

static uint64_t count(const struct cs_ledger *l, uint8_t key, enum cs_policy_per per,
                      uint8_t asset, uint32_t minutes, int64_t now,
                      char units[CS_NUM_TEXT])
{
    struct cs_policy_ask ask = {.path = ""};
    struct cs_num sum = {{0}};
    uint8_t a[32] = {asset};
    uint64_t n = 0;

    ask.key_id[0] = key;
    ask.quorum_id[0] = (uint8_t)(key / 10);
    cs_ledger_sum(l, &ask, per, asset == 0 ? NULL : a, minutes, now, &sum, &n);
    (void)cs_num_text(units, &sum);
    return n;
}

static void windows_add_up_by_key_quorum_and_node(void **state)
{
    struct cs_ledger l = {0};
    char u[CS_NUM_TEXT];

    (void)state;
    add(&l, 11, 1, 100, "5");
    add(&l, 11, 1, 100, "6");
    add(&l, 12, 1, 101, "7");
    add(&l, 21, 1, 101, "8");
    add(&l, 11, 2, 101, "100");
    assert_int_equal(l.n, 4); /* a minute of a key and asset is one row */
    assert_int_equal(count(&l, 11, CS_PER_KEY, 1, 60, 101 * MINUTE, u), 2);
    assert_string_equal(u, "11");
    assert_int_equal(count(&l, 11, CS_PER_QUORUM, 1, 60, 101 * MINUTE, u), 3);
    assert_string_equal(u, "18");
    assert_int_equal(count(&l, 11, CS_PER_NODE, 1, 60, 101 * MINUTE, u), 4);
    assert_string_equal(u, "26");
    assert_int_equal(count(&l, 11, CS_PER_KEY, 0, 60, 101 * MINUTE, u), 3);
    cs_ledger_free(&l);
}

static void a_row_leaves_the_window_when_all_of_its_minute_has(void **state)
{
    struct cs_ledger l = {0};
    struct cs_ledger_row row;
    char u[CS_NUM_TEXT];

    (void)state;
    add(&l, 11, 1, 100, "5");
    assert_int_equal(count(&l, 11, CS_PER_KEY, 1, 60, 161 * MINUTE - 1, u), 1);
    assert_int_equal(count(&l, 11, CS_PER_KEY, 1, 60, 161 * MINUTE, u), 0);
    assert_int_equal(count(&l, 11, CS_PER_KEY, 1, 60, 0, u),
                     1); /* the clock went back */
    assert_false(cs_ledger_expire(&l, 161 * MINUTE - 1, 60, &row));
    assert_true(cs_ledger_expire(&l, 161 * MINUTE, 60, &row));
    assert_int_equal(row.minute, 100);
    assert_int_equal(l.n, 0);
    cs_ledger_free(&l);
}

static void rows_survive_their_record(void **state)
{
    struct cs_ledger_row row = {.minute = 29000000, .requests = 7}, back;
    uint8_t key[CS_LEDGER_KEY];
    struct cs_wr w = {0};

    (void)state;
    row.key_id[3] = 1;
    row.asset[4] = 2;
    row.quorum_id[5] = 3;
    row.units = cs_num_max();
    cs_ledger_key(key, &row);
    cs_ledger_encode(&w, &row);
    assert_int_equal(cs_ledger_decode(&back, CS_SPAN_OF(key), cs_wr_get(&w)), CS_OK);
    assert_memory_equal(&row, &back, sizeof row);
    for (size_t n = 0; n < w.n; n++) {
        assert_int_equal(cs_ledger_decode(&back, CS_SPAN_OF(key), CS_SPAN(w.p, n)),
                         CS_ERR_STORE_CORRUPT);
    }
    assert_int_equal(cs_ledger_decode(&back, CS_SPAN(key, 55), cs_wr_get(&w)),
                     CS_ERR_STORE_CORRUPT);
    cs_wr_free(&w);
}

static void the_ledger_is_bounded(void **state)
{
    struct cs_ledger_row row = {.requests = 1}, stored;
    struct cs_ledger l = {0};

    (void)state;
    for (uint64_t i = 0; i < CS_LEDGER_MAX; i++) {
        row.minute = i;
        assert_int_equal(cs_ledger_put(&l, &row), CS_OK);
    }
    row.minute = CS_LEDGER_MAX;
    assert_int_equal(cs_ledger_put(&l, &row), CS_ERR_FULL);
    assert_int_equal(cs_ledger_add(&l, &row, &stored), CS_ERR_FULL);
    cs_ledger_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_files_are_read),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(what_is_perhaps_not_meant_is_remarked),
        cmocka_unit_test(numbers_are_exact_and_saturate),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(windows_add_up_by_key_quorum_and_node),
        cmocka_unit_test(a_row_leaves_the_window_when_all_of_its_minute_has),
        cmocka_unit_test(rows_survive_their_record),
        cmocka_unit_test(the_ledger_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
