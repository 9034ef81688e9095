/* The seam between a pure core and the world (DECISIONS 1).
 *
 *   step(core, event) -> actions[] and at most one batch of store writes
 *
 * A core (node/core, platform/core) consumes events and appends actions to a
 * struct cs_step; it calls nothing that waits, reads no clock and keeps no handle.
 * The runner (runner.h) executes what came out through struct cs_env.  There are two
 * implementations of the table: the libuv glue and the seeded simulator.
 *
 * Order of effects: the batch of a step is durable before any action of that step, or
 * of a later one, is executed.  So a core just says "store this, send that".
 *
 * Thread: everything here belongs to the loop thread, except cs_job.run (worker).
 */
#ifndef CS_BASE_ENV_H
#define CS_BASE_ENV_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

struct cs_kv_batch; /* store/kv.h */

/* ---- jobs: computing for a worker thread ------------------------------------ */

/* Embed as first member.  run() may touch only what the job owns.  The core knows the
 * job by `id` (never by pointer into a session: the session may end first). */
struct cs_job {
    void (*run)(struct cs_job *job);
    void (*free)(struct cs_job *job); /* wipes; also called when nobody wants it */
    uint64_t id;
};

/* ---- events ----------------------------------------------------------------- */

enum cs_event_type {
    CS_EV_START,         /* first event of a life */
    CS_EV_TIME,          /* the deadline the core asked for has come */
    CS_EV_CONN_UP,       /* conn, channel, remote, exporter: TLS and WebSocket are up;
                            http: the upgrade's request, on CS_CHANNEL_EVENTS */
    CS_EV_CONN_DOWN,     /* conn, err: gone, or the attempt failed */
    CS_EV_MESSAGE,       /* conn, data: one whole WebSocket message */
    CS_EV_HTTP,          /* http: one whole request; answer it with CS_ACT_REPLY */
    CS_EV_LOCAL,         /* conn = request id, data: a question on the local socket */
    CS_EV_JOB_DONE,      /* job: the core owns it again and frees it */
    CS_EV_COMMIT_FAILED, /* err: nothing of the pending steps took effect */
    CS_EV_VERDICT,       /* conn = id of an ASK, err: CS_OK allows, data: why not */
    CS_EV_CALLED, /* conn = id of a CALL, err; status when CS_OK, else data: why */
    CS_EV_STOP,   /* end in order; CS_ACT_EXIT when done */
};

enum cs_channel {
    CS_CHANNEL_CONTROL, /* cloudsign.control.v2: JSON text */
    CS_CHANNEL_RELAY,   /* cloudsign.relay.v1: binary */
    CS_CHANNEL_EVENTS,  /* cloudsign.events.v1: JSON text, to people and programs */
};

/* One HTTP request as a core sees it.  Strings are NUL-terminated UTF-8, borrowed for
 * the step; absent headers are "". */
struct cs_http_req {
    uint64_t id;
    const char *method;        /* "GET" */
    const char *path;          /* percent-decoded, starts with '/' */
    const char *query;         /* raw text after '?', "" when none */
    const char *authorization; /* header value */
    const char *content_type;
    const char *idempotency_key;
    const char *origin;
    const char *cookie;          /* all of the header */
    const char *csrf_token;      /* X-CSRF-Token */
    const char *fetch_site;      /* Sec-Fetch-Site: what a browser says of the page */
    const char *if_none_match;   /* ETags that the client has */
    const char *accept_encoding; /* codings that the client can undo; NULL: none */
    const char *remote;          /* address of the client */
    struct cs_span body;
};

struct cs_event {
    enum cs_event_type type;
    uint64_t now_ms; /* monotonic: deadlines */
    int64_t wall_ms; /* Unix time: logs, expiry of approvals and certificates */
    uint64_t conn;
    enum cs_channel channel;
    enum cs_err err;
    int status;
    const char *remote;      /* peer address, "" when unknown */
    struct cs_span exporter; /* TLS exporter bytes for channel binding, may be empty */
    struct cs_span data;
    const struct cs_http_req *http;
    struct cs_job *job;
};

/* ---- actions ---------------------------------------------------------------- */

enum cs_action_type {
    CS_ACT_CONNECT, /* conn (the core's number), channel, text = wss URL */
    CS_ACT_SEND,    /* conn, data: one WebSocket message */
    CS_ACT_CLOSE,   /* conn, err; no CONN_DOWN follows for it */
    CS_ACT_REPLY,   /* conn = http id, status, text = content type, data = body,
                       headers */
    CS_ACT_ANSWER,  /* conn = local request id, data */
    CS_ACT_JOB,     /* job */
    CS_ACT_ASK,     /* conn = id, data = JSON: may this be signed?  CS_EV_VERDICT */
    CS_ACT_CALL,    /* conn = id, text = https URL, headers, data = body: POST it.
                       CS_EV_CALLED follows once */
    CS_ACT_NOTIFY,  /* text = word, data = JSON: for the embedder and the simulator */
    CS_ACT_EXIT,    /* err: the program, or this node of it, ends */
};

struct cs_action {
    struct cs_action *next;
    enum cs_action_type type;
    uint64_t conn;
    enum cs_channel channel;
    enum cs_err err;
    int status;
    char *text;    /* owned, NULL when unused */
    char *headers; /* owned, wiped when freed, NULL when unused: cs_emit_reply_with */
    uint8_t *data; /* owned, wiped when freed */
    size_t data_len;
    struct cs_job *job;
};

struct cs_step {
    struct cs_action *first, *last;
    struct cs_kv_batch *batch; /* NULL: nothing to store */
};

/* The emitters copy text and data.  Out of memory is fatal for a step: its effects
 * must not be half there, so they assert (the process restarts from its store). */
void cs_emit_connect(struct cs_step *out, uint64_t conn, enum cs_channel ch,
                     const char *url);
void cs_emit_send(struct cs_step *out, uint64_t conn, struct cs_span data);
void cs_emit_close(struct cs_step *out, uint64_t conn, enum cs_err err);
void cs_emit_reply(struct cs_step *out, uint64_t http_id, int status,
                   const char *content_type, struct cs_span body);
/* With headers of its own: lines "name: value\n", names in lower case, at most
 * CS_HTTP_HEADERS_MAX bytes in all, no other control characters.  One with the name of
 * a header that every answer has (net/http_reply.c) goes out in its place. */
enum { CS_HTTP_HEADERS_MAX = 2048 };
void cs_emit_reply_with(struct cs_step *out, uint64_t http_id, int status,
                        const char *content_type, const char *headers,
                        struct cs_span body);
void cs_emit_answer(struct cs_step *out, uint64_t request, struct cs_span data);
void cs_emit_job(struct cs_step *out, struct cs_job *job); /* takes the job */
void cs_emit_ask(struct cs_step *out, uint64_t id, struct cs_span json);
/* headers as cs_emit_reply_with has them. */
void cs_emit_call(struct cs_step *out, uint64_t id, const char *url,
                  const char *headers, struct cs_span body);
void cs_emit_notify(struct cs_step *out, const char *word, struct cs_span json);
void cs_emit_exit(struct cs_step *out, enum cs_err err);
void cs_step_clear(struct cs_step *out); /* frees actions and jobs, not the batch */
void cs_action_free(struct cs_action *a);

/* ---- what a runner gives ------------------------------------------------------ */

struct cs_env {
    void *ctx;
    /* Inputs: a core may use this one inside a step. */
    void (*random)(void *ctx, uint8_t *out, size_t n);
    /* Outputs: called by the runner after the step. */
    uint64_t (*now_ms)(void *ctx);
    int64_t (*wall_ms)(void *ctx);
    void (*arm)(void *ctx, uint64_t deadline_ms); /* one timer; UINT64_MAX: none */
    /* Takes the batch; cs_runner_committed(seq) follows later, in order of seq. */
    void (*commit)(void *ctx, struct cs_kv_batch *batch, uint64_t seq);
    void (*drop_batch)(void *ctx, struct cs_kv_batch *batch);
    void (*act)(void *ctx, struct cs_action *a); /* borrows; takes a->job if it sets it
                                                    to NULL */
};

/* What a core shows to the runner. */
struct cs_core {
    void *self;
    void (*step)(void *self, const struct cs_event *ev, struct cs_step *out);
    uint64_t (*deadline)(void *self); /* monotonic ms of the next EV_TIME */
    /* Batches up to seq are in the kv: cs_db_durable and nothing else.  May be NULL. */
    void (*durable)(void *self, uint64_t seq);
};

#endif
