/* Address lists of API credentials: an address (either family) or an IPv4 network. */
#ifndef CS_PLATFORM_CORE_IP_RULE_H
#define CS_PLATFORM_CORE_IP_RULE_H

#include <jansson.h>
#include <stdbool.h>

bool cs_ip_rule_ok(const char *rule); /* "192.0.2.7", "192.0.2.0/24", "2001:db8::7" */
/* An empty or absent list allows everybody. */
bool cs_ip_allowed(const json_t *rules, const char *remote);

#endif
