/* Signing end to end: three real cores, a played platform, an in-memory relay
 * (PROTOCOLS 6.3, 7.2; RELIABILITY T10, T11). */
#include "support/node_trio.h"

static struct bed b;

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

static void every_pair_signs_with_either_one_as_initiator(void **state)
{
    static const uint8_t pairs[3][2] = {{1, 2}, {1, 3}, {2, 3}};
    uint8_t n = 0;

    (void)state;
    for (size_t p = 0; p < 3; p++) {
        for (size_t k = 0; k < 2; k++) {
            int i = pairs[p][k] - 1;
            size_t before = bed_count(&b, i, CS_EVT_SIGN_DONE);

            trio_sign(&b, ++n, pairs[p][0], pairs[p][1], pairs[p][k]);
            bed_advance(&b, 3000);
            assert_int_equal(bed_count(&b, i, CS_EVT_SIGN_DONE), before + 1);
            trio_check_done(&b, i, before + 1);
        }
    }
    for (int i = 0; i < BED_NODES; i++) {
        assert_int_equal(bed_count(&b, i, CS_EVT_SIGN_FAILED), 0);
    }
}

static void its_result_tells_how_the_attempt_went(void **state)
{
    const struct cs_ctl_trace *t;

    (void)state;
    trio_sign(&b, 1, 1, 2, 1);
    bed_advance(&b, 3000);
    t = &bed_last(&b, 0, CS_EVT_SIGN_DONE)->u.sign_done.trace;
    assert_string_equal(trio_trace(t), "1:ACCEPTED 1:ROUND_1 2:ROUND_1");
}

static void a_failure_tells_how_far_the_attempt_went(void **state)
{
    const struct cs_ctl_failed *failed;
    struct cs_ctl_frame f;

    (void)state;
    trio_sign_frame(&b, &f, 1, 1, 2, 1);
    bed_cmd(&b, 0, &f); /* the other one has no request: it does not answer */
    bed_advance(&b, 20000);
    failed = &bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed;
    assert_string_equal(trio_trace(&failed->trace), "1:ACCEPTED 1:ROUND_1");
    assert_true(failed->trace.steps[0].before_ms >= 14000);
}

/* ---- what a node signs
 * ------------------------------------------------------------------ */

static void it_signs_the_bytes_that_it_made_of_the_payload_itself(void **state)
{
    const struct cs_ctl_sign_done *d;

    (void)state;
    trio_sign(&b, 1, 1, 2, 1);
    bed_advance(&b, 3000);
    d = &bed_last(&b, 0, CS_EVT_SIGN_DONE)->u.sign_done;
    trio_check_done(&b, 0, 1); /* the chain's prefix is in front of the text */
    assert_int_equal(d->signers[0], 1);
    assert_int_equal(d->signers[1], 2);
    assert_int_equal(d->index, 1);
}

/* A SOLANA transfer of 1 from `payer`. */
static void transfer(struct cs_wr *w, const uint8_t payer[32])
{
    static const uint8_t to[32] = {2}, hash[32] = {3}, system[32] = {0};
    static const uint8_t head[] = {1, 0, 1, 3}, instr[] = {1, 2, 2, 0, 1, 12, 2, 0, 0,
                                                           0, 1, 0, 0, 0, 0,  0, 0, 0};

    *w = (struct cs_wr){0};
    cs_wr_bytes(w, head, sizeof head);
    cs_wr_bytes(w, payer, 32);
    cs_wr_bytes(w, to, 32);
    cs_wr_bytes(w, system, 32);
    cs_wr_bytes(w, hash, 32);
    cs_wr_bytes(w, instr, sizeof instr);
    assert_int_equal(w->err, CS_OK);
}

static void raw(struct cs_ctl_frame *f, struct cs_wr *w)
{
    (void)snprintf(f->u.sign.kind, sizeof f->u.sign.kind, "RAW");
    f->u.sign.payload = (struct cs_blob){w->p, w->n};
}

static void a_transfer_of_the_own_key_is_signed(void **state)
{
    struct cs_ctl_frame f;
    struct cs_wr w;
    uint8_t pub[32];

    (void)state;
    trio_public(&b, pub);
    transfer(&w, pub);
    trio_sign_frame(&b, &f, 1, 1, 3, 3);
    raw(&f, &w);
    trio_sign_send(&b, &f);
    bed_advance(&b, 3000);
    trio_check_done(&b, 2, 1); /* under the transaction as it is */
    cs_wr_free(&w);
}

/* Node 0 refuses f at once, and nothing of it is signed. */
static void refused(const struct cs_ctl_frame *f, const char *reason)
{
    size_t n = bed_count(&b, 0, CS_EVT_SIGN_FAILED);
    size_t done = bed_count(&b, 0, CS_EVT_SIGN_DONE);
    struct cs_ctl_frame copy = *f;

    bed_cmd(&b, 0, &copy);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), n + 1);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, reason);
    assert_string_equal(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.phase, "accept");
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), done);
}

static void payloads_that_do_not_fit_the_key_are_refused(void **state)
{
    static const uint8_t other[32] = {1};
    struct cs_ctl_frame f;
    struct cs_wr w;
    uint8_t pub[32];

    (void)state;
    transfer(&w, other);
    trio_sign_frame(&b, &f, 1, 1, 2, 1);
    raw(&f, &w);
    refused(&f, "CHAIN_SIGNER");
    cs_wr_free(&w);
    trio_public(&b, pub);
    transfer(&w, pub);
    trio_sign_frame(&b, &f, 2, 1, 2, 1);
    raw(&f, &w);
    f.u.sign.payload.n--;
    refused(&f, "CHAIN_TX");
    trio_sign_frame(&b, &f, 3, 1, 2, 1);
    f.u.sign.payload = (struct cs_blob){w.p, w.n}; /* a transaction as a text */
    refused(&f, "CHAIN_MESSAGE");
    cs_wr_free(&w);
    trio_sign_frame(&b, &f, 4, 1, 2, 1);
    (void)snprintf(f.u.sign.kind, sizeof f.u.sign.kind, "DIGEST");
    refused(&f, "POLICY_REFUSED");
}

static void commands_that_do_not_fit_this_node_are_refused(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    trio_sign_frame(&b, &f, 1, 1, 2, 1);
    f.u.sign.key_id[15] = 9;
    refused(&f, "UNKNOWN_KEY");
    trio_sign_frame(&b, &f, 2, 1, 2, 1);
    f.u.sign.quorum_id[0] ^= 1;
    refused(&f, "UNKNOWN_KEY");
    trio_sign_frame(&b, &f, 3, 1, 2, 1); /* made for another chain */
    (void)snprintf(f.u.sign.blockchain, sizeof f.u.sign.blockchain, "XRP_LEDGER");
    refused(&f, "POLICY_REFUSED");
    trio_sign_frame(&b, &f, 4, 1, 2, 1);
    (void)snprintf(f.u.sign.path, sizeof f.u.sign.path, "m/0/1");
    refused(&f, "PATH");
    trio_sign_frame(&b, &f, 10, 1, 2, 1); /* Ed25519 keys have no children */
    (void)snprintf(f.u.sign.path, sizeof f.u.sign.path, "0/1");
    refused(&f, "POLICY_REFUSED");
    trio_sign_frame(&b, &f, 5, 2, 3, 2); /* not a signer */
    refused(&f, "POLICY_REFUSED");
    trio_sign_frame(&b, &f, 6, 1, 2, 3); /* the initiator does not sign */
    refused(&f, "POLICY_REFUSED");
    trio_sign_frame(&b, &f, 7, 1, 5, 1); /* a stranger */
    refused(&f, "POLICY_REFUSED");
    trio_sign_frame(&b, &f, 8, 1, 2, 1);
    f.u.sign.expires_at = BED_WALL + b.now - 121000;
    refused(&f, "REQUEST_EXPIRED");
    bed_device(&b, 0, "APPROVED", "DISABLED");
    trio_sign_frame(&b, &f, 9, 1, 2, 1);
    refused(&f, "POLICY_REFUSED");
}

/* Disabled after the command came, before the peer asks. */
static void a_device_disabled_meanwhile_does_not_sign(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    trio_sign_frame(&b, &f, 1, 1, 2, 1);
    bed_cmd(&b, 1, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    bed_device(&b, 1, "APPROVED", "DISABLED");
    bed_cmd(&b, 0, &f);
    bed_advance(&b, 3000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "PEER_ABORTED");
}

/* Disabled while the partner is away: the request is not taken up when it returns. */
static void a_device_disabled_meanwhile_does_not_start(void **state)
{
    (void)state;
    bed_kill(&b, 1);
    bed_advance(&b, 100000);
    trio_sign(&b, 1, 1, 2, 1);
    bed_device(&b, 0, "APPROVED", "DISABLED");
    bed_start(&b, 1);
    bed_advance(&b, 14000);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "POLICY_REFUSED");
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
}

/* ---- one request, one digest, one result (T11)
 * ---------------------------------------------- */

static void a_repeat_gets_the_stored_result_also_after_a_restart(void **state)
{
    struct cs_ctl_frame f;
    uint8_t sig[64];

    (void)state;
    trio_sign(&b, 1, 1, 2, 1);
    bed_advance(&b, 3000);
    memcpy(sig, bed_evt(&b, 0, CS_EVT_SIGN_DONE, 1)->u.sign_done.signatures.p, 64);
    bed_restart(&b, 0);
    bed_advance(&b, 24 * 3600000); /* a day later */
    trio_sign_frame(&b, &f, 1, 1, 2, 1);
    f.u.sign.expires_at = BED_WALL + 7200000;
    f.u.sign.attempt = 2;
    b.now -= 24 * 3600000 - 60000; /* the wall clock of the request's life */
    bed_cmd(&b, 0, &f);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 2);
    assert_memory_equal(bed_evt(&b, 0, CS_EVT_SIGN_DONE, 2)->u.sign_done.signatures.p,
                        sig, 64);
    trio_check_done(&b, 0, 2);
}

static void another_digest_under_a_known_id_is_a_conflict(void **state)
{
    static uint8_t text[] = "Pay the baker.";
    struct cs_ctl_frame f;

    (void)state;
    trio_sign(&b, 1, 1, 2, 1);
    trio_sign_frame(&b, &f, 1, 1, 2, 1); /* while it is under way .. */
    f.u.sign.payload = (struct cs_blob){text, sizeof text - 1};
    f.u.sign.attempt = 2;
    refused(&f, "E_REQUEST_CONFLICT");
    bed_advance(&b, 30000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    bed_restart(&b, 0); /* .. and for ever after */
    refused(&f, "E_REQUEST_CONFLICT");
    f.u.sign.policy_version = 7; /* the same payload, another policy */
    refused(&f, "E_REQUEST_CONFLICT");
}

static void an_open_request_is_not_replaced_by_another_one(void **state)
{
    static uint8_t text[] = "Pay the baker.";
    struct cs_ctl_frame f;

    (void)state;
    bed_kill(&b, 1);
    bed_advance(&b, 100000); /* no link: nothing is journaled yet */
    trio_sign(&b, 1, 1, 2, 1);
    trio_sign_frame(&b, &f, 1, 1, 2, 1);
    f.u.sign.payload = (struct cs_blob){text, sizeof text - 1};
    f.u.sign.attempt = 2;
    refused(&f, "E_REQUEST_CONFLICT");
}

static void a_repeated_command_does_not_sign_twice(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        trio_sign(&b, 1, 1, 2, 1);
    }
    bed_advance(&b, 30000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE) +
                         bed_count(&b, 1, CS_EVT_SIGN_DONE),
                     1 + 2); /* the later two got the stored result */
    for (size_t k = 2; k <= 3; k++) {
        assert_memory_equal(
            bed_evt(&b, 0, CS_EVT_SIGN_DONE, k)->u.sign_done.signatures.p,
            bed_evt(&b, 0, CS_EVT_SIGN_DONE, 1)->u.sign_done.signatures.p, 64);
    }
}

/* ---- attempts
 * --------------------------------------------------------------------------------- */

static void a_higher_attempt_replaces_the_earlier_one(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    bed_kill(&b, 1);
    trio_sign_frame(&b, &f, 1, 1, 2, 1);
    bed_cmd(&b, 0, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    bed_advance(&b, 2000);
    f.u.sign.attempt = 2; /* another pair takes over */
    f.u.sign.signers[1] = 3;
    trio_sign_send(&b, &f);
    bed_advance(&b, 3000);
    trio_check_done(&b, 0, 1);
    assert_int_equal(bed_last(&b, 0, CS_EVT_SIGN_DONE)->u.sign_done.attempt, 2);
    f.u.sign.attempt = 1; /* late */
    f.u.sign.signers[1] = 2;
    bed_cmd(&b, 0, &f);
    bed_advance(&b, 20000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 0);
}

static bool lose_answers_of_0(struct bed *bed, int from, int to, struct cs_wr *w)
{
    (void)bed;
    (void)to;
    return !(from == 0 && w->p[1] == CS_PROTO_FROST && w->p[2] == CS_TYPE_FR_RSP);
}

/* The pair stays and the roles change while an answer is being computed. */
static void an_answer_of_an_old_attempt_does_not_disturb_the_new_one(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    trio_sign_frame(&b, &f, 1, 1, 2, 2);
    b.carry = lose_answers_of_0;
    b.node[0].hold_jobs = true; /* node 0 answers, but not yet */
    trio_sign_send(&b, &f);
    f.u.sign.attempt = 2;
    f.u.sign.initiator = 1;
    bed_cmd(&b, 0, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    bed_release_jobs(&b.node[0]);
    bed_cmd(&b, 1, &f);
    bed_advance(&b, 20000);
    trio_check_done(&b, 0, 1);
    assert_int_equal(bed_last(&b, 0, CS_EVT_SIGN_DONE)->u.sign_done.attempt, 2);
}

static void an_initiator_without_its_partner_fails_in_time(void **state)
{
    const struct cs_ctl_failed *f;

    (void)state;
    bed_kill(&b, 1);
    trio_sign(&b, 1, 1, 2, 1);
    bed_advance(&b, 15001);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "PEER_TIMEOUT");
    f = &bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed;
    assert_true(f->retryable);
    assert_int_equal(f->blame, 0);
    assert_int_equal(f->attempt, 1);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 1);
}

static void a_responder_that_nobody_asked_forgets_in_silence(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    trio_sign_frame(&b, &f, 1, 1, 2, 1);
    bed_cmd(&b, 1, &f); /* node 0 never gets the command */
    bed_advance(&b, 20000);
    assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_FAILED), 0);
    assert_non_null(strstr(bed_ask(&b, 1, "{\"cmd\":\"status\"}"), "\"sessions\":0"));
}

static bool was_said(const char *text)
{
    return memmem(b.said.p, b.said.n, text, strlen(text)) != NULL;
}

static void a_restart_after_the_own_part_was_given_is_no_failure(void **state)
{
    struct cs_wr text = {0};

    (void)state;
    trio_sign(&b, 1, 1, 2, 1);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    bed_restart(&b, 1); /* it keeps the work until its attempt's time is over */
    assert_true(
        was_said("this node was stopped after it had begun its part for party 1"));
    assert_false(was_said("failed in restart"));
    cs_node_core_metrics(b.node[1].core, &text);
    cs_wr_u8(&text, 0);
    assert_null(strstr((char *)text.p, "outcome=\"PEER_ABORTED\""));
    cs_wr_free(&text);
    BED_FAILED(&b, 1, CS_EVT_SIGN_FAILED, "PEER_ABORTED"); /* no more comes from it */
}

static void a_restart_fails_the_attempt_and_the_next_one_works(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    bed_kill(&b, 1);
    trio_sign_frame(&b, &f, 1, 1, 2, 1);
    bed_cmd(&b, 0, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    bed_restart(&b, 0);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "PEER_ABORTED");
    assert_string_equal(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.phase, "restart");
    assert_true(
        was_said("failed in restart: this node was stopped before it was done"));
    bed_start(&b, 1);
    bed_advance(&b, 10000);
    f.u.sign.attempt = 2;
    trio_sign_send(&b, &f);
    bed_advance(&b, 3000);
    trio_check_done(&b, 0, 1);
}

static void a_cancelled_request_ends(void **state)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_REQUEST_CANCEL};

    (void)state;
    bed_kill(&b, 1);
    trio_sign(&b, 1, 1, 2, 1);
    memcpy(f.u.request_cancel.request_id, "signing-req-000\001", 16);
    (void)snprintf(f.u.request_cancel.reason, 8, "no");
    bed_cmd(&b, 0, &f);
    assert_string_equal(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.phase,
                        "cancelled");
    assert_non_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), "\"sessions\":0"));
}

static void the_responder_waits_for_its_own_copy_of_the_request(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    trio_sign_frame(&b, &f, 1, 1, 2, 1);
    bed_cmd(&b, 0, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0); /* its REQ is parked */
    bed_advance(&b, 900); /* before the first repeat */
    bed_cmd(&b, 1, &f);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
}

/* ---- nonces (T10)
 * -------------------------------------------------------------------------------- */

static struct cs_wr kept;
static size_t responses;

/* Keeps the initiator's first REQ as sealed, loses the first answers. */
static bool keep_req(struct bed *bed, int from, int to, struct cs_wr *w)
{
    (void)bed;
    (void)from;
    (void)to;
    if (w->p[1] == CS_PROTO_FROST && w->p[2] == CS_TYPE_FR_REQ && kept.n == 0) {
        cs_wr_bytes(&kept, w->p, w->n);
    }
    if (w->p[1] == CS_PROTO_FROST && w->p[2] == CS_TYPE_FR_RSP) {
        responses++;
        return responses > 2;
    }
    return true;
}

static void a_repeat_of_the_same_request_gets_the_same_answer(void **state)
{
    (void)state;
    responses = 0;
    b.carry = keep_req;
    trio_sign(&b, 1, 1, 2, 1);
    bed_advance(&b, 10000); /* two answers are lost, the third repeat arrives */
    assert_int_equal(responses, 3);
    trio_check_done(&b, 0, 1);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 0);
    cs_wr_free(&kept);
    kept = (struct cs_wr){0};
}

static void a_frame_that_the_relay_replays_does_nothing(void **state)
{
    (void)state;
    responses = 0;
    b.carry = keep_req;
    trio_sign(&b, 1, 1, 2, 1);
    bed_advance(&b, 10000);
    responses = 0;
    for (int k = 0; k < 5; k++) {
        bed_relay_send(&b, 0, 1, cs_wr_get(&kept));
        bed_relay_send(&b, 2, 1, cs_wr_get(&kept));
    }
    bed_advance(&b, 10000);
    assert_int_equal(responses, 0);
    cs_wr_free(&kept);
    kept = (struct cs_wr){0};
}

/* The word that the simulator's oracle reads: no commitment with two digests. */
static void no_nonce_commitment_is_said_with_two_digests(void **state)
{
    const char *at;
    size_t n = 0;

    (void)state;
    for (uint8_t k = 1; k <= 40; k++) {
        trio_sign(&b, k, 1, 2, (uint8_t)(1 + k % 2));
        bed_advance(&b, 200);
    }
    cs_wr_u8(&b.said, 0);
    at = (const char *)b.said.p;
    while ((at = strstr(at, "{\"commit\":\"")) != NULL) {
        size_t len = strcspn(at + 11, "\"");
        const char *next = strstr(at + 11 + len, "{\"commit\":\"");

        for (; next != NULL; next = strstr(next + 11, "{\"commit\":\"")) {
            assert_false(strncmp(at, next, 11 + len) == 0 &&
                         strncmp(at + 11 + len, next + 11 + len, 76) != 0);
        }
        at += 11;
        n++;
    }
    assert_true(n >= 80);
}

static void signing_goes_on_over_new_links_and_lists(void **state)
{
    (void)state;
    for (uint8_t k = 1; k <= 100; k++) { /* more than a list of nonces */
        trio_sign(&b, k, 1, 2, 1);
        bed_advance(&b, 100);
    }
    bed_advance(&b, 3000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 100);
    bed_restart(&b, 1); /* its nonces are gone with it */
    bed_advance(&b, 8000);
    trio_sign(&b, 101, 1, 2, 1);
    bed_advance(&b, 5000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 101);
    bed_advance(&b, 25 * 3600000ULL); /* a day: links are made anew */
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 0);
}

/* ---- durable first
 * ------------------------------------------------------------------------------- */

static void the_intent_is_durable_before_anything_leaves(void **state)
{
    struct cs_ctl_frame f;
    unsigned long commits;

    (void)state;
    trio_sign_frame(&b, &f, 1, 1, 2, 1);
    bed_cmd(&b, 1, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    responses = 0;
    b.carry = keep_req;
    b.node[1].hold = true; /* the responder's disk stands still */
    commits = cs_kv_mem_commits(b.node[1].kv);
    bed_cmd(&b, 0, &f);
    assert_int_equal(responses, 0);
    bed_kill(&b, 1);
    assert_int_equal(cs_kv_mem_commits(b.node[1].kv), commits);
    bed_start(&b, 1);
    bed_advance(&b, 20000);
    assert_int_equal(responses, 0); /* the nonce died with it */
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "LINK_LOST");
    cs_wr_free(&kept);
    kept = (struct cs_wr){0};
}

static void the_result_is_durable_before_it_is_said(void **state)
{
    (void)state;
    trio_sign(&b, 1, 1, 2, 1);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    bed_kill(&b, 0);
    bed_start(&b, 0);
    bed_advance(&b, 8000);
    b.node[0].hold_jobs = true;
    trio_sign(&b, 2, 1, 2, 1);
    b.node[0].hold = true; /* the signature is there, the disk is not */
    bed_release_jobs(&b.node[0]);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    bed_release(&b.node[0]);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 2);
    trio_check_done(&b, 0, 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_pair_signs_with_either_one_as_initiator),
        CASE(its_result_tells_how_the_attempt_went),
        CASE(a_failure_tells_how_far_the_attempt_went),
        CASE(it_signs_the_bytes_that_it_made_of_the_payload_itself),
        CASE(a_transfer_of_the_own_key_is_signed),
        CASE(payloads_that_do_not_fit_the_key_are_refused),
        CASE(commands_that_do_not_fit_this_node_are_refused),
        CASE(a_device_disabled_meanwhile_does_not_sign),
        CASE(a_device_disabled_meanwhile_does_not_start),
        CASE(a_repeat_gets_the_stored_result_also_after_a_restart),
        CASE(another_digest_under_a_known_id_is_a_conflict),
        CASE(an_open_request_is_not_replaced_by_another_one),
        CASE(a_repeated_command_does_not_sign_twice),
        CASE(a_higher_attempt_replaces_the_earlier_one),
        CASE(an_answer_of_an_old_attempt_does_not_disturb_the_new_one),
        CASE(an_initiator_without_its_partner_fails_in_time),
        CASE(a_responder_that_nobody_asked_forgets_in_silence),
        CASE(a_restart_after_the_own_part_was_given_is_no_failure),
        CASE(a_restart_fails_the_attempt_and_the_next_one_works),
        CASE(a_cancelled_request_ends),
        CASE(the_responder_waits_for_its_own_copy_of_the_request),
        CASE(a_repeat_of_the_same_request_gets_the_same_answer),
        CASE(a_frame_that_the_relay_replays_does_nothing),
        CASE(no_nonce_commitment_is_said_with_two_digests),
        CASE(signing_goes_on_over_new_links_and_lists),
        CASE(the_intent_is_durable_before_anything_leaves),
        CASE(the_result_is_durable_before_it_is_said),
    };

    cmocka_set_test_filter(getenv("CASE"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
