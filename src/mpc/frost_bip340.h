/* FROST for BIP340 signatures, literally BIP 445 (draft 0.6.0, siv2r/bip-frost-signing
 * commit 29467acc; PROTOCOLS 7.3, 7.6).  Pure; any thread; an object belongs to one at
 * a time.  Nothing in nonces or a share decides a branch or an index.
 *
 * Notation of the BIP: k_1, k_2 secret nonces, R_1, R_2 their points (public nonce),
 * aggnonce the sums over all signers, b nonce coefficient, e challenge, (Q, gacc, tacc)
 * tweak context, s_i partial signature.  Ids are ours, 1..n: the BIP's id is ours - 1,
 * and its evaluation point id + 1 is ours.
 *
 * Where this is stricter than the BIP: a nonce is spent before the first check, not
 * after; a zero s_i is refused (PROTOCOLS 1.2); the own share must fit the own index,
 * not just any; a result leaves only when secp256k1_schnorrsig_verify takes it.  The
 * BIP's deterministic signing is not offered (PROTOCOLS 1.5).  It allows t..n signers;
 * that they are exactly t (row 29) is checked with the task, before a nonce is touched.
 */
#ifndef CS_MPC_FROST_BIP340_H
#define CS_MPC_FROST_BIP340_H

#include "mpc/certificate.h"
#include "mpc/frost_nonce.h"
#include "mpc/tweak.h"

enum {
    CS_BIP340_SIG_LEN = 64,
    CS_BIP340_RAND = 32,
};

/* ---- nonces (frost_nonce.h: d, e are k_1, k_2; D, E are R_1, R_2) ---------------- */

/* Defence in depth of NonceGen; NULL and empty spans where the BIP leaves an argument
 * out.  In the product share, Xi and extra (the context) are always there. */
struct cs_bip340_hedge {
    const struct cs_secret *share;
    const struct cs_point *Xi; /* own public share */
    const uint8_t *key_x;      /* x(Q), 32 bytes */
    const struct cs_span *msg; /* NULL is not the empty message */
    struct cs_span extra;
};
/* NonceGen: k_j = hash_nonce(rand ^ share.., j) mod q.  rand: 32 fresh bytes.  USAGE
 * for extra of 2^32 bytes or more. */
enum cs_err cs_bip340_nonces_make(struct cs_frost_nonces *n, struct cs_frost_commit *c,
                                  uint8_t id, const uint8_t rand[CS_BIP340_RAND],
                                  const struct cs_bip340_hedge *h) CS_MUST_USE;
void cs_bip340_commit_encode(uint8_t out[CS_BIP340_NONCE_LEN],
                             const struct cs_frost_commit *c);
/* FROST_COMMIT (blame) unless both are points in compressed form. */
enum cs_err cs_bip340_commit_decode(struct cs_frost_commit *out, uint8_t id,
                                    const uint8_t in[CS_BIP340_NONCE_LEN]) CS_MUST_USE;
/* NonceAgg: sums of R_1 and R_2; a sum that is the identity is 33 zero bytes. */
void cs_bip340_nonces_add(uint8_t aggnonce[CS_BIP340_NONCE_LEN],
                          const struct cs_frost_commit *c, size_t n);

/* ---- what all signers compute; public ------------------------------------------- */

/* ValidateSignersCtx.  Depends on the key and the set only: may be kept. */
struct cs_bip340_signers {
    uint8_t n;
    uint8_t ids[CS_PARTIES_MAX]; /* rising */
    struct cs_point Xi[CS_PARTIES_MAX];
    struct cs_scalar lambda[CS_PARTIES_MAX];
    struct cs_point X;
};
/* ids in any order, Xi in the order of ids.
 *   USAGE        not 1 <= t <= n <= 7, not t..n signers, an id that repeats or is not
 *                1..n, a curve that is not secp256k1
 *   KEY_CORRUPT  sum lambda_i X_i is not X */
enum cs_err cs_bip340_signers_init(struct cs_bip340_signers *s, uint8_t t, uint8_t n,
                                   const uint8_t *ids, const struct cs_point *Xi,
                                   size_t count, const struct cs_point *X) CS_MUST_USE;
/* The same without that check, for shares that cs_key_check has seen interpolate to X,
 * and coefficients that are kept.  ids rising. */
void cs_bip340_signers_known(struct cs_bip340_signers *s, const uint8_t *ids,
                             const struct cs_point *Xi, const struct cs_scalar *lambda,
                             size_t n, const struct cs_point *X);

/* GetSessionValues. */
struct cs_bip340_session {
    struct cs_bip340_signers s;
    struct cs_scalar b, e;
    struct cs_scalar part[CS_PARTIES_MAX]; /* e lambda_i g gacc, factor of x_i */
    struct cs_scalar tail;                 /* e g tacc */
    bool negate;                           /* y(R) is odd */
    uint8_t Rx[32], Qx[32];
};
/* From the sums.  FROST_COMMIT when aggnonce does not decode, USAGE when the tweak
 * context is not of the key of s.  b = hash_noncecoef(ids |
 * aggnonce | x(Q) | msg), R = R_1 + b R_2, and G if that is the identity: then some
 * partial signature will not verify, which says who did it. */
enum cs_err cs_bip340_session_init(struct cs_bip340_session *ctx,
                                   const struct cs_bip340_signers *s,
                                   const struct cs_tweak *tweak,
                                   const uint8_t aggnonce[CS_BIP340_NONCE_LEN],
                                   struct cs_span msg) CS_MUST_USE;
/* The same from all public nonces, in any order, as this product has it: nobody
 * aggregates for us.  USAGE unless their ids are exactly those of s. */
enum cs_err cs_bip340_bind(struct cs_bip340_session *ctx,
                           const struct cs_bip340_signers *s,
                           const struct cs_tweak *tweak,
                           const struct cs_frost_commit *commits, size_t n,
                           struct cs_span msg) CS_MUST_USE;
/* The same for a context that this program made from the key of s itself
 * (cs_tweak_init, cs_tweak_wallet): that it fits is not asked again. */
enum cs_err cs_bip340_bind_known(struct cs_bip340_session *ctx,
                                 const struct cs_bip340_signers *s,
                                 const struct cs_tweak *tweak,
                                 const struct cs_frost_commit *commits, size_t n,
                                 struct cs_span msg) CS_MUST_USE;

/* ---- signing --------------------------------------------------------------------- */

/* s_i = k_1 + b k_2 + e lambda_i g gacc x_i, nonces negated if y(R) is odd.  Spends *n:
 * all zero when this returns, whatever it returns.  own: what was published for *n.
 *   USAGE        own->id is not a signer
 *   NONCE_USED   k_1 or k_2 is not in 1..q-1: spent before
 *   KEY_CORRUPT  x is zero, or x G is not X_i
 *   FROST_SELF   s_i does not verify (7.6), so *own is not of *n, or a fault */
enum cs_err cs_bip340_sign(struct cs_scalar *out, struct cs_frost_nonces *n,
                           const struct cs_bip340_session *ctx,
                           const struct cs_frost_commit *own, const struct cs_secret *x)
    CS_MUST_USE;
/* The same for the one who adds up, without the last two checks: such an s_i must not
 * leave but as a part of a sum that cs_bip340_aggregate has verified. */
enum cs_err cs_bip340_part(struct cs_scalar *out, struct cs_frost_nonces *n,
                           const struct cs_bip340_session *ctx, uint8_t id,
                           const struct cs_secret *x) CS_MUST_USE;
/* s_i G = +-(R_1i + b R_2i) + (e lambda_i g gacc) X_i: FROST_SHARE otherwise (blame
 * c->id), ZERO_OR_RANGE for s_i out of range, USAGE when c->id is not a signer. */
enum cs_err cs_bip340_verify_share(const struct cs_bip340_session *ctx,
                                   const struct cs_frost_commit *c,
                                   const uint8_t s_i[32]) CS_MUST_USE;
/* PartialSigAgg: x(R) | sum s_i + e g tacc, verified under x(Q).  parts in the order of
 * ctx->s.ids.  sig is all zero unless CS_OK.
 *   USAGE          n is not the number of signers
 *   ZERO_OR_RANGE  *culprit (a signer's id; may be NULL) sent an s_i out of range
 *   SIG_INVALID    does not verify: cs_bip340_verify_share names the culprit */
enum cs_err cs_bip340_aggregate(uint8_t sig[CS_BIP340_SIG_LEN], uint8_t *culprit,
                                const struct cs_bip340_session *ctx,
                                const uint8_t (*parts)[32], size_t n,
                                struct cs_span msg) CS_MUST_USE;

#endif
