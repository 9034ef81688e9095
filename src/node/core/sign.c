/* Attempts at signatures: what may start, and the clocks; and FROST as the initiator
 * runs it, one message each way (PROTOCOLS 7.2, 15.6).  answer.c is the responder's,
 * nonces.c the lists of both, ecdsa.c the other protocol.
 *
 *   initiator  command -> nonces there? -> intent, REQ -> RSP -> finish -> result
 *   responder  command, REQ -> nonce spent -> answer computed -> intent, RSP
 *
 * The request a node signs is the one it got from the platform and parsed itself
 * (request.c); a peer only names it.  With more than one item at most ITEM_WINDOW of
 * them are under way, each with a run of its own. */
#include "node/core/core.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/jsonx.h"

uint8_t cs_nd_other_signer(const struct work *w)
{
    return w->signers[0] == w->q->roster.self ? w->signers[1] : w->signers[0];
}

void cs_nd_frost_task(const struct work *w, size_t item, const struct cs_key *key,
                      struct cs_frost_task *t)
{
    *t = (struct cs_frost_task){.key = key,
                                .request = &w->req,
                                .messages = w->messages,
                                .n_messages = w->n_items,
                                .item = (uint32_t)item,
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

void cs_nd_notify_nonce(struct cs_node_core *n, const struct work *w, size_t item,
                        struct cs_span commit, const uint8_t *bound_to)
{
    char c[2 * CS_FROST_COMMIT_MAX + 1], d[65], id[CS_UUID_LEN];
    uint8_t digest[32];

    if (bound_to == NULL) {
        cs_request_messages_hash(digest, &w->messages[item], 1);
        bound_to = digest;
    }
    cs_hex(c, commit.p, commit.n);
    cs_hex(d, bound_to, sizeof digest);
    cs_nd_notify(n, "nonce",
                 "{\"commit\":\"%s\",\"digest\":\"%s\",\"requestId\":\"%s\","
                 "\"attempt\":%u,\"item\":%zu}",
                 c, d, cs_uuid_text(id, w->req.request_id), w->attempt, item);
}

/* ---- initiator: starting --------------------------------------------------------- */

static void send_req(struct cs_node_core *n, const struct work *w,
                     const struct item *it)
{
    uint8_t peer = cs_nd_other_signer(w);

    cs_nd_send_frost(n, w->q, peer, CS_TYPE_FR_REQ, &w->req, it->use_id,
                     cs_frost_run_req(it->run, peer));
}

/* The next repeat of any item; with `wants`, also when nonces are asked for again. */
static void set_clock(const struct cs_node_core *n, struct work *w, bool wants)
{
    w->again = wants ? n->now + WANT_AGAIN_MS : UINT64_MAX;
    for (size_t i = 0; i < w->n_items; i++) {
        const struct item *it = &w->items[i];

        if (it->run != NULL && it->again < w->again) {
            w->again = it->again;
        }
    }
}

/* False: the work is gone. */
static bool send_first(struct cs_node_core *n, struct work *w, struct item *it)
{
    memcpy(it->use_id, cs_frost_run_sid(it->run, cs_nd_other_signer(w)), 32);
    if (!cs_nd_work_intent(n, w, cs_nd_other_signer(w), it->use_id)) {
        return false;
    }
    w->phase = WORK_RUNNING;
    it->n_again = 0;
    it->again = n->now + 1000;
    cs_nd_trace_round(n, w, w->q->roster.self, 1);
    send_req(n, w, it);
    return true;
}

static enum cs_err start_item(struct cs_node_core *n, struct work *w, size_t item,
                              const struct cs_key *key)
{
    uint8_t rnd[CS_FROST_RAND], empty = 0;
    struct cs_frost_task task;
    enum cs_err err;

    cs_nd_frost_task(w, item, key, &task);
    n->random(n->random_ctx, rnd, sizeof rnd);
    err = cs_frost_run_start(&w->items[item].run, &empty, n->pool, &task, rnd, n->now);
    cs_wipe(rnd, sizeof rnd);
    return err;
}

static size_t nonces_left(struct cs_node_core *n, const struct work *w)
{
    struct cs_frost_use use;

    cs_nd_frost_use(w->q, cs_nd_other_signer(w), w->req.key_id, w->req.key_epoch,
                    w->req.scheme, &use);
    return cs_frost_pool_have(n->pool, &use, n->now);
}

/* Starts items up to the window, and asks for more nonces before they are used up. */
static void frost_try(struct cs_node_core *n, struct work *w, const struct cs_key *key)
{
    size_t under_way = cs_nd_items_under_way(w);
    bool wants = false;

    for (size_t i = 0; i < w->n_items && under_way < ITEM_WINDOW; i++) {
        enum cs_err err;

        if (!cs_nd_item_is_open(&w->items[i])) {
            continue;
        }
        err = start_item(n, w, i, key);
        if (err == CS_ERR_NOT_FOUND) {
            wants = true;
            break;
        }
        if (err != CS_OK) {
            cs_nd_work_failed(n, w, err, "start", 0);
            return;
        }
        if (!send_first(n, w, &w->items[i])) {
            return;
        }
        under_way++;
    }
    if (nonces_left(n, w) < CS_FROST_LOW) {
        cs_nd_want_nonces(n, w, cs_nd_other_signer(w));
    }
    set_clock(n, w, wants);
}

/* CS_OK: now.  LINK_LOST: when there is a link.  STATE: when the approver has answered.
 * Else it fails; *blame: through whom. */
static enum cs_err may_start(const struct cs_node_core *n, const struct work *w,
                             uint8_t *blame)
{
    uint8_t peer = cs_nd_other_signer(w);

    *blame = 0;
    if (w->kind == WORK_SIGN && !cs_nd_is_enabled(n)) { /* not since the command came */
        return CS_ERR_POLICY_REFUSED;
    }
    if (cs_nd_quarantined(n, w->q, peer)) {
        *blame = peer;
        return CS_ERR_QUARANTINED;
    }
    return cs_nd_link_live(w->q, peer) ? cs_nd_approval(n, w) : CS_ERR_LINK_LOST;
}

void cs_nd_sign_try(struct cs_node_core *n, struct work *w)
{
    struct cached_key *c;
    uint8_t blame;
    enum cs_err err;

    if (w->initiator != w->q->roster.self ||
        (w->phase == WORK_WAITING && n->draining)) {
        return;
    }
    err = may_start(n, w, &blame);
    if (err == CS_ERR_LINK_LOST) {
        return; /* tried again when it is there */
    }
    if (err == CS_ERR_STATE) {
        return; /* tried again with the verdict of the approver */
    }
    if (err == CS_OK && n->ask) {
        cs_nd_trace(n, w, w->q->roster.self, "APPROVED");
    }
    c = err == CS_OK ? cs_nd_key_load(n, w->req.key_id, &err) : NULL;
    if (c == NULL) {
        cs_nd_work_failed(n, w, err, "start", blame);
    } else if (w->req.scheme == CS_SCHEME_ECDSA) {
        cs_nd_ecdsa_try(n, w);
    } else {
        frost_try(n, w, c->key);
    }
}

/* ---- initiator: answers ---------------------------------------------------------- */

static bool has_sid(const struct work *w, const struct item *it, const uint8_t sid[32])
{
    return w->initiator == w->q->roster.self && it->run != NULL &&
           memcmp(it->use_id, sid, 32) == 0;
}

static struct work *by_sid(const struct cs_node_core *n, const struct quorum *q,
                           uint8_t from, const uint8_t sid[32], size_t *item)
{
    for (struct work *w = n->works; w != NULL; w = w->next) {
        for (size_t i = 0; w->q == q && i < w->n_items; i++) {
            if (has_sid(w, &w->items[i], sid) && cs_nd_other_signer(w) == from) {
                *item = i;
                return w;
            }
        }
    }
    return NULL;
}

struct finish_job {
    struct node_job job; /* first */
    struct cs_frost_run *run;
    size_t item;
    uint8_t sid[32];
    enum cs_err err;
    uint8_t sig[CS_FROST_SIG_LEN];
    uint8_t culprit;
};

static struct finish_job *of(struct cs_job *base)
{
    return CS_CONTAINER_OF(base, struct finish_job, job.base);
}

static void run_finish(struct cs_job *base) /* worker */
{
    struct finish_job *j = of(base);

    j->err = cs_frost_run_finish(j->run, j->sig, &j->culprit);
}

static void free_finish(struct cs_job *base)
{
    struct finish_job *j = of(base);

    cs_frost_run_free(j->run);
    cs_free_wiped(j, sizeof *j);
}

/* The signature was verified by cs_frost_run_finish. */
static void finish_done(struct cs_node_core *n, struct node_job *job)
{
    struct finish_job *j = of(&job->base);
    struct work *w = cs_nd_work_by_serial(n, job->base.id);
    struct item *it = w == NULL || j->item >= w->n_items ? NULL : &w->items[j->item];

    if (it == NULL || !it->is_busy || memcmp(it->use_id, j->sid, 32) != 0) {
        return; /* that attempt is over */
    }
    it->is_busy = false;
    if (j->err == CS_OK) {
        j->err = cs_nd_still_allowed(n, w, cs_nd_other_signer(w));
    }
    if (j->err == CS_OK) {
        cs_nd_notify_nonce(n, w, j->item, CS_SPAN(j->sig, 32), NULL);
        cs_nd_item_signed(n, w, j->item, j->sig);
    } else if (cs_err_reaction(j->err) == CS_REACT_STOP) { /* FROST_SELF */
        cs_nd_fail(n, j->err, "an own part of a signature");
    } else {
        cs_nd_blame(n, w->q, j->culprit, j->err);
        cs_nd_work_failed(n, w, j->err, "finish", j->culprit);
    }
}

static void finish(struct cs_node_core *n, struct work *w, size_t item)
{
    struct item *it = &w->items[item];
    struct finish_job *j = cs_alloc(sizeof *j);

    if (j == NULL) {
        cs_nd_fail(n, CS_ERR_NOMEM, "a job");
        return;
    }
    j->job = (struct node_job){{run_finish, free_finish, w->serial}, finish_done};
    j->run = it->run;
    j->item = item;
    memcpy(j->sid, it->use_id, 32);
    it->run = NULL;
    it->is_busy = true;
    it->again = UINT64_MAX;
    cs_emit_job(n->out, &j->job.base);
}

static void on_rsp(struct cs_node_core *n, struct quorum *q, uint8_t from,
                   const struct cs_message *m)
{
    size_t item;
    struct work *w = by_sid(n, q, from, m->sid, &item);
    enum cs_err err;

    if (w == NULL) {
        n->counters.messages_dropped++; /* late, or a repeat */
        return;
    }
    err = cs_frost_run_put(w->items[item].run, from, m->priv);
    if (err == CS_OK) {
        cs_nd_trace_round(n, w, from, 1);
    }
    if (err == CS_ERR_REPLAY) {
        n->counters.messages_dropped++;
    } else if (err != CS_OK) {
        cs_nd_blame(n, q, from, err);
        cs_nd_work_failed(n, w, err, "answer", from);
    } else if (cs_frost_run_ready(w->items[item].run)) {
        finish(n, w, item);
    }
}

/* ---- in -------------------------------------------------------------------------- */

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

void cs_nd_send_abort(struct cs_node_core *n, struct quorum *q, uint8_t to,
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

void cs_nd_sign_control(struct cs_node_core *n, struct quorum *q, uint8_t from,
                        const struct cs_message *m)
{
    size_t item;
    struct work *w = by_sid(n, q, from, m->sid, &item);
    struct cs_frost_use use;
    uint8_t sid[32];
    enum cs_err why;

    if (w == NULL && cs_nd_ecdsa_abort(n, q, from, m)) {
        return;
    }
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

/* ---- time ------------------------------------------------------------------------ */

/* REQ once more after 1, 2 and 4 s (DECISIONS 14). */
static void repeat(struct cs_node_core *n, struct work *w)
{
    for (size_t i = 0; i < w->n_items; i++) {
        struct item *it = &w->items[i];

        if (it->run == NULL || n->now < it->again) {
            continue;
        }
        if (it->n_again < 2) {
            it->again = n->now + (2000ULL << it->n_again++);
        } else { /* the peer may be waiting for its approver */
            it->again = w->approval_ms != 0 ? n->now + 4000 : UINT64_MAX;
        }
        send_req(n, w, it);
    }
}

static void again(struct cs_node_core *n, struct work *w)
{
    if (w->req.scheme == CS_SCHEME_ECDSA) {
        cs_nd_ecdsa_time(n, w);
        return;
    }
    w->again = UINT64_MAX;
    repeat(n, w);
    cs_nd_sign_try(n, w); /* nonces may have been asked for; sets the clock */
}

/* Why it is not signed yet. */
static enum cs_err overdue(const struct work *w)
{
    uint8_t peer = cs_nd_other_signer(w);
    bool no_setup = w->phase == WORK_WAITING && w->req.scheme == CS_SCHEME_ECDSA &&
                    cs_nd_link_live(w->q, peer) && !cs_nd_ot_ready(w->q, peer);

    return no_setup ? CS_ERR_SETUP_MISSING : CS_ERR_TIMEOUT;
}

void cs_nd_sign_time(struct cs_node_core *n, struct work *w)
{
    bool is_initiator = w->initiator == w->q->roster.self;

    if (n->now < w->deadline) {
        again(n, w);
    } else if (!is_initiator) {
        cs_nd_work_end(n, w); /* the initiator tells the platform how it ended */
    } else {
        cs_nd_work_failed(n, w, overdue(w),
                          w->phase == WORK_WAITING ? "connecting" : "signing", 0);
    }
}

/* ---- the platform's command ------------------------------------------------------ */

/* An attempt is not begun a second time: each item of it has one session for ever.  The
 * platform has heard how it ended, or hears it now, and makes another one. */
static void end_tried(struct cs_node_core *n, struct work *w)
{
    if (w->initiator == w->q->roster.self) {
        cs_nd_work_failed(n, w, CS_ERR_ABORTED, "accept", 0);
    } else {
        cs_nd_work_end(n, w);
    }
}

/* The attempt is set up in *w; the same request id may have an older attempt. */
void cs_nd_sign_begin(struct cs_node_core *n, struct work *w)
{
    struct quorum *q = w->q;
    enum cs_err err = cs_journal_check(n->journal, w->req.request_id, w->reqh,
                                       w->req.messages_hash);

    if (err == CS_ERR_EXISTS) { /* T11: a repeat gets the stored result */
        cs_nd_answer_stored(n, w);
        return;
    }
    if (err != CS_OK) {
        cs_nd_work_failed(n, w, err, "accept", 0);
        return;
    }
    if (cs_nd_journal_tried(n, w)) { /* before a restart, or over a link that is gone */
        end_tried(n, w);
        return;
    }
    w->deadline = n->now + ATTEMPT_SIGN_MS + (w->n_items - 1) * ATTEMPT_ITEM_MS +
                  w->approval_ms;
    cs_nd_trace(n, w, q->roster.self, "ACCEPTED");
    cs_nd_work_save(n, w);
    cs_nd_sign_try(n, w); /* may end it */
    cs_nd_unpark(n, q);
}
