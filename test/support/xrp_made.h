/* XRP Ledger transactions that the tests make themselves, piece by piece in hex. */
#ifndef CS_TEST_SUPPORT_XRP_MADE_H
#define CS_TEST_SUPPORT_XRP_MADE_H

#include "crypto/identity.h"
#include "crypto/ripemd.h"
#include "support/chains.h"

static const uint8_t seed_own[32] = {7};
static const uint8_t seed_other[32] = {8};

static struct {
    struct cs_chain_key own;
    struct cs_chain_key other;
} fix;

static inline int setup(void **state)
{
    uint8_t pub[32];

    (void)state;
    if (cs_crypto_init() != CS_OK) {
        return -1;
    }
    cs_sign_public(pub, seed_own);
    fix.own = chains_key(CS_CHAIN_XRP_LEDGER, CS_CURVE_ED25519, CS_SPAN_OF(pub));
    cs_sign_public(pub, seed_other);
    fix.other = chains_key(CS_CHAIN_XRP_LEDGER, CS_CURVE_ED25519, CS_SPAN_OF(pub));
    return 0;
}

/* In canonical order; NULL: the usual piece, "": nothing. */
struct blob {
    const char *type;    /* Payment */
    const char *u32;     /* Flags 0, Sequence 1 */
    const char *before;  /* hashes: nothing */
    const char *amount;  /* 1 XRP */
    const char *fee;     /* 10 drops */
    const char *after;   /* SendMax and later amounts: nothing */
    const char *pub;     /* own key */
    const char *blobs;   /* nothing */
    const char *account; /* own account */
    const char *to;      /* 20 times 22 */
    const char *rest;    /* nothing */
};

#define TO "83142222222222222222222222222222222222222222"

static inline void piece(struct cs_wr *w, const char *hex, const char *usual)
{
    hex = hex == NULL ? usual : hex;
    assert_int_equal(cs_unhex_wr(w, hex, strlen(hex)), CS_OK);
}

static inline void own_pub(uint8_t out[33], const struct cs_chain_key *key)
{
    out[0] = 0xed;
    memcpy(out + 1, key->pub, 32);
}

static inline void make(struct cs_wr *w, const struct blob *b)
{
    uint8_t pub[33], id[20];

    *w = (struct cs_wr){0};
    own_pub(pub, &fix.own);
    cs_hash160(id, CS_SPAN_OF(pub));
    piece(w, b->type, "120000");
    piece(w, b->u32, "22000000002400000001");
    piece(w, b->before, "");
    piece(w, b->amount, "6140000000000F4240");
    piece(w, b->fee, "68400000000000000A");
    piece(w, b->after, "");
    piece(w, b->pub, "7321");
    if (b->pub == NULL) {
        cs_wr_bytes(w, pub, sizeof pub);
    }
    piece(w, b->blobs, "");
    piece(w, b->account, "8114");
    if (b->account == NULL) {
        cs_wr_bytes(w, id, sizeof id);
    }
    piece(w, b->to, TO);
    piece(w, b->rest, "");
}

static inline void refused_code(const struct blob *b, enum cs_err code,
                                const char *part)
{
    struct cs_wr w;

    make(&w, b);
    chains_refused(&fix.own, cs_wr_get(&w), code, part);
    cs_wr_free(&w);
}

static inline void refused(struct blob b, const char *part)
{
    refused_code(&b, CS_ERR_CHAIN_TX, part);
}

static inline void decoded(struct cs_chain_tx *tx, struct blob b)
{
    const char *why = NULL;
    struct cs_wr w;

    make(&w, &b);
    if (cs_chain_decode(tx, &fix.own, cs_wr_get(&w), &why) != CS_OK) {
        fail_msg("%s", why);
    }
    chains_check_summary(tx, cs_wr_get(&w));
    cs_wr_free(&w);
}

#endif
