#include "mpc/certificate.h"

#include <string.h>

#include "base/rd.h"
#include "crypto/ecdsa.h"
#include "crypto/hash.h"
#include "crypto/taproot.h"

/* ---- content --------------------------------------------------------------------- */

static void point_item(uint8_t buf[CS_POINT_MAX], struct cs_span *out,
                       const struct cs_point *p)
{
    *out = CS_SPAN(buf, cs_point_encode(p, buf));
}

static void shares_enc(struct cs_wr *w, const struct cs_cert_body *b)
{
    uint8_t buf[CS_PARTIES_MAX][CS_POINT_MAX];
    struct cs_span items[CS_PARTIES_MAX];
    uint8_t i;

    CS_ASSERT(b->n <= CS_PARTIES_MAX);
    for (i = 1; i <= b->n; i++) {
        point_item(buf[i - 1], &items[i - 1], &b->Xi[i]);
    }
    cs_enc(w, items, b->n);
}

void cs_cert_content(uint8_t C[32], const struct cs_cert_body *b)
{
    uint8_t small[4] = {(uint8_t)b->curve, (uint8_t)b->scheme, b->n, b->t};
    uint8_t epoch[4] = {(uint8_t)(b->epoch >> 24), (uint8_t)(b->epoch >> 16),
                        (uint8_t)(b->epoch >> 8), (uint8_t)b->epoch};
    uint8_t x[CS_POINT_MAX];
    struct cs_wr shares = {0};
    struct cs_span x_item;

    point_item(x, &x_item, &b->X);
    shares_enc(&shares, b);
    CS_ASSERT(shares.err == CS_OK);
    const struct cs_span items[] = {
        CS_SPAN_OF(b->sid),    CS_SPAN_OF(b->ds_hash),    CS_SPAN_OF(b->key_id),
        CS_SPAN_OF(epoch),     CS_SPAN(&small[0], 1),     CS_SPAN(&small[1], 1),
        CS_SPAN(&small[2], 1), CS_SPAN(&small[3], 1),     x_item,
        cs_wr_get(&shares),    CS_SPAN_OF(b->chain_code), CS_SPAN_OF(b->tr1),
        CS_SPAN_OF(b->tr2),
    };
    cs_th(C, CS_TAG_DKG_CERT, items, CS_COUNTOF(items));
    cs_wr_free(&shares);
}

void cs_cert_hash(uint8_t out[32], const uint8_t C[32])
{
    const struct cs_span x[] = {CS_SPAN(C, 32)};

    cs_th(out, CS_TAG_CERT, x, CS_COUNTOF(x));
}

/* ---- sets of signatures
 * ---------------------------------------------------------------- */

bool cs_sig_set_has(const struct cs_sig_set *s, uint8_t index)
{
    return index >= 1 && index <= CS_PARTIES_MAX && (s->mask >> (index - 1) & 1) != 0;
}

void cs_sig_set_put(struct cs_sig_set *s, uint8_t index, const uint8_t sig[CS_SIG_LEN])
{
    CS_ASSERT(index >= 1 && index <= CS_PARTIES_MAX);
    s->mask = (uint8_t)(s->mask | 1u << (index - 1));
    memcpy(s->sig[index], sig, CS_SIG_LEN);
}

bool cs_sig_set_full(const struct cs_sig_set *s, uint8_t n)
{
    return s->mask == (1u << n) - 1;
}

/* ---- signatures
 * -------------------------------------------------------------------------- */

void cs_cert_sign(uint8_t sig[CS_SIG_LEN], const uint8_t ik_seed[32],
                  const uint8_t C[32])
{
    cs_sign(sig, ik_seed, CS_SPAN(C, 32));
}

enum cs_err cs_cert_verify(const struct cs_roster *r, uint8_t from, const uint8_t C[32],
                           const uint8_t sig[CS_SIG_LEN])
{
    if (!cs_roster_has(r, from) || !cs_sign_verify(sig, r->ik[from], CS_SPAN(C, 32))) {
        return CS_ERR_DKG_CERT_SIG;
    }
    return CS_OK;
}

enum cs_err cs_cert_verify_all(const struct cs_roster *r, const uint8_t C[32],
                               const struct cs_sig_set *s)
{
    uint8_t i;

    if (!cs_sig_set_full(s, r->n)) {
        return CS_ERR_CERT_INVALID;
    }
    for (i = 1; i <= r->n; i++) {
        if (cs_cert_verify(r, i, C, s->sig[i]) != CS_OK) {
            return CS_ERR_CERT_INVALID;
        }
    }
    return CS_OK;
}

static void statement(uint8_t out[32], enum cs_tag tag, const uint8_t hash[32],
                      uint8_t party)
{
    const struct cs_span x[] = {CS_SPAN(hash, 32), CS_SPAN(&party, 1)};

    cs_th(out, tag, x, CS_COUNTOF(x));
}

void cs_ack_sign(uint8_t sig[CS_SIG_LEN], const uint8_t ik_seed[32],
                 const uint8_t cert_hash[32], uint8_t self)
{
    uint8_t h[32];

    statement(h, CS_TAG_ACK, cert_hash, self);
    cs_sign(sig, ik_seed, CS_SPAN_OF(h));
}

enum cs_err cs_ack_verify(const struct cs_roster *r, uint8_t from,
                          const uint8_t cert_hash[32], const uint8_t sig[CS_SIG_LEN])
{
    uint8_t h[32];

    statement(h, CS_TAG_ACK, cert_hash, from);
    if (!cs_roster_has(r, from) || !cs_sign_verify(sig, r->ik[from], CS_SPAN_OF(h))) {
        return CS_ERR_DKG_ACK_SIG;
    }
    return CS_OK;
}

void cs_aborted_sign(uint8_t sig[CS_SIG_LEN], const uint8_t ik_seed[32],
                     const uint8_t C[32], uint8_t self)
{
    uint8_t h[32];

    statement(h, CS_TAG_DKG_ABORTED, C, self);
    cs_sign(sig, ik_seed, CS_SPAN_OF(h));
}

enum cs_err cs_aborted_verify(const struct cs_roster *r, uint8_t from,
                              const uint8_t C[32], const uint8_t sig[CS_SIG_LEN])
{
    uint8_t h[32];

    statement(h, CS_TAG_DKG_ABORTED, C, from);
    if (!cs_roster_has(r, from) || !cs_sign_verify(sig, r->ik[from], CS_SPAN_OF(h))) {
        return CS_ERR_CERT_INVALID;
    }
    return CS_OK;
}

void cs_check_message(uint8_t out[32], const uint8_t cert_hash[32], uint8_t i,
                      uint8_t j)
{
    uint8_t lo = i < j ? i : j, hi = i < j ? j : i;
    const struct cs_span pair[] = {CS_SPAN(&lo, 1), CS_SPAN(&hi, 1)};
    struct cs_wr w = {0};

    cs_enc(&w, pair, CS_COUNTOF(pair));
    CS_ASSERT(w.err == CS_OK);
    const struct cs_span x[] = {CS_SPAN(cert_hash, 32), cs_wr_get(&w)};
    cs_th(out, CS_TAG_CHECK, x, CS_COUNTOF(x));
    cs_wr_free(&w);
}

void cs_check_request(struct cs_request *out, const struct cs_cert_body *b, uint8_t i,
                      uint8_t j)
{
    struct cs_request q = {.kind = CS_REQUEST_CHECK};
    uint8_t C[32], cert_hash[32], msg[32];
    const struct cs_span item = CS_SPAN_OF(msg);

    cs_cert_content(C, b);
    cs_cert_hash(cert_hash, C);
    cs_check_message(msg, cert_hash, i, j);
    memcpy(q.request_id, msg, CS_ID_LEN);
    memcpy(q.ds_hash, b->ds_hash, 32);
    memcpy(q.key_id, b->key_id, CS_ID_LEN);
    q.key_epoch = b->epoch;
    q.curve = b->curve;
    q.scheme = b->scheme;
    cs_sha256(q.payload_hash, item);
    cs_request_messages_hash(q.messages_hash, &item, 1);
    *out = q;
}

static enum cs_err check_verify(const struct cs_cert_body *b, const uint8_t msg[32],
                                const uint8_t sig[64])
{
    uint8_t pub[CS_POINT_MAX];

    (void)cs_point_encode(&b->X, pub);
    switch (b->scheme) {
    case CS_SCHEME_FROST_ED25519:
        return cs_sign_verify(sig, pub, CS_SPAN(msg, 32)) ? CS_OK : CS_ERR_SIG_INVALID;
    case CS_SCHEME_ECDSA:
        return cs_ecdsa_verify(pub, msg, sig);
    case CS_SCHEME_BIP340:
        return cs_taproot_verify(pub + 1, CS_SPAN(msg, 32), sig);
    }
    return CS_ERR_USAGE;
}

enum cs_err cs_check_verify(const struct cs_cert_body *b, const uint8_t pair[2],
                            const uint8_t sig[64])
{
    uint8_t C[32], cert_hash[32], msg[32];

    if (pair[0] < 1 || pair[0] >= pair[1] || pair[1] > b->n || b->X.inf ||
        b->X.curve != cs_scheme_curve(b->scheme)) {
        return CS_ERR_USAGE;
    }
    cs_cert_content(C, b);
    cs_cert_hash(cert_hash, C);
    cs_check_message(msg, cert_hash, pair[0], pair[1]);
    return check_verify(b, msg, sig);
}

/* ---- messages
 * ------------------------------------------------------------------------------- */

void cs_cert_want_encode(struct cs_wr *w, const uint8_t C[32])
{
    cs_wr_bytes(w, C, 32);
}

enum cs_err cs_cert_want_decode(uint8_t C[32], struct cs_span in)
{
    if (in.n != 32) {
        return CS_ERR_BAD_FORMAT;
    }
    memcpy(C, in.p, 32);
    return CS_OK;
}

void cs_sig_set_encode(struct cs_wr *w, const struct cs_sig_set *s)
{
    uint8_t i;

    cs_wr_u8(w, s->mask);
    for (i = 1; i <= CS_PARTIES_MAX; i++) {
        if (cs_sig_set_has(s, i)) {
            cs_wr_bytes(w, s->sig[i], CS_SIG_LEN);
        }
    }
}

void cs_sig_set_read(struct cs_rd *r, struct cs_sig_set *out)
{
    uint8_t i;

    *out = (struct cs_sig_set){.mask = cs_rd_u8(r)};
    if (out->mask >> CS_PARTIES_MAX != 0) {
        cs_rd_fail(r, CS_ERR_BAD_FORMAT);
        return;
    }
    for (i = 1; i <= CS_PARTIES_MAX; i++) {
        if (cs_sig_set_has(out, i)) {
            cs_rd_copy(r, out->sig[i], CS_SIG_LEN);
        }
    }
}

static enum cs_err statements_decode(uint8_t C[32], struct cs_sig_set *out,
                                     struct cs_span in)
{
    struct cs_rd r = CS_RD(in);
    struct cs_sig_set s;
    uint8_t c[32];

    cs_rd_copy(&r, c, sizeof c);
    cs_sig_set_read(&r, &s);
    if (cs_rd_end(&r) != CS_OK || s.mask == 0) { /* nobody sends an empty set */
        return CS_ERR_BAD_FORMAT;
    }
    memcpy(C, c, sizeof c);
    *out = s;
    return CS_OK;
}

void cs_cert_have_encode(struct cs_wr *w, const uint8_t C[32],
                         const struct cs_sig_set *s)
{
    cs_wr_bytes(w, C, 32);
    cs_sig_set_encode(w, s);
}

enum cs_err cs_cert_have_decode(uint8_t C[32], struct cs_sig_set *out,
                                struct cs_span in)
{
    return statements_decode(C, out, in);
}

void cs_cert_aborted_encode(struct cs_wr *w, const uint8_t C[32],
                            const struct cs_sig_set *s)
{
    cs_wr_bytes(w, C, 32);
    cs_sig_set_encode(w, s);
}

enum cs_err cs_cert_aborted_decode(uint8_t C[32], struct cs_sig_set *out,
                                   struct cs_span in)
{
    return statements_decode(C, out, in);
}
