/* What an embedder may rely on: callbacks outside of everything, questions, the
 * structure that grows, its own log, and a process that stays as it was. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "node/node_impl.h"
#include "support/lone_node.h"

static struct {
    cs_node *node;
    char last[4096], words[256];
    unsigned answers, errors, lines, others;
} e;

static void start(const struct cs_node_config *cfg)
{
    memset(&e, 0, sizeof e);
    assert_int_equal(make_node(&e.node, cfg), 0);
    assert_int_equal(cs_node_start(e.node, t.message, sizeof t.message), 0);
}

static void end(void)
{
    cs_node_stop(e.node);
    run_until_stopped(t.stopped + 1);
    cs_node_free(e.node);
}

static void on_answer(void *ctx, const char *json, size_t json_len)
{
    assert_ptr_equal(ctx, &e);
    assert_int_equal(strlen(json), json_len);
    (void)snprintf(e.last, sizeof e.last, "%s", json);
    e.answers++;
}

static int ask(const char *question)
{
    return cs_node_ask(e.node, question, strlen(question), on_answer, &e);
}

static void expect_answer(const char *question, const char *part)
{
    unsigned before = e.answers;

    assert_int_equal(ask(question), 0);
    assert_int_equal(e.answers, before); /* never from inside */
    while (e.answers == before) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
    if (strstr(e.last, part) == NULL) {
        fail_msg("no \"%s\" in: %s", part, e.last);
    }
}

/* ---- questions ------------------------------------------------------------------- */

static void questions_are_answered_as_on_the_local_socket(void **state)
{
    struct cs_node_config cfg = config();

    (void)state;
    cfg.no_local_socket = 1;
    start(&cfg);
    expect_answer("{\"cmd\":\"status\"}", "11111111-2222-4333-8444-555555555555");
    expect_answer("{\"cmd\":\"quorum.confirm\",\"words\":\"a-b-c-d-e-f\"}",
                  "\"ok\":false");
    expect_answer("{\"cmd\":\"peer.accept\"}", "quorumId");
    expect_answer("{\"cmd\":\"no such\"}", "BAD");
    expect_answer("{", "\"ok\":false");
    expect_answer("", "\"ok\":false");
    end();
}

static void sixteen_questions_may_wait_and_each_is_answered_once(void **state)
{
    struct cs_node_config cfg = config();

    (void)state;
    start(&cfg);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(ask("{\"cmd\":\"status\"}"), 0);
    }
    assert_int_equal(ask("{\"cmd\":\"status\"}"), 75);
    while (e.answers < 16) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
    assert_int_equal(ask("{\"cmd\":\"status\"}"), 0);
    end(); /* also the one that was asked just before the end */
    assert_int_equal(e.answers, 17);
}

static void a_question_to_a_node_that_ends_is_refused_before_stopped(void **state)
{
    struct cs_node_config cfg = config();

    (void)state;
    start(&cfg);
    cs_node_abort(e.node);
    assert_int_equal(ask("{\"cmd\":\"status\"}"), 0);
    run_until_stopped(1);
    assert_int_equal(e.answers, 1);
    assert_non_null(strstr(e.last, "\"STATE\""));
    assert_int_equal(ask("{\"cmd\":\"status\"}"), 64); /* it does not run */
    cs_node_free(e.node);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit r;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
    r.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void write_policy(const char *path, const char *otherwise)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(
        fprintf(f, "{\"version\":1,\"default\":\"%s\",\"rules\":[]}", otherwise) > 0);
    assert_int_equal(fclose(f), 0);
}

/* On a full disk there is no core between two lives. */
static void a_node_that_waits_for_space_says_so_and_reads_its_policy(void **state)
{
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    struct cs_node_config cfg = config();
    char path[256];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/policy.json", cfg.data_dir);
    write_policy(path, "deny");
    cfg.policy_file = path;
    memset(&e, 0, sizeof e);
    assert_int_equal(make_node(&e.node, &cfg), 0);
    limit_files(1000);
    assert_int_equal(cs_node_start(e.node, t.message, sizeof t.message), 0);
    while (e.node->core != NULL) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
    expect_answer("{\"cmd\":\"status\"}", "\"WAITING_FOR_SPACE\"");
    write_policy(path, "allow");
    expect_answer("{\"cmd\":\"policy.reload\"}", "\"policyHash\"");
    expect_answer("{\"cmd\":\"peers.ping\"}", "\"STATE\"");
    limit_files(RLIM_INFINITY);
    while (e.node->core == NULL) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
    expect_answer("{\"cmd\":\"policy.reload\"}", "\"policyHash\"");
    end();
    assert_int_equal(unlink(path), 0);
    assert_true(signal(SIGXFSZ, before) == SIG_IGN);
}

static void a_wrong_call_is_refused(void **state)
{
    struct cs_node_config cfg = config();
    static char large[(64 << 10) + 2];

    (void)state;
    assert_int_equal(cs_node_new(NULL, &t.loop, &cfg, NULL, 0), 64);
    assert_int_equal(make_node(&e.node, NULL), 64);
    assert_non_null(strstr(t.message, "NULL"));
    assert_int_equal(cs_node_new(&e.node, NULL, &cfg, NULL, 0), 64);
    assert_int_equal(cs_node_start(NULL, NULL, 0), 64);
    assert_int_equal(make_node(&e.node, &cfg), 0);
    assert_int_equal(ask("{\"cmd\":\"status\"}"), 64); /* not started */
    cs_node_free(e.node);
    cs_node_free(NULL);
    cs_node_stop(NULL);
    cs_node_abort(NULL);
    start(&cfg);
    assert_int_equal(cs_node_start(e.node, NULL, 0), 64);
    memset(large, ' ', sizeof large - 1);
    assert_int_equal(ask(large), 64);
    assert_int_equal(cs_node_ask(e.node, NULL, 0, on_answer, &e), 64);
    assert_int_equal(cs_node_ask(e.node, "{}", 2, NULL, &e), 64);
    end();
    assert_int_equal(e.answers, 0);
}

/* ---- callbacks may call ---------------------------------------------------------- */

static void event_that_asks_and_stops(void *ctx, const char *word, const char *json,
                                      size_t json_len)
{
    char status[4096];

    (void)ctx;
    assert_int_equal(strlen(json), json_len);
    assert_true(cs_node_status(e.node, status, sizeof status) > 100);
    if (strcmp(word, "fingerprint") == 0) {
        assert_int_equal(ask("{\"cmd\":\"status\"}"), 0);
        cs_node_stop(e.node);
    }
}

static void an_event_may_call_everything(void **state)
{
    struct cs_node_config cfg = config();

    (void)state;
    cfg.event = event_that_asks_and_stops;
    start(&cfg);
    run_until_stopped(1);
    assert_int_equal(e.answers, 1);
    cs_node_free(e.node);
}

static void stopped_that_frees(void *ctx, int exit_code, const char *reason,
                               const char *text)
{
    on_stopped(ctx, exit_code, reason, text);
    cs_node_free(e.node);
    e.node = NULL;
}

static void stopped_may_free_the_node(void **state)
{
    struct cs_node_config cfg = config();

    (void)state;
    cfg.stopped = stopped_that_frees;
    start(&cfg);
    cs_node_abort(e.node);
    run_until_stopped(1);
    assert_null(e.node);
}

/* ---- the structure
 * ------------------------------------------------------------------- */

/* No `stopped`, no event; and whoever frees at once, before the loop turns, may. */
static void a_start_that_fails_may_be_freed_before_the_loop_turns(void **state)
{
    struct cs_node_config cfg = config();

    (void)state;
    cfg.metrics_addr = "unix:/no/such/directory/socket";
    cfg.approval_url = "https://127.0.0.1:1/approve";
    cfg.approval_secret = key_a;
    for (int turns = 0; turns < 2; turns++) {
        assert_int_equal(make_node(&e.node, &cfg), 0);
        assert_int_not_equal(cs_node_start(e.node, t.message, sizeof t.message), 0);
        assert_non_null(strstr(t.message, "/no/such/directory"));
        cs_node_stop(e.node); /* changes nothing */
        if (turns != 0) {
            (void)uv_run(&t.loop, UV_RUN_DEFAULT);
        }
        cs_node_free(e.node);
        (void)uv_run(&t.loop, UV_RUN_DEFAULT);
    }
    assert_int_equal(t.stopped, 0);
    assert_int_equal(t.states, 0);
}

struct newer {
    struct cs_node_config config;
    void *field;
};

static void an_older_structure_ends_where_it_ends(void **state)
{
    static const uint8_t rubbish = 0xff;
    struct cs_node_config cfg = config();

    (void)state;
    cfg.size = offsetof(struct cs_node_config, recovery_keys);
    memset((char *)&cfg + cfg.size, rubbish, sizeof cfg - cfg.size);
    start(&cfg);
    end();
    assert_int_equal(t.exit_code, 0);
    cfg = config();
    cfg.size = offsetof(struct cs_node_config, event); /* the smallest: no callback */
    assert_int_equal(make_node(&e.node, &cfg), 0);
    assert_int_equal(cs_node_start(e.node, NULL, 0), 0);
    cs_node_stop(e.node);
    assert_int_equal(uv_run(&t.loop, UV_RUN_DEFAULT), 0);
    cs_node_free(e.node);
}

static void a_newer_structure_may_not_ask_for_what_is_unknown(void **state)
{
    struct newer cfg = {.config = config()};

    (void)state;
    cfg.config.size = sizeof cfg;
    start(&cfg.config);
    end();
    cfg.field = &cfg;
    assert_int_equal(make_node(&e.node, &cfg.config), 64);
    assert_non_null(strstr(t.message, "does not know"));
    cfg.config.size = SIZE_MAX;
    assert_int_equal(make_node(&e.node, &cfg.config), 64);
    assert_non_null(strstr(t.message, "size"));
    cfg.config.size = 0;
    assert_int_equal(make_node(&e.node, &cfg.config), 64);
}

/* ---- log ------------------------------------------------------------------------- */

static void on_line(void *ctx, enum cloudsign_log_level level, const char *module,
                    const char *line)
{
    assert_ptr_equal(ctx, &t);
    assert_true(level >= CLOUDSIGN_LOG_INFO && level <= CLOUDSIGN_LOG_ERROR);
    assert_true(module[0] != '\0' && line[0] != '\0');
    for (const char *c = line; *c != '\0'; c++) {
        assert_true((unsigned char)*c >= 0x20);
    }
    e.lines++;
}

static void on_process_line(void *ctx, enum cloudsign_log_level level,
                            const char *module, const char *line)
{
    (void)ctx;
    (void)level;
    (void)module;
    (void)line;
    e.others++;
}

static void a_node_logs_to_its_own_callback_only(void **state)
{
    struct cs_node_config cfg = config();

    (void)state;
    cloudsign_log_set(on_process_line, NULL, CLOUDSIGN_LOG_INFO);
    cfg.log = on_line;
    cfg.log_least = CLOUDSIGN_LOG_INFO;
    start(&cfg);
    end();
    assert_true(e.lines >= 2);
    assert_int_equal(e.others, 0);
    cfg.log = NULL;
    start(&cfg);
    end();
    assert_int_equal(e.lines, 0);
    assert_true(e.others >= 2);
    cloudsign_log_set(NULL, NULL, CLOUDSIGN_LOG_ERROR);
}

static void on_error(void *ctx, const char *word, const char *json, size_t json_len)
{
    (void)ctx;
    (void)json_len;
    if (strcmp(word, "error") == 0) {
        (void)snprintf(e.last, sizeof e.last, "%s", json);
        e.errors++;
    }
}

static void log_error(void *arg)
{
    const struct cs_log_target *before = cs_node_enter(arg);

    cs_log(CS_LOG_ERROR, "net", "a \"name\" does not fit" CS_F("port", "%d"), 7);
    cs_log(CS_LOG_WARN, "net", "not so bad");
    cs_node_leave(before);
}

/* Also with no log at all: an operator must see it. */
static void a_line_at_level_error_is_an_event(void **state)
{
    struct cs_node_config cfg = config();
    uv_thread_t other;

    (void)state;
    cfg.event = on_error;
    start(&cfg);
    log_error(e.node);
    assert_int_equal(e.errors, 0); /* never from inside */
    (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_int_equal(e.errors, 1);
    assert_string_equal(
        e.last, "{\"module\":\"net\",\"text\":\"a \\\"name\\\" does not fit port=7\"}");
    assert_int_equal(uv_thread_create(&other, log_error, e.node), 0);
    assert_int_equal(uv_thread_join(&other), 0);
    end(); /* the loop tells what failed on another thread */
    assert_int_equal(e.errors, 1);
}

/* ---- the process ----------------------------------------------------------------- */

static unsigned count(const char *path)
{
    DIR *dir = opendir(path);
    unsigned n = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        n++;
    }
    (void)closedir(dir);
    return n;
}

static void run_and_end_one(void)
{
    struct cs_node_config cfg = config();

    start(&cfg);
    for (int i = 0; i < 4; i++) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
    end();
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
}

static void nothing_is_left_behind(void **state)
{
    unsigned fds, threads;

    (void)state;
    run_and_end_one(); /* what exists once a process is there now */
    fds = count("/proc/self/fd");
    threads = count("/proc/self/task");
    for (int i = 0; i < 3; i++) {
        run_and_end_one();
    }
    assert_int_equal(count("/proc/self/fd"), fds);
    assert_int_equal(count("/proc/self/task"), threads);
}

static void fail_to_start_one(void)
{
    struct cs_node_config cfg = config();
    cs_node *n;

    cfg.db_key_hex = "00";
    assert_int_equal(make_node(&n, &cfg), 78);
    cfg = config();
    cfg.data_dir = "/no/such/directory";
    assert_int_equal(make_node(&n, &cfg), 78);
}

static void handler(int signum)
{
    (void)signum;
}

/* Neither signals nor environment, and not a word, also when something is wrong. */
static void the_process_stays_as_it_was(void **state)
{
    struct sigaction was = {.sa_handler = handler}, now;
    char name[80], c;
    int out, saved_out = dup(1), saved_err = dup(2);

    (void)state;
    (void)snprintf(name, sizeof name, "%s/out", t.dir);
    out = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:9", 1), 0);
    for (int s = 1; s < 32; s++) {
        if (s != SIGKILL && s != SIGSTOP) {
            assert_int_equal(sigaction(s, &was, NULL), 0);
        }
    }
    assert_true(dup2(out, 1) == 1 && dup2(out, 2) == 2);
    fail_to_start_one();
    run_and_end_one();
    assert_true(dup2(saved_out, 1) == 1 && dup2(saved_err, 2) == 2);
    assert_int_equal(pread(out, &c, 1, 0), 0);
    assert_string_equal(getenv("http_proxy"), "http://127.0.0.1:9");
    for (int s = 1; s < 32; s++) {
        if (s != SIGKILL && s != SIGSTOP) {
            assert_int_equal(sigaction(s, NULL, &now), 0);
            assert_ptr_equal(now.sa_handler, handler);
        }
    }
    (void)unsetenv("http_proxy");
    (void)close(out);
    (void)close(saved_out);
    (void)close(saved_err);
}

/* ---- mailbox --------------------------------------------------------------------- */

static struct {
    struct cs_mailbox *m;
    unsigned events, letters, again, closed;
    char last[64];
} b;

static void box_event(void *ctx, const char *word, struct cs_span json)
{
    (void)ctx;
    (void)snprintf(b.last, sizeof b.last, "%s %s", word, (const char *)json.p);
    b.events++;
    if (b.again != 0) {
        b.again--;
        cs_mailbox_event(b.m, "again", CS_SPAN_LIT("{}"));
    }
}

static void box_letter(void *ctx, int kind, uint64_t id, struct cs_span json)
{
    (void)ctx;
    (void)snprintf(b.last, sizeof b.last, "%d %u %s", kind, (unsigned)id,
                   json.n != 0 ? (const char *)json.p : "");
    b.letters++;
}

static void box_closed(void *ctx)
{
    (void)ctx;
    b.closed++;
}

static const struct cs_mailbox_ops box_ops = {.event = box_event, .letter = box_letter};

static void too_many_events_are_counted_and_told(void **state)
{
    (void)state;
    memset(&b, 0, sizeof b);
    b.m = cs_mailbox_new(&t.loop, &box_ops, NULL);
    for (int i = 0; i < CS_MAILBOX_EVENTS_MAX + 7; i++) {
        cs_mailbox_event(b.m, "state", CS_SPAN_LIT("{}"));
    }
    cs_mailbox_post(b.m, 3, 5, CS_SPAN_LIT("{\"a\":1}")); /* is never dropped */
    assert_int_equal(b.events, 0);
    (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_int_equal(b.events, CS_MAILBOX_EVENTS_MAX + 1);
    assert_int_equal(b.letters, 1);
    assert_string_equal(b.last, "lost {\"count\":7}");
    cs_mailbox_event(b.m, "state", CS_SPAN_LIT("{\"b\":2}")); /* goes on */
    b.again = 1000;
    (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    assert_true(b.again > 990); /* a turn each: the loop is not held */
    b.again = 0;
    cs_mailbox_post(b.m, 3, 6, CS_SPAN(NULL, 0));
    cs_mailbox_close(b.m, box_closed, NULL);
    cs_mailbox_post(b.m, 3, 7, CS_SPAN(NULL, 0)); /* too late */
    assert_int_equal(b.closed, 0);
    assert_int_equal(b.letters, 1);
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
    assert_string_equal(b.last, "3 6 ");
    assert_int_equal(b.letters, 2);
    assert_int_equal(b.closed, 1);
}

static void a_dropped_mailbox_delivers_nothing(void **state)
{
    (void)state;
    memset(&b, 0, sizeof b);
    b.m = cs_mailbox_new(&t.loop, &box_ops, NULL);
    cs_mailbox_event(b.m, "state", CS_SPAN_LIT("{}"));
    cs_mailbox_drop(b.m);
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
    assert_int_equal(b.events, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(questions_are_answered_as_on_the_local_socket),
        CASE(sixteen_questions_may_wait_and_each_is_answered_once),
        CASE(a_question_to_a_node_that_ends_is_refused_before_stopped),
        CASE(a_node_that_waits_for_space_says_so_and_reads_its_policy),
        CASE(a_wrong_call_is_refused),
        CASE(an_event_may_call_everything),
        CASE(stopped_may_free_the_node),
        CASE(a_start_that_fails_may_be_freed_before_the_loop_turns),
        CASE(an_older_structure_ends_where_it_ends),
        CASE(a_newer_structure_may_not_ask_for_what_is_unknown),
        CASE(a_node_logs_to_its_own_callback_only),
        CASE(a_line_at_level_error_is_an_event),
        CASE(nothing_is_left_behind),
        CASE(the_process_stays_as_it_was),
        CASE(too_many_events_are_counted_and_told),
        CASE(a_dropped_mailbox_delivers_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
