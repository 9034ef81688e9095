/* What our own ristretto255 is worth to the base OTs: each operation by libsodium,
 * which decodes its operands and encodes its result, and by us, which does so only
 * where bytes are read or sent. */
#include <sodium.h>
#include <string.h>

#include "bench.h"
#include "crypto/ristretto.h"

enum { REPEAT = 8 }; /* of what takes some microseconds only */

static struct {
    uint8_t scalar[32], wide[64], code[32], out[32], many[CS_RISTRETTO_BATCH][32];
    struct cs_ristretto p, r, batch[CS_RISTRETTO_BATCH];
    bool ok;
} s;

static void lib_mul(void)
{
    s.ok = crypto_scalarmult_ristretto255(s.out, s.scalar, s.code) == 0 && s.ok;
}

static void own_mul(void)
{
    cs_ristretto_mul(&s.r, s.scalar, &s.p);
}

static void lib_base(void)
{
    s.ok = crypto_scalarmult_ristretto255_base(s.out, s.scalar) == 0 && s.ok;
}

static void own_base(void)
{
    cs_ristretto_mul_base(&s.r, s.scalar);
}

static void lib_hash(void)
{
    s.ok = crypto_core_ristretto255_from_hash(s.out, s.wide) == 0 && s.ok;
}

static void own_hash(void)
{
    cs_ristretto_from_hash(&s.r, s.wide);
}

static void lib_add(void)
{
    s.ok = crypto_core_ristretto255_add(s.out, s.code, s.code) == 0 && s.ok;
}

static void own_add(void)
{
    cs_ristretto_add(&s.r, &s.p, &s.p);
}

static void lib_valid(void)
{
    s.ok = crypto_core_ristretto255_is_valid_point(s.code) == 1 && s.ok;
}

static void own_decode(void)
{
    s.ok = cs_ristretto_decode(&s.r, s.code) && s.ok;
}

static void own_encode(void)
{
    cs_ristretto_encode(s.out, &s.p);
}

static void own_doubles(void)
{
    s.ok = cs_ristretto_encode_doubles(s.many, s.batch, CS_RISTRETTO_BATCH) == 0 &&
           s.ok;
}

static void timed(const char *name, void (*op)(void), unsigned repeat, unsigned share,
                  int runs)
{
    struct bench_row *r = bench_row("ristretto", name);

    for (int i = 0; i < runs; i++) {
        struct bench_mark m = bench_begin();

        for (unsigned k = 0; k < repeat; k++) {
            op();
        }
        bench_end(r, &m, repeat * share);
    }
}

void bench_ristretto(int runs)
{
    randombytes_buf(s.wide, sizeof s.wide);
    crypto_core_ristretto255_scalar_random(s.scalar);
    for (size_t i = 0; i < CS_RISTRETTO_BATCH; i++) {
        s.wide[0]++;
        cs_ristretto_from_hash(&s.batch[i], s.wide);
    }
    s.p = s.batch[CS_RISTRETTO_BATCH - 1];
    cs_ristretto_encode(s.code, &s.p);
    s.ok = true;
    own_mul();
    lib_mul();
    cs_ristretto_encode(s.many[0], &s.r);
    bench_must(memcmp(s.many[0], s.out, 32) == 0, "comparing the two products");
    timed("ristretto255 product, libsodium", lib_mul, 1, 1, runs);
    timed("ristretto255 product, own", own_mul, 1, 1, runs);
    timed("ristretto255 base product, libsodium", lib_base, 1, 1, runs);
    timed("ristretto255 base product, own", own_base, 1, 1, runs);
    timed("ristretto255 hash to group, libsodium", lib_hash, REPEAT, 1, runs);
    timed("ristretto255 hash to group, own", own_hash, REPEAT, 1, runs);
    timed("ristretto255 sum, libsodium", lib_add, REPEAT, 1, runs);
    timed("ristretto255 sum, own", own_add, REPEAT, 1, runs);
    timed("ristretto255 check, libsodium", lib_valid, REPEAT, 1, runs);
    timed("ristretto255 decode, own", own_decode, REPEAT, 1, runs);
    timed("ristretto255 encode, own", own_encode, REPEAT, 1, runs);
    timed("ristretto255 encode, own, one of 32", own_doubles, 1, CS_RISTRETTO_BATCH,
          runs);
    bench_must(s.ok, "computing in ristretto255");
}
