/* RVOLE (PROTOCOLS 4.4): the vectors' algebra, the product relation, and each way of
 * Alice's to be inconsistent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/oracle.h"
#include "support/groups.h"
#include "support/ot_keys.h"
#include "support/vectors.h"

static const enum cs_curve secp = CS_CURVE_SECP256K1;

static struct cs_otx_scratch scratch;
static struct cs_otx_bob bob;
static struct cs_otx_alice alice;
static struct ot_pair pair;
static uint8_t ext[CS_OTX_LEN], msg[CS_RVOLE_LEN], rsid[32];
static struct cs_n a[2], a_hat, c[2], d[2];

static struct cs_n limbs(const uint8_t *b)
{
    struct cs_n n;

    (void)cs_n_load(&n, b);
    return n;
}

static struct cs_n some_n(void)
{
    struct cs_scalar s = some_scalar(secp);

    return limbs(s.b);
}

static void is_hex(struct cs_vec *v, const struct cs_n *got, const json_t *hex)
{
    uint8_t b[32];
    struct cs_span want = cs_vec_unhex(v, json_string_value(hex));

    assert_int_equal(want.n, 32);
    cs_n_store(b, got);
    assert_memory_equal(b, want.p, 32);
}

/* ---- rvole_toy ------------------------------------------------------------------- */

enum { TOY = 8 };

static struct cs_n toy_n(struct cs_vec *v, const json_t *hex)
{
    return limbs(cs_vec_unhex(v, json_string_value(hex)).p);
}

static void toy_rows(struct cs_vec *v, cs_rvole_row *out, const char *field)
{
    for (size_t j = 0; j < TOY; j++) {
        for (size_t m = 0; m < CS_RVOLE_W; m++) {
            out[j][m] = toy_n(
                v, json_array_get(json_array_get(cs_vec_get(v->root, field), j), m));
        }
    }
}

static void toy_bytes(struct cs_vec *v, const uint8_t *got, const char *field, size_t w)
{
    const json_t *rows = cs_vec_get(v->root, field);

    for (size_t i = 0; i < TOY * w; i++) {
        const json_t *x = w == 1 ? json_array_get(rows, i)
                                 : json_array_get(json_array_get(rows, i / w), i % w);

        assert_memory_equal(got + 32 * i, cs_vec_unhex(v, json_string_value(x)).p, 32);
    }
}

struct toy {
    cs_rvole_row alpha0[TOY], alpha1[TOY], x[TOY], a;
    struct cs_n g[TOY], theta[2], eta;
    uint8_t beta, at[TOY * CS_RVOLE_W * 32], mu[TOY * 32];
};

static void toy_open(struct cs_vec *v, struct toy *t)
{
    memset(t, 0, sizeof *t);
    toy_rows(v, t->alpha0, "alpha0");
    toy_rows(v, t->alpha1, "alpha1");
    for (size_t j = 0; j < TOY; j++) {
        json_int_t b = json_integer_value(
            json_array_get(cs_vec_get(v->root, "beta"), j));

        t->g[j] = toy_n(v, json_array_get(cs_vec_get(v->root, "g"), j));
        t->beta = (uint8_t)(t->beta | (unsigned)b << j);
        memcpy(t->x[j], b == 1 ? t->alpha1[j] : t->alpha0[j], sizeof t->x[j]);
    }
    for (size_t m = 0; m < 2; m++) {
        t->a[m] = toy_n(v, json_array_get(cs_vec_get(v->root, "a"), m));
        t->theta[m] = toy_n(v, json_array_get(cs_vec_get(v->root, "theta"), m));
    }
    t->a[2] = toy_n(v, cs_vec_get(v->root, "a_hat"));
}

static void alices_side_is_that_of_rvole_toy(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("own-algebra/rvole_toy.json");
    static const struct cs_n zero;
    struct cs_n sum[2];
    struct toy t;

    (void)state;
    toy_open(v, &t);
    cs_rvole_at(t.at, (const cs_rvole_row *)t.alpha0, (const cs_rvole_row *)t.alpha1,
                t.a, TOY);
    toy_bytes(v, t.at, "a_tilde", CS_RVOLE_W);
    cs_rvole_eta(&t.eta, t.a, t.theta);
    is_hex(v, &t.eta, cs_vec_get(v->root, "eta"));
    cs_rvole_mu(t.mu, (const cs_rvole_row *)t.alpha0, t.theta, NULL, NULL, TOY);
    toy_bytes(v, t.mu, "mu", 1);
    cs_rvole_dot(sum, t.g, (const cs_rvole_row *)t.alpha0, TOY);
    for (size_t m = 0; m < 2; m++) {
        cs_n_sub(&sum[m], &zero, &sum[m]);
        is_hex(v, &sum[m], json_array_get(cs_vec_get(v->root, "c"), m));
    }
    cs_vec_close(v);
}

static void bobs_side_is_that_of_rvole_toy(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("own-algebra/rvole_toy.json");
    struct cs_n out[2], chi;
    struct toy t;

    (void)state;
    toy_open(v, &t);
    cs_rvole_at(t.at, (const cs_rvole_row *)t.alpha0, (const cs_rvole_row *)t.alpha1,
                t.a, TOY);
    t.eta = toy_n(v, cs_vec_get(v->root, "eta"));
    cs_rvole_choice(&chi, t.g, &t.beta, TOY);
    is_hex(v, &chi, cs_vec_get(v->root, "chi"));
    cs_rvole_d_hat(t.x, t.at, &t.beta, TOY);
    cs_rvole_mu(t.mu, (const cs_rvole_row *)t.x, t.theta, &t.eta, &t.beta, TOY);
    toy_bytes(v, t.mu, "mu", 1);
    cs_rvole_dot(out, t.g, (const cs_rvole_row *)t.x, TOY);
    for (size_t m = 0; m < 2; m++) {
        is_hex(v, &out[m], json_array_get(cs_vec_get(v->root, "d"), m));
    }
    cs_vec_close(v);
}

/* ---- with hashes, 416 transfers -------------------------------------------------- */

static void extend(void)
{
    uint8_t esid[32], presid[32], nonce[32], sid[32];

    ot_pair_make(&pair);
    stream_bytes(&rnd, presid, 32);
    stream_bytes(&rnd, nonce, 32);
    stream_bytes(&rnd, sid, 32);
    stream_bytes(&rnd, bob.b, sizeof bob.b);
    cs_otx_esid(esid, &pair.ids, presid, nonce);
    cs_otx_bob_run(&bob, ext, &pair.bob, esid, &scratch);
    assert_int_equal(cs_otx_alice_run(&alice, ext, &pair.alice, esid, &scratch), CS_OK);
    cs_rvole_rsid(rsid, &pair.ids, sid);
    a[0] = some_n();
    a[1] = some_n();
    a_hat = some_n();
}

static void send(void)
{
    assert_int_equal(cs_rvole_alice(c, msg, &alice, &pair.gadget, rsid, a, &a_hat),
                     CS_OK);
}

static enum cs_err receive(void)
{
    return cs_rvole_bob(d, msg, &bob, &pair.gadget, rsid);
}

static bool product_holds(void)
{
    bool ok = true;
    struct cs_n chi;

    cs_rvole_chi(&chi, &bob, &pair.gadget);
    for (size_t m = 0; m < 2; m++) {
        struct cs_n_sum s = {{0}};
        struct cs_n left, right;

        cs_n_add(&left, &c[m], &d[m]);
        cs_n_sum_mul(&s, &a[m], &chi);
        cs_n_sum_take(&right, &s);
        ok = ok && memcmp(&left, &right, sizeof left) == 0;
    }
    return ok;
}

static void is_refused(enum cs_err want)
{
    assert_int_equal(receive(), want);
    assert_true(cs_ct_is_zero(d, sizeof d));
}

static void shares_add_up_to_the_product(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        extend();
        send();
        assert_int_equal(receive(), CS_OK);
        assert_true(product_holds());
    }
}

/* Row 14. */
static void each_changed_part_of_alices_message_is_seen(void **state)
{
    static const size_t at[] = {31,
                                32 * 1 + 31,
                                32 * 2 + 31,
                                CS_RVOLE_AT_LEN - 1,
                                CS_RVOLE_AT_LEN + 31,
                                CS_RVOLE_LEN - 1};

    (void)state;
    extend();
    for (size_t i = 0; i < CS_COUNTOF(at); i++) {
        send();
        msg[at[i]] ^= 1;
        is_refused(CS_ERR_RVOLE_CHECK);
    }
}

static void test_pads(cs_rvole_row *rows, const uint8_t v[CS_OT_USED][CS_OT_COLUMN_LEN])
{
    uint8_t in[CS_COL_IN], key[32], bytes[96];

    for (size_t j = 0; j < CS_OT_USED; j++) {
        memcpy(in, rsid, 32);
        in[32] = (uint8_t)(j >> 8);
        in[33] = (uint8_t)j;
        memcpy(in + 34, v[j], 16);
        cs_th_each(&key, CS_TAG_OT_COL, in, CS_COL_IN, 1);
        cs_stream(bytes, sizeof bytes, key);
        for (size_t m = 0; m < 3; m++) {
            rows[j][m] = limbs(bytes + 32 * m);
        }
    }
}

static void test_theta(struct cs_n theta[2])
{
    const struct cs_span y[] = {CS_SPAN_OF(rsid), CS_SPAN(msg, CS_RVOLE_AT_LEN)};
    uint8_t h[32];
    struct cs_scalar s;

    cs_th(h, CS_TAG_RVOLE_AT, y, 2);
    for (uint8_t m = 0; m < 2; m++) {
        const struct cs_span x[] = {CS_SPAN_OF(rsid), CS_SPAN(&m, 1), CS_SPAN_OF(h)};

        cs_h2s(secp, &s, CS_TAG_RVOLE_THETA, x, 3);
        theta[m] = limbs(s.b);
    }
}

/* 15.8: whatever Bob's bit of a transfer is, the code is the same. */
static void a_zero_in_bobs_arithmetic_does_not_tell_his_choice(void **state)
{
    static cs_rvole_row alpha[2][CS_OT_USED];
    const struct cs_n zero = {{0}};

    (void)state;
    extend();
    test_pads(alpha[0], (const uint8_t(*)[16])alice.q);
    test_pads(alpha[1], (const uint8_t(*)[16])alice.q_delta);
    for (size_t j = 0; j < 8; j++) {
        struct cs_n at;

        /* at = -alpha1: then d-hat is 0 where beta = 1 */
        send();
        cs_n_sub(&at, &zero, &alpha[1][j][0]);
        cs_n_store(msg + 96 * j, &at);
        is_refused(CS_ERR_RVOLE_CHECK);
        /* a_0 = -alpha0 of this transfer: honest otherwise, so it passes */
        cs_n_sub(&a[0], &zero, &alpha[0][j][0]);
        send();
        assert_int_equal(receive(), CS_OK);
        assert_true(product_holds());
    }
}

/* The whole message again for an at in which transfer j has another a_0: the best that
 * Alice can do, with a-hat in j such that the check passes for beta_j = 0. */
static void send_with_another_a_in(size_t j)
{
    static cs_rvole_row alpha0[CS_OT_USED];
    static uint8_t mu[CS_OT_USED * 32];
    const struct cs_n all[3] = {a[0], a[1], a_hat}, one = {{1, 0, 0, 0}};
    const struct cs_span x[] = {CS_SPAN_OF(rsid), CS_SPAN_OF(mu)};
    struct cs_n theta[2], eta, t;

    send();
    t = limbs(msg + 96 * j);
    cs_n_add(&t, &t, &one);
    cs_n_store(msg + 96 * j, &t);
    test_theta(theta);
    cs_rvole_eta(&eta, all, theta);
    cs_n_store(msg + CS_RVOLE_AT_LEN, &eta);
    test_pads(alpha0, (const uint8_t(*)[16])alice.q);
    cs_rvole_mu(mu, (const cs_rvole_row *)alpha0, theta, NULL, NULL, CS_OT_USED);
    cs_th(msg + CS_RVOLE_AT_LEN + 32, CS_TAG_RVOLE_MU, x, 2);
}

/* Row 14: a selective failure costs the setup each time it fails. */
static void another_a_in_one_transfer_is_seen_where_bob_chose_one(void **state)
{
    unsigned caught = 0, passed = 0;

    (void)state;
    extend();
    for (size_t j = 0; j < 24; j++) {
        send_with_another_a_in(j);
        if (cs_otx_beta(&bob, j) == 0) {
            assert_int_equal(receive(), CS_OK);
            assert_true(product_holds());
            passed++;
        } else {
            is_refused(CS_ERR_RVOLE_CHECK);
            caught++;
        }
    }
    assert_true(caught > 0 && passed > 0);
}

/* Row 39, and D4: found before anything is computed. */
static void entries_out_of_range_are_refused_first(void **state)
{
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    static const size_t at[] = {0, 32, 64, CS_RVOLE_AT_LEN - 32, CS_RVOLE_AT_LEN};

    (void)state;
    extend();
    for (size_t i = 0; i < CS_COUNTOF(at); i++) {
        for (size_t k = 0; k < CS_COUNTOF(bad); k++) {
            struct cs_scalar s = hex_scalar(bad[k]);

            send();
            msg[CS_RVOLE_LEN - 1] ^= 1; /* mu is wrong too: not looked at */
            memcpy(msg + at[i], s.b, 32);
            is_refused(CS_ERR_ZERO_OR_RANGE);
        }
    }
}

/* Row 11: other sid, other pads, though Bob's message is the same. */
static void another_sid_gives_other_pads(void **state)
{
    static uint8_t first[CS_RVOLE_LEN];
    uint8_t sid[32] = {9};

    (void)state;
    extend();
    send();
    memcpy(first, msg, sizeof first);
    cs_rvole_rsid(rsid, &pair.ids, sid);
    send();
    for (size_t i = 0; i < CS_RVOLE_LEN / 32; i++) {
        if (i != CS_RVOLE_AT_LEN / 32) { /* eta is of a alone, with other theta */
            assert_memory_not_equal(first + 32 * i, msg + 32 * i, 32);
        }
    }
    memcpy(msg, first, sizeof first);
    is_refused(CS_ERR_RVOLE_CHECK); /* a message of another sid */
}

static void running_out_of_memory_is_an_error_and_leaves_nothing(void **state)
{
    (void)state;
    extend();
    send();
    cs_mem_fail_at(1);
    is_refused(CS_ERR_NOMEM);
    cs_mem_fail_at(1);
    assert_int_equal(cs_rvole_alice(c, msg, &alice, &pair.gadget, rsid, a, &a_hat),
                     CS_ERR_NOMEM);
    cs_mem_fail_at(0);
}

/* 4.3: what is no scalar, 0 or n and above, has its own hash in its place; the chunks
 * beside it stay. */
static void a_chunk_that_is_no_scalar_is_replaced(void **state)
{
    static const uint8_t ones[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t bytes[CS_STREAMS][CS_STREAMS_LEN], in[CS_STREAMS][CS_COL_IN];
    cs_rvole_row rows[CS_STREAMS];

    (void)state;
    stream_bytes(&rnd, bytes[0], sizeof bytes);
    stream_bytes(&rnd, in[0], sizeof in);
    memcpy(bytes[2] + 32, ones, 32);
    memset(bytes[7] + 64, 0, 32);
    cs_rvole_pads_load(rows, (const uint8_t(*)[CS_STREAMS_LEN])bytes,
                       (const uint8_t(*)[CS_COL_IN])in);
    for (size_t l = 0; l < CS_STREAMS; l++) {
        for (uint8_t m = 0; m < CS_RVOLE_W; m++) {
            const struct cs_span x[] = {CS_SPAN(in[l], 32), CS_SPAN(in[l] + 32, 2),
                                        CS_SPAN(in[l] + 34, 16), CS_SPAN(&m, 1)};
            bool replaced = (l == 2 && m == 1) || (l == 7 && m == 2);
            struct cs_n want = limbs(bytes[l] + 32 * m);
            struct cs_scalar s;

            if (replaced) {
                cs_h2s(CS_CURVE_SECP256K1, &s, CS_TAG_OT_COL2, x, CS_COUNTOF(x));
                want = limbs(s.b);
            }
            assert_memory_equal(&rows[l][m], &want, sizeof want);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alices_side_is_that_of_rvole_toy),
        cmocka_unit_test(bobs_side_is_that_of_rvole_toy),
        cmocka_unit_test(shares_add_up_to_the_product),
        cmocka_unit_test(each_changed_part_of_alices_message_is_seen),
        cmocka_unit_test(a_zero_in_bobs_arithmetic_does_not_tell_his_choice),
        cmocka_unit_test(another_a_in_one_transfer_is_seen_where_bob_chose_one),
        cmocka_unit_test(entries_out_of_range_are_refused_first),
        cmocka_unit_test(another_sid_gives_other_pads),
        cmocka_unit_test(running_out_of_memory_is_an_error_and_leaves_nothing),
        cmocka_unit_test(a_chunk_that_is_no_scalar_is_replaced),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
