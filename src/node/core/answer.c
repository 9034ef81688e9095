/* The responder's part of a signature (PROTOCOLS 7.2): checks the request against the
 * own copy, spends the nonce, computes, journals, answers.  Nothing of it is sent twice
 * but the same bytes. */
#include "node/core/core.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"

enum {
    ANSWERED_KEEP_MS = 8000, /* repeats of REQ come 1, 2 and 4 s later */
    CHECKS_MAX = 1024,       /* check signatures of one pair */
};

static void send_abort(struct cs_node_core *n, struct quorum *q, uint8_t to,
                       const struct cs_message *about, enum cs_err why)
{
    struct cs_message m = {.proto = CS_PROTO_CONTROL,
                           .type = CS_TYPE_ABORT,
                           .key_epoch = about->key_epoch};
    struct cs_wr body = {0};

    memcpy(m.key_id, about->key_id, sizeof m.key_id);
    memcpy(m.sid, about->sid, sizeof m.sid);
    cs_abort_encode(&body, about->sid, why);
    m.priv = cs_wr_get(&body);
    (void)cs_nd_link_send(n, q, to, &m);
    cs_wr_free(&body);
}

/* The entry of this node in a request that cs_frost_answer_take has accepted. */
static void own_commit(struct answer *ans, const struct quorum *q,
                       const struct cs_frost_req *r)
{
    for (uint8_t i = 0; i < r->n; i++) {
        if (r->ids[i] == q->roster.self) {
            ans->commit_len = r->commit_len;
            memcpy(ans->commit, r->commits[i], r->commit_len);
        }
    }
}

/* Takes the nonce and hands the computing out.  EXISTS: sent the stored answer again.
 */
static enum cs_err take_req(struct cs_node_core *n, struct quorum *q, uint8_t from,
                            const struct cs_message *m, const struct cs_frost_req *r,
                            const struct cs_frost_task *task, uint32_t attempt)
{
    uint8_t stored[CS_FROST_RSP_LEN];
    struct answer ans = {.peer = from, .attempt = attempt, .req = *task->request};
    enum cs_err err = cs_frost_answer_take(&ans.a, stored, n->pool, task, from, m->priv,
                                           n->now);

    if (err == CS_ERR_EXISTS) {
        cs_nd_send_frost(n, q, from, CS_TYPE_FR_RSP, task->request, m->sid,
                         CS_SPAN_OF(stored));
    }
    if (err == CS_OK) {
        own_commit(&ans, q, r);
        memcpy(ans.quorum_id, q->id, 16);
        memcpy(ans.link_id, cs_nd_link_id(q, from), 16);
        memcpy(ans.sid, m->sid, 32);
        memcpy(ans.reqh, r->reqh, 32); /* equal to the own one: taken */
        cs_nd_answer_job(n, &ans);
    }
    return err;
}

static void judge_req(struct cs_node_core *n, struct quorum *q, uint8_t from,
                      const struct cs_message *m, enum cs_err err)
{
    if (err == CS_OK || err == CS_ERR_EXISTS || err == CS_ERR_REPLAY) {
        return;
    }
    cs_log(CS_LOG_WARN, "session", "a request of party %u is refused: %s", from,
           cs_err_text(err));
    cs_nd_blame(n, q, from, err);
    send_abort(n, q, from, m, err);
}

/* A peer may ask for a check signature again, but not for ever: each is in the journal.
 */
static bool has_checked_enough(struct cs_node_core *n, const uint8_t request_id[16])
{
    struct cs_journal_request seen;

    return cs_journal_find(n->journal, request_id, &seen) == CS_OK &&
           seen.n_intents >= CHECKS_MAX;
}

/* The pair's check signature of a new key: every node knows that request by itself. */
static bool on_check_req(struct cs_node_core *n, struct quorum *q, uint8_t from,
                         const struct cs_message *m, const struct cs_frost_req *r)
{
    struct cs_request req;
    struct cs_frost_task task = {.n_signers = 2};
    uint8_t msg[32], lo = from, hi = q->roster.self;
    struct cs_span item;
    enum cs_err err;
    struct cached_key *c = cs_nd_key_load(n, m->key_id, &err);

    if (c == NULL || lo > hi || memcmp(c->info.quorum_id, q->id, 16) != 0) {
        return false; /* only the lower index starts a check */
    }
    cs_check_request(&req, &c->key->body, lo, hi);
    if (memcmp(req.request_id, r->request_id, 16) != 0) {
        return false;
    }
    cs_check_message(msg, c->key->cert_hash, lo, hi);
    task.key = c->key;
    task.request = &req;
    item = CS_SPAN_OF(msg);
    task.messages = &item;
    task.n_messages = 1;
    task.signers[0] = lo;
    task.signers[1] = hi;
    memcpy(task.link_id[from], cs_nd_link_id(q, from), 16);
    err = has_checked_enough(n, r->request_id) ? CS_ERR_POLICY_REFUSED
                                               : take_req(n, q, from, m, r, &task, 0);
    judge_req(n, q, from, m, err);
    return true;
}

/* One answer per attempt, and its repeats: a peer cannot have one request signed on and
 * on.  Another one waits for the command of the next attempt. */
static bool is_for_another_attempt(const struct work *w, const struct cs_message *m)
{
    return (w->answered || w->phase == WORK_RUNNING) &&
           memcmp(w->use_id, m->sid, 32) != 0;
}

static void answer_work(struct cs_node_core *n, struct work *w, uint8_t from,
                        const struct cs_message *m, const struct cs_frost_req *r)
{
    struct cs_frost_task task;
    struct cs_span msg;
    enum cs_err err;
    struct cached_key *c = cs_nd_key_load(n, w->req.key_id, &err);

    if (!cs_nd_is_enabled(n)) { /* not since the command came */
        err = CS_ERR_POLICY_REFUSED;
    } else if (c != NULL) {
        cs_nd_frost_task(w, c->key, &msg, &task);
        err = take_req(n, w->q, from, m, r, &task, w->attempt);
    }
    if (err == CS_OK) {
        w->phase = WORK_RUNNING;
        memcpy(w->use_id, m->sid, 32);
    }
    judge_req(n, w->q, from, m, err);
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

void cs_nd_on_fr_req(struct cs_node_core *n, struct quorum *q, uint8_t from,
                     const struct cs_message *m)
{
    struct cs_frost_req r;
    struct work *w;
    enum cs_err err = read_req(q, from, m, &r);

    if (err != CS_OK) {
        judge_req(n, q, from, m, err);
        return;
    }
    w = cs_nd_work_find(n, r.request_id);
    if (w == NULL && !n->draining && on_check_req(n, q, from, m, &r)) {
        return;
    }
    if (w == NULL || w->kind != WORK_SIGN || w->q != q || w->initiator != from ||
        is_for_another_attempt(w, m) || n->draining) {
        cs_nd_park(n, q, from, m); /* the platform's copy may still be on its way */
        return;
    }
    answer_work(n, w, from, m, &r);
}

/* The share is computed and checked.  Intent durable, then it leaves. */
void cs_nd_sign_answered(struct cs_node_core *n, struct answer *ans, enum cs_err err)
{
    struct quorum *q = cs_nd_quorum_find(n, ans->quorum_id);
    const uint8_t *link = q == NULL ? NULL : cs_nd_link_id(q, ans->peer);
    struct work *w = cs_nd_work_find(n, ans->req.request_id);
    uint8_t signers[2], rsp[CS_FROST_RSP_LEN];

    if (link == NULL || memcmp(link, ans->link_id, 16) != 0) {
        return; /* the nonce is spent, the link is over: nothing leaves */
    }
    signers[0] = ans->peer < q->roster.self ? ans->peer : q->roster.self;
    signers[1] = ans->peer < q->roster.self ? q->roster.self : ans->peer;
    if (err == CS_OK && !cs_nd_journal_intent(n, &ans->req, ans->reqh, ans->attempt,
                                              signers, 2, ans->peer, ans->sid, &err)) {
        return;
    }
    if (err != CS_OK && cs_err_class(err) == CS_CLASS_PEER) { /* FROST_IDENTITY */
        cs_log(CS_LOG_WARN, "session", "no partial signature: %s", cs_err_text(err));
        return;
    }
    if (err != CS_OK) { /* FROST_SELF: the machine is faulty */
        cs_nd_fail(n, err, "a partial signature");
        return;
    }
    cs_frost_answer_done(ans->a, n->pool, n->now, rsp);
    cs_nd_notify_nonce(n, &ans->req, ans->commit, ans->commit_len);
    cs_nd_send_frost(n, q, ans->peer, CS_TYPE_FR_RSP, &ans->req, ans->sid,
                     CS_SPAN_OF(rsp));
    if (w != NULL && w->kind == WORK_SIGN && w->initiator == ans->peer &&
        w->attempt == ans->attempt) { /* and not what replaced it meanwhile */
        w->answered = true;
        w->phase = WORK_WAITING;
        w->deadline = n->now + ANSWERED_KEEP_MS;
    }
}
