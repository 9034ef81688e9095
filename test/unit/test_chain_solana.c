/* SOLANA: the vectors, payload forms, several signers, plaintext, final encoding.  The
 * parser's checks and the summaries: test_chain_solana_message.c. */
#include "chain/impl.h"
#include "chain/solana.h"
#include "crypto/identity.h"
#include "support/solana_made.h"

/* ---- vectors --------------------------------------------------------------- */

static bool is_message_row(const json_t *row)
{
    return strcmp(cs_vec_str(row, "kind"), "message") == 0;
}

static void check_vector(struct cs_vec *v, const json_t *row)
{
    struct cs_span payload = cs_vec_hex(v, cs_vec_get(row, "unsigned"), "message");
    struct cs_span wire = cs_vec_hex(v, cs_vec_get(row, "signed"), "wire");
    json_t *signs = cs_vec_get(row, "sign"), *s;
    struct cs_chain_signed out = {0};
    struct cs_wr next = {0};
    size_t i;

    cs_wr_span(&next, payload);
    json_array_foreach(signs, i, s)
    {
        struct cs_chain_key key = chains_key(CS_CHAIN_SOLANA, CS_CURVE_ED25519,
                                             cs_vec_hex(v, s, "publicKey"));
        struct cs_chain_sig sig = {0};
        struct cs_span message = cs_vec_hex(v, s, "message");
        struct cs_chain_tx tx;
        const char *why = NULL;

        assert_int_equal(cs_chain_decode(&tx, &key, payload, &why), CS_OK);
        chains_check_summary(&tx, payload);
        assert_int_equal(tx.items[0].scheme, CS_CHAIN_SCHEME_ED25519);
        assert_int_equal(tx.items[0].hash, CS_CHAIN_HASH_NONE);
        assert_int_equal(tx.items[0].message.n, message.n);
        assert_memory_equal(tx.items[0].message.p, message.p, message.n);
        assert_true(tx.is_clear);
        cs_chain_tx_free(&tx);
        memcpy(sig.rs, cs_vec_hex_n(v, s, "signature", 64), 64);
        assert_int_equal(cs_chain_finish(&out, &key, cs_wr_get(&next), &sig, 1, &why),
                         CS_OK);
        cs_wr_reset(&next); /* the next signer gets what this one made */
        cs_wr_span(&next, cs_wr_get(&out.bytes));
        if (i + 1 < json_array_size(signs)) {
            cs_chain_signed_free(&out);
        }
    }
    assert_int_equal(out.bytes.n, wire.n);
    assert_memory_equal(out.bytes.p, wire.p, wire.n);
    assert_string_equal(out.txid, cs_vec_str(cs_vec_get(row, "signed"), "txid"));
    cs_chain_signed_free(&out);
    cs_wr_free(&next);
}

static void transactions_are_those_of_the_vectors(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        if (chains_is(row, "SOLANA") && !is_message_row(row)) {
            check_vector(v, row);
            n++;
        }
    }
    assert_int_equal(n, 10);
    cs_vec_close(v);
}

static struct cs_chain_key key_of(struct cs_vec *v, const json_t *row)
{
    json_t *s = json_array_get(cs_vec_get(row, "sign"), 0);

    return chains_key(CS_CHAIN_SOLANA, CS_CURVE_ED25519, cs_vec_hex(v, s, "publicKey"));
}

/* The summary against the readable fields of the vectors. */
static void check_fields(struct cs_vec *v, const json_t *row)
{
    struct cs_span payload = cs_vec_hex(v, cs_vec_get(row, "unsigned"), "message");
    struct cs_chain_key key = key_of(v, row);
    json_t *want = cs_vec_get(row, "tx");
    bool is_spl = json_object_get(want, "mint") != NULL;
    struct cs_chain_tx tx;

    assert_int_equal(cs_chain_decode(&tx, &key, payload, NULL), CS_OK);
    assert_string_equal(tx.signer, cs_vec_str(row, "from"));
    assert_string_equal(tx.to, cs_vec_str(want, is_spl ? "destination" : "to"));
    assert_string_equal(tx.units, cs_vec_str(want, is_spl ? "amount" : "lamports"));
    assert_string_equal(tx.sequence, cs_vec_str(want, "recentBlockhash"));
    assert_string_equal(tx.kind, is_spl ? "token transfer" : "transfer");
    assert_string_equal(tx.asset, is_spl ? "SPL" : "SOL");
    assert_string_equal(tx.contract, is_spl ? cs_vec_str(want, "mint") : "");
    if (json_object_get(want, "from") != NULL) {
        assert_string_equal(tx.from, cs_vec_str(want, "from"));
    } else {
        assert_string_equal(tx.from, tx.signer);
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
        if (chains_is(row, "SOLANA") && !is_message_row(row)) {
            check_fields(v, row);
        }
    }
    cs_vec_close(v);
}

static void cut_flipped_or_as_plaintext_the_vectors_stay_safe(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        struct cs_span payload, wire;
        struct cs_chain_key key;

        if (!chains_is(row, "SOLANA") || is_message_row(row)) {
            continue;
        }
        payload = cs_vec_hex(v, cs_vec_get(row, "unsigned"), "message");
        wire = cs_vec_hex(v, cs_vec_get(row, "signed"), "wire");
        key = key_of(v, row);
        chains_cut_everywhere(&key, payload);
        chains_flip_everywhere(&key, payload);
        chains_flip_everywhere(&key, wire);
        chains_not_plaintext(&key, payload);
        chains_not_plaintext(&key, wire);
        chains_refused(&key, wire, CS_ERR_CHAIN_TX, "already carries a signature");
        chains_refused(&fix.own, payload, CS_ERR_CHAIN_SIGNER, "required signers");
    }
    cs_vec_close(v);
}

static void invalid_transactions_of_the_vectors_are_refused(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    json_t *all = cs_vec_get(v->root, "transactions"), *row;
    struct cs_chain_key key = {0};
    size_t i, n = 0;

    (void)state;
    json_array_foreach(all, i, row)
    {
        if (strcmp(cs_vec_str(row, "id"), "pub-sol-transfer") == 0) {
            key = key_of(v, row); /* the malformed ones are made of this one */
        }
    }
    json_array_foreach(cs_vec_get(v->root, "invalidTransactions"), i, row)
    {
        if (chains_is(row, "SOLANA")) {
            assert_int_equal(chains_decode(&key, cs_vec_hex(v, row, "hex"), NULL),
                             CS_ERR_CHAIN_TX);
            n++;
        }
    }
    assert_int_equal(n, 3);
    cs_vec_close(v);
}

static void the_published_transfer_comes_out_byte_for_byte(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "published"), i, row)
    {
        struct cs_chain_signed out;
        struct cs_chain_sig sig = {0};
        struct cs_chain_key key;

        if (!chains_is(row, "SOLANA")) {
            continue;
        }
        key = chains_key(CS_CHAIN_SOLANA, CS_CURVE_ED25519,
                         cs_vec_hex(v, row, "publicKeyHex"));
        memcpy(sig.rs, cs_vec_hex_n(v, row, "signatureHex", 64), 64);
        assert_int_equal(cs_chain_finish(&out, &key, cs_vec_hex(v, row, "messageHex"),
                                         &sig, 1, NULL),
                         CS_OK);
        assert_string_equal(out.txid, cs_vec_str(row, "txid"));
        cs_chain_signed_free(&out);
        n++;
    }
    assert_int_equal(n, 1);
    cs_vec_close(v);
}

/* ---- payload forms and several signers ------------------------------------- */

static void wrap(struct cs_wr *out, const struct cs_wr *message, uint8_t n,
                 const uint8_t *sigs)
{
    *out = (struct cs_wr){0};
    cs_wr_u8(out, n);
    cs_wr_bytes(out, sigs, (size_t)n * 64);
    cs_wr_span(out, cs_wr_get(message));
}

static void a_transaction_with_empty_signatures_is_the_same_payload(void **state)
{
    static const uint8_t none[128];
    struct cs_chain_tx a, b;
    struct cs_wr w, t;

    (void)state;
    simple(&w);
    wrap(&t, &w, 1, none);
    decoded(&a, &w);
    decoded(&b, &t);
    assert_int_equal(a.data_len, b.data_len);
    assert_memory_equal(a.data, b.data, a.data_len);
    assert_string_equal(a.text, b.text);
    cs_chain_tx_free(&a);
    cs_chain_tx_free(&b);
    chains_cut_everywhere(&fix.own, cs_wr_get(&t));
    chains_flip_everywhere(&fix.own, cs_wr_get(&t));
    t.p[5] = 1;
    refused(&t, CS_ERR_CHAIN_TX, "already carries a signature");
    wrap(&t, &w, 2, none); /* count and header differ */
    refused(&t, CS_ERR_CHAIN_TX, "");
    cs_wr_free(&w);
}

static void a_malformed_message_in_a_transaction_says_why(void **state)
{
    static const uint8_t none[64];
    struct cs_wr w, t;

    (void)state;
    simple(&w);
    w.p[AT_PROGRAM] = 0;
    wrap(&t, &w, 1, none);
    refused(&t, CS_ERR_CHAIN_TX, "names a program");
    cs_wr_free(&w);
}

/* Bytes that are a message of one signer, and at the same time one signature followed
 * by another message: the signature is made of the first one's account list. */
static void a_payload_with_two_readings_is_refused(void **state)
{
    struct cs_wr inner, w = {0};
    uint8_t key[32] = {0};

    (void)state;
    /* as transaction: 01, 64 bytes, inner.  As message: 01 00 00 | 4 keys | hash |
     * one instruction whose data is the rest of inner. */
    simple(&inner);
    cs_wr_span(&w, BYTES(1, 0, 0, 4));
    cs_wr_bytes(&w, fix.own.pub, 32);
    cs_wr_bytes(&w, key, 29); /* 65 bytes so far; inner's bytes are keys from here */
    assert_int_equal(w.n, 65);
    cs_wr_span(&w, cs_wr_get(&inner));
    /* keys end at 4 + 128 = 132, hash at 164: byte 164 counts instructions. */
    w.p[164] = 1;
    w.p[165] = 1;
    w.p[166] = 0;
    w.p[167] = (uint8_t)(w.n - 168);
    assert_true(w.n - 168 < 128);
    refused(&w, CS_ERR_CHAIN_TX, "read both as");
    cs_wr_free(&inner);
}

static void others_signatures_stay_and_missing_ones_are_zero(void **state)
{
    struct cs_chain_signed first, second;
    struct cs_chain_sig sig = {0};
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    begin(&w, false, 2, 1, &system_program, 1);
    instr(&w, 3, BYTES(1, 2), TRANSFER);
    decoded(&tx, &w);
    assert_true(tx.is_multisig);
    assert_string_not_equal(tx.from, tx.signer);
    assert_string_equal(tx.fee_units, "10000");
    assert_non_null(strstr(tx.text, "needs 1 more signature"));
    cs_chain_tx_free(&tx);
    cs_sign(sig.rs, seed_other, cs_wr_get(&w)); /* the second signer goes first */
    assert_int_equal(cs_chain_finish(&first, &fix.other, cs_wr_get(&w), &sig, 1, NULL),
                     CS_OK);
    assert_string_equal(first.txid, "");
    assert_true(cs_ct_is_zero(first.bytes.p + 1, 64));
    assert_memory_equal(first.bytes.p + 65, sig.rs, 64);
    cs_sign(sig.rs, seed_own, cs_wr_get(&w));
    assert_int_equal(
        cs_chain_finish(&second, &fix.own, cs_wr_get(&first.bytes), &sig, 1, NULL),
        CS_OK);
    assert_memory_equal(second.bytes.p + 1, sig.rs, 64);
    assert_memory_equal(second.bytes.p + 65, first.bytes.p + 65, 64);
    assert_string_not_equal(second.txid, "");
    cs_chain_signed_free(&first);
    cs_chain_signed_free(&second);
    cs_wr_free(&w);
}

static void an_account_that_does_not_sign_is_not_a_signer(void **state)
{
    struct cs_wr w;

    (void)state;
    simple(&w); /* other is key 1, but only key 0 signs */
    chains_refused(&fix.other, cs_wr_get(&w), CS_ERR_CHAIN_SIGNER, "required signers");
    cs_wr_free(&w);
}

static void wrong_signatures_are_not_put_in(void **state)
{
    struct cs_chain_sig sigs[2] = {{{0}, 0}, {{0}, 0}};
    struct cs_chain_signed out;
    const char *why = NULL;
    struct cs_wr w;

    (void)state;
    simple(&w);
    cs_sign(sigs[0].rs, seed_other, cs_wr_get(&w)); /* another key's */
    assert_int_equal(cs_chain_finish(&out, &fix.own, cs_wr_get(&w), sigs, 1, &why),
                     CS_ERR_SIG_INVALID);
    assert_non_null(strstr(why, "not the key's"));
    assert_true(cs_ct_is_zero(&out, sizeof out));
    cs_sign(sigs[0].rs, seed_own, cs_wr_get(&w));
    assert_int_equal(cs_chain_finish(&out, &fix.own, cs_wr_get(&w), sigs, 2, &why),
                     CS_ERR_SIG_INVALID);
    assert_non_null(strstr(why, "number of signatures"));
    assert_int_equal(cs_chain_finish(&out, &fix.own, cs_wr_get(&w), sigs, 0, &why),
                     CS_ERR_SIG_INVALID);
    w.p[AT_PROGRAM] = 0;
    assert_int_equal(cs_chain_finish(&out, &fix.own, cs_wr_get(&w), sigs, 1, &why),
                     CS_ERR_CHAIN_TX);
    assert_true(cs_ct_is_zero(&out, sizeof out));
    cs_wr_free(&w);
}

static void empty_and_huge_payloads_are_refused(void **state)
{
    struct cs_wr w = {0};

    (void)state;
    refused(&w, CS_ERR_CHAIN_TX, "empty");
    (void)cs_wr_room(&w, CS_CHAIN_PAYLOAD_MAX + 1);
    refused(&w, CS_ERR_CHAIN_TX, "200 KiB");
}

/* ---- plaintext ------------------------------------------------------------- */

static void check_header(const struct cs_chain_tx *tx, uint8_t format,
                         struct cs_span message)
{
    const uint8_t *p = tx->items[0].message.p;

    assert_int_equal(tx->items[0].message.n, 85 + message.n);
    assert_memory_equal(p, "\xffsolana offchain", 16);
    assert_int_equal(p[16], 0);
    assert_memory_equal(p + 17, "cloudsign/1/plaintext\0\0\0\0\0\0\0\0\0\0\0", 32);
    assert_int_equal(p[49], format);
    assert_int_equal(p[50], 1);
    assert_memory_equal(p + 51, fix.own.pub, 32);
    assert_int_equal(p[83] | p[84] << 8, message.n);
    assert_memory_equal(p + 85, message.p, message.n);
}

static void plaintext_gets_the_off_chain_header(void **state)
{
    static char longest[65451];
    static const struct {
        size_t n;
        const char *head;
        uint8_t format;
    } cases[] = {
        {0, "hello", 0},
        {0, "Sign: 1234", 0},
        {0,
         "gr\xc3\xbc\xc3\x9f"
         "e",
         1},
        {0, "two\nlines", 1},
        {1147, "x", 0},
        {1148, "x", 2},
        {65450, "x", 2},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        size_t n = cases[i].n == 0 ? strlen(cases[i].head) : cases[i].n;
        struct cs_span message = CS_SPAN(longest, n);
        struct cs_chain_tx tx;

        memset(longest, 'a', n);
        memcpy(longest, cases[i].head, strlen(cases[i].head));
        assert_int_equal(cs_chain_plaintext(&tx, &fix.own, message, NULL), CS_OK);
        assert_true(tx.is_message);
        assert_int_equal(tx.n_items, 1);
        check_header(&tx, cases[i].format, message);
        assert_false(cs_solana_ops.is_transaction(tx.items[0].message));
        cs_chain_tx_free(&tx);
    }
}

static void plaintext_refused(struct cs_span message, const char *part)
{
    struct cs_chain_tx tx;
    const char *why = NULL;

    assert_int_equal(cs_chain_plaintext(&tx, &fix.own, message, &why),
                     CS_ERR_CHAIN_MESSAGE);
    assert_non_null(strstr(why, part));
    assert_true(cs_ct_is_zero(&tx, sizeof tx));
}

static void plaintext_that_is_no_text_is_refused(void **state)
{
    static char big[65537];

    (void)state;
    memset(big, 'a', sizeof big);
    plaintext_refused(CS_SPAN_LIT(""), "empty");
    plaintext_refused(CS_SPAN(big, sizeof big), "64 KiB");
    plaintext_refused(CS_SPAN(big, 65451), "65450");
    plaintext_refused(CS_SPAN_LIT("\xff\xfe"), "UTF-8");
    plaintext_refused(CS_SPAN_LIT("a\0b"), "UTF-8");
}

/* The vectors sign bare texts; this product does not (DECISIONS 28). */
static void texts_of_the_vectors_are_signed_with_a_header_only(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        struct cs_span text;
        struct cs_chain_tx tx;

        if (!chains_is(row, "SOLANA") || !is_message_row(row)) {
            continue;
        }
        text = cs_vec_hex(v, cs_vec_get(row, "unsigned"), "message");
        assert_int_equal(chains_decode(&fix.own, text, NULL), CS_ERR_CHAIN_TX);
        assert_int_equal(cs_chain_plaintext(&tx, &fix.own, text, NULL), CS_OK);
        check_header(&tx, 0, text);
        cs_chain_tx_free(&tx);
        n++;
    }
    assert_int_equal(n, 2);
    cs_vec_close(v);
}

static void no_memory_is_an_error_not_a_crash(void **state)
{
    struct cs_wr w, hex = {0}, b64 = {0};
    struct cs_chain_sig sig = {0};
    char txid[CS_BASE58_TEXT_MAX];

    (void)state;
    simple(&w);
    cs_sign(sig.rs, seed_own, cs_wr_get(&w));
    cs_base58(txid, CS_BASE58_BITCOIN, CS_SPAN_OF(sig.rs));
    chains_starve_finish(&fix.own, cs_wr_get(&w), &sig, txid);
    chains_starve_plaintext(&fix.own, CS_SPAN_LIT("hello"), false);
    cs_wr_hex(&hex, cs_wr_get(&w));
    chains_starve_plaintext(&fix.own, cs_wr_get(&hex), true);
    cs_wr_b64(&b64, cs_wr_get(&w));
    chains_starve_plaintext(&fix.own, cs_wr_get(&b64), true);
    cs_wr_free(&w);
    cs_wr_free(&hex);
    cs_wr_free(&b64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transactions_are_those_of_the_vectors),
        cmocka_unit_test(summaries_say_what_the_vectors_say),
        cmocka_unit_test(cut_flipped_or_as_plaintext_the_vectors_stay_safe),
        cmocka_unit_test(invalid_transactions_of_the_vectors_are_refused),
        cmocka_unit_test(the_published_transfer_comes_out_byte_for_byte),
        cmocka_unit_test(a_transaction_with_empty_signatures_is_the_same_payload),
        cmocka_unit_test(a_malformed_message_in_a_transaction_says_why),
        cmocka_unit_test(a_payload_with_two_readings_is_refused),
        cmocka_unit_test(others_signatures_stay_and_missing_ones_are_zero),
        cmocka_unit_test(an_account_that_does_not_sign_is_not_a_signer),
        cmocka_unit_test(wrong_signatures_are_not_put_in),
        cmocka_unit_test(empty_and_huge_payloads_are_refused),
        cmocka_unit_test(plaintext_gets_the_off_chain_header),
        cmocka_unit_test(plaintext_that_is_no_text_is_refused),
        cmocka_unit_test(texts_of_the_vectors_are_signed_with_a_header_only),
        cmocka_unit_test(no_memory_is_an_error_not_a_crash),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
