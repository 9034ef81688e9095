/* This machine: the volume, the disk's speed, limits, entropy, the kernel's clock. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "base/os/clock.h"
#include "base/os/harden.h"
#include "base/os/process.h"
#include "base/os/secret.h"
#include "base/os/volume.h"
#include "cli/node/doctor.h"

enum {
    MIB = 1 << 20,
    FREE_WARN_MIB =
        256, /* the store's first map is 32 MiB; a copy needs as much again */
    FREE_FAIL_MIB = 32,
    SYNCS = 16,
    SYNC_BYTES = 4096,
    SYNC_WARN_MS = 50, /* each round of a session waits for one */
    SYNC_FAIL_MS = 1000,
    FILES_MIN = 256,
    LOCKED_MIN = 1 << 20, /* as run.c asks for */
    PATH_CAP = 600,
};

/* ---- the volume
 * ----------------------------------------------------------------------------- */

static void look_at_volume(struct doctor *d)
{
    struct cs_why why = {""};
    bool any_fs = false;

    if (cs_os_setting_bool(&any_fs, "CLOUDSIGN_ALLOW_UNSAFE_FS", false, &why) !=
        CS_OK) {
        any_fs = false;
    }
    if (cs_os_volume_check(d->dir, false, &why) == CS_OK) {
        doc_say(d, DOC_OK, "file-system", "", "%s is on a file system that is safe",
                d->dir);
    } else {
        doc_say(d, any_fs && access(d->dir, W_OK) == 0 ? DOC_WARN : DOC_FAIL,
                "file-system",
                "mount a local volume there (ext4, xfs, btrfs) and give it to the "
                "node's user, mode 0700",
                "%s", why.text);
    }
}

static void look_at_mode(struct doctor *d, const char *name)
{
    char path[PATH_CAP];
    struct stat st;

    (void)snprintf(path, sizeof path, "%s%s%s", d->dir, name[0] != '\0' ? "/" : "",
                   name);
    if (stat(path, &st) != 0) {
        if (errno != ENOENT) {
            doc_say(d, DOC_FAIL, "permissions", "run it as the node's user",
                    "%s cannot be looked at: %s", path, strerror(errno));
        }
        return;
    }
    if ((st.st_mode & 077) != 0) {
        doc_say(d, (st.st_mode & 07) != 0 ? DOC_FAIL : DOC_WARN, "permissions",
                "chmod -R go= on the data directory",
                "%s is open to others than its owner: mode %03o", path,
                (unsigned)st.st_mode & 0777);
    } else if (st.st_uid != geteuid()) {
        doc_say(d, DOC_FAIL, "permissions",
                "chown it to the node's user, or run doctor as that user",
                "%s belongs to user %u, this is user %u", path, (unsigned)st.st_uid,
                (unsigned)geteuid());
    } else {
        doc_say(d, DOC_OK, "permissions", "", "%s is the owner's alone", path);
    }
}

static void look_at_space(struct doctor *d)
{
    static const char remedy[] =
        "make room, or enlarge the volume: a node without room "
        "signs nothing until there is some";
    struct cs_os_disk disk;
    unsigned long long mib;

    if (!cs_os_disk(&disk, d->dir, "data.mdb")) {
        doc_say(d, DOC_FAIL, "disk-space", remedy, "%s: %s", d->dir, strerror(errno));
        return;
    }
    mib = (unsigned long long)(disk.free_bytes / MIB);
    doc_say(d,
            mib < FREE_FAIL_MIB   ? DOC_FAIL
            : mib < FREE_WARN_MIB ? DOC_WARN
                                  : DOC_OK,
            "disk-space", remedy, "%llu MiB are free of %llu, the store takes %llu",
            mib, (unsigned long long)(disk.total_bytes / MIB),
            (unsigned long long)(disk.file_bytes / MIB));
}

/* ---- the disk's speed
 * ----------------------------------------------------------------------- */

static uint64_t now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Microseconds of each write and sync; errno otherwise. */
static int measure(int fd, uint64_t us[SYNCS])
{
    static char page[SYNC_BYTES];

    for (size_t i = 0; i < SYNCS; i++) {
        uint64_t begin = now_us();

        if (pwrite(fd, page, sizeof page, (off_t)(i * sizeof page)) !=
                (ssize_t)sizeof page ||
            fdatasync(fd) != 0) {
            return errno != 0 ? errno : ENOSPC;
        }
        us[i] = now_us() - begin;
    }
    qsort(us, SYNCS, sizeof us[0], by_size);
    return 0;
}

static void look_at_sync(struct doctor *d)
{
    static const char slow[] = "use a local disk (SSD, or a volume with enough IOPS): "
                               "what is signed waits for the disk";
    char path[PATH_CAP];
    uint64_t us[SYNCS] = {0};
    int fd, err;

    (void)snprintf(path, sizeof path, "%s/.doctor-XXXXXX", d->dir);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        doc_say(d, DOC_FAIL, "fsync",
                "run it as the node's user; the volume must be "
                "writable and have room",
                "no file can be made in %s: %s", d->dir, strerror(errno));
        return;
    }
    (void)unlink(path); /* killed meanwhile, it leaves nothing */
    errno = 0;
    err = measure(fd, us);
    (void)close(fd);
    if (err != 0) {
        doc_say(d, DOC_FAIL, "fsync",
                err == ENOSPC || err == EDQUOT ? "make room on the volume"
                                               : "the disk is failing: replace it, and "
                                                 "restore the node from its backup",
                "a write and sync in %s failed: %s", d->dir, strerror(err));
        return;
    }
    doc_say(d,
            us[SYNCS / 2] > SYNC_FAIL_MS * 1000   ? DOC_FAIL
            : us[SYNCS / 2] > SYNC_WARN_MS * 1000 ? DOC_WARN
                                                  : DOC_OK,
            "fsync", slow,
            "a write and sync of 4 KiB takes %llu.%llu ms (longest of "
            "%d: %llu ms)",
            (unsigned long long)(us[SYNCS / 2] / 1000),
            (unsigned long long)(us[SYNCS / 2] % 1000 / 100), SYNCS,
            (unsigned long long)(us[SYNCS - 1] / 1000));
}

/* ---- limits ---------------------------------------------------------------------- */

static uint64_t limit_now(const struct doctor *d, const char *of_node, int resource)
{
    const json_t *p = json_object_get(d->status, "process");
    struct rlimit l;

    if (json_object_get(p, of_node) != NULL) {
        return (uint64_t)json_integer_value(json_object_get(p, of_node));
    }
    if (getrlimit((__rlimit_resource_t)resource, &l) != 0) {
        return 0;
    }
    return l.rlim_max == RLIM_INFINITY ? INT64_MAX : (uint64_t)l.rlim_max;
}

static void look_at_limits(struct doctor *d)
{
    uint64_t locked = limit_now(d, "lockedMaxBytes", RLIMIT_MEMLOCK);
    uint64_t files = limit_now(d, "maxFiles", RLIMIT_NOFILE);

    doc_say(d, locked < LOCKED_MIN ? DOC_FAIL : DOC_OK, "locked-memory",
            "raise it: LimitMEMLOCK=64M, docker --ulimit memlock=67108864, ulimit -l",
            "%llu KiB of memory may be locked (secrets must not reach the swap)",
            (unsigned long long)(locked / 1024));
    doc_say(d, files < FILES_MIN ? DOC_WARN : DOC_OK, "open-files",
            "raise it: LimitNOFILE=1024, docker --ulimit nofile=1024, ulimit -n",
            "%llu files may be open", (unsigned long long)files);
}

/* The node itself sets its core limit to 0 and is not dumpable: only a kernel that
 * pipes cores to a program could still see one, and it does not for such a process. */
static void look_at_entropy(struct doctor *d)
{
    uint8_t byte;
    ssize_t n = getrandom(&byte, 1, GRND_NONBLOCK);

    doc_say(d, n == 1 ? DOC_OK : DOC_FAIL, "entropy",
            "wait until the kernel has some; in a virtual machine add virtio-rng",
            n == 1 ? "the kernel's random numbers are ready"
                   : "the kernel's random numbers are not ready");
}

void doc_clock_of_kernel(struct doctor *d)
{
    struct timex t = {.modes = 0};
    int state = adjtimex(&t);

    if (state < 0) {
        return; /* not allowed here: the platform's time tells */
    }
    doc_say(d, state == TIME_ERROR || (t.status & STA_UNSYNC) != 0 ? DOC_WARN : DOC_OK,
            "clock-sync", "run chrony or systemd-timesyncd on the host",
            state == TIME_ERROR || (t.status & STA_UNSYNC) != 0
                ? "no time service keeps this machine's clock"
                : "a time service keeps this machine's clock");
}

void doc_host(struct doctor *d)
{
    look_at_volume(d);
    if (access(d->dir, F_OK) == 0) {
        look_at_mode(d, "");
        look_at_mode(d, "data.mdb");
        look_at_mode(d, "node.sock");
        look_at_space(d);
        look_at_sync(d);
    }
    look_at_limits(d);
    look_at_entropy(d);
    doc_clock_of_kernel(d);
}
