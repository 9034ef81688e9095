/* Amino JSON sign documents of the Cosmos chains: the vectors' row, what is canonical,
 * what is refused. */
#include "support/chains_rows.h"
#include "support/chains_sign.h"

static const uint8_t secret[32] = {5};

static struct cs_chain_key own_key(void)
{
    uint8_t pub[33];

    chains_k1_public(pub, secret);
    return chains_key(CS_CHAIN_COSMOS_HUB, CS_CURVE_SECP256K1, CS_SPAN_OF(pub));
}

static void the_vectors_row_comes_out(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        json_t *text = json_object_get(cs_vec_get(row, "unsigned"), "aminoJson");
        struct cs_span payload, done;

        if (text == NULL) {
            continue;
        }
        payload = CS_SPAN(json_string_value(text), json_string_length(text));
        done = cs_vec_hex(v, cs_vec_get(row, "signed"), "txRaw");
        chains_check_row(v, row, payload, done);
        chains_check_others(v, row, payload, done);
        n++;
    }
    assert_int_equal(n, 1);
    cs_vec_close(v);
}

/* ---- documents made here ----------------------------------------------------- */

#define TO "cosmos1nq6e554g8ny73gmgk8saymjml5ufvfequmu8ez"
#define MESSAGE                                                                        \
    "{\"type\":\"cosmos-sdk/MsgSend\",\"value\":{\"amount\":[{\"amount\":\"15\","      \
    "\"denom\":\"uatom\"}],\"from_address\":\"%s\",\"to_address\":\"" TO "\"}}"
#define FEE "{\"amount\":[{\"amount\":\"7\",\"denom\":\"uatom\"}],\"gas\":\"9\"}"
#define DOCUMENT(number, chain, fee, memo, messages, sequence, more)                   \
    "{\"account_number\":" number ",\"chain_id\":" chain ",\"fee\":" fee               \
    ",\"memo\":" memo ",\"msgs\":[" messages "],\"sequence\":" sequence more "}"
#define GOOD DOCUMENT("\"1\"", "\"c-1\"", FEE, "\"m\"", MESSAGE, "\"2\"", "")

/* The format's %s is the own address, up to twice. */
static size_t make(char out[4096], const char *format)
{
    struct cs_chain_key key = own_key();
    char own[CS_CHAIN_ADDRESS_MAX];
    const char *from = format;
    size_t n = 0;

    assert_int_equal(cs_chain_address(own, &key, NULL), CS_OK);
    while (*from != '\0') {
        if (from[0] == '%' && from[1] == 's') {
            n += (size_t)snprintf(out + n, 4096 - n, "%s", own);
            from += 2;
        } else {
            out[n++] = *from++;
        }
        assert_true(n < 4000);
    }
    out[n] = '\0';
    return n;
}

static void taken(struct cs_chain_tx *tx, const char *format)
{
    struct cs_chain_key key = own_key();
    const char *why = NULL;
    char text[4096];
    size_t n = make(text, format);

    if (cs_chain_decode(tx, &key, CS_SPAN(text, n), &why) != CS_OK) {
        fail_msg("%s: %s", text, why);
    }
    assert_int_equal(tx->items[0].data.n, n);
    assert_memory_equal(tx->items[0].data.p, text, n);
}

static void refused(const char *format, enum cs_err code, const char *part)
{
    struct cs_chain_key key = own_key();
    char text[4096];
    size_t n = make(text, format);

    chains_refused(&key, CS_SPAN(text, n), code, part);
}

static void summaries_say_what_is_sent(void **state)
{
    struct cs_chain_tx tx;

    (void)state;
    taken(&tx, GOOD);
    assert_true(tx.is_clear);
    assert_string_equal(tx.to, TO);
    assert_string_equal(tx.units, "15");
    assert_string_equal(tx.amount, "0.000015");
    assert_string_equal(tx.fee_units, "7");
    assert_string_equal(tx.memo, "m");
    assert_string_equal(tx.sequence, "2");
    assert_non_null(strstr(tx.text, "chain c-1"));
    cs_chain_tx_free(&tx);
    taken(&tx, DOCUMENT("\"0\"", "\"c-1\"", FEE, "\"\"", MESSAGE "," MESSAGE, "\"0\"",
                        ",\"timeout_height\":\"77\""));
    assert_string_equal(tx.valid_until, "77");
    assert_int_equal(tx.n_instructions, 2);
    assert_string_equal(tx.to, "");
    cs_chain_tx_free(&tx);
}

static void escapes_are_gos(void **state)
{
    struct cs_chain_tx tx;

    (void)state;
    taken(&tx,
          DOCUMENT("\"1\"", "\"c-1\"", FEE,
                   "\"\\u003c\\u003e\\u0026\\u2028\\u2029\\n\\r\\t\\\"\\\\/\xc3\xa4\"",
                   MESSAGE, "\"2\"", ""));
    cs_chain_tx_free(&tx);
}

static void other_forms_are_refused(void **state)
{
    static const char *const memos[] = {
        "\"<\"",   "\">\"",       "\"&\"",       "\"\\u003C\"",
        "\"\\/\"", "\"\\u0041\"", "\"\\u000a\"", "\"\xe2\x80\xa8\"",
        "\"\\b\"", "\"\\u0008\"", "\"\\f\"",     "\"\\u00e4\"",
        "7",       "null",        "\"\x7f\""};
    char text[2048];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(memos); i++) {
        (void)snprintf(text, sizeof text,
                       "{\"account_number\":\"1\",\"chain_id\":\"c-1\",\"fee\":" FEE
                       ",\"memo\":%s,\"msgs\":[" MESSAGE "],\"sequence\":\"2\"}",
                       memos[i], "%s");
        refused(text, CS_ERR_CHAIN_TX, "canonical form");
    }
    refused(GOOD " ", CS_ERR_CHAIN_TX, "canonical form");
    refused(DOCUMENT("\"1\"", "\"c-1\" ", FEE, "\"m\"", MESSAGE, "\"2\"", ""),
            CS_ERR_CHAIN_TX, "canonical form");
    refused(
        DOCUMENT("\"1\"", "\"c-1\"", FEE, "\"m\"", MESSAGE, "\"2\"", ",\"x\":\"1\""),
        CS_ERR_CHAIN_TX, "canonical form");
    refused(DOCUMENT("\"1\"", "\"c-1\"", FEE, "\"m\"", MESSAGE, "\"2\"",
                     ",\"sequence\":\"3\""),
            CS_ERR_CHAIN_TX, "a key repeats");
    refused("{\"chain_id\":\"c-1\",\"account_number\":\"1\",\"fee\":" FEE
            ",\"memo\":\"m\",\"msgs\":[" MESSAGE "],\"sequence\":\"2\"}",
            CS_ERR_CHAIN_TX, "canonical form");
    refused("{}", CS_ERR_CHAIN_TX, "canonical form");
    refused("{", CS_ERR_CHAIN_TX, "not valid JSON");
}

#define FEE_MORE(more)                                                                 \
    "{\"amount\":[{\"amount\":\"7\",\"denom\":\"uatom\"}],\"gas\":\"9\"" more "}"

static void what_it_does_not_hold_is_refused(void **state)
{
    (void)state;
    refused(DOCUMENT("\"1\"", "\"c-1\"", FEE_MORE(",\"granter\":\"" TO "\""), "\"m\"",
                     MESSAGE, "\"2\"", ""),
            CS_ERR_CHAIN_TX, "canonical form");
    refused(DOCUMENT("\"1\"", "\"c-1\"", FEE, "\"m\"",
                     "{\"type\":\"sign/MsgSignData\",\"value\":{\"data\":\"\","
                     "\"signer\":\"%s\"}}",
                     "\"2\"", ""),
            CS_ERR_CHAIN_TX, "bank sends");
    refused(DOCUMENT("\"1\"", "\"c-1\"", FEE, "\"m\"",
                     "{\"type\":\"cosmos-sdk/MsgMultiSend\",\"value\":{}}", "\"2\"",
                     ""),
            CS_ERR_CHAIN_TX, "bank sends");
    refused(DOCUMENT("\"1\"", "\"c-1\"", FEE, "\"m\"", "", "\"2\"", ""),
            CS_ERR_CHAIN_TX, "no message");
    refused(DOCUMENT("\"1\"", "\"\"", FEE, "\"m\"", MESSAGE, "\"2\"", ""),
            CS_ERR_CHAIN_TX, "chain id");
    refused(DOCUMENT("\"1\"", "\"c-1\"", FEE, "\"m\"",
                     "{\"type\":\"cosmos-sdk/MsgSend\",\"value\":{\"amount\":[{"
                     "\"amount\":\"15\",\"denom\":\"uatom\"}],\"from_address\":\"" TO
                     "\",\"to_address\":\"" TO "\"}}",
                     "\"2\"", ""),
            CS_ERR_CHAIN_SIGNER, "sender");
    refused(DOCUMENT("\"1\"", "\"c-1\"", FEE, "\"m\"",
                     "{\"type\":\"cosmos-sdk/MsgSend\",\"value\":{\"amount\":[{"
                     "\"amount\":\"015\",\"denom\":\"uatom\"}],\"from_address\":\"%s\","
                     "\"to_address\":\"" TO "\"}}",
                     "\"2\"", ""),
            CS_ERR_CHAIN_TX, "amount is malformed");
}

static void numbers_are_64_bits(void **state)
{
    static const char *const bad[] = {"\"\"",
                                      "\"01\"",
                                      "\"-1\"",
                                      "\"1x\"",
                                      "\"0x1\"",
                                      "\" 1\"",
                                      "\"18446744073709551616\""};
    struct cs_chain_tx tx;
    char text[2048];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        for (int field = 0; field < 4; field++) {
            (void)snprintf(
                text, sizeof text,
                "{\"account_number\":%s,\"chain_id\":\"c-1\",\"fee\":{\"amount\":[],"
                "\"gas\":%s},\"memo\":\"\",\"msgs\":[" MESSAGE "],\"sequence\":%s,"
                "\"timeout_height\":%s}",
                field == 0 ? bad[i] : "\"1\"", field == 1 ? bad[i] : "\"1\"", "%s",
                field == 2 ? bad[i] : "\"1\"", field == 3 ? bad[i] : "\"1\"");
            refused(text, CS_ERR_CHAIN_TX, "64 bits");
        }
    }
    refused(DOCUMENT("\"1\"", "\"c-1\"", FEE, "\"m\"", MESSAGE, "\"2\"",
                     ",\"timeout_height\":\"0\""),
            CS_ERR_CHAIN_TX, "64 bits");
    refused(DOCUMENT("1", "\"c-1\"", FEE, "\"m\"", MESSAGE, "\"2\"", ""),
            CS_ERR_CHAIN_TX, "canonical form");
    taken(&tx, DOCUMENT("\"18446744073709551615\"", "\"c-1\"", FEE, "\"m\"", MESSAGE,
                        "\"18446744073709551615\"", ""));
    cs_chain_tx_free(&tx);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_row_comes_out),
        cmocka_unit_test(summaries_say_what_is_sent),
        cmocka_unit_test(escapes_are_gos),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(what_it_does_not_hold_is_refused),
        cmocka_unit_test(numbers_are_64_bits),
    };

    return cmocka_run_group_tests_name("chain/cosmos_amino", tests, NULL, NULL);
}
