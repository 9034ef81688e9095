/* STELLAR: an address is base32 of a version byte, the Ed25519 key and a CRC; SHA-256
 * of network id, envelope type and transaction is signed. Source:
 * Stellar-transaction.x; SEP-23 (strkey), SEP-53 (messages). */
#include <string.h>

#include "base/rd.h"
#include "base/text.h"
#include "chain/base32.h"
#include "chain/impl.h"
#include "chain/text.h"
#include "crypto/hash.h"

enum {
    KEY_LEN = 32,
    DECIMALS = 7,
    VERSION_ACCOUNT = 6 << 3, /* "G" */
    STRKEY_LEN = 1 + KEY_LEN + 2,
    STRKEY_TEXT = 56,
    ENVELOPE_TX = 2,
    KEY_ED25519 = 0,
    KEY_MUXED = 0x100,
    OPERATIONS_MAX = 100,
};

enum operation { OP_CREATE_ACCOUNT = 0, OP_PAYMENT = 1, OP_CHANGE_TRUST = 6 };

static const char *const passphrases[] = {
    [CS_CHAIN_MAINNET] = "Public Global Stellar Network ; September 2015",
    [CS_CHAIN_TESTNET] = "Test SDF Network ; September 2015",
    [CS_CHAIN_REGTEST] = "Standalone Network ; February 2017",
};

/* ---- addresses ------------------------------------------------------------------- */

/* CRC-16/XMODEM */
static uint16_t crc16(const uint8_t *p, size_t n)
{
    unsigned crc = 0;

    for (size_t i = 0; i < n; i++) {
        crc ^= (unsigned)p[i] << 8;
        for (unsigned b = 0; b < 8; b++) {
            crc = (crc & 0x8000) != 0 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1;
        }
    }
    return (uint16_t)crc;
}

static void put_strkey(char out[CS_CHAIN_ADDRESS_MAX], const uint8_t *key)
{
    uint8_t raw[STRKEY_LEN] = {VERSION_ACCOUNT};
    uint16_t crc;

    memcpy(raw + 1, key, KEY_LEN);
    crc = crc16(raw, 1 + KEY_LEN);
    raw[1 + KEY_LEN] = (uint8_t)crc; /* little endian */
    raw[2 + KEY_LEN] = (uint8_t)(crc >> 8);
    cs_base32(out, CS_CHAIN_ADDRESS_MAX, CS_BASE32_UPPER, CS_SPAN_OF(raw));
}

static enum cs_err address(char out[CS_CHAIN_ADDRESS_MAX],
                           const struct cs_chain_key *key, const char **why)
{
    if (key->format != CS_CHAIN_FORMAT_DEFAULT) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                               "STELLAR has one address format only");
    }
    put_strkey(out, key->pub);
    return CS_OK;
}

static enum cs_err address_check(enum cs_chain_net net, const char *text,
                                 const char **why)
{
    uint8_t raw[STRKEY_LEN];
    uint16_t crc;

    (void)net;
    if (strnlen(text, STRKEY_TEXT + 1) == STRKEY_TEXT &&
        cs_unbase32(raw, sizeof raw, CS_BASE32_UPPER, text) &&
        raw[0] == VERSION_ACCOUNT) {
        crc = crc16(raw, 1 + KEY_LEN);
        if (raw[1 + KEY_LEN] == (uint8_t)crc && raw[2 + KEY_LEN] == crc >> 8) {
            return CS_OK;
        }
    }
    return cs_chain_refuse(
        why, CS_ERR_CHAIN_ADDRESS,
        "not a Stellar account (G, 56 characters): alphabet, version "
        "or checksum is wrong");
}

/* ---- the transaction
 * ----------------------------------------------------------------- */

static enum cs_err bad(const char **why, const char *text)
{
    return cs_chain_refuse(why, CS_ERR_CHAIN_TX, text);
}

static enum cs_err cut(const char **why)
{
    return bad(why, "Stellar transaction ends early");
}

struct account {
    const uint8_t *key;
    bool has_id;
    uint64_t id;
};

struct walk {
    struct cs_rd r;
    struct cs_chain_tx *tx; /* NULL: only check */
    struct cs_text text;
    const struct cs_chain_key *key;
    size_t n_operations;
    bool is_clear;
};

static enum cs_err read_key(struct cs_rd *r, const uint8_t **out, const char **why)
{
    uint32_t type = cs_rd_u32(r);

    *out = cs_rd_span(r, KEY_LEN).p;
    if (r->err != CS_OK) {
        return cut(why);
    }
    return type == KEY_ED25519 ? CS_OK
                               : bad(why, "Stellar account is of an unknown type");
}

static enum cs_err read_account(struct cs_rd *r, struct account *a, const char **why)
{
    uint32_t type = cs_rd_u32(r);

    memset(a, 0, sizeof *a);
    if (type == KEY_MUXED) {
        a->has_id = true;
        a->id = cs_rd_u64(r);
    } else if (type != KEY_ED25519) {
        return bad(why, "Stellar account is of an unknown type");
    }
    a->key = cs_rd_span(r, KEY_LEN).p;
    return r->err == CS_OK ? CS_OK : cut(why);
}

static enum cs_err read_own(struct walk *w, const char *what, const char **why)
{
    struct account a;

    CS_CHECK(read_account(&w->r, &a, why));
    CS_ASSERT(a.key != NULL); /* it was read */
    return memcmp(a.key, w->key->pub, KEY_LEN) == 0
               ? CS_OK
               : cs_chain_refuse(why, CS_ERR_CHAIN_SIGNER, what);
}

/* Alphanumeric code of 4 or 12 bytes, padded with zeros. */
static enum cs_err read_code(struct cs_rd *r, size_t n, struct cs_span *code,
                             const char **why)
{
    size_t len = 0;

    *code = cs_rd_span(r, n);
    if (r->err != CS_OK) {
        return cut(why);
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t c = code->p[i];
        bool is_ok = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                     (c >= 'A' && c <= 'Z');

        if ((c != 0 && !is_ok) || (c != 0 && len != i)) {
            return bad(why, "Stellar asset code is malformed");
        }
        len += c != 0 ? 1U : 0U;
    }
    if (len == 0 || (n == 12 && len < 5)) {
        return bad(why, "Stellar asset code is malformed");
    }
    code->n = len;
    return CS_OK;
}

struct asset {
    struct cs_span code; /* empty: XLM */
    const uint8_t *issuer;
};

static enum cs_err read_asset(struct cs_rd *r, struct asset *a, const char **why)
{
    uint32_t type = cs_rd_u32(r);

    memset(a, 0, sizeof *a);
    if (r->err != CS_OK) {
        return cut(why);
    }
    if (type == 0) {
        return CS_OK;
    }
    if (type > 2) {
        return bad(why, "Stellar asset is of a type that is not supported");
    }
    CS_CHECK(read_code(r, type == 1 ? 4 : 12, &a->code, why));
    return read_key(r, &a->issuer, why);
}

static enum cs_err read_amount(struct cs_rd *r, uint64_t *out, const char **why)
{
    *out = cs_rd_u64(r);
    if (r->err != CS_OK) {
        return cut(why);
    }
    return *out <= INT64_MAX ? CS_OK : bad(why, "Stellar amount is negative");
}

/* ---- operations
 * ------------------------------------------------------------------------ */

static void add_amount(struct walk *w, uint64_t units, const struct asset *a)
{
    char text[CS_CHAIN_ADDRESS_MAX];

    (void)cs_text_decimal(text, sizeof text, units, DECIMALS);
    cs_text_add(&w->text, text);
    if (a->code.n == 0) {
        cs_text_add(&w->text, " XLM");
        return;
    }
    cs_text_add(&w->text, " ");
    cs_text_add_span(&w->text, a->code);
    cs_text_add(&w->text, " issued by ");
    put_strkey(text, a->issuer);
    cs_text_add(&w->text, text);
}

static void put_transfer(struct walk *w, const struct account *to, uint64_t units,
                         const struct asset *a, const char *kind)
{
    struct cs_chain_tx *tx = w->tx;
    struct cs_text asset = cs_text_begin(tx->asset, sizeof tx->asset);

    (void)cs_text_copy(tx->kind, sizeof tx->kind, kind);
    put_strkey(tx->to, to->key);
    (void)cs_text_decimal(tx->amount, sizeof tx->amount, units, DECIMALS);
    (void)cs_text_decimal(tx->units, sizeof tx->units, units, 0);
    if (a->code.n == 0) {
        cs_text_add(&asset, "XLM");
    } else {
        cs_text_add_span(&asset, a->code);
        put_strkey(tx->contract, a->issuer);
    }
    cs_text_add(&w->text, kind);
    cs_text_add(&w->text, " of ");
    add_amount(w, units, a);
    cs_text_add(&w->text, " to ");
    cs_text_add(&w->text, tx->to);
    if (to->has_id) {
        cs_text_add(&w->text, " id ");
        cs_text_add_u64(&w->text, to->id);
    }
}

static enum cs_err create_account(struct walk *w, const char **why)
{
    struct account to = {0};
    struct asset xlm = {0};
    uint64_t units;

    CS_CHECK(read_key(&w->r, &to.key, why));
    CS_CHECK(read_amount(&w->r, &units, why));
    put_transfer(w, &to, units, &xlm, "account creation");
    return CS_OK;
}

static enum cs_err payment(struct walk *w, const char **why)
{
    struct account to;
    struct asset a;
    uint64_t units;

    CS_CHECK(read_account(&w->r, &to, why));
    CS_CHECK(read_asset(&w->r, &a, why));
    CS_CHECK(read_amount(&w->r, &units, why));
    if (units == 0) {
        return bad(why, "Stellar payment's amount is zero");
    }
    put_transfer(w, &to, units, &a, "transfer");
    return CS_OK;
}

static enum cs_err change_trust(struct walk *w, const char **why)
{
    struct asset a;
    uint64_t limit;

    CS_CHECK(read_asset(&w->r, &a, why));
    CS_CHECK(read_amount(&w->r, &limit, why));
    (void)cs_text_copy(w->tx->kind, sizeof w->tx->kind, "trust line");
    cs_text_add(&w->text, "trust line up to ");
    add_amount(w, limit, &a);
    w->is_clear = false; /* moves nothing, but lets others' tokens in */
    return CS_OK;
}

static enum cs_err read_operation(struct walk *w, const char **why)
{
    uint32_t has_source = cs_rd_u32(&w->r);

    if (has_source > 1) {
        return bad(why, "Stellar operation is malformed");
    }
    if (has_source == 1) {
        CS_CHECK(read_own(w,
                          "a Stellar operation is for another account than the "
                          "wallet's",
                          why));
    }
    switch (cs_rd_u32(&w->r)) {
    case OP_CREATE_ACCOUNT:
        return create_account(w, why);
    case OP_PAYMENT:
        return payment(w, why);
    case OP_CHANGE_TRUST:
        return change_trust(w, why);
    default:
        return w->r.err != CS_OK
                   ? cut(why)
                   : bad(why, "Stellar operation is not supported: payments, account "
                              "creation and trust lines are");
    }
}

static enum cs_err read_operations(struct walk *w, const char **why)
{
    struct cs_chain_tx *tx = w->tx;
    uint32_t n = cs_rd_u32(&w->r);

    if (w->r.err != CS_OK || n == 0 || n > OPERATIONS_MAX) {
        return bad(why, "Stellar transaction does not have 1 to 100 operations");
    }
    for (uint32_t i = 0; i < n; i++) {
        cs_text_add(&w->text, i == 0 ? "" : "; ");
        CS_CHECK(read_operation(w, why));
    }
    tx->n_instructions = n;
    if (n > 1) { /* the fields stand for exactly one transfer */
        (void)cs_text_copy(tx->kind, sizeof tx->kind, "several operations");
        tx->to[0] = tx->amount[0] = tx->units[0] = tx->asset[0] = '\0';
        tx->contract[0] = '\0';
    }
    return CS_OK;
}

/* ---- around the operations
 * --------------------------------------------------------------- */

static enum cs_err read_conditions(struct walk *w, const char **why)
{
    struct cs_text until = cs_text_begin(w->tx->valid_until, sizeof w->tx->valid_until);
    uint32_t type = cs_rd_u32(&w->r);
    uint64_t max;

    if (type > 1) {
        return bad(why, "Stellar transaction has preconditions that are not supported: "
                        "time bounds are");
    }
    if (type == 1) {
        (void)cs_rd_u64(&w->r);
        max = cs_rd_u64(&w->r);
        if (max != 0) {
            cs_text_add_u64(&until, max);
        }
    }
    return w->r.err == CS_OK ? CS_OK : cut(why);
}

static enum cs_err read_memo_text(struct walk *w, const char **why)
{
    static const uint8_t zero[4];
    uint32_t n = cs_rd_u32(&w->r);
    struct cs_span text, pad;

    if (n > 28) {
        return bad(why, "Stellar memo is longer than 28 bytes");
    }
    text = cs_rd_span(&w->r, n);
    pad = cs_rd_span(&w->r, (4 - n % 4) % 4);
    if (w->r.err != CS_OK) {
        return cut(why);
    }
    if (pad.n > 0 && memcmp(pad.p, zero, pad.n) != 0) {
        return bad(why, "Stellar memo is not padded with zeros");
    }
    w->tx->is_memo_cut = !cs_text_show(w->tx->memo, sizeof w->tx->memo, text);
    return CS_OK;
}

static enum cs_err read_memo(struct walk *w, const char **why)
{
    struct cs_text t = cs_text_begin(w->tx->memo, sizeof w->tx->memo);
    uint32_t type = cs_rd_u32(&w->r);
    struct cs_span hash;

    switch (type) {
    case 0:
        break;
    case 1:
        return read_memo_text(w, why);
    case 2:
        cs_text_add_u64(&t, cs_rd_u64(&w->r));
        break;
    case 3:
    case 4:
        hash = cs_rd_span(&w->r, 32);
        cs_text_add_hex(&t, hash);
        break;
    default:
        return bad(why, "Stellar memo is of an unknown type");
    }
    return w->r.err == CS_OK ? CS_OK : cut(why);
}

static enum cs_err read_head(struct walk *w, const char **why)
{
    struct cs_text sequence = cs_text_begin(w->tx->sequence, sizeof w->tx->sequence);
    uint64_t v;

    if (cs_rd_u32(&w->r) != ENVELOPE_TX) {
        return bad(why, "not a Stellar transaction envelope (type 2)");
    }
    CS_CHECK(read_own(
        w, "source of the Stellar transaction is not the wallet's account", why));
    v = cs_rd_u32(&w->r);
    (void)cs_text_decimal(w->tx->fee, sizeof w->tx->fee, v, DECIMALS);
    (void)cs_text_decimal(w->tx->fee_units, sizeof w->tx->fee_units, v, 0);
    v = cs_rd_u64(&w->r);
    cs_text_add_u64(&sequence, v);
    if (w->r.err != CS_OK) {
        return cut(why);
    }
    if (v > INT64_MAX) {
        return bad(why, "Stellar sequence number is negative");
    }
    CS_CHECK(read_conditions(w, why));
    return read_memo(w, why);
}

static void add_tail(struct walk *w)
{
    cs_text_add(&w->text, " from ");
    cs_text_add(&w->text, w->tx->from);
    cs_text_add(&w->text, "; fee at most ");
    cs_text_add(&w->text, w->tx->fee);
    cs_text_add(&w->text, " XLM; sequence ");
    cs_text_add(&w->text, w->tx->sequence);
    if (w->tx->memo[0] != '\0') {
        cs_text_add(&w->text, "; memo: ");
        cs_text_add(&w->text, w->tx->memo);
    }
}

/* envelope type, transaction, no signatures; *body: type and transaction */
static enum cs_err parse(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                         struct cs_span payload, struct cs_span *body, const char **why)
{
    struct walk w = {.r = CS_RD(payload), .tx = tx, .key = key, .is_clear = true};

    w.text = cs_text_begin(tx->text, sizeof tx->text);
    (void)cs_text_copy(tx->from, sizeof tx->from, tx->signer);
    CS_CHECK(read_head(&w, why));
    CS_CHECK(read_operations(&w, why));
    if (cs_rd_u32(&w.r) != 0) {
        return bad(why, "Stellar transaction has an extension that is not supported");
    }
    *body = CS_SPAN(payload.p, payload.n - w.r.left);
    if (w.r.left == 0 || w.r.err != CS_OK) {
        return cut(why);
    }
    if (cs_rd_u32(&w.r) != 0) {
        return bad(why, "Stellar transaction is signed already");
    }
    if (cs_rd_end(&w.r) != CS_OK) {
        return bad(why, "Stellar envelope does not end behind an empty signature list");
    }
    add_tail(&w);
    tx->is_clear = w.is_clear && !w.text.is_cut;
    return CS_OK;
}

static enum cs_err decode(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                          struct cs_span payload, const char **why)
{
    struct cs_wr w = {.max = CS_CHAIN_PAYLOAD_MAX + 32};
    const char *phrase = passphrases[key->net];
    struct cs_span body;
    uint8_t id[32];

    CS_CHECK(parse(tx, key, payload, &body, why));
    cs_sha256(id, CS_SPAN(phrase, strlen(phrase)));
    cs_wr_bytes(&w, id, sizeof id);
    cs_wr_span(&w, body);
    return cs_chain_one_item(tx, key, CS_CHAIN_HASH_SHA256, &w);
}

/* An envelope of any type behind nothing or a network id: no text starts so. */
static bool is_transaction(struct cs_span b)
{
    static const uint8_t zero[3];
    bool is_long = b.n > 100;
    size_t at = is_long && memcmp(b.p, zero, 3) != 0 ? 32 : 0;

    return is_long && memcmp(b.p + at, zero, 3) == 0 && b.p[at + 3] <= 9;
}

/* SEP-53 */
static enum cs_err prefix(struct cs_wr *w, const struct cs_chain_key *key,
                          struct cs_span message, const char **why)
{
    (void)key;
    (void)why;
    cs_wr_str(w, "Stellar Signed Message:\n");
    cs_wr_span(w, message);
    return w->err;
}

/* One decorated signature: the last four bytes of the key, the signature. */
static enum cs_err finish(struct cs_chain_signed *out, const struct cs_chain_key *key,
                          struct cs_span payload, const struct cs_chain_tx *tx,
                          const struct cs_chain_sig *sigs, const char **why)
{
    (void)why;
    cs_wr_bytes(&out->bytes, payload.p, payload.n - 4); /* the empty list */
    cs_wr_u32(&out->bytes, 1);
    cs_wr_bytes(&out->bytes, key->pub + KEY_LEN - 4, 4);
    cs_wr_lp(&out->bytes, CS_SPAN(sigs[0].rs, sizeof sigs[0].rs));
    (void)cs_hex(out->txid, tx->items[0].digest, 32);
    return out->bytes.err;
}

static enum cs_chain_hash hash(const struct cs_chain_key *key)
{
    (void)key;
    return CS_CHAIN_HASH_SHA256;
}

const struct cs_chain_ops cs_stellar_ops = {
    .address = address,
    .address_check = address_check,
    .decode = decode,
    .prefix = prefix,
    .is_transaction = is_transaction,
    .finish = finish,
    .hash = hash,
};
