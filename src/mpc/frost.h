/* FROST(Ed25519, SHA-512) exactly as RFC 9591 (PROTOCOLS 7.1), and the one message each
 * way of 7.2.  Pool of nonces: frost_pool.h.  Any thread; an object belongs to one at a
 * time.
 *
 * Notation of the RFC: d, e hiding and binding nonce, D, E their commitments, rho
 * binding factor, c challenge, z partial signature. */
#ifndef CS_MPC_FROST_H
#define CS_MPC_FROST_H

#include "mpc/key.h"

enum { CS_FROST_SIG_LEN = 64, CS_FROST_COMMIT_LEN = 64, CS_FROST_RAND = 64 };

struct cs_frost_nonces { /* one use; keep in guarded memory beyond a call */
    struct cs_secret d, e;
};

struct cs_frost_commit {
    uint8_t id; /* party */
    struct cs_point D, E;
};

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

/* What all signers compute from the list; public. */
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
/* z_i = d + e rho_i + lambda_i x_i c.  Spends *n: all zero when this returns, whatever
 * it returns.  Checks its own result before it gives it (7.6). NONCE_USED  *n was zero
 * FROST_SELF  z does not verify under Xi USAGE       id is not a signer */
enum cs_err cs_frost_sign(struct cs_scalar *z, struct cs_frost_nonces *n,
                          const struct cs_frost_ctx *ctx, uint8_t id,
                          const struct cs_secret *x, const struct cs_point *Xi)
    CS_MUST_USE;
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

/* ---- 7.2: one message each way
 * ------------------------------------------------------- */

/* sid field of REQ and RSP: TH("fr/on"; link_id, nonce id). */
void cs_frost_sid(uint8_t sid[32], const uint8_t link_id[16], uint64_t nonce_id);

/* 7.2 FR_REQ (private part): reqh 32, request id 16, nonce id 8 (of the addressee),
 * then for each signer in rising order: index 1, D 32, E 32.  7.3 FR_RSP: nonce id 8,
 * z 32. */
enum { CS_FROST_ENTRY_LEN = 65, CS_FROST_RSP_LEN = 40 };
#define CS_FROST_REQ_LEN(t) (56u + (size_t)(t)*CS_FROST_ENTRY_LEN)
struct cs_frost_req {
    uint8_t reqh[32];
    uint8_t request_id[CS_ID_LEN];
    uint64_t nonce_id;
    uint8_t n;
    uint8_t ids[CS_PARTIES_MAX]; /* rising */
    uint8_t commits[CS_PARTIES_MAX][CS_FROST_COMMIT_LEN];
};
void cs_frost_req_encode(struct cs_wr *w, const struct cs_frost_req *q);
/* BAD_FORMAT unless it has exactly t entries with rising indices 1..7. */
enum cs_err cs_frost_req_decode(struct cs_frost_req *out, uint8_t t, struct cs_span in)
    CS_MUST_USE;

/* What a signature is about; every signer fills it from its own copies. */
struct cs_frost_task {
    const struct cs_key *key;            /* borrowed for the call */
    const struct cs_request *request;    /* own parsed copy */
    struct cs_span msg;                  /* exact bytes to sign */
    uint8_t n_signers;                   /* exactly t */
    uint8_t signers[CS_PARTIES_MAX];     /* rising indices, own included */
    uint8_t link_id[CS_PARTY_SLOTS][16]; /* live links, by index; own unused */
};
/* Checks of all roles before a nonce is touched:
 *   STATE           the key is not ACTIVE
 *   USAGE           not exactly t distinct members with this node among them
 *   POLICY_REFUSED  the request is not a signing request for this key, epoch, curve,
 *                   scheme and device set, or messages_hash is not that of msg */
enum cs_err cs_frost_task_check(const struct cs_frost_task *t) CS_MUST_USE;

struct cs_frost_pool;

/* Initiator's run: RAM only, spent by finish. */
struct cs_frost_run;
/* Takes the lowest commitment of every other signer from the pool and makes own nonces.
 *   NOT_FOUND  a signer has no commitment left (*empty is its index; nothing was
 * taken): send FR_WANT, try again after FR_NONCES or what cs_frost_task_check says;
 * NOMEM */
enum cs_err cs_frost_run_start(struct cs_frost_run **out, uint8_t *empty,
                               struct cs_frost_pool *pool,
                               const struct cs_frost_task *t,
                               const uint8_t rand[CS_FROST_RAND], uint64_t now_ms)
    CS_MUST_USE;
/* For each other signer: the private part of REQ, to send, and to send again unchanged
 * after 1, 2, 4 s; and the header's sid field.  Empty and NULL for others. */
struct cs_span cs_frost_run_req(const struct cs_frost_run *r, uint8_t to);
const uint8_t *cs_frost_run_sid(const struct cs_frost_run *r, uint8_t to);
/* An answer.  CS_OK: taken; REPLAY: repeat or not expected, dropped; BAD_FORMAT
 * (blame), ZERO_OR_RANGE (blame): the run is over, free it. */
enum cs_err cs_frost_run_put(struct cs_frost_run *r, uint8_t from, struct cs_span rsp)
    CS_MUST_USE;
bool cs_frost_run_ready(const struct cs_frost_run *r); /* all answers are here */
/* Checks every z, adds the own one, verifies the signature.  Any thread that owns *r.
 * Spends the run whatever it returns; sig is zero unless CS_OK.
 *   FROST_SHARE  *culprit sent a wrong z     SIG_INVALID  does not verify under the key
 *   FROST_SELF   own z is wrong              NONCE_USED   spent already
 *   STATE        not ready */
enum cs_err cs_frost_run_finish(struct cs_frost_run *r, uint8_t sig[CS_FROST_SIG_LEN],
                                uint8_t *culprit) CS_MUST_USE;
void cs_frost_run_free(
    struct cs_frost_run *r); /* wipes: timeout, abort; NULL allowed */

/* Responder.  take() is in the pool (loop thread); run() computes anywhere; done() puts
 * the answer into the pool, for repeats, before it is sent. */
struct cs_frost_answer;
/* Checks the request against the own task, finds the nonce, compares the own entry, and
 * moves the nonce out: spent from here on, whatever happens.
 *   CS_OK           *out is to be run
 *   EXISTS          these bytes were answered within 60 s: stored holds what to send
 *   STATE           the key is not ACTIVE
 *   REPLAY          these bytes are being answered: drop
 *   POLICY_REFUSED  reqh, request id or signers are not those of the own task
 *   FROST_NONCE_ID  unknown, spent, or not for this key, epoch, initiator, link
 *   FROST_BINDING   the own entry is not what was published: blame the initiator
 *   FROST_COMMIT    another entry is not a valid point: blame the initiator
 *   BAD_FORMAT      wrong length or order: blame the initiator */
enum cs_err cs_frost_answer_take(struct cs_frost_answer **out,
                                 uint8_t stored[CS_FROST_RSP_LEN],
                                 struct cs_frost_pool *pool,
                                 const struct cs_frost_task *t, uint8_t initiator,
                                 struct cs_span req, uint64_t now_ms) CS_MUST_USE;
/* Computes z.  FROST_IDENTITY, FROST_SELF; the nonce is gone either way. */
enum cs_err cs_frost_answer_run(struct cs_frost_answer *a) CS_MUST_USE;
/* After a run that was CS_OK: stores the answer for repeats and gives it out.  The
 * owner journals the intent in the same step that sends it. */
void cs_frost_answer_done(struct cs_frost_answer *a, struct cs_frost_pool *pool,
                          uint64_t now_ms, uint8_t rsp[CS_FROST_RSP_LEN]);
void cs_frost_answer_free(struct cs_frost_answer *a); /* wipes; NULL allowed */
/* To find the request of a REQ before its task exists (parking, DECISIONS 18). */
enum cs_err cs_frost_req_peek(uint8_t request_id[CS_ID_LEN], uint8_t reqh[32],
                              struct cs_span req) CS_MUST_USE;

#endif
