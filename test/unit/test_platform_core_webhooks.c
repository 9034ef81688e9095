/* Webhooks: the API, what is sent and how it is signed, retries, order, replay, bounds,
 * restarts. */
#include "support/fake_audit.h"
#include "support/fake_people.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "platform/core/webhooks.h"

static struct person ada;
static char hook[40];

static struct fake_platform *begin(void)
{
    struct fake_platform *w = fake_platform_new();

    w->limits.token_s = 1000000; /* some tests take days */
    fake_restart(w);
    people_setup(w, &ada);
    return w;
}

static const char *path_of(const char *rest)
{
    static char path[512];

    (void)snprintf(path, sizeof path, "/v2/webhooks/%s%s", hook, rest);
    return path;
}

static void make_hook(struct fake_platform *w, const char *domains)
{
    assert_int_equal(
        fake_api(w, "POST", "/v2/webhooks",
                 "{\"name\":\"h\",\"endpoint\":\"https://hooks.example.com/in\"}"),
        200);
    (void)snprintf(hook, sizeof hook, "%s", fake_text(w, "id"));
    if (domains != NULL &&
        fake_api(w, "POST", path_of("/subscriptions"), domains) != 200) {
        fail_msg("%s", w->reply_text);
    }
}

#define DEVICES "[{\"domain\":\"DEVICE\",\"scope\":\"ORG\"}]"

static void make_device(struct fake_platform *w, char id[40])
{
    assert_int_equal(fake_api(w, "POST", "/v2/devices",
                              "{\"displayName\":\"n\",\"deviceType\":\"CLOUD\"}"),
                     200);
    if (id != NULL) {
        (void)snprintf(id, 40, "%s", fake_text(w, "id"));
    }
}

static void rename_device(struct fake_platform *w, const char *id, const char *name)
{
    char path[128], body[128];

    (void)snprintf(path, sizeof path, "/v2/devices/%s/display-name", id);
    (void)snprintf(body, sizeof body, "{\"displayName\":\"%s\"}", name);
    assert_int_equal(fake_api(w, "PUT", path, body), 200);
}

/* The oldest call ends so; it is forgotten. */
static void answer(struct fake_platform *w, int status)
{
    uint64_t id = w->calls[0].id;
    const char *why = "hooks.example.com port 443: no connection";

    assert_true(w->n_calls > 0);
    free(w->calls[0].url);
    free(w->calls[0].headers);
    free(w->calls[0].body);
    w->n_calls--;
    memmove(w->calls, w->calls + 1, w->n_calls * sizeof w->calls[0]);
    fake_event(w, (struct cs_event){.type = CS_EV_CALLED,
                                    .conn = id,
                                    .err = status == 0 ? CS_ERR_CONN : CS_OK,
                                    .status = status,
                                    .remote = "",
                                    .data = CS_SPAN(why, strlen(why))});
}

/* Member of the delivery number i of the log, the newest first. */
static const char *delivery(struct fake_platform *w, size_t i, const char *member)
{
    char path[64];

    assert_int_equal(fake_api(w, "GET", path_of("/deliveries"), NULL), 200);
    (void)snprintf(path, sizeof path, "deliveries.%zu.%s", i, member);
    return fake_text(w, path);
}

static int64_t number(struct fake_platform *w, size_t i, const char *member)
{
    assert_int_equal(fake_api(w, "GET", path_of("/deliveries"), NULL), 200);
    return cs_js_num(json_array_get(json_object_get(w->reply, "deliveries"), i),
                     member);
}

static void header(const struct fake_call *c, const char *name, char *out, size_t size)
{
    const char *p = strstr(c->headers, name);

    assert_non_null(p);
    p += strlen(name) + 2;
    (void)snprintf(out, size, "%.*s", (int)strcspn(p, "\n"), p);
}

/* ---- signatures -------------------------------------------------------- */

static int verifies(const char *spki64, const char *sig64, struct cs_span message)
{
    struct cs_wr spki = {0}, sig = {0};
    const unsigned char *p;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY *key;
    int ok;

    assert_int_equal(cs_unb64(&spki, spki64, strlen(spki64)), CS_OK);
    assert_int_equal(cs_unb64(&sig, sig64, strlen(sig64)), CS_OK);
    p = spki.p;
    key = d2i_PUBKEY(NULL, &p, (long)spki.n);
    assert_non_null(key);
    assert_int_equal(EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key), 1);
    ok = EVP_DigestVerify(md, sig.p, sig.n, message.p, message.n);
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
    cs_wr_free(&spki);
    cs_wr_free(&sig);
    return ok;
}

static void
a_delivery_is_signed_as_the_vendor_documents_and_against_replay(void **state)
{
    struct fake_platform *w = begin();
    char spki[200], sig[200], event[32], time[32], text[8192], id[40];
    json_t *envelope, *payload;
    const char *b64;
    struct cs_wr raw = {0};

    (void)state;
    make_hook(w, DEVICES);
    assert_int_equal(fake_api(w, "GET", path_of(""), NULL), 200);
    (void)snprintf(spki, sizeof spki, "%s", fake_text(w, "publicKey"));
    make_device(w, id);
    assert_int_equal(w->n_calls, 1);
    assert_string_equal(w->calls[0].url, "https://hooks.example.com/in");
    envelope = json_loads(w->calls[0].body, 0, NULL);
    assert_non_null(envelope);
    assert_int_equal(json_object_size(envelope), 3);
    assert_string_equal(cs_js_text(envelope, "domain"), "DEVICE");
    assert_int_equal(strlen(cs_js_text(envelope, "timestamp")), 24);
    b64 = cs_js_text(envelope, "payload");
    header(&w->calls[0], "signature", sig, sizeof sig);
    assert_int_equal(verifies(spki, sig, CS_SPAN(b64, strlen(b64))), 1);
    assert_int_not_equal(verifies(spki, sig, CS_SPAN(b64, strlen(b64) - 1)), 1);
    header(&w->calls[0], "cloudsign-event-id", event, sizeof event);
    header(&w->calls[0], "cloudsign-timestamp", time, sizeof time);
    header(&w->calls[0], "cloudsign-signature", sig, sizeof sig);
    assert_int_equal(strncmp(sig, "v1=", 3), 0);
    (void)snprintf(text, sizeof text, "%s.%s.%s", event, time, w->calls[0].body);
    assert_int_equal(verifies(spki, sig + 3, CS_SPAN(text, strlen(text))), 1);
    text[0] ^= 1;
    assert_int_not_equal(verifies(spki, sig + 3, CS_SPAN(text, strlen(text))), 1);
    assert_int_equal(cs_unb64(&raw, b64, strlen(b64)), CS_OK);
    payload = json_loadb((const char *)raw.p, raw.n, 0, NULL);
    assert_string_equal(cs_js_text(payload, "id"), id);
    assert_null(memchr(raw.p, '_', raw.n) == NULL ? NULL
                                                  : strstr((char *)raw.p, "\"_"));
    json_decref(payload);
    json_decref(envelope);
    cs_wr_free(&raw);
    fake_platform_free(w);
}

static void each_webhook_has_a_key_of_its_own_that_nobody_is_shown(void **state)
{
    struct fake_platform *w = begin();
    char first[200];

    (void)state;
    make_hook(w, NULL);
    (void)snprintf(first, sizeof first, "%s", fake_text(w, "publicKey"));
    assert_int_equal(fake_api(w, "GET", path_of(""), NULL), 200);
    assert_string_equal(fake_text(w, "publicKey"), first);
    assert_null(strstr(w->reply_text, "_key"));
    make_hook(w, NULL);
    assert_int_equal(fake_api(w, "GET", path_of(""), NULL), 200);
    assert_string_not_equal(fake_text(w, "publicKey"), first);
    fake_platform_free(w);
}

/* ---- the API ----------------------------------------------------------- */

static void a_webhook_is_made_changed_listed_and_deleted(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    make_hook(w, NULL);
    assert_int_equal(
        fake_api(w, "PUT", path_of(""),
                 "{\"name\":\"x\",\"endpoint\":\"https://b.example.com\"}"),
        200);
    assert_string_equal(fake_text(w, "endpoint"), "https://b.example.com");
    assert_int_equal(
        fake_api(w, "PUT", path_of(""), "{\"endpoint\":\"http://b.example.com\"}"),
        400);
    assert_int_equal(fake_api(w, "GET", "/v2/webhooks", NULL), 200);
    assert_string_equal(fake_text(w, "webhooks.0.name"), "x");
    assert_int_equal(fake_api(w, "DELETE", path_of(""), NULL), 200);
    assert_int_equal(fake_api(w, "GET", path_of(""), NULL), 404);
    assert_int_equal(fake_api(w, "POST", path_of("/test"), "{}"), 404);
    assert_int_equal(fake_api(w, "GET", "/v2/webhooks", NULL), 200);
    assert_int_equal(json_array_size(json_object_get(w->reply, "webhooks")), 0);
    fake_platform_free(w);
}

static void there_are_so_many_webhooks_and_no_more(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    for (int i = 0; i < CS_HOOKS_MAX; i++) {
        make_hook(w, NULL);
    }
    assert_int_equal(
        fake_api(w, "POST", "/v2/webhooks",
                 "{\"name\":\"h\",\"endpoint\":\"https://a.example.com\"}"),
        429);
    assert_int_equal(fake_api(w, "DELETE", path_of(""), NULL), 200);
    make_hook(w, NULL);
    fake_platform_free(w);
}

static void subscriptions_come_and_go_and_wrong_ones_change_nothing(void **state)
{
    struct fake_platform *w = begin();
    char path[256];

    (void)state;
    make_hook(w, "[{\"domain\":\"TRANSACTION\",\"scope\":\"ORG\"},"
                 "{\"domain\":\"WALLET\",\"scope\":\"ORG\"}]");
    assert_true(json_is_array(w->reply) && json_array_size(w->reply) == 2);
    assert_string_equal(fake_text(w, "0.config.domain"), "TRANSACTION");
    assert_string_equal(fake_text(w, "0.webhookId"), hook);
    (void)snprintf(path, sizeof path, "/v2/webhooks/%s/subscriptions/%s", hook,
                   fake_text(w, "1.id"));
    assert_int_equal(fake_api(w, "GET", path, NULL), 200);
    assert_string_equal(fake_text(w, "config.domain"), "WALLET");
    assert_int_equal(fake_api(w, "POST", path_of("/subscriptions"),
                              "[{\"domain\":\"DEVICE\",\"scope\":\"ORG\"},"
                              "{\"domain\":\"WALLET\",\"scope\":\"ORG\"}]"),
                     409);
    assert_int_equal(
        fake_api(w, "POST", path_of("/subscriptions"), "[{\"domain\":\"MONEY\"}]"),
        400);
    assert_int_equal(fake_api(w, "POST", path_of("/subscriptions"),
                              "[{\"domain\":\"DEVICE\",\"scope\":\"ME\"}]"),
                     400);
    assert_int_equal(fake_api(w, "POST", path_of("/subscriptions"), "[]"), 400);
    assert_int_equal(fake_api(w, "POST", path_of("/subscriptions"), "{}"), 400);
    assert_int_equal(fake_api(w, "POST", path_of("/subscriptions"), "[1]"), 400);
    assert_int_equal(fake_api(w, "GET", path_of("/subscriptions"), NULL), 200);
    assert_int_equal(json_array_size(json_object_get(w->reply, "subscriptions")), 2);
    assert_string_equal(fake_text(w, "filter.nextPageToken"), "");
    assert_int_equal(fake_api(w, "DELETE", path, NULL), 200);
    assert_int_equal(fake_api(w, "DELETE", path, NULL), 404);
    assert_int_equal(fake_api(w, "GET", path_of(""), NULL), 200);
    assert_int_equal(cs_js_num(w->reply, "subscriptionCount"), 1);
    fake_platform_free(w);
}

static void subscriptions_come_in_pages(void **state)
{
    struct fake_platform *w = begin();
    char query[96];

    (void)state;
    make_hook(w, "[{\"domain\":\"TRANSACTION\",\"scope\":\"ORG\"},"
                 "{\"domain\":\"WALLET\",\"scope\":\"ORG\"}]");
    assert_int_equal(fake_api(w, "GET", path_of("/subscriptions?pageSize=1"), NULL),
                     200);
    assert_int_equal(json_array_size(json_object_get(w->reply, "subscriptions")), 1);
    assert_int_equal(cs_js_num(json_object_get(w->reply, "filter"), "total"), 2);
    (void)snprintf(query, sizeof query, "/subscriptions?pageSize=1&pageToken=%s",
                   fake_text(w, "filter.nextPageToken"));
    assert_int_equal(fake_api(w, "GET", path_of(query), NULL), 200);
    assert_string_equal(fake_text(w, "subscriptions.0.config.domain"), "WALLET");
    assert_string_equal(fake_text(w, "filter.nextPageToken"), "");
    assert_int_equal(fake_api(w, "GET", path_of("/subscriptions?pageSize=x"), NULL),
                     400);
    assert_int_equal(fake_api(w, "GET", path_of("/subscriptions?pageToken=x"), NULL),
                     400);
    fake_platform_free(w);
}

static void every_write_leaves_one_audit_record_without_a_secret(void **state)
{
    struct fake_platform *w = begin();
    char path[256];
    uint64_t before;
    json_t *rec;
    char *text;

    (void)state;
    before = fake_audit_count(w);
    make_hook(w, DEVICES);
    assert_int_equal(fake_audit_count(w), before + 2);
    (void)snprintf(path, sizeof path, "/subscriptions/%s", fake_text(w, "0.id"));
    assert_int_equal(fake_api(w, "PUT", path_of(""), "{\"name\":\"y\"}"), 200);
    assert_int_equal(fake_api(w, "POST", path_of("/test"), "{}"), 200);
    answer(w, 200);
    assert_int_equal(fake_audit_count(w), before + 4); /* the outcome is no act */
    (void)snprintf(path + 100, 120, "/deliveries/%s/replay", delivery(w, 0, "id"));
    assert_int_equal(fake_api(w, "POST", path_of(path + 100), "{}"), 200);
    assert_int_equal(fake_api(w, "DELETE", path_of(path), NULL), 200);
    assert_int_equal(fake_api(w, "DELETE", path_of(""), NULL), 200);
    assert_int_equal(fake_audit_count(w), before + 7);
    rec = fake_audit_newest(w);
    text = json_dumps(rec, 0);
    assert_null(strstr(text, "\"_"));
    assert_non_null(strstr(text, "\"webhook\""));
    free(text);
    json_decref(rec);
    fake_platform_free(w);
}

/* Until something is sent; how long that took. */
static int64_t pause_of(struct fake_platform *w)
{
    struct cs_core core = cs_platform_core_iface(w->core);
    uint64_t start = w->now;

    while (w->n_calls == 0) {
        uint64_t at = core.deadline(core.self);

        assert_true(at != UINT64_MAX && at - start < 2 * CS_HOOK_RETRY_MAX_MS);
        w->wall += (int64_t)(at - w->now);
        w->now = at;
        fake_event(w, (struct cs_event){.type = CS_EV_TIME});
    }
    return (int64_t)(w->now - start);
}

/* ---- what is sent ------------------------------------------------------ */

static void nobody_is_told_who_did_not_subscribe(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    make_hook(w, "[{\"domain\":\"WALLET\",\"scope\":\"ORG\"}]");
    make_device(w, NULL);
    assert_int_equal(w->n_calls, 0);
    assert_int_equal(fake_api(w, "GET", path_of("/deliveries"), NULL), 200);
    assert_int_equal(json_array_size(json_object_get(w->reply, "deliveries")), 0);
    fake_platform_free(w);
}

static void a_2xx_is_a_delivery_and_anything_else_is_tried_again(void **state)
{
    static const int bad[] = {0, 199, 301, 404, 500};
    struct fake_platform *w = begin();

    (void)state;
    make_hook(w, DEVICES);
    make_device(w, NULL);
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        answer(w, bad[i]);
        assert_string_equal(delivery(w, 0, "status"), "PENDING");
        assert_int_equal(number(w, 0, "lastStatus"), bad[i]);
        assert_true(delivery(w, 0, "lastError")[0] != '\0');
        assert_int_equal(w->n_calls, 0);
        (void)pause_of(w);
        assert_int_equal(w->n_calls, 1);
    }
    answer(w, 204);
    assert_string_equal(delivery(w, 0, "status"), "DELIVERED");
    assert_int_equal(number(w, 0, "attempts"), CS_COUNTOF(bad) + 1);
    assert_int_equal(fake_api(w, "GET", path_of(""), NULL), 200);
    assert_int_equal(cs_js_num(w->reply, "successCount"), 1);
    assert_int_equal(cs_js_num(w->reply, "failureCount"), CS_COUNTOF(bad));
    assert_int_equal(strlen(fake_text(w, "lastSuccess")), 24);
    assert_int_equal(strlen(fake_text(w, "lastFailure")), 24);
    fake_platform_free(w);
}

static struct cs_platform_stats stats(struct fake_platform *w)
{
    struct cs_platform_stats s;

    cs_platform_core_stats(w->core, &s);
    return s;
}

static void metrics_tell_what_waits_and_how_it_failed(void **state)
{
    static const int bad[] = {0, 199, 404, 403, 500};
    static const uint64_t want[CS_HOOK_FAILURES] = {1, 2, 1, 1};
    struct fake_platform *w = begin();
    int64_t start;

    (void)state;
    assert_int_equal(stats(w).hooks, 0);
    make_hook(w, DEVICES);
    make_device(w, NULL);
    start = w->wall;
    assert_int_equal(stats(w).hooks, 1);
    assert_int_equal(stats(w).hooks_waiting, 1); /* on its way counts */
    assert_int_equal(stats(w).hook_oldest_ms, 0);
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        answer(w, bad[i]);
        assert_int_equal(stats(w).hooks_waiting, 1);
        (void)pause_of(w);
        assert_int_equal(stats(w).hook_oldest_ms, w->wall - start);
    }
    assert_true(w->wall > start);
    assert_memory_equal(stats(w).hook_failed, want, sizeof want);
    answer(w, 204);
    assert_int_equal(stats(w).hooks_waiting, 0);
    assert_int_equal(stats(w).hook_oldest_ms, 0);
    assert_int_equal(stats(w).hook_delivered, 1);
    make_device(w, NULL);
    for (answer(w, 503); stats(w).hooks_waiting > 0; answer(w, 503)) {
        (void)pause_of(w);
    }
    assert_int_equal(stats(w).hook_given_up, 1);
    assert_int_equal(stats(w).hook_turned_away, 0);
    fake_platform_free(w);
}

static void pauses_double_up_to_an_hour_with_jitter_and_end_after_a_day(void **state)
{
    struct fake_platform *w = begin();
    int64_t want = CS_HOOK_RETRY_MS, start, pause, odd = 0;
    int n = 0;

    (void)state;
    make_hook(w, DEVICES);
    make_device(w, NULL);
    start = w->wall;
    for (;;) {
        answer(w, 503);
        n++;
        if (strcmp(delivery(w, 0, "status"), "PENDING") != 0) {
            break;
        }
        pause = pause_of(w);
        if (w->wall - start < CS_HOOK_LIFE_MS) {
            assert_in_range(pause, want * 4 / 5 - 1, want * 6 / 5 + 1);
        }
        odd += pause != want ? 1 : 0;
        want = want * 2 < CS_HOOK_RETRY_MAX_MS ? want * 2 : CS_HOOK_RETRY_MAX_MS;
        assert_true(n < 60);
    }
    assert_string_equal(delivery(w, 0, "status"), "FAILED");
    assert_true(odd > n / 2);
    assert_in_range(w->wall - start, CS_HOOK_LIFE_MS, CS_HOOK_LIFE_MS + 1000);
    assert_in_range(n, 25, 45);
    fake_wait(w, CS_HOOK_LIFE_MS);
    assert_int_equal(w->n_calls, 0);
    fake_platform_free(w);
}

static void deliveries_of_one_object_keep_their_order(void **state)
{
    struct fake_platform *w = begin();
    char a[40], b[40];

    (void)state;
    make_device(w, a);
    make_hook(w, DEVICES);
    rename_device(w, a, "one");
    rename_device(w, a, "two");
    assert_int_equal(w->n_calls, 1); /* the second waits for the first */
    make_device(w, b);
    assert_int_equal(w->n_calls, 2); /* another object does not */
    answer(w, 500);
    answer(w, 200); /* b */
    assert_int_equal(w->n_calls, 0);
    (void)pause_of(w);
    assert_int_equal(w->n_calls, 1);
    assert_int_equal(number(w, 1, "attempts"), 0); /* "two" */
    answer(w, 200);
    assert_int_equal(w->n_calls, 1);
    assert_int_equal(number(w, 2, "attempts"), 2); /* "one" */
    answer(w, 200);
    assert_string_equal(delivery(w, 1, "status"), "DELIVERED");
    fake_platform_free(w);
}

static void one_webhook_has_two_calls_at_once_and_all_have_eight(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    for (int i = 0; i < 5; i++) {
        make_hook(w, DEVICES);
    }
    for (int i = 0; i < 3; i++) {
        make_device(w, NULL);
    }
    assert_int_equal(w->n_calls, CS_HOOK_CALLS);
    for (int i = 0; i < 15; i++) {
        answer(w, 200);
    }
    assert_int_equal(w->n_calls, 0);
    fake_platform_free(w);
}

static void a_call_that_is_never_heard_of_again_is_made_once_more(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    make_hook(w, DEVICES);
    make_device(w, NULL);
    fake_clear_calls(w);
    fake_wait(w, CS_HOOK_LOST_MS + 10000);
    assert_int_equal(w->n_calls, 1);
    assert_int_equal(number(w, 0, "attempts"), 1);
    fake_platform_free(w);
}

/* ---- restarts ---------------------------------------------------------- */

static void login_again(struct fake_platform *w)
{
    people_sign_in(w, &ada);
}

static int api_as_ada(struct fake_platform *w, const char *method, const char *path,
                      const char *body)
{
    return people_call(w, &ada, method, path, body);
}

static void what_waits_is_sent_again_after_kill_9(void **state)
{
    struct fake_platform *w = begin();
    char id[40];

    (void)state;
    make_hook(w, DEVICES);
    make_device(w, id);
    rename_device(w, id, "two");
    assert_int_equal(w->n_calls, 1); /* under way when the process dies */
    fake_restart(w);
    fake_event(w, (struct cs_event){.type = CS_EV_TIME});
    assert_int_equal(w->n_calls, 1);
    answer(w, 200);
    assert_int_equal(w->n_calls, 1);
    answer(w, 500);
    fake_restart(w);
    fake_event(w, (struct cs_event){.type = CS_EV_TIME});
    assert_int_equal(w->n_calls, 0); /* its pause is kept */
    (void)pause_of(w);
    answer(w, 200);
    login_again(w);
    assert_int_equal(api_as_ada(w, "GET", path_of("/deliveries"), NULL), 200);
    assert_int_equal(json_array_size(json_object_get(w->reply, "deliveries")), 2);
    assert_string_equal(fake_text(w, "deliveries.0.status"), "DELIVERED");
    assert_string_equal(fake_text(w, "deliveries.1.status"), "DELIVERED");
    fake_platform_free(w);
}

/* ---- replay, test, bounds ---------------------------------------------- */

static void replay_sends_once_more_with_the_same_event_id(void **state)
{
    struct fake_platform *w = begin();
    char path[128], event[32], again[32];

    (void)state;
    make_hook(w, DEVICES);
    make_device(w, NULL);
    header(&w->calls[0], "cloudsign-event-id", event, sizeof event);
    (void)snprintf(path, sizeof path, "/deliveries/%s/replay", delivery(w, 0, "id"));
    assert_int_equal(fake_api(w, "POST", path_of(path), "{}"), 409); /* under way */
    answer(w, 500);
    assert_int_equal(fake_api(w, "POST", path_of(path), "{}"), 200); /* due at once */
    assert_int_equal(w->n_calls, 1);
    answer(w, 200);
    assert_string_equal(delivery(w, 0, "status"), "DELIVERED");
    assert_int_equal(fake_api(w, "POST", path_of(path), "{}"), 200);
    assert_string_equal(fake_text(w, "status"), "PENDING");
    assert_int_equal(w->n_calls, 1);
    header(&w->calls[0], "cloudsign-event-id", again, sizeof again);
    assert_string_equal(event, again);
    answer(w, 200);
    assert_string_equal(delivery(w, 0, "status"), "DELIVERED");
    assert_int_equal(fake_api(w, "POST",
                              path_of("/deliveries/00000000-0000-4000-8000-"
                                      "000000000000/replay"),
                              "{}"),
                     404);
    fake_platform_free(w);
}

static void a_test_goes_to_that_webhook_alone_whatever_it_subscribes_to(void **state)
{
    struct fake_platform *w = begin();

    (void)state;
    make_hook(w, DEVICES);
    make_hook(w, NULL);
    assert_int_equal(fake_api(w, "POST", path_of("/test"), "{}"), 200);
    assert_string_equal(fake_text(w, "type"), "webhook.test");
    assert_int_equal(w->n_calls, 1);
    assert_non_null(strstr(w->calls[0].body, "\"domain\":\"TEST\""));
    answer(w, 200);
    fake_platform_free(w);
}

static void the_log_is_bounded_and_the_oldest_finished_ones_go(void **state)
{
    struct fake_platform *w = begin();
    char first[40], path[128];
    int64_t total;

    (void)state;
    make_hook(w, NULL);
    for (int i = 0; i < CS_HOOK_DONE_MAX + 5; i++) {
        assert_int_equal(fake_api(w, "POST", path_of("/test"), "{}"), 200);
        if (i == 0) {
            (void)snprintf(first, sizeof first, "%s", fake_text(w, "id"));
        }
        answer(w, 200);
        fake_wait(w, 1000);
    }
    assert_int_equal(fake_api(w, "GET", path_of("/deliveries"), NULL), 200);
    total = cs_js_num(json_object_get(w->reply, "filter"), "total");
    assert_int_equal(total, CS_HOOK_DONE_MAX);
    (void)snprintf(path, sizeof path, "/deliveries/%s/replay", first);
    assert_int_equal(fake_api(w, "POST", path_of(path), "{}"), 404);
    fake_platform_free(w);
}

static void a_full_queue_fails_what_comes_and_says_so(void **state)
{
    struct fake_platform *w = begin();
    char id[40], why[200];

    (void)state;
    make_device(w, id);
    make_hook(w, DEVICES);
    for (int i = 0; i < CS_HOOK_PENDING_MAX; i++) {
        rename_device(w, id, i % 2 == 0 ? "a" : "b");
        w->now += 2;
        w->wall += 2;
    }
    assert_string_equal(delivery(w, 0, "status"), "PENDING");
    rename_device(w, id, "c");
    assert_string_equal(delivery(w, 0, "status"), "FAILED");
    (void)snprintf(why, sizeof why, "%s", delivery(w, 0, "lastError"));
    assert_non_null(strstr(why, "replay"));
    answer(w, 200);
    rename_device(w, id, "d");
    assert_string_equal(delivery(w, 0, "status"), "PENDING");
    fake_platform_free(w);
}

static void a_deleted_webhook_is_told_nothing_and_its_deliveries_go(void **state)
{
    struct fake_platform *w = begin();
    char id[40];

    (void)state;
    make_device(w, id);
    make_hook(w, DEVICES);
    for (int i = 0; i < 2 * CS_HOOK_PURGE + 7; i++) {
        rename_device(w, id, "x");
        w->now += 2;
        w->wall += 2;
    }
    assert_int_equal(w->n_calls, 1);
    assert_int_equal(fake_api(w, "DELETE", path_of(""), NULL), 200);
    answer(w, 200); /* of what was under way */
    fake_wait(w, 5000);
    rename_device(w, id, "y");
    assert_int_equal(w->n_calls, 0);
    fake_restart(w);
    fake_wait(w, 5000);
    assert_int_equal(w->n_calls, 0);
    fake_platform_free(w);
}

static void rights_are_asked_and_a_viewer_sees_nothing(void **state)
{
    struct fake_platform *w = begin();
    struct person sam, uma;

    (void)state;
    people_sign_in(w, &ada);
    people_join(w, &sam, "sam@example.org", "VIEWER");
    people_join(w, &uma, "uma@example.org", "AUDITOR");
    make_hook(w, NULL);
    assert_int_equal(people_call(w, &sam, "GET", "/v2/webhooks", NULL), 403);
    assert_int_equal(people_call(w, &uma, "GET", "/v2/webhooks", NULL), 200);
    assert_int_equal(people_call(w, &uma, "POST", path_of("/test"), "{}"), 403);
    fake_platform_free(w);
}

/* A webhook is no way to read what its maker may not read. */
static void nobody_has_sent_to_him_what_he_may_not_read(void **state)
{
    static const char all[] = "[{\"domain\":\"DEVICE\"},{\"domain\":\"TRANSACTION\"}]";
    static const char *const domains[][2] = {{"TRANSACTION", "transactions.read"},
                                             {"WALLET", "wallets.read"},
                                             {"APPROVAL", "approvals.read"},
                                             {"QUORUM", "quorums.read"},
                                             {"SESSION", "quorums.read"}};
    struct fake_platform *w = begin();
    char client[40], secret[80], body[128];

    (void)state;
    assert_int_equal(fake_credential_new(w, "\"webhooks.manage\",\"devices.read\"", ""),
                     200);
    (void)snprintf(client, sizeof client, "%s", fake_text(w, "clientId"));
    (void)snprintf(secret, sizeof secret, "%s", fake_text(w, "clientSecret"));
    make_hook(w, "[{\"domain\":\"WALLET\"}]");
    fake_login(w, client, secret);
    assert_int_equal(fake_api(w, "PUT", path_of(""),
                              "{\"endpoint\":\"https://hooks.example.org/\"}"),
                     403);
    assert_non_null(strstr(w->reply_text, "wallets.read"));
    assert_int_equal(fake_api(w, "PUT", path_of(""), "{\"name\":\"n\"}"), 200);
    make_hook(w, DEVICES);
    for (size_t i = 0; i < CS_COUNTOF(domains); i++) {
        (void)snprintf(body, sizeof body, "[{\"domain\":\"%s\"}]", domains[i][0]);
        assert_int_equal(fake_api(w, "POST", path_of("/subscriptions"), body), 403);
        assert_non_null(strstr(w->reply_text, domains[i][1]));
    }
    make_hook(w, NULL);
    assert_int_equal(fake_api(w, "POST", path_of("/subscriptions"), all), 403);
    assert_int_equal(fake_api(w, "PUT", path_of(""),
                              "{\"endpoint\":\"https://hooks.example.org/\"}"),
                     200);
    assert_int_equal(json_array_size(json_object_get(w->reply, "subscriptions")), 0);
    fake_platform_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_delivery_is_signed_as_the_vendor_documents_and_against_replay),
        cmocka_unit_test(each_webhook_has_a_key_of_its_own_that_nobody_is_shown),
        cmocka_unit_test(a_webhook_is_made_changed_listed_and_deleted),
        cmocka_unit_test(there_are_so_many_webhooks_and_no_more),
        cmocka_unit_test(subscriptions_come_and_go_and_wrong_ones_change_nothing),
        cmocka_unit_test(subscriptions_come_in_pages),
        cmocka_unit_test(every_write_leaves_one_audit_record_without_a_secret),
        cmocka_unit_test(nobody_is_told_who_did_not_subscribe),
        cmocka_unit_test(a_2xx_is_a_delivery_and_anything_else_is_tried_again),
        cmocka_unit_test(metrics_tell_what_waits_and_how_it_failed),
        cmocka_unit_test(pauses_double_up_to_an_hour_with_jitter_and_end_after_a_day),
        cmocka_unit_test(deliveries_of_one_object_keep_their_order),
        cmocka_unit_test(one_webhook_has_two_calls_at_once_and_all_have_eight),
        cmocka_unit_test(a_call_that_is_never_heard_of_again_is_made_once_more),
        cmocka_unit_test(what_waits_is_sent_again_after_kill_9),
        cmocka_unit_test(replay_sends_once_more_with_the_same_event_id),
        cmocka_unit_test(a_test_goes_to_that_webhook_alone_whatever_it_subscribes_to),
        cmocka_unit_test(the_log_is_bounded_and_the_oldest_finished_ones_go),
        cmocka_unit_test(a_full_queue_fails_what_comes_and_says_so),
        cmocka_unit_test(a_deleted_webhook_is_told_nothing_and_its_deliveries_go),
        cmocka_unit_test(rights_are_asked_and_a_viewer_sees_nothing),
        cmocka_unit_test(nobody_has_sent_to_him_what_he_may_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
