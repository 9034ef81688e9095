/* The vendor's /v2/approvals: what waits, and what approvers say (approvals.h).
 *
 * The id of the vendor's approval is the set's, since each asks for his own one. */
#include <stdio.h>
#include <string.h>

#include "platform/core/approvals.h"

enum { LIST_MAX = 200, REASONS_MAX = 10, REASON_MAX = 200 };

/* ---- views ------------------------------------------------------------- */

static bool is_pending(const json_t *set)
{
    return cs_js_is(set, "status", "PENDING");
}

static json_t *vote_view(const json_t *vote, const char *user_id)
{
    json_t *o = cs_js_obj();

    cs_js_str(o, "userId", user_id);
    cs_js_str(o, "status", vote == NULL ? "PROCESSING" : cs_js_text(vote, "status"));
    cs_js_set(o, "reasons",
              vote == NULL ? cs_js_arr()
                           : json_incref(json_object_get(vote, "reasons")));
    if (vote != NULL) {
        cs_js_str(o, "at", cs_js_text(vote, "at"));
    }
    return o;
}

static void push_named(struct cs_api *a, json_t *list, json_t *view)
{
    char name[256];

    cs_approval_name(a->core, cs_js_text(view, "userId"), name, sizeof name);
    cs_js_str(view, "name", name);
    cs_js_push(list, view);
}

/* While it is open: all who may decide, and what they have said.  Afterwards: who has
 * decided. */
static json_t *approvers_view(struct cs_api *a, const json_t *set, const json_t *group)
{
    const json_t *ids = json_object_get(group, "approvers"),
                 *votes = json_object_get(set, "votes");
    json_t *list = cs_js_arr();

    for (size_t i = 0; is_pending(set) && i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));

        if (cs_approval_may_decide(a->core, group, id, cs_js_text(set, "_maker"))) {
            push_named(a, list,
                       vote_view(cs_approval_vote(a->core, set, group, id), id));
        }
    }
    for (size_t i = 0; !is_pending(set) && i < json_array_size(votes); i++) {
        const json_t *v = json_array_get(votes, i);

        push_named(a, list, vote_view(v, cs_js_text(v, "userId")));
    }
    return list;
}

static const json_t *entry_of(const json_t *approvers, const char *user_id)
{
    for (size_t i = 0; i < json_array_size(approvers); i++) {
        if (cs_js_is(json_array_get(approvers, i), "userId", user_id)) {
            return json_array_get(approvers, i);
        }
    }
    return NULL;
}

static json_t *own_view(struct cs_api *a, const json_t *set, const json_t *entry)
{
    json_t *o = cs_js_obj();

    cs_js_str(o, "id", cs_js_text(set, "id"));
    cs_js_str(o, "approvalSetId", cs_js_text(set, "id"));
    cs_js_str(o, "userId", a->who.kind == CS_ACTOR_USER ? a->actor : "");
    cs_js_str(o, "createdAt", cs_js_text(set, "createdAt"));
    cs_js_str(o, "updatedAt",
              cs_js_text(entry, "at")[0] != '\0' ? cs_js_text(entry, "at")
                                                 : cs_js_text(set, "createdAt"));
    cs_js_str(o, "status", entry == NULL ? "PROCESSING" : cs_js_text(entry, "status"));
    cs_js_set(o, "reasons",
              entry == NULL ? cs_js_arr()
                            : json_incref(json_object_get(entry, "reasons")));
    return o;
}

/* What is decided about, as text: the vendor's sourceRaw. */
static void add_raw(json_t *o, const json_t *set)
{
    json_t *raw = cs_js_obj();
    struct cs_wr w = {0};

    cs_js_str(raw, "title", cs_js_text(set, "title"));
    cs_js_set(raw, "lines", json_incref(json_object_get(set, "lines")));
    if (json_object_get(set, "proposed") != NULL) {
        cs_js_set(raw, "proposed", cs_js_public(json_object_get(set, "proposed")));
    }
    cs_json_write(&w, raw);
    cs_wr_u8(&w, 0);
    CS_ASSERT(w.err == CS_OK);
    cs_js_str(o, "sourceRaw", (const char *)w.p);
    cs_wr_free(&w);
    json_decref(raw);
}

static size_t count_status(const json_t *approvers, const char *status)
{
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(approvers); i++) {
        n += cs_js_is(json_array_get(approvers, i), "status", status) ? 1 : 0;
    }
    return n;
}

static json_t *summary_view(struct cs_api *a, const json_t *set,
                            const json_t *approvers)
{
    static const char *const same[] = {"sourceId",  "sourceType", "action",
                                       "expiresAt", "metAt",      "status"};
    struct cs_approval_count n;
    json_t *o = cs_js_obj();

    for (size_t i = 0; i < CS_COUNTOF(same); i++) {
        if (json_object_get(set, same[i]) != NULL) {
            cs_js_str(o, same[i], cs_js_text(set, same[i]));
        }
    }
    cs_js_str(o, "requestedBy", cs_js_text(set, "createdBy"));
    cs_js_int(o, "currentApprovedCount", (int64_t)count_status(approvers, "APPROVED"));
    cs_js_int(o, "requiredApproverCount", cs_js_num(set, "requiredApproverCount"));
    if (is_pending(set)) {
        cs_approval_tally(a->core, set, &n);
        cs_js_int(o, "requiredApproverCount", (int64_t)n.required);
    }
    add_raw(o, set);
    return o;
}

static bool can_approve(struct cs_api *a, const json_t *set, const json_t *entry)
{
    return a->who.kind == CS_ACTOR_USER && is_pending(set) && entry != NULL &&
           cs_js_is(entry, "status", "PROCESSING");
}

static json_t *group_of(struct cs_platform_core *core, const json_t *set)
{
    uint8_t id[CS_PC_ID];
    json_t *group = cs_js_id(set, "groupId", id) ? cs_pc_get(core, CS_PC_GROUP, id)
                                                 : NULL;

    if (group != NULL && cs_js_true(group, "_deleted")) {
        json_decref(group);
        return NULL;
    }
    return group;
}

static json_t *group_part(const json_t *set, const json_t *group)
{
    json_t *o = cs_js_obj();

    cs_js_str(o, "id", cs_js_text(set, "groupId"));
    cs_js_str(o, "sourceType", cs_js_text(set, "sourceType"));
    cs_js_str(o, "scope", group == NULL ? "ORG" : cs_js_text(group, "scope"));
    cs_js_set(o, "approvers",
              group == NULL ? cs_js_arr()
                            : json_incref(json_object_get(group, "approvers")));
    cs_js_int(o, "requiredApproverCount", cs_js_num(group, "requiredApproverCount"));
    cs_js_int(o, "timeoutSeconds", cs_js_num(group, "timeoutSeconds"));
    return o;
}

static json_t *view_with(struct cs_api *a, const json_t *set, const json_t *group)
{
    static const char *const same[] = {"id", "title", "createdAt", "updatedAt"};
    json_t *o = cs_js_obj(), *approvers = approvers_view(a, set, group);
    const json_t *entry = entry_of(approvers, a->actor);
    char name[256];

    cs_js_set(o, "approval", own_view(a, set, entry));
    cs_js_set(o, "summary", summary_view(a, set, approvers));
    for (size_t i = 0; i < CS_COUNTOF(same); i++) {
        cs_js_str(o, same[i], cs_js_text(set, same[i]));
    }
    cs_js_set(o, "lines", json_incref(json_object_get(set, "lines")));
    cs_js_bool(o, "canApprove", can_approve(a, set, entry));
    cs_js_set(o, "approvers", approvers);
    cs_js_set(o, "group", group_part(set, group));
    cs_approval_name(a->core, cs_js_text(set, "createdBy"), name, sizeof name);
    cs_js_str(o, "requestedByName", name);
    if (json_object_get(set, "reasons") != NULL) {
        cs_js_set(o, "reasons", json_incref(json_object_get(set, "reasons")));
    }
    return o;
}

/* Those that he may decide, has asked for, or could read the objects of. */
static bool is_shown(struct cs_platform_core *core, const json_t *set,
                     const json_t *group, uint32_t sources, const char *actor)
{
    return (cs_approval_source_bit(set) & sources) != 0 ||
           cs_js_is(set, "createdBy", actor) || cs_js_is(set, "_maker", actor) ||
           cs_approval_may_decide(core, group, actor, cs_js_text(set, "_maker"));
}

static bool may_see(struct cs_api *a, const json_t *set, const json_t *group)
{
    return is_shown(a->core, set, group, cs_approval_sources(&a->who), a->actor);
}

bool cs_approval_is_shown(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                          uint32_t sources, const char *actor)
{
    json_t *set = cs_pc_get(core, CS_PC_APPROVAL, id);
    json_t *group = set == NULL ? NULL : group_of(core, set);
    bool ok = set != NULL && is_shown(core, set, group, sources, actor);

    json_decref(group);
    json_decref(set);
    return ok;
}

static json_t *view(struct cs_api *a, const json_t *set)
{
    json_t *group = group_of(a->core, set), *o = NULL;

    if (may_see(a, set, group)) {
        o = view_with(a, set, group);
    }
    json_decref(group);
    return o;
}

/* ---- reading ----------------------------------------------------------- */

json_t *cs_api_approval_list(struct cs_api *a)
{
    /* The vendor's words are those of one vote: they stand for what came of it. */
    static const char *const words[][2] = {
        {"", ""},
        {"PENDING", "PENDING"},
        {"MET", "MET"},
        {"NOT_MET", "NOT_MET"},
        {"EXPIRED", "EXPIRED"},
        {"FAILED", "FAILED"},
        {"PROCESSING", "PENDING"},
        {"APPROVED", "MET"},
        {"REJECTED", "NOT_MET"},
    };
    struct cs_api_page p = {
        .table = CS_PC_APPROVAL, .kind = CS_IX_APPROVALS, .view = view};
    char status[16];

    if (!cs_api_query(a, "status", status, sizeof status)) {
        return NULL;
    }
    for (size_t i = 0; i < CS_COUNTOF(words); i++) {
        if (strcmp(words[i][0], status) == 0) {
            p.scope = cs_pc_scope(words[i][1], "");
            return cs_api_list_last(a, &p, LIST_MAX);
        }
    }
    return cs_api_fail(a, CS_API_INVALID, "status",
                       "must be PENDING, MET, NOT_MET, EXPIRED or FAILED");
}

static json_t *not_there(struct cs_api *a)
{
    return cs_api_fail(a, CS_API_NOT_FOUND, "", "there is no such approval");
}

json_t *cs_api_approval_get(struct cs_api *a)
{
    json_t *set = cs_api_record(a, CS_PC_APPROVAL, 0, "approval");
    json_t *o = set == NULL ? NULL : view(a, set);

    if (set != NULL && o == NULL) {
        (void)not_there(a);
    }
    json_decref(set);
    return o;
}

/* ---- deciding ---------------------------------------------------------- */

static json_t *read_reasons(struct cs_api *a)
{
    const json_t *list = cs_jr_has(&a->in, "reasons")
                             ? cs_jr_array(&a->in, "reasons", 0, REASONS_MAX)
                             : NULL;
    json_t *copy = cs_js_arr();

    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *one = cs_js_obj();
        struct cs_api b = *a;
        const char *text;

        cs_js_set(one, "reasons", json_incref(json_array_get(list, i)));
        b.in = CS_JR(one);
        text = cs_api_name(&b, "reasons", REASON_MAX);
        if (b.in.err != CS_OK) {
            cs_jr_fail(&a->in, "reasons",
                       "must hold texts of at most 200 characters without control "
                       "characters");
        }
        cs_js_push_text(copy, text);
        json_decref(one);
    }
    return copy;
}

/* One user counts once: his vote is one entry, and a second one is not taken. */
static void put_vote(struct cs_api *a, json_t *set, const json_t *group,
                     const char *status, json_t *reasons)
{
    json_t *votes = json_object_get(set, "votes"), *v = cs_js_obj();

    for (size_t i = json_array_size(votes); i > 0; i--) {
        if (cs_js_is(json_array_get(votes, i - 1), "userId", a->actor)) {
            CS_ASSERT(json_array_remove(votes, i - 1) ==
                      0); /* one that counts no more */
        }
    }
    cs_js_str(v, "userId", a->actor);
    cs_js_str(v, "status", status);
    cs_js_set(v, "reasons", reasons);
    cs_js_time(v, "at", a->core->wall_ms);
    cs_js_int(v, "rights", cs_js_num(a->who.rec, "_rights"));
    cs_js_int(v, "since", cs_js_num(json_object_get(group, "_since"), a->actor));
    cs_js_push(votes, v);
}

static bool may_vote(struct cs_api *a, const json_t *set, const json_t *group)
{
    if (a->who.kind != CS_ACTOR_USER) {
        (void)cs_api_fail(a, CS_API_DENIED, "permissions",
                          "approvals are decided by people who have signed in, not by "
                          "API credentials");
    } else if (cs_js_is(set, "_maker", a->actor)) {
        (void)cs_api_fail(a, CS_API_DENIED, "id",
                          "you asked for it, or made the credential that did: somebody "
                          "else has to decide");
    } else if (!cs_approval_may_decide(a->core, group, a->actor, "")) {
        (void)cs_api_fail(a, CS_API_DENIED, "id",
                          "you are not an approver of this approval group");
    } else if (!is_pending(set)) {
        (void)cs_api_fail(a, CS_API_STATE, "status", "is decided already: it is %s",
                          cs_js_text(set, "status"));
    } else if (cs_approval_is_over(a->core, set)) {
        (void)cs_api_fail(a, CS_API_STATE, "status",
                          "its time is over: ask for it again");
    }
    return a->code == CS_API_OK;
}

static json_t *decide(struct cs_api *a, json_t *set, const json_t *group,
                      const char *status, json_t *reasons)
{
    const json_t *had;

    if (!may_vote(a, set, group)) {
        json_decref(reasons);
        return NULL;
    }
    had = cs_approval_vote(a->core, set, group, a->actor);
    if (had != NULL) {
        json_decref(reasons);
        return cs_js_is(had, "status", status)
                   ? view(a, set) /* a repeat */
                   : cs_api_fail(a, CS_API_EXISTS, "status",
                                 "you have decided already: %s",
                                 cs_js_text(had, "status"));
    }
    put_vote(a, set, group, status, reasons);
    cs_approval_voted(a->core, set, a->actor, status);
    cs_approval_settle(a->core, set);
    return view(a, set);
}

json_t *cs_api_approval_decide(struct cs_api *a)
{
    const char *status = cs_jr_str(&a->in, "status", 16, false);
    json_t *reasons = read_reasons(a), *set, *group, *o = NULL;

    if (a->in.err == CS_OK && strcmp(status, "APPROVED") != 0 &&
        strcmp(status, "REJECTED") != 0) {
        cs_jr_fail(&a->in, "status", "must be APPROVED or REJECTED");
    }
    set = cs_api_bad_body(a) ? NULL : cs_api_record(a, CS_PC_APPROVAL, 0, "approval");
    if (set == NULL) {
        json_decref(reasons);
        return NULL;
    }
    group = group_of(a->core, set);
    if (may_see(a, set, group)) {
        o = decide(a, set, group, status, reasons);
    } else {
        json_decref(reasons);
        (void)not_there(a);
    }
    json_decref(group);
    json_decref(set);
    return o;
}
