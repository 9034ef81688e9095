/* Tweak context of a threshold key (PROTOCOLS 7.4, 7.5; BIP 445 and BIP 327 "tweak
 * context"): which key is really signed for, and what signers and aggregator change for
 * it.  Public, variable time, pure; any thread.
 *
 *   Q     the tweaked key;  gacc, tacc   Q = gacc X + tacc G, gacc is 1 or -1
 *
 * A node computes every tweak itself from path and script data that are in the request
 * hash.  A raw tweak value is never taken from a request (row 49): cs_tweak_apply is
 * for the functions below it, and for published vectors. */
#ifndef CS_MPC_TWEAK_H
#define CS_MPC_TWEAK_H

#include "mpc/bip32.h"

struct cs_tweak {
    struct cs_point Q;
    struct cs_scalar gacc, tacc;
};

/* (X, 1, 0).  USAGE when X is not a secp256k1 key. */
enum cs_err cs_tweak_init(struct cs_tweak *t, const struct cs_point *X) CS_MUST_USE;
/* g = -1 if x-only and y(Q) odd, else 1; Q = g Q + tau G; gacc = g gacc;
 * tacc = tau + g tacc.  TWEAK_RANGE for tau >= q, TWEAK_IDENTITY when Q would be the
 * identity; *t is untouched then. */
enum cs_err cs_tweak_apply(struct cs_tweak *t, const uint8_t tau[32], bool x_only)
    CS_MUST_USE;
/* Plain tweak epsilon of a path; comes first.  What cs_bip32_derive says; STATE unless
 * *t is as cs_tweak_init left it (the path starts at the root key). */
enum cs_err cs_tweak_path(struct cs_tweak *t,
                          const uint8_t chain_code[CS_CHAIN_CODE_LEN],
                          const uint32_t *path, size_t n) CS_MUST_USE;
/* x-only tweak hash_TapTweak(x(Q) | merkle_root); comes last.  NULL: key path only, an
 * empty root as BIP 341 and BIP 86 have it, so that nobody can hide a script path
 * (row 50).  A root is part of the approved key policy. */
enum cs_err cs_tweak_taproot(struct cs_tweak *t, const uint8_t *merkle_root)
    CS_MUST_USE;

/* What signers of a Taproot key use: path, then the key-path-only TapTweak. */
enum cs_err cs_tweak_wallet(struct cs_tweak *t, const struct cs_point *X,
                            const uint8_t chain_code[CS_CHAIN_CODE_LEN],
                            const uint32_t *path, size_t n) CS_MUST_USE;

/* x(Q): of a Taproot wallet, the output key. */
void cs_tweak_x(uint8_t out[32], const struct cs_tweak *t);
bool cs_tweak_odd(const struct cs_tweak *t); /* y(Q) is odd */

#endif
