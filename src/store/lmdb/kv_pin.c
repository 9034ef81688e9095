#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/lmdb/kv_impl.h"

enum { META_TRIES = 100 };

/* The two meta pages, whole: another process may be writing one of them. */
static bool read_metas(struct cs_lmdb_pin *p, int fd, size_t n)
{
    struct cs_wr again = {0};
    bool same = false;

    if (cs_wr_room(&p->metas, n) == NULL || cs_wr_room(&again, n) == NULL) {
        cs_wr_free(&again);
        return false;
    }
    for (int i = 0; i < META_TRIES && !same; i++) {
        same = pread(fd, p->metas.p, n, 0) == (ssize_t)n &&
               pread(fd, again.p, n, 0) == (ssize_t)n &&
               memcmp(p->metas.p, again.p, n) == 0;
    }
    cs_wr_free(&again);
    return same;
}

/* Nothing commits meanwhile in this process, and the meta pages are of the transaction
 * that the reader holds; or, of a live store, of a later one: what that one points to
 * is not used again either before the reader ends, since only pages that were free
 * before the oldest reader are.  It is never read through, so the map may move. */
static enum cs_err pin(struct kv_lmdb *k, struct cs_lmdb_pin *p)
{
    MDB_envinfo info;
    MDB_stat st;
    MDB_txn *txn = NULL;
    size_t metas;
    int rc;

    lock_map(k);
    rc = k->is_unmapped ? EIO : mdb_txn_begin(k->env, NULL, MDB_RDONLY, &txn);
    rc = rc == 0 ? mdb_env_stat(k->env, &st) : rc;
    metas = rc == 0 ? 2 * (size_t)st.ms_psize : 0;
    if (rc == 0 && !read_metas(p, k->room.fd, metas)) {
        rc = EIO;
    }
    rc = rc == 0 ? mdb_env_info(k->env, &info) : rc; /* of then or later */
    unlock_map(k);
    p->txn = txn;
    if (rc != 0) {
        return err_of(rc);
    }
    p->fd = k->room.fd;
    p->bytes = ((uint64_t)info.me_last_pgno + 1) * st.ms_psize;
    return p->bytes >= metas ? CS_OK : CS_ERR_STORE_IO;
}

enum cs_err cs_kv_lmdb_pin(struct cs_kv *kv, struct cs_lmdb_pin *p)
{
    struct kv_lmdb *k = self_of(kv);
    enum cs_err err;

    *p = (struct cs_lmdb_pin){.fd = -1};
    CS_ASSERT(pthread_mutex_lock(&k->write_mutex) == 0);
    err = pin(k, p);
    CS_ASSERT(pthread_mutex_unlock(&k->write_mutex) == 0);
    if (err != CS_OK) {
        cs_kv_lmdb_unpin(kv, p);
    }
    return err;
}

void cs_kv_lmdb_unpin(struct cs_kv *kv, struct cs_lmdb_pin *p)
{
    struct kv_lmdb *k = self_of(kv);

    lock_map(k);
    if (p->txn != NULL) {
        mdb_txn_abort(p->txn);
        p->txn = NULL;
    }
    unlock_map(k);
    cs_wr_free(&p->metas);
}

enum cs_err cs_kv_lmdb_stat(struct cs_kv *kv, struct cs_kv_lmdb_stat *out)
{
    struct kv_lmdb *k = self_of(kv);
    MDB_envinfo info;
    MDB_stat st;
    int rc;

    lock_map(k); /* the map must not move while LMDB reads its meta pages */
    rc = k->is_unmapped ? EIO : mdb_env_info(k->env, &info);
    rc = rc == 0 ? mdb_env_stat(k->env, &st) : rc;
    unlock_map(k);
    if (rc != 0) {
        return err_of(rc);
    }
    *out = (struct cs_kv_lmdb_stat){
        .map_size = info.me_mapsize,
        .used_bytes = ((uint64_t)info.me_last_pgno + 1) * st.ms_psize,
        .entries = st.ms_entries,
        .last_txn = info.me_last_txnid,
        .latched = atomic_load(&k->latched) != CS_OK,
    };
    return CS_OK;
}
