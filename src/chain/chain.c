/* The table of blockchains and what all of them share; see chain.h. */
#include "chain/chain.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "chain/impl.h"
#include "chain/text.h"
#include "crypto/hash.h"
#include "crypto/identity.h"

#define K1 CS_CURVE_SECP256K1
#define ED CS_CURVE_ED25519

static const struct entry {
    struct cs_chain_info info;
    const struct cs_chain_ops *ops; /* NULL: not built */
} entries[] = {
    /* clang-format off */
    /* chain, name, symbol, asset name, decimals, default curve, k1, ed, built */
    {{CS_CHAIN_AVALANCHE,  "AVALANCHE",  "AVAX", "Avalanche",   18, K1, true,  false, false}, NULL},
    {{CS_CHAIN_ETHEREUM,   "ETHEREUM",   "ETH",  "Ether",       18, K1, true,  false, false}, NULL},
    {{CS_CHAIN_XRP_LEDGER, "XRP_LEDGER", "XRP",  "XRP",          6, K1, true,  true,  true}, &cs_xrp_ops},
    {{CS_CHAIN_POLYGON,    "POLYGON",    "POL",  "Polygon",     18, K1, true,  false, false}, NULL},
    {{CS_CHAIN_BNBCHAIN,   "BNBCHAIN",   "BNB",  "BNB",         18, K1, true,  false, false}, NULL},
    {{CS_CHAIN_BASE,       "BASE",       "ETH",  "Ether",       18, K1, true,  false, false}, NULL},
    {{CS_CHAIN_HEDERA,     "HEDERA",     "HBAR", "Hedera",       8, K1, true,  true,  false}, NULL},
    {{CS_CHAIN_ARBITRUM,   "ARBITRUM",   "ETH",  "Ether",       18, K1, true,  false, false}, NULL},
    {{CS_CHAIN_ONE_MONEY,  "ONE_MONEY",  "USD",  "1Money",      18, K1, true,  false, false}, NULL},
    {{CS_CHAIN_SOLANA,     "SOLANA",     "SOL",  "Solana",       9, ED, false, true,  true}, &cs_solana_ops},
    {{CS_CHAIN_TRON,       "TRON",       "TRX",  "Tron",         6, K1, true,  false, false}, NULL},
    {{CS_CHAIN_BITCOIN,    "BITCOIN",    "BTC",  "Bitcoin",      8, K1, true,  false, false}, NULL},
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

enum cs_err cs_chain_refuse(const char **why, enum cs_err err, const char *text)
{
    if (why != NULL) {
        *why = text;
    }
    return err;
}

/* The implementation behind a chain, or the reason why there is none. */
static enum cs_err get_ops(const struct cs_chain_ops **out, enum cs_chain chain,
                           const char **why)
{
    const struct entry *e = find(chain);

    if (e == NULL) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN, "no such blockchain");
    }
    if (e->ops == NULL) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                               "this blockchain is known but not supported yet: SOLANA "
                               "and XRP_LEDGER are");
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
    CS_CHECK(get_ops(&ops, chain, why));
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
    CS_CHECK(get_ops(&ops, key->chain, why));
    return ops->address(out, key, why);
}

enum cs_err cs_chain_address_check(enum cs_chain chain, const char *text,
                                   const char **why)
{
    const struct cs_chain_ops *ops;

    CS_CHECK(get_ops(&ops, chain, why));
    return ops->address_check(text, why);
}

void cs_sha512half(uint8_t out[32], struct cs_span in)
{
    uint8_t full[64];

    cs_sha512(full, in);
    memcpy(out, full, 32);
}

/* ---- items ----------------------------------------------------------------- */

static void hash_item(struct cs_chain_item *item)
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
    case CS_CHAIN_HASH_TAPSIGHASH:
        break; /* no chain that is built asks for these */
    }
    CS_ASSERT(false);
}

enum cs_err cs_chain_one_item(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                              enum cs_chain_hash hash, struct cs_wr *w)
{
    struct cs_chain_item *item;

    if (w->err != CS_OK) {
        enum cs_err err = w->err;

        cs_wr_free(w);
        return err;
    }
    item = cs_alloc(sizeof *item);
    if (item == NULL) {
        cs_wr_free(w);
        return CS_ERR_NOMEM;
    }
    tx->data = cs_wr_take(w, &tx->data_len);
    tx->items = item;
    tx->n_items = 1;
    item->scheme = key->curve == ED ? CS_CHAIN_SCHEME_ED25519 : CS_CHAIN_SCHEME_ECDSA;
    item->hash = hash;
    item->data = CS_SPAN(tx->data, tx->data_len);
    hash_item(item);
    return CS_OK;
}

void cs_chain_tx_free(struct cs_chain_tx *tx)
{
    cs_free(tx->items);
    cs_free(tx->data);
    memset(tx, 0, sizeof *tx);
}

/* ---- decode ---------------------------------------------------------------- */

/* What every call on a payload or message checks first, and the fields it fills. */
static enum cs_err begin(struct cs_chain_tx *out, const struct cs_chain_ops **ops,
                         const struct cs_chain_key *key, const char **why)
{
    memset(out, 0, sizeof *out);
    CS_CHECK(get_ops(ops, key->chain, why));
    out->chain = key->chain;
    return (*ops)->address(out->signer, key, why);
}

/* Gives a failure that no check has explained its sentence; success has none. */
static enum cs_err explain(enum cs_err err, const char **why)
{
    if (err == CS_OK) {
        return cs_chain_refuse(why, err, NULL);
    }
    return err == CS_ERR_NOMEM ? cs_chain_refuse(why, err, "out of memory") : err;
}

/* Zeroes what a failed call may have filled. */
static enum cs_err end(struct cs_chain_tx *out, enum cs_err err, const char **why)
{
    if (err != CS_OK) {
        cs_chain_tx_free(out);
    }
    return explain(err, why);
}

enum cs_err cs_chain_decode(struct cs_chain_tx *out, const struct cs_chain_key *key,
                            struct cs_span payload, const char **why)
{
    const struct cs_chain_ops *ops;
    enum cs_err err;

    CS_TRY(begin(out, &ops, key, why));
    if (payload.n == 0 || payload.n > CS_CHAIN_PAYLOAD_MAX) {
        err = cs_chain_refuse(why, CS_ERR_CHAIN_TX,
                              payload.n == 0
                                  ? "the transaction is empty"
                                  : "the transaction is larger than 200 KiB");
        goto out;
    }
    err = ops->decode(out, key, payload, why);
out:
    return end(out, err, why);
}

/* ---- plaintext ------------------------------------------------------------- */

enum { PLAINTEXT_MAX = 64 * 1024 };

/* The message as it stands, or as hex or base64 of bytes: a signer that somebody talks
 * into "just signing this text" must not see a transaction in any of them. */
static enum cs_err looks_like_transaction(const struct cs_chain_ops *ops,
                                          struct cs_span message, bool *out)
{
    struct cs_wr w = {.max = 2 * PLAINTEXT_MAX};
    const char *text = (const char *)message.p;

    *out = ops->is_transaction(message);
    if (!*out && cs_unhex_wr(&w, text, message.n) == CS_OK) {
        *out = ops->is_transaction(cs_wr_get(&w));
    }
    cs_wr_reset(&w);
    if (!*out && w.err == CS_OK && cs_unb64(&w, text, message.n) == CS_OK) {
        *out = ops->is_transaction(cs_wr_get(&w));
    }
    cs_wr_free(&w);
    return w.err;
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
    struct cs_wr w = {.max = PLAINTEXT_MAX + 256};
    const struct cs_chain_ops *ops;
    struct cs_text t;
    enum cs_err err;

    CS_TRY(begin(out, &ops, key, why));
    CS_TRY(check_plaintext(ops, message, why));
    CS_TRY(ops->prefix(&w, key, message, why));
    CS_TRY(cs_chain_one_item(out, key, ops->hash(key->curve), &w));
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
    return end(out, err, why);
}

/* ---- final encoding -------------------------------------------------------- */

/* ECDSA: low s only (CHAINS.md, 2); s at most half the group order. */
static bool is_low_s(const uint8_t s[32])
{
    static const uint8_t half[32] = {0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d,
                                     0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0};

    return memcmp(s, half, 32) <= 0;
}

static enum cs_err check_sig(const struct cs_chain_item *item,
                             const struct cs_chain_key *key,
                             const struct cs_chain_sig *s, const char **why)
{
    if (item->scheme == CS_CHAIN_SCHEME_ED25519) {
        if (!cs_sign_verify(s->rs, key->pub, item->message)) {
            return cs_chain_refuse(why, CS_ERR_SIG_INVALID,
                                   "the signature is not the key's over this payload");
        }
    } else if (cs_ct_is_zero(s->rs, 32) || cs_ct_is_zero(s->rs + 32, 32) ||
               !is_low_s(s->rs + 32)) {
        return cs_chain_refuse(why, CS_ERR_SIG_INVALID,
                               "the signature is zero or not in its low-s form");
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
    CS_TRY(get_ops(&ops, key->chain, why));
    if (n_sigs != tx.n_items) {
        err = cs_chain_refuse(why, CS_ERR_SIG_INVALID,
                              "wrong number of signatures for this payload");
        goto out;
    }
    for (size_t i = 0; i < n_sigs; i++) {
        CS_TRY(check_sig(&tx.items[i], key, &sigs[i], why));
    }
    CS_TRY(ops->finish(out, key, payload, sigs, why));
out:
    cs_chain_tx_free(&tx);
    if (err != CS_OK) {
        cs_chain_signed_free(out);
    }
    return explain(err, why);
}

void cs_chain_signed_free(struct cs_chain_signed *s)
{
    cs_wr_free(&s->bytes);
    memset(s, 0, sizeof *s);
}

/* INTEGER: no leading zeros but the one that keeps it positive. */
static size_t der_integer(uint8_t *out, const uint8_t v[32])
{
    size_t skip = 0;
    size_t pad, n;

    while (skip < 31 && v[skip] == 0) {
        skip++;
    }
    pad = (v[skip] & 0x80) != 0 ? 1 : 0;
    n = 32 - skip;
    out[0] = 0x02;
    out[1] = (uint8_t)(n + pad);
    out[2] = 0;
    memcpy(out + 2 + pad, v + skip, n);
    return 2 + pad + n;
}

size_t cs_chain_der(uint8_t out[72], const uint8_t rs[64])
{
    uint8_t body[70];
    size_t n = der_integer(body, rs);

    n += der_integer(body + n, rs + 32);
    out[0] = 0x30;
    out[1] = (uint8_t)n;
    memcpy(out + 2, body, n);
    return n + 2;
}
