#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "chain/chain.h"
#include "platform/core/api.h"

/* Of a list that names no page: 30 us an entry, and the loop waits at most 10 ms. */
enum { ARRAY_MAX = 300 };

enum {
    LOOK_MAX = 1000,
    BYTES_MAX = 4 << 20,
    WORK_MAX = 256,
    TOKEN_LEN = 16,
    SKIP_UNIT = 64, /* so many records that a filter passes over .. */
    SKIP_WORK = 16, /* .. cost as much as so many signatures that are shown */
};

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

/* Code points that change how the text around them looks, or that nobody sees: a name
 * must not pass for another one in a list.  In UTF-8: how they begin, and from where to
 * where their last byte goes.  What joins letters (U+200C, U+200D) has its use. */
static const struct trick {
    const char *head;
    uint8_t from, to;
} tricks[] = {
    {"\xc2", 0x80, 0x9f},         /* C1 controls */
    {"\xc2", 0xad, 0xad},         /* U+00AD, soft hyphen */
    {"\xcd", 0x8f, 0x8f},         /* U+034F */
    {"\xd8", 0x9c, 0x9c},         /* U+061C, a mark of direction */
    {"\xe1\x85", 0x9f, 0xa0},     /* U+115F, U+1160: fillers */
    {"\xe1\xa0", 0x8e, 0x8e},     /* U+180E */
    {"\xe2\x80", 0x8b, 0x8b},     /* U+200B, a space of no width */
    {"\xe2\x80", 0x8e, 0x8f},     /* U+200E, U+200F: marks of direction */
    {"\xe2\x80", 0xa8, 0xae},     /* U+2028..202E */
    {"\xe2\x81", 0xa0, 0xaf},     /* U+2060..206F */
    {"\xe3\x85", 0xa4, 0xa4},     /* U+3164, a filler */
    {"\xef\xbb", 0xbf, 0xbf},     /* U+FEFF */
    {"\xef\xbe", 0xa0, 0xa0},     /* U+FFA0, a filler */
    {"\xef\xbf", 0xb9, 0xbb},     /* U+FFF9..FFFB */
    {"\xf3\xa0\x80", 0x80, 0xbf}, /* U+E0000..E007F, tags */
    {"\xf3\xa0\x81", 0x80, 0xbf},
};

/* s: UTF-8 that ends with a NUL. */
static bool is_trick(const uint8_t *s)
{
    for (size_t i = 0; *s >= 0xc2 && i < CS_COUNTOF(tricks); i++) {
        size_t n = strlen(tricks[i].head);

        if (strncmp((const char *)s, tricks[i].head, n) == 0 &&
            s[n] >= tricks[i].from && s[n] <= tricks[i].to) {
            return true;
        }
    }
    return false;
}

/* U+0000..02BF, Latin-1's own signs left out, and U+1E00..1EFF. */
static bool is_latin(const uint8_t *p)
{
    return *p < 0x80 || (*p >= 0xc3 && *p <= 0xca) ||
           (p[0] == 0xe1 && p[1] >= 0xb8 && p[1] <= 0xbb);
}

/* Variation selectors, U+FE00..FE0F and U+E0100..E01EF, are part of emoji and of some
 * scripts; behind a Latin letter nobody sees them.  "1", U+FE0F, U+20E3 is a key. */
static bool hides_behind(const uint8_t *p, const uint8_t *before)
{
    static const char vs[] = "\xef\xb8", more[] = "\xf3\xa0", key[] = "\xe2\x83\xa3";
    bool is_vs = strncmp((const char *)p, vs, 2) == 0 && p[2] >= 0x80 && p[2] <= 0x8f;
    bool is_more = strncmp((const char *)p, more, 2) == 0 && p[2] >= 0x84 &&
                   p[2] <= 0x87;

    if (is_vs && strncmp((const char *)p + 3, key, 3) == 0) {
        return false;
    }
    return (is_vs || is_more) && before != NULL && is_latin(before);
}

static bool is_control(const uint8_t *p, const uint8_t *before, bool lines)
{
    return (*p < 0x20 && !(lines && (*p == '\n' || *p == '\t'))) || *p == 0x7f ||
           is_trick(p) || hides_behind(p, before);
}

/* At most max characters of UTF-8, none of them a control character; lines: line breaks
 * and tabs are fine. */
static bool text_ok(struct cs_api *a, const char *member, const char *s, size_t max,
                    bool lines)
{
    const uint8_t *before = NULL; /* where the character before begins */
    size_t n = 0;

    for (const uint8_t *p = (const uint8_t *)s; *p != 0; p++) {
        if (is_control(p, before, lines)) {
            cs_jr_fail(&a->in, member,
                       "must not hold control characters, nor invisible ones");
            return false;
        }
        if ((*p & 0xc0U) != 0x80U) {
            before = p;
            n++;
        }
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

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool cs_text_has(const char *text, const char *part)
{
    size_t n = strlen(part), len = strlen(text), i, k;

    for (i = 0; i + n <= len; i++) {
        for (k = 0; k < n && fold(text[i + k]) == fold(part[k]); k++) {
        }
        if (k == n) {
            return true;
        }
    }
    return false;
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

static bool is_among(const char *words, const char *word)
{
    for (const char *p = words; *p != '\0'; p += strspn(p, ", ")) {
        size_t n = strcspn(p, ", ");

        if (strlen(word) == n && memcmp(p, word, n) == 0) {
            return true;
        }
        p += n;
    }
    return false;
}

bool cs_api_query_word(struct cs_api *a, const char *name, char *out, size_t size,
                       const char *words)
{
    if (!cs_api_query(a, name, out, size)) {
        return false;
    }
    if (out[0] != '\0' && !is_among(words, out)) {
        (void)cs_api_fail(a, CS_API_INVALID, name, "must be one of: %s", words);
        return false;
    }
    return true;
}

bool cs_api_query_chain(struct cs_api *a, char *out, size_t size)
{
    if (!cs_api_query(a, "blockchain", out, size)) {
        return false;
    }
    if (out[0] != '\0' && cs_chain_by_name(out) == NULL) {
        (void)cs_api_fail(a, CS_API_INVALID, "blockchain",
                          "is none that is known, like ETHEREUM: see GET "
                          "/v2/blockchains");
        return false;
    }
    return true;
}

/* ---- pages ------------------------------------------------------------- */

bool cs_api_page_token(const char *text, uint64_t *after)
{
    uint8_t raw[8];

    if (cs_unhex(raw, sizeof raw, text) != CS_OK) {
        return false;
    }
    *after = 0;
    for (size_t i = 0; i < sizeof raw; i++) {
        *after = *after << 8 | raw[i];
    }
    return true;
}

/* 0 when there is none. */
static bool token_arg(struct cs_api *a, uint64_t *after)
{
    char text[32];

    *after = 0;
    if (!cs_api_query(a, "pageToken", text, sizeof text)) {
        return false;
    }
    if (text[0] != '\0' && !cs_api_page_token(text, after)) {
        (void)cs_api_fail(a, CS_API_INVALID, "pageToken",
                          "is not a token that a list returned");
        return false;
    }
    return true;
}

bool cs_api_page_args(struct cs_api *a, size_t *size, uint64_t *after)
{
    char text[32];
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
    return token_arg(a, after);
}

/* "order" and, where the list has names, "q". */
static bool order_args(struct cs_api *a, const struct cs_api_page *p)
{
    char order[8];

    if (!cs_api_query(a, "order", order, sizeof order) ||
        (p->search != NULL && !cs_api_query(a, "q", a->want_q, sizeof a->want_q))) {
        return false;
    }
    a->want_desc = a->want_desc || strcmp(order, "desc") == 0;
    if (strcmp(order, "asc") == 0) {
        a->want_desc = false;
    } else if (order[0] != '\0' && strcmp(order, "desc") != 0) {
        (void)cs_api_fail(a, CS_API_INVALID, "order",
                          "must be asc (the oldest first) or desc");
        return false;
    }
    return true;
}

/* Page token of this place in the index. */
static void token_text(char out[TOKEN_LEN + 1], uint64_t last)
{
    (void)snprintf(out, TOKEN_LEN + 1, "%016llx", (unsigned long long)last);
}

json_t *cs_api_slice(const json_t *all, size_t size, uint64_t after, json_t *filter)
{
    size_t n = json_array_size(all), i = after < n ? (size_t)after : n;
    json_t *items = cs_js_arr();
    char token[TOKEN_LEN + 1];

    for (; i < n && json_array_size(items) < size; i++) {
        cs_js_push(items, json_deep_copy(json_array_get(all, i)));
    }
    if (i < n) {
        token_text(token, i);
        cs_js_str(filter, "nextPageToken", token);
    }
    cs_js_int(filter, "total", (int64_t)n);
    return items;
}

static json_t *filter(struct cs_api *a, const struct cs_api_page *p, bool more,
                      uint64_t last)
{
    json_t *f = cs_js_obj();
    char token[TOKEN_LEN + 1];

    if (more) {
        token_text(token, last);
        cs_js_str(f, "nextPageToken", token);
    }
    cs_js_int(f, "total", (int64_t)cs_pc_index_count(a->core, p->kind, p->scope));
    return f;
}

/* A page as it grows. */
struct filled {
    json_t *items;
    size_t bytes, work; /* of text, and what the views cost */
};

static bool is_full(const struct filled *f, size_t size)
{
    return json_array_size(f->items) >= size || f->bytes >= BYTES_MAX ||
           f->work >= WORK_MAX;
}

static bool is_kept(struct cs_api *a, const struct cs_api_page *p, const json_t *rec)
{
    if (rec == NULL || cs_js_true(rec, "_deleted") || cs_js_true(rec, "deleted")) {
        return false;
    }
    if (p->search != NULL && a->want_q[0] != '\0' &&
        !cs_text_has(cs_js_text(rec, p->search), a->want_q)) {
        return false;
    }
    return p->keep == NULL || p->keep(a, rec);
}

/* Text that stands in a JSON string as it is. */
static bool is_plain(const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s < 0x20 || *s > 0x7e || *s == '"' || *s == '\\' || *s == '/') {
            return false;
        }
    }
    return true;
}

bool cs_api_stored_may_have(struct cs_span stored, const char *member,
                            const char *value)
{
    char text[128];
    int n;

    if (value[0] == '\0' || !is_plain(value)) {
        return true;
    }
    n = snprintf(text, sizeof text, "\"%s\":\"%s\"", member, value);
    return n < 0 || (size_t)n >= sizeof text ||
           memmem(stored.p, stored.n, text, (size_t)n) != NULL;
}

/* The stored record, if it is worth parsing. */
static json_t *get_likely(struct cs_api *a, const struct cs_api_page *p,
                          const uint8_t id[CS_PC_ID])
{
    bool searched = p->search != NULL && a->want_q[0] != '\0' && is_plain(a->want_q);
    struct cs_wr w = {0};
    json_t *rec = NULL;
    bool likely;

    if (p->may_keep == NULL && !searched) {
        return cs_pc_get(a->core, p->table, id);
    }
    if (cs_pc_raw_get(a->core, p->table, CS_SPAN(id, CS_PC_ID), &w)) {
        likely = p->may_keep == NULL || p->may_keep(a, cs_wr_get(&w));
        cs_wr_u8(&w, 0); /* its text has no NUL of its own */
        CS_ASSERT(w.err == CS_OK);
        if (likely && (!searched || cs_text_has((const char *)w.p, a->want_q))) {
            rec = cs_pc_get(a->core, p->table, id);
        }
    }
    cs_wr_free(&w);
    return rec;
}

static int count_bytes(const char *text, size_t n, void *sum)
{
    (void)text;
    *(size_t *)sum += n;
    return 0;
}

/* Of its text in the answer: a view may be several times its record. */
static size_t size_of(const json_t *view)
{
    size_t n = 0;

    CS_ASSERT(json_dump_callback(view, count_bytes, &n, JSON_COMPACT) == 0);
    return n;
}

/* Appends the view of one record; false: the credential may not ask for it now. */
static bool add_view(struct cs_api *a, const struct cs_api_page *p,
                     const uint8_t id[CS_PC_ID], struct filled *f)
{
    json_t *rec = get_likely(a, p, id), *view = NULL;
    bool is_there = is_kept(a, p, rec);
    size_t cost = is_there && p->cost != NULL ? p->cost(rec) : 0;
    bool may = cost == 0 || cs_api_work(a, cost);

    if (is_there && may) {
        view = p->view(a, rec);
    }
    if (view != NULL) {
        /* What it encodes is parsed and checked: that is more than its text. */
        f->bytes += 1024 + size_of(view) +
                    2 * strlen(cs_js_text(rec, "encodedTransaction"));
        cs_js_push(f->items, view);
        f->work += cost;
    }
    json_decref(rec);
    return may;
}

/* ---- the way through an index ------------------------------------------- */

/* Where a page begins: behind the token, and not outside of the bounds. */
static struct cs_pc_walk walk_start(const struct cs_api *a, const struct cs_api_page *p,
                                    uint64_t after)
{
    struct cs_pc_walk w = {.kind = p->kind, .scope = p->scope, .after = after};

    if (a->want_desc && p->end_seq != 0 && (after == 0 || after > p->end_seq)) {
        w.after = p->end_seq;
    } else if (!a->want_desc && p->min_seq > 0 && after < p->min_seq) {
        w.after = p->min_seq - 1;
    }
    return w;
}

/* One entry on, within the bounds. */
static bool walk_on(const struct cs_api *a, const struct cs_api_page *p,
                    struct cs_pc_walk *w)
{
    if (a->want_desc) {
        return cs_pc_walk_prev(a->core, w) && w->after >= p->min_seq;
    }
    return cs_pc_walk_next(a->core, w) && (p->end_seq == 0 || w->after < p->end_seq);
}

uint64_t cs_api_seek(struct cs_api *a, const struct cs_api_page *p, const char *at)
{
    uint64_t low = 0, high = a->core->seq; /* entries up to low are older */

    while (low < high) {
        struct cs_pc_walk w = {
            .kind = p->kind, .scope = p->scope, .after = low + (high - low) / 2};
        uint64_t middle = w.after;
        bool is_there = cs_pc_walk_next(a->core, &w);
        json_t *rec = is_there ? cs_pc_get(a->core, p->table, w.id) : NULL;

        if (is_there && strcmp(cs_js_text(rec, "createdAt"), at) < 0) {
            low = w.after;
        } else {
            high = middle;
        }
        json_decref(rec);
    }
    return low + 1;
}

/* What one page of a walk found, and where the next one goes on. */
struct page {
    struct filled f;
    struct cs_pc_walk w;
    bool more, may;
};

static void fill(struct cs_api *a, const struct cs_api_page *p, struct page *g,
                 size_t size)
{
    struct cs_pc_walk next;
    size_t looked = 0, skipped = 0, shown;

    g->more = g->may = true;
    while (!is_full(&g->f, size) && looked++ < LOOK_MAX && g->more && g->may) {
        next = g->w;
        shown = json_array_size(g->f.items);
        g->more = walk_on(a, p, &next);
        g->may = !g->more || add_view(a, p, next.id, &g->f);
        /* The next page begins with what this one may not show. */
        g->w = g->more && g->may ? next : g->w;
        if (g->may && json_array_size(g->f.items) == shown &&
            ++skipped % SKIP_UNIT == 0) {
            g->may = cs_api_work(a, SKIP_WORK); /* reading was work, too */
        }
    }
    if (g->more) { /* is there anything behind this page? */
        next = g->w;
        g->more = walk_on(a, p, &next);
    }
}

/* false: refused. */
static bool page_run(struct cs_api *a, const struct cs_api_page *p, struct page *g)
{
    size_t size;
    uint64_t after;

    if (!cs_api_page_args(a, &size, &after) || !order_args(a, p)) {
        return false;
    }
    g->f.items = cs_js_arr();
    g->w = walk_start(a, p, after);
    fill(a, p, g, size);
    if (!g->may && json_array_size(g->f.items) == 0) {
        json_decref(g->f.items);
        (void)cs_api_work_or_fail(a, SIZE_MAX);
        return false;
    }
    return true;
}

json_t *cs_api_page(struct cs_api *a, const struct cs_api_page *p)
{
    struct page g = {.f = {0}};
    json_t *o;

    if (!page_run(a, p, &g)) {
        return NULL;
    }
    o = cs_js_obj();
    cs_js_set(o, "filter", filter(a, p, g.more, g.w.after));
    cs_js_set(o, p->name, g.f.items);
    return o;
}

static bool is_paged(const struct cs_api *a)
{
    const char *q = a->http->query;

    return strstr(q, "pageSize=") != NULL || strstr(q, "pageToken=") != NULL;
}

static void next_page_header(struct cs_api *a, uint64_t last)
{
    char token[TOKEN_LEN + 1];

    token_text(token, last);
    (void)snprintf(a->headers, sizeof a->headers, "next-page-token: %s\n", token);
}

json_t *cs_api_array(struct cs_api *a, const struct cs_api_page *p, size_t max)
{
    struct page g = {.f = {0}};

    if (is_paged(a)) {
        if (!page_run(a, p, &g)) {
            return NULL;
        }
    } else {
        if (!order_args(a, p)) {
            return NULL;
        }
        g.w = walk_start(a, p, 0);
        g.f.items = cs_js_arr();
        fill(a, p, &g, max < ARRAY_MAX ? max : ARRAY_MAX);
    }
    if (g.more) {
        next_page_header(a, g.w.after);
    }
    return g.f.items;
}

json_t *cs_api_list(struct cs_api *a, const struct cs_api_page *p, size_t max)
{
    struct cs_pc_walk w = {.kind = p->kind, .scope = p->scope};
    struct filled f = {.items = cs_js_arr()};

    while (json_array_size(f.items) < max && cs_pc_walk_next(a->core, &w)) {
        (void)add_view(a, p, w.id, &f); /* these lists cost nothing */
    }
    return f.items;
}

/* Takes the list. */
static json_t *turned(json_t *list)
{
    json_t *out = cs_js_arr();

    for (size_t i = json_array_size(list); i > 0; i--) {
        cs_js_push(out, json_incref(json_array_get(list, i - 1)));
    }
    json_decref(list);
    return out;
}

json_t *cs_api_list_last(struct cs_api *a, const struct cs_api_page *p, size_t max)
{
    struct cs_pc_walk w = {.kind = p->kind, .scope = p->scope}, next;
    struct filled f = {0};

    if (!token_arg(a, &w.after)) {
        return NULL;
    }
    f.items = cs_js_arr();
    for (size_t i = 0; i < max && f.bytes < BYTES_MAX; i++) {
        if (!cs_pc_walk_prev(a->core, &w)) {
            return turned(f.items);
        }
        (void)add_view(a, p, w.id, &f); /* these lists cost nothing */
    }
    next = w;
    if (cs_pc_walk_prev(a->core, &next)) {
        next_page_header(a, w.after);
    }
    return turned(f.items);
}
