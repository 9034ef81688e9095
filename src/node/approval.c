#include "node/approval.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/os/clock.h"
#include "base/os/random.h"
#include "net/https_client.h"
#include "node/node_impl.h"
#include "wire/control.h"

enum { APPROVALS_MAX = 1024, BYTES_MAX = 16 << 20, CALLS = 4, LEAST_MS = 50 };

enum stage { STAGE_HELD, STAGE_QUEUED, STAGE_CALLED };

struct pending {
    struct pending *next;
    uint64_t id;
    enum stage stage;
    uint64_t deadline;
    struct cs_wr json;
};

struct call {
    struct cs_approval *a;
    struct cs_https *https;
    uint64_t id; /* of the question; 0: idle */
    bool tried;  /* the connection failed once */
    struct cs_approval_sent sent;
};

struct cs_approval {
    cs_node *node;
    const struct cs_node_settings *settings;
    struct cs_https_url url;
    struct pending *first;
    size_t n, bytes;
    struct call calls[CALLS];
    bool started;
    unsigned open;
    void (*stopped)(cs_node *node);
};

/* ---- the list ----------------------------------------------------------------- */

static struct pending **at_id(struct cs_approval *a, uint64_t id)
{
    struct pending **at = &a->first;

    while (*at != NULL && (*at)->id != id) {
        at = &(*at)->next;
    }
    return at;
}

static void drop(struct cs_approval *a, struct pending **at)
{
    struct pending *p = *at;

    *at = p->next;
    a->n--;
    a->bytes -= p->json.n;
    cs_wr_free(&p->json);
    cs_free(p);
}

/* The hook may never answer what it put off; the core has refused it by itself. */
static void drop_late(struct cs_approval *a)
{
    struct pending **at = &a->first;

    while (*at != NULL) {
        if ((*at)->stage == STAGE_HELD && (*at)->deadline <= cs_os_now_ms()) {
            drop(a, at);
        } else {
            at = &(*at)->next;
        }
    }
}

static void say(struct cs_approval *a, uint64_t id, enum cs_err err, const char *reason)
{
    struct cs_keeper *k = &a->node->keeper;

    if (k->host != NULL && !k->host_closing) {
        cs_host_verdict(k->host, id, err, reason);
    }
}

static void settle(struct cs_approval *a, uint64_t id, enum cs_err err,
                   const char *reason)
{
    struct pending **at = at_id(a, id);

    if (*at != NULL) {
        drop(a, at);
        say(a, id, err, reason);
    }
}

/* ---- the callback ------------------------------------------------------------- */

static void pump(struct cs_approval *a);

static bool is_connection(enum cs_err err)
{
    return err == CS_ERR_CONN || err == CS_ERR_DNS;
}

static void on_answer(void *ctx, const struct cs_https_answer *answer);

/* Sends what the call has composed, in the time that its question has left. */
static enum cs_err send_call(struct call *c, uint64_t deadline, struct cs_why *why)
{
    char signature[CS_APPROVAL_SIGNATURE];
    uint64_t now = cs_os_now_ms();
    struct cs_https_header h[] = {
        {"content-type", CS_SPAN_LIT("application/json")},
        {"x-cloudsign-time", CS_SPAN(c->sent.time, strlen(c->sent.time))},
        {"x-cloudsign-nonce", CS_SPAN(c->sent.nonce, strlen(c->sent.nonce))},
        {"x-cloudsign-signature", {NULL, 0}},
    };
    struct cs_https_request req = {.url = &c->a->url,
                                   .method = "POST",
                                   .headers = h,
                                   .n_headers = CS_COUNTOF(h) - 1,
                                   .body = cs_wr_get(&c->sent.body),
                                   .body_max = CS_APPROVAL_ANSWER_MAX};

    if (now + LEAST_MS >= deadline) {
        return cs_why(why, CS_ERR_APPROVAL_TIMEOUT, "%s",
                      cs_err_text(CS_ERR_APPROVAL_TIMEOUT));
    }
    cs_approval_sign(signature, &c->a->settings->approval, &c->sent);
    if (signature[0] != '\0') {
        h[req.n_headers++].value = CS_SPAN(signature, strlen(signature));
    }
    req.time_ms = (uint32_t)(deadline - now);
    return cs_https_ask(c->https, &req, on_answer, c, why);
}

static void end_call(struct call *c, enum cs_err err, const char *reason)
{
    uint64_t id = c->id;

    cs_wr_free(&c->sent.body);
    c->sent = (struct cs_approval_sent){.nonce = ""};
    c->id = 0;
    c->tried = false;
    settle(c->a, id, err, reason);
}

static void judge(struct call *c, const struct cs_https_answer *answer)
{
    char reason[CS_APPROVAL_REASON];
    enum cs_err err = CS_ERR_APPROVAL_FAILED;

    if (answer->err == CS_ERR_TIMEOUT) {
        err = CS_ERR_APPROVAL_TIMEOUT;
        (void)snprintf(reason, sizeof reason, "the callback did not answer in time");
    } else if (answer->err != CS_OK) {
        (void)snprintf(reason, sizeof reason, "the callback cannot be asked: %.200s",
                       answer->failure);
    } else if (answer->status != 200) {
        (void)snprintf(reason, sizeof reason, "the callback answers with status %d",
                       answer->status);
    } else {
        err = cs_approval_judge(&c->a->settings->approval, &c->sent, answer->body,
                                reason);
    }
    end_call(c, err, reason);
}

/* The very same bytes once more: if it was heard, its answer did not come whole, and
 * the nonce lets the endpoint see that it is the same question. */
static bool try_again(struct call *c, enum cs_err err)
{
    struct pending **at = at_id(c->a, c->id);
    struct cs_why why = {""};

    if (c->tried || !is_connection(err) || *at == NULL) {
        return false;
    }
    c->tried = true;
    return send_call(c, (*at)->deadline, &why) == CS_OK;
}

static void on_answer(void *ctx, const struct cs_https_answer *answer)
{
    struct call *c = ctx;
    const struct cs_log_target *before = cs_node_enter(c->a->node);

    if (!try_again(c, answer->err)) {
        judge(c, answer);
        pump(c->a);
    }
    cs_node_leave(before);
}

static void begin_call(struct call *c, struct pending *p)
{
    struct cs_why why = {""};
    uint8_t nonce[32];
    enum cs_err err;

    cs_os_random(NULL, nonce, sizeof nonce);
    p->stage = STAGE_CALLED;
    c->id = p->id;
    err = cs_approval_compose(&c->sent, cs_wr_get(&p->json),
                              cs_node_core_device_id(c->a->node->core), nonce,
                              cs_os_wall_ms());
    if (err == CS_OK) {
        err = send_call(c, p->deadline, &why);
    }
    if (err != CS_OK) {
        end_call(c, err, why.text[0] == '\0' ? cs_err_text(err) : why.text);
    }
}

/* Gives free calls what waits, the oldest first. */
static void pump(struct cs_approval *a)
{
    for (size_t i = 0; i < CALLS && a->node->core != NULL; i++) {
        struct pending *p = a->first;

        while (p != NULL && p->stage != STAGE_QUEUED) {
            p = p->next;
        }
        if (p == NULL) {
            return;
        }
        if (a->calls[i].id == 0) {
            begin_call(&a->calls[i], p);
        }
    }
}

/* ---- asking ------------------------------------------------------------------- */

bool cs_approval_ask(struct cs_approval *a, uint64_t id, struct cs_span json)
{
    struct pending **at, *p;

    drop_late(a);
    p = a->n < APPROVALS_MAX && a->bytes + json.n < BYTES_MAX ? cs_alloc(sizeof *p)
                                                              : NULL;
    if (p == NULL) {
        cs_log(CS_LOG_ERROR, "approval",
               "too many questions wait for the callback: this one is not asked");
        return false; /* the core's time limit refuses it */
    }
    p->id = id;
    p->stage = STAGE_HELD;
    p->deadline = cs_os_now_ms() + CS_CTL_APPROVAL_MS;
    cs_wr_span(&p->json, json);
    for (at = &a->first; *at != NULL; at = &(*at)->next) { /* oldest first */
    }
    *at = p;
    a->n++;
    a->bytes += p->json.n;
    return true;
}

void cs_approval_go(struct cs_approval *a, uint64_t id)
{
    struct pending *p = *at_id(a, id);

    if (p != NULL && p->stage == STAGE_HELD) {
        p->stage = STAGE_QUEUED;
        pump(a);
    }
}

void cs_approval_drop(struct cs_approval *a, uint64_t id)
{
    struct pending **at = at_id(a, id);

    if (*at != NULL && (*at)->stage == STAGE_HELD) {
        drop(a, at);
    }
}

void cs_approval_forget(struct cs_approval *a)
{
    for (size_t i = 0; i < CALLS; i++) {
        if (a->calls[i].https != NULL && a->calls[i].id != 0) {
            cs_https_cancel(a->calls[i].https);
        }
        cs_wr_free(&a->calls[i].sent.body);
        a->calls[i].sent = (struct cs_approval_sent){.nonce = ""};
        a->calls[i].id = 0;
        a->calls[i].tried = false;
    }
    while (a->first != NULL) {
        drop(a, &a->first);
    }
}

/* ---- life --------------------------------------------------------------------- */

enum cs_err cs_approval_new(struct cs_approval **out, cs_node *node,
                            const struct cs_node_settings *settings, struct cs_why *why)
{
    struct cs_approval *a;

    *out = NULL;
    if (settings->approval_url[0] == '\0') {
        return CS_OK;
    }
    a = cs_alloc(sizeof *a);
    if (a == NULL) {
        return CS_ERR_NOMEM;
    }
    a->node = node;
    a->settings = settings;
    *out = a;
    return cs_https_url_parse(&a->url, settings->approval_url, "APPROVAL_CALLBACK_URL",
                              false, why);
}

static const char *or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

enum cs_err cs_approval_start(struct cs_approval *a, struct uv_loop_s *loop,
                              struct cs_why *why)
{
    const struct cs_node_settings *s = a->settings;
    struct cs_https_config cfg = {.loop = loop,
                                  .ca_file = or_null(s->approval_ca_file),
                                  .cert_file = or_null(s->approval_cert_file),
                                  .key_file = or_null(s->approval_key_file)};

    for (size_t i = 0; i < CALLS; i++) {
        a->calls[i].a = a;
        CS_CHECK(cs_https_new(&a->calls[i].https, &cfg, why));
    }
    a->started = true;
    return CS_OK;
}

static void on_closed(void *ctx)
{
    struct cs_approval *a = ctx;

    if (--a->open == 0 && a->stopped != NULL) {
        a->stopped(a->node);
    }
}

void cs_approval_stop(struct cs_approval *a, void (*stopped)(cs_node *node))
{
    cs_approval_forget(a);
    a->started = false;
    a->stopped = stopped;
    a->open = 1; /* this function */
    for (size_t i = 0; i < CALLS; i++) {
        if (a->calls[i].https != NULL) { /* without `stopped`, a may be freed before */
            a->open += stopped != NULL ? 1 : 0;
            cs_https_close(a->calls[i].https, stopped != NULL ? on_closed : NULL, a);
            a->calls[i].https = NULL;
        }
    }
    on_closed(a);
}

void cs_approval_free(struct cs_approval *a)
{
    if (a != NULL) {
        CS_ASSERT(!a->started);
        cs_approval_forget(a);
        cs_free(a);
    }
}
