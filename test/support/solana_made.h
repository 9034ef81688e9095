/* Solana messages that the tests make themselves: keys 0 own, 1 another, 2 a
 * destination, 3.. programs. */
#ifndef CS_TEST_SUPPORT_SOLANA_MADE_H
#define CS_TEST_SUPPORT_SOLANA_MADE_H

#include "crypto/identity.h"
#include "support/chains.h"

static const uint8_t seed_own[32] = {7};
static const uint8_t seed_other[32] = {8};

struct fixture {
    struct cs_chain_key own;
    struct cs_chain_key other;
};

static struct fixture fix;

static inline int setup(void **state)
{
    uint8_t pub[32];

    (void)state;
    if (cs_crypto_init() != CS_OK) {
        return -1;
    }
    cs_sign_public(pub, seed_own);
    fix.own = chains_key(CS_CHAIN_SOLANA, CS_CURVE_ED25519, CS_SPAN_OF(pub));
    cs_sign_public(pub, seed_other);
    fix.other = chains_key(CS_CHAIN_SOLANA, CS_CURVE_ED25519, CS_SPAN_OF(pub));
    return 0;
}

static const char *const token_program = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
static const char *const token_2022 = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb";
static const char *const memo_program = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr";
static const char *const memo_old = "Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo";
static const char *const budget_program = "ComputeBudget111111111111111111111111111111";
static const char *const system_program = "11111111111111111111111111111111";
static const char *const swap_program = "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4";

/* Keys 0 own, 1 other, 2 destination (bytes 0x22), 3.. programs as asked for. */
static inline void add_key(struct cs_wr *w, const char *base58)
{
    uint8_t key[32];

    assert_int_equal(cs_unbase58(key, 32, CS_BASE58_BITCOIN, base58), CS_OK);
    cs_wr_bytes(w, key, 32);
}

static inline void begin(struct cs_wr *w, bool is_v0, uint8_t n_signers,
                         uint8_t n_instructions, const char *const *programs,
                         uint8_t n_programs)
{
    uint8_t to[32], hash[32];

    memset(to, 0x22, sizeof to);
    memset(hash, 0x33, sizeof hash);
    *w = (struct cs_wr){0};
    if (is_v0) {
        cs_wr_u8(w, 0x80);
    }
    cs_wr_u8(w, n_signers);
    cs_wr_u8(w, 0);
    cs_wr_u8(w, n_programs);
    cs_wr_u8(w, (uint8_t)(3 + n_programs));
    cs_wr_bytes(w, fix.own.pub, 32);
    cs_wr_bytes(w, fix.other.pub, 32);
    cs_wr_bytes(w, to, 32);
    for (uint8_t i = 0; i < n_programs; i++) {
        add_key(w, programs[i]);
    }
    cs_wr_bytes(w, hash, 32);
    cs_wr_u8(w, n_instructions);
}

static inline void instr(struct cs_wr *w, uint8_t program, struct cs_span accounts,
                         struct cs_span data)
{
    cs_wr_u8(w, program);
    cs_wr_u8(w, (uint8_t)accounts.n);
    cs_wr_span(w, accounts);
    cs_wr_u8(w, (uint8_t)data.n);
    cs_wr_span(w, data);
}

#define BYTES(...)                                                                     \
    CS_SPAN(((const uint8_t[]){__VA_ARGS__}), sizeof((uint8_t[]){__VA_ARGS__}))
#define ONE_SOL  0, 0xca, 0x9a, 0x3b, 0, 0, 0, 0 /* 10^9, little endian */
#define TRANSFER BYTES(2, 0, 0, 0, ONE_SOL)

/* A transfer of 1 SOL from own to 0x22.. */
static inline void simple(struct cs_wr *w)
{
    begin(w, false, 1, 1, &system_program, 1);
    instr(w, 3, BYTES(0, 2), TRANSFER);
}

static inline void decoded(struct cs_chain_tx *tx, const struct cs_wr *w)
{
    const char *why = NULL;

    if (cs_chain_decode(tx, &fix.own, cs_wr_get(w), &why) != CS_OK) {
        fail_msg("%s", why);
    }
    chains_check_summary(tx, cs_wr_get(w));
}

static inline void refused(struct cs_wr *w, enum cs_err code, const char *part)
{
    chains_refused(&fix.own, cs_wr_get(w), code, part);
    cs_wr_free(w);
}

/* simple() with the byte at `at` set. */
static inline void refused_with(size_t at, uint8_t value, enum cs_err code,
                                const char *part)
{
    struct cs_wr w;

    simple(&w);
    assert_true(at < w.n);
    w.p[at] = value;
    refused(&w, code, part);
}

enum { /* offsets in simple() */
       AT_SIGNERS = 0,
       AT_RO_SIGNED = 1,
       AT_RO_UNSIGNED = 2,
       AT_N_KEYS = 3,
       AT_KEYS = 4,
       AT_HASH = AT_KEYS + 4 * 32,
       AT_N_INSTR = AT_HASH + 32,
       AT_PROGRAM = AT_N_INSTR + 1,
       AT_N_ACCOUNTS,
       AT_ACCOUNTS,
       AT_N_DATA = AT_ACCOUNTS + 2,
};

#endif
