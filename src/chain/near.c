/* NEAR: the implicit account is the Ed25519 key in hex; SHA-256 of the borsh
 * transaction is signed.  Source: nomicon.io, "Transactions"; NEP-413 for messages. */
#include <string.h>

#include "base/text.h"
#include "chain/base58.h"
#include "chain/impl.h"
#include "chain/le.h"
#include "chain/text.h"
#include "crypto/hash.h"

enum {
    KEY_LEN = 32,
    DECIMALS = 24,
    U128_LEN = 16,
    ACCOUNT_MIN = 2,
    ACCOUNT_MAX = 64,
    KEY_ED25519 = 0,
    ACTIONS_MAX = 100,
};

enum action { ACT_FUNCTION_CALL = 2, ACT_TRANSFER = 3 };

static enum cs_err bad(const char **why, const char *text)
{
    return cs_chain_refuse(why, CS_ERR_CHAIN_TX, text);
}

/* ---- accounts ------------------------------------------------------------------- */

static enum cs_err address(char out[CS_CHAIN_ADDRESS_MAX],
                           const struct cs_chain_key *key, const char **why)
{
    if (key->format != CS_CHAIN_FORMAT_DEFAULT) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                               "NEAR has one address format only");
    }
    (void)cs_hex(out, key->pub, KEY_LEN);
    return CS_OK;
}

/* Lower case, digits, single separators between them. */
static bool is_account(struct cs_span s)
{
    bool is_after_separator = true;

    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        bool is_separator = c == '-' || c == '_' || c == '.';

        if (!is_separator && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) {
            return false;
        }
        if (is_separator && is_after_separator) {
            return false;
        }
        is_after_separator = is_separator;
    }
    return s.n >= ACCOUNT_MIN && s.n <= ACCOUNT_MAX && !is_after_separator;
}

static enum cs_err address_check(enum cs_chain_net net, const char *text,
                                 const char **why)
{
    (void)net;
    if (!is_account(CS_SPAN(text, strnlen(text, ACCOUNT_MAX + 1)))) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_ADDRESS,
                               "not a NEAR account: 2 to 64 lower-case letters, digits "
                               "and single separators");
    }
    return CS_OK;
}

/* ---- borsh ----------------------------------------------------------------------- */

/* Length (32 bits), bytes. */
static struct cs_span rd_string(struct cs_rd *r)
{
    uint32_t n = cs_rd_le32(r);

    return cs_rd_span(r, n);
}

/* Little endian to big endian. */
static void rd_u128(struct cs_rd *r, uint8_t out[U128_LEN])
{
    struct cs_span le = cs_rd_span(r, U128_LEN);

    for (size_t i = 0; i < U128_LEN; i++) {
        out[i] = le.n == 0 ? 0 : le.p[U128_LEN - 1 - i];
    }
}

struct near_tx {
    struct cs_span signer, receiver;
    uint64_t nonce;
    uint32_t n_actions;
    struct cs_rd actions;
};

static enum cs_err read_head(struct near_tx *t, struct cs_rd *r,
                             const struct cs_chain_key *key, const char **why)
{
    struct cs_span pub;
    uint8_t type;

    t->signer = rd_string(r);
    type = cs_rd_u8(r);
    pub = cs_rd_span(r, KEY_LEN);
    t->nonce = cs_rd_le64(r);
    t->receiver = rd_string(r);
    (void)cs_rd_span(r, 32); /* hash of a recent block */
    t->n_actions = cs_rd_le32(r);
    if (r->err != CS_OK) {
        return bad(why, "NEAR transaction ends early, or a length in it is wrong");
    }
    if (!is_account(t->signer) || !is_account(t->receiver)) {
        return bad(why, "NEAR transaction names something that is not an account");
    }
    if (type != KEY_ED25519 || memcmp(pub.p, key->pub, KEY_LEN) != 0) {
        return cs_chain_refuse(
            why, CS_ERR_CHAIN_SIGNER,
            "public key of the NEAR transaction is not the wallet's");
    }
    if (t->n_actions == 0 || t->n_actions > ACTIONS_MAX) {
        return bad(why, "NEAR transaction does not have 1 to 100 actions");
    }
    t->actions = *r;
    return CS_OK;
}

static void add_deposit(struct cs_text *t, const uint8_t deposit[U128_LEN])
{
    char text[CS_CHAIN_AMOUNT_MAX];

    (void)cs_text_big(text, sizeof text, CS_SPAN(deposit, U128_LEN), DECIMALS);
    cs_text_add(t, text);
    cs_text_add(t, " NEAR");
}

static void put_deposit(struct cs_chain_tx *tx, const uint8_t deposit[U128_LEN])
{
    (void)cs_text_copy(tx->asset, sizeof tx->asset, "NEAR");
    (void)cs_text_big(tx->amount, sizeof tx->amount, CS_SPAN(deposit, U128_LEN),
                      DECIMALS);
    (void)cs_text_big(tx->units, sizeof tx->units, CS_SPAN(deposit, U128_LEN), 0);
}

/* method, arguments, gas, deposit */
static void read_call(struct cs_chain_tx *tx, struct cs_text *t, struct cs_rd *r)
{
    struct cs_span method = rd_string(r);
    uint8_t deposit[U128_LEN];
    char name[64];

    (void)rd_string(r);
    (void)cs_rd_le64(r);
    rd_u128(r, deposit);
    (void)cs_text_show(name, sizeof name, method);
    (void)cs_text_copy(tx->kind, sizeof tx->kind, "contract call");
    tx->is_clear = false;
    put_deposit(tx, deposit);
    cs_text_add(t, "call of ");
    cs_text_add(t, name);
    cs_text_add(t, " with ");
    add_deposit(t, deposit);
}

static enum cs_err read_action(struct cs_chain_tx *tx, struct cs_text *t,
                               struct cs_rd *r, const char **why)
{
    uint8_t deposit[U128_LEN];
    uint8_t type = cs_rd_u8(r);

    if (r->err == CS_OK && type == ACT_TRANSFER) {
        rd_u128(r, deposit);
        (void)cs_text_copy(tx->kind, sizeof tx->kind, "transfer");
        put_deposit(tx, deposit);
        cs_text_add(t, "transfer of ");
        add_deposit(t, deposit);
    } else if (r->err == CS_OK && type == ACT_FUNCTION_CALL) {
        read_call(tx, t, r);
    } else if (r->err == CS_OK) {
        return bad(why, "NEAR action is not supported: transfers and function calls "
                        "are");
    }
    return r->err == CS_OK ? CS_OK : bad(why, "NEAR transaction ends early");
}

static void put_accounts(struct cs_chain_tx *tx, const struct near_tx *n)
{
    struct cs_text from = cs_text_begin(tx->from, sizeof tx->from);
    struct cs_text to = cs_text_begin(tx->to, sizeof tx->to);
    struct cs_text nonce = cs_text_begin(tx->sequence, sizeof tx->sequence);

    cs_text_add_span(&from, n->signer); /* a named account may have the own key */
    cs_text_add_span(&to, n->receiver);
    cs_text_add_u64(&nonce, n->nonce);
    tx->n_instructions = n->n_actions;
}

static enum cs_err summary(struct cs_chain_tx *tx, struct near_tx *n, const char **why)
{
    struct cs_text t = cs_text_begin(tx->text, sizeof tx->text);

    tx->is_clear = true;
    put_accounts(tx, n);
    for (uint32_t i = 0; i < n->n_actions; i++) {
        cs_text_add(&t, i == 0 ? "" : "; ");
        CS_CHECK(read_action(tx, &t, &n->actions, why));
    }
    if (n->actions.left != 0) {
        return bad(why, "NEAR transaction has bytes behind its last action");
    }
    if (n->n_actions > 1) {
        (void)cs_text_copy(tx->kind, sizeof tx->kind, "several actions");
        tx->amount[0] = tx->units[0] = tx->asset[0] = '\0';
    }
    cs_text_add(&t, " from ");
    cs_text_add(&t, tx->from);
    cs_text_add(&t, " to ");
    cs_text_add(&t, tx->to);
    cs_text_add(&t, "; nonce ");
    cs_text_add(&t, tx->sequence);
    tx->is_clear = tx->is_clear && !t.is_cut;
    return CS_OK;
}

static enum cs_err decode(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                          struct cs_span payload, const char **why)
{
    struct cs_wr w = {.max = CS_CHAIN_PAYLOAD_MAX};
    struct cs_rd r = CS_RD(payload);
    struct near_tx n = {0};

    CS_CHECK(read_head(&n, &r, key, why));
    CS_CHECK(summary(tx, &n, why));
    cs_wr_span(&w, payload);
    return cs_chain_one_item(tx, key, CS_CHAIN_HASH_SHA256, &w);
}

/* Two accounts around an Ed25519 or secp256k1 key: no text holds their zero bytes. */
static bool is_transaction(struct cs_span bytes)
{
    struct cs_rd r = CS_RD(bytes);
    struct cs_span signer = rd_string(&r);
    uint8_t type = cs_rd_u8(&r);

    (void)cs_rd_span(&r, type == KEY_ED25519 ? 32 : 64);
    (void)cs_rd_le64(&r);
    return r.err == CS_OK && type <= 1 && is_account(signer) &&
           is_account(rd_string(&r));
}

/* NEP-413: tag 2^31 + 413, message, nonce, recipient, no callback. */
static enum cs_err prefix(struct cs_wr *w, const struct cs_chain_key *key,
                          struct cs_span message, const char **why)
{
    static const char recipient[] = "cloudsign/1/plaintext";
    static const uint8_t nonce[32];

    (void)key;
    (void)why;
    cs_wr_le32(w, 0x80000000U + 413);
    cs_wr_le32(w, (uint32_t)message.n);
    cs_wr_span(w, message);
    cs_wr_bytes(w, nonce, sizeof nonce);
    cs_wr_le32(w, sizeof recipient - 1);
    cs_wr_str(w, recipient);
    cs_wr_u8(w, 0);
    return w->err;
}

/* The transaction, the kind of key, the signature. */
static enum cs_err finish(struct cs_chain_signed *out, const struct cs_chain_key *key,
                          struct cs_span payload, const struct cs_chain_tx *tx,
                          const struct cs_chain_sig *sigs, const char **why)
{
    char text[CS_BASE58_TEXT_MAX];

    (void)key;
    (void)why;
    cs_wr_span(&out->bytes, payload);
    cs_wr_u8(&out->bytes, KEY_ED25519);
    cs_wr_bytes(&out->bytes, sigs[0].rs, sizeof sigs[0].rs);
    cs_base58(text, CS_BASE58_BITCOIN, CS_SPAN_OF(tx->items[0].digest));
    (void)cs_text_copy(out->txid, sizeof out->txid, text);
    return out->bytes.err;
}

static enum cs_chain_hash hash(const struct cs_chain_key *key)
{
    (void)key;
    return CS_CHAIN_HASH_SHA256;
}

const struct cs_chain_ops cs_near_ops = {
    .address = address,
    .address_check = address_check,
    .decode = decode,
    .prefix = prefix,
    .is_transaction = is_transaction,
    .finish = finish,
    .hash = hash,
};
