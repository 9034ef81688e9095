/* The operator's policy over a request (policy/policy.h), and what it has to remember:
 * the ledger of approved amounts.
 *
 * A request is judged when its command comes, after the node's own checks.  From then
 * on its amount is counted as if it were signed (reserved, in memory) until its attempt
 * ends; with the INTENT of its first attempt, in the same batch, it goes into the
 * ledger for good.  So two requests cannot both use what is left of a window, a refused
 * one uses nothing, and a request with an INTENT in the journal is not counted twice.
 */
#include "node/core/core.h"

#include <string.h>

#include "base/log.h"
#include "wire/jsonx.h"

enum { SLACK_MS = 120000, EXPIRE_EACH = 8 };

/* Wall clock for windows.  A clock that jumps ahead would empty them, so within a life
 * it runs no faster than the monotonic one; one that goes back only keeps more. */
static int64_t window_ms(const struct cs_node_core *n)
{
    int64_t most = n->started_wall + (int64_t)(n->now - n->started_at) + SLACK_MS;

    return n->wall < most ? n->wall : most;
}

/* ---- the past ----------------------------------------------------------------- */

struct past {
    struct cs_node_core *n;
    const struct work *w; /* being judged */
    bool counted;         /* it is in the ledger already: no window refuses it now */
};

static void sum(void *ctx, const struct cs_policy_ask *ask, enum cs_policy_per per,
                const uint8_t *asset, uint32_t minutes, struct cs_num *units,
                uint64_t *requests)
{
    const struct past *p = ctx;

    if (p->counted) {
        return;
    }
    cs_ledger_sum(&p->n->ledger, ask, per, asset, minutes, window_ms(p->n), units,
                  requests);
    for (const struct work *w = p->n->works; w != NULL; w = w->next) {
        if (w != p->w && w->reserves && cs_ledger_is_of(&w->spend, ask, per, asset)) {
            *units = cs_num_add(*units, w->spend.units);
            ++*requests;
        }
    }
}

static void reserve(const struct cs_node_core *n, struct work *w,
                    const struct cs_policy_spend *spend)
{
    w->reserves = true;
    w->spend = (struct cs_ledger_row){.minute = (uint64_t)(window_ms(n) / 60000),
                                      .units = spend->units};
    memcpy(w->spend.key_id, w->req.key_id, 16);
    memcpy(w->spend.quorum_id, w->q->id, 16);
    memcpy(w->spend.asset, spend->asset, 32);
}

static bool was_counted(struct cs_node_core *n, const struct work *w)
{
    struct cs_journal_request seen;

    return cs_journal_find(n->journal, w->req.request_id, &seen) == CS_OK &&
           seen.n_intents > 0;
}

/* Room for all that may still be counted. */
static bool has_room(const struct cs_node_core *n)
{
    return n->ledger.n + MAX_WORKS <= CS_LEDGER_MAX;
}

static enum cs_err say_refused(const struct work *w, const struct cs_policy_verdict *v)
{
    char id[CS_UUID_LEN];

    cs_log(CS_LOG_WARN, "policy", "request %s is refused: %s",
           cs_uuid_text(id, w->req.request_id), v->why);
    return CS_ERR_POLICY_REFUSED;
}

enum cs_err cs_nd_policy_judge(struct cs_node_core *n, struct work *w,
                               const struct cs_ctl_sign *b,
                               const struct cs_chain_tx *tx)
{
    struct past p = {.n = n, .w = w};
    struct cs_policy_past past = {&p, sum};
    struct cs_policy_ask ask = {.path = b->path, .tx = tx, .wall_ms = n->wall};
    struct cs_policy_verdict v;

    w->reserves = false;
    if (n->policy == NULL) {
        return CS_OK;
    }
    CS_ASSERT(cs_chain_kind_parse(&ask.kind, b->kind)); /* request.c did */
    memcpy(ask.key_id, w->req.key_id, 16);
    memcpy(ask.quorum_id, w->q->id, 16);
    p.counted = was_counted(n, w);
    if (!p.counted && !has_room(n)) {
        cs_log(CS_LOG_ERROR, "policy",
               "too many keys and minutes are in the windows of the policy: nothing "
               "more is signed before some of them are over");
        return CS_ERR_LIMIT;
    }
    cs_policy_judge(n->policy, &ask, &past, &v, NULL, NULL);
    if (!v.allowed) {
        n->metrics->policy_refused++;
        return say_refused(w, &v);
    }
    if (!p.counted) {
        reserve(n, w, &v.spend);
    }
    return CS_OK;
}

/* ---- the ledger --------------------------------------------------------------- */

/* Old rows go a few at a time; under pressure all that the policy does not ask for. */
static void expire(struct cs_node_core *n)
{
    uint32_t keep = n->ledger.n > CS_LEDGER_MAX / 2 && n->policy != NULL
                        ? cs_policy_longest(n->policy)
                        : CS_POLICY_MINUTES_MAX;
    uint8_t key[CS_LEDGER_KEY];
    struct cs_ledger_row row;

    for (int i = 0; i < EXPIRE_EACH; i++) {
        if (!cs_ledger_expire(&n->ledger, window_ms(n), keep, &row)) {
            return;
        }
        cs_ledger_key(key, &row);
        cs_nd_del(n, TABLE_SPENT, CS_SPAN_OF(key));
    }
}

void cs_nd_policy_count(struct cs_node_core *n, struct work *w)
{
    uint8_t key[CS_LEDGER_KEY];
    struct cs_ledger_row row;
    struct cs_wr value = {0};
    enum cs_err err;

    if (!w->reserves) {
        return;
    }
    w->reserves = false;
    expire(n);
    err = cs_ledger_add(&n->ledger, &w->spend, &row);
    if (err != CS_OK) {
        cs_nd_fail(n, err, "the ledger of the policy"); /* the step has no effect */
        return;
    }
    cs_ledger_key(key, &row);
    cs_ledger_encode(&value, &row);
    cs_nd_put(n, TABLE_SPENT, CS_SPAN_OF(key), cs_wr_get(&value));
    cs_wr_free(&value);
}

static enum cs_err load_one(void *ctx, struct cs_span key, struct cs_span value)
{
    struct cs_node_core *n = ctx;
    struct cs_ledger_row row;

    CS_CHECK(cs_ledger_decode(&row, key, value));
    return cs_ledger_put(&n->ledger, &row);
}

enum cs_err cs_nd_policy_load(struct cs_node_core *n)
{
    return cs_safe_each(n->safe, TABLE_SPENT, load_one, n);
}

void cs_node_core_policy(struct cs_node_core *n, const struct cs_policy *policy)
{
    n->policy = policy;
}
