/* How an operator, a supervisor and a log reader see the platform.
 *
 * - One line for each request of the API when its answer goes out, module "net", level
 *   info (debug for what was answered 2xx and 3xx to a GET): id, method, route (the
 *   pattern, so no id of a path), status, ms, bytes, actor, from.  Never a token, a
 *   cookie, a query or a body.
 * - METRICS_ADDR (net/probe_server.h: a Unix socket or this machine): /healthz,
 * /readyz, /metrics.  It belongs to the platform, not to a life of its core: /healthz
 * answers while the loop turns, also while the platform waits for space on the disk.
 *
 * The listener is made in cs_platform_observe_start, before a sandbox forbids it.
 * Thread: loop. */
#ifndef CS_PLATFORM_OBSERVE_H
#define CS_PLATFORM_OBSERVE_H

#include <uv.h>

#include "net/host.h"
#include "platform/core/platform_core.h"

struct cs_observe;

struct cs_observe_config {
    uv_loop_t *loop;
    const char *dir;  /* of the store; borrowed, as all here */
    struct cs_kv *kv; /* of store/lmdb/kv_lmdb.h; NULL: none */
    /* The present life, or NULL between two. */
    const struct cs_platform_core *(*core)(void *ctx);
    const struct cs_host *(*host)(void *ctx);
    const char *(*state)(void *ctx); /* "READY" or why not; a literal of observe.c */
    void *ctx;
};

/* metrics_addr NULL or "": no listener, but requests are logged.  CONFIG, NOMEM, OS; on
 * failure handles are left that close in the next turns of the loop. */
enum cs_err cs_platform_observe_start(struct cs_observe **out,
                                      const struct cs_observe_config *cfg,
                                      const char *metrics_addr, struct cs_why *why)
    CS_MUST_USE;
int cs_platform_observe_port(const struct cs_observe *o); /* 0: none, or a socket */
/* stopped(ctx) follows on the loop; o is gone then. */
void cs_platform_observe_stop(struct cs_observe *o, void (*stopped)(void *ctx),
                              void *ctx);

/* For cs_host_config. */
void cs_platform_observe_request(struct cs_observe *o, const struct cs_http_req *req);
void cs_platform_observe_reply(struct cs_observe *o, uint64_t http_id, int status,
                               size_t bytes);

/* The text of /metrics. */
void cs_platform_observe_metrics(const struct cs_observe *o, struct cs_wr *w);

#endif
