#include "net/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/span.h"

/* 0..65535 from n decimal digits, -1 for anything else. */
static int port_of(const char *digits, size_t n)
{
    int port = 0;

    if (n == 0 || n > 5) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return -1;
        }
        port = 10 * port + (digits[i] - '0');
    }
    return port <= 65535 ? port : -1;
}

static bool host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.' || c == '_';
}

static bool copy_host(char host[CS_URL_HOST_MAX], const char *from, size_t n)
{
    if (n == 0 || n >= CS_URL_HOST_MAX || from[0] == '.' || from[0] == '-') {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!host_char(from[i])) {
            return false;
        }
    }
    memcpy(host, from, n);
    host[n] = '\0';
    return true;
}

static bool copy_path(char path[CS_URL_PATH_MAX], const char *from)
{
    size_t n = strlen(from);

    if (n == 0) {
        from = "/";
        n = 1;
    }
    if (n >= CS_URL_PATH_MAX) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (from[i] <= ' ' || from[i] >= 0x7f || from[i] == '#') {
            return false;
        }
    }
    memcpy(path, from, n + 1);
    return true;
}

enum cs_err cs_url_parse(struct cs_url *out, const char *text, struct cs_why *why)
{
    static const char scheme[] = "wss://";
    struct cs_url u = {.port = 443};
    const char *host = text + sizeof scheme - 1, *path, *colon;
    size_t authority, host_len;

    if (strncmp(text, scheme, sizeof scheme - 1) != 0) {
        return cs_why(why, CS_ERR_CONFIG,
                      "the URL must start with wss:// (CloudSign speaks TLS only)");
    }
    authority = strcspn(host, "/?#");
    path = host + authority;
    colon = memchr(host, ':', authority);
    host_len = colon != NULL ? (size_t)(colon - host) : authority;
    if (colon != NULL) {
        u.port = port_of(colon + 1, authority - host_len - 1);
    }
    if (u.port <= 0) {
        return cs_why(why, CS_ERR_CONFIG, "the URL's port must be a number 1..65535");
    }
    if (!copy_host(u.host, host, host_len)) {
        return cs_why(why, CS_ERR_CONFIG,
                      "the URL needs a host name or IPv4 address of letters, digits, "
                      "dots and dashes");
    }
    if (*path == '?' || !copy_path(u.path, path)) {
        return cs_why(why, CS_ERR_CONFIG, "the URL's path is malformed or too long");
    }
    *out = u;
    return CS_OK;
}

/* Splits at the last colon; brackets around an IPv6 address are taken off. */
static bool split(char host[CS_URL_HOST_MAX], int *port, const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t n;

    if (colon == NULL) {
        return false;
    }
    n = (size_t)(colon - text);
    *port = port_of(colon + 1, strlen(colon + 1));
    if (n >= 2 && text[0] == '[' && colon[-1] == ']') {
        text++;
        n -= 2;
    }
    if (n == 0 || n >= CS_URL_HOST_MAX || *port < 0) {
        return false;
    }
    memcpy(host, text, n);
    host[n] = '\0';
    return true;
}

enum cs_err cs_listen_parse(char host[CS_URL_HOST_MAX], int *port, const char *text,
                            struct cs_why *why)
{
    char h[CS_URL_HOST_MAX] = "";
    struct in6_addr any;
    int p = -1;

    if (!split(h, &p, text)) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "the listen address must be HOST:PORT, for example 127.0.0.1:8443");
    }
    if (strcmp(h, "localhost") == 0) {
        memcpy(h, "127.0.0.1", sizeof "127.0.0.1");
    }
    if (inet_pton(AF_INET, h, &any) != 1 && inet_pton(AF_INET6, h, &any) != 1) {
        return cs_why(why, CS_ERR_CONFIG,
                      "the listen host must be an IP address or localhost, not a name "
                      "(0.0.0.0 listens on all IPv4 addresses)");
    }
    memcpy(host, h, sizeof h);
    *port = p;
    return CS_OK;
}
