/* The driver, continued: ABORT and EVIDENCE (PROTOCOLS 2.8, 15.1 A2; section 10 rows
 * 24, 31, 53). */
#include "mpc/session.h"

#include "support/held_session.h"

/* ---- ABORT, EVIDENCE ------------------------------------------------------------- */

static void abort_codes_round_trip(void **state)
{
    static const enum cs_err some[] = {
        CS_ERR_TIMEOUT,    CS_ERR_SID_MISMATCH, CS_ERR_POLICY_REFUSED,
        CS_ERR_BAD_FORMAT, CS_ERR_BAD_POINT,    CS_ERR_EQUIVOCATION,
        CS_ERR_DKG_POK,    CS_ERR_SIG_INVALID,  CS_ERR_FROST_NONCE_ID,
        CS_ERR_STORE_IO,   CS_ERR_LINK_LOST,    CS_ERR_SETUP_MISSING,
        CS_ERR_LIMIT,      CS_ERR_SIG_TWICE};
    uint8_t sid[32] = {5}, back[32];
    enum cs_err why;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(some); i++) {
        struct cs_wr w = {0};

        cs_abort_encode(&w, sid, some[i]);
        assert_int_equal(w.n, 34);
        assert_int_equal(cs_abort_decode(back, &why, cs_wr_get(&w)), CS_OK);
        assert_memory_equal(back, sid, 32);
        assert_string_equal(cs_err_reason(why), cs_err_reason(some[i]));
        for (size_t n = 0; n < 34; n++) {
            assert_int_equal(cs_abort_decode(back, &why, CS_SPAN(w.p, n)),
                             CS_ERR_BAD_FORMAT);
        }
        w.p[32] = 0xff; /* not on the list */
        assert_int_equal(cs_abort_decode(back, &why, cs_wr_get(&w)), CS_ERR_BAD_FORMAT);
        cs_wr_free(&w);
    }
    /* What is not public stays at home. */
    struct cs_wr w = {0};
    cs_abort_encode(&w, sid, CS_ERR_SELFTEST);
    assert_int_equal(cs_abort_decode(back, &why, cs_wr_get(&w)), CS_OK);
    assert_int_equal(why, CS_ERR_INTERNAL);
    cs_wr_free(&w);
    /* 4.6: which check of the OT setup failed is not said */
    static const enum cs_err silent[] = {CS_ERR_OT_CHECK, CS_ERR_RVOLE_CHECK,
                                         CS_ERR_GAMMA_CHECK, CS_ERR_SETUP_TEST};
    for (size_t i = 0; i < CS_COUNTOF(silent); i++) {
        cs_abort_encode(&w, sid, silent[i]);
        assert_int_equal(cs_abort_decode(back, &why, cs_wr_get(&w)), CS_OK);
        assert_int_equal(why, CS_ERR_ABORTED);
        cs_wr_free(&w);
    }
}

static void an_abort_of_a_peer_ends_it_without_blame(void **state)
{
    struct net *w = wait_in(CS_TYPE_DKG_REVEAL, 550);
    struct cs_message m = head(w, CS_TYPE_ABORT, 0, 2);
    struct cs_session_out out = {0};
    struct cs_wr body = {0};

    (void)state;
    cs_abort_encode(&body, w->s[1]->presid, CS_ERR_POLICY_REFUSED);
    m.proto = CS_PROTO_CONTROL;
    m.priv = cs_wr_get(&body);
    assert_int_equal(cs_session_feed(w->s[1], &m, w->now, &out), CS_ERR_ABORTED);
    assert_int_equal(out.n_msgs, 0); /* no ABORT for an ABORT */
    assert_int_equal(cs_session_peer_code(w->s[1]), CS_ERR_POLICY_REFUSED);
    assert_int_equal(cs_err_reaction(CS_ERR_ABORTED), CS_REACT_RETRY);
    net_assert_wiped(w, 1);
    body.p[0] ^= 1; /* of another session */
    m.priv = cs_wr_get(&body);
    assert_int_equal(cs_session_feed(w->s[2], &m, w->now, &out), CS_ERR_REPLAY);
    m.from = 1;
    assert_int_equal(cs_session_feed(w->s[2], &m, w->now, &out), CS_ERR_BAD_FORMAT);
    cs_session_out_clear(&out);
    cs_wr_free(&body);
    net_free(w);
}

/* EVIDENCE that says nothing new, or nothing at all, blames nobody; and ends. */
static void empty_evidence_blames_nobody(void **state)
{
    struct net *w = wait_in(CS_TYPE_DKG_REVEAL, 551);
    struct cs_message m = head(w, CS_TYPE_EVIDENCE, 1, 2);
    struct cs_session_out out = {0};
    uint8_t body[] = {1, 0};

    (void)state;
    m.proto = CS_PROTO_CONTROL;
    m.priv = CS_SPAN_OF(body);
    assert_int_equal(cs_session_feed(w->s[1], &m, w->now, &out), CS_OK);
    assert_int_equal(cs_session_phase(w->s[1]), CS_SESSION_DISPUTE);
    assert_null(cs_session_state(w->s[1])); /* secrets go at once */
    assert_true(out.n_msgs == 2);           /* own view, to both */
    cs_session_out_clear(&out);
    assert_true(cs_session_deadline(w->s[1]) == w->now + 3000);
    cs_session_time(w->s[1], w->now + 3000, &out);
    assert_int_equal(cs_session_blame(w->s[1]).err, CS_ERR_SID_MISMATCH);
    assert_int_equal(cs_session_blame(w->s[1]).party, 0);
    net_assert_wiped(w, 1);
    cs_session_out_clear(&out);
    net_free(w);
}

static void malformed_evidence_is_bad_format(void **state)
{
    static const struct {
        uint8_t n, b[8];
    } bad[] = {{0, {0}},
               {1, {1}},
               {2, {9, 0}},
               {2, {5, 0}},
               {2, {1, 8}},
               {3, {1, 0, 0}},
               {2, {1, 1}},
               {6, {1, 1, 0, 0, 0, 0}},
               {7, {1, 1, 0, 0, 0, 1, 7}}};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        struct net *w = wait_in(CS_TYPE_DKG_REVEAL, 552);
        struct cs_message m = head(w, CS_TYPE_EVIDENCE, 1, 2);
        struct cs_session_out out = {0};

        m.proto = CS_PROTO_CONTROL;
        m.priv = CS_SPAN(bad[i].b, bad[i].n);
        assert_int_equal(cs_session_feed(w->s[1], &m, w->now, &out), CS_ERR_BAD_FORMAT);
        assert_int_equal(cs_session_blame(w->s[1]).party, 2);
        cs_session_out_clear(&out);
        net_free(w);
    }
}

/* Row 31: an accuser with a forged signature convinces nobody. */
static void forged_evidence_convinces_nobody(void **state)
{
    struct net *w = wait_in(CS_TYPE_DKG_REVEAL, 553);
    const struct ses_slot *slot = &w->s[1]->slot[1][3];
    struct cs_message m = head(w, CS_TYPE_EVIDENCE, 1, 2);
    struct cs_signed_bc bc = {.slot = {.ver = ENVELOPE_VERSION,
                                       .proto = CS_PROTO_DKG,
                                       .type = CS_TYPE_DKG_COM,
                                       .round = 1,
                                       .from = 3}};
    struct cs_session_out out = {0};
    struct cs_wr body = {0}, one = {0}, other = {0};

    (void)state;
    cs_wr_span(&other, cs_wr_get(&slot->bcast));
    other.p[0] ^= 1;
    memcpy(bc.slot.ds_hash, w->roster[1].ds_hash, 32);
    memcpy(bc.slot.key_id, w->request.key_id, CS_ID_LEN);
    memcpy(bc.slot.sid, w->s[1]->presid, 32);
    bc.payload = cs_wr_get(&other);
    cs_bc_sign(bc.sig, w->id[2].ik_seed, &bc.slot, bc.payload); /* 2 signs for 3 */
    assert_int_equal(cs_signed_bc_encode(&one, &bc), CS_OK);
    cs_wr_u8(&body, 1);
    cs_wr_u8(&body, 1);
    cs_wr_lp(&body, cs_wr_get(&one));
    m.proto = CS_PROTO_CONTROL;
    m.priv = cs_wr_get(&body);
    assert_int_equal(cs_session_feed(w->s[1], &m, w->now, &out), CS_OK);
    assert_int_equal(cs_session_phase(w->s[1]), CS_SESSION_DISPUTE);
    assert_int_equal(cs_session_evidence(w->s[1]).n, 0);
    cs_session_out_clear(&out);
    cs_session_time(w->s[1], w->now + 3000, &out);
    assert_int_equal(cs_session_blame(w->s[1]).party, 0);
    cs_session_out_clear(&out);
    cs_wr_free(&body);
    cs_wr_free(&one);
    cs_wr_free(&other);
    net_free(w);
}

/* Statements about strangers, about nobody, and two that the receiver itself is said to
 * have signed (only a thief of its key could): no member is blamed for them. */
static void evidence_about_others_is_ignored(void **state)
{
    static const uint8_t about[] = {0, 1, 4, 200};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(about); i++) {
        struct net *w = wait_in(CS_TYPE_DKG_REVEAL, 554);
        struct cs_message m = head(w, CS_TYPE_EVIDENCE, 1, 2);
        struct cs_session_out out = {0};
        struct cs_wr body = {0};

        cs_wr_u8(&body, 1);
        cs_wr_u8(&body, 2);
        for (uint8_t k = 0; k < 2; k++) {
            struct cs_signed_bc bc = {.slot = {.ver = ENVELOPE_VERSION,
                                               .proto = CS_PROTO_DKG,
                                               .type = CS_TYPE_DKG_COM,
                                               .round = 1,
                                               .from = about[i]},
                                      .payload = CS_SPAN(&k, 1)};
            struct cs_wr one = {0};

            memcpy(bc.slot.ds_hash, w->roster[1].ds_hash, 32);
            memcpy(bc.slot.sid, w->s[1]->presid, 32);
            cs_bc_sign(bc.sig, w->id[1].ik_seed, &bc.slot, bc.payload);
            assert_int_equal(cs_signed_bc_encode(&one, &bc), CS_OK);
            cs_wr_lp(&body, cs_wr_get(&one));
            cs_wr_free(&one);
        }
        m.proto = CS_PROTO_CONTROL;
        m.priv = cs_wr_get(&body);
        assert_int_equal(cs_session_feed(w->s[1], &m, w->now, &out), CS_OK);
        assert_int_equal(cs_session_phase(w->s[1]), CS_SESSION_DISPUTE);
        cs_session_out_clear(&out);
        cs_wr_free(&body);
        net_free(w);
    }
}

/* Row 53: garbage of every kind into every state: bounded, no crash, no wrong blame. */
static void garbage_never_blames_another(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct net *w = wait_in((uint8_t)(CS_TYPE_DKG_COM + seed % 3), 600 + seed % 5);
        struct net_rng rng = {.s = seed};
        uint8_t junk[600], sig[64];

        for (int k = 0; k < 20; k++) {
            struct cs_session_out out = {0};
            struct cs_message m = head(w, (uint8_t)(net_next(&rng) % 17),
                                       (uint8_t)(net_next(&rng) % 6), 3);
            enum cs_err err;

            net_random(&rng, junk, sizeof junk);
            net_random(&rng, sig, sizeof sig);
            m.proto = net_next(&rng) % 3 == 0 ? CS_PROTO_CONTROL : CS_PROTO_DKG;
            m.broadcast = CS_SPAN(junk, net_next(&rng) % 500);
            m.priv = CS_SPAN(junk, net_next(&rng) % 100);
            m.bsig = m.broadcast.n > 0 ? sig : NULL;
            err = cs_session_feed(w->s[1], &m, w->now, &out);
            (void)err;
            if (out.ended &&
                cs_err_reaction(cs_session_blame(w->s[1]).err) == CS_REACT_BLAME) {
                assert_int_equal(cs_session_blame(w->s[1]).party, 3);
            }
            cs_session_out_clear(&out);
        }
        net_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(abort_codes_round_trip),
        cmocka_unit_test(an_abort_of_a_peer_ends_it_without_blame),
        cmocka_unit_test(empty_evidence_blames_nobody),
        cmocka_unit_test(malformed_evidence_is_bad_format),
        cmocka_unit_test(forged_evidence_convinces_nobody),
        cmocka_unit_test(evidence_about_others_is_ignored),
        cmocka_unit_test(garbage_never_blames_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
