/* The overlay against a model: a plain memory store to which every step is applied at
 * once must look the same as the db, whatever is pending. */
#include "store/db.h"

#include "store/omap.h"
#include "support/store_bed.h"

enum { T = 0x20 };

static void expect(struct cs_db *db, struct cs_span key, const char *want)
{
    struct cs_wr w = {0};

    if (want == NULL) {
        assert_err(cs_db_get(db, T, key, &w), CS_ERR_NOT_FOUND);
        assert_err(cs_db_get(db, T, key, NULL), CS_ERR_NOT_FOUND);
    } else {
        assert_ok(cs_db_get(db, T, key, &w));
        assert_true(span_is(cs_wr_get(&w), CS_SPAN(want, strlen(want))));
        assert_ok(cs_db_get(db, T, key, NULL));
    }
    cs_wr_free(&w);
}

static struct cs_kv_batch *take(struct cs_db *db)
{
    struct cs_kv_batch *b;

    assert_ok(cs_db_take_batch(db, &b));
    return b;
}

static void commit(struct cs_kv *kv, struct cs_kv_batch *b)
{
    assert_non_null(b);
    assert_ok(kv->ops->commit(kv, b));
    cs_kv_batch_free(b);
}

static void a_step_without_writes_gives_no_batch(void **state)
{
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_db *db = cs_db_new(kv);

    (void)state;
    assert_null(take(db));
    assert_int_equal(cs_db_taken(db), 0);
    cs_db_free(db);
    cs_kv_close(kv);
}

static void later_steps_see_writes_that_are_not_durable(void **state)
{
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_db *db = cs_db_new(kv);
    struct cs_kv_batch *one, *two;

    (void)state;
    assert_ok(cs_db_put(db, T, S("a"), S("1")));
    expect(db, S("a"), "1");
    one = take(db);
    expect(db, S("a"), "1");
    assert_ok(cs_db_put(db, T, S("a"), S("2")));
    assert_ok(cs_db_put(db, T, S("b"), S("x")));
    two = take(db);
    expect(db, S("a"), "2");
    commit(kv, one);
    cs_db_durable(db, 1);
    expect(db, S("a"), "2"); /* the kv says 1 */
    assert_int_equal(cs_db_pending(db), 2);
    commit(kv, two);
    cs_db_durable(db, 2);
    assert_int_equal(cs_db_pending(db), 0);
    expect(db, S("a"), "2");
    expect(db, S("b"), "x");
    cs_db_free(db);
    cs_kv_close(kv);
}

static void a_batch_holds_the_last_value_of_each_key_once(void **state)
{
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_db *db = cs_db_new(kv);
    struct cs_kv_batch *b;

    (void)state;
    assert_ok(cs_db_put(db, T, S("a"), S("1")));
    assert_ok(cs_db_put(db, T, S("b"), S("2")));
    assert_ok(cs_db_put(db, T, S("a"), S("3")));
    assert_ok(cs_db_del(db, T, S("b")));
    b = take(db);
    assert_int_equal(b->n_ops, 2);
    commit(kv, b);
    cs_db_durable(db, 1);
    expect(db, S("a"), "3");
    expect(db, S("b"), NULL);
    cs_db_free(db);
    cs_kv_close(kv);
}

static void dropping_forgets_what_is_not_durable(void **state)
{
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_db *db = cs_db_new(kv);
    struct cs_kv_batch *b;

    (void)state;
    assert_ok(cs_db_put(db, T, S("a"), S("1")));
    commit(kv, take(db));
    cs_db_durable(db, 1);
    assert_ok(cs_db_put(db, T, S("a"), S("2")));
    b = take(db);
    cs_kv_mem_fail_commit(kv, 1, CS_ERR_STORE_FULL);
    assert_err(kv->ops->commit(kv, b), CS_ERR_STORE_FULL);
    cs_kv_batch_free(b);
    assert_ok(cs_db_put(db, T, S("b"), S("3")));
    cs_db_drop(db);
    expect(db, S("a"), "1");
    expect(db, S("b"), NULL);
    assert_int_equal(cs_db_taken(db), 0);
    assert_ok(cs_db_put(db, T, S("b"), S("4"))); /* usable again */
    commit(kv, take(db));
    cs_db_durable(db, 1);
    expect(db, S("b"), "4");
    cs_db_free(db);
    cs_kv_close(kv);
}

static void an_error_inside_a_step_is_final_for_it(void **state)
{
    static const uint8_t zeros[CS_KV_VALUE_MAX + 1];
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_db *db = cs_db_new(kv);
    struct cs_kv_batch *b;

    (void)state;
    assert_ok(cs_db_put(db, T, S("a"), S("1")));
    assert_err(cs_db_put(db, T, S("b"), CS_SPAN_OF(zeros)), CS_ERR_TOO_LONG);
    assert_err(cs_db_put(db, T, S("c"), S("1")), CS_ERR_TOO_LONG);
    assert_err(cs_db_del(db, T, S("a")), CS_ERR_TOO_LONG);
    assert_err(cs_db_take_batch(db, &b), CS_ERR_TOO_LONG);
    assert_null(b);
    cs_db_drop(db);
    assert_err(cs_db_put(db, T, CS_SPAN(zeros, CS_KV_KEY_MAX + 1), S("")),
               CS_ERR_TOO_LONG);
    cs_db_drop(db);
    assert_ok(cs_db_put(db, T, CS_SPAN(zeros, CS_KV_KEY_MAX), S("")));
    cs_db_free(db);
    cs_kv_close(kv);
}

static void a_scan_may_reuse_its_key_writer_and_skip_the_value(void **state)
{
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_db *db = cs_db_new(kv);
    struct cs_wr key = {0};
    unsigned n = 0;
    bool after = false;

    (void)state;
    for (uint8_t i = 0; i < 10; i++) {
        assert_ok(cs_db_put(db, T, CS_SPAN(&i, 1), S("v")));
        if (i == 4) {
            commit(kv, take(db));
            cs_db_durable(db, 1);
        }
    }
    while (cs_db_next(db, T, cs_wr_get(&key), after, &key, NULL) == CS_OK) {
        assert_int_equal(key.n, 1);
        assert_int_equal(key.p[0], n++);
        after = true;
    }
    assert_int_equal(n, 10);
    cs_wr_free(&key);
    cs_db_free(db);
    cs_kv_close(kv);
}

/* ---- the model ------------------------------------------------------------------- */

static uint32_t rnd(uint32_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    return *x;
}

struct rig {
    struct cs_kv *kv, *model;
    struct cs_db *db;
    struct cs_kv_batch *waiting[8];
    size_t n_waiting;
    uint64_t durable;
    uint32_t x;
};

static struct cs_span some_key(struct rig *r, uint8_t buf[3])
{
    size_t n = rnd(&r->x) % 4; /* also the empty key */

    for (size_t i = 0; i < n; i++) {
        buf[i] = (uint8_t)(rnd(&r->x) % 3 == 0 ? 0xff : rnd(&r->x) % 3);
    }
    return CS_SPAN(buf, n);
}

static uint8_t some_table(struct rig *r)
{
    static const uint8_t tables[] = {0x20, 0x21, 0xff};

    return tables[rnd(&r->x) % CS_COUNTOF(tables)];
}

static void write_some(struct rig *r)
{
    struct cs_kv_batch *b = cs_kv_batch_new();
    size_t n = rnd(&r->x) % 6;

    for (size_t i = 0; i < n; i++) {
        uint8_t buf[3], value = (uint8_t)rnd(&r->x), table = some_table(r);
        struct cs_span key = some_key(r, buf);

        if (rnd(&r->x) % 3 == 0) {
            assert_ok(cs_db_del(r->db, table, key));
            assert_ok(cs_kv_batch_del(b, table, key));
        } else {
            assert_ok(cs_db_put(r->db, table, key, CS_SPAN(&value, 1)));
            assert_ok(cs_kv_batch_put(b, table, key, CS_SPAN(&value, 1)));
        }
    }
    assert_ok(r->model->ops->commit(r->model, b));
    cs_kv_batch_free(b);
}

static void flush_some(struct rig *r, size_t n)
{
    for (size_t i = 0; i < n && r->n_waiting != 0; i++) {
        commit(r->kv, r->waiting[0]);
        r->n_waiting--;
        memmove(r->waiting, r->waiting + 1, r->n_waiting * sizeof r->waiting[0]);
        r->durable++;
        if (rnd(&r->x) % 2 == 0) { /* the loop hears of it late */
            cs_db_durable(r->db, r->durable);
        }
    }
}

static void compare_one(struct rig *r)
{
    struct cs_wr ka = {0}, va = {0}, kb = {0}, vb = {0};
    uint8_t buf[3], table = some_table(r);
    struct cs_span key = some_key(r, buf);
    bool after = rnd(&r->x) % 2 == 0;
    enum cs_err a, b;

    switch (rnd(&r->x) % 3) {
    case 0:
        a = cs_db_get(r->db, table, key, &va);
        b = r->model->ops->get(r->model, table, key, &vb);
        break;
    case 1:
        a = cs_db_next(r->db, table, key, after, &ka, &va);
        b = r->model->ops->next(r->model, table, key, after, &kb, &vb);
        break;
    default:
        a = cs_db_prev(r->db, table, key, &ka, &va);
        b = r->model->ops->prev(r->model, table, key, &kb, &vb);
        break;
    }
    assert_int_equal(a, b);
    if (a == CS_OK) {
        assert_true(span_is(cs_wr_get(&ka), cs_wr_get(&kb)));
        assert_true(span_is(cs_wr_get(&va), cs_wr_get(&vb)));
    }
    cs_wr_free(&ka);
    cs_wr_free(&va);
    cs_wr_free(&kb);
    cs_wr_free(&vb);
}

static void it_always_looks_like_a_store_with_everything_applied(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 30; seed++) {
        struct rig r = {.kv = cs_kv_mem_new(), .model = cs_kv_mem_new(), .x = seed};

        r.db = cs_db_new(r.kv);
        for (int step = 0; step < 300; step++) {
            struct cs_kv_batch *b;

            write_some(&r);
            b = take(r.db);
            if (b != NULL) {
                r.waiting[r.n_waiting++] = b;
            }
            for (int i = 0; i < 8; i++) {
                compare_one(&r);
            }
            flush_some(&r, r.n_waiting == CS_COUNTOF(r.waiting) ? 4 : rnd(&r.x) % 2);
        }
        flush_some(&r, r.n_waiting);
        cs_db_durable(r.db, r.durable);
        assert_int_equal(cs_db_pending(r.db), 0);
        cs_db_free(r.db);
        cs_kv_close(r.kv);
        cs_kv_close(r.model);
    }
}

static void a_hundred_thousand_pending_writes_are_no_trouble(void **state)
{
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_db *db = cs_db_new(kv);
    enum { N = 100000 };

    (void)state;
    for (uint32_t i = 0; i < N; i++) { /* quadratic code would not end in time */
        assert_ok(cs_db_put(db, T, CS_SPAN(&i, sizeof i), S("value")));
        if (i % 10 == 9) {
            commit(kv, take(db));
        }
    }
    assert_int_equal(cs_db_pending(db), N);
    cs_db_durable(db, N / 10);
    assert_int_equal(cs_db_pending(db), 0);
    assert_int_equal(cs_kv_mem_count(kv), N);
    cs_db_free(db);
    cs_kv_close(kv);
}

static void every_failing_allocation_is_reported_and_harmless(void **state)
{
    unsigned long nth = 1;
    enum cs_err err = CS_ERR_NOMEM;

    (void)state;
    for (; err == CS_ERR_NOMEM; nth++) {
        struct cs_kv *kv = cs_kv_mem_new();
        struct cs_db *db = cs_db_new(kv);
        struct cs_kv_batch *b = NULL;

        assert_ok(cs_db_put(db, T, S("old"), S("1")));
        commit(kv, take(db));
        cs_db_durable(db, 1);
        cs_mem_fail_at(nth);
        err = cs_db_put(db, T, S("a"), S("1"));
        err = err == CS_OK ? cs_db_del(db, T, S("old")) : err;
        err = err == CS_OK ? cs_db_take_batch(db, &b) : err;
        err = err == CS_OK ? kv->ops->commit(kv, b) : err;
        cs_mem_fail_at(0);
        cs_kv_batch_free(b);
        if (err != CS_OK) {
            assert_int_equal(cs_kv_mem_count(kv), 1); /* nothing, not half */
            cs_db_drop(db);
            expect(db, S("old"), "1");
        }
        cs_db_free(db);
        cs_kv_close(kv);
    }
    assert_ok(err);
    assert_true(nth > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_without_writes_gives_no_batch),
        cmocka_unit_test(later_steps_see_writes_that_are_not_durable),
        cmocka_unit_test(a_batch_holds_the_last_value_of_each_key_once),
        cmocka_unit_test(dropping_forgets_what_is_not_durable),
        cmocka_unit_test(an_error_inside_a_step_is_final_for_it),
        cmocka_unit_test(a_scan_may_reuse_its_key_writer_and_skip_the_value),
        cmocka_unit_test(it_always_looks_like_a_store_with_everything_applied),
        cmocka_unit_test(a_hundred_thousand_pending_writes_are_no_trouble),
        cmocka_unit_test(every_failing_allocation_is_reported_and_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
