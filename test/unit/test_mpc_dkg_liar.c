/* One party lies in a key generation: every check of PROTOCOLS 3 with its own code, who
 * is blamed, nothing ACTIVE anywhere, and nothing secret left (section 10, rows 16 to
 * 26, 31, 37 to 39; the cases that ChillDKG's files name). */
#include "support/dkg_liar.h"
#include <sodium.h>

/* ---- round 1 --------------------------------------------------------------------- */

/* The liar waits for the others and repeats party 1's commitment. */
static bool copy_commitment(struct net *w, struct net_msg *m)
{
    const struct ses_slot *slot;

    if (m->m.proto == CS_PROTO_DKG && m->m.type == CS_TYPE_DKG_COM &&
        m->m.from == LIAR) {
        slot = &w->s[LIAR]->slot[1][1];
        assert_true(slot->present);
        memcpy(m->bcast.p + 32, slot->bcast.p + 32, 32);
    }
    return true;
}

static void a_copied_commitment_is_refused(void **state)
{
    struct net *w = lie(CS_CURVE_ED25519, 80);

    (void)state;
    w->hook = copy_commitment;
    net_start(w);
    net_run(w);
    assert_true(w->err[1] == CS_ERR_DKG_COM_DUP || w->err[1] == CS_ERR_ABORTED);
    assert_true(w->err[2] == CS_ERR_DKG_COM_DUP || w->err[2] == CS_ERR_ABORTED);
    assert_true(w->err[1] == CS_ERR_DKG_COM_DUP || w->err[2] == CS_ERR_DKG_COM_DUP);
    if (w->err[1] == CS_ERR_DKG_COM_DUP) {
        assert_int_equal(w->blame[1].party, LIAR); /* it was mine */
    }
    if (w->err[2] == CS_ERR_DKG_COM_DUP) {
        assert_int_equal(w->blame[2].party, 0); /* 1 or 3: not known here */
    }
    net_free(w);
}

static void wrong_lengths_are_bad_format(void **state)
{
    (void)state;
    run_patch_all(CS_CURVE_ED25519, AS(COM(.grow = 1)), CS_ERR_BAD_FORMAT);
    run_patch_all(CS_CURVE_ED25519, AS(COM(.grow = -1)), CS_ERR_BAD_FORMAT);
    run_patch_all(CS_CURVE_ED25519, AS(CERT(.grow = 1)), CS_ERR_BAD_FORMAT);
    run_patch_all(CS_CURVE_ED25519, AS(ACK(.grow = -1)), CS_ERR_BAD_FORMAT);
}

/* Row 24: two nonces to two nodes.  Nobody is blamed for the difference itself, then
 * the signed payloads are exchanged, and the liar is proven. */
static void two_versions_of_round_1_are_proven(void **state)
{
    struct patch p = COM(.to = 2, .at = 0);
    struct net *w = lie(CS_CURVE_ED25519, 81);

    (void)state;
    w->hook = patch_hook;
    w->hook_ctx = &p;
    net_start(w);
    net_run(w);
    for (uint8_t i = 1; i <= 2; i++) {
        assert_outcome(w, i, (struct outcome){CS_ERR_EQUIVOCATION, LIAR});
        assert_true(cs_session_evidence(w->s[i]).n > 0);
    }
    net_free(w);
}

/* ---- round 2: 3.3.1 to 3.3.8
 * ------------------------------------------------------------------- */

/* 3.3.1, row 19: t-1 and t+1 entries, none at all. */
static void longer_or_shorter_polynomials_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(curves); i++) {
        long one = (long)(2 * cs_point_len(curves[i]) + 32);

        run_patch_all(curves[i], AS(REVEAL(.grow = -one)), CS_ERR_DKG_COUNT);
        run_patch_all(curves[i], AS(REVEAL(.grow = one)), CS_ERR_DKG_COUNT);
        run_patch_all(curves[i], AS(REVEAL(.grow = -32)), CS_ERR_DKG_COUNT);
        run_patch_all(curves[i], AS(REVEAL(.grow = 1)), CS_ERR_DKG_COUNT);
        run_patch_all(curves[i], AS(REVEAL(.where = PRIV, .grow = -1)),
                      CS_ERR_DKG_COUNT);
    }
}

/* 3.3.1 in the round itself: it does not lean on the driver's length check. */
static void the_round_counts_for_itself(void **state)
{
    struct net *w = net_new(3, 2, CS_CURVE_ED25519, 83);
    struct cs_round_ctx ctx = {.roster = &w->roster[1]};
    const struct cs_round_def *r3 = &cs_dkg_protocol.rounds[2];
    struct cs_dkg *d = net_state(w, 1);
    uint8_t body[1024] = {0};
    size_t right = cs_dkg_protocol.rounds[1].body_len(&w->roster[1], CS_CURVE_ED25519);
    static const long off[] = {-32, -1, 1, 96};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(off); i++) {
        struct cs_round_out out = {0};
        struct cs_inbox in = {0};

        for (uint8_t j = 1; j <= 3; j++) {
            size_t n = j == 2 ? (size_t)((long)right + off[i]) : right;

            in.slot[j] = (struct cs_inbox_slot){true, CS_SPAN(body, n),
                                                CS_SPAN(body, 64)};
        }
        assert_int_equal(r3->run(d, &ctx, &in, NULL, &out), CS_ERR_DKG_COUNT);
        assert_int_equal(out.culprit, 2);
        assert_null(cs_dkg_key(d));
    }
    cs_dkg_free(d);
    net_free(w);
}

/* 3.3.2, rows 20, 37, 38. */
static void invalid_points_are_refused(void **state)
{
    uint8_t order2[32], noncanon[32];
    static const uint8_t order4[32] = {0};
    static const uint8_t identity[32] = {1};
    const uint8_t *const ed[] = {order2, order4, identity, noncanon};
    uint8_t k1[5][33] = {{0}, {0x06}, {0x07}, {0x02}, {0x02}};

    (void)state;
    memset(order2, 0xff, 32);
    order2[0] = 0xec;
    order2[31] = 0x7f;
    memcpy(noncanon, order2, 32);
    noncanon[0] = 0xee;          /* y = p + 1 */
    memset(k1[3] + 1, 0xff, 32); /* x >= p */
    k1[4][32] = 5;               /* x = 5 is not on the curve */
    for (size_t i = 0; i < CS_COUNTOF(ed); i++) {
        for (size_t k = 0; k < 2; k++) {
            run_patch_all(
                CS_CURVE_ED25519,
                AS(REVEAL(.at = off_F(curves[0], k), .bytes = ed[i], .n = 32)),
                CS_ERR_DKG_POINT);
            run_patch_all(
                CS_CURVE_ED25519,
                AS(REVEAL(.at = off_A(curves[0], k), .bytes = ed[i], .n = 32)),
                CS_ERR_DKG_POINT);
        }
    }
    for (size_t i = 0; i < CS_COUNTOF(k1); i++) {
        run_patch_all(CS_CURVE_SECP256K1,
                      AS(REVEAL(.at = off_F(curves[1], 1), .bytes = k1[i], .n = 33)),
                      CS_ERR_DKG_POINT);
        run_patch_all(CS_CURVE_SECP256K1,
                      AS(REVEAL(.at = off_A(curves[1], 0), .bytes = k1[i], .n = 33)),
                      CS_ERR_DKG_POINT);
    }
}

/* P + T for T of order 2, 4, 8: on the curve, not in the subgroup. */
static void mixed_order_points_are_refused(void **state)
{
    static const char *const torsion[] = {
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    };

    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    for (size_t i = 0; i < CS_COUNTOF(torsion); i++) {
        struct cs_scalar k;
        struct cs_point p;
        uint8_t enc[33], t[32], mixed[32];

        cs_scalar_from_u32(CS_CURVE_ED25519, &k, 12345);
        cs_point_base_mul(CS_CURVE_ED25519, &p, &k);
        assert_int_equal(cs_point_encode(&p, enc), 32);
        assert_int_equal(cs_unhex(t, 32, torsion[i]), CS_OK);
        assert_int_equal(crypto_core_ed25519_add(mixed, enc, t), 0);
        run_patch_all(CS_CURVE_ED25519,
                      AS(REVEAL(.at = off_F(curves[0], 0), .bytes = mixed, .n = 32)),
                      CS_ERR_DKG_POINT);
        run_patch_all(CS_CURVE_ED25519,
                      AS(REVEAL(.at = off_A(curves[0], 1), .bytes = mixed, .n = 32)),
                      CS_ERR_DKG_POINT);
    }
}

static void no_cheat(struct net *w, struct cs_dkg *d)
{
    (void)w;
    (void)d;
}

/* 3.3.3: whatever was committed to and is changed now.  Row 23: the chain code. */
static void what_was_committed_cannot_be_changed(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(curves); i++) {
        enum cs_curve c = curves[i];
        struct cs_scalar k;
        struct cs_point p;
        uint8_t enc[33];

        assert_int_equal(cs_crypto_init(), CS_OK);
        cs_scalar_from_u32(c, &k, 99);
        cs_point_base_mul(c, &p, &k);
        size_t len = cs_point_encode(&p, enc);
        run_patch_all(c, AS(REVEAL(.at = off_F(c, 0), .bytes = enc, .n = len)),
                      CS_ERR_DKG_OPEN);
        run_patch_all(c, AS(REVEAL(.at = off_A(c, 1), .bytes = enc, .n = len)),
                      CS_ERR_DKG_OPEN);
        run_patch_all(c, AS(REVEAL(.at = off_cc(c))), CS_ERR_DKG_OPEN);
        run_patch_all(c, AS(REVEAL(.at = off_hs(c, 1))), CS_ERR_DKG_OPEN);
        run_patch_all(c, AS(REVEAL(.at = off_blind(c))), CS_ERR_DKG_OPEN);
    }
    /* Only one of them gets another chain-code part: no ACTIVE anywhere. */
    run_patch(CS_CURVE_ED25519, AS(REVEAL(.to = 1, .at = off_cc(curves[0]))),
              (struct outcome){CS_ERR_DKG_OPEN, LIAR},
              (struct outcome){CS_ERR_ABORTED, 1});
    /* A commitment to nothing. */
    spoil_com = true;
    run_cheat(CS_CURVE_ED25519, no_cheat, (struct outcome){CS_ERR_DKG_OPEN, LIAR},
              (struct outcome){CS_ERR_DKG_OPEN, LIAR});
    spoil_com = false;
}

static void unknown_secret(struct net *w, struct cs_dkg *d)
{
    struct cs_scalar k; /* F_0 whose f_0 the liar does not use: a rogue key */

    (void)w;
    cs_scalar_from_u32(d->curve, &k, 4711);
    cs_point_base_mul(d->curve, &d->F[0], &k);
}

/* 3.3.4, rows 17, 18: F without knowing f; a wrong z; zero, q and more. */
static void proofs_of_knowledge_must_verify(void **state)
{
    static const uint8_t zero[32] = {0};
    uint8_t max[32];

    (void)state;
    memset(max, 0xff, sizeof max);
    for (size_t i = 0; i < CS_COUNTOF(curves); i++) {
        enum cs_curve c = curves[i];
        size_t low = c == CS_CURVE_ED25519 ? 0 : 31; /* stays below the order */

        run_cheat(c, unknown_secret, (struct outcome){CS_ERR_DKG_POK, LIAR},
                  (struct outcome){CS_ERR_DKG_POK, LIAR});
        for (size_t k = 0; k < 2; k++) {
            run_patch_all(c, AS(REVEAL(.at = off_z(c, k) + low)), CS_ERR_DKG_POK);
            run_patch_all(c, AS(REVEAL(.at = off_z(c, k), .bytes = zero, .n = 32)),
                          CS_ERR_ZERO_OR_RANGE);
            run_patch_all(c, AS(REVEAL(.at = off_z(c, k), .bytes = max, .n = 32)),
                          CS_ERR_ZERO_OR_RANGE);
        }
    }
}

static const uint8_t order_ed[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a,       0x63,
                                     0x12, 0x58, 0xd6, 0x9c, 0xf7,       0xa2,
                                     0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
static const uint8_t order_k1[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
                                     0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b,
                                     0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};

/* Row 39: exactly q and q + 1. */
static void the_order_itself_is_out_of_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(curves); i++) {
        enum cs_curve c = curves[i];
        uint8_t q[32];

        memcpy(q, c == CS_CURVE_ED25519 ? order_ed : order_k1, 32);
        run_patch_all(c, AS(REVEAL(.at = off_z(c, 0), .bytes = q, .n = 32)),
                      CS_ERR_ZERO_OR_RANGE);
        q[c == CS_CURVE_ED25519 ? 0 : 31]++;
        run_patch_all(c, AS(REVEAL(.at = off_z(c, 1), .bytes = q, .n = 32)),
                      CS_ERR_ZERO_OR_RANGE);
    }
}

/* A valid proof of party 1's secret, made for the liar's own index: it has the secret
 * here, which no real liar has. */
static void same_constant(struct net *w, struct cs_dkg *d)
{
    d->f[0] = w->d[1]->f[0];
    d->F[0] = w->d[1]->F[0];
}

static void same_slope(struct net *w, struct cs_dkg *d)
{
    d->f[1] = w->d[1]->f[0];
    d->F[1] = w->d[1]->F[0];
}

/* 3.3.5.  Party 2 compares constants of all, coefficients only with its own. */
static void repeated_commitments_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(curves); i++) {
        run_cheat(curves[i], same_constant, (struct outcome){CS_ERR_DKG_SAME, LIAR},
                  (struct outcome){CS_ERR_DKG_SAME, LIAR});
        run_cheat(curves[i], same_slope, (struct outcome){CS_ERR_DKG_SAME, LIAR},
                  (struct outcome){CS_ERR_DKG_SHARE, LIAR});
    }
}

/* A proof copied from another party says another index (row 18). */
static bool copy_proof(struct net *w, struct net_msg *m)
{
    enum cs_curve c = w->request.curve;
    size_t n = off_cc(c) - 64;

    if (m->m.proto == CS_PROTO_DKG && m->m.type == CS_TYPE_DKG_REVEAL &&
        m->m.from == LIAR) {
        assert_true(w->s[1]->slot[2][1].present);
        memcpy(m->bcast.p + 64, w->s[1]->slot[2][1].bcast.p + 64, n);
    }
    return true;
}

static void a_copied_proof_does_not_open_the_own_commitment(void **state)
{
    struct net *w = lie(CS_CURVE_ED25519, 85);

    (void)state;
    w->hook = copy_proof;
    w->rush = true; /* waits for the honest reveals */
    net_start(w);
    net_run(w);
    assert_true(w->err[1] == CS_ERR_DKG_OPEN || w->err[2] == CS_ERR_DKG_OPEN);
    assert_nothing_active(w);
    net_free(w);
}

/* The proof is bound to sid and index: the same values do not verify for others. */
static void proofs_bind_session_and_index(void **state)
{
    uint8_t sid[32] = {1}, other[32] = {2}, F[32] = {3}, A[32] = {4};
    struct cs_scalar e, x;

    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    dkg_pok_challenge(CS_CURVE_ED25519, &e, sid, 1, 0, CS_SPAN_OF(F), CS_SPAN_OF(A));
    dkg_pok_challenge(CS_CURVE_ED25519, &x, other, 1, 0, CS_SPAN_OF(F), CS_SPAN_OF(A));
    assert_false(cs_scalar_equal(&e, &x));
    dkg_pok_challenge(CS_CURVE_ED25519, &x, sid, 2, 0, CS_SPAN_OF(F), CS_SPAN_OF(A));
    assert_false(cs_scalar_equal(&e, &x));
    dkg_pok_challenge(CS_CURVE_ED25519, &x, sid, 1, 1, CS_SPAN_OF(F), CS_SPAN_OF(A));
    assert_false(cs_scalar_equal(&e, &x));
    dkg_pok_challenge(CS_CURVE_ED25519, &x, sid, 1, 0, CS_SPAN_OF(A), CS_SPAN_OF(F));
    assert_false(cs_scalar_equal(&e, &x));
}

/* 3.3.6: the share is not what its public hash says; dispute between two. */
static void a_share_that_does_not_fit_its_hash_is_a_dispute(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(curves); i++) {
        struct outcome one = {CS_ERR_DKG_SHARE_OPEN, LIAR}, two = {CS_ERR_ABORTED, 1};

        run_patch(curves[i], AS(REVEAL(.where = PRIV, .to = 1, .at = 31)), one, two);
        run_patch(curves[i], AS(REVEAL(.where = PRIV, .to = 1, .at = 40)), one, two);
    }
    assert_int_equal(cs_err_reaction(CS_ERR_DKG_SHARE_OPEN), CS_REACT_DISPUTE);
}

static void zero_share(struct net *w, struct cs_dkg *d)
{
    (void)w;
    cs_scalar_zero(&d->s[1].s);
}

static void huge_share(struct net *w, struct cs_dkg *d)
{
    (void)w;
    memset(d->s[1].s.b, 0xff, 32);
}

static void wrong_share(struct net *w, struct cs_dkg *d)
{
    struct cs_scalar one;

    (void)w;
    cs_scalar_from_u32(d->curve, &one, 1);
    cs_scalar_add(d->curve, &d->s[1].s, &d->s[1].s, &one);
}

/* 3.3.6 second half and 3.3.7, row 22: a bad share to one node only. */
static void bad_shares_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(curves); i++) {
        struct outcome two = {CS_ERR_ABORTED, 1};

        run_cheat(curves[i], zero_share, (struct outcome){CS_ERR_ZERO_OR_RANGE, LIAR},
                  two);
        run_cheat(curves[i], huge_share, (struct outcome){CS_ERR_ZERO_OR_RANGE, LIAR},
                  two);
        run_cheat(curves[i], wrong_share, (struct outcome){CS_ERR_DKG_SHARE, LIAR},
                  two);
    }
}

/* Makes the liar's polynomial -(those of the others) at point `at`, knowing theirs. */
static void cancel_at(struct net *w, struct cs_dkg *d, uint8_t at)
{
    struct cs_scalar x, sum, other, t;

    cs_scalar_from_u32(d->curve, &x, at);
    cs_scalar_zero(&sum);
    for (uint8_t j = 1; j <= 2; j++) {
        cs_scalar_muladd(d->curve, &other, &w->d[j]->f[1].s, &x, &w->d[j]->f[0].s);
        cs_scalar_add(d->curve, &sum, &sum, &other);
    }
    cs_scalar_mul(d->curve, &t, &d->f[1].s, &x);
    cs_scalar_add(d->curve, &sum, &sum, &t);
    cs_scalar_negate(d->curve, &d->f[0].s, &sum);
    cs_point_base_mul(d->curve, &d->F[0], &d->f[0].s);
    for (uint8_t j = 1; j <= 3; j++) {
        cs_scalar_from_u32(d->curve, &x, j);
        cs_scalar_muladd(d->curve, &d->s[j].s, &d->f[1].s, &x, &d->f[0].s);
    }
}

static void cancel_key(struct net *w, struct cs_dkg *d)
{
    cancel_at(w, d, 0);
}

static void cancel_share(struct net *w, struct cs_dkg *d)
{
    cancel_at(w, d, 2);
}

/* 3.3.8, row 20: X or an X_m is the identity.  Without the others' secrets nobody can
 * do this, so nobody is blamed. */
static void degenerate_keys_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(curves); i++) {
        struct outcome nobody = {CS_ERR_DKG_RESULT, 0};

        run_cheat(curves[i], cancel_key, nobody, nobody);
        run_cheat(curves[i], cancel_share, nobody, nobody);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copied_commitment_is_refused),
        cmocka_unit_test(wrong_lengths_are_bad_format),
        cmocka_unit_test(two_versions_of_round_1_are_proven),
        cmocka_unit_test(longer_or_shorter_polynomials_are_refused),
        cmocka_unit_test(the_round_counts_for_itself),
        cmocka_unit_test(invalid_points_are_refused),
        cmocka_unit_test(mixed_order_points_are_refused),
        cmocka_unit_test(what_was_committed_cannot_be_changed),
        cmocka_unit_test(proofs_of_knowledge_must_verify),
        cmocka_unit_test(the_order_itself_is_out_of_range),
        cmocka_unit_test(repeated_commitments_are_refused),
        cmocka_unit_test(a_copied_proof_does_not_open_the_own_commitment),
        cmocka_unit_test(proofs_bind_session_and_index),
        cmocka_unit_test(a_share_that_does_not_fit_its_hash_is_a_dispute),
        cmocka_unit_test(bad_shares_are_refused),
        cmocka_unit_test(degenerate_keys_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
