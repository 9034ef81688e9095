/* The initiator's run (PROTOCOLS 7.2, 15.6 F1): takes a commitment of every other
 * signer from the pool, makes own nonces, asks, adds up, verifies.  It lives in guarded
 * memory, and its nonces are spent by one finish, whatever that finds. */
#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "mpc/frost_impl.h"
#include "mpc/frost_suite.h"

struct peer_part {
    struct cs_wr req;
    uint8_t sid[32];
    uint64_t nonce_id;
    bool answered;
    struct cs_scalar z;
};

struct cs_frost_run {
    struct cs_frost_signing s;
    bool spent;
    uint8_t self;
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
        cs_frost_use_of(&u, t, t->signers[i]);
        if (t->signers[i] != r->self && cs_frost_pool_have(pool, &u, now_ms) == 0) {
            *empty = t->signers[i];
            return CS_ERR_NOT_FOUND;
        }
    }
    for (i = 0; i < t->n_signers; i++) {
        if (t->signers[i] != r->self) {
            struct peer_part *p = &r->peer[t->signers[i]];

            cs_frost_use_of(&u, t, t->signers[i]);
            CS_CHECK(
                cs_frost_pool_take(pool, &u, now_ms, &p->nonce_id, &r->s.commits[i]));
            cs_frost_sid(p->sid, t->link_id[t->signers[i]], p->nonce_id);
        }
    }
    return CS_OK;
}

static enum cs_err write_reqs(struct cs_frost_run *r, const struct cs_frost_task *t)
{
    struct cs_frost_req q = {.n = t->n_signers,
                             .item = (uint16_t)t->item,
                             .commit_len = (uint8_t)cs_frost_commit_len(r->s.scheme)};
    size_t i;

    cs_request_hash(q.reqh, t->request);
    memcpy(q.request_id, t->request->request_id, CS_ID_LEN);
    memcpy(q.ids, t->signers, sizeof q.ids);
    for (i = 0; i < t->n_signers; i++) {
        cs_frost_entry_encode(r->s.scheme, q.commits[i], &r->s.commits[i]);
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
static enum cs_err make_own(struct cs_frost_run *r, const struct cs_frost_task *t,
                            const uint8_t rand[CS_FROST_RAND])
{
    struct cs_frost_aim aim = {&r->s.plan, cs_wr_get(&r->s.msg)};
    uint8_t peers[CS_PARTIES_MAX * (32 + CS_FROST_COMMIT_MAX)], reqh[32];
    size_t i, n = 0;

    for (i = 0; i < t->n_signers; i++) {
        if (i != r->s.own) {
            uint8_t entry[CS_FROST_COMMIT_MAX];
            size_t len = cs_frost_commit_len(r->s.scheme);

            memcpy(peers + n, r->peer[t->signers[i]].sid, 32);
            cs_frost_entry_encode(r->s.scheme, entry, &r->s.commits[i]);
            memcpy(peers + n + 32, entry, len);
            n += 32 + len;
        }
    }
    cs_request_hash(reqh, t->request);
    const struct cs_span ctx[] = {CS_SPAN_OF(reqh), CS_SPAN(peers, n)};
    return cs_frost_make(&r->s.secret->nonces, &r->s.commits[r->s.own], t->key, rand,
                         ctx, CS_COUNTOF(ctx), &aim);
}

enum cs_err cs_frost_run_start(struct cs_frost_run **out, uint8_t *empty,
                               struct cs_frost_pool *pool,
                               const struct cs_frost_task *t,
                               const uint8_t rand[CS_FROST_RAND], uint64_t now_ms)
{
    const struct cs_frost_plan *plan;
    struct cs_frost_run *r;
    enum cs_err err;

    CS_CHECK(cs_frost_task_check(t));
    CS_CHECK(cs_frost_pool_plan(pool, &plan, t));
    r = cs_alloc(sizeof *r);
    if (r == NULL) {
        return CS_ERR_NOMEM;
    }
    r->self = t->key->self;
    CS_TRY(cs_frost_open(&r->s, t, plan));
    CS_TRY(take_all(r, empty, pool, t, now_ms));
    CS_TRY(make_own(r, t, rand));
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

    if (from >= CS_PARTY_SLOTS || r->peer[from].req.n == 0) {
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
    CS_CHECK(cs_scalar_decode(cs_scheme_curve(r->s.scheme), &z, raw));
    p->z = z;
    p->answered = true;
    return CS_OK;
}

bool cs_frost_run_ready(const struct cs_frost_run *r)
{
    size_t i;

    for (i = 0; i < r->s.plan.n; i++) {
        uint8_t j = r->s.plan.ids[i];

        if (j != r->self && !r->peer[j].answered) {
            return false;
        }
    }
    return !r->spent;
}

enum cs_err cs_frost_run_finish(struct cs_frost_run *r, uint8_t sig[CS_FROST_SIG_LEN],
                                uint8_t *culprit)
{
    struct cs_scalar z[CS_PARTIES_MAX] = {{{0}}};
    enum cs_err err;
    size_t i;

    memset(sig, 0, CS_FROST_SIG_LEN);
    *culprit = 0;
    if (r->spent) {
        return CS_ERR_NONCE_USED;
    }
    if (!cs_frost_run_ready(r)) {
        return CS_ERR_STATE;
    }
    r->spent = true;
    for (i = 0; i < r->s.plan.n; i++) {
        z[i] = r->peer[r->s.plan.ids[i]].z; /* own: zero until it is made */
    }
    CS_TRY(cs_frost_commit_points(&r->s));
    CS_TRY(cs_frost_close(&r->s));
    err = cs_frost_release(&r->s, z, sig, culprit);
out:
    cs_frost_signing_clear(&r->s); /* whatever came out */
    return err;
}

void cs_frost_run_free(struct cs_frost_run *r)
{
    size_t i;

    if (r == NULL) {
        return;
    }
    cs_frost_signing_clear(&r->s);
    for (i = 0; i < CS_PARTY_SLOTS; i++) {
        cs_wr_free(&r->peer[i].req);
    }
    cs_free(r);
}
