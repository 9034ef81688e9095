/* What the chains of this layer share with chain.c; not for other layers. */
#ifndef CS_CHAIN_IMPL_H
#define CS_CHAIN_IMPL_H

#include "chain/chain.h"

/* One chain's implementation.  payload.c has checked key and payload length before.
 * Chains with addresses only have the first two functions. */
struct cs_chain_ops {
    enum cs_err (*address)(char out[CS_CHAIN_ADDRESS_MAX],
                           const struct cs_chain_key *key, const char **why);
    enum cs_err (*address_check)(enum cs_chain_net net, const char *text,
                                 const char **why);
    enum cs_err (*decode)(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                          struct cs_span payload, const char **why);
    /* Builds the prefixed data of a text. */
    enum cs_err (*prefix)(struct cs_wr *w, const struct cs_chain_key *key,
                          struct cs_span message, const char **why);
    /* Could these bytes be taken for a transaction by somebody? */
    bool (*is_transaction)(struct cs_span bytes);
    /* tx is what decode made of payload; the signatures have been verified. */
    enum cs_err (*finish)(struct cs_chain_signed *out, const struct cs_chain_key *key,
                          struct cs_span payload, const struct cs_chain_tx *tx,
                          const struct cs_chain_sig *sigs, const char **why);
    /* The final form of a message's signature; NULL: DER, or the 64 bytes of Ed25519.
     */
    enum cs_err (*seal)(struct cs_wr *w, const struct cs_chain_key *key,
                        const struct cs_chain_item *item,
                        const struct cs_chain_sig *sig, const char **why);
    enum cs_chain_hash (*hash)(const struct cs_chain_key *key); /* of messages */
    /* EIP-712: fills tx, its item included; NULL: the chain has none. */
    enum cs_err (*typed_data)(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                              struct cs_span json, const char **why);
};

extern const struct cs_chain_ops cs_solana_ops;
extern const struct cs_chain_ops cs_xrp_ops;
extern const struct cs_chain_ops cs_evm_ops;
extern const struct cs_chain_ops cs_one_money_ops;
extern const struct cs_chain_ops cs_tron_ops;
extern const struct cs_chain_ops cs_bitcoin_ops;
extern const struct cs_chain_ops cs_litecoin_ops;
extern const struct cs_chain_ops cs_dogecoin_ops;
extern const struct cs_chain_ops cs_dash_ops;
extern const struct cs_chain_ops cs_bitcoin_cash_ops;
extern const struct cs_chain_ops cs_cosmos_hub_ops;
extern const struct cs_chain_ops cs_osmosis_ops;
extern const struct cs_chain_ops cs_celestia_ops;
extern const struct cs_chain_ops cs_dydx_ops;
extern const struct cs_chain_ops cs_axelar_ops;
extern const struct cs_chain_ops cs_sei_ops;
extern const struct cs_chain_ops cs_injective_ops;
extern const struct cs_chain_ops cs_stellar_ops;
extern const struct cs_chain_ops cs_algorand_ops;
extern const struct cs_chain_ops cs_near_ops;
extern const struct cs_chain_ops cs_hedera_ops;
extern const struct cs_chain_ops cs_aptos_ops;
extern const struct cs_chain_ops cs_sui_ops;
extern const struct cs_chain_ops cs_tezos_ops;
extern const struct cs_chain_ops cs_cardano_ops;
extern const struct cs_chain_ops cs_polkadot_ops;
extern const struct cs_chain_ops cs_kusama_ops;
extern const struct cs_chain_ops cs_filecoin_ops;
extern const struct cs_chain_ops cs_stacks_ops;

/* The implementation behind a chain; CHAIN_UNKNOWN when there is none. */
enum cs_err cs_chain_ops_of(const struct cs_chain_ops **out, enum cs_chain chain,
                            const char **why) CS_MUST_USE;

/* Every call on a payload starts with begin (zeroes out, fills chain and signer) and
 * ends with end, which frees what a failed call filled and completes *why. */
enum cs_err cs_chain_begin(struct cs_chain_tx *out, const struct cs_chain_ops **ops,
                           const struct cs_chain_key *key, const char **why)
    CS_MUST_USE;
enum cs_err cs_chain_end(struct cs_chain_tx *out, enum cs_err err, const char **why)
    CS_MUST_USE;
/* *why for a result that no check has explained; NULL on CS_OK. */
enum cs_err cs_chain_explain(enum cs_err err, const char **why) CS_MUST_USE;
/* One signature for each item, each the key's and in its one accepted form.  All items
 * have one scheme and tweak.  SIG_INVALID. */
enum cs_err cs_chain_check_sigs(const struct cs_chain_tx *tx,
                                const struct cs_chain_key *key,
                                const struct cs_chain_sig *sigs, size_t n_sigs,
                                const char **why) CS_MUST_USE;

/* Sets *why (if there is one) and returns err: `return cs_chain_refuse(..)`. */
static inline enum cs_err cs_chain_refuse(const char **why, enum cs_err err,
                                          const char *text)
{
    if (why != NULL) {
        *why = text;
    }
    return err;
}

/* Makes tx own `data` and adds the single item that signs all of it with key: whole
 * (Ed25519) or hashed (ECDSA).  Takes the bytes out of w. */
enum cs_err cs_chain_one_item(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                              enum cs_chain_hash hash, struct cs_wr *w) CS_MUST_USE;

/* The same, but tx gets n_items empty items that the caller fills, hash included. */
enum cs_err cs_chain_items(struct cs_chain_tx *tx, size_t n_items, struct cs_wr *w)
    CS_MUST_USE;
/* Works out message from data and hash. */
void cs_chain_hash_item(struct cs_chain_item *item);

/* The 65-byte form of a secp256k1 key. */
void cs_chain_uncompressed(uint8_t out[65], const struct cs_chain_key *key);
/* The recovery id of sig, 0 or 1: chains that recover the key from the signature know
 * no others.  SIG_INVALID. */
enum cs_err cs_chain_parity(uint8_t *out, const struct cs_chain_key *key,
                            const struct cs_chain_item *item,
                            const struct cs_chain_sig *sig, const char **why)
    CS_MUST_USE;
/* r, s, 27 + recovery id: messages of EVM chains and TRON. */
enum cs_err cs_chain_seal_rsv(struct cs_wr *w, const struct cs_chain_key *key,
                              const struct cs_chain_item *item,
                              const struct cs_chain_sig *sig, const char **why)
    CS_MUST_USE;

/* 64 upper-case hex digits and a NUL: ids of some explorers. */
void cs_chain_hex_upper(char out[65], const uint8_t bytes[32]);

/* SHA-512, first half. */
void cs_sha512half(uint8_t out[32], struct cs_span in);

#endif
