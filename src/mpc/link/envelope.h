/* Frames between two nodes: header, AEAD, counters, and the plaintext with its signed
 * broadcast part (PROTOCOLS 2.3, 15.1 A2, A5, A7).  Encodings: PROTOCOL.md, "Links".
 *
 * Pure; any thread.  Not here: who holds the keys (link.h), what a message means
 * (session), the relay's outer frame (wire). */
#ifndef CS_MPC_LINK_ENVELOPE_H
#define CS_MPC_LINK_ENVELOPE_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"
#include "crypto/identity.h"

enum {
    CS_FRAME_HEADER = 118,
    CS_FRAME_TAG = 16,
    CS_FRAME_MAX = 65536 - 256, /* leaves room for the relay's outer frame */
    CS_FRAME_PLAIN_MAX = CS_FRAME_MAX - CS_FRAME_HEADER - CS_FRAME_TAG,
    CS_MSG_BODY_MAX = CS_FRAME_PLAIN_MAX - 4 - CS_SIG_LEN, /* broadcast + private */
    CS_BC_CORE_LEN = 89,
    CS_WINDOW_BITS = 1024,
};

enum cs_proto { /* first half of "proto.type" (PROTOCOLS, appendix A) */
                CS_PROTO_LINK = 1,
                CS_PROTO_OT = 2,
                CS_PROTO_DKG = 3,
                CS_PROTO_ECDSA = 4,
                CS_PROTO_HM = 5,
                CS_PROTO_HM_ONLINE = 6,
                CS_PROTO_FROST = 7,
                CS_PROTO_RESHARE = 8,
                CS_PROTO_CONTROL = 9,
};

/* One session message, to seal or as opened.  The slot of 15.1 A5 is (sid, proto and
 * type, from). */
struct cs_message {
    uint8_t proto, type, round;
    uint8_t from; /* as authenticated by the link; ignored when sealing */
    uint8_t key_id[16];
    uint32_t key_epoch;
    uint8_t sid[32];          /* lookup key: presid in all rounds (15.1 A2) */
    struct cs_span broadcast; /* same bytes to every peer; may be empty */
    struct cs_span priv;      /* for the one recipient; may be empty */
    /* 64 bytes over the broadcast part.  Opened: NULL exactly when broadcast is empty,
     * already verified.  To seal: NULL means "sign now". */
    const uint8_t *bsig;
};

/* ---- header ---------------------------------------------------------------------- */

struct cs_frame_header {
    uint8_t ver, proto, type, round, from, to; /* to 0: the plaintext is for all */
    uint8_t ds_hash[32];
    uint8_t link_id[16];
    uint8_t key_id[16];
    uint32_t key_epoch;
    uint8_t sid[32];
    uint64_t ctr;
    uint32_t
        len; /* bytes of plaintext; of the body when it is not encrypted (1.1-1.4) */
};

void cs_frame_header_encode(uint8_t out[CS_FRAME_HEADER],
                            const struct cs_frame_header *h);
/* Reads the first 118 bytes: TRUNCATED when there are fewer, TOO_LONG for a frame above
 * CS_FRAME_MAX.  Values are not judged. */
enum cs_err cs_frame_header_decode(struct cs_frame_header *out, struct cs_span frame)
    CS_MUST_USE;

/* Appends header and AEAD(plain); h->len is set here.  USAGE above
 * CS_FRAME_PLAIN_MAX. */
enum cs_err cs_frame_seal(struct cs_wr *out, struct cs_frame_header *h,
                          const uint8_t key[32], struct cs_span plain) CS_MUST_USE;
/* Opens a frame whose header was decoded; out gets h->len bytes appended.  AEAD on any
 * mismatch of lengths or tag; NOMEM. */
enum cs_err cs_frame_open(struct cs_wr *out, const struct cs_frame_header *h,
                          const uint8_t key[32], struct cs_span frame) CS_MUST_USE;

/* ---- counters of one receiving direction ----------------------------------------- */

/* Zero-initialise.  Each value is accepted once, within 1024 of the highest. */
struct cs_window {
    uint64_t top; /* highest accepted, once any was */
    bool any;
    uint64_t bits[CS_WINDOW_BITS / 64];
};
/* Looks only: false for a repeated or too old value. */
bool cs_window_fresh(const struct cs_window *w, uint64_t ctr) CS_MUST_USE;
/* Marks ctr; call after the tag verified, and only then (15.1 A7). */
void cs_window_mark(struct cs_window *w, uint64_t ctr);

/* ---- plaintext of session messages (15.1 A5) ------------------------------------- */

/* ds_hash and from complete what a broadcast's signature covers. */
struct cs_bc_slot {
    uint8_t ver, proto, type, round, from;
    uint8_t ds_hash[32];
    uint8_t key_id[16];
    uint32_t key_epoch;
    uint8_t sid[32];
};

void cs_bc_slot_from(struct cs_bc_slot *out, uint8_t ver, const uint8_t ds_hash[32],
                     uint8_t from, const struct cs_message *m);
/* bsig = Ed25519_IK(TH("bc"; header core, broadcast part)). */
void cs_bc_sign(uint8_t sig[CS_SIG_LEN], const uint8_t ik_seed[32],
                const struct cs_bc_slot *slot, struct cs_span broadcast);
bool cs_bc_verify(const uint8_t sig[CS_SIG_LEN], const uint8_t ik[CS_IK_LEN],
                  const struct cs_bc_slot *slot, struct cs_span broadcast) CS_MUST_USE;

/* Appends u32 len, broadcast, private, and bsig when broadcast is not empty (then
 * m->bsig must be set).  USAGE when too long, or when both parts are empty. */
enum cs_err cs_plain_encode(struct cs_wr *out, const struct cs_message *m) CS_MUST_USE;
/* Sets broadcast, priv and bsig of m to parts of in.  BAD_FORMAT. */
enum cs_err cs_plain_decode(struct cs_message *m, struct cs_span in) CS_MUST_USE;

/* ---- evidence: a signed broadcast that outlives its frame ------------------------ */

/* One signed broadcast.  payload borrows; keep the encoding to keep the evidence. */
struct cs_signed_bc {
    struct cs_bc_slot slot;
    struct cs_span payload;
    uint8_t sig[CS_SIG_LEN];
};
enum cs_err cs_signed_bc_encode(struct cs_wr *out, const struct cs_signed_bc *bc)
    CS_MUST_USE;
/* TRUNCATED, TRAILING, TOO_LONG, BAD_FORMAT (empty payload). */
enum cs_err cs_signed_bc_decode(struct cs_signed_bc *out, struct cs_span in)
    CS_MUST_USE;
/* True when both are signed by ik for one slot (ds_hash, proto, type, from, sid) and
 * say different things (under whatever `ver`): proof of EQUIVOCATION that anyone can
 * check. */
bool cs_equivocation_proven(const struct cs_signed_bc *a, const struct cs_signed_bc *b,
                            const uint8_t ik[CS_IK_LEN]) CS_MUST_USE;

#endif
