/* Chains and native assets under the vendor's paths (registry.c). */
#include "support/fake_audit.h"
#include "support/fake_many.h"

static void chains_and_assets_are_listed_by_get_and_by_post(void **state)
{
    struct fake_trio *t = fake_signers();
    uint64_t records = fake_audit_count(t->w);

    (void)state;
    fake_ok(t->w, "GET", "/v2/blockchains?q=solana", NULL);
    assert_string_equal(fake_text(t->w, "blockchains.0.id"), "SOLANA");
    fake_ok(t->w, "POST", "/v2/blockchains:list", "{\"search\":{\"term\":\"solana\"}}");
    assert_string_equal(fake_text(t->w, "blockchains.0.id"), "SOLANA");
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "blockchains")), 1);
    fake_ok(t->w, "POST", "/v2/assets:list",
            "{\"filter\":{\"name\":{\"contains\":\"bitcoin\"}}}");
    assert_string_equal(fake_text(t->w, "assets.0.blockchain"), "BITCOIN");
    fake_ok(t->w, "GET", "/v2/assets?blockchain=XRP_LEDGER", NULL);
    assert_string_equal(fake_text(t->w, "assets.0.symbol"), "XRP");
    assert_int_equal(fake_api(t->w, "POST", "/v2/assets:list",
                              "{\"filter\":{\"symbol\":{\"eq\":\"X\"}}}"),
                     400);
    fake_refused(t->w, 400, "filter");
    assert_int_equal(fake_audit_count(t->w), records);
    fake_trio_free(t);
}

/* As the vendor's clients write them: the body of :list with dots. */
static void filters_of_the_registry_count_in_a_query_or_are_refused(void **state)
{
    static const char *const bad[][2] = {
        {"filter.symbol.eq=ETH", "filter"},
        {"filter.name.eq=Ether", "filter.name"},
        {"filter.name=Ether", "filter.name"},
        {"filter.name.contains=a&filter.name.contains=b", "filter.name.contains"},
        {"filter.name.contains=a&filter.name=b", "filter.name"},
        {"filter..x=a", "filter..x"},
        {"filter.name.contains=%zz", "filter.name.contains"},
        {"search.term=bit&search.fields=name", "search"},
        {"pagination.pageSize=0", "pagination.pageSize"},
        {"pagination.pageSize=1001", "pagination.pageSize"},
        {"pagination.pageToken=x", "pagination.pageToken"},
        {"pagination.orderBy=name", "pagination"},
        {"blockchain=NOPE", "blockchain"},
    };
    struct fake_trio *t = fake_signers();
    char path[160];

    (void)state;
    fake_ok(t->w, "GET", "/v2/assets?filter.name.contains=solana", NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "assets")), 1);
    assert_string_equal(fake_text(t->w, "assets.0.blockchain"), "SOLANA");
    /* Ether is the asset of three chains, and the name of none. */
    fake_ok(t->w, "GET", "/v2/assets?filter.name.contains=ether", NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "assets")), 3);
    fake_ok(t->w, "GET", "/v2/blockchains?filter.name.contains=ether", NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "blockchains")), 1);
    assert_string_equal(fake_text(t->w, "blockchains.0.name"), "Ethereum");
    fake_ok(t->w, "GET", "/v2/blockchains?search.term=xrp", NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "blockchains")), 1);
    fake_ok(t->w, "GET", "/v2/blockchains?search.term=xrp&filter.name.contains=sol",
            NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "blockchains")), 0);
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        (void)snprintf(path, sizeof path, "/v2/assets?%s", bad[i][0]);
        if (fake_api(t->w, "GET", path, NULL) != 400) {
            fail_msg("%s was served", path);
        }
        fake_refused(t->w, 400, bad[i][1]);
    }
    assert_int_equal(
        fake_api(t->w, "POST", "/v2/assets:list", "{\"pagination\":{\"pageSize\":-1}}"),
        400);
    assert_int_equal(fake_api(t->w, "POST", "/v2/assets:list", "{\"search\":5}"), 400);
    fake_trio_free(t);
}

static void pages_of_the_registry_hold_each_chain_once(void **state)
{
    struct fake_trio *t = fake_signers();
    char body[128], token[40] = "", first[40] = "";
    size_t n = 0, total;

    (void)state;
    do {
        (void)snprintf(body, sizeof body, "{\"pagination\":{\"pageSize\":3%s%s%s}}",
                       token[0] == '\0' ? "" : ",\"pageToken\":\"", token,
                       token[0] == '\0' ? "" : "\"");
        fake_ok(t->w, "POST", "/v2/blockchains:list", body);
        n += json_array_size(json_object_get(t->w->reply, "blockchains"));
        assert_string_not_equal(fake_text(t->w, "blockchains.0.id"), first);
        (void)snprintf(first, sizeof first, "%s", fake_text(t->w, "blockchains.0.id"));
        (void)snprintf(token, sizeof token, "%s",
                       fake_text(t->w, "pagination.nextPageToken"));
    } while (token[0] != '\0');
    total = (size_t)cs_js_num(json_object_get(t->w->reply, "pagination"), "total");
    assert_int_equal(n, total);
    fake_ok(t->w, "GET", "/v2/blockchains", NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "blockchains")), n);
    fake_ok(t->w, "GET",
            "/v2/blockchains?pagination.pageSize=2&pagination.pageToken="
            "ffffffffffffffff",
            NULL);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "blockchains")), 0);
    fake_trio_free(t);
}

static void one_chain_and_one_asset_are_read_by_their_ids(void **state)
{
    struct fake_trio *t = fake_signers();
    char path[128], id[40];

    (void)state;
    fake_ok(t->w, "GET", "/v2/blockchains/ETHEREUM", NULL);
    assert_string_equal(fake_text(t->w, "id"), "ETHEREUM");
    assert_int_equal(fake_api(t->w, "GET", "/v2/blockchains/NOPE", NULL), 404);
    fake_ok(t->w, "GET", "/v2/info/supported-assets?blockchain=ETHEREUM", NULL);
    assert_int_equal(json_array_size(t->w->reply), 1);
    (void)snprintf(id, sizeof id, "%s", fake_text(t->w, "0.id"));
    (void)snprintf(path, sizeof path, "/v2/assets/%s", id);
    fake_ok(t->w, "GET", path, NULL);
    assert_string_equal(fake_text(t->w, "symbol"), "ETH");
    assert_string_equal(fake_text(t->w, "id"), id);
    (void)snprintf(path, sizeof path, "/v2/assets/%s", t->vault);
    assert_int_equal(fake_api(t->w, "GET", path, NULL), 404);
    assert_int_equal(fake_api(t->w, "PATCH", path, "{}"), 501);
    assert_int_equal(fake_api(t->w, "DELETE", "/v2/blockchains/ETHEREUM", NULL), 501);
    assert_int_equal(fake_api(t->w, "GET", "/v2/currencies/USD", NULL), 501);
    fake_trio_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_and_assets_are_listed_by_get_and_by_post),
        cmocka_unit_test(filters_of_the_registry_count_in_a_query_or_are_refused),
        cmocka_unit_test(pages_of_the_registry_hold_each_chain_once),
        cmocka_unit_test(one_chain_and_one_asset_are_read_by_their_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
