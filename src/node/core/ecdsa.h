/* ECDSA signing sessions of the node: DKLs23 with one peer, t = 2 (PROTOCOLS 4.5-4.7,
 * 15.1 A1-A6, 15.4).  One session signs one item of one request in one attempt.
 *
 *   ecdsa.c         initiator: starts items, takes messages and ABORTs
 *   ecdsa_answer.c  responder: SES_OPEN
 *   ecdsa_runs.c    what both share: the list, presid, the end
 *   ecdsa_jobs.c    jobs, what leaves, repeats
 *   ecdsa_seen.c    presids seen on a link
 *
 *   initiator  OT tested -> intent, SES_OPEN + R1 -> R1 -> R2 -> R2, R3 -> signature
 *   responder  SES_OPEN -> own copy? -> intent, R1 -> R1 -> R2 -> R2 -> R3
 *
 * Everything is secret or one-use: sessions die with their link, with a burn, with the
 * attempt and with the process, and nothing of them is stored.
 *
 * Every function runs inside one step, except where it says otherwise. */
#ifndef CS_NODE_CORE_ECDSA_H
#define CS_NODE_CORE_ECDSA_H

#include "mpc/dkls.h"
#include "node/core/core.h"

enum {
    ECDSA_STARTED_MAX = CS_OT_SESSIONS_MAX / 2, /* by this node, of a pair at once: */
    /* the rest is for those the peer starts, else two busy nodes could lock each other
     * out until all their attempts are over */
    ECDSA_SEEN_MAX = 1 << 16, /* presids of a link; then the link is made anew */
    ECDSA_REPEAT_MS = 500,    /* the responder answers repeats not more often */
    ECDSA_LINGER_MAX = 64,    /* .. for that many sessions, 53 KB each */
    ECDSA_RESENDS = 3,        /* after 1, 2, 4 s without progress */
};

struct ecdsa_run {
    struct ecdsa_run *next;
    uint64_t serial; /* job id */
    struct quorum *q;
    uint8_t peer;
    bool is_initiator;
    bool is_computing; /* a job is out: the session is freed after it */
    bool is_over;      /* has no work any more, only waits for its job */
    uint64_t work;     /* serial */
    size_t item;
    uint8_t digest[32];
    struct cs_dkls *d;
    struct cs_wr open;                     /* initiator: SES_OPEN */
    struct cs_wr sent[CS_TYPE_SIG_R3 + 1]; /* by type, to send again unchanged */
    uint8_t heard;                         /* highest type that came */
    uint64_t again;                        /* initiator: next repeat */
    unsigned n_again;
    uint64_t repeated; /* responder: when it last answered a repeat */
};

/* What a session is about: one item of a work, and the key that its path leads to. */
struct ecdsa_about {
    struct work *w;
    size_t item;
    uint8_t peer;
    const struct cs_key *key;
    struct cs_bip32 child;
};

/* ---- ecdsa_runs.c ---------------------------------------------------------------- */

/* Own index and the peer's, rising. */
void cs_nd_ecdsa_pair(uint8_t pair[2], const struct work *w, uint8_t peer);
/* SES_OPEN of an item as this node has it, from own copies only: what an initiator says
 * and a responder compares.  SETUP_MISSING: the pair has no tested setup. */
enum cs_err cs_nd_ecdsa_open(struct cs_dkls_open *o, const struct ecdsa_about *a,
                             const uint8_t nonce[32]) CS_MUST_USE;
/* presid of it, with certificate and both boots as their handshakes showed them (2.4,
 * 15.1 A4).  The link is live. */
void cs_nd_ecdsa_presid(uint8_t presid[32], const struct ecdsa_about *a,
                        const struct cs_dkls_open *own);
/* A session of the pair that has this presid, which must be new on this link (2.7).
 *   REPLAY  it is not                  FULL  too many on this link: make it anew
 *   LIMIT   16 sessions are there: try again when one is over
 *   SETUP_MISSING, OT_BURNED, POLICY_REFUSED, NOMEM as cs_dkls_new */
enum cs_err cs_nd_ecdsa_new(struct ecdsa_run **out, struct cs_node_core *n,
                            const struct ecdsa_about *a, const uint8_t presid[32])
    CS_MUST_USE;
/* Key and child key of a->w. */
enum cs_err cs_nd_ecdsa_key(struct cs_node_core *n, struct ecdsa_about *a) CS_MUST_USE;
struct work *cs_nd_ecdsa_work(const struct cs_node_core *n, const struct ecdsa_run *r);
struct ecdsa_run *cs_nd_ecdsa_find(const struct cs_node_core *n, const struct quorum *q,
                                   uint8_t peer, const uint8_t presid[32]);
/* Sessions of a pair that this node started and that are not over. */
size_t cs_nd_ecdsa_started(const struct cs_node_core *n, const struct quorum *q,
                           uint8_t peer);
/* Takes it from its work; wipes it now, or when its job is done. */
void cs_nd_ecdsa_retire(struct cs_node_core *n, struct ecdsa_run *r);
/* It ended: reactions of 2.8 and 15.4 D5, ABORT to the peer, end of the work.  culprit
 * 0: nobody. */
struct ecdsa_end {
    enum cs_err err;
    const char *phase;
    uint8_t culprit;
    bool burned;
    bool by_peer; /* the peer said so: it is not answered */
};
void cs_nd_ecdsa_failed(struct cs_node_core *n, struct ecdsa_run *r,
                        const struct ecdsa_end *e);
/* Settles the sessions of a pair that were ended from elsewhere: burn, link, setup. */
void cs_nd_ecdsa_sweep(struct cs_node_core *n, struct quorum *q, uint8_t peer);
/* ---- ecdsa_jobs.c ---------------------------------------------------------------- */

/* Gives out what can be computed for a pair now. */
void cs_nd_ecdsa_pump(struct cs_node_core *n, struct quorum *q, uint8_t peer);
/* What the peer may not have yet, once more. */
void cs_nd_ecdsa_resend(struct cs_node_core *n, struct ecdsa_run *r);
/* When a session of the work wants to repeat itself: sets w->again. */
void cs_nd_ecdsa_rearm(struct work *w);

/* ---- ecdsa_seen.c ---------------------------------------------------------------- */

/* Notes a presid in the set of a link (2.7).  REPLAY: it was there.  FULL, NOMEM. */
enum cs_err cs_nd_ecdsa_seen(struct ecdsa_seen **set, const uint8_t presid[32])
    CS_MUST_USE;

/* ---- ecdsa_answer.c -------------------------------------------------------------- */

void cs_nd_ecdsa_on_open(struct cs_node_core *n, struct quorum *q,
                         const struct cs_message *m);

#endif
