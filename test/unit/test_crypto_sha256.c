/* OpenSSL's SHA-256 against libsodium's and mbedTLS's, and the hashes of the OT layer
 * against their definitions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <mbedtls/md.h>
#include <sodium.h>

#include "crypto/oracle.h"
#include "crypto/sha256.h"
#include "support/groups.h"
#include "support/streams_portable.h"

enum { LONGEST = 400 };

static void every_length_and_cut_gives_the_hash_of_the_others(void **state)
{
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    uint8_t in[LONGEST], got[32], want[32];
    struct cs_sha256_state st;

    (void)state;
    stream_bytes(&rnd, in, sizeof in);
    for (size_t n = 0; n <= LONGEST; n++) {
        (void)crypto_hash_sha256(want, in, n);
        assert_int_equal(mbedtls_md(md, in, n, got), 0);
        assert_memory_equal(got, want, 32);
        for (size_t cut = 0; cut <= n; cut += n < 140 ? 1 : 17) {
            cs_sha256_start(&st);
            cs_sha256_update(&st, in, cut);
            cs_sha256_update(&st, in + cut, n - cut);
            cs_sha256_final(&st, got);
            assert_memory_equal(got, want, 32);
        }
    }
}

static void a_state_is_wiped_when_it_ends(void **state)
{
    static const struct cs_sha256_state zero;
    struct cs_sha256_state st;
    uint8_t out[32];

    (void)state;
    cs_sha256_start(&st);
    cs_sha256_update(&st, (const uint8_t *)"secret", 6);
    cs_sha256_final(&st, out);
    assert_memory_equal(&st, &zero, sizeof st);
}

static void a_column_hash_is_one_block_after_the_tag(void **state)
{
    uint8_t in[64 + CS_COL_IN], got[1][32], want[32];
    static const char name[] = "cloudsign/1/ot/col";

    (void)state;
    cs_sha256(in, CS_SPAN_LIT(name));
    memcpy(in + 32, in, 32);
    stream_bytes(&rnd, in + 64, CS_COL_IN);
    cs_sha256(want, CS_SPAN_OF(in));
    cs_th_each(got, CS_TAG_OT_COL, in + 64, CS_COL_IN, 1);
    assert_memory_equal(got[0], want, 32);
}

static void the_wide_hash_is_sha512_of_tag_tag_and_enc(void **state)
{
    uint8_t buf[64 + 4 + 4 + 5], got[64], want[64];
    static const char name[] = "cloudsign/1/ot/h";
    const struct cs_span x[] = {CS_SPAN_LIT("hello")};
    const uint8_t enc[] = {0, 0, 0, 1, 0, 0, 0, 5, 'h', 'e', 'l', 'l', 'o'};

    (void)state;
    cs_sha256(buf, CS_SPAN_LIT(name));
    memcpy(buf + 32, buf, 32);
    memcpy(buf + 64, enc, sizeof enc);
    cs_sha512(want, CS_SPAN_OF(buf));
    cs_th64(got, CS_TAG_OT_H, x, 1);
    assert_memory_equal(got, want, 64);
}

static void eight_streams_are_eight_times_one_stream(void **state)
{
    uint8_t key[CS_STREAMS][32], got[CS_STREAMS][CS_STREAMS_LEN], want[CS_STREAMS_LEN];

    (void)state;
    for (int i = 0; i < 50; i++) {
        stream_bytes(&rnd, key[0], sizeof key);
        (i % 2 == 0 ? cs_streams : portable_streams)(got, (const uint8_t(*)[32])key);
        for (size_t l = 0; l < CS_STREAMS; l++) {
            cs_stream(want, sizeof want, key[l]);
            assert_memory_equal(got[l], want, sizeof want);
        }
    }
}

static void many_hashes_are_those_of_their_encodings(void **state)
{
    enum { COUNT = 5, LEN = 4 + 4 + 7 }; /* enc of one item of 7 bytes */
    uint8_t in[COUNT][LEN], got[COUNT][32], want[32];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        const struct cs_span x = CS_SPAN(in[i] + 8, 7);
        const uint8_t head[8] = {0, 0, 0, 1, 0, 0, 0, 7};

        stream_bytes(&rnd, in[i], LEN);
        memcpy(in[i], head, sizeof head);
        cs_th(want, CS_TAG_TEST, &x, 1);
        cs_th_each(got, CS_TAG_TEST, in[0], LEN, i + 1);
        assert_memory_equal(got[i], want, 32);
    }
}

/* Row 52: a random number generator that stands still still gives other streams. */
static void streams_differ_by_each_of_their_inputs(void **state)
{
    uint8_t a[32] = {1}, b[32] = {2}, out[5][40];

    (void)state;
    cs_hedged_stream(out[0], 40, CS_TAG_HEDGE_OT_B, a, a, a, 1);
    cs_hedged_stream(out[1], 40, CS_TAG_HEDGE_OT_B, a, a, b, 1);
    cs_hedged_stream(out[2], 40, CS_TAG_HEDGE_OT_B, a, b, a, 1);
    cs_hedged_stream(out[3], 40, CS_TAG_HEDGE_OT_B, a, a, a, 2);
    cs_hedged_stream(out[4], 40, CS_TAG_HEDGE_OT_T, a, a, a, 1);
    for (int i = 0; i < 5; i++) {
        for (int k = 0; k < i; k++) {
            assert_memory_not_equal(out[i], out[k], 40);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_and_cut_gives_the_hash_of_the_others),
        cmocka_unit_test(a_state_is_wiped_when_it_ends),
        cmocka_unit_test(a_column_hash_is_one_block_after_the_tag),
        cmocka_unit_test(the_wide_hash_is_sha512_of_tag_tag_and_enc),
        cmocka_unit_test(eight_streams_are_eight_times_one_stream),
        cmocka_unit_test(many_hashes_are_those_of_their_encodings),
        cmocka_unit_test(streams_differ_by_each_of_their_inputs),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
