#include "net/lws_end.h"

#include <libwebsockets.h>
#include <stdatomic.h>

enum { QUIET_TICKS = 3, TICKS_MAX = 1000 };

/* OpenSSL's indexes are made once a process: a second time leaks (STACK 2.2). */
uint64_t cs_lws_global_init(void)
{
    static atomic_flag done = ATOMIC_FLAG_INIT;

    return atomic_flag_test_and_set(&done) ? 0 : LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
}

static void count_closing(uv_handle_t *handle, void *arg)
{
    unsigned *n = arg;

    *n += uv_is_closing(handle) != 0 ? 1U : 0U;
}

/* libwebsockets closes its libuv handles in stages over several turns of the loop; the
 * second destroy must come after the last (STACK 2.3 d), and nobody tells when that is.
 * While a stage runs, the loop has closing handles, so a few turns without any mean it
 * is over.  Other closing handles only delay it, at most TICKS_MAX turns. */
bool cs_lws_end_turn(struct cs_lws_end *e, uv_loop_t *loop, struct lws_context **lws)
{
    unsigned closing = 0;

    uv_walk(loop, count_closing, &closing);
    e->quiet = closing == 0 ? e->quiet + 1 : 0;
    e->ticks++;
    if (e->quiet < QUIET_TICKS && e->ticks < TICKS_MAX) {
        return false;
    }
    if (*lws != NULL) {
        lws_context_destroy(*lws);
        *lws = NULL;
    }
    return true;
}
