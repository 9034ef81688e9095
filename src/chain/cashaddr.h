/* CashAddr, Bitcoin Cash's addresses of 20-byte hashes.  Any thread.
 * Source: reference.cash, "CashAddr". */
#ifndef CS_CHAIN_CASHADDR_H
#define CS_CHAIN_CASHADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "chain/chain.h"

/* prefix ":" and the hash, as a script's (P2SH) or a key's (P2PKH). */
void cs_cashaddr(char out[CS_CHAIN_ADDRESS_MAX], const char *prefix, bool is_script,
                 const uint8_t hash[20]);
/* With its prefix, in lower case, P2PKH or P2SH of 20 bytes. */
bool cs_cashaddr_ok(const char *prefix, const char *text);

#endif
