#include "mpc/dkls_ids.h"

#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "crypto/hash.h"

static void put_u16(uint8_t out[2], uint16_t v)
{
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
}

static void put_u32(uint8_t out[4], uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(v >> (24 - 8 * i));
    }
}

void cs_ot_osid(uint8_t osid[32], const uint8_t link_id[16], const uint8_t ds_hash[32],
                uint8_t alice, uint8_t bob, uint32_t setup_counter)
{
    uint8_t counter[4];
    const struct cs_span x[] = {CS_SPAN(link_id, 16), CS_SPAN(ds_hash, 32),
                                CS_SPAN(&alice, 1), CS_SPAN(&bob, 1),
                                CS_SPAN_OF(counter)};

    put_u32(counter, setup_counter);
    cs_th(osid, CS_TAG_OT_SETUP, x, CS_COUNTOF(x));
}

void cs_ot_selftest_presid(uint8_t presid[32], const struct cs_ot_ids *ids)
{
    const struct cs_span x[] = {CS_SPAN_OF(ids->osid), CS_SPAN_LIT("selftest"),
                                CS_SPAN(&ids->bob, 1), CS_SPAN(&ids->alice, 1)};

    cs_th(presid, CS_TAG_SUB, x, CS_COUNTOF(x));
}

/* ---- SES_OPEN ------------------------------------------------------------------- */

static size_t n_osids(uint8_t n)
{
    return (size_t)n * (n - 1u);
}

static size_t place(const uint8_t *signers, uint8_t n, uint8_t index)
{
    size_t i = 0;

    while (i < n && signers[i] != index) {
        i++;
    }
    CS_ASSERT(i < n);
    return i;
}

size_t cs_dkls_osid_slot(const uint8_t *signers, uint8_t n, uint8_t alice, uint8_t bob)
{
    size_t a = place(signers, n, alice), b = place(signers, n, bob);

    CS_ASSERT(a != b);
    return a * (n - 1u) + b - (b > a ? 1 : 0);
}

void cs_dkls_open_encode(struct cs_wr *w, const struct cs_dkls_open *o)
{
    CS_ASSERT(o->n >= 2 && o->n <= CS_PARTIES_MAX);
    cs_wr_bytes(w, o->nonce, sizeof o->nonce);
    cs_wr_bytes(w, o->request_id, sizeof o->request_id);
    cs_wr_bytes(w, o->reqh, sizeof o->reqh);
    cs_wr_u8(w, o->kind);
    cs_wr_u32(w, o->attempt);
    cs_wr_u16(w, o->item);
    cs_wr_u8(w, o->n);
    cs_wr_bytes(w, o->signers, o->n);
    cs_wr_bytes(w, o->osids, 32 * n_osids(o->n));
}

static bool signers_ok(const uint8_t *signers, uint8_t n)
{
    for (uint8_t i = 0; i < n; i++) {
        if (signers[i] == 0 || signers[i] > CS_PARTIES_MAX ||
            (i > 0 && signers[i] <= signers[i - 1])) {
            return false;
        }
    }
    return true;
}

enum cs_err cs_dkls_open_decode(struct cs_dkls_open *out, struct cs_span body)
{
    struct cs_rd r = CS_RD(body);
    struct cs_dkls_open o;

    memset(&o, 0, sizeof o);
    cs_rd_copy(&r, o.nonce, sizeof o.nonce);
    cs_rd_copy(&r, o.request_id, sizeof o.request_id);
    cs_rd_copy(&r, o.reqh, sizeof o.reqh);
    o.kind = cs_rd_u8(&r);
    o.attempt = cs_rd_u32(&r);
    o.item = cs_rd_u16(&r);
    o.n = cs_rd_u8(&r);
    if (o.n < 2 || o.n > CS_PARTIES_MAX) { /* also when it ended before */
        return CS_ERR_BAD_FORMAT;
    }
    cs_rd_copy(&r, o.signers, o.n);
    cs_rd_copy(&r, (uint8_t *)o.osids, 32 * n_osids(o.n));
    if (cs_rd_end(&r) != CS_OK || o.kind <= CS_REQUEST_KEYGEN ||
        o.item >= CS_DKLS_ITEMS_MAX || !signers_ok(o.signers, o.n)) {
        return CS_ERR_BAD_FORMAT;
    }
    *out = o;
    return CS_OK;
}

/* ---- names ---------------------------------------------------------------------- */

/* enc(items) of a few short items: no heap, so that it cannot fail. */
struct list {
    uint8_t b[4 + CS_DKLS_OSIDS_MAX * 36];
    size_t n;
};

static void put(struct list *l, const uint8_t *p, size_t n)
{
    CS_ASSERT(n <= sizeof l->b - l->n);
    memcpy(l->b + l->n, p, n);
    l->n += n;
}

static void put_length(struct list *l, size_t n)
{
    uint8_t len[4];

    put_u32(len, (uint32_t)n);
    put(l, len, sizeof len);
}

static void list_begin(struct list *l, size_t items)
{
    l->n = 0;
    put_length(l, items);
}

static void list_item(struct list *l, const uint8_t *p, size_t n)
{
    put_length(l, n);
    put(l, p, n);
}

static struct cs_span list_get(const struct list *l)
{
    return CS_SPAN(l->b, l->n);
}

void cs_dkls_sid(uint8_t sid[32], const uint8_t presid[32],
                 const struct cs_dkls_first *firsts, size_t n)
{
    struct list all, one;
    uint8_t hash[32];

    list_begin(&all, n);
    for (size_t i = 0; i < n; i++) {
        cs_th(hash, CS_TAG_SIG_M1, &firsts[i].payload, 1);
        list_begin(&one, 2);
        list_item(&one, firsts[i].nonce, 32);
        list_item(&one, hash, sizeof hash);
        list_item(&all, one.b, one.n);
    }
    {
        const struct cs_span x[] = {CS_SPAN(presid, 32), list_get(&all)};

        cs_th(sid, CS_TAG_SID, x, CS_COUNTOF(x));
    }
}

void cs_dkls_tr1(uint8_t tr[32], const uint8_t presid[32],
                 const struct cs_dkls_first *firsts, size_t n)
{
    const uint8_t round = 1;
    struct list all;
    uint8_t hash[32];

    list_begin(&all, n);
    for (size_t i = 0; i < n; i++) {
        cs_th(hash, CS_TAG_BC_PAYLOAD, &firsts[i].payload, 1);
        list_item(&all, hash, sizeof hash);
    }
    {
        const struct cs_span x[] = {CS_SPAN(presid, 32), CS_SPAN(&round, 1),
                                    list_get(&all)};

        cs_th(tr, CS_TAG_TR, x, CS_COUNTOF(x));
    }
}

void cs_dkls_rsid_m1(uint8_t rsid[32], const struct cs_ot_ids *ids,
                     const uint8_t sid[32], const uint8_t ext[CS_OTX_LEN])
{
    uint8_t sub[32], m1[32];
    const struct cs_span of_sub[] = {CS_SPAN(sid, 32), CS_SPAN_LIT("rvole"),
                                     CS_SPAN(&ids->alice, 1), CS_SPAN(&ids->bob, 1)};
    const struct cs_span of_m1 = CS_SPAN(ext, CS_OTX_LEN);
    const struct cs_span x[] = {CS_SPAN_OF(sub), CS_SPAN_OF(ids->osid),
                                CS_SPAN(&ids->alice, 1), CS_SPAN(&ids->bob, 1),
                                CS_SPAN_OF(m1)};

    cs_th(sub, CS_TAG_SUB, of_sub, CS_COUNTOF(of_sub));
    cs_th(m1, CS_TAG_OT_M1, &of_m1, 1);
    cs_th(rsid, CS_TAG_OT_RO, x, CS_COUNTOF(x));
}

/* reqh, or the name of the item when there are several. */
static void item_hash(uint8_t out[32], const struct cs_dkls_request *q)
{
    uint8_t item[2], n[2];
    const struct cs_span x[] = {CS_SPAN_OF(q->reqh), CS_SPAN_OF(item), CS_SPAN_OF(n)};

    if (q->n_items == 1) {
        memcpy(out, q->reqh, 32);
        return;
    }
    put_u16(item, q->item);
    put_u16(n, q->n_items);
    cs_th(out, CS_TAG_REQ_ITEM, x, CS_COUNTOF(x));
}

void cs_dkls_presid(uint8_t presid[32], const struct cs_dkls_request *q)
{
    const uint8_t proto = CS_PROTO_ECDSA;
    struct list parts, boots, osids;
    uint8_t epoch[4], reqh[32];

    CS_ASSERT(q->n >= 2 && q->n <= CS_PARTIES_MAX && signers_ok(q->signers, q->n));
    CS_ASSERT(q->item < q->n_items && q->n_items <= CS_DKLS_ITEMS_MAX);
    put_u32(epoch, q->key_epoch);
    item_hash(reqh, q);
    list_begin(&parts, q->n);
    list_begin(&boots, q->n);
    for (uint8_t i = 0; i < q->n; i++) {
        list_item(&parts, &q->signers[i], 1);
        list_item(&boots, q->boot[q->signers[i]], 32);
    }
    list_begin(&osids, n_osids(q->n));
    for (size_t i = 0; i < n_osids(q->n); i++) {
        list_item(&osids, q->osids[i], 32);
    }
    const struct cs_span x[] = {
        CS_SPAN(&proto, 1),    CS_SPAN_OF(reqh),  CS_SPAN_OF(q->ds_hash),
        CS_SPAN_OF(q->key_id), CS_SPAN_OF(epoch), CS_SPAN_OF(q->cert_hash),
        list_get(&parts),      list_get(&boots),  CS_SPAN_OF(q->nonce),
        list_get(&osids),
    };
    cs_th(presid, CS_TAG_PRESID, x, CS_COUNTOF(x));
}

void cs_dkls_com(uint8_t com[32], const uint8_t presid[32], uint8_t i, uint8_t j,
                 const uint8_t R[33], const uint8_t salt[32])
{
    const struct cs_span x[] = {CS_SPAN(presid, 32), CS_SPAN(&i, 1), CS_SPAN(&j, 1),
                                CS_SPAN(R, 33), CS_SPAN(salt, 32)};

    cs_th(com, CS_TAG_SIG_COM, x, CS_COUNTOF(x));
}

void cs_dkls_com_all(uint8_t com[32], const uint8_t presid[32], uint8_t i,
                     const uint8_t R[33], const uint8_t salt[32])
{
    const struct cs_span x[] = {CS_SPAN(presid, 32), CS_SPAN(&i, 1), CS_SPAN(R, 33),
                                CS_SPAN(salt, 32)};

    cs_th(com, CS_TAG_SIG_COM, x, CS_COUNTOF(x));
}
