/* The last gate of an ECDSA signature (PROTOCOLS 6.2, 6.5): low s, recovery id, and
 * recover-and-compare.  Nothing leaves it that was not verified.  Any thread. */
#ifndef CS_MPC_ECDSA_RELEASE_H
#define CS_MPC_ECDSA_RELEASE_H

#include "crypto/ecdsa.h"
#include "crypto/group.h"

struct cs_ecdsa_sig {
    uint8_t rs[CS_ECDSA_SIG_LEN]; /* compact */
    uint8_t recid;
    uint8_t der_len;
    uint8_t der[CS_ECDSA_DER_MAX];
};

/* r = x(R) mod q; false when R is the identity or r is 0. */
bool cs_ecdsa_r(struct cs_scalar *r, const struct cs_point *R) CS_MUST_USE;

/* R and s come from the protocol, X is the (derived) key.
 *   SIG_INVALID  s is 0, or the key recovered from what R and s say is not X
 *   ABORTED      valid, but its recovery id is above 1 and `recid01` does not allow
 *                that (2^-127): sign again with fresh material
 * *out is all zero unless CS_OK. */
enum cs_err cs_ecdsa_release(struct cs_ecdsa_sig *out, const struct cs_point *R,
                             const struct cs_scalar *s, const uint8_t digest[32],
                             const struct cs_point *X, bool recid01) CS_MUST_USE;

#endif
