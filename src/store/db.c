#include "store/db.h"

#include <string.h>

#include "base/mem.h"
#include "store/omap.h"

/* Pending entries hang in a map (by key) and in a list (by the step that wrote them
 * last, oldest first).  The entries of the running step are the tail of the list, the
 * ones that become durable its head, so neither end is ever searched. */
struct cs_db {
    struct cs_kv *kv;
    struct cs_omap map;
    struct cs_omap_entry *oldest, *newest;
    uint64_t taken;     /* number of the last batch taken; the step writes taken + 1 */
    enum cs_err failed; /* an error inside the running step */
};

struct cs_db *cs_db_new(struct cs_kv *kv)
{
    struct cs_db *db = cs_alloc(sizeof *db);

    if (db != NULL) {
        db->kv = kv;
    }
    return db;
}

void cs_db_free(struct cs_db *db)
{
    if (db != NULL) {
        cs_omap_clear(&db->map);
        cs_free(db);
    }
}

struct cs_kv *cs_db_kv(struct cs_db *db)
{
    return db->kv;
}

static void list_remove(struct cs_db *db, struct cs_omap_entry *e)
{
    if (e->older != NULL) {
        e->older->newer = e->newer;
    } else {
        db->oldest = e->newer;
    }
    if (e->newer != NULL) {
        e->newer->older = e->older;
    } else {
        db->newest = e->older;
    }
}

static void list_append(struct cs_db *db, struct cs_omap_entry *e)
{
    e->older = db->newest;
    e->newer = NULL;
    if (db->newest != NULL) {
        db->newest->newer = e;
    } else {
        db->oldest = e;
    }
    db->newest = e;
}

enum cs_err cs_db_get(struct cs_db *db, uint8_t table, struct cs_span key,
                      struct cs_wr *out)
{
    const struct cs_omap_entry *e;
    struct cs_omap_key k;

    if (key.n > CS_KV_KEY_MAX) {
        return CS_ERR_NOT_FOUND;
    }
    k = cs_omap_key(table, key);
    e = cs_omap_find(&db->map, &k);
    if (e == NULL) {
        return db->kv->ops->get(db->kv, table, key, out);
    }
    if (e->del) {
        return CS_ERR_NOT_FOUND;
    }
    if (out == NULL) {
        return CS_OK;
    }
    cs_wr_span(out, cs_omap_value_span(e));
    return out->err;
}

static enum cs_err write_entry(struct cs_db *db, uint8_t table, struct cs_span key,
                               struct cs_span value, bool del)
{
    struct cs_omap_entry *e, *old;

    if (db->failed != CS_OK) {
        return db->failed;
    }
    if (key.n > CS_KV_KEY_MAX || value.n > CS_KV_VALUE_MAX) {
        db->failed = CS_ERR_TOO_LONG;
        return db->failed;
    }
    e = cs_omap_entry_new(table, key, value);
    if (e == NULL) {
        db->failed = CS_ERR_NOMEM;
        return db->failed;
    }
    e->del = del;
    e->seq = db->taken + 1;
    old = cs_omap_put(&db->map, e);
    if (old != NULL) {
        list_remove(db, old);
        cs_omap_entry_free(old);
    }
    list_append(db, e);
    return CS_OK;
}

enum cs_err cs_db_put(struct cs_db *db, uint8_t table, struct cs_span key,
                      struct cs_span value)
{
    return write_entry(db, table, key, value, false);
}

enum cs_err cs_db_del(struct cs_db *db, uint8_t table, struct cs_span key)
{
    return write_entry(db, table, key, CS_SPAN(NULL, 0), true);
}

/* One direction of a scan over both sources. */
struct walk {
    struct cs_db *db;
    uint8_t table;
    struct cs_omap_key at; /* where the last entry was */
    bool forward, after;
    struct cs_wr *key, *value;
};

static const struct cs_omap_entry *pending_at(const struct walk *w)
{
    const struct cs_omap_entry *e;

    if (w->forward) {
        e = cs_omap_next(&w->db->map, &w->at, w->after);
    } else if (w->at.n == 1) { /* before empty: any key of the table */
        e = cs_omap_last(&w->db->map, w->table);
    } else {
        e = cs_omap_prev(&w->db->map, &w->at);
    }
    return e != NULL && e->bytes[0] == w->table ? e : NULL;
}

static enum cs_err durable_at(const struct walk *w)
{
    struct cs_span at = CS_SPAN(w->at.bytes + 1, w->at.n - 1);
    struct cs_kv *kv = w->db->kv;

    cs_wr_reset(w->key);
    cs_wr_reset(w->value);
    if (w->forward) {
        return kv->ops->next(kv, w->table, at, w->after, w->key, w->value);
    }
    return kv->ops->prev(kv, w->table, at, w->key, w->value);
}

/* Does the pending entry come before (or at) the durable one that w->key holds? */
static bool pending_first(const struct walk *w, const struct cs_omap_entry *e)
{
    struct cs_span a = cs_omap_key_span(e), b = cs_wr_get(w->key);
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

    if (c == 0 && a.n != b.n) {
        c = a.n < b.n ? -1 : 1;
    }
    return c == 0 || (c < 0) == w->forward;
}

static enum cs_err walk(struct walk *w)
{
    for (;;) {
        const struct cs_omap_entry *e = pending_at(w);
        enum cs_err err = durable_at(w);

        if (err != CS_OK && err != CS_ERR_NOT_FOUND) {
            return err;
        }
        if (e == NULL || (err == CS_OK && !pending_first(w, e))) {
            return err;
        }
        w->at = cs_omap_key(w->table, cs_omap_key_span(e));
        w->after = true;
        if (!e->del) {
            cs_wr_reset(w->key);
            cs_wr_reset(w->value);
            cs_wr_span(w->key, cs_omap_key_span(e));
            cs_wr_span(w->value, cs_omap_value_span(e));
            return w->key->err != CS_OK ? w->key->err : w->value->err;
        }
        if (!w->forward && w->at.n == 1) {
            return CS_ERR_NOT_FOUND; /* the empty key was the first one */
        }
    }
}

static enum cs_err walk_from(struct walk *w, struct cs_span from)
{
    struct cs_wr unwanted = {0};
    enum cs_err err;

    if (from.n > CS_KV_KEY_MAX) {
        return CS_ERR_TOO_LONG;
    }
    w->at = cs_omap_key(w->table, from); /* a copy: from may lie in w->key */
    if (w->value == NULL) {
        w->value = &unwanted;
    }
    err = walk(w);
    cs_wr_free(&unwanted);
    return err;
}

enum cs_err cs_db_next(struct cs_db *db, uint8_t table, struct cs_span from, bool after,
                       struct cs_wr *key, struct cs_wr *value)
{
    struct walk w = {.db = db,
                     .table = table,
                     .forward = true,
                     .after = after,
                     .key = key,
                     .value = value};

    return walk_from(&w, from);
}

enum cs_err cs_db_prev(struct cs_db *db, uint8_t table, struct cs_span before,
                       struct cs_wr *key, struct cs_wr *value)
{
    struct walk w = {.db = db, .table = table, .key = key, .value = value};

    return walk_from(&w, before);
}

static enum cs_err fill(struct cs_kv_batch *b, const struct cs_omap_entry *from)
{
    for (const struct cs_omap_entry *e = from; e != NULL; e = e->newer) {
        struct cs_span key = cs_omap_key_span(e);

        if (e->del) {
            CS_CHECK(cs_kv_batch_del(b, e->bytes[0], key));
        } else {
            CS_CHECK(cs_kv_batch_put(b, e->bytes[0], key, cs_omap_value_span(e)));
        }
    }
    return CS_OK;
}

enum cs_err cs_db_take_batch(struct cs_db *db, struct cs_kv_batch **batch)
{
    const struct cs_omap_entry *from = NULL;

    *batch = NULL;
    if (db->failed != CS_OK) {
        return db->failed;
    }
    for (const struct cs_omap_entry *e = db->newest;
         e != NULL && e->seq == db->taken + 1; e = e->older) {
        from = e;
    }
    if (from == NULL) {
        return CS_OK;
    }
    *batch = cs_kv_batch_new();
    db->failed = *batch == NULL ? CS_ERR_NOMEM : fill(*batch, from);
    if (db->failed != CS_OK) {
        cs_kv_batch_free(*batch);
        *batch = NULL;
        return db->failed;
    }
    db->taken++;
    return CS_OK;
}

uint64_t cs_db_taken(const struct cs_db *db)
{
    return db->taken;
}

void cs_db_durable(struct cs_db *db, uint64_t seq)
{
    CS_ASSERT(seq <= db->taken);
    while (db->oldest != NULL && db->oldest->seq <= seq) {
        struct cs_omap_entry *e = db->oldest;
        struct cs_omap_key k = cs_omap_key(e->bytes[0], cs_omap_key_span(e));

        list_remove(db, e);
        CS_ASSERT(cs_omap_remove(&db->map, &k) == e);
        cs_omap_entry_free(e);
    }
}

void cs_db_drop(struct cs_db *db)
{
    cs_omap_clear(&db->map);
    db->oldest = NULL;
    db->newest = NULL;
    db->taken = 0;
    db->failed = CS_OK;
}

size_t cs_db_pending(const struct cs_db *db)
{
    return db->map.n;
}
