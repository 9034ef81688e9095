/* H1..H5 and the group against RFC 9591's FROST(Ed25519, SHA-512) file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/frost_hash.h"
#include "crypto/hash.h"
#include "crypto/identity.h"
#include "support/groups.h"
#include "support/vectors.h"

static const enum cs_curve ed = CS_CURVE_ED25519;

static struct cs_vec *open_vector(void)
{
    struct cs_vec *v = CS_VEC_SHARED("rfc9591/frost-ed25519-sha512.json");

    if (v == NULL) {
        skip();
    }
    return v;
}

static json_t *round_one(const struct cs_vec *v)
{
    return cs_vec_get(cs_vec_get(v->root, "round_one_outputs"), "outputs");
}

static struct cs_scalar scalar_of(struct cs_vec *v, const json_t *obj,
                                  const char *field)
{
    struct cs_scalar s;

    assert_int_equal(cs_scalar_decode(ed, &s, cs_vec_hex_n(v, obj, field, 32)), CS_OK);
    return s;
}

static json_t *share_row(const struct cs_vec *v, json_int_t id)
{
    json_t *inputs = cs_vec_get(v->root, "inputs"), *row;
    size_t i;

    json_array_foreach(cs_vec_get(inputs, "participant_shares"), i, row)
    {
        if (cs_vec_int(row, "identifier") == id) {
            return row;
        }
    }
    fail_msg("no share of participant %d", (int)id);
    return NULL;
}

static void check_commitment(struct cs_vec *v, const json_t *row, const char *field,
                             const struct cs_scalar *nonce)
{
    struct cs_point p;
    uint8_t bytes[CS_POINT_MAX];

    cs_point_base_mul(ed, &p, nonce);
    assert_int_equal(cs_point_encode(&p, bytes), 32);
    assert_memory_equal(bytes, cs_vec_hex_n(v, row, field, 32), 32);
}

/* nonce = H3(random | share), commitment = nonce*B */
static void check_nonce(struct cs_vec *v, const json_t *row, const char *kind)
{
    struct cs_scalar share = scalar_of(v, share_row(v, cs_vec_int(row, "identifier")),
                                       "participant_share");
    struct cs_scalar got, want;
    char field[64];
    uint8_t in[64];

    (void)snprintf(field, sizeof field, "%s_nonce_randomness", kind);
    memcpy(in, cs_vec_hex_n(v, row, field, 32), 32);
    memcpy(in + 32, share.b, 32);
    cs_frost_h3(&got, CS_SPAN_OF(in));
    (void)snprintf(field, sizeof field, "%s_nonce", kind);
    want = scalar_of(v, row, field);
    same_scalar(&got, &want);
    (void)snprintf(field, sizeof field, "%s_nonce_commitment", kind);
    check_commitment(v, row, field, &got);
}

static void nonces_and_commitments_are_the_rfcs(void **state)
{
    struct cs_vec *v = open_vector();
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(round_one(v), i, row)
    {
        check_nonce(v, row, "hiding");
        check_nonce(v, row, "binding");
        n++;
    }
    assert_int_equal(n, 2);
    cs_vec_close(v);
}

static void list_scalar(struct cs_wr *w, uint32_t id)
{
    struct cs_scalar s = small(ed, id);

    cs_wr_bytes(w, s.b, sizeof s.b);
}

/* 4.3, 4.4: PK | H4(msg) | H5(list of commitments) | identifier, then H1. */
static void binding_factors_are_the_rfcs(void **state)
{
    struct cs_vec *v = open_vector();
    json_t *inputs = cs_vec_get(v->root, "inputs"), *row;
    struct cs_wr list = {0};
    uint8_t msg_hash[64], list_hash[64];
    size_t i;

    (void)state;
    json_array_foreach(round_one(v), i, row)
    {
        list_scalar(&list, (uint32_t)cs_vec_int(row, "identifier"));
        cs_wr_span(&list, cs_vec_hex(v, row, "hiding_nonce_commitment"));
        cs_wr_span(&list, cs_vec_hex(v, row, "binding_nonce_commitment"));
    }
    cs_frost_h4(msg_hash, cs_vec_hex(v, inputs, "message"));
    cs_frost_h5(list_hash, cs_wr_get(&list));
    json_array_foreach(round_one(v), i, row)
    {
        struct cs_span want = cs_vec_hex(v, row, "binding_factor_input");
        struct cs_scalar got, factor = scalar_of(v, row, "binding_factor");
        struct cs_wr in = {0};

        cs_wr_span(&in, cs_vec_hex(v, inputs, "group_public_key"));
        cs_wr_bytes(&in, msg_hash, sizeof msg_hash);
        cs_wr_bytes(&in, list_hash, sizeof list_hash);
        list_scalar(&in, (uint32_t)cs_vec_int(row, "identifier"));
        assert_int_equal(in.n, want.n);
        assert_memory_equal(in.p, want.p, want.n);
        cs_frost_h1(&got, cs_wr_get(&in));
        same_scalar(&got, &factor);
        cs_wr_free(&in);
    }
    cs_wr_free(&list);
    cs_vec_close(v);
}

/* H2 without prefix: s of an ordinary signature is r + H2(R | A | M) a. */
static void the_challenge_is_that_of_ordinary_signatures(void **state)
{
    struct cs_vec *v = open_vector();
    json_t *inputs = cs_vec_get(v->root, "inputs");
    struct cs_span msg = cs_vec_hex(v, inputs, "message");
    const uint8_t *pk = cs_vec_hex_n(v, inputs, "group_public_key", 32);
    const uint8_t *sig = cs_vec_hex_n(v, cs_vec_get(v->root, "final_output"), "sig",
                                      64);
    struct cs_point pa, pr, left, right;
    struct cs_scalar c, s;
    struct cs_wr in = {0};

    (void)state;
    cs_wr_bytes(&in, sig, 32);
    cs_wr_bytes(&in, pk, 32);
    cs_wr_span(&in, msg);
    cs_frost_h2(&c, cs_wr_get(&in));
    assert_int_equal(cs_point_decode(ed, &pa, CS_SPAN(pk, 32)), CS_OK);
    assert_int_equal(cs_point_decode(ed, &pr, CS_SPAN(sig, 32)), CS_OK);
    assert_int_equal(cs_scalar_decode(ed, &s, sig + 32), CS_OK);
    cs_point_base_mul(ed, &left, &s);
    cs_point_mul_public(&right, &pa, &c);
    cs_point_add(&right, &right, &pr);
    same_point(&left, &right);
    assert_true(cs_sign_verify(sig, pk, msg));
    cs_wr_free(&in);
    cs_vec_close(v);
}

static void the_five_functions_are_separate(void **state)
{
    struct cs_scalar h[3];
    uint8_t h4[64], h5[64];

    (void)state;
    cs_frost_h1(&h[0], CS_SPAN_LIT("x"));
    cs_frost_h2(&h[1], CS_SPAN_LIT("x"));
    cs_frost_h3(&h[2], CS_SPAN_LIT("x"));
    cs_frost_h4(h4, CS_SPAN_LIT("x"));
    cs_frost_h5(h5, CS_SPAN_LIT("x"));
    assert_false(cs_scalar_equal(&h[0], &h[1]));
    assert_false(cs_scalar_equal(&h[1], &h[2]));
    assert_false(cs_scalar_equal(&h[0], &h[2]));
    assert_memory_not_equal(h4, h5, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nonces_and_commitments_are_the_rfcs),
        cmocka_unit_test(binding_factors_are_the_rfcs),
        cmocka_unit_test(the_challenge_is_that_of_ordinary_signatures),
        cmocka_unit_test(the_five_functions_are_separate),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
