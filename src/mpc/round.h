/* What the nodes' protocols have in common: who takes part, what a message is once the
 * link has authenticated it, and what a round is.
 *
 * A round is a function of what it is given: no I/O, no clock, no globals; even its
 * randomness arrives as bytes (STYLE 5).  session.h drives any table of rounds.
 *
 * A message is link/envelope.h's struct cs_message, opened: sender authenticated, bsig
 * verified.  Party indices are 1..n as in the papers; arrays have a slot for each index
 * and leave slot 0 unused. */
#ifndef CS_MPC_ROUND_H
#define CS_MPC_ROUND_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"
#include "mpc/device_set.h"
#include "mpc/link/envelope.h"
#include "mpc/request.h"

enum {
    CS_PARTIES_MAX = 7,
    CS_PARTY_SLOTS = CS_PARTIES_MAX + 1, /* index 1..n, slot 0 unused */
    CS_ROUNDS_MAX = 6,
};

/* Message types, the second half of "proto.type" (PROTOCOLS, appendix A). */
enum cs_type {
    CS_TYPE_OPEN = 0,   /* x.0  SES_OPEN: initiator -> all, round 0 */
    CS_TYPE_READY = 15, /* x.15 SES_READY: each -> initiator, round 0 */

    CS_TYPE_DKG_COM = 1,
    CS_TYPE_DKG_REVEAL = 2,
    CS_TYPE_DKG_CERT = 3,
    CS_TYPE_DKG_ACK = 4,
    CS_TYPE_CERT_WANT = 5,    /* 3.5  a PENDING node asks; round 0 (PROTOCOLS 3.5) */
    CS_TYPE_CERT_HAVE = 6,    /* 3.6  signatures on C known to the sender */
    CS_TYPE_CERT_ABORTED = 7, /* 3.7  signed ABORTED(C) (15.3 C3) */

    CS_TYPE_FR_NONCES = 1,
    CS_TYPE_FR_REQ = 2,
    CS_TYPE_FR_RSP = 3,
    CS_TYPE_FR_WANT = 4,

    CS_TYPE_ABORT = 1,    /* 9.1 */
    CS_TYPE_EVIDENCE = 2, /* 9.2 */
    CS_TYPE_NOTICE = 3,   /* 9.3  the sender has quarantined a third member */
    CS_TYPE_VERSION = 4,  /* 9.4  the sender's program, for people */
};

/* The device set as the protocols need it: pinned, never from a message. */
struct cs_roster {
    uint8_t n, t;
    uint8_t self; /* own index */
    uint8_t ds_hash[32];
    uint8_t ik[CS_PARTY_SLOTS][CS_IK_LEN]; /* by index */
};

/* ds has passed cs_ds_check.  USAGE when self is not a member's index. */
enum cs_err cs_roster_from_ds(struct cs_roster *out, const struct cs_device_set *ds,
                              uint8_t self) CS_MUST_USE;
bool cs_roster_has(const struct cs_roster *r, unsigned index);

/* ---- rounds ------------------------------------------------------------------- */

/* What a round reads from the others.  A slot is present for every participant (own one
 * included) when run() is called; lengths are already right; the sid and tr that open a
 * payload have been compared and are cut off.  Secret: priv. */
struct cs_inbox_slot {
    bool present;
    struct cs_span body; /* broadcast part after sid and tr */
    struct cs_span priv;
};
struct cs_inbox {
    struct cs_inbox_slot slot[CS_PARTY_SLOTS];
};

/* Public facts of the session at the time of the round. */
struct cs_round_ctx {
    const struct cs_roster *roster;
    uint8_t presid[32];
    uint8_t sid[32];                   /* zero in round 1 */
    uint8_t tr[CS_ROUNDS_MAX + 1][32]; /* tr[r] of finished rounds r, r >= 1 */
};

/* Who, if the error is of class PEER: 0 when nobody is provable. */
struct cs_blame {
    enum cs_err err;
    uint8_t party;
};

struct cs_round_out {
    struct cs_wr body;                 /* broadcast part after sid and tr */
    struct cs_wr priv[CS_PARTY_SLOTS]; /* by recipient; own slot stays at home */
    bool persist; /* the state holds something the owner must store before sending */
    uint8_t culprit;
};

/* One row of a protocol's table.  run() gets the messages of the previous row, emits
 * those of this row.  The last row may send nothing (type 0). */
struct cs_round_def {
    enum cs_err (*run)(void *state, const struct cs_round_ctx *ctx,
                       const struct cs_inbox *in, const uint8_t *rand,
                       struct cs_round_out *out);
    uint8_t sends; /* message type; unused in a last row without message */
    bool has_message;
    bool has_tr;         /* payload carries tr of the round before */
    enum cs_err bad_len; /* what a message of another length is called */
    /* Exact lengths, fixed by n, t and curve (PROTOCOLS 2.6). */
    size_t (*rand_len)(const struct cs_roster *r, enum cs_curve curve);
    size_t (*body_len)(const struct cs_roster *r, enum cs_curve curve);
    size_t (*priv_len)(const struct cs_roster *r, enum cs_curve curve);
};

struct cs_protocol {
    uint8_t proto;
    uint8_t n_rounds;     /* rows, at most CS_ROUNDS_MAX */
    bool all_members;     /* every member of the device set takes part */
    uint64_t deadline_ms; /* life of a session */
    const struct cs_round_def *rounds;
};

#endif
