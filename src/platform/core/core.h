/* The inside of the platform core: its state and what its files share.
 *
 * A step: clocks are taken from the event, handlers read and write records through
 * rec.h and append actions to core->out, and at the end the db's batch goes out with
 * them. Handlers check everything before they write anything: a refused request leaves
 * no trace.  A store that fails sets core->broken, and then the step has no effect but
 * the end of the program.  Thread: loop. */
#ifndef CS_PLATFORM_CORE_CORE_H
#define CS_PLATFORM_CORE_CORE_H

#include <jansson.h>

#include "crypto/audit_head.h"
#include "platform/core/map.h"
#include "platform/core/platform_core.h"
#include "platform/core/tables.h"
#include "store/db.h"
#include "wire/control.h"

enum {
    CS_PC_ID = 16,
    CS_PC_MEMBERS_MAX = 7,
    CS_PC_AUTH_MS = 10000,   /* to sign in on a connection */
    CS_PC_SILENT_MS = 45000, /* control: four missed status frames */
    CS_PC_TICK_MS = 1000,    /* how often connections are looked at */
    CS_PC_BUCKETS = 32768,
    CS_PC_OUTBOX_MAX = 4096,      /* commands kept for one device */
    CS_PC_FLIGHT_BYTES = 4 << 20, /* unacknowledged on one connection */
    CS_PC_TIMELINE_MAX = 128,     /* entries of one request */
    CS_PC_TIMELINE_OWN = 48,      /* of these, only for what the platform says */
    CS_PC_TIMERS_STEP = 64,       /* timers handled in one step */
    CS_PC_QSETS_MAX = 1024,       /* device sets kept in memory between steps */
    CS_PC_TOKENS_MAX = 20000,
    CS_PC_TOKENS_CREDENTIAL = 200,
    CS_PC_HELLO_BURST = 200, /* sign-ins of one address: a site of many nodes is one */
    CS_PC_HELLO_PER_S = 50,
    CS_PC_UNAUTH_MAX = 1024, /* connections that have not signed in: the oldest goes */
    CS_PC_LATE_MAX = 256,    /* acknowledged commands that are still in the store */
    CS_PC_LATE_MS = 500,     /* no longer than this */
    CS_PC_VOUCHES = 256,     /* countersignatures that are not in the store yet */
};

enum cs_pc_conn_state { CS_CONN_CHALLENGED, CS_CONN_READY };

/* One WebSocket.  Keyed by its number. */
struct cs_pc_conn {
    struct cs_pc_node node;
    uint64_t id;
    enum cs_channel channel;
    enum cs_pc_conn_state state;
    uint8_t nonce[32];
    uint8_t exporter[64];
    size_t exporter_len;
    char remote[64];
    uint64_t heard_ms;
    struct cs_pc_live *live; /* set when READY */
    uint8_t boot[32];
    uint64_t last_event; /* events up to this one are done */
    /* outbox window: rows with a higher number are unsent */
    uint64_t sent_seq;
    size_t in_flight, in_flight_bytes;
    /* relay: frames that may pass now, in thousandths */
    uint64_t bucket, bucket_ms;
};

/* What memory knows of a device; made from its record on first use. */
struct cs_pc_live {
    struct cs_pc_node node;
    uint8_t id[CS_PC_ID];
    bool bound, approved, enabled, rejected;
    uint8_t ik[32], sk[32];
    struct cs_pc_conn *control, *relay;
    bool has_status;
    struct cs_ctl_status status;
    int64_t heartbeat_ms; /* wall, 0: never in this life */
    size_t outbox;        /* rows, known after the first use */
    bool outbox_counted;
    uint64_t kicked_ms;   /* when it last made what waits look for signers */
    uint32_t approval_ms; /* its approver may take that long, 0: it has none */
    uint32_t penalty;     /* failed attempts lately: the signer choice avoids it */
    uint64_t penalty_ms;
    bool has_backup; /* told in this life (backups.h) */
    struct cs_ctl_backup backup;
    uint64_t backup_ms;
    /* the audit log and this node (countersign.h) */
    bool is_witness, refuses_audit, audit_soon, vouch_waits;
    uint64_t vouched_seq; /* what it has countersigned last, as it says */
    uint64_t shown_seq, shown_ms;
    uint64_t noted_ms;          /* a change of refuses_audit went into the record */
    uint32_t audit_asked;       /* answers that may come */
    struct cs_audit_head vouch; /* of this life */
    uint8_t vouch_sig[64];
};

struct cs_pc_bucket {
    uint64_t level; /* thousandths */
    uint64_t at_ms;
};

/* migrate.h */
struct cs_pc_migration {
    bool is_on;
    uint8_t schema; /* of the head, as stored */
    uint8_t from;   /* the version before the one whose work is being done .. */
    uint8_t table, id[CS_PC_ID]; /* .. up to this record */
    uint64_t at_ms;
};

struct cs_feed;  /* feed.h */
struct cs_hooks; /* webhooks.h */

struct cs_platform_core {
    struct cs_platform_config cfg; /* strings and CA are owned copies */
    struct cs_db *db;
    struct cs_step *out; /* during a step */
    const struct cs_event *ev;
    uint64_t now_ms;
    int64_t wall_ms; /* never goes back */
    bool is_slow;    /* the clock was set back: see steady_wall */
    int64_t slow_wall;
    uint64_t slow_now;
    enum cs_err broken; /* the store failed: nothing more is answered */
    bool stopping;
    struct cs_pc_map conns, live, tokens, qsets;
    size_t n_unauth;
    struct cs_pc_bucket *buckets;
    uint8_t bucket_salt[32];
    uint64_t seq, seq_end; /* order numbers: next, end of the reserved block */
    int64_t timer_next; /* wall ms of the earliest timer or before; INT64_MAX: none */
    uint64_t tick_at;
    uint64_t turn; /* rotates the choice of signers */
    bool is_set_up;
    uint8_t setup_hash[32];
    char org_id[37];
    struct cs_platform_stats stats;
    struct cs_pc_wait *waits; /* wait.h; NULL before the first */
    size_t n_waits;
    struct cs_later *later; /* later.h; oldest first */
    size_t n_later, n_later_running;
    uint64_t later_job;
    uint32_t pw_ops, pw_kib; /* of new passwords; older ones may have less */
    char origin[272]; /* "https://name[:port]": what a browser calls this platform */
    /* Keys of outbox rows that can go with the next write (outbox.c). */
    uint8_t late[CS_PC_LATE_MAX][CS_PC_ID + 8];
    size_t n_late;
    uint64_t late_ms; /* when they have to */
    /* Devices whose countersignature goes with the next write (countersign.h). */
    uint8_t vouches[CS_PC_VOUCHES][CS_PC_ID];
    size_t n_vouches;
    uint64_t vouch_ms;
    bool has_written;       /* this step */
    struct cs_audit *audit; /* audit.h */
    bool is_handling;       /* the step's own event, not what was due before it */
    struct cs_pc_migration migration;
    struct cs_seen *seen; /* seen.h */
    struct cs_feed *feed;
    struct cs_hooks *hooks;
};

/* ---- conn.c: connections of both channels ---------------------------------------- */

void cs_pc_conn_up(struct cs_platform_core *core, const struct cs_event *ev);
void cs_pc_conn_down(struct cs_platform_core *core, uint64_t id);
void cs_pc_conn_message(struct cs_platform_core *core, const struct cs_event *ev);
void cs_pc_conn_tick(struct cs_platform_core *core);
/* Forgets the connection and closes it; the device is offline if it was its own. */
void cs_pc_conn_close(struct cs_platform_core *core, struct cs_pc_conn *c,
                      enum cs_err why);
void cs_pc_conn_close_all(struct cs_platform_core *core);
void cs_pc_conn_free_all(struct cs_platform_core *core);
/* The connection has signed in as this device; an older one is replaced. */
void cs_pc_conn_ready(struct cs_platform_core *core, struct cs_pc_conn *c,
                      struct cs_pc_live *live);
/* Ed25519 by ik over TH("auth"; nonce, channel, device, exporter, ik, sk). */
bool cs_pc_auth_verify(const struct cs_pc_conn *c, const uint8_t device[CS_PC_ID],
                       const uint8_t ik[32], const uint8_t sk[32],
                       const uint8_t sig[64]) CS_MUST_USE;

/* ---- live.c: devices in memory ----------------------------------------- */

/* NULL when there is no such device (or it is deleted). */
struct cs_pc_live *cs_pc_live_get(struct cs_platform_core *core,
                                  const uint8_t id[CS_PC_ID]);
/* After the record changed: takes over keys and states, tells the node. */
void cs_pc_live_refresh(struct cs_platform_core *core, const json_t *device);
bool cs_pc_live_usable(const struct cs_pc_live *l); /* bound, approved, enabled */
bool cs_pc_live_online(
    const struct cs_pc_live *l); /* usable and on the control channel */
void cs_pc_live_punish(struct cs_platform_core *core, struct cs_pc_live *l);
uint32_t cs_pc_live_penalty(const struct cs_platform_core *core,
                            const struct cs_pc_live *l);

/* ---- control.c, relay.c: frames of the two channels -------------------- */

void cs_pc_control_message(struct cs_platform_core *core, struct cs_pc_conn *c,
                           struct cs_span data);
void cs_pc_control_send(struct cs_platform_core *core, const struct cs_pc_conn *c,
                        const struct cs_ctl_frame *f);
void cs_pc_relay_message(struct cs_platform_core *core, struct cs_pc_conn *c,
                         struct cs_span data);
void cs_pc_event(struct cs_platform_core *core, struct cs_pc_live *from,
                 const struct cs_ctl_frame *f); /* events.c */

/* ---- outbox.c: commands to devices ------------------------------------- */

/* Stores the command (f->type, id are set here) and sends it when the device is there.
 * expires_ms 0: kept until acknowledged. */
void cs_pc_outbox_put(struct cs_platform_core *core, struct cs_pc_live *to,
                      struct cs_ctl_frame *f, int64_t expires_ms);
void cs_pc_outbox_ack(struct cs_platform_core *core, struct cs_pc_conn *c,
                      const char *id);
void cs_pc_outbox_pump(struct cs_platform_core *core, struct cs_pc_conn *c);
void cs_pc_outbox_drop(struct cs_platform_core *core, struct cs_pc_live *l);
/* At the end of a step: takes what was acknowledged out of the store, when this step
 * writes anyway, or it has waited long enough.  An ack promises nothing to anybody, so
 * it needs no sync of its own: after a crash the command goes out once more. */
void cs_pc_outbox_settle(struct cs_platform_core *core, bool now);
bool cs_pc_outbox_has_room(struct cs_platform_core *core, struct cs_pc_live *l);

/* ---- timers ------------------------------------------------------------ */

void cs_pc_timers_run(struct cs_platform_core *core);

#endif
