#include "mpc/dkls_ids.h"

#include <string.h>

#include "base/mem.h"
#include "crypto/hash.h"
#include "mpc/link/envelope.h"

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

/* enc(items) of a few short items: no heap, so that it cannot fail. */
struct list {
    uint8_t b[192];
    size_t n;
};

static void put(struct list *l, const uint8_t *p, size_t n)
{
    CS_ASSERT(n <= sizeof l->b - l->n);
    memcpy(l->b + l->n, p, n);
    l->n += n;
}

static struct cs_span enc_list(struct list *l, const struct cs_span *items, size_t n)
{
    uint8_t len[4];

    l->n = 0;
    put_u32(len, (uint32_t)n);
    put(l, len, sizeof len);
    for (size_t i = 0; i < n; i++) {
        put_u32(len, (uint32_t)items[i].n);
        put(l, len, sizeof len);
        put(l, items[i].p, items[i].n);
    }
    return CS_SPAN(l->b, l->n);
}

static struct cs_span first_enc(struct list *l, const struct cs_dkls_first *f)
{
    uint8_t hash[32];
    const struct cs_span x[] = {CS_SPAN(f->nonce, 32), CS_SPAN_OF(hash)};

    cs_th(hash, CS_TAG_SIG_M1, &f->payload, 1);
    return enc_list(l, x, CS_COUNTOF(x));
}

void cs_dkls_sid(uint8_t sid[32], const uint8_t presid[32],
                 const struct cs_dkls_first *lo, const struct cs_dkls_first *hi)
{
    struct list a, b, both;
    const struct cs_span pair[] = {first_enc(&a, lo), first_enc(&b, hi)};
    const struct cs_span x[] = {CS_SPAN(presid, 32),
                                enc_list(&both, pair, CS_COUNTOF(pair))};

    cs_th(sid, CS_TAG_SID, x, CS_COUNTOF(x));
}

void cs_dkls_presid(uint8_t presid[32], const struct cs_dkls_request *q)
{
    const uint8_t proto = CS_PROTO_ECDSA;
    const struct cs_span who[] = {CS_SPAN(&q->lo, 1), CS_SPAN(&q->hi, 1)};
    const struct cs_span boot[] = {CS_SPAN_OF(q->boot_lo), CS_SPAN_OF(q->boot_hi)};
    const struct cs_span osid[] = {CS_SPAN_OF(q->osid_lo), CS_SPAN_OF(q->osid_hi)};
    struct list parts, boots, osids;
    uint8_t epoch[4];

    put_u32(epoch, q->key_epoch);
    const struct cs_span x[] = {
        CS_SPAN(&proto, 1),
        CS_SPAN_OF(q->reqh),
        CS_SPAN_OF(q->ds_hash),
        CS_SPAN_OF(q->key_id),
        CS_SPAN_OF(epoch),
        CS_SPAN_OF(q->cert_hash),
        enc_list(&parts, who, CS_COUNTOF(who)),
        enc_list(&boots, boot, CS_COUNTOF(boot)),
        CS_SPAN_OF(q->nonce),
        enc_list(&osids, osid, CS_COUNTOF(osid)),
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
