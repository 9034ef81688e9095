/* Tags of vaults and wallets; backup strategies; what the audit log keeps of these, of
 * limits and of the address book. */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/recovery_key.h"
#include "platform/core/api.h"
#include "support/fake_audit.h"
#include "support/fake_limits.h"

/* ---- tags ------------------------------------------------------------------------ */

static const char *vault_tags(struct fake_trio *t, const char *rest)
{
    static char path[256];

    (void)snprintf(path, sizeof path, "/v2/vaults/%s/tags%s", t->vault, rest);
    return path;
}

static const char *wallet_tags(struct fake_trio *t, const char *rest)
{
    static char path[256];

    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/tags%s", t->vault,
                   t->wallet, rest);
    return path;
}

static void a_vault_has_tags(void **state)
{
    struct fake_trio *t = fake_limited();

    (void)state;
    fake_ok(t->w, "GET", vault_tags(t, ""), NULL);
    assert_string_equal(fake_text(t->w, "0.vaultId"), t->vault);
    fake_ok(t->w, "GET", "/v2/vaults/tags", NULL);
    assert_int_equal(json_array_size(t->w->reply), 0);
    fake_ok(t->w, "POST", vault_tags(t, ""), "{\"tag\":\"treasury\"}");
    fake_ok(t->w, "POST", vault_tags(t, ""), "{\"tag\":\"hot & cold\"}");
    fake_ok(t->w, "POST", vault_tags(t, ""), "{\"tag\":\"treasury\"}"); /* once */
    assert_string_equal(fake_text(t->w, "0.tags.0"), "treasury");
    assert_string_equal(fake_text(t->w, "0.tags.1"), "hot & cold");
    fake_ok(t->w, "GET", "/v2/vaults/tags", NULL);
    assert_int_equal(json_array_size(t->w->reply), 1);
    fake_ok(t->w, "DELETE", vault_tags(t, "?tag=hot+%26+cold"), NULL);
    assert_int_equal(fake_api(t->w, "DELETE", vault_tags(t, "?tag=hot"), NULL), 404);
    fake_refused(t->w, 404, "tag");
    (void)fake_api(t->w, "DELETE", vault_tags(t, ""), NULL);
    fake_refused(t->w, 400, "tag");
    fake_ok(t->w, "GET", vault_tags(t, ""), NULL);
    assert_int_equal(
        json_array_size(json_object_get(json_array_get(t->w->reply, 0), "tags")), 1);
    fake_ok(t->w, "DELETE", vault_tags(t, "?tag=treasury"), NULL);
    fake_ok(t->w, "GET", "/v2/vaults/tags", NULL);
    assert_int_equal(json_array_size(t->w->reply), 0);
    fake_trio_free(t);
}

static void a_wallet_has_tags(void **state)
{
    struct fake_trio *t = fake_limited();
    char path[160];

    (void)state;
    fake_ok(t->w, "POST", wallet_tags(t, ""), "{\"tag\":\"hot\"}");
    assert_string_equal(fake_text(t->w, "0.walletId"), t->wallet);
    assert_string_equal(fake_text(t->w, "0.vaultId"), t->vault);
    fake_ok(t->w, "POST", vault_tags(t, ""), "{\"tag\":\"v\"}");
    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/tags", t->vault);
    fake_ok(t->w, "GET", path, NULL);
    assert_string_equal(fake_text(t->w, "0.tags.0"), "hot");
    fake_ok(t->w, "GET", "/v2/tags", NULL);
    assert_string_equal(fake_text(t->w, "walletTags.0.tags.0"), "hot");
    assert_string_equal(fake_text(t->w, "vaultTags.0.tags.0"), "v");
    fake_reboot(t);
    fake_ok(t->w, "GET", wallet_tags(t, ""), NULL);
    assert_string_equal(fake_text(t->w, "0.tags.0"), "hot");
    fake_wallet_get(t);
    assert_string_equal(fake_text(t->w, "tags.0"), "hot");
    fake_ok(t->w, "DELETE", wallet_tags(t, "?tag=hot"), NULL);
    fake_ok(t->w, "GET", path, NULL);
    assert_int_equal(json_array_size(t->w->reply), 0);
    fake_ok(t->w, "GET", "/v2/tags", NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "walletTags")), 0);
    fake_trio_free(t);
}

static void tags_are_bounded_and_of_what_is_there(void **state)
{
    static const char no[] = "/v2/vaults/00000000-0000-4000-8000-000000000000/tags";
    struct fake_trio *t = fake_limited();
    char body[256];

    (void)state;
    for (int i = 0; i < 20; i++) {
        (void)snprintf(body, sizeof body, "{\"tag\":\"t%d\"}", i);
        fake_ok(t->w, "POST", wallet_tags(t, ""), body);
    }
    assert_int_equal(
        fake_api(t->w, "POST", wallet_tags(t, ""), "{\"tag\":\"one more\"}"), 429);
    fake_ok(t->w, "POST", wallet_tags(t, ""), "{\"tag\":\"t3\"}");
    assert_int_equal(fake_api(t->w, "POST", no, "{\"tag\":\"a\"}"), 404);
    (void)fake_api(t->w, "POST", vault_tags(t, ""), "{}");
    fake_refused(t->w, 400, "tag");
    (void)fake_api(t->w, "POST", vault_tags(t, ""), "{\"tag\":\"\"}");
    fake_refused(t->w, 400, "tag");
    (void)fake_api(t->w, "POST", vault_tags(t, ""), "{\"tag\":\"a\\nb\"}");
    fake_refused(t->w, 400, "tag");
    (void)snprintf(body, sizeof body, "{\"tag\":\"%051d\"}", 0);
    (void)fake_api(t->w, "POST", vault_tags(t, ""), body);
    fake_refused(t->w, 400, "tag");
    fake_trio_free(t);
}

/* ---- backup strategies ----------------------------------------------------------- */

#define PATH "/v2/backup/strategies"
#define X25519                                                                         \
    "cloudsign-recovery-public-1 "                                                     \
    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"

/* Nobody keeps the loop with a list that names no page. */
static void lists_of_tags_come_in_pages(void **state)
{
    struct fake_trio *t = fake_limited();
    char path[128], vault[CS_UUID_LEN];

    (void)state;
    for (int i = 0; i < 302; i++) {
        fake_ok(t->w, "POST", "/v2/vaults", "{\"name\":\"v\"}");
        (void)snprintf(vault, sizeof vault, "%s", fake_text(t->w, "id"));
        (void)snprintf(path, sizeof path, "/v2/vaults/%s/tags", vault);
        fake_ok(t->w, "POST", path, "{\"tag\":\"cold\"}");
    }
    fake_ok(t->w, "GET", "/v2/vaults/tags", NULL);
    assert_int_equal(json_array_size(t->w->reply), 300);
    fake_ok(t->w, "GET", "/v2/vaults/tags?pageSize=2&order=desc", NULL);
    assert_int_equal(json_array_size(t->w->reply), 2);
    assert_string_equal(fake_text(t->w, "0.vaultId"), vault);
    assert_int_equal(fake_api(t->w, "GET", "/v2/vaults/tags?pageSize=201", NULL), 400);
    fake_refused(t->w, 400, "pageSize");
    fake_trio_free(t);
}

static void rsa_hex(char out[2048], unsigned bits)
{
    EVP_PKEY *k = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
    uint8_t *der = NULL;
    int n;

    assert_non_null(k);
    n = i2d_PUBKEY(k, &der);
    assert_true(n > 0 && n < 1000);
    (void)cs_hex(out, der, (size_t)n);
    OPENSSL_free(der);
    EVP_PKEY_free(k);
}

static int try_key(struct fake_trio *t, const char *key)
{
    char body[4096];

    (void)snprintf(body, sizeof body,
                   "{\"name\":\"Custodians\",\"recoveryPublicKeys\":[{\"name\":\"Ada\","
                   "\"publicKey\":\"%s\"}]}",
                   key);
    return fake_api(t->w, "POST", PATH, body);
}

static void a_strategy_names_keys_that_kits_can_be_made_for(void **state)
{
    struct fake_trio *t = fake_limited();
    char rsa[2048], body[4096], id[40], path[96];

    (void)state;
    rsa_hex(rsa, 4096);
    (void)snprintf(body, sizeof body,
                   "{\"name\":\"Custodians\",\"recoveryPublicKeys\":[{\"name\":\"Ada\","
                   "\"publicKey\":\"" X25519 "\"},{\"name\":\"HSM\",\"publicKey\":"
                   "\"%s\"}],\"s3Config\":{\"bucket\":\"b\",\"region\":\"r\","
                   "\"assumeRoleArn\":\"a\"}}",
                   rsa);
    fake_ok(t->w, "POST", PATH, body);
    (void)snprintf(id, sizeof id, "%s", fake_text(t->w, "id"));
    (void)snprintf(path, sizeof path, PATH "/%s", id);
    fake_reboot(t);
    fake_ok(t->w, "GET", path, NULL);
    assert_string_equal(fake_text(t->w, "name"), "Custodians");
    assert_string_not_equal(fake_text(t->w, "orgId"), "");
    assert_string_equal(fake_text(t->w, "recoveryPublicKeys.0.kind"), "X25519");
    assert_string_equal(
        fake_text(t->w, "recoveryPublicKeys.0.fingerprint"),
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    assert_string_equal(fake_text(t->w, "recoveryPublicKeys.1.kind"), "RSA");
    assert_string_equal(fake_text(t->w, "recoveryPublicKeys.1.publicKey"), rsa);
    assert_int_equal(strlen(fake_text(t->w, "recoveryPublicKeys.1.fingerprint")), 64);
    assert_string_equal(fake_text(t->w, "s3Config.bucket"), "b");
    fake_ok(t->w, "GET", PATH, NULL);
    assert_string_equal(fake_text(t->w, "strategies.0.id"), id);
    assert_int_equal(
        fake_api(t->w, "GET", PATH "/00000000-0000-4000-8000-000000000000", NULL), 404);
    fake_trio_free(t);
}

static void keys_that_no_kit_could_be_made_for_are_refused(void **state)
{
    static const char *const bad[] = {
        "00",
        "cloudsign-recovery-public-1 00",
        ("cloudsign-recovery-public-1 "
         "0000000000000000000000000000000000000000000000000000000000000000"),
        "-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----\\n",
        "hello",
    };
    struct fake_trio *t = fake_limited();
    struct cs_recovery_key *k = NULL;
    struct cs_wr secret = {0};
    const uint8_t rnd[32] = {9};
    char rsa[2048], text[256];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        (void)try_key(t, bad[i]);
        fake_refused(t->w, 400, "recoveryPublicKeys[0]");
    }
    rsa_hex(rsa, 2048);
    (void)try_key(t, rsa);
    fake_refused(t->w, 400, "recoveryPublicKeys[0]");
    assert_non_null(strstr(t->w->reply_text, "4096"));
    assert_int_equal(cs_recovery_key_new(&k, rnd), CS_OK);
    assert_int_equal(cs_recovery_secret_text(&secret, k), CS_OK);
    (void)snprintf(text, sizeof text, "%.*s", (int)secret.n - 1,
                   (const char *)secret.p);
    (void)try_key(t, text);
    fake_refused(t->w, 400, "recoveryPublicKeys[0]");
    assert_non_null(strstr(t->w->reply_text, "SECRET half"));
    assert_null(strstr(t->w->reply_text, text));
    cs_wr_free(&secret);
    cs_recovery_key_free(k);
    assert_int_equal(try_key(t, X25519), 200);
    fake_trio_free(t);
}

static void bad_strategies_name_their_field(void **state)
{
#define KEY "{\"name\":\"a\",\"publicKey\":\"" X25519 "\"}"
    static const char *const bad[][2] = {
        {"{\"recoveryPublicKeys\":[" KEY "]}", "name"},
        {"{\"name\":\"n\",\"recoveryPublicKeys\":[" KEY "]}", "name"},
        {"{\"name\":\"nn\"}", "recoveryPublicKeys"},
        {"{\"name\":\"nn\",\"recoveryPublicKeys\":[]}", "recoveryPublicKeys"},
        {"{\"name\":\"nn\",\"recoveryPublicKeys\":[5]}", "recoveryPublicKeys[0]"},
        {"{\"name\":\"nn\",\"recoveryPublicKeys\":[{}]}", "publicKey"},
        {"{\"name\":\"nn\",\"recoveryPublicKeys\":[" KEY "," KEY "]}",
         "recoveryPublicKeys[1]"},
        {"{\"name\":\"nn\",\"recoveryPublicKeys\":[" KEY "],\"s3Config\":5}",
         "s3Config"},
        {"{\"name\":\"nn\",\"recoveryPublicKeys\":[" KEY "],\"s3Config\":{\"bucket\":"
         "5}}",
         "bucket"},
    };
    struct fake_trio *t = fake_limited();
    char body[256];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        (void)fake_api(t->w, "POST", PATH, bad[i][0]);
        fake_refused(t->w, 400, bad[i][1]);
    }
    (void)snprintf(body, sizeof body,
                   "{\"name\":\"%065d\",\"recoveryPublicKeys\":[" KEY "]}", 0);
    (void)fake_api(t->w, "POST", PATH, body);
    fake_refused(t->w, 400, "name");
    fake_ok(t->w, "GET", PATH, NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "strategies")), 0);
    fake_trio_free(t);
}

static int quorum_with(struct fake_trio *t, const char *strategy)
{
    char body[512];

    (void)snprintf(body, sizeof body,
                   "{\"name\":\"q\",\"deviceIds\":[\"%s\",\"%s\",\"%s\"],"
                   "\"requiredSigners\":2,\"quorumType\":\"QUORUM_TYPE_CLOUD\","
                   "\"backupStrategyId\":\"%s\"}",
                   t->d[0].text, t->d[1].text, t->d[2].text, strategy);
    return fake_api(t->w, "POST", "/v2/mpc/quorums", body);
}

static void a_quorum_names_a_strategy_that_is_there(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40];

    (void)state;
    assert_int_equal(try_key(t, X25519), 200);
    (void)snprintf(id, sizeof id, "%s", fake_text(t->w, "id"));
    (void)quorum_with(t, "00000000-0000-4000-8000-000000000000");
    fake_refused(t->w, 404, "backupStrategyId");
    (void)quorum_with(t, "nonsense");
    fake_refused(t->w, 404, "backupStrategyId");
    assert_int_equal(quorum_with(t, id), 200);
    assert_string_equal(fake_text(t->w, "backupStrategyId"), id);
    assert_int_equal(quorum_with(t, ""), 200); /* generated clients */
    assert_null(json_object_get(t->w->reply, "backupStrategyId"));
    fake_trio_free(t);
}

/* ---- the audit log
 * --------------------------------------------------------------------- */

struct step {
    const char *method, *pattern, *body, *type;
};

#define WALLET "/v2/vaults/{vaultId}/wallets/{walletId}"
#define PARTY  "{\"name\":\"n\",\"details\":{\"type\":\"DAPP\"}}"

/* In this order: {id} of a path is the id that the POST or PUT before it answered with,
 * {partyId} that of the counterparty. */
static const struct step steps[] = {
    {"POST", "/v2/counterparties", PARTY, "counterparty"},
    {"PUT", "/v2/counterparties/{id}", "{\"name\":\"m\"}", "counterparty"},
    {"POST", "/v2/counterparties/{counterpartyId}/addresses",
     "{\"termsAndConditionsAccepted\":true,\"details\":{\"type\":\"EXTERNAL\","
     "\"externalAddress\":{\"address\":\"0x52908400098527886E0F7030069857D2E4169EE7\","
     "\"name\":\"a\",\"blockchains\":[\"ETHEREUM\"]}}}",
     "address"},
    {"DELETE", "/v2/counterparties/{counterpartyId}/addresses/{addressId}", NULL,
     "address"},
    {"DELETE", "/v2/counterparties/{id}", NULL, "counterparty"},
    {"PUT", WALLET "/policy-rules/limits",
     "{\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"1\"}", "limit"},
    {"DELETE", WALLET "/policy-rules/limits/{id}", NULL, "limit"},
    {"POST", "/v2/vaults/{vaultId}/tags", "{\"tag\":\"a\"}", "vault"},
    {"DELETE", "/v2/vaults/{vaultId}/tags", "?tag=a", "vault"},
    {"POST", WALLET "/tags", "{\"tag\":\"a\"}", "wallet"},
    {"DELETE", WALLET "/tags", "?tag=a", "wallet"},
    {"POST", PATH, "{\"name\":\"nn\",\"recoveryPublicKeys\":[" KEY "]}",
     "backup-strategy"},
};

static const char *word_of(struct fake_trio *t, const char *pattern, const char *p,
                           const char *party, const char *id)
{
    return strncmp(p, "{vaultId}", 9) == 0                   ? t->vault
           : strncmp(p, "{walletId}", 10) == 0               ? t->wallet
           : strncmp(p, "{counterpartyId}", 16) == 0         ? party
           : strcmp(pattern, "/v2/counterparties/{id}") == 0 ? party
                                                             : id;
}

static void step_path(struct fake_trio *t, const struct step *s, const char *party,
                      const char *id, char path[256])
{
    size_t n = 0;

    for (const char *p = s->pattern; *p != '\0'; p++) {
        if (*p == '{') {
            n += (size_t)snprintf(path + n, 256 - n, "%s",
                                  word_of(t, s->pattern, p, party, id));
            p += strcspn(p, "}");
        } else {
            path[n++] = *p;
        }
    }
    path[n] = '\0';
    if (s->body != NULL && s->body[0] == '?') {
        (void)snprintf(path + n, 256 - n, "%s", s->body);
    }
}

static void one_record(struct fake_trio *t, uint64_t before, const struct step *s)
{
    char action[256];
    const json_t *changes;
    json_t *rec;

    assert_int_equal(fake_audit_count(t->w), before + 1);
    rec = fake_audit_newest(t->w);
    (void)snprintf(action, sizeof action, "%s %s", s->method, s->pattern);
    assert_string_equal(cs_js_text(rec, "action"), action);
    changes = json_object_get(rec, "changes");
    assert_int_equal(json_array_size(changes), 1);
    assert_string_equal(cs_js_text(json_array_get(changes, 0), "type"), s->type);
    json_decref(rec);
}

static void each_of_these_changes_leaves_exactly_one_record(void **state)
{
    struct fake_trio *t = fake_limited();
    char party[40] = "", id[40] = "", path[256];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(steps); i++) {
        const struct step *s = &steps[i];
        uint64_t before = fake_audit_count(t->w);

        step_path(t, s, party, id, path);
        fake_ok(t->w, s->method, path,
                s->body == NULL || s->body[0] == '?' ? NULL : s->body);
        if (strcmp(s->method, "DELETE") != 0) {
            (void)snprintf(i == 0 ? party : id, 40, "%s", fake_text(t->w, "id"));
        }
        one_record(t, before, s);
    }
    fake_trio_free(t);
}

static bool is_here(const struct cs_route *r)
{
    return strstr(r->pattern, "/policy-rules/") != NULL ||
           strstr(r->pattern, "/tags") != NULL ||
           strncmp(r->pattern, "/v2/counterparties", 18) == 0 ||
           strncmp(r->pattern, "/v2/backup/strategies", 21) == 0;
}

static void every_such_route_has_its_step(void **state)
{
    size_t n = 0;

    (void)state;
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        bool found = strcmp(r->method, "GET") == 0 || !is_here(r);

        for (size_t k = 0; k < CS_COUNTOF(steps) && !found; k++) {
            found = strcmp(steps[k].method, r->method) == 0 &&
                    strcmp(steps[k].pattern, r->pattern) == 0;
            n += found ? 1 : 0;
        }
        if (!found) {
            fail_msg("%s %s has no step", r->method, r->pattern);
        }
    }
    assert_int_equal(n, CS_COUNTOF(steps));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vault_has_tags),
        cmocka_unit_test(a_wallet_has_tags),
        cmocka_unit_test(lists_of_tags_come_in_pages),
        cmocka_unit_test(tags_are_bounded_and_of_what_is_there),
        cmocka_unit_test(a_strategy_names_keys_that_kits_can_be_made_for),
        cmocka_unit_test(keys_that_no_kit_could_be_made_for_are_refused),
        cmocka_unit_test(bad_strategies_name_their_field),
        cmocka_unit_test(a_quorum_names_a_strategy_that_is_there),
        cmocka_unit_test(each_of_these_changes_leaves_exactly_one_record),
        cmocka_unit_test(every_such_route_has_its_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
