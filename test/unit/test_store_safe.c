/* The sealed store: life of records, opening, refusals, keys.  Tampering is
 * test_store_tamper.c. */
#include "store/safe.h"

#include "store/header.h"
#include "store/record.h"
#include "store/safe_priv.h"
#include "support/store_bed.h"

enum { T = 0x40, U = 0x41 };

static void what_was_put_is_there_after_a_restart(void **state)
{
    struct bed b = bed_new();
    struct cs_wr w = {0};

    (void)state;
    assert_ok(cs_safe_put(b.safe, T, S("key"), S("value")));
    assert_ok(cs_safe_put(b.safe, T, S(""), S("")));
    assert_ok(cs_safe_put(b.safe, U, S("key"), S("other")));
    assert_holds(b.safe, T, S("key"), S("value")); /* before it is durable, too */
    bed_commit(&b);
    b = bed_on(bed_crash(&b));
    assert_holds(b.safe, T, S("key"), S("value"));
    assert_holds(b.safe, T, S(""), S(""));
    assert_holds(b.safe, U, S("key"), S("other"));
    assert_int_equal(cs_safe_count(b.safe), 3);
    assert_err(cs_safe_get(b.safe, U, S("none"), &w), CS_ERR_NOT_FOUND);
    assert_true(cs_safe_has(b.safe, T, S("key")));
    assert_false(cs_safe_has(b.safe, U, S("none")));
    bed_free(&b);
}

static void what_was_not_committed_is_gone_after_a_crash(void **state)
{
    struct bed b = bed_new();
    struct cs_kv_batch *batch;

    (void)state;
    assert_ok(cs_safe_put(b.safe, T, S("a"), S("1")));
    bed_commit(&b);
    assert_ok(cs_safe_put(b.safe, T, S("a"), S("2")));
    assert_ok(cs_safe_take_batch(b.safe, &batch));
    cs_kv_batch_free(batch);
    b = bed_on(bed_crash(&b));
    assert_holds(b.safe, T, S("a"), S("1"));
    bed_free(&b);
}

static void records_can_be_rewritten_and_deleted(void **state)
{
    struct bed b = bed_new();

    (void)state;
    assert_ok(cs_safe_put(b.safe, T, S("a"), S("1")));
    assert_ok(cs_safe_put(b.safe, T, S("b"), S("1")));
    bed_commit(&b);
    assert_ok(cs_safe_put(b.safe, T, S("a"), S("2")));
    assert_ok(cs_safe_put(b.safe, T, S("a"), S("3")));
    assert_ok(cs_safe_del(b.safe, T, S("b")));
    assert_ok(cs_safe_del(b.safe, T, S("b"))); /* absent: fine */
    bed_commit(&b);
    b = bed_on(bed_crash(&b));
    assert_holds(b.safe, T, S("a"), S("3"));
    assert_false(cs_safe_has(b.safe, T, S("b")));
    assert_int_equal(cs_safe_count(b.safe), 1);
    bed_free(&b);
}

static void the_generation_rises_by_one_per_batch(void **state)
{
    struct bed b = bed_new();
    uint64_t start = cs_safe_generation(b.safe);

    (void)state;
    for (uint64_t i = 1; i <= 5; i++) {
        assert_ok(cs_safe_put(b.safe, T, S("a"), S("1")));
        assert_ok(cs_safe_put(b.safe, T, S("b"), S("1")));
        bed_commit(&b);
        assert_int_equal(cs_safe_generation(b.safe), start + i);
        bed_commit(&b); /* a step that wrote nothing */
    }
    b = bed_on(bed_crash(&b));
    assert_int_equal(cs_safe_generation(b.safe), start + 5);
    bed_free(&b);
}

static void batches_may_be_committed_in_groups(void **state)
{
    struct bed b = bed_new();
    struct cs_kv_batch *one, *two;

    (void)state;
    assert_ok(cs_safe_put(b.safe, T, S("a"), S("1")));
    assert_ok(cs_safe_take_batch(b.safe, &one));
    assert_ok(cs_safe_put(b.safe, T, S("a"), S("2")));
    assert_ok(cs_safe_put(b.safe, T, S("b"), S("2")));
    assert_ok(cs_safe_take_batch(b.safe, &two));
    cs_kv_batch_join(one, two);
    assert_ok(b.kv->ops->commit(b.kv, one));
    cs_kv_batch_free(one);
    b = bed_on(bed_crash(&b));
    assert_holds(b.safe, T, S("a"), S("2"));
    bed_free(&b);
}

/* ---- scans -------------------------------------------------------------------- */

struct seen {
    struct cs_safe *s;
    unsigned n, bits;
};

static enum cs_err see(void *ctx, struct cs_span key, struct cs_span value)
{
    struct seen *seen = ctx;

    assert_int_equal(key.n, 1);
    assert_int_equal(value.p[0], key.p[0] + 100);
    seen->bits |= 1U << key.p[0];
    seen->n++;
    if (key.p[0] % 2 == 0) { /* writing inside a walk is allowed */
        assert_ok(cs_safe_del(seen->s, T, key));
    }
    return CS_OK;
}

static enum cs_err stop(void *ctx, struct cs_span key, struct cs_span value)
{
    (void)key, (void)value;
    (*(unsigned *)ctx)++;
    return CS_ERR_LIMIT;
}

static void a_walk_opens_every_record_of_its_table_once(void **state)
{
    struct bed b = bed_new();
    struct seen seen = {.s = b.safe};
    unsigned n = 0;

    (void)state;
    for (uint8_t i = 0; i < 20; i++) {
        uint8_t value = (uint8_t)(i + 100);

        assert_ok(cs_safe_put(b.safe, T, CS_SPAN(&i, 1), CS_SPAN(&value, 1)));
        assert_ok(cs_safe_put(b.safe, U, CS_SPAN(&i, 1), S("no")));
        if (i == 10) {
            bed_commit(&b); /* the rest stays pending */
        }
    }
    assert_ok(cs_safe_each(b.safe, T, see, &seen));
    assert_int_equal(seen.n, 20);
    assert_int_equal(seen.bits, 0xfffff);
    assert_int_equal(cs_safe_count(b.safe), 30);
    assert_err(cs_safe_each(b.safe, T, stop, &n), CS_ERR_LIMIT);
    assert_int_equal(n, 1);
    assert_ok(cs_safe_each(b.safe, 0x77, stop, &n)); /* an empty table */
    assert_err(cs_safe_each(b.safe, 0x01, stop, &n), CS_ERR_USAGE);
    bed_free(&b);
}

/* ---- refusals ----------------------------------------------------------------- */

static void creating_over_anything_is_refused_and_writes_nothing(void **state)
{
    struct cs_safe_params p = bed_params();
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_kv_batch *batch = cs_kv_batch_new();
    struct cs_db *db = cs_db_new(kv);
    struct cs_why why = {{0}};
    struct cs_safe *s;

    (void)state;
    assert_ok(cs_kv_batch_put(batch, 0x99, S("foreign"), S("thing")));
    assert_ok(kv->ops->commit(kv, batch));
    cs_kv_batch_free(batch);
    assert_err(cs_safe_create(&s, db, &p, &why), CS_ERR_EXISTS);
    assert_null(s);
    assert_says(why, "nothing was written");
    assert_int_equal(cs_kv_mem_commits(kv), 1);
    assert_err(cs_safe_open(&s, db, &p, &why), CS_ERR_STORE_CORRUPT);
    assert_says(why, "no header");
    cs_db_free(db);
    cs_kv_close(kv);
}

static void an_empty_store_is_not_made_by_opening(void **state)
{
    struct cs_safe_params p = bed_params();
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_db *db = cs_db_new(kv);
    struct cs_why why = {{0}};
    struct cs_safe *s;
    char device[CS_SAFE_DEVICE_MAX + 1];

    (void)state;
    assert_err(cs_safe_open(&s, db, &p, &why), CS_ERR_NOT_FOUND);
    assert_null(s);
    assert_int_equal(cs_kv_mem_count(kv), 0);
    assert_err(cs_safe_peek_device(kv, device), CS_ERR_NOT_FOUND);
    cs_db_free(db);
    cs_kv_close(kv);
}

static void a_store_opens_with_its_own_key_and_device_only(void **state)
{
    static const char *const devices[] = {"device-a", "device-b", "device-c"};
    struct cs_kek keks[3] = {{.key = {1, 2}}, {.key = {3, 4}}, {.key = {5, 6}}};

    (void)state;
    for (size_t v = 0; v < 3; v++) { /* RELIABILITY T4: only the diagonal starts */
        struct cs_kv *kv = cs_kv_mem_new();
        struct cs_db *db = cs_db_new(kv);
        struct cs_safe *s;

        for (size_t i = 0; i < 10; i++) {
            size_t d = i == 0 ? v : (i - 1) % 3, k = i == 0 ? v : (i - 1) / 3;
            struct cs_safe_params p = {
                .device_id = devices[d], .kek = &keks[k], .random = bed_random};
            struct cs_why why = {{0}};
            enum cs_err want = d != v ? CS_ERR_STORE_DEVICE
                                      : (k != v ? CS_ERR_STORE_KEY : CS_OK);

            if (i == 0) {
                assert_ok(cs_safe_create(&s, db, &p, &why));
            } else {
                assert_err(cs_safe_open(&s, db, &p, &why), want);
            }
            if (want == CS_ERR_STORE_DEVICE) { /* names both */
                assert_says(why, devices[d]);
                assert_says(why, devices[v]);
            }
            cs_safe_free(s);
        }
        assert_int_equal(cs_kv_mem_commits(kv), 1);
        cs_db_free(db);
        cs_kv_close(kv);
    }
}

static void a_bad_device_id_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "with space", "line\n", "\x80",
        "0123456789012345678901234567890123456789012345678901234567890123x"};
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_db *db = cs_db_new(kv);
    struct cs_safe *s;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        struct cs_safe_params p = bed_params();

        p.device_id = bad[i];
        assert_err(cs_safe_create(&s, db, &p, NULL), CS_ERR_CONFIG);
        assert_err(cs_safe_open(&s, db, &p, NULL), CS_ERR_CONFIG);
    }
    assert_int_equal(cs_kv_mem_count(kv), 0);
    cs_db_free(db);
    cs_kv_close(kv);
}

static void the_device_can_be_read_without_a_key(void **state)
{
    struct bed b = bed_new();
    char device[CS_SAFE_DEVICE_MAX + 1];

    (void)state;
    assert_ok(cs_safe_peek_device(b.kv, device));
    assert_string_equal(device, "device-a");
    assert_string_equal(cs_safe_device(b.safe), "device-a");
    bed_free(&b);
}

static void limits_are_final_for_the_safe(void **state)
{
    static const uint8_t zeros[CS_SAFE_VALUE_MAX + 1];
    struct cs_kv_batch *batch;
    struct bed b = bed_new();

    (void)state;
    assert_ok(cs_safe_put(b.safe, T, CS_SPAN(zeros, CS_SAFE_KEY_MAX),
                          CS_SPAN(zeros, CS_SAFE_VALUE_MAX)));
    bed_commit(&b);
    assert_ok(cs_safe_del(b.safe, T, CS_SPAN(zeros, CS_SAFE_KEY_MAX + 1)));
    assert_err(cs_safe_put(b.safe, T, S("k"), CS_SPAN_OF(zeros)), CS_ERR_TOO_LONG);
    assert_err(cs_safe_put(b.safe, T, S("k"), S("v")), CS_ERR_TOO_LONG);
    assert_err(cs_safe_take_batch(b.safe, &batch), CS_ERR_TOO_LONG);
    b = bed_on(bed_crash(&b));
    assert_err(cs_safe_put(b.safe, T, CS_SPAN(zeros, CS_SAFE_KEY_MAX + 1), S("")),
               CS_ERR_TOO_LONG);
    b = bed_on(bed_crash(&b));
    assert_err(cs_safe_put(b.safe, 0x0f, S("k"), S("v")), CS_ERR_USAGE);
    b = bed_on(bed_crash(&b));
    assert_err(cs_safe_del(b.safe, 0x02, S("")), CS_ERR_USAGE);
    bed_free(&b);
}

static void opening_with_writes_pending_is_refused(void **state)
{
    struct cs_safe_params p = bed_params();
    struct bed b = bed_new();
    struct cs_safe *s;
    struct cs_kek k = {.key = {1}};
    uint64_t n;

    (void)state;
    assert_ok(cs_safe_put(b.safe, T, S("a"), S("1")));
    assert_err(cs_safe_open(&s, b.db, &p, NULL), CS_ERR_STATE);
    assert_err(cs_safe_rekey(b.safe, &k), CS_ERR_STATE);
    assert_err(cs_safe_check_all(b.safe, &n, NULL), CS_ERR_STATE);
    bed_commit(&b);
    assert_ok(cs_safe_check_all(b.safe, &n, NULL));
    assert_int_equal(n, 1);
    bed_free(&b);
}

static void a_failed_creation_leaves_nothing(void **state)
{
    struct cs_safe_params p = bed_params();
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_db *db = cs_db_new(kv);
    struct cs_why why = {{0}};
    struct cs_safe *s;

    (void)state;
    cs_kv_mem_fail_commit(kv, 1, CS_ERR_STORE_FULL);
    assert_err(cs_safe_create(&s, db, &p, &why), CS_ERR_STORE_FULL);
    assert_int_equal(cs_kv_mem_count(kv), 0);
    assert_ok(cs_safe_create(&s, db, &p, &why));
    cs_safe_free(s);
    cs_db_free(db);
    cs_kv_close(kv);
}

/* ---- keys --------------------------------------------------------------------- */

static void rekeying_rewrites_the_header_and_no_record(void **state)
{
    struct cs_safe_params p = bed_params();
    struct bed b = bed_new();
    struct cs_kek new_kek = {.key = {42, 43}};
    struct cs_kv *before;
    struct cs_wr x = {0}, y = {0}, name = {0};
    struct cs_safe *s;

    (void)state;
    assert_ok(cs_safe_put(b.safe, T, S("a"), S("1")));
    bed_commit(&b);
    before = cs_kv_mem_clone(b.kv);
    assert_ok(cs_safe_rekey(b.safe, &new_kek));
    assert_ok(b.kv->ops->next(b.kv, T, S(""), false, &name, &x));
    assert_ok(before->ops->get(before, T, cs_wr_get(&name), &y));
    assert_true(span_is(cs_wr_get(&x), cs_wr_get(&y)));
    assert_ok(cs_safe_put(b.safe, T, S("b"), S("2"))); /* goes on working */
    bed_commit(&b);
    cs_safe_free(b.safe);
    assert_err(cs_safe_open(&s, b.db, &p, NULL), CS_ERR_STORE_KEY);
    p.kek = &new_kek;
    assert_ok(cs_safe_open(&b.safe, b.db, &p, NULL));
    assert_holds(b.safe, T, S("a"), S("1"));
    assert_holds(b.safe, T, S("b"), S("2"));
    cs_wr_free(&x);
    cs_wr_free(&y);
    cs_wr_free(&name);
    cs_kv_close(before);
    bed_free(&b);
}

static void a_failed_rekey_keeps_the_old_key(void **state)
{
    struct bed b = bed_new();
    struct cs_kek new_kek = {.key = {42, 43}};

    (void)state;
    cs_kv_mem_fail_commit(b.kv, 1, CS_ERR_STORE_FULL);
    assert_err(cs_safe_rekey(b.safe, &new_kek), CS_ERR_STORE_FULL);
    assert_ok(cs_safe_put(b.safe, T, S("a"), S("1")));
    bed_commit(&b);
    b = bed_on(bed_crash(&b));
    assert_holds(b.safe, T, S("a"), S("1"));
    bed_free(&b);
}

static void a_sealing_key_makes_so_many_records_and_no_more(void **state)
{
    struct cs_safe_params p = bed_params();
    struct cs_kv *kv = cs_kv_mem_new();
    struct bed b = {.kv = kv, .db = cs_db_new(kv)};
    unsigned per_epoch[64] = {0};
    struct cs_wr name = {0}, value = {0};
    bool after = false;

    (void)state;
    p.seals_per_key = 3;
    assert_ok(cs_safe_create(&b.safe, b.db, &p, NULL));
    for (uint8_t i = 0; i < 40; i++) {
        assert_ok(cs_safe_put(b.safe, T, CS_SPAN(&i, 1), S("v")));
        if (i % 7 == 0) {
            bed_commit(&b);
        }
        if (i == 20) { /* the count survives a restart */
            bed_commit(&b);
            cs_safe_free(b.safe);
            assert_ok(cs_safe_open(&b.safe, b.db, &p, NULL));
        }
    }
    bed_commit(&b);
    while (cs_db_next(b.db, T, cs_wr_get(&name), after, &name, &value) == CS_OK) {
        after = true;
        assert_int_equal(value.p[0] + value.p[1] + value.p[2], 0);
        assert_in_range(value.p[3], 1, 63);
        per_epoch[value.p[3]]++;
    }
    for (size_t i = 0; i < CS_COUNTOF(per_epoch); i++) {
        assert_true(per_epoch[i] <= 3);
    }
    assert_true(per_epoch[14] > 0); /* 40 records and 8 manifests: 16 epochs */
    cs_safe_free(b.safe);
    assert_ok(cs_safe_open(&b.safe, b.db, &p, NULL));
    for (uint8_t i = 0; i < 40; i++) {
        assert_holds(b.safe, T, CS_SPAN(&i, 1), S("v"));
    }
    cs_wr_free(&name);
    cs_wr_free(&value);
    bed_free(&b);
}

static void running_out_of_sealing_keys_is_an_error(void **state)
{
    struct bed b = bed_new();

    (void)state;
    b.safe->seals_per_key = 1;
    b.safe->m.key_epoch = UINT32_MAX;
    b.safe->m.seals = 1;
    assert_err(cs_safe_put(b.safe, T, S("a"), S("1")), CS_ERR_LIMIT);
    bed_free(&b);
}

/* The nonce source is asked for each seal; the same bytes twice would show here. */
static void no_two_records_share_a_nonce(void **state)
{
    static uint8_t nonces[2000][12];
    struct bed b = bed_new();
    struct cs_wr name = {0}, value = {0};
    size_t n = 0;
    bool after = false;

    (void)state;
    for (uint32_t i = 0; i < CS_COUNTOF(nonces); i++) {
        assert_ok(cs_safe_put(b.safe, T, CS_SPAN(&i, sizeof i), S("v")));
    }
    bed_commit(&b);
    while (cs_db_next(b.db, T, cs_wr_get(&name), after, &name, &value) == CS_OK) {
        after = true;
        memcpy(nonces[n++], value.p + 12, 12);
    }
    assert_int_equal(n, CS_COUNTOF(nonces));
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            assert_true(memcmp(nonces[i], nonces[j], 12) != 0);
        }
    }
    cs_wr_free(&name);
    cs_wr_free(&value);
    bed_free(&b);
}

/* ---- memory ------------------------------------------------------------------- */

static enum cs_err use_it(struct cs_kv *kv, struct cs_db **db, struct cs_safe **s)
{
    struct cs_safe_params p = bed_params();
    struct cs_kv_batch *batch = NULL;
    struct cs_wr w = {0};
    uint64_t n;
    enum cs_err err;

    *s = NULL;
    *db = cs_db_new(kv);
    CS_TRY(*db == NULL ? CS_ERR_NOMEM : CS_OK);
    CS_TRY(cs_safe_open(s, *db, &p, NULL));
    CS_TRY(cs_safe_put(*s, T, S("a"), S("2")));
    CS_TRY(cs_safe_put(*s, T, S("b"), S("2")));
    CS_TRY(cs_safe_del(*s, T, S("c")));
    CS_TRY(cs_safe_get(*s, T, S("a"), &w));
    CS_TRY(cs_safe_take_batch(*s, &batch));
    CS_TRY(kv->ops->commit(kv, batch));
    cs_db_durable(*db, 1);
    CS_TRY(cs_safe_check_all(*s, &n, NULL));
out:
    cs_kv_batch_free(batch);
    cs_wr_free(&w);
    return err;
}

static void every_failing_allocation_leaves_the_old_or_the_new_state(void **state)
{
    enum cs_err err = CS_ERR_NOMEM;
    unsigned long nth = 1;

    (void)state;
    for (; err == CS_ERR_NOMEM; nth++) {
        struct bed b = bed_new();
        bool is_new;

        assert_ok(cs_safe_put(b.safe, T, S("a"), S("1")));
        assert_ok(cs_safe_put(b.safe, T, S("c"), S("1")));
        bed_commit(&b);
        (void)bed_crash(&b);
        cs_mem_fail_at(nth);
        err = use_it(b.kv, &b.db, &b.safe);
        cs_mem_fail_at(0);
        b = bed_on(bed_crash(&b)); /* opens: the manifest holds */
        is_new = cs_safe_has(b.safe, T, S("b"));
        assert_holds(b.safe, T, S("a"), is_new ? S("2") : S("1"));
        assert_int_equal(cs_safe_has(b.safe, T, S("c")), !is_new);
        assert_true(err != CS_OK || is_new);
        bed_free(&b);
    }
    assert_ok(err);
    assert_true(nth > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_there_after_a_restart),
        cmocka_unit_test(what_was_not_committed_is_gone_after_a_crash),
        cmocka_unit_test(records_can_be_rewritten_and_deleted),
        cmocka_unit_test(the_generation_rises_by_one_per_batch),
        cmocka_unit_test(batches_may_be_committed_in_groups),
        cmocka_unit_test(a_walk_opens_every_record_of_its_table_once),
        cmocka_unit_test(creating_over_anything_is_refused_and_writes_nothing),
        cmocka_unit_test(an_empty_store_is_not_made_by_opening),
        cmocka_unit_test(a_store_opens_with_its_own_key_and_device_only),
        cmocka_unit_test(a_bad_device_id_is_refused),
        cmocka_unit_test(the_device_can_be_read_without_a_key),
        cmocka_unit_test(limits_are_final_for_the_safe),
        cmocka_unit_test(opening_with_writes_pending_is_refused),
        cmocka_unit_test(a_failed_creation_leaves_nothing),
        cmocka_unit_test(rekeying_rewrites_the_header_and_no_record),
        cmocka_unit_test(a_failed_rekey_keeps_the_old_key),
        cmocka_unit_test(a_sealing_key_makes_so_many_records_and_no_more),
        cmocka_unit_test(running_out_of_sealing_keys_is_an_error),
        cmocka_unit_test(no_two_records_share_a_nonce),
        cmocka_unit_test(every_failing_allocation_leaves_the_old_or_the_new_state),
    };

    if (cs_crypto_init() != CS_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
