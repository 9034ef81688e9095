/* What every libwebsockets context on a libuv loop needs, whoever made it: the option
 * that may be given once a process, and the end in two steps (STACK 2.2, 2.3 d).
 * Thread: loop. */
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
};

/* One turn of a timer of CS_LWS_END_TICK_MS, after lws_context_destroy(*lws) was called
 * once.  True when the second destroy has been done, or there is nothing to do: *lws is
 * NULL then. */
bool cs_lws_end_turn(struct cs_lws_end *e, uv_loop_t *loop, struct lws_context **lws);

#endif
