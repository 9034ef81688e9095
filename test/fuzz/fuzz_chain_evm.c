/* Any payload for one of the EVM chains: byte 0 picks which.  See chains_fuzz.h. */
#include "chain/chain.h"
#include "fuzz.h"
#include "support/chains_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum cs_chain chains[] = {CS_CHAIN_ETHEREUM, CS_CHAIN_POLYGON,
                                           CS_CHAIN_AVALANCHE};
    struct cs_chain_key key;

    if (size < 2) {
        return 0;
    }
    fuzz_start();
    chains_fuzz_key(&key, chains[data[0] % CS_COUNTOF(chains)], CS_CURVE_SECP256K1);
    chains_fuzz_payload(&key, CS_SPAN(data + 1, size - 1));
    return 0;
}
