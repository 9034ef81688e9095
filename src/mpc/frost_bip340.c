/* See frost_bip340.h; names of functions in comments are BIP 445's. */
#include "mpc/frost_bip340.h"

#include <string.h>

#include "base/mem.h"
#include "crypto/hash.h"
#include "crypto/sha256.h"
#include "crypto/taproot.h"

#define K1 CS_CURVE_SECP256K1

enum { SER_P = 33, ODD = 3 };

/* ---- tagged hashes --------------------------------------------------------------- */

static void tag_start(struct cs_sha256_state *st, const char *tag)
{
    uint8_t t[32];

    cs_sha256(t, CS_SPAN(tag, strlen(tag)));
    cs_sha256_start(st);
    cs_sha256_update(st, t, sizeof t);
    cs_sha256_update(st, t, sizeof t);
}

static void put_be(struct cs_sha256_state *st, uint64_t v, size_t n)
{
    uint8_t b[8];
    size_t i;

    for (i = 0; i < n; i++) {
        b[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    }
    cs_sha256_update(st, b, n);
}

static void put_span(struct cs_sha256_state *st, struct cs_span s)
{
    if (s.n > 0) {
        cs_sha256_update(st, s.p, s.n);
    }
}

/* The hash as a scalar, int(hash) mod q; constant time. */
static void tag_scalar(struct cs_sha256_state *st, struct cs_scalar *out)
{
    uint8_t wide[64] = {0};

    cs_sha256_final(st, wide + 32);
    cs_scalar_reduce64(K1, out, wide);
    cs_wipe(wide, sizeof wide);
}

/* ---- points ---------------------------------------------------------------------- */

static void encode(uint8_t out[SER_P], const struct cs_point *p)
{
    uint8_t buf[CS_POINT_MAX];

    if (p->inf) { /* cbytes_ext */
        memset(out, 0, SER_P);
        return;
    }
    CS_ASSERT(cs_point_encode(p, buf) == SER_P);
    memcpy(out, buf, SER_P);
}

static enum cs_err decode(struct cs_point *out, const uint8_t in[SER_P])
{
    return cs_point_decode(K1, out, CS_SPAN(in, SER_P)) == CS_OK ? CS_OK
                                                                 : CS_ERR_FROST_COMMIT;
}

static enum cs_err decode_or_identity(struct cs_point *out, const uint8_t in[SER_P])
{
    static const uint8_t zero[SER_P];

    if (memcmp(in, zero, SER_P) == 0) { /* public */
        cs_point_identity(K1, out);
        return CS_OK;
    }
    return decode(out, in);
}

/* ---- nonces (NonceGen, NonceAgg) ------------------------------------------------- */

/* rand = share ^ hash_aux(rand'), or rand' without a share */
static void mix_rand(uint8_t out[32], const uint8_t rand[32],
                     const struct cs_secret *share)
{
    size_t i;

    if (share == NULL) {
        memcpy(out, rand, 32);
        return;
    }
    cs_tagged_hash(out, "BIP0445/aux", CS_SPAN(rand, 32));
    for (i = 0; i < 32; i++) {
        out[i] ^= share->s.b[i];
    }
}

static void nonce_hash(struct cs_secret *k, struct cs_point *R, uint8_t i,
                       const uint8_t rand[32], const struct cs_bip340_hedge *h)
{
    struct cs_sha256_state st;
    uint8_t Xi[SER_P];

    tag_start(&st, "BIP0445/nonce");
    cs_sha256_update(&st, rand, 32);
    put_be(&st, h->Xi == NULL ? 0 : SER_P, 1);
    if (h->Xi != NULL) {
        encode(Xi, h->Xi);
        cs_sha256_update(&st, Xi, SER_P);
    }
    put_be(&st, h->key_x == NULL ? 0 : 32, 1);
    put_span(&st, CS_SPAN(h->key_x, h->key_x == NULL ? 0 : 32));
    put_be(&st, h->msg == NULL ? 0 : 1, 1);
    if (h->msg != NULL) {
        put_be(&st, h->msg->n, 8);
        put_span(&st, *h->msg);
    }
    put_be(&st, h->extra.n, 4);
    put_span(&st, h->extra);
    put_be(&st, i, 1);
    tag_scalar(&st, &k->s);
    cs_point_base_mul(K1, R, &k->s);
    CS_ASSERT(!R->inf); /* k = 0: probability 2^-256 */
}

enum cs_err cs_bip340_nonces_make(struct cs_frost_nonces *n, struct cs_frost_commit *c,
                                  uint8_t id, const uint8_t rand[CS_BIP340_RAND],
                                  const struct cs_bip340_hedge *h)
{
    uint8_t mixed[32];

    if (h->extra.n > UINT32_MAX ||
        (h->Xi != NULL && (h->Xi->curve != K1 || h->Xi->inf))) {
        return CS_ERR_USAGE;
    }
    mix_rand(mixed, rand, h->share);
    c->id = id;
    nonce_hash(&n->d, &c->D, 0, mixed, h);
    nonce_hash(&n->e, &c->E, 1, mixed, h);
    cs_wipe(mixed, sizeof mixed);
    return CS_OK;
}

void cs_bip340_commit_encode(uint8_t out[CS_BIP340_NONCE_LEN],
                             const struct cs_frost_commit *c)
{
    encode(out, &c->D);
    encode(out + SER_P, &c->E);
}

enum cs_err cs_bip340_commit_decode(struct cs_frost_commit *out, uint8_t id,
                                    const uint8_t in[CS_BIP340_NONCE_LEN])
{
    struct cs_frost_commit c = {.id = id};

    CS_CHECK(decode(&c.D, in));
    CS_CHECK(decode(&c.E, in + SER_P));
    *out = c;
    return CS_OK;
}

static void sum_up(struct cs_frost_commit *sum, const struct cs_frost_commit *c,
                   size_t n)
{
    size_t i;

    *sum = (struct cs_frost_commit){0};
    cs_point_identity(K1, &sum->D);
    cs_point_identity(K1, &sum->E);
    for (i = 0; i < n; i++) {
        cs_point_add(&sum->D, &sum->D, &c[i].D);
        cs_point_add(&sum->E, &sum->E, &c[i].E);
    }
}

void cs_bip340_nonces_add(uint8_t aggnonce[CS_BIP340_NONCE_LEN],
                          const struct cs_frost_commit *c, size_t n)
{
    struct cs_frost_commit sum;

    sum_up(&sum, c, n);
    cs_bip340_commit_encode(aggnonce, &sum);
}

/* ---- signers (ValidateSignersCtx)
 * ---------------------------------------------------- */

static size_t position(const struct cs_bip340_signers *s, uint8_t id)
{
    size_t i;

    for (i = 0; i < s->n && s->ids[i] != id; i++) {
    }
    return i;
}

/* Puts one more signer where it belongs: ids stay rising.  That none is 0 or repeats is
 * cs_lagrange's check. */
static enum cs_err insert(struct cs_bip340_signers *s, uint8_t n, uint8_t id,
                          const struct cs_point *Xi)
{
    size_t k;

    if (id > n || Xi->curve != K1 || Xi->inf) {
        return CS_ERR_USAGE;
    }
    for (k = s->n; k > 0 && s->ids[k - 1] > id; k--) {
        s->ids[k] = s->ids[k - 1];
        s->Xi[k] = s->Xi[k - 1];
    }
    s->ids[k] = id;
    s->Xi[k] = *Xi;
    s->n++;
    return CS_OK;
}

/* DeriveThreshPubkey, and comparison */
static enum cs_err check_key(struct cs_bip340_signers *s)
{
    struct cs_point sum, term;
    size_t i;

    cs_point_identity(K1, &sum);
    for (i = 0; i < s->n; i++) {
        CS_CHECK(cs_lagrange(K1, &s->lambda[i], s->ids[i], s->ids, s->n, 0));
        cs_point_mul_public(&term, &s->Xi[i], &s->lambda[i]);
        cs_point_add(&sum, &sum, &term);
    }
    return cs_point_equal(&sum, &s->X) ? CS_OK : CS_ERR_KEY_CORRUPT;
}

enum cs_err cs_bip340_signers_init(struct cs_bip340_signers *s, uint8_t t, uint8_t n,
                                   const uint8_t *ids, const struct cs_point *Xi,
                                   size_t count, const struct cs_point *X)
{
    struct cs_bip340_signers out = {.X = *X};
    size_t i;

    if (t < 1 || n > CS_PARTIES_MAX || count < t || count > n || X->curve != K1 ||
        X->inf) {
        return CS_ERR_USAGE;
    }
    for (i = 0; i < count; i++) {
        CS_CHECK(insert(&out, n, ids[i], &Xi[i]));
    }
    CS_CHECK(check_key(&out));
    *s = out;
    return CS_OK;
}

void cs_bip340_signers_known(struct cs_bip340_signers *s, const uint8_t *ids,
                             const struct cs_point *Xi, const struct cs_scalar *lambda,
                             size_t n, const struct cs_point *X)
{
    CS_ASSERT(n >= 1 && n <= CS_PARTIES_MAX);
    *s = (struct cs_bip340_signers){.n = (uint8_t)n, .X = *X};
    memcpy(s->ids, ids, n);
    memcpy(s->Xi, Xi, n * sizeof *Xi);
    memcpy(s->lambda, lambda, n * sizeof *lambda);
}

/* ---- session (GetSessionValues)
 * -------------------------------------------------------- */

/* b = hash_noncecoef(ids, 4 bytes each | aggnonce | x(Q) | msg) */
static void coefficient(struct cs_bip340_session *ctx,
                        const uint8_t aggnonce[CS_BIP340_NONCE_LEN], struct cs_span msg)
{
    struct cs_sha256_state st;
    size_t i;

    tag_start(&st, "BIP0445/noncecoef");
    for (i = 0; i < ctx->s.n; i++) {
        put_be(&st, ctx->s.ids[i] - 1U, 4); /* rising; the BIP counts from 0 */
    }
    cs_sha256_update(&st, aggnonce, CS_BIP340_NONCE_LEN);
    cs_sha256_update(&st, ctx->Qx, 32);
    put_span(&st, msg);
    tag_scalar(&st, &ctx->b);
}

/* e = hash_challenge(x(R) | x(Q) | msg) */
static void challenge(struct cs_bip340_session *ctx, struct cs_span msg)
{
    struct cs_sha256_state st;

    tag_start(&st, "BIP0340/challenge");
    cs_sha256_update(&st, ctx->Rx, 32);
    cs_sha256_update(&st, ctx->Qx, 32);
    put_span(&st, msg);
    tag_scalar(&st, &ctx->e);
}

/* R = R_1 + b R_2, or G; keeps x(R) and whether y(R) is odd. */
static void final_nonce(struct cs_bip340_session *ctx, const struct cs_point *R1,
                        const struct cs_point *R2)
{
    uint8_t buf[SER_P];
    struct cs_scalar one;
    struct cs_point R;

    cs_point_mul_public(&R, R2, &ctx->b);
    cs_point_add(&R, &R, R1);
    if (R.inf) {
        cs_scalar_from_u32(K1, &one, 1);
        cs_point_base_mul(K1, &R, &one);
    }
    encode(buf, &R);
    memcpy(ctx->Rx, buf + 1, 32);
    ctx->negate = buf[0] == ODD;
}

/* Public factors: e lambda_i g gacc of each signer, e g tacc of the result. */
static void factors(struct cs_bip340_session *ctx, const struct cs_tweak *tweak)
{
    struct cs_scalar eg = ctx->e, t;
    size_t i;

    if (cs_tweak_odd(tweak)) { /* g = -1 */
        cs_scalar_negate(K1, &eg, &eg);
    }
    cs_scalar_mul(K1, &ctx->tail, &eg, &tweak->tacc);
    cs_scalar_mul(K1, &t, &eg, &tweak->gacc);
    for (i = 0; i < ctx->s.n; i++) {
        cs_scalar_mul(K1, &ctx->part[i], &t, &ctx->s.lambda[i]);
    }
}

/* The tweak context belongs to this key: gacc is 1 or -1, Q = gacc X + tacc G. */
static bool tweak_fits(const struct cs_tweak *tweak, const struct cs_point *X)
{
    struct cs_scalar one, minus;
    struct cs_point Q;

    cs_scalar_from_u32(K1, &one, 1);
    cs_scalar_negate(K1, &minus, &one);
    cs_point_base_mul(K1, &Q, &tweak->tacc);
    if (cs_scalar_equal(&tweak->gacc, &one)) {
        cs_point_add(&Q, &Q, X);
    } else if (cs_scalar_equal(&tweak->gacc, &minus)) {
        cs_point_sub(&Q, &Q, X);
    } else {
        return false;
    }
    return !Q.inf && cs_point_equal(&Q, &tweak->Q);
}

/* R_1 and R_2 are what aggnonce encodes. */
static void fill(struct cs_bip340_session *ctx, const struct cs_bip340_signers *s,
                 const struct cs_tweak *tweak,
                 const uint8_t aggnonce[CS_BIP340_NONCE_LEN], const struct cs_point *R1,
                 const struct cs_point *R2, struct cs_span msg)
{
    *ctx = (struct cs_bip340_session){.s = *s};
    cs_tweak_x(ctx->Qx, tweak);
    coefficient(ctx, aggnonce, msg);
    final_nonce(ctx, R1, R2);
    challenge(ctx, msg);
    factors(ctx, tweak);
}

enum cs_err cs_bip340_session_init(struct cs_bip340_session *ctx,
                                   const struct cs_bip340_signers *s,
                                   const struct cs_tweak *tweak,
                                   const uint8_t aggnonce[CS_BIP340_NONCE_LEN],
                                   struct cs_span msg)
{
    struct cs_point R1, R2;

    if (!tweak_fits(tweak, &s->X)) {
        return CS_ERR_USAGE;
    }
    CS_CHECK(decode_or_identity(&R1, aggnonce));
    CS_CHECK(decode_or_identity(&R2, aggnonce + SER_P));
    fill(ctx, s, tweak, aggnonce, &R1, &R2, msg);
    return CS_OK;
}

enum cs_err cs_bip340_bind_known(struct cs_bip340_session *ctx,
                                 const struct cs_bip340_signers *s,
                                 const struct cs_tweak *tweak,
                                 const struct cs_frost_commit *commits, size_t n,
                                 struct cs_span msg)
{
    uint8_t aggnonce[CS_BIP340_NONCE_LEN];
    bool seen[CS_PARTIES_MAX] = {false};
    struct cs_frost_commit sum;
    size_t i, k;

    if (n != s->n) {
        return CS_ERR_USAGE;
    }
    for (i = 0; i < n; i++) {
        k = position(s, commits[i].id);
        if (k == s->n || seen[k]) {
            return CS_ERR_USAGE;
        }
        seen[k] = true;
    }
    sum_up(&sum, commits, n);
    cs_bip340_commit_encode(aggnonce, &sum);
    fill(ctx, s, tweak, aggnonce, &sum.D, &sum.E, msg);
    return CS_OK;
}

enum cs_err cs_bip340_bind(struct cs_bip340_session *ctx,
                           const struct cs_bip340_signers *s,
                           const struct cs_tweak *tweak,
                           const struct cs_frost_commit *commits, size_t n,
                           struct cs_span msg)
{
    if (!tweak_fits(tweak, &s->X)) {
        return CS_ERR_USAGE;
    }
    return cs_bip340_bind_known(ctx, s, tweak, commits, n, msg);
}

/* ---- partial signatures (Sign, PartialSigVerify)
 * ----------------------------------------- */

static bool in_range(const struct cs_secret *k)
{
    struct cs_secret t;
    bool ok = cs_scalar_decode(K1, &t.s, k->s.b) == CS_OK;

    cs_wipe(&t, sizeof t);
    return ok;
}

/* x is in range and x G = X_i */
static bool share_fits(const struct cs_secret *x, const struct cs_point *Xi)
{
    struct cs_point P;

    if (!in_range(x)) {
        return false;
    }
    cs_point_base_mul(K1, &P, &x->s);
    return cs_point_equal(&P, Xi);
}

/* k_1 + b k_2, both negated if y(R) is odd (public), + part x */
static void partial(struct cs_secret *s, const struct cs_frost_nonces *k,
                    const struct cs_bip340_session *ctx, const struct cs_scalar *part,
                    const struct cs_secret *x)
{
    cs_scalar_muladd(K1, &s->s, &ctx->b, &k->e.s, &k->d.s);
    if (ctx->negate) {
        cs_scalar_negate(K1, &s->s, &s->s);
    }
    cs_scalar_muladd(K1, &s->s, part, &x->s, &s->s);
}

enum cs_err cs_bip340_part(struct cs_scalar *out, struct cs_frost_nonces *n,
                           const struct cs_bip340_session *ctx, uint8_t id,
                           const struct cs_secret *x)
{
    struct cs_frost_nonces k = *n;
    struct cs_secret s = {0};
    size_t i = position(&ctx->s, id);
    enum cs_err err = CS_ERR_USAGE;

    cs_wipe(n, sizeof *n); /* first, so that no later path can use it again */
    if (i == ctx->s.n) {
        goto out;
    }
    err = CS_ERR_NONCE_USED;
    if (!in_range(&k.d) || !in_range(&k.e)) {
        goto out;
    }
    partial(&s, &k, ctx, &ctx->part[i], x);
    *out = s.s;
    err = CS_OK;
out:
    cs_wipe(&k, sizeof k);
    cs_wipe(&s, sizeof s);
    return err;
}

enum cs_err cs_bip340_sign(struct cs_scalar *out, struct cs_frost_nonces *n,
                           const struct cs_bip340_session *ctx,
                           const struct cs_frost_commit *own, const struct cs_secret *x)
{
    struct cs_secret s = {0};
    enum cs_err err;

    CS_TRY(cs_bip340_part(&s.s, n, ctx, own->id, x));
    /* A fault in the sum above would tell the share: never send what does not verify.
     * A share that does not fit X_i fails here too; why is asked only then. */
    err = cs_bip340_verify_share(ctx, own, s.s.b);
    if (err == CS_OK) {
        *out = s.s; /* public from here on */
    } else {
        err = share_fits(x, &ctx->s.Xi[position(&ctx->s, own->id)])
                  ? CS_ERR_FROST_SELF
                  : CS_ERR_KEY_CORRUPT;
    }
out:
    cs_wipe(&s, sizeof s);
    return err;
}

enum cs_err cs_bip340_verify_share(const struct cs_bip340_session *ctx,
                                   const struct cs_frost_commit *c,
                                   const uint8_t s_i[32])
{
    size_t i = position(&ctx->s, c->id);
    struct cs_point left, right, Re, zero;
    struct cs_scalar s;

    if (i == ctx->s.n) {
        return CS_ERR_USAGE;
    }
    CS_CHECK(cs_scalar_decode(K1, &s, s_i));
    cs_point_mul_public(&Re, &c->E, &ctx->b);
    cs_point_add(&Re, &Re, &c->D);
    if (ctx->negate) {
        cs_point_identity(K1, &zero);
        cs_point_sub(&Re, &zero, &Re);
    }
    cs_point_mul_public(&right, &ctx->s.Xi[i], &ctx->part[i]);
    cs_point_add(&right, &right, &Re);
    cs_point_base_mul(K1, &left, &s);
    return cs_point_equal(&left, &right) ? CS_OK : CS_ERR_FROST_SHARE;
}

/* ---- the signature (PartialSigAgg)
 * --------------------------------------------------------- */

enum cs_err cs_bip340_aggregate(uint8_t sig[CS_BIP340_SIG_LEN], uint8_t *culprit,
                                const struct cs_bip340_session *ctx,
                                const uint8_t (*parts)[32], size_t n,
                                struct cs_span msg)
{
    struct cs_scalar sum = ctx->tail, s;
    uint8_t out[CS_BIP340_SIG_LEN];
    size_t i;

    memset(sig, 0, CS_BIP340_SIG_LEN);
    if (culprit != NULL) {
        *culprit = 0;
    }
    if (n != ctx->s.n) {
        return CS_ERR_USAGE;
    }
    for (i = 0; i < n; i++) {
        if (cs_scalar_decode(K1, &s, parts[i]) != CS_OK) {
            if (culprit != NULL) {
                *culprit = ctx->s.ids[i];
            }
            return CS_ERR_ZERO_OR_RANGE;
        }
        cs_scalar_add(K1, &sum, &sum, &s);
    }
    memcpy(out, ctx->Rx, 32);
    memcpy(out + 32, sum.b, 32);
    CS_CHECK(cs_taproot_verify(ctx->Qx, msg, out)); /* nothing else leaves (7.2) */
    memcpy(sig, out, sizeof out);
    return CS_OK;
}
