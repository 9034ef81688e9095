/* Reader and writer: sticky errors, limits, every truncation, every failed allocation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rd.h"
#include "base/wr.h"

/* One of everything, as a message would have it. */
static void write_all(struct cs_wr *w)
{
    cs_wr_u8(w, 0x01);
    cs_wr_u16(w, 0x0203);
    cs_wr_u32(w, 0x04050607);
    cs_wr_u64(w, 0x08090a0b0c0d0e0f);
    cs_wr_lp(w, CS_SPAN_LIT("four"));
    cs_wr_str(w, "end");
}

static const uint8_t all_bytes[] = {1,  2,   3,   4,   5,   6,   7,   8,  9,
                                    10, 11,  12,  13,  14,  15,  0,   0,  0,
                                    4,  'f', 'o', 'u', 'r', 'e', 'n', 'd'};

struct all {
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    struct cs_span lp;
    uint8_t end[3];
};

static enum cs_err read_all(struct all *a, struct cs_span in)
{
    struct cs_rd r = CS_RD(in);

    a->u8 = cs_rd_u8(&r);
    a->u16 = cs_rd_u16(&r);
    a->u32 = cs_rd_u32(&r);
    a->u64 = cs_rd_u64(&r);
    a->lp = cs_rd_lp(&r, 4);
    cs_rd_copy(&r, a->end, sizeof a->end);
    return cs_rd_end(&r);
}

static void what_is_written_is_big_endian_and_reads_back(void **state)
{
    struct cs_wr w = {0};
    struct all a;

    (void)state;
    write_all(&w);
    assert_int_equal(w.err, CS_OK);
    assert_int_equal(w.n, sizeof all_bytes);
    assert_memory_equal(w.p, all_bytes, sizeof all_bytes);
    assert_int_equal(read_all(&a, cs_wr_get(&w)), CS_OK);
    assert_int_equal(a.u8, 1);
    assert_int_equal(a.u16, 0x0203);
    assert_int_equal(a.u32, 0x04050607);
    assert_true(a.u64 == 0x08090a0b0c0d0e0f);
    assert_int_equal(a.lp.n, 4);
    assert_memory_equal(a.lp.p, "four", 4);
    assert_memory_equal(a.end, "end", 3);
    cs_wr_free(&w);
}

static void input_cut_at_any_byte_is_truncated(void **state)
{
    struct all a;

    (void)state;
    for (size_t n = 0; n < sizeof all_bytes; n++) {
        assert_int_equal(read_all(&a, CS_SPAN(all_bytes, n)), CS_ERR_TRUNCATED);
        assert_int_equal(a.end[0], 0); /* the last field was never read */
    }
}

static void bytes_left_at_the_end_are_trailing(void **state)
{
    uint8_t longer[sizeof all_bytes + 1] = {0};
    struct all a;

    (void)state;
    memcpy(longer, all_bytes, sizeof all_bytes);
    assert_int_equal(read_all(&a, CS_SPAN_OF(longer)), CS_ERR_TRAILING);
}

static void
lengths_above_the_maximum_are_too_long_even_if_the_bytes_are_there(void **state)
{
    static const uint8_t five[] = {0, 0, 0, 5, 1, 2, 3, 4, 5};
    static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 1};
    struct cs_rd r = CS_RD(CS_SPAN_OF(five));

    (void)state;
    assert_int_equal(cs_rd_lp(&r, 4).n, 0);
    assert_int_equal(cs_rd_end(&r), CS_ERR_TOO_LONG);
    r = CS_RD(CS_SPAN_OF(five));
    assert_int_equal(cs_rd_lp(&r, 5).n, 5);
    assert_int_equal(cs_rd_end(&r), CS_OK);
    r = CS_RD(CS_SPAN_OF(huge));
    assert_null(cs_rd_lp(&r, 16).p);
    assert_int_equal(cs_rd_end(&r), CS_ERR_TOO_LONG);
    r = CS_RD(CS_SPAN_OF(huge));
    assert_null(cs_rd_lp(&r, SIZE_MAX).p);
    assert_int_equal(cs_rd_end(&r), CS_ERR_TRUNCATED);
}

static void after_an_error_a_reader_gives_zeroes_and_keeps_the_first_error(void **state)
{
    static const uint8_t in[] = {1, 2, 3, 4};
    uint8_t copy[2] = {9, 9};
    struct cs_rd r = CS_RD(CS_SPAN_OF(in));

    (void)state;
    assert_int_equal(cs_rd_u8(&r), 1);
    cs_rd_fail(&r, CS_ERR_BAD_POINT);
    cs_rd_fail(&r, CS_ERR_BAD_FORMAT);
    assert_int_equal(cs_rd_u8(&r), 0);
    assert_int_equal(cs_rd_u16(&r), 0);
    assert_true(cs_rd_u64(&r) == 0);
    cs_rd_copy(&r, copy, sizeof copy);
    assert_int_equal(copy[0] | copy[1], 0);
    assert_null(cs_rd_span(&r, 0).p);
    assert_int_equal(cs_rd_end(&r), CS_ERR_BAD_POINT);
}

static void empty_input_is_input(void **state)
{
    struct cs_rd r = CS_RD(CS_SPAN(NULL, 0));

    (void)state;
    assert_int_equal(cs_rd_span(&r, 0).n, 0);
    cs_rd_copy(&r, NULL, 0);
    assert_int_equal(cs_rd_end(&r), CS_OK);
    assert_int_equal(cs_rd_u8(&r), 0);
    assert_int_equal(cs_rd_end(&r), CS_ERR_TRUNCATED);
}

/* ---- writer ---------------------------------------------------------------------- */

static void every_failed_allocation_is_out_of_memory_and_leaves_nothing(void **state)
{
    (void)state;
    for (unsigned long nth = 1; nth < 10; nth++) {
        struct cs_wr w = {0};
        bool failed;

        cs_mem_fail_at(nth);
        for (int i = 0; i < 100; i++) {
            cs_wr_u32(&w, 7); /* 400 bytes: grows at 64, 128, 256 and 512 */
        }
        cs_mem_fail_at(0);
        failed = nth <= 4;
        assert_int_equal(w.err, failed ? CS_ERR_NOMEM : CS_OK);
        assert_int_equal(cs_wr_get(&w).n, failed ? 0 : 400);
        cs_wr_u8(&w, 1); /* sticky although memory is back */
        assert_int_equal(w.err, failed ? CS_ERR_NOMEM : CS_OK);
        cs_wr_free(&w);
        assert_null(w.p);
    }
}

static void the_maximum_is_exact_and_sticky(void **state)
{
    struct cs_wr w = {.max = 100};

    (void)state;
    for (size_t n = 90; n < 130; n++) {
        for (size_t i = 0; i < n; i++) {
            cs_wr_u8(&w, (uint8_t)i);
        }
        assert_int_equal(w.err, n <= 100 ? CS_OK : CS_ERR_TOO_LONG);
        assert_int_equal(cs_wr_get(&w).n, n <= 100 ? n : 0);
        cs_wr_free(&w);
    }
}

static void impossible_sizes_are_errors_and_not_silence(void **state)
{
    struct cs_wr w = {0};

    (void)state;
    cs_wr_u8(&w, 1);
    assert_null(cs_wr_room(&w, SIZE_MAX)); /* n + SIZE_MAX overflows */
    assert_int_equal(w.err, CS_ERR_TOO_LONG);
    cs_wr_free(&w);
    assert_null(cs_wr_room(&w, (16U << 20) + 1)); /* the default maximum */
    assert_int_equal(w.err, CS_ERR_TOO_LONG);
    cs_wr_free(&w);
#if SIZE_MAX > UINT32_MAX
    cs_wr_lp(&w, (struct cs_span){(const uint8_t *)"", (size_t)UINT32_MAX + 1});
    assert_int_equal(w.err, CS_ERR_TOO_LONG);
    cs_wr_free(&w);
#endif
}

static void a_small_maximum_still_allows_an_empty_reservation(void **state)
{
    struct cs_wr w = {.max = 3};

    (void)state;
    assert_non_null(cs_wr_room(&w, 0));
    cs_wr_str(&w, "abc");
    assert_int_equal(w.err, CS_OK);
    assert_int_equal(w.n, 3);
    cs_wr_free(&w);
    assert_int_equal(w.max, 3);
}

static void the_first_error_stays(void **state)
{
    struct cs_wr w = {.max = 4};

    (void)state;
    cs_mem_fail_at(1);
    cs_wr_u8(&w, 1);
    cs_mem_fail_at(0);
    (void)cs_wr_room(&w, 5);
    (void)cs_wr_room(&w, SIZE_MAX);
    cs_wr_lp(&w, CS_SPAN("", SIZE_MAX));
    assert_int_equal(w.err, CS_ERR_NOMEM);
    cs_wr_free(&w);
}

static void printf_writes_text_without_its_nul(void **state)
{
    char longer[300];
    struct cs_wr w = {0};

    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    cs_wr_printf(&w, "%s-%d", "ab", 12);
    cs_wr_printf(&w, "%s", "");
    cs_wr_printf(&w, "%s", longer);
    assert_int_equal(w.err, CS_OK);
    assert_int_equal(w.n, 5 + sizeof longer - 1);
    assert_memory_equal(w.p, "ab-12xxx", 8);
    assert_int_equal(w.p[w.n - 1], 'x');
    cs_wr_free(&w);
}

static void reset_wipes_and_starts_again(void **state)
{
    struct cs_wr w = {.max = 70};
    uint8_t *p;

    (void)state;
    cs_wr_str(&w, "secret");
    (void)cs_wr_room(&w, 1000);
    assert_int_equal(w.err, CS_ERR_TOO_LONG);
    p = w.p;
    cs_wr_reset(&w);
    assert_int_equal(w.err, CS_OK);
    assert_int_equal(w.n, 0);
    assert_ptr_equal(w.p, p);
    assert_true(cs_ct_is_zero(p, w.cap));
    cs_wr_str(&w, "again");
    assert_memory_equal(cs_wr_get(&w).p, "again", 5);
    cs_wr_free(&w);
    cs_wr_reset(&w); /* also when empty */
}

static void taking_moves_the_bytes_out_once(void **state)
{
    struct cs_wr w = {.max = 10};
    uint8_t *p;
    size_t n = 99;

    (void)state;
    cs_wr_str(&w, "bytes");
    p = cs_wr_take(&w, &n);
    assert_int_equal(n, 5);
    assert_memory_equal(p, "bytes", 5);
    assert_null(w.p);
    assert_int_equal(w.max, 10);
    cs_free_wiped(p, n);
    assert_null(cs_wr_take(&w, &n));
    assert_int_equal(n, 0);
}

static void nothing_is_taken_after_an_error(void **state)
{
    struct cs_wr w = {.max = 10};
    size_t n = 99;

    (void)state;
    cs_wr_str(&w, "half of it");
    cs_wr_str(&w, " and the rest");
    (void)cs_wr_room(&w, 100);
    assert_null(cs_wr_take(&w, &n));
    assert_int_equal(n, 0);
    assert_int_equal(w.err, CS_OK);
}

static void growing_keeps_what_was_written(void **state)
{
    struct cs_wr w = {0};

    (void)state;
    for (uint32_t i = 0; i < 5000; i++) {
        cs_wr_u32(&w, i);
    }
    for (uint32_t i = 0; i < 5000; i++) {
        struct cs_rd r = CS_RD(CS_SPAN(w.p + 4 * (size_t)i, 4));

        assert_int_equal(cs_rd_u32(&r), i);
    }
    cs_wr_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_big_endian_and_reads_back),
        cmocka_unit_test(input_cut_at_any_byte_is_truncated),
        cmocka_unit_test(bytes_left_at_the_end_are_trailing),
        cmocka_unit_test(
            lengths_above_the_maximum_are_too_long_even_if_the_bytes_are_there),
        cmocka_unit_test(
            after_an_error_a_reader_gives_zeroes_and_keeps_the_first_error),
        cmocka_unit_test(empty_input_is_input),
        cmocka_unit_test(every_failed_allocation_is_out_of_memory_and_leaves_nothing),
        cmocka_unit_test(the_maximum_is_exact_and_sticky),
        cmocka_unit_test(impossible_sizes_are_errors_and_not_silence),
        cmocka_unit_test(a_small_maximum_still_allows_an_empty_reservation),
        cmocka_unit_test(the_first_error_stays),
        cmocka_unit_test(printf_writes_text_without_its_nul),
        cmocka_unit_test(reset_wipes_and_starts_again),
        cmocka_unit_test(taking_moves_the_bytes_out_once),
        cmocka_unit_test(nothing_is_taken_after_an_error),
        cmocka_unit_test(growing_keeps_what_was_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
