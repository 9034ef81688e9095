/* Lists: of all transactions, order, search, pages of bare arrays; previews, batches;
 * and the vendor's paths that say what to use instead. */
#include "platform/core/tx_make.h"
#include "support/fake_audit.h"
#include "support/fake_many.h"
#include "support/fake_people.h"

#define ETHEREUM "\"blockchain\":\"ETHEREUM\""

static json_t *list(struct fake_trio *t, const char *query)
{
    char path[512];

    (void)snprintf(path, sizeof path, "/v2/transactions%s", query);
    fake_ok(t->w, "GET", path, NULL);
    return json_object_get(t->w->reply, "transactions");
}

static const char *at(const json_t *items, size_t i, const char *member)
{
    return cs_js_text(json_array_get(items, i), member);
}

static void say(struct fake_trio *t, const char *text, const char *more)
{
    char body[256];

    (void)snprintf(body, sizeof body, "{\"message\":\"%s\"%s}", text, more);
    fake_ok(t->w, "POST", fake_tx_path(t, "/sign-plaintext"), body);
}

/* ---- all transactions ---------------------------------------------------- */

static void requests_of_all_wallets_are_listed_the_newest_first(void **state)
{
    struct fake_trio *t = fake_signers_of(ETHEREUM);
    char ids[4][40];
    json_t *items;

    (void)state;
    for (int i = 0; i < 2; i++) {
        say(t, "a", "");
        (void)snprintf(ids[i], sizeof ids[i], "%s", fake_text(t->w, "id"));
    }
    fake_next_wallet(t, ETHEREUM);
    for (int i = 2; i < 4; i++) {
        say(t, "b", ",\"correlationId\":\"c-1\"");
        (void)snprintf(ids[i], sizeof ids[i], "%s", fake_text(t->w, "id"));
    }
    items = list(t, "");
    assert_int_equal(json_array_size(items), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(at(items, i, "id"), ids[3 - i]);
    }
    items = list(t, "?order=asc");
    assert_string_equal(at(items, 0, "id"), ids[0]);
    assert_int_equal(json_array_size(list(t, "?correlationId=c-1")), 2);
    assert_int_equal(json_array_size(list(t, "?correlationId=c-2")), 0);
    assert_int_equal(json_array_size(list(t, "?status=SIGNATURE_PENDING")), 4);
    assert_int_equal(json_array_size(list(t, "?status=FAILED")), 0);
    assert_int_equal(json_array_size(list(t, "?blockchain=SOLANA")), 0);
    assert_int_equal(json_array_size(list(t, "?kind=PLAINTEXT&blockchain=ETHEREUM")),
                     4);
    assert_int_equal(json_array_size(list(t, "?kind=RAW")), 0);
    fake_trio_free(t);
}

static void filters_by_wallet_vault_and_maker(void **state)
{
    struct fake_trio *t = fake_signers_of(ETHEREUM);
    char query[128], wallet[40], by[40];

    (void)state;
    (void)snprintf(wallet, sizeof wallet, "%s", t->wallet);
    say(t, "a", "");
    (void)snprintf(by, sizeof by, "%s", fake_text(t->w, "createdBy"));
    fake_next_wallet(t, ETHEREUM);
    say(t, "b", ",\"correlationId\":\"c-1\"");
    (void)snprintf(query, sizeof query, "?walletId=%s", wallet);
    assert_int_equal(json_array_size(list(t, query)), 1);
    (void)snprintf(query, sizeof query, "?walletId=%s&correlationId=c-1", wallet);
    assert_int_equal(json_array_size(list(t, query)), 0);         /* both count */
    (void)snprintf(query, sizeof query, "?vaultId=%s", t->vault); /* its own */
    assert_int_equal(json_array_size(list(t, query)), 1);
    (void)snprintf(query, sizeof query, "?createdBy=%s", by);
    assert_int_equal(json_array_size(list(t, query)), 2);
    (void)snprintf(query, sizeof query, "?createdBy=%s", wallet);
    assert_int_equal(json_array_size(list(t, query)), 0);
    assert_int_equal(fake_api(t->w, "GET", "/v2/transactions?walletId=x", NULL), 400);
    fake_refused(t->w, 400, "walletId");
    assert_int_equal(fake_api(t->w, "GET", "/v2/transactions?order=up", NULL), 400);
    fake_refused(t->w, 400, "order");
    fake_trio_free(t);
}

static void times_bound_the_list_on_both_sides(void **state)
{
    struct fake_trio *t = fake_signers_of(ETHEREUM);
    char made[5][32], query[128];

    (void)state;
    for (int i = 0; i < 5; i++) {
        say(t, "a", "");
        (void)snprintf(made[i], sizeof made[i], "%s", fake_text(t->w, "createdAt"));
        fake_wait(t->w, 1500);
    }
    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(query, sizeof query, "?since=%s", made[i]);
        assert_int_equal(json_array_size(list(t, query)), 5 - i);
        (void)snprintf(query, sizeof query, "?until=%s", made[i]);
        assert_int_equal(json_array_size(list(t, query)), i);
        (void)snprintf(query, sizeof query, "?since=%s&until=%s&order=asc", made[1],
                       made[i]);
        assert_int_equal(json_array_size(list(t, query)), i < 1 ? 0 : i - 1);
        (void)snprintf(query, sizeof query, "?since=%s&until=%s", made[1], made[i]);
        assert_int_equal(json_array_size(list(t, query)), i < 1 ? 0 : i - 1);
    }
    assert_int_equal(json_array_size(list(t, "?since=2001-01-01")), 5);
    assert_int_equal(json_array_size(list(t, "?since=2999-01-01T00:00Z")), 0);
    assert_int_equal(json_array_size(list(t, "?until=2001")), 0);
    assert_int_equal(fake_api(t->w, "GET", "/v2/transactions?since=soon", NULL), 400);
    fake_refused(t->w, 400, "since");
    fake_trio_free(t);
}

/* Walks all pages of a query; the number of records, each of them once. */
static size_t walk_pages(struct fake_trio *t, const char *query)
{
    char path[256], token[32] = "", seen[16][40];
    size_t n = 0;

    do {
        const json_t *items;

        (void)snprintf(path, sizeof path, "?pageSize=2%s%s%s", query,
                       token[0] == '\0' ? "" : "&pageToken=", token);
        items = list(t, path);
        assert_true(json_array_size(items) <= 2);
        for (size_t i = 0; i < json_array_size(items); i++, n++) {
            assert_true(n < 16);
            (void)snprintf(seen[n], sizeof seen[n], "%s", at(items, i, "id"));
            for (size_t k = 0; k < n; k++) {
                assert_string_not_equal(seen[k], seen[n]);
            }
        }
        (void)snprintf(
            token, sizeof token, "%s",
            cs_js_text(json_object_get(t->w->reply, "filter"), "nextPageToken"));
    } while (token[0] != '\0');
    return n;
}

static void pages_hand_on_in_both_directions(void **state)
{
    struct fake_trio *t = fake_signers_of(ETHEREUM);
    char query[96], third[32] = "";

    (void)state;
    for (int i = 0; i < 7; i++) {
        say(t, "a", i % 2 == 0 ? ",\"correlationId\":\"even\"" : "");
        if (i == 2) {
            (void)snprintf(third, sizeof third, "%s", fake_text(t->w, "createdAt"));
        }
        fake_wait(t->w, 1000);
    }
    assert_int_equal(walk_pages(t, ""), 7);
    assert_int_equal(walk_pages(t, "&order=asc"), 7);
    assert_int_equal(walk_pages(t, "&correlationId=even"), 4);
    (void)snprintf(query, sizeof query, "&since=%s", third);
    assert_int_equal(walk_pages(t, query), 5);
    (void)snprintf(query, sizeof query, "&order=asc&until=%s", third);
    assert_int_equal(walk_pages(t, query), 2);
    fake_trio_free(t);
}

/* What a filter passes over is work, and a page looks at a bounded number. */
static void a_page_that_finds_little_ends_and_hands_on(void **state)
{
    struct fake_trio *t = fake_signers_of(ETHEREUM);
    size_t pages = 0, found = 0;
    char token[32] = "", path[128];

    (void)state;
    fake_ok(t->w, "POST", "/v2/vaults", "{\"name\":\"a Needle\"}");
    for (int i = 0; i < 2500; i++) {
        if (i % 500 == 0) {
            fake_wait(t->w, 1000); /* no more than what one may ask for in a second */
        }
        fake_ok(t->w, "POST", "/v2/vaults", "{\"name\":\"hay\"}");
    }
    do {
        (void)snprintf(path, sizeof path, "/v2/vaults?q=needle&order=desc%s%s",
                       token[0] == '\0' ? "" : "&pageToken=", token);
        fake_wait(t->w, 1000);
        fake_ok(t->w, "GET", path, NULL);
        found += json_array_size(json_object_get(t->w->reply, "vaults"));
        (void)snprintf(token, sizeof token, "%s",
                       fake_text(t->w, "filter.nextPageToken"));
        pages++;
    } while (token[0] != '\0' && pages < 10);
    assert_int_equal(pages, 3); /* 1000 looked at for each */
    assert_int_equal(found, 1);
    fake_trio_free(t);
}

/* ---- search and arrays --------------------------------------------------- */

static void names_are_searched_without_regard_to_case(void **state)
{
    struct fake_trio *t = fake_signers();

    (void)state;
    fake_ok(t->w, "POST", "/v2/vaults", "{\"name\":\"Cold Store\"}");
    fake_ok(t->w, "POST", "/v2/vaults", "{\"name\":\"hot\"}");
    fake_ok(t->w, "GET", "/v2/vaults?q=cold%20s", NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "vaults")), 1);
    fake_ok(t->w, "GET", "/v2/vaults?q=STORE", NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "vaults")), 1);
    fake_ok(t->w, "GET", "/v2/vaults?q=nothing", NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "vaults")), 0);
    fake_ok(t->w, "GET", "/v2/mpc/quorums?q=zzz", NULL);
    assert_int_equal(json_array_size(t->w->reply), 0);
    fake_ok(t->w, "GET", "/v2/devices?q=zzz", NULL);
    assert_int_equal(json_array_size(t->w->reply), 0);
    fake_ok(t->w, "GET", "/v2/wallets?q=zzz", NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "wallets")), 0);
    fake_trio_free(t);
}

/* A bare array that names no page ends at 300 and says where it goes on. */
static void a_long_array_ends_and_hands_on(void **state)
{
    struct fake_trio *t = fake_signers();
    const char *token;
    char path[96];

    (void)state;
    for (int i = 0; i < 310; i++) {
        fake_ok(t->w, "POST", "/v2/devices",
                "{\"displayName\":\"d\",\"deviceType\":\"CLOUD\"}");
    }
    fake_ok(t->w, "GET", "/v2/devices", NULL);
    assert_int_equal(json_array_size(t->w->reply), 300);
    token = strstr(t->w->headers, "next-page-token: ");
    assert_non_null(token);
    (void)snprintf(path, sizeof path, "/v2/devices?pageToken=%.16s", token + 17);
    fake_ok(t->w, "GET", path, NULL);
    assert_int_equal(json_array_size(t->w->reply), 13);
    assert_null(strstr(t->w->headers, "next-page-token"));
    fake_ok(t->w, "GET", "/v2/mpc/eligible", NULL);
    assert_int_equal(json_array_size(t->w->reply), 3);
    fake_ok(t->w, "GET", "/v2/mpc/eligible?pageSize=2", NULL);
    assert_int_equal(json_array_size(t->w->reply), 2);
    assert_non_null(strstr(t->w->headers, "next-page-token: "));
    fake_trio_free(t);
}

static void arrays_are_whole_unless_pages_are_asked_for(void **state)
{
    struct fake_trio *t = fake_signers();
    char first[40], path[128], *token;

    (void)state;
    fake_ok(t->w, "GET", "/v2/devices", NULL);
    assert_int_equal(json_array_size(t->w->reply), 3);
    assert_null(strstr(t->w->headers, "next-page-token"));
    (void)snprintf(first, sizeof first, "%s", at(t->w->reply, 0, "id"));
    fake_ok(t->w, "GET", "/v2/devices?order=desc", NULL);
    assert_string_equal(at(t->w->reply, 2, "id"), first);
    fake_ok(t->w, "GET", "/v2/devices?pageSize=2", NULL);
    assert_int_equal(json_array_size(t->w->reply), 2);
    token = strstr(t->w->headers, "next-page-token: ");
    assert_non_null(token);
    (void)snprintf(path, sizeof path, "/v2/devices?pageSize=2&pageToken=%.16s",
                   token + 17);
    fake_ok(t->w, "GET", path, NULL);
    assert_int_equal(json_array_size(t->w->reply), 1);
    assert_null(strstr(t->w->headers, "next-page-token"));
    assert_int_equal(fake_api(t->w, "GET", "/v2/devices?pageSize=0", NULL), 400);
    fake_refused(t->w, 400, "pageSize");
    fake_trio_free(t);
}

/* ---- previews ------------------------------------------------------------ */

static const char *preview_body(const char *prefix)
{
    static char body[256];
    char hex[80];
    struct cs_span p = fake_evm(0);

    (void)cs_hex(hex, p.p, p.n);
    (void)snprintf(body, sizeof body,
                   "{\"kind\":\"raw\",\"encodedTransaction\":"
                   "\"%s%s\"}",
                   prefix, hex);
    return body;
}

static void a_preview_says_what_a_request_would_sign_and_leaves_nothing(void **state)
{
    struct fake_trio *t = fake_signers_of(ETHEREUM);
    char hash[80], summary[256];
    uint64_t records = fake_audit_count(t->w);
    size_t commands = t->w->n_sent;
    struct fake_http h = {.method = "POST",
                          .body = preview_body(""),
                          .authorization = t->w->token,
                          .key = "k-1"};

    (void)state;
    fake_ok(t->w, "POST", fake_tx_path(t, "/preview"), preview_body(""));
    assert_string_equal(fake_text(t->w, "kind"), "RAW");
    (void)snprintf(hash, sizeof hash, "%s", fake_text(t->w, "signingHashes.0"));
    (void)snprintf(summary, sizeof summary, "%s", fake_text(t->w, "summary"));
    assert_int_equal(strlen(hash), 64);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "warnings")), 0);
    assert_int_equal(json_array_size(list(t, "")), 0);
    assert_int_equal(fake_audit_count(t->w), records);
    assert_int_equal(t->w->n_sent, commands);
    h.path = fake_tx_path(t, "/preview");
    assert_int_equal(fake_http(t->w, h), 200); /* nor is its answer kept */
    h.body = preview_body("0x");
    h.path = fake_tx_path(t, "/preview");
    assert_int_equal(fake_http(t->w, h), 200);
    fake_ok(t->w, "POST", fake_tx_path(t, "/preview"), preview_body("0x"));
    assert_string_equal(fake_text(t->w, "signingHashes.0"), hash);
    assert_int_equal(fake_many_post(t, "/raw", fake_evm(0), ""), 200);
    assert_string_equal(fake_text(t->w, "signingHash"), hash);
    assert_string_equal(fake_text(t->w, "summary"), summary);
    fake_trio_free(t);
}

static void a_preview_says_what_limits_would_refuse_and_reserves_nothing(void **state)
{
    struct fake_trio *t = fake_signers_of(ETHEREUM);
    char path[200];

    (void)state;
    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/policy-rules/limits",
                   t->vault, t->wallet);
    fake_ok(t->w, "PUT", path,
            "{\"limitQty\":\"1\",\"limitType\":\"PER_TX\",\"symbol\":\"USDC\","
            "\"contract\":\"0x4242424242424242424242424242424242424242\","
            "\"decimals\":6}");
    fake_ok(t->w, "POST", fake_tx_path(t, "/preview"), preview_body(""));
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "warnings")), 1);
    assert_non_null(strstr(fake_text(t->w, "warnings.0"), "rejected: PAL006.005"));
    assert_false(cs_js_true(t->w->reply, "approvalRequired"));
    assert_int_equal(json_array_size(list(t, "")), 0);
    fake_trio_free(t);
}

static void a_preview_warns_of_what_would_refuse_the_request(void **state)
{
    struct fake_trio *t = fake_signers_of(ETHEREUM);

    (void)state;
    assert_int_equal(fake_all_settings(t, false, false), 200);
    fake_ok(t->w, "POST", fake_tx_path(t, "/preview"), preview_body(""));
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "warnings")), 1);
    fake_ok(t->w, "POST", fake_tx_path(t, "/preview"),
            "{\"kind\":\"plaintext\",\"message\":\"hi\"}");
    assert_string_equal(fake_text(t->w, "kind"), "PLAINTEXT");
    assert_int_equal(fake_api(t->w, "POST", fake_tx_path(t, "/preview"),
                              "{\"kind\":\"letter\",\"message\":\"hi\"}"),
                     400);
    fake_refused(t->w, 400, "kind");
    assert_int_equal(fake_api(t->w, "POST", fake_tx_path(t, "/preview"),
                              "{\"kind\":\"raw\",\"encodedTransaction\":\"02zz\"}"),
                     400);
    fake_refused(t->w, 400, "encodedTransaction");
    assert_int_equal(fake_api(t->w, "POST", fake_tx_path(t, "/preview"),
                              "{\"kind\":\"raw\",\"encodedTransaction\":\"0203\"}"),
                     400);
    fake_refused(t->w, 400, "encodedTransaction");
    assert_int_equal(
        fake_api(t->w, "POST", fake_tx_path(t, "/preview"), "{\"kind\":\"raw\"}"), 400);
    fake_refused(t->w, 400, "encodedTransaction");
    fake_trio_free(t);
}

/* ---- batches ------------------------------------------------------------- */

static const json_t *result(struct fake_trio *t, size_t i)
{
    return json_array_get(json_object_get(t->w->reply, "results"), i);
}

static void each_item_of_a_batch_has_its_own_result(void **state)
{
    struct fake_trio *t = fake_signers_of(ETHEREUM);
    char body[1024], hex[80];
    struct cs_span raw = fake_evm(0);

    (void)state;
    (void)cs_hex(hex, raw.p, raw.n);
    (void)snprintf(body, sizeof body,
                   "{\"requests\":["
                   "{\"type\":\"PLAINTEXT\",\"message\":\"a\"},"
                   "{\"type\":\"RAW\",\"encodedTransaction\":\"%s\",\"signOnly\":true},"
                   "{\"type\":\"RAW\",\"encodedTransaction\":\"00\",\"signOnly\":true},"
                   "{\"type\":\"DIGEST\",\"digest\":\"%064d\"},"
                   "{\"type\":\"LETTER\"},7,"
                   "{\"type\":\"PLAINTEXT\",\"message\":\"b\"}]}",
                   hex, 7);
    fake_ok(t->w, "POST", fake_tx_path(t, "/batch"), body);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "results")), 7);
    assert_string_equal(fake_text(t->w, "results.0.transaction.kind"), "PLAINTEXT");
    assert_string_equal(fake_text(t->w, "results.1.transaction.kind"), "RAW");
    assert_string_equal(fake_text(t->w, "results.2.error.details.0.field"),
                        "encodedTransaction");
    assert_string_equal(fake_text(t->w, "results.3.error.details.0.field"),
                        "blindSigningEnabled");
    assert_int_equal(cs_js_num(json_object_get(result(t, 3), "error"), "code"), 9);
    assert_string_equal(fake_text(t->w, "results.4.error.details.0.field"), "type");
    assert_string_equal(fake_text(t->w, "results.5.error.details.0.field"), "requests");
    assert_string_equal(fake_text(t->w, "results.6.transaction.kind"), "PLAINTEXT");
    assert_int_equal(json_array_size(list(t, "")), 3);
    fake_trio_free(t);
}

static void a_batch_repeats_by_key_and_by_external_ids(void **state)
{
    static const char body[] =
        "{\"requests\":[{\"type\":\"PLAINTEXT\",\"message\":\"a\",\"externalId\":"
        "\"e-1\"},{\"type\":\"PLAINTEXT\",\"message\":\"a\",\"externalId\":\"e-1\"},"
        "{\"type\":\"PLAINTEXT\",\"message\":\"b\",\"externalId\":\"e-1\"}]}";
    struct fake_trio *t = fake_signers_of(ETHEREUM);
    struct fake_http h = {.method = "POST",
                          .path = fake_tx_path(t, "/batch"),
                          .body = body,
                          .authorization = t->w->token,
                          .key = "k-1"};
    char first[40];

    (void)state;
    assert_int_equal(fake_http(t->w, h), 200);
    (void)snprintf(first, sizeof first, "%s",
                   fake_text(t->w, "results.0.transaction.id"));
    assert_string_equal(fake_text(t->w, "results.1.transaction.id"), first);
    assert_string_equal(fake_text(t->w, "results.2.error.details.0.field"),
                        "externalId");
    h.path = fake_tx_path(t, "/batch");
    assert_int_equal(fake_http(t->w, h), 200);
    assert_string_equal(fake_text(t->w, "results.0.transaction.id"), first);
    assert_int_equal(json_array_size(list(t, "")), 1);
    fake_trio_free(t);
}

static void what_is_wrong_with_a_whole_batch_is_said_once(void **state)
{
    struct fake_trio *t = fake_signers_of(ETHEREUM);
    struct cs_wr w = {0};

    (void)state;
    assert_int_equal(fake_api(t->w, "POST", fake_tx_path(t, "/batch"), "{}"), 400);
    fake_refused(t->w, 400, "requests");
    assert_int_equal(
        fake_api(t->w, "POST", fake_tx_path(t, "/batch"), "{\"requests\":[]}"), 400);
    fake_refused(t->w, 400, "requests");
    assert_int_equal(fake_api(t->w, "POST", fake_tx_path(t, "/batch?wait=5"),
                              "{\"requests\":[{\"type\":\"PLAINTEXT\"}]}"),
                     400);
    fake_refused(t->w, 400, "wait");
    cs_wr_str(&w, "{\"requests\":[");
    for (int i = 0; i < 101; i++) {
        cs_wr_printf(&w, "%s{\"type\":\"PLAINTEXT\",\"message\":\"%d\"}",
                     i == 0 ? "" : ",", i);
    }
    cs_wr_str(&w, "]}");
    cs_wr_u8(&w, 0);
    assert_int_equal(
        fake_api(t->w, "POST", fake_tx_path(t, "/batch"), (const char *)w.p), 400);
    fake_refused(t->w, 400, "requests");
    assert_int_equal(json_array_size(list(t, "")), 0);
    cs_wr_free(&w);
    fake_trio_free(t);
}

/* Who looks for one of a hundred finds who asked for it, and for what. */
static void each_item_of_a_batch_has_an_audit_record_of_its_own(void **state)
{
    struct fake_trio *t = fake_signers_of(ETHEREUM);
    uint64_t before = fake_audit_count(t->w);
    char last[40], path[128];
    struct cs_wr w = {0};
    const json_t *change;
    json_t *rec;

    (void)state;
    cs_wr_str(&w, "{\"requests\":[");
    for (int i = 0; i < 20; i++) {
        cs_wr_printf(&w, "%s{\"type\":\"PLAINTEXT\",\"message\":\"%d\"}",
                     i == 0 ? "" : ",", i);
    }
    cs_wr_str(&w, "]}");
    cs_wr_u8(&w, 0);
    fake_ok(t->w, "POST", fake_tx_path(t, "/batch"), (const char *)w.p);
    (void)snprintf(last, sizeof last, "%s",
                   fake_text(t->w, "results.19.transaction.id"));
    assert_int_equal(fake_audit_count(t->w), before + 20);
    rec = fake_audit_newest(t->w);
    change = fake_audit_change(rec, "transaction");
    assert_true(cs_js_is(change, "id", last));
    assert_non_null(json_object_get(change, "after"));
    assert_int_equal(cs_js_num(rec, "item"), 20);
    assert_int_equal(json_array_size(json_object_get(rec, "changes")), 1);
    assert_null(json_object_get(rec, "others"));
    json_decref(rec);
    (void)snprintf(path, sizeof path, "/v2/audit?kind=REQUEST&objectId=%s", last);
    fake_ok(t->w, "GET", path, NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "records")), 1);
    cs_wr_free(&w);
    fake_trio_free(t);
}

/* A batch is no way to try without a trace what alone would be logged. */
static void refused_items_are_in_the_audit_log_as_if_they_had_come_alone(void **state)
{
    struct fake_trio *t = fake_signers_of(ETHEREUM);
    uint64_t before = fake_audit_count(t->w);
    char body[256];
    json_t *rec;

    (void)state;
    (void)snprintf(body, sizeof body,
                   "{\"requests\":[{\"type\":\"DIGEST\",\"digest\":\"%064d\"},"
                   "{\"type\":\"LETTER\"}]}",
                   7);
    fake_ok(t->w, "POST", fake_tx_path(t, "/batch"), body);
    assert_int_equal(fake_audit_count(t->w), before + 1); /* nonsense tells nothing */
    rec = fake_audit_newest(t->w);
    assert_int_equal(fake_audit_result(rec), 409);
    assert_true(
        cs_js_is(json_object_get(rec, "result"), "field", "blindSigningEnabled"));
    assert_int_equal(cs_js_num(rec, "item"), 1);
    json_decref(rec);
    fake_trio_free(t);
}

static void items_need_the_permission_of_their_kind(void **state)
{
    static const char body[] = "{\"requests\":[{\"type\":\"PLAINTEXT\",\"message\":"
                               "\"a\"},{\"type\":\"DIGEST\",\"digest\":\"00\"}]}";
    struct fake_trio *t = fake_signers_of(ETHEREUM);
    char id[40], secret[80];
    json_t *rec;

    (void)state;
    assert_int_equal(fake_credential_new(t->w,
                                         "\"transactions.read\","
                                         "\"transactions.plaintext\"",
                                         ""),
                     200);
    (void)snprintf(id, sizeof id, "%s", fake_text(t->w, "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(t->w, "clientSecret"));
    fake_login(t->w, id, secret);
    fake_ok(t->w, "POST", fake_tx_path(t, "/batch"), body);
    assert_string_equal(fake_text(t->w, "results.0.transaction.kind"), "PLAINTEXT");
    assert_int_equal(cs_js_num(json_object_get(result(t, 1), "error"), "code"), 7);
    rec = fake_audit_newest(t->w);
    assert_int_equal(fake_audit_result(rec), 403);
    assert_int_equal(cs_js_num(rec, "item"), 2);
    json_decref(rec);
    fake_trio_free(t);
    t = fake_signers_of(ETHEREUM);
    assert_int_equal(fake_credential_new(t->w, "\"transactions.read\"", ""), 200);
    (void)snprintf(id, sizeof id, "%s", fake_text(t->w, "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(t->w, "clientSecret"));
    fake_login(t->w, id, secret);
    assert_int_equal(fake_api(t->w, "POST", fake_tx_path(t, "/batch"), body), 403);
    fake_refused(t->w, 403, "permissions");
    fake_trio_free(t);
}

/* ---- the vendor's other paths -------------------------------------------- */

static void paths_that_make_no_sense_here_say_what_to_use(void **state)
{
    struct fake_trio *t = fake_signers();
    size_t n = 0;
    char path[256];

    (void)state;
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        size_t k = 0;

        if (r->run != cs_api_instead) {
            continue;
        }
        for (const char *p = r->pattern; *p != '\0'; p++) {
            if (*p == '{') {
                k += (size_t)snprintf(path + k, sizeof path - k, "%s", t->vault);
                p += strcspn(p, "}");
            } else {
                path[k++] = *p;
            }
        }
        path[k] = '\0';
        assert_int_equal(fake_api(t->w, r->method, path, NULL), 501);
        assert_int_equal(cs_js_num(t->w->reply, "code"), 12);
        assert_true(strlen(fake_text(t->w, "message")) > 40); /* not the last resort */
        n++;
    }
    assert_true(n > 40);
    fake_trio_free(t);
}

static void people_sign_in_one_way(void **state)
{
    struct fake_trio *t = fake_signers();
    char path[128];

    (void)state;
    fake_ok(t->w, "GET", "/v2/organizations/auth-methods", NULL);
    assert_int_equal(json_array_size(t->w->reply), 1);
    assert_string_equal(at(t->w->reply, 0, "strategy"), "PASSWORD_TOTP");
    assert_true(cs_js_true(json_array_get(t->w->reply, 0), "default"));
    (void)snprintf(path, sizeof path, "/v2/organizations/auth-methods/%s",
                   at(t->w->reply, 0, "id"));
    fake_ok(t->w, "GET", path, NULL);
    (void)snprintf(path, sizeof path, "/v2/organizations/auth-methods/%s", t->vault);
    assert_int_equal(fake_api(t->w, "GET", path, NULL), 404);
    fake_trio_free(t);
}

/* A typing error must not look like an empty list. */
static void filters_with_words_that_do_not_exist_are_refused(void **state)
{
    static const char *const bad[][2] = {
        {"/v2/transactions?status=SIGNE", "status"},
        {"/v2/transactions?status=signed", "status"},
        {"/v2/transactions?kind=BLIND", "kind"},
        {"/v2/transactions?blockchain=ethereum", "blockchain"},
        {"/v2/wallets?blockchain=NOPE", "blockchain"},
        {"/v2/devices?deviceType=TABLET", "deviceType"},
        {"/v2/devices?deviceOwner=ME", "deviceOwner"},
        {"/v2/mpc/eligible?deviceType=TABLET", "deviceType"},
        {"/v2/audit?kind=NEWS", "kind"},
        {"/v2/users?role=KING", "role"},
        {"/v2/approvals?status=OPEN", "status"},
        {"/v2/approvers?sourceType=TAX", "sourceType"},
    };
    struct fake_trio *t = fake_signers();
    char path[128];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        if (fake_api(t->w, "GET", bad[i][0], NULL) != 400) {
            fail_msg("%s was served", bad[i][0]);
        }
        fake_refused(t->w, 400, bad[i][1]);
    }
    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets?blockchain=X", t->vault);
    assert_int_equal(fake_api(t->w, "GET", path, NULL), 400);
    /* Words that exist, of things that are not here. */
    fake_ok(t->w, "GET", "/v2/devices?deviceType=MOBILE", NULL);
    assert_int_equal(json_array_size(t->w->reply), 0);
    assert_int_equal(json_array_size(list(t, "?status=CONFIRMED")), 0);
    /* The message has all words, to the last one. */
    assert_int_equal(fake_api(t->w, "GET", bad[0][0], NULL), 400);
    assert_non_null(strstr(fake_text(t->w, "message"), "REJECTED, FAILED"));
    fake_trio_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_of_all_wallets_are_listed_the_newest_first),
        cmocka_unit_test(filters_by_wallet_vault_and_maker),
        cmocka_unit_test(times_bound_the_list_on_both_sides),
        cmocka_unit_test(pages_hand_on_in_both_directions),
        cmocka_unit_test(a_page_that_finds_little_ends_and_hands_on),
        cmocka_unit_test(names_are_searched_without_regard_to_case),
        cmocka_unit_test(a_long_array_ends_and_hands_on),
        cmocka_unit_test(arrays_are_whole_unless_pages_are_asked_for),
        cmocka_unit_test(a_preview_says_what_a_request_would_sign_and_leaves_nothing),
        cmocka_unit_test(a_preview_says_what_limits_would_refuse_and_reserves_nothing),
        cmocka_unit_test(a_preview_warns_of_what_would_refuse_the_request),
        cmocka_unit_test(each_item_of_a_batch_has_its_own_result),
        cmocka_unit_test(a_batch_repeats_by_key_and_by_external_ids),
        cmocka_unit_test(what_is_wrong_with_a_whole_batch_is_said_once),
        cmocka_unit_test(each_item_of_a_batch_has_an_audit_record_of_its_own),
        cmocka_unit_test(refused_items_are_in_the_audit_log_as_if_they_had_come_alone),
        cmocka_unit_test(items_need_the_permission_of_their_kind),
        cmocka_unit_test(paths_that_make_no_sense_here_say_what_to_use),
        cmocka_unit_test(people_sign_in_one_way),
        cmocka_unit_test(filters_with_words_that_do_not_exist_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
