/* Wycheproof files of the primitives we use: every case is given to our functions, and
 * the verdict must be the file's.  A count of cases at the end keeps an empty or
 * filtered run from passing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <secp256k1.h>

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/identity.h"
#include "crypto/secp_ctx.h"
#include "support/groups.h"
#include "support/vectors.h"

enum verdict {
    REFUSED,
    ACCEPTED,
    NOT_OURS
}; /* NOT_OURS: our interface has no such form */

typedef enum verdict case_fn(struct cs_vec *v, const json_t *group, const json_t *test);

static enum verdict verdict_of(bool good)
{
    return good ? ACCEPTED : REFUSED;
}

static void check_case(const char *path, const json_t *test, enum verdict got)
{
    static const char *const words[] = {"refused", "accepted"};
    const char *result = cs_vec_str(test, "result");

    if (strcmp(result, "acceptable") != 0 &&
        got != verdict_of(strcmp(result, "valid") == 0)) {
        fail_msg("%s: case %d (%s) is %s", path, (int)cs_vec_int(test, "tcId"),
                 cs_vec_str(test, "comment"), words[got]);
    }
}

/* Runs fn over all groups that `ours` takes; returns the number of cases decided. */
static size_t run(const char *path, bool (*ours)(const json_t *group), case_fn *fn)
{
    struct cs_vec *v = CS_VEC_SHARED(path);
    size_t n = 0, i, k;
    json_t *group, *test;

    if (v == NULL) {
        skip();
    }
    json_array_foreach(cs_vec_get(v->root, "testGroups"), i, group)
    {
        json_t *tests = cs_vec_get(group, "tests");

        json_array_foreach(tests, k, test)
        {
            enum verdict got = ours == NULL || ours(group) ? fn(v, group, test)
                                                           : NOT_OURS;

            if (got != NOT_OURS) {
                check_case(path, test, got);
                n++;
            }
        }
    }
    cs_vec_close(v);
    return n;
}

/* ---- AEADs ----------------------------------------------------------------------- */

static bool aead_sizes(const json_t *group)
{
    return cs_vec_int(group, "ivSize") == 96 && cs_vec_int(group, "keySize") == 256 &&
           cs_vec_int(group, "tagSize") == 128;
}

struct aead_case {
    const uint8_t *key, *nonce;
    struct cs_span ad, msg;
    struct cs_wr sealed; /* ct | tag of the file */
    uint8_t *out;
};

static void aead_load(struct aead_case *a, struct cs_vec *v, const json_t *test)
{
    struct cs_span ct = cs_vec_hex(v, test, "ct"), tag = cs_vec_hex(v, test, "tag");

    *a = (struct aead_case){.key = cs_vec_hex_n(v, test, "key", 32),
                            .nonce = cs_vec_hex_n(v, test, "iv", 12),
                            .ad = cs_vec_hex(v, test, "aad"),
                            .msg = cs_vec_hex(v, test, "msg")};
    cs_wr_span(&a->sealed, ct);
    cs_wr_span(&a->sealed, tag);
    assert_int_equal(a->sealed.err, CS_OK);
    a->out = cs_alloc(a->sealed.n + 16);
    assert_non_null(a->out);
}

/* The verdict of opening; a good case must also be what sealing gives, also in place,
 * and a bad one must leave zeroes. */
static bool aead_verdict(struct aead_case *a, enum cs_err opened)
{
    bool good = opened == CS_OK;

    if (good) {
        assert_memory_equal(a->out, a->msg.p, a->msg.n);
    } else {
        assert_int_equal(opened, CS_ERR_AEAD);
        assert_true(cs_ct_is_zero(a->out, a->sealed.n - CS_AEAD_TAG));
    }
    return good;
}

static void aead_same(struct aead_case *a)
{
    assert_memory_equal(a->out, a->sealed.p, a->sealed.n);
}

static void aead_end(struct aead_case *a)
{
    cs_wr_free(&a->sealed);
    cs_free(a->out);
}

static enum verdict gcm_case(struct cs_vec *v, const json_t *group, const json_t *test)
{
    struct aead_case a;
    bool good;

    (void)group;
    aead_load(&a, v, test);
    good = aead_verdict(&a,
                        cs_gcm_open(a.out, a.key, a.nonce, a.ad, cs_wr_get(&a.sealed)));
    if (good) { /* out holds the message now: seal it in place */
        assert_int_equal(
            cs_gcm_seal(a.out, a.key, a.nonce, a.ad, CS_SPAN(a.out, a.msg.n)), CS_OK);
        aead_same(&a);
    }
    aead_end(&a);
    return verdict_of(good);
}

static enum verdict chacha_case(struct cs_vec *v, const json_t *group,
                                const json_t *test)
{
    struct aead_case a;
    bool good;

    (void)group;
    aead_load(&a, v, test);
    good = aead_verdict(
        &a, cs_chacha_open(a.out, a.key, a.nonce, a.ad, cs_wr_get(&a.sealed)));
    if (good) {
        cs_chacha_seal(a.out, a.key, a.nonce, a.ad, CS_SPAN(a.out, a.msg.n));
        aead_same(&a);
    }
    aead_end(&a);
    return verdict_of(good);
}

static void aes_256_gcm_agrees(void **state)
{
    (void)state;
    assert_true(run("wycheproof/aes_gcm_test.json", aead_sizes, gcm_case) >= 60);
}

static void chacha20_poly1305_agrees(void **state)
{
    (void)state;
    assert_true(
        run("wycheproof/chacha20_poly1305_test.json", aead_sizes, chacha_case) >= 300);
}

/* ---- MAC and KDF
 * ------------------------------------------------------------------------ */

/* The file also has truncated tags: the tag is the head of ours. */
static enum verdict hmac_case(struct cs_vec *v, const json_t *group, const json_t *test)
{
    struct cs_span tag = cs_vec_hex(v, test, "tag");
    uint8_t mac[32];

    (void)group;
    assert_true(tag.n <= sizeof mac);
    cs_hmac_sha256(mac, cs_vec_hex(v, test, "key"), cs_vec_hex(v, test, "msg"));
    return verdict_of(cs_ct_equal(mac, tag.p, tag.n));
}

static void hmac_sha256_agrees(void **state)
{
    (void)state;
    assert_int_equal(run("wycheproof/hmac_sha256_test.json", NULL, hmac_case), 174);
}

static enum verdict hkdf_case(struct cs_vec *v, const json_t *group, const json_t *test)
{
    static uint8_t out[255 * 32];
    struct cs_span okm = cs_vec_hex(v, test, "okm");
    size_t size = (size_t)cs_vec_int(test, "size");

    (void)group;
    if (size > sizeof out) {
        return REFUSED; /* not to be asked for: header of cs_hkdf */
    }
    cs_hkdf(out, size, cs_vec_hex(v, test, "salt"), cs_vec_hex(v, test, "ikm"),
            cs_vec_hex(v, test, "info"));
    return verdict_of(okm.n == size && cs_ct_equal(out, okm.p, size));
}

static void hkdf_sha256_agrees(void **state)
{
    (void)state;
    assert_int_equal(run("wycheproof/hkdf_sha256_test.json", NULL, hkdf_case), 86);
}

/* ---- identities
 * -------------------------------------------------------------------------- */

static enum verdict ed25519_case(struct cs_vec *v, const json_t *group,
                                 const json_t *test)
{
    const uint8_t *pk = cs_vec_hex_n(v, cs_vec_get(group, "publicKey"), "pk", 32);
    struct cs_span sig = cs_vec_hex(v, test, "sig");

    return verdict_of(sig.n == CS_SIG_LEN && /* the type holds 64 bytes */
                      cs_sign_verify(sig.p, pk, cs_vec_hex(v, test, "msg")));
}

static void ed25519_verification_agrees(void **state)
{
    (void)state;
    assert_int_equal(run("wycheproof/ed25519_test.json", NULL, ed25519_case), 151);
}

/* Ours is stricter in one thing: an all-zero result is HS_FAILED, always.  The file
 * calls that, and non-canonical u, "acceptable": the value must still be right. */
static enum verdict x25519_case(struct cs_vec *v, const json_t *group,
                                const json_t *test)
{
    const uint8_t *want = cs_vec_hex_n(v, test, "shared", 32);
    uint8_t out[32];
    enum cs_err err;

    (void)group;
    memset(out, 0x5a, sizeof out);
    err = cs_dh(out, cs_vec_hex_n(v, test, "private", 32),
                cs_vec_hex_n(v, test, "public", 32));
    assert_memory_equal(out, want, 32); /* zeroes after HS_FAILED */
    assert_int_equal(err, cs_ct_is_zero(want, 32) ? CS_ERR_HS_FAILED : CS_OK);
    return ACCEPTED;
}

static void x25519_agrees_and_all_zero_results_are_refused(void **state)
{
    (void)state;
    assert_int_equal(run("wycheproof/x25519_test.json", NULL, x25519_case), 518);
}

/* ---- secp256k1
 * ---------------------------------------------------------------------------- */

/* Our x of k*P against the file's.  Public keys are DER; ours is the 33 or 65 bytes at
 * the end of the one form of header that named-curve keys have. */
static enum verdict ecdh_case(struct cs_vec *v, const json_t *group, const json_t *test)
{
    static const char head_long[] = "3056301006072a8648ce3d020106052b8104000a034200";
    static const char head_short[] = "3036301006072a8648ce3d020106052b8104000a032200";
    const char *der = cs_vec_str(test, "public");
    struct cs_span pub = cs_vec_hex(v, test, "public");
    struct cs_span priv = cs_vec_hex(v, test, "private");
    size_t head = (sizeof head_long - 1) / 2;
    struct cs_point p;
    struct cs_scalar k = {{0}};
    uint8_t out[33];

    (void)group;
    if (strncmp(der, head_long, 2 * head) != 0 &&
        strncmp(der, head_short, 2 * head) != 0) {
        return NOT_OURS;
    }
    while (priv.n > 32 && priv.p[0] == 0) {
        priv = CS_SPAN(priv.p + 1, priv.n - 1);
    }
    assert_true(priv.n <= 32);
    memcpy(k.b + 32 - priv.n, priv.p, priv.n);
    if (cs_point_decode(CS_CURVE_SECP256K1, &p, CS_SPAN(pub.p + head, pub.n - head)) !=
        CS_OK) {
        return REFUSED;
    }
    cs_point_mul(&p, &p, &k);
    assert_int_equal(cs_point_encode(&p, out), 33);
    return verdict_of(cs_ct_equal(out + 1, cs_vec_hex_n(v, test, "shared", 32), 32));
}

static void constant_time_multiplication_agrees_with_ecdh(void **state)
{
    (void)state;
    assert_int_equal(run("wycheproof/ecdh_secp256k1_test.json", NULL, ecdh_case), 497);
}

static enum verdict ecdsa_verdict(struct cs_vec *v, const json_t *group,
                                  const json_t *test, secp256k1_ecdsa_signature *sig)
{
    struct cs_span key = cs_vec_hex(v, cs_vec_get(group, "publicKey"), "uncompressed");
    uint8_t digest[32];
    secp256k1_pubkey pk;

    assert_int_equal(secp256k1_ec_pubkey_parse(cs_secp_ctx(), &pk, key.p, key.n), 1);
    cs_sha256(digest, cs_vec_hex(v, test, "msg"));
    return verdict_of(secp256k1_ecdsa_verify(cs_secp_ctx(), sig, digest, &pk) == 1);
}

/* r | s, high s allowed: normalised first, as the library verifies low s only. */
static enum verdict p1363_case(struct cs_vec *v, const json_t *group,
                               const json_t *test)
{
    struct cs_span bytes = cs_vec_hex(v, test, "sig");
    secp256k1_ecdsa_signature sig;

    if (bytes.n != 64 ||
        secp256k1_ecdsa_signature_parse_compact(cs_secp_ctx(), &sig, bytes.p) != 1) {
        return REFUSED;
    }
    (void)secp256k1_ecdsa_signature_normalize(cs_secp_ctx(), &sig, &sig);
    return ecdsa_verdict(v, group, test, &sig);
}

/* Strict DER and low s only. */
static enum verdict bitcoin_case(struct cs_vec *v, const json_t *group,
                                 const json_t *test)
{
    struct cs_span bytes = cs_vec_hex(v, test, "sig");
    secp256k1_ecdsa_signature sig;

    if (secp256k1_ecdsa_signature_parse_der(cs_secp_ctx(), &sig, bytes.p, bytes.n) !=
        1) {
        return REFUSED;
    }
    return ecdsa_verdict(v, group, test, &sig);
}

static void the_librarys_ecdsa_verification_agrees(void **state)
{
    (void)state;
    assert_int_equal(
        run("wycheproof/ecdsa_secp256k1_sha256_p1363_test.json", NULL, p1363_case),
        252);
    assert_int_equal(
        run("wycheproof/ecdsa_secp256k1_sha256_bitcoin_test.json", NULL, bitcoin_case),
        463);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aes_256_gcm_agrees),
        cmocka_unit_test(chacha20_poly1305_agrees),
        cmocka_unit_test(hmac_sha256_agrees),
        cmocka_unit_test(hkdf_sha256_agrees),
        cmocka_unit_test(ed25519_verification_agrees),
        cmocka_unit_test(x25519_agrees_and_all_zero_results_are_refused),
        cmocka_unit_test(constant_time_multiplication_agrees_with_ecdh),
        cmocka_unit_test(the_librarys_ecdsa_verification_agrees),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
