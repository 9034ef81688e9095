/* Levels by module, fields, and masking (base/log.h, base/redact.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/redact.h"
#include "base/text.h"

static char logged[2048];
static int lines;

static void keep(void *ctx, enum cs_log_level level, const char *module,
                 const char *line)
{
    (void)ctx;
    (void)snprintf(logged, sizeof logged, "%s %s: %s", cs_log_level_name(level), module,
                   line);
    lines++;
}

static int begin(void **state)
{
    static const uint8_t key[16] = {7};

    (void)state;
    logged[0] = '\0';
    lines = 0;
    cs_log_set(keep, NULL, CS_LOG_INFO);
    cs_redact_clear();
    cs_redact_init(key);
    return 0;
}

static int end(void **state)
{
    (void)state;
    cs_log_set(NULL, NULL, CS_LOG_INFO);
    cs_log_set_gate(NULL, NULL);
    cs_redact_clear();
    return 0;
}

/* ---- levels ---------------------------------------------------------------------- */

static void a_module_has_a_level_of_its_own(void **state)
{
    struct cs_log_levels l;

    (void)state;
    assert_int_equal(cs_log_levels_parse(&l, "warn,net=debug,session=trace", NULL),
                     CS_OK);
    cs_log_set_levels(&l);
    assert_true(cs_log_on_for(CS_LOG_DEBUG, "net"));
    assert_false(cs_log_on_for(CS_LOG_TRACE, "net"));
    assert_true(cs_log_on_for(CS_LOG_TRACE, "session"));
    assert_false(cs_log_on_for(CS_LOG_INFO, "store"));
    assert_false(cs_log_on_for(CS_LOG_INFO, "no such module"));
    cs_log(CS_LOG_INFO, "store", "quiet");
    assert_int_equal(lines, 0);
    cs_log(CS_LOG_DEBUG, "net", "loud");
    assert_string_equal(logged, "debug net: loud");
}

static void modules_alone_leave_the_others_at_info(void **state)
{
    struct cs_log_levels l;

    (void)state;
    assert_int_equal(cs_log_levels_parse(&l, "net=error", NULL), CS_OK);
    assert_int_equal(l.least[CS_LOG_M_net], CS_LOG_ERROR);
    assert_int_equal(l.least[CS_LOG_M_node], CS_LOG_INFO);
}

static void a_bad_level_is_refused_with_what_could_stand_there(void **state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "none of trace"},
        {"loud", "\"loud\" is none of trace, debug, info, warn, error"},
        {"info,net", "\"net\" is none of trace"},
        {"info,net=", "none of trace"},
        {"info,nett=debug", "no module \"nett\"; there are approval, audit, backup"},
        {"info,net=debug,", "none of trace"},
        {"net=debug,info", "\"info\" must come first"},
        {"info net=debug", "no module \"info net\""},
        {"0123456789012345678901234567890123456789012345678901234567890123456789",
         "too"},
    };
    struct cs_log_levels l = {{CS_LOG_TRACE}};
    struct cs_why why;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        assert_int_equal(cs_log_levels_parse(&l, bad[i].text, &why), CS_ERR_CONFIG);
        if (strstr(why.text, bad[i].says) == NULL) {
            fail_msg("\"%s\": %s", bad[i].text, why.text);
        }
        assert_int_equal(l.least[0], CS_LOG_TRACE); /* untouched */
    }
    assert_non_null(strstr(why.text, "LOG_LEVEL"));
}

/* ---- fields
 * ------------------------------------------------------------------------------ */

static void fields_stand_behind_the_sentence(void **state)
{
    (void)state;
    cs_log(CS_LOG_INFO, "session", "signed" CS_F("ms", "%d") CS_F("by", "%s"), 12, "a");
    assert_string_equal(logged,
                        "info session: signed" CS_LOG_SEP "ms=12" CS_LOG_SEP "by=a");
}

static void a_value_cannot_forge_a_field(void **state)
{
    (void)state;
    cs_log(CS_LOG_INFO, "session", "signed" CS_F("by", "%s"),
           "a" CS_LOG_SEP "level=error");
    assert_string_equal(logged, "info session: signed?by=a?level=error");
}

static bool never(void *ctx, enum cs_log_level level, const char *module,
                  const char *kind)
{
    (void)level;
    (void)module;
    return kind == NULL && ctx == NULL;
}

static void a_gate_that_says_no_keeps_the_line_back(void **state)
{
    (void)state;
    cs_log_set_gate(never, NULL);
    cs_log(CS_LOG_ERROR, "net", "kept back");
    assert_int_equal(lines, 0);
    cs_log_set_gate(NULL, NULL);
    cs_log(CS_LOG_ERROR, "net", "passes");
    assert_int_equal(lines, 1);
}

/* ---- masking
 * ----------------------------------------------------------------------------- */

static const uint8_t secret[32] = {0xde, 0xad, 0xbe, 0xef, 0xfb, 0xff, 0x3e, 0x3f,
                                   9,    8,    7,    6,    5,    4,    3,    2,
                                   1,    0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x11,
                                   0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99};

static void gone(const char *form)
{
    char text[1200];

    (void)snprintf(text, sizeof text, "before %s after", form);
    if (!cs_redact(text) || strstr(text, form) != NULL) {
        fail_msg("not masked: %s -> %s", form, text);
    }
    assert_int_equal(strncmp(text, "before ", 7), 0);
    assert_non_null(strstr(text, " after"));
}

static void a_registered_secret_is_masked_in_every_form(void **state)
{
    struct cs_wr w = {0};
    char hex[65];

    (void)state;
    assert_true(cs_redact_add(CS_SPAN_OF(secret)));
    gone(cs_hex(hex, secret, sizeof secret));
    for (char *c = hex; *c != '\0'; c++) {
        *c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
    }
    gone(hex);
    for (size_t skip = 0; skip < 3; skip++) { /* inside of other base64 */
        cs_wr_reset(&w);
        struct cs_wr in = {0};

        cs_wr_bytes(&in, "ab", skip);
        cs_wr_bytes(&in, secret, sizeof secret);
        cs_wr_str(&in, "tail");
        cs_wr_b64(&w, cs_wr_get(&in));
        cs_wr_u8(&w, 0);
        gone((const char *)w.p);
        for (char *c = (char *)w.p; *c != '\0'; c++) {
            *c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
        }
        gone((const char *)w.p);
        cs_wr_free(&in);
    }
    cs_wr_free(&w);
}

static void hex_text_is_also_masked_as_the_bytes_it_stands_for(void **state)
{
    static const char aws[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    struct cs_wr w = {0};
    char hex[65];

    (void)state;
    (void)cs_hex(hex, secret, sizeof secret);
    assert_true(cs_redact_add(CS_SPAN(hex, 64)));
    cs_wr_b64(&w, CS_SPAN_OF(secret));
    cs_wr_u8(&w, 0);
    gone((const char *)w.p);
    cs_wr_free(&w);
    assert_true(cs_redact_add(CS_SPAN_LIT(aws)));
    gone(aws);
    gone("wJalrXUtnFEMI%2FK7MDENG%2BbPxRfiCYEXAMPLEKEY");
    gone("x=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY;y");
}

static void what_looks_like_a_key_is_masked_unregistered(void **state)
{
    char pem[] = "read -----BEGIN EC PRIVATE KEY-----MHcCAQEEIAbc";
    char cert[] = "read -----BEGIN CERTIFICATE-----MHcCAQEEIAbc";

    (void)state;
    gone("eyJkZXZpY2VJZCI6IjAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMyJ9");
    assert_true(cs_redact(pem));
    assert_null(strstr(pem, "MHcCAQ"));
    assert_false(cs_redact(cert));
}

static void what_is_public_stays(void **state)
{
    char text[] =
        "fingerprint 00112233445566778899aabbccddeeff00112233445566778899aabbcc"
        "ddeeff, key 5e1ec7ed-0000-4000-8000-000000000000, eyJzaG9ydCI6MX0=";
    char before[sizeof text];

    (void)state;
    memcpy(before, text, sizeof text);
    assert_true(cs_redact_add(CS_SPAN_OF(secret)));
    assert_false(cs_redact(text));
    assert_string_equal(text, before);
    assert_false(cs_redact_add(CS_SPAN("short", 5))); /* would mask words */
}

static void a_log_line_is_masked_before_it_leaves(void **state)
{
    char hex[65];

    (void)state;
    assert_true(cs_redact_add(CS_SPAN_OF(secret)));
    cs_log(CS_LOG_INFO, "node", "key %s" CS_F("again", "%s"),
           cs_hex(hex, secret, sizeof secret), hex);
    assert_null(strstr(logged, hex));
    assert_non_null(strstr(logged, "key ****"));
    assert_non_null(strstr(logged, "again=****"));
}

static void a_line_that_is_cut_ends_before_the_word_that_was(void **state)
{
    char filler[1000], hex[65];

    (void)state;
    assert_true(cs_redact_add(CS_SPAN_OF(secret)));
    (void)cs_hex(hex, secret, sizeof secret);
    for (size_t n = 900; n < 999;
         n++) { /* the secret ends inside, at and behind 1000 */
        memset(filler, '.', n);
        filler[n] = '\0';
        cs_log(CS_LOG_INFO, "node", "%s %s", filler, hex);
        for (char *c = logged; *c != '\0'; c++) {
            assert_false(strncmp(c, hex, 4) == 0);
        }
        assert_true(strlen(logged) <= strlen("info node: ") + 1000);
    }
    cs_log(CS_LOG_INFO, "node", "%s%s", filler, hex); /* all of it is one word */
    assert_null(strstr(logged, "dead"));
}

static void what_only_a_terminal_would_obey_is_masked(void **state)
{
    static const char *const bad[] = {
        "\x1b[2J",
        "\xc2\x9b"
        "2J", /* CSI, in seven and eight bits */
        "\x9b"
        "2J",
        "\x7f",
        "\xe2\x80\xae"
        "evil", /* right to left */
        "\xe2\x81\xa6",
        "\xe2\x80\x8f",
        "\xe2\x80\xa8",
        "\xc3",
        "\xed\xa0\x80",
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        cs_log(CS_LOG_INFO, "node", "quorum \"%s\"", bad[i]);
        assert_null(strstr(logged, bad[i]));
        assert_non_null(strchr(logged, '?'));
        assert_true(cs_utf8_ok(CS_SPAN(logged, strlen(logged))));
    }
    cs_log(CS_LOG_INFO, "node", "quorum \"Z\xc3\xbcrich \xe6\x9d\xb1\"");
    assert_string_equal(logged, "info node: quorum \"Z\xc3\xbcrich \xe6\x9d\xb1\"");
}

static void a_secret_of_words_is_masked_word_by_word(void **state)
{
    static const char token[] = "Bearer cAnArY0123456789abcdefg";
    char text[] = "header: Bearer cAnArY0123456789abcdefg!";

    (void)state;
    assert_true(cs_redact_add(CS_SPAN(token, sizeof token - 1)));
    assert_true(cs_redact(text));
    assert_null(strstr(text, "cAnArY"));
}

/* ---- a thread that works for a part of the process ------------------------------- */

static char own[256];

static void keep_own(void *ctx, enum cs_log_level level, const char *module,
                     const char *line)
{
    assert_ptr_equal(ctx, own);
    (void)level;
    (void)snprintf(own, sizeof own, "%s: %s", module, line);
}

static void a_target_hears_what_its_thread_logs(void **state)
{
    struct cs_log_target t = {.sink = keep_own, .ctx = own, .least = CS_LOG_DEBUG};

    (void)state;
    assert_null(cs_log_target_set(&t));
    assert_ptr_equal(cs_log_target_get(), &t);
    cs_log(CS_LOG_DEBUG, "net", "one"); /* below the level of the process */
    assert_string_equal(own, "net: one");
    assert_int_equal(lines, 0);
    cs_log(CS_LOG_TRACE, "net", "two");
    assert_string_equal(own, "net: one");
    cs_log(CS_LOG_WARN, "net", "three");
    assert_string_equal(own, "net: three");
    assert_string_equal(logged, "warn net: three");
    t.only = true;
    cs_log(CS_LOG_WARN, "net", "four");
    assert_string_equal(own, "net: four");
    assert_int_equal(lines, 1);
    assert_ptr_equal(cs_log_target_set(NULL), &t);
    cs_log(CS_LOG_WARN, "net", "five");
    assert_string_equal(own, "net: four");
    assert_int_equal(lines, 2);
}

static void a_refusal_quotes_no_hex(void **state)
{
    char text[] = "LOG_FORMAT: \"00112233445566778899AABBCCDDEEFF0\" is neither; "
                  "device 5e1ec7ed-0000-4000-8000-000000000000 code 78";

    (void)state;
    assert_true(cs_redact_refusal(text));
    assert_string_equal(text, "LOG_FORMAT: \"*********************************\" is "
                              "neither; device 5e1ec7ed-0000-4000-8000-000000000000 "
                              "code 78");
    assert_false(cs_redact_refusal(text));
}

static void the_table_has_an_end(void **state)
{
    uint8_t other[32];
    size_t n = 0;

    (void)state;
    for (; n < CS_REDACT_MAX; n++) {
        memset(other, (int)(n + 1), sizeof other);
        if (!cs_redact_add(CS_SPAN_OF(other))) {
            break;
        }
    }
    assert_true(n > 8 && n < CS_REDACT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_module_has_a_level_of_its_own, begin, end),
        cmocka_unit_test_setup_teardown(modules_alone_leave_the_others_at_info, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            a_bad_level_is_refused_with_what_could_stand_there, begin, end),
        cmocka_unit_test_setup_teardown(fields_stand_behind_the_sentence, begin, end),
        cmocka_unit_test_setup_teardown(a_value_cannot_forge_a_field, begin, end),
        cmocka_unit_test_setup_teardown(a_gate_that_says_no_keeps_the_line_back, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_registered_secret_is_masked_in_every_form,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            hex_text_is_also_masked_as_the_bytes_it_stands_for, begin, end),
        cmocka_unit_test_setup_teardown(what_looks_like_a_key_is_masked_unregistered,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            a_line_that_is_cut_ends_before_the_word_that_was, begin, end),
        cmocka_unit_test_setup_teardown(what_only_a_terminal_would_obey_is_masked,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_secret_of_words_is_masked_word_by_word, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_is_public_stays, begin, end),
        cmocka_unit_test_setup_teardown(a_log_line_is_masked_before_it_leaves, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_target_hears_what_its_thread_logs, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_refusal_quotes_no_hex, begin, end),
        cmocka_unit_test_setup_teardown(the_table_has_an_end, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
