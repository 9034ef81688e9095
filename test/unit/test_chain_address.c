/* Names, curves, addresses: every row of the vectors, every malformed key and address;
 * what is not built says so. */
#include "support/chains.h"

enum { N_ADDRESSES = 1016, N_PUBLISHED = 29, N_BAD_ADDRESSES = 56 };

/* Blockchains of the vectors that this layer does not know (TON, ..) are left out. */
static bool is_ours(const json_t *row)
{
    const struct cs_chain_info *info = cs_chain_by_name(cs_vec_str(row, "chain"));

    return info != NULL && info->is_built;
}

static const struct {
    const char *word;
    enum cs_chain_format format;
} formats[] = {
    {"x-address-no-tag", CS_CHAIN_FORMAT_X},
    {"p2pkh", CS_CHAIN_FORMAT_P2PKH},
    {"cashaddr-p2pkh", CS_CHAIN_FORMAT_P2PKH},
    {"p2sh-p2wpkh", CS_CHAIN_FORMAT_P2SH_P2WPKH},
    {"p2wpkh", CS_CHAIN_FORMAT_P2WPKH},
    {"p2tr", CS_CHAIN_FORMAT_P2TR},
    {"der-public-key", CS_CHAIN_FORMAT_HEDERA_DER},
};

static enum cs_chain_format format_of(const json_t *row)
{
    for (size_t i = 0; i < CS_COUNTOF(formats); i++) {
        if (strcmp(cs_vec_str(row, "format"), formats[i].word) == 0) {
            return formats[i].format;
        }
    }
    return CS_CHAIN_FORMAT_DEFAULT;
}

static enum cs_chain_net net_of(const json_t *row)
{
    const char *net = cs_vec_str(row, "network");

    if (strcmp(net, "regtest") == 0) {
        return CS_CHAIN_REGTEST;
    }
    return strcmp(net, "mainnet") == 0 || strcmp(net, "any") == 0 ? CS_CHAIN_MAINNET
                                                                  : CS_CHAIN_TESTNET;
}

static void check_row(struct cs_vec *v, const json_t *row)
{
    enum cs_chain chain = chains_id(cs_vec_str(row, "chain"));
    struct cs_chain_key key = chains_key(chain, chains_curve(row),
                                         cs_vec_hex(v, row, "publicKey"));
    char address[CS_CHAIN_ADDRESS_MAX];
    const char *why = NULL;

    key.format = format_of(row);
    key.net = net_of(row);
    if (cs_chain_address(address, &key, &why) != CS_OK ||
        strcmp(address, cs_vec_str(row, "address")) != 0) {
        fail_msg("%s: %s instead of %s (%s)", cs_vec_str(row, "chain"), address,
                 cs_vec_str(row, "address"), why == NULL ? "" : why);
    }
    assert_int_equal(cs_chain_address_check_net(chain, key.net, address, &why),
                     key.format == CS_CHAIN_FORMAT_HEDERA_DER
                         ? CS_ERR_CHAIN_ADDRESS /* a key, nothing to pay to */
                         : CS_OK);
}

static void addresses_are_those_of_the_vectors(void **state)
{
    static const char *const lists[] = {"addresses", "published"};
    struct cs_vec *v = CS_VEC_OWN("chains/addresses.json");
    size_t i, n[2] = {0};
    json_t *row;

    (void)state;
    for (int l = 0; l < 2; l++) {
        json_array_foreach(cs_vec_get(v->root, lists[l]), i, row)
        {
            if (is_ours(row)) {
                check_row(v, row);
                n[l]++;
            }
        }
    }
    assert_int_equal(n[0], N_ADDRESSES);
    assert_int_equal(n[1], N_PUBLISHED);
    cs_vec_close(v);
}

static void one_address_serves_all_evm_chains(void **state)
{
    static const char *const names[] = {"ARBITRUM", "AVALANCHE", "BASE",
                                        "BNBCHAIN", "POLYGON",   "ONE_MONEY"};
    struct cs_vec *v = CS_VEC_OWN("chains/addresses.json");
    char address[CS_CHAIN_ADDRESS_MAX];
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "addresses"), i, row)
    {
        for (size_t c = 0; c < CS_COUNTOF(names) && chains_is(row, "ETHEREUM"); c++) {
            struct cs_chain_key key = chains_key(chains_id(names[c]),
                                                 CS_CURVE_SECP256K1,
                                                 cs_vec_hex(v, row, "publicKey"));

            assert_int_equal(cs_chain_address(address, &key, NULL), CS_OK);
            assert_string_equal(address, cs_vec_str(row, "address"));
            n++;
        }
    }
    assert_int_equal(n, 6 * 18);
    cs_vec_close(v);
}

static void malformed_public_keys_are_refused(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/addresses.json");
    struct cs_chain_key key;
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "invalidPublicKeys"), i, row)
    {
        const char *hex = cs_vec_str(row, "publicKey");
        struct cs_wr w = {0};
        const char *why = NULL;
        enum cs_err err;

        if (json_object_get(row, "encoding") != NULL ||
            strcmp(cs_vec_str(row, "class"), "hex") == 0 ||
            cs_unhex_wr(&w, hex, strlen(hex)) != CS_OK) {
            cs_wr_free(&w); /* not the form of key that reaches this layer */
            continue;
        }
        err = cs_chain_key_init(&key, CS_CHAIN_XRP_LEDGER, chains_curve(row),
                                cs_wr_get(&w), &why);
        cs_wr_free(&w);
        if (err != CS_ERR_CHAIN_KEY) {
            fail_msg("%s: %s", cs_vec_str(row, "id"), cs_err_name(err));
        }
        assert_non_null(why);
        assert_true(cs_ct_is_zero(&key, sizeof key));
        n++;
    }
    assert_true(n >= 58);
    cs_vec_close(v);
}

static void malformed_addresses_are_refused(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/addresses.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "invalidAddresses"), i, row)
    {
        const char *why = NULL;

        if (is_ours(row)) {
            enum cs_err err = cs_chain_address_check_net(
                chains_id(cs_vec_str(row, "chain")), net_of(row),
                cs_vec_str(row, "address"), &why);

            if (err != CS_ERR_CHAIN_ADDRESS) {
                fail_msg("%s: %s", cs_vec_str(row, "id"), cs_vec_str(row, "reason"));
            }
            assert_non_null(why);
            n++;
        }
    }
    assert_int_equal(n, N_BAD_ADDRESSES);
    cs_vec_close(v);
}

/* An X-address with these bytes after the account. */
static enum cs_err check_x(uint8_t v0, uint8_t v1, const uint8_t tail[9])
{
    uint8_t raw[31] = {v0, v1};
    char text[CS_BASE58_TEXT_MAX];

    memcpy(raw + 22, tail, 9);
    cs_base58check(text, CS_BASE58_XRP, CS_SPAN_OF(raw));
    return cs_chain_address_check(CS_CHAIN_XRP_LEDGER, text, NULL);
}

static void x_addresses_have_one_form(void **state)
{
    (void)state;
    assert_int_equal(check_x(5, 0x44, (uint8_t[9]){0}), CS_OK);
    assert_int_equal(check_x(4, 0x93, (uint8_t[9]){0}), CS_OK);
    assert_int_equal(check_x(5, 0x44, (uint8_t[9]){1, 255, 255, 255, 255}), CS_OK);
    assert_int_equal(check_x(5, 0x44, (uint8_t[9]){1, 0, 0, 0, 0, 1}),
                     CS_ERR_CHAIN_ADDRESS); /* 64-bit tag */
    assert_int_equal(check_x(5, 0x44, (uint8_t[9]){2}), CS_ERR_CHAIN_ADDRESS);
    assert_int_equal(check_x(5, 0x44, (uint8_t[9]){0, 7}), CS_ERR_CHAIN_ADDRESS);
    assert_int_equal(check_x(5, 0x45, (uint8_t[9]){0}), CS_ERR_CHAIN_ADDRESS);
}

/* Numbers are on the wire and in records: these never change. */
static void the_table_has_the_apis_words_and_numbers(void **state)
{
    static const char *const names[] = {
        "AVALANCHE", "ETHEREUM", "XRP_LEDGER",   "POLYGON", "BNBCHAIN",   "BASE",
        "HEDERA",    "ARBITRUM", "ONE_MONEY",    "SOLANA",  "TRON",       "BITCOIN",
        "LITECOIN",  "DOGECOIN", "BITCOIN_CASH", "DASH",    "COSMOS_HUB", "OSMOSIS",
        "CELESTIA",  "DYDX",     "AXELAR",       "SEI",     "INJECTIVE",  "STELLAR",
        "ALGORAND",  "NEAR",     "APTOS",        "SUI",     "TEZOS",      "CARDANO",
        "POLKADOT",  "KUSAMA",   "FILECOIN",     "STACKS"};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(names); i++) {
        const struct cs_chain_info *info = cs_chain_by_name(names[i]);

        assert_non_null(info);
        assert_ptr_equal(cs_chain_info(info->chain), info);
        assert_int_equal(info->chain, i + 1);
        assert_string_equal(cs_chain_name(info->chain), names[i]);
        assert_true(info->default_curve == CS_CURVE_ED25519 ? info->has_ed25519
                                                            : info->has_secp256k1);
        assert_true(info->is_built || !info->can_sign);
    }
    assert_null(cs_chain_at(CS_COUNTOF(names)));
    assert_non_null(cs_chain_at(CS_COUNTOF(names) - 1));
    assert_null(cs_chain_by_name("solana"));
    assert_null(cs_chain_by_name(""));
    assert_null(cs_chain_info((enum cs_chain)99));
    assert_string_equal(cs_chain_name(CS_CHAIN_NONE), "UNKNOWN");
    assert_string_equal(cs_chain_hash_name(CS_CHAIN_HASH_SHA512HALF), "sha512half");
    assert_string_equal(cs_chain_hash_name(CS_CHAIN_HASH_NONE), "none");
    assert_string_equal(cs_chain_scheme_name(CS_CHAIN_SCHEME_ECDSA), "ECDSA");
}

/* DECISIONS 26: SECP256K1 unless a chain has no such keys, or accounts of Ed25519 are
 * its usual ones. */
static void defaults_of_the_vendors_list_are_secp256k1(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_CHAIN_DASH; i++) {
        const struct cs_chain_info *info = cs_chain_at(i);
        bool is_solana = info->chain == CS_CHAIN_SOLANA;

        assert_int_equal(info->default_curve,
                         is_solana ? CS_CURVE_ED25519 : CS_CURVE_SECP256K1);
        assert_int_equal(info->has_secp256k1, !is_solana);
    }
}

static void chains_that_are_not_built_are_refused_everywhere(void **state)
{
    static const uint8_t pub[33] = {2};
    struct cs_chain_key key = {.curve = CS_CURVE_SECP256K1, .pub_len = 33};
    char address[CS_CHAIN_ADDRESS_MAX];
    struct cs_chain_signed out;
    struct cs_chain_sig sig = {0};
    struct cs_chain_tx tx;
    struct cs_span one = CS_SPAN_LIT("x");

    (void)state;
    for (int c = 0; c < 100; c++) {
        const struct cs_chain_info *info = cs_chain_info((enum cs_chain)c);
        const char *why = NULL;

        if (info != NULL && info->is_built) {
            continue;
        }
        key.chain = (enum cs_chain)c;
        assert_int_equal(cs_chain_address(address, &key, &why), CS_ERR_CHAIN_UNKNOWN);
        assert_non_null(strstr(why, "no such"));
        assert_int_equal(cs_chain_address_check(key.chain, "x", NULL),
                         CS_ERR_CHAIN_UNKNOWN);
        assert_int_equal(cs_chain_decode(&tx, &key, one, NULL), CS_ERR_CHAIN_UNKNOWN);
        assert_int_equal(cs_chain_plaintext(&tx, &key, one, NULL),
                         CS_ERR_CHAIN_UNKNOWN);
        assert_int_equal(cs_chain_finish(&out, &key, one, &sig, 1, NULL),
                         CS_ERR_CHAIN_UNKNOWN);
        assert_int_equal(cs_chain_key_init(&key, (enum cs_chain)c, CS_CURVE_SECP256K1,
                                           CS_SPAN_OF(pub), NULL),
                         CS_ERR_CHAIN_UNKNOWN);
    }
}

static void a_curve_that_the_chain_does_not_take_is_refused(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/addresses.json");
    json_t *row = json_array_get(cs_vec_get(cs_vec_get(v->root, "keys"), "secp256k1"),
                                 0);
    struct cs_chain_key key;
    const char *why = NULL;

    (void)state;
    assert_int_equal(cs_chain_key_init(&key, CS_CHAIN_SOLANA, CS_CURVE_SECP256K1,
                                       cs_vec_hex(v, row, "publicKey"), &why),
                     CS_ERR_CHAIN_UNKNOWN);
    assert_non_null(strstr(why, "curve"));
    cs_vec_close(v);
}

static void an_uncompressed_key_gives_the_same_address(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/addresses.json");
    json_t *row = json_array_get(cs_vec_get(cs_vec_get(v->root, "keys"), "secp256k1"),
                                 3);
    struct cs_chain_key a = chains_key(CS_CHAIN_XRP_LEDGER, CS_CURVE_SECP256K1,
                                       cs_vec_hex(v, row, "publicKey"));
    struct cs_chain_key b = chains_key(CS_CHAIN_XRP_LEDGER, CS_CURVE_SECP256K1,
                                       cs_vec_hex(v, row, "publicKeyUncompressed"));

    (void)state;
    assert_memory_equal(&a, &b, sizeof a);
    cs_vec_close(v);
}

static void formats_of_other_chains_are_refused(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/addresses.json");
    json_t *row = json_array_get(cs_vec_get(cs_vec_get(v->root, "keys"), "ed25519"), 0);
    struct cs_span pub = cs_vec_hex(v, row, "publicKey");
    struct cs_chain_key sol = chains_key(CS_CHAIN_SOLANA, CS_CURVE_ED25519, pub);
    struct cs_chain_key xrp = chains_key(CS_CHAIN_XRP_LEDGER, CS_CURVE_ED25519, pub);
    char address[CS_CHAIN_ADDRESS_MAX];

    (void)state;
    sol.format = CS_CHAIN_FORMAT_X;
    xrp.format = CS_CHAIN_FORMAT_P2TR;
    assert_int_equal(cs_chain_address(address, &sol, NULL), CS_ERR_CHAIN_UNKNOWN);
    assert_int_equal(cs_chain_address(address, &xrp, NULL), CS_ERR_CHAIN_UNKNOWN);
    assert_true(cs_ct_is_zero(address, sizeof address));
    cs_vec_close(v);
}

static void evm_addresses_start_with_0x(void **state)
{
    static const char *const bad[] = {"1xcd2a3d9f938e13cd947ec05abc7fe734df8dd826",
                                      "0Xcd2a3d9f938e13cd947ec05abc7fe734df8dd826",
                                      "xxcd2a3d9f938e13cd947ec05abc7fe734df8dd826"};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        assert_int_equal(cs_chain_address_check(CS_CHAIN_ETHEREUM, bad[i], NULL),
                         CS_ERR_CHAIN_ADDRESS);
    }
}

/* Also when a wallet's scheme went wrong somewhere: no address but the right one. */
static void taproot_is_bitcoins_alone(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/addresses.json");
    json_t *keys = cs_vec_get(cs_vec_get(v->root, "keys"), "secp256k1");
    struct cs_span pub = cs_vec_hex(v, json_array_get(keys, 0), "publicKey");
    char address[CS_CHAIN_ADDRESS_MAX];
    const struct cs_chain_info *info;

    (void)state;
    for (size_t i = 0; (info = cs_chain_at(i)) != NULL; i++) {
        if (info->has_secp256k1) {
            struct cs_chain_key key = chains_key(info->chain, CS_CURVE_SECP256K1, pub);

            key.format = CS_CHAIN_FORMAT_P2TR;
            if (cs_chain_address(address, &key, NULL) !=
                (info->chain == CS_CHAIN_BITCOIN ? CS_OK : CS_ERR_CHAIN_UNKNOWN)) {
                fail_msg("%s", info->name);
            }
        }
    }
    cs_vec_close(v);
}

static int setup(void **state)
{
    (void)state;
    return cs_crypto_init() == CS_OK ? 0 : -1;
}

static void chains_that_write_one_bit_of_the_recovery_id_say_so(void **state)
{
    static const char *const with[] = {
        "ETHEREUM", "AVALANCHE", "POLYGON",  "BNBCHAIN", "BASE",         "ARBITRUM",
        "TRON",     "BITCOIN",   "LITECOIN", "DOGECOIN", "BITCOIN_CASH", "DASH"};
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(with); i++) {
        assert_true(cs_chain_has_parity(cs_chain_by_name(with[i])->chain));
    }
    for (size_t i = 0; cs_chain_at(i) != NULL; i++) {
        n += cs_chain_has_parity(cs_chain_at(i)->chain) ? 1 : 0;
    }
    assert_int_equal(n, CS_COUNTOF(with));
    assert_false(cs_chain_has_parity(CS_CHAIN_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_those_of_the_vectors),
        cmocka_unit_test(one_address_serves_all_evm_chains),
        cmocka_unit_test(malformed_public_keys_are_refused),
        cmocka_unit_test(malformed_addresses_are_refused),
        cmocka_unit_test(x_addresses_have_one_form),
        cmocka_unit_test(the_table_has_the_apis_words_and_numbers),
        cmocka_unit_test(chains_that_write_one_bit_of_the_recovery_id_say_so),
        cmocka_unit_test(defaults_of_the_vendors_list_are_secp256k1),
        cmocka_unit_test(chains_that_are_not_built_are_refused_everywhere),
        cmocka_unit_test(a_curve_that_the_chain_does_not_take_is_refused),
        cmocka_unit_test(an_uncompressed_key_gives_the_same_address),
        cmocka_unit_test(formats_of_other_chains_are_refused),
        cmocka_unit_test(taproot_is_bitcoins_alone),
        cmocka_unit_test(evm_addresses_start_with_0x),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
