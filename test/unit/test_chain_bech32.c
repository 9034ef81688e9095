/* Bech32 and Bech32m: the valid and invalid strings of BIP 173 and BIP 350, both ways.
 */
#include "chain/bech32.h"
#include "support/chains.h"

static void addresses_of_bip350_go_both_ways(void **state)
{
    static const struct {
        const char *text, *hrp, *hex;
        uint8_t version;
    } cases[] = {
        {"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bc",
         "751e76e8199196d454941c45d1b3a323f1433bd6", 0},
        {"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", "tb",
         "1863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262", 0},
        {"bc1sw50qgdz25j", "bc", "751e", 16},
        {"bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "bc",
         "751e76e8199196d454941c45d1b3a323", 2},
        {"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "bc",
         "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", 1},
    };
    struct cs_bech32_read r;
    char hex[129], text[CS_BECH32_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        assert_true(cs_unbech32(&r, cases[i].hrp, true, cases[i].text));
        assert_int_equal(r.version, cases[i].version);
        assert_int_equal(r.kind, r.version == 0 ? CS_BECH32 : CS_BECH32M);
        assert_string_equal(cs_hex(hex, r.bytes, r.n), cases[i].hex);
        cs_bech32(text, r.kind, cases[i].hrp, r.version, CS_SPAN(r.bytes, r.n));
        assert_string_equal(text, cases[i].text);
    }
}

static void other_strings_are_refused(void **state)
{
    static const char *const cases[] = {
        "tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty", /* other prefix */
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", /* checksum */
        "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", /* one text per address */
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xW7kv8f3t4",
        "bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du", /* padding of more than 4 bits */
        "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv", /* not zero */
        "bc1gmk9yu",                                                      /* empty */
        "bc1",
        "bc",
        "",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3tb", /* b is no digit */
    };
    struct cs_bech32_read r;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        if (cs_unbech32(&r, "bc", true, cases[i]) ||
            cs_unbech32(&r, "tb", true, cases[i])) {
            fail_msg("%s is taken", cases[i]);
        }
    }
}

static void every_length_goes_both_ways(void **state)
{
    uint8_t bytes[CS_BECH32_BYTES_MAX];
    char text[CS_BECH32_TEXT_MAX];
    struct cs_bech32_read r;

    (void)state;
    memset(bytes, 0xa7, sizeof bytes);
    for (size_t n = 1; n <= sizeof bytes; n++) {
        cs_bech32(text, CS_BECH32, "cosmos", CS_BECH32_NO_VERSION, CS_SPAN(bytes, n));
        assert_true(cs_unbech32(&r, "cosmos", false, text));
        assert_int_equal(r.n, n);
        assert_memory_equal(r.bytes, bytes, n);
        text[10] = text[10] == 'q' ? 'p' : 'q';
        assert_false(cs_unbech32(&r, "cosmos", false, text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_bip350_go_both_ways),
        cmocka_unit_test(other_strings_are_refused),
        cmocka_unit_test(every_length_goes_both_ways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
