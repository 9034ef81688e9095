#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "platform/core/rec.h"

void cs_js_set(json_t *o, const char *name, json_t *value)
{
    CS_ASSERT(json_object_set_new(o, name, value) == 0);
}

/* Text that others sent is UTF-8 (the codec checks); if it is not, it is not shown. */
static json_t *text_of(const char *text)
{
    json_t *v = json_string(text);

    return v != NULL ? v : json_string("(not UTF-8)");
}

void cs_js_str(json_t *o, const char *name, const char *text)
{
    cs_js_set(o, name, text_of(text));
}

void cs_js_push_text(json_t *array, const char *text)
{
    cs_js_push(array, text_of(text));
}

void cs_js_int(json_t *o, const char *name, int64_t v)
{
    cs_js_set(o, name, json_integer(v));
}

void cs_js_bool(json_t *o, const char *name, bool v)
{
    cs_js_set(o, name, json_boolean(v));
}

void cs_js_hex(json_t *o, const char *name, const void *p, size_t n)
{
    cs_js_set(o, name, cs_json_hex(p, n));
}

void cs_js_uuid(json_t *o, const char *name, const uint8_t id[CS_PC_ID])
{
    cs_js_set(o, name, cs_json_uuid(id));
}

void cs_js_push(json_t *array, json_t *value)
{
    CS_ASSERT(json_array_append_new(array, value) == 0);
}

void cs_js_del(json_t *o, const char *name)
{
    (void)json_object_del(o, name); /* absent is fine */
}

json_t *cs_js_obj(void)
{
    json_t *o = json_object();

    CS_ASSERT(o != NULL);
    return o;
}

json_t *cs_js_arr(void)
{
    json_t *a = json_array();

    CS_ASSERT(a != NULL);
    return a;
}

const char *cs_js_text(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    return s == NULL ? "" : s;
}

int64_t cs_js_num(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

bool cs_js_is(const json_t *o, const char *name, const char *text)
{
    return strcmp(cs_js_text(o, name), text) == 0;
}

bool cs_js_true(const json_t *o, const char *name)
{
    return json_is_true(json_object_get(o, name));
}

bool cs_js_bytes(const json_t *o, const char *name, uint8_t *out, size_t n)
{
    return cs_unhex(out, n, cs_js_text(o, name)) == CS_OK;
}

bool cs_js_id(const json_t *o, const char *name, uint8_t out[CS_PC_ID])
{
    return cs_uuid_parse(out, cs_js_text(o, name)) == CS_OK;
}

json_t *cs_js_public(const json_t *o)
{
    json_t *copy = cs_js_obj();
    void *it = json_object_iter((json_t *)(uintptr_t)o);

    for (; it != NULL; it = json_object_iter_next((json_t *)(uintptr_t)o, it)) {
        const char *name = json_object_iter_key(it);

        if (name[0] != '_') {
            CS_ASSERT(json_object_set(copy, name, json_object_iter_value(it)) == 0);
        }
    }
    return copy;
}

/* Days since 1970 to a date of the Gregorian calendar; after H. Hinnant's
 * days-from-civil notes.  Years 1970 to 9999. */
struct date {
    unsigned year, month, day;
};

static struct date date_of(uint64_t days)
{
    uint64_t z = days + 719468; /* days since 0000-03-01 */
    uint64_t era = z / 146097, doe = z % 146097;
    uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    uint64_t mp = (5 * doy + 2) / 153;
    struct date d;

    d.day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
    d.month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
    d.year = (unsigned)(yoe + era * 400 + (d.month <= 2 ? 1 : 0));
    return d;
}

static char *digits(char *at, unsigned v, int n)
{
    for (int i = n - 1; i >= 0; i--) {
        at[i] = (char)('0' + v % 10);
        v /= 10;
    }
    return at + n;
}

char *cs_pc_time(char out[CS_PC_TIME_LEN], int64_t wall_ms)
{
    uint64_t ms = wall_ms < 0 ? 0 : (uint64_t)wall_ms;
    uint64_t s = ms / 1000 % 86400;
    struct date d = date_of(ms / 86400000);
    char *at = digits(out, d.year, 4);

    *at++ = '-';
    at = digits(at, d.month, 2);
    *at++ = '-';
    at = digits(at, d.day, 2);
    *at++ = 'T';
    at = digits(at, (unsigned)(s / 3600), 2);
    *at++ = ':';
    at = digits(at, (unsigned)(s / 60 % 60), 2);
    *at++ = ':';
    at = digits(at, (unsigned)(s % 60), 2);
    *at++ = '.';
    at = digits(at, (unsigned)(ms % 1000), 3);
    *at++ = 'Z';
    *at = '\0';
    return out;
}

void cs_js_time(json_t *o, const char *name, int64_t wall_ms)
{
    char text[CS_PC_TIME_LEN];

    cs_js_str(o, name, cs_pc_time(text, wall_ms));
}
