/* Inside of a link; for link*.c and its tests only.
 *
 * link.c        life, timers, getters
 * link_hs.c     handshake messages, CONFIRM, going LIVE
 * link_frame.c  sealing, receiving, PING */
#ifndef CS_MPC_LINK_LINK_INT_H
#define CS_MPC_LINK_LINK_INT_H

#include "mpc/link/link.h"
#include "mpc/link/noise.h"

#define CS_LINK_NEVER UINT64_MAX

enum cs_link_type { /* proto 1 */
                    CS_LINK_HS1 = 1,
                    CS_LINK_HS2 = 2,
                    CS_LINK_CONFIRM = 3,
                    CS_LINK_HS_WANT = 4,
                    CS_LINK_PING = 5,
                    CS_LINK_PONG = 6,
};

enum {
    CS_LINK_HELLO_MAX = 32 + 1 + CS_LINK_VERSIONS_MAX, /* payload of HS1 and HS2 */
    CS_LINK_HS_MAX = CS_NOISE_OVERHEAD + CS_LINK_HELLO_MAX,
    CS_LINK_CONFIRM_LEN = 64 + 8 + 32 + 8 + 32 + 64,
    CS_LINK_PING_LEN = 8,
};

struct cs_versions {
    uint8_t n;
    uint8_t v[CS_LINK_VERSIONS_MAX]; /* rising, none is 0 */
};

/* Keys and counters that one handshake made. */
struct cs_transport {
    bool set;
    uint8_t version;
    uint8_t hh[32];
    uint8_t link_id[16];
    uint8_t tx[32], rx[32];
    uint8_t prss[32], zero[32], mask[32];
    uint8_t peer_boot[32];
    uint64_t tx_ctr; /* next to use; UINT64_MAX is never used */
    struct cs_window rx_window;
};

enum cs_pending_kind {
    CS_PENDING_NONE,
    CS_PENDING_HS1,     /* lower index: HS1 sent, noise waits for HS2 */
    CS_PENDING_CONFIRM, /* keys are made, the peer's CONFIRM is awaited */
};

struct cs_pending {
    enum cs_pending_kind kind;
    uint8_t version;
    uint64_t began_ms, resend_ms, gap_ms;
    struct cs_noise noise;
    uint8_t hs1[CS_LINK_HS_MAX], hs2[CS_LINK_HS_MAX]; /* to resend byte for byte */
    size_t hs1_n, hs2_n;
    struct cs_transport t;
};

struct cs_link {
    /* fixed */
    uint8_t self, peer;
    uint8_t ds_hash[32];
    struct cs_identity peer_id;
    const struct cs_identity_secret *id;
    struct cs_versions versions;
    void (*random)(void *ctx, uint8_t *out, size_t n);
    void *random_ctx;

    struct cs_life life;
    struct cs_peer_seen seen;
    bool started;
    uint64_t now_ms;

    struct cs_transport live;
    uint64_t since_ms, heard_ms;
    uint64_t ping_ms;          /* when to PING next */
    uint64_t confirm_ms;       /* when to repeat CONFIRM; NEVER once the peer spoke */
    uint64_t answered_ms;      /* last answer to a repeated CONFIRM */
    uint64_t ask_nonce;        /* of cs_link_ping; 0: nothing is asked */
    uint64_t asked_ms, rtt_ms; /* rtt_ms NEVER: no answer on this link */
    bool probing, forced;      /* forced: a probe failed, re-handshake */
    uint64_t probe_nonce, probe_ms; /* probe_ms: answer due, or next probe allowed */
    uint8_t prev_id[16]; /* what the live link replaced: frames of it are just late */

    struct cs_pending pend;
    uint64_t want_ms, want_gap_ms; /* earliest next HS1 or HS_WANT */
    uint64_t tried_ms;             /* last HS1 or HS_WANT; NEVER for none */
    struct cs_versions hint;       /* of the last HS_WANT, unauthenticated */

    uint64_t tokens_ms, tokens_at_ms; /* token bucket, in ms of credit */
    uint64_t counters[CS_DROP_COUNT];
};

/* link.c */
bool cs_link_is_initiator(const struct cs_link *l);
void cs_link_emit(struct cs_link_out *out, enum cs_link_event_kind kind,
                  const uint8_t link_id[16], enum cs_err err);
bool cs_link_has_token(const struct cs_link *l);
void cs_link_take_token(struct cs_link *l);
void cs_link_end_live(struct cs_link *l, struct cs_link_out *out);
void cs_link_end_pending(struct cs_link *l);
/* Sends HS1 or HS_WANT when one is due. */
void cs_link_maybe_try(struct cs_link *l, struct cs_link_out *out);

/* link_hs.c: each returns what became of the frame */
void cs_link_send_hs1(struct cs_link *l, struct cs_link_out *out);
void cs_link_resend_hs1(struct cs_link *l, struct cs_link_out *out);
void cs_link_send_want(struct cs_link *l, struct cs_link_out *out);
void cs_link_send_confirm(struct cs_link *l, struct cs_transport *t,
                          struct cs_link_out *out);
enum cs_link_drop cs_link_on_hs1(struct cs_link *l, uint8_t ver, struct cs_span body,
                                 struct cs_link_out *out);
enum cs_link_drop cs_link_on_hs2(struct cs_link *l, uint8_t ver, struct cs_span body,
                                 struct cs_link_out *out);
enum cs_link_drop cs_link_on_want(struct cs_link *l, struct cs_span body,
                                  struct cs_link_out *out);
/* A frame that opens under the pending link's keys. */
enum cs_link_drop cs_link_on_confirm(struct cs_link *l, struct cs_span plain,
                                     struct cs_link_out *out);
/* Someone claims that this side's link is not known to the peer: probe, or try. */
void cs_link_on_doubt(struct cs_link *l, struct cs_link_out *out);

/* link_frame.c */
void cs_link_send_plain(struct cs_link *l, uint8_t ver, enum cs_link_type type,
                        struct cs_span body, struct cs_link_out *out);
void cs_link_send_sealed(struct cs_link *l, struct cs_transport *t,
                         enum cs_link_type type, struct cs_span plain,
                         struct cs_link_out *out);
void cs_link_send_ping(struct cs_link *l, enum cs_link_type type, uint64_t nonce,
                       struct cs_link_out *out);

#endif
