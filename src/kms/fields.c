#include "kms/fields.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { DEPTH_MAX = 16, NAME_MAX_LEN = 128 };

struct scan {
    const uint8_t *p, *end;
    enum cs_err err;
};

/* Where decoded bytes go; out NULL: nowhere. */
struct sink {
    char *out;
    size_t cap, n;
};

static void bad(struct scan *s, enum cs_err err)
{
    if (s->err == CS_OK) {
        s->err = err;
    }
    s->p = s->end;
}

static int peek(const struct scan *s)
{
    return s->p < s->end ? *s->p : -1;
}

static void blanks(struct scan *s)
{
    while (s->p < s->end &&
           (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r')) {
        s->p++;
    }
}

static void expect(struct scan *s, char c)
{
    blanks(s);
    if (peek(s) != c) {
        bad(s, CS_ERR_BAD_TEXT);
        return;
    }
    s->p++;
}

static void put(struct scan *s, struct sink *to, uint32_t c)
{
    if (to->out == NULL) {
        return;
    }
    if (to->n + 1 >= to->cap) { /* room for the NUL stays */
        bad(s, CS_ERR_TOO_LONG);
        return;
    }
    to->out[to->n++] = (char)c;
    to->out[to->n] = '\0';
}

static void put_utf8(struct scan *s, struct sink *to, uint32_t c)
{
    if (c < 0x80) {
        put(s, to, c);
    } else if (c < 0x800) {
        put(s, to, 0xc0 | c >> 6);
        put(s, to, 0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        put(s, to, 0xe0 | c >> 12);
        put(s, to, 0x80 | (c >> 6 & 0x3f));
        put(s, to, 0x80 | (c & 0x3f));
    } else {
        put(s, to, 0xf0 | c >> 18);
        put(s, to, 0x80 | (c >> 12 & 0x3f));
        put(s, to, 0x80 | (c >> 6 & 0x3f));
        put(s, to, 0x80 | (c & 0x3f));
    }
}

static uint32_t hex4(struct scan *s)
{
    uint32_t v = 0;

    for (int i = 0; i < 4; i++) {
        int c = peek(s);

        if (c >= '0' && c <= '9') {
            v = v << 4 | (uint32_t)(c - '0');
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        } else {
            bad(s, CS_ERR_BAD_TEXT);
            return 0;
        }
        s->p++;
    }
    return v;
}

/* Behind "\u": a code point, of two halves where it takes two; never NUL. */
static void unicode(struct scan *s, struct sink *to)
{
    uint32_t c = hex4(s), low;

    if (c >= 0xd800 && c < 0xdc00) {
        if (s->end - s->p < 2 || s->p[0] != '\\' || s->p[1] != 'u') {
            bad(s, CS_ERR_BAD_TEXT);
            return;
        }
        s->p += 2;
        low = hex4(s);
        if (low < 0xdc00 || low > 0xdfff) {
            bad(s, CS_ERR_BAD_TEXT);
            return;
        }
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c == 0 || (c >= 0xdc00 && c <= 0xdfff)) {
        bad(s, CS_ERR_BAD_TEXT);
        return;
    }
    put_utf8(s, to, c);
}

static void escape(struct scan *s, struct sink *to)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    int c = peek(s);
    const char *at = c <= 0 ? NULL : strchr(from, c);

    if (c == 'u') {
        s->p++;
        unicode(s, to);
    } else if (at != NULL) {
        s->p++;
        put(s, to, (uint32_t)into[at - from]);
    } else {
        bad(s, CS_ERR_BAD_TEXT);
    }
}

static void string(struct scan *s, struct sink *to)
{
    expect(s, '"');
    while (s->err == CS_OK) {
        int c = peek(s);

        if (c < 0x20) { /* the end of the text, too */
            bad(s, CS_ERR_BAD_TEXT);
            return;
        }
        s->p++;
        if (c == '"') {
            return;
        }
        if (c == '\\') {
            escape(s, to);
        } else {
            put(s, to, (uint32_t)c);
        }
    }
}

/* Numbers, true, false, null: what such a word is made of, at least one byte. */
static void word(struct scan *s, const char *must)
{
    const uint8_t *start = s->p;

    while (s->p < s->end && *s->p != 0 &&
           strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE", *s->p) != NULL) {
        s->p++;
    }
    if (s->p == start || (must != NULL && ((size_t)(s->p - start) != strlen(must) ||
                                           memcmp(start, must, strlen(must)) != 0))) {
        bad(s, CS_ERR_BAD_TEXT);
    }
}

/* A nested value: its brackets must pair, its strings must be strings. */
static void nested(struct scan *s)
{
    char open[DEPTH_MAX];
    size_t depth = 0;
    struct sink nowhere = {.out = NULL};

    do {
        int c = (blanks(s), peek(s));

        if (c == '{' || c == '[') {
            if (depth == DEPTH_MAX) {
                bad(s, CS_ERR_LIMIT);
                return;
            }
            open[depth++] = (char)c;
            s->p++;
        } else if (c == '}' || c == ']') {
            if (depth == 0 || open[--depth] != (c == '}' ? '{' : '[')) {
                bad(s, CS_ERR_BAD_TEXT);
                return;
            }
            s->p++;
        } else if (c == '"') {
            string(s, &nowhere);
        } else if (c == ',' || c == ':') {
            s->p++;
        } else {
            word(s, NULL);
        }
    } while (depth > 0 && s->err == CS_OK);
}

static void skip_value(struct scan *s)
{
    struct sink nowhere = {.out = NULL};
    int c = peek(s);

    if (c == '"') {
        string(s, &nowhere);
    } else if (c == '{' || c == '[') {
        nested(s);
    } else {
        word(s, NULL);
    }
}

static struct cs_field *find(struct cs_field *fields, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

static void wanted(struct scan *s, struct cs_field *f)
{
    struct sink to = {.out = f->out, .cap = f->cap};

    if (peek(s) == 'n') {
        word(s, "null");
        return;
    }
    if (f->is_found) {
        bad(s, CS_ERR_BAD_TEXT);
        return;
    }
    string(s, &to);
    f->is_found = true;
}

static void member(struct scan *s, struct cs_field *fields, size_t n)
{
    char name[NAME_MAX_LEN] = "";
    struct sink to = {.out = name, .cap = sizeof name};
    struct cs_field *f;

    string(s, &to);
    expect(s, ':');
    blanks(s);
    f = find(fields, n, name);
    if (s->err != CS_OK) {
        return;
    }
    if (f != NULL) {
        wanted(s, f);
    } else {
        skip_value(s);
    }
}

static void object(struct scan *s, struct cs_field *fields, size_t n)
{
    expect(s, '{');
    blanks(s);
    if (peek(s) == '}') {
        s->p++;
        return;
    }
    do {
        blanks(s);
        member(s, fields, n);
        blanks(s);
    } while (s->err == CS_OK && peek(s) == ',' && s->p++ < s->end);
    expect(s, '}');
}

enum cs_err cs_fields_read(struct cs_field *fields, size_t n, struct cs_span text)
{
    struct scan s = {.p = text.p, .end = text.p + text.n};

    for (size_t i = 0; i < n; i++) {
        cs_wipe(fields[i].out, fields[i].cap);
        fields[i].is_found = false;
    }
    if (text.n == 0 || !cs_utf8_ok(text)) {
        return CS_ERR_BAD_TEXT;
    }
    object(&s, fields, n);
    blanks(&s);
    if (s.p != s.end) {
        bad(&s, CS_ERR_BAD_TEXT);
    }
    for (size_t i = 0; i < n && s.err != CS_OK; i++) {
        cs_wipe(fields[i].out, fields[i].cap);
        fields[i].is_found = false;
    }
    return s.err;
}
