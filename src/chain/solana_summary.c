/* What a Solana message does, for people and policies.
 *
 * Known: System (transfers, account creation, nonce accounts), SPL Token and Token-2022
 * transfers, memos, the compute budget.  Everything else is "other": the summary then
 * names the program and is not clear.  Amounts are given only for exactly one move;
 * several are listed in the text.
 * Source: the interfaces of these programs (system_instruction, spl_token instruction).
 */
#include <string.h>

#include "chain/base58.h"
#include "chain/impl.h"
#include "chain/solana.h"

enum {
    FEE_PER_SIGNATURE = 5000,       /* lamports */
    UNITS_PER_INSTRUCTION = 200000, /* compute units granted when no limit is set */
    UNITS_MAX = 1400000,
    SOL_DECIMALS = 9,
    /* System instructions */
    CREATE_ACCOUNT = 0,
    CREATE_OWNER_AT = 4 + 8 + 8, /* after tag, lamports and space */
    ADVANCE_NONCE = 4,
};

enum sort {
    SORT_OTHER, /* not understood */
    SORT_MOVE,  /* moves an amount, see struct move */
    SORT_NOTE,  /* moves nothing */
};

struct move {
    const char *kind;
    const uint8_t *from, *to; /* NULL: from a lookup table */
    const uint8_t *mint;      /* NULL: not named */
    const uint8_t *owner;     /* program that a new account is given to */
    uint64_t units;
    bool is_token;
    bool has_decimals;
    uint8_t decimals;
};

struct budget {
    uint64_t price; /* micro-lamports per unit */
    uint64_t limit; /* units; has_limit */
    bool has_limit;
    size_t n_instructions; /* that are not the budget's own */
};

struct view {
    const struct cs_sol_msg *m;
    struct budget budget;
    struct cs_span memo;
    size_t n_moves, n_others;
    struct move first;
};

/* clang-format off */
static const uint8_t system_id[32]; /* all zero */
static const uint8_t budget_id[32] = {
    0x03, 0x06, 0x46, 0x6f, 0xe5, 0x21, 0x17, 0x32, 0xff, 0xec, 0xad, 0xba, 0x72, 0xc3, 0x9b, 0xe7,
    0xbc, 0x8c, 0xe5, 0xbb, 0xc5, 0xf7, 0x12, 0x6b, 0x2c, 0x43, 0x9b, 0x3a, 0x40, 0x00, 0x00, 0x00};
static const uint8_t token_id[32] = { /* TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA */
    0x06, 0xdd, 0xf6, 0xe1, 0xd7, 0x65, 0xa1, 0x93, 0xd9, 0xcb, 0xe1, 0x46, 0xce, 0xeb, 0x79, 0xac,
    0x1c, 0xb4, 0x85, 0xed, 0x5f, 0x5b, 0x37, 0x91, 0x3a, 0x8c, 0xf5, 0x85, 0x7e, 0xff, 0x00, 0xa9};
static const uint8_t token22_id[32] = { /* TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb */
    0x06, 0xdd, 0xf6, 0xe1, 0xee, 0x75, 0x8f, 0xde, 0x18, 0x42, 0x5d, 0xbc, 0xe4, 0x6c, 0xcd, 0xda,
    0xb6, 0x1a, 0xfc, 0x4d, 0x83, 0xb9, 0x0d, 0x27, 0xfe, 0xbd, 0xf9, 0x28, 0xd8, 0xa1, 0x8b, 0xfc};
static const uint8_t memo1_id[32] = { /* Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo */
    0x05, 0x4a, 0x53, 0x50, 0xf8, 0x5d, 0xc8, 0x82, 0xd6, 0x14, 0xa5, 0x56, 0x72, 0x78, 0x8a, 0x29,
    0x6d, 0xdf, 0x1e, 0xab, 0xab, 0xd0, 0xa6, 0x06, 0x78, 0x88, 0x49, 0x32, 0xf4, 0xee, 0xf6, 0xa0};
static const uint8_t memo2_id[32] = { /* MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr */
    0x05, 0x4a, 0x53, 0x5a, 0x99, 0x29, 0x21, 0x06, 0x4d, 0x24, 0xe8, 0x71, 0x60, 0xda, 0x38, 0x7c,
    0x7c, 0x35, 0xb5, 0xdd, 0xbc, 0x92, 0xbb, 0x81, 0xe4, 0x1f, 0xa8, 0x40, 0x41, 0x05, 0x44, 0x8d};
/* clang-format on */

static bool is_program(const struct cs_sol_instr *in, const uint8_t id[32])
{
    return memcmp(in->program, id, CS_SOL_KEY_LEN) == 0;
}

static uint64_t le(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = n; i > 0; i--) {
        v = v << 8 | p[i - 1];
    }
    return v;
}

/* System: u32 tag, then bincode.  Trailing bytes are not understood, so not clear. */
static enum sort read_system(const struct view *v, const struct cs_sol_instr *in,
                             struct move *mv)
{
    /* clang-format off */
    static const struct {
        uint32_t tag;
        uint8_t size;      /* whole data */
        uint8_t amount_at; /* of the u64 */
        uint8_t from, to;  /* account positions */
        const char *kind;
    } known[] = {
        {CREATE_ACCOUNT, 52, 4, 0, 1, "create account"},
        {2,  12, 4, 0, 1, "transfer"},
        {5,  12, 4, 0, 1, "withdraw nonce account"},
    };
    /* clang-format on */
    uint32_t tag;

    if (in->data.n < 4) {
        return SORT_OTHER;
    }
    tag = (uint32_t)le(in->data.p, 4);
    if (tag == ADVANCE_NONCE && in->data.n == 4) {
        return SORT_NOTE;
    }
    for (size_t i = 0; i < CS_COUNTOF(known); i++) {
        if (tag == known[i].tag && in->data.n == known[i].size && in->accounts.n >= 2) {
            mv->kind = known[i].kind;
            mv->from = cs_sol_account(v->m, in, known[i].from);
            mv->to = cs_sol_account(v->m, in, known[i].to);
            mv->units = le(in->data.p + known[i].amount_at, 8);
            mv->has_decimals = true;
            mv->decimals = SOL_DECIMALS;
            mv->owner = tag == CREATE_ACCOUNT ? in->data.p + CREATE_OWNER_AT : NULL;
            return SORT_MOVE;
        }
    }
    return SORT_OTHER;
}

/* SPL Token: u8 tag; Transfer = 3 (source, destination, authority), TransferChecked =
 * 12 (source, mint, destination, authority; amount, decimals). */
static enum sort read_token(const struct view *v, const struct cs_sol_instr *in,
                            struct move *mv)
{
    bool is_checked = in->data.n == 10 && in->data.p[0] == 12 && in->accounts.n >= 4;
    bool is_plain = in->data.n == 9 && in->data.p[0] == 3 && in->accounts.n >= 3;

    if (!is_checked && !is_plain) {
        return SORT_OTHER;
    }
    mv->kind = "token transfer";
    mv->is_token = true;
    mv->units = le(in->data.p + 1, 8);
    mv->from = cs_sol_account(v->m, in, is_checked ? 3 : 2);
    mv->to = cs_sol_account(v->m, in, is_checked ? 2 : 1);
    if (is_checked) {
        mv->mint = cs_sol_account(v->m, in, 1);
        mv->has_decimals = true;
        mv->decimals = in->data.p[9];
    }
    return SORT_MOVE;
}

static enum sort read_budget(struct budget *b, const struct cs_sol_instr *in)
{
    if (in->data.n == 5 && in->data.p[0] == 2) {
        b->limit = le(in->data.p + 1, 4);
        b->has_limit = true;
        return SORT_NOTE;
    }
    if (in->data.n == 9 && in->data.p[0] == 3) {
        b->price = le(in->data.p + 1, 8);
        return SORT_NOTE;
    }
    /* 1: heap frame, 4: loaded accounts' size */
    return in->data.n == 5 && (in->data.p[0] == 1 || in->data.p[0] == 4) ? SORT_NOTE
                                                                         : SORT_OTHER;
}

static enum sort read_instr(struct view *v, const struct cs_sol_instr *in,
                            struct move *mv)
{
    memset(mv, 0, sizeof *mv);
    if (is_program(in, budget_id)) {
        return read_budget(&v->budget, in);
    }
    v->budget.n_instructions++;
    if (is_program(in, system_id)) {
        return read_system(v, in, mv);
    }
    if (is_program(in, token_id) || is_program(in, token22_id)) {
        return read_token(v, in, mv);
    }
    if (is_program(in, memo1_id) || is_program(in, memo2_id)) {
        v->memo = v->memo.n == 0 ? in->data : v->memo;
        return SORT_NOTE;
    }
    return SORT_OTHER;
}

/* Signature fees and the most that the compute budget can cost; saturates. */
static uint64_t fee_lamports(const struct view *v)
{
    uint64_t units = v->budget.has_limit
                         ? v->budget.limit
                         : v->budget.n_instructions * UNITS_PER_INSTRUCTION;
    uint64_t base = (uint64_t)v->m->n_signers * FEE_PER_SIGNATURE;
    uint64_t whole, part;

    units = units < UNITS_MAX ? units : UNITS_MAX;
    whole = v->budget.price / 1000000;
    part = (v->budget.price % 1000000 * units + 999999) / 1000000;
    if (whole != 0 && units > (UINT64_MAX - base - part) / whole) {
        return UINT64_MAX;
    }
    return whole * units + part + base;
}

static void put_key(char out[CS_CHAIN_ADDRESS_MAX], const uint8_t *key)
{
    char text[CS_BASE58_TEXT_MAX];

    out[0] = '\0';
    if (key != NULL) {
        cs_base58(text, CS_BASE58_BITCOIN, CS_SPAN(key, CS_SOL_KEY_LEN));
        (void)cs_text_copy(out, CS_CHAIN_ADDRESS_MAX, text);
    }
}

static void add_key(struct cs_text *t, const uint8_t *key)
{
    char text[CS_CHAIN_ADDRESS_MAX];

    put_key(text, key);
    cs_text_add(t, key == NULL ? "an account from a lookup table" : text);
}

static void add_move(struct cs_text *t, const struct move *mv)
{
    char amount[CS_CHAIN_AMOUNT_MAX];

    cs_text_add(t, t->n == 0 ? "" : "; ");
    cs_text_add(t, mv->kind);
    cs_text_add(t, " ");
    if (mv->has_decimals &&
        cs_text_decimal(amount, sizeof amount, mv->units, mv->decimals)) {
        cs_text_add(t, amount);
        cs_text_add(t, mv->is_token ? " of token " : " SOL");
    } else {
        cs_text_add_u64(t, mv->units);
        cs_text_add(t, " units of token ");
    }
    if (mv->mint != NULL) {
        add_key(t, mv->mint);
    } else if (mv->is_token) {
        cs_text_add(t, "(not named)");
    }
    cs_text_add(t, " from ");
    add_key(t, mv->from);
    cs_text_add(t, " to ");
    add_key(t, mv->to);
    if (mv->owner != NULL) {
        cs_text_add(t, " that program ");
        add_key(t, mv->owner);
        cs_text_add(t, " will own");
    }
}

static void add_other(struct cs_text *t, const struct cs_sol_instr *in)
{
    cs_text_add(t, t->n == 0 ? "calls program " : "; calls program ");
    add_key(t, in->program);
}

static void walk(struct view *v, struct cs_text *t)
{
    struct cs_sol_iter it = cs_sol_iter(v->m);
    struct cs_sol_instr in;
    struct move mv;

    while (cs_sol_next(&it, &in)) {
        switch (read_instr(v, &in, &mv)) {
        case SORT_MOVE:
            if (v->n_moves++ == 0) {
                v->first = mv;
            }
            add_move(t, &mv);
            break;
        case SORT_OTHER:
            v->n_others++;
            add_other(t, &in);
            break;
        case SORT_NOTE:
            break;
        }
    }
}

/* The single move's fields. */
static void put_move(struct cs_chain_tx *tx, const struct move *mv)
{
    put_key(tx->from, mv->from);
    put_key(tx->to, mv->to);
    put_key(tx->contract, mv->mint);
    (void)cs_text_copy(tx->kind, sizeof tx->kind, mv->kind);
    (void)cs_text_copy(tx->asset, sizeof tx->asset, mv->is_token ? "SPL" : "SOL");
    (void)cs_text_decimal(tx->units, sizeof tx->units, mv->units, 0);
    if (mv->has_decimals) {
        (void)cs_text_decimal(tx->amount, sizeof tx->amount, mv->units, mv->decimals);
    }
}

static void put_kind(struct cs_chain_tx *tx, const struct view *v)
{
    if (v->n_moves == 1) {
        put_move(tx, &v->first);
    } else if (v->n_moves > 1) {
        (void)cs_text_copy(tx->kind, sizeof tx->kind, "several transfers");
    } else {
        (void)cs_text_copy(tx->kind, sizeof tx->kind,
                           v->n_others > 0 ? "program call" : "no transfer");
    }
    tx->is_clear = v->n_moves <= 1 && v->n_others == 0;
    if (v->n_moves == 1) {
        /* A program that owns an account decides what becomes of its assets. */
        tx->is_clear = tx->is_clear && v->first.owner == NULL && tx->from[0] != '\0' &&
                       tx->to[0] != '\0' && tx->amount[0] != '\0' &&
                       (!v->first.is_token || tx->contract[0] != '\0');
    }
}

/* A transaction that begins with the advance of a nonce account does not expire with
 * its blockhash, which is the nonce. */
static bool is_durable(const struct cs_sol_msg *m)
{
    struct cs_sol_iter it = cs_sol_iter(m);
    struct cs_sol_instr in;

    return cs_sol_next(&it, &in) && is_program(&in, system_id) && in.data.n >= 4 &&
           le(in.data.p, 4) == ADVANCE_NONCE;
}

static void add_rest(struct cs_chain_tx *tx, const struct view *v, struct cs_text *t)
{
    cs_text_add(t, t->n == 0 ? "moves nothing; fee at most " : "; fee at most ");
    cs_text_add(t, tx->fee);
    cs_text_add(t, " SOL paid by ");
    add_key(t, v->m->keys);
    if (tx->is_multisig) {
        cs_text_add(t, "; needs ");
        cs_text_add_u64(t, v->m->n_signers - 1U);
        cs_text_add(t, " more signature(s)");
    }
    cs_text_add(t,
                is_durable(v->m) ? "; does not expire, nonce " : "; recent blockhash ");
    cs_text_add(t, tx->sequence);
    if (tx->memo[0] != '\0') {
        cs_text_add(t, "; memo: ");
        cs_text_add(t, tx->memo);
    }
}

void cs_sol_summary(struct cs_chain_tx *tx, const struct cs_sol_msg *m)
{
    struct cs_text t = cs_text_begin(tx->text, sizeof tx->text);
    struct view v = {.m = m};
    char hash[CS_CHAIN_ADDRESS_MAX];
    uint64_t fee;

    walk(&v, &t);
    put_kind(tx, &v);
    fee = fee_lamports(&v);
    (void)cs_text_decimal(tx->fee, sizeof tx->fee, fee, SOL_DECIMALS);
    (void)cs_text_decimal(tx->fee_units, sizeof tx->fee_units, fee, 0);
    tx->is_memo_cut = !cs_text_show(tx->memo, sizeof tx->memo, v.memo);
    put_key(hash, m->blockhash);
    (void)cs_text_copy(tx->sequence, sizeof tx->sequence, hash);
    tx->n_instructions = (uint32_t)m->n_instructions;
    tx->is_multisig = m->n_signers > 1;
    add_rest(tx, &v, &t);
}
