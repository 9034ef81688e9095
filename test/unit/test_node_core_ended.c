/* What is over, or forbidden meanwhile, has no effect any more: attempts that were
 * begun before, shares that were still being computed, steps of a node whose disk
 * failed; and what peers can make a node do that serves nothing
 * (PROTOCOLS 2.6-2.8, 6.3). */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "node/core/ecdsa.h"
#include "support/node_ecdsa.h"
#include "support/node_liar.h"

static struct bed b;

static int up(void **state)
{
    (void)state;
    trio_up(&b);
    trio_key(&b);
    liar = NULL;
    return 0;
}

static int up_ecdsa(void **state)
{
    (void)state;
    ec_up(&b, "ETHEREUM");
    liar = NULL;
    return 0;
}

static int up_keyless(void **state)
{
    (void)state;
    trio_up(&b);
    liar = NULL;
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

static uint32_t intents(int node, const uint8_t request_id[16])
{
    struct cs_journal_request r;

    return cs_journal_find(b.node[node].core->journal, request_id, &r) == CS_OK
               ? r.n_intents
               : 0;
}

/* ---- while a share is computed
 * ------------------------------------------------------- */

static size_t answers;

static bool count_answers(struct lie *l)
{
    answers += lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_RSP) ? 1 : 0;
    return true;
}

/* A request by nodes 0 and 1 whose job at `node` is done, but not yet back. */
static void compute(int node, struct cs_ctl_frame *f)
{
    answers = 0;
    b.carry = lie_carry;
    liar = count_answers;
    b.node[node].hold_jobs = true;
    trio_sign_frame(&b, f, 1, 1, 2, 1);
    trio_sign_send(&b, f);
    assert_int_equal(b.node[node].n_jobs, 1);
    answers = 0;
}

static void a_share_does_not_leave_a_device_that_was_disabled(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    compute(1, &f);
    bed_device(&b, 1, "APPROVED", "DISABLED");
    bed_release_jobs(&b.node[1]);
    assert_int_equal(answers, 0);
    assert_int_equal(intents(1, f.u.sign.request_id), 0);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "PEER_ABORTED");
    assert_int_equal(b.node[0].core->quorums[0]->peers[2].rec.blames, 0);
}

static void a_share_does_not_leave_for_a_quarantined_peer(void **state)
{
    struct cs_ctl_frame f;
    struct cs_node_core *n = b.node[1].core;

    (void)state;
    compute(1, &f);
    n->quorums[0]->peers[1].device->quarantined = true;
    bed_release_jobs(&b.node[1]);
    bed_advance(&b, 20000);
    assert_int_equal(answers, 0);
    assert_int_equal(intents(1, f.u.sign.request_id), 0);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
}

static size_t dkg_to_1, dkg_to_2;

static bool count_dkg(struct lie *l)
{
    if (l->from == 0 && l->m.proto == CS_PROTO_DKG) {
        dkg_to_1 += l->to == 1 ? 1 : 0;
        dkg_to_2 += l->to == 2 ? 1 : 0;
    }
    return true;
}

/* Its part of a new key neither. */
static void a_key_generation_does_not_go_on_with_a_quarantined_peer(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    b.carry = lie_carry;
    liar = count_dkg;
    b.node[0].hold_jobs = true;
    trio_key_frame(&b, &f, 2);
    trio_to_all(&b, &f);
    assert_true(b.node[0].n_jobs > 0);
    b.node[0].core->quorums[0]->peers[2].device->quarantined = true;
    dkg_to_1 = dkg_to_2 = 0;
    bed_release_jobs(&b.node[0]);
    bed_advance(&b, 100000);
    assert_true(dkg_to_2 > 0);
    assert_int_equal(dkg_to_1, 0);
    assert_int_equal(bed_count(&b, 0, CS_EVT_KEY_ACTIVE), 1); /* the first one */
    assert_int_equal(bed_count(&b, 0, CS_EVT_KEY_FAILED), 1);
}

static void a_signature_does_not_leave_a_device_that_was_disabled(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    compute(0, &f);
    bed_device(&b, 0, "APPROVED", "DISABLED");
    bed_release_jobs(&b.node[0]);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "POLICY_REFUSED");
}

/* ---- one attempt, once
 * --------------------------------------------------------------- */

/* Nodes 0 and 1 have begun attempt 1 of f, and it is over; the platform, who cannot be
 * trusted to count, sends it again. */
static void begin_again(struct cs_ctl_frame *f, uint32_t begun_by_0, uint32_t by_1)
{
    const uint8_t *id = f->u.sign.request_id;

    assert_int_equal(intents(0, id), begun_by_0);
    assert_int_equal(intents(1, id), by_1);
    trio_sign_send(&b, f);
    bed_advance(&b, 20000);
    assert_int_equal(intents(0, id), begun_by_0);
    assert_int_equal(intents(1, id), by_1);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "PEER_ABORTED");
    f->u.sign.attempt = 2; /* that is how it goes on */
    trio_sign_send(&b, f);
    bed_advance(&b, 9000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    assert_int_equal(intents(0, id), begun_by_0 + 1);
}

static void an_attempt_of_before_a_restart_is_not_begun_again(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    compute(0, &f); /* the answer came, the signature is not made */
    for (int i = 0; i < 2; i++) {
        bed_restart(&b, i);
    }
    bed_advance(&b, 20000);
    begin_again(&f, 1, 1);
}

static bool lose_r2(struct lie *l)
{
    return !lie_is(l, CS_PROTO_ECDSA, CS_TYPE_SIG_R2);
}

static void an_attempt_that_is_over_is_not_begun_again(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    b.carry = lie_carry;
    liar = lose_r2;
    ec_sign_frame(&b, &f, 1, 1, 2, 1);
    trio_sign_send(&b, &f);
    bed_advance(&b, 40000);
    liar = NULL;
    begin_again(&f, 1, 1);
    ec_check_done(&b, 0, 1, &f);
}

/* ---- a request id that is a check's, too
 * -------------------------------------------- */

static bool is_deaf; /* node 0 hears nothing of sessions */

static bool lose_sessions(struct lie *l)
{
    return l->m.proto != CS_PROTO_ECDSA || (l->from == 0 && !is_deaf);
}

/* The platform knows the ids of check signatures before they are made.  A request that
 * it begins under one of them is not reset by the peer that comes with the check. */
static void a_check_does_not_touch_a_request_that_has_its_id(void **state)
{
    struct cs_ctl_frame f;
    struct cs_request check;
    enum cs_err err;

    (void)state;
    b.carry = lie_carry;
    liar = lose_sessions;
    is_deaf = true;
    ec_key_frame(&b, &f, 1, "ETHEREUM");
    trio_to_all(&b, &f);
    bed_advance(&b, 60000); /* node 0 tries its check with node 1 again and again */
    ec_sign_frame(&b, &f, 1, 1, 2, 2);
    cs_check_request(&check,
                     &cs_nd_key_load(b.node[1].core, f.u.sign.key_id, &err)->key->body,
                     1, 2);
    memcpy(f.u.sign.request_id, check.request_id, 16);
    is_deaf = false;
    for (uint32_t k = 1; k < 8; k++) {
        f.u.sign.attempt = k;
        ec_send_to(&b, 1, &f);
        bed_advance(&b, 14000);
        assert_int_equal(intents(1, check.request_id), k);
    }
    assert_int_equal(b.node[1].core->quorums[0]->peers[1].rec.blames, 0);
}

/* ---- the end of a node
 * ---------------------------------------------------------------- */

/* Under ASan: what it would say when it is freed has nowhere to go. */
static void a_node_whose_disk_failed_keeps_no_step(void **state)
{
    (void)state;
    b.node[0].hold_jobs = true;
    ec_sign(&b, 1, 1, 2, 1);
    assert_true(b.node[0].n_jobs > 0);
    b.node[0].commit_err = CS_ERR_STORE_FULL;
    ec_sign(&b, 2, 1, 2, 1);
    assert_true(b.node[0].exited);
    bed_release_jobs(&b.node[0]); /* one more event for what has ended */
    assert_null(b.node[0].core->out);
    b.node[0].commit_err = CS_OK;
    bed_kill(&b, 0);
}

/* ---- what costs something
 * ------------------------------------------------------------- */

static bool has_key(int node, const uint8_t key_id[16])
{
    const struct cs_node_core *n = b.node[node].core;

    for (size_t i = 0; i < MAX_KEY_CACHE; i++) {
        if (n->keys[i].key != NULL &&
            memcmp(n->keys[i].key->body.key_id, key_id, 16) == 0) {
            return true;
        }
    }
    return false;
}

static void a_list_that_nobody_asked_for_loads_no_key(void **state)
{
    static const uint8_t list[2] = {0};
    struct cs_message m = {.proto = CS_PROTO_FROST,
                           .type = CS_TYPE_FR_NONCES,
                           .round = 1,
                           .broadcast = CS_SPAN_OF(list)};

    (void)state;
    memcpy(m.key_id, trio_key_id, 16);
    m.key_id[15] = 1;
    cs_nd_key_forget(b.node[0].core, m.key_id);
    lie_say(&b, 1, 0, &m);
    assert_false(has_key(0, m.key_id));
}

/* Asks node 2 for a check that there is not.  Did it read the key for that? */
static bool names_key(uint8_t from, const uint8_t key_id[16])
{
    static const uint8_t request_id[16] = {7}, use_id[32] = {1};
    struct cs_node_core *n = b.node[2].core;
    struct work *w = NULL;

    cs_nd_key_forget(n, key_id);
    assert_int_equal(
        cs_nd_check_join(n, n->quorums[0], from, key_id, request_id, use_id, &w),
        CS_ERR_NOT_FOUND);
    return has_key(2, key_id);
}

/* Each time it would have to be read and checked. */
static void a_peer_cannot_have_keys_read_at_any_rate(void **state)
{
    struct cs_node_core *n = b.node[2].core;
    uint8_t key_id[16];
    size_t loads = 0;

    (void)state;
    memcpy(key_id, trio_key_id, 16);
    key_id[15] = 1;
    for (int i = 0; i < 100; i++) {
        loads += names_key(1, key_id) ? 1 : 0;
    }
    assert_int_equal(loads, MAX_KEY_LOADS);
    assert_true(names_key(2, key_id)); /* the other one is not held back */
    n->now += KEY_LOAD_MS;
    assert_true(names_key(1, key_id));
    assert_false(names_key(1, key_id));
}

#define CASE(name)    cmocka_unit_test_setup_teardown(name, up, down)
#define ECDSA(name)   cmocka_unit_test_setup_teardown(name, up_ecdsa, down)
#define KEYLESS(name) cmocka_unit_test_setup_teardown(name, up_keyless, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_share_does_not_leave_a_device_that_was_disabled),
        CASE(a_share_does_not_leave_for_a_quarantined_peer),
        CASE(a_key_generation_does_not_go_on_with_a_quarantined_peer),
        CASE(a_signature_does_not_leave_a_device_that_was_disabled),
        CASE(an_attempt_of_before_a_restart_is_not_begun_again),
        ECDSA(an_attempt_that_is_over_is_not_begun_again),
        KEYLESS(a_check_does_not_touch_a_request_that_has_its_id),
        ECDSA(a_node_whose_disk_failed_keeps_no_step),
        CASE(a_list_that_nobody_asked_for_loads_no_key),
        CASE(a_peer_cannot_have_keys_read_at_any_rate),
    };

    cmocka_set_test_filter(getenv("CASE"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
