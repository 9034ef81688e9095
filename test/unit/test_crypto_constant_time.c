/* PROTOCOLS 10, row 51: no branch and no index depends on a secret.
 *
 * The program runs itself under valgrind's memcheck, with secrets marked undefined:
 * memcheck then reports every jump and address that they decide.  Calls whose single
 * "was it zero" bit is answered by a branch (README, rule 1) are left out; for them the
 * arithmetic inside is tested here. */
#include "crypto/aead.h"
#include "crypto/frost_hash.h"
#include "crypto/hash.h"
#include "crypto/identity.h"
#include "crypto/secp_scalar.h"
#include "support/ct_run.h"
#include "support/groups.h"

#ifdef CT_RUNS

struct secrets {
    uint8_t wide[64], key[32], text[70];
    struct cs_scalar a, b;
};

static struct secrets s;

static void scalar_ops(enum cs_curve c)
{
    struct cs_scalar out;

    cs_scalar_reduce64(c, &s.a, s.wide);
    cs_scalar_reduce64(c, &s.b, s.wide);
    cs_scalar_add(c, &out, &s.a, &s.b);
    cs_scalar_sub(c, &out, &s.a, &s.b);
    cs_scalar_mul(c, &out, &s.a, &s.b);
    cs_scalar_negate(c, &out, &out);
    cs_scalar_muladd(c, &out, &s.a, &s.b, &out);
}

static void secp_scalars(void)
{
    scalar_ops(CS_CURVE_SECP256K1);
}

static void ed_scalars(void)
{
    scalar_ops(CS_CURVE_ED25519);
}

static void secp_inverse(void)
{
    struct cs_scalar out;

    cs_secp_invert(&out, &s.a);
}

static void hashing(void)
{
    const struct cs_span x[] = {CS_SPAN_OF(s.key), CS_SPAN_OF(s.text)};
    struct cs_scalar out;
    uint8_t bytes[64];

    cs_th(bytes, CS_TAG_TEST, x, 2);
    cs_frost_h3(&out, CS_SPAN_OF(s.text));
    cs_hmac_sha256(bytes, x[0], x[1]);
    cs_hkdf(bytes, sizeof bytes, x[0], x[1], CS_SPAN_LIT("info"));
}

static void aeads(void)
{
    static const uint8_t nonce[12];
    uint8_t out[sizeof s.text + 16];

    cs_chacha_seal(out, s.key, nonce, CS_SPAN_LIT("ad"), CS_SPAN_OF(s.text));
    (void)!cs_gcm_seal(out, s.key, nonce, CS_SPAN_LIT("ad"), CS_SPAN_OF(s.text));
}

static void identities(void)
{
    uint8_t out[64];

    cs_sign(out, s.key, CS_SPAN_OF(s.text));
    cs_sign_public(out, s.key);
    cs_dh_public(out, s.key);
}

static bool clean(const char *what, void (*op)(void))
{
    return ct_clean(what, &s, sizeof s, op);
}

static bool ct_inside(void)
{
    bool ok = cs_crypto_init() == CS_OK;

    ok = clean("secp256k1 scalars", secp_scalars) && ok;
    ok = clean("secp256k1 inverse", secp_inverse) && ok;
    ok = clean("ed25519 scalars", ed_scalars) && ok;
    ok = clean("hashing", hashing) && ok;
    ok = clean("AEADs", aeads) && ok;
    ok = clean("identities", identities) && ok;
    return ok;
}

#endif

CT_MAIN
