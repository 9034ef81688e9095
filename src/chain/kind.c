/* The kinds of requests and what they share: blind digests, one way in, one way out;
 * see chain.h. */
#include <string.h>

#include "base/text.h"
#include "chain/impl.h"
#include "chain/text.h"
#include "crypto/ecdsa.h"

static const struct word {
    enum cs_chain_kind kind;
    const char *word;
} words[] = {
    {CS_CHAIN_KIND_RAW, "RAW"},
    {CS_CHAIN_KIND_PLAINTEXT, "PLAINTEXT"},
    {CS_CHAIN_KIND_TYPED_DATA, "TYPED_DATA"},
    {CS_CHAIN_KIND_DIGEST, "DIGEST"},
};

bool cs_chain_kind_parse(enum cs_chain_kind *out, const char *word)
{
    for (size_t i = 0; i < CS_COUNTOF(words); i++) {
        if (strcmp(words[i].word, word) == 0) {
            *out = words[i].kind;
            return true;
        }
    }
    return false;
}

const char *cs_chain_kind_name(enum cs_chain_kind kind)
{
    for (size_t i = 0; i < CS_COUNTOF(words); i++) {
        if (words[i].kind == kind) {
            return words[i].word;
        }
    }
    return "UNKNOWN";
}

/* ---- blind signing ----------------------------------------------------------- */

static enum cs_err check_digest(const struct cs_chain_key *key, struct cs_span digest,
                                const char **why)
{
    if (key->curve != CS_CURVE_SECP256K1) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                               "Ed25519 keys sign no digests: submit the transaction "
                               "or the text itself");
    }
    if (digest.n != 32) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_MESSAGE,
                               "a digest is exactly 32 bytes long");
    }
    return CS_OK;
}

static void warn(struct cs_chain_tx *tx, struct cs_span digest)
{
    struct cs_text t = cs_text_begin(tx->text, sizeof tx->text);

    (void)cs_text_copy(tx->kind, sizeof tx->kind, "blind digest");
    cs_text_add(&t, "BLIND SIGNING with the key of ");
    cs_text_add(&t, tx->signer);
    cs_text_add(&t, ": nothing can be shown of what stands behind the digest 0x");
    cs_text_add_hex(&t, digest);
    cs_text_add(&t, "; it may be a transaction that moves everything this key holds");
}

enum cs_err cs_chain_digest(struct cs_chain_tx *out, const struct cs_chain_key *key,
                            struct cs_span digest, const char **why)
{
    struct cs_wr w = {.max = 64};
    const struct cs_chain_ops *ops;
    enum cs_err err;

    CS_TRY(cs_chain_begin(out, &ops, key, why));
    CS_TRY(check_digest(key, digest, why));
    cs_wr_span(&w, digest);
    CS_TRY(cs_chain_one_item(out, key, CS_CHAIN_HASH_NONE, &w));
    out->is_blind = true;
    warn(out, digest);
out:
    cs_wr_free(&w);
    return cs_chain_end(out, err, why);
}

/* ---- typed data -------------------------------------------------------------- */

enum cs_err cs_chain_typed_data(struct cs_chain_tx *out, const struct cs_chain_key *key,
                                struct cs_span json, const char **why)
{
    const struct cs_chain_ops *ops;
    enum cs_err err;

    CS_TRY(cs_chain_begin(out, &ops, key, why));
    if (ops->typed_data == NULL) {
        err = cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                              "typed data (EIP-712) is for the EVM chains only");
        goto out;
    }
    out->is_message = true;
    err = ops->typed_data(out, key, json, why);
out:
    return cs_chain_end(out, err, why);
}

/* ---- one way in, one way out ----------------------------------------------------- */

enum cs_err cs_chain_prepare(struct cs_chain_tx *out, const struct cs_chain_key *key,
                             enum cs_chain_kind kind, struct cs_span payload,
                             const char **why)
{
    switch (kind) {
    case CS_CHAIN_KIND_RAW:
        return cs_chain_decode(out, key, payload, why);
    case CS_CHAIN_KIND_PLAINTEXT:
        return cs_chain_plaintext(out, key, payload, why);
    case CS_CHAIN_KIND_TYPED_DATA:
        return cs_chain_typed_data(out, key, payload, why);
    case CS_CHAIN_KIND_DIGEST:
        return cs_chain_digest(out, key, payload, why);
    }
    memset(out, 0, sizeof *out);
    return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN, "no such kind of request");
}

static enum cs_err seal_plain(struct cs_wr *w, const struct cs_chain_item *item,
                              const struct cs_chain_sig *sig)
{
    uint8_t der[72];

    if (item->scheme == CS_CHAIN_SCHEME_ECDSA) {
        cs_wr_bytes(w, der, cs_chain_der(der, sig->rs));
    } else {
        cs_wr_bytes(w, sig->rs, sizeof sig->rs);
    }
    return w->err;
}

static enum cs_err seal(struct cs_wr *w, const struct cs_chain_key *key,
                        enum cs_chain_kind kind, const struct cs_chain_item *item,
                        const struct cs_chain_sig *sig, const char **why)
{
    const struct cs_chain_ops *ops;

    CS_CHECK(cs_chain_ops_of(&ops, key->chain, why));
    if (kind == CS_CHAIN_KIND_TYPED_DATA) {
        return cs_chain_seal_rsv(w, key, item, sig, why);
    }
    if (kind == CS_CHAIN_KIND_PLAINTEXT && ops->seal != NULL) {
        return ops->seal(w, key, item, sig, why);
    }
    return seal_plain(w, item, sig);
}

/* r, s and the recovery id, worked out here: nobody's is trusted. */
static enum cs_err put_rsv(struct cs_chain_signed *out, const struct cs_chain_key *key,
                           const struct cs_chain_item *item,
                           const struct cs_chain_sig *sig)
{
    if (item->scheme != CS_CHAIN_SCHEME_ECDSA) {
        return CS_OK;
    }
    out->has_rsv = true;
    memcpy(out->rsv, sig->rs, sizeof sig->rs);
    return cs_ecdsa_recid(&out->rsv[64], key->pub, item->message.p, sig->rs);
}

static enum cs_err finish_one(struct cs_chain_signed *out,
                              const struct cs_chain_key *key, enum cs_chain_kind kind,
                              struct cs_span payload, const struct cs_chain_sig *sigs,
                              size_t n_sigs, const char **why)
{
    struct cs_chain_tx tx;
    enum cs_err err;

    CS_TRY(cs_chain_prepare(&tx, key, kind, payload, why));
    CS_TRY(cs_chain_check_sigs(&tx, key, sigs, n_sigs, why));
    CS_TRY(put_rsv(out, key, &tx.items[0], &sigs[0]));
    err = seal(&out->bytes, key, kind, &tx.items[0], &sigs[0], why);
out:
    cs_chain_tx_free(&tx);
    return err;
}

enum cs_err cs_chain_finish_any(struct cs_chain_signed *out,
                                const struct cs_chain_key *key, enum cs_chain_kind kind,
                                struct cs_span payload, const struct cs_chain_sig *sigs,
                                size_t n_sigs, const char **why)
{
    enum cs_err err;

    if (kind == CS_CHAIN_KIND_RAW) {
        return cs_chain_finish(out, key, payload, sigs, n_sigs, why);
    }
    memset(out, 0, sizeof *out);
    err = finish_one(out, key, kind, payload, sigs, n_sigs, why);
    if (err != CS_OK) {
        cs_chain_signed_free(out);
    }
    return cs_chain_explain(err, why);
}

enum cs_err cs_chain_finish_message(struct cs_wr *out, const struct cs_chain_key *key,
                                    struct cs_span message,
                                    const struct cs_chain_sig *sig, const char **why)
{
    struct cs_chain_signed s;
    enum cs_err err = cs_chain_finish_any(&s, key, CS_CHAIN_KIND_PLAINTEXT, message,
                                          sig, 1, why);

    *out = s.bytes; /* moved; empty after an error */
    return err;
}
