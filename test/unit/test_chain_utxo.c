/* Bitcoin and its relatives: every row of the vectors whose inputs belong to one key,
 * the digests of all others, what summaries say, final encodings, messages.  The checks
 * of the PSBT parser: test_chain_utxo_psbt.c. */
#include "support/chains_rows.h"
#include "support/utxo_made.h"

static bool is_utxo(const json_t *row)
{
    return chains_is_utxo(chains_id(cs_vec_str(row, "chain")));
}

static const struct {
    const char *word;
    enum cs_chain_format format;
    enum cs_utxo_kind kind;
} kinds[] = {
    {"p2wpkh", CS_CHAIN_FORMAT_P2WPKH, CS_UTXO_P2WPKH},
    {"p2tr", CS_CHAIN_FORMAT_P2TR, CS_UTXO_P2TR},
    {"p2pkh", CS_CHAIN_FORMAT_P2PKH, CS_UTXO_P2PKH},
    {"p2sh-p2wpkh", CS_CHAIN_FORMAT_P2SH_P2WPKH, CS_UTXO_P2SH_P2WPKH},
};

static size_t kind_of(const char *word)
{
    for (size_t i = 0; i < CS_COUNTOF(kinds); i++) {
        if (strcmp(kinds[i].word, word) == 0) {
            return i;
        }
    }
    return CS_COUNTOF(kinds);
}

static json_t *ins_of(const json_t *row)
{
    return cs_vec_get(cs_vec_get(row, "tx"), "inputs");
}

/* One wallet's: the same key and the same kind of address for all inputs. */
static bool is_one_key(const json_t *row)
{
    const char *key = cs_vec_str(json_array_get(ins_of(row), 0), "keyId");
    size_t i;
    json_t *in;

    json_array_foreach(ins_of(row), i, in)
    {
        if (strcmp(cs_vec_str(in, "keyId"), key) != 0) {
            return false;
        }
    }
    return kind_of(cs_vec_str(row, "kind")) < CS_COUNTOF(kinds);
}

static struct cs_chain_key key_of(struct cs_vec *v, const json_t *row)
{
    struct cs_chain_key key;
    const char *kind = cs_vec_str(json_array_get(ins_of(row), 0), "kind");

    key = chains_key(chains_id(cs_vec_str(row, "chain")), CS_CURVE_SECP256K1,
                     cs_vec_hex(v, json_array_get(ins_of(row), 0), "publicKey"));
    key.format = kinds[kind_of(kind)].format;
    if (strcmp(cs_vec_str(row, "network"), "mainnet") != 0) {
        key.net = CS_CHAIN_TESTNET;
    }
    return key;
}

/* Bitcoin Cash's rows have no PSBT: the transaction, and each input's previous one. */
static void make_psbt(struct cs_wr *w, struct cs_vec *v, const json_t *row)
{
    struct cs_span tx = cs_vec_hex(v, cs_vec_get(row, "unsigned"), "txHex");
    json_t *in;
    size_t i;

    cs_wr_bytes(w, "psbt\xff\1\0", 7);
    cs_wr_compact_span(w, tx);
    cs_wr_u8(w, 0);
    json_array_foreach(ins_of(row), i, in)
    {
        cs_wr_bytes(w, "\1\0", 2);
        cs_wr_compact_span(w, cs_vec_hex(v, in, "prevTx"));
        cs_wr_u8(w, 0);
    }
    json_array_foreach(cs_vec_get(cs_vec_get(row, "tx"), "outputs"), i, in)
    {
        cs_wr_u8(w, 0);
    }
}

static void payload_of(struct cs_wr *w, struct cs_vec *v, const json_t *row)
{
    json_t *psbt = json_object_get(cs_vec_get(row, "unsigned"), "psbtBase64");

    *w = (struct cs_wr){0};
    if (psbt == NULL) {
        make_psbt(w, v, row);
        return;
    }
    assert_int_equal(cs_unb64(w, json_string_value(psbt), json_string_length(psbt)),
                     CS_OK);
}

static void check_items(struct cs_vec *v, const json_t *row,
                        const struct cs_chain_tx *tx)
{
    size_t i;
    json_t *s;

    assert_int_equal(tx->n_items, json_array_size(cs_vec_get(row, "sign")));
    json_array_foreach(cs_vec_get(row, "sign"), i, s)
    {
        const struct cs_chain_item *item = &tx->items[i];

        assert_int_equal(item->index, cs_vec_int(s, "inputIndex"));
        chains_check_item(v, s, item);
        assert_int_equal(item->scheme, strcmp(cs_vec_str(s, "scheme"), "bip340") == 0
                                           ? CS_CHAIN_SCHEME_BIP340
                                           : CS_CHAIN_SCHEME_ECDSA);
        assert_int_equal(item->has_tweak, item->scheme == CS_CHAIN_SCHEME_BIP340);
        if (item->has_tweak) {
            assert_memory_equal(item->tweak, cs_vec_hex_n(v, s, "tapTweak", 32), 32);
        }
    }
}

static void check_signed(struct cs_vec *v, const json_t *row,
                         const struct cs_chain_key *key, struct cs_span payload)
{
    struct cs_span want = cs_vec_hex(v, cs_vec_get(row, "signed"), "txHex");
    size_t i, n = json_array_size(cs_vec_get(row, "sign"));
    struct cs_chain_sig sigs[8] = {0};
    struct cs_chain_signed out;
    const char *why = NULL;
    json_t *s;

    assert_true(n <= CS_COUNTOF(sigs));
    json_array_foreach(cs_vec_get(row, "sign"), i, s)
    {
        memcpy(sigs[i].rs, cs_vec_hex_n(v, s, "signature", 64), 64);
    }
    if (cs_chain_finish(&out, key, payload, sigs, n, &why) != CS_OK) {
        fail_msg("%s: %s", cs_vec_str(row, "id"), why);
    }
    assert_int_equal(out.bytes.n, want.n);
    assert_memory_equal(out.bytes.p, want.p, want.n);
    assert_string_equal(out.txid, cs_vec_str(cs_vec_get(row, "signed"), "txid"));
    chains_starve_all(key, payload, sigs, n, out.txid);
    assert_int_equal(chains_decode(key, cs_wr_get(&out.bytes), NULL), CS_ERR_CHAIN_TX);
    chains_not_plaintext(key, cs_wr_get(&out.bytes));
    cs_chain_signed_free(&out);
    for (i = 0; i < n; i++) {
        sigs[i].rs[7] ^= 1;
        assert_int_equal(cs_chain_finish(&out, key, payload, sigs, n, &why),
                         CS_ERR_SIG_INVALID);
        sigs[i].rs[7] ^= 1;
    }
    assert_int_equal(cs_chain_finish(&out, key, payload, sigs, n - 1, &why),
                     CS_ERR_SIG_INVALID);
}

static void transactions_are_those_of_the_vectors(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        struct cs_chain_key key;
        const char *why = NULL;
        struct cs_chain_tx tx;
        struct cs_wr w;

        if (!is_utxo(row) || !is_one_key(row)) {
            continue;
        }
        key = key_of(v, row);
        payload_of(&w, v, row);
        if (cs_chain_decode(&tx, &key, cs_wr_get(&w), &why) != CS_OK) {
            fail_msg("%s: %s", cs_vec_str(row, "id"), why);
        }
        chains_check_summary(&tx, cs_wr_get(&w));
        assert_string_equal(tx.signer,
                            cs_vec_str(json_array_get(ins_of(row), 0), "address"));
        check_items(v, row, &tx);
        cs_chain_tx_free(&tx);
        check_signed(v, row, &key, cs_wr_get(&w));
        chains_cut_everywhere(&key, cs_wr_get(&w));
        chains_flip_everywhere(&key, cs_wr_get(&w));
        chains_not_plaintext(&key, cs_wr_get(&w));
        cs_wr_free(&w);
        n++;
    }
    assert_int_equal(n, 14);
    cs_vec_close(v);
}

/* ---- inputs of others ---------------------------------------------------------- */

/* Rows with inputs of several keys: a key that has none of them signs nothing. */
static void psbts_without_own_inputs_are_refused(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        enum cs_chain chain = chains_id(cs_vec_str(row, "chain"));
        struct cs_chain_key key;
        struct cs_wr w;

        if (is_utxo(row) && !is_one_key(row)) {
            key = utxo_key(chain, CS_CHAIN_FORMAT_P2WPKH);
            payload_of(&w, v, row);
            chains_refused(&key, cs_wr_get(&w), CS_ERR_CHAIN_SIGNER,
                           "not the wallet's address");
            cs_wr_free(&w);
            n++;
        }
    }
    assert_int_equal(n, 4);
    cs_vec_close(v);
}

/* Two inputs of two P2WPKH keys: what the first of them sees. */
static void joint_transactions_are_not_clear(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        struct cs_chain_key key;
        struct cs_chain_tx tx;
        struct cs_wr w;

        if (strcmp(cs_vec_str(row, "id"), "pub-btc-p2wpkh-2keys") != 0) {
            continue;
        }
        key = key_of(v, row);
        payload_of(&w, v, row);
        assert_int_equal(cs_chain_decode(&tx, &key, cs_wr_get(&w), NULL), CS_OK);
        assert_int_equal(tx.n_items, 1);
        assert_true(tx.is_multisig);
        assert_false(tx.is_clear);
        assert_string_equal(tx.kind, "joint transaction");
        assert_string_equal(tx.to, "");
        assert_string_equal(tx.units, "");
        assert_string_equal(tx.fee, "");
        assert_string_equal(tx.from, tx.signer);
        assert_non_null(strstr(tx.text, "and others; the wallet signs 1 input of "));
        assert_non_null(strstr(tx.text, "the fee is not proven"));
        cs_chain_tx_free(&tx);
        chains_cut_everywhere(&key, cs_wr_get(&w));
        chains_flip_everywhere(&key, cs_wr_get(&w));
        cs_wr_free(&w);
        n++;
    }
    assert_int_equal(n, 1);
    cs_vec_close(v);
}

/* ---- digests of all rows, also those with several keys --------------------------- */

static void fill(struct cs_utxo_tx *t, struct cs_vec *v, const json_t *row)
{
    struct cs_span bytes = cs_vec_hex(v, cs_vec_get(row, "unsigned"), "txHex");
    struct cs_utxo_raw_in raw;
    struct cs_rd r;
    json_t *in;
    size_t i;

    memset(t, 0, sizeof *t);
    t->chain = cs_utxo_chain(chains_id(cs_vec_str(row, "chain")));
    assert_true(cs_utxo_raw(&t->raw, bytes));
    t->ins = cs_alloc_array(t->raw.n_ins, sizeof *t->ins);
    assert_non_null(t->ins);
    r = CS_RD(t->raw.ins);
    json_array_foreach(ins_of(row), i, in)
    {
        cs_utxo_next_in(&r, &raw);
        t->ins[i].outpoint = raw.outpoint;
        t->ins[i].sequence = raw.sequence;
        t->ins[i].value = (uint64_t)cs_vec_int(in, "value");
        t->ins[i].script = cs_vec_hex(v, in, "scriptPubKey");
        t->ins[i].sighash = (uint32_t)cs_vec_int(in, "sighash");
    }
}

static void preimages_are_those_of_the_vectors(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, k, n = 0;
    json_t *row, *s;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        struct cs_utxo_hashes h;
        struct cs_utxo_tx t;

        if (!is_utxo(row)) {
            continue;
        }
        fill(&t, v, row);
        assert_int_equal(cs_utxo_hashes(&h, &t), CS_OK);
        json_array_foreach(cs_vec_get(row, "sign"), k, s)
        {
            json_t *in = json_array_get(ins_of(row), k);
            struct cs_span want = cs_vec_hex(v, s, "payload");
            struct cs_chain_key key = {.pub_len = 33};
            struct cs_utxo_script code;
            struct cs_wr w = {0};

            memcpy(key.pub, cs_vec_hex_n(v, in, "publicKey", 33), 33);
            cs_utxo_p2pkh(&code, &key);
            t.kind = kinds[kind_of(cs_vec_str(in, "kind"))].kind;
            cs_utxo_preimage(&w, &t, &h, k, CS_SPAN(code.p, code.n));
            assert_int_equal(w.n, want.n);
            assert_memory_equal(w.p, want.p, want.n);
            cs_wr_free(&w);
            n++;
        }
        cs_utxo_free(&t);
    }
    assert_true(n >= 23);
    cs_vec_close(v);
}

/* ---- what summaries say ---------------------------------------------------------- */

static void decode(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                   struct made m)
{
    const char *why = NULL;
    struct cs_wr w;

    made_psbt(&w, key, m);
    if (cs_chain_decode(tx, key, cs_wr_get(&w), &why) != CS_OK) {
        fail_msg("%s", why);
    }
    cs_wr_free(&w);
}

static void one_payment_has_change_and_fee(void **state)
{
    struct cs_chain_key key = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_DEFAULT);
    struct cs_chain_tx tx;

    (void)state;
    decode(&tx, &key,
           (struct made){.outs = {{60000, PAY}, {39000, NULL}}, .n_outs = 2});
    assert_string_equal(tx.kind, "transfer");
    assert_string_equal(tx.to, "bc1q20cf0l86h84yzetz5ptndzrsnstl3y8mt8hqtd");
    assert_string_equal(tx.amount, "0.0006");
    assert_string_equal(tx.units, "60000");
    assert_string_equal(tx.asset, "BTC");
    assert_string_equal(tx.fee_units, "1000");
    assert_true(tx.is_clear);
    assert_non_null(strstr(tx.text, "change 0.00039 BTC"));
    assert_non_null(strstr(tx.text, "fee 0.00001 BTC"));
    cs_chain_tx_free(&tx);
}

static void several_payments_are_listed(void **state)
{
    struct cs_chain_key key = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2TR);
    struct cs_chain_tx tx;

    (void)state;
    decode(&tx, &key,
           (struct made){.outs = {{50000, PAY},
                                  {40000, "a914"
                                          "14225b8a0259699d08a8"
                                          "0d93fda5147ea02e93f0"
                                          "87"}},
                         .n_outs = 2});
    assert_string_equal(tx.kind, "several transfers");
    assert_string_equal(tx.to, "");
    assert_string_equal(tx.amount, "");
    assert_non_null(strstr(tx.text, "0.0005 BTC to bc1q20cf0l86h84yzetz5ptndzrsnst"));
    assert_non_null(strstr(tx.text, "0.0004 BTC to 33XUbayE6QJRbviDnsGWFkRPdqijr3y"));
    assert_true(tx.is_clear);
    assert_true(tx.has_pays);
    assert_int_equal(tx.n_pays, 2);
    assert_string_equal(tx.pays[0].units, "50000");
    assert_non_null(strstr(tx.pays[0].to, "bc1q20cf0l86h84yzetz5ptndzrsnst"));
    assert_string_equal(tx.pays[1].units, "40000");
    assert_non_null(strstr(tx.pays[1].to, "33XUbayE6QJRbviDnsGWFkRPdqijr3y"));
    cs_chain_tx_free(&tx);
}

static void no_list_is_given_when_an_output_has_no_address(void **state)
{
    struct cs_chain_key key = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2TR);
    struct cs_chain_tx tx;

    (void)state;
    decode(&tx, &key,
           (struct made){.outs = {{50000, PAY}, {40000, "51"}}, .n_outs = 2});
    assert_false(tx.has_pays);
    assert_int_equal(tx.n_pays, 0);
    cs_chain_tx_free(&tx);
}

static void transfers_to_the_own_address_say_so(void **state)
{
    struct cs_chain_key key = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_DEFAULT);
    struct cs_chain_tx tx;

    (void)state;
    decode(&tx, &key,
           (struct made){.outs = {{50000, NULL}, {45000, NULL}}, .n_outs = 2});
    assert_string_equal(tx.kind, "transfer to itself");
    assert_string_equal(tx.to, tx.signer);
    assert_string_equal(tx.units, "95000");
    assert_true(tx.is_clear);
    cs_chain_tx_free(&tx);
}

static void scripts_without_an_address_are_not_clear(void **state)
{
    struct cs_chain_key key = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_DEFAULT);
    static const char *const odd[] = {
        "51", /* anyone can spend */
        "5220"
        "c501d70e8b4e874f989eff95ee05b42b0a91529debba2a46ab3cfbfc92e510db",
        "0010"
        "c501d70e8b4e874f989eff95ee05b42b",
        "6a0400010203", /* data that also burns coins */
    };
    struct cs_chain_tx tx;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(odd); i++) {
        decode(&tx, &key, (struct made){.outs = {{90000, odd[i]}}, .n_outs = 1});
        assert_string_equal(tx.to, "");
        assert_false(tx.is_clear);
        assert_non_null(strstr(tx.text, odd[i]));
        cs_chain_tx_free(&tx);
    }
}

static void data_outputs_are_the_memo(void **state)
{
    struct cs_chain_key key = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_DEFAULT);
    struct cs_chain_tx tx;

    (void)state;
    decode(&tx, &key,
           (struct made){.outs = {{0, "6a0568656c6c6f"}, {90000, PAY}}, .n_outs = 2});
    assert_string_equal(tx.memo, "hello");
    assert_string_equal(tx.units, "90000");
    assert_true(tx.is_clear);
    cs_chain_tx_free(&tx);
    decode(&tx, &key,
           (struct made){.outs = {{0, "6a0568656c6c6f"}, {0, "6a0161"}, {90000, PAY}},
                         .n_outs = 3});
    assert_false(tx.is_clear); /* the second one is not shown */
    cs_chain_tx_free(&tx);
}

/* Two runs with different lies about two P2WPKH inputs make a transaction with another
 * fee than either summary: not clear unless previous transactions prove the amounts. */
static void amounts_of_several_segwit_inputs_must_be_proven(void **state)
{
    struct cs_chain_key wpkh = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_DEFAULT);
    struct cs_chain_key tr = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2TR);
    struct made m = {.n_ins = 2, .outs = {{190000, PAY}}, .n_outs = 1};
    struct cs_chain_tx tx;

    (void)state;
    decode(&tx, &wpkh, m);
    assert_false(tx.is_clear);
    assert_non_null(strstr(tx.text, "not proven"));
    cs_chain_tx_free(&tx);
    decode(&tx, &tr, m);
    assert_true(tx.is_clear);
    cs_chain_tx_free(&tx);
    m.with_previous = true;
    decode(&tx, &wpkh, m);
    assert_true(tx.is_clear);
    cs_chain_tx_free(&tx);
}

/* ---- kinds ----------------------------------------------------------------------- */

static void kinds_that_a_chain_does_not_have_are_refused(void **state)
{
    static const struct {
        enum cs_chain chain;
        enum cs_chain_format format;
    } cases[] = {
        {CS_CHAIN_LITECOIN, CS_CHAIN_FORMAT_P2TR},
        {CS_CHAIN_DOGECOIN, CS_CHAIN_FORMAT_P2WPKH},
        {CS_CHAIN_DASH, CS_CHAIN_FORMAT_P2SH_P2WPKH},
        {CS_CHAIN_BITCOIN_CASH, CS_CHAIN_FORMAT_P2WPKH},
        {CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_X},
    };
    char address[CS_CHAIN_ADDRESS_MAX];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        struct cs_chain_key key = utxo_key(cases[i].chain, CS_CHAIN_FORMAT_DEFAULT);

        key.format = cases[i].format;
        assert_int_equal(cs_chain_address(address, &key, NULL), CS_ERR_CHAIN_UNKNOWN);
        key.format = CS_CHAIN_FORMAT_DEFAULT;
        key.net = (enum cs_chain_net)3;
        assert_int_equal(cs_chain_address(address, &key, NULL), CS_ERR_CHAIN_UNKNOWN);
    }
}

static int setup(void **state)
{
    (void)state;
    return cs_crypto_init() == CS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transactions_are_those_of_the_vectors),
        cmocka_unit_test(psbts_without_own_inputs_are_refused),
        cmocka_unit_test(joint_transactions_are_not_clear),
        cmocka_unit_test(preimages_are_those_of_the_vectors),
        cmocka_unit_test(one_payment_has_change_and_fee),
        cmocka_unit_test(several_payments_are_listed),
        cmocka_unit_test(no_list_is_given_when_an_output_has_no_address),
        cmocka_unit_test(transfers_to_the_own_address_say_so),
        cmocka_unit_test(scripts_without_an_address_are_not_clear),
        cmocka_unit_test(data_outputs_are_the_memo),
        cmocka_unit_test(amounts_of_several_segwit_inputs_must_be_proven),
        cmocka_unit_test(kinds_that_a_chain_does_not_have_are_refused),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
