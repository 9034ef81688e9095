/* Workers and the commit thread: order, grouping, failure, and an end at any moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "net/committer.h"
#include "net/worker.h"
#include "store/kv_mem.h"

static struct {
    uv_loop_t loop;
    unsigned closed;
    atomic_uint ran, freed, thread_ends;
    unsigned done;
    uv_sem_t gate; /* jobs and commits that wait for the test */
} t;

static void setup_loop(void)
{
    assert_int_equal(uv_loop_init(&t.loop), 0);
    assert_int_equal(uv_sem_init(&t.gate, 0), 0);
    t.closed = t.done = 0;
    atomic_store(&t.ran, 0);
    atomic_store(&t.freed, 0);
    atomic_store(&t.thread_ends, 0);
}

static void end_loop(void)
{
    assert_int_equal(uv_run(&t.loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(t.closed, 1);
    assert_int_equal(uv_loop_close(&t.loop), 0);
    uv_sem_destroy(&t.gate);
}

static void on_closed(void *ctx)
{
    (void)ctx;
    t.closed++;
}

/* ---- workers ---- */

struct job {
    struct cs_job base;
    bool waits;
};

static void job_run(struct cs_job *j)
{
    if (CS_CONTAINER_OF(j, struct job, base)->waits) {
        uv_sem_wait(&t.gate);
    }
    atomic_fetch_add(&t.ran, 1);
}

static void job_free(struct cs_job *j)
{
    atomic_fetch_add(&t.freed, 1);
    cs_free(CS_CONTAINER_OF(j, struct job, base));
}

static struct cs_job *job(bool waits)
{
    struct job *j = cs_alloc(sizeof *j);

    assert_non_null(j);
    j->base.run = job_run;
    j->base.free = job_free;
    j->waits = waits;
    return &j->base;
}

static void job_done(void *ctx, struct cs_job *j)
{
    (void)ctx;
    t.done++;
    j->free(j);
}

static void thread_end(void)
{
    atomic_fetch_add(&t.thread_ends, 1);
}

static struct cs_workers *workers(unsigned n, size_t max)
{
    struct cs_workers_config cfg = {.loop = &t.loop,
                                    .n_threads = n,
                                    .max_waiting = max,
                                    .thread_end = thread_end,
                                    .done = job_done};
    struct cs_workers *w = NULL;

    assert_int_equal(cs_workers_new(&w, &cfg), CS_OK);
    return w;
}

static void every_job_comes_back_on_the_loop(void **state)
{
    struct cs_workers *w;

    (void)state;
    setup_loop();
    w = workers(3, 0);
    for (int i = 0; i < 500; i++) {
        cs_workers_run(w, job(false));
    }
    while (t.done < 500) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
    cs_workers_close(w, on_closed, NULL);
    end_loop();
    assert_int_equal(atomic_load(&t.freed), 500);
    assert_int_equal(atomic_load(&t.thread_ends), 3);
}

static void a_full_queue_makes_the_loop_run_the_job(void **state)
{
    struct cs_workers *w;

    (void)state;
    setup_loop();
    w = workers(1, 1);
    cs_workers_run(w, job(true)); /* held by the worker, or waiting */
    for (int i = 0; i < 5; i++) {
        cs_workers_run(w, job(false));
    }
    assert_true(atomic_load(&t.ran) >= 3); /* all but one held and one or two waiting */
    assert_int_equal(t.done, 0);           /* never from inside run */
    uv_sem_post(&t.gate);
    while (t.done < 6) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
    cs_workers_close(w, on_closed, NULL);
    end_loop();
}

static void results_after_the_end_are_freed_and_told_to_nobody(void **state)
{
    struct cs_workers *w;

    (void)state;
    setup_loop();
    w = workers(2, 0);
    for (int i = 0; i < 20; i++) {
        cs_workers_run(w, job(true));
    }
    cs_workers_close(w, on_closed, NULL);
    for (int i = 0; i < 20; i++) {
        uv_sem_post(&t.gate); /* the running ones end only now */
    }
    end_loop();
    assert_int_equal(t.done, 0);
    assert_int_equal(atomic_load(&t.freed), 20);
}

/* ---- commit thread ---- */

/* A store that waits for the test before each commit. */
struct slow_kv {
    struct cs_kv kv;
    unsigned commits, ops[64];
    enum cs_err err; /* of the next commits */
};

static enum cs_err slow_commit(struct cs_kv *kv, const struct cs_kv_batch *b)
{
    struct slow_kv *s = CS_CONTAINER_OF(kv, struct slow_kv, kv);

    uv_sem_wait(&t.gate);
    s->ops[s->commits++] = (unsigned)b->n_ops;
    return s->err;
}

static const struct cs_kv_ops slow_ops = {.commit = slow_commit};

static struct {
    uint64_t seq[64];
    enum cs_err err[64];
    unsigned n;
} told;

static void committed(void *ctx, uint64_t seq, enum cs_err err)
{
    (void)ctx;
    told.seq[told.n] = seq;
    told.err[told.n++] = err;
}

static struct cs_kv_batch *batch(unsigned ops)
{
    struct cs_kv_batch *b = cs_kv_batch_new();

    assert_non_null(b);
    for (unsigned i = 0; i < ops; i++) {
        uint8_t key = (uint8_t)i;

        assert_int_equal(cs_kv_batch_put(b, 1, CS_SPAN(&key, 1), CS_SPAN(&key, 1)),
                         CS_OK);
    }
    return b;
}

static struct cs_committer *committer(struct slow_kv *s)
{
    struct cs_committer_config cfg = {.loop = &t.loop, .kv = &s->kv, .done = committed};
    struct cs_committer *c = NULL;

    s->kv.ops = &slow_ops;
    told.n = 0;
    assert_int_equal(cs_committer_new(&c, &cfg), CS_OK);
    return c;
}

static void wait_told(unsigned n)
{
    while (told.n < n) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
}

static void what_waits_becomes_one_commit_and_results_keep_the_order(void **state)
{
    struct slow_kv s = {.err = CS_OK};
    struct cs_committer *c;
    unsigned ops = 0;

    (void)state;
    setup_loop();
    c = committer(&s);
    for (unsigned i = 1; i <= 10; i++) {
        cs_committer_add(c, batch(i), i);
    }
    uv_sem_post(&t.gate); /* the first commit: one batch or more */
    uv_sem_post(&t.gate); /* the second: all the others */
    wait_told(10);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(told.seq[i], i + 1);
        assert_int_equal(told.err[i], CS_OK);
    }
    assert_true(s.commits <= 2);
    for (unsigned i = 0; i < s.commits; i++) {
        ops += s.ops[i];
    }
    assert_int_equal(ops, 55);
    cs_committer_close(c, on_closed, NULL);
    end_loop();
}

static void after_a_failure_nothing_is_written(void **state)
{
    struct slow_kv s = {.err = CS_ERR_STORE_FULL};
    struct cs_committer *c;

    (void)state;
    setup_loop();
    c = committer(&s);
    cs_committer_add(c, batch(1), 1);
    uv_sem_post(&t.gate);
    wait_told(1);
    s.err = CS_OK; /* there is space again, but 2 was made on top of 1 */
    cs_committer_add(c, batch(1), 2);
    wait_told(2);
    assert_int_equal(told.err[0], CS_ERR_STORE_FULL);
    assert_int_equal(told.err[1], CS_ERR_STORE_FULL);
    assert_int_equal(s.commits, 1);
    cs_committer_close(c, on_closed, NULL);
    end_loop();
}

static void what_was_added_before_the_end_is_still_committed(void **state)
{
    struct slow_kv s = {.err = CS_OK};
    struct cs_committer *c;

    (void)state;
    setup_loop();
    c = committer(&s);
    cs_committer_add(c, batch(3), 1);
    cs_committer_add(c, batch(4), 2);
    cs_committer_close(c, on_closed, NULL);
    uv_sem_post(&t.gate);
    uv_sem_post(&t.gate);
    end_loop();
    assert_int_equal(told.n, 0);
    assert_int_equal(s.ops[0] + s.ops[1], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_comes_back_on_the_loop),
        cmocka_unit_test(a_full_queue_makes_the_loop_run_the_job),
        cmocka_unit_test(results_after_the_end_are_freed_and_told_to_nobody),
        cmocka_unit_test(what_waits_becomes_one_commit_and_results_keep_the_order),
        cmocka_unit_test(after_a_failure_nothing_is_written),
        cmocka_unit_test(what_was_added_before_the_end_is_still_committed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
