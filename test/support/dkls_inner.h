/* The rounds of dkls_round.c on open states, all signers of a group's session: for what
 * a message alone does not show.  Include after cmocka.h. */
#ifndef CS_TEST_SUPPORT_DKLS_INNER_H
#define CS_TEST_SUPPORT_DKLS_INNER_H

#include "base/mem.h"
#include "mpc/dkls_impl.h"
#include "support/dkls_group.h"

enum { INNER_PEERS = GROUP_MAX - 1 };

struct inner { /* one signer */
    struct cs_ot_user user[INNER_PEERS];
    struct dkls_state *s;
    struct cs_dkls_msg out[INNER_PEERS]; /* of its last step, by peer */
};

static inline void inner_kill(struct cs_ot_user *u, enum cs_err why)
{
    (void)u;
    (void)why;
}

static inline void inner_open(struct inner *in, const struct group *g,
                              const struct ring *r, uint8_t self)
{
    uint8_t wide[64] = {0};
    struct cs_scalar h;
    size_t k = 0;

    memset(in, 0, sizeof *in);
    in->s = dkls_state_new(r->p.n_signers - 1u);
    assert_non_null(in->s);
    in->s->self = self;
    in->s->initiator = r->p.initiator;
    in->s->n_signers = r->p.n_signers;
    memcpy(in->s->signers, r->p.signers, sizeof in->s->signers);
    memcpy(in->s->presid, r->presid, 32);
    memcpy(in->s->digest, g->digest, 32);
    in->s->epsilon = g->epsilon;
    in->s->X = g->X;
    in->s->secret.x = g->x[self];
    memcpy(in->s->secret.local, g->local[self], 32);
    memcpy(wide + 32, g->digest, 32);
    cs_scalar_reduce64(CS_CURVE_SECP256K1, &h, wide);
    (void)cs_n_load(&in->s->h, h.b);
    for (uint8_t i = 0; i < r->p.n_signers; i++) {
        uint8_t peer = r->p.signers[i];
        struct dkls_peer *p = &in->s->peers[k];

        if (peer != self) {
            p->index = peer;
            memcpy(p->secret.zero_key, g->zero_key[self][peer], 32);
            in->user[k].kill = inner_kill;
            assert_int_equal(cs_ot_pair_join(group_pair(g, self, peer), &in->user[k],
                                             &p->keys_alice, &p->keys_bob),
                             CS_OK);
            k++;
        }
    }
}

static inline void inner_forget(struct inner *in)
{
    for (size_t k = 0; k < INNER_PEERS; k++) {
        cs_wr_free(&in->out[k].bcast);
        cs_wr_free(&in->out[k].body);
    }
}

static inline void inner_close(struct inner *in)
{
    for (size_t k = 0; k < INNER_PEERS; k++) {
        cs_ot_user_leave(&in->user[k]);
    }
    inner_forget(in);
    dkls_state_free(in->s);
}

/* A step of one signer on what the peers' last steps made, by its peers. */
static inline enum cs_err inner_step(struct inner *in, dkls_step *step,
                                     const struct dkls_in *from, const uint8_t *rand)
{
    inner_forget(in);
    return step(in->s, from, rand, in->out);
}

/* What `from` said to `to`. */
static inline struct cs_dkls_msg *inner_said(struct inner *from, uint8_t to)
{
    for (size_t k = 0; k < from->s->n_peers; k++) {
        if (from->s->peers[k].index == to) {
            return &from->out[k];
        }
    }
    fail();
    return NULL;
}

static inline struct dkls_in inner_in(struct inner *from, uint8_t to)
{
    const struct cs_dkls_msg *m = inner_said(from, to);

    return (struct dkls_in){cs_wr_get(&m->bcast), cs_wr_get(&m->body)};
}

#endif
