#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "net/https_client.h"

static bool take_scheme(bool *is_plain, const char **rest, const char *text)
{
    if (strncmp(text, "https://", 8) == 0) {
        *is_plain = false;
        *rest = text + 8;
        return true;
    }
    *is_plain = true;
    *rest = text + 7;
    return strncmp(text, "http://", 7) == 0;
}

static bool take_port(int *port, const char *digits, size_t n)
{
    if (n == 0 || n > 5) {
        return false;
    }
    *port = 0;
    for (size_t i = 0; i < n; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return false;
        }
        *port = 10 * *port + (digits[i] - '0');
    }
    return *port >= 1 && *port <= 65535;
}

static bool is_host(const char *host, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = host[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_')) {
            return false;
        }
    }
    return n != 0 && host[0] != '.' && host[0] != '-';
}

/* "[v6]" of n characters. */
static bool take_v6(struct cs_https_url *u, const char *text, size_t n)
{
    struct in6_addr any;

    if (n < 4 || text[n - 1] != ']' || n - 2 >= sizeof u->host) {
        return false;
    }
    memcpy(u->host, text + 1, n - 2);
    u->host[n - 2] = '\0';
    return inet_pton(AF_INET6, u->host, &any) == 1;
}

static bool take_host(struct cs_https_url *u, const char *text, size_t n)
{
    if (n != 0 && text[0] == '[') {
        return take_v6(u, text, n);
    }
    if (n >= sizeof u->host || !is_host(text, n)) {
        return false;
    }
    memcpy(u->host, text, n);
    u->host[n] = '\0';
    return true;
}

static bool take_authority(struct cs_https_url *u, const char *text, size_t n)
{
    const char *end = n != 0 && text[0] == '[' ? memchr(text, ']', n) : text;
    const char *colon = end != NULL ? memchr(end, ':', n - (size_t)(end - text)) : NULL;
    size_t host = colon != NULL ? (size_t)(colon - text) : n;

    u->port = u->is_plain ? 80 : 443;
    if (colon != NULL && !take_port(&u->port, colon + 1, n - host - 1)) {
        return false;
    }
    return take_host(u, text, host);
}

static bool take_path(struct cs_https_url *u, const char *text)
{
    size_t n = strlen(text);

    if (n >= sizeof u->path - 1) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (text[i] <= ' ' || text[i] >= 0x7f || text[i] == '#' || text[i] == '\\') {
            return false;
        }
    }
    if (text[0] != '/') {
        u->path[0] = '/';
        memcpy(u->path + 1, text, n + 1);
    } else {
        memcpy(u->path, text, n + 1);
    }
    return true;
}

enum cs_err cs_https_url_parse(struct cs_https_url *out, const char *text,
                               const char *name, bool allow_plain, struct cs_why *why)
{
    struct cs_https_url u = {.port = 0};
    const char *rest = NULL;
    size_t authority;

    if (!take_scheme(&u.is_plain, &rest, text) || (u.is_plain && !allow_plain)) {
        return cs_why(why, CS_ERR_CONFIG, "%s: the URL must start with https://", name);
    }
    authority = strcspn(rest, "/?#");
    if (!take_authority(&u, rest, authority)) {
        return cs_why(why, CS_ERR_CONFIG,
                      "%s: the URL needs a host (a name or an address, without user "
                      "or password) and a port 1..65535 if any",
                      name);
    }
    if (strchr(u.host, ':') != NULL && !u.is_plain) {
        return cs_why(why, CS_ERR_CONFIG,
                      "%s: an IPv6 address cannot be checked against a certificate: "
                      "use a name",
                      name);
    }
    if (!take_path(&u, rest + authority)) {
        return cs_why(why, CS_ERR_CONFIG,
                      "%s: the URL's path is malformed or too long (no fragment, no "
                      "blanks)",
                      name);
    }
    *out = u;
    return CS_OK;
}
