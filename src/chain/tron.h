/* TRON: raw_data as bytes and what it does.  Internal to the chain layer.
 * Source: tronprotocol/protocol, core/Tron.proto and core/contract. */
#ifndef CS_CHAIN_TRON_H
#define CS_CHAIN_TRON_H

#include <stdbool.h>

#include "base/span.h"
#include "chain/chain.h"

enum { CS_TRON_ADDRESS_LEN = 21, CS_TRON_PREFIX = 0x41 };

enum cs_tron_type {
    CS_TRON_TRANSFER = 1,
    CS_TRON_TRANSFER_ASSET = 2,
    CS_TRON_TRIGGER = 31,
};

/* A checked transaction; spans borrow from the payload. */
struct cs_tron_tx {
    unsigned type;    /* of the contract (the instruction) */
    const char *name; /* "TransferContract" */
    const uint8_t *owner;
    struct cs_span to;    /* recipient or contract; 21 bytes, or empty */
    struct cs_span asset; /* TRANSFER_ASSET: the token's id */
    struct cs_span data;  /* TRIGGER: the call */
    struct cs_span memo;
    struct cs_span block;  /* reference: 2 bytes */
    uint64_t amount;       /* sun, or units of the asset; TRIGGER: sun sent along */
    uint64_t token_amount; /* TRIGGER: units of a TRC-10 token sent along */
    uint64_t fee_limit;
    uint64_t expiration; /* milliseconds */
};

/* CHAIN_TX. */
enum cs_err cs_tron_parse(struct cs_tron_tx *out, struct cs_span payload,
                          const char **why) CS_MUST_USE;
bool cs_tron_looks(struct cs_span bytes);
void cs_tron_summary(struct cs_chain_tx *tx, const struct cs_tron_tx *t);
/* base58check of the 21 bytes. */
void cs_tron_address(char out[CS_CHAIN_ADDRESS_MAX],
                     const uint8_t raw[CS_TRON_ADDRESS_LEN]);

#endif
