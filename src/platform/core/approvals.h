/* Approvals: what one person asks for waits until m of k others have agreed
 * (RELIABILITY T35, api/entities.md "Approval").
 *
 * A group (groups.c) says who decides what: one for each source, for the organisation,
 * and for TRANSACTION also one for each wallet, which takes the place of the
 * organisation's.  No group: nothing waits.
 *
 * A set is one thing that waits: PENDING, then MET, NOT_MET, EXPIRED or FAILED.  It
 * holds what is proposed; that takes effect in the very batch in which the set becomes
 * MET, after everything was checked anew (who asked, and the world as it is now): a
 * failed check makes the set FAILED with a reason, and nothing happens.
 *
 * Who counts: users that are in the group now, active, with approvals.decide, and not
 * the maker.  The maker is the user who asked, or who made the credential that asked,
 * however many credentials lie between.  A vote counts as long as its user has kept
 * roles, status and sign-in since, and has not left the group: who comes back votes
 * again.  A set never gets easier than it was when it was opened.  Thread: loop. */
#ifndef CS_PLATFORM_CORE_APPROVALS_H
#define CS_PLATFORM_CORE_APPROVALS_H

#include "platform/core/api.h"

enum cs_approval_source {
    CS_SOURCE_TRANSACTION,
    CS_SOURCE_DEVICE,
    CS_SOURCE_API_CREDENTIAL,
    CS_SOURCE_ALLOW_LIST_ENTRY,
    CS_SOURCE_POLICY,
    CS_SOURCE_USER,
    CS_SOURCE_APPROVAL_GROUP,
    CS_SOURCE_ADDRESS,
    CS_SOURCE_QUORUM, /* ours */
    CS_SOURCE_WALLET, /* ours */
    CS_SOURCE_COUNT,
};

/* The vendor's V2Action. */
enum cs_approval_action {
    CS_ACTION_CREATE,
    CS_ACTION_READ,
    CS_ACTION_UPDATE,
    CS_ACTION_DELETE,
    CS_ACTION_ENABLE,
    CS_ACTION_DISABLE,
    CS_ACTION_COUNT,
};

enum {
    CS_APPROVERS_MAX = 20,
    CS_APPROVAL_MIN_S = 300,
    CS_APPROVAL_MAX_S = 86400,
    CS_APPROVALS_OPEN_MAX = 10000,
    CS_APPROVAL_WHY = 256,
    CS_APPROVAL_LINES = 64, /* more than any source has */
};

/* ---- for who has something that may have to wait (approvals.c) ------------------- */

/* Is there a group for it?  wallet_id NULL: the organisation's. */
bool cs_approval_wanted(struct cs_platform_core *core, enum cs_approval_source source,
                        const char *wallet_id);
/* Could a set of this source be opened by who asks?  false: refusal set.  Before the
 * first write. */
bool cs_approval_can_open(struct cs_api *a, enum cs_approval_source source,
                          const char *wallet_id);
/* Opens the set for rec (its "id"; the caller saves rec) in this step.  proposed: what
 * on_met will need, plain JSON that approvers see ("_.." members they do not see);
 * NULL: nothing.  title NULL: made from action and rec.  lines: [{label, value}] to
 * read, taken: every value that takes effect (cs_approval_bind).  Owned answer; NULL:
 * refusal set and nothing written. */
json_t *cs_approval_open_with(struct cs_api *a, enum cs_approval_source source,
                              const json_t *rec, enum cs_approval_action action,
                              const json_t *proposed, const char *title, json_t *lines);
/* The open set of an object, if there is one: id of the set. */
bool cs_approval_pending(struct cs_platform_core *core, enum cs_approval_source source,
                         const char *object_id, uint8_t set[CS_PC_ID]);
/* Refuses a change of an object that waits already; true: refused. */
bool cs_approval_blocks(struct cs_api *a, enum cs_approval_source source,
                        const char *object_id);
/* The object is gone or was decided otherwise: its set ends FAILED with this reason
 * (on_not_met is not called). */
void cs_approval_withdraw(struct cs_platform_core *core, enum cs_approval_source source,
                          const char *object_id, const char *reason);
/* "approvalId" of a view: the open set of this object. */
void cs_approval_mark(struct cs_platform_core *core, enum cs_approval_source source,
                      json_t *view);
/* Status, roles or sign-in of a user changed: votes so far do not count any more, and
 * open sets are counted anew.  Before the record is saved. */
void cs_approval_user_changed(struct cs_platform_core *core, json_t *user);

/* ---- groups stay able to decide (approval_keep.c) -------------------------------- */

/* Could every group still decide if this user were not as before but as after says
 * (roles, status), and could somebody still ask for changes of groups (not held against
 * the change if nobody can anyway)?  An approver of a group that has too few already is
 * kept, too.  false: why says which and what to do. */
bool cs_approval_keeps(struct cs_platform_core *core, const json_t *before,
                       const json_t *after, char why[CS_APPROVAL_WHY]);
/* NULL, or why nobody could change groups any more with this group for APPROVAL_GROUP
 * (all groups of other sources can be changed by it, or without it). */
const char *cs_approval_group_stuck(struct cs_platform_core *core, const json_t *group);
/* "warnings" of a view: what this group cannot decide as it is. */
void cs_approval_group_warn(struct cs_platform_core *core, const json_t *group,
                            json_t *view);

/* ---- what each source does (approval_sources.c) ---------------------------------- */

/* One row for each source.  A row without on_met is not built: nothing waits for it. */
struct cs_approval_ops {
    const char *word;     /* V2SourceType */
    const char *noun;     /* "device" */
    enum cs_pc_perm read; /* who may see such sets */
    /* Takes effect: the record is read anew (set.sourceId, set.proposed) and checked.
     * false: why (a sentence) is set, nothing was written. */
    bool (*on_met)(struct cs_platform_core *core, const json_t *set,
                   char why[CS_APPROVAL_WHY]);
    /* NOT_MET, EXPIRED or FAILED: drops what waits. */
    void (*on_not_met)(struct cs_platform_core *core, const json_t *set);
};
const struct cs_approval_ops *cs_approval_ops(enum cs_approval_source source);
bool cs_approval_source_parse(enum cs_approval_source *source, const char *word);
/* A bit for each source: that of a set (0: none that is known), those whose objects
 * this one may read. */
uint32_t cs_approval_source_bit(const json_t *set);
uint32_t cs_approval_sources(const struct cs_actor *who);
/* Would GET /v2/approvals/{id} show it to the one with these sources? */
bool cs_approval_is_shown(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                          uint32_t sources, const char *actor);
const char *cs_approval_action_word(enum cs_approval_action action);

/* ---- sets and groups among themselves -------------------------------------------- */

/* A user or credential by id, as it is now; false: gone, not active or expired.
 * out->rec is owned. */
bool cs_approval_actor(struct cs_platform_core *core, const char *id,
                       struct cs_actor *out);
/* Its name for people: "Ada Admin", or the credential's. */
void cs_approval_name(struct cs_platform_core *core, const char *id, char *out,
                      size_t size);
/* The user behind an actor's id (see above); false: cannot be told. */
bool cs_approval_maker(struct cs_platform_core *core, const char *actor_id,
                       char user[37]);
/* The group that counts for this source and wallet; owned, NULL: none. */
json_t *cs_approval_group(struct cs_platform_core *core, enum cs_approval_source source,
                          const char *wallet_id);
/* Could this record of a user be one of the group's approvers? */
bool cs_approval_is_approver(const json_t *group, const json_t *user);
/* Is this user an approver of the group, now?  maker: user id that is not. */
bool cs_approval_may_decide(struct cs_platform_core *core, const json_t *group,
                            const char *user_id, const char *maker);

struct cs_approval_count {
    size_t approved, rejected, open; /* open: may still decide */
    size_t required;
};
void cs_approval_tally(struct cs_platform_core *core, const json_t *set,
                       struct cs_approval_count *out);
/* Its time is over, also when its timer has not come up yet: no vote counts. */
bool cs_approval_is_over(const struct cs_platform_core *core, const json_t *set);
/* Counts and acts: MET, NOT_MET or nothing.  Saves the set.  When it is MET: who asked
 * must still be active and have the permission of the route he used. */
void cs_approval_settle(struct cs_platform_core *core, json_t *set);
/* A vote was put into the set: what its source says about it (a timeline). */
void cs_approval_voted(struct cs_platform_core *core, const json_t *set,
                       const char *user_id, const char *status);
/* The vote of this user, NULL: none that counts. */
const json_t *cs_approval_vote(struct cs_platform_core *core, const json_t *set,
                               const json_t *group, const char *user_id);

/* A group was changed: its open sets are counted anew. */
void cs_approval_group_changed(struct cs_platform_core *core, const json_t *group);
/* groups.c: id of the group of this source and wallet (NULL: the organisation's). */
void cs_group_id(uint8_t id[CS_PC_ID], enum cs_approval_source source,
                 const char *wallet_id);
json_t *cs_group_view(struct cs_platform_core *core, const json_t *group);
bool cs_approval_group_apply(struct cs_platform_core *core, const json_t *set,
                             char why[CS_APPROVAL_WHY]); /* groups.c */

void cs_approval_timer(struct cs_platform_core *core, const uint8_t id[CS_PC_ID]);
void cs_approval_recount_timer(struct cs_platform_core *core,
                               const uint8_t id[CS_PC_ID]);

#endif
