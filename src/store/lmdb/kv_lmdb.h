/* LMDB back end of cs_kv: one environment, one unnamed database, one writer.
 *
 * <dir>/lock is held with an exclusive OFD lock for life; <dir>/data.mdb and lock.mdb
 * are LMDB's.  Before LMDB may touch data.mdb its page structure is checked by our own
 * code (check.h), because LMDB trusts what it reads.  Never MDB_WRITEMAP, never
 * DUPSORT.  Space is reserved with fallocate before each commit, so a full disk is
 * found before anything is written.  No fork after open. */
#ifndef CS_STORE_LMDB_KV_LMDB_H
#define CS_STORE_LMDB_KV_LMDB_H

#include "base/why.h"
#include "store/kv.h"

struct cs_kv_lmdb_params {
    const char *dir;          /* exists, ours */
    size_t map_size;          /* first map, 0: 32 MiB; grows by itself */
    size_t map_max;           /* 0: 64 GiB; then STORE_FULL */
    uint32_t reader_check_ms; /* how often commits look for dead readers, 0: hourly */
    /* Single reads after which the map's memory goes back to the kernel, 0: 256.  That
     * costs as much as some hundred reads; until then each may have mapped 64 KiB. */
    unsigned reads;
    bool allow_any_fs; /* also NFS, CIFS, 9p, overlay (CLOUDSIGN_ALLOW_UNSAFE_FS=1) */
};

/* CONFIG (dir missing, not a directory, not writable), STORE_FS, STORE_LOCKED,
 * STORE_CORRUPT, STORE_VERSION (LMDB's own), STORE_FULL, STORE_IO, NOMEM.  Nothing of
 * an existing store is changed on error.  Close with cs_kv_close, on the loop thread,
 * with no commit running. */
enum cs_err cs_kv_lmdb_open(struct cs_kv **out, const struct cs_kv_lmdb_params *p,
                            struct cs_why *why) CS_MUST_USE;

/* A copy of a store (copy.h), to read it: no lock, no write; commit says STATE.  What
 * check.h says of the file; NOT_FOUND when there is none, NOMEM, STORE_IO. */
enum cs_err cs_kv_lmdb_open_copy(struct cs_kv **out, const char *path,
                                 struct cs_why *why) CS_MUST_USE;

/* To read a store that another process writes: through LMDB's own lock file, without
 * the store's lock; commit says STATE.  What the writer checked at its start is not
 * checked again.  Reads are short, but a pin (copy.h) holds its pages as long as it
 * lasts. CONFIG (there is no store, or it is not this user's), STORE_IO, NOMEM. */
enum cs_err cs_kv_lmdb_open_live(struct cs_kv **out, const char *dir,
                                 struct cs_why *why) CS_MUST_USE;
/* Is it the same writer still?  A new one does not know of this reader, and what was
 * read since may be a mixture.  false: read it all again. */
bool cs_kv_lmdb_live_ok(struct cs_kv *kv, const char *dir) CS_MUST_USE;
/* Of a live store: all reads from hold to release see the same commit, whatever the
 * writer does meanwhile.  Its file grows until then, so keep it short.  STORE_IO. */
enum cs_err cs_kv_lmdb_hold(struct cs_kv *kv) CS_MUST_USE;
void cs_kv_lmdb_release(struct cs_kv *kv); /* not held: nothing */

/* For copy.c: the last commit, held.  Blocks for the commit of the moment: not the loop
 * thread. */
struct cs_lmdb_pin {
    int fd;             /* of data.mdb: pread only, a second open would drop locks */
    uint64_t bytes;     /* from 0, of which .. */
    struct cs_wr metas; /* .. the first two pages are these */
    void *txn;
};
enum cs_err cs_kv_lmdb_pin(struct cs_kv *kv, struct cs_lmdb_pin *p) CS_MUST_USE;
void cs_kv_lmdb_unpin(struct cs_kv *kv, struct cs_lmdb_pin *p);

struct cs_kv_lmdb_stat {
    uint64_t map_size, used_bytes, entries, last_txn;
    bool latched;
};
enum cs_err cs_kv_lmdb_stat(struct cs_kv *kv, struct cs_kv_lmdb_stat *out) CS_MUST_USE;

#endif
