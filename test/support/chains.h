/* Helpers of the chain tests: keys and payloads of test/vectors/chains, and what must
 * hold for every payload that decodes. */
#ifndef CS_TEST_SUPPORT_CHAINS_H
#define CS_TEST_SUPPORT_CHAINS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "chain/base32.h"
#include "chain/base58.h"
#include "chain/bech32.h"
#include "chain/chain.h"
#include "support/vectors.h"

static inline enum cs_curve chains_curve(const json_t *row)
{
    return strcmp(cs_vec_str(row, "curve"), "ed25519") == 0 ? CS_CURVE_ED25519
                                                            : CS_CURVE_SECP256K1;
}

static inline bool chains_is(const json_t *row, const char *chain)
{
    const json_t *v = json_object_get(row, "chain");

    return v != NULL && strcmp(json_string_value(v), chain) == 0;
}

static inline enum cs_chain chains_id(const char *name)
{
    const struct cs_chain_info *info = cs_chain_by_name(name);

    return info == NULL ? CS_CHAIN_NONE : info->chain;
}

static inline struct cs_chain_key chains_key(enum cs_chain chain, enum cs_curve curve,
                                             struct cs_span pub)
{
    struct cs_chain_key key;
    const char *why = NULL;

    assert_int_equal(cs_chain_key_init(&key, chain, curve, pub, &why), CS_OK);
    return key;
}

static inline bool chains_holds(struct cs_span hay, const void *needle, size_t n)
{
    for (size_t i = 0; i + n <= hay.n; i++) {
        if (memcmp(hay.p + i, needle, n) == 0) {
            return true;
        }
    }
    return false;
}

static inline bool chains_is_evm(enum cs_chain chain)
{
    return chain == CS_CHAIN_ETHEREUM || chain == CS_CHAIN_POLYGON ||
           chain == CS_CHAIN_BNBCHAIN || chain == CS_CHAIN_BASE ||
           chain == CS_CHAIN_ARBITRUM || chain == CS_CHAIN_AVALANCHE;
}

/* Decimal digits -> big endian without leading zeros; returns the length. */
static inline size_t chains_number(uint8_t out[40], const char *digits)
{
    uint8_t num[40] = {0};
    size_t skip = 0;

    for (; *digits != '\0'; digits++) {
        unsigned carry = (unsigned)(*digits - '0');

        for (size_t i = sizeof num; i > 0; i--) {
            carry += num[i - 1] * 10U;
            num[i - 1] = (uint8_t)carry;
            carry >>= 8;
        }
        assert_int_equal(carry, 0);
    }
    while (skip < sizeof num && num[skip] == 0) {
        skip++;
    }
    memcpy(out, num + skip, sizeof num - skip);
    return sizeof num - skip;
}

static inline size_t chains_varint(uint8_t out[40], uint64_t v)
{
    size_t n = 0;

    for (; v > 0x7f; v >>= 7) {
        out[n++] = (uint8_t)(v | 0x80);
    }
    out[n++] = (uint8_t)v;
    return n;
}

static inline bool chains_is_utxo(enum cs_chain chain)
{
    return chain == CS_CHAIN_BITCOIN || chain == CS_CHAIN_LITECOIN ||
           chain == CS_CHAIN_DOGECOIN || chain == CS_CHAIN_DASH ||
           chain == CS_CHAIN_BITCOIN_CASH;
}

/* The hash or key in an address of Bitcoin or a relative. */
static inline size_t chains_utxo_raw(uint8_t out[64], const char *address)
{
    static const char *const hrps[] = {"bc", "tb", "bcrt", "ltc", "tltc"};
    const char *colon = strchr(address, ':');
    struct cs_bech32_read b;
    uint8_t raw[26], groups[42];
    size_t n;

    for (size_t i = 0; i < CS_COUNTOF(hrps); i++) {
        if (cs_unbech32(&b, hrps[i], true, address)) {
            memcpy(out, b.bytes, b.n);
            return b.n;
        }
    }
    if (colon != NULL) {
        for (size_t i = 0; i < 34; i++) {
            groups[i] = (uint8_t)cs_bech32_value(colon[1 + i]);
        }
        assert_true(cs_bits_5to8(raw, sizeof raw, &n, CS_SPAN(groups, 34)));
    } else {
        assert_int_equal(cs_unbase58check(raw, 21, CS_BASE58_BITCOIN, address), CS_OK);
    }
    memcpy(out, raw + 1, 20);
    return 20;
}

/* Address -> the bytes that stand for it in a payload. */
static inline size_t chains_raw(uint8_t out[64], enum cs_chain chain,
                                const char *address)
{
    uint8_t account[21];

    if (chains_is_evm(chain)) {
        assert_int_equal(cs_unhex(out, 20, address + 2), CS_OK);
        return 20;
    }
    if (chains_is_utxo(chain)) {
        return chains_utxo_raw(out, address);
    }
    if (chain == CS_CHAIN_STELLAR || chain == CS_CHAIN_ALGORAND) {
        bool is_stellar = chain == CS_CHAIN_STELLAR;
        uint8_t key[36];

        assert_true(cs_unbase32(key, is_stellar ? 35 : 36, CS_BASE32_UPPER, address));
        memcpy(out, key + (is_stellar ? 1 : 0), 32);
        return 32;
    }
    if (chain == CS_CHAIN_HEDERA && address[1] != 'x') {
        return chains_varint(out, strtoull(strrchr(address, '.') + 1, NULL, 10));
    }
    if (chain == CS_CHAIN_HEDERA) {
        assert_int_equal(cs_unhex(out, 20, address + 2), CS_OK);
        return 20;
    }
    if (chain == CS_CHAIN_TRON) {
        assert_int_equal(cs_unbase58check(account, 21, CS_BASE58_BITCOIN, address),
                         CS_OK);
        memcpy(out, account + 1, 20);
        return 20;
    }
    if (chain == CS_CHAIN_SOLANA) {
        assert_int_equal(cs_unbase58(out, 32, CS_BASE58_BITCOIN, address), CS_OK);
        return 32;
    }
    assert_int_equal(cs_unbase58check(account, 21, CS_BASE58_XRP, address), CS_OK);
    memcpy(out, account + 1, 20);
    return 20;
}

/* Chains whose payloads hold accounts as text. */
static inline bool chains_is_textual(enum cs_chain chain)
{
    return chain == CS_CHAIN_NEAR ||
           (chain >= CS_CHAIN_COSMOS_HUB && chain <= CS_CHAIN_SEI);
}

/* The number of smallest units stands in the payload as its chain writes it. */
static inline void chains_check_units(const struct cs_chain_tx *tx, struct cs_span said)
{
    uint8_t be[40], out[40] = {0};
    size_t n = chains_number(be, tx->units);

    switch ((int)tx->chain) {
    case CS_CHAIN_STELLAR:
        memcpy(out + 8 - n, be, n);
        assert_true(chains_holds(said, out, 8));
        return;
    case CS_CHAIN_ALGORAND:
        assert_true(chains_holds(said, be, n));
        return;
    case CS_CHAIN_NEAR:
        for (size_t i = 0; i < n; i++) {
            out[i] = be[n - 1 - i];
        }
        assert_true(chains_holds(said, out, 16));
        return;
    case CS_CHAIN_HEDERA:
        n = chains_varint(out, strtoull(tx->units, NULL, 10) * 2);
        assert_true(chains_holds(said, out, n));
        return;
    default:
        assert_true(chains_holds(said, tx->units, strlen(tx->units)));
    }
}

/* The summary of a payload that decodes says nothing that the bytes do not say.  */
static inline void chains_check_summary(const struct cs_chain_tx *tx,
                                        struct cs_span payload)
{
    const struct cs_chain_item *item = &tx->items[0];
    bool is_utxo = chains_is_utxo(tx->chain); /* outputs are signed as their hash */
    struct cs_span said = is_utxo ? payload : item->data;
    bool is_plain = tx->chain == CS_CHAIN_SOLANA || tx->chain == CS_CHAIN_XRP_LEDGER;
    uint8_t raw[64], number[40];
    uint64_t units;
    size_t n;

    assert_true(tx->n_items == 1 || (is_utxo && tx->n_items > 0));
    assert_true(!is_plain || chains_holds(item->data, payload.p, payload.n) ||
                chains_holds(payload, item->data.p, item->data.n));
    if (tx->units[0] != '\0' && tx->chain >= CS_CHAIN_COSMOS_HUB) {
        chains_check_units(tx, said);
    }
    if (chains_is_textual(tx->chain)) {
        assert_true(chains_holds(said, tx->to, strlen(tx->to)));
        assert_non_null(strstr(tx->text, tx->to));
        return;
    }
    if (tx->chain == CS_CHAIN_HEDERA && tx->units[0] != '\0') {
        chains_check_units(tx, said);
    }
    if (tx->from[0] != '\0' && !chains_is_evm(tx->chain)) {
        n = chains_raw(raw, tx->chain, tx->from);
        assert_true(chains_holds(said, raw, n));
    }
    if (tx->to[0] != '\0') {
        n = chains_raw(raw, tx->chain, tx->to);
        assert_true(chains_holds(said, raw, n));
        assert_non_null(strstr(tx->text, tx->to));
    }
    if (tx->amount[0] != '\0') {
        assert_non_null(strstr(tx->text, tx->amount));
    }
    if ((tx->chain == CS_CHAIN_SOLANA || is_utxo) && tx->units[0] != '\0' &&
        strcmp(tx->kind, "transfer to itself") != 0) {
        units = strtoull(tx->units, NULL, 10);
        for (unsigned i = 0; i < 8; i++) {
            number[i] = (uint8_t)(units >> (8 * i));
        }
        assert_true(chains_holds(payload, number, 8));
    }
    if (chains_is_evm(tx->chain) ||
        (tx->chain == CS_CHAIN_TRON && strcmp(tx->asset, "TRC20") == 0)) {
        n = chains_number(number, tx->units);
        assert_true(chains_holds(said, number, n));
    } else if (tx->chain == CS_CHAIN_TRON && tx->units[0] != '\0' &&
               strcmp(tx->units, "0") != 0) {
        n = chains_varint(number, strtoull(tx->units, NULL, 10));
        assert_true(chains_holds(said, number, n));
    }
    assert_true(cs_utf8_ok(CS_SPAN(tx->text, strlen(tx->text))));
}

/* Decodes; a failure has a sentence, leaves a zeroed struct, and is one of the codes.
 */
static inline enum cs_err chains_decode(const struct cs_chain_key *key,
                                        struct cs_span payload, const char **why)
{
    struct cs_chain_tx tx;
    const char *sentence = NULL;
    enum cs_err err = cs_chain_decode(&tx, key, payload, &sentence);

    if (err == CS_OK) {
        assert_null(sentence);
        chains_check_summary(&tx, payload);
    } else {
        assert_true(err == CS_ERR_CHAIN_TX || err == CS_ERR_CHAIN_SIGNER);
        assert_non_null(sentence);
        assert_true(cs_ct_is_zero(&tx, sizeof tx));
    }
    cs_chain_tx_free(&tx);
    if (why != NULL) {
        *why = sentence;
    }
    return err;
}

/* A copy in memory of its own size, so that ASan sees every byte read too far. */
static inline uint8_t *chains_copy(struct cs_span s, size_t n)
{
    uint8_t *p = malloc(n == 0 ? 1 : n);

    assert_non_null(p);
    memcpy(p, s.p, n);
    return p;
}

/* Cut at every byte: how many of the pieces decode. */
static inline size_t chains_cut_count(const struct cs_chain_key *key, struct cs_span s)
{
    size_t n_taken = 0;

    for (size_t n = 0; n < s.n; n++) {
        uint8_t *p = chains_copy(s, n);

        n_taken += chains_decode(key, CS_SPAN(p, n), NULL) == CS_OK ? 1U : 0U;
        free(p);
    }
    return n_taken;
}

static inline void chains_cut_everywhere(const struct cs_chain_key *key,
                                         struct cs_span s)
{
    assert_int_equal(chains_cut_count(key, s), 0);
}

/* Two payloads that are signed alike mean the same. */
static inline void chains_same_meaning(const struct cs_chain_tx *a,
                                       const struct cs_chain_tx *b)
{
    if (a->n_items != b->n_items) {
        return;
    }
    for (size_t i = 0; i < a->n_items; i++) {
        if (a->items[i].message.n != b->items[i].message.n ||
            memcmp(a->items[i].message.p, b->items[i].message.p,
                   a->items[i].message.n) != 0) {
            return;
        }
    }
    assert_string_equal(a->to, b->to);
    assert_string_equal(a->units, b->units);
    assert_string_equal(a->amount, b->amount);
    assert_string_equal(a->contract, b->contract);
    assert_string_equal(a->fee_units, b->fee_units);
}

/* Every byte changed in several ways: refused, or a summary that fits the bytes; never
 * another destination or amount than what is signed. */
static inline void chains_flip_everywhere(const struct cs_chain_key *key,
                                          struct cs_span s)
{
    static const uint8_t masks[] = {0x01, 0x02, 0x10, 0x40, 0x80, 0xff};
    struct cs_chain_tx was, tx;
    bool is_payload = cs_chain_decode(&was, key, s, NULL) == CS_OK;

    for (size_t i = 0; i < s.n; i++) {
        for (size_t m = 0; m < sizeof masks; m++) {
            uint8_t *p = chains_copy(s, s.n);

            p[i] ^= masks[m];
            if (chains_decode(key, CS_SPAN(p, s.n), NULL) == CS_OK && is_payload &&
                cs_chain_decode(&tx, key, CS_SPAN(p, s.n), NULL) == CS_OK) {
                chains_same_meaning(&was, &tx);
                cs_chain_tx_free(&tx);
            }
            free(p);
        }
    }
    cs_chain_tx_free(&was);
}

/* Refused with this code and a sentence that holds `part`. */
#define chains_refused(key, payload, code, part)                                       \
    do {                                                                               \
        const char *chains_why = NULL;                                                 \
                                                                                       \
        assert_int_equal(chains_decode((key), (payload), &chains_why), (code));        \
        if (chains_why == NULL || strstr(chains_why, (part)) == NULL) {                \
            fail_msg("\"%s\" does not say \"%s\"",                                     \
                     chains_why == NULL ? "" : chains_why, (part));                    \
        }                                                                              \
    } while (0)

/* Every allocation fails once: the call says NOMEM, leaves zeros, and succeeds with
 * the same result in the end. */
static inline void chains_starve_all(const struct cs_chain_key *key, struct cs_span s,
                                     const struct cs_chain_sig *sigs, size_t n_sigs,
                                     const char *txid)
{
    struct cs_chain_signed out;
    enum cs_err err = CS_ERR_NOMEM;
    const char *why = NULL;

    for (unsigned long n = 1; err != CS_OK; n++) {
        assert_true(n < 120);
        cs_mem_fail_at(n);
        err = cs_chain_finish(&out, key, s, sigs, n_sigs, &why);
        assert_true(err == CS_OK || err == CS_ERR_NOMEM);
        assert_true(err == CS_OK || cs_ct_is_zero(&out, sizeof out));
        assert_true(err == CS_OK || strcmp(why, "out of memory") == 0);
    }
    cs_mem_fail_at(0);
    assert_string_equal(out.txid, txid);
    cs_chain_signed_free(&out);
}

static inline void chains_starve_finish(const struct cs_chain_key *key,
                                        struct cs_span s,
                                        const struct cs_chain_sig *sig,
                                        const char *txid)
{
    chains_starve_all(key, s, sig, 1, txid);
}

/* No lack of memory makes a transaction pass as a text. */
static inline void chains_starve_plaintext(const struct cs_chain_key *key,
                                           struct cs_span text, bool is_transaction)
{
    struct cs_chain_tx tx;
    enum cs_err err = CS_ERR_NOMEM;
    const char *why = NULL;

    for (unsigned long n = 1; err == CS_ERR_NOMEM; n++) {
        assert_true(n < 40);
        cs_mem_fail_at(n);
        err = cs_chain_plaintext(&tx, key, text, &why);
        assert_true(err == CS_OK || cs_ct_is_zero(&tx, sizeof tx));
        assert_true(err != CS_ERR_NOMEM || strcmp(why, "out of memory") == 0);
    }
    cs_mem_fail_at(0);
    assert_int_equal(err, is_transaction ? CS_ERR_CHAIN_MESSAGE : CS_OK);
    cs_chain_tx_free(&tx);
}

/* As plaintext: refused as a transaction, raw, as hex and as base64. */
static inline void chains_not_plaintext(const struct cs_chain_key *key,
                                        struct cs_span s)
{
    struct cs_chain_tx tx;
    struct cs_wr w = {0};
    const char *why;

    for (int form = 0; form < 3; form++) {
        cs_wr_reset(&w);
        if (form == 0) {
            cs_wr_span(&w, s);
        } else if (form == 1) {
            cs_wr_hex(&w, s);
        } else {
            cs_wr_b64(&w, s);
        }
        assert_int_equal(cs_chain_plaintext(&tx, key, cs_wr_get(&w), &why),
                         CS_ERR_CHAIN_MESSAGE);
        assert_non_null(strstr(why, "transaction"));
        assert_true(cs_ct_is_zero(&tx, sizeof tx));
    }
    cs_wr_free(&w);
}

#endif
