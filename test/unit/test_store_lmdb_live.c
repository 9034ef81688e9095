/* A store read while another process writes it: what is read together is of one commit.
 */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/lmdb/kv_lmdb.h"
#include "support/store_bed.h"

enum { T = 0x40 };

static struct {
    char dir[64];
    pid_t writer;
    int ask, told; /* a byte each way for each commit */
    struct cs_kv *kv;
} t;

/* The record and, in the same commit, the head that names it. */
static void commit_pair(struct cs_kv *kv, uint8_t n)
{
    struct cs_kv_batch *b = cs_kv_batch_new();

    if (b == NULL || cs_kv_batch_put(b, T, CS_SPAN(&n, 1), S("record")) != CS_OK ||
        cs_kv_batch_put(b, T, S("head"), CS_SPAN(&n, 1)) != CS_OK ||
        kv->ops->commit(kv, b) != CS_OK) {
        _exit(2);
    }
    cs_kv_batch_free(b);
}

static void write_on_demand(int ask, int told)
{
    struct cs_kv_lmdb_params p = {.dir = t.dir, .allow_any_fs = true};
    struct cs_why why = {""};
    struct cs_kv *kv;
    uint8_t n = 0;
    char byte = 'x';

    if (cs_kv_lmdb_open(&kv, &p, &why) != CS_OK) {
        _exit(1);
    }
    do {
        commit_pair(kv, ++n);
        if (write(told, &byte, 1) != 1) {
            _exit(3);
        }
    } while (read(ask, &byte, 1) == 1);
    cs_kv_close(kv);
    _exit(0);
}

static void hear(void)
{
    char byte;

    assert_int_equal(read(t.told, &byte, 1), 1);
}

static void one_more_commit(void)
{
    assert_int_equal(write(t.ask, "x", 1), 1);
    hear();
}

static void setup(void)
{
    struct cs_why why = {""};
    int ask[2], told[2];

    (void)snprintf(t.dir, sizeof t.dir, "/tmp/cs-live-XXXXXX");
    assert_non_null(mkdtemp(t.dir));
    assert_int_equal(pipe(ask), 0);
    assert_int_equal(pipe(told), 0);
    t.writer = fork();
    assert_true(t.writer >= 0);
    if (t.writer == 0) {
        (void)close(ask[1]);
        (void)close(told[0]);
        write_on_demand(ask[0], told[1]);
    }
    (void)close(ask[0]);
    (void)close(told[1]);
    t.ask = ask[1];
    t.told = told[0];
    hear();
    if (cs_kv_lmdb_open_live(&t.kv, t.dir, &why) != CS_OK) {
        fail_msg("%s", why.text);
    }
}

static void teardown(void)
{
    static const char *const names[] = {"lock", "lock.mdb", "data.mdb"};
    char path[128];
    int status;

    cs_kv_close(t.kv);
    (void)close(t.ask);
    assert_int_equal(waitpid(t.writer, &status, 0), t.writer);
    assert_int_equal(status, 0);
    (void)close(t.told);
    for (size_t i = 0; i < CS_COUNTOF(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", t.dir, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(t.dir), 0);
}

static uint8_t head(void)
{
    struct cs_wr w = {0};
    uint8_t n;

    assert_ok(t.kv->ops->get(t.kv, T, S("head"), &w));
    assert_int_equal(w.n, 1);
    n = w.p[0];
    cs_wr_free(&w);
    return n;
}

static bool has_record(uint8_t n)
{
    return t.kv->ops->get(t.kv, T, CS_SPAN(&n, 1), NULL) == CS_OK;
}

static enum cs_err count_one(void *ctx, uint8_t table, struct cs_span key,
                             struct cs_span value)
{
    (void)table;
    (void)key;
    (void)value;
    ++*(size_t *)ctx;
    return CS_OK;
}

static void each_read_sees_the_last_commit(void **state)
{
    (void)state;
    setup();
    assert_int_equal(head(), 1);
    one_more_commit();
    assert_int_equal(head(), 2);
    assert_true(has_record(2));
    assert_true(cs_kv_lmdb_live_ok(t.kv, t.dir));
    teardown();
}

static void what_is_held_stays_one_state_whatever_is_written(void **state)
{
    struct cs_wr key = {0}, value = {0};
    size_t n = 0;

    (void)state;
    setup();
    assert_ok(cs_kv_lmdb_hold(t.kv));
    for (int i = 0; i < 40; i++) {
        one_more_commit();
        assert_int_equal(head(), 1);
        assert_false(has_record(2));
    }
    assert_ok(t.kv->ops->scan(t.kv, count_one, &n));
    assert_int_equal(n, 2);
    assert_ok(t.kv->ops->next(t.kv, T, S("\1"), true, &key, &value));
    assert_int_equal(key.p[0], 'h');
    assert_int_equal(head(), 1); /* also behind a scan */
    cs_kv_lmdb_release(t.kv);
    assert_int_equal(head(), 41);
    assert_true(has_record(41));
    cs_wr_free(&key);
    cs_wr_free(&value);
    teardown();
}

static void it_is_held_again_and_closed_while_it_is(void **state)
{
    (void)state;
    setup();
    cs_kv_lmdb_release(t.kv); /* not held: nothing */
    assert_ok(cs_kv_lmdb_hold(t.kv));
    cs_kv_lmdb_release(t.kv);
    one_more_commit();
    assert_ok(cs_kv_lmdb_hold(t.kv));
    one_more_commit();
    assert_int_equal(head(), 2);
    teardown();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_read_sees_the_last_commit),
        cmocka_unit_test(what_is_held_stays_one_state_whatever_is_written),
        cmocka_unit_test(it_is_held_again_and_closed_while_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
