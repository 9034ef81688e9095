/* The way of a signing request before it is offered to nodes: policy, approvals, freeze
 * (tx_path.c, freeze.c).
 *
 *   REQUESTED -> POLICY_CHECK_PENDING -> (wallet_policy.h) -> POLICY_CHECK_PASSED
 *     -> APPROVAL_CHECK_PENDING -> APPROVAL_CHECK_PASSED      with an approval group
 *     (waits here when frozen)
 *     -> SIGNATURE_PENDING                                   signing.c; its life begins
 *   any of them -> REJECTED (policy, approvers, time of approval) or FAILED
 *
 * Without limits, groups and freezing all of it is one step.  Thread: loop. */
#ifndef CS_PLATFORM_CORE_TX_PATH_H
#define CS_PLATFORM_CORE_TX_PATH_H

#include "platform/core/approvals.h"
#include "platform/core/flows.h"
#include "policy/num.h"

enum {
    CS_FREEZE_MAX_S = 86400, /* how long a frozen request waits */
    CS_FREEZE_HISTORY = 64,
};

/* Can a request of this wallet be taken?  Before anything is written; false: refusal
 * set. */
bool cs_tx_path_ok(struct cs_api *a, const json_t *wallet, const json_t *tx,
                   const struct cs_pc_tx *t);
/* tx is the new record, checked, in its indexes: goes as far as it may, and saves it.
 */
void cs_tx_path_begin(struct cs_api *a, const json_t *wallet, json_t *tx,
                      const struct cs_pc_tx *t);
/* Does it wait for approvals first? */
bool cs_tx_path_needs_approval(struct cs_platform_core *core, const json_t *tx,
                               const struct cs_pc_tx *t);
/* The amount of a threshold, in whole units: "10.5", at most 36 digits after the point
 * and 60 before it.  false: it is none. */
bool cs_tx_path_amount(struct cs_num *out, const char *text);
/* From behind the approvals: held when frozen, else signing starts.  Saves. */
void cs_tx_path_go_on(struct cs_platform_core *core, json_t *tx);
/* Ends a request that has not been offered: REJECTED or FAILED.  Saves. */
void cs_tx_path_end(struct cs_platform_core *core, json_t *tx, const char *status,
                    const char *reason, const char *text);
/* Is it before signing? */
bool cs_tx_path_waits(const json_t *tx);
void cs_tx_path_timer(struct cs_platform_core *core, const uint8_t id[CS_PC_ID]);
/* The source TRANSACTION. */
bool cs_tx_path_met(struct cs_platform_core *core, const json_t *set,
                    char why[CS_APPROVAL_WHY]);
void cs_tx_path_not_met(struct cs_platform_core *core, const json_t *set);

/* rest_transactions.c: the one of the path; owned, NULL: refused. */
json_t *cs_tx_record(struct cs_api *a);

/* freeze.c */
void cs_freeze_new(json_t *tx); /* freezeInfo of a new request */
bool cs_freeze_is(const json_t *tx);
void cs_freeze_set(struct cs_platform_core *core, json_t *tx, bool on, const char *type,
                   const char *user_id, const char *reason);

#endif
