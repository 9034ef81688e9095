/* OT setups in the background (PROTOCOLS 4.2, 15.4 D1): they come up, survive loss, and
 * cost no more than a device is allowed. */
#include "support/node_ot.h"

static struct bed b;

static int up(void **state)
{
    (void)state;
    trio_up(&b);
    liar = NULL;
    b.carry = lie_carry;
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

static void setups_come_up_when_an_ecdsa_key_is_asked_for(void **state)
{
    (void)state;
    ot_all_are(&b, CS_OT_NONE); /* no key needs them */
    ot_key(&b, 1);
    bed_advance(&b, 3000);
    ot_all_are(&b, CS_OT_TESTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(setups_come_up_when_an_ecdsa_key_is_asked_for,
                                        up, down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
