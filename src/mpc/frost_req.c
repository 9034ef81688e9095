/* FR_REQ and the sid of both messages (PROTOCOLS 7.2, 15.1 A2). */
#include <string.h>

#include "base/rd.h"
#include "crypto/hash.h"
#include "mpc/frost_online.h"

void cs_frost_sid(uint8_t sid[32], const uint8_t link_id[16], uint64_t nonce_id)
{
    struct cs_wr id = {0};

    cs_wr_u64(&id, nonce_id);
    CS_ASSERT(id.err == CS_OK);
    const struct cs_span x[] = {CS_SPAN(link_id, 16), cs_wr_get(&id)};
    cs_th(sid, CS_TAG_FR_ONLINE, x, CS_COUNTOF(x));
    cs_wr_free(&id);
}

/* ---- 7.2 FR_REQ ------------------------------------------------------------------ */

void cs_frost_req_encode(struct cs_wr *w, const struct cs_frost_req *q)
{
    size_t i;

    cs_wr_span(w, CS_SPAN_OF(q->reqh));
    cs_wr_span(w, CS_SPAN_OF(q->request_id));
    cs_wr_u16(w, q->item);
    cs_wr_u64(w, q->nonce_id);
    for (i = 0; i < q->n; i++) {
        cs_wr_u8(w, q->ids[i]);
        cs_wr_bytes(w, q->commits[i], q->commit_len);
    }
}

/* The two schemes' messages never have one length: t * 65 is not t * 67. */
static uint8_t commit_len_of(size_t total, uint8_t t)
{
    if (total == CS_FROST_REQ_LEN(t, CS_FROST_COMMIT_LEN)) {
        return CS_FROST_COMMIT_LEN;
    }
    return total == CS_FROST_REQ_LEN(t, CS_BIP340_NONCE_LEN) ? CS_BIP340_NONCE_LEN : 0;
}

enum cs_err cs_frost_req_decode(struct cs_frost_req *out, uint8_t t, struct cs_span in)
{
    struct cs_rd r = CS_RD(in);
    struct cs_frost_req q = {.n = t, .commit_len = commit_len_of(in.n, t)};
    size_t i;

    CS_ASSERT(t >= 1 && t <= CS_PARTIES_MAX);
    if (q.commit_len == 0) {
        return CS_ERR_BAD_FORMAT;
    }
    cs_rd_copy(&r, q.reqh, sizeof q.reqh);
    cs_rd_copy(&r, q.request_id, sizeof q.request_id);
    q.item = cs_rd_u16(&r);
    q.nonce_id = cs_rd_u64(&r);
    for (i = 0; i < t; i++) {
        q.ids[i] = cs_rd_u8(&r);
        cs_rd_copy(&r, q.commits[i], q.commit_len);
        if (q.ids[i] < 1 || q.ids[i] > CS_PARTIES_MAX ||
            (i > 0 && q.ids[i] <= q.ids[i - 1])) {
            return CS_ERR_BAD_FORMAT;
        }
    }
    if (cs_rd_end(&r) != CS_OK) {
        return CS_ERR_BAD_FORMAT;
    }
    *out = q;
    return CS_OK;
}

enum cs_err cs_frost_req_peek(uint8_t request_id[CS_ID_LEN], uint8_t reqh[32],
                              struct cs_span req)
{
    struct cs_rd r = CS_RD(req);
    uint8_t h[32], id[CS_ID_LEN];

    cs_rd_copy(&r, h, sizeof h);
    cs_rd_copy(&r, id, sizeof id);
    if (r.err != CS_OK) {
        return CS_ERR_BAD_FORMAT;
    }
    memcpy(reqh, h, sizeof h);
    memcpy(request_id, id, sizeof id);
    return CS_OK;
}
