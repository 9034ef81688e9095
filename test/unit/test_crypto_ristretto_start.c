/* What the self-tests of the start make of a ristretto255 that computes wrongly: they
 * are built once more here, over the arithmetic of the header below. */
#include "support/ristretto_checked.h"

#define cs_selftest checked_selftest
#include "crypto/selftest.c"

#include "support/ristretto_ref.h"

static int setup(void **state)
{
    (void)state;
    checked_init();
    return cs_crypto_init() != CS_OK;
}

static void fails_with(const char *word)
{
    const char *what = "";

    assert_int_equal(checked_selftest(&what), CS_ERR_SELFTEST);
    if (strstr(what, word) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", word, what);
    }
}

static void a_start_whose_table_is_whole_goes_on(void **state)
{
    const char *what = "";

    (void)state;
    assert_int_equal(checked_selftest(&what), CS_OK);
}

/* One bit, in any of the 256 entries. */
static void a_damaged_entry_of_the_table_is_found(void **state)
{
    (void)state;
    for (size_t j = 0; j < PAIRS; j++) {
        for (size_t k = 0; k < ROW; k++) {
            uint64_t *word = &base_table[j][k].word[(j + k) % 15];

            *word ^= 1;
            assert_false(ristretto_table_agrees());
            *word ^= 1;
        }
    }
    assert_true(ristretto_table_agrees());
    base_table[PAIRS - 1][4].word[0] ^= 1;
    fails_with("ristretto255");
    base_table[PAIRS - 1][4].word[0] ^= 1;
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(a_start_whose_table_is_whole_goes_on),
        cmocka_unit_test(a_damaged_entry_of_the_table_is_found),
    };

    return cmocka_run_group_tests(cases, setup, NULL);
}
