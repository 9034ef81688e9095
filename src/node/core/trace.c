/* How an attempt at a signature went, for the timeline that people read: who accepted
 * it, each round, and when.  It rides on the event that ends the attempt, so it costs
 * no frame and no commit.  Nothing is decided by it. */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

static bool has(const struct cs_ctl_trace *t, uint8_t party, const char *step)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->steps[i].index == party && strcmp(t->steps[i].step, step) == 0) {
            return true;
        }
    }
    return false;
}

/* Of many items the first counts. */
void cs_nd_trace(const struct cs_node_core *n, struct work *w, uint8_t party,
                 const char *step)
{
    struct cs_ctl_trace *t = &w->trace;
    struct cs_ctl_trace_step *s;

    if (w->kind != WORK_SIGN || t->n == CS_CTL_TRACE || has(t, party, step)) {
        return;
    }
    s = &t->steps[t->n++];
    s->before_ms = (uint32_t)(n->now - w->begun); /* an attempt has a minute or two */
    s->index = party;
    (void)snprintf(s->step, sizeof s->step, "%s", step);
}

void cs_nd_trace_round(const struct cs_node_core *n, struct work *w, uint8_t party,
                       unsigned round)
{
    char step[24];

    (void)snprintf(step, sizeof step, "ROUND_%u", round);
    cs_nd_trace(n, w, party, step);
}

void cs_nd_trace_take(const struct cs_node_core *n, const struct work *w,
                      struct cs_ctl_trace *out)
{
    uint32_t end = (uint32_t)(n->now - w->begun);

    *out = w->trace;
    for (size_t i = 0; i < out->n; i++) {
        out->steps[i].before_ms = end - out->steps[i].before_ms;
    }
}
