/* One message each way (PROTOCOLS 7.2, 15.6 F1): codecs, initiator's run, responder's
 * answer.  Nonces leave the pool before anything depends on them exists; a run and an
 * answer hold them in guarded memory until they are spent. */
#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "crypto/hash.h"
#include "mpc/frost.h"
#include "mpc/frost_pool.h"

void cs_frost_sid(uint8_t sid[32], const uint8_t link_id[16], uint64_t nonce_id)
{
    struct cs_wr id = {0};

    cs_wr_u64(&id, nonce_id);
    CS_ASSERT(id.err == CS_OK);
    const struct cs_span x[] = {CS_SPAN(link_id, 16), cs_wr_get(&id)};
    cs_th(sid, CS_TAG_FR_ONLINE, x, CS_COUNTOF(x));
    cs_wr_free(&id);
}

/* ---- 7.2 FR_REQ
 * ------------------------------------------------------------------------ */

void cs_frost_req_encode(struct cs_wr *w, const struct cs_frost_req *q)
{
    size_t i;

    cs_wr_span(w, CS_SPAN_OF(q->reqh));
    cs_wr_span(w, CS_SPAN_OF(q->request_id));
    cs_wr_u16(w, q->item);
    cs_wr_u64(w, q->nonce_id);
    for (i = 0; i < q->n; i++) {
        cs_wr_u8(w, q->ids[i]);
        cs_wr_bytes(w, q->commits[i], q->commit_len);
    }
}

size_t cs_frost_commit_len(enum cs_scheme scheme)
{
    switch (scheme) {
    case CS_SCHEME_FROST_ED25519:
        return CS_FROST_COMMIT_LEN;
    case CS_SCHEME_BIP340:
        return CS_BIP340_NONCE_LEN;
    default:
        return 0;
    }
}

/* The two schemes' messages never have one length: t * 65 is not t * 67. */
static uint8_t commit_len_of(size_t total, uint8_t t)
{
    if (total == CS_FROST_REQ_LEN(t, CS_FROST_COMMIT_LEN)) {
        return CS_FROST_COMMIT_LEN;
    }
    return total == CS_FROST_REQ_LEN(t, CS_BIP340_NONCE_LEN) ? CS_BIP340_NONCE_LEN : 0;
}

enum cs_err cs_frost_req_decode(struct cs_frost_req *out, uint8_t t, struct cs_span in)
{
    struct cs_rd r = CS_RD(in);
    struct cs_frost_req q = {.n = t, .commit_len = commit_len_of(in.n, t)};
    size_t i;

    CS_ASSERT(t >= 1 && t <= CS_PARTIES_MAX);
    if (q.commit_len == 0) {
        return CS_ERR_BAD_FORMAT;
    }
    cs_rd_copy(&r, q.reqh, sizeof q.reqh);
    cs_rd_copy(&r, q.request_id, sizeof q.request_id);
    q.item = cs_rd_u16(&r);
    q.nonce_id = cs_rd_u64(&r);
    for (i = 0; i < t; i++) {
        q.ids[i] = cs_rd_u8(&r);
        cs_rd_copy(&r, q.commits[i], q.commit_len);
        if (q.ids[i] < 1 || q.ids[i] > CS_PARTIES_MAX ||
            (i > 0 && q.ids[i] <= q.ids[i - 1])) {
            return CS_ERR_BAD_FORMAT;
        }
    }
    if (cs_rd_end(&r) != CS_OK) {
        return CS_ERR_BAD_FORMAT;
    }
    *out = q;
    return CS_OK;
}

enum cs_err cs_frost_req_peek(uint8_t request_id[CS_ID_LEN], uint8_t reqh[32],
                              struct cs_span req)
{
    struct cs_rd r = CS_RD(req);
    uint8_t h[32], id[CS_ID_LEN];

    cs_rd_copy(&r, h, sizeof h);
    cs_rd_copy(&r, id, sizeof id);
    if (r.err != CS_OK) {
        return CS_ERR_BAD_FORMAT;
    }
    memcpy(reqh, h, sizeof h);
    memcpy(request_id, id, sizeof id);
    return CS_OK;
}

/* ---- the task, as every signer checks it
 * -------------------------------------------------- */

static bool signers_ok(const struct cs_frost_task *t)
{
    const struct cs_key *k = t->key;
    bool has_self = false;
    size_t i;

    if (t->n_signers != k->body.t) { /* exactly t (decision D10) */
        return false;
    }
    for (i = 0; i < t->n_signers; i++) {
        uint8_t j = t->signers[i];

        if (j < 1 || j > k->body.n || (i > 0 && j <= t->signers[i - 1])) {
            return false;
        }
        has_self = has_self || j == k->self;
    }
    return has_self;
}

static bool items_ok(const struct cs_frost_task *t)
{
    return t->n_messages >= 1 && t->n_messages <= CS_FROST_ITEMS_MAX &&
           t->item < t->n_messages;
}

/* A CHECK never expires and nobody approves it: it is for the one message that means
 * nothing on any chain (PROTOCOLS 3.5), between the two that sign. */
static bool check_ok(const struct cs_frost_task *t)
{
    struct cs_request own;
    uint8_t a[32], b[32];

    if (t->request->kind != CS_REQUEST_CHECK) {
        return true;
    }
    cs_check_request(&own, &t->key->body, t->signers[0], t->signers[1]);
    cs_request_hash(a, &own);
    cs_request_hash(b, t->request);
    return t->n_signers == 2 && memcmp(a, b, 32) == 0;
}

static bool request_ok(const struct cs_frost_task *t)
{
    const struct cs_request *q = t->request;
    const struct cs_cert_body *b = &t->key->body;
    uint8_t messages[32];

    cs_request_messages_hash(messages, t->messages, t->n_messages);
    return cs_request_check(q) == CS_OK && q->kind != CS_REQUEST_KEYGEN &&
           memcmp(q->ds_hash, b->ds_hash, 32) == 0 &&
           memcmp(q->key_id, b->key_id, CS_ID_LEN) == 0 && q->key_epoch == b->epoch &&
           q->scheme == CS_SCHEME_FROST_ED25519 &&
           b->scheme == CS_SCHEME_FROST_ED25519 && q->curve == b->curve &&
           memcmp(q->messages_hash, messages, 32) == 0 && check_ok(t);
}

enum cs_err cs_frost_task_check(const struct cs_frost_task *t)
{
    if (t->key->state != CS_KEY_ACTIVE) {
        return CS_ERR_STATE;
    }
    if (!signers_ok(t) || !items_ok(t)) {
        return CS_ERR_USAGE;
    }
    return request_ok(t) ? CS_OK : CS_ERR_POLICY_REFUSED;
}

static void use_of(struct cs_frost_use *u, const struct cs_frost_task *t, uint8_t peer)
{
    *u = (struct cs_frost_use){
        .epoch = t->key->body.epoch, .scheme = t->key->body.scheme, .peer = peer};
    memcpy(u->key_id, t->key->body.key_id, CS_ID_LEN);
    memcpy(u->ds_hash, t->key->body.ds_hash, 32);
    memcpy(u->link_id, t->link_id[peer], 16);
}

/* ---- initiator
 * ------------------------------------------------------------------------------- */

struct peer_part {
    struct cs_wr req;
    uint8_t sid[32];
    uint64_t nonce_id;
    bool answered;
    uint8_t z[32];
};

/* In guarded memory: own nonces and share. */
struct cs_frost_run {
    struct cs_frost_nonces nonces;
    struct cs_secret x;
    bool spent;
    uint8_t self;
    uint8_t n;
    struct cs_frost_commit commits[CS_PARTIES_MAX]; /* by rising index */
    struct cs_point X;
    struct cs_point Xi[CS_PARTIES_MAX]; /* of the signers, in the same order */
    struct cs_wr msg;
    struct peer_part peer[CS_PARTY_SLOTS];
};

/* All or nothing: looks at every list before it takes from one. */
static enum cs_err take_all(struct cs_frost_run *r, uint8_t *empty,
                            struct cs_frost_pool *pool, const struct cs_frost_task *t,
                            uint64_t now_ms)
{
    struct cs_frost_use u;
    size_t i;

    for (i = 0; i < t->n_signers; i++) {
        use_of(&u, t, t->signers[i]);
        if (t->signers[i] != r->self && cs_frost_pool_have(pool, &u, now_ms) == 0) {
            *empty = t->signers[i];
            return CS_ERR_NOT_FOUND;
        }
    }
    for (i = 0; i < t->n_signers; i++) {
        if (t->signers[i] != r->self) {
            uint8_t j = t->signers[i];

            use_of(&u, t, j);
            CS_CHECK(cs_frost_pool_take(pool, &u, now_ms, &r->peer[j].nonce_id,
                                        &r->commits[i]));
            cs_frost_sid(r->peer[j].sid, t->link_id[j], r->peer[j].nonce_id);
        }
    }
    return CS_OK;
}

static enum cs_err write_reqs(struct cs_frost_run *r, const struct cs_frost_task *t)
{
    struct cs_frost_req q = {.n = t->n_signers,
                             .item = (uint16_t)t->item,
                             .commit_len = CS_FROST_COMMIT_LEN};
    size_t i;

    cs_request_hash(q.reqh, t->request);
    memcpy(q.request_id, t->request->request_id, CS_ID_LEN);
    memcpy(q.ids, t->signers, sizeof q.ids);
    for (i = 0; i < t->n_signers; i++) {
        cs_frost_commit_encode(q.commits[i], &r->commits[i]);
    }
    for (i = 0; i < t->n_signers; i++) {
        struct peer_part *p = &r->peer[t->signers[i]];

        if (t->signers[i] != r->self) {
            q.nonce_id = p->nonce_id;
            cs_frost_req_encode(&p->req, &q);
            CS_CHECK(p->req.err);
        }
    }
    return CS_OK;
}

/* New for each run, and not by the grace of the RNG alone: the request and the peers'
 * nonces, each of which is in one run only, go in. */
static void make_own(struct cs_frost_run *r, const struct cs_frost_task *t,
                     const uint8_t rand[CS_FROST_RAND])
{
    uint8_t hedged[CS_FROST_RAND], reqh[32];
    uint8_t peers[CS_PARTIES_MAX][32 + CS_FROST_COMMIT_LEN];
    size_t i, own = 0, n = 0;

    for (i = 0; i < r->n; i++) {
        if (t->signers[i] == r->self) {
            own = i;
        } else {
            memcpy(peers[n], r->peer[t->signers[i]].sid, 32);
            cs_frost_commit_encode(peers[n++] + 32, &r->commits[i]);
        }
    }
    cs_request_hash(reqh, t->request);
    const struct cs_span ctx[] = {CS_SPAN_OF(reqh),
                                  CS_SPAN(peers[0], n * sizeof peers[0])};
    cs_frost_hedge(hedged, rand, &r->x, ctx, CS_COUNTOF(ctx));
    cs_frost_nonces_make(&r->nonces, &r->commits[own], r->self, hedged, &r->x);
    cs_wipe(hedged, sizeof hedged);
}

enum cs_err cs_frost_run_start(struct cs_frost_run **out, uint8_t *empty,
                               struct cs_frost_pool *pool,
                               const struct cs_frost_task *t,
                               const uint8_t rand[CS_FROST_RAND], uint64_t now_ms)
{
    struct cs_frost_run *r;
    enum cs_err err;
    size_t i;

    CS_CHECK(cs_frost_task_check(t));
    r = cs_guard_new(sizeof *r);
    if (r == NULL) {
        return CS_ERR_NOMEM;
    }
    r->self = t->key->self;
    r->n = t->n_signers;
    r->X = t->key->body.X;
    r->x = t->key->x;
    cs_wr_span(&r->msg, t->messages[t->item]);
    CS_TRY(r->msg.err);
    CS_TRY(take_all(r, empty, pool, t, now_ms));
    for (i = 0; i < r->n; i++) {
        r->Xi[i] = t->key->body.Xi[t->signers[i]];
    }
    make_own(r, t, rand);
    CS_TRY(write_reqs(r, t));
    *out = r;
    return CS_OK;
out:
    cs_frost_run_free(r);
    return err;
}

struct cs_span cs_frost_run_req(const struct cs_frost_run *r, uint8_t to)
{
    CS_ASSERT(to < CS_PARTY_SLOTS);
    return cs_wr_get(&r->peer[to].req);
}

const uint8_t *cs_frost_run_sid(const struct cs_frost_run *r, uint8_t to)
{
    CS_ASSERT(to < CS_PARTY_SLOTS);
    return r->peer[to].req.n == 0 ? NULL : r->peer[to].sid;
}

enum cs_err cs_frost_run_put(struct cs_frost_run *r, uint8_t from, struct cs_span rsp)
{
    struct cs_rd rd = CS_RD(rsp);
    struct peer_part *p;
    struct cs_scalar z;
    uint64_t id;
    uint8_t raw[32];

    if (from >= CS_PARTY_SLOTS || r->peer[from].req.n == 0 || r->spent) {
        return CS_ERR_REPLAY;
    }
    p = &r->peer[from];
    id = cs_rd_u64(&rd);
    cs_rd_copy(&rd, raw, sizeof raw);
    if (cs_rd_end(&rd) != CS_OK) {
        return CS_ERR_BAD_FORMAT;
    }
    if (id != p->nonce_id || p->answered) {
        return CS_ERR_REPLAY;
    }
    CS_CHECK(cs_scalar_decode(CS_CURVE_ED25519, &z, raw));
    memcpy(p->z, raw, sizeof raw);
    p->answered = true;
    return CS_OK;
}

bool cs_frost_run_ready(const struct cs_frost_run *r)
{
    size_t i;

    for (i = 0; i < r->n; i++) {
        if (r->commits[i].id != r->self && !r->peer[r->commits[i].id].answered) {
            return false;
        }
    }
    return !r->spent;
}

/* Every z of the others, checked; then the own one. */
static enum cs_err collect(struct cs_frost_run *r, const struct cs_frost_ctx *ctx,
                           struct cs_scalar *z, uint8_t *culprit)
{
    size_t i, own = r->n;

    for (i = 0; i < r->n; i++) {
        uint8_t j = r->commits[i].id;
        enum cs_err err;

        if (j == r->self) {
            own = i;
            continue;
        }
        err = cs_frost_verify_share(ctx, j, r->peer[j].z, &r->Xi[i]);
        if (err != CS_OK) {
            *culprit = j;
            return err;
        }
        memcpy(z[i].b, r->peer[j].z, 32);
    }
    CS_ASSERT(own < r->n);
    return cs_frost_sign(&z[own], &r->nonces, ctx, r->self, &r->x, &r->Xi[own]);
}

enum cs_err cs_frost_run_finish(struct cs_frost_run *r, uint8_t sig[CS_FROST_SIG_LEN],
                                uint8_t *culprit)
{
    struct cs_scalar z[CS_PARTIES_MAX];
    struct cs_frost_ctx ctx;
    enum cs_err err;

    memset(sig, 0, CS_FROST_SIG_LEN);
    *culprit = 0;
    if (r->spent) {
        return CS_ERR_NONCE_USED;
    }
    if (!cs_frost_run_ready(r)) {
        return CS_ERR_STATE;
    }
    r->spent = true;
    CS_TRY(cs_frost_bind(&ctx, &r->X, r->commits, r->n, cs_wr_get(&r->msg)));
    CS_TRY(collect(r, &ctx, z, culprit));
    err = cs_frost_aggregate(sig, &ctx, z, cs_wr_get(&r->msg));
out:
    cs_wipe(&r->nonces, sizeof r->nonces); /* whatever came out */
    cs_wipe(&r->x, sizeof r->x);
    return err;
}

void cs_frost_run_free(struct cs_frost_run *r)
{
    size_t i;

    if (r == NULL) {
        return;
    }
    cs_wr_free(&r->msg);
    for (i = 0; i < CS_PARTY_SLOTS; i++) {
        cs_wr_free(&r->peer[i].req);
    }
    cs_guard_free(r);
}

/* ---- responder
 * --------------------------------------------------------------------------------- */

/* In guarded memory: nonces and share. */
struct cs_frost_answer {
    struct cs_frost_nonces nonces;
    struct cs_secret x;
    uint8_t self;
    uint8_t n;
    struct cs_frost_commit commits[CS_PARTIES_MAX];
    struct cs_point X, Xi;
    struct cs_wr msg;
    struct cs_frost_use use;
    uint64_t nonce_id;
    uint8_t req_hash[32];
    bool done;
    struct cs_scalar z;
};

/* The request on the wire is the own one, between the same signers. */
static enum cs_err req_matches(const struct cs_frost_req *q,
                               const struct cs_frost_task *t, uint8_t initiator)
{
    uint8_t reqh[32];
    bool has_initiator = false;
    size_t i;

    cs_request_hash(reqh, t->request);
    for (i = 0; i < t->n_signers; i++) {
        has_initiator = has_initiator || t->signers[i] == initiator;
    }
    if (memcmp(q->reqh, reqh, 32) != 0 ||
        memcmp(q->request_id, t->request->request_id, CS_ID_LEN) != 0 ||
        q->item != t->item || memcmp(q->ids, t->signers, t->n_signers) != 0 ||
        !has_initiator || initiator == t->key->self) {
        return CS_ERR_POLICY_REFUSED;
    }
    return CS_OK;
}

/* Own entry as published; the others are valid points. */
static enum cs_err take_commits(struct cs_frost_commit *out,
                                const struct cs_frost_req *q, uint8_t self,
                                const uint8_t own[CS_FROST_COMMIT_MAX])
{
    size_t i;

    for (i = 0; i < q->n; i++) {
        if (q->ids[i] == self && memcmp(q->commits[i], own, q->commit_len) != 0) {
            return CS_ERR_FROST_BINDING;
        }
        CS_CHECK(cs_frost_commit_decode(&out[i], q->ids[i], q->commits[i]));
    }
    return CS_OK;
}

static struct cs_frost_answer *answer_new(const struct cs_frost_task *t,
                                          const struct cs_frost_use *u,
                                          uint64_t nonce_id, const uint8_t req_hash[32])
{
    struct cs_frost_answer *a = cs_guard_new(sizeof *a);

    if (a == NULL) {
        return NULL;
    }
    a->self = t->key->self;
    a->n = t->n_signers;
    a->X = t->key->body.X;
    a->Xi = t->key->body.Xi[a->self];
    a->x = t->key->x;
    a->use = *u;
    a->nonce_id = nonce_id;
    memcpy(a->req_hash, req_hash, 32);
    cs_wr_span(&a->msg, t->messages[t->item]);
    if (a->msg.err != CS_OK) {
        cs_frost_answer_free(a);
        return NULL;
    }
    return a;
}

enum cs_err cs_frost_answer_take(struct cs_frost_answer **out,
                                 uint8_t stored[CS_FROST_RSP_LEN],
                                 struct cs_frost_pool *pool,
                                 const struct cs_frost_task *t, uint8_t initiator,
                                 struct cs_span req, uint64_t now_ms)
{
    uint8_t own[CS_FROST_COMMIT_MAX], req_hash[32];
    struct cs_frost_answer *a = NULL;
    struct cs_frost_use u;
    struct cs_frost_req q;
    enum cs_err err;

    CS_CHECK(cs_frost_task_check(t));
    CS_CHECK(cs_frost_req_decode(&q, t->key->body.t, req));
    if (q.commit_len != cs_frost_commit_len(t->key->body.scheme)) {
        return CS_ERR_BAD_FORMAT;
    }
    CS_CHECK(req_matches(&q, t, initiator));
    use_of(&u, t, initiator);
    cs_sha256(req_hash, req);
    CS_CHECK(cs_frost_pool_find(pool, &u, q.nonce_id, req_hash, now_ms, own, stored));
    a = answer_new(t, &u, q.nonce_id, req_hash);
    if (a == NULL) {
        return CS_ERR_NOMEM;
    }
    CS_TRY(take_commits(a->commits, &q, a->self, own));
    CS_TRY(cs_frost_pool_spend(pool, &u, q.nonce_id, req_hash, now_ms, &a->nonces));
    *out = a;
    return CS_OK;
out:
    cs_frost_answer_free(a);
    return err;
}

enum cs_err cs_frost_answer_run(struct cs_frost_answer *a)
{
    struct cs_frost_ctx ctx;
    enum cs_err err;

    CS_TRY(cs_frost_bind(&ctx, &a->X, a->commits, a->n, cs_wr_get(&a->msg)));
    CS_TRY(cs_frost_sign(&a->z, &a->nonces, &ctx, a->self, &a->x, &a->Xi));
    a->done = true;
out:
    cs_wipe(&a->nonces, sizeof a->nonces);
    cs_wipe(&a->x, sizeof a->x);
    return err;
}

void cs_frost_answer_done(struct cs_frost_answer *a, struct cs_frost_pool *pool,
                          uint64_t now_ms, uint8_t rsp[CS_FROST_RSP_LEN])
{
    struct cs_wr w = {0};

    CS_ASSERT(a->done);
    cs_wr_u64(&w, a->nonce_id);
    cs_wr_span(&w, CS_SPAN_OF(a->z.b));
    CS_ASSERT(w.err == CS_OK && w.n == CS_FROST_RSP_LEN);
    memcpy(rsp, w.p, CS_FROST_RSP_LEN);
    cs_wr_free(&w);
    cs_frost_pool_store(pool, &a->use, a->nonce_id, a->req_hash, rsp, now_ms);
}

void cs_frost_answer_free(struct cs_frost_answer *a)
{
    if (a != NULL) {
        cs_wr_free(&a->msg);
        cs_guard_free(a);
    }
}
