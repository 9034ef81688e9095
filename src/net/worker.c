#include "net/worker.h"

#include "base/mem.h"
#include "net/bay.h"

enum { MAX_THREADS = 4, DEFAULT_WAITING = 1024 };

struct item {
    struct cs_link link;
    struct cs_job *job;
};

struct cs_workers {
    struct cs_bay bay;
    struct cs_workers_config cfg;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static struct cs_workers *of(struct cs_bay *bay)
{
    return CS_CONTAINER_OF(bay, struct cs_workers, bay);
}

/* Frees the item and gives out its job. */
static struct cs_job *unwrap(struct cs_link *link)
{
    struct item *item = CS_CONTAINER_OF(link, struct item, link);
    struct cs_job *job = item->job;

    cs_free(item);
    return job;
}

static void take_one(struct cs_queue *waiting, struct cs_queue *out)
{
    struct cs_link *link = cs_queue_pop(waiting);

    if (link != NULL) {
        cs_queue_push(out, link);
    }
}

static void worker_main(struct cs_bay *bay)
{
    struct cs_workers *w = of(bay);
    struct cs_queue got = {0};

    while (cs_bay_wait(bay, false, take_one, &got)) {
        struct cs_job *job = CS_CONTAINER_OF(got.first, struct item, link)->job;

        job->run(job);
        cs_bay_give_back_all(bay, &got);
    }
    if (w->cfg.thread_end != NULL) {
        w->cfg.thread_end();
    }
}

static void on_ready(struct cs_bay *bay, struct cs_link *link)
{
    struct cs_workers *w = of(bay);

    w->cfg.done(w->cfg.ctx, unwrap(link));
}

static void on_drop(struct cs_bay *bay, struct cs_link *link)
{
    struct cs_job *job = unwrap(link);

    (void)bay;
    job->free(job);
}

static void on_closed(struct cs_bay *bay)
{
    struct cs_workers *w = of(bay);
    void (*closed)(void *ctx) = w->closed;
    void *ctx = w->closed_ctx;

    cs_free(w);
    if (closed != NULL) {
        closed(ctx);
    }
}

static unsigned thread_count(unsigned wanted)
{
    uv_cpu_info_t *cpus = NULL;
    int n = 0;

    if (wanted != 0) {
        return wanted;
    }
    if (uv_cpu_info(&cpus, &n) != 0) {
        return 1;
    }
    uv_free_cpu_info(cpus, n);
    return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (unsigned)n;
}

enum cs_err cs_workers_new(struct cs_workers **out, const struct cs_workers_config *cfg)
{
    struct cs_workers *w = cs_alloc(sizeof *w);
    bool must_wait = false;
    enum cs_err err;

    *out = NULL;
    if (w == NULL) {
        return CS_ERR_NOMEM;
    }
    w->cfg = *cfg;
    w->cfg.max_waiting = cfg->max_waiting != 0 ? cfg->max_waiting : DEFAULT_WAITING;
    w->bay.thread_main = worker_main;
    w->bay.on_ready = on_ready;
    w->bay.on_drop = on_drop;
    w->bay.on_closed = on_closed;
    err = cs_bay_open(&w->bay, cfg->loop, thread_count(cfg->n_threads), &must_wait);
    if (err == CS_OK) {
        *out = w;
    } else if (!must_wait) {
        cs_free(w);
    }
    return err;
}

void cs_workers_run(struct cs_workers *w, struct cs_job *job)
{
    struct item *item = cs_alloc(sizeof *item);

    CS_ASSERT(item != NULL);
    item->job = job;
    if (!cs_bay_put(&w->bay, &item->link, w->cfg.max_waiting)) {
        job->run(job); /* back-pressure: the loop works instead of queueing more */
        cs_bay_give_back(&w->bay, &item->link);
    }
}

size_t cs_workers_waiting(struct cs_workers *w)
{
    return cs_bay_waiting(&w->bay);
}

void cs_workers_close(struct cs_workers *w, void (*closed)(void *ctx), void *ctx)
{
    w->closed = closed;
    w->closed_ctx = ctx;
    cs_bay_close(&w->bay, false);
}
