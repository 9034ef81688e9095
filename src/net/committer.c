#include "net/committer.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/os/clock.h"
#include "net/bay.h"

/* A commit's size is bounded, so that no group grows past what the store reserves. */
enum { GROUP_BYTES_MAX = 8 << 20, GROUP_BATCHES_MAX = 4096 };

struct item {
    struct cs_link link;
    struct cs_kv_batch *batch;
    uint64_t seq, at;
    enum cs_err err;
};

struct cs_committer {
    struct cs_bay bay;
    struct cs_committer_config cfg;
    enum cs_err failed; /* commit thread only */
    struct cs_committer_stats stats;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static struct cs_committer *of(struct cs_bay *bay)
{
    return CS_CONTAINER_OF(bay, struct cs_committer, bay);
}

static struct item *item_of(struct cs_link *link)
{
    return CS_CONTAINER_OF(link, struct item, link);
}

static void take_group(struct cs_queue *waiting, struct cs_queue *out)
{
    size_t bytes = 0;

    while (waiting->first != NULL && out->n < GROUP_BATCHES_MAX) {
        size_t more = item_of(waiting->first)->batch->bytes;

        if (out->n != 0 && bytes + more > GROUP_BYTES_MAX) {
            break;
        }
        bytes += more;
        cs_queue_push(out, cs_queue_pop(waiting));
    }
}

/* All batches of the group, in order, as one; the items keep none. */
static struct cs_kv_batch *join_group(struct cs_queue *group)
{
    struct cs_kv_batch *all = NULL;

    for (struct cs_link *l = group->first; l != NULL; l = l->next) {
        struct item *item = item_of(l);

        if (all == NULL) {
            all = item->batch;
        } else {
            cs_kv_batch_join(all, item->batch);
        }
        item->batch = NULL;
    }
    return all;
}

static void commit_group(struct cs_committer *c, struct cs_queue *group)
{
    struct cs_kv_batch *all = join_group(group);

    if (c->failed == CS_OK) {
        c->failed = c->cfg.kv->ops->commit(c->cfg.kv, all);
        if (c->failed != CS_OK) {
            cs_log(CS_LOG_ERROR, "store", "commit failed: %s", cs_err_text(c->failed));
        }
    }
    cs_kv_batch_free(all);
    for (struct cs_link *l = group->first; l != NULL; l = l->next) {
        item_of(l)->err = c->failed;
    }
}

static void commit_main(struct cs_bay *bay)
{
    struct cs_queue group = {0};

    while (cs_bay_wait(bay, true, take_group, &group)) {
        commit_group(of(bay), &group);
        cs_bay_give_back_all(bay, &group);
    }
}

static void on_drop(struct cs_bay *bay, struct cs_link *link)
{
    (void)bay;
    cs_kv_batch_free(item_of(link)->batch);
    cs_free(item_of(link));
}

static void on_ready(struct cs_bay *bay, struct cs_link *link)
{
    struct cs_committer *c = of(bay);
    uint64_t seq = item_of(link)->seq;
    enum cs_err err = item_of(link)->err;

    c->stats.waiting--;
    if (err == CS_OK) {
        cs_hist_add(&c->stats.latency, cs_os_now_ms() - item_of(link)->at);
    } else {
        c->stats.failed++;
    }
    on_drop(bay, link);
    c->cfg.done(c->cfg.ctx, seq, err);
}

static void on_closed(struct cs_bay *bay)
{
    struct cs_committer *c = of(bay);
    void (*closed)(void *ctx) = c->closed;
    void *ctx = c->closed_ctx;

    cs_free(c);
    if (closed != NULL) {
        closed(ctx);
    }
}

enum cs_err cs_committer_new(struct cs_committer **out,
                             const struct cs_committer_config *cfg)
{
    struct cs_committer *c = cs_alloc(sizeof *c);
    bool must_wait = false;
    enum cs_err err;

    *out = NULL;
    if (c == NULL) {
        return CS_ERR_NOMEM;
    }
    c->cfg = *cfg;
    c->bay.thread_main = commit_main;
    c->bay.on_ready = on_ready;
    c->bay.on_drop = on_drop;
    c->bay.on_closed = on_closed;
    err = cs_bay_open(&c->bay, cfg->loop, 1, &must_wait);
    if (err == CS_OK) {
        *out = c;
    } else if (!must_wait) {
        cs_free(c);
    }
    return err;
}

void cs_committer_add(struct cs_committer *c, struct cs_kv_batch *batch, uint64_t seq)
{
    struct item *item = cs_alloc(sizeof *item);

    CS_ASSERT(item != NULL);
    item->batch = batch;
    item->seq = seq;
    item->at = cs_os_now_ms();
    c->stats.waiting++;
    CS_ASSERT(cs_bay_put(&c->bay, &item->link, 0)); /* bounded by cs_runner.n_pending */
}

const struct cs_committer_stats *cs_committer_stats(const struct cs_committer *c)
{
    return &c->stats;
}

void cs_committer_close(struct cs_committer *c, void (*closed)(void *ctx), void *ctx)
{
    c->closed = closed;
    c->closed_ctx = ctx;
    cs_bay_close(&c->bay, true);
}
