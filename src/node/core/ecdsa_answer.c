/* SES_OPEN of an ECDSA session: the responder compares all of it with its own copies,
 * and only then begins (PROTOCOLS 2.4, 4.7, 15.1 A1, A4).  See ecdsa.h. */
#include "node/core/ecdsa.h"

#include <string.h>

#include "base/log.h"

static void refuse(struct cs_node_core *n, struct quorum *q, uint8_t from,
                   const struct cs_message *m, enum cs_err err)
{
    cs_log(CS_LOG_WARN, "session", "an ECDSA session of party %u is refused: %s", from,
           cs_err_text(err));
    cs_nd_blame(n, q, from, err);
    cs_nd_send_abort(n, q, from, m, err);
}

/* The message may be early, or the pair busy: it is tried again for a while. */
static void wait(struct cs_node_core *n, struct quorum *q, const struct cs_message *m)
{
    cs_nd_park(n, q, m->from, m);
}

/* ---- whose request --------------------------------------------------------------- */

/* NULL: the message waits, or was refused or dropped. */
static struct work *find_check(struct cs_node_core *n, struct quorum *q,
                               const struct cs_message *m, const struct cs_dkls_open *o)
{
    struct work *w = NULL;
    enum cs_err err = cs_nd_check_join(n, q, m->from, m->key_id, o->request_id, m->sid,
                                       &w);

    if (err == CS_OK) {
        return w;
    }
    if (err == CS_ERR_NOT_FOUND || err == CS_ERR_STATE) {
        wait(n, q, m); /* the certificate may still be on its way */
    } else {
        refuse(n, q, m->from, m, err);
    }
    return NULL;
}

static struct work *find_work(struct cs_node_core *n, struct quorum *q,
                              const struct cs_message *m, const struct cs_dkls_open *o)
{
    struct work *w;

    if (o->kind == CS_REQUEST_CHECK) {
        return find_check(n, q, m, o);
    }
    if (cs_nd_approval_refused(n, o->request_id) != CS_OK) {
        refuse(n, q, m->from, m, CS_ERR_POLICY_REFUSED); /* all a peer has to know */
        return NULL;
    }
    w = cs_nd_work_find(n, o->request_id);
    if (w == NULL || w->kind != WORK_SIGN || w->q != q || w->initiator != m->from ||
        o->attempt > w->attempt) {
        wait(n, q, m); /* the platform's copy may still be on its way */
        return NULL;
    }
    if (o->attempt < w->attempt) {
        n->counters.messages_dropped++; /* late */
        return NULL;
    }
    return w;
}

/* ---- is it the same -------------------------------------------------------------- */

static enum cs_err same_request(const struct work *w, const struct cs_message *m,
                                const struct cs_dkls_open *o)
{
    uint8_t pair[2];
    bool same;

    cs_nd_ecdsa_pair(pair, w, m->from);
    same = w->req.scheme == CS_SCHEME_ECDSA && o->kind == (uint8_t)w->req.kind &&
           o->n == 2 && o->item < w->n_items && memcmp(o->signers, pair, 2) == 0 &&
           memcmp(o->reqh, w->reqh, 32) == 0 &&
           memcmp(m->key_id, w->req.key_id, 16) == 0 &&
           m->key_epoch == w->req.key_epoch;
    return same ? CS_OK : CS_ERR_POLICY_REFUSED;
}

static enum cs_err may_answer(const struct cs_node_core *n, const struct work *w)
{
    return w->kind == WORK_SIGN && !cs_nd_is_enabled(n) ? CS_ERR_POLICY_REFUSED : CS_OK;
}

/* False: the message waits for the own approver, or was refused. */
static bool is_approved(struct cs_node_core *n, const struct work *w,
                        const struct cs_message *m)
{
    enum cs_err err = cs_nd_approval(n, w);

    if (err == CS_ERR_STATE) {
        cs_nd_park_until(n, w->q, m->from, m, cs_nd_approval_until(n, w));
    } else if (err != CS_OK) {
        refuse(n, w->q, m->from, m, CS_ERR_POLICY_REFUSED);
    }
    return err == CS_OK;
}

/* presid of the own copies, if that is what the initiator means too.  STATE: the own
 * setup is not finished yet. */
static enum cs_err same_session(const struct ecdsa_about *a, const struct cs_message *m,
                                const struct cs_dkls_open *o, uint8_t presid[32])
{
    const struct cs_ot_pair *ot = a->w->q->peers[a->peer].ot;
    struct cs_dkls_open own;
    enum cs_err err = cs_nd_ecdsa_open(&own, a, o->nonce);

    if (err != CS_OK) {
        return ot != NULL && cs_ot_pair_state(ot) == CS_OT_RUNNING ? CS_ERR_STATE : err;
    }
    if (memcmp(own.osids, o->osids, sizeof own.osids) != 0) {
        return CS_ERR_SETUP_MISSING; /* another setup than ours: A4 */
    }
    cs_nd_ecdsa_presid(presid, a, &own);
    return memcmp(presid, m->sid, 32) == 0 ? CS_OK : CS_ERR_SID_MISMATCH;
}

/* ---- beginning ------------------------------------------------------------------- */

static void begin(struct cs_node_core *n, struct ecdsa_about *a,
                  const uint8_t presid[32])
{
    struct work *w = a->w;
    struct quorum *q = w->q;

    w->phase = WORK_RUNNING;
    memcpy(w->items[a->item].use_id, presid, 32);
    if (cs_nd_work_intent(n, w, a->peer, presid)) { /* before anything leaves (6.3) */
        cs_nd_ecdsa_pump(n, q, a->peer);
        cs_nd_unpark(n, q); /* its R1 may have overtaken this message */
    }
}

static enum cs_err join(struct cs_node_core *n, struct ecdsa_about *a,
                        const struct cs_message *m, const struct cs_dkls_open *o,
                        uint8_t presid[32])
{
    struct ecdsa_run *r;

    CS_CHECK(same_request(a->w, m, o));
    CS_CHECK(may_answer(n, a->w));
    a->item = o->item;
    if (!cs_nd_item_is_open(&a->w->items[a->item])) {
        return CS_ERR_REPLAY; /* one session for an item of an attempt */
    }
    CS_CHECK(cs_nd_ecdsa_key(n, a));
    CS_CHECK(same_session(a, m, o, presid));
    return cs_nd_ecdsa_new(&r, n, a, presid);
}

static void answer(struct cs_node_core *n, struct work *w, const struct cs_message *m,
                   const struct cs_dkls_open *o)
{
    struct ecdsa_about a = {.w = w, .peer = m->from};
    struct quorum *q = w->q;
    uint8_t presid[32];
    enum cs_err err = join(n, &a, m, o, presid);

    switch (err) {
    case CS_OK:
        begin(n, &a, presid); /* *w may be gone */
        break;
    case CS_ERR_REPLAY:
        n->counters.messages_dropped++;
        break;
    case CS_ERR_STATE: /* setup under way */
    case CS_ERR_LIMIT: /* a session of the pair has to end before */
        wait(n, q, m);
        break;
    case CS_ERR_FULL:
        cs_nd_link_renew(n, q, m->from);
        break;
    default:
        refuse(n, q, m->from, m, err);
    }
}

void cs_nd_ecdsa_on_open(struct cs_node_core *n, struct quorum *q,
                         const struct cs_message *m)
{
    struct cs_dkls_open o;
    struct work *w;
    enum cs_err err = m->broadcast.n != 0 ? CS_ERR_BAD_FORMAT
                                          : cs_dkls_open_decode(&o, m->priv);

    if (err != CS_OK) {
        refuse(n, q, m->from, m, err);
        return;
    }
    if (n->draining) {
        wait(n, q, m); /* not any more: it begins with the next start */
        return;
    }
    w = find_work(n, q, m, &o);
    if (w != NULL && is_approved(n, w, m)) {
        answer(n, w, m, &o);
    }
}
