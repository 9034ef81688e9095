/* SHA-256 by OpenSSL's libcrypto, which uses the processor's SHA instructions where it
 * has them; why this library and not another: README.  Any thread; no call can fail or
 * asks for memory.  cs_sha256_final wipes. */
#ifndef CS_CRYPTO_SHA256_H
#define CS_CRYPTO_SHA256_H

#include <stddef.h>
#include <stdint.h>

/* The library's state: copied freely, looked into by nobody. */
struct cs_sha256_state {
    uint64_t opaque[14];
};

void cs_sha256_start(struct cs_sha256_state *st);
void cs_sha256_update(struct cs_sha256_state *st, const uint8_t *p, size_t n);
void cs_sha256_final(struct cs_sha256_state *st, uint8_t out[32]);

/* out[i] = SHA-256 of what st has seen and in[i], `count` inputs of n bytes that stand
 * behind each other.  st is not changed. */
void cs_sha256_many(uint8_t (*out)[32], const struct cs_sha256_state *st,
                    const uint8_t *in, size_t n, size_t count);

#endif
