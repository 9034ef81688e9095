/* The platform as a pure core (DECISIONS 1): REST /v2, the server side of the control
 * channel, quorums, keys, signing requests and the routing of the relay.
 *
 *   events in                                   actions out
 *   CS_EV_START                                 NOTIFY "setup-token" while not set up
 *   CS_EV_HTTP  http                            REPLY (exactly one: in the same step,
 *                                               or within 30 s with ?wait=)
 *   CS_EV_CONN_UP conn, channel, remote, exporter
 *                                               SEND challenge
 *   CS_EV_MESSAGE conn, data                    SEND, CLOSE
 *   CS_EV_CONN_DOWN conn
 *   CS_EV_TIME
 *   CS_EV_JOB_DONE job                          REPLY to who signs in (JOB: Argon2id,
 * at most two at once) CS_EV_COMMIT_FAILED err                     EXIT err: memory may
 * be ahead of the store CS_EV_STOP                                  REPLY to who waits,
 * CLOSE of all connections, EXIT CS_OK
 *
 * Connection numbers are the glue's and not reused within a life of the core.  The
 * glue answers pings and closes silent sockets; the core closes those that do not sign
 * in within 10 s.  conn.channel is given with CONN_UP and need not be with MESSAGE.
 * The glue enforces the body limit (512 KiB) while reading; the core checks it again.
 *
 * NOTIFY words: "setup-token" {"setupToken"} (print it, do not log it),
 * "pairing-alert" {"deviceId","remote","reason"} (somebody else used a pairing key).
 *
 * Records live in tables 0x20..0x4f of the kv (tables.h).  Everything that was answered
 * is in the store first; a new core over the same kv continues (outbox, deadlines).
 * Thread: loop.  Source: src/wire/README.md, api/palisade-v2.md, DECISIONS 9-28. */
#ifndef CS_PLATFORM_CORE_PLATFORM_CORE_H
#define CS_PLATFORM_CORE_PLATFORM_CORE_H

#include "base/env.h"
#include "platform/core/callee.h"
#include "store/kv.h"

/* Seconds and counts: 0 means the default. */
struct cs_platform_limits {
    uint32_t join_s;          /* quorum creation, 3600 */
    uint32_t sign_s;          /* signing request, 300 */
    uint32_t sign_attempt_s;  /* one pair's try, 15 */
    uint32_t key_s;           /* key creation with its retries, 600 */
    uint32_t key_attempt_s;   /* one key generation, 90 */
    uint32_t pairing_s;       /* pairing key, 86400 */
    uint32_t token_s;         /* access token, 3600 */
    uint32_t idempotency_s;   /* how long a POST's answer is kept, 86400 */
    uint32_t max_answers;     /* that are kept so, 100000 (and 512 MiB) */
    uint32_t max_devices;     /* 10000 */
    uint32_t max_quorums;     /* 10000 */
    uint32_t max_credentials; /* 1000 */
    uint32_t max_users;       /* 1000 */
    uint32_t max_vaults;      /* 100000 */
    uint32_t max_wallets;     /* 1000000 */
    uint32_t max_connections; /* both channels, 8192 */
    uint32_t request_rate;    /* REST requests per credential and second, 2000 */
    uint32_t work_rate;       /* signatures worked out for one of them a second, 4000 */
    uint32_t relay_rate;      /* relay frames per device and second, 20000 */
};

struct cs_platform_config {
    struct cs_kv *kv; /* borrowed, outlives the core; only read by the core */
    void (*random)(void *ctx, uint8_t *out, size_t n);
    void *random_ctx;
    /* Copied into pairing keys as they are: what a node dials, with path. */
    const char *platform_url; /* "wss://host:port/control" */
    const char *relay_url;    /* "wss://host:port/relay" */
    struct cs_span ca_der;    /* certificate that signs the platform's, copied */
    bool allow_no_exporter; /* plain development sockets: empty TLS exporter is fine */
    bool require_fingerprint; /* approving a device must name its fingerprint */
    struct cs_span seal_key;  /* 32 bytes that are not in the store: what webhooks sign
                                 with is sealed under it; copied; empty: no webhooks */
    const struct cs_callee_rule *hook_allow; /* callee.h; copied */
    size_t n_hook_allow;
    const char *region; /* shown in organisation settings, NULL: "local" */
    struct cs_platform_limits limits;
};

struct cs_platform_core;

/* Reads the store's head.  On failure *out is NULL and message (may be NULL) says what,
 * why and the remedy.
 * Returns: CS_OK, CONFIG (a field of cfg), STORE_VERSION, STORE_CORRUPT, NOMEM, or what
 * the kv said. */
enum cs_err cs_platform_core_new(struct cs_platform_core **out,
                                 const struct cs_platform_config *cfg, char *message,
                                 size_t message_len) CS_MUST_USE;
struct cs_core cs_platform_core_iface(struct cs_platform_core *core);
void cs_platform_core_free(struct cs_platform_core *core); /* NULL allowed */

/* Attempts at a webhook's delivery that failed. */
enum cs_hook_failure {
    CS_HOOK_NO_ANSWER, /* no connection, no TLS, no answer in time */
    CS_HOOK_4XX,
    CS_HOOK_5XX,
    CS_HOOK_OTHER, /* neither, nor 2xx */
    CS_HOOK_FAILURES,
};

/* Numbers for metrics and tests. */
struct cs_platform_stats {
    size_t connections, control_online, relay_online, tokens;
    uint64_t http_requests, events, commands_sent, relay_frames, relay_dropped;
    size_t outbox;     /* commands kept for devices that were looked at in this life */
    size_t waits;      /* answers held back (?wait=) */
    size_t passwords;  /* sign-ins and the like that wait for Argon2id */
    bool is_migrating; /* records of an earlier version are being worked on */
    uint64_t paired;   /* devices that are approved and enabled */
    size_t viewers;    /* sockets of GET /v2/events */
    size_t hooks;      /* webhooks */
    size_t hooks_waiting;                     /* their deliveries that wait .. */
    uint64_t hook_oldest_ms;                  /* .. the first of them for so long */
    uint64_t hook_delivered;                  /* in this life, like .. */
    uint64_t hook_failed[CS_HOOK_FAILURES];   /* .. attempts that failed .. */
    uint64_t hook_given_up, hook_turned_away; /* .. after 24 h, and at once: too many
                                                 wait */
};
void cs_platform_core_stats(const struct cs_platform_core *core,
                            struct cs_platform_stats *out);

/* A request whose answer goes out (seen.h); strings are the route table's.  false: it
 * was no request of the API, or is forgotten; out is empty texts then. */
struct cs_platform_request {
    const char *method, *pattern;
    const char *kind; /* "user", "credential" or "none" .. */
    char actor[37];   /* .. with this id */
    bool waits;       /* ?wait=: its time is not ours */
};
bool cs_platform_core_request(const struct cs_platform_core *core, uint64_t http_id,
                              struct cs_platform_request *out);
/* The label of metrics for a route: a word of the table, "other" for none. */
void cs_platform_route_class(char *out, size_t size, const char *pattern);

#endif
