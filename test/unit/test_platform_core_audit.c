/* The audit log: which requests leave a record, and what is in it. */
#include "support/fake_audit.h"
#include "support/fake_many.h"

static char client[40], secret[80];

static struct fake_platform *begin(void)
{
    struct fake_platform *w = fake_platform_new();

    fake_setup(w, client, secret);
    return w;
}

/* ---- every route ------------------------------------------------------- */

/* One request that succeeds, for each route that can change something.  %s in path and
 * body are filled by the world's words of those names. */
struct row {
    const char *method, *pattern;
    const char *body;
    bool fresh; /* its {id} is an object made for it */
};

#define TX "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/"
#define TYPED                                                                          \
    "{\\\"types\\\":{\\\"EIP712Domain\\\":[{\\\"name\\\":\\\"name\\\",\\\"type\\\":"   \
    "\\\"string\\\"},{\\\"name\\\":\\\"chainId\\\",\\\"type\\\":\\\"uint256\\\"}],"    \
    "\\\"Mail\\\":[{\\\"name\\\":\\\"text\\\",\\\"type\\\":\\\"string\\\"}]},"         \
    "\\\"primaryType\\\":\\\"Mail\\\",\\\"domain\\\":{\\\"name\\\":\\\"x\\\","         \
    "\\\"chainId\\\":1},\\\"message\\\":{\\\"text\\\":\\\"hello\\\"}}"

static const struct row rows[] = {
    {"POST", "/v2/credentials",
     "{\"name\":\"c\",\"category\":\"AUDIT\",\"permissions\":[\"audit.read\"]}", false},
    {"PUT", "/v2/credentials/{id}/active", "{\"active\":false}", true},
    {"PUT", "/v2/credentials/{id}/permissions", "{\"permissions\":[\"vaults.read\"]}",
     true},
    {"DELETE", "/v2/credentials/{id}", NULL, true},
    {"POST", "/v2/devices", "{\"displayName\":\"d\",\"deviceType\":\"CLOUD\"}", false},
    {"GET", "/v2/devices/{id}/pairing-credentials", NULL, true},
    {"PUT", "/v2/devices/{id}/display-name", "{\"displayName\":\"e\"}", true},
    {"PUT", "/v2/devices/{id}/approval-status", "{\"approvalStatus\":\"APPROVED\"}",
     true},
    {"PUT", "/v2/devices/{id}/enabled-status", "{\"enabledStatus\":\"DISABLED\"}",
     false},
    {"DELETE", "/v2/devices/{id}", NULL, true},
    {"POST", "/v2/mpc/quorums", "@quorum", false},
    {"POST", "/v2/mpc/quorums/{quorumId}/confirm", "@words", false},
    {"DELETE", "/v2/mpc/quorums/{quorumId}", NULL, true},
    {"POST", "/v2/vaults", "{\"name\":\"v\"}", false},
    {"PUT", "/v2/vaults/{id}", "{\"name\":\"w\"}", true},
    {"POST", "/v2/vaults/{vaultId}/wallets", "@wallet", false},
    {"PUT", "/v2/vaults/{vaultId}/wallets/{walletId}", "{\"name\":\"x\"}", false},
    {"PUT", "/v2/vaults/{vaultId}/wallets/{walletId}/settings",
     "{\"settings\":{\"enabled\":true,\"rawSigningEnabled\":true,\"sweepingEnabled\":"
     "false,\"defaultFreezeEnabled\":false,\"blindSigningEnabled\":true}}",
     false},
    {"POST", TX "raw", "@raw", false},
    {"POST", TX "sign-plaintext", "{\"message\":\"hello\"}", false},
    {"POST", TX "sign-typed-data", "{\"typedData\":\"" TYPED "\"}", false},
    {"POST", TX "sign-digest", "@digest", false},
    {"POST", TX "batch", "{\"requests\":[{\"type\":\"PLAINTEXT\",\"message\":\"a\"}]}",
     false},
};

/* What changes nothing (not built), or has its own tests: below, and for people in
 * test_platform_core_audit_people. */
static bool is_other(const struct cs_route *r)
{
    return r->run == cs_api_device_side || r->run == cs_api_quorum_modify ||
           r->run == cs_api_instead || cs_route_reads(r) ||
           r->run == cs_api_wallet_delete || r->run == cs_api_setup ||
           r->run == cs_api_token || strncmp(r->pattern, "/v2/users", 9) == 0 ||
           strncmp(r->pattern, "/v2/appro", 9) == 0 || r->run == cs_api_tx_freeze ||
           r->run == cs_api_tx_unfreeze || /* test_platform_core_(tx_)approvals.c */
           strncmp(r->pattern, "/v2/webhooks", 12) == 0 || /* its own test does */
           strncmp(r->pattern, "/v2/session", 11) == 0 ||
           strstr(r->pattern, "/policy-rules/") != NULL || /* ..core_tags */
           strncmp(r->pattern, "/v2/counterparties", 18) == 0 ||
           strstr(r->pattern, "/tags") != NULL ||
           strncmp(r->pattern, "/v2/backup/strategies", 21) == 0;
}

static const struct row *row_of(const struct cs_route *r)
{
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        if (strcmp(rows[i].method, r->method) == 0 &&
            strcmp(rows[i].pattern, r->pattern) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static const char *body_of(struct fake_trio *t, const struct row *row)
{
    static char body[1024];
    static const uint8_t digest[32] = {1};

    if (row->body == NULL || row->body[0] != '@') {
        return row->body;
    }
    if (strcmp(row->body, "@quorum") == 0) {
        (void)snprintf(body, sizeof body,
                       "{\"name\":\"q\",\"deviceIds\":[\"%s\",\"%s\",\"%s\"],"
                       "\"requiredSigners\":2,\"quorumType\":\"QUORUM_TYPE_CLOUD\"}",
                       t->d[0].text, t->d[1].text, t->d[2].text);
    } else if (strcmp(row->body, "@words") == 0) {
        (void)snprintf(body, sizeof body, "{\"words\":\"%s\"}", t->words);
    } else if (strcmp(row->body, "@wallet") == 0) {
        (void)snprintf(
            body, sizeof body,
            "{\"name\":\"k\",\"quorumId\":\"%s\",\"blockchain\":\"ETHEREUM\","
            "\"keystore\":\"MPC\"}",
            t->quorum);
    } else if (strcmp(row->body, "@raw") == 0) {
        return fake_payload_body("/raw", fake_evm(0), "");
    } else {
        return fake_payload_body("/sign-digest", CS_SPAN_OF(digest), "");
    }
    return body;
}

/* A new object of the kind that the pattern is about. */
static void make_fresh(struct fake_trio *t, struct fake_device *d, const char *pattern,
                       char id[40])
{
    if (strstr(pattern, "approval-status") != NULL) {
        fake_device_new(t->w, d);
        fake_connect_ok(d);
        (void)snprintf(id, 40, "%s", d->text);
        return;
    }
    if (strncmp(pattern, "/v2/devices", 11) == 0) {
        fake_ok(t->w, "POST", "/v2/devices",
                "{\"displayName\":\"n\",\"deviceType\":\"CLOUD\"}");
    } else if (strncmp(pattern, "/v2/credentials", 15) == 0) {
        assert_int_equal(fake_credential_new(t->w, "\"audit.read\"", ""), 200);
    } else if (strncmp(pattern, "/v2/vaults", 10) == 0) {
        fake_ok(t->w, "POST", "/v2/vaults", "{\"name\":\"n\"}");
    } else {
        assert_int_equal(fake_quorum_post(t, "n"), 200);
    }
    (void)snprintf(id, 40, "%s", fake_text(t->w, "id"));
}

static const char *word_of(struct fake_trio *t, const char *pattern, const char *p,
                           const char *id)
{
    if (id[0] != '\0') {
        return id;
    }
    if (strncmp(p, "{vaultId}", 9) == 0) {
        return t->vault;
    }
    if (strncmp(p, "{walletId}", 10) == 0) {
        return t->wallet;
    }
    if (strncmp(p, "{quorumId}", 10) == 0) {
        return t->quorum;
    }
    return strncmp(pattern, "/v2/devices", 11) == 0
               ? t->d[2].text
               : "00000000-0000-4000-8000-000000000000";
}

static const char *path_of(struct fake_trio *t, const char *pattern, const char *id)
{
    static char path[512];
    size_t n = 0;

    for (const char *p = pattern; *p != '\0'; p++) {
        if (*p == '{') {
            n += (size_t)snprintf(path + n, sizeof path - n, "%s",
                                  word_of(t, pattern, p, id));
            p += strcspn(p, "}");
        } else {
            path[n++] = *p;
        }
    }
    path[n] = '\0';
    return path;
}

static void one_record(struct fake_platform *w, uint64_t before,
                       const struct cs_route *r, int status)
{
    char action[256];
    json_t *rec;

    if (fake_audit_count(w) != before + 1) {
        fail_msg("%s %s (%d): %d records", r->method, r->pattern, status,
                 (int)(fake_audit_count(w) - before));
    }
    rec = fake_audit_newest(w);
    (void)snprintf(action, sizeof action, "%s %s", r->method, r->pattern);
    assert_string_equal(cs_js_text(rec, "action"), action);
    assert_string_equal(cs_js_text(rec, "kind"), "REQUEST");
    assert_string_equal(cs_js_text(rec, "address"), w->remote);
    assert_int_equal(fake_audit_result(rec), status);
    json_decref(rec);
}

static void try_route(struct fake_trio *t, const struct cs_route *r,
                      const struct row *row)
{
    struct fake_device d = {0};
    char id[40] = "";
    uint64_t before;
    json_t *rec;

    if (row->fresh) {
        make_fresh(t, &d, r->pattern, id);
    }
    before = fake_audit_count(t->w);
    if (fake_api(t->w, r->method, path_of(t, r->pattern, id), body_of(t, row)) != 200) {
        fail_msg("%s %s: %s", r->method, r->pattern, t->w->reply_text);
    }
    one_record(t->w, before, r, 200);
    rec = fake_audit_newest(t->w);
    assert_string_equal(fake_audit_actor(rec, "kind"), "CREDENTIAL");
    assert_int_equal(strlen(fake_audit_actor(rec, "id")), 36);
    assert_true(json_array_size(json_object_get(rec, "changes")) > 0);
    json_decref(rec);
    if (d.w != NULL) {
        fake_device_free(&d);
    }
}

static void every_route_that_changes_something_leaves_exactly_one_record(void **state)
{
    struct fake_trio *t = fake_signers_of("\"blockchain\":\"ETHEREUM\"");
    size_t n = 0;

    (void)state;
    assert_int_equal(fake_all_settings(t, true, true), 200);
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        const struct row *row = row_of(r);

        /* Switching a signer off makes others of what waits: last of all. */
        if (row != NULL && strstr(r->pattern, "enabled-status") == NULL) {
            try_route(t, r, row);
            n++;
        } else if (row == NULL && strcmp(r->method, "GET") != 0 && !is_other(r)) {
            fail_msg("%s %s changes something: add a row for it", r->method,
                     r->pattern);
        }
    }
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        if (strstr(cs_route_at(i)->pattern, "enabled-status") != NULL) {
            try_route(t, cs_route_at(i), row_of(cs_route_at(i)));
            n++;
        }
    }
    assert_int_equal(n, CS_COUNTOF(rows)); /* no row for a path that is gone */
    fake_trio_free(t);
}

static void every_route_that_is_forbidden_leaves_one_record(void **state)
{
    struct fake_trio *t = fake_signers();
    char id[40], pass[80], address[32];

    (void)state;
    assert_int_equal(fake_credential_new(t->w, "\"nothing\"", ""), 400);
    assert_int_equal(fake_credential_new(t->w, "\"organization.read\"", ""), 200);
    (void)snprintf(id, sizeof id, "%s", fake_text(t->w, "clientId"));
    (void)snprintf(pass, sizeof pass, "%s", fake_text(t->w, "clientSecret"));
    fake_login(t->w, id, pass);
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        uint64_t before = fake_audit_count(t->w);

        if (r->perm >= CS_PERM_COUNT || r->perm == CS_PERM_ORGANIZATION_READ) {
            continue;
        }
        (void)snprintf(address, sizeof address, "198.51.100.%d", (int)i);
        t->w->remote = address;
        assert_int_equal(fake_api(t->w, r->method, path_of(t, r->pattern, ""), NULL),
                         403);
        one_record(t->w, before, r, 403);
    }
    fake_trio_free(t);
}

static void reading_leaves_none(void **state)
{
    struct fake_trio *t = fake_signers();

    (void)state;
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        uint64_t before = fake_audit_count(t->w);

        if (strcmp(r->method, "GET") == 0 && row_of(r) == NULL &&
            r->perm < CS_PERM_COUNT) {
            (void)fake_api(t->w, "GET", path_of(t, r->pattern, ""), NULL);
            assert_int_equal(fake_audit_count(t->w), before);
        }
    }
    fake_trio_free(t);
}

static void what_was_malformed_unknown_or_repeated_leaves_none(void **state)
{
    struct fake_platform *w = begin();
    uint64_t before;

    (void)state;
    before = fake_audit_count(w);
    assert_int_equal(fake_api(w, "POST", "/v2/vaults", "{}"), 400);
    assert_int_equal(fake_api(w, "POST", "/v2/nothing", "{}"), 404);
    assert_int_equal(fake_api(w, "PUT", "/v2/vaults/x", "{}"), 400);
    assert_int_equal(fake_audit_count(w), before);
    for (int i = 0; i < 3; i++) { /* the kept answer is no action */
        assert_int_equal(fake_http(w, (struct fake_http){.method = "POST",
                                                         .path = "/v2/vaults",
                                                         .body = "{\"name\":\"a\"}",
                                                         .authorization = w->token,
                                                         .key = "k"}),
                         200);
        assert_int_equal(fake_audit_count(w), before + 1);
    }
    fake_platform_free(w);
}

/* ---- signing in -------------------------------------------------------- */

static int wrong_secret(struct fake_platform *w)
{
    char body[256];

    (void)snprintf(body, sizeof body,
                   "{\"clientId\":\"%s\",\"clientSecret\":\"%064d\"}", client, 0);
    return fake_http(w, (struct fake_http){.method = "POST",
                                           .path = "/v2/credentials/oauth/token",
                                           .body = body});
}

static void setup_and_tokens_are_there_with_who_claimed_to_ask(void **state)
{
    struct fake_platform *w = begin();
    json_t *rec = fake_audit_record(w, 1);

    (void)state;
    assert_int_equal(fake_audit_count(w), 2); /* setup, token */
    assert_string_equal(cs_js_text(rec, "action"), "POST /v2/setup");
    assert_string_equal(fake_audit_actor(rec, "kind"), "NONE");
    assert_string_equal(fake_audit_actor(rec, "claimed"), "a@example.org");
    assert_non_null(fake_audit_change(rec, "user"));
    assert_non_null(fake_audit_change(rec, "credential"));
    json_decref(rec);
    rec = fake_audit_record(w, 2);
    assert_string_equal(fake_audit_actor(rec, "claimed"), client);
    assert_int_equal(fake_audit_result(rec), 200);
    json_decref(rec);
    assert_int_equal(wrong_secret(w), 401);
    rec = fake_audit_record(w, 3);
    assert_int_equal(fake_audit_result(rec), 401);
    assert_string_equal(fake_audit_actor(rec, "claimed"), client);
    assert_string_equal(cs_js_text(json_object_get(rec, "result"), "field"),
                        "clientSecret");
    json_decref(rec);
    fake_platform_free(w);
}

static int forbidden(struct fake_platform *w)
{
    return fake_api(w, "POST", "/v2/vaults", "{\"name\":\"a\"}");
}

static void refusals_are_limited_by_address_and_counted(void **state)
{
    struct fake_platform *w = begin();
    char id[40], pass[80];
    uint64_t before;
    json_t *rec;

    (void)state;
    assert_int_equal(fake_credential_new(w, "\"audit.read\"", ""), 200);
    (void)snprintf(id, sizeof id, "%s", fake_text(w, "clientId"));
    (void)snprintf(pass, sizeof pass, "%s", fake_text(w, "clientSecret"));
    fake_login(w, id, pass);
    before = fake_audit_count(w);
    for (int i = 0; i < CS_AUDIT_BURST + 20; i++) {
        assert_int_equal(forbidden(w), 403);
    }
    assert_int_equal(fake_audit_count(w), before + CS_AUDIT_BURST);
    w->remote = "192.0.2.77"; /* another has its own room */
    assert_int_equal(forbidden(w), 403);
    assert_int_equal(fake_audit_count(w), before + CS_AUDIT_BURST + 1);
    rec = fake_audit_newest(w);
    assert_int_equal(cs_js_num(rec, "suppressed"), 20);
    json_decref(rec);
    assert_int_equal(forbidden(w), 403);
    rec = fake_audit_newest(w);
    assert_null(json_object_get(rec, "suppressed"));
    json_decref(rec);
    fake_platform_free(w);
}

/* Limits are for refusals: what changes something is never left out. */
static void many_refusals_hide_no_action(void **state)
{
    struct fake_platform *w = begin();
    uint64_t before;

    (void)state;
    fake_ok(w, "POST", "/v2/vaults", "{\"name\":\"a\",\"externalId\":\"e\"}");
    for (int i = 0; i < CS_AUDIT_BURST + 5; i++) {
        assert_int_equal(
            fake_api(w, "POST", "/v2/vaults", "{\"name\":\"b\",\"externalId\":\"e\"}"),
            409);
    }
    before = fake_audit_count(w);
    for (int i = 0; i < 50; i++) {
        fake_ok(w, "POST", "/v2/vaults", "{\"name\":\"a\"}");
    }
    assert_int_equal(fake_audit_count(w), before + 50);
    fake_platform_free(w);
}

/* ---- before, after ----------------------------------------------------- */

static void a_change_shows_what_differs(void **state)
{
    struct fake_platform *w = begin();
    char path[128];
    const json_t *c;
    json_t *rec;

    (void)state;
    fake_ok(w, "POST", "/v2/vaults", "{\"name\":\"old\"}");
    (void)snprintf(path, sizeof path, "/v2/vaults/%s", fake_text(w, "id"));
    rec = fake_audit_newest(w);
    c = fake_audit_change(rec, "vault");
    assert_non_null(c);
    assert_true(json_is_null(json_object_get(c, "before")));
    assert_true(cs_js_is(json_object_get(c, "after"), "name", "old"));
    json_decref(rec);
    fake_ok(w, "PUT", path, "{\"name\":\"new\"}");
    rec = fake_audit_newest(w);
    c = fake_audit_change(rec, "vault");
    assert_int_equal(json_object_size(json_object_get(c, "before")), 1);
    assert_true(cs_js_is(json_object_get(c, "before"), "name", "old"));
    assert_int_equal(json_object_size(json_object_get(c, "after")), 1);
    assert_true(cs_js_is(json_object_get(c, "after"), "name", "new"));
    assert_true(cs_js_is(rec, "path", path));
    assert_true(cs_js_is(c, "id", strrchr(path, '/') + 1));
    json_decref(rec);
    fake_platform_free(w);
}

static void no_hidden_member(const json_t *v)
{
    const char *key;
    json_t *part;
    size_t i;

    if (json_is_object(v)) {
        json_object_foreach((json_t *)(uintptr_t)v, key, part)
        {
            assert_int_not_equal(key[0], '_');
            no_hidden_member(part);
        }
    } else if (json_is_array(v)) {
        json_array_foreach(v, i, part)
        {
            no_hidden_member(part);
        }
    }
}

static void no_record_holds_a_secret_or_a_hidden_member(void **state)
{
    struct fake_trio *t = calloc(1, sizeof *t);
    char seed[128], path[128], cred[80];

    (void)state;
    assert_non_null(t);
    t->w = begin();
    assert_int_equal(fake_credential_new(t->w, "\"*\"", ""), 200);
    (void)snprintf(cred, sizeof cred, "%s", fake_text(t->w, "clientSecret"));
    fake_ok(t->w, "POST", "/v2/devices",
            "{\"displayName\":\"n\",\"deviceType\":\"CLOUD\"}");
    (void)snprintf(path, sizeof path, "/v2/devices/%s/pairing-credentials",
                   fake_text(t->w, "id"));
    fake_ok(t->w, "GET", path, NULL);
    (void)snprintf(seed, sizeof seed, "%s", fake_text(t->w, "clientSecret"));
    assert_true(strlen(seed) > 20 && strlen(cred) == 64);
    (void)wrong_secret(t->w);
    for (uint64_t i = 1; i <= fake_audit_count(t->w); i++) {
        json_t *rec = fake_audit_record(t->w, i);
        char *text = json_dumps(rec, 0);

        no_hidden_member(rec);
        assert_null(strstr(text, secret));
        assert_null(strstr(text, cred));
        assert_null(strstr(text, seed));
        assert_null(strstr(text, t->w->setup_token));
        assert_null(strstr(text, t->w->token + strlen("Bearer ")));
        free(text);
        json_decref(rec);
    }
    fake_platform_free(t->w);
    free(t);
}

static void a_long_change_is_cut_and_has_a_digest_of_the_whole(void **state)
{
    json_t *before = cs_js_obj(), *after = cs_js_obj(), *o = cs_js_obj();
    const json_t *cut;
    static char text[CS_AUDIT_SIDE + 1];
    struct cs_wr whole = {0};
    char hex[65];
    uint8_t d[32];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    cs_js_str(before, "same", text);
    cs_js_str(after, "same", text);
    cs_js_str(after, "name", "short");
    cs_js_str(after, "long", text);
    cs_js_str(after, "_secret", "hush");
    cs_audit_diff(o, before, after);
    assert_int_equal(json_object_size(json_object_get(o, "before")), 0);
    assert_int_equal(json_object_size(json_object_get(o, "after")), 1);
    assert_true(cs_js_is(json_object_get(o, "after"), "name", "short"));
    assert_true(cs_js_true(o, "internal"));
    assert_null(json_object_get(o, "beforeCut"));
    cut = json_object_get(o, "afterCut");
    cs_js_del(after, "_secret");
    cs_js_del(after, "same");
    cs_audit_canonical(&whole, after);
    cs_sha256(d, cs_wr_get(&whole));
    assert_int_equal(cs_js_num(cut, "bytes"), whole.n);
    assert_string_equal(cs_js_text(cut, "sha256"), cs_hex(hex, d, sizeof d));
    cs_wr_free(&whole);
    json_decref(before);
    json_decref(after);
    json_decref(o);
}

static void very_many_members_are_cut_too(void **state)
{
    json_t *after = cs_js_obj(), *o = cs_js_obj();
    char name[16];

    (void)state;
    for (int i = 0; i < 400; i++) {
        (void)snprintf(name, sizeof name, "m%d", i);
        cs_js_str(after, name, "v");
    }
    cs_audit_diff(o, NULL, after);
    assert_int_equal(json_object_size(json_object_get(o, "after")), 0);
    assert_true(cs_js_num(json_object_get(o, "afterCut"), "bytes") > CS_AUDIT_SIDE);
    json_decref(after);
    json_decref(o);
}

/* One request that touches more than a record has room for, each as long as can be. */
static void a_record_is_bounded(void **state)
{
    struct fake_platform *w = begin();
    static const struct cs_http_req http = {
        .method = "PUT", .path = "/v2/vaults", .remote = "192.0.2.1"};
    static const struct cs_route route = {.method = "PUT", .pattern = "/v2/vaults"};
    struct cs_api a = {
        .core = w->core, .http = &http, .route = &route, .status = 200, .actor = ""};
    uint64_t before = fake_audit_count(w);
    char name[16];
    json_t *rec;

    (void)state;
    cs_audit_begin(w->core);
    for (int i = 0; i < CS_AUDIT_CHANGES + 7; i++) {
        uint8_t id[16] = {(uint8_t)i, 1};
        json_t *vault = cs_js_obj();

        for (int k = 0; k < 9; k++) {
            (void)snprintf(name, sizeof name, "m%d", k);
            cs_js_str(vault, name,
                      "0123456789012345678901234567890123456789012345678901234567890123"
                      "0123456789012345678901234567890123456789012345678901234567890123"
                      "0123456789012345678901234567890123456789012345678901234567890123"
                      "012345678901234567890123");
        }
        cs_audit_note(w->core, CS_PC_VAULT, id, vault);
        cs_audit_note(w->core, CS_PC_VAULT, id, vault); /* once more: the same object */
        json_decref(vault);
    }
    cs_audit_request(&a);
    assert_int_equal(fake_audit_count(w), before + 1);
    rec = fake_audit_newest(w);
    assert_int_equal(json_array_size(json_object_get(rec, "changes")),
                     CS_AUDIT_CHANGES);
    assert_int_equal(cs_js_num(rec, "more"), 14);
    json_decref(rec);
    fake_platform_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_that_changes_something_leaves_exactly_one_record),
        cmocka_unit_test(every_route_that_is_forbidden_leaves_one_record),
        cmocka_unit_test(reading_leaves_none),
        cmocka_unit_test(what_was_malformed_unknown_or_repeated_leaves_none),
        cmocka_unit_test(setup_and_tokens_are_there_with_who_claimed_to_ask),
        cmocka_unit_test(refusals_are_limited_by_address_and_counted),
        cmocka_unit_test(many_refusals_hide_no_action),
        cmocka_unit_test(a_change_shows_what_differs),
        cmocka_unit_test(no_record_holds_a_secret_or_a_hidden_member),
        cmocka_unit_test(a_long_change_is_cut_and_has_a_digest_of_the_whole),
        cmocka_unit_test(very_many_members_are_cut_too),
        cmocka_unit_test(a_record_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
