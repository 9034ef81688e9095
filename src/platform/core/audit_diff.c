/* What a change changed, without what is secret and in bounded size. */
#include <string.h>

#include "crypto/hash.h"
#include "platform/core/audit.h"

/* Not in the difference: "at" says when, and the order is ours. */
static bool is_noise(const char *name)
{
    return strcmp(name, "updatedAt") == 0 || strcmp(name, "_seq") == 0 ||
           strcmp(name, "_timer") == 0;
}

/* Members of a that are public and not the same in b. */
static json_t *differing(const json_t *a, const json_t *b)
{
    json_t *out = cs_js_obj(), *of = (json_t *)(uintptr_t)a;
    void *it = json_object_iter(of);

    for (; it != NULL; it = json_object_iter_next(of, it)) {
        const char *name = json_object_iter_key(it);
        json_t *v = json_object_iter_value(it);

        if (name[0] != '_' && !is_noise(name) &&
            !json_equal(v, json_object_get(b, name))) {
            cs_js_set(out, name, json_incref(v));
        }
    }
    return out;
}

static bool hidden_differ(const json_t *a, const json_t *b)
{
    json_t *of = (json_t *)(uintptr_t)a;
    void *it = json_object_iter(of);

    for (; it != NULL; it = json_object_iter_next(of, it)) {
        const char *name = json_object_iter_key(it);

        if (name[0] == '_' && !is_noise(name) &&
            !json_equal(json_object_iter_value(it), json_object_get(b, name))) {
            return true;
        }
    }
    return false;
}

static size_t text_of(struct cs_wr *w, const json_t *v)
{
    cs_audit_canonical(w, v);
    CS_ASSERT(w->err == CS_OK);
    return w->n;
}

/* Leaves out the members that are long. */
static json_t *shortened(const json_t *side)
{
    json_t *out = cs_js_obj(), *of = (json_t *)(uintptr_t)side;
    void *it = json_object_iter(of);

    for (; it != NULL; it = json_object_iter_next(of, it)) {
        json_t *v = json_object_iter_value(it), *box = cs_js_arr();
        struct cs_wr w = {0};

        cs_js_push(box, json_incref(v));
        if (text_of(&w, box) <= CS_AUDIT_MEMBER) {
            cs_js_set(out, json_object_iter_key(it), json_incref(v));
        }
        cs_wr_free(&w);
        json_decref(box);
    }
    return out;
}

static json_t *cut_note(const struct cs_wr *whole)
{
    json_t *o = cs_js_obj();
    uint8_t d[32];

    cs_sha256(d, cs_wr_get(whole));
    cs_js_int(o, "bytes", (int64_t)whole->n);
    cs_js_hex(o, "sha256", d, sizeof d);
    return o;
}

/* Takes side. */
static void put_side(json_t *o, const char *name, const char *cut, json_t *side)
{
    struct cs_wr w = {0}, again = {0};

    if (text_of(&w, side) > CS_AUDIT_SIDE) {
        json_t *small = shortened(side);

        cs_js_set(o, cut, cut_note(&w));
        json_decref(side);
        side = small;
        if (text_of(&again, side) > CS_AUDIT_SIDE) { /* very many members */
            json_decref(side);
            side = cs_js_obj();
        }
    }
    cs_js_set(o, name, side);
    cs_wr_free(&w);
    cs_wr_free(&again);
}

void cs_audit_diff(json_t *o, const json_t *before, const json_t *after)
{
    if (before == NULL) {
        cs_js_set(o, "before", json_null());
    } else {
        put_side(o, "before", "beforeCut", differing(before, after));
    }
    put_side(o, "after", "afterCut", differing(after, before));
    if (hidden_differ(after, before) || hidden_differ(before, after)) {
        cs_js_bool(o, "internal", true);
    }
}
