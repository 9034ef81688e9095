#include "platform/core/rec.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rd.h"
#include "crypto/hash.h"
#include "platform/core/audit.h"
#include "platform/core/feed.h"
#include "platform/core/overview.h"
#include "platform/core/wait.h"

enum { SEQ_BLOCK = 4096, KEY_MAX = 64 };

static void check(struct cs_platform_core *core, enum cs_err err)
{
    if (err != CS_OK && err != CS_ERR_NOT_FOUND && core->broken == CS_OK) {
        cs_log(CS_LOG_ERROR, "platform", "store: %s", cs_err_text(err));
        core->broken = err;
    }
}

/* ---- plain bytes ------------------------------------------------------- */

bool cs_pc_raw_get(struct cs_platform_core *core, uint8_t table, struct cs_span key,
                   struct cs_wr *out)
{
    enum cs_err err = cs_db_get(core->db, table, key, out);

    check(core, err);
    return err == CS_OK && core->broken == CS_OK;
}

void cs_pc_raw_put(struct cs_platform_core *core, uint8_t table, struct cs_span key,
                   struct cs_span value)
{
    core->has_written = true;
    check(core, cs_db_put(core->db, table, key, value));
}

void cs_pc_raw_del(struct cs_platform_core *core, uint8_t table, struct cs_span key)
{
    core->has_written = true;
    check(core, cs_db_del(core->db, table, key));
}

static bool starts_with(const struct cs_wr *key, struct cs_span prefix)
{
    return key->n >= prefix.n &&
           (prefix.n == 0 || memcmp(key->p, prefix.p, prefix.n) == 0);
}

bool cs_pc_raw_next(struct cs_platform_core *core, uint8_t table, struct cs_span prefix,
                    struct cs_span from, bool after, struct cs_wr *key,
                    struct cs_wr *value)
{
    enum cs_err err = cs_db_next(core->db, table, from, after, key, value);

    check(core, err);
    return err == CS_OK && core->broken == CS_OK && starts_with(key, prefix);
}

bool cs_pc_raw_before(struct cs_platform_core *core, uint8_t table,
                      struct cs_span prefix, struct cs_span before, struct cs_wr *key,
                      struct cs_wr *value)
{
    enum cs_err err = cs_db_prev(core->db, table, before, key, value);

    check(core, err);
    return err == CS_OK && core->broken == CS_OK && starts_with(key, prefix);
}

bool cs_pc_raw_last(struct cs_platform_core *core, uint8_t table, struct cs_span prefix,
                    struct cs_wr *key, struct cs_wr *value)
{
    uint8_t end[KEY_MAX];

    /* Every key of ours is shorter than the padding, so this stands behind them all. */
    CS_ASSERT(prefix.n < sizeof end);
    memcpy(end, prefix.p, prefix.n);
    memset(end + prefix.n, 0xff, sizeof end - prefix.n);
    return cs_pc_raw_before(core, table, prefix, CS_SPAN_OF(end), key, value);
}

/* ---- ids and digests --------------------------------------------------- */

void cs_pc_random(struct cs_platform_core *core, uint8_t *out, size_t n)
{
    core->cfg.random(core->cfg.random_ctx, out, n);
}

void cs_pc_new_id(struct cs_platform_core *core, uint8_t id[CS_PC_ID])
{
    cs_pc_random(core, id, CS_PC_ID);
    cs_uuid_from_random(id);
}

uint64_t cs_pc_next_seq(struct cs_platform_core *core)
{
    struct cs_wr w = {0};

    if (core->seq == core->seq_end) {
        core->seq_end += SEQ_BLOCK;
        cs_wr_u64(&w, core->seq_end);
        cs_pc_raw_put(core, CS_PC_META, CS_SPAN_LIT("seq"), cs_wr_get(&w));
        cs_wr_free(&w);
    }
    return ++core->seq;
}

void cs_pc_digest(uint8_t out[32], const char *label, struct cs_span a,
                  struct cs_span b)
{
    const struct cs_span items[] = {CS_SPAN_LIT("cloudsign/platform"),
                                    CS_SPAN(label, strlen(label)), a, b};
    struct cs_wr w = {0};

    cs_enc(&w, items, CS_COUNTOF(items));
    CS_ASSERT(w.err == CS_OK);
    cs_sha256(out, cs_wr_get(&w));
    cs_wr_free(&w);
}

/* ---- records ----------------------------------------------------------- */

static json_t *parse(struct cs_platform_core *core, const struct cs_wr *w)
{
    json_error_t e;
    json_t *rec = json_loadb((const char *)w->p, w->n, JSON_REJECT_DUPLICATES, &e);

    if (!json_is_object(rec)) {
        json_decref(rec);
        check(core, CS_ERR_STORE_CORRUPT);
        return NULL;
    }
    return rec;
}

json_t *cs_pc_get(struct cs_platform_core *core, uint8_t table,
                  const uint8_t id[CS_PC_ID])
{
    struct cs_wr w = {0};
    json_t *rec = NULL;

    if (cs_pc_raw_get(core, table, CS_SPAN(id, CS_PC_ID), &w)) {
        rec = parse(core, &w);
    }
    cs_wr_free(&w);
    return rec;
}

void cs_pc_put(struct cs_platform_core *core, uint8_t table, const uint8_t id[CS_PC_ID],
               const json_t *rec)
{
    struct cs_wr w = {0};

    cs_audit_note(core, table, id, rec);
    cs_overview_note(core, table, id, rec);
    cs_json_write(&w, rec);
    check(core, w.err);
    cs_pc_raw_put(core, table, CS_SPAN(id, CS_PC_ID), cs_wr_get(&w));
    cs_wr_free(&w);
}

void cs_pc_save(struct cs_platform_core *core, uint8_t table, json_t *rec)
{
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(rec, "id", id));
    cs_js_time(rec, "updatedAt", core->wall_ms);
    cs_feed_note(core, table, id, rec);
    cs_pc_put(core, table, id, rec);
    cs_pc_wait_saved(core, table, rec);
}

json_t *cs_pc_make(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                   const char *created_by)
{
    json_t *rec = cs_js_obj();

    cs_js_uuid(rec, "id", id);
    cs_js_str(rec, "organizationId", core->org_id);
    cs_js_str(rec, "createdBy", created_by);
    cs_js_time(rec, "createdAt", core->wall_ms);
    cs_js_time(rec, "updatedAt", core->wall_ms);
    cs_js_int(rec, "_seq", (int64_t)cs_pc_next_seq(core));
    return rec;
}

/* ---- indexes ----------------------------------------------------------- */

struct cs_pc_scope cs_pc_scope(const char *a, const char *b)
{
    struct cs_pc_scope scope;
    uint8_t d[32];

    cs_pc_digest(d, "scope", CS_SPAN(a, strlen(a)), CS_SPAN(b, strlen(b)));
    memcpy(scope.b, d, sizeof scope.b);
    return scope;
}

static void index_prefix(struct cs_wr *w, enum cs_pc_index kind,
                         const struct cs_pc_scope *scope)
{
    cs_wr_u8(w, (uint8_t)kind);
    cs_wr_bytes(w, scope->b, sizeof scope->b);
}

uint64_t cs_pc_index_count(struct cs_platform_core *core, enum cs_pc_index kind,
                           struct cs_pc_scope scope)
{
    struct cs_wr key = {0}, value = {0};
    struct cs_rd r;
    uint64_t n = 0;

    index_prefix(&key, kind, &scope);
    if (cs_pc_raw_get(core, CS_PC_COUNT, cs_wr_get(&key), &value)) {
        r = CS_RD(cs_wr_get(&value));
        n = cs_rd_u64(&r);
    }
    cs_wr_free(&key);
    cs_wr_free(&value);
    return n;
}

static void count_set(struct cs_platform_core *core, enum cs_pc_index kind,
                      const struct cs_pc_scope *scope, uint64_t n)
{
    struct cs_wr key = {0}, value = {0};

    index_prefix(&key, kind, scope);
    cs_wr_u64(&value, n);
    cs_pc_raw_put(core, CS_PC_COUNT, cs_wr_get(&key), cs_wr_get(&value));
    cs_wr_free(&key);
    cs_wr_free(&value);
}

void cs_pc_index_add(struct cs_platform_core *core, enum cs_pc_index kind,
                     struct cs_pc_scope scope, uint64_t seq, const uint8_t id[CS_PC_ID])
{
    struct cs_wr key = {0};

    index_prefix(&key, kind, &scope);
    cs_wr_u64(&key, seq);
    cs_pc_raw_put(core, CS_PC_INDEX, cs_wr_get(&key), CS_SPAN(id, CS_PC_ID));
    cs_wr_free(&key);
    count_set(core, kind, &scope, cs_pc_index_count(core, kind, scope) + 1);
}

void cs_pc_index_del(struct cs_platform_core *core, enum cs_pc_index kind,
                     struct cs_pc_scope scope, uint64_t seq)
{
    uint64_t n = cs_pc_index_count(core, kind, scope);
    struct cs_wr key = {0};

    index_prefix(&key, kind, &scope);
    cs_wr_u64(&key, seq);
    if (cs_pc_raw_get(core, CS_PC_INDEX, cs_wr_get(&key), NULL)) {
        cs_pc_raw_del(core, CS_PC_INDEX, cs_wr_get(&key));
        count_set(core, kind, &scope, n == 0 ? 0 : n - 1);
    }
    cs_wr_free(&key);
}

/* Takes number and id of the entry that was found. */
static bool walk_take(struct cs_pc_walk *w, const struct cs_wr *key,
                      const struct cs_wr *value)
{
    struct cs_rd r;

    if (key->n != 1 + CS_PC_ID + 8 || value->n != CS_PC_ID) {
        return false;
    }
    r = CS_RD(CS_SPAN(key->p + 1 + CS_PC_ID, 8));
    w->after = cs_rd_u64(&r);
    memcpy(w->id, value->p, CS_PC_ID);
    return true;
}

bool cs_pc_walk_next(struct cs_platform_core *core, struct cs_pc_walk *w)
{
    struct cs_wr from = {0}, key = {0}, value = {0};
    bool ok;

    index_prefix(&from, w->kind, &w->scope);
    cs_wr_u64(&from, w->after);
    ok = cs_pc_raw_next(core, CS_PC_INDEX, CS_SPAN(from.p, 1 + CS_PC_ID),
                        cs_wr_get(&from), true, &key, &value) &&
         walk_take(w, &key, &value);
    cs_wr_free(&from);
    cs_wr_free(&key);
    cs_wr_free(&value);
    return ok;
}

bool cs_pc_walk_prev(struct cs_platform_core *core, struct cs_pc_walk *w)
{
    struct cs_wr from = {0}, key = {0}, value = {0};
    bool ok;

    index_prefix(&from, w->kind, &w->scope);
    cs_wr_u64(&from, w->after == 0 ? UINT64_MAX : w->after);
    ok = cs_pc_raw_before(core, CS_PC_INDEX, CS_SPAN(from.p, 1 + CS_PC_ID),
                          cs_wr_get(&from), &key, &value) &&
         walk_take(w, &key, &value);
    cs_wr_free(&from);
    cs_wr_free(&key);
    cs_wr_free(&value);
    return ok;
}

/* ---- unique names ------------------------------------------------------ */

static void unique_key(uint8_t key[1 + CS_PC_ID], enum cs_pc_unique kind,
                       const char *text)
{
    uint8_t d[32];

    cs_pc_digest(d, "unique", CS_SPAN(text, strlen(text)), CS_SPAN(NULL, 0));
    key[0] = (uint8_t)kind;
    memcpy(key + 1, d, CS_PC_ID);
}

bool cs_pc_unique_get(struct cs_platform_core *core, enum cs_pc_unique kind,
                      const char *text, uint8_t id[CS_PC_ID])
{
    uint8_t key[1 + CS_PC_ID];
    struct cs_wr w = {0};
    bool ok;

    unique_key(key, kind, text);
    ok = cs_pc_raw_get(core, CS_PC_UNIQUE, CS_SPAN_OF(key), &w) && w.n == CS_PC_ID;
    if (ok) {
        memcpy(id, w.p, CS_PC_ID);
    }
    cs_wr_free(&w);
    return ok;
}

void cs_pc_unique_put(struct cs_platform_core *core, enum cs_pc_unique kind,
                      const char *text, const uint8_t id[CS_PC_ID])
{
    uint8_t key[1 + CS_PC_ID];

    unique_key(key, kind, text);
    cs_pc_raw_put(core, CS_PC_UNIQUE, CS_SPAN_OF(key), CS_SPAN(id, CS_PC_ID));
}

void cs_pc_unique_del(struct cs_platform_core *core, enum cs_pc_unique kind,
                      const char *text)
{
    uint8_t key[1 + CS_PC_ID];

    unique_key(key, kind, text);
    cs_pc_raw_del(core, CS_PC_UNIQUE, CS_SPAN_OF(key));
}
