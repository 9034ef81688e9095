/* What all chains do with a payload: items and their hashes, decode, plaintext, finish;
 * see chain.h.  The chains' own part is behind struct cs_chain_ops. */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "chain/impl.h"
#include "chain/text.h"
#include "crypto/ecdsa.h"
#include "crypto/hash.h"
#include "crypto/identity.h"
#include "crypto/keccak.h"
#include "crypto/taproot.h"

void cs_sha512half(uint8_t out[32], struct cs_span in)
{
    uint8_t full[64];

    cs_sha512(full, in);
    memcpy(out, full, 32);
}

void cs_chain_hex_upper(char out[65], const uint8_t bytes[32])
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < 32; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[64] = '\0';
}

/* ---- items ----------------------------------------------------------------- */

void cs_chain_hash_item(struct cs_chain_item *item)
{
    item->message = CS_SPAN(item->digest, sizeof item->digest);
    switch (item->hash) {
    case CS_CHAIN_HASH_NONE:
        item->message = item->data;
        return;
    case CS_CHAIN_HASH_SHA512HALF:
        cs_sha512half(item->digest, item->data);
        return;
    case CS_CHAIN_HASH_SHA256:
        cs_sha256(item->digest, item->data);
        return;
    case CS_CHAIN_HASH_SHA256D:
        cs_sha256(item->digest, item->data);
        cs_sha256(item->digest, item->message);
        return;
    case CS_CHAIN_HASH_KECCAK256:
        cs_keccak256(item->digest, item->data);
        return;
    case CS_CHAIN_HASH_TAPSIGHASH:
        cs_tagged_hash(item->digest, "TapSighash", item->data);
        return;
    }
    CS_ASSERT(false);
}

enum cs_err cs_chain_items(struct cs_chain_tx *tx, size_t n_items, struct cs_wr *w)
{
    enum cs_err err = w->err;

    if (err == CS_OK) {
        tx->items = cs_alloc_array(n_items, sizeof *tx->items);
        err = tx->items == NULL ? CS_ERR_NOMEM : CS_OK;
    }
    if (err != CS_OK) {
        cs_wr_free(w);
        return err;
    }
    tx->data = cs_wr_take(w, &tx->data_len);
    tx->n_items = n_items;
    return CS_OK;
}

enum cs_err cs_chain_one_item(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                              enum cs_chain_hash hash, struct cs_wr *w)
{
    struct cs_chain_item *item;
    uint8_t output[32];

    CS_CHECK(cs_chain_items(tx, 1, w));
    item = tx->items;
    item->scheme = cs_chain_key_scheme(key);
    if (item->scheme == CS_CHAIN_SCHEME_BIP340) { /* PROTOCOLS 7.5 */
        item->has_tweak = true;
        CS_CHECK(cs_taproot_output(output, item->tweak, key->pub));
    }
    item->hash = hash;
    item->data = CS_SPAN(tx->data, tx->data_len);
    cs_chain_hash_item(item);
    return CS_OK;
}

void cs_chain_tx_free(struct cs_chain_tx *tx)
{
    cs_free(tx->pays);
    cs_free(tx->items);
    cs_free(tx->data);
    memset(tx, 0, sizeof *tx);
}

/* ---- decode ---------------------------------------------------------------- */

/* What every call on a payload or message checks first, and the fields it fills. */
enum cs_err cs_chain_begin(struct cs_chain_tx *out, const struct cs_chain_ops **ops,
                           const struct cs_chain_key *key, const char **why)
{
    memset(out, 0, sizeof *out);
    CS_CHECK(cs_chain_ops_of(ops, key->chain, why));
    out->chain = key->chain;
    return cs_chain_address(out->signer, key, why);
}

/* Gives a failure that no check has explained its sentence; success has none. */
enum cs_err cs_chain_explain(enum cs_err err, const char **why)
{
    if (err == CS_OK) {
        return cs_chain_refuse(why, err, NULL);
    }
    return err == CS_ERR_NOMEM ? cs_chain_refuse(why, err, "out of memory") : err;
}

/* Zeroes what a failed call may have filled. */
enum cs_err cs_chain_end(struct cs_chain_tx *out, enum cs_err err, const char **why)
{
    if (err != CS_OK) {
        cs_chain_tx_free(out);
    }
    return cs_chain_explain(err, why);
}

static enum cs_err check_signs(const struct cs_chain_ops *ops, const char **why)
{
    return ops->decode != NULL
               ? CS_OK
               : cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                                 "of this blockchain only addresses are supported, "
                                 "nothing is signed");
}

enum cs_err cs_chain_decode(struct cs_chain_tx *out, const struct cs_chain_key *key,
                            struct cs_span payload, const char **why)
{
    const struct cs_chain_ops *ops;
    enum cs_err err;

    CS_TRY(cs_chain_begin(out, &ops, key, why));
    CS_TRY(check_signs(ops, why));
    if (payload.n == 0 || payload.n > CS_CHAIN_PAYLOAD_MAX) {
        err = cs_chain_refuse(why, CS_ERR_CHAIN_TX,
                              payload.n == 0
                                  ? "the transaction is empty"
                                  : "the transaction is larger than 200 KiB");
        goto out;
    }
    err = ops->decode(out, key, payload, why);
out:
    return cs_chain_end(out, err, why);
}

/* ---- plaintext ------------------------------------------------------------- */

enum { PLAINTEXT_MAX = 64 * 1024 };

/* Is the text an encoding of a transaction?  No: BAD_TEXT from the decoder is no error,
 * everything else is (a check that ran out of memory has not been made). */
static enum cs_err is_encoded(const struct cs_chain_ops *ops, struct cs_span message,
                              enum cs_err (*decode)(struct cs_wr *w, const char *text,
                                                    size_t n),
                              bool *out)
{
    struct cs_wr w = {.max = 2 * PLAINTEXT_MAX};
    enum cs_err err = decode(&w, (const char *)message.p, message.n);

    *out = err == CS_OK && ops->is_transaction(cs_wr_get(&w));
    cs_wr_free(&w);
    return err == CS_ERR_BAD_TEXT ? CS_OK : err;
}

/* Hex often has 0x in front. */
static struct cs_span without_0x(struct cs_span text)
{
    if (text.n >= 2 && text.p[0] == '0' && (text.p[1] == 'x' || text.p[1] == 'X')) {
        text = CS_SPAN(text.p + 2, text.n - 2);
    }
    return text;
}

/* The message as it stands, or as hex or base64 of bytes: a signer that somebody talks
 * into "just signing this text" must not see a transaction in any of them. */
static enum cs_err looks_like_transaction(const struct cs_chain_ops *ops,
                                          struct cs_span message, bool *out)
{
    *out = ops->is_transaction(message);
    if (!*out) {
        CS_CHECK(is_encoded(ops, without_0x(message), cs_unhex_wr, out));
    }
    if (!*out) {
        CS_CHECK(is_encoded(ops, message, cs_unb64, out));
    }
    return CS_OK;
}

static enum cs_err check_plaintext(const struct cs_chain_ops *ops,
                                   struct cs_span message, const char **why)
{
    bool is_transaction = false;

    if (message.n == 0 || message.n > PLAINTEXT_MAX) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_MESSAGE,
                               message.n == 0 ? "the message is empty"
                                              : "the message is longer than 64 KiB");
    }
    CS_CHECK(looks_like_transaction(ops, message, &is_transaction));
    if (is_transaction) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_MESSAGE,
                               "the message can be read as a transaction of this "
                               "blockchain: submit it as one");
    }
    if (!cs_utf8_ok(message)) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_MESSAGE,
                               "the message is not UTF-8 text, or holds a NUL");
    }
    return CS_OK;
}

enum cs_err cs_chain_plaintext(struct cs_chain_tx *out, const struct cs_chain_key *key,
                               struct cs_span message, const char **why)
{
    struct cs_wr w = {.max = 2 * PLAINTEXT_MAX}; /* Cosmos chains: base64 */
    const struct cs_chain_ops *ops;
    struct cs_text t;
    enum cs_err err;

    CS_TRY(cs_chain_begin(out, &ops, key, why));
    CS_TRY(check_signs(ops, why));
    CS_TRY(check_plaintext(ops, message, why));
    CS_TRY(ops->prefix(&w, key, message, why));
    CS_TRY(cs_chain_one_item(out, key, ops->hash(key), &w));
    out->is_message = true;
    out->is_clear = true;
    (void)cs_text_copy(out->kind, sizeof out->kind, "message");
    (void)cs_text_copy(out->from, sizeof out->from, out->signer);
    out->is_memo_cut = !cs_text_show(out->memo, sizeof out->memo, message);
    t = cs_text_begin(out->text, sizeof out->text);
    cs_text_add(&t, "message signed by ");
    cs_text_add(&t, out->signer);
    cs_text_add(&t, ": ");
    cs_text_add(&t, out->memo);
out:
    cs_wr_free(&w);
    return cs_chain_end(out, err, why);
}

/* ---- final encoding -------------------------------------------------------- */

/* The key under which BIP 340 signatures stand: the output key where the items have a
 * tweak (PROTOCOLS 7.5).  It is one for all items of a payload. */
static enum cs_err bip340_key(uint8_t out[32], const struct cs_chain_item *item,
                              const struct cs_chain_key *key)
{
    uint8_t tweak[32];

    if (item->has_tweak) {
        return cs_taproot_output(out, tweak, key->pub);
    }
    memcpy(out, key->pub + 1, 32);
    return CS_OK;
}

static bool sig_ok(const struct cs_chain_item *item, const struct cs_chain_key *key,
                   const uint8_t bip340[32], const struct cs_chain_sig *s)
{
    switch (item->scheme) {
    case CS_CHAIN_SCHEME_ED25519:
        return cs_sign_verify(s->rs, key->pub, item->message);
    case CS_CHAIN_SCHEME_ECDSA:
        return cs_ecdsa_verify(key->pub, item->message.p, s->rs) == CS_OK;
    case CS_CHAIN_SCHEME_BIP340:
        return cs_taproot_verify(bip340, item->message, s->rs) == CS_OK;
    }
    return false;
}

static enum cs_err check_sig(const struct cs_chain_item *item,
                             const struct cs_chain_key *key, const uint8_t bip340[32],
                             const struct cs_chain_sig *s, const char **why)
{
    if (item->scheme == CS_CHAIN_SCHEME_ECDSA && !cs_ecdsa_is_low_s(s->rs)) {
        return cs_chain_refuse(why, CS_ERR_SIG_INVALID,
                               "the signature is zero, out of range or not in its "
                               "low-s form");
    }
    if (!sig_ok(item, key, bip340, s)) {
        return cs_chain_refuse(why, CS_ERR_SIG_INVALID,
                               "the signature is not the key's over this payload");
    }
    return CS_OK;
}

enum cs_err cs_chain_check_sigs(const struct cs_chain_tx *tx,
                                const struct cs_chain_key *key,
                                const struct cs_chain_sig *sigs, size_t n_sigs,
                                const char **why)
{
    uint8_t bip340[32] = {0};

    if (n_sigs != tx->n_items) {
        return cs_chain_refuse(why, CS_ERR_SIG_INVALID,
                               "wrong number of signatures for this payload");
    }
    for (size_t i = 0; i < n_sigs; i++) {
        const struct cs_chain_item *item = &tx->items[i];

        if (i == 0 && item->scheme == CS_CHAIN_SCHEME_BIP340) {
            CS_CHECK(bip340_key(bip340, item, key));
        }
        CS_CHECK(check_sig(item, key, bip340, &sigs[i], why));
    }
    return CS_OK;
}

enum cs_err cs_chain_finish(struct cs_chain_signed *out, const struct cs_chain_key *key,
                            struct cs_span payload, const struct cs_chain_sig *sigs,
                            size_t n_sigs, const char **why)
{
    const struct cs_chain_ops *ops;
    struct cs_chain_tx tx;
    enum cs_err err;

    memset(out, 0, sizeof *out);
    CS_CHECK(cs_chain_decode(&tx, key, payload, why));
    CS_TRY(cs_chain_ops_of(&ops, key->chain, why));
    CS_TRY(cs_chain_check_sigs(&tx, key, sigs, n_sigs, why));
    CS_TRY(ops->finish(out, key, payload, &tx, sigs, why));
out:
    cs_chain_tx_free(&tx);
    if (err != CS_OK) {
        cs_chain_signed_free(out);
    }
    return cs_chain_explain(err, why);
}

void cs_chain_uncompressed(uint8_t out[65], const struct cs_chain_key *key)
{
    CS_ASSERT(key->curve == CS_CURVE_SECP256K1);
    CS_ASSERT(cs_ecdsa_uncompress(out, key->pub) == CS_OK); /* key_init checked it */
}

enum cs_err cs_chain_parity(uint8_t *out, const struct cs_chain_key *key,
                            const struct cs_chain_item *item,
                            const struct cs_chain_sig *sig, const char **why)
{
    if (cs_ecdsa_recid(out, key->pub, item->message.p, sig->rs) != CS_OK || *out > 1) {
        return cs_chain_refuse(why, CS_ERR_SIG_INVALID,
                               "the signature has no recovery id that this blockchain "
                               "knows: sign again");
    }
    return CS_OK;
}

enum cs_err cs_chain_seal_rsv(struct cs_wr *w, const struct cs_chain_key *key,
                              const struct cs_chain_item *item,
                              const struct cs_chain_sig *sig, const char **why)
{
    uint8_t parity;

    CS_CHECK(cs_chain_parity(&parity, key, item, sig, why));
    cs_wr_bytes(w, sig->rs, sizeof sig->rs);
    cs_wr_u8(w, (uint8_t)(27 + parity));
    return w->err;
}

void cs_chain_signed_free(struct cs_chain_signed *s)
{
    cs_wr_free(&s->bytes);
    memset(s, 0, sizeof *s);
}
