/* Inside of the DKG: state, hashes, the checks; not for owners (dkg.h). */
#ifndef CS_MPC_DKG_IMPL_H
#define CS_MPC_DKG_IMPL_H

#include "mpc/dkg.h"

struct cs_dkg {
    struct cs_roster roster;
    struct cs_request request;
    enum cs_curve curve;
    uint8_t ik_seed[32];
    uint8_t local[32];
    /* own contribution */
    struct cs_secret f[CS_PARTIES_MAX], a[CS_PARTIES_MAX];
    struct cs_point F[CS_PARTIES_MAX], A[CS_PARTIES_MAX];
    struct cs_secret s[CS_PARTY_SLOTS];
    uint8_t rnd[CS_PARTY_SLOTS][32];
    uint8_t hs[CS_PARTY_SLOTS][32];
    uint8_t cc[32], blind[32];
    /* of all, from round 1 */
    uint8_t nonce[CS_PARTY_SLOTS][32], com[CS_PARTY_SLOTS][32];
    /* the result */
    bool has_key;
    struct cs_key key;
};

/* What a party reveals in round 2; public. */
struct dkg_reveal {
    struct cs_span F_raw, A_raw, z_raw; /* t points, t points, t scalars */
    struct cs_span cc, hs, blind;       /* hs: n hashes */
    struct cs_point F[CS_PARTIES_MAX], A[CS_PARTIES_MAX];
};

/* ---- dkg_hash.c ---- */
/* hs_ij = TH("dkg/share"; presid, i, j, s_ij, rnd_ij) */
void dkg_share_hash(uint8_t out[32], const uint8_t presid[32], uint8_t i, uint8_t j,
                    const uint8_t *s, const uint8_t *rnd);
/* com_i = TH("dkg/com"; presid, i, nonce_i, enc(F_i*), enc(A_i*), cc_i, enc(hs_i*),
 * blind_i) */
void dkg_commitment(uint8_t out[32], const struct cs_roster *r,
                    const uint8_t presid[32], uint8_t i, const uint8_t nonce[32],
                    const struct dkg_reveal *v);
/* e_ik = h2s("dkg/pok"; sid, i, k, F_ik, A_ik) */
void dkg_pok_challenge(enum cs_curve c, struct cs_scalar *e, const uint8_t sid[32],
                       uint8_t i, uint8_t k, struct cs_span F, struct cs_span A);
/* chain_code = TH("dkg/cc"; sid, enc(cc_1..cc_n)) */
void dkg_chain_code(uint8_t out[32], const uint8_t sid[32], const struct cs_span *cc,
                    size_t n);
/* The i-th of equal pieces. */
struct cs_span dkg_nth(struct cs_span all, size_t i, size_t each);

/* ---- dkg.c ---- */
/* The own values in the form in which the others will see them; they point into *buf.
 */
void dkg_own_reveal(struct dkg_reveal *v, struct cs_wr *buf, const struct cs_dkg *d);

/* ---- dkg_check.c: round 3 ---- */
enum cs_err dkg_certify(void *state, const struct cs_round_ctx *ctx,
                        const struct cs_inbox *in, const uint8_t *rand,
                        struct cs_round_out *out);

#endif
