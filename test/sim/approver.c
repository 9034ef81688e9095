/* Approvers of the nodes, on some seeds: they allow, refuse, keep silent or answer
 * late. Oracle: nothing of a request leaves a node whose approver has not allowed it in
 * this life of the node (RELIABILITY I5). */
#include "sim/world.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct asked {
    int node;
    uint64_t life, id;
    char request[40];
    bool is_allowed;
};

bool approver_is_on(const struct world *w)
{
    return w->seed % 3 == 1;
}

static void on_verdict(struct world *w, void *ctx, uint64_t index, uint64_t err)
{
    struct actor *a = ctx;
    struct asked *k = &w->asked[index];
    struct cs_event ev = {.type = CS_EV_VERDICT,
                          .conn = k->id,
                          .err = (enum cs_err)err,
                          .data = CS_SPAN_LIT("the simulator says so")};

    if (a->is_alive && a->life == k->life) {
        k->is_allowed = err == CS_OK;
        actor_event(w, a->index, &ev);
    }
}

/* When it answers, and what; SIZE_MAX: never. */
static uint64_t draw(struct world *w, enum cs_err *err)
{
    uint64_t what = w->is_quiet ? 0 : rng_below(&w->rng, 100);

    *err = CS_OK;
    if (what < 70) {
        return rng_below(&w->rng, w->is_quiet ? 2000 : 12000);
    }
    if (what < 82) {
        *err = CS_ERR_APPROVAL_REFUSED;
        return rng_below(&w->rng, 5000);
    }
    return what < 90 ? 30000 + rng_below(&w->rng, 15000) : UINT64_MAX;
}

void approver_ask(struct world *w, struct actor *a, const struct cs_action *act)
{
    json_t *o = json_loadb((const char *)act->data, act->data_len, 0, NULL);
    const char *id = json_string_value(json_object_get(o, "requestId"));
    struct asked *k;
    enum cs_err err;
    uint64_t after = draw(w, &err);

    CS_ASSERT(id != NULL && strlen(id) < sizeof k->request);
    if (w->n_asked == w->cap_asked) {
        w->cap_asked = w->cap_asked == 0 ? 64 : 2 * w->cap_asked;
        w->asked = realloc(w->asked, w->cap_asked * sizeof *w->asked);
        CS_ASSERT(w->asked != NULL);
    }
    for (size_t i = 0; i < w->n_asked; i++) {
        if (w->asked[i].node == a->index && w->asked[i].life == a->life &&
            strcmp(w->asked[i].request, id) == 0) {
            violate(w, "node %d asks twice about request %s", a->index, id);
        }
    }
    k = &w->asked[w->n_asked];
    *k = (struct asked){.node = a->index, .life = a->life, .id = act->conn};
    (void)memcpy(k->request, id, strlen(id) + 1);
    json_decref(o);
    if (after != UINT64_MAX) {
        world_at(w, w->now + after, on_verdict, a, w->n_asked, err);
    }
    w->n_asked++;
}

void check_approved(struct world *w, const struct actor *a, const char *request)
{
    for (size_t i = 0; approver_is_on(w) && i < w->n_asked; i++) {
        const struct asked *k = &w->asked[i];

        if (k->node == a->index && k->life == a->life && k->is_allowed &&
            strcmp(k->request, request) == 0) {
            return;
        }
    }
    if (approver_is_on(w)) {
        violate(w, "node %d: a share of request %s left without approval", a->index,
                request);
    }
}
