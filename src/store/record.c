#include "store/record.h"

#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

#define LABEL "cloudsign/1/store/"
static const char ad_label[] = LABEL "record";

enum {
    NONCE = CS_AEAD_NONCE,
    TAG = CS_AEAD_TAG,
    DEVICE_MAX = 64,
    AD_MAX = sizeof ad_label + 1 + CS_RECORD_NAME + 16 + 2 + 4 + 8 + DEVICE_MAX,
};

struct record_head {
    uint32_t key_epoch;
    uint64_t generation;
    uint8_t nonce[NONCE];
};

static void derive(uint8_t out[32], const uint8_t key[32], const uint8_t store_id[16],
                   struct cs_span info)
{
    cs_hkdf(out, 32, CS_SPAN(store_id, 16), CS_SPAN(key, 32), info);
}

void cs_record_keys_derive(struct cs_record_keys *k, const uint8_t dek[32],
                           const uint8_t store_id[16])
{
    memset(k, 0, sizeof *k);
    derive(k->data, dek, store_id, CS_SPAN_LIT(LABEL "data"));
    derive(k->name, dek, store_id, CS_SPAN_LIT(LABEL "name"));
    derive(k->set, dek, store_id, CS_SPAN_LIT(LABEL "set"));
}

/* The sealing key of an epoch; the last one used is kept, since nearly every record
 * of a store has the same. */
static const uint8_t *seal_key(struct cs_record_keys *k, uint32_t epoch)
{
    uint8_t info[sizeof LABEL + 7];

    if (epoch != 0 && k->seal_epoch == epoch) {
        return k->seal; /* 0 means none derived yet: never a key of zeros */
    }
    memcpy(info, LABEL "seal", sizeof LABEL + 3);
    for (size_t i = 0; i < 4; i++) {
        info[sizeof LABEL + 3 + i] = (uint8_t)(epoch >> (24 - 8 * i));
    }
    cs_hkdf(k->seal, 32, CS_SPAN(NULL, 0), CS_SPAN_OF(k->data), CS_SPAN_OF(info));
    k->seal_epoch = epoch;
    return k->seal;
}

void cs_record_name(uint8_t out[CS_RECORD_NAME], const struct cs_record_keys *k,
                    uint8_t table, struct cs_span key)
{
    uint8_t in[1 + 255];

    CS_ASSERT(key.n < sizeof in);
    in[0] = table;
    if (key.n != 0) {
        memcpy(in + 1, key.p, key.n);
    }
    cs_hmac_sha256(out, CS_SPAN_OF(k->name), CS_SPAN(in, 1 + key.n));
    cs_wipe(in, sizeof in);
}

/* All fields but the last have a fixed size: injective. */
static size_t associated(uint8_t out[AD_MAX], const struct cs_record_bind *b,
                         const struct record_head *h)
{
    size_t device_len = strlen(b->device_id);
    uint8_t *p = out;

    CS_ASSERT(device_len <= DEVICE_MAX);
    memcpy(p, ad_label, sizeof ad_label);
    p += sizeof ad_label;
    *p++ = b->table;
    memcpy(p, b->name, CS_RECORD_NAME);
    p += CS_RECORD_NAME;
    memcpy(p, b->store_id, 16);
    p += 16;
    *p++ = (uint8_t)(b->schema >> 8);
    *p++ = (uint8_t)b->schema;
    for (int i = 24; i >= 0; i -= 8) {
        *p++ = (uint8_t)(h->key_epoch >> i);
    }
    for (int i = 56; i >= 0; i -= 8) {
        *p++ = (uint8_t)(h->generation >> i);
    }
    memcpy(p, b->device_id, device_len);
    return (size_t)(p - out) + device_len;
}

enum cs_err cs_record_seal(struct cs_wr *out, struct cs_record_keys *k,
                           const struct cs_record_bind *b, uint32_t key_epoch,
                           uint64_t generation, const uint8_t nonce[12],
                           struct cs_span key, struct cs_span value)
{
    struct record_head h = {.key_epoch = key_epoch, .generation = generation};
    uint8_t ad[AD_MAX];
    struct cs_wr plain = {0};
    size_t at = out->n, ad_len = associated(ad, b, &h);
    uint8_t *box;
    enum cs_err err;

    cs_wr_u16(&plain, (uint16_t)key.n);
    cs_wr_span(&plain, key);
    cs_wr_span(&plain, value);
    CS_TRY(plain.err);
    cs_wr_u32(out, key_epoch);
    cs_wr_u64(out, generation);
    cs_wr_bytes(out, nonce, NONCE);
    box = cs_wr_room(out, plain.n + TAG);
    CS_TRY(out->err);
    CS_TRY(cs_gcm_seal(box, seal_key(k, key_epoch), nonce, CS_SPAN(ad, ad_len),
                       cs_wr_get(&plain)));
out:
    cs_wr_free(&plain);
    if (err != CS_OK && out->err == CS_OK) {
        out->n = at; /* nothing half-made is left in the writer */
    }
    return err;
}

static enum cs_err split_head(struct record_head *h, struct cs_span *box,
                              struct cs_span sealed)
{
    struct cs_rd r = CS_RD(sealed);

    h->key_epoch = cs_rd_u32(&r);
    h->generation = cs_rd_u64(&r);
    cs_rd_copy(&r, h->nonce, NONCE);
    if (r.err != CS_OK || r.left < 2 + TAG) {
        return CS_ERR_STORE_CORRUPT;
    }
    *box = CS_SPAN(r.p, r.left);
    return CS_OK;
}

static enum cs_err split_plain(struct cs_wr *key, struct cs_wr *value,
                               struct cs_span plain)
{
    struct cs_rd r = CS_RD(plain);
    struct cs_span k = cs_rd_span(&r, cs_rd_u16(&r));

    if (r.err != CS_OK) {
        return CS_ERR_STORE_CORRUPT;
    }
    if (key != NULL) {
        cs_wr_span(key, k);
        CS_CHECK(key->err);
    }
    cs_wr_bytes(value, r.p, r.left);
    return value->err;
}

enum cs_err cs_record_open(struct cs_wr *key, struct cs_wr *value,
                           struct cs_record_keys *k, const struct cs_record_bind *b,
                           struct cs_span sealed)
{
    struct record_head h;
    struct cs_span box = {NULL, 0};
    uint8_t ad[AD_MAX];
    uint8_t *plain = NULL;
    size_t plain_len = 0;
    enum cs_err err;

    CS_TRY(split_head(&h, &box, sealed));
    plain_len = box.n - TAG;
    plain = cs_alloc(plain_len);
    CS_TRY(plain == NULL ? CS_ERR_NOMEM : CS_OK);
    err = cs_gcm_open(plain, seal_key(k, h.key_epoch), h.nonce,
                      CS_SPAN(ad, associated(ad, b, &h)), box);
    CS_TRY(err == CS_ERR_AEAD ? CS_ERR_STORE_CORRUPT : err);
    CS_TRY(split_plain(key, value, CS_SPAN(plain, plain_len)));
out:
    cs_free_wiped(plain, plain_len);
    return err;
}

enum cs_err cs_record_generation(uint64_t *out, struct cs_span sealed)
{
    struct record_head h;
    struct cs_span box;

    CS_CHECK(split_head(&h, &box, sealed));
    *out = h.generation;
    return CS_OK;
}

enum cs_err cs_record_element(uint8_t out[32], const struct cs_record_keys *k,
                              uint8_t table, struct cs_span name, struct cs_span sealed)
{
    uint8_t in[1 + CS_RECORD_NAME + CS_RECORD_HEAD + TAG];

    if (name.n != CS_RECORD_NAME || sealed.n < CS_RECORD_MIN) {
        return CS_ERR_STORE_CORRUPT;
    }
    in[0] = table;
    memcpy(in + 1, name.p, CS_RECORD_NAME);
    memcpy(in + 1 + CS_RECORD_NAME, sealed.p, CS_RECORD_HEAD);
    memcpy(in + 1 + CS_RECORD_NAME + CS_RECORD_HEAD, sealed.p + sealed.n - TAG, TAG);
    cs_hmac_sha256(out, CS_SPAN_OF(k->set), CS_SPAN_OF(in));
    return CS_OK;
}
