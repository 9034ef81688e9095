#include "store/kek.h"
#include "support/store_bed.h"

static const char good[] =
    "8f1d5b0c6e2a7934d1c0b5a69788f7e6d5c4b3a29180f7e6d5c4b3a291807f6e";

static void refuse(const char *hex, const char *because)
{
    struct cs_why why = {{0}};
    struct cs_kek kek;

    memset(&kek, 0x55, sizeof kek);
    assert_err(cs_kek_parse(&kek, hex, "DB_ENCRYPTION_KEY_HEX", &why), CS_ERR_CONFIG);
    assert_says(why, "DB_ENCRYPTION_KEY_HEX");
    assert_says(why, because);
    assert_says(why, "openssl rand -hex 32");
    assert_true(cs_ct_is_zero(&kek, sizeof kek));
}

static void a_good_key_is_taken_in_either_case(void **state)
{
    struct cs_kek lower, upper;
    char text[65];

    (void)state;
    assert_ok(cs_kek_parse(&lower, good, "X", NULL));
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = good[i] >= 'a' ? (char)(good[i] - 'a' + 'A') : good[i];
    }
    assert_ok(cs_kek_parse(&upper, text, "X", NULL));
    assert_memory_equal(lower.key, upper.key, 32);
    assert_int_equal(lower.key[0], 0x8f);
    assert_int_equal(lower.key[31], 0x6e);
    cs_kek_wipe(&lower);
    assert_true(cs_ct_is_zero(&lower, sizeof lower));
}

static void a_missing_key_is_refused(void **state)
{
    (void)state;
    refuse(NULL, "no encryption key");
    refuse("", "no encryption key");
}

static void a_wrong_length_is_refused_with_the_length(void **state)
{
    char longer[80];

    (void)state;
    refuse(good + 1, "has 63 hex digits");
    refuse(good + 32, "has 32 hex digits");
    (void)snprintf(longer, sizeof longer, "%s00", good);
    refuse(longer, "has 66 hex digits");
}

static void a_character_that_is_no_hex_digit_is_refused_with_its_place(void **state)
{
    char text[80];

    (void)state;
    memcpy(text, good, sizeof good);
    text[10] = 'g';
    refuse(text, "character 11 is not a hex digit");
    (void)snprintf(text, sizeof text, "0x%s", good);
    refuse(text, "character 2 is not a hex digit");
    (void)snprintf(text, sizeof text, "%s\n", good);
    refuse(text, "character 65 is not a hex digit");
}

static void one_repeated_byte_is_refused(void **state)
{
    char text[65] = {0};

    (void)state;
    memset(text, '0', 64);
    refuse(text, "one byte repeated");
    memset(text, 'f', 64);
    refuse(text, "one byte repeated");
}

static void the_three_example_keys_are_refused(void **state)
{
    /* As printed in the vendor's guide: public, and so worthless. */
    static const char *const examples[] = {
        "c6516198ba86603e2fda776706b44373d5630cd2e89352772a9b75cda2df67ed",
        "0c92f60527b778f2f0036067429b3982d2c7f79ef657943f0e18c1e918362aa6",
        "bf7e463d11347c486f4b8e79284a02e0543369009ff0d1efc1d2644fe63b21a7",
    };
    char upper[65];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(examples); i++) {
        refuse(examples[i], "example key");
    }
    for (size_t i = 0; i < sizeof upper; i++) {
        char c = examples[0][i];

        upper[i] = c >= 'a' ? (char)(c - 'a' + 'A') : c;
    }
    refuse(upper, "example key");
}

static void a_refusal_never_repeats_the_key(void **state)
{
    struct cs_why why = {{0}};
    struct cs_kek kek;
    char text[80];

    (void)state;
    (void)snprintf(text, sizeof text, "%sz", good);
    assert_err(cs_kek_parse(&kek, text, "X", &why), CS_ERR_CONFIG);
    for (size_t i = 0; i + 6 <= 64; i++) {
        char piece[7] = {0};

        memcpy(piece, good + i, 6);
        assert_null(strstr(why.text, piece));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_key_is_taken_in_either_case),
        cmocka_unit_test(a_missing_key_is_refused),
        cmocka_unit_test(a_wrong_length_is_refused_with_the_length),
        cmocka_unit_test(a_character_that_is_no_hex_digit_is_refused_with_its_place),
        cmocka_unit_test(one_repeated_byte_is_refused),
        cmocka_unit_test(the_three_example_keys_are_refused),
        cmocka_unit_test(a_refusal_never_repeats_the_key),
    };

    if (cs_crypto_init() != CS_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
