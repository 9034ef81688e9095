/* Solana messages as bytes (legacy and version 0); solana.c makes sense of them.
 * Internal to the chain layer.  Source: Solana documentation, "Transactions" and
 * "Versioned transactions"; the checks are those of a validator's sanitizer. */
#ifndef CS_CHAIN_SOLANA_H
#define CS_CHAIN_SOLANA_H

#include <stdbool.h>

#include "base/err.h"
#include "base/rd.h"
#include "base/span.h"
#include "chain/chain.h"
#include "chain/text.h"

enum {
    CS_SOL_KEY_LEN = 32,
    CS_SOL_SIG_LEN = 64,
    CS_SOL_PACKET_MAX = 1232, /* a whole transaction: IPv6 MTU less headers */
    CS_SOL_ACCOUNTS_MAX = 256,
};

/* A checked message; spans borrow from the payload. */
struct cs_sol_msg {
    struct cs_span bytes; /* the message: what is signed */
    struct cs_span sigs;  /* signatures as submitted; empty in the message form */
    bool is_v0;
    uint8_t n_signers;   /* the first n_signers keys sign; key 0 pays the fee */
    const uint8_t *keys; /* n_keys * 32 bytes */
    size_t n_keys;
    const uint8_t *blockhash;
    size_t n_instructions;
    struct cs_rd instructions; /* for cs_sol_iter */
    size_t n_loaded;           /* accounts that come from lookup tables */
};

struct cs_sol_instr {
    const uint8_t *program;
    struct cs_span accounts; /* indexes, all below n_keys + n_loaded */
    struct cs_span data;
};

/* Reads a payload: a message, or a transaction (signatures and message).  CHAIN_TX. */
enum cs_err cs_sol_parse(struct cs_sol_msg *out, struct cs_span payload,
                         const char **why) CS_MUST_USE;

/* Walks the instructions of a checked message. */
struct cs_sol_iter {
    const struct cs_sol_msg *m;
    struct cs_rd r;
    size_t left;
};

struct cs_sol_iter cs_sol_iter(const struct cs_sol_msg *m);
bool cs_sol_next(struct cs_sol_iter *it, struct cs_sol_instr *out); /* false: no more */
/* Key of the i-th account of an instruction; NULL when the instruction has fewer, or
 * when the key comes from a lookup table. */
const uint8_t *cs_sol_account(const struct cs_sol_msg *m, const struct cs_sol_instr *in,
                              size_t i);

/* Fills the summary of tx (kind, from, to, amount, fee, memo, text ..). */
void cs_sol_summary(struct cs_chain_tx *tx, const struct cs_sol_msg *m);

#endif
