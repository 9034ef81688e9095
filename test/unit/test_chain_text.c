/* Decimals are exact or empty; strangers' text cannot disturb a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chain/text.h"

static void scaled(uint64_t mantissa, int exponent, const char *want)
{
    char out[128];

    assert_true(cs_text_scaled(out, sizeof out, mantissa, exponent));
    assert_string_equal(out, want);
}

static void decimals_are_exact(void **state)
{
    (void)state;
    scaled(0, 0, "0");
    scaled(0, -9, "0");
    scaled(0, 80, "0");
    scaled(1, 0, "1");
    scaled(100, 0, "100");
    scaled(15, -1, "1.5");
    scaled(1500000, -6, "1.5");
    scaled(1, -6, "0.000001");
    scaled(123456, -6, "0.123456");
    scaled(1234567, -6, "1.234567");
    scaled(7, 3, "7000");
    scaled(UINT64_MAX, -9, "18446744073.709551615");
    scaled(UINT64_MAX, 0, "18446744073709551615");
    scaled(10, -1, "1");
}

static void a_number_that_does_not_fit_is_empty(void **state)
{
    char out[8] = "old";
    char wide[512];

    (void)state;
    assert_false(cs_text_decimal(wide, sizeof wide, 1, 256));
    assert_string_equal(wide, "");
    assert_true(cs_text_decimal(wide, sizeof wide, 1, 255));
    assert_false(cs_text_scaled(wide, sizeof wide, 1, 256));
    assert_string_equal(wide, "");
    assert_false(cs_text_scaled(wide, sizeof wide, 1, -256));
    assert_true(cs_text_decimal(out, sizeof out, 1234567, 0));
    assert_false(cs_text_decimal(out, sizeof out, 12345678, 0));
    assert_string_equal(out, "");
    assert_false(cs_text_decimal(out, sizeof out, 1, 7));
    assert_string_equal(out, "");
    assert_false(cs_text_decimal(out, sizeof out, 1, 256));
    assert_false(cs_text_scaled(out, sizeof out, 1, 256));
    assert_string_equal(out, "");
}

static void show(const char *bytes, const char *want, bool is_whole)
{
    char out[16];

    assert_int_equal(cs_text_show(out, sizeof out, CS_SPAN(bytes, strlen(bytes))),
                     is_whole);
    assert_string_equal(out, want);
}

static void strangers_text_is_tamed(void **state)
{
    (void)state;
    show("", "", true);
    show("invoice 7", "invoice 7", true);
    show("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", true);
    show("a\nb\tc\x7f", "a?b?c?", true);
    show("a\xc2\x85z", "a?z", true); /* C1 control */
    show("a\xe2\x80\xae"
         "z",
         "a?z", true); /* right-to-left override */
    show("a\xe2\x80\xa8"
         "z",
         "a?z", true); /* line separator */
    show("a\xe2\x80\x8b"
         "z",
         "a?z", true); /* zero width space */
    show("a\xe2\x81\xa6"
         "z",
         "a?z", true); /* direction isolate */
    show("a\xd8\x9c"
         "z",
         "a?z", true); /* Arabic letter mark */
    show("\xef\xbb\xbf"
         "z",
         "?z", true);                                   /* byte order mark */
    show("\xe2\x82\xac", "\xe2\x82\xac", true);         /* the euro sign stays */
    show("\xff\x01", "0xff01", true);                   /* not UTF-8 */
    show("0123456789abcdef", "0123456789abcde", false); /* cut */
    show("0123456789abcd\xc3\xbc", "0123456789abcd", false);
    show("\xff"
         "23456789",
         "0xff32333435363", false);
}

static void a_line_stays_terminated_and_stops_at_the_first_cut(void **state)
{
    char out[6];
    struct cs_text t = cs_text_begin(out, sizeof out);

    (void)state;
    assert_string_equal(out, "");
    cs_text_add(&t, "ab");
    cs_text_add_u64(&t, 12);
    assert_string_equal(out, "ab12");
    cs_text_add(&t, "cd");
    assert_true(t.is_cut);
    assert_string_equal(out, "ab12c");
    cs_text_add(&t, "");
    cs_text_add(&t, "e");
    assert_string_equal(out, "ab12c");
    t = cs_text_begin(out, sizeof out);
    cs_text_add(&t, "abcd\xc3\xbc"); /* the cut leaves room for one byte */
    cs_text_add(&t, "e");
    assert_string_equal(out, "abcd");
    assert_false(cs_text_copy(out, sizeof out, "longer"));
    assert_true(cs_text_copy(out, sizeof out, "short"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_exact),
        cmocka_unit_test(a_number_that_does_not_fit_is_empty),
        cmocka_unit_test(strangers_text_is_tamed),
        cmocka_unit_test(a_line_stays_terminated_and_stops_at_the_first_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
