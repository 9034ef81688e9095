/* What a TRON transaction does; see tron.h. */
#include <string.h>

#include "chain/evm.h"
#include "chain/text.h"
#include "chain/tron.h"

enum { DECIMALS = 6, SELECTOR_LEN = 4 };

static void put_account(char out[CS_CHAIN_ADDRESS_MAX], struct cs_span account)
{
    uint8_t raw[CS_TRON_ADDRESS_LEN] = {CS_TRON_PREFIX};

    memcpy(raw + 1, account.p, CS_EVM_ADDRESS_LEN);
    cs_tron_address(out, raw);
}

static void put_trx(struct cs_chain_tx *tx, const struct cs_tron_tx *t)
{
    (void)cs_text_copy(tx->asset, sizeof tx->asset, "TRX");
    (void)cs_text_decimal(tx->amount, sizeof tx->amount, t->amount, DECIMALS);
    (void)cs_text_decimal(tx->units, sizeof tx->units, t->amount, 0);
}

static void put_asset(struct cs_chain_tx *tx, const struct cs_tron_tx *t)
{
    (void)cs_text_copy(tx->kind, sizeof tx->kind, "token transfer");
    (void)cs_text_copy(tx->asset, sizeof tx->asset, "TRC10");
    (void)cs_text_show(tx->contract, sizeof tx->contract, t->asset);
    (void)cs_text_decimal(tx->units, sizeof tx->units, t->amount, 0);
    tx->is_clear = true;
}

static bool put_token(struct cs_chain_tx *tx, const struct cs_tron_tx *t)
{
    struct cs_evm_call c;

    cs_evm_call(&c, t->data);
    if (c.kind == CS_EVM_OTHER || t->amount != 0 || t->token_amount != 0) {
        return false;
    }
    (void)cs_text_copy(tx->kind, sizeof tx->kind,
                       c.kind == CS_EVM_TRANSFER ? "token transfer"
                       : c.kind == CS_EVM_APPROVE
                           ? "token approval"
                           : "token transfer of another's tokens");
    (void)cs_text_copy(tx->asset, sizeof tx->asset, "TRC20");
    cs_tron_address(tx->contract, t->to.p);
    put_account(tx->to, c.to);
    (void)cs_text_big(tx->units, sizeof tx->units, c.units, 0);
    if (c.kind == CS_EVM_TRANSFER_FROM) {
        put_account(tx->from, c.from);
    }
    tx->is_clear = c.kind == CS_EVM_TRANSFER;
    return true;
}

static void put_trigger(struct cs_chain_tx *tx, const struct cs_tron_tx *t)
{
    if (t->data.n >= SELECTOR_LEN) {
        tx->has_selector = true;
        memcpy(tx->selector, t->data.p, SELECTOR_LEN);
        tx->is_approval = cs_evm_is_approval(t->data);
    }
    if (!put_token(tx, t)) {
        (void)cs_text_copy(tx->kind, sizeof tx->kind, "contract call");
        cs_tron_address(tx->to, t->to.p);
        put_trx(tx, t);
    }
}

static void put_kind(struct cs_chain_tx *tx, const struct cs_tron_tx *t)
{
    if (t->type == CS_TRON_TRIGGER) {
        put_trigger(tx, t);
        return;
    }
    if (t->to.n != 0) {
        cs_tron_address(tx->to, t->to.p);
    }
    if (t->type == CS_TRON_TRANSFER) {
        (void)cs_text_copy(tx->kind, sizeof tx->kind, "transfer");
        put_trx(tx, t);
        tx->is_clear = true;
    } else if (t->type == CS_TRON_TRANSFER_ASSET) {
        put_asset(tx, t);
    } else {
        (void)cs_text_copy(tx->kind, sizeof tx->kind, t->name);
    }
}

static void add_amount(struct cs_text *t, const struct cs_chain_tx *tx)
{
    if (tx->units[0] == '\0') {
        return;
    }
    cs_text_add(t, " of ");
    if (tx->contract[0] != '\0') {
        cs_text_add(t, tx->units);
        cs_text_add(t, " units of ");
        cs_text_add(t, tx->contract);
    } else {
        cs_text_add(t, tx->amount);
        cs_text_add(t, " TRX");
    }
}

static void write_text(struct cs_chain_tx *tx, const struct cs_tron_tx *t)
{
    struct cs_text text = cs_text_begin(tx->text, sizeof tx->text);

    cs_text_add(&text, tx->kind);
    add_amount(&text, tx);
    cs_text_add(&text, " from ");
    cs_text_add(&text, tx->from);
    if (tx->to[0] != '\0') {
        cs_text_add(&text, " to ");
        cs_text_add(&text, tx->to);
    }
    if (tx->has_selector) {
        cs_text_add(&text, "; function 0x");
        cs_text_add_hex(&text, CS_SPAN_OF(tx->selector));
    }
    if (t->token_amount != 0) {
        cs_text_add(&text, "; sends ");
        cs_text_add_u64(&text, t->token_amount);
        cs_text_add(&text, " units of a TRC-10 token along");
    }
    if (tx->fee[0] != '\0') {
        cs_text_add(&text, "; fee at most ");
        cs_text_add(&text, tx->fee);
        cs_text_add(&text, " TRX");
    }
    cs_text_add(&text, "; expires at ");
    cs_text_add(&text, tx->valid_until);
    if (tx->memo[0] != '\0') {
        cs_text_add(&text, "; memo: ");
        cs_text_add(&text, tx->memo);
    }
}

void cs_tron_summary(struct cs_chain_tx *tx, const struct cs_tron_tx *t)
{
    struct cs_text until = cs_text_begin(tx->valid_until, sizeof tx->valid_until);
    struct cs_text block = cs_text_begin(tx->sequence, sizeof tx->sequence);

    tx->n_instructions = 1;
    cs_tron_address(tx->from, t->owner);
    cs_text_add_u64(&until, t->expiration);
    cs_text_add(&block, "block ");
    cs_text_add_hex(&block, t->block);
    if (t->fee_limit != 0) {
        (void)cs_text_decimal(tx->fee, sizeof tx->fee, t->fee_limit, DECIMALS);
        (void)cs_text_decimal(tx->fee_units, sizeof tx->fee_units, t->fee_limit, 0);
    }
    if (t->memo.n > 0) {
        tx->is_memo_cut = !cs_text_show(tx->memo, sizeof tx->memo, t->memo);
    }
    put_kind(tx, t);
    write_text(tx, t);
}
