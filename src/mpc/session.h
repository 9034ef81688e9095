/* Driver of any table of rounds (round.h): PROTOCOLS 2.4-2.6 with 15.1, DECISIONS 14.
 *
 * Knows nothing of what a round computes.  It opens the session (SES_OPEN, SES_READY),
 * makes presid and sid, keeps one slot per (round, sender), ignores exact repeats,
 * turns a different second message into EQUIVOCATION with evidence, parks one early
 * round, compares sid and then tr before a round sees a payload, sends again after 1, 2
 * and 4 s, owns the deadline, and wipes on every end.
 *
 * It sends nothing and waits for nothing: whatever leaves is appended to a
 * struct cs_session_out, time is an argument, and the computing of a round is handed
 * out as a job:
 *
 *   feed/time -> cs_session_take_job() -> [worker] cs_round_job_run() -> job_done()
 *
 * Rule for the owner: when a call sets out->persist, store cs_session_state() in the
 * batch of the same step (base/env.h); the runner then makes it durable before
 * out->msgs leave. Tombstones (sid and code for 10 minutes, 2.7) are the owner's.
 *
 * Thread: loop, except cs_round_job_run (worker). */
#ifndef CS_MPC_SESSION_H
#define CS_MPC_SESSION_H

#include "mpc/round.h"

struct cs_session;

/* SES_OPEN: what the initiator says (15.1 A1).  Encoded by the session. */
struct cs_session_open {
    uint8_t nonce[32];
    uint8_t request_id[CS_ID_LEN];
    uint8_t reqh[32];
    enum cs_request_kind kind;
    uint8_t n_parts;
    uint8_t parts[CS_PARTIES_MAX]; /* rising indices */
    uint32_t attempt;
};

enum cs_session_phase {
    CS_SESSION_OPENING, /* SES_OPEN and SES_READY under way */
    CS_SESSION_RUNNING, /* in a round */
    CS_SESSION_DISPUTE, /* signed payloads are being exchanged; cannot succeed */
    CS_SESSION_DONE,    /* result is there; still answers repeats for 20 s */
    CS_SESSION_FAILED,  /* wiped; see cs_session_blame */
};

struct cs_session_params {
    const struct cs_protocol *protocol; /* static */
    struct cs_roster roster;
    struct cs_request request;        /* own parsed copy */
    uint8_t cert_hash[32];            /* dkg_cert_hash of the key */
    bool has_cert;                    /* false: an empty item (DKG) */
    uint8_t boot[CS_PARTY_SLOTS][32]; /* by index, own included (PROTOCOLS 2.4) */
    uint8_t initiator;
    uint32_t attempt;
    uint8_t n_parts;
    uint8_t parts[CS_PARTIES_MAX]; /* rising indices, own included */
};

/* One message to one party, for cs_link_seal: broadcast and priv of msg are bcast and
 * priv; bsig is NULL (the link signs).  The same bytes each time it is sent again. */
struct cs_session_msg {
    uint8_t to;
    struct cs_message msg; /* its spans point into the two writers */
    struct cs_wr bcast;
    struct cs_wr priv; /* secret */
};

enum { CS_SESSION_LINGER_MS = 20000, CS_SESSION_DISPUTE_MS = 3000 };
enum { CS_SESSION_OUT_MAX = 48 };

/* Zero-initialise; clear after use. */
struct cs_session_out {
    struct cs_session_msg msgs[CS_SESSION_OUT_MAX];
    size_t n_msgs;
    bool persist; /* store the protocol's state before sending */
    bool ended;   /* this call entered DONE or FAILED */
};
void cs_session_out_clear(struct cs_session_out *out); /* frees and wipes */

/* ---- life --------------------------------------------------------------------- */

/* As initiator: `nonce` is the 32 fresh bytes of SES_OPEN, which is put into *out.
 * Takes `state` (guarded memory of the protocol, e.g. cs_dkg_new) when it returns
 * CS_OK. USAGE: parameters do not fit each other.  NOMEM. */
enum cs_err cs_session_start(struct cs_session **s, const struct cs_session_params *p,
                             void *state, const uint8_t nonce[32], uint64_t now_ms,
                             struct cs_session_out *out) CS_MUST_USE;

/* As another participant: `open` is the initiator's SES_OPEN, already matched to the
 * own request by request id.  Checks sender, reqh, kind, participants, attempt and
 * presid against p; puts SES_READY into *out. BAD_FORMAT      malformed POLICY_REFUSED
 * reqh, kind, participants or attempt are not those of p SID_MISMATCH    presid in the
 * header is not the one computed here (boots differ) */
enum cs_err cs_session_join(struct cs_session **s, const struct cs_session_params *p,
                            void *state, const struct cs_message *open, uint64_t now_ms,
                            struct cs_session_out *out) CS_MUST_USE;

/* To find the request of a SES_OPEN before cs_session_join. */
enum cs_err cs_session_open_decode(struct cs_session_open *out, struct cs_span bcast)
    CS_MUST_USE;

void cs_session_free(struct cs_session *s); /* wipes; NULL allowed */

/* ---- driving ------------------------------------------------------------------ */

/* A message whose sid field is this session's presid.  Returns
 *   CS_OK            taken, or an exact repeat
 *   REPLAY           early, late, from a stranger or of unknown type: dropped, count it
 *   anything else    the session has ended with this code (see cs_session_blame) */
enum cs_err cs_session_feed(struct cs_session *s, const struct cs_message *m,
                            uint64_t now_ms, struct cs_session_out *out) CS_MUST_USE;
/* Sends again what is due, ends the session at its deadline. */
void cs_session_time(struct cs_session *s, uint64_t now_ms, struct cs_session_out *out);
/* When cs_session_time wants to be called next; UINT64_MAX: never again, free it. */
uint64_t cs_session_deadline(const struct cs_session *s);
/* Ends it from this side (cancel, link lost, store failed): wipes, tells the peers. */
void cs_session_abort(struct cs_session *s, enum cs_err why,
                      struct cs_session_out *out);

/* ---- rounds as jobs -------------------------------------------------------------- */

typedef void cs_random_fn(void *ctx, uint8_t *out, size_t n);

/* Owns everything run() touches. */
struct cs_round_job;
/* The round that can run now, NULL when none can.  The protocol's state travels with
 * it. */
struct cs_round_job *cs_session_take_job(struct cs_session *s, cs_random_fn *random,
                                         void *random_ctx);
void cs_round_job_run(struct cs_round_job *job);  /* worker */
void cs_round_job_free(struct cs_round_job *job); /* wipes; NULL allowed */
/* Takes the result (and frees the job): messages to send, DONE, or FAILED.  A job of a
 * session that has ended is only freed.  Returns what cs_session_feed would. */
enum cs_err cs_session_job_done(struct cs_session *s, struct cs_round_job *job,
                                uint64_t now_ms, struct cs_session_out *out)
    CS_MUST_USE;

/* Runs jobs in place until none is ready: tests, and owners without workers. */
enum cs_err cs_session_pump(struct cs_session *s, cs_random_fn *random,
                            void *random_ctx, uint64_t now_ms,
                            struct cs_session_out *out) CS_MUST_USE;

/* ---- looking at it --------------------------------------------------------------- */

enum cs_session_phase cs_session_phase(const struct cs_session *s);
unsigned cs_session_round(const struct cs_session *s); /* 0 while opening */
const uint8_t *cs_session_presid(const struct cs_session *s);
const struct cs_request *cs_session_request(const struct cs_session *s);
/* The protocol's state: valid after a call with out->persist, and in DONE.  NULL while
 * a job has it and after FAILED. */
void *cs_session_state(const struct cs_session *s);
struct cs_blame cs_session_blame(const struct cs_session *s);
/* The public code of the peer's ABORT when blame.err is ABORTED. */
enum cs_err cs_session_peer_code(const struct cs_session *s);
/* Two statements (cs_signed_bc_encode, each u32-length-prefixed) that prove blame.party
 * equivocated; empty when nothing is proven.  Borrowed. */
struct cs_span cs_session_evidence(const struct cs_session *s);

/* ---- 9.1 ABORT, for owners without a session ------------------------------------- */

/* The closed public list; what is not on it is INTERNAL's. */
uint16_t cs_abort_code(enum cs_err why);
/* A code of ours with the same public reason; CS_OK when no such code is on the list.
 */
enum cs_err cs_abort_of_code(uint16_t code);
/* Body = sid 32, code u16. */
void cs_abort_encode(struct cs_wr *w, const uint8_t sid[32], enum cs_err why);
/* *why is a code of ours with the same public reason. */
enum cs_err cs_abort_decode(uint8_t sid[32], enum cs_err *why, struct cs_span body)
    CS_MUST_USE;

#endif
