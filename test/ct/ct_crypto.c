/* PROTOCOLS 10, row 51, for the rest of the crypto layer: products of points, limbs,
 * streams, hedged scalars, opening AEADs, X25519 (support/ct_run.h).  The scalars and
 * hashes of old are in test_crypto_constant_time.c; test/ct/inventory has the list. */
#include "support/ct_run.h"

#include "allowed.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/identity.h"
#include "crypto/oracle.h"
#include "crypto/secp_n.h"
#include "crypto/secp_scalar.h"
#include "crypto/sha256.h"
#include "support/streams_portable.h"

#ifdef CT_RUNS

static struct {
    uint8_t wide[64], key[32], local[32], text[70], many[CS_STREAMS][32];
    uint8_t columns[CS_STREAMS][CS_COL_IN], sealed[2][70 + 16];
    struct cs_identity_secret id;
    struct cs_scalar k[2]; /* by curve */
    struct cs_n a, b;
} s;

static struct cs_point P[3];
static uint8_t peer_pub[32];
static const uint8_t nonce[12];

static void products_of(enum cs_curve c)
{
    struct cs_point out;
    struct cs_secret hedged;
    const struct cs_span ctx = CS_SPAN_LIT("context");

    cs_point_base_mul(c, &out, &s.k[c - 1]);
    cs_point_mul(&out, &P[c], &s.k[c - 1]);
    cs_hedged_scalar(c, &hedged, CS_TAG_HEDGE_SIG_R, s.key, s.local, &ctx, 1);
}

static void secp_products(void)
{
    products_of(CS_CURVE_SECP256K1);
}

static void ed_products(void)
{
    products_of(CS_CURVE_ED25519);
}

static void inverses(void)
{
    struct cs_scalar out;
    struct cs_n n;

    (void)!cs_scalar_invert(CS_CURVE_SECP256K1, &out, &s.k[0]);
    (void)!cs_scalar_invert(CS_CURVE_ED25519, &out, &s.k[1]);
    cs_secp_add(&out, &s.k[0], &s.k[0]);
    cs_secp_mul(&out, &s.k[0], &s.k[0]);
    cs_secp_negate(&out, &s.k[0]);
    cs_secp_reduce64(&out, s.wide);
    cs_n_invert(&n, &s.a);
}

static void limbs(void)
{
    struct cs_n_sum sum = {{0}};
    struct cs_n n, m;
    uint8_t b[32];

    (void)cs_n_load(&n, s.key);
    cs_n_add(&n, &s.a, &s.b);
    cs_n_sub(&m, &n, &s.b);
    cs_n_masked(&m, &n, cs_n_mask(s.key[0]));
    cs_n_sum_mul(&sum, &n, &m);
    cs_n_sum_add(&sum, &s.b);
    cs_n_sum_take(&n, &sum);
    cs_n_store(b, &n);
}

static void streams(void)
{
    uint8_t out[CS_STREAMS][CS_STREAMS_LEN], hash[CS_STREAMS][32], wide[64];
    const struct cs_span x[] = {CS_SPAN_OF(s.key), CS_SPAN_OF(s.text)};
    struct cs_sha256_state st;

    cs_stream(wide, sizeof wide, s.key);
    cs_streams(out, (const uint8_t(*)[32])s.many);
    portable_streams(out, (const uint8_t(*)[32])s.many);
    cs_hedged_stream(wide, sizeof wide, CS_TAG_HEDGE_OT_B, s.key, s.local, s.local, 1);
    cs_th64(wide, CS_TAG_OT_H, x, 2);
    cs_th_each(hash, CS_TAG_OT_COL, s.columns[0], CS_COL_IN, CS_STREAMS);
    cs_sha256(hash[0], x[1]);
    cs_sha512(wide, x[1]);
    cs_sha256_start(&st);
    cs_sha256_update(&st, s.text, sizeof s.text);
    cs_sha256_final(&st, hash[0]);
}

static bool opened;

static void opening(void)
{
    uint8_t out[sizeof s.text];

    opened = cs_chacha_open(out, s.key, nonce, CS_SPAN_LIT("ad"),
                            CS_SPAN_OF(s.sealed[0])) == CS_OK;
    opened = cs_gcm_open(out, s.key, nonce, CS_SPAN_LIT("ad"),
                         CS_SPAN_OF(s.sealed[1])) == CS_OK &&
             opened;
}

static void identities(void)
{
    uint8_t shared[32], rnd[96];
    struct cs_identity_secret made;

    (void)!cs_dh(shared, s.id.sk_priv, peer_pub);
    cs_identity_derive(&s.id);
    memcpy(rnd, s.wide, 64);
    memcpy(rnd + 64, s.key, 32);
    cs_identity_from_random(&made, rnd);
}

static bool equal;

static void comparing(void)
{
    equal = cs_scalar_equal(&s.k[0], &s.k[0]);
    publish(&equal, sizeof equal);
}

static bool clean(const char *what, void (*op)(void))
{
    return ct_clean(what, &s, sizeof s, op);
}

static bool prepare(void)
{
    struct cs_scalar two;

    for (enum cs_curve c = CS_CURVE_SECP256K1; c <= CS_CURVE_ED25519; c++) {
        cs_scalar_from_u32(c, &two, 2);
        cs_point_base_mul(c, &P[c], &two);
        cs_scalar_from_u32(c, &s.k[c - 1], 123456789);
    }
    cs_dh_public(peer_pub, s.local);
    s.a.v[0] = 5;
    s.b.v[1] = 7;
    cs_chacha_seal(s.sealed[0], s.key, nonce, CS_SPAN_LIT("ad"), CS_SPAN_OF(s.text));
    return cs_gcm_seal(s.sealed[1], s.key, nonce, CS_SPAN_LIT("ad"),
                       CS_SPAN_OF(s.text)) == CS_OK;
}

static bool ct_inside(void)
{
    bool ok = cs_crypto_init() == CS_OK && prepare();

    ok = clean("opening AEADs", opening) && ok;
    ok = clean("secp256k1 products", secp_products) && ok;
    ok = clean("ed25519 products", ed_products) && ok;
    ok = clean("inverses", inverses) && ok;
    ok = clean("limbs", limbs) && ok;
    ok = clean("streams and wide hashes", streams) && ok;
    ok = clean("long-term keys", identities) && ok;
    ok = clean("comparing", comparing) && ok;
    return ok && opened && equal;
}

#endif

CT_MAIN
