/* What the sources of approvals share with the handlers of what waits. */
#ifndef CS_PLATFORM_CORE_APPROVAL_SOURCES_H
#define CS_PLATFORM_CORE_APPROVAL_SOURCES_H

#include "platform/core/approvals.h"
#include "platform/core/flows.h"

/* ---- for all of them (approval_sources.c) ---------------------------------------- */

void cs_approval_line(json_t *lines, const char *label, const char *value);
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

/* ---- taking effect, and not (struct cs_approval_ops) ----------------------------- */

bool cs_device_approval_met(struct cs_platform_core *core, const json_t *set,
                            char why[CS_APPROVAL_WHY]);
bool cs_quorum_approval_met(struct cs_platform_core *core, const json_t *set,
                            char why[CS_APPROVAL_WHY]);
void cs_quorum_approval_not_met(struct cs_platform_core *core, const json_t *set);
bool cs_wallet_approval_met(struct cs_platform_core *core, const json_t *set,
                            char why[CS_APPROVAL_WHY]);
void cs_wallet_approval_not_met(struct cs_platform_core *core, const json_t *set);

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
