/* What every libwebsockets context on a libuv loop needs, whoever made it: the option
 * that may be given once a process, and the end in two steps (STACK 2.2, 2.3 d).
 *
 * Each context has an eventfd with which it wakes its own loop.  Libwebsockets 4.3.1 to
 * 4.3.6 (so Debian 13's 4.3.5) leave it open when the context ends: it is closed here
 * if it is still there.  Thread: loop. */
#ifndef CS_NET_LWS_END_H
#define CS_NET_LWS_END_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct lws_context;

enum { CS_LWS_END_TICK_MS = 2 };

/* LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT for the process's first context, else 0. */
uint64_t cs_lws_global_init(void);

struct cs_lws_end {
    unsigned quiet, ticks;
    bool has_wake, watched;
    int wake;  /* has_wake: the eventfd, from cs_lws_create */
    int watch; /* watched: knows whether `wake` is still that eventfd */
};

/* The first destroy.  lws NULL: there is no context. */
void cs_lws_end_begin(struct cs_lws_end *e, struct lws_context *lws);

/* One turn of a timer of CS_LWS_END_TICK_MS, after cs_lws_end_begin.  True when the
 * second destroy has been done, or there is nothing to do: *lws is NULL then, and
 * nothing of it is open. */
bool cs_lws_end_turn(struct cs_lws_end *e, uv_loop_t *loop, struct lws_context **lws);

#endif
