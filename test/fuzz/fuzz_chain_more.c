/* Any payload for Cosmos, Stellar, Hedera, Algorand or NEAR: byte 0 picks which.  The
 * marks "KKKK" and "AAAA" become the own key and the text of the own address. */
#include "chain/chain.h"
#include "fuzz.h"
#include "support/chains_fuzz.h"

static const struct {
    enum cs_chain chain;
    enum cs_curve curve;
} kinds[] = {
    {CS_CHAIN_COSMOS_HUB, CS_CURVE_SECP256K1}, {CS_CHAIN_STELLAR, CS_CURVE_ED25519},
    {CS_CHAIN_HEDERA, CS_CURVE_ED25519},       {CS_CHAIN_HEDERA, CS_CURVE_SECP256K1},
    {CS_CHAIN_ALGORAND, CS_CURVE_ED25519},     {CS_CHAIN_NEAR, CS_CURVE_ED25519},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char own[CS_CHAIN_ADDRESS_MAX];
    struct cs_chain_key key;
    uint8_t *p;
    size_t kind;

    if (size < 2) {
        return 0;
    }
    fuzz_start();
    kind = data[0] % CS_COUNTOF(kinds);
    chains_fuzz_key(&key, kinds[kind].chain, kinds[kind].curve);
    FUZZ_HOLDS(cs_chain_address(own, &key, NULL) == CS_OK);
    p = malloc(size - 1);
    FUZZ_HOLDS(p != NULL);
    memcpy(p, data + 1, size - 1);
    chains_fuzz_put(p, size - 1, "KKKK", CS_SPAN(key.pub, key.pub_len));
    chains_fuzz_put(p, size - 1, "AAAA", CS_SPAN(own, strlen(own)));
    chains_fuzz_payload(&key, CS_SPAN(p, size - 1));
    free(p);
    return 0;
}
