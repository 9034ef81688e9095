/* Key generation and both kinds of FROST. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "bench.h"
#include "mpc/tweak.h"
#include "support/mpc_signers.h"

/* ---- key generation -------------------------------------------------------------- */

static size_t sent;

static bool count(struct net *w, struct net_msg *m)
{
    (void)w;
    sent += m->bcast.n + m->priv.n + (m->bcast.n > 0 ? CS_SIG_LEN : 0);
    return true;
}

/* All three parties run in this thread: a third of it each. */
static void dkg(enum cs_curve curve, const char *name, int runs)
{
    struct bench_row *r = bench_row("dkg", name);

    for (int i = 0; i < runs; i++) {
        struct net *w = net_new(3, 2, curve, (uint64_t)i + 1);
        struct bench_mark m;

        w->hook = count;
        sent = 0;
        m = bench_begin();
        net_start(w);
        net_run(w);
        bench_end(r, &m, 3);
        bench_must(w->err[1] == CS_OK && w->stored[3] != NULL, "a key generation");
        bench_bytes(r, sent / 3);
        net_free(w);
    }
}

void bench_dkg(int runs)
{
    dkg(CS_CURVE_SECP256K1, "DKG 2-of-3 secp256k1", runs);
    dkg(CS_CURVE_ED25519, "DKG 2-of-3 Ed25519", runs);
}

/* ---- signing --------------------------------------------------------------------- */

struct names {
    const char *nonce, *answer, *initiator;
};

static size_t stock(struct signers *s)
{
    struct cs_frost_use theirs = signers_use(s, 1, 2);
    struct cs_wr w = {0};
    size_t n;

    signers_issue(s, 2, 1, CS_FROST_BATCH, &w);
    n = w.n;
    bench_must(cs_frost_pool_put(s->pool[1], &theirs, cs_wr_get(&w), s->now) == CS_OK,
               "a list of nonces");
    cs_wr_free(&w);
    return n;
}

/* The initiator's request and finish are its whole work. */
static void sign_one(struct signers *s, const struct names *n)
{
    struct bench_row *initiator = bench_row("frost", n->initiator);
    struct bench_row *answer = bench_row("frost", n->answer);
    static const uint8_t set[] = {1, 2};
    uint8_t rsp[CS_FROST_RSP_LEN], sig[64], culprit;
    struct bench_mark m = bench_begin(), spent, more;
    struct cs_frost_run *run = signers_start(s, 1, set);
    bool ok;

    spent = bench_since(&m);
    bench_bytes(initiator, cs_frost_run_req(run, 2).n);
    m = bench_begin();
    ok = signers_answer(s, 2, 1, set, cs_frost_run_req(run, 2), rsp) == CS_OK;
    bench_end(answer, &m, 1);
    bench_bytes(answer, sizeof rsp);
    m = bench_begin();
    ok = cs_frost_run_put(run, 2, CS_SPAN_OF(rsp)) == CS_OK &&
         cs_frost_run_finish(run, sig, &culprit) == CS_OK && ok;
    more = bench_since(&m);
    bench_add(&spent, &more);
    bench_put(initiator, &spent, 1);
    bench_must(ok, "a FROST signature");
    cs_frost_run_free(run);
}

static void frost(enum cs_scheme scheme, const struct names *n, int runs)
{
    struct signers *s = signers_of(scheme, 3, 2, 1);

    for (int i = 0; i < runs; i++) {
        if (i % CS_FROST_BATCH == 0) {
            struct bench_row *r = bench_row("frost", n->nonce);
            struct bench_mark m = bench_begin();
            size_t bytes = stock(s);

            bench_end(r, &m, CS_FROST_BATCH);
            bench_bytes(r, bytes / CS_FROST_BATCH);
        }
        sign_one(s, n);
    }
    signers_free(s);
}

/* Once a path: the node keeps it. */
static void wallet(int runs)
{
    static const uint32_t path[] = {86, 0, 0, 0, 5};
    static const uint8_t chain[32] = {7};
    struct bench_row *r = bench_row("frost",
                                    "BIP340 wallet: path of 5 and TapTweak, kept");
    struct cs_point X;
    struct cs_scalar k;

    cs_scalar_from_u32(CS_CURVE_SECP256K1, &k, 12345);
    cs_point_base_mul(CS_CURVE_SECP256K1, &X, &k);
    for (int i = 0; i < runs; i++) {
        struct cs_tweak t;
        struct bench_mark m = bench_begin();
        bool ok = cs_tweak_wallet(&t, &X, chain, path, CS_COUNTOF(path)) == CS_OK;

        bench_end(r, &m, 1);
        bench_must(ok, "a path");
    }
}

void bench_frost(int runs)
{
    static const struct names ed = {"FROST Ed25519, one nonce, ahead, both sides",
                                    "FROST Ed25519 sign, responder",
                                    "FROST Ed25519 sign, initiator"};
    static const struct names bip340 = {"FROST BIP340, one nonce, ahead, both sides",
                                        "FROST BIP340 sign, responder",
                                        "FROST BIP340 sign, initiator"};

    frost(CS_SCHEME_FROST_ED25519, &ed, runs);
    frost(CS_SCHEME_BIP340, &bip340, runs);
    wallet(runs);
}
