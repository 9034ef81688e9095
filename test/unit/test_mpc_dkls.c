/* DKLs23 signing (PROTOCOLS 4.5): the vectors' algebra, signatures that verify, and a
 * transcript of fixed randomness.  Attacks: test_mpc_dkls_attacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/mem.h"
#include "crypto/hash.h"
#include "support/dkls_signers.h"
#include "support/vectors.h"

static const enum cs_curve secp = CS_CURVE_SECP256K1;
static struct duo d;
static struct run r;

/* ---- dkls_sign_13 ---------------------------------------------------------------- */

static struct cs_n kat_n(struct cs_vec *v, const char *group, const char *name)
{
    const json_t *obj = group == NULL ? v->root : cs_vec_get(v->root, group);
    struct cs_n n;

    (void)cs_n_load(&n, cs_vec_hex_n(v, obj, name, 32));
    return n;
}

static void is_n(struct cs_vec *v, const struct cs_n *got, const char *group,
                 const char *name)
{
    struct cs_n want = kat_n(v, group, name);

    assert_memory_equal(got, &want, sizeof want);
}

static void kat_party(struct cs_vec *v, int i, int j, struct cs_n *u, struct cs_n *w)
{
    const char own[] = {(char)('0' + i), '\0'};
    const char out[] = {(char)('0' + i), (char)('0' + j), '\0'};
    const char in[] = {(char)('0' + j), (char)('0' + i), '\0'};
    struct cs_n chi = kat_n(v, "chi_receiver_sender", out), psi;
    struct cs_dkls_terms t = {
        .r = kat_n(v, "r", own),
        .phi = kat_n(v, "phi", own),
        .sk = kat_n(v, "sk", own),
        .psi_in = kat_n(v, "psi_from_to", in),
        .c = {kat_n(v, "c_u_sender_receiver", out),
              kat_n(v, "c_v_sender_receiver", out)},
        .d = {kat_n(v, "d_u_receiver_sender", out),
              kat_n(v, "d_v_receiver_sender", out)},
        .h = kat_n(v, NULL, "h"),
        .rx = kat_n(v, NULL, "r_sig"),
    };

    cs_n_sub(&psi, &t.phi, &chi); /* psi_ij = phi_i - chi_ij */
    is_n(v, &psi, "psi_from_to", out);
    cs_dkls_partial(u, w, &t);
    is_n(v, u, "u", own);
    is_n(v, w, "w", own);
}

static void partials_and_the_signature_are_those_of_dkls_sign_13(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("own-algebra/dkls_sign_13.json");
    struct cs_n u[2], w[2];
    struct cs_scalar s, rx;
    struct cs_ecdsa_sig sig;
    struct cs_point R, X;

    (void)state;
    kat_party(v, 1, 3, &u[0], &w[0]);
    kat_party(v, 3, 1, &u[1], &w[1]);
    assert_int_equal(cs_dkls_combine(&s, u, w), CS_OK);
    assert_memory_equal(s.b, cs_vec_hex_n(v, v->root, "s_before_normalisation", 32),
                        32);
    assert_int_equal(cs_point_decode(secp, &R, cs_vec_hex(v, v->root, "R")), CS_OK);
    assert_int_equal(cs_point_decode(secp, &X, cs_vec_hex(v, v->root, "X_derived")),
                     CS_OK);
    assert_true(cs_ecdsa_r(&rx, &R));
    assert_memory_equal(rx.b, cs_vec_hex_n(v, v->root, "r_sig", 32), 32);
    assert_int_equal(
        cs_ecdsa_release(&sig, &R, &s, cs_vec_hex_n(v, v->root, "h", 32), &X, true),
        CS_OK);
    assert_memory_equal(sig.rs, cs_vec_hex_n(v, v->root, "r_sig", 32), 32);
    assert_memory_equal(sig.rs + 32, cs_vec_hex_n(v, v->root, "s", 32), 32);
    assert_int_equal(sig.recid, cs_vec_int(v->root, "recid"));
    cs_vec_close(v);
}

/* c + d = a chi: what i put in as Alice times what j chose as Bob. */
static void kat_product(struct cs_vec *v, const char *input, const char *c_ij,
                        const char *d_ji, char i, char j)
{
    const char own[] = {i, '\0'}, ij[] = {i, j, '\0'}, ji[] = {j, i, '\0'};
    struct cs_n a = kat_n(v, input, own), chi = kat_n(v, "chi_receiver_sender", ji);
    struct cs_n x = kat_n(v, c_ij, ij), y = kat_n(v, d_ji, ji), product;
    struct cs_n_sum sum = {{0}};

    cs_n_sum_mul(&sum, &a, &chi);
    cs_n_sum_take(&product, &sum);
    cs_n_add(&x, &x, &y);
    assert_memory_equal(&x, &product, sizeof x);
}

/* sum of a value of both, times G. */
static void kat_sum_is(struct cs_vec *v, const char *of, const char *point)
{
    struct cs_n a = kat_n(v, of, "1"), b = kat_n(v, of, "3");
    struct cs_point got, want;
    struct cs_scalar k;

    cs_n_add(&a, &a, &b);
    cs_n_store(k.b, &a);
    cs_point_base_mul(secp, &got, &k);
    assert_int_equal(cs_point_decode(secp, &want, cs_vec_hex(v, v->root, point)),
                     CS_OK);
    same_point(&got, &want);
}

static void products_and_sums_are_those_of_dkls_sign_13(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("own-algebra/dkls_sign_13.json");
    struct cs_n a = kat_n(v, NULL, "zeta_1"), b = kat_n(v, NULL, "zeta_3");

    (void)state;
    for (int k = 0; k < 2; k++) {
        char i = k == 0 ? '1' : '3', j = k == 0 ? '3' : '1';

        kat_product(v, "r", "c_u_sender_receiver", "d_u_receiver_sender", i, j);
        kat_product(v, "sk", "c_v_sender_receiver", "d_v_receiver_sender", i, j);
    }
    kat_sum_is(v, "r", "R");
    kat_sum_is(v, "sk", "X_derived");
    cs_n_add(&a, &a, &b); /* zero shares */
    assert_true(cs_ct_is_zero(&a, sizeof a));
    cs_vec_close(v);
}

/* ---- whole signatures ------------------------------------------------------------ */

/* ECDSA by its definition, with this project's own group: s R = h G + r X. */
static void check_by_definition(const struct duo *duo, const struct cs_ecdsa_sig *sig)
{
    struct cs_scalar h = {{0}}, rx, s, inv, a, b;
    struct cs_point left, right;
    uint8_t wide[64] = {0}, x[CS_POINT_MAX];

    memcpy(wide + 32, duo->digest, 32);
    cs_scalar_reduce64(secp, &h, wide);
    assert_int_equal(cs_scalar_decode(secp, &rx, sig->rs), CS_OK);
    assert_int_equal(cs_scalar_decode(secp, &s, sig->rs + 32), CS_OK);
    assert_int_equal(cs_scalar_invert(secp, &inv, &s), CS_OK);
    cs_scalar_mul(secp, &a, &h, &inv);
    cs_scalar_mul(secp, &b, &rx, &inv);
    cs_point_base_mul(secp, &left, &a);
    cs_point_mul(&right, &duo->X, &b);
    cs_point_add(&left, &left, &right);
    (void)cs_point_encode(&left, x);
    assert_memory_equal(x + 1, sig->rs, 32); /* x(R) < q but for 2^-127 */
    assert_int_equal(x[0] == 3, sig->recid & 1);
}

static void check_signature(const struct duo *duo, const struct cs_ecdsa_sig *sig)
{
    uint8_t X[CS_POINT_MAX], again[64], found[33];

    assert_non_null(sig);
    (void)cs_point_encode(&duo->X, X);
    assert_int_equal(cs_ecdsa_verify(X, duo->digest, sig->rs), CS_OK);
    assert_true(cs_ecdsa_is_low_s(sig->rs));
    assert_int_equal(cs_ecdsa_recover(found, duo->digest, sig->rs, sig->recid), CS_OK);
    assert_memory_equal(found, X, 33);
    assert_int_equal(cs_ecdsa_from_der(again, CS_SPAN(sig->der, sig->der_len)), CS_OK);
    assert_memory_equal(again, sig->rs, 64);
    check_by_definition(duo, sig);
}

static void any_two_indices_sign_and_either_may_initiate(void **state)
{
    static const uint8_t pairs[][2] = {{1, 2}, {1, 3}, {2, 3}, {2, 7}, {4, 5}};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(pairs); i++) {
        duo_open(&d, pairs[i][0], pairs[i][1]);
        d.initiator = i % 2 == 0 ? 1 : 2;
        for (int k = 0; k < 2; k++) {
            run_open(&r, &d);
            run_pump(&r, &d);
            assert_int_equal(cs_dkls_phase(r.s[1]), CS_DKLS_DONE);
            assert_int_equal(cs_dkls_phase(r.s[2]), CS_DKLS_DONE);
            check_signature(&d, cs_dkls_signature(r.s[d.initiator]));
            assert_null(cs_dkls_signature(r.s[3 - d.initiator]));
            run_close(&r);
            stream_bytes(&rnd, d.digest, 32);
        }
        duo_close(&d);
    }
}

static void keys_without_derivation_and_large_digests_sign(void **state)
{
    struct cs_point e;

    (void)state;
    duo_open(&d, 1, 2);
    cs_scalar_negate(secp, &d.epsilon, &d.epsilon); /* X' back to X */
    cs_point_base_mul(secp, &e, &d.epsilon);
    cs_point_add(&d.X, &d.X, &e);
    cs_scalar_zero(&d.epsilon);
    memset(d.digest, 0xff, 32); /* above q */
    run_open(&r, &d);
    run_pump(&r, &d);
    assert_int_equal(cs_dkls_phase(r.s[1]), CS_DKLS_DONE);
    {
        uint8_t X[CS_POINT_MAX];

        (void)cs_point_encode(&d.X, X);
        assert_int_equal(cs_ecdsa_verify(X, d.digest, cs_dkls_signature(r.s[1])->rs),
                         CS_OK);
    }
    run_close(&r);
    duo_close(&d);
}

/* Messages and signature of fixed randomness: whoever changes a byte on the wire, a tag
 * or a formula, changes PREFIX too (PROTOCOLS 1.4, 11). */
static crypto_hash_sha256_state transcript;

static bool record(struct duo *duo, int from, uint8_t type, struct cs_wr *body)
{
    const uint8_t head[2] = {(uint8_t)from, type};

    (void)duo;
    (void)crypto_hash_sha256_update(&transcript, head, sizeof head);
    (void)crypto_hash_sha256_update(&transcript, body->p, body->n);
    return true;
}

static bool record_setup(struct bed *b, uint8_t from, uint8_t type, uint8_t *body,
                         size_t n)
{
    const uint8_t head[2] = {from, type};

    (void)b;
    (void)crypto_hash_sha256_update(&transcript, head, sizeof head);
    (void)crypto_hash_sha256_update(&transcript, body, n);
    return true;
}

static void transcript_is(const char *hex)
{
    crypto_hash_sha256_state st = transcript;
    struct cs_scalar want = hex_scalar(hex);
    uint8_t got[32];
    char text[65];

    (void)crypto_hash_sha256_final(&st, got);
    if (memcmp(got, want.b, 32) != 0) {
        (void)sodium_bin2hex(text, sizeof text, got, 32);
        fail_msg("transcript is %s", text);
    }
}

static void setup_and_signature_of_fixed_randomness_do_not_change(void **state)
{
    (void)state;
    stream_init(&rnd, 20261125);
    (void)crypto_hash_sha256_init(&transcript);
    memset(&d, 0, sizeof d);
    bed_open_as(&d.bed, 1, 3);
    d.bed.wire = record_setup;
    assert_int_equal(cs_ot_pair_start(d.bed.pair[1]), CS_OK);
    assert_int_equal(cs_ot_pair_start(d.bed.pair[2]), CS_OK);
    bed_pump(&d.bed);
    transcript_is("46ead55cf7fb15cc78e72e284044a86cf0e8948def4e1b688f81c27240b67801");
    duo_key(&d);
    stream_bytes(&rnd, d.digest, 32);
    stream_bytes(&rnd, d.zero_key, 32);
    d.initiator = 2;
    d.wire = record;
    run_open(&r, &d);
    run_pump(&r, &d);
    check_signature(&d, cs_dkls_signature(r.s[2]));
    (void)crypto_hash_sha256_update(&transcript, cs_dkls_signature(r.s[2])->rs, 64);
    transcript_is("1c7b78d50f9a4974dc5c97e37618d8721afdad030d3994c27f80e75d2acc0aea");
    run_close(&r);
    duo_close(&d);
}

/* ---- the session
 * ---------------------------------------------------------------------- */

static void messages_have_the_lengths_of_the_registry(void **state)
{
    (void)state;
    assert_int_equal(CS_SIG_R1_LEN, 12368);
    assert_int_equal(CS_SIG_R2_LEN, 40196 + 32);
    assert_int_equal(CS_SIG_R3_LEN, 64 + 32);
}

static void bad_parameters_are_refused(void **state)
{
    struct cs_dkls_params p;
    struct cs_dkls *s;
    uint8_t presid[32] = {1};
    static const char order[] =
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    struct cs_scalar q = hex_scalar(order);

    (void)state;
    duo_open(&d, 1, 2);
    p = duo_params(&d, 1, presid);
    p.signers[1] = 1;
    assert_int_equal(duo_new(&s, &d, 1, &p), CS_ERR_USAGE);
    p = duo_params(&d, 1, presid);
    p.initiator = 3;
    assert_int_equal(duo_new(&s, &d, 1, &p), CS_ERR_USAGE);
    p = duo_params(&d, 1, presid);
    p.digest = q.b; /* h = 0 */
    assert_int_equal(duo_new(&s, &d, 1, &p), CS_ERR_POLICY_REFUSED);
    memset(d.digest, 0, 32);
    p = duo_params(&d, 1, presid);
    assert_int_equal(duo_new(&s, &d, 1, &p), CS_ERR_POLICY_REFUSED);
    assert_null(s);
    duo_close(&d);
}

static void a_session_needs_a_tested_setup(void **state)
{
    struct cs_dkls_params p;
    struct cs_dkls *s;
    uint8_t presid[32] = {1};

    (void)state;
    memset(&d, 0, sizeof d);
    bed_open(&d.bed);
    duo_key(&d);
    d.digest[0] = 1;
    d.initiator = 1;
    p = duo_params(&d, 1, presid);
    assert_int_equal(duo_new(&s, &d, 1, &p), CS_ERR_SETUP_MISSING);
    cs_ot_pair_burn(d.bed.pair[1]);
    assert_int_equal(duo_new(&s, &d, 1, &p), CS_ERR_OT_BURNED);
    duo_close(&d);
}

static void running_out_of_memory_at_any_point_is_an_error(void **state)
{
    bool done = false;

    (void)state;
    duo_open(&d, 1, 2);
    for (unsigned long nth = 1; !done; nth++) {
        struct cs_dkls_params p;
        struct cs_dkls *s = NULL;

        assert_true(nth < 200);
        stream_bytes(&rnd, r.presid, 32);
        memset(r.err, 0, sizeof r.err);
        p = duo_params(&d, 1, r.presid);
        cs_mem_fail_at(nth);
        if (duo_new(&s, &d, 1, &p) != CS_OK) {
            cs_mem_fail_at(0);
            assert_null(s);
            continue;
        }
        cs_mem_fail_at(0);
        cs_dkls_free(s);
        run_open(&r, &d);
        cs_mem_fail_at(nth);
        run_pump(&r, &d);
        cs_mem_fail_at(0);
        run_pump(&r, &d); /* a job that could not be had is had later */
        for (int k = 1; k <= 2; k++) {
            assert_true(r.err[k] == CS_OK || r.err[k] == CS_ERR_NOMEM);
        }
        done = nth > 60 && cs_dkls_phase(r.s[1]) == CS_DKLS_DONE &&
               cs_dkls_phase(r.s[2]) == CS_DKLS_DONE;
        run_close(&r);
    }
    assert_int_equal(cs_ot_pair_state(d.bed.pair[1]), CS_OT_TESTED); /* not burned */
    duo_close(&d);
}

static enum cs_err feed(int end, uint8_t from, uint8_t type, struct cs_span body)
{
    struct cs_dkls_out out = {0};
    enum cs_err err = cs_dkls_feed(r.s[end], from, type, (struct cs_span){0}, body,
                                   &out);

    cs_dkls_out_clear(&out);
    return err;
}

static void early_messages_wait_and_repeats_are_ignored(void **state)
{
    static uint8_t r1[CS_SIG_R1_LEN];
    struct cs_dkls_out out = {0}, again = {0};
    struct cs_dkls_job *job;

    (void)state;
    duo_open(&d, 1, 2);
    run_open(&r, &d);
    job = cs_dkls_take_job(r.s[2], bed_random, NULL);
    assert_null(cs_dkls_take_job(r.s[2], bed_random, NULL)); /* one at a time */
    cs_dkls_job_run(job);
    assert_int_equal(cs_dkls_job_done(r.s[2], job, &out), CS_OK);
    memcpy(r1, out.msgs[0].body.p, sizeof r1);
    cs_dkls_resend(r.s[2], &again);
    assert_int_equal(again.n_msgs, 1);
    assert_int_equal(again.msgs[0].to, 1);
    assert_int_equal(again.msgs[0].type, CS_TYPE_SIG_R1);
    assert_memory_equal(again.msgs[0].body.p, r1, sizeof r1);
    assert_int_equal(feed(1, 2, CS_TYPE_SIG_R1, CS_SPAN_OF(r1)), CS_OK);
    assert_int_equal(feed(1, 2, CS_TYPE_SIG_R1, CS_SPAN_OF(r1)), CS_ERR_REPLAY);
    assert_int_equal(feed(1, 2, 0, CS_SPAN_OF(r1)), CS_ERR_REPLAY);
    assert_int_equal(feed(1, 2, 9, CS_SPAN_OF(r1)), CS_ERR_REPLAY);
    assert_int_equal(feed(1, 3, CS_TYPE_SIG_R2, CS_SPAN_OF(r1)), CS_ERR_REPLAY);
    assert_int_equal(feed(1, 1, CS_TYPE_SIG_R2, CS_SPAN_OF(r1)), CS_ERR_REPLAY);
    /* round 3 is the initiator's to get: end 2 is not */
    assert_int_equal(feed(2, 1, CS_TYPE_SIG_R3, CS_SPAN(r1, CS_SIG_R3_LEN)),
                     CS_ERR_REPLAY);
    run_pump(&r, &d);
    assert_int_equal(cs_dkls_phase(r.s[1]), CS_DKLS_DONE);
    assert_int_equal(feed(1, 2, CS_TYPE_SIG_R1, CS_SPAN_OF(r1)), CS_ERR_REPLAY);
    cs_dkls_out_clear(&out);
    cs_dkls_out_clear(&again);
    run_close(&r);
    duo_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partials_and_the_signature_are_those_of_dkls_sign_13),
        cmocka_unit_test(products_and_sums_are_those_of_dkls_sign_13),
        cmocka_unit_test(any_two_indices_sign_and_either_may_initiate),
        cmocka_unit_test(keys_without_derivation_and_large_digests_sign),
        cmocka_unit_test(setup_and_signature_of_fixed_randomness_do_not_change),
        cmocka_unit_test(messages_have_the_lengths_of_the_registry),
        cmocka_unit_test(bad_parameters_are_refused),
        cmocka_unit_test(a_session_needs_a_tested_setup),
        cmocka_unit_test(running_out_of_memory_at_any_point_is_an_error),
        cmocka_unit_test(early_messages_wait_and_repeats_are_ignored),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
