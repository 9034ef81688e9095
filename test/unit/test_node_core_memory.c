/* Memory that runs out at any moment, and secrets that stay where they belong
 * (RELIABILITY T20, T25, F22; base/env.h: the emitters end the process).
 *
 * A walk from pairing to a signature is repeated in child processes; in each, one
 * allocation of one core step fails.  What may happen: nothing, the node ends its life
 * and is started again, or the process ends at once (cs_fatal).  What may not: a crash,
 * a leak (the ASan build sees both), or a walk that cannot be finished afterwards. */
#include <sys/wait.h>
#include <unistd.h>

#include "node/core/core.h"
#include "support/node_taproot.h"

static struct bed b;
static bool is_taproot; /* the walk makes a Taproot key and signs three inputs */

/* ---- one allocation fails
 * --------------------------------------------------------------- */

enum { END_OK = 0, END_FATAL = 77, END_STUCK = 78, END_WRONG = 79 };

static size_t step_no, fail_step;
static unsigned long fail_nth;
static bool is_armed, has_missed;
static size_t sends_before; /* of the node whose step fails; SIZE_MAX: earlier steps */
static int failing;         /* still wait for the disk, and then speak */

static void before(struct bed *bed, int node)
{
    if (step_no++ == fail_step && fail_nth != 0) {
        is_armed = true;
        failing = node;
        sends_before = bed->node[node].runner.n_pending != 0
                           ? SIZE_MAX
                           : bed->node[node].n_sends + bed->node[node].n_connects;
        cs_mem_fail_at(fail_nth);
    }
}

/* The step is over.  Had it fewer allocations, this finds the countdown running. */
static void after(struct bed *bed)
{
    (void)bed;
    if (is_armed) {
        is_armed = false;
        for (unsigned long i = 0; i < fail_nth && !has_missed; i++) {
            void *p = cs_alloc(1);

            has_missed = p == NULL;
            cs_free(p);
        }
        cs_mem_fail_at(0);
    }
}

static void fatal(const char *file, int line, const char *what)
{
    if (getenv("BED_LOG") != NULL) {
        (void)fprintf(stderr, "fatal %s:%d %s\n", file, line, what);
    }
    _exit(END_FATAL);
}

/* As a supervisor does. */
static bool revive(void)
{
    bool any = false;

    for (int i = 0; i < BED_NODES; i++) {
        if (b.node[i].exited) {
            if (b.node[i].exit_err != CS_ERR_NOMEM || i != failing ||
                (sends_before != SIZE_MAX &&
                 b.node[i].n_sends + b.node[i].n_connects != sends_before)) {
                _exit(END_WRONG); /* the failed step has said something */
            }
            bed_restart(&b, i);
            any = true;
        }
    }
    return any;
}

static void to_all_until_taken(struct cs_ctl_frame *f)
{
    trio_to_all(&b, f);
    (void)revive();
    trio_to_all(&b, f);     /* repeats are harmless */
    bed_advance(&b, 40000); /* reconnects */
    (void)revive();
}

static void join(void)
{
    struct cs_ctl_frame f;

    for (int k = 0; k < 2; k++) {
        trio_join_all(&b);
        (void)revive();
        bed_advance(&b, 40000);
        (void)revive();
    }
    trio_commits(&b, &f);
    to_all_until_taken(&f);
    trio_openings(&b, &f);
    to_all_until_taken(&f);
}

static bool has_key(uint8_t n)
{
    for (int i = 0; i < BED_NODES; i++) {
        const struct cs_ctl_frame *f = bed_last(&b, i, CS_EVT_KEY_ACTIVE);

        if (f == NULL || f->u.key_active.key_id[15] != n) {
            return false;
        }
    }
    return true;
}

static uint8_t make_key(void)
{
    uint8_t n = 0;

    while (n < 3) {
        struct cs_ctl_frame f;

        trio_key_frame(&b, &f, ++n);
        if (is_taproot) {
            tap_key_frame(&b, &f, n);
        }
        trio_to_all(&b, &f);
        (void)revive();
        bed_advance(&b, 240000);
        (void)revive();
        if (has_key(n)) {
            return n;
        }
    }
    return 0;
}

static void send_request(uint8_t n, uint8_t key)
{
    struct cs_ctl_frame f;
    struct cs_wr psbt = {0};

    trio_sign_frame(&b, &f, n, 1, 2, 1);
    if (is_taproot) {
        tap_psbt(&b, &psbt, "0/5", 3);
        tap_sign_frame(&b, &f, n, 1, 2, 1, "0/5", &psbt);
    }
    f.u.sign.key_id[15] = key;
    trio_sign_send(&b, &f);
    cs_wr_free(&psbt);
}

static bool sign(uint8_t key)
{
    for (uint8_t n = 1; n < 4; n++) {
        send_request(n, key);
        (void)revive();
        bed_advance(&b, 40000);
        (void)revive();
        if (bed_count(&b, 0, CS_EVT_SIGN_DONE) != 0) {
            return true;
        }
    }
    return false;
}

static int walk(void)
{
    uint8_t key;
    bool ok;

    bed_init(&b, BED_NODES);
    b.before_step = before;
    b.after_step = after;
    for (int i = 0; i < BED_NODES; i++) {
        bed_start(&b, i);
    }
    (void)revive();
    bed_advance(&b, 40000);
    (void)revive();
    join();
    bed_advance(&b, 40000);
    (void)revive();
    key = make_key();
    ok = key != 0 && sign(key);
    bed_free(&b);
    return ok ? END_OK : END_STUCK;
}

/* What became of the walk in which this allocation fails. */
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
        step_no = 0;
        has_missed = false;
        exit(walk()); /* runs the leak check of an ASan build */
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status)) {
        fail_msg("step %zu, allocation %lu: signal %d", step, nth, WTERMSIG(status));
    }
    return WEXITSTATUS(status);
}

/* A sample over the steps from *first* (in per cent) on, and over all depths;
 * CS_TEST_MEM=all tries every pair. */
static void try_all(size_t first)
{
    bool all = getenv("CS_TEST_MEM") != NULL;
    size_t steps, ends[2] = {0};

    fail_nth = 0;
    step_no = 0;
    assert_int_equal(walk(), END_OK);
    steps = step_no;
    assert_true(steps > 200);
    for (size_t step = steps * first / 100; step < steps;
         step += all ? 1 : 1 + steps / 53) {
        for (unsigned long nth = 1; nth < 60; nth += all ? 1 : 1 + nth / 2) {
            int end = child(step, nth);

            if (end != END_OK && end != END_FATAL) {
                fail_msg("step %zu, allocation %lu: end %d", step, nth, end);
            }
            ends[end == END_FATAL]++;
        }
    }
    assert_true(ends[0] > 0 && ends[1] > 0);
}

static void a_failed_allocation_harms_nothing_that_a_restart_does_not_mend(void **state)
{
    (void)state;
    is_taproot = false;
    try_all(0);
}

static void nor_does_it_harm_a_request_of_three_items(void **state)
{
    (void)state;
    is_taproot = true;
    try_all(70); /* up to the key all is the same */
    is_taproot = false;
}

static void a_start_without_memory_says_so_and_leaves_nothing(void **state)
{
    struct cs_why why;
    unsigned long nth = 0;
    enum cs_err err;

    (void)state;
    bed_init(&b, 1);
    bed_start(&b, 0);
    bed_kill(&b, 0);
    do {
        struct bed_node *a = &b.node[0];
        struct cs_node_core_config cfg = {.kv = a->kv,
                                          .random = bed_random,
                                          .random_ctx = a,
                                          .kek = &a->kek,
                                          .pairing = &a->pairing};
        struct cs_node_core *n = NULL;

        cs_mem_fail_at(++nth);
        err = cs_node_core_new(&n, &cfg, &why);
        cs_mem_fail_at(0);
        if (err != CS_OK) {
            assert_null(n);
            assert_int_equal(err, CS_ERR_NOMEM);
            assert_true(why.text[0] != '\0');
        }
        cs_node_core_free(n);
    } while (err != CS_OK && nth < 1000);
    assert_int_equal(err, CS_OK);
    assert_true(nth > 5);
    bed_start(&b, 0);
    bed_free(&b);
}

/* ---- secrets --------------------------------------------------------------------- */

static bool holds(struct cs_span hay, const void *needle, size_t n)
{
    return memmem(hay.p, hay.n, needle, n) != NULL;
}

/* Raw, hex in both cases, base64 in its three alignments. */
static bool shows(struct cs_span hay, const uint8_t secret[32])
{
    char hex[65];
    uint8_t shifted[34] = {0};

    if (holds(hay, secret, 32) || holds(hay, cs_hex(hex, secret, 32), 64)) {
        return true;
    }
    for (size_t i = 0; hex[i] != '\0'; i++) {
        hex[i] = (char)(hex[i] >= 'a' ? hex[i] - 32 : hex[i]);
    }
    for (size_t k = 0; k < 3; k++) {
        struct cs_wr w = {0};
        bool found;

        memcpy(shifted + k, secret, 32);
        cs_wr_b64(&w, CS_SPAN(shifted, 32 + k));
        found = holds(hay, w.p + 4, 36); /* the middle: no bits of neighbours in it */
        cs_wr_free(&w);
        if (found) {
            return true;
        }
    }
    return holds(hay, hex, 64);
}

static enum cs_err scan_one(void *ctx, uint8_t table, struct cs_span key,
                            struct cs_span value)
{
    const uint8_t *secret = ctx;

    (void)table;
    return shows(key, secret) || shows(value, secret) ? CS_ERR_EXISTS : CS_OK;
}

static void stays_at_home(const char *what, const uint8_t secret[32])
{
    if (shows(cs_wr_get(&b.said), secret) || shows(cs_wr_get(&b.sent), secret)) {
        fail_msg("%s is in a log, notify, status, answer or frame", what);
    }
    for (int i = 0; i < BED_NODES; i++) {
        uint8_t copy[32];

        memcpy(copy, secret, 32);
        if (b.node[i].kv->ops->scan(b.node[i].kv, scan_one, copy) != CS_OK) {
            fail_msg("%s is readable in a store", what);
        }
    }
}

static void no_secret_is_in_logs_notifies_status_frames_or_stores(void **state)
{
    uint8_t key_id[16], pub[32];

    (void)state;
    bed_init(&b, BED_NODES);
    b.keep_sent = true;
    for (int i = 0; i < BED_NODES; i++) {
        bed_start(&b, i);
    }
    join();
    trio_key(&b);
    trio_sign(&b, 1, 1, 2, 1);
    trio_sign(&b, 2, 1, 3, 3);
    bed_advance(&b, 30000);
    memcpy(key_id, trio_key_id, 16);
    key_id[15] = 1;
    for (int i = 0; i < BED_NODES; i++) {
        struct bed_node *a = &b.node[i];
        enum cs_err err;
        struct cached_key *c;

        (void)bed_ask(&b, i, "{\"cmd\":\"status\"}");
        c = cs_nd_key_load(a->core, key_id, &err);
        assert_non_null(c);
        stays_at_home("a share", c->key->x.s.b);
        stays_at_home("an identity seed", a->core->id->ik_seed);
        stays_at_home("an X25519 key", a->core->id->sk_priv);
        stays_at_home("a local secret", a->core->id->local);
        stays_at_home("an encryption key", a->kek.key);
        stays_at_home("a pairing seed", a->pairing.seed);
        assert_null(a->core->pairing_seed); /* used, and gone */
    }
    trio_public(&b, pub); /* the scan does find what is there */
    assert_true(shows(cs_wr_get(&b.sent), pub));
    assert_true(shows(cs_wr_get(&b.said), b.node[0].core->fingerprint));
    bed_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_secret_is_in_logs_notifies_status_frames_or_stores),
        cmocka_unit_test(a_start_without_memory_says_so_and_leaves_nothing),
        cmocka_unit_test(
            a_failed_allocation_harms_nothing_that_a_restart_does_not_mend),
        cmocka_unit_test(nor_does_it_harm_a_request_of_three_items), /* last: forks */
    };

    cmocka_set_test_filter(getenv("CASE"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
