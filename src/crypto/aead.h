/* The two AEADs: ChaCha20-Poly1305 on links (libsodium), AES-256-GCM at rest
 * (mbedTLS).  Any thread.  out may equal in.  Opening fails with AEAD and zeroes out.
 */
#ifndef CS_CRYPTO_AEAD_H
#define CS_CRYPTO_AEAD_H

#include "base/err.h"
#include "base/span.h"

enum { CS_AEAD_KEY = 32, CS_AEAD_NONCE = 12, CS_AEAD_TAG = 16 };

/* out holds in.n + 16 bytes. */
void cs_chacha_seal(uint8_t *out, const uint8_t key[32], const uint8_t nonce[12],
                    struct cs_span ad, struct cs_span in);
enum cs_err cs_chacha_open(uint8_t *out, const uint8_t key[32], const uint8_t nonce[12],
                           struct cs_span ad, struct cs_span in) CS_MUST_USE;

enum cs_err cs_gcm_seal(uint8_t *out, const uint8_t key[32], const uint8_t nonce[12],
                        struct cs_span ad, struct cs_span in) CS_MUST_USE;
enum cs_err cs_gcm_open(uint8_t *out, const uint8_t key[32], const uint8_t nonce[12],
                        struct cs_span ad, struct cs_span in) CS_MUST_USE;

#endif
