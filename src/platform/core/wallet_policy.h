/* What a wallet's owner lets out of it: limits of amounts (wallet_limits.c) and the
 * allow list (`settings.allowListEnabled`, address_book.h).
 *
 * A wallet without limits and allow list passes everything.  With one limit or more,
 * each transfer of a payload must fall under at least one, and all it falls under must
 * hold; what a payload does must be known for sure, else it is refused (fail closed).
 * README, "Limits and the allow list", is the manual.
 *
 * Amounts of ROLLING_DURATION and CONSTANT limits are reserved in the batch of the
 * check itself, so two requests never share what is left and a restart forgets nothing.
 * They are given back only when the request ends before it was offered to a node:
 * afterwards a signature may exist, whatever the nodes say.  Thread: loop. */
#ifndef CS_PLATFORM_CORE_WALLET_POLICY_H
#define CS_PLATFORM_CORE_WALLET_POLICY_H

#include "platform/core/core.h"

enum { CS_WALLET_POLICY_WHY = 256 };

enum cs_wallet_policy { CS_WALLET_POLICY_PASS, CS_WALLET_POLICY_REFUSE };

/* Checks and reserves.  tx is the whole new record (id, createdBy, _kind, payload, key,
 * summary); the caller saves it: PASS writes reservations and tx._policy, REFUSE writes
 * nothing and changes nothing, why is one sentence that begins with a reason's word
 * ("PAL006.005: ...").  Called again for the same tx (before signing starts, and before
 * each further attempt) it counts it once: what it had reserved moves to now.
 * On REFUSE the caller ends the request and calls cs_wallet_policy_end. */
enum cs_wallet_policy cs_wallet_policy_check(struct cs_platform_core *core,
                                             const json_t *wallet, json_t *tx,
                                             char why[CS_WALLET_POLICY_WHY])
    CS_MUST_USE;
/* The same without any effect: for a preview.  tx needs no id. */
enum cs_wallet_policy cs_wallet_policy_look(struct cs_platform_core *core,
                                            const json_t *wallet, const json_t *tx,
                                            char why[CS_WALLET_POLICY_WHY]) CS_MUST_USE;
/* Every end of a request that is not SIGNED (FAILED, REJECTED, expired) passes here,
 * before tx is saved.  Gives reservations back when no offer ever left
 * (tx._sign.attempt is 0 or there is no _sign); else it does nothing. */
void cs_wallet_policy_end(struct cs_platform_core *core, json_t *tx);

#endif
