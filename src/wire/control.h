/* Frames of the control channel as plain structs: src/wire/README.md.
 *
 * Encoder and decoder are driven by one table of fields (control.c), so they cannot
 * disagree.  Any thread.  A decoded frame owns its blobs: cs_ctl_free. */
#ifndef CS_WIRE_CONTROL_H
#define CS_WIRE_CONTROL_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

enum {
    CS_CTL_MAX = 512 << 10,  /* bytes of a frame */
    CS_CTL_MAX_HELLO = 8192, /* before welcome */
    CS_CTL_PAYLOAD_MAX = 200 << 10,
    CS_CTL_CERT_MAX = 4096,
    CS_CTL_ITEMS_MAX = 512, /* signatures of one request */
    CS_CTL_LINKS = 64,
    CS_CTL_RECIPIENTS = 8,
    CS_CTL_MISSING = 32,
    CS_CTL_IN_FLIGHT = 256,
    CS_CTL_APPROVAL_MS = 30000,     /* how long an approver has */
    CS_CTL_APPROVAL_MAX_MS = 60000, /* what node and platform believe of each other */
};

enum cs_ctl_type {
    CS_CTL_CHALLENGE,
    CS_CTL_HELLO,
    CS_CTL_WELCOME,
    CS_CTL_REFUSED,
    CS_CTL_CMD,
    CS_CTL_EVT,
    CS_CTL_ACK,
    CS_CTL_DEVICE,
    CS_CTL_STATUS,
    CS_CTL_PONG,
    CS_CTL_AUDIT,
    CS_CTL_AUDITED,
    CS_CTL_TYPES
};

enum cs_ctl_kind {
    CS_KIND_NONE,
    CS_CMD_QUORUM_JOIN,
    CS_CMD_QUORUM_COMMITS,
    CS_CMD_QUORUM_FINISH,
    CS_CMD_QUORUM_CANCEL,
    CS_CMD_KEY_CREATE,
    CS_CMD_SIGN,
    CS_CMD_REQUEST_CANCEL,
    CS_EVT_QUORUM_ACCEPTED,
    CS_EVT_QUORUM_REVEALED,
    CS_EVT_QUORUM_CONFIRMED,
    CS_EVT_QUORUM_VERIFIED,
    CS_EVT_QUORUM_REJECTED,
    CS_EVT_KEY_ACTIVE,
    CS_EVT_KEY_CHECKED,
    CS_EVT_KEY_FAILED,
    CS_EVT_SIGN_DONE,
    CS_EVT_SIGN_FAILED,
    CS_EVT_REQUEST_STEP,
    CS_EVT_PEER_QUARANTINED,
    CS_EVT_PEER_RELEASED,
    CS_CTL_KINDS
};

/* Bytes that the frame owns after decoding; borrowed when encoding. */
struct cs_blob {
    uint8_t *p;
    size_t n;
};

struct cs_ctl_challenge {
    uint8_t nonce[32];
};

struct cs_ctl_hello {
    uint8_t device_id[16];
    uint8_t ik[32], sk[32], boot[32];
    char version[32];
    char protocol[32]; /* the highest it speaks */
    uint8_t sig[64];
    uint32_t approval_ms; /* longest wait for its approver, 0: it has none */
    uint32_t audit;       /* 1: it countersigns audit heads, 0: it does not know them */
    uint64_t audit_seq;   /* the newest that it has countersigned, 0: none */
    bool has_pairing;
    uint8_t pairing_public[32];
    uint8_t pairing_sig[64];
};

struct cs_ctl_welcome { /* also CS_CTL_DEVICE, without time */
    char approval_status[32];
    char enabled_status[32];
    uint64_t time;
};

struct cs_ctl_refused {
    char reason[32];
    char text[256];
};

struct cs_ctl_link_status {
    uint8_t quorum_id[16];
    uint32_t index;
    char state[16];
};

struct cs_ctl_key_id {
    uint8_t id[16];
};

struct cs_ctl_recipient {
    uint8_t id[32]; /* of a recovery key (crypto/recovery_key.h) */
};

struct cs_ctl_backup {
    uint64_t time;      /* of the last one, ms since 1970; 0: there was none */
    uint64_t copy_time; /* of the last one with a copy of the store */
    uint32_t keys;      /* that the node had then */
    uint32_t without;   /* keys that are in no kit of their epoch, now */
    bool complete;      /* there is one, and no key is without */
    struct cs_ctl_recipient to[CS_CTL_RECIPIENTS];
    size_t n_to;
    struct cs_ctl_key_id missing[CS_CTL_MISSING]; /* the first of them */
    size_t n_missing;
};

struct cs_ctl_status {
    char version[32];
    char state[24];
    char words[40];
    uint8_t fingerprint[32];
    uint64_t boot_counter, journal_seq, uptime_ms;
    uint8_t journal_head[32];
    uint32_t sessions, keys;
    struct cs_ctl_link_status links[CS_CTL_LINKS];
    size_t n_links;
    bool has_backup; /* a node that tells of its backups */
    struct cs_ctl_backup backup;
};

struct cs_ctl_audit { /* the platform's newest audit record */
    uint8_t organization_id[16];
    uint64_t seq;
    uint8_t hash[32];
    uint64_t known_seq;     /* what the node has countersigned last, as it says .. */
    uint8_t known_hash[32]; /* .. and the hash of that record in the platform's log */
};

struct cs_ctl_audited {
    uint64_t
        seq; /* of what is countersigned; of what the node knows, when it refuses */
    uint8_t hash[32];
    uint64_t time;
    uint8_t sig[64];
    char reason[32]; /* "" or why it refuses */
};

struct cs_ctl_quorum_join {
    uint8_t quorum_id[16];
    char name[128];
    struct cs_blob descriptor;
    uint64_t expires_at;
};

struct cs_ctl_accept {
    uint32_t index;
    uint8_t commit[32];
    uint8_t sig[64];
};

struct cs_ctl_quorum_commits {
    uint8_t quorum_id[16];
    struct cs_ctl_accept accepts[7];
    size_t n_accepts;
};

struct cs_ctl_opening {
    uint32_t index;
    uint8_t nonce[32];
};

struct cs_ctl_quorum_finish {
    uint8_t quorum_id[16];
    struct cs_ctl_opening nonces[7];
    size_t n_nonces;
};

struct cs_ctl_quorum_cancel {
    uint8_t quorum_id[16];
    char reason[32];
};

struct cs_ctl_key_create {
    uint8_t request_id[16], quorum_id[16], key_id[16];
    char curve[16], scheme[24], blockchain[24], name[128];
    uint32_t attempt;
    uint64_t expires_at;
};

struct cs_ctl_sign {
    uint8_t request_id[16], quorum_id[16], key_id[16];
    char blockchain[24];
    char kind[16]; /* RAW, PLAINTEXT, TYPED_DATA, DIGEST */
    struct cs_blob payload;
    char path[128]; /* "" or "0/5" (PROTOCOLS 9.1) */
    uint32_t policy_version;
    uint64_t expires_at;
    uint32_t attempt;
    uint8_t signers[2];
    uint32_t initiator;
    uint32_t approval_ms; /* what the attempt has more, for approvers; not in reqh */
};

struct cs_ctl_request_cancel {
    uint8_t request_id[16];
    char reason[32];
};

struct cs_ctl_quorum_accepted {
    uint8_t quorum_id[16], ds_hash[32];
    uint32_t index;
    uint8_t commit[32], sig[64];
};

struct cs_ctl_quorum_revealed {
    uint8_t quorum_id[16];
    uint32_t index;
    uint8_t nonce[32];
};

struct cs_ctl_quorum_confirmed { /* also CS_EVT_QUORUM_VERIFIED: words, ds_hash too */
    uint8_t quorum_id[16], ds_hash[32];
    uint32_t index;
    char words[40];
};

struct cs_ctl_quorum_rejected {
    uint8_t quorum_id[16];
    uint32_t index;
    char reason[32];
    char text[256];
};

struct cs_ctl_key_active {
    uint8_t request_id[16], key_id[16];
    uint32_t attempt, index;
    struct cs_blob certificate;
    uint8_t ack[64];
};

struct cs_ctl_key_checked {
    uint8_t request_id[16], key_id[16];
    uint8_t pair[2];
    uint8_t signature[64];
};

/* How an attempt at a signature went, as its initiator saw it: who did what, and how
 * long before the event.  For the timeline only; nothing is decided by it. */
enum { CS_CTL_TRACE = 12 };
struct cs_ctl_trace_step {
    uint32_t before_ms; /* in the program: since the attempt began, until it is sent */
    uint32_t index;
    char step[24]; /* ACCEPTED, APPROVED, ROUND_1 .. ROUND_3 */
};
struct cs_ctl_trace {
    struct cs_ctl_trace_step steps[CS_CTL_TRACE];
    size_t n;
};

struct cs_ctl_failed { /* CS_EVT_KEY_FAILED and CS_EVT_SIGN_FAILED (key_id zero) */
    uint8_t request_id[16], key_id[16];
    uint32_t attempt, index;
    char reason[32];
    char phase[32];
    uint32_t blame; /* index, 0: nobody provable */
    bool retryable;
    struct cs_ctl_trace trace; /* empty: not said */
};

struct cs_ctl_sign_done {
    uint8_t request_id[16];
    uint32_t attempt, index;
    uint8_t signers[2];
    struct cs_blob signatures; /* 64 bytes for each item, in their order */
    uint8_t receipt[64];
    uint8_t reqh[32];
    struct cs_ctl_trace trace; /* empty: not said */
};

struct cs_ctl_peer { /* CS_EVT_PEER_QUARANTINED, CS_EVT_PEER_RELEASED */
    uint8_t quorum_id[16];
    uint32_t index, peer; /* who says it, of whom */
    char reason[32];
    uint64_t time;
};

struct cs_ctl_request_step {
    uint8_t request_id[16];
    uint32_t index;
    char step[32];
    char text[256];
};

struct cs_ctl_frame {
    enum cs_ctl_type type;
    char id[40];           /* cmd, evt, ack */
    enum cs_ctl_kind kind; /* cmd, evt */
    uint64_t time;         /* pong */
    union {
        struct cs_ctl_challenge challenge;
        struct cs_ctl_hello hello;
        struct cs_ctl_welcome welcome; /* and device */
        struct cs_ctl_refused refused;
        struct cs_ctl_status status;
        struct cs_ctl_audit audit;
        struct cs_ctl_audited audited;
        struct cs_ctl_quorum_join quorum_join;
        struct cs_ctl_quorum_commits quorum_commits;
        struct cs_ctl_quorum_finish quorum_finish;
        struct cs_ctl_quorum_cancel quorum_cancel;
        struct cs_ctl_key_create key_create;
        struct cs_ctl_sign sign;
        struct cs_ctl_request_cancel request_cancel;
        struct cs_ctl_quorum_accepted quorum_accepted;
        struct cs_ctl_quorum_revealed quorum_revealed;
        struct cs_ctl_quorum_confirmed quorum_confirmed; /* and verified */
        struct cs_ctl_quorum_rejected quorum_rejected;
        struct cs_ctl_key_active key_active;
        struct cs_ctl_key_checked key_checked;
        struct cs_ctl_failed failed; /* key.failed, sign.failed */
        struct cs_ctl_sign_done sign_done;
        struct cs_ctl_request_step request_step;
        struct cs_ctl_peer peer; /* quarantined, released */
    } u;
};

/* BAD_TEXT, TOO_LONG, LIMIT: not acceptable JSON.  BAD_FORMAT: a field is missing or
 * wrong.  After an error `why` holds a sentence that names the field; *out is empty. */
enum cs_err cs_ctl_decode(struct cs_ctl_frame *out, struct cs_span text, size_t max,
                          char *why, size_t why_len) CS_MUST_USE;
/* Appends the JSON text. */
void cs_ctl_encode(struct cs_wr *w, const struct cs_ctl_frame *f);
void cs_ctl_free(struct cs_ctl_frame *f);

const char *cs_ctl_kind_name(enum cs_ctl_kind kind); /* "quorum.join" */
bool cs_ctl_kind_is_cmd(enum cs_ctl_kind kind);

#endif
