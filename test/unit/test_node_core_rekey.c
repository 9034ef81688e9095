/* Another key for the store of a node at work: {"cmd":"rekey"} (node_core.h). */
#include "node/core/core.h"
#include "store/safe.h"
#include "support/node_trio.h"

static struct bed b;
static struct bed_node *const a = &b.node[0];
static const struct cs_kek next = {.key = {9, 8, 7},
                                   .seal = {(const uint8_t *)"record of a KMS", 15}};

static int up(void **state)
{
    (void)state;
    trio_up(&b);
    trio_key(&b);
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

static const char question[] = "{\"cmd\":\"rekey\"}";

static void nobody_may_ask_for_it_without_a_key_on_offer(void **state)
{
    (void)state;
    assert_non_null(strstr(bed_ask(&b, 0, question), "\"STATE\""));
    assert_true(cs_safe_peek_opens(a->kv, &a->kek));
    assert_false(a->exited);
}

static void the_new_key_opens_the_store_and_the_node_works_on(void **state)
{
    struct cs_kek old = a->kek;

    (void)state;
    cs_node_core_offer(a->core, &next);
    assert_string_equal(bed_ask(&b, 0, question), "{\"ok\":true}");
    assert_true(cs_safe_peek_opens(a->kv, &next));
    assert_false(cs_safe_peek_opens(a->kv, &old));
    assert_non_null(strstr(bed_ask(&b, 0, question), "\"STATE\"")); /* offered once */
    trio_sign(&b, 1, 1, 2, 1);
    trio_check_done(&b, 0, 1);
    a->kek = next;
    bed_restart(&b, 0); /* opens every record with it */
    bed_advance(&b, 20000);
    trio_sign(&b, 2, 1, 2, 1);
    bed_advance(&b, 5000);
    trio_check_done(&b, 0, 2);
    cs_kek_wipe(&old);
}

static void an_offer_that_does_not_fit_is_refused_and_not_taken(void **state)
{
    static const uint8_t big[4000];
    const struct cs_kek wrong = {.key = {9}, .seal = {big, sizeof big}};

    (void)state;
    cs_node_core_offer(a->core, &wrong);
    assert_non_null(strstr(bed_ask(&b, 0, question), "\"USAGE\""));
    assert_false(cs_node_core_took_offer(a->core));
    assert_false(a->exited);
    assert_true(cs_safe_peek_opens(a->kv, &a->kek));
    cs_node_core_offer(a->core, &next);
    assert_string_equal(bed_ask(&b, 0, question), "{\"ok\":true}");
    assert_true(cs_node_core_took_offer(a->core));
}

/* Durable first: no answer, and the old key, when the disk fails. */
static void a_failed_commit_leaves_the_old_key(void **state)
{
    (void)state;
    a->commit_err = CS_ERR_STORE_FULL;
    cs_node_core_offer(a->core, &next);
    assert_string_equal(bed_ask(&b, 0, question), "");
    assert_true(a->exited);
    assert_int_equal(a->exit_err, CS_ERR_STORE_FULL);
    assert_true(cs_safe_peek_opens(a->kv, &a->kek));
    assert_false(cs_safe_peek_opens(a->kv, &next));
    a->commit_err = CS_OK;
    bed_restart(&b, 0);
    assert_false(a->exited);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nobody_may_ask_for_it_without_a_key_on_offer),
        CASE(the_new_key_opens_the_store_and_the_node_works_on),
        CASE(an_offer_that_does_not_fit_is_refused_and_not_taken),
        CASE(a_failed_commit_leaves_the_old_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
