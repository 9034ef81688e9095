/* The audit log: what devices and deadlines cause, that nothing happens without a
 * record, and the API.  test_platform_core_audit_chain has the chain itself. */
#include "support/fake_audit.h"
#include "support/fake_many.h"

static char client[40], secret[80];

static struct fake_platform *begin(void)
{
    struct fake_platform *w = fake_platform_new();

    fake_setup(w, client, secret);
    return w;
}

/* ---- events ------------------------------------------------------------ */

/* The newest record with this action; NULL: there is none. */
static json_t *last_of(struct fake_platform *w, const char *action)
{
    for (uint64_t i = fake_audit_count(w); i > 0; i--) {
        json_t *rec = fake_audit_record(w, i);

        if (cs_js_is(rec, "action", action)) {
            return rec;
        }
        json_decref(rec);
    }
    return NULL;
}

static void event_is(struct fake_platform *w, const char *action, const char *kind,
                     const char *actor, const char *type, const char *id)
{
    json_t *rec = last_of(w, action);

    if (rec == NULL) {
        fail_msg("no record of %s", action);
        return;
    }
    assert_string_equal(cs_js_text(rec, "kind"), "EVENT");
    assert_string_equal(fake_audit_actor(rec, "kind"), kind);
    assert_string_equal(fake_audit_actor(rec, "id"), actor);
    assert_non_null(fake_audit_change(rec, type));
    assert_true(cs_js_is(fake_audit_change(rec, type), "id", id));
    json_decref(rec);
}

static size_t times(struct fake_platform *w, const char *action)
{
    size_t n = 0;

    for (uint64_t i = 1; i <= fake_audit_count(w); i++) {
        json_t *rec = fake_audit_record(w, i);

        n += cs_js_is(rec, "action", action) ? 1 : 0;
        json_decref(rec);
    }
    return n;
}

static void what_devices_cause_has_them_as_actors(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask;

    (void)state;
    assert_int_equal(times(t->w, "device.bound"), 3);
    event_is(t->w, "device.bound", "DEVICE", t->d[2].text, "device", t->d[2].text);
    assert_int_equal(times(t->w, "quorum.confirmed"), 1);
    event_is(t->w, "quorum.confirmed", "DEVICE", t->d[2].text, "quorum", t->quorum);
    assert_int_equal(times(t->w, "key.provisioned"), 1);
    event_is(t->w, "key.provisioned", "DEVICE", t->d[1].text, "wallet", t->wallet);
    fake_tx_new(t, &x, 5);
    mask = fake_sign_commands(t, &x);
    fake_both_done(t, &x, mask);
    fake_tx_status(t, &x, "SIGNED");
    assert_int_equal(times(t->w, "transaction.signed"), 1);
    event_is(t->w, "transaction.signed", "DEVICE", t->d[fake_first(mask)].text,
             "transaction", x.id);
    fake_tx_end(t, &x);
}

static void what_a_deadline_causes_is_the_platforms(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    json_t *rec;

    (void)state;
    fake_tx_new(t, &x, 5);
    fake_wait(t->w, 400000);
    event_is(t->w, "transaction.failed", "PLATFORM", "", "transaction", x.id);
    rec = last_of(t->w, "transaction.failed");
    assert_true(
        cs_js_is(json_object_get(fake_audit_change(rec, "transaction"), "after"),
                 "status", "FAILED"));
    json_decref(rec);
    assert_int_equal(fake_quorum_post(t, "Other"), 200);
    (void)snprintf(t->quorum, sizeof t->quorum, "%s", fake_text(t->w, "id"));
    fake_wait(t->w, 3700000);
    event_is(t->w, "quorum.failed", "PLATFORM", "", "quorum", t->quorum);
    fake_tx_end(t, &x);
}

static void a_key_that_fails_and_a_quorum_that_is_refused_are_there(void **state)
{
    struct fake_trio *t = fake_trio_new();
    struct cs_ctl_frame f = {.kind = CS_EVT_KEY_FAILED};
    struct cs_ctl_frame no = {.kind = CS_EVT_QUORUM_REJECTED};

    (void)state;
    fake_quorum_joined(t);
    fake_wallet_new(t);
    fake_key_commands(t);
    memcpy(f.u.failed.request_id, t->d[0].last.u.key_create.request_id, 16);
    memcpy(f.u.failed.key_id, t->key_id, 16);
    f.u.failed.attempt = 1;
    f.u.failed.index = 1;
    (void)snprintf(f.u.failed.reason, sizeof f.u.failed.reason, "POLICY_REFUSED");
    fake_evt(&t->d[0], &f);
    event_is(t->w, "key.failed", "DEVICE", t->d[0].text, "wallet", t->wallet);
    fake_quorum_new(t);
    memcpy(no.u.quorum_rejected.quorum_id, t->quorum_id, 16);
    no.u.quorum_rejected.index = 2;
    (void)snprintf(no.u.quorum_rejected.reason, sizeof no.u.quorum_rejected.reason,
                   "POLICY_REFUSED");
    (void)snprintf(no.u.quorum_rejected.text, sizeof no.u.quorum_rejected.text, "no");
    fake_evt(&t->d[1], &no);
    event_is(t->w, "quorum.rejected", "DEVICE", t->d[1].text, "quorum", t->quorum);
    fake_trio_free(t);
}

static void quarantine_and_release_are_there_once_each(void **state)
{
    struct fake_trio *t = fake_signers();
    struct cs_ctl_frame f = {.kind = CS_EVT_PEER_QUARANTINED};
    const json_t *rows_now;
    json_t *rec;

    (void)state;
    memcpy(f.u.peer.quorum_id, t->quorum_id, 16);
    f.u.peer.index = 1;
    f.u.peer.peer = 2;
    (void)snprintf(f.u.peer.reason, sizeof f.u.peer.reason, "PEER_QUARANTINED");
    f.u.peer.time = 1;
    fake_evt(&t->d[0], &f);
    fake_evt(&t->d[0], &f); /* changes nothing */
    assert_int_equal(times(t->w, "quorum.quarantined"), 1);
    event_is(t->w, "quorum.quarantined", "DEVICE", t->d[0].text, "quorum", t->quorum);
    rec = last_of(t->w, "quorum.quarantined");
    rows_now = json_object_get(fake_audit_change(rec, "quorum"), "quarantine");
    assert_int_equal(json_array_size(rows_now), 1);
    assert_int_equal(cs_js_num(json_array_get(rows_now, 0), "peer"), 2);
    json_decref(rec);
    f.kind = CS_EVT_PEER_RELEASED;
    fake_evt(&t->d[0], &f);
    assert_int_equal(times(t->w, "quorum.released"), 1);
    fake_trio_free(t);
}

/* ---- no record, no action ---------------------------------------------- */

static void a_record_is_in_the_batch_of_its_effect(void **state)
{
    struct fake_platform *w = begin();
    unsigned long commits = cs_kv_mem_commits(w->kv);
    uint64_t before = fake_audit_count(w);

    (void)state;
    fake_ok(w, "POST", "/v2/vaults", "{\"name\":\"a\"}");
    assert_int_equal(cs_kv_mem_commits(w->kv), commits + 1);
    assert_int_equal(fake_audit_count(w), before + 1);
    fake_platform_free(w);
}

static void a_store_that_fails_means_no_action_and_no_record(void **state)
{
    static const enum cs_err errs[] = {CS_ERR_STORE_IO, CS_ERR_STORE_FULL};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(errs); i++) {
        struct fake_platform *w = begin();
        const struct cs_http_req req = {.id = ++w->http_id,
                                        .method = "POST",
                                        .path = "/v2/vaults",
                                        .query = "",
                                        .authorization = w->token,
                                        .content_type = "application/json",
                                        .idempotency_key = "",
                                        .origin = "",
                                        .cookie = "",
                                        .csrf_token = "",
                                        .fetch_site = "",
                                        .if_none_match = "",
                                        .remote = "192.0.2.1",
                                        .body = CS_SPAN_LIT("{\"name\":\"a\"}")};
        uint64_t before = fake_audit_count(w);

        fake_clear_reply(w);
        cs_kv_mem_fail_commit(w->kv, 1, errs[i]);
        fake_event(w, (struct cs_event){.type = CS_EV_HTTP, .http = &req});
        assert_int_equal(w->status, 0);
        assert_true(w->exited);
        cs_kv_mem_heal(w->kv);
        fake_restart(w);
        assert_int_equal(fake_audit_count(w), before);
        fake_login(w, client, secret);
        fake_ok(w, "GET", "/v2/vaults", NULL);
        assert_int_equal(json_array_size(json_object_get(w->reply, "vaults")), 0);
        fake_platform_free(w);
    }
}

/* The write of the record itself fails: nothing of the step leaves. */
static void an_action_whose_record_cannot_be_written_does_not_happen(void **state)
{
    struct fake_platform *w = begin();
    uint64_t before = fake_audit_count(w);
    struct cs_wr big = {0};

    (void)state;
    /* The store takes no value of this length, and the db remembers that it failed. */
    assert_non_null(cs_wr_room(&big, CS_KV_VALUE_MAX + 1));
    w->core->out = NULL;
    cs_pc_raw_put(w->core, CS_PC_AUDIT, CS_SPAN_LIT("x"), cs_wr_get(&big));
    assert_int_not_equal(w->core->broken, CS_OK);
    assert_int_equal(fake_api(w, "POST", "/v2/vaults", "{\"name\":\"a\"}"), 503);
    cs_wr_free(&big);
    fake_restart(w);
    assert_int_equal(fake_audit_count(w), before);
    fake_login(w, client, secret);
    fake_ok(w, "GET", "/v2/vaults", NULL);
    assert_int_equal(json_array_size(json_object_get(w->reply, "vaults")), 0);
    fake_platform_free(w);
}

static void the_chain_goes_on_after_a_restart(void **state)
{
    struct fake_platform *w = begin();
    uint8_t before[CS_AUDIT_HASH], after[CS_AUDIT_HASH];
    uint64_t n = cs_audit_head(w->core, before);
    char hex[65];
    json_t *rec;

    (void)state;
    fake_restart(w);
    assert_int_equal(cs_audit_head(w->core, after), n);
    assert_memory_equal(before, after, sizeof before);
    fake_login(w, client, secret);
    rec = fake_audit_newest(w);
    assert_string_equal(cs_js_text(rec, "prev"), cs_hex(hex, before, sizeof before));
    json_decref(rec);
    fake_platform_free(w);
}

static void store_put(struct fake_platform *w, uint64_t seq, const char *text)
{
    struct cs_kv_batch *b = cs_kv_batch_new();
    struct cs_wr key = {0}, value = {0};

    cs_wr_u64(&key, seq);
    (void)cs_wr_room(&value, CS_AUDIT_HASH);
    cs_wr_str(&value, text);
    assert_int_equal(
        cs_kv_batch_put(b, CS_PC_AUDIT, cs_wr_get(&key), cs_wr_get(&value)), CS_OK);
    assert_int_equal(w->kv->ops->commit(w->kv, b), CS_OK);
    cs_kv_batch_free(b);
    cs_wr_free(&key);
    cs_wr_free(&value);
}

static void no_start(struct fake_platform *w)
{
    static const uint8_t ca[] = {0x30, 0x03, 0x02, 0x01, 0x01};
    const struct cs_platform_config cfg = {.kv = w->kv,
                                           .random = fake_random,
                                           .random_ctx = w,
                                           .platform_url = "wss://127.0.0.1:1/control",
                                           .relay_url = "wss://127.0.0.1:1/relay",
                                           .ca_der = CS_SPAN_OF(ca)};
    struct cs_platform_core *core;
    char message[256];

    assert_int_equal(cs_platform_core_new(&core, &cfg, message, sizeof message),
                     CS_ERR_STORE_CORRUPT);
    assert_null(core);
    assert_non_null(strstr(message, "audit"));
}

static void a_store_whose_newest_record_is_not_the_head_is_refused(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    store_put(w, fake_audit_count(w) + 1, "{\"seq\":3}"); /* put behind the end */
    no_start(w);
    fake_platform_free(w);
    w = begin();
    store_put(w, fake_audit_count(w), "{\"seq\":2}"); /* another one in its place */
    no_start(w);
    fake_platform_free(w);
}

/* ---- the API ----------------------------------------------------------- */

static void check_export(struct cs_audit_check *c, const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");

        cs_audit_check_line(c, CS_SPAN(text, n));
        text += n + (text[n] == '\n' ? 1 : 0);
    }
}

static void an_export_verifies_up_to_the_head(void **state)
{
    struct fake_trio *t = fake_signers();
    struct cs_audit_check c = {0};
    uint8_t head[CS_AUDIT_HASH];
    char path[64];
    uint64_t end = fake_audit_count(t->w);

    (void)state;
    assert_int_equal(fake_api(t->w, "GET", "/v2/audit/export", NULL), 200);
    check_export(&c, t->w->reply_text);
    assert_int_equal(c.next, end + 1);
    fake_ok(t->w, "GET", "/v2/audit/head", NULL);
    assert_int_equal(json_integer_value(json_object_get(t->w->reply, "seq")), end);
    assert_int_equal(cs_unhex(head, sizeof head, fake_text(t->w, "hash")), CS_OK);
    cs_audit_check_end(&c, head);
    if (c.fault != CS_AUDIT_FINE) {
        fail_msg("%s", c.why);
    }
    c = (struct cs_audit_check){0};
    (void)snprintf(path, sizeof path, "/v2/audit/export?from=%d", (int)end - 2);
    assert_int_equal(fake_api(t->w, "GET", path, NULL), 200);
    check_export(&c, t->w->reply_text);
    assert_int_equal(c.first, end - 2);
    assert_int_equal(c.next, end + 1);
    (void)snprintf(path, sizeof path, "/v2/audit/export?from=%d", (int)end + 1);
    assert_int_equal(fake_api(t->w, "GET", path, NULL), 200);
    assert_string_equal(t->w->reply_text, "");
    assert_int_equal(fake_api(t->w, "GET", "/v2/audit/export?from=0", NULL), 400);
    fake_refused(t->w, 400, "from");
    assert_int_equal(fake_api(t->w, "GET", "/v2/audit/export?from=x", NULL), 400);
    fake_trio_free(t);
}

static void a_long_export_comes_in_parts(void **state)
{
    struct fake_platform *w = begin();
    struct cs_audit_check c = {0};
    char path[64];
    int parts = 0;

    (void)state;
    for (int i = 0; i < 1100; i++) {
        fake_ok(w, "POST", "/v2/vaults", "{\"name\":\"a\"}");
        fake_wait(w, 2);
    }
    for (; c.next != fake_audit_count(w) + 1 && parts < 10; parts++) {
        (void)snprintf(path, sizeof path, "/v2/audit/export?from=%d",
                       c.next == 0 ? 1 : (int)c.next);
        assert_int_equal(fake_api(w, "GET", path, NULL), 200);
        check_export(&c, w->reply_text);
        assert_int_equal(c.fault, CS_AUDIT_FINE);
    }
    assert_true(parts >= 2 && parts < 10);
    fake_platform_free(w);
}

static size_t listed(struct fake_platform *w, const char *query)
{
    char path[256];

    (void)snprintf(path, sizeof path, "/v2/audit%s", query);
    fake_ok(w, "GET", path, NULL);
    return json_array_size(json_object_get(w->reply, "records"));
}

static void the_list_is_newest_first_in_pages(void **state)
{
    struct fake_platform *w = begin();
    char query[64];
    int64_t want;

    (void)state;
    for (int i = 0; i < 8; i++) {
        fake_ok(w, "POST", "/v2/vaults", "{\"name\":\"a\"}");
    }
    want = (int64_t)fake_audit_count(w);
    (void)snprintf(query, sizeof query, "?pageSize=4");
    for (int page = 0; page < 3; page++) {
        size_t n = listed(w, query);
        const json_t *list = json_object_get(w->reply, "records");

        assert_int_equal(n, page < 2 ? 4 : 2);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(cs_js_num(json_array_get(list, i), "seq"), want--);
            assert_int_equal(strlen(cs_js_text(json_array_get(list, i), "hash")), 64);
        }
        (void)snprintf(query, sizeof query, "?pageSize=4&pageToken=%s",
                       fake_text(w, "filter.nextPageToken"));
    }
    assert_int_equal(want, 0);
    assert_string_equal(fake_text(w, "filter.nextPageToken"), "");
    fake_platform_free(w);
}

static void the_list_has_filters(void **state)
{
    struct fake_trio *t = fake_signers();
    char query[160];

    (void)state;
    assert_int_equal(listed(t->w, "?action=quorum.confirmed"), 1);
    assert_int_equal(listed(t->w, "?kind=EVENT&pageSize=200"), 5);
    (void)snprintf(query, sizeof query, "?actorId=%s", t->d[0].text);
    assert_int_equal(listed(t->w, query), 1); /* bound */
    (void)snprintf(query, sizeof query, "?objectId=%s", t->wallet);
    assert_int_equal(listed(t->w, query), 3); /* made, provisioned, enabled */
    assert_int_equal(listed(t->w, "?since=2999-01-01"), 0);
    assert_int_equal(listed(t->w, "?until=2999-01-01&pageSize=1"), 1);
    assert_int_equal(listed(t->w, "?until=1999-01-01"), 0);
    assert_int_equal(fake_api(t->w, "GET", "/v2/audit?since=yesterday", NULL), 400);
    fake_refused(t->w, 400, "since");
    assert_int_equal(fake_api(t->w, "GET", "/v2/audit?pageSize=0", NULL), 400);
    fake_trio_free(t);
}

static void the_log_needs_audit_read(void **state)
{
    static const char *const paths[] = {"/v2/audit", "/v2/audit/head",
                                        "/v2/audit/export"};
    struct fake_platform *w = begin();
    char id[40], pass[80];

    (void)state;
    assert_int_equal(fake_credential_new(w, "\"vaults.read\"", ""), 200);
    (void)snprintf(id, sizeof id, "%s", fake_text(w, "clientId"));
    (void)snprintf(pass, sizeof pass, "%s", fake_text(w, "clientSecret"));
    fake_login(w, id, pass);
    for (size_t i = 0; i < CS_COUNTOF(paths); i++) {
        assert_int_equal(fake_api(w, "GET", paths[i], NULL), 403);
        fake_refused(w, 403, "permissions");
    }
    w->token[0] = '\0';
    for (size_t i = 0; i < CS_COUNTOF(paths); i++) {
        assert_int_equal(fake_api(w, "GET", paths[i], NULL), 401);
    }
    fake_platform_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_devices_cause_has_them_as_actors),
        cmocka_unit_test(what_a_deadline_causes_is_the_platforms),
        cmocka_unit_test(a_key_that_fails_and_a_quorum_that_is_refused_are_there),
        cmocka_unit_test(quarantine_and_release_are_there_once_each),
        cmocka_unit_test(a_record_is_in_the_batch_of_its_effect),
        cmocka_unit_test(a_store_that_fails_means_no_action_and_no_record),
        cmocka_unit_test(an_action_whose_record_cannot_be_written_does_not_happen),
        cmocka_unit_test(the_chain_goes_on_after_a_restart),
        cmocka_unit_test(a_store_whose_newest_record_is_not_the_head_is_refused),
        cmocka_unit_test(an_export_verifies_up_to_the_head),
        cmocka_unit_test(a_long_export_comes_in_parts),
        cmocka_unit_test(the_list_is_newest_first_in_pages),
        cmocka_unit_test(the_list_has_filters),
        cmocka_unit_test(the_log_needs_audit_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
