/* The confinement of the programs, tried from inside: each case is a process that puts
 * the sandbox on as they do and then does one thing (base/os/sandbox.h). */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os/build.h"
#include "base/os/harden.h"
#include "base/os/sandbox.h"
#include "base/os/seccomp.h"
#include "base/os/seccomp_calls.h"
#include "base/span.h"

typedef int trial(void); /* 0: as it should be; else the line that says otherwise */

enum { SANDBOX_FAILED = 250 };

static char dir[64], outside[64];
static char linked[96], meant[96], unmeant[96],
    meeting[96]; /* in folders of `outside` */
static pid_t tester;
static int before = -1; /* a unix socket that listens already */
static int landlock_version, abstract = -1;
static struct sockaddr_un abstract_at = {.sun_family = AF_UNIX};
static socklen_t abstract_len = sizeof(sa_family_t); /* the kernel finds a name */

#define EXPECT(condition)                                                              \
    do {                                                                               \
        if (!(condition)) {                                                            \
            return __LINE__;                                                           \
        }                                                                              \
    } while (0)

/* Refused by a rule, or by the filter, without an end. */
#define REFUSED(call, e) EXPECT((call) < 0 && errno == (e))

static bool lock_in(bool listening)
{
    const struct cs_os_path paths[] = {
        {dir, CS_OS_WRITE}, {linked, CS_OS_FILE}, {meeting, CS_OS_SOCKET}};
    struct cs_why why = {""};

    return cs_os_harden(&why) == CS_OK &&
           cs_os_sandbox(CS_OS_SANDBOX_REQUIRE, paths, 3, -1, &why) == CS_OK &&
           (!listening ||
            cs_os_sandbox_listening(CS_OS_SANDBOX_REQUIRE, &why) == CS_OK);
}

/* The status of a process that is locked in and then tries. */
static int status_of(trial *t, bool listening, char *said, size_t cap)
{
    int ends[2], status = 0;
    ssize_t n;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        if (!lock_in(listening)) {
            _exit(SANDBOX_FAILED);
        }
        status = t();
        (void)dprintf(STDERR_FILENO, "line %d, errno %d", status, errno);
        _exit(status == 0 ? 0 : 1);
    }
    assert_true(pid > 0);
    assert_int_equal(close(ends[1]), 0);
    n = read(ends[0], said, cap - 1);
    said[n > 0 ? n : 0] = '\0';
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(close(ends[0]), 0);
    return status;
}

static void goes(trial *t, bool listening, const char *what)
{
    char said[256];
    int status = status_of(t, listening, said, sizeof said);

    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail_msg("%s: status %x: %s", what, (unsigned)status, said);
    }
}

static void dies(trial *t, bool listening, const char *what)
{
    char said[256];
    int status = status_of(t, listening, said, sizeof said);

    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
        fail_msg("%s: was not ended by SIGSYS: status %x: %s", what, (unsigned)status,
                 said);
    }
}

/* ---- what the program does every day ------------------------------------------ */

static void *thread_main(void *arg)
{
    return malloc(100000) != NULL ? arg : NULL;
}

static int try_work(void)
{
    char path[96];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    void *result = NULL;
    struct rlimit r;
    pthread_t thread;
    int fd;

    EXPECT(pthread_create(&thread, NULL, thread_main, dir) == 0);
    EXPECT(pthread_join(thread, &result) == 0 && result == dir);
    (void)snprintf(path, sizeof path, "%s/new", dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    EXPECT(fd >= 0 && write(fd, "x", 1) == 1 && fdatasync(fd) == 0);
    EXPECT(close(fd) == 0 && unlink(path) == 0);
    (void)getaddrinfo("localhost", "443", &hints, &found);
    EXPECT(found != NULL || access("/etc/hosts", F_OK) != 0); /* a bare chroot */
    if (found != NULL) {
        freeaddrinfo(found);
    }
    EXPECT(open("/proc/self/maps", O_RDONLY) >= 0);
    EXPECT(open("/dev/urandom", O_RDONLY) >= 0);
    EXPECT(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 ||
           errno == EAFNOSUPPORT);
    EXPECT(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0 /* route */) >= 0);
    EXPECT(getrlimit(RLIMIT_NOFILE, &r) == 0);
    EXPECT(accept4(before, NULL, NULL, SOCK_CLOEXEC) < 0 && errno == EAGAIN);
    return 0;
}

static int try_abort(void)
{
    abort();
}

static void the_program_s_own_work_goes_on(void **state)
{
    char said[256];
    int status;

    (void)state;
    goes(try_work, true, "work");
    status = status_of(try_abort, true, said, sizeof said);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* ---- paths ----------------------------------------------------------------------- */

static int try_paths(void)
{
    char path[192];
    int fd;

    (void)snprintf(path, sizeof path, "%s/file", outside);
    REFUSED(open(path, O_RDONLY), EACCES);
    REFUSED(open(path, O_WRONLY | O_TRUNC), EACCES);
    REFUSED(unlink(path), EACCES);
    REFUSED(mkdir("/tmp/cs-sandbox-new", 0700), EACCES);
    REFUSED(open("/root", O_RDONLY | O_DIRECTORY), EACCES);
    REFUSED(open("/proc/1/environ", O_RDONLY), EACCES);
    REFUSED(open("/proc/1/mem", O_RDWR), EACCES);
    REFUSED(open("/proc/self/mem", O_RDWR), EACCES); /* it would write code */
    EXPECT(open("/etc/hosts", O_WRONLY) < 0 && (errno == EACCES || errno == ENOENT));
    REFUSED(open("/usr/bin/env", O_RDONLY), EACCES);
    EXPECT((fd = open(path, O_PATH)) >= 0); /* a name, no more */
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    REFUSED(open(path, O_RDONLY), EACCES);
    (void)snprintf(path, sizeof path, "%s/../%s/file", dir, outside + 5);
    REFUSED(open(path, O_RDONLY), EACCES);
    return 0;
}

static int try_link_out(void)
{
    char from[96], to[96];

    (void)snprintf(from, sizeof from, "%s/file", outside);
    (void)snprintf(to, sizeof to, "%s/stolen", dir);
    EXPECT(link(from, to) < 0 && (errno == EACCES || errno == EXDEV));
    EXPECT(rename(from, to) < 0 && (errno == EACCES || errno == EXDEV));
    return 0;
}

/* certbot's and Kubernetes' way: the name is a link into another folder. */
static int try_linked(void)
{
    EXPECT(open(linked, O_RDONLY) >= 0);
    EXPECT(open(meant, O_RDONLY) >= 0);
    REFUSED(open(meant, O_WRONLY), EACCES);
    REFUSED(open(unmeant, O_RDONLY), EACCES);
    return 0;
}

/* A name in "/" opens no more than that file. */
static void a_name_in_the_root_folder_opens_no_other(void **state)
{
    const struct cs_os_path paths[] = {{"/cs-sandbox-file", CS_OS_FILE}};
    struct cs_why why = {""};
    int abi = 0;

    int status = 0;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        _exit(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0         ? 2
              : cs_os_landlock(paths, 1, -1, &abi, &why) != CS_OK ? 3
              : open(linked, O_RDONLY) >= 0 || errno != EACCES    ? 4
                                                                  : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static int bind_unix(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    return fd < 0 ? -1 : bind(fd, (struct sockaddr *)(void *)&at, sizeof at);
}

static int try_meeting(void)
{
    char path[128];

    EXPECT(bind_unix(meeting) == 0 && unlink(meeting) == 0);
    (void)snprintf(path, sizeof path, "%s.new", meeting);
    REFUSED(open(path, O_WRONLY | O_CREAT, 0600), EACCES);
    REFUSED(mkdir(path, 0700), EACCES);
    (void)snprintf(path, sizeof path, "%s.file", meeting);
    REFUSED(open(path, O_RDONLY), EACCES);
    REFUSED(open(path, O_WRONLY), EACCES);
    REFUSED(bind_unix(unmeant), EADDRINUSE);
    (void)snprintf(path, sizeof path, "%s.new", unmeant);
    REFUSED(bind_unix(path), EACCES);
    return 0;
}

/* Of another process, by a name that is no path. */
static int try_abstract(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    EXPECT(fd >= 0);
    REFUSED(connect(fd, (struct sockaddr *)(void *)&abstract_at, abstract_len), EPERM);
    return 0;
}

/* The rule for /proc/self lasts as long as the name does: a descriptor holds it. */
static int try_proc_is_held(void)
{
    char own[32], link[64], to[64];

    (void)snprintf(own, sizeof own, "/proc/%d", (int)getpid());
    for (int fd = 3; fd < 256; fd++) {
        ssize_t n;

        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        n = readlink(link, to, sizeof to - 1);
        if (n > 0 && (size_t)n == strlen(own) && memcmp(to, own, (size_t)n) == 0) {
            return 0;
        }
    }
    return __LINE__;
}

static void only_the_program_s_own_paths_can_be_reached(void **state)
{
    (void)state;
    goes(try_paths, false, "paths");
    goes(try_link_out, false, "links");
    goes(try_linked, false, "a file that is a link");
    goes(try_meeting, false, "a socket's folder");
    goes(try_proc_is_held, false, "/proc/self");
    if (landlock_version >= 6) {
        goes(try_abstract, false, "an abstract socket");
    }
}

/* ---- calls that end it ----------------------------------------------------------- */

#define CALL(name)                                                                     \
    static int deadly_##name(void)                                                     \
    {                                                                                  \
        return SYS_##name < 0 ? (int)raise(SIGSYS)                                     \
                              : (int)syscall(SYS_##name, 0, 0, 0, 0, 0, 0);            \
    }
CS_SECCOMP_DEADLY(CALL)
#undef CALL

static void every_deadly_call_ends_the_process(void **state)
{
    static const struct {
        trial *t;
        const char *name;
    } all[] = {
#define CALL(name) {deadly_##name, #name},
        CS_SECCOMP_DEADLY(CALL)
#undef CALL
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(all); i++) {
        dies(all[i].t, false, all[i].name);
    }
}

static int try_fork(void)
{
    return (int)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static int try_libc_fork(void)
{
    return (int)fork();
}

static int try_clone_namespace(void)
{
    return (int)syscall(SYS_clone,
                        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                            CLONE_THREAD | CLONE_NEWUSER,
                        NULL, NULL, NULL, NULL);
}

static int try_exec(void)
{
    return execl("/bin/true", "true", (char *)NULL);
}

static int try_protect_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                   0);

    return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int try_map_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED;
}

static int try_map_writable_code(void)
{
    int fd = open("/proc/self/maps", O_RDONLY);

    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, fd, 0) ==
           MAP_FAILED;
}

static int try_peek(void)
{
    struct iovec v = {0};

    return (int)process_vm_readv(tester, &v, 1, &v, 1, 0);
}

static int try_dumpable(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int try_signal_other(void)
{
    return (int)syscall(SYS_tgkill, tester, tester, 0);
}

static void another_program_or_new_code_ends_the_process(void **state)
{
    (void)state;
    dies(try_fork, false, "fork");
    dies(try_libc_fork, false, "fork of the C library");
    dies(try_clone_namespace, false, "clone with a namespace");
    dies(try_exec, false, "execve");
    dies(try_protect_code, false, "mprotect PROT_EXEC");
    dies(try_map_code, false, "mmap PROT_EXEC");
    dies(try_map_writable_code, false, "mmap of a file, to write and run");
    dies(try_peek, false, "process_vm_readv");
    dies(try_dumpable, false, "PR_SET_DUMPABLE");
    dies(try_signal_other, false, "a signal to another process");
}

/* The other calling convention of x86-64, and a number that is none. */
static int try_x32(void)
{
    return (int)syscall(0x40000000L + SYS_getpid);
}

#if defined(__x86_64__)
/* getpid of 32-bit programs; a kernel that knows none of those answers SIGSEGV. */
static int try_ia32(void)
{
    int nr = 20;

    __asm__ volatile("int $0x80" : "+a"(nr) : : "memory", "r8", "r9", "r10", "r11");
    return 0;
}
#endif

static int try_unknown(void)
{
    return (int)syscall(9999);
}

static int try_chown(void)
{
    return chown(dir, 0, 0);
}

static void a_call_of_no_list_ends_the_process_with_a_word(void **state)
{
    char said[256], number[32];
    int status;

    (void)state;
    dies(try_x32, false, "x32");
#if defined(__x86_64__)
    status = status_of(try_ia32, false, said, sizeof said);
    assert_true(WIFSIGNALED(status));
    assert_true(WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGSEGV);
#endif
    dies(try_unknown, false, "call 9999");
    status = status_of(try_unknown, true, said, sizeof said);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    assert_non_null(strstr(said, "system call 9999 "));
    (void)status_of(try_chown, true, said, sizeof said);
#ifdef SYS_chown
    (void)snprintf(number, sizeof number, "system call %d ", SYS_chown);
#else
    (void)snprintf(number, sizeof number, "system call %d ", SYS_fchownat);
#endif
    assert_non_null(strstr(said, number));
}

/* ---- listening ------------------------------------------------------------------- */

static int try_bind_tcp(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    EXPECT(fd >= 0);
    EXPECT(bind(fd, (struct sockaddr *)(void *)&at, sizeof at) < 0);
    EXPECT(errno == EACCES || errno == EPERM);
    return 0;
}

static int try_bind_udp(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    EXPECT(fd >= 0);
    REFUSED(bind(fd, (struct sockaddr *)(void *)&at, sizeof at), EPERM);
    return 0;
}

static int try_listen_tcp(void) /* takes a port of its own */
{
    return listen(socket(AF_INET, SOCK_STREAM, 0), 1);
}

/* Whoever listens on one would act for this process: a bus, a container engine. */
static int try_unix(void)
{
    int ends[2];

    REFUSED(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), EAFNOSUPPORT);
    REFUSED(socket(AF_UNIX, SOCK_DGRAM, 0), EAFNOSUPPORT);
    REFUSED(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), EAFNOSUPPORT);
    return 0;
}

static int try_no_unix(void)
{
    struct cs_why why = {""};

    EXPECT(cs_os_sandbox_no_unix(CS_OS_SANDBOX_REQUIRE, &why) == CS_OK);
    EXPECT(listen(socket(AF_INET, SOCK_STREAM, 0), 1) == 0);
    return try_unix();
}

static int try_listen_unix(void) /* one that is there */
{
    return listen(before, 2);
}

static int try_modes_late(void)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY);

    REFUSED(chmod(dir, 0600), EPERM);
    REFUSED(fchmod(fd, 0600), EPERM);
    REFUSED(fchmodat(AT_FDCWD, dir, 0600, 0), EPERM);
    return 0;
}

static int try_filter_again(void)
{
    return (int)syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, NULL);
}

static int try_listen_before(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s/s", dir);
    EXPECT(bind(fd, (struct sockaddr *)(void *)&at, sizeof at) == 0);
    EXPECT(listen(fd, 1) == 0 && unlink(at.sun_path) == 0);
    return try_bind_tcp();
}

static void nothing_new_can_listen(void **state)
{
    (void)state;
    goes(try_listen_before, false, "the local socket, before the last step");
    goes(try_bind_tcp, true, "bind of a TCP port");
    goes(try_bind_udp, true, "bind of a UDP port");
    dies(try_listen_tcp, true, "listen without bind");
    goes(try_unix, true, "unix sockets");
    goes(try_no_unix, false, "unix sockets of a platform");
    goes(try_modes_late, true, "chmod");
    dies(try_listen_unix, true, "listen on a unix socket");
    dies(try_filter_again, true, "seccomp");
}

/* ---- refused, and no reason to end ----------------------------------------------- */

static int try_refused(void)
{
    struct rlimit r = {1, 1};

    REFUSED(socket(AF_PACKET, SOCK_RAW, 0), EAFNOSUPPORT);
    REFUSED(socket(AF_ALG, SOCK_SEQPACKET, 0), EAFNOSUPPORT);
    REFUSED(socket(AF_INET, SOCK_RAW, IPPROTO_TCP), EPROTONOSUPPORT);
    REFUSED(socket(AF_INET6, SOCK_RAW, IPPROTO_RAW), EPROTONOSUPPORT);
    REFUSED(socket(AF_INET, SOCK_STREAM, 262 /* MPTCP */), EPROTONOSUPPORT);
    REFUSED(socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP), EPROTONOSUPPORT);
    EXPECT(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_UDP) >= 0);
    EXPECT(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) >= 0);
    REFUSED(socket(AF_NETLINK, SOCK_RAW, 9 /* audit */), EPROTONOSUPPORT);
    REFUSED(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0), EINVAL);
    REFUSED(setrlimit(RLIMIT_CORE, &r), EPERM);
#define CALL(name) REFUSED(syscall(SYS_##name, 0, 0, 0, 0, 0, 0), ENOSYS);
    CS_SECCOMP_ABSENT(CALL)
#undef CALL
    REFUSED(fcntl(before, F_SETOWN, getpid()), EINVAL);
    REFUSED(syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "x"), ENOTTY);
    return 0;
}

static int try_modes(void)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY);

    REFUSED(chmod(dir, 04600), EPERM);
    REFUSED(chmod("/etc/passwd", 0666), EPERM);
    REFUSED(fchmod(fd, 0777), EPERM);
    REFUSED(fchmodat(AT_FDCWD, dir, 02600, 0), EPERM);
    EXPECT(fchmod(fd, 0600) == 0 && chmod(dir, 0640) == 0);
    EXPECT(fchmodat(AT_FDCWD, dir, 0600, 0) == 0);
    return 0;
}

static int try_library(void)
{
    int fd = open("/usr/lib", O_RDONLY | O_DIRECTORY);

    EXPECT(fd >= 0);
    fd = open("/proc/self/maps", O_RDONLY);
    EXPECT(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED &&
           errno == EPERM);
    return 0;
}

static void what_libraries_try_is_refused_without_an_end(void **state)
{
    (void)state;
    goes(try_refused, true, "calls");
    goes(try_library, true, "a library that is loaded late");
    goes(try_modes, false, "modes");
    assert_int_equal(chmod(dir, 0700), 0);
}

static int try_threads(void)
{
    return syscall(SYS_unshare, 0) == 0 ? 0 : 1;
}

static void *late_call(void *unused)
{
    (void)unused;
    (void)try_threads();
    return NULL;
}

static int try_in_a_thread(void)
{
    pthread_t t;

    EXPECT(pthread_create(&t, NULL, late_call, NULL) == 0);
    EXPECT(pthread_join(t, NULL) == 0);
    return 0;
}

static sem_t go;

static void *call_when_told(void *unused)
{
    (void)sem_wait(&go);
    (void)try_threads();
    return unused;
}

/* One from before the filters; the rules on paths would not reach it: no sandbox. */
static void a_thread_that_was_there_is_filtered_too(void **state)
{
    int status = 0;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        pthread_t t;

        if (sem_init(&go, 0, 0) != 0 ||
            pthread_create(&t, NULL, call_when_told, NULL) != 0 || lock_in(true) ||
            cs_os_seccomp(CS_OS_FILTER_PROGRAM) != CS_OK) {
            _exit(SANDBOX_FAILED);
        }
        (void)sem_post(&go);
        (void)pthread_join(t, NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void every_thread_is_locked_in(void **state)
{
    (void)state;
    dies(try_in_a_thread, true, "a thread's call");
}

/* ---- frame --------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static bool make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    return fd >= 0 && close(fd) == 0;
}

/* outside: file; live/cert -> ../archive/cert1; other/file; sockets/s.file */
static bool make_outside(void)
{
    static const char *const folders[] = {"live", "archive", "other", "sockets"};
    char path[112];

    for (size_t i = 0; i < CS_COUNTOF(folders); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", outside, folders[i]);
        if (mkdir(path, 0700) != 0) {
            return false;
        }
    }
    (void)snprintf(linked, sizeof linked, "%s/live/cert", outside);
    (void)snprintf(meant, sizeof meant, "%s/archive/cert1", outside);
    (void)snprintf(unmeant, sizeof unmeant, "%s/other/file", outside);
    (void)snprintf(meeting, sizeof meeting, "%s/sockets/s", outside);
    (void)snprintf(path, sizeof path, "%s.file", meeting);
    if (!make_file(path) || !make_file(meant) || !make_file(unmeant)) {
        return false;
    }
    (void)snprintf(path, sizeof path, "%s/file", outside);
    return make_file(path) && symlink("../archive/cert1", linked) == 0;
}

static int setup(void **state)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    (void)state;
    tester = getpid();
    (void)snprintf(dir, sizeof dir, "/tmp/cs-sandbox-XXXXXX");
    (void)snprintf(outside, sizeof outside, "/tmp/cs-outside-XXXXXX");
    if (mkdtemp(dir) == NULL || mkdtemp(outside) == NULL || !make_outside()) {
        return 1;
    }
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s/before", dir);
    before = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    abstract = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(abstract, (struct sockaddr *)(void *)&abstract_at, abstract_len) != 0 ||
        listen(abstract, 1) != 0) {
        return 1;
    }
    abstract_len = sizeof abstract_at;
    if (getsockname(abstract, (struct sockaddr *)(void *)&abstract_at, &abstract_len) !=
        0) {
        return 1;
    }
    return bind(before, (struct sockaddr *)(void *)&at, sizeof at) != 0 ||
           listen(before, 1) != 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)close(before);
    (void)close(abstract);
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) |
           nftw(outside, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_program_s_own_work_goes_on),
        cmocka_unit_test(only_the_program_s_own_paths_can_be_reached),
        cmocka_unit_test(a_name_in_the_root_folder_opens_no_other),
        cmocka_unit_test(every_deadly_call_ends_the_process),
        cmocka_unit_test(another_program_or_new_code_ends_the_process),
        cmocka_unit_test(a_call_of_no_list_ends_the_process_with_a_word),
        cmocka_unit_test(nothing_new_can_listen),
        cmocka_unit_test(what_libraries_try_is_refused_without_an_end),
        cmocka_unit_test(every_thread_is_locked_in),
        cmocka_unit_test(a_thread_that_was_there_is_filtered_too),
    };
    uint32_t action = SECCOMP_RET_TRAP;

    landlock_version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
    if (CS_OS_SANITIZED || landlock_version < 1 ||
        syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0) {
        print_message("SKIPPED: no seccomp or no Landlock here (%s)\n",
                      CS_OS_SANITIZED ? "a sanitizer is built in" : "kernel");
        return 0;
    }
    if (setup(NULL) != 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("sandbox", tests, NULL, teardown);
}
