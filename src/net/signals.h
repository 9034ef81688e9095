/* SIGTERM, SIGINT and, when asked for, SIGHUP on a program's loop.  For programs only:
 * a library installs no signal handlers.  Thread: loop. */
#ifndef CS_NET_SIGNALS_H
#define CS_NET_SIGNALS_H

#include <uv.h>

#include "base/err.h"

struct cs_signals {
    uv_signal_t term, interrupt, hangup;
    void (*reload)(void *ctx);
    unsigned count;
    void (*caught)(void *ctx, int signum, unsigned nth); /* nth from 1 */
    void *ctx;
};

enum cs_err cs_signals_open(struct cs_signals *s, uv_loop_t *loop,
                            void (*caught)(void *ctx, int signum, unsigned nth),
                            void *ctx) CS_MUST_USE;
/* SIGHUP from now on calls reload(ctx) instead of ending the process. */
enum cs_err cs_signals_reload(struct cs_signals *s, uv_loop_t *loop,
                              void (*reload)(void *ctx)) CS_MUST_USE;
/* The struct must stay until the loop has run out. */
void cs_signals_close(struct cs_signals *s);

#endif
