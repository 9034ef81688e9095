#include "base/os/child.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os/build.h"
#include "base/os/clock.h"
#include "base/os/seccomp.h"

/* What comes through the pipe, in one write: shorter than PIPE_BUF. */
struct answer {
    uint32_t err;
    uint32_t filtered; /* for the log only: it may lie */
    struct cs_why why;
};

enum { FILE_FD = 0, PIPE_FD = 1 };

/* ---- the child: nothing here that is not safe in a signal handler
 * ----------------------------------------------------- */

static void limit(int which, uint64_t value)
{
    const struct rlimit r = {.rlim_cur = value, .rlim_max = value};

    (void)syscall(SYS_prlimit64, 0, which, &r, NULL);
}

static void set_limits(const struct cs_os_child_limits *l, uint64_t mapped)
{
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, 2);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_CPU, l->ms / 1000 + 1);
    limit(RLIMIT_AS, mapped + l->memory);
}

/* The file and the pipe, and no other. */
static bool keep_only(int fd, int pipe_fd)
{
    int file = fcntl(fd, F_DUPFD, 3), out = fcntl(pipe_fd, F_DUPFD, 3);

    if (file < 0 || out < 0 || dup2(file, FILE_FD) < 0 || dup2(out, PIPE_FD) < 0) {
        return false;
    }
    if (syscall(SYS_close_range, 2U, ~0U, 0U) != 0) { /* Linux 5.9 */
        for (int i = 2; i < 4096; i++) {
            (void)close(i);
        }
    }
    return true;
}

static void tell(const struct answer *a)
{
    ssize_t n = write(PIPE_FD, a, sizeof *a);

    _exit(n == (ssize_t)sizeof *a ? 0 : 1);
}

static void child_main(int fd, int pipe_fd, cs_os_child_job *job,
                       const struct cs_os_child_limits *l, uint64_t mapped)
{
    struct answer a = {0};

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (!keep_only(fd, pipe_fd) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        _exit(1);
    }
    set_limits(l, mapped);
    a.filtered = cs_os_seccomp(CS_OS_FILTER_CHILD) == CS_OK;
    a.err = (uint32_t)job(FILE_FD, &a.why);
    tell(&a);
}

/* ---- the parent
 * --------------------------------------------------------------------------- */

/* Bytes of address space of now: the first number of statm, in pages. */
static uint64_t mapped_now(void)
{
    char line[128] = "";
    uint64_t pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (f != NULL) {
        if (fgets(line, sizeof line, f) != NULL) {
            pages = strtoull(line, NULL, 10); /* no number: 0 */
        }
        (void)fclose(f);
    }
    return pages == 0 ? RLIM_INFINITY / 2 : pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The whole answer, or false: the child has ended without one, or the time is over. */
static bool hear(int fd, struct answer *a, uint32_t ms)
{
    uint64_t end = cs_os_now_ms() + ms;
    ssize_t n;

    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        uint64_t now = cs_os_now_ms();
        int rc = poll(&p, 1, now < end ? (int)(end - now) : 0);

        if (rc == 0 || (rc < 0 && errno != EINTR)) {
            return false;
        }
        if (rc > 0) {
            break;
        }
    }
    do {
        n = read(fd, a, sizeof *a);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *a;
}

/* It may have been taken over by the file: its word is one of a few errors and a text,
 * which cs_why makes printable. */
static enum cs_err judge(const struct answer *a, struct cs_why *why)
{
    static const enum cs_err possible[] = {CS_ERR_STORE_CORRUPT, CS_ERR_STORE_VERSION,
                                           CS_ERR_STORE_IO, CS_ERR_NOMEM};

    for (size_t i = 0; i < sizeof possible / sizeof possible[0]; i++) {
        if (a->err == (uint32_t)possible[i]) {
            return cs_why(why, possible[i], "%.*s", (int)sizeof a->why.text - 1,
                          a->why.text);
        }
    }
    if (a->err == CS_OK) {
        return CS_OK;
    }
    return cs_why(why, CS_ERR_STORE_UNCHECKED,
                  "data.mdb: the process that examined it "
                  "answered nonsense; restore the volume");
}

static enum cs_err mute(int status, struct cs_why *why)
{
    if (WIFSIGNALED(status)) {
        return cs_why(why, CS_ERR_STORE_UNCHECKED,
                      "data.mdb: the process that examined it was ended by signal %d "
                      "(%s): a damaged or crafted file; restore the volume",
                      WTERMSIG(status), strsignal(WTERMSIG(status)));
    }
    return cs_why(why, CS_ERR_STORE_UNCHECKED,
                  "data.mdb: the process that examined it ended without an answer");
}

static enum cs_err follow(pid_t pid, int fd, const struct cs_os_child_limits *l,
                          struct answer *a, struct cs_why *why)
{
    uint64_t end = cs_os_now_ms() + l->ms;
    bool heard = hear(fd, a, l->ms), late = !heard && cs_os_now_ms() >= end;
    int status = 0;

    (void)kill(pid, SIGKILL); /* by its pid, not yet waited for: it and no other */
    while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {
    }
    if (late) {
        return cs_why(why, CS_ERR_STORE_UNCHECKED,
                      "data.mdb: examining it took longer than %u s: a slow disk, or a "
                      "crafted file",
                      (unsigned)(l->ms / 1000));
    }
    return heard ? judge(a, why) : mute(status, why);
}

/* Its own system calls would be filtered with the child's. */
static int find_valgrind(struct dl_phdr_info *info, size_t size, void *found)
{
    (void)size;
    *(bool *)found |= strstr(info->dlpi_name, "vgpreload_core") != NULL;
    return 0;
}

static bool must_stay_inside(void)
{
    bool valgrind = false;

    (void)dl_iterate_phdr(find_valgrind, &valgrind);
    return CS_OS_SANITIZED || valgrind;
}

/* fork(2) without SIGCHLD and without handlers.  Signals stay blocked in the child:
 * what the parent would do with them is not its business, and those that a crash raises
 * end it all the same. */
static long make_child(int fd, int pipe_fd, cs_os_child_job *job,
                       const struct cs_os_child_limits *limits)
{
    uint64_t mapped = mapped_now();
    sigset_t all, old;
    long pid;

    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &old) != 0) {
        return -1;
    }
    pid = syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
    if (pid == 0) {
        child_main(fd, pipe_fd, job, limits, mapped);
    }
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return pid;
}

static enum cs_err run_child(int fd, cs_os_child_job *job,
                             const struct cs_os_child_limits *limits, struct answer *a,
                             struct cs_why *why)
{
    int ends[2];
    enum cs_err err;
    long pid;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return cs_why(why, CS_ERR_OS, "pipe: %s", strerror(errno));
    }
    pid = make_child(fd, ends[1], job, limits);
    err = pid < 0 ? cs_why(why, CS_ERR_OS, "cannot make a process: %s", strerror(errno))
                  : CS_OK;
    (void)close(ends[1]);
    if (err == CS_OK) {
        err = follow((pid_t)pid, ends[0], limits, a, why);
    }
    (void)close(ends[0]);
    return err;
}

enum cs_err cs_os_child_run(int fd, cs_os_child_job *job,
                            const struct cs_os_child_limits *limits, struct cs_why *why)
{
    struct answer a = {0};
    enum cs_err err;

    if (must_stay_inside()) {
        cs_log(CS_LOG_WARN, "store", "a debugging build examines data.mdb in itself");
        return job(fd, why);
    }
    err = run_child(fd, job, limits, &a, why);
    if (err == CS_OK && a.filtered == 0) {
        cs_log(CS_LOG_WARN, "store",
               "no system call filter: data.mdb was examined without it");
    }
    return err;
}
