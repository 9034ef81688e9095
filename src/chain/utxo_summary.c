/* What a transaction of Bitcoin or a relative does: payments, change, fee; see utxo.h.
 */
#include <string.h>

#include "base/mem.h"
#include "chain/text.h"
#include "chain/utxo.h"

enum { DECIMALS = 8, OP_RETURN = 0x6a, OP_PUSHDATA1 = 0x4c };

struct tally {
    size_t n_pays, n_data, n_odd; /* to others, data only, not clear */
    uint64_t paid, change;
};

static bool is_data(struct cs_span script)
{
    return script.n > 0 && script.p[0] == OP_RETURN;
}

static bool is_own(const struct cs_utxo_tx *u, struct cs_span script)
{
    return script.n == u->own.n && memcmp(script.p, u->own.p, script.n) == 0;
}

static void add_amount(struct cs_text *t, uint64_t units, const char *symbol)
{
    char amount[32];

    (void)cs_text_decimal(amount, sizeof amount, units, DECIMALS);
    cs_text_add(t, amount);
    cs_text_add(t, " ");
    cs_text_add(t, symbol);
}

static void put_amount(char *whole, char *units, uint64_t v)
{
    (void)cs_text_decimal(whole, CS_CHAIN_AMOUNT_MAX, v, DECIMALS);
    (void)cs_text_decimal(units, CS_CHAIN_AMOUNT_MAX, v, 0);
}

/* OP_RETURN and one push: the pushed bytes.  False: something else, as of protocols
 * that move tokens (runes), and data is all of it. */
static bool read_data(struct cs_span *data, struct cs_span script)
{
    size_t head = script.n >= 2 && script.p[1] == OP_PUSHDATA1 ? 3 : 2;

    *data = CS_SPAN(script.p + 1, script.n - 1);
    if (script.n < head || script.p[1] > OP_PUSHDATA1 ||
        script.n - head != script.p[head - 1]) {
        return false;
    }
    *data = CS_SPAN(script.p + head, script.n - head);
    return true;
}

static void put_data(struct cs_chain_tx *tx, struct tally *y, struct cs_span script)
{
    struct cs_span data;

    y->n_odd += read_data(&data, script) ? 0U : 1U;
    if (y->n_data++ == 0) {
        tx->is_memo_cut = !cs_text_show(tx->memo, sizeof tx->memo, data);
    }
}

/* One output, for the line of text and the tally. */
static void count_out(struct cs_chain_tx *tx, struct tally *y, struct cs_text *t,
                      const struct cs_utxo_out *out, const struct cs_utxo_tx *u,
                      const struct cs_chain_key *key)
{
    char address[CS_CHAIN_ADDRESS_MAX];

    if (is_own(u, out->script)) {
        y->change += out->value;
        return;
    }
    y->paid += out->value;
    if (is_data(out->script) && out->value == 0) {
        put_data(tx, y, out->script);
        return;
    }
    cs_text_add(t, y->n_pays == 0 ? "" : ", ");
    y->n_pays++;
    add_amount(t, out->value, tx->asset);
    cs_text_add(t, " to ");
    if (cs_utxo_address(address, u->chain, key->net, out->script)) {
        cs_text_add(t, address);
        (void)cs_text_copy(tx->to, sizeof tx->to, address);
    } else {
        y->n_odd++;
        cs_text_add(t, "script ");
        cs_text_add_hex(t, out->script);
    }
}

static void count_outs(struct cs_chain_tx *tx, struct tally *y, struct cs_text *t,
                       const struct cs_utxo_tx *u, const struct cs_chain_key *key)
{
    struct cs_rd r = CS_RD(u->raw.outs);
    struct cs_utxo_out out;

    for (size_t i = 0; i < u->raw.n_outs; i++) {
        cs_utxo_next_out(&r, &out);
        count_out(tx, y, t, &out, u, key);
    }
}

/* Others pay, too. */
static bool is_joint(const struct cs_utxo_tx *u)
{
    return u->n_own < u->raw.n_ins;
}

/* Segregated witness version 0 covers only the own input's amount: with several inputs,
 * two runs with different lies make one transaction with another fee. */
static bool are_amounts_sure(const struct cs_utxo_tx *u)
{
    if (u->kind == CS_UTXO_P2TR || u->raw.n_ins == 1) {
        return true;
    }
    for (size_t i = 0; i < u->raw.n_ins; i++) {
        if (!u->ins[i].is_proven) {
            return false;
        }
    }
    return true;
}

/* The fee of others' inputs is anybody's word unless the amounts are sure. */
static bool is_fee_known(const struct cs_utxo_tx *u)
{
    return !is_joint(u) || are_amounts_sure(u);
}

/* to and amount stand for exactly one payment; everything to the own address is one. */
static void put_fields(struct cs_chain_tx *tx, const struct tally *y,
                       const struct cs_utxo_tx *u)
{
    (void)cs_text_copy(tx->from, sizeof tx->from, tx->signer);
    tx->n_instructions = 1;
    if (is_fee_known(u)) {
        put_amount(tx->fee, tx->fee_units, u->in_sum - u->out_sum);
    }
    if (is_joint(u)) { /* who pays whom is nobody's to say */
        (void)cs_text_copy(tx->kind, sizeof tx->kind, "joint transaction");
        tx->to[0] = '\0';
    } else if (y->n_pays == 0) {
        (void)cs_text_copy(tx->kind, sizeof tx->kind, "transfer to itself");
        (void)cs_text_copy(tx->to, sizeof tx->to, y->change > 0 ? tx->signer : "");
        put_amount(tx->amount, tx->units, y->change);
    } else if (y->n_pays == 1) {
        (void)cs_text_copy(tx->kind, sizeof tx->kind, "transfer");
        put_amount(tx->amount, tx->units, y->paid);
    } else {
        (void)cs_text_copy(tx->kind, sizeof tx->kind, "several transfers");
        tx->to[0] = '\0';
    }
}

static void add_rest(struct cs_text *t, struct cs_chain_tx *tx, const struct tally *y,
                     const struct cs_utxo_tx *u)
{
    if (y->n_pays == 0) {
        add_amount(t, y->change, tx->asset);
        cs_text_add(t, " to ");
        cs_text_add(t, tx->signer);
    }
    cs_text_add(t, " from ");
    cs_text_add(t, tx->from);
    if (is_joint(u)) {
        cs_text_add(t, " and others; the wallet signs ");
        cs_text_add_u64(t, u->n_own);
        cs_text_add(t, u->n_own == 1 ? " input of " : " inputs of ");
        add_amount(t, u->own_sum, tx->asset);
    }
    if (y->n_pays > 0 && y->change > 0) {
        cs_text_add(t, "; change ");
        add_amount(t, y->change, tx->asset);
    }
    if (is_fee_known(u)) {
        cs_text_add(t, "; fee ");
        add_amount(t, u->in_sum - u->out_sum, tx->asset);
    }
    cs_text_add(t, "; ");
    cs_text_add_u64(t, u->raw.n_ins);
    cs_text_add(t, u->raw.n_ins == 1 ? " input" : " inputs");
    if (u->raw.locktime != 0) {
        cs_text_add(t, "; lock time ");
        cs_text_add_u64(t, u->raw.locktime);
    }
    if (y->n_data > 0) {
        cs_text_add(t, "; data: ");
        cs_text_add(t, tx->memo);
    }
}

/* The payments once more, for policies: no line of text cuts this list. */
static enum cs_err list_pays(struct cs_chain_tx *tx, const struct cs_utxo_tx *u,
                             const struct cs_chain_key *key, size_t n_pays)
{
    struct cs_rd r = CS_RD(u->raw.outs);
    struct cs_utxo_out out;

    tx->pays = n_pays == 0 ? NULL : cs_alloc_array(n_pays, sizeof *tx->pays);
    if (n_pays != 0 && tx->pays == NULL) {
        return CS_ERR_NOMEM;
    }
    for (size_t i = 0; i < u->raw.n_outs; i++) {
        cs_utxo_next_out(&r, &out);
        if (is_own(u, out.script) || (is_data(out.script) && out.value == 0)) {
            continue;
        }
        CS_ASSERT(tx->n_pays < n_pays);
        CS_ASSERT(cs_utxo_address(tx->pays[tx->n_pays].to, u->chain, key->net,
                                  out.script)); /* counted as odd otherwise */
        (void)cs_text_decimal(tx->pays[tx->n_pays].units, sizeof tx->pays->units,
                              out.value, 0);
        tx->n_pays++;
    }
    tx->has_pays = true;
    return CS_OK;
}

enum cs_err cs_utxo_summary(struct cs_chain_tx *tx, const struct cs_utxo_tx *t,
                            const struct cs_chain_key *key)
{
    struct cs_text text = cs_text_begin(tx->text, sizeof tx->text);
    struct tally y = {0};

    (void)cs_text_copy(tx->asset, sizeof tx->asset, cs_chain_info(tx->chain)->symbol);
    cs_text_add(&text, "transfer of ");
    count_outs(tx, &y, &text, t, key);
    put_fields(tx, &y, t);
    add_rest(&text, tx, &y, t);
    if (!are_amounts_sure(t)) {
        cs_text_add(&text,
                    "; the fee is not proven: previous transactions are missing");
    }
    tx->is_multisig = is_joint(t);
    tx->is_clear = !text.is_cut && y.n_odd == 0 && y.n_data <= 1 &&
                   are_amounts_sure(t) && !is_joint(t);
    return y.n_odd == 0 && are_amounts_sure(t) && !is_joint(t)
               ? list_pays(tx, t, key, y.n_pays)
               : CS_OK;
}
