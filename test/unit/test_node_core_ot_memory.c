/* Memory that runs out while OT setups are made (as test_node_core_memory.c does for
 * the rest): nothing happens, the node ends its life and is started again, or the
 * process ends at once; never a crash or a leak, and the setups come up afterwards. */
#include <sys/wait.h>
#include <unistd.h>

#include "support/node_ot.h"

static struct bed b;

enum { END_OK = 0, END_FATAL = 77, END_STUCK = 78, END_WRONG = 79 };

static bool is_counting, is_armed;
static size_t step_no, fail_step;
static unsigned long fail_nth;

static void before(struct bed *bed, int node)
{
    (void)bed;
    (void)node;
    if (is_counting && step_no++ == fail_step && fail_nth != 0) {
        is_armed = true;
        cs_mem_fail_at(fail_nth);
    }
}

static void after(struct bed *bed)
{
    (void)bed;
    if (is_armed) {
        is_armed = false;
        cs_mem_fail_at(0);
    }
}

static void fatal(const char *file, int line, const char *what)
{
    (void)file;
    (void)line;
    (void)what;
    _exit(END_FATAL);
}

static void revive(void)
{
    for (int i = 0; i < BED_NODES; i++) {
        if (b.node[i].exited) {
            if (b.node[i].exit_err != CS_ERR_NOMEM) {
                _exit(END_WRONG);
            }
            bed_restart(&b, i);
        }
    }
}

static int walk(void)
{
    bool ok = true;

    trio_up(&b);
    b.before_step = before;
    b.after_step = after;
    is_counting = true;
    step_no = 0;
    ot_key(&b, 1);
    bed_advance(&b, 3000);
    is_counting = false;
    after(&b);
    revive();
    bed_advance(&b, 40000);
    ot_key(&b, 2); /* for a node that did not take the first */
    bed_advance(&b, 300000);
    revive();
    for (int i = 0; i < BED_NODES; i++) {
        ok = ok && (i == 0 || ot_state(&b, 0, i) == CS_OT_TESTED) &&
             (i == 1 || ot_state(&b, 1, i) == CS_OT_TESTED);
    }
    bed_free(&b);
    return ok ? END_OK : END_STUCK;
}

static int child(size_t step, unsigned long nth)
{
    int status = 0;
    pid_t pid;

    (void)fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        cs_fatal_hook = fatal;
        fail_step = step;
        fail_nth = nth;
        exit(walk()); /* runs the leak check of an ASan build */
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status)) {
        fail_msg("step %zu, allocation %lu: signal %d", step, nth, WTERMSIG(status));
    }
    return WEXITSTATUS(status);
}

/* A sample; CS_TEST_MEM=all tries every pair. */
static void a_failed_allocation_leaves_setups_that_come_up(void **state)
{
    bool all = getenv("CS_TEST_MEM") != NULL;
    size_t steps, ends[2] = {0};

    (void)state;
    fail_nth = 0;
    assert_int_equal(walk(), END_OK);
    steps = step_no;
    assert_true(steps > 50);
    for (size_t step = 0; step < steps; step += all ? 1 : 1 + steps / 7) {
        for (unsigned long nth = 1; nth < 30; nth += all ? 1 : 1 + nth) {
            int end = child(step, nth);

            if (end != END_OK && end != END_FATAL) {
                fail_msg("step %zu, allocation %lu: end %d", step, nth, end);
            }
            ends[end == END_FATAL]++;
        }
    }
    assert_true(ends[0] > 0 && ends[1] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_allocation_leaves_setups_that_come_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
