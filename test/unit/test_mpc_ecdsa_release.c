/* Release of ECDSA signatures (PROTOCOLS 6.2; 10, rows 46, 47): what is not verified
 * does not come out, and recovery ids are right in all four cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mpc/ecdsa_release.h"
#include "support/groups.h"

static const enum cs_curve secp = CS_CURVE_SECP256K1;

struct made { /* a signature made backwards: X = (s R - h G) / r */
    struct cs_point R, X;
    struct cs_scalar s;
    uint8_t digest[32], X_raw[CS_POINT_MAX];
};

static void make(struct made *m, const struct cs_point *R, bool high_s)
{
    struct cs_scalar r, h, inv;
    struct cs_point t;
    uint8_t wide[64] = {0}, rs[64];

    m->R = *R;
    assert_true(cs_ecdsa_r(&r, R));
    m->s = some_scalar(secp);
    memcpy(rs, r.b, 32);
    memcpy(rs + 32, m->s.b, 32);
    if (cs_ecdsa_is_low_s(rs) == high_s) {
        cs_scalar_negate(secp, &m->s, &m->s);
    }
    stream_bytes(&rnd, m->digest, 32);
    memcpy(wide + 32, m->digest, 32);
    cs_scalar_reduce64(secp, &h, wide);
    cs_point_mul(&m->X, R, &m->s);
    cs_point_base_mul(secp, &t, &h);
    cs_point_sub(&m->X, &m->X, &t);
    assert_int_equal(cs_scalar_invert(secp, &inv, &r), CS_OK);
    cs_point_mul(&m->X, &m->X, &inv);
    (void)cs_point_encode(&m->X, m->X_raw);
}

static void is_right(const struct made *m, const struct cs_ecdsa_sig *sig)
{
    uint8_t found[33], again[64];

    assert_true(cs_ecdsa_is_low_s(sig->rs));
    assert_int_equal(cs_ecdsa_verify(m->X_raw, m->digest, sig->rs), CS_OK);
    assert_int_equal(cs_ecdsa_recover(found, m->digest, sig->rs, sig->recid), CS_OK);
    assert_memory_equal(found, m->X_raw, 33);
    assert_int_equal(cs_ecdsa_from_der(again, CS_SPAN(sig->der, sig->der_len)), CS_OK);
    assert_memory_equal(again, sig->rs, 64);
}

static void signatures_come_out_with_low_s_and_the_right_recovery_id(void **state)
{
    unsigned seen[2][2] = {{0}};

    (void)state;
    for (int i = 0; i < 40; i++) {
        struct cs_point R = some_point(secp);
        struct cs_ecdsa_sig sig;
        struct made m;
        bool high = i % 2 == 1;
        uint8_t raw[CS_POINT_MAX];

        make(&m, &R, high);
        assert_int_equal(cs_ecdsa_release(&sig, &m.R, &m.s, m.digest, &m.X, true),
                         CS_OK);
        is_right(&m, &sig);
        (void)cs_point_encode(&R, raw);
        assert_int_equal(sig.recid, (raw[0] == 3 ? 1 : 0) ^ (high ? 1 : 0));
        seen[high][raw[0] - 2]++;
    }
    assert_true(seen[0][0] && seen[0][1] && seen[1][0] && seen[1][1]);
}

/* Points with q <= x < p: the smallest is found by trying. */
static struct cs_point large_x(bool odd)
{
    static const char q[] =
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    uint8_t raw[33];
    struct cs_scalar x = hex_scalar(q);
    struct cs_point R;

    raw[0] = odd ? 3 : 2;
    for (unsigned i = 0; i < 100; i++) {
        memcpy(raw + 1, x.b, 32);
        raw[32] = (uint8_t)(raw[32] + i);
        if (i > 0 && cs_point_decode(secp, &R, CS_SPAN_OF(raw)) == CS_OK) {
            return R;
        }
    }
    fail_msg("no point found");
    return R;
}

/* Row 47: recovery ids 2 and 3 too, which no honest run meets. */
static void an_x_above_the_order_gives_recovery_ids_2_and_3(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct cs_point R = large_x((i & 1) != 0);
        struct cs_ecdsa_sig sig, zero = {.recid = 0};
        struct made m;

        make(&m, &R, (i & 2) != 0);
        assert_int_equal(cs_ecdsa_release(&sig, &m.R, &m.s, m.digest, &m.X, false),
                         CS_OK);
        is_right(&m, &sig);
        assert_int_equal(sig.recid, 2 | ((i & 1) ^ (i >> 1)));
        /* chains without them: fresh material (6.2.4) */
        assert_int_equal(cs_ecdsa_release(&sig, &m.R, &m.s, m.digest, &m.X, true),
                         CS_ERR_ABORTED);
        assert_memory_equal(&sig, &zero, sizeof zero);
    }
}

/* There is a point with x = q, so that r would be 0 (4.7). */
static void an_x_that_is_the_order_gives_no_r(void **state)
{
    static const char q[] =
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    uint8_t raw[33] = {2};
    struct cs_scalar x = hex_scalar(q), r, s = small(secp, 1);
    struct cs_ecdsa_sig sig, zero = {.recid = 0};
    struct cs_point R, X = some_point(secp);

    (void)state;
    memcpy(raw + 1, x.b, 32);
    assert_int_equal(cs_point_decode(secp, &R, CS_SPAN_OF(raw)), CS_OK);
    assert_false(cs_ecdsa_r(&r, &R));
    memset(&sig, 0xff, sizeof sig);
    assert_int_equal(cs_ecdsa_release(&sig, &R, &s, raw + 1, &X, false),
                     CS_ERR_SIG_INVALID);
    assert_memory_equal(&sig, &zero, sizeof zero);
}

/* Row 46. */
static void whatever_does_not_verify_leaves_a_zeroed_buffer(void **state)
{
    struct cs_ecdsa_sig sig, zero = {.recid = 0};
    struct cs_scalar one = small(secp, 1), none = small(secp, 0), s;
    struct cs_point R = some_point(secp), other, inf;
    struct made m;
    uint8_t digest[32];

    (void)state;
    make(&m, &R, false);
    memset(&sig, 0xff, sizeof sig);
    cs_scalar_add(secp, &s, &m.s, &one);
    assert_int_equal(cs_ecdsa_release(&sig, &m.R, &s, m.digest, &m.X, false),
                     CS_ERR_SIG_INVALID);
    assert_memory_equal(&sig, &zero, sizeof zero);
    memset(&sig, 0xff, sizeof sig);
    assert_int_equal(cs_ecdsa_release(&sig, &m.R, &none, m.digest, &m.X, false),
                     CS_ERR_SIG_INVALID);
    assert_memory_equal(&sig, &zero, sizeof zero);
    memset(&sig, 0xff, sizeof sig);
    other = some_point(secp);
    assert_int_equal(cs_ecdsa_release(&sig, &m.R, &m.s, m.digest, &other, false),
                     CS_ERR_SIG_INVALID);
    assert_memory_equal(&sig, &zero, sizeof zero);
    memset(&sig, 0xff, sizeof sig);
    assert_int_equal(cs_ecdsa_release(&sig, &other, &m.s, m.digest, &m.X, false),
                     CS_ERR_SIG_INVALID);
    assert_memory_equal(&sig, &zero, sizeof zero);
    memset(&sig, 0xff, sizeof sig);
    cs_point_identity(secp, &inf);
    cs_point_sub(&other, &inf, &m.R); /* -R: r is right, the recovery id is not */
    assert_int_equal(cs_ecdsa_release(&sig, &other, &m.s, m.digest, &m.X, false),
                     CS_ERR_SIG_INVALID);
    assert_memory_equal(&sig, &zero, sizeof zero);
    memset(&sig, 0xff, sizeof sig);
    memcpy(digest, m.digest, 32);
    digest[31] ^= 1;
    assert_int_equal(cs_ecdsa_release(&sig, &m.R, &m.s, digest, &m.X, false),
                     CS_ERR_SIG_INVALID);
    assert_memory_equal(&sig, &zero, sizeof zero);
    memset(&sig, 0xff, sizeof sig);
    assert_int_equal(cs_ecdsa_release(&sig, &inf, &m.s, m.digest, &m.X, false),
                     CS_ERR_SIG_INVALID);
    assert_memory_equal(&sig, &zero, sizeof zero);
    memset(&sig, 0xff, sizeof sig);
    assert_int_equal(cs_ecdsa_release(&sig, &m.R, &m.s, m.digest, &inf, false),
                     CS_ERR_SIG_INVALID);
    assert_memory_equal(&sig, &zero, sizeof zero);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_come_out_with_low_s_and_the_right_recovery_id),
        cmocka_unit_test(an_x_above_the_order_gives_recovery_ids_2_and_3),
        cmocka_unit_test(an_x_that_is_the_order_gives_no_r),
        cmocka_unit_test(whatever_does_not_verify_leaves_a_zeroed_buffer),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
