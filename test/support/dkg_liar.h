/* A party that lies in a key generation, for test_mpc_dkg_liar*.c: it changes what it
 * sends, or cheats inside its rounds; and what must come out of it. */
#ifndef CS_TEST_SUPPORT_DKG_LIAR_H
#define CS_TEST_SUPPORT_DKG_LIAR_H

#include "support/mpc_party.h"

enum { LIAR = 3 };

/* ---- a liar that changes what it sends
 * -------------------------------------------------- */

enum where { BCAST, PRIV };

/* Offsets from the start of the part; sid and tr come first in rounds >= 2. */
struct patch {
    uint8_t type;
    enum where where;
    uint8_t to; /* 0: to all */
    size_t at;
    const uint8_t *bytes; /* NULL: flip one bit */
    size_t n;
    long grow; /* changes the length instead */
    unsigned done;
};

static inline void apply(struct cs_wr *w, const struct patch *p)
{
    if (p->grow > 0) {
        assert_non_null(cs_wr_room(w, (size_t)p->grow)); /* zeros */
    } else if (p->grow < 0) {
        w->n -= (size_t)-p->grow;
    } else if (p->bytes == NULL) {
        assert_true(p->at < w->n);
        w->p[p->at] ^= 1;
    } else {
        assert_true(p->at + p->n <= w->n);
        memcpy(w->p + p->at, p->bytes, p->n);
    }
}

static inline bool patch_hook(struct net *w, struct net_msg *m)
{
    struct patch *p = w->hook_ctx;

    if (m->m.from == LIAR && m->m.proto == CS_PROTO_DKG && m->m.type == p->type &&
        (p->to == 0 || p->to == m->to)) {
        apply(p->where == BCAST ? &m->bcast : &m->priv, p);
        p->done++;
    }
    return true;
}

/* ---- a liar that cheats inside its rounds
 * ------------------------------------------------ */

typedef void cheat_fn(struct net *w, struct cs_dkg *d);

static struct net *cheat_net;
static cheat_fn *cheat;
static bool spoil_com;
static struct cs_round_def evil_rounds[5];
static struct cs_protocol evil;

/* Honest round 1, then the cheat, then hashes and commitment made to fit it. */
static inline enum cs_err evil_r1(void *state, const struct cs_round_ctx *ctx,
                                  const struct cs_inbox *in, const uint8_t *rand,
                                  struct cs_round_out *out)
{
    struct cs_dkg *d = state;
    struct dkg_reveal v;
    struct cs_wr buf = {0};

    assert_int_equal(cs_dkg_protocol.rounds[0].run(state, ctx, in, rand, out), CS_OK);
    cheat(cheat_net, d);
    for (uint8_t j = 1; j <= d->roster.n; j++) {
        dkg_share_hash(d->hs[j], ctx->presid, LIAR, j, d->s[j].s.b, d->rnd[j]);
    }
    dkg_own_reveal(&v, &buf, d);
    dkg_commitment(d->com[LIAR], &d->roster, ctx->presid, LIAR, d->nonce[LIAR], &v);
    memcpy(out->body.p + 32, d->com[LIAR], 32);
    if (spoil_com) {
        out->body.p[40] ^= 1;
    }
    cs_wr_free(&buf);
    return CS_OK;
}

static inline void make_evil(struct net *w, cheat_fn *fn)
{
    memcpy(evil_rounds, cs_dkg_protocol.rounds, sizeof evil_rounds);
    evil = cs_dkg_protocol;
    evil.rounds = evil_rounds;
    evil_rounds[0].run = evil_r1;
    cheat_net = w;
    cheat = fn;
    w->protocol[LIAR] = &evil;
}

/* ---- what must come out
 * ---------------------------------------------------------------------- */

struct outcome {
    enum cs_err err;
    uint8_t party;
};

static inline void assert_outcome(const struct net *w, uint8_t i, struct outcome want)
{
    if (w->err[i] != want.err || w->blame[i].party != want.party) {
        fail_msg("party %u: %s by %u instead of %s by %u", (unsigned)i,
                 cs_err_name(w->err[i]), (unsigned)w->blame[i].party,
                 cs_err_name(want.err), (unsigned)want.party);
    }
    net_assert_wiped(w, i);
}

static inline void assert_nothing_active(const struct net *w)
{
    for (uint8_t i = 1; i <= w->n; i++) {
        assert_true(w->stored[i] == NULL || w->stored[i]->state != CS_KEY_ACTIVE);
    }
}

/* Before an ACK leaves, its sender is ACTIVE. */
static inline void assert_nothing_active_before_ack(const struct net *w, uint8_t type)
{
    if (type != CS_TYPE_DKG_ACK) {
        assert_nothing_active(w);
    }
}

static inline struct net *lie(enum cs_curve curve, uint64_t seed)
{
    struct net *w = net_new(3, 2, curve, seed);

    w->liar = LIAR;
    return w;
}

static inline void run_patch(enum cs_curve curve, struct patch p, struct outcome one,
                             struct outcome two)
{
    struct net *w = lie(curve, 77);

    w->hook = patch_hook;
    w->hook_ctx = &p;
    net_start(w);
    net_run(w);
    assert_true(p.done > 0);
    assert_outcome(w, 1, one);
    assert_outcome(w, 2, two);
    assert_nothing_active(w);
    net_free(w);
}

/* Both honest parties find it by themselves.  The first one's ABORT may be faster. */
static inline void run_patch_all(enum cs_curve curve, struct patch p, enum cs_err err)
{
    struct net *w = lie(curve, 78);
    unsigned found = 0;

    w->hook = patch_hook;
    w->hook_ctx = &p;
    net_start(w);
    net_run(w);
    assert_true(p.done > 0);
    for (uint8_t i = 1; i <= 2; i++) {
        if (w->err[i] == err) {
            assert_int_equal(w->blame[i].party, LIAR);
            found++;
        } else {
            assert_int_equal(w->err[i], CS_ERR_ABORTED);
        }
        net_assert_wiped(w, i);
    }
    assert_true(found > 0);
    assert_nothing_active_before_ack(w, p.type);
    net_free(w);
}

static inline void run_cheat(enum cs_curve curve, cheat_fn *fn, struct outcome one,
                             struct outcome two)
{
    struct net *w = lie(curve, 79);

    make_evil(w, fn);
    net_start(w);
    net_run(w);
    assert_outcome(w, 1, one);
    assert_outcome(w, 2, two);
    assert_nothing_active(w);
    net_free(w);
}

static const enum cs_curve curves[] = {CS_CURVE_ED25519, CS_CURVE_SECP256K1};

/* Where things are in REVEAL: sid 32, tr 32, F, A, z, cc, hs, blind (t = 2, n = 3). */
static inline size_t off_F(enum cs_curve c, size_t k)
{
    return 64 + k * cs_point_len(c);
}

static inline size_t off_A(enum cs_curve c, size_t k)
{
    return 64 + (2 + k) * cs_point_len(c);
}

static inline size_t off_z(enum cs_curve c, size_t k)
{
    return 64 + 4 * cs_point_len(c) + k * 32;
}

static inline size_t off_cc(enum cs_curve c)
{
    return off_z(c, 2);
}

static inline size_t off_hs(enum cs_curve c, size_t j)
{
    return off_cc(c) + 32 + (j - 1) * 32;
}

static inline size_t off_blind(enum cs_curve c)
{
    return off_hs(c, 4);
}

#define COM(...)                                                                       \
    {                                                                                  \
        .type = CS_TYPE_DKG_COM, __VA_ARGS__                                           \
    }
#define REVEAL(...)                                                                    \
    {                                                                                  \
        .type = CS_TYPE_DKG_REVEAL, __VA_ARGS__                                        \
    }
#define CERT(...)                                                                      \
    {                                                                                  \
        .type = CS_TYPE_DKG_CERT, __VA_ARGS__                                          \
    }
#define ACK(...)                                                                       \
    {                                                                                  \
        .type = CS_TYPE_DKG_ACK, __VA_ARGS__                                           \
    }
#define AS(x) ((struct patch)x)

#endif
