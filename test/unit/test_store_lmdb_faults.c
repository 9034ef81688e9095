/* Disks that fail: every write and sync of LMDB in turn, full disks, SIGKILL.
 * RELIABILITY T23, T24, T26.
 *
 * pwrite, fdatasync and fallocate are defined here: a program's own symbols come
 * before libc's, also for liblmdb.so. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "store/lmdb/kv_lmdb.h"
#include "support/store_bed.h"

enum { T = 0x40 };

/* ---- the shim ----------------------------------------------------------------- */

enum call { PWRITE, FDATASYNC, FALLOCATE, N_CALLS };

static struct {
    unsigned calls[N_CALLS];
    enum call which;
    unsigned nth; /* 0: no fault */
    bool lasts;   /* this one and all later */
    int error;    /* 0: a short write */
} shim;

static void shim_set(enum call which, unsigned nth, int error, bool lasts)
{
    memset(&shim, 0, sizeof shim);
    shim.which = which;
    shim.nth = nth;
    shim.error = error;
    shim.lasts = lasts;
}

static bool shim_hits(enum call which)
{
    unsigned n = ++shim.calls[which];

    return shim.nth != 0 && shim.which == which &&
           (n == shim.nth || (shim.lasts && n > shim.nth));
}

#define EXPORTED __attribute__((visibility("default")))
EXPORTED ssize_t pwrite(int fd, const void *p, size_t n, off_t at);
EXPORTED int fdatasync(int fd);
EXPORTED int fallocate(int fd, int mode, off_t at, off_t len);

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    if (shim_hits(PWRITE)) {
        if (shim.error == 0) {
            return syscall(SYS_pwrite64, fd, p, n / 2, at);
        }
        errno = shim.error;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, p, n, at);
}

int fdatasync(int fd)
{
    if (shim_hits(FDATASYNC)) {
        errno = shim.error;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

int fallocate(int fd, int mode, off_t at, off_t len)
{
    if (shim_hits(FALLOCATE)) {
        errno = shim.error;
        return -1;
    }
    return (int)syscall(SYS_fallocate, fd, mode, at, len);
}

/* ---- a store on disk ---------------------------------------------------------- */

static enum cs_err try_dir(const char *dir, struct cs_kv **kv, struct cs_why *why)
{
    struct cs_kv_lmdb_params p = {
        .dir = dir, .map_size = 1 << 20, .allow_any_fs = true};

    return cs_kv_lmdb_open(kv, &p, why);
}

static struct cs_kv *open_dir(const char *dir)
{
    struct cs_why why = {{0}};
    struct cs_kv *kv;

    if (try_dir(dir, &kv, &why) != CS_OK) {
        fail_msg("%s", why.text);
    }
    return kv;
}

/* Writes "k" = value and a few more; the commit's result. */
static enum cs_err write_value(struct bed *b, struct cs_span value)
{
    struct cs_kv_batch *batch;
    enum cs_err err;

    assert_ok(cs_safe_put(b->safe, T, S("k"), value));
    for (uint8_t i = 0; i < 20; i++) {
        assert_ok(cs_safe_put(b->safe, T, CS_SPAN(&i, 1), value));
    }
    assert_ok(cs_safe_take_batch(b->safe, &batch));
    err = b->kv->ops->commit(b->kv, batch);
    cs_kv_batch_free(batch);
    if (err == CS_OK) {
        cs_db_durable(b->db, ++b->seq);
    }
    return err;
}

/* What a restart finds: "1" or "2", whole. */
static char value_after_restart(struct bed *b, const char *dir)
{
    struct cs_wr w = {0};
    uint64_t n;
    char c;

    bed_free(b);
    memset(&shim, 0, sizeof shim);
    *b = bed_on(open_dir(dir)); /* the file's structure and the manifest hold */
    assert_ok(cs_safe_check_all(b->safe, &n, NULL));
    assert_int_equal(n, 21);
    assert_ok(cs_safe_get(b->safe, T, S("k"), &w));
    c = (char)w.p[0];
    cs_wr_free(&w);
    for (uint8_t i = 0; i < 20; i++) {
        char value[1] = {c};

        assert_holds(b->safe, T, CS_SPAN(&i, 1), CS_SPAN(value, 1));
    }
    return c;
}

static bool is_latched(struct bed *b)
{
    struct cs_kv_lmdb_stat st;

    assert_ok(cs_kv_lmdb_stat(b->kv, &st));
    return st.latched;
}

static void reservation(struct bed *b, int error, bool lasts)
{
    shim_set(FALLOCATE, 1, error, lasts);
    /* A large value makes the next reservation due. */
    static const uint8_t zeros[900000];
    struct cs_kv_batch *batch = cs_kv_batch_new();
    enum cs_err err;

    for (uint8_t i = 0; i < 3; i++) {
        assert_ok(cs_kv_batch_put(batch, T, CS_SPAN(&i, 1), CS_SPAN_OF(zeros)));
    }
    err = b->kv->ops->commit(b->kv, batch);
    cs_kv_batch_free(batch);
    assert_true(shim.calls[FALLOCATE] > 0);
    if (error == EIO) {
        assert_err(err, CS_ERR_STORE_IO);
    } else if (error == EOPNOTSUPP) {
        assert_err(err, CS_OK); /* it looked instead, and there is room */
    } else {
        assert_err(err, CS_ERR_STORE_FULL);
        assert_int_equal(shim.calls[PWRITE], 0); /* found before anything was written */
    }
    memset(&shim, 0, sizeof shim);
}

/* ---- EIO ---------------------------------------------------------------------- */

/* One fault; true when the commit did not get as far as that call. */
static bool fails_once(const char *dir, enum call which, unsigned nth, int error,
                       bool lasts)
{
    struct bed b = bed_on(open_dir(dir));
    enum cs_err err;
    char found;

    if (!cs_safe_has(b.safe, T, S("k"))) {
        assert_ok(write_value(&b, S("1")));
    }
    shim_set(which, nth, error, lasts);
    err = write_value(&b, S("2"));
    if (err == CS_OK) {
        assert_true(shim.calls[which] < nth);
        memset(&shim, 0, sizeof shim);
        assert_int_equal(value_after_restart(&b, dir), '2');
    } else {
        assert_err(err, CS_ERR_STORE_IO);
        assert_true(is_latched(&b));
        memset(&shim, 0, sizeof shim); /* the disk is well again */
        assert_err(write_value(&b, S("3")), CS_ERR_STORE_IO); /* the latch holds */
        found = value_after_restart(&b, dir);
        assert_true(found == '1' || found == '2');
        assert_ok(write_value(&b, S("1")));
    }
    bed_free(&b);
    return err == CS_OK;
}

static void
every_failing_write_or_sync_latches_and_a_restart_finds_it_whole(void **state)
{
    static const struct {
        enum call which;
        int error;
    } faults[] = {{PWRITE, EIO}, {PWRITE, 0}, {FDATASYNC, EIO}, {PWRITE, EROFS}};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(faults); i++) {
        for (int lasts = 0; lasts < 2; lasts++) {
            char dir[128];
            unsigned nth = 1;

            bed_mkdir(dir);
            while (
                !fails_once(dir, faults[i].which, nth, faults[i].error, lasts != 0)) {
                nth++;
            }
            assert_true(nth >= 2);
            bed_rmdir(dir);
        }
    }
}

static void a_failing_reservation_is_full_or_broken(void **state)
{
    static const int errors[] = {ENOSPC, EDQUOT, EFBIG, EOPNOTSUPP, EIO};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(errors); i++) {
        struct bed b;
        char dir[128];

        b = bed_on(open_dir(bed_mkdir(dir)));
        reservation(&b, errors[i], true);
        assert_int_equal(is_latched(&b), errors[i] == EIO);
        assert_err(write_value(&b, S("1")), errors[i] == EIO ? CS_ERR_STORE_IO : CS_OK);
        bed_free(&b);
        bed_rmdir(dir);
    }
}

static void no_space_in_the_middle_of_a_commit_leaves_the_old_state(void **state)
{
    struct bed b;
    char dir[128];
    enum cs_err err = CS_ERR_STORE_FULL;

    (void)state;
    b = bed_on(open_dir(bed_mkdir(dir)));
    assert_ok(write_value(&b, S("1")));
    for (unsigned nth = 1; err != CS_OK; nth++) {
        /* The meta page cannot lack space (it is overwritten), but if it did, LMDB
         * gives up and so do we. */
        shim_set(PWRITE, nth, ENOSPC, false);
        err = write_value(&b, S("2"));
        if (err != CS_OK) {
            assert_err(err, CS_ERR_STORE_FULL);
            memset(&shim, 0, sizeof shim);
            (void)value_after_restart(&b, dir);
            assert_ok(write_value(&b, S("1")));
        }
    }
    assert_int_equal(value_after_restart(&b, dir), '2');
    bed_free(&b);
    bed_rmdir(dir);
}

static void a_failed_creation_can_be_repeated(void **state)
{
    static const struct {
        enum call which;
        int error;
    } faults[] = {{PWRITE, EIO}, {FDATASYNC, EIO}, {FALLOCATE, ENOSPC}};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(faults); i++) {
        char dir[128];
        struct cs_why why = {{0}};
        struct cs_kv *kv = NULL;
        struct bed b;

        bed_mkdir(dir);
        shim_set(faults[i].which, 1, faults[i].error, true);
        if (faults[i].which == PWRITE) {
            shim.nth = 2; /* the first writes the pid, which may fail */
        }
        assert_err(try_dir(dir, &kv, &why),
                   faults[i].error == EIO ? CS_ERR_STORE_IO : CS_ERR_STORE_FULL);
        assert_null(kv);
        memset(&shim, 0, sizeof shim);
        b = bed_on(open_dir(dir));
        assert_ok(write_value(&b, S("1")));
        bed_free(&b);
        bed_rmdir(dir);
    }
}

/* ---- in a child process: an assertion of cmocka's must not run on there ------- */

#define NEED(cond)                                                                     \
    do {                                                                               \
        if (!(cond)) {                                                                 \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #cond);                   \
            return 1;                                                                  \
        }                                                                              \
    } while (0)

static int in_child(int (*run)(const char *dir), const char *dir)
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(run(dir));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static enum cs_err raw_put(struct cs_kv *kv, uint32_t i, size_t len)
{
    static const uint8_t zeros[200000];
    struct cs_kv_batch *b = cs_kv_batch_new();
    enum cs_err err = cs_kv_batch_put(b, T, CS_SPAN(&i, sizeof i), CS_SPAN(zeros, len));

    if (err == CS_OK) {
        err = kv->ops->commit(kv, b);
    }
    cs_kv_batch_free(b);
    return err;
}

/* Puts until it is full; how many went in. */
static uint32_t put_until_full(struct cs_kv *kv, enum cs_err *err)
{
    uint32_t n = 0;

    *err = CS_OK;
    while (n < 1000 && (*err = raw_put(kv, n, 100000)) == CS_OK) {
        n++;
    }
    return n;
}

static int file_size_limit(const char *dir)
{
    struct rlimit low = {6 << 20, RLIM_INFINITY}, high = {RLIM_INFINITY, RLIM_INFINITY};
    struct cs_kv *kv;
    enum cs_err err;
    uint32_t n;

    (void)signal(SIGXFSZ, SIG_IGN); /* as base/os/harden does */
    NEED(setrlimit(RLIMIT_FSIZE, &low) == 0);
    NEED(try_dir(dir, &kv, NULL) == CS_OK);
    n = put_until_full(kv, &err);
    NEED(err == CS_ERR_STORE_FULL);
    NEED(n > 30 && n < 60);
    NEED(raw_put(kv, n, 100000) == CS_ERR_STORE_FULL);
    NEED(setrlimit(RLIMIT_FSIZE, &high) == 0);
    NEED(raw_put(kv, n, 100000) == CS_OK); /* recovers without restart */
    cs_kv_close(kv);
    NEED(try_dir(dir, &kv, NULL) == CS_OK);
    for (uint32_t i = 0; i <= n; i++) {
        NEED(kv->ops->get(kv, T, CS_SPAN(&i, sizeof i), NULL) == CS_OK);
    }
    cs_kv_close(kv);
    return 0;
}

static void a_file_size_limit_is_a_full_store_until_it_is_lifted(void **state)
{
    char dir[128];

    (void)state;
    bed_mkdir(dir);
    assert_int_equal(in_child(file_size_limit, dir), 0);
    bed_rmdir(dir);
}

/* LMDB lets go of the old map before it asks for the new one. */
static int no_address_space(const char *dir)
{
    struct rlimit low = {0, RLIM_INFINITY}, high = {RLIM_INFINITY, RLIM_INFINITY};
    unsigned long pages = 0;
    struct cs_kv *kv;
    enum cs_err err;
    FILE *f;
    uint32_t n;

    NEED(try_dir(dir, &kv, NULL) == CS_OK);
    NEED(raw_put(kv, 0, 100000) == CS_OK);
    f = fopen("/proc/self/statm", "re");
    NEED(f != NULL && fscanf(f, "%lu", &pages) == 1);
    NEED(fclose(f) == 0);
    low.rlim_cur = pages * 4096 + (6 << 20);
    NEED(setrlimit(RLIMIT_AS, &low) == 0);
    n = put_until_full(kv, &err);
    NEED(err == CS_ERR_NOMEM && n > 5 && n < 100);
    for (uint32_t i = 0; i < n; i++) { /* the old map is still there */
        NEED(kv->ops->get(kv, T, CS_SPAN(&i, sizeof i), NULL) == CS_OK);
    }
    NEED(setrlimit(RLIMIT_AS, &high) == 0);
    NEED(raw_put(kv, n, 100000) == CS_OK);
    cs_kv_close(kv);
    return 0;
}

static void a_map_that_cannot_grow_leaves_the_old_one(void **state)
{
    char dir[128];

    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    print_message("SKIPPED: sanitizers need all the address space\n");
    skip();
#endif
    bed_mkdir(dir);
    assert_int_equal(in_child(no_address_space, dir), 0);
    bed_rmdir(dir);
}

enum { SKIP = 77 };

static int fill(const char *path)
{
    static const uint8_t zeros[4096];
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    if (fd < 0) {
        return 1;
    }
    while (write(fd, zeros, sizeof zeros) == (ssize_t)sizeof zeros) {
    }
    return close(fd);
}

static int full_disk(const char *dir)
{
    char path[256];
    struct cs_kv *kv;
    enum cs_err err;
    uint32_t n;

    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", dir, "tmpfs", 0, "size=6m") != 0) {
        return SKIP;
    }
    bed_path(path, dir, "file");
    NEED(fill(path) == 0);
    NEED(try_dir(dir, &kv, NULL) == CS_ERR_STORE_FULL); /* no room to make one */
    NEED(unlink(path) == 0);
    NEED(try_dir(dir, &kv, NULL) == CS_OK);
    n = put_until_full(kv, &err);
    NEED(err == CS_ERR_STORE_FULL);
    NEED(n > 20 && n < 60);
    cs_kv_close(kv);
    NEED(try_dir(dir, &kv, NULL) == CS_OK); /* opens on a full disk */
    cs_kv_close(kv);
    NEED(mount("none", dir, NULL, MS_REMOUNT, "size=12m") == 0);
    NEED(try_dir(dir, &kv, NULL) == CS_OK);
    NEED(raw_put(kv, n, 100000) == CS_OK);
    NEED(fill(path) == 0); /* somebody else's file fills the volume */
    n += 1 + put_until_full(kv, &err);
    NEED(err == CS_ERR_STORE_FULL);
    NEED(unlink(path) == 0);
    NEED(raw_put(kv, 5000, 100000) == CS_OK); /* recovers without restart */
    cs_kv_close(kv);
    NEED(try_dir(dir, &kv, NULL) == CS_OK);
    cs_kv_close(kv);
    return 0;
}

static void a_full_disk_refuses_writes_and_recovers_without_restart(void **state)
{
    char dir[128];
    int rc;

    (void)state;
    bed_mkdir(dir);
    rc = in_child(full_disk, dir);
    bed_rmdir(dir);
    if (rc == SKIP) {
        print_message("SKIPPED: a full tmpfs needs root and a mount namespace\n");
        skip();
    }
    assert_int_equal(rc, 0);
}

/* ---- SIGKILL ------------------------------------------------------------------ */

static int ack_fd;

/* Commits as fast as it can and tells each durable number. */
static int writes_for_ever(const char *dir)
{
    struct cs_safe_params p = bed_params();
    struct cs_kv *kv;
    struct cs_db *db;
    struct cs_safe *s;
    uint32_t n = 0;
    struct cs_wr w = {0};
    uint64_t seq = 0;

    NEED(try_dir(dir, &kv, NULL) == CS_OK);
    db = cs_db_new(kv);
    NEED(cs_safe_open(&s, db, &p, NULL) == CS_OK);
    if (cs_safe_get(s, T, S("count"), &w) == CS_OK) {
        memcpy(&n, w.p, sizeof n);
    }
    cs_wr_free(&w);
    for (;;) {
        static const uint8_t zeros[9000];
        struct cs_kv_batch *batch;
        uint8_t key = (uint8_t)(n % 200);

        n++;
        NEED(cs_safe_put(s, T, S("count"), CS_SPAN(&n, sizeof n)) == CS_OK);
        NEED(cs_safe_put(s, T, CS_SPAN(&key, 1), CS_SPAN(zeros, n * 37 % 9000)) ==
             CS_OK);
        key ^= 64;
        NEED(cs_safe_del(s, T, CS_SPAN(&key, 1)) == CS_OK);
        NEED(cs_safe_take_batch(s, &batch) == CS_OK);
        NEED(kv->ops->commit(kv, batch) == CS_OK);
        cs_kv_batch_free(batch);
        cs_db_durable(db, ++seq);
        NEED(write(ack_fd, &n, sizeof n) == (ssize_t)sizeof n);
    }
}

/* One life of the writer; returns the last number it told. */
static uint32_t live_and_die(const char *dir, uint32_t seed)
{
    uint32_t last = 0, got;
    struct timespec wait = {0, (long)(seed * 7919 % 23) * 1000000};
    int fds[2], status;
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    ack_fd = fds[1];
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(writes_for_ever(dir));
    }
    assert_int_equal(close(fds[1]), 0);
    if (read(fds[0], &got, sizeof got) == (ssize_t)sizeof got) {
        last = got; /* it is in its loop */
    }
    (void)nanosleep(&wait, NULL);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status)); /* it did not end by itself with an error */
    while (read(fds[0], &got, sizeof got) == (ssize_t)sizeof got) {
        last = got;
    }
    assert_int_equal(close(fds[0]), 0);
    return last;
}

static void kill_rounds(const char *dir, uint32_t rounds)
{
    uint32_t total = 0;
    struct bed b;

    b = bed_on(open_dir(dir));
    bed_free(&b);
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t acked = live_and_die(dir, round), found;
        struct cs_wr w = {0};
        uint64_t n;

        b = bed_on(open_dir(dir)); /* structure and manifest hold */
        assert_ok(cs_safe_get(b.safe, T, S("count"), &w));
        memcpy(&found, w.p, sizeof found);
        cs_wr_free(&w);
        assert_true(found == acked || found == acked + 1); /* whole or absent */
        assert_true(found > total);
        total = found;
        if (round % 10 == 0) {
            assert_ok(cs_safe_check_all(b.safe, &n, NULL));
        }
        bed_free(&b);
    }
    print_message("%u commits, %u kills, nothing lost\n", total, rounds);
}

static void nothing_acknowledged_is_lost_to_fifty_kills_on_disk(void **state)
{
    char dir[128];

    (void)state;
    kill_rounds(bed_mkdir(dir), 50);
    bed_rmdir(dir);
}

/* Without a disk's waits the kills fall between all of LMDB's calls. */
static void nothing_acknowledged_is_lost_to_a_hundred_kills_in_memory(void **state)
{
    char dir[] = "/dev/shm/cs-store-XXXXXX";

    (void)state;
    if (mkdtemp(dir) == NULL) {
        print_message("SKIPPED: needs /dev/shm\n");
        skip();
    }
    kill_rounds(dir, 100);
    bed_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            every_failing_write_or_sync_latches_and_a_restart_finds_it_whole),
        cmocka_unit_test(a_failing_reservation_is_full_or_broken),
        cmocka_unit_test(no_space_in_the_middle_of_a_commit_leaves_the_old_state),
        cmocka_unit_test(a_failed_creation_can_be_repeated),
        cmocka_unit_test(a_file_size_limit_is_a_full_store_until_it_is_lifted),
        cmocka_unit_test(a_map_that_cannot_grow_leaves_the_old_one),
        cmocka_unit_test(a_full_disk_refuses_writes_and_recovers_without_restart),
        cmocka_unit_test(nothing_acknowledged_is_lost_to_fifty_kills_on_disk),
        cmocka_unit_test(nothing_acknowledged_is_lost_to_a_hundred_kills_in_memory),
    };

    if (cs_crypto_init() != CS_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
