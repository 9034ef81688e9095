/* The error table, memory, log and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/why.h"

/* ---- the table
 * ----------------------------------------------------------------------- */

static bool is_reason(const char *s)
{
    size_t ok = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    return s[0] != '\0' && s[ok] == '\0';
}

static void every_row_has_a_name_a_reason_a_text_and_an_exit_code(void **state)
{
    (void)state;
    for (int i = 1; i < CS_ERR_COUNT; i++) {
        enum cs_err err = (enum cs_err)i;

        assert_true(is_reason(cs_err_name(err)));
        assert_true(is_reason(cs_err_reason(err)));
        assert_true(strlen(cs_err_text(err)) >= 8);
        assert_in_range(cs_err_exit(err), 1, 125); /* 126 and up are the shell's */
        assert_int_not_equal(cs_err_class(err), CS_CLASS_NONE);
    }
    assert_string_equal(cs_err_reason(CS_OK), "OK");
    assert_int_equal(cs_err_exit(CS_OK), 0);
    assert_int_equal(cs_err_class(CS_OK), CS_CLASS_NONE);
    assert_int_equal(cs_err_reaction(CS_OK), CS_REACT_NONE);
}

/* A failed check must be told apart from every other (err.h, first comment). */
static void no_two_rows_have_one_text(void **state)
{
    (void)state;
    for (int i = 0; i < CS_ERR_COUNT; i++) {
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(cs_err_text((enum cs_err)i),
                                    cs_err_text((enum cs_err)k));
            assert_string_not_equal(cs_err_name((enum cs_err)i),
                                    cs_err_name((enum cs_err)k));
        }
    }
}

static void a_reason_leads_back_to_a_row_with_that_reason(void **state)
{
    (void)state;
    for (int i = 0; i < CS_ERR_COUNT; i++) {
        const char *reason = cs_err_reason((enum cs_err)i);

        assert_string_equal(cs_err_reason(cs_err_from_reason(reason)), reason);
    }
    assert_int_equal(cs_err_from_reason("LINK_LOST"), CS_ERR_LINK_LOST);
    assert_int_equal(cs_err_from_reason("BAD_FORMAT"), CS_ERR_BAD_FORMAT);
    assert_int_equal(cs_err_from_reason("DESCRIPTOR"), CS_ERR_DESCRIPTOR);
    assert_int_equal(cs_err_from_reason("CHEAT"), CS_ERR_DKG_COM_DUP); /* the first */
    assert_int_equal(cs_err_from_reason("NO_SUCH_WORD"), CS_ERR_INTERNAL);
    assert_int_equal(cs_err_from_reason(""), CS_ERR_INTERNAL);
    assert_int_equal(cs_err_from_reason("OK"), CS_OK);
}

/* PROTOCOLS 2.8, 15.1 A2, A6, DECISIONS 12: what an error does to the peer is a
 * decision, not a detail of the table. */
static void reactions_are_those_of_the_protocol(void **state)
{
    static const struct {
        enum cs_err err;
        enum cs_reaction reaction;
    } rows[] = {
        {CS_ERR_TIMEOUT, CS_REACT_RETRY},
        {CS_ERR_DEADLINE, CS_REACT_RETRY},
        {CS_ERR_LINK_LOST, CS_REACT_RETRY},
        {CS_ERR_ABORTED, CS_REACT_RETRY},
        {CS_ERR_SID_MISMATCH, CS_REACT_DROP},
        {CS_ERR_VERSION, CS_REACT_DROP},
        {CS_ERR_POLICY_REFUSED, CS_REACT_DROP},
        {CS_ERR_BAD_FORMAT, CS_REACT_BLAME},
        {CS_ERR_TRUNCATED, CS_REACT_BLAME},
        {CS_ERR_TRAILING, CS_REACT_BLAME},
        {CS_ERR_TOO_LONG, CS_REACT_BLAME},
        {CS_ERR_ZERO_OR_RANGE, CS_REACT_BLAME},
        {CS_ERR_BAD_POINT, CS_REACT_BLAME},
        {CS_ERR_EQUIVOCATION, CS_REACT_QUARANTINE},
        {CS_ERR_SIG_INVALID, CS_REACT_BLAME},
        {CS_ERR_DKG_SHARE_OPEN, CS_REACT_DISPUTE},
        {CS_ERR_DKG_SHARE, CS_REACT_BLAME},
        {CS_ERR_FROST_SHARE, CS_REACT_BLAME},
        {CS_ERR_FROST_NONCE_ID, CS_REACT_DROP}, /* a restart looks like this too */
        {CS_ERR_AEAD, CS_REACT_DROP},
        {CS_ERR_REPLAY, CS_REACT_DROP},
        {CS_ERR_NO_LINK, CS_REACT_DROP},
        {CS_ERR_HS_FAILED, CS_REACT_DROP},
        {CS_ERR_HS_CONFIRM, CS_REACT_DROP},
        {CS_ERR_ROLLBACK, CS_REACT_LATCH},
        {CS_ERR_CLONE, CS_REACT_LATCH},
        {CS_ERR_STORE_IO, CS_REACT_LATCH},
        {CS_ERR_KEY_CORRUPT, CS_REACT_LATCH},
        {CS_ERR_SELFTEST, CS_REACT_STOP},
        {CS_ERR_FROST_SELF, CS_REACT_STOP},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        assert_int_equal(cs_err_reaction(rows[i].err), rows[i].reaction);
    }
    /* Which check failed stays at home (2.8: the code is of the public list). */
    for (int err = CS_ERR_DKG_COM_DUP; err <= CS_ERR_DKG_ACK_SIG; err++) {
        assert_string_equal(cs_err_reason((enum cs_err)err), "CHEAT");
    }
}

static void codes_outside_the_table_are_internal(void **state)
{
    (void)state;
    assert_string_equal(cs_err_name(CS_ERR_COUNT), "INTERNAL");
    assert_string_equal(cs_err_name((enum cs_err)9999), "INTERNAL");
}

static enum cs_err try_it(enum cs_err given, int *cleaned)
{
    enum cs_err err;

    CS_TRY(given);
    err = CS_OK;
out:
    (*cleaned)++;
    return err;
}

static enum cs_err check_it(enum cs_err given, int *reached)
{
    CS_CHECK(given);
    (*reached)++;
    return CS_OK;
}

static void try_cleans_up_and_check_returns(void **state)
{
    int n = 0;

    (void)state;
    assert_int_equal(try_it(CS_ERR_FULL, &n), CS_ERR_FULL);
    assert_int_equal(try_it(CS_OK, &n), CS_OK);
    assert_int_equal(n, 2);
    assert_int_equal(check_it(CS_ERR_FULL, &n), CS_ERR_FULL);
    assert_int_equal(n, 2);
    assert_int_equal(check_it(CS_OK, &n), CS_OK);
    assert_int_equal(n, 3);
}

static jmp_buf fatal_jump;
static const char *fatal_what;

static void remember(const char *file, int line, const char *what)
{
    assert_non_null(strstr(file, "test_base_err"));
    assert_true(line > 0);
    fatal_what = what;
    longjmp(fatal_jump, 1);
}

static void a_broken_invariant_reaches_the_hook_with_its_text(void **state)
{
    volatile int zero = 0;

    (void)state;
    cs_fatal_hook = remember;
    if (setjmp(fatal_jump) == 0) {
        CS_ASSERT(zero == 1);
        fail_msg("went on after a broken invariant");
    }
    cs_fatal_hook = NULL;
    assert_string_equal(fatal_what, "zero == 1");
    CS_ASSERT(zero == 0);
}

/* ---- memory
 * ------------------------------------------------------------------------------ */

static void heap_memory_is_zeroed_and_sizes_cannot_overflow(void **state)
{
    uint8_t *p = cs_alloc(1000), *empty = cs_alloc(0);

    (void)state;
    assert_non_null(p);
    assert_non_null(empty);
    assert_true(cs_ct_is_zero(p, 1000));
    cs_free_wiped(p, 1000);
    cs_free(empty);
    cs_free(NULL);
    cs_free_wiped(NULL, 5);
    assert_null(cs_alloc_array(SIZE_MAX / 2, 3));
    assert_null(cs_alloc_array(SIZE_MAX, SIZE_MAX));
    p = cs_alloc_array(10, 3);
    assert_non_null(p);
    cs_free(p);
    p = cs_alloc_array(10, 0);
    assert_non_null(p);
    cs_free(p);
}

static void the_nth_allocation_fails_on_demand_and_only_that_one(void **state)
{
    void *p[3];

    (void)state;
    cs_mem_fail_at(2);
    for (int i = 0; i < 3; i++) {
        p[i] = i == 2 ? cs_guard_new(8) : cs_alloc(8);
    }
    assert_non_null(p[0]);
    assert_null(p[1]);
    assert_non_null(p[2]);
    cs_free(p[0]);
    cs_guard_free(p[2]);
    cs_mem_fail_at(1);
    assert_null(cs_guard_new(8));
    cs_mem_fail_at(0);
}

static void guarded_memory_is_zeroed_aligned_and_bounded(void **state)
{
    static const size_t sizes[] = {1, 63, 64, 65, 4096, 5000};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t *p = cs_guard_new(sizes[i]);

        assert_non_null(p);
        assert_true(cs_ct_is_zero(p, sizes[i]));
        assert_int_equal((uintptr_t)p % 64, 0);
        memset(p, 0xff, sizes[i]);
        cs_guard_free(p);
    }
    assert_null(cs_guard_new(SIZE_MAX));
    assert_null(cs_guard_new(SIZE_MAX - 62));
    cs_guard_free(NULL);
}

static void comparing_and_wiping_see_every_byte(void **state)
{
    uint8_t a[40], b[40];

    (void)state;
    memset(a, 7, sizeof a);
    for (size_t i = 0; i < sizeof a; i++) {
        memcpy(b, a, sizeof a);
        assert_true(cs_ct_equal(a, b, sizeof a));
        b[i] ^= 0x80;
        assert_false(cs_ct_equal(a, b, sizeof a));
        memset(b, 0, sizeof b);
        assert_true(cs_ct_is_zero(b, sizeof b));
        b[i] = 1;
        assert_false(cs_ct_is_zero(b, sizeof b));
    }
    cs_wipe(a, sizeof a);
    assert_true(cs_ct_is_zero(a, sizeof a));
    assert_true(cs_ct_equal(a, b, 0));
}

/* ---- log
 * --------------------------------------------------------------------------------- */

static char logged[1100];
static int lines;

static void keep(void *ctx, enum cs_log_level level, const char *module,
                 const char *line)
{
    assert_ptr_equal(ctx, logged);
    (void)snprintf(logged, sizeof logged, "%s %s: %s", cs_log_level_name(level), module,
                   line);
    lines++;
}

static void log_lines_cannot_be_forged_and_have_an_end(void **state)
{
    char longer[2000];

    (void)state;
    cs_log_set(keep, logged, CS_LOG_INFO);
    cs_log(CS_LOG_WARN, "net", "peer=%s", "a\nerror net: fake\x1b[2J\x7f");
    assert_string_equal(logged, "warn net: peer=a?error net: fake?[2J?");
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    cs_log(CS_LOG_INFO, "m", "%s", longer);
    assert_true(strlen(logged) <= strlen("info m: ") + 1000);
    cs_log_set(NULL, NULL, CS_LOG_INFO);
}

static void levels_below_the_least_and_no_sink_are_silent(void **state)
{
    (void)state;
    lines = 0;
    cs_log_set(keep, logged, CS_LOG_WARN);
    assert_false(cs_log_on(CS_LOG_INFO));
    assert_true(cs_log_on(CS_LOG_ERROR));
    cs_log(CS_LOG_INFO, "m", "quiet");
    assert_int_equal(lines, 0);
    cs_log(CS_LOG_ERROR, "m", "loud");
    assert_int_equal(lines, 1);
    cs_log_set(NULL, NULL, CS_LOG_TRACE);
    assert_false(cs_log_on(CS_LOG_ERROR));
    cs_log(CS_LOG_ERROR, "m", "nobody");
    assert_int_equal(lines, 1);
}

static void levels_have_words(void **state)
{
    enum cs_log_level level = CS_LOG_INFO;

    (void)state;
    for (int i = CS_LOG_TRACE; i <= CS_LOG_ERROR; i++) {
        assert_true(
            cs_log_level_parse(&level, cs_log_level_name((enum cs_log_level)i)));
        assert_int_equal(level, i);
    }
    assert_false(cs_log_level_parse(&level, "INFO"));
    assert_false(cs_log_level_parse(&level, ""));
    assert_int_equal(level, CS_LOG_ERROR); /* untouched */
}

/* ---- why ------------------------------------------------------------------------- */

static void why_returns_the_code_and_keeps_a_clean_cut_text(void **state)
{
    char longer[2000];
    struct cs_why why = {{0}};

    (void)state;
    assert_int_equal(cs_why(NULL, CS_ERR_CONFIG, "%s", "x"), CS_ERR_CONFIG);
    assert_int_equal(cs_why(&why, CS_ERR_FULL, "a\nb%d\x1b", 7), CS_ERR_FULL);
    assert_string_equal(why.text, "a?b7?");
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(cs_why(&why, CS_OK, "%s", longer), CS_OK);
    assert_int_equal(strlen(why.text), sizeof why.text - 1);
    for (size_t pad = 0; pad < 4; pad++) { /* never half a character of four bytes */
        for (size_t i = pad; i + 4 < sizeof longer; i += 4) {
            memcpy(longer + i, "\xf0\x9f\x94\x91", 4);
        }
        assert_int_equal(cs_why(&why, CS_OK, "%s", longer), CS_OK);
        assert_int_equal(strlen(why.text) % 4, pad);
        assert_true(strlen(why.text) >= sizeof why.text - 4);
        longer[pad] = 'x';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_a_name_a_reason_a_text_and_an_exit_code),
        cmocka_unit_test(no_two_rows_have_one_text),
        cmocka_unit_test(a_reason_leads_back_to_a_row_with_that_reason),
        cmocka_unit_test(reactions_are_those_of_the_protocol),
        cmocka_unit_test(codes_outside_the_table_are_internal),
        cmocka_unit_test(try_cleans_up_and_check_returns),
        cmocka_unit_test(a_broken_invariant_reaches_the_hook_with_its_text),
        cmocka_unit_test(heap_memory_is_zeroed_and_sizes_cannot_overflow),
        cmocka_unit_test(the_nth_allocation_fails_on_demand_and_only_that_one),
        cmocka_unit_test(guarded_memory_is_zeroed_aligned_and_bounded),
        cmocka_unit_test(comparing_and_wiping_see_every_byte),
        cmocka_unit_test(log_lines_cannot_be_forged_and_have_an_end),
        cmocka_unit_test(levels_below_the_least_and_no_sink_are_silent),
        cmocka_unit_test(levels_have_words),
        cmocka_unit_test(why_returns_the_code_and_keeps_a_clean_cut_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
