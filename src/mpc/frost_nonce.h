/* Nonces and their commitments in both FROST schemes: one shape, so that one pool keeps
 * them (PROTOCOLS 7.1, 7.3).
 *
 *                          RFC 9591 (Ed25519)          BIP 445 (secp256k1)
 *   d, e                   hiding, binding nonce       k_1, k_2
 *   D, E                   their commitments, 32 each  R_1, R_2, 33 each, compressed */
#ifndef CS_MPC_FROST_NONCE_H
#define CS_MPC_FROST_NONCE_H

#include "crypto/group.h"

enum {
    CS_FROST_SIG_LEN = 64,
    CS_FROST_COMMIT_LEN = 64, /* D, E of RFC 9591 */
    CS_BIP340_NONCE_LEN = 66, /* R_1, R_2 of BIP 445 */
    CS_FROST_COMMIT_MAX = 66,
    CS_FROST_RAND = 64, /* random bytes of one nonce; BIP 445 takes the first 32 */
};

struct cs_frost_nonces { /* one use; keep in guarded memory beyond a call */
    struct cs_secret d, e;
};

struct cs_frost_commit {
    uint8_t id; /* party */
    struct cs_point D, E;
};

#endif
