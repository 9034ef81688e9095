#include "platform/core/ip_rule.h"

#include <stdint.h>
#include <string.h>

enum { V4_OF_V6 = 96, GROUPS = 8 }; /* bits in front of IPv4 in ::ffff:0:0/96 */

struct network {
    uint8_t addr[16];
    unsigned bits;
};

/* ---- reading ------------------------------------------------------------- */

/* A decimal number up to max without leading zeros, which some read as octal. */
static bool decimal(const char *text, size_t n, unsigned max, unsigned *out)
{
    unsigned v = 0;

    if (n == 0 || n > 3 || (n > 1 && text[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        v = v * 10 + (unsigned)(text[i] - '0');
    }
    *out = v;
    return v <= max;
}

static bool ipv4(const char *text, size_t n, uint8_t out[4])
{
    for (size_t i = 0; i < 4; i++) {
        const char *dot = memchr(text, '.', n);
        size_t part = dot == NULL ? n : (size_t)(dot - text);
        unsigned v;

        if ((dot == NULL) != (i == 3) || !decimal(text, part, 255, &v)) {
            return false;
        }
        out[i] = (uint8_t)v;
        text += part + 1;
        n -= i == 3 ? n : part + 1;
    }
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool group(const char *text, size_t n, uint8_t out[2])
{
    unsigned v = 0;

    if (n == 0 || n > 4) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int d = hex_digit(text[i]);

        if (d < 0) {
            return false;
        }
        v = v << 4 | (unsigned)d;
    }
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
    return true;
}

/* "a:b:c", nothing, or such that ends with IPv4 where that may be: up to 8 groups of
 * two bytes.  Their number; GROUPS + 1: it is none. */
static size_t groups(const char *text, size_t n, bool may_end_v4, uint8_t out[16])
{
    size_t at = 0;

    if (n == 0) {
        return 0;
    }
    for (;;) {
        const char *colon = memchr(text, ':', n);
        size_t part = colon == NULL ? n : (size_t)(colon - text);

        if (colon == NULL && may_end_v4 && at + 2 <= GROUPS &&
            ipv4(text, part, out + 2 * at)) {
            return at + 2;
        }
        if (at >= GROUPS || !group(text, part, out + 2 * at)) {
            return GROUPS + 1;
        }
        at++;
        if (colon == NULL) {
            return at;
        }
        text += part + 1;
        n -= part + 1;
    }
}

/* RFC 4291 2.2: "::" stands once, for one group of zeros or more. */
static bool ipv6(const char *text, size_t n, uint8_t out[16])
{
    const char *gap = memmem(text, n, "::", 2);
    size_t before = gap == NULL ? n : (size_t)(gap - text), head, tail;
    uint8_t end[16];

    memset(out, 0, 16);
    head = groups(text, before, gap == NULL, out);
    if (gap == NULL) {
        return head == GROUPS;
    }
    tail = groups(gap + 2, n - before - 2, true, end);
    if (head > GROUPS || tail > GROUPS || head + tail >= GROUPS) {
        return false;
    }
    memcpy(out + 16 - 2 * tail, end, 2 * tail);
    return true;
}

/* What stands in front of the slash; *width: bits of its family. */
static bool address(const char *text, size_t n, uint8_t out[16], unsigned *width)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (memchr(text, ':', n) != NULL) {
        *width = 128;
        return ipv6(text, n, out);
    }
    *width = 32;
    memcpy(out, mapped, sizeof mapped);
    return ipv4(text, n, out + sizeof mapped);
}

static bool parse(struct network *net, const char *text)
{
    size_t n = strcspn(text, "/");
    unsigned width;

    if (!address(text, n, net->addr, &width)) {
        return false;
    }
    net->bits = width;
    if (text[n] == '/' &&
        !decimal(text + n + 1, strlen(text + n + 1), width, &net->bits)) {
        return false;
    }
    net->bits += width == 32 ? V4_OF_V6 : 0;
    return true;
}

/* ---- asking -------------------------------------------------------------- */

static bool holds(const struct network *net, const uint8_t addr[16])
{
    size_t whole = net->bits / 8;
    unsigned rest = net->bits % 8;

    return memcmp(net->addr, addr, whole) == 0 &&
           (rest == 0 || (net->addr[whole] ^ addr[whole]) >> (8 - rest) == 0);
}

bool cs_ip_allowed(const json_t *rules, const char *remote)
{
    struct network own, net;

    if (json_array_size(rules) == 0) {
        return true;
    }
    if (strchr(remote, '/') != NULL || !parse(&own, remote)) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(rules); i++) {
        const char *rule = json_string_value(json_array_get(rules, i));

        if (rule != NULL && parse(&net, rule) && holds(&net, own.addr)) {
            return true;
        }
    }
    return false;
}

bool cs_ip_rule_ok(const char *rule)
{
    struct network net;

    return parse(&net, rule);
}
