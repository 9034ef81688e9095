/* A machine that computes wrongly runs no node: whichever start-up self-test fails (the
 * linker sends their calls here, CMakeLists.txt), nothing is opened. */
#include "support/lone_node.h"

enum cs_err __real_cs_selftest(const char **what);
enum cs_err __wrap_cs_selftest(const char **what);
enum cs_err __real_cs_ot_selftest(const char **what);
enum cs_err __wrap_cs_ot_selftest(const char **what);

static bool crypto_fails, ot_fails;

enum cs_err __wrap_cs_selftest(const char **what)
{
    enum cs_err err = __real_cs_selftest(what);

    if (crypto_fails) {
        *what = "of a hash";
        err = CS_ERR_SELFTEST;
    }
    return err;
}

enum cs_err __wrap_cs_ot_selftest(const char **what)
{
    enum cs_err err = __real_cs_ot_selftest(what);

    if (ot_fails) {
        *what = "of a product";
        err = CS_ERR_SELFTEST;
    }
    return err;
}

static void no_node_with(const char *word)
{
    struct cs_node_config cfg = config();
    cs_node *n;

    assert_int_equal(make_node(&n, &cfg), 70);
    assert_null(n);
    if (strstr(t.message, word) == NULL) {
        fail_msg("no \"%s\" in: %s", word, t.message);
    }
}

static void a_failed_self_test_is_named_and_no_node_is_made(void **state)
{
    struct cs_node_config cfg = config();
    cs_node *n;

    (void)state;
    crypto_fails = true;
    no_node_with("self-test of a hash failed");
    crypto_fails = false;
    ot_fails = true;
    no_node_with("self-test of a product failed");
    ot_fails = false;
    assert_int_equal(make_node(&n, &cfg), 0);
    cs_node_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_failed_self_test_is_named_and_no_node_is_made),
    };

    cloudsign_log_set(NULL, NULL, CLOUDSIGN_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
