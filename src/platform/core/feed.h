/* What happens, as it happens: one event for each object that changed in a step, to
 * people and programs on the WebSocket /v2/events and, where a webhook wants it, into
 * its queue (webhooks.h).
 *
 * rec.c notes each save; the events are made at the end of the step, so that several
 * saves are one event and what nobody asks for costs nothing.  An event goes out after
 * the batch of its cause is durable (env.h).
 *
 *   {"id": 7, "type": "device.updated", "objectType": "DEVICE", "object": "<uuid>",
 *    "at": "<time>", "status"?, "vaultId"?, "walletId"?, "quorumId"?}
 *
 * id rises, also over restarts, with gaps.  First {"type":"hello","id":<newest>}.
 * ?since=<id> sends what came after it, if memory has it all and it is no more than
 * CS_FEED_CATCH_UP (and CS_FEED_LOOKS), else one {"type":"resync","id":<newest>}: read
 * again what you show.
 *
 * A reader gets only what he may read; of approvals only those that GET
 * /v2/approvals/{id} shows him when they go out.  His socket ends with his session or
 * token, with a change of what he may do, and when he reads too slowly (net).  Close
 * codes: 4401 sign in, 4403 not from a page of ours, 4429 too many.  Thread: loop. */
#ifndef CS_PLATFORM_CORE_FEED_H
#define CS_PLATFORM_CORE_FEED_H

#include "platform/core/rec.h"

enum {
    CS_FEED_RING = 2048,    /* events that memory keeps */
    CS_FEED_TEXT = 512,     /* bytes of one */
    CS_FEED_STEP = 1024,    /* objects of a step before the first are let go */
    CS_FEED_CATCH_UP = 400, /* sent for ?since=, so that a socket's queue holds them */
    CS_FEED_LOOKS = 256,    /* approvals read for it, to know whom they are shown to */
    CS_FEED_CONNS = 256,    /* sockets .. */
    CS_FEED_CONNS_ACTOR = 10, /* .. of one user or credential */
    CS_FEED_CHECK_MS = 5000,  /* how often it is looked whether they may go on */
};

/* NOMEM. */
enum cs_err cs_feed_new(struct cs_platform_core *core) CS_MUST_USE;
void cs_feed_free(struct cs_platform_core *core);

/* rec.c, before it writes: rec will be the record under id. */
void cs_feed_note(struct cs_platform_core *core, uint8_t table,
                  const uint8_t id[CS_PC_ID], const json_t *rec);
/* For who takes the row itself away. */
void cs_feed_gone(struct cs_platform_core *core, uint8_t table,
                  const uint8_t id[CS_PC_ID]);
/* A device came or went. */
void cs_feed_device(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                    bool is_online);
/* Somebody's session, token or roles have changed: look at the end of this step who may
 * go on listening. */
void cs_feed_recheck(struct cs_platform_core *core);
/* The end of a step, before its batch is taken. */
void cs_feed_flush(struct cs_platform_core *core);

/* Sockets (feed_conn.c): true when it is one of ours. */
void cs_feed_up(struct cs_platform_core *core, const struct cs_event *ev);
bool cs_feed_message(struct cs_platform_core *core, uint64_t conn);
bool cs_feed_down(struct cs_platform_core *core, uint64_t conn);
void cs_feed_run(struct cs_platform_core *core);  /* each step, before the event */
void cs_feed_stop(struct cs_platform_core *core); /* closes all */
uint64_t cs_feed_deadline(const struct cs_platform_core *core);

/* ---- shared by feed.c and feed_conn.c ------------------------------------ */

struct cs_feed_entry {
    uint64_t id;
    uint32_t row;             /* of the table of nouns: who may read it */
    bool is_approval;         /* .. which also depends on what it is about: .. */
    uint8_t object[CS_PC_ID]; /* .. of this one .. */
    uint32_t source;          /* .. and its bit (approvals.h) */
    char *text;               /* owned */
};

struct cs_feed_change;
struct cs_feed_conn;

struct cs_feed {
    struct cs_feed_entry *ring; /* CS_FEED_RING, the oldest at `first` */
    size_t first, n;
    uint64_t newest; /* id of the last event, also of lives before */
    uint64_t floor;  /* events with a higher id are in the ring */
    struct cs_feed_change *changes;
    size_t n_changes;
    uint64_t audit_seq; /* up to which it was told */
    struct cs_feed_conn *conns;
    size_t n_conns;
    bool is_check_due;
    uint64_t check_at; /* monotonic */
};

/* Bits of the rows that this one may read. */
struct cs_actor;
uint32_t cs_feed_rows(const struct cs_actor *who);
/* To all that may read it. */
void cs_feed_send_all(struct cs_platform_core *core, const struct cs_feed_entry *e);
void cs_feed_check(struct cs_platform_core *core);
void cs_feed_conns_free(struct cs_platform_core *core); /* says nothing */

#endif
