/* Nonces made ahead (PROTOCOLS 7.2, 5.6, 15.6 F1).
 *
 * As responder J: lists of (id, d, e) published to one initiator for one key, epoch and
 * link; secrets in guarded memory.  As initiator I: the peers' commitments.
 *
 * The rules: RAM only; bound at birth; ids strictly rising, never reused; take()
 * removes and wipes before the first byte that depends on a nonce exists; there is no
 * way back in.  Everything of a link goes with it.
 *
 * Thread: loop. */
#ifndef CS_MPC_FROST_POOL_H
#define CS_MPC_FROST_POOL_H

#include "mpc/frost_online.h"
#include "mpc/frost_plan.h"

enum {
    CS_FROST_LIST_MAX = 128,  /* nonces of one list */
    CS_FROST_LISTS_MAX = 256, /* of each kind; the least recently used goes first */
    CS_FROST_BATCH = 16,      /* default size of a refill */
    CS_FROST_LOW = 8,         /* refill below */
};
#define CS_FROST_AGE_MS    (3600000u) /* responder keeps 60 minutes .. */
#define CS_FROST_USE_MS    (3000000u) /* .. initiator uses 50 */
#define CS_FROST_REPEAT_MS (60000u)   /* stored answers */

/* What a list is for. */
struct cs_frost_use {
    uint8_t key_id[CS_ID_LEN];
    uint32_t epoch;
    uint8_t link_id[16]; /* of the live link to the peer */
    uint8_t ds_hash[32];
    enum cs_scheme scheme; /* the key's: how long an entry is */
    uint8_t peer; /* responder's list: the initiator; initiator's: the responder */
};

struct cs_frost_pool *cs_frost_pool_new(size_t max_lists); /* 0: CS_FROST_LISTS_MAX */
void cs_frost_pool_free(struct cs_frost_pool *p);          /* wipes */

/* How the task's signers sign for the path of its request; kept for the next ones. *out
 * is valid until the next call.  Errors of cs_frost_plan_make. */
enum cs_err cs_frost_pool_plan(struct cs_frost_pool *p,
                               const struct cs_frost_plan **out,
                               const struct cs_frost_task *t) CS_MUST_USE;

/* ---- messages
 * -------------------------------------------------------------------------- */

/* 7.4 FR_WANT (private part): highest id known u64.  key and epoch are the header's. */
void cs_frost_want_encode(struct cs_wr *w, uint64_t highest);
enum cs_err cs_frost_want_decode(uint64_t *highest, struct cs_span in) CS_MUST_USE;

/* ---- initiator
 * -------------------------------------------------------------------------- */

size_t cs_frost_pool_have(const struct cs_frost_pool *p, const struct cs_frost_use *u,
                          uint64_t now_ms);
uint64_t cs_frost_pool_highest(const struct cs_frost_pool *p,
                               const struct cs_frost_use *u);
/* 7.1 FR_NONCES (broadcast part, signed): takes the list over.  Ids at or below the
 * highest known are a late repeat: ignored.  FROST_COMMIT (blame), BAD_FORMAT (blame:
 * also for entries of another scheme), USAGE for a scheme that is not one of FROST; the
 * list is unchanged on failure. */
enum cs_err cs_frost_pool_put(struct cs_frost_pool *p, const struct cs_frost_use *u,
                              struct cs_span nonces, uint64_t now_ms) CS_MUST_USE;

/* ---- responder
 * --------------------------------------------------------------------------- */

/* A FR_WANT came: drops unspent ids above `highest`, makes `count` new nonces from
 * rand (count * CS_FROST_RAND bytes) and appends FR_NONCES' broadcast part to w.
 * LIMIT when count is 0 or above 128; STATE when the key is not ACTIVE or not of the
 * scheme of *u; NOMEM. */
enum cs_err cs_frost_pool_issue(struct cs_frost_pool *p, const struct cs_frost_use *u,
                                const struct cs_key *key, uint64_t highest,
                                size_t count, const uint8_t *rand, uint64_t now_ms,
                                struct cs_wr *w) CS_MUST_USE;

/* For frost_run.c: moves the lowest fresh commitment out.  NOT_FOUND when there is
 * none. */
enum cs_err cs_frost_pool_take(struct cs_frost_pool *p, const struct cs_frost_use *u,
                               uint64_t now_ms, uint64_t *id, struct cs_frost_commit *c)
    CS_MUST_USE;
/* For frost_answer.c: looks at what became of a nonce id: CS_OK unspent (commit is what
 * was published), EXISTS answered for these very bytes (stored), REPLAY being answered
 * for these bytes, FROST_NONCE_ID otherwise. */
enum cs_err cs_frost_pool_find(struct cs_frost_pool *p, const struct cs_frost_use *u,
                               uint64_t id, const uint8_t req_hash[32], uint64_t now_ms,
                               struct cs_frost_commit *commit,
                               uint8_t stored[CS_FROST_RSP_LEN]) CS_MUST_USE;
/* Moves an unspent nonce out and wipes it here: there is no way back.  FROST_NONCE_ID;
 * FROST_SELF when it is no longer what was put in: such a nonce might tell the share.
 */
enum cs_err cs_frost_pool_spend(struct cs_frost_pool *p, const struct cs_frost_use *u,
                                uint64_t id, const uint8_t req_hash[32],
                                uint64_t now_ms, struct cs_frost_nonces *out)
    CS_MUST_USE;
/* The bytes that answer req_hash from now on, for 60 s. */
void cs_frost_pool_store(struct cs_frost_pool *p, const struct cs_frost_use *u,
                         uint64_t id, const uint8_t req_hash[32],
                         const uint8_t rsp[CS_FROST_RSP_LEN], uint64_t now_ms);

/* ---- ends
 * ---------------------------------------------------------------------------------- */

void cs_frost_pool_drop_link(struct cs_frost_pool *p, const uint8_t link_id[16]);
/* Initiator: the peer no longer knows the nonces of this list: ask for a new one. */
void cs_frost_pool_forget(struct cs_frost_pool *p, const struct cs_frost_use *u);
void cs_frost_pool_drop_key(struct cs_frost_pool *p, const uint8_t key_id[CS_ID_LEN]);
void cs_frost_pool_expire(struct cs_frost_pool *p, uint64_t now_ms);

#endif
