/* ECDSA signing end to end: three real cores with real DKLs23, a played platform, an
 * in-memory relay (PROTOCOLS 4.5, 6.3, 15.1). */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "node/core/ecdsa.h"
#include "support/node_ecdsa.h"
#include "support/utxo_made.h"

static struct bed b;

static int up(void **state)
{
    (void)state;
    ec_up(&b, "ETHEREUM");
    return 0;
}

static int up_bitcoin(void **state)
{
    (void)state;
    ec_up(&b, "BITCOIN");
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

static struct peer *peer_of(int node, int peer)
{
    return &b.node[node].core->quorums[0]->peers[peer + 1];
}

static size_t sessions(int node)
{
    size_t n = 0;

    for (const struct ecdsa_run *r = b.node[node].core->ecdsa; r != NULL; r = r->next) {
        n++;
    }
    return n;
}

/* ---- what it is for
 * ------------------------------------------------------------------ */

static void every_pair_signs_with_either_one_as_initiator(void **state)
{
    static const uint8_t pairs[3][2] = {{1, 2}, {1, 3}, {2, 3}};
    uint8_t n = 0;

    (void)state;
    for (size_t p = 0; p < 3; p++) {
        for (size_t k = 0; k < 2; k++) {
            int i = pairs[p][k] - 1;
            size_t before = bed_count(&b, i, CS_EVT_SIGN_DONE);
            struct cs_ctl_frame f;

            ec_sign_frame(&b, &f, ++n, pairs[p][0], pairs[p][1], pairs[p][k]);
            trio_sign_send(&b, &f);
            bed_advance(&b, 1);
            assert_int_equal(bed_count(&b, i, CS_EVT_SIGN_DONE), before + 1);
            ec_check_done(&b, i, before + 1, &f);
        }
    }
    for (int i = 0; i < BED_NODES; i++) {
        assert_int_equal(bed_count(&b, i, CS_EVT_SIGN_FAILED), 0);
    }
    assert_true(ec_nonces(&b) >= 3 * 6);
    bed_advance(&b, 20000);
    for (int i = 0; i < BED_NODES; i++) {
        assert_int_equal(sessions(i), 0); /* nothing stays */
        assert_int_equal(peer_of(i, (i + 1) % 3)->rec.blames, 0);
    }
}

static void a_path_leads_to_a_key_of_its_own(void **state)
{
    static const char *const paths[] = {"0", "0/5", "7/6/5/4/3/2/1/0/2147483647/1"};
    struct cs_ctl_frame f;

    (void)state;
    for (uint8_t k = 0; k < 3; k++) {
        ec_sign_frame(&b, &f, (uint8_t)(k + 1), 1, 3, 1);
        (void)snprintf(f.u.sign.path, sizeof f.u.sign.path, "%s", paths[k]);
        trio_sign_send(&b, &f);
        bed_advance(&b, 1);
        ec_check_done(&b, 0, k + 1u, &f);
    }
}

enum { PSBT_INS = 2 * ITEM_WINDOW + 3 };

static void a_psbt_gets_a_signature_for_each_input(void **state)
{
    struct cs_chain_key own;
    struct cs_ctl_frame f;
    struct cs_wr psbt;
    uint8_t pub[33];

    (void)state;
    ec_child(&b, "", pub);
    own = chains_key(CS_CHAIN_BITCOIN, CS_CURVE_SECP256K1, CS_SPAN_OF(pub));
    own.format = CS_CHAIN_FORMAT_P2WPKH;
    made_psbt(&psbt, &own,
              (struct made){
                  .n_ins = PSBT_INS, .outs = {{90000 * PSBT_INS, PAY}}, .n_outs = 1});
    ec_sign_frame(&b, &f, 1, 2, 3, 3);
    (void)snprintf(f.u.sign.blockchain, sizeof f.u.sign.blockchain, "BITCOIN");
    (void)snprintf(f.u.sign.kind, sizeof f.u.sign.kind, "RAW");
    f.u.sign.payload = (struct cs_blob){psbt.p, psbt.n};
    trio_sign_send(&b, &f);
    bed_advance(&b, 1);
    ec_check_done(&b, 2, 1, &f);
    assert_int_equal(bed_last(&b, 2, CS_EVT_SIGN_DONE)->u.sign_done.signatures.n,
                     64 * PSBT_INS);
    cs_wr_free(&psbt);
}

/* What answers repeats only is bounded: 53 KB each. */
static size_t most;

static void count_sessions(struct bed *bed)
{
    (void)bed;
    for (int i = 0; i < BED_NODES; i++) {
        size_t n = b.node[i].core == NULL ? 0 : sessions(i);

        most = n > most ? n : most;
    }
}

static void many_inputs_do_not_keep_many_sessions(void **state)
{
    enum { INS = ECDSA_LINGER_MAX + 40 };
    struct cs_chain_key own;
    struct cs_ctl_frame f;
    struct cs_wr psbt;
    uint8_t pub[33];

    (void)state;
    most = 0;
    b.after_step = count_sessions;
    ec_child(&b, "", pub);
    own = chains_key(CS_CHAIN_BITCOIN, CS_CURVE_SECP256K1, CS_SPAN_OF(pub));
    own.format = CS_CHAIN_FORMAT_P2WPKH;
    made_psbt(&psbt, &own,
              (struct made){.n_ins = INS, .outs = {{90000 * INS, PAY}}, .n_outs = 1});
    ec_sign_frame(&b, &f, 1, 1, 2, 1);
    (void)snprintf(f.u.sign.blockchain, sizeof f.u.sign.blockchain, "BITCOIN");
    (void)snprintf(f.u.sign.kind, sizeof f.u.sign.kind, "RAW");
    f.u.sign.payload = (struct cs_blob){psbt.p, psbt.n};
    trio_sign_send(&b, &f);
    ec_check_done(&b, 0, 1, &f);
    assert_true(most > ECDSA_LINGER_MAX / 2);
    assert_true(most <= ECDSA_LINGER_MAX + CS_OT_SESSIONS_MAX);
    bed_advance(&b, 9000);
    assert_int_equal(sessions(1), 0);
    b.after_step = NULL;
    cs_wr_free(&psbt);
}

static void a_new_key_is_proven_by_every_pair(void **state)
{
    struct cs_certificate c;

    (void)state;
    trio_certificate(&b, 0, &c);
    for (int i = 0; i < 2; i++) {
        for (size_t k = 1; k <= 2u - (size_t)i; k++) {
            const struct cs_ctl_key_checked *e =
                &bed_evt(&b, i, CS_EVT_KEY_CHECKED, k)->u.key_checked;
            uint8_t digest[32], pub[33];
            const uint8_t pair[2] = {(uint8_t)e->pair[0], (uint8_t)e->pair[1]};

            assert_int_equal(pair[0], i + 1);
            cs_check_message(digest, c.cert_hash, pair[0], pair[1]);
            assert_int_equal(cs_point_encode(&c.body.X, pub), 33);
            ec_verify(pub, digest, e->signature);
        }
    }
}

/* ---- many at once
 * -------------------------------------------------------------------- */

static void sixteen_requests_at_once_are_all_signed(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    for (uint8_t k = 1; k <= 16; k++) { /* both begin: neither locks the other out */
        ec_sign(&b, k, 1, 2, (uint8_t)(1 + k % 2));
    }
    bed_advance(&b, 9000);
    for (uint8_t k = 1; k <= 16; k++) {
        ec_sign_frame(&b, &f, k, 1, 2, 1);
        ec_check_done(&b, k % 2, (size_t)(k + 1) / 2, &f);
    }
    (void)ec_nonces(&b);
}

/* The commands come first, the frames later: both pairs of hands are full at once. */
static bool nothing(struct bed *bed, int from, int to, struct cs_wr *w)
{
    (void)bed;
    (void)from;
    (void)to;
    return w->p[1] != CS_PROTO_ECDSA;
}

static void two_busy_nodes_do_not_lock_each_other_out(void **state)
{
    (void)state;
    b.carry = nothing;
    for (uint8_t k = 1; k <= 40; k++) {
        ec_sign(&b, k, 1, 2, (uint8_t)(1 + k % 2));
    }
    assert_int_equal(sessions(0), ECDSA_STARTED_MAX);
    assert_int_equal(sessions(1), ECDSA_STARTED_MAX);
    b.carry = NULL;
    bed_advance(&b, 14000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 20);
    assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_DONE), 20);
}

/* ---- own copies
 * ---------------------------------------------------------------------- */

static bool one_way(struct bed *bed, int from, int to, struct cs_wr *w)
{
    (void)bed;
    (void)to;
    return from == 0 ? w->p[1] != CS_PROTO_CONTROL : w->p[1] != CS_PROTO_ECDSA;
}

/* Node 1 has 16 sessions of which node 0 knows nothing any more: a new one waits. */
static void a_session_waits_for_a_place_in_the_pair(void **state)
{
    struct cs_ctl_frame f, cancel = {.kind = CS_CMD_REQUEST_CANCEL};

    (void)state;
    b.carry = one_way;
    for (uint8_t k = 1; k <= ECDSA_STARTED_MAX; k++) {
        ec_sign(&b, k, 1, 2, 1);
        ec_sign_frame(&b, &f, (uint8_t)(k + 20), 1, 2, 2);
        ec_send_to(&b, 1, &f);
    }
    assert_int_equal(sessions(1), CS_OT_SESSIONS_MAX);
    (void)snprintf(cancel.u.request_cancel.reason, 8, "no");
    for (uint8_t k = 1; k <= ECDSA_STARTED_MAX; k++) {
        memcpy(cancel.u.request_cancel.request_id, "signing-req-0000", 16);
        cancel.u.request_cancel.request_id[15] = k;
        ec_send_to(&b, 0, &cancel);
    }
    assert_int_equal(sessions(0), 0);
    assert_int_equal(sessions(1), CS_OT_SESSIONS_MAX);
    bed_advance(&b, 10000);
    b.carry = NULL;
    ec_sign_frame(&b, &f, 50, 1, 2, 1);
    trio_sign_send(&b, &f);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    bed_advance(&b, 14000);
    ec_check_done(&b, 0, 1, &f);
}

static void the_responder_waits_for_its_own_copy_of_the_request(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    ec_sign_frame(&b, &f, 1, 1, 2, 1);
    ec_send_to(&b, 0, &f);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0); /* its opening is parked */
    assert_int_equal(sessions(1), 0);
    bed_advance(&b, 900); /* before the first repeat */
    ec_send_to(&b, 1, &f);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
}

static void a_responder_whose_copy_comes_after_a_while_answers_a_repeat(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    ec_sign_frame(&b, &f, 1, 1, 2, 1);
    ec_send_to(&b, 0, &f);
    bed_advance(&b, 6000);
    ec_send_to(&b, 1, &f);
    bed_advance(&b, 2000);
    ec_check_done(&b, 0, 1, &f);
}

static void another_request_under_the_same_id_is_refused(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    ec_sign_frame(&b, &f, 1, 1, 2, 1);
    ec_send_to(&b, 0, &f);
    f.u.sign.policy_version = 2;
    ec_send_to(&b, 1, &f);
    bed_advance(&b, 1000);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "PEER_ABORTED");
    assert_string_equal(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.phase,
                        "POLICY_REFUSED");
    assert_int_equal(peer_of(1, 0)->rec.blames, 0);
    assert_int_equal(peer_of(0, 1)->rec.blames, 0);
}

/* Who signs is not in the request's hash: the platform's command says it. */
static void only_the_initiator_of_the_command_is_answered(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    ec_sign_frame(&b, &f, 1, 1, 3, 3);
    ec_send_to(&b, 0, &f);
    ec_sign_frame(&b, &f, 1, 1, 2, 2);
    ec_send_to(&b, 1, &f);
    bed_advance(&b, 4000);
    assert_int_equal(sessions(0), 0);
    bed_advance(&b, 12000);
    BED_FAILED(&b, 1, CS_EVT_SIGN_FAILED, "PEER_TIMEOUT");
}

static void a_session_of_another_attempt_waits_or_is_late(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    ec_sign_frame(&b, &f, 1, 1, 2, 1);
    ec_send_to(&b, 1, &f);
    f.u.sign.attempt = 2; /* the initiator is ahead */
    ec_send_to(&b, 0, &f);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    ec_send_to(&b, 1, &f);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    f.u.sign.request_id[15] = 2; /* .. or behind */
    ec_send_to(&b, 1, &f);
    f.u.sign.attempt = 1;
    ec_send_to(&b, 0, &f);
    bed_advance(&b, 16000);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "PEER_TIMEOUT");
}

/* ---- what is not allowed any more
 * ----------------------------------------------------- */

static void a_device_disabled_meanwhile_does_not_answer(void **state)
{
    struct cs_ctl_frame f;
    uint64_t seq;

    (void)state;
    ec_sign_frame(&b, &f, 1, 1, 2, 1);
    ec_send_to(&b, 1, &f);
    bed_device(&b, 1, "APPROVED", "DISABLED");
    seq = cs_journal_head(b.node[1].core->journal).seq;
    ec_send_to(&b, 0, &f);
    bed_advance(&b, 1000);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "PEER_ABORTED");
    assert_int_equal(sessions(1), 0);
    assert_int_equal(cs_journal_head(b.node[1].core->journal).seq, seq);
}

static void a_device_disabled_in_the_middle_lets_nothing_more_leave(void **state)
{
    (void)state;
    for (int node = 0; node < 2; node++) {
        size_t n = bed_count(&b, 0, CS_EVT_SIGN_FAILED);

        b.node[node].hold_jobs = true;
        ec_sign(&b, (uint8_t)(node + 1), 1, 2, 1);
        assert_true(b.node[node].n_jobs > 0);
        bed_device(&b, node, "APPROVED", "DISABLED");
        bed_release_jobs(&b.node[node]);
        bed_advance(&b, 1000);
        assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), n + 1);
        assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
        bed_device(&b, node, "APPROVED", "ENABLED");
    }
}

static void a_peer_quarantined_in_the_middle_gets_nothing_more(void **state)
{
    size_t sends;

    (void)state;
    for (int node = 0; node < 2; node++) {
        struct cs_node_core *n = b.node[node].core;

        b.node[node].hold_jobs = true;
        ec_sign(&b, (uint8_t)(node + 1), 1, 2, 1);
        assert_true(b.node[node].n_jobs > 0);
        peer_of(node, 1 - node)->device->quarantined = true;
        sends = b.node[node].n_sends;
        bed_release_jobs(&b.node[node]);
        /* The initiator tells the platform, and nobody the peer. */
        assert_int_equal(b.node[node].n_sends, sends + (node == 0 ? 1 : 0));
        bed_advance(&b, 20000);
        assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
        assert_int_equal(sessions(node), 0);
        peer_of(node, 1 - node)->device->quarantined = false;
        (void)n;
    }
}

static void a_draining_node_begins_nothing(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    ec_sign_frame(&b, &f, 2, 1, 2, 1);
    ec_send_to(&b, 1, &f);      /* it has the command already */
    b.node[1].hold_jobs = true; /* something runs, so that it does not end at once */
    ec_sign(&b, 1, 1, 2, 1);
    (void)bed_put(&b, 1, CS_EV_STOP);
    bed_run(&b);
    assert_false(b.node[1].exited);
    ec_send_to(&b, 0, &f);
    assert_int_equal(sessions(1), 1);
    bed_release_jobs(&b.node[1]);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1); /* what ran, ends well */
}

/* ---- clocks and links
 * ------------------------------------------------------------------ */

static void an_initiator_without_an_answer_fails_in_time(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    ec_sign_frame(&b, &f, 1, 1, 2, 1);
    ec_send_to(&b, 0, &f); /* node 1 never gets the command */
    bed_advance(&b, 15001);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "PEER_TIMEOUT");
    assert_true(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.retryable);
    assert_int_equal(sessions(0), 0);
}

static bool no_setup(struct bed *bed, int from, int to, struct cs_wr *w)
{
    (void)bed;
    (void)from;
    (void)to;
    return w->p[1] != CS_PROTO_OT;
}

static void without_a_setup_the_attempt_fails_and_says_so(void **state)
{
    (void)state;
    b.carry = no_setup;
    bed_restart(&b, 1); /* a new link, and no setup on it */
    bed_advance(&b, 20000);
    ec_sign(&b, 1, 1, 2, 1);
    bed_advance(&b, 16000);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "SETUP_MISSING");
    assert_true(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.retryable);
    b.carry = NULL;
}

static void a_request_waits_for_the_setup_of_a_new_link(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    bed_restart(&b, 1); /* it has no link to node 0 yet, and no setup */
    ec_sign_frame(&b, &f, 1, 1, 2, 2);
    trio_sign_send(&b, &f);
    assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_DONE), 0);
    bed_advance(&b, 14000);
    ec_check_done(&b, 1, 1, &f);
}

static void a_link_that_ends_ends_its_sessions(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    b.node[0].hold_jobs = true;
    ec_sign_frame(&b, &f, 1, 1, 2, 1);
    trio_sign_send(&b, &f);
    assert_int_equal(sessions(0), 1);
    bed_restart(&b, 1); /* its link is a new one */
    bed_advance(&b, 8000);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "LINK_LOST");
    assert_int_equal(sessions(0), 1); /* its job is out */
    bed_release_jobs(&b.node[0]);
    assert_int_equal(sessions(0), 0);
    bed_advance(&b, 30000);
    f.u.sign.attempt = 2;
    trio_sign_send(&b, &f);
    bed_advance(&b, 9000);
    ec_check_done(&b, 0, 1, &f);
}

static void a_cancelled_request_ends_at_both(void **state)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_REQUEST_CANCEL};

    (void)state;
    b.node[1].hold_jobs = true;
    ec_sign(&b, 1, 1, 2, 1);
    memcpy(f.u.request_cancel.request_id, "signing-req-000\001", 16);
    (void)snprintf(f.u.request_cancel.reason, 8, "no");
    bed_cmd(&b, 0, &f);
    assert_int_equal(sessions(0), 0);
    assert_string_equal(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.phase,
                        "cancelled");
    bed_release_jobs(&b.node[1]);
    assert_int_equal(sessions(1), 0); /* the ABORT came, and then its job */
}

/* ---- durable first
 * -------------------------------------------------------------------- */

static size_t rounds; /* frames of proto 4 that got through */

static bool count_rounds(struct bed *bed, int from, int to, struct cs_wr *w)
{
    (void)bed;
    (void)from;
    (void)to;
    rounds += w->p[1] == CS_PROTO_ECDSA ? 1 : 0;
    return true;
}

static void the_intent_is_durable_before_anything_leaves(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    b.carry = count_rounds;
    rounds = 0;
    ec_sign_frame(&b, &f, 1, 1, 2, 1);
    ec_send_to(&b, 1, &f);
    b.node[0].hold = true; /* the initiator's disk stands still */
    ec_send_to(&b, 0, &f);
    assert_int_equal(rounds, 0);
    b.node[1].hold = true;
    bed_release(&b.node[0]);
    assert_int_equal(rounds, 2); /* SES_OPEN, R1; the responder's disk stands still */
    bed_release(&b.node[1]);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    ec_check_done(&b, 0, 1, &f);
}

static void one_intent_covers_all_items(void **state)
{
    struct cs_chain_key own;
    struct cs_ctl_frame f;
    struct cs_wr psbt;
    uint8_t pub[33];
    uint64_t seq[2];

    (void)state;
    ec_child(&b, "", pub);
    own = chains_key(CS_CHAIN_BITCOIN, CS_CURVE_SECP256K1, CS_SPAN_OF(pub));
    own.format = CS_CHAIN_FORMAT_P2WPKH;
    made_psbt(&psbt, &own,
              (struct made){.n_ins = 5, .outs = {{450000, PAY}}, .n_outs = 1});
    ec_sign_frame(&b, &f, 1, 1, 2, 1);
    (void)snprintf(f.u.sign.blockchain, sizeof f.u.sign.blockchain, "BITCOIN");
    (void)snprintf(f.u.sign.kind, sizeof f.u.sign.kind, "RAW");
    f.u.sign.payload = (struct cs_blob){psbt.p, psbt.n};
    for (int i = 0; i < 2; i++) {
        seq[i] = cs_journal_head(b.node[i].core->journal).seq;
    }
    trio_sign_send(&b, &f);
    ec_check_done(&b, 0, 1, &f);
    assert_int_equal(cs_journal_head(b.node[0].core->journal).seq, seq[0] + 2);
    assert_int_equal(cs_journal_head(b.node[1].core->journal).seq, seq[1] + 1);
    cs_wr_free(&psbt);
}

/* ---- presids (2.7)
 * --------------------------------------------------------------------- */

static void the_presids_of_a_link_are_remembered(void **state)
{
    struct ecdsa_seen *set = NULL;
    uint8_t presid[32] = {0};

    (void)state;
    for (uint32_t i = 1; i <= ECDSA_SEEN_MAX; i++) {
        memcpy(presid + 5, &i, sizeof i); /* one start for all of them: the worst */
        presid[0] = (uint8_t)i;
        presid[1] = (uint8_t)(i >> 8);
        presid[2] = (uint8_t)(i >> 16);
        assert_int_equal(cs_nd_ecdsa_seen(&set, presid), CS_OK);
        if (i % 997 == 0) {
            assert_int_equal(cs_nd_ecdsa_seen(&set, presid), CS_ERR_REPLAY);
        }
    }
    assert_int_equal(cs_nd_ecdsa_seen(&set, presid), CS_ERR_REPLAY);
    presid[31] = 1; /* the first half is what counts */
    assert_int_equal(cs_nd_ecdsa_seen(&set, presid), CS_ERR_REPLAY);
    memset(presid, 0xff, sizeof presid);
    assert_int_equal(cs_nd_ecdsa_seen(&set, presid), CS_ERR_FULL);
    cs_nd_ecdsa_seen_free(set);
}

static void a_link_with_too_many_presids_is_made_anew(void **state)
{
    struct cs_ctl_frame f;
    uint8_t presid[32] = {0};

    (void)state;
    for (uint32_t i = 1; i <= ECDSA_SEEN_MAX; i++) {
        memcpy(presid, &i, sizeof i);
        if (cs_nd_ecdsa_seen(&peer_of(0, 1)->ecdsa_seen, presid) != CS_OK) {
            break;
        }
    }
    ec_sign_frame(&b, &f, 1, 1, 2, 1);
    trio_sign_send(&b, &f);
    bed_advance(&b, 14500); /* in one attempt: it had not begun */
    ec_check_done(&b, 0, 1, &f);
}

static void its_result_tells_of_each_round(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    ec_sign_frame(&b, &f, 1, 1, 2, 1);
    trio_sign_send(&b, &f);
    bed_advance(&b, 1);
    assert_string_equal(
        trio_trace(&bed_last(&b, 0, CS_EVT_SIGN_DONE)->u.sign_done.trace),
        "1:ACCEPTED 1:ROUND_1 2:ROUND_1 1:ROUND_2 2:ROUND_2 2:ROUND_3");
}

#define CASE(name)    cmocka_unit_test_setup_teardown(name, up, down)
#define BITCOIN(name) cmocka_unit_test_setup_teardown(name, up_bitcoin, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_pair_signs_with_either_one_as_initiator),
        CASE(its_result_tells_of_each_round),
        CASE(a_path_leads_to_a_key_of_its_own),
        BITCOIN(a_psbt_gets_a_signature_for_each_input),
        BITCOIN(many_inputs_do_not_keep_many_sessions),
        CASE(a_new_key_is_proven_by_every_pair),
        CASE(sixteen_requests_at_once_are_all_signed),
        CASE(two_busy_nodes_do_not_lock_each_other_out),
        CASE(a_session_waits_for_a_place_in_the_pair),
        CASE(the_responder_waits_for_its_own_copy_of_the_request),
        CASE(a_responder_whose_copy_comes_after_a_while_answers_a_repeat),
        CASE(another_request_under_the_same_id_is_refused),
        CASE(only_the_initiator_of_the_command_is_answered),
        CASE(a_session_of_another_attempt_waits_or_is_late),
        CASE(a_device_disabled_meanwhile_does_not_answer),
        CASE(a_device_disabled_in_the_middle_lets_nothing_more_leave),
        CASE(a_peer_quarantined_in_the_middle_gets_nothing_more),
        CASE(a_draining_node_begins_nothing),
        CASE(an_initiator_without_an_answer_fails_in_time),
        CASE(without_a_setup_the_attempt_fails_and_says_so),
        CASE(a_request_waits_for_the_setup_of_a_new_link),
        CASE(a_link_that_ends_ends_its_sessions),
        CASE(a_cancelled_request_ends_at_both),
        CASE(the_intent_is_durable_before_anything_leaves),
        BITCOIN(one_intent_covers_all_items),
        cmocka_unit_test(the_presids_of_a_link_are_remembered),
        CASE(a_link_with_too_many_presids_is_made_anew),
    };

    cmocka_set_test_filter(getenv("CASE"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
