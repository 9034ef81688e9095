/* BLAKE2b and SHA-512/256 from libsodium; see blake2.h. */
#include "crypto/blake2.h"

#include <string.h>

#include <sodium.h>

#include "base/err.h"

void cs_blake2b(uint8_t *out, size_t out_len, struct cs_span in)
{
    CS_ASSERT(out_len > 0 && out_len <= crypto_generichash_blake2b_BYTES_MAX);
    CS_ASSERT(crypto_generichash_blake2b(out, out_len, in.p, in.n, NULL, 0) == 0);
}

/* SHA-512 with another initial value, cut to half (FIPS 180-4, 5.3.6.2). */
void cs_sha512_256(uint8_t out[32], struct cs_span in)
{
    static const uint64_t initial[8] = {0x22312194fc2bf72cU, 0x9f555fa3c84c64c2U,
                                        0x2393b86b6f53b151U, 0x963877195940eabdU,
                                        0x96283ee2a88effe3U, 0xbe5e1e2553863992U,
                                        0x2b0199fc2c85b8aaU, 0x0eb72ddc81c52ca2U};
    crypto_hash_sha512_state st;
    uint8_t full[64];

    (void)crypto_hash_sha512_init(&st);
    memcpy(st.state, initial, sizeof initial);
    if (in.n > 0) {
        (void)crypto_hash_sha512_update(&st, in.p, in.n);
    }
    (void)crypto_hash_sha512_final(&st, full);
    memcpy(out, full, 32);
}
