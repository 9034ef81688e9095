/* {"cmd":"rekey"} as the node takes it (node/rekey.h), on a real store: what a rekey
 * that came to nothing leaves behind.  The whole way is test/e2e/rekey.sh. */
#include <signal.h>
#include <sys/resource.h>

#include "support/lone_node.h"

static const char key_b[] =
    "8899aabbccddeeff00112233445566770123456789abcdef0123456789abcdef";
static const char key_c[] =
    "ffeeddccbbaa99887766554433221100fedcba9876543210fedcba9876543210";

static struct {
    bool came;
    char text[512];
} answer;

static void on_answer(void *ctx, const char *json, size_t json_len)
{
    (void)ctx;
    answer.came = true;
    (void)snprintf(answer.text, sizeof answer.text, "%.*s", (int)json_len, json);
}

static const char *ask_rekey(cs_node *n, const char *key)
{
    char question[256];

    (void)snprintf(question, sizeof question,
                   "{\"cmd\":\"rekey\",\"key\":\"%s\",\"seal\":\"\"}", key);
    answer.came = false;
    assert_int_equal(cs_node_ask(n, question, strlen(question), on_answer, NULL), 0);
    while (!answer.came && uv_run(&t.loop, UV_RUN_ONCE) != 0) {
    }
    assert_true(answer.came);
    return answer.text;
}

static cs_node *running(void)
{
    struct cs_node_config cfg = config();
    cs_node *n;

    assert_int_equal(make_node(&n, &cfg), 0);
    assert_int_equal(cs_node_start(n, t.message, sizeof t.message), 0);
    return n;
}

static void run_while_state_is(cs_node *n, const char *state, bool is)
{
    char status[8192] = "";

    do {
        if (uv_run(&t.loop, UV_RUN_ONCE) == 0) {
            fail_msg("the node has ended with %d: %s", t.exit_code, answer.text);
        }
        (void)cs_node_status(n, status, sizeof status);
    } while ((strstr(status, state) != NULL) == is);
}

static void stop(cs_node *n)
{
    cs_node_stop(n);
    run_until_stopped(1);
    assert_int_equal(t.exit_code, 0);
    cs_node_free(n);
}

/* The only key that opens the store. */
static void expect_key(const char *key)
{
    static const char *const all[] = {key_a, key_b, key_c};
    struct cs_node_config cfg = config();

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        cs_node *n;

        cfg.db_key_hex = all[i];
        assert_int_equal(make_node(&n, &cfg), all[i] == key ? 0 : 79);
        cs_node_free(n);
    }
}

static void a_rekey_may_follow_another_at_once(void **state)
{
    cs_node *n = running();

    (void)state;
    assert_string_equal(ask_rekey(n, key_b), "{\"ok\":true}");
    assert_string_equal(ask_rekey(n, key_b), "{\"ok\":true}"); /* asked again */
    assert_string_equal(ask_rekey(n, key_c), "{\"ok\":true}");
    stop(n);
    expect_key(key_c);
}

static void what_is_no_key_is_refused_with_a_word_of_the_list(void **state)
{
    cs_node *n = running();

    (void)state;
    assert_non_null(strstr(ask_rekey(n, "1234"), "\"BAD_FORMAT\""));
    assert_non_null(strstr(ask_rekey(n, "zz"), "\"BAD_FORMAT\""));
    stop(n);
    expect_key(key_a);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit r = {bytes, RLIM_INFINITY};

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void a_rekey_that_a_full_disk_refused_may_be_asked_again(void **state)
{
    cs_node *n = running();

    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
    /* When it answers, no commit of the start is under way, to be cut in its middle. */
    assert_string_equal(ask_rekey(n, key_b), "{\"ok\":true}");
    limit_files(1);
    assert_non_null(strstr(ask_rekey(n, key_a), "\"ok\":false"));
    run_while_state_is(n, "WAITING_FOR_SPACE", false);
    limit_files(RLIM_INFINITY);
    run_while_state_is(n, "WAITING_FOR_SPACE", true);
    assert_string_equal(ask_rekey(n, key_c), "{\"ok\":true}");
    stop(n);
    expect_key(key_c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_rekey_may_follow_another_at_once),
        CASE(what_is_no_key_is_refused_with_a_word_of_the_list),
        CASE(a_rekey_that_a_full_disk_refused_may_be_asked_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
