/* A sealed store whose records were changed: it is refused, or what it gives is what
 * was written.  Input: [record, offset high, offset low, mask] repeated; the same bytes
 * are also offered to the codec as a record. */
#include "fuzz/fuzz.h"
#include "store/kv_mem.h"
#include "store/record.h"
#include "store/safe.h"

enum { TABLE = 0x40, N_RECORDS = 6 };

static const struct cs_kek kek = {.key = {1, 2, 3}};

static void some_bytes(void *ctx, uint8_t *out, size_t n)
{
    static uint8_t x;

    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        out[i] = x++;
    }
}

static struct cs_safe_params params(void)
{
    return (struct cs_safe_params){
        .device_id = "device", .kek = &kek, .random = some_bytes};
}

static struct cs_span value_of(uint8_t i)
{
    static uint8_t v[40];

    memset(v, i, sizeof v);
    return CS_SPAN(v, i * 8U);
}

static struct cs_kv *fresh_store(void)
{
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_db *db = cs_db_new(kv);
    struct cs_safe_params p = params();
    struct cs_kv_batch *batch;
    struct cs_safe *s;

    FUZZ_HOLDS(cs_safe_create(&s, db, &p, NULL) == CS_OK);
    for (uint8_t i = 0; i < N_RECORDS - 2; i++) {
        FUZZ_HOLDS(cs_safe_put(s, TABLE, CS_SPAN(&i, 1), value_of(i)) == CS_OK);
    }
    FUZZ_HOLDS(cs_safe_take_batch(s, &batch) == CS_OK);
    FUZZ_HOLDS(kv->ops->commit(kv, batch) == CS_OK);
    cs_kv_batch_free(batch);
    cs_safe_free(s);
    cs_db_free(db);
    return kv;
}

/* One record of the store: header, manifest, or one of the table. */
static bool find(struct cs_kv *kv, uint8_t which, uint8_t *table, struct cs_wr *key,
                 struct cs_wr *value)
{
    uint8_t n = which % N_RECORDS;
    bool found;

    *table = n < 2 ? (uint8_t)(n + 1) : TABLE;
    found = kv->ops->next(kv, *table, CS_SPAN(NULL, 0), false, key, value) == CS_OK;
    for (uint8_t i = 2; found && i < n; i++) {
        struct cs_wr at = {0};

        cs_wr_bytes(&at, key->p, key->n);
        cs_wr_reset(key);
        cs_wr_reset(value);
        found = kv->ops->next(kv, *table, cs_wr_get(&at), true, key, value) == CS_OK;
        cs_wr_free(&at);
    }
    return found;
}

/* Flips bits in one place: of the record's name beyond its value's end. */
static bool poke(struct cs_kv *kv, const uint8_t *in)
{
    struct cs_kv_batch *b = cs_kv_batch_new();
    struct cs_wr key = {0}, value = {0};
    size_t at = (size_t)in[1] << 8 | in[2];
    uint8_t table;
    bool changes = in[3] != 0 && find(kv, in[0], &table, &key, &value);

    if (changes) {
        FUZZ_HOLDS(cs_kv_batch_del(b, table, cs_wr_get(&key)) == CS_OK);
        at %= key.n + value.n;
        *(at < value.n ? value.p + at : key.p + (at - value.n)) ^= in[3];
        FUZZ_HOLDS(cs_kv_batch_put(b, table, cs_wr_get(&key), cs_wr_get(&value)) ==
                   CS_OK);
        FUZZ_HOLDS(kv->ops->commit(kv, b) == CS_OK);
    }
    cs_kv_batch_free(b);
    cs_wr_free(&key);
    cs_wr_free(&value);
    return changes;
}

/* Every value that is given out is the one that was written. */
static bool is_whole(struct cs_kv *kv)
{
    struct cs_db *db = cs_db_new(kv);
    struct cs_safe_params p = params();
    struct cs_safe *s;
    bool whole = cs_safe_open(&s, db, &p, NULL) == CS_OK;

    for (uint8_t i = 0; whole && i < N_RECORDS - 2; i++) {
        struct cs_span want = value_of(i);
        struct cs_wr w = {0};

        whole = cs_safe_get(s, TABLE, CS_SPAN(&i, 1), &w) == CS_OK;
        FUZZ_HOLDS(!whole ||
                   (w.n == want.n && (w.n == 0 || memcmp(w.p, want.p, w.n) == 0)));
        cs_wr_free(&w);
    }
    cs_safe_free(s);
    cs_db_free(db);
    return whole;
}

/* Bytes that nobody sealed do not open. */
static void codec(struct cs_span in)
{
    static const uint8_t dek[32] = {7}, store_id[16] = {8};
    struct cs_record_bind bind = {.table = TABLE, .device_id = "device", .schema = 1};
    struct cs_record_keys k;
    struct cs_wr key = {0}, value = {0};
    uint8_t element[32], name[CS_RECORD_NAME] = {0};
    uint64_t generation;
    bool fits;

    cs_record_keys_derive(&k, dek, store_id);
    FUZZ_HOLDS(cs_record_open(&key, &value, &k, &bind, in) == CS_ERR_STORE_CORRUPT);
    FUZZ_HOLDS(key.n == 0 && value.n == 0);
    fits = cs_record_element(element, &k, TABLE, CS_SPAN_OF(name), in) == CS_OK;
    FUZZ_HOLDS(fits == (in.n >= CS_RECORD_MIN));
    FUZZ_HOLDS(fits || cs_record_generation(&generation, in) != CS_OK);
    cs_wr_free(&key);
    cs_wr_free(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cs_kv *kv;
    bool changed = false;

    fuzz_start();
    codec(CS_SPAN(data, size));
    if (size < 4) {
        return 0;
    }
    kv = fresh_store();
    FUZZ_HOLDS(is_whole(kv));
    for (size_t i = 0; i + 4 <= size && i < 64; i += 4) {
        changed = poke(kv, data + i) || changed;
    }
    /* Several changes can undo each other; a single one never passes. */
    FUZZ_HOLDS(!is_whole(kv) || !changed || size >= 8);
    cs_kv_close(kv);
    return 0;
}
