/* SHA-256 on libsodium's state, with the processor's SHA instructions where it has them
 * (about six times as fast: a DKLs23 signature hashes 200 KB per party).  States may be
 * handed from one to the other at any point.  Any thread.  cs_sha256_final wipes. */
#ifndef CS_CRYPTO_SHA256_H
#define CS_CRYPTO_SHA256_H

#include <sodium.h>
#include <stdbool.h>

#include "base/span.h"

void cs_sha256_update(crypto_hash_sha256_state *st, const uint8_t *p, size_t n);
void cs_sha256_final(crypto_hash_sha256_state *st, uint8_t out[32]);

/* SHA-256 of whole blocks before (their state) and n bytes after them, n <= 55: one
 * block more.  st is not changed.  For many short inputs behind one prefix. */
void cs_sha256_short(uint8_t out[32], const crypto_hash_sha256_state *st,
                     const uint8_t *p, size_t n);

/* For tests: which way is taken, and to take the portable one. */
bool cs_sha256_is_fast(void);
void cs_sha256_portable(bool on);

#endif
