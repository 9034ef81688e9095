/* XRP_LEDGER: every check of the binary format and of a transaction's fields, by its
 * own sentence, and what the summary says. */
#include "chain/xrp.h"
#include "support/xrp_made.h"

#define USD    "0000000000000000000000005553440000000000"
#define ISSUER "1111111111111111111111111111111111111111"
#define IOU(v) v USD ISSUER
#define ONE    "D4838D7EA4C68000" /* 1, canonical */
#define SIX(x) x x x x x x

static void the_made_payment_decodes(void **state)
{
    struct cs_chain_tx tx;

    (void)state;
    decoded(&tx, (struct blob){0});
    assert_string_equal(tx.kind, "Payment");
    assert_string_equal(tx.amount, "1");
    assert_string_equal(tx.units, "1000000");
    assert_string_equal(tx.fee, "0.00001");
    assert_string_equal(tx.fee_units, "10");
    assert_string_equal(tx.sequence, "1");
    assert_string_equal(tx.from, tx.signer);
    assert_false(tx.has_tag);
    assert_true(tx.is_clear);
    cs_chain_tx_free(&tx);
}

/* ---- fields ---------------------------------------------------------------- */

static void headers_are_shortest_known_ordered_and_single(void **state)
{
    (void)state;
    refused((struct blob){.u32 = "20022400000001"}, "shortest form");
    refused((struct blob){.type = "00010200"}, "shortest form");
    refused((struct blob){.rest = "00081FEE"}, "shortest form");
    refused((struct blob){.u32 = "202D000000002400000001"}, "not defined"); /* 45 */
    refused((struct blob){.rest = "90"}, "middle of a field");
    refused((struct blob){.before = "D1"}, "not defined"); /* no such type */
    refused((struct blob){.before = "E1"}, "not defined"); /* stray end marker */
    refused((struct blob){.before = "F1"}, "not defined");
    refused((struct blob){.u32 = "24000000012200000000"}, "canonical order");
    refused((struct blob){.u32 = "22000000002200000000"}, "field twice");
    refused((struct blob){.u32 = "2400000001240000000124"}, "field twice");
    refused((struct blob){.rest = "00"}, "middle of a field");
    refused((struct blob){.rest = "0010"}, "middle of a field");
    refused((struct blob){.rest = "001001"},
            "shortest form"); /* 16, 1 fits 3 nibbles */
}

static void lengths_are_checked(void **state)
{
    (void)state;
    refused((struct blob){.blobs = "77FF"}, "malformed length");
    refused((struct blob){.blobs = "77C1"}, "middle of a field");
    refused((struct blob){.blobs = "77FE"}, "middle of a field");
    refused((struct blob){.rest = "01131F"}, "middle of a field"); /* Vector256 */
    refused((struct blob){.to = "8313"
                                "22222222222222222222222222222222222222"},
            "not 20 bytes");
    refused((struct blob){.to = "8300"}, "not 20 bytes");
    refused((struct blob){.rest = "031301AA"}, "multiple of 32");
}

/* 192, 193, 12480 and 12481 bytes: one, two, two and three bytes of length. */
static void long_blobs_have_their_lengths_form(void **state)
{
    static const struct {
        size_t n;
        uint8_t prefix[3], size;
    } cases[] = {
        {192, {192}, 1},
        {193, {193, 0}, 2},
        {12480, {240, 255}, 2},
        {12481, {241, 0, 0}, 3},
        {100000, {242, 0x55, 0xdf}, 3},
    };
    struct cs_wr w, all = {0};
    struct cs_chain_tx tx;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        make(&w, &(struct blob){.account = "", .to = ""});
        cs_wr_reset(&all);
        cs_wr_span(&all, cs_wr_get(&w));
        cs_wr_free(&w);
        cs_wr_u8(&all, 0x77); /* Domain */
        cs_wr_bytes(&all, cases[i].prefix, cases[i].size);
        memset(cs_wr_room(&all, cases[i].n), 'd', cases[i].n);
        make(&w,
             &(struct blob){.type = "", .u32 = "", .amount = "", .fee = "", .pub = ""});
        cs_wr_span(&all, cs_wr_get(&w));
        cs_wr_free(&w);
        assert_int_equal(cs_chain_decode(&tx, &fix.own, cs_wr_get(&all), NULL), CS_OK);
        assert_false(tx.is_clear); /* a Payment has no Domain in clear form */
        cs_chain_tx_free(&tx);
    }
    cs_wr_free(&all);
}

static void objects_and_arrays_are_checked(void **state)
{
    static const char deep[] = SIX("EAEA") SIX("E1E1"); /* twelve levels */

    (void)state;
    refused((struct blob){.rest = "F9EA7D01AAE1"}, "middle of a field"); /* no F1 */
    refused((struct blob){.rest = "F9EA7D01AA"}, "middle of a field");   /* no E1 */
    refused((struct blob){.rest = "F9EA7D01AAF1"}, "not defined");
    refused((struct blob){.rest = "F97D01AAF1"}, "not an object");
    refused((struct blob){.rest = "F9EA7D01AA7C01BBE1F1"}, "canonical order");
    refused((struct blob){.rest = "F9EA7D01AA7D01BBE1F1"}, "field twice");
    refused((struct blob){.rest = deep}, "too deeply");
}

static void paths_issues_and_bridges_are_checked(void **state)
{
    struct cs_chain_tx tx;

    (void)state;
    refused((struct blob){.rest = "011200"}, "path is empty");
    refused((struct blob){.rest = "011201" ISSUER "FF00"}, "path is empty");
    refused((struct blob){.rest = "011202" ISSUER "00"}, "unknown kind");
    refused((struct blob){.rest = "011231" ISSUER "00"}, "middle of a field");
    refused((struct blob){.rest = "011201" ISSUER}, "middle of a field");
    decoded(&tx, (struct blob){.rest = "011201" ISSUER "FF31" ISSUER USD ISSUER "00"});
    assert_false(tx.is_clear);
    cs_chain_tx_free(&tx);
    /* Asset (24, 3): XRP, issued, MPT */
    decoded(&tx, (struct blob){.rest = "0318"
                                       "0000000000000000000000000000000000000000"});
    cs_chain_tx_free(&tx);
    decoded(&tx, (struct blob){.rest = "0318" USD ISSUER});
    cs_chain_tx_free(&tx);
    decoded(&tx, (struct blob){.rest = "0318" ISSUER
                                       "0000000000000000000000000000000000000001"
                                       "01000000"});
    cs_chain_tx_free(&tx);
    refused((struct blob){.rest = "0318" USD}, "middle of a field");
    refused(
        (struct blob){.rest = "0318" ISSUER "0000000000000000000000000000000000000001"},
        "middle of a field");
    /* XChainBridge (25, 1) */
    decoded(&tx, (struct blob){.rest = "011914" ISSUER
                                       "0000000000000000000000000000000000000000"
                                       "14" ISSUER USD ISSUER});
    cs_chain_tx_free(&tx);
    refused((struct blob){.rest = "011913" ISSUER}, "not 20 bytes");
    refused((struct blob){.rest = "011914" ISSUER}, "middle of a field");
}

/* One field of each other fixed size, last in the blob: whole, and a byte short. */
static void fixed_sizes_are_known(void **state)
{
    static const struct {
        const char *before, *rest; /* header */
        size_t n;
    } cases[] = {
        {"31", NULL, 8},     /* UInt64 */
        {"41", NULL, 16},    /* Hash128 */
        {"51", NULL, 32},    /* Hash256 */
        {NULL, "91", 12},    /* Number */
        {NULL, "A1", 4},     /* Int32 */
        {NULL, "001001", 0}, /* replaced below: needs 16 and up */
        {NULL, "001010", 1}, /* UInt8, code 16 */
        {NULL, "0111", 20},  /* Hash160 */
        {NULL, "0115", 24},  /* Hash192 */
        {NULL, "011A", 20},  /* Currency */
    };
    char hex[128];
    struct cs_chain_tx tx;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        const char *head = cases[i].before != NULL ? cases[i].before : cases[i].rest;
        size_t at = strlen(head);

        if (cases[i].n == 0) {
            continue;
        }
        memset(hex, '1', sizeof hex);
        memcpy(hex, head, at);
        hex[at + 2 * cases[i].n] = '\0';
        decoded(&tx, cases[i].before != NULL ? (struct blob){.before = hex}
                                             : (struct blob){.rest = hex});
        cs_chain_tx_free(&tx);
        if (cases[i].rest != NULL) {
            hex[at + 2 * cases[i].n - 2] = '\0';
            refused((struct blob){.rest = hex}, "middle of a field");
        }
    }
}

/* ---- amounts --------------------------------------------------------------- */

static void amounts_are_canonical(void **state)
{
    (void)state;
    refused((struct blob){.amount = "6100000000000F4240"}, "negative");
    refused((struct blob){.amount = "61416345785D8A0001"}, "more XRP than there is");
    refused((struct blob){.amount = "614000000000000000"}, "not positive");
    refused((struct blob){.amount = "61" IOU("8000000000000000")}, "not positive");
    refused((struct blob){.amount = "61" IOU("94838D7EA4C68000")}, "not positive");
    refused((struct blob){.amount = "61" IOU("C000000000000000")}, "another form");
    refused((struct blob){.amount = "61" IOU("D480000000000000")}, "another form");
    refused((struct blob){.amount = "61" IOU("D4838D7EA4C67FFF")}, "canonical form");
    refused((struct blob){.amount = "61" IOU("D4A386F26FC10000")}, "canonical form");
    refused((struct blob){.amount = "61" IOU("C0038D7EA4C68000")}, "canonical form");
    refused((struct blob){.amount = "61" IOU("EC838D7EA4C68000")}, "canonical form");
    refused((struct blob){.amount = "61" ONE
                                    "0000000000000000000000000000000000000000" ISSUER},
            "names no currency");
    refused((struct blob){.amount = "61" ONE
                                    "0000000000000000000000005852500000000000" ISSUER},
            "currency XRP");
    refused((struct blob){.amount = "61208000000000000000" ISSUER "11111111"},
            "negative or out of range");
    refused((struct blob){.amount = "61608000000000000000" ISSUER "11111111"},
            "negative or out of range");
    refused((struct blob){.amount = "61700000000000000001" ISSUER "11111111"},
            "negative or out of range");
    refused((struct blob){.amount = "61600000000000000000" ISSUER "11111111"},
            "not positive");
    refused((struct blob){.fee = "68" IOU(ONE)}, "something else than XRP");
}

static void cut_amounts_are_refused(void **state)
{
    static const char *const last[] = {"69", "6940", ("69" ONE USD),
                                       "6960000000000000000111"};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(last); i++) {
        refused((struct blob){.after = last[i], .pub = "", .account = "", .to = ""},
                "middle of an amount");
    }
}

static void issued_and_token_amounts_are_shown(void **state)
{
    struct cs_chain_tx tx;

    (void)state;
    decoded(&tx, (struct blob){.amount = "61" IOU("D51B6783114FB200")});
    assert_string_equal(tx.amount, "771.3637");
    assert_string_equal(tx.units, "");
    assert_string_equal(tx.asset, "USD");
    assert_string_equal(tx.contract, "rpZNAnHcvr6TbaY7QJa9yrVfu6coDz9pPH");
    assert_true(tx.is_clear);
    cs_chain_tx_free(&tx);
    decoded(&tx,
            (struct blob){.amount = "61" ONE
                                    "0158415500000000C1F76FF6ECB0BAC600000000" ISSUER});
    assert_string_equal(tx.asset, "0158415500000000c1f76ff6ecb0bac600000000");
    cs_chain_tx_free(&tx);
    decoded(&tx,
            (struct blob){.amount = "61" ONE
                                    "0000000000000000000000005520440000000000" ISSUER});
    assert_string_equal(tx.asset, "0000000000000000000000005520440000000000"); /* U D */
    cs_chain_tx_free(&tx);
    decoded(&tx, (struct blob){.amount = "6160000000000000007B00000001" ISSUER});
    assert_string_equal(tx.amount, "123");
    assert_string_equal(tx.units, "123");
    assert_string_equal(tx.asset, "MPT");
    assert_string_equal(tx.contract, "00000001" ISSUER);
    cs_chain_tx_free(&tx);
}

/* The widest amounts there are: 1e-81 and 9999999999999999e80. */
static void extreme_issued_amounts_fit(void **state)
{
    struct cs_chain_tx tx;

    (void)state;
    decoded(&tx, (struct blob){.amount = "61" IOU("C0438D7EA4C68000")});
    assert_int_equal(strlen(tx.amount), 2 + 81);
    assert_string_equal(tx.amount + 80, "001");
    cs_chain_tx_free(&tx);
    decoded(&tx, (struct blob){.amount = "61" IOU("EC6386F26FC0FFFF")});
    assert_int_equal(strlen(tx.amount), 96);
    assert_true(strncmp(tx.amount, "99999999999999990", 17) == 0);
    cs_chain_tx_free(&tx);
}

/* ---- what a transaction must have ------------------------------------------ */

static void required_fields_are_required(void **state)
{
    struct cs_span none = CS_SPAN_LIT("STX\0");

    (void)state;
    refused((struct blob){.type = ""}, "no TransactionType");
    refused((struct blob){.u32 = "2200000000"}, "no Sequence");
    refused((struct blob){.fee = ""}, "no Fee");
    refused((struct blob){.account = ""}, "no Account");
    refused((struct blob){.pub = ""}, "no SigningPubKey");
    refused((struct blob){.to = ""}, "no Destination");
    refused((struct blob){.amount = ""}, "no Amount");
    chains_refused(&fix.own, none, CS_ERR_CHAIN_TX, "transaction is empty");
}

static void transaction_types_are_those_that_people_submit(void **state)
{
    struct cs_chain_tx tx;

    (void)state;
    refused((struct blob){.type = "120006"}, "nobody can submit");
    refused((struct blob){.type = "120064"}, "nobody can submit"); /* EnableAmendment */
    refused((struct blob){.type = "12FFFF"}, "nobody can submit");
    refused((struct blob){.type = "120100"},
            "nobody can submit"); /* not Payment + 256 */
    decoded(&tx, (struct blob){.type = "120003", .amount = "", .to = ""});
    assert_string_equal(tx.kind, "AccountSet");
    assert_string_equal(tx.to, "");
    assert_string_equal(tx.amount, "");
    assert_false(tx.is_clear);
    cs_chain_tx_free(&tx);
}

static void signatures_and_multi_signing_are_refused(void **state)
{
    (void)state;
    refused((struct blob){.blobs = "7401AA"}, "TxnSignature is there");
    refused((struct blob){.rest = "F3F1"}, "Signers is there");
    refused((struct blob){.blobs = "7601AA"}, "does not cover");   /* Signature */
    refused((struct blob){.blobs = "701201AA"}, "does not cover"); /* MasterSignature */
    refused((struct blob){.rest = "F01FF1"}, "does not cover");    /* BatchSigners */
    refused((struct blob){.rest = "E025E1"}, "does not cover");    /* Counterparty.. */
    refused((struct blob){.rest = "E026E1"}, "does not cover"); /* SponsorSignature */
    refused((struct blob){.pub = "7300"}, "empty SigningPubKey");
}

static void the_signer_is_the_own_key(void **state)
{
    char other[80] = "7321ED";

    (void)state;
    refused_code(&(struct blob){.account = "8114" ISSUER}, CS_ERR_CHAIN_SIGNER,
                 "Account of the XRP Ledger");
    refused_code(&(struct blob){.to = TO "8C14" ISSUER}, CS_ERR_CHAIN_SIGNER,
                 "Delegate");
    cs_hex(other + 6, fix.other.pub, 32);
    refused_code(&(struct blob){.pub = other}, CS_ERR_CHAIN_SIGNER, "SigningPubKey of");
    cs_hex(other + 6, fix.own.pub, 32);
    memcpy(other, "7320", 4); /* without ED */
    memmove(other + 4, other + 6, 65);
    refused_code(&(struct blob){.pub = other}, CS_ERR_CHAIN_SIGNER, "SigningPubKey of");
    (void)snprintf(other, sizeof other, "7322ED"); /* and a byte behind it */
    cs_hex(other + 6, fix.own.pub, 32);
    memcpy(other + 70, "00", 3);
    refused_code(&(struct blob){.pub = other}, CS_ERR_CHAIN_SIGNER, "SigningPubKey of");
}

/* ---- summaries ------------------------------------------------------------- */

static void tags_ledgers_networks_and_memos_are_shown(void **state)
{
    struct cs_chain_tx tx;

    (void)state;
    decoded(&tx, (struct blob){.u32 = "21000053592200000000"
                                      "2300000007"
                                      "2400000005"
                                      "2E0000002A"
                                      "201B00000063",
                               .rest = "F9EA7C0161E1EA7D0568656C6C6FE1EA7D0178E1F1"});
    assert_true(tx.has_tag);
    assert_int_equal(tx.tag, 42);
    assert_int_equal(tx.chain_id, 21337);
    assert_string_equal(tx.sequence, "5");
    assert_string_equal(tx.valid_until, "99");
    assert_string_equal(tx.memo, "hello"); /* the first memo has a type only */
    assert_true(tx.is_clear);
    assert_non_null(strstr(tx.text, " tag 42;"));
    assert_non_null(strstr(tx.text, "sequence 5; valid until ledger 99; network 21337; "
                                    "memo: hello"));
    cs_chain_tx_free(&tx);
    decoded(&tx, (struct blob){.u32 = "2200000000"
                                      "2400000000"
                                      "202900000009"});
    assert_string_equal(tx.sequence, "ticket 9");
    cs_chain_tx_free(&tx);
    decoded(&tx, (struct blob){.u32 = "2E00000000", .type = "1200002400000001"});
    assert_true(tx.has_tag); /* tag 0 is a tag */
    assert_int_equal(tx.tag, 0);
    cs_chain_tx_free(&tx);
}

static void spending_another_currency_is_said_and_not_clear(void **state)
{
    struct cs_chain_tx tx;

    (void)state;
    decoded(&tx, (struct blob){.after = "69" IOU(ONE)});
    assert_non_null(strstr(tx.text, "spends at most 1 USD issued by rpZNAnH"));
    assert_false(tx.is_clear);
    cs_chain_tx_free(&tx);
    decoded(&tx, (struct blob){.u32 = "22000200002400000001"});
    assert_non_null(strstr(tx.text, "partial payment"));
    assert_false(tx.is_clear);
    cs_chain_tx_free(&tx);
    decoded(&tx, (struct blob){.u32 = "22800000002400000001"}); /* fully canonical */
    assert_true(tx.is_clear);
    cs_chain_tx_free(&tx);
}

static void other_types_name_their_amounts(void **state)
{
    struct cs_chain_tx tx;

    (void)state;
    decoded(&tx, (struct blob){.type = "120014",
                               .amount = "63" IOU("94838D7EA4C68000"),
                               .to = ""});
    assert_string_equal(tx.kind, "TrustSet");
    assert_non_null(strstr(tx.text, "limit -1 USD"));
    cs_chain_tx_free(&tx);
    decoded(&tx, (struct blob){.type = "120007",
                               .amount = "6440000000000F4240"
                                         "65" IOU(ONE),
                               .to = ""});
    assert_non_null(strstr(tx.text, "taker pays 1 XRP"));
    assert_non_null(strstr(tx.text, "taker gets 1 USD"));
    cs_chain_tx_free(&tx);
    decoded(&tx, (struct blob){.type = "120001"});
    assert_string_equal(tx.kind, "EscrowCreate");
    assert_string_equal(tx.units, "1000000");
    assert_false(tx.is_clear);
    cs_chain_tx_free(&tx);
}

static void every_type_has_a_name_that_fits(void **state)
{
    struct cs_chain_tx tx;
    char type[8];
    size_t n = 0;

    (void)state;
    for (unsigned i = 1; i < 256; i++) {
        const char *name = cs_xrp_type_name(i);

        if (name != NULL) {
            (void)snprintf(type, sizeof type, "1200%02X", i);
            decoded(&tx, (struct blob){.type = type});
            assert_string_equal(tx.kind, name);
            cs_chain_tx_free(&tx);
            n++;
        }
    }
    assert_int_equal(n, 78);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_made_payment_decodes),
        cmocka_unit_test(headers_are_shortest_known_ordered_and_single),
        cmocka_unit_test(lengths_are_checked),
        cmocka_unit_test(long_blobs_have_their_lengths_form),
        cmocka_unit_test(objects_and_arrays_are_checked),
        cmocka_unit_test(paths_issues_and_bridges_are_checked),
        cmocka_unit_test(fixed_sizes_are_known),
        cmocka_unit_test(amounts_are_canonical),
        cmocka_unit_test(cut_amounts_are_refused),
        cmocka_unit_test(issued_and_token_amounts_are_shown),
        cmocka_unit_test(extreme_issued_amounts_fit),
        cmocka_unit_test(required_fields_are_required),
        cmocka_unit_test(transaction_types_are_those_that_people_submit),
        cmocka_unit_test(signatures_and_multi_signing_are_refused),
        cmocka_unit_test(the_signer_is_the_own_key),
        cmocka_unit_test(tags_ledgers_networks_and_memos_are_shown),
        cmocka_unit_test(spending_another_currency_is_said_and_not_clear),
        cmocka_unit_test(other_types_name_their_amounts),
        cmocka_unit_test(every_type_has_a_name_that_fits),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
