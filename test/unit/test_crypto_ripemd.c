/* RIPEMD-160 against the examples of its authors, HASH160 of a known key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "crypto/ripemd.h"

static void check(const char *message, const char *want)
{
    uint8_t out[20];
    char hex[41];

    cs_ripemd160(out, CS_SPAN(message, strlen(message)));
    assert_string_equal(cs_hex(hex, out, sizeof out), want);
}

static void ripemd160_gives_its_authors_examples(void **state)
{
    (void)state;
    check("", "9c1185a5c5e9fc54612808977ee8f548b2258d31");
    check("a", "0bdc9d2d256b3ee9daae347be6f4dc835a467ffe");
    check("abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc");
    check("message digest", "5d0689ef49d2fae572b881b123a85ffa21595f36");
    check("abcdefghijklmnopqrstuvwxyz", "f71c27109c692c1b56bbdceb5b9d2865b3708dbc");
}

/* BIP 173: the key of the examples, 751e76e8.. */
static void hash160_of_the_generator_is_the_one_of_bip173(void **state)
{
    uint8_t pub[33], out[20];
    char hex[41];

    (void)state;
    assert_int_equal(
        cs_unhex(pub, sizeof pub,
                 "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
        CS_OK);
    cs_hash160(out, CS_SPAN_OF(pub));
    assert_string_equal(cs_hex(hex, out, sizeof out),
                        "751e76e8199196d454941c45d1b3a323f1433bd6");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ripemd160_gives_its_authors_examples),
        cmocka_unit_test(hash160_of_the_generator_is_the_one_of_bip173),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
