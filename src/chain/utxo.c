/* BITCOIN, LITECOIN, DOGECOIN, DASH, BITCOIN_CASH: PSBT in, one signature per own
 * input, signed transaction out, or the PSBT again when others have to sign, too. */
#include "chain/utxo.h"

#include <string.h>

#include "base/text.h"
#include "chain/impl.h"
#include "chain/le.h"
#include "chain/text.h"
#include "crypto/hash.h"
#include "crypto/taproot.h"

enum { PREIMAGES_MAX = 3 * 1024 * 1024, COIN = 100000000 };

/* ---- chains -------------------------------------------------------------------- */

/* clang-format off */
static const struct cs_utxo_chain chains[] = {
    {CS_CHAIN_BITCOIN, {0x00, 0x6f, 0x6f}, {0x05, 0xc4, 0xc4}, {"bc", "tb", "bcrt"},
     {NULL, NULL, NULL}, true, 1, 21000000ULL * COIN, 10000,
     "\x18" "Bitcoin Signed Message:\n"},
    {CS_CHAIN_LITECOIN, {0x30, 0x6f, 0x6f}, {0x32, 0x3a, 0x3a}, {"ltc", "tltc", "rltc"},
     {NULL, NULL, NULL}, false, 1, 84000000ULL * COIN, 100000,
     "\x19" "Litecoin Signed Message:\n"},
    {CS_CHAIN_DOGECOIN, {0x1e, 0x71, 0x6f}, {0x16, 0xc4, 0xc4}, {NULL, NULL, NULL},
     {NULL, NULL, NULL}, false, 1, 10000000000ULL * COIN, COIN,
     "\x19" "Dogecoin Signed Message:\n"},
    {CS_CHAIN_DASH, {0x4c, 0x8c, 0x8c}, {0x10, 0x13, 0x13}, {NULL, NULL, NULL},
     {NULL, NULL, NULL}, false, 1, 21000000ULL * COIN, 10000,
     "\x19" "DarkCoin Signed Message:\n"},
    {CS_CHAIN_BITCOIN_CASH, {0x00, 0x6f, 0x6f}, {0x05, 0xc4, 0xc4}, {NULL, NULL, NULL},
     {"bitcoincash", "bchtest", "bchreg"}, false, 0x41, 21000000ULL * COIN, 10000,
     "\x18" "Bitcoin Signed Message:\n"},
};
/* clang-format on */

const struct cs_utxo_chain *cs_utxo_chain(enum cs_chain chain)
{
    const struct cs_utxo_chain *found = NULL;

    for (size_t i = 0; i < CS_COUNTOF(chains); i++) {
        if (chains[i].chain == chain) {
            found = &chains[i];
        }
    }
    CS_ASSERT(found != NULL);
    return found;
}

enum cs_err cs_utxo_kind(enum cs_utxo_kind *out, const struct cs_chain_key *key,
                         const char **why)
{
    const struct cs_utxo_chain *c = cs_utxo_chain(key->chain);
    bool has_segwit = c->hrp[0] != NULL;
    bool is_known = true;

    *out = has_segwit ? CS_UTXO_P2WPKH : CS_UTXO_P2PKH;
    switch ((int)key->format) { /* formats of other chains are no business of ours */
    case CS_CHAIN_FORMAT_DEFAULT:
        break;
    case CS_CHAIN_FORMAT_P2PKH:
        *out = CS_UTXO_P2PKH;
        break;
    case CS_CHAIN_FORMAT_P2WPKH:
        is_known = has_segwit;
        break;
    case CS_CHAIN_FORMAT_P2SH_P2WPKH:
        *out = CS_UTXO_P2SH_P2WPKH;
        is_known = has_segwit;
        break;
    case CS_CHAIN_FORMAT_P2TR:
        *out = CS_UTXO_P2TR;
        is_known = c->has_taproot;
        break;
    default:
        is_known = false;
    }
    return is_known ? CS_OK
                    : cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                                      "this blockchain does not have addresses of this "
                                      "kind");
}

/* ---- addresses ----------------------------------------------------------------- */

static enum cs_err address(char out[CS_CHAIN_ADDRESS_MAX],
                           const struct cs_chain_key *key, const char **why)
{
    struct cs_utxo_script own;
    enum cs_utxo_kind kind;

    CS_CHECK(cs_utxo_kind(&kind, key, why));
    cs_utxo_own_script(&own, key, kind);
    CS_ASSERT(cs_utxo_address(out, cs_utxo_chain(key->chain), key->net,
                              CS_SPAN(own.p, own.n)));
    return CS_OK;
}

static enum cs_err check_text(enum cs_chain chain, enum cs_chain_net net,
                              const char *text, const char **why)
{
    if (!cs_utxo_address_ok(cs_utxo_chain(chain), net, text)) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_ADDRESS,
                               "not an address of this blockchain and network: length, "
                               "alphabet, version or checksum is wrong");
    }
    return CS_OK;
}

/* ---- what is signed ------------------------------------------------------------- */

/* tweak: of the own key, worked out once. */
static void fill_item(struct cs_chain_item *item, size_t i, const struct cs_utxo_tx *t,
                      const uint8_t tweak[32])
{
    item->index = (uint32_t)i;
    item->scheme = CS_CHAIN_SCHEME_ECDSA;
    item->hash = CS_CHAIN_HASH_SHA256D;
    if (t->kind == CS_UTXO_P2TR) {
        item->scheme = CS_CHAIN_SCHEME_BIP340;
        item->hash = CS_CHAIN_HASH_TAPSIGHASH;
        item->has_tweak = true;
        memcpy(item->tweak, tweak, sizeof item->tweak);
    }
}

/* The preimages of the own inputs one behind the other; ends[k] is where the kth ends.
 */
static enum cs_err put_preimages(struct cs_wr *w, size_t *ends,
                                 const struct cs_utxo_tx *t,
                                 const struct cs_chain_key *key, const char **why)
{
    struct cs_utxo_hashes h;
    struct cs_utxo_script code;
    size_t k = 0;

    CS_CHECK(cs_utxo_hashes(&h, t));
    cs_utxo_p2pkh(&code, key);
    for (size_t i = 0; i < t->raw.n_ins && w->err == CS_OK; i++) {
        if (t->ins[i].is_own) {
            cs_utxo_preimage(w, t, &h, i, CS_SPAN(code.p, code.n));
            ends[k++] = w->n;
        }
    }
    if (w->err == CS_ERR_TOO_LONG) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_TX,
                               "PSBT has too many inputs for this kind of address: "
                               "split it");
    }
    return w->err;
}

static void fill_items(struct cs_chain_tx *tx, const size_t *ends,
                       const struct cs_utxo_tx *t, const struct cs_chain_key *key)
{
    uint8_t output[32], tweak[32] = {0};
    size_t k = 0;

    if (t->kind == CS_UTXO_P2TR) {
        CS_ASSERT(cs_taproot_output(output, tweak, key->pub) == CS_OK);
    }
    for (size_t i = 0; i < t->raw.n_ins; i++) {
        size_t start = k == 0 ? 0 : ends[k - 1];

        if (t->ins[i].is_own) {
            fill_item(&tx->items[k], i, t, tweak);
            tx->items[k].data = CS_SPAN(tx->data + start, ends[k] - start);
            cs_chain_hash_item(&tx->items[k]);
            k++;
        }
    }
}

static enum cs_err make_items(struct cs_chain_tx *tx, const struct cs_utxo_tx *t,
                              const struct cs_chain_key *key, const char **why)
{
    struct cs_wr w = {.max = PREIMAGES_MAX};
    size_t ends[CS_CHAIN_ITEMS_MAX];
    enum cs_err err = put_preimages(&w, ends, t, key, why);

    if (err == CS_OK) {
        err = cs_chain_items(tx, t->n_own, &w);
    }
    if (err == CS_OK) {
        fill_items(tx, ends, t, key);
    }
    cs_wr_free(&w);
    return err;
}

static enum cs_err decode(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                          struct cs_span payload, const char **why)
{
    struct cs_utxo_tx t;
    enum cs_err err;

    CS_TRY(cs_utxo_psbt(&t, key, payload, why));
    CS_TRY(cs_utxo_summary(tx, &t, key));
    err = make_items(tx, &t, key, why);
out:
    cs_utxo_free(&t);
    return err;
}

static bool is_transaction(struct cs_span bytes)
{
    struct cs_utxo_raw raw;

    return cs_utxo_is_psbt(bytes) || cs_utxo_raw(&raw, bytes);
}

/* ---- final encoding -------------------------------------------------------------- */

size_t cs_utxo_put_signature(uint8_t out[CS_UTXO_SIG_MAX], const struct cs_utxo_tx *t,
                             size_t i, const struct cs_chain_sig *sig)
{
    size_t n = sizeof sig->rs;

    if (t->kind == CS_UTXO_P2TR) {
        memcpy(out, sig->rs, n);
    } else {
        n = cs_chain_der(out, sig->rs);
    }
    if (t->ins[i].sighash != 0) {
        out[n++] = (uint8_t)t->ins[i].sighash;
    }
    return n;
}

/* P2PKH: signature and key; P2SH-P2WPKH: the redeem script; else nothing. */
static void put_script_sig(struct cs_wr *w, const struct cs_utxo_tx *t, size_t i,
                           const struct cs_chain_key *key,
                           const struct cs_chain_sig *sig)
{
    struct cs_utxo_script program;
    uint8_t s[CS_UTXO_SIG_MAX];
    size_t n;

    if (t->kind == CS_UTXO_P2PKH) {
        n = cs_utxo_put_signature(s, t, i, sig);
        cs_wr_compact(w, 2 + n + key->pub_len);
        cs_wr_compact_span(w,
                           CS_SPAN(s, n)); /* pushes below 76 bytes: one length byte */
        cs_wr_compact_span(w, CS_SPAN(key->pub, key->pub_len));
    } else if (t->kind == CS_UTXO_P2SH_P2WPKH) {
        cs_utxo_program(&program, key);
        cs_wr_compact(w, 1 + program.n);
        cs_wr_compact_span(w, CS_SPAN(program.p, program.n));
    } else {
        cs_wr_compact(w, 0);
    }
}

static void put_witness(struct cs_wr *w, const struct cs_utxo_tx *t, size_t i,
                        const struct cs_chain_key *key, const struct cs_chain_sig *sig)
{
    uint8_t s[CS_UTXO_SIG_MAX];
    size_t n = cs_utxo_put_signature(s, t, i, sig);

    cs_wr_compact(w, t->kind == CS_UTXO_P2TR ? 1 : 2);
    cs_wr_compact_span(w, CS_SPAN(s, n));
    if (t->kind != CS_UTXO_P2TR) {
        cs_wr_compact_span(w, CS_SPAN(key->pub, key->pub_len));
    }
}

static void put_signed(struct cs_wr *w, const struct cs_utxo_tx *t,
                       const struct cs_chain_key *key, const struct cs_chain_sig *sigs)
{
    bool has_witness = t->kind != CS_UTXO_P2PKH;

    cs_wr_le32(w, t->raw.version);
    if (has_witness) {
        cs_wr_bytes(w, "\0\1", 2);
    }
    cs_wr_compact(w, t->raw.n_ins);
    for (size_t i = 0; i < t->raw.n_ins; i++) {
        cs_wr_bytes(w, t->ins[i].outpoint, CS_UTXO_OUTPOINT_LEN);
        put_script_sig(w, t, i, key, &sigs[i]);
        cs_wr_le32(w, t->ins[i].sequence);
    }
    cs_wr_compact(w, t->raw.n_outs);
    cs_wr_span(w, t->raw.outs);
    for (size_t i = 0; i < t->raw.n_ins && has_witness; i++) {
        put_witness(w, t, i, key, &sigs[i]);
    }
    cs_wr_le32(w, t->raw.locktime);
}

/* Explorers show ids back to front. */
static enum cs_err put_txid(struct cs_chain_signed *out)
{
    struct cs_utxo_raw raw;
    uint8_t id[32], back[32];

    CS_ASSERT(cs_utxo_raw(&raw, cs_wr_get(&out->bytes)));
    CS_CHECK(cs_utxo_txid(id, &raw));
    for (size_t i = 0; i < sizeof id; i++) {
        back[i] = id[sizeof id - 1 - i];
    }
    (void)cs_hex(out->txid, back, sizeof back);
    return CS_OK;
}

static enum cs_err finish(struct cs_chain_signed *out, const struct cs_chain_key *key,
                          struct cs_span payload, const struct cs_chain_tx *tx,
                          const struct cs_chain_sig *sigs, const char **why)
{
    struct cs_utxo_tx t;
    enum cs_err err;

    (void)tx;
    CS_TRY(cs_utxo_psbt(&t, key, payload, why));
    if (t.n_own < t.raw.n_ins) { /* no id: it is not a transaction yet */
        cs_utxo_put_psbt(&out->bytes, &t, key, sigs);
        err = out->bytes.err;
        goto out;
    }
    put_signed(&out->bytes, &t, key, sigs);
    CS_TRY(out->bytes.err);
    err = put_txid(out);
out:
    cs_utxo_free(&t);
    return err;
}

/* The chains differ in nothing but the table above and the check of a text. */
#define UTXO_CHAIN(name, id)                                                           \
    static enum cs_err name##_check(enum cs_chain_net net, const char *text,           \
                                    const char **why)                                  \
    {                                                                                  \
        return check_text(id, net, text, why);                                         \
    }                                                                                  \
    const struct cs_chain_ops cs_##name##_ops = {                                      \
        .address = address,                                                            \
        .address_check = name##_check,                                                 \
        .decode = decode,                                                              \
        .prefix = cs_utxo_message,                                                     \
        .is_transaction = is_transaction,                                              \
        .finish = finish,                                                              \
        .seal = cs_utxo_seal,                                                          \
        .hash = cs_utxo_message_hash,                                                  \
    }

UTXO_CHAIN(bitcoin, CS_CHAIN_BITCOIN);
UTXO_CHAIN(litecoin, CS_CHAIN_LITECOIN);
UTXO_CHAIN(dogecoin, CS_CHAIN_DOGECOIN);
UTXO_CHAIN(dash, CS_CHAIN_DASH);
UTXO_CHAIN(bitcoin_cash, CS_CHAIN_BITCOIN_CASH);
