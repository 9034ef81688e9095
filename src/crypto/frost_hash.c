/* RFC 9591, 6.1: H(prefix | m) with prefix = contextString | label. */
#include "crypto/frost_hash.h"

#include <sodium.h>

#include "base/mem.h"

#define CONTEXT "FROST-ED25519-SHA512-v1"

static void hash(uint8_t out[64], struct cs_span prefix, struct cs_span msg)
{
    crypto_hash_sha512_state h;

    (void)crypto_hash_sha512_init(&h);
    (void)crypto_hash_sha512_update(&h, prefix.p, prefix.n);
    (void)crypto_hash_sha512_update(&h, msg.p, msg.n);
    (void)crypto_hash_sha512_final(&h, out); /* wipes h */
}

static void hash_scalar(struct cs_scalar *out, struct cs_span prefix,
                        struct cs_span msg)
{
    uint8_t v[64];

    hash(v, prefix, msg);
    cs_scalar_reduce64(CS_CURVE_ED25519, out, v);
    cs_wipe(v, sizeof v); /* H3 makes nonces */
}

void cs_frost_h1(struct cs_scalar *out, struct cs_span msg)
{
    hash_scalar(out, CS_SPAN_LIT(CONTEXT "rho"), msg);
}

/* Without a prefix: the challenge of RFC 8032, so that signatures are ordinary. */
void cs_frost_h2(struct cs_scalar *out, struct cs_span msg)
{
    hash_scalar(out, CS_SPAN_LIT(""), msg);
}

void cs_frost_h3(struct cs_scalar *out, struct cs_span msg)
{
    hash_scalar(out, CS_SPAN_LIT(CONTEXT "nonce"), msg);
}

void cs_frost_h4(uint8_t out[64], struct cs_span msg)
{
    hash(out, CS_SPAN_LIT(CONTEXT "msg"), msg);
}

void cs_frost_h5(uint8_t out[64], struct cs_span msg)
{
    hash(out, CS_SPAN_LIT(CONTEXT "com"), msg);
}
