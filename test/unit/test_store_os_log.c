/* What keeps a log short and well-formed: base/os/loglimit.h, base/os/logsink.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/os/logsink.h"

static const char kind_a[] = "relay says %s" CS_F("to", "%s");
static const char kind_b[] = "other";

static struct cs_log_limit limit;
static struct cs_log_told told;
static bool has_told;

static int fresh(void **state)
{
    (void)state;
    limit = (struct cs_log_limit){.burst = 3};
    has_told = false;
    return 0;
}

static bool pass(uint64_t now, const char *kind)
{
    return cs_log_limit_pass(&limit, now, CS_LOG_WARN, "net", kind, &told, &has_told);
}

static void a_burst_passes_then_lines_are_kept_back_and_counted(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(pass(1000, kind_a));
    }
    for (int i = 0; i < 7; i++) {
        assert_false(pass(2000, kind_a));
        assert_false(has_told);
    }
    assert_true(pass(11000, kind_a));
    assert_true(has_told);
    assert_string_equal(told.line,
                        "7 more lines like \"relay says %s\" were suppressed");
    assert_string_equal(told.module, "net");
    assert_int_equal(told.level, CS_LOG_WARN);
    assert_true(pass(11000, kind_a));
    assert_false(has_told); /* told once */
}

static void kinds_and_levels_do_not_hinder_each_other(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        (void)pass(0, kind_a);
    }
    assert_false(pass(0, kind_a));
    assert_true(pass(0, kind_b));
    assert_true(
        cs_log_limit_pass(&limit, 0, CS_LOG_ERROR, "net", kind_a, &told, &has_told));
}

static void a_burst_that_ended_is_told_by_the_next_line_of_any_kind(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        (void)pass(0, kind_a);
    }
    assert_true(pass(9999, kind_b));
    assert_false(has_told);
    assert_true(pass(10000, kind_b));
    assert_true(has_told);
    assert_non_null(strstr(told.line, "2 more lines like \"relay says %s\""));
}

static void more_kinds_than_the_table_holds_still_pass_and_are_told(void **state)
{
    static const char kinds[CS_LOG_LIMIT_KINDS + 8] = {0};
    size_t n_told = 0;

    (void)state;
    for (int i = 0; i < 5; i++) {
        (void)pass(0, kind_a);
    }
    for (size_t i = 0; i < sizeof kinds; i++) {
        assert_true(pass(1 + i, &kinds[i]));
        n_told += has_told;
    }
    assert_int_equal(n_told, 1);
}

static void without_a_limit_everything_passes(void **state)
{
    (void)state;
    limit.burst = 0;
    for (int i = 0; i < 1000; i++) {
        assert_true(pass(0, kind_a));
    }
}

/* ---- lines
 * ------------------------------------------------------------------------------- */

static void json_has_a_member_for_each_field(void **state)
{
    char buf[512];
    size_t n = cs_os_log_line(buf, sizeof buf, CS_LOG_JSON, 0, CS_LOG_INFO, "session",
                              "signed" CS_LOG_SEP "ms=12" CS_LOG_SEP "by=a\"=b");
    json_t *o = json_loadb(buf, n, JSON_REJECT_DUPLICATES, NULL);

    (void)state;
    assert_non_null(o);
    assert_string_equal(json_string_value(json_object_get(o, "msg")), "signed");
    assert_string_equal(json_string_value(json_object_get(o, "ms")), "12");
    assert_string_equal(json_string_value(json_object_get(o, "by")), "a\"=b");
    json_decref(o);
    (void)cs_os_log_line(buf, sizeof buf, CS_LOG_TEXT, 0, CS_LOG_INFO, "session",
                         "signed" CS_LOG_SEP "ms=12");
    assert_non_null(strstr(buf, "session: signed ms=12\n"));
}

static void fields_that_do_not_fit_leave_well_formed_json(void **state)
{
    char text[900], buf[4096];

    (void)state;
    memset(text, '"', sizeof text);
    memcpy(text, "x" CS_LOG_SEP "f=", 4);
    text[sizeof text - 1] = '\0';
    for (size_t cap = 160; cap < sizeof buf; cap += 37) {
        size_t n = cs_os_log_line(buf, cap, CS_LOG_JSON, 0, CS_LOG_INFO, "m", text);
        json_t *o = json_loadb(buf, n, 0, NULL);

        assert_non_null(o);
        json_decref(o);
    }
}

static void as_many_fields_as_there_is_room_for(void **state)
{
    static const char field[] = CS_LOG_SEP "field=v";
    char text[400] = "x", buf[512];

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        memcpy(text + 1 + i * (sizeof field - 1), field, sizeof field);
    }
    for (size_t cap = 120; cap < sizeof buf; cap++) {
        size_t n = cs_os_log_line(buf, cap, CS_LOG_JSON, 0, CS_LOG_INFO, "m", text);
        json_t *o = json_loadb(buf, n, 0, NULL);

        if (o == NULL || json_object_get(o, "") != NULL) {
            fail_msg("%zu: %s", cap, buf);
        }
        json_decref(o);
    }
}

/* ---- the environment
 * ----------------------------------------------------------------------------- */

static void bad(const char *name, const char *value, const char *says)
{
    struct cs_why why = {""};

    assert_int_equal(setenv(name, value, 1), 0);
    assert_int_equal(cs_os_log_env(&why), CS_ERR_CONFIG);
    if (strstr(why.text, says) == NULL) {
        fail_msg("%s=%s: %s", name, value, why.text);
    }
    assert_int_equal(unsetenv(name), 0);
}

static void each_bad_setting_is_named(void **state)
{
    (void)state;
    bad("LOG_LEVEL", "chatty", "LOG_LEVEL: \"chatty\"");
    bad("LOG_LEVEL", "info,foo=debug", "there is no module \"foo\"; there are");
    bad("LOG_FORMAT", "xml", "LOG_FORMAT: \"xml\" is neither text nor json");
    bad("LOG_LIMIT", "-1", "LOG_LIMIT: \"-1\"");
    bad("LOG_LIMIT", "100001", "LOG_LIMIT");
    bad("LOG_LIMIT", "1e3", "LOG_LIMIT");
}

static void the_limit_works_on_the_real_sink(void **state)
{
    char buf[4096] = {0};
    int fds[2], saved = dup(STDERR_FILENO);

    (void)state;
    assert_int_equal(setenv("LOG_LIMIT", "2", 1), 0);
    assert_int_equal(setenv("LOG_LEVEL", "error,net=trace", 1), 0);
    assert_int_equal(cs_os_log_env(NULL), CS_OK);
    assert_int_equal(pipe(fds), 0);
    assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
    for (int i = 0; i < 9; i++) {
        cs_log(CS_LOG_TRACE, "net", "line %d", i);
        cs_log(CS_LOG_WARN, "store", "not this");
    }
    cs_log_set(NULL, NULL, CS_LOG_INFO);
    cs_log_set_gate(NULL, NULL);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    assert_true(read(fds[0], buf, sizeof buf - 1) > 0);
    assert_non_null(strstr(buf, "line 0\n"));
    assert_non_null(strstr(buf, "line 1\n"));
    assert_null(strstr(buf, "line 2"));
    assert_null(strstr(buf, "not this"));
    (void)(close(fds[0]) | close(fds[1]) | close(saved));
    (void)(unsetenv("LOG_LIMIT") | unsetenv("LOG_LEVEL"));
}

/* The reader of the log has stopped (a container's daemon, a terminal with ^S). */
static void a_reader_that_stopped_does_not_stop_the_program(void **state)
{
    static char buf[1 << 17];
    int fds[2], saved = dup(STDERR_FILENO);
    size_t n = 0;
    ssize_t k;

    (void)state;
    assert_int_equal(setenv("LOG_LIMIT", "0", 1), 0);
    assert_int_equal(cs_os_log_env(NULL), CS_OK);
    assert_int_equal(pipe(fds), 0);
    assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
    (void)alarm(60); /* it would wait for ever */
    for (int i = 0; i < 3000; i++) {
        cs_log(CS_LOG_ERROR, "net", "%0100d", i);
    }
    k = read(fds[0], buf, 1 << 15); /* it goes on */
    cs_log(CS_LOG_INFO, "net", "the next");
    (void)alarm(0);
    cs_log_set(NULL, NULL, CS_LOG_INFO);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(fds[1]);
    for (; k > 0; k = read(fds[0], buf + n, sizeof buf - 1 - n)) {
        n += (size_t)k;
    }
    buf[n] = '\0';
    assert_non_null(strstr(buf, "warn  other: "));
    assert_non_null(strstr(buf, " lines of the log were lost"));
    assert_non_null(strstr(buf, "net: the next\n"));
    (void)(close(fds[0]) | close(saved));
    (void)unsetenv("LOG_LIMIT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_burst_passes_then_lines_are_kept_back_and_counted,
                               fresh),
        cmocka_unit_test_setup(kinds_and_levels_do_not_hinder_each_other, fresh),
        cmocka_unit_test_setup(a_burst_that_ended_is_told_by_the_next_line_of_any_kind,
                               fresh),
        cmocka_unit_test_setup(more_kinds_than_the_table_holds_still_pass_and_are_told,
                               fresh),
        cmocka_unit_test_setup(without_a_limit_everything_passes, fresh),
        cmocka_unit_test(json_has_a_member_for_each_field),
        cmocka_unit_test(fields_that_do_not_fit_leave_well_formed_json),
        cmocka_unit_test(as_many_fields_as_there_is_room_for),
        cmocka_unit_test(each_bad_setting_is_named),
        cmocka_unit_test(the_limit_works_on_the_real_sink),
        cmocka_unit_test(a_reader_that_stopped_does_not_stop_the_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
