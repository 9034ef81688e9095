/* Creating, opening and re-keying a sealed store.  Opening writes nothing, whatever
 * it finds. */
#include <string.h>

#include "base/mem.h"
#include "crypto/hash.h"
#include "store/safe_priv.h"

static const struct cs_span empty = {NULL, 0};

/* ---- construction ------------------------------------------------------------- */

static enum cs_err safe_new(struct cs_safe **out, struct cs_db *db,
                            const struct cs_safe_params *p, struct cs_why *why)
{
    struct cs_safe *s;

    if (!cs_header_device_ok(p->device_id)) {
        (void)cs_why(why, CS_ERR_CONFIG,
                     "the device id must be 1 to %d printable characters",
                     CS_SAFE_DEVICE_MAX);
        return CS_ERR_CONFIG;
    }
    s = cs_alloc(sizeof *s);
    if (s == NULL) {
        return CS_ERR_NOMEM;
    }
    s->secret = cs_guard_new(sizeof *s->secret);
    if (s->secret == NULL) {
        cs_free(s);
        return CS_ERR_NOMEM;
    }
    s->db = db;
    s->random = p->random;
    s->random_ctx = p->random_ctx;
    s->seals_per_key = p->seals_per_key == 0 ? UINT32_C(1) << 31 : p->seals_per_key;
    memcpy(s->device_id, p->device_id, strlen(p->device_id) + 1);
    s->bind.schema = CS_SAFE_SCHEMA;
    s->bind.device_id = s->device_id;
    *out = s;
    return CS_OK;
}

static void keys_set(struct cs_safe *s, const uint8_t store_id[16])
{
    memcpy(s->bind.store_id, store_id, 16);
    cs_record_keys_derive(&s->secret->keys, s->secret->dek, store_id);
}

/* CS_OK when the header opens with the key, and to the store's own data key. */
static enum cs_err header_check(struct cs_span raw, const struct cs_kek *kek,
                                const uint8_t *dek)
{
    struct cs_header h;
    uint8_t got[32] = {0};
    enum cs_err err = cs_header_decode(&h, raw, NULL);

    if (err == CS_OK) {
        err = cs_header_unwrap(got, &h, kek, NULL);
    }
    if (err == CS_OK && dek != NULL && !cs_ct_equal(got, dek, sizeof got)) {
        err = CS_ERR_STORE_KEY;
    }
    cs_wipe(got, sizeof got);
    return err;
}

/* A wrap that we made ourselves must open: else it must not take the old one's place.
 */
static enum cs_err own_header_check(struct cs_safe *s, struct cs_span raw,
                                    const struct cs_kek *kek)
{
    enum cs_err err = header_check(raw, kek, s->secret->dek);

    return err == CS_OK || err == CS_ERR_NOMEM ? err : CS_ERR_INTERNAL;
}

/* One durable commit of header and manifest m, outside of any step; the wrap is opened
 * again as the last thing before it. */
static enum cs_err commit_header(struct cs_safe *s, struct cs_manifest *m,
                                 const struct cs_kek *kek)
{
    struct cs_kv *kv = cs_db_kv(s->db);
    struct cs_kv_batch *b = cs_kv_batch_new();
    struct cs_wr header = {0}, manifest = {0};
    uint8_t nonce[CS_SAFE_HEADER_NONCE];
    enum cs_err err = b == NULL ? CS_ERR_NOMEM : CS_OK;

    CS_TRY(err);
    s->random(s->random_ctx, nonce, sizeof nonce);
    CS_TRY(cs_header_encode(&header, s->device_id, s->bind.store_id, s->secret->dek,
                            kek, nonce));
    cs_sha256(m->header, cs_wr_get(&header));
    m->generation++;
    CS_TRY(cs_manifest_seal(s, &manifest, m));
    CS_TRY(cs_kv_batch_put(b, CS_SAFE_TABLE_HEADER, empty, cs_wr_get(&header)));
    CS_TRY(cs_kv_batch_put(b, CS_SAFE_TABLE_MANIFEST, empty, cs_wr_get(&manifest)));
    CS_TRY(own_header_check(s, cs_wr_get(&header), kek));
    CS_TRY(kv->ops->commit(kv, b));
out:
    cs_wr_free(&header);
    cs_wr_free(&manifest);
    cs_kv_batch_free(b);
    return err;
}

static enum cs_err create(struct cs_db *db, const struct cs_safe_params *p,
                          struct cs_why *why)
{
    struct cs_safe *s = NULL;
    struct cs_manifest m = {.key_epoch = 1};
    uint8_t store_id[16];
    enum cs_err err;

    CS_CHECK(safe_new(&s, db, p, why));
    s->random(s->random_ctx, s->secret->dek, sizeof s->secret->dek);
    s->random(s->random_ctx, store_id, sizeof store_id);
    keys_set(s, store_id);
    err = commit_header(s, &m, p->kek);
    cs_safe_free(s);
    if (err != CS_OK) {
        return cs_why(why, err, "cannot create the store: %s", cs_err_text(err));
    }
    return CS_OK;
}

enum cs_err cs_safe_create(struct cs_safe **out, struct cs_db *db,
                           const struct cs_safe_params *p, struct cs_why *why)
{
    bool is_empty = false;

    *out = NULL;
    CS_CHECK(cs_kv_is_empty(cs_db_kv(db), &is_empty));
    if (!is_empty || cs_db_pending(db) != 0) {
        return cs_why(
            why, CS_ERR_EXISTS,
            "there is a store already; nothing was written (use an empty data "
            "directory for a new device)");
    }
    CS_CHECK(create(db, p, why));
    return cs_safe_open(out, db, p, why);
}

/* ---- opening ------------------------------------------------------------------ */

static enum cs_err header_load(struct cs_safe *s, const struct cs_safe_params *p,
                               struct cs_wr *raw, struct cs_why *why)
{
    struct cs_header h;
    bool is_empty = false;
    enum cs_err err = cs_db_get(s->db, CS_SAFE_TABLE_HEADER, empty, raw);

    if (err == CS_ERR_NOT_FOUND) {
        CS_CHECK(cs_kv_is_empty(cs_db_kv(s->db), &is_empty));
        if (is_empty) {
            return cs_why(why, CS_ERR_NOT_FOUND, "the volume holds no store yet");
        }
        return cs_why(why, CS_ERR_STORE_CORRUPT,
                      "the store has records but no header; restore the volume from a "
                      "backup of this device");
    }
    CS_CHECK(err);
    CS_CHECK(cs_header_decode(&h, cs_wr_get(raw), why));
    if (strcmp(h.device_id, s->device_id) != 0) {
        return cs_why(
            why, CS_ERR_STORE_DEVICE,
            "the store belongs to device %s, the pairing key to device %s; give "
            "this device its own volume, or the pairing key of %s (nothing was "
            "changed)",
            h.device_id, s->device_id, h.device_id);
    }
    CS_CHECK(cs_header_unwrap(s->secret->dek, &h, p->kek, why));
    keys_set(s, h.store_id);
    return CS_OK;
}

static enum cs_err manifest_load(struct cs_safe *s, struct cs_span header,
                                 struct cs_why *why)
{
    struct cs_wr raw = {0};
    uint8_t hash[32];
    enum cs_err err = cs_db_get(s->db, CS_SAFE_TABLE_MANIFEST, empty, &raw);

    if (err == CS_OK) {
        err = cs_manifest_open(s, cs_wr_get(&raw));
    }
    cs_wr_free(&raw);
    if (err == CS_ERR_NOT_FOUND || err == CS_ERR_STORE_CORRUPT) {
        return cs_why(why, CS_ERR_STORE_CORRUPT,
                      "the store's manifest is %s; restore the volume from a backup of "
                      "this device",
                      err == CS_ERR_NOT_FOUND ? "missing"
                                              : "damaged or of another store");
    }
    CS_CHECK(err);
    cs_sha256(hash, header);
    if (memcmp(hash, s->m.header, sizeof hash) != 0) { /* public on both sides */
        return cs_why(why, CS_ERR_STORE_CORRUPT,
                      "the store's header is from another moment than its manifest "
                      "(copies of the volume were mixed); restore one whole backup");
    }
    return CS_OK;
}

/* State of the walk over all records. */
struct census {
    struct cs_safe *s;
    struct cs_manifest found;
    uint64_t newest; /* generation */
    uint8_t bad_table;
};

static enum cs_err census_one(void *ctx, uint8_t table, struct cs_span key,
                              struct cs_span value)
{
    struct census *c = ctx;
    uint8_t element[32];
    uint64_t generation;

    if (table == CS_SAFE_TABLE_HEADER || table == CS_SAFE_TABLE_MANIFEST) {
        return key.n == 0 ? CS_OK : CS_ERR_STORE_CORRUPT;
    }
    c->bad_table = table;
    if (table < CS_SAFE_TABLE_MIN) {
        return CS_ERR_STORE_CORRUPT;
    }
    CS_CHECK(cs_record_element(element, &c->s->secret->keys, table, key, value));
    CS_CHECK(cs_record_generation(&generation, value));
    cs_manifest_toggle(&c->found, element);
    c->found.count++;
    c->newest = generation > c->newest ? generation : c->newest;
    return CS_OK;
}

/* The whole set against the manifest: over (name, head, tag) of each record, so the
 * time does not depend on the size of values. */
enum cs_err cs_safe_set_check(struct cs_safe *s, struct cs_why *why)
{
    struct census c = {.s = s};
    struct cs_kv *kv = cs_db_kv(s->db);
    enum cs_err err = kv->ops->scan(kv, census_one, &c);

    if (err == CS_ERR_STORE_CORRUPT) {
        return cs_why(why, err,
                      "the store holds a malformed record (table 0x%02x); restore the "
                      "volume from a backup of this device",
                      c.bad_table);
    }
    CS_CHECK(err);
    if (c.found.count != s->m.count) {
        return cs_why(why, CS_ERR_STORE_CORRUPT,
                      "the store holds %llu records, its manifest says %llu: some were "
                      "removed or added; restore one whole backup",
                      (unsigned long long)c.found.count,
                      (unsigned long long)s->m.count);
    }
    if (!cs_ct_equal(c.found.set, s->m.set, sizeof c.found.set)) {
        return cs_why(
            why, CS_ERR_STORE_CORRUPT,
            "the store's records are not the ones of its manifest%s: altered, "
            "swapped or taken from another copy; restore one whole backup",
            c.newest > s->m.generation ? " (some are newer)" : "");
    }
    return CS_OK;
}

enum cs_err cs_safe_open(struct cs_safe **out, struct cs_db *db,
                         const struct cs_safe_params *p, struct cs_why *why)
{
    struct cs_safe *s = NULL;
    struct cs_wr header = {0};
    enum cs_err err;

    *out = NULL;
    if (cs_db_pending(db) != 0) {
        return CS_ERR_STATE;
    }
    CS_CHECK(safe_new(&s, db, p, why));
    CS_TRY(header_load(s, p, &header, why));
    CS_TRY(manifest_load(s, cs_wr_get(&header), why));
    CS_TRY(cs_safe_set_check(s, why));
    *out = s;
    s = NULL;
out:
    cs_safe_free(s);
    cs_wr_free(&header);
    return err;
}

/* ---- the rest ----------------------------------------------------------------- */

enum cs_err cs_safe_rekey(struct cs_safe *s, const struct cs_kek *new_kek)
{
    struct cs_manifest m = s->m;

    if (s->failed != CS_OK) {
        return s->failed;
    }
    if (s->is_dirty || cs_db_pending(s->db) != 0) {
        return CS_ERR_STATE;
    }
    CS_CHECK(commit_header(s, &m, new_kek));
    s->m = m;
    return CS_OK;
}

static enum cs_err put_header(struct cs_safe *s, struct cs_span header)
{
    CS_CHECK(cs_db_put(s->db, CS_SAFE_TABLE_HEADER, empty, header));
    cs_sha256(s->m.header, header);
    s->is_dirty = true;
    return CS_OK;
}

enum cs_err cs_safe_rekey_step(struct cs_safe *s, const struct cs_kek *new_kek)
{
    struct cs_wr header = {0};
    uint8_t nonce[CS_SAFE_HEADER_NONCE];
    enum cs_err err = s->failed;

    CS_TRY(err);
    s->random(s->random_ctx, nonce, sizeof nonce);
    CS_TRY(cs_header_encode(&header, s->device_id, s->bind.store_id, s->secret->dek,
                            new_kek, nonce));
    CS_TRY(own_header_check(s, cs_wr_get(&header), new_kek));
    s->failed = put_header(s, cs_wr_get(&header));
    err = s->failed;
out:
    cs_wr_free(&header);
    return err;
}

bool cs_safe_peek_opens(struct cs_kv *kv, const struct cs_kek *kek)
{
    struct cs_wr raw = {0};
    bool ok = kv->ops->get(kv, CS_SAFE_TABLE_HEADER, empty, &raw) == CS_OK &&
              header_check(cs_wr_get(&raw), kek, NULL) == CS_OK;

    cs_wr_free(&raw);
    return ok;
}

/* *h borrows from raw, which the caller frees. */
static enum cs_err peek(struct cs_kv *kv, struct cs_wr *raw, struct cs_header *h,
                        struct cs_why *why)
{
    CS_CHECK(kv->ops->get(kv, CS_SAFE_TABLE_HEADER, empty, raw));
    return cs_header_decode(h, cs_wr_get(raw), why);
}

enum cs_err cs_safe_peek_device(struct cs_kv *kv, char *device)
{
    struct cs_wr raw = {0};
    struct cs_header h;
    enum cs_err err = peek(kv, &raw, &h, NULL);

    if (err == CS_OK) {
        memcpy(device, h.device_id, sizeof h.device_id);
    }
    cs_wr_free(&raw);
    return err;
}

enum cs_err cs_safe_peek_store(struct cs_kv *kv, uint8_t store_id[16])
{
    struct cs_wr raw = {0};
    struct cs_header h;
    enum cs_err err = peek(kv, &raw, &h, NULL);

    if (err == CS_OK) {
        memcpy(store_id, h.store_id, sizeof h.store_id);
    }
    cs_wr_free(&raw);
    return err;
}

enum cs_err cs_safe_peek_seal(struct cs_kv *kv, struct cs_wr *out, struct cs_why *why)
{
    struct cs_wr raw = {0};
    struct cs_header h;
    enum cs_err err = peek(kv, &raw, &h, why);

    if (err == CS_OK) {
        cs_wr_span(out, cs_header_seal(&h));
        err = out->err;
    }
    cs_wr_free(&raw);
    return err;
}
