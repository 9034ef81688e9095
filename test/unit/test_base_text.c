/* Hex, base64, proquint words and UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void hex_goes_both_ways_in_either_case(void **state)
{
    uint8_t bytes[256], back[256];
    char hex[513];

    (void)state;
    for (int i = 0; i < 256; i++) {
        bytes[i] = (uint8_t)i;
    }
    assert_ptr_equal(cs_hex(hex, bytes, sizeof bytes), hex);
    assert_int_equal(strlen(hex), 512);
    assert_memory_equal(hex, "000102030405060708090a0b0c0d0e0f10", 34);
    assert_int_equal(cs_unhex(back, sizeof back, hex), CS_OK);
    assert_memory_equal(back, bytes, sizeof bytes);
    for (char *c = hex; *c != '\0'; c++) {
        *c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
    }
    memset(back, 0, sizeof back);
    assert_int_equal(cs_unhex(back, sizeof back, hex), CS_OK);
    assert_memory_equal(back, bytes, sizeof bytes);
    assert_int_equal(cs_unhex(back, 0, ""), CS_OK);
}

static void hex_of_another_length_or_with_other_characters_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "0",
                                      "00",
                                      "000",
                                      "00000",
                                      "000g",
                                      "00 0",
                                      "0x00",
                                      "00 00",
                                      "00:00",
                                      " 0000",
                                      "0000 ",
                                      "00\n00",
                                      "-000",
                                      ("\xc3\xa9"
                                       "00")};
    uint8_t out[2];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        assert_int_equal(cs_unhex(out, sizeof out, bad[i]), CS_ERR_BAD_TEXT);
    }
    assert_int_equal(cs_unhex(out, sizeof out, "00ff"), CS_OK);
}

static void hex_into_a_writer_is_all_or_nothing(void **state)
{
    struct cs_wr w = {0};

    (void)state;
    cs_wr_str(&w, "x");
    assert_int_equal(cs_unhex_wr(&w, "6162zz", 6), CS_ERR_BAD_TEXT);
    assert_int_equal(cs_unhex_wr(&w, "616", 3), CS_ERR_BAD_TEXT);
    assert_int_equal(cs_unhex_wr(&w, "6", 1), CS_ERR_BAD_TEXT);
    assert_int_equal(w.n, 1);
    assert_int_equal(cs_unhex_wr(&w, "", 0), CS_OK);
    assert_int_equal(cs_unhex_wr(&w, "6162", 4), CS_OK);
    assert_memory_equal(w.p, "xab", 3);
    cs_wr_hex(&w, CS_SPAN_LIT("\xab\xcd"));
    assert_int_equal(w.n, 7);
    assert_memory_equal(w.p, "xababcd", 7);
    cs_wr_free(&w);
    w.max = 8;
    assert_int_equal(cs_unhex_wr(&w, "000000000000000000", 18), CS_ERR_TOO_LONG);
    cs_wr_free(&w);
}

/* RFC 4648, section 10. */
static void base64_gives_the_published_values_and_reads_them_back(void **state)
{
    static const char *const rows[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"}};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        size_t plain = strlen(rows[i][0]), coded = strlen(rows[i][1]);
        struct cs_wr w = {0}, back = {0};

        cs_wr_b64(&w, CS_SPAN(rows[i][0], plain));
        assert_int_equal(w.n, coded);
        assert_memory_equal(w.p, rows[i][1], coded);
        assert_int_equal(cs_unb64(&back, rows[i][1], coded), CS_OK);
        assert_int_equal(back.n, plain);
        assert_memory_equal(back.p, rows[i][0], plain);
        cs_wr_free(&w);
        cs_wr_free(&back);
    }
}

static void base64_has_one_form_per_value(void **state)
{
    static const char *const bad[] = {"Z",    "Zg",    "Zg=",     "Zg===", "Zh==",
                                      "Zm9=", "Zm 8=", "Zm8=\n",  "Zm8-",  "Zm_v",
                                      "====", "=Zg=",  "Zg==Zg=="};
    struct cs_wr w = {0};

    (void)state;
    cs_wr_str(&w, "keep");
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        assert_int_equal(cs_unb64(&w, bad[i], strlen(bad[i])), CS_ERR_BAD_TEXT);
        assert_int_equal(w.n, 4);
    }
    cs_wr_free(&w);
}

/* "A Proposal for Proquints": 127.0.0.1 is lusab-babad and so on. */
static void words_are_the_published_proquints(void **state)
{
    static const uint8_t bytes[CS_WORDS_BYTES] = {127, 0,   0,   1,  63,  84,
                                                  220, 193, 140, 98, 193, 141};
    char words[CS_WORDS_LEN];

    (void)state;
    assert_string_equal(cs_words(words, bytes), "lusab-babad-gutih-tugad-mudof-sakat");
    assert_int_equal(strlen(words), CS_WORDS_LEN - 1);
}

static void every_bit_of_the_code_shows_in_the_words(void **state)
{
    uint8_t bytes[CS_WORDS_BYTES] = {0};
    char base[CS_WORDS_LEN], other[CS_WORDS_LEN];

    (void)state;
    cs_words(base, bytes);
    for (int bit = 0; bit < 8 * CS_WORDS_BYTES; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        cs_words(other, bytes);
        assert_string_not_equal(base, other);
        assert_false(cs_words_equal(other, base));
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void typed_words_may_differ_in_case_and_separators_only(void **state)
{
    static const char words[] = "lusab-babad-gutih";

    (void)state;
    assert_true(cs_words_equal("lusab-babad-gutih", words));
    assert_true(cs_words_equal("LUSAB babad  Gutih ", words));
    assert_true(cs_words_equal(" lusabbabadgutih", words));
    assert_false(cs_words_equal("", words));
    assert_false(cs_words_equal("lusab-babad", words));
    assert_false(cs_words_equal("lusab-babad-gutihx", words));
    assert_false(cs_words_equal("lusab-babad-gutiz", words));
    assert_false(cs_words_equal("lusab-babad-guti\xe8", words));
    assert_false(cs_words_equal("babad-lusab-gutih", words));
    assert_false(cs_words_equal("", "")); /* a code that is not there yet */
    assert_false(cs_words_equal(" - ", ""));
    assert_false(cs_words_equal("-", "-"));
}

static void utf8_is_taken_in_its_shortest_form_only(void **state)
{
    static const char *const good[] = {"",
                                       "a",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "x\xc3\xa9y\xe2\x82\xacz"};
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf", /* lone, overlong 2 */
                                      "\xc2",
                                      "\xe2\x82",
                                      "\xf0\x90\x80",
                                      "a\xc2", /* truncated */
                                      "\xc2\x41",
                                      "\xe2\x41\xac",
                                      "\xf0\x90\x41\x80", /* broken inside */
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf", /* overlong 3 */
                                      "\xf0\x80\x80\x80",
                                      "\xf0\x8f\xbf\xbf", /* overlong 4 */
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf", /* surrogates */
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xfe"};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(good); i++) {
        assert_true(cs_utf8_ok(CS_SPAN(good[i], strlen(good[i]))));
    }
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        assert_false(cs_utf8_ok(CS_SPAN(bad[i], strlen(bad[i]))));
    }
    assert_false(cs_utf8_ok(CS_SPAN("a\0b", 3)));
    assert_false(cs_utf8_ok(CS_SPAN("\xc2\x80", 1))); /* the rest is not its */
    assert_false(cs_utf8_ok(CS_SPAN("\xf0\x90\x80\x80", 3)));
    assert_true(cs_utf8_ok(CS_SPAN(NULL, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_goes_both_ways_in_either_case),
        cmocka_unit_test(hex_of_another_length_or_with_other_characters_is_refused),
        cmocka_unit_test(hex_into_a_writer_is_all_or_nothing),
        cmocka_unit_test(base64_gives_the_published_values_and_reads_them_back),
        cmocka_unit_test(base64_has_one_form_per_value),
        cmocka_unit_test(words_are_the_published_proquints),
        cmocka_unit_test(every_bit_of_the_code_shows_in_the_words),
        cmocka_unit_test(typed_words_may_differ_in_case_and_separators_only),
        cmocka_unit_test(utf8_is_taken_in_its_shortest_form_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
