/* XRP_LEDGER: the vectors of both key types, plaintext, final encoding.  The checks of
 * the format and the summaries: test_chain_xrp_codec.c. */
#include "chain/impl.h"
#include "support/xrp_made.h"

/* ---- vectors --------------------------------------------------------------- */

static struct cs_chain_key key_of(struct cs_vec *v, const json_t *row)
{
    json_t *s = json_array_get(cs_vec_get(row, "sign"), 0);

    return chains_key(CS_CHAIN_XRP_LEDGER, chains_curve(s),
                      cs_vec_hex(v, s, "publicKey"));
}

static void check_item(struct cs_vec *v, const json_t *sign,
                       const struct cs_chain_tx *tx)
{
    bool is_ed = tx->items[0].scheme == CS_CHAIN_SCHEME_ED25519;
    struct cs_span want = cs_vec_hex(v, sign, is_ed ? "message" : "digest");

    assert_int_equal(is_ed, chains_curve(sign) == CS_CURVE_ED25519);
    assert_string_equal(cs_chain_hash_name(tx->items[0].hash),
                        cs_vec_str(sign, "hash"));
    assert_int_equal(tx->items[0].message.n, want.n);
    assert_memory_equal(tx->items[0].message.p, want.p, want.n);
    if (!is_ed) {
        want = cs_vec_hex(v, sign, "payload");
        assert_int_equal(tx->items[0].data.n, want.n);
        assert_memory_equal(tx->items[0].data.p, want.p, want.n);
    }
}

static void check_signed(struct cs_vec *v, const json_t *row, struct cs_span payload)
{
    struct cs_chain_key key = key_of(v, row);
    json_t *sign = json_array_get(cs_vec_get(row, "sign"), 0);
    json_t *want = cs_vec_get(row, "signed");
    struct cs_span blob = cs_vec_hex(v, want, "blob");
    struct cs_chain_sig sig = {0};
    struct cs_chain_signed out;
    const char *why = NULL;

    memcpy(sig.rs, cs_vec_hex_n(v, sign, "signature", 64), 64);
    assert_int_equal(cs_chain_finish(&out, &key, payload, &sig, 1, &why), CS_OK);
    assert_int_equal(out.bytes.n, blob.n);
    assert_memory_equal(out.bytes.p, blob.p, blob.n);
    assert_string_equal(out.txid, cs_vec_str(want, "txid"));
    cs_chain_signed_free(&out);
    chains_refused(&key, blob, CS_ERR_CHAIN_TX, "TxnSignature is there");
}

/* Both forms: the blob, and the blob with its signing prefix. */
static void transactions_are_those_of_the_vectors(void **state)
{
    static const char *const forms[] = {"blob", "forSigning"};
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        for (int f = 0; f < 2 && chains_is(row, "XRP_LEDGER"); f++) {
            struct cs_span payload = cs_vec_hex(v, cs_vec_get(row, "unsigned"),
                                                forms[f]);
            struct cs_chain_key key = key_of(v, row);
            struct cs_chain_tx tx;

            assert_int_equal(cs_chain_decode(&tx, &key, payload, NULL), CS_OK);
            chains_check_summary(&tx, payload);
            check_item(v, json_array_get(cs_vec_get(row, "sign"), 0), &tx);
            cs_chain_tx_free(&tx);
            check_signed(v, row, payload);
            n++;
        }
    }
    assert_int_equal(n, 2 * 19);
    cs_vec_close(v);
}

static void check_amount(const struct cs_chain_tx *tx, const json_t *amount)
{
    if (json_is_string(amount)) {
        assert_string_equal(tx->units, json_string_value(amount));
        assert_string_equal(tx->asset, "XRP");
        assert_string_equal(tx->contract, "");
        return;
    }
    assert_string_equal(tx->amount, cs_vec_str(amount, "value"));
    assert_string_equal(tx->asset, cs_vec_str(amount, "currency"));
    assert_string_equal(tx->contract, cs_vec_str(amount, "issuer"));
}

static void check_numbers(const struct cs_chain_tx *tx, const json_t *want)
{
    json_t *tag = json_object_get(want, "DestinationTag");
    json_t *net = json_object_get(want, "NetworkID");

    assert_string_equal(tx->fee_units, cs_vec_str(want, "Fee"));
    assert_int_equal(strtoll(tx->sequence, NULL, 10), cs_vec_int(want, "Sequence"));
    assert_int_equal(strtoll(tx->valid_until, NULL, 10),
                     cs_vec_int(want, "LastLedgerSequence"));
    assert_int_equal(tx->has_tag, tag != NULL);
    assert_int_equal(tx->tag, tag == NULL ? 0 : json_integer_value(tag));
    assert_int_equal(tx->chain_id, net == NULL ? 0 : json_integer_value(net));
}

static void check_fields(struct cs_vec *v, const json_t *row)
{
    struct cs_span payload = cs_vec_hex(v, cs_vec_get(row, "unsigned"), "blob");
    struct cs_chain_key key = key_of(v, row);
    json_t *want = cs_vec_get(row, "tx");
    bool is_payment = strcmp(cs_vec_str(want, "TransactionType"), "Payment") == 0;
    struct cs_chain_tx tx;

    assert_int_equal(cs_chain_decode(&tx, &key, payload, NULL), CS_OK);
    assert_string_equal(tx.signer, cs_vec_str(row, "from"));
    assert_string_equal(tx.from, cs_vec_str(want, "Account"));
    assert_string_equal(tx.kind, cs_vec_str(want, "TransactionType"));
    check_numbers(&tx, want);
    if (is_payment) {
        assert_string_equal(tx.to, cs_vec_str(want, "Destination"));
        check_amount(&tx, cs_vec_get(want, "Amount"));
    }
    assert_int_equal(tx.is_clear,
                     is_payment && json_object_get(want, "SendMax") == NULL);
    assert_int_equal(tx.memo[0] != '\0', json_object_get(want, "Memos") != NULL);
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
        if (chains_is(row, "XRP_LEDGER")) {
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
        struct cs_span payload, prefixed, blob;
        struct cs_chain_key key;

        if (!chains_is(row, "XRP_LEDGER")) {
            continue;
        }
        payload = cs_vec_hex(v, cs_vec_get(row, "unsigned"), "blob");
        prefixed = cs_vec_hex(v, cs_vec_get(row, "unsigned"), "forSigning");
        blob = cs_vec_hex(v, cs_vec_get(row, "signed"), "blob");
        key = key_of(v, row);
        chains_flip_everywhere(&key, payload);
        chains_not_plaintext(&key, payload);
        chains_not_plaintext(&key, prefixed);
        chains_not_plaintext(&key, blob);
        chains_refused(&fix.own, payload, CS_ERR_CHAIN_SIGNER, "Account of");
    }
    cs_vec_close(v);
}

/* What stands at the end of a transaction may be left out of another one, so a cut
 * between optional fields is a transaction: none of the vectors' Payments is one. */
static void cut_payments_are_refused(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        struct cs_span payload;
        struct cs_chain_key key;

        if (!chains_is(row, "XRP_LEDGER")) {
            continue;
        }
        payload = cs_vec_hex(v, cs_vec_get(row, "unsigned"), "blob");
        key = key_of(v, row);
        if (json_object_get(cs_vec_get(row, "tx"), "Memos") == NULL) {
            chains_cut_everywhere(&key, payload);
        } else {
            for (size_t n = 0; n < payload.n; n++) {
                uint8_t *p = chains_copy(payload, n);

                if (chains_decode(&key, CS_SPAN(p, n), NULL) == CS_OK) {
                    assert_int_equal(payload.p[n], 0xf9); /* Memos left out */
                }
                free(p);
            }
        }
    }
    cs_vec_close(v);
}

static void invalid_transactions_of_the_vectors_are_refused(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    struct cs_chain_key key = {0};
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        if (strcmp(cs_vec_str(row, "id"), "pub-xrpl-secp-payment") == 0) {
            key = key_of(v, row); /* the malformed ones are made of this one */
        }
    }
    json_array_foreach(cs_vec_get(v->root, "invalidTransactions"), i, row)
    {
        if (chains_is(row, "XRP_LEDGER")) {
            assert_int_equal(chains_decode(&key, cs_vec_hex(v, row, "hex"), NULL),
                             CS_ERR_CHAIN_TX);
            n++;
        }
    }
    assert_int_equal(n, 3);
    cs_vec_close(v);
}

/* The vendor's own example: no Flags field, low s in the signed blob. */
static void the_vendors_example_comes_out_byte_for_byte(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "published"), i, row)
    {
        struct cs_span payload, want;
        struct cs_chain_signed out;
        struct cs_chain_sig sig = {0};
        struct cs_chain_key key;
        struct cs_chain_tx tx;

        if (!chains_is(row, "XRP_LEDGER") || json_object_get(row, "derHighS") == NULL) {
            continue;
        }
        key = chains_key(CS_CHAIN_XRP_LEDGER, CS_CURVE_SECP256K1,
                         cs_vec_hex(v, row, "publicKeyHex"));
        payload = cs_vec_hex(v, row, "payload");
        assert_int_equal(cs_chain_decode(&tx, &key, payload, NULL), CS_OK);
        assert_memory_equal(tx.items[0].message.p,
                            cs_vec_hex_n(v, row, "digestHex", 32), 32);
        cs_chain_tx_free(&tx);
        memcpy(sig.rs, cs_vec_hex_n(v, row, "signatureHex", 64), 64);
        assert_int_equal(cs_chain_finish(&out, &key, payload, &sig, 1, NULL), CS_OK);
        want = cs_vec_hex(v, row, "signedBlob");
        assert_int_equal(out.bytes.n, want.n);
        assert_memory_equal(out.bytes.p, want.p, want.n);
        cs_chain_signed_free(&out);
        n++;
    }
    assert_int_equal(n, 1);
    cs_vec_close(v);
}

static void the_codecs_example_for_single_signing_decodes(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "published"), i, row)
    {
        struct cs_span message, pub;
        struct cs_chain_key key;
        const char *why = NULL;

        if (!chains_is(row, "XRP_LEDGER") ||
            json_object_get(row, "messageHex") == NULL) {
            continue;
        }
        pub = cs_vec_hex(v, cs_vec_get(row, "tx"), "SigningPubKey");
        key = chains_key(CS_CHAIN_XRP_LEDGER, CS_CURVE_ED25519,
                         CS_SPAN(pub.p + 1, pub.n - 1));
        message = cs_vec_hex(v, row, "messageHex");
        (void)chains_decode(&key, message, &why);
        assert_null(why);
        n++;
    }
    assert_int_equal(n, 1);
    cs_vec_close(v);
}

/* ---- plaintext ------------------------------------------------------------- */

static const char prefix[] = "\x19XRP Ledger Signed Message:\n";

static void plaintext_gets_our_prefix_and_length(void **state)
{
    static const uint8_t len[] = {0, 0, 0, 5};
    size_t n = sizeof prefix - 1;
    struct cs_chain_tx tx;

    (void)state;
    assert_int_equal(cs_chain_plaintext(&tx, &fix.own, CS_SPAN_LIT("hello"), NULL),
                     CS_OK);
    assert_int_equal(tx.items[0].message.n, n + 4 + 5);
    assert_memory_equal(tx.items[0].message.p, prefix, n);
    assert_memory_equal(tx.items[0].message.p + n, len, 4);
    assert_memory_equal(tx.items[0].message.p + n + 4, "hello", 5);
    assert_true(tx.is_message);
    assert_string_equal(tx.memo, "hello");
    assert_int_equal(tx.items[0].hash, CS_CHAIN_HASH_NONE);
    assert_false(cs_xrp_ops.is_transaction(tx.items[0].message));
    cs_chain_tx_free(&tx);
}

static void plaintext_of_a_secp256k1_key_is_hashed(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/addresses.json");
    json_t *row = json_array_get(cs_vec_get(cs_vec_get(v->root, "keys"), "secp256k1"),
                                 0);
    struct cs_chain_key key = chains_key(CS_CHAIN_XRP_LEDGER, CS_CURVE_SECP256K1,
                                         cs_vec_hex(v, row, "publicKey"));
    struct cs_chain_tx tx;
    uint8_t digest[32];

    (void)state;
    assert_int_equal(cs_chain_plaintext(&tx, &key, CS_SPAN_LIT("hello"), NULL), CS_OK);
    assert_int_equal(tx.items[0].scheme, CS_CHAIN_SCHEME_ECDSA);
    assert_int_equal(tx.items[0].hash, CS_CHAIN_HASH_SHA512HALF);
    cs_sha512half(digest, tx.items[0].data);
    assert_int_equal(tx.items[0].message.n, 32);
    assert_memory_equal(tx.items[0].message.p, digest, 32);
    cs_chain_tx_free(&tx);
    cs_vec_close(v);
}

static void plaintext_that_the_ledger_could_read_is_refused(void **state)
{
    static const struct {
        struct cs_span s;
        const char *part;
    } cases[] = {
        {{(const uint8_t *)"STX\0x", 5}, "transaction"},
        {{(const uint8_t *)"SMT\0x", 5}, "transaction"},
        {{(const uint8_t *)"CLM\0x", 5}, "transaction"}, /* payment channel claim */
        {{(const uint8_t *)"BCH\0x", 5}, "transaction"},
        {{(const uint8_t *)"53545800", 8}, "transaction"}, /* the same in hex */
        {{(const uint8_t *)"U1RYAA==", 8}, "transaction"}, /* and in base64 */
        {{(const uint8_t *)"\x12\0\0", 3}, "transaction"}, /* TransactionType alone */
        {{(const uint8_t *)"", 0}, "empty"},
        {{(const uint8_t *)"\xff", 1}, "UTF-8"},
    };
    struct cs_chain_tx tx;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        const char *why = NULL;

        assert_int_equal(cs_chain_plaintext(&tx, &fix.own, cases[i].s, &why),
                         CS_ERR_CHAIN_MESSAGE);
        assert_non_null(strstr(why, cases[i].part));
    }
}

/* ---- final encoding -------------------------------------------------------- */

static void the_signature_goes_where_canonical_order_wants_it(void **state)
{
    struct blob b = {.blobs = "7D0168", .rest = "F9EA7D0178E1F1"};
    struct cs_chain_sig sig = {0};
    struct cs_chain_signed out;
    struct cs_chain_tx tx;
    size_t at = 3 + 10 + 9 + 9 + 35; /* after type, numbers, amount, fee, key */
    struct cs_wr w;

    (void)state;
    make(&w, &b);
    assert_int_equal(cs_chain_decode(&tx, &fix.own, cs_wr_get(&w), NULL), CS_OK);
    cs_sign(sig.rs, seed_own, tx.items[0].message);
    cs_chain_tx_free(&tx);
    assert_int_equal(cs_chain_finish(&out, &fix.own, cs_wr_get(&w), &sig, 1, NULL),
                     CS_OK);
    assert_int_equal(out.bytes.n, w.n + 66);
    assert_memory_equal(out.bytes.p, w.p, at);
    assert_int_equal(out.bytes.p[at], 0x74);
    assert_int_equal(out.bytes.p[at + 1], 64);
    assert_memory_equal(out.bytes.p + at + 2, sig.rs, 64);
    assert_memory_equal(out.bytes.p + at + 66, w.p + at, w.n - at);
    cs_chain_signed_free(&out);
    sig.rs[0] ^= 1;
    assert_int_equal(cs_chain_finish(&out, &fix.own, cs_wr_get(&w), &sig, 1, NULL),
                     CS_ERR_SIG_INVALID);
    assert_true(cs_ct_is_zero(&out, sizeof out));
    cs_wr_free(&w);
}

static void no_memory_is_an_error_not_a_crash(void **state)
{
    struct blob b = {0};
    struct cs_chain_signed out;
    struct cs_chain_sig sig = {0};
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    make(&w, &b);
    assert_int_equal(cs_chain_decode(&tx, &fix.own, cs_wr_get(&w), NULL), CS_OK);
    cs_sign(sig.rs, seed_own, tx.items[0].message);
    cs_chain_tx_free(&tx);
    assert_int_equal(cs_chain_finish(&out, &fix.own, cs_wr_get(&w), &sig, 1, NULL),
                     CS_OK);
    assert_int_equal(strlen(out.txid), 64);
    chains_starve_finish(&fix.own, cs_wr_get(&w), &sig, out.txid);
    chains_starve_plaintext(&fix.own, CS_SPAN_LIT("hello"), false);
    cs_chain_signed_free(&out);
    cs_wr_free(&w);
}

static void high_s_and_zero_signatures_are_refused(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    json_t *row = NULL, *r;
    struct cs_chain_sig sig = {0};
    struct cs_chain_signed out;
    struct cs_chain_key key;
    struct cs_span payload;
    const char *why = NULL;
    size_t i;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, r)
    {
        row = strcmp(cs_vec_str(r, "id"), "pub-xrpl-secp-payment") == 0 ? r : row;
    }
    assert_non_null(row);
    key = key_of(v, row);
    payload = cs_vec_hex(v, cs_vec_get(row, "unsigned"), "blob");
    assert_int_equal(cs_chain_finish(&out, &key, payload, &sig, 1, &why),
                     CS_ERR_SIG_INVALID);
    sig.rs[31] = 1; /* r = 1, s = 0 */
    assert_int_equal(cs_chain_finish(&out, &key, payload, &sig, 1, &why),
                     CS_ERR_SIG_INVALID);
    assert_int_equal(
        cs_unhex(sig.rs + 32, 32,
                 "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1"),
        CS_OK);
    assert_int_equal(cs_chain_finish(&out, &key, payload, &sig, 1, &why),
                     CS_ERR_SIG_INVALID);
    assert_non_null(strstr(why, "low-s"));
    sig.rs[63] = 0xa0; /* exactly half the order is low, but nobody signed */
    assert_int_equal(cs_chain_finish(&out, &key, payload, &sig, 1, &why),
                     CS_ERR_SIG_INVALID);
    assert_non_null(strstr(why, "not the key's"));
    cs_vec_close(v);
}

/* A valid signature of the key over another transaction, and one of another key. */
static void signatures_over_something_else_are_refused(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    struct cs_chain_sig sig = {0};
    struct cs_chain_signed out;
    struct cs_chain_key key;
    const char *why = NULL;
    struct cs_span payload;
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        json_t *sign = json_array_get(cs_vec_get(row, "sign"), 0);

        if (!chains_is(row, "XRP_LEDGER") || chains_curve(sign) == CS_CURVE_ED25519) {
            continue;
        }
        payload = cs_vec_hex(v, cs_vec_get(row, "unsigned"), "blob");
        key = key_of(v, row);
        if (n > 0) { /* the previous row's signature */
            assert_int_equal(cs_chain_finish(&out, &key, payload, &sig, 1, &why),
                             CS_ERR_SIG_INVALID);
            assert_non_null(strstr(why, "not the key's"));
        }
        memcpy(sig.rs, cs_vec_hex_n(v, sign, "signature", 64), 64);
        sig.rs[40] ^= 1;
        assert_int_equal(cs_chain_finish(&out, &key, payload, &sig, 1, &why),
                         CS_ERR_SIG_INVALID);
        sig.rs[40] ^= 1;
        assert_int_equal(cs_chain_finish(&out, &key, payload, &sig, 0, &why),
                         CS_ERR_SIG_INVALID);
        assert_non_null(strstr(why, "wrong number"));
        n++;
    }
    assert_int_equal(n, 10);
    cs_vec_close(v);
}

static void der_is_strict(void **state)
{
    static const struct {
        uint8_t r0, r31, s0, s31;
        const char *want; /* of the case's short form, or NULL */
        size_t n;
    } cases[] = {
        {0x00, 0x01, 0x00, 0x02, "3006020101020102", 8},
        {0x00, 0x80, 0x00, 0x7f,
         "300702020080"
         "02017f",
         9},
        {0x80, 0x01, 0x7f, 0x01, NULL, 71},
        {0x80, 0x01, 0x80, 0x01, NULL, 72},
        {0x7f, 0x01, 0x7f, 0x01, NULL, 70},
    };
    uint8_t rs[64], der[72];
    char hex[2 * 72 + 1];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        memset(rs, 0, sizeof rs);
        rs[0] = cases[i].r0;
        rs[31] = cases[i].r31;
        rs[32] = cases[i].s0;
        rs[63] = cases[i].s31;
        assert_int_equal(cs_chain_der(der, rs), cases[i].n);
        if (cases[i].want != NULL) {
            assert_string_equal(cs_hex(hex, der, cases[i].n), cases[i].want);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transactions_are_those_of_the_vectors),
        cmocka_unit_test(summaries_say_what_the_vectors_say),
        cmocka_unit_test(cut_flipped_or_as_plaintext_the_vectors_stay_safe),
        cmocka_unit_test(cut_payments_are_refused),
        cmocka_unit_test(invalid_transactions_of_the_vectors_are_refused),
        cmocka_unit_test(the_vendors_example_comes_out_byte_for_byte),
        cmocka_unit_test(the_codecs_example_for_single_signing_decodes),
        cmocka_unit_test(plaintext_gets_our_prefix_and_length),
        cmocka_unit_test(plaintext_of_a_secp256k1_key_is_hashed),
        cmocka_unit_test(plaintext_that_the_ledger_could_read_is_refused),
        cmocka_unit_test(the_signature_goes_where_canonical_order_wants_it),
        cmocka_unit_test(no_memory_is_an_error_not_a_crash),
        cmocka_unit_test(high_s_and_zero_signatures_are_refused),
        cmocka_unit_test(signatures_over_something_else_are_refused),
        cmocka_unit_test(der_is_strict),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
