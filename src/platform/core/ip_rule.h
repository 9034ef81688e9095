/* Address lists of API credentials: addresses and networks of both families.
 *
 * A rule is an IPv4 address of four plain decimal numbers, or an IPv6 address in any
 * form of RFC 4291 2.2 (also with IPv4 at its end, and so all that RFC 5952 writes),
 * and perhaps "/" and the bits of a network.  They are matched by value: IPv4 is what
 * ::ffff:0:0/96 holds of IPv6, where it was written so, too.  No zone ("%eth0"), no
 * port, no brackets. */
#ifndef CS_PLATFORM_CORE_IP_RULE_H
#define CS_PLATFORM_CORE_IP_RULE_H

#include <jansson.h>
#include <stdbool.h>

/* "192.0.2.7", "192.0.2.0/24", "2001:db8::7", "2001:db8::/32", "::ffff:192.0.2.7" */
bool cs_ip_rule_ok(const char *rule);
/* An empty or absent list allows everybody.  A rule that is none (of a store before
 * this was asked) allows nobody. */
bool cs_ip_allowed(const json_t *rules, const char *remote);

#endif
