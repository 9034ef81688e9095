/* What a libwebsockets context leaves behind: nothing, whichever version. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/eventfd.h>

#include "net/lws_end.h"
#include "support/net_rig.h"

static unsigned descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        n++;
    }
    (void)closedir(dir);
    return n;
}

static void quiet_on(struct toy_core *t, const struct cs_event *ev, struct cs_step *out)
{
    (void)t;
    (void)ev;
    (void)out;
}

/* Two contexts on one loop, each with a descriptor of its own. */
static void server_and_client(void)
{
    struct rig r;

    rig_open(&r);
    rig_server(&r, NULL, quiet_on);
    rig_client(&r, cs_wr_get(&r.tls.ca_der), NULL, quiet_on);
    for (int i = 0; i < 4; i++) {
        (void)uv_run(&r.loop, UV_RUN_NOWAIT);
    }
    rig_close(&r);
}

static void no_descriptor_stays_open(void **state)
{
    unsigned before;

    (void)state;
    server_and_client(); /* what exists once a process is there now */
    before = descriptors();
    server_and_client();
    server_and_client();
    assert_int_equal(descriptors(), before);
}

static void end(struct cs_lws_end *e)
{
    struct lws_context *none = NULL;
    uv_loop_t loop;

    assert_int_equal(uv_loop_init(&loop), 0);
    while (!cs_lws_end_turn(e, &loop, &none)) {
    }
    assert_int_equal(uv_loop_close(&loop), 0);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void what_the_library_leaves_open_is_closed(void **state)
{
    unsigned before = descriptors();
    struct cs_lws_end e = {.has_wake = true, .wake = eventfd(0, EFD_CLOEXEC)};

    (void)state;
    cs_lws_end_begin(&e, NULL);
    assert_true(is_open(e.wake));
    end(&e);
    assert_false(is_open(e.wake));
    assert_int_equal(descriptors(), before);
}

/* The library has closed it, and another thread has opened something since: another
 * eventfd, even, and it has the same number. */
static void a_number_that_somebody_else_has_now_stays_open(void **state)
{
    unsigned before = descriptors();
    struct cs_lws_end e = {.has_wake = true, .wake = eventfd(0, EFD_CLOEXEC)};
    int other = eventfd(0, EFD_CLOEXEC);

    (void)state;
    cs_lws_end_begin(&e, NULL);
    assert_int_equal(dup2(other, e.wake), e.wake);
    end(&e);
    assert_true(is_open(e.wake));
    assert_int_equal(close(e.wake), 0);
    assert_int_equal(close(other), 0);
    assert_int_equal(descriptors(), before);
}

static void a_closed_one_is_left_alone(void **state)
{
    unsigned before = descriptors();
    struct cs_lws_end e = {.has_wake = true, .wake = eventfd(0, EFD_CLOEXEC)};

    (void)state;
    cs_lws_end_begin(&e, NULL);
    assert_int_equal(close(e.wake), 0);
    end(&e);
    assert_int_equal(descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_descriptor_stays_open),
        cmocka_unit_test(what_the_library_leaves_open_is_closed),
        cmocka_unit_test(a_number_that_somebody_else_has_now_stays_open),
        cmocka_unit_test(a_closed_one_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
