/* Texts signed with keys of Bitcoin and its relatives; see utxo.h.
 *
 * BITCOIN's SegWit addresses: BIP 322, simple form.  Two virtual transactions, of which
 * the first cannot exist: to_spend pays the message's hash to the address, to_sign
 * spends that with the wallet's signature (SIGHASH_ALL, Taproot's default); the
 * signature is to_sign's witness.  All others: "Bitcoin Signed Message" and BIP 137. */
#include <string.h>

#include "chain/impl.h"
#include "chain/le.h"
#include "chain/utxo.h"
#include "crypto/hash.h"
#include "crypto/taproot.h"

enum { SIGHASH_ALL = 1, OP_RETURN = 0x6a };

static bool is_bip322(const struct cs_chain_key *key, enum cs_utxo_kind kind)
{
    return key->chain == CS_CHAIN_BITCOIN &&
           (kind == CS_UTXO_P2WPKH || kind == CS_UTXO_P2TR);
}

/* ---- BIP 322 ------------------------------------------------------------------- */

/* The id of to_spend: version 0, one input without an outpoint whose script is
 * OP_0 PUSH32(hash), one output of nothing to the address, no lock time. */
static enum cs_err spend_id(uint8_t out[32], struct cs_span script,
                            struct cs_span message)
{
    static const uint8_t nothing[32];
    struct cs_wr w = {.max = 256};
    uint8_t hash[32];
    enum cs_err err;

    cs_tagged_hash(hash, "BIP0322-signed-message", message);
    cs_wr_le32(&w, 0);
    cs_wr_compact(&w, 1);
    cs_wr_bytes(&w, nothing, sizeof nothing);
    cs_wr_le32(&w, UINT32_MAX);
    cs_wr_compact(&w, 2 + sizeof hash);
    cs_wr_bytes(&w, "\x00\x20", 2);
    cs_wr_bytes(&w, hash, sizeof hash);
    cs_wr_le32(&w, 0);
    cs_wr_compact(&w, 1);
    cs_wr_le64(&w, 0);
    cs_wr_compact_span(&w, script);
    cs_wr_le32(&w, 0);
    err = w.err;
    if (err == CS_OK) {
        cs_sha256(out, cs_wr_get(&w));
        cs_sha256(out, CS_SPAN(out, 32));
    }
    cs_wr_free(&w);
    return err;
}

/* What to_sign's only input signs: it spends to_spend, and its output says nothing. */
static enum cs_err put_bip322(struct cs_wr *w, const struct cs_chain_key *key,
                              enum cs_utxo_kind kind, struct cs_span message)
{
    static const uint8_t output[10] = {[8] = 1, [9] = OP_RETURN};
    uint8_t outpoint[CS_UTXO_OUTPOINT_LEN] = {0};
    struct cs_utxo_script own, code;
    struct cs_utxo_hashes hashes;
    struct cs_utxo_in in = {.outpoint = outpoint};
    struct cs_utxo_tx to_sign = {.chain = cs_utxo_chain(key->chain),
                                 .kind = kind,
                                 .raw = {.n_ins = 1, .n_outs = 1},
                                 .ins = &in};

    cs_utxo_own_script(&own, key, kind);
    cs_utxo_p2pkh(&code, key);
    CS_CHECK(spend_id(outpoint, CS_SPAN(own.p, own.n), message));
    in.script = CS_SPAN(own.p, own.n);
    in.sighash = kind == CS_UTXO_P2TR ? 0 : SIGHASH_ALL;
    to_sign.raw.outs = CS_SPAN_OF(output);
    CS_CHECK(cs_utxo_hashes(&hashes, &to_sign));
    cs_utxo_preimage(w, &to_sign, &hashes, 0, CS_SPAN(code.p, code.n));
    return w->err;
}

/* The witness of to_sign: the signature; for P2WPKH with its sighash byte, and the key.
 */
static enum cs_err seal_bip322(struct cs_wr *w, const struct cs_chain_key *key,
                               enum cs_utxo_kind kind, const struct cs_chain_sig *sig)
{
    uint8_t s[73];
    size_t n = sizeof sig->rs;

    if (kind == CS_UTXO_P2TR) {
        memcpy(s, sig->rs, n);
    } else {
        n = cs_chain_der(s, sig->rs);
        s[n++] = SIGHASH_ALL;
    }
    cs_wr_compact(w, kind == CS_UTXO_P2TR ? 1 : 2);
    cs_wr_compact_span(w, CS_SPAN(s, n));
    if (kind != CS_UTXO_P2TR) {
        cs_wr_compact_span(w, CS_SPAN(key->pub, key->pub_len));
    }
    return w->err;
}

/* ---- BIP 137 ------------------------------------------------------------------- */

/* A header that tells the recovery id and the kind of address; r; s. */
static enum cs_err seal_bip137(struct cs_wr *w, const struct cs_chain_key *key,
                               enum cs_utxo_kind kind, const struct cs_chain_item *item,
                               const struct cs_chain_sig *sig, const char **why)
{
    uint8_t parity, header = 31; /* compressed key */

    CS_CHECK(cs_chain_parity(&parity, key, item, sig, why));
    if (kind == CS_UTXO_P2SH_P2WPKH) {
        header = 35;
    } else if (kind == CS_UTXO_P2WPKH) {
        header = 39;
    }
    cs_wr_u8(w, (uint8_t)(header + parity));
    cs_wr_bytes(w, sig->rs, sizeof sig->rs);
    return w->err;
}

/* ---- both ---------------------------------------------------------------------- */

enum cs_err cs_utxo_message(struct cs_wr *w, const struct cs_chain_key *key,
                            struct cs_span message, const char **why)
{
    enum cs_utxo_kind kind;

    CS_CHECK(cs_utxo_kind(&kind, key, why));
    if (is_bip322(key, kind)) {
        return put_bip322(w, key, kind, message);
    }
    cs_wr_str(w, cs_utxo_chain(key->chain)->message);
    cs_wr_compact_span(w, message);
    return w->err;
}

enum cs_chain_hash cs_utxo_message_hash(const struct cs_chain_key *key)
{
    return cs_chain_key_scheme(key) == CS_CHAIN_SCHEME_BIP340 ? CS_CHAIN_HASH_TAPSIGHASH
                                                              : CS_CHAIN_HASH_SHA256D;
}

enum cs_err cs_utxo_seal(struct cs_wr *w, const struct cs_chain_key *key,
                         const struct cs_chain_item *item,
                         const struct cs_chain_sig *sig, const char **why)
{
    enum cs_utxo_kind kind;

    CS_CHECK(cs_utxo_kind(&kind, key, why));
    return is_bip322(key, kind) ? seal_bip322(w, key, kind, sig)
                                : seal_bip137(w, key, kind, item, sig, why);
}
