/* Scalars modulo the secp256k1 order as four 64-bit limbs, for inner loops that must
 * not convert at each step (PROTOCOLS 4.4, 12): secp_scalar.h's arithmetic on the bare
 * form, and sums of products that are reduced once.
 *
 * Constant time in the values.  Any thread.  A struct cs_n is reduced and may be zero.
 * Secret ones are wiped by their owner. */
#ifndef CS_CRYPTO_SECP_N_H
#define CS_CRYPTO_SECP_N_H

#include "crypto/group.h"

struct cs_n {
    uint64_t v[4]; /* least significant first */
};

/* A sum of at most 2^32 products and scalars, not reduced.  Zero-initialise. */
struct cs_n_sum {
    uint64_t v[9];
};

/* All ones when b is 1..n-1, else zero; out is then b, else b as it is mod 2^256:
 * do not use it before the mask has been looked at. */
uint64_t cs_n_load(struct cs_n *out, const uint8_t b[CS_SCALAR_LEN]);
void cs_n_store(uint8_t b[CS_SCALAR_LEN], const struct cs_n *a);

void cs_n_add(struct cs_n *out, const struct cs_n *a, const struct cs_n *b);
void cs_n_sub(struct cs_n *out, const struct cs_n *a, const struct cs_n *b);
/* out = mask all ones ? a : 0 */
void cs_n_masked(struct cs_n *out, const struct cs_n *a, uint64_t mask);

void cs_n_sum_add(struct cs_n_sum *sum, const struct cs_n *a);
void cs_n_sum_mul(struct cs_n_sum *sum, const struct cs_n *a, const struct cs_n *b);
void cs_n_sum_take(struct cs_n *out, const struct cs_n_sum *sum);

/* The inverse, and zero for zero. */
void cs_n_invert(struct cs_n *out, const struct cs_n *a);

/* Overwrites the part of the stack below the caller that these functions, and others as
 * small, worked in: once after a loop, instead of wiping in each step. */
void cs_n_scrub(void);

/* All ones for a bit of 1, zero for 0; opaque to the compiler, so that it does not turn
 * what follows into a branch. */
static inline uint64_t cs_n_mask(unsigned bit)
{
    uint64_t m = 0 - (uint64_t)(bit & 1);

    __asm__("" : "+r"(m));
    return m;
}

#endif
