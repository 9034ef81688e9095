/* One spelling for addresses and assets, so that two of them can be compared. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "policy/impl.h"

static bool starts_with(const char *text, const char *head)
{
    for (; *head != '\0'; head++, text++) {
        if (tolower((unsigned char)*text) != *head) {
            return false;
        }
    }
    return true;
}

static bool is_caseless(enum cs_chain chain, const char *a)
{
    switch (chain) {
    case CS_CHAIN_BITCOIN:
        return starts_with(a, "bc1") || starts_with(a, "tb1") ||
               starts_with(a, "bcrt1");
    case CS_CHAIN_LITECOIN:
        return starts_with(a, "ltc1") || starts_with(a, "tltc1") ||
               starts_with(a, "rltc1");
    case CS_CHAIN_BITCOIN_CASH:
        return a[0] != '1' && a[0] != '3' && a[0] != 'm' && a[0] != 'n' && a[0] != '2';
    default:
        return starts_with(a, "0x");
    }
}

void cs_policy_normal(char out[CS_CHAIN_ADDRESS_MAX], enum cs_chain chain,
                      const char *address)
{
    bool caseless = is_caseless(chain, address);
    const char *colon = strchr(address, ':');
    size_t n = 0;

    if (chain == CS_CHAIN_BITCOIN_CASH && colon != NULL) {
        address = colon + 1;
    }
    for (; address[n] != '\0' && n < CS_CHAIN_ADDRESS_MAX - 1; n++) {
        out[n] = caseless ? (char)tolower((unsigned char)address[n]) : address[n];
    }
    out[n] = '\0';
}

/* "rAddress#123": cuts the tag off; false when what follows '#' is no tag. */
static bool cut_tag(char *text, char tag[12])
{
    char *mark = strchr(text, '#');
    struct cs_num n;

    tag[0] = '\0';
    if (mark == NULL) {
        return true;
    }
    if (strlen(mark + 1) > 10 || cs_num_parse(&n, mark + 1) != CS_OK ||
        n.limb[1] != 0) {
        return false;
    }
    (void)snprintf(tag, 12, "#%s", mark + 1);
    *mark = '\0';
    return true;
}

static bool is_on(enum cs_chain chain, const char *text)
{
    static const enum cs_chain_net nets[] = {CS_CHAIN_MAINNET, CS_CHAIN_TESTNET,
                                             CS_CHAIN_REGTEST};

    if (chain == CS_CHAIN_XRP_LEDGER && text[0] != 'r') {
        return false; /* X-addresses hide their tag */
    }
    for (size_t i = 0; i < CS_COUNTOF(nets); i++) {
        if (cs_chain_address_check_net(chain, nets[i], text, NULL) == CS_OK) {
            return true;
        }
    }
    return false;
}

bool cs_policy_address(char out[CS_CHAIN_ADDRESS_MAX], const struct list *blockchains,
                       const char *text)
{
    char copy[CS_CHAIN_ADDRESS_MAX], tag[12] = "";

    if (strlen(text) >= sizeof copy - sizeof tag) {
        return false;
    }
    for (size_t i = 0; i < blockchains->n; i++) {
        const struct cs_chain_info *info = cs_chain_by_name(blockchains->items[i]);

        (void)snprintf(copy, sizeof copy, "%s", text);
        if (info->chain == CS_CHAIN_XRP_LEDGER && !cut_tag(copy, tag)) {
            continue;
        }
        if (is_on(info->chain, copy)) {
            size_t n;

            cs_policy_normal(out, info->chain, copy);
            n = strlen(out);
            (void)snprintf(out + n, CS_CHAIN_ADDRESS_MAX - n, "%s", tag);
            return true;
        }
    }
    return false;
}

/* ---- names of assets ---------------------------------------------------------- */

static bool is_hex(const char *text, size_t n)
{
    return n == strlen(text) && n == strspn(text, "0123456789abcdefABCDEF");
}

static bool is_alnum(const char *text)
{
    while (isalnum((unsigned char)*text)) {
        text++;
    }
    return *text == '\0';
}

/* What stands before the point: XRP_LEDGER has codes of three characters and of 40 hex
 * digits (cs_xrp_amount_asset writes those small), STELLAR of 1 to 12. */
static bool is_code(enum cs_chain chain, char *code)
{
    size_t n = strlen(code);

    if (chain == CS_CHAIN_STELLAR) {
        return n >= 1 && n <= 12 && is_alnum(code);
    }
    if (n == 3) {
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        code[i] = (char)tolower((unsigned char)code[i]);
    }
    return is_hex(code, 40);
}

/* "CODE.issuer", of XRP_LEDGER also "MPT.id". */
static bool is_issued(char out[2 * CS_CHAIN_ADDRESS_MAX], enum cs_chain chain,
                      const char *text)
{
    const char *issuer = strchr(text, '.');
    size_t n = issuer == NULL ? 0 : (size_t)(issuer++ - text);
    char code[48];

    if (n == 0 || n >= sizeof code || strlen(issuer) >= CS_CHAIN_ADDRESS_MAX) {
        return false;
    }
    (void)snprintf(code, sizeof code, "%.*s", (int)n, text);
    if (chain == CS_CHAIN_XRP_LEDGER && strcmp(code, "MPT") == 0 &&
        is_hex(issuer, 48)) {
        (void)snprintf(out, 2 * CS_CHAIN_ADDRESS_MAX, "MPT.%s", issuer);
        for (char *c = out + 4; *c != '\0'; c++) {
            *c = (char)tolower((unsigned char)*c);
        }
        return true;
    }
    (void)snprintf(out, 2 * CS_CHAIN_ADDRESS_MAX, "%s.%s",
                   is_code(chain, code) ? code : "", issuer);
    return out[0] != '.' && is_on(chain, issuer);
}

static bool is_asset_on(char out[2 * CS_CHAIN_ADDRESS_MAX], enum cs_chain chain,
                        const char *text)
{
    struct cs_num n;

    (void)snprintf(out, 2 * CS_CHAIN_ADDRESS_MAX, "%s", text);
    switch (chain) {
    case CS_CHAIN_XRP_LEDGER:
    case CS_CHAIN_STELLAR:
        return is_issued(out, chain, text);
    case CS_CHAIN_ALGORAND:
        return cs_num_parse(&n, text) == CS_OK;
    case CS_CHAIN_COSMOS_HUB:
    case CS_CHAIN_OSMOSIS:
    case CS_CHAIN_CELESTIA:
    case CS_CHAIN_DYDX:
    case CS_CHAIN_AXELAR:
    case CS_CHAIN_SEI:
    case CS_CHAIN_INJECTIVE:
        return text[0] != '\0'; /* any denom; "ibc/.." among them */
    case CS_CHAIN_TRON:
        if (cs_num_parse(&n, text) == CS_OK) { /* TRC-10 */
            return true;
        }
        break;
    default:
        break;
    }
    if (!is_on(chain, text)) {
        return false;
    }
    cs_policy_normal(out, chain, text);
    return true;
}

bool cs_policy_asset_name(char out[2 * CS_CHAIN_ADDRESS_MAX],
                          const struct list *blockchains, const char *text)
{
    if (strlen(text) >= CS_CHAIN_ADDRESS_MAX) {
        return false;
    }
    for (size_t i = 0; i < blockchains->n; i++) {
        if (is_asset_on(out, cs_chain_by_name(blockchains->items[i])->chain, text)) {
            return true;
        }
    }
    return false;
}

void cs_policy_asset(char out[2 * CS_CHAIN_ADDRESS_MAX], const struct cs_chain_tx *tx)
{
    const struct cs_chain_info *info = cs_chain_info(tx->chain);
    char contract[CS_CHAIN_ADDRESS_MAX];

    if (tx->contract[0] == '\0') {
        bool native = info != NULL && strcmp(tx->asset, info->symbol) == 0;

        (void)snprintf(out, 2 * CS_CHAIN_ADDRESS_MAX, "%s", native ? "native" : "");
        return;
    }
    cs_policy_normal(contract, tx->chain, tx->contract);
    if (tx->chain == CS_CHAIN_XRP_LEDGER || tx->chain == CS_CHAIN_STELLAR) {
        (void)snprintf(out, 2 * CS_CHAIN_ADDRESS_MAX, "%s.%s", tx->asset, contract);
    } else {
        (void)snprintf(out, 2 * CS_CHAIN_ADDRESS_MAX, "%s", contract);
    }
}
