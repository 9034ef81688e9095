/* What the sources of approvals share with the handlers of what waits. */
#ifndef CS_PLATFORM_CORE_APPROVAL_SOURCES_H
#define CS_PLATFORM_CORE_APPROVAL_SOURCES_H

#include "platform/core/approvals.h"
#include "platform/core/flows.h"

/* ---- for all of them (approval_sources.c) ---------------------------------------- */

void cs_approval_line(json_t *lines, const char *label, const char *value);
/* One line of all texts; none: what it says when there are none. */
void cs_approval_line_list(json_t *lines, const char *label, const json_t *texts,
                           const char *none);
/* These members of the record, as they are now, are part of what is proposed (null: it
 * has none), and what waits is bound to them: approvers approve what they have read. */
void cs_approval_bind(json_t *proposed, const json_t *rec, const char *const *names,
                      size_t n);
/* Are they as they were?  false: why is set.  Members that the set does not hold (a
 * platform before this one opened it) are not looked at. */
bool cs_approval_bound(const json_t *set, const json_t *rec, const char *const *names,
                       size_t n, char why[CS_APPROVAL_WHY]);
/* "Ada Admin, ada@example.org": names alone may be those of two. */
enum { CS_APPROVAL_WHO = 8 * CS_API_NAME + 264 };
void cs_approval_who(const json_t *user, char out[CS_APPROVAL_WHO]);
/* The set's object as it is now; NULL: it is gone.  Owned. */
json_t *cs_approval_record(struct cs_platform_core *core, uint8_t table,
                           const json_t *set);
bool cs_approval_no(char why[CS_APPROVAL_WHY], const char *text); /* false */
const char *cs_approval_reason(const json_t *set);

/* ---- opening: the set, owned, or NULL with the refusal set ----------------------- */

json_t *cs_device_approval_open(struct cs_api *a, const json_t *rec);
json_t *cs_quorum_approval_open(struct cs_api *a, const json_t *rec);
json_t *cs_wallet_approval_open(struct cs_api *a, const json_t *rec,
                                const struct cs_pc_quorum *q);
/* approval_words.c.  wanted: new permissions, NULL: those that it has. */
json_t *cs_credential_approval_open(struct cs_api *a, const json_t *rec,
                                    enum cs_approval_action action,
                                    const json_t *wanted);
json_t *cs_user_approval_open_new(struct cs_api *a, const json_t *user);
/* proposed: {roles}, {blockedReason} or {reset}; gets more members. */
json_t *cs_user_approval_open(struct cs_api *a, const json_t *user,
                              enum cs_approval_action action, json_t *proposed);

/* ---- taking effect, and not (struct cs_approval_ops) ----------------------------- */

bool cs_device_approval_met(struct cs_platform_core *core, const json_t *set,
                            char why[CS_APPROVAL_WHY]);
bool cs_quorum_approval_met(struct cs_platform_core *core, const json_t *set,
                            char why[CS_APPROVAL_WHY]);
void cs_quorum_approval_not_met(struct cs_platform_core *core, const json_t *set);
bool cs_wallet_approval_met(struct cs_platform_core *core, const json_t *set,
                            char why[CS_APPROVAL_WHY]);
void cs_wallet_approval_not_met(struct cs_platform_core *core, const json_t *set);

/* approval_words.c: is the record what approvers have read?  false: why is set. */
bool cs_credential_approval_bound(const json_t *set, const json_t *rec,
                                  char why[CS_APPROVAL_WHY]);
bool cs_user_approval_bound(const json_t *set, const json_t *user,
                            char why[CS_APPROVAL_WHY]);

/* approval_people.c */
bool cs_credential_approval_met(struct cs_platform_core *core, const json_t *set,
                                char why[CS_APPROVAL_WHY]);
void cs_credential_approval_not_met(struct cs_platform_core *core, const json_t *set);
bool cs_user_approval_met(struct cs_platform_core *core, const json_t *set,
                          char why[CS_APPROVAL_WHY]);
void cs_user_approval_not_met(struct cs_platform_core *core, const json_t *set);

/* rest_wallet_new.c: Confirmed, and every member there to take part.  false: code and
 * why. */
bool cs_wallet_quorum_ok(struct cs_platform_core *core, const struct cs_pc_quorum *q,
                         enum cs_api_code *code, char why[CS_APPROVAL_WHY]);

#endif
