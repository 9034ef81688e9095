/* What a run's wallet is: chain, curve and scheme, and what it is asked to sign. */
#include "sim/world.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "chain/le.h"
#include "chain/utxo.h"
#include "crypto/ecdsa.h"
#include "crypto/taproot.h"

#include <sodium.h>

static const struct flavor solana = {.chain = "SOLANA",
                                     .wallet = "",
                                     .scheme = CS_CHAIN_SCHEME_ED25519,
                                     .pub_len = 32,
                                     .has_texts = true};
static const struct flavor ethereum = {.chain = "ETHEREUM",
                                       .wallet = "",
                                       .scheme = CS_CHAIN_SCHEME_ECDSA,
                                       .pub_len = 33,
                                       .has_texts = true};
static const struct flavor segwit = {.chain = "BITCOIN",
                                     .wallet = ",\"addressType\":\"P2WPKH\"",
                                     .scheme = CS_CHAIN_SCHEME_ECDSA,
                                     .pub_len = 33};
static const struct flavor taproot = {.chain = "BITCOIN",
                                      .wallet = ",\"addressType\":\"P2TR\"",
                                      .scheme = CS_CHAIN_SCHEME_BIP340,
                                      .pub_len = 33};

const struct flavor *flavor_of(uint64_t seed)
{
    if (seed % 20 == 7) { /* DKLs23 costs five times the rest: fewer of it */
        return seed / 20 % 2 == 0 ? &ethereum : &segwit;
    }
    return seed % 10 == 3 ? &taproot : &solana;
}

/* ---- payloads -------------------------------------------------------------------- */

/* A legacy Solana message: transfer of 1 lamport, own key pays and signs. */
static void solana_transfer(struct world *w, const uint8_t *pub, struct cs_wr *out)
{
    uint8_t some[32];

    rng_fill(&w->rng, some, 32);
    cs_wr_bytes(out, "\x01\x00\x01\x03", 4);
    cs_wr_bytes(out, pub, 32);
    cs_wr_bytes(out, some, 32); /* some destination */
    (void)cs_wr_room(out, 32);  /* system program */
    rng_fill(&w->rng, some, 32);
    cs_wr_bytes(out, some, 32);
    cs_wr_bytes(
        out, "\x01\x02\x02\x00\x01\x0c\x02\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00",
        18);
}

/* EIP-1559: 1 wei to somebody. */
static void ethereum_transfer(struct world *w, struct cs_wr *out)
{
    uint8_t to[20];

    rng_fill(&w->rng, to, sizeof to);
    cs_wr_bytes(out, "\x02\xdf\x01", 3);
    cs_wr_u8(out, (uint8_t)(1 + rng_below(&w->rng, 126))); /* nonce */
    cs_wr_bytes(out, "\x01\x02\x82\x52\x08\x94", 6);
    cs_wr_bytes(out, to, sizeof to);
    cs_wr_bytes(out, "\x01\x80\xc0", 3);
}

enum { INS = 3, EACH = 100000 };

static void bitcoin_tx(struct world *w, struct cs_wr *out)
{
    uint8_t some[32];

    cs_wr_le32(out, 2);
    cs_wr_compact(out, INS);
    for (int i = 0; i < INS; i++) {
        rng_fill(&w->rng, some, 32);
        cs_wr_bytes(out, some, 32);
        cs_wr_le32(out, (uint32_t)i);
        cs_wr_compact(out, 0);
        cs_wr_le32(out, 0xfffffffd);
    }
    cs_wr_compact(out, 1);
    cs_wr_le64(out, INS * EACH - 1000);
    rng_fill(&w->rng, some, 20);
    cs_wr_bytes(out, "\x16\x00\x14", 3);
    cs_wr_bytes(out, some, 20);
    cs_wr_le32(out, 0);
}

static void psbt_field(struct cs_wr *out, uint8_t type, struct cs_wr *value)
{
    cs_wr_u8(out, 1);
    cs_wr_u8(out, type);
    cs_wr_compact_span(out, cs_wr_get(value));
    cs_wr_free(value);
    *value = (struct cs_wr){0};
}

/* A PSBT with three inputs of the own key. */
static void bitcoin_psbt(struct world *w, const struct cs_chain_key *key,
                         struct cs_wr *out)
{
    struct cs_utxo_script own;
    enum cs_utxo_kind kind;
    struct cs_wr v = {0};

    CS_ASSERT(cs_utxo_kind(&kind, key, NULL) == CS_OK);
    cs_utxo_own_script(&own, key, kind);
    cs_wr_bytes(out, "psbt\xff", 5);
    bitcoin_tx(w, &v);
    psbt_field(out, 0, &v);
    cs_wr_u8(out, 0);
    for (int i = 0; i < INS; i++) {
        cs_wr_le64(&v, EACH);
        cs_wr_compact_span(&v, CS_SPAN(own.p, own.n));
        psbt_field(out, 1, &v); /* witness_utxo */
        cs_wr_u8(out, 0);
    }
    cs_wr_u8(out, 0);
}

static void own_key(const struct flavor *f, const char *public_key_hex,
                    struct cs_chain_key *key)
{
    uint8_t pub[33];
    const char *why = "";

    CS_ASSERT(cs_unhex(pub, f->pub_len, public_key_hex) == CS_OK);
    CS_ASSERT(cs_chain_key_init(key, cs_chain_by_name(f->chain)->chain,
                                f->scheme == CS_CHAIN_SCHEME_ED25519
                                    ? CS_CURVE_ED25519
                                    : CS_CURVE_SECP256K1,
                                CS_SPAN(pub, f->pub_len), &why) == CS_OK);
    CS_ASSERT(cs_chain_key_set_scheme(key, f->scheme, &why) == CS_OK);
}

void flavor_transfer(struct world *w, const struct flavor *f,
                     const char *public_key_hex, char *hex, size_t size)
{
    struct cs_chain_key key;
    struct cs_wr out = {0};

    own_key(f, public_key_hex, &key);
    if (key.chain == CS_CHAIN_SOLANA) {
        solana_transfer(w, key.pub, &out);
    } else if (key.chain == CS_CHAIN_ETHEREUM) {
        ethereum_transfer(w, &out);
    } else {
        bitcoin_psbt(w, &key, &out);
    }
    CS_ASSERT(out.err == CS_OK && 2 * out.n < size);
    cs_hex(hex, out.p, out.n);
    cs_wr_free(&out);
}

/* ---- a signature that is shown verifies over what was asked
 * ---------------------------- */

static bool verifies(const struct cs_chain_key *key, const struct cs_chain_item *item,
                     const uint8_t *sig, size_t n)
{
    uint8_t rs[64], out_key[32], tweak[32];

    switch (item->scheme) {
    case CS_CHAIN_SCHEME_ED25519:
        return n == 64 && crypto_sign_verify_detached(sig, item->message.p,
                                                      item->message.n, key->pub) == 0;
    case CS_CHAIN_SCHEME_ECDSA:
        return cs_ecdsa_from_der(rs, CS_SPAN(sig, n)) == CS_OK &&
               cs_ecdsa_verify(key->pub, item->message.p, rs) == CS_OK;
    case CS_CHAIN_SCHEME_BIP340:
        return n == 64 && cs_taproot_output(out_key, tweak, key->pub) == CS_OK &&
               cs_taproot_verify(out_key, item->message, sig) == CS_OK;
    }
    return false;
}

static bool all_verify(const struct cs_chain_key *key, const struct cs_chain_tx *tx,
                       const char *signatures)
{
    const char *at = signatures;

    for (size_t i = 0; i < tx->n_items; i++) {
        struct cs_wr sig = {0};
        size_t len = strcspn(at, " ");
        bool ok = cs_unhex_wr(&sig, at, len) == CS_OK &&
                  verifies(key, &tx->items[i], sig.p, sig.n);

        cs_wr_free(&sig);
        if (!ok) {
            return false;
        }
        at += len + (at[len] == ' ' ? 1 : 0);
    }
    return *at == '\0';
}

void check_signatures(struct world *w, const struct flavor *f, const char *kind,
                      const char *payload, const char *public_key_hex,
                      const char *signatures)
{
    struct cs_chain_tx tx = {0};
    struct cs_chain_key key;
    struct cs_wr raw = {0};
    const char *why = "";
    bool plain = strcmp(kind, "PLAINTEXT") == 0;

    own_key(f, public_key_hex, &key);
    if (plain) {
        cs_wr_str(&raw, payload);
    } else {
        CS_ASSERT(cs_unhex_wr(&raw, payload, strlen(payload)) == CS_OK);
    }
    if (cs_chain_prepare(&tx, &key, plain ? CS_CHAIN_KIND_PLAINTEXT : CS_CHAIN_KIND_RAW,
                         cs_wr_get(&raw), &why) != CS_OK ||
        !all_verify(&key, &tx, signatures)) {
        violate(w, "a signature that was shown does not verify: %s",
                why == NULL ? "" : why);
    }
    cs_chain_tx_free(&tx);
    cs_wr_free(&raw);
}
