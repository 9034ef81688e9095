#include "crypto/hash.h"

#include <errno.h>
#include <mbedtls/hkdf.h>
#include <mbedtls/md.h>
#include <sodium.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"
#include "crypto/sha256.h"
#include "crypto/tags_init.h"

enum { MAX_CTX = 8 };

void cs_sha256(uint8_t out[32], struct cs_span in)
{
    struct cs_sha256_state st;

    cs_sha256_start(&st);
    cs_sha256_update(&st, in.p, in.n);
    cs_sha256_final(&st, out);
}

void cs_sha512(uint8_t out[64], struct cs_span in)
{
    (void)crypto_hash_sha512(out, in.p, in.n);
}

void cs_enc(struct cs_wr *w, const struct cs_span *items, size_t n)
{
    CS_ASSERT(n <= UINT32_MAX);
    cs_wr_u32(w, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        cs_wr_lp(w, items[i]);
    }
}

/* ---- tagged hashing: enc() is fed to the hash, never built -------------------- */

/* SHA-256 or SHA-512; both are wiped when they end. */
struct hasher {
    bool wide;
    union {
        struct cs_sha256_state narrow;
        crypto_hash_sha512_state wide;
    } s;
};

static void feed(struct hasher *h, const uint8_t *p, size_t n)
{
    if (n == 0) {
        return;
    }
    if (h->wide) {
        (void)crypto_hash_sha512_update(&h->s.wide, p, n);
    } else {
        cs_sha256_update(&h->s.narrow, p, n);
    }
}

static void feed_u32(struct hasher *h, size_t v)
{
    uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
                    (uint8_t)v};

    CS_ASSERT(v <= UINT32_MAX);
    feed(h, b, sizeof b);
}

static void feed_items(struct hasher *h, const struct cs_span *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        feed_u32(h, items[i].n);
        feed(h, items[i].p, items[i].n);
    }
}

static void start_narrow(struct hasher *h, enum cs_tag tag)
{
    h->wide = false;
    h->s.narrow = cs_tag_state(tag)->after_tt;
}

void cs_th(uint8_t out[CS_HASH_LEN], enum cs_tag tag, const struct cs_span *items,
           size_t n)
{
    struct hasher h;

    start_narrow(&h, tag);
    feed_u32(&h, n);
    feed_items(&h, items, n);
    cs_sha256_final(&h.s.narrow, out);
}

/* ---- hash to scalar ------------------------------------------------------------ */

/* v = TH(tag; x.., byte c) for c = 0, 1, ..: the first that is a scalar.  A second
 * round has probability 2^-128, so running out of c means a broken hash. */
static void h2s_secp(struct cs_scalar *out, enum cs_tag tag,
                     const struct cs_span *items, size_t n)
{
    uint8_t v[CS_HASH_LEN];
    enum cs_err err = CS_ERR_INTERNAL;

    for (unsigned c = 0; c < 256 && err != CS_OK; c++) {
        struct hasher h;
        const uint8_t byte = (uint8_t)c;
        const struct cs_span last = CS_SPAN(&byte, 1);

        start_narrow(&h, tag);
        feed_u32(&h, n + 1);
        feed_items(&h, items, n);
        feed_items(&h, &last, 1);
        cs_sha256_final(&h.s.narrow, v);
        err = cs_scalar_decode(CS_CURVE_SECP256K1, out, v);
    }
    cs_wipe(v, sizeof v);
    CS_ASSERT(err == CS_OK);
}

/* reduce64(SHA512(T | T | enc(x..))), zero refused: it has probability 2^-252. */
static void h2e_ed(struct cs_scalar *out, enum cs_tag tag, const struct cs_span *items,
                   size_t n)
{
    const struct cs_tag_state *t = cs_tag_state(tag);
    struct hasher h = {.wide = true};
    uint8_t v[64];

    (void)crypto_hash_sha512_init(&h.s.wide);
    feed(&h, t->t, sizeof t->t);
    feed(&h, t->t, sizeof t->t);
    feed_u32(&h, n);
    feed_items(&h, items, n);
    (void)crypto_hash_sha512_final(&h.s.wide, v);
    cs_scalar_reduce64(CS_CURVE_ED25519, out, v);
    cs_wipe(v, sizeof v);
    CS_ASSERT(!cs_scalar_is_zero(out));
}

void cs_h2s(enum cs_curve c, struct cs_scalar *out, enum cs_tag tag,
            const struct cs_span *items, size_t n)
{
    CS_ASSERT(cs_curve_ok((unsigned)c));
    if (c == CS_CURVE_SECP256K1) {
        h2s_secp(out, tag, items, n);
    } else {
        h2e_ed(out, tag, items, n);
    }
}

void cs_hedged_scalar(enum cs_curve c, struct cs_secret *out, enum cs_tag tag,
                      const uint8_t rand32[32], const uint8_t local32[32],
                      const struct cs_span *ctx, size_t n_ctx)
{
    struct cs_span items[2 + MAX_CTX] = {CS_SPAN(rand32, 32), CS_SPAN(local32, 32)};

    CS_ASSERT(n_ctx <= MAX_CTX);
    for (size_t i = 0; i < n_ctx; i++) {
        items[2 + i] = ctx[i];
    }
    cs_h2s(c, &out->s, tag, items, 2 + n_ctx);
}

/* ---- keyed --------------------------------------------------------------------- */

/* RFC 2104 over sha256.h: a store's start computes three of them for each key. */
void cs_hmac_sha256(uint8_t out[32], struct cs_span key, struct cs_span in)
{
    uint8_t pad[64] = {0}, inner[32];
    struct cs_sha256_state st;

    if (key.n > sizeof pad) {
        cs_sha256(pad, key);
    } else if (key.n != 0) {
        memcpy(pad, key.p, key.n);
    }
    for (size_t i = 0; i < sizeof pad; i++) {
        pad[i] ^= 0x36;
    }
    cs_sha256_start(&st);
    cs_sha256_update(&st, pad, sizeof pad);
    cs_sha256_update(&st, in.p, in.n);
    cs_sha256_final(&st, inner);
    for (size_t i = 0; i < sizeof pad; i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }
    cs_sha256_start(&st);
    cs_sha256_update(&st, pad, sizeof pad);
    cs_sha256_update(&st, inner, sizeof inner);
    cs_sha256_final(&st, out);
    cs_wipe(pad, sizeof pad);
    cs_wipe(inner, sizeof inner);
}

void cs_hkdf(uint8_t *out, size_t out_len, struct cs_span salt, struct cs_span ikm,
             struct cs_span info)
{
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);

    /* Fails only without SHA-256, without memory or for too long an output. */
    CS_ASSERT(md != NULL);
    CS_ASSERT(mbedtls_hkdf(md, salt.p, salt.n, ikm.p, ikm.n, info.p, info.n, out,
                           out_len) == 0);
}

void cs_random(uint8_t *out, size_t n)
{
    while (n > 0) {
        ssize_t got = getrandom(out, n, 0);

        CS_ASSERT(got > 0 || (got < 0 && errno == EINTR));
        if (got > 0) {
            out += got;
            n -= (size_t)got;
        }
    }
}
