/* Outbox, address table, URLs: the bounds of what strangers and operators give. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/ip_limit.h"
#include "net/outbox.h"
#include "net/url.h"

static void an_outbox_keeps_order_and_both_bounds(void **state)
{
    struct cs_outbox o = {.max_count = 3, .max_bytes = 10};
    size_t n = 0;

    (void)state;
    assert_int_equal(cs_outbox_add(&o, CS_SPAN_LIT("one")), CS_OK);
    assert_int_equal(cs_outbox_add(&o, CS_SPAN_LIT("second")), CS_OK);
    assert_int_equal(cs_outbox_add(&o, CS_SPAN_LIT("22")), CS_ERR_FULL); /* 11 bytes */
    assert_int_equal(cs_outbox_add(&o, CS_SPAN_LIT("3")), CS_OK);
    assert_int_equal(cs_outbox_add(&o, CS_SPAN_LIT("")), CS_ERR_FULL); /* 4 messages */
    assert_memory_equal(cs_outbox_first(&o, &n), "one", 3);
    assert_int_equal(n, 3);
    cs_outbox_drop_first(&o);
    assert_memory_equal(cs_outbox_first(&o, &n), "second", 6);
    assert_int_equal(cs_outbox_add(&o, CS_SPAN_LIT("abc")), CS_OK);
    cs_outbox_free(&o);
    assert_null(cs_outbox_first(&o, &n));
    assert_int_equal(o.bytes, 0);
}

static struct cs_ip ip_of(const char *text)
{
    struct sockaddr_storage a = {0};
    struct cs_ip ip;

    if (strchr(text, ':') == NULL) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&a;

        v4->sin_family = AF_INET;
        assert_int_equal(inet_pton(AF_INET, text, &v4->sin_addr), 1);
    } else {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&a;

        v6->sin6_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
    }
    assert_true(cs_ip_of(&ip, &a));
    return ip;
}

static void each_address_and_all_together_are_counted(void **state)
{
    struct cs_ip a = ip_of("10.0.0.1"), b = ip_of("10.0.0.2");
    struct cs_ip_limit l;

    (void)state;
    assert_true(cs_ip_limit_init(&l, 3, 2));
    for (int i = 0; i < 2; i++) {
        assert_true(cs_ip_limit_allows(&l, &a));
        cs_ip_limit_add(&l, &a);
    }
    assert_false(cs_ip_limit_allows(&l, &a)); /* two each */
    assert_true(cs_ip_limit_allows(&l, &b));
    cs_ip_limit_add(&l, &b);
    assert_false(cs_ip_limit_allows(&l, &b)); /* three in all */
    cs_ip_limit_remove(&l, &a);
    assert_true(cs_ip_limit_allows(&l, &b));
    cs_ip_limit_wipe(&l);
}

static void an_ipv6_site_counts_as_one_and_a_mapped_address_as_itself(void **state)
{
    struct cs_ip a = ip_of("2001:db8::1"), b = ip_of("2001:db8::2:3");
    struct cs_ip c = ip_of("2001:db8:0:1::1"), m = ip_of("::ffff:10.0.0.1");
    struct cs_ip v4 = ip_of("10.0.0.1"), other = ip_of("::ffff:10.0.0.2");

    (void)state;
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_not_equal(&a, &c, sizeof a);
    assert_memory_equal(&m, &v4, sizeof m);
    assert_memory_not_equal(&m, &other, sizeof m);
}

static void thousands_of_addresses_come_and_go(void **state)
{
    struct cs_ip_limit l;
    char text[32];

    (void)state;
    assert_true(cs_ip_limit_init(&l, 20, 2));
    for (unsigned round = 0; round < 3000; round++) {
        struct cs_ip ips[20];

        for (unsigned i = 0; i < 20; i++) {
            (void)snprintf(text, sizeof text, "10.%u.%u.%u", round / 256, round % 256,
                           i);
            ips[i] = ip_of(text);
            assert_true(cs_ip_limit_allows(&l, &ips[i]));
            cs_ip_limit_add(&l, &ips[i]);
        }
        assert_int_equal(l.total, 20);
        for (unsigned i = 0; i < 20; i++) {
            cs_ip_limit_remove(&l, &ips[(i * 7 + round) % 20]);
        }
    }
    assert_int_equal(l.total, 0);
    cs_ip_limit_wipe(&l);
}

static void a_wss_url_is_taken_apart(void **state)
{
    struct cs_url u;

    (void)state;
    assert_int_equal(cs_url_parse(&u, "wss://example.org", NULL), CS_OK);
    assert_string_equal(u.host, "example.org");
    assert_string_equal(u.path, "/");
    assert_int_equal(u.port, 443);
    assert_int_equal(cs_url_parse(&u, "wss://127.0.0.1:8443/control?x=1", NULL), CS_OK);
    assert_string_equal(u.host, "127.0.0.1");
    assert_string_equal(u.path, "/control?x=1");
    assert_int_equal(u.port, 8443);
}

static void urls_that_could_weaken_the_connection_are_refused(void **state)
{
    static const char *const bad[] = {
        "ws://example.org/", /* no TLS */
        "https://example.org/",
        "wss://",
        "wss:///control",
        "wss://:443/",
        "wss://[::1]:443/", /* libwebsockets would check no name */
        "wss://user@example.org/",
        "wss://user:1@example.org/",
        "wss://example.org:0/",
        "wss://example.org:65536/",
        "wss://example.org:+1/",
        "wss://example.org:/",
        "wss://example.org:4 43/",
        "wss://exa mple.org/",
        "wss://example.org/a b",
        "wss://example.org/a#b",
        "wss://example.org/\r\nX: y",
        "wss://example.org?x",
        "wss://.org/",
        "WSS://example.org/",
    };
    char text[600] = "wss://";
    struct cs_why why;
    struct cs_url u;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        if (cs_url_parse(&u, bad[i], &why) != CS_ERR_CONFIG) {
            fail_msg("taken: %s", bad[i]);
        }
        assert_true(why.text[0] != '\0');
    }
    memset(text + 6, 'a', 128);
    assert_int_equal(cs_url_parse(&u, text, NULL), CS_ERR_CONFIG);
    text[7] = '/';
    memset(text + 8, 'a', 300);
    assert_int_equal(cs_url_parse(&u, text, NULL), CS_ERR_CONFIG);
}

static void a_listen_address_is_an_ip_address_and_a_port(void **state)
{
    static const char *const bad[] = {"",          "8443",         ":8443",
                                      "127.0.0.1", "127.0.0.1:",   "127.0.0.1:65536",
                                      "name:1",    "127.0.0.1:-1", "1.2.3:1",
                                      "[::1:1",    "[]:1"};
    char host[CS_URL_HOST_MAX];
    int port = -1;

    (void)state;
    assert_int_equal(cs_listen_parse(host, &port, "localhost:0", NULL), CS_OK);
    assert_string_equal(host, "127.0.0.1");
    assert_int_equal(port, 0);
    assert_int_equal(cs_listen_parse(host, &port, "[::1]:8443", NULL), CS_OK);
    assert_string_equal(host, "::1");
    assert_int_equal(port, 8443);
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        if (cs_listen_parse(host, &port, bad[i], NULL) != CS_ERR_CONFIG) {
            fail_msg("taken: %s", bad[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outbox_keeps_order_and_both_bounds),
        cmocka_unit_test(each_address_and_all_together_are_counted),
        cmocka_unit_test(an_ipv6_site_counts_as_one_and_a_mapped_address_as_itself),
        cmocka_unit_test(thousands_of_addresses_come_and_go),
        cmocka_unit_test(a_wss_url_is_taken_apart),
        cmocka_unit_test(urls_that_could_weaken_the_connection_are_refused),
        cmocka_unit_test(a_listen_address_is_an_ip_address_and_a_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
