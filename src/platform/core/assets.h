/* The console's files, built into the program (cmake/EmbedAssets.cmake), and who gets
 * which of them.
 *
 *   /console/<file>              a file; the browser asks each time (ETag)
 *   /console/<version>/<file>    the same, kept for a year: another build has another
 *                                version.  index.html names files this way, and their
 *                                relative imports follow
 *   /docs, /docs/api             api.html
 *   /v2.., /control.., /relay.., /healthz, /readyz, /metrics, and what programs write
 *   by mistake (/v1, /v3, /V2, /api)
 *                                not ours: the route table of the API answers
 *   anything else                index.html: the console finds the page by its address
 *
 * GET and HEAD only.  All are public: they hold no data, and what they ask of /v2 is
 * for who has signed in.  RELIABILITY 4.3: nothing but our own files runs in a page. */
#ifndef CS_PLATFORM_CORE_ASSETS_H
#define CS_PLATFORM_CORE_ASSETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cs_asset {
    const char *path; /* below src/platform/console, "lib/dom.js" */
    const char *type;
    const char *etag; /* 32 hex digits */
    const uint8_t *data;
    size_t len;
    const uint8_t *gzip;
    size_t gzip_len;
};

/* The generated table. */
extern const struct cs_asset cs_assets[];
extern const size_t cs_assets_n;
extern const char cs_assets_version[17];

struct cs_platform_core;
struct cs_http_req;

/* Answers what is a request for the console.  false: it is one for the API, nothing has
 * happened. */
bool cs_assets_serve(struct cs_platform_core *core, const struct cs_http_req *http);

/* The file of this name, NULL: there is none; and as the answer of an API request. */
const struct cs_asset *cs_asset_find(const char *path);
void cs_asset_send(struct cs_platform_core *core, const struct cs_http_req *http,
                   const struct cs_asset *f);

#endif
