/* Limits of wallets (V2WalletLimit): their records, and which of them a transfer falls
 * under.
 *
 * A record has the API's members and
 *   _asset    what it is about: "native", a contract, "CODE.issuer" (policy/normal.c)
 *   _scale    decimals in which it counts
 *   _qty      limitQty in that unit, decimal digits
 *   _fee      feeQtyLimit in the native asset's smallest unit; "" for none
 *   _ms       length of the window, 0: none
 * Thread: loop. */
#ifndef CS_PLATFORM_CORE_WALLET_LIMITS_H
#define CS_PLATFORM_CORE_WALLET_LIMITS_H

#include "platform/core/address_book.h"

enum {
    CS_LIMITS_WALLET_MAX = 32,
    CS_LIMITS_MAX = 100000,
    CS_MATCHERS_MAX = 8,
    CS_MATCHER_VALUES_MAX = 64,
    CS_LIMIT_ISSUED_SCALE = 30, /* issued amounts of XRP_LEDGER have no smallest unit */
};

/* The limits of a wallet that are in force, at most CS_LIMITS_WALLET_MAX; each owned.
 */
size_t cs_limits_of(struct cs_platform_core *core, const char *wallet_id,
                    json_t *out[CS_LIMITS_WALLET_MAX]);

/* limit_match.c.  "matchers" of a body into a clean array (owned); NULL: refusal set.
 */
json_t *cs_matchers_read(struct cs_api *a, const json_t *wallet);
/* Do all matchers of the limit fit this request and payee (NULL: it has none)? */
bool cs_matchers_fit(const json_t *limit, const json_t *tx, const struct cs_payee *to);
/* Does it name texts (TRANSACTION_TYPE PLAINTEXT)?  Others never cover them. */
bool cs_matchers_name_texts(const json_t *limit);
/* The values of one type, NULL: it has no such matcher.  Borrowed. */
const json_t *cs_matcher_values(const json_t *limit, const char *type);

/* allow_list.c: may who asks set `allowListEnabled` so?  Opens a set of approvals when
 * switching it off has to wait, and makes *on what holds until then.  false: refusal
 * set, nothing written.  The caller saves the wallet after cs_allow_list_set. */
bool cs_allow_list_may(struct cs_api *a, const json_t *wallet, bool *on);
void cs_allow_list_set(json_t *wallet, bool on);
bool cs_allow_list_on_met(struct cs_platform_core *core, const json_t *set,
                          char why[CS_APPROVAL_WHY]);

/* CS_SOURCE_POLICY (approval_sources.c): creating and deleting of limits,
 * and an allow list switched off. */
bool cs_limit_on_met(struct cs_platform_core *core, const json_t *set,
                     char why[CS_APPROVAL_WHY]);
void cs_limit_on_not_met(struct cs_platform_core *core, const json_t *set);

/* limit_words.c: asks approvers for the limit as it is; false: refusal set and nothing
 * written.  And is it still what they have read?  false: why is set. */
bool cs_limit_approval_open(struct cs_api *a, const json_t *rec,
                            enum cs_approval_action action, const char *title);
bool cs_limit_approval_bound(const json_t *set, const json_t *rec,
                             char why[CS_APPROVAL_WHY]);

#endif
