/* Distributed key generation, PROTOCOLS 3 (with 15.3 C1, C2).
 *
 * Shape of PedPop ("FROST", eprint 2020/852) with commit-then-reveal and proofs on all
 * coefficients ("Simple Three-Round Multiparty Schnorr Signing with Full
 * Simulatability", eprint 2022/374, section 6).
 *
 *   i, j      parties         d = t-1   degree
 *   f_k, F_k  coefficients of party i and their commitments f_k G
 *   a_k, A_k  nonces of the proofs of knowledge, z_k = a_k + e_k f_k
 *   s_ij      f_i(j), opened to j only; hs_ij its hash, rnd_ij blinds that
 *   cc        chain-code part        com  commitment to everything of round 2
 *
 * Deviation: sid and tr open every payload, in that order (15.1 A2); complaints of 3.5
 * are not published. */
#include "mpc/dkg.h"

#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "crypto/hash.h"

enum { MAX = CS_PARTIES_MAX, SLOTS = CS_PARTY_SLOTS };

struct cs_dkg {
    struct cs_roster roster;
    struct cs_request request;
    enum cs_curve curve;
    uint8_t ik_seed[32];
    uint8_t local[32];
    /* own contribution */
    struct cs_secret f[MAX], a[MAX];
    struct cs_point F[MAX], A[MAX];
    struct cs_secret s[SLOTS];
    uint8_t rnd[SLOTS][32];
    uint8_t hs[SLOTS][32];
    uint8_t cc[32], blind[32];
    /* of all, from round 1 */
    uint8_t nonce[SLOTS][32], com[SLOTS][32];
    /* the result */
    bool has_key;
    struct cs_key key;
};

/* What a party reveals in round 2; public. */
struct reveal {
    struct cs_span F_raw, A_raw, z_raw; /* t points, t points, t scalars */
    struct cs_span cc, hs, blind;       /* hs: n hashes */
    struct cs_point F[MAX], A[MAX];
};

/* ---- lengths
 * ------------------------------------------------------------------------- */

static size_t len_zero(const struct cs_roster *r, enum cs_curve c)
{
    (void)r;
    (void)c;
    return 0;
}

static size_t rand_1(const struct cs_roster *r, enum cs_curve c)
{
    (void)c;
    /* f_k, a_k, rnd_ij, cc, blind, nonce */
    return 32u * (2u * r->t + r->n + 3u);
}

static size_t body_1(const struct cs_roster *r, enum cs_curve c)
{
    (void)r;
    (void)c;
    return 32 + 32; /* nonce, com */
}

static size_t body_2(const struct cs_roster *r, enum cs_curve c)
{
    return r->t * (2 * cs_point_len(c) + CS_SCALAR_LEN) + 32 + 32u * r->n + 32;
}

static size_t priv_2(const struct cs_roster *r, enum cs_curve c)
{
    (void)r;
    (void)c;
    return 32 + 32; /* s_ij, rnd_ij */
}

static size_t body_3(const struct cs_roster *r, enum cs_curve c)
{
    (void)r;
    (void)c;
    return CS_SIG_LEN;
}

static size_t body_4(const struct cs_roster *r, enum cs_curve c)
{
    (void)r;
    (void)c;
    return 32 + CS_SIG_LEN; /* dkg_cert_hash, ACK */
}

/* ---- hashes
 * ----------------------------------------------------------------------------- */

/* hs_ij = TH("dkg/share"; presid, i, j, s_ij, rnd_ij) */
static void share_hash(uint8_t out[32], const uint8_t presid[32], uint8_t i, uint8_t j,
                       const uint8_t *s, const uint8_t *rnd)
{
    const struct cs_span x[] = {CS_SPAN(presid, 32), CS_SPAN(&i, 1), CS_SPAN(&j, 1),
                                CS_SPAN(s, 32), CS_SPAN(rnd, 32)};

    cs_th(out, CS_TAG_DKG_SHARE, x, CS_COUNTOF(x));
}

/* enc() of n items of equal size that lie one after the other. */
static void list_enc(struct cs_wr *w, struct cs_span all, size_t n)
{
    struct cs_span items[MAX];
    size_t i, each = all.n / n;

    CS_ASSERT(n <= MAX && each * n == all.n);
    for (i = 0; i < n; i++) {
        items[i] = CS_SPAN(all.p + i * each, each);
    }
    cs_enc(w, items, n);
    CS_ASSERT(w->err == CS_OK);
}

/* com_i = TH("dkg/com"; presid, i, nonce_i, F_i*, A_i*, cc_i, hs_i*, blind_i) */
static void commitment(uint8_t out[32], const struct cs_roster *r,
                       const uint8_t presid[32], uint8_t i, const uint8_t nonce[32],
                       const struct reveal *v)
{
    struct cs_wr F = {0}, A = {0}, hs = {0};

    list_enc(&F, v->F_raw, r->t);
    list_enc(&A, v->A_raw, r->t);
    list_enc(&hs, v->hs, r->n);
    const struct cs_span x[] = {CS_SPAN(presid, 32), CS_SPAN(&i, 1), CS_SPAN(nonce, 32),
                                cs_wr_get(&F),       cs_wr_get(&A),  v->cc,
                                cs_wr_get(&hs),      v->blind};
    cs_th(out, CS_TAG_DKG_COM, x, CS_COUNTOF(x));
    cs_wr_free(&F);
    cs_wr_free(&A);
    cs_wr_free(&hs);
}

/* e_ik = h2s("dkg/pok"; sid, i, k, F_ik, A_ik) */
static void pok_challenge(enum cs_curve c, struct cs_scalar *e, const uint8_t sid[32],
                          uint8_t i, uint8_t k, struct cs_span F, struct cs_span A)
{
    const struct cs_span x[] = {CS_SPAN(sid, 32), CS_SPAN(&i, 1), CS_SPAN(&k, 1), F, A};

    cs_h2s(c, e, CS_TAG_DKG_POK, x, CS_COUNTOF(x));
}

static struct cs_span nth(struct cs_span all, size_t i, size_t each)
{
    CS_ASSERT((i + 1) * each <= all.n);
    return CS_SPAN(all.p + i * each, each);
}

/* ---- round 1: commit (3.1)
 * ------------------------------------------------------------------ */

static const uint8_t *draw(const uint8_t **rand, size_t n)
{
    const uint8_t *p = *rand;

    *rand += n;
    return p;
}

static void make_polynomial(struct cs_dkg *d, const uint8_t presid[32],
                            const uint8_t **rand)
{
    uint8_t k;

    for (k = 0; k < d->roster.t; k++) {
        const struct cs_span ctx[] = {CS_SPAN(presid, 32), CS_SPAN(&d->roster.self, 1),
                                      CS_SPAN(&k, 1)};

        cs_hedged_scalar(d->curve, &d->f[k], CS_TAG_HEDGE_COEF, draw(rand, 32),
                         d->local, ctx, CS_COUNTOF(ctx));
        cs_hedged_scalar(d->curve, &d->a[k], CS_TAG_HEDGE_POK, draw(rand, 32), d->local,
                         ctx, CS_COUNTOF(ctx));
        cs_point_base_mul(d->curve, &d->F[k], &d->f[k].s);
        cs_point_base_mul(d->curve, &d->A[k], &d->a[k].s);
    }
}

/* s_ij = f_i(j), by Horner's rule. */
static enum cs_err make_shares(struct cs_dkg *d, const uint8_t presid[32],
                               const uint8_t **rand)
{
    uint8_t j, k;

    for (j = 1; j <= d->roster.n; j++) {
        struct cs_scalar at;
        struct cs_secret *s = &d->s[j];

        cs_scalar_from_u32(d->curve, &at, j);
        *s = d->f[d->roster.t - 1];
        for (k = d->roster.t - 1; k > 0; k--) {
            cs_scalar_muladd(d->curve, &s->s, &s->s, &at, &d->f[k - 1].s);
        }
        if (cs_scalar_is_zero(&s->s)) { /* 2^-250; the zero rule of 1.2 */
            return CS_ERR_ZERO_OR_RANGE;
        }
        memcpy(d->rnd[j], draw(rand, 32), 32);
        share_hash(d->hs[j], presid, d->roster.self, j, s->s.b, d->rnd[j]);
    }
    return CS_OK;
}

static void write_points(struct cs_wr *w, const struct cs_point *p, size_t n)
{
    uint8_t buf[CS_POINT_MAX];
    size_t i;

    for (i = 0; i < n; i++) {
        cs_wr_bytes(w, buf, cs_point_encode(&p[i], buf));
    }
}

/* The own values in the form in which the others will see them. */
static void own_reveal(struct reveal *v, struct cs_wr *buf, const struct cs_dkg *d)
{
    size_t points = d->roster.t * cs_point_len(d->curve);

    write_points(buf, d->F, d->roster.t);
    write_points(buf, d->A, d->roster.t);
    CS_ASSERT(buf->err == CS_OK);
    *v = (struct reveal){
        .F_raw = CS_SPAN(buf->p, points),
        .A_raw = CS_SPAN(buf->p + points, points),
        .cc = CS_SPAN_OF(d->cc),
        .hs = CS_SPAN(d->hs[1], 32u * d->roster.n),
        .blind = CS_SPAN_OF(d->blind),
    };
}

static enum cs_err r1_commit(void *state, const struct cs_round_ctx *ctx,
                             const struct cs_inbox *in, const uint8_t *rand,
                             struct cs_round_out *out)
{
    struct cs_dkg *d = state;
    uint8_t self = d->roster.self;
    struct cs_wr buf = {0};
    struct reveal v;

    (void)in;
    make_polynomial(d, ctx->presid, &rand);
    CS_CHECK(make_shares(d, ctx->presid, &rand));
    memcpy(d->cc, draw(&rand, 32), 32);
    memcpy(d->blind, draw(&rand, 32), 32);
    memcpy(d->nonce[self], draw(&rand, 32), 32);
    own_reveal(&v, &buf, d);
    commitment(d->com[self], &d->roster, ctx->presid, self, d->nonce[self], &v);
    cs_wr_bytes(&out->body, d->nonce[self], 32);
    cs_wr_bytes(&out->body, d->com[self], 32);
    cs_wr_free(&buf);
    return CS_OK;
}

/* ---- round 2: reveal (3.2)
 * --------------------------------------------------------------------- */

/* The com_j must be pairwise distinct.  Who copied is known only if it was mine. */
static enum cs_err take_commitments(struct cs_dkg *d, const struct cs_inbox *in,
                                    uint8_t *culprit)
{
    uint8_t n = d->roster.n, self = d->roster.self, i, j;

    for (j = 1; j <= n; j++) {
        memcpy(d->nonce[j], in->slot[j].body.p, 32);
        memcpy(d->com[j], in->slot[j].body.p + 32, 32);
    }
    for (i = 1; i <= n; i++) {
        for (j = (uint8_t)(i + 1); j <= n; j++) {
            if (memcmp(d->com[i], d->com[j], 32) == 0) {
                *culprit = i == self ? j : j == self ? i : 0;
                return CS_ERR_DKG_COM_DUP;
            }
        }
    }
    return CS_OK;
}

static void prove(struct cs_dkg *d, const struct cs_round_ctx *ctx,
                  const struct reveal *own, struct cs_wr *w)
{
    size_t len = cs_point_len(d->curve);
    uint8_t k;

    for (k = 0; k < d->roster.t; k++) {
        struct cs_scalar e, z;

        pok_challenge(d->curve, &e, ctx->sid, d->roster.self, k,
                      nth(own->F_raw, k, len), nth(own->A_raw, k, len));
        cs_scalar_muladd(d->curve, &z, &e, &d->f[k].s, &d->a[k].s);
        cs_wr_bytes(w, z.b, sizeof z.b); /* z_k is public from here on */
    }
    cs_wipe(d->f, sizeof d->f);
    cs_wipe(d->a, sizeof d->a);
}

static enum cs_err r2_reveal(void *state, const struct cs_round_ctx *ctx,
                             const struct cs_inbox *in, const uint8_t *rand,
                             struct cs_round_out *out)
{
    struct cs_dkg *d = state;
    struct cs_wr buf = {0};
    struct reveal own;
    uint8_t j;

    (void)rand;
    CS_CHECK(take_commitments(d, in, &out->culprit));
    own_reveal(&own, &buf, d);
    cs_wr_span(&out->body, own.F_raw);
    cs_wr_span(&out->body, own.A_raw);
    prove(d, ctx, &own, &out->body);
    cs_wr_span(&out->body, own.cc);
    cs_wr_span(&out->body, own.hs);
    cs_wr_span(&out->body, own.blind);
    for (j = 1; j <= d->roster.n; j++) {
        cs_wr_bytes(&out->priv[j], d->s[j].s.b, CS_SCALAR_LEN);
        cs_wr_bytes(&out->priv[j], d->rnd[j], 32);
    }
    cs_wipe(d->s, sizeof d->s);
    cs_wipe(d->rnd, sizeof d->rnd);
    cs_wr_free(&buf);
    return CS_OK;
}

/* ---- round 3: the checks of 3.3, then the certificate (3.4)
 * ------------------------------------- */

struct round3 {
    struct cs_dkg *d;
    const struct cs_round_ctx *ctx;
    const struct cs_inbox *in;
    struct reveal v[SLOTS];
    struct cs_secret x; /* own share, sum of s_ji */
};

/* 3.3.1: exactly t commitments, t nonces, t proofs, n hashes. */
static enum cs_err check_count(struct round3 *c, uint8_t j)
{
    struct cs_rd r = CS_RD(c->in->slot[j].body);
    size_t points = c->d->roster.t * cs_point_len(c->d->curve);
    struct reveal *v = &c->v[j];

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
    struct reveal *v = &c->v[j];
    size_t k;

    for (k = 0; k < c->d->roster.t; k++) {
        if (cs_point_decode(c->d->curve, &v->F[k], nth(v->F_raw, k, len)) != CS_OK ||
            cs_point_decode(c->d->curve, &v->A[k], nth(v->A_raw, k, len)) != CS_OK) {
            return CS_ERR_DKG_POINT;
        }
    }
    return CS_OK;
}

/* 3.3.3: com_j opens. */
static enum cs_err check_opening(struct round3 *c, uint8_t j)
{
    uint8_t com[32];

    commitment(com, &c->d->roster, c->ctx->presid, j, c->d->nonce[j], &c->v[j]);
    return memcmp(com, c->d->com[j], 32) == 0 ? CS_OK : CS_ERR_DKG_OPEN;
}

/* 3.3.4: z_k G = A_k + e_k F_k for every k. */
static enum cs_err check_proofs(struct round3 *c, uint8_t j)
{
    enum cs_curve curve = c->d->curve;
    size_t len = cs_point_len(curve);
    const struct reveal *v = &c->v[j];
    uint8_t k;

    for (k = 0; k < c->d->roster.t; k++) {
        struct cs_scalar e, z;
        struct cs_point left, right;

        CS_CHECK(cs_scalar_decode(curve, &z, v->z_raw.p + (size_t)k * CS_SCALAR_LEN));
        pok_challenge(curve, &e, c->ctx->sid, j, k, nth(v->F_raw, k, len),
                      nth(v->A_raw, k, len));
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
    const struct reveal *v = &c->v[j];
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

    share_hash(hs, c->ctx->presid, j, self, s, s + 32);
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

/* chain_code = TH("dkg/cc"; sid, enc(cc_1..cc_n)) */
static void chain_code(uint8_t out[32], const struct round3 *c)
{
    struct cs_span cc[MAX];
    struct cs_wr list = {0};
    uint8_t j;

    for (j = 1; j <= c->d->roster.n; j++) {
        cc[j - 1] = c->v[j].cc;
    }
    cs_enc(&list, cc, c->d->roster.n);
    CS_ASSERT(list.err == CS_OK);
    const struct cs_span x[] = {CS_SPAN(c->ctx->sid, 32), cs_wr_get(&list)};
    cs_th(out, CS_TAG_DKG_CC, x, CS_COUNTOF(x));
    cs_wr_free(&list);
}

static void fill_body(struct cs_cert_body *b, const struct round3 *c)
{
    const struct cs_dkg *d = c->d;

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
    chain_code(b->chain_code, c);
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

static enum cs_err r3_certify(void *state, const struct cs_round_ctx *ctx,
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

/* ---- round 4: acknowledge (3.5)
 * --------------------------------------------------------------------- */

static enum cs_err r4_ack(void *state, const struct cs_round_ctx *ctx,
                          const struct cs_inbox *in, const uint8_t *rand,
                          struct cs_round_out *out)
{
    struct cs_dkg *d = state;
    struct cs_sig_set sigs = {0};
    uint8_t ack[CS_SIG_LEN];
    uint8_t j;

    (void)ctx;
    (void)rand;
    for (j = 1; j <= d->roster.n; j++) {
        enum cs_err err = cs_cert_verify(&d->roster, j, d->key.C, in->slot[j].body.p);

        if (err != CS_OK) {
            out->culprit = j;
            return err;
        }
        cs_sig_set_put(&sigs, j, in->slot[j].body.p);
    }
    d->key.sigs = sigs;
    d->key.state = CS_KEY_ACTIVE;
    cs_ack_sign(ack, d->ik_seed, d->key.cert_hash, d->roster.self);
    cs_sig_set_put(&d->key.acks, d->roster.self, ack);
    cs_wr_bytes(&out->body, d->key.cert_hash, 32);
    cs_wr_bytes(&out->body, ack, sizeof ack);
    out->persist = true; /* the certificate is durable before the ACK leaves */
    return CS_OK;
}

static enum cs_err r5_finish(void *state, const struct cs_round_ctx *ctx,
                             const struct cs_inbox *in, const uint8_t *rand,
                             struct cs_round_out *out)
{
    struct cs_dkg *d = state;
    struct cs_sig_set acks = {0};
    uint8_t j;

    (void)ctx;
    (void)rand;
    for (j = 1; j <= d->roster.n; j++) {
        const uint8_t *p = in->slot[j].body.p;

        if (memcmp(p, d->key.cert_hash, 32) != 0 ||
            cs_ack_verify(&d->roster, j, d->key.cert_hash, p + 32) != CS_OK) {
            out->culprit = j;
            return CS_ERR_DKG_ACK_SIG;
        }
        cs_sig_set_put(&acks, j, p + 32);
    }
    d->key.acks = acks;
    out->persist = true;
    return CS_OK;
}

/* ---- table
 * ---------------------------------------------------------------------------------------------
 */

/* clang-format off */
static const struct cs_round_def rounds[] = {
    /* run        sends               message tr     wrong length       random    body      private */
    {r1_commit,  CS_TYPE_DKG_COM,    true,  false, CS_ERR_BAD_FORMAT, rand_1,   body_1,   len_zero}, /* 3.1 */
    {r2_reveal,  CS_TYPE_DKG_REVEAL, true,  true,  CS_ERR_DKG_COUNT,  len_zero, body_2,   priv_2},   /* 3.2 */
    {r3_certify, CS_TYPE_DKG_CERT,   true,  true,  CS_ERR_BAD_FORMAT, len_zero, body_3,   len_zero}, /* 3.3, 3.4 */
    {r4_ack,     CS_TYPE_DKG_ACK,    true,  false, CS_ERR_BAD_FORMAT, len_zero, body_4,   len_zero}, /* 3.5 */
    {r5_finish,  0,                  false, false, CS_ERR_BAD_FORMAT, len_zero, len_zero, len_zero},
};
/* clang-format on */

const struct cs_protocol cs_dkg_protocol = {
    .proto = CS_PROTO_DKG,
    .n_rounds = CS_COUNTOF(rounds),
    .all_members = true,
    .deadline_ms = 60000,
    .rounds = rounds,
};

struct cs_dkg *cs_dkg_new(const struct cs_dkg_params *p)
{
    struct cs_dkg *d;

    CS_ASSERT(p->request.kind == CS_REQUEST_KEYGEN && p->roster.n <= MAX &&
              p->roster.t >= 2 && p->roster.t <= p->roster.n);
    d = cs_guard_new(sizeof *d);
    if (d == NULL) {
        return NULL;
    }
    d->roster = p->roster;
    d->request = p->request;
    d->curve = p->request.curve;
    memcpy(d->ik_seed, p->ik_seed, sizeof d->ik_seed);
    memcpy(d->local, p->local, sizeof d->local);
    return d;
}

void cs_dkg_free(struct cs_dkg *d)
{
    cs_guard_free(d);
}

const struct cs_key *cs_dkg_key(const struct cs_dkg *d)
{
    return d->has_key ? &d->key : NULL;
}

uint8_t cs_dkg_initiator(const struct cs_roster *r)
{
    (void)r;
    return 1; /* indices are exactly 1..n (PROTOCOLS 2.1) */
}
