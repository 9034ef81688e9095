#include "store/lmdb/room.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>

enum {
    PAGE = 4096,
    STEP = 1 << 20,   /* reserve in steps, so that most commits reserve nothing */
    PAGES_BASE = 64,  /* path to the root, free list, meta */
    PAGES_PER_OP = 4, /* leaf copied, split in two, a branch split */
};

/* An upper bound of the pages that copy-on-write adds to the file. */
static uint64_t need_of(const struct cs_kv_batch *b)
{
    uint64_t pages = PAGES_BASE + (uint64_t)b->n_ops * PAGES_PER_OP;

    pages += b->bytes / PAGE * 2; /* long values sit on pages of their own */
    return pages * PAGE;
}

static int reserve(int fd, uint64_t from, uint64_t to)
{
    int rc;

    do {
        rc = fallocate(fd, 0, (off_t)from, (off_t)(to - from));
    } while (rc != 0 && errno == EINTR);
    return rc == 0 ? 0 : errno;
}

/* For file systems that cannot reserve: at least look. */
static enum cs_err look(int fd, uint64_t need)
{
    struct statvfs fs;

    if (fstatvfs(fd, &fs) != 0) {
        return CS_ERR_STORE_IO;
    }
    return (uint64_t)fs.f_bavail * fs.f_frsize >= need ? CS_OK : CS_ERR_STORE_FULL;
}

enum cs_err cs_room_make(struct cs_room *r, uint64_t used, const struct cs_kv_batch *b)
{
    uint64_t want = used + need_of(b);
    uint64_t step = (want + STEP - 1) / STEP * STEP;
    int rc;

    if (want <= r->reserved) {
        return CS_OK;
    }
    rc = reserve(r->fd, r->reserved, step);
    if (rc == ENOSPC || rc == EDQUOT || rc == EFBIG) {
        step = want; /* the last bit of space is better than none */
        rc = reserve(r->fd, r->reserved, step);
    }
    switch (rc) {
    case 0:
        r->reserved = step;
        return CS_OK;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return CS_ERR_STORE_FULL;
    case EOPNOTSUPP:
    case ENOSYS:
        return look(r->fd, want - used);
    default:
        return CS_ERR_STORE_IO;
    }
}
