/* A platform core over memory, and devices that speak its channels: for unit tests.
 *
 * Everything is in this header, since the support library does not know the layers
 * above base.  The runner is the real one; the disk is kv_mem, written after each
 * event. */
#ifndef CS_TEST_FAKE_PLATFORM_H
#define CS_TEST_FAKE_PLATFORM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/runner.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/identity.h"
#include "platform/core/platform_core.h"
#include "store/kv_mem.h"
#include "wire/control.h"
#include "wire/jsonx.h"
#include "wire/relay.h"

#define FAKE __attribute__((unused)) static

enum { FAKE_SENT_MAX = 4096, FAKE_JOBS_MAX = 16, FAKE_CALLS_MAX = 64 };

struct fake_sent { /* one SEND or CLOSE */
    uint64_t conn;
    bool close;
    enum cs_err err;
    uint8_t *p;
    size_t n;
};

struct fake_call { /* one CALL */
    uint64_t id;
    char *url, *headers, *body;
};

struct fake_platform {
    struct cs_kv *kv;
    struct cs_platform_core *core;
    struct cs_platform_limits limits;
    struct cs_runner runner;
    uint64_t now;
    int64_t wall;
    uint64_t rng;
    struct cs_kv_batch *batch;
    uint64_t batch_seq;
    struct fake_sent sent[FAKE_SENT_MAX];
    size_t n_sent;
    int status; /* of the last reply */
    json_t *reply;
    char *reply_text;
    char setup_token[65];
    char *headers;                      /* of the last reply, NULL: none of its own */
    struct cs_job *jobs[FAKE_JOBS_MAX]; /* given out, not run yet */
    size_t n_jobs, jobs_run;
    bool hold_jobs;           /* leave them there */
    size_t alerts, too_large; /* words of those names */
    bool exited;
    enum cs_err exit_err;
    uint64_t http_id, next_conn;
    uint64_t held_id;      /* the request whose answer is held back; 0: none */
    bool late_ids;         /* answers to earlier ones may come, too */
    unsigned held_answers; /* that came later than in their step */
    char token[80];        /* access token for fake_api */
    bool require_fingerprint;
    const char *remote;
    const struct cs_callee_rule *hook_allow; /* borrowed */
    size_t n_hook_allow;
    struct fake_call calls[FAKE_CALLS_MAX]; /* made, the oldest first */
    size_t n_calls;
};

/* ---- the runner's environment ------------------------------------------ */

FAKE void fake_random(void *ctx, uint8_t *out, size_t n)
{
    struct fake_platform *w = ctx;

    for (size_t i = 0; i < n; i++) {
        w->rng = w->rng * 6364136223846793005ULL + 1442695040888963407ULL;
        out[i] = (uint8_t)(w->rng >> 33);
    }
}

FAKE uint64_t fake_now(void *ctx)
{
    return ((struct fake_platform *)ctx)->now;
}

FAKE int64_t fake_wall(void *ctx)
{
    return ((struct fake_platform *)ctx)->wall;
}

FAKE void fake_arm(void *ctx, uint64_t at)
{
    (void)ctx;
    (void)at;
}

FAKE void fake_commit(void *ctx, struct cs_kv_batch *b, uint64_t seq)
{
    struct fake_platform *w = ctx;

    assert_null(w->batch);
    w->batch = b;
    w->batch_seq = seq;
}

FAKE void fake_drop(void *ctx, struct cs_kv_batch *b)
{
    (void)ctx;
    cs_kv_batch_free(b);
}

FAKE void fake_notify(struct fake_platform *w, const struct cs_action *a)
{
    json_error_t e;
    json_t *o = json_loadb((const char *)a->data, a->data_len, 0, &e);

    assert_non_null(o);
    if (strcmp(a->text, "setup-token") == 0) {
        (void)snprintf(w->setup_token, sizeof w->setup_token, "%s",
                       json_string_value(json_object_get(o, "setupToken")));
    } else if (strcmp(a->text, "pairing-alert") == 0) {
        w->alerts++;
    } else if (strcmp(a->text, "answer-too-large") == 0) {
        w->too_large++;
    }
    json_decref(o);
}

FAKE void fake_clear_reply(struct fake_platform *w)
{
    json_decref(w->reply);
    free(w->reply_text);
    free(w->headers);
    w->reply = NULL;
    w->reply_text = w->headers = NULL;
    w->status = 0;
}

FAKE void fake_reply(struct fake_platform *w, const struct cs_action *a)
{
    json_error_t e;

    if (a->conn <= w->held_id && (w->late_ids || a->conn == w->held_id)) {
        fake_clear_reply(w); /* of ?wait= */
        w->held_id = w->late_ids ? w->held_id : 0;
        w->held_answers++;
    } else {
        assert_int_equal(a->conn, w->http_id);
    }
    assert_int_equal(w->status, 0); /* exactly one */
    w->status = a->status;
    w->reply_text = calloc(1, a->data_len + 1);
    assert_non_null(w->reply_text);
    memcpy(w->reply_text, a->data, a->data_len);
    if (a->headers != NULL) {
        w->headers = calloc(1, strlen(a->headers) + 1);
        assert_non_null(w->headers);
        memcpy(w->headers, a->headers, strlen(a->headers));
    }
    if (w->status == 204) {
        assert_int_equal(a->data_len, 0);
        return;
    }
    w->reply = json_loadb(w->reply_text, a->data_len,
                          JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    assert_true(w->reply != NULL || a->status == 304 ||
                strcmp(a->text, "application/json") != 0); /* lines, pages */
}

FAKE char *fake_dup(const char *p, size_t n)
{
    char *s = calloc(1, n + 1);

    assert_non_null(s);
    memcpy(s, p, n);
    return s;
}

FAKE void fake_act(void *ctx, struct cs_action *a)
{
    struct fake_platform *w = ctx;
    struct fake_sent *s;

    switch (a->type) {
    case CS_ACT_SEND:
    case CS_ACT_CLOSE:
        assert_true(w->n_sent < FAKE_SENT_MAX);
        s = &w->sent[w->n_sent++];
        *s = (struct fake_sent){a->conn, a->type == CS_ACT_CLOSE, a->err, NULL,
                                a->data_len};
        s->p = calloc(1, a->data_len + 1);
        assert_non_null(s->p);
        if (a->data_len > 0) {
            memcpy(s->p, a->data, a->data_len);
        }
        break;
    case CS_ACT_REPLY:
        fake_reply(w, a);
        break;
    case CS_ACT_NOTIFY:
        fake_notify(w, a);
        break;
    case CS_ACT_JOB:
        assert_true(w->n_jobs < FAKE_JOBS_MAX);
        w->jobs[w->n_jobs++] = a->job;
        a->job = NULL;
        break;
    case CS_ACT_CALL:
        assert_true(w->n_calls < FAKE_CALLS_MAX);
        w->calls[w->n_calls++] = (struct fake_call){
            a->conn, fake_dup(a->text, strlen(a->text)),
            fake_dup(a->headers, strlen(a->headers)),
            fake_dup((const char *)a->data, a->data_len)};
        break;
    case CS_ACT_EXIT:
        w->exited = true;
        w->exit_err = a->err;
        break;
    default:
        fail_msg("unexpected action %d", (int)a->type);
    }
}

/* ---- life -------------------------------------------------------------- */

/* Gives the event and puts the batch on the disk. */
FAKE void fake_event_only(struct fake_platform *w, struct cs_event ev)
{
    cs_runner_event(&w->runner, &ev);
    while (w->batch != NULL) {
        struct cs_kv_batch *b = w->batch;
        enum cs_err err = w->kv->ops->commit(w->kv, b);

        w->batch = NULL;
        cs_kv_batch_free(b);
        cs_runner_committed(&w->runner, w->batch_seq, err);
    }
}

/* The worker ends the oldest job. */
FAKE void fake_job(struct fake_platform *w)
{
    struct cs_job *job = w->jobs[0];

    assert_true(w->n_jobs > 0);
    w->n_jobs--;
    memmove(w->jobs, w->jobs + 1, w->n_jobs * sizeof w->jobs[0]);
    job->run(job);
    w->jobs_run++;
    fake_event_only(w, (struct cs_event){.type = CS_EV_JOB_DONE, .job = job});
}

FAKE void fake_event(struct fake_platform *w, struct cs_event ev)
{
    fake_event_only(w, ev);
    while (w->n_jobs > 0 && !w->hold_jobs) {
        fake_job(w);
    }
}

FAKE void fake_jobs_drop(struct fake_platform *w)
{
    for (size_t i = 0; i < w->n_jobs; i++) {
        w->jobs[i]->free(w->jobs[i]);
    }
    w->n_jobs = 0;
}

FAKE void fake_core_start(struct fake_platform *w)
{
    static const uint8_t ca[] = {0x30, 0x03, 0x02, 0x01, 0x01};
    const struct cs_platform_config cfg = {
        .kv = w->kv,
        .random = fake_random,
        .random_ctx = w,
        .platform_url = "wss://127.0.0.1:8443/control",
        .relay_url = "wss://127.0.0.1:8443/relay",
        .ca_der = CS_SPAN_OF(ca),
        .require_fingerprint = w->require_fingerprint,
        .seal_key = CS_SPAN_LIT("the key of a file of the fake one"),
        .hook_allow = w->hook_allow,
        .n_hook_allow = w->n_hook_allow,
        .limits = w->limits};
    const struct cs_env env = {.ctx = w,
                               .random = fake_random,
                               .now_ms = fake_now,
                               .wall_ms = fake_wall,
                               .arm = fake_arm,
                               .commit = fake_commit,
                               .drop_batch = fake_drop,
                               .act = fake_act};
    char message[256];

    assert_int_equal(cs_platform_core_new(&w->core, &cfg, message, sizeof message),
                     CS_OK);
    cs_runner_init(&w->runner, cs_platform_core_iface(w->core), env);
    w->exited = false;
    fake_event(w, (struct cs_event){.type = CS_EV_START});
}

FAKE void fake_clear_calls(struct fake_platform *w)
{
    for (size_t i = 0; i < w->n_calls; i++) {
        free(w->calls[i].url);
        free(w->calls[i].headers);
        free(w->calls[i].body);
    }
    w->n_calls = 0;
}

FAKE void fake_clear_sent(struct fake_platform *w)
{
    for (size_t i = 0; i < w->n_sent; i++) {
        free(w->sent[i].p);
    }
    w->n_sent = 0;
}

FAKE struct fake_platform *fake_platform_new(void)
{
    struct fake_platform *w = calloc(1, sizeof *w);

    assert_non_null(w);
    assert_int_equal(cs_crypto_init(), CS_OK);
    w->kv = cs_kv_mem_new();
    assert_non_null(w->kv);
    w->now = 1000000;
    w->wall = 1790000000000;
    w->rng = 7;
    w->next_conn = 1;
    w->remote = "192.0.2.1";
    fake_core_start(w);
    return w;
}

/* As after kill -9: memory is gone, the disk stays. */
FAKE void fake_restart(struct fake_platform *w)
{
    cs_runner_wipe(&w->runner);
    cs_platform_core_free(w->core);
    fake_jobs_drop(w);
    fake_clear_sent(w);
    fake_clear_calls(w);
    w->token[0] = '\0';
    fake_core_start(w);
}

FAKE void fake_platform_free(struct fake_platform *w)
{
    cs_runner_wipe(&w->runner);
    cs_platform_core_free(w->core);
    fake_jobs_drop(w);
    fake_clear_sent(w);
    fake_clear_calls(w);
    fake_clear_reply(w);
    w->kv->ops->close(w->kv);
    free(w);
}

/* Lets time pass in steps that the core asks for. */
FAKE void fake_wait(struct fake_platform *w, uint64_t ms)
{
    uint64_t end = w->now + ms;
    struct cs_core core = cs_platform_core_iface(w->core);

    for (int i = 0; i < 100000; i++) {
        uint64_t at = core.deadline(core.self);

        if (at > end) {
            break;
        }
        if (at > w->now) {
            w->wall += (int64_t)(at - w->now);
            w->now = at;
        }
        fake_event(w, (struct cs_event){.type = CS_EV_TIME});
    }
    w->wall += (int64_t)(end - w->now);
    w->now = end;
}

/* ---- REST -------------------------------------------------------------- */

struct fake_http {
    const char *method, *path, *query, *body, *authorization, *type, *key;
    const char *cookie, *csrf, *origin, *fetch_site;
    const char *etag, *encoding; /* If-None-Match, Accept-Encoding */
    size_t body_len;             /* 0: strlen */
    bool may_wait;               /* 0 is returned when there is no answer yet */
};

FAKE int fake_http(struct fake_platform *w, struct fake_http h)
{
    const struct cs_http_req req = {
        .id = ++w->http_id,
        .method = h.method,
        .path = h.path,
        .query = h.query == NULL ? "" : h.query,
        .authorization = h.authorization == NULL ? "" : h.authorization,
        .content_type = h.type == NULL ? "application/json" : h.type,
        .idempotency_key = h.key == NULL ? "" : h.key,
        .origin = h.origin == NULL ? "" : h.origin,
        .cookie = h.cookie == NULL ? "" : h.cookie,
        .csrf_token = h.csrf == NULL ? "" : h.csrf,
        .fetch_site = h.fetch_site == NULL ? "" : h.fetch_site,
        .if_none_match = h.etag == NULL ? "" : h.etag,
        .accept_encoding = h.encoding,
        .remote = w->remote,
        .body = CS_SPAN(h.body, h.body_len != 0  ? h.body_len
                                : h.body == NULL ? 0
                                                 : strlen(h.body))};

    fake_clear_reply(w);
    fake_event(w, (struct cs_event){.type = CS_EV_HTTP, .http = &req});
    if (h.may_wait && w->status == 0) {
        w->held_id = req.id;
        return 0;
    }
    assert_int_not_equal(w->status, 0);
    return w->status;
}

/* A member of the last reply as text: "a.b" goes into objects. */
FAKE const char *fake_text(struct fake_platform *w, const char *path)
{
    const json_t *v = w->reply;
    char part[64];

    while (*path != '\0') {
        size_t n = strcspn(path, ".");

        (void)snprintf(part, sizeof part, "%.*s", (int)n, path);
        v = json_is_array(v) ? json_array_get(v, strtoul(part, NULL, 10))
                             : json_object_get(v, part);
        path += n + (path[n] == '.' ? 1 : 0);
    }
    return json_is_string(v) ? json_string_value(v) : "";
}

FAKE void fake_login(struct fake_platform *w, const char *id, const char *secret)
{
    char body[256];

    (void)snprintf(body, sizeof body, "{\"clientId\":\"%s\",\"clientSecret\":\"%s\"}",
                   id, secret);
    assert_int_equal(
        fake_http(w, (struct fake_http){.method = "POST",
                                        .path = "/v2/credentials/oauth/token",
                                        .body = body}),
        200);
    (void)snprintf(w->token, sizeof w->token, "Bearer %s", fake_text(w, "accessToken"));
}

/* With the token of the last login.  May be answered later: 0. */
FAKE int fake_api_wait(struct fake_platform *w, const char *method, const char *path,
                       const char *body, bool may_wait)
{
    char plain[512];
    const char *query = strchr(path, '?');

    (void)snprintf(plain, sizeof plain, "%.*s", (int)strcspn(path, "?"), path);
    return fake_http(w, (struct fake_http){.method = method,
                                           .path = plain,
                                           .query = query == NULL ? "" : query + 1,
                                           .body = body,
                                           .authorization = w->token,
                                           .may_wait = may_wait});
}

FAKE int fake_api(struct fake_platform *w, const char *method, const char *path,
                  const char *body)
{
    return fake_api_wait(w, method, path, body, false);
}

FAKE void fake_ok(struct fake_platform *w, const char *method, const char *path,
                  const char *body)
{
    if (fake_api(w, method, path, body) != 200) {
        fail_msg("%s %s: %d %s", method, path, w->status, w->reply_text);
    }
}

/* The refusal names this field, with this status. */
FAKE void fake_refused(struct fake_platform *w, int status, const char *field)
{
    if (w->status != status || strcmp(fake_text(w, "details.0.field"), field) != 0) {
        fail_msg("want %d %s, got %d %s", status, field, w->status, w->reply_text);
    }
}

FAKE void fake_setup(struct fake_platform *w, char id[40], char secret[80])
{
    char body[512];

    (void)snprintf(body, sizeof body,
                   "{\"setupToken\":\"%s\",\"organizationName\":\"Acme\",\"firstName\":"
                   "\"Ada\",\"lastName\":\"Admin\",\"email\":\"a@example.org\"}",
                   w->setup_token);
    assert_int_equal(
        fake_http(
            w, (struct fake_http){.method = "POST", .path = "/v2/setup", .body = body}),
        200);
    (void)snprintf(id, 40, "%s", fake_text(w, "credential.clientId"));
    (void)snprintf(secret, 80, "%s", fake_text(w, "credential.clientSecret"));
    fake_login(w, id, secret);
}

FAKE int fake_credential_new(struct fake_platform *w, const char *permissions,
                             const char *more)
{
    char body[1024];

    (void)snprintf(body, sizeof body,
                   "{\"name\":\"c\",\"category\":\"CONTROLS\",\"permissions\":[%s]%s}",
                   permissions, more);
    return fake_api(w, "POST", "/v2/credentials", body);
}

#endif
