/* Keccak-f[1600] with rate 1088 and 32 bytes of output.  Source: FIPS 202 and "The
 * Keccak reference" 3.0; the names of the steps are theirs. */
#include "crypto/keccak.h"

#include <string.h>

enum { RATE = 136, LANES = 25, ROUNDS = 24 };

static const uint64_t round_constants[ROUNDS] = {
    0x0000000000000001U, 0x0000000000008082U, 0x800000000000808aU, 0x8000000080008000U,
    0x000000000000808bU, 0x0000000080000001U, 0x8000000080008081U, 0x8000000000008009U,
    0x000000000000008aU, 0x0000000000000088U, 0x0000000080008009U, 0x000000008000000aU,
    0x000000008000808bU, 0x800000000000008bU, 0x8000000000008089U, 0x8000000000008003U,
    0x8000000000008002U, 0x8000000000000080U, 0x000000000000800aU, 0x800000008000000aU,
    0x8000000080008081U, 0x8000000000008080U, 0x0000000080000001U, 0x8000000080008008U};

/* Lane (x, y) is a[x + 5y]; offsets of rho in that order. */
static const uint8_t rotations[LANES] = {0,  1, 62, 28, 27, 36, 44, 6,  55,
                                         20, 3, 10, 43, 25, 39, 41, 45, 15,
                                         21, 8, 18, 2,  61, 56, 14};

/* Where pi puts each lane: (x, y) moves to (y, 2x + 3y). */
static const uint8_t places[LANES] = {0,  10, 20, 5, 15, 16, 1,  11, 21, 6, 7,  17, 2,
                                      12, 22, 23, 8, 18, 3,  13, 14, 24, 9, 19, 4};

static uint64_t rotl(uint64_t v, unsigned n)
{
    return v << n | v >> ((64 - n) & 63);
}

static void theta(uint64_t a[LANES])
{
    uint64_t c[5], d[5];

    for (size_t x = 0; x < 5; x++) {
        c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    }
    for (size_t x = 0; x < 5; x++) {
        d[x] = c[(x + 4) % 5] ^ rotl(c[(x + 1) % 5], 1);
    }
    for (size_t y = 0; y < LANES; y += 5) {
        for (size_t x = 0; x < 5; x++) {
            a[y + x] ^= d[x];
        }
    }
}

static void rho_pi(uint64_t b[LANES], const uint64_t a[LANES])
{
    for (size_t i = 0; i < LANES; i++) {
        b[places[i]] = rotl(a[i], rotations[i]);
    }
}

static void chi(uint64_t a[LANES], const uint64_t b[LANES])
{
    for (size_t y = 0; y < LANES; y += 5) {
        a[y] = b[y] ^ (~b[y + 1] & b[y + 2]);
        a[y + 1] = b[y + 1] ^ (~b[y + 2] & b[y + 3]);
        a[y + 2] = b[y + 2] ^ (~b[y + 3] & b[y + 4]);
        a[y + 3] = b[y + 3] ^ (~b[y + 4] & b[y]);
        a[y + 4] = b[y + 4] ^ (~b[y] & b[y + 1]);
    }
}

static void permute(uint64_t a[LANES])
{
    uint64_t b[LANES];

    for (size_t r = 0; r < ROUNDS; r++) {
        theta(a);
        rho_pi(b, a);
        chi(a, b);
        a[0] ^= round_constants[r];
    }
}

static void absorb(uint64_t a[LANES], const uint8_t block[RATE])
{
    for (size_t i = 0; i < RATE; i++) {
        a[i / 8] ^= (uint64_t)block[i] << (8 * (i % 8));
    }
    permute(a);
}

static void sponge(uint8_t out[32], struct cs_span in, uint8_t suffix)
{
    uint64_t a[LANES] = {0};
    uint8_t last[RATE] = {0};

    for (; in.n >= RATE; in = CS_SPAN(in.p + RATE, in.n - RATE)) {
        absorb(a, in.p);
    }
    if (in.n > 0) {
        memcpy(last, in.p, in.n);
    }
    last[in.n] = suffix;
    last[RATE - 1] |= 0x80;
    absorb(a, last);
    for (size_t i = 0; i < 32; i++) {
        out[i] = (uint8_t)(a[i / 8] >> (8 * (i % 8)));
    }
}

void cs_keccak256(uint8_t out[32], struct cs_span in)
{
    sponge(out, in, 0x01);
}

void cs_sha3_256(uint8_t out[32], struct cs_span in)
{
    sponge(out, in, 0x06);
}
