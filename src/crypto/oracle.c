#include "crypto/oracle.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/sha256.h"
#include "crypto/tags_init.h"

static void feed_u32(crypto_hash_sha512_state *st, size_t v)
{
    uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
                    (uint8_t)v};

    CS_ASSERT(v <= UINT32_MAX);
    (void)crypto_hash_sha512_update(st, b, sizeof b);
}

void cs_th64(uint8_t out[64], enum cs_tag tag, const struct cs_span *items, size_t n)
{
    const struct cs_tag_state *t = cs_tag_state(tag);
    crypto_hash_sha512_state st;

    (void)crypto_hash_sha512_init(&st);
    (void)crypto_hash_sha512_update(&st, t->t, sizeof t->t);
    (void)crypto_hash_sha512_update(&st, t->t, sizeof t->t);
    feed_u32(&st, n);
    for (size_t i = 0; i < n; i++) {
        feed_u32(&st, items[i].n);
        (void)crypto_hash_sha512_update(&st, items[i].p, items[i].n);
    }
    (void)crypto_hash_sha512_final(&st, out); /* wipes st */
}

void cs_th_each(uint8_t (*out)[32], enum cs_tag tag, const uint8_t *in, size_t n,
                size_t count)
{
    cs_sha256_many(out, &cs_tag_state(tag)->after_tt, in, n, count);
}

void cs_stream(uint8_t *out, size_t n, const uint8_t key[32])
{
    static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];

    (void)crypto_stream_chacha20_ietf(out, n, nonce, key);
}

void cs_hedged_stream(uint8_t *out, size_t n, enum cs_tag tag, const uint8_t rand32[32],
                      const uint8_t local32[32], const uint8_t id[32], uint8_t role)
{
    const struct cs_span x[] = {CS_SPAN(rand32, 32), CS_SPAN(local32, 32),
                                CS_SPAN(id, 32), CS_SPAN(&role, 1)};
    uint8_t key[32];

    cs_th(key, tag, x, CS_COUNTOF(x));
    cs_stream(out, n, key);
    cs_wipe(key, sizeof key);
}
