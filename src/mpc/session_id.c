/* presid, sid, tr and the SES_OPEN payload (PROTOCOLS 2.4, 2.5, 15.1 A1, A2). */
#include <string.h>

#include "base/rd.h"
#include "crypto/hash.h"
#include "mpc/session_impl.h"

static void indices_enc(struct cs_wr *w, const struct cs_session_params *p)
{
    struct cs_span items[CS_PARTIES_MAX];
    size_t i;

    for (i = 0; i < p->n_parts; i++) {
        items[i] = CS_SPAN(&p->parts[i], 1);
    }
    cs_enc(w, items, p->n_parts);
}

static void boots_enc(struct cs_wr *w, const struct cs_session_params *p)
{
    struct cs_span items[CS_PARTIES_MAX];
    size_t i;

    for (i = 0; i < p->n_parts; i++) {
        items[i] = CS_SPAN_OF(p->boot[p->parts[i]]);
    }
    cs_enc(w, items, p->n_parts);
}

/* presid = TH("presid"; proto, reqh, ds_hash, key_id, key_epoch, dkg_cert_hash,
 * enc(indices), enc(boots), initiator's nonce) */
void ses_presid(uint8_t out[32], const struct cs_session_params *p,
                const uint8_t reqh[32], const uint8_t nonce[32])
{
    uint32_t e = p->request.key_epoch;
    uint8_t proto = p->protocol->proto;
    uint8_t epoch[4] = {(uint8_t)(e >> 24), (uint8_t)(e >> 16), (uint8_t)(e >> 8),
                        (uint8_t)e};
    struct cs_wr parts = {0}, boots = {0};

    indices_enc(&parts, p);
    boots_enc(&boots, p);
    CS_ASSERT(parts.err == CS_OK && boots.err == CS_OK);
    const struct cs_span x[] = {
        CS_SPAN(&proto, 1),
        CS_SPAN(reqh, 32),
        CS_SPAN_OF(p->roster.ds_hash),
        CS_SPAN_OF(p->request.key_id),
        CS_SPAN_OF(epoch),
        CS_SPAN(p->cert_hash, p->has_cert ? 32u : 0u),
        cs_wr_get(&parts),
        cs_wr_get(&boots),
        CS_SPAN(nonce, 32),
    };
    cs_th(out, CS_TAG_PRESID, x, CS_COUNTOF(x));
    cs_wr_free(&parts);
    cs_wr_free(&boots);
}

static void payload_hash(uint8_t out[32], const struct cs_session *s, uint8_t round,
                         uint8_t party)
{
    const struct cs_span x[] = {cs_wr_get(&s->slot[round][party].bcast)};

    cs_th(out, CS_TAG_BC_PAYLOAD, x, CS_COUNTOF(x));
}

/* sid = TH("sid"; presid, enc(nonce_j | round-1 broadcast hash of j)): the nonce opens
 * the round-1 payload. */
void ses_sid(struct cs_session *s)
{
    uint8_t item[CS_PARTIES_MAX][64];
    struct cs_span items[CS_PARTIES_MAX];
    struct cs_wr list = {0};
    size_t i;

    for (i = 0; i < s->p.n_parts; i++) {
        uint8_t j = s->p.parts[i];

        CS_ASSERT(s->slot[1][j].bcast.n >= 32);
        memcpy(item[i], s->slot[1][j].bcast.p, 32);
        payload_hash(item[i] + 32, s, 1, j);
        items[i] = CS_SPAN_OF(item[i]);
    }
    cs_enc(&list, items, s->p.n_parts);
    CS_ASSERT(list.err == CS_OK);
    const struct cs_span x[] = {CS_SPAN_OF(s->presid), cs_wr_get(&list)};
    cs_th(s->sid, CS_TAG_SID, x, CS_COUNTOF(x));
    cs_wr_free(&list);
}

/* tr_r = TH("tr"; presid in round 1 else sid, r, enc(TH("bc/payload"; payload_j))) */
void ses_tr(struct cs_session *s, uint8_t round)
{
    uint8_t hash[CS_PARTIES_MAX][32];
    struct cs_span items[CS_PARTIES_MAX];
    struct cs_wr list = {0};
    size_t i;

    for (i = 0; i < s->p.n_parts; i++) {
        payload_hash(hash[i], s, round, s->p.parts[i]);
        items[i] = CS_SPAN_OF(hash[i]);
    }
    cs_enc(&list, items, s->p.n_parts);
    CS_ASSERT(list.err == CS_OK);
    const struct cs_span x[] = {CS_SPAN(round == 1 ? s->presid : s->sid, 32),
                                CS_SPAN(&round, 1), cs_wr_get(&list)};
    cs_th(s->tr[round], CS_TAG_TR, x, CS_COUNTOF(x));
    cs_wr_free(&list);
}

/* Payloads of round >= 2 start with sid, then tr where the table says so. */
size_t ses_prefix_len(const struct cs_protocol *p, uint8_t round)
{
    if (round < 2) {
        return 0;
    }
    return p->rounds[round - 1].has_tr ? 64 : 32;
}

/* ---- SES_OPEN
 * ------------------------------------------------------------------------ */

void ses_open_encode(struct cs_wr *w, const struct cs_session_open *o)
{
    cs_wr_span(w, CS_SPAN_OF(o->nonce));
    cs_wr_span(w, CS_SPAN_OF(o->request_id));
    cs_wr_span(w, CS_SPAN_OF(o->reqh));
    cs_wr_u8(w, (uint8_t)o->kind);
    cs_wr_u32(w, o->attempt);
    cs_wr_u8(w, o->n_parts);
    cs_wr_bytes(w, o->parts, o->n_parts);
}

static bool parts_rise(const uint8_t *parts, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (parts[i] < 1 || parts[i] > CS_PARTIES_MAX ||
            (i > 0 && parts[i] <= parts[i - 1])) {
            return false;
        }
    }
    return n >= 2;
}

enum cs_err cs_session_open_decode(struct cs_session_open *out, struct cs_span bcast)
{
    struct cs_rd r = CS_RD(bcast);
    struct cs_session_open o = {0};
    uint8_t kind;

    cs_rd_copy(&r, o.nonce, sizeof o.nonce);
    cs_rd_copy(&r, o.request_id, sizeof o.request_id);
    cs_rd_copy(&r, o.reqh, sizeof o.reqh);
    kind = cs_rd_u8(&r);
    o.attempt = cs_rd_u32(&r);
    o.n_parts = cs_rd_u8(&r);
    if (o.n_parts > CS_PARTIES_MAX) {
        return CS_ERR_BAD_FORMAT;
    }
    cs_rd_copy(&r, o.parts, o.n_parts);
    if (cs_rd_end(&r) != CS_OK || !cs_request_kind_ok(kind) ||
        !parts_rise(o.parts, o.n_parts)) {
        return CS_ERR_BAD_FORMAT;
    }
    o.kind = (enum cs_request_kind)kind;
    *out = o;
    return CS_OK;
}
