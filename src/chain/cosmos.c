/* COSMOS_HUB and other chains of the Cosmos SDK: an address is bech32 of HASH160 of the
 * key; SHA-256 of the SignDoc (SIGN_MODE_DIRECT), or of its amino JSON, is signed; r,
 * s. Source: Cosmos SDK, tx.proto and bank/tx.proto; ADR-020, ADR-036 for messages. */
#include "chain/cosmos.h"

#include <string.h>

#include "base/text.h"
#include "chain/bech32.h"
#include "chain/impl.h"
#include "chain/pb.h"
#include "chain/text.h"
#include "crypto/hash.h"
#include "crypto/ripemd.h"

enum {
    ACCOUNT_LEN = 20,
    AMOUNT_DIGITS = 78, /* 256 bits */
    DENOM_MAX = 127,
    TEXT_MAX = 255, /* chain id, addresses */
};

/* ---- chains ---------------------------------------------------------------------- */

static const struct zone {
    enum cs_chain chain;
    const char *hrp;
    const char *denom; /* of the native asset's smallest unit */
} zones[] = {
    {CS_CHAIN_COSMOS_HUB, "cosmos", "uatom"}, {CS_CHAIN_OSMOSIS, "osmo", "uosmo"},
    {CS_CHAIN_CELESTIA, "celestia", "utia"},  {CS_CHAIN_DYDX, "dydx", "adydx"},
    {CS_CHAIN_AXELAR, "axelar", "uaxl"},      {CS_CHAIN_SEI, "sei", "usei"},
};

static const struct zone *zone_of(enum cs_chain chain)
{
    const struct zone *found = NULL;

    for (size_t i = 0; i < CS_COUNTOF(zones); i++) {
        if (zones[i].chain == chain) {
            found = &zones[i];
        }
    }
    CS_ASSERT(found != NULL);
    return found;
}

/* ---- addresses ------------------------------------------------------------------- */

static enum cs_err address(char out[CS_CHAIN_ADDRESS_MAX],
                           const struct cs_chain_key *key, const char **why)
{
    uint8_t account[ACCOUNT_LEN];

    if (key->format != CS_CHAIN_FORMAT_DEFAULT) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_UNKNOWN,
                               "Cosmos chains have one address format only");
    }
    cs_hash160(account, CS_SPAN(key->pub, key->pub_len));
    cs_bech32(out, CS_BECH32, zone_of(key->chain)->hrp, CS_BECH32_NO_VERSION,
              CS_SPAN_OF(account));
    return CS_OK;
}

/* Accounts have 20 bytes, module accounts and some contracts 32. */
static bool is_address(const struct zone *z, const char *text)
{
    struct cs_bech32_read b;

    return strlen(text) <= 90 && cs_unbech32(&b, z->hrp, false, text) &&
           b.kind == CS_BECH32 && (b.n == ACCOUNT_LEN || b.n == 32);
}

static enum cs_err check_text(enum cs_chain chain, const char *text, const char **why)
{
    if (!is_address(zone_of(chain), text)) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_ADDRESS,
                               "not an address of this Cosmos chain: prefix, length or "
                               "checksum is wrong");
    }
    return CS_OK;
}

/* ---- SignDoc --------------------------------------------------------------------- */

static enum cs_err bad(const char **why, const char *text)
{
    return cs_chain_refuse(why, CS_ERR_CHAIN_TX, text);
}

struct doc {
    unsigned mode; /* that the signer's info must name */
    struct cs_span body, auth, chain_id;
    struct cs_span messages, memo; /* of the body */
    size_t n_messages;
    uint64_t timeout, account, sequence, gas;
    struct cs_span fee; /* repeated Coin */
    size_t n_fee;
};

static bool is_equal(struct cs_span s, const char *text)
{
    return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

static bool is_text(struct cs_span s, size_t max)
{
    return s.n <= max && cs_utf8_ok(s);
}

/* type URL, value */
static bool read_any(struct cs_span in, struct cs_pb_got g[2])
{
    static const struct cs_pb_want wants[] = {{1, CS_PB_BYTES, false},
                                              {2, CS_PB_BYTES, false}};

    return cs_pb_read(in, wants, 2, g) && g[0].count == 1;
}

/* The own key, SIGN_MODE_DIRECT, sequence. */
static enum cs_err read_signer(struct doc *d, struct cs_span in,
                               const struct cs_chain_key *key, const char **why)
{
    static const struct cs_pb_want info[] = {
        {1, CS_PB_BYTES, false}, {2, CS_PB_BYTES, false}, {3, CS_PB_VARINT, false}};
    static const struct cs_pb_want one[] = {{1, CS_PB_BYTES, false}};
    static const struct cs_pb_want mode[] = {{1, CS_PB_VARINT, false}};
    struct cs_pb_got g[3], any[2], pub[1], single[1], m[1];

    if (!cs_pb_read(in, info, 3, g) || !read_any(g[0].bytes, any) ||
        !cs_pb_read(any[1].bytes, one, 1, pub)) {
        return bad(why, "Cosmos transaction's signer is malformed");
    }
    if (!is_equal(any[0].bytes, "/cosmos.crypto.secp256k1.PubKey") ||
        pub[0].bytes.n != CS_COSMOS_PUB_LEN ||
        memcmp(pub[0].bytes.p, key->pub, CS_COSMOS_PUB_LEN) != 0) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_SIGNER,
                               "public key of the Cosmos transaction is not the "
                               "wallet's");
    }
    if (!cs_pb_read(g[1].bytes, one, 1, single) ||
        !cs_pb_read(single[0].bytes, mode, 1, m) || m[0].varint != d->mode) {
        return bad(why, "Cosmos transaction is not to be signed in SIGN_MODE_DIRECT");
    }
    d->sequence = g[2].varint;
    return CS_OK;
}

static enum cs_err read_fee(struct doc *d, struct cs_span in, const char **why)
{
    static const struct cs_pb_want wants[] = {{1, CS_PB_BYTES, true},
                                              {2, CS_PB_VARINT, false}};
    struct cs_pb_got g[2];

    if (!cs_pb_read(in, wants, 2, g)) {
        return bad(why,
                   "Cosmos transaction's fee is malformed, or another account pays "
                   "it");
    }
    d->fee = g[0].bytes;
    d->n_fee = g[0].count;
    d->gas = g[1].varint;
    return CS_OK;
}

static enum cs_err read_auth(struct doc *d, const struct cs_chain_key *key,
                             const char **why)
{
    static const struct cs_pb_want wants[] = {{1, CS_PB_BYTES, false}, /* one signer */
                                              {2, CS_PB_BYTES, false}};
    struct cs_pb_got g[2];

    if (!cs_pb_read(d->auth, wants, 2, g) || g[0].count != 1) {
        return bad(why, "Cosmos transaction does not have exactly one signer");
    }
    CS_CHECK(read_signer(d, g[0].bytes, key, why));
    return read_fee(d, g[1].bytes, why);
}

static enum cs_err read_body(struct doc *d, const char **why)
{
    static const struct cs_pb_want wants[] = {
        {1, CS_PB_BYTES, true}, {2, CS_PB_BYTES, false}, {3, CS_PB_VARINT, false}};
    struct cs_pb_got g[3];

    if (!cs_pb_read(d->body, wants, 3, g)) {
        return bad(why, "Cosmos transaction's body is malformed, or has extensions");
    }
    if (g[0].count == 0) {
        return bad(why, "Cosmos transaction holds no message");
    }
    if (!is_text(g[1].bytes, CS_CHAIN_PAYLOAD_MAX)) {
        return bad(why, "Cosmos transaction's memo is not a text");
    }
    d->messages = g[0].bytes;
    d->n_messages = g[0].count;
    d->memo = g[1].bytes;
    d->timeout = g[2].varint;
    return CS_OK;
}

static enum cs_err parse_doc(struct doc *d, const struct cs_chain_key *key,
                             struct cs_span payload, const char **why)
{
    static const struct cs_pb_want wants[] = {{1, CS_PB_BYTES, false},
                                              {2, CS_PB_BYTES, false},
                                              {3, CS_PB_BYTES, false},
                                              {4, CS_PB_VARINT, false}};
    struct cs_pb_got g[4];

    if (!cs_pb_read(payload, wants, 4, g) || g[0].count == 0 || g[1].count == 0) {
        return bad(why, "not a Cosmos SignDoc (body, signer and fee, chain id, account "
                        "number)");
    }
    d->body = g[0].bytes;
    d->auth = g[1].bytes;
    d->chain_id = g[2].bytes;
    d->account = g[3].varint;
    if (d->chain_id.n == 0 || !is_text(d->chain_id, 50)) {
        return bad(why, "Cosmos SignDoc has no chain id");
    }
    CS_CHECK(read_auth(d, key, why));
    return read_body(d, why);
}

/* Either form; d points into the payload, or into store. */
static enum cs_err parse(struct doc *d, struct cs_wr *store,
                         const struct cs_chain_key *key, struct cs_span payload,
                         const char **why)
{
    memset(d, 0, sizeof *d);
    d->mode = CS_COSMOS_MODE_DIRECT;
    if (cs_cosmos_is_amino(payload)) {
        d->mode = CS_COSMOS_MODE_AMINO;
        CS_CHECK(cs_cosmos_amino(store, key->pub, payload, why));
        payload = cs_wr_get(store);
    }
    return parse_doc(d, key, payload, why);
}

/* ---- messages -------------------------------------------------------------------- */

struct coin {
    struct cs_span denom, amount;
};

static bool is_number(struct cs_span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
    }
    return s.n > 0 && s.n <= AMOUNT_DIGITS && (s.p[0] != '0' || s.n == 1);
}

/* Denominations are printable ASCII without spaces. */
static bool is_denom(struct cs_span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= 0x20 || s.p[i] > 0x7e) {
            return false;
        }
    }
    return s.n > 0 && s.n <= DENOM_MAX;
}

/* Takes one coin off a list of field `number`. */
static bool next_coin(struct cs_rd *r, struct coin *c)
{
    static const struct cs_pb_want wants[] = {{1, CS_PB_BYTES, false},
                                              {2, CS_PB_BYTES, false}};
    struct cs_pb_field f;
    struct cs_pb_got g[2];

    if (!cs_pb_next(r, &f) || !cs_pb_read(f.bytes, wants, 2, g)) {
        return false;
    }
    c->denom = g[0].bytes;
    c->amount = g[1].bytes;
    return is_denom(c->denom) && is_number(c->amount);
}

static void add_coin(struct cs_text *t, const struct zone *z, const struct coin *c)
{
    const struct cs_chain_info *info = cs_chain_info(z->chain);
    char amount[CS_CHAIN_AMOUNT_MAX];

    if (is_equal(c->denom, z->denom)) {
        (void)cs_text_digits(amount, sizeof amount, c->amount, info->decimals);
        cs_text_add(t, amount);
        cs_text_add(t, " ");
        cs_text_add(t, info->symbol);
    } else {
        cs_text_add_span(t, c->amount);
        cs_text_add(t, " units of ");
        cs_text_add_span(t, c->denom);
    }
}

static bool add_coins(struct cs_text *t, const struct zone *z, struct cs_span coins)
{
    struct cs_rd r = CS_RD(coins);
    struct coin c;

    for (bool is_first = true; r.left > 0; is_first = false) {
        if (!next_coin(&r, &c)) {
            return false;
        }
        cs_text_add(t, is_first ? "" : ", ");
        add_coin(t, z, &c);
    }
    return true;
}

static void put_text(char *out, size_t cap, struct cs_span s)
{
    struct cs_text t = cs_text_begin(out, cap);

    cs_text_add_span(&t, s);
}

/* The fields for exactly one coin. */
static void put_coin(struct cs_chain_tx *tx, const struct zone *z, struct cs_span coins)
{
    const struct cs_chain_info *info = cs_chain_info(z->chain);
    struct cs_rd r = CS_RD(coins);
    struct coin c;

    if (!next_coin(&r, &c) || r.left != 0) {
        return;
    }
    put_text(tx->units, sizeof tx->units, c.amount);
    if (is_equal(c.denom, z->denom)) {
        (void)cs_text_copy(tx->asset, sizeof tx->asset, info->symbol);
        (void)cs_text_digits(tx->amount, sizeof tx->amount, c.amount, info->decimals);
    } else {
        (void)cs_text_copy(tx->asset, sizeof tx->asset, "token");
        put_text(tx->contract, sizeof tx->contract, c.denom);
    }
}

/* from, to, coins */
static enum cs_err read_send(struct cs_chain_tx *tx, struct cs_text *t,
                             const struct zone *z, struct cs_span in, const char **why)
{
    static const struct cs_pb_want wants[] = {
        {1, CS_PB_BYTES, false}, {2, CS_PB_BYTES, false}, {3, CS_PB_BYTES, true}};
    struct cs_pb_got g[3];

    if (!cs_pb_read(in, wants, 3, g) || g[2].count == 0 ||
        g[1].bytes.n >= CS_CHAIN_ADDRESS_MAX) {
        return bad(why, "Cosmos MsgSend is malformed");
    }
    put_text(tx->to, sizeof tx->to, g[1].bytes);
    if (!is_address(z, tx->to)) {
        return bad(why, "Cosmos MsgSend's recipient is not an address of this chain");
    }
    if (!is_equal(g[0].bytes, tx->signer)) {
        return cs_chain_refuse(why, CS_ERR_CHAIN_SIGNER,
                               "sender of the Cosmos MsgSend is not the wallet's "
                               "address");
    }
    cs_text_add(t, "transfer of ");
    if (!add_coins(t, z, g[2].bytes)) {
        return bad(why, "Cosmos MsgSend's amount is malformed");
    }
    cs_text_add(t, " to ");
    cs_text_add(t, tx->to);
    put_coin(tx, z, g[2].bytes);
    return CS_OK;
}

static enum cs_err read_message(struct cs_chain_tx *tx, struct cs_text *t,
                                const struct zone *z, struct cs_span in,
                                const char **why)
{
    struct cs_pb_got g[2];

    if (!read_any(in, g) || g[0].bytes.n == 0 || !is_denom(g[0].bytes)) {
        return bad(why, "Cosmos message is malformed");
    }
    if (is_equal(g[0].bytes, "/cosmos.bank.v1beta1.MsgSend")) {
        (void)cs_text_copy(tx->kind, sizeof tx->kind, "transfer");
        return read_send(tx, t, z, g[1].bytes, why);
    }
    tx->is_clear = false;
    put_text(tx->kind, sizeof tx->kind, g[0].bytes);
    cs_text_add(t, "message ");
    cs_text_add_span(t, g[0].bytes);
    return CS_OK;
}

static enum cs_err read_messages(struct cs_chain_tx *tx, struct cs_text *t,
                                 const struct doc *d, const struct zone *z,
                                 const char **why)
{
    struct cs_rd r = CS_RD(d->messages);
    struct cs_pb_field f;

    for (size_t i = 0; i < d->n_messages; i++) {
        CS_ASSERT(cs_pb_next(&r, &f)); /* read_body has walked them */
        cs_text_add(t, i == 0 ? "" : "; ");
        CS_CHECK(read_message(tx, t, z, f.bytes, why));
    }
    if (d->n_messages > 1) { /* the fields stand for exactly one transfer */
        (void)cs_text_copy(tx->kind, sizeof tx->kind, "several messages");
        tx->to[0] = tx->amount[0] = tx->units[0] = tx->asset[0] = '\0';
        tx->contract[0] = '\0';
    }
    return CS_OK;
}

/* ---- summary --------------------------------------------------------------------- */

static enum cs_err put_fee(struct cs_chain_tx *tx, struct cs_text *t,
                           const struct doc *d, const struct zone *z, const char **why)
{
    struct cs_rd r = CS_RD(d->fee);
    struct coin c;

    cs_text_add(t, "; fee ");
    if (!add_coins(t, z, d->fee)) {
        return bad(why, "Cosmos transaction's fee is malformed");
    }
    if (d->n_fee == 1 && next_coin(&r, &c) && is_equal(c.denom, z->denom)) {
        put_text(tx->fee_units, sizeof tx->fee_units, c.amount);
        (void)cs_text_digits(tx->fee, sizeof tx->fee, c.amount,
                             cs_chain_info(z->chain)->decimals);
    } else if (d->n_fee == 0) {
        cs_text_add(t, "0");
        (void)cs_text_copy(tx->fee, sizeof tx->fee, "0");
        (void)cs_text_copy(tx->fee_units, sizeof tx->fee_units, "0");
    }
    return CS_OK;
}

static enum cs_err summary(struct cs_chain_tx *tx, const struct doc *d,
                           const struct zone *z, const char **why)
{
    struct cs_text t = cs_text_begin(tx->text, sizeof tx->text);
    struct cs_text sequence = cs_text_begin(tx->sequence, sizeof tx->sequence);
    struct cs_text until = cs_text_begin(tx->valid_until, sizeof tx->valid_until);

    tx->is_clear = true;
    tx->n_instructions = (uint32_t)d->n_messages;
    (void)cs_text_copy(tx->from, sizeof tx->from, tx->signer);
    tx->is_memo_cut = !cs_text_show(tx->memo, sizeof tx->memo, d->memo);
    cs_text_add_u64(&sequence, d->sequence);
    if (d->timeout != 0) {
        cs_text_add_u64(&until, d->timeout);
    }
    CS_CHECK(read_messages(tx, &t, d, z, why));
    cs_text_add(&t, " from ");
    cs_text_add(&t, tx->from);
    CS_CHECK(put_fee(tx, &t, d, z, why));
    cs_text_add(&t, "; sequence ");
    cs_text_add(&t, tx->sequence);
    cs_text_add(&t, "; chain ");
    cs_text_add_span(&t, d->chain_id);
    if (tx->memo[0] != '\0') {
        cs_text_add(&t, "; memo: ");
        cs_text_add(&t, tx->memo);
    }
    tx->is_clear = tx->is_clear && !t.is_cut;
    return CS_OK;
}

static enum cs_err decode(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                          struct cs_span payload, const char **why)
{
    struct cs_wr w = {.max = CS_CHAIN_PAYLOAD_MAX}, store = {0};
    struct doc d;
    enum cs_err err;

    CS_TRY(parse(&d, &store, key, payload, why));
    CS_TRY(summary(tx, &d, zone_of(key->chain), why));
    cs_wr_span(&w, payload);
    err = cs_chain_one_item(tx, key, CS_CHAIN_HASH_SHA256, &w);
out:
    cs_wr_free(&store);
    return err;
}

/* ---- messages of people: ADR-036
 * ------------------------------------------------------ */

static bool has(struct cs_span bytes, const char *needle)
{
    return bytes.n > 0 && memmem(bytes.p, bytes.n, needle, strlen(needle)) != NULL;
}

/* A SignDoc or TxRaw, or the JSON of amino signing. */
static bool is_transaction(struct cs_span bytes)
{
    static const struct cs_pb_want wants[] = {{1, CS_PB_BYTES, false},
                                              {2, CS_PB_BYTES, false},
                                              {3, CS_PB_BYTES, true},
                                              {4, CS_PB_VARINT, false}};
    struct cs_pb_got g[4];

    if (has(bytes, "\"msgs\"") && has(bytes, "\"chain_id\"")) {
        return true;
    }
    return cs_pb_read(bytes, wants, 4, g) && g[0].count == 1 && g[1].count == 1 &&
           cs_pb_ok(g[0].bytes) && cs_pb_ok(g[1].bytes);
}

static enum cs_err prefix(struct cs_wr *w, const struct cs_chain_key *key,
                          struct cs_span message, const char **why)
{
    char own[CS_CHAIN_ADDRESS_MAX];

    CS_CHECK(address(own, key, why));
    cs_wr_str(w,
              "{\"account_number\":\"0\",\"chain_id\":\"\",\"fee\":{\"amount\":[],"
              "\"gas\":\"0\"},\"memo\":\"\",\"msgs\":[{\"type\":\"sign/MsgSignData\","
              "\"value\":{\"data\":\"");
    cs_wr_b64(w, message);
    cs_wr_str(w, "\",\"signer\":\"");
    cs_wr_str(w, own);
    cs_wr_str(w, "\"}}],\"sequence\":\"0\"}");
    return w->err;
}

static enum cs_err seal(struct cs_wr *w, const struct cs_chain_key *key,
                        const struct cs_chain_item *item,
                        const struct cs_chain_sig *sig, const char **why)
{
    (void)key;
    (void)item;
    (void)why;
    cs_wr_bytes(w, sig->rs, sizeof sig->rs);
    return w->err;
}

/* ---- final encoding
 * -------------------------------------------------------------------- */

/* TxRaw: body = 1, auth info = 2, signature = 3.  Explorers show ids in upper case. */
static enum cs_err finish(struct cs_chain_signed *out, const struct cs_chain_key *key,
                          struct cs_span payload, const struct cs_chain_tx *tx,
                          const struct cs_chain_sig *sigs, const char **why)
{
    struct cs_wr store = {0};
    uint8_t id[32];
    struct doc d;
    enum cs_err err;

    (void)tx;
    CS_TRY(parse(&d, &store, key, payload, why));
    cs_pb_put_bytes(&out->bytes, 1, d.body);
    cs_pb_put_bytes(&out->bytes, 2, d.auth);
    cs_pb_put_bytes(&out->bytes, 3, CS_SPAN(sigs[0].rs, sizeof sigs[0].rs));
    CS_TRY(out->bytes.err);
    cs_sha256(id, cs_wr_get(&out->bytes));
    cs_chain_hex_upper(out->txid, id);
out:
    cs_wr_free(&store);
    return err;
}

static enum cs_chain_hash hash(const struct cs_chain_key *key)
{
    (void)key;
    return CS_CHAIN_HASH_SHA256;
}

#define COSMOS_CHAIN(name, id)                                                         \
    static enum cs_err name##_check(enum cs_chain_net net, const char *text,           \
                                    const char **why)                                  \
    {                                                                                  \
        (void)net;                                                                     \
        return check_text(id, text, why);                                              \
    }                                                                                  \
    const struct cs_chain_ops cs_##name##_ops = {                                      \
        .address = address,                                                            \
        .address_check = name##_check,                                                 \
        .decode = decode,                                                              \
        .prefix = prefix,                                                              \
        .is_transaction = is_transaction,                                              \
        .finish = finish,                                                              \
        .seal = seal,                                                                  \
        .hash = hash,                                                                  \
    }

COSMOS_CHAIN(cosmos_hub, CS_CHAIN_COSMOS_HUB);
COSMOS_CHAIN(osmosis, CS_CHAIN_OSMOSIS);
COSMOS_CHAIN(celestia, CS_CHAIN_CELESTIA);
COSMOS_CHAIN(dydx, CS_CHAIN_DYDX);
COSMOS_CHAIN(axelar, CS_CHAIN_AXELAR);
COSMOS_CHAIN(sei, CS_CHAIN_SEI);
