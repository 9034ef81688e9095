/* Any PSBT for one of Bitcoin's family: byte 0 picks chain and kind of address.  The
 * marks become the own script's parts: "HHHH" HASH160 of the key, "SSSS" of its
 * program, "TTTT" the Taproot output key. */
#include "chain/chain.h"
#include "chain/utxo.h"
#include "fuzz.h"
#include "support/chains_fuzz.h"

static const struct {
    enum cs_chain chain;
    enum cs_chain_format format;
} kinds[] = {
    {CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2WPKH},
    {CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2TR},
    {CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2SH_P2WPKH},
    {CS_CHAIN_DOGECOIN, CS_CHAIN_FORMAT_P2PKH},
    {CS_CHAIN_BITCOIN_CASH, CS_CHAIN_FORMAT_P2PKH},
};

static void put_own(uint8_t *p, size_t n, const struct cs_chain_key *key)
{
    struct cs_utxo_script s;

    cs_utxo_own_script(&s, key, CS_UTXO_P2WPKH);
    chains_fuzz_put(p, n, "HHHH", CS_SPAN(s.p + 2, 20));
    cs_utxo_own_script(&s, key, CS_UTXO_P2SH_P2WPKH);
    chains_fuzz_put(p, n, "SSSS", CS_SPAN(s.p + 2, 20));
    cs_utxo_own_script(&s, key, CS_UTXO_P2TR);
    chains_fuzz_put(p, n, "TTTT", CS_SPAN(s.p + 2, 32));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cs_chain_key key;
    uint8_t *p;

    if (size < 2) {
        return 0;
    }
    fuzz_start();
    chains_fuzz_key(&key, kinds[data[0] % CS_COUNTOF(kinds)].chain, CS_CURVE_SECP256K1);
    key.format = kinds[data[0] % CS_COUNTOF(kinds)].format;
    p = malloc(size - 1);
    FUZZ_HOLDS(p != NULL);
    memcpy(p, data + 1, size - 1);
    put_own(p, size - 1, &key);
    chains_fuzz_payload(&key, CS_SPAN(p, size - 1));
    free(p);
    return 0;
}
