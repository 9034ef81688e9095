/* Output scripts and addresses of Bitcoin and its relatives; see utxo.h. */
#include <string.h>

#include "chain/base58.h"
#include "chain/bech32.h"
#include "chain/cashaddr.h"
#include "chain/text.h"
#include "chain/utxo.h"
#include "crypto/ripemd.h"
#include "crypto/taproot.h"

enum {
    OP_0 = 0x00,
    OP_1 = 0x51,
    OP_DUP = 0x76,
    OP_EQUAL = 0x87,
    OP_EQUALVERIFY = 0x88,
    OP_HASH160 = 0xa9,
    OP_CHECKSIG = 0xac,
    HASH_LEN = 20,
    KEY_LEN = 32,
};

void cs_utxo_p2pkh(struct cs_utxo_script *out, const struct cs_chain_key *key)
{
    static const uint8_t head[] = {OP_DUP, OP_HASH160, HASH_LEN};

    memcpy(out->p, head, sizeof head);
    cs_hash160(out->p + sizeof head, CS_SPAN(key->pub, key->pub_len));
    out->p[23] = OP_EQUALVERIFY;
    out->p[24] = OP_CHECKSIG;
    out->n = 25;
}

void cs_utxo_program(struct cs_utxo_script *out, const struct cs_chain_key *key)
{
    out->p[0] = OP_0;
    out->p[1] = HASH_LEN;
    cs_hash160(out->p + 2, CS_SPAN(key->pub, key->pub_len));
    out->n = 2 + HASH_LEN;
}

static void p2sh(struct cs_utxo_script *out, const struct cs_chain_key *key)
{
    struct cs_utxo_script redeem;

    cs_utxo_program(&redeem, key);
    out->p[0] = OP_HASH160;
    out->p[1] = HASH_LEN;
    cs_hash160(out->p + 2, CS_SPAN(redeem.p, redeem.n));
    out->p[22] = OP_EQUAL;
    out->n = 23;
}

static void p2tr(struct cs_utxo_script *out, const struct cs_chain_key *key)
{
    uint8_t tweak[32];

    out->p[0] = OP_1;
    out->p[1] = KEY_LEN;
    /* fails with probability 2^-128: the tweak is a hash of the key */
    CS_ASSERT(cs_taproot_output(out->p + 2, tweak, key->pub) == CS_OK);
    out->n = 2 + KEY_LEN;
}

void cs_utxo_own_script(struct cs_utxo_script *out, const struct cs_chain_key *key,
                        enum cs_utxo_kind kind)
{
    memset(out, 0, sizeof *out);
    switch (kind) {
    case CS_UTXO_P2PKH:
        cs_utxo_p2pkh(out, key);
        return;
    case CS_UTXO_P2SH_P2WPKH:
        p2sh(out, key);
        return;
    case CS_UTXO_P2WPKH:
        cs_utxo_program(out, key);
        return;
    case CS_UTXO_P2TR:
        p2tr(out, key);
        return;
    }
}

/* ---- script -> address ------------------------------------------------------- */

static bool is_p2pkh(struct cs_span s)
{
    return s.n == 25 && s.p[0] == OP_DUP && s.p[1] == OP_HASH160 &&
           s.p[2] == HASH_LEN && s.p[23] == OP_EQUALVERIFY && s.p[24] == OP_CHECKSIG;
}

static bool is_p2sh(struct cs_span s)
{
    return s.n == 23 && s.p[0] == OP_HASH160 && s.p[1] == HASH_LEN &&
           s.p[22] == OP_EQUAL;
}

/* Version 0 with 20 or 32 bytes, version 1 with 32: what is defined today. */
static bool is_witness(const struct cs_utxo_chain *c, struct cs_span s)
{
    bool is_v0 = s.n >= 2 && s.p[0] == OP_0 && (s.n == 22 || s.n == 34);
    bool is_v1 = s.n == 34 && s.p[0] == OP_1 && c->has_taproot;

    return c->hrp[0] != NULL && (is_v0 || is_v1) && s.p[1] == s.n - 2;
}

static void hash_address(char out[CS_CHAIN_ADDRESS_MAX], const struct cs_utxo_chain *c,
                         enum cs_chain_net net, const uint8_t *hash, bool is_script)
{
    char text[CS_BASE58_TEXT_MAX];
    uint8_t raw[1 + HASH_LEN];

    if (c->cash[net] != NULL) {
        cs_cashaddr(out, c->cash[net], is_script, hash);
        return;
    }
    raw[0] = is_script ? c->p2sh[net] : c->p2pkh[net];
    memcpy(raw + 1, hash, HASH_LEN);
    cs_base58check(text, CS_BASE58_BITCOIN, CS_SPAN_OF(raw));
    (void)cs_text_copy(out, CS_CHAIN_ADDRESS_MAX, text);
}

bool cs_utxo_address(char out[CS_CHAIN_ADDRESS_MAX], const struct cs_utxo_chain *c,
                     enum cs_chain_net net, struct cs_span script)
{
    memset(out, 0, CS_CHAIN_ADDRESS_MAX);
    if (is_p2pkh(script)) {
        hash_address(out, c, net, script.p + 3, false);
    } else if (is_p2sh(script)) {
        hash_address(out, c, net, script.p + 2, true);
    } else if (is_witness(c, script)) {
        uint8_t version = script.p[0] == OP_0 ? 0 : 1;

        cs_bech32(out, version == 0 ? CS_BECH32 : CS_BECH32M, c->hrp[net], version,
                  CS_SPAN(script.p + 2, script.n - 2));
    }
    return out[0] != '\0';
}

/* ---- is it an address? --------------------------------------------------------- */

static bool base58_ok(const struct cs_utxo_chain *c, enum cs_chain_net net,
                      const char *text)
{
    uint8_t raw[1 + HASH_LEN];

    return cs_unbase58check(raw, sizeof raw, CS_BASE58_BITCOIN, text) == CS_OK &&
           (raw[0] == c->p2pkh[net] || raw[0] == c->p2sh[net]);
}

static bool bech32_ok(const struct cs_utxo_chain *c, enum cs_chain_net net,
                      const char *text)
{
    struct cs_bech32_read b;

    if (c->hrp[net] == NULL || strlen(text) > 90 || /* BIP 173 */
        !cs_unbech32(&b, c->hrp[net], true, text)) {
        return false;
    }
    if (b.version == 0) {
        return b.kind == CS_BECH32 && (b.n == HASH_LEN || b.n == KEY_LEN);
    }
    return b.version == 1 && c->has_taproot && b.kind == CS_BECH32M && b.n == KEY_LEN;
}

bool cs_utxo_address_ok(const struct cs_utxo_chain *c, enum cs_chain_net net,
                        const char *text)
{
    if (c->cash[net] != NULL) {
        return cs_cashaddr_ok(c->cash[net], text);
    }
    return base58_ok(c, net, text) || bech32_ok(c, net, text);
}
