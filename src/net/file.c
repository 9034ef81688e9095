#include "net/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_CAP = 1024 };

enum cs_err cs_file_write_fd(int fd, struct cs_span data)
{
    while (data.n != 0) {
        ssize_t n = write(fd, data.p, data.n);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return CS_ERR_OS;
        }
        data.p += n;
        data.n -= (size_t)n;
    }
    return CS_OK;
}

static enum cs_err write_new(const char *path, struct cs_span data, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    enum cs_err err;

    if (fd < 0) {
        return CS_ERR_OS;
    }
    err = cs_file_write_fd(fd, data);
    if (err == CS_OK && (fchmod(fd, mode) != 0 || fsync(fd) != 0)) {
        err = CS_ERR_OS;
    }
    if (close(fd) != 0) {
        err = CS_ERR_OS;
    }
    return err;
}

/* Makes the new name durable: nodes may pin what it holds before the disk would know.
 */
static bool sync_folder_of(const char *path)
{
    char folder[PATH_CAP];
    const char *slash = strrchr(path, '/');
    size_t n = slash != NULL ? (size_t)(slash - path) : 0;
    int fd, rc;

    (void)snprintf(folder, sizeof folder, "%.*s", n != 0 ? (int)n : 1,
                   n != 0          ? path
                   : slash != NULL ? "/"
                                   : ".");
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rc = fd >= 0 ? fsync(fd) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    return rc == 0;
}

enum cs_err cs_file_write(const char *path, struct cs_span data, mode_t mode,
                          struct cs_why *why)
{
    char aside[PATH_CAP];
    int n = snprintf(aside, sizeof aside, "%s.new", path);

    if (n < 0 || (size_t)n >= sizeof aside) {
        return cs_why(why, CS_ERR_CONFIG, "the path %s is too long", path);
    }
    (void)unlink(aside); /* left by a crash: ours, since the directory is */
    if (write_new(aside, data, mode) != CS_OK || rename(aside, path) != 0 ||
        !sync_folder_of(path)) {
        int reason = errno;

        (void)unlink(aside);
        return cs_why(why, CS_ERR_OS, "cannot write %s: %s", path, strerror(reason));
    }
    return CS_OK;
}

enum cs_err cs_file_create(const char *path, struct cs_span data, mode_t mode,
                           struct cs_why *why)
{
    struct stat st;
    int reason;

    if (strlen(path) >= PATH_CAP) {
        return cs_why(why, CS_ERR_CONFIG, "the path %s is too long", path);
    }
    if (lstat(path, &st) == 0) {
        return cs_why(why, CS_ERR_EXISTS,
                      "%s exists and is not overwritten; take another name", path);
    }
    if (write_new(path, data, mode) == CS_OK && sync_folder_of(path)) {
        return CS_OK;
    }
    reason = errno;
    if (reason != EEXIST) { /* somebody else's, if it came between the two calls */
        (void)unlink(path);
    }
    return cs_why(why, CS_ERR_OS, "cannot write %s: %s", path, strerror(reason));
}

enum cs_err cs_file_path(char *out, size_t cap, const char *dir, const char *name,
                         struct cs_why *why)
{
    int n = snprintf(out, cap, "%s/%s", dir, name);

    return n > 0 && (size_t)n < cap
               ? CS_OK
               : cs_why(why, CS_ERR_CONFIG, "the directory %s is too long", dir);
}
