/* APTOS and SUI: addresses only, 32-byte hashes of the key in hex.
 * Aptos: SHA3-256(key | 00), secp256k1 SHA3-256(01 | 41 | 65-byte key | 02).
 * Sui: BLAKE2b-256(flag | key), flag 0 Ed25519, 1 secp256k1. */
#include <string.h>

#include "base/text.h"
#include "chain/impl.h"
#include "crypto/blake2.h"
#include "crypto/keccak.h"

enum { HASH_LEN = 32, LONG_LEN = 65 };

static void put_hex(char out[CS_CHAIN_ADDRESS_MAX], const uint8_t hash[HASH_LEN])
{
    out[0] = '0';
    out[1] = 'x';
    (void)cs_hex(out + 2, hash, HASH_LEN);
}

static enum cs_err check_format(const struct cs_chain_key *key, const char **why)
{
    return key->format == CS_CHAIN_FORMAT_DEFAULT
               ? CS_OK
               : cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                                 "this blockchain has one address format only");
}

static enum cs_err aptos_address(char out[CS_CHAIN_ADDRESS_MAX],
                                 const struct cs_chain_key *key, const char **why)
{
    uint8_t in[2 + LONG_LEN + 1], hash[HASH_LEN];

    CS_CHECK(check_format(key, why));
    if (key->curve == CS_CURVE_ED25519) {
        memcpy(in, key->pub, 32);
        in[32] = 0;
        cs_sha3_256(hash, CS_SPAN(in, 33));
    } else {
        in[0] = 1;
        in[1] = LONG_LEN;
        cs_chain_uncompressed(in + 2, key);
        in[2 + LONG_LEN] = 2;
        cs_sha3_256(hash, CS_SPAN_OF(in));
    }
    put_hex(out, hash);
    return CS_OK;
}

static enum cs_err sui_address(char out[CS_CHAIN_ADDRESS_MAX],
                               const struct cs_chain_key *key, const char **why)
{
    uint8_t in[1 + CS_POINT_MAX], hash[HASH_LEN];

    CS_CHECK(check_format(key, why));
    in[0] = key->curve == CS_CURVE_ED25519 ? 0 : 1;
    memcpy(in + 1, key->pub, key->pub_len);
    cs_blake2b(hash, sizeof hash, CS_SPAN(in, 1 + key->pub_len));
    put_hex(out, hash);
    return CS_OK;
}

static enum cs_err address_check(enum cs_chain_net net, const char *text,
                                 const char **why)
{
    uint8_t hash[HASH_LEN];

    (void)net;
    if (strncmp(text, "0x", 2) != 0 || cs_unhex(hash, sizeof hash, text + 2) != CS_OK) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_ADDRESS,
                               "an address of this blockchain is 0x and 64 hex digits");
    }
    return CS_OK;
}

const struct cs_chain_ops cs_aptos_ops = {
    .address = aptos_address,
    .address_check = address_check,
};

const struct cs_chain_ops cs_sui_ops = {
    .address = sui_address,
    .address_check = address_check,
};
