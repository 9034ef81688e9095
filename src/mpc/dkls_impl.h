/* Inside of DKLs23 signing; not for owners (dkls.h).
 * dkls.c  the session, jobs, the pair     dkls_round.c  what the rounds compute */
#ifndef CS_MPC_DKLS_IMPL_H
#define CS_MPC_DKLS_IMPL_H

#include "mpc/dkls.h"

enum { DKLS_RAND = 6 * 32 };

/* Erased after round 3, whatever happens next (4.7). */
struct dkls_secrets {
    struct cs_secret x, r_scalar, phi_scalar;
    uint8_t zero_key[32], local[32];
    struct cs_n r, phi, sk, chi; /* chi: ours as Bob */
    struct cs_n c[CS_RVOLE_L];   /* ours as Alice */
    struct cs_otx_bob as_bob;
    struct cs_otx_alice as_alice;
    struct cs_otx_scratch scratch;
    uint8_t salt[32];
};

/* Guarded; travels with a job. */
struct dkls_state {
    uint8_t self, peer;
    bool initiator, recid01;
    uint8_t presid[32], sid[32], digest[32];
    struct cs_scalar epsilon;
    struct cs_point X, R_own, R, pk_own;
    struct cs_n h;
    uint8_t peer_com[32];
    struct cs_ot_keys *keys_alice, *keys_bob; /* references of the session */
    struct dkls_secrets secret;
    struct cs_n u, w; /* initiator's, until it has a signature */
    struct cs_ecdsa_sig sig;
    uint8_t r1[CS_SIG_R1_LEN]; /* own first message: public */
};

/* The step functions.  in: the peer's message, of the right length; out: ours.  rand:
 * DKLS_RAND fresh bytes. */
enum cs_err dkls_round1(struct dkls_state *s, struct cs_span in, const uint8_t *rand,
                        struct cs_wr *out);
enum cs_err dkls_round2(struct dkls_state *s, struct cs_span in, const uint8_t *rand,
                        struct cs_wr *out);
enum cs_err dkls_round3(struct dkls_state *s, struct cs_span in, const uint8_t *rand,
                        struct cs_wr *out);
enum cs_err dkls_finish(struct dkls_state *s, struct cs_span in, const uint8_t *rand,
                        struct cs_wr *out);

#endif
