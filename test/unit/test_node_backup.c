/* A running node's store copied through a FIFO, whatever the reader does; and a stopped
 * one's, asked without a start. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/wr.h"
#include "node/stopped.h"
#include "store/lmdb/kv_lmdb.h"
#include "support/lone_node.h"

enum { SMALL_PIPE = 4096, TURNS = 3000 };

static struct {
    char answer[8192];
    bool answered;
    char fifo[128], name[64];
    int fd;
} c;

/* ---- questions to the running node ----------------------------------------------- */

static void on_answer(void *ctx, const char *json, size_t n)
{
    (void)ctx;
    (void)snprintf(c.answer, sizeof c.answer, "%.*s", (int)n, json);
    c.answered = true;
}

static const char *ask(cs_node *n, const char *question)
{
    c.answered = false;
    assert_int_equal(cs_node_ask(n, question, strlen(question), on_answer, NULL), 0);
    for (int i = 0; i < 10 * TURNS && !c.answered; i++) {
        (void)uv_run(&t.loop, UV_RUN_NOWAIT);
        (void)usleep(i < 50 ? 0 : 1000); /* what comes before it waits for the disk */
    }
    assert_true(c.answered);
    return c.answer;
}

static void says(const char *text, const char *word)
{
    if (strstr(text, word) == NULL) {
        fail_msg("no %s in: %s", word, text);
    }
}

static const char *copy_to(cs_node *n, const char *name)
{
    char question[160];

    (void)snprintf(question, sizeof question,
                   "{\"cmd\":\"store.copy\",\"fifo\":\"%s\"}", name);
    return ask(n, question);
}

static void pause_a_bit(void)
{
    (void)usleep(5000);
}

static void until_state(cs_node *n, const char *state)
{
    char word[64];

    (void)snprintf(word, sizeof word, "\"state\":\"%s\"", state);
    for (int i = 0; i < TURNS; i++) {
        if (strstr(ask(n, "{\"cmd\":\"store.copy.state\"}"), word) != NULL) {
            return;
        }
        pause_a_bit();
    }
    fail_msg("never %s: %s", state, c.answer);
}

static cs_node *running(void)
{
    struct cs_node_config cfg = config();
    cs_node *n;

    memset(&c, 0, sizeof c);
    c.fd = -1;
    assert_int_equal(make_node(&n, &cfg), 0);
    assert_int_equal(cs_node_start(n, t.message, sizeof t.message), 0);
    return n;
}

static void end(cs_node *n)
{
    cs_node_stop(n);
    run_until_stopped(1);
    cs_node_free(n);
}

/* A reader whose pipe holds less than a store. */
static void open_fifo(const char *name)
{
    (void)snprintf(c.fifo, sizeof c.fifo, "%s/%s", t.dir, name);
    assert_int_equal(mkfifo(c.fifo, 0600), 0);
    c.fd = open(c.fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(c.fd >= 0);
    assert_true(fcntl(c.fd, F_SETPIPE_SZ, SMALL_PIPE) >= 0);
}

/* ---- the copy
 * ------------------------------------------------------------------------ */

static void receive(cs_node *n, const char *path)
{
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char buf[4096];
    bool done = false;
    ssize_t got = 0;

    assert_true(out >= 0);
    for (int i = 0; i < TURNS && !(done && got == 0); i++) {
        done = done || strstr(ask(n, "{\"cmd\":\"store.copy.state\"}"),
                              "\"state\":\"DONE\"") != NULL;
        while ((got = read(c.fd, buf, sizeof buf)) > 0) {
            assert_int_equal(write(out, buf, (size_t)got), got);
        }
        assert_true(got == 0 || errno == EAGAIN);
        pause_a_bit();
    }
    assert_true(done && got == 0);
    assert_int_equal(close(out), 0);
}

static void a_running_nodes_store_is_copied(void **state)
{
    struct cs_node_config cfg = config();
    struct cs_why why = {""};
    struct cs_stopped *s;
    struct cs_wr w = {0};
    char path[128];
    cs_node *n = running();

    (void)state;
    says(ask(n, "{\"cmd\":\"store.copy.state\"}"), "NONE");
    open_fifo("copy-0a");
    says(copy_to(n, "copy-0a"), "\"ok\":true");
    says(copy_to(n, "copy-0a"), "LIMIT"); /* one at a time */
    (void)snprintf(path, sizeof path, "%s/copied", t.dir);
    receive(n, path);
    (void)close(c.fd);
    if (cs_stopped_open_copy(&s, path, &cfg, &why) != CS_OK) {
        fail_msg("%s", why.text);
    }
    assert_int_equal(cs_stopped_ask(s,
                                    CS_SPAN_LIT("{\"cmd\":\"store.check\","
                                                "\"begin\":true}"),
                                    &w),
                     CS_OK);
    cs_wr_u8(&w, 0);
    says((const char *)w.p, "\"done\":true");
    cs_wr_reset(&w);
    /* what would change it */
    assert_int_equal(cs_stopped_ask(s, CS_SPAN_LIT("{\"cmd\":\"store.restored\"}"), &w),
                     CS_ERR_STATE);
    cs_wr_free(&w);
    cs_stopped_close(s);
    end(n);
}

static void names_that_are_no_pipe_of_the_tool_are_refused(void **state)
{
    static const char *const bad[] = {
        "copy-",    "copy-G1",   "../copy-0a",
        "data.mdb", "copy-0a/b", "copy-000000000000000000000000000000000"};
    cs_node *n = running();
    char path[128], other[128];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        says(copy_to(n, bad[i]), "BAD_FORMAT");
    }
    says(ask(n, "{\"cmd\":\"store.copy\"}"), "BAD_FORMAT");
    says(copy_to(n, "copy-01"), "\"ok\":true"); /* is not there */
    until_state(n, "FAILED");
    says(c.answer, "E_CONN");
    (void)snprintf(path, sizeof path, "%s/copy-02", t.dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    says(copy_to(n, "copy-02"), "\"ok\":true"); /* nobody reads */
    until_state(n, "FAILED");
    (void)snprintf(path, sizeof path, "%s/copy-03", t.dir);
    assert_int_equal(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
    says(copy_to(n, "copy-03"), "\"ok\":true"); /* a file */
    until_state(n, "FAILED");
    says(c.answer, "USAGE");
    open_fifo("copy-05"); /* a link to one that would do */
    (void)snprintf(other, sizeof other, "%s/copy-04", t.dir);
    assert_int_equal(symlink(c.fifo, other), 0);
    says(copy_to(n, "copy-04"), "\"ok\":true");
    until_state(n, "FAILED");
    says(c.answer, "\"reason\":\"OS\"");
    (void)close(c.fd);
    end(n);
}

static void a_reader_that_leaves_ends_it_and_the_next_one_works(void **state)
{
    cs_node *n = running();
    char byte;

    (void)state;
    assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR); /* as an embedder may have it */
    open_fifo("copy-0b");
    says(copy_to(n, "copy-0b"), "\"ok\":true");
    while (read(c.fd, &byte, 1) != 1) {
        pause_a_bit();
    }
    assert_int_equal(close(c.fd), 0);
    until_state(n, "FAILED");
    says(c.answer, "E_CONN");
    open_fifo("copy-0c");
    says(copy_to(n, "copy-0c"), "\"ok\":true");
    receive(n, "/dev/null");
    (void)close(c.fd);
    end(n);
}

static void a_node_that_stops_does_not_wait_for_a_reader(void **state)
{
    cs_node *n = running();

    (void)state;
    open_fifo("copy-0d");
    says(copy_to(n, "copy-0d"), "\"ok\":true"); /* nobody takes anything */
    end(n);
    (void)close(c.fd);
}

/* ---- a stopped node -------------------------------------------------------------- */

static void stopped_says(struct cs_stopped *s, const char *question, const char *word)
{
    struct cs_wr w = {0};

    assert_int_equal(cs_stopped_ask(s, CS_SPAN(question, strlen(question)), &w), CS_OK);
    cs_wr_u8(&w, 0);
    says((const char *)w.p, word);
    cs_wr_free(&w);
}

static void a_stopped_nodes_store_answers_without_a_start(void **state)
{
    struct cs_node_config cfg = config();
    struct cs_why why = {""};
    struct cs_stopped *s;
    cs_node *n = running();

    (void)state;
    assert_int_equal(cs_stopped_open(&s, &cfg, &why), CS_ERR_STORE_LOCKED);
    says(ask(n, "{\"cmd\":\"store.restored\"}"), "STATE"); /* it runs */
    says(ask(n, "{\"cmd\":\"status\"}"), "\"bootCounter\":\"1\"");
    end(n);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cs_stopped_open(&s, &cfg, &why), CS_OK);
        stopped_says(s, "{\"cmd\":\"status\"}", "\"restoreTime\":0");
        cs_stopped_close(s);
    }
    t.stopped = 0;
    n = running();
    says(ask(n, "{\"cmd\":\"status\"}"), "\"bootCounter\":\"2\"");
    end(n);
}

static void a_restored_store_begins_its_boot_counter_anew(void **state)
{
    struct cs_node_config cfg = config();
    struct cs_why why = {""};
    struct cs_stopped *s;
    cs_node *n;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        t.stopped = 0;
        end(running());
    }
    assert_int_equal(cs_stopped_open(&s, &cfg, &why), CS_OK);
    stopped_says(s, "{\"cmd\":\"store.restored\"}", "\"ok\":true");
    cs_stopped_close(s);
    t.stopped = 0;
    n = running();
    says(ask(n, "{\"cmd\":\"status\"}"), "\"bootCounter\":\"1\"");
    assert_null(strstr(c.answer, "\"restoreTime\":0"));
    end(n);
}

static void what_does_not_open_is_said(void **state)
{
    struct cs_node_config cfg = config();
    struct cs_why why = {""};
    struct cs_wr w = {0};
    struct cs_stopped *s;
    char file[64];

    (void)state;
    assert_int_equal(cs_stopped_open(&s, &cfg, &why), CS_ERR_NOT_FOUND);
    (void)snprintf(file, sizeof file, "%s/data.mdb", cfg.data_dir);
    assert_int_equal(access(file, F_OK), -1); /* nothing was made there */
    cfg.data_dir = file;
    assert_int_equal(cs_stopped_open(&s, &cfg, &why), CS_ERR_CONFIG);
    cfg.data_dir = t.dir;
    end(running());
    cfg.db_key_hex = "10112233445566778899aabbccddeeff"
                     "0123456789abcdef0123456789abcdef";
    assert_int_equal(cs_stopped_open(&s, &cfg, &why), CS_ERR_STORE_KEY);
    cfg.db_key_hex = NULL; /* only the kv */
    assert_int_equal(cs_stopped_open(&s, &cfg, &why), CS_OK);
    assert_non_null(cs_stopped_kv(s));
    assert_int_equal(cs_stopped_ask(s, CS_SPAN_LIT("{\"cmd\":\"status\"}"), &w),
                     CS_ERR_STATE);
    cs_stopped_close(s);
    cfg.db_key_ref = "arn:aws:s3:eu-west-1:111122223333:key/none";
    assert_int_equal(cs_stopped_open(&s, &cfg, &why), CS_ERR_CONFIG);
    cfg.db_key_ref = "arn:aws:kms:eu-west-1:111122223333:key/"
                     "11111111-1111-1111-1111-111111111111";
    assert_int_equal(cs_stopped_open(&s, &cfg, &why), CS_ERR_STORE_KEY); /* it is hex */
    cs_wr_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_running_nodes_store_is_copied),
        CASE(names_that_are_no_pipe_of_the_tool_are_refused),
        CASE(a_reader_that_leaves_ends_it_and_the_next_one_works),
        CASE(a_node_that_stops_does_not_wait_for_a_reader),
        CASE(a_stopped_nodes_store_answers_without_a_start),
        CASE(a_restored_store_begins_its_boot_counter_anew),
        CASE(what_does_not_open_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
