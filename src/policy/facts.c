#include "policy/facts.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "wire/jsonx.h"

bool cs_policy_payee(char out[CS_CHAIN_ADDRESS_MAX], const struct facts *f, size_t i)
{
    const struct cs_chain_tx *tx = f->ask->tx;

    if (tx->has_pays) {
        if (i >= tx->n_pays) {
            return false;
        }
        cs_policy_normal(out, tx->chain, tx->pays[i].to);
        return true;
    }
    (void)snprintf(out, CS_CHAIN_ADDRESS_MAX, "%s", f->to);
    return i == 0 && f->to[0] != '\0';
}

static void add_pays(struct facts *f)
{
    const struct cs_chain_tx *tx = f->ask->tx;
    struct cs_num n;

    f->has_units = true;
    (void)snprintf(f->asset, sizeof f->asset, "native");
    for (size_t i = 0; i < tx->n_pays; i++) {
        f->has_units = f->has_units && cs_num_parse(&n, tx->pays[i].units) == CS_OK;
        f->units = f->has_units ? cs_num_add(f->units, n) : cs_num_max();
    }
}

static void add_amount(struct facts *f)
{
    const struct cs_chain_tx *tx = f->ask->tx;

    if (tx->has_pays) {
        add_pays(f);
    } else if (!f->moves_nothing) {
        f->has_units = cs_num_parse(&f->units, tx->units) == CS_OK;
        cs_policy_asset(f->asset, tx);
    }
    f->has_fee = cs_num_parse(&f->fee, tx->fee_units) == CS_OK;
}

/* Windows add up what is sure; what is not sure fits no rule that has one. */
static void add_spend(struct facts *f)
{
    struct cs_span items[2] = {CS_SPAN(f->chain, strlen(f->chain)),
                               CS_SPAN(f->asset, strlen(f->asset))};
    struct cs_wr w = {0};

    if (!f->is_sure || !f->has_units || f->asset[0] == '\0') {
        return;
    }
    cs_wr_lp(&w, items[0]);
    cs_wr_lp(&w, items[1]);
    CS_ASSERT(w.err == CS_OK);
    cs_sha256(f->spend.asset, cs_wr_get(&w));
    f->spend.units = f->units;
    cs_wr_free(&w);
}

void cs_policy_facts(struct facts *f, const struct cs_policy_ask *ask)
{
    const struct cs_chain_tx *tx = ask->tx;

    memset(f, 0, sizeof *f);
    f->ask = ask;
    (void)cs_uuid_text(f->key, ask->key_id);
    (void)cs_uuid_text(f->quorum, ask->quorum_id);
    (void)snprintf(f->chain_id, sizeof f->chain_id, "%llu",
                   (unsigned long long)tx->chain_id);
    f->chain = cs_chain_name(tx->chain);
    f->kind = cs_chain_kind_name(ask->kind);
    f->is_sure = (tx->is_clear || tx->has_pays) && !tx->is_blind && !tx->is_multisig;
    f->moves_nothing = f->is_sure && ask->kind == CS_CHAIN_KIND_PLAINTEXT;
    if (tx->has_selector) {
        (void)cs_hex(f->selector, tx->selector, sizeof tx->selector);
    }
    if (tx->to[0] != '\0' && !f->moves_nothing) {
        cs_policy_normal(f->to, tx->chain, tx->to);
    }
    if (tx->contract[0] != '\0') {
        cs_policy_normal(f->contract, tx->chain, tx->contract);
    } else if (tx->has_selector) {
        (void)snprintf(f->contract, sizeof f->contract, "%s", f->to);
    }
    add_amount(f);
    add_spend(f);
}
