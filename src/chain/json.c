/* Strict JSON; see json.h. */
#include "chain/json.h"

#include "chain/impl.h"

struct scan {
    size_t depth, containers, values;
    bool in_string, is_escaped;
    const char *why;
};

static bool over(struct scan *s, const char *why)
{
    s->why = why;
    return false;
}

static bool scan_string(struct scan *s, uint8_t c)
{
    if (s->is_escaped) {
        s->is_escaped = false;
    } else if (c == '\\') {
        s->is_escaped = true;
    } else if (c == '"') {
        s->in_string = false;
    }
    return true;
}

static bool scan_open(struct scan *s)
{
    if (++s->depth > CS_CHAIN_JSON_DEPTH) {
        return over(s, "the JSON is nested deeper than 24");
    }
    if (++s->containers > CS_CHAIN_JSON_CONTAINERS) {
        return over(s, "the JSON has more than 4096 objects and arrays");
    }
    return true;
}

/* False when a bound is exceeded; syntax itself is jansson's business. */
static bool scan_char(struct scan *s, uint8_t c)
{
    if (c == 0) {
        return over(s, "the JSON holds a NUL byte");
    }
    if (s->in_string) {
        return scan_string(s, c);
    }
    switch (c) {
    case '"':
        s->in_string = true;
        return true;
    case '{':
    case '[':
        return scan_open(s);
    case '}':
    case ']':
        s->depth -= s->depth > 0 ? 1 : 0;
        return true;
    case ',':
        return ++s->values < CS_CHAIN_JSON_VALUES ||
               over(s, "the JSON has more than 16384 values");
    default:
        return true;
    }
}

enum cs_err cs_chain_json(json_t **out, struct cs_span text, const char **why)
{
    struct scan s = {0};
    json_error_t e;

    *out = NULL;
    for (size_t i = 0; i < text.n; i++) {
        if (!scan_char(&s, text.p[i])) {
            return cs_chain_refuse(why, CS_ERR_CHAIN_MESSAGE, s.why);
        }
    }
    *out = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &e);
    if (*out == NULL && json_error_code(&e) == json_error_out_of_memory) {
        return CS_ERR_NOMEM;
    }
    if (*out == NULL) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_MESSAGE,
                               "the text is not valid JSON, a key repeats, or a number "
                               "is too large (write it as a string)");
    }
    if (!json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        return cs_chain_refuse(why, CS_ERR_CHAIN_MESSAGE, "a JSON object is expected");
    }
    return CS_OK;
}

bool cs_chain_json_has_only(const json_t *object, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (json_object_get(object, names[i]) == NULL) {
            return false;
        }
    }
    return json_object_size(object) == n;
}
