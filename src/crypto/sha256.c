/* OpenSSL calls SHA256_* "deprecated" in favour of EVP.  They are here because EVP asks
 * for a context from the heap, can fail, and needs 42 ns more for each short hash
 * (README); they are what EVP's own provider calls. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/sha256.h"

#include <openssl/sha.h>

#include "base/mem.h"

_Static_assert(sizeof(struct cs_sha256_state) == sizeof(SHA256_CTX) &&
                   _Alignof(struct cs_sha256_state) >= _Alignof(SHA256_CTX),
               "opaque holds the library's state");

static SHA256_CTX *ctx(struct cs_sha256_state *st)
{
    return (SHA256_CTX *)(void *)st->opaque;
}

void cs_sha256_start(struct cs_sha256_state *st)
{
    CS_ASSERT(SHA256_Init(ctx(st)) == 1);
}

void cs_sha256_update(struct cs_sha256_state *st, const uint8_t *p, size_t n)
{
    if (n > 0) {
        CS_ASSERT(SHA256_Update(ctx(st), p, n) == 1);
    }
}

void cs_sha256_final(struct cs_sha256_state *st, uint8_t out[32])
{
    CS_ASSERT(SHA256_Final(out, ctx(st)) == 1);
    cs_wipe(st, sizeof *st);
}

void cs_sha256_many(uint8_t (*out)[32], const struct cs_sha256_state *st,
                    const uint8_t *in, size_t n, size_t count)
{
    struct cs_sha256_state copy;

    for (size_t i = 0; i < count; i++) {
        copy = *st;
        CS_ASSERT(SHA256_Update(ctx(&copy), in + i * n, n) == 1);
        CS_ASSERT(SHA256_Final(out[i], ctx(&copy)) == 1);
    }
    cs_wipe(&copy, sizeof copy);
}
