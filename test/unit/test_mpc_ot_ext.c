/* OT extension (PROTOCOLS 4.3): the vectors' algebra, the relation of the columns, and
 * every way of Bob's to cheat that the check must see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mpc/ot_ext.h"
#include "support/groups.h"
#include "support/ot_keys.h"
#include "support/vectors.h"

enum { U_LEN = CS_OT_ROWS * CS_OT_ROW_LEN };

static struct cs_otx_scratch scratch;
static struct cs_otx_bob bob;
static struct cs_otx_alice alice;
static struct ot_pair pair;
static uint8_t msg[CS_OTX_LEN], esid[32];

static unsigned bit(const uint8_t *p, size_t i)
{
    return (unsigned)(p[i >> 3] >> (i & 7)) & 1;
}

/* ---- otx_k1 --------------------------------------------------------------------- */

struct kat {
    struct cs_vec *v;
    uint8_t T0[CS_OT_ROWS][CS_OT_ROW_LEN], U[CS_OT_ROWS][CS_OT_ROW_LEN];
    uint8_t Q[CS_OT_ROWS][CS_OT_ROW_LEN], T1[CS_OT_ROWS][CS_OT_ROW_LEN];
    uint8_t b[CS_OT_ROW_LEN], delta[16], x[16], t[CS_OT_ROWS * 16];
    struct cs_gf128 chi[CS_OT_CHI];
};
static struct kat kat;

static void rows_of(struct kat *k, const char *field, uint8_t *out, size_t each)
{
    size_t i;
    json_t *row;

    json_array_foreach(cs_vec_get(k->v->root, field), i, row)
    {
        struct cs_span s = cs_vec_unhex(k->v, json_string_value(row));

        assert_int_equal(s.n, each);
        memcpy(out + each * i, s.p, each);
    }
}

static void make_q(struct kat *k)
{
    for (size_t i = 0; i < CS_OT_ROWS; i++) {
        const uint8_t *t = bit(k->delta, i) ? k->T1[i] : k->T0[i];

        cs_otx_row_add(k->Q[i], t, k->U[i], bit(k->delta, i));
    }
}

static void kat_open(struct kat *k)
{
    uint8_t chi[16 * CS_OT_CHI];

    k->v = CS_VEC_OWN("own-algebra/otx_k1.json");
    rows_of(k, "T0", k->T0[0], CS_OT_ROW_LEN);
    rows_of(k, "T1", k->T1[0], CS_OT_ROW_LEN);
    rows_of(k, "t", k->t, 16);
    rows_of(k, "chi", chi, 16);
    memcpy(k->b, cs_vec_hex_n(k->v, k->v->root, "b", CS_OT_ROW_LEN), CS_OT_ROW_LEN);
    memcpy(k->delta, cs_vec_hex_n(k->v, k->v->root, "delta", 16), 16);
    memcpy(k->x, cs_vec_hex_n(k->v, k->v->root, "x", 16), 16);
    for (size_t m = 0; m < CS_OT_CHI; m++) {
        cs_gf128_load(&k->chi[m], chi + 16 * m);
    }
    for (size_t i = 0; i < CS_OT_ROWS; i++) { /* U_i = T_i^0 + T_i^1 + b */
        cs_otx_row_add(k->U[i], k->T0[i], k->T1[i], 1);
        cs_otx_row_add(k->U[i], k->U[i], k->b, 1);
    }
    make_q(k);
}

static bool kat_check(const struct kat *k)
{
    return cs_otx_check((const uint8_t(*)[CS_OT_ROW_LEN])k->Q, k->x, k->t, k->delta,
                        k->chi);
}

static void rows_and_folds_are_those_of_otx_k1(void **state)
{
    struct cs_gf128 f;
    uint8_t got[16];

    (void)state;
    kat_open(&kat);
    assert_memory_equal(kat.U[0],
                        cs_vec_hex_n(kat.v, kat.v->root, "U_row_0", CS_OT_ROW_LEN),
                        CS_OT_ROW_LEN);
    assert_memory_equal(kat.U[127],
                        cs_vec_hex_n(kat.v, kat.v->root, "U_row_127", CS_OT_ROW_LEN),
                        CS_OT_ROW_LEN);
    cs_otx_fold(&f, kat.b, kat.chi);
    cs_gf128_store(got, &f);
    assert_memory_equal(got, kat.x, 16);
    for (size_t i = 0; i < CS_OT_ROWS; i++) {
        cs_otx_fold(&f, kat.T0[i], kat.chi);
        cs_gf128_store(got, &f);
        assert_memory_equal(got, kat.t + 16 * i, 16);
    }
    assert_true(kat_check(&kat));
    cs_vec_close(kat.v);
}

static void columns_are_those_of_otx_k1(void **state)
{
    static uint8_t q[CS_OT_USED][16], t[CS_OT_USED][16];
    size_t i, n = 0;
    json_t *row;

    (void)state;
    kat_open(&kat);
    cs_otx_columns(q, (const uint8_t(*)[CS_OT_ROW_LEN])kat.Q);
    cs_otx_columns(t, (const uint8_t(*)[CS_OT_ROW_LEN])kat.T0);
    json_array_foreach(cs_vec_get(kat.v->root, "columns"), i, row)
    {
        size_t j = (size_t)cs_vec_int(row, "j");

        if (j < CS_OT_USED) {
            assert_int_equal(bit(kat.b, j), cs_vec_int(row, "b_j"));
            assert_memory_equal(q[j], cs_vec_hex_n(kat.v, row, "q_j", 16), 16);
            assert_memory_equal(t[j], cs_vec_hex_n(kat.v, row, "t_j", 16), 16);
            n++;
        }
    }
    assert_true(n >= 4);
    cs_vec_close(kat.v);
}

/* The vector's negative flips a row with Delta = 0, where the check rightly passes; a
 * row with Delta = 1 must fail (15.4 D8). */
static void a_flipped_bit_of_U_is_seen_exactly_where_delta_is_one(void **state)
{
    unsigned seen[2] = {0};

    (void)state;
    kat_open(&kat);
    assert_int_equal(bit(kat.delta, 9), 0);
    for (size_t i = 0; i < CS_OT_ROWS; i++) {
        kat.U[i][3] ^= 1u << 5;
        make_q(&kat);
        assert_true(kat_check(&kat) == (bit(kat.delta, i) == 0));
        seen[bit(kat.delta, i)]++;
        kat.U[i][3] ^= 1u << 5;
    }
    assert_true(seen[0] > 0 && seen[1] > 0);
    cs_vec_close(kat.v);
}

/* ---- with hashes ----------------------------------------------------------------- */

static void extend(void)
{
    uint8_t presid[32], nonce[32];

    ot_pair_make(&pair);
    stream_bytes(&rnd, presid, 32);
    stream_bytes(&rnd, nonce, 32);
    stream_bytes(&rnd, bob.b, sizeof bob.b);
    cs_otx_esid(esid, &pair.ids, presid, nonce);
    cs_otx_bob_run(&bob, msg, &pair.bob, esid, &scratch);
}

static enum cs_err check(void)
{
    return cs_otx_alice_run(&alice, msg, &pair.alice, esid, &scratch);
}

static void columns_differ_by_delta_where_beta_is_one(void **state)
{
    (void)state;
    extend();
    assert_int_equal(check(), CS_OK);
    for (size_t j = 0; j < CS_OT_USED; j++) {
        bool beta = cs_otx_beta(&bob, j) != 0;

        assert_memory_equal(bob.t[j], beta ? alice.q_delta[j] : alice.q[j], 16);
        assert_memory_not_equal(bob.t[j], beta ? alice.q[j] : alice.q_delta[j], 16);
        assert_true(beta == (bit(bob.b, j) == 1));
    }
    assert_true(cs_ct_is_zero(&scratch, sizeof scratch)); /* wiped */
}

static void both_multipliers_give_the_same_message(void **state)
{
    static uint8_t again[CS_OTX_LEN];

    (void)state;
    extend();
    cs_gf128_portable(true);
    cs_otx_bob_run(&bob, again, &pair.bob, esid, &scratch);
    assert_int_equal(check(), CS_OK);
    cs_gf128_portable(false);
    assert_memory_equal(msg, again, sizeof again);
}

/* Rows 5, 6: a Bob who uses another b in row i, with x and t as they should be for the
 * chi that follows, and bets on Delta_i: on 0 he changes nothing else, on 1 he moves
 * t_i by the fold of the difference. */
static enum cs_err bet(size_t i, unsigned on)
{
    uint8_t row[CS_OT_ROW_LEN], e[CS_OT_ROW_LEN] = {0};
    struct cs_gf128 chi[CS_OT_CHI], f, fe;

    extend();
    e[i % 52] = (uint8_t)(1u << (i & 7));
    cs_otx_row_add(msg + i * CS_OT_ROW_LEN, msg + i * CS_OT_ROW_LEN, e, 1);
    cs_otx_chi(chi, esid, msg);
    cs_otx_fold(&fe, e, chi);
    cs_otx_fold(&f, bob.b, chi);
    cs_gf128_store(msg + U_LEN, &f);
    for (size_t k = 0; k < CS_OT_ROWS; k++) {
        cs_otx_prg(row, pair.bob.k[0][k], esid);
        cs_otx_fold(&f, row, chi);
        if (k == i && on == 1) {
            f.v[0] ^= fe.v[0];
            f.v[1] ^= fe.v[1];
        }
        cs_gf128_store(msg + U_LEN + 16 + 16 * k, &f);
    }
    return check();
}

static void a_bob_who_bets_on_a_bit_of_delta_is_caught_when_he_is_wrong(void **state)
{
    unsigned caught = 0, passed = 0;

    (void)state;
    for (size_t i = 0; i < CS_OT_ROWS; i += 3) {
        unsigned on = (unsigned)(i & 1);
        enum cs_err err = bet(i, on);

        if (bit(pair.alice.delta, i) == on) {
            assert_int_equal(err, CS_OK);
            passed++;
        } else {
            assert_int_equal(err, CS_ERR_OT_CHECK);
            assert_true(cs_ct_is_zero(&alice, sizeof alice));
            caught++;
        }
    }
    assert_true(caught > 0 && passed > 0);
}

static void every_part_of_the_message_is_checked(void **state)
{
    static const size_t at[] = {0,          U_LEN - 1,  U_LEN,
                                U_LEN + 15, U_LEN + 16, CS_OTX_LEN - 1};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(at); i++) {
        extend();
        msg[at[i]] ^= 0x10;
        assert_int_equal(check(), CS_ERR_OT_CHECK);
        assert_true(cs_ct_is_zero(&alice, sizeof alice));
        assert_true(cs_ct_is_zero(&scratch, sizeof scratch));
    }
}

static void another_id_or_nonce_gives_another_message(void **state)
{
    static uint8_t first[CS_OTX_LEN];
    struct cs_ot_ids ids;
    uint8_t presid[32] = {1}, nonce[32] = {2}, e[5][32];

    (void)state;
    extend();
    memcpy(first, msg, sizeof first);
    esid[0] ^= 1;
    cs_otx_bob_run(&bob, msg, &pair.bob, esid, &scratch);
    assert_memory_not_equal(first, msg, U_LEN);
    memcpy(msg, first, sizeof first);
    assert_int_equal(check(), CS_ERR_OT_CHECK); /* a message of another esid */
    ids = pair.ids;
    cs_otx_esid(e[0], &ids, presid, nonce);
    nonce[0]++;
    cs_otx_esid(e[1], &ids, presid, nonce);
    presid[0]++;
    cs_otx_esid(e[2], &ids, presid, nonce);
    ids.alice = 2, ids.bob = 1;
    cs_otx_esid(e[3], &ids, presid, nonce);
    ids.osid[0]++;
    cs_otx_esid(e[4], &ids, presid, nonce);
    for (int i = 0; i < 5; i++) {
        for (int k = 0; k < i; k++) {
            assert_memory_not_equal(e[i], e[k], 32);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_folds_are_those_of_otx_k1),
        cmocka_unit_test(columns_are_those_of_otx_k1),
        cmocka_unit_test(a_flipped_bit_of_U_is_seen_exactly_where_delta_is_one),
        cmocka_unit_test(columns_differ_by_delta_where_beta_is_one),
        cmocka_unit_test(both_multipliers_give_the_same_message),
        cmocka_unit_test(a_bob_who_bets_on_a_bit_of_delta_is_caught_when_he_is_wrong),
        cmocka_unit_test(every_part_of_the_message_is_checked),
        cmocka_unit_test(another_id_or_nonce_gives_another_message),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
