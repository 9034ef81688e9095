/* A node whose store a KMS seals, before and while KMS is asked: a KMS on loopback that
 * says what a case wants.  The whole way is test/e2e/kms.sh. */
#include "base/mem.h"
#include "node/aws_env.h"
#include "support/lone_node.h"
#include "support/tls_serve.h"

#define REF                                                                            \
    "arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-1111-1111-111111111111"

static char endpoint[96];
static const char *aws[] = {"AWS_ACCESS_KEY_ID=AKIAX", "AWS_SECRET_ACCESS_KEY=secret",
                            endpoint, NULL};

static struct cs_node_config sealed(int port)
{
    struct cs_node_config cfg = config();

    (void)snprintf(endpoint, sizeof endpoint,
                   "AWS_ENDPOINT_URL_KMS=http://127.0.0.1:%d", port);
    cfg.db_key_hex = NULL;
    cfg.db_key_ref = REF;
    cfg.aws_env = aws;
    return cfg;
}

static void expect_refusal(const struct cs_node_config *cfg, int exit_code,
                           const char *word)
{
    cs_node *n;

    assert_int_equal(make_node(&n, cfg), exit_code);
    assert_null(n);
    if (strstr(t.message, word) == NULL) {
        fail_msg("no \"%s\" in: %s", word, t.message);
    }
}

static void what_is_wrong_is_told_before_kms_is_asked(void **state)
{
    static const char *const unknown[] = {"AWS_REGION=x", NULL};
    static const char *const no_value[] = {"AWS_PROFILE", NULL};
    struct cs_node_config cfg = sealed(1);

    (void)state;
    cfg.db_key_ref = "alias/store";
    expect_refusal(&cfg, 78, "DB_ENCRYPTION_KEY_REF");
    cfg = sealed(1);
    cfg.aws_env = unknown;
    expect_refusal(&cfg, 78, "AWS_REGION");
    cfg.aws_env = no_value;
    expect_refusal(&cfg, 78, "AWS_PROFILE");
    cfg = sealed(1);
    cfg.pairing_key = NULL;
    expect_refusal(&cfg, 78, "PAIRING_KEY");
    cfg = sealed(1);
    (void)snprintf(endpoint, sizeof endpoint,
                   "AWS_ENDPOINT_URL_KMS=http://kms.example/");
    expect_refusal(&cfg, 78, "AWS_ENDPOINT_URL_KMS");
}

static void a_refusal_never_shows_the_value(void **state)
{
    static const char *const env[] = {"TOKEN_OF_MINE=very-secret", NULL};
    struct cs_aws_env *e = NULL;
    struct cs_why why = {""};

    (void)state;
    assert_int_equal(cs_aws_env_new(&e, env, &why), CS_ERR_CONFIG);
    assert_null(e);
    assert_null(strstr(why.text, "very-secret"));
    assert_non_null(strstr(why.text, "TOKEN_OF_MINE"));
}

static void too_much_text_is_refused(void **state)
{
    static char big[CS_AWS_ENV_LEN + 64];
    const char *env[] = {big, NULL};
    struct cs_aws_env *e = NULL;
    struct cs_why why = {""};

    (void)state;
    memset(big, 'x', sizeof big - 1);
    memcpy(big, "AWS_PROFILE=", 12);
    assert_int_equal(cs_aws_env_new(&e, env, &why), CS_ERR_CONFIG);
    big[CS_AWS_ENV_LEN + 11] = '\0'; /* with its NUL as long as may be */
    assert_int_equal(cs_aws_env_new(&e, env, &why), CS_OK);
    assert_int_equal(strlen(e->cred.profile), CS_AWS_ENV_LEN - 1);
    cs_aws_env_free(e);
}

static void a_store_with_a_hex_key_is_not_opened_by_kms(void **state)
{
    struct cs_node_config cfg = config();
    cs_node *n;

    (void)state;
    assert_int_equal(make_node(&n, &cfg), 0);
    cs_node_free(n);
    cfg = sealed(1);
    expect_refusal(&cfg, 79, "DB_ENCRYPTION_KEY_HEX");
}

static void a_node_that_was_never_started_leaves_nothing_on_the_loop(void **state)
{
    struct cs_node_config cfg = sealed(1);
    cs_node *n;

    (void)state;
    assert_int_equal(make_node(&n, &cfg), 0);
    assert_int_equal(uv_loop_alive(&t.loop), 0);
    cs_node_free(n); /* drop() closes the loop */
}

/* Nobody listens, so it waits. */
static cs_node *waiting(void)
{
    struct cs_node_config cfg = sealed(1);
    char status[4096] = "";
    cs_node *n;

    assert_int_equal(make_node(&n, &cfg), 0);
    assert_int_equal(cs_node_start(n, t.message, sizeof t.message), 0);
    for (int i = 0; i < 20; i++) {
        (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    }
    (void)cs_node_status(n, status, sizeof status);
    if (strstr(status, "WAITING_FOR_KMS") == NULL) {
        fail_msg("%s", status);
    }
    return n;
}

static void a_node_that_waits_for_kms_ends_at_once(void **state)
{
    cs_node *n = waiting();

    (void)state;
    cs_node_stop(n);
    cs_node_stop(n);
    run_until_stopped(1);
    assert_int_equal(t.exit_code, 0);
    assert_true(t.states >= 1);
    cs_node_free(n);
    n = waiting();
    cs_node_abort(n);
    run_until_stopped(2);
    assert_int_equal(t.exit_code, 0);
    cs_node_free(n);
}

static void a_stop_right_after_the_start_is_one(void **state)
{
    struct cs_node_config cfg = sealed(1);
    cs_node *n;

    (void)state;
    assert_int_equal(make_node(&n, &cfg), 0);
    assert_int_equal(cs_node_start(n, t.message, sizeof t.message), 0);
    cs_node_stop(n);
    run_until_stopped(1);
    assert_int_equal(t.exit_code, 0);
    cs_node_free(n);
}

static void a_ca_bundle_that_is_none_fails_the_start_and_is_named(void **state)
{
    static const char *const with_bundle[] = {
        "AWS_ACCESS_KEY_ID=AKIAX", "AWS_SECRET_ACCESS_KEY=secret",
        "AWS_CA_BUNDLE=/nonexistent/ca.pem", NULL};
    struct cs_node_config cfg = sealed(1);
    cs_node *n;

    (void)state;
    cfg.aws_env = with_bundle;
    assert_int_equal(make_node(&n, &cfg), 0);
    assert_int_equal(cs_node_start(n, t.message, sizeof t.message), 78);
    assert_non_null(strstr(t.message, "AWS_CA_BUNDLE: "));
    assert_non_null(strstr(t.message, "/nonexistent/ca.pem"));
    cs_node_free(n);
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
    assert_int_equal(t.stopped, 0);
}

/* `answer` of a KMS to the first call: the node must end with the code. */
static void ends_with(const char *answer, int exit_code)
{
    struct serve s = {.answer = answer};
    struct cs_node_config cfg;
    unsigned n_stopped = t.stopped;
    cs_node *n;

    serve_open(&s);
    cfg = sealed(s.port);
    assert_int_equal(make_node(&n, &cfg), 0);
    assert_int_equal(cs_node_start(n, t.message, sizeof t.message), 0);
    run_until_stopped(n_stopped + 1);
    serve_close(&s);
    assert_int_equal(t.exit_code, exit_code);
    assert_int_equal(s.n_requests, 1);
    assert_non_null(memmem(s.request, s.request_len, "TrentService.Encrypt", 20));
    cs_node_free(n);
}

#define KMS_ERROR(len, type)                                                           \
    "HTTP/1.1 400 Bad\r\nx-amzn-RequestId: id-1\r\nContent-Length: " len               \
    "\r\n\r\n{\"__type\":\"" type "\"}"

static void what_kms_refuses_ends_the_node_and_leaves_no_store(void **state)
{
    cs_node *n;
    struct cs_node_config cfg = config();

    (void)state;
    ends_with(KMS_ERROR("34", "AccessDeniedException"), 87);
    ends_with(KMS_ERROR("30", "DisabledException"), 88);
    /* the volume is as empty as before: a hex key may still have it */
    assert_int_equal(make_node(&n, &cfg), 0);
    cs_node_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_wrong_is_told_before_kms_is_asked),
        CASE(a_refusal_never_shows_the_value),
        CASE(too_much_text_is_refused),
        CASE(a_store_with_a_hex_key_is_not_opened_by_kms),
        CASE(a_node_that_was_never_started_leaves_nothing_on_the_loop),
        CASE(a_node_that_waits_for_kms_ends_at_once),
        CASE(a_stop_right_after_the_start_is_one),
        CASE(a_ca_bundle_that_is_none_fails_the_start_and_is_named),
        CASE(what_kms_refuses_ends_the_node_and_leaves_no_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
