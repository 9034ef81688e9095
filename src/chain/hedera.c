/* HEDERA: accounts are numbers that the network gives; a secp256k1 key has an EVM
 * alias, any key its DER form.  The body's bytes are signed: whole (Ed25519) or as
 * keccak256. Source: hashgraph/hedera-protobufs, services; only transfers of HBAR. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "chain/evm.h"
#include "chain/impl.h"
#include "chain/pb.h"
#include "chain/text.h"

enum { DECIMALS = 8, ENTRIES_MAX = 10, WRAPPERS = 3 };

/* ---- addresses ------------------------------------------------------------------- */

/* SubjectPublicKeyInfo of the two algorithms, up to the key. */
static const uint8_t der_k1[] = {0x30, 0x2d, 0x30, 0x07, 0x06, 0x05, 0x2b,
                                 0x81, 0x04, 0x00, 0x0a, 0x03, 0x22, 0x00};
static const uint8_t der_ed[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

static enum cs_err address(char out[CS_CHAIN_ADDRESS_MAX],
                           const struct cs_chain_key *key, const char **why)
{
    bool is_k1 = key->curve == CS_CURVE_SECP256K1;
    bool is_der = key->format == CS_CHAIN_FORMAT_HEDERA_DER || !is_k1;
    struct cs_text t = cs_text_begin(out, CS_CHAIN_ADDRESS_MAX);
    uint8_t account[CS_EVM_ADDRESS_LEN];

    if (key->format != CS_CHAIN_FORMAT_DEFAULT &&
        key->format != CS_CHAIN_FORMAT_HEDERA_DER) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                               "HEDERA has EVM aliases and DER keys only");
    }
    if (is_der) {
        cs_text_add_hex(&t, is_k1 ? CS_SPAN_OF(der_k1) : CS_SPAN_OF(der_ed));
        cs_text_add_hex(&t, CS_SPAN(key->pub, key->pub_len));
    } else {
        cs_evm_account(account, key);
        cs_text_add(&t, "0x");
        cs_text_add_hex(&t, CS_SPAN_OF(account));
    }
    return CS_OK;
}

/* shard.realm.number, each without leading zeros */
static bool is_id(const char *text)
{
    size_t dots = 0, digits = 0;

    if (strnlen(text, 64) == 64) {
        return false;
    }
    for (const char *c = text; *c != '\0'; c++) {
        bool is_lead = digits == 1 && c[-1] == '0';

        if (*c == '.') {
            dots += digits > 0 ? 1U : 3U;
            digits = 0;
        } else if (*c < '0' || *c > '9' || is_lead || ++digits > 19) {
            return false;
        }
    }
    return dots == 2 && digits > 0;
}

static enum cs_err address_check(enum cs_chain_net net, const char *text,
                                 const char **why)
{
    uint8_t account[CS_EVM_ADDRESS_LEN];

    (void)net;
    if (is_id(text) || (strncmp(text, "0x", 2) == 0 &&
                        cs_unhex(account, sizeof account, text + 2) == CS_OK)) {
        return CS_OK;
    }
    return cs_chain_refuse(why, CS_ERR_CHAIN_ADDRESS,
                           "not a Hedera account: 0.0.number, or 0x and 40 hex digits");
}

/* ---- the body -------------------------------------------------------------------- */

static enum cs_err bad(const char **why, const char *text)
{
    return cs_chain_refuse(why, CS_ERR_CHAIN_TX, text);
}

enum body {
    B_ID,
    B_NODE,
    B_FEE,
    B_DURATION,
    B_RECORD,
    B_MEMO,
    B_TRANSFER,
    BODY_FIELDS
};

static const struct cs_pb_want body_wants[BODY_FIELDS] = {
    [B_ID] = {1, CS_PB_BYTES, false},        [B_NODE] = {2, CS_PB_BYTES, false},
    [B_FEE] = {3, CS_PB_VARINT, false},      [B_DURATION] = {4, CS_PB_BYTES, false},
    [B_RECORD] = {5, CS_PB_VARINT, false},   [B_MEMO] = {6, CS_PB_BYTES, false},
    [B_TRANSFER] = {14, CS_PB_BYTES, false},
};

static bool put_account(char out[CS_CHAIN_ADDRESS_MAX], struct cs_span in)
{
    static const struct cs_pb_want wants[] = {{1, CS_PB_VARINT, false},
                                              {2, CS_PB_VARINT, false},
                                              {3, CS_PB_VARINT, false},
                                              {4, CS_PB_BYTES, false}};
    struct cs_text t = cs_text_begin(out, CS_CHAIN_ADDRESS_MAX);
    struct cs_pb_got g[4];

    if (!cs_pb_read(in, wants, 4, g) || (g[2].count + g[3].count) != 1) {
        return false;
    }
    if (g[3].count == 1) { /* alias: an EVM address (keys are not supported) */
        cs_text_add(&t, "0x");
        cs_text_add_hex(&t, g[3].bytes);
        return g[3].bytes.n == CS_EVM_ADDRESS_LEN;
    }
    for (size_t i = 0; i < 3; i++) {
        cs_text_add(&t, i == 0 ? "" : ".");
        cs_text_add_u64(&t, g[i].varint);
    }
    return g[2].varint != 0 && g[2].varint <= INT64_MAX;
}

struct entry {
    char account[CS_CHAIN_ADDRESS_MAX];
    uint64_t amount; /* tinybars */
    bool is_debit, is_approval;
};

/* account, amount (zigzag), is it an allowance of another's? */
static bool read_entry(struct cs_span in, struct entry *e)
{
    static const struct cs_pb_want wants[] = {
        {1, CS_PB_BYTES, false}, {2, CS_PB_VARINT, false}, {3, CS_PB_VARINT, false}};
    struct cs_pb_got g[3];

    if (!cs_pb_read(in, wants, 3, g) || !put_account(e->account, g[0].bytes)) {
        return false;
    }
    e->is_debit = (g[1].varint & 1) != 0;
    e->amount = (g[1].varint >> 1) + (e->is_debit ? 1 : 0);
    e->is_approval = g[2].varint != 0;
    return e->amount != 0 && e->amount <= INT64_MAX && g[2].varint <= 1;
}

struct tally {
    uint64_t in, out;
    size_t n_debits, n_credits;
};

static void add_entry(struct cs_chain_tx *tx, struct cs_text *t, struct tally *y,
                      const struct entry *e)
{
    char amount[32];

    (void)cs_text_decimal(amount, sizeof amount, e->amount, DECIMALS);
    cs_text_add(t, e->is_debit ? " -" : " +");
    cs_text_add(t, amount);
    cs_text_add(t, " ");
    cs_text_add(t, e->account);
    if (e->is_debit) {
        y->n_debits++;
        y->out += e->amount;
        tx->is_clear = tx->is_clear && strcmp(e->account, tx->from) == 0;
    } else {
        y->n_credits++;
        y->in += e->amount;
        (void)cs_text_copy(tx->to, sizeof tx->to, e->account);
        (void)cs_text_copy(tx->amount, sizeof tx->amount, amount);
        (void)cs_text_decimal(tx->units, sizeof tx->units, e->amount, 0);
    }
    if (e->is_approval) {
        cs_text_add(t, " (by allowance)");
        tx->is_clear = false;
    }
}

static enum cs_err read_entries(struct cs_chain_tx *tx, struct cs_text *t,
                                struct cs_span list, const char **why)
{
    struct cs_rd r = CS_RD(list);
    struct tally y = {0};
    struct cs_pb_field f;
    struct entry e;

    for (size_t n = 0; r.left > 0; n++) {
        if (n == ENTRIES_MAX || !cs_pb_next(&r, &f) || !read_entry(f.bytes, &e)) {
            return bad(why, "Hedera transfer's entries are malformed, or more than 10");
        }
        if (y.in > INT64_MAX - e.amount || y.out > INT64_MAX - e.amount) {
            return bad(why, "Hedera transfer's amounts are too large");
        }
        add_entry(tx, t, &y, &e);
    }
    if (y.in != y.out || y.in == 0) {
        return bad(why, "Hedera transfer's amounts do not add up to zero");
    }
    if (y.n_credits > 1) { /* the fields stand for exactly one transfer */
        tx->to[0] = tx->amount[0] = tx->units[0] = '\0';
    }
    return CS_OK;
}

/* list of HBAR entries; token lists are refused */
static enum cs_err read_transfer(struct cs_chain_tx *tx, struct cs_text *t,
                                 struct cs_span in, const char **why)
{
    static const struct cs_pb_want outer[] = {{1, CS_PB_BYTES, false}};
    static const struct cs_pb_want list[] = {{1, CS_PB_BYTES, true}};
    struct cs_pb_got o[1], l[1];

    if (!cs_pb_read(in, outer, 1, o) || !cs_pb_read(o[0].bytes, list, 1, l) ||
        l[0].count == 0) {
        return bad(why, "Hedera transfer is malformed, or moves tokens: only HBAR is "
                        "supported");
    }
    return read_entries(tx, t, l[0].bytes, why);
}

/* valid start (seconds, nanoseconds), payer; not scheduled */
static enum cs_err read_id(struct cs_chain_tx *tx, struct cs_span in, const char **why)
{
    static const struct cs_pb_want wants[] = {
        {1, CS_PB_BYTES, false}, {2, CS_PB_BYTES, false}, {3, CS_PB_VARINT, false}};
    static const struct cs_pb_want time[] = {{1, CS_PB_VARINT, false},
                                             {2, CS_PB_VARINT, false}};
    struct cs_text t = cs_text_begin(tx->sequence, sizeof tx->sequence);
    struct cs_pb_got g[3], s[2];
    char nanos[24];

    if (!cs_pb_read(in, wants, 3, g) || g[2].varint != 0 ||
        !cs_pb_read(g[0].bytes, time, 2, s) || s[0].varint == 0 ||
        s[0].varint > INT64_MAX || s[1].varint > 999999999 ||
        !put_account(tx->from, g[1].bytes)) {
        return bad(why, "Hedera transaction id is malformed, or scheduled");
    }
    (void)snprintf(nanos, sizeof nanos, "%09u", (unsigned)s[1].varint);
    cs_text_add_u64(&t, s[0].varint);
    cs_text_add(&t, ".");
    cs_text_add(&t, nanos);
    return CS_OK;
}

static enum cs_err read_duration(struct cs_chain_tx *tx, struct cs_span in,
                                 const char **why)
{
    static const struct cs_pb_want wants[] = {{1, CS_PB_VARINT, false}};
    struct cs_text t = cs_text_begin(tx->valid_until, sizeof tx->valid_until);
    struct cs_pb_got g[1];

    if (!cs_pb_read(in, wants, 1, g) || g[0].varint == 0 || g[0].varint > 180) {
        return bad(why, "Hedera transaction is not valid for 1 to 180 seconds");
    }
    cs_text_add_u64(&t, g[0].varint);
    cs_text_add(&t, " s after start");
    return CS_OK;
}

static enum cs_err read_head(struct cs_chain_tx *tx, const struct cs_pb_got *g,
                             const char **why)
{
    char node[CS_CHAIN_ADDRESS_MAX];

    CS_CHECK(read_id(tx, g[B_ID].bytes, why));
    CS_CHECK(read_duration(tx, g[B_DURATION].bytes, why));
    if (!put_account(node, g[B_NODE].bytes)) {
        return bad(why, "Hedera transaction names no node");
    }
    if (g[B_FEE].varint > INT64_MAX || !cs_utf8_ok(g[B_MEMO].bytes) ||
        g[B_MEMO].bytes.n > 100 || g[B_RECORD].varint > 1) {
        return bad(why, "Hedera transaction's fee or memo is malformed");
    }
    (void)cs_text_decimal(tx->fee, sizeof tx->fee, g[B_FEE].varint, DECIMALS);
    (void)cs_text_decimal(tx->fee_units, sizeof tx->fee_units, g[B_FEE].varint, 0);
    tx->is_memo_cut = !cs_text_show(tx->memo, sizeof tx->memo, g[B_MEMO].bytes);
    return CS_OK;
}

static enum cs_err parse(struct cs_chain_tx *tx, struct cs_span payload,
                         const char **why)
{
    struct cs_text t = cs_text_begin(tx->text, sizeof tx->text);
    struct cs_pb_got g[BODY_FIELDS];

    if (!cs_pb_read(payload, body_wants, BODY_FIELDS, g) || g[B_TRANSFER].count == 0) {
        return bad(why, "not a Hedera transaction body with a transfer: malformed, or "
                        "of a kind that is not supported");
    }
    CS_CHECK(read_head(tx, g, why));
    tx->is_clear = true;
    tx->n_instructions = 1;
    (void)cs_text_copy(tx->kind, sizeof tx->kind, "transfer");
    (void)cs_text_copy(tx->asset, sizeof tx->asset, "HBAR");
    cs_text_add(&t, "transfer of HBAR:");
    CS_CHECK(read_transfer(tx, &t, g[B_TRANSFER].bytes, why));
    cs_text_add(&t, "; paid by ");
    cs_text_add(&t, tx->from);
    cs_text_add(&t, "; fee at most ");
    cs_text_add(&t, tx->fee);
    cs_text_add(&t, " HBAR");
    if (tx->memo[0] != '\0') {
        cs_text_add(&t, "; memo: ");
        cs_text_add(&t, tx->memo);
    }
    tx->is_clear = tx->is_clear && !t.is_cut;
    return CS_OK;
}

static enum cs_chain_hash hash(const struct cs_chain_key *key)
{
    return key->curve == CS_CURVE_ED25519 ? CS_CHAIN_HASH_NONE
                                          : CS_CHAIN_HASH_KECCAK256;
}

static enum cs_err decode(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                          struct cs_span payload, const char **why)
{
    struct cs_wr w = {.max = CS_CHAIN_PAYLOAD_MAX};

    CS_CHECK(parse(tx, payload, why));
    cs_wr_span(&w, payload);
    return cs_chain_one_item(tx, key, hash(key), &w);
}

/* A body, or one inside the messages that carry it (list, transaction, signed). */
static bool is_transaction(struct cs_span bytes)
{
    static const struct cs_pb_want wants[] = {{1, CS_PB_BYTES, false},
                                              {2, CS_PB_BYTES, false},
                                              {3, CS_PB_VARINT, false},
                                              {4, CS_PB_VARINT, false}};
    struct cs_pb_got g[4];

    for (int i = 0; i <= WRAPPERS && bytes.n > 0; i++) {
        struct cs_rd r = CS_RD(bytes);
        struct cs_pb_field f;

        if (!cs_pb_ok(bytes) || !cs_pb_next(&r, &f) || f.wire != CS_PB_BYTES) {
            return false;
        }
        if (r.left > 0 && f.number == 1 && cs_pb_read(f.bytes, wants, 4, g) &&
            g[0].count == 1 && g[1].count == 1) {
            return true;
        }
        bytes = f.bytes;
    }
    return false;
}

/* HIP-820.  The prefix does not part texts from bodies by itself: a reader of protocol
 * buffers that skips unknown fields can step over it, as over a group that the text
 * closes, and find a whole body in the rest. */
static enum cs_err prefix(struct cs_wr *w, const struct cs_chain_key *key,
                          struct cs_span message, const char **why)
{
    (void)key;
    cs_wr_printf(w, "\x19Hedera Signed Message:\n%zu", message.n);
    cs_wr_span(w, message);
    if (w->err == CS_OK && cs_pb_may_hold(cs_wr_get(w), 1)) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_MESSAGE,
                               "with its prefix the message can be read as a Hedera "
                               "transaction body: change its wording");
    }
    return w->err;
}

/* ---- final encoding
 * ------------------------------------------------------------------ */

/* Wraps what w holds as field `number` of a message. */
static void wrap(struct cs_wr *w, uint32_t number)
{
    struct cs_wr outer = {.max = w->max};

    cs_pb_put_bytes(&outer, number, cs_wr_get(w));
    if (w->err != CS_OK) {
        outer.err = w->err;
    }
    cs_wr_free(w);
    *w = outer;
}

/* list.transaction.signedTransactionBytes: body = 1, map = 2 of pairs (key prefix = 1,
 * Ed25519 = 3, secp256k1 = 6) */
static enum cs_err finish(struct cs_chain_signed *out, const struct cs_chain_key *key,
                          struct cs_span payload, const struct cs_chain_tx *tx,
                          const struct cs_chain_sig *sigs, const char **why)
{
    bool is_ed = key->curve == CS_CURVE_ED25519;
    struct cs_wr map = {0};
    struct cs_text id = cs_text_begin(out->txid, sizeof out->txid);

    (void)why;
    cs_pb_put_bytes(&map, 1, CS_SPAN(key->pub, key->pub_len));
    cs_pb_put_bytes(&map, is_ed ? 3 : 6, CS_SPAN(sigs[0].rs, sizeof sigs[0].rs));
    wrap(&map, 1);
    cs_pb_put_bytes(&out->bytes, 1, payload);
    cs_pb_put_bytes(&out->bytes, 2, cs_wr_get(&map));
    if (map.err != CS_OK) {
        out->bytes.err = map.err;
    }
    cs_wr_free(&map);
    wrap(&out->bytes, 5);
    wrap(&out->bytes, 1);
    cs_text_add(&id, tx->from);
    cs_text_add(&id, "@");
    cs_text_add(&id, tx->sequence);
    return out->bytes.err;
}

const struct cs_chain_ops cs_hedera_ops = {
    .address = address,
    .address_check = address_check,
    .decode = decode,
    .prefix = prefix,
    .is_transaction = is_transaction,
    .finish = finish,
    .hash = hash,
};
