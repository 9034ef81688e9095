/* What the inputs of Bitcoin and its relatives sign; see utxo.h.  SIGHASH_ALL and
 * Taproot's default only. */
#include <string.h>

#include "chain/le.h"
#include "chain/utxo.h"
#include "crypto/hash.h"

/* ---- hashes over all inputs and outputs ------------------------------------------ */

static enum cs_err hash_and_reset(uint8_t out[32], struct cs_wr *w)
{
    enum cs_err err = w->err;

    if (err == CS_OK) {
        cs_sha256(out, cs_wr_get(w));
    }
    cs_wr_reset(w);
    return err;
}

enum cs_err cs_utxo_hashes(struct cs_utxo_hashes *out, const struct cs_utxo_tx *t)
{
    struct cs_wr w = {.max = CS_CHAIN_PAYLOAD_MAX};
    size_t n = t->raw.n_ins;
    enum cs_err err;

    for (size_t i = 0; i < n; i++) {
        cs_wr_bytes(&w, t->ins[i].outpoint, CS_UTXO_OUTPOINT_LEN);
    }
    CS_TRY(hash_and_reset(out->prevouts, &w));
    for (size_t i = 0; i < n; i++) {
        cs_wr_le64(&w, t->ins[i].value);
    }
    CS_TRY(hash_and_reset(out->amounts, &w));
    for (size_t i = 0; i < n; i++) {
        cs_wr_compact_span(&w, t->ins[i].script);
    }
    CS_TRY(hash_and_reset(out->scripts, &w));
    for (size_t i = 0; i < n; i++) {
        cs_wr_le32(&w, t->ins[i].sequence);
    }
    CS_TRY(hash_and_reset(out->sequences, &w));
    cs_sha256(out->outs, t->raw.outs);
out:
    cs_wr_free(&w);
    return err;
}

/* ---- one input ----------------------------------------------------------------- */

/* The transaction with the script code in this input and nothing in the others. */
static void legacy(struct cs_wr *w, const struct cs_utxo_tx *t, size_t own,
                   struct cs_span code)
{
    cs_wr_le32(w, t->raw.version);
    cs_wr_compact(w, t->raw.n_ins);
    for (size_t i = 0; i < t->raw.n_ins; i++) {
        cs_wr_bytes(w, t->ins[i].outpoint, CS_UTXO_OUTPOINT_LEN);
        cs_wr_compact_span(w, i == own ? code : CS_SPAN(NULL, 0));
        cs_wr_le32(w, t->ins[i].sequence);
    }
    cs_wr_compact(w, t->raw.n_outs);
    cs_wr_span(w, t->raw.outs);
    cs_wr_le32(w, t->raw.locktime);
    cs_wr_le32(w, t->ins[own].sighash);
}

static void put_again(struct cs_wr *w, const uint8_t hash[32])
{
    uint8_t twice[32];

    cs_sha256(twice, CS_SPAN(hash, 32));
    cs_wr_bytes(w, twice, sizeof twice);
}

static void bip143(struct cs_wr *w, const struct cs_utxo_tx *t,
                   const struct cs_utxo_hashes *h, const struct cs_utxo_in *in,
                   struct cs_span code)
{
    cs_wr_le32(w, t->raw.version);
    put_again(w, h->prevouts);
    put_again(w, h->sequences);
    cs_wr_bytes(w, in->outpoint, CS_UTXO_OUTPOINT_LEN);
    cs_wr_compact_span(w, code);
    cs_wr_le64(w, in->value);
    cs_wr_le32(w, in->sequence);
    put_again(w, h->outs);
    cs_wr_le32(w, t->raw.locktime);
    cs_wr_le32(w, in->sighash);
}

static void bip341(struct cs_wr *w, const struct cs_utxo_tx *t,
                   const struct cs_utxo_hashes *h, size_t i)
{
    cs_wr_u8(w, 0); /* epoch */
    cs_wr_u8(w, (uint8_t)t->ins[i].sighash);
    cs_wr_le32(w, t->raw.version);
    cs_wr_le32(w, t->raw.locktime);
    cs_wr_bytes(w, h->prevouts, 32);
    cs_wr_bytes(w, h->amounts, 32);
    cs_wr_bytes(w, h->scripts, 32);
    cs_wr_bytes(w, h->sequences, 32);
    cs_wr_bytes(w, h->outs, 32);
    cs_wr_u8(w, 0); /* spend type: key path, no annex */
    cs_wr_le32(w, (uint32_t)i);
}

void cs_utxo_preimage(struct cs_wr *w, const struct cs_utxo_tx *t,
                      const struct cs_utxo_hashes *h, size_t i, struct cs_span p2pkh)
{
    if (t->kind == CS_UTXO_P2TR) {
        bip341(w, t, h, i);
    } else if (t->kind == CS_UTXO_P2PKH && t->chain->sighash == 1) {
        legacy(w, t, i, p2pkh);
    } else { /* SegWit version 0, and all of Bitcoin Cash */
        bip143(w, t, h, &t->ins[i], p2pkh);
    }
}
