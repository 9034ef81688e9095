/* Transactions and texts of each chain.  The own key is taken out of the payload where
 * its signer stands, so that decoding gets past the signer check. */
#include "chain/chain.h"
#include "fuzz/fuzz.h"

static bool printable(const char *text, size_t cap)
{
    size_t n = strnlen(text, cap);

    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return false;
        }
    }
    return n < cap;
}

static void look_at(const struct cs_chain_tx *tx, struct cs_span payload)
{
    FUZZ_HOLDS(tx->n_items >= 1 && tx->n_items <= CS_CHAIN_ITEMS_MAX);
    for (size_t i = 0; i < tx->n_items; i++) {
        FUZZ_HOLDS(tx->items[i].message.n > 0);
        FUZZ_HOLDS(tx->items[i].data.n >= payload.n || tx->items[i].data.n > 0);
    }
    FUZZ_HOLDS(printable(tx->kind, sizeof tx->kind));
    FUZZ_HOLDS(printable(tx->signer, sizeof tx->signer) && tx->signer[0] != '\0');
    FUZZ_HOLDS(printable(tx->from, sizeof tx->from));
    FUZZ_HOLDS(printable(tx->to, sizeof tx->to));
    FUZZ_HOLDS(printable(tx->amount, sizeof tx->amount));
    FUZZ_HOLDS(printable(tx->memo, sizeof tx->memo));
    FUZZ_HOLDS(printable(tx->text, sizeof tx->text) && tx->text[0] != '\0');
}

/* Solana: the first account; XRP Ledger: behind SigningPubKey's header and ED. */
static struct cs_span signer_in(enum cs_chain chain, struct cs_span payload)
{
    if (chain == CS_CHAIN_SOLANA) {
        return payload.n >= 36 ? CS_SPAN(payload.p + 4, 32) : CS_SPAN(NULL, 0);
    }
    for (size_t i = 0; i + 35 <= payload.n; i++) {
        if (payload.p[i] == 0x73 && payload.p[i + 1] == 0x21 &&
            payload.p[i + 2] == 0xed) {
            return CS_SPAN(payload.p + i + 3, 32);
        }
    }
    return CS_SPAN(NULL, 0);
}

static void transaction(const struct cs_chain_key *key, struct cs_span payload)
{
    const struct cs_chain_sig none = {{0}, 0};
    struct cs_chain_signed out;
    struct cs_chain_tx tx;
    const char *why = NULL;

    if (cs_chain_decode(&tx, key, payload, &why) != CS_OK) {
        FUZZ_HOLDS(why != NULL);
        return;
    }
    look_at(&tx, payload);
    cs_chain_tx_free(&tx);
    FUZZ_HOLDS(cs_chain_finish(&out, key, payload, &none, 1, &why) != CS_OK);
}

/* What was made out of a text may not be taken for a transaction. */
static void text(const struct cs_chain_key *key, struct cs_span message)
{
    struct cs_chain_tx tx, other;
    const char *why = NULL;

    if (cs_chain_plaintext(&tx, key, message, &why) != CS_OK) {
        FUZZ_HOLDS(why != NULL);
        return;
    }
    look_at(&tx, message);
    FUZZ_HOLDS(cs_chain_decode(&other, key, tx.items[0].message, &why) != CS_OK);
    cs_chain_tx_free(&tx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* RFC 8032, test 1. */
    static const uint8_t some_key[32] = {
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
        0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
        0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
    struct cs_chain_key key;
    struct cs_span payload, signer;
    enum cs_chain chain;

    fuzz_start();
    if (size == 0) {
        return 0;
    }
    chain = (data[0] & 1) != 0 ? CS_CHAIN_SOLANA : CS_CHAIN_XRP_LEDGER;
    payload = CS_SPAN(data + 1, size - 1);
    signer = signer_in(chain, payload);
    if (signer.n == 0 ||
        cs_chain_key_init(&key, chain, CS_CURVE_ED25519, signer, NULL) != CS_OK) {
        FUZZ_HOLDS(cs_chain_key_init(&key, chain, CS_CURVE_ED25519,
                                     CS_SPAN(some_key, sizeof some_key),
                                     NULL) == CS_OK);
    }
    if ((data[0] & 2) != 0) {
        text(&key, payload);
    } else {
        transaction(&key, payload);
    }
    return 0;
}
