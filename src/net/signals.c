#include "net/signals.h"

#include <signal.h>

static void on_signal(uv_signal_t *handle, int signum)
{
    struct cs_signals *s = handle->data;

    s->caught(s->ctx, signum, ++s->count);
}

static enum cs_err watch(uv_signal_t *handle, struct cs_signals *s, uv_loop_t *loop,
                         int signum)
{
    if (uv_signal_init(loop, handle) != 0) {
        return CS_ERR_OS;
    }
    handle->data = s;
    return uv_signal_start(handle, on_signal, signum) == 0 ? CS_OK : CS_ERR_OS;
}

enum cs_err cs_signals_open(struct cs_signals *s, uv_loop_t *loop,
                            void (*caught)(void *ctx, int signum, unsigned nth),
                            void *ctx)
{
    *s = (struct cs_signals){.caught = caught, .ctx = ctx};
    CS_CHECK(watch(&s->term, s, loop, SIGTERM));
    return watch(&s->interrupt, s, loop, SIGINT);
}

static void on_hangup(uv_signal_t *handle, int signum)
{
    struct cs_signals *s = handle->data;

    (void)signum;
    s->reload(s->ctx);
}

enum cs_err cs_signals_reload(struct cs_signals *s, uv_loop_t *loop,
                              void (*reload)(void *ctx))
{
    if (uv_signal_init(loop, &s->hangup) != 0) {
        return CS_ERR_OS;
    }
    s->reload = reload;
    s->hangup.data = s;
    return uv_signal_start(&s->hangup, on_hangup, SIGHUP) == 0 ? CS_OK : CS_ERR_OS;
}

void cs_signals_close(struct cs_signals *s)
{
    uv_close((uv_handle_t *)&s->term, NULL);
    uv_close((uv_handle_t *)&s->interrupt, NULL);
    if (s->reload != NULL) {
        uv_close((uv_handle_t *)&s->hangup, NULL);
    }
}
