/* A peer that lies authentically: what is held against it, and what it can never get
 * (PROTOCOLS 2.8, 15.6, RELIABILITY T10, T13, T14). */
#include "base/rd.h"
#include "support/node_liar.h"

static struct bed b;

static int up(void **state)
{
    (void)state;
    trio_up(&b);
    trio_key(&b);
    liar = NULL;
    b.carry = lie_carry;
    return 0;
}

static int up_without_key(void **state)
{
    (void)state;
    trio_up(&b);
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

static const struct peer_record *record_of(int node, int peer)
{
    return &b.node[node].core->quorums[0]->peers[peer + 1].rec;
}

static void blamed(int node, int peer, unsigned n, const char *reason)
{
    assert_int_equal(record_of(node, peer)->blames, n);
    assert_string_equal(record_of(node, peer)->reason, reason);
}

static const char *release(int peer)
{
    static char ask[128];

    (void)snprintf(ask, sizeof ask,
                   "{\"cmd\":\"peer.release\",\"quorumId\":"
                   "\"71756f72-756d-2d74-7269-6f2d30303031\",\"index\":%d}",
                   peer + 1);
    return ask;
}

/* ---- a lying responder (node 1)
 * ------------------------------------------------------ */

static bool wrong_share(struct lie *l)
{
    if (l->from == 1 && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_RSP)) {
        l->priv.p[12] ^= 1;
    }
    return true;
}

static bool short_share(struct lie *l)
{
    if (l->from == 1 && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_RSP)) {
        l->priv.n--;
    }
    return true;
}

static bool share_out_of_range(struct lie *l)
{
    if (l->from == 1 && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_RSP)) {
        memset(l->priv.p + 8, 0xff, 32);
    }
    return true;
}

static void fails_with(lie_fn *fn, uint8_t n, const char *reason)
{
    const struct cs_ctl_failed *f;

    liar = fn;
    trio_sign(&b, n, 1, 2, 1);
    bed_advance(&b, 2000);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, reason);
    f = &bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed;
    assert_int_equal(f->blame, 2);
    assert_true(f->retryable);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
}

static void a_wrong_answer_is_named_and_counted(void **state)
{
    (void)state;
    fails_with(wrong_share, 1, "CHEAT");
    blamed(0, 1, 1, "CHEAT");
    fails_with(short_share, 2, "BAD_FORMAT");
    blamed(0, 1, 2, "BAD_FORMAT");
    assert_false(record_of(0, 1)->quarantined);
    assert_int_equal(record_of(1, 0)->blames, 0); /* nobody else is blamed */
    assert_int_equal(record_of(2, 1)->blames, 0);
}

static void three_in_a_day_are_quarantine_until_an_operator_releases(void **state)
{
    (void)state;
    fails_with(wrong_share, 1, "CHEAT");
    fails_with(share_out_of_range, 2, "ZERO_OR_RANGE");
    fails_with(short_share, 3, "BAD_FORMAT");
    assert_true(record_of(0, 1)->quarantined);
    assert_non_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"status\"}"), "QUARANTINED"));
    liar = NULL;
    fails_with(NULL, 4, "PEER_QUARANTINED");
    trio_sign(&b, 5, 1, 2, 2); /* nor does it answer that peer */
    bed_advance(&b, 20000);
    assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_DONE), 0);
    trio_key_create(&b, 2);
    BED_FAILED(&b, 0, CS_EVT_KEY_FAILED, "PEER_QUARANTINED");
    bed_restart(&b, 0); /* restarting does not help */
    bed_advance(&b, 8000);
    fails_with(NULL, 6, "PEER_QUARANTINED");
    trio_sign(&b, 7, 1, 3, 1); /* the third is fine */
    bed_advance(&b, 8000);
    trio_check_done(&b, 0, 1);
    assert_non_null(strstr(bed_ask(&b, 0, release(1)), "\"ok\":true"));
    trio_sign(&b, 8, 1, 2, 1);
    bed_advance(&b, 3000);
    trio_check_done(&b, 0, 2);
    assert_int_equal(record_of(0, 1)->blames, 0);
}

static void blames_older_than_a_day_do_not_count(void **state)
{
    (void)state;
    fails_with(wrong_share, 1, "CHEAT");
    fails_with(wrong_share, 2, "CHEAT");
    liar = NULL;
    bed_advance(&b, 24 * 3600000 + 1000);
    liar = wrong_share;
    {
        struct cs_ctl_frame f;

        trio_sign_frame(&b, &f, 3, 1, 2, 1);
        f.u.sign.expires_at = BED_WALL + b.now + 60000;
        trio_sign_send(&b, &f);
    }
    bed_advance(&b, 3000);
    blamed(0, 1, 1, "CHEAT");
    assert_false(record_of(0, 1)->quarantined);
}

/* ---- a lying initiator (node 0) towards node 1
 * ---------------------------------------- */

enum { REQ_NONCE = 50, REQ_FIRST = 59, REQ_SECOND = 59 + 65 };

static bool other_binding(struct lie *l)
{
    if (l->from == 0 && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_REQ)) {
        memcpy(l->priv.p + REQ_SECOND, l->priv.p + REQ_FIRST, 64); /* 1's own entry */
    }
    return true;
}

static bool bad_point(struct lie *l)
{
    if (l->from == 0 && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_REQ)) {
        memset(l->priv.p + REQ_FIRST, 0, 32);
    }
    return true;
}

static bool long_req(struct lie *l)
{
    if (l->from == 0 && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_REQ)) {
        cs_wr_u8(&l->priv, 7);
    }
    return true;
}

static bool other_reqh(struct lie *l)
{
    if (l->from == 0 && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_REQ)) {
        l->priv.p[0] ^= 1;
    }
    return true;
}

static bool other_sid(struct lie *l)
{
    if (l->from == 0 && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_REQ)) {
        l->m.sid[0] ^= 1;
    }
    return true;
}

static size_t answers;

static bool unanswered(lie_fn *fn, uint8_t n)
{
    answers = 0;
    liar = fn;
    trio_sign(&b, n, 1, 2, 1);
    bed_advance(&b, 16000);
    liar = NULL;
    return bed_count(&b, 0, CS_EVT_SIGN_DONE) == 0;
}

static void a_request_that_an_honest_node_cannot_send_is_blamed(void **state)
{
    (void)state;
    assert_true(unanswered(other_binding, 1));
    blamed(1, 0, 1, "CHEAT");
    assert_true(unanswered(bad_point, 2));
    blamed(1, 0, 2, "CHEAT");
    assert_true(unanswered(long_req, 3));
    assert_true(record_of(1, 0)->blames >= 3);
    assert_true(record_of(1, 0)->quarantined);
}

static void a_request_that_differs_is_refused_without_blame(void **state)
{
    uint64_t seq = cs_journal_head(b.node[1].core->journal).seq;

    (void)state;
    assert_true(unanswered(other_reqh, 1));
    assert_true(unanswered(other_sid, 2));
    assert_int_equal(record_of(1, 0)->blames, 0);
    assert_int_equal(cs_journal_head(b.node[1].core->journal).seq, seq); /* no intent */
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED,
               "PEER_TIMEOUT"); /* its sid is not the run's */
    trio_sign(&b, 3, 1, 2, 1);
    bed_advance(&b, 3000);
    trio_check_done(&b, 0, 1);
}

/* ---- nonces
 * ------------------------------------------------------------------------------- */

static struct cs_wr first_req, nonces;
static uint8_t first_sid[32];

/* Keeps what node 0 and node 1 say to each other; counts the answers. */
static bool watch(struct lie *l)
{
    if (l->from == 0 && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_REQ) && first_req.n == 0) {
        cs_wr_span(&first_req, cs_wr_get(&l->priv));
        memcpy(first_sid, l->m.sid, 32);
    }
    if (l->from == 1 && l->to == 0 && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_NONCES)) {
        cs_wr_reset(&nonces);
        cs_wr_span(&nonces, cs_wr_get(&l->broadcast));
    }
    if (l->from == 1 && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_RSP)) {
        answers++;
    }
    return true;
}

static void say_req(struct cs_span req, const uint8_t sid[32])
{
    struct cs_message m = {
        .proto = CS_PROTO_FROST, .type = CS_TYPE_FR_REQ, .round = 1, .priv = req};

    memcpy(m.key_id, trio_key_id, 16);
    m.key_id[15] = 1;
    memcpy(m.sid, sid, 32);
    lie_say(&b, 0, 1, &m);
}

static void forget_watched(void)
{
    cs_wr_free(&first_req);
    cs_wr_free(&nonces);
    first_req = nonces = (struct cs_wr){0};
}

static void a_spent_nonce_answers_the_same_bytes_and_nothing_else(void **state)
{
    (void)state;
    liar = watch;
    answers = 0;
    trio_sign(&b, 1, 1, 2, 1);
    assert_int_equal(answers, 1);
    say_req(cs_wr_get(&first_req), first_sid); /* the same: the stored answer */
    assert_int_equal(answers, 2);
    first_req.p[REQ_FIRST + 3] ^= 1; /* another commitment of the initiator */
    say_req(cs_wr_get(&first_req), first_sid);
    assert_int_equal(answers, 2);
    bed_advance(&b, 20000);
    assert_int_equal(answers, 2);
    forget_watched();
}

static void a_spent_nonce_does_not_serve_another_request(void **state)
{
    struct cs_ctl_frame f;
    struct cs_frost_req r;
    struct cs_wr w = {0};

    (void)state;
    liar = watch;
    answers = 0;
    trio_sign(&b, 1, 1, 2, 1);
    bed_advance(&b, 10000);
    answers = 0;
    trio_sign_frame(&b, &f, 2, 1, 2, 1); /* approved at node 1 only */
    bed_cmd(&b, 1, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    assert_int_equal(cs_frost_req_decode(&r, 2, cs_wr_get(&first_req)), CS_OK);
    memcpy(r.request_id, f.u.sign.request_id, 16);
    memcpy(r.reqh, cs_nd_work_find(b.node[1].core, r.request_id)->reqh, 32);
    cs_frost_req_encode(&w, &r);
    say_req(cs_wr_get(&w), first_sid);
    assert_int_equal(answers, 0);
    assert_int_equal(record_of(1, 0)->blames, 0); /* its link may just be new */
    cs_wr_free(&w);
    forget_watched();
}

/* The k-th nonce of the list that node 1 published, put into a request. */
static void with_nonce(struct cs_frost_req *r, size_t k, uint8_t sid[32])
{
    struct cs_rd rd = CS_RD(cs_wr_get(&nonces));

    (void)cs_rd_u16(&rd);
    for (size_t i = 0; i <= k; i++) {
        r->nonce_id = cs_rd_u64(&rd);
        cs_rd_copy(&rd, r->commits[1], 64);
    }
    assert_int_equal(rd.err, CS_OK);
    cs_frost_sid(sid, cs_link_id(lie_link(&b, 0, 1)), r->nonce_id);
}

static void one_attempt_is_answered_once_whatever_nonces_are_left(void **state)
{
    struct cs_frost_req r;
    struct cs_wr w = {0};
    uint8_t sid[32];
    uint64_t head = cs_journal_head(b.node[1].core->journal).seq;

    (void)state;
    liar = watch;
    bed_restart(&b, 0); /* so that the list is seen */
    bed_advance(&b, 10000);
    answers = 0;
    trio_sign(&b, 1, 1, 2, 1);
    bed_advance(&b, 2000);
    assert_int_equal(answers, 1);
    for (size_t k = CS_FROST_BATCH - 8; k < CS_FROST_BATCH; k++) {
        assert_int_equal(cs_frost_req_decode(&r, 2, cs_wr_get(&first_req)), CS_OK);
        with_nonce(&r, k, sid);
        cs_wr_reset(&w);
        cs_frost_req_encode(&w, &r);
        say_req(cs_wr_get(&w), sid);
    }
    bed_advance(&b, 10000);
    assert_int_equal(answers, 1);
    assert_int_equal(cs_journal_head(b.node[1].core->journal).seq, head + 1);
    cs_wr_free(&w);
    forget_watched();
}

static bool watch_and_keep_nonces(struct lie *l)
{
    (void)watch(l);
    return !(l->from == 0 && l->to == 1 &&
             lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_NONCES));
}

/* Node 1 is to start this one and waits for nonces; node 0 asks instead. */
static void who_is_not_the_initiator_gets_no_answer(void **state)
{
    struct cs_ctl_frame f;
    struct cs_frost_req r;
    struct cs_wr w = {0};
    uint8_t sid[32];

    (void)state;
    liar = watch_and_keep_nonces;
    bed_restart(&b, 0);
    bed_advance(&b, 10000);
    trio_sign(&b, 1, 1, 2, 1);
    bed_advance(&b, 10000);
    answers = 0;
    trio_sign_frame(&b, &f, 2, 1, 2, 2);
    bed_cmd(&b, 1, &f);
    assert_int_equal(cs_frost_req_decode(&r, 2, cs_wr_get(&first_req)), CS_OK);
    memcpy(r.request_id, f.u.sign.request_id, 16);
    memcpy(r.reqh, cs_nd_work_find(b.node[1].core, r.request_id)->reqh, 32);
    with_nonce(&r, CS_FROST_BATCH - 1, sid);
    cs_frost_req_encode(&w, &r);
    say_req(cs_wr_get(&w), sid);
    assert_int_equal(answers, 0);
    cs_wr_free(&w);
    forget_watched();
}

static void nonces_that_nobody_asked_for_are_dropped(void **state)
{
    struct cs_message m = {
        .proto = CS_PROTO_FROST, .type = CS_TYPE_FR_NONCES, .round = 1};
    uint64_t dropped;

    (void)state;
    liar = watch;
    bed_restart(&b, 0);
    bed_advance(&b, 10000);
    trio_sign(&b, 1, 1, 2, 1);
    bed_advance(&b, 3000);
    assert_true(nonces.n > 0);
    dropped = b.node[0].core->counters.messages_dropped;
    m.broadcast = cs_wr_get(&nonces);
    for (uint8_t k = 0; k < 100; k++) {
        memset(m.key_id, k, 16);
        lie_say(&b, 1, 0, &m);
    }
    assert_int_equal(b.node[0].core->counters.messages_dropped, dropped + 100);
    assert_int_equal(record_of(0, 1)->blames, 0);
    forget_watched();
}

static bool identity_as_nonce(struct lie *l)
{
    if (l->from == 1 && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_NONCES)) {
        memset(l->broadcast.p + 10, 0, 32);
        l->broadcast.p[10] = 1;
    }
    return true;
}

static void nonces_that_are_no_points_are_blamed(void **state)
{
    (void)state;
    bed_restart(&b, 0);
    bed_advance(&b, 8000);
    liar = identity_as_nonce;
    trio_sign(&b, 1, 1, 2, 1);
    bed_advance(&b, 1);
    blamed(0, 1, 1, "CHEAT");
}

static bool short_want(struct lie *l)
{
    if (l->from == 0 && lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_WANT)) {
        l->priv.n--;
    }
    return true;
}

static void a_malformed_want_is_blamed(void **state)
{
    (void)state;
    bed_restart(&b, 0);
    bed_advance(&b, 8000);
    liar = short_want;
    trio_sign(&b, 1, 1, 2, 1);
    blamed(1, 0, 1, "BAD_FORMAT");
}

/* ---- key generation
 * --------------------------------------------------------------------------- */

static bool wrong_private_share(struct lie *l)
{
    if (l->from == 1 && lie_is(l, CS_PROTO_DKG, CS_TYPE_DKG_REVEAL)) {
        l->priv.p[5] ^= 1;
    }
    return true;
}

static bool wrong_commitment(struct lie *l)
{
    if (l->from == 1 && lie_is(l, CS_PROTO_DKG, CS_TYPE_DKG_REVEAL)) {
        l->broadcast.p[64 + 40] ^= 1;
    }
    return true;
}

static bool two_faces(struct lie *l)
{
    if (l->from == 1 && l->to == 2 && lie_is(l, CS_PROTO_DKG, CS_TYPE_DKG_COM)) {
        l->broadcast.p[3] ^= 1;
    }
    return true;
}

static bool wrong_certificate(struct lie *l)
{
    if (l->from == 1 && lie_is(l, CS_PROTO_DKG, CS_TYPE_DKG_CERT)) {
        l->broadcast.p[l->broadcast.n - 1] ^= 1;
    }
    return true;
}

static void generation_fails(lie_fn *fn)
{
    liar = fn;
    trio_key_create(&b, 1);
    bed_advance(&b, 90000);
    for (int i = 0; i < BED_NODES; i += 2) { /* the honest ones */
        assert_true(bed_count(&b, i, CS_EVT_KEY_FAILED) >= 1);
        assert_int_equal(bed_count(&b, i, CS_EVT_KEY_ACTIVE), 0);
    }
    assert_int_equal(record_of(0, 2)->blames + record_of(2, 0)->blames, 0);
}

static void a_dealer_with_a_bad_commitment_is_blamed_by_both(void **state)
{
    (void)state;
    generation_fails(wrong_commitment);
    assert_int_equal(record_of(0, 1)->blames + record_of(2, 1)->blames, 2);
}

static void a_bad_share_is_a_dispute_that_blames_nobody_for_sure(void **state)
{
    (void)state;
    generation_fails(wrong_private_share);
    assert_int_equal(record_of(0, 1)->blames, 0); /* 3.5: not decidable by others */
}

/* The liar has signed the right thing too: it answers with it when it is asked later.
 */
static void
a_bad_certificate_signature_is_blamed_and_a_good_one_still_counts(void **state)
{
    (void)state;
    liar = wrong_certificate;
    trio_key_create(&b, 1);
    for (int i = 0; i < BED_NODES; i += 2) {
        BED_FAILED(&b, i, CS_EVT_KEY_FAILED, "CHEAT");
        assert_int_equal(bed_last(&b, i, CS_EVT_KEY_FAILED)->u.failed.blame, 2);
        blamed(i, 1, 1, "CHEAT");
    }
    bed_advance(&b, 10000);
    for (int i = 0; i < BED_NODES; i++) {
        assert_int_equal(bed_count(&b, i, CS_EVT_KEY_ACTIVE), 1);
    }
}

static void two_faces_are_found_and_quarantined_when_proven(void **state)
{
    (void)state;
    generation_fails(two_faces);
    assert_true(record_of(0, 1)->quarantined && record_of(2, 1)->quarantined);
    assert_string_equal(record_of(0, 1)->reason, "EQUIVOCATION");
}

/* ---- keys that never were
 * ---------------------------------------------------------------------- */

static bool count_aborted(struct lie *l)
{
    answers += lie_is(l, CS_PROTO_DKG, CS_TYPE_CERT_ABORTED);
    return true;
}

static void invented_key_ids_do_not_fill_the_store(void **state)
{
    struct cs_message m = {.proto = CS_PROTO_DKG, .type = CS_TYPE_CERT_WANT};
    uint8_t C[32] = {1};
    size_t entries;

    (void)state;
    liar = count_aborted;
    answers = 0;
    entries = cs_kv_mem_count(b.node[0].kv);
    m.priv = CS_SPAN_OF(C);
    for (unsigned k = 0; k < 1000; k++) {
        memset(m.key_id, (int)(k & 0xff), 8);
        m.key_id[15] = (uint8_t)(k >> 8);
        lie_say(&b, 1, 0, &m);
    }
    assert_int_equal(answers, 1);
    assert_true(cs_kv_mem_count(b.node[0].kv) <= entries + 2);
    bed_advance(&b, 1000);
    lie_say(&b, 1, 0, &m);
    assert_int_equal(answers, 2);
}

/* ---- words of any kind
 * -------------------------------------------------------------------------- */

static void garbage_in_every_type_ends_in_nothing_worse_than_blame(void **state)
{
    static const uint8_t bytes[300] = {1, 2, 3};

    (void)state;
    for (unsigned proto = 2; proto <= 10; proto++) {
        for (unsigned type = 0; type <= 16; type++) {
            for (unsigned n = 0; n < sizeof bytes; n += 37) {
                struct cs_message m = {.proto = (uint8_t)proto,
                                       .type = (uint8_t)type,
                                       .round = 1,
                                       .priv = CS_SPAN(bytes, n + 1)};

                memcpy(m.key_id, trio_key_id, 16);
                m.key_id[15] = 1;
                lie_say(&b, 1, 0, &m);
                m.broadcast = m.priv;
                lie_say(&b, 1, 0, &m);
            }
        }
    }
    assert_false(b.node[0].exited);
    assert_true(record_of(0, 1)->quarantined);
    trio_sign(&b, 1, 1, 3, 1);
    bed_advance(&b, 3000);
    trio_check_done(&b, 0, 1);
}

#define CASE(name)    cmocka_unit_test_setup_teardown(name, up, down)
#define KEYLESS(name) cmocka_unit_test_setup_teardown(name, up_without_key, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_wrong_answer_is_named_and_counted),
        CASE(three_in_a_day_are_quarantine_until_an_operator_releases),
        CASE(blames_older_than_a_day_do_not_count),
        CASE(a_request_that_an_honest_node_cannot_send_is_blamed),
        CASE(a_request_that_differs_is_refused_without_blame),
        CASE(a_spent_nonce_answers_the_same_bytes_and_nothing_else),
        CASE(a_spent_nonce_does_not_serve_another_request),
        CASE(one_attempt_is_answered_once_whatever_nonces_are_left),
        CASE(who_is_not_the_initiator_gets_no_answer),
        CASE(nonces_that_nobody_asked_for_are_dropped),
        CASE(nonces_that_are_no_points_are_blamed),
        CASE(a_malformed_want_is_blamed),
        KEYLESS(a_dealer_with_a_bad_commitment_is_blamed_by_both),
        KEYLESS(a_bad_share_is_a_dispute_that_blames_nobody_for_sure),
        KEYLESS(a_bad_certificate_signature_is_blamed_and_a_good_one_still_counts),
        KEYLESS(two_faces_are_found_and_quarantined_when_proven),
        CASE(invented_key_ids_do_not_fill_the_store),
        CASE(garbage_in_every_type_ends_in_nothing_worse_than_blame),
    };

    cmocka_set_test_filter(getenv("CASE"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
