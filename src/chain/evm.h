/* The EVM chains: transactions as bytes and what they do.  Internal to the chain layer.
 * Source: EIP-155, EIP-2718, EIP-2930, EIP-1559; the geth form is go-ethereum's
 * rlp.EncodeToBytes(types.Transaction) with empty v, r, s. */
#ifndef CS_CHAIN_EVM_H
#define CS_CHAIN_EVM_H

#include <stdbool.h>

#include "base/span.h"
#include "base/wr.h"
#include "chain/chain.h"

enum { CS_EVM_ADDRESS_LEN = 20, CS_EVM_WORD = 32 };

enum cs_evm_type {
    CS_EVM_LEGACY = 0, /* with EIP-155 */
    CS_EVM_2930 = 1,   /* access list */
    CS_EVM_1559 = 2,   /* fee market */
};

/* A checked transaction; spans borrow from the payload. */
struct cs_evm_tx {
    enum cs_evm_type type;
    struct cs_span fields; /* encoded: what stands before v, r, s (legacy: six items) */
    uint64_t chain_id;     /* 0: the payload does not say (geth's legacy form) */
    uint64_t nonce;
    uint64_t gas;
    struct cs_span max_price; /* gasPrice or maxFeePerGas, big endian */
    struct cs_span to;        /* empty: contract creation */
    struct cs_span value;
    struct cs_span data;
    size_t n_access; /* addresses in the access list */
};

/* Reads either form of payload.  CHAIN_TX. */
enum cs_err cs_evm_parse(struct cs_evm_tx *out, struct cs_span payload,
                         const char **why) CS_MUST_USE;
/* Could these bytes be an EVM transaction, signed or not, in any form? */
bool cs_evm_looks(struct cs_span bytes);
/* What is hashed and signed. */
void cs_evm_signing(struct cs_wr *w, const struct cs_evm_tx *t);
/* The signed transaction. */
void cs_evm_signed(struct cs_wr *w, const struct cs_evm_tx *t, const uint8_t rs[64],
                   uint8_t parity);

/* The 20 bytes of the key's account: what stands behind every address here and TRON's.
 */
void cs_evm_account(uint8_t out[CS_EVM_ADDRESS_LEN], const struct cs_chain_key *key);
/* EIP-55. */
void cs_evm_address(char out[CS_CHAIN_ADDRESS_MAX],
                    const uint8_t account[CS_EVM_ADDRESS_LEN]);

/* The calls of ERC-20 (and TRC-20) tokens that move or give away tokens. */
struct cs_evm_call {
    enum { CS_EVM_OTHER, CS_EVM_TRANSFER, CS_EVM_APPROVE, CS_EVM_TRANSFER_FROM } kind;
    struct cs_span from; /* TRANSFER_FROM: whose tokens */
    struct cs_span to;   /* 20 bytes: recipient or spender */
    struct cs_span units;
};

/* OTHER also for calls that are not encoded as the standard says. */
void cs_evm_call(struct cs_evm_call *out, struct cs_span data);

/* A call that lets somebody else move tokens later, understood by the above or not. */
bool cs_evm_is_approval(struct cs_span data);

void cs_evm_summary(struct cs_chain_tx *tx, const struct cs_evm_tx *t);

/* Whose chain id is this, seen from the wallet? */
enum cs_evm_chain {
    CS_EVM_CHAIN_OWN,     /* the main or test network of the wallet's blockchain */
    CS_EVM_CHAIN_OTHER,   /* another blockchain that is supported */
    CS_EVM_CHAIN_PRIVATE, /* none that is known here */
};
enum cs_evm_chain cs_evm_chain_of(const struct cs_chain_key *key, uint64_t chain_id);

/* EIP-712 (eip712.c): fills all of tx but chain and signer.  CHAIN_MESSAGE,
 * CHAIN_SIGNER, NOMEM. */
enum cs_err cs_evm_typed_data(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                              struct cs_span json, const char **why) CS_MUST_USE;

#endif
