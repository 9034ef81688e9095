/* The full check in pieces, beside puts and deletes; and walks in pieces. */
#include "support/store_bed.h"

enum { T = 0x40, U = 0x90, N = 200 };

static void fill(struct bed *b, uint8_t table, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint8_t key[2] = {(uint8_t)(i >> 8), (uint8_t)i};

        assert_ok(cs_safe_put(b->safe, table, CS_SPAN_OF(key), S("value")));
    }
    bed_commit(b);
}

static enum cs_err check(struct bed *b, struct cs_why *why, uint64_t *n)
{
    bool done = false;
    enum cs_err err = CS_OK;

    cs_safe_check_begin(b->safe);
    for (int i = 0; i < 10000 && !done && err == CS_OK; i++) {
        err = cs_safe_check_some(b->safe, 7, n, &done, why);
    }
    assert_true(done || err != CS_OK);
    return err;
}

static void a_whole_store_is_found_right(void **state)
{
    struct bed b = bed_on(cs_kv_mem_new());
    struct cs_why why = {{0}};
    uint64_t n = 0;

    (void)state;
    assert_ok(check(&b, &why, &n)); /* an empty one, too */
    assert_int_equal(n, 0);
    fill(&b, T, N);
    fill(&b, U, N);
    assert_ok(check(&b, &why, &n));
    assert_int_equal(n, 2 * N);
    assert_ok(check(&b, &why, &n)); /* and again */
    assert_int_equal(n, 2 * N);
    bed_free(&b);
}

/* Whatever happens before, at and behind the place of the walk. */
static void puts_and_deletes_meanwhile_are_worked_in(void **state)
{
    struct bed b = bed_on(cs_kv_mem_new());
    struct cs_why why = {{0}};
    uint64_t n = 0;
    bool done = false;

    (void)state;
    fill(&b, T, N);
    fill(&b, U, N);
    cs_safe_check_begin(b.safe);
    for (unsigned i = 0; !done; i++) {
        uint8_t old[2] = {0, (uint8_t)(i % N)}, fresh[2] = {1, (uint8_t)i};

        assert_true(i < 1000);
        assert_ok(cs_safe_check_some(b.safe, 5, &n, &done, &why));
        if (done) {
            assert_int_equal(n, cs_safe_count(b.safe));
        }
        if (i % 3 == 0) {
            assert_ok(cs_safe_put(b.safe, T, CS_SPAN_OF(old), S("changed")));
            assert_ok(cs_safe_put(b.safe, U, CS_SPAN_OF(fresh), S("new")));
        } else if (i % 3 == 1) {
            assert_ok(cs_safe_del(b.safe, T, CS_SPAN_OF(old)));
            assert_ok(cs_safe_del(b.safe, U, CS_SPAN_OF(old)));
        }
        if (i % 2 == 0) { /* else it is still pending at the next piece */
            bed_commit(&b);
        }
    }
    bed_free(&b);
}

static enum cs_err first(void *ctx, uint8_t table, struct cs_span key,
                         struct cs_span value)
{
    struct cs_kv_batch *batch = ctx;

    if (table != T || batch->n_ops != 0) {
        return CS_OK;
    }
    assert_ok(cs_kv_batch_put(batch, U, key, value)); /* swapped into another table */
    return CS_OK;
}

static void commit(struct bed *b, struct cs_kv_batch *batch)
{
    assert_ok(b->kv->ops->commit(b->kv, batch));
    cs_kv_batch_free(batch);
}

static void a_record_in_the_wrong_place_is_found(void **state)
{
    struct bed b = bed_on(cs_kv_mem_new());
    struct cs_kv_batch *batch = cs_kv_batch_new();
    struct cs_why why = {{0}};
    uint64_t n = 0;

    (void)state;
    fill(&b, T, 3);
    assert_ok(b.kv->ops->scan(b.kv, first, batch));
    commit(&b, batch);
    assert_err(check(&b, &why, &n), CS_ERR_STORE_CORRUPT);
    assert_says(why, "0x90");
    bed_free(&b);
}

static void a_removed_record_is_found(void **state)
{
    struct bed b = bed_on(cs_kv_mem_new());
    struct cs_kv_batch *batch = cs_kv_batch_new();
    struct cs_wr key = {0}, value = {0};
    struct cs_why why = {{0}};
    uint64_t n = 0;

    (void)state;
    fill(&b, T, 3);
    assert_ok(b.kv->ops->next(b.kv, T, CS_SPAN(NULL, 0), false, &key, &value));
    assert_ok(cs_kv_batch_del(batch, T, cs_wr_get(&key)));
    commit(&b, batch);
    assert_err(check(&b, &why, &n), CS_ERR_STORE_CORRUPT);
    assert_says(why, "manifest");
    cs_wr_free(&key);
    cs_wr_free(&value);
    bed_free(&b);
}

static void a_record_of_a_table_that_does_not_exist_is_found(void **state)
{
    struct bed b = bed_on(cs_kv_mem_new());
    struct cs_kv_batch *batch = cs_kv_batch_new();
    struct cs_why why = {{0}};
    uint64_t n = 0;

    (void)state;
    fill(&b, T, 3);
    assert_ok(cs_kv_batch_put(batch, 5, S("x"), S("y")));
    commit(&b, batch);
    assert_err(check(&b, &why, &n), CS_ERR_STORE_CORRUPT);
    bed_free(&b);
}

static void a_record_of_an_earlier_commit_is_found(void **state)
{
    struct bed b = bed_on(cs_kv_mem_new());
    struct cs_kv_batch *batch = cs_kv_batch_new();
    struct cs_wr key = {0}, value = {0};
    struct cs_why why = {{0}};
    const uint8_t one[2] = {0, 0};
    uint64_t n = 0;

    (void)state;
    fill(&b, T, 1);
    assert_ok(b.kv->ops->next(b.kv, T, CS_SPAN(NULL, 0), false, &key, &value));
    assert_ok(cs_safe_put(b.safe, T, CS_SPAN_OF(one), S("later")));
    bed_commit(&b);
    assert_ok(check(&b, &why, &n));
    assert_ok(cs_kv_batch_put(batch, T, cs_wr_get(&key), cs_wr_get(&value)));
    commit(&b, batch);
    assert_err(check(&b, &why, &n),
               CS_ERR_STORE_CORRUPT); /* sealed well, and as many */
    assert_says(why, "manifest");
    cs_wr_free(&key);
    cs_wr_free(&value);
    bed_free(&b);
}

static enum cs_err nothing(void *ctx, struct cs_span key, struct cs_span value)
{
    (void)ctx;
    (void)key;
    (void)value;
    return CS_OK;
}

static void a_name_that_is_none_is_found(void **state)
{
    struct bed b = bed_on(cs_kv_mem_new());
    struct cs_kv_batch *batch = cs_kv_batch_new();
    struct cs_safe_place at = {.begun = false};
    struct cs_wr key = {0}, value = {0};
    struct cs_why why = {{0}};
    uint64_t n = 0;

    (void)state;
    fill(&b, T, 1);
    assert_ok(b.kv->ops->next(b.kv, T, CS_SPAN(NULL, 0), false, &key, &value));
    cs_wr_u8(&key, 0); /* 32 bytes that are right, and one */
    assert_ok(cs_kv_batch_put(batch, T, cs_wr_get(&key), cs_wr_get(&value)));
    commit(&b, batch);
    assert_err(cs_safe_some(b.safe, T, &at, 7, nothing, NULL), CS_ERR_STORE_CORRUPT);
    assert_err(check(&b, &why, &n), CS_ERR_STORE_CORRUPT);
    assert_says(why, "0x40");
    cs_wr_free(&key);
    cs_wr_free(&value);
    bed_free(&b);
}

static enum cs_err count(void *ctx, struct cs_span key, struct cs_span value)
{
    (void)value;
    ((unsigned *)ctx)[(key.p[0] << 8) + key.p[1]]++;
    return CS_OK;
}

static void a_walk_in_pieces_meets_each_record_once(void **state)
{
    struct bed b = bed_on(cs_kv_mem_new());
    struct cs_safe_place at = {.begun = false};
    unsigned met[N] = {0}, calls = 0;
    enum cs_err err = CS_OK;

    (void)state;
    fill(&b, T, N);
    fill(&b, U, 3);
    for (; err == CS_OK; calls++) {
        err = cs_safe_some(b.safe, T, &at, 7, count, met);
    }
    assert_err(err, CS_ERR_NOT_FOUND);
    assert_int_equal(calls, N / 7 + 1);
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(met[i], 1);
    }
    assert_err(cs_safe_some(b.safe, T, &at, 7, count, met), CS_ERR_NOT_FOUND);
    assert_err(cs_safe_some(b.safe, 1, &at, 7, count, met), CS_ERR_USAGE);
    bed_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_store_is_found_right),
        cmocka_unit_test(puts_and_deletes_meanwhile_are_worked_in),
        cmocka_unit_test(a_record_in_the_wrong_place_is_found),
        cmocka_unit_test(a_removed_record_is_found),
        cmocka_unit_test(a_record_of_an_earlier_commit_is_found),
        cmocka_unit_test(a_name_that_is_none_is_found),
        cmocka_unit_test(a_record_of_a_table_that_does_not_exist_is_found),
        cmocka_unit_test(a_walk_in_pieces_meets_each_record_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
