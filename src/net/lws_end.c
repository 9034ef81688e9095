#include "net/lws_end.h"

#include <libwebsockets.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"

enum { QUIET_TICKS = 3, TICKS_MAX = 1000 };

/* OpenSSL's indexes are made once a process: a second time leaks (STACK 2.2). */
uint64_t cs_lws_global_init(void)
{
    static atomic_flag done = ATOMIC_FLAG_INIT;

    return atomic_flag_test_and_set(&done) ? 0 : LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
}

/* ---- the eventfd ----------------------------------------------------------------- */

/* Whether libwebsockets has closed it cannot be seen from its number, which another
 * thread may have got meanwhile.  An epoll set knows open files, not numbers: its entry
 * goes with the last descriptor of the file. */
static void watch(struct cs_lws_end *e)
{
    struct epoll_event none = {0};

    if (!e->has_wake) {
        return;
    }
    e->watch = epoll_create1(EPOLL_CLOEXEC);
    e->watched = e->watch >= 0;
    if (e->watched && epoll_ctl(e->watch, EPOLL_CTL_ADD, e->wake, &none) != 0) {
        (void)close(e->watch);
        e->watched = false;
    }
    if (!e->watched) {
        cs_log(CS_LOG_WARN, "net",
               "no descriptor left: one of libwebsockets' may stay open");
    }
}

static void close_wake(struct cs_lws_end *e)
{
    struct epoll_event none = {0};

    if (!e->watched) {
        return;
    }
    if (epoll_ctl(e->watch, EPOLL_CTL_MOD, e->wake, &none) == 0) {
        (void)close(e->wake);
    }
    (void)close(e->watch);
    e->watched = false;
}

/* ---- the end --------------------------------------------------------------------- */

void cs_lws_end_begin(struct cs_lws_end *e, struct lws_context *lws)
{
    watch(e);
    if (lws != NULL) {
        lws_context_destroy(lws);
    }
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
    close_wake(e);
    return true;
}
