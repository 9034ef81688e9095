/* Any payload: byte 0 picks the chain, the curve and how the key is put in; the rest is
 * the payload.  Decoding never crashes; what decodes signs exactly the payload,
 * finishes to something that is refused as a payload, and is never taken as plaintext.
 */
#include <stdlib.h>
#include <string.h>

#include "chain/chain.h"
#include "crypto/identity.h"
#include "crypto/ripemd.h"
#include "support/chains_sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t seed[32] = {7};
static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void make_key(struct cs_chain_key *key, uint8_t choice)
{
    bool is_xrp = (choice & 1) != 0;
    bool is_k1 = is_xrp && (choice & 2) != 0;
    uint8_t pub[32], secp[33];

    cs_sign_public(pub, seed);
    chains_k1_public(secp, seed);
    must(cs_chain_key_init(key, is_xrp ? CS_CHAIN_XRP_LEDGER : CS_CHAIN_SOLANA,
                           is_k1 ? CS_CURVE_SECP256K1 : CS_CURVE_ED25519,
                           is_k1 ? CS_SPAN_OF(secp) : CS_SPAN_OF(pub), NULL) == CS_OK);
}

/* The marks "KKKK" (key) and "AAAA" (account) followed by enough bytes become the own
 * key and account, so that the fuzzer gets past the signer check. */
static void put_own(uint8_t *p, size_t n, const struct cs_chain_key *key)
{
    uint8_t pub[33] = {0xed}, id[20];
    bool is_ed = key->curve == CS_CURVE_ED25519;
    size_t n_pub = key->chain == CS_CHAIN_SOLANA ? 32 : 33;

    memcpy(is_ed ? pub + 1 : pub, key->pub, key->pub_len);
    cs_hash160(id, CS_SPAN_OF(pub));
    for (size_t i = 0; i + 33 <= n; i++) {
        if (memcmp(p + i, "KKKK", 4) == 0) {
            memcpy(p + i, n_pub == 32 ? pub + 1 : pub, n_pub);
        } else if (memcmp(p + i, "AAAA", 4) == 0) {
            memcpy(p + i, id, sizeof id);
        }
    }
}

static void finish(const struct cs_chain_key *key, const struct cs_chain_tx *tx,
                   struct cs_span payload)
{
    struct cs_chain_sig sig = {0};
    struct cs_chain_signed out;
    struct cs_chain_tx again;

    if (key->curve == CS_CURVE_ED25519) {
        cs_sign(sig.rs, seed, tx->items[0].message);
    } else {
        chains_k1_sign(sig.rs, seed, tx->items[0].message.p);
    }
    must(cs_chain_finish(&out, key, payload, &sig, 1, NULL) == CS_OK);
    must(cs_chain_decode(&again, key, cs_wr_get(&out.bytes), NULL) == CS_ERR_CHAIN_TX);
    cs_chain_tx_free(&again);
    cs_chain_signed_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cs_chain_key key;
    struct cs_chain_tx tx;
    const char *why = NULL;
    uint8_t *p;
    enum cs_err err;

    if (size < 2 || cs_crypto_init() != CS_OK) {
        return 0;
    }
    make_key(&key, data[0]);
    p = malloc(size - 1);
    must(p != NULL);
    memcpy(p, data + 1, size - 1);
    put_own(p, size - 1, &key);
    err = cs_chain_decode(&tx, &key, CS_SPAN(p, size - 1), &why);
    must((err == CS_OK) == (why == NULL));
    if (err == CS_OK) {
        must(tx.n_items == 1 && tx.text[0] != '\0');
        finish(&key, &tx, CS_SPAN(p, size - 1));
    }
    cs_chain_tx_free(&tx);
    if (cs_chain_plaintext(&tx, &key, CS_SPAN(p, size - 1), &why) == CS_OK) {
        must(err != CS_OK);
        cs_chain_tx_free(&tx);
    }
    free(p);
    return 0;
}
