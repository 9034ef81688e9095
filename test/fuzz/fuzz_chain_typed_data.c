/* Any text as EIP-712 typed data: byte 0 picks the chain.  What is taken has one item,
 * a summary, and a signature that finishes; nothing else does. */
#include "chain/chain.h"
#include "fuzz.h"
#include "support/chains_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum cs_chain chains[] = {CS_CHAIN_ETHEREUM, CS_CHAIN_POLYGON};
    struct cs_chain_sig sig = {0};
    struct cs_chain_signed out;
    struct cs_chain_key key;
    struct cs_span json;
    struct cs_chain_tx tx;
    const char *why = NULL;

    if (size < 2) {
        return 0;
    }
    fuzz_start();
    json = CS_SPAN(data + 1, size - 1);
    chains_fuzz_key(&key, chains[data[0] % CS_COUNTOF(chains)], CS_CURVE_SECP256K1);
    if (cs_chain_typed_data(&tx, &key, json, &why) != CS_OK) {
        chains_must(why != NULL && tx.items == NULL);
        return 0;
    }
    chains_must(why == NULL && tx.n_items == 1 && tx.items[0].data.n == 66);
    chains_must(!tx.is_clear || (tx.is_approval && tx.to[0] != '\0'));
    chains_fuzz_sign(&sig, &tx.items[0]);
    chains_must(cs_chain_finish_any(&out, &key, CS_CHAIN_KIND_TYPED_DATA, json, &sig, 1,
                                    NULL) == CS_OK);
    chains_must(out.bytes.n == 65 && out.has_rsv);
    cs_chain_signed_free(&out);
    cs_chain_tx_free(&tx);
    return 0;
}
