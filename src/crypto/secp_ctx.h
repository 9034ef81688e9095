/* This thread's libsecp256k1 context: made when first asked for, blinded with fresh
 * randomness then and after every 2^20 uses (PROTOCOLS 1.1), freed by
 * cs_crypto_thread_end.  Misuse reported by the library ends in cs_fatal. */
#ifndef CS_CRYPTO_SECP_CTX_H
#define CS_CRYPTO_SECP_CTX_H

#include <secp256k1.h>

const secp256k1_context *cs_secp_ctx(void);
void cs_secp_ctx_free(void);

#endif
