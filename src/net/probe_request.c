#include "net/probe_request.h"

#include <string.h>
#include <strings.h>

struct line {
    const char *p;
    size_t n;
};

size_t cs_probe_head_len(const char *p, size_t n)
{
    const char *end = memmem(p, n, "\r\n\r\n", 4);

    return end != NULL ? (size_t)(end - p) + 4 : 0;
}

/* The next line without its end; false after the last one. */
static bool next_line(struct line *l, const char **at, const char *end)
{
    const char *eol = memmem(*at, (size_t)(end - *at), "\r\n", 2);

    if (eol == NULL || eol == *at) {
        return false;
    }
    *l = (struct line){*at, (size_t)(eol - *at)};
    *at = eol + 2;
    return true;
}

static bool is_visible(struct line l)
{
    for (size_t i = 0; i < l.n; i++) {
        if ((unsigned char)l.p[i] < 0x20 && l.p[i] != '\t') {
            return false;
        }
    }
    return true;
}

/* "GET /path?query HTTP/1.1" */
static int request_line(char path[CS_PROBE_URL_MAX], struct line l, bool *is_11)
{
    const char *url = memchr(l.p, ' ', l.n), *end = l.p + l.n, *version;
    size_t n;

    url = url != NULL ? url + 1 : NULL;
    version = url != NULL ? memchr(url, ' ', (size_t)(end - url)) : NULL;
    if (version == NULL || url[0] != '/' ||
        memchr(version + 1, ' ', (size_t)(end - version - 1)) != NULL) {
        return 400;
    }
    n = (size_t)(end - version - 1);
    if (n != 8 || (memcmp(version + 1, "HTTP/1.1", 8) != 0 &&
                   memcmp(version + 1, "HTTP/1.0", 8) != 0)) {
        return 505;
    }
    *is_11 = version[8] == '1';
    if (url - l.p != 4 || memcmp(l.p, "GET", 3) != 0) {
        return 405;
    }
    n = (size_t)(version - url);
    n = memchr(url, '?', n) != NULL ? (size_t)((const char *)memchr(url, '?', n) - url)
                                    : n;
    if (n >= CS_PROBE_URL_MAX) {
        return 404; /* no path of ours is that long */
    }
    memcpy(path, url, n);
    path[n] = '\0';
    return 200;
}

/* value of "Host:", without blanks around it */
static bool host_ok(struct line v)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t n = strlen(names[i]), k = n + 1;

        if (v.n < n || strncasecmp(v.p, names[i], n) != 0) {
            continue;
        }
        if (v.n == n) {
            return true;
        }
        while (k < v.n && v.p[k] >= '0' && v.p[k] <= '9') {
            k++;
        }
        return v.p[n] == ':' && k == v.n && v.n <= n + 6;
    }
    return false;
}

static bool is_header(struct line l, const char *name, struct line *value)
{
    size_t n = strlen(name);

    if (l.n <= n || strncasecmp(l.p, name, n) != 0 || l.p[n] != ':') {
        return false;
    }
    *value = (struct line){l.p + n + 1, l.n - n - 1};
    while (value->n != 0 && (value->p[0] == ' ' || value->p[0] == '\t')) {
        value->p++;
        value->n--;
    }
    while (value->n != 0 &&
           (value->p[value->n - 1] == ' ' || value->p[value->n - 1] == '\t')) {
        value->n--;
    }
    return true;
}

int cs_probe_request(char path[CS_PROBE_URL_MAX], const char *head, size_t n,
                     bool any_host)
{
    const char *at = head, *end = head + n;
    struct line l, value;
    size_t hosts = 0;
    bool is_11 = false, ok = true;
    int status;

    if (!next_line(&l, &at, end) || !is_visible(l)) {
        return 400;
    }
    status = request_line(path, l, &is_11);
    while (next_line(&l, &at, end)) {
        if (!is_visible(l) || l.p[0] == ' ' || l.p[0] == '\t' ||
            memchr(l.p, ':', l.n) == NULL) {
            return 400;
        }
        if (is_header(l, "host", &value)) {
            hosts++;
            ok = ok && host_ok(value);
        }
    }
    if (hosts > 1 || (hosts == 0 && is_11)) {
        return 400;
    }
    return status == 200 && !any_host && !ok ? 421 : status;
}
