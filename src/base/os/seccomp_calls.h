/* The system calls of the programs, one table: the filter (seccomp.c), the profile for
 * container runtimes (src/ops/seccomp.json, held against this file by
 * test/lint/seccomp.sh) and README.md beside this file say the same.
 *
 * Each list is an X-macro: CALL(name) once per call.  SYS_name is -1 for one that this
 * machine (the first block below) or these headers (the second) do not have. */
#ifndef CS_BASE_OS_SECCOMP_CALLS_H
#define CS_BASE_OS_SECCOMP_CALLS_H

#include <sys/syscall.h>

#ifndef SYS_open
#define SYS_open (-1)
#endif
#ifndef SYS_access
#define SYS_access (-1)
#endif
#ifndef SYS_stat
#define SYS_stat (-1)
#endif
#ifndef SYS_lstat
#define SYS_lstat (-1)
#endif
#ifndef SYS_readlink
#define SYS_readlink (-1)
#endif
#ifndef SYS_mkdir
#define SYS_mkdir (-1)
#endif
#ifndef SYS_rmdir
#define SYS_rmdir (-1)
#endif
#ifndef SYS_unlink
#define SYS_unlink (-1)
#endif
#ifndef SYS_rename
#define SYS_rename (-1)
#endif
#ifndef SYS_link
#define SYS_link (-1)
#endif
#ifndef SYS_chmod
#define SYS_chmod (-1)
#endif
#ifndef SYS_dup2
#define SYS_dup2 (-1)
#endif
#ifndef SYS_poll
#define SYS_poll (-1)
#endif
#ifndef SYS_select
#define SYS_select (-1)
#endif
#ifndef SYS_epoll_wait
#define SYS_epoll_wait (-1)
#endif
#ifndef SYS_fork
#define SYS_fork (-1)
#endif
#ifndef SYS_vfork
#define SYS_vfork (-1)
#endif
#ifndef SYS_pipe
#define SYS_pipe (-1)
#endif
#ifndef SYS_time
#define SYS_time (-1)
#endif
#ifndef SYS_mknod
#define SYS_mknod (-1)
#endif
#ifndef SYS_modify_ldt
#define SYS_modify_ldt (-1)
#endif
#ifndef SYS_iopl
#define SYS_iopl (-1)
#endif
#ifndef SYS_ioperm
#define SYS_ioperm (-1)
#endif
#ifndef SYS_arch_prctl
#define SYS_arch_prctl (-1)
#endif

#ifndef SYS_cachestat
#define SYS_cachestat (-1)
#endif
#ifndef SYS_map_shadow_stack
#define SYS_map_shadow_stack (-1)
#endif
#ifndef SYS_mseal
#define SYS_mseal (-1)
#endif
#ifndef SYS_statmount
#define SYS_statmount (-1)
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret (-1)
#endif

/* clang-format off */

/* Allowed as they are; the busy ones first. */
#define CS_SECCOMP_PLAIN(CALL) \
    CALL(read) CALL(write) CALL(futex) CALL(epoll_pwait) CALL(epoll_wait) \
    CALL(recvmsg) CALL(sendmsg) CALL(recvfrom) CALL(sendto) CALL(pread64) \
    CALL(pwrite64) CALL(fdatasync) CALL(getrandom) CALL(clock_gettime) \
    CALL(munmap) CALL(madvise) CALL(mlock) CALL(munlock) CALL(brk) CALL(mremap) \
    CALL(readv) CALL(writev) CALL(preadv) CALL(pwritev) CALL(lseek) CALL(close) \
    CALL(poll) CALL(ppoll) CALL(select) CALL(pselect6) \
    CALL(epoll_ctl) CALL(epoll_create1) CALL(eventfd2) CALL(pipe2) \
    CALL(timerfd_create) CALL(timerfd_settime) \
    CALL(open) CALL(openat) CALL(access) CALL(faccessat) CALL(faccessat2) \
    CALL(stat) CALL(lstat) CALL(fstat) CALL(newfstatat) CALL(statx) CALL(statfs) \
    CALL(fstatfs) CALL(readlink) CALL(readlinkat) CALL(getdents64) CALL(getcwd) \
    CALL(mkdir) CALL(mkdirat) CALL(rmdir) CALL(unlink) CALL(unlinkat) CALL(rename) \
    CALL(renameat) CALL(renameat2) CALL(link) CALL(linkat) CALL(fsync) CALL(ftruncate) CALL(fallocate) CALL(sync_file_range) \
    CALL(sendfile) CALL(fadvise64) CALL(flock) CALL(msync) CALL(mincore) CALL(dup) \
    CALL(dup2) CALL(dup3) CALL(close_range) CALL(umask) CALL(utimensat) \
    CALL(connect) CALL(accept) CALL(accept4) CALL(shutdown) CALL(getsockname) \
    CALL(getpeername) CALL(getsockopt) CALL(setsockopt) CALL(sendmmsg) \
    CALL(recvmmsg) \
    CALL(exit) CALL(exit_group) CALL(rt_sigaction) CALL(rt_sigprocmask) \
    CALL(rt_sigreturn) CALL(rt_sigtimedwait) CALL(sigaltstack) CALL(restart_syscall) \
    CALL(set_robust_list) CALL(set_tid_address) CALL(rseq) \
    CALL(gettid) CALL(getpid) CALL(getppid) CALL(getuid) CALL(geteuid) CALL(getgid) \
    CALL(getegid) CALL(sched_yield) CALL(sched_getaffinity) CALL(getrusage) \
    CALL(getrlimit) CALL(times) CALL(sysinfo) CALL(uname) CALL(gettimeofday) \
    CALL(time) CALL(clock_getres) CALL(nanosleep) CALL(clock_nanosleep) \
    CALL(getcpu)

/* Allowed with some arguments only: seccomp.c, check_*(). */
#define CS_SECCOMP_CHECKED(CALL) \
    CALL(mmap)      /* no PROT_EXEC: refused for a file (dlopen), else deadly */ \
    CALL(mprotect)  /* PROT_EXEC is deadly */ \
    CALL(clone)     /* threads; anything else is deadly */ \
    CALL(socket)    /* unix; IPv4, IPv6: TCP, UDP; netlink route */ \
    CALL(socketpair) /* unix; with AF_UNIX above and these three: until it listens */ \
    CALL(chmod) CALL(fchmod) CALL(fchmodat) /* 0644 at most */ \
    CALL(prctl)     /* names; being traced or dumped again is deadly */ \
    CALL(prlimit64) /* to look, not to set */ \
    CALL(ioctl)     /* FIONBIO, FIONREAD, FIOCLEX, FIONCLEX, TCGETS */ \
    CALL(fcntl)     /* descriptors' flags and copies, locks */ \
    CALL(tgkill)    /* itself: abort() */

/* Allowed until the program listens; then bind is refused and listen is deadly. */
#define CS_SECCOMP_LISTEN(CALL) CALL(bind) CALL(listen) CALL(seccomp)

/* Answered with ENOSYS: libraries have another way.  Their arguments cannot be looked
 * at, or (io_uring) they would go round the filter. */
#define CS_SECCOMP_ABSENT(CALL) \
    CALL(clone3) CALL(io_uring_setup) CALL(io_uring_enter) CALL(io_uring_register) \
    CALL(openat2) CALL(epoll_pwait2) CALL(futex_waitv) CALL(copy_file_range) \
    CALL(memfd_create) CALL(membarrier) CALL(arch_prctl) CALL(mlock2) CALL(preadv2) \
    CALL(pwritev2) CALL(mseal) CALL(map_shadow_stack) CALL(landlock_create_ruleset) \
    CALL(landlock_add_rule) CALL(landlock_restrict_self) CALL(inotify_init1) \
    CALL(memfd_secret) CALL(process_madvise) CALL(cachestat)

/* End the process at once, by SIGSYS, without a word from it: nothing in it ever has a
 * reason to make them, so it is no longer itself. */
#define CS_SECCOMP_DEADLY(CALL) \
    CALL(execve) CALL(execveat) CALL(fork) CALL(vfork) CALL(ptrace) \
    CALL(process_vm_readv) CALL(process_vm_writev) CALL(pidfd_getfd) CALL(kcmp) \
    CALL(pkey_mprotect) CALL(remap_file_pages) CALL(userfaultfd) CALL(personality) \
    CALL(keyctl) CALL(add_key) CALL(request_key) CALL(bpf) CALL(perf_event_open) \
    CALL(mount) CALL(umount2) CALL(move_mount) CALL(open_tree) CALL(fsopen) \
    CALL(fsconfig) CALL(fsmount) CALL(fspick) CALL(mount_setattr) CALL(pivot_root) \
    CALL(chroot) CALL(unshare) CALL(setns) CALL(init_module) CALL(finit_module) \
    CALL(delete_module) CALL(kexec_load) CALL(kexec_file_load) CALL(reboot) \
    CALL(swapon) CALL(swapoff) CALL(acct) CALL(quotactl) CALL(open_by_handle_at) \
    CALL(name_to_handle_at) CALL(fanotify_init) CALL(fanotify_mark) CALL(setuid) \
    CALL(setgid) CALL(setreuid) CALL(setregid) CALL(setresuid) CALL(setresgid) \
    CALL(setgroups) CALL(setfsuid) CALL(setfsgid) CALL(capset) CALL(mknod) \
    CALL(mknodat) CALL(settimeofday) CALL(clock_settime) CALL(clock_adjtime) \
    CALL(adjtimex) CALL(sethostname) CALL(setdomainname) CALL(iopl) CALL(ioperm) \
    CALL(modify_ldt) CALL(lookup_dcookie) CALL(syslog) CALL(vhangup) CALL(nfsservctl)

/* What a start needs beyond that, before the program's own filter: the profile for
 * containers allows these, too.  Some are the runtime's own (runc, crun), which may set
 * the profile before it drops its rights; mknodat (a FIFO) and lchown are `cloudsign
 * backup`'s, memfd_create is `cloudsign doctor`'s. */
#define CS_SECCOMP_START(CALL) \
    CALL(execve) CALL(arch_prctl) CALL(wait4) CALL(kill) \
    CALL(landlock_create_ruleset) CALL(landlock_add_rule) \
    CALL(landlock_restrict_self) CALL(membarrier) CALL(setrlimit) CALL(pipe) \
    CALL(capget) CALL(capset) CALL(chdir) CALL(fchdir) CALL(setuid) CALL(setgid) \
    CALL(setgroups) CALL(fchown) CALL(fchownat) CALL(setsid) CALL(tkill) \
    CALL(getgroups) CALL(setresuid) CALL(setresgid) CALL(waitid) CALL(mknodat) \
    CALL(lchown) CALL(memfd_create)

/* clang-format on */

#endif
