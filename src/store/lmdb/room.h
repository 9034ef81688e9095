/* Space on the volume, reserved before a commit needs it.
 *
 * A full disk met in the middle of LMDB's page writes can come back as a short write,
 * which LMDB reports as EIO: not to be told from a broken disk.  So the blocks a
 * commit may need are allocated first; when that fails nothing was written. */
#ifndef CS_STORE_LMDB_ROOM_H
#define CS_STORE_LMDB_ROOM_H

#include "store/kv.h"

struct cs_room {
    int fd;            /* of data.mdb, LMDB's */
    uint64_t reserved; /* bytes from the start known to have blocks */
};

/* Room for b behind the `used` first bytes.  STORE_FULL (disk, quota, file size limit),
 * STORE_IO.  Worker thread. */
enum cs_err cs_room_make(struct cs_room *r, uint64_t used, const struct cs_kv_batch *b)
    CS_MUST_USE;

#endif
