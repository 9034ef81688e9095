/* The two schemes behind one interface, for the runs of frost_online.h: FROST(Ed25519,
 * SHA-512) of RFC 9591 and FROST for BIP340 of BIP 445.  Private to this layer.
 *
 *   open     what is signed, by whom, under which key          public
 *   commit   an entry of each signer
 *   bind     with the own nonces: R and the challenge
 *   answer   the own z, verified            } one of the two; the nonces are gone
 *   release  the sum, verified              } after either */
#ifndef CS_MPC_FROST_SUITE_H
#define CS_MPC_FROST_SUITE_H

#include "mpc/frost.h"
#include "mpc/frost_bip340.h"
#include "mpc/frost_online.h"
#include "mpc/frost_plan.h"

/* ---- nonces ---------------------------------------------------------------------- */

/* New nonces of a key, hedged with the share and ctx (PROTOCOLS 1.5).  aim: what they
 * are for, NULL when they are made ahead.  NOMEM. */
struct cs_frost_aim {
    const struct cs_frost_plan *plan;
    struct cs_span msg;
};
enum cs_err cs_frost_make(struct cs_frost_nonces *n, struct cs_frost_commit *c,
                          const struct cs_key *key, const uint8_t rand[CS_FROST_RAND],
                          const struct cs_span *ctx, size_t n_ctx,
                          const struct cs_frost_aim *aim) CS_MUST_USE;
/* cs_frost_commit_len(scheme) bytes. */
void cs_frost_entry_encode(enum cs_scheme scheme, uint8_t out[CS_FROST_COMMIT_MAX],
                           const struct cs_frost_commit *c);
/* FROST_COMMIT (blame) when D or E is not a valid point. */
enum cs_err cs_frost_entry_decode(enum cs_scheme scheme, struct cs_frost_commit *out,
                                  uint8_t id, const uint8_t in[CS_FROST_COMMIT_MAX])
    CS_MUST_USE;

/* Nonces that wait in memory, with a hash that tells whether it has kept them: one of
 * which an hour has left zeros would tell the share to everybody (7.6). */
struct cs_frost_kept {
    struct cs_frost_nonces n;
    uint8_t hash[32];
};
void cs_frost_keep(struct cs_frost_kept *k); /* n is set: sets hash */
/* Moves them out and wipes *k.  FROST_SELF when they are not those of cs_frost_keep;
 * *out is untouched then. */
enum cs_err cs_frost_kept_take(struct cs_frost_kept *k, struct cs_frost_nonces *out)
    CS_MUST_USE;

/* ---- one signature --------------------------------------------------------------- */

struct cs_frost_secrets {
    struct cs_frost_nonces nonces;
    struct cs_secret x;
};

struct cs_frost_signing {
    struct cs_frost_secrets *secret; /* a guarded cell */
    enum cs_scheme scheme;
    uint8_t own; /* place of this node in ids */
    struct cs_frost_plan plan;
    struct cs_point X;
    struct cs_point Xi[CS_PARTIES_MAX];             /* in the order of plan.ids */
    struct cs_frost_commit commits[CS_PARTIES_MAX]; /* the same */
    union {
        struct cs_frost_ctx ed;
        struct cs_bip340_session bip;
    } u;
    struct cs_wr msg;
};

/* Of the task's key, item, and plan.  The task was checked.  *s is zero, or NOMEM left
 * it so that cs_frost_signing_clear is all it needs. */
enum cs_err cs_frost_open(struct cs_frost_signing *s, const struct cs_frost_task *t,
                          const struct cs_frost_plan *plan) CS_MUST_USE;
/* Responder: the entries as they came, and the own commitment.  FROST_BINDING when the
 * own entry is another, FROST_COMMIT when one of the others is no point; NOMEM. */
enum cs_err cs_frost_commit_bytes(struct cs_frost_signing *s,
                                  const struct cs_frost_req *q,
                                  const struct cs_frost_commit *own) CS_MUST_USE;
/* Initiator: s->commits are set, decoded and valid.  NOMEM. */
enum cs_err cs_frost_commit_points(struct cs_frost_signing *s) CS_MUST_USE;
/* FROST_IDENTITY, NOMEM; NONCE_USED when it was answered or released before. */
enum cs_err cs_frost_close(struct cs_frost_signing *s) CS_MUST_USE;

/* z of this node, verified (7.6).  Wipes nonces and x. */
enum cs_err cs_frost_answer(struct cs_frost_signing *s, struct cs_scalar *z)
    CS_MUST_USE;
/* z: those of the others, in the order of plan.ids.  The own one is added, and the sum
 * verified.  When it does not verify, all are: FROST_SELF, FROST_SHARE with *culprit,
 * or SIG_INVALID.  Wipes nonces and x; sig is zero unless CS_OK. */
enum cs_err cs_frost_release(struct cs_frost_signing *s, struct cs_scalar *z,
                             uint8_t sig[CS_FROST_SIG_LEN], uint8_t *culprit)
    CS_MUST_USE;
/* Wipes and frees what it points to, not *s.  May be called again. */
void cs_frost_signing_clear(struct cs_frost_signing *s);

#endif
