/* The tables of the node core, and their bounds.  What is stored of them is in
 * tables.h and in the README of this folder; who changes them, in core.h. */
#ifndef CS_NODE_CORE_TYPES_H
#define CS_NODE_CORE_TYPES_H

#include "chain/chain.h"
#include "crypto/audit_head.h"
#include "crypto/identity.h"
#include "mpc/bip32.h"
#include "mpc/device_set.h"
#include "mpc/dkg.h"
#include "mpc/frost_pool.h"
#include "mpc/link/link.h"
#include "mpc/ot_setup.h"
#include "mpc/tweak.h"
#include "node/core/metrics.h"
#include "node/core/node_core.h"
#include "node/core/tables.h"
#include "policy/ledger.h"
#include "store/journal.h"
#include "wire/control.h"

/* Bounds. */
enum {
    MAX_QUORUMS = 64,
    MAX_WORKS = 1024,
    MAX_ITEMS = 8192,          /* signatures of all open requests together .. */
    MAX_ITEM_BYTES = 32 << 20, /* .. and the bytes that they are about */
    ITEM_WINDOW = 8,           /* signatures of one request under way at once */
    MAX_STORED_SIGS = 1024,    /* results with more than one signature */
    MAX_OUTBOX = 4096,
    MAX_OUTBOX_BYTES = 16 << 20, /* a signed request of 512 items is 65 KB */
    MAX_KEY_CACHE = 64,
    MAX_TOLD = 64,      /* the platform asks once a second, see TOLD_MS in vouch.c */
    MAX_KEY_LOADS = 20, /* that a peer causes at once, then one each KEY_LOAD_MS */
    MAX_GONE = 16384,
    MAX_PARKED_PER_PEER = 64,
    MAX_PARKED_BYTES = 1 << 20,
    MAX_APPROVALS = 2048,
    MAX_OT_JOBS = 4,    /* of OT setups, at workers at once */
    MAX_OT_STARTED = 8, /* setups this node began and that still run */
    MAX_OT_JOINED = 16, /* setups peers began with it and that still run */
};

/* Times in ms. */
enum {
    OPEN_MS = 30000, /* TCP, TLS and WebSocket */
    SIGN_IN_MS = 10000,
    BACKOFF_FIRST_MS = 500,
    BACKOFF_MAX_MS = 30000,
    STATUS_MS = 10000,
    DRAIN_MS = 5000,
    ATTEMPT_SIGN_MS = 15000,
    ATTEMPT_ITEM_MS = 250,     /* more for each signature above the first */
    ATTEMPT_KEYGEN_MS = 75000, /* the session itself ends after 60 s */
    PARK_MS = 5000,
    PENDING_ASK_MS = 60000,
    CHECK_RETRY_MS = 5000, /* doubles up to */
    CHECK_RETRY_MAX_MS = 640000,
    WANT_AGAIN_MS = 3000, /* a repeat makes the responder drop what is on its way */
    ISSUE_MS = 10,
    KEY_LOAD_MS = 20,
    GONE_MS = 1000,
    BLAME_WINDOW_MS = 24 * 3600 * 1000,
    NOTICE_AGAIN_MS = 600000,
    OT_TOKEN_MS = 10000,      /* one more setup with a device is allowed (devices.c) */
    OT_PAUSE_FIRST_MS = 5000, /* after a setup that failed; doubles up to */
    OT_PAUSE_MAX_MS = 640000,
    OT_GIVE_UP_MS = 60000,    /* a setup without progress */
    OT_REPEAT_MAX_MS = 16000, /* its last messages: after 1, 2, 4, 8, then each 16 s */
};

/* ---- connections ---------------------------------------------------------------- */

enum conn_state { CONN_IDLE, CONN_WAIT, CONN_OPENING, CONN_SIGN_IN, CONN_UP };

struct conn {
    enum cs_channel channel;
    enum conn_state state;
    uint64_t conn;    /* runner's number of the current attempt */
    uint64_t at;      /* WAIT: when to try; OPENING, SIGN_IN: deadline */
    bool said_hello;  /* only then may a WELCOME come */
    uint64_t backoff; /* of the next failure */
    uint8_t exporter[32];
    size_t exporter_len;
    enum cs_err last_err;
    int64_t since_ms; /* wall clock: up, or not up, since then */
};

/* ---- quorums and peers ----------------------------------------------------------- */

enum quorum_state {
    QUORUM_ACCEPTED = 1, /* descriptor pinned, own nonce committed */
    QUORUM_REVEALED = 2, /* all commitments seen, own nonce opened */
    QUORUM_CONFIRMED = 3,
};

struct peer_record { /* persistent: what is held against a peer */
    uint32_t blames;
    int64_t first_ms;
    bool quarantined;
    char reason[32];
};

/* Of a peer's device, in whatever quorum (PROTOCOLS 2.8: for any key).  There is one
 * for each device that is a member of one of this node's quorums. */
struct device {
    struct device *next;
    uint8_t id[16];
    /* stored */
    uint32_t setup_tests;   /* failed self-tests of OT setups (15.4 D3) .. */
    int64_t first_test_ms;  /* .. in the 24 h from here on */
    bool quarantined;       /* until an operator releases it, never by a restart */
    int64_t quarantined_ms; /* wall clock */
    char reason[32];        /* name of the error, as base/err.h has it */
    uint8_t evidence[32];   /* devices.c */
    /* this life only; survives links */
    struct ot_bucket {
        unsigned used;  /* setups taken from the allowance .. */
        uint64_t since; /* .. which refills by one each OT_TOKEN_MS from here on */
    } as_alice, as_bob;
    uint64_t pause_ms, not_before; /* after failures */
    uint32_t n_setups, n_failed;   /* of both roles */
};

struct ot_clock {      /* of struct peer.ot */
    uint64_t serial;   /* names the pair to its jobs; 0: there is none */
    uint64_t start_at; /* this node begins its setup; UINT64_MAX: not */
    uint64_t repeat_at, give_up_at;
    uint64_t renew_at; /* the link is made anew */
    unsigned n_repeats;
    bool changed; /* works are to look at it, at the end of this step */
};

struct notice { /* another member says that it quarantined a third (15.1 A8) */
    bool set;
    enum cs_err why;
    int64_t wall_ms;
    uint64_t say_at; /* no change is logged before */
};

struct peer {
    struct cs_link *link; /* NULL until CONFIRMED; own slot stays NULL */
    struct device *device;
    /* NULL without a live link, and in a quorum in which no ECDSA key is or is being
     * made: a setup is 28 ms of computing that such a quorum does not need. */
    struct cs_ot_pair *ot;
    struct ot_clock ot_clock;
    struct ecdsa_seen *ecdsa_seen; /* presids of this link; NULL: none yet */
    struct peer_record rec;
    char version[32]; /* what it says its program is; "": not said */
    size_t parked, parked_bytes;
    uint64_t issue_at; /* no nonces for it before */
    uint64_t load_at;  /* key records read for it are paid for until then (keys.c) */
    uint64_t gone_at;  /* no unknown key is declared aborted for it before */
};

struct quorum {
    uint8_t id[16];
    char name[128];
    struct cs_device_set ds;
    struct cs_roster roster;
    enum quorum_state state;
    bool verified; /* an operator compared the words */
    int64_t expires_ms;
    uint8_t nonce[32]; /* own, kept back until REVEALED */
    uint8_t commits[CS_PARTY_SLOTS][32];
    uint8_t nonces[CS_PARTY_SLOTS][32];
    char words[CS_WORDS_LEN]; /* "" until CONFIRMED */
    struct peer peers[CS_PARTY_SLOTS];
    bool needs_ot; /* stored: an ECDSA key was asked for (ots.c) */
    struct notice notices[CS_PARTY_SLOTS][CS_PARTY_SLOTS]; /* [who says it][of whom] */
};

/* ---- keys ------------------------------------------------------------------------ */

struct keyinfo { /* stored with the public part of the key */
    uint8_t quorum_id[16];
    char blockchain[CS_BLOCKCHAIN_MAX + 1];
    char name[128];
};

struct backup {          /* what is known of backups; stored (backup.c) */
    bool counts;         /* keys without a kit are marked: not in an older store */
    uint32_t n_without;  /* keys without a kit of their epoch */
    int64_t wall_ms;     /* of the last one, 0: none */
    uint32_t keys;       /* that the node had then */
    uint32_t kits;       /* that were made */
    uint32_t epoch;      /* the highest one of them */
    int64_t copy_ms;     /* of the last copy of the store, 0: none */
    int64_t restored_ms; /* this store was restored from a backup then, 0: never */
    uint8_t to[CS_CTL_RECIPIENTS][32]; /* ids of the recovery keys of the last one */
    uint8_t n_to;
};

struct vouched {               /* what was said of the platform's audit log: vouch.c */
    struct cs_audit_head head; /* stored: countersigned last, seq 0: none */
    uint8_t sig[64];
    enum cs_err alarm; /* stored: why this node refuses, until an operator accepts .. */
    int64_t alarm_ms;  /* .. since then .. */
    uint64_t shown_seq; /* .. and what it was shown */
    uint8_t shown_hash[32];
    /* this life only */
    struct cs_audit_head next; /* seq 0: nothing waits for a commit */
    uint64_t commit_at;        /* one of its own, if there is no other before */
};

struct told { /* what the platform knows of it, soon or now: vouch.c */
    uint64_t seq;
    uint8_t hash[32];
    uint64_t at; /* n->now */
    bool any; /* no hash is asked for: nothing was vouched for, or it was taken back */
};

struct cached_key {
    struct cs_key *key; /* NULL: free slot */
    struct keyinfo info;
    uint64_t used; /* LRU clock */
};

/* ---- work: a request and its current attempt ------------------------------------- */

enum work_kind { WORK_KEYGEN = 1, WORK_SIGN = 2, WORK_CHECK = 3 };

enum work_phase {
    WORK_WAITING, /* for links, nonces, or the initiator's first message */
    WORK_RUNNING, /* session or run exists */
    WORK_PENDING, /* KEYGEN: session over, key record PENDING: asks around */
    WORK_PROVING, /* KEYGEN: ACTIVE, check signatures of own pairs under way */
};

struct ecdsa_run; /* ecdsa.c */

/* One signature of a request: one per own input of a PSBT, else the only one. */
struct item {
    uint8_t sig[64]; /* verified; valid when is_signed */
    bool is_signed;
    bool answered;            /* responder: a share left, in this attempt */
    bool is_busy;             /* a job has the run, or computes the answer */
    uint8_t use_id[32];       /* sid or presid of the run of this attempt */
    struct cs_frost_run *run; /* initiator, FROST; NULL while a job has it */
    struct ecdsa_run *ecdsa;  /* either role, DKLs23; owned by ecdsa.c */
    uint64_t again;           /* FROST: next repeat of REQ; UINT64_MAX: none */
    unsigned n_again;
};

struct work {
    struct work *next;
    uint64_t serial; /* job id */
    enum work_kind kind;
    enum work_phase phase;
    struct quorum *q;
    struct cs_request req; /* own parsed copy */
    uint8_t reqh[32];
    char name[128]; /* KEYGEN: of the key */
    uint32_t attempt;
    uint8_t signers[CS_PARTIES_MAX];
    uint8_t n_signers;
    uint8_t initiator;
    struct item *items; /* SIGN, CHECK: n_items of them; KEYGEN: none */
    struct cs_span
        *messages;  /* of each item: the exact bytes to sign; with ECDSA and */
                    /* BIP340 a digest of 32 bytes */
    uint8_t *bytes; /* where they are */
    size_t n_bytes;
    size_t n_items, n_signed;
    uint64_t begun;       /* the attempt, monotonic */
    uint64_t deadline;    /* of the attempt, monotonic */
    uint32_t approval_ms; /* what of it is for approvers */
    bool reserves;        /* spend is not in the ledger yet, but counts (allow.c) */
    struct cs_ledger_row spend;
    uint64_t again; /* next resend, ask or retry; UINT64_MAX: none */
    unsigned n_again;
    struct cs_session *session; /* KEYGEN */
    uint8_t proven; /* KEYGEN: bit (peer-1) of pairs that I started and that signed; */
                    /* bit 7: the platform was told that the key is active */
    struct cs_ctl_trace trace; /* of this attempt: trace.c; before_ms: since begun */
    bool intent;               /* this attempt is in the journal */
    uint8_t use_id[32]; /* as the journal has it: of the first item that started */
};

enum approval_state { APPROVAL_ASKED, APPROVAL_ALLOWED, APPROVAL_REFUSED };

struct approval { /* of one request, for its life: approve.c */
    struct approval *next;
    uint8_t request_id[16], reqh[32];
    uint64_t id; /* of the question */
    enum approval_state state;
    enum cs_err why;    /* REFUSED */
    uint64_t deadline;  /* ASKED: monotonic */
    int64_t expires_ms; /* of the request */
};

struct want { /* FR_WANT sent: not again within WANT_AGAIN_MS */
    uint8_t key_id[16];
    uint8_t link_id[16];
    uint64_t at;
};
enum { MAX_WANTS = 64 };

struct parked {
    struct parked *next;
    struct quorum *q;
    uint8_t from;
    uint64_t until;
    bool is_held;        /* waits for the own approver, or belongs to what does */
    struct cs_message m; /* spans point into bytes */
    uint8_t bsig[CS_SIG_LEN];
    uint8_t *bytes;
    size_t n_bytes;
};

struct event { /* outbox */
    struct event *next;
    uint64_t id;
    bool sent;
    char *text; /* the JSON frame */
    size_t n;
};

struct counters {
    uint64_t frames_in, frames_dropped, messages_dropped, sessions_ok, sessions_failed;
};

struct cs_node_core {
    struct cs_db *db;
    struct cs_safe *safe;
    const struct cs_kek *offered; /* for a rekey; NULL: none */
    bool took_offer;              /* the last one */
    struct cs_journal *journal;
    void (*random)(void *ctx, uint8_t *out, size_t n);
    void *random_ctx;
    char version[32];
    bool allow_no_exporter, allow_blind;
    bool ask;                       /* there is an approver */
    const struct cs_policy *policy; /* borrowed; NULL: none */
    uint8_t (*peer_identities)[32];
    size_t n_peer_identities;
    uint8_t recovery_keys[CS_NODE_RECOVERY_KEYS_MAX][32];
    size_t n_recovery_keys;

    struct cs_identity_secret *id; /* guarded */
    uint8_t *pairing_seed;         /* guarded, 32 bytes; NULL without a pairing key */
    char device_id[37];
    uint8_t device_raw[16];
    uint8_t fingerprint[32];
    char words[CS_WORDS_LEN];
    char platform_url[CS_PAIRING_URL_MAX], relay_url[CS_PAIRING_URL_MAX];
    const char *use_platform_url, *use_relay_url; /* the same, or this start's own */
    char own_platform_url[CS_PAIRING_URL_MAX], own_relay_url[CS_PAIRING_URL_MAX];
    uint8_t ca[CS_PAIRING_CA_MAX];
    size_t ca_len;

    bool fresh;  /* the store was made by this life: nothing is paired yet */
    bool paired; /* the platform has welcomed this identity */
    char approval[32], enabled[32];
    uint8_t boot[32];
    uint64_t life_counter; /* what peers see (mpc/link/peer_seen.h) */
    uint64_t boot_counter; /* its starts */
    uint64_t started_at;
    int64_t started_wall;

    struct conn control, relay;
    uint64_t next_conn;
    uint64_t status_at;
    char last_state[24];

    struct event *events, *events_last;
    size_t n_events, n_in_flight, event_bytes;
    uint64_t last_event; /* the highest id */

    struct quorum *quorums[MAX_QUORUMS];
    size_t n_quorums;
    struct work *works;
    size_t n_works;
    size_t n_items, item_bytes; /* of all works */
    struct ecdsa_run *ecdsa;    /* sessions of all works, oldest first; ecdsa.h */
    uint64_t next_serial;
    struct device *devices;
    uint64_t notice_at; /* notices are said again */
    size_t n_ot_jobs;   /* at workers */
    uint64_t next_ot;   /* serial of a pair */
    struct cached_key keys[MAX_KEY_CACHE];
    uint64_t key_clock;
    uint32_t n_keys, n_gone;
    struct backup backup;
    struct vouched vouched;
    struct told told[MAX_TOLD]; /* on this connection, a ring .. */
    size_t n_told;              /* .. of so many so far */
    bool wrote;                 /* this step */
    struct cs_frost_pool *pool;
    struct want wants[MAX_WANTS];
    struct cs_ledger ledger;
    struct approval *approvals; /* oldest first */
    size_t n_approvals;
    uint64_t next_ask;
    struct parked *parked;
    uint64_t park_until; /* set while parked messages are tried again */
    struct cs_link_out link_out;
    struct counters counters;
    struct cs_metrics *metrics, own_metrics; /* the owner's, or the own */
    int64_t clock_skew_ms; /* platform minus this node, at the last sign-in .. */
    int64_t clock_seen_ms; /* .. which was then, wall clock; 0: never */

    bool begun; /* EV_START was seen: else only questions are answered (stopped.h) */
    bool draining, exited;
    uint64_t drain_until;
    enum cs_err latched;

    uint64_t now; /* of this step */
    int64_t wall;
    struct cs_step *out;
};

#endif
