/* Signers that lie: nothing unverified is shown, and one cannot stop the others. */
#include "platform/core/core.h"
#include "support/fake_sign.h"

enum lie {
    LIE_SIGNATURE,
    LIE_TWO,
    LIE_SHORT,
    LIE_RECEIPT,
    LIE_RECEIPT_OF_OTHER,
    LIE_REQUEST,
    LIE_OTHER_TX
};

static void lie(struct fake_trio *t, struct fake_tx *x, unsigned mask, enum lie what)
{
    int i = fake_first(mask);
    struct cs_ctl_frame f;
    struct cs_wr other = {0};
    uint8_t sig[64], pub[32];

    fake_group_sign(t, sig, cs_wr_get(&x->message));
    fake_done_make(t, x, i, sig, &f);
    if (what == LIE_SIGNATURE) {
        f.u.sign_done.signatures.p[40] ^= 1;
        fake_receipt(t, i, &f.u.sign_done);
    } else if (what == LIE_RECEIPT) {
        f.u.sign_done.receipt[0] ^= 1;
    } else if (what == LIE_RECEIPT_OF_OTHER) {
        fake_receipt(t, fake_second(mask), &f.u.sign_done);
    } else if (what == LIE_REQUEST) { /* a receipt for something else */
        f.u.sign_done.reqh[0] ^= 1;
        fake_receipt(t, i, &f.u.sign_done);
    } else if (what == LIE_SHORT) {
        f.u.sign_done.signatures.n--;
        fake_receipt(t, i, &f.u.sign_done);
    } else if (what == LIE_TWO) { /* one more than there are things to sign */
        cs_wr_bytes(&other, sig, sizeof sig);
        cs_wr_bytes(&other, sig, sizeof sig);
        f.u.sign_done.signatures = (struct cs_blob){other.p, other.n};
        fake_receipt(t, i, &f.u.sign_done);
    } else { /* a valid signature over another transfer */
        fake_own_key(t, pub);
        fake_solana(&other, pub, 999);
        fake_group_sign(t, f.u.sign_done.signatures.p, cs_wr_get(&other));
        fake_receipt(t, i, &f.u.sign_done);
    }
    fake_evt(&t->d[i], &f);
    cs_wr_free(&other);
}

static void a_result_that_does_not_verify_is_never_shown(void **state)
{
    (void)state;
    for (int what = LIE_SIGNATURE; what <= LIE_OTHER_TX; what++) {
        struct fake_trio *t = fake_signers();
        struct fake_tx x;
        unsigned mask, again;

        fake_tx_new(t, &x, 7);
        mask = fake_sign_commands(t, &x);
        lie(t, &x, mask, (enum lie)what);
        fake_tx_status(t, &x, "SIGNATURE_PENDING");
        assert_string_equal(fake_text(t->w, "signature"), "");
        assert_string_equal(fake_text(t->w, "signedTransaction"), "");
        /* The two others go on at once. */
        again = fake_sign_commands(t, &x);
        assert_int_equal(again, 7U & ~(1U << fake_first(mask)));
        assert_int_equal(t->d[fake_first(again)].last.u.sign.attempt, 2);
        fake_both_done(t, &x, again);
        fake_tx_status(t, &x, "SIGNED");
        fake_tx_end(t, &x);
    }
}

/* A member that lies again and again ends its own attempt once, and no other. */
static void a_liar_that_goes_on_does_not_disturb_the_others(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask, again;
    size_t lines;
    int liar;

    (void)state;
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    liar = fake_first(mask);
    lie(t, &x, 1U << liar, LIE_SIGNATURE);
    again = fake_sign_commands(t, &x);
    assert_int_equal(again, 7U & ~(1U << liar));
    lines = fake_lines(t, &x);
    /* Its command is kept, so that it can lie on about the new attempt too. */
    t->d[liar].last.u.sign = t->d[fake_first(again)].last.u.sign;
    for (int i = 0; i < 20; i++) {
        struct cs_ctl_frame f;
        uint8_t sig[64] = {1};

        fake_done_make(t, &x, liar, sig, &f);
        fake_evt(&t->d[liar], &f);
    }
    t->d[liar].last.u.sign.payload = (struct cs_blob){NULL, 0}; /* the other's */
    assert_int_equal(fake_lines(t, &x), lines);
    fake_tx_get(t, &x);
    assert_int_equal(json_integer_value(json_object_get(t->w->reply, "attempt")), 2);
    fake_failed_send(t, &x, fake_first(again), "LINK_LOST", 0, true);
    fake_wait(t->w, 600); /* the attempt ended just now: its pause is short */
    assert_int_equal(fake_sign_commands(t, &x), again);
    fake_both_done(t, &x, again);
    fake_tx_status(t, &x, "SIGNED");
    fake_tx_end(t, &x);
}

static uint32_t penalty_of(struct fake_trio *t, int i)
{
    return cs_pc_live_penalty(t->w->core, cs_pc_live_get(t->w->core, t->d[i].id));
}

/* Verification is work that keeps everybody waiting: one lie of a member for a request
 * is looked at, then nothing of it any more, and nothing that differs once it is
 * signed.  What is looked at and wrong costs a penalty, which shows it. */
static void lies_are_verified_once(void **state)
{
    struct fake_trio *t = fake_signers();
    struct cs_ctl_frame f;
    struct fake_tx x;
    uint8_t good[64];
    unsigned mask, again;
    uint32_t after;
    int liar;

    (void)state;
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    liar = fake_first(mask);
    lie(t, &x, 1U << liar, LIE_SIGNATURE);
    after = penalty_of(t, liar);
    assert_int_not_equal(after, 0);
    again = fake_sign_commands(t, &x);
    t->d[liar].last.u.sign = t->d[fake_first(again)].last.u.sign;
    lie(t, &x, 1U << liar, LIE_SIGNATURE);
    lie(t, &x, 1U << liar, LIE_RECEIPT);
    fake_group_sign(t, good, cs_wr_get(&x.message));
    fake_done_make(t, &x, liar, good, &f);
    fake_evt(&t->d[liar], &f); /* nor the truth */
    fake_tx_status(t, &x, "SIGNATURE_PENDING");
    assert_int_equal(penalty_of(t, liar), after);

    fake_done_make(t, &x, fake_first(again), good, &f);
    fake_evt(&t->d[fake_first(again)], &f);
    fake_tx_status(t, &x, "SIGNED");
    fake_done_make(t, &x, liar, good, &f);
    f.u.sign_done.receipt[0] ^= 1; /* with the signature that is known by now */
    fake_evt(&t->d[liar], &f);
    assert_int_equal(penalty_of(t, liar), after);
    lie(t, &x, 1U << fake_second(again), LIE_SIGNATURE); /* of another, too late */
    assert_int_equal(penalty_of(t, fake_second(again)), 0);
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "receipts")), 1);
    t->d[liar].last.u.sign.payload = (struct cs_blob){NULL, 0};
    fake_tx_end(t, &x);
}

/* A bad result for an attempt that somebody else has now. */
static void a_late_lie_leaves_the_attempt_of_others_alone(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask, again;
    int third;

    (void)state;
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    fake_failed_send(t, &x, fake_first(mask), "LINK_LOST", 0, true);
    again = fake_sign_commands(t, &x);
    assert_int_not_equal(again, mask);
    third = fake_first(mask & ~again);
    t->d[third].last.u.sign = t->d[fake_first(again)].last.u.sign;
    lie(t, &x, 1U << third, LIE_SIGNATURE);
    t->d[third].last.u.sign.payload = (struct cs_blob){NULL, 0};
    fake_tx_get(t, &x);
    assert_int_equal(json_integer_value(json_object_get(t->w->reply, "attempt")), 2);
    assert_int_equal(fake_sign_commands(t, &x), 0);
    fake_wait(t->w, 1000);
    assert_int_equal(fake_sign_commands(t, &x), 0);
    fake_tx_end(t, &x);
}

static void results_and_failures_of_others_are_dropped(void **state)
{
    struct fake_trio *t = fake_signers();
    struct cs_ctl_frame f;
    struct fake_tx x;
    uint8_t sig[64];
    unsigned mask;
    int out;

    (void)state;
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    out = mask == 3 ? 2 : mask == 5 ? 1 : 0;
    fake_group_sign(t, sig, cs_wr_get(&x.message));
    fake_done_make(t, &x, fake_first(mask), sig, &f);
    fake_evt(&t->d[out], &f); /* in another's name */
    fake_tx_status(t, &x, "SIGNATURE_PENDING");
    f.u.sign_done.index = 0;
    fake_evt(&t->d[out], &f);
    f.u.sign_done.request_id[0] ^= 1;
    fake_evt(&t->d[fake_first(mask)], &f);
    fake_failed_send(t, &x, out, "CHEAT", 0, false); /* not of this attempt's pair */
    fake_tx_status(t, &x, "SIGNATURE_PENDING");
    assert_int_equal(json_integer_value(json_object_get(t->w->reply, "attempt")), 1);
    fake_tx_end(t, &x);
}

static void a_second_result_adds_its_receipt_and_changes_nothing(void **state)
{
    struct fake_trio *t = fake_signers();
    struct cs_ctl_frame f;
    struct fake_tx x;
    uint8_t sig[64], other[64];
    char hex[129];
    unsigned mask;
    size_t lines;

    (void)state;
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    fake_group_sign(t, sig, cs_wr_get(&x.message));
    fake_group_sign(t, other, cs_wr_get(&x.message));
    fake_done_make(t, &x, fake_first(mask), sig, &f);
    fake_evt(&t->d[fake_first(mask)], &f);
    fake_done_make(t, &x, fake_second(mask), other, &f); /* valid, but another one */
    fake_evt(&t->d[fake_second(mask)], &f);
    fake_tx_status(t, &x, "SIGNED");
    assert_string_equal(fake_text(t->w, "signature"), cs_hex(hex, sig, 64));
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "receipts")), 1);
    lines = fake_lines(t, &x);
    f.u.sign_done.signatures.p[40] ^= 1; /* a bad one after the end */
    fake_evt(&t->d[fake_second(mask)], &f);
    assert_int_equal(fake_lines(t, &x), lines);
    fake_done_make(t, &x, fake_second(mask), sig, &f);
    for (int i = 0; i < 3; i++) { /* the same again and again: one receipt */
        fake_evt(&t->d[fake_second(mask)], &f);
    }
    fake_tx_status(t, &x, "SIGNED");
    assert_string_equal(fake_text(t->w, "signature"), cs_hex(hex, sig, 64));
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "receipts")), 2);
    fake_tx_end(t, &x);
}

/* What a signer says of an attempt counts once, and while it is the current one. */
static void failures_of_an_attempt_that_is_over_are_dropped(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    struct cs_ctl_sign first;
    unsigned mask, again;
    size_t lines;
    int both, other;

    (void)state;
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    first = t->d[fake_first(mask)].last.u.sign;
    other = fake_first(7U & ~mask); /* not asked to sign: it cannot say how it went */
    t->d[other].last.u.sign.attempt = first.attempt;
    fake_failed_send(t, &x, other, "LINK_LOST", 0, true);
    fake_failed_send(t, &x, other, "POLICY_REFUSED", 0, false);
    assert_int_equal(fake_lines(t, &x), 2);
    fake_failed_send(t, &x, fake_first(mask), "LINK_LOST", 0, true);
    again = fake_sign_commands(t, &x);
    both = fake_first(mask & again);
    other = fake_first(again & ~(1U << both));
    lines = fake_lines(t, &x);
    t->d[both].last.u.sign.attempt = first.attempt;
    fake_failed_send(t, &x, both, "LINK_LOST", 0, true);
    assert_int_equal(fake_lines(t, &x), lines);
    t->d[both].last.u.sign.attempt = first.attempt + 1;
    fake_failed_send(t, &x, both, "LINK_LOST", 0, true);
    assert_int_equal(fake_lines(t, &x), lines + 1);
    fake_failed_send(t, &x, other, "LINK_LOST", 0, true); /* waits already */
    assert_int_equal(fake_lines(t, &x), lines + 1);
    fake_wait(t->w, 200); /* of 250 */
    lie(t, &x, 1U << other, LIE_SIGNATURE);
    fake_wait(t->w, 100); /* the lie did not put the next attempt off */
    assert_int_equal(fake_sign_commands(t, &x), 7U & ~(1U << other));
    fake_tx_end(t, &x);
}

static void two_that_blame_each_other_are_not_paired_again(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;

    (void)state;
    fake_status(&t->d[2], "DRAINING");
    fake_tx_new(t, &x, 7);
    assert_int_equal(fake_sign_commands(t, &x), 3);
    fake_failed_send(t, &x, 0, "CHEAT", 2, true);
    fake_wait(t->w, 11000); /* it looks each 5 s, and there is no other pair */
    assert_int_equal(fake_sign_commands(t, &x), 0);
    fake_status(&t->d[2], "READY");
    assert_int_not_equal(fake_sign_commands(t, &x), 0);
    fake_tx_end(t, &x);
}

static void says_refused(struct fake_trio *t, const char *where, const char *reason,
                         int i)
{
    char want[64];

    (void)snprintf(want, sizeof want, "%s: player %d", reason, i + 1);
    assert_non_null(strstr(fake_text(t->w, where), want));
}

static void while_it_waits_the_refusals_are_told(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask;

    (void)state;
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    for (int i = 0; i < 3; i++) {
        if ((mask >> i & 1) == 0) {
            fake_status(&t->d[i], "DRAINING");
        }
    }
    fake_failed_send(t, &x, fake_first(mask), "APPROVAL_REFUSED", 0, false);
    fake_tx_status(t, &x, "SIGNATURE_PENDING");
    assert_non_null(strstr(fake_text(t->w, "reasons.0"), "NOT_ENOUGH_SIGNERS"));
    says_refused(t, "reasons.1", "APPROVAL_REFUSED", fake_first(mask));
    fake_tx_end(t, &x);
}

static void a_member_that_refuses_is_left_out(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask, again;

    (void)state;
    fake_tx_new(t, &x, 7);
    mask = fake_sign_commands(t, &x);
    fake_failed_send(t, &x, fake_first(mask), "POLICY_REFUSED", 0, false);
    again = fake_sign_commands(t, &x);
    assert_int_equal(again, 7U & ~(1U << fake_first(mask)));
    fake_failed_send(t, &x, fake_second(again), "APPROVAL_REFUSED", 0, false);
    fake_wait(t->w, 5000);
    fake_tx_status(t, &x, "FAILED"); /* one is left */
    assert_non_null(strstr(fake_text(t->w, "reasons.0"), "NOT_ENOUGH_SIGNERS"));
    says_refused(t, "reasons.1", "POLICY_REFUSED", fake_first(mask));
    says_refused(t, "reasons.2", "APPROVAL_REFUSED", fake_second(again));
    assert_int_equal(json_array_size(json_object_get(t->w->reply, "reasons")), 3);
    assert_true(fake_cmd(&t->d[fake_first(again)], CS_CMD_REQUEST_CANCEL));
    fake_tx_end(t, &x);
}

static void one_liar_cannot_frame_the_others(void **state)
{
    struct fake_trio *t = fake_signers();
    struct fake_tx x;
    unsigned mask;
    int rounds = 0;

    (void)state;
    fake_tx_new(t, &x, 7);
    /* Member 1 blames whoever it is paired with: the two others are left, and sign. */
    for (mask = fake_sign_commands(t, &x); mask != 6 && rounds < 3; rounds++) {
        int other = fake_second(mask);

        fake_failed_send(t, &x, 0, "CHEAT", (uint32_t)other + 1, false);
        fake_wait(t->w, 1000);
        mask = fake_sign_commands(t, &x);
    }
    assert_int_equal(mask, 6);
    fake_both_done(t, &x, mask);
    fake_tx_status(t, &x, "SIGNED");
    fake_tx_end(t, &x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_that_does_not_verify_is_never_shown),
        cmocka_unit_test(a_liar_that_goes_on_does_not_disturb_the_others),
        cmocka_unit_test(lies_are_verified_once),
        cmocka_unit_test(a_late_lie_leaves_the_attempt_of_others_alone),
        cmocka_unit_test(results_and_failures_of_others_are_dropped),
        cmocka_unit_test(a_second_result_adds_its_receipt_and_changes_nothing),
        cmocka_unit_test(failures_of_an_attempt_that_is_over_are_dropped),
        cmocka_unit_test(two_that_blame_each_other_are_not_paired_again),
        cmocka_unit_test(a_member_that_refuses_is_left_out),
        cmocka_unit_test(while_it_waits_the_refusals_are_told),
        cmocka_unit_test(one_liar_cannot_frame_the_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
