#include "crypto/secp_ctx.h"

#include "base/mem.h"
#include "crypto/hash.h"

enum { USES_PER_BLINDING = 1 << 20 };

static _Thread_local secp256k1_context *the_ctx;
static _Thread_local unsigned uses;

static void misuse(const char *what, void *data)
{
    (void)data;
    cs_fatal("libsecp256k1", 0, what);
}

static void blind(secp256k1_context *ctx)
{
    uint8_t seed[32];

    cs_random(seed, sizeof seed);
    CS_ASSERT(secp256k1_context_randomize(ctx, seed) == 1);
    cs_wipe(seed, sizeof seed);
}

const secp256k1_context *cs_secp_ctx(void)
{
    if (the_ctx == NULL) {
        the_ctx = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
        CS_ASSERT(the_ctx != NULL);
        secp256k1_context_set_illegal_callback(the_ctx, misuse, NULL);
        secp256k1_context_set_error_callback(the_ctx, misuse, NULL);
        uses = 0;
    }
    if (uses++ % USES_PER_BLINDING == 0) {
        blind(the_ctx);
    }
    return the_ctx;
}

void cs_secp_ctx_free(void)
{
    if (the_ctx != NULL) {
        secp256k1_context_destroy(the_ctx);
        the_ctx = NULL;
    }
}
