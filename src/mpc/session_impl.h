/* Inside of the session driver; not for owners (session.h). */
#ifndef CS_MPC_SESSION_IMPL_H
#define CS_MPC_SESSION_IMPL_H

#include "mpc/session.h"

enum { SID = 32, ENVELOPE_VERSION = 1, EVIDENCE_MAX = CS_PARTIES_MAX };
#define SES_RESEND_FIRST_MS 1000u
/* Answers to repeats after DONE, per peer. */
#define SES_REPLIES_MAX 6u
#define SES_REPLY_MS    500u

/* What a party said in a round: (presid, type, from) of 15.1 A5. */
struct ses_slot {
    bool present;
    bool checked; /* sid and tr compared */
    struct cs_wr bcast;
    struct cs_wr priv; /* secret */
    uint8_t bsig[CS_SIG_LEN];
};

/* What this node said in a round; [0] is SES_OPEN or SES_READY. */
struct ses_sent {
    bool used;
    uint8_t type;
    struct cs_wr bcast;
    struct cs_wr priv[CS_PARTY_SLOTS]; /* secret */
    uint64_t first_ms;
    uint64_t due_ms;
};

struct ses_reply {
    unsigned n;
    uint64_t next_ms;
};

struct cs_session {
    struct cs_session_params p;
    enum cs_session_phase phase;
    uint8_t reqh[32];
    uint8_t presid[32], sid[32];
    uint8_t tr[CS_ROUNDS_MAX + 1][32];
    uint8_t round; /* messages of this round are sent; 0 while opening */
    uint8_t known; /* messages of all up to this round are here and compared */
    bool ready[CS_PARTY_SLOTS];
    struct ses_slot slot[CS_ROUNDS_MAX + 1][CS_PARTY_SLOTS]; /* [0]: SES_OPEN */
    struct ses_sent sent[CS_ROUNDS_MAX + 1];
    void *state; /* guarded; NULL while a job has it */
    bool job_out;
    uint64_t deadline_ms;
    uint64_t linger_ms; /* DONE: answers repeats until then */
    struct ses_reply reply[CS_PARTY_SLOTS];
    /* dispute (2.5, 15.1 A2) */
    enum cs_err dispute_code;
    uint64_t dispute_ms;
    bool claimed[CS_PARTY_SLOTS];
    struct cs_blame blame;
    enum cs_err peer_code;
    struct cs_wr evidence;
};

/* ---- session.c ---- */
bool ses_is_part(const struct cs_session *s, unsigned index);
void ses_send(struct cs_session *s, struct cs_session_out *out, uint8_t proto,
              uint8_t type, uint8_t round, uint8_t to, struct cs_span bcast,
              struct cs_span priv);
void ses_send_round(struct cs_session *s, struct cs_session_out *out, uint8_t round,
                    uint8_t to);
/* Ends it: wipes, ABORT to all unless `quiet`.  Returns err. */
enum cs_err ses_fail(struct cs_session *s, enum cs_err err, uint8_t party, bool quiet,
                     struct cs_session_out *out);
void ses_take_back(struct cs_session_out *out);
void ses_wipe_secrets(struct cs_session *s);
/* Marks what was just sent as first sent now. */
void ses_sent_now(struct cs_session *s, uint8_t round, uint8_t type, uint64_t now_ms);
/* Compares what can be compared; starts a dispute when it must. */
enum cs_err ses_settle(struct cs_session *s, uint64_t now_ms,
                       struct cs_session_out *out);

/* ---- session_id.c ---- */
void ses_presid(uint8_t out[32], const struct cs_session_params *p,
                const uint8_t reqh[32], const uint8_t nonce[32]);
void ses_sid(struct cs_session *s);
void ses_tr(struct cs_session *s, uint8_t round);
size_t ses_prefix_len(const struct cs_protocol *p, uint8_t round);
void ses_open_encode(struct cs_wr *w, const struct cs_session_open *o);

/* ---- session_dispute.c ---- */
/* Exchanges the signed payloads of `round`; code is the outcome if nobody is proven. */
enum cs_err ses_dispute(struct cs_session *s, uint8_t round, enum cs_err code,
                        uint64_t now_ms, struct cs_session_out *out);
enum cs_err ses_on_evidence(struct cs_session *s, const struct cs_message *m,
                            uint64_t now_ms, struct cs_session_out *out);
/* A second, different message in a slot. */
enum cs_err ses_equivocated(struct cs_session *s, const struct ses_slot *first,
                            const struct cs_message *second,
                            struct cs_session_out *out);
/* All other participants have claimed: the dispute is over. */
enum cs_err ses_claim(struct cs_session *s, uint8_t from, struct cs_session_out *out);

#endif
