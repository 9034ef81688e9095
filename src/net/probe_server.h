/* GET /healthz and the like, for supervisors and scrapers: a small HTTP/1.1 responder.
 *
 * On a Unix socket (mode 0600, and the kernel's word on who asks) or on a loopback
 * address; nothing else is listened on, so a node stays without a door to the network.
 * One request a connection, answered at once and closed: at most CS_PROBE_CLIENTS of
 * them, CS_PROBE_HEAD_MAX bytes of request, CS_PROBE_TIME_MS for all of it.  Only GET
 * (405 otherwise).  On a loopback address the Host header must be that address or
 * localhost (421 otherwise): a web page in a browser on this machine must not read it
 * through a name of its own (DNS rebinding).
 *
 * Why not libwebsockets: it would need a vhost without TLS in the context of a node,
 * which today has no server at all and whose limits are for WebSockets; this is 300
 * lines that do nothing else, on handles that libuv has anyway.
 *
 * The listener is made, and the socket file with it, in cs_probe_server_new: before a
 * sandbox forbids new listeners (base/os/sandbox.h).  Later it only accepts.
 * Thread: loop. */
#ifndef CS_NET_PROBE_SERVER_H
#define CS_NET_PROBE_SERVER_H

#include <uv.h>

#include "base/span.h"
#include "base/why.h"
#include "base/wr.h"

enum {
    CS_PROBE_CLIENTS = 8,
    CS_PROBE_HEAD_MAX = 4096,
    CS_PROBE_BODY_MAX = 1 << 20, /* of an answer */
    CS_PROBE_TIME_MS = 5000,
    CS_PROBE_PATH_MAX = 104, /* of a socket */
};

struct cs_probe_addr {
    bool is_unix;
    char path[CS_PROBE_PATH_MAX]; /* is_unix */
    char host[16];                /* else: "127.0.0.1" or "::1" */
    int port;                     /* 0: the system chooses */
};

/* "unix:/absolute/path", "127.0.0.1:PORT", "[::1]:PORT".  CONFIG for all else; *why
 * starts with the setting's name. */
enum cs_err cs_probe_addr_parse(struct cs_probe_addr *out, const char *text,
                                const char *setting, struct cs_why *why) CS_MUST_USE;

struct cs_probe_reply {
    int status;       /* 200; 404 when left at 0 */
    const char *type; /* literal; NULL: text/plain */
    struct cs_wr body;
};

struct cs_probe_config {
    uv_loop_t *loop;
    const struct cs_probe_addr *addr; /* borrowed for the call */
    /* path: what stands before '?'.  Fills *reply, at once. */
    void (*get)(void *ctx, const char *path, struct cs_probe_reply *reply);
    void *ctx;
};

struct cs_probe_server;

/* CONFIG (what stands at the path, or uses the address), OS, NOMEM.  On failure handles
 * are left that close in the next turns of the loop. */
enum cs_err cs_probe_server_new(struct cs_probe_server **out,
                                const struct cs_probe_config *cfg, struct cs_why *why)
    CS_MUST_USE;
int cs_probe_server_port(const struct cs_probe_server *s); /* 0: a Unix socket */
/* closed(ctx) follows on the loop; s is gone then. */
void cs_probe_server_close(struct cs_probe_server *s, void (*closed)(void *ctx),
                           void *ctx);

#endif
