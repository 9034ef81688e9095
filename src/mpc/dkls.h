/* DKLs23: one ECDSA signature by t nodes in three rounds (PROTOCOLS 4.5-4.7 as amended
 * by 15.1 A2-A4, 15.4): "Threshold ECDSA in Three Rounds" (eprint 2023/765), Protocol
 * 3.6, for any t of n.  Each two signers are Alice and Bob to each other at once.
 *
 *   i, j          this node and another signer
 *   r_i, R_i      nonce share and r_i G;  com_i commits to R_i
 *   sk_i, pk_i    lambda_i x_i + zeta_i (+ epsilon at the lowest index), and sk_i G
 *   phi_i         mask;  chi_ij  Bob's factor towards j;  psi_ij = phi_i - chi_ij
 *   c^u, c^v      Alice's outputs for (r_i, sk_i);  d^u, d^v Bob's;  Gamma = c G
 *   u_i, w_i      what the initiator adds up:  s = sum w / sum u
 *
 * Messages of proto 4; the header's sid field is presid.  b: broadcast part (the same
 * to each peer, signed by the link), p: private part.
 *
 *   4.0 SES_OPEN  initiator -> each        dkls_ids.h; the owner's
 *   4.1 SIG_R1    each -> each    t = 2    p: nonce 32, com 32, U, x, t
 *                                 t >= 3   b: nonce 32, com 32   p: U, x, t
 *   4.2 SIG_R2    each -> each             p: sid 32, at, eta, mu, R 33, salt 32, pk
 * 33, Gamma 2 x 33, psi 32 (t >= 3: tr_1 32) 4.3 SIG_R3    each -> initiator        p:
 * sid 32, u 32, w 32
 *
 * Nothing of round 3 leaves before all checks of all peers' round 2 passed.  A failed
 * check that could have been a guess burns the OT setup of that pair before anything
 * else of the pair can go on (4.6).
 *
 * A session is fed messages and gives out jobs, as session.h's do:
 *   new -> take_job -> [worker] run -> job_done -> send -> feed -> take_job ..
 * Jobs of rounds 2 and 3 need the locks of all its pairs: take_job gives NULL while
 * another session has one; ask again after that one's job_done.
 *
 * Thread: loop, except cs_dkls_job_run (worker). */
#ifndef CS_MPC_DKLS_H
#define CS_MPC_DKLS_H

#include "mpc/dkls_ids.h"
#include "mpc/ecdsa_release.h"
#include "mpc/ot_setup.h"

enum cs_dkls_type { /* 0 is SES_OPEN: CS_TYPE_OPEN of round.h */
                    CS_TYPE_SIG_R1 = 1,
                    CS_TYPE_SIG_R2 = 2,
                    CS_TYPE_SIG_R3 = 3,
};

enum {
    CS_SIG_R1_LEN = 32 + 32 + CS_OTX_LEN, /* both parts together */
    CS_SIG_R1_BCAST_LEN = 32 + 32,        /* t >= 3 */
    CS_SIG_R2_LEN = 32 + CS_RVOLE_LEN + 33 + 32 + 33 + 2 * 33 + 32,
    CS_SIG_R2_TR_LEN = CS_SIG_R2_LEN + 32, /* t >= 3 */
    CS_SIG_R3_LEN = 32 + 32 + 32,
    CS_DKLS_PEERS_MAX = CS_PARTIES_MAX - 1,
    CS_DKLS_DEADLINE_MS = 15000, /* the owner's clock (2.6) */
};

enum cs_dkls_phase {
    CS_DKLS_RUNNING,
    CS_DKLS_DONE,   /* responder: round 3 was given out; initiator: has a signature */
    CS_DKLS_FAILED, /* wiped */
};

struct cs_dkls_params {
    uint8_t self, initiator; /* indices, both of `signers` */
    uint8_t n_signers;       /* the key's t exactly: the owner's check (10.29) */
    uint8_t signers[CS_PARTIES_MAX]; /* rising indices, own included */
    const uint8_t *presid;           /* cs_dkls_presid: binds request, boots, osids */
    const uint8_t *digest;           /* 32, as this node computed it */
    const struct cs_secret *x;       /* own share */
    const struct cs_scalar *epsilon; /* of the path, zero for none (9.1) */
    const struct cs_point *X;        /* derived key X' = X + epsilon G */
    const uint8_t *zero_key[CS_PARTY_SLOTS]; /* by index: the links' zero_ij */
    const uint8_t *local;                    /* 32-byte local secret that hedges */
    bool recid01;                            /* chain takes recovery ids 0 and 1 only */
};

/* One message: bcast is empty at t = 2. */
struct cs_dkls_msg {
    uint8_t to, type;
    struct cs_wr bcast, body; /* broadcast and private part */
};

/* What leaves, and what else came of a call.  Zero-initialise; clear after use. */
struct cs_dkls_out {
    struct cs_dkls_msg msgs[CS_DKLS_PEERS_MAX];
    size_t n_msgs;
    bool ended;  /* this call entered DONE or FAILED */
    bool burned; /* a check failed that burns: the setup with `culprit` is gone; persist
                    the quarantine, alarm.  Also when the session had ended before */
    uint8_t culprit; /* index of who is at fault, 0: nobody provable */
};
void cs_dkls_out_clear(struct cs_dkls_out *out);

struct cs_dkls;
/* Joins the pairs, which are given by the peer's index; everything in p is copied.
 * *out is NULL on failure.
 *   POLICY_REFUSED  the digest is 0 modulo q    USAGE  indices make no sense
 *   SETUP_MISSING   a pair is NULL or not TESTED
 *   OT_BURNED, LIMIT                            as cs_ot_pair_join      NOMEM */
enum cs_err cs_dkls_new(struct cs_dkls **out, const struct cs_dkls_params *p,
                        struct cs_ot_pair *const pairs[CS_PARTY_SLOTS]) CS_MUST_USE;
/* Leaves the pairs, wipes; NULL allowed.  End with cs_dkls_abort, and free only after a
 * job that is out was given to cs_dkls_job_done: a check that fails then still burns.
 */
void cs_dkls_free(struct cs_dkls *d);

/* A message of proto 4 whose sid field is presid, from the owner of the link `from`.
 *   CS_OK   taken, maybe early     REPLAY  repeat, late, of no signer or not for this
 *                                          role: dropped, never blamed
 *   BAD_FORMAT    a length that no honest signer sends: session FAILED, blame
 *   SIG_TWICE     other private bytes for one round: session FAILED, blame
 *   EQUIVOCATION  another signed broadcast part (t >= 3): session FAILED, proven */
enum cs_err cs_dkls_feed(struct cs_dkls *d, uint8_t from, uint8_t type,
                         struct cs_span bcast, struct cs_span body,
                         struct cs_dkls_out *out) CS_MUST_USE;
/* Ends it from this side, or because a peer said so: wipes.  Blames nobody. */
void cs_dkls_abort(struct cs_dkls *d, enum cs_err why, struct cs_dkls_out *out);
/* The last messages once more, unchanged.  None when there are none. */
void cs_dkls_resend(const struct cs_dkls *d, struct cs_dkls_out *out);

struct cs_dkls_job;
struct cs_dkls_job *cs_dkls_take_job(struct cs_dkls *d, cs_random_fn *random,
                                     void *random_ctx);
void cs_dkls_job_run(struct cs_dkls_job *job);  /* worker */
void cs_dkls_job_free(struct cs_dkls_job *job); /* wipes; NULL allowed */
/* Takes the result, frees the job.  CS_OK, or the session has FAILED with:
 *   OT_CHECK, RVOLE_CHECK, GAMMA_CHECK   the setup with culprit is burned already
 *   COMMIT_OPEN, BAD_POINT               culprit is to blame
 *   ZERO_OR_RANGE                        the same, or 0: the sum of nonces is no nonce
 *   PK_SUM, SIG_INVALID                  at t = 2 the peer, at t >= 3 0 (15.4 D5), but
 *                                        SIG_INVALID names who sent no scalars
 *   SID_MISMATCH, EQUIVOCATION (tr_1)    culprit 0: nobody provable
 *   ABORTED, NOMEM, or why the session was ended meanwhile */
enum cs_err cs_dkls_job_done(struct cs_dkls *d, struct cs_dkls_job *job,
                             struct cs_dkls_out *out) CS_MUST_USE;

enum cs_dkls_phase cs_dkls_phase(const struct cs_dkls *d);
enum cs_err cs_dkls_error(const struct cs_dkls *d); /* of FAILED */
const uint8_t *cs_dkls_presid_of(const struct cs_dkls *d);
/* The verified signature; NULL unless DONE at the initiator. */
const struct cs_ecdsa_sig *cs_dkls_signature(const struct cs_dkls *d);

/* ---- the algebra alone, as the vectors have it ----------------------------------- */

/* All secret but psi_in, h and rx.  Of several peers: the sums over them. */
struct cs_dkls_terms {
    struct cs_n r, phi, sk;
    struct cs_n psi_in; /* psi_ji */
    struct cs_n c[2], d[2];
    struct cs_n h, rx;
};
/* u = r (phi + psi) + c^u + d^u,  v = sk (phi + psi) + c^v + d^v,  w = h phi + rx v */
void cs_dkls_partial(struct cs_n *u, struct cs_n *w, const struct cs_dkls_terms *t);
/* s = (w_0 + w_1) / (u_0 + u_1): own, and the sum of the others.  SIG_INVALID when the
 * divisor is 0. */
enum cs_err cs_dkls_combine(struct cs_scalar *s, const struct cs_n u[2],
                            const struct cs_n w[2]) CS_MUST_USE;

#endif
