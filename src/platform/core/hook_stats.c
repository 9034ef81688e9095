/* What metrics say of webhooks.  Counters are of this life of the program. */
#include "platform/core/core.h"
#include "platform/core/webhooks.h"

/* The first of each object waits the longest of its object, and is in the heap or in a
 * call; numbers rise. */
static const struct cs_hook_due *oldest(const struct cs_hooks *hooks)
{
    const struct cs_hook_due *due = NULL;

    for (size_t i = 0; i < hooks->n; i++) {
        for (size_t k = 0; k < hooks->list[i].n; k++) {
            const struct cs_hook_due *d = &hooks->list[i].heap[k];

            due = due == NULL || d->order < due->order ? d : due;
        }
    }
    for (size_t i = 0; i < CS_HOOK_CALLS; i++) {
        const struct cs_hook_call *c = &hooks->calls[i];

        if (c->is_used && (due == NULL || c->due.order < due->order)) {
            due = &c->due;
        }
    }
    return due;
}

/* ms since it was put into the queue; read from its record, one a scrape. */
static uint64_t age_of(const struct cs_platform_core *core,
                       const struct cs_hook_due *due)
{
    struct cs_wr w = {0};
    int64_t age = 0;
    json_t *d;

    if (cs_db_get(core->db, CS_PC_DELIVERY, CS_SPAN_OF(due->delivery), &w) == CS_OK) {
        d = json_loadb((const char *)w.p, w.n, 0, NULL);
        age = core->wall_ms + CS_HOOK_LIFE_MS - cs_js_num(d, "_end");
        json_decref(d);
    }
    cs_wr_free(&w);
    return age > 0 ? (uint64_t)age : 0;
}

void cs_hooks_stats(const struct cs_platform_core *core, struct cs_platform_stats *out)
{
    const struct cs_hooks *hooks = core->hooks;
    const struct cs_hook_due *due;

    if (hooks == NULL) {
        return;
    }
    out->hooks = hooks->n;
    out->hooks_waiting = hooks->pending;
    due = oldest(hooks);
    out->hook_oldest_ms = due == NULL ? 0 : age_of(core, due);
}

void cs_hooks_count(struct cs_platform_core *core, bool ok, int status)
{
    enum cs_hook_failure f = status == 0     ? CS_HOOK_NO_ANSWER
                             : status >= 500 ? CS_HOOK_5XX
                             : status >= 400 ? CS_HOOK_4XX
                                             : CS_HOOK_OTHER;

    if (ok) {
        core->stats.hook_delivered++;
    } else {
        core->stats.hook_failed[f]++;
    }
}
