#include "mpc/ecdsa_release.h"

#include <string.h>

#include "base/mem.h"

static const enum cs_curve secp = CS_CURVE_SECP256K1;

/* Parity of y and x itself, from the compressed form. */
static void coordinates(bool *odd, uint8_t x[32], const struct cs_point *R)
{
    uint8_t bytes[CS_POINT_MAX];

    (void)cs_point_encode(R, bytes);
    *odd = bytes[0] == 3;
    memcpy(x, bytes + 1, 32);
}

static void reduce32(struct cs_scalar *out, const uint8_t x[32])
{
    uint8_t wide[64] = {0};

    memcpy(wide + 32, x, 32);
    cs_scalar_reduce64(secp, out, wide);
}

bool cs_ecdsa_r(struct cs_scalar *r, const struct cs_point *R)
{
    uint8_t x[32];
    bool odd;

    if (R->inf) {
        return false;
    }
    coordinates(&odd, x, R);
    reduce32(r, x);
    return !cs_scalar_is_zero(r);
}

/* 6.2.1 and 6.2.2. */
static enum cs_err normalise(struct cs_ecdsa_sig *sig, const struct cs_point *R,
                             const struct cs_scalar *s)
{
    struct cs_scalar r, low = *s;
    uint8_t x[32];
    bool odd;

    if (!cs_ecdsa_r(&r, R)) { /* s = 0 recovers to no key */
        return CS_ERR_SIG_INVALID;
    }
    coordinates(&odd, x, R);
    sig->recid = (uint8_t)(odd ? 1 : 0);
    if (memcmp(x, r.b, 32) != 0) { /* x(R) >= q: public */
        sig->recid |= 2;
    }
    memcpy(sig->rs, r.b, 32);
    memcpy(sig->rs + 32, low.b, 32);
    if (!cs_ecdsa_is_low_s(sig->rs)) {
        cs_scalar_negate(secp, &low, &low);
        memcpy(sig->rs + 32, low.b, 32);
        sig->recid ^= 1;
    }
    return CS_OK;
}

enum cs_err cs_ecdsa_release(struct cs_ecdsa_sig *out, const struct cs_point *R,
                             const struct cs_scalar *s, const uint8_t digest[32],
                             const struct cs_point *X, bool recid01)
{
    uint8_t key[CS_POINT_MAX], found[CS_ECDSA_PUB_LEN];
    struct cs_ecdsa_sig sig = {.recid = 0};
    size_t der_len = 0;
    enum cs_err err;

    memset(out, 0, sizeof *out);
    if (X->inf) {
        return CS_ERR_SIG_INVALID;
    }
    CS_TRY(normalise(&sig, R, s));
    (void)cs_point_encode(X, key);
    /* 6.2.3: this verifies (r, s) and the recovery id in one */
    CS_TRY(cs_ecdsa_recover(found, digest, sig.rs, sig.recid));
    if (memcmp(found, key, sizeof found) != 0) { /* public */
        err = CS_ERR_SIG_INVALID;
        goto out;
    }
    if (recid01 && sig.recid > 1) {
        err = CS_ERR_ABORTED;
        goto out;
    }
    CS_TRY(cs_ecdsa_to_der(sig.der, &der_len, sig.rs));
    sig.der_len = (uint8_t)der_len;
    *out = sig;
out:
    cs_wipe(&sig, sizeof sig);
    return err;
}
