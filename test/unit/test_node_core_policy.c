/* The operator's policy in the node core: both roles obey it, and windows count what
 * may have been signed, exactly once, over restarts and clocks that jump. */
#include "node/core/core.h"
#include "support/node_trio.h"

static struct bed b;
static struct cs_policy *policies[8];
static size_t n_policies;

static const struct cs_policy *policy(const char *rules)
{
    char text[2000];
    struct cs_why why = {""};
    int n = snprintf(text, sizeof text,
                     "{\"version\":1,\"default\":\"deny\",\"rules\":[%s]}", rules);

    if (cs_policy_load(&policies[n_policies], CS_SPAN(text, (size_t)n), &why) !=
        CS_OK) {
        fail_msg("%s", why.text);
    }
    return policies[n_policies++];
}

#define SOLANA                                                                         \
    "{\"name\":\"r\",\"action\":\"allow\",\"blockchains\":[\"SOLANA\"],\"kinds\":["    \
    "\"RAW\"],"
#define PER_HOUR(units)                                                                \
    SOLANA "\"windows\":[{\"asset\":\"native\",\"units\":\"" units                     \
           "\",\"minutes\":60,\"per\":\"key\"}]}"

static void everywhere(const char *rules)
{
    const struct cs_policy *p = policy(rules);

    for (int i = 0; i < BED_NODES; i++) {
        b.node[i].policy = p;
        cs_node_core_policy(b.node[i].core, p);
    }
}

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
    while (n_policies > 0) {
        cs_policy_free(policies[--n_policies]);
    }
    return 0;
}

/* Request n: a payment of `lamports` to somebody, by parties 1 and 2. */
static void pay(uint8_t n, uint8_t lamports, uint32_t attempt)
{
    static const uint8_t to[32] = {2}, hash[32] = {3}, system[32] = {0};
    static const uint8_t head[] = {1, 0, 1, 3};
    uint8_t instr[] = {1, 2, 2, 0, 1, 12, 2, 0, 0, 0, lamports, 0, 0, 0, 0, 0, 0, 0};
    struct cs_ctl_frame f;
    struct cs_wr w = {0};
    uint8_t pub[32];

    trio_public(&b, pub);
    cs_wr_bytes(&w, head, sizeof head);
    cs_wr_bytes(&w, pub, 32);
    cs_wr_bytes(&w, to, 32);
    cs_wr_bytes(&w, system, 32);
    cs_wr_bytes(&w, hash, 32);
    cs_wr_bytes(&w, instr, sizeof instr);
    trio_sign_frame(&b, &f, n, 1, 2, 1);
    (void)snprintf(f.u.sign.kind, sizeof f.u.sign.kind, "RAW");
    f.u.sign.payload = (struct cs_blob){w.p, w.n};
    f.u.sign.attempt = attempt;
    f.u.sign.approval_ms = b.node[0].ask ? CS_CTL_APPROVAL_MS : 0;
    trio_sign_send(&b, &f);
    cs_wr_free(&w);
}

static size_t done(void)
{
    bed_advance(&b, 3000);
    return bed_count(&b, 0, CS_EVT_SIGN_DONE);
}

static void refused_by(int i)
{
    BED_FAILED(&b, i, CS_EVT_SIGN_FAILED, "POLICY_REFUSED");
    assert_string_equal(bed_last(&b, i, CS_EVT_SIGN_FAILED)->u.failed.phase, "policy");
    assert_false(bed_last(&b, i, CS_EVT_SIGN_FAILED)->u.failed.retryable);
}

/* ---- both roles ----------------------------------------------------------------- */

static void without_a_policy_nothing_is_judged(void **state)
{
    (void)state;
    pay(1, 5, 1);
    assert_int_equal(done(), 1);
    assert_int_equal(b.node[0].core->ledger.n, 0);
}

static void a_policy_that_denies_binds_the_initiator(void **state)
{
    const struct cs_policy *p = policy("");

    (void)state;
    cs_node_core_policy(b.node[0].core, p);
    pay(1, 5, 1);
    refused_by(0);
    assert_int_equal(done(), 0);
    assert_int_equal(b.node[0].core->n_works, 0);
    assert_string_equal(bed_last(&b, 0, CS_EVT_REQUEST_STEP)->u.request_step.step,
                        "POLICY_REFUSED");
}

static void a_policy_that_denies_binds_the_responder(void **state)
{
    const struct cs_policy *p = policy("");
    uint64_t seq;

    (void)state;
    cs_node_core_policy(b.node[1].core, p);
    seq = cs_journal_head(b.node[1].core->journal).seq;
    pay(1, 5, 1);
    refused_by(1);
    assert_int_equal(done(), 0);
    assert_int_equal(cs_journal_head(b.node[1].core->journal).seq, seq);
}

static void what_fits_is_signed_and_another_policy_changes_that(void **state)
{
    (void)state;
    everywhere(SOLANA "\"atMost\":[{\"asset\":\"native\",\"units\":\"5\"}]}");
    pay(1, 5, 1);
    assert_int_equal(done(), 1);
    pay(2, 6, 1);
    refused_by(0);
    everywhere(SOLANA "\"atMost\":[{\"asset\":\"native\",\"units\":\"6\"}]}");
    pay(3, 6, 1);
    assert_int_equal(done(), 2);
}

static void an_answered_request_is_not_judged_again(void **state)
{
    (void)state;
    pay(1, 5, 1);
    assert_int_equal(done(), 1);
    everywhere("");
    pay(1, 5, 2);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 2); /* the stored one */
}

/* ---- windows -------------------------------------------------------------------- */

static void a_window_adds_up_and_empties(void **state)
{
    (void)state;
    everywhere(PER_HOUR("10"));
    pay(1, 5, 1);
    pay(2, 5, 1);
    assert_int_equal(done(), 2);
    pay(3, 1, 1);
    refused_by(0);
    refused_by(1);
    bed_advance(&b, 62 * 60000);
    pay(4, 10, 1);
    assert_int_equal(done(), 3);
}

static void requests_under_way_reserve_what_they_would_use(void **state)
{
    (void)state;
    everywhere(PER_HOUR("10"));
    b.relay_down = true;
    pay(1, 6, 1); /* waits for its peer */
    pay(2, 6, 1);
    refused_by(0);
    b.relay_down = false;
    bed_advance(&b, 60000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE) <= 1, 1);
}

static void windows_outlive_a_restart(void **state)
{
    (void)state;
    everywhere(PER_HOUR("10"));
    pay(1, 6, 1);
    assert_int_equal(done(), 1);
    for (int i = 0; i < BED_NODES; i++) {
        bed_restart(&b, i);
    }
    bed_advance(&b, 20000);
    assert_int_equal(b.node[0].core->ledger.n, 1);
    assert_int_equal(b.node[1].core->ledger.n, 1);
    pay(2, 5, 1);
    refused_by(0);
    pay(3, 4, 1);
    assert_int_equal(done(), 2);
}

static void another_attempt_of_a_request_counts_once(void **state)
{
    (void)state;
    everywhere(PER_HOUR("10"));
    b.node[1].hold_jobs = true; /* the initiator's intent is there, no answer comes */
    pay(1, 6, 1);
    bed_advance(&b, 16000);
    b.node[1].hold_jobs = false;
    bed_release_jobs(&b.node[1]);
    assert_int_equal(b.node[0].core->ledger.n, 1);
    pay(1, 6, 2); /* would be 12 if it counted again */
    assert_int_equal(done(), 1);
    pay(2, 4, 1);
    assert_int_equal(done(), 2);
    pay(3, 1, 1);
    refused_by(0);
}

static void what_the_approver_refuses_uses_nothing(void **state)
{
    struct bed_item *it;

    (void)state;
    b.node[0].ask = true;
    bed_restart(&b, 0);
    bed_advance(&b, 20000);
    everywhere(PER_HOUR("10"));
    pay(1, 6, 1);
    assert_int_equal(b.node[0].n_asked, 1);
    it = bed_put(&b, 0, CS_EV_VERDICT);
    it->ev.conn = b.node[0].asked;
    it->ev.err = CS_ERR_APPROVAL_REFUSED;
    bed_run(&b);
    bed_advance(&b, 60000);
    pay(2, 10, 1); /* all of the window is left */
    assert_int_equal(b.node[0].n_asked, 2);
    assert_int_equal(b.node[0].core->ledger.n, 0);
}

static void what_the_policy_refuses_is_not_asked(void **state)
{
    (void)state;
    b.node[0].ask = true;
    bed_restart(&b, 0);
    bed_advance(&b, 20000);
    everywhere("");
    pay(1, 6, 1);
    assert_int_equal(b.node[0].n_asked, 0);
    refused_by(0);
}

/* The wall clock may be an attacker's: NTP. */
static void a_clock_that_jumps_ahead_does_not_empty_a_window(void **state)
{
    struct cs_node_core *n = b.node[0].core;

    (void)state;
    everywhere(PER_HOUR("10"));
    pay(1, 10, 1);
    assert_int_equal(done(), 1);
    n->started_wall -= 10LL * 365 * 86400000; /* as if the clock had jumped since */
    for (size_t i = 0; i < n->ledger.n; i++) {
        n->ledger.rows[i].minute -= 10ULL * 365 * 1440;
    }
    pay(2, 1, 1);
    refused_by(0);
}

static void a_clock_that_goes_back_keeps_what_was_counted(void **state)
{
    struct cs_node_core *n = b.node[0].core;

    (void)state;
    everywhere(PER_HOUR("10"));
    pay(1, 10, 1);
    assert_int_equal(done(), 1);
    for (size_t i = 0; i < n->ledger.n; i++) {
        n->ledger.rows[i].minute += 10ULL * 365 * 1440;
    }
    bed_advance(&b, 120 * 60000);
    pay(2, 1, 1);
    refused_by(0);
}

static void a_full_ledger_signs_nothing_more(void **state)
{
    struct cs_node_core *n = b.node[0].core;
    struct cs_ledger_row row = {.requests = 1, .minute = UINT32_MAX};

    (void)state;
    everywhere(PER_HOUR("10"));
    while (n->ledger.n + MAX_WORKS <= CS_LEDGER_MAX) {
        row.minute++;
        assert_int_equal(cs_ledger_put(&n->ledger, &row), CS_OK);
    }
    pay(1, 1, 1);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "LIMIT");
    assert_int_equal(done(), 0);
}

static void old_rows_are_dropped(void **state)
{
    struct cs_node_core *n = b.node[0].core;
    uint64_t minute;

    (void)state;
    everywhere(PER_HOUR("10"));
    pay(1, 1, 1);
    assert_int_equal(done(), 1);
    minute = n->ledger.rows[0].minute;
    n->ledger.rows[0].minute -= CS_POLICY_MINUTES_MAX + 2;
    pay(2, 1, 1);
    assert_int_equal(done(), 2);
    assert_int_equal(n->ledger.n, 1);
    assert_true(n->ledger.rows[0].minute >= minute);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, up, down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(without_a_policy_nothing_is_judged),
        CASE(a_policy_that_denies_binds_the_initiator),
        CASE(a_policy_that_denies_binds_the_responder),
        CASE(what_fits_is_signed_and_another_policy_changes_that),
        CASE(an_answered_request_is_not_judged_again),
        CASE(a_window_adds_up_and_empties),
        CASE(requests_under_way_reserve_what_they_would_use),
        CASE(windows_outlive_a_restart),
        CASE(another_attempt_of_a_request_counts_once),
        CASE(what_the_approver_refuses_uses_nothing),
        CASE(what_the_policy_refuses_is_not_asked),
        CASE(a_clock_that_jumps_ahead_does_not_empty_a_window),
        CASE(a_clock_that_goes_back_keeps_what_was_counted),
        CASE(a_full_ledger_signs_nothing_more),
        CASE(old_rows_are_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
