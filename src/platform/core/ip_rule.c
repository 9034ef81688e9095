#include "platform/core/ip_rule.h"

#include <string.h>
#include <strings.h>

#include "wire/jsonx.h"

static bool ipv4(const char *text, size_t n, uint32_t *out)
{
    uint32_t v = 0, part = 0, parts = 0;
    size_t digits = 0;

    for (size_t i = 0; i <= n; i++) {
        char c = i < n ? text[i] : '.';

        if (c == '.') {
            if (digits == 0 || part > 255 || ++parts > 4) {
                return false;
            }
            v = v << 8 | part;
            part = 0;
            digits = 0;
        } else if (c >= '0' && c <= '9' && digits < 3) {
            part = part * 10 + (uint32_t)(c - '0');
            digits++;
        } else {
            return false;
        }
    }
    *out = v;
    return parts == 4;
}

static const char *plain_remote(const char *remote)
{
    return strncasecmp(remote, "::ffff:", 7) == 0 ? remote + 7 : remote;
}

static bool in_network(const char *rule, const char *remote)
{
    size_t n = strcspn(rule, "/");
    uint32_t net, own, mask;
    unsigned bits = 0;

    if (rule[n] != '/' || !ipv4(rule, n, &net) || !ipv4(remote, strlen(remote), &own)) {
        return strcasecmp(rule, remote) == 0;
    }
    for (const char *p = rule + n + 1; *p >= '0' && *p <= '9' && bits <= 32; p++) {
        bits = bits * 10 + (unsigned)(*p - '0');
    }
    mask = bits == 0 ? 0 : UINT32_MAX << (32 - (bits > 32 ? 32 : bits));
    return (net & mask) == (own & mask);
}

bool cs_ip_allowed(const json_t *rules, const char *remote)
{
    const char *rule;

    if (json_array_size(rules) == 0) {
        return true;
    }
    for (size_t i = 0; i < json_array_size(rules); i++) {
        rule = json_string_value(json_array_get(rules, i));
        if (rule != NULL && in_network(rule, plain_remote(remote))) {
            return true;
        }
    }
    return false;
}

bool cs_ip_rule_ok(const char *rule)
{
    size_t n = strcspn(rule, "/");
    uint32_t net;
    uint64_t bits = 0;

    if (ipv4(rule, n, &net)) {
        return rule[n] == '\0' ||
               (cs_u64_parse(&bits, rule + n + 1) == CS_OK && bits <= 32);
    }
    return strchr(rule, ':') != NULL &&
           rule[strspn(rule, "0123456789abcdefABCDEF:.")] == '\0';
}
