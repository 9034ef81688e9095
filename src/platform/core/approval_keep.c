/* Approval groups stay able to decide: no change of a user may leave one with fewer who
 * may approve than it requires, and the group that decides about groups has somebody
 * who can ask it (the maker is not the checker).  At most 1000 groups of 20 approvers,
 * and users as many as allowed. */
#include <stdio.h>
#include <string.h>

#include "platform/core/approval_sources.h"
#include "platform/core/users.h"

/* The user as stored, or as he would be. */
static json_t *user_as(struct cs_platform_core *core, const char *id,
                       const json_t *after)
{
    uint8_t raw[CS_PC_ID];

    if (id != NULL && cs_js_is(after, "id", id)) {
        return json_incref((json_t *)(uintptr_t)after);
    }
    return id != NULL && cs_uuid_parse(raw, id) == CS_OK
               ? cs_pc_get(core, CS_PC_USER, raw)
               : NULL;
}

/* How many may approve; after: a user as he would be, NULL: all as they are. */
static size_t able(struct cs_platform_core *core, const json_t *group,
                   const json_t *after)
{
    const json_t *ids = json_object_get(group, "approvers");
    size_t n = 0;

    for (size_t i = 0; i < json_array_size(ids); i++) {
        json_t *user = user_as(core, json_string_value(json_array_get(ids, i)), after);

        n += cs_approval_is_approver(group, user) ? 1 : 0;
        json_decref(user);
    }
    return n;
}

static size_t required(const json_t *group)
{
    return (size_t)cs_js_num(group, "requiredApproverCount");
}

static bool is_for_groups(const json_t *group)
{
    return cs_js_is(group, "sourceType", "APPROVAL_GROUP");
}

/* ---- who can ask ---------------------------------------------------------- */

static bool names(const json_t *group, const char *user_id)
{
    const json_t *ids = json_object_get(group, "approvers");

    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));

        if (id != NULL && strcmp(id, user_id) == 0) {
            return true;
        }
    }
    return false;
}

/* Somebody who may ask for changes of groups, and whose asking takes no approver. */
static bool has_outsider(struct cs_platform_core *core, const json_t *group,
                         const json_t *after)
{
    struct cs_pc_walk w = {.kind = CS_IX_USERS, .scope = cs_pc_scope("", "")};
    char id[CS_UUID_LEN];
    bool has = false;

    while (!has && cs_pc_walk_next(core, &w)) {
        json_t *user = user_as(core, cs_uuid_text(id, w.id), after);

        has = cs_user_is_active(user) &&
              cs_roles_have(json_object_get(user, "roles"), CS_PERM_GROUPS_MANAGE) &&
              !(names(group, id) && cs_approval_is_approver(group, user));
        json_decref(user);
    }
    return has;
}

/* Can anybody ask for a change of groups that this group can then approve?  Its members
 * (owners, who may ask) can when enough others are left. */
static bool can_be_asked(struct cs_platform_core *core, const json_t *group,
                         const json_t *after)
{
    size_t n = able(core, group, after);

    return n > required(group) ||
           (n == required(group) && has_outsider(core, group, after));
}

const char *cs_approval_group_stuck(struct cs_platform_core *core, const json_t *group)
{
    if (!is_for_groups(group) ||
        json_array_size(json_object_get(group, "approvers")) == 0 ||
        can_be_asked(core, group, NULL)) {
        return NULL;
    }
    return "must be one more than have to agree, or an active owner or administrator "
           "has to be outside of the group: nobody approves what he asked for himself, "
           "so nobody could ask for a change of approval groups any more";
}

/* ---- what a change of a user would leave behind ----------------------------- */

static bool too_few(struct cs_platform_core *core, const json_t *group,
                    const json_t *before, const json_t *after,
                    char why[CS_APPROVAL_WHY])
{
    const char *wallet = cs_js_text(group, "walletId");
    size_t left;

    if (!names(group, cs_js_text(after, "id")) ||
        !cs_approval_is_approver(group, before) ||
        cs_approval_is_approver(group, after)) {
        return false;
    }
    left = able(core, group, after);
    if (left >= required(group)) {
        return false;
    }
    (void)snprintf(
        why, CS_APPROVAL_WHY,
        "the approval group for %s%s%s needs this user: %zu have to agree, "
        "%zu would be left. Change that group first. (A reset of the sign-in "
        "ends all sessions of this user at once.)",
        cs_js_text(group, "sourceType"), wallet[0] == '\0' ? "" : " of wallet ", wallet,
        required(group), left);
    return true;
}

static bool nobody_asks(struct cs_platform_core *core, const json_t *group,
                        const json_t *after, char why[CS_APPROVAL_WHY])
{
    if (!is_for_groups(group) || !can_be_asked(core, group, NULL) ||
        can_be_asked(core, group, after)) {
        return false;
    }
    (void)snprintf(why, CS_APPROVAL_WHY,
                   "without this user nobody could ask for a change of approval groups "
                   "any more: all others who may are its approvers. Add an approver to "
                   "the group for APPROVAL_GROUP first");
    return true;
}

bool cs_approval_keeps(struct cs_platform_core *core, const json_t *before,
                       const json_t *after, char why[CS_APPROVAL_WHY])
{
    struct cs_pc_walk w = {.kind = CS_IX_GROUPS, .scope = cs_pc_scope("", "")};
    bool keeps = true;

    while (keeps && cs_pc_walk_next(core, &w)) {
        json_t *group = cs_pc_get(core, CS_PC_GROUP, w.id);

        keeps = group == NULL || (!too_few(core, group, before, after, why) &&
                                  !nobody_asks(core, group, after, why));
        json_decref(group);
    }
    return keeps;
}

/* ---- what to say of a group -------------------------------------------------- */

void cs_approval_group_warn(struct cs_platform_core *core, const json_t *group,
                            json_t *view)
{
    size_t n = able(core, group, NULL), m = required(group);
    const json_t *threshold = json_object_get(group, "threshold");
    json_t *list = cs_js_arr();
    char text[CS_APPROVAL_WHY];

    if (m > 0 && n < m) {
        (void)snprintf(text, sizeof text,
                       "%zu have to agree and %zu can: nothing is approved until this "
                       "group is changed",
                       m, n);
        cs_js_push_text(list, text);
    } else if (m > 0 && n == m) {
        cs_js_push_text(list,
                        "All of its approvers have to agree, so nobody can approve "
                        "what one of them asks for: add an approver, or let fewer "
                        "agree");
    }
    if (cs_js_text(threshold, "contract")[0] != '\0' &&
        cs_js_text(threshold, "feeQty")[0] == '\0') {
        cs_js_push_text(list,
                        "The threshold does not say what a fee may be (feeQty), so "
                        "every transfer of this token waits: set it anew");
    }
    cs_js_set(view, "warnings", list);
}
