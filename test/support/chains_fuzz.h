/* What every fuzz target of a chain does with a payload: decoding never crashes; what
 * decodes is signed with test keys, finishes, is refused as a payload then, and is
 * never taken as a text; a text that is taken finishes too. */
#ifndef CS_TEST_SUPPORT_CHAINS_FUZZ_H
#define CS_TEST_SUPPORT_CHAINS_FUZZ_H

#include <stdlib.h>
#include <string.h>

#include "chain/chain.h"
#include "crypto/identity.h"
#include "support/chains_sign.h"

static const uint8_t chains_fuzz_seed[32] = {7};

static inline void chains_must(bool ok)
{
    if (!ok) {
        abort();
    }
}

static inline void chains_fuzz_key(struct cs_chain_key *key, enum cs_chain chain,
                                   enum cs_curve curve)
{
    uint8_t ed[32], k1[33];

    cs_sign_public(ed, chains_fuzz_seed);
    chains_k1_public(k1, chains_fuzz_seed);
    chains_must(
        cs_chain_key_init(key, chain, curve,
                          curve == CS_CURVE_ED25519 ? CS_SPAN_OF(ed) : CS_SPAN_OF(k1),
                          NULL) == CS_OK);
}

static inline void chains_fuzz_sign(struct cs_chain_sig *sig,
                                    const struct cs_chain_item *item)
{
    switch (item->scheme) {
    case CS_CHAIN_SCHEME_ED25519:
        cs_sign(sig->rs, chains_fuzz_seed, item->message);
        return;
    case CS_CHAIN_SCHEME_ECDSA:
        chains_k1_sign(sig->rs, chains_fuzz_seed, item->message.p);
        return;
    case CS_CHAIN_SCHEME_BIP340:
        chains_must(item->has_tweak);
        chains_tap_sign(sig->rs, chains_fuzz_seed, item->message.p);
        return;
    }
}

static inline void chains_fuzz_finish(const struct cs_chain_key *key,
                                      const struct cs_chain_tx *tx,
                                      struct cs_span payload)
{
    struct cs_chain_sig *sigs = calloc(tx->n_items, sizeof *sigs);
    struct cs_chain_signed out;
    struct cs_chain_tx again;

    chains_must(sigs != NULL);
    for (size_t i = 0; i < tx->n_items; i++) {
        chains_must(tx->items[i].scheme == cs_chain_key_scheme(key));
        chains_fuzz_sign(&sigs[i], &tx->items[i]);
    }
    chains_must(cs_chain_finish(&out, key, payload, sigs, tx->n_items, NULL) == CS_OK);
    chains_must(cs_chain_decode(&again, key, cs_wr_get(&out.bytes), NULL) != CS_OK);
    cs_chain_signed_free(&out);
    sigs[0].rs[9] ^= 1;
    chains_must(cs_chain_finish(&out, key, payload, sigs, tx->n_items, NULL) ==
                CS_ERR_SIG_INVALID);
    free(sigs);
}

static inline void chains_fuzz_text(const struct cs_chain_key *key,
                                    struct cs_span payload, bool is_transaction)
{
    struct cs_chain_tx tx;
    struct cs_chain_sig sig = {0};
    struct cs_wr w;

    if (cs_chain_plaintext(&tx, key, payload, NULL) == CS_OK) {
        chains_must(!is_transaction);
        chains_must(tx.n_items == 1 && tx.items[0].scheme == cs_chain_key_scheme(key));
        chains_fuzz_sign(&sig, &tx.items[0]);
        chains_must(cs_chain_finish_message(&w, key, payload, &sig, NULL) == CS_OK);
        cs_wr_free(&w);
    }
    cs_chain_tx_free(&tx);
}

static inline void chains_fuzz_payload(const struct cs_chain_key *key,
                                       struct cs_span payload)
{
    struct cs_chain_tx tx;
    const char *why = NULL;
    enum cs_err err = cs_chain_decode(&tx, key, payload, &why);

    chains_must((err == CS_OK) == (why == NULL));
    if (err == CS_OK) {
        chains_must(tx.n_items > 0 && tx.n_items <= CS_CHAIN_ITEMS_MAX);
        chains_must(tx.text[0] != '\0' && tx.kind[0] != '\0');
        chains_fuzz_finish(key, &tx, payload);
    }
    cs_chain_tx_free(&tx);
    chains_fuzz_text(key, payload, err == CS_OK);
}

/* The mark "KKKK" (or what is given) followed by enough bytes becomes these bytes, so
 * that the fuzzer gets past the signer checks. */
static inline void chains_fuzz_put(uint8_t *p, size_t n, const char mark[4],
                                   struct cs_span bytes)
{
    for (size_t i = 0; i + bytes.n <= n; i++) {
        if (memcmp(p + i, mark, 4) == 0) {
            memcpy(p + i, bytes.p, bytes.n);
        }
    }
}

#endif
