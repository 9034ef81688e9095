/* Reading and writing JSON of our own without detours: always what jansson does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/json_text.h"

/* ---- by jansson and by us ------------------------------------------------- */

static int keep(const char *p, size_t n, void *w)
{
    cs_wr_bytes(w, p, n);
    return 0;
}

static void check_write(const json_t *v)
{
    struct cs_wr a = {0}, b = {0};

    cs_json_write(&a, v);
    assert_int_equal(json_dump_callback(v, keep, &b, JSON_COMPACT), 0);
    assert_int_equal(a.err, CS_OK);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.p, b.p, b.n);
    cs_wr_free(&a);
    cs_wr_free(&b);
}

/* A copy of exactly that size: one byte too far is found. */
static json_t *load(const char *text, size_t n)
{
    uint8_t *p = test_malloc(n + (n == 0 ? 1 : 0));
    json_t *v;

    memcpy(p, text, n);
    v = cs_json_load(CS_SPAN(p, n));
    test_free(p);
    return v;
}

static void check_read(const char *text, size_t n)
{
    json_error_t e;
    json_t *a = load(text, n);
    json_t *b = n == 0 ? NULL : json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);

    if ((a == NULL) != (b == NULL) || (a != NULL && !json_equal(a, b))) {
        fail_msg("differs: %.*s", (int)n, text);
    }
    if (a != NULL) {
        check_write(a);
    }
    json_decref(a);
    json_decref(b);
}

static void check_texts(const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        check_read(texts[i], strlen(texts[i]));
    }
}

/* ---- what is there -------------------------------------------------------- */

static const char *const good[] = {
    "{}",
    "[]",
    "{\"a\":1}",
    "{\"a\":{\"b\":[1,2,{\"c\":null}],\"d\":true},\"e\":false}",
    "{\"\":\"\"}",
    "[0,-1,-0,1,10,999999999999999999,-999999999999999999]",
    "[9223372036854775807,-9223372036854775808,1000000000000000000]",
    "[1.5,-0.25,1e3,1E-2]",
    "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"]",
    "[\"gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x98\x80\",\"\x7f\"]",
    "{\"k\xc3\xa4\":1,\"\\u0061b\":2}",
    " { \"a\" : [ 1 , 2 ] } \n",
    "[[[[[[[[[[[[[[[[[[[[[[\"22 deep\"]]]]]]]]]]]]]]]]]]]]]]",
    "[{},[],[{}],\"a/b\"]",
};

static const char *const bad[] = {
    "",
    "{",
    "}",
    "[",
    "[1",
    "[1,",
    "[1,]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{a:1}",
    "{\"a\":1}x",
    "{}{}",
    "[01]",
    "[-]",
    "[+1]",
    "[.5]",
    "[1.]",
    "[tru]",
    "[truex]",
    "[nul]",
    "[\"a]",
    "[\"\\x\"]",
    "[\"\n\"]",
    "[\"\xff\"]",
    "[\"\xc3\"]",
    "[\"\\ud83d\"]",
    "{\"a\":1,\"a\":1}",
    "{\"a\":{\"b\":1,\"b\":2}}",
    "1",
    "\"a\"",
    "true",
    "[9223372036854775808]",
    "[1 2]",
    "{\"\xff\":1}",
    "{\"a\\u0000\":1}",
    "[1}",
    "{\"a\":1]",
};

static void what_jansson_reads_is_read_the_same(void **state)
{
    (void)state;
    check_texts(good, sizeof good / sizeof good[0]);
}

static void what_jansson_refuses_is_refused(void **state)
{
    (void)state;
    check_texts(bad, sizeof bad / sizeof bad[0]);
    check_read("[\"a\0b\"]", 7);
    check_read("{}\0", 3);
}

/* Each text cut off anywhere, and with each byte of it another one. */
static void texts_that_were_damaged_are_judged_as_jansson_does(void **state)
{
    static const char swaps[] = "\"\\{}[]:,0-1.etfn \x01\xc3\xff";
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        size_t n = strlen(good[i]);

        for (size_t k = 0; k < n; k++) {
            check_read(good[i], k);
            for (size_t s = 0; s < sizeof swaps; s++) {
                memcpy(text, good[i], n);
                text[k] = swaps[s];
                check_read(text, n);
            }
        }
    }
}

static void deep_texts_have_an_end(void **state)
{
    char text[5000];

    (void)state;
    memset(text, '[', sizeof text);
    check_read(text, sizeof text);
    memset(text + 2000, ']', 2000);
    check_read(text, 4000);
    memset(text + 2500, ']', 2500);
    check_read(text, sizeof text); /* too deep for jansson */
}

static void all_bytes_are_written_as_jansson_does(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 128; c++) {
        char text[3] = {'a', (char)c, 'b'};
        json_t *o = json_object();

        assert_int_equal(json_object_setn_new(o, text, 3, json_stringn(text, 3)), 0);
        check_write(o);
        json_decref(o);
    }
}

static void what_cannot_be_written_is_an_error(void **state)
{
    struct cs_wr w = {0};
    json_t *a = json_array(), *text = json_string("a");

    (void)state;
    cs_json_write(&w, NULL);
    assert_int_equal(w.err, CS_ERR_NOMEM);
    cs_wr_free(&w);
    cs_json_write(&w, text); /* no object, no array */
    assert_int_equal(w.err, CS_ERR_NOMEM);
    cs_wr_free(&w);
    assert_int_equal(json_array_append_new(a, json_stringn_nocheck("\xff", 1)), 0);
    cs_json_write(&w, a);
    assert_int_equal(w.err, CS_ERR_NOMEM);
    cs_wr_free(&w);
    w.max = 1;
    cs_json_write(&w, a);
    assert_int_equal(w.err, CS_ERR_TOO_LONG);
    cs_wr_free(&w);
    json_decref(a);
    json_decref(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_jansson_reads_is_read_the_same),
        cmocka_unit_test(what_jansson_refuses_is_refused),
        cmocka_unit_test(texts_that_were_damaged_are_judged_as_jansson_does),
        cmocka_unit_test(deep_texts_have_an_end),
        cmocka_unit_test(all_bytes_are_written_as_jansson_does),
        cmocka_unit_test(what_cannot_be_written_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
