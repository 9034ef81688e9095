/* Memory that runs out at any moment of an ECDSA signature: in child processes, one
 * allocation of one core step fails (as test_node_core_memory.c has it).  What may
 * happen: the attempt fails, the node ends its life and is started again, or the
 * process ends at once.  What may not: a crash, a leak (the ASan build sees both),
 * somebody blamed, a nonce used twice, or a request that cannot be signed afterwards.
 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <sys/wait.h>
#include <unistd.h>

#include "node/core/ecdsa.h"
#include "support/node_ecdsa.h"

static struct bed b;

enum { END_OK = 0, END_FATAL = 77, END_STUCK = 78, END_BLAMED = 79 };

static size_t step_no, fail_step;
static unsigned long fail_nth;
static bool is_armed;

static void before(struct bed *bed, int node)
{
    (void)bed;
    (void)node;
    if (step_no++ == fail_step && fail_nth != 0) {
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
            bed_restart(&b, i);
        }
    }
}

static bool is_blamed(void)
{
    bool any = false;

    for (int i = 0; i < 2; i++) {
        const struct peer *p = &b.node[i].core->quorums[0]->peers[2 - i];

        any = any || p->rec.blames != 0 || p->device->quarantined;
    }
    return any;
}

static int walk(void)
{
    struct cs_ctl_frame f;

    step_no = 0;
    b.before_step = before;
    b.after_step = after;
    ec_sign_frame(&b, &f, 1, 1, 2, 1);
    for (uint32_t attempt = 1; attempt <= 3 && bed_count(&b, 0, CS_EVT_SIGN_DONE) == 0;
         attempt++) {
        f.u.sign.attempt = attempt;
        trio_sign_send(&b, &f);
        revive();
        bed_advance(&b, 16000);
        revive();
        bed_advance(&b, 30000); /* links and setups of a new life */
        revive();
    }
    if (bed_count(&b, 0, CS_EVT_SIGN_DONE) == 0) {
        return END_STUCK;
    }
    ec_check_done(&b, 0, 1, &f);
    (void)ec_nonces(&b);
    return is_blamed() ? END_BLAMED : END_OK;
}

static int child(size_t step, unsigned long nth)
{
    int status = 0;
    pid_t pid;

    (void)fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int end;

        cs_fatal_hook = fatal;
        fail_step = step;
        fail_nth = nth;
        end = walk();
        bed_free(&b);
        exit(end); /* runs the leak check of an ASan build */
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status)) {
        fail_msg("step %zu, allocation %lu: signal %d", step, nth, WTERMSIG(status));
    }
    return WEXITSTATUS(status);
}

/* Of a signature, in a world of its own. */
static size_t count_steps(void)
{
    size_t steps;

    fail_nth = 0;
    step_no = 0;
    b.before_step = before;
    ec_sign(&b, 1, 1, 2, 1);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    steps = step_no;
    bed_free(&b);
    ec_up(&b, "ETHEREUM");
    return steps;
}

static void a_failed_allocation_harms_no_signature(void **state)
{
    size_t steps, ends[2] = {0};

    (void)state;
    steps = count_steps();
    assert_true(steps > 15);
    for (size_t step = 0; step < steps; step++) {
        for (unsigned long nth = 1; nth < 40; nth += 1 + nth / 4) {
            int end = child(step, nth);

            if (end != END_OK && end != END_FATAL) {
                fail_msg("step %zu, allocation %lu: end %d", step, nth, end);
            }
            ends[end == END_FATAL]++;
        }
    }
    assert_true(ends[0] > 0);
    print_message("%zu walks ended well, %zu at once\n", ends[0], ends[1]);
}

static int up(void **state)
{
    (void)state;
    ec_up(&b, "ETHEREUM");
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_failed_allocation_harms_no_signature, up,
                                        down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
