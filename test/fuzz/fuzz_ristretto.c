/* ristretto255: 32 bytes as an encoding, 64 to be hashed to the group, 32 as a scalar;
 * fewer are filled up with zeros.  Must hold: what decodes is what libsodium takes
 * without a top bit, it encodes to the bytes that were read, and sum, difference,
 * product and hash are libsodium's. */
#include <sodium.h>

#include "crypto/ristretto.h"
#include "fuzz/fuzz.h"

static void same(const struct cs_ristretto *p, const uint8_t want[32])
{
    uint8_t got[32];

    cs_ristretto_encode(got, p);
    FUZZ_HOLDS(memcmp(got, want, sizeof got) == 0);
}

static void operate(const struct cs_ristretto *p, const uint8_t code[32],
                    const uint8_t wide[64], const uint8_t scalar[32])
{
    struct cs_ristretto h, r;
    uint8_t hashed[32], want[32], half[32], got[1][32];
    bool none;

    FUZZ_HOLDS(crypto_core_ristretto255_from_hash(hashed, wide) == 0);
    cs_ristretto_from_hash(&h, wide);
    same(&h, hashed);
    FUZZ_HOLDS(crypto_core_ristretto255_add(want, code, hashed) == 0);
    cs_ristretto_add(&r, p, &h);
    same(&r, want);
    FUZZ_HOLDS(crypto_core_ristretto255_sub(want, code, hashed) == 0);
    cs_ristretto_sub(&r, p, &h);
    same(&r, want);
    none = crypto_scalarmult_ristretto255(want, scalar, code) != 0;
    cs_ristretto_half(half, scalar);
    cs_ristretto_mul(&r, half, p);
    FUZZ_HOLDS((cs_ristretto_encode_doubles(got, &r, 1) != 0) == none);
    FUZZ_HOLDS(memcmp(got[0], want, sizeof want) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t in[128] = {0}, wide[64] = {0}, scalar[32];
    struct cs_ristretto p;
    bool ok;

    fuzz_start();
    memcpy(in, data, size < sizeof in ? size : sizeof in);
    ok = cs_ristretto_decode(&p, in);
    FUZZ_HOLDS(ok == (crypto_core_ristretto255_is_valid_point(in) == 1 &&
                      (in[31] & 0x80) == 0));
    memcpy(wide, in + 96, 32);
    crypto_core_ristretto255_scalar_reduce(scalar, wide);
    if (ok) {
        same(&p, in);
        operate(&p, in, in + 32, scalar);
    }
    return 0;
}
