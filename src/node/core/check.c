/* Check signatures of a new key (PROTOCOLS 3.5, DECISIONS 21): every pair of nodes
 * signs one message that means nothing anywhere, so that each has seen the other's
 * share work.  The lower index starts.  No command comes for it: both nodes make the
 * request from the certificate. */
#include "node/core/core.h"

#include <string.h>

#include "base/mem.h"

enum { CHECKS_MAX = 1024 }; /* check signatures of one pair */

/* The work of either role, without its clock. */
static enum cs_err make(struct cs_node_core *n, struct quorum *q,
                        const struct cs_key *k, uint8_t lo, uint8_t hi,
                        struct work **out)
{
    struct work *w = cs_nd_work_new(n, WORK_CHECK);
    uint8_t msg[32];
    struct cs_span message = CS_SPAN_OF(msg);
    enum cs_err err;

    if (w == NULL) {
        return CS_ERR_LIMIT;
    }
    w->q = q;
    cs_check_request(&w->req, &k->body, lo, hi);
    cs_request_hash(w->reqh, &w->req);
    cs_check_message(msg, k->cert_hash, lo, hi);
    err = cs_nd_work_items(n, w, &message, 1);
    if (err != CS_OK) {
        cs_nd_work_end(n, w);
        return err;
    }
    w->signers[0] = lo;
    w->signers[1] = hi;
    w->n_signers = 2;
    w->initiator = lo;
    w->deadline = n->now + ATTEMPT_SIGN_MS;
    *out = w;
    return CS_OK;
}

void cs_nd_check_start(struct cs_node_core *n, struct quorum *q, const struct cs_key *k,
                       uint8_t peer)
{
    struct cs_request req;
    struct work *w;
    enum cs_err err;

    cs_check_request(&req, &k->body, q->roster.self, peer);
    if (cs_nd_work_find(n, req.request_id) != NULL) {
        return; /* under way */
    }
    err = make(n, q, k, q->roster.self, peer, &w);
    if (err == CS_OK) {
        cs_nd_sign_try(n, w);
    } else if (err == CS_ERR_NOMEM) {
        cs_nd_fail(n, err, "a check signature");
    } /* LIMIT: tried again later */
}

/* ---- responder ------------------------------------------------------------------- */

/* A peer may ask for a check signature again, but not for ever: each is in the journal.
 */
static bool has_checked_enough(struct cs_node_core *n, const uint8_t request_id[16])
{
    struct cs_journal_request seen;

    return cs_journal_find(n->journal, request_id, &seen) == CS_OK &&
           seen.n_intents >= CHECKS_MAX;
}

/* Is it the request that this pair makes for that key? */
static bool is_check(const struct quorum *q, uint8_t from, const struct cached_key *c,
                     const uint8_t request_id[16])
{
    struct cs_request req;

    if (c == NULL || from > q->roster.self ||
        memcmp(c->info.quorum_id, q->id, 16) != 0) {
        return false; /* only the lower index starts a check */
    }
    cs_check_request(&req, &c->key->body, from, q->roster.self);
    return memcmp(req.request_id, request_id, 16) == 0;
}

/* A new try of the initiator ends what was answered before: checks have no attempts. */
static void renew(struct cs_node_core *n, struct work *w, const uint8_t use_id[32])
{
    const struct item *it = &w->items[0];

    if (!cs_nd_item_is_open(it) && memcmp(it->use_id, use_id, 32) != 0) {
        cs_nd_work_reset(n, w);
        w->intent = false;
        w->deadline = n->now + ATTEMPT_SIGN_MS;
    }
}

enum cs_err cs_nd_check_join(struct cs_node_core *n, struct quorum *q, uint8_t from,
                             const uint8_t key_id[16], const uint8_t request_id[16],
                             const uint8_t use_id[32], struct work **out)
{
    enum cs_err err;
    struct cached_key *c = cs_nd_key_load_for(n, &q->peers[from], key_id, &err);
    struct work *w = cs_nd_work_find(n, request_id);

    if (!is_check(q, from, c, request_id)) {
        return CS_ERR_NOT_FOUND;
    }
    if (c->key->state != CS_KEY_ACTIVE) {
        return CS_ERR_STATE;
    }
    if (has_checked_enough(n, request_id)) {
        return CS_ERR_POLICY_REFUSED;
    }
    if (w == NULL) {
        return make(n, q, c->key, from, q->roster.self, out);
    }
    if (w->kind != WORK_CHECK) { /* the platform gave its id to something else */
        return CS_ERR_REQUEST_CONFLICT;
    }
    renew(n, w, use_id);
    *out = w;
    return CS_OK;
}
