/* EVM transactions: parsing, what is signed, final encoding; see evm.h. */
#include <string.h>

#include "chain/evm.h"
#include "chain/impl.h"
#include "chain/rlp.h"

enum {
    FIELDS_MAX = 12, /* EIP-1559 with v, r, s */
    LEGACY_FIELDS = 6,
    RLP_STRING = 0x80,
    RLP_LIST = 0xc0,
    LAST_TYPE = 0x7f, /* EIP-2718: types are below the first RLP header */
};

static enum cs_err bad(const char **why, const char *text)
{
    return cs_chain_refuse(why, CS_ERR_CHAIN_TX, text);
}

static bool is_empty(const struct cs_rlp *item)
{
    return !item->is_list && item->body.n == 0;
}

static bool are_empty(const struct cs_rlp *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_empty(&items[i])) {
            return false;
        }
    }
    return true;
}

/* n fields, one behind the other. */
static struct cs_span run(const struct cs_rlp *items, size_t n)
{
    const struct cs_span last = items[n - 1].whole;

    return CS_SPAN(items[0].whole.p, (size_t)(last.p + last.n - items[0].whole.p));
}

/* ---- access list: [[address, [key, ..]], ..] --------------------------------- */

static bool read_keys(const struct cs_rlp *list)
{
    struct cs_rd r = CS_RD(list->body);
    struct cs_rlp key;

    while (r.left > 0) {
        if (!cs_rlp_next(&r, &key) || key.is_list || key.body.n != CS_EVM_WORD) {
            return false;
        }
    }
    return list->is_list;
}

static enum cs_err read_access(struct cs_evm_tx *t, const struct cs_rlp *list,
                               const char **why)
{
    struct cs_rd r = CS_RD(list->body);
    struct cs_rlp entry, pair[2];
    size_t n;

    if (!list->is_list) {
        return bad(why, "EVM transaction's access list is not a list");
    }
    while (r.left > 0) {
        if (!cs_rlp_next(&r, &entry) || !cs_rlp_list(entry.whole, pair, 2, &n) ||
            n != 2 || pair[0].is_list || pair[0].body.n != CS_EVM_ADDRESS_LEN ||
            !read_keys(&pair[1])) {
            return bad(why, "EVM transaction's access list is malformed");
        }
        t->n_access++;
    }
    return CS_OK;
}

/* ---- fields ------------------------------------------------------------------ */

static enum cs_err read_nonce_gas(struct cs_evm_tx *t, const struct cs_rlp *nonce,
                                  const struct cs_rlp *gas, const char **why)
{
    if (!cs_rlp_u64(nonce, &t->nonce) || t->nonce == UINT64_MAX) { /* EIP-2681 */
        return bad(why, "EVM transaction's nonce is not a number below 2^64 - 1");
    }
    if (!cs_rlp_u64(gas, &t->gas)) {
        return bad(why, "EVM transaction's gas limit is not a 64-bit number");
    }
    return CS_OK;
}

static enum cs_err read_price(struct cs_evm_tx *t, const struct cs_rlp *price,
                              const char **why)
{
    if (!cs_rlp_number(price, CS_EVM_WORD, &t->max_price)) {
        return bad(why, "EVM transaction's gas price is not a 256-bit number");
    }
    return CS_OK;
}

/* Big-endian numbers without leading zeros. */
static bool is_less(struct cs_span a, struct cs_span b)
{
    if (a.n != b.n) {
        return a.n < b.n;
    }
    return a.n > 0 && memcmp(a.p, b.p, a.n) < 0;
}

static enum cs_err check_tip(const struct cs_evm_tx *t, const struct cs_rlp *tip,
                             const char **why)
{
    struct cs_span v;

    if (!cs_rlp_number(tip, CS_EVM_WORD, &v)) {
        return bad(why, "EVM transaction's priority fee is not a 256-bit number");
    }
    if (is_less(t->max_price, v)) {
        return bad(why, "EVM transaction's priority fee is above its maximum fee");
    }
    return CS_OK;
}

/* to, value, data */
static enum cs_err read_call(struct cs_evm_tx *t, const struct cs_rlp *f,
                             const char **why)
{
    t->to = f[0].body;
    if (f[0].is_list || (t->to.n != 0 && t->to.n != CS_EVM_ADDRESS_LEN)) {
        return bad(why, "EVM transaction's recipient is not 20 bytes long");
    }
    if (!cs_rlp_number(&f[1], CS_EVM_WORD, &t->value)) {
        return bad(why, "EVM transaction's value is not a 256-bit number");
    }
    t->data = f[2].body;
    if (f[2].is_list) {
        return bad(why, "EVM transaction's data is not a byte string");
    }
    if (t->to.n == 0 && t->data.n == 0) {
        return bad(why, "EVM transaction has neither a recipient nor code for a new "
                        "contract");
    }
    return CS_OK;
}

static enum cs_err read_chain(struct cs_evm_tx *t, const struct cs_rlp *id,
                              const char **why)
{
    const uint64_t max = (UINT64_MAX - 36) / 2; /* v of a legacy transaction fits */

    if (!cs_rlp_u64(id, &t->chain_id) || t->chain_id == 0 || t->chain_id > max) {
        return bad(why, "EVM transaction's chain id is zero or too large");
    }
    return CS_OK;
}

/* ---- the three types --------------------------------------------------------- */

/* nonce, gasPrice, gas, to, value, data; then chainId, 0, 0 (EIP-155), or in geth's
 * form three empty strings. */
static enum cs_err read_legacy(struct cs_evm_tx *t, struct cs_span list,
                               const char **why)
{
    struct cs_rlp f[FIELDS_MAX];
    size_t n;

    if (!cs_rlp_list(list, f, FIELDS_MAX, &n)) {
        return bad(why, "EVM transaction is not one canonical RLP list");
    }
    if (n == LEGACY_FIELDS) {
        return bad(why,
                   "EVM transaction of six fields is valid on every chain: put the "
                   "chain id there (EIP-155)");
    }
    if (n != LEGACY_FIELDS + 3) {
        return bad(why, "EVM legacy transaction does not have nine fields");
    }
    t->type = CS_EVM_LEGACY;
    CS_CHECK(read_nonce_gas(t, &f[0], &f[2], why));
    CS_CHECK(read_price(t, &f[1], why));
    CS_CHECK(read_call(t, &f[3], why));
    if (!are_empty(&f[7], 2)) {
        return bad(why, "EVM transaction is signed already: r or s is there");
    }
    if (!is_empty(&f[6])) {
        CS_CHECK(read_chain(t, &f[6], why));
    }
    t->fields = run(f, LEGACY_FIELDS);
    return CS_OK;
}

/* EIP-2930: chainId, nonce, gasPrice, gas, to, value, data, accessList
 * EIP-1559: chainId, nonce, tip, maxFee, gas, to, value, data, accessList */
static enum cs_err read_typed_fields(struct cs_evm_tx *t, const struct cs_rlp *f,
                                     const char **why)
{
    size_t i = t->type == CS_EVM_1559 ? 1 : 0;

    CS_CHECK(read_chain(t, &f[0], why));
    CS_CHECK(read_nonce_gas(t, &f[1], &f[3 + i], why));
    CS_CHECK(read_price(t, &f[2 + i], why));
    if (t->type == CS_EVM_1559) {
        CS_CHECK(check_tip(t, &f[2], why));
    }
    CS_CHECK(read_call(t, &f[4 + i], why));
    return read_access(t, &f[7 + i], why);
}

static enum cs_err read_typed(struct cs_evm_tx *t, struct cs_span body, bool is_geth,
                              const char **why)
{
    struct cs_rlp f[FIELDS_MAX];
    size_t n, want;

    if (body.n == 0 || (body.p[0] != CS_EVM_2930 && body.p[0] != CS_EVM_1559)) {
        return bad(why, "EVM transaction type is not supported: legacy, 1 (EIP-2930) "
                        "and 2 (EIP-1559) are");
    }
    t->type = body.p[0] == CS_EVM_2930 ? CS_EVM_2930 : CS_EVM_1559;
    want = t->type == CS_EVM_2930 ? 8 : 9;
    if (!cs_rlp_list(CS_SPAN(body.p + 1, body.n - 1), f, FIELDS_MAX, &n)) {
        return bad(why, "EVM transaction is not one canonical RLP list");
    }
    if (n != want + (is_geth ? 3 : 0)) {
        return bad(why, is_geth ? "EVM transaction does not have its fields and three "
                                  "empty ones for v, r, s"
                                : "EVM transaction has another number of fields than "
                                  "its type");
    }
    if (is_geth && !are_empty(&f[want], 3)) {
        return bad(why, "EVM transaction is signed already: v, r or s is there");
    }
    t->fields = run(f, want);
    return read_typed_fields(t, f, why);
}

enum cs_err cs_evm_parse(struct cs_evm_tx *out, struct cs_span payload,
                         const char **why)
{
    struct cs_rd r = CS_RD(payload);
    struct cs_rlp s;

    memset(out, 0, sizeof *out);
    if (payload.n > 0 && payload.p[0] >= RLP_LIST) {
        return read_legacy(out, payload, why);
    }
    if (payload.n > 0 && payload.p[0] >= RLP_STRING) { /* geth: a string around it */
        if (!cs_rlp_next(&r, &s) || r.left != 0) {
            return bad(why, "EVM transaction is not one canonical RLP string");
        }
        return read_typed(out, s.body, true, why);
    }
    return read_typed(out, payload, false, why);
}

bool cs_evm_looks(struct cs_span bytes)
{
    struct cs_rd r = CS_RD(bytes);
    struct cs_rlp s, f[FIELDS_MAX];
    size_t n;

    if (bytes.n > 0 && bytes.p[0] >= RLP_STRING && bytes.p[0] < RLP_LIST &&
        cs_rlp_next(&r, &s) && r.left == 0) {
        bytes = s.body;
    }
    if (bytes.n > 0 && bytes.p[0] <= LAST_TYPE) {
        bytes = CS_SPAN(bytes.p + 1, bytes.n - 1);
    }
    return cs_rlp_list(bytes, f, FIELDS_MAX, &n) && n >= LEGACY_FIELDS;
}

/* ---- writing ----------------------------------------------------------------- */

/* [type] list(fields, tail).  Takes the tail's bytes and frees them. */
static void put_list(struct cs_wr *w, const struct cs_evm_tx *t, struct cs_wr *tail)
{
    struct cs_span end = cs_wr_get(tail);

    if (tail->err != CS_OK) {
        w->err = w->err == CS_OK ? tail->err : w->err;
    }
    if (t->type != CS_EVM_LEGACY) {
        cs_wr_u8(w, (uint8_t)t->type);
    }
    cs_rlp_put_list(w, t->fields.n + end.n);
    cs_wr_span(w, t->fields);
    cs_wr_span(w, end);
    cs_wr_free(tail);
}

void cs_evm_signing(struct cs_wr *w, const struct cs_evm_tx *t)
{
    struct cs_wr tail = {0};

    if (t->type == CS_EVM_LEGACY) { /* EIP-155 */
        cs_rlp_put_u64(&tail, t->chain_id);
        cs_rlp_put_u64(&tail, 0);
        cs_rlp_put_u64(&tail, 0);
    }
    put_list(w, t, &tail);
}

void cs_evm_signed(struct cs_wr *w, const struct cs_evm_tx *t, const uint8_t rs[64],
                   uint8_t parity)
{
    struct cs_wr tail = {0};
    uint64_t v = parity;

    if (t->type == CS_EVM_LEGACY) {
        v += 35 + 2 * t->chain_id;
    }
    cs_rlp_put_u64(&tail, v);
    cs_rlp_put_number(&tail, CS_SPAN(rs, 32));
    cs_rlp_put_number(&tail, CS_SPAN(rs + 32, 32));
    put_list(w, t, &tail);
}
