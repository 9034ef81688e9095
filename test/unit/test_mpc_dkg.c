/* Key generation that works: both curves, several n and t, any order of messages,
 * losses, repeats; what the result is; and vectors for its algebra. */
#include "support/mpc_party.h"
#include "support/vectors.h"

static void run_ok(uint8_t n, uint8_t t, enum cs_curve curve, uint64_t seed)
{
    struct net *w = net_new(n, t, curve, seed);

    net_start(w);
    net_run(w);
    net_assert_key(w);
    net_free(w);
}

static void two_of_three_on_ed25519(void **state)
{
    (void)state;
    run_ok(3, 2, CS_CURVE_ED25519, 1);
}

static void two_of_three_on_secp256k1(void **state)
{
    (void)state;
    run_ok(3, 2, CS_CURVE_SECP256K1, 2);
}

static void two_of_two_and_three_of_five_and_seven_of_seven(void **state)
{
    (void)state;
    run_ok(2, 2, CS_CURVE_ED25519, 3);
    run_ok(2, 2, CS_CURVE_SECP256K1, 4);
    run_ok(5, 3, CS_CURVE_ED25519, 5);
    run_ok(5, 3, CS_CURVE_SECP256K1, 6);
    run_ok(7, 7, CS_CURVE_ED25519, 7);
}

/* PROTOCOLS 1.7, 2.6: what has been used is gone, not kept until the session is freed.
 */
static void a_finished_generation_keeps_the_key_and_no_other_secret(void **state)
{
    struct net *w = net_new(3, 2, CS_CURVE_ED25519, 12);

    (void)state;
    net_start(w);
    net_run(w);
    net_assert_key(w);
    for (uint8_t i = 1; i <= 3; i++) {
        const struct cs_session *s = w->s[i];
        const struct cs_dkg *d = cs_session_state(w->s[i]);

        assert_int_equal(s->phase, CS_SESSION_DONE);
        for (size_t r = 0; r <= CS_ROUNDS_MAX; r++) {
            for (size_t j = 0; j < CS_PARTY_SLOTS; j++) {
                assert_null(s->slot[r][j].priv.p); /* shares got .. */
                assert_null(s->sent[r].priv[j].p); /* .. and given */
            }
        }
        assert_true(cs_ct_is_zero(d->f, sizeof d->f));
        assert_true(cs_ct_is_zero(d->a, sizeof d->a));
        assert_true(cs_ct_is_zero(d->s, sizeof d->s));
        assert_true(cs_ct_is_zero(d->rnd, sizeof d->rnd));
        assert_true(cs_ct_is_zero(d->local, sizeof d->local));
        assert_true(cs_ct_is_zero(d->ik_seed, sizeof d->ik_seed));
        assert_true(cs_scalar_equal(&d->key.x.s, &w->stored[i]->x.s));
    }
    net_free(w);
}

/* Any t shares give the secret whose point is X; fewer do not. */
static void shares_interpolate_to_the_key(void **state)
{
    static const uint8_t sets[][2] = {{1, 2}, {1, 3}, {2, 3}};
    struct cs_key *k[CS_PARTY_SLOTS] = {0};
    struct cs_roster r[CS_PARTY_SLOTS];

    (void)state;
    net_make_keys(k, 3, 2, CS_CURVE_SECP256K1, 11, r);
    for (size_t s = 0; s < CS_COUNTOF(sets); s++) {
        struct cs_scalar sum;
        struct cs_point p;

        cs_scalar_zero(&sum);
        for (size_t i = 0; i < 2; i++) {
            struct cs_scalar l;

            assert_int_equal(
                cs_lagrange(CS_CURVE_SECP256K1, &l, sets[s][i], sets[s], 2, 0), CS_OK);
            cs_scalar_muladd(CS_CURVE_SECP256K1, &sum, &l, &k[sets[s][i]]->x.s, &sum);
        }
        cs_point_base_mul(CS_CURVE_SECP256K1, &p, &sum);
        assert_true(cs_point_equal(&p, &k[1]->body.X));
    }
    for (uint8_t i = 1; i <= 3; i++) {
        struct cs_point p;

        cs_point_base_mul(CS_CURVE_SECP256K1, &p, &k[i]->x.s);
        assert_false(cs_point_equal(&p, &k[1]->body.X));
    }
    for (uint8_t i = 1; i <= 3; i++) {
        cs_key_free(k[i]);
    }
}

/* ---- the network misbehaves, nobody lies
 * -------------------------------------------------- */

static bool lose_some(struct net *w, struct net_msg *m)
{
    uint64_t r = net_next(&w->rng) % 10;

    if (r < 2) {
        return false;
    }
    if (r < 4) {
        net_sign(w, m);
        net_queue(w, net_msg_copy(w, m));
    }
    return true;
}

static void losses_repeats_and_any_order_never_blame_anyone(void **state)
{
    (void)state;
    for (uint64_t seed = 100; seed < 140; seed++) {
        enum cs_curve curve = seed % 8 == 0 ? CS_CURVE_SECP256K1 : CS_CURVE_ED25519;
        struct net *w = net_new(3, 2, curve, seed);

        w->hook = lose_some;
        w->shuffle = true;
        net_start(w);
        net_run(w);
        for (uint8_t i = 1; i <= 3; i++) {
            assert_true(w->err[i] == CS_OK || w->err[i] == CS_ERR_TIMEOUT ||
                        w->err[i] == CS_ERR_ABORTED);
        }
        net_assert_key(w); /* with sends after 1, 2, 4 .. s, 20 % loss is survived */
        net_free(w);
    }
}

static bool lose_last_ack_once(struct net *w, struct net_msg *m)
{
    unsigned *lost = w->hook_ctx;

    if (m->m.proto == CS_PROTO_DKG && m->m.type == CS_TYPE_DKG_ACK && m->m.from == 2 &&
        m->to == 1 && *lost < 2) {
        ++*lost;
        return false;
    }
    return true;
}

/* Party 2 may be DONE long before: the repeat of 1 asks for its last message. */
static void a_lost_last_message_is_asked_for_by_repeating_the_own(void **state)
{
    struct net *w = net_new(3, 2, CS_CURVE_ED25519, 9);
    unsigned lost = 0;

    (void)state;
    w->hook = lose_last_ack_once;
    w->hook_ctx = &lost;
    net_start(w);
    net_run(w);
    assert_int_equal(lost, 2);
    net_assert_key(w);
    net_free(w);
}

static void the_same_seed_gives_the_same_key_and_another_another(void **state)
{
    struct net *a = net_new(3, 2, CS_CURVE_ED25519, 21);
    struct net *b = net_new(3, 2, CS_CURVE_ED25519, 21);
    struct net *c = net_new(3, 2, CS_CURVE_ED25519, 22);
    struct net *all[] = {a, b, c};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        net_start(all[i]);
        net_run(all[i]);
        net_assert_key(all[i]);
    }
    assert_memory_equal(a->stored[1]->C, b->stored[1]->C, 32);
    assert_memory_not_equal(a->stored[1]->C, c->stored[1]->C, 32);
    for (size_t i = 0; i < 3; i++) {
        net_free(all[i]);
    }
}

/* A broken RNG (row 52): constant bytes still give different polynomials in different
 * sessions and at different parties, because presid, index and local secret go in. */
static void constant_random(void *ctx, uint8_t *out, size_t n)
{
    (void)ctx;
    memset(out, 0x5a, n);
}

static void first_commitment(struct net *w, uint8_t i, const uint8_t presid[32],
                             struct cs_point *F0)
{
    struct cs_round_ctx ctx = {.roster = &w->roster[i]};
    const struct cs_round_def *r1 = &cs_dkg_protocol.rounds[0];
    struct cs_round_out out = {0};
    struct cs_dkg *d = net_state(w, i);
    uint8_t rand[1024];

    memcpy(ctx.presid, presid, 32);
    assert_true(r1->rand_len(&w->roster[i], w->request.curve) <= sizeof rand);
    constant_random(NULL, rand, sizeof rand);
    assert_int_equal(r1->run(d, &ctx, NULL, rand, &out), CS_OK);
    *F0 = d->F[0];
    cs_wr_free(&out.body);
    cs_dkg_free(d);
}

static void a_constant_rng_still_gives_different_secrets(void **state)
{
    struct net *w = net_new(3, 2, CS_CURVE_ED25519, 31);
    uint8_t presid[32] = {1}, other[32] = {2};
    struct cs_point a, b, c;

    (void)state;
    first_commitment(w, 1, presid, &a);
    first_commitment(w, 1, other, &b);
    first_commitment(w, 2, presid, &c);
    assert_false(cs_point_equal(&a, &b));
    assert_false(cs_point_equal(&a, &c));
    net_free(w);
}

/* ---- vectors
 * --------------------------------------------------------------------------------- */

/* ZF FROST's DKG file: shares on the polynomials, their sums, the public shares and the
 * key.  (Its messages and proofs are not ours.) */
static void check_zf_party(struct cs_vec *v, const json_t *in, const char *me,
                           const char *const others[2], struct cs_point *key)
{
    const json_t *p = cs_vec_get(in, me);
    const enum cs_curve c = CS_CURVE_ED25519;
    uint8_t index = (uint8_t)cs_vec_int(p, "identifier");
    struct cs_scalar sum, own;
    struct cs_point X, want;

    memcpy(sum.b, cs_vec_hex_n(v, p, "signing_key", 32), 32);
    memcpy(own.b, cs_vec_hex_n(v, p, "coefficient", 32), 32);
    struct cs_scalar at;
    cs_scalar_from_u32(c, &at, index);
    cs_scalar_muladd(c, &sum, &own, &at, &sum); /* f_i(i) */
    cs_point_identity(c, &X);
    for (size_t j = 0; j < 3; j++) {
        const char *from = j == 2 ? me : others[j];
        const json_t *com = cs_vec_get(cs_vec_get(in, from), "vss_commitments");
        struct cs_point F[2], part;

        for (size_t k = 0; k < 2; k++) {
            struct cs_span s = cs_vec_unhex(v,
                                            json_string_value(json_array_get(com, k)));
            assert_int_equal(cs_point_decode(c, &F[k], s), CS_OK);
        }
        cs_point_poly_eval(&part, F, 2, index);
        cs_point_add(&X, &X, &part);
        if (j != 2) {
            struct cs_scalar s;
            struct cs_point left;

            memcpy(s.b, cs_vec_hex_n(v, cs_vec_get(p, "signing_shares"), from, 32), 32);
            cs_point_base_mul(c, &left, &s); /* check 3.3.7 */
            assert_true(cs_point_equal(&left, &part));
            cs_scalar_add(c, &sum, &sum, &s);
        } else {
            cs_point_add(key, key, &F[0]);
        }
    }
    assert_memory_equal(sum.b, cs_vec_hex_n(v, p, "signing_share", 32), 32);
    assert_int_equal(cs_point_decode(c, &want, cs_vec_hex(v, p, "verifying_share")),
                     CS_OK);
    assert_true(cs_point_equal(&X, &want));
}

static void the_sums_agree_with_zf_frost(void **state)
{
    static const char *const others[3][2] = {{"2", "3"}, {"1", "3"}, {"1", "2"}};
    static const char *const names[3] = {"1", "2", "3"};
    struct cs_vec *v;
    struct cs_point key, want;

    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    v = CS_VEC_SHARED("zf-frost-ed25519/vectors_dkg.json");
    if (v == NULL) {
        skip();
    }
    const json_t *in = cs_vec_get(v->root, "inputs");
    cs_point_identity(CS_CURVE_ED25519, &key);
    for (size_t i = 0; i < 3; i++) {
        check_zf_party(v, in, names[i], others[i], &key);
    }
    assert_int_equal(
        cs_point_decode(CS_CURVE_ED25519, &want, cs_vec_hex(v, in, "verifying_key")),
        CS_OK);
    assert_true(cs_point_equal(&key, &want));
    cs_vec_close(v);
}

/* own-algebra: the new shares of a resharing are shares of X, as a key record checks.
 */
static void own_algebra_shares_interpolate(void **state)
{
    struct cs_vec *v;
    struct cs_point X, sum, t, p;
    static const uint8_t set[] = {1, 3};

    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    v = CS_VEC_SHARED("own-algebra/reshare_2of3.json");
    if (v == NULL) {
        skip();
    }
    const json_t *pub = cs_vec_get(v->root, "new_X_i");
    assert_int_equal(
        cs_point_decode(CS_CURVE_SECP256K1, &X, cs_vec_hex(v, v->root, "X")), CS_OK);
    cs_point_identity(CS_CURVE_SECP256K1, &sum);
    for (size_t i = 0; i < 2; i++) {
        char name[2] = {(char)('0' + set[i]), 0};
        struct cs_scalar l;

        assert_int_equal(
            cs_point_decode(CS_CURVE_SECP256K1, &p, cs_vec_hex(v, pub, name)), CS_OK);
        assert_int_equal(cs_lagrange(CS_CURVE_SECP256K1, &l, set[i], set, 2, 0), CS_OK);
        cs_point_mul_public(&t, &p, &l);
        cs_point_add(&sum, &sum, &t);
    }
    assert_true(cs_point_equal(&sum, &X));
    cs_vec_close(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_of_three_on_ed25519),
        cmocka_unit_test(two_of_three_on_secp256k1),
        cmocka_unit_test(two_of_two_and_three_of_five_and_seven_of_seven),
        cmocka_unit_test(a_finished_generation_keeps_the_key_and_no_other_secret),
        cmocka_unit_test(shares_interpolate_to_the_key),
        cmocka_unit_test(losses_repeats_and_any_order_never_blame_anyone),
        cmocka_unit_test(a_lost_last_message_is_asked_for_by_repeating_the_own),
        cmocka_unit_test(the_same_seed_gives_the_same_key_and_another_another),
        cmocka_unit_test(a_constant_rng_still_gives_different_secrets),
        cmocka_unit_test(the_sums_agree_with_zf_frost),
        cmocka_unit_test(own_algebra_shares_interpolate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
