/* Webhooks: events POSTed to an HTTPS endpoint of the customer (README, "Events and
 * webhooks").
 *
 * A delivery is one event on its way to one webhook.  It is written in the batch of its
 * cause (feed.h, at the end of the step) and stays PENDING until the endpoint has
 * answered 2xx (DELIVERED) or 24 hours are over (FAILED): at least once, whatever
 * happens to the process.  Deliveries of one object to one webhook go one after the
 * other, in the order of events; those of different objects do not wait for each other.
 *
 *   due -> key opened, signed by a worker (JOB) -> CALL -> CALLED -> DELIVERED,
 *   or due again after 5 s, 10 s, 20 s .. 1 h, each a fifth more or less
 *
 * The queue is a table (CS_PC_HOOKQ); what is due when is in memory, read at the start.
 * Nothing is written when a call begins: after a crash it is made once more.
 *
 * Bounds: CS_HOOKS_MAX webhooks; CS_HOOK_PENDING_MAX deliveries of one and
 * CS_HOOK_PENDING_ALL of all wait, what comes beyond is FAILED at once and says so;
 * CS_HOOK_DONE_MAX finished ones of one and CS_HOOK_DONE_ALL of all are kept for the
 * log and for replay, the oldest go.  Thread: loop. */
#ifndef CS_PLATFORM_CORE_WEBHOOKS_H
#define CS_PLATFORM_CORE_WEBHOOKS_H

#include "platform/core/perm.h"
#include "platform/core/rec.h"

enum {
    CS_HOOKS_MAX = 32,
    CS_HOOK_PENDING_MAX = 5000,
    CS_HOOK_PENDING_ALL = 20000,
    CS_HOOK_DONE_MAX = 500,
    CS_HOOK_DONE_ALL = 5000,
    CS_HOOK_CALLS = 8,       /* at once .. */
    CS_HOOK_CALLS_ONE = 2,   /* .. of one webhook */
    CS_HOOK_CALL_MS = 30000, /* for an endpoint to answer */
    CS_HOOK_LOST_MS = 90000, /* after which a call that tells nothing is over */
    CS_HOOK_LIFE_MS = 24 * 3600 * 1000,
    CS_HOOK_RETRY_MS = 5000,
    CS_HOOK_RETRY_MAX_MS = 3600 * 1000,
    CS_HOOK_HOLD_MAX_MS = 60000, /* how long one that fails and fails is left alone */
    CS_HOOK_VIEW_MAX = 32 << 10, /* longer ones go without their longest members */
    CS_HOOK_PURGE = 200,         /* deliveries of a deleted webhook that go in a step */
};

/* The vendor's V2SubscriptionDomain, and ours. */
enum cs_hook_domain {
    CS_HOOK_TRANSACTION,
    CS_HOOK_WALLET,
    CS_HOOK_APPROVAL,
    CS_HOOK_DEVICE,
    CS_HOOK_QUORUM,
    CS_HOOK_SESSION,
    CS_HOOK_DOMAINS,
    CS_HOOK_TEST = CS_HOOK_DOMAINS, /* a test delivery; nobody subscribes to it */
};
const char *cs_hook_domain_word(enum cs_hook_domain d);
bool cs_hook_domain_parse(enum cs_hook_domain *d, const char *word);
/* The word that reads what this domain is told of. */
enum cs_pc_perm cs_hook_domain_perm(enum cs_hook_domain d);

/* ---- for the core ------------------------------------------------------ */

void cs_hooks_start(struct cs_platform_core *core); /* CS_EV_START: reads the queue */
void cs_hooks_free(struct cs_platform_core *core);
/* Gives out what is due.  In each step, and once more behind the feed. */
void cs_hooks_run(struct cs_platform_core *core);
uint64_t cs_hooks_deadline(const struct cs_platform_core *core);
bool cs_hooks_job_done(struct cs_platform_core *core, struct cs_job *job);
void cs_hooks_called(struct cs_platform_core *core, const struct cs_event *ev);
void cs_hook_purge(struct cs_platform_core *core, const uint8_t id[CS_PC_ID]);

/* ---- for seen.c -------------------------------------------------------- */

void cs_hooks_stats(const struct cs_platform_core *core, struct cs_platform_stats *out);

/* ---- for feed.c -------------------------------------------------------- */

/* Does somebody want to know when the state of records of this table changes? */
bool cs_hooks_wants_state(const struct cs_platform_core *core, uint8_t table);

struct cs_hook_event {
    uint8_t table;
    uint64_t id; /* of the event */
    const char *type;
    uint8_t object[CS_PC_ID];
    bool is_created, is_state_change;
};
/* Writes its deliveries, if it is for somebody. */
void cs_hooks_event(struct cs_platform_core *core, const struct cs_hook_event *ev);

/* ---- for rest_webhooks.c ----------------------------------------------- */

/* Memory follows the record: new, changed subscriptions. */
void cs_hooks_refresh(struct cs_platform_core *core, const json_t *webhook);
/* It is deleted: nothing more is sent, its deliveries go. */
void cs_hooks_forget(struct cs_platform_core *core, const uint8_t id[CS_PC_ID]);
/* One delivery of this body to one webhook.  The delivery's record, owned. */
json_t *cs_hook_enqueue(struct cs_platform_core *core, const uint8_t hook[CS_PC_ID],
                        const struct cs_hook_event *ev, const char *body);
/* {"domain", "timestamp", "payload"} of a view, as the vendor sends it; owned text. */
char *cs_hook_body(struct cs_platform_core *core, enum cs_hook_domain d,
                   const json_t *view);
/* Once more, from the beginning of its 24 hours; one that waits is due at once.  false:
 * it waits for an earlier one of the same object. */
bool cs_hook_replay(struct cs_platform_core *core, json_t *delivery);
json_t *cs_hook_delivery_view(const json_t *delivery);

/* ---- shared by hooks*.c ------------------------------------------------- */

struct cs_hook_due {
    int64_t at; /* wall ms */
    uint64_t order;
    uint8_t object[CS_PC_ID], delivery[CS_PC_ID];
};

struct cs_hook {
    uint8_t id[CS_PC_ID];
    uint32_t domains;          /* bits */
    unsigned in_flight, fails; /* in a row */
    int64_t hold_until;
    struct cs_hook_due *heap; /* the first of each object; the earliest on top */
    size_t n, cap;
    size_t pending; /* rows of its queue */
};

struct cs_hook_call {
    bool is_used, is_signed; /* the worker is done: the endpoint has it */
    uint64_t id;             /* of job and call */
    uint64_t lost_at;
    uint8_t hook[CS_PC_ID];
    struct cs_hook_due due;
};

struct cs_hooks {
    struct cs_hook list[CS_HOOKS_MAX];
    size_t n, pending, turn;
    uint32_t domains; /* of all */
    struct cs_hook_call calls[CS_HOOK_CALLS];
    uint64_t next_id;
};

struct cs_hook *cs_hook_find(struct cs_platform_core *core, const uint8_t id[CS_PC_ID]);
void cs_hook_heap_push(struct cs_hook *h, const struct cs_hook_due *d);
struct cs_hook_due cs_hook_heap_pop(struct cs_hook *h);
/* Everything is written: result and next attempt, counters, log.  err as CALLED. */
void cs_hook_outcome(struct cs_platform_core *core, const struct cs_hook_call *call,
                     bool ok, int status, const char *why);
/* hook_stats.c: an attempt is over. */
void cs_hooks_count(struct cs_platform_core *core, bool ok, int status);
/* hook_send.c: false: it cannot be signed, why says so. */
bool cs_hook_send(struct cs_platform_core *core, struct cs_hook_call *call,
                  const char **why);
/* hook_key.c: a key of its own for a new webhook: "publicKey" and "_key" of rec.
 * false: this platform has no key to seal it with. */
bool cs_hook_key_make(struct cs_platform_core *core, json_t *rec) CS_MUST_USE;
bool cs_hook_key_open(struct cs_platform_core *core, const json_t *rec,
                      uint8_t priv[32]) CS_MUST_USE;

#endif
