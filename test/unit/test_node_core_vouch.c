/* Countersignatures of the platform's audit log (RELIABILITY T37, src/wire/README.md):
 * what is signed, when it costs a commit, what is refused and for how long; and what
 * the node tells of its backups. */
#include "crypto/audit_head.h"
#include "node/core/core.h"
#include "support/node_trio.h"

static struct bed b;
static struct bed_node *const a = &b.node[0];

static int up(void **state)
{
    (void)state;
    bed_init(&b, 1);
    bed_start(&b, 0);
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

/* Record seq of log number `log`: its hash is made from both. */
static void hash_of(uint8_t hash[32], uint64_t seq, uint8_t log)
{
    memset(hash, log, 32);
    hash[0] = (uint8_t)seq;
}

static void show_frame(uint64_t seq, uint8_t log, uint64_t known, uint8_t known_log,
                       uint8_t org)
{
    struct cs_ctl_frame f = {.type = CS_CTL_AUDIT};

    memset(f.u.audit.organization_id, org, 16);
    f.u.audit.seq = seq;
    hash_of(f.u.audit.hash, seq, log);
    f.u.audit.known_seq = known;
    if (known != 0) {
        hash_of(f.u.audit.known_hash, known, known_log);
    }
    bed_put_frame(a, &f);
    bed_run(&b);
}

/* What an honest platform with that log shows: it knows hello and answers. */
static void show(uint64_t seq, uint8_t log)
{
    uint64_t known = a->n_audited > 0 ? a->audited.seq : a->hello.audit_seq;

    show_frame(seq, log, known, known > seq ? 0 : log, 9); /* 0: it has it no more */
}

/* Something that the node has to store anyway. */
static void cause_commit(uint8_t n)
{
    struct cs_ctl_frame f;

    trio_key_frame(&b, &f, n);
    bed_cmd(&b, 0, &f);
}

static void check_signed(uint64_t seq, uint8_t log)
{
    struct cs_audit_head h = {.seq = seq, .time = a->audited.time};

    memset(h.organization, 9, 16);
    hash_of(h.hash, seq, log);
    assert_string_equal(a->audited.reason, "");
    assert_int_equal(a->audited.seq, seq);
    assert_memory_equal(a->audited.hash, h.hash, 32);
    assert_true(cs_audit_head_verify(&h, a->hello.ik, a->audited.sig));
    for (int i = 0; i < 4; i++) { /* each part counts */
        struct cs_audit_head bad = h;

        bad.organization[0] ^= i == 0 ? 1 : 0;
        bad.seq += i == 1 ? 1 : 0;
        bad.hash[31] ^= i == 2 ? 1 : 0;
        bad.time += i == 3 ? 1 : 0;
        assert_false(cs_audit_head_verify(&bad, a->hello.ik, a->audited.sig));
    }
}

static void check_refused(const char *reason, size_t answers)
{
    assert_int_equal(a->n_audited, answers);
    assert_string_equal(a->audited.reason, reason);
}

static void accept_says(const char *word)
{
    assert_non_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"audit.accept\"}"), word));
}

/* ---- countersigning ---------------------------------------------------- */

static void a_head_is_countersigned_with_the_next_commit(void **state)
{
    size_t before;

    (void)state;
    show(5, 1);
    assert_int_equal(a->n_audited, 0); /* nothing is durable yet */
    before = a->n_commits;
    cause_commit(1);
    assert_int_equal(a->n_audited, 1);
    check_signed(5, 1);
    show(6, 1);
    show(7, 1); /* the newest counts */
    cause_commit(2);
    assert_int_equal(a->n_audited, 2);
    check_signed(7, 1);
    assert_int_equal(a->n_commits - before, 4); /* an event and its ack, each */
}

static void without_other_commits_it_makes_one_of_its_own(void **state)
{
    size_t before = a->n_commits;

    (void)state;
    show(5, 1);
    bed_advance(&b, 14000);
    assert_int_equal(a->n_audited, 0);
    bed_advance(&b, 1000);
    check_signed(5, 1);
    assert_int_equal(a->n_commits - before, 1);
    bed_advance(&b, 120000);
    assert_int_equal(a->n_commits - before, 1); /* nothing moved */
}

static void it_leaves_only_when_it_is_durable(void **state)
{
    (void)state;
    show(5, 1);
    a->hold = true;
    bed_advance(&b, 15000);
    assert_int_equal(a->n_audited, 0);
    bed_release(a);
    assert_int_equal(a->n_audited, 1);
    check_signed(5, 1);
}

static void the_same_head_again_gets_the_same_answer_and_costs_nothing(void **state)
{
    struct cs_ctl_audited first;
    size_t before;

    (void)state;
    show(5, 1);
    bed_advance(&b, 15000);
    first = a->audited;
    before = a->n_commits;
    bed_advance(&b, 60000);
    show(5, 1);
    assert_int_equal(a->n_audited, 2);
    assert_memory_equal(&first, &a->audited, sizeof first);
    assert_int_equal(a->n_commits, before);
}

static void what_waited_is_forgotten_with_the_connection(void **state)
{
    (void)state;
    show(5, 1);
    bed_cut(&b, 0, CS_CHANNEL_CONTROL);
    bed_advance(&b, 20000);
    assert_int_equal(a->n_audited, 0);
    show(4, 1); /* nothing was signed, so nothing is gone back on */
    bed_advance(&b, 15000);
    check_signed(4, 1);
}

static void it_says_what_it_knows_when_it_signs_in(void **state)
{
    (void)state;
    assert_int_equal(a->hello.audit, 1);
    assert_int_equal(a->hello.audit_seq, 0);
    show(5, 1);
    bed_advance(&b, 15000);
    bed_restart(&b, 0);
    assert_int_equal(a->hello.audit_seq, 5);
}

/* ---- refusing ---------------------------------------------------------- */

static void a_lower_number_is_a_rollback(void **state)
{
    (void)state;
    show(5, 1);
    bed_advance(&b, 15000);
    show(4, 1);
    check_refused("AUDIT_ROLLBACK", 2);
    assert_int_equal(a->audited.seq, 5); /* what it has seen, and its signature of it */
    assert_non_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"),
                           "\"refused\":\"AUDIT_ROLLBACK\""));
}

static void the_same_number_with_another_hash_is_a_fork(void **state)
{
    (void)state;
    show(5, 1);
    bed_advance(&b, 15000);
    show(5, 2);
    check_refused("AUDIT_FORK", 2);
}

static void another_head_beside_one_that_waits_is_a_fork(void **state)
{
    (void)state;
    show(5, 1);
    show(5, 2);
    check_refused("AUDIT_FORK", 1);
    assert_int_equal(a->audited.seq, 0);
    bed_advance(&b, 60000);
    check_refused("AUDIT_FORK", 1); /* what waited is not countersigned either */
}

static void a_log_that_has_grown_over_another_past_is_a_fork(void **state)
{
    (void)state;
    show(5, 1);
    bed_advance(&b, 15000);
    show_frame(9, 2, 5, 1, 9); /* the past is the same: fine */
    bed_advance(&b, 15000);
    check_signed(9, 2);
    show_frame(20, 2, 9, 3, 9);
    check_refused("AUDIT_FORK", 3);
}

static void a_log_that_says_nothing_of_what_was_vouched_for_is_refused(void **state)
{
    (void)state;
    bed_restart(&b, 0);
    show(5, 1);
    bed_advance(&b, 15000);
    bed_restart(&b, 0); /* it has said 5 in hello */
    show_frame(9, 2, 0, 0, 9);
    check_refused("AUDIT_UNPROVEN", 2);
    assert_int_equal(a->audited.seq, 5);
    bed_restart(&b, 0);
    show(10, 1); /* would have been fine */
    check_refused("AUDIT_UNPROVEN", 3);
    assert_non_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"),
                           "\"refused\":\"AUDIT_UNPROVEN\""));
    accept_says("\"ok\":true");
    show(11, 2);
    bed_advance(&b, 15000);
    check_signed(11, 2);
}

static void a_log_that_goes_on_from_another_record_is_refused(void **state)
{
    (void)state;
    show(5, 1);
    bed_advance(&b, 15000);
    show_frame(9, 1, 4, 1, 9);
    check_refused("AUDIT_UNPROVEN", 2);
}

/* Its answer and the platform's next frame cross. */
static void the_one_before_counts_while_a_frame_may_be_on_its_way(void **state)
{
    (void)state;
    show(5, 1);
    bed_advance(&b, 15000);
    show_frame(6, 1, 0, 0, 9); /* hello said: none */
    bed_advance(&b, 15000);
    check_signed(6, 1);
    show_frame(7, 1, 5, 1, 9);
    bed_advance(&b, 15000);
    check_signed(7, 1);
    show_frame(8, 1, 5, 2, 9); /* old, and not ours */
    check_refused("AUDIT_FORK", 4);
}

static void the_one_before_does_not_count_for_ever(void **state)
{
    (void)state;
    show(5, 1);
    bed_advance(&b, 15000);
    show(6, 1);
    bed_advance(&b, 15000);
    bed_advance(&b, 899000);
    show_frame(7, 1, 5, 1, 9);
    bed_advance(&b, 15000);
    check_signed(7, 1);
    show_frame(8, 1, 5, 1, 9);
    check_refused("AUDIT_UNPROVEN", 4);
}

static void of_the_ones_before_so_many_count(void **state)
{
    (void)state;
    for (uint8_t i = 1; i <= MAX_TOLD; i++) {
        show(i, 1);
        cause_commit(i);
        check_signed(i, 1);
    }
    show_frame(MAX_TOLD + 1, 1, 1, 1, 9);
    cause_commit(MAX_TOLD + 1);
    check_signed(MAX_TOLD + 1, 1);
    show_frame(MAX_TOLD + 2, 1, 1, 1, 9);
    check_refused("AUDIT_UNPROVEN", MAX_TOLD + 2);
}

/* The platform still names what it was told before, and need not have it any more. */
static void after_an_operator_accepted_frames_on_their_way_are_fine(void **state)
{
    (void)state;
    show(5, 1);
    bed_advance(&b, 15000);
    show(4, 2);
    check_refused("AUDIT_ROLLBACK", 2);
    accept_says("\"ok\":true");
    show_frame(4, 2, 5, 0, 9);
    bed_advance(&b, 15000);
    check_signed(4, 2);
    show_frame(6, 2, 5, 0, 9);
    bed_advance(&b, 15000);
    check_signed(6, 2);
    show_frame(7, 2, 6, 1, 9);
    check_refused("AUDIT_FORK", 5);
}

static void another_organisation_is_a_fork(void **state)
{
    (void)state;
    show(5, 1);
    bed_advance(&b, 15000);
    show_frame(6, 1, 5, 1, 8);
    check_refused("AUDIT_FORK", 2);
}

static void a_refusal_lasts_until_an_operator_accepts(void **state)
{
    struct cs_wr text = {0};

    (void)state;
    accept_says("\"reason\":\"STATE\""); /* nothing to accept */
    show(5, 1);
    bed_advance(&b, 15000);
    show(4, 1);
    bed_restart(&b, 0);
    show(6, 1); /* would have been fine */
    check_refused("AUDIT_ROLLBACK", 3);
    cs_node_core_metrics(a->core, &text);
    cs_wr_u8(&text, 0);
    assert_non_null(strstr((char *)text.p, "cloudsign_audit_refused 1\n"));
    assert_non_null(strstr((char *)text.p, "cloudsign_audit_sequence 5\n"));
    cs_wr_free(&text);
    accept_says("\"ok\":true");
    show(3, 2);
    bed_advance(&b, 15000);
    check_signed(3, 2);
    bed_restart(&b, 0);
    assert_int_equal(a->hello.audit_seq, 3);
}

/* It gives no right to sign, so it takes none (vouch.c). */
static void a_node_that_refuses_the_log_goes_on_working(void **state)
{
    size_t acked;

    (void)state;
    show(5, 1);
    bed_advance(&b, 15000);
    show(5, 2);
    acked = a->n_acked;
    cause_commit(1);
    assert_int_equal(a->n_acked, acked + 1);
    assert_non_null(
        strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), "\"state\":\"READY\""));
}

static void a_head_without_records_is_passed_over(void **state)
{
    (void)state;
    show(0, 1);
    bed_advance(&b, 60000);
    assert_int_equal(a->n_audited, 0);
}

/* ---- backups ----------------------------------------------------------- */

static void the_status_tells_of_backups(void **state)
{
    static const char done[] =
        "{\"cmd\":\"backup.done\",\"kits\":2,\"epoch\":1,\"copy\":true,\"to\":["
        "\"0101010101010101010101010101010101010101010101010101010101010101\","
        "\"0202020202020202020202020202020202020202020202020202020202020202\"]}";

    (void)state;
    bed_advance(&b, 10000);
    assert_int_equal(a->backup.time, 0);
    assert_false(a->backup.complete);
    assert_non_null(strstr(bed_ask(&b, 0, done), "\"ok\":true"));
    bed_restart(&b, 0); /* it is stored */
    bed_advance(&b, 10000);
    assert_true(a->backup.time > 0);
    assert_int_equal(a->backup.copy_time, a->backup.time);
    assert_true(a->backup.complete);
    assert_int_equal(a->backup.n_to, 2);
    assert_int_equal(a->backup.to[1].id[31], 2);
    assert_int_equal(a->backup.n_missing, 0);
    assert_non_null(strstr(bed_ask(&b, 0,
                                   "{\"cmd\":\"backup.done\",\"kits\":1,\"epoch\":1,"
                                   "\"copy\":true,\"to\":[\"01\"]}"),
                           "BAD_FORMAT"));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_head_is_countersigned_with_the_next_commit),
        CASE(without_other_commits_it_makes_one_of_its_own),
        CASE(it_leaves_only_when_it_is_durable),
        CASE(the_same_head_again_gets_the_same_answer_and_costs_nothing),
        CASE(what_waited_is_forgotten_with_the_connection),
        CASE(it_says_what_it_knows_when_it_signs_in),
        CASE(a_lower_number_is_a_rollback),
        CASE(the_same_number_with_another_hash_is_a_fork),
        CASE(another_head_beside_one_that_waits_is_a_fork),
        CASE(a_log_that_has_grown_over_another_past_is_a_fork),
        CASE(a_log_that_says_nothing_of_what_was_vouched_for_is_refused),
        CASE(a_log_that_goes_on_from_another_record_is_refused),
        CASE(the_one_before_counts_while_a_frame_may_be_on_its_way),
        CASE(the_one_before_does_not_count_for_ever),
        CASE(of_the_ones_before_so_many_count),
        CASE(after_an_operator_accepted_frames_on_their_way_are_fine),
        CASE(another_organisation_is_a_fork),
        CASE(a_refusal_lasts_until_an_operator_accepts),
        CASE(a_node_that_refuses_the_log_goes_on_working),
        CASE(a_head_without_records_is_passed_over),
        CASE(the_status_tells_of_backups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
