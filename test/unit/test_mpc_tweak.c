/* Tweak contexts: BIP 327's tweak vectors, BIP 328's synthetic keys, BIP 341's wallet
 * vectors, and every check of PROTOCOLS 7.4 and 7.5. */
#include "mpc/tweak.h"

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "base/text.h"
#include "base/wr.h"
#include "crypto/hash.h"
#include "crypto/taproot.h"
#include "support/vectors.h"

#define K1 CS_CURVE_SECP256K1

enum { KEYS_MAX = 8 };

static void point_at(struct cs_point *out, struct cs_span in)
{
    assert_int_equal(cs_point_decode(K1, out, in), CS_OK);
}

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

static void tag_scalar(struct cs_scalar *out, const char *tag, struct cs_span in)
{
    uint8_t wide[64] = {0};

    cs_tagged_hash(wide + 32, tag, in);
    cs_scalar_reduce64(K1, out, wide);
}

static bool odd(const struct cs_point *p)
{
    uint8_t b[CS_POINT_MAX];

    (void)cs_point_encode(p, b);
    return b[0] == 3;
}

static void negate_if(bool yes, struct cs_scalar *s)
{
    if (yes) {
        cs_scalar_negate(K1, s, s);
    }
}

/* ---- MuSig2, as far as its vectors need it to show a tweak context at work
 * ----------- */

/* BIP 327 KeyAggCoef: 1 for the second distinct key, else a hash of the list and key.
 */
static void key_coef(struct cs_scalar *a, const struct cs_span *keys, size_t n,
                     size_t i)
{
    uint8_t in[64 + 1];
    struct cs_wr w = {0};
    size_t second = 0;

    for (size_t k = 0; k < n; k++) {
        cs_wr_span(&w, keys[k]);
        if (second == 0 && memcmp(keys[k].p, keys[0].p, 33) != 0) {
            second = k;
        }
    }
    if (second != 0 && memcmp(keys[i].p, keys[second].p, 33) == 0) {
        cs_scalar_from_u32(K1, a, 1);
    } else {
        cs_tagged_hash(in, "KeyAgg list", cs_wr_get(&w));
        memcpy(in + 32, keys[i].p, 33);
        tag_scalar(a, "KeyAgg coefficient", CS_SPAN_OF(in));
    }
    cs_wr_free(&w);
}

static void key_agg(struct cs_point *Q, const struct cs_span *keys, size_t n)
{
    struct cs_scalar a;
    struct cs_point P;

    cs_point_identity(K1, Q);
    for (size_t i = 0; i < n; i++) {
        key_coef(&a, keys, n, i);
        point_at(&P, keys[i]);
        cs_point_mul_public(&P, &P, &a);
        cs_point_add(Q, Q, &P);
    }
}

static void x_of(uint8_t out[32], const struct cs_point *p)
{
    uint8_t b[CS_POINT_MAX];

    (void)cs_point_encode(p, b);
    memcpy(out, b + 1, 32);
}

/* b and e of a session; *negate: y(R) is odd. */
static void musig_session(struct cs_scalar *b, struct cs_scalar *e, bool *negate,
                          const struct cs_tweak *t, const uint8_t *aggnonce,
                          struct cs_span msg)
{
    uint8_t Qx[32], Rx[32];
    struct cs_point R1, R2;
    struct cs_wr w = {0};

    cs_tweak_x(Qx, t);
    cs_wr_bytes(&w, aggnonce, 66);
    cs_wr_bytes(&w, Qx, 32);
    cs_wr_span(&w, msg);
    tag_scalar(b, "MuSig/noncecoef", cs_wr_get(&w));
    cs_wr_reset(&w);
    point_at(&R1, CS_SPAN(aggnonce, 33));
    point_at(&R2, CS_SPAN(aggnonce + 33, 33));
    cs_point_mul_public(&R2, &R2, b);
    cs_point_add(&R1, &R1, &R2);
    *negate = odd(&R1);
    x_of(Rx, &R1);
    cs_wr_bytes(&w, Rx, 32);
    cs_wr_bytes(&w, Qx, 32);
    cs_wr_span(&w, msg);
    tag_scalar(e, "BIP0340/challenge", cs_wr_get(&w));
    cs_wr_free(&w);
}

/* s = k_1 + b k_2 + e a g gacc d */
static void musig_sign(struct cs_scalar *s, struct cs_vec *v, const struct cs_tweak *t,
                       const struct cs_scalar *a)
{
    const uint8_t *k = cs_vec_hex(v, v->root, "secnonce").p;
    struct cs_scalar k1, k2, d, b, e;
    bool negate;

    musig_session(&b, &e, &negate, t, cs_vec_hex_n(v, v->root, "aggnonce", 66),
                  cs_vec_hex(v, v->root, "msg"));
    memcpy(k1.b, k, 32);
    memcpy(k2.b, k + 32, 32);
    memcpy(d.b, cs_vec_hex_n(v, v->root, "sk", 32), 32);
    cs_scalar_muladd(K1, s, &b, &k2, &k1);
    negate_if(negate, s);
    cs_scalar_mul(K1, &e, &e, a);
    cs_scalar_mul(K1, &e, &e, &t->gacc);
    negate_if(cs_tweak_odd(t), &e);
    cs_scalar_muladd(K1, s, &e, &d, s);
}

static enum cs_err musig_tweaks(struct cs_tweak *t, struct cs_vec *v, const json_t *o,
                                struct cs_scalar *a)
{
    const json_t *ki = cs_vec_get(o, "key_indices"),
                 *ti = cs_vec_get(o, "tweak_indices");
    const json_t *modes = cs_vec_get(o, "is_xonly");
    struct cs_span keys[KEYS_MAX];
    size_t n = json_array_size(ki);
    struct cs_point Q;

    assert_true(n <= KEYS_MAX && json_array_size(ti) == json_array_size(modes));
    for (size_t i = 0; i < n; i++) {
        keys[i] = entry(v, cs_vec_get(v->root, "pubkeys"), index_at(ki, i));
    }
    key_agg(&Q, keys, n);
    key_coef(a, keys, n, (size_t)cs_vec_int(o, "signer_index"));
    CS_CHECK(cs_tweak_init(t, &Q));
    for (size_t i = 0; i < json_array_size(ti); i++) {
        CS_CHECK(cs_tweak_apply(
            t, entry(v, cs_vec_get(v->root, "tweaks"), index_at(ti, i)).p,
            json_is_true(json_array_get(modes, i))));
    }
    return CS_OK;
}

static void bip327_tweaks(void **state)
{
    struct cs_vec *v = CS_VEC_SHARED("bip327/tweak_vectors.json");
    struct cs_scalar a, s;
    struct cs_tweak t;

    (void)state;
    if (v == NULL) {
        skip();
    }
    const json_t *good = cs_vec_get(v->root, "valid_test_cases");
    const json_t *bad = cs_vec_get(v->root, "error_test_cases");
    assert_true(json_array_size(good) == 5 && json_array_size(bad) == 1);
    for (size_t i = 0; i < json_array_size(good); i++) {
        const json_t *o = json_array_get(good, i);

        assert_int_equal(musig_tweaks(&t, v, o, &a), CS_OK);
        musig_sign(&s, v, &t, &a);
        assert_memory_equal(s.b, cs_vec_hex_n(v, o, "expected", 32), 32);
    }
    assert_int_equal(musig_tweaks(&t, v, json_array_get(bad, 0), &a),
                     CS_ERR_TWEAK_RANGE);
    cs_vec_close(v);
}

/* ---- BIP 328: a group key that was not made with a chain code gets a fixed one
 * ------- */

/* Base 58 of 82 bytes (an extended key and its checksum). */
static void base58_82(uint8_t out[82], const char *text)
{
    static const char digits[] =
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    memset(out, 0, 82);
    for (; *text != 0; text++) {
        const char *d = strchr(digits, *text);
        unsigned carry;

        assert_non_null(d);
        carry = (unsigned)(d - digits);
        for (size_t i = 82; i-- > 0;) {
            carry += 58U * out[i];
            out[i] = (uint8_t)carry;
            carry >>= 8;
        }
        assert_int_equal(carry, 0);
    }
}

static void bip328_keys_derive_like_any_other(void **state)
{
    static const char code[] =
        "868087ca02a6f974c4598924c36b57762d32cb45717167e300622c7167e38965";
    const uint32_t path[] = {1, 9};
    struct cs_vec *v = CS_VEC_SHARED("bip328/vectors.json");
    uint8_t chain[32], xpub[82], head[13] = {4, 0x88, 0xb2, 0x1e};
    struct cs_bip32 child;
    struct cs_tweak t;
    struct cs_point Q;

    (void)state;
    if (v == NULL) {
        skip();
    }
    assert_int_equal(cs_unhex(chain, 32, code), CS_OK);
    for (size_t i = 0; i < json_array_size(v->root); i++) {
        const json_t *o = json_array_get(v->root, i), *list = cs_vec_get(o, "keys");
        struct cs_span keys[KEYS_MAX];
        uint8_t enc[CS_POINT_MAX];
        size_t n = json_array_size(list);

        assert_true(n <= KEYS_MAX);
        for (size_t k = 0; k < n; k++) {
            keys[k] = entry(v, list, k);
        }
        key_agg(&Q, keys, n);
        (void)cs_point_encode(&Q, enc);
        assert_memory_equal(enc, cs_vec_hex_n(v, o, "aggregate_pubkey", 33), 33);
        base58_82(xpub, cs_vec_str(o, "xpub"));
        assert_memory_equal(xpub, head, sizeof head); /* depth, parent, index: 0 */
        assert_memory_equal(xpub + 13, chain, 32);
        assert_memory_equal(xpub + 45, enc, 33);
        assert_int_equal(cs_bip32_derive(&child, &Q, xpub + 13, path, 2), CS_OK);
        assert_int_equal(cs_tweak_init(&t, &Q), CS_OK);
        assert_int_equal(cs_tweak_path(&t, chain, path, 2), CS_OK);
        assert_true(cs_point_equal(&t.Q, &child.X));
    }
    cs_vec_close(v);
}

/* ---- BIP 341
 * ---------------------------------------------------------------------------- */

static const uint8_t *root_or_null(struct cs_vec *v, const json_t *o)
{
    return json_is_null(cs_vec_get(o, "merkleRoot"))
               ? NULL
               : cs_vec_hex_n(v, o, "merkleRoot", 32);
}

/* x(P) with either parity: BIP 341 lifts to the even one, x-only tweaks must agree. */
static void expect_output(struct cs_vec *v, const json_t *row)
{
    const json_t *given = cs_vec_get(row, "given");
    const json_t *want = cs_vec_get(row, "intermediary");
    const uint8_t *x = cs_vec_hex_n(v, given, "internalPubkey", 32);
    uint8_t in[33], got[32];
    struct cs_tweak t;
    struct cs_point P;

    memcpy(in + 1, x, 32);
    for (uint8_t sign = 2; sign <= 3; sign++) {
        in[0] = sign;
        point_at(&P, CS_SPAN_OF(in));
        assert_int_equal(cs_tweak_init(&t, &P), CS_OK);
        assert_int_equal(cs_tweak_taproot(&t, root_or_null(v, want)), CS_OK);
        assert_memory_equal(t.tacc.b, cs_vec_hex_n(v, want, "tweak", 32), 32);
        cs_tweak_x(got, &t);
        assert_memory_equal(got, cs_vec_hex_n(v, want, "tweakedPubkey", 32), 32);
    }
}

/* The secret side: gacc d + tacc is BIP 341's tweaked private key. */
static void expect_private(struct cs_vec *v, const json_t *row)
{
    const json_t *given = cs_vec_get(row, "given");
    const json_t *want = cs_vec_get(row, "intermediary");
    const char *witness = json_string_value(
        json_array_get(cs_vec_get(cs_vec_get(row, "expected"), "witness"), 0));
    struct cs_scalar d, got;
    uint8_t key[32];
    struct cs_tweak t;
    struct cs_point P;

    memcpy(d.b, cs_vec_hex_n(v, given, "internalPrivkey", 32), 32);
    cs_point_base_mul(K1, &P, &d);
    assert_int_equal(cs_tweak_init(&t, &P), CS_OK);
    assert_int_equal(cs_tweak_taproot(&t, root_or_null(v, given)), CS_OK);
    cs_scalar_muladd(K1, &got, &t.gacc, &d, &t.tacc);
    assert_memory_equal(got.b, cs_vec_hex_n(v, want, "tweakedPrivkey", 32), 32);
    cs_point_base_mul(K1, &P, &got);
    assert_true(cs_point_equal(&P, &t.Q));
    cs_tweak_x(key, &t);
    assert_int_equal(cs_taproot_verify(key, cs_vec_hex(v, want, "sigHash"),
                                       cs_vec_unhex(v, witness).p),
                     CS_OK);
}

static void bip341_wallet_keys(void **state)
{
    struct cs_vec *v = CS_VEC_SHARED("bip341/wallet-test-vectors.json");

    (void)state;
    if (v == NULL) {
        skip();
    }
    const json_t *out = cs_vec_get(v->root, "scriptPubKey");
    const json_t *in = cs_vec_get(
        json_array_get(cs_vec_get(v->root, "keyPathSpending"), 0), "inputSpending");
    assert_true(json_array_size(out) == 7 && json_array_size(in) == 7);
    for (size_t i = 0; i < 7; i++) {
        expect_output(v, json_array_get(out, i));
        expect_private(v, json_array_get(in, i));
    }
    cs_vec_close(v);
}

/* ---- our own checks
 * ----------------------------------------------------------------------- */

static void small_key(struct cs_point *X, uint32_t k)
{
    struct cs_scalar s;

    cs_scalar_from_u32(K1, &s, k);
    cs_point_base_mul(K1, X, &s);
}

/* Q = gacc X + tacc G after whatever came; both parities occur on the way. */
static void the_context_keeps_its_meaning(void **state)
{
    struct cs_point X, Q, t_G;
    unsigned flips = 0;
    struct cs_tweak t;

    (void)state;
    small_key(&X, 11);
    assert_int_equal(cs_tweak_init(&t, &X), CS_OK);
    for (uint8_t i = 0; i < 40; i++) {
        uint8_t tau[32] = {i, 1, 2};
        bool x_only = i % 3 != 0;

        flips += x_only && cs_tweak_odd(&t);
        assert_int_equal(cs_tweak_apply(&t, tau, x_only), CS_OK);
        cs_point_mul_public(&Q, &X, &t.gacc);
        cs_point_base_mul(K1, &t_G, &t.tacc);
        cs_point_add(&Q, &Q, &t_G);
        assert_true(cs_point_equal(&Q, &t.Q));
        assert_int_equal(odd(&Q), cs_tweak_odd(&t));
    }
    assert_true(flips > 0 && flips < 26);
}

static void a_tweak_of_the_order_or_more_is_refused(void **state)
{
    static const char *const bad[] = {
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    struct cs_tweak t, before;
    struct cs_point X;
    uint8_t tau[32];

    (void)state;
    small_key(&X, 11);
    assert_int_equal(cs_tweak_init(&t, &X), CS_OK);
    before = t;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        assert_int_equal(cs_unhex(tau, 32, bad[i]), CS_OK);
        assert_int_equal(cs_tweak_apply(&t, tau, false), CS_ERR_TWEAK_RANGE);
        assert_int_equal(cs_tweak_apply(&t, tau, true), CS_ERR_TWEAK_RANGE);
        assert_true(cs_point_equal(&t.Q, &before.Q));
        assert_true(cs_scalar_equal(&t.gacc, &before.gacc));
    }
}

static void a_tweak_of_zero_changes_at_most_the_sign(void **state)
{
    static const uint8_t zero[32];
    struct cs_tweak t;
    struct cs_point X;

    (void)state;
    small_key(&X, 11);
    assert_int_equal(cs_tweak_init(&t, &X), CS_OK);
    assert_int_equal(cs_tweak_apply(&t, zero, false), CS_OK);
    assert_true(cs_point_equal(&t.Q, &X));
    assert_int_equal(cs_tweak_apply(&t, zero, true), CS_OK);
    assert_false(cs_tweak_odd(&t));
}

static void a_tweak_to_the_identity_is_refused(void **state)
{
    struct cs_scalar minus;
    struct cs_tweak t;
    struct cs_point X;

    (void)state;
    small_key(&X, 11);
    cs_scalar_from_u32(K1, &minus, 11);
    cs_scalar_negate(K1, &minus, &minus);
    assert_int_equal(cs_tweak_init(&t, &X), CS_OK);
    assert_int_equal(cs_tweak_apply(&t, minus.b, false), CS_ERR_TWEAK_IDENTITY);
    assert_true(cs_point_equal(&t.Q, &X));
}

static void only_secp256k1_keys_are_tweaked(void **state)
{
    struct cs_tweak t;
    struct cs_point X;
    struct cs_scalar k;

    (void)state;
    cs_scalar_from_u32(CS_CURVE_ED25519, &k, 7);
    cs_point_base_mul(CS_CURVE_ED25519, &X, &k);
    assert_int_equal(cs_tweak_init(&t, &X), CS_ERR_USAGE);
    cs_point_identity(K1, &X);
    assert_int_equal(cs_tweak_init(&t, &X), CS_ERR_USAGE);
}

static void a_path_comes_first_and_is_checked(void **state)
{
    const uint32_t path[] = {0, 5}, hard[] = {CS_BIP32_HARDENED};
    const uint8_t chain[32] = {1}, tau[32] = {1};
    struct cs_tweak t;
    struct cs_point X;

    (void)state;
    small_key(&X, 11);
    assert_int_equal(cs_tweak_init(&t, &X), CS_OK);
    assert_int_equal(cs_tweak_path(&t, chain, hard, 1), CS_ERR_PATH_HARDENED);
    assert_int_equal(cs_tweak_wallet(&t, &X, chain, hard, 1), CS_ERR_PATH_HARDENED);
    assert_int_equal(cs_tweak_path(&t, chain, path, 2), CS_OK);
    assert_int_equal(cs_tweak_path(&t, chain, path, 2), CS_ERR_STATE);
    assert_int_equal(cs_tweak_init(&t, &X), CS_OK);
    assert_int_equal(cs_tweak_apply(&t, tau, true), CS_OK);
    assert_int_equal(cs_tweak_path(&t, chain, path, 2), CS_ERR_STATE);
}

/* A path's plain tweak is epsilon: the same context by both ways. */
static void a_path_is_one_plain_tweak(void **state)
{
    const uint32_t path[] = {86, 0, 5};
    const uint8_t chain[32] = {1};
    struct cs_tweak t, plain;
    struct cs_bip32 child;
    struct cs_point X;

    (void)state;
    small_key(&X, 11);
    assert_int_equal(cs_bip32_derive(&child, &X, chain, path, 3), CS_OK);
    assert_int_equal(cs_tweak_init(&t, &X), CS_OK);
    assert_int_equal(cs_tweak_path(&t, chain, path, 3), CS_OK);
    assert_int_equal(cs_tweak_init(&plain, &X), CS_OK);
    assert_int_equal(cs_tweak_apply(&plain, child.epsilon.b, false), CS_OK);
    assert_true(cs_point_equal(&t.Q, &plain.Q));
    assert_true(cs_scalar_equal(&t.tacc, &plain.tacc));
    assert_true(cs_scalar_equal(&t.gacc, &plain.gacc));
}

/* Row 50: the wallet's key is the chain layer's output key, and not the untweaked one.
 */
static void a_wallet_signs_for_its_output_key(void **state)
{
    const uint8_t chain[32] = {1}, root[32] = {1};
    uint8_t inner[CS_POINT_MAX], want[32], tau[32], got[32], script[32];
    struct cs_bip32 child;
    struct cs_tweak t, s;
    struct cs_point X;

    (void)state;
    small_key(&X, 11);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(cs_bip32_derive(&child, &X, chain, &i, 1), CS_OK);
        (void)cs_point_encode(&child.X, inner);
        assert_int_equal(cs_taproot_output(want, tau, inner), CS_OK);
        assert_int_equal(cs_tweak_wallet(&t, &X, chain, &i, 1), CS_OK);
        cs_tweak_x(got, &t);
        assert_memory_equal(got, want, 32);
        assert_memory_not_equal(got, inner + 1, 32);
        assert_int_equal(cs_tweak_init(&s, &child.X), CS_OK);
        assert_int_equal(cs_tweak_taproot(&s, root), CS_OK);
        cs_tweak_x(script, &s);
        assert_memory_not_equal(got, script, 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bip327_tweaks),
        cmocka_unit_test(bip328_keys_derive_like_any_other),
        cmocka_unit_test(bip341_wallet_keys),
        cmocka_unit_test(the_context_keeps_its_meaning),
        cmocka_unit_test(a_tweak_of_the_order_or_more_is_refused),
        cmocka_unit_test(a_tweak_of_zero_changes_at_most_the_sign),
        cmocka_unit_test(a_tweak_to_the_identity_is_refused),
        cmocka_unit_test(only_secp256k1_keys_are_tweaked),
        cmocka_unit_test(a_path_comes_first_and_is_checked),
        cmocka_unit_test(a_path_is_one_plain_tweak),
        cmocka_unit_test(a_wallet_signs_for_its_output_key),
    };

    if (cs_crypto_init() != CS_OK) {
        return 70;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
