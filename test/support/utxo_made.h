/* PSBTs that the tests make themselves: one or more inputs of the own key, outputs as
 * given, and fields to add to every map. */
#ifndef CS_TEST_SUPPORT_UTXO_MADE_H
#define CS_TEST_SUPPORT_UTXO_MADE_H

#include "chain/le.h"
#include "chain/utxo.h"
#include "support/chains.h"
#include "support/chains_sign.h"

static const uint8_t secret_own[32] = {7};
static const uint8_t secret_other[32] = {8};

static inline struct cs_chain_key utxo_key(enum cs_chain chain,
                                           enum cs_chain_format format)
{
    struct cs_chain_key key;
    uint8_t pub[33];

    chains_k1_public(pub, secret_own);
    key = chains_key(chain, CS_CURVE_SECP256K1, CS_SPAN_OF(pub));
    key.format = format;
    return key;
}

struct made_out {
    uint64_t value;
    const char *script; /* hex; NULL: the own script */
};

/* NULL and 0: the usual piece. */
struct made {
    size_t n_ins;         /* 1 */
    uint64_t value;       /* of each input: 100000 */
    const char *in_spent; /* hex of the spent output's script: own */
    bool with_previous;   /* add non_witness_utxo */
    bool no_witness_utxo;
    const char *in_extra; /* hex: more fields of the first input */
    const char *out_extra;
    const char *global_extra;
    const char *script_sig; /* hex with its length: 00 */
    struct made_out outs[4];
    size_t n_outs;
    uint32_t version; /* 2 */
    bool is_version_0;
    bool with_witness; /* the unsigned transaction, in BIP 144's form */
    bool same_outpoint;
    bool is_joint;           /* the last input spends PAY's output */
    const char *joint_extra; /* more fields of that input */
    bool no_joint_utxo;
};

#define PAY "001453f097fcfab9ea416562a0573688709c17f890fb"

static inline void made_hex(struct cs_wr *w, const char *hex)
{
    assert_int_equal(cs_unhex_wr(w, hex, strlen(hex)), CS_OK);
}

static inline void made_script(struct cs_wr *w, const char *hex,
                               const struct cs_utxo_script *own)
{
    struct cs_wr s = {0};

    if (hex == NULL) {
        cs_wr_compact_span(w, CS_SPAN(own->p, own->n));
        return;
    }
    made_hex(&s, hex);
    cs_wr_compact_span(w, cs_wr_get(&s));
    cs_wr_free(&s);
}

/* The transaction whose output number i + 1 the ith input spends. */
static inline void made_previous(struct cs_wr *w, const struct made *m, size_t i,
                                 const struct cs_utxo_script *own)
{
    uint8_t zero[36] = {(uint8_t)(i + 1), (uint8_t)((i + 1) >> 8)};

    cs_wr_le32(w, 1);
    cs_wr_compact(w, 1);
    cs_wr_bytes(w, zero, sizeof zero);
    cs_wr_compact(w, 0);
    cs_wr_le32(w, UINT32_MAX);
    cs_wr_compact(w, 2);
    cs_wr_le64(w, 55);
    cs_wr_compact(w, 0);
    cs_wr_le64(w, m->value);
    made_script(w, m->in_spent, own);
    cs_wr_le32(w, 0);
}

static inline void made_tx(struct cs_wr *w, const struct made *m,
                           const struct cs_utxo_script *own)
{
    cs_wr_le32(w, m->version == 0 && !m->is_version_0 ? 2 : m->version);
    cs_wr_bytes(w, "\0\1", m->with_witness ? 2 : 0);
    cs_wr_compact(w, m->n_ins);
    for (size_t i = 0; i < m->n_ins; i++) {
        struct cs_wr prev = {0};
        uint8_t id[32];

        made_previous(&prev, m, m->same_outpoint ? 0 : i, own);
        cs_sha256(id, cs_wr_get(&prev));
        cs_sha256(id, CS_SPAN_OF(id));
        cs_wr_bytes(w, id, sizeof id);
        cs_wr_le32(w, 1);
        made_hex(w, m->script_sig == NULL ? "00" : m->script_sig);
        cs_wr_le32(w, 0xfffffffd);
        cs_wr_free(&prev);
    }
    cs_wr_compact(w, m->n_outs);
    for (size_t i = 0; i < m->n_outs; i++) {
        cs_wr_le64(w, m->outs[i].value);
        made_script(w, m->outs[i].script, own);
    }
    for (size_t i = 0; i < m->n_ins && m->with_witness; i++) {
        cs_wr_u8(w, 0);
    }
    cs_wr_le32(w, 0);
}

static inline void made_field(struct cs_wr *w, uint8_t type, struct cs_wr *value)
{
    cs_wr_u8(w, 1);
    cs_wr_u8(w, type);
    cs_wr_compact_span(w, cs_wr_get(value));
    cs_wr_free(value);
}

static inline void made_psbt(struct cs_wr *w, const struct cs_chain_key *key,
                             struct made m)
{
    struct cs_utxo_script own;
    enum cs_utxo_kind kind;
    struct cs_wr v = {0};

    m.n_ins = m.n_ins == 0 ? 1 : m.n_ins;
    m.value = m.value == 0 ? 100000 : m.value;
    assert_int_equal(cs_utxo_kind(&kind, key, NULL), CS_OK);
    cs_utxo_own_script(&own, key, kind);
    *w = (struct cs_wr){0};
    cs_wr_bytes(w, "psbt\xff", 5);
    made_tx(&v, &m, &own);
    made_field(w, 0, &v);
    made_hex(w, m.global_extra == NULL ? "" : m.global_extra);
    cs_wr_u8(w, 0);
    for (size_t i = 0; i < m.n_ins; i++) {
        bool is_foreign = m.is_joint && i == m.n_ins - 1;

        if (m.with_previous) {
            made_previous(&v, &m, i, &own);
            made_field(w, 0, &v);
        }
        if (!m.no_witness_utxo && !(is_foreign && m.no_joint_utxo)) {
            cs_wr_le64(&v, m.value);
            made_script(&v, is_foreign ? PAY : m.in_spent, &own);
            made_field(w, 1, &v);
        }
        made_hex(w, i == 0 && m.in_extra != NULL ? m.in_extra : "");
        made_hex(w, is_foreign && m.joint_extra != NULL ? m.joint_extra : "");
        cs_wr_u8(w, 0);
    }
    for (size_t i = 0; i < m.n_outs; i++) {
        made_hex(w, m.out_extra == NULL ? "" : m.out_extra);
        cs_wr_u8(w, 0);
    }
}

/* One payment of 90000 and the rest as fee, with these changes. */
#define MADE_PAY .outs = {{90000, PAY}}, .n_outs = 1

#endif
