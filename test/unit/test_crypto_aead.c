/* The AEADs beside what Wycheproof says: every bit matters, nothing is left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/aead.h"
#include "support/groups.h"

enum { MSG = 21, AD = 5, SEALED = MSG + CS_AEAD_TAG };

struct box {
    uint8_t key[CS_AEAD_KEY], nonce[CS_AEAD_NONCE], ad[AD], msg[MSG], sealed[SEALED];
};

typedef enum cs_err open_fn(uint8_t *out, const uint8_t key[32],
                            const uint8_t nonce[12], struct cs_span ad,
                            struct cs_span in);

/* Both with one signature. */
static enum cs_err chacha_seal(uint8_t *out, const uint8_t key[32],
                               const uint8_t nonce[12], struct cs_span ad,
                               struct cs_span in)
{
    cs_chacha_seal(out, key, nonce, ad, in);
    return CS_OK;
}

static const struct aead {
    open_fn *seal, *open;
} aeads[] = {{chacha_seal, cs_chacha_open}, {cs_gcm_seal, cs_gcm_open}};

static void fill(struct box *b, const struct aead *a)
{
    stream_bytes(&rnd, (uint8_t *)b, sizeof *b);
    assert_int_equal(
        a->seal(b->sealed, b->key, b->nonce, CS_SPAN_OF(b->ad), CS_SPAN_OF(b->msg)),
        CS_OK);
}

static enum cs_err open_box(const struct aead *a, const struct box *b, uint8_t *out)
{
    return a->open(out, b->key, b->nonce, CS_SPAN_OF(b->ad), CS_SPAN_OF(b->sealed));
}

static void what_was_sealed_opens_also_in_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(aeads); i++) {
        uint8_t out[SEALED];
        struct box b;

        fill(&b, &aeads[i]);
        assert_int_equal(open_box(&aeads[i], &b, out), CS_OK);
        assert_memory_equal(out, b.msg, MSG);
        memcpy(out, b.msg, MSG);
        assert_int_equal(
            aeads[i].seal(out, b.key, b.nonce, CS_SPAN_OF(b.ad), CS_SPAN(out, MSG)),
            CS_OK);
        assert_memory_equal(out, b.sealed, SEALED);
        assert_int_equal(
            aeads[i].open(out, b.key, b.nonce, CS_SPAN_OF(b.ad), CS_SPAN_OF(out)),
            CS_OK);
        assert_memory_equal(out, b.msg, MSG);
    }
}

static void any_changed_bit_of_key_nonce_data_or_box_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(aeads); i++) {
        uint8_t out[MSG];
        struct box b;

        fill(&b, &aeads[i]);
        for (size_t bit = 0; bit < 8 * sizeof b; bit++) {
            size_t at = bit / 8;
            bool in_msg = at >= offsetof(struct box, msg) &&
                          at < offsetof(struct box, msg) + MSG; /* not an input */

            ((uint8_t *)&b)[at] ^= (uint8_t)(1U << bit % 8);
            memset(out, 0x5a, sizeof out);
            assert_int_equal(open_box(&aeads[i], &b, out),
                             in_msg ? CS_OK : CS_ERR_AEAD);
            assert_int_equal(cs_ct_is_zero(out, sizeof out), !in_msg);
            ((uint8_t *)&b)[at] ^= (uint8_t)(1U << bit % 8);
        }
    }
}

static void a_box_cut_at_any_byte_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(aeads); i++) {
        uint8_t out[MSG];
        struct box b;

        fill(&b, &aeads[i]);
        for (size_t n = 0; n < SEALED; n++) {
            assert_int_equal(aeads[i].open(out, b.key, b.nonce, CS_SPAN_OF(b.ad),
                                           CS_SPAN(b.sealed, n)),
                             CS_ERR_AEAD);
        }
    }
}

static void moving_bytes_between_data_and_text_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(aeads); i++) {
        uint8_t out[SEALED];
        struct box b;

        fill(&b, &aeads[i]);
        assert_int_equal(aeads[i].open(out, b.key, b.nonce, CS_SPAN(b.ad, AD - 1),
                                       CS_SPAN_OF(b.sealed)),
                         CS_ERR_AEAD);
        assert_int_equal(
            aeads[i].open(out, b.key, b.nonce, CS_SPAN(NULL, 0), CS_SPAN_OF(b.sealed)),
            CS_ERR_AEAD);
    }
}

static void empty_text_and_empty_data_have_a_tag_too(void **state)
{
    const struct cs_span none = {NULL, 0};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(aeads); i++) {
        uint8_t key[32] = {1}, nonce[12] = {2}, tag[16], other[16], out[1];

        assert_int_equal(aeads[i].seal(tag, key, nonce, none, none), CS_OK);
        assert_int_equal(aeads[i].seal(other, key, nonce, CS_SPAN_LIT("x"), none),
                         CS_OK);
        assert_memory_not_equal(tag, other, 16);
        assert_int_equal(aeads[i].open(out, key, nonce, none, CS_SPAN_OF(tag)), CS_OK);
        assert_int_equal(aeads[i].open(out, key, nonce, none, CS_SPAN_OF(other)),
                         CS_ERR_AEAD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_opens_also_in_place),
        cmocka_unit_test(any_changed_bit_of_key_nonce_data_or_box_is_refused),
        cmocka_unit_test(a_box_cut_at_any_byte_is_refused),
        cmocka_unit_test(moving_bytes_between_data_and_text_is_refused),
        cmocka_unit_test(empty_text_and_empty_data_have_a_tag_too),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
