/* The approver: asked once, before anything leaves, by both nodes; a refusal, a silence
 * or a late word lets no share out (RELIABILITY T15; issue 4, point 7). */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "crypto/ecdsa.h"
#include "node/core/core.h"
#include "support/node_ecdsa.h"

static struct bed b;
static bool is_ecdsa;

static void ask_at(int i)
{
    b.node[i].ask = true;
    bed_restart(&b, i);
}

static int up_frost(void **state)
{
    (void)state;
    is_ecdsa = false;
    trio_up(&b);
    trio_key(&b);
    ask_at(0);
    ask_at(1);
    bed_advance(&b, 20000);
    return 0;
}

static int up_ecdsa(void **state)
{
    (void)state;
    is_ecdsa = true;
    ec_up(&b, "ETHEREUM");
    ask_at(0);
    ask_at(1);
    bed_advance(&b, 60000);
    return 0;
}

static int up_peer_only(void **state)
{
    (void)state;
    is_ecdsa = false;
    trio_up(&b);
    trio_key(&b);
    ask_at(1);
    bed_advance(&b, 20000);
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

static void frame(struct cs_ctl_frame *f, uint8_t n, uint32_t attempt)
{
    if (is_ecdsa) {
        ec_sign_frame(&b, f, n, 1, 2, 1);
    } else {
        trio_sign_frame(&b, f, n, 1, 2, 1);
    }
    f->u.sign.attempt = attempt;
    f->u.sign.approval_ms = CS_CTL_APPROVAL_MS; /* as the platform does */
}

static void request(uint8_t n, uint32_t attempt)
{
    struct cs_ctl_frame f;

    frame(&f, n, attempt);
    trio_sign_send(&b, &f);
}

static void verdict_of(int i, uint64_t id, enum cs_err err)
{
    struct bed_item *it = bed_put(&b, i, CS_EV_VERDICT);

    it->ev.conn = id;
    it->ev.err = err;
    it->ev.data = CS_SPAN_LIT("because");
    bed_run(&b);
}

static void verdict(int i, enum cs_err err)
{
    verdict_of(i, b.node[i].asked, err);
}

static uint32_t intents(int i, uint8_t n)
{
    struct cs_journal_request seen;
    uint8_t id[16];

    memcpy(id, "signing-req-0000", 16);
    id[15] = n;
    return cs_journal_find(b.node[i].core->journal, id, &seen) == CS_OK
               ? (uint32_t)seen.n_intents
               : 0;
}

static void nothing_left(int i, uint8_t n)
{
    assert_int_equal(intents(i, n), 0);
    assert_int_equal(bed_count(&b, i, CS_EVT_SIGN_DONE), 0);
}

static const char *last_step(int i)
{
    return bed_last(&b, i, CS_EVT_REQUEST_STEP)->u.request_step.step;
}

/* ---- what it is for ------------------------------------------------------------ */

static void both_nodes_ask_at_once_and_sign_when_both_are_told_to(void **state)
{
    (void)state;
    request(1, 1);
    assert_int_equal(b.node[0].n_asked, 1); /* in parallel: no time has passed */
    assert_int_equal(b.node[1].n_asked, 1);
    assert_string_equal(last_step(0), "APPROVAL_PENDING");
    bed_advance(&b, 20000); /* longer than an attempt had */
    nothing_left(0, 1);
    nothing_left(1, 1);
    verdict(0, CS_OK);
    bed_advance(&b, 5000); /* the peer's message waits at node 1 */
    assert_int_equal(intents(0, 1), 1);
    nothing_left(1, 1);
    verdict(1, CS_OK);
    bed_advance(&b, 3000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    assert_int_equal(intents(1, 1), 1);
    assert_non_null(
        strstr(trio_trace(&bed_last(&b, 0, CS_EVT_SIGN_DONE)->u.sign_done.trace),
               "1:ACCEPTED 1:APPROVED 1:ROUND_1"));
    if (!is_ecdsa) {
        trio_check_done(&b, 0, 1);
    }
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 0);
    assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_FAILED), 0);
    assert_int_equal(b.node[0].n_asked, 1);
}

static void the_slower_approver_may_be_the_initiators(void **state)
{
    (void)state;
    request(1, 1);
    verdict(1, CS_OK);
    bed_advance(&b, 28000);
    nothing_left(0, 1);
    nothing_left(1, 1);
    verdict(0, CS_OK);
    bed_advance(&b, 3000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
}

static void an_answer_in_the_last_second_is_in_time(void **state)
{
    (void)state;
    request(1, 1);
    verdict(0, CS_OK);
    bed_advance(&b, CS_CTL_APPROVAL_MS - 1);
    verdict(1, CS_OK);
    bed_advance(&b, 3000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
}

/* ---- refusals ------------------------------------------------------------------ */

static void a_refusal_of_the_initiator_ends_it_there_for_good(void **state)
{
    (void)state;
    request(1, 1);
    verdict(0, CS_ERR_APPROVAL_REFUSED);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "APPROVAL_REFUSED");
    assert_string_equal(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.phase,
                        "approval");
    assert_false(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.retryable);
    assert_int_equal(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.blame, 0);
    verdict(0, CS_OK); /* it has said no */
    request(1, 2);
    assert_int_equal(b.node[0].n_asked, 1);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 2);
    bed_advance(&b, 60000);
    nothing_left(0, 1);
    nothing_left(1, 1);
}

static void a_refusal_of_the_responder_is_told_to_the_initiator(void **state)
{
    (void)state;
    request(1, 1);
    verdict(0, CS_OK);
    bed_advance(&b, 2000);
    verdict(1, CS_ERR_APPROVAL_REFUSED);
    bed_advance(&b, 100);
    BED_FAILED(&b, 1, CS_EVT_SIGN_FAILED, "APPROVAL_REFUSED");
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 1); /* at once */
    assert_string_equal(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.phase,
                        "POLICY_REFUSED"); /* no more than that */
    nothing_left(1, 1);
    assert_int_equal(b.node[0].core->quorums[0]->peers[2].rec.blames, 0);
}

static void a_message_after_the_refusal_is_refused_too(void **state)
{
    (void)state;
    request(1, 1);
    verdict(1, CS_ERR_APPROVAL_REFUSED);
    verdict(0, CS_OK);
    bed_advance(&b, 100);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 1);
    nothing_left(1, 1);
}

static void silence_is_a_refusal_after_thirty_seconds(void **state)
{
    uint64_t id;

    (void)state;
    request(1, 1);
    id = b.node[1].asked;
    verdict(0, CS_OK);
    bed_advance(&b, CS_CTL_APPROVAL_MS - 1);
    assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_FAILED), 0);
    bed_advance(&b, 1);
    BED_FAILED(&b, 1, CS_EVT_SIGN_FAILED, "APPROVAL_TIMEOUT");
    verdict_of(1, id, CS_OK); /* too late */
    bed_advance(&b, 60000);
    nothing_left(1, 1);
}

/* The loop stood still: the verdict is read before the timer runs. */
static void a_verdict_that_overtakes_the_timer_is_too_late(void **state)
{
    (void)state;
    request(1, 1);
    verdict(0, CS_OK);
    b.now += CS_CTL_APPROVAL_MS;
    verdict(1, CS_OK);
    bed_advance(&b, 60000);
    BED_FAILED(&b, 1, CS_EVT_SIGN_FAILED, "APPROVAL_TIMEOUT");
    nothing_left(1, 1);
}

static void an_approver_that_cannot_be_asked_refuses(void **state)
{
    (void)state;
    request(1, 1);
    verdict(0, CS_ERR_CONN); /* whatever went wrong */
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "APPROVAL_FAILED");
    bed_advance(&b, 60000);
    nothing_left(0, 1);
}

static void a_verdict_for_another_question_does_nothing(void **state)
{
    (void)state;
    request(1, 1);
    verdict_of(0, b.node[0].asked + 1, CS_OK);
    verdict_of(0, 0, CS_OK);
    verdict_of(0, UINT64_MAX, CS_ERR_APPROVAL_REFUSED);
    bed_advance(&b, 1000);
    nothing_left(0, 1);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 0);
}

/* ---- once ---------------------------------------------------------------------- */

static void the_next_attempt_does_not_ask_again(void **state)
{
    (void)state;
    b.relay_down = true;
    request(1, 1);
    verdict(0, CS_OK);
    verdict(1, CS_OK);
    bed_advance(&b, 60000); /* over */
    b.relay_down = false;
    bed_advance(&b, 60000);
    request(1, 2);
    bed_advance(&b, 10000);
    assert_int_equal(b.node[0].n_asked, 1);
    assert_int_equal(b.node[1].n_asked, 1);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
}

/* What the platform says of it is bounded on both sides. */
static void an_attempt_has_time_for_the_own_approver_and_no_end_of_it(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    frame(&f, 1, 1);
    f.u.sign.approval_ms = 0;
    trio_sign_send(&b, &f);
    assert_int_equal(b.node[0].core->works->approval_ms, CS_CTL_APPROVAL_MS);
    frame(&f, 1, 2);
    f.u.sign.approval_ms = UINT32_MAX;
    trio_sign_send(&b, &f);
    assert_int_equal(b.node[0].core->works->approval_ms, CS_CTL_APPROVAL_MAX_MS);
}

/* The platform may say that a request lives for years. */
static void a_yes_counts_for_an_hour(void **state)
{
    (void)state;
    b.relay_down = true;
    request(1, 1);
    verdict(0, CS_OK);
    verdict(1, CS_OK);
    bed_advance(&b, 3600000);
    b.relay_down = false;
    bed_advance(&b, 60000);
    request(1, 2);
    bed_advance(&b, 1000);
    assert_int_equal(b.node[0].n_asked, 2);
    assert_int_equal(b.node[1].n_asked, 2);
    nothing_left(0, 1);
    nothing_left(1, 1);
    verdict(0, CS_OK);
    verdict(1, CS_OK);
    bed_advance(&b, 3000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
}

static void an_attempt_that_ends_before_the_verdict_leaves_it_to_the_next(void **state)
{
    (void)state;
    request(1, 1);
    request(1, 2); /* the platform gave the first one up */
    assert_int_equal(b.node[0].n_asked, 1);
    verdict(0, CS_OK);
    verdict(1, CS_OK);
    bed_advance(&b, 3000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    assert_int_equal(bed_last(&b, 0, CS_EVT_SIGN_DONE)->u.sign_done.attempt, 2);
}

static void a_restart_forgets_and_asks_again(void **state)
{
    uint64_t id;

    (void)state;
    request(1, 1);
    id = b.node[0].asked;
    bed_restart(&b, 0);
    bed_advance(&b, 20000);
    verdict_of(0, id, CS_OK); /* of the life before */
    request(1, 2);
    bed_advance(&b, 100);
    assert_int_equal(b.node[0].n_asked, 2);
    nothing_left(0, 1);
}

static void an_answered_request_stays_answered(void **state)
{
    (void)state;
    request(1, 1);
    verdict(0, CS_OK);
    verdict(1, CS_OK);
    bed_advance(&b, 3000);
    bed_restart(&b, 0);
    bed_advance(&b, 20000);
    request(1, 2);
    bed_advance(&b, 100);
    assert_int_equal(b.node[0].n_asked, 1);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 2); /* the stored one */
}

static void the_id_of_a_question_cannot_be_taken_for_something_else(void **state)
{
    static uint8_t other[] = "Pay the baker.";
    struct cs_ctl_frame f;

    (void)state;
    request(1, 1);
    verdict(0, CS_OK);
    b.relay_down = true;
    bed_advance(&b, 100000);
    frame(&f, 1, 2);
    f.u.sign.payload = (struct cs_blob){other, sizeof other - 1};
    ec_send_to(&b, 0, &f);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "E_REQUEST_CONFLICT");
    assert_int_equal(b.node[0].n_asked, 1);
}

static void a_request_that_expired_meanwhile_is_not_signed(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    frame(&f, 1, 1);
    f.u.sign.expires_at = (uint64_t)bed_wall(&b.node[0]) - 110000; /* 120 s of slack */
    trio_sign_send(&b, &f);
    bed_advance(&b, 15000);
    verdict(0, CS_OK);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "REQUEST_EXPIRED");
    nothing_left(0, 1);
}

/* ---- words --------------------------------------------------------------------- */

static void the_question_says_what_would_be_signed(void **state)
{
    json_t *o, *s;

    (void)state;
    request(1, 1);
    o = json_loads(b.node[0].ask_json, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(o);
    s = json_object_get(o, "summary");
    assert_string_equal(json_string_value(json_object_get(o, "blockchain")), "SOLANA");
    assert_string_equal(json_string_value(json_object_get(o, "kind")), "PLAINTEXT");
    assert_int_equal(json_integer_value(json_object_get(o, "items")), 1);
    assert_int_equal(strlen(json_string_value(json_object_get(o, "payloadHash"))), 64);
    assert_int_equal(strlen(json_string_value(json_object_get(o, "requestHash"))), 64);
    assert_string_equal(json_string_value(json_object_get(s, "memo")),
                        (const char *)trio_text);
    assert_true(json_is_true(json_object_get(s, "clear")));
    json_decref(o);
}

static void the_node_says_that_it_has_an_approver(void **state)
{
    (void)state;
    assert_int_equal(b.node[0].hello.approval_ms, CS_CTL_APPROVAL_MS);
    assert_int_equal(b.node[2].hello.approval_ms, 0);
}

static void a_node_without_approver_waits_for_one_that_has(void **state)
{
    (void)state;
    request(1, 1);
    assert_int_equal(b.node[0].n_asked, 0);
    bed_advance(&b, 29000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 0);
    verdict(1, CS_OK);
    bed_advance(&b, 3000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
}

static void questions_are_bounded(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    for (unsigned i = 0; i < MAX_APPROVALS + 5; i++) { /* refusals are remembered .. */
        frame(&f, (uint8_t)i, 1);
        f.u.sign.request_id[14] = (uint8_t)(i >> 8);
        ec_send_to(&b, 0, &f);
        verdict(0, CS_ERR_APPROVAL_REFUSED);
        bed_forget_evts(&b.node[0]);
    }
    assert_int_equal(b.node[0].core->n_approvals, MAX_APPROVALS);
    bed_advance(&b, 8000000); /* .. until their life is over */
    frame(&f, 200, 1);
    f.u.sign.expires_at = (uint64_t)bed_wall(&b.node[0]) + 100000;
    f.u.sign.request_id[0] = 'x';
    ec_send_to(&b, 0, &f);
    assert_int_equal(b.node[0].core->n_approvals, 1);
}

static void what_waits_is_kept_once_however_often_it_is_said(void **state)
{
    (void)state;
    request(1, 1);
    verdict(0, CS_OK);
    bed_advance(&b, 25000); /* repeats come each 4 s */
    assert_true(b.node[1].core->quorums[0]->peers[1].parked <= (is_ecdsa ? 2 : 1));
    assert_true(b.node[1].core->quorums[0]->peers[1].parked >= 1);
}

#define FROST(test) cmocka_unit_test_setup_teardown(test, up_frost, down)
#define ECDSA(test) cmocka_unit_test_setup_teardown(test, up_ecdsa, down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        FROST(both_nodes_ask_at_once_and_sign_when_both_are_told_to),
        ECDSA(both_nodes_ask_at_once_and_sign_when_both_are_told_to),
        FROST(the_slower_approver_may_be_the_initiators),
        ECDSA(the_slower_approver_may_be_the_initiators),
        FROST(an_answer_in_the_last_second_is_in_time),
        ECDSA(an_answer_in_the_last_second_is_in_time),
        FROST(a_refusal_of_the_initiator_ends_it_there_for_good),
        ECDSA(a_refusal_of_the_initiator_ends_it_there_for_good),
        FROST(a_refusal_of_the_responder_is_told_to_the_initiator),
        ECDSA(a_refusal_of_the_responder_is_told_to_the_initiator),
        FROST(a_message_after_the_refusal_is_refused_too),
        ECDSA(a_message_after_the_refusal_is_refused_too),
        FROST(silence_is_a_refusal_after_thirty_seconds),
        FROST(a_verdict_that_overtakes_the_timer_is_too_late),
        ECDSA(silence_is_a_refusal_after_thirty_seconds),
        ECDSA(a_verdict_that_overtakes_the_timer_is_too_late),
        FROST(an_approver_that_cannot_be_asked_refuses),
        FROST(a_verdict_for_another_question_does_nothing),
        FROST(the_next_attempt_does_not_ask_again),
        FROST(a_yes_counts_for_an_hour),
        FROST(an_attempt_has_time_for_the_own_approver_and_no_end_of_it),
        ECDSA(the_next_attempt_does_not_ask_again),
        FROST(an_attempt_that_ends_before_the_verdict_leaves_it_to_the_next),
        FROST(a_restart_forgets_and_asks_again),
        FROST(an_answered_request_stays_answered),
        FROST(the_id_of_a_question_cannot_be_taken_for_something_else),
        FROST(a_request_that_expired_meanwhile_is_not_signed),
        FROST(the_question_says_what_would_be_signed),
        FROST(the_node_says_that_it_has_an_approver),
        cmocka_unit_test_setup_teardown(a_node_without_approver_waits_for_one_that_has,
                                        up_peer_only, down),
        FROST(questions_are_bounded),
        FROST(what_waits_is_kept_once_however_often_it_is_said),
        ECDSA(what_waits_is_kept_once_however_often_it_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
