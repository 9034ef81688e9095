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
#include "crypto/hash.h"
#include "mpc/dkg_impl.h"

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
        dkg_share_hash(d->hs[j], presid, d->roster.self, j, s->s.b, d->rnd[j]);
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
void dkg_own_reveal(struct dkg_reveal *v, struct cs_wr *buf, const struct cs_dkg *d)
{
    size_t points = d->roster.t * cs_point_len(d->curve);

    write_points(buf, d->F, d->roster.t);
    write_points(buf, d->A, d->roster.t);
    CS_ASSERT(buf->err == CS_OK);
    *v = (struct dkg_reveal){
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
    struct dkg_reveal v;

    (void)in;
    make_polynomial(d, ctx->presid, &rand);
    cs_wipe(d->local, sizeof d->local); /* it has hedged all there is to hedge */
    CS_CHECK(make_shares(d, ctx->presid, &rand));
    memcpy(d->cc, draw(&rand, 32), 32);
    memcpy(d->blind, draw(&rand, 32), 32);
    memcpy(d->nonce[self], draw(&rand, 32), 32);
    dkg_own_reveal(&v, &buf, d);
    dkg_commitment(d->com[self], &d->roster, ctx->presid, self, d->nonce[self], &v);
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
                  const struct dkg_reveal *own, struct cs_wr *w)
{
    size_t len = cs_point_len(d->curve);
    uint8_t k;

    for (k = 0; k < d->roster.t; k++) {
        struct cs_scalar e, z;

        dkg_pok_challenge(d->curve, &e, ctx->sid, d->roster.self, k,
                          dkg_nth(own->F_raw, k, len), dkg_nth(own->A_raw, k, len));
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
    struct dkg_reveal own;
    uint8_t j;

    (void)rand;
    CS_CHECK(take_commitments(d, in, &out->culprit));
    dkg_own_reveal(&own, &buf, d);
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
    cs_wipe(d->ik_seed, sizeof d->ik_seed);
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

/* ---- table ----------------------------------------------------------------------- */

/* clang-format off */
static const struct cs_round_def rounds[] = {
    /* run        sends               message tr     wrong length       random    body      private */
    {r1_commit,  CS_TYPE_DKG_COM,    true,  false, CS_ERR_BAD_FORMAT, rand_1,   body_1,   len_zero}, /* 3.1 */
    {r2_reveal,  CS_TYPE_DKG_REVEAL, true,  true,  CS_ERR_DKG_COUNT,  len_zero, body_2,   priv_2},   /* 3.2 */
    {dkg_certify, CS_TYPE_DKG_CERT,   true,  true,  CS_ERR_BAD_FORMAT, len_zero, body_3,   len_zero}, /* 3.3, 3.4 */
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

    CS_ASSERT(p->request.kind == CS_REQUEST_KEYGEN && p->roster.n <= CS_PARTIES_MAX &&
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
