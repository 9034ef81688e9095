/* What node and platform share when they are watched (net/watch.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "net/watch.h"

static uv_loop_t loop;
static struct cs_watch watch;
static int n_gone;

static void gone(struct cs_watch *w)
{
    assert_ptr_equal(w, &watch);
    n_gone++;
}

static int up(void **state)
{
    (void)state;
    memset(&watch, 0, sizeof watch);
    n_gone = 0;
    return uv_loop_init(&loop);
}

static int down(void **state)
{
    (void)state;
    return uv_loop_close(&loop); /* fails when a handle is open */
}

static void get(void *ctx, const char *path, struct cs_probe_reply *r)
{
    (void)ctx;
    (void)path;
    r->status = 200;
}

/* The timer's time is over before the loop looks. */
static void late(void)
{
    const struct timespec t = {.tv_sec = 1, .tv_nsec = 200 * 1000 * 1000};

    (void)nanosleep(&t, NULL);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
}

static void a_loop_that_is_late_is_seen(void **state)
{
    struct cs_why why;
    struct cs_wr text = {0};

    (void)state;
    assert_int_equal(cs_watch_start(&watch, &loop, "", get, NULL, &why), CS_OK);
    assert_int_equal(cs_watch_port(&watch), 0);
    late();
    cs_watch_write_lag(&text, &watch, "lag_seconds");
    cs_wr_u8(&text, 0);
    assert_non_null(strstr((char *)text.p, "lag_seconds_count 1\n"));
    assert_null(strstr((char *)text.p, "lag_seconds_sum 0.0")); /* 0.2 s and more */
    cs_wr_free(&text);
    cs_watch_end(&watch, gone);
    assert_int_equal(n_gone, 0);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(n_gone, 1);
}

static void with_a_door_both_end(void **state)
{
    struct cs_why why;

    (void)state;
    assert_int_equal(cs_watch_start(&watch, &loop, "127.0.0.1:0", get, NULL, &why),
                     CS_OK);
    assert_true(cs_watch_port(&watch) > 0);
    cs_watch_end(&watch, gone);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(n_gone, 1);
}

static void an_address_that_is_none_opens_nothing(void **state)
{
    struct cs_why why;

    (void)state;
    assert_int_equal(cs_watch_start(&watch, &loop, "0.0.0.0:1", get, NULL, &why),
                     CS_ERR_CONFIG);
    assert_non_null(strstr(why.text, "METRICS_ADDR"));
    cs_watch_end(&watch, gone);
    assert_int_equal(n_gone, 1); /* at once */
}

static void a_door_that_is_taken_is_an_error_and_ends(void **state)
{
    struct cs_why why;

    (void)state;
    assert_int_equal(
        cs_watch_start(&watch, &loop, "unix:/nowhere/there", get, NULL, &why),
        CS_ERR_CONFIG);
    cs_watch_end(&watch, gone);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(n_gone, 1);
}

static void without_figures_of_the_process_nothing_is_said(void **state)
{
    struct cs_os_process *p = cs_os_process_open();
    struct cs_wr text = {0};

    (void)state;
    cs_watch_write_process(&text, NULL);
    assert_int_equal(text.n, 0);
    cs_watch_write_process(&text, p);
    cs_wr_u8(&text, 0);
    assert_non_null(strstr((char *)text.p, "process_resident_memory_bytes "));
    cs_wr_free(&text);
    cs_os_process_close(p);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_loop_that_is_late_is_seen),
        CASE(with_a_door_both_end),
        CASE(an_address_that_is_none_opens_nothing),
        CASE(a_door_that_is_taken_is_an_error_and_ends),
        CASE(without_figures_of_the_process_nothing_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
