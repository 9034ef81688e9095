/* TRON: every row of the vectors, each check of the parser, what summaries say, TIP-191
 * messages; and the protobuf reader under it. */
#include "chain/pb.h"
#include "chain/tron.h"
#include "support/chains_rows.h"
#include "support/chains_sign.h"

static bool is_message(const json_t *row)
{
    return strstr(cs_vec_str(row, "kind"), "message") != NULL;
}

static void transactions_are_those_of_the_vectors(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0, n_messages = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        if (!chains_is(row, "TRON")) {
            continue;
        }
        if (is_message(row)) {
            chains_check_message(v, row);
            n_messages++;
        } else {
            struct cs_span p = cs_vec_hex(v, cs_vec_get(row, "unsigned"), "rawDataHex");
            struct cs_span s = cs_vec_hex(v, cs_vec_get(row, "signed"), "protobuf");

            chains_check_row(v, row, p, s);
            chains_check_others(v, row, p, s);
            n++;
        }
    }
    assert_int_equal(n, 7);
    assert_int_equal(n_messages, 2);
    cs_vec_close(v);
}

static void summaries_say_what_the_vectors_say(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        struct cs_chain_key key;
        struct cs_chain_tx tx;
        json_t *want;

        if (!chains_is(row, "TRON") || is_message(row)) {
            continue;
        }
        key = chains_row_key(v, row);
        want = cs_vec_get(row, "tx");
        assert_int_equal(
            cs_chain_decode(&tx, &key,
                            cs_vec_hex(v, cs_vec_get(row, "unsigned"), "rawDataHex"),
                            NULL),
            CS_OK);
        assert_string_equal(tx.from, cs_vec_str(row, "from"));
        assert_string_equal(tx.to, cs_vec_str(want, "to"));
        assert_true(tx.is_clear);
        if (json_object_get(want, "contract") != NULL) {
            assert_string_equal(tx.contract, cs_vec_str(want, "contract"));
            assert_string_equal(tx.units, cs_vec_str(want, "amount"));
            assert_int_equal(strtoll(tx.fee_units, NULL, 10),
                             cs_vec_int(want, "fee_limit"));
        } else {
            assert_string_equal(tx.units, cs_vec_str(want, "amountSun"));
            assert_string_equal(tx.asset, "TRX");
        }
        assert_int_equal(tx.memo[0] != '\0', json_object_get(want, "data") != NULL);
        cs_chain_tx_free(&tx);
    }
    cs_vec_close(v);
}

static void published_and_invalid_ones_of_the_vectors(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    struct cs_chain_key key = {0};
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "published"), i, row)
    {
        if (chains_is(row, "TRON")) {
            struct cs_chain_sig sig = {0};
            struct cs_chain_signed out;

            key = chains_key(CS_CHAIN_TRON, CS_CURVE_SECP256K1,
                             cs_vec_hex(v, row, "publicKeyHex"));
            memcpy(sig.rs, cs_vec_hex_n(v, row, "signatureHex", 64), 64);
            assert_int_equal(cs_chain_finish(&out, &key, cs_vec_hex(v, row, "payload"),
                                             &sig, 1, NULL),
                             CS_OK);
            assert_string_equal(out.txid, cs_vec_str(row, "digestHex"));
            cs_chain_signed_free(&out);
            n++;
        }
    }
    assert_int_equal(n, 1);
    json_array_foreach(cs_vec_get(v->root, "invalidTransactions"), i, row)
    {
        if (chains_is(row, "TRON")) {
            assert_int_equal(chains_decode(&key, cs_vec_hex(v, row, "hex"), NULL),
                             CS_ERR_CHAIN_TX);
            n++;
        }
    }
    assert_int_equal(n, 2);
    cs_vec_close(v);
}

/* ---- transactions made here ------------------------------------------------------ */

static const uint8_t secret[32] = {7};
static struct cs_chain_key own;
static char own_hex[2 * 21 + 1];

#define TO_HEX                                                                         \
    "41"                                                                               \
    "4242424242424242424242424242424242424242"

static int setup(void **state)
{
    uint8_t pub[33], raw[25];
    char address[CS_CHAIN_ADDRESS_MAX];

    (void)state;
    if (cs_crypto_init() != CS_OK) {
        return -1;
    }
    chains_k1_public(pub, secret);
    own = chains_key(CS_CHAIN_TRON, CS_CURVE_SECP256K1, CS_SPAN_OF(pub));
    assert_int_equal(cs_chain_address(address, &own, NULL), CS_OK);
    assert_int_equal(cs_unbase58check(raw, 21, CS_BASE58_BITCOIN, address), CS_OK);
    (void)cs_hex(own_hex, raw, 21);
    return 0;
}

struct made {
    uint64_t type;     /* 1 */
    const char *name;  /* fits the type 1 */
    const char *value; /* hex; "@" stands for the own address: a transfer */
    const char *head;  /* hex before the contract */
    const char *tail;  /* behind it */
    const char *extra; /* behind type and parameter */
};

/* Hex with @ for the own address. */
static void put_hex(struct cs_wr *w, const char *hex)
{
    for (; *hex != '\0'; hex++) {
        if (*hex == '@') {
            assert_int_equal(cs_unhex_wr(w, own_hex, 42), CS_OK);
        } else {
            assert_int_equal(cs_unhex_wr(w, hex, 2), CS_OK);
            hex++;
        }
    }
}

#define OWNER  "0a15@"
#define TARGET "1215" TO_HEX
#define A32    "6161616161616161616161616161616161616161616161616161616161616161"
#define BLOCK  "0a026f462208fd17a6ec00ce309440e380aaf88434"

static void make(struct cs_wr *w, struct made m)
{
    struct cs_wr any = {0}, value = {0}, contract = {0};
    char url[96];
    const char *name = m.name == NULL ? "TransferContract" : m.name;

    (void)snprintf(url, sizeof url, "type.googleapis.com/protocol.%s", name);
    put_hex(&value, m.value == NULL ? OWNER TARGET "1809" : m.value);
    cs_pb_put_bytes(&any, 1, CS_SPAN(url, strlen(url)));
    cs_pb_put_bytes(&any, 2, cs_wr_get(&value));
    cs_wr_u8(&contract, 0x08);
    cs_wr_u8(&contract, m.type == 0 ? 1 : (uint8_t)m.type);
    cs_pb_put_bytes(&contract, 2, cs_wr_get(&any));
    put_hex(&contract, m.extra == NULL ? "" : m.extra);
    *w = (struct cs_wr){0};
    put_hex(w, m.head == NULL ? BLOCK : m.head);
    cs_pb_put_bytes(w, 11, cs_wr_get(&contract));
    put_hex(w, m.tail != NULL ? m.tail : m.type == 31 ? "7001900164" : "7001");
    cs_wr_free(&any);
    cs_wr_free(&value);
    cs_wr_free(&contract);
}

static const struct {
    struct made m;
    enum cs_err code;
    const char *part;
} parser_cases[] = {
    {{.head = "0a026f46"
              "40e380aaf88434"},
     CS_ERR_CHAIN_TX,
     "refer to a block"},
    {{.head = "0a036f46aa2208fd17a6ec00ce309440e380aaf88434"},
     CS_ERR_CHAIN_TX,
     "refer to a block"},
    {{.head = "0a026f462208fd17a6ec00ce3094"}, CS_ERR_CHAIN_TX, "no expiration"},
    {{.head = "0a026f462208fd17a6ec00ce309440ffffffffffffffffff01"},
     CS_ERR_CHAIN_TX,
     "no expiration"},
    {{.head = "0a026f460a026f462208fd17a6ec00ce309440e380aaf88434"},
     CS_ERR_CHAIN_TX,
     "out of order"},
    {{.head = "2208fd17a6ec00ce30940a026f4640e380aaf88434"},
     CS_ERR_CHAIN_TX,
     "out of order"},
    {{.head = BLOCK "4a020801"}, CS_ERR_CHAIN_TX, "not understood"}, /* auths */
    {{.tail = "620101"}, CS_ERR_CHAIN_TX, "not understood"},         /* scripts */
    {{.tail = "5a00"}, CS_ERR_CHAIN_TX, "out of order"}, /* a second contract */
    {{.tail = ""}, CS_ERR_CHAIN_TX, "no timestamp"},
    {{.tail = "7001",
      .type = 31,
      .name = "TriggerSmartContract",
      .value = OWNER TARGET},
     CS_ERR_CHAIN_TX,
     "no fee limit"},
    {{.tail = "9001ffffffffffffffffff01"}, CS_ERR_CHAIN_TX, "negative"},
    {{.tail = "70ffffffffffffffffff01"}, CS_ERR_CHAIN_TX, "negative"},
    {{.tail = "9001808000"}, CS_ERR_CHAIN_TX, "malformed"}, /* long varint */
    {{.extra = "2802"}, CS_ERR_CHAIN_TX, "another permission"},
    {{.extra = "1a0101"}, CS_ERR_CHAIN_TX, "malformed"}, /* provider */
    {{.type = 3}, CS_ERR_CHAIN_TX, "type is not supported"},
    {{.type = 2}, CS_ERR_CHAIN_TX, "name differ"},
    {{.name = "TransferContracT"}, CS_ERR_CHAIN_TX, "name differ"},
    {{.value = OWNER TARGET}, CS_ERR_CHAIN_TX, "not positive"},
    {{.value = OWNER TARGET "1800"}, CS_ERR_CHAIN_TX, "not positive"},
    {{.value = OWNER TARGET "18ffffffffffffffffff01"}, CS_ERR_CHAIN_TX, "not positive"},
    {{.value = OWNER "1809"}, CS_ERR_CHAIN_TX, "recipient"},
    {{.value = OWNER "1214"
                     "4242424242424242424242424242424242424242"
                     "1809"},
     CS_ERR_CHAIN_TX,
     "recipient"},
    {{.value = OWNER "121542"
                     "4242424242424242424242424242424242424242"
                     "1809"},
     CS_ERR_CHAIN_TX,
     "recipient"},
    {{.value = TARGET "1809"}, CS_ERR_CHAIN_TX, "owner is not"},
    {{.value = "0a15" TO_HEX TARGET "1809"}, CS_ERR_CHAIN_SIGNER, "not the wallet's"},
    {{.value = OWNER OWNER TARGET "1809"}, CS_ERR_CHAIN_TX, "transfer is malformed"},
    {{.value = OWNER TARGET "1809"
                            "2001"},
     CS_ERR_CHAIN_TX,
     "transfer is malformed"},
    {{.type = 2,
      .name = "TransferAssetContract",
      .value = "0a21" A32 "61"
               "1215@1a15" TO_HEX "2009"},
     CS_ERR_CHAIN_TX,
     "asset transfer is malformed"},
    {{.type = 31,
      .name = "TriggerSmartContract",
      .value = OWNER TARGET "28ffffffffffffffffff01"},
     CS_ERR_CHAIN_TX,
     "negative amount"},
    {{.type = 2, .name = "TransferAssetContract", .value = "1215@1a15" TO_HEX "2009"},
     CS_ERR_CHAIN_TX,
     "asset transfer is malformed"},
    {{.type = 31, .name = "TriggerSmartContract", .value = OWNER "1809"},
     CS_ERR_CHAIN_TX,
     "names no contract"},
    {{.type = 31,
      .name = "TriggerSmartContract",
      .value = OWNER TARGET "18ffffffffffffffffff01"},
     CS_ERR_CHAIN_TX,
     "negative amount"},
    {{.type = 31, .name = "TriggerSmartContract", .value = OWNER TARGET "3a0101"},
     CS_ERR_CHAIN_TX,
     "contract call is malformed"},
    {{.type = 4, .name = "VoteWitnessContract", .value = TARGET},
     CS_ERR_CHAIN_TX,
     "names no owner"},
    {{.type = 4, .name = "VoteWitnessContract", .value = OWNER OWNER},
     CS_ERR_CHAIN_TX,
     "owner twice"},
    {{.type = 4, .name = "VoteWitnessContract", .value = "0a15" TO_HEX},
     CS_ERR_CHAIN_SIGNER,
     "not the wallet's"},
};

static void every_check_of_the_parser_has_its_sentence(void **state)
{

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(parser_cases); i++) {
        struct cs_wr w;

        make(&w, parser_cases[i].m);
        chains_refused(&own, cs_wr_get(&w), parser_cases[i].code, parser_cases[i].part);
        cs_wr_free(&w);
    }
    chains_refused(&own,
                   CS_SPAN("\x0a\2oF\x22\x08"
                           "12345678\x40\1",
                           16),
                   CS_ERR_CHAIN_TX, "no contract");
}

static void decode(struct cs_chain_tx *tx, struct made m)
{
    const char *why = NULL;
    struct cs_wr w;

    make(&w, m);
    if (cs_chain_decode(tx, &own, cs_wr_get(&w), &why) != CS_OK) {
        fail_msg("%s", why);
    }
    chains_check_summary(tx, cs_wr_get(&w));
    cs_wr_free(&w);
}

#define CALL(selector)                                                                 \
    "2244" selector "000000000000000000000000"                                         \
    "5151515151515151515151515151515151515151"                                         \
    "0000000000000000000000000000000000000000000000000000000000000009"

static void summaries_of_other_instructions(void **state)
{
    struct cs_chain_tx tx;

    (void)state;
    decode(&tx, (struct made){0});
    assert_string_equal(tx.kind, "transfer");
    assert_string_equal(tx.amount, "0.000009");
    assert_true(tx.is_clear);
    cs_chain_tx_free(&tx);
    decode(&tx, (struct made){.type = 2,
                              .name = "TransferAssetContract",
                              .value = "0a0731303030303031"
                                       "1215@"
                                       "1a15" TO_HEX "2009"});
    assert_string_equal(tx.kind, "token transfer");
    assert_string_equal(tx.contract, "1000001");
    assert_string_equal(tx.units, "9");
    assert_string_equal(tx.asset, "TRC10");
    cs_chain_tx_free(&tx);
    decode(&tx, (struct made){.type = 31,
                              .name = "TriggerSmartContract",
                              .value = OWNER TARGET CALL("095ea7b3")});
    assert_string_equal(tx.kind, "token approval");
    assert_true(tx.is_approval);
    assert_false(tx.is_clear);
    cs_chain_tx_free(&tx);
    decode(&tx, (struct made){.type = 31,
                              .name = "TriggerSmartContract",
                              .value = OWNER TARGET "1807" CALL("a9059cbb")});
    assert_string_equal(tx.kind, "contract call"); /* pays TRX too */
    assert_string_equal(tx.units, "7");
    assert_false(tx.is_clear);
    cs_chain_tx_free(&tx);
    decode(&tx, (struct made){.type = 31,
                              .name = "TriggerSmartContract",
                              .value = OWNER TARGET CALL("a9059cbb") "2805"});
    assert_string_equal(tx.kind, "contract call"); /* sends a token along */
    assert_non_null(strstr(tx.text, "sends 5 units"));
    assert_false(tx.is_clear);
    cs_chain_tx_free(&tx);
    decode(&tx, (struct made){.type = 54,
                              .name = "FreezeBalanceV2Contract",
                              .value = OWNER "1009"});
    assert_string_equal(tx.kind, "FreezeBalanceV2Contract");
    assert_false(tx.is_clear);
    assert_string_equal(tx.to, "");
    cs_chain_tx_free(&tx);
}

/* ---- protobuf -------------------------------------------------------------------- */

static void varints_are_shortest(void **state)
{
    static const struct {
        const char *hex;
        uint64_t v;
        bool ok;
    } cases[] = {
        {"0800", 0, true},
        {"087f", 127, true},
        {"088001", 128, true},
        {"088000", 0, false},
        {"08ff00", 0, false},
        {"08ffffffffffffffffff01", UINT64_MAX, true},
        {"08ffffffffffffffffff02", 0, false},
        {"08ffffffffffffffffff8100", 0, false},
        {"08", 0, false},
        {"0880", 0, false},
        {"00", 0, false},         /* field 0 */
        {"888000", 0, false},     /* long header */
        {"0900000000", 0, false}, /* other wire types */
        {"0b", 0, false},
        {"0d00000000", 0, false},
        {"0a0211", 0, false}, /* cut */
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        struct cs_pb_field f;
        struct cs_wr w = {0};
        struct cs_rd r;

        assert_int_equal(cs_unhex_wr(&w, cases[i].hex, strlen(cases[i].hex)), CS_OK);
        r = CS_RD(cs_wr_get(&w));
        assert_int_equal(cs_pb_next(&r, &f) && r.left == 0, cases[i].ok);
        assert_true(!cases[i].ok || f.varint == cases[i].v);
        cs_wr_free(&w);
    }
}

static void repeated_fields_stand_together(void **state)
{
    static const struct cs_pb_want wants[] = {{1, CS_PB_BYTES, true},
                                              {2, CS_PB_VARINT, false}};
    static const uint8_t good[] = {0x0a, 1, 'a', 0x0a, 1, 'b', 0x10, 3};
    static const uint8_t apart[] = {0x0a, 1, 'a', 0x10, 3, 0x0a, 1, 'b'};
    static const uint8_t twice[] = {0x10, 3, 0x10, 3};
    static const uint8_t wire[] = {0x08, 3};
    struct cs_pb_got g[2];

    (void)state;
    assert_true(cs_pb_read(CS_SPAN_OF(good), wants, 2, g));
    assert_int_equal(g[0].count, 2);
    assert_int_equal(g[0].bytes.n, 6);
    assert_int_equal(g[1].varint, 3);
    assert_false(cs_pb_read(CS_SPAN_OF(apart), wants, 2, g));
    assert_false(cs_pb_read(CS_SPAN_OF(twice), wants, 2, g));
    assert_false(cs_pb_read(CS_SPAN_OF(wire), wants, 2, g));
    assert_true(cs_pb_ok(CS_SPAN_OF(apart)));
    assert_false(cs_pb_ok(CS_SPAN(apart, 7)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transactions_are_those_of_the_vectors),
        cmocka_unit_test(summaries_say_what_the_vectors_say),
        cmocka_unit_test(published_and_invalid_ones_of_the_vectors),
        cmocka_unit_test(every_check_of_the_parser_has_its_sentence),
        cmocka_unit_test(summaries_of_other_instructions),
        cmocka_unit_test(varints_are_shortest),
        cmocka_unit_test(repeated_fields_stand_together),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
