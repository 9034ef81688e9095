/* What every chain's test does with a row of transactions.json: the digest or message,
 * the final encoding, and that nothing else passes. */
#ifndef CS_TEST_SUPPORT_CHAINS_ROWS_H
#define CS_TEST_SUPPORT_CHAINS_ROWS_H

#include "support/chains.h"

static inline json_t *chains_sign_of(const json_t *row)
{
    return json_array_get(cs_vec_get(row, "sign"), 0);
}

static inline struct cs_chain_key chains_row_key(struct cs_vec *v, const json_t *row)
{
    json_t *s = chains_sign_of(row);
    struct cs_chain_key key = chains_key(chains_id(cs_vec_str(row, "chain")),
                                         chains_curve(s),
                                         cs_vec_hex(v, s, "publicKey"));

    if (strcmp(cs_vec_str(row, "network"), "mainnet") != 0 &&
        strcmp(cs_vec_str(row, "network"), "any") != 0) {
        key.net = CS_CHAIN_TESTNET;
    }
    return key;
}

static inline void chains_check_item(struct cs_vec *v, const json_t *sign,
                                     const struct cs_chain_item *item)
{
    bool is_ed = item->scheme == CS_CHAIN_SCHEME_ED25519;
    struct cs_span want = cs_vec_hex(v, sign, is_ed ? "message" : "digest");

    assert_int_equal(is_ed, chains_curve(sign) == CS_CURVE_ED25519);
    assert_string_equal(cs_chain_hash_name(item->hash), cs_vec_str(sign, "hash"));
    assert_int_equal(item->message.n, want.n);
    assert_memory_equal(item->message.p, want.p, want.n);
    if (json_object_get(sign, "payload") != NULL) {
        want = cs_vec_hex(v, sign, "payload");
        assert_int_equal(item->data.n, want.n);
        assert_memory_equal(item->data.p, want.p, want.n);
    }
}

/* payload: one of the row's unsigned forms; want: the signed bytes. */
static inline void chains_check_row(struct cs_vec *v, const json_t *row,
                                    struct cs_span payload, struct cs_span want)
{
    struct cs_chain_key key = chains_row_key(v, row);
    json_t *sign = chains_sign_of(row);
    json_t *id = json_object_get(cs_vec_get(row, "signed"), "txid");
    struct cs_chain_sig sig = {.recid = 3}; /* not trusted */
    struct cs_chain_signed out;
    const char *why = NULL;
    struct cs_chain_tx tx;

    if (cs_chain_decode(&tx, &key, payload, &why) != CS_OK) {
        fail_msg("%s: %s", cs_vec_str(row, "id"), why);
    }
    chains_check_summary(&tx, payload);
    chains_check_item(v, sign, &tx.items[0]);
    assert_int_equal(tx.items[0].scheme, cs_chain_key_scheme(&key));
    cs_chain_tx_free(&tx);
    memcpy(sig.rs, cs_vec_hex_n(v, sign, "signature", 64), 64);
    if (cs_chain_finish(&out, &key, payload, &sig, 1, &why) != CS_OK) {
        fail_msg("%s: %s", cs_vec_str(row, "id"), why);
    }
    assert_int_equal(out.bytes.n, want.n);
    assert_memory_equal(out.bytes.p, want.p, want.n);
    if (id != NULL) {
        assert_string_equal(out.txid, json_string_value(id));
    }
    chains_starve_finish(&key, payload, &sig, out.txid);
    cs_chain_signed_free(&out);
    sig.rs[5] ^= 1;
    assert_int_equal(cs_chain_finish(&out, &key, payload, &sig, 1, &why),
                     CS_ERR_SIG_INVALID);
    assert_true(cs_ct_is_zero(&out, sizeof out));
}

/* Signed bytes are no payload; neither payload nor signed bytes are a text. */
static inline void chains_check_others(struct cs_vec *v, const json_t *row,
                                       struct cs_span payload, struct cs_span done)
{
    struct cs_chain_key key = chains_row_key(v, row);

    assert_int_equal(chains_decode(&key, done, NULL), CS_ERR_CHAIN_TX);
    chains_not_plaintext(&key, payload);
    chains_not_plaintext(&key, done);
    /* A SignDoc of Cosmos without its last field is one of account number 0. */
    assert_true(chains_cut_count(&key, payload) <=
                (chains_is_textual(key.chain) ? 1 : 0));
    chains_flip_everywhere(&key, payload);
}

/* A message of the vectors: digest and final form. */
static inline void chains_check_message(struct cs_vec *v, const json_t *row)
{
    struct cs_chain_key key = chains_row_key(v, row);
    json_t *sign = chains_sign_of(row);
    struct cs_span message = cs_vec_hex(v, cs_vec_get(row, "unsigned"), "message");
    struct cs_chain_sig sig = {0};
    const char *why = NULL;
    struct cs_chain_tx tx;
    struct cs_span want;
    struct cs_wr w;

    assert_int_equal(cs_chain_plaintext(&tx, &key, message, &why), CS_OK);
    chains_check_item(v, sign, &tx.items[0]);
    cs_chain_tx_free(&tx);
    memcpy(sig.rs, cs_vec_hex_n(v, sign, "signature", 64), 64);
    assert_int_equal(cs_chain_finish_message(&w, &key, message, &sig, &why), CS_OK);
    want = cs_vec_hex(v, sign, "final");
    assert_int_equal(w.n, want.n);
    assert_memory_equal(w.p, want.p, want.n);
    cs_wr_free(&w);
    sig.rs[50] ^= 4;
    assert_int_equal(cs_chain_finish_message(&w, &key, message, &sig, &why),
                     CS_ERR_SIG_INVALID);
    assert_null(w.p);
}

#endif
