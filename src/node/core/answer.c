/* FROST as the responder runs it (PROTOCOLS 7.2): checks the request against the own
 * copy, spends the nonce, computes, journals, answers.  Each item is answered at most
 * once per attempt; nothing of it is sent twice but the same bytes. */
#include "node/core/core.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"

/* ---- computing ------------------------------------------------------------------- */

struct answer_job {
    struct node_job job; /* first */
    struct cs_frost_answer *a;
    size_t item;
    uint8_t peer;
    uint8_t link_id[16], sid[32];
    uint8_t commit[CS_FROST_COMMIT_MAX]; /* own D, E of this request */
    size_t commit_len;
    enum cs_err err;
};

static struct answer_job *of(struct cs_job *base)
{
    return CS_CONTAINER_OF(base, struct answer_job, job.base);
}

static void run_answer(struct cs_job *base) /* worker */
{
    struct answer_job *j = of(base);

    j->err = cs_frost_answer_run(j->a);
}

static void free_answer(struct cs_job *base)
{
    struct answer_job *j = of(base);

    cs_frost_answer_free(j->a);
    cs_free_wiped(j, sizeof *j);
}

/* The work that this answer is for, still in the same attempt and on the same link. */
static struct work *work_of(const struct cs_node_core *n, const struct answer_job *j)
{
    struct work *w = cs_nd_work_by_serial(n, j->job.base.id);
    const uint8_t *link;

    if (w == NULL || j->item >= w->n_items || !w->items[j->item].is_busy ||
        memcmp(w->items[j->item].use_id, j->sid, 32) != 0) {
        return NULL;
    }
    link = cs_nd_link_id(w->q, j->peer);
    return link != NULL && memcmp(link, j->link_id, 16) == 0 ? w : NULL;
}

/* Its nonce is spent: this item is over in this attempt. */
static void keep_back(struct cs_node_core *n, struct work *w,
                      const struct answer_job *j, enum cs_err why)
{
    struct cs_message about = {.key_epoch = w->req.key_epoch};

    cs_log(CS_LOG_WARN, "session", "no answer to party %u: %s", j->peer,
           cs_err_text(why));
    memcpy(about.key_id, w->req.key_id, sizeof about.key_id);
    memcpy(about.sid, j->sid, sizeof about.sid);
    if (why != CS_ERR_QUARANTINED) { /* that one hears nothing more */
        cs_nd_send_abort(n, w->q, j->peer, &about, why);
    }
    cs_nd_item_answered(n, w, j->item);
}

/* The share is computed and checked.  Intent durable, then it leaves. */
static void release(struct cs_node_core *n, struct work *w, struct answer_job *j)
{
    uint8_t rsp[CS_FROST_RSP_LEN];
    enum cs_err err = cs_nd_still_allowed(n, w, j->peer);

    if (err != CS_OK) {
        keep_back(n, w, j, err);
        return;
    }
    if (!cs_nd_work_intent(n, w, j->peer, j->sid)) {
        return;
    }
    cs_frost_answer_done(j->a, n->pool, n->now, rsp);
    cs_nd_notify_nonce(n, w, j->item, CS_SPAN(j->commit, j->commit_len), NULL);
    cs_nd_send_frost(n, w->q, j->peer, CS_TYPE_FR_RSP, &w->req, j->sid,
                     CS_SPAN_OF(rsp));
    cs_nd_item_answered(n, w, j->item);
}

static void answer_done(struct cs_node_core *n, struct node_job *job)
{
    struct answer_job *j = of(&job->base);
    struct work *w = work_of(n, j);

    if (w == NULL) {
        return; /* cancelled, replaced, or its link is over: the nonce is spent */
    }
    w->items[j->item].is_busy = false;
    if (j->err == CS_OK) {
        release(n, w, j);
    } else if (cs_err_class(j->err) == CS_CLASS_PEER) { /* FROST_IDENTITY */
        cs_log(CS_LOG_WARN, "session", "no partial signature: %s", cs_err_text(j->err));
    } else { /* FROST_SELF: the machine is faulty */
        cs_nd_fail(n, j->err, "a partial signature");
    }
}

/* The entry of this node in a request that cs_frost_answer_take has accepted. */
static void own_commit(struct answer_job *j, uint8_t self, const struct cs_frost_req *r)
{
    for (uint8_t i = 0; i < r->n; i++) {
        if (r->ids[i] == self) {
            memcpy(j->commit, r->commits[i], r->commit_len);
            j->commit_len = r->commit_len;
        }
    }
}

static void compute(struct cs_node_core *n, struct work *w, uint8_t from,
                    const struct cs_message *m, const struct cs_frost_req *r,
                    struct cs_frost_answer *a)
{
    struct answer_job *j = cs_alloc(sizeof *j);
    struct item *it = &w->items[r->item];

    if (j == NULL) {
        cs_frost_answer_free(a);
        cs_nd_fail(n, CS_ERR_NOMEM, "a job");
        return;
    }
    j->job = (struct node_job){{run_answer, free_answer, w->serial}, answer_done};
    j->a = a;
    j->item = r->item;
    j->peer = from;
    memcpy(j->link_id, cs_nd_link_id(w->q, from), 16);
    memcpy(j->sid, m->sid, 32);
    own_commit(j, w->q->roster.self, r);
    memcpy(it->use_id, m->sid, 32);
    it->is_busy = true;
    w->phase = WORK_RUNNING;
    cs_emit_job(n->out, &j->job.base);
}

/* ---- REQ ------------------------------------------------------------------------- */

/* Takes the nonce and hands the computing out.  EXISTS: sent the stored answer again.
 */
static enum cs_err take_req(struct cs_node_core *n, struct work *w, uint8_t from,
                            const struct cs_message *m, const struct cs_frost_req *r,
                            const struct cs_key *key)
{
    uint8_t stored[CS_FROST_RSP_LEN];
    struct cs_frost_answer *a = NULL;
    struct cs_frost_task task;
    enum cs_err err;

    cs_nd_frost_task(w, r->item, key, &task);
    err = cs_frost_answer_take(&a, stored, n->pool, &task, from, m->priv, n->now);
    if (err == CS_ERR_EXISTS) {
        cs_nd_send_frost(n, w->q, from, CS_TYPE_FR_RSP, &w->req, m->sid,
                         CS_SPAN_OF(stored));
    }
    if (err == CS_OK) {
        compute(n, w, from, m, r, a);
    }
    return err;
}

static void judge_req(struct cs_node_core *n, struct quorum *q, uint8_t from,
                      const struct cs_message *m, enum cs_err err)
{
    if (err == CS_OK || err == CS_ERR_EXISTS || err == CS_ERR_REPLAY) {
        return;
    }
    if (cs_err_reaction(err) == CS_REACT_STOP) { /* FROST_SELF: a nonce is damaged */
        cs_nd_fail(n, err, "a request of a peer");
        return;
    }
    cs_log(CS_LOG_WARN, "session", "a request of party %u is refused: %s", from,
           cs_err_text(err));
    cs_nd_blame(n, q, from, err);
    cs_nd_send_abort(n, q, from, m, err);
}

/* What the own copy says about a request that names it.  An item that the request does
 * not have is a lie only when both copies agree (15.1 A6). */
static enum cs_err check_req(const struct cs_node_core *n, const struct work *w,
                             const struct cs_frost_req *r)
{
    enum cs_err err;

    if (w->kind == WORK_SIGN && !cs_nd_is_enabled(n)) { /* not since the command came */
        return CS_ERR_POLICY_REFUSED;
    }
    if (memcmp(r->reqh, w->reqh, 32) != 0) {
        return CS_ERR_POLICY_REFUSED;
    }
    if (r->item >= w->n_items) {
        return CS_ERR_BAD_FORMAT;
    }
    err = cs_nd_approval(n, w); /* STATE: not answered yet */
    return err == CS_OK || err == CS_ERR_STATE ? err : CS_ERR_POLICY_REFUSED;
}

/* An initiator has at most ITEM_WINDOW items under way: more are not from an honest
 * one, or late; it repeats what it still wants. */
static bool is_window_full(const struct work *w, const struct item *it)
{
    return cs_nd_item_is_open(it) && cs_nd_items_under_way(w) >= ITEM_WINDOW;
}

/* One answer per item and attempt, and its repeats: a peer cannot have one request
 * signed on and on.  Another one waits for the command of the next attempt. */
static bool is_for_another_attempt(const struct item *it, const struct cs_message *m)
{
    return (it->answered || it->is_busy) && memcmp(it->use_id, m->sid, 32) != 0;
}

static void answer_work(struct cs_node_core *n, struct work *w, uint8_t from,
                        const struct cs_message *m, const struct cs_frost_req *r)
{
    struct quorum *q = w->q;
    enum cs_err err = check_req(n, w, r);
    struct cached_key *c;

    if (err == CS_ERR_STATE) {
        cs_nd_park_until(n, q, from, m, cs_nd_approval_until(n, w));
        return;
    }
    if (err != CS_OK) {
        judge_req(n, q, from, m, err);
        return;
    }
    if (is_for_another_attempt(&w->items[r->item], m)) {
        cs_nd_park(n, q, from, m);
        return;
    }
    if (is_window_full(w, &w->items[r->item])) {
        n->counters.messages_dropped++;
        return;
    }
    c = cs_nd_key_load(n, w->req.key_id, &err);
    if (c != NULL) {
        err = take_req(n, w, from, m, r, c->key);
    }
    judge_req(n, q, from, m, err);
}

/* The sid field names link and nonce (15.1 A2): nothing else may stand there. */
static enum cs_err read_req(const struct quorum *q, uint8_t from,
                            const struct cs_message *m, struct cs_frost_req *r)
{
    uint8_t sid[32];

    CS_CHECK(cs_frost_req_decode(r, q->roster.t, m->priv));
    cs_frost_sid(sid, cs_nd_link_id(q, from), r->nonce_id);
    return memcmp(sid, m->sid, 32) == 0 ? CS_OK : CS_ERR_SID_MISMATCH;
}

/* NOT_FOUND: the platform's copy may still be on its way. */
static enum cs_err find_work(struct cs_node_core *n, struct quorum *q, uint8_t from,
                             const struct cs_message *m, const struct cs_frost_req *r,
                             struct work **out)
{
    struct work *w = cs_nd_work_find(n, r->request_id);

    if (cs_nd_approval_refused(n, r->request_id) != CS_OK) {
        return CS_ERR_POLICY_REFUSED; /* all that a peer has to know */
    }
    if (n->draining) {
        return CS_ERR_NOT_FOUND;
    }
    if (w == NULL || w->kind == WORK_CHECK) {
        return cs_nd_check_join(n, q, from, m->key_id, r->request_id, m->sid, out);
    }
    *out = w;
    return w->kind == WORK_SIGN && w->q == q && w->initiator == from ? CS_OK
                                                                     : CS_ERR_NOT_FOUND;
}

void cs_nd_on_fr_req(struct cs_node_core *n, struct quorum *q, uint8_t from,
                     const struct cs_message *m)
{
    struct cs_frost_req r;
    struct work *w = NULL;
    enum cs_err err = read_req(q, from, m, &r);

    if (err == CS_OK) {
        err = find_work(n, q, from, m, &r, &w);
    }
    if (err == CS_ERR_NOT_FOUND) {
        cs_nd_park(n, q, from, m);
    } else if (err != CS_OK) {
        judge_req(n, q, from, m, err);
    } else {
        answer_work(n, w, from, m, &r);
    }
}
