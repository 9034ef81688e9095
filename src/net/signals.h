/* SIGTERM and SIGINT on a program's loop.  For programs only: a library installs no
 * signal handlers.  Thread: loop. */
#ifndef CS_NET_SIGNALS_H
#define CS_NET_SIGNALS_H

#include <uv.h>

#include "base/err.h"

struct cs_signals {
    uv_signal_t term, interrupt;
    unsigned count;
    void (*caught)(void *ctx, int signum, unsigned nth); /* nth from 1 */
    void *ctx;
};

enum cs_err cs_signals_open(struct cs_signals *s, uv_loop_t *loop,
                            void (*caught)(void *ctx, int signum, unsigned nth),
                            void *ctx) CS_MUST_USE;
/* The struct must stay until the loop has run out. */
void cs_signals_close(struct cs_signals *s);

#endif
