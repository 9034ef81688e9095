/* FROST(Ed25519, SHA-512) exactly as RFC 9591 (PROTOCOLS 7.1).  The one message each
 * way of 7.2 is frost_online.h, the pool of nonces frost_pool.h.  Any thread; an object
 * belongs to one at a time.
 *
 * Notation of the RFC: d, e hiding and binding nonce, D, E their commitments, rho
 * binding factor, c challenge, z partial signature. */
#ifndef CS_MPC_FROST_H
#define CS_MPC_FROST_H

#include "base/wr.h"
#include "mpc/frost_nonce.h"
#include "mpc/round.h"

/* d, e = H3(rand32 | share) twice; 64 random bytes (RFC 9591, 4.1). */
void cs_frost_nonces_make(struct cs_frost_nonces *n, struct cs_frost_commit *c,
                          uint8_t id, const uint8_t rand[CS_FROST_RAND],
                          const struct cs_secret *share);
/* The random bytes for that, hedged (PROTOCOLS 1.5): TH("hedge/frost"; 32 bytes of
 * rand, share, ctx.., 0 | 1), so that a broken or replayed RNG, which would tell the
 * share by three equal nonces, still gives other nonces in another context.  Wipe out.
 */
void cs_frost_hedge(uint8_t out[CS_FROST_RAND], const uint8_t rand[CS_FROST_RAND],
                    const struct cs_secret *share, const struct cs_span *ctx,
                    size_t n_ctx);
void cs_frost_commit_encode(uint8_t out[CS_FROST_COMMIT_LEN],
                            const struct cs_frost_commit *c);
/* FROST_COMMIT when D or E is not a valid point (identity and mixed order refused). */
enum cs_err cs_frost_commit_decode(struct cs_frost_commit *out, uint8_t id,
                                   const uint8_t in[CS_FROST_COMMIT_LEN]) CS_MUST_USE;

/* What all signers compute from the list; public.  lambda: of those that were asked
 * for. */
struct cs_frost_ctx {
    uint8_t n;                   /* signers */
    uint8_t ids[CS_PARTIES_MAX]; /* rising */
    struct cs_scalar rho[CS_PARTIES_MAX];
    struct cs_scalar lambda[CS_PARTIES_MAX];
    struct cs_point RJ[CS_PARTIES_MAX]; /* D_j + rho_j E_j */
    struct cs_point R;
    struct cs_scalar c;
    struct cs_point X;
};
/* commits: distinct parties, any order.  USAGE for 0, repeated or out-of-range ids;
 * FROST_IDENTITY when R is the identity; NOMEM. */
enum cs_err cs_frost_bind(struct cs_frost_ctx *ctx, const struct cs_point *X,
                          const struct cs_frost_commit *commits, size_t n,
                          struct cs_span msg) CS_MUST_USE;

/* The same in steps, for signers who know their own nonces and have the commitments of
 * the others as bytes: begin, then each signer once, then end.  Points are checked
 * while they are multiplied, and the own R_j costs one multiplication of B.
 *
 * entries: n * CS_FROST_COMMIT_LEN bytes, D and E of ids[0], ids[1] ..; ids rising.
 * lambda: coefficients of ids, from cs_lagrange, to be kept by the caller.  Errors as
 * of cs_frost_bind. */
enum cs_err cs_frost_begin(struct cs_frost_ctx *ctx, const struct cs_point *X,
                           const uint8_t *ids, const struct cs_scalar *lambda, size_t n,
                           const uint8_t *entries, struct cs_span msg) CS_MUST_USE;
/* R_j of a signer whose entry is only bytes yet: FROST_COMMIT when D or E is not a
 * valid point. */
enum cs_err cs_frost_peer(struct cs_frost_ctx *ctx, size_t i,
                          const uint8_t entry[CS_FROST_COMMIT_LEN]) CS_MUST_USE;
/* .. that was decoded before. */
void cs_frost_known(struct cs_frost_ctx *ctx, size_t i,
                    const struct cs_frost_commit *c);
/* .. of this node: (d + rho e) B.  Its entry must be that of these nonces: otherwise
 * cs_frost_sign gives a z that the others refuse. */
void cs_frost_own(struct cs_frost_ctx *ctx, size_t i, const struct cs_frost_nonces *n);
enum cs_err cs_frost_end(struct cs_frost_ctx *ctx, struct cs_span msg) CS_MUST_USE;

/* z_i = d + e rho_i + lambda_i x_i c.  Spends *n: all zero when this returns, whatever
 * it returns.  Checks its own result before it gives it (7.6).
 *   NONCE_USED  *n was zero
 *   FROST_SELF  z does not verify under Xi
 *   USAGE       id is not a signer */
enum cs_err cs_frost_sign(struct cs_scalar *z, struct cs_frost_nonces *n,
                          const struct cs_frost_ctx *ctx, uint8_t id,
                          const struct cs_secret *x, const struct cs_point *Xi)
    CS_MUST_USE;
/* The same for the one who adds up, without that check: such a z must not leave but as
 * a part of a sum that cs_frost_aggregate has verified. */
enum cs_err cs_frost_part(struct cs_scalar *z, struct cs_frost_nonces *n,
                          const struct cs_frost_ctx *ctx, uint8_t id,
                          const struct cs_secret *x) CS_MUST_USE;
/* z_i B = R_i + (c lambda_i) X_i: FROST_SHARE otherwise, ZERO_OR_RANGE for z out of
 * range. */
enum cs_err cs_frost_verify_share(const struct cs_frost_ctx *ctx, uint8_t id,
                                  const uint8_t z[32], const struct cs_point *Xi)
    CS_MUST_USE;
/* R | sum z_j, checked with crypto_sign_verify_detached under X: SIG_INVALID and sig
 * all zero otherwise.  z in the order of ctx->ids. */
enum cs_err cs_frost_aggregate(uint8_t sig[CS_FROST_SIG_LEN],
                               const struct cs_frost_ctx *ctx,
                               const struct cs_scalar *z, struct cs_span msg)
    CS_MUST_USE;

#endif
