/* Everything in the store looked at: each record opened, and the set of them proved to
 * be the manifest's.  At once, or in pieces beside a node's work. */
#include <string.h>

#include "base/mem.h"
#include "store/safe_priv.h"

static const struct cs_span empty = {NULL, 0};

struct deep {
    struct cs_safe *s;
    struct cs_wr key, value;
    uint64_t n;
};

static enum cs_err deep_one(void *ctx, uint8_t table, struct cs_span key,
                            struct cs_span value)
{
    struct deep *d = ctx;

    if (table < CS_SAFE_TABLE_MIN) {
        return CS_OK; /* header and manifest were opened to get here */
    }
    if (key.n != CS_RECORD_NAME) {
        return CS_ERR_STORE_CORRUPT;
    }
    cs_wr_reset(&d->key);
    cs_wr_reset(&d->value);
    CS_CHECK(cs_record_open(&d->key, &d->value, &d->s->secret->keys,
                            cs_safe_bind(d->s, table, key.p), value));
    d->n++;
    return CS_OK;
}

enum cs_err cs_safe_check_all(struct cs_safe *s, uint64_t *n, struct cs_why *why)
{
    struct deep d = {.s = s};
    struct cs_kv *kv = cs_db_kv(s->db);
    enum cs_err err;

    *n = 0;
    if (s->is_dirty || cs_db_pending(s->db) != 0) {
        return CS_ERR_STATE; /* what waits is not on the disk yet */
    }
    CS_CHECK(cs_safe_set_check(s, why));
    err = kv->ops->scan(kv, deep_one, &d);
    *n = d.n;
    cs_wr_free(&d.key);
    cs_wr_free(&d.value);
    if (err == CS_ERR_STORE_CORRUPT) {
        return cs_why(why, err, "record %llu of the store does not verify",
                      (unsigned long long)d.n + 1);
    }
    return err;
}

/* ---- in pieces ------------------------------------------------------------------- */

void cs_safe_check_begin(struct cs_safe *s)
{
    s->walk = (struct cs_safe_walk){.is_on = true};
}

/* Was seen by the walk, or stands where it has been. */
static bool is_behind(const struct cs_safe_walk *w, uint8_t table,
                      const uint8_t name[CS_RECORD_NAME])
{
    if (table != w->table) {
        return table < w->table;
    }
    return w->at.begun && memcmp(name, w->at.name, CS_RECORD_NAME) <= 0;
}

void cs_safe_walk_changed(struct cs_safe *s, const struct cs_manifest *before,
                          uint8_t table, const uint8_t name[CS_RECORD_NAME])
{
    struct cs_safe_walk *w = &s->walk;

    if (w->is_on && is_behind(w, table, name)) {
        cs_manifest_toggle(&w->found, before->set);
        cs_manifest_toggle(&w->found, s->m.set);
        w->found.count += s->m.count - before->count;
    }
}

/* The next record of the walk's table; NOT_FOUND at its end. */
static enum cs_err look(struct cs_safe *s, struct cs_wr *name, struct cs_wr *sealed,
                        struct cs_wr *plain)
{
    struct cs_safe_walk *w = &s->walk;
    uint8_t element[32];

    cs_wr_reset(name);
    if (w->at.begun) {
        cs_wr_bytes(name, w->at.name, sizeof w->at.name);
        CS_CHECK(name->err);
    }
    CS_CHECK(cs_db_next(s->db, w->table, cs_wr_get(name), w->at.begun, name, sealed));
    if (name->n != CS_RECORD_NAME) {
        return CS_ERR_STORE_CORRUPT;
    }
    memcpy(w->at.name, name->p, sizeof w->at.name);
    w->at.begun = true;
    cs_wr_reset(plain);
    CS_CHECK(cs_record_open(NULL, plain, &s->secret->keys,
                            cs_safe_bind(s, w->table, name->p), cs_wr_get(sealed)));
    CS_CHECK(cs_record_element(element, &s->secret->keys, w->table, cs_wr_get(name),
                               cs_wr_get(sealed)));
    cs_manifest_toggle(&w->found, element);
    w->found.count++;
    return CS_OK;
}

/* Only header and manifest stand below the application's tables. */
static enum cs_err no_strangers(struct cs_safe *s)
{
    for (uint8_t t = 0; t < CS_SAFE_TABLE_MIN; t++) {
        bool own = t == CS_SAFE_TABLE_HEADER || t == CS_SAFE_TABLE_MANIFEST;
        struct cs_wr key = {0};
        enum cs_err err = cs_db_next(s->db, t, empty, own, &key, NULL);

        cs_wr_free(&key);
        if (err != CS_ERR_NOT_FOUND) {
            return err == CS_OK ? CS_ERR_STORE_CORRUPT : err;
        }
    }
    return CS_OK;
}

/* *done: all tables were seen. */
static enum cs_err walk(struct cs_safe *s, size_t max, bool *done)
{
    struct cs_wr name = {0}, sealed = {0}, plain = {0};
    struct cs_safe_walk *w = &s->walk;
    enum cs_err err = w->table == 0 ? no_strangers(s) : CS_OK;

    if (w->table == 0) {
        w->table = CS_SAFE_TABLE_MIN;
    }
    for (size_t i = 0; i < max && err == CS_OK; i++) {
        err = look(s, &name, &sealed, &plain);
        while (err == CS_ERR_NOT_FOUND && w->table != UINT8_MAX) {
            w->table++;
            w->at.begun = false;
            err = look(s, &name, &sealed, &plain);
        }
    }
    if (err == CS_ERR_NOT_FOUND) {
        *done = true;
        err = CS_OK;
    }
    cs_wr_free(&name);
    cs_wr_free(&sealed);
    cs_wr_free(&plain);
    return err;
}

enum cs_err cs_safe_check_some(struct cs_safe *s, size_t max, uint64_t *n, bool *done,
                               struct cs_why *why)
{
    struct cs_safe_walk *w = &s->walk;
    enum cs_err err;

    if (!w->is_on) {
        cs_safe_check_begin(s);
    }
    *done = false;
    err = walk(s, max, done);
    *n = w->found.count;
    w->is_on = err == CS_OK && !*done;
    if (err == CS_ERR_STORE_CORRUPT) {
        return cs_why(why, err,
                      "a record of table 0x%02x of the store does not verify; restore "
                      "the volume from a backup of this device",
                      w->table);
    }
    CS_CHECK(err);
    if (*done && (w->found.count != s->m.count ||
                  !cs_ct_equal(w->found.set, s->m.set, sizeof s->m.set))) {
        *done = false;
        return cs_why(why, CS_ERR_STORE_CORRUPT,
                      "the store's records are not the ones of its manifest: removed, "
                      "added, swapped or taken from another copy; restore one whole "
                      "backup");
    }
    return CS_OK;
}
