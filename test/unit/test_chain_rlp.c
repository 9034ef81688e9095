/* RLP: the published examples, both ways; every other encoding of them is refused. */
#include "chain/rlp.h"
#include "support/chains.h"

static bool next(const char *hex, struct cs_rlp *item, struct cs_wr *keep)
{
    struct cs_rd r;

    *keep = (struct cs_wr){0};
    assert_int_equal(cs_unhex_wr(keep, hex, strlen(hex)), CS_OK);
    r = CS_RD(cs_wr_get(keep));
    return cs_rlp_next(&r, item) && r.left == 0;
}

static void strings_have_one_encoding(void **state)
{
    static const struct {
        const char *bytes, *want;
    } cases[] = {
        {"", "80"}, {"00", "00"}, {"7f", "7f"}, {"80", "8180"}, {"646f67", "83646f67"},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        struct cs_wr in = {0}, out = {0}, keep;
        struct cs_rlp item;
        char hex[32];

        assert_int_equal(cs_unhex_wr(&in, cases[i].bytes, strlen(cases[i].bytes)),
                         CS_OK);
        cs_rlp_put_string(&out, cs_wr_get(&in));
        assert_string_equal(cs_hex(hex, out.p, out.n), cases[i].want);
        assert_true(next(cases[i].want, &item, &keep));
        assert_false(item.is_list);
        assert_int_equal(item.body.n, in.n);
        cs_wr_free(&in);
        cs_wr_free(&out);
        cs_wr_free(&keep);
    }
}

static void other_encodings_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "8100",
        "817f",
        "81",
        "b800",
        "b801ff",
        "b837",
        "b90001ff",
        "f800",
        "f801c0",
        "c1",
        "bf0000000000000001ff",
        "ffffffffffffffffff",
        "b8",
        "bc0100000000", /* five bytes of length */
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        struct cs_rlp item;
        struct cs_wr keep;

        if (next(cases[i], &item, &keep)) {
            fail_msg("%s is taken", cases[i]);
        }
        cs_wr_free(&keep);
    }
}

static void lengths_have_no_leading_zero(void **state)
{
    uint8_t bytes[3 + 56] = {0xb9, 0x00, 56};
    struct cs_rd r = CS_RD(CS_SPAN_OF(bytes));
    struct cs_rlp item;

    (void)state;
    assert_false(cs_rlp_next(&r, &item));
    bytes[1] = 0xb8; /* the same without it */
    r = CS_RD(CS_SPAN(bytes + 1, 58));
    assert_true(cs_rlp_next(&r, &item));
    assert_int_equal(item.body.n, 56);
}

/* 54 .. 300 bytes: short and long headers. */
static void lengths_around_the_long_form_go_both_ways(void **state)
{
    uint8_t bytes[300];

    (void)state;
    memset(bytes, 0xaa, sizeof bytes);
    for (size_t n = 54; n <= sizeof bytes; n++) {
        struct cs_wr w = {0};
        struct cs_rlp item;
        struct cs_rd r;

        cs_rlp_put_string(&w, CS_SPAN(bytes, n));
        r = CS_RD(cs_wr_get(&w));
        assert_true(cs_rlp_next(&r, &item));
        assert_int_equal(item.body.n, n);
        assert_int_equal(w.n, n + (n < 56 ? 1 : n < 256 ? 2 : 3));
        for (size_t cut = 0; cut < w.n; cut++) {
            r = CS_RD(CS_SPAN(w.p, cut));
            assert_false(cs_rlp_next(&r, &item));
        }
        cs_wr_free(&w);
    }
}

static void lists_are_counted_and_bounded(void **state)
{
    static const uint8_t cat_dog[] = {0xc8, 0x83, 'c', 'a', 't', 0x83, 'd', 'o', 'g'};
    static const uint8_t broken[] = {0xc4, 0x83, 'c', 'a', 't', 0x83, 'd', 'o', 'g'};
    static const uint8_t inner_cut[] = {0xc3, 0x83, 'c', 'a'};
    static const uint8_t of_items[] = {0x82, 0x01, 0x02}; /* a string, too */
    struct cs_rlp items[2];
    size_t n;

    (void)state;
    assert_true(cs_rlp_list(CS_SPAN_OF(cat_dog), items, 2, &n));
    assert_int_equal(n, 2);
    assert_false(cs_rlp_list(CS_SPAN_OF(cat_dog), items, 1, &n));
    assert_false(cs_rlp_list(CS_SPAN_OF(broken), items, 2, &n)); /* bytes behind it */
    assert_false(cs_rlp_list(CS_SPAN_OF(inner_cut), items, 2, &n));
    assert_false(cs_rlp_list(CS_SPAN(cat_dog + 1, 4), items, 2, &n)); /* a string */
    assert_false(cs_rlp_list(CS_SPAN_OF(of_items), items, 2, &n));
}

static void numbers_have_no_leading_zeros(void **state)
{
    struct cs_rlp item;
    struct cs_span be;
    struct cs_wr keep;
    uint64_t v;

    (void)state;
    assert_true(next("80", &item, &keep));
    assert_true(cs_rlp_u64(&item, &v));
    assert_int_equal(v, 0);
    cs_wr_free(&keep);
    assert_true(next("00", &item, &keep));
    assert_false(cs_rlp_u64(&item, &v));
    cs_wr_free(&keep);
    assert_true(next("88ffffffffffffffff", &item, &keep));
    assert_true(cs_rlp_u64(&item, &v));
    assert_true(v == UINT64_MAX);
    assert_false(cs_rlp_number(&item, 7, &be));
    cs_wr_free(&keep);
    assert_true(next("89010000000000000000", &item, &keep));
    assert_false(cs_rlp_u64(&item, &v));
    cs_wr_free(&keep);
    assert_true(next("820001", &item, &keep));
    assert_false(cs_rlp_number(&item, 8, &be));
    cs_wr_free(&keep);
    assert_true(next("c0", &item, &keep));
    assert_false(cs_rlp_u64(&item, &v));
    cs_wr_free(&keep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_have_one_encoding),
        cmocka_unit_test(other_encodings_are_refused),
        cmocka_unit_test(lengths_have_no_leading_zero),
        cmocka_unit_test(lengths_around_the_long_form_go_both_ways),
        cmocka_unit_test(lists_are_counted_and_bounded),
        cmocka_unit_test(numbers_have_no_leading_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
