/* Somebody writes to the disk (RELIABILITY T17): every change to a store is refused at
 * open or at first use, and never gives altered data. */
#include "store/safe.h"

#include "store/safe_priv.h"
#include "support/store_bed.h"

enum { T = 0x50, U = 0x51, HEADER = 0x01, MANIFEST = 0x02 };

/* The small store that is tampered with, and the same a few writes later. */
static struct cs_kv *small_store(struct cs_kv **later)
{
    struct bed b = bed_new();

    assert_ok(cs_safe_put(b.safe, T, S("a"), S("alpha")));
    assert_ok(cs_safe_put(b.safe, T, S("b"), S("beta")));
    assert_ok(cs_safe_put(b.safe, U, S("a"), S("gamma")));
    bed_commit(&b);
    if (later != NULL) {
        struct cs_kv *first = cs_kv_mem_clone(b.kv);

        assert_ok(cs_safe_put(b.safe, T, S("a"), S("alpha 2")));
        assert_ok(cs_safe_put(b.safe, T, S("c"), S("delta")));
        assert_ok(cs_safe_del(b.safe, U, S("a")));
        bed_commit(&b);
        *later = bed_crash(&b);
        return first;
    }
    return bed_crash(&b);
}

static enum cs_err try_open(struct cs_kv *kv, struct cs_why *why)
{
    struct cs_safe_params p = bed_params();
    struct cs_db *db = cs_db_new(kv);
    unsigned long commits = cs_kv_mem_commits(kv);
    struct cs_safe *s;
    enum cs_err err = cs_safe_open(&s, db, &p, why);

    assert_int_equal(cs_kv_mem_commits(kv), commits); /* opening writes nothing */
    cs_safe_free(s);
    cs_db_free(db);
    return err;
}

static void refuse(struct cs_kv *kv, const char *because)
{
    struct cs_why why = {{0}};

    assert_err(try_open(kv, &why), CS_ERR_STORE_CORRUPT);
    assert_says(why, because);
}

static void raw_write(struct cs_kv *kv, uint8_t table, struct cs_span key, bool del,
                      struct cs_span value)
{
    struct cs_kv_batch *b = cs_kv_batch_new();

    if (del) {
        assert_ok(cs_kv_batch_del(b, table, key));
    } else {
        assert_ok(cs_kv_batch_put(b, table, key, value));
    }
    assert_ok(kv->ops->commit(kv, b));
    cs_kv_batch_free(b);
}

/* The nth record of a table. */
static void raw_read(struct cs_kv *kv, uint8_t table, unsigned nth, struct cs_wr *key,
                     struct cs_wr *value)
{
    for (unsigned i = 0; i <= nth; i++) {
        struct cs_wr at = {0};

        cs_wr_bytes(&at, key->p, key->n);
        cs_wr_reset(key);
        cs_wr_reset(value);
        assert_ok(kv->ops->next(kv, table, cs_wr_get(&at), i > 0, key, value));
        cs_wr_free(&at);
    }
}

static void copy_record(struct cs_kv *to, struct cs_kv *from, uint8_t table)
{
    struct cs_wr value = {0};

    assert_ok(from->ops->get(from, table, S(""), &value));
    raw_write(to, table, S(""), false, cs_wr_get(&value));
    cs_wr_free(&value);
}

static void a_removed_record_is_found(void **state)
{
    struct cs_kv *kv = small_store(NULL);
    struct cs_wr key = {0}, value = {0};

    (void)state;
    raw_read(kv, T, 1, &key, &value);
    raw_write(kv, T, cs_wr_get(&key), true, S(""));
    refuse(kv, "holds 2 records, its manifest says 3");
    raw_write(kv, T, cs_wr_get(&key), false, cs_wr_get(&value)); /* put it back */
    assert_ok(try_open(kv, NULL));
    cs_wr_free(&key);
    cs_wr_free(&value);
    cs_kv_close(kv);
}

static void swapped_records_are_found(void **state)
{
    struct cs_kv *kv = small_store(NULL);
    struct cs_wr k1 = {0}, v1 = {0}, k2 = {0}, v2 = {0};

    (void)state;
    raw_read(kv, T, 0, &k1, &v1);
    raw_read(kv, T, 1, &k2, &v2);
    raw_write(kv, T, cs_wr_get(&k1), false, cs_wr_get(&v2));
    raw_write(kv, T, cs_wr_get(&k2), false, cs_wr_get(&v1));
    refuse(kv, "are not the ones of its manifest");
    cs_wr_free(&k1);
    cs_wr_free(&v1);
    cs_wr_free(&k2);
    cs_wr_free(&v2);
    cs_kv_close(kv);
}

static void a_copy_under_another_name_or_table_is_found(void **state)
{
    struct cs_kv *kv = small_store(NULL);
    struct cs_wr key = {0}, value = {0};
    uint8_t name[32] = {1};

    (void)state;
    raw_read(kv, T, 0, &key, &value);
    raw_write(kv, T, CS_SPAN_OF(name), false, cs_wr_get(&value));
    refuse(kv, "holds 4 records, its manifest says 3");
    raw_write(kv, T, CS_SPAN_OF(name), true, S(""));
    raw_write(kv, T, cs_wr_get(&key), true, S(""));
    raw_write(kv, U, cs_wr_get(&key), false, cs_wr_get(&value)); /* moved */
    refuse(kv, "are not the ones of its manifest");
    cs_wr_free(&key);
    cs_wr_free(&value);
    cs_kv_close(kv);
}

static void an_older_version_of_one_record_is_found(void **state)
{
    struct cs_kv *later, *first = small_store(&later);
    struct cs_wr key = {0}, value = {0};
    unsigned changed = 0;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct cs_wr now = {0};

        cs_wr_reset(&key);
        raw_read(first, T, i, &key, &value);
        assert_ok(later->ops->get(later, T, cs_wr_get(&key), &now));
        if (!span_is(cs_wr_get(&now), cs_wr_get(&value))) {
            raw_write(later, T, cs_wr_get(&key), false, cs_wr_get(&value));
            refuse(later, "are not the ones of its manifest");
            changed++;
        }
        cs_wr_free(&now);
    }
    assert_int_equal(changed, 1);
    cs_wr_free(&key);
    cs_wr_free(&value);
    cs_kv_close(first);
    cs_kv_close(later);
}

static void mixed_snapshots_are_found(void **state)
{
    struct cs_kv *later, *first = small_store(&later);
    struct cs_kv *a = cs_kv_mem_clone(first), *b = cs_kv_mem_clone(later);

    (void)state;
    copy_record(a, later, MANIFEST); /* old records, new manifest */
    refuse(a, "");
    copy_record(b, first, MANIFEST); /* new records, old manifest */
    refuse(b, "");
    copy_record(a, first, MANIFEST);
    copy_record(b, later, MANIFEST);
    assert_ok(try_open(a, NULL)); /* whole ones open */
    assert_ok(try_open(b, NULL));
    cs_kv_close(first);
    cs_kv_close(later);
    cs_kv_close(a);
    cs_kv_close(b);
}

static void newer_records_are_named(void **state)
{
    struct cs_kv *later, *first = small_store(&later);
    struct cs_wr key = {0}, value = {0};

    (void)state;
    for (unsigned i = 0; i < 3; i++) { /* overwrite only what is there in both */
        cs_wr_reset(&key);
        raw_read(later, T, i, &key, &value);
        if (first->ops->get(first, T, cs_wr_get(&key), NULL) == CS_OK) {
            raw_write(first, T, cs_wr_get(&key), false, cs_wr_get(&value));
        }
    }
    refuse(first, "some are newer");
    cs_wr_free(&key);
    cs_wr_free(&value);
    cs_kv_close(first);
    cs_kv_close(later);
}

static void a_header_of_before_a_rekey_is_found(void **state)
{
    struct cs_safe_params p = bed_params();
    struct bed b = bed_new();
    struct cs_kek new_kek = {.key = {9, 9}};
    struct cs_why why = {{0}};
    struct cs_kv *before;

    (void)state;
    before = cs_kv_mem_clone(b.kv);
    assert_ok(cs_safe_rekey(b.safe, &new_kek));
    copy_record(b.kv, before, HEADER); /* the thief knows the old key */
    cs_safe_free(b.safe);
    assert_err(cs_safe_open(&b.safe, b.db, &p, &why), CS_ERR_STORE_CORRUPT);
    assert_says(why, "another moment than its manifest");
    cs_kv_close(before);
    bed_free(&b);
}

static void header_or_manifest_missing_or_foreign_is_found(void **state)
{
    struct cs_kv *kv = small_store(NULL), *other = small_store(NULL);
    struct cs_kv *a = cs_kv_mem_clone(kv);

    (void)state;
    raw_write(a, MANIFEST, S(""), true, S(""));
    refuse(a, "manifest is missing");
    copy_record(a, other, MANIFEST); /* same keys, other store */
    refuse(a, "manifest is damaged or of another store");
    copy_record(a, other, HEADER); /* header and manifest of the other */
    refuse(a, "are not the ones of its manifest");
    raw_write(a, HEADER, S(""), true, S(""));
    refuse(a, "no header");
    cs_kv_close(a);
    cs_kv_close(kv);
    cs_kv_close(other);
}

static void records_of_no_known_shape_are_found(void **state)
{
    struct cs_kv *kv = small_store(NULL);
    static const uint8_t name[32] = {1}, zeros[100];

    (void)state;
    raw_write(kv, 0x03, S("x"), false, S("y"));
    refuse(kv, "malformed record (table 0x03)");
    raw_write(kv, 0x03, S("x"), true, S(""));
    raw_write(kv, 0x03, CS_SPAN_OF(name), false, CS_SPAN_OF(zeros));
    refuse(kv, "malformed record (table 0x03)");
    raw_write(kv, 0x03, CS_SPAN_OF(name), true, S(""));
    raw_write(kv, HEADER, S("x"), false, S("y"));
    refuse(kv, "malformed record");
    raw_write(kv, HEADER, S("x"), true, S(""));
    raw_write(kv, T, S("short name"), false, CS_SPAN_OF(zeros));
    refuse(kv, "malformed record (table 0x50)");
    raw_write(kv, T, S("short name"), true, S(""));
    raw_write(kv, T, CS_SPAN_OF(name), false, CS_SPAN(zeros, 41));
    refuse(kv, "malformed record (table 0x50)");
    raw_write(kv, T, CS_SPAN_OF(name), true, S(""));
    assert_ok(try_open(kv, NULL));
    cs_kv_close(kv);
}

static void a_store_of_a_newer_version_is_refused_as_such(void **state)
{
    struct cs_kv *kv = small_store(NULL);
    struct cs_wr h = {0};
    struct cs_why why = {{0}};
    static const size_t places[] = {9, 11}; /* format, schema */

    (void)state;
    assert_ok(kv->ops->get(kv, HEADER, S(""), &h));
    for (size_t i = 0; i < CS_COUNTOF(places); i++) {
        h.p[places[i]]++;
        raw_write(kv, HEADER, S(""), false, cs_wr_get(&h));
        assert_err(try_open(kv, &why), CS_ERR_STORE_VERSION);
        assert_says(why, "version");
        h.p[places[i]]--;
    }
    h.p[12 + 1 + 8 + 16] = 3; /* magic, versions, device, store id: kind of the key */
    raw_write(kv, HEADER, S(""), false, cs_wr_get(&h));
    assert_err(try_open(kv, &why), CS_ERR_STORE_VERSION);
    assert_says(why, "wrapped in a way (3)");
    cs_wr_free(&h);
    cs_kv_close(kv);
}

static enum cs_err ignore(void *ctx, struct cs_span key, struct cs_span value)
{
    (void)ctx, (void)key, (void)value;
    return CS_OK;
}

static void a_short_name_that_appears_after_opening_stops_a_walk(void **state)
{
    struct cs_kv *kv = small_store(NULL);
    struct bed b = bed_on(kv);
    static const uint8_t zeros[100];
    uint64_t n;

    (void)state;
    assert_ok(cs_safe_each(b.safe, T, ignore, NULL));
    raw_write(kv, T, S("short"), false, CS_SPAN_OF(zeros));
    assert_err(cs_safe_each(b.safe, T, ignore, NULL), CS_ERR_STORE_CORRUPT);
    assert_err(cs_safe_check_all(b.safe, &n, NULL), CS_ERR_STORE_CORRUPT);
    bed_free(&b);
}

/* Sealed with the right keys, so a later version's, not a forger's. */
static void a_manifest_of_another_length_is_refused(void **state)
{
    static const uint8_t no_name[CS_RECORD_NAME];
    static const size_t lengths[] = {0, 79, 80, 81};
    struct cs_kv *kv = small_store(NULL);
    struct bed b = bed_on(kv);
    struct cs_wr plain = {0}, old = {0}, out = {0};
    const struct cs_record_bind *bind = cs_safe_bind(b.safe, MANIFEST, no_name);

    (void)state;
    assert_ok(kv->ops->get(kv, MANIFEST, S(""), &old));
    assert_ok(
        cs_record_open(NULL, &plain, &b.safe->secret->keys, bind, cs_wr_get(&old)));
    assert_int_equal(plain.n, 80);
    cs_wr_u8(&plain, 0);
    for (size_t i = 0; i < CS_COUNTOF(lengths); i++) {
        cs_wr_reset(&out);
        assert_ok(cs_record_seal(&out, &b.safe->secret->keys, bind, 1,
                                 cs_safe_generation(b.safe), no_name, S(""),
                                 CS_SPAN(plain.p, lengths[i])));
        raw_write(kv, MANIFEST, S(""), false, cs_wr_get(&out));
        assert_err(try_open(kv, NULL), lengths[i] == 80 ? CS_OK : CS_ERR_STORE_CORRUPT);
    }
    cs_wr_free(&plain);
    cs_wr_free(&old);
    cs_wr_free(&out);
    bed_free(&b);
}

/* ---- every byte --------------------------------------------------------------- */

/* Opens and reads all; true when everything is as it was written. */
static bool is_whole(struct cs_kv *kv, enum cs_err *err)
{
    const struct {
        uint8_t table;
        struct cs_span key, value;
    } all[] = {
        {T, CS_SPAN_LIT("a"), CS_SPAN_LIT("alpha")},
        {T, CS_SPAN_LIT("b"), CS_SPAN_LIT("beta")},
        {U, CS_SPAN_LIT("a"), CS_SPAN_LIT("gamma")},
    };
    struct cs_safe_params p = bed_params();
    struct cs_db *db = cs_db_new(kv);
    struct cs_safe *s;
    bool is_same = true;

    *err = cs_safe_open(&s, db, &p, NULL);
    for (size_t i = 0; *err == CS_OK && i < CS_COUNTOF(all); i++) {
        struct cs_wr w = {0};

        *err = cs_safe_get(s, all[i].table, all[i].key, &w);
        is_same = is_same && (*err != CS_OK || span_is(cs_wr_get(&w), all[i].value));
        assert_true(*err == CS_OK || w.n == 0); /* nothing is given out with an error */
        cs_wr_free(&w);
    }
    cs_safe_free(s);
    cs_db_free(db);
    return is_same && *err == CS_OK;
}

static bool is_refusal(enum cs_err err)
{
    return err == CS_ERR_STORE_CORRUPT || err == CS_ERR_STORE_KEY ||
           err == CS_ERR_STORE_DEVICE || err == CS_ERR_STORE_VERSION;
}

struct target {
    struct cs_kv *kv;
    uint8_t table;
    struct cs_wr key, value;
};

static void flip_each(struct target *t)
{
    enum cs_err err;

    for (size_t i = 0; i < t->value.n * 8; i++) {
        t->value.p[i / 8] ^= (uint8_t)(1U << (i % 8));
        raw_write(t->kv, t->table, cs_wr_get(&t->key), false, cs_wr_get(&t->value));
        assert_false(is_whole(t->kv, &err));
        assert_true(is_refusal(err));
        t->value.p[i / 8] ^= (uint8_t)(1U << (i % 8));
    }
    for (size_t n = 0; n < t->value.n; n++) { /* and every length */
        raw_write(t->kv, t->table, cs_wr_get(&t->key), false, CS_SPAN(t->value.p, n));
        assert_false(is_whole(t->kv, &err));
        assert_true(is_refusal(err));
    }
    cs_wr_u8(&t->value, 0);
    raw_write(t->kv, t->table, cs_wr_get(&t->key), false, cs_wr_get(&t->value));
    assert_false(is_whole(t->kv, &err));
    assert_true(is_refusal(err));
    raw_write(t->kv, t->table, cs_wr_get(&t->key), false,
              CS_SPAN(t->value.p, t->value.n - 1));
    assert_true(is_whole(t->kv, &err));
}

static void every_flipped_bit_and_cut_length_of_every_record_is_refused(void **state)
{
    static const uint8_t tables[] = {HEADER, MANIFEST, T, T, U};
    struct cs_kv *kv = small_store(NULL);

    (void)state;
    for (unsigned i = 0; i < CS_COUNTOF(tables); i++) {
        struct target t = {.kv = kv, .table = tables[i]};

        raw_read(kv, t.table, i == 3 ? 1 : 0, &t.key, &t.value);
        flip_each(&t);
        cs_wr_free(&t.key);
        cs_wr_free(&t.value);
    }
    cs_kv_close(kv);
}

static void every_flipped_bit_of_a_records_name_is_refused(void **state)
{
    struct cs_kv *kv = small_store(NULL);
    struct cs_wr key = {0}, value = {0};
    enum cs_err err;

    (void)state;
    raw_read(kv, T, 0, &key, &value);
    raw_write(kv, T, cs_wr_get(&key), true, S(""));
    for (size_t i = 0; i < key.n * 8; i++) {
        key.p[i / 8] ^= (uint8_t)(1U << (i % 8));
        raw_write(kv, T, cs_wr_get(&key), false, cs_wr_get(&value));
        assert_false(is_whole(kv, &err));
        assert_true(is_refusal(err));
        raw_write(kv, T, cs_wr_get(&key), true, S(""));
        key.p[i / 8] ^= (uint8_t)(1U << (i % 8));
    }
    cs_wr_free(&key);
    cs_wr_free(&value);
    cs_kv_close(kv);
}

static void damage_after_opening_is_found_at_use_and_by_the_deep_check(void **state)
{
    struct cs_kv *kv = small_store(NULL);
    struct bed b = bed_on(kv);
    struct cs_wr key = {0}, value = {0}, out = {0};
    struct cs_why why = {{0}};
    uint64_t n;
    unsigned bad = 0;

    (void)state;
    assert_ok(cs_safe_check_all(b.safe, &n, &why));
    assert_int_equal(n, 3);
    raw_read(kv, T, 0, &key, &value);
    value.p[30] ^= 1; /* in the ciphertext: head and tag are as the manifest says */
    raw_write(kv, T, cs_wr_get(&key), false, cs_wr_get(&value));
    bad += cs_safe_get(b.safe, T, S("a"), &out) == CS_ERR_STORE_CORRUPT ? 1 : 0;
    bad += cs_safe_get(b.safe, T, S("b"), &out) == CS_ERR_STORE_CORRUPT ? 1 : 0;
    assert_int_equal(bad, 1);
    assert_err(cs_safe_check_all(b.safe, &n, &why), CS_ERR_STORE_CORRUPT);
    assert_says(why, "does not verify");
    assert_int_equal(n, 0);
    cs_wr_free(&key);
    cs_wr_free(&value);
    cs_wr_free(&out);
    bed_free(&b);
}

/* ---- what an image shows ------------------------------------------------------ */

struct hunt {
    struct cs_span canary;
    unsigned hits;
};

static enum cs_err look(void *ctx, uint8_t table, struct cs_span key,
                        struct cs_span value)
{
    struct hunt *h = ctx;

    (void)table;
    h->hits += memmem(key.p, key.n, h->canary.p, h->canary.n) != NULL ? 1U : 0U;
    h->hits += memmem(value.p, value.n, h->canary.p, h->canary.n) != NULL ? 1U : 0U;
    return CS_OK;
}

static void no_key_or_value_is_readable(void **state)
{
    struct bed b = bed_new();
    struct hunt h[] = {
        {S("CANARY-KEY"), 0}, {S("CANARY-VALUE"), 0}, {CS_SPAN_OF(bed_kek.key), 0}};

    (void)state;
    assert_ok(cs_safe_put(b.safe, T, S("CANARY-KEY"), S("xx CANARY-VALUE xx")));
    bed_commit(&b);
    for (size_t i = 0; i < CS_COUNTOF(h); i++) {
        assert_ok(b.kv->ops->scan(b.kv, look, &h[i]));
        assert_int_equal(h[i].hits, 0);
    }
    bed_free(&b);
}

static void the_same_record_in_two_stores_has_nothing_in_common(void **state)
{
    struct cs_kv *kv[2] = {small_store(NULL), small_store(NULL)};
    struct cs_wr k[2] = {{0}, {0}}, v[2] = {{0}, {0}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        raw_read(kv[i], U, 0, &k[i], &v[i]);
        cs_kv_close(kv[i]);
    }
    assert_int_equal(v[0].n, v[1].n);
    assert_memory_not_equal(k[0].p, k[1].p, 32);
    assert_memory_not_equal(v[0].p + 24, v[1].p + 24, v[0].n - 24);
    for (size_t i = 0; i < 2; i++) {
        cs_wr_free(&k[i]);
        cs_wr_free(&v[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_removed_record_is_found),
        cmocka_unit_test(swapped_records_are_found),
        cmocka_unit_test(a_copy_under_another_name_or_table_is_found),
        cmocka_unit_test(an_older_version_of_one_record_is_found),
        cmocka_unit_test(mixed_snapshots_are_found),
        cmocka_unit_test(newer_records_are_named),
        cmocka_unit_test(a_header_of_before_a_rekey_is_found),
        cmocka_unit_test(header_or_manifest_missing_or_foreign_is_found),
        cmocka_unit_test(records_of_no_known_shape_are_found),
        cmocka_unit_test(a_store_of_a_newer_version_is_refused_as_such),
        cmocka_unit_test(a_short_name_that_appears_after_opening_stops_a_walk),
        cmocka_unit_test(a_manifest_of_another_length_is_refused),
        cmocka_unit_test(every_flipped_bit_and_cut_length_of_every_record_is_refused),
        cmocka_unit_test(every_flipped_bit_of_a_records_name_is_refused),
        cmocka_unit_test(damage_after_opening_is_found_at_use_and_by_the_deep_check),
        cmocka_unit_test(no_key_or_value_is_readable),
        cmocka_unit_test(the_same_record_in_two_stores_has_nothing_in_common),
    };

    if (cs_crypto_init() != CS_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
