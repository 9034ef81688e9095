/* SOLANA: an address is base58 of the Ed25519 key; what is signed is the message,
 * whole. Payload forms and the choice about several signers: README.md. */
#include "chain/solana.h"

#include <string.h>

#include "base/mem.h"
#include "chain/base58.h"
#include "chain/impl.h"

static enum cs_err address(char out[CS_CHAIN_ADDRESS_MAX],
                           const struct cs_chain_key *key, const char **why)
{
    char text[CS_BASE58_TEXT_MAX];

    if (key->format != CS_CHAIN_FORMAT_DEFAULT) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                               "SOLANA has one address format only");
    }
    cs_base58(text, CS_BASE58_BITCOIN, CS_SPAN(key->pub, CS_SOL_KEY_LEN));
    (void)cs_text_copy(out, CS_CHAIN_ADDRESS_MAX, text);
    return CS_OK;
}

static enum cs_err address_check(enum cs_chain_net net, const char *text,
                                 const char **why)
{
    uint8_t key[CS_SOL_KEY_LEN]; /* may be off the curve: program addresses are */

    (void)net;
    if (cs_unbase58(key, sizeof key, CS_BASE58_BITCOIN, text) != CS_OK) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_ADDRESS,
                               "a SOLANA address is base58 of exactly 32 bytes");
    }
    return CS_OK;
}

/* Position of the own key among the signers. */
static enum cs_err find_signer(size_t *out, const struct cs_sol_msg *m,
                               const struct cs_chain_key *key, const char **why)
{
    for (size_t i = 0; i < m->n_signers; i++) {
        if (memcmp(m->keys + i * CS_SOL_KEY_LEN, key->pub, CS_SOL_KEY_LEN) == 0) {
            *out = i;
            return CS_OK;
        }
    }
    return cs_chain_refuse(why, CS_ERR_CHAIN_SIGNER,
                           "the wallet's key is not among the required signers of this "
                           "Solana transaction");
}

/* Parses and finds the own slot, which must still be empty. */
static enum cs_err parse_own(struct cs_sol_msg *m, size_t *slot,
                             const struct cs_chain_key *key, struct cs_span payload,
                             const char **why)
{
    CS_CHECK(cs_sol_parse(m, payload, why));
    CS_CHECK(find_signer(slot, m, key, why));
    if (m->sigs.n != 0 &&
        !cs_ct_is_zero(m->sigs.p + *slot * CS_SOL_SIG_LEN, CS_SOL_SIG_LEN)) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_TX,
                               "the Solana transaction already carries a signature of "
                               "the wallet's key");
    }
    return CS_OK;
}

static enum cs_err decode(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                          struct cs_span payload, const char **why)
{
    struct cs_wr w = {.max = CS_CHAIN_PAYLOAD_MAX};
    struct cs_sol_msg m;
    size_t slot;

    CS_CHECK(parse_own(&m, &slot, key, payload, why));
    cs_sol_summary(tx, &m);
    cs_wr_span(&w, m.bytes);
    return cs_chain_one_item(tx, key, CS_CHAIN_HASH_NONE, &w);
}

static bool is_transaction(struct cs_span bytes)
{
    struct cs_sol_msg m;

    return cs_sol_parse(&m, bytes, NULL) == CS_OK;
}

/* ---- plaintext: Solana's off-chain message format, version 0 --------------- */

enum {
    OFFCHAIN_ASCII = 0, /* printable ASCII; fits a packet with the header */
    OFFCHAIN_UTF8 = 1,  /* UTF-8; fits a packet */
    OFFCHAIN_LONG = 2,  /* UTF-8, up to 65535 bytes with the header */
    OFFCHAIN_HEADER = 16 + 1 + 32 + 1 + 1 + CS_SOL_KEY_LEN + 2,
    OFFCHAIN_MAX = UINT16_MAX,
};

/* The application domain: who asked for the signature; zero padded to 32 bytes. */
static const char offchain_domain[32] = "cloudsign/1/plaintext";

static uint8_t offchain_format(struct cs_span message)
{
    if (message.n > CS_SOL_PACKET_MAX - OFFCHAIN_HEADER) {
        return OFFCHAIN_LONG;
    }
    for (size_t i = 0; i < message.n; i++) {
        if (message.p[i] < 0x20 || message.p[i] > 0x7e) {
            return OFFCHAIN_UTF8;
        }
    }
    return OFFCHAIN_ASCII;
}

static enum cs_err prefix(struct cs_wr *w, const struct cs_chain_key *key,
                          struct cs_span message, const char **why)
{
    if (message.n > OFFCHAIN_MAX - OFFCHAIN_HEADER) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_MESSAGE,
                               "a Solana off-chain message has at most 65450 bytes");
    }
    cs_wr_span(w, CS_SPAN_LIT("\xffsolana offchain"));
    cs_wr_u8(w, 0); /* header version */
    cs_wr_bytes(w, offchain_domain, sizeof offchain_domain);
    cs_wr_u8(w, offchain_format(message));
    cs_wr_u8(w, 1); /* signers */
    cs_wr_bytes(w, key->pub, CS_SOL_KEY_LEN);
    cs_wr_u8(w, (uint8_t)message.n); /* little endian */
    cs_wr_u8(w, (uint8_t)(message.n >> 8));
    cs_wr_span(w, message);
    return w->err;
}

/* ---- final encoding -------------------------------------------------------- */

static enum cs_err finish(struct cs_chain_signed *out, const struct cs_chain_key *key,
                          struct cs_span payload, const struct cs_chain_tx *tx,
                          const struct cs_chain_sig *sigs, const char **why)
{
    static const uint8_t empty[CS_SOL_SIG_LEN];
    struct cs_sol_msg m;
    const uint8_t *sig;
    char txid[CS_BASE58_TEXT_MAX];
    size_t slot;

    (void)tx;
    CS_CHECK(parse_own(&m, &slot, key, payload, why));
    cs_wr_u8(&out->bytes, m.n_signers); /* below 128: one byte of compact-u16 */
    for (size_t i = 0; i < m.n_signers; i++) {
        sig = m.sigs.n == 0 ? empty : m.sigs.p + i * CS_SOL_SIG_LEN;
        sig = i == slot ? sigs[0].rs : sig;
        cs_wr_bytes(&out->bytes, sig, CS_SOL_SIG_LEN);
        if (i == 0 && !cs_ct_is_zero(sig, CS_SOL_SIG_LEN)) {
            cs_base58(txid, CS_BASE58_BITCOIN, CS_SPAN(sig, CS_SOL_SIG_LEN));
            (void)cs_text_copy(out->txid, sizeof out->txid, txid);
        }
    }
    cs_wr_span(&out->bytes, m.bytes);
    return out->bytes.err;
}

static enum cs_chain_hash hash(const struct cs_chain_key *key)
{
    (void)key;
    return CS_CHAIN_HASH_NONE;
}

const struct cs_chain_ops cs_solana_ops = {
    .address = address,
    .address_check = address_check,
    .decode = decode,
    .prefix = prefix,
    .is_transaction = is_transaction,
    .finish = finish,
    .hash = hash,
};
