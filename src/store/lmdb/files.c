#include "store/lmdb/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum {
    PATH_CAP = 4096,
    LOCK_FILE_BYTES = 8192, /* more than LMDB needs for 16 readers */
    UNBORN_MAX = 65537, /* two pages of any size, and one byte to see that it is more */
};

static enum cs_err err_of_errno(int e)
{
    return e == ENOSPC || e == EDQUOT || e == EFBIG ? CS_ERR_STORE_FULL
                                                    : CS_ERR_STORE_IO;
}

/* A new lock file for LMDB: what an old one says is of a dead process (ours is the only
 * one, see lock), or crafted.  LMDB would map it sparse; on a full disk the first
 * touch would be a SIGBUS, so its blocks are reserved. */
enum cs_err cs_files_lock_renew(const char *dir, struct cs_why *why)
{
    char path[PATH_CAP];
    enum cs_err err = CS_OK;
    int fd;

    if (snprintf(path, sizeof path, "%s/lock.mdb", dir) >= (int)sizeof path) {
        return cs_why(why, CS_ERR_CONFIG, "the path of the data directory is too long");
    }
    if (unlink(path) != 0 && errno != ENOENT) {
        return cs_why(why, CS_ERR_STORE_IO, "cannot renew %s: %s", path,
                      strerror(errno));
    }
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return cs_why(why, err_of_errno(errno), "cannot open %s: %s", path,
                      strerror(errno));
    }
    if (fallocate(fd, 0, 0, LOCK_FILE_BYTES) != 0 && errno != EOPNOTSUPP) {
        err = cs_why(why, err_of_errno(errno), "cannot reserve %s: %s", path,
                     strerror(errno));
    }
    (void)close(fd);
    return err;
}

/* Power lost while LMDB made the file: a few pages of zeros, which LMDB would not take
 * and which hold nothing.  Anything else is left alone. */
enum cs_err cs_files_reset_unborn(const char *dir, struct cs_why *why)
{
    uint8_t page[UNBORN_MAX];
    char path[PATH_CAP];
    enum cs_err err = CS_OK;
    ssize_t n;
    int fd;

    if (snprintf(path, sizeof path, "%s/data.mdb", dir) >= (int)sizeof path) {
        return cs_why(why, CS_ERR_CONFIG, "the path of the data directory is too long");
    }
    fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return CS_OK; /* absent, or cs_lmdb_check says what is wrong with it */
    }
    n = read(fd, page, sizeof page);
    if (n > 0 && n < (ssize_t)sizeof page && cs_ct_is_zero(page, (size_t)n) &&
        ftruncate(fd, 0) != 0) {
        err = cs_why(why, CS_ERR_STORE_IO, "cannot reset %s: %s", path,
                     strerror(errno));
    }
    (void)close(fd);
    return err;
}

enum cs_err cs_files_sync_dir(const char *dir, struct cs_why *why)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    int saved = errno;

    if (fd >= 0) {
        (void)close(fd);
    }
    return rc == 0 ? CS_OK
                   : cs_why(why, CS_ERR_STORE_IO, "cannot sync the directory %s: %s",
                            dir, strerror(saved));
}
