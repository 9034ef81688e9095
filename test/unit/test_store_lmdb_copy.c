/* A copy of a store in use: consistent whatever is written meanwhile, also when the map
 * grows; and copies opened to be read. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "store/lmdb/check.h"
#include "store/lmdb/copy.h"
#include "store/lmdb/kv_lmdb.h"
#include "support/store_bed.h"

enum { T = 0x40 };

static struct cs_kv *open_dir(const char *dir)
{
    struct cs_kv_lmdb_params p = {
        .dir = dir, .map_size = 1 << 20, .allow_any_fs = true};
    struct cs_why why = {{0}};
    struct cs_kv *kv;

    if (cs_kv_lmdb_open(&kv, &p, &why) != CS_OK) {
        fail_msg("%s", why.text);
    }
    return kv;
}

static struct {
    char dir[64], path[96];
    struct bed b;
    FILE *out;
    unsigned chunks;
    uint64_t bytes, total;
    enum cs_err refuse;
    bool writes; /* the sink writes to the store meanwhile */
} t;

static void put_many(unsigned from, unsigned n, const char *text)
{
    char value[1000];

    memset(value, 'v', sizeof value);
    memcpy(value, text, strlen(text));
    for (unsigned i = from; i < from + n; i++) {
        uint8_t key[2] = {(uint8_t)(i >> 8), (uint8_t)i};

        assert_ok(
            cs_safe_put(t.b.safe, T, CS_SPAN_OF(key), CS_SPAN(value, sizeof value)));
    }
    bed_commit(&t.b);
}

static enum cs_err sink(void *ctx, struct cs_span bytes, uint64_t total)
{
    (void)ctx;
    t.total = total;
    t.bytes += bytes.n;
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, t.out), bytes.n);
    if (t.writes) { /* the copy is in the middle: everything changes, the map grows */
        put_many(0, 600, "newer");
        put_many(600 + 600 * t.chunks, 600, "newer");
    }
    t.chunks++;
    return t.chunks == 2 ? t.refuse : CS_OK;
}

static void setup(void)
{
    memset(&t, 0, sizeof t);
    (void)snprintf(t.dir, sizeof t.dir, "/tmp/cs-copy-XXXXXX");
    assert_non_null(mkdtemp(t.dir));
    (void)snprintf(t.path, sizeof t.path, "%s/copy", t.dir);
    t.b = bed_on(open_dir(t.dir));
    put_many(0, 600, "old");
    t.out = fopen(t.path, "w");
    assert_non_null(t.out);
}

static void teardown(void)
{
    static const char *const names[] = {"copy", "lock", "lock.mdb", "data.mdb"};
    char path[128];

    bed_free(&t.b);
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", t.dir, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(t.dir), 0);
}

/* Opens the copy under its key; its records are the old ones, all of them. */
static void expect_old(uint64_t n_wanted)
{
    struct cs_safe_params p = bed_params();
    struct cs_why why = {{0}};
    struct cs_kv_batch *batch = cs_kv_batch_new();
    struct cs_wr value = {0};
    struct cs_safe *safe;
    struct cs_kv *kv;
    struct cs_db *db;
    uint64_t n = 0;

    if (cs_kv_lmdb_open_copy(&kv, t.path, &why) != CS_OK) {
        fail_msg("%s", why.text);
    }
    db = cs_db_new(kv);
    if (cs_safe_open(&safe, db, &p, &why) != CS_OK) {
        fail_msg("%s", why.text);
    }
    assert_ok(cs_safe_check_all(safe, &n, &why));
    assert_int_equal(n, n_wanted);
    assert_ok(cs_safe_get(safe, T, CS_SPAN("\0\7", 2), &value));
    assert_memory_equal(value.p, "old", 3);
    assert_ok(cs_kv_batch_put(batch, T, S("k"), S("v")));
    assert_err(kv->ops->commit(kv, batch), CS_ERR_STATE); /* only to be read */
    cs_kv_batch_free(batch);
    cs_wr_free(&value);
    cs_safe_free(safe);
    cs_db_free(db);
    cs_kv_close(kv);
}

static void what_is_written_meanwhile_is_not_in_the_copy(void **state)
{
    struct cs_kv_lmdb_stat before, after;
    struct cs_why why = {{0}};
    uint8_t hash[32];
    uint64_t n = 0;

    (void)state;
    setup();
    t.writes = true;
    assert_ok(cs_kv_lmdb_stat(t.b.kv, &before));
    assert_ok(cs_lmdb_copy(t.b.kv, sink, NULL, hash));
    assert_ok(cs_kv_lmdb_stat(t.b.kv, &after));
    assert_true(t.chunks > 2);
    assert_true(after.map_size > before.map_size);
    assert_int_equal(t.bytes, t.total);
    assert_int_equal(fclose(t.out), 0);
    expect_old(600);
    assert_ok(cs_safe_check_all(t.b.safe, &n, &why)); /* the store itself is whole */
    assert_true(n > 600);
    put_many(0, 600, "and goes on");
    teardown();
}

static struct {
    pthread_t thread;
    enum cs_err err;
    uint8_t hash[32];
    atomic_bool done;
} job;

static void *copy_main(void *arg)
{
    (void)arg;
    job.err = cs_lmdb_copy(t.b.kv, sink, NULL, job.hash);
    atomic_store(&job.done, true);
    return NULL;
}

/* As a node has it: the copy on a thread, reads and commits on another. */
static void a_copy_beside_commits_on_another_thread_is_consistent(void **state)
{
    struct cs_why why = {{0}};

    (void)state;
    setup();
    atomic_store(&job.done, false);
    assert_int_equal(pthread_create(&job.thread, NULL, copy_main, NULL), 0);
    for (unsigned i = 0; i < 1000 && !atomic_load(&job.done); i++) {
        put_many(1000, 20, "other"); /* 600 stay as they are */
    }
    assert_int_equal(pthread_join(job.thread, NULL), 0);
    assert_ok(job.err);
    assert_int_equal(fclose(t.out), 0);
    assert_ok(cs_kv_lmdb_stat(t.b.kv, &(struct cs_kv_lmdb_stat){0}));
    {
        struct cs_kv *kv;

        assert_ok(cs_kv_lmdb_open_copy(&kv, t.path, &why));
        cs_kv_close(kv);
    }
    teardown();
}

static void an_error_of_the_sink_ends_the_copy_and_lets_go(void **state)
{
    uint8_t hash[32];

    (void)state;
    setup();
    t.refuse = CS_ERR_STORE_FULL;
    assert_err(cs_lmdb_copy(t.b.kv, sink, NULL, hash), CS_ERR_STORE_FULL);
    assert_int_equal(t.chunks, 2);
    for (int i = 0; i < 40; i++) { /* more than there are places for readers */
        t.chunks = 0;
        assert_err(cs_lmdb_copy(t.b.kv, sink, NULL, hash), CS_ERR_STORE_FULL);
    }
    put_many(0, 600, "goes on");
    assert_int_equal(fclose(t.out), 0);
    teardown();
}

static void what_is_no_copy_is_refused(void **state)
{
    struct cs_why why = {{0}};
    uint8_t hash[32];
    struct cs_kv *kv;

    (void)state;
    setup();
    assert_err(cs_kv_lmdb_open_copy(&kv, "/nonexistent/copy", &why), CS_ERR_NOT_FOUND);
    assert_err(cs_kv_lmdb_open_copy(&kv, t.dir, &why), CS_ERR_STORE_CORRUPT);
    assert_err(cs_kv_lmdb_open_copy(&kv, t.path, &why), CS_ERR_STORE_CORRUPT);
    assert_ok(cs_lmdb_copy(t.b.kv, sink, NULL, hash));
    assert_int_equal(fclose(t.out), 0);
    assert_int_equal(truncate(t.path, (off_t)(t.total / 2)), 0);
    assert_err(cs_kv_lmdb_open_copy(&kv, t.path, &why), CS_ERR_STORE_CORRUPT);
    teardown();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_meanwhile_is_not_in_the_copy),
        cmocka_unit_test(a_copy_beside_commits_on_another_thread_is_consistent),
        cmocka_unit_test(an_error_of_the_sink_ends_the_copy_and_lets_go),
        cmocka_unit_test(what_is_no_copy_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
