/* libcloudsign as an embedder uses it: one node on a loop of ours, no platform there.
 */
#include "node/settings.h"
#include "support/lone_node.h"

static const char key_b[] =
    "10112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef";

#define ID_A  "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef"
#define THREE ID_A " " ID_A "," ID_A

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

static void a_node_starts_tells_its_status_and_stops(void **state)
{
    struct cs_node_config cfg = config();
    char status[4096];
    cs_node *n;

    (void)state;
    assert_int_equal(make_node(&n, &cfg), 0);
    assert_int_equal(cs_node_start(n, t.message, sizeof t.message), 0);
    assert_int_not_equal(cs_node_start(n, t.message, sizeof t.message), 0);
    for (int i = 0; i < 5; i++) {
        (void)uv_run(&t.loop, UV_RUN_ONCE);
    }
    assert_true(cs_node_status(n, status, sizeof status) < sizeof status);
    assert_non_null(strstr(status, "11111111-2222-4333-8444-555555555555"));
    assert_true(cs_node_status(n, NULL, 0) > 100);
    cs_node_stop(n);
    cs_node_stop(n);
    run_until_stopped(1);
    assert_int_equal(t.exit_code, 0);
    assert_true(t.states >= 1);
    assert_true(cs_node_status(n, status, sizeof status) > 100);
    cs_node_free(n);
}

static void the_store_remembers_the_pairing(void **state)
{
    struct cs_node_config cfg = config();
    cs_node *n;

    (void)state;
    assert_int_equal(make_node(&n, &cfg), 0);
    cs_node_free(n); /* never started: knows its device, but not the platform */
    cfg.pairing_key = NULL;
    expect_refusal(&cfg, 78, "PAIRING_KEY");
    cfg.pairing_key = t.pairing;
    assert_int_equal(make_node(&n, &cfg), 0);
    assert_int_equal(cs_node_start(n, t.message, sizeof t.message), 0);
    cs_node_stop(n);
    run_until_stopped(1);
    cs_node_free(n);
    cfg.pairing_key = NULL;
    assert_int_equal(make_node(&n, &cfg), 0);
    assert_int_equal(cs_node_start(n, t.message, sizeof t.message), 0);
    cs_node_abort(n);
    run_until_stopped(2);
    assert_int_equal(t.exit_code, 0);
    cs_node_free(n);
}

static void what_is_wrong_with_the_configuration_is_named(void **state)
{
    static const uint8_t raw[32];
    struct cs_node_config cfg = config();

    (void)state;
    cfg.db_key_hex = NULL;
    expect_refusal(&cfg, 78, "DB_ENCRYPTION_KEY_HEX");
    cfg.db_key = raw; /* all bytes equal */
    expect_refusal(&cfg, 78, "db_key");
    cfg.db_key_hex = key_a;
    expect_refusal(&cfg, 78, "exactly one");
    cfg.db_key = NULL;
    cfg.db_key_ref = "arn:aws:kms:eu-west-1:111122223333:alias/store";
    expect_refusal(&cfg, 78, "exactly one");
    cfg = config();
    cfg.platform_url = "ws://127.0.0.1/control";
    expect_refusal(&cfg, 78, "PLATFORM_URL");
    cfg = config();
    cfg.relay_url = "wss://[::1]/relay";
    expect_refusal(&cfg, 78, "RELAY_URL");
    cfg = config();
    cfg.peer_identities = "0011, zz";
    expect_refusal(&cfg, 78, "PEER_IDENTITIES: entry 1");
    cfg = config();
    cfg.recovery_keys = "0011";
    expect_refusal(&cfg, 78, "RECOVERY_KEYS: entry 1");
    cfg.recovery_keys = THREE "," THREE "," THREE;
    expect_refusal(&cfg, 78, "RECOVERY_KEYS holds more than 8");
    cfg = config();
    cfg.pairing_key = "not a key";
    expect_refusal(&cfg, 78, "PAIRING_KEY");
    cfg = config();
    cfg.pairing_key = NULL;
    expect_refusal(&cfg, 78, "PAIRING_KEY");
    cfg = config();
    cfg.data_dir = "/no/such/directory";
    expect_refusal(&cfg, 78, "/no/such/directory");
    cfg = config();
    cfg.size = 1;
    assert_int_equal(cs_node_new(&(cs_node *){NULL}, &t.loop, &cfg, NULL, 0), 64);
}

static void another_encryption_key_does_not_open_the_store(void **state)
{
    struct cs_node_config cfg = config();
    cs_node *n;

    (void)state;
    assert_int_equal(make_node(&n, &cfg), 0);
    cs_node_free(n);
    cfg.db_key_hex = key_b;
    expect_refusal(&cfg, 79, "key");
}

static void a_second_node_on_the_volume_is_refused(void **state)
{
    struct cs_node_config cfg = config();
    cs_node *n;

    (void)state;
    assert_int_equal(make_node(&n, &cfg), 0);
    expect_refusal(&cfg, 81, t.dir);
    cs_node_free(n);
}

static void the_version_is_said(void **state)
{
    (void)state;
    assert_string_equal(cloudsign_version(), CS_VERSION);
}

/* What nobody asked for is off. */
static void blind_signing_is_off_unless_it_is_asked_for(void **state)
{
    struct cs_node_config cfg = config();
    struct cs_node_settings *s;
    struct cs_why why;

    (void)state;
    assert_int_equal(cs_node_settings_new(&s, &cfg, &why), CS_OK);
    assert_false(cs_node_settings_core(s, NULL).allow_blind);
    cs_node_settings_free(s);
    cfg.allow_blind_signing = 1;
    assert_int_equal(cs_node_settings_new(&s, &cfg, &why), CS_OK);
    assert_true(cs_node_settings_core(s, NULL).allow_blind);
    cs_node_settings_free(s);
}

/* Threads and sockets go one by one, before the node does. */
static void the_status_may_be_asked_in_every_turn_of_the_end(void **state)
{
    struct cs_node_config cfg = config();
    char status[8192];
    unsigned turns = 0;
    cs_node *n;

    (void)state;
    assert_int_equal(make_node(&n, &cfg), 0);
    assert_int_equal(cs_node_start(n, t.message, sizeof t.message), 0);
    cs_node_stop(n);
    while (t.stopped == 0 && uv_run(&t.loop, UV_RUN_ONCE) != 0) {
        assert_true(cs_node_status(n, status, sizeof status) < sizeof status);
        turns++;
    }
    assert_int_equal(t.stopped, 1);
    assert_true(turns > 2);
    cs_node_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_node_starts_tells_its_status_and_stops),
        CASE(the_status_may_be_asked_in_every_turn_of_the_end),
        CASE(the_store_remembers_the_pairing),
        CASE(what_is_wrong_with_the_configuration_is_named),
        CASE(blind_signing_is_off_unless_it_is_asked_for),
        CASE(another_encryption_key_does_not_open_the_store),
        CASE(a_second_node_on_the_volume_is_refused),
        CASE(the_version_is_said),
    };

    cloudsign_log_set(NULL, NULL, CLOUDSIGN_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
