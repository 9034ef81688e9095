/* PROTOCOLS 1.6.  Known answers come from the named sources; each test also shows that
 * a wrong input is refused, so that a library that says yes to all is found out. */
#include "crypto/selftest.h"

#include <secp256k1.h>
#include <secp256k1_schnorrsig.h>
#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/frost_hash.h"
#include "crypto/hash.h"
#include "crypto/identity.h"
#include "crypto/ristretto.h"
#include "crypto/secp_ctx.h"
#include "crypto/sha256.h"
#include "crypto/tags_init.h"

/* Constants of this file only, hence the assert. */
static void hex(uint8_t *out, size_t n, const char *text)
{
    CS_ASSERT(cs_unhex(out, n, text) == CS_OK);
}

static void hex_scalar(struct cs_scalar *out, const char *text)
{
    hex(out->b, sizeof out->b, text);
}

/* (a) P + T is refused for T of order 2, 4 and 8 and random P (CVE-2025-69277).  P
 * itself is taken, T itself is not. */
static bool small_order_refused(void)
{
    static const char *const torsion[] = {
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* 2 */
        "0000000000000000000000000000000000000000000000000000000000000000", /* 4 */
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", /* 8 */
    };
    uint8_t p[32], t[32], sum[32];
    struct cs_point point;

    crypto_core_ed25519_random(p);
    if (cs_point_decode(CS_CURVE_ED25519, &point, CS_SPAN_OF(p)) != CS_OK) {
        return false;
    }
    for (size_t i = 0; i < CS_COUNTOF(torsion); i++) {
        hex(t, sizeof t, torsion[i]);
        if (crypto_core_ed25519_add(sum, p, t) != 0 ||
            cs_point_decode(CS_CURVE_ED25519, &point, CS_SPAN_OF(t)) == CS_OK ||
            cs_point_decode(CS_CURVE_ED25519, &point, CS_SPAN_OF(sum)) == CS_OK) {
            return false;
        }
    }
    return true;
}

/* (b) RFC 9591, appendix E.1: signer 1 of {1, 3} arrives at its published share, and
 * the published signature is an ordinary Ed25519 signature. */
static const char frost_pk[] =
    "15d21ccd7ee42959562fc8aa63224c8851fb3ec85a3faf66040d380fb9738673";
static const char frost_sig[] =
    "36282629c383bb820a88b71cae937d41f2f2adfcc3d02e55507e2fb9e2dd3cbe"
    "bd9d2b0844e49ae0f3fa935161e1419aab7b47d21a37ebeae1f17d4987b3160b";

static void frost_nonce(struct cs_scalar *out, const struct cs_scalar *share,
                        const char *random)
{
    uint8_t in[64];

    hex(in, 32, random);
    memcpy(in + 32, share->b, 32);
    cs_frost_h3(out, CS_SPAN_OF(in));
}

static void frost_challenge(struct cs_scalar *out)
{
    uint8_t in[68]; /* R | PK | "test" */

    hex(in, 32, "36282629c383bb820a88b71cae937d41f2f2adfcc3d02e55507e2fb9e2dd3cbe");
    hex(in + 32, 32, frost_pk);
    memcpy(in + 64, "test", 4);
    cs_frost_h2(out, CS_SPAN_OF(in));
}

static bool frost_share(void)
{
    static const uint8_t set[] = {1, 3};
    const enum cs_curve c = CS_CURVE_ED25519;
    struct cs_scalar s, d, e, rho, lambda, challenge, z, want;

    hex_scalar(&s, "929dcc590407aae7d388761cddb0c0db6f5627aea8e217f4a033f2ec83d93509");
    hex_scalar(&rho,
               "f2cb9d7dd9beff688da6fcc83fa89046b3479417f47f55600b106760eb3b5603");
    hex_scalar(&want,
               "001719ab5a53ee1a12095cd088fd149702c0720ce5fd2f29dbecf24b7281b603");
    frost_nonce(&d, &s,
                "0fd2e39e111cdc266f6c0f4d0fd45c947761f1f5d3cb583dfcb9bbaf8d4c9fec");
    frost_nonce(&e, &s,
                "69cd85f631d5f7f2721ed5e40519b1366f340a87c2f6856363dbdcda348a7501");
    frost_challenge(&challenge);
    if (cs_lagrange(c, &lambda, 1, set, sizeof set, 0) != CS_OK) {
        return false;
    }
    cs_scalar_mul(c, &z, &lambda, &s);
    cs_scalar_muladd(c, &z, &z, &challenge, &d);
    cs_scalar_muladd(c, &z, &e, &rho, &z);
    return cs_scalar_equal(&z, &want);
}

static bool frost_vector(void)
{
    uint8_t pk[32], sig[64];
    bool good;

    hex(pk, sizeof pk, frost_pk);
    hex(sig, sizeof sig, frost_sig);
    good = cs_sign_verify(sig, pk, CS_SPAN_LIT("test"));
    return good && !cs_sign_verify(sig, pk, CS_SPAN_LIT("tesu")) && frost_share();
}

/* (b) BIP 340, test vector 1. */
static bool bip340_vector(void)
{
    const secp256k1_context *ctx = cs_secp_ctx();
    secp256k1_xonly_pubkey pk;
    uint8_t key[32], msg[32], sig[64];
    bool good;

    hex(key, sizeof key,
        "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659");
    hex(msg, sizeof msg,
        "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89");
    hex(sig, sizeof sig,
        "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341"
        "8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a");
    if (secp256k1_xonly_pubkey_parse(ctx, &pk, key) != 1) {
        return false;
    }
    good = secp256k1_schnorrsig_verify(ctx, sig, msg, sizeof msg, &pk) == 1;
    msg[0] ^= 1;
    return good && secp256k1_schnorrsig_verify(ctx, sig, msg, sizeof msg, &pk) == 0;
}

/* (b) Wycheproof, ecdsa_secp256k1_sha256_bitcoin, first valid case: over "123400". */
static bool ecdsa_vector(void)
{
    const secp256k1_context *ctx = cs_secp_ctx();
    secp256k1_pubkey pk;
    secp256k1_ecdsa_signature sig;
    uint8_t key[65], rs[64], digest[32];
    bool good;

    hex(key, sizeof key,
        "04b838ff44e5bc177bf21189d0766082fc9d843226887fc9760371100b7ee20a6f"
        "f0c9d75bfba7b31a6bca1974496eeb56de357071955d83c4b1badaa0b21832e9");
    hex(rs, sizeof rs,
        "813ef79ccefa9a56f7ba805f0e478584fe5f0dd5f567bc09b5123ccbc9832365"
        "6ff18a52dcc0336f7af62400a6dd9b810732baf1ff758000d6f613a556eb31ba");
    cs_sha256(digest, CS_SPAN_LIT("123400"));
    if (secp256k1_ec_pubkey_parse(ctx, &pk, key, sizeof key) != 1 ||
        secp256k1_ecdsa_signature_parse_compact(ctx, &sig, rs) != 1) {
        return false;
    }
    good = secp256k1_ecdsa_verify(ctx, &sig, digest, &pk) == 1;
    digest[0] ^= 1;
    return good && secp256k1_ecdsa_verify(ctx, &sig, digest, &pk) == 0;
}

/* (c) RFC 9496, A.3: first input. */
static bool ristretto_vector(void)
{
    struct cs_ristretto p;
    uint8_t in[64], want[32], got[32];

    hex(in, sizeof in,
        "5d1be09e3d0c82fc538112490e35701979d99e06ca3e2b5b54bffe8b4dc772c1"
        "4d98b696a1bbfb5ca32c436cc61c16563790306c79eaca7705668b47dffe5bb6");
    hex(want, sizeof want,
        "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46");
    cs_ristretto_from_hash(&p, in);
    cs_ristretto_encode(got, &p);
    return cs_ct_equal(got, want, sizeof got);
}

/* Our ristretto255 and libsodium's: an element read, multiplied in both ways of writing
 * it, and a multiple of the base point from the table made at the start. */
static bool ristretto_agrees(void)
{
    static const uint8_t k[32] = {0x5a, 0xc3, 0x80, 0x7f, 0x01, [30] = 0xfe, 0x0e};
    uint8_t base[32], product[32], half[32], got[2][32];
    struct cs_ristretto p[2];

    cs_ristretto_half(half, k);
    cs_ristretto_mul_base(&p[0], half);
    if (crypto_scalarmult_ristretto255_base(base, k) != 0 ||
        crypto_scalarmult_ristretto255(product, k, base) != 0 ||
        !cs_ristretto_decode(&p[1], base)) {
        return false;
    }
    cs_ristretto_mul(&p[1], half, &p[1]);
    if (cs_ristretto_encode_doubles(got, p, 2) != 0 ||
        !cs_ct_equal(got[0], base, sizeof base) ||
        !cs_ct_equal(got[1], product, sizeof product)) {
        return false;
    }
    cs_ristretto_add(&p[1], &p[1], &p[1]);
    cs_ristretto_encode(got[1], &p[1]);
    return cs_ct_equal(got[1], product, sizeof product);
}

/* Every entry of that table: multiples 1..8 at each place of the scalar. */
static bool ristretto_table_agrees(void)
{
    for (unsigned k = 1; k <= 8; k++) {
        uint8_t scalar[32], want[32], got[32];
        struct cs_ristretto p;

        memset(scalar, k < 8 ? (int)(0x11 * k) : 0x77, sizeof scalar);
        scalar[0] = (uint8_t)(scalar[0] + k / 8); /* 7778: carries make it -8 .. -8 */
        scalar[31] &= 15;
        cs_ristretto_mul_base(&p, scalar);
        cs_ristretto_encode(got, &p);
        if (crypto_scalarmult_ristretto255_base(want, scalar) != 0 ||
            !cs_ct_equal(got, want, sizeof got)) {
            return false;
        }
    }
    return true;
}

/* (d) */
static bool random_differs(void)
{
    uint8_t a[32], b[32];
    bool differs;

    cs_random(a, sizeof a);
    cs_random(b, sizeof b);
    differs = !cs_ct_equal(a, b, sizeof a) && !cs_ct_is_zero(a, sizeof a);
    cs_wipe(a, sizeof a);
    cs_wipe(b, sizeof b);
    return differs;
}

/* 1.4: a tag serves one purpose, so no two tags may hash alike. */
static bool tags_differ(void)
{
    for (unsigned i = 0; i < CS_TAG_COUNT; i++) {
        const uint8_t *t = cs_tag_state((enum cs_tag)i)->t;

        for (unsigned k = 0; k < i; k++) {
            if (cs_ct_equal(t, cs_tag_state((enum cs_tag)k)->t, CS_HASH_LEN)) {
                return false;
            }
        }
    }
    return true;
}

/* RFC 5869, test case 1: SHA-256, HMAC and HKDF in one. */
static bool hkdf_vector(void)
{
    uint8_t ikm[22], salt[13], info[10], want[42], got[42];

    memset(ikm, 0x0b, sizeof ikm);
    hex(salt, sizeof salt, "000102030405060708090a0b0c");
    hex(info, sizeof info, "f0f1f2f3f4f5f6f7f8f9");
    hex(want, sizeof want,
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
        "34007208d5b887185865");
    cs_hkdf(got, sizeof got, CS_SPAN_OF(salt), CS_SPAN_OF(ikm), CS_SPAN_OF(info));
    return cs_ct_equal(got, want, sizeof got);
}

/* Two libraries agree on SHA-256, whichever instructions each of them takes: one block,
 * two, many, and behind a tag. */
static bool sha256_agrees(void)
{
    uint8_t in[64 + 1000], want[32], got[1][32];

    for (size_t i = 0; i < sizeof in; i++) {
        in[i] = (uint8_t)(i * 7);
    }
    memcpy(in, cs_tag_state(CS_TAG_TEST)->t, 32);
    memcpy(in + 32, in, 32);
    for (size_t n = 50; n <= sizeof in; n += 211) {
        (void)crypto_hash_sha256(want, in, n);
        cs_sha256(got[0], CS_SPAN(in, n));
        if (!cs_ct_equal(got[0], want, sizeof want)) {
            return false;
        }
    }
    (void)crypto_hash_sha256(want, in, sizeof in);
    cs_sha256_many(got, &cs_tag_state(CS_TAG_TEST)->after_tt, in + 64, sizeof in - 64,
                   1);
    return cs_ct_equal(got[0], want, sizeof want);
}

/* What one AEAD seals it opens, and not with a bit changed.  The answer of AES-256-GCM
 * for no input and zero key is test case 13 of the GCM specification. */
static bool aead_works(void)
{
    static const uint8_t zero_key[32], zero_nonce[12];
    const struct cs_span none = {NULL, 0}, text = CS_SPAN_LIT("cloudsign");
    uint8_t want[16], gcm[16 + 9], chacha[16 + 9], out[9];

    hex(want, sizeof want, "530f8afbc74536b9a963b4f1c4cb738b");
    if (cs_gcm_seal(gcm, zero_key, zero_nonce, none, none) != CS_OK ||
        !cs_ct_equal(gcm, want, sizeof want) ||
        cs_gcm_seal(gcm, zero_key, zero_nonce, text, text) != CS_OK) {
        return false;
    }
    cs_chacha_seal(chacha, zero_key, zero_nonce, text, text);
    if (cs_gcm_open(out, zero_key, zero_nonce, text, CS_SPAN_OF(gcm)) != CS_OK ||
        !cs_ct_equal(out, text.p, text.n) ||
        cs_chacha_open(out, zero_key, zero_nonce, text, CS_SPAN_OF(chacha)) != CS_OK ||
        !cs_ct_equal(out, text.p, text.n)) {
        return false;
    }
    gcm[3] ^= 1;
    chacha[3] ^= 1;
    return cs_gcm_open(out, zero_key, zero_nonce, text, CS_SPAN_OF(gcm)) ==
               CS_ERR_AEAD &&
           cs_chacha_open(out, zero_key, zero_nonce, text, CS_SPAN_OF(chacha)) ==
               CS_ERR_AEAD;
}

static const struct {
    const char *what;
    bool (*run)(void);
} tests[] = {
    {"edwards25519 refuses points with a small-order part", small_order_refused},
    {"FROST(Ed25519, SHA-512) vector of RFC 9591", frost_vector},
    {"BIP 340 vector", bip340_vector},
    {"ECDSA secp256k1 vector", ecdsa_vector},
    {"ristretto255 hash-to-group vector of RFC 9496", ristretto_vector},
    {"ristretto255, our own and libsodium's, agree", ristretto_agrees},
    {"the table of ristretto255's base point", ristretto_table_agrees},
    {"two calls of getrandom differ", random_differs},
    {"hash tags differ", tags_differ},
    {"SHA-256 of OpenSSL and of libsodium agree", sha256_agrees},
    {"HKDF-SHA256 vector of RFC 5869", hkdf_vector},
    {"AES-256-GCM and ChaCha20-Poly1305 open only what was sealed", aead_works},
};

enum cs_err cs_selftest(const char **what)
{
    for (size_t i = 0; i < CS_COUNTOF(tests); i++) {
        if (!tests[i].run()) {
            *what = tests[i].what;
            return CS_ERR_SELFTEST;
        }
    }
    *what = "";
    return CS_OK;
}
