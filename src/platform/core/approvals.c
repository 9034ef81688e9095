/* Sets: opening, counting, ending (approvals.h). */
#include "platform/core/approvals.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "platform/core/credential_life.h"
#include "platform/core/users.h"

enum { MAKER_DEPTH = 16, RECOUNT_STEP = 64 };

static struct cs_pc_scope all_of(const char *status)
{
    return cs_pc_scope(status, "");
}

/* ---- who --------------------------------------------------------------- */

static json_t *get_by_text(struct cs_platform_core *core, uint8_t table, const char *id)
{
    uint8_t raw[CS_PC_ID];

    return cs_uuid_parse(raw, id) == CS_OK ? cs_pc_get(core, table, raw) : NULL;
}

static bool is_live(const struct cs_platform_core *core, enum cs_actor_kind kind,
                    const json_t *rec)
{
    return kind == CS_ACTOR_USER
               ? cs_user_is_active(rec)
               : cs_js_true(rec, "active") && !cs_js_true(rec, "_deleted") &&
                     !cs_credential_is_over(core, rec);
}

bool cs_approval_actor(struct cs_platform_core *core, const char *id,
                       struct cs_actor *out)
{
    *out = (struct cs_actor){.kind = CS_ACTOR_USER, .id = "", .name = ""};
    out->rec = get_by_text(core, CS_PC_USER, id);
    if (out->rec == NULL) {
        out->kind = CS_ACTOR_CREDENTIAL;
        out->rec = get_by_text(core, CS_PC_CREDENTIAL, id);
    }
    if (out->rec == NULL || !is_live(core, out->kind, out->rec)) {
        json_decref(out->rec);
        *out = (struct cs_actor){.kind = CS_ACTOR_NONE, .id = "", .name = ""};
        return false;
    }
    out->id = cs_js_text(out->rec, "id");
    return true;
}

/* Takes a character away that does not stand there as a whole: half of one would make
 * the whole text unreadable. */
static void cut_half(char *text)
{
    size_t n = strlen(text), k = n;
    uint8_t lead;

    while (k > 0 && ((uint8_t)text[k - 1] & 0xc0U) == 0x80U) {
        k--;
    }
    lead = k == 0 ? 0 : (uint8_t)text[k - 1];
    if (lead >= 0xc0U && n - k < (lead >= 0xf0U ? 3U : lead >= 0xe0U ? 2U : 1U)) {
        text[k - 1] = '\0';
    }
}

void cs_approval_name(struct cs_platform_core *core, const char *id, char *out,
                      size_t size)
{
    json_t *rec = get_by_text(core, CS_PC_USER, id);

    if (rec != NULL) {
        (void)snprintf(out, size, "%s %s", cs_js_text(rec, "firstName"),
                       cs_js_text(rec, "lastName"));
    } else {
        rec = get_by_text(core, CS_PC_CREDENTIAL, id);
        (void)snprintf(out, size, "%s", cs_js_text(rec, "name"));
    }
    cut_half(out);
    json_decref(rec);
}

bool cs_approval_maker(struct cs_platform_core *core, const char *actor_id,
                       char user[37])
{
    char id[37];

    (void)snprintf(id, sizeof id, "%s", actor_id);
    for (int i = 0; i < MAKER_DEPTH; i++) {
        json_t *rec = get_by_text(core, CS_PC_USER, id);

        if (rec != NULL) {
            json_decref(rec);
            (void)snprintf(user, 37, "%s", id);
            return true;
        }
        rec = get_by_text(core, CS_PC_CREDENTIAL, id);
        (void)snprintf(id, sizeof id, "%s", cs_js_text(rec, "createdBy"));
        json_decref(rec);
    }
    return false;
}

static bool lists(const json_t *ids, const char *id)
{
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *s = json_string_value(json_array_get(ids, i));

        if (s != NULL && strcmp(s, id) == 0) {
            return true;
        }
    }
    return false;
}

bool cs_approval_is_approver(const json_t *group, const json_t *user)
{
    return cs_user_is_active(user) &&
           cs_roles_have(json_object_get(user, "roles"), CS_PERM_APPROVALS_DECIDE) &&
           (!cs_js_is(group, "sourceType", "APPROVAL_GROUP") || cs_user_is_owner(user));
}

bool cs_approval_may_decide(struct cs_platform_core *core, const json_t *group,
                            const char *user_id, const char *maker)
{
    json_t *user;
    bool ok;

    if (group == NULL || strcmp(user_id, maker) == 0 ||
        !lists(json_object_get(group, "approvers"), user_id)) {
        return false;
    }
    user = get_by_text(core, CS_PC_USER, user_id);
    ok = cs_approval_is_approver(group, user);
    json_decref(user);
    return ok;
}

/* ---- groups ------------------------------------------------------------ */

static json_t *group_by(struct cs_platform_core *core, enum cs_approval_source source,
                        const char *wallet_id)
{
    uint8_t id[CS_PC_ID];
    json_t *group;

    cs_group_id(id, source, wallet_id);
    group = cs_pc_get(core, CS_PC_GROUP, id);
    if (group != NULL && cs_js_true(group, "_deleted")) {
        json_decref(group);
        return NULL;
    }
    return group;
}

json_t *cs_approval_group(struct cs_platform_core *core, enum cs_approval_source source,
                          const char *wallet_id)
{
    json_t *group = wallet_id == NULL ? NULL : group_by(core, source, wallet_id);

    return group != NULL ? group : group_by(core, source, NULL);
}

bool cs_approval_wanted(struct cs_platform_core *core, enum cs_approval_source source,
                        const char *wallet_id)
{
    json_t *group;

    /* Nearly nobody has one: then this is a single look. */
    if (cs_approval_ops(source)->on_met == NULL ||
        cs_pc_index_count(core, CS_IX_GROUPS, all_of("")) == 0) {
        return false;
    }
    group = cs_approval_group(core, source, wallet_id);
    json_decref(group);
    return group != NULL;
}

static json_t *group_of(struct cs_platform_core *core, const json_t *set)
{
    json_t *group = get_by_text(core, CS_PC_GROUP, cs_js_text(set, "groupId"));

    if (group != NULL && cs_js_true(group, "_deleted")) {
        json_decref(group);
        return NULL;
    }
    return group;
}

/* ---- counting ---------------------------------------------------------- */

/* The number of a user's rights: it changes with roles, status and sign-in. */
static int64_t rights_of(struct cs_platform_core *core, const char *user_id)
{
    json_t *user = get_by_text(core, CS_PC_USER, user_id);
    int64_t n = user == NULL ? -1 : cs_js_num(user, "_rights");

    json_decref(user);
    return n;
}

const json_t *cs_approval_vote(struct cs_platform_core *core, const json_t *set,
                               const json_t *group, const char *user_id)
{
    const json_t *votes = json_object_get(set, "votes");

    for (size_t i = 0; i < json_array_size(votes); i++) {
        const json_t *v = json_array_get(votes, i);

        if (cs_js_is(v, "userId", user_id)) {
            return cs_js_num(v, "rights") == rights_of(core, user_id) &&
                           cs_js_num(v, "since") ==
                               cs_js_num(json_object_get(group, "_since"), user_id)
                       ? v
                       : NULL;
        }
    }
    return NULL;
}

void cs_approval_tally(struct cs_platform_core *core, const json_t *set,
                       struct cs_approval_count *out)
{
    json_t *group = group_of(core, set);
    const json_t *approvers = json_object_get(group, "approvers");
    int64_t own = cs_js_num(set, "requiredApproverCount");
    int64_t now = cs_js_num(group, "requiredApproverCount");

    memset(out, 0, sizeof *out);
    out->required = (size_t)(now > own ? now : own);
    for (size_t i = 0; i < json_array_size(approvers); i++) {
        const char *id = json_string_value(json_array_get(approvers, i));
        const json_t *vote;

        if (id == NULL ||
            !cs_approval_may_decide(core, group, id, cs_js_text(set, "_maker"))) {
            continue;
        }
        vote = cs_approval_vote(core, set, group, id);
        if (vote == NULL) {
            out->open++;
        } else if (cs_js_is(vote, "status", "APPROVED")) {
            out->approved++;
        } else {
            out->rejected++;
        }
    }
    json_decref(group);
}

/* ---- opening ----------------------------------------------------------- */

static void source_key(char out[64], enum cs_approval_source source, const char *id)
{
    (void)snprintf(out, 64, "%d/%s", (int)source, id);
}

bool cs_approval_pending(struct cs_platform_core *core, enum cs_approval_source source,
                         const char *object_id, uint8_t set[CS_PC_ID])
{
    char key[64];

    if (cs_pc_index_count(core, CS_IX_APPROVALS, all_of("PENDING")) == 0) {
        return false;
    }
    source_key(key, source, object_id);
    return cs_pc_unique_get(core, CS_UNIQUE_APPROVAL, key, set);
}

void cs_approval_mark(struct cs_platform_core *core, enum cs_approval_source source,
                      json_t *view)
{
    uint8_t set[CS_PC_ID];

    if (cs_approval_pending(core, source, cs_js_text(view, "id"), set)) {
        cs_js_uuid(view, "approvalId", set);
    }
}

bool cs_approval_blocks(struct cs_api *a, enum cs_approval_source source,
                        const char *object_id)
{
    uint8_t set[CS_PC_ID];
    char text[CS_UUID_LEN];

    if (!cs_approval_pending(a->core, source, object_id, set)) {
        return false;
    }
    (void)cs_api_fail(a, CS_API_STATE, "id",
                      "a change of it waits for approval %s: decide that one first",
                      cs_uuid_text(text, set));
    return true;
}

/* How many could decide what this maker asks for. */
static size_t reachable(struct cs_platform_core *core, const json_t *group,
                        const char *maker)
{
    const json_t *approvers = json_object_get(group, "approvers");
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(approvers); i++) {
        const char *id = json_string_value(json_array_get(approvers, i));

        n += id != NULL && cs_approval_may_decide(core, group, id, maker) ? 1 : 0;
    }
    return n;
}

static bool group_can(struct cs_api *a, const json_t *group, const char *noun,
                      char maker[37])
{
    size_t want = (size_t)cs_js_num(group, "requiredApproverCount"), have;

    if (!cs_approval_maker(a->core, a->actor, maker)) {
        (void)cs_api_fail(a, CS_API_STATE, "approvers",
                          "nobody can tell which user made this credential, so nobody "
                          "can approve what it asks for: use another credential");
        return false;
    }
    have = reachable(a->core, group, maker);
    if (have < want) {
        (void)cs_api_fail(a, CS_API_STATE, "approvers",
                          "%s approvals need %zu approvers besides who asks, and the "
                          "group has %zu who are active: change the approval group",
                          noun, want, have);
        return false;
    }
    if (cs_pc_index_count(a->core, CS_IX_APPROVALS, all_of("PENDING")) >=
        CS_APPROVALS_OPEN_MAX) {
        (void)cs_api_fail(a, CS_API_LIMIT, "",
                          "too many requests wait for approval: decide some first");
        return false;
    }
    return true;
}

bool cs_approval_can_open(struct cs_api *a, enum cs_approval_source source,
                          const char *wallet_id)
{
    json_t *group = cs_approval_group(a->core, source, wallet_id);
    char maker[37];
    bool ok = group != NULL &&
              group_can(a, group, cs_approval_ops(source)->noun, maker);

    if (group == NULL) {
        (void)cs_api_fail(a, CS_API_STATE, "approvers", "there is no approval group");
    }
    json_decref(group);
    return ok;
}

static const char *name_of(const json_t *rec)
{
    static const char *const members[] = {"displayName", "name", "email", "address"};

    for (size_t i = 0; i < CS_COUNTOF(members); i++) {
        if (cs_js_text(rec, members[i])[0] != '\0') {
            return cs_js_text(rec, members[i]);
        }
    }
    return cs_js_text(rec, "id");
}

static void default_title(char *out, size_t size, enum cs_approval_source source,
                          enum cs_approval_action action, const json_t *rec)
{
    static const char *const verbs[CS_ACTION_COUNT] = {"Create", "Read",   "Change",
                                                       "Delete", "Enable", "Disable"};

    (void)snprintf(out, size, "%s %s %s", verbs[action], cs_approval_ops(source)->noun,
                   name_of(rec));
}

static json_t *make(struct cs_api *a, enum cs_approval_source source,
                    const json_t *group, enum cs_approval_action action,
                    const char *maker)
{
    uint8_t id[CS_PC_ID];
    json_t *set;

    cs_pc_new_id(a->core, id);
    set = cs_pc_make(a->core, id, a->actor);
    cs_js_str(set, "sourceType", cs_approval_ops(source)->word);
    cs_js_str(set, "action", cs_approval_action_word(action));
    cs_js_str(set, "status", "PENDING");
    cs_js_str(set, "groupId", cs_js_text(group, "id"));
    cs_js_int(set, "requiredApproverCount", cs_js_num(group, "requiredApproverCount"));
    cs_js_set(set, "votes", cs_js_arr());
    cs_js_str(set, "_maker", maker);
    cs_js_str(set, "_perm", a->route == NULL ? "" : cs_pc_perm_word(a->route->perm));
    return set;
}

static void store_new(struct cs_platform_core *core, json_t *set, int64_t seconds)
{
    int64_t until = core->wall_ms + seconds * 1000;
    uint64_t seq = (uint64_t)cs_js_num(set, "_seq");
    enum cs_approval_source source;
    uint8_t id[CS_PC_ID];
    char key[64];

    CS_ASSERT(cs_js_id(set, "id", id) &&
              cs_approval_source_parse(&source, cs_js_text(set, "sourceType")));
    cs_js_time(set, "expiresAt", until);
    cs_pc_timer(core, set, CS_TIMER_APPROVAL, until);
    source_key(key, source, cs_js_text(set, "sourceId"));
    cs_pc_unique_put(core, CS_UNIQUE_APPROVAL, key, id);
    cs_pc_index_add(core, CS_IX_APPROVALS, all_of(""), seq, id);
    cs_pc_index_add(core, CS_IX_APPROVALS, all_of("PENDING"), seq, id);
    cs_pc_index_add(core, CS_IX_APPROVALS_GROUP, all_of(cs_js_text(set, "groupId")),
                    seq, id);
    cs_pc_save(core, CS_PC_APPROVAL, set);
}

json_t *cs_approval_open_with(struct cs_api *a, enum cs_approval_source source,
                              const json_t *rec, enum cs_approval_action action,
                              const json_t *proposed, const char *title, json_t *lines)
{
    const char *wallet = source == CS_SOURCE_TRANSACTION ? cs_js_text(rec, "walletId")
                                                         : NULL;
    json_t *group = cs_approval_group(a->core, source, wallet), *set = NULL;
    char maker[37], text[320];

    CS_ASSERT(group != NULL && cs_approval_ops(source)->on_met != NULL);
    if (!cs_approval_blocks(a, source, cs_js_text(rec, "id")) &&
        group_can(a, group, cs_approval_ops(source)->noun, maker)) {
        set = make(a, source, group, action, maker);
        cs_js_str(set, "sourceId", cs_js_text(rec, "id"));
        default_title(text, sizeof text, source, action, rec);
        cs_js_str(set, "title", title == NULL ? text : title);
        if (proposed != NULL) {
            cs_js_set(set, "proposed", json_deep_copy(proposed));
        }
        cs_js_set(set, "lines", json_incref(lines));
        store_new(a->core, set, cs_js_num(group, "timeoutSeconds"));
    }
    json_decref(lines);
    json_decref(group);
    return set;
}

/* ---- ending ------------------------------------------------------------ */

/* From here on it is no open set any more.  The caller saves it. */
static enum cs_approval_source close_set(struct cs_platform_core *core, json_t *set,
                                         const char *status, const char *reason)
{
    uint64_t seq = (uint64_t)cs_js_num(set, "_seq");
    enum cs_approval_source source = CS_SOURCE_COUNT;
    json_t *reasons = cs_js_arr();
    uint8_t id[CS_PC_ID];
    char key[64];

    CS_ASSERT(cs_js_id(set, "id", id) &&
              cs_approval_source_parse(&source, cs_js_text(set, "sourceType")));
    cs_js_str(set, "status", status);
    if (reason[0] != '\0') {
        cs_js_push_text(reasons, reason);
    }
    cs_js_set(set, "reasons", reasons);
    cs_pc_timer(core, set, CS_TIMER_APPROVAL, 0);
    source_key(key, source, cs_js_text(set, "sourceId"));
    cs_pc_unique_del(core, CS_UNIQUE_APPROVAL, key);
    cs_pc_index_del(core, CS_IX_APPROVALS, all_of("PENDING"), seq);
    cs_pc_index_add(core, CS_IX_APPROVALS, all_of(status), seq, id);
    cs_pc_index_del(core, CS_IX_APPROVALS_GROUP, all_of(cs_js_text(set, "groupId")),
                    seq);
    return source;
}

static void end(struct cs_platform_core *core, json_t *set, const char *status,
                const char *reason)
{
    const struct cs_approval_ops *ops = cs_approval_ops(
        close_set(core, set, status, reason));

    cs_pc_save(core, CS_PC_APPROVAL, set);
    if (ops->on_not_met != NULL) {
        ops->on_not_met(core, set);
    }
}

/* Who asked has to be somebody who could still ask for it. */
static bool maker_may(struct cs_platform_core *core, const json_t *set,
                      char why[CS_APPROVAL_WHY])
{
    enum cs_pc_perm perm;
    struct cs_actor who;
    bool ok = cs_approval_actor(core, cs_js_text(set, "createdBy"), &who);

    if (!ok) {
        (void)snprintf(why, CS_APPROVAL_WHY,
                       "who asked for it is not active any more: ask again");
    } else if (cs_pc_perm_parse(&perm, cs_js_text(set, "_perm")) &&
               !cs_actor_may(&who, perm)) {
        ok = false;
        (void)snprintf(why, CS_APPROVAL_WHY,
                       "who asked for it has lost the permission '%s'",
                       cs_js_text(set, "_perm"));
    }
    json_decref(who.rec);
    return ok;
}

bool cs_approval_is_over(const struct cs_platform_core *core, const json_t *set)
{
    return cs_js_num(set, "_timer") <= core->wall_ms;
}

/* The effect is in the batch of the last vote. */
static void meet(struct cs_platform_core *core, json_t *set)
{
    enum cs_approval_source source;
    char why[CS_APPROVAL_WHY] = "";

    CS_ASSERT(cs_approval_source_parse(&source, cs_js_text(set, "sourceType")));
    cs_js_time(set, "metAt", core->wall_ms);
    (void)close_set(core, set, "MET", "");
    cs_pc_save(core, CS_PC_APPROVAL, set);
    if (maker_may(core, set, why) && cs_approval_ops(source)->on_met(core, set, why)) {
        return;
    }
    cs_log(CS_LOG_WARN, "platform", "approval %s has no effect: %s",
           cs_js_text(set, "id"), why);
    cs_pc_index_del(core, CS_IX_APPROVALS, all_of("MET"),
                    (uint64_t)cs_js_num(set, "_seq"));
    end(core, set, "FAILED", why);
}

/* Also when an approver has left the group, was blocked or has lost the role: what
 * waits stays as long as enough are left, and ends at once when they are not. */
static void too_few(struct cs_platform_core *core, json_t *set,
                    const struct cs_approval_count *n)
{
    char why[CS_APPROVAL_WHY];

    (void)snprintf(why, sizeof why,
                   "%stoo few approvers are left to reach the number that is required: "
                   "%zu have to agree, %zu did and %zu still can. Look at the approval "
                   "group, and ask for it again",
                   n->rejected > 0 ? "rejected: " : "", n->required, n->approved,
                   n->open);
    end(core, set, "NOT_MET", why);
}

void cs_approval_settle(struct cs_platform_core *core, json_t *set)
{
    struct cs_approval_count n;

    CS_ASSERT(cs_js_is(set, "status", "PENDING"));
    if (cs_approval_is_over(core, set)) {
        return; /* its timer, which is due, ends it */
    }
    cs_approval_tally(core, set, &n);
    if (n.approved >= n.required) {
        meet(core, set);
    } else if (n.approved + n.open < n.required) {
        too_few(core, set, &n);
    } else {
        cs_pc_save(core, CS_PC_APPROVAL, set);
    }
}

void cs_approval_withdraw(struct cs_platform_core *core, enum cs_approval_source source,
                          const char *object_id, const char *reason)
{
    uint8_t id[CS_PC_ID];
    json_t *set;

    if (!cs_approval_pending(core, source, object_id, id)) {
        return;
    }
    set = cs_pc_get(core, CS_PC_APPROVAL, id);
    if (set != NULL) {
        (void)close_set(core, set, "FAILED", reason);
        cs_pc_save(core, CS_PC_APPROVAL, set);
    }
    json_decref(set);
}

void cs_approval_timer(struct cs_platform_core *core, const uint8_t id[CS_PC_ID])
{
    json_t *set = cs_pc_get(core, CS_PC_APPROVAL, id);

    if (set != NULL && cs_js_is(set, "status", "PENDING")) {
        end(core, set, "EXPIRED",
            "not enough approvers decided in time: ask for it again");
    }
    json_decref(set);
}

/* ---- counting anew ----------------------------------------------------- */

static void recount_soon(struct cs_platform_core *core, const json_t *group)
{
    uint8_t id[CS_PC_ID];

    json_t *rec;

    if (cs_pc_index_count(core, CS_IX_APPROVALS_GROUP,
                          all_of(cs_js_text(group, "id"))) == 0 ||
        !cs_js_id(group, "id", id)) {
        return;
    }
    cs_pc_timer_raw(core, CS_TIMER_RECOUNT, id, 0, core->wall_ms);
    rec = cs_js_num(group, "_recount") == 0 ? NULL : cs_pc_get(core, CS_PC_GROUP, id);
    if (rec != NULL) { /* from the start once more */
        cs_js_del(rec, "_recount");
        cs_pc_save(core, CS_PC_GROUP, rec);
    }
    json_decref(rec);
}

void cs_approval_group_changed(struct cs_platform_core *core, const json_t *group)
{
    recount_soon(core, group);
}

void cs_approval_user_changed(struct cs_platform_core *core, json_t *user)
{
    struct cs_pc_walk w = {.kind = CS_IX_GROUPS, .scope = all_of("")};

    cs_js_int(user, "_rights", cs_js_num(user, "_rights") + 1);
    while (cs_pc_walk_next(core, &w)) {
        json_t *group = cs_pc_get(core, CS_PC_GROUP, w.id);

        if (lists(json_object_get(group, "approvers"), cs_js_text(user, "id"))) {
            recount_soon(core, group);
        }
        json_decref(group);
    }
}

static void recount_one(struct cs_platform_core *core, const uint8_t id[CS_PC_ID])
{
    json_t *set = cs_pc_get(core, CS_PC_APPROVAL, id);
    struct cs_approval_count n;

    if (set != NULL && cs_js_is(set, "status", "PENDING")) {
        cs_approval_tally(core, set, &n);
        if (n.approved >= n.required || n.approved + n.open < n.required) {
            cs_approval_settle(core, set);
        }
    }
    json_decref(set);
}

/* Some sets a step: where it stands is in the group's record, so a restart goes on. */
void cs_approval_recount_timer(struct cs_platform_core *core,
                               const uint8_t id[CS_PC_ID])
{
    json_t *group = cs_pc_get(core, CS_PC_GROUP, id);
    struct cs_pc_walk w = {.kind = CS_IX_APPROVALS_GROUP,
                           .scope = all_of(cs_js_text(group, "id")),
                           .after = (uint64_t)cs_js_num(group, "_recount")};
    bool more = group != NULL;

    for (int i = 0; more && i < RECOUNT_STEP; i++) {
        more = cs_pc_walk_next(core, &w);
        if (more) {
            recount_one(core, w.id);
        }
    }
    if (group != NULL && (more || cs_js_num(group, "_recount") != 0)) {
        json_decref(group); /* a set of its own source may have changed it */
        group = cs_pc_get(core, CS_PC_GROUP, id);
        cs_js_int(group, "_recount", more ? (int64_t)w.after : 0);
        cs_pc_save(core, CS_PC_GROUP, group);
    }
    if (more) {
        cs_pc_timer_raw(core, CS_TIMER_RECOUNT, id, 0, core->wall_ms + 1);
    }
    json_decref(group);
}
