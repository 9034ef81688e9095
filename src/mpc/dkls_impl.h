/* Inside of DKLs23 signing; not for owners (dkls.h).
 * dkls.c        the session, jobs, the pairs
 * dkls_round.c  rounds 1 and 2     dkls_check.c  all checks, round 3, the signature */
#ifndef CS_MPC_DKLS_IMPL_H
#define CS_MPC_DKLS_IMPL_H

#include "mpc/dkls.h"

enum {
    DKLS_RAND = 6 * 32,
    DKLS_FIRST = CS_SIG_R1_BCAST_LEN, /* what of SIG_R1 is in front of U */
    DKLS_POINT = 33,
};

/* Erased after round 3, whatever happens next (4.7). */
struct dkls_secrets {
    struct cs_secret x, r_scalar, phi_scalar;
    uint8_t local[32];
    struct cs_n r, phi, sk;
    struct cs_otx_scratch scratch;
    uint8_t salt[32];
};
struct dkls_peer_secrets {
    uint8_t zero_key[32];
    struct cs_n chi;           /* ours as Bob */
    struct cs_n c[CS_RVOLE_L]; /* ours as Alice */
    struct cs_n d[CS_RVOLE_L]; /* ours as Bob */
    struct cs_otx_bob as_bob;
    struct cs_otx_alice as_alice;
};

/* What there is between this node and one other signer. */
struct dkls_peer {
    uint8_t index;
    uint8_t com[32];                          /* its R must open this */
    struct cs_ot_keys *keys_alice, *keys_bob; /* references of the session */
    struct dkls_peer_secrets secret;
    uint8_t r1[CS_SIG_R1_LEN]; /* own first message to it: public */
};

/* Guarded; travels with a job. */
struct dkls_state {
    uint8_t self, initiator, n_signers;
    uint8_t signers[CS_PARTIES_MAX];
    bool recid01;
    uint8_t presid[32], sid[32], tr1[32], digest[32];
    struct cs_scalar epsilon;
    struct cs_point X, R_own, R, pk_own;
    struct cs_n h;
    struct dkls_secrets secret;
    struct cs_n u, w; /* initiator's, until it has a signature */
    struct cs_ecdsa_sig sig;
    uint8_t culprit; /* of the step that failed, 0: nobody */
    size_t n_peers;
    struct dkls_peer *peers; /* guarded, by rising index */
};

/* What a peer sent in the round before, of the right lengths. */
struct dkls_in {
    struct cs_span bcast, body;
};

/* The step functions.  in: by peer; out: by peer, a message is there when it has a
 * body.  rand: DKLS_RAND fresh bytes. */
typedef enum cs_err dkls_step(struct dkls_state *s, const struct dkls_in *in,
                              const uint8_t *rand, struct cs_dkls_msg *out);
dkls_step dkls_round1, dkls_round2, dkls_round3, dkls_finish;

/* With room for n_peers (NULL: no memory); free drops their keys and wipes. */
struct dkls_state *dkls_state_new(size_t n_peers);
void dkls_state_free(struct dkls_state *s); /* NULL allowed */

/* ---- shared by the rounds -------------------------------------------------------- */

bool dkls_is_two(const struct dkls_state *s); /* t = 2: nothing is broadcast */
void dkls_base_mul(struct cs_point *out, const struct cs_n *k);
void dkls_put_n(struct cs_wr *w, const struct cs_n *a);
/* The commitment of `who`: one for all, or, at t = 2, towards this peer. */
void dkls_commit(uint8_t com[32], const struct dkls_state *s, uint8_t who,
                 uint8_t towards, const uint8_t R[DKLS_POINT], const uint8_t salt[32]);
/* ext: Bob's first message of this direction. */
void dkls_make_rsid(uint8_t rsid[32], const struct dkls_state *s,
                    const struct cs_ot_ids *ids, const uint8_t *ext);

#endif
