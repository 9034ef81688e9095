/* How a signing request is put together, before anything is written: shared by those
 * that request (rest_transactions.c) and those that only look (tx_preview.c). */
#ifndef CS_PLATFORM_CORE_TX_MAKE_H
#define CS_PLATFORM_CORE_TX_MAKE_H

#include "platform/core/api.h"
#include "platform/core/flows.h"

/* rec, an empty object, gets what wallet and wishes (_kind, _path, the payload) say;
 * *t is the payload as it was read: free it in any case.  false: refused, field is to
 * blame.  Takes the work that it costs (cs_api_work). */
bool cs_tx_draft(struct cs_api *a, struct cs_pc_tx *t, json_t *rec,
                 const json_t *wallet, const json_t *wishes, const char *field);
/* Hex of the body, at most max digits; "0x" in front, which libraries of EVM chains
 * give, is fine.  Failures are those of a->in. */
void cs_tx_hex(struct cs_api *a, struct cs_wr *out, const char *member, size_t max);
/* Who pays whom how much, into the record. */
void cs_tx_add_summary(json_t *rec, const struct cs_chain_tx *tx);
/* Into the lists of all wallets; harmless when it is there already. */
void cs_tx_index_all(struct cs_platform_core *core, const json_t *rec,
                     const uint8_t id[CS_PC_ID]);
/* Is the key there?  Else refused. */
bool cs_tx_has_key(struct cs_api *a, const json_t *wallet);

#endif
