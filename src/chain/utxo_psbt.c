/* PSBT version 0 (BIP 174, BIP 371), strict: the own inputs unsigned, with no fields
 * but those that are understood, each at most once; see utxo.h. */
#include <string.h>

#include "base/mem.h"
#include "chain/impl.h"
#include "chain/le.h"
#include "chain/utxo.h"

static const uint8_t magic[5] = {'p', 's', 'b', 't', 0xff};

enum { MAP_KEYS_MAX = 64 };

enum global_type { G_TX = 0x00, G_XPUB = 0x01, G_VERSION = 0xfb, PROPRIETARY = 0xfc };

enum in_type {
    IN_NON_WITNESS = 0x00,
    IN_WITNESS = 0x01,
    IN_PARTIAL_SIG = 0x02,
    IN_SIGHASH = 0x03,
    IN_REDEEM = 0x04,
    IN_BIP32 = 0x06,
    IN_FINAL_SCRIPT = 0x07,
    IN_FINAL_WITNESS = 0x08,
    IN_TAP_SIG = 0x13,
    IN_TAP_SCRIPT_SIG = 0x14,
    IN_TAP_BIP32 = 0x16,
    IN_TAP_KEY = 0x17,
    IN_TAP_ROOT = 0x18,
};

enum out_type {
    OUT_REDEEM = 0,
    OUT_WITNESS = 1,
    OUT_BIP32 = 2,
    OUT_TAP_KEY = 5,
    OUT_TAP_TREE = 6,
    OUT_TAP_BIP32 = 7
};

static enum cs_err bad(const char **why, const char *text)
{
    return cs_chain_refuse(why, CS_ERR_CHAIN_TX, text);
}

/* ---- maps ---------------------------------------------------------------------- */

struct entry {
    uint64_t type;
    struct cs_span key; /* type included */
    struct cs_span value;
};

struct map {
    struct cs_span keys[MAP_KEYS_MAX]; /* seen so far */
    size_t n;
};

static bool is_twice(const struct map *m, struct cs_span key)
{
    for (size_t i = 0; i < m->n; i++) {
        if (m->keys[i].n == key.n && memcmp(m->keys[i].p, key.p, key.n) == 0) {
            return true;
        }
    }
    return false;
}

/* The next entry; *more is false at the end of the map. */
static enum cs_err next(struct cs_rd *r, struct map *m, struct entry *e, bool *more,
                        const char **why)
{
    struct cs_rd key;

    e->key = cs_rd_compact_span(r);
    *more = e->key.n != 0;
    if (r->err != CS_OK) {
        return bad(why, "PSBT ends early, or a length in it is malformed");
    }
    if (!*more) {
        return CS_OK;
    }
    e->value = cs_rd_compact_span(r);
    key = CS_RD(e->key);
    e->type = cs_rd_compact(&key);
    if (r->err != CS_OK || key.err != CS_OK) {
        return bad(why, "PSBT ends early, or a length in it is malformed");
    }
    if (m->n == MAP_KEYS_MAX || is_twice(m, e->key)) {
        return bad(why, "PSBT holds a field twice, or more than 64 in one map");
    }
    m->keys[m->n++] = e->key;
    return CS_OK;
}

/* Fields whose key is the type alone. */
static bool is_bare(const struct entry *e)
{
    return e->key.n == 1;
}

static enum cs_err read_globals(struct cs_rd *r, struct cs_span *tx, const char **why)
{
    struct map m = {.n = 0};
    struct entry e;
    bool more = true;

    *tx = CS_SPAN(NULL, 0);
    for (;;) {
        CS_CHECK(next(r, &m, &e, &more, why));
        if (!more) {
            break;
        }
        if (e.type == G_TX && is_bare(&e)) {
            *tx = e.value;
        } else if (e.type == G_VERSION) {
            static const uint8_t zero[4];

            if (!is_bare(&e) || e.value.n != 4 || memcmp(e.value.p, zero, 4) != 0) {
                return bad(why, "PSBT version is not 0");
            }
        } else if (e.type != G_XPUB && e.type != PROPRIETARY) {
            return bad(why, "PSBT holds a global field that is not understood (only "
                            "version 0 is)");
        }
    }
    return tx->n == 0 ? bad(why, "PSBT holds no unsigned transaction") : CS_OK;
}

/* ---- the unsigned transaction -------------------------------------------------- */

static bool is_outpoint_twice(const struct cs_utxo_tx *t, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (memcmp(t->ins[k].outpoint, t->ins[i].outpoint, CS_UTXO_OUTPOINT_LEN) == 0) {
            return true;
        }
    }
    return false;
}

static enum cs_err read_ins(struct cs_utxo_tx *t, const char **why)
{
    struct cs_rd r = CS_RD(t->raw.ins);
    struct cs_utxo_raw_in in;

    t->ins = cs_alloc_array(t->raw.n_ins, sizeof *t->ins);
    if (t->ins == NULL) {
        return CS_ERR_NOMEM;
    }
    for (size_t i = 0; i < t->raw.n_ins; i++) {
        cs_utxo_next_in(&r, &in);
        if (in.script.n != 0) {
            return bad(why, "PSBT's transaction holds a script or signature in an "
                            "input");
        }
        t->ins[i].outpoint = in.outpoint;
        t->ins[i].sequence = in.sequence;
        if (is_outpoint_twice(t, i)) {
            return bad(why, "PSBT's transaction spends one output twice");
        }
    }
    return CS_OK;
}

static enum cs_err sum_outs(struct cs_utxo_tx *t, const char **why)
{
    struct cs_rd r = CS_RD(t->raw.outs);
    struct cs_utxo_out out;

    for (size_t i = 0; i < t->raw.n_outs; i++) {
        cs_utxo_next_out(&r, &out);
        if (out.value > t->chain->max_money ||
            t->out_sum > t->chain->max_money - out.value) {
            return bad(why, "PSBT's outputs are more coins than there are");
        }
        t->out_sum += out.value;
    }
    return CS_OK;
}

static enum cs_err read_tx(struct cs_utxo_tx *t, struct cs_span bytes, const char **why)
{
    if (!cs_utxo_raw(&t->raw, bytes) || t->raw.has_witness) {
        return bad(why, "PSBT's unsigned transaction is malformed");
    }
    if (t->raw.version < 1 || t->raw.version > 3) {
        return bad(why, "PSBT's transaction has a version that is not 1, 2 or 3");
    }
    if (t->raw.n_ins > CS_CHAIN_ITEMS_MAX) {
        return bad(why, "PSBT's transaction has more than 512 inputs");
    }
    CS_CHECK(read_ins(t, why));
    return sum_outs(t, why);
}

/* ---- inputs -------------------------------------------------------------------- */

struct fields {
    struct cs_span previous, witness, redeem, tap_key;
    bool has_previous, has_witness, has_redeem, has_tap_key, has_sighash, has_other;
    uint32_t sighash;
    uint64_t other; /* type of the first field that no own input may hold */
};

static void keep(struct cs_span *to, bool *has, struct cs_span value)
{
    *to = value;
    *has = true;
}

static enum cs_err take_sighash(struct fields *f, struct cs_span value,
                                const char **why)
{
    struct cs_rd r = CS_RD(value);

    f->sighash = cs_rd_le32(&r);
    f->has_sighash = true;
    return cs_rd_end(&r) == CS_OK ? CS_OK
                                  : bad(why, "PSBT input's sighash type is malformed");
}

static enum cs_err keep_other(struct fields *f, uint64_t type)
{
    f->other = f->has_other ? f->other : type;
    f->has_other = true;
    return CS_OK;
}

static enum cs_err refuse_field(uint64_t type, const char **why)
{
    switch (type) {
    case IN_PARTIAL_SIG:
    case IN_FINAL_SCRIPT:
    case IN_FINAL_WITNESS:
    case IN_TAP_SIG:
    case IN_TAP_SCRIPT_SIG:
        return bad(why, "PSBT is signed already: an input carries a signature");
    case IN_TAP_ROOT:
        return bad(why, "PSBT input has a Taproot script tree: only key paths without "
                        "scripts are signed");
    default:
        return bad(why, "PSBT input holds a field that is not understood");
    }
}

static enum cs_err take(struct fields *f, const struct entry *e, const char **why)
{
    if (e->type == IN_BIP32 || e->type == IN_TAP_BIP32 || e->type == PROPRIETARY) {
        return CS_OK; /* nothing of what is signed */
    }
    if (!is_bare(e)) {
        return keep_other(f, e->type);
    }
    switch (e->type) {
    case IN_NON_WITNESS:
        keep(&f->previous, &f->has_previous, e->value);
        return CS_OK;
    case IN_WITNESS:
        keep(&f->witness, &f->has_witness, e->value);
        return CS_OK;
    case IN_REDEEM:
        keep(&f->redeem, &f->has_redeem, e->value);
        return CS_OK;
    case IN_TAP_KEY:
        keep(&f->tap_key, &f->has_tap_key, e->value);
        return CS_OK;
    case IN_SIGHASH:
        return take_sighash(f, e->value, why);
    default:
        return keep_other(f, e->type);
    }
}

static uint32_t index_of(const uint8_t *outpoint)
{
    struct cs_rd r = CS_RD(CS_SPAN(outpoint + 32, 4));

    return cs_rd_le32(&r);
}

/* The spent output out of the whole previous transaction, whose hash the input names.
 */
static enum cs_err from_previous(struct cs_utxo_in *in, struct cs_span previous,
                                 const char **why)
{
    struct cs_utxo_raw raw;
    struct cs_utxo_out out = {0};
    uint8_t id[32];
    struct cs_rd r;

    if (!cs_utxo_raw(&raw, previous)) {
        return bad(why, "PSBT input's previous transaction is malformed");
    }
    CS_CHECK(cs_utxo_txid(id, &raw));
    if (memcmp(id, in->outpoint, sizeof id) != 0 ||
        index_of(in->outpoint) >= raw.n_outs) {
        return bad(why, "PSBT input's previous transaction is not the one that it "
                        "spends");
    }
    r = CS_RD(raw.outs);
    for (uint32_t i = 0; i <= index_of(in->outpoint); i++) {
        cs_utxo_next_out(&r, &out);
    }
    in->value = out.value;
    in->script = out.script;
    in->is_proven = true;
    return CS_OK;
}

static enum cs_err from_witness(struct cs_utxo_in *in, struct cs_span witness,
                                const char **why)
{
    struct cs_rd r = CS_RD(witness);
    struct cs_utxo_out out;

    cs_utxo_next_out(&r, &out);
    if (cs_rd_end(&r) != CS_OK) {
        return bad(why, "PSBT input's spent output is malformed");
    }
    if (in->is_proven && (out.value != in->value || out.script.n != in->script.n ||
                          memcmp(out.script.p, in->script.p, out.script.n) != 0)) {
        return bad(why, "PSBT input's spent output differs from its previous "
                        "transaction");
    }
    in->value = out.value;
    in->script = out.script;
    return CS_OK;
}

/* Amount and script of the spent output. */
static enum cs_err find_output(struct cs_utxo_in *in, const struct fields *f,
                               const char **why)
{
    if (f->has_previous) {
        CS_CHECK(from_previous(in, f->previous, why));
    }
    if (f->has_witness) {
        CS_CHECK(from_witness(in, f->witness, why));
    } else if (!f->has_previous) {
        return bad(why, "PSBT input does not say which output it spends "
                        "(witness_utxo, or non_witness_utxo)");
    }
    return CS_OK;
}

static bool is_same(struct cs_span a, const uint8_t *p, size_t n)
{
    return a.n == n && memcmp(a.p, p, n) == 0;
}

static bool is_own(const struct cs_utxo_in *in, const struct cs_utxo_tx *t)
{
    return is_same(in->script, t->own.p, t->own.n);
}

static enum cs_err check_scripts(const struct cs_utxo_tx *t, const struct fields *f,
                                 const struct cs_chain_key *key, const char **why)
{
    struct cs_utxo_script program;

    cs_utxo_program(&program, key);
    if (f->has_redeem &&
        (t->kind != CS_UTXO_P2SH_P2WPKH || !is_same(f->redeem, program.p, program.n))) {
        return bad(why,
                   "PSBT input's redeem script is not that of the wallet's address");
    }
    if (f->has_tap_key &&
        (t->kind != CS_UTXO_P2TR || !is_same(f->tap_key, key->pub + 1, 32))) {
        return bad(why, "PSBT input's Taproot internal key is not the wallet's key");
    }
    return CS_OK;
}

static enum cs_err set_sighash(struct cs_utxo_in *in, const struct cs_utxo_tx *t,
                               const struct fields *f, const char **why)
{
    uint32_t usual = t->kind == CS_UTXO_P2TR ? 0 : t->chain->sighash;

    in->sighash = f->has_sighash ? f->sighash : usual;
    if (in->sighash != usual && in->sighash != t->chain->sighash) {
        return bad(why, "PSBT input's sighash type is not ALL: every signature covers "
                        "the whole transaction");
    }
    return CS_OK;
}

/* What an own input must fulfil.  A digest that does not cover the amount needs the
 * previous transaction. */
static enum cs_err check_own(struct cs_utxo_tx *t, struct cs_utxo_in *in,
                             const struct fields *f, const struct cs_chain_key *key,
                             const char **why)
{
    bool is_legacy = t->kind == CS_UTXO_P2PKH && t->chain->sighash == 1;

    if (f->has_other) {
        return refuse_field(f->other, why);
    }
    if (is_legacy && !f->has_previous) {
        return bad(why, "PSBT input needs the previous transaction (non_witness_utxo): "
                        "its signature does not cover the amount");
    }
    CS_CHECK(check_scripts(t, f, key, why));
    CS_CHECK(set_sighash(in, t, f, why));
    in->is_own = true;
    t->n_own++;
    t->own_sum += in->value; /* not more than in_sum */
    return CS_OK;
}

static enum cs_err read_fields(struct cs_rd *r, struct fields *f, const char **why)
{
    struct map m = {.n = 0};
    struct entry e = {0};
    bool more = true;

    for (;;) {
        CS_CHECK(next(r, &m, &e, &more, why));
        if (!more) {
            return CS_OK;
        }
        CS_CHECK(take(f, &e, why));
    }
}

static enum cs_err read_in(struct cs_rd *r, struct cs_utxo_tx *t, struct cs_utxo_in *in,
                           const struct cs_chain_key *key, const char **why)
{
    const uint8_t *start = r->p;
    struct fields f = {0};

    CS_CHECK(read_fields(r, &f, why));
    in->map = CS_SPAN(start, (size_t)(r->p - start) - 1);
    CS_CHECK(find_output(in, &f, why));
    if (in->value > t->chain->max_money ||
        t->in_sum > t->chain->max_money - in->value) {
        return bad(why, "PSBT's inputs are more coins than there are");
    }
    t->in_sum += in->value;
    return is_own(in, t) ? check_own(t, in, &f, key, why) : CS_OK;
}

/* ---- outputs: nothing here is signed --------------------------------------------- */

static enum cs_err read_out(struct cs_rd *r, const char **why)
{
    struct map m = {.n = 0};
    struct entry e;
    bool more = true;

    for (;;) {
        CS_CHECK(next(r, &m, &e, &more, why));
        if (!more) {
            return CS_OK;
        }
        switch (e.type) {
        case OUT_REDEEM:
        case OUT_WITNESS:
        case OUT_BIP32:
        case OUT_TAP_KEY:
        case OUT_TAP_TREE:
        case OUT_TAP_BIP32:
        case PROPRIETARY:
            continue;
        default:
            return bad(why, "PSBT output holds a field that is not understood");
        }
    }
}

/* ---- the whole ------------------------------------------------------------------- */

/* Whoever made it may have swapped two fields: a fee of more than a quarter is taken
 * for a mistake, unless it is tiny. */
static enum cs_err check_fee(const struct cs_utxo_tx *t, const char **why)
{
    uint64_t fee;

    if (t->out_sum > t->in_sum) {
        return bad(why, "PSBT's outputs are more than its inputs");
    }
    fee = t->in_sum - t->out_sum;
    if (fee > t->in_sum / 4 && fee > t->chain->fee_floor) {
        return bad(why,
                   "PSBT's fee is more than a quarter of what it spends: check the "
                   "amounts, or send a change output");
    }
    return CS_OK;
}

bool cs_utxo_is_psbt(struct cs_span bytes)
{
    return bytes.n >= sizeof magic && memcmp(bytes.p, magic, sizeof magic) == 0;
}

static enum cs_err read_maps(struct cs_rd *r, struct cs_utxo_tx *t,
                             const struct cs_chain_key *key, const char **why)
{
    for (size_t i = 0; i < t->raw.n_ins; i++) {
        CS_CHECK(read_in(r, t, &t->ins[i], key, why));
    }
    if (t->n_own == 0) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_SIGNER,
                               "PSBT spends no output of the wallet's address: its "
                               "inputs are not the wallet's address");
    }
    t->tail = CS_SPAN(r->p, r->left);
    for (size_t i = 0; i < t->raw.n_outs; i++) {
        CS_CHECK(read_out(r, why));
    }
    return r->left == 0 ? CS_OK : bad(why, "PSBT has bytes behind its last output");
}

enum cs_err cs_utxo_psbt(struct cs_utxo_tx *out, const struct cs_chain_key *key,
                         struct cs_span payload, const char **why)
{
    struct cs_rd r = CS_RD(payload);
    struct cs_span tx;

    memset(out, 0, sizeof *out);
    out->chain = cs_utxo_chain(key->chain);
    CS_CHECK(cs_utxo_kind(&out->kind, key, why));
    cs_utxo_own_script(&out->own, key, out->kind);
    if (!cs_utxo_is_psbt(payload)) {
        return bad(why, "the transaction is not a PSBT (BIP 174, version 0)");
    }
    (void)cs_rd_span(&r, sizeof magic);
    CS_CHECK(read_globals(&r, &tx, why));
    out->head = CS_SPAN(payload.p, payload.n - r.left);
    CS_CHECK(read_tx(out, tx, why));
    CS_CHECK(read_maps(&r, out, key, why));
    return check_fee(out, why);
}

/* The own signatures as fields of their inputs (BIP 174, BIP 371). */
static void put_field(struct cs_wr *w, const struct cs_utxo_tx *t,
                      const struct cs_chain_key *key, struct cs_span sig)
{
    bool is_tap = t->kind == CS_UTXO_P2TR;

    cs_wr_compact(w, is_tap ? 1 : 1 + key->pub_len);
    cs_wr_u8(w, is_tap ? IN_TAP_SIG : IN_PARTIAL_SIG);
    if (!is_tap) {
        cs_wr_bytes(w, key->pub, key->pub_len);
    }
    cs_wr_compact_span(w, sig);
}

void cs_utxo_put_psbt(struct cs_wr *w, const struct cs_utxo_tx *t,
                      const struct cs_chain_key *key, const struct cs_chain_sig *sigs)
{
    uint8_t sig[CS_UTXO_SIG_MAX];

    cs_wr_span(w, t->head);
    for (size_t i = 0; i < t->raw.n_ins; i++) {
        cs_wr_span(w, t->ins[i].map);
        if (t->ins[i].is_own) {
            size_t n = cs_utxo_put_signature(sig, t, i, sigs++);

            put_field(w, t, key, CS_SPAN(sig, n));
        }
        cs_wr_u8(w, 0);
    }
    cs_wr_span(w, t->tail);
}

void cs_utxo_free(struct cs_utxo_tx *t)
{
    cs_free(t->ins);
    memset(t, 0, sizeof *t);
}
