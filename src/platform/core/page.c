#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "platform/core/api.h"

enum { LOOK_MAX = 1000, BYTES_MAX = 4 << 20, WORK_MAX = 256, TOKEN_LEN = 16 };

json_t *cs_api_record(struct cs_api *a, uint8_t table, size_t i, const char *what)
{
    json_t *rec = cs_pc_get(a->core, table, a->param[i]);

    if (rec == NULL || cs_js_true(rec, "_deleted") || cs_js_true(rec, "deleted")) {
        json_decref(rec);
        (void)cs_api_fail(a, CS_API_NOT_FOUND, "", "there is no such %s", what);
        return NULL;
    }
    return rec;
}

/* Code points that change how the text around them looks: a name must not pass for
 * another one in a list.  s points at a UTF-8 sequence of three bytes. */
static bool is_trick(const uint8_t *s)
{
    if (s[0] == 0xc2) {
        return s[1] < 0xa0; /* C1 controls */
    }
    if (s[0] != 0xe2) {
        return false;
    }
    return (s[1] == 0x80 && (s[2] >= 0xa8 && s[2] <= 0xae)) || /* U+2028..202E */
           (s[1] == 0x81 && (s[2] >= 0xa6 && s[2] <= 0xa9));   /* U+2066..2069 */
}

static bool is_control(const uint8_t *p, bool lines)
{
    return (*p < 0x20 && !(lines && (*p == '\n' || *p == '\t'))) || *p == 0x7f ||
           is_trick(p);
}

/* At most max characters of UTF-8, none of them a control character; lines: line breaks
 * and tabs are fine. */
static bool text_ok(struct cs_api *a, const char *member, const char *s, size_t max,
                    bool lines)
{
    size_t n = 0;

    for (const uint8_t *p = (const uint8_t *)s; *p != 0; p++) {
        if (is_control(p, lines)) {
            cs_jr_fail(&a->in, member, "must not hold control characters");
            return false;
        }
        n += (*p & 0xc0U) != 0x80U ? 1 : 0;
    }
    if (n > max || strlen(s) > 2 * max) {
        (void)cs_api_fail(a, CS_API_INVALID, member,
                          "is too long: at most %zu characters and %zu bytes", max,
                          2 * max);
        cs_jr_fail(&a->in, member, "is too long");
        return false;
    }
    return true;
}

const char *cs_api_name(struct cs_api *a, const char *member, size_t max)
{
    const char *s = cs_jr_str(&a->in, member, CS_API_BODY_MAX, false);

    return text_ok(a, member, s, max, false) ? s : "";
}

const char *cs_api_name_opt(struct cs_api *a, const char *member, size_t max)
{
    const char *s = cs_jr_str_opt(&a->in, member, CS_API_BODY_MAX);

    return s == NULL || text_ok(a, member, s, max, max >= CS_API_TEXT) ? s : "";
}

/* ---- query ------------------------------------------------------------- */

bool cs_api_percent(char *out, size_t size, const char *text, size_t n)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)text[i];
        char hex[3] = {0};

        if (c == '%' && i + 2 < n) {
            memcpy(hex, text + i + 1, 2);
            if (cs_unhex(&c, 1, hex) != CS_OK) {
                return false;
            }
            i += 2;
        } else if (c == '%') {
            return false;
        } else if (c == '+') {
            c = ' ';
        }
        if (c == 0 || k + 1 >= size) {
            return false;
        }
        out[k++] = (char)c;
    }
    out[k] = '\0';
    return cs_utf8_ok(CS_SPAN(out, k));
}

bool cs_api_query(struct cs_api *a, const char *name, char *out, size_t size)
{
    const char *p = a->http->query;
    size_t len = strlen(name);
    bool seen = false;

    out[0] = '\0';
    while (*p != '\0') {
        size_t n = strcspn(p, "&");

        if (n > len && memcmp(p, name, len) == 0 && p[len] == '=') {
            if (seen) { /* which one counts must not be a guess */
                (void)cs_api_fail(a, CS_API_INVALID, name,
                                  "is given twice: give it once");
                return false;
            }
            if (!cs_api_percent(out, size, p + len + 1, n - len - 1)) {
                (void)cs_api_fail(a, CS_API_INVALID, name, "is malformed or too long");
                return false;
            }
            seen = true;
        }
        p += n + (p[n] == '&' ? 1 : 0);
    }
    return true;
}

/* ---- pages ------------------------------------------------------------- */

bool cs_api_page_args(struct cs_api *a, size_t *size, uint64_t *after)
{
    char text[32];
    uint8_t raw[8];
    uint64_t n = CS_API_PAGE;

    if (!cs_api_query(a, "pageSize", text, sizeof text)) {
        return false;
    }
    if (text[0] != '\0' &&
        (cs_u64_parse(&n, text) != CS_OK || n == 0 || n > CS_API_PAGE_MAX)) {
        (void)cs_api_fail(a, CS_API_INVALID, "pageSize",
                          "must be a number from 1 to %d", CS_API_PAGE_MAX);
        return false;
    }
    *size = (size_t)n;
    *after = 0;
    if (!cs_api_query(a, "pageToken", text, sizeof text)) {
        return false;
    }
    if (text[0] != '\0' && cs_unhex(raw, sizeof raw, text) != CS_OK) {
        (void)cs_api_fail(a, CS_API_INVALID, "pageToken",
                          "is not a token that a list returned");
        return false;
    }
    for (size_t i = 0; text[0] != '\0' && i < sizeof raw; i++) {
        *after = *after << 8 | raw[i];
    }
    return true;
}

static json_t *filter(struct cs_api *a, const struct cs_api_page *p, bool more,
                      uint64_t last)
{
    json_t *f = cs_js_obj();
    char token[TOKEN_LEN + 1];

    if (more) {
        (void)snprintf(token, sizeof token, "%016llx", (unsigned long long)last);
        cs_js_str(f, "nextPageToken", token);
    }
    cs_js_int(f, "total", (int64_t)cs_pc_index_count(a->core, p->kind, p->scope));
    return f;
}

/* A page as it grows. */
struct filled {
    json_t *items;
    size_t bytes, work; /* rough size, and what the views cost */
};

static bool is_full(const struct filled *f, size_t size)
{
    return json_array_size(f->items) >= size || f->bytes >= BYTES_MAX ||
           f->work >= WORK_MAX;
}

/* Appends the view of one record; false: the credential may not ask for it now. */
static bool add_view(struct cs_api *a, const struct cs_api_page *p,
                     const uint8_t id[CS_PC_ID], struct filled *f)
{
    json_t *rec = cs_pc_get(a->core, p->table, id), *view = NULL;
    bool is_there = rec != NULL && !cs_js_true(rec, "_deleted") &&
                    !cs_js_true(rec, "deleted");
    size_t cost = is_there && p->cost != NULL ? p->cost(rec) : 0;
    bool may = cost == 0 || cs_api_work(a, cost);

    if (is_there && may) {
        view = p->view(a, rec);
    }
    if (view != NULL) {
        cs_js_push(f->items, view);
        f->bytes += 1024 + 3 * strlen(cs_js_text(rec, "encodedTransaction"));
        f->work += cost;
    }
    json_decref(rec);
    return may;
}

json_t *cs_api_page(struct cs_api *a, const struct cs_api_page *p)
{
    struct cs_pc_walk w = {.kind = p->kind, .scope = p->scope}, next;
    struct filled f = {0};
    size_t size, looked = 0;
    bool more = true, may = true;
    json_t *o;

    if (!cs_api_page_args(a, &size, &w.after)) {
        return NULL;
    }
    f.items = cs_js_arr();
    while (!is_full(&f, size) && looked++ < LOOK_MAX && more && may) {
        next = w;
        more = cs_pc_walk_next(a->core, &next);
        may = !more || add_view(a, p, next.id, &f);
        w = may ? next : w; /* the next page begins with what this one may not show */
    }
    if (!may && json_array_size(f.items) == 0) {
        json_decref(f.items);
        (void)cs_api_work_or_fail(a, SIZE_MAX);
        return NULL;
    }
    if (more) { /* is there anything behind this page? */
        struct cs_pc_walk probe = w;

        more = cs_pc_walk_next(a->core, &probe);
    }
    o = cs_js_obj();
    cs_js_set(o, "filter", filter(a, p, more, w.after));
    cs_js_set(o, p->name, f.items);
    return o;
}

static json_t *list_from(struct cs_api *a, const struct cs_api_page *p,
                         struct cs_pc_walk w, size_t max)
{
    struct filled f = {.items = cs_js_arr()};

    while (json_array_size(f.items) < max && cs_pc_walk_next(a->core, &w)) {
        (void)add_view(a, p, w.id, &f); /* these lists cost nothing */
    }
    return f.items;
}

json_t *cs_api_list(struct cs_api *a, const struct cs_api_page *p, size_t max)
{
    const struct cs_pc_walk w = {.kind = p->kind, .scope = p->scope};

    return list_from(a, p, w, max);
}

json_t *cs_api_list_last(struct cs_api *a, const struct cs_api_page *p, size_t max)
{
    struct cs_pc_walk w = {.kind = p->kind, .scope = p->scope};
    struct cs_pc_walk first = w;

    /* Back to the entry before the first one to show, then forward from there. */
    for (size_t i = 0; i <= max && cs_pc_walk_prev(a->core, &w); i++) {
        first.after = i == max ? w.after : 0;
    }
    return list_from(a, p, first, max);
}
