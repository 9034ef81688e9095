/* Requests of many items: the inputs of a PSBT under a Taproot key.  One intent, a
 * window of eight, one release; what ends an attempt ends all of it (PROTOCOLS 6.3,
 * 7.3-7.5; RELIABILITY T11). */
#include "support/node_liar.h"
#include "support/node_taproot.h"

static struct bed b;

static int up(void **state)
{
    (void)state;
    trio_up(&b);
    tap_key(&b);
    liar = NULL;
    b.carry = lie_carry;
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

static void request(struct cs_ctl_frame *f, struct cs_wr *w, uint8_t n, size_t n_ins)
{
    tap_psbt(&b, w, "", n_ins);
    tap_sign_frame(&b, f, n, 1, 2, 1, "", w);
}

static uint64_t seq_of(int node)
{
    return cs_journal_head(b.node[node].core->journal).seq;
}

/* The last entry of node's journal. */
static struct cs_journal_entry last_entry(int node)
{
    struct cs_journal_entry e;

    assert_int_equal(cs_journal_read(b.node[node].core->journal, seq_of(node), &e),
                     CS_OK);
    return e;
}

static unsigned blames(int node, int peer)
{
    return b.node[node].core->quorums[0]->peers[peer + 1].rec.blames;
}

/* ---- the right way --------------------------------------------------------------- */

static void three_inputs_are_signed_and_released_at_once(void **state)
{
    struct cs_ctl_frame f;
    struct cs_wr w;

    (void)state;
    request(&f, &w, 1, 3);
    trio_sign_send(&b, &f);
    bed_advance(&b, 3000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    tap_check_done(&b, 0, 1, &f);
    assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_DONE), 0); /* the initiator says it */
    cs_wr_free(&w);
}

static void every_pair_signs_many_inputs_with_either_one_as_initiator(void **state)
{
    static const uint8_t pairs[3][2] = {{1, 2}, {1, 3}, {2, 3}};
    struct cs_ctl_frame f;
    struct cs_wr w;
    uint8_t n = 0;

    (void)state;
    tap_psbt(&b, &w, "", 20); /* more than the window, and than a list of nonces */
    for (size_t p = 0; p < 3; p++) {
        for (size_t k = 0; k < 2; k++) {
            int i = pairs[p][k] - 1;
            size_t before = bed_count(&b, i, CS_EVT_SIGN_DONE);

            tap_sign_frame(&b, &f, ++n, pairs[p][0], pairs[p][1], pairs[p][k], "", &w);
            trio_sign_send(&b, &f);
            bed_advance(&b, 15000);
            assert_int_equal(bed_count(&b, i, CS_EVT_SIGN_DONE), before + 1);
            tap_check_done(&b, i, before + 1, &f);
        }
    }
    cs_wr_free(&w);
}

static void the_largest_request_is_signed(void **state)
{
    struct cs_ctl_frame f;
    struct cs_wr w;

    (void)state;
    request(&f, &w, 1, CS_CHAIN_ITEMS_MAX);
    trio_sign_send(&b, &f);
    bed_advance(&b, 15000 + 511 * 250);
    tap_check_done(&b, 0, 1, &f);
    assert_int_equal(b.node[0].core->n_items, 0);
    assert_int_equal(b.node[0].core->item_bytes, 0);
    cs_wr_free(&w);
}

static void a_request_with_more_is_refused(void **state)
{
    struct cs_ctl_frame f;
    struct cs_wr w;

    (void)state;
    request(&f, &w, 1, CS_CHAIN_ITEMS_MAX + 1);
    trio_sign_send(&b, &f);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 1);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "CHAIN_TX");
    BED_FAILED(&b, 1, CS_EVT_SIGN_FAILED, "CHAIN_TX");
    cs_wr_free(&w);
}

/* ---- the journal ----------------------------------------------------------------- */

static void one_intent_and_one_result_cover_all_items(void **state)
{
    uint64_t before[2] = {seq_of(0), seq_of(1)};
    const struct cs_ctl_sign_done *d;
    struct cs_journal_entry e;
    uint8_t h[32];

    (void)state;
    tap_sign(&b, 1, 1, 2, 1, "", 20);
    bed_advance(&b, 15000);
    assert_int_equal(seq_of(0), before[0] + 2);
    assert_int_equal(seq_of(1), before[1] + 1); /* the responder's intent */
    d = &bed_last(&b, 0, CS_EVT_SIGN_DONE)->u.sign_done;
    e = last_entry(0);
    cs_sha256(h, CS_SPAN(d->signatures.p, d->signatures.n));
    assert_string_equal(e.outcome, "OK");
    assert_int_equal(e.signature_len, 32);
    assert_memory_equal(e.signature, h, 32);
    assert_int_equal(e.scheme, CS_SCHEME_BIP340);
    assert_int_equal(last_entry(1).kind, CS_JOURNAL_INTENT);
    assert_memory_equal(last_entry(1).digest, e.digest, 32);
}

static void a_repeat_gets_the_stored_signatures_also_after_a_restart(void **state)
{
    struct cs_ctl_frame f;
    struct cs_wr w, first = {0};

    (void)state;
    request(&f, &w, 1, 3);
    trio_sign_send(&b, &f);
    bed_advance(&b, 3000);
    cs_wr_bytes(&first, bed_last(&b, 0, CS_EVT_SIGN_DONE)->u.sign_done.signatures.p,
                192);
    for (uint32_t attempt = 2; attempt <= 3; attempt++) {
        f.u.sign.attempt = attempt;
        trio_sign_send(&b, &f);
        bed_advance(&b, 3000);
        tap_check_done(&b, 0, attempt, &f);
        assert_memory_equal(bed_last(&b, 0, CS_EVT_SIGN_DONE)->u.sign_done.signatures.p,
                            first.p, 192);
        bed_restart(&b, 0);
        bed_advance(&b, 8000);
    }
    cs_wr_free(&first);
    cs_wr_free(&w);
}

static void altered_stored_signatures_are_not_given_out(void **state)
{
    struct cs_node_core *n = b.node[0].core;
    struct cs_ctl_frame f;
    struct cs_wr w;
    uint8_t other[192] = {1};

    (void)state;
    request(&f, &w, 1, 3);
    trio_sign_send(&b, &f);
    bed_advance(&b, 3000);
    cs_nd_put(n, TABLE_SIGS, CS_SPAN(f.u.sign.request_id, 16), CS_SPAN_OF(other));
    f.u.sign.attempt = 2;
    trio_sign_send(&b, &f);
    assert_true(b.node[0].exited);
    assert_int_equal(b.node[0].exit_err, CS_ERR_STORE_CORRUPT);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    cs_wr_free(&w);
}

/* The newest are kept; a request that was signed and forgotten is never signed again.
 */
static void only_so_many_results_are_kept(void **state)
{
    struct cs_node_core *n = b.node[0].core;
    struct cs_ctl_frame f;
    struct cs_wr w, got = {0};
    uint8_t id[16] = "filler", sigs[128] = {0};

    (void)state;
    request(&f, &w, 1, 3);
    trio_sign_send(&b, &f);
    bed_advance(&b, 3000);
    for (unsigned i = 0; i < MAX_STORED_SIGS; i++) {
        id[14] = (uint8_t)(i >> 8);
        id[15] = (uint8_t)i;
        cs_nd_result_put(n, id, CS_SPAN_OF(sigs));
    }
    assert_int_equal(cs_nd_result_get(n, f.u.sign.request_id, &got), CS_ERR_NOT_FOUND);
    assert_int_equal(cs_nd_result_get(n, id, &got), CS_OK);
    memset(id + 14, 0, 2);
    assert_int_equal(cs_nd_result_get(n, id, &got), CS_OK);
    f.u.sign.attempt = 2;
    trio_sign_send(&b, &f);
    bed_advance(&b, 3000);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "EXISTS");
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    cs_wr_free(&got);
    cs_wr_free(&w);
}

/* ---- durable first, crashes ------------------------------------------------------ */

static size_t reqs, answers;
static bool lose_answers;

static bool count(struct lie *l)
{
    reqs += lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_REQ) ? 1 : 0;
    answers += lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_RSP) ? 1 : 0;
    return !(lose_answers && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_RSP));
}

static void watch(bool lose)
{
    reqs = answers = 0;
    lose_answers = lose;
    liar = count;
}

static void the_intent_is_durable_before_any_item_leaves(void **state)
{
    struct cs_ctl_frame f;
    struct cs_wr w;

    (void)state;
    request(&f, &w, 1, 3);
    bed_cmd(&b, 1, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    watch(false);
    b.node[0].hold = true; /* the initiator's disk stands still */
    bed_cmd(&b, 0, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    assert_int_equal(reqs, 0);
    bed_release_one(&b.node[0]); /* ack, command and intent are one batch */
    assert_int_equal(reqs, 3);
    b.node[1].hold = true; /* the responder's, too */
    bed_release(&b.node[0]);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    cs_wr_free(&w);
}

static void a_crash_after_the_intent_costs_the_attempt_only(void **state)
{
    struct cs_ctl_frame f;
    struct cs_wr w;
    uint64_t seq = seq_of(1);

    (void)state;
    request(&f, &w, 1, 12);
    bed_cmd(&b, 0, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    watch(false);
    b.node[1].hold = true;
    bed_cmd(&b, 1, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    while (answers == 0 && b.node[1].n_held > 0 && seq_of(1) == seq) {
        bed_release_one(&b.node[1]); /* up to the intent, which stays unwritten */
    }
    assert_int_equal(answers, 0);
    bed_restart(&b, 1);
    bed_advance(&b, 20000);
    assert_int_equal(answers, 0); /* the nonces died with it */
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "LINK_LOST");
    b.node[1].hold = false;
    f.u.sign.attempt = 2;
    trio_sign_send(&b, &f);
    bed_advance(&b, 8000);
    tap_check_done(&b, 0, 1, &f);
    cs_wr_free(&w);
}

static void a_restart_in_the_middle_loses_nothing_but_the_attempt(void **state)
{
    struct cs_ctl_frame f;
    struct cs_wr w;

    (void)state;
    request(&f, &w, 1, 12);
    b.node[0].hold_jobs = true; /* answers are there, nothing is finished */
    trio_sign_send(&b, &f);
    assert_int_equal(b.node[0].n_jobs, ITEM_WINDOW);
    bed_restart(&b, 0);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "PEER_ABORTED");
    assert_string_equal(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.phase, "restart");
    bed_advance(&b, 8000);
    f.u.sign.attempt = 2;
    trio_sign_send(&b, &f);
    bed_advance(&b, 8000);
    tap_check_done(&b, 0, 1, &f);
    cs_wr_free(&w);
}

/* ---- the window ------------------------------------------------------------------ */

static void no_more_than_eight_items_are_under_way(void **state)
{
    struct cs_ctl_frame f;
    struct cs_wr w;

    (void)state;
    request(&f, &w, 1, 40);
    bed_cmd(&b, 1, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    watch(true);
    bed_cmd(&b, 0, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    assert_int_equal(reqs, ITEM_WINDOW);
    lose_answers = false;
    bed_advance(&b, 1500); /* the repeats are answered, and the rest follows */
    tap_check_done(&b, 0, 1, &f);
    cs_wr_free(&w);
}

static void each_item_is_answered_once(void **state)
{
    (void)state;
    watch(false);
    tap_sign(&b, 1, 1, 2, 1, "", 40);
    bed_advance(&b, 15000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    assert_int_equal(reqs, 40);
    assert_int_equal(answers, 40);
}

static void a_silent_peer_has_time_for_each_item(void **state)
{
    (void)state;
    watch(true);
    tap_sign(&b, 1, 1, 2, 1, "", 21); /* 15 s and 20 times 250 ms */
    bed_advance(&b, 19900);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 0);
    bed_advance(&b, 200);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "PEER_TIMEOUT");
    assert_int_equal(reqs, 4 * ITEM_WINDOW); /* and after 1, 2 and 4 s */
    assert_int_equal(b.node[0].core->n_works, 0);
    assert_int_equal(b.node[1].core->n_works, 0);
}

/* ---- ends in the middle ---------------------------------------------------------- */

/* Twelve items, eight of them under way. */
static void half_way(uint8_t n)
{
    watch(true);
    tap_sign(&b, n, 1, 2, 1, "", 12);
    assert_int_equal(reqs, ITEM_WINDOW);
}

static void a_cancelled_request_ends_as_a_whole(void **state)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_REQUEST_CANCEL};

    (void)state;
    half_way(1);
    memcpy(f.u.request_cancel.request_id, "signing-req-0000", 16);
    f.u.request_cancel.request_id[15] = 1;
    (void)snprintf(f.u.request_cancel.reason, sizeof f.u.request_cancel.reason, "no");
    trio_to_all(&b, &f);
    lose_answers = false;
    bed_advance(&b, 30000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "PEER_ABORTED");
    assert_int_equal(reqs, ITEM_WINDOW);
    assert_int_equal(b.node[0].core->n_items + b.node[1].core->n_items, 0);
    assert_string_equal(last_entry(0).outcome, "PEER_ABORTED");
    assert_int_equal(last_entry(1).kind, CS_JOURNAL_INTENT); /* not the responder's */
}

static void a_disabled_device_starts_no_further_item(void **state)
{
    (void)state;
    half_way(1);
    bed_device(&b, 0, "APPROVED", "DISABLED");
    lose_answers = false;
    bed_advance(&b, 30000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "POLICY_REFUSED");
}

static void a_disabled_responder_answers_no_further_item(void **state)
{
    (void)state;
    half_way(1);
    bed_device(&b, 1, "APPROVED", "DISABLED");
    lose_answers = false;
    answers = 0;
    bed_advance(&b, 30000);
    assert_int_equal(answers, 0);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    assert_int_equal(blames(0, 1) + blames(1, 0), 0);
}

static void a_lost_link_ends_the_attempt_and_the_next_one_works(void **state)
{
    struct cs_ctl_frame f;
    struct cs_wr w;

    (void)state;
    half_way(1);
    bed_restart(&b, 1);
    lose_answers = false;
    bed_advance(&b, 30000);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "LINK_LOST");
    request(&f, &w, 1, 12);
    f.u.sign.attempt = 2;
    trio_sign_send(&b, &f);
    bed_advance(&b, 8000);
    tap_check_done(&b, 0, 1, &f);
    cs_wr_free(&w);
}

/* Results of the first attempt come back while the second one runs. */
static void jobs_of_an_earlier_attempt_change_nothing(void **state)
{
    struct cs_ctl_frame f;
    struct cs_wr w;

    (void)state;
    request(&f, &w, 1, 3);
    b.node[0].hold_jobs = b.node[1].hold_jobs = true;
    trio_sign_send(&b, &f);
    f.u.sign.attempt = 2;
    trio_sign_send(&b, &f);
    bed_release_jobs(&b.node[1]);
    bed_release_jobs(&b.node[0]);
    bed_advance(&b, 10000);
    tap_check_done(&b, 0, 1, &f);
    assert_int_equal(bed_last(&b, 0, CS_EVT_SIGN_DONE)->u.sign_done.attempt, 2);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    cs_wr_free(&w);
}

/* The same, and the second attempt is at the same point. */
static void a_signature_of_an_earlier_attempt_is_not_taken_for_the_new_one(void **state)
{
    struct bed_node *a = &b.node[0];
    struct cs_job *second[3];
    struct cs_ctl_frame f;
    struct cs_wr w;

    (void)state;
    request(&f, &w, 1, 3);
    a->hold_jobs = true;
    trio_sign_send(&b, &f);
    assert_int_equal(a->n_jobs, 3);
    f.u.sign.attempt = 2;
    trio_sign_send(&b, &f);
    assert_int_equal(a->n_jobs, 6);
    memcpy(second, a->jobs + 3, sizeof second);
    a->n_jobs = 3;
    bed_release_jobs(a);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    memcpy(a->jobs, second, sizeof second);
    a->n_jobs = 3;
    bed_release_jobs(a);
    tap_check_done(&b, 0, 1, &f);
    cs_wr_free(&w);
}

static bool five_answers(struct lie *l)
{
    return !(lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_RSP) && ++answers > 5);
}

static void what_an_attempt_had_signed_does_not_count_in_the_next(void **state)
{
    struct cs_ctl_frame f;
    struct cs_wr w;

    (void)state;
    request(&f, &w, 1, 12);
    answers = 0;
    liar = five_answers;
    trio_sign_send(&b, &f);
    assert_int_equal(b.node[0].core->works->n_signed, 5);
    liar = NULL;
    f.u.sign.attempt = 2;
    trio_sign_send(&b, &f);
    bed_advance(&b, 10000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    tap_check_done(&b, 0, 1, &f);
    cs_wr_free(&w);
}

/* A share that was computed for a link that is gone does not leave on the next one. */
static void an_answer_does_not_outlive_its_link(void **state)
{
    (void)state;
    b.node[1].hold_jobs = true;
    tap_sign(&b, 1, 1, 2, 1, "", 3);
    assert_int_equal(b.node[1].n_jobs, 3);
    b.node[1].core->works->phase = WORK_WAITING; /* else it would end with the link */
    bed_restart(&b, 0);
    bed_advance(&b, 8000);
    watch(false);
    bed_release_jobs(&b.node[1]);
    assert_int_equal(answers, 0);
}

/* ---- bounds ---------------------------------------------------------------------- */

static void items_of_all_requests_together_are_bounded(void **state)
{
    struct cs_ctl_frame f;
    struct cs_wr w;

    (void)state;
    bed_kill(&b, 1);
    bed_advance(&b, 100000); /* no link: they wait */
    tap_psbt(&b, &w, "", CS_CHAIN_ITEMS_MAX);
    for (uint8_t n = 1; n <= MAX_ITEMS / CS_CHAIN_ITEMS_MAX; n++) {
        tap_sign_frame(&b, &f, n, 1, 2, 1, "", &w);
        bed_cmd(&b, 0, &f);
    }
    assert_int_equal(b.node[0].core->n_items, MAX_ITEMS);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 0);
    tap_sign_frame(&b, &f, 100, 1, 2, 1, "", &w);
    bed_cmd(&b, 0, &f);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "LIMIT");
    assert_true(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.retryable);
    bed_advance(&b, 15000 + 511 * 250);
    assert_int_equal(b.node[0].core->n_items, 0);
    cs_wr_free(&w);
}

static void bytes_of_all_requests_together_are_bounded(void **state)
{
    static uint8_t much[MAX_ITEM_BYTES / 256];
    struct cs_node_core *n = b.node[0].core;
    struct cs_span messages[256], one = CS_SPAN(much, 1);
    struct work *w = cs_nd_work_new(n, WORK_CHECK), *w2 = cs_nd_work_new(n, WORK_CHECK);

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(messages); i++) {
        messages[i] = CS_SPAN_OF(much);
    }
    assert_int_equal(cs_nd_work_items(n, w, messages, 256), CS_OK);
    assert_int_equal(cs_nd_work_items(n, w2, &one, 1), CS_ERR_LIMIT);
    assert_int_equal(cs_nd_work_items(n, w2, messages, 0), CS_ERR_LIMIT);
    assert_int_equal(cs_nd_work_items(n, w, &one, 1), CS_OK); /* instead of those */
    assert_int_equal(cs_nd_work_items(n, w2, messages, 255), CS_OK);
    assert_int_equal(n->n_items, 256);
    cs_nd_work_end(n, w2);
    cs_nd_work_end(n, w);
    assert_int_equal(n->n_items, 0);
    assert_int_equal(n->item_bytes, 0);
}

/* ---- lies ------------------------------------------------------------------------ */

enum { REQ_ITEM = 48 }; /* 7.2: after reqh and request id */

static uint16_t other_item;
static size_t altered;

static bool say_other_item(struct lie *l)
{
    if (l->from == 0 && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_REQ) && altered++ == 0) {
        l->priv.p[REQ_ITEM] = (uint8_t)(other_item >> 8);
        l->priv.p[REQ_ITEM + 1] = (uint8_t)other_item;
    }
    return count(l);
}

static void an_item_that_the_request_does_not_have_is_blamed(void **state)
{
    (void)state;
    watch(false);
    altered = 0;
    other_item = 3;
    liar = say_other_item;
    tap_sign(&b, 1, 1, 2, 1, "", 3);
    bed_advance(&b, 20000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    assert_int_equal(blames(1, 0), 1);
    assert_string_equal(b.node[1].core->quorums[0]->peers[1].rec.reason, "BAD_FORMAT");
}

/* The platform shows two nodes two transactions: no item of either is signed, and the
 * items that only one of them has are no lie. */
static void two_nodes_with_two_transactions_sign_nothing_and_ban_nobody(void **state)
{
    struct cs_ctl_frame f;
    struct cs_wr w;

    (void)state;
    watch(false);
    request(&f, &w, 1, 3);
    bed_cmd(&b, 1, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    cs_wr_free(&w);
    request(&f, &w, 1, 5);
    bed_cmd(&b, 0, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    cs_wr_free(&w);
    bed_advance(&b, 20000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    assert_int_equal(answers, 0);
    assert_int_equal(blames(1, 0) + blames(0, 1), 0);
}

/* Item 0 is asked for as item 1, and then item 1 as itself: one of them is answered. */
static void an_item_is_not_answered_under_two_nonces(void **state)
{
    (void)state;
    watch(false);
    altered = 0;
    other_item = 1;
    liar = say_other_item;
    tap_sign(&b, 1, 1, 2, 1, "", 3);
    bed_advance(&b, 20000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    assert_int_equal(answers, 2); /* of items 1 and 2 */
    assert_int_equal(blames(1, 0), 0);
}

/* REQ for an item that node 0 does not ask for yet. */
static void ask_beyond_the_window(size_t item)
{
    struct cs_node_core *n = b.node[0].core;
    struct work *w = n->works;
    struct cs_message m = {.proto = CS_PROTO_FROST, .type = CS_TYPE_FR_REQ, .round = 1};
    uint8_t rnd[CS_FROST_RAND] = {9}, empty;
    struct cs_frost_task task;
    struct cs_frost_run *run;
    struct cached_key *c;
    enum cs_err err;

    c = cs_nd_key_load(n, w->req.key_id, &err);
    cs_nd_frost_task(w, item, c->key, &task);
    assert_int_equal(cs_frost_run_start(&run, &empty, n->pool, &task, rnd, b.now),
                     CS_OK);
    memcpy(m.key_id, w->req.key_id, 16);
    memcpy(m.sid, cs_frost_run_sid(run, 2), 32);
    m.priv = cs_frost_run_req(run, 2);
    lie_say(&b, 0, 1, &m);
    cs_frost_run_free(run);
}

static void a_peer_cannot_have_more_items_computed_at_once(void **state)
{
    (void)state;
    watch(false);
    b.node[1].hold_jobs = true;
    tap_sign(&b, 1, 1, 2, 1, "", 12);
    assert_int_equal(b.node[1].n_jobs, ITEM_WINDOW);
    ask_beyond_the_window(8);
    assert_int_equal(b.node[1].n_jobs, ITEM_WINDOW);
    assert_int_equal(blames(1, 0), 0);
    bed_release_jobs(&b.node[1]);
    bed_advance(&b, 5000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
}

static bool wrong_share(struct lie *l)
{
    if (l->from == 1 && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_RSP) && ++altered == 2) {
        l->priv.p[12] ^= 1;
    }
    return true;
}

static void a_wrong_share_of_one_item_fails_the_request_and_is_blamed(void **state)
{
    (void)state;
    altered = 0;
    liar = wrong_share;
    tap_sign(&b, 1, 1, 2, 1, "", 12);
    bed_advance(&b, 5000);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "CHEAT");
    assert_int_equal(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.blame, 2);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    assert_int_equal(blames(0, 1), 1);
}

/* Nonces of an Ed25519 list where the key is a BIP340 one. */
static bool short_nonces(struct lie *l)
{
    if (l->from == 1 && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_NONCES)) {
        l->broadcast.n = 2 + 16 * (8 + CS_FROST_COMMIT_LEN);
    }
    return true;
}

static void nonces_of_another_scheme_are_blamed(void **state)
{
    (void)state;
    bed_restart(&b, 0); /* the lists of the old link are gone */
    bed_advance(&b, 8000);
    liar = short_nonces;
    tap_sign(&b, 1, 1, 2, 1, "", 1);
    bed_advance(&b, 2000);
    assert_int_equal(blames(0, 1), 1);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(three_inputs_are_signed_and_released_at_once),
        CASE(every_pair_signs_many_inputs_with_either_one_as_initiator),
        CASE(the_largest_request_is_signed),
        CASE(a_request_with_more_is_refused),
        CASE(one_intent_and_one_result_cover_all_items),
        CASE(a_repeat_gets_the_stored_signatures_also_after_a_restart),
        CASE(altered_stored_signatures_are_not_given_out),
        CASE(only_so_many_results_are_kept),
        CASE(the_intent_is_durable_before_any_item_leaves),
        CASE(a_crash_after_the_intent_costs_the_attempt_only),
        CASE(a_restart_in_the_middle_loses_nothing_but_the_attempt),
        CASE(no_more_than_eight_items_are_under_way),
        CASE(each_item_is_answered_once),
        CASE(a_silent_peer_has_time_for_each_item),
        CASE(a_cancelled_request_ends_as_a_whole),
        CASE(a_disabled_device_starts_no_further_item),
        CASE(a_disabled_responder_answers_no_further_item),
        CASE(a_lost_link_ends_the_attempt_and_the_next_one_works),
        CASE(jobs_of_an_earlier_attempt_change_nothing),
        CASE(a_signature_of_an_earlier_attempt_is_not_taken_for_the_new_one),
        CASE(what_an_attempt_had_signed_does_not_count_in_the_next),
        CASE(an_answer_does_not_outlive_its_link),
        CASE(items_of_all_requests_together_are_bounded),
        CASE(bytes_of_all_requests_together_are_bounded),
        CASE(an_item_that_the_request_does_not_have_is_blamed),
        CASE(two_nodes_with_two_transactions_sign_nothing_and_ban_nobody),
        CASE(an_item_is_not_answered_under_two_nonces),
        CASE(a_peer_cannot_have_more_items_computed_at_once),
        CASE(a_wrong_share_of_one_item_fails_the_request_and_is_blamed),
        CASE(nonces_of_another_scheme_are_blamed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
