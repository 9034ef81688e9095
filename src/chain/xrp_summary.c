/* What an XRP Ledger transaction does, for people and policies.  A Payment is clear
 * when nothing but the amount, the fee and marks (tags, memos, flags) is in it; every
 * other type is named, with its amounts, and is not clear. */
#include <string.h>

#include "chain/impl.h"
#include "chain/xrp.h"

enum {
    TYPE_PAYMENT = 0,
    FLAG_PARTIAL_PAYMENT = 0x00020000,
    XRP_DECIMALS = 6,
};

/* Amount fields that the text names; Amount and Fee have places of their own. */
static const struct {
    uint32_t id;
    const char *label;
} labels[] = {
    {CS_XRP_LIMIT_AMOUNT, "; limit "},
    {CS_XRP_TAKER_PAYS, "; taker pays "},
    {CS_XRP_TAKER_GETS, "; taker gets "},
    {CS_XRP_SEND_MAX, "; spends at most "},
    {CS_XRP_DELIVER_MIN, "; delivers at least "},
};

/* What a clear Payment may hold. */
static const uint32_t clear_fields[] = {
    CS_XRP_TRANSACTION_TYPE,
    CS_XRP_NETWORK_ID,
    CS_XRP_FLAGS,
    CS_XRP_SOURCE_TAG,
    CS_XRP_SEQUENCE,
    CS_XRP_DESTINATION_TAG,
    CS_XRP_LAST_LEDGER,
    CS_XRP_TICKET,
    CS_XRP_ACCOUNT_TXN_ID,
    CS_XRP_INVOICE_ID,
    CS_XRP_F_AMOUNT,
    CS_XRP_FEE,
    CS_XRP_SIGNING_PUB_KEY,
    CS_XRP_F_ACCOUNT,
    CS_XRP_DESTINATION,
    CS_XRP_MEMOS,
};

static uint64_t be(struct cs_span s)
{
    uint64_t v = 0;

    for (size_t i = 0; i < s.n; i++) {
        v = v << 8 | s.p[i];
    }
    return v;
}

static bool get_u32(struct cs_span object, uint32_t id, uint32_t *out)
{
    struct cs_xrp_field f;

    if (!cs_xrp_find(object, id, &f)) {
        return false;
    }
    *out = (uint32_t)be(f.value);
    return true;
}

static bool get_amount(struct cs_span object, uint32_t id, struct cs_xrp_amount *out)
{
    struct cs_xrp_field f;
    struct cs_rd r;

    if (!cs_xrp_find(object, id, &f)) {
        return false;
    }
    r = CS_RD(f.value);
    return cs_xrp_rd_amount(&r, out, NULL) == CS_OK;
}

static void put_account(char out[CS_CHAIN_ADDRESS_MAX], struct cs_span object,
                        uint32_t id)
{
    struct cs_xrp_field f;

    if (cs_xrp_find(object, id, &f)) {
        cs_xrp_address(out, f.value.p);
    }
}

static void put_amount(struct cs_chain_tx *tx, struct cs_span object)
{
    struct cs_xrp_amount a;

    if (!get_amount(object, CS_XRP_F_AMOUNT, &a)) {
        return;
    }
    cs_xrp_amount_value(tx->amount, sizeof tx->amount, &a);
    cs_xrp_amount_asset(tx->asset, sizeof tx->asset, &a);
    cs_xrp_amount_issuer(tx->contract, sizeof tx->contract, &a);
    if (a.kind != CS_XRP_IOU) {
        (void)cs_text_decimal(tx->units, sizeof tx->units, a.mantissa, 0);
    }
}

/* The first memo that has data. */
static void put_memo(struct cs_chain_tx *tx, struct cs_span object)
{
    struct cs_xrp_field memos, memo, data;
    struct cs_rd r;

    if (!cs_xrp_find(object, CS_XRP_MEMOS, &memos)) {
        return;
    }
    r = CS_RD(memos.value);
    while (r.left > 0) {
        uint32_t last = 0; /* elements of an array have no order */

        if (cs_xrp_read(&r, &last, &memo, NULL) != CS_OK) {
            return;
        }
        if (cs_xrp_find(memo.value, CS_XRP_MEMO_DATA, &data)) {
            tx->is_memo_cut = !cs_text_show(tx->memo, sizeof tx->memo, data.value);
            return;
        }
    }
}

static bool is_clear_field(uint32_t id)
{
    for (size_t i = 0; i < CS_COUNTOF(clear_fields); i++) {
        if (clear_fields[i] == id) {
            return true;
        }
    }
    return false;
}

static bool is_clear_payment(struct cs_span object)
{
    struct cs_rd r = CS_RD(object);
    struct cs_xrp_field f;
    uint32_t last = 0, flags = 0;

    (void)get_u32(object, CS_XRP_FLAGS, &flags);
    while (r.left > 0) {
        if (cs_xrp_read(&r, &last, &f, NULL) != CS_OK || !is_clear_field(f.id)) {
            return false;
        }
    }
    return (flags & FLAG_PARTIAL_PAYMENT) == 0;
}

static void put_sequence(struct cs_chain_tx *tx, struct cs_span object)
{
    struct cs_text t = cs_text_begin(tx->sequence, sizeof tx->sequence);
    struct cs_text until = cs_text_begin(tx->valid_until, sizeof tx->valid_until);
    uint32_t v;

    if (get_u32(object, CS_XRP_TICKET, &v)) {
        cs_text_add(&t, "ticket ");
        cs_text_add_u64(&t, v);
    } else if (get_u32(object, CS_XRP_SEQUENCE, &v)) {
        cs_text_add_u64(&t, v);
    }
    if (get_u32(object, CS_XRP_LAST_LEDGER, &v)) {
        cs_text_add_u64(&until, v);
    }
}

static void put_fields(struct cs_chain_tx *tx, struct cs_span object)
{
    struct cs_xrp_amount fee;
    uint32_t v = 0;

    put_account(tx->from, object, CS_XRP_F_ACCOUNT);
    put_account(tx->to, object, CS_XRP_DESTINATION);
    put_amount(tx, object);
    if (get_amount(object, CS_XRP_FEE, &fee)) {
        (void)cs_text_decimal(tx->fee, sizeof tx->fee, fee.mantissa, XRP_DECIMALS);
        (void)cs_text_decimal(tx->fee_units, sizeof tx->fee_units, fee.mantissa, 0);
    }
    tx->has_tag = get_u32(object, CS_XRP_DESTINATION_TAG, &tx->tag);
    (void)get_u32(object, CS_XRP_NETWORK_ID, &v);
    tx->chain_id = v;
    tx->n_instructions = 1;
    put_sequence(tx, object);
    put_memo(tx, object);
}

static void add_amounts(struct cs_text *t, struct cs_span object)
{
    struct cs_xrp_amount a;

    for (size_t i = 0; i < CS_COUNTOF(labels); i++) {
        if (get_amount(object, labels[i].id, &a)) {
            cs_text_add(t, labels[i].label);
            cs_xrp_amount_add(t, &a);
        }
    }
}

static void add_head(struct cs_text *t, const struct cs_chain_tx *tx,
                     struct cs_span object)
{
    struct cs_xrp_amount a;

    cs_text_add(t, tx->kind);
    if (get_amount(object, CS_XRP_F_AMOUNT, &a)) {
        cs_text_add(t, " of ");
        cs_xrp_amount_add(t, &a);
    }
    cs_text_add(t, " from ");
    cs_text_add(t, tx->from);
    if (tx->to[0] != '\0') {
        cs_text_add(t, " to ");
        cs_text_add(t, tx->to);
    }
    if (tx->has_tag) {
        cs_text_add(t, " tag ");
        cs_text_add_u64(t, tx->tag);
    }
}

static void write_text(struct cs_chain_tx *tx, struct cs_span object)
{
    struct cs_text t = cs_text_begin(tx->text, sizeof tx->text);
    uint32_t flags = 0;

    add_head(&t, tx, object);
    add_amounts(&t, object);
    if (strcmp(tx->kind, "Payment") == 0 && get_u32(object, CS_XRP_FLAGS, &flags) &&
        (flags & FLAG_PARTIAL_PAYMENT) != 0) {
        cs_text_add(&t, "; partial payment: less may be delivered");
    }
    cs_text_add(&t, "; fee ");
    cs_text_add(&t, tx->fee);
    cs_text_add(&t, " XRP; sequence ");
    cs_text_add(&t, tx->sequence);
    if (tx->valid_until[0] != '\0') {
        cs_text_add(&t, "; valid until ledger ");
        cs_text_add(&t, tx->valid_until);
    }
    if (tx->chain_id != 0) {
        cs_text_add(&t, "; network ");
        cs_text_add_u64(&t, tx->chain_id);
    }
    if (tx->memo[0] != '\0') {
        cs_text_add(&t, "; memo: ");
        cs_text_add(&t, tx->memo);
    }
}

void cs_xrp_summary(struct cs_chain_tx *tx, struct cs_span object)
{
    struct cs_xrp_field type;
    const char *name = NULL;
    unsigned code = 0;

    if (cs_xrp_find(object, CS_XRP_TRANSACTION_TYPE, &type)) {
        code = (unsigned)be(type.value);
        name = cs_xrp_type_name(code);
    }
    CS_ASSERT(name != NULL); /* decode checked it */
    (void)cs_text_copy(tx->kind, sizeof tx->kind, name);
    put_fields(tx, object);
    tx->is_clear = code == TYPE_PAYMENT && is_clear_payment(object);
    write_text(tx, object);
}
