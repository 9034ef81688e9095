/* What an EVM transaction does; see evm.h.  Token calls are understood as their
 * standard (ERC-20) says; the contract itself is not looked at. */
#include <string.h>

#include "chain/evm.h"
#include "chain/impl.h"
#include "chain/text.h"

enum {
    SELECTOR_LEN = 4,
    DECIMALS = 18,
    FEE_BYTES = CS_EVM_WORD + 8, /* gas times price */
};

/* ---- calls ------------------------------------------------------------------- */

static const struct selector {
    uint8_t bytes[SELECTOR_LEN];
    int kind;
    size_t n_words;
} selectors[] = {
    {{0xa9, 0x05, 0x9c, 0xbb}, CS_EVM_TRANSFER, 2},      /* transfer(address,uint256) */
    {{0x09, 0x5e, 0xa7, 0xb3}, CS_EVM_APPROVE, 2},       /* approve(address,uint256) */
    {{0x23, 0xb8, 0x72, 0xdd}, CS_EVM_TRANSFER_FROM, 3}, /* transferFrom(a,a,uint256) */
};

/* An address fills the last 20 bytes of its word; the first 12 must be zero. */
static bool get_account(struct cs_span data, size_t word, struct cs_span *out)
{
    static const uint8_t zero[CS_EVM_WORD - CS_EVM_ADDRESS_LEN];
    const uint8_t *p = data.p + SELECTOR_LEN + word * CS_EVM_WORD;

    *out = CS_SPAN(p + sizeof zero, CS_EVM_ADDRESS_LEN);
    return memcmp(p, zero, sizeof zero) == 0;
}

void cs_evm_call(struct cs_evm_call *out, struct cs_span data)
{
    const struct selector *s = NULL;
    size_t accounts;

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < CS_COUNTOF(selectors); i++) {
        if (data.n == SELECTOR_LEN + selectors[i].n_words * CS_EVM_WORD &&
            memcmp(data.p, selectors[i].bytes, SELECTOR_LEN) == 0) {
            s = &selectors[i];
        }
    }
    if (s == NULL) {
        return;
    }
    accounts = s->n_words - 1;
    if (!get_account(data, accounts - 1, &out->to) ||
        (accounts == 2 && !get_account(data, 0, &out->from))) {
        memset(out, 0, sizeof *out);
        return;
    }
    out->units = CS_SPAN(data.p + SELECTOR_LEN + accounts * CS_EVM_WORD, CS_EVM_WORD);
    out->kind = s->kind == CS_EVM_TRANSFER  ? CS_EVM_TRANSFER
                : s->kind == CS_EVM_APPROVE ? CS_EVM_APPROVE
                                            : CS_EVM_TRANSFER_FROM;
}

/* Whatever else stands in the call: contracts ignore bytes behind the arguments. */
bool cs_evm_is_approval(struct cs_span data)
{
    static const uint8_t approvals[][SELECTOR_LEN] = {
        {0x09, 0x5e, 0xa7, 0xb3}, /* approve(address,uint256) */
        {0x39, 0x50, 0x93, 0x51}, /* increaseAllowance(address,uint256) */
        {0xd7, 0x3d, 0xd6, 0x23}, /* increaseApproval(address,uint256) */
        {0xa2, 0x2c, 0xb4, 0x65}, /* setApprovalForAll(address,bool) */
        {0xd5, 0x05, 0xac, 0xcf}, /* permit(..), ERC-2612 */
        {0x8f, 0xcb, 0xaf, 0x0c}, /* permit(..), DAI */
        {0x87, 0x51, 0x7c, 0x45}, /* approve(address,address,uint160,uint48), Permit2 */
    };

    for (size_t i = 0; i < CS_COUNTOF(approvals) && data.n >= SELECTOR_LEN; i++) {
        if (memcmp(data.p, approvals[i], SELECTOR_LEN) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- fields ------------------------------------------------------------------ */

/* out = a * b, big endian */
static void multiply(uint8_t out[FEE_BYTES], struct cs_span a, uint64_t b)
{
    memset(out, 0, FEE_BYTES);
    for (size_t i = 0; i < a.n; i++) {
        uint64_t carry = 0;

        for (size_t j = 0; j < 8 || carry != 0; j++) {
            size_t at = FEE_BYTES - 1 - i - j;
            uint64_t byte = j < 8 ? b >> (8 * j) & 0xff : 0;

            carry += a.p[a.n - 1 - i] * byte + out[at];
            out[at] = (uint8_t)carry;
            carry >>= 8;
        }
    }
}

static void put_fee(struct cs_chain_tx *tx, const struct cs_evm_tx *t)
{
    uint8_t fee[FEE_BYTES];

    multiply(fee, t->max_price, t->gas);
    (void)cs_text_big(tx->fee, sizeof tx->fee, CS_SPAN_OF(fee), DECIMALS);
    (void)cs_text_big(tx->fee_units, sizeof tx->fee_units, CS_SPAN_OF(fee), 0);
}

static void put_native(struct cs_chain_tx *tx, const struct cs_evm_tx *t)
{
    const struct cs_chain_info *info = cs_chain_info(tx->chain);

    (void)cs_text_copy(tx->asset, sizeof tx->asset, info->symbol);
    (void)cs_text_big(tx->amount, sizeof tx->amount, t->value, DECIMALS);
    (void)cs_text_big(tx->units, sizeof tx->units, t->value, 0);
    if (t->to.n != 0) {
        cs_evm_address(tx->to, t->to.p);
    }
    tx->is_clear = t->to.n != 0 && t->data.n == 0;
    (void)cs_text_copy(tx->kind, sizeof tx->kind,
                       t->to.n == 0     ? "contract creation"
                       : t->data.n == 0 ? "transfer"
                                        : "contract call");
}

static const char *kind_of(const struct cs_evm_call *c)
{
    switch (c->kind) {
    case CS_EVM_TRANSFER:
        return "token transfer";
    case CS_EVM_APPROVE:
        return "token approval";
    case CS_EVM_TRANSFER_FROM:
        return "token transfer of another's tokens";
    case CS_EVM_OTHER:
        break;
    }
    return "contract call";
}

/* A token's decimals are not in the transaction: the amount stays in its units. */
static void put_token(struct cs_chain_tx *tx, const struct cs_evm_tx *t,
                      const struct cs_evm_call *c)
{
    (void)cs_text_copy(tx->kind, sizeof tx->kind, kind_of(c));
    (void)cs_text_copy(tx->asset, sizeof tx->asset, "ERC20");
    cs_evm_address(tx->contract, t->to.p);
    cs_evm_address(tx->to, c->to.p);
    (void)cs_text_big(tx->units, sizeof tx->units, c->units, 0);
    if (c->kind == CS_EVM_TRANSFER_FROM) {
        cs_evm_address(tx->from, c->from.p);
    }
    tx->is_clear = c->kind == CS_EVM_TRANSFER;
}

/* ---- text -------------------------------------------------------------------- */

static void add_token(struct cs_text *t, const struct cs_chain_tx *tx)
{
    cs_text_add(t, tx->kind);
    cs_text_add(t, " of ");
    cs_text_add(t, tx->units);
    cs_text_add(t, " units of ");
    cs_text_add(t, tx->contract);
}

static void add_native(struct cs_text *t, const struct cs_chain_tx *tx)
{
    cs_text_add(t, tx->kind);
    cs_text_add(t, " with ");
    cs_text_add(t, tx->amount);
    cs_text_add(t, " ");
    cs_text_add(t, tx->asset);
}

static void add_data(struct cs_text *t, const struct cs_chain_tx *tx,
                     const struct cs_evm_tx *e)
{
    if (tx->has_selector) {
        cs_text_add(t, "; function 0x");
        cs_text_add_hex(t, CS_SPAN_OF(tx->selector));
    }
    if (e->data.n != 0) {
        cs_text_add(t, "; ");
        cs_text_add_u64(t, e->data.n);
        cs_text_add(t, " bytes of data");
    }
    if (e->n_access != 0) {
        cs_text_add(t, "; access list of ");
        cs_text_add_u64(t, e->n_access);
    }
}

static void write_text(struct cs_chain_tx *tx, const struct cs_evm_tx *e)
{
    struct cs_text t = cs_text_begin(tx->text, sizeof tx->text);

    if (tx->contract[0] != '\0') {
        add_token(&t, tx);
    } else {
        add_native(&t, tx);
    }
    cs_text_add(&t, " from ");
    cs_text_add(&t, tx->from);
    if (tx->to[0] != '\0') {
        cs_text_add(&t, " to ");
        cs_text_add(&t, tx->to);
    }
    add_data(&t, tx, e);
    cs_text_add(&t, "; fee at most ");
    cs_text_add(&t, tx->fee);
    cs_text_add(&t, " ");
    cs_text_add(&t, cs_chain_info(tx->chain)->symbol);
    cs_text_add(&t, "; nonce ");
    cs_text_add(&t, tx->sequence);
    cs_text_add(&t, "; chain id ");
    cs_text_add_u64(&t, e->chain_id);
}

void cs_evm_summary(struct cs_chain_tx *tx, const struct cs_evm_tx *t)
{
    struct cs_text sequence = cs_text_begin(tx->sequence, sizeof tx->sequence);
    struct cs_evm_call call = {0};

    if (t->to.n != 0 && t->data.n >= SELECTOR_LEN) {
        tx->has_selector = true;
        memcpy(tx->selector, t->data.p, SELECTOR_LEN);
        tx->is_approval = cs_evm_is_approval(t->data);
        cs_evm_call(&call, t->data);
    }
    tx->n_instructions = 1;
    tx->chain_id = t->chain_id;
    cs_text_add_u64(&sequence, t->nonce);
    (void)cs_text_copy(tx->from, sizeof tx->from, tx->signer);
    put_fee(tx, t);
    if (call.kind != CS_EVM_OTHER && t->value.n == 0) {
        put_token(tx, t, &call);
    } else { /* a token call that also pays is shown as what it pays, and not clear */
        put_native(tx, t);
    }
    write_text(tx, t);
}
