/* The address book, the allow list of a wallet, and whom it may pay to. */
#include "platform/core/api.h"
#include "support/fake_limits.h"

static char party[40];

static void new_party(struct fake_trio *t, const char *name)
{
    char body[256];

    (void)snprintf(body, sizeof body,
                   "{\"name\":\"%s\",\"details\":{\"type\":\"ORGANIZATION\","
                   "\"organization\":{\"legalName\":\"Acme Ltd\"}}}",
                   name);
    fake_ok(t->w, "POST", "/v2/counterparties", body);
    (void)snprintf(party, sizeof party, "%s", fake_text(t->w, "id"));
}

static const char *party_path(const char *rest)
{
    static char path[160];

    (void)snprintf(path, sizeof path, "/v2/counterparties/%s/addresses%s%s", party,
                   rest[0] == '\0' ? "" : "/", rest);
    return path;
}

static int try_address(struct fake_trio *t, const char *address, const char *chains)
{
    char body[640];

    (void)snprintf(
        body, sizeof body,
        "{\"termsAndConditionsAccepted\":true,\"details\":{\"type\":"
        "\"EXTERNAL\",\"externalAddress\":{\"address\":\"%s\",\"name\":\"a\","
        "\"blockchains\":[%s]}}}",
        address, chains);
    return fake_api(t->w, "POST", party_path(""), body);
}

static void new_address(struct fake_trio *t, const char *address, const char *chains,
                        char id[40])
{
    if (try_address(t, address, chains) != 200) {
        fail_msg("address: %s", t->w->reply_text);
    }
    (void)snprintf(id, 40, "%s", fake_text(t->w, "addressId"));
}

static size_t count(struct fake_trio *t, const char *path, const char *name)
{
    fake_ok(t->w, "GET", path, NULL);
    return json_array_size(json_object_get(t->w->reply, name));
}

#define EVM "0x52908400098527886E0F7030069857D2E4169EE7"

/* ---- counterparties
 * ------------------------------------------------------------------ */

static void a_counterparty_is_made_changed_listed_and_deleted(void **state)
{
    struct fake_trio *t = fake_limited();
    char path[120];

    (void)state;
    new_party(t, "Exchange");
    assert_string_equal(fake_text(t->w, "details.type"), "ORGANIZATION");
    assert_string_equal(fake_text(t->w, "details.organization.legalName"), "Acme Ltd");
    assert_string_not_equal(fake_text(t->w, "updatedBy"), "");
    (void)snprintf(path, sizeof path, "/v2/counterparties/%s", party);
    fake_ok(t->w, "PUT", path, "{\"name\":\"Other\",\"description\":\"d\"}");
    fake_ok(t->w, "GET", path, NULL);
    assert_string_equal(fake_text(t->w, "name"), "Other");
    assert_string_equal(fake_text(t->w, "description"), "d");
    assert_int_equal(json_integer_value(json_object_get(t->w->reply, "addressCount")),
                     0);
    assert_int_equal(count(t, "/v2/counterparties", "counterparties"), 1);
    assert_int_equal(count(t, "/v2/counterparties?q=oTHE", "counterparties"), 1);
    assert_int_equal(count(t, "/v2/counterparties?q=exchange", "counterparties"), 0);
    fake_ok(t->w, "DELETE", path, NULL);
    assert_int_equal(count(t, "/v2/counterparties", "counterparties"), 0);
    assert_int_equal(fake_api(t->w, "GET", path, NULL), 404);
    assert_int_equal(fake_api(t->w, "DELETE", path, NULL), 404);
    fake_trio_free(t);
}

static void a_counterparty_with_addresses_stays(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40], path[120];

    (void)state;
    new_party(t, "Exchange");
    new_address(t, EVM, "\"ETHEREUM\"", id);
    (void)snprintf(path, sizeof path, "/v2/counterparties/%s", party);
    assert_int_equal(fake_api(t->w, "DELETE", path, NULL), 409);
    fake_ok(t->w, "GET", path, NULL);
    assert_int_equal(json_integer_value(json_object_get(t->w->reply, "addressCount")),
                     1);
    fake_ok(t->w, "DELETE", party_path(id), NULL);
    fake_ok(t->w, "DELETE", path, NULL);
    fake_trio_free(t);
}

static void bad_counterparties_name_their_field(void **state)
{
    static const char *const bad[][2] = {
        {"{\"details\":{\"type\":\"DAPP\"}}", "name"},
        {"{\"name\":\"n\"}", "details"},
        {"{\"name\":\"n\",\"details\":{\"type\":\"FRIEND\"}}", "type"},
        {"{\"name\":\"n\",\"details\":{\"type\":\"INDIVIDUAL\"}}", "individual"},
        {"{\"name\":\"n\",\"details\":{\"type\":\"INDIVIDUAL\",\"individual\":"
         "{\"firstName\":\"f\"}}}",
         "individual"},
        {"{\"name\":\"n\",\"details\":{\"type\":\"ORGANIZATION\",\"organization\":{}}}",
         "organization"},
        {"{\"name\":\"n\",\"details\":{\"type\":\"ORGANIZATION\",\"organization\":"
         "{\"legalName\":\"l\",\"address\":{\"city\":\"c\"}}}}",
         "organization"},
        {"{\"name\":\"n\",\"details\":{\"type\":\"DAPP\",\"dApp\":5}}", "dApp"},
    };
    struct fake_trio *t = fake_limited();

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        (void)fake_api(t->w, "POST", "/v2/counterparties", bad[i][0]);
        fake_refused(t->w, 400, bad[i][1]);
    }
    assert_int_equal(count(t, "/v2/counterparties", "counterparties"), 0);
    fake_trio_free(t);
}

/* ---- addresses
 * ----------------------------------------------------------------------- */

static void an_address_is_one_of_every_blockchain_it_names(void **state)
{
    static const struct {
        const char *address, *chains;
        int status;
    } rows[] = {
        {EVM, "\"ETHEREUM\",\"POLYGON\"", 200},
        {"0x52908400098527886E0F7030069857D2E4169Ee7", "\"BASE\"", 400}, /* checksum */
        {EVM, "\"SOLANA\"", 400},
        {EVM, "\"BASE\",\"SOLANA\"", 400},
        {EVM, "\"NOWHERE\"", 400},
        {EVM, "\"BASE\",\"BASE\"", 400},
        {EVM, "5", 400},
        {EVM, "", 400},
        {"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", "\"XRP_LEDGER\"", 200},
        {"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh#7", "\"XRP_LEDGER\"", 200},
        {"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh#x", "\"XRP_LEDGER\"", 400},
        {"rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTi", "\"XRP_LEDGER\"", 400},
        {"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "\"BITCOIN\"", 200},
        {"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "\"BITCOIN\"", 400},
    };
    struct fake_trio *t = fake_limited();

    (void)state;
    new_party(t, "p");
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        if (try_address(t, rows[i].address, rows[i].chains) != rows[i].status) {
            fail_msg("%s %s: %s", rows[i].address, rows[i].chains, t->w->reply_text);
        }
    }
    assert_int_equal(count(t, "/v2/addresses", "addresses"), 4);
    fake_trio_free(t);
}

static void an_address_is_in_the_book_once(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40];

    (void)state;
    new_party(t, "one");
    new_address(t, EVM, "\"ETHEREUM\"", id);
    assert_string_equal(fake_text(t->w, "status"), "ENABLED");
    assert_true(json_is_true(json_object_get(t->w->reply, "active")));
    assert_int_equal(try_address(t, EVM, "\"ETHEREUM\""), 409);
    new_party(t, "two"); /* nor somebody else's, nor in another spelling */
    assert_int_equal(try_address(t, "0x52908400098527886e0f7030069857d2e4169ee7",
                                 "\"BASE\",\"ETHEREUM\""),
                     409);
    assert_int_equal(try_address(t, EVM, "\"BASE\""), 200);
    fake_trio_free(t);
}

static void a_deleted_address_can_come_back(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40], again[40], other[40];

    (void)state;
    new_party(t, "one");
    new_address(t, EVM, "\"ETHEREUM\"", id);
    (void)snprintf(other, sizeof other, "%s", party);
    new_party(t, "two");
    assert_int_equal(fake_api(t->w, "GET", party_path(id), NULL), 404); /* not its */
    assert_int_equal(fake_api(t->w, "DELETE", party_path(id), NULL), 404);
    (void)snprintf(party, sizeof party, "%s", other);
    fake_ok(t->w, "GET", party_path(id), NULL);
    fake_ok(t->w, "DELETE", party_path(id), NULL);
    assert_int_equal(fake_api(t->w, "GET", party_path(id), NULL), 404);
    assert_int_equal(count(t, party_path(""), "addresses"), 0);
    assert_int_equal(count(t, "/v2/addresses", "addresses"), 0);
    new_address(t, EVM, "\"ETHEREUM\"", again);
    assert_string_not_equal(id, again);
    fake_trio_free(t);
}

static void the_book_is_searched_in_any_spelling(void **state)
{
    struct fake_trio *t = fake_limited();
    char id[40];

    (void)state;
    new_party(t, "one");
    new_address(t, EVM, "\"ETHEREUM\",\"POLYGON\"", id);
    new_address(t, "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", "\"XRP_LEDGER\"", id);
    assert_int_equal(count(t, "/v2/addresses?address=" EVM, "addresses"), 1);
    assert_int_equal(count(t,
                           "/v2/addresses?address="
                           "0x52908400098527886e0f7030069857d2e4169ee7",
                           "addresses"),
                     1);
    assert_int_equal(count(t, "/v2/addresses?address=nobody", "addresses"), 0);
    assert_int_equal(count(t, "/v2/addresses", "addresses"), 2);
    fake_trio_free(t);
}

static void bad_addresses_name_their_field(void **state)
{
#define OK "\"termsAndConditionsAccepted\":true"
    static const char *const bad[][2] = {
        {"{}", "termsAndConditionsAccepted"},
        {"{\"termsAndConditionsAccepted\":false}", "termsAndConditionsAccepted"},
        {"{" OK "}", "details"},
        {"{" OK ",\"details\":{\"type\":\"INTERNAL\"}}", "type"},
        {"{" OK ",\"details\":{\"type\":\"EXTERNAL\"}}", "externalAddress"},
        {"{" OK ",\"details\":{\"type\":\"EXTERNAL\",\"externalAddress\":{}}}",
         "address"},
        {"{" OK ",\"custodian\":{\"name\":\"n\"},\"details\":{\"type\":\"EXTERNAL\"}}",
         "custodian"},
    };
    struct fake_trio *t = fake_limited();

    (void)state;
    new_party(t, "one");
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        (void)fake_api(t->w, "POST", party_path(""), bad[i][0]);
        fake_refused(t->w, 400, bad[i][1]);
    }
    fake_trio_free(t);
}

/* ---- the allow list -------------------------------------------------------------- */

static int allow_list(struct fake_trio *t, const char *word)
{
    char path[160], body[256];

    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/settings", t->vault,
                   t->wallet);
    (void)snprintf(body, sizeof body,
                   "{\"settings\":{\"enabled\":true,\"rawSigningEnabled\":true,"
                   "\"sweepingEnabled\":false,\"defaultFreezeEnabled\":false%s%s}}",
                   word[0] == '\0' ? "" : ",\"allowListEnabled\":", word);
    return fake_api(t->w, "PUT", path, body);
}

static bool list_is_on(struct fake_trio *t)
{
    return json_is_true(
        json_object_get(json_object_get(t->w->reply, "settings"), "allowListEnabled"));
}

static void destination(struct fake_trio *t, char out[64])
{
    fake_pay_ok(t, 1);
    (void)snprintf(out, 64, "%s", fake_text(t->w, "destinationAddress"));
}

static void with_the_allow_list_only_the_book_is_paid(void **state)
{
    struct fake_trio *t = fake_limited();
    char to[64], id[40];

    (void)state;
    destination(t, to);
    assert_int_equal(allow_list(t, "true"), 200);
    assert_true(list_is_on(t));
    fake_pay_no(t, 1, "POLICY_DESTINATION");
    assert_non_null(strstr(t->w->reply_text, to));
    new_party(t, "p");
    new_address(t, to, "\"SOLANA\"", id);
    fake_pay_ok(t, 1);
    fake_reboot_nodes(t);
    fake_pay_ok(t, 1);
    fake_ok(t->w, "DELETE", party_path(id), NULL);
    fake_pay_no(t, 1, "POLICY_DESTINATION");
    assert_int_equal(allow_list(t, "false"), 200);
    assert_false(list_is_on(t));
    fake_pay_ok(t, 1);
    fake_trio_free(t);
}

/* The vendor's clients do not know of it. */
static void settings_without_the_switch_leave_it_as_it_is(void **state)
{
    struct fake_trio *t = fake_limited();

    (void)state;
    assert_int_equal(allow_list(t, "true"), 200);
    assert_int_equal(allow_list(t, ""), 200);
    assert_true(list_is_on(t));
    assert_int_equal(allow_list(t, "\"no\""), 400);
    fake_trio_free(t);
}

static void the_switch_needs_a_word_of_its_own(void **state)
{
    struct fake_trio *t = fake_limited();
    char client[40], secret[80];

    (void)state;
    assert_int_equal(allow_list(t, "true"), 200);
    assert_int_equal(
        fake_credential_new(t->w, "\"wallets.settings\",\"wallets.read\"", ""), 200);
    (void)snprintf(client, sizeof client, "%s", fake_text(t->w, "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(t->w, "clientSecret"));
    fake_login(t->w, client, secret);
    assert_int_equal(allow_list(t, "false"), 403);
    assert_int_equal(allow_list(t, "true"), 200); /* as it is */
    assert_true(list_is_on(t));
    fake_trio_free(t);
}

static void own_wallets_are_on_every_allow_list(void **state)
{
    struct fake_trio *t = fake_limited();
    struct fake_tx x;
    char to[64], hex[1024], *at;
    uint8_t fake_to[32], own[32];
    char fake_hex[65], own_hex[65];

    (void)state;
    /* A transfer to the wallet itself: the same payload with its own key as payee would
     * name one account twice, so the second wallet pays to the first. */
    fake_own_key(t, own);
    fake_wallet_get(t);
    (void)snprintf(to, sizeof to, "%s", fake_text(t->w, "address"));
    fake_wallet_new(t);
    fake_provision(t);
    assert_int_equal(fake_settings(t, true, true), 200);
    assert_int_equal(allow_list(t, "true"), 200);
    fake_pay_no(t, 1, "POLICY_DESTINATION");
    fake_tx_payload(t, &x, 1);
    memset(fake_to, 0x42, sizeof fake_to);
    (void)cs_hex(fake_hex, fake_to, sizeof fake_to);
    (void)cs_hex(own_hex, own, sizeof own);
    (void)snprintf(hex, sizeof hex, "%s", x.hex);
    at = strstr(hex, fake_hex);
    assert_non_null(at);
    memcpy(at, own_hex, 64);
    (void)fake_raw_post(t, hex, "\"signOnly\":true");
    fake_passed(t);
    assert_string_equal(fake_text(t->w, "destinationAddress"), to);
    fake_tx_end(t, &x);
}

static void texts_are_refused_with_an_allow_list(void **state)
{
    struct fake_trio *t = fake_limited();

    (void)state;
    assert_int_equal(allow_list(t, "true"), 200);
    (void)fake_api(t->w, "POST", fake_tx_path(t, "/sign-plaintext"),
                   "{\"message\":\"hello\"}");
    fake_stopped(t, "PAL006.005");
    fake_trio_free(t);
}

/* ---- permitted destinations ------------------------------------------------------ */

static void permitted(struct fake_trio *t, const char *query)
{
    char path[256];

    (void)snprintf(path, sizeof path,
                   "/v2/vaults/%s/wallets/%s/policy-rules/permitted-destinations%s",
                   t->vault, t->wallet, query);
    fake_ok(t->w, "GET", path, NULL);
}

static bool is_restricted(struct fake_trio *t)
{
    return json_is_true(json_object_get(t->w->reply, "restricted"));
}

static size_t n_destinations(struct fake_trio *t)
{
    return json_array_size(json_object_get(t->w->reply, "destinations"));
}

static void permitted_destinations_are_those_of_the_rules(void **state)
{
    struct fake_trio *t = fake_limited();
    char to[64], id[40], limit[40], open[40], body[256], query[64];

    (void)state;
    destination(t, to);
    permitted(t, "");
    assert_false(is_restricted(t));
    assert_int_equal(n_destinations(t), 0);
    new_party(t, "p");
    new_address(t, to, "\"SOLANA\"", id);
    new_address(t, EVM, "\"ETHEREUM\"", limit);
    assert_int_equal(allow_list(t, "true"), 200);
    permitted(t, "?pageSize=1");
    assert_true(is_restricted(t));
    assert_string_equal(fake_text(t->w, "destinations.0.id"), t->wallet);
    assert_string_equal(fake_text(t->w, "destinations.0.matcherType"), "WALLET_ID");
    (void)snprintf(query, sizeof query, "?pageToken=%s",
                   fake_text(t->w, "filter.nextPageToken"));
    permitted(t, query);
    assert_int_equal(n_destinations(t), 1); /* of this blockchain */
    assert_string_equal(fake_text(t->w, "destinations.0.id"), id);
    assert_string_equal(fake_text(t->w, "destinations.0.matcherType"), "ADDRESS_ID");
    assert_null(
        json_object_get(json_object_get(t->w->reply, "filter"), "nextPageToken"));
    (void)snprintf(body, sizeof body,
                   "{\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"1\","
                   "\"matchers\":[{\"type\":\"COUNTERPARTY_ID\",\"value\":\"%s\"}]}",
                   party);
    fake_limit(t, body, limit);
    permitted(t, "");
    assert_int_equal(n_destinations(t), 1);
    assert_string_equal(fake_text(t->w, "destinations.0.id"), party);
    fake_limit(t, "{\"limitType\":\"PER_TX\",\"symbol\":\"SOL\",\"limitQty\":\"1\"}",
               open); /* about anybody */
    assert_int_equal(allow_list(t, "false"), 200);
    permitted(t, "");
    assert_false(is_restricted(t));
    fake_trio_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counterparty_is_made_changed_listed_and_deleted),
        cmocka_unit_test(a_counterparty_with_addresses_stays),
        cmocka_unit_test(bad_counterparties_name_their_field),
        cmocka_unit_test(an_address_is_one_of_every_blockchain_it_names),
        cmocka_unit_test(an_address_is_in_the_book_once),
        cmocka_unit_test(a_deleted_address_can_come_back),
        cmocka_unit_test(the_book_is_searched_in_any_spelling),
        cmocka_unit_test(bad_addresses_name_their_field),
        cmocka_unit_test(with_the_allow_list_only_the_book_is_paid),
        cmocka_unit_test(settings_without_the_switch_leave_it_as_it_is),
        cmocka_unit_test(the_switch_needs_a_word_of_its_own),
        cmocka_unit_test(own_wallets_are_on_every_allow_list),
        cmocka_unit_test(texts_are_refused_with_an_allow_list),
        cmocka_unit_test(permitted_destinations_are_those_of_the_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
