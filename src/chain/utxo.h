/* Bitcoin and its relatives: transactions as bytes, PSBT, digests, addresses.  Internal
 * to the chain layer.
 * Source: BIP 174 (PSBT version 0), BIP 143, BIP 341, BIP 173 and 350; CashAddr. */
#ifndef CS_CHAIN_UTXO_H
#define CS_CHAIN_UTXO_H

#include <stdbool.h>

#include "base/rd.h"
#include "base/span.h"
#include "base/wr.h"
#include "chain/chain.h"

enum { CS_UTXO_SCRIPT_MAX = 34, CS_UTXO_OUTPOINT_LEN = 36 };

/* What can be spent with one signature of the own key. */
enum cs_utxo_kind {
    CS_UTXO_P2PKH,
    CS_UTXO_P2SH_P2WPKH,
    CS_UTXO_P2WPKH,
    CS_UTXO_P2TR,
};

/* What distinguishes the chains; index: enum cs_chain_net. */
struct cs_utxo_chain {
    enum cs_chain chain;
    uint8_t p2pkh[3], p2sh[3]; /* base58check versions */
    const char *hrp[3];        /* bech32; NULL: the chain has no SegWit */
    const char *cash[3];       /* CashAddr instead of base58check */
    bool has_taproot;
    uint32_t sighash; /* 1, or 0x41 with BIP 143 for all */
    uint64_t max_money;
    uint64_t fee_floor;  /* up to here a fee may be any part of the amount */
    const char *message; /* prefix of signed messages */
};

const struct cs_utxo_chain *cs_utxo_chain(enum cs_chain chain); /* asserts */
/* The key's kind of address; CHAIN_UNKNOWN when the chain does not have it. */
enum cs_err cs_utxo_kind(enum cs_utxo_kind *out, const struct cs_chain_key *key,
                         const char **why) CS_MUST_USE;

/* ---- scripts and addresses: utxo_script.c ---------------------------------------- */

struct cs_utxo_script {
    uint8_t p[CS_UTXO_SCRIPT_MAX];
    size_t n;
};

/* The output script of the own key. */
void cs_utxo_own_script(struct cs_utxo_script *out, const struct cs_chain_key *key,
                        enum cs_utxo_kind kind);
/* 00 14 HASH160(key): the witness program, and P2SH-P2WPKH's redeem script. */
void cs_utxo_program(struct cs_utxo_script *out, const struct cs_chain_key *key);
/* 76 a9 14 HASH160(key) 88 ac: P2PKH's script, and BIP 143's script code. */
void cs_utxo_p2pkh(struct cs_utxo_script *out, const struct cs_chain_key *key);

/* False, and "": the script has no address. */
bool cs_utxo_address(char out[CS_CHAIN_ADDRESS_MAX], const struct cs_utxo_chain *c,
                     enum cs_chain_net net, struct cs_span script);
bool cs_utxo_address_ok(const struct cs_utxo_chain *c, enum cs_chain_net net,
                        const char *text);

/* ---- transactions: utxo_tx.c ----------------------------------------------------- */

/* A transaction as bytes; spans borrow. */
struct cs_utxo_raw {
    uint32_t version, locktime;
    size_t n_ins, n_outs;
    struct cs_span ins, outs; /* encoded, one behind the other */
    bool has_witness;
};

struct cs_utxo_raw_in {
    const uint8_t *outpoint; /* 36 bytes: transaction id, index */
    struct cs_span script;
    uint32_t sequence;
};

struct cs_utxo_out {
    uint64_t value;
    struct cs_span script;
};

/* Reads exactly one transaction.  False: malformed, or without inputs or outputs. */
bool cs_utxo_raw(struct cs_utxo_raw *out, struct cs_span bytes);
void cs_utxo_next_in(struct cs_rd *r, struct cs_utxo_raw_in *out);
void cs_utxo_next_out(struct cs_rd *r, struct cs_utxo_out *out);
/* SHA-256d of the transaction without its witness. */
enum cs_err cs_utxo_txid(uint8_t out[32], const struct cs_utxo_raw *t) CS_MUST_USE;

/* ---- PSBT: utxo_psbt.c ----------------------------------------------------------- */

struct cs_utxo_in {
    const uint8_t *outpoint;
    uint32_t sequence;
    uint32_t sighash;
    uint64_t value;
    struct cs_span script; /* of the output that it spends */
    struct cs_span map;    /* of the PSBT, without its end */
    bool is_proven;        /* the transaction with that output was given and fits */
    bool is_own;           /* spends an output of the wallet's address: signed */
};

/* A checked payload.  n_own of its inputs, at least one, spend outputs of the own
 * address; the others belong to somebody else, who signs them. */
struct cs_utxo_tx {
    const struct cs_utxo_chain *chain;
    enum cs_utxo_kind kind;
    struct cs_utxo_script own; /* of the wallet's address; made once, it may be slow */
    struct cs_utxo_raw raw;
    struct cs_utxo_in *ins; /* owned, raw.n_ins of them */
    size_t n_own;
    struct cs_span head, tail; /* of the PSBT: before and behind the inputs' maps */
    uint64_t in_sum, out_sum, own_sum;
};

/* CHAIN_TX, CHAIN_SIGNER, NOMEM.  Free with cs_utxo_free in any case. */
enum cs_err cs_utxo_psbt(struct cs_utxo_tx *out, const struct cs_chain_key *key,
                         struct cs_span payload, const char **why) CS_MUST_USE;
void cs_utxo_free(struct cs_utxo_tx *t);
bool cs_utxo_is_psbt(struct cs_span bytes);
/* The payload with the own signatures in it: for others to complete. */
void cs_utxo_put_psbt(struct cs_wr *w, const struct cs_utxo_tx *t,
                      const struct cs_chain_key *key, const struct cs_chain_sig *sigs);

enum { CS_UTXO_SIG_MAX = 73 };
/* utxo.c: DER or BIP 340 signature with the sighash byte (none for Taproot's default).
 */
size_t cs_utxo_put_signature(uint8_t out[CS_UTXO_SIG_MAX], const struct cs_utxo_tx *t,
                             size_t i, const struct cs_chain_sig *sig);

/* ---- what is signed: utxo_sighash.c ---------------------------------------------- */

struct cs_utxo_hashes { /* SHA-256 each, once; BIP 143 hashes them again */
    uint8_t prevouts[32], amounts[32], scripts[32], sequences[32], outs[32];
};

enum cs_err cs_utxo_hashes(struct cs_utxo_hashes *out, const struct cs_utxo_tx *t)
    CS_MUST_USE;
/* Appends the bytes that input i signs a hash of.  p2pkh: the script code. */
void cs_utxo_preimage(struct cs_wr *w, const struct cs_utxo_tx *t,
                      const struct cs_utxo_hashes *h, size_t i, struct cs_span p2pkh);

/* ---- texts: utxo_message.c ------------------------------------------------------- */

/* The chains' prefix, hash and seal (impl.h). */
enum cs_err cs_utxo_message(struct cs_wr *w, const struct cs_chain_key *key,
                            struct cs_span message, const char **why) CS_MUST_USE;
enum cs_chain_hash cs_utxo_message_hash(const struct cs_chain_key *key);
enum cs_err cs_utxo_seal(struct cs_wr *w, const struct cs_chain_key *key,
                         const struct cs_chain_item *item,
                         const struct cs_chain_sig *sig, const char **why) CS_MUST_USE;

/* ---- what it does: utxo_summary.c ------------------------------------------------ */

enum cs_err cs_utxo_summary(struct cs_chain_tx *tx, const struct cs_utxo_tx *t,
                            const struct cs_chain_key *key) CS_MUST_USE; /* NOMEM */

#endif
