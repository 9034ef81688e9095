/* ECDSA signing sessions: the initiator's start, messages, ABORTs, repeats.  See
 * ecdsa.h. */
#include "node/core/ecdsa.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"

/* ---- initiator ------------------------------------------------------------------- */

static enum cs_err make_session(struct cs_node_core *n, const struct ecdsa_about *a,
                                struct ecdsa_run **out)
{
    struct cs_dkls_open open;
    uint8_t nonce[32], presid[32];

    n->random(n->random_ctx, nonce, sizeof nonce);
    CS_CHECK(cs_nd_ecdsa_open(&open, a, nonce));
    cs_nd_ecdsa_presid(presid, a, &open);
    CS_CHECK(cs_nd_ecdsa_new(out, n, a, presid));
    cs_dkls_open_encode(&(*out)->open, &open);
    if ((*out)->open.err != CS_OK) {
        cs_nd_ecdsa_retire(n, *out);
        return CS_ERR_NOMEM;
    }
    return CS_OK;
}

/* Starts one item.  False: nothing more can start now, or the work is gone. */
static bool start(struct cs_node_core *n, const struct ecdsa_about *a)
{
    struct work *w = a->w;
    struct ecdsa_run *r = NULL;
    enum cs_err err = make_session(n, a, &r);

    switch (err) {
    case CS_OK:
        break;
    case CS_ERR_SETUP_MISSING: /* under way: cs_nd_works_ot tries again */
    case CS_ERR_LIMIT:         /* another session of the pair has to end before */
        return false;
    case CS_ERR_FULL:
        cs_nd_link_renew(n, w->q, a->peer); /* ends what runs on it */
        return false;
    default:
        cs_nd_work_failed(n, w, err, "start", 0);
        return false;
    }
    w->phase = WORK_RUNNING;
    memcpy(w->items[a->item].use_id, cs_dkls_presid_of(r->d), 32);
    if (!cs_nd_work_intent(n, w, a->peer, cs_dkls_presid_of(r->d))) {
        return false; /* the work is gone, and the session with it */
    }
    cs_nd_ecdsa_pump(n, w->q, a->peer);
    return true;
}

static bool has_room(const struct cs_node_core *n, const struct work *w, uint8_t peer)
{
    return cs_nd_items_under_way(w) < ITEM_WINDOW &&
           cs_nd_ecdsa_started(n, w->q, peer) < ECDSA_STARTED_MAX;
}

void cs_nd_ecdsa_try(struct cs_node_core *n, struct work *w)
{
    struct ecdsa_about a = {.w = w, .peer = cs_nd_other_signer(w)};
    enum cs_err err;

    cs_nd_ot_need(n, w->q); /* a key that is older than this record */
    if (!cs_nd_link_live(w->q, a.peer) || !cs_nd_ot_ready(w->q, a.peer) ||
        !has_room(n, w, a.peer)) {
        return; /* before the path is derived: all that wait are asked each time */
    }
    err = cs_nd_ecdsa_key(n, &a);
    if (err != CS_OK) {
        cs_nd_work_failed(n, w, err, "start", 0);
        return;
    }
    for (a.item = 0; a.item < w->n_items; a.item++) {
        if (!cs_nd_item_is_open(&w->items[a.item])) {
            continue;
        }
        if (!has_room(n, w, a.peer) || !start(n, &a)) {
            return;
        }
    }
}

/* ---- messages -------------------------------------------------------------------- */

/* The peer did not hear what this node said, perhaps. */
static void answer_repeat(struct cs_node_core *n, struct ecdsa_run *r)
{
    n->counters.messages_dropped++;
    if (!r->is_initiator && n->now - r->repeated >= ECDSA_REPEAT_MS) {
        r->repeated = n->now;
        cs_nd_ecdsa_resend(n, r);
    }
}

static void on_round(struct cs_node_core *n, struct ecdsa_run *r,
                     const struct cs_message *m)
{
    struct cs_dkls_out out = {0};
    enum cs_err err = cs_dkls_feed(r->d, r->peer, m->type, m->broadcast, m->priv, &out);
    struct work *w = cs_nd_ecdsa_work(n, r);

    if (err == CS_OK) {
        if (w != NULL) {
            cs_nd_trace_round(n, w, r->peer, m->type);
        }
        r->heard = m->type > r->heard ? m->type : r->heard;
        cs_nd_ecdsa_pump(n, r->q, r->peer);
    } else if (err == CS_ERR_REPLAY) {
        answer_repeat(n, r);
    } else {
        const struct ecdsa_end e = {.err = err,
                                    .phase = "signing",
                                    .culprit = out.culprit,
                                    .burned = out.burned};

        cs_nd_ecdsa_failed(n, r, &e);
    }
    cs_dkls_out_clear(&out);
}

/* Type and round are one number, the key is that of the session. */
static bool has_good_header(const struct cs_node_core *n, const struct cs_message *m,
                            const struct ecdsa_run *r)
{
    const struct work *w = r == NULL ? NULL : cs_nd_ecdsa_work(n, r);

    return m->type <= CS_TYPE_SIG_R3 && m->round == m->type &&
           (w == NULL || (m->key_epoch == w->req.key_epoch &&
                          memcmp(m->key_id, w->req.key_id, 16) == 0));
}

void cs_nd_ecdsa_message(struct cs_node_core *n, struct quorum *q, uint8_t from,
                         const struct cs_message *m)
{
    struct ecdsa_run *r = cs_nd_ecdsa_find(n, q, from, m->sid);

    if (!cs_nd_link_live(q, from) || !has_good_header(n, m, r)) {
        n->counters.messages_dropped++; /* over the end of its link, or unknown: A6 */
    } else if (r == NULL && m->type == CS_TYPE_OPEN) {
        cs_nd_ecdsa_on_open(n, q, m);
    } else if (r == NULL) {
        cs_nd_park(n, q, from, m); /* unknown sid: PROTOCOLS 2.3 */
    } else if (m->type == CS_TYPE_OPEN) {
        answer_repeat(n, r);
    } else {
        on_round(n, r, m);
    }
}

bool cs_nd_ecdsa_abort(struct cs_node_core *n, struct quorum *q, uint8_t from,
                       const struct cs_message *m)
{
    struct ecdsa_run *r = cs_nd_ecdsa_find(n, q, from, m->sid);
    struct ecdsa_end e = {.err = CS_ERR_ABORTED, .by_peer = true};
    uint8_t sid[32];
    enum cs_err why;

    if (r == NULL) {
        return false;
    }
    if (m->type != CS_TYPE_ABORT || m->broadcast.n != 0 ||
        cs_dkls_phase(r->d) != CS_DKLS_RUNNING ||
        cs_abort_decode(sid, &why, m->priv) != CS_OK || memcmp(sid, m->sid, 32) != 0) {
        n->counters.messages_dropped++;
        return true;
    }
    e.phase = cs_err_reason(why);
    e.culprit = from; /* ended it: that is no fault (A8) */
    if (why == CS_ERR_SETUP_MISSING) {
        e = (struct ecdsa_end){.err = why, .phase = "signing", .by_peer = true};
        cs_nd_ot_missing(n, q, from);
    }
    cs_nd_ecdsa_failed(n, r, &e);
    return true;
}

/* ---- time ------------------------------------------------------------------------ */

void cs_nd_ecdsa_time(struct cs_node_core *n, struct work *w)
{
    for (size_t i = 0; i < w->n_items; i++) {
        struct ecdsa_run *r = w->items[i].ecdsa;

        if (r == NULL || r->again > n->now) {
            continue;
        }
        r->again = UINT64_MAX;
        /* After 1, 2 and 4 s (DECISIONS 14); on, if the peer may be waiting for its
         * approver. */
        if (r->n_again < ECDSA_RESENDS || w->approval_ms != 0) {
            r->again = n->now + (2000ULL << (r->n_again < 2 ? r->n_again : 1));
            r->n_again++;
            cs_nd_ecdsa_resend(n, r);
        }
    }
    cs_nd_ecdsa_rearm(w);
    cs_nd_ecdsa_pump(n, w->q, cs_nd_other_signer(w)); /* memory may have been short */
}

/* ---- what waited for the pair ---------------------------------------------------- */

static bool waits_for(const struct work *w, const struct quorum *q, uint8_t peer)
{
    return w->q == q && (w->kind == WORK_SIGN || w->kind == WORK_CHECK) &&
           w->req.scheme == CS_SCHEME_ECDSA && w->initiator == q->roster.self &&
           cs_nd_other_signer(w) == peer;
}

/* Any of them may end meanwhile: by serial, not by pointer. */
static struct work *next_after(const struct cs_node_core *n, uint64_t serial)
{
    struct work *w = n->works;

    while (w != NULL && w->serial <= serial) {
        w = w->next;
    }
    return w;
}

void cs_nd_works_ot(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    cs_nd_ecdsa_sweep(n, q, peer);
    for (struct work *w = next_after(n, 0); w != NULL;) {
        uint64_t serial = w->serial;

        if (waits_for(w, q, peer)) {
            cs_nd_sign_try(n, w);
        }
        w = next_after(n, serial);
    }
    cs_nd_unpark(n, q); /* a SES_OPEN may have waited, too */
}
