/* base/os: what programs and the store's back end ask the system. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os/clock.h"
#include "base/os/harden.h"
#include "base/os/logsink.h"
#include "base/os/random.h"
#include "base/os/secret.h"
#include "base/os/volume.h"
#include "support/store_bed.h"

static void write_file(const char *path, const char *text, size_t n, mode_t mode)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), n);
    assert_int_equal(close(fd), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* ---- secrets --------------------------------------------------------------------- */

static void unset_both(void)
{
    assert_int_equal(unsetenv("CS_TEST_SECRET") | unsetenv("CS_TEST_SECRET_FILE"), 0);
}

static void expect_secret(const char *want)
{
    struct cs_why why = {{0}};
    struct cs_wr w = {0};

    assert_ok(cs_os_secret(&w, "CS_TEST_SECRET", &why));
    assert_string_equal((const char *)w.p, want);
    assert_int_equal(w.n, strlen(want) + 1);
    cs_wr_free(&w);
}

static void refuse_secret(enum cs_err err, const char *says)
{
    struct cs_why why = {{0}};
    struct cs_wr w = {0};

    assert_err(cs_os_secret(&w, "CS_TEST_SECRET", &why), err);
    assert_says(why, says);
    assert_int_equal(w.n, 0);
    cs_wr_free(&w);
}

static void a_secret_comes_from_the_variable_and_is_overwritten_there(void **state)
{
    char *block;

    (void)state;
    unset_both();
    assert_int_equal(setenv("CS_TEST_SECRET", "hunter2 \n", 1), 0);
    block = getenv("CS_TEST_SECRET");
    expect_secret("hunter2");
    assert_true(cs_ct_is_zero(block, 9)); /* the bytes themselves, not only the name */
    assert_null(getenv("CS_TEST_SECRET"));
}

static void the_process_environment_no_longer_shows_a_secret_that_was_read(void **state)
{
    /* Only a variable of the initial block shows in /proc/PID/environ: exec anew. */
    char exe[4096] = {0}, *argv[] = {exe, NULL};
    static char var[] = "CS_TEST_SECRET=canary-4711", mode[] = "CS_TEST_CHILD=1";
    static char twice[] = "CS_TEST_SECRET=canary-4711-twice";
    char *envp[] = {mode, var, twice, NULL};
    int status;
    pid_t pid;

    (void)state;
    assert_true(readlink("/proc/self/exe", exe, sizeof exe - 1) > 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)execve(exe, argv, envp);
        _exit(99);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static bool environ_shows(const char *text)
{
    char buf[8192];
    int fd = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof buf);

    (void)close(fd);
    return n < 0 || memmem(buf, (size_t)n, text, strlen(text)) != NULL;
}

/* The program started again by the test above. */
static int child_main(void)
{
    struct cs_wr w = {0};
    bool before = environ_shows("canary-4711");
    enum cs_err err = cs_os_secret(&w, "CS_TEST_SECRET", NULL);
    bool after = environ_shows("canary-4711");

    cs_wr_free(&w);
    return before && err == CS_OK && !after ? 0 : 1;
}

static void a_secret_comes_from_a_file_without_its_line_end(void **state)
{
    char dir[128], path[256];

    (void)state;
    unset_both();
    bed_path(path, bed_mkdir(dir), "file");
    write_file(path, "from a file\r\n", 13, 0400);
    assert_int_equal(setenv("CS_TEST_SECRET_FILE", path, 1), 0);
    expect_secret("from a file");
    expect_secret("from a file"); /* the file stays */
    bed_rmdir(dir);
}

static void bad_secrets_are_refused_with_a_reason(void **state)
{
    static char big[CS_OS_SECRET_MAX + 2];
    char dir[128], path[256];

    (void)state;
    unset_both();
    refuse_secret(CS_ERR_NOT_FOUND, "neither CS_TEST_SECRET nor CS_TEST_SECRET_FILE");
    assert_int_equal(setenv("CS_TEST_SECRET", " \n", 1), 0);
    refuse_secret(CS_ERR_CONFIG, "is empty: give it its value, or do not set it");
    memset(big, 'x', sizeof big - 1);
    assert_int_equal(setenv("CS_TEST_SECRET", big, 1), 0);
    refuse_secret(CS_ERR_CONFIG, "is longer than");
    bed_path(path, bed_mkdir(dir), "file");
    assert_int_equal(setenv("CS_TEST_SECRET_FILE", path, 1), 0);
    refuse_secret(CS_ERR_CONFIG, "cannot open");
    write_file(path, "a\0b", 3, 0400);
    refuse_secret(CS_ERR_CONFIG, "NUL byte");
    write_file(path, big, sizeof big - 1, 0400);
    refuse_secret(CS_ERR_CONFIG, "is longer than");
    write_file(path, "", 0, 0400);
    refuse_secret(CS_ERR_CONFIG, "is empty: give it its value, or do not set it");
    write_file(path, "x", 1, 0602);
    refuse_secret(CS_ERR_CONFIG, "everybody may write");
    assert_int_equal(setenv("CS_TEST_SECRET_FILE", dir, 1), 0);
    refuse_secret(CS_ERR_CONFIG, "not a regular file");
    assert_int_equal(setenv("CS_TEST_SECRET", "x", 1), 0);
    refuse_secret(CS_ERR_CONFIG, "both set");
    unset_both();
    bed_rmdir(dir);
}

static void settings_have_defaults_and_switches_are_strict(void **state)
{
    struct cs_why why = {{0}};
    bool on;

    (void)state;
    assert_int_equal(unsetenv("CS_TEST_SETTING"), 0);
    assert_string_equal(cs_os_setting("CS_TEST_SETTING", "dflt"), "dflt");
    assert_ok(cs_os_setting_bool(&on, "CS_TEST_SETTING", true, &why));
    assert_true(on);
    assert_int_equal(setenv("CS_TEST_SETTING", "off", 1), 0);
    assert_ok(cs_os_setting_bool(&on, "CS_TEST_SETTING", true, &why));
    assert_false(on);
    assert_int_equal(setenv("CS_TEST_SETTING", "1", 1), 0);
    assert_ok(cs_os_setting_bool(&on, "CS_TEST_SETTING", false, &why));
    assert_true(on);
    assert_int_equal(setenv("CS_TEST_SETTING", "maybe", 1), 0);
    assert_err(cs_os_setting_bool(&on, "CS_TEST_SETTING", false, &why), CS_ERR_CONFIG);
    assert_false(on);
    assert_string_equal(cs_os_setting("CS_TEST_SETTING", "dflt"), "maybe");
}

/* ---- log ---------------------------------------------------------------------- */

static void a_line_is_text_or_json_and_cannot_be_forged(void **state)
{
    char buf[256];

    (void)state;
    (void)cs_os_log_line(buf, sizeof buf, CS_LOG_TEXT, 1700000000123, CS_LOG_WARN,
                         "link", "up peer=2");
    assert_string_equal(buf, "2023-11-14T22:13:20.123Z warn  link: up peer=2\n");
    (void)cs_os_log_line(buf, sizeof buf, CS_LOG_TEXT, 0, CS_LOG_INFO, "x",
                         "a\n2023 forged");
    assert_string_equal(buf, "1970-01-01T00:00:00.000Z info  x: a?2023 forged\n");
    (void)cs_os_log_line(buf, sizeof buf, CS_LOG_JSON, 1700000000123, CS_LOG_ERROR,
                         "link", "say \"hi\" \\ \n");
    assert_string_equal(buf,
                        "{\"time\":\"2023-11-14T22:13:20.123Z\",\"level\":\"error\","
                        "\"module\":\"link\",\"msg\":\"say \\\"hi\\\" \\\\ "
                        "\\u000a\"}\n");
}

static void control_characters_of_two_bytes_are_taken_out_too(void **state)
{
    char buf[256];

    (void)state;
    (void)cs_os_log_line(buf, sizeof buf, CS_LOG_TEXT, 0, CS_LOG_INFO, "m",
                         "a\xc2\x9b"
                         "31m \xc3\xa9 \xc2\xa9");
    assert_non_null(strstr(buf, "a?31m \xc3\xa9 \xc2\xa9\n")); /* U+009B is CSI */
    (void)cs_os_log_line(buf, sizeof buf, CS_LOG_JSON, 0, CS_LOG_INFO, "m",
                         "a\xc2\x9b"
                         "31m");
    assert_non_null(strstr(buf, "a\\u009b31m"));
}

static void the_limit_of_open_files_is_raised_as_far_as_allowed(void **state)
{
    struct rlimit low = {64, 100}, now;
    pid_t child = fork();
    int status;

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        bool ok = setrlimit(RLIMIT_NOFILE, &low) == 0 && cs_os_open_files(80) == 80 &&
                  cs_os_open_files(1000) == 100 &&
                  getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur == 100 &&
                  cs_os_open_files(50) == 50;

        _exit(ok ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void a_line_too_long_is_cut_and_still_ends(void **state)
{
    char text[600], buf[200];
    size_t n;

    (void)state;
    memset(text, '"', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    n = cs_os_log_line(buf, sizeof buf, CS_LOG_JSON, 0, CS_LOG_INFO, "m", text);
    assert_true(n < sizeof buf && n == strlen(buf));
    assert_string_equal(buf + n - 3, "\"}\n");
    assert_true(buf[n - 4] == '"' && buf[n - 5] == '\\'); /* no half escape */
    n = cs_os_log_line(buf, sizeof buf, CS_LOG_TEXT, 0, CS_LOG_INFO, "m", text);
    assert_int_equal(buf[n - 1], '\n');
}

static void lines_go_to_stderr_from_the_level_on(void **state)
{
    char buf[512] = {0};
    int fds[2], saved = dup(STDERR_FILENO);
    enum cs_log_format f;

    (void)state;
    assert_true(cs_os_log_format_parse(&f, "json") && f == CS_LOG_JSON);
    assert_true(cs_os_log_format_parse(&f, "text") && f == CS_LOG_TEXT);
    assert_false(cs_os_log_format_parse(&f, "xml"));
    assert_int_equal(pipe(fds), 0);
    assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
    cs_os_log_start(CS_LOG_TEXT, CS_LOG_INFO);
    cs_log(CS_LOG_DEBUG, "t", "not this");
    cs_log(CS_LOG_INFO, "t", "this %d", 7);
    cs_log_set(NULL, NULL, CS_LOG_INFO);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    assert_true(read(fds[0], buf, sizeof buf - 1) > 0);
    assert_non_null(strstr(buf, "t: this 7\n"));
    assert_null(strstr(buf, "not this"));
    (void)(close(fds[0]) | close(fds[1]) | close(saved));
}

/* ---- the rest ----------------------------------------------------------------- */

static void clocks_run_and_random_bytes_differ(void **state)
{
    uint64_t a = cs_os_now_ms();
    uint8_t x[64] = {0}, y[64] = {0};

    (void)state;
    assert_true(cs_os_now_ms() >= a);
    assert_true(cs_os_wall_ms() > INT64_C(1700000000000));
    cs_os_random(NULL, x, sizeof x);
    cs_os_random(NULL, y, sizeof y);
    assert_memory_not_equal(x, y, sizeof x);
    cs_os_random(NULL, x, 0);
}

static bool is_sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return true;
#elif defined(__has_feature)
    return __has_feature(address_sanitizer);
#else
    return false;
#endif
}

static int hardened(void)
{
    struct rlimit core;
    char dir[128], path[256];
    struct stat st;
    int fd;

    if (cs_os_harden(NULL) != CS_OK || getrlimit(RLIMIT_CORE, &core) != 0) {
        return 1;
    }
    (void)snprintf(dir, sizeof dir, "/tmp/cs-harden-XXXXXX");
    if (mkdtemp(dir) == NULL) {
        return 2;
    }
    (void)snprintf(path, sizeof path, "%s/f", dir);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
    if (fd < 0 || fstat(fd, &st) != 0) {
        return 3;
    }
    (void)(close(fd) | unlink(path) | rmdir(dir));
    if ((st.st_mode & 0777) != 0600 || core.rlim_cur != 0 || core.rlim_max != 0) {
        return 4;
    }
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
        return 5;
    }
    /* A loop that is made now gets no ring, which the later filter would break. */
    if (!is_sanitized() && prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER &&
        (syscall(SYS_io_uring_setup, 1, NULL) != -1 || errno != ENOSYS)) {
        return 7;
    }
    /* Sanitizers need it dumpable: see harden.c. */
    return is_sanitized() || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 6;
}

static void a_hardened_process_leaves_no_core_and_no_open_files(void **state)
{
    int status;
    pid_t pid = fork();

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(hardened());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void the_lock_is_exclusive_and_survives_other_descriptors(void **state)
{
    struct cs_os_lock a, b;
    struct cs_why why = {{0}};
    char dir[128], path[256];
    int fd;

    (void)state;
    assert_ok(cs_os_lock_take(&a, bed_mkdir(dir), &why));
    bed_path(path, dir, "lock");
    fd = open(path,
              O_RDONLY | O_CLOEXEC); /* with POSIX locks this close would drop it */
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_err(cs_os_lock_take(&b, dir, &why), CS_ERR_STORE_LOCKED);
    assert_int_equal(b.fd, -1);
    cs_os_lock_drop(&a);
    assert_ok(cs_os_lock_take(&b, dir, &why));
    cs_os_lock_drop(&b);
    cs_os_lock_drop(&b); /* twice is fine */
    bed_rmdir(dir);
}

/* A process takes the lock and is killed; its child, which holds the lock too, ends ms
 * later, or with `until` (a pipe's end, -1: none). */
static void leave_a_lock(const char *dir, unsigned ms, int until)
{
    struct cs_os_lock lock;
    int status = 0;
    char byte;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        if (cs_os_lock_take(&lock, dir, NULL) == CS_OK && fork() == 0) {
            (void)usleep(ms * 1000);
            _exit(until >= 0 && read(until, &byte, 1) != 1);
        }
        (void)kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void a_killed_holder_s_lock_is_waited_for(void **state)
{
    struct cs_os_lock a;
    struct cs_why why = {{0}};
    char dir[128];
    int ends[2];

    (void)state;
    (void)bed_mkdir(dir);
    leave_a_lock(dir, 300, -1);
    assert_ok(cs_os_lock_take(&a, dir, &why));
    cs_os_lock_drop(&a);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    leave_a_lock(dir, 0, ends[0]);
    /* but not for ever */
    assert_err(cs_os_lock_take(&a, dir, &why), CS_ERR_STORE_LOCKED);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(close(ends[0]) | close(ends[1]), 0);
    bed_rmdir(dir);
}

static void a_lock_file_that_is_a_link_is_not_followed(void **state)
{
    struct cs_os_lock a;
    char dir[128], path[256], target[256];
    struct stat st;

    (void)state;
    bed_path(path, bed_mkdir(dir), "lock");
    bed_path(target, dir, "file");
    assert_int_equal(symlink(target, path), 0);
    assert_err(cs_os_lock_take(&a, dir, NULL), CS_ERR_CONFIG);
    assert_int_not_equal(stat(target, &st), 0);
    bed_rmdir(dir);
}

static int not_ours(void)
{
    struct cs_why why = {{0}};

    if (setgid(65534) != 0 || setuid(65534) != 0) {
        return 77;
    }
    if (cs_os_volume_check("/root", true, &why) != CS_ERR_CONFIG ||
        strstr(why.text, "chown 65534:65534") == NULL) {
        return 1;
    }
    return 0;
}

static void a_directory_of_another_user_is_refused_with_the_owner_it_needs(void **state)
{
    int status;
    pid_t pid = fork();

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(not_ours());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("SKIPPED: needs root to become another user\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_comes_from_the_variable_and_is_overwritten_there),
        cmocka_unit_test(
            the_process_environment_no_longer_shows_a_secret_that_was_read),
        cmocka_unit_test(a_secret_comes_from_a_file_without_its_line_end),
        cmocka_unit_test(bad_secrets_are_refused_with_a_reason),
        cmocka_unit_test(settings_have_defaults_and_switches_are_strict),
        cmocka_unit_test(a_line_is_text_or_json_and_cannot_be_forged),
        cmocka_unit_test(control_characters_of_two_bytes_are_taken_out_too),
        cmocka_unit_test(the_limit_of_open_files_is_raised_as_far_as_allowed),
        cmocka_unit_test(a_line_too_long_is_cut_and_still_ends),
        cmocka_unit_test(lines_go_to_stderr_from_the_level_on),
        cmocka_unit_test(clocks_run_and_random_bytes_differ),
        cmocka_unit_test(a_hardened_process_leaves_no_core_and_no_open_files),
        cmocka_unit_test(the_lock_is_exclusive_and_survives_other_descriptors),
        cmocka_unit_test(a_killed_holder_s_lock_is_waited_for),
        cmocka_unit_test(a_lock_file_that_is_a_link_is_not_followed),
        cmocka_unit_test(
            a_directory_of_another_user_is_refused_with_the_owner_it_needs),
    };

    if (getenv("CS_TEST_CHILD") != NULL) {
        return child_main();
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
