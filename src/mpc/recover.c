#include "mpc/recover.h"

#include <string.h>

#include "base/mem.h"
#include "crypto/frost_hash.h"
#include "crypto/hash.h"

enum { RECOVERED_VERSION = 1 };

struct cs_recovered *cs_recovered_new(void)
{
    return cs_guard_new(sizeof(struct cs_recovered));
}

void cs_recovered_free(struct cs_recovered *r)
{
    cs_guard_free(r);
}

/* ---- do the kits belong together? ------------------------------------------------ */

static enum cs_err say(const char **why, enum cs_err err, const char *text)
{
    if (why != NULL) {
        *why = text;
    }
    return err;
}

static enum cs_err check_pair(const struct cs_kit *a, const struct cs_kit *b,
                              const char **why)
{
    const struct cs_cert_body *p = &a->key.body, *q = &b->key.body;

    if (memcmp(p->key_id, q->key_id, CS_ID_LEN) != 0 ||
        memcmp(p->ds_hash, q->ds_hash, 32) != 0) {
        return say(why, CS_ERR_UNKNOWN_KEY, "the kits are not all of one key");
    }
    if (p->epoch != q->epoch) {
        return say(why, CS_ERR_STATE,
                   "the kits are of different epochs: shares of two epochs do not fit "
                   "together, take kits that were made after the same change");
    }
    if (memcmp(a->key.C, b->key.C, 32) != 0) {
        return say(why, CS_ERR_KEY_CORRUPT,
                   "the kits hold different certificates of one key and epoch");
    }
    return CS_OK;
}

static enum cs_err check_kits(const struct cs_kit *const *kits, size_t n,
                              const char **why)
{
    unsigned seen = 0;

    if (n == 0 || n < kits[0]->key.body.t) {
        return say(why, CS_ERR_NOT_ENOUGH,
                   "there are fewer kits than the key has a threshold");
    }
    for (size_t i = 1; i < n; i++) {
        CS_CHECK(check_pair(kits[0], kits[i], why));
    }
    for (size_t i = 0; i < n; i++) {
        unsigned bit = 1u << kits[i]->key.self;

        if ((seen & bit) != 0) {
            return say(why, CS_ERR_USAGE,
                       "two kits are of one node: each must be of another one");
        }
        seen |= bit;
    }
    return CS_OK;
}

/* ---- x = sum lambda_i x_i -------------------------------------------------------- */

static enum cs_err interpolate(struct cs_scalar *x, const struct cs_kit *const *kits,
                               size_t t)
{
    enum cs_curve c = kits[0]->key.body.curve;
    uint8_t set[CS_PARTIES_MAX];
    struct cs_scalar lambda;

    for (size_t i = 0; i < t; i++) {
        set[i] = kits[i]->key.self;
    }
    cs_scalar_zero(x);
    for (size_t i = 0; i < t; i++) {
        CS_CHECK(cs_lagrange(c, &lambda, set[i], set, t, 0));
        cs_scalar_muladd(c, x, &lambda, &kits[i]->key.x.s, x);
    }
    return CS_OK;
}

static bool is_log(const struct cs_point *X, const struct cs_scalar *x)
{
    struct cs_point p;

    cs_point_base_mul(X->curve, &p, x);
    return cs_point_equal(&p, X);
}

enum cs_err cs_recover(struct cs_recovered *out, const struct cs_kit *const *kits,
                       size_t n, const char **why)
{
    const struct cs_cert_body *b = n > 0 ? &kits[0]->key.body : NULL;
    enum cs_err err = check_kits(kits, n, why);

    cs_wipe(out, sizeof *out);
    if (err != CS_OK) {
        return err;
    }
    out->scheme = b->scheme;
    out->X = b->X;
    memcpy(out->key_id, b->key_id, CS_ID_LEN);
    memcpy(out->chain_code, b->chain_code, 32);
    err = interpolate(&out->x.s, kits, b->t);
    if (err == CS_OK && !is_log(&out->X, &out->x.s)) {
        err = say(why, CS_ERR_KEY_CORRUPT,
                  "the shares do not make the key: x G is not X");
    }
    if (err != CS_OK) {
        cs_wipe(out, sizeof *out);
    }
    return err;
}

/* ---- what can be done with it ---------------------------------------------------- */

enum cs_err cs_recover_child(struct cs_recovered *r, const uint32_t *path, size_t n)
{
    struct cs_bip32 child;
    struct cs_scalar x;
    enum cs_err err = CS_OK;

    if (n == 0) {
        return CS_OK;
    }
    if (cs_scheme_curve(r->scheme) != CS_CURVE_SECP256K1) {
        return CS_ERR_USAGE;
    }
    CS_CHECK(cs_bip32_derive(&child, &r->X, r->chain_code, path, n));
    cs_scalar_add(CS_CURVE_SECP256K1, &x, &r->x.s, &child.epsilon);
    if (!is_log(&child.X, &x)) {
        err = CS_ERR_INTERNAL;
    } else {
        r->x.s = x;
        r->X = child.X;
        memcpy(r->chain_code, child.chain_code, 32);
    }
    cs_wipe(&x, sizeof x);
    return err;
}

/* r = SHA-512(prefix | message); zero has probability 2^-252 and fails the check of the
 * signature. */
static enum cs_err make_nonce(struct cs_scalar *r, const uint8_t prefix[32],
                              struct cs_span message)
{
    struct cs_wr w = {0};
    enum cs_err err;

    cs_wr_bytes(&w, prefix, 32);
    cs_wr_span(&w, message);
    err = w.err;
    if (err == CS_OK) {
        cs_frost_h2(r, cs_wr_get(&w)); /* SHA-512 mod q */
    }
    cs_wr_free(&w);
    return err;
}

static enum cs_err challenge(struct cs_scalar *k, const uint8_t R[32],
                             const uint8_t pub[32], struct cs_span message)
{
    struct cs_wr w = {0};
    enum cs_err err;

    cs_wr_bytes(&w, R, 32);
    cs_wr_bytes(&w, pub, 32);
    cs_wr_span(&w, message);
    err = w.err;
    if (err == CS_OK) {
        cs_frost_h2(k, cs_wr_get(&w));
    }
    cs_wr_free(&w);
    return err;
}

enum cs_err cs_recover_sign(uint8_t sig[64], const struct cs_recovered *r,
                            const uint8_t prefix[32], struct cs_span message)
{
    struct cs_scalar nonce = {{0}}, k, z;
    uint8_t R_bytes[CS_POINT_MAX], pub[CS_POINT_MAX];
    struct cs_point R;
    enum cs_err err;

    if (r->scheme != CS_SCHEME_FROST_ED25519) {
        return CS_ERR_USAGE;
    }
    CS_TRY(make_nonce(&nonce, prefix, message));
    cs_point_base_mul(CS_CURVE_ED25519, &R, &nonce);
    err = R.inf ? CS_ERR_INTERNAL : CS_OK;
    CS_TRY(err);
    (void)cs_point_encode(&R, R_bytes);
    (void)cs_point_encode(&r->X, pub);
    CS_TRY(challenge(&k, R_bytes, pub, message));
    cs_scalar_muladd(CS_CURVE_ED25519, &z, &k, &r->x.s, &nonce);
    memcpy(sig, R_bytes, 32);
    memcpy(sig + 32, z.b, 32);
    err = cs_sign_verify(sig, pub, message) ? CS_OK : CS_ERR_INTERNAL;
out:
    if (err != CS_OK) {
        cs_wipe(sig, 64);
    }
    cs_wipe(&nonce, sizeof nonce);
    return err;
}

/* ---- record ---------------------------------------------------------------------- */

void cs_recovered_encode(uint8_t out[CS_RECOVERED_LEN], const struct cs_recovered *r)
{
    out[0] = RECOVERED_VERSION;
    out[1] = (uint8_t)r->scheme;
    memcpy(out + 2, r->key_id, CS_ID_LEN);
    memcpy(out + 2 + CS_ID_LEN, r->chain_code, 32);
    memcpy(out + 2 + CS_ID_LEN + 32, r->x.s.b, 32);
}

enum cs_err cs_recovered_decode(struct cs_recovered *out,
                                const uint8_t in[CS_RECOVERED_LEN])
{
    enum cs_curve c;

    cs_wipe(out, sizeof *out);
    if (in[0] != RECOVERED_VERSION || !cs_scheme_ok(in[1])) {
        return CS_ERR_BAD_FORMAT;
    }
    out->scheme = (enum cs_scheme)in[1];
    c = cs_scheme_curve(out->scheme);
    memcpy(out->key_id, in + 2, CS_ID_LEN);
    memcpy(out->chain_code, in + 2 + CS_ID_LEN, 32);
    if (cs_scalar_decode(c, &out->x.s, in + 2 + CS_ID_LEN + 32) != CS_OK) {
        cs_wipe(out, sizeof *out);
        return CS_ERR_BAD_FORMAT;
    }
    cs_point_base_mul(c, &out->X, &out->x.s);
    return CS_OK;
}
