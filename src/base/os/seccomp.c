#include "base/os/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/os/build.h"
#include "base/os/seccomp_calls.h"
#include "base/span.h"

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#else
#define THIS_ARCH 0
#endif

enum {
    PROGRAM_MAX = 640,
    X32_BIT = 0x40000000, /* x86-64: the other calling convention's numbers */
    LOW = 0,              /* of an argument's two words: both machines little endian */
    HIGH = 4,
};

/* A filter being written.  The accumulator holds the call's number, except inside a
 * block of argument checks: each of those ends with a verdict. */
struct filter {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short n;
};

static void emit(struct filter *f, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
    CS_ASSERT(f->n < PROGRAM_MAX);
    f->code[f->n++] = (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = k};
}

static void verdict(struct filter *f, uint32_t action)
{
    emit(f, BPF_RET | BPF_K, action, 0, 0);
}

/* The action for one call; what these headers or this machine do not have is -1. */
static void call(struct filter *f, int nr, uint32_t action)
{
    if (nr >= 0) {
        emit(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1);
        verdict(f, action);
    }
}

static void begin(struct filter *f)
{
    emit(f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    emit(f, BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0);
    verdict(f, SECCOMP_RET_KILL_PROCESS);
    emit(f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
    /* -1 is no call, and answered with ENOSYS: a debugger that skips one puts it there.
     */
    emit(f, BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 0, 1);
    verdict(f, SECCOMP_RET_ALLOW);
    emit(f, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    verdict(f, SECCOMP_RET_KILL_PROCESS);
}

/* ---- blocks of argument checks
 * ----------------------------------------------------------- */

/* Opens a block for one call; block_end sets how far the others jump. */
static unsigned short block(struct filter *f, int nr)
{
    CS_ASSERT(nr >= 0);
    emit(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 0);
    return f->n;
}

static void block_end(struct filter *f, unsigned short start, uint32_t otherwise)
{
    verdict(f, otherwise);
    CS_ASSERT(f->n - start <= UINT8_MAX);
    f->code[start - 1].jf = (uint8_t)(f->n - start);
}

static void load(struct filter *f, unsigned arg, unsigned word)
{
    emit(f, BPF_LD | BPF_W | BPF_ABS,
         (uint32_t)(offsetof(struct seccomp_data, args) + 8 * arg + word), 0, 0);
}

/* Verdicts on the word that was loaded last. */
static void if_equal(struct filter *f, uint32_t value, uint32_t action)
{
    emit(f, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    verdict(f, action);
}

static void if_any_bit(struct filter *f, uint32_t bits, uint32_t action)
{
    emit(f, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    verdict(f, action);
}

static void if_no_bit(struct filter *f, uint32_t bits, uint32_t action)
{
    emit(f, BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0);
    verdict(f, action);
}

static uint32_t errno_of(int e)
{
    return SECCOMP_RET_ERRNO | ((uint32_t)e & SECCOMP_RET_DATA);
}

/* Threads only: everything shared, no namespace of its own. */
static void check_clone(struct filter *f)
{
    const uint32_t all = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                         CLONE_THREAD;
    unsigned short start = block(f, SYS_clone);

    load(f, 0, LOW);
    if_any_bit(f,
               CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                   CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET,
               SECCOMP_RET_KILL_PROCESS);
    emit(f, BPF_ALU | BPF_AND | BPF_K, all, 0, 0);
    if_equal(f, all, SECCOMP_RET_ALLOW);
    block_end(f, start, SECCOMP_RET_KILL_PROCESS);
}

/* Code comes from what was mapped at the start.  A library that is loaded later (a
 * module of the name service) is refused: whoever wants it goes on without. */
static void check_memory(struct filter *f)
{
    unsigned short start = block(f, SYS_mmap);

    load(f, 2, LOW);
    if_no_bit(f, PROT_EXEC, SECCOMP_RET_ALLOW);
    if_any_bit(f, PROT_WRITE, SECCOMP_RET_KILL_PROCESS);
    load(f, 3, LOW);
    if_any_bit(f, MAP_ANONYMOUS, SECCOMP_RET_KILL_PROCESS);
    block_end(f, start, errno_of(EPERM));
    start = block(f, SYS_mprotect);
    load(f, 2, LOW);
    if_no_bit(f, PROT_EXEC, SECCOMP_RET_ALLOW);
    block_end(f, start, SECCOMP_RET_KILL_PROCESS);
}

static void check_sockets(struct filter *f)
{
    unsigned short start = block(f, SYS_socket);

    load(f, 0, LOW);
    if_equal(f, AF_UNIX, SECCOMP_RET_ALLOW);
    emit(f, BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 4); /* getaddrinfo */
    load(f, 2, LOW);
    if_equal(f, 0 /* NETLINK_ROUTE */, SECCOMP_RET_ALLOW);
    verdict(f, errno_of(EPROTONOSUPPORT));
    emit(f, BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0);
    emit(f, BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0);
    verdict(f, errno_of(EAFNOSUPPORT));
    load(f, 2, LOW); /* no raw packets, no protocol that Landlock does not know */
    emit(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0);
    emit(f, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 2, 0);
    emit(f, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 1, 0);
    verdict(f, errno_of(EPROTONOSUPPORT));
    load(f, 1, LOW);
    emit(f, BPF_ALU | BPF_AND | BPF_K, 0xf, 0, 0); /* without flags */
    if_equal(f, SOCK_STREAM, SECCOMP_RET_ALLOW);
    if_equal(f, SOCK_DGRAM, SECCOMP_RET_ALLOW);
    block_end(f, start, errno_of(EPROTONOSUPPORT));
    start = block(f, SYS_socketpair);
    load(f, 0, LOW);
    if_equal(f, AF_UNIX, SECCOMP_RET_ALLOW);
    block_end(f, start, errno_of(EAFNOSUPPORT));
}

static void check_process(struct filter *f)
{
    unsigned short start = block(f, SYS_prctl);

    load(f, 0, LOW);
    if_equal(f, PR_SET_NAME, SECCOMP_RET_ALLOW);
    if_equal(f, PR_GET_NAME, SECCOMP_RET_ALLOW);
    if_equal(f, PR_GET_DUMPABLE, SECCOMP_RET_ALLOW);
    if_equal(f, PR_GET_NO_NEW_PRIVS, SECCOMP_RET_ALLOW);
    if_equal(f, PR_GET_SECCOMP, SECCOMP_RET_ALLOW);
    if_equal(f, PR_SET_DUMPABLE, SECCOMP_RET_KILL_PROCESS);
    if_equal(f, PR_SET_PTRACER, SECCOMP_RET_KILL_PROCESS);
    if_equal(f, PR_SET_MM, SECCOMP_RET_KILL_PROCESS);
    block_end(f, start, errno_of(EINVAL));
    start = block(f, SYS_prlimit64);
    load(f, 2, LOW);
    emit(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
    verdict(f, errno_of(EPERM));
    load(f, 2, HIGH);
    if_equal(f, 0, SECCOMP_RET_ALLOW);
    block_end(f, start, errno_of(EPERM));
    start = block(f, SYS_tgkill);
    load(f, 0, LOW);
    if_equal(f, (uint32_t)getpid(), SECCOMP_RET_ALLOW);
    block_end(f, start, SECCOMP_RET_KILL_PROCESS);
}

/* Landlock does not look at modes: as root, one would open any file to everybody. */
static void check_mode(struct filter *f, int nr, unsigned arg)
{
    unsigned short start;

    if (nr >= 0) {
        start = block(f, nr);
        load(f, arg, LOW);
        if_no_bit(f, ~(uint32_t)0644, SECCOMP_RET_ALLOW);
        block_end(f, start, errno_of(EPERM));
    }
}

static void check_files(struct filter *f)
{
    static const uint32_t ioctls[] = {FIONBIO, FIONREAD, FIOCLEX, FIONCLEX, TCGETS};
    static const uint32_t fcntls[] = {
        F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,  F_SETFD,     F_GETFL,     F_SETFL,
        F_GETLK, F_SETLK,         F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW,
    };
    unsigned short start = block(f, SYS_ioctl);

    load(f, 1, LOW);
    for (size_t i = 0; i < CS_COUNTOF(ioctls); i++) {
        if_equal(f, ioctls[i], SECCOMP_RET_ALLOW);
    }
    block_end(f, start, errno_of(ENOTTY));
    start = block(f, SYS_fcntl);
    load(f, 1, LOW);
    for (size_t i = 0; i < CS_COUNTOF(fcntls); i++) {
        if_equal(f, fcntls[i], SECCOMP_RET_ALLOW);
    }
    block_end(f, start, errno_of(EINVAL));
}

/* ---- the filters
 * ------------------------------------------------------------------- */

/* libuv 1.45 and later makes a ring with each loop where the kernel has them, batches
 * its epoll_ctl through it and aborts when that stops working. */
static void fill_first(struct filter *f)
{
    call(f, SYS_io_uring_setup, errno_of(ENOSYS));
    verdict(f, SECCOMP_RET_ALLOW);
}

static void fill_program(struct filter *f)
{
#define CALL(name) call(f, SYS_##name, SECCOMP_RET_ALLOW);
    CS_SECCOMP_PLAIN(CALL)
    CS_SECCOMP_LISTEN(CALL)
#undef CALL
    check_memory(f);
    check_clone(f);
    check_sockets(f);
    check_process(f);
    check_files(f);
    check_mode(f, SYS_chmod, 1);
    check_mode(f, SYS_fchmod, 1);
    check_mode(f, SYS_fchmodat, 2);
#define CALL(name) call(f, SYS_##name, errno_of(ENOSYS));
    CS_SECCOMP_ABSENT(CALL)
#undef CALL
#define CALL(name) call(f, SYS_##name, SECCOMP_RET_KILL_PROCESS);
    CS_SECCOMP_DEADLY(CALL)
#undef CALL
    verdict(f, SECCOMP_RET_TRAP);
}

/* A unix socket would reach those that act for others: a session bus, a container
 * engine, systemd, another node of the same user.  The name service goes on when it
 * reaches no cache. */
static void refuse_unix(struct filter *f)
{
    unsigned short start;

    call(f, SYS_socketpair, errno_of(EAFNOSUPPORT)); /* of datagrams: may connect */
    start = block(f, SYS_socket);
    load(f, 0, LOW);
    if_equal(f, AF_UNIX, errno_of(EAFNOSUPPORT));
    block_end(f, start, SECCOMP_RET_ALLOW);
}

static void fill_no_unix(struct filter *f)
{
    refuse_unix(f);
    verdict(f, SECCOMP_RET_ALLOW);
}

/* The name service binds a netlink socket and goes on when it cannot. */
static void fill_no_listen(struct filter *f)
{
    call(f, SYS_bind, errno_of(EPERM));
    call(f, SYS_chmod, errno_of(EPERM));
    call(f, SYS_fchmod, errno_of(EPERM));
    call(f, SYS_fchmodat, errno_of(EPERM));
    call(f, SYS_listen, SECCOMP_RET_KILL_PROCESS);
    call(f, SYS_seccomp, SECCOMP_RET_KILL_PROCESS);
    refuse_unix(f);
    verdict(f, SECCOMP_RET_ALLOW);
}

/* What base/os/child.h allows its jobs, and the one write of the answer. */
static void fill_child(struct filter *f)
{
    unsigned short start;

    call(f, SYS_pread64, SECCOMP_RET_ALLOW);
    call(f, SYS_fstat, SECCOMP_RET_ALLOW);
    call(f, SYS_newfstatat, SECCOMP_RET_ALLOW);
    call(f, SYS_munmap, SECCOMP_RET_ALLOW);
    call(f, SYS_write, SECCOMP_RET_ALLOW);
    call(f, SYS_exit_group, SECCOMP_RET_ALLOW);
    start = block(f, SYS_mmap);
    load(f, 2, LOW);
    if_any_bit(f, PROT_EXEC, SECCOMP_RET_KILL_PROCESS);
    load(f, 3, LOW);
    if_any_bit(f, MAP_ANONYMOUS, SECCOMP_RET_ALLOW);
    block_end(f, start, SECCOMP_RET_KILL_PROCESS);
    verdict(f, SECCOMP_RET_KILL_PROCESS);
}

enum cs_err cs_os_seccomp(enum cs_os_filter which)
{
    struct filter f = {.n = 0};
    struct sock_fprog program = {.filter = f.code};
    unsigned long flags = which == CS_OS_FILTER_CHILD ? 0 : SECCOMP_FILTER_FLAG_TSYNC;

    if (CS_OS_SANITIZED || THIS_ARCH == 0) {
        errno = EOPNOTSUPP;
        return CS_ERR_SANDBOX;
    }
    begin(&f);
    switch (which) {
    case CS_OS_FILTER_FIRST:
        fill_first(&f);
        break;
    case CS_OS_FILTER_PROGRAM:
        fill_program(&f);
        break;
    case CS_OS_FILTER_NO_UNIX:
        fill_no_unix(&f);
        break;
    case CS_OS_FILTER_NO_LISTEN:
        fill_no_listen(&f);
        break;
    case CS_OS_FILTER_CHILD:
        fill_child(&f);
        break;
    }
    program.len = f.n;
    errno = EBUSY; /* a positive result names a thread that could not take it */
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) == 0
               ? CS_OK
               : CS_ERR_SANDBOX;
}

/* ---- the last word
 * ----------------------------------------------------------------------- */

/* Appends to a line that is long enough. */
static char *add(char *to, const char *s, size_t n)
{
    memcpy(to, s, n);
    return to + n;
}

/* The call was not made.  Async-signal-safe; the default action then ends the process,
 * so that whoever started it sees SIGSYS in every case. */
static void on_sigsys(int signum, siginfo_t *info, void *unused)
{
    static const char before[] = "cloudsign: system call ";
    static const char after[] = " is not among those that this program needs: ended "
                                "(SIGSYS; see src/base/os/README.md)\n";
    char line[sizeof before + sizeof after + 12], digits[12], *end = line;
    size_t n = sizeof digits;
    unsigned nr = (unsigned)info->si_syscall;

    (void)unused;
    do {
        digits[--n] = (char)('0' + nr % 10);
        nr /= 10;
    } while (nr != 0 && n > 0);
    end = add(end, before, sizeof before - 1);
    end = add(end, digits + n, sizeof digits - n);
    end = add(end, after, sizeof after - 1);
    if (write(STDERR_FILENO, line, (size_t)(end - line)) < 0) {
        line[0] = '\0'; /* nowhere to say it */
    }
    (void)syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), signum);
}

enum cs_err cs_os_seccomp_watch(void)
{
    struct sigaction a = {.sa_sigaction = on_sigsys,
                          .sa_flags = SA_SIGINFO | (int)SA_RESETHAND | SA_NODEFER};

    return sigaction(SIGSYS, &a, NULL) == 0 ? CS_OK : CS_ERR_OS;
}
