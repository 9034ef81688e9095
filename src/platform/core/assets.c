#include "platform/core/assets.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "platform/core/core.h"

/* Every page and file has them; what all answers have is in net/http_reply.c. */
#define POLICY                                                                         \
    "content-security-policy: default-src 'none'; script-src 'self'; style-src "       \
    "'self'; connect-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri "    \
    "'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types "   \
    "'none'\n"                                                                         \
    "permissions-policy: accelerometer=(), camera=(), clipboard-read=(), "             \
    "display-capture=(), geolocation=(), gyroscope=(), hid=(), microphone=(), "        \
    "midi=(), payment=(), serial=(), usb=()\n"                                         \
    "vary: accept-encoding\n"

static bool below(const char *path, const char *folder)
{
    size_t n = strlen(folder);

    return strncmp(path, folder, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static bool is_api(const char *path)
{
    /* /v1: a program with a slip in its address wants an error and no page. */
    static const char *const other[] = {"/v2",     "/control", "/relay", "/healthz",
                                        "/readyz", "/metrics", "/v1",    "/v3",
                                        "/V2",     "/api"};

    for (size_t i = 0; i < CS_COUNTOF(other); i++) {
        if (below(path, other[i])) {
            return true;
        }
    }
    return false;
}

const struct cs_asset *cs_asset_find(const char *name)
{
    for (size_t i = 0; i < cs_assets_n; i++) {
        if (strcmp(cs_assets[i].path, name) == 0) {
            return &cs_assets[i];
        }
    }
    return NULL;
}

/* A page of the console has an address without a dot; /favicon.ico is none. */
static bool is_page(const char *path)
{
    return strchr(strrchr(path, '/'), '.') == NULL;
}

static const struct cs_asset *find(const char *path, bool *forever)
{
    static const char files[] = "/console/";
    size_t n = strlen(cs_assets_version);

    *forever = false;
    if (strncmp(path, files, sizeof files - 1) == 0) {
        path += sizeof files - 1;
        *forever = strncmp(path, cs_assets_version, n) == 0 && path[n] == '/';
        return cs_asset_find(*forever ? path + n + 1 : path);
    }
    if (below(path, "/docs")) {
        return strcmp(path, "/docs") == 0 || strcmp(path, "/docs/api") == 0
                   ? cs_asset_find("api.html")
                   : NULL;
    }
    return path[0] == '/' && is_page(path) ? cs_asset_find("index.html") : NULL;
}

static void refuse(struct cs_platform_core *core, const struct cs_http_req *http,
                   int status, int code, const char *message)
{
    struct cs_wr w = {0};

    cs_wr_printf(&w, "{\"code\":%d,\"message\":\"%s\",\"details\":[]}", code, message);
    CS_ASSERT(w.err == CS_OK);
    cs_emit_reply(core->out, http->id, status, "application/json", cs_wr_get(&w));
    cs_wr_free(&w);
}

/* Is the word one of the list's, "gzip, br"?  With a quality of 0 it is not. */
static bool accepts(const char *list, const char *word)
{
    size_t n = strlen(word);

    while (list != NULL && *list != '\0') {
        size_t len = strcspn(list, ",");
        size_t skip = strspn(list, " \t");

        if (len >= skip + n && strncasecmp(list + skip, word, n) == 0) {
            const char *q = list + skip + n;

            return strncmp(q, ";q=0", 4) != 0 || (q[4] == '.' && q[5] != '0');
        }
        list += len + (list[len] == ',' ? 1 : 0);
    }
    return false;
}

static void send_file(struct cs_platform_core *core, const struct cs_http_req *http,
                      const struct cs_asset *f, bool forever)
{
    bool zip = f->gzip_len < f->len && accepts(http->accept_encoding, "gzip");
    bool same = http->if_none_match != NULL &&
                strstr(http->if_none_match, f->etag) != NULL;
    char headers[1024];
    int n = snprintf(headers, sizeof headers,
                     POLICY "cache-control: %s\netag: \"%s\"\n%s",
                     forever ? "public, max-age=31536000, immutable" : "no-cache",
                     f->etag, zip && !same ? "content-encoding: gzip\n" : "");
    struct cs_span body = zip ? CS_SPAN(f->gzip, f->gzip_len)
                              : CS_SPAN(f->data, f->len);

    CS_ASSERT(n > 0 && (size_t)n < sizeof headers);
    cs_emit_reply_with(core->out, http->id, same ? 304 : 200, f->type, headers,
                       same ? CS_SPAN(NULL, 0) : body);
}

void cs_asset_send(struct cs_platform_core *core, const struct cs_http_req *http,
                   const struct cs_asset *f)
{
    send_file(core, http, f, false);
}

bool cs_assets_serve(struct cs_platform_core *core, const struct cs_http_req *http)
{
    const struct cs_asset *f;
    bool forever;

    if (is_api(http->path)) {
        return false;
    }
    core->stats.http_requests++;
    f = find(http->path, &forever);
    if (f == NULL) {
        refuse(core, http, 404, 5,
               "there is no such file: the console starts at /, the API at /v2");
    } else if (strcmp(http->method, "GET") != 0 && strcmp(http->method, "HEAD") != 0) {
        refuse(core, http, 405, 12, "pages and files of the console are only read");
    } else {
        send_file(core, http, f, forever);
    }
    return true;
}
