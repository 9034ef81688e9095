/* Long-term keys: RFC 8032 and RFC 7748 values, what binds a fingerprint, and what
 * does not verify. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "crypto/identity.h"
#include "support/groups.h"

static void hex(uint8_t *out, size_t n, const char *text)
{
    assert_int_equal(cs_unhex(out, n, text), CS_OK);
}

/* RFC 8032, 7.1, test 2. */
static void signing_gives_the_published_signature(void **state)
{
    uint8_t seed[32], pub[32], want_pub[32], sig[64], want[64];

    (void)state;
    hex(seed, 32, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    hex(want_pub, 32,
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    hex(want, 64,
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    cs_sign_public(pub, seed);
    assert_memory_equal(pub, want_pub, 32);
    cs_sign(sig, seed, CS_SPAN_LIT("\x72"));
    assert_memory_equal(sig, want, 64);
    assert_true(cs_sign_verify(sig, pub, CS_SPAN_LIT("\x72")));
}

static void any_changed_bit_of_signature_key_or_message_fails(void **state)
{
    struct {
        uint8_t sig[64], pub[32], msg[7];
    } s;
    uint8_t seed[32], *bytes = (uint8_t *)&s;

    (void)state;
    stream_bytes(&rnd, seed, sizeof seed);
    stream_bytes(&rnd, bytes, sizeof s);
    cs_sign_public(s.pub, seed);
    cs_sign(s.sig, seed, CS_SPAN_OF(s.msg));
    for (size_t bit = 0; bit < 8 * sizeof s; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(cs_sign_verify(s.sig, s.pub, CS_SPAN_OF(s.msg)));
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_true(cs_sign_verify(s.sig, s.pub, CS_SPAN_OF(s.msg)));
    assert_false(cs_sign_verify(s.sig, s.pub, CS_SPAN(s.msg, 6)));
}

/* With A of small order, R = B, S = 1 would verify for about every eighth message. */
static void small_order_keys_verify_nothing(void **state)
{
    static const char *const keys[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    };
    uint8_t pub[32], sig[64];

    (void)state;
    hex(sig, 64,
        "5866666666666666666666666666666666666666666666666666666666666666"
        "0100000000000000000000000000000000000000000000000000000000000000");
    for (size_t k = 0; k < CS_COUNTOF(keys); k++) {
        hex(pub, 32, keys[k]);
        for (uint32_t i = 0; i < 64; i++) {
            assert_false(cs_sign_verify(sig, pub, CS_SPAN(&i, sizeof i)));
        }
    }
}

/* RFC 7748, 6.1. */
static void both_sides_get_the_published_secret(void **state)
{
    uint8_t a[32], b[32], pa[32], pb[32], want[32], got[32];

    (void)state;
    hex(a, 32, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    hex(b, 32, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    hex(want, 32, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    cs_dh_public(pa, a);
    assert_memory_equal(pa, want, 32);
    hex(want, 32, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    cs_dh_public(pb, b);
    assert_memory_equal(pb, want, 32);
    hex(want, 32, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    assert_int_equal(cs_dh(got, a, pb), CS_OK);
    assert_memory_equal(got, want, 32);
    assert_int_equal(cs_dh(got, b, pa), CS_OK);
    assert_memory_equal(got, want, 32);
}

static void low_order_public_keys_fail_the_handshake_and_leave_zeroes(void **state)
{
    static const char *const low[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    uint8_t priv[32], pub[32], out[32];

    (void)state;
    stream_bytes(&rnd, priv, sizeof priv);
    for (size_t i = 0; i < CS_COUNTOF(low); i++) {
        hex(pub, 32, low[i]);
        memset(out, 0x5a, sizeof out);
        assert_int_equal(cs_dh(out, priv, pub), CS_ERR_HS_FAILED);
        assert_true(cs_ct_is_zero(out, sizeof out));
    }
}

static void an_identity_is_its_96_bytes(void **state)
{
    struct cs_identity_secret id, again = {0};
    uint8_t bytes[96], pub[32];

    (void)state;
    stream_bytes(&rnd, bytes, sizeof bytes);
    cs_identity_from_random(&id, bytes);
    assert_memory_equal(id.ik_seed, bytes, 32);
    assert_memory_equal(id.sk_priv, bytes + 32, 32);
    assert_memory_equal(id.local, bytes + 64, 32);
    cs_sign_public(pub, bytes);
    assert_memory_equal(id.pub.ik, pub, 32);
    cs_dh_public(pub, bytes + 32);
    assert_memory_equal(id.pub.sk, pub, 32);
    memcpy(again.ik_seed, bytes, 32);
    memcpy(again.sk_priv, bytes + 32, 32);
    cs_identity_derive(&again);
    assert_memory_equal(&again.pub, &id.pub, sizeof id.pub);
}

static void a_fingerprint_is_th_identity_of_both_public_keys(void **state)
{
    struct cs_identity id, other;
    uint8_t got[32], want[32];

    (void)state;
    stream_bytes(&rnd, (uint8_t *)&id, sizeof id);
    cs_identity_fingerprint(got, &id);
    cs_th(want, CS_TAG_IDENTITY,
          (const struct cs_span[]){CS_SPAN_OF(id.ik), CS_SPAN_OF(id.sk)}, 2);
    assert_memory_equal(got, want, 32);
    other = id;
    other.ik[31] ^= 1;
    cs_identity_fingerprint(got, &other);
    assert_memory_not_equal(got, want, 32);
    other = id;
    other.sk[0] ^= 1;
    cs_identity_fingerprint(got, &other);
    assert_memory_not_equal(got, want, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signing_gives_the_published_signature),
        cmocka_unit_test(any_changed_bit_of_signature_key_or_message_fails),
        cmocka_unit_test(small_order_keys_verify_nothing),
        cmocka_unit_test(both_sides_get_the_published_secret),
        cmocka_unit_test(low_order_public_keys_fail_the_handshake_and_leave_zeroes),
        cmocka_unit_test(an_identity_is_its_96_bytes),
        cmocka_unit_test(a_fingerprint_is_th_identity_of_both_public_keys),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
