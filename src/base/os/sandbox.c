#include "base/os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/os/build.h"
#include "base/os/seccomp.h"
#include "base/os/secret.h"

/* What libraries open when they want to: name service, OpenSSL's roots and settings,
 * libwebsockets' module for libuv, libuv's count of processors, the C library's clock
 * and random numbers, and store/lmdb/resident.c (/proc/self/maps). */
static const struct cs_os_path common[] = {
    {"/proc/self", CS_OS_READ},
    {"/proc/stat", CS_OS_READ},
    {"/proc/cpuinfo", CS_OS_READ},
    {"/proc/meminfo", CS_OS_READ},
    {"/sys/devices/system/cpu", CS_OS_READ},
    {"/sys/fs/cgroup", CS_OS_READ},
    {"/dev/urandom", CS_OS_READ},
    {"/dev/random", CS_OS_READ},
    {"/dev/null", CS_OS_DEVICE},
    {"/usr/lib", CS_OS_READ},
    {"/usr/local/lib", CS_OS_READ},
    {"/lib", CS_OS_READ},
    {"/etc/ssl", CS_OS_READ},
    {"/etc/pki", CS_OS_READ},
    {"/etc/ca-certificates", CS_OS_READ},
    {"/usr/share/ca-certificates", CS_OS_READ},
    {"/usr/local/share/ca-certificates", CS_OS_READ},
    {"/usr/share/zoneinfo", CS_OS_READ},
    {"/etc/localtime", CS_OS_READ},
    {"/etc/hosts", CS_OS_READ},
    {"/etc/host.conf", CS_OS_READ},
    {"/etc/nsswitch.conf", CS_OS_READ},
    {"/etc/gai.conf", CS_OS_READ},
    {"/etc/services", CS_OS_READ},
    {"/etc/protocols", CS_OS_READ},
    {"/etc/resolv.conf", CS_OS_READ},
};

enum cs_err cs_os_sandbox_mode(enum cs_os_sandbox_mode *out, struct cs_why *why)
{
    static const char *const words[] = {"on", "require", "off"};
    const char *value = cs_os_setting("CLOUDSIGN_SANDBOX", "on");

    for (int i = 0; i < (int)CS_COUNTOF(words); i++) {
        if (strcmp(value, words[i]) == 0) {
            *out = (enum cs_os_sandbox_mode)i;
            return CS_OK;
        }
    }
    return cs_why(why, CS_ERR_CONFIG,
                  "CLOUDSIGN_SANDBOX: must be on, require or off (for debugging)");
}

/* Whoever renews /etc/resolv.conf renames another over it, so a rule for the file of
 * now would not last: the rule is for the folder that it really lies in.  A container
 * mounts the file itself; then the file is enough. */
static const char *resolver_folder(char out[PATH_MAX])
{
    char real[PATH_MAX];
    struct statx st;

    if (realpath("/etc/resolv.conf", real) == NULL ||
        (statx(AT_FDCWD, real, 0, STATX_TYPE, &st) == 0 &&
         (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0)) {
        return NULL;
    }
    cs_os_folder_of(out, PATH_MAX, real);
    return out;
}

static enum cs_err missing(enum cs_os_sandbox_mode mode, enum cs_err err,
                           const char *what, struct cs_why *why)
{
    if (mode == CS_OS_SANDBOX_REQUIRE) {
        return cs_why(why, err, "CLOUDSIGN_SANDBOX=require: %s", what);
    }
    cs_log(CS_LOG_WARN, "sandbox",
           "%s: the program runs without this confinement (kernel 5.13 or newer and a "
           "container profile like share/cloudsign/seccomp.json give it)",
           what);
    return CS_OK;
}

/* The filters reach every thread there is, the rules on paths only this one. */
static bool is_alone(void)
{
    struct stat st;

    return stat("/proc/self/task", &st) != 0 || st.st_nlink <= 3; /* one folder each */
}

/* A rule is for an inode, and the one of /proc/self is made anew when the kernel has
 * let go of the name (it does when memory is short); so it is held, for good. */
static void hold_proc(void)
{
    static int fd = -1;

    if (fd < 0) {
        fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
}

static enum cs_err lock_paths(enum cs_os_sandbox_mode mode,
                              const struct cs_os_path *paths, size_t n, int tcp_port,
                              struct cs_why *why)
{
    struct cs_os_path all[CS_COUNTOF(common) + CS_OS_SANDBOX_PATHS_MAX + 1];
    struct cs_why reason = {""};
    char folder[PATH_MAX];
    size_t m = CS_COUNTOF(common);
    int abi = 0;
    enum cs_err err;

    CS_ASSERT(n <= CS_OS_SANDBOX_PATHS_MAX);
    if (!is_alone()) {
        CS_CHECK(missing(mode, CS_ERR_SANDBOX, "threads from before Landlock", why));
    }
    hold_proc();
    memcpy(all, common, sizeof common);
    if (n != 0) {
        memcpy(all + m, paths, n * sizeof *paths);
    }
    m += n;
    all[m++] = (struct cs_os_path){resolver_folder(folder), CS_OS_READ};
    err = cs_os_landlock(all, m, tcp_port, &abi, &reason);
    if (err == CS_ERR_SANDBOX) {
        return missing(mode, err, reason.text, why);
    }
    if (err == CS_OK) {
        cs_log(CS_LOG_INFO, "sandbox", "Landlock is on (version %d)", abi);
    }
    return err == CS_OK ? CS_OK : cs_why(why, err, "%s", reason.text);
}

static enum cs_err filter(enum cs_os_sandbox_mode mode, enum cs_os_filter which,
                          struct cs_why *why)
{
    enum cs_err err = cs_os_seccomp(which);
    char what[96];

    if (err != CS_ERR_SANDBOX) {
        return err;
    }
    (void)snprintf(what, sizeof what, "no system call filter: %s",
                   CS_OS_SANITIZED ? "a sanitizer is built in" : strerror(errno));
    return missing(mode, err, what, why);
}

enum cs_err cs_os_sandbox(enum cs_os_sandbox_mode mode, const struct cs_os_path *paths,
                          size_t n, int tcp_port, struct cs_why *why)
{
    if (mode == CS_OS_SANDBOX_OFF) {
        cs_log(CS_LOG_WARN, "sandbox",
               "CLOUDSIGN_SANDBOX=off: a flaw in this program can reach the whole "
               "machine; for debugging only");
        return CS_OK;
    }
    CS_CHECK(lock_paths(mode, paths, n, tcp_port, why));
    CS_CHECK(cs_os_seccomp_watch());
    return filter(mode, CS_OS_FILTER_PROGRAM, why);
}

enum cs_err cs_os_sandbox_no_unix(enum cs_os_sandbox_mode mode, struct cs_why *why)
{
    return mode == CS_OS_SANDBOX_OFF ? CS_OK : filter(mode, CS_OS_FILTER_NO_UNIX, why);
}

enum cs_err cs_os_sandbox_listening(enum cs_os_sandbox_mode mode, struct cs_why *why)
{
    return mode == CS_OS_SANDBOX_OFF ? CS_OK
                                     : filter(mode, CS_OS_FILTER_NO_LISTEN, why);
}
