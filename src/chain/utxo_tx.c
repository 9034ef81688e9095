/* Transactions of Bitcoin and its relatives as bytes; see utxo.h. */
#include <string.h>

#include "chain/le.h"
#include "chain/utxo.h"
#include "crypto/hash.h"

void cs_utxo_next_in(struct cs_rd *r, struct cs_utxo_raw_in *out)
{
    out->outpoint = cs_rd_span(r, CS_UTXO_OUTPOINT_LEN).p;
    out->script = cs_rd_compact_span(r);
    out->sequence = cs_rd_le32(r);
}

void cs_utxo_next_out(struct cs_rd *r, struct cs_utxo_out *out)
{
    out->value = cs_rd_le64(r);
    out->script = cs_rd_compact_span(r);
}

/* A count of things that take at least `least` bytes each. */
static size_t read_count(struct cs_rd *r, size_t least)
{
    uint64_t n = cs_rd_compact(r);

    if (n == 0 || n > r->left / least) {
        cs_rd_fail(r, CS_ERR_BAD_FORMAT);
    }
    return r->err == CS_OK ? (size_t)n : 0;
}

static void read_ins(struct cs_rd *r, struct cs_utxo_raw *t)
{
    struct cs_utxo_raw_in in;

    t->n_ins = read_count(r, CS_UTXO_OUTPOINT_LEN + 5);
    t->ins.p = r->p;
    for (size_t i = 0; i < t->n_ins; i++) {
        cs_utxo_next_in(r, &in);
    }
    t->ins.n = r->err == CS_OK ? (size_t)(r->p - t->ins.p) : 0;
}

static void read_outs(struct cs_rd *r, struct cs_utxo_raw *t)
{
    struct cs_utxo_out out;

    t->n_outs = read_count(r, 9);
    t->outs.p = r->p;
    for (size_t i = 0; i < t->n_outs; i++) {
        cs_utxo_next_out(r, &out);
    }
    t->outs.n = r->err == CS_OK ? (size_t)(r->p - t->outs.p) : 0;
}

static void skip_witness(struct cs_rd *r, size_t n_ins)
{
    for (size_t i = 0; i < n_ins && r->err == CS_OK; i++) {
        uint64_t n = cs_rd_compact(r);

        for (uint64_t k = 0; k < n && r->err == CS_OK; k++) {
            (void)cs_rd_compact_span(r);
        }
    }
}

bool cs_utxo_raw(struct cs_utxo_raw *out, struct cs_span bytes)
{
    struct cs_rd r = CS_RD(bytes);

    memset(out, 0, sizeof *out);
    out->version = cs_rd_le32(&r);
    if (r.left >= 2 && r.p[0] == 0 && r.p[1] == 1) { /* BIP 144: marker and flag */
        out->has_witness = true;
        (void)cs_rd_span(&r, 2);
    }
    read_ins(&r, out);
    read_outs(&r, out);
    if (out->has_witness) {
        skip_witness(&r, out->n_ins);
    }
    out->locktime = cs_rd_le32(&r);
    return cs_rd_end(&r) == CS_OK;
}

enum cs_err cs_utxo_txid(uint8_t out[32], const struct cs_utxo_raw *t)
{
    struct cs_wr w = {.max = CS_CHAIN_PAYLOAD_MAX};
    enum cs_err err;

    cs_wr_le32(&w, t->version);
    cs_wr_compact(&w, t->n_ins);
    cs_wr_span(&w, t->ins);
    cs_wr_compact(&w, t->n_outs);
    cs_wr_span(&w, t->outs);
    cs_wr_le32(&w, t->locktime);
    err = w.err;
    if (err == CS_OK) {
        cs_sha256(out, cs_wr_get(&w));
        cs_sha256(out, CS_SPAN(out, 32));
    }
    cs_wr_free(&w);
    return err;
}
