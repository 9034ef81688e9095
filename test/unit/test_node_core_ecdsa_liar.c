/* What a peer that lies authentically can not get out of ECDSA sessions, and what is
 * held against it (PROTOCOLS 2.6-2.8, 4.6, 15.1 A6).  Single fields: test/evilpeer. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "node/core/ecdsa.h"
#include "support/dkls_fields.h"
#include "support/node_ecdsa.h"
#include "support/node_liar.h"

static struct bed b;

static int up(void **state)
{
    (void)state;
    ec_up(&b, "ETHEREUM");
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

static struct peer *peer_of(int node, int peer)
{
    return &b.node[node].core->quorums[0]->peers[peer + 1];
}

static uint64_t entries(int node)
{
    return cs_journal_head(b.node[node].core->journal).seq;
}

static size_t sessions(int node)
{
    size_t n = 0;

    for (const struct ecdsa_run *r = b.node[node].core->ecdsa; r != NULL; r = r->next) {
        n++;
    }
    return n;
}

/* ---- an initiator that repeats itself
 * --------------------------------------------------- */

static struct cs_wr kept[4]; /* SES_OPEN, R1, R2 of node 1 */
static struct cs_message kept_m[4];
static size_t r2_of_honest;

static bool keep(struct lie *l)
{
    uint8_t type = l->m.type;

    if (l->from == 1 && l->m.proto == CS_PROTO_ECDSA && kept[type].n == 0) {
        cs_wr_span(&kept[type], cs_wr_get(&l->priv));
        kept_m[type] = l->m;
    }
    if (l->from == 0 && lie_is(l, CS_PROTO_ECDSA, CS_TYPE_SIG_R2)) {
        r2_of_honest++;
    }
    return true;
}

static void say_kept(uint8_t type)
{
    struct cs_message m = kept_m[type];

    m.broadcast = (struct cs_span){0};
    m.bsig = NULL;
    m.priv = cs_wr_get(&kept[type]);
    lie_say(&b, 1, 0, &m);
}

static void forget_kept(void)
{
    for (size_t i = 0; i < CS_COUNTOF(kept); i++) {
        cs_wr_free(&kept[i]);
        kept[i] = (struct cs_wr){0};
    }
    r2_of_honest = 0;
}

/* The very same opening once more: in the next attempt, too, it is no new session. */
static void a_session_that_was_is_never_another_one(void **state)
{
    struct cs_ctl_frame f;
    uint64_t seq;

    (void)state;
    forget_kept();
    liar = keep;
    ec_sign_frame(&b, &f, 1, 1, 2, 2);
    trio_sign_send(&b, &f);
    assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_DONE), 1);
    assert_int_equal(r2_of_honest, 1);
    bed_advance(&b, 20000); /* the responder has forgotten the work */
    assert_int_equal(sessions(0), 0);
    ec_send_to(&b, 0, &f); /* .. and gets the command again */
    seq = entries(0);
    say_kept(CS_TYPE_OPEN);
    say_kept(CS_TYPE_SIG_R1);
    assert_int_equal(sessions(0), 0);
    f.u.sign.attempt = 2;
    ec_send_to(&b, 0, &f);
    kept[CS_TYPE_OPEN].p[32 + 16 + 32 + 1 + 3] = 2; /* attempt: not in presid */
    say_kept(CS_TYPE_OPEN);
    say_kept(CS_TYPE_SIG_R1);
    bed_advance(&b, 6000);
    assert_int_equal(sessions(0), 0);
    assert_int_equal(r2_of_honest, 1);
    assert_int_equal(entries(0), seq); /* not even an intent */
    assert_int_equal(peer_of(0, 1)->rec.blames, 0);
    forget_kept();
}

/* SES_OPEN of the liar, node 1, with another nonce: of a session of its own. */
static void open_another(const struct cs_ctl_frame *f, uint8_t nonce_byte)
{
    struct ecdsa_about a = {.item = 0, .peer = 1};
    struct cs_message m = {.proto = CS_PROTO_ECDSA};
    struct cs_node_core *core = b.node[1].core;
    uint8_t nonce[32] = {nonce_byte};
    struct cs_wr body = {0};
    struct work own = {.q = core->quorums[0], .attempt = f->u.sign.attempt};
    struct work *w = cs_nd_work_find(core, f->u.sign.request_id);
    struct cs_dkls_open o;
    enum cs_err err;

    if (w == NULL) { /* its attempt is over: from the honest node's copy */
        w = cs_nd_work_find(b.node[0].core, f->u.sign.request_id);
        assert_non_null(w);
        own.req = w->req;
        own.n_items = w->n_items;
        memcpy(own.reqh, w->reqh, 32);
        w = &own;
    }
    a.w = w;
    a.key = cs_nd_key_load(core, f->u.sign.key_id, &err)->key;
    assert_int_equal(cs_nd_ecdsa_open(&o, &a, nonce), CS_OK);
    cs_nd_ecdsa_presid(m.sid, &a, &o);
    memcpy(m.key_id, f->u.sign.key_id, 16);
    cs_dkls_open_encode(&body, &o);
    m.priv = cs_wr_get(&body);
    lie_say(&b, 1, 0, &m);
    cs_wr_free(&body);
}

static size_t from_honest;

static bool count_honest(struct lie *l)
{
    from_honest += l->from == 0 && l->m.proto == CS_PROTO_ECDSA ? 1 : 0;
    return keep(l);
}

/* 53 KB for each repeat of 300 bytes would be a fine amplifier. */
static void repeats_are_not_answered_at_any_rate(void **state)
{
    (void)state;
    forget_kept();
    liar = count_honest;
    ec_sign(&b, 1, 1, 2, 2);
    assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_DONE), 1);
    from_honest = 0;
    for (int k = 0; k < 50; k++) {
        say_kept(CS_TYPE_OPEN);
        say_kept(CS_TYPE_SIG_R1);
    }
    assert_true(from_honest >= 1 && from_honest <= 3);
    bed_advance(&b, 1000);
    say_kept(CS_TYPE_OPEN);
    assert_true(from_honest >= 2 && from_honest <= 6);
    forget_kept();
}

static bool say_setup_missing(struct lie *l)
{
    if (l->from == 1 && lie_is(l, CS_PROTO_CONTROL, CS_TYPE_ABORT)) {
        cs_wr_reset(&l->priv);
        cs_abort_encode(&l->priv, l->m.sid, CS_ERR_SETUP_MISSING);
    }
    return true;
}

static void who_is_told_that_its_setup_is_missing_makes_another_one(void **state)
{
    struct cs_ctl_frame f;
    uint8_t before[32];

    (void)state;
    memcpy(before, cs_ot_pair_osid(peer_of(0, 1)->ot, 1), 32);
    liar = say_setup_missing;
    ec_sign_frame(&b, &f, 1, 1, 2, 1);
    ec_send_to(&b, 1, &f);
    bed_device(&b, 1, "APPROVED", "DISABLED"); /* so that it has something to say */
    ec_send_to(&b, 0, &f);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "SETUP_MISSING");
    bed_advance(&b, 30000);
    assert_int_equal(cs_ot_pair_state(peer_of(0, 1)->ot), CS_OT_TESTED);
    assert_memory_not_equal(before, cs_ot_pair_osid(peer_of(0, 1)->ot, 1), 32);
    assert_int_equal(peer_of(0, 1)->rec.blames, 0);
}

static void an_item_of_an_attempt_has_one_session(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    b.node[0].hold_jobs = true;
    ec_sign_frame(&b, &f, 1, 1, 2, 2);
    trio_sign_send(&b, &f);
    assert_int_equal(sessions(0), 1);
    open_another(&f, 42);
    assert_int_equal(sessions(0), 1);
    bed_release_jobs(&b.node[0]);
    assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_DONE),
                     1);  /* the first is as it was */
    open_another(&f, 43); /* after it was answered, too */
    assert_int_equal(peer_of(0, 1)->rec.blames, 0);
    assert_int_equal(sessions(0), 1); /* it answers repeats */
    bed_advance(&b, 9000);
    assert_int_equal(sessions(0), 0);
}

static bool bad_salt(struct lie *l)
{
    if (l->from == 1 && lie_is(l, CS_PROTO_ECDSA, CS_TYPE_SIG_R2)) {
        l->priv.p[R2_SALT] ^= 1;
    }
    return true;
}

static void a_session_that_failed_was_the_one_of_its_attempt(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    liar = bad_salt;
    ec_sign_frame(&b, &f, 1, 1, 2, 2);
    trio_sign_send(&b, &f);
    assert_int_equal(sessions(0), 0);
    assert_int_equal(peer_of(0, 1)->rec.blames, 1);
    liar = NULL;
    open_another(&f, 44);
    assert_int_equal(sessions(0), 0);
    f.u.sign.attempt = 2; /* the next one has its own */
    trio_sign_send(&b, &f);
    assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_DONE), 1);
}

/* A session belongs to two nodes: the third can say what it likes with its presid. */
static bool hand_on(struct lie *l)
{
    if (l->from == 1 && l->m.proto == CS_PROTO_ECDSA) {
        struct cs_wr priv = {0};
        struct cs_message m = l->m;

        cs_wr_span(&priv, cs_wr_get(&l->priv));
        m.broadcast = (struct cs_span){0};
        m.bsig = NULL;
        priv.p[priv.n - 1] ^= 1;
        m.priv = cs_wr_get(&priv);
        liar = NULL;
        lie_say(&b, 2, 0, &m);
        m.proto = CS_PROTO_CONTROL; /* .. or call it off */
        m.type = CS_TYPE_ABORT;
        m.round = 0;
        cs_wr_reset(&priv);
        cs_abort_encode(&priv, m.sid, CS_ERR_ABORTED);
        m.priv = cs_wr_get(&priv);
        lie_say(&b, 2, 0, &m);
        cs_wr_free(&priv);
    }
    return true;
}

static void a_third_node_cannot_speak_in_a_session(void **state)
{
    (void)state;
    b.node[0].hold_jobs = true;
    liar = hand_on;
    ec_sign(&b, 1, 1, 2, 1);
    bed_release_jobs(&b.node[0]);
    bed_advance(&b, 3000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    for (int i = 1; i < 3; i++) {
        assert_int_equal(peer_of(0, i)->rec.blames, 0);
    }
}

/* ---- a header of something else
 * ----------------------------------------------------------- */

static enum { NO_FIELD, KEY_EPOCH, KEY_ID, ROUND, TYPE } wrong_field;

/* The first R1 of node 1, whole but for its header; its repeats are honest. */
static bool wrong_header(struct lie *l)
{
    if (l->from != 1 || !lie_is(l, CS_PROTO_ECDSA, CS_TYPE_SIG_R1)) {
        return true;
    }
    l->m.key_epoch += wrong_field == KEY_EPOCH;
    l->m.key_id[15] ^= wrong_field == KEY_ID;
    l->m.round = (uint8_t)(l->m.round + (wrong_field == ROUND));
    if (wrong_field == TYPE) {
        l->m.type = l->m.round = CS_TYPE_SIG_R3 + 1;
    }
    wrong_field = NO_FIELD;
    return true;
}

static void a_message_whose_header_is_not_its_sessions_is_dropped(void **state)
{
    const struct cs_node_core *n = b.node[0].core;

    (void)state;
    liar = wrong_header;
    for (uint8_t field = KEY_EPOCH; field <= TYPE; field++) {
        uint64_t dropped = n->counters.messages_dropped;

        wrong_field = field;
        ec_sign(&b, field, 1, 2, 2);
        assert_int_equal(wrong_field, NO_FIELD); /* it was sent */
        assert_int_equal(n->counters.messages_dropped, dropped + 1);
        assert_int_equal(sessions(0), 1); /* which goes on */
        assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_DONE), field - 1);
        bed_advance(&b, 6000);
        assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_DONE), field);
        assert_int_equal(peer_of(0, 1)->rec.blames, 0);
        bed_advance(&b, 20000);
    }
}

/* Of an unknown session only what could be a round's is kept for later. */
static void an_unknown_type_of_an_unknown_session_is_not_kept(void **state)
{
    const struct cs_node_core *n = b.node[0].core;
    struct cs_message m = {
        .proto = CS_PROTO_ECDSA, .sid = {7}, .priv = CS_SPAN_LIT("what it may be")};
    uint64_t dropped = n->counters.messages_dropped;

    (void)state;
    m.type = m.round = CS_TYPE_SIG_R3;
    lie_say(&b, 1, 0, &m);
    assert_int_equal(n->counters.messages_dropped, dropped);
    m.type = m.round = CS_TYPE_SIG_R3 + 1;
    lie_say(&b, 1, 0, &m);
    assert_int_equal(n->counters.messages_dropped, dropped + 1);
}

/* ---- two messages for one round
 * ---------------------------------------------------------- */

static bool say_r1_twice(struct lie *l)
{
    if (l->from == 1 && lie_is(l, CS_PROTO_ECDSA, CS_TYPE_SIG_R1)) {
        struct cs_message m = l->m;

        cs_wr_reset(&kept[1]);
        cs_wr_span(&kept[1], cs_wr_get(&l->priv));
        kept[1].p[R1_COM] ^= 1;
        m.priv = cs_wr_get(&kept[1]);
        liar = NULL;
        lie_say(&b, 1, 0, &m);
    }
    return true;
}

static void a_second_message_for_a_round_is_blamed(void **state)
{
    (void)state;
    b.node[0].hold_jobs = true; /* so that it comes before the session has gone on */
    liar = say_r1_twice;
    ec_sign(&b, 1, 1, 2, 2);
    bed_release_jobs(&b.node[0]);
    bed_advance(&b, 1000);
    assert_int_equal(peer_of(0, 1)->rec.blames, 1);
    assert_false(peer_of(0, 1)->device->quarantined);
    assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_DONE), 0);
    assert_int_equal(cs_ot_pair_state(peer_of(0, 1)->ot), CS_OT_TESTED);
    forget_kept();
}

/* ---- three blames, one burn
 * ---------------------------------------------------------------- */

static bool wrong_share(struct lie *l)
{
    if (l->from == 1 && lie_is(l, CS_PROTO_ECDSA, CS_TYPE_SIG_R3)) {
        mutate(l->priv.p + R3_U, FLIP);
    }
    return true;
}

static void three_wrong_shares_in_a_day_are_quarantine(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    liar = wrong_share;
    for (uint8_t k = 1; k <= 3; k++) {
        ec_sign(&b, k, 1, 2, 1);
        bed_advance(&b, 1000);
        BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "SIG_INVALID");
        assert_int_equal(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.blame, 2);
        assert_int_equal(peer_of(0, 1)->device->quarantined, k == 3);
    }
    liar = NULL;
    ec_sign(&b, 4, 1, 2, 1);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "PEER_QUARANTINED");
    ec_sign_frame(&b, &f, 5, 1, 3, 3); /* the others go on */
    trio_sign_send(&b, &f);
    bed_advance(&b, 3000);
    ec_check_done(&b, 2, 1, &f);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_DONE), 0);
}

static bool cheat_in_one(struct lie *l)
{
    if (l->from == 1 && lie_is(l, CS_PROTO_ECDSA, CS_TYPE_SIG_R1)) {
        l->priv.p[R1_X] ^= 1;
        liar = NULL; /* in the first session only */
    }
    return true;
}

static void a_burn_ends_all_sessions_of_the_pair_at_once(void **state)
{
    (void)state;
    liar = cheat_in_one;
    for (uint8_t k = 1; k <= 6; k++) {
        ec_sign(&b, k, 1, 2, 1);
    }
    ec_sign(&b, 7, 1, 3, 1);
    bed_run(&b);
    assert_int_equal(cs_ot_pair_state(peer_of(0, 1)->ot), CS_OT_BURNED);
    bed_advance(&b, 500);
    assert_true(bed_count(&b, 0, CS_EVT_SIGN_FAILED) >= 1);
    for (size_t k = 1; k <= bed_count(&b, 0, CS_EVT_SIGN_FAILED); k++) {
        const struct cs_ctl_failed *e =
            &bed_evt(&b, 0, CS_EVT_SIGN_FAILED, k)->u.failed;

        assert_true(strcmp(e->reason, "PEER_ABORTED") == 0 || /* the check itself */
                    strcmp(e->reason, "PEER_QUARANTINED") == 0);
    }
    assert_int_equal(
        bed_count(&b, 0, CS_EVT_SIGN_FAILED) + bed_count(&b, 0, CS_EVT_SIGN_DONE), 7);
    assert_int_equal(cs_ot_pair_state(peer_of(0, 2)->ot), CS_OT_TESTED);
}

/* The check that nobody waits for any more: its request was called off meanwhile. */
static void a_check_that_fails_after_the_end_burns_too(void **state)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_REQUEST_CANCEL};
    struct bed_node *honest = &b.node[0];

    (void)state;
    liar = cheat_in_one;
    honest->hold_jobs = true;
    ec_sign(&b, 1, 1, 2, 1);
    bed_put(&b, 0, CS_EV_JOB_DONE)->ev.job = honest->jobs[0]; /* round 1 is made */
    honest->n_jobs = 0;
    bed_run(&b);
    assert_int_equal(honest->n_jobs, 1); /* the check of the peer's R1 */
    memcpy(f.u.request_cancel.request_id, "signing-req-000\001", 16);
    (void)snprintf(f.u.request_cancel.reason, 8, "no");
    bed_cmd(&b, 0, &f);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), 1);
    assert_int_equal(sessions(0), 1);
    bed_release_jobs(honest);
    assert_int_equal(sessions(0), 0);
    assert_int_equal(cs_ot_pair_state(peer_of(0, 1)->ot), CS_OT_BURNED);
    assert_true(peer_of(0, 1)->device->quarantined);
}

/* ---- checks of new keys
 * -------------------------------------------------------------------- */

static void only_the_lower_index_starts_a_check(void **state)
{
    struct cs_node_core *lo = b.node[0].core, *hi = b.node[1].core;
    struct quorum *q = lo->quorums[0];
    struct cs_request req;
    struct work *w = NULL;
    uint8_t use_id[32] = {1};
    enum cs_err err;
    const struct cs_key *key =
        cs_nd_key_load(hi, (const uint8_t *)"key-trio-000000\001", &err)->key;

    (void)state;
    cs_check_request(&req, &key->body, 1, 2);
    assert_int_equal(cs_nd_check_join(lo, q, 2, req.key_id, req.request_id, use_id, &w),
                     CS_ERR_NOT_FOUND);
    assert_int_equal(sessions(0), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_session_that_was_is_never_another_one),
        CASE(repeats_are_not_answered_at_any_rate),
        CASE(who_is_told_that_its_setup_is_missing_makes_another_one),
        CASE(an_item_of_an_attempt_has_one_session),
        CASE(a_session_that_failed_was_the_one_of_its_attempt),
        CASE(a_third_node_cannot_speak_in_a_session),
        CASE(a_message_whose_header_is_not_its_sessions_is_dropped),
        CASE(an_unknown_type_of_an_unknown_session_is_not_kept),
        CASE(a_second_message_for_a_round_is_blamed),
        CASE(three_wrong_shares_in_a_day_are_quarantine),
        CASE(a_burn_ends_all_sessions_of_the_pair_at_once),
        CASE(a_check_that_fails_after_the_end_burns_too),
        CASE(only_the_lower_index_starts_a_check),
    };

    cmocka_set_test_filter(getenv("CASE"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
