/* Any TRON payload; the mark "OOOO" becomes the own address. */
#include "chain/chain.h"
#include "chain/evm.h"
#include "chain/tron.h"
#include "fuzz.h"
#include "support/chains_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t own[CS_TRON_ADDRESS_LEN] = {CS_TRON_PREFIX};
    struct cs_chain_key key;
    uint8_t *p;

    if (size == 0) {
        return 0;
    }
    fuzz_start();
    chains_fuzz_key(&key, CS_CHAIN_TRON, CS_CURVE_SECP256K1);
    cs_evm_account(own + 1, &key);
    p = malloc(size);
    FUZZ_HOLDS(p != NULL);
    memcpy(p, data, size);
    chains_fuzz_put(p, size, "OOOO", CS_SPAN_OF(own));
    chains_fuzz_payload(&key, CS_SPAN(p, size));
    free(p);
    return 0;
}
