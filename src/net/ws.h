/* Everything that speaks HTTP and WebSocket: one libwebsockets context on the caller's
 * loop, as a server (one TLS port, platform), as a client (node), or both.
 *
 * Rules it enforces by itself: TLS 1.2 or later only; http/1.1 only; no upgrade but
 * websocket, on /control, /relay and /v2/events with their subprotocol; bounded sizes,
 * numbers and times everywhere; one HTTP request a connection.  What a message means is
 * the core's business.
 *
 * No event is raised from inside a call of this header, so a core's actions may call
 * it.  Thread: loop.  Source: DECISIONS 15-19, STACK 2, RELIABILITY T28-T32. */
#ifndef CS_NET_WS_H
#define CS_NET_WS_H

#include <uv.h>

#include "base/env.h"
#include "base/why.h"

struct cs_ws;

/* What happens: given on the loop.  Pointers are borrowed for the call.  http of up:
 * the request that was upgraded, on CS_CHANNEL_EVENTS, where it says who asks; else
 * NULL. */
struct cs_ws_events {
    void (*up)(void *ctx, uint64_t conn, enum cs_channel channel, const char *remote,
               struct cs_span exporter, const struct cs_http_req *http);
    void (*down)(void *ctx, uint64_t conn, enum cs_err err); /* once, last */
    void (*message)(void *ctx, uint64_t conn, enum cs_channel channel,
                    struct cs_span data);
    void (*http)(void *ctx, const struct cs_http_req *req);
};

/* A body up to this always has room (of 1024 connections 16 MiB), and is all that a
 * request may have that names nobody, by Authorization or Cookie: 413 before it comes.
 * Larger ones share bodies_bytes, those of one address a quarter of it.  Beyond that
 * the one that has come for longest ends (503), of the same address or of all, if it
 * had a second; else the one that needs the room.  Who names somebody may lie: it is
 * the core that asks. */
#define CS_WS_BODY_SMALL ((size_t)16 << 10)

struct cs_ws_limits {          /* 0: the default */
    unsigned max_conns;        /* accepted connections, 1024 */
    unsigned max_conns_per_ip; /* 256 */
    size_t outbox_bytes;       /* of one WebSocket connection, 4 MiB */
    size_t outbox_count;       /* messages, 4096 */
    size_t body_bytes;         /* HTTP request, 512 KiB; see CS_WS_BODY_SMALL */
    size_t bodies_bytes;       /* all that have not come whole, 64 MiB */
    uint32_t header_ms;        /* TLS, request line and headers, 10 s */
    uint32_t body_ms;          /* the body, 30 s */
    uint32_t answer_ms;        /* our answer, then reading it, 60 s */
    uint32_t connect_ms;       /* client: DNS to upgrade, 10 s */
    uint32_t close_ms;         /* to deliver what waits before a close, 5 s */
    uint32_t ping_s, dead_s;   /* silence before a ping 10, before the end 30 */
};

struct cs_ws_listen {
    const char *host; /* IP address */
    int port;         /* 0: the system chooses; see cs_ws_port */
    const char *cert_file, *key_file;
};

struct cs_ws_config {
    uv_loop_t *loop;
    const struct cs_ws_listen *listen; /* NULL: no server; borrowed for cs_ws_new */
    struct cs_span ca_der; /* client: the one CA that counts; may be empty */
    struct cs_ws_limits limits;
    struct cs_ws_events events;
    void *ctx;
};

/* LISTEN (address in use, certificate not usable), CONFIG (CA is no certificate),
 * NOMEM, OS.  On failure nothing is left but handles that close in the next turns of
 * the loop. */
enum cs_err cs_ws_new(struct cs_ws **out, const struct cs_ws_config *cfg,
                      struct cs_why *why) CS_MUST_USE;
int cs_ws_port(const struct cs_ws *ws); /* of the server */

/* Client: dials; up or down follows.  conn is the caller's number, below 2^32 (the
 * server's own numbers are above). */
void cs_ws_connect(struct cs_ws *ws, uint64_t conn, enum cs_channel channel,
                   const char *url);
/* Queues one message.  When the outbox is full the connection ends: down with FULL. */
void cs_ws_send(struct cs_ws *ws, uint64_t conn, struct cs_span data);
/* Delivers what waits, then closes.  No event follows for conn. */
void cs_ws_close_conn(struct cs_ws *ws, uint64_t conn, enum cs_err err);
/* Answers a request; dropped when the client has gone.  headers: lines of
 * cs_emit_reply_with, NULL for none; lines that are malformed are left out. */
void cs_ws_reply(struct cs_ws *ws, uint64_t http_id, int status,
                 const char *content_type, const char *headers, struct cs_span body);
/* Back-pressure: nothing is read from WebSockets and new requests get 503. */
void cs_ws_pause(struct cs_ws *ws, bool paused);

/* True while something accepted by send or reply is not written yet. */
bool cs_ws_has_output(const struct cs_ws *ws);
/* Refuses new work and raises no more events; closed(ctx) follows when all handles are
 * gone; ws is gone then.  Not from inside an event. */
void cs_ws_shutdown(struct cs_ws *ws, void (*closed)(void *ctx), void *ctx);

#endif
