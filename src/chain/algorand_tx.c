/* Algorand transactions: canonical MessagePack, payments and asset transfers; see
 * algorand.h.  Canonical: keys sorted, shortest forms, nothing that is zero or empty.
 */
#include <string.h>

#include "base/rd.h"
#include "chain/algorand.h"
#include "chain/impl.h"
#include "chain/text.h"

enum { KEYS_MAX = 15, KEY_TEXT_MAX = 8, NOTE_MAX = 1024, DECIMALS = 6 };

static enum cs_err bad(const char **why, const char *text)
{
    return cs_chain_refuse(why, CS_ERR_CHAIN_TX, text);
}

/* ---- MessagePack ----------------------------------------------------------------- */

struct value {
    enum { NUMBER, BYTES, STRING } type;
    uint64_t number;
    struct cs_span bytes;
};

/* cc, cd, ce, cf: 1, 2, 4, 8 bytes, when fewer do not do. */
static bool read_number(struct cs_rd *r, uint8_t head, struct value *v)
{
    static const uint64_t least[4] = {0x80, 0x100, 0x10000, 0x100000000};
    unsigned size = head - 0xccU;

    v->type = NUMBER;
    switch (size) {
    case 0:
        v->number = cs_rd_u8(r);
        break;
    case 1:
        v->number = cs_rd_u16(r);
        break;
    case 2:
        v->number = cs_rd_u32(r);
        break;
    default:
        v->number = cs_rd_u64(r);
    }
    return r->err == CS_OK && v->number >= least[size];
}

static bool read_value(struct cs_rd *r, struct value *v)
{
    uint8_t head = cs_rd_u8(r);
    size_t n;

    memset(v, 0, sizeof *v);
    if (r->err != CS_OK) {
        return false;
    }
    if (head < 0x80) {
        v->number = head;
        return head != 0; /* zero is left out */
    }
    if (head >= 0xcc && head <= 0xcf) {
        return read_number(r, head, v);
    }
    v->type = BYTES;
    if ((head & 0xe0) == 0xa0) {
        v->type = STRING;
        n = head & 31;
    } else if (head == 0xc4) {
        n = cs_rd_u8(r);
    } else if (head == 0xc5) {
        n = cs_rd_u16(r);
        if (n < 0x100) {
            return false;
        }
    } else {
        return false;
    }
    v->bytes = cs_rd_span(r, n);
    return r->err == CS_OK && n > 0;
}

/* ---- fields
 * -------------------------------------------------------------------------- */

enum field {
    F_AAMT,
    F_ACLOSE,
    F_AMT,
    F_ARCV,
    F_CLOSE,
    F_FEE,
    F_FV,
    F_GEN,
    F_GH,
    F_GRP,
    F_LV,
    F_LX,
    F_NOTE,
    F_RCV,
    F_SND,
    F_TYPE,
    F_XAID,
    N_FIELDS
};

/* Sorted by name, as they stand in a transaction. */
static const struct want {
    const char *name;
    int type;
    size_t n; /* exact length of bytes; 0: any */
} wants[N_FIELDS] = {
    [F_AAMT] = {"aamt", NUMBER, 0},   [F_ACLOSE] = {"aclose", BYTES, 32},
    [F_AMT] = {"amt", NUMBER, 0},     [F_ARCV] = {"arcv", BYTES, 32},
    [F_CLOSE] = {"close", BYTES, 32}, [F_FEE] = {"fee", NUMBER, 0},
    [F_FV] = {"fv", NUMBER, 0},       [F_GEN] = {"gen", STRING, 0},
    [F_GH] = {"gh", BYTES, 32},       [F_GRP] = {"grp", BYTES, 32},
    [F_LV] = {"lv", NUMBER, 0},       [F_LX] = {"lx", BYTES, 32},
    [F_NOTE] = {"note", BYTES, 0},    [F_RCV] = {"rcv", BYTES, 32},
    [F_SND] = {"snd", BYTES, 32},     [F_TYPE] = {"type", STRING, 0},
    [F_XAID] = {"xaid", NUMBER, 0},
};

static bool is_named(struct cs_span s, const char *name)
{
    return s.n == strlen(name) && memcmp(s.p, name, s.n) == 0;
}

static enum cs_err unknown(struct cs_span name, const char **why)
{
    if (is_named(name, "rekey")) {
        return bad(why,
                   "Algorand transaction gives the account to another key (rekey)");
    }
    return bad(why, "Algorand transaction holds a field that is not understood, or out "
                    "of order");
}

static enum cs_err read_map(struct value got[N_FIELDS], bool has[N_FIELDS],
                            struct cs_span map, const char **why)
{
    struct cs_rd r = CS_RD(map);
    uint8_t head = cs_rd_u8(&r);
    size_t next = 0;

    if (r.err != CS_OK || (head & 0xf0) != 0x80) {
        return bad(why, "not an Algorand transaction (MessagePack map)");
    }
    for (unsigned i = 0; i < (head & 15U); i++) {
        struct value key;

        if (!read_value(&r, &key) || key.type != STRING) {
            return bad(why, "Algorand transaction is cut or not canonical");
        }
        while (next < N_FIELDS && !is_named(key.bytes, wants[next].name)) {
            next++;
        }
        if (next == N_FIELDS) {
            return unknown(key.bytes, why);
        }
        if (!read_value(&r, &got[next]) || (int)got[next].type != wants[next].type ||
            (wants[next].n != 0 && got[next].bytes.n != wants[next].n)) {
            return bad(why, "Algorand transaction is cut or not canonical");
        }
        has[next++] = true;
    }
    return cs_rd_end(&r) == CS_OK
               ? CS_OK
               : bad(why, "Algorand transaction has bytes behind its end");
}

static enum cs_err check_kind(struct cs_algo_tx *t, const struct value *v,
                              const bool *has, const char **why)
{
    bool has_pay = has[F_AMT] || has[F_RCV] || has[F_CLOSE];
    bool has_asset = has[F_AAMT] || has[F_ARCV] || has[F_ACLOSE] || has[F_XAID];

    t->is_asset = is_named(v[F_TYPE].bytes, "axfer");
    if (!t->is_asset && !is_named(v[F_TYPE].bytes, "pay")) {
        return bad(why, "Algorand transaction is neither a payment nor an asset "
                        "transfer");
    }
    if (t->is_asset ? has_pay || !has[F_XAID] : has_asset) {
        return bad(why, "Algorand transaction holds fields of another type");
    }
    if (!has[F_SND] || !has[F_GH] || !has[F_LV]) {
        return bad(why, "Algorand transaction has no sender, network or last round");
    }
    if (v[F_NOTE].bytes.n > NOTE_MAX) {
        return bad(why, "Algorand note is longer than 1024 bytes");
    }
    return CS_OK;
}

enum cs_err cs_algo_parse(struct cs_algo_tx *out, struct cs_span map, const char **why)
{
    struct value v[N_FIELDS] = {0};
    bool has[N_FIELDS] = {0};

    memset(out, 0, sizeof *out);
    CS_CHECK(read_map(v, has, map, why));
    CS_CHECK(check_kind(out, v, has, why));
    out->amount = v[out->is_asset ? F_AAMT : F_AMT].number;
    out->receiver = v[out->is_asset ? F_ARCV : F_RCV].bytes.p;
    out->close = v[out->is_asset ? F_ACLOSE : F_CLOSE].bytes.p;
    out->asset = v[F_XAID].number;
    out->fee = v[F_FEE].number;
    out->first = v[F_FV].number;
    out->last = v[F_LV].number;
    out->sender = v[F_SND].bytes.p;
    out->genesis = v[F_GH].bytes.p;
    out->note = v[F_NOTE].bytes;
    out->group = v[F_GRP].bytes;
    return CS_OK;
}

/* ---- summary
 * --------------------------------------------------------------------------- */

static void put_amount(struct cs_chain_tx *tx, const struct cs_algo_tx *t)
{
    (void)cs_text_decimal(tx->units, sizeof tx->units, t->amount, 0);
    if (t->is_asset) {
        (void)cs_text_copy(tx->asset, sizeof tx->asset, "ASA");
        (void)cs_text_decimal(tx->contract, sizeof tx->contract, t->asset, 0);
        (void)cs_text_copy(tx->kind, sizeof tx->kind, "token transfer");
    } else {
        (void)cs_text_copy(tx->asset, sizeof tx->asset, "ALGO");
        (void)cs_text_decimal(tx->amount, sizeof tx->amount, t->amount, DECIMALS);
        (void)cs_text_copy(tx->kind, sizeof tx->kind, "transfer");
    }
}

static void put_fields(struct cs_chain_tx *tx, const struct cs_algo_tx *t)
{
    static const uint8_t zero[CS_ALGO_KEY_LEN];

    tx->n_instructions = 1;
    put_amount(tx, t);
    cs_algo_address(tx->from, t->sender);
    cs_algo_address(tx->to, t->receiver == NULL ? zero : t->receiver);
    (void)cs_text_decimal(tx->fee, sizeof tx->fee, t->fee, DECIMALS);
    (void)cs_text_decimal(tx->fee_units, sizeof tx->fee_units, t->fee, 0);
    (void)cs_text_decimal(tx->sequence, sizeof tx->sequence, t->first, 0);
    (void)cs_text_decimal(tx->valid_until, sizeof tx->valid_until, t->last, 0);
    tx->is_memo_cut = !cs_text_show(tx->memo, sizeof tx->memo, t->note);
    tx->is_clear = t->close == NULL && t->group.n == 0;
}

void cs_algo_summary(struct cs_chain_tx *tx, const struct cs_algo_tx *t)
{
    struct cs_text text = cs_text_begin(tx->text, sizeof tx->text);
    char close[CS_CHAIN_ADDRESS_MAX];

    put_fields(tx, t);
    cs_text_add(&text, tx->kind);
    cs_text_add(&text, " of ");
    cs_text_add(&text, t->is_asset ? tx->units : tx->amount);
    cs_text_add(&text, t->is_asset ? " units of asset " : " ALGO");
    cs_text_add(&text, tx->contract);
    cs_text_add(&text, " from ");
    cs_text_add(&text, tx->from);
    cs_text_add(&text, " to ");
    cs_text_add(&text, tx->to);
    if (t->close != NULL) {
        cs_algo_address(close, t->close);
        cs_text_add(&text, "; and all that is left to ");
        cs_text_add(&text, close);
    }
    if (t->group.n != 0) {
        cs_text_add(&text, "; one of a group that happens together");
    }
    cs_text_add(&text, "; fee ");
    cs_text_add(&text, tx->fee);
    cs_text_add(&text, " ALGO; valid until round ");
    cs_text_add(&text, tx->valid_until);
    if (tx->memo[0] != '\0') {
        cs_text_add(&text, "; note: ");
        cs_text_add(&text, tx->memo);
    }
}
