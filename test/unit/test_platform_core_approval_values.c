/* Approvers read every value that takes effect by their word, what it was before, and
 * nothing takes effect that they have not read. */
#include "platform/core/approvals.h"
#include "support/fake_approvals.h"
#include "support/fake_limits.h"

static struct fake_board b;

static int begin(void **state)
{
    (void)state;
    board_signers(&b);
    return 0;
}

static int end(void **state)
{
    (void)state;
    board_free(&b);
    return 0;
}

static struct fake_platform *w(void)
{
    return b.t->w;
}

/* Of the set that was taken last: the n-th line of this label; NULL: there is none. */
static const char *line(const char *label, size_t n)
{
    const json_t *lines;

    board_get(&b);
    lines = json_object_get(w()->reply, "lines");
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *l = json_array_get(lines, i);

        if (cs_js_is(l, "label", label) && n-- == 0) {
            return cs_js_text(l, "value");
        }
    }
    return NULL;
}

static void line_is(const char *label, const char *value)
{
    const char *is = line(label, 0);

    if (is == NULL || strcmp(is, value) != 0) {
        fail_msg("%s: want \"%s\", got %s", label, value, w()->reply_text);
    }
}

static void line_has(const char *label, const char *part)
{
    const char *is = line(label, 0);

    if (is == NULL || strstr(is, part) == NULL) {
        fail_msg("%s: want \"..%s..\", got %s", label, part, w()->reply_text);
    }
}

/* Behind everybody's back: a record is not what approvers have read. */
static void tamper(uint8_t table, const char *id_text, const char *name, json_t *value)
{
    uint8_t id[CS_PC_ID];
    json_t *rec;

    assert_int_equal(cs_uuid_parse(id, id_text), CS_OK);
    rec = cs_pc_get(w()->core, table, id);
    assert_non_null(rec);
    cs_js_set(rec, name, value);
    cs_pc_put(w()->core, table, id, rec);
    json_decref(rec);
}

static void fails_with(const char *part)
{
    board_yes(&b, &b.ann);
    board_set_is(&b, "FAILED");
    if (strstr(fake_text(w(), "reasons.0"), part) == NULL) {
        fail_msg("want a reason with \"%s\", got %s", part, w()->reply_text);
    }
}

/* ---- credentials ----------------------------------------------------------- */

static char credential[40];

static void credential_new(const char *more)
{
    char path[96];

    assert_int_equal(fake_credential_new(w(), "\"vaults.read\",\"wallets.read\"", more),
                     200);
    (void)snprintf(credential, sizeof credential, "%s", fake_text(w(), "id"));
    (void)snprintf(path, sizeof path, "/v2/credentials/%s", credential);
    fake_ok(w(), "GET", path, NULL);
}

static void credential_put(const char *what, const char *body)
{
    char path[96];

    (void)snprintf(path, sizeof path, "/v2/credentials/%s/%s", credential, what);
    fake_ok(w(), "PUT", path, body);
    board_take(&b);
}

static void a_credential_shows_where_it_works_and_until_when(void **state)
{
    (void)state;
    board_group(&b, "API_CREDENTIAL", 1, &b.ann, NULL);
    credential_new(",\"description\":\"for the desk\",\"allowedIps\":[\"192.0.2.0/24\","
                   "\"198.51.100.7\"],\"expiresAt\":\"2027-01-31T12:34:56Z\"");
    board_take(&b);
    line_is("Permissions", "vaults.read, wallets.read");
    line_is("Works from", "192.0.2.0/24, 198.51.100.7");
    line_is("Works until", "2027-01-31T12:34:56.000Z");
    line_is("Description", "for the desk");
    line_is("Category", "CONTROLS");
    assert_non_null(strstr(w()->reply_text, "allowedIps")); /* in what is hashed */
    board_yes(&b, &b.ann);
    board_set_is(&b, "MET");
    credential_put("permissions", "{\"permissions\":[\"vaults.write\"]}");
    line_is("Permissions", "vaults.write");
    line_is("Permissions now", "vaults.read, wallets.read");
    line_is("Works from", "192.0.2.0/24, 198.51.100.7");
    line_is("Works until", "2027-01-31T12:34:56.000Z");
    board_yes(&b, &b.ann);
    board_set_is(&b, "MET");
}

static void a_credential_without_bounds_says_so(void **state)
{
    (void)state;
    board_group(&b, "API_CREDENTIAL", 1, &b.ann, NULL);
    credential_new("");
    board_take(&b);
    line_is("Works from", "any address");
    line_is("Works until", "it is switched off or deleted");
    board_yes(&b, &b.ann);
    {
        char path[96];

        (void)snprintf(path, sizeof path, "/v2/credentials/%s/active", credential);
        fake_ok(w(), "PUT", path, "{\"active\":false}");
    }
    credential_put("active", "{\"active\":true}");
    line_is("Permissions", "vaults.read, wallets.read");
    line_is("Works from", "any address");
    board_yes(&b, &b.ann);
    board_set_is(&b, "MET");
    credential_put("permissions", "{\"permissions\":[]}");
    line_is("Permissions", "none");
}

static void a_credential_that_is_not_what_was_read_does_not_work(void **state)
{
    (void)state;
    board_group(&b, "API_CREDENTIAL", 1, &b.ann, NULL);
    credential_new(",\"allowedIps\":[\"192.0.2.0/24\"]");
    board_take(&b);
    tamper(CS_PC_CREDENTIAL, credential, "allowedIps", cs_js_arr());
    fails_with("not what was approved");
    credential_new(",\"expiresAt\":\"2027-01-31T12:34:56Z\"");
    board_take(&b);
    tamper(CS_PC_CREDENTIAL, credential, "expiresAt", json_string(""));
    fails_with("not what was approved");
    credential_new("");
    board_take(&b);
    board_yes(&b, &b.ann);
    credential_put("permissions", "{\"permissions\":[\"vaults.write\"]}");
    tamper(CS_PC_CREDENTIAL, credential, "proposedPermissions",
           json_pack("[s]", "wallets.create"));
    fails_with("not what was approved");
}

/* ---- users ----------------------------------------------------------------- */

static void user_put(const struct person *p, const char *what, const char *body)
{
    char path[96];

    (void)snprintf(path, sizeof path, "/v2/users/%s/%s", p->id, what);
    fake_ok(w(), "PUT", path, body);
    board_take(&b);
}

static void a_change_of_a_user_shows_who_it_is_and_what_he_was(void **state)
{
    char path[96];

    (void)state;
    board_group(&b, "USER", 1, &b.ann, NULL);
    user_put(&b.paul, "role", "{\"roles\":[\"AUDITOR\",\"VIEWER\"]}");
    line_is("User", "F L, paul@example.org");
    line_is("Roles", "AUDITOR, VIEWER");
    line_is("Roles now", "PROPOSER");
    board_yes(&b, &b.ann);
    board_set_is(&b, "MET");
    user_put(&b.paul, "status", "{\"status\":\"BLOCKED\",\"reason\":\"left\"}");
    line_is("Roles now", "AUDITOR, VIEWER");
    line_is("Blocked because", "left");
    board_yes(&b, &b.ann);
    user_put(&b.paul, "status", "{\"status\":\"ACTIVATED\"}");
    line_is("Roles that come back", "AUDITOR, VIEWER");
    line_is("Was blocked because", "left");
    board_yes(&b, &b.ann);
    (void)snprintf(path, sizeof path, "/v2/users/%s/password", b.paul.id);
    fake_ok(w(), "POST", path, NULL);
    board_take(&b);
    line_is("User", "F L, paul@example.org");
    line_has("What is reset", "password");
    board_no(&b, &b.ann);
}

static void a_user_who_is_not_what_was_read_gets_nothing(void **state)
{
    struct person p;
    char token[80];

    (void)state;
    board_group(&b, "USER", 1, &b.ann, NULL);
    user_put(&b.paul, "role", "{\"roles\":[\"AUDITOR\"]}");
    tamper(CS_PC_USER, b.paul.id, "roles", json_pack("[s]", "VIEWER"));
    fails_with("not what was approved");
    assert_int_equal(people_invite(w(), &p, "new@example.org", "VIEWER", token), 200);
    board_take(&b);
    line_is("Roles", "VIEWER");
    line_is("E-mail", "new@example.org");
    tamper(CS_PC_USER, p.id, "roles", json_pack("[s]", "PROPOSER"));
    fails_with("not what was approved");
}

/* ---- quorums and wallets ----------------------------------------------------- */

static void a_quorum_shows_its_devices_and_what_it_is_for(void **state)
{
    char quorum[40];

    (void)state;
    board_group(&b, "QUORUM", 1, &b.ann, NULL);
    assert_int_equal(fake_quorum_post(b.t, "Three"), 200);
    (void)snprintf(quorum, sizeof quorum, "%s", fake_text(w(), "id"));
    board_take(&b);
    line_is("Required signatures", "2 of 3");
    line_is("Backup strategy", "none");
    assert_non_null(line("Device", 2));
    assert_non_null(strstr(w()->reply_text, "publicKeyHashes"));
    tamper(CS_PC_QUORUM, quorum, "requiredSigners", json_integer(3));
    fails_with("not what was approved");
    assert_int_equal(fake_quorum_post(b.t, "Four"), 200);
    board_take(&b);
    tamper(CS_PC_DEVICE, b.t->d[1].text, "publicKeyHash",
           json_string("00112233445566778899aabbccddeeff"
                       "00112233445566778899aabbccddeeff"));
    fails_with("not what was approved");
}

static void a_wallet_shows_how_it_will_sign(void **state)
{
    (void)state;
    board_group(&b, "WALLET", 1, &b.ann, NULL);
    fake_wallet_as(b.t,
                   "\"keystore\":\"MPC\",\"blockchain\":\"BITCOIN\",\"addressType\":"
                   "\"P2TR\"");
    board_take(&b);
    line_is("Address type", "P2TR");
    line_is("Vault id", b.t->vault);
    line_is("Quorum id", b.t->quorum);
    tamper(CS_PC_WALLET, b.t->wallet, "addressType", json_string("P2WPKH"));
    fails_with("not what was approved");
}

/* ---- policies ---------------------------------------------------------------- */

static void a_limit_shows_in_what_it_counts_and_whom_it_is_about(void **state)
{
    char body[900], id[40];

    (void)state;
    board_group(&b, "POLICY", 1, &b.ann, NULL);
    (void)snprintf(
        body, sizeof body,
        "{\"limitType\":\"PER_TX\",\"symbol\":\"USDC\",\"contract\":"
        "\"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v\",\"decimals\":6,\"limitQty\":"
        "\"10.5\",\"feeQtyLimit\":\"0.01\",\"matchers\":[{\"type\":\"USER\",\"value\":"
        "\"%s\"},{\"type\":\"TRANSACTION_TYPE\",\"values\":[\"RAW\"]}]}",
        b.paul.id);
    assert_int_equal(fake_limit_try(b.t, body), 200);
    (void)snprintf(id, sizeof id, "%s", fake_text(w(), "id"));
    board_take(&b);
    line_is("Quantity", "10.5");
    line_is("Decimals", "6");
    line_is("Fee at most", "0.01");
    line_is("Contract", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v");
    line_is("Wallet id", b.t->wallet);
    line_has("USER", b.paul.id);
    line_has("USER", "F L");
    line_is("TRANSACTION_TYPE", "RAW");
    tamper(CS_PC_LIMIT, id, "matchers", cs_js_arr());
    fails_with("not what was approved");
    assert_int_equal(
        fake_limit_try(b.t, "{\"limitType\":\"PER_TX\",\"symbol\":\"USDC\","
                            "\"contract\":\"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1"
                            "v\",\"limitQty\":\"10500000\"}"),
        200);
    board_take(&b);
    line_is("Decimals", "0: smallest units of the token");
    line_is("About", "all payments of this asset");
}

static void an_address_shows_all_that_was_said_of_it(void **state)
{
    char path[128];

    (void)state;
    board_group(&b, "ADDRESS", 1, &b.ann, NULL);
    fake_ok(w(), "POST", "/v2/counterparties",
            "{\"name\":\"Grocer\",\"details\":{\"type\":\"DAPP\"}}");
    (void)snprintf(path, sizeof path, "/v2/counterparties/%s/addresses",
                   fake_text(w(), "id"));
    fake_ok(w(), "POST", path,
            "{\"termsAndConditionsAccepted\":true,\"custodian\":{\"name\":\"Bank\","
            "\"dId\":\"did:x:1\"},\"details\":{\"type\":\"EXTERNAL\","
            "\"externalAddress\":{\"address\":"
            "\"EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v\",\"name\":\"till\","
            "\"description\":\"at the door\",\"blockchains\":[\"SOLANA\"]}}}");
    board_take(&b);
    line_is("Description", "at the door");
    line_is("Custodian", "Bank, did:x:1");
    tamper(CS_PC_ADDRESS, fake_text(w(), "summary.sourceId"), "counterpartyId",
           json_string(b.t->vault));
    fails_with("not what was approved");
}

/* ---- groups ------------------------------------------------------------------ */

static int group_for_tx(const char *approver, const char *threshold)
{
    char body[400];

    (void)snprintf(body, sizeof body,
                   "{\"sourceType\":\"TRANSACTION\",\"requiredApproverCount\":1,"
                   "\"approvers\":[\"%s\"],\"timeoutSeconds\":600%s}",
                   approver, threshold);
    return fake_api(w(), "PUT", "/v2/approvers", body);
}

static void a_group_shows_each_person_the_contract_and_what_it_was(void **state)
{
    (void)state;
    assert_int_equal(
        group_for_tx(b.ann.id,
                     ",\"threshold\":{\"symbol\":\"USDC\","
                     "\"contract\":\"0xaa\",\"qty\":\"5\",\"feeQty\":\"0.1\"}"),
        200);
    board_group(&b, "APPROVAL_GROUP", 1, &b.olga, &b.oscar);
    assert_int_equal(
        group_for_tx(b.bob.id,
                     ",\"threshold\":{\"symbol\":\"USDC\","
                     "\"contract\":\"0xbb\",\"qty\":\"50\",\"feeQty\":\"0.2\"}"),
        200);
    board_take(&b);
    line_is("Approver", "F L, bob@example.org");
    line_is("Only above", "50 USDC of contract 0xbb, or with a fee above 0.2");
    line_is("Required", "1 of 1");
    line_is("Now: approver", "F L, ann@example.org");
    line_is("Now: only above", "5 USDC of contract 0xaa, or with a fee above 0.1");
    line_is("Now: required", "1 of 1");
    line_is("Now: time to decide", "10 minutes");
    board_yes(&b, &b.olga);
    board_set_is(&b, "MET");
    fake_ok(w(), "PUT", "/v2/approvers",
            "{\"sourceType\":\"TRANSACTION\",\"requiredApproverCount\":0,"
            "\"approvers\":[]}");
    board_take(&b);
    line_is("From then on", "nobody has to approve");
    line_is("Now: approver", "F L, bob@example.org");
    board_yes(&b, &b.olga);
    assert_int_equal(group_for_tx(b.ann.id, ""), 200);
    board_take(&b);
    line_is("Now", "nobody has to approve");
    assert_null(line("Only above", 0));
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(a_credential_shows_where_it_works_and_until_when),
        CASE(a_credential_without_bounds_says_so),
        CASE(a_credential_that_is_not_what_was_read_does_not_work),
        CASE(a_change_of_a_user_shows_who_it_is_and_what_he_was),
        CASE(a_user_who_is_not_what_was_read_gets_nothing),
        CASE(a_quorum_shows_its_devices_and_what_it_is_for),
        CASE(a_wallet_shows_how_it_will_sign),
        CASE(a_limit_shows_in_what_it_counts_and_whom_it_is_about),
        CASE(an_address_shows_all_that_was_said_of_it),
        CASE(a_group_shows_each_person_the_contract_and_what_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
