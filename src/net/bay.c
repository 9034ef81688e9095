#include "net/bay.h"

#include <signal.h>

#include "base/log.h"
#include "base/span.h"

static void drop_all(struct cs_bay *bay, struct cs_queue *q)
{
    struct cs_link *item;

    while ((item = cs_queue_pop(q)) != NULL) {
        bay->on_drop(bay, item);
    }
}

static void bay_main(void *arg)
{
    struct cs_bay *bay = arg;
    sigset_t all;

    (void)cs_log_target_set(bay->log);
    sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, NULL); /* signals are the loop's */
    bay->thread_main(bay);
    uv_mutex_lock(&bay->lock);
    bay->n_ended++;
    (void)uv_async_send(&bay->wake); /* cannot fail on an open handle */
    uv_mutex_unlock(&bay->lock);
}

static void wake_closed(uv_handle_t *handle)
{
    struct cs_bay *bay = CS_CONTAINER_OF(handle, struct cs_bay, wake);

    uv_cond_destroy(&bay->work);
    uv_mutex_destroy(&bay->lock);
    bay->on_closed(bay);
}

static void end_if_done(struct cs_bay *bay)
{
    bool done;

    uv_mutex_lock(&bay->lock);
    done = bay->n_ended == bay->n_threads;
    uv_mutex_unlock(&bay->lock);
    if (!done || bay->joined) {
        return;
    }
    bay->joined = true;
    for (unsigned i = 0; i < bay->n_threads; i++) {
        (void)uv_thread_join(&bay->threads[i]); /* its last act was to wake us */
    }
    drop_all(bay, &bay->ready);
    uv_close((uv_handle_t *)&bay->wake, wake_closed);
}

static void on_wake(uv_async_t *handle)
{
    struct cs_bay *bay = CS_CONTAINER_OF(handle, struct cs_bay, wake);
    struct cs_queue got;
    struct cs_link *item;

    if (bay->ending) {
        end_if_done(bay);
        return;
    }
    uv_mutex_lock(&bay->lock);
    got = bay->ready;
    bay->ready = (struct cs_queue){0};
    uv_mutex_unlock(&bay->lock);
    while ((item = cs_queue_pop(&got)) != NULL) {
        if (bay->ending) { /* on_ready may have closed us */
            bay->on_drop(bay, item);
        } else {
            bay->on_ready(bay, item);
        }
    }
}

static enum cs_err init_sync(struct cs_bay *bay, uv_loop_t *loop)
{
    if (uv_mutex_init(&bay->lock) != 0) {
        return CS_ERR_OS;
    }
    if (uv_cond_init(&bay->work) != 0) {
        uv_mutex_destroy(&bay->lock);
        return CS_ERR_OS;
    }
    if (uv_async_init(loop, &bay->wake, on_wake) != 0) {
        uv_cond_destroy(&bay->work);
        uv_mutex_destroy(&bay->lock);
        return CS_ERR_OS;
    }
    return CS_OK;
}

enum cs_err cs_bay_open(struct cs_bay *bay, uv_loop_t *loop, unsigned n,
                        bool *must_wait)
{
    *must_wait = false;
    bay->log = cs_log_target_get(); /* as the thread that we work for */
    CS_CHECK(init_sync(bay, loop));
    n = n < CS_BAY_THREADS ? n : CS_BAY_THREADS;
    while (bay->n_threads < n &&
           uv_thread_create(&bay->threads[bay->n_threads], bay_main, bay) == 0) {
        bay->n_threads++;
    }
    if (bay->n_threads != 0) {
        return CS_OK;
    }
    *must_wait = true;
    bay->ending = true;
    uv_close((uv_handle_t *)&bay->wake, wake_closed);
    return CS_ERR_OS;
}

bool cs_bay_put(struct cs_bay *bay, struct cs_link *item, size_t max)
{
    bool taken;

    CS_ASSERT(!bay->ending);
    uv_mutex_lock(&bay->lock);
    taken = max == 0 || bay->waiting.n < max;
    if (taken) {
        cs_queue_push(&bay->waiting, item);
        uv_cond_signal(&bay->work);
    }
    uv_mutex_unlock(&bay->lock);
    return taken;
}

void cs_bay_give_back_all(struct cs_bay *bay, struct cs_queue *items)
{
    struct cs_link *item;

    uv_mutex_lock(&bay->lock);
    while ((item = cs_queue_pop(items)) != NULL) {
        cs_queue_push(&bay->ready, item);
    }
    (void)uv_async_send(&bay->wake); /* cannot fail on an open handle */
    uv_mutex_unlock(&bay->lock);
}

size_t cs_bay_waiting(struct cs_bay *bay)
{
    size_t n;

    uv_mutex_lock(&bay->lock);
    n = bay->waiting.n;
    uv_mutex_unlock(&bay->lock);
    return n;
}

void cs_bay_give_back(struct cs_bay *bay, struct cs_link *item)
{
    struct cs_queue one = {0};

    cs_queue_push(&one, item);
    cs_bay_give_back_all(bay, &one);
}

bool cs_bay_wait(struct cs_bay *bay, bool drain,
                 void (*take)(struct cs_queue *waiting, struct cs_queue *out),
                 struct cs_queue *out)
{
    uv_mutex_lock(&bay->lock);
    while (!bay->ending && bay->waiting.first == NULL) {
        uv_cond_wait(&bay->work, &bay->lock);
    }
    if (!bay->ending || drain) {
        take(&bay->waiting, out);
    }
    uv_mutex_unlock(&bay->lock);
    return out->first != NULL;
}

void cs_bay_close(struct cs_bay *bay, bool drain)
{
    CS_ASSERT(!bay->ending);
    uv_mutex_lock(&bay->lock);
    bay->ending = true;
    if (!drain) {
        drop_all(bay, &bay->waiting);
    }
    uv_cond_broadcast(&bay->work);
    uv_mutex_unlock(&bay->lock);
    (void)uv_async_send(&bay->wake); /* all may have ended before we asked */
}
