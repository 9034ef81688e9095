/* How a node starts, says who it is, and what makes it end
 * (RELIABILITY T2, T4, T5, T6; DECISIONS 12, 15, 16). */
#include "support/node_bed.h"

static struct bed b;
static struct bed_node *const a = &b.node[0];

static int up(void **state)
{
    (void)state;
    bed_init(&b, 1);
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

static void start_refused(enum cs_err code, int exit_code, const char *part)
{
    struct cs_why why = {""};
    size_t entries = cs_kv_mem_count(a->kv);
    unsigned long commits = cs_kv_mem_commits(a->kv);

    assert_int_equal(bed_try_start(&b, 0, &why), code);
    assert_int_equal(cs_err_exit(code), exit_code);
    if (strstr(why.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", why.text, part);
    }
    assert_int_equal(cs_kv_mem_count(a->kv), entries); /* nothing was written */
    assert_int_equal(cs_kv_mem_commits(a->kv), commits);
}

/* ---- opening the store
 * ---------------------------------------------------------------- */

static void an_empty_store_needs_a_pairing_key(void **state)
{
    (void)state;
    a->no_pairing = true;
    start_refused(CS_ERR_CONFIG, 78, "PAIRING_KEY");
}

static void another_key_does_not_open_the_store(void **state)
{
    (void)state;
    bed_start(&b, 0);
    bed_kill(&b, 0);
    a->kek.key[31] ^= 1;
    start_refused(CS_ERR_STORE_KEY, 79, "key");
    a->kek.key[31] ^= 1;
    bed_start(&b, 0);
}

static void another_device_does_not_open_the_store(void **state)
{
    uint8_t old[16];
    char old_text[CS_UUID_LEN];
    struct cs_why why = {""};

    (void)state;
    bed_start(&b, 0);
    bed_kill(&b, 0);
    memcpy(old, a->device, 16);
    a->pairing.device_raw[3] ^= 1;
    (void)cs_uuid_text(a->pairing.device_id, a->pairing.device_raw);
    start_refused(CS_ERR_STORE_DEVICE, 80, a->pairing.device_id);
    assert_int_equal(bed_try_start(&b, 0, &why), CS_ERR_STORE_DEVICE);
    assert_non_null(strstr(why.text, cs_uuid_text(old_text, old))); /* names both */
}

static void a_later_start_needs_no_pairing_key(void **state)
{
    (void)state;
    bed_start(&b, 0);
    bed_kill(&b, 0);
    a->no_pairing = true;
    bed_start(&b, 0);
    assert_int_equal(a->n_hellos, 2);
    assert_int_equal(cs_node_core_ca(a->core).n, 1);
}

static void a_store_whose_first_step_was_lost_wants_its_pairing_key(void **state)
{
    (void)state;
    a->commit_err = CS_ERR_STORE_FULL; /* created, but no step is durable */
    bed_start(&b, 0);
    assert_true(a->exited);
    a->commit_err = CS_OK;
    bed_kill(&b, 0);
    a->no_pairing = true;
    start_refused(CS_ERR_CONFIG, 78, "PAIRING_KEY");
    a->no_pairing = false;
    bed_start(&b, 0);
    assert_true(a->hello.has_pairing);
}

static void overrides_of_the_urls_are_for_one_start(void **state)
{
    struct cs_node_core_config cfg = {.kv = a->kv,
                                      .random = bed_random,
                                      .random_ctx = a,
                                      .kek = &a->kek,
                                      .pairing = &a->pairing,
                                      .platform_url = "https://x"};
    struct cs_node_core *n;
    struct cs_why why = {""};

    (void)state;
    assert_int_equal(cs_node_core_new(&n, &cfg, &why), CS_ERR_CONFIG);
    assert_non_null(strstr(why.text, "https://x"));
    a->platform_url = "wss://override/control";
    bed_start(&b, 0);
    assert_string_equal(a->url, "wss://override/control");
    bed_kill(&b, 0);
    a->platform_url = NULL;
    a->no_pairing = true;
    bed_start(&b, 0);
    assert_string_equal(a->url, "wss://bed/control");
}

/* ---- life
 * ------------------------------------------------------------------------------ */

static void every_start_has_a_higher_counter_and_another_boot(void **state)
{
    uint8_t boot[32];

    (void)state;
    for (int i = 1; i <= 3; i++) {
        char word[32];

        memcpy(boot, a->hello.boot, 32);
        bed_restart(&b, 0);
        (void)snprintf(word, sizeof word, "\"bootCounter\":\"%d\"", i);
        assert_non_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), word));
        assert_memory_not_equal(boot, a->hello.boot, 32);
    }
}

static void nothing_leaves_before_the_first_step_is_durable(void **state)
{
    struct cs_why why = {""};

    (void)state;
    a->hold_start = true;
    assert_int_equal(bed_try_start(&b, 0, &why), CS_OK);
    assert_int_equal(a->n_connects, 0);
    bed_release(a);
    assert_int_equal(a->n_hellos, 1);
}

/* ---- who am I
 * -------------------------------------------------------------------------- */

static void hash_auth(uint8_t h[32], const char *channel, const uint8_t nonce[32])
{
    const struct cs_span items[] = {
        CS_SPAN(nonce, 32),      CS_SPAN(channel, strlen(channel)),
        CS_SPAN_OF(a->device),   CS_SPAN_OF(a->exporter),
        CS_SPAN_OF(a->hello.ik), CS_SPAN_OF(a->hello.sk)};

    cs_th(h, CS_TAG_AUTH, items, CS_COUNTOF(items));
}

static void hello_signs_nonce_channel_device_exporter_and_keys(void **state)
{
    uint8_t h[32];

    (void)state;
    bed_start(&b, 0);
    hash_auth(h, "control", a->control_nonce);
    assert_true(cs_sign_verify(a->hello.sig, a->hello.ik, CS_SPAN_OF(h)));
    hash_auth(h, "relay", a->relay_nonce);
    assert_true(cs_sign_verify(a->relay_sig, a->hello.ik, CS_SPAN_OF(h)));
    assert_memory_equal(a->hello.device_id, a->device, 16);
    assert_string_equal(a->hello.protocol, "cloudsign/1");
}

static void the_pairing_proof_binds_the_identity_and_goes_once(void **state)
{
    const struct cs_span items[] = {CS_SPAN_OF(a->control_nonce), CS_SPAN_OF(a->device),
                                    CS_SPAN_OF(a->hello.ik), CS_SPAN_OF(a->hello.sk)};
    uint8_t h[32], pub[32];

    (void)state;
    bed_start(&b, 0);
    assert_true(a->hello.has_pairing);
    cs_sign_public(pub, a->pairing.seed);
    assert_memory_equal(a->hello.pairing_public, pub, 32);
    cs_th(h, CS_TAG_PAIR, items, CS_COUNTOF(items));
    assert_true(cs_sign_verify(a->hello.pairing_sig, pub, CS_SPAN_OF(h)));
    bed_cut(&b, 0, CS_CHANNEL_CONTROL);
    bed_advance(&b, 1000);
    assert_int_equal(a->n_hellos, 2);
    assert_false(a->hello.has_pairing);
    bed_restart(&b, 0);
    assert_int_equal(a->n_hellos, 3);
    assert_false(a->hello.has_pairing);
}

static void a_welcome_that_was_not_stored_is_asked_for_again(void **state)
{
    struct cs_why why = {""};
    uint8_t ik[32];

    (void)state;
    a->hold_start = true;
    assert_int_equal(bed_try_start(&b, 0, &why), CS_OK);
    bed_release_one(a); /* the first step; what welcome changes never becomes durable */
    memcpy(ik, a->hello.ik, 32);
    assert_true(a->hello.has_pairing);
    bed_restart(&b, 0);
    assert_true(a->hello.has_pairing);
    assert_memory_equal(a->hello.ik, ik, 32); /* the same identity */
}

static void an_identity_that_is_welcome_without_proof_is_paired(void **state)
{
    struct cs_why why = {""};

    (void)state;
    a->hold_start = true;
    assert_int_equal(bed_try_start(&b, 0, &why), CS_OK);
    bed_release_one(a);
    bed_kill(&b, 0);
    a->no_pairing = true;
    bed_start(&b, 0);
    assert_false(a->hello.has_pairing);
    assert_non_null(
        strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), "\"pairing\":\"Paired\""));
}

static void a_channel_without_exporter_is_refused(void **state)
{
    (void)state;
    a->no_exporter = true;
    bed_start(&b, 0);
    assert_int_equal(a->n_hellos, 0);
    assert_int_equal(a->control, 0);
    assert_non_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), "TLS"));
}

static void the_relay_waits_for_the_approval(void **state)
{
    (void)state;
    a->approval = "PENDING";
    bed_start(&b, 0);
    assert_int_equal(a->relay, 0);
    assert_string_equal(a->state, "WAITING_APPROVAL");
    assert_non_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"),
                           "\"pairing\":\"Waiting for approval\""));
    bed_device(&b, 0, "APPROVED", "ENABLED");
    bed_advance(&b, 10);
    assert_int_not_equal(a->relay, 0);
    assert_string_equal(a->state, "READY");
    bed_device(&b, 0, "REJECTED", "DISABLED");
    bed_advance(&b, 10);
    assert_int_equal(a->relay, 0); /* and it goes with the approval */
    assert_string_equal(a->state, "WAITING_APPROVAL");
}

/* ---- refusals
 * -------------------------------------------------------------------------- */

static void ends_with(const char *reason, enum cs_err err, int code)
{
    bed_init(&b, 1);
    a->refuse = reason;
    bed_start(&b, 0);
    assert_true(a->exited);
    assert_int_equal(a->exit_err, err);
    assert_int_equal(cs_err_exit(err), code);
    assert_int_equal(a->control, 0);
    bed_advance(&b, 120000);
    assert_int_equal(a->n_connects, 1); /* it does not knock again */
    bed_free(&b);
}

static void what_only_a_person_can_mend_ends_the_program(void **state)
{
    (void)state;
    ends_with("PAIRING_KEY_USED", CS_ERR_PAIRING_KEY_USED, 85);
    ends_with("E_VOLUME_LOST", CS_ERR_VOLUME_LOST, 82);
    ends_with("DEVICE_REJECTED", CS_ERR_DEVICE_REJECTED, 77);
}

static void other_refusals_are_tried_again(void **state)
{
    (void)state;
    a->refuse = "E_AUTH";
    bed_start(&b, 0);
    assert_false(a->exited);
    bed_advance(&b, 60000);
    assert_true(a->n_hellos > 3);
    a->refuse = NULL;
    bed_advance(&b, 31000);
    assert_int_not_equal(a->control, 0);
}

/* ---- reconnecting
 * ------------------------------------------------------------------------ */

/* Milliseconds until the node tries again. */
static uint64_t next_try(void)
{
    uint64_t from = b.now;
    size_t n = a->n_connects;

    while (a->n_connects == n) {
        bed_advance(&b, 1);
        assert_true(b.now - from <= 31000);
    }
    return b.now - from;
}

static void the_back_off_doubles_with_jitter_up_to_half_a_minute(void **state)
{
    uint64_t full = 500;
    size_t exact = 0;

    (void)state;
    a->no_net = true;
    bed_start(&b, 0);
    for (int i = 0; i < 12; i++) {
        uint64_t ms = next_try();

        assert_true(ms >= full / 2 && ms <= full);
        exact += ms == full;
        full = full * 2 > 30000 ? 30000 : full * 2;
    }
    assert_true(exact < 6);
    a->no_net = false;
    (void)next_try();
    bed_cut(&b, 0, CS_CHANNEL_CONTROL);
    assert_true(next_try() <= 500); /* success starts it anew */
}

static void a_platform_that_says_nothing_is_left_after_ten_seconds(void **state)
{
    (void)state;
    a->is_mute = true;
    bed_start(&b, 0);
    assert_int_not_equal(a->control, 0);
    bed_advance(&b, 9999);
    assert_int_equal(a->n_connects, 1);
    bed_advance(&b, 502);
    assert_int_equal(a->n_connects, 2);
}

static void a_connect_that_never_ends_is_given_up(void **state)
{
    (void)state;
    a->no_answer = true;
    bed_start(&b, 0);
    bed_advance(&b, 29000);
    assert_int_equal(a->n_connects, 1);
    bed_advance(&b, 2000);
    assert_int_equal(a->n_connects, 2);
}

static void broken(struct cs_span text)
{
    size_t n = a->n_connects;

    assert_int_not_equal(a->control, 0);
    bed_put_message(a, a->control, text);
    bed_run(&b);
    assert_int_equal(a->control, 0);
    bed_advance(&b, 31000);
    assert_int_equal(a->n_connects, n + 1);
}

static void frames_that_break_the_protocol_end_the_connection(void **state)
{
    (void)state;
    bed_start(&b, 0);
    broken(CS_SPAN_LIT("nonsense"));
    broken(CS_SPAN_LIT("{\"t\":\"pongpong\"}"));
    broken(CS_SPAN_LIT("{\"t\":\"welcome\",\"approvalStatus\":\"APPROVED\","
                       "\"enabledStatus\":\"ENABLED\",\"time\":\"1\"}"));
    bed_put_message(a, a->relay, CS_SPAN_LIT("\x77garbage"));
    bed_run(&b);
    assert_int_equal(a->relay, 0);
}

static void a_welcome_needs_a_hello_first(void **state)
{
    struct cs_ctl_frame f = {.type = CS_CTL_WELCOME};

    (void)state;
    a->is_mute = true;
    bed_start(&b, 0);
    (void)snprintf(f.u.welcome.approval_status, 32, "APPROVED");
    (void)snprintf(f.u.welcome.enabled_status, 32, "ENABLED");
    bed_put_frame(a, &f);
    bed_run(&b);
    assert_int_equal(a->control, 0);
    assert_non_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), "Unpaired"));
}

static void before_welcome_frames_are_small(void **state)
{
    static char text[CS_CTL_MAX_HELLO + 256];

    (void)state;
    a->is_mute = true;
    bed_start(&b, 0);
    (void)snprintf(text, sizeof text,
                   "{\"t\":\"challenge\",\"nonce\":\"%064d\",\"x\":\"%*s\"}", 0,
                   CS_CTL_MAX_HELLO, "");
    bed_put_message(a, a->control, CS_SPAN(text, strlen(text)));
    bed_run(&b);
    assert_int_equal(a->n_hellos, 0);
    assert_int_equal(a->control, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_empty_store_needs_a_pairing_key),
        CASE(another_key_does_not_open_the_store),
        CASE(another_device_does_not_open_the_store),
        CASE(a_later_start_needs_no_pairing_key),
        CASE(a_store_whose_first_step_was_lost_wants_its_pairing_key),
        CASE(overrides_of_the_urls_are_for_one_start),
        CASE(every_start_has_a_higher_counter_and_another_boot),
        CASE(nothing_leaves_before_the_first_step_is_durable),
        CASE(hello_signs_nonce_channel_device_exporter_and_keys),
        CASE(the_pairing_proof_binds_the_identity_and_goes_once),
        CASE(a_welcome_that_was_not_stored_is_asked_for_again),
        CASE(an_identity_that_is_welcome_without_proof_is_paired),
        CASE(a_channel_without_exporter_is_refused),
        CASE(the_relay_waits_for_the_approval),
        cmocka_unit_test(what_only_a_person_can_mend_ends_the_program),
        CASE(other_refusals_are_tried_again),
        CASE(the_back_off_doubles_with_jitter_up_to_half_a_minute),
        CASE(a_platform_that_says_nothing_is_left_after_ten_seconds),
        CASE(a_connect_that_never_ends_is_given_up),
        CASE(frames_that_break_the_protocol_end_the_connection),
        CASE(a_welcome_needs_a_hello_first),
        CASE(before_welcome_frames_are_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
