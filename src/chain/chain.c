/* The table of blockchains and what all of them share; see chain.h. */
#include "chain/chain.h"

#include <string.h>

#include "chain/impl.h"

#define K1 CS_CURVE_SECP256K1
#define ED CS_CURVE_ED25519

static const struct entry {
    struct cs_chain_info info;
    const struct cs_chain_ops *ops; /* NULL: not built */
} entries[] = {
    /* clang-format off */
    /* chain, name, symbol, asset name, decimals, default curve, k1, ed, built, signs */
    {{CS_CHAIN_AVALANCHE,    "AVALANCHE",    "AVAX", "Avalanche", 18, K1, true , false, true, true}, &cs_evm_ops},
    {{CS_CHAIN_ETHEREUM,     "ETHEREUM",     "ETH", "Ether", 18, K1, true , false, true, true}, &cs_evm_ops},
    {{CS_CHAIN_XRP_LEDGER,   "XRP_LEDGER",   "XRP", "XRP", 6, K1, true , true , true, true}, &cs_xrp_ops},
    {{CS_CHAIN_POLYGON,      "POLYGON",      "POL", "Polygon", 18, K1, true , false, true, true}, &cs_evm_ops},
    {{CS_CHAIN_BNBCHAIN,     "BNBCHAIN",     "BNB", "BNB", 18, K1, true , false, true, true}, &cs_evm_ops},
    {{CS_CHAIN_BASE,         "BASE",         "ETH", "Ether", 18, K1, true , false, true, true}, &cs_evm_ops},
    {{CS_CHAIN_HEDERA,       "HEDERA",       "HBAR", "Hedera", 8, K1, true , true , true, true}, &cs_hedera_ops},
    {{CS_CHAIN_ARBITRUM,     "ARBITRUM",     "ETH", "Ether", 18, K1, true , false, true, true}, &cs_evm_ops},
    {{CS_CHAIN_ONE_MONEY,    "ONE_MONEY",    "USD", "1Money", 18, K1, true , false, true, false}, &cs_one_money_ops},
    {{CS_CHAIN_SOLANA,       "SOLANA",       "SOL", "Solana", 9, ED, false, true , true, true}, &cs_solana_ops},
    {{CS_CHAIN_TRON,         "TRON",         "TRX", "Tron", 6, K1, true , false, true, true}, &cs_tron_ops},
    {{CS_CHAIN_BITCOIN,      "BITCOIN",      "BTC", "Bitcoin", 8, K1, true , false, true, true}, &cs_bitcoin_ops},
    {{CS_CHAIN_LITECOIN,     "LITECOIN",     "LTC", "Litecoin", 8, K1, true , false, true, true}, &cs_litecoin_ops},
    {{CS_CHAIN_DOGECOIN,     "DOGECOIN",     "DOGE", "Dogecoin", 8, K1, true , false, true, true}, &cs_dogecoin_ops},
    {{CS_CHAIN_BITCOIN_CASH, "BITCOIN_CASH", "BCH", "Bitcoin Cash", 8, K1, true , false, true, true}, &cs_bitcoin_cash_ops},
    {{CS_CHAIN_DASH,         "DASH",         "DASH", "Dash", 8, K1, true , false, true, true}, &cs_dash_ops},
    {{CS_CHAIN_COSMOS_HUB,   "COSMOS_HUB",   "ATOM", "Cosmos Hub", 6, K1, true , false, true, true}, &cs_cosmos_hub_ops},
    {{CS_CHAIN_OSMOSIS,      "OSMOSIS",      "OSMO", "Osmosis", 6, K1, true , false, true, true}, &cs_osmosis_ops},
    {{CS_CHAIN_CELESTIA,     "CELESTIA",     "TIA", "Celestia", 6, K1, true , false, true, true}, &cs_celestia_ops},
    {{CS_CHAIN_DYDX,         "DYDX",         "DYDX", "dYdX", 18, K1, true , false, true, true}, &cs_dydx_ops},
    {{CS_CHAIN_AXELAR,       "AXELAR",       "AXL", "Axelar", 6, K1, true , false, true, true}, &cs_axelar_ops},
    {{CS_CHAIN_SEI,          "SEI",          "SEI", "Sei", 6, K1, true , false, true, true}, &cs_sei_ops},
    {{CS_CHAIN_INJECTIVE,    "INJECTIVE",    "INJ", "Injective", 18, K1, true , false, true, false}, &cs_injective_ops},
    {{CS_CHAIN_STELLAR,      "STELLAR",      "XLM", "Stellar", 7, ED, false, true , true, true}, &cs_stellar_ops},
    {{CS_CHAIN_ALGORAND,     "ALGORAND",     "ALGO", "Algorand", 6, ED, false, true , true, true}, &cs_algorand_ops},
    {{CS_CHAIN_NEAR,         "NEAR",         "NEAR", "NEAR", 24, ED, false, true , true, true}, &cs_near_ops},
    {{CS_CHAIN_APTOS,        "APTOS",        "APT", "Aptos", 8, ED, true , true , true, false}, &cs_aptos_ops},
    {{CS_CHAIN_SUI,          "SUI",          "SUI", "Sui", 9, ED, true , true , true, false}, &cs_sui_ops},
    {{CS_CHAIN_TEZOS,        "TEZOS",        "XTZ", "Tezos", 6, ED, true , true , true, false}, &cs_tezos_ops},
    {{CS_CHAIN_CARDANO,      "CARDANO",      "ADA", "Cardano", 6, ED, false, true , true, false}, &cs_cardano_ops},
    {{CS_CHAIN_POLKADOT,     "POLKADOT",     "DOT", "Polkadot", 10, ED, true , true , true, false}, &cs_polkadot_ops},
    {{CS_CHAIN_KUSAMA,       "KUSAMA",       "KSM", "Kusama", 12, ED, true , true , true, false}, &cs_kusama_ops},
    {{CS_CHAIN_FILECOIN,     "FILECOIN",     "FIL", "Filecoin", 18, K1, true , false, true, false}, &cs_filecoin_ops},
    {{CS_CHAIN_STACKS,       "STACKS",       "STX", "Stacks", 6, K1, true , false, true, false}, &cs_stacks_ops},
    /* clang-format on */
};

static const struct entry *find(enum cs_chain chain)
{
    for (size_t i = 0; i < CS_COUNTOF(entries); i++) {
        if (entries[i].info.chain == chain) {
            return &entries[i];
        }
    }
    return NULL;
}

const struct cs_chain_info *cs_chain_info(enum cs_chain chain)
{
    const struct entry *e = find(chain);

    return e == NULL ? NULL : &e->info;
}

const struct cs_chain_info *cs_chain_by_name(const char *name)
{
    for (size_t i = 0; i < CS_COUNTOF(entries); i++) {
        if (strcmp(entries[i].info.name, name) == 0) {
            return &entries[i].info;
        }
    }
    return NULL;
}

const struct cs_chain_info *cs_chain_at(size_t i)
{
    return i < CS_COUNTOF(entries) ? &entries[i].info : NULL;
}

const char *cs_chain_name(enum cs_chain chain)
{
    const struct entry *e = find(chain);

    return e == NULL ? "UNKNOWN" : e->info.name;
}

bool cs_chain_has_parity(enum cs_chain chain)
{
    static const struct cs_chain_ops *const ops[] = {
        &cs_evm_ops,      &cs_tron_ops,         &cs_bitcoin_ops, &cs_litecoin_ops,
        &cs_dogecoin_ops, &cs_bitcoin_cash_ops, &cs_dash_ops, /* UTXO: messages */
    };
    const struct entry *e = find(chain);

    for (size_t i = 0; e != NULL && i < CS_COUNTOF(ops); i++) {
        if (e->ops == ops[i]) {
            return true;
        }
    }
    return false;
}

const char *cs_chain_hash_name(enum cs_chain_hash hash)
{
    switch (hash) {
    case CS_CHAIN_HASH_NONE:
        return "none";
    case CS_CHAIN_HASH_SHA256:
        return "sha256";
    case CS_CHAIN_HASH_SHA256D:
        return "sha256d";
    case CS_CHAIN_HASH_KECCAK256:
        return "keccak256";
    case CS_CHAIN_HASH_SHA512HALF:
        return "sha512half";
    case CS_CHAIN_HASH_TAPSIGHASH:
        return "tagged:TapSighash";
    }
    return "unknown";
}

const char *cs_chain_scheme_name(enum cs_chain_scheme scheme)
{
    switch (scheme) {
    case CS_CHAIN_SCHEME_ED25519:
        return "ED25519";
    case CS_CHAIN_SCHEME_ECDSA:
        return "ECDSA";
    case CS_CHAIN_SCHEME_BIP340:
        return "BIP340";
    }
    return "UNKNOWN";
}

/* ---- keys ------------------------------------------------------------------ */

enum cs_chain_scheme cs_chain_key_scheme(const struct cs_chain_key *key)
{
    if (key->curve == ED) {
        return CS_CHAIN_SCHEME_ED25519;
    }
    return key->format == CS_CHAIN_FORMAT_P2TR ? CS_CHAIN_SCHEME_BIP340
                                               : CS_CHAIN_SCHEME_ECDSA;
}

enum cs_err cs_chain_key_set_scheme(struct cs_chain_key *key,
                                    enum cs_chain_scheme scheme, const char **why)
{
    enum cs_chain_format format = CS_CHAIN_FORMAT_DEFAULT;

    if ((scheme == CS_CHAIN_SCHEME_ED25519) != (key->curve == ED) ||
        (unsigned)scheme < CS_CHAIN_SCHEME_ED25519 ||
        (unsigned)scheme > CS_CHAIN_SCHEME_BIP340) {
        return cs_chain_refuse(
            why, CS_ERR_CHAIN_UNKNOWN,
            "this signature scheme does not go with the key's curve");
    }
    if (scheme == CS_CHAIN_SCHEME_BIP340 && key->chain != CS_CHAIN_BITCOIN) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                               "BIP340 (Taproot) keys are for BITCOIN only");
    }
    if (key->chain == CS_CHAIN_BITCOIN) {
        format = scheme == CS_CHAIN_SCHEME_BIP340 ? CS_CHAIN_FORMAT_P2TR
                                                  : CS_CHAIN_FORMAT_P2WPKH;
    }
    key->format = format;
    return CS_OK;
}

static enum cs_err check_net(enum cs_chain_net net, const char **why)
{
    return (unsigned)net <= CS_CHAIN_REGTEST
               ? CS_OK
               : cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN, "no such network");
}

/* The implementation behind a chain, or the reason why there is none. */
enum cs_err cs_chain_ops_of(const struct cs_chain_ops **out, enum cs_chain chain,
                            const char **why)
{
    const struct entry *e = find(chain);

    if (e == NULL) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN, "no such blockchain");
    }
    if (e->ops == NULL) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                               "this blockchain is known but not supported yet");
    }
    *out = e->ops;
    return CS_OK;
}

enum cs_err cs_chain_key_init(struct cs_chain_key *out, enum cs_chain chain,
                              enum cs_curve curve, struct cs_span pub, const char **why)
{
    const struct cs_chain_info *info = cs_chain_info(chain);
    const struct cs_chain_ops *ops;
    struct cs_point p;

    memset(out, 0, sizeof *out);
    CS_CHECK(cs_chain_ops_of(&ops, chain, why));
    if (!(curve == K1 && info->has_secp256k1) && !(curve == ED && info->has_ed25519)) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                               "this blockchain does not take keys of this curve");
    }
    if (cs_point_decode(curve, &p, pub) != CS_OK) {
        return cs_chain_refuse(
            why, CS_ERR_CHAIN_KEY,
            "public key is malformed, off the curve or of small order");
    }
    out->chain = chain;
    out->curve = curve;
    out->pub_len = cs_point_encode(&p, out->pub);
    return CS_OK;
}

enum cs_err cs_chain_address(char out[CS_CHAIN_ADDRESS_MAX],
                             const struct cs_chain_key *key, const char **why)
{
    const struct cs_chain_ops *ops;

    memset(out, 0, CS_CHAIN_ADDRESS_MAX);
    CS_CHECK(cs_chain_ops_of(&ops, key->chain, why));
    CS_CHECK(check_net(key->net, why));
    return ops->address(out, key, why);
}

enum cs_err cs_chain_address_check_net(enum cs_chain chain, enum cs_chain_net net,
                                       const char *text, const char **why)
{
    const struct cs_chain_ops *ops;

    CS_CHECK(cs_chain_ops_of(&ops, chain, why));
    CS_CHECK(check_net(net, why));
    return ops->address_check(net, text, why);
}

enum cs_err cs_chain_address_check(enum cs_chain chain, const char *text,
                                   const char **why)
{
    return cs_chain_address_check_net(chain, CS_CHAIN_MAINNET, text, why);
}
