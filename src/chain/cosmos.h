/* Cosmos chains: the second form of payload.  Internal to the chain layer.
 * Source: Cosmos SDK, x/auth/migrations/legacytx StdSignDoc
 * (SIGN_MODE_LEGACY_AMINO_JSON), sorted as sdk.MustSortJSON does and escaped as Go's
 * encoding/json does. */
#ifndef CS_CHAIN_COSMOS_H
#define CS_CHAIN_COSMOS_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

enum { CS_COSMOS_PUB_LEN = 33, CS_COSMOS_MODE_DIRECT = 1, CS_COSMOS_MODE_AMINO = 127 };

/* Amino JSON starts with a brace, which no SignDoc can: 0x7b is field 15, wire type 3.
 */
bool cs_cosmos_is_amino(struct cs_span payload);

/* Translates a canonical amino JSON sign document with bank sends into the SignDoc that
 * says the same in SIGN_MODE_LEGACY_AMINO_JSON: body and auth info are those of the
 * final transaction.  CHAIN_TX, NOMEM. */
enum cs_err cs_cosmos_amino(struct cs_wr *doc, const uint8_t pub[CS_COSMOS_PUB_LEN],
                            struct cs_span json, const char **why) CS_MUST_USE;

#endif
