/* Taproot's public side (BIP 340, BIP 341): output keys without scripts, verification,
 * tagged hashes.  Public data, variable time.  Any thread. */
#ifndef CS_CRYPTO_TAPROOT_H
#define CS_CRYPTO_TAPROOT_H

#include "base/err.h"
#include "base/span.h"

/* SHA256(SHA256(tag) | SHA256(tag) | in) */
void cs_tagged_hash(uint8_t out[32], const char *tag, struct cs_span in);

/* The x-only output key of a compressed internal key and the tweak that leads there,
 * hash_TapTweak(x(P)) with an empty script tree, so that nobody can hide a script path
 * (PROTOCOLS 7.5).  BAD_POINT. */
enum cs_err cs_taproot_output(uint8_t key[32], uint8_t tweak[32],
                              const uint8_t internal[33]) CS_MUST_USE;

/* BIP 340.  BAD_POINT (no such x-only key), SIG_INVALID. */
enum cs_err cs_taproot_verify(const uint8_t key[32], struct cs_span message,
                              const uint8_t sig[64]) CS_MUST_USE;

#endif
