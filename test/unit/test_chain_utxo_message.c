/* Texts signed with keys of Bitcoin and its relatives: BIP 322 with the BIP's own
 * vectors, BIP 137 for all other addresses. */
#include "crypto/ecdsa.h"
#include "support/chains.h"
#include "support/chains_sign.h"
#include "support/utxo_made.h"

/* ---- BIP 322 ------------------------------------------------------------------- */

/* bip-0322/basic-test-vectors.json and generated-test-vectors.json of the BIPs, simple
 * form, P2WPKH and P2TR ("smp" in front is the text form's). */
static const struct published {
    enum cs_chain_format format;
    const char *pub, *address, *message, *signature;
} published[] = {
    {CS_CHAIN_FORMAT_P2WPKH,
     "02c7f12003196442943d8588e01aee840423cc54fc1521526a3b85c2b0cbd58872",
     "bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l", "Hello World",
     "AkcwRAIgZRfIY3p7/DoVTty6YZbWS71bc5Vct9p9Fia83eRmw2QCICK/"
     "ENGfwLtptFluMGs2KsqoNSk89pO7"
     "F29zJLUx9a/sASECx/EgAxlkQpQ9hYjgGu6EBCPMVPwVIVJqO4XCsMvViHI="},
    {CS_CHAIN_FORMAT_P2WPKH,
     "02c7f12003196442943d8588e01aee840423cc54fc1521526a3b85c2b0cbd58872",
     "bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l", "Hello World",
     "AkgwRQIhAOzyynlqt93lOKJr+wmmxIens//"
     "zPzl9tqIOua93wO6MAiBi5n5EyAcPScOjf1lAqIUIQtr3zKNe"
     "avYabHyR8eGhowEhAsfxIAMZZEKUPYWI4BruhAQjzFT8FSFSajuFwrDL1Yhy"},
    {CS_CHAIN_FORMAT_P2WPKH,
     "034c0daf33c6ceb54160bde9d20d49af92aeda58dc284c1d0232233a71aac7635b",
     "bc1qkntwc3c4dzxh9xh6875l03fn3vkk023jgak3u7", "ESHJI7MWUL64AXHBI42L3UR4QA",
     "AkcwRAIgCYHF/vn67iZX5WBimh84kqD6pTME6eNCMGhfFnnwCNECIAF3nMCk/"
     "RfLit+uv8a8FgfQIw0f0ASE"
     "21GSz7rX17PsASEDTA2vM8bOtUFgvenSDUmvkq7aWNwoTB0CMiM6carHY1s="},
    {CS_CHAIN_FORMAT_P2TR,
     "0289c3a617f8100779196228a70421bf5f413ef4163f25a539d36afed2e43c9807",
     "bc1p9cyuceaazr8cz46mvgkzl94wy397mwpqsrk84su37t72jvkg6wzqv52nfp",
     "TPIZPITUIHEUHO5ACOL6W6MBVD",
     "AUBay6NwR4LEYedkTG+vE9F7C0RTOCB5NH6ZAqf+3hudjHIkOzSZk1jW/"
     "5Kt0wRKX3llJ25os+0qktdou4/Y"
     "8516"},
    {CS_CHAIN_FORMAT_P2TR,
     "02a0c989dbab24a9bb93c292f80cd3acde2b2e9eaf3d68a9716303c089bf586476",
     "bc1pss0zhytly75awhm6x2hhvd5lnzv3vssgrf9axfheq8ldyzn88ges79fler",
     "No prefix fallback",
     "AUCJYOwOjxYAvatTAGYaVlNXBVyFuc4MwNQkOuK2tl8xhfKDONd0NjfYyNSYcRqeCp8hsAnCEPHAVEkO9"
     "h6v"
     "bQ/R"},
};

/* The first element of a witness as r, s. */
static void signature_of(uint8_t rs[64], struct cs_span witness)
{
    struct cs_span first = CS_SPAN(witness.p + 2, witness.p[1]);

    if (first.n == 64) {
        memcpy(rs, first.p, 64);
    } else {
        assert_int_equal(first.p[first.n - 1], 1); /* SIGHASH_ALL */
        assert_int_equal(cs_ecdsa_from_der(rs, CS_SPAN(first.p, first.n - 1)), CS_OK);
    }
}

static void check_published(const struct published *p)
{
    struct cs_span message = CS_SPAN(p->message, strlen(p->message));
    char address[CS_CHAIN_ADDRESS_MAX];
    struct cs_wr want = {0}, w;
    struct cs_chain_sig sig = {0};
    struct cs_chain_key key;
    uint8_t pub[33];

    assert_int_equal(cs_unhex(pub, 33, p->pub), CS_OK);
    assert_int_equal(cs_unb64(&want, p->signature, strlen(p->signature)), CS_OK);
    key = chains_key(CS_CHAIN_BITCOIN, CS_CURVE_SECP256K1, CS_SPAN_OF(pub));
    key.format = p->format;
    assert_int_equal(cs_chain_address(address, &key, NULL), CS_OK);
    assert_string_equal(address, p->address);
    signature_of(sig.rs, cs_wr_get(&want));
    assert_int_equal(cs_chain_finish_message(&w, &key, message, &sig, NULL), CS_OK);
    assert_int_equal(w.n, want.n);
    assert_memory_equal(w.p, want.p, want.n);
    cs_wr_free(&w);
    message.n--; /* of another text it is none */
    assert_int_equal(cs_chain_finish_message(&w, &key, message, &sig, NULL),
                     CS_ERR_SIG_INVALID);
    cs_wr_free(&want);
}

static void signatures_published_with_bip322_come_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(published); i++) {
        check_published(&published[i]);
    }
}

static void texts_of_taproot_keys_are_for_the_output_key(void **state)
{
    struct cs_chain_key key = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2TR);
    struct cs_chain_sig sig = {0};
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    assert_int_equal(cs_chain_plaintext(&tx, &key, CS_SPAN_LIT("hello"), NULL), CS_OK);
    assert_int_equal(tx.items[0].scheme, CS_CHAIN_SCHEME_BIP340);
    assert_int_equal(tx.items[0].hash, CS_CHAIN_HASH_TAPSIGHASH);
    assert_true(tx.items[0].has_tweak);
    chains_tap_sign(sig.rs, secret_own, tx.items[0].message.p);
    assert_int_equal(
        cs_chain_finish_message(&w, &key, CS_SPAN_LIT("hello"), &sig, NULL), CS_OK);
    assert_int_equal(w.n, 66);
    assert_memory_equal(w.p, "\x01\x40", 2);
    cs_wr_free(&w);
    cs_chain_tx_free(&tx);
}

/* The same text for another kind of address is another signature. */
static void texts_are_bound_to_the_address(void **state)
{
    static const enum cs_chain_format formats[] = {
        CS_CHAIN_FORMAT_P2WPKH, CS_CHAIN_FORMAT_P2TR, CS_CHAIN_FORMAT_P2PKH};
    struct cs_chain_tx tx[CS_COUNTOF(formats)];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(formats); i++) {
        struct cs_chain_key key = utxo_key(CS_CHAIN_BITCOIN, formats[i]);

        assert_int_equal(cs_chain_plaintext(&tx[i], &key, CS_SPAN_LIT("hello"), NULL),
                         CS_OK);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(tx[i].items[0].digest, tx[k].items[0].digest, 32);
        }
    }
    for (size_t i = 0; i < CS_COUNTOF(formats); i++) {
        cs_chain_tx_free(&tx[i]);
    }
}

static void no_lack_of_memory_goes_unnoticed(void **state)
{
    struct cs_chain_key key = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2WPKH);

    (void)state;
    chains_starve_plaintext(&key, CS_SPAN_LIT("hello"), false);
}

/* ---- BIP 137 ------------------------------------------------------------------- */

static void messages_have_the_chains_prefix(void **state)
{
    static const struct {
        enum cs_chain chain;
        enum cs_chain_format format;
        const char *prefix;
        uint8_t header;
    } cases[] = {
        {CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2SH_P2WPKH,
         "\x18"
         "Bitcoin Signed Message:\n",
         35},
        {CS_CHAIN_LITECOIN, CS_CHAIN_FORMAT_DEFAULT,
         "\x19"
         "Litecoin Signed Message:\n",
         39},
        {CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2PKH,
         "\x18"
         "Bitcoin Signed Message:\n",
         31},
        {CS_CHAIN_LITECOIN, CS_CHAIN_FORMAT_P2SH_P2WPKH,
         "\x19"
         "Litecoin Signed Message:\n",
         35},
        {CS_CHAIN_DOGECOIN, CS_CHAIN_FORMAT_DEFAULT,
         "\x19"
         "Dogecoin Signed Message:\n",
         31},
        {CS_CHAIN_DASH, CS_CHAIN_FORMAT_DEFAULT,
         "\x19"
         "DarkCoin Signed Message:\n",
         31},
        {CS_CHAIN_BITCOIN_CASH, CS_CHAIN_FORMAT_DEFAULT,
         "\x18"
         "Bitcoin Signed Message:\n",
         31},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        struct cs_chain_key key = utxo_key(cases[i].chain, cases[i].format);
        size_t n = strlen(cases[i].prefix);
        struct cs_chain_sig sig = {0};
        uint8_t found[33];
        struct cs_chain_tx tx;
        struct cs_wr w;

        assert_int_equal(cs_chain_plaintext(&tx, &key, CS_SPAN_LIT("hello"), NULL),
                         CS_OK);
        assert_int_equal(tx.data_len, n + 6);
        assert_memory_equal(tx.data, cases[i].prefix, n);
        assert_memory_equal(tx.data + n, "\5hello", 6);
        chains_k1_sign(sig.rs, secret_own, tx.items[0].message.p);
        assert_int_equal(
            cs_chain_finish_message(&w, &key, CS_SPAN_LIT("hello"), &sig, NULL), CS_OK);
        assert_int_equal(w.n, 65);
        assert_true(w.p[0] == cases[i].header || w.p[0] == cases[i].header + 1);
        assert_int_equal(cs_ecdsa_recover(found, tx.items[0].message.p, w.p + 1,
                                          (unsigned)(w.p[0] - cases[i].header)),
                         CS_OK);
        assert_memory_equal(found, key.pub, 33);
        cs_wr_free(&w);
        cs_chain_tx_free(&tx);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_published_with_bip322_come_out),
        cmocka_unit_test(texts_of_taproot_keys_are_for_the_output_key),
        cmocka_unit_test(texts_are_bound_to_the_address),
        cmocka_unit_test(no_lack_of_memory_goes_unnoticed),
        cmocka_unit_test(messages_have_the_chains_prefix),
    };

    return cmocka_run_group_tests_name("chain/utxo_message", tests, NULL, NULL);
}
