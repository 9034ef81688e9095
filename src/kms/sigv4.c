#include "kms/sigv4.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "kms/aws_time.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

enum cs_err cs_sigv4_time(char out[CS_SIGV4_TIME_LEN], uint64_t unix_s)
{
    struct cs_aws_date d;

    CS_CHECK(cs_aws_date(&d, unix_s));
    cs_aws_date_basic(out, &d);
    return CS_OK;
}

/* ---- path and query -------------------------------------------------------------- */

static bool is_unreserved(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.' || c == '_' || c == '~';
}

static void put_percent(struct cs_wr *w, uint8_t c)
{
    static const char digits[] = "0123456789ABCDEF";

    cs_wr_u8(w, '%');
    cs_wr_u8(w, (uint8_t)digits[c >> 4]);
    cs_wr_u8(w, (uint8_t)digits[c & 15]);
}

/* "", "." and ".." between slashes: servers differ in what they make of them. */
static bool is_normal(struct cs_span path)
{
    size_t start = 1;

    if (path.n == 0 || path.p[0] != '/') {
        return false;
    }
    for (size_t i = 1; path.n > 1 && i <= path.n; i++) {
        size_t n = i - start;

        if (i < path.n && path.p[i] != '/') {
            continue;
        }
        if ((n == 0 && i < path.n) || (n == 1 && path.p[start] == '.') ||
            (n == 2 && path.p[start] == '.' && path.p[start + 1] == '.')) {
            return false;
        }
        start = i + 1;
    }
    return true;
}

/* The path as sent is encoded once more: all services but S3. */
static enum cs_err put_path(struct cs_wr *w, struct cs_span path)
{
    if (!is_normal(path)) {
        return CS_ERR_USAGE;
    }
    for (size_t i = 0; i < path.n; i++) {
        if (is_unreserved(path.p[i]) || path.p[i] == '/') {
            cs_wr_u8(w, path.p[i]);
        } else {
            put_percent(w, path.p[i]);
        }
    }
    return CS_OK;
}

/* One encoding of a name or value: what is encoded already stays so. */
static void put_encoded(struct cs_wr *w, struct cs_span s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool is_escape = s.p[i] == '%' && i + 2 < s.n && isxdigit(s.p[i + 1]) &&
                         isxdigit(s.p[i + 2]);

        if (is_escape) {
            cs_wr_u8(w, '%');
            cs_wr_u8(w, (uint8_t)toupper(s.p[i + 1]));
            cs_wr_u8(w, (uint8_t)toupper(s.p[i + 2]));
            i += 2;
        } else if (is_unreserved(s.p[i])) {
            cs_wr_u8(w, s.p[i]);
        } else {
            put_percent(w, s.p[i]);
        }
    }
}

struct pair {
    const uint8_t *base; /* encoded text, set once the buffer no longer grows */
    size_t name, n_name, value, n_value;
};

static int compare_bytes(const uint8_t *a, size_t n, const uint8_t *b, size_t m)
{
    int order = memcmp(a, b, n < m ? n : m);

    return order != 0 ? order : (n > m) - (n < m);
}

static int compare_pairs(const void *x, const void *y)
{
    const struct pair *a = x, *b = y;
    int order = compare_bytes(a->base + a->name, a->n_name, b->base + b->name,
                              b->n_name);

    return order != 0 ? order
                      : compare_bytes(a->base + a->value, a->n_value,
                                      b->base + b->value, b->n_value);
}

static void encode_pair(struct pair *p, struct cs_wr *text, struct cs_span item)
{
    const uint8_t *equals = item.n == 0 ? NULL : memchr(item.p, '=', item.n);
    size_t n = equals == NULL ? item.n : (size_t)(equals - item.p);

    p->name = text->n;
    put_encoded(text, CS_SPAN(item.p, n));
    p->n_name = text->n - p->name;
    p->value = text->n;
    if (equals != NULL) {
        put_encoded(text, CS_SPAN(equals + 1, item.n - n - 1));
    }
    p->n_value = text->n - p->value;
}

static enum cs_err split_query(struct pair *pairs, size_t *n_pairs, struct cs_wr *text,
                               struct cs_span query)
{
    size_t start = 0;

    for (size_t i = 0; i <= query.n; i++) {
        if (i < query.n && query.p[i] != '&') {
            continue;
        }
        if (i > start) {
            if (*n_pairs == CS_SIGV4_PARAMS_MAX) {
                return CS_ERR_USAGE;
            }
            encode_pair(&pairs[(*n_pairs)++], text,
                        CS_SPAN(query.p + start, i - start));
        }
        start = i + 1;
    }
    return text->err;
}

static enum cs_err put_query(struct cs_wr *w, struct cs_span query)
{
    struct pair pairs[CS_SIGV4_PARAMS_MAX];
    struct cs_wr text = {0};
    size_t n = 0;
    enum cs_err err;

    if (query.n == 0) {
        return CS_OK;
    }
    CS_TRY(split_query(pairs, &n, &text, query));
    for (size_t i = 0; i < n; i++) {
        pairs[i].base = text.p;
    }
    qsort(pairs, n, sizeof pairs[0], compare_pairs);
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            cs_wr_u8(w, '&');
        }
        cs_wr_bytes(w, text.p + pairs[i].name, pairs[i].n_name);
        cs_wr_u8(w, '=');
        cs_wr_bytes(w, text.p + pairs[i].value, pairs[i].n_value);
    }
out:
    cs_wr_free(&text);
    return err;
}

/* ---- headers --------------------------------------------------------------------- */

static bool header_ok(const struct cs_sigv4_header *h)
{
    if (h->name[0] == '\0') {
        return false;
    }
    for (const char *c = h->name; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_') {
            return false;
        }
    }
    for (size_t i = 0; i < h->value.n; i++) { /* no line may end in a value */
        if ((h->value.p[i] < 0x20 && h->value.p[i] != '\t') || h->value.p[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static int compare_names(const char *a, const char *b)
{
    while (*a != '\0' && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
        a++;
        b++;
    }
    return tolower((unsigned char)*a) - tolower((unsigned char)*b);
}

/* By insertion: few, and those of one name keep their order, which is signed too. */
static void sort_headers(const struct cs_sigv4_header **sorted,
                         const struct cs_sigv4_request *req)
{
    for (size_t i = 0; i < req->n_headers; i++) {
        size_t k = i;

        while (k > 0 && compare_names(sorted[k - 1]->name, req->headers[i].name) > 0) {
            sorted[k] = sorted[k - 1];
            k--;
        }
        sorted[k] = &req->headers[i];
    }
}

static void put_name(struct cs_wr *w, const char *name)
{
    for (; *name != '\0'; name++) {
        cs_wr_u8(w, (uint8_t)tolower((unsigned char)*name));
    }
}

/* Without blanks at the ends, and runs of them as one. */
static void put_value(struct cs_wr *w, struct cs_span v)
{
    bool blank = false, begun = false;

    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] == ' ' || v.p[i] == '\t') {
            blank = begun;
            continue;
        }
        if (blank) {
            cs_wr_u8(w, ' ');
        }
        cs_wr_u8(w, v.p[i]);
        blank = false;
        begun = true;
    }
}

static enum cs_err check_headers(const struct cs_sigv4_request *req)
{
    bool has_host = false;

    if (req->n_headers > CS_SIGV4_HEADERS_MAX) {
        return CS_ERR_USAGE;
    }
    for (size_t i = 0; i < req->n_headers; i++) {
        if (!header_ok(&req->headers[i])) {
            return CS_ERR_USAGE;
        }
        has_host = has_host || compare_names(req->headers[i].name, "host") == 0;
    }
    return has_host ? CS_OK : CS_ERR_USAGE;
}

static void put_headers(struct cs_wr *w, struct cs_wr *names,
                        const struct cs_sigv4_request *req)
{
    const struct cs_sigv4_header *sorted[CS_SIGV4_HEADERS_MAX] = {NULL};
    size_t i = 0;

    sort_headers(sorted, req);
    while (i < req->n_headers) {
        const char *name = sorted[i]->name;

        if (i > 0) {
            cs_wr_u8(names, ';');
        }
        put_name(names, name);
        put_name(w, name);
        cs_wr_u8(w, ':');
        put_value(w, sorted[i++]->value);
        while (i < req->n_headers && compare_names(sorted[i]->name, name) == 0) {
            cs_wr_u8(w, ',');
            put_value(w, sorted[i++]->value);
        }
        cs_wr_u8(w, '\n');
    }
}

/* ---- the steps ------------------------------------------------------------------- */

enum cs_err cs_sigv4_canonical(struct cs_wr *out, struct cs_wr *names,
                               const struct cs_sigv4_request *req)
{
    size_t start = names->n;
    uint8_t hash[32];

    CS_CHECK(check_headers(req));
    cs_wr_str(out, req->method);
    cs_wr_u8(out, '\n');
    CS_CHECK(put_path(out, req->path));
    cs_wr_u8(out, '\n');
    CS_CHECK(put_query(out, req->query));
    cs_wr_u8(out, '\n');
    put_headers(out, names, req);
    cs_wr_u8(out, '\n');
    CS_CHECK(names->err);
    cs_wr_bytes(out, names->p + start, names->n - start);
    cs_wr_u8(out, '\n');
    cs_sha256(hash, req->body);
    cs_wr_hex(out, CS_SPAN_OF(hash));
    return out->err;
}

static void put_scope(struct cs_wr *w, const struct cs_sigv4_scope *scope)
{
    cs_wr_printf(w, "%.8s/%s/%s/aws4_request", scope->time, scope->region,
                 scope->service);
}

void cs_sigv4_string_to_sign(struct cs_wr *out, const struct cs_sigv4_scope *scope,
                             struct cs_span canonical)
{
    uint8_t hash[32];

    cs_wr_printf(out, ALGORITHM "\n%s\n", scope->time);
    put_scope(out, scope);
    cs_wr_u8(out, '\n');
    cs_sha256(hash, canonical);
    cs_wr_hex(out, CS_SPAN_OF(hash));
}

enum cs_err cs_sigv4_key(uint8_t out[32], const char *secret,
                         const struct cs_sigv4_scope *scope)
{
    struct cs_wr first = {0};
    uint8_t a[32], b[32];

    cs_wr_str(&first, "AWS4");
    cs_wr_str(&first, secret);
    if (first.err != CS_OK) {
        cs_wr_free(&first);
        return CS_ERR_NOMEM;
    }
    cs_hmac_sha256(a, cs_wr_get(&first), CS_SPAN(scope->time, 8));
    cs_hmac_sha256(b, CS_SPAN_OF(a), CS_SPAN(scope->region, strlen(scope->region)));
    cs_hmac_sha256(a, CS_SPAN_OF(b), CS_SPAN(scope->service, strlen(scope->service)));
    cs_hmac_sha256(out, CS_SPAN_OF(a), CS_SPAN_LIT("aws4_request"));
    cs_wr_free(&first);
    cs_wipe(a, sizeof a);
    cs_wipe(b, sizeof b);
    return CS_OK;
}

enum cs_err cs_sigv4_authorize(struct cs_wr *out, const struct cs_sigv4_request *req,
                               const struct cs_sigv4_scope *scope,
                               const struct cs_sigv4_keys *keys)
{
    struct cs_wr canonical = {0}, names = {0}, text = {0};
    uint8_t key[32], signature[32];
    enum cs_err err;

    CS_TRY(cs_sigv4_canonical(&canonical, &names, req));
    cs_sigv4_string_to_sign(&text, scope, cs_wr_get(&canonical));
    CS_TRY(text.err);
    CS_TRY(cs_sigv4_key(key, keys->secret, scope));
    cs_hmac_sha256(signature, CS_SPAN_OF(key), cs_wr_get(&text));
    cs_wr_printf(out, ALGORITHM " Credential=%s/", keys->id);
    put_scope(out, scope);
    cs_wr_str(out, ", SignedHeaders=");
    cs_wr_span(out, cs_wr_get(&names));
    cs_wr_str(out, ", Signature=");
    cs_wr_hex(out, CS_SPAN_OF(signature));
    err = out->err;
out:
    cs_wipe(key, sizeof key);
    cs_wr_free(&canonical); /* it may hold the session token: wiped */
    cs_wr_free(&names);
    cs_wr_free(&text);
    return err;
}
