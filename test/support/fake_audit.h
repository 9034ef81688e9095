/* Looking into the audit log of a fake_platform. */
#ifndef CS_TEST_FAKE_AUDIT_H
#define CS_TEST_FAKE_AUDIT_H

#include "platform/core/audit.h"
#include "support/fake_platform.h"

FAKE uint64_t fake_audit_count(struct fake_platform *w)
{
    uint8_t hash[CS_AUDIT_HASH];

    return cs_audit_head(w->core, hash);
}

/* Record seq; owned. */
FAKE json_t *fake_audit_record(struct fake_platform *w, uint64_t seq)
{
    uint8_t hash[CS_AUDIT_HASH];
    struct cs_wr text = {0};
    json_error_t e;
    json_t *rec;

    assert_true(cs_audit_get(w->core, seq, &text, hash));
    rec = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &e);
    assert_non_null(rec);
    assert_int_equal(cs_js_num(rec, "seq"), seq);
    cs_wr_free(&text);
    return rec;
}

FAKE json_t *fake_audit_newest(struct fake_platform *w)
{
    return fake_audit_record(w, fake_audit_count(w));
}

FAKE const json_t *fake_audit_change(const json_t *rec, const char *type)
{
    const json_t *list = json_object_get(rec, "changes");

    for (size_t i = 0; i < json_array_size(list); i++) {
        if (cs_js_is(json_array_get(list, i), "type", type)) {
            return json_array_get(list, i);
        }
    }
    return NULL;
}

FAKE int64_t fake_audit_result(const json_t *rec)
{
    return cs_js_num(json_object_get(rec, "result"), "status");
}

FAKE const char *fake_audit_actor(const json_t *rec, const char *member)
{
    return cs_js_text(json_object_get(rec, "actor"), member);
}

#endif
