/* Who may be paid: the address book (counterparties.c, addresses.c) and own wallets.
 *
 * An entry is one address on one or more blockchains; each (blockchain, address in its
 * one spelling) is in the book once, so a lookup is one read.  XRP_LEDGER: "rAddress"
 * is the account with any destination tag, "rAddress#77" that tag alone.  Only entries
 * that are in force (`active`) count.  Thread: loop. */
#ifndef CS_PLATFORM_CORE_ADDRESS_BOOK_H
#define CS_PLATFORM_CORE_ADDRESS_BOOK_H

#include "chain/chain.h"
#include "platform/core/approvals.h"

/* Who gets something, looked up once for all rules. */
struct cs_payee {
    char book[37], party[37]; /* entry of the book and its counterparty; "": none */
    char wallet[37];          /* own wallet on the same blockchain; "": none */
};

/* address as the chain layer writes it; tag NULL: none. */
void cs_book_payee(struct cs_platform_core *core, enum cs_chain chain,
                   const char *address, const uint32_t *tag, struct cs_payee *out);

enum { CS_BOOK_KEY = CS_CHAIN_ADDRESS_MAX + 40 };
/* "CHAIN|address in its one spelling"; false: it is no address there. */
bool cs_book_key(char out[CS_BOOK_KEY], const char *blockchain, const char *address);
/* For a search: the spelling on the first blockchain that knows such addresses, else
 * the text itself. */
void cs_book_spelling(char out[CS_CHAIN_ADDRESS_MAX], const char *text);
/* A new record with _keys: saved, its keys taken. */
void cs_book_add(struct cs_platform_core *core, json_t *rec);
/* DELETED, saved; its keys are free again. */
void cs_book_remove(struct cs_platform_core *core, json_t *rec);
json_t *cs_address_view(struct cs_api *a, const json_t *rec);

/* CS_SOURCE_ADDRESS (approval_sources.c). */
/* addresses.c: is it what approvers have read?  false: why is set. */
bool cs_address_bound(const json_t *set, const json_t *rec, char why[CS_APPROVAL_WHY]);
bool cs_address_on_met(struct cs_platform_core *core, const json_t *set,
                       char why[CS_APPROVAL_WHY]);
void cs_address_on_not_met(struct cs_platform_core *core, const json_t *set);

#endif
