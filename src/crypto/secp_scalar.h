/* Scalars modulo the secp256k1 group order n: private to this layer, see group.h.
 *
 * libsecp256k1's public calls know neither zero nor subtraction nor inversion
 * (PROTOCOLS 1.2), so this is a small 4x64 arithmetic of our own, held against the
 * library by test_crypto_secp_scalar.  Constant time in the values.  Any thread.
 * Inputs are reduced (cs_secp_reduce64 takes anything); outputs are reduced. */
#ifndef CS_CRYPTO_SECP_SCALAR_H
#define CS_CRYPTO_SECP_SCALAR_H

#include "crypto/group.h"

void cs_secp_add(struct cs_scalar *out, const struct cs_scalar *a,
                 const struct cs_scalar *b);
void cs_secp_mul(struct cs_scalar *out, const struct cs_scalar *a,
                 const struct cs_scalar *b);
void cs_secp_negate(struct cs_scalar *out, const struct cs_scalar *a);
/* a^(n-2): the inverse, and zero for zero. */
void cs_secp_invert(struct cs_scalar *out, const struct cs_scalar *a);
void cs_secp_reduce64(struct cs_scalar *out, const uint8_t in[64]);

#endif
