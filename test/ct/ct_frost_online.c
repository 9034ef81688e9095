/* PROTOCOLS 10, row 51, for the online protocol of both kinds of FROST as the node runs
 * it: issuing nonces, starting a run, answering, finishing (support/ct_run.h).  Shares
 * and random bytes are secret; what a message carries is published when it leaves. */
#include "support/ct_run.h"

#include "allowed.h"
#include "mpc/frost.h"
#include "mpc/frost_bip340.h"
#include "support/mpc_signers.h"

enum cs_err __real_cs_frost_aggregate(uint8_t sig[CS_FROST_SIG_LEN],
                                      const struct cs_frost_ctx *ctx,
                                      const struct cs_scalar *z, struct cs_span msg);
enum cs_err __wrap_cs_frost_aggregate(uint8_t sig[CS_FROST_SIG_LEN],
                                      const struct cs_frost_ctx *ctx,
                                      const struct cs_scalar *z, struct cs_span msg);
enum cs_err __real_cs_bip340_aggregate(uint8_t sig[CS_BIP340_SIG_LEN], uint8_t *culprit,
                                       const struct cs_bip340_session *ctx,
                                       const uint8_t (*parts)[32], size_t n,
                                       struct cs_span msg);
enum cs_err __wrap_cs_bip340_aggregate(uint8_t sig[CS_BIP340_SIG_LEN], uint8_t *culprit,
                                       const struct cs_bip340_session *ctx,
                                       const uint8_t (*parts)[32], size_t n,
                                       struct cs_span msg);

/* The sum is the signature, and the other parts are known to a peer: so is the own. */
enum cs_err __wrap_cs_frost_aggregate(uint8_t sig[CS_FROST_SIG_LEN],
                                      const struct cs_frost_ctx *ctx,
                                      const struct cs_scalar *z, struct cs_span msg)
{
    struct cs_scalar copy[CS_PARTIES_MAX];

    memcpy(copy, z, ctx->n * sizeof *z);
    publish(copy, sizeof copy);
    return __real_cs_frost_aggregate(sig, ctx, copy, msg);
}

enum cs_err __wrap_cs_bip340_aggregate(uint8_t sig[CS_BIP340_SIG_LEN], uint8_t *culprit,
                                       const struct cs_bip340_session *ctx,
                                       const uint8_t (*parts)[32], size_t n,
                                       struct cs_span msg)
{
    uint8_t copy[CS_PARTIES_MAX][32];

    memcpy(copy, parts, n * sizeof *parts);
    publish(copy, sizeof copy);
    return __real_cs_bip340_aggregate(sig, culprit, ctx, (const uint8_t(*)[32])copy, n,
                                      msg);
}

#ifdef CT_RUNS

static const uint8_t set12[] = {1, 2};

static struct signers *s;
static struct {
    uint8_t issue[CS_FROST_RAND], start[CS_FROST_RAND];
} rnd;
static struct cs_wr list;
static struct cs_frost_run *run;
static struct cs_frost_answer *answer;
static uint8_t rsp[CS_FROST_RSP_LEN], sig[64];
static bool done;

static void mark_shares(void)
{
    for (uint8_t i = 1; i <= 2; i++) {
        (void)VALGRIND_MAKE_MEM_UNDEFINED(&s->key[i]->x, sizeof s->key[i]->x);
    }
}

static void issue(void)
{
    struct cs_frost_use u = signers_use(s, 2, 1);

    mark_shares();
    done = cs_frost_pool_issue(s->pool[2], &u, s->key[2], 0, 1, rnd.issue, s->now,
                               &list) == CS_OK;
}

static void start(void)
{
    struct cs_frost_task t = signers_task(s, 1, set12);
    uint8_t empty;

    done = cs_frost_run_start(&run, &empty, s->pool[1], &t, rnd.start, s->now) == CS_OK;
}

static void answer_it(void)
{
    struct cs_frost_task t = signers_task(s, 2, set12);

    done = cs_frost_answer_take(&answer, rsp, s->pool[2], &t, 1,
                                cs_frost_run_req(run, 2), s->now) == CS_OK &&
           cs_frost_answer_run(answer) == CS_OK;
    if (done) {
        cs_frost_answer_done(answer, s->pool[2], s->now, rsp);
    }
}

static void finish(void)
{
    uint8_t culprit;

    done = cs_frost_run_finish(run, sig, &culprit) == CS_OK;
}

static bool put_list(void)
{
    struct cs_frost_use u = signers_use(s, 1, 2);

    publish(list.p, list.n); /* on its way to the initiator */
    return cs_frost_pool_put(s->pool[1], &u, cs_wr_get(&list), s->now) == CS_OK;
}

static bool signature(enum cs_scheme scheme)
{
    bool ok;

    s = signers_of(scheme, 3, 2, 11);
    memset(&rnd, 1, sizeof rnd);
    list = (struct cs_wr){0};
    ok = ct_clean("nonces", &rnd.issue, sizeof rnd.issue, issue) && done && put_list();
    ok = ok && ct_clean("start", &rnd.start, sizeof rnd.start, start) && done;
    ok = ok && ct_clean("answer", rsp, sizeof rsp, answer_it) && done;
    ok = ok && VALGRIND_CHECK_MEM_IS_DEFINED(rsp + 8, 32) != 0; /* was z marked? */
    publish(rsp, sizeof rsp);
    ok = ok && cs_frost_run_put(run, 2, CS_SPAN_OF(rsp)) == CS_OK;
    ok = ok && ct_clean("finish", sig, sizeof sig, finish) && done;
    ok = ok && VALGRIND_CHECK_MEM_IS_DEFINED(&s->key[1]->x, 32) != 0;
    publish(sig, sizeof sig);
    ok = ok && signers_verify(s, sig);
    cs_frost_answer_free(answer);
    cs_frost_run_free(run);
    cs_wr_free(&list);
    signers_free(s);
    return ok;
}

static bool ct_inside(void)
{
    bool ok = cs_crypto_init() == CS_OK;

    ok = signature(CS_SCHEME_FROST_ED25519) && ok;
    return signature(CS_SCHEME_BIP340) && ok;
}

#endif

CT_MAIN
