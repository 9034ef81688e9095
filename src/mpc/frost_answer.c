/* The responder's answer (PROTOCOLS 7.2, 7.6, 15.6 F1): the nonce leaves the pool
 * before anything that depends on it exists; it lives in guarded memory until z is
 * computed. */
#include <string.h>

#include "base/mem.h"
#include "crypto/hash.h"
#include "mpc/frost_impl.h"
#include "mpc/frost_suite.h"

struct cs_frost_answer {
    struct cs_frost_signing s;
    struct cs_frost_use use;
    uint64_t nonce_id;
    uint8_t req_hash[32];
    bool done;
    struct cs_scalar z;
};

/* The request on the wire is the own one, for the same item, between the same signers.
 */
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

static enum cs_err read_req(struct cs_frost_req *q, const struct cs_frost_task *t,
                            uint8_t initiator, struct cs_span req)
{
    CS_CHECK(cs_frost_req_decode(q, t->key->body.t, req));
    if (q->commit_len != cs_frost_commit_len(t->key->body.scheme)) {
        return CS_ERR_BAD_FORMAT; /* entries of the other scheme */
    }
    return req_matches(q, t, initiator);
}

enum cs_err cs_frost_answer_take(struct cs_frost_answer **out,
                                 uint8_t stored[CS_FROST_RSP_LEN],
                                 struct cs_frost_pool *pool,
                                 const struct cs_frost_task *t, uint8_t initiator,
                                 struct cs_span req, uint64_t now_ms)
{
    const struct cs_frost_plan *plan;
    struct cs_frost_commit own;
    struct cs_frost_answer *a;
    struct cs_frost_req q;
    uint8_t req_hash[32];
    struct cs_frost_use u;
    enum cs_err err;

    CS_CHECK(cs_frost_task_check(t));
    CS_CHECK(read_req(&q, t, initiator, req));
    CS_CHECK(cs_frost_pool_plan(pool, &plan, t));
    cs_frost_use_of(&u, t, initiator);
    cs_sha256(req_hash, req);
    CS_CHECK(cs_frost_pool_find(pool, &u, q.nonce_id, req_hash, now_ms, &own, stored));
    a = cs_alloc(sizeof *a);
    if (a == NULL) {
        return CS_ERR_NOMEM;
    }
    a->use = u;
    a->nonce_id = q.nonce_id;
    memcpy(a->req_hash, req_hash, sizeof req_hash);
    CS_TRY(cs_frost_open(&a->s, t, plan));
    CS_TRY(cs_frost_commit_bytes(&a->s, &q, &own));
    CS_TRY(cs_frost_pool_spend(pool, &u, q.nonce_id, req_hash, now_ms,
                               &a->s.secret->nonces));
    *out = a;
    return CS_OK;
out:
    cs_frost_answer_free(a);
    return err;
}

enum cs_err cs_frost_answer_run(struct cs_frost_answer *a)
{
    enum cs_err err;

    CS_TRY(cs_frost_close(&a->s));
    CS_TRY(cs_frost_answer(&a->s, &a->z));
    a->done = true;
out:
    cs_frost_signing_clear(&a->s);
    return err;
}

void cs_frost_answer_done(struct cs_frost_answer *a, struct cs_frost_pool *pool,
                          uint64_t now_ms, uint8_t rsp[CS_FROST_RSP_LEN])
{
    size_t i;

    CS_ASSERT(a->done);
    for (i = 0; i < 8; i++) {
        rsp[i] = (uint8_t)(a->nonce_id >> (56 - 8 * i));
    }
    memcpy(rsp + 8, a->z.b, CS_SCALAR_LEN);
    cs_frost_pool_store(pool, &a->use, a->nonce_id, a->req_hash, rsp, now_ms);
}

void cs_frost_answer_free(struct cs_frost_answer *a)
{
    if (a != NULL) {
        cs_frost_signing_clear(&a->s);
        cs_free(a);
    }
}
