/* RIPEMD-160 from mbedTLS; see ripemd.h. */
#include "crypto/ripemd.h"

#include <mbedtls/md.h>

#include "base/err.h"
#include "crypto/hash.h"

void cs_ripemd160(uint8_t out[CS_RIPEMD160_LEN], struct cs_span in)
{
    static const uint8_t none = 0;
    const mbedtls_md_info_t *md = mbedtls_md_info_from_type(MBEDTLS_MD_RIPEMD160);

    CS_ASSERT(md != NULL); /* Debian builds mbedTLS with it, the unit test checks */
    CS_ASSERT(mbedtls_md(md, in.n == 0 ? &none : in.p, in.n, out) == 0);
}

void cs_hash160(uint8_t out[CS_RIPEMD160_LEN], struct cs_span in)
{
    uint8_t digest[32];

    cs_sha256(digest, in);
    cs_ripemd160(out, CS_SPAN_OF(digest));
}
