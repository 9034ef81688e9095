/* A core on the real cs_env: order of effects, time, jobs, failures of the store, and
 * the keeper that starts it again. */
#include <pthread.h>

#include "net/keeper.h"
#include "net/local_client.h"
#include "support/net_rig.h"

/* ---- a host of its own, without sockets to strangers ---- */

static struct {
    struct rig r;
    struct cs_host *host;
    struct toy_core core;
    unsigned ready, notified, acted;
    char order[64]; /* letters: what happened when */
} t;

static void note(char c)
{
    size_t n = strlen(t.order);

    if (n + 1 < sizeof t.order) {
        t.order[n] = c;
    }
}

static void on_notify(void *ctx, const char *word, struct cs_span json)
{
    (void)ctx;
    (void)json;
    t.notified++;
    note(word[0]);
}

static void on_ready(void *ctx)
{
    (void)ctx;
    t.ready++;
    note('R');
}

static void put(struct cs_step *out, const char *key)
{
    if (out->batch == NULL) {
        out->batch = cs_kv_batch_new();
    }
    assert_int_equal(
        cs_kv_batch_put(out->batch, 1, CS_SPAN(key, strlen(key)), CS_SPAN_LIT("v")),
        CS_OK);
}

static void open_host(void (*on)(struct toy_core *c, const struct cs_event *ev,
                                 struct cs_step *out))
{
    struct cs_host_config cfg = {
        .n_workers = 1, .exited = rig_exited, .notify = on_notify, .ready = on_ready};
    struct cs_why why = {""};

    memset(&t, 0, sizeof t);
    rig_open(&t.r);
    cfg.loop = &t.r.loop;
    cfg.kv = t.r.kv;
    cfg.ctx = &t.r;
    toy_init(&t.core, on, NULL);
    assert_int_equal(cs_host_new(&t.host, &cfg, &why), CS_OK);
}

static void close_host(void)
{
    cs_host_close(t.host, rig_closed, &t.r);
    rig_until(&t.r, &t.r.n_closed, 1);
    rig_close(&t.r);
}

/* Stores "a" and says A; a later step stores nothing and says B. */
static void order_on(struct toy_core *c, const struct cs_event *ev, struct cs_step *out)
{
    if (ev->type == CS_EV_START) {
        put(out, "a");
        cs_emit_notify(out, "A", CS_SPAN_LIT("{}"));
        c->deadline = ev->now_ms;
    } else if (ev->type == CS_EV_TIME) {
        note('t');
        cs_emit_notify(out, "B", CS_SPAN_LIT("{}"));
    }
}

static void actions_come_after_the_commit_and_ready_after_the_first_step(void **state)
{
    struct cs_wr v = {0};

    (void)state;
    open_host(order_on);
    cs_host_start(t.host, toy_iface(&t.core));
    assert_string_equal(t.order, ""); /* nothing is durable yet */
    rig_until(&t.r, &t.notified, 2);
    rig_until(&t.r, &t.ready, 1);
    assert_int_equal(t.r.kv->ops->get(t.r.kv, 1, CS_SPAN_LIT("a"), &v), CS_OK);
    cs_wr_free(&v);
    assert_true(strchr(t.order, 'A') < strchr(t.order, 'B'));
    assert_true(strchr(t.order, 'A') < strchr(t.order, 'R'));
    close_host();
}

struct job {
    struct cs_job base;
    unsigned *freed;
};

static unsigned freed;

static void job_run(struct cs_job *j)
{
    (void)j;
}

static void job_free(struct cs_job *j)
{
    freed++;
    cs_free(CS_CONTAINER_OF(j, struct job, base));
}

static void job_on(struct toy_core *c, const struct cs_event *ev, struct cs_step *out)
{
    (void)c;
    if (ev->type == CS_EV_START) {
        for (int i = 0; i < 3; i++) {
            struct job *j = cs_alloc(sizeof *j);

            assert_non_null(j);
            j->base.run = job_run;
            j->base.free = job_free;
            cs_emit_job(out, &j->base);
        }
    } else if (ev->type == CS_EV_JOB_DONE) {
        ev->job->free(ev->job);
    }
}

static void jobs_come_back_as_events_and_late_ones_are_freed(void **state)
{
    (void)state;
    freed = 0;
    open_host(job_on);
    cs_host_start(t.host, toy_iface(&t.core));
    rig_until(&t.r, &t.core.n[CS_EV_JOB_DONE], 3);
    close_host();
    assert_int_equal(freed, 3);
    freed = 0;
    open_host(job_on);
    cs_host_start(t.host, toy_iface(&t.core));
    close_host(); /* before the loop has run */
    assert_int_equal(t.core.n[CS_EV_JOB_DONE], 0);
    assert_int_equal(freed, 3);
}

static void exit_on(struct toy_core *c, const struct cs_event *ev, struct cs_step *out)
{
    (void)c;
    if (ev->type == CS_EV_START) {
        put(out, "a");
        cs_emit_notify(out, "A", CS_SPAN_LIT("{}"));
    } else if (ev->type == CS_EV_COMMIT_FAILED) {
        cs_emit_exit(out, ev->err);
    }
}

static void a_failed_commit_lets_nothing_out_but_the_exit(void **state)
{
    (void)state;
    open_host(exit_on);
    cs_kv_mem_fail_commit(t.r.kv, 1, CS_ERR_STORE_IO);
    cs_host_start(t.host, toy_iface(&t.core));
    rig_until(&t.r, &t.r.n_exited, 1);
    assert_int_equal(t.r.exit_err, CS_ERR_STORE_IO);
    assert_int_equal(t.core.n[CS_EV_COMMIT_FAILED], 1);
    assert_int_equal(t.notified, 0);
    close_host();
}

static void stop_is_the_cores_to_answer(void **state)
{
    (void)state;
    open_host(NULL);
    cs_host_start(t.host, toy_iface(&t.core));
    cs_host_stop(t.host);
    assert_int_equal(t.r.n_exited, 0); /* not from inside the step */
    rig_until(&t.r, &t.r.n_exited, 1);
    assert_int_equal(t.r.exit_err, CS_OK);
    close_host();
}

/* ---- questions that the owner of the host takes ---- */

static struct {
    char dir[64];
    struct cs_span text;
    struct cs_wr out;
    enum cs_err err;
    uint64_t taken; /* its id; 0: none */
} q;

static bool on_question(void *ctx, uint64_t id, struct cs_span line)
{
    (void)ctx;
    if (line.n != 4 || memcmp(line.p, "mine", 4) != 0) {
        return false;
    }
    q.taken = id;
    t.acted++;
    return true;
}

static void local_on(struct toy_core *c, const struct cs_event *ev, struct cs_step *out)
{
    (void)c;
    if (ev->type == CS_EV_LOCAL) {
        cs_emit_answer(out, ev->conn, CS_SPAN_LIT("core"));
        t.acted++;
    }
}

static void *asker(void *arg)
{
    struct cs_why why;

    (void)arg;
    q.err = cs_local_ask(&q.out, q.dir, "node.sock", q.text, &why);
    return NULL;
}

static void ask_and_wait(const char *text, const char *answer)
{
    pthread_t thread;

    t.acted = 0;
    q.text = CS_SPAN(text, strlen(text));
    cs_wr_reset(&q.out);
    assert_int_equal(pthread_create(&thread, NULL, asker, NULL), 0);
    rig_until(&t.r, &t.acted, 1);
    if (q.taken != 0) {
        cs_host_answer(t.host, q.taken, CS_SPAN_LIT("owner"));
    }
    for (int i = 0; i < 100; i++) { /* lets the answer out */
        (void)uv_run(&t.r.loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(q.err, CS_OK);
    assert_int_equal(q.out.n, strlen(answer));
    assert_memory_equal(q.out.p, answer, q.out.n);
}

static void the_owner_looks_at_a_question_before_the_core_does(void **state)
{
    struct cs_host_config cfg = {.n_workers = 1,
                                 .exited = rig_exited,
                                 .question = on_question,
                                 .socket_name = "node.sock",
                                 .socket_dir = q.dir};
    struct cs_why why = {""};

    (void)state;
    memset(&t, 0, sizeof t);
    memset(&q, 0, sizeof q);
    rig_open(&t.r);
    (void)snprintf(q.dir, sizeof q.dir, "%s", t.r.dir);
    cfg.loop = &t.r.loop;
    cfg.kv = t.r.kv;
    cfg.ctx = &t.r;
    toy_init(&t.core, local_on, NULL);
    assert_int_equal(cs_host_new(&t.host, &cfg, &why), CS_OK);
    ask_and_wait("mine", "owner"); /* also before the start */
    q.taken = 0;
    cs_host_start(t.host, toy_iface(&t.core));
    ask_and_wait("other", "core");
    ask_and_wait("mine", "owner");
    assert_int_equal(t.core.n[CS_EV_LOCAL], 1);
    cs_wr_free(&q.out);
    close_host();
}

static void a_port_in_use_is_said_and_leaves_nothing(void **state)
{
    struct cs_ws_listen listen;
    struct cs_host_config cfg = {
        .n_workers = 1, .exited = rig_exited, .listen = &listen};
    struct cs_host *second = NULL;
    struct cs_why why = {""};
    struct rig r;

    (void)state;
    rig_open(&r);
    rig_server(&r, NULL, NULL);
    listen = (struct cs_ws_listen){.host = r.host,
                                   .port = cs_host_port(r.server),
                                   .cert_file = r.tls.cert_file,
                                   .key_file = r.tls.key_file};
    cfg.loop = &r.loop;
    cfg.kv = r.kv;
    assert_int_equal(cs_host_new(&second, &cfg, &why), CS_ERR_LISTEN);
    assert_null(second);
    assert_non_null(strstr(why.text, "in use"));
    listen.port = 0;
    listen.cert_file = r.tls.key_file;
    assert_int_equal(cs_host_new(&second, &cfg, &why), CS_ERR_LISTEN);
    rig_close(&r);
}

/* ---- keeper ---- */

static struct {
    struct rig r;
    struct cs_keeper k;
    struct toy_core core;
    unsigned lives, drops, ended, commits, asked;
    char dir[32]; /* "": no local socket */
    enum cs_err err;
    bool refuse_core;
} k;

static enum cs_err prepare(void *ctx, struct cs_host_config *cfg, struct cs_why *why)
{
    (void)ctx;
    (void)why;
    cfg->kv = k.r.kv;
    cfg->n_workers = 1;
    cfg->notify = on_notify;
    cfg->socket_dir = k.dir[0] != '\0' ? k.dir : NULL;
    cfg->socket_name = "k.sock";
    return CS_OK;
}

static enum cs_err give_core(void *ctx, const struct cs_host *host, struct cs_core *out,
                             struct cs_why *why)
{
    (void)ctx;
    (void)host;
    if (k.refuse_core) {
        return cs_why(why, CS_ERR_STORE_CORRUPT, "no");
    }
    k.lives++;
    toy_init(&k.core, exit_on, NULL);
    *out = toy_iface(&k.core);
    return CS_OK;
}

static void drop(void *ctx)
{
    (void)ctx;
    k.drops++;
}

static void ended(void *ctx, enum cs_err err)
{
    (void)ctx;
    k.ended++;
    k.err = err;
}

static void question(void *ctx, struct cs_wr *w, struct cs_span line)
{
    (void)ctx;
    k.asked++;
    cs_wr_str(w, "waits: ");
    cs_wr_span(w, line);
}

static const struct cs_keeper_ops ops = {.prepare = prepare,
                                         .core = give_core,
                                         .drop = drop,
                                         .question = question,
                                         .ended = ended};

static void open_keeper(void)
{
    struct cs_why why;

    memset(&k, 0, sizeof k);
    memset(&t, 0, sizeof t);
    rig_open(&k.r);
    cs_keeper_init(&k.k, &k.r.loop, &ops, NULL);
    k.refuse_core = true;
    assert_int_equal(cs_keeper_start(&k.k, &why), CS_ERR_STORE_CORRUPT);
    assert_int_equal(k.drops, 1);
    k.refuse_core = false;
}

static void start_keeper(void)
{
    struct cs_why why;

    assert_int_equal(cs_keeper_start(&k.k, &why), CS_OK);
}

static void a_full_disk_starts_a_new_core_when_there_is_space(void **state)
{
    (void)state;
    open_keeper();
    cs_kv_mem_set_full(k.r.kv, true);
    start_keeper();
    rig_until(&k.r, &k.drops, 2); /* the first life is over */
    assert_int_equal(k.ended, 0);
    assert_int_equal(t.notified, 0);
    cs_kv_mem_set_full(k.r.kv, false);
    rig_until(&k.r, &t.notified, 1);
    assert_int_equal(k.lives, 2);
    cs_keeper_stop(&k.k);
    cs_keeper_stop(&k.k);
    rig_until(&k.r, &k.ended, 1);
    assert_int_equal(k.err, CS_OK);
    rig_close(&k.r);
}

static void a_failed_sync_ends_it_with_its_own_reason(void **state)
{
    (void)state;
    open_keeper();
    cs_kv_mem_fail_commit(k.r.kv, 1, CS_ERR_STORE_IO);
    start_keeper();
    rig_until(&k.r, &k.ended, 1);
    assert_int_equal(k.err, CS_ERR_STORE_IO);
    assert_int_equal(cs_err_exit(k.err), 74);
    assert_int_equal(k.lives, 1);
    rig_close(&k.r);
}

static void a_stop_while_it_waits_for_space_ends_at_once(void **state)
{
    (void)state;
    open_keeper();
    (void)snprintf(k.dir, sizeof k.dir, "/tmp/cs-keeper-XXXXXX");
    assert_non_null(mkdtemp(k.dir));
    cs_kv_mem_set_full(k.r.kv, true);
    start_keeper();
    rig_until(&k.r, &k.drops, 2);
    cs_keeper_stop(&k.k);
    cs_keeper_abort(&k.k, CS_ERR_OS); /* ending already */
    rig_until(&k.r, &k.ended, 1);
    assert_int_equal(k.err, CS_OK);
    assert_int_equal(rmdir(k.dir), 0);
    rig_close(&k.r);
}

static void *ask_between(void *out)
{
    struct cs_why why;

    return cs_local_ask(out, k.dir, "k.sock", CS_SPAN_LIT("how"), &why) == CS_OK ? out
                                                                                 : NULL;
}

static void a_question_between_two_lives_is_answered(void **state)
{
    struct cs_wr answer = {0};
    void *asked = NULL;
    pthread_t thread;

    (void)state;
    open_keeper();
    (void)snprintf(k.dir, sizeof k.dir, "/tmp/cs-keeper-XXXXXX");
    assert_non_null(mkdtemp(k.dir));
    cs_kv_mem_set_full(k.r.kv, true);
    start_keeper();
    rig_until(&k.r, &k.drops, 2);
    assert_int_equal(pthread_create(&thread, NULL, ask_between, &answer), 0);
    rig_until(&k.r, &k.asked, 1);
    rig_until(&k.r, &k.drops, 3); /* the second life, over as well */
    assert_int_equal(k.lives, 2);
    assert_int_equal(pthread_join(thread, &asked), 0);
    assert_ptr_equal(asked, &answer);
    assert_int_equal(answer.n, 10);
    assert_memory_equal(answer.p, "waits: how", 10);
    cs_wr_free(&answer);
    cs_kv_mem_set_full(k.r.kv, false);
    rig_until(&k.r, &t.notified, 1);
    cs_keeper_stop(&k.k);
    rig_until(&k.r, &k.ended, 1);
    assert_int_equal(rmdir(k.dir), 0); /* the socket is gone */
    rig_close(&k.r);
}

static void an_abort_ends_with_what_it_is_given(void **state)
{
    (void)state;
    open_keeper();
    start_keeper();
    cs_keeper_abort(&k.k, CS_ERR_OS);
    rig_until(&k.r, &k.ended, 1);
    assert_int_equal(k.err, CS_ERR_OS);
    rig_close(&k.r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(actions_come_after_the_commit_and_ready_after_the_first_step),
        cmocka_unit_test(jobs_come_back_as_events_and_late_ones_are_freed),
        cmocka_unit_test(a_failed_commit_lets_nothing_out_but_the_exit),
        cmocka_unit_test(stop_is_the_cores_to_answer),
        cmocka_unit_test(the_owner_looks_at_a_question_before_the_core_does),
        cmocka_unit_test(a_port_in_use_is_said_and_leaves_nothing),
        cmocka_unit_test(a_full_disk_starts_a_new_core_when_there_is_space),
        cmocka_unit_test(a_failed_sync_ends_it_with_its_own_reason),
        cmocka_unit_test(a_stop_while_it_waits_for_space_ends_at_once),
        cmocka_unit_test(a_question_between_two_lives_is_answered),
        cmocka_unit_test(an_abort_ends_with_what_it_is_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
