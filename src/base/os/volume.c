#include "base/os/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

enum { PATH_CAP = 4096, PID_CAP = 32, LEFTOVER_TRIES = 60, LEFTOVER_MS = 50 };

/* statfs(2) f_type; numbers from linux/magic.h and the file systems themselves. */
static const struct {
    unsigned long type;
    const char *name;
} unsafe_fs[] = {
    {0x6969, "NFS"},      {0x517b, "SMB"},        {0xff534d42, "CIFS"},
    {0xfe534d42, "SMB"},  {0x01021997, "9p"},     {0x794c7630, "overlay"},
    {0x00c36400, "Ceph"}, {0x5346414f, "AFS"},    {0x0bd00bd0, "Lustre"},
    {0x47504653, "GPFS"}, {0x786f4256, "vboxsf"}, {0x61756673, "aufs"},
};

static const struct {
    unsigned long type;
    const char *name;
} doubtful_fs[] = {
    {0x01021994, "tmpfs (memory: gone at restart)"},
    {0x858458f6, "ramfs (memory: gone at restart)"},
    {0x65735546, "FUSE (cannot be judged)"},
};

const char *cs_os_unsafe_fs(long f_type)
{
    unsigned long type = (unsigned long)f_type & 0xffffffffUL;

    for (size_t i = 0; i < sizeof unsafe_fs / sizeof unsafe_fs[0]; i++) {
        if (unsafe_fs[i].type == type) {
            return unsafe_fs[i].name;
        }
    }
    return NULL;
}

static void warn_doubtful(const char *dir, long f_type)
{
    unsigned long type = (unsigned long)f_type & 0xffffffffUL;

    for (size_t i = 0; i < sizeof doubtful_fs / sizeof doubtful_fs[0]; i++) {
        if (doubtful_fs[i].type == type) {
            cs_log(CS_LOG_WARN, "store", "%s is on %s", dir, doubtful_fs[i].name);
        }
    }
}

static enum cs_err place_check(const char *dir, struct cs_why *why)
{
    struct stat st;

    if (stat(dir, &st) != 0) {
        return cs_why(why, CS_ERR_CONFIG,
                      "data directory %s: %s; create it, or mount the volume there",
                      dir, strerror(errno));
    }
    if (!S_ISDIR(st.st_mode)) {
        return cs_why(why, CS_ERR_CONFIG, "data directory %s: is not a directory", dir);
    }
    if (faccessat(AT_FDCWD, dir, R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "data directory %s: %s; it belongs to uid %u, this program runs as "
            "uid %u: chown %u:%u it, and mount it read-write",
            dir, strerror(errno), st.st_uid, geteuid(), geteuid(), getegid());
    }
    if ((st.st_mode & S_IWOTH) != 0) { /* some volume drivers make them so */
        cs_log(CS_LOG_WARN, "store",
               "everybody may write in %s, and so replace the store: chmod 0700 it",
               dir);
    }
    return CS_OK;
}

enum cs_err cs_os_volume_check(const char *dir, bool allow_any, struct cs_why *why)
{
    struct statfs fs;
    const char *name;

    CS_CHECK(place_check(dir, why));
    if (statfs(dir, &fs) != 0) {
        return cs_why(why, CS_ERR_OS, "statfs %s: %s", dir, strerror(errno));
    }
    name = cs_os_unsafe_fs((long)fs.f_type);
    if (name == NULL) {
        warn_doubtful(dir, (long)fs.f_type);
        return CS_OK;
    }
    if (allow_any) {
        cs_log(CS_LOG_WARN, "store", "%s is on %s: allowed by setting, not safe", dir,
               name);
        return CS_OK;
    }
    if (strcmp(name, "overlay") == 0 || strcmp(name, "aufs") == 0) {
        return cs_why(why, CS_ERR_STORE_FS,
                      "%s is on %s, so no volume is mounted there and a new container "
                      "would lose the shards; mount a volume (docker run -v name:%s)",
                      dir, name, dir);
    }
    return cs_why(
        why, CS_ERR_STORE_FS,
        "%s is on %s, whose locks and memory maps are not safe for the store; "
        "use a local file system such as ext4 or xfs",
        dir, name);
}

/* What the holder wrote into the lock file, for the message only. */
static long holder_pid(int fd)
{
    char text[PID_CAP] = {0};
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    char *end = text;
    long pid = n > 0 ? strtol(text, &end, 10) : 0;

    return end != text && pid > 0 ? pid : 0;
}

static enum cs_err is_taken(int fd, const char *dir, struct cs_why *why)
{
    long pid = holder_pid(fd);

    if (pid == 0) {
        return cs_why(
            why, CS_ERR_STORE_LOCKED,
            "another process uses %s; stop it, or give this one its own volume", dir);
    }
    return cs_why(
        why, CS_ERR_STORE_LOCKED,
        "process %ld uses %s (its pid may be of another container); stop it, or "
        "give this one its own volume",
        pid, dir);
}

/* Only for the other one's message: a full disk must not keep us from starting. */
static void write_pid(int fd, const char *path)
{
    char text[PID_CAP];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());

    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) {
        cs_log(CS_LOG_WARN, "store", "cannot write %s: %s", path, strerror(errno));
    }
}

/* A process that was killed while it had its file examined leaves a child that holds
 * the lock until it runs for the first time (base/os/child.c); on a busy machine the
 * next start comes before that.  So the lock of a holder that is no more is waited for;
 * that of a living one is not. */
static bool is_leftover(int fd)
{
    long pid = holder_pid(fd);

    return pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

/* errno is of the last try. */
static bool lock_whole(int fd)
{
    /* Zero l_pid: required for OFD locks.  Such a lock belongs to the descriptor, so
     * another open and close of the file in this process does not drop it. */
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    const struct timespec pause = {.tv_nsec = LEFTOVER_MS * 1000000L};

    for (int i = 0; i < LEFTOVER_TRIES; i++) {
        if (fcntl(fd, F_OFD_SETLK, &whole) == 0) {
            return true;
        }
        if ((errno != EAGAIN && errno != EACCES) || !is_leftover(fd)) {
            break;
        }
        (void)nanosleep(&pause, NULL);
    }
    return fcntl(fd, F_OFD_SETLK, &whole) == 0;
}

enum cs_err cs_os_lock_take(struct cs_os_lock *lock, const char *dir,
                            struct cs_why *why)
{
    char path[PATH_CAP];
    enum cs_err err;
    int fd;

    lock->fd = -1;
    if (snprintf(path, sizeof path, "%s/lock", dir) >= (int)sizeof path) {
        return cs_why(why, CS_ERR_CONFIG, "the path of the data directory is too long");
    }
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return cs_why(why, CS_ERR_CONFIG, "cannot open %s: %s", path, strerror(errno));
    }
    if (!lock_whole(fd)) {
        err = errno == EAGAIN || errno == EACCES
                  ? is_taken(fd, dir, why)
                  : cs_why(why, CS_ERR_STORE_FS, "cannot lock %s: %s", path,
                           strerror(errno));
        (void)close(fd);
        return err;
    }
    write_pid(fd, path);
    lock->fd = fd;
    return CS_OK;
}

void cs_os_lock_drop(struct cs_os_lock *lock)
{
    if (lock->fd >= 0) {
        (void)close(lock->fd); /* and with it the lock */
        lock->fd = -1;
    }
}
