/* A job in a process that holds nothing (base/os/child.h): what it may not do ends it,
 * and this process goes on. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os/build.h"
#include "base/os/child.h"

static const struct cs_os_child_limits few = {.ms = 20000, .memory = 8 << 20};
static int file = -1, secret_file = -1;
static uint8_t *guarded;
static uint8_t plain[32] = "a global of this process";
static pid_t parent;

static enum cs_err run(cs_os_child_job *job, struct cs_why *why)
{
    *why = (struct cs_why){""};
    return cs_os_child_run(file, job, &few, why);
}

/* The job must not live to give its answer. */
static void dies(cs_os_child_job *job, const char *word)
{
    struct cs_why why;
    enum cs_err err = run(job, &why);

    if (err != CS_ERR_STORE_UNCHECKED || strstr(why.text, word) == NULL) {
        fail_msg("%s: %s", cs_err_reason(err), why.text);
    }
}

static enum cs_err job_ok(int fd, struct cs_why *why)
{
    char text[4];

    (void)why;
    return pread(fd, text, 4, 0) == 4 && memcmp(text, "file", 4) == 0 ? CS_OK
                                                                      : CS_ERR_STORE_IO;
}

static enum cs_err job_corrupt(int fd, struct cs_why *why)
{
    (void)fd;
    (void)cs_why(why, CS_OK, "%s", "bad");
    memcpy(why->text + 3, "\033[2J", 5); /* what a terminal would act on */
    return CS_ERR_STORE_CORRUPT;
}

static enum cs_err job_nonsense(int fd, struct cs_why *why)
{
    (void)fd;
    memset(why->text, 'x', sizeof why->text); /* and no end */
    return CS_ERR_STORE_KEY;
}

/* A child that was taken over and would have its job done once more, where the secrets
 * are. */
static enum cs_err job_not_me(int fd, struct cs_why *why)
{
    (void)fd;
    (void)why;
    plain[0] = 0xee;
    return (enum cs_err)UINT16_MAX;
}

static void the_job_s_answer_comes_back(void **state)
{
    struct cs_why why;

    (void)state;
    assert_int_equal(run(job_ok, &why), CS_OK);
    assert_int_equal(run(job_corrupt, &why), CS_ERR_STORE_CORRUPT);
    if (!CS_OS_SANITIZED) {
        assert_string_equal(why.text, "bad?[2J");
        assert_int_equal(run(job_nonsense, &why), CS_ERR_STORE_UNCHECKED);
        assert_int_equal(run(job_not_me, &why), CS_ERR_STORE_UNCHECKED);
        assert_int_equal(plain[0], 'a');
    }
}

static enum cs_err job_crash(int fd, struct cs_why *why)
{
    volatile int *nowhere = NULL;

    (void)why;
    *nowhere = fd;
    return CS_OK;
}

static enum cs_err job_smash(int fd, struct cs_why *why)
{
    (void)why;
    (void)fd;
    memset(plain, 0xee, sizeof plain);
    _exit(0); /* silent */
}

static enum cs_err job_loop(int fd, struct cs_why *why)
{
    volatile int go = fd >= 0;

    (void)why;
    while (go) {
    }
    return CS_OK;
}

static void a_job_that_crashes_or_hangs_ends_alone(void **state)
{
    const struct cs_os_child_limits short_time = {.ms = 300, .memory = 1 << 20};
    struct cs_why why = {""};

    (void)state;
    dies(job_crash, "signal 11");
    dies(job_smash, "without an answer");
    assert_memory_equal(plain, "a global", 8);
    assert_int_equal(cs_os_child_run(file, job_loop, &short_time, &why),
                     CS_ERR_STORE_UNCHECKED);
    assert_non_null(strstr(why.text, "longer than"));
}

static enum cs_err job_memory(int fd, struct cs_why *why)
{
    (void)why;
    (void)fd;
    for (int i = 0; i < 64; i++) {
        if (mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                 0) == MAP_FAILED) {
            return CS_ERR_NOMEM;
        }
    }
    return CS_OK;
}

static void a_job_gets_no_more_memory_than_it_was_given(void **state)
{
    struct cs_why why;

    (void)state;
    assert_int_equal(run(job_memory, &why), CS_ERR_NOMEM);
}

static enum cs_err job_secrets(int fd, struct cs_why *why)
{
    (void)fd;
    (void)why;
    return cs_ct_is_zero(guarded, 64) ? CS_OK : CS_ERR_STORE_CORRUPT;
}

static enum cs_err job_files(int fd, struct cs_why *why)
{
    char text[4];

    (void)why;
    for (int i = fd + 2; i < 1000; i++) { /* the file is 0, the pipe 1 */
        if (pread(i, text, sizeof text, 0) >= 0 || errno != EBADF) {
            return CS_ERR_STORE_CORRUPT;
        }
    }
    return pread(secret_file, text, sizeof text, 0) < 0 ? CS_OK : CS_ERR_STORE_CORRUPT;
}

static void a_job_has_neither_guarded_memory_nor_other_files(void **state)
{
    struct cs_why why;

    (void)state;
    memset(guarded, 0x5a, 64);
    assert_int_equal(run(job_secrets, &why), CS_OK);
    assert_int_equal(guarded[63], 0x5a);
    assert_true(secret_file > 1);
    assert_int_equal(run(job_files, &why), CS_OK);
}

#define FORBIDDEN(name, expression)                                                    \
    static enum cs_err job_##name(int fd, struct cs_why *why)                          \
    {                                                                                  \
        (void)fd;                                                                      \
        (void)why;                                                                     \
        return (expression) == 0 ? CS_ERR_NOMEM : CS_OK;                               \
    }

FORBIDDEN(open, syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY))
FORBIDDEN(socket, syscall(SYS_socket, AF_INET, SOCK_STREAM, 0))
FORBIDDEN(fork, syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL))
FORBIDDEN(exec, syscall(SYS_execve, "/bin/true", NULL, NULL))
FORBIDDEN(kill, syscall(SYS_kill, parent, SIGKILL))
FORBIDDEN(ptrace, syscall(SYS_ptrace, 16, parent, NULL, NULL))
FORBIDDEN(peek, syscall(SYS_process_vm_readv, parent, NULL, 0, NULL, 0, 0))
FORBIDDEN(read, syscall(SYS_read, fd, NULL, 0))
FORBIDDEN(pwrite, syscall(SYS_pwrite64, fd, "x", 1, 0))
FORBIDDEN(truncate, syscall(SYS_ftruncate, fd, 0))
FORBIDDEN(protect, mprotect(guarded, 64, PROT_READ | PROT_EXEC))
FORBIDDEN(code, mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                     0) == MAP_FAILED)
FORBIDDEN(map_file, mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
FORBIDDEN(prctl, syscall(SYS_prctl, 4, 1, 0, 0, 0))

static void a_job_may_do_next_to_nothing(void **state)
{
    (void)state;
    dies(job_open, "signal 31");
    dies(job_socket, "signal 31");
    dies(job_fork, "signal 31");
    dies(job_exec, "signal 31");
    dies(job_kill, "signal 31");
    dies(job_ptrace, "signal 31");
    dies(job_peek, "signal 31");
    dies(job_read, "signal 31");
    dies(job_pwrite, "signal 31");
    dies(job_truncate, "signal 31");
    dies(job_protect, "signal 31");
    dies(job_code, "signal 31");
    dies(job_map_file, "signal 31");
    dies(job_prctl, "signal 31");
}

/* A container's profile that knows no seccomp(2). */
static bool forbid_filters(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

/* Makes a call that a filter would forbid, and leaves a mark. */
static enum cs_err job_unfiltered(int fd, struct cs_why *why)
{
    (void)why;
    plain[0] = 0xee;
    return dup(fd) < 0 && errno == EMFILE ? CS_OK : CS_ERR_STORE_IO;
}

static void without_filters_it_is_a_child_all_the_same(void **state)
{
    struct cs_why why = {""};
    int status = 0;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        _exit(!forbid_filters()                    ? 2
              : run(job_unfiltered, &why) != CS_OK ? 3
              : plain[0] != 'a'                    ? 4
              : run(job_secrets, &why) != CS_OK    ? 5
                                                   : 0);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static atomic_int n_sigchld;

static void on_sigchld(int unused)
{
    (void)unused;
    atomic_fetch_add(&n_sigchld, 1);
}

static void the_rest_of_the_program_sees_no_child(void **state)
{
    struct sigaction a = {.sa_handler = on_sigchld}, old;
    struct cs_why why;

    (void)state;
    assert_int_equal(sigaction(SIGCHLD, &a, &old), 0);
    assert_int_equal(run(job_ok, &why), CS_OK);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(atomic_load(&n_sigchld), 0);
    assert_int_equal(sigaction(SIGCHLD, &old, NULL), 0);
}

static int setup(void **state)
{
    char name[] = "/tmp/cs-child-XXXXXX", other[] = "/tmp/cs-child-XXXXXX";

    (void)state;
    parent = getpid();
    file = mkstemp(name);
    secret_file = mkstemp(other);
    guarded = cs_guard_new(64);
    (void)unlink(name);
    (void)unlink(other);
    return file >= 0 && secret_file >= 0 && guarded != NULL &&
                   write(file, "file", 4) == 4 && write(secret_file, "mine", 4) == 4
               ? 0
               : 1;
}

static int teardown(void **state)
{
    (void)state;
    cs_guard_free(guarded);
    return close(file) | close(secret_file);
}

int main(void)
{
    const struct CMUnitTest always[] = {
        cmocka_unit_test(the_job_s_answer_comes_back),
        cmocka_unit_test(the_rest_of_the_program_sees_no_child),
    };
    const struct CMUnitTest apart[] = {
        cmocka_unit_test(a_job_that_crashes_or_hangs_ends_alone),
        cmocka_unit_test(a_job_gets_no_more_memory_than_it_was_given),
        cmocka_unit_test(a_job_has_neither_guarded_memory_nor_other_files),
        cmocka_unit_test(a_job_may_do_next_to_nothing),
        cmocka_unit_test(without_filters_it_is_a_child_all_the_same),
    };
    int failed = cmocka_run_group_tests_name("answers", always, setup, teardown);

    if (CS_OS_SANITIZED) {
        print_message("SKIPPED: with a sanitizer the job runs in the process itself\n");
        return failed;
    }
    return failed + cmocka_run_group_tests_name("limits", apart, setup, teardown);
}
