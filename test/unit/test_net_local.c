/* The local socket: one question, one answer, bounded; and its blocking client. */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/os/build.h"
#include "base/os/seccomp.h"
#include "net/local_client.h"
#include "net/local_server.h"
#include "support/net_rig.h"

static struct {
    uv_loop_t loop;
    char dir[200];
    struct cs_local_server *server;
    unsigned asked, closed;
    bool silent;
    size_t answer_len;
    uv_async_t wake;
} t;

static void question(void *ctx, uint64_t id, struct cs_span line)
{
    struct cs_wr w = {0};

    (void)ctx;
    t.asked++;
    if (t.silent) {
        return;
    }
    cs_wr_str(&w, "got ");
    cs_wr_span(&w, line);
    for (size_t i = 0; i < t.answer_len; i++) {
        cs_wr_u8(&w, 'x');
    }
    cs_local_server_answer(t.server, id, cs_wr_get(&w));
    cs_local_server_answer(t.server, id, CS_SPAN_LIT("twice")); /* ignored */
    cs_wr_free(&w);
}

static void on_closed(void *ctx)
{
    (void)ctx;
    t.closed++;
}

static void woken(uv_async_t *a)
{
    (void)a;
}

static struct cs_local_server *listen_in(const char *dir)
{
    struct cs_local_config cfg = {
        .loop = &t.loop, .dir = dir, .name = "node.sock", .question = question};
    struct cs_local_server *s = NULL;
    struct cs_why why = {""};

    if (cs_local_server_new(&s, &cfg, &why) != CS_OK) {
        fail_msg("%s", why.text);
    }
    return s;
}

/* A directory deeper than sun_path is long. */
static void setup(void)
{
    static const char deep[] =
        "/a-directory-whose-name-is-long-enough-that-the-socket-would"
        "-not-fit-into-the-108-bytes-that-sun-path-has-to-offer-it";

    memset(&t, 0, sizeof t);
    assert_int_equal(uv_loop_init(&t.loop), 0);
    assert_int_equal(uv_async_init(&t.loop, &t.wake, woken), 0);
    (void)snprintf(t.dir, sizeof t.dir, "/tmp/cs-local-XXXXXX");
    assert_non_null(mkdtemp(t.dir));
    (void)snprintf(t.dir + strlen(t.dir), sizeof t.dir - strlen(t.dir), "%s", deep);
    assert_int_equal(mkdir(t.dir, 0700), 0);
    t.server = listen_in(t.dir);
}

static void teardown(void)
{
    char path[256];
    struct stat st;

    cs_local_server_close(t.server, on_closed, NULL);
    uv_close((uv_handle_t *)&t.wake, NULL);
    assert_int_equal(uv_run(&t.loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(t.closed, 1);
    assert_int_equal(uv_loop_close(&t.loop), 0);
    (void)snprintf(path, sizeof path, "%s/node.sock", t.dir);
    assert_int_not_equal(stat(path, &st), 0); /* removed */
    *strrchr(t.dir, '/') = '\0';
    assert_int_equal(nftw(t.dir, rig_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- a client on a thread of its own ---- */

struct asker {
    uv_thread_t thread;
    struct cs_span text;
    struct cs_wr out;
    struct cs_why why;
    enum cs_err err;
    atomic_bool done;
};

static void asker_main(void *arg)
{
    struct asker *a = arg;

    a->err = cs_local_ask(&a->out, t.dir, "node.sock", a->text, &a->why);
    atomic_store(&a->done, true);
    (void)uv_async_send(&t.wake);
}

static void ask(struct asker *a)
{
    assert_int_equal(uv_thread_create(&a->thread, asker_main, a), 0);
    while (!atomic_load(&a->done)) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
    assert_int_equal(uv_thread_join(&a->thread), 0);
}

static void a_question_gets_its_answer(void **state)
{
    struct asker a = {.text = CS_SPAN_LIT("{\"cmd\":\"status\"}")};
    char path[256];
    struct stat st;

    (void)state;
    setup();
    (void)snprintf(path, sizeof path, "%s/node.sock", t.dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777U, 0600);
    ask(&a);
    assert_int_equal(a.err, CS_OK);
    assert_int_equal(a.out.n, 20);
    assert_memory_equal(a.out.p, "got {\"cmd\":\"status\"}", 20);
    cs_wr_free(&a.out);
    teardown();
}

static void a_question_over_64_kib_is_hung_up(void **state)
{
    static uint8_t big[CS_LOCAL_LINE_MAX + 1];
    struct asker a = {.text = CS_SPAN_OF(big)};

    (void)state;
    memset(big, 'a', sizeof big);
    setup();
    ask(&a);
    assert_int_not_equal(a.err, CS_OK);
    assert_int_equal(t.asked, 0);
    cs_wr_free(&a.out);
    teardown();
}

static void an_answer_over_64_kib_is_not_sent(void **state)
{
    struct asker a = {.text = CS_SPAN_LIT("{}")};

    (void)state;
    setup();
    t.answer_len = CS_LOCAL_LINE_MAX;
    ask(&a);
    assert_int_equal(a.err, CS_ERR_PROTOCOL);
    cs_wr_free(&a.out);
    teardown();
}

static int connect_raw(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int dir = open(t.dir, O_PATH | O_DIRECTORY);

    (void)snprintf(to.sun_path, sizeof to.sun_path, "/proc/self/fd/%d/node.sock", dir);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    (void)close(dir);
    return fd;
}

static void a_ninth_client_is_refused_and_silent_ones_are_ended(void **state)
{
    int fds[CS_LOCAL_CLIENTS_MAX];
    struct asker ninth = {.text = CS_SPAN_LIT("{}")};
    struct asker later = {.text = CS_SPAN_LIT("{}")};
    char byte;

    (void)state;
    setup();
    for (size_t i = 0; i < CS_COUNTOF(fds); i++) {
        fds[i] = connect_raw();
        (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    }
    ask(&ninth);
    assert_int_not_equal(ninth.err, CS_OK);
    for (int i = 0; i < 7 && recv(fds[0], &byte, 1, MSG_DONTWAIT) != 0; i++) {
        (void)uv_run(&t.loop, UV_RUN_ONCE); /* until the timers have ended them */
    }
    for (size_t i = 0; i < CS_COUNTOF(fds); i++) {
        (void)close(fds[i]);
        (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    }
    (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    ask(&later);
    assert_int_equal(later.err, CS_OK);
    cs_wr_free(&ninth.out);
    cs_wr_free(&later.out);
    teardown();
}

static void an_end_with_open_questions_is_clean(void **state)
{
    int fd;

    (void)state;
    setup();
    t.silent = true;
    fd = connect_raw();
    assert_int_equal(send(fd, "{}\n", 3, 0), 3);
    while (t.asked == 0) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
    teardown();
    (void)close(fd);
}

static void nobody_listening_is_said_with_the_path(void **state)
{
    struct cs_wr out = {0};
    struct cs_why why = {""};

    (void)state;
    assert_int_equal(
        cs_local_ask(&out, "/nonexistent", "node.sock", CS_SPAN_LIT("{}"), &why),
        CS_ERR_CONN);
    assert_non_null(strstr(why.text, "/nonexistent/node.sock"));
}

/* ---- one socket, several servers
 * ------------------------------------------------------------ */

/* Who asks is another process: the filter also takes unix sockets away. */
struct other {
    pid_t pid;
    int to, from; /* one byte asks, one byte is what came of it */
};

static void answer_for(int from, int to)
{
    char byte;

    while (read(from, &byte, 1) == 1) {
        struct cs_wr out = {0};
        enum cs_err err = cs_local_ask(&out, t.dir, "node.sock", CS_SPAN_LIT("{}"),
                                       NULL);

        byte = err == CS_OK && out.n == 6 ? 'y' : err == CS_ERR_CONN ? 'n' : '?';
        cs_wr_free(&out);
        if (write(to, &byte, 1) != 1) {
            break;
        }
    }
}

static bool other_start(struct other *o)
{
    int there[2], back[2];

    if (pipe(there) != 0 || pipe(back) != 0) {
        return false;
    }
    o->pid = fork();
    if (o->pid == 0) {
        (void)close(there[1]);
        (void)close(back[0]);
        answer_for(there[0], back[1]);
        _exit(0);
    }
    (void)close(there[0]);
    (void)close(back[1]);
    o->to = there[1];
    o->from = back[0];
    return o->pid > 0 && fcntl(o->from, F_SETFL, O_NONBLOCK) == 0;
}

/* What the other process is told, while this loop turns; 0: nothing in 10 s. */
static char other_asks(const struct other *o)
{
    char byte = 'a';

    if (write(o->to, &byte, 1) != 1) {
        return 0;
    }
    for (int i = 0; i < 10000; i++) {
        (void)uv_run(&t.loop, UV_RUN_NOWAIT);
        if (read(o->from, &byte, 1) == 1) {
            return byte;
        }
        uv_sleep(1);
    }
    return 0;
}

static bool other_ends(const struct other *o)
{
    int status = 0;

    (void)close(o->to);
    (void)close(o->from);
    return waitpid(o->pid, &status, 0) == o->pid && status == 0;
}

static bool asked_on(const struct cs_local_socket *socket, const struct other *o)
{
    struct cs_local_config cfg = {
        .loop = &t.loop, .socket = socket, .question = question};
    unsigned closed = t.closed;
    bool ok;

    if (cs_local_server_new(&t.server, &cfg, NULL) != CS_OK) {
        return false;
    }
    ok = other_asks(o) == 'y';
    cs_local_server_close(t.server, on_closed, NULL);
    while (t.closed == closed) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
    return ok;
}

/* As after a full disk (net/keeper.h), in a program that cannot listen any more: in a
 * child, for the filter stays. */
static int lives(void)
{
    struct cs_local_socket socket;
    struct other o;

    cs_local_server_close(t.server, on_closed, NULL); /* setup's own */
    while (t.closed == 0) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
    if (cs_local_socket_open(&socket, t.dir, "node.sock", NULL) != CS_OK ||
        !other_start(&o)) {
        return 1;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        (!CS_OS_SANITIZED && cs_os_seccomp(CS_OS_FILTER_NO_LISTEN) != CS_OK)) {
        return 2;
    }
    for (int i = 0; i < 3; i++) {
        if (!asked_on(&socket, &o)) {
            return 3;
        }
    }
    cs_local_socket_close(&socket);
    cs_local_socket_close(&socket);
    if (other_asks(&o) != 'n') {
        return 4;
    }
    return other_ends(&o) ? 0 : 5;
}

static void a_socket_outlives_its_servers_where_nothing_may_listen(void **state)
{
    int status = 0;
    pid_t pid;

    (void)state;
    setup();
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        assert_int_equal(uv_loop_fork(&t.loop), 0);
        _exit(lives());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    teardown();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_gets_its_answer),
        cmocka_unit_test(a_question_over_64_kib_is_hung_up),
        cmocka_unit_test(an_answer_over_64_kib_is_not_sent),
        cmocka_unit_test(a_ninth_client_is_refused_and_silent_ones_are_ended),
        cmocka_unit_test(an_end_with_open_questions_is_clean),
        cmocka_unit_test(a_socket_outlives_its_servers_where_nothing_may_listen),
        cmocka_unit_test(nobody_listening_is_said_with_the_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
