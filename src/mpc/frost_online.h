/* FROST with one message each way, in both schemes (PROTOCOLS 7.2-7.6, 15.6): what a
 * signature is about, FR_REQ and FR_RSP, the initiator's run, the responder's answer.
 * FROST_ED25519 is RFC 9591 (frost.h), BIP340 is BIP 445 (frost_bip340.h); the pool of
 * nonces is frost_pool.h.
 *
 * The key a BIP340 signature verifies under is made here, before a nonce is touched,
 * from the key and the request's path: BIP32, then the TapTweak without scripts (7.4,
 * 7.5).  No tweak comes in from outside.  CHECK requests are signed under x(X) itself.
 *
 * Tasks, take() and start() belong to the loop thread, which owns the pool; run() and
 * finish() to any one thread. */
#ifndef CS_MPC_FROST_ONLINE_H
#define CS_MPC_FROST_ONLINE_H

#include "mpc/frost_nonce.h"
#include "mpc/key.h"

/* ---- what is signed ------------------------------------------------------------- */

/* Every signer fills it from its own copies. */
struct cs_frost_task {
    const struct cs_key *key;            /* borrowed for the call */
    const struct cs_request *request;    /* own parsed copy */
    const struct cs_span *messages;      /* of all items; borrowed for the call */
    size_t n_messages;                   /* 1..CS_FROST_ITEMS_MAX */
    uint32_t item;                       /* messages[item] is signed */
    uint8_t n_signers;                   /* exactly t */
    uint8_t signers[CS_PARTIES_MAX];     /* rising indices, own included */
    uint8_t link_id[CS_PARTY_SLOTS][16]; /* live links, by index; own unused */
};
enum { CS_FROST_ITEMS_MAX = 512 };
/* Checks of all roles before a nonce is touched:
 *   STATE           the key is not ACTIVE
 *   USAGE           not exactly t distinct members with this node among them, no
 *                   messages or too many, or no such item
 *   POLICY_REFUSED  the request is not a signing request for this key, epoch, curve,
 *                   scheme and device set, the scheme is not one of FROST,
 *                   messages_hash is not that of all messages; BIP340: a message is
 *                   not 32 bytes
 * That the path leads to a key is seen when it is used. */
enum cs_err cs_frost_task_check(const struct cs_frost_task *t) CS_MUST_USE;

/* The 32 bytes of the key that signatures for `path` verify under: x(Q) of a BIP340
 * key, which is the Taproot output key an address shows (the node compares it with what
 * the chain layer has made); the key itself of an Ed25519 one.  POLICY_REFUSED for
 * another scheme, USAGE for a path on Ed25519, PATH_*, TWEAK_*. */
enum cs_err cs_frost_output_key(uint8_t out[32], const struct cs_cert_body *b,
                                const uint32_t *path, size_t n) CS_MUST_USE;

/* Bytes of D and E together: 64, 66; 0 for a scheme that is not FROST. */
size_t cs_frost_commit_len(enum cs_scheme scheme);

/* ---- messages ------------------------------------------------------------------- */

/* sid field of REQ and RSP: TH("fr/on"; link_id, nonce id). */
void cs_frost_sid(uint8_t sid[32], const uint8_t link_id[16], uint64_t nonce_id);

/* 7.2 FR_REQ (private part): reqh 32, request id 16, item u16, nonce id 8 (of the
 * addressee), then for each signer in rising order: index 1, D, E.  7.3 FR_RSP: nonce
 * id 8, z 32. */
enum { CS_FROST_REQ_HEAD = 58, CS_FROST_RSP_LEN = 40 };
#define CS_FROST_REQ_LEN(t, commit_len)                                                \
    (CS_FROST_REQ_HEAD + (size_t)(t) * (1u + (commit_len)))
struct cs_frost_req {
    uint8_t reqh[32];
    uint8_t request_id[CS_ID_LEN];
    uint16_t item;
    uint64_t nonce_id;
    uint8_t n;
    uint8_t commit_len;          /* 64 or 66: which scheme's entries these are */
    uint8_t ids[CS_PARTIES_MAX]; /* rising */
    uint8_t commits[CS_PARTIES_MAX][CS_FROST_COMMIT_MAX];
};
void cs_frost_req_encode(struct cs_wr *w, const struct cs_frost_req *q);
/* BAD_FORMAT unless it has exactly t entries of one scheme, with rising indices 1..7.
 * The length says which scheme; that it is the key's is checked with the task. */
enum cs_err cs_frost_req_decode(struct cs_frost_req *out, uint8_t t, struct cs_span in)
    CS_MUST_USE;
/* To find the request of a REQ before its task exists (parking, DECISIONS 18). */
enum cs_err cs_frost_req_peek(uint8_t request_id[CS_ID_LEN], uint8_t reqh[32],
                              struct cs_span req) CS_MUST_USE;

/* ---- initiator ------------------------------------------------------------------ */

struct cs_frost_pool;

/* Initiator's run of one item: RAM only, spent by finish. */
struct cs_frost_run;
/* Takes the lowest commitment of every other signer from the pool and makes own nonces.
 *   NOT_FOUND  a signer has no commitment left (*empty is its index; nothing was
 *              taken): send FR_WANT, try again after FR_NONCES
 *   PATH_*, TWEAK_*  the path leads to no key (bip32.h, tweak.h)
 *   or what cs_frost_task_check says; NOMEM */
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
/* Adds the own z to those of the others and verifies the signature under the key of
 * cs_frost_output_key (CHECK: under x(X)); when it does not verify, every z is checked,
 * to name who it was.  Any thread that owns *r.  Spends the run whatever it returns;
 * sig is zero unless CS_OK.
 *   FROST_SHARE  *culprit sent a wrong z     SIG_INVALID  does not verify, and yet
 *   FROST_SELF   own z is wrong                           every z does
 *   NONCE_USED   spent already               STATE        not ready */
enum cs_err cs_frost_run_finish(struct cs_frost_run *r, uint8_t sig[CS_FROST_SIG_LEN],
                                uint8_t *culprit) CS_MUST_USE;
void cs_frost_run_free(
    struct cs_frost_run *r); /* wipes: timeout, abort; NULL allowed */

/* ---- responder ------------------------------------------------------------------ */

/* take() is in the pool (loop thread); run() computes anywhere; done() puts the answer
 * into the pool, for repeats, before it is sent. */
struct cs_frost_answer;
/* Checks the request against the own task, finds the nonce, compares the own entry, and
 * moves the nonce out: spent from here on, whatever happens.
 *   CS_OK           *out is to be run
 *   EXISTS          these bytes were answered within 60 s: stored holds what to send
 *   REPLAY          these bytes are being answered: drop
 *   POLICY_REFUSED  reqh, request id, item or signers are not those of the own task
 *   FROST_NONCE_ID  unknown, spent, or not for this key, epoch, initiator, link
 *   FROST_BINDING   the own entry is not what was published: blame the initiator
 *   FROST_COMMIT    another entry is not a valid point: blame the initiator
 *   BAD_FORMAT      wrong length, scheme or order: blame the initiator
 *   PATH_*, TWEAK_* the path leads to no key (bip32.h, tweak.h)
 *   FROST_SELF      the nonce is not what was published: a memory fault
 *   or what cs_frost_task_check says */
enum cs_err cs_frost_answer_take(struct cs_frost_answer **out,
                                 uint8_t stored[CS_FROST_RSP_LEN],
                                 struct cs_frost_pool *pool,
                                 const struct cs_frost_task *t, uint8_t initiator,
                                 struct cs_span req, uint64_t now_ms) CS_MUST_USE;
/* Computes z.  FROST_IDENTITY, FROST_SELF, KEY_CORRUPT (BIP340: the share does not fit
 * the key); NONCE_USED the second time.  The nonce is gone either way. */
enum cs_err cs_frost_answer_run(struct cs_frost_answer *a) CS_MUST_USE;
/* After a run that was CS_OK: stores the answer for repeats and gives it out.  The
 * owner journals the intent in the same step that sends it. */
void cs_frost_answer_done(struct cs_frost_answer *a, struct cs_frost_pool *pool,
                          uint64_t now_ms, uint8_t rsp[CS_FROST_RSP_LEN]);
void cs_frost_answer_free(struct cs_frost_answer *a); /* wipes; NULL allowed */

#endif
