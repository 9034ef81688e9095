#include "mpc/cert_record.h"

#include <string.h>

enum { CERT_VERSION = 1 };

static void write_point(struct cs_wr *w, const struct cs_point *p)
{
    uint8_t buf[CS_POINT_MAX];

    cs_wr_bytes(w, buf, cs_point_encode(p, buf));
}

void cs_cert_body_write(struct cs_wr *w, const struct cs_cert_body *b)
{
    cs_wr_span(w, CS_SPAN_OF(b->sid));
    cs_wr_span(w, CS_SPAN_OF(b->ds_hash));
    cs_wr_span(w, CS_SPAN_OF(b->key_id));
    cs_wr_u32(w, b->epoch);
    cs_wr_u8(w, (uint8_t)b->curve);
    cs_wr_u8(w, (uint8_t)b->scheme);
    cs_wr_u8(w, b->n);
    cs_wr_u8(w, b->t);
    write_point(w, &b->X);
    for (uint8_t i = 1; i <= b->n; i++) {
        write_point(w, &b->Xi[i]);
    }
    cs_wr_span(w, CS_SPAN_OF(b->chain_code));
    cs_wr_span(w, CS_SPAN_OF(b->tr1));
    cs_wr_span(w, CS_SPAN_OF(b->tr2));
}

static void read_point(struct cs_rd *r, enum cs_curve curve, struct cs_point *out,
                       enum cs_err bad)
{
    struct cs_span s = cs_rd_span(r, cs_point_len(curve));

    if (r->err == CS_OK && cs_point_decode(curve, out, s) != CS_OK) {
        cs_rd_fail(r, bad);
    }
}

/* Curve, scheme, n and t: everything after them is sized by these. */
static void read_shape(struct cs_rd *r, struct cs_cert_body *b, enum cs_err bad)
{
    uint8_t curve = cs_rd_u8(r), scheme = cs_rd_u8(r);

    b->n = cs_rd_u8(r);
    b->t = cs_rd_u8(r);
    if (!cs_curve_ok(curve) || !cs_scheme_ok(scheme) || b->t < 2 || b->t > b->n ||
        b->n > CS_PARTIES_MAX) {
        cs_rd_fail(r, bad);
        b->n = 0;
        curve = CS_CURVE_ED25519;
        scheme = CS_SCHEME_FROST_ED25519;
    }
    b->curve = (enum cs_curve)curve;
    b->scheme = (enum cs_scheme)scheme;
}

void cs_cert_body_read(struct cs_rd *r, struct cs_cert_body *b, enum cs_err bad)
{
    cs_rd_copy(r, b->sid, sizeof b->sid);
    cs_rd_copy(r, b->ds_hash, sizeof b->ds_hash);
    cs_rd_copy(r, b->key_id, sizeof b->key_id);
    b->epoch = cs_rd_u32(r);
    read_shape(r, b, bad);
    read_point(r, b->curve, &b->X, bad);
    for (uint8_t i = 1; i <= b->n; i++) {
        read_point(r, b->curve, &b->Xi[i], bad);
    }
    cs_rd_copy(r, b->chain_code, sizeof b->chain_code);
    cs_rd_copy(r, b->tr1, sizeof b->tr1);
    cs_rd_copy(r, b->tr2, sizeof b->tr2);
}

void cs_certificate_encode(struct cs_wr *w, const struct cs_cert_body *body,
                           const struct cs_sig_set *sigs)
{
    CS_ASSERT(cs_sig_set_full(sigs, body->n));
    cs_wr_u8(w, CERT_VERSION);
    cs_cert_body_write(w, body);
    for (uint8_t i = 1; i <= body->n; i++) {
        cs_wr_bytes(w, sigs->sig[i], CS_SIG_LEN);
    }
}

enum cs_err cs_certificate_decode(struct cs_certificate *out, struct cs_span in)
{
    struct cs_rd r = CS_RD(in);
    struct cs_certificate c = {0};
    uint8_t sig[CS_SIG_LEN];

    if (cs_rd_u8(&r) != CERT_VERSION) {
        cs_rd_fail(&r, CS_ERR_CERT_INVALID);
    }
    cs_cert_body_read(&r, &c.body, CS_ERR_CERT_INVALID);
    for (uint8_t i = 1; i <= c.body.n; i++) {
        cs_rd_copy(&r, sig, sizeof sig);
        cs_sig_set_put(&c.sigs, i, sig);
    }
    if (cs_rd_end(&r) != CS_OK) {
        return CS_ERR_CERT_INVALID;
    }
    cs_cert_content(c.C, &c.body);
    cs_cert_hash(c.cert_hash, c.C);
    *out = c;
    return CS_OK;
}

enum cs_err cs_certificate_verify(const struct cs_certificate *c,
                                  const struct cs_roster *r)
{
    if (c->body.n != r->n || c->body.t != r->t ||
        memcmp(c->body.ds_hash, r->ds_hash, sizeof r->ds_hash) != 0) {
        return CS_ERR_CERT_INVALID;
    }
    return cs_cert_verify_all(r, c->C, &c->sigs);
}
