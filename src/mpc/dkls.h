/* DKLs23: one ECDSA signature by two nodes in three rounds (PROTOCOLS 4.5-4.7 as
 * amended by 15.1 A2-A4, 15.4): "Threshold ECDSA in Three Rounds" (eprint 2023/765),
 * Protocol 3.6, for t = 2 of any n.
 *
 *   i, j          this node and the other; both are Alice and Bob at once
 *   r_i, R_i      nonce share and r_i G;  com_ij commits to R_i towards j
 *   sk_i, pk_i    lambda_i x_i +- zeta_i (+ epsilon at the lower index), and sk_i G
 *   phi_i         mask;  chi_ij  Bob's factor towards j;  psi_ij = phi_i - chi_ij
 *   c^u, c^v      Alice's outputs for (r_i, sk_i);  d^u, d^v Bob's;  Gamma = c G
 *   u_i, w_i      what the initiator adds up:  s = sum w / sum u
 *
 * Messages of proto 4; the header's sid field is presid, everything is private part:
 *
 *   4.1 SIG_R1  both ways  nonce 32, com 32, U, x, t
 *   4.2 SIG_R2  both ways  sid 32, at, eta, mu, R 33, salt 32, pk 33, Gamma 2 x 33, psi
 * 32 4.3 SIG_R3  responder -> initiator  sid 32, u 32, w 32
 *
 * Nothing of round 3 leaves before all checks of the peer's round 2 passed.  A failed
 * check that could have been a guess burns the pair's OT setup before anything else of
 * the pair can go on (4.6).
 *
 * A session is fed messages and gives out jobs, as session.h's do:
 *   new -> take_job -> [worker] run -> job_done -> send -> feed -> take_job ..
 * Jobs of rounds 2 and 3 need the pair's lock: take_job gives NULL while another
 * session has it; ask again after that one's job_done.
 *
 * Thread: loop, except cs_dkls_job_run (worker). */
#ifndef CS_MPC_DKLS_H
#define CS_MPC_DKLS_H

#include "mpc/dkls_ids.h"
#include "mpc/ecdsa_release.h"
#include "mpc/ot_setup.h"

enum cs_dkls_type {
    CS_TYPE_SIG_R1 = 1,
    CS_TYPE_SIG_R2 = 2,
    CS_TYPE_SIG_R3 = 3,
};

enum {
    CS_SIG_R1_LEN = 32 + 32 + CS_OTX_LEN,
    CS_SIG_R2_LEN = 32 + CS_RVOLE_LEN + 33 + 32 + 33 + 2 * 33 + 32,
    CS_SIG_R3_LEN = 32 + 32 + 32,
    CS_DKLS_DEADLINE_MS = 15000, /* the owner's clock (2.6) */
};

enum cs_dkls_phase {
    CS_DKLS_RUNNING,
    CS_DKLS_DONE,   /* responder: round 3 was given out; initiator: has a signature */
    CS_DKLS_FAILED, /* wiped */
};

struct cs_dkls_params {
    uint8_t self, peer, initiator;   /* indices; initiator is one of the two */
    const uint8_t *presid;           /* cs_dkls_presid: binds request, boots, osids */
    const uint8_t *digest;           /* 32, as this node computed it */
    const struct cs_secret *x;       /* own share */
    const struct cs_scalar *epsilon; /* of the path, zero for none (9.1) */
    const struct cs_point *X;        /* derived key X' = X + epsilon G */
    const uint8_t *zero_key;         /* the link's zero_ij */
    const uint8_t *local;            /* 32-byte local secret that hedges */
    bool recid01;                    /* chain takes recovery ids 0 and 1 only */
};

/* One message for the peer, if any, and what else came of a call.  Zero-initialise;
 * clear after use. */
struct cs_dkls_out {
    uint8_t type; /* 0: none */
    struct cs_wr body;
    bool ended;  /* this call entered DONE or FAILED */
    bool burned; /* the pair's setup was burned: persist the quarantine, alarm */
};
void cs_dkls_out_clear(struct cs_dkls_out *out);

struct cs_dkls;
/* Joins the pair; everything in p is copied.  *out is NULL on failure.
 *   POLICY_REFUSED  the digest is 0 modulo q    USAGE  indices make no sense
 *   SETUP_MISSING, OT_BURNED, LIMIT             as cs_ot_pair_join      NOMEM */
enum cs_err cs_dkls_new(struct cs_dkls **out, const struct cs_dkls_params *p,
                        struct cs_ot_pair *pair) CS_MUST_USE;
/* Leaves the pair, wipes; NULL allowed.  End with cs_dkls_abort, and free only after a
 * job that is out was given to cs_dkls_job_done: a check that fails then still burns.
 */
void cs_dkls_free(struct cs_dkls *d);

/* A message of proto 4 from the peer whose sid field is presid.
 *   CS_OK   taken, maybe early     REPLAY  repeat, late or not for this role: dropped
 *   BAD_FORMAT (length), EQUIVOCATION (another message for a round): session FAILED */
enum cs_err cs_dkls_feed(struct cs_dkls *d, uint8_t type, struct cs_span body,
                         struct cs_dkls_out *out) CS_MUST_USE;
/* Ends it from this side, or because the peer said so: wipes. */
void cs_dkls_abort(struct cs_dkls *d, enum cs_err why, struct cs_dkls_out *out);
/* The last message once more, unchanged.  type 0 when there is none. */
void cs_dkls_resend(const struct cs_dkls *d, struct cs_dkls_out *out);

struct cs_dkls_job;
struct cs_dkls_job *cs_dkls_take_job(struct cs_dkls *d, cs_random_fn *random,
                                     void *random_ctx);
void cs_dkls_job_run(struct cs_dkls_job *job);  /* worker */
void cs_dkls_job_free(struct cs_dkls_job *job); /* wipes; NULL allowed */
/* Takes the result, frees the job.  CS_OK, or the session has FAILED with:
 *   OT_CHECK, RVOLE_CHECK, GAMMA_CHECK    the pair's setup is burned already
 *   COMMIT_OPEN, PK_SUM, BAD_POINT, ZERO_OR_RANGE, SIG_INVALID   blame the peer
 *   SID_MISMATCH, ABORTED, NOMEM, or why the session was ended meanwhile */
enum cs_err cs_dkls_job_done(struct cs_dkls *d, struct cs_dkls_job *job,
                             struct cs_dkls_out *out) CS_MUST_USE;

enum cs_dkls_phase cs_dkls_phase(const struct cs_dkls *d);
enum cs_err cs_dkls_error(const struct cs_dkls *d); /* of FAILED */
const uint8_t *cs_dkls_presid_of(const struct cs_dkls *d);
/* The verified signature; NULL unless DONE at the initiator. */
const struct cs_ecdsa_sig *cs_dkls_signature(const struct cs_dkls *d);

/* ---- the algebra alone, as the vectors have it -------------------------------------
 */

/* All secret but psi_in, h and rx. */
struct cs_dkls_terms {
    struct cs_n r, phi, sk;
    struct cs_n psi_in; /* psi_ji */
    struct cs_n c[2], d[2];
    struct cs_n h, rx;
};
/* u = r (phi + psi) + c^u + d^u,  v = sk (phi + psi) + c^v + d^v,  w = h phi + rx v */
void cs_dkls_partial(struct cs_n *u, struct cs_n *w, const struct cs_dkls_terms *t);
/* s = (w_i + w_j) / (u_i + u_j).  SIG_INVALID when the divisor is 0. */
enum cs_err cs_dkls_combine(struct cs_scalar *s, const struct cs_n u[2],
                            const struct cs_n w[2]) CS_MUST_USE;

#endif
