/* One attempt: a worker signs, then the glue calls.  See webhooks.h. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/p256.h"
#include "platform/core/webhooks.h"

#define JOB_BIT (UINT64_C(1) << 62) /* not one of later.c's */

enum { WHY_LEN = 200 };

/* ---- signing ----------------------------------------------------------- */

struct sign_job {
    struct cs_job job;
    uint8_t priv[CS_P256_PRIV], blind[32];
    char *body;    /* owned: what is posted */
    char head[64]; /* "<event>.<timestamp>." */
    char *payload; /* into body: the base64 that the vendor's signature is over */
    size_t payload_n;
    uint8_t sig[CS_P256_DER_MAX], own[CS_P256_DER_MAX];
    size_t sig_n, own_n;
    enum cs_err err;
};

/* Vendor's: over the text of "payload".  Ours: over event, time and the whole body. */
static void job_run(struct cs_job *job)
{
    struct sign_job *j = (struct sign_job *)(void *)job;
    struct cs_wr w = {0};

    j->err = cs_p256_sign(j->sig, &j->sig_n, j->priv, j->blind,
                          CS_SPAN(j->payload, j->payload_n));
    cs_wr_str(&w, j->head);
    cs_wr_str(&w, j->body);
    if (j->err == CS_OK) {
        j->err = w.err;
    }
    if (j->err == CS_OK) {
        j->err = cs_p256_sign(j->own, &j->own_n, j->priv, j->blind, cs_wr_get(&w));
    }
    cs_wr_free(&w);
    cs_wipe(j->priv, sizeof j->priv);
}

static void job_free(struct cs_job *job)
{
    struct sign_job *j = (struct sign_job *)(void *)job;

    cs_free(j->body);
    cs_free_wiped(j, sizeof *j);
}

static char *copy(const char *text)
{
    size_t n = strlen(text) + 1;
    char *p = cs_alloc(n);

    CS_ASSERT(p != NULL);
    memcpy(p, text, n);
    return p;
}

/* Bodies are our own: cs_hook_body. */
static void find_payload(struct sign_job *j)
{
    static const char mark[] = "\"payload\":\"";
    char *p = strstr(j->body, mark);

    CS_ASSERT(p != NULL);
    j->payload = p + sizeof mark - 1;
    j->payload_n = strcspn(j->payload, "\"");
}

bool cs_hook_send(struct cs_platform_core *core, struct cs_hook_call *call,
                  const char **why)
{
    json_t *d = cs_pc_get(core, CS_PC_DELIVERY, call->due.delivery);
    json_t *hook = cs_pc_get(core, CS_PC_WEBHOOK, call->hook);
    struct sign_job *j = cs_alloc(sizeof *j);
    bool ok;

    CS_ASSERT(j != NULL);
    *why = "this platform has lost the key that opens the webhook's: make the webhook "
           "anew";
    ok = d != NULL && hook != NULL && cs_hook_key_open(core, hook, j->priv);
    if (ok) {
        j->job = (struct cs_job){
            .run = job_run, .free = job_free, .id = JOB_BIT | call->id};
        j->body = copy(cs_js_text(d, "_body"));
        cs_pc_random(core, j->blind, sizeof j->blind);
        (void)snprintf(j->head, sizeof j->head, "%s.%lld.", cs_js_text(d, "eventId"),
                       (long long)(core->wall_ms / 1000));
        find_payload(j);
        cs_emit_job(core->out, &j->job);
    } else {
        job_free(&j->job);
    }
    json_decref(d);
    json_decref(hook);
    return ok;
}

/* ---- calling ----------------------------------------------------------- */

static void put_b64(struct cs_wr *w, const char *name, const uint8_t *p, size_t n)
{
    cs_wr_str(w, name);
    cs_wr_b64(w, CS_SPAN(p, n));
    cs_wr_u8(w, '\n');
}

/* The time is the one that was signed. */
static void write_heads(struct cs_wr *w, const struct sign_job *j, const json_t *d)
{
    const char *time = strchr(j->head, '.') + 1;

    cs_wr_str(w, "content-type: application/json\n");
    put_b64(w, "signature: ", j->sig, j->sig_n);
    cs_wr_printf(w, "cloudsign-event-id: %s\n", cs_js_text(d, "eventId"));
    cs_wr_printf(w, "cloudsign-event-type: %s\n", cs_js_text(d, "type"));
    cs_wr_printf(w, "cloudsign-delivery-id: %s\n", cs_js_text(d, "id"));
    cs_wr_printf(w, "cloudsign-attempt: %lld\n",
                 (long long)cs_js_num(d, "attempts") + 1);
    cs_wr_printf(w, "cloudsign-timestamp: %.*s\n", (int)strcspn(time, "."), time);
    put_b64(w, "cloudsign-signature: v1=", j->own, j->own_n);
    cs_wr_u8(w, 0);
    CS_ASSERT(w->err == CS_OK);
}

static struct cs_hook_call *call_of(struct cs_platform_core *core, uint64_t id)
{
    for (size_t i = 0; core->hooks != NULL && i < CS_HOOK_CALLS; i++) {
        struct cs_hook_call *c = &core->hooks->calls[i];

        if (c->is_used && c->id == id) {
            return c;
        }
    }
    return NULL;
}

/* The slot is free again; what the call led to is written. */
static void over(struct cs_platform_core *core, struct cs_hook_call *call, bool ok,
                 int status, const char *why)
{
    struct cs_hook *h = cs_hook_find(core, call->hook);
    struct cs_hook_call c = *call;

    *call = (struct cs_hook_call){.is_used = false};
    if (h != NULL) {
        h->in_flight--;
    }
    cs_hook_outcome(core, &c, ok, status, why);
}

bool cs_hooks_job_done(struct cs_platform_core *core, struct cs_job *job)
{
    struct sign_job *j = (struct sign_job *)(void *)job;
    struct cs_hook_call *call;
    json_t *d = NULL, *hook = NULL;
    struct cs_wr heads = {0};

    if ((job->id & JOB_BIT) == 0) {
        return false;
    }
    call = call_of(core, job->id & ~JOB_BIT);
    if (call != NULL && j->err != CS_OK) {
        over(core, call, false, 0, cs_err_text(j->err));
    } else if (call != NULL) {
        d = cs_pc_get(core, CS_PC_DELIVERY, call->due.delivery);
        hook = cs_pc_get(core, CS_PC_WEBHOOK, call->hook);
    }
    if (d != NULL && hook != NULL && cs_hook_find(core, call->hook) != NULL) {
        write_heads(&heads, j, d);
        call->is_signed = true;
        cs_emit_call(core->out, call->id, cs_js_text(hook, "endpoint"),
                     (const char *)heads.p, CS_SPAN(j->body, strlen(j->body)));
    } else if (call != NULL && call->is_used) {
        over(core, call, false, 0, "the webhook is gone");
    }
    cs_wr_free(&heads);
    json_decref(d);
    json_decref(hook);
    job_free(job);
    return true;
}

void cs_hooks_called(struct cs_platform_core *core, const struct cs_event *ev)
{
    struct cs_hook_call *call = call_of(core, ev->conn);
    char why[WHY_LEN];
    bool ok = ev->err == CS_OK && ev->status >= 200 && ev->status < 300;

    if (call == NULL) {
        return; /* given up meanwhile */
    }
    if (ev->err != CS_OK) {
        (void)snprintf(why, sizeof why, "%.*s",
                       (int)(ev->data.n < WHY_LEN ? ev->data.n : WHY_LEN - 1),
                       (const char *)ev->data.p);
        cs_text_plain(why, '\0');
    } else if (ev->status >= 300 && ev->status < 400) {
        (void)snprintf(why, sizeof why,
                       "the endpoint answered %d: redirects are not followed",
                       ev->status);
    } else {
        (void)snprintf(why, sizeof why, "the endpoint answered %d", ev->status);
    }
    over(core, call, ok, ev->err == CS_OK ? ev->status : 0, why);
}

/* ---- giving out -------------------------------------------------------- */

static struct cs_hook_call *free_call(struct cs_hooks *hs)
{
    for (size_t i = 0; i < CS_HOOK_CALLS; i++) {
        if (!hs->calls[i].is_used) {
            return &hs->calls[i];
        }
    }
    return NULL;
}

static int64_t due_at(const struct cs_hook *h)
{
    int64_t at;

    if (h->n == 0 || h->in_flight >= CS_HOOK_CALLS_ONE) {
        return INT64_MAX;
    }
    at = h->heap[0].at;
    return at > h->hold_until ? at : h->hold_until;
}

/* The next webhook in turn that has something due. */
static struct cs_hook *next_due(struct cs_platform_core *core)
{
    struct cs_hooks *hs = core->hooks;

    for (size_t i = 0; i < hs->n; i++) {
        struct cs_hook *h = &hs->list[(hs->turn + i) % hs->n];

        if (due_at(h) <= core->wall_ms) {
            hs->turn = (hs->turn + i + 1) % hs->n;
            return h;
        }
    }
    return NULL;
}

static void start(struct cs_platform_core *core, struct cs_hook *h,
                  struct cs_hook_call *call)
{
    const char *why = "";

    *call = (struct cs_hook_call){.is_used = true,
                                  .id = ++core->hooks->next_id,
                                  .lost_at = core->now_ms + CS_HOOK_LOST_MS,
                                  .due = cs_hook_heap_pop(h)};
    memcpy(call->hook, h->id, sizeof call->hook);
    h->in_flight++;
    if (!cs_hook_send(core, call, &why)) {
        over(core, call, false, 0, why);
    }
}

/* A call that never tells how it ended must not keep its place for ever. */
static void give_up_lost(struct cs_platform_core *core)
{
    for (size_t i = 0; i < CS_HOOK_CALLS; i++) {
        struct cs_hook_call *c = &core->hooks->calls[i];

        if (c->is_used && core->now_ms >= c->lost_at) {
            over(core, c, false, 0, "nothing was heard of the call");
        }
    }
}

void cs_hooks_run(struct cs_platform_core *core)
{
    struct cs_hook_call *call;
    struct cs_hook *h;

    if (core->hooks == NULL || core->stopping) {
        return;
    }
    give_up_lost(core);
    for (int i = 0; i < CS_HOOK_CALLS && core->broken == CS_OK; i++) {
        call = free_call(core->hooks);
        h = call == NULL ? NULL : next_due(core);
        if (h == NULL) {
            return;
        }
        start(core, h, call);
    }
}

uint64_t cs_hooks_deadline(const struct cs_platform_core *core)
{
    const struct cs_hooks *hs = core->hooks;
    bool has_room = false;
    uint64_t at = UINT64_MAX;
    int64_t wall = INT64_MAX;

    for (size_t i = 0; hs != NULL && i < CS_HOOK_CALLS; i++) {
        has_room |= !hs->calls[i].is_used;
        if (hs->calls[i].is_used && hs->calls[i].lost_at < at) {
            at = hs->calls[i].lost_at;
        }
    }
    for (size_t i = 0; has_room && i < hs->n; i++) {
        wall = due_at(&hs->list[i]) < wall ? due_at(&hs->list[i]) : wall;
    }
    if (wall != INT64_MAX) {
        uint64_t due = wall <= core->wall_ms
                           ? core->now_ms
                           : core->now_ms + (uint64_t)(wall - core->wall_ms);

        at = due < at ? due : at;
    }
    return at;
}
