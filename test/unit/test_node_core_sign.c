/* Signing end to end: three real cores, a played platform, an in-memory relay
 * (PROTOCOLS 6.3, 7.2; RELIABILITY T10, T11). */
#include "support/node_trio.h"

static struct bed b;

static int up(void **state)
{
    (void)state;
    trio_up(&b);
    trio_key(&b);
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

static void every_pair_signs_with_either_one_as_initiator(void **state)
{
    static const uint8_t pairs[3][2] = {{1, 2}, {1, 3}, {2, 3}};
    uint8_t n = 0;

    (void)state;
    for (size_t p = 0; p < 3; p++) {
        for (size_t k = 0; k < 2; k++) {
            int i = pairs[p][k] - 1;
            size_t before = bed_count(&b, i, CS_EVT_SIGN_DONE);

            trio_sign(&b, ++n, pairs[p][0], pairs[p][1], pairs[p][k]);
            bed_advance(&b, 3000);
            assert_int_equal(bed_count(&b, i, CS_EVT_SIGN_DONE), before + 1);
            trio_check_done(&b, i, before + 1);
        }
    }
    for (int i = 0; i < BED_NODES; i++) {
        assert_int_equal(bed_count(&b, i, CS_EVT_SIGN_FAILED), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_pair_signs_with_either_one_as_initiator,
                                        up, down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
