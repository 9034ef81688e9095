#include "store/lmdb/kv_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/os/clock.h"
#include "base/os/volume.h"
#include "store/lmdb/check.h"
#include "store/lmdb/files.h"
#include "store/lmdb/kv_impl.h"
#include "store/lmdb/resident.h"
#include "store/lmdb/room.h"

enum {
    MAX_READERS = 16,
    GROW_TRIES = 40,
    HOUR_MS = 3600 * 1000,
    /* A scan gives the map's memory back so often.  Records lie anywhere in the file,
     * and the kernel maps 16 pages at each touch: this is some 30 MiB of memory. */
    SCAN_BYTES = 1 << 20,
    READS = 256, /* and so do single reads */
};

/* ---- reading (loop thread) ---------------------------------------------------- */

struct mdb_key {
    uint8_t bytes[1 + CS_KV_KEY_MAX];
    MDB_val val;
};

static bool key_make(struct mdb_key *k, uint8_t table, struct cs_span key)
{
    if (key.n > CS_KV_KEY_MAX) {
        return false;
    }
    k->bytes[0] = table;
    if (key.n != 0) {
        memcpy(k->bytes + 1, key.p, key.n);
    }
    k->val.mv_data = k->bytes;
    k->val.mv_size = 1 + key.n;
    return true;
}

static int reader_renew(struct kv_lmdb *k)
{
    int rc = mdb_txn_renew(k->reader);

    if (rc == 0) {
        rc = mdb_cursor_renew(k->reader, k->cursor);
        if (rc != 0) {
            mdb_txn_reset(k->reader);
        }
    }
    return rc;
}

/* A read transaction from here to read_end, never longer than one call: a reader that
 * stays makes the file grow without bound. */
static enum cs_err read_begin(struct kv_lmdb *k)
{
    int rc = 0;

    lock_map(k);
    if (!k->is_held) {
        rc = k->is_unmapped ? EIO : reader_renew(k);
    }
    if (rc != 0) {
        unlock_map(k);
    }
    return err_of(rc);
}

static void read_end(struct kv_lmdb *k)
{
    if (!k->is_held) {
        mdb_txn_reset(k->reader);
    }
    if (++k->reads >= (k->reads_max != 0 ? k->reads_max : READS)) {
        cs_resident_drop(k->room.fd); /* a backup reads all there is, one by one */
        k->reads = 0;
    }
    unlock_map(k);
}

static enum cs_err lmdb_get(struct cs_kv *kv, uint8_t table, struct cs_span key,
                            struct cs_wr *out)
{
    struct kv_lmdb *k = self_of(kv);
    struct mdb_key mk;
    MDB_val v;
    enum cs_err err;

    if (!key_make(&mk, table, key)) {
        return CS_ERR_NOT_FOUND;
    }
    CS_CHECK(read_begin(k));
    err = err_of(mdb_get(k->reader, k->dbi, &mk.val, &v));
    if (err == CS_OK && out != NULL) {
        cs_wr_bytes(out, v.mv_data, v.mv_size);
        err = out->err;
    }
    read_end(k);
    return err;
}

static enum cs_err give(uint8_t table, const MDB_val *k, const MDB_val *v,
                        struct cs_wr *key, struct cs_wr *value)
{
    const uint8_t *p = k->mv_data;

    if (k->mv_size == 0 || p[0] != table) {
        return CS_ERR_NOT_FOUND;
    }
    cs_wr_bytes(key, p + 1, k->mv_size - 1);
    cs_wr_bytes(value, v->mv_data, v->mv_size);
    return key->err != CS_OK ? key->err : value->err;
}

static bool same_key(const MDB_val *a, const struct mdb_key *b)
{
    return a->mv_size == b->val.mv_size &&
           memcmp(a->mv_data, b->bytes, a->mv_size) == 0;
}

static enum cs_err lmdb_next(struct cs_kv *kv, uint8_t table, struct cs_span from,
                             bool after, struct cs_wr *key, struct cs_wr *value)
{
    struct kv_lmdb *k = self_of(kv);
    struct mdb_key mk;
    MDB_val at, v;
    enum cs_err err;

    if (!key_make(&mk, table, from)) {
        return CS_ERR_TOO_LONG;
    }
    CS_CHECK(read_begin(k));
    at = mk.val;
    err = err_of(mdb_cursor_get(k->cursor, &at, &v, MDB_SET_RANGE));
    if (err == CS_OK && after && same_key(&at, &mk)) {
        err = err_of(mdb_cursor_get(k->cursor, &at, &v, MDB_NEXT));
    }
    if (err == CS_OK) {
        err = give(table, &at, &v, key, value);
    }
    read_end(k);
    return err;
}

/* Stands on the first key >= mk, or on nothing; then one back. */
static int seek_before(MDB_cursor *c, struct mdb_key *mk, MDB_val *at, MDB_val *v)
{
    int rc;

    *at = mk->val;
    rc = mdb_cursor_get(c, at, v, MDB_SET_RANGE);
    if (rc == MDB_NOTFOUND) {
        return mdb_cursor_get(c, at, v, MDB_LAST);
    }
    return rc != 0 ? rc : mdb_cursor_get(c, at, v, MDB_PREV);
}

static enum cs_err lmdb_prev(struct cs_kv *kv, uint8_t table, struct cs_span before,
                             struct cs_wr *key, struct cs_wr *value)
{
    struct kv_lmdb *k = self_of(kv);
    bool is_any = before.n == 0;
    struct mdb_key mk;
    MDB_val at, v;
    enum cs_err err;

    /* Any key: everything below the next table's first possible key. */
    if (!key_make(&mk, is_any ? (uint8_t)(table + 1) : table, before)) {
        return CS_ERR_TOO_LONG;
    }
    CS_CHECK(read_begin(k));
    if (is_any && table == UINT8_MAX) {
        err = err_of(mdb_cursor_get(k->cursor, &at, &v, MDB_LAST));
    } else {
        err = err_of(seek_before(k->cursor, &mk, &at, &v));
    }
    if (err == CS_OK) {
        err = give(table, &at, &v, key, value);
    }
    read_end(k);
    return err;
}

static enum cs_err lmdb_scan(struct cs_kv *kv, cs_kv_scan_fn *fn, void *ctx)
{
    struct kv_lmdb *k = self_of(kv);
    MDB_val at, v;
    enum cs_err err;
    size_t seen = 0;
    int rc;

    CS_CHECK(read_begin(k));
    rc = mdb_cursor_get(k->cursor, &at, &v, MDB_FIRST);
    err = err_of(rc);
    while (err == CS_OK) {
        const uint8_t *p = at.mv_data;

        err = at.mv_size == 0 ? CS_ERR_STORE_CORRUPT
                              : fn(ctx, p[0], CS_SPAN(p + 1, at.mv_size - 1),
                                   CS_SPAN(v.mv_data, v.mv_size));
        seen += at.mv_size + v.mv_size;
        if (seen >= SCAN_BYTES) {
            cs_resident_drop(k->room.fd); /* they come back at the next touch */
            seen = 0;
        }
        if (err == CS_OK) {
            rc = mdb_cursor_get(k->cursor, &at, &v, MDB_NEXT);
            err = err_of(rc);
        }
    }
    if (!k->is_held) {
        mdb_txn_reset(k->reader);
    }
    /* With the lock: were the map moved between finding its addresses and dropping
     * their pages, the pages of whoever got those addresses would be lost. */
    cs_resident_drop(k->room.fd);
    unlock_map(k);
    return rc == MDB_NOTFOUND ? CS_OK : err;
}

/* ---- writing (worker thread) ----------------------------------------------------- */

static int apply(struct kv_lmdb *k, MDB_txn *txn, const struct cs_kv_batch *b)
{
    for (const struct cs_kv_op *op = b->first; op != NULL; op = op->next) {
        MDB_val v = {.mv_size = op->value_len, .mv_data = op->value};
        struct mdb_key mk;
        int rc;

        CS_ASSERT(key_make(&mk, op->table, CS_SPAN(op->key, op->key_len)));
        if (op->del) {
            rc = mdb_del(txn, k->dbi, &mk.val, NULL);
            rc = rc == MDB_NOTFOUND ? 0 : rc;
        } else {
            rc = mdb_put(txn, k->dbi, &mk.val, &v, 0);
        }
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int write_once(struct kv_lmdb *k, const struct cs_kv_batch *b)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(k->env, NULL, 0, &txn);

    if (rc != 0) {
        return rc;
    }
    rc = apply(k, txn, b);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn); /* pages, fdatasync, meta page with O_DSYNC */
}

/* LMDB unmaps the old map before it asks for the new one, and without any it takes the
 * process down at the next read: so see first whether there is room for it. */
static int probe_map(struct kv_lmdb *k, size_t size)
{
    void *p = mmap(NULL, size, PROT_READ, MAP_SHARED, k->room.fd, 0);

    if (p == MAP_FAILED) {
        return errno;
    }
    return munmap(p, size) == 0 ? 0 : errno;
}

/* Doubles the map, waiting for the reader of the moment. */
static enum cs_err grow(struct kv_lmdb *k)
{
    size_t size = k->map_size * 2;
    int rc;

    if (k->map_size >= k->map_max) {
        return CS_ERR_STORE_FULL;
    }
    size = size > k->map_max ? k->map_max : size;
    rc = probe_map(k, size);
    if (rc != 0) {
        return err_of(rc);
    }
    lock_map(k);
    rc = mdb_env_set_mapsize(k->env, size);
    k->is_unmapped = rc != 0;
    unlock_map(k);
    if (rc == 0) {
        k->map_size = size;
        cs_log(CS_LOG_INFO, "store", "map grown to %zu MiB", size >> 20);
    }
    return err_of(rc);
}

static uint64_t used_bytes(struct kv_lmdb *k)
{
    MDB_envinfo info;
    MDB_stat st;

    if (mdb_env_info(k->env, &info) != 0 || mdb_env_stat(k->env, &st) != 0) {
        return 0;
    }
    return ((uint64_t)info.me_last_pgno + 1) * st.ms_psize;
}

static enum cs_err write_all(struct kv_lmdb *k, const struct cs_kv_batch *b)
{
    enum cs_err err = cs_room_make(&k->room, used_bytes(k), b);
    int rc = MDB_MAP_FULL;

    for (int i = 0; i < GROW_TRIES && err == CS_OK && rc == MDB_MAP_FULL; i++) {
        rc = write_once(k, b);
        if (rc == MDB_MAP_FULL) {
            err = grow(k);
        }
    }
    if (rc != 0 && rc != MDB_MAP_FULL) {
        cs_log(CS_LOG_ERROR, "store", "commit failed: %s", mdb_strerror(rc));
        err = err_of(rc);
    }
    return err;
}

/* LMDB itself accepts a commit after a failed sync as if nothing had happened, so the
 * latch is ours (RELIABILITY 0.6, T24).  What is not known to be harmless latches. */
static bool is_harmless(const struct kv_lmdb *k, enum cs_err err)
{
    return !k->is_unmapped &&
           (err == CS_OK || err == CS_ERR_STORE_FULL || err == CS_ERR_NOMEM);
}

/* RELIABILITY T27.  Somebody who looked at the file with LMDB's own tools and was
 * killed keeps its pages from being used again: only then the file grows without end,
 * and only by commits, so they look from time to time. */
static void check_readers(struct kv_lmdb *k)
{
    uint64_t now = cs_os_now_ms();
    int dead = 0;

    if (now - k->readers_checked < k->reader_check_ms) {
        return;
    }
    k->readers_checked = now;
    if (mdb_reader_check(k->env, &dead) == 0 && dead != 0) {
        cs_log(CS_LOG_WARN, "store", "cleared %d dead readers of data.mdb", dead);
    }
}

static enum cs_err lmdb_commit(struct cs_kv *kv, const struct cs_kv_batch *b)
{
    struct kv_lmdb *k = self_of(kv);
    enum cs_err err = (enum cs_err)atomic_load(&k->latched);

    if (err != CS_OK) {
        return err;
    }
    check_readers(k);
    CS_ASSERT(pthread_mutex_lock(&k->write_mutex) == 0);
    err = write_all(k, b);
    CS_ASSERT(pthread_mutex_unlock(&k->write_mutex) == 0);
    if (!is_harmless(k, err)) {
        atomic_store(&k->latched, CS_ERR_STORE_IO);
        cs_log(CS_LOG_ERROR, "store", "no more writes until restart");
        err = CS_ERR_STORE_IO;
    }
    return err;
}

/* ---- opening and closing --------------------------------------------------------- */

static void lmdb_close(struct cs_kv *kv)
{
    struct kv_lmdb *k = self_of(kv);

    if (k->cursor != NULL) {
        mdb_cursor_close(k->cursor);
    }
    if (k->reader != NULL) {
        mdb_txn_abort(k->reader);
    }
    if (k->env != NULL) {
        mdb_env_close(k->env);
    }
    cs_os_lock_drop(&k->lock);
    (void)pthread_mutex_destroy(&k->map_mutex);
    (void)pthread_mutex_destroy(&k->write_mutex);
    cs_free(k);
}

static const struct cs_kv_ops lmdb_ops = {
    .get = lmdb_get,
    .next = lmdb_next,
    .prev = lmdb_prev,
    .scan = lmdb_scan,
    .commit = lmdb_commit,
    .close = lmdb_close,
};

static enum cs_err why_rc(struct cs_why *why, int rc, const char *dir)
{
    enum cs_err err = err_of(rc);

    return cs_why(why, err, "store in %s: %s", dir,
                  err == CS_ERR_STORE_FULL ? "no space left on the volume"
                                           : mdb_strerror(rc));
}

static enum cs_err env_open(struct kv_lmdb *k, const char *dir, struct cs_why *why)
{
    mdb_filehandle_t fd;
    int dead;
    int rc = mdb_env_create(&k->env);

    if (rc == 0) {
        rc = mdb_env_set_mapsize(k->env, k->map_size);
    }
    if (rc == 0) {
        rc = mdb_env_set_maxreaders(k->env, MAX_READERS);
    }
    if (rc == 0) {
        rc = mdb_env_open(k->env, dir, MDB_NOTLS, 0600);
    }
    if (rc == 0) {
        rc = mdb_reader_check(k->env, &dead);
    }
    if (rc == 0) {
        rc = mdb_env_sync(k->env, 1); /* a new file's first pages */
    }
    if (rc == 0) {
        rc = mdb_env_get_fd(k->env, &fd);
    }
    if (rc != 0) {
        return why_rc(why, rc, dir);
    }
    k->room.fd = fd;
    return cs_files_sync_dir(dir, why);
}

/* The one database, and the reader that all reads share. */
static enum cs_err reader_open(struct kv_lmdb *k, const char *dir, struct cs_why *why)
{
    int rc = mdb_txn_begin(k->env, NULL, MDB_RDONLY, &k->reader);

    if (rc == 0) {
        rc = mdb_dbi_open(k->reader, NULL, 0, &k->dbi);
    }
    if (rc == 0) {
        rc = mdb_cursor_open(k->reader, k->dbi, &k->cursor);
    }
    if (rc != 0) {
        return why_rc(why, rc, dir);
    }
    mdb_txn_reset(k->reader);
    return CS_OK;
}

static enum cs_err kv_new(struct kv_lmdb **out, const struct cs_kv_lmdb_params *p)
{
    struct kv_lmdb *k = cs_alloc(sizeof *k);

    if (k == NULL) {
        return CS_ERR_NOMEM;
    }
    k->kv.ops = &lmdb_ops;
    k->lock.fd = -1;
    k->map_size = p->map_size == 0 ? (size_t)32 << 20 : p->map_size;
    k->map_max = p->map_max == 0 ? (size_t)64 << 30 : p->map_max;
    k->reader_check_ms = p->reader_check_ms == 0 ? HOUR_MS : p->reader_check_ms;
    k->readers_checked = cs_os_now_ms();
    k->reads_max = p->reads;
    if (pthread_mutex_init(&k->map_mutex, NULL) != 0) {
        cs_free(k);
        return CS_ERR_OS;
    }
    if (pthread_mutex_init(&k->write_mutex, NULL) != 0) {
        (void)pthread_mutex_destroy(&k->map_mutex);
        cs_free(k);
        return CS_ERR_OS;
    }
    *out = k;
    return CS_OK;
}

enum cs_err cs_kv_lmdb_open(struct cs_kv **out, const struct cs_kv_lmdb_params *p,
                            struct cs_why *why)
{
    struct kv_lmdb *k = NULL;
    enum cs_err err;

    *out = NULL;
    CS_CHECK(cs_os_volume_check(p->dir, p->allow_any_fs, why));
    CS_CHECK(kv_new(&k, p));
    CS_TRY(cs_os_lock_take(&k->lock, p->dir, why));
    CS_TRY(cs_files_reset_unborn(p->dir, why));
    CS_TRY(cs_lmdb_check(p->dir, why));
    CS_TRY(cs_files_lock_renew(p->dir, why));
    CS_TRY(env_open(k, p->dir, why));
    CS_TRY(reader_open(k, p->dir, why));
    *out = &k->kv;
    k = NULL;
out:
    if (k != NULL) {
        lmdb_close(&k->kv);
    }
    return err;
}

/* A copy of a store: LMDB takes no lock and can write nothing. */
static enum cs_err copy_open(struct kv_lmdb *k, const char *path, struct cs_why *why)
{
    mdb_filehandle_t fd;
    int rc = mdb_env_create(&k->env);

    if (rc == 0) {
        rc = mdb_env_set_mapsize(k->env, k->map_size);
    }
    if (rc == 0) {
        rc = mdb_env_open(k->env, path,
                          MDB_NOTLS | MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0600);
    }
    if (rc == 0) {
        rc = mdb_env_get_fd(k->env, &fd);
    }
    if (rc != 0) {
        return why_rc(why, rc, path);
    }
    k->room.fd = fd;
    return reader_open(k, path, why);
}

/* Before LMDB sees it, as with a store. */
static enum cs_err copy_check(const char *path, size_t *size, struct cs_why *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    enum cs_err err;

    if (fd < 0) {
        return cs_why(why, CS_ERR_NOT_FOUND, "cannot open %s: %s", path,
                      strerror(errno));
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
        err = cs_why(why, CS_ERR_STORE_CORRUPT, "%s is no copy of a store", path);
    } else {
        *size = (size_t)st.st_size;
        err = cs_lmdb_check_fd(fd, why);
    }
    (void)close(fd);
    return err;
}

enum cs_err cs_kv_lmdb_open_copy(struct cs_kv **out, const char *path,
                                 struct cs_why *why)
{
    struct cs_kv_lmdb_params p = {0};
    struct kv_lmdb *k = NULL;
    enum cs_err err;

    *out = NULL;
    CS_CHECK(copy_check(path, &p.map_size, why));
    CS_CHECK(kv_new(&k, &p));
    atomic_store(&k->latched, CS_ERR_STATE); /* every commit's answer */
    err = copy_open(k, path, why);
    if (err != CS_OK) {
        lmdb_close(&k->kv);
        return err;
    }
    *out = &k->kv;
    return CS_OK;
}

/* ---- a store that another process writes ---------------------------------------- */

static enum cs_err lock_file_stat(struct stat *st, const char *dir)
{
    char path[4096];

    return snprintf(path, sizeof path, "%s/lock.mdb", dir) < (int)sizeof path &&
                   stat(path, st) == 0
               ? CS_OK
               : CS_ERR_CONFIG;
}

static enum cs_err live_open(struct kv_lmdb *k, const char *dir, struct cs_why *why)
{
    mdb_filehandle_t fd;
    int rc = mdb_env_create(&k->env);

    if (rc == 0) {
        rc = mdb_env_set_mapsize(k->env, k->map_max); /* as far as it may grow */
    }
    if (rc == 0) {
        rc = mdb_env_set_maxreaders(k->env, MAX_READERS);
    }
    if (rc == 0) {
        rc = mdb_env_open(k->env, dir, MDB_NOTLS | MDB_RDONLY, 0600);
    }
    if (rc == 0) {
        rc = mdb_env_get_fd(k->env, &fd);
    }
    if (rc != 0) {
        return why_rc(why, rc, dir);
    }
    k->room.fd = fd;
    return reader_open(k, dir, why);
}

enum cs_err cs_kv_lmdb_open_live(struct cs_kv **out, const char *dir,
                                 struct cs_why *why)
{
    const struct cs_kv_lmdb_params p = {.dir = dir};
    struct kv_lmdb *k = NULL;
    enum cs_err err;

    *out = NULL;
    CS_CHECK(kv_new(&k, &p));
    atomic_store(&k->latched, CS_ERR_STATE); /* every commit's answer */
    /* First its number, then its content: a renewal in between is seen. */
    err = lock_file_stat(&k->lock_file, dir);
    if (err != CS_OK) {
        err = cs_why(why, err,
                     "there is no store in %s: is the name right, and may you "
                     "read it?",
                     dir);
    } else {
        err = live_open(k, dir, why);
    }
    if (err == CS_OK && !cs_kv_lmdb_live_ok(&k->kv, dir)) {
        err = cs_why(why, CS_ERR_STATE, "its program was just started: try again");
    }
    if (err != CS_OK) {
        lmdb_close(&k->kv);
        return err;
    }
    *out = &k->kv;
    return CS_OK;
}

bool cs_kv_lmdb_live_ok(struct cs_kv *kv, const char *dir)
{
    const struct kv_lmdb *k = self_of(kv);
    struct stat now;

    return lock_file_stat(&now, dir) == CS_OK && now.st_ino == k->lock_file.st_ino &&
           now.st_dev == k->lock_file.st_dev;
}

/* Its map never moves: it is as large as it may ever be. */
enum cs_err cs_kv_lmdb_hold(struct cs_kv *kv)
{
    struct kv_lmdb *k = self_of(kv);
    int rc;

    CS_ASSERT(k->lock_file.st_ino != 0 && !k->is_held);
    lock_map(k);
    rc = reader_renew(k);
    k->is_held = rc == 0;
    unlock_map(k);
    return err_of(rc);
}

void cs_kv_lmdb_release(struct cs_kv *kv)
{
    struct kv_lmdb *k = self_of(kv);

    lock_map(k);
    if (k->is_held) {
        mdb_txn_reset(k->reader);
        k->is_held = false;
    }
    unlock_map(k);
}
