/* Blockchains: public key -> address; payload bytes -> what is signed and what it does;
 * signature -> the chain's final encoding.  Pure: no I/O, no clock.  Any thread.
 *
 * Node and platform both call this with the bytes the client sent (DECISIONS 26-28);
 * nobody's digest is ever trusted.  One shape for all chains: a payload has one or more
 * things to sign (struct cs_chain_item: whole message or 32-byte digest), a summary for
 * people and policies, and a final encoding.  What is built stands in
 * struct cs_chain_info and in README.md; the rest is refused with CHAIN_UNKNOWN.
 *
 * Errors: CHAIN_UNKNOWN  the chain, or this curve on it, is not built
 *         CHAIN_KEY      the public key is not valid
 *         CHAIN_ADDRESS  the text is not an address of the chain
 *         CHAIN_TX       malformed payload, or one that this product does not sign
 *         CHAIN_SIGNER   the payload names another signer than the own key
 *         CHAIN_MESSAGE  the plaintext could be a transaction, or has no valid form;
 *                        typed data or a digest that is not one
 *         SIG_INVALID    (finish) a signature does not belong to key and payload
 *         NOMEM
 * `why` (NULL allowed) gets a constant sentence for people whenever the result is not
 * CS_OK: one sentence per check; decode, plaintext and finish set NULL on CS_OK.
 * Outputs are zeroed on failure.
 *
 * Payload forms, examples and the plaintext prefixes: README.md of this folder. */
#ifndef CS_CHAIN_CHAIN_H
#define CS_CHAIN_CHAIN_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"
#include "crypto/group.h"

enum {
    CS_CHAIN_PAYLOAD_MAX = 200 * 1024, /* bytes, DECISIONS 19 */
    CS_CHAIN_ADDRESS_MAX = 128,        /* with the NUL */
    CS_CHAIN_AMOUNT_MAX = 128,
    CS_CHAIN_MEMO_MAX = 256, /* longer memos are cut, is_memo_cut says so */
    CS_CHAIN_TEXT_MAX = 768,
    CS_CHAIN_ITEMS_MAX = 512, /* signatures per payload */
    CS_CHAIN_TXID_MAX = 96,
};

/* Values are in records and on the wire: never renumber, append only. */
enum cs_chain {
    CS_CHAIN_NONE = 0,
    CS_CHAIN_AVALANCHE = 1,
    CS_CHAIN_ETHEREUM = 2,
    CS_CHAIN_XRP_LEDGER = 3,
    CS_CHAIN_POLYGON = 4,
    CS_CHAIN_BNBCHAIN = 5,
    CS_CHAIN_BASE = 6,
    CS_CHAIN_HEDERA = 7,
    CS_CHAIN_ARBITRUM = 8,
    CS_CHAIN_ONE_MONEY = 9,
    CS_CHAIN_SOLANA = 10,
    CS_CHAIN_TRON = 11,
    CS_CHAIN_BITCOIN = 12,
    CS_CHAIN_LITECOIN = 13,
    CS_CHAIN_DOGECOIN = 14,
    CS_CHAIN_BITCOIN_CASH = 15,
    CS_CHAIN_DASH = 16,
    CS_CHAIN_COSMOS_HUB = 17,
    CS_CHAIN_OSMOSIS = 18,
    CS_CHAIN_CELESTIA = 19,
    CS_CHAIN_DYDX = 20,
    CS_CHAIN_AXELAR = 21,
    CS_CHAIN_SEI = 22,
    CS_CHAIN_INJECTIVE = 23,
    CS_CHAIN_STELLAR = 24,
    CS_CHAIN_ALGORAND = 25,
    CS_CHAIN_NEAR = 26,
    CS_CHAIN_APTOS = 27,
    CS_CHAIN_SUI = 28,
    CS_CHAIN_TEZOS = 29,
    CS_CHAIN_CARDANO = 30,
    CS_CHAIN_POLKADOT = 31,
    CS_CHAIN_KUSAMA = 32,
    CS_CHAIN_FILECOIN = 33,
    CS_CHAIN_STACKS = 34,
};

enum cs_chain_scheme {
    CS_CHAIN_SCHEME_ED25519 = 1, /* RFC 8032: message is signed whole */
    CS_CHAIN_SCHEME_ECDSA = 2,   /* message is a 32-byte digest */
    CS_CHAIN_SCHEME_BIP340 = 3,  /* message is a 32-byte digest */
};

enum cs_chain_hash { /* what turned data into message */
                     CS_CHAIN_HASH_NONE,
                     CS_CHAIN_HASH_SHA256,
                     CS_CHAIN_HASH_SHA256D,
                     CS_CHAIN_HASH_KECCAK256,
                     CS_CHAIN_HASH_SHA512HALF,
                     CS_CHAIN_HASH_TAPSIGHASH,
};

enum cs_chain_net { /* networks with other address bytes; most chains have one */
                    CS_CHAIN_MAINNET = 0,
                    CS_CHAIN_TESTNET = 1,
                    CS_CHAIN_REGTEST = 2,
};

/* Kind of address where a chain has several; 0 is the chain's default. */
enum cs_chain_format {
    CS_CHAIN_FORMAT_DEFAULT = 0,
    CS_CHAIN_FORMAT_P2WPKH = 1,
    CS_CHAIN_FORMAT_P2TR = 2,
    CS_CHAIN_FORMAT_X = 3,     /* XRP_LEDGER X-address without tag; for showing */
    CS_CHAIN_FORMAT_P2PKH = 4, /* the default where there is no SegWit */
    CS_CHAIN_FORMAT_P2SH_P2WPKH = 5,
    CS_CHAIN_FORMAT_HEDERA_DER = 6, /* HEDERA: DER of the key; default with Ed25519 */
};

struct cs_chain_info {
    enum cs_chain chain;
    const char *name;                /* the API's word, V2Blockchain: "XRP_LEDGER" */
    const char *symbol;              /* native asset: "XRP" */
    const char *asset_name;          /* "XRP", "Solana" */
    uint8_t decimals;                /* of the native asset */
    enum cs_curve default_curve;     /* DECISIONS 26 */
    bool has_secp256k1, has_ed25519; /* curves the chain takes */
    bool is_built;                   /* false: every call answers CHAIN_UNKNOWN */
    bool can_sign; /* false: addresses only, the rest answers CHAIN_UNKNOWN */
};

/* NULL when there is none.  Rows are constant. */
const struct cs_chain_info *cs_chain_info(enum cs_chain chain);
const struct cs_chain_info *cs_chain_by_name(const char *name);
const struct cs_chain_info *cs_chain_at(size_t i); /* i = 0, 1, .. until NULL */
const char *cs_chain_name(enum cs_chain chain);    /* "UNKNOWN" when there is none */
/* Do its ECDSA signatures, of transactions or messages, carry one bit of the recovery
 * id?  Those with id 2 or 3 (2^-127) cannot be written there: sign again. */
bool cs_chain_has_parity(enum cs_chain chain);
const char *cs_chain_hash_name(enum cs_chain_hash hash); /* "none", "sha512half" */
const char *cs_chain_scheme_name(enum cs_chain_scheme scheme); /* "ED25519" */

/* What a client asks to have signed: the control channel's and the API's words. */
enum cs_chain_kind {
    CS_CHAIN_KIND_RAW = 1,        /* "RAW": a transaction */
    CS_CHAIN_KIND_PLAINTEXT = 2,  /* "PLAINTEXT": a text, signed under a prefix */
    CS_CHAIN_KIND_TYPED_DATA = 3, /* "TYPED_DATA": EIP-712 as JSON text */
    CS_CHAIN_KIND_DIGEST = 4,     /* "DIGEST": 32 bytes, blindly */
};

bool cs_chain_kind_parse(enum cs_chain_kind *out, const char *word);
const char *cs_chain_kind_name(enum cs_chain_kind kind); /* "UNKNOWN": no such kind */

/* The wallet's own key on one chain. */
struct cs_chain_key {
    enum cs_chain chain;
    enum cs_curve curve;
    enum cs_chain_format format;
    enum cs_chain_net net;
    uint8_t pub[CS_POINT_MAX]; /* compressed; pub_len bytes count */
    size_t pub_len;            /* 33 or 32 */
};

/* Checks that chain and curve go together and that pub is a valid point (secp256k1: 33
 * or 65 bytes); net and format become the defaults.  CHAIN_UNKNOWN, CHAIN_KEY. */
enum cs_err cs_chain_key_init(struct cs_chain_key *out, enum cs_chain chain,
                              enum cs_curve curve, struct cs_span pub, const char **why)
    CS_MUST_USE;

/* The address format that a key's scheme stands for (the wire names schemes only):
 * BIP340 is P2TR and goes with BITCOIN alone, ECDSA is P2WPKH on BITCOIN and the
 * chain's default elsewhere, ED25519 the chain's default.  CHAIN_UNKNOWN when scheme,
 * curve and chain do not fit; the key is unchanged then. */
enum cs_err cs_chain_key_set_scheme(struct cs_chain_key *key,
                                    enum cs_chain_scheme scheme, const char **why)
    CS_MUST_USE;
/* The scheme of what cs_chain_digest and messages sign with this key. */
enum cs_chain_scheme cs_chain_key_scheme(const struct cs_chain_key *key);

/* XRP_LEDGER: the classic address.  Not every address is live: XRP_LEDGER accounts
 * need funding on chain before use. */
enum cs_err cs_chain_address(char out[CS_CHAIN_ADDRESS_MAX],
                             const struct cs_chain_key *key, const char **why)
    CS_MUST_USE;
/* Is text an address that this chain can pay to?  XRP_LEDGER takes X-addresses too. */
enum cs_err cs_chain_address_check(enum cs_chain chain, const char *text,
                                   const char **why) CS_MUST_USE; /* main network */
enum cs_err cs_chain_address_check_net(enum cs_chain chain, enum cs_chain_net net,
                                       const char *text, const char **why) CS_MUST_USE;

/* One signature to make. */
struct cs_chain_item {
    uint32_t index; /* the API's inputIndex */
    enum cs_chain_scheme scheme;
    enum cs_chain_hash hash;
    struct cs_span data;    /* the bytes before hashing (prefixed data) */
    struct cs_span message; /* given to the signer: data itself, or the digest */
    bool has_tweak;         /* BIP340: add tweak to the key (PROTOCOLS 7.4) */
    uint8_t tweak[32];
    uint8_t digest[32]; /* storage behind message when something was hashed */
};

/* One payment to somebody else. */
struct cs_chain_pay {
    char to[CS_CHAIN_ADDRESS_MAX];
    char units[24]; /* of the native asset, smallest unit */
};

/* Amounts are exact decimal strings: `amount` in whole units ("5110.979443"),
 * `units` in the smallest unit ("5110979443", "" where the asset has none).  An empty
 * string means: the payload does not say.  All text is printable UTF-8. */
struct cs_chain_tx {
    enum cs_chain chain;
    bool is_message;  /* made by cs_chain_plaintext or cs_chain_typed_data */
    bool is_blind;    /* made by cs_chain_digest: nobody can say what it does */
    bool is_approval; /* lets somebody (`to`, up to `units`, if clear) take assets later
                       */
    bool is_clear;    /* the summary tells everything the payload does with assets */
    bool is_multisig; /* more signatures than ours are needed */
    bool has_tag;     /* XRP_LEDGER DestinationTag */
    bool is_memo_cut;
    uint32_t tag;
    uint32_t n_instructions; /* Solana instructions, 1 elsewhere */
    uint64_t chain_id;       /* EVM chain id, XRP_LEDGER NetworkID; 0: not named */
    bool has_selector;       /* EVM contract call */
    uint8_t selector[4];
    char kind[48];                     /* "Payment", "transfer", "unknown program" */
    char signer[CS_CHAIN_ADDRESS_MAX]; /* own address */
    char from[CS_CHAIN_ADDRESS_MAX];   /* whose assets move */
    char to[CS_CHAIN_ADDRESS_MAX];
    char amount[CS_CHAIN_AMOUNT_MAX];
    char units[CS_CHAIN_AMOUNT_MAX];
    char asset[48];                      /* "XRP", "USD", "SPL" */
    char contract[CS_CHAIN_ADDRESS_MAX]; /* issuer, mint or token contract; "" native */
    char fee[CS_CHAIN_AMOUNT_MAX]; /* native asset, whole units; at most this much */
    char fee_units[CS_CHAIN_AMOUNT_MAX];
    char sequence[96];    /* sequence number, nonce or recent blockhash */
    char valid_until[32]; /* LastLedgerSequence and the like */
    char memo[CS_CHAIN_MEMO_MAX];
    char text[CS_CHAIN_TEXT_MAX]; /* one line for people */
    /* Bitcoin's family: every output that is not the own address, all of them, each
     * with an address: then units of `pays` add up to what leaves the wallet but for
     * the fee.  Elsewhere, or when not even that is sure: has_pays is false. */
    bool has_pays;
    struct cs_chain_pay *pays; /* owned, n_pays of them; NULL when there are none */
    size_t n_pays;
    struct cs_chain_item *items; /* owned, n_items of them, in order of index */
    size_t n_items;
    uint8_t *data; /* owned: what the items point into */
    size_t data_len;
};

/* Reads a transaction (at most CS_CHAIN_PAYLOAD_MAX bytes): the form a client submits,
 * unsigned.  CHAIN_UNKNOWN, CHAIN_TX, CHAIN_SIGNER, NOMEM.  Free with cs_chain_tx_free
 * (harmless on a zeroed struct). */
enum cs_err cs_chain_decode(struct cs_chain_tx *out, const struct cs_chain_key *key,
                            struct cs_span payload, const char **why) CS_MUST_USE;

/* Prepares a text for signing: items[0].data is the prefixed data (DECISIONS 28).
 * message: UTF-8, 1 byte or more.  CHAIN_UNKNOWN, CHAIN_MESSAGE, NOMEM. */
enum cs_err cs_chain_plaintext(struct cs_chain_tx *out, const struct cs_chain_key *key,
                               struct cs_span message, const char **why) CS_MUST_USE;

/* EIP-712 on the EVM chains.  json: the object with types, primaryType, domain and
 * message that eth_signTypedData_v4 takes; what is accepted stands in README.md.
 * kind is "typed data <primaryType>", contract the verifying contract, chain_id the
 * domain's.  is_clear for the approvals that are known by name and type (ERC-20 Permit,
 * Permit2): is_approval, to = spender, units = amount, valid_until = deadline.
 * CHAIN_UNKNOWN, CHAIN_MESSAGE, CHAIN_SIGNER, NOMEM. */
enum cs_err cs_chain_typed_data(struct cs_chain_tx *out, const struct cs_chain_key *key,
                                struct cs_span json, const char **why) CS_MUST_USE;

/* BLIND SIGNING: a digest (exactly 32 bytes) of nobody knows what.  It may be a
 * transaction that moves everything, so callers ask for a switch of their own and for
 * the policy's word (DECISIONS 26) first; is_clear is false, is_blind true.  Keys of
 * secp256k1 only: Ed25519 signs no digests.  BIP340 keys sign under the output key of
 * their address (has_tweak).  Works on chains with addresses only, too.
 * CHAIN_UNKNOWN, CHAIN_MESSAGE, NOMEM. */
enum cs_err cs_chain_digest(struct cs_chain_tx *out, const struct cs_chain_key *key,
                            struct cs_span digest, const char **why) CS_MUST_USE;

/* One of the four above: what node and platform call.  Errors of that one; an unknown
 * kind is CHAIN_UNKNOWN. */
enum cs_err cs_chain_prepare(struct cs_chain_tx *out, const struct cs_chain_key *key,
                             enum cs_chain_kind kind, struct cs_span payload,
                             const char **why) CS_MUST_USE;

void cs_chain_tx_free(struct cs_chain_tx *tx);

struct cs_chain_sig {
    uint8_t rs[64]; /* Ed25519 and BIP340: the signature; ECDSA: r, s, low s */
    uint8_t recid;  /* ECDSA only, 0..3; not trusted: worked out again where needed */
};

struct cs_chain_signed {
    struct cs_wr bytes; /* the signed transaction, or the final form of the signature */
    char txid[CS_CHAIN_TXID_MAX]; /* as explorers show it; "" while others must sign,
                                     and for all but transactions */
    bool has_rsv;                 /* an ECDSA signature that is not a transaction's: */
    uint8_t rsv[65];              /* r, s, recovery id (0..3) */
};

/* Puts the signatures (one per item, same order) into the payload.  Decodes the payload
 * again, and verifies every signature.  Errors of cs_chain_decode, SIG_INVALID. */
enum cs_err cs_chain_finish(struct cs_chain_signed *out, const struct cs_chain_key *key,
                            struct cs_span payload, const struct cs_chain_sig *sigs,
                            size_t n_sigs, const char **why) CS_MUST_USE;
/* The same for every kind.  RAW: cs_chain_finish.  The others have one signature, and
 * `bytes` is its final form:
 *   PLAINTEXT   EVM chains and TRON r, s, 27 + recovery id; Bitcoin's family see
 *               README.md; Cosmos chains r, s; else DER (ECDSA) or the 64 bytes
 *   TYPED_DATA  r, s, 27 + recovery id
 *   DIGEST      DER (ECDSA) or the 64 bytes (BIP340)
 * Prepares the payload again and verifies.  Errors of cs_chain_prepare, SIG_INVALID. */
enum cs_err cs_chain_finish_any(struct cs_chain_signed *out,
                                const struct cs_chain_key *key, enum cs_chain_kind kind,
                                struct cs_span payload, const struct cs_chain_sig *sigs,
                                size_t n_sigs, const char **why) CS_MUST_USE;
/* PLAINTEXT alone; free with cs_wr_free. */
enum cs_err cs_chain_finish_message(struct cs_wr *out, const struct cs_chain_key *key,
                                    struct cs_span message,
                                    const struct cs_chain_sig *sig, const char **why)
    CS_MUST_USE;
void cs_chain_signed_free(struct cs_chain_signed *s);

/* Strict DER of an ECDSA signature r||s; returns its length (at most 72). */
size_t cs_chain_der(uint8_t out[72], const uint8_t rs[64]);

#endif
