/* Algorand's transactions as canonical MessagePack.  Internal to the chain layer. */
#ifndef CS_CHAIN_ALGORAND_H
#define CS_CHAIN_ALGORAND_H

#include <stdbool.h>

#include "base/span.h"
#include "chain/chain.h"

enum { CS_ALGO_KEY_LEN = 32 };

/* A checked payment or asset transfer; pointers borrow from the payload. */
struct cs_algo_tx {
    bool is_asset;
    uint64_t amount, asset, fee, first, last;
    const uint8_t *sender, *genesis;
    const uint8_t *receiver; /* NULL: the zero address */
    const uint8_t *close;    /* who gets all that is left; NULL: nobody */
    struct cs_span note, group;
};

/* CHAIN_TX. */
enum cs_err cs_algo_parse(struct cs_algo_tx *out, struct cs_span map, const char **why)
    CS_MUST_USE;
void cs_algo_summary(struct cs_chain_tx *tx, const struct cs_algo_tx *t);
void cs_algo_address(char out[CS_CHAIN_ADDRESS_MAX],
                     const uint8_t key[CS_ALGO_KEY_LEN]);

#endif
