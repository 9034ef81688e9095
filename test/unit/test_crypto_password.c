/* One-time codes with the vectors of RFC 6238 (appendix B, SHA-1) and RFC 4226
 * (appendix D); Argon2id against a value of the reference implementation (libargon2
 * 20190702). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "crypto/group.h"
#include "crypto/password.h"

#define RFC_SECRET CS_SPAN_LIT("12345678901234567890")

static void totp_gives_the_codes_of_rfc6238(void **state)
{
    static const struct {
        uint64_t unix_s;
        uint32_t code; /* the last six of the RFC's eight digits */
    } rows[] = {{59, 287082},       {1111111109, 81804},  {1111111111, 50471},
                {1234567890, 5924}, {2000000000, 279037}, {20000000000, 353130}};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        assert_int_equal(cs_totp(RFC_SECRET, rows[i].unix_s / 30), rows[i].code);
    }
}

static void codes_are_those_of_rfc4226(void **state)
{
    static const uint32_t codes[] = {755224, 287082, 359152, 969429, 338314,
                                     254676, 287922, 162583, 399871, 520489};

    (void)state;
    for (uint64_t i = 0; i < CS_COUNTOF(codes); i++) {
        assert_int_equal(cs_totp(RFC_SECRET, i), codes[i]);
    }
}

static void a_code_is_good_one_step_early_and_late_and_no_more(void **state)
{
    const uint64_t now = 1790000000, at = now / 30;
    uint64_t step;

    (void)state;
    for (uint64_t s = at - 3; s <= at + 3; s++) {
        bool near = s + 1 >= at && s <= at + 1;

        assert_int_equal(
            cs_totp_check(&step, RFC_SECRET, cs_totp(RFC_SECRET, s), now, 0), near);
        assert_int_equal(step, near ? s : 0);
    }
    assert_false(cs_totp_check(&step, RFC_SECRET, 1000000, now, 0));
    assert_false(cs_totp_check(&step, CS_SPAN_LIT("another secret"),
                               cs_totp(RFC_SECRET, at), now, 0));
}

static void a_code_is_good_once_and_none_before_it_afterwards(void **state)
{
    const uint64_t now = 1790000000, at = now / 30;
    uint64_t step;

    (void)state;
    assert_true(cs_totp_check(&step, RFC_SECRET, cs_totp(RFC_SECRET, at), now, at - 1));
    assert_false(cs_totp_check(&step, RFC_SECRET, cs_totp(RFC_SECRET, at), now, at));
    assert_false(
        cs_totp_check(&step, RFC_SECRET, cs_totp(RFC_SECRET, at - 1), now, at));
    assert_true(cs_totp_check(&step, RFC_SECRET, cs_totp(RFC_SECRET, at + 1), now, at));
}

static void argon2id_is_the_reference_implementations(void **state)
{
    uint8_t salt[CS_PASSWORD_SALT], out[CS_PASSWORD_OUT];
    char hex[2 * sizeof out + 1];

    (void)state;
    for (size_t i = 0; i < sizeof salt; i++) {
        salt[i] = (uint8_t)i;
    }
    assert_int_equal(cs_password_hash(out, CS_SPAN_LIT("correct horse battery"), salt,
                                      CS_PASSWORD_OPS, CS_PASSWORD_KIB),
                     CS_OK);
    assert_string_equal(
        cs_hex(hex, out, sizeof out),
        "a7ce58a35f4c5fa65ac50cb6ad6a7701ed3a0115c20ab96f136aa6d088a6a6d1"
        "33675f41b65d24fabf04c827ce3b81e749eb72279a4d17d18aeb1823c556e537");
}

static void weak_and_absurd_parameters_are_refused(void **state)
{
    static const uint32_t rows[][2] = {
        {1, CS_PASSWORD_KIB},    {CS_PASSWORD_OPS, CS_PASSWORD_KIB - 1},
        {CS_PASSWORD_OPS, 0},    {0, CS_PASSWORD_KIB},
        {1000, CS_PASSWORD_KIB}, {CS_PASSWORD_OPS, 1U << 30}};
    uint8_t salt[CS_PASSWORD_SALT] = {0}, out[CS_PASSWORD_OUT];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        assert_int_equal(
            cs_password_hash(out, CS_SPAN_LIT("x"), salt, rows[i][0], rows[i][1]),
            CS_ERR_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totp_gives_the_codes_of_rfc6238),
        cmocka_unit_test(codes_are_those_of_rfc4226),
        cmocka_unit_test(a_code_is_good_one_step_early_and_late_and_no_more),
        cmocka_unit_test(a_code_is_good_once_and_none_before_it_afterwards),
        cmocka_unit_test(argon2id_is_the_reference_implementations),
        cmocka_unit_test(weak_and_absurd_parameters_are_refused),
    };

    if (cs_crypto_init() != CS_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
