/* The kinds of requests: words, blind digests, the one way in and out, and which
 * address format a scheme stands for. */
#include "chain/impl.h"
#include "crypto/ecdsa.h"
#include "support/chains.h"
#include "support/chains_fuzz.h"

static const uint8_t digest[32] = {0xd1, 0x9e, [31] = 0x57};

static void words_go_both_ways(void **state)
{
    static const char *const words[] = {"RAW", "PLAINTEXT", "TYPED_DATA", "DIGEST"};
    enum cs_chain_kind kind = CS_CHAIN_KIND_RAW;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(words); i++) {
        assert_true(cs_chain_kind_parse(&kind, words[i]));
        assert_int_equal(kind, i + 1);
        assert_string_equal(cs_chain_kind_name(kind), words[i]);
    }
    assert_false(cs_chain_kind_parse(&kind, "raw"));
    assert_false(cs_chain_kind_parse(&kind, ""));
    assert_false(cs_chain_kind_parse(&kind, "DIGESTS"));
    assert_int_equal(kind, CS_CHAIN_KIND_DIGEST);
    assert_string_equal(cs_chain_kind_name((enum cs_chain_kind)9), "UNKNOWN");
}

static void unknown_kinds_are_refused(void **state)
{
    struct cs_chain_signed out;
    struct cs_chain_sig sig = {0};
    struct cs_chain_key key;
    struct cs_chain_tx tx;
    const char *why = NULL;

    (void)state;
    chains_fuzz_key(&key, CS_CHAIN_ETHEREUM, CS_CURVE_SECP256K1);
    memset(&tx, 1, sizeof tx);
    assert_int_equal(
        cs_chain_prepare(&tx, &key, (enum cs_chain_kind)5, CS_SPAN_OF(digest), &why),
        CS_ERR_CHAIN_UNKNOWN);
    assert_non_null(why);
    assert_true(cs_ct_is_zero(&tx, sizeof tx));
    assert_int_equal(cs_chain_finish_any(&out, &key, (enum cs_chain_kind)0,
                                         CS_SPAN_OF(digest), &sig, 1, NULL),
                     CS_ERR_CHAIN_UNKNOWN);
}

/* ---- schemes and formats ------------------------------------------------------- */

static void schemes_stand_for_formats(void **state)
{
    static const struct row {
        enum cs_chain chain;
        enum cs_curve curve;
        enum cs_chain_scheme scheme;
        enum cs_chain_format format;
        bool is_ok;
    } rows[] = {
        {CS_CHAIN_BITCOIN, CS_CURVE_SECP256K1, CS_CHAIN_SCHEME_ECDSA,
         CS_CHAIN_FORMAT_P2WPKH, true},
        {CS_CHAIN_BITCOIN, CS_CURVE_SECP256K1, CS_CHAIN_SCHEME_BIP340,
         CS_CHAIN_FORMAT_P2TR, true},
        {CS_CHAIN_LITECOIN, CS_CURVE_SECP256K1, CS_CHAIN_SCHEME_ECDSA,
         CS_CHAIN_FORMAT_DEFAULT, true},
        {CS_CHAIN_ETHEREUM, CS_CURVE_SECP256K1, CS_CHAIN_SCHEME_ECDSA,
         CS_CHAIN_FORMAT_DEFAULT, true},
        {CS_CHAIN_SOLANA, CS_CURVE_ED25519, CS_CHAIN_SCHEME_ED25519,
         CS_CHAIN_FORMAT_DEFAULT, true},
        {CS_CHAIN_XRP_LEDGER, CS_CURVE_ED25519, CS_CHAIN_SCHEME_ED25519,
         CS_CHAIN_FORMAT_DEFAULT, true},
        {CS_CHAIN_LITECOIN, CS_CURVE_SECP256K1, CS_CHAIN_SCHEME_BIP340, 0, false},
        {CS_CHAIN_ETHEREUM, CS_CURVE_SECP256K1, CS_CHAIN_SCHEME_BIP340, 0, false},
        {CS_CHAIN_BITCOIN, CS_CURVE_SECP256K1, CS_CHAIN_SCHEME_ED25519, 0, false},
        {CS_CHAIN_SOLANA, CS_CURVE_ED25519, CS_CHAIN_SCHEME_ECDSA, 0, false},
        {CS_CHAIN_SOLANA, CS_CURVE_ED25519, CS_CHAIN_SCHEME_BIP340, 0, false},
        {CS_CHAIN_BITCOIN, CS_CURVE_SECP256K1, (enum cs_chain_scheme)0, 0, false},
        {CS_CHAIN_BITCOIN, CS_CURVE_SECP256K1, (enum cs_chain_scheme)4, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        const char *why = NULL;
        struct cs_chain_key key;

        chains_fuzz_key(&key, rows[i].chain, rows[i].curve);
        key.format = CS_CHAIN_FORMAT_X;
        if (rows[i].is_ok) {
            assert_int_equal(cs_chain_key_set_scheme(&key, rows[i].scheme, &why),
                             CS_OK);
            assert_int_equal(key.format, rows[i].format);
            assert_int_equal(cs_chain_key_scheme(&key), rows[i].scheme);
        } else {
            assert_int_equal(cs_chain_key_set_scheme(&key, rows[i].scheme, &why),
                             CS_ERR_CHAIN_UNKNOWN);
            assert_int_equal(key.format, CS_CHAIN_FORMAT_X);
            assert_non_null(why);
        }
    }
}

/* ---- digests ------------------------------------------------------------------- */

static void digests_are_signed_as_they_are(void **state)
{
    struct cs_chain_key key;
    struct cs_chain_tx tx;
    const char *why = "";

    (void)state;
    chains_fuzz_key(&key, CS_CHAIN_ETHEREUM, CS_CURVE_SECP256K1);
    assert_int_equal(cs_chain_digest(&tx, &key, CS_SPAN_OF(digest), &why), CS_OK);
    assert_null(why);
    assert_int_equal(tx.n_items, 1);
    assert_int_equal(tx.items[0].scheme, CS_CHAIN_SCHEME_ECDSA);
    assert_int_equal(tx.items[0].hash, CS_CHAIN_HASH_NONE);
    assert_int_equal(tx.items[0].message.n, 32);
    assert_memory_equal(tx.items[0].message.p, digest, 32);
    assert_false(tx.items[0].has_tweak);
    assert_true(tx.is_blind);
    assert_false(tx.is_clear);
    assert_false(tx.is_message);
    assert_string_equal(tx.to, "");
    assert_string_equal(tx.units, "");
    assert_non_null(strstr(tx.text, "BLIND SIGNING"));
    assert_non_null(strstr(tx.text, "nothing can be shown"));
    assert_non_null(strstr(tx.text, tx.signer));
    assert_non_null(strstr(tx.text, "0xd19e0000"));
    cs_chain_tx_free(&tx);
}

static void digest_refused(const struct cs_chain_key *key, size_t n, enum cs_err code,
                           const char *part)
{
    static const uint8_t bytes[64];
    struct cs_chain_tx tx;
    const char *why = NULL;

    assert_int_equal(
        cs_chain_prepare(&tx, key, CS_CHAIN_KIND_DIGEST, CS_SPAN(bytes, n), &why),
        code);
    assert_non_null(strstr(why, part));
    assert_true(cs_ct_is_zero(&tx, sizeof tx));
}

static void only_32_bytes_are_a_digest(void **state)
{
    struct cs_chain_key key;

    (void)state;
    chains_fuzz_key(&key, CS_CHAIN_TRON, CS_CURVE_SECP256K1);
    digest_refused(&key, 0, CS_ERR_CHAIN_MESSAGE, "exactly 32 bytes");
    digest_refused(&key, 31, CS_ERR_CHAIN_MESSAGE, "exactly 32 bytes");
    digest_refused(&key, 33, CS_ERR_CHAIN_MESSAGE, "exactly 32 bytes");
    digest_refused(&key, 64, CS_ERR_CHAIN_MESSAGE, "exactly 32 bytes");
}

static void ed25519_keys_sign_no_digests(void **state)
{
    struct cs_chain_key key;

    (void)state;
    chains_fuzz_key(&key, CS_CHAIN_SOLANA, CS_CURVE_ED25519);
    digest_refused(&key, 32, CS_ERR_CHAIN_UNKNOWN, "Ed25519 keys sign no digests");
    chains_fuzz_key(&key, CS_CHAIN_XRP_LEDGER, CS_CURVE_ED25519);
    digest_refused(&key, 32, CS_ERR_CHAIN_UNKNOWN, "Ed25519 keys sign no digests");
}

static void finish_digest(const struct cs_chain_key *key, struct cs_chain_signed *out,
                          struct cs_chain_sig *sig)
{
    struct cs_chain_tx tx;

    assert_int_equal(cs_chain_digest(&tx, key, CS_SPAN_OF(digest), NULL), CS_OK);
    chains_fuzz_sign(sig, &tx.items[0]);
    cs_chain_tx_free(&tx);
    assert_int_equal(cs_chain_finish_any(out, key, CS_CHAIN_KIND_DIGEST,
                                         CS_SPAN_OF(digest), sig, 1, NULL),
                     CS_OK);
}

static void ecdsa_digests_end_as_der_and_rsv(void **state)
{
    struct cs_chain_sig sig = {.recid = 3}; /* not trusted */
    struct cs_chain_signed out;
    struct cs_chain_key key;
    uint8_t rs[64], pub[33];

    (void)state;
    chains_fuzz_key(&key, CS_CHAIN_TRON, CS_CURVE_SECP256K1);
    finish_digest(&key, &out, &sig);
    assert_int_equal(cs_ecdsa_from_der(rs, cs_wr_get(&out.bytes)), CS_OK);
    assert_memory_equal(rs, sig.rs, 64);
    assert_true(out.has_rsv);
    assert_memory_equal(out.rsv, sig.rs, 64);
    assert_int_equal(cs_ecdsa_recover(pub, digest, sig.rs, out.rsv[64]), CS_OK);
    assert_memory_equal(pub, key.pub, 33);
    assert_string_equal(out.txid, "");
    cs_chain_signed_free(&out);
}

/* Chains whose transactions are not read have digests all the same. */
static void chains_with_addresses_only_have_digests(void **state)
{
    static const enum cs_chain chains[] = {CS_CHAIN_ONE_MONEY, CS_CHAIN_INJECTIVE,
                                           CS_CHAIN_FILECOIN};
    struct cs_chain_sig sig = {0};
    struct cs_chain_signed out;
    struct cs_chain_key key;
    struct cs_chain_tx tx;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(chains); i++) {
        chains_fuzz_key(&key, chains[i], CS_CURVE_SECP256K1);
        finish_digest(&key, &out, &sig);
        cs_chain_signed_free(&out);
        assert_int_equal(
            cs_chain_prepare(&tx, &key, CS_CHAIN_KIND_RAW, CS_SPAN_OF(digest), NULL),
            CS_ERR_CHAIN_UNKNOWN);
        assert_int_equal(cs_chain_prepare(&tx, &key, CS_CHAIN_KIND_PLAINTEXT,
                                          CS_SPAN_LIT("text"), NULL),
                         CS_ERR_CHAIN_UNKNOWN);
    }
}

static void taproot_digests_are_for_the_output_key(void **state)
{
    struct cs_chain_sig sig = {0};
    struct cs_chain_signed out;
    struct cs_chain_key key;

    (void)state;
    chains_fuzz_key(&key, CS_CHAIN_BITCOIN, CS_CURVE_SECP256K1);
    assert_int_equal(cs_chain_key_set_scheme(&key, CS_CHAIN_SCHEME_BIP340, NULL),
                     CS_OK);
    finish_digest(&key, &out, &sig);
    assert_int_equal(out.bytes.n, 64);
    assert_memory_equal(out.bytes.p, sig.rs, 64);
    assert_false(out.has_rsv);
    cs_chain_signed_free(&out);
    chains_k1_sign(sig.rs, chains_fuzz_seed, digest); /* an ECDSA signature is none */
    assert_int_equal(cs_chain_finish_any(&out, &key, CS_CHAIN_KIND_DIGEST,
                                         CS_SPAN_OF(digest), &sig, 1, NULL),
                     CS_ERR_SIG_INVALID);
}

/* A key and a signature over this digest whose R lies above the group order, which
 * happens once in 2^127: recovery id 2 or 3. */
static void make_large_r(struct cs_chain_key *key, enum cs_chain chain,
                         struct cs_chain_sig *sig, const uint8_t hash[32])
{
    uint8_t pub[33];

    memset(sig, 0, sizeof *sig);
    sig->rs[63] = 1;
    do {
        sig->rs[31]++;
        assert_true(sig->rs[31] < 100);
    } while (cs_ecdsa_recover(pub, hash, sig->rs, 2) != CS_OK);
    *key = chains_key(chain, CS_CURVE_SECP256K1, CS_SPAN_OF(pub));
}

static void every_recovery_id_is_told(void **state)
{
    const struct cs_span text = CS_SPAN_LIT("hello");
    struct cs_chain_signed out;
    struct cs_chain_sig sig;
    struct cs_chain_key key;
    struct cs_chain_tx tx;
    const char *why = NULL;

    (void)state;
    make_large_r(&key, CS_CHAIN_TRON, &sig, digest);
    assert_int_equal(cs_chain_finish_any(&out, &key, CS_CHAIN_KIND_DIGEST,
                                         CS_SPAN_OF(digest), &sig, 1, NULL),
                     CS_OK);
    assert_int_equal(out.rsv[64], 2);
    cs_chain_signed_free(&out);
    chains_fuzz_key(&key, CS_CHAIN_ETHEREUM, CS_CURVE_SECP256K1);
    assert_int_equal(cs_chain_plaintext(&tx, &key, text, NULL), CS_OK);
    make_large_r(&key, CS_CHAIN_ETHEREUM, &sig, tx.items[0].digest);
    cs_chain_tx_free(&tx);
    assert_int_equal(
        cs_chain_finish_any(&out, &key, CS_CHAIN_KIND_PLAINTEXT, text, &sig, 1, &why),
        CS_ERR_SIG_INVALID); /* v has two values only */
    assert_non_null(strstr(why, "recovery id"));
}

static void bad_signatures_of_digests_are_refused(void **state)
{
    struct cs_chain_sig sigs[2] = {{.recid = 0}};
    struct cs_chain_signed out;
    struct cs_chain_key key;
    struct cs_scalar s;

    (void)state;
    chains_fuzz_key(&key, CS_CHAIN_ETHEREUM, CS_CURVE_SECP256K1);
    finish_digest(&key, &out, &sigs[0]);
    cs_chain_signed_free(&out);
    sigs[1] = sigs[0];
    for (size_t n = 0; n <= 2; n += 2) {
        assert_int_equal(cs_chain_finish_any(&out, &key, CS_CHAIN_KIND_DIGEST,
                                             CS_SPAN_OF(digest), sigs, n, NULL),
                         CS_ERR_SIG_INVALID);
        assert_true(cs_ct_is_zero(&out, sizeof out));
    }
    memcpy(s.b, sigs[0].rs + 32, 32); /* the high s */
    cs_scalar_negate(CHAINS_K1, &s, &s);
    memcpy(sigs[0].rs + 32, s.b, 32);
    assert_int_equal(cs_chain_finish_any(&out, &key, CS_CHAIN_KIND_DIGEST,
                                         CS_SPAN_OF(digest), sigs, 1, NULL),
                     CS_ERR_SIG_INVALID);
    sigs[1].rs[3] ^= 1;
    assert_int_equal(cs_chain_finish_any(&out, &key, CS_CHAIN_KIND_DIGEST,
                                         CS_SPAN_OF(digest), &sigs[1], 1, NULL),
                     CS_ERR_SIG_INVALID);
}

static void messages_have_the_recovery_id_too(void **state)
{
    const struct cs_span text = CS_SPAN_LIT("hello");
    struct cs_chain_sig sig = {0};
    struct cs_chain_signed out;
    struct cs_chain_key key;
    struct cs_chain_tx tx;

    (void)state;
    chains_fuzz_key(&key, CS_CHAIN_ETHEREUM, CS_CURVE_SECP256K1);
    assert_int_equal(cs_chain_prepare(&tx, &key, CS_CHAIN_KIND_PLAINTEXT, text, NULL),
                     CS_OK);
    assert_true(tx.is_message);
    assert_false(tx.is_blind);
    chains_fuzz_sign(&sig, &tx.items[0]);
    cs_chain_tx_free(&tx);
    assert_int_equal(
        cs_chain_finish_any(&out, &key, CS_CHAIN_KIND_PLAINTEXT, text, &sig, 1, NULL),
        CS_OK);
    assert_int_equal(out.bytes.n, 65);
    assert_true(out.has_rsv);
    assert_int_equal(out.bytes.p[64], 27 + out.rsv[64]);
    cs_chain_signed_free(&out);
    chains_fuzz_key(&key, CS_CHAIN_SOLANA, CS_CURVE_ED25519);
    assert_int_equal(cs_chain_prepare(&tx, &key, CS_CHAIN_KIND_PLAINTEXT, text, NULL),
                     CS_OK);
    chains_fuzz_sign(&sig, &tx.items[0]);
    cs_chain_tx_free(&tx);
    assert_int_equal(
        cs_chain_finish_any(&out, &key, CS_CHAIN_KIND_PLAINTEXT, text, &sig, 1, NULL),
        CS_OK);
    assert_int_equal(out.bytes.n, 64);
    assert_false(out.has_rsv);
    cs_chain_signed_free(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_go_both_ways),
        cmocka_unit_test(unknown_kinds_are_refused),
        cmocka_unit_test(schemes_stand_for_formats),
        cmocka_unit_test(digests_are_signed_as_they_are),
        cmocka_unit_test(only_32_bytes_are_a_digest),
        cmocka_unit_test(ed25519_keys_sign_no_digests),
        cmocka_unit_test(ecdsa_digests_end_as_der_and_rsv),
        cmocka_unit_test(chains_with_addresses_only_have_digests),
        cmocka_unit_test(taproot_digests_are_for_the_output_key),
        cmocka_unit_test(every_recovery_id_is_told),
        cmocka_unit_test(bad_signatures_of_digests_are_refused),
        cmocka_unit_test(messages_have_the_recovery_id_too),
    };

    return cmocka_run_group_tests_name("chain/kind", tests, NULL, NULL);
}
