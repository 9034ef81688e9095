/* The EVM chains: every row of the vectors in both payload forms, each check of the
 * parser, what summaries say, EIP-191 messages. */
#include "chain/evm.h"
#include "chain/impl.h"
#include "chain/rlp.h"
#include "crypto/keccak.h"
#include "support/chains_rows.h"

static bool is_evm(const json_t *row)
{
    return chains_is_evm(chains_id(cs_vec_str(row, "chain")));
}

static bool is_kind(const json_t *row, const char *part)
{
    return strstr(cs_vec_str(row, "kind"), part) != NULL;
}

static bool is_message(const json_t *row)
{
    return is_kind(row, "eip191") || is_kind(row, "eip712");
}

static void transactions_are_those_of_the_vectors(void **state)
{
    static const char *const forms[] = {"rlp", "gethUnsignedRlp"};
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        for (int f = 0; f < 2 && is_evm(row) && !is_message(row); f++) {
            struct cs_span payload = cs_vec_hex(v, cs_vec_get(row, "unsigned"),
                                                forms[f]);
            struct cs_span done = cs_vec_hex(v, cs_vec_get(row, "signed"), "rlp");

            if (f == 1 && strcmp(cs_vec_str(row, "network"), "custom") == 0) {
                continue; /* geth's legacy form names no chain id: see below */
            }
            chains_check_row(v, row, payload, done);
            chains_check_others(v, row, payload, done);
            n++;
        }
    }
    assert_int_equal(n, 2 * 17 - 1);
    cs_vec_close(v);
}

static void check_summary(struct cs_vec *v, const json_t *row)
{
    struct cs_chain_key key = chains_row_key(v, row);
    json_t *want = cs_vec_get(row, "tx");
    struct cs_chain_tx tx;
    bool has_to = json_is_string(cs_vec_get(want, "to"));
    const char *data = cs_vec_str(want, "data");
    char digits[32];

    assert_int_equal(cs_chain_decode(&tx, &key,
                                     cs_vec_hex(v, cs_vec_get(row, "unsigned"), "rlp"),
                                     NULL),
                     CS_OK);
    assert_string_equal(tx.from, cs_vec_str(row, "from"));
    assert_int_equal(tx.chain_id, cs_vec_int(want, "chainId"));
    (void)snprintf(digits, sizeof digits, "%lld", (long long)cs_vec_int(want, "nonce"));
    assert_string_equal(tx.sequence, digits);
    assert_int_equal(tx.has_selector, has_to && strlen(data) >= 10);
    if (strncmp(data, "0xa9059cbb", 10) == 0) {
        assert_string_equal(tx.contract, cs_vec_str(want, "to"));
        assert_string_equal(tx.kind, "token transfer");
        assert_true(tx.is_clear);
    } else {
        assert_string_equal(tx.units, cs_vec_str(want, "value"));
        assert_string_equal(tx.to, has_to ? cs_vec_str(want, "to") : "");
        assert_int_equal(tx.is_clear,
                         has_to && strcmp(data, "0x") == 0 && tx.chain_id < 1U << 31);
    }
    cs_chain_tx_free(&tx);
}

static void summaries_say_what_the_vectors_say(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        if (is_evm(row) && !is_message(row)) {
            check_summary(v, row);
        }
    }
    cs_vec_close(v);
}

static void messages_are_those_of_the_vectors(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    struct cs_chain_tx tx;
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        if (!is_evm(row) || !is_kind(row, "eip191")) {
            continue;
        }
        if (is_kind(row, "eip191") && strstr(cs_vec_str(row, "id"), "binary") != NULL) {
            struct cs_chain_key key = chains_row_key(v,
                                                     row); /* only texts are signed */
            struct cs_span m = cs_vec_hex(v, cs_vec_get(row, "unsigned"), "message");

            assert_int_equal(cs_chain_plaintext(&tx, &key, m, NULL),
                             CS_ERR_CHAIN_MESSAGE);
        } else if (cs_vec_hex(v, cs_vec_get(row, "unsigned"), "message").n > 0) {
            chains_check_message(v, row);
            n++;
        }
    }
    assert_true(n >= 4);
    cs_vec_close(v);
}

static void invalid_transactions_of_the_vectors_are_refused(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    json_t *secp = cs_vec_get(cs_vec_get(v->root, "keys"), "secp256k1");
    struct cs_chain_key key = chains_key(
        CS_CHAIN_ETHEREUM, CS_CURVE_SECP256K1,
        cs_vec_hex(v, json_array_get(secp, 0), "publicKey"));
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "invalidTransactions"), i, row)
    {
        if (is_evm(row)) {
            assert_int_equal(chains_decode(&key, cs_vec_hex(v, row, "hex"), NULL),
                             CS_ERR_CHAIN_TX);
            n++;
        }
    }
    assert_int_equal(n, 8);
    cs_vec_close(v);
}

/* The example of EIP-155, byte for byte. */
static void the_example_of_eip155_comes_out(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "published"), i, row)
    {
        struct cs_chain_sig sig = {0};
        struct cs_chain_signed out;
        struct cs_chain_key key;
        struct cs_span want;

        if (strcmp(cs_vec_str(row, "source"), "EIP-155 example") != 0) {
            continue;
        }
        key = chains_key(CS_CHAIN_ETHEREUM, CS_CURVE_SECP256K1,
                         cs_vec_hex(v, row, "publicKeyHex"));
        memcpy(sig.rs, cs_vec_hex_n(v, row, "signatureHex", 64), 64);
        assert_int_equal(
            cs_chain_finish(&out, &key, cs_vec_hex(v, row, "payload"), &sig, 1, NULL),
            CS_OK);
        want = cs_vec_hex(v, row, "signedRlp");
        assert_int_equal(out.bytes.n, want.n);
        assert_memory_equal(out.bytes.p, want.p, want.n);
        cs_chain_signed_free(&out);
        n++;
    }
    assert_int_equal(n, 1);
    cs_vec_close(v);
}

/* ---- transactions made here -------------------------------------------------- */

#define TO   "943535353535353535353535353535353535353535"
#define TO_N "3535353535353535353535353535353535353535"

static struct cs_chain_key own;

static int setup(void **state)
{
    static const uint8_t g[33] = {0x02, 0xf9, 0x30, 0x8a, 0x01, 0x92, 0x58, 0xc3, 0x10,
                                  0x49, 0x34, 0x4f, 0x85, 0xf8, 0x9d, 0x52, 0x29, 0xb5,
                                  0x31, 0xc8, 0x45, 0x83, 0x6f, 0x99, 0xb0, 0x86, 0x01,
                                  0xf1, 0x13, 0xbc, 0xe0, 0x36, 0xf9}; /* 3 * G */

    (void)state;
    if (cs_crypto_init() != CS_OK) {
        return -1;
    }
    own = chains_key(CS_CHAIN_ETHEREUM, CS_CURVE_SECP256K1, CS_SPAN_OF(g));
    return 0;
}

/* type "": legacy; then the list of the fields, given as hex of their encodings. */
static void make(struct cs_wr *w, const char *type, const char *fields)
{
    struct cs_wr body = {0};

    *w = (struct cs_wr){0};
    assert_int_equal(cs_unhex_wr(&body, fields, strlen(fields)), CS_OK);
    assert_int_equal(cs_unhex_wr(w, type, strlen(type)), CS_OK);
    cs_rlp_put_list(w, body.n);
    cs_wr_span(w, cs_wr_get(&body));
    cs_wr_free(&body);
}

/* Empty strings, as many as the name says. */
#define E16 "80808080808080808080808080808080"
#define E19 E16 "808080"
#define E20 E16 "80808080"
#define E32 E16 E16

static const struct {
    const char *type, *fields, *part;
} parser_cases[] = {
    /* legacy: nonce price gas to value data v r s */
    {"", "0901825208" TO "0180", "six fields"},
    {"",
     "0901825208" TO "0180"
     "01",
     "nine fields"},
    {"",
     "0901825208" TO "0180"
     "01808080",
     "nine fields"},
    {"",
     "0901825208" TO "0180"
     "018001",
     "signed already"},
    {"",
     "0901825208" TO "0180"
     "010180",
     "signed already"},
    {"",
     "0901825208" TO "0180"
     "258101",
     "one canonical RLP list"}, /* 01 as 8101 */
    {"",
     "0901825208" TO "0180"
     "008080",
     "chain id"}, /* 00 is not zero */
    {"",
     "0901825208" TO "0180"
     "88ffffffffffffffff8080",
     "chain id"},
    {"",
     "0901825208" TO "0180"
     "89010000000000000000"
     "8080",
     "chain id"},
    {"",
     "0901825208" TO "0180"
     "c08080",
     "chain id"},
    {"",
     "0901825208" TO "0180"
     "81898080",
     "another blockchain"}, /* Polygon */
    {"",
     "0001825208" TO "0180"
     "018080",
     "nonce"},
    {"",
     "88ffffffffffffffff01825208" TO "0180"
     "018080",
     "nonce"},
    {"",
     "0900825208" TO "0180"
     "018080",
     "gas price"},
    {"",
     "09c0825208" TO "0180"
     "018080",
     "gas price"},
    {"",
     "0901820008" TO "0180"
     "018080",
     "gas limit"},
    {"",
     "0901c0" TO "0180"
     "018080",
     "gas limit"},
    {"",
     "090182520893" TO_N "3501"
     "80018080",
     NULL},
    {"",
     "0901825208"
     "c0"
     "0180"
     "018080",
     "recipient"},
    {"", "0901825208d4" E20 "0180018080", "recipient"},
    {"",
     "0901825208"
     "01"
     "0180"
     "018080",
     "recipient"},
    {"",
     "0901825208" TO "0080"
     "018080",
     "value"},
    {"",
     "0901825208" TO "c080"
     "018080",
     "value"},
    {"",
     "0901825208" TO
     "a1010101010101010101010101010101010101010101010101010101010101010101"
     "80018080",
     "value"},
    {"",
     "0901825208" TO "01c0"
     "018080",
     "byte string"},
    {"",
     "0901825208"
     "80"
     "0180"
     "018080",
     "neither"},
    /* 1559: chain nonce tip max gas to value data access */
    {"02",
     "010901"
     "02"
     "825208" TO "0180"
     "80",
     "access list is not a list"},
    {"02",
     "010901"
     "02"
     "825208" TO "0180"
     "c180",
     "access list is malformed"},
    {"02",
     "010901"
     "02"
     "825208" TO "0180"
     "c3c2"
     "c0c0",
     "access list is malformed"},
    {"02",
     "010901"
     "02"
     "825208" TO "0180"
     "d7d6" TO "01",
     "access list is malformed"},
    {"02",
     "010901"
     "02"
     "825208" TO "0180"
     "d8d7" TO "c101",
     "access list is malf"},
    {"02",
     "010901"
     "02"
     "825208" TO "0180"
     "d8d7" TO "c0c0",
     "access list is malf"},
    {"02",
     "010901"
     "02"
     "825208" TO "0180"
     "f838f7" TO "e1e0" E32,
     "access list is malf"},
    {"02",
     "010901"
     "02"
     "825208" TO "0180"
     "edd6" TO "c0d5" TO,
     "access list is malf"},
    {"02",
     "010901"
     "02"
     "825208" TO "0180"
     "d7d6d4" E20 "c0",
     "access list is malf"},
    {"02",
     "010901"
     "02"
     "825208" TO "0180"
     "d6d593" E19 "c0",
     "access list is malf"},
    {"02",
     "010903"
     "02"
     "825208" TO "0180"
     "c0",
     "priority fee is above"},
    {"02",
     "0109820100"
     "02"
     "825208" TO "0180"
     "c0",
     "priority fee is above"},
    {"02",
     "0109c0"
     "02"
     "825208" TO "0180"
     "c0",
     "priority fee is not"},
    {"02",
     "800901"
     "02"
     "825208" TO "0180"
     "c0",
     "chain id"},
    {"02",
     "010901"
     "02"
     "825208" TO "0180",
     "number of fields"},
    {"02",
     "010901"
     "02"
     "825208" TO "0180"
     "c0808080",
     "number of fields"},
    {"01",
     "010902"
     "825208" TO "0180"
     "c0"
     "80",
     "number of fields"},
    {"03",
     "010901"
     "02"
     "825208" TO "0180"
     "c0",
     "not supported"},
    {"04",
     "010901"
     "02"
     "825208" TO "0180"
     "c0",
     "not supported"},
    {"00",
     "010901"
     "02"
     "825208" TO "0180"
     "c0",
     "not supported"},
};

static void every_check_of_the_parser_has_its_sentence(void **state)
{

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(parser_cases); i++) {
        struct cs_wr w;

        make(&w, parser_cases[i].type, parser_cases[i].fields);
        if (parser_cases[i].part == NULL) {
            assert_int_equal(chains_decode(&own, cs_wr_get(&w), NULL), CS_ERR_CHAIN_TX);
        } else {
            chains_refused(&own, cs_wr_get(&w), CS_ERR_CHAIN_TX, parser_cases[i].part);
        }
        cs_wr_free(&w);
    }
}

/* The same fields that are refused above decode when they are right. */
static void the_right_ones_decode(void **state)
{
    static const struct {
        const char *type, *fields;
    } cases[] = {
        {"", "0901825208" TO "0180"
             "018080"},
        {"", "0901825208" TO "0180"
             "808080"},
        {"02", "010902"
               "02"
               "825208" TO "0180"
               "c0"},
        {"02", "010980"
               "80"
               "825208" TO "0180"
               "d7d6" TO "c0"},
        {"01", "010902"
               "825208" TO "0180"
               "c0"},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        const char *why = NULL;
        struct cs_wr w;

        make(&w, cases[i].type, cases[i].fields);
        if (chains_decode(&own, cs_wr_get(&w), &why) != CS_OK) {
            fail_msg("%zu: %s", i, why);
        }
        chains_cut_everywhere(&own, cs_wr_get(&w));
        cs_wr_free(&w);
    }
}

static void geths_form_takes_no_signature_and_no_other_wrapping(void **state)
{
    static const char *const tails[] = {"018080", "800180", "808001"};
    struct cs_wr w, s = {0};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(tails); i++) {
        char fields[256];

        (void)snprintf(fields, sizeof fields, "%s%s", "01090102825208" TO "0180c0",
                       tails[i]);
        make(&w, "02", fields);
        cs_wr_reset(&s);
        cs_rlp_put_string(&s, cs_wr_get(&w));
        chains_refused(&own, cs_wr_get(&s), CS_ERR_CHAIN_TX, "signed already");
        cs_wr_free(&w);
    }
    make(&w, "02", "01090102825208" TO "0180c0"); /* the signing payload in a string */
    cs_wr_reset(&s);
    cs_rlp_put_string(&s, cs_wr_get(&w));
    chains_refused(&own, cs_wr_get(&s), CS_ERR_CHAIN_TX, "three empty ones");
    cs_wr_u8(&s, 0);
    chains_refused(&own, cs_wr_get(&s), CS_ERR_CHAIN_TX, "one canonical RLP string");
    cs_wr_free(&s);
    cs_wr_free(&w);
}

/* Without a chain id the wallet's is signed: never a transaction for every chain. */
static void geths_legacy_form_gets_the_wallets_chain_id(void **state)
{
    struct cs_chain_key key = own;
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    make(&w, "", "0901825208" TO "0180808080");
    key.chain = CS_CHAIN_BNBCHAIN;
    assert_int_equal(cs_chain_decode(&tx, &key, cs_wr_get(&w), NULL), CS_OK);
    assert_int_equal(tx.chain_id, 56);
    assert_true(tx.is_clear);
    cs_chain_tx_free(&tx);
    key.net = CS_CHAIN_TESTNET;
    assert_int_equal(cs_chain_decode(&tx, &key, cs_wr_get(&w), NULL), CS_OK);
    assert_int_equal(tx.chain_id, 97);
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

static void unknown_chain_ids_are_shown_and_not_clear(void **state)
{
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    make(&w, "02", "82053909010282520894" TO_N "0180c0"); /* 1337 */
    assert_int_equal(cs_chain_decode(&tx, &own, cs_wr_get(&w), NULL), CS_OK);
    assert_int_equal(tx.chain_id, 1337);
    assert_false(tx.is_clear);
    assert_non_null(strstr(tx.text, "chain id 1337, which is not known"));
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

/* ---- calls ------------------------------------------------------------------- */

#define WORD_TO                                                                        \
    "000000000000000000000000"                                                         \
    "4242424242424242424242424242424242424242"
#define WORD_BY                                                                        \
    "000000000000000000000000"                                                         \
    "5151515151515151515151515151515151515151"
#define WORD_BAD                                                                       \
    "000000000000000000000001"                                                         \
    "4242424242424242424242424242424242424242"
#define WORD_9   "0000000000000000000000000000000000000000000000000000000000000009"
#define WORD_MAX "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static void decode_call(struct cs_chain_tx *tx, const char *value, const char *data)
{
    struct cs_wr w, bytes = {0};
    char fields[1024];
    char hex[800];

    assert_int_equal(cs_unhex_wr(&bytes, data, strlen(data)), CS_OK);
    w = (struct cs_wr){0};
    cs_rlp_put_string(&w, cs_wr_get(&bytes));
    (void)cs_hex(hex, w.p, w.n);
    (void)snprintf(fields, sizeof fields, "01090102825208" TO "%s%sc0", value, hex);
    cs_wr_free(&w);
    make(&w, "02", fields);
    assert_int_equal(cs_chain_decode(tx, &own, cs_wr_get(&w), NULL), CS_OK);
    cs_wr_free(&w);
    cs_wr_free(&bytes);
}

static void token_calls_are_understood(void **state)
{
    static const struct {
        const char *value, *data, *kind, *units;
        bool is_clear, is_token;
    } cases[] = {
        {"80", "a9059cbb" WORD_TO WORD_9, "token transfer", "9", true, true},
        {"80", "095ea7b3" WORD_TO WORD_MAX, "token approval",
         "11579208923731619542357098500868790785326998466564056403945758400791312963993"
         "5",
         false, true},
        {"80", "23b872dd" WORD_BY WORD_TO WORD_9, "token transfer of another's tokens",
         "9", false, true},
        {"05", "a9059cbb" WORD_TO WORD_9, "contract call", "5", false, false},
        {"80", "a9059cbb" WORD_BAD WORD_9, "contract call", "0", false, false},
        {"80", "a9059cbb" WORD_TO, "contract call", "0", false, false},
        {"80", "a9059cbb" WORD_TO WORD_9 "00", "contract call", "0", false, false},
        {"80", "23b872dd" WORD_BAD WORD_TO WORD_9, "contract call", "0", false, false},
        {"80", "12345678", "contract call", "0", false, false},
        {"80", "1234", "contract call", "0", false, false},
    };
    struct cs_chain_tx tx;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        decode_call(&tx, cases[i].value, cases[i].data);
        assert_string_equal(tx.kind, cases[i].kind);
        assert_string_equal(tx.units, cases[i].units);
        assert_int_equal(tx.is_clear, cases[i].is_clear);
        assert_int_equal(tx.contract[0] != '\0', cases[i].is_token);
        assert_int_equal(tx.to[2], cases[i].is_token ? '4' : '3');
        assert_int_equal(tx.has_selector, strlen(cases[i].data) >= 8);
        assert_int_equal(tx.from[2] == '5', cases[i].data[0] == '2' && tx.contract[0]);
        cs_chain_tx_free(&tx);
    }
}

/* Also those that are not understood: bytes behind the arguments, coins along with it,
 * other functions. */
static void approvals_are_seen(void **state)
{
    static const struct {
        const char *value, *data;
        bool is_approval;
    } cases[] = {
        {"80", "095ea7b3" WORD_TO WORD_MAX, true},
        {"80", "095ea7b3" WORD_TO WORD_MAX "00", true},
        {"05", "095ea7b3" WORD_TO WORD_MAX, true},
        {"80", "095ea7b3", true},
        {"80", "39509351" WORD_TO WORD_9, true},
        {"80", "d73dd623" WORD_TO WORD_9, true},
        {"80", "a22cb465" WORD_TO WORD_9, true},
        {"80", "d505accf" WORD_TO WORD_9, true},
        {"80", "8fcbaf0c" WORD_TO WORD_9, true},
        {"80", "87517c45" WORD_TO WORD_9, true},
        {"80", "a9059cbb" WORD_TO WORD_9, false},
        {"80", "23b872dd" WORD_BY WORD_TO WORD_9, false},
        {"80", "12345678" WORD_TO WORD_9, false},
        {"80", "095ea7", false},
    };
    struct cs_chain_tx tx;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        decode_call(&tx, cases[i].value, cases[i].data);
        assert_int_equal(tx.is_approval, cases[i].is_approval);
        assert_true(!tx.is_approval || !tx.is_clear);
        cs_chain_tx_free(&tx);
    }
}

static void the_largest_fee_is_exact(void **state)
{
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    make(&w, "",
         "09a0" WORD_MAX "88ffffffffffffffff" TO "0180"
         "018080");
    assert_int_equal(cs_chain_decode(&tx, &own, cs_wr_get(&w), NULL), CS_OK);
    /* (2^256 - 1) * (2^64 - 1) */
    assert_string_equal(tx.fee_units,
                        "21359870359209100822792296169322359191791335373479648"
                        "62093771623156579161741164519270975247745025");
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

/* ---- messages and addresses ---------------------------------------------------- */

static void transactions_in_hex_with_0x_are_no_message(void **state)
{
    struct cs_wr w, text = {0};
    struct cs_chain_tx tx;

    (void)state;
    make(&w, "02", "01090102825208" TO "0180c0");
    cs_wr_str(&text, "0x");
    cs_wr_hex(&text, cs_wr_get(&w));
    assert_int_equal(cs_chain_plaintext(&tx, &own, cs_wr_get(&text), NULL),
                     CS_ERR_CHAIN_MESSAGE);
    text.p[1] = 'X';
    assert_int_equal(cs_chain_plaintext(&tx, &own, cs_wr_get(&text), NULL),
                     CS_ERR_CHAIN_MESSAGE);
    text.p[1] = 'y'; /* a text again */
    assert_int_equal(cs_chain_plaintext(&tx, &own, cs_wr_get(&text), NULL), CS_OK);
    cs_chain_tx_free(&tx);
    cs_wr_free(&text);
    cs_wr_free(&w);
    chains_starve_plaintext(&own, CS_SPAN_LIT("hello"), false);
}

static void addresses_without_a_checksum_are_taken(void **state)
{
    static const char mixed[] = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
    char text[sizeof mixed];

    (void)state;
    assert_int_equal(cs_chain_address_check(CS_CHAIN_POLYGON, mixed, NULL), CS_OK);
    for (size_t i = 0; i < sizeof mixed; i++) {
        text[i] = mixed[i] >= 'A' && mixed[i] <= 'F' ? (char)(mixed[i] + 32) : mixed[i];
    }
    assert_int_equal(cs_chain_address_check(CS_CHAIN_ONE_MONEY, text, NULL), CS_OK);
    text[3] = 'F'; /* mixed case again, and wrong */
    text[2] = 'F';
    assert_int_equal(cs_chain_address_check(CS_CHAIN_BASE, text, NULL),
                     CS_ERR_CHAIN_ADDRESS);
}

static void one_money_has_addresses_only(void **state)
{
    struct cs_chain_key key = own;
    char a[CS_CHAIN_ADDRESS_MAX], b[CS_CHAIN_ADDRESS_MAX];
    struct cs_chain_tx tx;
    const char *why = NULL;

    (void)state;
    key.chain = CS_CHAIN_ONE_MONEY;
    assert_int_equal(cs_chain_address(a, &key, NULL), CS_OK);
    assert_int_equal(cs_chain_address(b, &own, NULL), CS_OK);
    assert_string_equal(a, b);
    assert_int_equal(cs_chain_decode(&tx, &key, CS_SPAN_LIT("x"), &why),
                     CS_ERR_CHAIN_UNKNOWN);
    assert_non_null(strstr(why, "only addresses"));
    assert_int_equal(cs_chain_plaintext(&tx, &key, CS_SPAN_LIT("x"), &why),
                     CS_ERR_CHAIN_UNKNOWN);
    assert_false(cs_chain_info(CS_CHAIN_ONE_MONEY)->can_sign);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transactions_are_those_of_the_vectors),
        cmocka_unit_test(summaries_say_what_the_vectors_say),
        cmocka_unit_test(messages_are_those_of_the_vectors),
        cmocka_unit_test(invalid_transactions_of_the_vectors_are_refused),
        cmocka_unit_test(the_example_of_eip155_comes_out),
        cmocka_unit_test(every_check_of_the_parser_has_its_sentence),
        cmocka_unit_test(the_right_ones_decode),
        cmocka_unit_test(geths_form_takes_no_signature_and_no_other_wrapping),
        cmocka_unit_test(geths_legacy_form_gets_the_wallets_chain_id),
        cmocka_unit_test(unknown_chain_ids_are_shown_and_not_clear),
        cmocka_unit_test(token_calls_are_understood),
        cmocka_unit_test(approvals_are_seen),
        cmocka_unit_test(the_largest_fee_is_exact),
        cmocka_unit_test(transactions_in_hex_with_0x_are_no_message),
        cmocka_unit_test(addresses_without_a_checksum_are_taken),
        cmocka_unit_test(one_money_has_addresses_only),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
