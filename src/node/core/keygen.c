/* Key generation as the node runs it: one DKG session per request (PROTOCOLS 3).  What
 * follows an active key is in prove.c, a key that got stuck in stuck.c. */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "wire/jsonx.h"

/* ---- out
 * ---------------------------------------------------------------------------------- */

static void send_all(struct cs_node_core *n, struct quorum *q,
                     const struct cs_session_out *out)
{
    for (size_t i = 0; i < out->n_msgs; i++) { /* lost: the session sends again */
        (void)cs_nd_link_send(n, q, out->msgs[i].to, &out->msgs[i].msg);
    }
}

static void keyinfo_of(const struct work *w, struct keyinfo *info)
{
    memset(info, 0, sizeof *info);
    memcpy(info->quorum_id, w->q->id, 16);
    (void)snprintf(info->blockchain, sizeof info->blockchain, "%s", w->req.blockchain);
    (void)snprintf(info->name, sizeof info->name, "%s", w->name);
}

static void store_key(struct cs_node_core *n, const struct work *w,
                      const struct cs_key *k)
{
    struct keyinfo info;

    keyinfo_of(w, &info);
    cs_nd_key_store(n, k, &info);
}

/* The session is over without its result.  What is in the store decides what remains.
 */
void cs_nd_keygen_fail(struct cs_node_core *n, struct work *w, enum cs_err err)
{
    struct cs_blame blame = {err, 0};
    struct cached_key *c;
    enum cs_err load_err;

    if (w->session != NULL && cs_session_phase(w->session) == CS_SESSION_FAILED) {
        blame = cs_session_blame(w->session);
        cs_nd_blame(n, w->q, blame.party, blame.err);
    } else if (w->session != NULL) {
        struct cs_session_out *out = cs_alloc(sizeof *out);

        if (out != NULL) {
            cs_session_abort(w->session, err, out);
            send_all(n, w->q, out);
            cs_session_out_clear(out);
            cs_free(out);
        }
    }
    cs_nd_work_reset(n, w);
    c = cs_nd_key_load(n, w->req.key_id, &load_err);
    if (load_err == CS_ERR_NOMEM) { /* whether there is a key must not be guessed */
        cs_nd_fail(n, load_err, "a key record");
    } else if (c == NULL) {
        cs_nd_work_failed(n, w, load_err == CS_ERR_UNKNOWN_KEY ? blame.err : load_err,
                          "keygen", blame.party);
    } else if (c->key->state == CS_KEY_ACTIVE) {
        cs_nd_keygen_activated(n, w); /* only acknowledgements are missing */
    } else {
        cs_nd_journal_result(n, w, blame.err);
        cs_nd_report_failed(n, CS_EVT_KEY_FAILED, w->req.request_id, w->req.key_id,
                            w->attempt, w->q->roster.self, blame.err, "keygen",
                            blame.party, NULL);
        w->phase = WORK_PENDING;
        w->deadline = UINT64_MAX;
        w->again = n->now;
    }
}

/* ---- driving the session
 * ------------------------------------------------------------------------ */

static void ended(struct cs_node_core *n, struct work *w)
{
    if (cs_session_phase(w->session) == CS_SESSION_DONE) {
        cs_nd_keygen_activated(n, w); /* the session stays: it answers repeats */
    } else {
        cs_nd_keygen_fail(n, w, cs_session_blame(w->session).err);
    }
}

static void after(struct cs_node_core *n, struct work *w, struct cs_session_out *out)
{
    struct cs_round_job *job;

    if (out->persist) {
        store_key(n, w, cs_dkg_key(cs_session_state(w->session)));
    }
    send_all(n, w->q, out);
    if (out->ended) {
        ended(n, w);
        return;
    }
    job = cs_session_take_job(w->session, n->random, n->random_ctx);
    if (job != NULL) {
        cs_nd_round_job(n, w, job);
    }
}

static struct cs_session_out *out_new(struct cs_node_core *n)
{
    struct cs_session_out *out = cs_alloc(sizeof *out);

    if (out == NULL) {
        cs_nd_fail(n, CS_ERR_NOMEM, "a session");
    }
    return out;
}

static void out_free(struct cs_session_out *out)
{
    cs_session_out_clear(out);
    cs_free(out);
}

void cs_nd_keygen_job(struct cs_node_core *n, struct work *w, struct cs_round_job *job)
{
    struct cs_session_out *out;
    enum cs_err err;

    if (w == NULL || w->session == NULL) {
        cs_round_job_free(job);
        return;
    }
    out = out_new(n);
    if (out == NULL) {
        cs_round_job_free(job);
        return;
    }
    err = cs_session_job_done(w->session, job, n->now, out);
    if (err != CS_OK) { /* out->ended tells what to do about it */
        cs_log(CS_LOG_DEBUG, "key", "a round failed: %s", cs_err_text(err));
    }
    after(n, w, out);
    out_free(out);
}

/* ---- starting -------------------------------------------------------------------- */

static bool all_links_live(const struct work *w)
{
    for (uint8_t i = 0; i < w->n_signers; i++) {
        if (w->signers[i] != w->q->roster.self &&
            !cs_nd_link_live(w->q, w->signers[i])) {
            return false;
        }
    }
    return true;
}

static void session_params(const struct cs_node_core *n, const struct work *w,
                           struct cs_session_params *p)
{
    memset(p, 0, sizeof *p);
    p->protocol = &cs_dkg_protocol;
    p->roster = w->q->roster;
    p->request = w->req;
    p->initiator = w->initiator;
    p->attempt = w->attempt;
    p->n_parts = w->n_signers;
    memcpy(p->parts, w->signers, w->n_signers);
    for (uint8_t i = 1; i <= w->q->roster.n; i++) {
        const struct cs_link *l = w->q->peers[i].link;

        memcpy(p->boot[i], l == NULL ? n->boot : cs_link_boot_peer(l), 32);
    }
}

static struct cs_dkg *new_dkg(const struct cs_node_core *n, const struct work *w)
{
    const struct cs_dkg_params p = {.roster = w->q->roster,
                                    .request = w->req,
                                    .ik_seed = n->id->ik_seed,
                                    .local = n->id->local};

    return cs_dkg_new(&p);
}

static enum cs_err running(struct cs_node_core *n, struct work *w)
{
    enum cs_err err;

    w->phase = WORK_RUNNING;
    memcpy(w->use_id, cs_session_presid(w->session), 32);
    err = cs_nd_journal_intent(n, w, 0);
    w->intent = err == CS_OK;
    cs_log(CS_LOG_INFO, "key", "generating key \"%s\" with all nodes of \"%s\"",
           w->name, w->q->name);
    return err;
}

/* open NULL: this node starts the session; else it joins that one. */
static void begin(struct cs_node_core *n, struct work *w, const struct cs_message *open)
{
    struct cs_session_out *out = out_new(n);
    struct cs_dkg *dkg = new_dkg(n, w);
    struct cs_session_params p;
    uint8_t nonce[32];
    enum cs_err err = CS_ERR_NOMEM;

    session_params(n, w, &p);
    n->random(n->random_ctx, nonce, sizeof nonce);
    if (out != NULL && dkg != NULL) {
        err = open == NULL ? cs_session_start(&w->session, &p, dkg, nonce, n->now, out)
                           : cs_session_join(&w->session, &p, dkg, open, n->now, out);
    }
    if (err == CS_OK) {
        err = running(n, w);
        if (err == CS_OK) {
            after(n, w, out);
        } else { /* what cannot be accounted for does not begin */
            cs_nd_keygen_fail(n, w, err);
        }
    } else {
        cs_dkg_free(dkg);
        w->session = NULL;
        if (open == NULL) {
            cs_nd_keygen_fail(n, w, err);
        } else { /* the opening was not ours to accept: the initiator may open again */
            cs_log(CS_LOG_WARN, "key", "a key generation was not joined: %s",
                   cs_err_text(err));
            cs_nd_blame(n, w->q, open->from, err);
        }
    }
    if (out != NULL) {
        out_free(out);
    }
}

void cs_nd_keygen_try(struct cs_node_core *n, struct work *w)
{
    if (w->phase == WORK_WAITING && w->initiator == w->q->roster.self &&
        all_links_live(w) && !n->draining) {
        begin(n, w, NULL);
    }
}

void cs_nd_keygen_link(struct cs_node_core *n, struct work *w, uint8_t peer)
{
    if (w->phase == WORK_PENDING) {
        cs_nd_stuck_ask(n, w, peer);
    } else if (w->phase == WORK_PROVING) {
        w->n_again = 0; /* a pair that could not sign may be able to now */
        w->again = n->now;
    } else {
        cs_nd_keygen_try(n, w);
    }
}

/* ---- the platform's command
 * ----------------------------------------------------------------------------- */

/* One key id, one generation: a second one would overwrite the first one's share
 * (PROTOCOLS 2.6, 3.6). */
static bool is_key_taken(const struct cs_node_core *n, const uint8_t key_id[16])
{
    for (const struct work *w = n->works; w != NULL; w = w->next) {
        if (w->kind == WORK_KEYGEN && memcmp(w->req.key_id, key_id, 16) == 0) {
            return true;
        }
    }
    return cs_nd_key_exists(n, key_id) || cs_nd_key_gone(n, key_id);
}

static enum cs_err check_command(const struct cs_node_core *n,
                                 const struct cs_ctl_key_create *b,
                                 const struct quorum *q)
{
    if (!cs_nd_is_enabled(n)) {
        return CS_ERR_POLICY_REFUSED;
    }
    if (n->draining) {
        return CS_ERR_LIMIT;
    }
    for (uint8_t i = 1; i <= q->ds.n; i++) {
        if (cs_nd_quarantined(n, q, i)) {
            return CS_ERR_QUARANTINED;
        }
    }
    return is_key_taken(n, b->key_id) ? CS_ERR_KEY_EXISTS : CS_OK;
}

/* CS_OK: never seen.  EXISTS: this very request is, or was, worked on; how it ended was
 * said then, and it is not run a second time. */
static enum cs_err find_request(struct cs_node_core *n, const struct cs_request *req)
{
    const struct work *w = cs_nd_work_find(n, req->request_id);
    struct cs_journal_request seen;
    uint8_t reqh[32];
    enum cs_err err;

    cs_request_hash(reqh, req);
    if (w != NULL) {
        return memcmp(w->reqh, reqh, 32) == 0 ? CS_ERR_EXISTS : CS_ERR_REQUEST_CONFLICT;
    }
    err = cs_journal_find(n->journal, req->request_id, &seen);
    if (err == CS_OK) {
        return memcmp(seen.reqh, reqh, 32) == 0 ? CS_ERR_EXISTS
                                                : CS_ERR_REQUEST_CONFLICT;
    }
    return err == CS_ERR_NOT_FOUND ? CS_OK : err;
}

/* A key that no payload of its chain could ever be signed with is not made (7.7). */
static enum cs_err check_chain(const struct cs_request *req)
{
    const struct cs_chain_info *info = cs_chain_by_name(req->blockchain);
    struct cs_chain_key key = {.curve = req->curve};

    if (info == NULL || (req->curve == CS_CURVE_SECP256K1 ? !info->has_secp256k1
                                                          : !info->has_ed25519)) {
        return CS_ERR_CHAIN_UNKNOWN;
    }
    key.chain = info->chain;
    return cs_chain_key_set_scheme(&key, cs_nd_chain_scheme(req->scheme), NULL);
}

static enum cs_err make_request(struct cs_request *req,
                                const struct cs_ctl_key_create *b,
                                const struct quorum *q)
{
    memset(req, 0, sizeof *req);
    req->kind = CS_REQUEST_KEYGEN;
    if (!cs_scheme_parse(&req->scheme, b->scheme)) {
        return CS_ERR_USAGE;
    }
    req->curve = cs_scheme_curve(req->scheme);
    if (strcmp(cs_curve_name(req->curve), b->curve) != 0) {
        return CS_ERR_USAGE;
    }
    memcpy(req->request_id, b->request_id, 16);
    memcpy(req->ds_hash, q->roster.ds_hash, 32);
    memcpy(req->key_id, b->key_id, 16);
    (void)snprintf(req->blockchain, sizeof req->blockchain, "%s", b->blockchain);
    req->expires_ms = (int64_t)b->expires_at;
    CS_CHECK(check_chain(req));
    return cs_request_check(req);
}

static void take_command(struct cs_node_core *n, const struct cs_ctl_key_create *b,
                         struct quorum *q, const struct cs_request *req)
{
    struct work *w = cs_nd_work_new(n, WORK_KEYGEN);

    if (w == NULL) {
        cs_nd_report_failed(n, CS_EVT_KEY_FAILED, b->request_id, b->key_id, b->attempt,
                            q->roster.self, CS_ERR_LIMIT, "accept", 0, NULL);
        return;
    }
    w->q = q;
    w->req = *req;
    cs_request_hash(w->reqh, &w->req);
    (void)snprintf(w->name, sizeof w->name, "%s", b->name);
    w->attempt = b->attempt;
    w->n_signers = q->ds.n;
    for (uint8_t i = 0; i < q->ds.n; i++) {
        w->signers[i] = (uint8_t)(i + 1);
    }
    w->initiator = cs_dkg_initiator(&q->roster);
    w->deadline = n->now + ATTEMPT_KEYGEN_MS;
    cs_nd_work_save(n, w);
    if (req->scheme == CS_SCHEME_ECDSA) {
        cs_nd_ot_need(n, q); /* ready by the time the key is */
    }
    cs_nd_keygen_try(n, w);
    cs_nd_unpark(n, q);
}

void cs_nd_keygen_command(struct cs_node_core *n, const struct cs_ctl_key_create *b)
{
    struct quorum *q = cs_nd_quorum_find(n, b->quorum_id);
    struct cs_request req;
    enum cs_err err = q == NULL || q->state != QUORUM_CONFIRMED
                          ? CS_ERR_UNKNOWN_KEY
                          : make_request(&req, b, q);

    if (err == CS_OK) {
        err = find_request(n, &req);
    }
    if (err == CS_ERR_EXISTS) {
        return; /* a repeat */
    }
    if (err == CS_OK) {
        err = check_command(n, b, q);
    }
    if (err == CS_OK) {
        err = cs_request_fresh(&req, n->wall);
    }
    if (err != CS_OK) {
        cs_nd_report_failed(n, CS_EVT_KEY_FAILED, b->request_id, b->key_id, b->attempt,
                            q == NULL ? 0 : q->roster.self, err, "accept", 0, NULL);
        return;
    }
    take_command(n, b, q, &req);
}

/* ---- messages -------------------------------------------------------------------- */

static struct work *by_presid(const struct cs_node_core *n, const struct quorum *q,
                              const uint8_t presid[32])
{
    for (struct work *w = n->works; w != NULL; w = w->next) {
        if (w->session != NULL && w->q == q &&
            memcmp(cs_session_presid(w->session), presid, 32) == 0) {
            return w;
        }
    }
    return NULL;
}

static void on_open(struct cs_node_core *n, struct quorum *q, uint8_t from,
                    const struct cs_message *m)
{
    struct cs_session_open open;
    struct work *w;

    if (cs_session_open_decode(&open, m->broadcast) != CS_OK) {
        cs_nd_blame(n, q, from, CS_ERR_BAD_FORMAT);
        return;
    }
    w = cs_nd_work_find(n, open.request_id);
    if (w == NULL || w->kind != WORK_KEYGEN || w->q != q || !all_links_live(w) ||
        n->draining) {
        cs_nd_park(n, q, from, m); /* the platform's copy, or a link, may still come */
        return;
    }
    if (w->phase != WORK_WAITING || w->initiator != from || w->session != NULL) {
        n->counters.messages_dropped++;
        return;
    }
    begin(n, w, m); /* may end the work */
    w = cs_nd_work_find(n, open.request_id);
    if (w != NULL && w->session != NULL) {
        cs_nd_unpark(n, q);
    }
}

void cs_nd_keygen_message(struct cs_node_core *n, struct quorum *q, uint8_t from,
                          const struct cs_message *m)
{
    struct work *w = by_presid(n, q, m->sid);
    struct cs_session_out *out;

    if (w == NULL && m->proto == CS_PROTO_DKG) {
        if (m->type == CS_TYPE_OPEN) {
            on_open(n, q, from, m);
        } else {
            cs_nd_park(n, q, from, m); /* unknown sid: PROTOCOLS 2.3 */
        }
        return;
    }
    if (w == NULL) {
        cs_nd_sign_control(n, q, from, m);
        return;
    }
    out = out_new(n);
    if (out == NULL) {
        return;
    }
    if (cs_session_feed(w->session, m, n->now, out) == CS_ERR_REPLAY) {
        n->counters.messages_dropped++;
    }
    after(n, w, out);
    out_free(out);
}

/* ---- time ------------------------------------------------------------------------ */

static void session_time(struct cs_node_core *n, struct work *w)
{
    struct cs_session_out *out = out_new(n);

    if (out != NULL) {
        cs_session_time(w->session, n->now, out);
        after(n, w, out);
        out_free(out);
    }
}

/* A finished session that has answered repeats for long enough wants no more time. */
static void drop_finished_session(struct cs_node_core *n, struct work *w)
{
    if (w->session != NULL && w->phase == WORK_PROVING &&
        cs_session_deadline(w->session) == UINT64_MAX) {
        cs_session_free(w->session);
        w->session = NULL;
        w->again = n->now; /* perhaps the work only waited for this */
    }
}

void cs_nd_keygen_time(struct cs_node_core *n, struct work *w)
{
    uint64_t serial = w->serial;

    if (w->session != NULL && cs_session_deadline(w->session) <= n->now) {
        session_time(n, w);
        w = cs_nd_work_by_serial(n, serial);
    }
    if (w != NULL && n->now >= w->deadline &&
        (w->phase == WORK_WAITING || w->phase == WORK_RUNNING)) {
        cs_nd_keygen_fail(n, w,
                          w->phase == WORK_WAITING ? CS_ERR_TIMEOUT : CS_ERR_DEADLINE);
        w = cs_nd_work_by_serial(n, serial);
    }
    if (w == NULL) {
        return;
    }
    drop_finished_session(n, w);
    if (n->now >= w->again && w->phase == WORK_PENDING) {
        w->again = n->now + PENDING_ASK_MS;
        cs_nd_stuck_ask(n, w, 0);
    } else if (n->now >= w->again && w->phase == WORK_PROVING) {
        cs_nd_prove(n, w);
    }
}

/* ---- after a restart ------------------------------------------------------------- */

void cs_nd_keygen_resume(struct cs_node_core *n, struct work *w)
{
    enum cs_err err;
    struct cached_key *c = cs_nd_key_load(n, w->req.key_id, &err);

    if (err == CS_ERR_NOMEM) {
        cs_nd_fail(n, err, "a key record");
    } else if (c == NULL) { /* killed before its share was stored, or it is damaged */
        cs_nd_work_failed(n, w, err == CS_ERR_UNKNOWN_KEY ? CS_ERR_ABORTED : err,
                          "restart", 0);
    } else if (c->key->state == CS_KEY_ACTIVE) {
        cs_nd_keygen_activated(n, w);
    } else {
        w->phase = WORK_PENDING;
        w->deadline = UINT64_MAX;
        w->again = n->now;
    }
}
