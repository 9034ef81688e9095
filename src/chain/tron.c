/* TRON: the EVM's account in base58check with 41 in front; SHA-256 of raw_data is
 * signed; r, s, 27 + recovery id. */
#include "chain/tron.h"

#include <string.h>

#include "base/text.h"
#include "chain/base58.h"
#include "chain/evm.h"
#include "chain/impl.h"
#include "chain/pb.h"
#include "chain/text.h"

void cs_tron_address(char out[CS_CHAIN_ADDRESS_MAX],
                     const uint8_t raw[CS_TRON_ADDRESS_LEN])
{
    char text[CS_BASE58_TEXT_MAX];

    cs_base58check(text, CS_BASE58_BITCOIN, CS_SPAN(raw, CS_TRON_ADDRESS_LEN));
    (void)cs_text_copy(out, CS_CHAIN_ADDRESS_MAX, text);
}

static void own_raw(uint8_t raw[CS_TRON_ADDRESS_LEN], const struct cs_chain_key *key)
{
    raw[0] = CS_TRON_PREFIX;
    cs_evm_account(raw + 1, key);
}

static enum cs_err address(char out[CS_CHAIN_ADDRESS_MAX],
                           const struct cs_chain_key *key, const char **why)
{
    uint8_t raw[CS_TRON_ADDRESS_LEN];

    if (key->format != CS_CHAIN_FORMAT_DEFAULT) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                               "TRON has one address format only");
    }
    own_raw(raw, key);
    cs_tron_address(out, raw);
    return CS_OK;
}

static enum cs_err address_check(enum cs_chain_net net, const char *text,
                                 const char **why)
{
    uint8_t raw[CS_TRON_ADDRESS_LEN];

    (void)net;
    if (cs_unbase58check(raw, sizeof raw, CS_BASE58_BITCOIN, text) != CS_OK ||
        raw[0] != CS_TRON_PREFIX) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_ADDRESS,
                               "not a TRON address: length, alphabet, version or "
                               "checksum is wrong");
    }
    return CS_OK;
}

static enum cs_err parse_own(struct cs_tron_tx *t, const struct cs_chain_key *key,
                             struct cs_span payload, const char **why)
{
    uint8_t raw[CS_TRON_ADDRESS_LEN];

    CS_CHECK(cs_tron_parse(t, payload, why));
    own_raw(raw, key);
    if (memcmp(t->owner, raw, sizeof raw) != 0) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_SIGNER,
                               "owner of the TRON transaction is not the wallet's "
                               "address");
    }
    return CS_OK;
}

static enum cs_err decode(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                          struct cs_span payload, const char **why)
{
    struct cs_wr w = {.max = CS_CHAIN_PAYLOAD_MAX};
    struct cs_tron_tx t;

    CS_CHECK(parse_own(&t, key, payload, why));
    cs_tron_summary(tx, &t);
    cs_wr_span(&w, payload);
    return cs_chain_one_item(tx, key, CS_CHAIN_HASH_SHA256, &w);
}

/* TIP-191 */
static enum cs_err prefix(struct cs_wr *w, const struct cs_chain_key *key,
                          struct cs_span message, const char **why)
{
    (void)key;
    (void)why;
    cs_wr_printf(w, "\x19TRON Signed Message:\n%zu", message.n);
    cs_wr_span(w, message);
    return w->err;
}

/* Transaction: raw_data = 1, signature = 2 */
static enum cs_err finish(struct cs_chain_signed *out, const struct cs_chain_key *key,
                          struct cs_span payload, const struct cs_chain_tx *tx,
                          const struct cs_chain_sig *sigs, const char **why)
{
    cs_pb_put_bytes(&out->bytes, 1, payload);
    cs_pb_put_head(&out->bytes, 2, 65);
    CS_CHECK(cs_chain_seal_rsv(&out->bytes, key, &tx->items[0], &sigs[0], why));
    (void)cs_hex(out->txid, tx->items[0].digest, 32);
    return CS_OK;
}

static enum cs_chain_hash hash(const struct cs_chain_key *key)
{
    (void)key;
    return CS_CHAIN_HASH_KECCAK256;
}

const struct cs_chain_ops cs_tron_ops = {
    .address = address,
    .address_check = address_check,
    .decode = decode,
    .prefix = prefix,
    .is_transaction = cs_tron_looks,
    .finish = finish,
    .seal = cs_chain_seal_rsv,
    .hash = hash,
};
