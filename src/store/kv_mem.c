#include "store/kv_mem.h"

#include "base/mem.h"
#include "store/omap.h"

struct kv_mem {
    struct cs_kv kv;
    struct cs_omap map;
    unsigned fail_in; /* 0: no fault set */
    enum cs_err fail_err;
    enum cs_err latched;
    bool full;
    unsigned long n_commits;
};

static struct kv_mem *self_of(struct cs_kv *kv)
{
    return CS_CONTAINER_OF(kv, struct kv_mem, kv);
}

static const struct kv_mem *const_self_of(const struct cs_kv *kv)
{
    return (const struct kv_mem *)(const void *)kv; /* kv is the first member */
}

static enum cs_err mem_get(struct cs_kv *kv, uint8_t table, struct cs_span key,
                           struct cs_wr *out)
{
    struct cs_omap_key k;
    const struct cs_omap_entry *e;

    if (key.n > CS_KV_KEY_MAX) {
        return CS_ERR_NOT_FOUND;
    }
    k = cs_omap_key(table, key);
    e = cs_omap_find(&self_of(kv)->map, &k);
    if (e == NULL) {
        return CS_ERR_NOT_FOUND;
    }
    if (out == NULL) {
        return CS_OK;
    }
    cs_wr_span(out, cs_omap_value_span(e));
    return out->err;
}

static enum cs_err give(const struct cs_omap_entry *e, uint8_t table, struct cs_wr *key,
                        struct cs_wr *value)
{
    if (e == NULL || e->bytes[0] != table) {
        return CS_ERR_NOT_FOUND;
    }
    cs_wr_span(key, cs_omap_key_span(e));
    cs_wr_span(value, cs_omap_value_span(e));
    return key->err != CS_OK ? key->err : value->err;
}

static enum cs_err mem_next(struct cs_kv *kv, uint8_t table, struct cs_span from,
                            bool after, struct cs_wr *key, struct cs_wr *value)
{
    struct cs_omap_key k;

    if (from.n > CS_KV_KEY_MAX) {
        return CS_ERR_TOO_LONG;
    }
    k = cs_omap_key(table, from);
    return give(cs_omap_next(&self_of(kv)->map, &k, after), table, key, value);
}

static enum cs_err mem_prev(struct cs_kv *kv, uint8_t table, struct cs_span before,
                            struct cs_wr *key, struct cs_wr *value)
{
    struct cs_omap_key k;

    if (before.n > CS_KV_KEY_MAX) {
        return CS_ERR_TOO_LONG;
    }
    if (before.n == 0) {
        return give(cs_omap_last(&self_of(kv)->map, table), table, key, value);
    }
    k = cs_omap_key(table, before);
    return give(cs_omap_prev(&self_of(kv)->map, &k), table, key, value);
}

static enum cs_err mem_scan(struct cs_kv *kv, cs_kv_scan_fn *fn, void *ctx)
{
    struct cs_omap_key k = {.n = 0}; /* before everything */
    const struct cs_omap_entry *e;
    bool after = false;

    while ((e = cs_omap_next(&self_of(kv)->map, &k, after)) != NULL) {
        CS_CHECK(fn(ctx, e->bytes[0], cs_omap_key_span(e), cs_omap_value_span(e)));
        k = cs_omap_key(e->bytes[0], cs_omap_key_span(e));
        after = true;
    }
    return CS_OK;
}

static enum cs_err injected(struct kv_mem *m)
{
    if (m->latched != CS_OK) {
        return m->latched;
    }
    if (m->full) {
        return CS_ERR_STORE_FULL;
    }
    if (m->fail_in != 0 && --m->fail_in == 0) {
        m->latched = m->fail_err == CS_ERR_STORE_IO ? CS_ERR_STORE_IO : CS_OK;
        return m->fail_err;
    }
    return CS_OK;
}

/* Entries for all puts first, so that applying them cannot fail half-way. */
static enum cs_err prepare(const struct cs_kv_batch *b, struct cs_omap_entry **list)
{
    struct cs_omap_entry **end = list;

    for (const struct cs_kv_op *op = b->first; op != NULL; op = op->next) {
        struct cs_omap_entry *e = cs_omap_entry_new(op->table,
                                                    CS_SPAN(op->key, op->key_len),
                                                    CS_SPAN(op->value, op->value_len));

        if (e == NULL) {
            return CS_ERR_NOMEM;
        }
        e->del = op->del;
        *end = e;
        end = &e->newer;
    }
    return CS_OK;
}

static void apply(struct cs_omap *map, struct cs_omap_entry *list)
{
    for (struct cs_omap_entry *e = list, *next; e != NULL; e = next) {
        next = e->newer;
        e->newer = NULL;
        if (e->del) {
            struct cs_omap_key k = cs_omap_key(e->bytes[0], cs_omap_key_span(e));

            cs_omap_entry_free(cs_omap_remove(map, &k));
            cs_omap_entry_free(e);
        } else {
            cs_omap_entry_free(cs_omap_put(map, e));
        }
    }
}

static enum cs_err mem_commit(struct cs_kv *kv, const struct cs_kv_batch *b)
{
    struct kv_mem *m = self_of(kv);
    struct cs_omap_entry *list = NULL;
    enum cs_err err = injected(m);

    if (err == CS_OK) {
        err = prepare(b, &list);
    }
    if (err == CS_OK) {
        apply(&m->map, list);
        m->n_commits++;
        return CS_OK;
    }
    for (struct cs_omap_entry *e = list, *next; e != NULL; e = next) {
        next = e->newer;
        cs_omap_entry_free(e);
    }
    return err;
}

static void mem_close(struct cs_kv *kv)
{
    struct kv_mem *m = self_of(kv);

    cs_omap_clear(&m->map);
    cs_free(m);
}

static const struct cs_kv_ops mem_ops = {
    .get = mem_get,
    .next = mem_next,
    .prev = mem_prev,
    .scan = mem_scan,
    .commit = mem_commit,
    .close = mem_close,
};

struct cs_kv *cs_kv_mem_new(void)
{
    struct kv_mem *m = cs_alloc(sizeof *m);

    if (m == NULL) {
        return NULL;
    }
    m->kv.ops = &mem_ops;
    return &m->kv;
}

static enum cs_err copy_one(void *ctx, uint8_t table, struct cs_span key,
                            struct cs_span value)
{
    struct cs_omap_entry *e = cs_omap_entry_new(table, key, value);

    if (e == NULL) {
        return CS_ERR_NOMEM;
    }
    cs_omap_entry_free(cs_omap_put(ctx, e));
    return CS_OK;
}

struct cs_kv *cs_kv_mem_clone(struct cs_kv *kv)
{
    struct cs_kv *copy = cs_kv_mem_new();

    if (copy != NULL && mem_scan(kv, copy_one, &self_of(copy)->map) != CS_OK) {
        mem_close(copy);
        copy = NULL;
    }
    return copy;
}

void cs_kv_mem_fail_commit(struct cs_kv *kv, unsigned nth, enum cs_err err)
{
    self_of(kv)->fail_in = nth;
    self_of(kv)->fail_err = err;
}

void cs_kv_mem_heal(struct cs_kv *kv)
{
    self_of(kv)->fail_in = 0;
    self_of(kv)->latched = CS_OK;
    self_of(kv)->full = false;
}

void cs_kv_mem_set_full(struct cs_kv *kv, bool full)
{
    self_of(kv)->full = full;
}

unsigned long cs_kv_mem_commits(const struct cs_kv *kv)
{
    return const_self_of(kv)->n_commits;
}

size_t cs_kv_mem_count(const struct cs_kv *kv)
{
    return const_self_of(kv)->map.n;
}
