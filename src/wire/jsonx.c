#include "wire/jsonx.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* ---- bounds before parsing ------------------------------------------------------- */

struct scan {
    size_t depth, containers, values;
    size_t commas[CS_JSON_DEPTH]; /* of the open containers */
    bool object[CS_JSON_DEPTH];
    bool in_string, escaped;
    const char *why;
};

static bool over(struct scan *s, const char *why)
{
    s->why = why;
    return false;
}

static bool scan_open(struct scan *s, bool object)
{
    if (s->depth == CS_JSON_DEPTH) {
        return over(s, "the JSON is nested deeper than 16");
    }
    if (++s->containers > CS_JSON_CONTAINERS) {
        return over(s, "the JSON has more than 2048 objects and arrays");
    }
    s->commas[s->depth] = 0;
    s->object[s->depth] = object;
    s->depth++;
    return true;
}

static bool scan_comma(struct scan *s)
{
    size_t top = s->depth - 1;

    if (++s->values >= CS_JSON_VALUES) {
        return over(s, "the JSON has more than 16384 values");
    }
    if (s->depth > 0 && ++s->commas[top] >= CS_JSON_KEYS && s->object[top]) {
        return over(s, "an object of the JSON has more than 64 keys");
    }
    return true;
}

static bool scan_string_char(struct scan *s, uint8_t c)
{
    if (s->escaped) {
        s->escaped = false;
    } else if (c == '\\') {
        s->escaped = true;
    } else if (c == '"') {
        s->in_string = false;
    }
    return c != 0 || over(s, "the JSON holds a NUL byte");
}

/* False when a bound is exceeded; syntax itself is jansson's business. */
static bool scan_char(struct scan *s, uint8_t c)
{
    if (s->in_string) {
        return scan_string_char(s, c);
    }
    switch (c) {
    case 0:
        return over(s, "the JSON holds a NUL byte");
    case '"':
        s->in_string = true;
        return true;
    case '{':
    case '[':
        return scan_open(s, c == '{');
    case '}':
    case ']':
        s->depth -= s->depth > 0 ? 1 : 0;
        return true;
    case ',':
        return scan_comma(s);
    default:
        return true;
    }
}

enum cs_err cs_json_parse(json_t **out, struct cs_span text, size_t max,
                          const char **why)
{
    struct scan s = {0};
    json_error_t e;

    *out = NULL;
    if (text.n > max) {
        *why = "the JSON text is larger than allowed";
        return CS_ERR_TOO_LONG;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (!scan_char(&s, text.p[i])) {
            *why = s.why;
            return CS_ERR_LIMIT;
        }
    }
    *out = text.n == 0
               ? NULL
               : json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &e);
    if (*out == NULL) {
        *why = "the text is not valid JSON (or a key repeats)";
        return CS_ERR_BAD_TEXT;
    }
    if (!json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        *why = "a JSON object is expected";
        return CS_ERR_BAD_TEXT;
    }
    return CS_OK;
}

static int dump_chunk(const char *buffer, size_t size, void *data)
{
    cs_wr_bytes(data, buffer, size);
    return 0;
}

void cs_json_write(struct cs_wr *w, const json_t *v)
{
    if (json_dump_callback(v, dump_chunk, w, JSON_COMPACT) != 0 && w->err == CS_OK) {
        w->err = CS_ERR_NOMEM;
    }
}

/* ---- typed reading --------------------------------------------------------------- */

void cs_jr_fail(struct cs_jr *r, const char *field, const char *why)
{
    if (r->err == CS_OK) {
        r->err = CS_ERR_BAD_FORMAT;
        r->why = why;
        (void)snprintf(r->field, sizeof r->field, "%s", field);
    }
}

static const json_t *member(const struct cs_jr *r, const char *name)
{
    const json_t *v = r->err == CS_OK ? json_object_get(r->obj, name) : NULL;

    return json_is_null(v) ? NULL : v;
}

bool cs_jr_has(const struct cs_jr *r, const char *name)
{
    return member(r, name) != NULL;
}

static const json_t *need(struct cs_jr *r, const char *name, bool type_ok,
                          const char *why)
{
    const json_t *v = member(r, name);

    if (v == NULL) {
        cs_jr_fail(r, name, "is required");
        return NULL;
    }
    if (!type_ok) {
        cs_jr_fail(r, name, why);
        return NULL;
    }
    return v;
}

const char *cs_jr_str(struct cs_jr *r, const char *name, size_t max, bool empty_ok)
{
    const json_t *v = need(r, name, json_is_string(member(r, name)),
                           "must be a string");
    size_t n = json_string_length(v);

    if (v == NULL) {
        return "";
    }
    if (n > max || (n == 0 && !empty_ok)) {
        cs_jr_fail(r, name, n > max ? "is too long" : "must not be empty");
        return "";
    }
    if (memchr(json_string_value(v), 0, n) != NULL) {
        cs_jr_fail(r, name, "must not hold a NUL");
        return "";
    }
    return json_string_value(v);
}

const char *cs_jr_str_opt(struct cs_jr *r, const char *name, size_t max)
{
    return cs_jr_has(r, name) ? cs_jr_str(r, name, max, true) : NULL;
}

bool cs_jr_bool(struct cs_jr *r, const char *name)
{
    const json_t *v = need(r, name, json_is_boolean(member(r, name)),
                           "must be true or false");

    return v != NULL && json_is_true(v);
}

int64_t cs_jr_int(struct cs_jr *r, const char *name, int64_t min, int64_t max)
{
    const json_t *v = need(r, name, json_is_integer(member(r, name)),
                           "must be an integer");
    int64_t n = v == NULL ? 0 : (int64_t)json_integer_value(v);

    if (v != NULL && (n < min || n > max)) {
        cs_jr_fail(r, name, "is out of range");
        return 0;
    }
    return n;
}

uint64_t cs_jr_u64(struct cs_jr *r, const char *name)
{
    const char *s = cs_jr_str(r, name, 20, false);
    uint64_t v = 0;

    if (r->err == CS_OK && cs_u64_parse(&v, s) != CS_OK) {
        cs_jr_fail(r, name, "must be a decimal number in a string");
    }
    return v;
}

void cs_jr_hex(struct cs_jr *r, const char *name, uint8_t *out, size_t n)
{
    const char *s = cs_jr_str(r, name, 2 * n, n == 0);

    memset(out, 0, n);
    if (r->err == CS_OK && cs_unhex(out, n, s) != CS_OK) {
        cs_jr_fail(r, name, "must be hex of the right length");
    }
}

void cs_jr_blob(struct cs_jr *r, const char *name, struct cs_wr *w, size_t max)
{
    const char *s = cs_jr_str(r, name, 2 * max, true);

    if (r->err == CS_OK && cs_unhex_wr(w, s, strlen(s)) != CS_OK) {
        cs_jr_fail(r, name, "must be hex");
    }
}

void cs_jr_uuid(struct cs_jr *r, const char *name, uint8_t out[16])
{
    const char *s = cs_jr_str(r, name, CS_UUID_LEN - 1, false);

    memset(out, 0, 16);
    if (r->err == CS_OK && cs_uuid_parse(out, s) != CS_OK) {
        cs_jr_fail(r, name, "must be a UUID");
    }
}

const json_t *cs_jr_array(struct cs_jr *r, const char *name, size_t min, size_t max)
{
    const json_t *v = need(r, name, json_is_array(member(r, name)), "must be an array");

    if (v != NULL && (json_array_size(v) < min || json_array_size(v) > max)) {
        cs_jr_fail(r, name,
                   json_array_size(v) < min ? "has too few items"
                                            : "has too many items");
        return NULL;
    }
    return v;
}

const json_t *cs_jr_object(struct cs_jr *r, const char *name)
{
    return need(r, name, json_is_object(member(r, name)), "must be an object");
}

/* ---- converters
 * ---------------------------------------------------------------------- */

static bool uuid_dash_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

char *cs_uuid_text(char out[CS_UUID_LEN], const uint8_t id[16])
{
    char hex[33];
    size_t k = 0;

    cs_hex(hex, id, 16);
    for (size_t i = 0; i < CS_UUID_LEN - 1; i++) {
        out[i] = uuid_dash_at(i) ? '-' : hex[k++];
    }
    out[CS_UUID_LEN - 1] = '\0';
    return out;
}

enum cs_err cs_uuid_parse(uint8_t out[16], const char *text)
{
    char hex[33];
    size_t k = 0;

    if (strlen(text) != CS_UUID_LEN - 1) {
        return CS_ERR_BAD_TEXT;
    }
    for (size_t i = 0; i < CS_UUID_LEN - 1; i++) {
        if (uuid_dash_at(i) != (text[i] == '-')) {
            return CS_ERR_BAD_TEXT;
        }
        if (text[i] != '-') {
            hex[k++] = text[i];
        }
    }
    hex[k] = '\0';
    return cs_unhex(out, 16, hex);
}

void cs_uuid_from_random(uint8_t id[16])
{
    id[6] = (uint8_t)((id[6] & 0x0fU) | 0x40U);
    id[8] = (uint8_t)((id[8] & 0x3fU) | 0x80U);
}

enum cs_err cs_u64_parse(uint64_t *out, const char *text)
{
    uint64_t v = 0;

    if (*text == '\0' || (text[0] == '0' && text[1] != '\0')) {
        return CS_ERR_BAD_TEXT;
    }
    for (; *text != '\0'; text++) {
        unsigned d = (unsigned)(*text - '0');

        if (d > 9 || v > (UINT64_MAX - d) / 10) {
            return CS_ERR_BAD_TEXT;
        }
        v = v * 10 + d;
    }
    *out = v;
    return CS_OK;
}

json_t *cs_json_u64(uint64_t v)
{
    char text[21];

    (void)snprintf(text, sizeof text, "%" PRIu64, v);
    return json_string(text);
}

json_t *cs_json_hex(const void *p, size_t n)
{
    struct cs_wr w = {0};
    json_t *v;

    cs_wr_hex(&w, CS_SPAN(p, n));
    v = json_stringn((const char *)w.p, w.n);
    cs_wr_free(&w);
    return v;
}

json_t *cs_json_uuid(const uint8_t id[16])
{
    char text[CS_UUID_LEN];

    return json_string(cs_uuid_text(text, id));
}
