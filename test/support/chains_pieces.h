/* Payloads that the tests put together of pieces in hex, with '@' for the own key. */
#ifndef CS_TEST_SUPPORT_CHAINS_PIECES_H
#define CS_TEST_SUPPORT_CHAINS_PIECES_H

#include "crypto/identity.h"
#include "support/chains.h"
#include "support/chains_sign.h"

static const uint8_t pieces_secret[32] = {7};

static inline struct cs_chain_key pieces_key(enum cs_chain chain, enum cs_curve curve)
{
    uint8_t ed[32], k1[33];

    cs_sign_public(ed, pieces_secret);
    chains_k1_public(k1, pieces_secret);
    return chains_key(chain, curve,
                      curve == CS_CURVE_ED25519 ? CS_SPAN_OF(ed) : CS_SPAN_OF(k1));
}

static inline void pieces_put(struct cs_wr *w, const char *hex,
                              const struct cs_chain_key *key)
{
    while (*hex != '\0') {
        if (*hex == '@') {
            cs_wr_bytes(w, key->pub, key->pub_len);
            hex++;
        } else {
            assert_int_equal(cs_unhex_wr(w, hex, 2), CS_OK);
            hex += 2;
        }
    }
}

/* pieces[i], but change instead of the piece number `at`; from one to `n` pieces. */
static inline void pieces_join(struct cs_wr *w, const char *const *pieces, size_t n,
                               size_t at, const char *change,
                               const struct cs_chain_key *key)
{
    *w = (struct cs_wr){0};
    for (size_t i = 0; i < n; i++) {
        pieces_put(w, i == at ? change : pieces[i], key);
    }
}

struct piece_case {
    size_t at;
    const char *change;
    enum cs_err code;
    const char *part; /* of the sentence; of the text when code is CS_OK */
};

/* Every case: the pieces with one change are refused with that sentence, or decode and
 * say so. */
static inline void pieces_check(const struct cs_chain_key *key,
                                const char *const *pieces, size_t n,
                                const struct piece_case *cases, size_t n_cases)
{
    for (size_t i = 0; i < n_cases; i++) {
        const char *why = NULL;
        struct cs_chain_tx tx;
        struct cs_wr w;
        enum cs_err err;

        pieces_join(&w, pieces, n, cases[i].at, cases[i].change, key);
        err = cs_chain_decode(&tx, key, cs_wr_get(&w), &why);
        why = err == CS_OK ? tx.text : why;
        if (err != cases[i].code || strstr(why, cases[i].part) == NULL) {
            fail_msg("case %zu: %s, \"%s\" instead of \"%s\"", i, cs_err_name(err), why,
                     cases[i].part);
        }
        cs_chain_tx_free(&tx);
        cs_wr_free(&w);
    }
}

/* Signs what decodes, finishes, and lets nobody else's signature pass. */
static inline void pieces_finish(const struct cs_chain_key *key, struct cs_span payload)
{
    struct cs_chain_signed out;
    struct cs_chain_sig sig = {0};
    struct cs_chain_tx tx;

    assert_int_equal(cs_chain_decode(&tx, key, payload, NULL), CS_OK);
    if (key->curve == CS_CURVE_ED25519) {
        cs_sign(sig.rs, pieces_secret, tx.items[0].message);
    } else {
        chains_k1_sign(sig.rs, pieces_secret, tx.items[0].message.p);
    }
    assert_int_equal(cs_chain_finish(&out, key, payload, &sig, 1, NULL), CS_OK);
    cs_chain_signed_free(&out);
    sig.rs[3] ^= 1;
    assert_int_equal(cs_chain_finish(&out, key, payload, &sig, 1, NULL),
                     CS_ERR_SIG_INVALID);
    cs_chain_tx_free(&tx);
}

#endif
