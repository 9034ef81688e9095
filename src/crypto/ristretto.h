/* The group ristretto255 (RFC 9496) for the base OTs of mpc (PROTOCOLS 4.2): elements
 * stay points between operations, where a library's interface encodes and decodes at
 * every one.  Answers are those of libsodium's ristretto255 calls, bit for bit.
 *
 *   ristretto_field.h   numbers modulo 2^255 - 19
 *   ristretto_point.c   points: sums and products
 *   ristretto_code.c    encodings
 *   ristretto_map.c     hash to group
 *
 * Constant time in every argument but decode's.  Secret elements are wiped by their
 * owner; the functions wipe what they name, and cs_ristretto_scrub, once after many of
 * them, what the compiler kept of it beside.  cs_crypto_init() first.  Any thread. */
#ifndef CS_CRYPTO_RISTRETTO_H
#define CS_CRYPTO_RISTRETTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    CS_RISTRETTO_LEN = 32,   /* of an encoding */
    CS_RISTRETTO_WIDE = 64,  /* of what is hashed to the group */
    CS_RISTRETTO_BATCH = 32, /* encoded with one inversion */
};

struct cs_fe {
    uint64_t v[5]; /* least significant first */
};

/* A point (x/z, y/z) of edwards25519 that stands for its coset; t = xy/z. */
struct cs_ristretto {
    struct cs_fe x, y, z, t;
};

/* RFC 9496, 4.3.1, of public bytes.  False: not the encoding of an element; *out is the
 * identity then.  The identity itself decodes. */
bool cs_ristretto_decode(struct cs_ristretto *out, const uint8_t b[CS_RISTRETTO_LEN])
    CS_MUST_USE;
/* RFC 9496, 4.3.2. */
void cs_ristretto_encode(uint8_t b[CS_RISTRETTO_LEN], const struct cs_ristretto *p);
/* The encodings of 2p, for n <= CS_RISTRETTO_BATCH points: a sixth of n encodings'
 * time. All ones when one of them is the identity, else zero. */
uint64_t cs_ristretto_encode_doubles(uint8_t (*b)[CS_RISTRETTO_LEN],
                                     const struct cs_ristretto *p, size_t n)
    CS_MUST_USE;

void cs_ristretto_add(struct cs_ristretto *out, const struct cs_ristretto *a,
                      const struct cs_ristretto *b);
void cs_ristretto_sub(struct cs_ristretto *out, const struct cs_ristretto *a,
                      const struct cs_ristretto *b);

/* out = bit ? b : a */
void cs_ristretto_choose(struct cs_ristretto *out, const struct cs_ristretto *a,
                         const struct cs_ristretto *b, unsigned bit);

/* Scalars: little-endian, below the order l of the group. */
void cs_ristretto_mul(struct cs_ristretto *out, const uint8_t scalar[32],
                      const struct cs_ristretto *p);
void cs_ristretto_mul_base(struct cs_ristretto *out, const uint8_t scalar[32]);
/* half + half = scalar modulo l: products that encode_doubles makes whole. */
void cs_ristretto_half(uint8_t half[32], const uint8_t scalar[32]);

/* RFC 9496, 4.3.4: uniform bytes to a uniform element. */
void cs_ristretto_from_hash(struct cs_ristretto *out,
                            const uint8_t wide[CS_RISTRETTO_WIDE]);

/* Overwrites the part of the stack below the caller that these functions, and short
 * ones that call them in a loop, worked in: limbs of secret points are left there. */
void cs_ristretto_scrub(void);

/* The table of the base point: from cs_crypto_init, once. */
void cs_ristretto_init(void);

#endif
