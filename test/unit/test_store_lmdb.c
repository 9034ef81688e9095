/* The LMDB back end as a store: same answers as the memory one, lock, growth, whole
 * safe on disk.  Faults are test_store_lmdb_faults.c. */
#include "store/lmdb/kv_lmdb.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/os/volume.h"
#include "support/store_bed.h"

enum { T = 0x40 };

static struct cs_kv *open_dir(const char *dir)
{
    struct cs_kv_lmdb_params p = {
        .dir = dir, .map_size = 1 << 20, .allow_any_fs = true};
    struct cs_why why = {{0}};
    struct cs_kv *kv;
    enum cs_err err = cs_kv_lmdb_open(&kv, &p, &why);

    if (err != CS_OK) {
        fail_msg("%s", why.text);
    }
    return kv;
}

static void expect_open(const char *dir, enum cs_err want, const char *says)
{
    struct cs_kv_lmdb_params p = {.dir = dir, .allow_any_fs = true};
    struct cs_why why = {{0}};
    struct cs_kv *kv;

    assert_err(cs_kv_lmdb_open(&kv, &p, &why), want);
    assert_null(kv);
    assert_says(why, says);
}

/* ---- the same as the memory back end ------------------------------------------ */

static uint32_t rnd(uint32_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    return *x;
}

static struct cs_span some_key(uint32_t *x, uint8_t buf[CS_KV_KEY_MAX])
{
    size_t n = rnd(x) % 4;

    if (rnd(x) % 50 == 0) {
        n = CS_KV_KEY_MAX;
    }
    for (size_t i = 0; i < n; i++) {
        buf[i] = (uint8_t)(rnd(x) % 3 == 0 ? 0xff : rnd(x) % 7);
    }
    return CS_SPAN(buf, n);
}

static struct cs_kv_batch *some_batch(uint32_t *x)
{
    static const uint8_t zeros[20000];
    struct cs_kv_batch *b = cs_kv_batch_new();
    size_t n = rnd(x) % 40;

    for (size_t i = 0; i < n; i++) {
        uint8_t buf[CS_KV_KEY_MAX], table = rnd(x) % 2 ? 0x20 : 0xff;
        struct cs_span key = some_key(x, buf);
        size_t len = rnd(x) % 10 == 0 ? rnd(x) % sizeof zeros : rnd(x) % 50;

        if (rnd(x) % 3 == 0) {
            assert_ok(cs_kv_batch_del(b, table, key));
        } else {
            assert_ok(cs_kv_batch_put(b, table, key, CS_SPAN(zeros, len)));
        }
    }
    return b;
}

static void compare_one(struct cs_kv *a, struct cs_kv *b, uint32_t *x)
{
    struct cs_wr ka = {0}, va = {0}, kb = {0}, vb = {0};
    uint8_t buf[CS_KV_KEY_MAX], table = rnd(x) % 2 ? 0x20 : 0xff;
    struct cs_span key = some_key(x, buf);
    bool after = rnd(x) % 2 == 0;
    enum cs_err ea, eb;

    switch (rnd(x) % 3) {
    case 0:
        ea = a->ops->get(a, table, key, &va);
        eb = b->ops->get(b, table, key, &vb);
        assert_int_equal(a->ops->get(a, table, key, NULL), ea);
        break;
    case 1:
        ea = a->ops->next(a, table, key, after, &ka, &va);
        eb = b->ops->next(b, table, key, after, &kb, &vb);
        break;
    default:
        ea = a->ops->prev(a, table, key, &ka, &va);
        eb = b->ops->prev(b, table, key, &kb, &vb);
        break;
    }
    assert_int_equal(ea, eb);
    assert_true(span_is(cs_wr_get(&ka), cs_wr_get(&kb)));
    assert_true(span_is(cs_wr_get(&va), cs_wr_get(&vb)));
    cs_wr_free(&ka);
    cs_wr_free(&va);
    cs_wr_free(&kb);
    cs_wr_free(&vb);
}

static enum cs_err hash_one(void *ctx, uint8_t table, struct cs_span key,
                            struct cs_span value)
{
    uint64_t *h = ctx;

    *h = (*h ^ table ^ key.n ^ value.n << 20) * UINT64_C(1099511628211);
    for (size_t i = 0; i < key.n; i++) {
        *h = (*h ^ key.p[i]) * UINT64_C(1099511628211);
    }
    return CS_OK;
}

static uint64_t hash_of(struct cs_kv *kv)
{
    uint64_t h = 1;

    assert_ok(kv->ops->scan(kv, hash_one, &h));
    return h;
}

static void it_answers_as_the_memory_store_does(void **state)
{
    struct cs_kv *lmdb, *mem = cs_kv_mem_new();
    char dir[128];
    uint32_t x = 7;

    (void)state;
    lmdb = open_dir(bed_mkdir(dir));
    for (int i = 0; i < 400; i++) {
        struct cs_kv_batch *b = some_batch(&x);

        assert_ok(lmdb->ops->commit(lmdb, b));
        assert_ok(mem->ops->commit(mem, b));
        cs_kv_batch_free(b);
        for (int j = 0; j < 20; j++) {
            compare_one(lmdb, mem, &x);
        }
        if (i % 80 == 79) { /* also across restarts; opening checks the file */
            cs_kv_close(lmdb);
            lmdb = open_dir(dir);
            assert_int_equal(hash_of(lmdb), hash_of(mem));
        }
    }
    cs_kv_close(lmdb);
    cs_kv_close(mem);
    bed_rmdir(dir);
}

static void keys_too_long_for_a_store_are_refused(void **state)
{
    static const uint8_t zeros[CS_KV_KEY_MAX + 1];
    struct cs_wr k = {0}, v = {0};
    struct cs_kv *kv;
    char dir[128];

    (void)state;
    kv = open_dir(bed_mkdir(dir));
    assert_err(kv->ops->get(kv, T, CS_SPAN_OF(zeros), &v), CS_ERR_NOT_FOUND);
    assert_err(kv->ops->next(kv, T, CS_SPAN_OF(zeros), false, &k, &v), CS_ERR_TOO_LONG);
    assert_err(kv->ops->prev(kv, T, CS_SPAN_OF(zeros), &k, &v), CS_ERR_TOO_LONG);
    cs_kv_close(kv);
    bed_rmdir(dir);
}

static void a_walk_stops_when_it_is_told_to(void **state)
{
    struct cs_kv *kv;
    struct cs_kv_batch *b = cs_kv_batch_new();
    char dir[128];
    bool is_empty;

    (void)state;
    kv = open_dir(bed_mkdir(dir));
    assert_ok(cs_kv_is_empty(kv, &is_empty));
    assert_true(is_empty);
    assert_ok(cs_kv_batch_put(b, T, S("k"), S("v")));
    assert_ok(kv->ops->commit(kv, b));
    cs_kv_batch_free(b);
    assert_ok(cs_kv_is_empty(kv, &is_empty));
    assert_false(is_empty);
    cs_kv_close(kv);
    bed_rmdir(dir);
}

/* ---- place, lock, growth ------------------------------------------------------ */

static void a_bad_place_is_refused_with_what_to_do(void **state)
{
    char dir[128], file[256];
    int fd;

    (void)state;
    expect_open("/nonexistent/cloudsign", CS_ERR_CONFIG, "mount the volume there");
    bed_path(file, bed_mkdir(dir), "file");
    fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    expect_open(file, CS_ERR_CONFIG, "is not a directory");
    bed_rmdir(dir);
}

static void unsafe_file_systems_are_known_by_number(void **state)
{
    static const struct {
        long type;
        const char *name;
    } all[] = {{0x6969, "NFS"},
               {(long)0xff534d42, "CIFS"},
               {(long)(int)0xff534d42, "CIFS"}, /* as a 32-bit kernel field */
               {0x01021997, "9p"},
               {0x794c7630, "overlay"}};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(all); i++) {
        assert_non_null(cs_os_unsafe_fs(all[i].type));
        assert_string_equal(cs_os_unsafe_fs(all[i].type), all[i].name);
    }
    assert_null(cs_os_unsafe_fs(0xef53));     /* ext4 */
    assert_null(cs_os_unsafe_fs(0x58465342)); /* xfs */
}

static void a_second_opening_is_refused_and_names_the_process(void **state)
{
    char dir[128], pid[32];
    struct cs_kv *kv;

    (void)state;
    kv = open_dir(bed_mkdir(dir));
    (void)snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    expect_open(dir, CS_ERR_STORE_LOCKED, pid);
    cs_kv_close(kv);
    cs_kv_close(open_dir(dir)); /* free again */
    bed_rmdir(dir);
}

static void a_second_process_is_refused_until_the_first_is_gone(void **state)
{
    char dir[128], byte = 0;
    int up[2], down[2], status;
    pid_t child;

    (void)state;
    bed_mkdir(dir);
    assert_int_equal(pipe(up) | pipe(down), 0);
    child = fork(); /* before LMDB is open here */
    assert_true(child >= 0);
    if (child == 0) {
        struct cs_kv *kv = open_dir(dir);

        if (kv == NULL || write(up[1], "x", 1) != 1 || read(down[0], &byte, 1) < 0) {
            _exit(1);
        }
        _exit(0); /* without closing: the lock dies with the process */
    }
    assert_int_equal(read(up[0], &byte, 1), 1);
    expect_open(dir, CS_ERR_STORE_LOCKED, "stop it");
    assert_int_equal(write(down[1], "x", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    cs_kv_close(open_dir(dir));
    (void)(close(up[0]) | close(up[1]) | close(down[0]) | close(down[1]));
    bed_rmdir(dir);
}

static void the_map_grows_until_its_maximum_and_then_the_store_is_full(void **state)
{
    static const uint8_t zeros[100000];
    struct cs_kv_lmdb_params p = {
        .map_size = 1 << 20, .map_max = 8 << 20, .allow_any_fs = true};
    struct cs_kv_lmdb_stat st;
    struct cs_kv *kv;
    char dir[128];
    enum cs_err err = CS_OK;
    uint32_t n = 0, found = 0;

    (void)state;
    p.dir = bed_mkdir(dir);
    assert_ok(cs_kv_lmdb_open(&kv, &p, NULL));
    while (err == CS_OK && n < 200) {
        struct cs_kv_batch *b = cs_kv_batch_new();

        assert_ok(cs_kv_batch_put(b, T, CS_SPAN(&n, sizeof n), CS_SPAN_OF(zeros)));
        err = kv->ops->commit(kv, b);
        n += err == CS_OK ? 1 : 0;
        cs_kv_batch_free(b);
    }
    assert_int_equal(err, CS_ERR_STORE_FULL);
    assert_in_range(n, 50, 85); /* 8 MiB of 100 kB values */
    for (uint32_t i = 0; i <= n; i++) {
        found += kv->ops->get(kv, T, CS_SPAN(&i, sizeof i), NULL) == CS_OK ? 1 : 0;
    }
    assert_int_equal(found, n);         /* the one that failed is not there */
    for (uint32_t i = 0; i < 10; i++) { /* deleting makes room: it goes on */
        struct cs_kv_batch *b = cs_kv_batch_new();

        assert_ok(cs_kv_batch_del(b, T, CS_SPAN(&i, sizeof i)));
        assert_ok(kv->ops->commit(kv, b));
        cs_kv_batch_free(b);
    }
    for (uint32_t i = 0; i < 5; i++) {
        struct cs_kv_batch *b = cs_kv_batch_new();

        assert_ok(cs_kv_batch_put(b, T, CS_SPAN(&i, sizeof i), CS_SPAN_OF(zeros)));
        assert_ok(kv->ops->commit(kv, b));
        cs_kv_batch_free(b);
    }
    assert_ok(cs_kv_lmdb_stat(kv, &st));
    assert_int_equal(st.map_size, 8 << 20);
    assert_int_equal(st.entries, n - 5);
    assert_false(st.latched);
    cs_kv_close(kv);
    bed_rmdir(dir);
}

/* What an operator's `mdb_stat` or `mdb_copy` does; killed half-way, or asking how many
 * were. */
static int in_tool(const char *dir, bool dies)
{
    MDB_env *env;
    MDB_txn *txn;
    pid_t child = fork();
    int status, dead = 0;

    assert_true(child >= 0);
    if (child == 0) {
        bool ok = mdb_env_create(&env) == 0 && mdb_env_open(env, dir, 0, 0600) == 0 &&
                  (dies ? mdb_txn_begin(env, NULL, MDB_RDONLY, &txn)
                        : mdb_reader_check(env, &dead)) == 0;

        _exit(ok ? dead : 100);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void commits_clear_the_readers_that_died(void **state)
{
    struct cs_kv_lmdb_params p = {.reader_check_ms = 1, .allow_any_fs = true};
    struct timespec pause = {.tv_nsec = 3000000};
    struct cs_kv_batch *b = cs_kv_batch_new();
    struct cs_kv *kv;
    char dir[128];

    (void)state;
    p.dir = bed_mkdir(dir);
    assert_ok(cs_kv_lmdb_open(&kv, &p, NULL));
    assert_int_equal(in_tool(dir, true), 0);
    assert_int_equal(in_tool(dir, false), 1); /* that is how it stays behind */
    assert_int_equal(in_tool(dir, true), 0);
    (void)nanosleep(&pause, NULL);
    assert_ok(cs_kv_batch_put(b, T, S("k"), S("v")));
    assert_ok(kv->ops->commit(kv, b));
    assert_int_equal(in_tool(dir, false), 0);
    cs_kv_batch_free(b);
    cs_kv_close(kv);
    bed_rmdir(dir);
}

static void files_are_readable_by_the_owner_only(void **state)
{
    static const char *const names[] = {"data.mdb", "lock.mdb", "lock"};
    char dir[128], path[256];
    struct stat st;

    (void)state;
    cs_kv_close(open_dir(bed_mkdir(dir)));
    for (size_t i = 0; i < CS_COUNTOF(names); i++) {
        bed_path(path, dir, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    bed_rmdir(dir);
}

/* ---- a whole safe on disk ----------------------------------------------------- */

static uint8_t *slurp(const char *dir, size_t *n)
{
    char path[256];
    struct stat st;
    uint8_t *p;
    int fd;

    bed_path(path, dir, "data.mdb");
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    p = cs_alloc((size_t)st.st_size);
    assert_non_null(p);
    *n = (size_t)st.st_size;
    assert_int_equal(read(fd, p, *n), st.st_size);
    assert_int_equal(close(fd), 0);
    return p;
}

static void the_image_shows_no_key_and_no_value(void **state)
{
    static const struct {
        const char *text;
        bool is_there;
    } all[] = {{"CANARY-KEY", false},
               {"CANARY-OLD-VALUE", false},
               {"CANARY-NEW-VALUE", false},
               {"device-a", true}}; /* the search does find what is in clear */
    char dir[128];
    struct bed b;
    uint8_t *image;
    size_t n;

    (void)state;
    b = bed_on(open_dir(bed_mkdir(dir)));
    assert_ok(cs_safe_put(b.safe, T, S("CANARY-KEY"), S("CANARY-OLD-VALUE")));
    bed_commit(&b);
    assert_ok(cs_safe_put(b.safe, T, S("CANARY-KEY"), S("CANARY-NEW-VALUE")));
    bed_commit(&b);
    bed_free(&b);
    image = slurp(dir, &n);
    for (size_t i = 0; i < CS_COUNTOF(all); i++) {
        bool found = memmem(image, n, all[i].text, strlen(all[i].text)) != NULL;

        assert_int_equal(found, all[i].is_there);
    }
    assert_null(memmem(image, n, bed_kek.key, sizeof bed_kek.key));
    cs_free(image);
    bed_rmdir(dir);
}

static double seconds_since(const struct timespec *a)
{
    struct timespec b;

    (void)clock_gettime(CLOCK_MONOTONIC, &b);
    return (double)(b.tv_sec - a->tv_sec) + 1e-9 * (double)(b.tv_nsec - a->tv_nsec);
}

/* kB of file pages that count as ours; 0 without /proc. */
static long resident_file_kb(void)
{
    char line[256];
    long kb = 0;
    FILE *f = fopen("/proc/self/status", "re");

    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "RssFile:", 8) == 0) {
            kb = strtol(line + 8, NULL, 10);
        }
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return kb;
}

/* What reading all records once, one by one, leaves mapped. */
static long mapped_by_reads(const char *dir, unsigned reads, uint32_t n)
{
    const struct cs_kv_lmdb_params p = {
        .dir = dir, .reads = reads, .allow_any_fs = true};
    struct cs_kv *kv;
    struct cs_why why;
    long before;

    assert_ok(cs_kv_lmdb_open(&kv, &p, &why));
    before = resident_file_kb();
    for (uint32_t i = 0; i < n; i++) {
        assert_ok(kv->ops->get(kv, T, CS_SPAN(&i, sizeof i), NULL));
    }
    before = resident_file_kb() - before;
    cs_kv_close(kv);
    return before;
}

static void reads_give_memory_back_as_often_as_the_owner_wants(void **state)
{
    enum { N = 20000 };
    static const uint8_t value[300] = {1};
    struct cs_kv_batch *batch;
    struct cs_kv *kv;
    char dir[128];

    (void)state;
    kv = open_dir(bed_mkdir(dir));
    batch = cs_kv_batch_new();
    for (uint32_t i = 0; i < N; i++) {
        assert_ok(cs_kv_batch_put(batch, T, CS_SPAN(&i, sizeof i), CS_SPAN_OF(value)));
    }
    assert_ok(kv->ops->commit(kv, batch));
    cs_kv_batch_free(batch);
    cs_kv_close(kv);
    assert_true(mapped_by_reads(dir, 16, N) < 2048);
    assert_true(mapped_by_reads(dir, 2 * N, N) > 4096); /* not yet */
    bed_rmdir(dir);
}

static void a_store_of_a_hundred_thousand_records_opens_and_stays_small(void **state)
{
    enum { N = 100000 };
    static const uint8_t value[300] = {1};
    struct timespec t;
    struct bed b;
    struct cs_kv *kv;
    char dir[128];
    uint64_t n;
    uint32_t last = N - 1;
    long before, grown;

    (void)state;
    b = bed_on(open_dir(bed_mkdir(dir)));
    for (uint32_t i = 0; i < N; i++) {
        assert_ok(cs_safe_put(b.safe, T, CS_SPAN(&i, sizeof i), CS_SPAN_OF(value)));
        if (i % 5000 == 4999) {
            bed_commit(&b);
        }
    }
    bed_free(&b);
    before = resident_file_kb();
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    kv = open_dir(dir);
    print_message("file checked and opened in %.3f s\n", seconds_since(&t));
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    b = bed_on(kv);
    print_message("manifest over %d records checked in %.3f s\n", N, seconds_since(&t));
    assert_int_equal(cs_safe_count(b.safe), N);
    grown = resident_file_kb() - before;
    print_message("file pages resident: %ld kB\n", grown);
    assert_true(grown < 8192); /* of a file of some 70 MB that was read whole */
    assert_holds(b.safe, T, CS_SPAN(&last, sizeof last), CS_SPAN_OF(value));
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    assert_ok(cs_safe_check_all(b.safe, &n, NULL));
    print_message("deep check in %.3f s\n", seconds_since(&t));
    assert_int_equal(n, N);
    bed_free(&b);
    bed_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_answers_as_the_memory_store_does),
        cmocka_unit_test(keys_too_long_for_a_store_are_refused),
        cmocka_unit_test(a_walk_stops_when_it_is_told_to),
        cmocka_unit_test(a_bad_place_is_refused_with_what_to_do),
        cmocka_unit_test(unsafe_file_systems_are_known_by_number),
        cmocka_unit_test(a_second_opening_is_refused_and_names_the_process),
        cmocka_unit_test(a_second_process_is_refused_until_the_first_is_gone),
        cmocka_unit_test(the_map_grows_until_its_maximum_and_then_the_store_is_full),
        cmocka_unit_test(commits_clear_the_readers_that_died),
        cmocka_unit_test(files_are_readable_by_the_owner_only),
        cmocka_unit_test(the_image_shows_no_key_and_no_value),
        cmocka_unit_test(reads_give_memory_back_as_often_as_the_owner_wants),
        cmocka_unit_test(a_store_of_a_hundred_thousand_records_opens_and_stays_small),
    };

    if (cs_crypto_init() != CS_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
