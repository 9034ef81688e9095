/* The inside of the back end, for its own files: kv_lmdb.c opens, reads and commits,
 * kv_pin.c holds a commit for a copy and tells figures. */
#ifndef CS_STORE_LMDB_KV_IMPL_H
#define CS_STORE_LMDB_KV_IMPL_H

#include <errno.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/os/volume.h"
#include "store/lmdb/kv_lmdb.h"
#include "store/lmdb/room.h"

struct kv_lmdb {
    struct cs_kv kv;
    MDB_env *env;
    MDB_dbi dbi;
    MDB_txn *reader;    /* loop thread; reset between uses */
    MDB_cursor *cursor; /* of the reader */
    unsigned reads;     /* since the map's memory was given back .. */
    unsigned reads_max; /* .. which it is after so many */
    bool is_held;       /* the reader stays between calls: cs_kv_lmdb_hold */
    struct cs_os_lock lock;
    /* Held by every read transaction and while the map moves: LMDB's map may change
     * only when no transaction of this process is active. */
    pthread_mutex_t map_mutex;
    pthread_mutex_t write_mutex; /* held by a commit, and while a copy begins */
    struct cs_room room;         /* writer's */
    size_t map_size, map_max;
    bool is_unmapped;         /* guarded by map_mutex: LMDB lost its map for good */
    uint64_t readers_checked; /* cs_os_now_ms; writer's */
    uint32_t reader_check_ms;
    atomic_int latched;    /* enum cs_err of the first failed write or sync */
    struct stat lock_file; /* open_live: of lock.mdb */
};

static inline struct kv_lmdb *self_of(struct cs_kv *kv)
{
    return CS_CONTAINER_OF(kv, struct kv_lmdb, kv);
}

static inline enum cs_err err_of(int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return CS_OK;
    case MDB_NOTFOUND:
        return CS_ERR_NOT_FOUND;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return CS_ERR_STORE_FULL;
    case ENOMEM:
        return CS_ERR_NOMEM;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
        return CS_ERR_STORE_CORRUPT;
    case MDB_VERSION_MISMATCH:
        return CS_ERR_STORE_VERSION;
    default:
        return CS_ERR_STORE_IO;
    }
}

static inline void lock_map(struct kv_lmdb *k)
{
    CS_ASSERT(pthread_mutex_lock(&k->map_mutex) == 0);
}

static inline void unlock_map(struct kv_lmdb *k)
{
    CS_ASSERT(pthread_mutex_unlock(&k->map_mutex) == 0);
}

#endif
