/* ETHEREUM, POLYGON, BNBCHAIN, BASE, ARBITRUM, AVALANCHE: one code path.  An address is
 * the end of keccak256 of the key; keccak256 of the unsigned transaction is signed.
 * ONE_MONEY has the same addresses; its transactions are not documented. */
#include "chain/evm.h"

#include <string.h>

#include "base/text.h"
#include "chain/impl.h"
#include "chain/text.h"
#include "crypto/ecdsa.h"
#include "crypto/keccak.h"

/* ---- chain ids --------------------------------------------------------------- */

static const struct ids {
    enum cs_chain chain;
    uint64_t main_id;
    uint64_t test_id;
} ids[] = {
    {CS_CHAIN_ETHEREUM, 1, 11155111},   /* Sepolia */
    {CS_CHAIN_POLYGON, 137, 80002},     /* Amoy */
    {CS_CHAIN_BNBCHAIN, 56, 97},        /* Chapel */
    {CS_CHAIN_BASE, 8453, 84532},       /* Base Sepolia */
    {CS_CHAIN_ARBITRUM, 42161, 421614}, /* Arbitrum Sepolia */
    {CS_CHAIN_AVALANCHE, 43114, 43113}, /* C-Chain, Fuji */
};

static const struct ids *ids_of(enum cs_chain chain)
{
    for (size_t i = 0; i < CS_COUNTOF(ids); i++) {
        if (ids[i].chain == chain) {
            return &ids[i];
        }
    }
    return NULL;
}

enum cs_evm_chain cs_evm_chain_of(const struct cs_chain_key *key, uint64_t chain_id)
{
    for (size_t i = 0; i < CS_COUNTOF(ids); i++) {
        if (chain_id == ids[i].main_id || chain_id == ids[i].test_id) {
            return ids[i].chain == key->chain ? CS_EVM_CHAIN_OWN : CS_EVM_CHAIN_OTHER;
        }
    }
    return CS_EVM_CHAIN_PRIVATE;
}

/* A payload without a chain id gets the wallet's.  One that names a blockchain of this
 * table must name the wallet's own; other ids are private or test networks, and the
 * summary says that the id is not the blockchain's. */
static enum cs_err settle_chain(struct cs_evm_tx *t, const struct cs_chain_key *key,
                                bool *is_known, const char **why)
{
    const struct ids *own = ids_of(key->chain);
    enum cs_evm_chain whose;

    CS_ASSERT(own != NULL);
    if (t->chain_id == 0) {
        t->chain_id = key->net == CS_CHAIN_MAINNET ? own->main_id : own->test_id;
    }
    whose = cs_evm_chain_of(key, t->chain_id);
    *is_known = whose == CS_EVM_CHAIN_OWN;
    if (whose == CS_EVM_CHAIN_OTHER) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_TX,
                               "EVM transaction's chain id is that of another "
                               "blockchain than the wallet's");
    }
    return CS_OK;
}

/* ---- addresses --------------------------------------------------------------- */

void cs_evm_account(uint8_t out[CS_EVM_ADDRESS_LEN], const struct cs_chain_key *key)
{
    uint8_t full[65], hash[32];

    cs_chain_uncompressed(full, key);
    cs_keccak256(hash, CS_SPAN(full + 1, 64));
    memcpy(out, hash + 12, CS_EVM_ADDRESS_LEN);
}

/* EIP-55: a letter is upper case when its digit of the hash of the text is 8 or more.
 */
void cs_evm_address(char out[CS_CHAIN_ADDRESS_MAX],
                    const uint8_t account[CS_EVM_ADDRESS_LEN])
{
    char hex[2 * CS_EVM_ADDRESS_LEN + 1];
    uint8_t hash[32];

    (void)cs_hex(hex, account, CS_EVM_ADDRESS_LEN);
    cs_keccak256(hash, CS_SPAN(hex, 2 * CS_EVM_ADDRESS_LEN));
    memset(out, 0, CS_CHAIN_ADDRESS_MAX);
    out[0] = '0';
    out[1] = 'x';
    for (size_t i = 0; i < 2 * CS_EVM_ADDRESS_LEN; i++) {
        unsigned nibble = i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15;
        bool is_letter = hex[i] >= 'a';

        out[2 + i] = is_letter && nibble >= 8 ? (char)(hex[i] - 'a' + 'A') : hex[i];
    }
}

static enum cs_err address(char out[CS_CHAIN_ADDRESS_MAX],
                           const struct cs_chain_key *key, const char **why)
{
    uint8_t account[CS_EVM_ADDRESS_LEN];

    if (key->format != CS_CHAIN_FORMAT_DEFAULT) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                               "EVM chains have one address format only");
    }
    cs_evm_account(account, key);
    cs_evm_address(out, account);
    return CS_OK;
}

/* One case only (all digits lower or all upper): there is no checksum to check. */
static bool is_one_case(const char *hex)
{
    bool has_upper = false, has_lower = false;

    for (; *hex != '\0'; hex++) {
        has_upper = has_upper || (*hex >= 'A' && *hex <= 'F');
        has_lower = has_lower || (*hex >= 'a' && *hex <= 'f');
    }
    return !(has_upper && has_lower);
}

static enum cs_err address_check(enum cs_chain_net net, const char *text,
                                 const char **why)
{
    char want[CS_CHAIN_ADDRESS_MAX];
    uint8_t account[CS_EVM_ADDRESS_LEN];

    (void)net;
    if (strncmp(text, "0x", 2) != 0 ||
        cs_unhex(account, sizeof account, text + 2) != CS_OK) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_ADDRESS,
                               "an EVM address is 0x and 40 hex digits");
    }
    cs_evm_address(want, account);
    if (!is_one_case(text + 2) && strcmp(want, text) != 0) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_ADDRESS,
                               "EVM address has a wrong checksum (EIP-55)");
    }
    return CS_OK;
}

/* ---- transactions ------------------------------------------------------------ */

static enum cs_err decode(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                          struct cs_span payload, const char **why)
{
    struct cs_wr w = {.max = CS_CHAIN_PAYLOAD_MAX + 64};
    struct cs_evm_tx t;
    bool is_known = false;

    CS_CHECK(cs_evm_parse(&t, payload, why));
    CS_CHECK(settle_chain(&t, key, &is_known, why));
    cs_evm_summary(tx, &t);
    if (!is_known) {
        struct cs_text text = cs_text_resume(tx->text, sizeof tx->text);

        tx->is_clear = false;
        cs_text_add(&text, ", which is not known as one of ");
        cs_text_add(&text, cs_chain_name(key->chain));
    }
    cs_evm_signing(&w, &t);
    return cs_chain_one_item(tx, key, CS_CHAIN_HASH_KECCAK256, &w);
}

/* EIP-191, version 0x45: "\x19Ethereum Signed Message:\n", length, text. */
static enum cs_err prefix(struct cs_wr *w, const struct cs_chain_key *key,
                          struct cs_span message, const char **why)
{
    (void)key;
    (void)why;
    cs_wr_printf(w,
                 "\x19"
                 "Ethereum Signed Message:\n%zu",
                 message.n);
    cs_wr_span(w, message);
    return w->err;
}

static enum cs_err finish(struct cs_chain_signed *out, const struct cs_chain_key *key,
                          struct cs_span payload, const struct cs_chain_tx *tx,
                          const struct cs_chain_sig *sigs, const char **why)
{
    uint8_t parity, hash[32];
    char hex[65];
    struct cs_text id = cs_text_begin(out->txid, sizeof out->txid);
    struct cs_evm_tx t;
    bool is_known = false;

    CS_CHECK(cs_evm_parse(&t, payload, why));
    CS_CHECK(settle_chain(&t, key, &is_known, why));
    CS_CHECK(cs_chain_parity(&parity, key, &tx->items[0], &sigs[0], why));
    cs_evm_signed(&out->bytes, &t, sigs[0].rs, parity);
    CS_CHECK(out->bytes.err);
    cs_keccak256(hash, cs_wr_get(&out->bytes));
    cs_text_add(&id, "0x");
    cs_text_add(&id, cs_hex(hex, hash, sizeof hash));
    return CS_OK;
}

static enum cs_chain_hash hash(const struct cs_chain_key *key)
{
    (void)key;
    return CS_CHAIN_HASH_KECCAK256;
}

const struct cs_chain_ops cs_evm_ops = {
    .address = address,
    .address_check = address_check,
    .decode = decode,
    .prefix = prefix,
    .is_transaction = cs_evm_looks,
    .finish = finish,
    .seal = cs_chain_seal_rsv,
    .hash = hash,
    .typed_data = cs_evm_typed_data,
};

const struct cs_chain_ops cs_one_money_ops = {
    .address = address,
    .address_check = address_check,
};
