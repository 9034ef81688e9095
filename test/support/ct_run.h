/* A cmocka program that runs itself under valgrind's memcheck with secrets marked
 * undefined: memcheck then reports every jump and address that they decide (PROTOCOLS
 * 10, row 51).  Include once; define ct_inside(), which runs ct_clean() for each thing
 * to be tested; end with CT_MAIN.  Without valgrind the test is skipped, loudly. */
#ifndef CS_TEST_SUPPORT_CT_RUN_H
#define CS_TEST_SUPPORT_CT_RUN_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define HAVE_MEMCHECK 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(HAVE_MEMCHECK) && !defined(SANITIZED)
#define CT_RUNS 1
#endif

#ifndef CT_SUPPRESSIONS /* what of a library may be let through: test/ct */
#define CT_SUPPRESSIONS "/dev/null"
#endif

static const char *ct_self;

#ifdef CT_RUNS

enum { CT_FAILED = 9 };

static bool ct_inside(void);

/* Marks `n` bytes at p secret, runs op, counts what memcheck saw meanwhile. */
static unsigned ct_errors(void *p, size_t n, void (*op)(void))
{
    unsigned before = VALGRIND_COUNT_ERRORS;

    (void)VALGRIND_MAKE_MEM_UNDEFINED(p, n);
    op();
    return VALGRIND_COUNT_ERRORS - before;
}

static bool ct_clean(const char *what, void *p, size_t n, void (*op)(void))
{
    unsigned found = ct_errors(p, n, op);

    if (found != 0) {
        (void)fprintf(stderr, "%s: %u uses of a secret in a branch or address\n", what,
                      found);
    }
    return found == 0;
}

static uint8_t ct_control[1];

static void ct_leak(void)
{
    static volatile int count;

    if ((ct_control[0] & 1) != 0) {
        count = count + 1;
    }
}

static int ct_run_inside(void)
{
    if (write(STDOUT_FILENO, "S", 1) != 1 || !RUNNING_ON_VALGRIND) {
        return CT_FAILED;
    }
    /* The control: a branch on a secret must be seen, or nothing here means anything.
     */
    if (ct_errors(ct_control, sizeof ct_control, ct_leak) == 0) {
        return CT_FAILED;
    }
    return ct_inside() ? 0 : CT_FAILED;
}

static void ct_child(int out)
{
    if (dup2(out, STDOUT_FILENO) >= 0) {
        (void)execlp("valgrind", "valgrind", "--quiet", "--error-limit=no",
                     "--log-file=/dev/null", "--suppressions=" CT_SUPPRESSIONS, ct_self,
                     "--inside", (char *)NULL);
    }
    _exit(127);
}

/* False when valgrind is not there or cannot read this program. */
static bool ct_run_outside(int *status)
{
    char started = 0;
    ssize_t n;
    int fd[2];
    pid_t pid;

    assert_int_equal(pipe(fd), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        ct_child(fd[1]);
    }
    (void)close(fd[1]);
    n = read(fd[0], &started, 1);
    assert_int_equal(waitpid(pid, status, 0), pid);
    (void)close(fd[0]);
    return n == 1 && started == 'S';
}

#else

static int ct_run_inside(void)
{
    return 1;
}

static bool ct_run_outside(int *status)
{
    (void)status;
    return false;
}

#endif

static void no_branch_or_address_depends_on_a_secret(void **state)
{
    int status = 0;

    (void)state;
    if (!ct_run_outside(&status)) {
        (void)fprintf(stderr,
                      "SKIPPED: constant time: valgrind cannot run this build\n");
        skip();
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int ct_main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_branch_or_address_depends_on_a_secret),
    };

    ct_self = argv[0];
    if (argc == 2 && strcmp(argv[1], "--inside") == 0) {
        return ct_run_inside();
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#define CT_MAIN                                                                        \
    int main(int argc, char **argv)                                                    \
    {                                                                                  \
        return ct_main(argc, argv);                                                    \
    }

#endif
