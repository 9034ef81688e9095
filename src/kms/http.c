#include "kms/http.h"

#include <ctype.h>
#include <string.h>

#define FORM "must be https://host[:port][/path]"

static enum cs_err refuse(struct cs_why *why, const char *name, const char *what)
{
    return cs_why(why, CS_ERR_CONFIG, "%s: %s; it " FORM, name, what);
}

static const char *take_scheme(struct cs_aws_url *u, const char *text)
{
    if (strncmp(text, "https://", 8) == 0) {
        u->is_tls = true;
        u->port = 443;
        return text + 8;
    }
    u->port = 80;
    return strncmp(text, "http://", 7) == 0 ? text + 7 : NULL;
}

static bool host_char_ok(bool is_ipv6, unsigned char c)
{
    return is_ipv6 ? isxdigit(c) || c == ':' || c == '.'
                   : isalnum(c) || c == '.' || c == '-';
}

/* The host up to its end, which is returned; NULL when it is none. */
static const char *take_host(struct cs_aws_url *u, const char *p)
{
    size_t n = 0;

    u->is_ipv6 = *p == '[';
    p += u->is_ipv6 ? 1 : 0;
    while (host_char_ok(u->is_ipv6, (unsigned char)p[n]) && n < CS_AWS_HOST_MAX - 1) {
        u->host[n] = p[n];
        n++;
    }
    u->host[n] = '\0';
    p += n;
    if (n == 0 || u->host[0] == '.' || u->host[0] == '-') {
        return NULL;
    }
    if (u->is_ipv6) {
        return *p == ']' ? p + 1 : NULL;
    }
    return p;
}

static const char *take_port(struct cs_aws_url *u, const char *p)
{
    int port = 0, digits = 0;

    if (*p != ':') {
        return p;
    }
    for (p++; isdigit((unsigned char)*p) && digits < 5; p++, digits++) {
        port = port * 10 + (*p - '0');
    }
    if (port < 1 || port > 65535) {
        return NULL;
    }
    u->port = port;
    return p;
}

static bool take_path(struct cs_aws_url *u, const char *p)
{
    size_t n = strlen(p);

    if (n == 0) {
        p = "/";
        n = 1;
    }
    if (*p != '/' || n >= CS_AWS_PATH_MAX) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (p[i] <= ' ' || p[i] >= 0x7f || p[i] == '#' || p[i] == '"' || p[i] == '\\') {
            return false;
        }
    }
    memcpy(u->path, p, n + 1);
    return true;
}

enum cs_err cs_aws_url_parse(struct cs_aws_url *out, const char *text, const char *name,
                             struct cs_why *why)
{
    struct cs_aws_url u = {.port = 0};
    const char *p = take_scheme(&u, text);

    if (p == NULL) {
        return refuse(why, name, "is no https:// or http:// URL");
    }
    if (strcspn(p, "@") < strcspn(p, "/?#")) {
        return refuse(why, name, "has user information before the host");
    }
    p = take_host(&u, p);
    if (p == NULL) {
        return refuse(why, name, "has no valid host");
    }
    if (u.is_tls && u.is_ipv6) { /* net/https_client.h; it would be asked for ever */
        return cs_why(why, CS_ERR_CONFIG,
                      "%s: an IPv6 address under https:// cannot be checked against a "
                      "certificate; use a host name",
                      name);
    }
    p = take_port(&u, p);
    if (p == NULL) {
        return refuse(why, name, "has a port that is not 1 to 65535");
    }
    if (!take_path(&u, p)) {
        return refuse(why, name, "has bytes after the host that cannot be a path");
    }
    *out = u;
    return CS_OK;
}

static bool is_ipv4_text(const char *host)
{
    return host[strspn(host, "0123456789.")] == '\0';
}

bool cs_aws_url_is_loopback(const struct cs_aws_url *u)
{
    if (u->is_ipv6) {
        return strcmp(u->host, "::1") == 0;
    }
    return strcmp(u->host, "localhost") == 0 ||
           (strncmp(u->host, "127.", 4) == 0 && is_ipv4_text(u->host));
}

void cs_aws_http_start(struct cs_aws_http *h, const char *method,
                       const struct cs_aws_url *url)
{
    struct cs_wr host = {0};
    bool is_default = url->port == (url->is_tls ? 443 : 80);

    cs_aws_http_free(h);
    h->method = method;
    h->url = *url;
    cs_wr_printf(&host, url->is_ipv6 ? "[%s]" : "%s", url->host);
    if (!is_default) {
        cs_wr_printf(&host, ":%d", url->port);
    }
    if (host.err != CS_OK) {
        h->values.err = host.err;
    }
    cs_aws_http_header(h, "host", cs_wr_get(&host));
    cs_wr_free(&host);
}

void cs_aws_http_header(struct cs_aws_http *h, const char *name, struct cs_span value)
{
    size_t i = h->n_headers;

    if (i == CS_AWS_HEADERS_MAX) {
        h->values.err = CS_ERR_LIMIT;
        return;
    }
    h->headers[i].name = name;
    h->headers[i].at = h->values.n;
    h->headers[i].n = value.n;
    cs_wr_span(&h->values, value);
    h->n_headers++;
}

struct cs_span cs_aws_http_value(const struct cs_aws_http *h, size_t i)
{
    if (i >= h->n_headers || h->values.err != CS_OK) {
        return CS_SPAN(NULL, 0);
    }
    return CS_SPAN(h->values.p + h->headers[i].at, h->headers[i].n);
}

enum cs_err cs_aws_http_err(const struct cs_aws_http *h)
{
    return h->values.err != CS_OK ? h->values.err : h->body.err;
}

void cs_aws_http_free(struct cs_aws_http *h)
{
    cs_wr_free(&h->values);
    cs_wr_free(&h->body);
    *h = (struct cs_aws_http){.method = NULL};
}

const char *cs_aws_request_id(const struct cs_aws_reply *r)
{
    size_t n = 0;

    if (r->request_id == NULL) {
        return "none";
    }
    while (isalnum((unsigned char)r->request_id[n]) || r->request_id[n] == '-') {
        n++;
    }
    if (n == 0 || n >= CS_AWS_REQUEST_ID_MAX || r->request_id[n] != '\0') {
        return "none";
    }
    return r->request_id;
}
