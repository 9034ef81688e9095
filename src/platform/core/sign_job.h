/* A loaded signing request: what signing.c and sign_result.c share. */
#ifndef CS_PLATFORM_CORE_SIGN_JOB_H
#define CS_PLATFORM_CORE_SIGN_JOB_H

#include "platform/core/flows.h"
#include "platform/core/rec.h"

enum { CS_PC_POLICY_VERSION = 1 };

struct cs_pc_sign_job {
    struct cs_platform_core *core;
    json_t *tx, *sign; /* owned by who opened it; sign borrowed from tx */
    const struct cs_pc_qset *q;
    uint8_t id[CS_PC_ID];
};

/* False when there is no such request.  The caller frees j->tx. */
bool cs_pc_sj_open(struct cs_pc_sign_job *j, struct cs_platform_core *core,
                   const uint8_t id[CS_PC_ID]);
void cs_pc_sj_save(struct cs_pc_sign_job *j);
bool cs_pc_sj_pending(const struct cs_pc_sign_job *j);
/* The current attempt's pair, zeros before the first. */
void cs_pc_sj_pair(const struct cs_pc_sign_job *j, uint8_t pair[2]);
/* The request's reasons: this one, and those of the members that refused. */
void cs_pc_sj_reason(struct cs_pc_sign_job *j, const char *reason, const char *text);
/* That member (1 to n) takes no part in this request any more, and why. */
void cs_pc_sj_refused(struct cs_pc_sign_job *j, uint32_t index, const char *reason);
/* Ends the request with this status; the caller saves. */
void cs_pc_sj_finish(struct cs_pc_sign_job *j, const char *status);
/* The attempt is over without a signature: another pair, now or after a pause.  Saves.
 */
void cs_pc_sj_failed(struct cs_pc_sign_job *j, uint32_t index, const char *reason,
                     const char *phase);

#endif
