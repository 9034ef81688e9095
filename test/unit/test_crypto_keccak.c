/* Keccak-256, SHA3-256, BLAKE2b, SHA-512/256: published examples (FIPS 180-4 and 202
 * example values, RFC 7693 appendix A, the Keccak team's KAT, known EVM constants), and
 * SHA3-256 at every length around the block size chained, against another
 * implementation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "crypto/blake2.h"
#include "crypto/keccak.h"

static void is(const uint8_t *out, size_t n, const char *want)
{
    char hex[129];

    assert_string_equal(cs_hex(hex, out, n), want);
}

static void keccak256_gives_published_values(void **state)
{
    uint8_t out[32];

    (void)state;
    cs_keccak256(out, CS_SPAN_LIT(""));
    is(out, 32, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    cs_keccak256(out, CS_SPAN_LIT("abc"));
    is(out, 32, "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    cs_keccak256(out, CS_SPAN_LIT("transfer(address,uint256)"));
    is(out, 4, "a9059cbb");
    cs_keccak256(out, CS_SPAN_LIT("approve(address,uint256)"));
    is(out, 4, "095ea7b3");
}

static void sha3_256_gives_the_examples_of_fips202(void **state)
{
    uint8_t a3[200], out[32];

    (void)state;
    memset(a3, 0xa3, sizeof a3);
    cs_sha3_256(out, CS_SPAN_LIT(""));
    is(out, 32, "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
    cs_sha3_256(out, CS_SPAN_LIT("abc"));
    is(out, 32, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
    cs_sha3_256(out, CS_SPAN_OF(a3));
    is(out, 32, "79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787");
}

/* One hash over the hashes of 0, 1, .. 272 bytes "a", made with another program. */
static void every_length_around_the_block_is_padded_right(void **state)
{
    uint8_t chain[32] = {0}, in[32 + 272];

    (void)state;
    for (size_t n = 0; n <= 272; n++) {
        memcpy(in, chain, 32);
        memset(in + 32, 'a', n);
        cs_sha3_256(chain, CS_SPAN(in, 32 + n));
    }
    is(chain, 32, "8e1672a5122881a1c3eaba2b9a8bb630be98ddba0d920c1e9fe5d8bf1f84ee6f");
}

static void blake2b_gives_published_values(void **state)
{
    uint8_t out[64];

    (void)state;
    cs_blake2b(out, 64, CS_SPAN_LIT("abc"));
    is(out, 64,
       "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
       "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    cs_blake2b(out, 32, CS_SPAN_LIT("abc"));
    is(out, 32, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    cs_blake2b(out, 28, CS_SPAN_LIT("abc"));
    is(out, 28, "9bd237b02a29e43bdd6738afa5b53ff0eee178d6210b618e4511aec8");
    cs_blake2b(out, 20, CS_SPAN_LIT("abc"));
    is(out, 20, "384264f676f39536840523f284921cdc68b6846b");
    cs_blake2b(out, 4, CS_SPAN_LIT("abc"));
    is(out, 4, "63906248");
}

static void sha512_256_gives_the_examples_of_fips180(void **state)
{
    uint8_t out[32];

    (void)state;
    cs_sha512_256(out, CS_SPAN_LIT(""));
    is(out, 32, "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a");
    cs_sha512_256(out, CS_SPAN_LIT("abc"));
    is(out, 32, "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23");
    cs_sha512_256(out,
                  CS_SPAN_LIT("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghij"
                              "klmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrst"
                              "nopqrstu"));
    is(out, 32, "3928e184fb8690f840da3988121d31be65cb9d3ef83ee6146feac861e19b563a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keccak256_gives_published_values),
        cmocka_unit_test(sha3_256_gives_the_examples_of_fips202),
        cmocka_unit_test(every_length_around_the_block_is_padded_right),
        cmocka_unit_test(blake2b_gives_published_values),
        cmocka_unit_test(sha512_256_gives_the_examples_of_fips180),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
