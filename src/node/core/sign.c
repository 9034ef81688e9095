/* Signing as the node runs it: FROST, one message each way (PROTOCOLS 7.2, 15.6).
 * This is the initiator's part and the clocks; answer.c is the responder's, nonces.c
 * the lists of both.
 *
 *   initiator  command -> nonces there? -> intent, REQ -> RSP -> finish -> result,
 * answer responder  command, REQ -> nonce spent -> answer computed -> intent, RSP
 *
 * The request a node signs is the one it got from the platform and parsed itself
 * (request.c); a peer only names it. */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rd.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "wire/jsonx.h"

static uint8_t other_signer(const struct work *w)
{
    return w->signers[0] == w->q->roster.self ? w->signers[1] : w->signers[0];
}

void cs_nd_frost_task(const struct work *w, const struct cs_key *key,
                      struct cs_span *msg, struct cs_frost_task *t)
{
    *msg = CS_SPAN(w->msg, w->msg_len);
    *t = (struct cs_frost_task){.key = key,
                                .request = &w->req,
                                .messages = msg,
                                .n_messages = 1,
                                .n_signers = w->n_signers};
    memcpy(t->signers, w->signers, w->n_signers);
    for (uint8_t i = 0; i < w->n_signers; i++) {
        const uint8_t *id = cs_nd_link_id(w->q, w->signers[i]);

        if (id != NULL) {
            memcpy(t->link_id[w->signers[i]], id, 16);
        }
    }
}

void cs_nd_send_frost(struct cs_node_core *n, struct quorum *q, uint8_t to,
                      uint8_t type, const struct cs_request *req, const uint8_t *sid,
                      struct cs_span priv)
{
    struct cs_message m = {.proto = CS_PROTO_FROST,
                           .type = type,
                           .round = 1,
                           .key_epoch = req->key_epoch,
                           .priv = priv};

    memcpy(m.key_id, req->key_id, sizeof m.key_id);
    if (sid != NULL) {
        memcpy(m.sid, sid, sizeof m.sid);
    }
    (void)cs_nd_link_send(n, q, to, &m); /* lost: sent again after 1, 2, 4 s */
}

/* ---- initiator
 * -----------------------------------------------------------------------------------
 */

static void send_req(struct cs_node_core *n, const struct work *w)
{
    uint8_t peer = other_signer(w);

    cs_nd_send_frost(n, w->q, peer, CS_TYPE_FR_REQ, &w->req,
                     cs_frost_run_sid(w->run, peer), cs_frost_run_req(w->run, peer));
}

/* For the simulator's oracle: each nonce commitment that was used, with its message. */
void cs_nd_notify_nonce(struct cs_node_core *n, const struct cs_request *req,
                        const uint8_t *commit, size_t len)
{
    char c[2 * CS_FROST_COMMIT_MAX + 1], d[65];

    cs_hex(c, commit, len);
    cs_hex(d, req->messages_hash, 32);
    cs_nd_notify(n, "nonce", "{\"commit\":\"%s\",\"digest\":\"%s\"}", c, d);
}

static void begin_run(struct cs_node_core *n, struct work *w, uint8_t peer)
{
    struct cs_frost_use use;
    enum cs_err err;

    memcpy(w->use_id, cs_frost_run_sid(w->run, peer), 32);
    w->intent = cs_nd_journal_intent(n, &w->req, w->reqh, w->attempt, w->signers,
                                     w->n_signers, peer, w->use_id, &err);
    if (!w->intent) {
        cs_nd_work_failed(n, w, err, "journal", 0);
        return;
    }
    w->phase = WORK_RUNNING;
    w->n_again = 0;
    w->again = n->now + 1000;
    send_req(n, w);
    cs_nd_frost_use(w->q, peer, w->req.key_id, w->req.key_epoch, w->req.scheme, &use);
    if (cs_frost_pool_have(n->pool, &use, n->now) < CS_FROST_LOW) {
        cs_nd_want_nonces(n, w, peer); /* in the background, before it is empty */
    }
}

void cs_nd_sign_try(struct cs_node_core *n, struct work *w)
{
    uint8_t peer = other_signer(w), rnd[CS_FROST_RAND], empty = 0;
    struct cs_frost_task task;
    struct cs_span msg;
    struct cached_key *c;
    enum cs_err err;

    if (w->phase != WORK_WAITING || w->initiator != w->q->roster.self || n->draining) {
        return;
    }
    if (w->kind == WORK_SIGN && !cs_nd_is_enabled(n)) { /* not since the command came */
        cs_nd_work_failed(n, w, CS_ERR_POLICY_REFUSED, "start", 0);
        return;
    }
    if (cs_nd_quarantined(n, w->q, peer)) {
        cs_nd_work_failed(n, w, CS_ERR_QUARANTINED, "start", peer);
        return;
    }
    if (!cs_nd_link_live(w->q, peer)) {
        return; /* tried again when it is */
    }
    c = cs_nd_key_load(n, w->req.key_id, &err);
    if (c == NULL) {
        cs_nd_work_failed(n, w, err, "start", 0);
        return;
    }
    cs_nd_frost_task(w, c->key, &msg, &task);
    n->random(n->random_ctx, rnd, sizeof rnd);
    err = cs_frost_run_start(&w->run, &empty, n->pool, &task, rnd, n->now);
    cs_wipe(rnd, sizeof rnd);
    if (err == CS_OK) {
        begin_run(n, w, peer);
    } else if (err == CS_ERR_NOT_FOUND) {
        cs_nd_want_nonces(n, w, peer);
        w->again = n->now + WANT_AGAIN_MS;
    } else {
        cs_nd_work_failed(n, w, err, "start", 0);
    }
}

static struct work *by_sid(const struct cs_node_core *n, const struct quorum *q,
                           uint8_t from, const uint8_t sid[32])
{
    for (struct work *w = n->works; w != NULL; w = w->next) {
        const uint8_t *s = w->run == NULL || w->q != q ? NULL
                                                       : cs_frost_run_sid(w->run, from);

        if (s != NULL && memcmp(s, sid, 32) == 0) {
            return w;
        }
    }
    return NULL;
}

static void on_rsp(struct cs_node_core *n, struct quorum *q, uint8_t from,
                   const struct cs_message *m)
{
    struct work *w = by_sid(n, q, from, m->sid);
    enum cs_err err;

    if (w == NULL) {
        n->counters.messages_dropped++; /* late, or a repeat */
        return;
    }
    err = cs_frost_run_put(w->run, from, m->priv);
    if (err == CS_ERR_REPLAY) {
        n->counters.messages_dropped++;
    } else if (err != CS_OK) {
        cs_nd_blame(n, q, from, err);
        cs_nd_work_failed(n, w, err, "answer", from);
    } else if (cs_frost_run_ready(w->run)) {
        w->again = UINT64_MAX;
        cs_nd_finish_job(n, w);
    }
}

static void say_done(struct cs_node_core *n, const struct quorum *q,
                     const struct cs_request *req, const uint8_t reqh[32],
                     uint32_t attempt, const uint8_t signers[2], const uint8_t sig[64])
{
    struct cs_ctl_frame f = {.kind = CS_EVT_SIGN_DONE};
    struct cs_ctl_sign_done *b = &f.u.sign_done;
    const struct cs_span items[] = {CS_SPAN_OF(req->request_id), CS_SPAN(reqh, 32),
                                    CS_SPAN_OF(req->key_id), CS_SPAN(sig, 64)};
    uint8_t copy[64], h[32];

    memcpy(copy, sig, sizeof copy);
    memcpy(b->request_id, req->request_id, 16);
    b->attempt = attempt;
    b->index = q->roster.self;
    memcpy(b->signers, signers, 2);
    b->signatures = (struct cs_blob){copy, sizeof copy};
    memcpy(b->reqh, reqh, 32);
    cs_th(h, CS_TAG_RECEIPT, items, CS_COUNTOF(items));
    cs_sign(b->receipt, n->id->ik_seed, CS_SPAN_OF(h));
    cs_nd_outbox_put(n, &f);
}

static void say_checked(struct cs_node_core *n, const struct work *w,
                        const uint8_t sig[64])
{
    struct cs_ctl_frame f = {.kind = CS_EVT_KEY_CHECKED};
    struct cs_ctl_key_checked *b = &f.u.key_checked;
    enum cs_err err;
    struct cached_key *c = cs_nd_key_load(n, w->req.key_id, &err);

    if (c == NULL) {
        cs_nd_fail(n, err, "the key that just signed");
        return;
    }
    memcpy(b->request_id, c->key->request_id, 16); /* of the key generation */
    memcpy(b->key_id, w->req.key_id, 16);
    memcpy(b->pair, w->signers, 2);
    memcpy(b->signature, sig, 64);
    cs_nd_outbox_put(n, &f);
}

/* The signature was verified by cs_frost_run_finish.  Result, then release: one step.
 */
static void finished_ok(struct cs_node_core *n, struct work *w, const uint8_t sig[64])
{
    char id[CS_UUID_LEN];

    n->counters.sessions_ok++;
    cs_nd_journal_result(n, w, CS_OK, sig);
    cs_nd_notify_nonce(n, &w->req, sig, 32);
    if (w->kind == WORK_CHECK) {
        say_checked(n, w, sig);
        cs_nd_keygen_proven(n, w);
    } else {
        say_done(n, w->q, &w->req, w->reqh, w->attempt, w->signers, sig);
        cs_log(CS_LOG_INFO, "session", "request %s signed with party %u",
               cs_uuid_text(id, w->req.request_id), other_signer(w));
        cs_nd_notify(n, "session", "{\"requestId\":\"%s\",\"outcome\":\"OK\"}", id);
    }
    cs_nd_work_end(n, w);
}

void cs_nd_sign_finished(struct cs_node_core *n, struct work *w, enum cs_err err,
                         const uint8_t sig[64], uint8_t culprit)
{
    if (err == CS_OK) {
        finished_ok(n, w, sig);
        return;
    }
    cs_nd_blame(n, w->q, culprit, err);
    cs_nd_work_failed(n, w, err, "finish", culprit);
}

/* ---- in
 * -------------------------------------------------------------------------------------------------
 */

void cs_nd_sign_message(struct cs_node_core *n, struct quorum *q, uint8_t from,
                        const struct cs_message *m)
{
    if (!cs_nd_link_live(q, from)) {
        n->counters.messages_dropped++; /* parked over the end of its link */
        return;
    }
    switch (m->type) {
    case CS_TYPE_FR_WANT:
        cs_nd_on_fr_want(n, q, from, m);
        break;
    case CS_TYPE_FR_NONCES:
        cs_nd_on_fr_nonces(n, q, from, m);
        break;
    case CS_TYPE_FR_REQ:
        cs_nd_on_fr_req(n, q, from, m);
        break;
    case CS_TYPE_FR_RSP:
        on_rsp(n, q, from, m);
        break;
    default:
        n->counters.messages_dropped++;
    }
}

void cs_nd_sign_control(struct cs_node_core *n, struct quorum *q, uint8_t from,
                        const struct cs_message *m)
{
    struct work *w = by_sid(n, q, from, m->sid);
    struct cs_frost_use use;
    uint8_t sid[32];
    enum cs_err why;

    if (w == NULL || m->type != CS_TYPE_ABORT ||
        cs_abort_decode(sid, &why, m->priv) != CS_OK || memcmp(sid, m->sid, 32) != 0) {
        n->counters.messages_dropped++;
        return;
    }
    if (why == CS_ERR_FROST_NONCE_ID) { /* its list is gone there: ask for a new one */
        cs_nd_frost_use(q, from, w->req.key_id, w->req.key_epoch, w->req.scheme, &use);
        cs_frost_pool_forget(n->pool, &use);
    }
    cs_nd_work_failed(n, w, CS_ERR_ABORTED, cs_err_reason(why), from);
}

/* ---- time
 * -----------------------------------------------------------------------------------------------
 */

static void again(struct cs_node_core *n, struct work *w)
{
    if (w->phase == WORK_WAITING) { /* nonces were asked for */
        w->again = UINT64_MAX;
        cs_nd_sign_try(n, w);
    } else if (w->run != NULL &&
               w->n_again < 3) { /* after 1, 2 and 4 s (DECISIONS 14) */
        w->again = n->now + (2000ULL << w->n_again);
        w->n_again++;
        send_req(n, w);
    } else {
        w->again = UINT64_MAX;
    }
}

void cs_nd_sign_time(struct cs_node_core *n, struct work *w)
{
    bool is_initiator = w->initiator == w->q->roster.self;

    if (n->now < w->deadline) {
        again(n, w);
    } else if (!is_initiator) {
        cs_nd_work_end(n, w); /* the initiator tells the platform how it ended */
    } else {
        cs_nd_work_failed(n, w, CS_ERR_TIMEOUT,
                          w->phase == WORK_WAITING ? "connecting" : "signing", 0);
    }
}

/* ---- check signatures, and the platform's command
 * ------------------------------------------------------- */

void cs_nd_check_start(struct cs_node_core *n, struct quorum *q, const struct cs_key *k,
                       uint8_t peer)
{
    struct cs_request req;
    uint8_t msg[32];
    struct work *w;

    cs_check_request(&req, &k->body, q->roster.self, peer);
    if (cs_nd_work_find(n, req.request_id) != NULL) {
        return; /* under way */
    }
    w = cs_nd_work_new(n, WORK_CHECK);
    if (w == NULL) {
        return; /* the table is full: tried again later */
    }
    w->q = q;
    w->msg = cs_alloc(sizeof msg);
    if (w->msg == NULL) {
        cs_nd_fail(n, CS_ERR_NOMEM, "a check signature");
        return;
    }
    cs_check_message(msg, k->cert_hash, q->roster.self, peer);
    memcpy(w->msg, msg, sizeof msg);
    w->msg_len = sizeof msg;
    w->req = req;
    cs_request_hash(w->reqh, &req);
    w->signers[0] = q->roster.self;
    w->signers[1] = peer;
    w->n_signers = 2;
    w->initiator = q->roster.self;
    w->deadline = n->now + ATTEMPT_SIGN_MS;
    cs_nd_sign_try(n, w);
}

static void answer_stored(struct cs_node_core *n, const struct work *w,
                          uint32_t attempt)
{
    struct cs_journal_entry e;

    if (cs_journal_stored(n->journal, w->req.request_id, &e) == CS_OK &&
        memcmp(e.reqh, w->reqh, 32) == 0) {
        say_done(n, w->q, &w->req, w->reqh, attempt, e.signers, e.signature);
    }
}

/* The attempt is set up in *w; the same request id may have an older attempt. */
void cs_nd_sign_begin(struct cs_node_core *n, struct work *w)
{
    struct quorum *q = w->q;
    enum cs_err err = cs_journal_check(n->journal, w->req.request_id, w->reqh,
                                       w->req.messages_hash);

    if (err == CS_ERR_EXISTS) { /* T11: a repeat gets the stored result */
        answer_stored(n, w, w->attempt);
        cs_nd_work_end(n, w);
        return;
    }
    if (err != CS_OK) {
        cs_nd_work_failed(n, w, err, "accept", 0);
        return;
    }
    w->deadline = n->now + ATTEMPT_SIGN_MS;
    cs_nd_work_save(n, w);
    cs_nd_sign_try(n, w); /* may end it */
    cs_nd_unpark(n, q);
}
