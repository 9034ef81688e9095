#include "mpc/link/envelope.h"

#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

/* ---- header ---------------------------------------------------------------------- */

void cs_frame_header_encode(uint8_t out[CS_FRAME_HEADER],
                            const struct cs_frame_header *h)
{
    /* max equals cap: never grows, never fails */
    struct cs_wr w = {.p = out, .cap = CS_FRAME_HEADER, .max = CS_FRAME_HEADER};

    cs_wr_u8(&w, h->ver);
    cs_wr_u8(&w, h->proto);
    cs_wr_u8(&w, h->type);
    cs_wr_u8(&w, h->round);
    cs_wr_u8(&w, h->from);
    cs_wr_u8(&w, h->to);
    cs_wr_bytes(&w, h->ds_hash, sizeof h->ds_hash);
    cs_wr_bytes(&w, h->link_id, sizeof h->link_id);
    cs_wr_bytes(&w, h->key_id, sizeof h->key_id);
    cs_wr_u32(&w, h->key_epoch);
    cs_wr_bytes(&w, h->sid, sizeof h->sid);
    cs_wr_u64(&w, h->ctr);
    cs_wr_u32(&w, h->len);
    CS_ASSERT(w.err == CS_OK && w.n == CS_FRAME_HEADER);
}

enum cs_err cs_frame_header_decode(struct cs_frame_header *out, struct cs_span frame)
{
    struct cs_frame_header h;
    struct cs_rd r = CS_RD(frame);

    if (frame.n > CS_FRAME_MAX) {
        return CS_ERR_TOO_LONG;
    }
    h.ver = cs_rd_u8(&r);
    h.proto = cs_rd_u8(&r);
    h.type = cs_rd_u8(&r);
    h.round = cs_rd_u8(&r);
    h.from = cs_rd_u8(&r);
    h.to = cs_rd_u8(&r);
    cs_rd_copy(&r, h.ds_hash, sizeof h.ds_hash);
    cs_rd_copy(&r, h.link_id, sizeof h.link_id);
    cs_rd_copy(&r, h.key_id, sizeof h.key_id);
    h.key_epoch = cs_rd_u32(&r);
    cs_rd_copy(&r, h.sid, sizeof h.sid);
    h.ctr = cs_rd_u64(&r);
    h.len = cs_rd_u32(&r);
    if (r.err != CS_OK) {
        return r.err;
    }
    *out = h;
    return CS_OK;
}

/* 15.1 A7: 4 zero bytes, then the counter big endian.  Keys are per direction, so both
 * sides may use the same counters. */
static void nonce_of(uint8_t nonce[CS_AEAD_NONCE], uint64_t ctr)
{
    memset(nonce, 0, 4);
    for (unsigned i = 0; i < 8; i++) {
        nonce[4 + i] = (uint8_t)(ctr >> (56 - 8 * i));
    }
}

enum cs_err cs_frame_seal(struct cs_wr *out, struct cs_frame_header *h,
                          const uint8_t key[32], struct cs_span plain)
{
    uint8_t nonce[CS_AEAD_NONCE];
    uint8_t *at;

    if (plain.n > CS_FRAME_PLAIN_MAX) {
        return CS_ERR_USAGE;
    }
    at = cs_wr_room(out, CS_FRAME_HEADER + plain.n + CS_FRAME_TAG);
    if (at == NULL) {
        return CS_ERR_NOMEM;
    }
    h->len = (uint32_t)plain.n;
    cs_frame_header_encode(at, h);
    nonce_of(nonce, h->ctr);
    cs_chacha_seal(at + CS_FRAME_HEADER, key, nonce, CS_SPAN(at, CS_FRAME_HEADER),
                   plain);
    return CS_OK;
}

enum cs_err cs_frame_open(struct cs_wr *out, const struct cs_frame_header *h,
                          const uint8_t key[32], struct cs_span frame)
{
    uint8_t nonce[CS_AEAD_NONCE];
    uint8_t *at;

    if (frame.n < CS_FRAME_HEADER + CS_FRAME_TAG || frame.n > CS_FRAME_MAX ||
        h->len != frame.n - CS_FRAME_HEADER - CS_FRAME_TAG) {
        return CS_ERR_AEAD;
    }
    at = cs_wr_room(out, h->len);
    if (at == NULL) {
        return CS_ERR_NOMEM;
    }
    nonce_of(nonce, h->ctr);
    return cs_chacha_open(
        at, key, nonce, CS_SPAN(frame.p, CS_FRAME_HEADER),
        CS_SPAN(frame.p + CS_FRAME_HEADER, frame.n - CS_FRAME_HEADER));
}

/* ---- window ---------------------------------------------------------------------- */

static uint64_t bit_of(uint64_t ctr)
{
    return (uint64_t)1 << (ctr % 64);
}

static size_t word_of(uint64_t ctr)
{
    return (size_t)(ctr / 64 % (CS_WINDOW_BITS / 64));
}

bool cs_window_fresh(const struct cs_window *w, uint64_t ctr)
{
    if (!w->any || ctr > w->top) {
        return true;
    }
    if (w->top - ctr >= CS_WINDOW_BITS) {
        return false;
    }
    return (w->bits[word_of(ctr)] & bit_of(ctr)) == 0;
}

/* Forgets the positions between the old top and the new one, which they share with
 * counters that have now left the window. */
static void window_slide(struct cs_window *w, uint64_t ctr)
{
    uint64_t step = ctr - w->top;

    if (!w->any || step >= CS_WINDOW_BITS) {
        memset(w->bits, 0, sizeof w->bits);
    } else {
        for (uint64_t i = 1; i <= step; i++) {
            w->bits[word_of(w->top + i)] &= ~bit_of(w->top + i);
        }
    }
    w->top = ctr;
    w->any = true;
}

void cs_window_mark(struct cs_window *w, uint64_t ctr)
{
    CS_ASSERT(cs_window_fresh(w, ctr));
    if (!w->any || ctr > w->top) {
        window_slide(w, ctr);
    }
    w->bits[word_of(ctr)] |= bit_of(ctr);
}

/* ---- plaintext ------------------------------------------------------------------- */

enum cs_err cs_plain_encode(struct cs_wr *out, const struct cs_message *m)
{
    if (m->broadcast.n > CS_MSG_BODY_MAX ||
        m->priv.n > CS_MSG_BODY_MAX - m->broadcast.n ||
        m->broadcast.n + m->priv.n == 0) {
        return CS_ERR_USAGE;
    }
    if (m->broadcast.n != 0 && m->bsig == NULL) {
        return CS_ERR_USAGE;
    }
    cs_wr_lp(out, m->broadcast);
    cs_wr_span(out, m->priv);
    if (m->broadcast.n != 0) {
        cs_wr_bytes(out, m->bsig, CS_SIG_LEN);
    }
    return out->err;
}

enum cs_err cs_plain_decode(struct cs_message *m, struct cs_span in)
{
    struct cs_rd r = CS_RD(in);
    struct cs_span broadcast = cs_rd_lp(&r, CS_MSG_BODY_MAX), priv;
    size_t sig_len = broadcast.n != 0 ? CS_SIG_LEN : 0;

    if (r.err != CS_OK || r.left < sig_len || broadcast.n + r.left == 0) {
        return CS_ERR_BAD_FORMAT;
    }
    priv = cs_rd_span(&r, r.left - sig_len);
    m->broadcast = broadcast;
    m->priv = priv;
    m->bsig = sig_len != 0 ? cs_rd_span(&r, sig_len).p : NULL;
    return CS_OK;
}
