/* The device set descriptor: who forms a quorum, with which keys (PROTOCOLS 2.1,
 * DECISIONS 10), its hash, and the commit-then-reveal that gives the six words people
 * compare (RELIABILITY T1).  Pure; any thread.  Encodings: PROTOCOL.md, "Links".
 *
 * A descriptor is frozen: everything later (links, sessions, certificates) binds
 * ds_hash.  Use one only after cs_ds_check and, on a node, cs_ds_check_self. */
#ifndef CS_MPC_DEVICE_SET_H
#define CS_MPC_DEVICE_SET_H

#include "base/err.h"
#include "base/span.h"
#include "base/text.h"
#include "base/wr.h"
#include "crypto/identity.h"

enum {
    CS_DS_VERSION = 1,
    CS_DS_MEMBERS_MAX = 7,
    CS_DS_APPROVERS_MAX = 16,
    CS_DS_ID_LEN = 16,
    CS_DS_NONCE_LEN = 32,
    CS_DS_HASH_LEN = 32,
    /* version, ds_id, t, n, members, nonce, approvers, policy hash */
    CS_DS_ENC_MAX = 1 + 16 + 1 + 1 + 7 * 81 + 32 + 1 + 16 * 32 + 32,
};

struct cs_ds_member {
    uint8_t index;                   /* 1..n, the player id */
    uint8_t device_id[CS_DS_ID_LEN]; /* the platform's id of the device (UUID bytes) */
    struct cs_identity id;
};

struct cs_device_set {
    uint8_t ds_id[CS_DS_ID_LEN];
    uint8_t t;                                      /* this many sign */
    uint8_t n;                                      /* members */
    struct cs_ds_member members[CS_DS_MEMBERS_MAX]; /* by index: [k].index == k + 1 */
    uint8_t nonce[CS_DS_NONCE_LEN];                 /* fresh at creation */
    uint8_t n_approvers;                            /* may be 0 */
    uint8_t approvers[CS_DS_APPROVERS_MAX][CS_IK_LEN]; /* Ed25519, rising */
    uint8_t policy_hash[32];                           /* zero: none */
};

/* Appends the one encoding.  The set must pass cs_ds_check; else its error. */
enum cs_err cs_ds_encode(struct cs_wr *out, const struct cs_device_set *ds) CS_MUST_USE;
/* Decodes and runs cs_ds_check; *out is untouched on failure.
 * TRUNCATED, TRAILING, BAD_FORMAT (version, counts), or a row of cs_ds_check. */
enum cs_err cs_ds_decode(struct cs_device_set *out, struct cs_span in) CS_MUST_USE;

/* Who made the descriptor is not trusted.  In this order: DS_THRESHOLD (2 <= t <= n <=
 * 7), DS_INDEX (exactly 1..n, in order), DS_ID (zero ids), DS_NONCE (zero), DS_IK (not
 * a canonical prime-order point), DS_SK (zero, low order, not canonical), DS_IK_SAME,
 * DS_SK_SAME, DS_DEVICE_SAME, DS_APPROVER (count, not a valid key, not rising). */
enum cs_err cs_ds_check(const struct cs_device_set *ds) CS_MUST_USE;
/* Finds the member with this device id and compares both keys: DS_SELF when it is
 * missing or holds other keys.  *index is set on success. */
enum cs_err cs_ds_check_self(const struct cs_device_set *ds,
                             const uint8_t device_id[CS_DS_ID_LEN],
                             const struct cs_identity *own, uint8_t *index) CS_MUST_USE;

/* TH("ds"; ds_id, t, n, enc(enc(index, device_id, IK, SK) per member), nonce,
 * enc(approvers), policy_hash). */
void cs_ds_hash(uint8_t out[CS_DS_HASH_LEN], const struct cs_device_set *ds);
/* NULL when there is none; borrows from ds. */
const struct cs_ds_member *cs_ds_member(const struct cs_device_set *ds, uint8_t index);

/* ---- joining: commit, then reveal, then six words -------------------------------- */

/* commit_i = TH("quorum/commit"; ds_hash, index, nonce_i); nonce_i 32 random bytes,
 * kept back until every member's commitment is there. */
void cs_quorum_commit(uint8_t out[32], const uint8_t ds_hash[CS_DS_HASH_LEN],
                      uint8_t index, const uint8_t nonce[32]);
/* QUORUM_OPEN when the revealed nonce is not the committed one. */
enum cs_err cs_quorum_open(const uint8_t commit[32],
                           const uint8_t ds_hash[CS_DS_HASH_LEN], uint8_t index,
                           const uint8_t nonce[32]) CS_MUST_USE;
/* Acceptance: Ed25519_IK(TH("quorum/join"; ds_hash, index, commit)). */
void cs_quorum_join_sign(uint8_t sig[CS_SIG_LEN], const struct cs_identity_secret *id,
                         const uint8_t ds_hash[CS_DS_HASH_LEN], uint8_t index,
                         const uint8_t commit[32]);
/* Checks with the member's IK of the set: QUORUM_SIG, or USAGE for no such index. */
enum cs_err cs_quorum_join_verify(const uint8_t sig[CS_SIG_LEN],
                                  const struct cs_device_set *ds, uint8_t index,
                                  const uint8_t commit[32]) CS_MUST_USE;
/* words = cs_words(first 12 bytes of TH("quorum/code"; ds_hash, enc(nonces))).
 * nonces[k] is that of member k + 1, ds->n of them (the caller has them all). */
void cs_quorum_code(char words[CS_WORDS_LEN], const struct cs_device_set *ds,
                    const uint8_t (*nonces)[32]);

#endif
