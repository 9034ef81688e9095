/* Address lists of credentials: which rules there are, and that they match by value. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "platform/core/ip_rule.h"

static bool allows(const char *rule, const char *remote)
{
    json_t *rules = json_pack("[s]", rule);
    bool ok;

    assert_non_null(rules);
    ok = cs_ip_allowed(rules, remote);
    json_decref(rules);
    return ok;
}

static void what_is_no_address_or_network_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "nonsense",
        "::::",
        ":::",
        ":",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4::5:6:7:8", /* "::" is a group at least */
        "1::2::3",
        ":1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:",
        "12345::",
        "0x1::",
        "fe80::1%eth0",
        "[::1]",
        "::1.2.3",
        "::1.2.3.4.5",
        "1.2.3.4::",
        "::1.2.3.4:5",
        "1:2:3:4:5:6:7:1.2.3.4",
        "::ffff:1.2.3.256",
        "::g",
        ".",
        "1.2.3",
        "1.2.3.4.",
        "1.2.3.4.5",
        "1..3.4",
        "256.1.1.1",
        "010.0.0.1", /* ten or eight? */
        "192.0.2.0/33",
        "192.0.2.0/",
        "192.0.2.0/-1",
        "192.0.2.0/8/8",
        "192.0.2.0/08",
        "192.0.2.0/ 8",
        "2001:db8::/129",
        "2001:db8::/",
        "2001:db8::/x",
        "/8",
        " 1.2.3.4",
        "1.2.3.4:443",
        "4294967296::",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (cs_ip_rule_ok(bad[i])) {
            fail_msg("taken: \"%s\"", bad[i]);
        }
        assert_false(allows(bad[i], "192.0.2.1")); /* of an older store */
        assert_false(allows(bad[i], bad[i]));
    }
}

/* RFC 4291 2.2 and 2.3, RFC 5952 1, 2 and 5: forms of one address. */
static void every_form_of_an_address_is_the_same_address(void **state)
{
    static const char *const forms[][2] = {
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"},
        {"0:0:0:0:0:0:0:1", "::1"},
        {"0:0:0:0:0:0:0:0", "::"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"FF01:0:0:0:0:0:0:101", "ff01::101"},
        {"0:0:0:0:0:FFFF:129.144.52.38", "129.144.52.38"},
        {"::ffff:129.144.52.38", "129.144.52.38"},
        {"::FFFF:8190:3426", "129.144.52.38"},
        {"::13.1.68.3", "::d01:4403"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        for (int k = 0; k < 2; k++) {
            if (!cs_ip_rule_ok(forms[i][k]) || !allows(forms[i][k], forms[i][1 - k]) ||
                !allows(forms[i][k], forms[i][k])) {
                fail_msg("%s is not %s", forms[i][k], forms[i][1 - k]);
            }
        }
        assert_false(allows(forms[i][0], "2001:db8::1:0:0:2"));
        assert_false(allows(forms[i][1], "192.0.2.32"));
    }
    assert_false(allows("::13.1.68.3", "13.1.68.3")); /* not the mapped form */
}

static void a_network_holds_what_has_its_first_bits(void **state)
{
    static const struct {
        const char *rule, *in, *out;
    } nets[] = {
        {"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
        {"192.0.2.0/24", "::ffff:192.0.2.9", "::ffff:192.0.3.9"},
        {"192.0.2.7/30", "192.0.2.4", "192.0.2.8"},
        {"192.0.2.7/32", "192.0.2.7", "192.0.2.6"},
        {"0.0.0.0/0", "255.1.2.3", "2001:db8::1"},
        {"0.0.0.0/1", "127.255.255.255", "128.0.0.0"},
        {"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
        {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
        {"2001:db8::7/128", "2001:db8::7", "2001:db8::6"},
        {"2001:db8::6/127", "2001:db8::7", "2001:db8::8"},
        {"::ffff:192.0.2.0/120", "192.0.2.9", "192.0.3.9"},
        {"fe80::/10", "febf::1", "fec0::1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
        if (!cs_ip_rule_ok(nets[i].rule) || !allows(nets[i].rule, nets[i].in) ||
            allows(nets[i].rule, nets[i].out)) {
            fail_msg("%s: not %s, or %s", nets[i].rule, nets[i].in, nets[i].out);
        }
    }
    assert_true(allows("::/0", "2001:db8::1"));
    assert_true(allows("::/0", "192.0.2.1")); /* ::ffff:192.0.2.1 */
}

static void who_has_no_address_is_let_in_by_no_list(void **state)
{
    json_t *none = json_array();

    (void)state;
    assert_true(cs_ip_allowed(NULL, "local"));
    assert_true(cs_ip_allowed(none, "local"));
    assert_false(allows("0.0.0.0/0", "local"));
    assert_false(allows("::/0", ""));
    assert_false(allows("192.0.2.0/24", "192.0.2.0/24"));
    json_decref(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_address_or_network_is_refused),
        cmocka_unit_test(every_form_of_an_address_is_the_same_address),
        cmocka_unit_test(a_network_holds_what_has_its_first_bits),
        cmocka_unit_test(who_has_no_address_is_let_in_by_no_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
