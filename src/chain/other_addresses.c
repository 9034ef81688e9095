/* TEZOS, CARDANO, POLKADOT, KUSAMA, FILECOIN, STACKS, INJECTIVE: addresses only. */
#include <string.h>

#include "base/text.h"
#include "chain/base32.h"
#include "chain/base58.h"
#include "chain/bech32.h"
#include "chain/evm.h"
#include "chain/impl.h"
#include "chain/text.h"
#include "crypto/blake2.h"
#include "crypto/hash.h"
#include "crypto/ripemd.h"

static enum cs_err check_format(const struct cs_chain_key *key, const char **why)
{
    return key->format == CS_CHAIN_FORMAT_DEFAULT
               ? CS_OK
               : cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                                 "this blockchain has one address format only");
}

static enum cs_err check(bool ok, const char **why)
{
    return ok ? CS_OK
              : cs_chain_refuse(
                    why, CS_ERR_CHAIN_ADDRESS,
                    "not an address of this blockchain and network: length, "
                    "alphabet, prefix or checksum is wrong");
}

/* ---- Tezos: base58check(prefix, BLAKE2b-160(key))
 * -------------------------------------- */

enum { TEZOS_PREFIX = 3, TEZOS_LEN = TEZOS_PREFIX + 20 };

static const uint8_t tezos_prefixes[][TEZOS_PREFIX] = {
    {0x06, 0xa1, 0x9f}, /* tz1, Ed25519 */
    {0x06, 0xa1, 0xa1}, /* tz2, secp256k1 */
    {0x06, 0xa1, 0xa4}, /* tz3, P-256: to pay to */
    {0x02, 0x5a, 0x79}, /* KT1, contracts */
};

static enum cs_err tezos_address(char out[CS_CHAIN_ADDRESS_MAX],
                                 const struct cs_chain_key *key, const char **why)
{
    uint8_t raw[TEZOS_LEN];
    char text[CS_BASE58_TEXT_MAX];

    CS_CHECK(check_format(key, why));
    memcpy(raw, tezos_prefixes[key->curve == CS_CURVE_ED25519 ? 0 : 1], TEZOS_PREFIX);
    cs_blake2b(raw + TEZOS_PREFIX, 20, CS_SPAN(key->pub, key->pub_len));
    cs_base58check(text, CS_BASE58_BITCOIN, CS_SPAN_OF(raw));
    (void)cs_text_copy(out, CS_CHAIN_ADDRESS_MAX, text);
    return CS_OK;
}

static enum cs_err tezos_check(enum cs_chain_net net, const char *text,
                               const char **why)
{
    uint8_t raw[TEZOS_LEN];
    bool ok = false;

    (void)net;
    if (cs_unbase58check(raw, sizeof raw, CS_BASE58_BITCOIN, text) == CS_OK) {
        for (size_t i = 0; i < CS_COUNTOF(tezos_prefixes); i++) {
            ok = ok || memcmp(raw, tezos_prefixes[i], TEZOS_PREFIX) == 0;
        }
    }
    return check(ok, why);
}

/* ---- Cardano: bech32(header, BLAKE2b-224(key)), CIP-19
 * ------------------------------------ */

static const char *cardano_hrp(enum cs_chain_net net)
{
    return net == CS_CHAIN_MAINNET ? "addr" : "addr_test";
}

static enum cs_err cardano_address(char out[CS_CHAIN_ADDRESS_MAX],
                                   const struct cs_chain_key *key, const char **why)
{
    uint8_t raw[1 + 28];

    CS_CHECK(check_format(key, why));
    raw[0] = key->net == CS_CHAIN_MAINNET ? 0x61 : 0x60; /* enterprise, key */
    cs_blake2b(raw + 1, 28, CS_SPAN(key->pub, key->pub_len));
    cs_bech32(out, CS_BECH32, cardano_hrp(key->net), CS_BECH32_NO_VERSION,
              CS_SPAN_OF(raw));
    return CS_OK;
}

/* Types 0 to 3 have two hashes, 6 and 7 (enterprise) one. */
static enum cs_err cardano_check(enum cs_chain_net net, const char *text,
                                 const char **why)
{
    struct cs_bech32_read b;
    bool ok = cs_unbech32(&b, cardano_hrp(net), false, text) && b.kind == CS_BECH32 &&
              b.n > 0;

    if (ok) {
        unsigned type = b.bytes[0] >> 4;

        ok = (b.bytes[0] & 15) == (net == CS_CHAIN_MAINNET ? 1 : 0) &&
             ((type <= 3 && b.n == 57) || ((type == 6 || type == 7) && b.n == 29));
    }
    return check(ok, why);
}

/* ---- Polkadot and Kusama: SS58
 * --------------------------------------------------------------- */

enum { SS58_LEN = 1 + 32 + 2, SS58_GENERIC = 42 };

static uint8_t ss58_prefix(enum cs_chain chain, enum cs_chain_net net)
{
    if (net != CS_CHAIN_MAINNET) {
        return SS58_GENERIC;
    }
    return chain == CS_CHAIN_KUSAMA ? 2 : 0;
}

/* Two bytes of BLAKE2b-512("SS58PRE" | prefix | account) */
static void ss58_sum(uint8_t out[2], const uint8_t *raw)
{
    uint8_t in[7 + 33], hash[64];

    memcpy(in, "SS58PRE", 7);
    memcpy(in + 7, raw, 33);
    cs_blake2b(hash, sizeof hash, CS_SPAN_OF(in));
    memcpy(out, hash, 2);
}

static enum cs_err ss58_address(char out[CS_CHAIN_ADDRESS_MAX],
                                const struct cs_chain_key *key, const char **why)
{
    uint8_t raw[SS58_LEN];
    char text[CS_BASE58_TEXT_MAX];

    CS_CHECK(check_format(key, why));
    raw[0] = ss58_prefix(key->chain, key->net);
    if (key->curve == CS_CURVE_ED25519) {
        memcpy(raw + 1, key->pub, 32);
    } else {
        cs_blake2b(raw + 1, 32, CS_SPAN(key->pub, key->pub_len));
    }
    ss58_sum(raw + 33, raw);
    cs_base58(text, CS_BASE58_BITCOIN, CS_SPAN_OF(raw));
    (void)cs_text_copy(out, CS_CHAIN_ADDRESS_MAX, text);
    return CS_OK;
}

static enum cs_err ss58_check(enum cs_chain chain, enum cs_chain_net net,
                              const char *text, const char **why)
{
    uint8_t raw[SS58_LEN], sum[2];
    bool ok = cs_unbase58(raw, sizeof raw, CS_BASE58_BITCOIN, text) == CS_OK;

    ss58_sum(sum, raw);
    return check(
        ok && raw[0] == ss58_prefix(chain, net) && memcmp(sum, raw + 33, 2) == 0, why);
}

static enum cs_err polkadot_check(enum cs_chain_net net, const char *text,
                                  const char **why)
{
    return ss58_check(CS_CHAIN_POLKADOT, net, text, why);
}

static enum cs_err kusama_check(enum cs_chain_net net, const char *text,
                                const char **why)
{
    return ss58_check(CS_CHAIN_KUSAMA, net, text, why);
}

/* ---- Filecoin: f1, base32(BLAKE2b-160(65-byte key), BLAKE2b-4 of protocol and that)
 * ---------- */

enum { FIL_LEN = 20 + 4, FIL_K1 = 1, FIL_ACTOR = 2 };

static void fil_sum(uint8_t out[4], uint8_t protocol, const uint8_t *hash)
{
    uint8_t in[21];

    in[0] = protocol;
    memcpy(in + 1, hash, 20);
    cs_blake2b(out, 4, CS_SPAN_OF(in));
}

static enum cs_err filecoin_address(char out[CS_CHAIN_ADDRESS_MAX],
                                    const struct cs_chain_key *key, const char **why)
{
    uint8_t full[65], raw[FIL_LEN];

    CS_CHECK(check_format(key, why));
    cs_chain_uncompressed(full, key);
    cs_blake2b(raw, 20, CS_SPAN_OF(full));
    fil_sum(raw + 20, FIL_K1, raw);
    out[0] = key->net == CS_CHAIN_MAINNET ? 'f' : 't';
    out[1] = '1';
    cs_base32(out + 2, CS_CHAIN_ADDRESS_MAX - 2, CS_BASE32_LOWER, CS_SPAN_OF(raw));
    return CS_OK;
}

static enum cs_err filecoin_check(enum cs_chain_net net, const char *text,
                                  const char **why)
{
    char lead = net == CS_CHAIN_MAINNET ? 'f' : 't';
    uint8_t raw[FIL_LEN], sum[4];
    bool ok = text[0] == lead && (text[1] == '1' || text[1] == '2') &&
              cs_unbase32(raw, sizeof raw, CS_BASE32_LOWER, text + 2);

    if (ok) {
        fil_sum(sum, text[1] == '1' ? FIL_K1 : FIL_ACTOR, raw);
        ok = memcmp(sum, raw + 20, sizeof sum) == 0;
    }
    return check(ok, why);
}

/* ---- Stacks: c32check(version, HASH160(key))
 * ---------------------------------------------------- */

enum { C32_LEN = 20 + 4, C32_DIGITS = 39 };

static const char c32_digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Five bits from the right end, number i. */
static unsigned c32_digit(const uint8_t raw[C32_LEN], size_t i)
{
    unsigned v = 0;

    for (size_t b = 5 * i; b < 5 * i + 5 && b < 8 * C32_LEN; b++) {
        unsigned byte = raw[C32_LEN - 1 - b / 8];

        v |= (byte >> (b % 8) & 1U) << (b - 5 * i);
    }
    return v;
}

/* A number, with one zero in front for each leading zero byte. */
static void c32(char out[CS_CHAIN_ADDRESS_MAX], uint8_t version, const uint8_t *hash)
{
    uint8_t in[21], raw[C32_LEN], sum[32];
    size_t n = C32_DIGITS, at = 0;

    in[0] = version;
    memcpy(in + 1, hash, 20);
    cs_sha256(sum, CS_SPAN_OF(in));
    cs_sha256(sum, CS_SPAN_OF(sum));
    memcpy(raw, hash, 20);
    memcpy(raw + 20, sum, 4);
    out[at++] = 'S';
    out[at++] = c32_digits[version];
    for (size_t i = 0; i < C32_LEN && raw[i] == 0; i++) {
        out[at++] = '0';
    }
    while (n > 0 && c32_digit(raw, n - 1) == 0) {
        n--;
    }
    for (; n > 0; n--) {
        out[at++] = c32_digits[c32_digit(raw, n - 1)];
    }
    out[at] = '\0';
}

static enum cs_err stacks_address(char out[CS_CHAIN_ADDRESS_MAX],
                                  const struct cs_chain_key *key, const char **why)
{
    uint8_t hash[20];

    CS_CHECK(check_format(key, why));
    cs_hash160(hash, CS_SPAN(key->pub, key->pub_len));
    c32(out, key->net == CS_CHAIN_MAINNET ? 22 : 26, hash);
    return CS_OK;
}

/* raw = raw * 32 + digit; false when it does not fit. */
static bool c32_push(uint8_t raw[C32_LEN], unsigned digit)
{
    unsigned carry = digit;

    for (size_t i = C32_LEN; i > 0; i--) {
        carry += (unsigned)raw[i - 1] << 5;
        raw[i - 1] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry == 0;
}

/* Decodes and encodes again: only one text stands for an address. */
static enum cs_err stacks_check(enum cs_chain_net net, const char *text,
                                const char **why)
{
    bool is_main = net == CS_CHAIN_MAINNET;
    char again[CS_CHAIN_ADDRESS_MAX];
    uint8_t raw[C32_LEN] = {0};
    uint8_t version;

    if (text[0] != 'S' || strnlen(text, 64) > 2 + C32_DIGITS + 2 ||
        (text[1] != (is_main ? 'P' : 'T') && text[1] != (is_main ? 'M' : 'N'))) {
        return check(false, why);
    }
    version = (uint8_t)(strchr(c32_digits, text[1]) - c32_digits);
    for (const char *c = text + 2; *c != '\0'; c++) {
        const char *at = strchr(c32_digits, *c);

        if (at == NULL || !c32_push(raw, (unsigned)(at - c32_digits))) {
            return check(false, why);
        }
    }
    c32(again, version, raw);
    return check(strcmp(again, text) == 0, why);
}

/* ---- Injective: bech32 of the EVM's account
 * ------------------------------------------------------- */

static enum cs_err injective_address(char out[CS_CHAIN_ADDRESS_MAX],
                                     const struct cs_chain_key *key, const char **why)
{
    uint8_t account[CS_EVM_ADDRESS_LEN];

    CS_CHECK(check_format(key, why));
    cs_evm_account(account, key);
    cs_bech32(out, CS_BECH32, "inj", CS_BECH32_NO_VERSION, CS_SPAN_OF(account));
    return CS_OK;
}

static enum cs_err injective_check(enum cs_chain_net net, const char *text,
                                   const char **why)
{
    struct cs_bech32_read b;

    (void)net;
    return check(strnlen(text, 91) <= 90 && cs_unbech32(&b, "inj", false, text) &&
                     b.kind == CS_BECH32 && b.n == CS_EVM_ADDRESS_LEN,
                 why);
}

const struct cs_chain_ops cs_tezos_ops = {.address = tezos_address,
                                          .address_check = tezos_check};
const struct cs_chain_ops cs_cardano_ops = {.address = cardano_address,
                                            .address_check = cardano_check};
const struct cs_chain_ops cs_polkadot_ops = {.address = ss58_address,
                                             .address_check = polkadot_check};
const struct cs_chain_ops cs_kusama_ops = {.address = ss58_address,
                                           .address_check = kusama_check};
const struct cs_chain_ops cs_filecoin_ops = {.address = filecoin_address,
                                             .address_check = filecoin_check};
const struct cs_chain_ops cs_stacks_ops = {.address = stacks_address,
                                           .address_check = stacks_check};
const struct cs_chain_ops cs_injective_ops = {.address = injective_address,
                                              .address_check = injective_check};
