/* The sealed store in use: read, write, end a step.  Opening is safe_open.c; formats
 * are in README.md. */
#include "store/safe.h"

#include <string.h>

#include "base/mem.h"
#include "store/safe_priv.h"

void cs_safe_free(struct cs_safe *s)
{
    if (s != NULL) {
        cs_guard_free(s->secret);
        cs_free_wiped(s, sizeof *s);
    }
}

static bool table_ok(uint8_t table)
{
    return table >= CS_SAFE_TABLE_MIN;
}

enum cs_err cs_safe_get(struct cs_safe *s, uint8_t table, struct cs_span key,
                        struct cs_wr *out)
{
    uint8_t name[CS_RECORD_NAME];
    struct cs_wr sealed = {0};
    enum cs_err err;

    if (!table_ok(table) || key.n > CS_SAFE_KEY_MAX) {
        return CS_ERR_NOT_FOUND;
    }
    cs_record_name(name, &s->secret->keys, table, key);
    err = cs_db_get(s->db, table, CS_SPAN_OF(name), &sealed);
    if (err == CS_OK) {
        err = cs_record_open(NULL, out, &s->secret->keys, cs_safe_bind(s, table, name),
                             cs_wr_get(&sealed));
    }
    cs_wr_free(&sealed);
    return err;
}

bool cs_safe_has(struct cs_safe *s, uint8_t table, struct cs_span key)
{
    uint8_t name[CS_RECORD_NAME];

    if (!table_ok(table) || key.n > CS_SAFE_KEY_MAX) {
        return false;
    }
    cs_record_name(name, &s->secret->keys, table, key);
    return cs_db_get(s->db, table, CS_SPAN_OF(name), NULL) == CS_OK;
}

/* Takes the record's present version, if there is one, out of the manifest. */
static enum cs_err set_remove(struct cs_safe *s, struct cs_manifest *m, uint8_t table,
                              struct cs_span name)
{
    uint8_t element[32];
    struct cs_wr old = {0};
    enum cs_err err = cs_db_get(s->db, table, name, &old);

    if (err == CS_OK) {
        err = cs_record_element(element, &s->secret->keys, table, name,
                                cs_wr_get(&old));
    }
    if (err == CS_OK) {
        cs_manifest_toggle(m, element);
        m->count--;
    }
    cs_wr_free(&old);
    return err;
}

static enum cs_err put(struct cs_safe *s, uint8_t table, struct cs_span key,
                       struct cs_span value)
{
    uint8_t name[CS_RECORD_NAME], element[32];
    const struct cs_manifest before = s->m;
    struct cs_manifest m = s->m;
    struct cs_wr w = {0};
    enum cs_err err;

    cs_record_name(name, &s->secret->keys, table, key);
    err = set_remove(s, &m, table, CS_SPAN_OF(name));
    CS_TRY(err == CS_ERR_NOT_FOUND ? CS_OK : err);
    CS_TRY(cs_safe_seal(s, &w, &m, m.generation + 1, cs_safe_bind(s, table, name), key,
                        value));
    CS_TRY(cs_record_element(element, &s->secret->keys, table, CS_SPAN_OF(name),
                             cs_wr_get(&w)));
    cs_manifest_toggle(&m, element);
    m.count++;
    CS_TRY(cs_db_put(s->db, table, CS_SPAN_OF(name), cs_wr_get(&w)));
    s->m = m;
    s->is_dirty = true;
    cs_safe_walk_changed(s, &before, table, name);
out:
    cs_wr_free(&w);
    return err;
}

enum cs_err cs_safe_put(struct cs_safe *s, uint8_t table, struct cs_span key,
                        struct cs_span value)
{
    if (s->failed == CS_OK) {
        if (!table_ok(table)) {
            s->failed = CS_ERR_USAGE;
        } else if (key.n > CS_SAFE_KEY_MAX || value.n > CS_SAFE_VALUE_MAX) {
            s->failed = CS_ERR_TOO_LONG;
        } else {
            s->failed = put(s, table, key, value);
        }
    }
    return s->failed;
}

static enum cs_err del(struct cs_safe *s, uint8_t table, struct cs_span key)
{
    uint8_t name[CS_RECORD_NAME];
    const struct cs_manifest before = s->m;
    struct cs_manifest m = s->m;
    enum cs_err err;

    cs_record_name(name, &s->secret->keys, table, key);
    err = set_remove(s, &m, table, CS_SPAN_OF(name));
    if (err == CS_ERR_NOT_FOUND) {
        return CS_OK;
    }
    CS_CHECK(err);
    CS_CHECK(cs_db_del(s->db, table, CS_SPAN_OF(name)));
    s->m = m;
    s->is_dirty = true;
    cs_safe_walk_changed(s, &before, table, name);
    return CS_OK;
}

enum cs_err cs_safe_del(struct cs_safe *s, uint8_t table, struct cs_span key)
{
    if (s->failed == CS_OK) {
        if (!table_ok(table)) {
            s->failed = CS_ERR_USAGE;
        } else if (key.n <= CS_SAFE_KEY_MAX) { /* longer ones cannot be there */
            s->failed = del(s, table, key);
        }
    }
    return s->failed;
}

/* Opens the next record of the table into key and value; name holds where we are. */
static enum cs_err each_next(struct cs_safe *s, uint8_t table, bool after,
                             struct cs_wr *name, struct cs_wr *key, struct cs_wr *value)
{
    struct cs_wr sealed = {0};
    enum cs_err err = cs_db_next(s->db, table, cs_wr_get(name), after, name, &sealed);

    if (err == CS_OK && name->n != CS_RECORD_NAME) {
        err = CS_ERR_STORE_CORRUPT;
    }
    if (err == CS_OK) {
        cs_wr_reset(key);
        cs_wr_reset(value);
        err = cs_record_open(key, value, &s->secret->keys,
                             cs_safe_bind(s, table, name->p), cs_wr_get(&sealed));
    }
    cs_wr_free(&sealed);
    return err;
}

static enum cs_err some(struct cs_safe *s, uint8_t table, struct cs_safe_place *at,
                        size_t max, cs_safe_fn *fn, void *ctx)
{
    struct cs_wr name = {0}, key = {0}, value = {0};
    enum cs_err err = CS_OK;

    if (at->begun) {
        cs_wr_bytes(&name, at->name, sizeof at->name);
        err = name.err;
    }
    for (size_t i = 0; i < max && err == CS_OK; i++) {
        err = each_next(s, table, at->begun, &name, &key, &value);
        if (err == CS_OK) {
            memcpy(at->name, name.p, sizeof at->name);
            at->begun = true;
            err = fn(ctx, cs_wr_get(&key), cs_wr_get(&value));
        }
    }
    cs_wr_free(&name);
    cs_wr_free(&key);
    cs_wr_free(&value);
    return err;
}

enum cs_err cs_safe_some(struct cs_safe *s, uint8_t table, struct cs_safe_place *at,
                         size_t max, cs_safe_fn *fn, void *ctx)
{
    return table_ok(table) ? some(s, table, at, max, fn, ctx) : CS_ERR_USAGE;
}

enum cs_err cs_safe_each(struct cs_safe *s, uint8_t table, cs_safe_fn *fn, void *ctx)
{
    struct cs_safe_place at = {.begun = false};
    enum cs_err err = cs_safe_some(s, table, &at, SIZE_MAX, fn, ctx);

    return err == CS_ERR_NOT_FOUND ? CS_OK : err;
}

static enum cs_err take(struct cs_safe *s, struct cs_kv_batch **batch)
{
    struct cs_manifest m = s->m;
    struct cs_wr w = {0};
    enum cs_err err = CS_OK;

    if (s->is_dirty) {
        m.generation++;
        CS_TRY(cs_manifest_seal(s, &w, &m));
        CS_TRY(
            cs_db_put(s->db, CS_SAFE_TABLE_MANIFEST, CS_SPAN(NULL, 0), cs_wr_get(&w)));
    }
    CS_TRY(cs_db_take_batch(s->db, batch));
    s->m = m;
    s->is_dirty = false;
out:
    cs_wr_free(&w);
    return err;
}

enum cs_err cs_safe_take_batch(struct cs_safe *s, struct cs_kv_batch **batch)
{
    *batch = NULL;
    if (s->failed == CS_OK) {
        s->failed = take(s, batch);
    }
    return s->failed;
}

uint64_t cs_safe_generation(const struct cs_safe *s)
{
    return s->m.generation;
}

uint64_t cs_safe_count(const struct cs_safe *s)
{
    return s->m.count;
}

const char *cs_safe_device(const struct cs_safe *s)
{
    return s->device_id;
}

struct cs_db *cs_safe_db(struct cs_safe *s)
{
    return s->db;
}
