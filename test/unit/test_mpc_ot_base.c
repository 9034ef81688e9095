/* Base OTs (PROTOCOLS 4.2): keys fit, elements are validated, nothing shows Delta. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "crypto/oracle.h"
#include "mpc/ot_base.h"
#include "support/groups.h"

static struct cs_ot_base alice;
static struct cs_ot_alice_keys alice_keys;
static struct cs_ot_bob_keys bob_keys;
static uint8_t osid[32], local[32], r[CS_OT_R_LEN], m[CS_OT_S_LEN];

static unsigned bit(const uint8_t *p, size_t i)
{
    return (unsigned)(p[i >> 3] >> (i & 7)) & 1;
}

/* Calls of cs_ristretto_scrub (the linker sends them here, CMakeLists.txt). */
static size_t scrubs;
void __real_cs_ristretto_scrub(void);
void __wrap_cs_ristretto_scrub(void);

void __wrap_cs_ristretto_scrub(void)
{
    scrubs++;
    __real_cs_ristretto_scrub();
}

static void request(void)
{
    uint8_t rand[32];

    stream_bytes(&rnd, osid, 32);
    stream_bytes(&rnd, local, 32);
    stream_bytes(&rnd, rand, 32);
    assert_int_equal(cs_ot_base_request(&alice, osid, rand, local), CS_OK);
    memcpy(r, alice.r, sizeof r);
}

static enum cs_err answer(void)
{
    uint8_t rand[32];

    stream_bytes(&rnd, rand, 32);
    return cs_ot_base_answer(&bob_keys, m, osid, r, rand, local);
}

static enum cs_err finish(void)
{
    return cs_ot_base_finish(&alice_keys, &alice, m);
}

static void alice_gets_the_key_of_her_choice_and_not_the_other(void **state)
{
    unsigned ones = 0;

    (void)state;
    request();
    assert_int_equal(answer(), CS_OK);
    assert_int_equal(finish(), CS_OK);
    assert_true(cs_ct_is_zero(&alice, sizeof alice)); /* spent */
    for (size_t i = 0; i < CS_OT_ROWS; i++) {
        unsigned d = bit(alice_keys.delta, i);

        assert_memory_equal(alice_keys.k[i], bob_keys.k[d][i], 32);
        assert_memory_not_equal(alice_keys.k[i], bob_keys.k[1 - d][i], 32);
        ones += d;
    }
    assert_in_range(ones, 30, 98);
}

/* Limbs of secret points are left there: test_crypto_ristretto shows them. */
static void the_stack_is_overwritten_after_each_flight(void **state)
{
    (void)state;
    scrubs = 0;
    request();
    assert_int_equal(scrubs, 1);
    assert_int_equal(answer(), CS_OK);
    assert_int_equal(scrubs, 2);
    assert_int_equal(finish(), CS_OK);
    assert_int_equal(scrubs, 3);
}

static void hash_is(const void *p, size_t n, const char *want)
{
    uint8_t h[crypto_hash_sha256_BYTES];
    char hex[65];

    (void)crypto_hash_sha256(h, p, n);
    assert_string_equal(cs_hex(hex, h, sizeof h), want);
}

/* Made by the version that computed with libsodium's ristretto255 throughout. */
static void fixed_randomness_gives_the_bytes_it_always_gave(void **state)
{
    uint8_t fixed[4][32];

    (void)state;
    for (int i = 0; i < 4; i++) {
        memset(fixed[i], i + 1, sizeof fixed[i]);
    }
    assert_int_equal(cs_ot_base_request(&alice, fixed[0], fixed[1], fixed[3]), CS_OK);
    memcpy(r, alice.r, sizeof r);
    assert_int_equal(cs_ot_base_answer(&bob_keys, m, fixed[0], r, fixed[2], fixed[3]),
                     CS_OK);
    assert_int_equal(finish(), CS_OK);
    hash_is(r, sizeof r,
            "00bbeb01d5fb2963151b686eacb2e8c43c71fb0a79377332166db6c4bdab912d");
    hash_is(m, sizeof m,
            "bd1fa1d30a99067bdfadc88e36c470446a6cfe8aa20915926902f3a8dafb75ac");
    hash_is(&bob_keys, sizeof bob_keys,
            "f5c6a3685d9bcf1e32348918b3f51aa9a9fcf968dcdd3aa85f2f9a6b6c7cccfd");
    hash_is(&alice_keys, sizeof alice_keys,
            "991de14c4cdade65371a726f1572c4c2e27df6378a13f484d13253ed4e5a55ed");
}

/* Row 10: from the transcript alone, even with Alice's choice, there is no key: it
 * hangs on a product with the sender's own secret. */
static void another_sender_makes_other_keys_of_the_same_request(void **state)
{
    static struct cs_ot_bob_keys first;

    (void)state;
    request();
    assert_int_equal(answer(), CS_OK);
    first = bob_keys;
    assert_int_equal(answer(), CS_OK);
    for (size_t i = 0; i < CS_OT_ROWS; i++) {
        for (int c = 0; c < 2; c++) {
            assert_memory_not_equal(first.k[c][i], bob_keys.k[c][i], 32);
        }
    }
}

static void keys_hang_on_the_whole_transcript(void **state)
{
    uint8_t other[32], wide[64];

    (void)state;
    request();
    assert_int_equal(answer(), CS_OK);
    stream_bytes(&rnd, wide, sizeof wide);
    (void)crypto_core_ristretto255_from_hash(other, wide);
    memcpy(m + 32 * (2 * 5 + (1 - bit(alice.delta, 5))), other, 32); /* not chosen */
    assert_int_equal(finish(), CS_OK);
    assert_memory_not_equal(alice_keys.k[5], bob_keys.k[0][5], 32);
    assert_memory_not_equal(alice_keys.k[5], bob_keys.k[1][5], 32);
}

/* Rows 8, 9: identity, not canonical, negative, not on the curve. */
static const char *const bad_elements[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    /* the base point with the top bit set, which libsodium 1.0.18 takes */
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2df6",
};

static void bob_refuses_what_is_no_element_at_every_place(void **state)
{
    (void)state;
    request();
    for (size_t i = 0; i < CS_COUNTOF(bad_elements); i++) {
        static const size_t at[] = {0, 1, 100, 255};

        for (size_t k = 0; k < CS_COUNTOF(at); k++) {
            struct cs_scalar bad = hex_scalar(bad_elements[i]);

            memcpy(r, alice.r, sizeof r);
            memcpy(r + 32 * at[k], bad.b, 32);
            assert_int_equal(answer(), CS_ERR_BAD_POINT);
            assert_true(cs_ct_is_zero(&bob_keys, sizeof bob_keys));
            assert_true(cs_ct_is_zero(m, sizeof m));
        }
    }
}

/* 15.4 D2, 15.8: refused whatever Delta is at that place. */
static void alice_refuses_a_bad_element_whether_or_not_she_chose_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad_elements); i++) {
        for (unsigned chosen = 0; chosen < 2; chosen++) {
            struct cs_scalar bad = hex_scalar(bad_elements[i]);
            size_t row = 7 * i;

            request();
            assert_int_equal(answer(), CS_OK);
            memcpy(m + 32 * (2 * row + (bit(alice.delta, row) ^ (1 - chosen))), bad.b,
                   32);
            assert_int_equal(finish(), CS_ERR_BAD_POINT);
            assert_true(cs_ct_is_zero(&alice_keys, sizeof alice_keys));
            assert_true(cs_ct_is_zero(&alice, sizeof alice));
        }
    }
}

/* r_0 = -H(i, 0, r_1): the product is the identity, whatever tau is. */
static void bob_discards_all_when_a_product_is_the_identity(void **state)
{
    const uint8_t i[2] = {0, 3}, c = 0;
    uint8_t wide[64], h[32], zero[32] = {0};

    (void)state;
    request();
    const struct cs_span x[] = {CS_SPAN_OF(osid), CS_SPAN_OF(i), CS_SPAN(&c, 1),
                                CS_SPAN(r + 32 * 7, 32)};
    cs_th64(wide, CS_TAG_OT_H, x, CS_COUNTOF(x));
    (void)crypto_core_ristretto255_from_hash(h, wide);
    assert_int_equal(crypto_core_ristretto255_sub(r + 32 * 6, zero, h), 0);
    assert_int_equal(answer(), CS_ERR_ZERO_OR_RANGE);
    assert_true(cs_ct_is_zero(&bob_keys, sizeof bob_keys));
    assert_true(cs_ct_is_zero(m, sizeof m));
}

/* t_i = 0 makes Alice's product the identity, in whichever row. */
static void alice_discards_all_when_a_product_is_the_identity(void **state)
{
    static const size_t rows[] = {0, 77, CS_OT_ROWS - 1};

    (void)state;
    for (size_t k = 0; k < CS_COUNTOF(rows); k++) {
        request();
        assert_int_equal(answer(), CS_OK);
        memset(alice.t[rows[k]], 0, 32);
        assert_int_equal(finish(), CS_ERR_ZERO_OR_RANGE);
        assert_true(cs_ct_is_zero(&alice_keys, sizeof alice_keys));
        assert_true(cs_ct_is_zero(&alice, sizeof alice));
    }
}

/* Row 8: the element that Alice did not compute looks like the other.  Each byte of r_0
 * and r_1, high and low bits, in 10^4 rows: chi-square with one degree each, by Delta.
 */
static void the_request_does_not_show_delta(void **state)
{
    enum { RUNS = 79, ROWS = RUNS * CS_OT_ROWS };
    static unsigned ones[2][256]; /* [rho or y][bit of the encoding] */

    (void)state;
    memset(ones, 0, sizeof ones);
    for (int run = 0; run < RUNS; run++) {
        request();
        for (size_t i = 0; i < CS_OT_ROWS; i++) {
            unsigned d = bit(alice.delta, i);

            for (unsigned c = 0; c < 2; c++) {
                const uint8_t *e = r + 32 * (2 * i + c);

                assert_int_equal(crypto_core_ristretto255_is_valid_point(e), 1);
                for (size_t k = 0; k < 256; k++) {
                    ones[c ^ d][k] += bit(e, k);
                }
            }
        }
    }
    for (size_t k = 1; k < 255; k++) { /* the lowest and highest bits are always 0 */
        for (int who = 0; who < 2; who++) {
            double dev = (double)ones[who][k] - ROWS / 2.0;

            assert_true(dev * dev / (ROWS / 4.0) < 25.0); /* 5 sigma */
        }
    }
    assert_int_equal(ones[0][0] + ones[1][0] + ones[0][255] + ones[1][255], 0);
}

/* Row 52: same random bytes, other session or other node. */
static void constant_randomness_still_gives_other_choices(void **state)
{
    static struct cs_ot_base a, b;
    uint8_t rand[32] = {7}, other[32] = {8};

    (void)state;
    assert_int_equal(cs_ot_base_request(&a, osid, rand, local), CS_OK);
    assert_int_equal(cs_ot_base_request(&b, other, rand, local), CS_OK);
    assert_memory_not_equal(a.delta, b.delta, sizeof a.delta);
    assert_memory_not_equal(a.t, b.t, sizeof a.t);
    assert_int_equal(cs_ot_base_request(&b, osid, rand, other), CS_OK);
    assert_memory_not_equal(a.delta, b.delta, sizeof a.delta);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alice_gets_the_key_of_her_choice_and_not_the_other),
        cmocka_unit_test(the_stack_is_overwritten_after_each_flight),
        cmocka_unit_test(fixed_randomness_gives_the_bytes_it_always_gave),
        cmocka_unit_test(another_sender_makes_other_keys_of_the_same_request),
        cmocka_unit_test(keys_hang_on_the_whole_transcript),
        cmocka_unit_test(bob_refuses_what_is_no_element_at_every_place),
        cmocka_unit_test(alice_refuses_a_bad_element_whether_or_not_she_chose_it),
        cmocka_unit_test(bob_discards_all_when_a_product_is_the_identity),
        cmocka_unit_test(alice_discards_all_when_a_product_is_the_identity),
        cmocka_unit_test(the_request_does_not_show_delta),
        cmocka_unit_test(constant_randomness_still_gives_other_choices),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
