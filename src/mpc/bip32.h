/* BIP32 non-hardened derivation, public side (PROTOCOLS 9.1).  All of it is public and
 * variable time; pure; any thread.
 *
 * Child i < 2^31 of (K, chain):  I = HMAC-SHA512(chain; serP(K) | u32be(i)),
 * K' = K + I_L G, chain' = I_R.  Along a path epsilon = sum I_L mod q and
 * X' = X + epsilon G: a signer uses its share as it is and epsilon as a public tweak.
 * Every node derives both itself from the path in the request. */
#ifndef CS_MPC_BIP32_H
#define CS_MPC_BIP32_H

#include "mpc/request.h"

enum { CS_CHAIN_CODE_LEN = 32 };
#define CS_BIP32_HARDENED (UINT32_C(1) << 31)

struct cs_bip32 {
    struct cs_point X;        /* of the child */
    struct cs_scalar epsilon; /* zero for the empty path */
    uint8_t chain_code[CS_CHAIN_CODE_LEN];
};

/* The wire's form of a path: "" for the root, or indices below 2^31 in decimal without
 * leading zeros, joined by "/": "0/5".  Nothing else: no "m/", no sign, no blank. */
enum { CS_PATH_TEXT_MAX = CS_PATH_MAX * 11 }; /* with the closing NUL */
/* BAD_FORMAT for another text, PATH_DEPTH for more than CS_PATH_MAX steps,
 * PATH_HARDENED for an index from 2^31 to 2^32-1 or one marked with ' or h.  *out and
 * *n are untouched unless CS_OK. */
enum cs_err cs_path_parse(uint32_t out[CS_PATH_MAX], uint8_t *n, const char *text)
    CS_MUST_USE;
void cs_path_text(char out[CS_PATH_TEXT_MAX], const uint32_t *path, size_t n);

/* PATH_DEPTH for more than CS_PATH_MAX steps, PATH_HARDENED for a step of 2^31 or more:
 * nobody here has the private key that such a step hashes. */
enum cs_err cs_bip32_path_check(const uint32_t *path, size_t n) CS_MUST_USE;

/* Root X (secp256k1, USAGE otherwise) at depth 0.  What cs_bip32_path_check says, or
 * PATH_CHILD when I_L is not in 1..q-1 or a child is the identity (2^-127: BIP32 wants
 * the next index; the path is refused).  *out is untouched unless CS_OK. */
enum cs_err cs_bip32_derive(struct cs_bip32 *out, const struct cs_point *X,
                            const uint8_t chain_code[CS_CHAIN_CODE_LEN],
                            const uint32_t *path, size_t n) CS_MUST_USE;
/* One step whose I is known: for cs_bip32_derive, and to test what no hash will say.
 * PATH_CHILD; *at is untouched then. */
enum cs_err cs_bip32_step(struct cs_bip32 *at, const uint8_t I[64]) CS_MUST_USE;

#endif
