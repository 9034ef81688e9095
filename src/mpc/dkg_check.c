/* Round 3 of the key generation: the checks of PROTOCOLS 3.3, each with its own code,
 * and the record that the certificate is about (3.4).  Notation: dkg.c. */
#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "mpc/dkg_impl.h"

struct round3 {
    struct cs_dkg *d;
    const struct cs_round_ctx *ctx;
    const struct cs_inbox *in;
    struct dkg_reveal v[CS_PARTY_SLOTS];
    struct cs_secret x; /* own share, sum of s_ji */
};

/* 3.3.1: exactly t commitments, t nonces, t proofs, n hashes. */
static enum cs_err check_count(struct round3 *c, uint8_t j)
{
    struct cs_rd r = CS_RD(c->in->slot[j].body);
    size_t points = c->d->roster.t * cs_point_len(c->d->curve);
    struct dkg_reveal *v = &c->v[j];

    v->F_raw = cs_rd_span(&r, points);
    v->A_raw = cs_rd_span(&r, points);
    v->z_raw = cs_rd_span(&r, (size_t)c->d->roster.t * CS_SCALAR_LEN);
    v->cc = cs_rd_span(&r, 32);
    v->hs = cs_rd_span(&r, 32u * c->d->roster.n);
    v->blind = cs_rd_span(&r, 32);
    return cs_rd_end(&r) == CS_OK ? CS_OK : CS_ERR_DKG_COUNT;
}

/* 3.3.2: all points valid, none the identity. */
static enum cs_err check_points(struct round3 *c, uint8_t j)
{
    size_t len = cs_point_len(c->d->curve);
    struct dkg_reveal *v = &c->v[j];
    size_t k;

    for (k = 0; k < c->d->roster.t; k++) {
        if (cs_point_decode(c->d->curve, &v->F[k], dkg_nth(v->F_raw, k, len)) !=
                CS_OK ||
            cs_point_decode(c->d->curve, &v->A[k], dkg_nth(v->A_raw, k, len)) !=
                CS_OK) {
            return CS_ERR_DKG_POINT;
        }
    }
    return CS_OK;
}

/* 3.3.3: com_j opens. */
static enum cs_err check_opening(struct round3 *c, uint8_t j)
{
    uint8_t com[32];

    dkg_commitment(com, &c->d->roster, c->ctx->presid, j, c->d->nonce[j], &c->v[j]);
    return memcmp(com, c->d->com[j], 32) == 0 ? CS_OK : CS_ERR_DKG_OPEN;
}

/* 3.3.4: z_k G = A_k + e_k F_k for every k. */
static enum cs_err check_proofs(struct round3 *c, uint8_t j)
{
    enum cs_curve curve = c->d->curve;
    size_t len = cs_point_len(curve);
    const struct dkg_reveal *v = &c->v[j];
    uint8_t k;

    for (k = 0; k < c->d->roster.t; k++) {
        struct cs_scalar e, z;
        struct cs_point left, right;

        CS_CHECK(cs_scalar_decode(curve, &z, v->z_raw.p + (size_t)k * CS_SCALAR_LEN));
        dkg_pok_challenge(curve, &e, c->ctx->sid, j, k, dkg_nth(v->F_raw, k, len),
                          dkg_nth(v->A_raw, k, len));
        cs_point_base_mul(curve, &left, &z);
        cs_point_mul_public(&right, &v->F[k], &e);
        cs_point_add(&right, &right, &v->A[k]);
        if (!cs_point_equal(&left, &right)) {
            return CS_ERR_DKG_POK;
        }
    }
    return CS_OK;
}

/* 3.3.5: the F_j0 are pairwise distinct, and no F_jk is one of mine. */
static enum cs_err check_same(struct round3 *c, uint8_t j)
{
    const struct dkg_reveal *v = &c->v[j];
    uint8_t self = c->d->roster.self, i, k, m;

    for (i = 1; i < j; i++) {
        if (i != self && j != self && cs_point_equal(&c->v[i].F[0], &v->F[0])) {
            return CS_ERR_DKG_SAME;
        }
    }
    for (k = 0; j != self && k < c->d->roster.t; k++) {
        for (m = 0; m < c->d->roster.t; m++) {
            if (cs_point_equal(&v->F[k], &c->d->F[m])) {
                return CS_ERR_DKG_SAME;
            }
        }
    }
    return CS_OK;
}

/* 3.3.6: hs_ji opens to (s_ji, rnd_ji); s_ji canonical and not zero. */
static enum cs_err check_share_hash(struct round3 *c, uint8_t j)
{
    uint8_t self = c->d->roster.self, hs[32];
    const uint8_t *s = c->in->slot[j].priv.p;
    struct cs_secret share;
    enum cs_err err = CS_ERR_DKG_SHARE_OPEN;

    dkg_share_hash(hs, c->ctx->presid, j, self, s, s + 32);
    if (memcmp(hs, c->v[j].hs.p + 32u * (self - 1u), 32) == 0) {
        err = cs_scalar_decode(c->d->curve, &share.s, s);
        cs_wipe(&share, sizeof share);
    }
    return err;
}

/* 3.3.7: s_ji G = sum_k i^k F_jk.  Adds the share to x_i. */
static enum cs_err check_share(struct round3 *c, uint8_t j)
{
    enum cs_curve curve = c->d->curve;
    struct cs_point left, right;
    struct cs_secret s;
    enum cs_err err = CS_ERR_DKG_SHARE;

    CS_TRY(cs_scalar_decode(curve, &s.s, c->in->slot[j].priv.p));
    err = CS_ERR_DKG_SHARE;
    cs_point_base_mul(curve, &left, &s.s);
    cs_point_poly_eval(&right, c->v[j].F, c->d->roster.t, c->d->roster.self);
    if (cs_point_equal(&left, &right)) {
        cs_scalar_add(curve, &c->x.s, &c->x.s, &s.s);
        err = CS_OK;
    }
out:
    cs_wipe(&s, sizeof s);
    return err;
}

typedef enum cs_err check_fn(struct round3 *c, uint8_t j);

/* In the order of 3.3; each over all parties before the next. */
static check_fn *const checks[] = {
    check_count, check_points,     check_opening, check_proofs,
    check_same,  check_share_hash, check_share,
};

static enum cs_err run_checks(struct round3 *c, uint8_t *culprit)
{
    size_t k;
    uint8_t j;

    for (k = 0; k < CS_COUNTOF(checks); k++) {
        for (j = 1; j <= c->d->roster.n; j++) {
            enum cs_err err = checks[k](c, j);

            if (err != CS_OK) {
                *culprit = j;
                return err;
            }
        }
    }
    return CS_OK;
}

/* X = sum F_j0, X_m = sum_j sum_k m^k F_jk. */
static void sum_points(const struct round3 *c, struct cs_cert_body *b)
{
    uint8_t j, m;

    cs_point_identity(b->curve, &b->X);
    for (m = 1; m <= b->n; m++) {
        cs_point_identity(b->curve, &b->Xi[m]);
    }
    for (j = 1; j <= b->n; j++) {
        cs_point_add(&b->X, &b->X, &c->v[j].F[0]);
        for (m = 1; m <= b->n; m++) {
            struct cs_point part;

            cs_point_poly_eval(&part, c->v[j].F, b->t, m);
            cs_point_add(&b->Xi[m], &b->Xi[m], &part);
        }
    }
}

/* 3.3.8: nothing is the identity, x_i is not zero, x_i G = X_i. */
static enum cs_err check_result(const struct round3 *c, const struct cs_cert_body *b)
{
    struct cs_point p;
    uint8_t m;

    if (b->X.inf || cs_scalar_is_zero(&c->x.s)) {
        return CS_ERR_DKG_RESULT;
    }
    for (m = 1; m <= b->n; m++) {
        if (b->Xi[m].inf) {
            return CS_ERR_DKG_RESULT;
        }
    }
    cs_point_base_mul(b->curve, &p, &c->x.s);
    return cs_point_equal(&p, &b->Xi[c->d->roster.self]) ? CS_OK : CS_ERR_DKG_RESULT;
}

static void fill_body(struct cs_cert_body *b, const struct round3 *c)
{
    const struct cs_dkg *d = c->d;
    struct cs_span cc[CS_PARTIES_MAX];
    uint8_t j;

    *b = (struct cs_cert_body){
        .epoch = d->request.key_epoch,
        .curve = d->curve,
        .scheme = d->request.scheme,
        .n = d->roster.n,
        .t = d->roster.t,
    };
    memcpy(b->sid, c->ctx->sid, 32);
    memcpy(b->ds_hash, d->roster.ds_hash, 32);
    memcpy(b->key_id, d->request.key_id, CS_ID_LEN);
    memcpy(b->tr1, c->ctx->tr[1], 32);
    memcpy(b->tr2, c->ctx->tr[2], 32);
    for (j = 1; j <= b->n; j++) {
        cc[j - 1] = c->v[j].cc;
    }
    dkg_chain_code(b->chain_code, c->ctx->sid, cc, b->n);
    sum_points(c, b);
}

/* The PENDING record with the own sigma. */
static void make_key(struct cs_dkg *d, const struct cs_cert_body *b,
                     const struct cs_secret *x)
{
    struct cs_key *k = &d->key;
    uint8_t sig[CS_SIG_LEN];

    k->state = CS_KEY_PENDING;
    k->self = d->roster.self;
    memcpy(k->request_id, d->request.request_id, CS_ID_LEN);
    k->body = *b;
    k->x = *x;
    cs_cert_content(k->C, b);
    cs_cert_hash(k->cert_hash, k->C);
    cs_cert_sign(sig, d->ik_seed, k->C);
    cs_sig_set_put(&k->sigs, k->self, sig);
    d->has_key = true;
}

enum cs_err dkg_certify(void *state, const struct cs_round_ctx *ctx,
                        const struct cs_inbox *in, const uint8_t *rand,
                        struct cs_round_out *out)
{
    struct cs_dkg *d = state;
    struct round3 c = {.d = d, .ctx = ctx, .in = in};
    struct cs_cert_body b;
    enum cs_err err;

    (void)rand;
    cs_scalar_zero(&c.x.s);
    CS_TRY(run_checks(&c, &out->culprit));
    fill_body(&b, &c);
    CS_TRY(check_result(&c, &b));
    make_key(d, &b, &c.x);
    cs_wr_bytes(&out->body, d->key.sigs.sig[d->key.self], CS_SIG_LEN);
    out->persist = true; /* durable before sigma leaves (3.4) */
out:
    cs_wipe(&c.x, sizeof c.x);
    return err;
}
