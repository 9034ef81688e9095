/* Wallets and requests of every scheme, kind and blockchain; paths; blind signing. */
#include "crypto/ecdsa.h"
#include "support/fake_many.h"

#define TYPED                                                                          \
    "{\\\"types\\\":{\\\"EIP712Domain\\\":[{\\\"name\\\":\\\"name\\\",\\\"type\\\":"   \
    "\\\"string\\\"},{\\\"name\\\":\\\"chainId\\\",\\\"type\\\":\\\"uint256\\\"}],"    \
    "\\\"Mail\\\":[{\\\"name\\\":\\\"text\\\",\\\"type\\\":\\\"string\\\"}]},"         \
    "\\\"primaryType\\\":\\\"Mail\\\",\\\"domain\\\":{\\\"name\\\":\\\"x\\\","         \
    "\\\"chainId\\\":1},\\\"message\\\":{\\\"text\\\":\\\"hello\\\"}}"

static int post(struct fake_trio *t, const char *route, const char *body)
{
    return fake_api(t->w, "POST", fake_tx_path(t, route), body);
}

static void posted(struct fake_trio *t, const char *route, const char *body)
{
    if (post(t, route, body) != 200) {
        fail_msg("%s: %s", route, t->w->reply_text);
    }
}

/* The member is hex of 64 bytes r, s in DER. */
static void assert_der(struct fake_trio *t, const char *member, const uint8_t rs[64])
{
    uint8_t der[CS_ECDSA_DER_MAX];
    char hex[2 * CS_ECDSA_DER_MAX + 1];
    size_t n;

    assert_int_equal(cs_ecdsa_to_der(der, &n, rs), CS_OK);
    assert_string_equal(fake_text(t->w, member), cs_hex(hex, der, n));
}

/* ---- wallets --------------------------------------------------------------- */

static void every_blockchain_has_wallets_with_the_address_of_the_key(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"ETHEREUM\"");

    (void)state;
    for (size_t i = 0; cs_chain_at(i) != NULL; i++) {
        const struct cs_chain_info *info = cs_chain_at(i);
        char more[96], address[CS_CHAIN_ADDRESS_MAX];
        struct cs_chain_key key;
        struct cs_scalar x;
        const char *why;

        (void)snprintf(more, sizeof more, "\"blockchain\":\"%s\"", info->name);
        fake_next_wallet(t, more);
        fake_chain_key(t, info->name, "", &key, &x);
        assert_int_equal(cs_chain_address(address, &key, &why), CS_OK);
        fake_wallet_get(t);
        assert_string_equal(fake_text(t->w, "address"), address);
        assert_string_equal(fake_text(t->w, "keyAlgorithm"),
                            cs_curve_name(info->default_curve));
        assert_string_equal(fake_text(t->w, "signatureScheme"),
                            info->default_curve == CS_CURVE_ED25519 ? "ED25519"
                                                                    : "ECDSA");
        fake_clear_sent(t->w);
        for (int k = 0; k < 3; k++) {
            t->d[k].seen = 0;
        }
    }
    fake_trio_free(t);
}

static void a_bitcoin_wallet_chooses_its_scheme_when_it_is_made(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"BITCOIN\"");

    (void)state;
    fake_wallet_get(t);
    assert_string_equal(fake_text(t->w, "addressType"), "P2WPKH");
    assert_string_equal(fake_text(t->w, "signatureScheme"), "ECDSA");
    assert_memory_equal(fake_text(t->w, "address"), "bc1q", 4);
    fake_next_wallet(t, "\"blockchain\":\"BITCOIN\",\"addressType\":\"P2TR\"");
    fake_wallet_get(t);
    assert_string_equal(fake_text(t->w, "addressType"), "P2TR");
    assert_string_equal(fake_text(t->w, "signatureScheme"), "BIP340");
    assert_memory_equal(fake_text(t->w, "address"), "bc1p", 4);
    assert_int_equal(t->scheme, CS_SCHEME_BIP340);
    fake_trio_free(t);
}

/* A certificate of another scheme, and a check signature of another one. */
static void a_key_of_another_scheme_is_refused(void **state)
{
    struct fake_trio *t = fake_trio_new();
    struct cs_ctl_frame f;

    (void)state;
    fake_quorum_joined(t);
    fake_wallet_as(t, "\"keystore\":\"MPC\",\"blockchain\":\"BITCOIN\"");
    fake_key_commands(t);
    t->scheme = CS_SCHEME_BIP340;
    fake_make_cert(t);
    fake_active_make(t, 0, &f);
    fake_evt(&t->d[0], &f);
    fake_wallet_status(t, "PROVISIONING_FAILED");
    assert_non_null(strstr(fake_text(t->w, "reasons.0"), "CERT_INVALID"));
    fake_trio_free(t);
}

static void a_check_signature_goes_by_the_scheme(void **state)
{
    static const struct {
        const char *type;
        enum cs_scheme wrong;
    } rows[] = {{"P2WPKH", CS_SCHEME_BIP340}, {"P2TR", CS_SCHEME_ECDSA}};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        struct fake_trio *t = fake_trio_new();
        struct cs_ctl_frame f;
        char more[96];

        (void)snprintf(
            more, sizeof more,
            "\"keystore\":\"MPC\",\"blockchain\":\"BITCOIN\",\"addressType\":\"%s\"",
            rows[i].type);
        fake_quorum_joined(t);
        fake_wallet_as(t, more);
        fake_key_commands(t);
        fake_make_cert(t);
        for (int k = 0; k < 3; k++) {
            fake_active_make(t, k, &f);
            fake_evt(&t->d[k], &f);
        }
        t->scheme = rows[i].wrong;
        fake_checked_make(t, 1, 2, &f);
        fake_evt(&t->d[0], &f);
        fake_wallet_status(t, "PROVISIONING_FAILED");
        assert_non_null(strstr(fake_text(t->w, "reasons.0"), "SIG_INVALID"));
        fake_trio_free(t);
    }
}

/* ---- transactions ------------------------------------------------------------- */

static void an_evm_transfer_is_signed_with_every_form(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"ETHEREUM\"");
    struct fake_req r;
    char hex[131];

    (void)state;
    assert_int_equal(fake_many_post(t, "/raw", fake_evm(0), ""), 200);
    assert_string_equal(fake_text(t->w, "asset.symbol"), "ETH");
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "signingPayloads")),
                     1);
    fake_req_signed(t, &r);
    assert_string_equal(fake_text(t->w, "signingHash"),
                        cs_hex(hex, r.chain.items[0].message.p, 32));
    assert_string_equal(fake_text(t->w, "signingPayloads.0.signingHash"), hex);
    assert_string_equal(fake_text(t->w, "signingPayloads.0.walletId"), t->wallet);
    assert_string_equal(fake_text(t->w, "hashAlgorithm"), "keccak256");
    assert_der(t, "signature", r.sigs);
    assert_der(t, "canonicalSignature", r.sigs);
    assert_der(t, "signingPayloads.0.signature", r.sigs);
    assert_string_equal(fake_text(t->w, "compactSignature"), cs_hex(hex, r.sigs, 64));
    assert_true(json_is_integer(json_object_get(t->w->reply, "recoveryId")));
    assert_memory_equal(fake_text(t->w, "signedTransaction"), "02f8", 4);
    assert_memory_equal(fake_text(t->w, "hash"), "0x", 2);
    fake_req_free(&r);
    fake_trio_free(t);
}

static void a_text_and_typed_data_get_their_final_signature(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"ETHEREUM\"");
    struct fake_req r;

    (void)state;
    posted(t, "/sign-plaintext", "{\"message\":\"hello\"}");
    fake_req_signed(t, &r);
    assert_string_equal(fake_text(t->w, "kind"), "PLAINTEXT");
    assert_int_equal(strlen(fake_text(t->w, "finalSignature")), 130);
    assert_null(json_object_get(t->w->reply, "signedTransaction"));
    fake_req_free(&r);

    posted(t, "/sign-typed-data", "{\"typedData\":\"" TYPED "\"}");
    assert_string_equal(fake_text(t->w, "action"), "PALISADE_SIGN_PLAINTEXT");
    assert_string_equal(fake_text(t->w, "transactionType"), "typed data Mail");
    fake_req_signed(t, &r);
    assert_string_equal(t->d[fake_first(r.mask)].last.u.sign.kind, "TYPED_DATA");
    assert_string_equal(fake_text(t->w, "kind"), "TYPED_DATA");
    assert_int_equal(strlen(fake_text(t->w, "finalSignature")), 130);
    assert_memory_equal(fake_text(t->w, "encodedTransaction"), "1901", 4);
    fake_req_free(&r);
    fake_trio_free(t);
}

static void typed_data_is_for_evm_chains(void **state)
{
    struct fake_trio *t = fake_signers();

    (void)state;
    (void)post(t, "/sign-typed-data", "{\"typedData\":\"" TYPED "\"}");
    fake_refused(t->w, 400, "typedData");
    assert_non_null(strstr(t->w->reply_text, "EVM chains only"));
    (void)post(t, "/sign-typed-data", "{\"typedData\":{}}");
    fake_refused(t->w, 400, "typedData");
    fake_trio_free(t);
}

static void a_chain_with_addresses_only_signs_nothing_and_says_why(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"FILECOIN\"");

    (void)state;
    (void)fake_many_post(t, "/raw", fake_evm(0), "");
    fake_refused(t->w, 400, "encodedTransaction");
    assert_non_null(strstr(t->w->reply_text, "only addresses are supported"));
    fake_trio_free(t);
}

/* ---- digests ------------------------------------------------------------------- */

static void a_digest_is_signed_only_when_the_wallet_allows_it(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"ETHEREUM\"");
    uint8_t digest[32];
    struct fake_req r;

    (void)state;
    memset(digest, 0x5a, sizeof digest);
    (void)fake_many_post(t, "/sign-digest", CS_SPAN_OF(digest), "");
    fake_refused(t->w, 409, "blindSigningEnabled");
    assert_int_equal(fake_all_settings(t, false, true), 200);
    (void)fake_many_post(t, "/sign-digest", CS_SPAN(digest, 31), "");
    fake_refused(t->w, 400, "digest");
    assert_int_equal(fake_many_post(t, "/sign-digest", CS_SPAN_OF(digest), ""), 200);
    assert_non_null(strstr(fake_text(t->w, "summary"), "BLIND SIGNING"));
    fake_req_signed(t, &r);
    assert_string_equal(t->d[fake_first(r.mask)].last.u.sign.kind, "DIGEST");
    assert_int_equal(cs_ecdsa_verify(r.key.pub, digest, r.sigs), CS_OK);
    assert_string_equal(fake_text(t->w, "kind"), "DIGEST");
    assert_der(t, "finalSignature", r.sigs);
    fake_req_free(&r);
    fake_trio_free(t);
}

static void switching_blind_signing_off_stops_what_waits(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"ETHEREUM\"");
    uint8_t digest[32] = {1};
    struct fake_req r;

    (void)state;
    assert_int_equal(fake_all_settings(t, true, true), 200);
    assert_int_equal(fake_many_post(t, "/sign-digest", CS_SPAN_OF(digest), ""), 200);
    fake_req_take(t, &r);
    assert_int_equal(fake_settings(t, true, true), 200); /* does not name it: off */
    fake_failed_send(t, &r.tx, fake_first(r.mask), "LINK_LOST", 0, true);
    fake_tx_status(t, &r.tx, "FAILED");
    assert_non_null(strstr(fake_text(t->w, "reasons.0"), "POLICY_REFUSED"));
    fake_req_free(&r);
    fake_trio_free(t);
}

static void ed25519_signs_no_digests(void **state)
{
    struct fake_trio *t = fake_signers();

    (void)state;
    (void)fake_all_settings(t, true, true);
    fake_refused(t->w, 409, "blindSigningEnabled");
    fake_trio_free(t);
}

static void digests_need_a_permission_of_their_own(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"ETHEREUM\"");
    uint8_t digest[32] = {1};
    char id[40], secret[80];

    (void)state;
    assert_int_equal(fake_all_settings(t, true, true), 200);
    assert_int_equal(fake_credential_new(t->w,
                                         "\"transactions.raw\",\"transactions."
                                         "plaintext\",\"wallets.read\"",
                                         ""),
                     200);
    (void)snprintf(id, sizeof id, "%s", fake_text(t->w, "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(t->w, "clientSecret"));
    fake_login(t->w, id, secret);
    (void)fake_many_post(t, "/sign-digest", CS_SPAN_OF(digest), "");
    fake_refused(t->w, 403, "permissions");
    fake_trio_free(t);
}

/* ---- paths ----------------------------------------------------------------------- */

static int get_address(struct fake_trio *t, const char *path)
{
    char url[256];

    (void)snprintf(url, sizeof url, "/v2/vaults/%s/wallets/%s/addresses?path=%s",
                   t->vault, t->wallet, path);
    return fake_api(t->w, "GET", url, NULL);
}

static void a_derived_address_is_that_of_the_child(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"ETHEREUM\"");
    char address[CS_CHAIN_ADDRESS_MAX], hex[67];
    struct cs_chain_key key;
    struct cs_scalar x;
    const char *why;

    (void)state;
    fake_chain_key(t, "ETHEREUM", "0/5", &key, &x);
    assert_int_equal(cs_chain_address(address, &key, &why), CS_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(get_address(t, i == 0 ? "0/5" : "m/0/5"), 200);
        assert_string_equal(fake_text(t->w, "address"), address);
        assert_string_equal(fake_text(t->w, "publicKey"), cs_hex(hex, key.pub, 33));
        assert_string_equal(fake_text(t->w, "derivationPath"), "m/0/5");
    }
    assert_int_equal(get_address(t, ""), 200);
    (void)snprintf(address, sizeof address, "%s", fake_text(t->w, "address"));
    assert_string_equal(fake_text(t->w, "derivationPath"), "m");
    fake_wallet_get(t);
    assert_string_equal(fake_text(t->w, "address"), address);
    fake_trio_free(t);
}

static void bad_paths_are_refused(void **state)
{
    static const char *const bad[] = {
        "0/", "/0", "m/", "mm", "00",         "0//1",  "-1",
        "x",  "0'", "0h", "+1", "2147483648", "0%201", "0/1/2/3/4/5/6/7/8/9/10"};
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"ETHEREUM\"");

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        if (get_address(t, bad[i]) == 200) {
            fail_msg("'%s' passed", bad[i]);
        }
        fake_refused(t->w, 400, "path");
    }
    (void)fake_many_post(t, "/raw", fake_evm(0), ",\"derivationPath\":\"0'\"");
    fake_refused(t->w, 400, "derivationPath");
    (void)fake_many_post(t, "/raw", fake_evm(0), ",\"derivationPath\":7");
    fake_refused(t->w, 400, "derivationPath");
    fake_trio_free(t);
}

static void a_request_with_a_path_is_signed_with_the_childs_key(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"ETHEREUM\"");
    char address[CS_CHAIN_ADDRESS_MAX];
    struct fake_req r;

    (void)state;
    assert_int_equal(get_address(t, "0/5"), 200);
    (void)snprintf(address, sizeof address, "%s", fake_text(t->w, "address"));
    assert_int_equal(
        fake_many_post(t, "/raw", fake_evm(0), ",\"derivationPath\":\"m/0/5\""), 200);
    assert_string_equal(fake_text(t->w, "originAddress"), address);
    fake_req_take(t, &r);
    assert_string_equal(t->d[fake_first(r.mask)].last.u.sign.path, "0/5");
    r.x = t->x; /* the root's signature is not the child's */
    fake_req_sign(t, &r);
    fake_req_done(t, &r, fake_first(r.mask));
    fake_tx_status(t, &r.tx, "SIGNATURE_PENDING");
    assert_null(json_object_get(t->w->reply, "signature"));
    fake_req_free(&r);

    assert_int_equal(
        fake_many_post(t, "/raw", fake_evm(1), ",\"derivationPath\":\"0/5\""), 200);
    fake_req_signed(t, &r);
    assert_string_equal(fake_text(t->w, "derivationPath"), "m/0/5");
    fake_req_free(&r);
    fake_trio_free(t);
}

/* The path is in reqh: a receipt for the same payload without it is another's. */
static void a_receipt_without_the_path_is_refused(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"ETHEREUM\"");
    struct cs_ctl_frame f;
    struct fake_req r;
    int i;

    (void)state;
    assert_int_equal(
        fake_many_post(t, "/raw", fake_evm(0), ",\"derivationPath\":\"7\""), 200);
    fake_req_take(t, &r);
    fake_req_sign(t, &r);
    i = fake_first(r.mask);
    t->d[i].last.u.sign.path[0] = '\0';
    fake_req_frame(t, &r, i, &f);
    fake_evt(&t->d[i], &f);
    fake_tx_status(t, &r.tx, "SIGNATURE_PENDING");
    fake_req_free(&r);
    fake_trio_free(t);
}

static void ed25519_keys_have_no_paths(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;

    (void)state;
    fake_tx_payload(t, &x, 7);
    (void)fake_raw_post(t, x.hex, "\"signOnly\":true,\"derivationPath\":\"0\"");
    fake_refused(t->w, 400, "derivationPath");
    assert_non_null(strstr(t->w->reply_text, "Ed25519"));
    (void)get_address(t, "0");
    fake_refused(t->w, 400, "path");
    assert_int_equal(get_address(t, ""), 200);
    assert_int_equal(fake_raw_post(t, x.hex,
                                   "\"signOnly\":true,\"derivationPath\":"
                                   "\"m\""),
                     200);
    fake_tx_end(t, &x);
}

/* The same externalId with another path is another wish, in both directions. */
static void an_external_id_stands_for_one_path(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"ETHEREUM\"");

    (void)state;
    assert_int_equal(fake_many_post(t, "/raw", fake_evm(0),
                                    ",\"externalId\":\"e\",\"derivationPath\":\"1\""),
                     200);
    assert_int_equal(fake_many_post(t, "/raw", fake_evm(0),
                                    ",\"externalId\":\"e\",\"derivationPath\":\"m/1\""),
                     200);
    (void)fake_many_post(t, "/raw", fake_evm(0), ",\"externalId\":\"e\"");
    fake_refused(t->w, 409, "externalId");
    fake_trio_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_blockchain_has_wallets_with_the_address_of_the_key),
        cmocka_unit_test(a_bitcoin_wallet_chooses_its_scheme_when_it_is_made),
        cmocka_unit_test(a_key_of_another_scheme_is_refused),
        cmocka_unit_test(a_check_signature_goes_by_the_scheme),
        cmocka_unit_test(an_evm_transfer_is_signed_with_every_form),
        cmocka_unit_test(a_text_and_typed_data_get_their_final_signature),
        cmocka_unit_test(typed_data_is_for_evm_chains),
        cmocka_unit_test(a_chain_with_addresses_only_signs_nothing_and_says_why),
        cmocka_unit_test(a_digest_is_signed_only_when_the_wallet_allows_it),
        cmocka_unit_test(switching_blind_signing_off_stops_what_waits),
        cmocka_unit_test(ed25519_signs_no_digests),
        cmocka_unit_test(digests_need_a_permission_of_their_own),
        cmocka_unit_test(a_derived_address_is_that_of_the_child),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(a_request_with_a_path_is_signed_with_the_childs_key),
        cmocka_unit_test(a_receipt_without_the_path_is_refused),
        cmocka_unit_test(ed25519_keys_have_no_paths),
        cmocka_unit_test(an_external_id_stands_for_one_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
