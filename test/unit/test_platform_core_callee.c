/* Whom a webhook may call: forms of URLs, addresses, the operator's rules (T36). */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "base/span.h"
#include "platform/core/callee.h"

static void refused(const char *url)
{
    const char *why = "";

    if (cs_callee_url_ok(NULL, 0, url, &why)) {
        fail_msg("taken: %s", url);
    }
    assert_true(strlen(why) > 20);
}

static const char *const bad_urls[] = {
    /* other schemes */
    "http://hooks.example.com/",
    "HTTPS://hooks.example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "//example.com/",
    "example.com",
    "",
    "https:/example.com",
    "https://",
    /* loopback, private, link-local, shared, reserved */
    "https://127.0.0.1/",
    "https://127.1.2.3",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://100.100.100.200/",
    "https://168.63.129.16/",
    "https://0.0.0.0/",
    "https://0.1.2.3/",
    "https://192.0.0.192/",
    "https://198.18.0.1/",
    "https://192.0.2.1/",
    "https://198.51.100.1/",
    "https://203.0.113.1/",
    "https://224.0.0.1/",
    "https://239.255.255.255/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    /* other ways to write an address */
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://017700000001/",
    "https://127.0.0.1.",
    "https://127.000.000.001/",
    "https://1.1.1.1.1/",
    "https://example.com.1/",
    "https://256.1.1.1/",
    "https://8.8.8.08/",
    /* IPv6 */
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fd00:ec2::254]/",
    "https://[2606:4700::1111]/",
    /* names of this network */
    "https://localhost/",
    "https://LOCALHOST/",
    "https://a.localhost/",
    "https://localhost.localdomain/",
    "https://metadata.google.internal/",
    "https://printer.local/",
    "https://intranet/",
    "https://router.lan/",
    "https://1.0.0.127.in-addr.arpa/",
    /* who is asked, really? */
    "https://user@example.com/",
    "https://example.com@127.0.0.1/",
    "https://user:pass@example.com/",
    "https://example.com:443@127.0.0.1/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com#@127.0.0.1/",
    "https://127.0.0.1#example.com",
    "https://example.com%2f@127.0.0.1/",
    "https://%31%32%37.0.0.1/",
    "https://exam ple.com/",
    "https://example.com/a b",
    "https://example.com/\r\nHost: x",
    "https://example.com/\t",
    "https://ex\xc3\xa4mple.com/",
    "https://example.com/\xc3\xa4",
    "https://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1/",
    "https://example..com/",
    "https://.example.com/",
    "https://example.com./",
    "https://-a.example.com/",
    "https:///example.com",
    "https://?x",
    "https://example.com/#f",
    /* ports */
    "https://example.com:80/",
    "https://example.com:22/",
    "https://example.com:8443/",
    "https://example.com:0/",
    "https://example.com:0443/",
    "https://example.com:/",
    "https://example.com:65536/",
    "https://example.com:-1/",
    "https://example.com:443x/",
    "https://example.com:4 43/",
};

static void forms_of_urls_that_lead_inside_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad_urls); i++) {
        refused(bad_urls[i]);
    }
    assert_true(CS_COUNTOF(bad_urls) >= 40);
}

static void usual_endpoints_are_taken(void **state)
{
    static const char *const urls[] = {"https://hooks.example.com",
                                       "https://hooks.example.com/",
                                       "https://hooks.example.com:443/a?b=c&d=%20",
                                       "https://8.8.8.8/in",
                                       "https://1.example.com/",
                                       "https://a_b-c.example.co.uk/x/y/z",
                                       "https://xn--mnchen-3ya.example/",
                                       "https://example.com/@user:80"};
    const char *why;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(urls); i++) {
        if (!cs_callee_url_ok(NULL, 0, urls[i], &why)) {
            fail_msg("%s: %s", urls[i], why);
        }
    }
}

static void too_long_ones_are_refused(void **state)
{
    char url[CS_CALLEE_URL_MAX + 64] = "https://example.com/";
    char name[400] = "https://";
    const char *why;

    (void)state;
    memset(url + 20, 'a', sizeof url - 21);
    refused(url);
    url[CS_CALLEE_URL_MAX] = '\0';
    assert_true(cs_callee_url_ok(NULL, 0, url, &why));
    for (size_t i = 8; i < 300; i++) {
        name[i] = i % 10 == 0 ? '.' : 'a';
    }
    refused(name);
    memset(name + 8, 'a', 64);
    memcpy(name + 72, ".com", 5);
    refused(name);
}

static bool is_public(const char *text)
{
    uint8_t ip[16];
    bool v6 = strchr(text, ':') != NULL;

    assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, text, ip), 1);
    return cs_callee_is_public(ip, v6 ? 16 : 4);
}

static const char *const yes[] = {
    "1.1.1.1",         "8.8.8.8",           "9.255.255.255",
    "11.0.0.0",        "100.63.255.255",    "100.128.0.0",
    "126.255.255.255", "128.0.0.0",         "169.253.0.1",
    "169.255.0.1",     "172.15.255.255",    "172.32.0.0",
    "192.0.1.1",       "192.167.255.255",   "192.169.0.0",
    "198.17.255.255",  "198.20.0.0",        "223.255.255.255",
    "2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888",
    "2003::1",         "3ffe::1",           "2001:200::1"};
static const char *const no[] = {"0.0.0.0",
                                 "10.255.255.255",
                                 "100.64.0.0",
                                 "100.127.255.255",
                                 "127.0.0.1",
                                 "169.254.169.254",
                                 "172.31.255.255",
                                 "192.0.0.8",
                                 "192.0.2.1",
                                 "192.88.99.1",
                                 "192.168.0.1",
                                 "198.19.255.255",
                                 "198.51.100.7",
                                 "203.0.113.9",
                                 "224.0.0.251",
                                 "240.1.1.1",
                                 "255.255.255.255",
                                 "168.63.129.16",
                                 "::",
                                 "::1",
                                 "::ffff:8.8.8.8",
                                 "::ffff:127.0.0.1",
                                 "::127.0.0.1",
                                 "64:ff9b::808:808",
                                 "64:ff9b:1::1",
                                 "100::1",
                                 "2001::1",
                                 "2001:10::1",
                                 "2001:20::1",
                                 "2001:db8::1",
                                 "2002:7f00:1::1",
                                 "3fff::1",
                                 "5f00::1",
                                 "fc00::1",
                                 "fd00:ec2::254",
                                 "fe80::1",
                                 "fec0::1",
                                 "ff02::1"};

static void addresses_of_the_internet_are_public_and_no_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(yes); i++) {
        if (!is_public(yes[i])) {
            fail_msg("%s", yes[i]);
        }
    }
    for (size_t i = 0; i < CS_COUNTOF(no); i++) {
        if (is_public(no[i])) {
            fail_msg("%s", no[i]);
        }
    }
    assert_false(cs_callee_is_public((const uint8_t *)"\x08\x08\x08\x08\x08", 5));
}

static void a_rule_allows_its_network_at_its_port_only(void **state)
{
    const struct cs_callee_rule rules[] = {
        {{127, 0, 0, 1}, 4, 32, 8443}, {{10, 1}, 4, 16, 443}, {{0xfd}, 16, 8, 443}};
    const uint8_t one[4] = {127, 0, 0, 1}, two[4] = {127, 0, 0, 2};
    const uint8_t in[4] = {10, 1, 255, 9}, out[4] = {10, 2, 0, 1},
                  pub[4] = {8, 8, 8, 8};
    const uint8_t v6[16] = {0xfd, 1}, v6_out[16] = {0xfc, 1};
    const char *why;

    (void)state;
#define ALLOWS(ip, port) cs_callee_allows(rules, 3, ip, sizeof ip, port)
    assert_true(ALLOWS(one, 8443));
    assert_false(ALLOWS(one, 443));
    assert_false(ALLOWS(two, 8443));
    assert_true(ALLOWS(in, 443));
    assert_false(ALLOWS(in, 8443));
    assert_false(ALLOWS(out, 443));
    assert_true(ALLOWS(v6, 443));
    assert_false(ALLOWS(v6_out, 443));
    assert_true(ALLOWS(pub, 443));
    assert_false(ALLOWS(pub, 8443));
#undef ALLOWS
    assert_true(cs_callee_url_ok(rules, 3, "https://127.0.0.1:8443/", &why));
    assert_false(cs_callee_url_ok(rules, 3, "https://127.0.0.2:8443/", &why));
    assert_false(cs_callee_url_ok(rules, 3, "https://127.0.0.1/", &why));
    assert_true(cs_callee_url_ok(rules, 3, "https://hooks.internal/", &why));
    assert_false(cs_callee_url_ok(rules, 3, "https://hooks.internal:9/", &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_of_urls_that_lead_inside_are_refused),
        cmocka_unit_test(usual_endpoints_are_taken),
        cmocka_unit_test(too_long_ones_are_refused),
        cmocka_unit_test(addresses_of_the_internet_are_public_and_no_others),
        cmocka_unit_test(a_rule_allows_its_network_at_its_port_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
