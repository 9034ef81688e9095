/* Deliveries: written, tried, finished, trimmed.  See webhooks.h. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "base/text.h"
#include "platform/core/api.h"
#include "platform/core/feed.h"
#include "platform/core/webhooks.h"

/* ---- texts ------------------------------------------------------------- */

char *cs_hook_body(struct cs_platform_core *core, enum cs_hook_domain d,
                   const json_t *view)
{
    struct cs_wr json = {0}, b64 = {0}, w = {0};
    char at[CS_PC_TIME_LEN];
    size_t n;

    cs_json_write(&json, view);
    cs_wr_b64(&b64, cs_wr_get(&json));
    cs_wr_printf(&w, "{\"domain\":\"%s\",\"timestamp\":\"%s\",\"payload\":\"",
                 cs_hook_domain_word(d), cs_pc_time(at, core->wall_ms));
    cs_wr_span(&w, cs_wr_get(&b64));
    cs_wr_bytes(&w, "\"}", 3); /* with its NUL */
    CS_ASSERT(json.err == CS_OK && b64.err == CS_OK && w.err == CS_OK);
    cs_wr_free(&json);
    cs_wr_free(&b64);
    return (char *)cs_wr_take(&w, &n);
}

json_t *cs_hook_delivery_view(const json_t *delivery)
{
    return cs_js_public(delivery);
}

/* ---- rows -------------------------------------------------------------- */

static void queue_key(struct cs_wr *w, const uint8_t hook[CS_PC_ID],
                      const struct cs_hook_due *d)
{
    cs_wr_bytes(w, hook, CS_PC_ID);
    cs_wr_bytes(w, d->object, CS_PC_ID);
    cs_wr_u64(w, d->order);
}

static void queue_put(struct cs_platform_core *core, const uint8_t hook[CS_PC_ID],
                      const struct cs_hook_due *d)
{
    struct cs_wr key = {0}, value = {0};

    queue_key(&key, hook, d);
    cs_wr_bytes(&value, d->delivery, CS_PC_ID);
    cs_wr_u64(&value, (uint64_t)d->at);
    cs_pc_raw_put(core, CS_PC_HOOKQ, cs_wr_get(&key), cs_wr_get(&value));
    cs_wr_free(&key);
    cs_wr_free(&value);
}

static void queue_del(struct cs_platform_core *core, const uint8_t hook[CS_PC_ID],
                      const struct cs_hook_due *d)
{
    struct cs_wr key = {0};

    queue_key(&key, hook, d);
    cs_pc_raw_del(core, CS_PC_HOOKQ, cs_wr_get(&key));
    cs_wr_free(&key);
}

/* The first that waits for this object; false: none does. */
static bool queue_first(struct cs_platform_core *core, const uint8_t hook[CS_PC_ID],
                        const uint8_t object[CS_PC_ID], struct cs_hook_due *out)
{
    struct cs_wr prefix = {0}, key = {0}, value = {0};
    struct cs_rd r;
    bool ok;

    cs_wr_bytes(&prefix, hook, CS_PC_ID);
    cs_wr_bytes(&prefix, object, CS_PC_ID);
    ok = cs_pc_raw_next(core, CS_PC_HOOKQ, cs_wr_get(&prefix), cs_wr_get(&prefix),
                        false, &key, &value) &&
         key.n == 2 * CS_PC_ID + 8;
    if (ok) {
        memcpy(out->object, object, CS_PC_ID);
        r = CS_RD(CS_SPAN(key.p + (size_t)2 * CS_PC_ID, 8));
        out->order = cs_rd_u64(&r);
        r = CS_RD(cs_wr_get(&value));
        cs_rd_copy(&r, out->delivery, CS_PC_ID);
        out->at = (int64_t)cs_rd_u64(&r);
    }
    cs_wr_free(&prefix);
    cs_wr_free(&key);
    cs_wr_free(&value);
    return ok;
}

static void save(struct cs_platform_core *core, const json_t *delivery)
{
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(delivery, "id", id));
    cs_pc_put(core, CS_PC_DELIVERY, id, delivery);
}

static struct cs_pc_scope scope_of(const json_t *delivery)
{
    return cs_pc_scope(cs_js_text(delivery, "webhookId"), "");
}

/* ---- the log ----------------------------------------------------------- */

static void unfinish(struct cs_platform_core *core, const json_t *delivery)
{
    uint64_t done = (uint64_t)cs_js_num(delivery, "_done");

    cs_pc_index_del(core, CS_IX_DELIVERIES_DONE, scope_of(delivery), done);
    cs_pc_index_del(core, CS_IX_DELIVERIES_ALL, cs_pc_scope("", ""), done);
}

static void forget(struct cs_platform_core *core, const uint8_t id[CS_PC_ID])
{
    json_t *d = cs_pc_get(core, CS_PC_DELIVERY, id);

    if (d != NULL) {
        unfinish(core, d);
        cs_pc_index_del(core, CS_IX_DELIVERIES, scope_of(d),
                        (uint64_t)cs_js_num(d, "_seq"));
        cs_pc_raw_del(core, CS_PC_DELIVERY, CS_SPAN(id, CS_PC_ID));
    }
    json_decref(d);
}

/* The oldest finished ones go. */
static void trim(struct cs_platform_core *core, enum cs_pc_index kind,
                 struct cs_pc_scope scope, uint64_t max)
{
    struct cs_pc_walk w = {.kind = kind, .scope = scope};

    if (cs_pc_index_count(core, kind, scope) > max && cs_pc_walk_next(core, &w)) {
        forget(core, w.id);
    }
}

/* Into the log: one in, one out. */
static void finish(struct cs_platform_core *core, json_t *d, const char *status)
{
    uint64_t done = cs_pc_next_seq(core);
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(d, "id", id));
    cs_js_str(d, "status", status);
    cs_js_del(d, "nextAttemptAt");
    cs_js_int(d, "_done", (int64_t)done);
    cs_pc_index_add(core, CS_IX_DELIVERIES_DONE, scope_of(d), done, id);
    cs_pc_index_add(core, CS_IX_DELIVERIES_ALL, cs_pc_scope("", ""), done, id);
    save(core, d);
    trim(core, CS_IX_DELIVERIES_DONE, scope_of(d), CS_HOOK_DONE_MAX);
    trim(core, CS_IX_DELIVERIES_ALL, cs_pc_scope("", ""), CS_HOOK_DONE_ALL);
}

/* ---- in ---------------------------------------------------------------- */

static json_t *make(struct cs_platform_core *core, const struct cs_hook *h,
                    const struct cs_hook_event *ev, const char *body)
{
    json_t *d = cs_js_obj();
    uint8_t id[CS_PC_ID];
    char event[24];

    cs_pc_new_id(core, id);
    (void)snprintf(event, sizeof event, "%llu", (unsigned long long)ev->id);
    cs_js_uuid(d, "id", id);
    cs_js_uuid(d, "webhookId", h->id);
    cs_js_str(d, "eventId", event);
    cs_js_str(d, "type", ev->type);
    cs_js_uuid(d, "objectId", ev->object);
    cs_js_time(d, "at", core->wall_ms);
    cs_js_int(d, "_seq", (int64_t)cs_pc_next_seq(core));
    cs_js_str(d, "_body", body);
    return d;
}

/* Into the queue, behind what waits for the same object. */
static void queue_in(struct cs_platform_core *core, struct cs_hook *h, json_t *d)
{
    struct cs_hook_due due = {.at = core->wall_ms, .order = cs_pc_next_seq(core)};
    struct cs_hook_due first;
    bool is_first;

    CS_ASSERT(cs_js_id(d, "id", due.delivery) && cs_js_id(d, "objectId", due.object));
    is_first = !queue_first(core, h->id, due.object, &first);
    cs_js_str(d, "status", "PENDING");
    cs_js_int(d, "attempts", 0);
    cs_js_int(d, "lastStatus", 0);
    cs_js_str(d, "lastError", "");
    cs_js_time(d, "nextAttemptAt", due.at);
    cs_js_int(d, "_end", core->wall_ms + CS_HOOK_LIFE_MS);
    cs_js_int(d, "_order", (int64_t)due.order);
    queue_put(core, h->id, &due);
    save(core, d);
    h->pending++;
    core->hooks->pending++;
    if (is_first) {
        cs_hook_heap_push(h, &due);
    }
}

json_t *cs_hook_enqueue(struct cs_platform_core *core, const uint8_t hook[CS_PC_ID],
                        const struct cs_hook_event *ev, const char *body)
{
    struct cs_hook *h = cs_hook_find(core, hook);
    json_t *d;
    uint8_t id[CS_PC_ID];

    CS_ASSERT(h != NULL);
    d = make(core, h, ev, body);
    CS_ASSERT(cs_js_id(d, "id", id));
    cs_pc_index_add(core, CS_IX_DELIVERIES, scope_of(d), (uint64_t)cs_js_num(d, "_seq"),
                    id);
    if (h->pending < CS_HOOK_PENDING_MAX &&
        core->hooks->pending < CS_HOOK_PENDING_ALL) {
        queue_in(core, h, d);
        return d;
    }
    cs_js_int(d, "attempts", 0);
    cs_js_int(d, "lastStatus", 0);
    cs_js_str(d, "lastError",
              "too many deliveries wait: repair the endpoint, then replay this one");
    core->stats.hook_turned_away++;
    finish(core, d, "FAILED");
    return d;
}

/* The entry of memory comes forward; at most CS_HOOK_PENDING_MAX are looked at. */
static bool bring_forward(struct cs_platform_core *core, struct cs_hook *h,
                          const json_t *d)
{
    uint8_t id[CS_PC_ID];
    struct cs_hook_due due;
    bool found = false;

    CS_ASSERT(cs_js_id(d, "id", id));
    for (size_t i = 0; i < h->n && !found; i++) {
        found = memcmp(h->heap[i].delivery, id, CS_PC_ID) == 0;
        if (found) {
            due = h->heap[i];
            h->heap[i].at = INT64_MIN; /* to the top, then out */
            for (; i > 0; i = (i - 1) / 2) {
                struct cs_hook_due t = h->heap[i];

                h->heap[i] = h->heap[(i - 1) / 2];
                h->heap[(i - 1) / 2] = t;
            }
            (void)cs_hook_heap_pop(h);
            due.at = core->wall_ms;
            queue_put(core, h->id, &due);
            cs_hook_heap_push(h, &due);
        }
    }
    return found;
}

bool cs_hook_replay(struct cs_platform_core *core, json_t *delivery)
{
    uint8_t hook[CS_PC_ID];
    struct cs_hook *h;

    CS_ASSERT(cs_js_id(delivery, "webhookId", hook));
    h = cs_hook_find(core, hook);
    CS_ASSERT(h != NULL);
    h->hold_until = 0;
    if (cs_js_is(delivery, "status", "PENDING")) {
        if (!bring_forward(core, h, delivery)) {
            return false;
        }
        cs_js_time(delivery, "nextAttemptAt", core->wall_ms);
        save(core, delivery);
        return true;
    }
    unfinish(core, delivery);
    cs_js_del(delivery, "_done");
    cs_js_del(delivery, "deliveredAt");
    queue_in(core, h, delivery);
    return true;
}

/* ---- out --------------------------------------------------------------- */

/* 5 s, 10 s, 20 s .. 1 h, each up to a fifth less or more: many that failed together
 * do not come back together. */
static int64_t backoff(struct cs_platform_core *core, int64_t attempts)
{
    int64_t ms = CS_HOOK_RETRY_MS;
    uint8_t rnd[2];

    for (int64_t i = 1; i < attempts && ms < CS_HOOK_RETRY_MAX_MS; i++) {
        ms *= 2;
    }
    ms = ms < CS_HOOK_RETRY_MAX_MS ? ms : CS_HOOK_RETRY_MAX_MS;
    cs_pc_random(core, rnd, sizeof rnd);
    return ms * 4 / 5 + ms * 2 / 5 * (rnd[0] << 8 | rnd[1]) / 65535;
}

static void count(struct cs_platform_core *core, const struct cs_hook *h, bool ok,
                  bool tell)
{
    json_t *rec = cs_pc_get(core, CS_PC_WEBHOOK, h->id);
    const char *name = ok ? "successCount" : "failureCount";

    if (rec != NULL) {
        cs_js_int(rec, name, cs_js_num(rec, name) + 1);
        cs_js_time(rec, ok ? "lastSuccess" : "lastFailure", core->wall_ms);
        if (tell) {
            cs_feed_note(core, CS_PC_WEBHOOK, h->id, rec);
        }
        cs_pc_put(core, CS_PC_WEBHOOK, h->id, rec);
    }
    json_decref(rec);
}

/* A webhook that only fails is left alone for a while, so that it does not keep the
 * calls of others waiting. */
static void hold(struct cs_platform_core *core, struct cs_hook *h, bool ok)
{
    int64_t ms = 1000;

    h->fails = ok ? 0 : h->fails + 1;
    for (unsigned i = 1; i < h->fails && ms < CS_HOOK_HOLD_MAX_MS; i++) {
        ms *= 2;
    }
    ms = ms < CS_HOOK_HOLD_MAX_MS ? ms : CS_HOOK_HOLD_MAX_MS;
    h->hold_until = ok ? 0 : core->wall_ms + ms;
}

/* It is over: the next one of the same object may be due. */
static void leave(struct cs_platform_core *core, struct cs_hook *h,
                  const struct cs_hook_due *due)
{
    struct cs_hook_due next;

    queue_del(core, h->id, due);
    h->pending--;
    core->hooks->pending--;
    if (queue_first(core, h->id, due->object, &next)) {
        cs_hook_heap_push(h, &next);
    }
}

static void again(struct cs_platform_core *core, struct cs_hook *h,
                  const struct cs_hook_due *was, json_t *d)
{
    struct cs_hook_due due = *was;
    int64_t end = cs_js_num(d, "_end");

    due.at = core->wall_ms + backoff(core, cs_js_num(d, "attempts"));
    due.at = due.at < end ? due.at : end; /* one last time */
    cs_js_time(d, "nextAttemptAt", due.at);
    save(core, d);
    queue_put(core, h->id, &due);
    cs_hook_heap_push(h, &due);
}

void cs_hook_outcome(struct cs_platform_core *core, const struct cs_hook_call *call,
                     bool ok, int status, const char *why)
{
    struct cs_hook *h = cs_hook_find(core, call->hook);
    json_t *d = h == NULL ? NULL : cs_pc_get(core, CS_PC_DELIVERY, call->due.delivery);
    bool is_over;

    if (d == NULL) { /* the webhook was deleted meanwhile */
        return;
    }
    is_over = ok || core->wall_ms >= cs_js_num(d, "_end");
    cs_js_int(d, "attempts", cs_js_num(d, "attempts") + 1);
    cs_js_int(d, "lastStatus", status);
    cs_js_str(d, "lastError", ok ? "" : why);
    hold(core, h, ok);
    cs_hooks_count(core, ok, status);
    if (ok) {
        cs_js_time(d, "deliveredAt", core->wall_ms);
    }
    if (is_over) {
        leave(core, h, &call->due);
        finish(core, d, ok ? "DELIVERED" : "FAILED");
        core->stats.hook_given_up += ok ? 0 : 1;
    } else {
        again(core, h, &call->due, d);
    }
    count(core, h, ok, is_over);
    json_decref(d);
}

/* ---- a deleted webhook ------------------------------------------------- */

static void purge_one(struct cs_platform_core *core, const uint8_t hook[CS_PC_ID],
                      const uint8_t id[CS_PC_ID])
{
    json_t *d = cs_pc_get(core, CS_PC_DELIVERY, id);
    struct cs_hook_due due = {.order = 0};

    if (d != NULL && cs_js_is(d, "status", "PENDING") &&
        cs_js_id(d, "objectId", due.object)) {
        due.order = (uint64_t)cs_js_num(d, "_order");
        queue_del(core, hook, &due);
    }
    json_decref(d);
    forget(core, id);
}

void cs_hook_purge(struct cs_platform_core *core, const uint8_t id[CS_PC_ID])
{
    char text[CS_UUID_LEN];
    struct cs_pc_walk w = {.kind = CS_IX_DELIVERIES,
                           .scope = cs_pc_scope(cs_uuid_text(text, id), "")};
    int n = 0;

    while (n < CS_HOOK_PURGE && cs_pc_walk_next(core, &w)) {
        purge_one(core, id, w.id);
        n++;
    }
    if (n == CS_HOOK_PURGE) {
        cs_pc_timer_raw(core, CS_TIMER_HOOK_PURGE, id, 0, core->wall_ms + 20);
    }
}
