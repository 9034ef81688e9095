/* FROST(Ed25519, SHA-512), RFC 9591 sections 4.1 to 5.3 and 6.1; PROTOCOLS 7.1, 7.6.
 *
 * Deviation: a partial signature that leaves is always verified, and the result is
 * verified without cofactor.  R and the keys are in the prime-order subgroup
 * by the checks of decoding, so both equations agree (PROTOCOLS 7.2). */
#include "mpc/frost.h"

#include <string.h>

#include "base/mem.h"
#include "crypto/frost_hash.h"
#include "crypto/hash.h"
#include "crypto/identity.h"

#define ED CS_CURVE_ED25519

/* ---- nonces (RFC 9591, 4.1)
 * ------------------------------------------------------------ */

static void nonce_make(struct cs_secret *out, struct cs_point *commit,
                       const uint8_t rand[32], const struct cs_secret *share)
{
    uint8_t in[64];

    memcpy(in, rand, 32);
    memcpy(in + 32, share->s.b, 32);
    cs_frost_h3(&out->s, CS_SPAN_OF(in));
    cs_wipe(in, sizeof in);
    cs_point_base_mul(ED, commit, &out->s);
}

void cs_frost_nonces_make(struct cs_frost_nonces *n, struct cs_frost_commit *c,
                          uint8_t id, const uint8_t rand[CS_FROST_RAND],
                          const struct cs_secret *share)
{
    c->id = id;
    nonce_make(&n->d, &c->D, rand, share);
    nonce_make(&n->e, &c->E, rand + 32, share);
    /* Zero has probability 2^-250; it would make the commitment the identity. */
    CS_ASSERT(!c->D.inf && !c->E.inf);
}

enum { HEDGE_CTX_MAX = 8 };

void cs_frost_hedge(uint8_t out[CS_FROST_RAND], const uint8_t rand[CS_FROST_RAND],
                    const struct cs_secret *share, const struct cs_span *ctx,
                    size_t n_ctx)
{
    struct cs_span x[3 + HEDGE_CTX_MAX];
    uint8_t k;
    size_t i;

    CS_ASSERT(n_ctx <= HEDGE_CTX_MAX);
    x[1] = CS_SPAN_OF(share->s.b);
    for (i = 0; i < n_ctx; i++) {
        x[2 + i] = ctx[i];
    }
    x[2 + n_ctx] = CS_SPAN(&k, 1);
    for (k = 0; k < 2; k++) { /* d, e */
        x[0] = CS_SPAN(rand + 32u * k, 32);
        cs_th(out + 32u * k, CS_TAG_HEDGE_FROST, x, 3 + n_ctx);
    }
}

void cs_frost_commit_encode(uint8_t out[CS_FROST_COMMIT_LEN],
                            const struct cs_frost_commit *c)
{
    uint8_t buf[CS_POINT_MAX];

    CS_ASSERT(cs_point_encode(&c->D, buf) == 32);
    memcpy(out, buf, 32);
    CS_ASSERT(cs_point_encode(&c->E, buf) == 32);
    memcpy(out + 32, buf, 32);
}

enum cs_err cs_frost_commit_decode(struct cs_frost_commit *out, uint8_t id,
                                   const uint8_t in[CS_FROST_COMMIT_LEN])
{
    struct cs_frost_commit c = {.id = id};

    if (cs_point_decode(ED, &c.D, CS_SPAN(in, 32)) != CS_OK ||
        cs_point_decode(ED, &c.E, CS_SPAN(in + 32, 32)) != CS_OK) {
        return CS_ERR_FROST_COMMIT;
    }
    *out = c;
    return CS_OK;
}

/* ---- binding (RFC 9591, 4.4 and 4.5)
 * ------------------------------------------------------ */

static void sort_by_id(struct cs_frost_commit *c, size_t n)
{
    size_t i, k;

    for (i = 1; i < n; i++) {
        for (k = i; k > 0 && c[k - 1].id > c[k].id; k--) {
            struct cs_frost_commit t = c[k];

            c[k] = c[k - 1];
            c[k - 1] = t;
        }
    }
}

static void write_point(struct cs_wr *w, const struct cs_point *p)
{
    uint8_t buf[CS_POINT_MAX];

    cs_wr_bytes(w, buf, cs_point_encode(p, buf));
}

/* encode_group_commitment_list: id, D, E of each, sorted by id. */
static void encode_list(struct cs_wr *w, const struct cs_frost_ctx *ctx,
                        const uint8_t *entries)
{
    size_t i;

    for (i = 0; i < ctx->n; i++) {
        struct cs_scalar id;

        cs_scalar_from_u32(ED, &id, ctx->ids[i]);
        cs_wr_bytes(w, id.b, sizeof id.b);
        cs_wr_bytes(w, entries + i * CS_FROST_COMMIT_LEN, CS_FROST_COMMIT_LEN);
    }
}

/* rho_i = H1(PK | H4(msg) | H5(list) | id_i) */
static enum cs_err binding_factors(struct cs_frost_ctx *ctx, const uint8_t *entries,
                                   struct cs_span msg)
{
    struct cs_wr list = {0}, in = {0};
    uint8_t h4[64], h5[64];
    enum cs_err err = CS_ERR_NOMEM;
    uint8_t *id;
    size_t i;

    encode_list(&list, ctx, entries);
    CS_TRY(list.err);
    cs_frost_h4(h4, msg);
    cs_frost_h5(h5, cs_wr_get(&list));
    write_point(&in, &ctx->X);
    cs_wr_span(&in, CS_SPAN_OF(h4));
    cs_wr_span(&in, CS_SPAN_OF(h5));
    id = cs_wr_room(&in, CS_SCALAR_LEN);
    CS_TRY(in.err);
    for (i = 0; i < ctx->n; i++) {
        struct cs_scalar s;

        cs_scalar_from_u32(ED, &s, ctx->ids[i]);
        memcpy(id, s.b, sizeof s.b);
        cs_frost_h1(&ctx->rho[i], cs_wr_get(&in));
    }
out:
    cs_wr_free(&list);
    cs_wr_free(&in);
    return err;
}

/* c = H2(R | PK | msg) */
static enum cs_err challenge(struct cs_frost_ctx *ctx, struct cs_span msg)
{
    struct cs_wr in = {0};
    enum cs_err err;

    write_point(&in, &ctx->R);
    write_point(&in, &ctx->X);
    cs_wr_span(&in, msg);
    err = in.err;
    if (err == CS_OK) {
        cs_frost_h2(&ctx->c, cs_wr_get(&in));
    }
    cs_wr_free(&in);
    return err;
}

static bool ids_rise(const uint8_t *ids, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (ids[i] < 1 || ids[i] > CS_PARTIES_MAX || (i > 0 && ids[i] <= ids[i - 1])) {
            return false;
        }
    }
    return true;
}

enum cs_err cs_frost_begin(struct cs_frost_ctx *ctx, const struct cs_point *X,
                           const uint8_t *ids, const struct cs_scalar *lambda, size_t n,
                           const uint8_t *entries, struct cs_span msg)
{
    if (n < 1 || n > CS_PARTIES_MAX || X->curve != ED || X->inf || !ids_rise(ids, n)) {
        return CS_ERR_USAGE;
    }
    *ctx = (struct cs_frost_ctx){.n = (uint8_t)n, .X = *X};
    memcpy(ctx->ids, ids, n);
    memcpy(ctx->lambda, lambda, n * sizeof *lambda);
    return binding_factors(ctx, entries, msg);
}

enum cs_err cs_frost_peer(struct cs_frost_ctx *ctx, size_t i,
                          const uint8_t entry[CS_FROST_COMMIT_LEN])
{
    struct cs_point D, t;

    CS_ASSERT(i < ctx->n);
    if (cs_point_decode(ED, &D, CS_SPAN(entry, 32)) != CS_OK ||
        cs_point_decode_mul(ED, &t, CS_SPAN(entry + 32, 32), &ctx->rho[i]) != CS_OK) {
        return CS_ERR_FROST_COMMIT;
    }
    cs_point_add(&ctx->RJ[i], &D, &t);
    return CS_OK;
}

void cs_frost_known(struct cs_frost_ctx *ctx, size_t i, const struct cs_frost_commit *c)
{
    struct cs_point t;

    CS_ASSERT(i < ctx->n);
    cs_point_mul_public(&t, &c->E, &ctx->rho[i]);
    cs_point_add(&ctx->RJ[i], &c->D, &t);
}

void cs_frost_own(struct cs_frost_ctx *ctx, size_t i, const struct cs_frost_nonces *n)
{
    struct cs_secret k;

    CS_ASSERT(i < ctx->n);
    cs_scalar_muladd(ED, &k.s, &n->e.s, &ctx->rho[i], &n->d.s);
    cs_point_base_mul(ED, &ctx->RJ[i], &k.s);
    cs_wipe(&k, sizeof k);
}

enum cs_err cs_frost_end(struct cs_frost_ctx *ctx, struct cs_span msg)
{
    size_t i;

    cs_point_identity(ED, &ctx->R);
    for (i = 0; i < ctx->n; i++) {
        if (!cs_curve_ok((unsigned)ctx->RJ[i].curve)) {
            return CS_ERR_USAGE; /* a signer was left out */
        }
        cs_point_add(&ctx->R, &ctx->R, &ctx->RJ[i]);
    }
    if (ctx->R.inf) {
        return CS_ERR_FROST_IDENTITY;
    }
    return challenge(ctx, msg);
}

/* Of commitments that were decoded: their encodings, and R_j of each. */
static enum cs_err bind_sorted(struct cs_frost_ctx *ctx, const struct cs_point *X,
                               const struct cs_frost_commit *c, size_t n,
                               struct cs_span msg)
{
    uint8_t entries[CS_PARTIES_MAX * CS_FROST_COMMIT_LEN], ids[CS_PARTIES_MAX];
    struct cs_scalar lambda[CS_PARTIES_MAX];
    size_t i;

    for (i = 0; i < n; i++) {
        ids[i] = c[i].id;
    }
    for (i = 0; i < n; i++) {
        CS_CHECK(cs_lagrange(ED, &lambda[i], ids[i], ids, n, 0));
        cs_frost_commit_encode(entries + i * CS_FROST_COMMIT_LEN, &c[i]);
    }
    CS_CHECK(cs_frost_begin(ctx, X, ids, lambda, n, entries, msg));
    for (i = 0; i < n; i++) {
        cs_frost_known(ctx, i, &c[i]);
    }
    return cs_frost_end(ctx, msg);
}

enum cs_err cs_frost_bind(struct cs_frost_ctx *ctx, const struct cs_point *X,
                          const struct cs_frost_commit *commits, size_t n,
                          struct cs_span msg)
{
    struct cs_frost_commit c[CS_PARTIES_MAX];

    if (n < 1 || n > CS_PARTIES_MAX) {
        return CS_ERR_USAGE;
    }
    memcpy(c, commits, n * sizeof *c);
    sort_by_id(c, n);
    return bind_sorted(ctx, X, c, n, msg);
}

/* ---- partial signatures (RFC 9591, 5.2 and 5.4)
 * ---------------------------------------------- */

/* Position of a signer, ctx->n when it is none. */
static size_t position(const struct cs_frost_ctx *ctx, uint8_t id)
{
    size_t i;

    for (i = 0; i < ctx->n && ctx->ids[i] != id; i++) {
    }
    return i;
}

enum cs_err cs_frost_part(struct cs_scalar *z, struct cs_frost_nonces *n,
                          const struct cs_frost_ctx *ctx, uint8_t id,
                          const struct cs_secret *x)
{
    struct cs_frost_nonces k = *n;
    struct cs_secret t = {0};
    struct cs_scalar lambda_c;
    size_t i = position(ctx, id);
    enum cs_err err = CS_ERR_USAGE;

    cs_wipe(n, sizeof *n); /* first, so that no later path can use it again */
    if (i == ctx->n) {
        goto out;
    }
    err = CS_ERR_NONCE_USED;
    if (cs_ct_is_zero(&k, sizeof k)) {
        goto out;
    }
    cs_scalar_mul(ED, &lambda_c, &ctx->lambda[i], &ctx->c);
    cs_scalar_muladd(ED, &t.s, &k.e.s, &ctx->rho[i], &k.d.s);
    cs_scalar_muladd(ED, &t.s, &x->s, &lambda_c, &t.s);
    *z = t.s;
    err = CS_OK;
out:
    cs_wipe(&k, sizeof k);
    cs_wipe(&t, sizeof t);
    return err;
}

enum cs_err cs_frost_sign(struct cs_scalar *z, struct cs_frost_nonces *n,
                          const struct cs_frost_ctx *ctx, uint8_t id,
                          const struct cs_secret *x, const struct cs_point *Xi)
{
    struct cs_secret t = {0};
    enum cs_err err;

    CS_TRY(cs_frost_part(&t.s, n, ctx, id, x));
    /* A fault in the sum above would tell the share: never send what does not verify.
     */
    err = CS_ERR_FROST_SELF;
    if (cs_frost_verify_share(ctx, id, t.s.b, Xi) == CS_OK) {
        *z = t.s; /* z is public from here on */
        err = CS_OK;
    }
out:
    cs_wipe(&t, sizeof t);
    return err;
}

/* z_i B = D_i + rho_i E_i + (c lambda_i) X_i */
enum cs_err cs_frost_verify_share(const struct cs_frost_ctx *ctx, uint8_t id,
                                  const uint8_t z[32], const struct cs_point *Xi)
{
    size_t i = position(ctx, id);
    struct cs_scalar s, lambda_c;
    struct cs_point left, right;

    if (i == ctx->n) {
        return CS_ERR_USAGE;
    }
    CS_CHECK(cs_scalar_decode(ED, &s, z));
    cs_scalar_mul(ED, &lambda_c, &ctx->lambda[i], &ctx->c);
    cs_point_base_mul(ED, &left, &s);
    cs_point_mul_public(&right, Xi, &lambda_c);
    cs_point_add(&right, &right, &ctx->RJ[i]);
    return cs_point_equal(&left, &right) ? CS_OK : CS_ERR_FROST_SHARE;
}

/* ---- the signature (RFC 9591, 5.3)
 * ------------------------------------------------------------- */

enum cs_err cs_frost_aggregate(uint8_t sig[CS_FROST_SIG_LEN],
                               const struct cs_frost_ctx *ctx,
                               const struct cs_scalar *z, struct cs_span msg)
{
    uint8_t out[CS_FROST_SIG_LEN], buf[CS_POINT_MAX], pk[CS_POINT_MAX];
    struct cs_scalar sum;
    size_t i;

    memset(sig, 0, CS_FROST_SIG_LEN);
    cs_scalar_zero(&sum);
    for (i = 0; i < ctx->n; i++) {
        cs_scalar_add(ED, &sum, &sum, &z[i]);
    }
    CS_ASSERT(cs_point_encode(&ctx->R, buf) == 32 &&
              cs_point_encode(&ctx->X, pk) == 32);
    memcpy(out, buf, 32);
    memcpy(out + 32, sum.b, 32);
    if (!cs_sign_verify(out, pk, msg)) { /* nothing leaves that does not verify (7.2) */
        return CS_ERR_SIG_INVALID;
    }
    memcpy(sig, out, sizeof out);
    return CS_OK;
}
