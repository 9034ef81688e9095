/* FROST for BIP340 against all files of BIP 445 (siv2r/bip-frost-signing 29467acc),
 * their failure cases included. */
#include "mpc/frost_bip340.h"

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "base/mem.h"
#include "base/wr.h"
#include "crypto/taproot.h"
#include "support/vectors.h"

#define K1 CS_CURVE_SECP256K1

/* ---- BIP 445's files
 * ------------------------------------------------------------------ */

enum { LIST_MAX = 8 };

struct task { /* one published case */
    struct cs_vec *v;
    const json_t *group, *test;
    size_t n;
    uint8_t ids[LIST_MAX];
    struct cs_point Xi[LIST_MAX], X;
    struct cs_bip340_signers s;
    struct cs_tweak tweak;
    struct cs_bip340_session ctx;
};

static struct cs_span entry(struct cs_vec *v, const json_t *list, size_t i)
{
    const json_t *o = json_array_get(list, i);

    assert_true(json_is_string(o));
    return cs_vec_unhex(v, json_string_value(o));
}

static size_t index_at(const json_t *list, size_t i)
{
    const json_t *o = json_array_get(list, i);

    assert_true(json_is_integer(o) && json_integer_value(o) >= 0);
    return (size_t)json_integer_value(o);
}

/* The BIP's ids count from 0. */
static uint8_t our_id(json_int_t theirs)
{
    assert_true(theirs >= 0 && theirs < UINT8_MAX);
    return (uint8_t)(theirs + 1);
}

static enum cs_err load_signers(struct task *k)
{
    const json_t *ids = cs_vec_get(k->test, "ids");
    const json_t *at = cs_vec_get(k->test, "pubshare_indices");

    k->n = json_array_size(ids);
    assert_true(k->n <= LIST_MAX && json_array_size(at) == k->n);
    CS_CHECK(cs_point_decode(K1, &k->X, cs_vec_hex(k->v, k->group, "thresh_pk")));
    for (size_t i = 0; i < k->n; i++) {
        k->ids[i] = our_id((json_int_t)index_at(ids, i));
        CS_CHECK(cs_point_decode(
            K1, &k->Xi[i],
            entry(k->v, cs_vec_get(k->group, "pubshares"), index_at(at, i))));
    }
    return cs_bip340_signers_init(&k->s, (uint8_t)cs_vec_int(k->group, "t"),
                                  (uint8_t)cs_vec_int(k->group, "n"), k->ids, k->Xi,
                                  k->n, &k->X);
}

/* Lengths (of lists, of a tweak) are part of our types: a file's wrong ones are USAGE.
 */
static enum cs_err load_tweaks(struct task *k)
{
    const json_t *at = json_object_get(k->test, "tweak_indices");
    const json_t *own = json_object_get(k->test, "tweaks");
    const json_t *modes = json_object_get(k->test, "is_xonly");
    size_t n = at != NULL ? json_array_size(at) : json_array_size(own);

    CS_CHECK(cs_tweak_init(&k->tweak, &k->X));
    if (n != json_array_size(modes)) {
        return CS_ERR_USAGE;
    }
    for (size_t i = 0; i < n; i++) {
        struct cs_span t = at != NULL ? entry(k->v, cs_vec_get(k->group, "tweaks"),
                                              index_at(at, i))
                                      : entry(k->v, own, i);

        if (t.n != 32) {
            return CS_ERR_USAGE;
        }
        CS_CHECK(
            cs_tweak_apply(&k->tweak, t.p, json_is_true(json_array_get(modes, i))));
    }
    return CS_OK;
}

static enum cs_err load(struct task *k, const uint8_t *aggnonce)
{
    CS_CHECK(load_signers(k));
    CS_CHECK(load_tweaks(k));
    return cs_bip340_session_init(&k->ctx, &k->s, &k->tweak, aggnonce,
                                  cs_vec_hex(k->v, k->test, "msg"));
}

/* What the own nonces commit to; out-of-range ones give something that does not matter.
 */
static void commit_of(struct cs_frost_commit *c, uint8_t id,
                      const struct cs_frost_nonces *n)
{
    c->id = id;
    cs_point_base_mul(K1, &c->D, &n->d.s);
    cs_point_base_mul(K1, &c->E, &n->e.s);
}

static enum cs_err run_sign(struct task *k, struct cs_scalar *z)
{
    struct cs_span secnonce = entry(k->v, cs_vec_get(k->group, "secnonces"),
                                    (size_t)cs_vec_int(k->test, "secnonce_index"));
    struct cs_span share = entry(k->v, cs_vec_get(k->group, "secshares"),
                                 (size_t)cs_vec_int(k->test, "secshare_index"));
    struct cs_frost_nonces n;
    struct cs_frost_commit own;
    struct cs_secret x;
    enum cs_err err;

    CS_CHECK(load(k, cs_vec_hex_n(k->v, k->test, "aggnonce", CS_BIP340_NONCE_LEN)));
    assert_true(secnonce.n == 64 && share.n == 32);
    memcpy(n.d.s.b, secnonce.p, 32);
    memcpy(n.e.s.b, secnonce.p + 32, 32);
    memcpy(x.s.b, share.p, 32);
    commit_of(&own, our_id(cs_vec_int(k->test, "my_id")), &n);
    err = cs_bip340_sign(z, &n, &k->ctx, &own, &x);
    assert_true(cs_ct_is_zero(&n, sizeof n)); /* spent, whatever came of it */
    return err;
}

/* The own error code for each sentence of the files. */
static const struct {
    const char *text;
    enum cs_err err;
} bip_errors[] = {
    {"The signer's id must be present in the participant identifier list.",
     CS_ERR_USAGE},
    {"The participant identifier list contains duplicate elements.", CS_ERR_USAGE},
    {"The signer's pubshare must be included in the list of pubshares.",
     CS_ERR_KEY_CORRUPT},
    {"Invalid pubshare at index 0.", CS_ERR_BAD_POINT},
    {"Invalid pubshare at index 1.", CS_ERR_BAD_POINT},
    {"The participant identifier at index 0 is out of range.", CS_ERR_USAGE},
    {"The provided key material is incorrect.", CS_ERR_KEY_CORRUPT},
    {"first secnonce value is out of range.", CS_ERR_NONCE_USED},
    {"second secnonce value is out of range.", CS_ERR_NONCE_USED},
    {"The number of signers must be between t and n.", CS_ERR_USAGE},
    {"The signer's secret share value is out of range.", CS_ERR_KEY_CORRUPT},
    {"The tweak value is out of range.", CS_ERR_TWEAK_RANGE},
    {"The result of tweaking cannot be infinity.", CS_ERR_TWEAK_IDENTITY},
    {"The tweaks and is_xonly arrays must have the same length.", CS_ERR_USAGE},
    {"The tweak must be a 32-byte array.", CS_ERR_USAGE},
    {"The psigs and ids arrays must have the same length.", CS_ERR_USAGE},
};

static enum cs_err wanted(const json_t *test)
{
    const json_t *e = cs_vec_get(test, "error"),
                 *contrib = json_object_get(e, "contrib");
    const char *text;

    if (contrib != NULL) {
        return strcmp(json_string_value(contrib), "psig") == 0 ? CS_ERR_ZERO_OR_RANGE
                                                               : CS_ERR_FROST_COMMIT;
    }
    text = cs_vec_str(e, "message");
    for (size_t i = 0; i < CS_COUNTOF(bip_errors); i++) {
        if (strcmp(bip_errors[i].text, text) == 0) {
            return bip_errors[i].err;
        }
    }
    fail_msg("no error of ours for \"%s\"", text);
    return CS_OK;
}

/* Runs fn on each test of a list in each group; returns how many there were. */
static size_t each(struct cs_vec *v, const char *list, void (*fn)(struct task *))
{
    const json_t *groups = cs_vec_get(v->root, "test_groups");
    size_t count = 0;

    for (size_t g = 0; g < json_array_size(groups); g++) {
        const json_t *group = json_array_get(groups, g);
        const json_t *tests = cs_vec_get(group, list);

        for (size_t i = 0; i < json_array_size(tests); i++, count++) {
            struct task k = {.v = v, .group = group, .test = json_array_get(tests, i)};

            fn(&k);
        }
    }
    return count;
}

/* All public nonces of a case, in the order of its ids. */
static enum cs_err load_nonces(struct task *k, struct cs_frost_commit *c)
{
    const json_t *at = cs_vec_get(k->test, "pubnonce_indices");

    assert_int_equal(json_array_size(at), k->n);
    for (size_t i = 0; i < k->n; i++) {
        struct cs_span in = entry(k->v, cs_vec_get(k->group, "pubnonces"),
                                  index_at(at, i));

        assert_int_equal(in.n, CS_BIP340_NONCE_LEN);
        CS_CHECK(cs_bip340_commit_decode(&c[i], k->ids[i], in.p));
    }
    return CS_OK;
}

static void a_valid_sign_case(struct task *k)
{
    struct cs_frost_commit c[LIST_MAX];
    uint8_t agg[CS_BIP340_NONCE_LEN], my_id = our_id(cs_vec_int(k->test, "my_id"));
    struct cs_bip340_session again;
    struct cs_scalar z;

    assert_int_equal(run_sign(k, &z), CS_OK);
    assert_memory_equal(z.b, cs_vec_hex_n(k->v, k->test, "expected", 32), 32);
    assert_int_equal(load_nonces(k, c), CS_OK);
    cs_bip340_nonces_add(agg, c, k->n);
    assert_memory_equal(agg, cs_vec_hex_n(k->v, k->test, "aggnonce", sizeof agg),
                        sizeof agg);
    assert_int_equal(cs_bip340_bind(&again, &k->s, &k->tweak, c, k->n,
                                    cs_vec_hex(k->v, k->test, "msg")),
                     CS_OK);
    for (size_t i = 0; i < k->n;
         i++) { /* PartialSigVerify, for whom and for no other */
        assert_int_equal(cs_bip340_verify_share(&again, &c[i], z.b),
                         c[i].id == my_id ? CS_OK : CS_ERR_FROST_SHARE);
    }
}

static void a_failing_sign_case(struct task *k)
{
    struct cs_scalar z;

    assert_int_equal(run_sign(k, &z), wanted(k->test));
}

static enum cs_err run_verify(struct task *k)
{
    struct cs_frost_commit c[LIST_MAX];
    size_t at = (size_t)cs_vec_int(k->test, "signer_index");

    CS_CHECK(load_signers(k));
    CS_CHECK(load_tweaks(k));
    CS_CHECK(load_nonces(k, c));
    CS_CHECK(cs_bip340_bind(&k->ctx, &k->s, &k->tweak, c, k->n,
                            cs_vec_hex(k->v, k->test, "msg")));
    return cs_bip340_verify_share(&k->ctx, &c[at],
                                  cs_vec_hex_n(k->v, k->test, "psig", 32));
}

static void a_false_verify_case(struct task *k)
{
    enum cs_err err = run_verify(k);
    bool range = strstr(cs_vec_str(k->test, "comment"), "out of range") != NULL;

    assert_int_equal(err, range ? CS_ERR_ZERO_OR_RANGE : CS_ERR_FROST_SHARE);
}

static void a_failing_verify_case(struct task *k)
{
    assert_int_equal(run_verify(k), wanted(k->test));
}

static void bip445_sign_and_verify(void **state)
{
    struct cs_vec *v = CS_VEC_SHARED("bip445-frost-signing/sign_verify_vectors.json");

    (void)state;
    if (v == NULL) {
        skip();
    }
    assert_true(each(v, "valid_tests", a_valid_sign_case) >= 20);
    assert_true(each(v, "sign_error_tests", a_failing_sign_case) >= 40);
    assert_int_equal(each(v, "verify_fail_tests", a_false_verify_case), 12);
    assert_int_equal(each(v, "verify_error_tests", a_failing_verify_case), 8);
    cs_vec_close(v);
}

static void bip445_tweaks(void **state)
{
    struct cs_vec *v = CS_VEC_SHARED("bip445-frost-signing/tweak_vectors.json");

    (void)state;
    if (v == NULL) {
        skip();
    }
    assert_true(each(v, "valid_tests", a_valid_sign_case) >= 20);
    assert_int_equal(each(v, "error_tests", a_failing_sign_case), 16);
    cs_vec_close(v);
}

/* Parts in the files' order of ids; ours is the rising one. */
static enum cs_err run_aggregate(struct task *k, uint8_t sig[64], uint8_t *culprit)
{
    const json_t *psigs = cs_vec_get(k->test, "psigs");
    uint8_t parts[LIST_MAX][32];
    size_t n = json_array_size(psigs);

    *culprit = 0;
    CS_CHECK(load(k, cs_vec_hex_n(k->v, k->test, "aggnonce", CS_BIP340_NONCE_LEN)));
    assert_true(n <= k->n);
    for (size_t i = 0; i < n; i++) {
        struct cs_span s = entry(k->v, psigs, i);
        size_t at = 0;

        while (k->s.ids[at] != k->ids[i]) {
            at++;
        }
        assert_int_equal(s.n, 32);
        memcpy(parts[at], s.p, 32);
    }
    return cs_bip340_aggregate(sig, culprit, &k->ctx, (const uint8_t(*)[32])parts, n,
                               cs_vec_hex(k->v, k->test, "msg"));
}

static void a_valid_aggregate(struct task *k)
{
    uint8_t sig[64], culprit;

    assert_int_equal(run_aggregate(k, sig, &culprit), CS_OK);
    assert_memory_equal(sig, cs_vec_hex_n(k->v, k->test, "expected", 64), 64);
}

static void a_failing_aggregate(struct task *k)
{
    const json_t *e = cs_vec_get(k->test, "error"),
                 *who = json_object_get(e, "signer_index");
    uint8_t sig[64], culprit;

    memset(sig, 0xaa, sizeof sig);
    assert_int_equal(run_aggregate(k, sig, &culprit), wanted(k->test));
    assert_true(cs_ct_is_zero(sig, sizeof sig)); /* row 46 */
    assert_int_equal(culprit,
                     who == NULL ? 0 : k->ids[(size_t)json_integer_value(who)]);
}

static void bip445_aggregation(void **state)
{
    struct cs_vec *v = CS_VEC_SHARED("bip445-frost-signing/sig_agg_vectors.json");

    (void)state;
    if (v == NULL) {
        skip();
    }
    assert_true(each(v, "valid_tests", a_valid_aggregate) >= 12);
    assert_int_equal(each(v, "error_tests", a_failing_aggregate), 8);
    cs_vec_close(v);
}

static struct cs_span maybe(struct cs_vec *v, const json_t *o, const char *field)
{
    return json_is_null(cs_vec_get(o, field)) ? CS_SPAN(NULL, 0)
                                              : cs_vec_hex(v, o, field);
}

static void a_nonce_gen_case(struct cs_vec *v, const json_t *t)
{
    const json_t *want = cs_vec_get(t, "expected");
    struct cs_span share = maybe(v, t, "secshare"), pub = maybe(v, t, "pubshare");
    struct cs_span key = maybe(v, t, "thresh_pk"), msg = maybe(v, t, "msg");
    struct cs_bip340_hedge h = {.extra = maybe(v, t, "extra_in")};
    uint8_t enc[CS_BIP340_NONCE_LEN];
    struct cs_frost_commit c;
    struct cs_frost_nonces n;
    struct cs_point Xi;
    struct cs_secret x;

    if (share.n == 32) {
        memcpy(x.s.b, share.p, 32);
        h.share = &x;
    }
    if (pub.n != 0) {
        assert_int_equal(cs_point_decode(K1, &Xi, pub), CS_OK);
        h.Xi = &Xi;
    }
    h.key_x = key.n == 32 ? key.p : NULL;
    h.msg = json_is_null(cs_vec_get(t, "msg")) ? NULL : &msg;
    assert_int_equal(
        cs_bip340_nonces_make(&n, &c, 1, cs_vec_hex_n(v, t, "rand_", 32), &h), CS_OK);
    assert_memory_equal(n.d.s.b, entry(v, want, 0).p, 32);
    assert_memory_equal(n.e.s.b, entry(v, want, 0).p + 32, 32);
    cs_bip340_commit_encode(enc, &c);
    assert_memory_equal(enc, entry(v, want, 1).p, sizeof enc);
}

static void bip445_nonce_generation(void **state)
{
    struct cs_vec *v = CS_VEC_SHARED("bip445-frost-signing/nonce_gen_vectors.json");

    (void)state;
    if (v == NULL) {
        skip();
    }
    const json_t *tests = cs_vec_get(v->root, "valid_tests");
    assert_int_equal(json_array_size(tests), 5);
    for (size_t i = 0; i < json_array_size(tests); i++) {
        a_nonce_gen_case(v, json_array_get(tests, i));
    }
    cs_vec_close(v);
}

/* CS_OK and the sum, or the error and in *bad who it was. */
static enum cs_err add_nonces(struct cs_vec *v, const json_t *t, uint8_t agg[66],
                              size_t *bad)
{
    const json_t *all = cs_vec_get(v->root, "pubnonces");
    const json_t *at = cs_vec_get(t, "pubnonce_indices");
    struct cs_frost_commit c[LIST_MAX];
    size_t n = json_array_size(at);

    assert_true(n <= LIST_MAX);
    for (*bad = 0; *bad < n; (*bad)++) {
        struct cs_span in = entry(v, all, index_at(at, *bad));

        assert_int_equal(in.n, CS_BIP340_NONCE_LEN);
        CS_CHECK(cs_bip340_commit_decode(&c[*bad], (uint8_t)(*bad + 1), in.p));
    }
    cs_bip340_nonces_add(agg, c, n);
    return CS_OK;
}

static void bip445_nonce_aggregation(void **state)
{
    struct cs_vec *v = CS_VEC_SHARED("bip445-frost-signing/nonce_agg_vectors.json");
    uint8_t agg[CS_BIP340_NONCE_LEN];
    size_t bad;

    (void)state;
    if (v == NULL) {
        skip();
    }
    const json_t *good = cs_vec_get(v->root, "valid_tests");
    const json_t *fail = cs_vec_get(v->root, "error_tests");
    assert_true(json_array_size(good) == 2 && json_array_size(fail) == 3);
    for (size_t i = 0; i < json_array_size(good); i++) {
        const json_t *t = json_array_get(good, i);

        assert_int_equal(add_nonces(v, t, agg, &bad), CS_OK);
        assert_memory_equal(agg, cs_vec_hex_n(v, t, "expected", sizeof agg),
                            sizeof agg);
    }
    for (size_t i = 0; i < json_array_size(fail); i++) {
        const json_t *t = json_array_get(fail, i);

        assert_int_equal(add_nonces(v, t, agg, &bad), wanted(t));
        assert_int_equal(bad, cs_vec_int(cs_vec_get(t, "error"), "signer_index"));
    }
    cs_vec_close(v);
}

/* ---- deterministic signing: its vectors, made here from the public parts
 * ------------- */

/* Not offered by the product (PROTOCOLS 1.5: a peer that replays with another
 * contribution gets the key).  The formula is the BIP's DeterministicSign. */
static void det_nonce(struct task *k, struct cs_secret *out, uint8_t i,
                      struct cs_span other)
{
    struct cs_span share = entry(k->v, cs_vec_get(k->group, "secshares"),
                                 (size_t)cs_vec_int(k->test, "secshare_index"));
    struct cs_span msg = cs_vec_hex(k->v, k->test, "msg");
    struct cs_span rand = maybe(k->v, k->test, "rand");
    struct cs_wr w = {0};
    uint8_t s[32], aux[32] = {0}, Qx[32], wide[64] = {0};

    if (rand.n == 32) {
        cs_tagged_hash(aux, "BIP0445/aux", rand);
    }
    for (size_t b = 0; b < 32; b++) {
        s[b] = share.p[b] ^ aux[b];
    }
    cs_tweak_x(Qx, &k->tweak);
    cs_wr_bytes(&w, s, 32);
    cs_wr_u32(&w, (uint32_t)cs_vec_int(k->test, "my_id"));
    cs_wr_u32(&w, (uint32_t)k->n);
    for (size_t b = 0; b < k->n; b++) {
        cs_wr_u32(&w, k->s.ids[b] - 1U);
    }
    cs_wr_span(&w, other);
    cs_wr_bytes(&w, Qx, 32);
    cs_wr_u64(&w, msg.n);
    cs_wr_span(&w, msg);
    cs_wr_u8(&w, i);
    assert_int_equal(w.err, CS_OK);
    cs_tagged_hash(wide + 32, "BIP0445/deterministic/nonce", cs_wr_get(&w));
    cs_scalar_reduce64(K1, &out->s, wide);
    cs_wr_free(&w);
}

/* Points of an aggothernonce are those of a signer: no identity. */
static enum cs_err run_det(struct task *k, uint8_t pub[66], struct cs_scalar *z)
{
    struct cs_span other = maybe(k->v, k->test, "aggothernonce");
    struct cs_span share = entry(k->v, cs_vec_get(k->group, "secshares"),
                                 (size_t)cs_vec_int(k->test, "secshare_index"));
    struct cs_frost_nonces n;
    struct cs_frost_commit c[2];
    uint8_t agg[CS_BIP340_NONCE_LEN], my_id = our_id(cs_vec_int(k->test, "my_id"));
    struct cs_secret x;

    CS_CHECK(load_signers(k));
    CS_CHECK(load_tweaks(k));
    det_nonce(k, &n.d, 0, other);
    det_nonce(k, &n.e, 1, other);
    commit_of(&c[0], my_id, &n);
    cs_bip340_commit_encode(pub, &c[0]);
    if (other.n != 0) {
        CS_CHECK(cs_bip340_commit_decode(&c[1], 0, other.p));
    }
    cs_bip340_nonces_add(agg, c, other.n != 0 ? 2 : 1);
    CS_CHECK(cs_bip340_session_init(&k->ctx, &k->s, &k->tweak, agg,
                                    cs_vec_hex(k->v, k->test, "msg")));
    memcpy(x.s.b, share.p, 32);
    return cs_bip340_sign(z, &n, &k->ctx, &c[0], &x);
}

static void a_valid_det_case(struct task *k)
{
    const json_t *want = cs_vec_get(k->test, "expected");
    uint8_t pub[CS_BIP340_NONCE_LEN];
    struct cs_scalar z;

    assert_int_equal(run_det(k, pub, &z), CS_OK);
    assert_memory_equal(pub, entry(k->v, want, 0).p, sizeof pub);
    assert_memory_equal(z.b, entry(k->v, want, 1).p, 32);
}

static void a_failing_det_case(struct task *k)
{
    uint8_t pub[CS_BIP340_NONCE_LEN];
    struct cs_scalar z;

    assert_int_equal(run_det(k, pub, &z), wanted(k->test));
}

static void bip445_deterministic_signing(void **state)
{
    struct cs_vec *v = CS_VEC_SHARED("bip445-frost-signing/det_sign_vectors.json");

    (void)state;
    if (v == NULL) {
        skip();
    }
    assert_true(each(v, "valid_tests", a_valid_det_case) >= 28);
    assert_true(each(v, "error_tests", a_failing_det_case) >= 40);
    cs_vec_close(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bip445_nonce_generation),
        cmocka_unit_test(bip445_nonce_aggregation),
        cmocka_unit_test(bip445_sign_and_verify),
        cmocka_unit_test(bip445_tweaks),
        cmocka_unit_test(bip445_aggregation),
        cmocka_unit_test(bip445_deterministic_signing),
    };

    if (cs_crypto_init() != CS_OK) {
        return 70;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
