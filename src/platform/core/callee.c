#include "platform/core/callee.h"

#include <string.h>

#include "base/span.h"

/* ---- addresses --------------------------------------------------------- */

struct net {
    uint8_t ip[16];
    unsigned bits;
};

/* IANA's special-purpose registry, and 168.63.129.16, where Azure answers machines. */
static const struct net v4_closed[] = {
    {{0}, 8},
    {{10}, 8},
    {{100, 64}, 10},
    {{127}, 8},
    {{169, 254}, 16},
    {{172, 16}, 12},
    {{192, 0, 0}, 24},
    {{192, 0, 2}, 24},
    {{192, 88, 99}, 24},
    {{192, 168}, 16},
    {{198, 18}, 15},
    {{198, 51, 100}, 24},
    {{203, 0, 113}, 24},
    {{168, 63, 129, 16}, 32},
    {{224}, 4},
    {{240}, 4},
};

/* Of 2000::/3; nothing outside of it is global unicast: neither ::1, fc00::/7,
 * fe80::/10, ff00::/8, nor ::ffff:0:0/96 and 64:ff9b::/96, which stand for IPv4. */
static const struct net v6_closed[] = {
    {{0x20, 0x01}, 23},             /* protocol assignments, Teredo, ORCHID */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4: stands for IPv4 */
    {{0x3f, 0xff}, 20},             /* documentation */
};

static bool in_net(const uint8_t *ip, const uint8_t *net, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    uint8_t mask = (uint8_t)(0xff00U >> rest);

    return memcmp(ip, net, whole) == 0 &&
           (rest == 0 || ((ip[whole] ^ net[whole]) & mask) == 0);
}

static bool in_any(const uint8_t *ip, const struct net *nets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (in_net(ip, nets[i].ip, nets[i].bits)) {
            return true;
        }
    }
    return false;
}

bool cs_callee_is_public(const uint8_t *ip, size_t len)
{
    static const uint8_t global[16] = {0x20};

    if (len == 4) {
        return !in_any(ip, v4_closed, CS_COUNTOF(v4_closed));
    }
    return len == 16 && in_net(ip, global, 3) &&
           !in_any(ip, v6_closed, CS_COUNTOF(v6_closed));
}

bool cs_callee_allows(const struct cs_callee_rule *rules, size_t n_rules,
                      const uint8_t *ip, size_t len, int port)
{
    for (size_t i = 0; i < n_rules; i++) {
        const struct cs_callee_rule *r = &rules[i];

        if (r->len == len && r->port == port && in_net(ip, r->ip, r->bits)) {
            return true;
        }
    }
    return port == CS_CALLEE_PORT && cs_callee_is_public(ip, len);
}

/* ---- texts ------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Four decimal numbers without leading zeros: "0177.0.0.1" is read in two ways. */
static bool dotted_quad(const char *p, size_t n, uint8_t out[4])
{
    size_t part = 0, digits = 0;
    unsigned v = 0;

    for (size_t i = 0; i <= n; i++) {
        if (i < n && is_digit(p[i])) {
            v = 10 * v + (unsigned)(p[i] - '0');
            if (++digits > 3 || v > 255 || (digits == 2 && v < 10)) {
                return false;
            }
        } else if ((i == n || p[i] == '.') && digits > 0 && part < 4) {
            out[part++] = (uint8_t)v;
            v = 0;
            digits = 0;
        } else {
            return false;
        }
    }
    return part == 4;
}

/* Labels of letters, digits, '-' and '_', at most 63 long, none empty. */
static bool is_name(const char *p, size_t n)
{
    size_t label = 0;

    for (size_t i = 0; i < n; i++) {
        if (p[i] == '.') {
            if (label == 0) {
                return false;
            }
            label = 0;
        } else if (!(is_alnum(p[i]) || p[i] == '-' || p[i] == '_') || ++label > 63 ||
                   (label == 1 && p[i] == '-')) {
            return false;
        }
    }
    return label > 0 && n <= CS_CALLEE_HOST_MAX;
}

static const char *last_label(const char *p, size_t n, size_t *len)
{
    size_t at = n;

    while (at > 0 && p[at - 1] != '.') {
        at--;
    }
    *len = n - at;
    return p + at;
}

/* "127.1", "0x7f000001", "2130706433": resolvers take them for addresses. */
static bool looks_numeric(const char *p, size_t n)
{
    size_t len;
    const char *last = last_label(p, n, &len);

    return is_digit(last[0]);
}

static bool ends_in(const char *p, size_t n, const char *word)
{
    size_t len, k = strlen(word);
    const char *last = last_label(p, n, &len);

    if (len != k) {
        return false;
    }
    for (size_t i = 0; i < k; i++) {
        char c = last[i];

        if ((c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c) != word[i]) {
            return false;
        }
    }
    return true;
}

/* Names that stand for this machine or this network. */
static bool is_local_name(const char *p, size_t n)
{
    static const char *const words[] = {"localhost", "localdomain", "local", "internal",
                                        "intranet",  "lan",         "home",  "corp",
                                        "private",   "arpa",        "onion", "invalid"};

    for (size_t i = 0; i < CS_COUNTOF(words); i++) {
        if (ends_in(p, n, words[i])) {
            return true;
        }
    }
    return memchr(p, '.', n) == NULL;
}

static bool port_ok(const struct cs_callee_rule *rules, size_t n, int port)
{
    for (size_t i = 0; i < n; i++) {
        if (rules[i].port == port) {
            return true;
        }
    }
    return port == CS_CALLEE_PORT;
}

static bool take_port(const char *p, size_t n, int *port)
{
    *port = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(p[i])) {
            return false;
        }
        *port = 10 * *port + (p[i] - '0');
    }
    return n > 0 && n <= 5 && p[0] != '0' && *port <= 65535;
}

static bool path_ok(const char *p)
{
    for (; *p != '\0'; p++) {
        if (*p <= ' ' || *p >= 0x7f || *p == '#' || *p == '\\') {
            return false;
        }
    }
    return true;
}

static bool host_ok(const struct cs_callee_rule *rules, size_t n_rules,
                    const char *host, size_t n, int port, const char **why)
{
    uint8_t ip[4];

    if (!is_name(host, n)) {
        *why = "must have a host name: no dot at the end, nothing that is "
               "percent-encoded";
        return false;
    }
    if (looks_numeric(host, n)) {
        *why = "must have a name, or a public IPv4 address as four decimal numbers";
        return dotted_quad(host, n, ip) &&
               cs_callee_allows(rules, n_rules, ip, sizeof ip, port);
    }
    *why = "must have a name of the Internet: the operator allows own networks with "
           "--webhook-allow";
    return n_rules > 0 || !is_local_name(host, n);
}

bool cs_callee_url_ok(const struct cs_callee_rule *rules, size_t n_rules,
                      const char *url, const char **why)
{
    static const char scheme[] = "https://";
    const char *host = url + sizeof scheme - 1, *colon;
    size_t n, authority;
    int port = CS_CALLEE_PORT;

    *why = "must be an https:// URL of at most 1024 characters";
    if (strncmp(url, scheme, sizeof scheme - 1) != 0 ||
        strlen(url) > CS_CALLEE_URL_MAX) {
        return false;
    }
    authority = strcspn(host, "/?#\\");
    colon = memchr(host, ':', authority);
    n = colon == NULL ? authority : (size_t)(colon - host);
    *why = "must have no fragment, no blanks and only ASCII";
    if (!path_ok(host + authority)) {
        return false;
    }
    *why = "must have a host name: no user or password, no IPv6 address";
    if (memchr(host, '@', authority) != NULL || memchr(host, '[', authority) != NULL) {
        return false;
    }
    *why = "must have port 443: the operator allows others with --webhook-allow";
    if (colon != NULL && (!take_port(colon + 1, authority - n - 1, &port) ||
                          !port_ok(rules, n_rules, port))) {
        return false;
    }
    return host_ok(rules, n_rules, host, n, port, why);
}
