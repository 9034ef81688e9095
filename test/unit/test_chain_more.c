/* Cosmos chains, Stellar, Hedera, Algorand, NEAR: every row of the vectors, what their
 * summaries say, that changed and cut ones are safe.  What each refuses:
 * test_chain_more_checks.c. */
#include "support/chains_rows.h"

static const struct family {
    const char *chain;
    const char *forms[2]; /* names of the submitted forms */
    const char *done;     /* the signed form */
    bool is_base64;
} families[] = {
    {"COSMOS_HUB", {"signDoc", NULL}, "txRaw", false},
    {"OSMOSIS", {"signDoc", NULL}, "txRaw", false},
    {"CELESTIA", {"signDoc", NULL}, "txRaw", false},
    {"STELLAR", {"envelopeXdrBase64", NULL}, "envelopeXdrBase64", true},
    {"HEDERA", {"bodyBytes", NULL}, "transactionListProtobuf", false},
    {"ALGORAND", {"msgpack", "bytesToSign"}, "msgpack", false},
    {"NEAR", {"borsh", NULL}, "borsh", false},
};

static const struct family *family_of(const json_t *row)
{
    for (size_t i = 0; i < CS_COUNTOF(families); i++) {
        if (chains_is(row, families[i].chain)) {
            return &families[i];
        }
    }
    return NULL;
}

/* Base64 fields are decoded into w. */
static struct cs_span bytes_of(struct cs_vec *v, struct cs_wr *w, const json_t *obj,
                               const char *field, bool is_base64)
{
    const char *text = cs_vec_str(obj, field);

    if (!is_base64) {
        return cs_vec_hex(v, obj, field);
    }
    assert_int_equal(cs_unb64(w, text, strlen(text)), CS_OK);
    return cs_wr_get(w);
}

static void check_row(struct cs_vec *v, const json_t *row, const struct family *f,
                      const char *form)
{
    struct cs_wr a = {0}, b = {0};
    struct cs_span payload = bytes_of(v, &a, cs_vec_get(row, "unsigned"), form,
                                      f->is_base64);
    struct cs_span done = bytes_of(v, &b, cs_vec_get(row, "signed"), f->done,
                                   f->is_base64);

    chains_check_row(v, row, payload, done);
    chains_check_others(v, row, payload, done);
    cs_wr_free(&a);
    cs_wr_free(&b);
}

static void transactions_are_those_of_the_vectors(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        const struct family *f = family_of(row);

        for (int k = 0; k < 2 && f != NULL && f->forms[k] != NULL; k++) {
            if (json_object_get(cs_vec_get(row, "unsigned"), f->forms[k]) != NULL) {
                check_row(v, row, f, f->forms[k]);
                n++;
            }
        }
    }
    assert_int_equal(n, 4 + 2 + 10 + 2 + 4 + 1);
    cs_vec_close(v);
}

/* The fields of the vectors that tell amounts in the smallest unit. */
static const char *units_of(const json_t *tx)
{
    static const char *const names[] = {"stroops", "tinybars", "microAlgos", "yocto"};
    json_t *coins = json_object_get(tx, "amount");

    for (size_t i = 0; i < CS_COUNTOF(names); i++) {
        if (json_object_get(tx, names[i]) != NULL) {
            return cs_vec_str(tx, names[i]);
        }
    }
    return json_array_size(coins) == 1 ? cs_vec_str(json_array_get(coins, 0), "amount")
                                       : NULL;
}

static void check_summary(struct cs_vec *v, const json_t *row, const struct family *f)
{
    struct cs_chain_key key = chains_row_key(v, row);
    json_t *want = cs_vec_get(row, "tx");
    json_t *memo = json_object_get(want, "memo");
    const char *units = units_of(want);
    struct cs_wr w = {0};
    struct cs_chain_tx tx;

    assert_int_equal(cs_chain_decode(&tx, &key,
                                     bytes_of(v, &w, cs_vec_get(row, "unsigned"),
                                              f->forms[0], f->is_base64),
                                     NULL),
                     CS_OK);
    assert_string_equal(tx.from, cs_vec_str(row, "from"));
    if (json_is_string(json_object_get(want, "to"))) {
        assert_string_equal(tx.to, cs_vec_str(want, "to"));
        assert_true(tx.is_clear);
    }
    if (units != NULL) {
        assert_string_equal(tx.units, units);
    }
    if (json_is_string(memo)) {
        assert_string_equal(tx.memo, json_string_value(memo));
    }
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

static void summaries_say_what_the_vectors_say(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        const struct family *f = family_of(row);

        if (f != NULL &&
            json_object_get(cs_vec_get(row, "unsigned"), f->forms[0]) != NULL) {
            check_summary(v, row, f);
        }
    }
    cs_vec_close(v);
}

/* A key of another row signs none of them; Hedera's payload names no key. */
static void other_keys_are_refused(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    struct cs_chain_key last = {0};
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        const struct family *f = family_of(row);
        struct cs_chain_key key, other;
        struct cs_wr w = {0};

        if (f == NULL || chains_is(row, "HEDERA") ||
            json_object_get(cs_vec_get(row, "unsigned"), f->forms[0]) == NULL) {
            continue;
        }
        key = chains_row_key(v, row);
        other = last;
        other.chain = key.chain;
        other.net = key.net;
        if (last.curve == key.curve && memcmp(last.pub, key.pub, 32) != 0) {
            chains_refused(
                &other,
                bytes_of(v, &w, cs_vec_get(row, "unsigned"), f->forms[0], f->is_base64),
                CS_ERR_CHAIN_SIGNER, "wallet's");
            n++;
        }
        last = key;
        cs_wr_free(&w);
    }
    assert_true(n >= 14);
    cs_vec_close(v);
}

static void invalid_transactions_of_the_vectors_are_refused(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    struct cs_chain_key cosmos = {0}, stellar = {0};
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        if (strcmp(cs_vec_str(row, "id"), "pub-cosmos-send-direct") == 0) {
            cosmos = chains_row_key(v, row);
        } else if (strcmp(cs_vec_str(row, "id"), "pub-xlm-payment") == 0) {
            stellar = chains_row_key(v, row);
        }
    }
    json_array_foreach(cs_vec_get(v->root, "invalidTransactions"), i, row)
    {
        if (chains_is(row, "COSMOS_HUB") || chains_is(row, "STELLAR")) {
            assert_int_equal(
                chains_decode(chains_is(row, "STELLAR") ? &stellar : &cosmos,
                              cs_vec_hex(v, row, "hex"), NULL),
                CS_ERR_CHAIN_TX);
            n++;
        }
    }
    assert_int_equal(n, 3);
    cs_vec_close(v);
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
        cmocka_unit_test(summaries_say_what_the_vectors_say),
        cmocka_unit_test(other_keys_are_refused),
        cmocka_unit_test(invalid_transactions_of_the_vectors_are_refused),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
