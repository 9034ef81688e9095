/* Approvals of API credentials and users (approvals.h).  What a credential or a role
 * may do is proposed by who has all of it, and has it still when it is MET. */
#include <stdio.h>
#include <string.h>

#include "platform/core/approval_sources.h"
#include "platform/core/session.h"
#include "platform/core/users.h"

enum { RESET_S = 3600 };

static bool is_action(const json_t *set, enum cs_approval_action action)
{
    return cs_js_is(set, "action", cs_approval_action_word(action));
}

static const json_t *proposed(const json_t *set, const char *name)
{
    return json_object_get(json_object_get(set, "proposed"), name);
}

/* ---- credentials --------------------------------------------------------- */

static const char *waits_as(const json_t *set)
{
    return is_action(set, CS_ACTION_CREATE)   ? "CREATION_APPROVAL_PENDING"
           : is_action(set, CS_ACTION_ENABLE) ? "ENABLE_APPROVAL_PENDING"
                                              : "MODIFICATION_APPROVAL_PENDING";
}

/* Nobody hands out what he does not have, also not by asking first. */
static bool maker_covers(struct cs_platform_core *core, const json_t *set,
                         const json_t *words)
{
    struct cs_actor who;
    const char *missing = "";
    bool ok = cs_approval_actor(core, cs_js_text(set, "createdBy"), &who) &&
              cs_actor_covers(&who, words, &missing);

    json_decref(who.rec);
    return ok;
}

static void credential_settle(json_t *rec)
{
    cs_js_set(rec, "proposedPermissions", cs_js_arr());
    cs_js_str(rec, "status", cs_js_true(rec, "active") ? "ENABLED" : "DISABLED");
}

bool cs_credential_approval_met(struct cs_platform_core *core, const json_t *set,
                                char why[CS_APPROVAL_WHY])
{
    json_t *rec = cs_approval_record(core, CS_PC_CREDENTIAL, set);
    json_t *words = json_object_get(
        rec, is_action(set, CS_ACTION_UPDATE) ? "proposedPermissions" : "permissions");
    bool ok = false;

    if (rec == NULL || !cs_js_is(rec, "status", waits_as(set))) {
        (void)cs_approval_no(why, "the credential is gone or was changed otherwise");
    } else if (!maker_covers(core, set, words) ||
               !maker_covers(core, set, json_object_get(rec, "permissions"))) {
        (void)cs_approval_no(why, "who asked for it has not all of these permissions "
                                  "any more");
    } else if (cs_credential_approval_bound(set, rec, why)) {
        ok = true;
        if (is_action(set, CS_ACTION_UPDATE)) {
            cs_js_set(rec, "permissions", json_incref(words));
        } else {
            cs_js_bool(rec, "active", true);
        }
        credential_settle(rec);
        cs_pc_save(core, CS_PC_CREDENTIAL, rec);
    }
    json_decref(rec);
    return ok;
}

void cs_credential_approval_not_met(struct cs_platform_core *core, const json_t *set)
{
    json_t *rec = cs_approval_record(core, CS_PC_CREDENTIAL, set);

    if (rec != NULL && cs_js_is(rec, "status", waits_as(set))) {
        credential_settle(rec);
        if (is_action(set, CS_ACTION_CREATE)) {
            cs_js_str(rec, "status", "REJECTED");
            cs_js_del(rec, "_hash"); /* nobody can use it, also not later */
        }
        cs_pc_save(core, CS_PC_CREDENTIAL, rec);
    }
    json_decref(rec);
}

/* ---- users --------------------------------------------------------------- */

static bool covers_roles(const struct cs_actor *who, const json_t *roles)
{
    for (size_t i = 0; i < json_array_size(roles); i++) {
        const char *word = json_string_value(json_array_get(roles, i));
        enum cs_role role;

        if (word == NULL || !cs_role_parse(&role, word) ||
            !cs_actor_covers_role(who, role)) {
            return false;
        }
    }
    return true;
}

/* The roles that he has and those that he would get. */
static bool maker_covers_user(struct cs_platform_core *core, const json_t *set,
                              const json_t *user)
{
    struct cs_actor who;
    bool ok = cs_approval_actor(core, cs_js_text(set, "createdBy"), &who) &&
              covers_roles(&who, json_object_get(user, "roles")) &&
              covers_roles(&who, proposed(set, "roles"));

    json_decref(who.rec);
    return ok;
}

/* What a change of roles and blocking have to leave behind. */
static bool can_lose(struct cs_platform_core *core, const json_t *set,
                     const json_t *user, char why[CS_APPROVAL_WHY])
{
    return is_action(set, CS_ACTION_CREATE) || is_action(set, CS_ACTION_ENABLE) ||
           proposed(set, "reset") != NULL ||
           cs_user_may_become(core, user, proposed(set, "roles"), why);
}

static void user_settle(json_t *user)
{
    static const char *const members[] = {"_waits", "proposedRoles",
                                          "proposedBlockedReason", "proposedUpdatedBy"};

    for (size_t i = 0; i < CS_COUNTOF(members); i++) {
        cs_js_del(user, members[i]);
    }
}

/* The token of a reset is for who asked, once, within the hour (users.c). */
static void grant_reset(struct cs_platform_core *core, json_t *user, const char *what,
                        const char *by)
{
    json_t *ok = cs_js_obj();

    cs_js_str(ok, "what", what);
    cs_js_str(ok, "by", by);
    cs_js_int(ok, "until", core->wall_ms + RESET_S * INT64_C(1000));
    cs_js_set(user, "_resetOk", ok);
}

static void user_change(struct cs_platform_core *core, const json_t *set, json_t *user)
{
    const char *by = cs_js_text(set, "createdBy");
    const json_t *reset = proposed(set, "reset");

    user_settle(user);
    if (reset != NULL) {
        grant_reset(core, user, json_string_value(reset), by);
    } else if (is_action(set, CS_ACTION_CREATE)) {
        cs_js_str(user, "status", "INVITED");
        cs_js_int(user, "_enrolUntil", core->wall_ms + CS_USER_ENROL_S * INT64_C(1000));
    } else if (is_action(set, CS_ACTION_UPDATE)) {
        cs_js_set(user, "roles", json_deep_copy(proposed(set, "roles")));
    } else if (is_action(set, CS_ACTION_DISABLE)) {
        cs_user_block(core, user, by,
                      cs_js_text(json_object_get(set, "proposed"), "blockedReason"));
    } else {
        cs_user_unblock(user);
    }
    cs_js_str(user, "updatedBy", by);
}

static bool user_waits(const json_t *user, const json_t *set)
{
    return is_action(set, CS_ACTION_CREATE)
               ? cs_js_is(user, "status", "CREATION_APPROVAL_PENDING")
               : cs_js_text(user, "_waits")[0] != '\0';
}

bool cs_user_approval_met(struct cs_platform_core *core, const json_t *set,
                          char why[CS_APPROVAL_WHY])
{
    json_t *user = cs_approval_record(core, CS_PC_USER, set);
    bool ok = false, was_owner;

    if (user == NULL || !user_waits(user, set)) {
        (void)cs_approval_no(why, "the user is gone or was changed otherwise");
    } else if (!maker_covers_user(core, set, user)) {
        (void)cs_approval_no(why, "who asked for it has not all rights of these roles "
                                  "any more");
    } else if (cs_user_approval_bound(set, user, why) &&
               can_lose(core, set, user, why)) {
        ok = true;
        was_owner = cs_user_is_owner(user);
        user_change(core, set, user);
        if (proposed(set, "reset") == NULL) { /* that has not happened yet */
            cs_session_end_all(core, cs_js_text(user, "id"));
            cs_approval_user_changed(core, user);
        }
        cs_user_save(core, user, was_owner);
    }
    json_decref(user);
    return ok;
}

/* A user who was not approved goes, so that the address is free. */
static void user_reject(struct cs_platform_core *core, json_t *user)
{
    cs_js_str(user, "status", "REJECTED");
    cs_js_bool(user, "_deleted", true);
    cs_user_uninvite(core, user);
    cs_pc_index_del(core, CS_IX_USERS, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(user, "_seq"));
    cs_pc_unique_del(core, CS_UNIQUE_EMAIL, cs_js_text(user, "email"));
}

void cs_user_approval_not_met(struct cs_platform_core *core, const json_t *set)
{
    json_t *user = cs_approval_record(core, CS_PC_USER, set);

    if (user != NULL && user_waits(user, set)) {
        bool was_owner = cs_user_is_owner(user);

        user_settle(user);
        if (is_action(set, CS_ACTION_CREATE)) {
            user_reject(core, user);
        }
        cs_user_save(core, user, was_owner);
    }
    json_decref(user);
}
