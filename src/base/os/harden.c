#include "base/os/harden.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/os/build.h"
#include "base/os/seccomp.h"

/* A DKLs23 signature takes and gives back 250 KB, and more than 128 KB at the end of
 * the heap would go back to the kernel each time: a tenth of the signature's time. */
enum { HEAP_KEPT = 1 << 20 };

static enum cs_err refused(struct cs_why *why, const char *what)
{
    return cs_why(why, CS_ERR_OS, "cannot %s: %s (a container profile may forbid it)",
                  what, strerror(errno));
}

/* Where nothing can be filtered, no filter comes later that a ring would run into. */
static void no_rings(void)
{
    enum cs_err err = cs_os_seccomp(CS_OS_FILTER_FIRST);

    (void)err;
}

enum cs_err cs_os_harden(struct cs_why *why)
{
    const struct rlimit none = {0, 0};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    (void)umask(077);
#ifdef M_TRIM_THRESHOLD /* glibc's */
    (void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
#endif
    if (setrlimit(RLIMIT_CORE, &none) != 0) {
        return refused(why, "switch core dumps off");
    }
    if (!CS_OS_SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return refused(why, "protect the process memory (PR_SET_DUMPABLE)");
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return refused(why, "give up new privileges (PR_SET_NO_NEW_PRIVS)");
    }
    no_rings();
    if (sigaction(SIGPIPE, &ignore, NULL) != 0 ||
        sigaction(SIGXFSZ, &ignore, NULL) != 0) {
        return refused(why, "ignore SIGPIPE and SIGXFSZ");
    }
    return CS_OK;
}

enum cs_err cs_os_locked_memory(size_t need, struct cs_why *why)
{
    struct rlimit r = {0, 0};
    enum cs_err err = CS_OK;
    void *p;

    if (getrlimit(RLIMIT_MEMLOCK, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        (void)setrlimit(RLIMIT_MEMLOCK, &r);
    }
    p = mmap(NULL, need, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mlock(p, need) != 0) {
        err = cs_why(why, CS_ERR_OS,
                     "cannot keep %zu KiB of memory out of the swap: %s; the limit is "
                     "%llu KiB: raise it (ulimit -l, LimitMEMLOCK= in the unit, "
                     "--ulimit memlock= for a container)",
                     need >> 10, strerror(errno), (unsigned long long)r.rlim_cur >> 10);
    }
    if (p != MAP_FAILED) {
        (void)munmap(p, need); /* unlocks it, too */
    }
    return err;
}

unsigned cs_os_open_files(unsigned wanted)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) != 0) {
        return 0;
    }
    if (r.rlim_cur < wanted) {
        struct rlimit more = {.rlim_cur = wanted < r.rlim_max ? wanted : r.rlim_max,
                              .rlim_max = r.rlim_max};

        r = setrlimit(RLIMIT_NOFILE, &more) == 0 ? more : r;
    }
    return r.rlim_cur < wanted ? (unsigned)r.rlim_cur : wanted;
}
