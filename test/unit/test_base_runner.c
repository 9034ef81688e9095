/* The order of effects (env.h, DECISIONS 1): a step's batch is durable before any
 * action of it or of a later step; after a failed commit nothing that waits, or that
 * comes later, leaves; commits and actions keep their order.
 *
 * The core is a script: the text of an event says what its step does, one letter each:
 *   b  one batch     s  send        c  close      r  reply      j  job
 *   n  notify        a  answer      k  connect    x  exit
 * Everything the environment is told is appended to a trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/runner.h"
#include "store/kv.h"

enum { TRACE = 512 };

struct world {
    struct cs_runner r;
    char trace[TRACE];
    struct cs_event last;
    uint64_t deadline, armed;
    size_t arms;
    uint64_t durable; /* last number the core was told */
    int jobs_alive;
    bool take_jobs;
    bool commit_at_once; /* an environment that answers inside commit */
    enum cs_err commit_result;
    bool event_inside_act;
    struct cs_action *stuck; /* left by the jump out of act */
};

static struct world *w;

static void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *fmt, ...)
{
    size_t n = strlen(w->trace);
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(w->trace + n, TRACE - n, fmt, ap);
    va_end(ap);
}

/* ---- core
 * ----------------------------------------------------------------------------- */

static void job_free(struct cs_job *job)
{
    w->jobs_alive--;
    cs_free(job);
}

static struct cs_job *job_new(void)
{
    struct cs_job *job = cs_alloc(sizeof *job);

    assert_non_null(job);
    *job = (struct cs_job){.free = job_free};
    w->jobs_alive++;
    return job;
}

static void do_letter(struct cs_step *out, char letter)
{
    const struct cs_span data = CS_SPAN(&letter, 1);

    switch (letter) {
    case 'b':
        out->batch = cs_alloc(sizeof *out->batch);
        assert_non_null(out->batch);
        break;
    case 's':
        cs_emit_send(out, 1, data);
        break;
    case 'c':
        cs_emit_close(out, 1, CS_ERR_TIMEOUT);
        break;
    case 'r':
        cs_emit_reply(out, 1, 200, "text/plain", data);
        break;
    case 'j':
        cs_emit_job(out, job_new());
        break;
    case 'q':
        cs_emit_ask(out, 1, data);
        break;
    case 'l':
        cs_emit_call(out, 1, "https://a.example", "a: b\n", data);
        break;
    case 'n':
        cs_emit_notify(out, "word", data);
        break;
    case 'a':
        cs_emit_answer(out, 1, data);
        break;
    case 'k':
        cs_emit_connect(out, 1, CS_CHANNEL_RELAY, "wss://x");
        break;
    default:
        cs_emit_exit(out, CS_ERR_STORE_IO);
        break;
    }
}

static void core_step(void *self, const struct cs_event *ev, struct cs_step *out)
{
    assert_ptr_equal(self, w);
    w->last = *ev;
    if (ev->type == CS_EV_COMMIT_FAILED) {
        note("failed(%s) ", cs_err_name(ev->err));
        do_letter(out, 's'); /* must not leave */
        do_letter(out, 'x');
        return;
    }
    for (size_t i = 0; i < ev->data.n; i++) {
        do_letter(out, (char)ev->data.p[i]);
    }
}

static uint64_t core_deadline(void *self)
{
    return ((struct world *)self)->deadline;
}

static void core_durable(void *self, uint64_t seq)
{
    ((struct world *)self)->durable = seq;
    note("durable%d ", (int)seq);
}

/* ---- environment
 * ------------------------------------------------------------------------ */

static uint64_t env_now(void *ctx)
{
    (void)ctx;
    return 1234;
}

static int64_t env_wall(void *ctx)
{
    (void)ctx;
    return -5;
}

static void env_arm(void *ctx, uint64_t deadline)
{
    struct world *world = ctx;

    world->armed = deadline;
    world->arms++;
}

static void env_commit(void *ctx, struct cs_kv_batch *batch, uint64_t seq)
{
    struct world *world = ctx;

    note("commit%d ", (int)seq);
    cs_free(batch);
    if (world->commit_at_once) {
        cs_runner_committed(&world->r, seq, world->commit_result);
    }
}

static void env_drop(void *ctx, struct cs_kv_batch *batch)
{
    (void)ctx;
    note("drop ");
    cs_free(batch);
}

static void env_act(void *ctx, struct cs_action *a)
{
    static const char letters[] = "kscrajqlnx"; /* by enum cs_action_type */
    struct world *world = ctx;

    note("%c ", letters[a->type]);
    if (a->job != NULL && world->take_jobs) {
        job_free(a->job);
        a->job = NULL; /* taken */
    }
    if (world->event_inside_act) {
        struct cs_event ev = {.type = CS_EV_TIME};

        world->stuck = a;
        cs_runner_event(&world->r, &ev);
    }
}

static int setup(void **state)
{
    const struct cs_env env = {.now_ms = env_now,
                               .wall_ms = env_wall,
                               .arm = env_arm,
                               .commit = env_commit,
                               .drop_batch = env_drop,
                               .act = env_act};
    struct cs_core core = {
        .step = core_step, .deadline = core_deadline, .durable = core_durable};

    (void)state;
    w = cs_alloc(sizeof *w);
    assert_non_null(w);
    core.self = w;
    cs_runner_init(&w->r, core, env);
    w->r.env.ctx = w;
    return 0;
}

static int teardown(void **state)
{
    int alive;

    (void)state;
    cs_runner_wipe(&w->r);
    alive = w->jobs_alive;
    cs_free(w);
    return alive; /* no job leaks, whatever the case did */
}

static void event(const char *script)
{
    struct cs_event ev = {.type = CS_EV_MESSAGE,
                          .data = CS_SPAN(script, strlen(script))};

    cs_runner_event(&w->r, &ev);
}

static void expect(const char *trace)
{
    assert_string_equal(w->trace, trace);
    w->trace[0] = '\0';
}

static void done(uint64_t seq)
{
    cs_runner_committed(&w->r, seq, CS_OK);
}

/* ---- cases
 * ---------------------------------------------------------------------------------- */

static void actions_without_a_batch_happen_at_once_in_order(void **state)
{
    (void)state;
    event("kscrnajql");
    expect("k s c r n a j q l ");
}

static void a_batch_is_durable_before_the_actions_of_its_step(void **state)
{
    (void)state;
    event("sbr");
    expect("commit1 ");
    assert_int_equal(w->r.n_pending, 1);
    done(1);
    expect("durable1 s r ");
    assert_int_equal(w->r.n_pending, 0);
}

static void actions_of_later_steps_wait_for_earlier_batches(void **state)
{
    (void)state;
    event("bs");
    event("r");  /* no batch of its own */
    event("bc"); /* another */
    event("n");
    expect("commit1 commit2 ");
    assert_int_equal(w->r.n_pending, 4);
    done(1);
    expect("durable1 s r ");
    done(2);
    expect("durable2 c n ");
    event("a");
    expect("a ");
}

static void a_step_with_a_batch_and_nothing_to_do_still_holds_up_the_next(void **state)
{
    (void)state;
    event("b");
    event("s");
    expect("commit1 ");
    done(1);
    expect("durable1 s ");
}

static void an_environment_may_answer_inside_commit(void **state)
{
    (void)state;
    w->commit_at_once = true;
    event("bs");
    event("bc");
    expect("commit1 durable1 s commit2 durable2 c ");
}

static void a_failed_commit_drops_all_that_waits_and_tells_the_core(void **state)
{
    (void)state;
    event("bsj");
    event("rj");
    event("bc");
    assert_int_equal(w->jobs_alive, 2);
    cs_runner_committed(&w->r, 1, CS_ERR_STORE_IO);
    expect("commit1 commit2 failed(STORE_IO) x ");
    assert_int_equal(w->last.type, CS_EV_COMMIT_FAILED);
    assert_int_equal(w->r.failed, CS_ERR_STORE_IO);
    assert_int_equal(w->r.n_pending, 0);
    assert_int_equal(w->jobs_alive, 0);
}

static void earlier_steps_have_acted_when_a_later_commit_fails(void **state)
{
    (void)state;
    event("bs");
    event("bc");
    done(1);
    cs_runner_committed(&w->r, 2, CS_ERR_STORE_FULL);
    expect("commit1 commit2 durable1 s failed(STORE_FULL) x ");
    assert_true(w->r.durable_seq == 1);
}

static void after_a_failure_only_hanging_up_and_exit_are_left(void **state)
{
    (void)state;
    event("b");
    cs_runner_committed(&w->r, 1, CS_ERR_STORE_IO);
    expect("commit1 failed(STORE_IO) x ");
    event("ksrnajcx"); /* memory may be ahead of the store: nothing may be said */
    expect("c x ");
    event("bsjc");
    expect("drop c ");
    assert_int_equal(w->jobs_alive, 0);
    done(1); /* late news change nothing */
    cs_runner_committed(&w->r, 2, CS_ERR_STORE_FULL);
    expect("");
    assert_int_equal(w->r.failed, CS_ERR_STORE_IO);
}

static void a_commit_that_fails_inside_commit_lets_nothing_of_its_step_out(void **state)
{
    (void)state;
    w->commit_at_once = true;
    w->commit_result = CS_ERR_STORE_IO;
    event("bsrj");
    expect("commit1 failed(STORE_IO) x ");
    assert_int_equal(w->jobs_alive, 0);
}

static void the_environment_may_take_a_job(void **state)
{
    (void)state;
    w->take_jobs = true;
    event("jj");
    expect("j j ");
    assert_int_equal(w->jobs_alive, 0);
}

static void events_carry_the_clocks_and_the_timer_follows_the_core(void **state)
{
    (void)state;
    w->deadline = 77;
    event("s");
    assert_true(w->last.now_ms == 1234);
    assert_true(w->last.wall_ms == -5);
    assert_true(w->armed == 77);
    event("b");
    w->deadline = UINT64_MAX;
    w->arms = 0;
    done(1); /* durable() may have moved it */
    assert_true(w->arms > 0 && w->armed == UINT64_MAX);
}

static void wiping_frees_what_waits(void **state)
{
    (void)state;
    event("bsj");
    event("jr");
    cs_runner_wipe(&w->r);
    assert_int_equal(w->jobs_alive, 0);
    assert_int_equal(w->r.n_pending, 0);
    expect("commit1 ");
}

static jmp_buf fatal_jump;

static void jump(const char *file, int line, const char *what)
{
    (void)file;
    (void)line;
    (void)what;
    longjmp(fatal_jump, 1);
}

static bool is_fatal(void (*act)(void))
{
    volatile bool fatal = false;

    cs_fatal_hook = jump;
    if (setjmp(fatal_jump) == 0) {
        act();
    } else {
        fatal = true;
    }
    cs_fatal_hook = NULL;
    return fatal;
}

static void commit_one_again(void)
{
    done(1);
}

static void commit_an_unknown_one(void)
{
    done(9);
}

static void commits_come_once_and_in_order(void **state)
{
    (void)state;
    event("bs");
    done(1);
    assert_true(is_fatal(commit_one_again));
    assert_true(is_fatal(commit_an_unknown_one));
    expect("commit1 durable1 s ");
}

static void close_something(void)
{
    event("c");
}

static void events_from_inside_an_action_are_refused(void **state)
{
    (void)state;
    w->event_inside_act = true;
    assert_true(is_fatal(close_something));
    cs_action_free(w->stuck);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(actions_without_a_batch_happen_at_once_in_order,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_batch_is_durable_before_the_actions_of_its_step, setup, teardown),
        cmocka_unit_test_setup_teardown(actions_of_later_steps_wait_for_earlier_batches,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_step_with_a_batch_and_nothing_to_do_still_holds_up_the_next, setup,
            teardown),
        cmocka_unit_test_setup_teardown(an_environment_may_answer_inside_commit, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_failed_commit_drops_all_that_waits_and_tells_the_core, setup, teardown),
        cmocka_unit_test_setup_teardown(
            earlier_steps_have_acted_when_a_later_commit_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(
            after_a_failure_only_hanging_up_and_exit_are_left, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_commit_that_fails_inside_commit_lets_nothing_of_its_step_out, setup,
            teardown),
        cmocka_unit_test_setup_teardown(the_environment_may_take_a_job, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            events_carry_the_clocks_and_the_timer_follows_the_core, setup, teardown),
        cmocka_unit_test_setup_teardown(wiping_frees_what_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(commits_come_once_and_in_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(events_from_inside_an_action_are_refused, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
