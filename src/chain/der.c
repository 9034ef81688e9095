/* Strict DER of ECDSA signatures, as in BIP 66 and the XRP Ledger. */
#include <string.h>

#include "chain/chain.h"

/* INTEGER: no leading zeros but the one that keeps it positive. */
static size_t der_integer(uint8_t *out, const uint8_t v[32])
{
    size_t skip = 0;
    size_t pad, n;

    while (skip < 31 && v[skip] == 0) {
        skip++;
    }
    pad = (v[skip] & 0x80) != 0 ? 1 : 0;
    n = 32 - skip;
    out[0] = 0x02;
    out[1] = (uint8_t)(n + pad);
    out[2] = 0;
    memcpy(out + 2 + pad, v + skip, n);
    return 2 + pad + n;
}

size_t cs_chain_der(uint8_t out[72], const uint8_t rs[64])
{
    uint8_t body[70];
    size_t n = der_integer(body, rs);

    n += der_integer(body + n, rs + 32);
    out[0] = 0x30;
    out[1] = (uint8_t)n;
    memcpy(out + 2, body, n);
    return n + 2;
}
