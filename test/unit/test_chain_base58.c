/* Base58: known texts, zero bytes, and every way in which a text can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "chain/base58.h"

static void known_texts(void **state)
{
    static const struct {
        const char *hex, *text;
    } cases[] = {
        {"", ""},
        {"00", "1"},
        {"61", "2g"},
        {"626262", "a3gV"},
        {"73696d706c792061206c6f6e6720737472696e67", "2cFupjhnEsSn59qHXstmK2ffpLv2"},
        {"00eb15231dfceb60925886b67d065299925915aeb172c06647",
         "1NS17iag9jJgTHD1VXjvLCEnZuQ3rJDE9L"},
        {"516b6fcd0f", "ABnLTmg"},
        {"00000000000000000000", "1111111111"},
        {"0000287fb4cd", "11233QC4"},
    };
    char out[CS_BASE58_TEXT_MAX];
    uint8_t raw[64], back[64];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        size_t n = strlen(cases[i].hex) / 2;

        assert_int_equal(cs_unhex(raw, n, cases[i].hex), CS_OK);
        cs_base58(out, CS_BASE58_BITCOIN, CS_SPAN(raw, n));
        assert_string_equal(out, cases[i].text);
        if (n > 0) {
            assert_int_equal(cs_unbase58(back, n, CS_BASE58_BITCOIN, out), CS_OK);
            assert_memory_equal(back, raw, n);
        }
    }
}

static void every_length_comes_back(void **state)
{
    uint8_t raw[CS_BASE58_BYTES_MAX], back[CS_BASE58_BYTES_MAX];
    char out[CS_BASE58_TEXT_MAX];

    (void)state;
    for (size_t n = 1; n <= sizeof raw; n++) {
        for (int fill = 0; fill < 3; fill++) {
            memset(raw, fill == 0 ? 0 : 0xff, n);
            raw[n - 1] = fill == 2 ? 0 : raw[n - 1];
            cs_base58(out, CS_BASE58_XRP, CS_SPAN(raw, n));
            assert_int_equal(cs_unbase58(back, n, CS_BASE58_XRP, out), CS_OK);
            assert_memory_equal(back, raw, n);
        }
    }
}

/* One digit after the other, as the definition says. */
static void by_definition(char out[CS_BASE58_TEXT_MAX], const uint8_t *p, size_t n)
{
    static const char digits[] =
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    uint8_t num[CS_BASE58_TEXT_MAX] = {0};
    size_t n_digits = 0, k = 0;

    for (size_t i = 0; i < n && p[i] == 0; i++) {
        out[k++] = digits[0];
    }
    for (size_t i = k; i < n; i++) {
        unsigned carry = p[i];

        for (size_t j = 0; j < n_digits || carry != 0; j++) {
            carry += num[j] * 256U;
            num[j] = (uint8_t)(carry % 58);
            carry /= 58;
            n_digits = j + 1 > n_digits ? j + 1 : n_digits;
        }
    }
    while (n_digits > 0) {
        out[k++] = digits[num[--n_digits]];
    }
    out[k] = '\0';
}

static void texts_are_those_of_the_definition(void **state)
{
    uint8_t raw[CS_BASE58_BYTES_MAX];
    char out[CS_BASE58_TEXT_MAX], want[CS_BASE58_TEXT_MAX];
    uint64_t rng = 58;

    (void)state;
    for (size_t n = 0; n <= sizeof raw; n++) {
        for (unsigned round = 0; round < 200; round++) {
            for (size_t i = 0; i < n; i++) {
                rng = rng * 6364136223846793005ULL + 1442695040888963407ULL;
                raw[i] = round == 0 ? 0xff : (uint8_t)(rng >> 56);
                raw[i] = round % 4 == 1 && i % 8 < 6 ? 0 : raw[i];
            }
            cs_base58(out, CS_BASE58_BITCOIN, CS_SPAN(raw, n));
            by_definition(want, raw, n);
            assert_string_equal(out, want);
        }
    }
}

static void refused(const char *text, size_t n)
{
    uint8_t out[64];

    memset(out, 0xaa, sizeof out);
    assert_int_equal(cs_unbase58(out, n, CS_BASE58_BITCOIN, text), CS_ERR_BAD_TEXT);
    assert_true(cs_ct_is_zero(out, n));
}

static void wrong_texts_are_refused(void **state)
{
    char longest[200];

    (void)state;
    refused("", 1);      /* empty */
    refused("a3gV", 2);  /* more bytes than asked for */
    refused("a3gV", 4);  /* fewer */
    refused("1a3gV", 3); /* a zero byte too many */
    refused("a3g0", 3);  /* 0, O, I, l are not digits */
    refused("a3gO", 3);
    refused("a3gI", 3);
    refused("a3gl", 3);
    refused(" a3gV", 3);
    refused("a3gV\n", 3);
    refused("\xc3\xa4", 2);
    memset(longest, '1', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    refused(longest, 64);
}

static void a_checksum_finds_every_changed_byte(void **state)
{
    uint8_t raw[21] = {0, 1, 2, 3, 250}, back[21], all[25];
    char text[CS_BASE58_TEXT_MAX], bad[CS_BASE58_TEXT_MAX];

    (void)state;
    cs_base58check(text, CS_BASE58_XRP, CS_SPAN_OF(raw));
    assert_int_equal(cs_unbase58check(back, sizeof back, CS_BASE58_XRP, text), CS_OK);
    assert_memory_equal(back, raw, sizeof raw);
    assert_int_equal(cs_unbase58(all, sizeof all, CS_BASE58_XRP, text), CS_OK);
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] ^= 4;
        cs_base58(bad, CS_BASE58_XRP, CS_SPAN_OF(all));
        assert_int_equal(cs_unbase58check(back, sizeof back, CS_BASE58_XRP, bad),
                         CS_ERR_BAD_TEXT);
        assert_true(cs_ct_is_zero(back, sizeof back));
        all[i] ^= 4;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts),
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(texts_are_those_of_the_definition),
        cmocka_unit_test(wrong_texts_are_refused),
        cmocka_unit_test(a_checksum_finds_every_changed_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
