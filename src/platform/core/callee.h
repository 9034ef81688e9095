/* Whom a webhook may call (RELIABILITY T36): https, port 443, public addresses, and
 * what the operator has allowed beyond that.  Pure: the glue resolves a name once, asks
 * cs_callee_allows for every address that came out, and connects to exactly one of
 * them; a name that does not resolve is called by nobody.  Any thread. */
#ifndef CS_PLATFORM_CORE_CALLEE_H
#define CS_PLATFORM_CORE_CALLEE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CS_CALLEE_URL_MAX = 1024,
    CS_CALLEE_HOST_MAX = 253,
    CS_CALLEE_RULES_MAX = 16,
    CS_CALLEE_PORT = 443,
};

/* --webhook-allow CIDR[:port]: this network at this port, too. */
struct cs_callee_rule {
    uint8_t ip[16];
    size_t len; /* 4 or 16 */
    unsigned bits;
    int port;
};

/* Addresses of the Internet at large: not private, shared (CGNAT), loopback,
 * link-local (where clouds keep their metadata), multicast, reserved, for
 * documentation, or an IPv6 form of an IPv4 address.  len is 4 or 16. */
bool cs_callee_is_public(const uint8_t *ip, size_t len);
bool cs_callee_allows(const struct cs_callee_rule *rules, size_t n_rules,
                      const uint8_t *ip, size_t len, int port);

/* May this URL be an endpoint?  Looks at its text only: what a name stands for is known
 * when it is called.  false: why is a sentence with the remedy. */
bool cs_callee_url_ok(const struct cs_callee_rule *rules, size_t n_rules,
                      const char *url, const char **why);

#endif
