/* What is backed up: the last backup, and which keys have no kit (PROTOCOLS 8.7, "the
 * node reports: backup of epoch e exists").
 *
 * The word of the operator's tool, given when the files are durable; a node cannot see
 * what becomes of them. */
#include <string.h>

#include "base/log.h"
#include "base/rd.h"
#include "node/core/kits.h"

enum { BACKUP_VERSION = 2, SAVED_AT_ONCE = 256, SHOWN = 16, CHECK_AT_ONCE = 256 };

#define KEY_BACKUP CS_SPAN_LIT("backup")

/* ---- the record ------------------------------------------------------------------ */

static void save(struct cs_node_core *n)
{
    const struct backup *b = &n->backup;
    struct cs_wr w = {0};

    cs_wr_u8(&w, BACKUP_VERSION);
    cs_wr_u32(&w, b->n_without);
    cs_wr_u64(&w, (uint64_t)b->wall_ms);
    cs_wr_u32(&w, b->keys);
    cs_wr_u32(&w, b->kits);
    cs_wr_u32(&w, b->epoch);
    cs_wr_u64(&w, (uint64_t)b->copy_ms);
    cs_wr_u64(&w, (uint64_t)b->restored_ms);
    cs_wr_u8(&w, b->n_to);
    cs_wr_bytes(&w, b->to[0], (size_t)b->n_to * sizeof b->to[0]);
    cs_nd_put(n, TABLE_SELF, KEY_BACKUP, cs_wr_get(&w));
    cs_wr_free(&w);
}

/* Version 1 does not know them. */
static void read_recipients(struct backup *b, struct cs_rd *r, uint8_t version)
{
    uint8_t n = version >= 2 ? cs_rd_u8(r) : 0;

    b->n_to = n <= CS_CTL_RECIPIENTS ? n : 0; /* else bytes are left: corrupt */
    cs_rd_copy(r, b->to[0], (size_t)b->n_to * sizeof b->to[0]);
}

enum cs_err cs_nd_backup_load(struct cs_node_core *n)
{
    struct backup *b = &n->backup;
    struct cs_wr w = {0};
    enum cs_err err = cs_safe_get(n->safe, TABLE_SELF, KEY_BACKUP, &w);
    struct cs_rd r = CS_RD(cs_wr_get(&w));

    if (err == CS_OK) {
        uint8_t version = cs_rd_u8(&r);

        b->counts = true;
        b->n_without = cs_rd_u32(&r);
        b->wall_ms = (int64_t)cs_rd_u64(&r);
        b->keys = cs_rd_u32(&r);
        b->kits = cs_rd_u32(&r);
        b->epoch = cs_rd_u32(&r);
        b->copy_ms = (int64_t)cs_rd_u64(&r);
        b->restored_ms = (int64_t)cs_rd_u64(&r);
        read_recipients(b, &r, version);
        err = cs_rd_end(&r) == CS_OK && version >= 1 && version <= BACKUP_VERSION
                  ? CS_OK
                  : CS_ERR_STORE_CORRUPT;
    }
    cs_wr_free(&w);
    return err == CS_ERR_NOT_FOUND ? CS_OK : err;
}

/* ---- keys without a kit ---------------------------------------------------------- */

/* The record of n->backup is to be saved after. */
static void mark(struct cs_node_core *n, const uint8_t key_id[16])
{
    if (!cs_safe_has(n->safe, TABLE_NO_KIT, CS_SPAN(key_id, 16))) {
        cs_nd_put(n, TABLE_NO_KIT, CS_SPAN(key_id, 16), CS_SPAN_LIT(""));
        n->backup.n_without++;
    }
}

void cs_nd_kit_missing(struct cs_node_core *n, const uint8_t key_id[16])
{
    mark(n, key_id);
    n->backup.counts = true;
    save(n);
}

static bool unmark(struct cs_node_core *n, const uint8_t key_id[16])
{
    if (!cs_safe_has(n->safe, TABLE_NO_KIT, CS_SPAN(key_id, 16))) {
        return false;
    }
    cs_nd_del(n, TABLE_NO_KIT, CS_SPAN(key_id, 16));
    n->backup.n_without--;
    return true;
}

void cs_nd_kit_exists(struct cs_node_core *n, const uint8_t key_id[16])
{
    if (unmark(n, key_id)) {
        save(n);
    }
}

static enum cs_err mark_one(void *ctx, struct cs_span key, struct cs_span value)
{
    (void)value;
    if (key.n != CS_ID_LEN) {
        return CS_ERR_STORE_CORRUPT;
    }
    mark(ctx, key.p);
    return CS_OK;
}

void cs_nd_backup_start(struct cs_node_core *n)
{
    enum cs_err err;

    if (n->backup.counts || n->n_keys == 0) {
        return;
    }
    err = cs_safe_each(n->safe, TABLE_KEY, mark_one, n);
    if (err != CS_OK) {
        cs_nd_fail(n, err, "the keys cannot be listed");
    }
    n->backup.counts = true;
    save(n);
}

/* ---- questions ------------------------------------------------------------------- */

/* A kit of an epoch that is not the key's any more does not count. */
static bool is_current(struct cs_node_core *n, const uint8_t key_id[16], uint32_t epoch)
{
    struct cs_key *key;
    struct keyinfo info;
    bool same = cs_nd_key_read(n, key_id, &key, &info) == CS_OK &&
                key->body.epoch == epoch;

    cs_key_free(key);
    return same;
}

json_t *cs_nd_backup_saved(struct cs_node_core *n, struct cs_jr *r)
{
    const json_t *keys = cs_jr_array(r, "keys", 1, SAVED_AT_ONCE);
    int news = 0;

    cs_nd_backup_start(n);
    for (size_t i = 0; r->err == CS_OK && i < json_array_size(keys); i++) {
        struct cs_jr one = CS_JR(json_array_get(keys, i));
        uint8_t id[16];
        uint32_t epoch;

        cs_jr_uuid(&one, "keyId", id);
        epoch = (uint32_t)cs_jr_int(&one, "epoch", 0, INT32_MAX);
        if (one.err != CS_OK) {
            cs_jr_fail(r, "keys", "must be objects of keyId and epoch");
        } else if (cs_safe_has(n->safe, TABLE_NO_KIT, CS_SPAN_OF(id)) &&
                   is_current(n, id, epoch)) {
            news += unmark(n, id);
        }
    }
    if (news != 0) { /* also of those before a malformed one: they are saved */
        save(n);
    }
    return r->err == CS_OK ? json_pack("{s:b,s:i}", "ok", 1, "news", news) : NULL;
}

/* Optional, of a tool that is older than the node; false: malformed. */
static bool take_recipients(struct backup *b, struct cs_jr *r)
{
    const json_t *ids = cs_jr_has(r, "to") ? cs_jr_array(r, "to", 0, CS_CTL_RECIPIENTS)
                                           : NULL;
    uint8_t to[CS_CTL_RECIPIENTS][32];
    size_t n = json_array_size(ids);

    for (size_t i = 0; i < n; i++) {
        const char *hex = json_string_value(json_array_get(ids, i));

        if (hex == NULL || cs_unhex(to[i], sizeof to[i], hex) != CS_OK) {
            cs_jr_fail(r, "to", "must be ids of recovery keys, 64 hex digits each");
            return false;
        }
    }
    if (r->err != CS_OK) {
        return false;
    }
    memcpy(b->to, to, n * sizeof to[0]);
    b->n_to = (uint8_t)n;
    return true;
}

json_t *cs_nd_backup_done(struct cs_node_core *n, struct cs_jr *r)
{
    struct backup *b = &n->backup;
    uint32_t kits = (uint32_t)cs_jr_int(r, "kits", 0, INT32_MAX);
    uint32_t epoch = (uint32_t)cs_jr_int(r, "epoch", 0, INT32_MAX);
    bool copy = cs_jr_bool(r, "copy");

    if (r->err != CS_OK || !take_recipients(b, r)) {
        return NULL;
    }
    cs_nd_backup_start(n); /* of an older store that has not been started since */
    b->wall_ms = n->wall;
    b->keys = n->n_keys;
    b->kits = kits;
    b->epoch = epoch;
    if (copy) {
        b->copy_ms = n->wall;
    }
    save(n);
    cs_log(CS_LOG_INFO, "backup", "a backup exists: %u keys, %u kits, %s the store",
           (unsigned)b->keys, (unsigned)kits, copy ? "a copy of" : "without");
    return json_pack("{s:b,s:I}", "ok", 1, "time", (json_int_t)b->wall_ms);
}

static enum cs_err show(void *ctx, struct cs_span key, struct cs_span value)
{
    (void)value;
    if (key.n == CS_ID_LEN) {
        (void)json_array_append_new(ctx, cs_json_uuid(key.p));
    }
    return CS_OK;
}

json_t *cs_nd_backup_json(const struct cs_node_core *n)
{
    const struct backup *b = &n->backup;
    struct cs_safe_place at = {.begun = false};
    json_t *ids = json_array();

    if (cs_safe_some(n->safe, TABLE_NO_KIT, &at, SHOWN, show, ids) == CS_ERR_NOMEM) {
        cs_log(CS_LOG_WARN, "backup", "no memory to list keys without a kit");
    }
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "time",
                     (json_int_t)b->wall_ms, "keys", (json_int_t)b->keys, "kits",
                     (json_int_t)b->kits, "epoch", (json_int_t)b->epoch, "copyTime",
                     (json_int_t)b->copy_ms, "restoreTime", (json_int_t)b->restored_ms,
                     "keysWithoutKit", (json_int_t)b->n_without, "withoutKit", ids);
}

static enum cs_err tell_one(void *ctx, struct cs_span key, struct cs_span value)
{
    struct cs_ctl_backup *b = ctx;

    (void)value;
    if (key.n == CS_ID_LEN && b->n_missing < CS_CTL_MISSING) {
        memcpy(b->missing[b->n_missing++].id, key.p, CS_ID_LEN);
    }
    return CS_OK;
}

void cs_nd_backup_tell(const struct cs_node_core *n, struct cs_ctl_backup *out)
{
    const struct backup *b = &n->backup;
    struct cs_safe_place at = {.begun = false};
    enum cs_err err;

    out->time = b->wall_ms > 0 ? (uint64_t)b->wall_ms : 0;
    out->copy_time = b->copy_ms > 0 ? (uint64_t)b->copy_ms : 0;
    out->keys = b->keys;
    out->without = b->n_without;
    out->complete = b->wall_ms > 0 && b->n_without == 0;
    for (; out->n_to < b->n_to; out->n_to++) {
        memcpy(out->to[out->n_to].id, b->to[out->n_to], sizeof b->to[0]);
    }
    err = cs_safe_some(n->safe, TABLE_NO_KIT, &at, CS_CTL_MISSING, tell_one, out);
    if (err != CS_OK && err != CS_ERR_NOT_FOUND) {
        out->n_missing = 0; /* their number says that there are some */
    }
}

json_t *cs_nd_store_restored(struct cs_node_core *n)
{
    if (n->begun) {
        return cs_nd_refusal(CS_ERR_STATE, "the node runs");
    }
    cs_nd_backup_start(n);
    n->backup.restored_ms = n->wall;
    save(n);
    cs_nd_boot_restored(n);
    return json_pack("{s:b}", "ok", 1);
}

json_t *cs_nd_store_check(struct cs_node_core *n, struct cs_jr *r)
{
    bool begin = cs_jr_bool(r, "begin"), done = false;
    struct cs_why why = {""};
    uint64_t records = 0;
    enum cs_err err;

    if (r->err != CS_OK) {
        return NULL;
    }
    if (begin) {
        cs_safe_check_begin(n->safe);
    }
    err = cs_safe_check_some(n->safe, CHECK_AT_ONCE, &records, &done, &why);
    if (err != CS_OK) {
        cs_log(CS_LOG_ERROR, "store", "the check of the store failed: %s",
               why.text[0] != '\0' ? why.text : cs_err_text(err));
        return cs_nd_refusal(err, why.text[0] != '\0' ? why.text : cs_err_text(err));
    }
    return json_pack("{s:b,s:I,s:b}", "ok", 1, "records", (json_int_t)records, "done",
                     done);
}
