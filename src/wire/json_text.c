#include "wire/json_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

enum { DEPTH = 16, DIGITS = 18 };

/* Needs no escape in a string. */
static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

/* ---- reading ------------------------------------------------------------ */

/* What is not plain ends it: the caller asks jansson then. */
struct in {
    const uint8_t *p, *end;
    unsigned depth;
};

static json_t *read_value(struct in *s);

static bool take(struct in *s, uint8_t c)
{
    bool is = s->p < s->end && *s->p == c;

    s->p += is ? 1 : 0;
    return is;
}

/* The text between two quotes; has_high: not only ASCII.  p NULL: not plain. */
static struct cs_span read_text(struct in *s, bool *has_high)
{
    const uint8_t *begin = s->p + 1, *p = begin;
    uint8_t high = 0;

    if (!take(s, '"')) {
        return CS_SPAN(NULL, 0);
    }
    while (p < s->end && is_plain(*p)) {
        high |= *p++;
    }
    s->p = p;
    *has_high = high >= 0x80;
    return take(s, '"') ? CS_SPAN(begin, (size_t)(p - begin)) : CS_SPAN(NULL, 0);
}

static json_t *read_string(struct in *s)
{
    bool has_high = false;
    struct cs_span text = read_text(s, &has_high);

    if (text.p == NULL) {
        return NULL;
    }
    return has_high ? json_stringn((const char *)text.p, text.n) /* checks the UTF-8 */
                    : json_stringn_nocheck((const char *)text.p, text.n);
}

static json_t *read_integer(struct in *s)
{
    bool is_negative = take(s, '-');
    const uint8_t *begin = s->p;
    int64_t v = 0;

    while (s->p < s->end && *s->p >= '0' && *s->p <= '9' && s->p - begin < DIGITS) {
        v = 10 * v + (*s->p++ - '0');
    }
    if (s->p == begin || (*begin == '0' && (is_negative || s->p - begin > 1)) ||
        s->p == s->end || (*s->p != ',' && *s->p != '}' && *s->p != ']')) {
        return NULL; /* a real, a long one, or none */
    }
    return json_integer(is_negative ? -v : v);
}

static json_t *read_word(struct in *s, struct cs_span word, json_t *v)
{
    for (size_t i = 0; i < word.n; i++) {
        if (!take(s, word.p[i])) {
            return NULL;
        }
    }
    return v; /* true, false and null are static */
}

static bool read_member(struct in *s, json_t *o)
{
    bool has_high = false;
    struct cs_span key = read_text(s, &has_high);
    json_t *v;

    if (key.p == NULL || has_high || !take(s, ':')) {
        return false;
    }
    v = read_value(s);
    return v != NULL &&
           json_object_setn_new_nocheck(o, (const char *)key.p, key.n, v) == 0;
}

static json_t *read_object(struct in *s)
{
    json_t *o = json_object();
    size_t n = 0;
    bool ok = o != NULL && take(s, '{');

    if (ok && take(s, '}')) {
        return o;
    }
    while (ok) {
        ok = read_member(s, o) && json_object_size(o) == ++n; /* no key twice */
        if (!ok || !take(s, ',')) {
            break;
        }
    }
    if (!ok || !take(s, '}')) {
        json_decref(o);
        return NULL;
    }
    return o;
}

static json_t *read_array(struct in *s)
{
    json_t *a = json_array();
    bool ok = a != NULL && take(s, '[');

    if (ok && take(s, ']')) {
        return a;
    }
    while (ok) {
        json_t *v = read_value(s);

        ok = v != NULL && json_array_append_new(a, v) == 0;
        if (!ok || !take(s, ',')) {
            break;
        }
    }
    if (!ok || !take(s, ']')) {
        json_decref(a);
        return NULL;
    }
    return a;
}

static json_t *read_container(struct in *s)
{
    json_t *v = NULL;

    if (s->depth < DEPTH) {
        s->depth++;
        v = *s->p == '{' ? read_object(s) : read_array(s);
        s->depth--;
    }
    return v;
}

static json_t *read_value(struct in *s)
{
    switch (s->p < s->end ? *s->p : 0) {
    case '{':
    case '[':
        return read_container(s);
    case '"':
        return read_string(s);
    case 't':
        return read_word(s, CS_SPAN_LIT("true"), json_true());
    case 'f':
        return read_word(s, CS_SPAN_LIT("false"), json_false());
    case 'n':
        return read_word(s, CS_SPAN_LIT("null"), json_null());
    default:
        return read_integer(s);
    }
}

json_t *cs_json_load(struct cs_span text)
{
    struct in s = {text.p, text.p + text.n, 0};
    json_error_t e;
    json_t *v = NULL;

    if (text.n > 0 && (*text.p == '{' || *text.p == '[')) {
        v = read_container(&s);
    }
    if (v != NULL && s.p == s.end) {
        return v;
    }
    json_decref(v);
    return text.n == 0
               ? NULL
               : json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &e);
}

/* ---- writing ------------------------------------------------------------ */

static void write_value(struct cs_wr *w, const json_t *v, unsigned depth);

static int chunk(const char *p, size_t n, void *w)
{
    cs_wr_bytes(w, p, n);
    return 0;
}

static void write_by_jansson(struct cs_wr *w, const json_t *v)
{
    if (json_dump_callback(v, chunk, w, JSON_COMPACT | JSON_ENCODE_ANY) != 0 &&
        w->err == CS_OK) {
        w->err = CS_ERR_NOMEM;
    }
}

static void write_text(struct cs_wr *w, const char *text, size_t n)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t i = 0;
    json_t *v;

    while (i < n && is_plain(p[i]) && p[i] < 0x80) {
        i++;
    }
    if (i == n) { /* jansson checks other UTF-8 */
        cs_wr_u8(w, '"');
        cs_wr_bytes(w, text, n);
        cs_wr_u8(w, '"');
        return;
    }
    v = json_stringn_nocheck(text, n);
    write_by_jansson(w, v);
    json_decref(v);
}

static void write_object(struct cs_wr *w, const json_t *o, unsigned depth)
{
    json_t *at = (json_t *)(uintptr_t)o; /* only read */
    uint8_t before = '{';

    for (void *it = json_object_iter(at); it != NULL;
         it = json_object_iter_next(at, it)) {
        cs_wr_u8(w, before);
        write_text(w, json_object_iter_key(it), json_object_iter_key_len(it));
        cs_wr_u8(w, ':');
        write_value(w, json_object_iter_value(it), depth);
        before = ',';
    }
    cs_wr_str(w, before == '{' ? "{}" : "}");
}

static void write_array(struct cs_wr *w, const json_t *a, unsigned depth)
{
    cs_wr_u8(w, '[');
    for (size_t i = 0; i < json_array_size(a); i++) {
        if (i > 0) {
            cs_wr_u8(w, ',');
        }
        write_value(w, json_array_get(a, i), depth);
    }
    cs_wr_u8(w, ']');
}

static void write_integer(struct cs_wr *w, int64_t v)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%" PRId64, v);

    cs_wr_bytes(w, text, (size_t)n);
}

/* jansson takes what is deeper: it finds a loop. */
static void write_value(struct cs_wr *w, const json_t *v, unsigned depth)
{
    if (depth == DEPTH) {
        write_by_jansson(w, v);
    } else if (json_is_object(v)) {
        write_object(w, v, depth + 1);
    } else if (json_is_array(v)) {
        write_array(w, v, depth + 1);
    } else if (json_is_string(v)) {
        write_text(w, json_string_value(v), json_string_length(v));
    } else if (json_is_integer(v)) {
        write_integer(w, json_integer_value(v));
    } else {
        write_by_jansson(w, v);
    }
}

void cs_json_write(struct cs_wr *w, const json_t *v)
{
    if (json_is_object(v) || json_is_array(v)) {
        write_value(w, v, 0);
    } else if (w->err == CS_OK) {
        w->err = CS_ERR_NOMEM; /* there is nothing to write */
    }
}
