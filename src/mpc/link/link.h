/* The link to one peer of one device set: handshake, confirmation, liveness, sealing
 * and opening (PROTOCOLS 2.2, 2.3, 15.1 A5-A8, 15.2; DECISIONS 12, 13).
 *
 * Pure: no clock, no I/O.  Time is monotonic milliseconds given by the caller; what is
 * to be sent, and what happened, is collected in a struct cs_link_out.  One thread at a
 * time.  Read PROTOCOL.md, "Links", first.
 *
 * State of the current link: DOWN -> HS -> CONFIRM_SENT -> LIVE -> (replaced | DOWN).
 * A re-handshake runs beside a LIVE link; the old one serves until the new one is
 * confirmed.  No unauthenticated frame ends or replaces a LIVE link. */
#ifndef CS_MPC_LINK_LINK_H
#define CS_MPC_LINK_LINK_H

#include "mpc/device_set.h"
#include "mpc/link/envelope.h"
#include "mpc/link/peer_seen.h"

enum {
    CS_LINK_VERSION = 1,       /* of envelope and handshake */
    CS_LINK_VERSIONS_MAX = 8,  /* in a version list */
    CS_LINK_CONTROL_MAX = 352, /* longest frame the link itself makes */
    CS_LINK_FRAMES_MAX = 4,
    CS_LINK_EVENTS_MAX = 4,
};

/* Figures of PROTOCOLS 2.2, 15.2 and PROTOCOL.md, in ms. */
enum {
    CS_LINK_RESEND_MS = 1000,     /* CONFIRM; HS1 after 1, 2, 4 s */
    CS_LINK_PENDING_MS = 10000,   /* a handshake is given up */
    CS_LINK_WANT_MS = 2000,       /* HS_WANT at most this often */
    CS_LINK_WANT_SLOW_MS = 30000, /* slowest repeat of HS_WANT and HS1 */
    CS_LINK_PROBE_MS = 2000,      /* answer to a probing PING, else re-handshake */
    CS_LINK_PING_MS = 10000,
    CS_LINK_SILENCE_MS = 30000,      /* re-handshake */
    CS_LINK_DEAD_MS = 90000,         /* DOWN */
    CS_LINK_REKEY_MS = 23 * 3600000, /* re-handshake */
    CS_LINK_LIFE_MS = 24 * 3600000,  /* DOWN */
    CS_LINK_TOKEN_MS = 2000,         /* one confirmed handshake per 2 s, */
    CS_LINK_TOKENS = 5,              /* burst 5 */
};

enum cs_link_state {
    CS_LINK_DOWN,
    CS_LINK_HS,           /* a handshake message was sent */
    CS_LINK_CONFIRM_SENT, /* keys made, peer not yet confirmed */
    CS_LINK_LIVE,
};

/* In the order in which the owner must handle them. */
enum cs_link_event_kind {
    CS_LINK_EV_SEEN,     /* `seen` changed: put it into this step's batch of writes, so
                            that it is durable before anything else of this call acts */
    CS_LINK_EV_REPLACED, /* link_id is over: erase sessions, pools, nonces; LIVE follows
                          */
    CS_LINK_EV_LIVE,     /* link_id is the live link now */
    CS_LINK_EV_DOWN,     /* link_id is over: erase as for REPLACED */
    CS_LINK_EV_REFUSED,  /* err says why: HS_CONFIRM, VERSION, ROLLBACK, CLONE */
};

struct cs_link_event {
    enum cs_link_event_kind kind;
    uint8_t link_id[16];
    enum cs_err err;
};

struct cs_link_frame {
    uint8_t p[CS_LINK_CONTROL_MAX];
    size_t n;
};

/* Why a frame was dropped; index into the counters. */
enum cs_link_drop {
    CS_DROP_NONE, /* not dropped */
    /* before the tag verified: anyone can cause these */
    CS_DROP_LENGTH,    /* too short, too long, or len does not fit */
    CS_DROP_HEADER,    /* other ds_hash, from, to, version, or fields not as required */
    CS_DROP_UNKNOWN,   /* unknown link_id */
    CS_DROP_REPLAY,    /* counter repeated or too old */
    CS_DROP_AEAD,      /* tag does not verify */
    CS_DROP_HANDSHAKE, /* handshake message does not verify or is not expected */
    CS_DROP_RATE,      /* token bucket empty, or HS_WANT too often */
    CS_DROP_FENCED,    /* peer is fenced until an operator accepts */
    CS_DROP_STOPPED,   /* link not started */
    CS_DROP_NOMEM,
    /* after the tag verified: no blame (15.1 A6) */
    CS_DROP_EARLY,      /* session message before CONFIRM */
    CS_DROP_TYPE,       /* unknown link type */
    CS_DROP_REFUSED,    /* CONFIRM refused, see the event */
    CS_DROP_BAD_FORMAT, /* malformed: blamed */
    CS_DROP_COUNT
};

/* Zero-initialise; cs_link_out_reset before each use and at the end (wipes). */
struct cs_link_out {
    struct cs_link_frame frames[CS_LINK_FRAMES_MAX]; /* to send to the peer, in order */
    size_t n_frames;
    struct cs_link_event events[CS_LINK_EVENTS_MAX];
    size_t n_events;
    bool has_msg;
    struct cs_message msg;  /* its spans point into plain */
    enum cs_link_drop drop; /* what became of the received frame */
    struct cs_wr plain;
};
void cs_link_out_reset(struct cs_link_out *out);
void cs_link_out_free(struct cs_link_out *out);

struct cs_link_config {
    const struct cs_device_set *ds;      /* checked; copied as far as needed */
    uint8_t self, peer;                  /* indices */
    const struct cs_identity_secret *id; /* borrowed for the link's life */
    struct cs_life life;      /* own boot and journal head, durable already */
    struct cs_peer_seen seen; /* from the store; zero when none */
    const uint8_t *versions;  /* rising; NULL: {CS_LINK_VERSION} */
    size_t n_versions;
    void (*random)(void *ctx, uint8_t *out, size_t n);
    void *random_ctx;
};

struct cs_link;

/* USAGE for indices, versions or a life that make no sense, DS_SELF when id is not the
 * member `self`, NOMEM.  *out is NULL on failure.  Free with cs_link_free (wipes). */
enum cs_err cs_link_new(struct cs_link **out, const struct cs_link_config *cfg)
    CS_MUST_USE;
void cs_link_free(struct cs_link *l);

/* Begins, or after a reconnect to the relay goes on at once, to reach the peer: HS1
 * from the lower index, HS_WANT from the higher.  A LIVE link stays (DECISIONS 13). */
void cs_link_start(struct cs_link *l, uint64_t now_ms, struct cs_link_out *out);
/* Erases all keys; DOWN when the link was LIVE.  cs_link_start begins again. */
void cs_link_stop(struct cs_link *l, struct cs_link_out *out);
/* When cs_link_time wants to be called; UINT64_MAX for never. */
uint64_t cs_link_deadline(const struct cs_link *l);
void cs_link_time(struct cs_link *l, uint64_t now_ms, struct cs_link_out *out);

/* One envelope from this peer (as the relay claims).  At most one message comes out.
 *
 *  Returns: CS_OK              handled, delivered in out->msg, or dropped (out->drop)
 *           CS_ERR_BAD_FORMAT  authentic but malformed: blame the peer */
enum cs_err cs_link_receive(struct cs_link *l, struct cs_span frame, uint64_t now_ms,
                            struct cs_link_out *out) CS_MUST_USE;

/* Appends one sealed frame for the peer.  m->from is ignored.
 *
 *  Returns: CS_ERR_NO_LINK  not LIVE
 *           CS_ERR_USAGE    proto 0 or 1, no part, parts longer than CS_MSG_BODY_MAX
 *           CS_ERR_LIMIT    counter used up (2^64 - 1 frames): re-handshake
 *           CS_ERR_NOMEM */
enum cs_err cs_link_seal(struct cs_link *l, const struct cs_message *m,
                         struct cs_wr *frame) CS_MUST_USE;

/* The journal grew (durably).  USAGE when seq falls, or stays with another hash. */
enum cs_err cs_link_set_journal(struct cs_link *l, uint64_t seq, const uint8_t hash[32])
    CS_MUST_USE;
/* An operator accepted the peer's state after ROLLBACK or CLONE: SEEN, and a new start
 * when the link was started.  Does nothing for a peer that is not fenced. */
void cs_link_accept_peer(struct cs_link *l, uint64_t now_ms, struct cs_link_out *out);

enum cs_link_state cs_link_state(const struct cs_link *l);
bool cs_link_is_live(const struct cs_link *l);
uint8_t cs_link_self(const struct cs_link *l);
uint8_t cs_link_peer(const struct cs_link *l);
const uint8_t *cs_link_ds_hash(const struct cs_link *l); /* 32 */
const struct cs_peer_seen *cs_link_seen(const struct cs_link *l);
const uint8_t *cs_link_boot_self(const struct cs_link *l); /* 32 */
/* NULL unless LIVE.  Valid until the next call that is not a getter. */
const uint8_t *cs_link_id(const struct cs_link *l);        /* 16 */
const uint8_t *cs_link_boot_peer(const struct cs_link *l); /* 32 */
/* Pairwise secrets of the live link, equal at both ends, 32 bytes; NULL unless LIVE. */
const uint8_t *cs_link_prss_key(const struct cs_link *l);
const uint8_t *cs_link_zero_key(const struct cs_link *l);
const uint8_t *cs_link_mask_key(const struct cs_link *l);
/* Asks the peer for an answer, to see how long it takes; false unless LIVE.  What comes
 * of it, or does not, changes nothing of the link. */
bool cs_link_ping(struct cs_link *l, uint64_t now_ms, struct cs_link_out *out);
/* The last cs_link_ping is not answered (yet). */
bool cs_link_ping_is_open(const struct cs_link *l);
/* How long the last answer took; UINT64_MAX: there was none on this link. */
uint64_t cs_link_rtt_ms(const struct cs_link *l);
/* When the last authentic frame came; 0 unless LIVE. */
uint64_t cs_link_heard_ms(const struct cs_link *l);
/* Frames by what became of them since cs_link_new, CS_DROP_COUNT entries. */
const uint64_t *cs_link_counters(const struct cs_link *l);
const char *cs_link_drop_name(enum cs_link_drop drop); /* "REPLAY" */

#endif
