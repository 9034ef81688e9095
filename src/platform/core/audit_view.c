/* GET /v2/audit, /v2/audit/head, /v2/audit/export. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "platform/core/audit.h"
#include "platform/core/countersign.h"

enum {
    LOOK_MAX = 500,         /* records read for one page */
    PAGE_BYTES = 512 << 10, /* a page and an export end early at that */
    EXPORT_MAX = 1000,      /* records of one answer */
    LOOK_WORK = 16,         /* what a page costs (limits.c): mostly parsing */
    TIME_LEN = 24,
};

/* What a list's records have to be; "" is anything. */
struct want {
    char actor[64], object[64], action[160], kind[16];
    char since[TIME_LEN + 1], until[TIME_LEN + 1];
};

static bool time_ok(struct cs_api *a, const char *name, const char *text)
{
    if (text[0] != '\0' &&
        (strlen(text) < 4 || strspn(text, "0123456789-T:.Z") != strlen(text))) {
        (void)cs_api_fail(a, CS_API_INVALID, name,
                          "must be a time like 2026-01-31 or 2026-01-31T12:34:56Z");
        return false;
    }
    return true;
}

static bool read_want(struct cs_api *a, struct want *w)
{
    return cs_api_query(a, "actorId", w->actor, sizeof w->actor) &&
           cs_api_query(a, "objectId", w->object, sizeof w->object) &&
           cs_api_query(a, "action", w->action, sizeof w->action) &&
           cs_api_query_word(a, "kind", w->kind, sizeof w->kind, "REQUEST, EVENT") &&
           cs_api_query(a, "since", w->since, sizeof w->since) &&
           cs_api_query(a, "until", w->until, sizeof w->until) &&
           time_ok(a, "since", w->since) && time_ok(a, "until", w->until);
}

static bool fits(const char *want, const char *text)
{
    return want[0] == '\0' || strcmp(want, text) == 0;
}

/* An object that was changed, or that the path names. */
static bool has_object(const json_t *rec, const char *want)
{
    const json_t *changes = json_object_get(rec, "changes"),
                 *others = json_object_get(rec, "others");

    if (want[0] == '\0' || strstr(cs_js_text(rec, "path"), want) != NULL) {
        return true;
    }
    for (size_t i = 0; i < json_array_size(changes); i++) {
        if (cs_js_is(json_array_get(changes, i), "id", want)) {
            return true;
        }
    }
    for (size_t i = 0; i < json_array_size(others); i++) {
        const char *id = json_string_value(json_array_get(others, i));

        if (id != NULL && strcmp(id, want) == 0) {
            return true;
        }
    }
    return false;
}

/* Times of this form have the order of their text. */
static bool is_wanted(const json_t *rec, const struct want *w)
{
    const char *at = cs_js_text(rec, "at");

    return fits(w->actor, cs_js_text(json_object_get(rec, "actor"), "id")) &&
           fits(w->action, cs_js_text(rec, "action")) &&
           fits(w->kind, cs_js_text(rec, "kind")) && has_object(rec, w->object) &&
           (w->since[0] == '\0' || strcmp(at, w->since) >= 0) &&
           (w->until[0] == '\0' || strcmp(at, w->until) < 0);
}

/* NULL with INTERNAL set: the log has a hole, which only a damaged store has. */
static json_t *load(struct cs_api *a, uint64_t seq, size_t *bytes)
{
    uint8_t hash[CS_AUDIT_HASH];
    struct cs_wr text = {0};
    json_t *rec = NULL;

    if (cs_audit_get(a->core, seq, &text, hash)) {
        rec = json_loadb((const char *)text.p, text.n, 0, NULL);
        *bytes += text.n;
    }
    cs_wr_free(&text);
    if (!json_is_object(rec)) {
        json_decref(rec);
        (void)cs_api_fail(a, CS_API_INTERNAL, "",
                          "audit record %llu is damaged: stop the platform and restore "
                          "its store",
                          (unsigned long long)seq);
        return NULL;
    }
    cs_js_hex(rec, "hash", hash, sizeof hash);
    return rec;
}

/* Fills list with records below *seq, the newest first; *seq is where it ended. */
static bool fill(struct cs_api *a, const struct want *w, size_t size, json_t *list,
                 uint64_t *seq)
{
    size_t bytes = 0;

    for (int i = 0;
         i<LOOK_MAX && * seq> 1 && json_array_size(list) < size && bytes < PAGE_BYTES;
         i++) {
        json_t *rec = load(a, *seq - 1, &bytes);

        if (rec == NULL) {
            return false;
        }
        (*seq)--;
        if (is_wanted(rec, w)) {
            cs_js_push(list, rec);
        } else {
            json_decref(rec);
        }
    }
    return true;
}

static json_t *list_answer(struct cs_api *a, json_t *list, uint64_t seq)
{
    json_t *o = cs_js_obj(), *filter = cs_js_obj();
    uint8_t hash[CS_AUDIT_HASH];
    char token[17];

    if (seq > 1) {
        (void)snprintf(token, sizeof token, "%016llx", (unsigned long long)seq);
        cs_js_str(filter, "nextPageToken", token);
    }
    cs_js_int(filter, "total", (int64_t)cs_audit_head(a->core, hash));
    cs_js_set(o, "filter", filter);
    cs_js_set(o, "records", list);
    return o;
}

json_t *cs_api_audit_list(struct cs_api *a)
{
    struct want w;
    uint8_t hash[CS_AUDIT_HASH];
    uint64_t end = cs_audit_head(a->core, hash) + 1, seq;
    size_t size;
    json_t *list;

    if (!cs_api_page_args(a, &size, &seq) || !read_want(a, &w) ||
        !cs_api_work_or_fail(a, LOOK_WORK)) {
        return NULL;
    }
    seq = seq == 0 || seq > end ? end : seq;
    list = cs_js_arr();
    if (!fill(a, &w, size, list, &seq)) {
        json_decref(list);
        return NULL;
    }
    return list_answer(a, list, seq);
}

json_t *cs_api_audit_head(struct cs_api *a)
{
    uint8_t hash[CS_AUDIT_HASH];
    json_t *o = cs_js_obj();

    cs_js_int(o, "seq", (int64_t)cs_audit_head(a->core, hash));
    cs_js_hex(o, "hash", hash, sizeof hash);
    cs_countersign_view(a->core, o);
    return o;
}

static bool read_from(struct cs_api *a, uint64_t *from)
{
    char text[24];

    *from = 1;
    if (!cs_api_query(a, "from", text, sizeof text)) {
        return false;
    }
    if (text[0] != '\0' && (cs_u64_parse(from, text) != CS_OK || *from == 0)) {
        (void)cs_api_fail(a, CS_API_INVALID, "from",
                          "must be the number of a record: 1, 2, ..");
        return false;
    }
    return true;
}

/* Whole records, oldest first; how they were written, byte for byte. */
json_t *cs_api_audit_export(struct cs_api *a)
{
    uint8_t hash[CS_AUDIT_HASH];
    uint64_t end = cs_audit_head(a->core, hash), seq;

    if (!read_from(a, &seq) || !cs_api_work_or_fail(a, LOOK_WORK)) {
        return NULL;
    }
    cs_countersign_settle(a->core, true);
    for (int i = 0; i < EXPORT_MAX && seq <= end && a->lines.n < PAGE_BYTES; i++) {
        struct cs_wr text = {0};

        if (!cs_audit_get(a->core, seq, &text, hash)) {
            return cs_api_fail(a, CS_API_INTERNAL, "",
                               "audit record %llu is missing: stop the platform and "
                               "restore its store",
                               (unsigned long long)seq);
        }
        cs_audit_line(&a->lines, cs_wr_get(&text), hash);
        cs_countersign_lines(a->core, &a->lines, seq);
        cs_wr_free(&text);
        seq++;
    }
    CS_ASSERT(a->lines.err == CS_OK);
    a->has_lines = true;
    return cs_js_obj();
}
