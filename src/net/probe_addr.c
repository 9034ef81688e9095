/* METRICS_ADDR: where a probe server may listen. */
#include <stdlib.h>
#include <string.h>

#include "net/probe_server.h"

static enum cs_err bad(struct cs_why *why, const char *setting, const char *text,
                       const char *what)
{
    return cs_why(why, CS_ERR_CONFIG,
                  "%s: \"%.80s\" %s; use unix:/path/of/a.sock, 127.0.0.1:PORT or "
                  "[::1]:PORT",
                  setting, text, what);
}

static enum cs_err parse_unix(struct cs_probe_addr *a, const char *text,
                              const char *setting, struct cs_why *why)
{
    const char *path = text + strlen("unix:");
    size_t n = strlen(path);

    if (path[0] != '/' || n < 2 || path[n - 1] == '/') {
        return bad(why, setting, text, "has no absolute path of a socket");
    }
    if (n >= sizeof a->path) {
        return bad(why, setting, text, "is too long for a socket's name");
    }
    a->is_unix = true;
    memcpy(a->path, path, n + 1);
    return CS_OK;
}

static bool parse_port(int *out, const char *text)
{
    size_t n = strlen(text);
    unsigned long v = n != 0 && n <= 5 && strspn(text, "0123456789") == n
                          ? strtoul(text, NULL, 10)
                          : 65536;

    *out = (int)v;
    return v <= 65535;
}

enum cs_err cs_probe_addr_parse(struct cs_probe_addr *out, const char *text,
                                const char *setting, struct cs_why *why)
{
    static const char *const hosts[][2] = {{"127.0.0.1:", "127.0.0.1"},
                                           {"[::1]:", "::1"}};
    struct cs_probe_addr a = {.is_unix = false};

    if (strncmp(text, "unix:", 5) == 0) {
        CS_CHECK(parse_unix(&a, text, setting, why));
        *out = a;
        return CS_OK;
    }
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(hosts[i][0]);

        if (strncmp(text, hosts[i][0], n) == 0) {
            memcpy(a.host, hosts[i][1], strlen(hosts[i][1]) + 1);
            if (!parse_port(&a.port, text + n)) {
                return bad(why, setting, text, "has no port from 0 to 65535");
            }
            *out = a;
            return CS_OK;
        }
    }
    return bad(why, setting, text,
               "is not this machine's alone: a node has no door to the network");
}
