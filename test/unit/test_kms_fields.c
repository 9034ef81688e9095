/* Strings out of a JSON object without a tree: strict, bounded, wiped on refusal. */
#include "kms/fields.h"
#include "support/kms_bed.h"

static char a_text[32], b_text[8];
static struct cs_field two[] = {{"a", a_text, sizeof a_text, false},
                                {"b", b_text, sizeof b_text, false}};

static void take(const char *text, const char *a, const char *b)
{
    assert_ok(cs_fields_read(two, 2, T(text)));
    assert_int_equal(two[0].is_found, a != NULL);
    assert_int_equal(two[1].is_found, b != NULL);
    assert_string_equal(a_text, a == NULL ? "" : a);
    assert_string_equal(b_text, b == NULL ? "" : b);
}

static void wanted_strings_are_found_and_others_skipped(void **state)
{
    (void)state;
    take("{}", NULL, NULL);
    take(" { \"a\" : \"x\" , \"b\":\"\" } \n", "x", "");
    take("{\"c\":{\"a\":[\"}\",{}]},\"b\":\"1234567\",\"d\":-1.5e+3,\"e\":true}", NULL,
         "1234567");
    take("{\"a\":null,\"c\":null,\"c\":[]}", NULL, NULL);
    take("{\"\\u0061\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "\"\\/\b\f\n\r\t", NULL);
    take("{\"a\":\"\\u00e9\\u20ac\\ud83d\\ude00\xc3\xa9\"}",
         "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9", NULL);
}

static void refuse_n(const char *text, size_t n, enum cs_err want)
{
    memset(a_text, 'x', sizeof a_text);
    memset(b_text, 'x', sizeof b_text);
    two[0].is_found = two[1].is_found = true;
    if (cs_fields_read(two, 2, CS_SPAN(text, n)) != want) {
        fail_msg("not refused as wanted: %s", text);
    }
    assert_true(cs_ct_is_zero(a_text, sizeof a_text));
    assert_true(cs_ct_is_zero(b_text, sizeof b_text));
    assert_false(two[0].is_found || two[1].is_found);
}

static void what_is_no_such_object_is_refused_and_wiped(void **state)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "[]",
                                      "\"a\"",
                                      "{",
                                      "{\"a\"",
                                      "{\"a\":",
                                      "{\"a\":\"x",
                                      "{\"a\":\"x\"",
                                      "{\"a\":\"x\",}",
                                      "{,}",
                                      "{\"a\" \"x\"}",
                                      "{a:\"x\"}",
                                      "{\"a\":\"x\"}}",
                                      "{\"a\":\"x\"} {}",
                                      "{\"a\":\"x\",\"a\":\"x\"}",
                                      "{\"a\":1}",
                                      "{\"a\":[\"x\"]}",
                                      "{\"a\":nul}",
                                      "{\"a\":nulll}",
                                      "{\"a\":\"\\x\"}",
                                      "{\"a\":\"\\u00\"}",
                                      "{\"a\":\"\\u0000\"}",
                                      "{\"a\":\"\\ud800\"}",
                                      "{\"a\":\"\\ud800\\u0041\"}",
                                      "{\"a\":\"\\udc00\"}",
                                      "{\"a\":\"\n\"}",
                                      "{\"a\":\"\xff\"}",
                                      "{\"c\":{]}",
                                      "{\"c\":{}",
                                      "{\"c\":}",
                                      "{\"c\":%}",
                                      "{\"c\":[[}]}",
                                      "{\"a\":\"x\" \"b\":\"y\"}",
                                      "{\"a\":\"x\",\"c\":\"\\"};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        refuse_n(bad[i], strlen(bad[i]), CS_ERR_BAD_TEXT);
    }
    refuse_n("{\"a\":\"x\0\"}", 9, CS_ERR_BAD_TEXT);
}

static void what_is_too_long_or_too_deep_is_refused_and_wiped(void **state)
{
    static const char long_b[] = "{\"a\":\"secret\",\"b\":\"12345678\"}";
    char deep[64] = "{\"c\":", name[300] = "{\"";

    (void)state;
    refuse_n(long_b, strlen(long_b), CS_ERR_TOO_LONG);
    memset(deep + 5, '[', 17);
    memset(deep + 22, ']', 17);
    deep[39] = '}';
    refuse_n(deep, 40, CS_ERR_LIMIT);
    deep[5] = ' ';
    deep[38] = ' ';
    assert_ok(cs_fields_read(two, 2, CS_SPAN(deep, 40)));
    memset(name + 2, 'n', 200);
    memcpy(name + 202, "\":1}", 4);
    refuse_n(name, 206, CS_ERR_TOO_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wanted_strings_are_found_and_others_skipped),
        cmocka_unit_test(what_is_no_such_object_is_refused_and_wiped),
        cmocka_unit_test(what_is_too_long_or_too_deep_is_refused_and_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
