/* Whole sets of the chains' vectors, row by row, whatever the set: digests, final
 * encodings, ids, messages, malformed keys, addresses and transactions.  Runs our own
 * set, the shared one, and any folder that CS_CHAIN_VECTORS names.  What is not run is
 * said aloud.  (The tests per chain look closer at our own set.) */
#include "crypto/ecdsa.h"
#include "crypto/identity.h"
#include "crypto/taproot.h"
#include "support/chains_rows.h"
#include "support/utxo_made.h"

enum { SIGS_MAX = 64, SKIPS_MAX = 64 };

/* ---- what was not run --------------------------------------------------------- */

static struct skip {
    char what[96];
    size_t n;
} skips[SKIPS_MAX];
static size_t n_skips, n_run;

static void skipped(const json_t *row, const char *why)
{
    char what[sizeof skips[0].what];
    size_t i = 0;

    (void)snprintf(what, sizeof what, "%s: %s", cs_vec_str(row, "chain"), why);
    while (i < n_skips && strcmp(skips[i].what, what) != 0) {
        i++;
    }
    assert_true(i < SKIPS_MAX);
    memcpy(skips[i].what, what, sizeof what);
    skips[i].n++;
    n_skips = i == n_skips ? n_skips + 1 : n_skips;
}

static void tell(const char *list)
{
    for (size_t i = 0; i < n_skips; i++) {
        (void)fprintf(stderr, "SKIPPED: %s: %zu of %s\n", list, skips[i].n,
                      skips[i].what);
    }
    (void)fprintf(stderr, "%s: %zu run\n", list, n_run);
    memset(skips, 0, sizeof skips);
    n_skips = 0;
    assert_true(n_run > 0);
    n_run = 0;
}

/* ---- keys ----------------------------------------------------------------------- */

static enum cs_chain_net net_of(const json_t *row)
{
    const char *net = cs_vec_str(row, "network");

    if (strcmp(net, "mainnet") == 0 || strcmp(net, "any") == 0) {
        return CS_CHAIN_MAINNET;
    }
    return strcmp(net, "regtest") == 0 ? CS_CHAIN_REGTEST : CS_CHAIN_TESTNET;
}

static const struct word {
    const char *text;
    enum cs_chain_format format;
} kinds[] = {
    {"p2wpkh", CS_CHAIN_FORMAT_P2WPKH},
    {"p2tr", CS_CHAIN_FORMAT_P2TR},
    {"p2pkh", CS_CHAIN_FORMAT_P2PKH},
    {"p2sh-p2wpkh", CS_CHAIN_FORMAT_P2SH_P2WPKH},
};

static enum cs_chain_format format_of(const char *kind)
{
    for (size_t i = 0; i < CS_COUNTOF(kinds); i++) {
        if (strcmp(kinds[i].text, kind) == 0) {
            return kinds[i].format;
        }
    }
    fail_msg("kind of input %s", kind);
    return CS_CHAIN_FORMAT_DEFAULT;
}

static struct cs_chain_key key_of(struct cs_vec *v, const json_t *row)
{
    json_t *ins = json_object_get(cs_vec_get(row, "tx"), "inputs");
    json_t *in = json_array_get(ins, 0);
    enum cs_chain chain = chains_id(cs_vec_str(row, "chain"));
    struct cs_chain_key key;

    if (chains_is_utxo(chain)) {
        key = chains_key(chain, CS_CURVE_SECP256K1, cs_vec_hex(v, in, "publicKey"));
        key.format = format_of(cs_vec_str(in, "kind"));
    } else {
        key = chains_row_key(v, row);
    }
    key.net = net_of(row);
    return key;
}

/* All inputs belong to one wallet: one key, one kind of address. */
static bool is_one_wallet(const json_t *row)
{
    json_t *ins = json_object_get(cs_vec_get(row, "tx"), "inputs");
    json_t *in, *first = json_array_get(ins, 0);
    size_t i;

    json_array_foreach(ins, i, in)
    {
        if (strcmp(cs_vec_str(in, "keyId"), cs_vec_str(first, "keyId")) != 0 ||
            strcmp(cs_vec_str(in, "kind"), cs_vec_str(first, "kind")) != 0) {
            return false;
        }
    }
    return true;
}

/* ---- payloads ------------------------------------------------------------------- */

static const struct form {
    const char *field;
    enum { HEX, BASE64, TEXT } encoding;
} forms[] = {
    {"psbtBase64", BASE64},   {"rlp", HEX},
    {"gethUnsignedRlp", HEX}, {"blob", HEX},
    {"forSigning", HEX},      {"message", HEX},
    {"rawDataHex", HEX},      {"envelopeXdrBase64", BASE64},
    {"signDoc", HEX},         {"aminoJson", TEXT},
    {"msgpack", HEX},         {"bytesToSign", HEX},
    {"borsh", HEX},           {"bodyBytes", HEX},
};

static const struct form dones[] = {
    {"txHex", HEX},    {"rlp", HEX},
    {"blob", HEX},     {"wire", HEX},
    {"protobuf", HEX}, {"envelopeXdrBase64", BASE64},
    {"txRaw", HEX},    {"msgpack", HEX},
    {"borsh", HEX},    {"transactionListProtobuf", HEX},
};

static void read_form(struct cs_wr *w, const json_t *object, const struct form *f)
{
    const char *text = cs_vec_str(object, f->field);

    *w = (struct cs_wr){0};
    switch (f->encoding) {
    case HEX:
        assert_int_equal(cs_unhex_wr(w, text, strlen(text)), CS_OK);
        return;
    case BASE64:
        assert_int_equal(cs_unb64(w, text, strlen(text)), CS_OK);
        return;
    case TEXT:
        cs_wr_str(w, text);
        return;
    }
}

static void read_done(struct cs_wr *w, const json_t *row)
{
    for (size_t i = 0; i < CS_COUNTOF(dones); i++) {
        if (json_object_get(cs_vec_get(row, "signed"), dones[i].field) != NULL) {
            read_form(w, cs_vec_get(row, "signed"), &dones[i]);
            return;
        }
    }
    fail_msg("%s: no signed form", cs_vec_str(row, "id"));
}

/* Bitcoin Cash's rows have no PSBT: the transaction and each input's previous one. */
static void make_bch(struct cs_wr *w, struct cs_vec *v, const json_t *row)
{
    json_t *in;
    size_t i;

    *w = (struct cs_wr){0};
    cs_wr_bytes(w, "psbt\xff\1\0", 7);
    cs_wr_compact_span(w, cs_vec_hex(v, cs_vec_get(row, "unsigned"), "txHex"));
    cs_wr_u8(w, 0);
    json_array_foreach(cs_vec_get(cs_vec_get(row, "tx"), "inputs"), i, in)
    {
        cs_wr_bytes(w, "\1\0", 2);
        cs_wr_compact_span(w, cs_vec_hex(v, in, "prevTx"));
        cs_wr_u8(w, 0);
    }
    json_array_foreach(cs_vec_get(cs_vec_get(row, "tx"), "outputs"), i, in)
    {
        cs_wr_u8(w, 0);
    }
}

/* ---- one row -------------------------------------------------------------------- */

static void check_items(struct cs_vec *v, const json_t *row,
                        const struct cs_chain_tx *tx, bool is_multisig)
{
    size_t i;
    json_t *s;

    if (!is_multisig) {
        assert_int_equal(tx->n_items, json_array_size(cs_vec_get(row, "sign")));
    }
    json_array_foreach(cs_vec_get(row, "sign"), i, s)
    {
        if (i < tx->n_items) {
            chains_check_item(v, s, &tx->items[i]);
        }
    }
}

/* Others sign too: our part stands in the final form, theirs is empty. */
static void check_part(const struct cs_chain_signed *out, struct cs_span want,
                       const uint8_t sig[64])
{
    assert_int_equal(out->bytes.n, want.n);
    assert_true(chains_holds(cs_wr_get(&out->bytes), sig, 64));
}

static void run_form(struct cs_vec *v, const json_t *row, enum cs_chain_kind kind,
                     struct cs_span payload, struct cs_span want)
{
    struct cs_chain_key key = key_of(v, row);
    struct cs_chain_sig sigs[SIGS_MAX] = {0};
    struct cs_chain_signed out;
    struct cs_chain_tx tx;
    const char *why = NULL;
    bool is_multisig;
    size_t i, n;
    json_t *s;

    if (cs_chain_prepare(&tx, &key, kind, payload, &why) != CS_OK) {
        fail_msg("%s: %s", cs_vec_str(row, "id"), why);
    }
    is_multisig = tx.is_multisig;
    n = tx.n_items;
    check_items(v, row, &tx, is_multisig);
    cs_chain_tx_free(&tx);
    json_array_foreach(cs_vec_get(row, "sign"), i, s)
    {
        assert_true(i < SIGS_MAX);
        memcpy(sigs[i].rs, cs_vec_hex_n(v, s, "signature", 64), 64);
    }
    if (cs_chain_finish_any(&out, &key, kind, payload, sigs, n, &why) != CS_OK) {
        fail_msg("%s: %s", cs_vec_str(row, "id"), why);
    }
    if (is_multisig) {
        check_part(&out, want, sigs[0].rs);
    } else if (out.bytes.n != want.n || memcmp(out.bytes.p, want.p, want.n) != 0) {
        fail_msg("%s: another final form", cs_vec_str(row, "id"));
    }
    if (!is_multisig && json_object_get(cs_vec_get(row, "signed"), "txid") != NULL &&
        kind == CS_CHAIN_KIND_RAW) {
        assert_string_equal(out.txid, cs_vec_str(cs_vec_get(row, "signed"), "txid"));
    }
    cs_chain_signed_free(&out);
    sigs[n - 1].rs[9] ^= 1;
    assert_int_equal(cs_chain_finish_any(&out, &key, kind, payload, sigs, n, &why),
                     CS_ERR_SIG_INVALID);
}

static void run_transaction(struct cs_vec *v, const json_t *row)
{
    json_t *unsigned_forms = cs_vec_get(row, "unsigned");
    bool is_custom = strcmp(cs_vec_str(row, "network"), "custom") == 0;
    struct cs_wr payload, done;
    size_t n = 0;

    read_done(&done, row);
    for (size_t i = 0; i < CS_COUNTOF(forms); i++) {
        /* go-ethereum's legacy form names no chain, so no private one */
        bool is_known = json_object_get(unsigned_forms, forms[i].field) != NULL &&
                        !(is_custom && strcmp(forms[i].field, "gethUnsignedRlp") == 0);

        if (is_known &&
            !(strcmp(forms[i].field, "bodyBytes") == 0 && !chains_is(row, "HEDERA"))) {
            read_form(&payload, unsigned_forms, &forms[i]);
            run_form(v, row, CS_CHAIN_KIND_RAW, cs_wr_get(&payload), cs_wr_get(&done));
            cs_wr_free(&payload);
            n++;
        }
    }
    if (n == 0 && chains_is(row, "BITCOIN_CASH")) {
        make_bch(&payload, v, row);
        run_form(v, row, CS_CHAIN_KIND_RAW, cs_wr_get(&payload), cs_wr_get(&done));
        cs_wr_free(&payload);
        n++;
    }
    cs_wr_free(&done);
    if (n == 0) {
        skipped(row, "no form that is accepted");
    }
    n_run += n > 0 ? 1U : 0U;
}

/* A text; raw bytes and empty texts are none (README.md, plaintext). */
static void run_message(struct cs_vec *v, const json_t *row)
{
    struct cs_span text = cs_vec_hex(v, cs_vec_get(row, "unsigned"), "message");

    if (text.n == 0 || !cs_utf8_ok(text)) {
        skipped(row, "messages that are no text");
        return;
    }
    run_form(v, row, CS_CHAIN_KIND_PLAINTEXT, text,
             cs_vec_hex(v, chains_sign_of(row), "final"));
    n_run++;
}

static void run_typed_data(struct cs_vec *v, json_t *row)
{
    json_t *typed = cs_vec_get(cs_vec_get(row, "tx"), "typedData");
    char *text = json_dumps(typed, JSON_COMPACT);

    run_form(v, row, CS_CHAIN_KIND_TYPED_DATA, CS_SPAN(text, strlen(text)),
             cs_vec_hex(v, chains_sign_of(row), "final"));
    free(text);
    n_run++;
}

/* One wallet after the other signs its inputs; each takes the PSBT as the one before
 * left it.  Returns how many signatures it put in. */
static size_t sign_for(struct cs_vec *v, const json_t *row, size_t first,
                       struct cs_wr *psbt)
{
    json_t *in = json_array_get(cs_vec_get(cs_vec_get(row, "tx"), "inputs"), first);
    struct cs_chain_key key = chains_key(chains_id(cs_vec_str(row, "chain")),
                                         CS_CURVE_SECP256K1,
                                         cs_vec_hex(v, in, "publicKey"));
    struct cs_chain_sig sigs[SIGS_MAX] = {0};
    struct cs_chain_signed out;
    struct cs_chain_tx tx;
    const char *why = NULL;
    size_t n;

    key.net = net_of(row);
    key.format = format_of(cs_vec_str(in, "kind"));
    if (cs_chain_decode(&tx, &key, cs_wr_get(psbt), &why) != CS_OK) {
        fail_msg("%s: %s", cs_vec_str(row, "id"), why);
    }
    n = tx.n_items;
    assert_true(tx.is_multisig && !tx.is_clear && n > 0 && n <= SIGS_MAX);
    assert_int_equal(tx.items[0].index, first);
    for (size_t i = 0; i < n; i++) {
        json_t *s = json_array_get(cs_vec_get(row, "sign"), tx.items[i].index);

        chains_check_item(v, s, &tx.items[i]);
        memcpy(sigs[i].rs, cs_vec_hex_n(v, s, "signature", 64), 64);
    }
    cs_chain_tx_free(&tx);
    assert_int_equal(cs_chain_finish(&out, &key, cs_wr_get(psbt), sigs, n, &why),
                     CS_OK);
    assert_string_equal(out.txid, "");
    cs_wr_free(psbt);
    *psbt = out.bytes;
    return n;
}

/* The PSBT that is left holds every signature in its final form. */
static void run_joint(struct cs_vec *v, const json_t *row)
{
    json_t *ins = cs_vec_get(cs_vec_get(row, "tx"), "inputs");
    bool is_done[SIGS_MAX] = {false};
    size_t i, n = 0;
    struct cs_wr w;
    json_t *s;

    read_form(&w, cs_vec_get(row, "unsigned"), &forms[0]);
    assert_true(json_array_size(ins) <= SIGS_MAX);
    for (i = 0; i < json_array_size(ins); i++) {
        json_t *a = json_array_get(ins, i);

        n += is_done[i] ? 0 : sign_for(v, row, i, &w);
        for (size_t k = i; k < json_array_size(ins); k++) {
            json_t *b = json_array_get(ins, k);

            is_done[k] = is_done[k] || strcmp(cs_vec_str(a, "address"),
                                              cs_vec_str(b, "address")) == 0;
        }
    }
    assert_int_equal(n, json_array_size(cs_vec_get(row, "sign")));
    json_array_foreach(cs_vec_get(row, "sign"), i, s)
    {
        struct cs_span end = cs_vec_hex(v, s, "final");

        assert_true(chains_holds(cs_wr_get(&w), end.p, end.n));
    }
    cs_wr_free(&w);
    n_run++;
}

static void run_row(struct cs_vec *v, json_t *row)
{
    const struct cs_chain_info *info = cs_chain_by_name(cs_vec_str(row, "chain"));
    const char *kind = cs_vec_str(row, "kind");

    if (info == NULL || !info->can_sign) {
        skipped(row, info == NULL ? "not built" : "addresses only, nothing is signed");
    } else if (strcmp(kind, "eip712") == 0) {
        run_typed_data(v, row);
    } else if (chains_is(row, "SOLANA") && strcmp(kind, "message") == 0) {
        skipped(row, "messages without a prefix (DECISIONS 28)");
    } else if (strstr(kind, "message") != NULL || strstr(kind, "personal") != NULL) {
        run_message(v, row);
    } else if (chains_is_utxo(info->chain) && !is_one_wallet(row)) {
        run_joint(v, row);
    } else {
        run_transaction(v, row);
    }
}

/* ---- malformed ones ------------------------------------------------------------- */

static struct cs_chain_key any_key(struct cs_vec *v, const struct cs_chain_info *info)
{
    bool is_ed = info->default_curve == CS_CURVE_ED25519;
    json_t *list = cs_vec_get(cs_vec_get(v->root, "keys"),
                              is_ed ? "ed25519" : "secp256k1");

    return chains_key(info->chain, info->default_curve,
                      cs_vec_hex(v, json_array_get(list, 0), "publicKey"));
}

/* A transaction of Bitcoin's comes in a PSBT. */
static void put_invalid(struct cs_wr *w, struct cs_vec *v, const json_t *row)
{
    struct cs_span bytes = cs_vec_hex(v, row, "hex");

    *w = (struct cs_wr){0};
    if (strcmp(cs_vec_str(row, "encoding"), "txHex") != 0) {
        cs_wr_span(w, bytes);
        return;
    }
    cs_wr_bytes(w, "psbt\xff\1\0", 7);
    cs_wr_compact_span(w, bytes);
    cs_wr_bytes(w, "\0\0\0", 3);
}

static void refuse_row(struct cs_vec *v, const json_t *row)
{
    const struct cs_chain_info *info = cs_chain_by_name(cs_vec_str(row, "chain"));
    struct cs_chain_key key;
    struct cs_wr w;
    enum cs_err err;

    if (info == NULL || !info->can_sign) {
        skipped(row, "malformed ones of chains that are not built");
        return;
    }
    key = any_key(v, info);
    put_invalid(&w, v, row);
    err = chains_decode(&key, cs_wr_get(&w), NULL);
    if (err != CS_ERR_CHAIN_TX && err != CS_ERR_CHAIN_SIGNER) {
        fail_msg("%s, %s: taken", cs_vec_str(row, "chain"), cs_vec_str(row, "reason"));
    }
    cs_wr_free(&w);
    n_run++;
}

/* ---- addresses ------------------------------------------------------------------ */

static enum cs_chain_format address_format(const json_t *row)
{
    const char *f = cs_vec_str(row, "format");

    if (strcmp(f, "cashaddr-p2pkh") == 0 || strcmp(f, "evm-alias") == 0 ||
        chains_is(row, "STACKS")) {
        return CS_CHAIN_FORMAT_DEFAULT;
    }
    for (size_t i = 0; i < CS_COUNTOF(kinds); i++) {
        if (strcmp(kinds[i].text, f) == 0) {
            return kinds[i].format;
        }
    }
    if (strcmp(f, "der-public-key") == 0) {
        return CS_CHAIN_FORMAT_HEDERA_DER;
    }
    return strcmp(f, "x-address-no-tag") == 0 ? CS_CHAIN_FORMAT_X
                                              : CS_CHAIN_FORMAT_DEFAULT;
}

static void run_address(struct cs_vec *v, const json_t *row)
{
    enum cs_chain chain = chains_id(cs_vec_str(row, "chain"));
    char address[CS_CHAIN_ADDRESS_MAX];
    struct cs_chain_key key;
    const char *why = NULL;

    if (chain == CS_CHAIN_NONE) {
        skipped(row, "not built");
        return;
    }
    key = chains_key(chain, chains_curve(row), cs_vec_hex(v, row, "publicKey"));
    key.net = net_of(row);
    key.format = address_format(row);
    if (cs_chain_address(address, &key, &why) != CS_OK ||
        strcmp(address, cs_vec_str(row, "address")) != 0) {
        fail_msg("%s %s: %s instead of %s (%s)", cs_vec_str(row, "chain"),
                 cs_vec_str(row, "format"), address, cs_vec_str(row, "address"),
                 why == NULL ? "" : why);
    }
    n_run++;
}

static void refuse_address(const json_t *row)
{
    enum cs_chain chain = chains_id(cs_vec_str(row, "chain"));

    if (chain == CS_CHAIN_NONE) {
        skipped(row, "malformed addresses of a chain that is not built");
        return;
    }
    if (cs_chain_address_check_net(chain, net_of(row), cs_vec_str(row, "address"),
                                   NULL) != CS_ERR_CHAIN_ADDRESS) {
        fail_msg("%s taken: %s", cs_vec_str(row, "address"), cs_vec_str(row, "reason"));
    }
    n_run++;
}

/* A key reaches this layer as bytes: 33 or 65, or 32 of Ed25519. */
static void refuse_key(struct cs_vec *v, json_t *row)
{
    const char *hex = cs_vec_str(row, "publicKey");
    struct cs_chain_key key;
    struct cs_wr w = {0};

    (void)v;
    if (json_object_get(row, "chain") == NULL) {
        assert_int_equal(json_object_set_new(row, "chain", json_string("XRP_LEDGER")),
                         0);
    }
    if (json_object_get(row, "encoding") != NULL) {
        skipped(row, "x-only keys (no key comes in this form)");
    } else if (cs_unhex_wr(&w, hex, strlen(hex)) != CS_OK) {
        n_run++; /* not hex: no bytes come of it */
    } else {
        assert_int_equal(cs_chain_key_init(&key, CS_CHAIN_XRP_LEDGER, chains_curve(row),
                                           cs_wr_get(&w), NULL),
                         CS_ERR_CHAIN_KEY);
        n_run++;
    }
    cs_wr_free(&w);
}

/* ---- signatures ------------------------------------------------------------------ */

static bool is_signature(struct cs_vec *v, const json_t *row)
{
    struct cs_span pub = cs_vec_hex(v, row, "publicKeyHex");
    struct cs_span sig = cs_vec_hex(v, row, "signatureHex");
    bool is_der = json_object_get(row, "encoding") != NULL;
    const char *scheme = cs_vec_str(row, "scheme");
    uint8_t rs[64] = {0};

    if (strcmp(scheme, "ed25519") == 0) {
        return sig.n == 64 && pub.n == 32 &&
               cs_sign_verify(sig.p, pub.p, cs_vec_hex(v, row, "messageHex"));
    }
    if (strcmp(scheme, "bip340") == 0) {
        return sig.n == 64 && pub.n == 32 &&
               cs_taproot_verify(pub.p, cs_vec_hex(v, row, "digestHex"), sig.p) ==
                   CS_OK;
    }
    if (is_der && cs_ecdsa_from_der(rs, sig) != CS_OK) {
        return false;
    }
    if (!is_der && sig.n == 64) {
        memcpy(rs, sig.p, 64);
    }
    return pub.n == 33 &&
           cs_ecdsa_verify(pub.p, cs_vec_hex_n(v, row, "digestHex", 32), rs) == CS_OK;
}

static void run_signatures(struct cs_vec *v, const char *list, bool is_good)
{
    size_t i;
    json_t *row;

    json_array_foreach(cs_vec_get(v->root, list), i, row)
    {
        if (json_object_get(row, "chain") == NULL) {
            assert_int_equal(json_object_set_new(row, "chain", json_string("NONE")), 0);
        }
        if (json_object_get(row, "signatureHex") == NULL) {
            skipped(row, "rows without a signature");
        } else if (is_signature(v, row) != is_good) {
            fail_msg("%s: signature %zu", list, i);
        } else {
            n_run++;
        }
    }
    tell(is_good ? "published signatures" : "signatures to refuse");
}

/* ---- sets ----------------------------------------------------------------------- */

static void run_transactions(struct cs_vec *v)
{
    size_t i;
    json_t *row;

    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        run_row(v, row);
    }
    tell("transactions");
    json_array_foreach(cs_vec_get(v->root, "invalidTransactions"), i, row)
    {
        refuse_row(v, row);
    }
    tell("malformed transactions");
    run_signatures(v, "published", true);
    run_signatures(v, "invalidSignatures", false);
    cs_vec_close(v);
}

static void run_addresses(struct cs_vec *v)
{
    static const char *const lists[] = {"addresses", "published"};
    size_t i;
    json_t *row;

    for (size_t l = 0; l < CS_COUNTOF(lists); l++) {
        json_array_foreach(cs_vec_get(v->root, lists[l]), i, row)
        {
            run_address(v, row);
        }
        tell(lists[l]);
    }
    json_array_foreach(cs_vec_get(v->root, "invalidAddresses"), i, row)
    {
        refuse_address(row);
    }
    tell("malformed addresses");
    json_array_foreach(cs_vec_get(v->root, "invalidPublicKeys"), i, row)
    {
        refuse_key(v, row);
    }
    tell("malformed keys");
    cs_vec_close(v);
}

static void our_own_set_comes_out(void **state)
{
    (void)state;
    run_transactions(CS_VEC_OWN("chains/transactions.json"));
    run_addresses(CS_VEC_OWN("chains/addresses.json"));
}

static void the_shared_set_comes_out(void **state)
{
    struct cs_vec *v = CS_VEC_SHARED("chains/transactions.json");

    (void)state;
    if (v == NULL) {
        skip(); /* has said so */
    }
    run_transactions(v);
    run_addresses(CS_VEC_SHARED("chains/addresses.json"));
}

static void a_set_of_somebody_elses_comes_out(void **state)
{
    const char *dir = getenv("CS_CHAIN_VECTORS");

    (void)state;
    if (dir == NULL) {
        (void)fprintf(stderr, "SKIPPED: no other set: CS_CHAIN_VECTORS names no folder "
                              "with transactions.json and addresses.json\n");
        skip();
    }
    run_transactions(cs_vec_open(dir, "transactions.json", false));
    run_addresses(cs_vec_open(dir, "addresses.json", false));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_set_comes_out),
        cmocka_unit_test(the_shared_set_comes_out),
        cmocka_unit_test(a_set_of_somebody_elses_comes_out),
    };

    return cmocka_run_group_tests_name("chain/vectors", tests, NULL, NULL);
}
