/* Batches and the memory back end, the simulator's disk. */
#include "support/store_bed.h"

enum { T = 0x30 };

static void put1(struct cs_kv *kv, enum cs_err want, struct cs_span key,
                 struct cs_span value)
{
    struct cs_kv_batch *b = cs_kv_batch_new();

    assert_ok(cs_kv_batch_put(b, T, key, value));
    assert_err(kv->ops->commit(kv, b), want);
    cs_kv_batch_free(b);
}

static bool has(struct cs_kv *kv, struct cs_span key)
{
    return kv->ops->get(kv, T, key, NULL) == CS_OK;
}

static void a_batch_refuses_what_is_too_long_and_stays_as_it_was(void **state)
{
    static const uint8_t zeros[CS_KV_VALUE_MAX + 1];
    struct cs_kv_batch *b = cs_kv_batch_new();

    (void)state;
    assert_ok(cs_kv_batch_put(b, T, CS_SPAN(zeros, CS_KV_KEY_MAX),
                              CS_SPAN(zeros, CS_KV_VALUE_MAX)));
    assert_err(cs_kv_batch_put(b, T, CS_SPAN(zeros, CS_KV_KEY_MAX + 1), S("")),
               CS_ERR_TOO_LONG);
    assert_err(cs_kv_batch_put(b, T, S("k"), CS_SPAN_OF(zeros)), CS_ERR_TOO_LONG);
    assert_err(cs_kv_batch_del(b, T, CS_SPAN(zeros, CS_KV_KEY_MAX + 1)),
               CS_ERR_TOO_LONG);
    assert_int_equal(b->n_ops, 1);
    cs_kv_batch_free(b);
}

static void joined_batches_apply_in_order(void **state)
{
    struct cs_kv *kv = cs_kv_mem_new();
    struct cs_kv_batch *a = cs_kv_batch_new(), *b = cs_kv_batch_new();
    struct cs_wr w = {0};

    (void)state;
    cs_kv_batch_join(a, cs_kv_batch_new()); /* empty ones too */
    assert_ok(cs_kv_batch_put(a, T, S("x"), S("1")));
    assert_ok(cs_kv_batch_put(a, T, S("y"), S("1")));
    assert_ok(cs_kv_batch_put(b, T, S("x"), S("2")));
    assert_ok(cs_kv_batch_del(b, T, S("y")));
    cs_kv_batch_join(a, b);
    assert_int_equal(a->n_ops, 4);
    assert_ok(kv->ops->commit(kv, a));
    assert_ok(kv->ops->get(kv, T, S("x"), &w));
    assert_true(span_is(cs_wr_get(&w), S("2")));
    assert_false(has(kv, S("y")));
    cs_kv_batch_free(a);
    cs_wr_free(&w);
    cs_kv_close(kv);
}

static void an_injected_failure_changes_nothing_and_passes(void **state)
{
    struct cs_kv *kv = cs_kv_mem_new();

    (void)state;
    cs_kv_mem_fail_commit(kv, 2, CS_ERR_STORE_FULL);
    put1(kv, CS_OK, S("a"), S("1"));
    put1(kv, CS_ERR_STORE_FULL, S("b"), S("1"));
    assert_false(has(kv, S("b")));
    put1(kv, CS_OK, S("b"), S("1"));
    assert_int_equal(cs_kv_mem_commits(kv), 2);
    cs_kv_close(kv);
}

static void an_io_error_latches_until_healed(void **state)
{
    struct cs_kv *kv = cs_kv_mem_new();

    (void)state;
    cs_kv_mem_fail_commit(kv, 1, CS_ERR_STORE_IO);
    put1(kv, CS_ERR_STORE_IO, S("a"), S("1"));
    put1(kv, CS_ERR_STORE_IO, S("a"), S("1"));
    assert_int_equal(cs_kv_mem_count(kv), 0);
    cs_kv_mem_heal(kv);
    put1(kv, CS_OK, S("a"), S("1"));
    cs_kv_close(kv);
}

static void a_full_store_takes_commits_again_when_there_is_room(void **state)
{
    struct cs_kv *kv = cs_kv_mem_new();

    (void)state;
    cs_kv_mem_set_full(kv, true);
    put1(kv, CS_ERR_STORE_FULL, S("a"), S("1"));
    put1(kv, CS_ERR_STORE_FULL, S("a"), S("1"));
    cs_kv_mem_set_full(kv, false);
    put1(kv, CS_OK, S("a"), S("1"));
    cs_kv_close(kv);
}

static void a_clone_goes_its_own_way(void **state)
{
    struct cs_kv *kv = cs_kv_mem_new(), *old;

    (void)state;
    put1(kv, CS_OK, S("a"), S("1"));
    old = cs_kv_mem_clone(kv);
    put1(kv, CS_OK, S("b"), S("1"));
    assert_true(has(old, S("a")));
    assert_false(has(old, S("b")));
    cs_kv_close(kv);
    assert_true(has(old, S("a")));
    cs_kv_close(old);
}

static void emptiness_is_told(void **state)
{
    struct cs_kv *kv = cs_kv_mem_new();
    bool is_empty = false;

    (void)state;
    assert_ok(cs_kv_is_empty(kv, &is_empty));
    assert_true(is_empty);
    put1(kv, CS_OK, S(""), S(""));
    assert_ok(cs_kv_is_empty(kv, &is_empty));
    assert_false(is_empty);
    cs_kv_close(kv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_refuses_what_is_too_long_and_stays_as_it_was),
        cmocka_unit_test(joined_batches_apply_in_order),
        cmocka_unit_test(an_injected_failure_changes_nothing_and_passes),
        cmocka_unit_test(an_io_error_latches_until_healed),
        cmocka_unit_test(a_full_store_takes_commits_again_when_there_is_room),
        cmocka_unit_test(a_clone_goes_its_own_way),
        cmocka_unit_test(emptiness_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
