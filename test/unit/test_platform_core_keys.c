/* Keys: nothing less than the whole proof makes a wallet PROVISIONED (P3, I1). */
#include "chain/chain.h"
#include "platform/core/core.h"
#include "support/fake_sign.h"

static struct fake_trio *begin(void)
{
    struct fake_trio *t = fake_trio_new();

    fake_quorum_joined(t);
    fake_wallet_new(t);
    fake_key_commands(t);
    fake_make_cert(t);
    return t;
}

static void active(struct fake_trio *t, int i)
{
    struct cs_ctl_frame f;

    fake_active_make(t, i, &f);
    fake_evt(&t->d[i], &f);
}

static void checked(struct fake_trio *t, uint8_t lo, uint8_t hi)
{
    struct cs_ctl_frame f;

    fake_checked_make(t, lo, hi, &f);
    fake_evt(&t->d[lo - 1], &f);
}

static void failed_with(struct fake_trio *t, const char *reason)
{
    fake_wallet_status(t, "PROVISIONING_FAILED");
    if (strstr(fake_text(t->w, "reasons.0"), reason) == NULL) {
        fail_msg("reason: %s", t->w->reply_text);
    }
    for (int i = 0; i < 3; i++) {
        assert_true(fake_cmd(&t->d[i], CS_CMD_REQUEST_CANCEL));
    }
    fake_trio_free(t);
}

static void a_wallet_is_provisioned_with_the_whole_proof(void **state)
{
    struct fake_trio *t = fake_trio_new();
    struct cs_chain_key key;
    char address[CS_CHAIN_ADDRESS_MAX], hex[65], path[160];
    uint8_t pub[32];

    (void)state;
    fake_provisioned(t);
    fake_own_key(t, pub);
    assert_string_equal(fake_text(t->w, "publicKey"), cs_hex(hex, pub, 32));
    assert_int_equal(cs_chain_key_init(&key, CS_CHAIN_SOLANA, CS_CURVE_ED25519,
                                       CS_SPAN_OF(pub), NULL),
                     CS_OK);
    assert_int_equal(cs_chain_address(address, &key, NULL), CS_OK);
    assert_string_equal(fake_text(t->w, "address"), address);
    (void)snprintf(path, sizeof path, "/v2/wallets?address=%s", address);
    fake_ok(t->w, "GET", path, NULL);
    assert_string_equal(fake_text(t->w, "wallets.0.id"), t->wallet);
    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/receipts", t->vault,
                   t->wallet);
    fake_ok(t->w, "GET", path, NULL);
    assert_string_not_equal(fake_text(t->w, "receipts.3"), "");
    assert_string_not_equal(fake_text(t->w, "checkSignatures.1-3"), "");
    assert_string_not_equal(fake_text(t->w, "certificate"), "");
    fake_trio_free(t);
}

static void the_command_names_the_key_as_the_wallet(void **state)
{
    struct fake_trio *t = begin();
    const struct cs_ctl_key_create *k = &t->d[1].last.u.key_create;

    (void)state;
    assert_memory_equal(k->key_id, t->wallet_id, 16);
    assert_memory_equal(k->quorum_id, t->quorum_id, 16);
    assert_string_equal(k->curve, "ED25519");
    assert_string_equal(k->scheme, "FROST_ED25519");
    assert_string_equal(k->blockchain, "SOLANA");
    assert_int_equal(k->attempt, 1);
    assert_int_equal(k->expires_at, (uint64_t)t->w->wall + 600000);
    fake_trio_free(t);
}

/* Every subset of the six parts of the proof but the whole one. */
static void no_part_of_the_proof_may_be_missing(void **state)
{
    static const uint8_t pairs[3][2] = {{1, 2}, {1, 3}, {2, 3}};

    (void)state;
    for (int missing = 0; missing < 6; missing++) {
        struct fake_trio *t = begin();

        for (int i = 0; i < 3; i++) {
            if (i != missing) {
                active(t, i);
            }
        }
        for (int i = 0; i < 3; i++) {
            if (i + 3 != missing) {
                checked(t, pairs[i][0], pairs[i][1]);
            }
        }
        fake_wallet_status(t, "PROVISIONING");
        assert_int_equal(fake_settings(t, true, true), 409);
        fake_refused(t->w, 409, "enabled");
        fake_trio_free(t);
    }
}

static void a_differing_certificate_fails_the_key(void **state)
{
    struct fake_trio *t = begin();

    (void)state;
    active(t, 0);
    active(t, 1);
    fake_make_cert(t); /* valid, signed by all, but another key */
    active(t, 2);
    failed_with(t, "CERT_INVALID");
}

static void a_certificate_without_all_signatures_fails_the_key(void **state)
{
    struct fake_trio *t = begin();

    (void)state;
    t->cert.p[t->cert.n - 1] ^= 1; /* the last signature */
    active(t, 0);
    failed_with(t, "CERT_INVALID");
}

static void a_certificate_for_another_key_set_or_curve_fails(void **state)
{
    (void)state;
    for (int what = 0; what < 3; what++) {
        struct fake_trio *t = begin();
        uint8_t keep[16];

        memcpy(keep, t->key_id, 16);
        if (what == 0) {
            t->key_id[0] ^= 1; /* body.key_id */
            fake_make_cert(t);
            memcpy(t->key_id, keep, 16);
        } else if (what == 1) {
            t->ds_hash[0] ^= 1; /* body.ds_hash */
            fake_make_cert(t);
            t->ds_hash[0] ^= 1;
        } else {
            cs_wr_reset(&t->cert);
            cs_wr_u32(&t->cert, 7); /* no certificate at all */
        }
        active(t, 1);
        failed_with(t, "CERT_INVALID");
    }
}

/* Signed by all members as it is, but not what was asked for. */
static void sign_again(struct fake_trio *t)
{
    uint8_t C[32];

    memset(&t->sigs, 0, sizeof t->sigs);
    cs_cert_content(C, &t->body);
    cs_cert_hash(t->cert_hash, C);
    for (uint8_t i = 1; i <= 3; i++) {
        uint8_t sig[64];

        cs_cert_sign(sig, t->d[i - 1].key->ik_seed, C);
        cs_sig_set_put(&t->sigs, i, sig);
    }
    cs_wr_reset(&t->cert);
    cs_certificate_encode(&t->cert, &t->body, &t->sigs);
    assert_int_equal(t->cert.err, CS_OK);
}

static void a_certificate_of_another_epoch_scheme_or_curve_fails(void **state)
{
    (void)state;
    for (int what = 0; what < 3; what++) {
        struct fake_trio *t = begin();
        struct cs_scalar one = {.b = {1}};

        if (what == 0) {
            t->body.epoch = 1;
        } else if (what == 1) {
            t->body.scheme = CS_SCHEME_ECDSA;
        } else {
            memset(&one, 0, sizeof one);
            one.b[31] = 1;
            t->body.curve = CS_CURVE_SECP256K1;
            cs_point_base_mul(CS_CURVE_SECP256K1, &t->body.X, &one);
            for (int i = 1; i <= 3; i++) {
                t->body.Xi[i] = t->body.X;
            }
        }
        sign_again(t);
        active(t, 1);
        failed_with(t, "CERT_INVALID");
    }
}

/* Before its certificate a check signature says nothing, and does no harm. */
static void a_check_signature_that_comes_first_is_dropped(void **state)
{
    struct fake_trio *t = begin();

    (void)state;
    checked(t, 1, 2);
    fake_wallet_status(t, "PROVISIONING");
    for (int i = 0; i < 3; i++) {
        active(t, i);
    }
    checked(t, 1, 3);
    checked(t, 2, 3);
    fake_wallet_status(t, "PROVISIONING");
    checked(t, 1, 4); /* no such pair, though the signature is right */
    fake_wallet_status(t, "PROVISIONING");
    checked(t, 1, 2);
    fake_wallet_status(t, "PROVISIONED");
    fake_trio_free(t);
}

static void key_failed(struct fake_trio *t, int i, uint32_t attempt, bool retryable)
{
    struct cs_ctl_frame f = {.kind = CS_EVT_KEY_FAILED};
    struct cs_ctl_failed *d = &f.u.failed;

    memcpy(d->request_id, t->d[i].last.u.key_create.request_id, 16);
    memcpy(d->key_id, t->key_id, 16);
    d->attempt = attempt;
    d->index = (uint32_t)i + 1;
    (void)snprintf(d->reason, sizeof d->reason, "%s",
                   retryable ? "LINK_LOST" : "CHEAT");
    (void)snprintf(d->phase, sizeof d->phase, "round 2");
    d->retryable = retryable;
    fake_evt(&t->d[i], &f);
}

/* Saying it again does not put the retry off. */
static void a_failure_counts_once(void **state)
{
    struct fake_trio *t = begin();

    (void)state;
    key_failed(t, 0, 1, true);
    fake_wait(t->w, 900); /* of 1000 */
    key_failed(t, 1, 1, true);
    fake_wait(t->w, 200);
    assert_true(fake_cmd(&t->d[2], CS_CMD_KEY_CREATE));
    assert_int_equal(t->d[2].last.u.key_create.attempt, 2);
    fake_trio_free(t);
}

static void a_wrong_receipt_fails_the_key(void **state)
{
    struct fake_trio *t = begin();
    struct cs_ctl_frame f;

    (void)state;
    fake_active_make(t, 0, &f);
    f.u.key_active.ack[0] ^= 1;
    fake_evt(&t->d[0], &f);
    failed_with(t, "member 1");
}

static void a_receipt_of_another_member_fails_the_key(void **state)
{
    struct fake_trio *t = begin();
    struct cs_ctl_frame f;

    (void)state;
    fake_active_make(t, 0, &f);
    cs_ack_sign(f.u.key_active.ack, t->d[1].key->ik_seed, t->cert_hash, 2);
    fake_evt(&t->d[0], &f);
    failed_with(t, "member 1");
}

static void a_wrong_check_signature_fails_the_key(void **state)
{
    struct fake_trio *t = begin();
    struct cs_ctl_frame f;

    (void)state;
    for (int i = 0; i < 3; i++) {
        active(t, i);
    }
    fake_checked_make(t, 1, 2, &f);
    f.u.key_checked.pair[1] = 3; /* the signature of another pair */
    fake_evt(&t->d[0], &f);
    failed_with(t, "SIG_INVALID");
}

static void a_pair_is_vouched_for_only_by_its_members(void **state)
{
    struct fake_trio *t = begin();
    struct cs_ctl_frame f;

    (void)state;
    for (int i = 0; i < 3; i++) {
        active(t, i);
    }
    fake_checked_make(t, 1, 2, &f);
    fake_evt(&t->d[2], &f);
    checked(t, 1, 3);
    checked(t, 2, 3);
    fake_wallet_status(t, "PROVISIONING");
    checked(t, 1, 2);
    fake_wallet_status(t, "PROVISIONED");
    fake_trio_free(t);
}

static void events_of_others_or_of_another_request_are_dropped(void **state)
{
    struct fake_trio *t = begin();
    struct cs_ctl_frame f;

    (void)state;
    fake_active_make(t, 1, &f);
    fake_evt(&t->d[0], &f); /* device 1 as device 2 */
    fake_active_make(t, 0, &f);
    f.u.key_active.index = 0;
    fake_evt(&t->d[0], &f);
    fake_active_make(t, 0, &f);
    f.u.key_active.index = 255;
    fake_evt(&t->d[0], &f);
    fake_active_make(t, 0, &f);
    f.u.key_active.request_id[0] ^= 1;
    fake_evt(&t->d[0], &f);
    fake_wallet_status(t, "PROVISIONING");
    fake_trio_free(t);
}

/* A member that is away collects commands only up to its limit. */
static void a_retry_waits_while_a_member_has_no_room(void **state)
{
    struct fake_trio *t = begin();
    struct cs_pc_live *away = cs_pc_live_get(t->w->core, t->d[2].id);

    (void)state;
    assert_true(cs_pc_outbox_has_room(t->w->core, away));
    away->outbox += CS_PC_OUTBOX_MAX;
    key_failed(t, 0, 1, true);
    fake_wait(t->w, 40000);
    assert_false(fake_cmd(&t->d[0], CS_CMD_KEY_CREATE));
    away->outbox -= CS_PC_OUTBOX_MAX;
    for (int i = 0; i < 3; i++) {
        fake_status(&t->d[i], "READY");
    }
    fake_wait(t->w, 16000);
    assert_true(fake_cmd(&t->d[0], CS_CMD_KEY_CREATE));
    assert_int_equal(t->d[0].last.u.key_create.attempt, 2);
    fake_trio_free(t);
}

static void a_retryable_failure_starts_a_new_key(void **state)
{
    struct fake_trio *t = begin();
    struct cs_ctl_frame f;
    uint8_t request[16];

    (void)state;
    key_failed(t, 0, 1, true);
    key_failed(t, 1, 1, true); /* of the same attempt: no third one */
    fake_wallet_status(t, "PROVISIONING");
    memcpy(request, t->d[0].last.u.key_create.request_id, 16);
    fake_make_cert(t);
    fake_wait(t->w, 1500);
    for (int i = 0; i < 3; i++) {
        assert_true(fake_cmd(&t->d[i], CS_CMD_REQUEST_CANCEL));
        assert_memory_equal(t->d[i].last.u.request_cancel.request_id, request, 16);
        assert_true(fake_cmd(&t->d[i], CS_CMD_KEY_CREATE));
        assert_int_equal(t->d[i].last.u.key_create.attempt, 2);
        assert_memory_not_equal(t->d[i].last.u.key_create.request_id, request, 16);
        assert_memory_not_equal(t->d[i].last.u.key_create.key_id, t->wallet_id, 16);
    }
    fake_active_make(t, 0, &f); /* of the first request: nobody waits for it */
    memcpy(f.u.key_active.request_id, request, 16);
    fake_evt(&t->d[0], &f);
    fake_wallet_status(t, "PROVISIONING");
    memcpy(t->key_id, t->d[0].last.u.key_create.key_id, 16);
    fake_make_cert(t);
    active(t, 0);
    active(t, 1);
    active(t, 2);
    checked(t, 1, 2);
    checked(t, 1, 3);
    checked(t, 2, 3);
    fake_wallet_status(t, "PROVISIONED");
    assert_null(json_object_get(t->w->reply, "reasons"));
    fake_trio_free(t);
}

static void after_a_certificate_there_is_no_retry(void **state)
{
    struct fake_trio *t = begin();

    (void)state;
    active(t, 0);
    key_failed(t, 1, 1, true); /* it is PENDING there, and asks its peers */
    for (int i = 0; i < 30; i++) {
        fake_wait(t->w, 10000);
        for (int k = 0; k < 3; k++) {
            fake_status(&t->d[k], "READY");
        }
    }
    active(t, 1);
    active(t, 2);
    checked(t, 1, 2);
    checked(t, 1, 3);
    checked(t, 2, 3);
    fake_wallet_status(t, "PROVISIONED");
    for (int k = 0; k < 3; k++) {
        assert_false(fake_cmd(&t->d[k], CS_CMD_KEY_CREATE));
    }
    fake_trio_free(t);
}

static void a_final_failure_ends_the_key(void **state)
{
    struct fake_trio *t = begin();

    (void)state;
    key_failed(t, 2, 1, false);
    failed_with(t, "CHEAT");
}

static void an_attempt_without_answer_is_repeated_until_the_life_ends(void **state)
{
    struct fake_trio *t = begin();

    (void)state;
    for (uint32_t n = 2; n <= 4; n++) {
        for (int i = 0; i < 9; i++) {
            fake_wait(t->w, 10000);
            fake_status(&t->d[0], "READY");
            fake_status(&t->d[1], "READY");
            fake_status(&t->d[2], "READY");
        }
        assert_true(fake_cmd(&t->d[0], CS_CMD_KEY_CREATE));
        assert_int_equal(t->d[0].last.u.key_create.attempt, n);
    }
    for (int i = 0; i < 34; i++) {
        fake_wait(t->w, 10000);
        for (int k = 0; k < 3; k++) {
            fake_status(&t->d[k], "READY");
        }
    }
    failed_with(t, "REQUEST_EXPIRED");
}

static void a_failed_key_does_not_come_back(void **state)
{
    struct fake_trio *t = begin();

    (void)state;
    key_failed(t, 2, 1, false);
    for (int i = 0; i < 3; i++) {
        active(t, i);
    }
    checked(t, 1, 2);
    checked(t, 1, 3);
    checked(t, 2, 3);
    fake_wallet_status(t, "PROVISIONING_FAILED");
    fake_trio_free(t);
}

/* Generated clients send optional members as "" or null. */
static void empty_optional_members_are_absent_ones(void **state)
{
    static const char *const rests[] = {
        "\"recoveryPublicKey\":\"\"", "\"recoveryPublicKey\":null,\"externalId\":\"\"",
        "\"description\":null,\"correlationId\":\"\""};
    struct fake_trio *t = fake_trio_new();
    char path[128], body[512];

    (void)state;
    (void)snprintf(
        body, sizeof body,
        "{\"name\":\"q\",\"deviceIds\":[\"%s\",\"%s\"],\"requiredSigners\":2,"
        "\"quorumType\":\"QUORUM_TYPE_CLOUD\",\"backupStrategyId\":\"\"}",
        t->d[0].text, t->d[1].text);
    fake_ok(t->w, "POST", "/v2/mpc/quorums", body);
    fake_quorum_joined(t);
    fake_vault_new(t);
    for (size_t i = 0; i < CS_COUNTOF(rests); i++) {
        (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets", t->vault);
        (void)snprintf(body, sizeof body,
                       "{\"name\":\"b\",\"blockchain\":\"SOLANA\",\"keystore\":\"MPC\","
                       "\"quorumId\":\"%s\",%s}",
                       t->quorum, rests[i]);
        fake_ok(t->w, "POST", path, body);
    }
    fake_trio_free(t);
}

static void vaults_and_wallets_are_bounded(void **state)
{
    struct fake_trio *t = fake_trio_new();
    char path[128], body[256];

    (void)state;
    fake_quorum_joined(t);
    t->w->core->cfg.limits.max_vaults = 1;
    t->w->core->cfg.limits.max_wallets = 1;
    fake_wallet_new(t);
    assert_int_equal(fake_api(t->w, "POST", "/v2/vaults", "{\"name\":\"b\"}"), 429);
    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets", t->vault);
    (void)snprintf(body, sizeof body,
                   "{\"name\":\"b\",\"blockchain\":\"SOLANA\",\"keystore\":\"MPC\","
                   "\"quorumId\":\"%s\"}",
                   t->quorum);
    assert_int_equal(fake_api(t->w, "POST", path, body), 429);
    assert_int_equal(json_integer_value(json_object_get(t->w->reply, "code")), 8);
    fake_trio_free(t);
}

static void a_wallet_needs_a_confirmed_quorum(void **state)
{
    struct fake_trio *t = fake_trio_new();

    (void)state;
    fake_quorum_new(t);
    fake_vault_new(t);
    (void)fake_wallet_post(t, "\"blockchain\":\"SOLANA\",\"keystore\":\"MPC\"");
    fake_refused(t->w, 409, "quorumId");
    fake_trio_free(t);
}

static void bad_wallet_requests_name_their_field(void **state)
{
    static const struct {
        const char *more;
        int status;
        const char *field;
    } bad[] = {
        {"\"keystore\":\"MPC\"", 400, "blockchain"},
        {"\"blockchain\":\"DOGE\",\"keystore\":\"MPC\"", 400, "blockchain"},
        {"\"blockchain\":\"SOLANA\"", 400, "keystore"},
        {"\"blockchain\":\"SOLANA\",\"keystore\":\"DISK\"", 400, "keystore"},
        {"\"blockchain\":\"SOLANA\",\"keystore\":\"HSM\"", 409, "keystore"},
        {"\"blockchain\":\"SOLANA\",\"keystore\":\"MPC\",\"keyAlgorithm\":\"RSA\"", 400,
         "keyAlgorithm"},
        {"\"blockchain\":\"SOLANA\",\"keystore\":\"MPC\",\"keyAlgorithm\":"
         "\"SECP256K1\"",
         400, "keyAlgorithm"},
        {"\"blockchain\":\"ETHEREUM\",\"keystore\":\"MPC\",\"keyAlgorithm\":"
         "\"ED25519\"",
         400, "keyAlgorithm"},
        {"\"blockchain\":\"BITCOIN\",\"keystore\":\"MPC\",\"addressType\":\"P2PKH\"",
         400, "addressType"},
        {"\"blockchain\":\"LITECOIN\",\"keystore\":\"MPC\",\"addressType\":\"P2WPKH\"",
         400, "addressType"},
        {"\"blockchain\":\"SOLANA\",\"keystore\":\"MPC\",\"recoveryPublicKey\":\"00\"",
         409, "recoveryPublicKey"},
        {"\"blockchain\":\"SOLANA\",\"keystore\":\"MPC\",\"externalId\":7", 400,
         "externalId"},
    };
    struct fake_trio *t = fake_trio_new();

    (void)state;
    fake_quorum_joined(t);
    fake_vault_new(t);
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        (void)fake_wallet_post(t, bad[i].more);
        fake_refused(t->w, bad[i].status, bad[i].field);
    }
    assert_int_equal(
        fake_wallet_post(t, "\"blockchain\":\"XRP_LEDGER\",\"keystore\":\"MPC\","
                            "\"keyAlgorithm\":\"ED25519\""),
        200);
    fake_trio_free(t);
}

static void settings_that_are_not_built_are_refused(void **state)
{
    static const char *const names[] = {"sweepingEnabled", "blindSigningEnabled"};
    struct fake_trio *t = fake_trio_new();
    char path[160], body[256];

    (void)state;
    fake_provisioned(t);
    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/settings", t->vault,
                   t->wallet);
    for (size_t i = 0; i < CS_COUNTOF(names); i++) {
        (void)snprintf(body, sizeof body,
                       "{\"settings\":{\"enabled\":true,\"rawSigningEnabled\":true,"
                       "\"sweepingEnabled\":%s,\"defaultFreezeEnabled\":false,"
                       "\"blindSigningEnabled\":%s}}",
                       i == 0 ? "true" : "false", i == 1 ? "true" : "false");
        (void)fake_api(t->w, "PUT", path, body);
        fake_refused(t->w, 409, names[i]);
    }
    (void)fake_api(t->w, "PUT", path, "{\"settings\":{\"enabled\":1}}");
    fake_refused(t->w, 400, "enabled");
    (void)fake_api(t->w, "PUT", path, "{}");
    fake_refused(t->w, 400, "settings");
    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s", t->vault, t->wallet);
    assert_int_equal(fake_api(t->w, "DELETE", path, NULL), 409);
    fake_trio_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wallet_is_provisioned_with_the_whole_proof),
        cmocka_unit_test(the_command_names_the_key_as_the_wallet),
        cmocka_unit_test(no_part_of_the_proof_may_be_missing),
        cmocka_unit_test(a_differing_certificate_fails_the_key),
        cmocka_unit_test(a_certificate_without_all_signatures_fails_the_key),
        cmocka_unit_test(a_certificate_for_another_key_set_or_curve_fails),
        cmocka_unit_test(a_certificate_of_another_epoch_scheme_or_curve_fails),
        cmocka_unit_test(a_check_signature_that_comes_first_is_dropped),
        cmocka_unit_test(a_failure_counts_once),
        cmocka_unit_test(a_wrong_receipt_fails_the_key),
        cmocka_unit_test(a_receipt_of_another_member_fails_the_key),
        cmocka_unit_test(a_wrong_check_signature_fails_the_key),
        cmocka_unit_test(a_pair_is_vouched_for_only_by_its_members),
        cmocka_unit_test(events_of_others_or_of_another_request_are_dropped),
        cmocka_unit_test(a_retry_waits_while_a_member_has_no_room),
        cmocka_unit_test(a_retryable_failure_starts_a_new_key),
        cmocka_unit_test(after_a_certificate_there_is_no_retry),
        cmocka_unit_test(a_final_failure_ends_the_key),
        cmocka_unit_test(an_attempt_without_answer_is_repeated_until_the_life_ends),
        cmocka_unit_test(a_failed_key_does_not_come_back),
        cmocka_unit_test(empty_optional_members_are_absent_ones),
        cmocka_unit_test(vaults_and_wallets_are_bounded),
        cmocka_unit_test(a_wallet_needs_a_confirmed_quorum),
        cmocka_unit_test(bad_wallet_requests_name_their_field),
        cmocka_unit_test(settings_that_are_not_built_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
