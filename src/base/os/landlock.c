#include "base/os/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/os/build.h"

/* linux/landlock.h, of which Debian 12's headers know only the first half. */
enum {
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_MAKE_SOCK = 1 << 9,
    FS_ALL_1 = (1 << 13) - 1, /* ABI 1: execute .. make symbolic links */
    FS_REFER = 1 << 13,       /* ABI 2 */
    FS_TRUNCATE = 1 << 14,    /* ABI 3 */
    FS_IOCTL_DEV = 1 << 15,   /* ABI 5 */
    NET_BIND_TCP = 1 << 0,    /* ABI 4 */
    SCOPE_ALL = 3,            /* ABI 6: abstract unix sockets, signals */
    RULE_PATH = 1,
    RULE_PORT = 2,
    ASK_VERSION = 1,

    READ = FS_READ_FILE | FS_READ_DIR,
    WRITE = READ | FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR |
            FS_MAKE_REG | FS_MAKE_SOCK | FS_REFER | FS_TRUNCATE,
    DEVICE = FS_READ_FILE | FS_WRITE_FILE | FS_IOCTL_DEV,
    SOCKET = FS_MAKE_SOCK | FS_REMOVE_FILE,
    FILE_RIGHTS = FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV,
};

struct ruleset {
    uint64_t fs, net, scoped;
};

struct path_rule {
    uint64_t allowed;
    int32_t fd;
} __attribute__((packed));

struct port_rule {
    uint64_t allowed, port;
};

static struct ruleset handled(int abi, int tcp_port)
{
    struct ruleset r = {.fs = FS_ALL_1};

    r.fs |= abi >= 2 ? FS_REFER : 0;
    r.fs |= abi >= 3 ? FS_TRUNCATE : 0;
    r.fs |= abi >= 5 ? FS_IOCTL_DEV : 0;
    r.net = abi >= 4 && tcp_port != 0 ? NET_BIND_TCP : 0;
    r.scoped = abi >= 6 ? SCOPE_ALL : 0;
    return r;
}

static uint64_t rights(enum cs_os_access access)
{
    switch (access) {
    case CS_OS_READ:
    case CS_OS_FILE:
        return READ;
    case CS_OS_WRITE:
        return WRITE;
    case CS_OS_DEVICE:
        return DEVICE;
    case CS_OS_SOCKET:
        return SOCKET;
    }
    return 0;
}

void cs_os_folder_of(char *out, size_t cap, const char *file)
{
    const char *slash = file == NULL ? NULL : strrchr(file, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - file);

    if (file == NULL || file[0] == '\0') {
        (void)snprintf(out, cap, "%s", "");
    } else if (slash == NULL) {
        (void)snprintf(out, cap, ".");
    } else if (n == 0) {
        (void)snprintf(out, cap, "/");
    } else {
        (void)snprintf(out, cap, "%.*s", (int)n, file);
    }
}

/* A path that is not there gets no rule: nothing below it can be opened, then. */
static int add_one(int set, const struct ruleset *h, const char *path,
                   enum cs_os_access access)
{
    struct path_rule rule = {.allowed = rights(access) & h->fs};
    struct stat st;
    int rc;

    rule.fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.fd < 0) {
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -1;
    }
    if (fstat(rule.fd, &st) == 0 && !S_ISDIR(st.st_mode)) {
        rule.allowed &= FILE_RIGHTS;
    }
    rc = (int)syscall(SYS_landlock_add_rule, set, RULE_PATH, &rule, 0);
    (void)close(rule.fd);
    return rc;
}

/* A rule for "/" would be none. */
static int add_folder_of(int set, const struct ruleset *h, const char *file,
                         enum cs_os_access access)
{
    char folder[PATH_MAX];

    cs_os_folder_of(folder, sizeof folder, file);
    return add_one(set, h, strcmp(folder, "/") == 0 ? file : folder, access);
}

static int add_path(int set, const struct ruleset *h, const struct cs_os_path *p)
{
    char real[PATH_MAX];

    if (p->path == NULL || p->path[0] == '\0') {
        return 0;
    }
    if (p->access != CS_OS_FILE && p->access != CS_OS_SOCKET) {
        return add_one(set, h, p->path, p->access);
    }
    if (add_folder_of(set, h, p->path, p->access) != 0) {
        return -1;
    }
    return p->access == CS_OS_SOCKET || realpath(p->path, real) == NULL
               ? 0
               : add_folder_of(set, h, real, p->access);
}

static int add_port(int set, const struct ruleset *h, int port)
{
    struct port_rule rule = {.allowed = NET_BIND_TCP, .port = (uint64_t)port};

    if (port < 0 || (h->net & NET_BIND_TCP) == 0) {
        return 0;
    }
    return (int)syscall(SYS_landlock_add_rule, set, RULE_PORT, &rule, 0);
}

static enum cs_err fill(int set, const struct ruleset *h,
                        const struct cs_os_path *paths, size_t n, int tcp_port,
                        struct cs_why *why)
{
    for (size_t i = 0; i < n; i++) {
        if (add_path(set, h, &paths[i]) != 0) {
            return cs_why(why, CS_ERR_OS, "Landlock refuses a rule for %s: %s",
                          paths[i].path, strerror(errno));
        }
    }
    if (add_port(set, h, tcp_port) != 0) {
        return cs_why(why, CS_ERR_OS, "Landlock refuses a rule for port %d: %s",
                      tcp_port, strerror(errno));
    }
    if (syscall(SYS_landlock_restrict_self, set, 0) != 0) {
        return cs_why(why, CS_ERR_OS, "Landlock: %s", strerror(errno));
    }
    return CS_OK;
}

enum cs_err cs_os_landlock(const struct cs_os_path *paths, size_t n, int tcp_port,
                           int *abi, struct cs_why *why)
{
    struct ruleset h;
    size_t size;
    int set = -1;
    enum cs_err err;

    *abi = CS_OS_SANITIZED
               ? -1
               : (int)syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
    if (*abi >= 1) {
        h = handled(*abi, tcp_port);
        size = sizeof(uint64_t) * (*abi >= 6 ? 3 : *abi >= 4 ? 2 : 1);
        set = (int)syscall(SYS_landlock_create_ruleset, &h, size, 0);
    }
    if (set < 0) {
        return cs_why(why, CS_ERR_SANDBOX, "no Landlock: %s",
                      CS_OS_SANITIZED ? "a sanitizer is built in" : strerror(errno));
    }
    err = fill(set, &h, paths, n, tcp_port, why);
    (void)close(set);
    return err;
}
