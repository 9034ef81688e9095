/* Hashes of the key generation; the tag input lists are PROTOCOLS 3's (15.7 G1). */
#include <string.h>

#include "crypto/hash.h"
#include "mpc/dkg_impl.h"

enum { MAX = CS_PARTIES_MAX };

/* hs_ij = TH("dkg/share"; presid, i, j, s_ij, rnd_ij) */
void dkg_share_hash(uint8_t out[32], const uint8_t presid[32], uint8_t i, uint8_t j,
                    const uint8_t *s, const uint8_t *rnd)
{
    const struct cs_span x[] = {CS_SPAN(presid, 32), CS_SPAN(&i, 1), CS_SPAN(&j, 1),
                                CS_SPAN(s, 32), CS_SPAN(rnd, 32)};

    cs_th(out, CS_TAG_DKG_SHARE, x, CS_COUNTOF(x));
}

/* enc() of n items of equal size that lie one after the other. */
static void list_enc(struct cs_wr *w, struct cs_span all, size_t n)
{
    struct cs_span items[MAX];
    size_t i, each = all.n / n;

    CS_ASSERT(n <= MAX && each * n == all.n);
    for (i = 0; i < n; i++) {
        items[i] = CS_SPAN(all.p + i * each, each);
    }
    cs_enc(w, items, n);
    CS_ASSERT(w->err == CS_OK);
}

/* com_i = TH("dkg/com"; presid, i, nonce_i, F_i*, A_i*, cc_i, hs_i*, blind_i) */
void dkg_commitment(uint8_t out[32], const struct cs_roster *r,
                    const uint8_t presid[32], uint8_t i, const uint8_t nonce[32],
                    const struct dkg_reveal *v)
{
    struct cs_wr F = {0}, A = {0}, hs = {0};

    list_enc(&F, v->F_raw, r->t);
    list_enc(&A, v->A_raw, r->t);
    list_enc(&hs, v->hs, r->n);
    const struct cs_span x[] = {CS_SPAN(presid, 32), CS_SPAN(&i, 1), CS_SPAN(nonce, 32),
                                cs_wr_get(&F),       cs_wr_get(&A),  v->cc,
                                cs_wr_get(&hs),      v->blind};
    cs_th(out, CS_TAG_DKG_COM, x, CS_COUNTOF(x));
    cs_wr_free(&F);
    cs_wr_free(&A);
    cs_wr_free(&hs);
}

/* e_ik = h2s("dkg/pok"; sid, i, k, F_ik, A_ik) */
void dkg_pok_challenge(enum cs_curve c, struct cs_scalar *e, const uint8_t sid[32],
                       uint8_t i, uint8_t k, struct cs_span F, struct cs_span A)
{
    const struct cs_span x[] = {CS_SPAN(sid, 32), CS_SPAN(&i, 1), CS_SPAN(&k, 1), F, A};

    cs_h2s(c, e, CS_TAG_DKG_POK, x, CS_COUNTOF(x));
}

struct cs_span dkg_nth(struct cs_span all, size_t i, size_t each)
{
    CS_ASSERT((i + 1) * each <= all.n);
    return CS_SPAN(all.p + i * each, each);
}

void dkg_chain_code(uint8_t out[32], const uint8_t sid[32], const struct cs_span *cc,
                    size_t n)
{
    struct cs_wr list = {0};

    cs_enc(&list, cc, n);
    CS_ASSERT(list.err == CS_OK);
    const struct cs_span x[] = {CS_SPAN(sid, 32), cs_wr_get(&list)};
    cs_th(out, CS_TAG_DKG_CC, x, CS_COUNTOF(x));
    cs_wr_free(&list);
}
