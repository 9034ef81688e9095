/* ALGORAND: an address is base32 of the key and the end of its SHA-512/256; "TX" and
 * the canonical MessagePack of the transaction are signed whole. Source:
 * developer.algorand.org, "Transactions", "Encoding"; network ids: genesis. */
#include <string.h>

#include "chain/algorand.h"
#include "chain/base32.h"
#include "chain/impl.h"
#include "chain/text.h"
#include "crypto/blake2.h"

enum { KEY_LEN = CS_ALGO_KEY_LEN, CHECK_LEN = 4, ADDRESS_TEXT = 58 };

static const uint8_t prefix_tx[2] = {'T', 'X'};

/* ---- addresses ------------------------------------------------------------------- */

static void with_check(uint8_t raw[KEY_LEN + CHECK_LEN], const uint8_t *key)
{
    uint8_t sum[32];

    memcpy(raw, key, KEY_LEN);
    cs_sha512_256(sum, CS_SPAN(key, KEY_LEN));
    memcpy(raw + KEY_LEN, sum + 32 - CHECK_LEN, CHECK_LEN);
}

void cs_algo_address(char out[CS_CHAIN_ADDRESS_MAX], const uint8_t key[KEY_LEN])
{
    uint8_t raw[KEY_LEN + CHECK_LEN];

    with_check(raw, key);
    cs_base32(out, CS_CHAIN_ADDRESS_MAX, CS_BASE32_UPPER, CS_SPAN_OF(raw));
}

static enum cs_err address(char out[CS_CHAIN_ADDRESS_MAX],
                           const struct cs_chain_key *key, const char **why)
{
    if (key->format != CS_CHAIN_FORMAT_DEFAULT) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                               "ALGORAND has one address format only");
    }
    cs_algo_address(out, key->pub);
    return CS_OK;
}

static enum cs_err address_check(enum cs_chain_net net, const char *text,
                                 const char **why)
{
    uint8_t raw[KEY_LEN + CHECK_LEN], want[KEY_LEN + CHECK_LEN];

    (void)net;
    if (strnlen(text, ADDRESS_TEXT + 1) == ADDRESS_TEXT &&
        cs_unbase32(raw, sizeof raw, CS_BASE32_UPPER, text)) {
        with_check(want, raw);
        if (memcmp(raw, want, sizeof raw) == 0) {
            return CS_OK;
        }
    }
    return cs_chain_refuse(why, CS_ERR_CHAIN_ADDRESS,
                           "not an Algorand address (58 characters): alphabet or "
                           "checksum is wrong");
}

/* ---- transactions
 * -------------------------------------------------------------------- */

/* "TX" in front is what SDKs call the bytes to sign. */
static struct cs_span strip(struct cs_span payload)
{
    if (payload.n >= 2 && memcmp(payload.p, prefix_tx, 2) == 0) {
        payload = CS_SPAN(payload.p + 2, payload.n - 2);
    }
    return payload;
}

static enum cs_err check_genesis(const struct cs_algo_tx *t,
                                 const struct cs_chain_key *key, const char **why)
{
    static const uint8_t genesis[2][32] = {
        {0xc0, 0x61, 0xc4, 0xd8, 0xfc, 0x1d, 0xbd, 0xde, 0xd2, 0xd7, 0x60,
         0x4b, 0xe4, 0x56, 0x8e, 0x3f, 0x6d, 0x04, 0x19, 0x87, 0xac, 0x37,
         0xbd, 0xe4, 0xb6, 0x20, 0xb5, 0xab, 0x39, 0x24, 0x8a, 0xdf},
        {0x48, 0x63, 0xb5, 0x18, 0xa4, 0xb3, 0xc8, 0x4e, 0xc8, 0x10, 0xf2,
         0x2d, 0x4f, 0x10, 0x81, 0xcb, 0x0f, 0x71, 0xf0, 0x59, 0xa7, 0xac,
         0x20, 0xde, 0xc6, 0x2f, 0x7f, 0x70, 0xe5, 0x09, 0x3a, 0x22}};

    if (key->net == CS_CHAIN_REGTEST ||
        memcmp(t->genesis, genesis[key->net], sizeof genesis[0]) == 0) {
        return CS_OK;
    }
    return cs_chain_refuse(why, CS_ERR_CHAIN_TX,
                           "Algorand transaction is for another network than the "
                           "wallet's");
}

static enum cs_err parse_own(struct cs_algo_tx *t, const struct cs_chain_key *key,
                             struct cs_span payload, const char **why)
{
    CS_CHECK(cs_algo_parse(t, strip(payload), why));
    if (memcmp(t->sender, key->pub, KEY_LEN) != 0) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_SIGNER,
                               "sender of the Algorand transaction is not the wallet's "
                               "address");
    }
    return check_genesis(t, key, why);
}

static enum cs_err decode(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                          struct cs_span payload, const char **why)
{
    struct cs_wr w = {.max = CS_CHAIN_PAYLOAD_MAX + 2};
    struct cs_algo_tx t;

    CS_CHECK(parse_own(&t, key, payload, why));
    cs_algo_summary(tx, &t);
    cs_wr_bytes(&w, prefix_tx, sizeof prefix_tx);
    cs_wr_span(&w, strip(payload));
    return cs_chain_one_item(tx, key, CS_CHAIN_HASH_NONE, &w);
}

static bool is_transaction(struct cs_span bytes)
{
    struct cs_span b = strip(bytes);

    /* a map of up to 15 short keys, or a signed one {"sig", "txn"} */
    return b.n > 40 && (b.p[0] & 0xf0) == 0x80 && (b.p[1] & 0xe0) == 0xa0;
}

/* "MX": what wallets put before bytes that are no transaction. */
static enum cs_err prefix(struct cs_wr *w, const struct cs_chain_key *key,
                          struct cs_span message, const char **why)
{
    (void)key;
    (void)why;
    cs_wr_str(w, "MX");
    cs_wr_span(w, message);
    return w->err;
}

/* {"sig": signature, "txn": transaction} */
static enum cs_err finish(struct cs_chain_signed *out, const struct cs_chain_key *key,
                          struct cs_span payload, const struct cs_chain_tx *tx,
                          const struct cs_chain_sig *sigs, const char **why)
{
    static const uint8_t head[] = {0x82, 0xa3, 's', 'i', 'g', 0xc4, 64};
    static const uint8_t mid[] = {0xa3, 't', 'x', 'n'};
    uint8_t id[32];

    (void)key;
    (void)why;
    cs_wr_bytes(&out->bytes, head, sizeof head);
    cs_wr_bytes(&out->bytes, sigs[0].rs, sizeof sigs[0].rs);
    cs_wr_bytes(&out->bytes, mid, sizeof mid);
    cs_wr_span(&out->bytes, strip(payload));
    cs_sha512_256(id, tx->items[0].data);
    cs_base32(out->txid, sizeof out->txid, CS_BASE32_UPPER, CS_SPAN_OF(id));
    return out->bytes.err;
}

static enum cs_chain_hash hash(const struct cs_chain_key *key)
{
    (void)key;
    return CS_CHAIN_HASH_NONE;
}

const struct cs_chain_ops cs_algorand_ops = {
    .address = address,
    .address_check = address_check,
    .decode = decode,
    .prefix = prefix,
    .is_transaction = is_transaction,
    .finish = finish,
    .hash = hash,
};
