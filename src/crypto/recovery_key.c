#include "crypto/recovery_key.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/identity.h"
#include "crypto/rsa.h"

#define PUBLIC_LINE "cloudsign-recovery-public-1 "
#define SECRET_LINE "cloudsign-recovery-secret-1 "

enum { XC_NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, HEX = 64 };

struct cs_recovery_key {
    enum cs_recovery_kind kind;
    bool has_secret;
    uint8_t id[CS_RECOVERY_ID_LEN];
    uint8_t priv[32]; /* X25519 */
    struct evp_pkey_st *rsa;
};

void cs_recovery_key_free(struct cs_recovery_key *k)
{
    if (k != NULL) {
        cs_rsa_free(k->rsa);
        cs_guard_free(k);
    }
}

enum cs_err cs_recovery_key_new(struct cs_recovery_key **out, const uint8_t rnd[32])
{
    struct cs_recovery_key *k = cs_guard_new(sizeof *k);

    *out = k;
    if (k == NULL) {
        return CS_ERR_NOMEM;
    }
    k->kind = CS_RECOVERY_X25519;
    k->has_secret = true;
    memcpy(k->priv, rnd, 32);
    cs_dh_public(k->id, k->priv);
    return CS_OK;
}

/* ---- texts ----------------------------------------------------------------------- */

static struct cs_span trimmed(struct cs_span s)
{
    while (s.n > 0 && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r')) {
        s.n--;
    }
    return s;
}

/* HEX digits and nothing else behind the line's word. */
static enum cs_err parse_line(uint8_t out[32], struct cs_span s, const char *word)
{
    char hex[HEX + 1] = {0};
    size_t n = strlen(word);
    enum cs_err err;

    if (s.n != n + HEX || memcmp(s.p, word, n) != 0) {
        return CS_ERR_BAD_FORMAT;
    }
    memcpy(hex, s.p + n, HEX);
    err = cs_unhex(out, 32, hex) == CS_OK ? CS_OK : CS_ERR_BAD_FORMAT;
    cs_wipe(hex, sizeof hex);
    return err;
}

/* A key that leads every exchange to zero would encrypt to everybody; one with a bit
 * that X25519 ignores would not be found by its secret half. */
static enum cs_err check_point(const uint8_t pub[32])
{
    static const uint8_t one[32] = {1};
    uint8_t shared[32];
    enum cs_err err = cs_dh(shared, one, pub);

    cs_wipe(shared, sizeof shared);
    return err == CS_OK && pub[31] >> 7 == 0 ? CS_OK : CS_ERR_BAD_POINT;
}

static enum cs_err parse_any(struct cs_recovery_key *k, struct cs_span text)
{
    struct cs_span line = trimmed(text);

    if (parse_line(k->priv, line, SECRET_LINE) == CS_OK) {
        k->kind = CS_RECOVERY_X25519;
        k->has_secret = true;
        cs_dh_public(k->id, k->priv);
        return CS_OK;
    }
    if (parse_line(k->id, line, PUBLIC_LINE) == CS_OK) {
        k->kind = CS_RECOVERY_X25519;
        return check_point(k->id);
    }
    k->kind = CS_RECOVERY_RSA;
    return cs_rsa_parse(&k->rsa, &k->has_secret, k->id, text);
}

enum cs_err cs_recovery_key_parse(struct cs_recovery_key **out, struct cs_span text)
{
    struct cs_recovery_key *k;
    enum cs_err err;

    *out = NULL;
    if (text.n == 0 || text.n > CS_RECOVERY_TEXT_MAX) {
        return CS_ERR_BAD_FORMAT;
    }
    k = cs_guard_new(sizeof *k);
    if (k == NULL) {
        return CS_ERR_NOMEM;
    }
    err = parse_any(k, text);
    if (err != CS_OK) {
        cs_recovery_key_free(k);
        return err;
    }
    *out = k;
    return CS_OK;
}

enum cs_err cs_recovery_public_text(struct cs_wr *w, const struct cs_recovery_key *k)
{
    if (k->kind != CS_RECOVERY_X25519) {
        return CS_ERR_USAGE;
    }
    cs_wr_str(w, PUBLIC_LINE);
    cs_wr_hex(w, CS_SPAN_OF(k->id));
    cs_wr_str(w, "\n");
    return w->err;
}

enum cs_err cs_recovery_secret_text(struct cs_wr *w, const struct cs_recovery_key *k)
{
    if (k->kind != CS_RECOVERY_X25519 || !k->has_secret) {
        return CS_ERR_USAGE;
    }
    cs_wr_str(w, SECRET_LINE);
    cs_wr_hex(w, CS_SPAN_OF(k->priv));
    cs_wr_str(w, "\n");
    return w->err;
}

enum cs_recovery_kind cs_recovery_kind(const struct cs_recovery_key *k)
{
    return k->kind;
}

bool cs_recovery_has_secret(const struct cs_recovery_key *k)
{
    return k->has_secret;
}

void cs_recovery_id(uint8_t id[CS_RECOVERY_ID_LEN], const struct cs_recovery_key *k)
{
    memcpy(id, k->id, CS_RECOVERY_ID_LEN);
}

size_t cs_recovery_extra(unsigned kind)
{
    return kind == CS_RECOVERY_X25519 ? CS_RECOVERY_X25519_EXTRA
           : kind == CS_RECOVERY_RSA  ? CS_RECOVERY_RSA_EXTRA
                                      : 0;
}

/* ---- boxes ----------------------------------------------------------------------- */

static void xc_seal(uint8_t *out, const uint8_t key[32], const uint8_t nonce[XC_NONCE],
                    struct cs_span ad, struct cs_span in)
{
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, in.p, in.n, ad.p, ad.n,
                                                     NULL, nonce, key);
}

static enum cs_err xc_open(uint8_t *out, const uint8_t key[32],
                           const uint8_t nonce[XC_NONCE], struct cs_span ad,
                           struct cs_span in)
{
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, in.p, in.n, ad.p,
                                                   ad.n, nonce, key) != 0) {
        cs_wipe(out, in.n - CS_AEAD_TAG);
        return CS_ERR_AEAD;
    }
    return CS_OK;
}

static enum cs_err x25519_key(uint8_t key[32], const uint8_t priv[32],
                              const uint8_t their[32], const uint8_t epk[32],
                              const uint8_t pk[32])
{
    uint8_t shared[32];
    enum cs_err err = cs_dh(shared, priv, their);
    const struct cs_span x[] = {CS_SPAN_OF(shared), CS_SPAN(epk, 32), CS_SPAN(pk, 32)};

    if (err == CS_OK) {
        cs_th(key, CS_TAG_KIT_X25519, x, CS_COUNTOF(x));
    }
    cs_wipe(shared, sizeof shared);
    return err;
}

static const uint8_t zero_nonce[XC_NONCE];

static enum cs_err x25519_seal(uint8_t *out, const struct cs_recovery_key *k,
                               const uint8_t esk[32], struct cs_span ad,
                               struct cs_span in)
{
    uint8_t key[32];
    enum cs_err err;

    cs_dh_public(out, esk);
    err = x25519_key(key, esk, k->id, out, k->id);
    if (err == CS_OK) {
        xc_seal(out + 32, key, zero_nonce, ad, in);
    }
    cs_wipe(key, sizeof key);
    return err;
}

static enum cs_err x25519_open(uint8_t *out, const struct cs_recovery_key *k,
                               struct cs_span ad, struct cs_span box)
{
    uint8_t key[32];
    enum cs_err err = x25519_key(key, k->priv, box.p, box.p, k->id);

    err = err != CS_OK
              ? CS_ERR_AEAD
              : xc_open(out, key, zero_nonce, ad, CS_SPAN(box.p + 32, box.n - 32));
    cs_wipe(key, sizeof key);
    return err;
}

/* rnd: key 32 | nonce 12 */
static enum cs_err rsa_seal(uint8_t *out, const struct cs_recovery_key *k,
                            const uint8_t rnd[CS_RECOVERY_RANDOM], struct cs_span ad,
                            struct cs_span in)
{
    uint8_t *nonce = out + CS_RSA_LEN;

    CS_CHECK(cs_rsa_wrap(out, k->rsa, rnd));
    memcpy(nonce, rnd + 32, CS_AEAD_NONCE);
    return cs_gcm_seal(nonce + CS_AEAD_NONCE, rnd, nonce, ad, in);
}

static enum cs_err rsa_open(uint8_t *out, const struct cs_recovery_key *k,
                            struct cs_span ad, struct cs_span box)
{
    const uint8_t *nonce = box.p + CS_RSA_LEN, *in = nonce + CS_AEAD_NONCE;
    uint8_t key[32];
    enum cs_err err = cs_rsa_unwrap(key, k->rsa, box.p);

    if (err == CS_OK) {
        err = cs_gcm_open(out, key, nonce, ad,
                          CS_SPAN(in, box.n - CS_RSA_LEN - CS_AEAD_NONCE));
    }
    cs_wipe(key, sizeof key);
    return err;
}

enum cs_err cs_recovery_seal(struct cs_wr *w, const struct cs_recovery_key *k,
                             const uint8_t rnd[CS_RECOVERY_RANDOM], struct cs_span ad,
                             struct cs_span content)
{
    uint8_t *out = cs_wr_room(w, content.n + cs_recovery_extra(k->kind));

    if (out == NULL) {
        return w->err;
    }
    return k->kind == CS_RECOVERY_RSA ? rsa_seal(out, k, rnd, ad, content)
                                      : x25519_seal(out, k, rnd, ad, content);
}

enum cs_err cs_recovery_open(uint8_t *out, const struct cs_recovery_key *k,
                             struct cs_span ad, struct cs_span box)
{
    size_t extra = cs_recovery_extra(k->kind);
    enum cs_err err;

    if (!k->has_secret) {
        return CS_ERR_USAGE;
    }
    if (box.n < extra) {
        return CS_ERR_AEAD;
    }
    err = k->kind == CS_RECOVERY_RSA ? rsa_open(out, k, ad, box)
                                     : x25519_open(out, k, ad, box);
    if (err != CS_OK) {
        cs_wipe(out, box.n - extra);
    }
    return err;
}

/* ---- passphrases ----------------------------------------------------------------- */

static enum cs_err stretch(uint8_t key[32], struct cs_span passphrase,
                           const uint8_t salt[crypto_pwhash_SALTBYTES])
{
    return crypto_pwhash(key, 32, (const char *)passphrase.p, passphrase.n, salt,
                         crypto_pwhash_OPSLIMIT_MODERATE,
                         crypto_pwhash_MEMLIMIT_MODERATE,
                         crypto_pwhash_ALG_ARGON2ID13) == 0
               ? CS_OK
               : CS_ERR_NOMEM;
}

enum cs_err cs_pass_seal(struct cs_wr *w, struct cs_span passphrase,
                         const uint8_t rnd[CS_PASS_RANDOM], struct cs_span ad,
                         struct cs_span content)
{
    uint8_t *out = cs_wr_room(w, content.n + CS_PASS_EXTRA);
    uint8_t key[32];
    enum cs_err err;

    if (out == NULL) {
        return w->err;
    }
    err = stretch(key, passphrase, rnd);
    if (err == CS_OK) {
        memcpy(out, rnd, CS_PASS_RANDOM);
        xc_seal(out + CS_PASS_RANDOM, key, rnd + 16, ad, content);
    }
    cs_wipe(key, sizeof key);
    return err;
}

enum cs_err cs_pass_open(uint8_t *out, struct cs_span passphrase, struct cs_span ad,
                         struct cs_span box)
{
    uint8_t key[32];
    enum cs_err err;

    if (box.n < CS_PASS_EXTRA) {
        return CS_ERR_AEAD;
    }
    err = stretch(key, passphrase, box.p);
    err = err != CS_OK
              ? err
              : xc_open(out, key, box.p + 16, ad,
                        CS_SPAN(box.p + CS_PASS_RANDOM, box.n - CS_PASS_RANDOM));
    if (err != CS_OK) {
        cs_wipe(out, box.n - CS_PASS_EXTRA);
    }
    cs_wipe(key, sizeof key);
    return err;
}
