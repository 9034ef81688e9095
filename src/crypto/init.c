/* Process-wide start of the layer, and the end of a thread's use of it. */
#include <pthread.h>
#include <sodium.h>

#include "crypto/aead.h"
#include "crypto/group.h"
#include "crypto/group_ops.h"
#include "crypto/ristretto.h"
#include "crypto/secp_ctx.h"
#include "crypto/tags_init.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static enum cs_err result;

/* mbedTLS asks the processor for AES-NI at the first use and notes the answer in a
 * static without a lock: ask here, before there are threads. */
static enum cs_err probe_aes(void)
{
    static const uint8_t key[CS_AEAD_KEY], nonce[CS_AEAD_NONCE];
    uint8_t out[CS_AEAD_TAG];

    return cs_gcm_seal(out, key, nonce, CS_SPAN(NULL, 0), CS_SPAN(NULL, 0));
}

static void init(void)
{
    if (sodium_init() < 0) {
        result = CS_ERR_OS; /* no source of randomness */
        return;
    }
    cs_tags_init();
    cs_ristretto_init();
    cs_ed25519_probe();
    result = probe_aes();
}

enum cs_err cs_crypto_init(void)
{
    if (pthread_once(&once, init) != 0) {
        return CS_ERR_OS;
    }
    return result;
}

void cs_crypto_thread_end(void)
{
    cs_secp_ctx_free();
}
