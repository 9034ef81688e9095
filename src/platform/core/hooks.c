/* Webhooks in memory: who wants what, and what is due when.  See webhooks.h. */
#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "platform/core/api.h"
#include "platform/core/webhooks.h"

enum { QUEUE_KEY = 2 * CS_PC_ID + 8 };

static const struct {
    const char *word;
    uint8_t table;
    enum cs_pc_perm perm;
} domains[CS_HOOK_DOMAINS + 1] = {
    [CS_HOOK_TRANSACTION] = {"TRANSACTION", CS_PC_TX, CS_PERM_TX_READ},
    [CS_HOOK_WALLET] = {"WALLET", CS_PC_WALLET, CS_PERM_WALLETS_READ},
    [CS_HOOK_APPROVAL] = {"APPROVAL", CS_PC_APPROVAL, CS_PERM_APPROVALS_READ},
    [CS_HOOK_DEVICE] = {"DEVICE", CS_PC_DEVICE, CS_PERM_DEVICES_READ},
    [CS_HOOK_QUORUM] = {"QUORUM", CS_PC_QUORUM, CS_PERM_QUORUMS_READ},
    [CS_HOOK_SESSION] = {"SESSION", CS_PC_SET, CS_PERM_QUORUMS_READ},
    [CS_HOOK_TEST] = {"TEST", 0, CS_PERM_WEBHOOKS_READ},
};

const char *cs_hook_domain_word(enum cs_hook_domain d)
{
    return domains[d].word;
}

enum cs_pc_perm cs_hook_domain_perm(enum cs_hook_domain d)
{
    return domains[d].perm;
}

bool cs_hook_domain_parse(enum cs_hook_domain *d, const char *word)
{
    for (unsigned i = 0; i < CS_HOOK_DOMAINS; i++) {
        if (strcmp(domains[i].word, word) == 0) {
            *d = (enum cs_hook_domain)i;
            return true;
        }
    }
    return false;
}

static enum cs_hook_domain domain_of(uint8_t table)
{
    unsigned d = 0;

    while (d < CS_HOOK_DOMAINS && domains[d].table != table) {
        d++;
    }
    return (enum cs_hook_domain)d;
}

static bool is_wanted(const struct cs_platform_core *core, enum cs_hook_domain d)
{
    return core->hooks != NULL && d < CS_HOOK_DOMAINS &&
           (core->hooks->domains >> d & 1U) != 0;
}

bool cs_hooks_wants_state(const struct cs_platform_core *core, uint8_t table)
{
    return is_wanted(core, domain_of(table));
}

/* ---- the heap of one webhook ------------------------------------------- */

static bool before(const struct cs_hook_due *a, const struct cs_hook_due *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void swap(struct cs_hook_due *a, struct cs_hook_due *b)
{
    struct cs_hook_due t = *a;

    *a = *b;
    *b = t;
}

static void grow(struct cs_hook *h)
{
    size_t cap = h->cap == 0 ? 16 : 2 * h->cap;
    struct cs_hook_due *p = cs_alloc_array(cap, sizeof *p);

    CS_ASSERT(p != NULL);
    if (h->n > 0) {
        memcpy(p, h->heap, h->n * sizeof *p);
    }
    cs_free(h->heap);
    h->heap = p;
    h->cap = cap;
}

void cs_hook_heap_push(struct cs_hook *h, const struct cs_hook_due *d)
{
    size_t i = h->n;

    if (h->n == h->cap) {
        grow(h); /* at most one entry a delivery, and those are bounded */
    }
    h->heap[h->n++] = *d;
    for (; i > 0 && before(&h->heap[i], &h->heap[(i - 1) / 2]); i = (i - 1) / 2) {
        swap(&h->heap[i], &h->heap[(i - 1) / 2]);
    }
}

struct cs_hook_due cs_hook_heap_pop(struct cs_hook *h)
{
    struct cs_hook_due top = h->heap[0];
    size_t i = 0, child;

    CS_ASSERT(h->n > 0);
    h->heap[0] = h->heap[--h->n];
    while ((child = 2 * i + 1) < h->n) {
        child += child + 1 < h->n && before(&h->heap[child + 1], &h->heap[child]);
        if (!before(&h->heap[child], &h->heap[i])) {
            break;
        }
        swap(&h->heap[i], &h->heap[child]);
        i = child;
    }
    return top;
}

/* ---- the list ---------------------------------------------------------- */

struct cs_hook *cs_hook_find(struct cs_platform_core *core, const uint8_t id[CS_PC_ID])
{
    struct cs_hooks *hs = core->hooks;

    for (size_t i = 0; hs != NULL && i < hs->n; i++) {
        if (memcmp(hs->list[i].id, id, CS_PC_ID) == 0) {
            return &hs->list[i];
        }
    }
    return NULL;
}

static void note_domains(struct cs_hooks *hs)
{
    hs->domains = 0;
    for (size_t i = 0; i < hs->n; i++) {
        hs->domains |= hs->list[i].domains;
    }
}

void cs_hooks_refresh(struct cs_platform_core *core, const json_t *webhook)
{
    struct cs_hooks *hs = core->hooks;
    const json_t *subs = json_object_get(webhook, "subscriptions");
    uint8_t id[CS_PC_ID];
    struct cs_hook *h;

    CS_ASSERT(cs_js_id(webhook, "id", id));
    h = cs_hook_find(core, id);
    if (h == NULL) {
        CS_ASSERT(hs->n < CS_HOOKS_MAX);
        h = &hs->list[hs->n++];
        *h = (struct cs_hook){.domains = 0};
        memcpy(h->id, id, sizeof h->id);
    }
    h->domains = 0;
    for (size_t i = 0; i < json_array_size(subs); i++) {
        const json_t *config = json_object_get(json_array_get(subs, i), "config");
        enum cs_hook_domain d;

        if (cs_hook_domain_parse(&d, cs_js_text(config, "domain"))) {
            h->domains |= UINT32_C(1) << d;
        }
    }
    note_domains(hs);
}

void cs_hooks_forget(struct cs_platform_core *core, const uint8_t id[CS_PC_ID])
{
    struct cs_hooks *hs = core->hooks;
    struct cs_hook *h = cs_hook_find(core, id);

    if (h != NULL) {
        hs->pending -= h->pending;
        cs_free(h->heap);
        *h = hs->list[--hs->n];
        hs->list[hs->n] = (struct cs_hook){.n = 0};
        note_domains(hs);
    }
    cs_pc_timer_raw(core, CS_TIMER_HOOK_PURGE, id, 0, core->wall_ms + 1);
}

void cs_hooks_free(struct cs_platform_core *core)
{
    struct cs_hooks *hs = core->hooks;

    for (size_t i = 0; hs != NULL && i < hs->n; i++) {
        cs_free(hs->list[i].heap);
    }
    cs_free(hs);
    core->hooks = NULL;
}

/* ---- reading the queue at the start ------------------------------------ */

/* The row under key; the first of each object is what may be due. */
static void take_row(struct cs_hook *h, const struct cs_wr *key,
                     const struct cs_wr *value, uint8_t last[CS_PC_ID], bool *any)
{
    struct cs_hook_due d;
    struct cs_rd r = CS_RD(cs_wr_get(key));
    uint8_t hook[CS_PC_ID];

    cs_rd_copy(&r, hook, sizeof hook);
    cs_rd_copy(&r, d.object, sizeof d.object);
    d.order = cs_rd_u64(&r);
    r = CS_RD(cs_wr_get(value));
    cs_rd_copy(&r, d.delivery, sizeof d.delivery);
    d.at = (int64_t)cs_rd_u64(&r);
    h->pending++;
    if (!*any || memcmp(last, d.object, sizeof d.object) != 0) {
        cs_hook_heap_push(h, &d);
    }
    memcpy(last, d.object, sizeof d.object);
    *any = true;
}

static void read_queue(struct cs_platform_core *core, struct cs_hook *h)
{
    struct cs_span prefix = CS_SPAN_OF(h->id);
    struct cs_wr from = {0}, key = {0}, value = {0};
    uint8_t last[CS_PC_ID];
    bool any = false;

    cs_wr_span(&from, prefix);
    while (cs_pc_raw_next(core, CS_PC_HOOKQ, prefix, cs_wr_get(&from), any, &key,
                          &value) &&
           key.n == QUEUE_KEY) {
        take_row(h, &key, &value, last, &any);
        cs_wr_reset(&from);
        cs_wr_span(&from, cs_wr_get(&key));
        cs_wr_reset(&key);
        cs_wr_reset(&value);
    }
    cs_wr_free(&from);
    cs_wr_free(&key);
    cs_wr_free(&value);
}

void cs_hooks_start(struct cs_platform_core *core)
{
    struct cs_pc_walk w = {.kind = CS_IX_WEBHOOKS, .scope = cs_pc_scope("", "")};
    struct cs_hooks *hs = cs_alloc(sizeof *hs);

    CS_ASSERT(hs != NULL);
    core->hooks = hs;
    while (hs->n < CS_HOOKS_MAX && cs_pc_walk_next(core, &w)) {
        json_t *rec = cs_pc_get(core, CS_PC_WEBHOOK, w.id);

        if (rec != NULL && !cs_js_true(rec, "_deleted")) {
            cs_hooks_refresh(core, rec);
            read_queue(core, &hs->list[hs->n - 1]);
            hs->pending += hs->list[hs->n - 1].pending;
        }
        json_decref(rec);
    }
}

/* ---- what happens ------------------------------------------------------ */

/* Who has said what; not what it is counted by. */
static json_t *votes_view(const json_t *votes)
{
    static const char *const shown[] = {"userId", "status", "at"};
    json_t *list = cs_js_arr();

    for (size_t i = 0; i < json_array_size(votes); i++) {
        const json_t *v = json_array_get(votes, i);
        json_t *o = cs_js_obj();

        for (size_t k = 0; k < CS_COUNTOF(shown); k++) {
            cs_js_str(o, shown[k], cs_js_text(v, shown[k]));
        }
        cs_js_set(o, "reasons", json_deep_copy(json_object_get(v, "reasons")));
        cs_js_push(list, o);
    }
    return list;
}

/* What waits is for approvers to read, who have signed in. */
static json_t *approval_view(const json_t *rec)
{
    json_t *o = cs_js_public(rec);

    cs_js_del(o, "proposed");
    cs_js_del(o, "lines");
    cs_js_set(o, "votes", votes_view(json_object_get(rec, "votes")));
    return o;
}

static json_t *view_of(struct cs_platform_core *core, enum cs_hook_domain d,
                       const json_t *rec, bool is_short)
{
    struct cs_api a = {.core = core, .actor = "", .who = {.id = "", .name = ""}};

    switch (d) {
    case CS_HOOK_TRANSACTION:
        return cs_tx_view(rec, is_short);
    case CS_HOOK_WALLET:
        return cs_wallet_view(rec);
    case CS_HOOK_DEVICE:
        return cs_device_view(&a, rec);
    case CS_HOOK_QUORUM:
        return cs_quorum_view(&a, rec);
    case CS_HOOK_SESSION:
        return cs_set_view(&a, rec);
    case CS_HOOK_APPROVAL:
    case CS_HOOK_DOMAINS:
        break;
    }
    return approval_view(rec);
}

/* Many signatures cost as many verifications: a list's view does without. */
static char *body_of(struct cs_platform_core *core, enum cs_hook_domain d,
                     const uint8_t id[CS_PC_ID])
{
    json_t *rec = cs_pc_get(core, domains[d].table, id), *view;
    bool is_tx = d == CS_HOOK_TRANSACTION;
    bool is_short = is_tx && rec != NULL && cs_tx_cost(rec, false) > 8;
    char *body;

    if (rec == NULL) {
        return NULL;
    }
    view = view_of(core, d, rec, is_short);
    body = cs_hook_body(core, d, view);
    if (is_tx && !is_short && strlen(body) > CS_HOOK_VIEW_MAX) {
        cs_free(body);
        json_decref(view);
        view = view_of(core, d, rec, true);
        body = cs_hook_body(core, d, view);
    }
    json_decref(view);
    json_decref(rec);
    return body;
}

void cs_hooks_event(struct cs_platform_core *core, const struct cs_hook_event *ev)
{
    enum cs_hook_domain d = domain_of(ev->table);
    char *body;

    if (!is_wanted(core, d) ||
        ((d == CS_HOOK_TRANSACTION || d == CS_HOOK_WALLET) && !ev->is_state_change)) {
        return;
    }
    body = body_of(core, d, ev->object);
    for (size_t i = 0; body != NULL && i < core->hooks->n; i++) {
        if ((core->hooks->list[i].domains >> d & 1U) != 0) {
            json_decref(cs_hook_enqueue(core, core->hooks->list[i].id, ev, body));
        }
    }
    cs_free(body);
}
