/* XRP_LEDGER: addresses of both key types, what is signed, final encoding.
 *   Ed25519: the bytes "STX\0" and the transaction, whole; key with prefix ED
 *   secp256k1: SHA-512Half of the same, DER
 * Payload forms and the plaintext prefix: README.md. */
#include "chain/xrp.h"

#include <string.h>

#include "chain/base58.h"
#include "chain/impl.h"
#include "crypto/hash.h"
#include "crypto/ripemd.h"

static const uint8_t sign_prefix[4] = {'S', 'T', 'X', 0};

/* ---- keys and addresses ---------------------------------------------------- */

static void ledger_key(uint8_t out[CS_XRP_PUB_LEN], const struct cs_chain_key *key)
{
    if (key->curve == CS_CURVE_ED25519) {
        out[0] = 0xed;
        memcpy(out + 1, key->pub, CS_XRP_PUB_LEN - 1);
    } else {
        memcpy(out, key->pub, CS_XRP_PUB_LEN);
    }
}

static void account_id(uint8_t out[CS_XRP_ACCOUNT_LEN], const struct cs_chain_key *key)
{
    uint8_t pub[CS_XRP_PUB_LEN];

    ledger_key(pub, key);
    cs_hash160(out, CS_SPAN_OF(pub));
}

void cs_xrp_address(char out[CS_CHAIN_ADDRESS_MAX],
                    const uint8_t id[CS_XRP_ACCOUNT_LEN])
{
    uint8_t raw[1 + CS_XRP_ACCOUNT_LEN] = {0}; /* version 0: an account */
    char text[CS_BASE58_TEXT_MAX];

    memcpy(raw + 1, id, CS_XRP_ACCOUNT_LEN);
    cs_base58check(text, CS_BASE58_XRP, CS_SPAN_OF(raw));
    (void)cs_text_copy(out, CS_CHAIN_ADDRESS_MAX, text);
}

/* X-address (XLS-5d): version, account, flag (0: no tag, 1: 32-bit tag), tag little
 * endian, four zero bytes. */
enum { X_LEN = 2 + CS_XRP_ACCOUNT_LEN + 1 + 8, X_FLAG_AT = 2 + CS_XRP_ACCOUNT_LEN };

static const uint8_t x_main[2] = {0x05, 0x44};
static const uint8_t x_test[2] = {0x04, 0x93};

static void x_address(char out[CS_CHAIN_ADDRESS_MAX],
                      const uint8_t id[CS_XRP_ACCOUNT_LEN], enum cs_chain_net net)
{
    uint8_t raw[X_LEN] = {0};
    char text[CS_BASE58_TEXT_MAX];

    memcpy(raw, net == CS_CHAIN_MAINNET ? x_main : x_test, 2);
    memcpy(raw + 2, id, CS_XRP_ACCOUNT_LEN);
    cs_base58check(text, CS_BASE58_XRP, CS_SPAN_OF(raw));
    (void)cs_text_copy(out, CS_CHAIN_ADDRESS_MAX, text);
}

static enum cs_err address(char out[CS_CHAIN_ADDRESS_MAX],
                           const struct cs_chain_key *key, const char **why)
{
    uint8_t id[CS_XRP_ACCOUNT_LEN];

    account_id(id, key);
    if (key->format == CS_CHAIN_FORMAT_DEFAULT) {
        cs_xrp_address(out, id);
        return CS_OK;
    }
    if (key->format == CS_CHAIN_FORMAT_X) {
        x_address(out, id, key->net);
        return CS_OK;
    }
    return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                           "XRP_LEDGER has classic addresses and X-addresses only");
}

static bool x_address_ok(const char *text)
{
    uint8_t raw[X_LEN];
    uint8_t zero[8] = {0};

    if (cs_unbase58check(raw, sizeof raw, CS_BASE58_XRP, text) != CS_OK ||
        (memcmp(raw, x_main, 2) != 0 && memcmp(raw, x_test, 2) != 0)) {
        return false;
    }
    if (raw[X_FLAG_AT] == 0) {
        return memcmp(raw + X_FLAG_AT + 1, zero, 8) == 0;
    }
    return raw[X_FLAG_AT] == 1 && memcmp(raw + X_FLAG_AT + 5, zero, 4) == 0;
}

static enum cs_err address_check(enum cs_chain_net net, const char *text,
                                 const char **why)
{
    uint8_t raw[1 + CS_XRP_ACCOUNT_LEN];

    (void)net; /* classic addresses are the same everywhere, X-addresses say theirs */
    if (cs_unbase58check(raw, sizeof raw, CS_BASE58_XRP, text) == CS_OK) {
        if (raw[0] != 0) {
            return cs_chain_refuse(
                why, CS_ERR_CHAIN_ADDRESS,
                "this text encodes something else than an XRP Ledger "
                "account");
        }
        return CS_OK;
    }
    if (!x_address_ok(text)) {
        return cs_chain_refuse(
            why, CS_ERR_CHAIN_ADDRESS,
            "not an XRP Ledger address: length, alphabet, version or "
            "checksum is wrong");
    }
    return CS_OK;
}

/* ---- transactions ---------------------------------------------------------- */

static enum cs_err bad(const char **why, const char *text)
{
    return cs_chain_refuse(why, CS_ERR_CHAIN_TX, text);
}

/* The payload without the signing prefix that some tools put in front. */
static struct cs_span strip_prefix(struct cs_span payload)
{
    if (payload.n >= sizeof sign_prefix &&
        memcmp(payload.p, sign_prefix, sizeof sign_prefix) == 0) {
        payload = CS_SPAN(payload.p + sizeof sign_prefix,
                          payload.n - sizeof sign_prefix);
    }
    return payload;
}

static enum cs_err check_unsigned(uint32_t id, const char **why)
{
    if (id == CS_XRP_TXN_SIGNATURE) {
        return bad(why,
                   "XRP Ledger transaction is signed already: TxnSignature is there");
    }
    if (id == CS_XRP_SIGNERS) {
        return bad(why,
                   "multi-signed XRP Ledger transactions are not supported: Signers "
                   "is there");
    }
    if (cs_xrp_field_unsigned(id)) {
        return bad(why,
                   "XRP Ledger transaction holds a field that a signature does not "
                   "cover");
    }
    return CS_OK;
}

static enum cs_err check_fields(struct cs_span object, const char **why)
{
    struct cs_rd r = CS_RD(object);
    struct cs_xrp_field f;
    uint32_t last = 0;

    if (object.n == 0) {
        return bad(why, "XRP Ledger transaction is empty");
    }
    while (r.left > 0) {
        CS_CHECK(cs_xrp_read(&r, &last, &f, why));
        CS_CHECK(check_unsigned(f.id, why));
    }
    return CS_OK;
}

static enum cs_err check_type(struct cs_span object, bool *is_payment, const char **why)
{
    struct cs_xrp_field f;
    unsigned code;

    if (!cs_xrp_find(object, CS_XRP_TRANSACTION_TYPE, &f)) {
        return bad(why, "XRP Ledger transaction has no TransactionType");
    }
    code = (unsigned)f.value.p[0] << 8 | f.value.p[1];
    if (cs_xrp_type_name(code) == NULL) {
        return bad(why, "XRP Ledger transaction has a TransactionType that nobody can "
                        "submit");
    }
    *is_payment = code == 0;
    return CS_OK;
}

static enum cs_err check_common(struct cs_span object, const char **why)
{
    struct cs_xrp_field f;

    if (!cs_xrp_find(object, CS_XRP_SEQUENCE, &f)) {
        return bad(why, "XRP Ledger transaction has no Sequence");
    }
    if (!cs_xrp_find(object, CS_XRP_FEE, &f)) {
        return bad(why, "XRP Ledger transaction has no Fee");
    }
    if (f.value.n != 8) {
        return bad(why,
                   "XRP Ledger transaction pays its Fee in something else than XRP");
    }
    return CS_OK;
}

static enum cs_err check_payment(struct cs_span object, const char **why)
{
    struct cs_xrp_amount a;
    struct cs_xrp_field f;
    struct cs_rd r;

    if (!cs_xrp_find(object, CS_XRP_DESTINATION, &f)) {
        return bad(why, "XRP Ledger Payment has no Destination");
    }
    if (!cs_xrp_find(object, CS_XRP_F_AMOUNT, &f)) {
        return bad(why, "XRP Ledger Payment has no Amount");
    }
    r = CS_RD(f.value);
    CS_CHECK(cs_xrp_rd_amount(&r, &a, why));
    if (a.is_negative || a.mantissa == 0) {
        return bad(why, "XRP Ledger Payment has an Amount that is not positive");
    }
    return CS_OK;
}

/* DECISIONS 27: the own key signs for its own account, nothing else. */
static enum cs_err check_signer(struct cs_span object, const struct cs_chain_key *key,
                                struct cs_xrp_field *pub_field, const char **why)
{
    uint8_t id[CS_XRP_ACCOUNT_LEN];
    uint8_t pub[CS_XRP_PUB_LEN];
    struct cs_xrp_field f;

    account_id(id, key);
    ledger_key(pub, key);
    if (!cs_xrp_find(object, CS_XRP_F_ACCOUNT, &f)) {
        return bad(why, "XRP Ledger transaction has no Account");
    }
    if (memcmp(f.value.p, id, sizeof id) != 0) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_SIGNER,
                               "Account of the XRP Ledger transaction is not the "
                               "wallet's address");
    }
    if (cs_xrp_find(object, CS_XRP_DELEGATE, &f)) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_SIGNER,
                               "XRP Ledger transaction is to be signed by a Delegate");
    }
    if (!cs_xrp_find(object, CS_XRP_SIGNING_PUB_KEY, pub_field)) {
        return bad(why, "XRP Ledger transaction has no SigningPubKey: put the wallet's "
                        "public key there");
    }
    if (pub_field->value.n == 0) {
        return bad(why, "XRP Ledger transaction has an empty SigningPubKey, as for "
                        "multi-signing, which is not supported");
    }
    if (pub_field->value.n != sizeof pub ||
        memcmp(pub_field->value.p, pub, sizeof pub) != 0) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_SIGNER,
                               "SigningPubKey of the XRP Ledger transaction is not the "
                               "wallet's key");
    }
    return CS_OK;
}

static enum cs_err check(struct cs_span object, const struct cs_chain_key *key,
                         struct cs_xrp_field *pub_field, const char **why)
{
    bool is_payment = false;

    CS_CHECK(check_fields(object, why));
    CS_CHECK(check_type(object, &is_payment, why));
    CS_CHECK(check_signer(object, key, pub_field, why));
    CS_CHECK(check_common(object, why));
    return is_payment ? check_payment(object, why) : CS_OK;
}

static enum cs_chain_hash hash(const struct cs_chain_key *key)
{
    return key->curve == CS_CURVE_ED25519 ? CS_CHAIN_HASH_NONE
                                          : CS_CHAIN_HASH_SHA512HALF;
}

static enum cs_err decode(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                          struct cs_span payload, const char **why)
{
    struct cs_wr w = {.max = CS_CHAIN_PAYLOAD_MAX + sizeof sign_prefix};
    struct cs_span object = strip_prefix(payload);
    struct cs_xrp_field pub;

    CS_CHECK(check(object, key, &pub, why));
    cs_xrp_summary(tx, object);
    cs_wr_bytes(&w, sign_prefix, sizeof sign_prefix);
    cs_wr_span(&w, object);
    return cs_chain_one_item(tx, key, hash(key), &w);
}

/* ---- plaintext ------------------------------------------------------------- */

/* Whatever can stand before something that is signed on this ledger ends its four bytes
 * with zero: STX, SMT, BCH, CLM, TXN, PRP, VAL, MAN and all others. */
static bool has_ledger_prefix(struct cs_span b)
{
    return b.n >= 4 && b.p[3] == 0 && b.p[0] >= 'A' && b.p[0] <= 'Z' && b.p[1] >= 'A' &&
           b.p[1] <= 'Z' && b.p[2] >= 'A' && b.p[2] <= 'Z';
}

static bool is_transaction(struct cs_span bytes)
{
    struct cs_xrp_field f;

    return has_ledger_prefix(bytes) ||
           (bytes.n > 0 && cs_xrp_find(bytes, CS_XRP_TRANSACTION_TYPE, &f));
}

/* Ours: no ledger object starts with 0x19, and the length leaves one reading only. */
static enum cs_err prefix(struct cs_wr *w, const struct cs_chain_key *key,
                          struct cs_span message, const char **why)
{
    (void)key;
    (void)why;
    cs_wr_str(w, "\x19XRP Ledger Signed Message:\n");
    cs_wr_u32(w, (uint32_t)message.n);
    cs_wr_span(w, message);
    return w->err;
}

/* ---- final encoding -------------------------------------------------------- */

/* "TXN\0" and the signed bytes; upper-case hex, as explorers show it. */
static enum cs_err put_txid(struct cs_chain_signed *out)
{
    struct cs_wr w = {.max = CS_CHAIN_PAYLOAD_MAX + 256};
    enum cs_err err;
    uint8_t id[32];

    cs_wr_bytes(&w, "TXN", 4);
    cs_wr_span(&w, cs_wr_get(&out->bytes));
    err = w.err; /* free forgets it */
    if (err == CS_OK) {
        cs_sha512half(id, cs_wr_get(&w));
        cs_chain_hex_upper(out->txid, id);
    }
    cs_wr_free(&w);
    return err;
}

/* TxnSignature (7, 4) comes right after SigningPubKey (7, 3) in canonical order. */
static enum cs_err finish(struct cs_chain_signed *out, const struct cs_chain_key *key,
                          struct cs_span payload, const struct cs_chain_tx *tx,
                          const struct cs_chain_sig *sigs, const char **why)
{
    struct cs_span object = strip_prefix(payload);
    uint8_t sig[72];
    size_t sig_len = sizeof sigs->rs;
    struct cs_xrp_field pub;
    size_t head;

    (void)tx;
    CS_CHECK(check(object, key, &pub, why));
    if (key->curve == CS_CURVE_ED25519) {
        memcpy(sig, sigs[0].rs, sig_len);
    } else {
        sig_len = cs_chain_der(sig, sigs[0].rs);
    }
    head = (size_t)(pub.end - object.p);
    cs_wr_bytes(&out->bytes, object.p, head);
    cs_wr_u8(&out->bytes, CS_XRP_BLOB << 4 | 4);
    cs_wr_u8(&out->bytes, (uint8_t)sig_len);
    cs_wr_bytes(&out->bytes, sig, sig_len);
    cs_wr_bytes(&out->bytes, object.p + head, object.n - head);
    return out->bytes.err == CS_OK ? put_txid(out) : out->bytes.err;
}

const struct cs_chain_ops cs_xrp_ops = {
    .address = address,
    .address_check = address_check,
    .decode = decode,
    .prefix = prefix,
    .is_transaction = is_transaction,
    .finish = finish,
    .hash = hash,
};
