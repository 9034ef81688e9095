/* GF(2^128) with x^128 + x^7 + x^2 + x + 1 (PROTOCOLS 4.1, 4.3): the field of the OT
 * extension's check.  An element is 16 bytes; bit (8j+i) is bit i of byte j.
 * Constant time in all values.  Any thread. */
#ifndef CS_MPC_GF128_H
#define CS_MPC_GF128_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cs_gf128 {
    uint64_t v[2]; /* v[0]: x^0 .. x^63 */
};

void cs_gf128_load(struct cs_gf128 *out, const uint8_t b[16]);
void cs_gf128_store(uint8_t b[16], const struct cs_gf128 *a);
void cs_gf128_mul(struct cs_gf128 *out, const struct cs_gf128 *a,
                  const struct cs_gf128 *b);

/* out = last + sum of a[i] * b[i], n products, reduced once. */
void cs_gf128_dot(struct cs_gf128 *out, const struct cs_gf128 *last,
                  const struct cs_gf128 *a, const struct cs_gf128 *b, size_t n);

/* For tests: whether the carry-less multiplier of the processor is used, and not to. */
bool cs_gf128_is_fast(void);
void cs_gf128_portable(bool on);

#endif
