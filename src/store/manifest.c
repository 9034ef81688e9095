/* The manifest: a keyed set hash over all records, kept up to date record by record.
 *
 * The set is the XOR of one HMAC per record (MSet-XOR-Hash of Clarke et al., 2003).
 * XOR is only sound while nobody sees the sum: whoever knew many of them could solve
 * for old records that cancel out.  So it is stored sealed, like any record. */
#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "store/safe_priv.h"

static const uint8_t no_name[CS_RECORD_NAME];

const struct cs_record_bind *cs_safe_bind(struct cs_safe *s, uint8_t table,
                                          const uint8_t name[CS_RECORD_NAME])
{
    s->bind.table = table;
    memcpy(s->bind.name, name, CS_RECORD_NAME);
    return &s->bind;
}

/* A sealing key makes at most seals_per_key (2^31) records with random nonces, then
 * the next epoch's key takes over: the bound of 2^32 per AES key (SP 800-38D, 8.3)
 * holds even where a restored volume counts one stretch twice. */
static enum cs_err count_seal(const struct cs_safe *s, struct cs_manifest *m)
{
    if (m->seals >= s->seals_per_key) {
        if (m->key_epoch == UINT32_MAX) {
            return CS_ERR_LIMIT;
        }
        m->key_epoch++;
        m->seals = 0;
    }
    m->seals++;
    return CS_OK;
}

enum cs_err cs_safe_seal(struct cs_safe *s, struct cs_wr *out, struct cs_manifest *m,
                         uint64_t generation, const struct cs_record_bind *b,
                         struct cs_span key, struct cs_span value)
{
    uint8_t nonce[12];

    CS_CHECK(count_seal(s, m));
    s->random(s->random_ctx, nonce, sizeof nonce);
    return cs_record_seal(out, &s->secret->keys, b, m->key_epoch, generation, nonce,
                          key, value);
}

enum cs_err cs_manifest_seal(struct cs_safe *s, struct cs_wr *out,
                             struct cs_manifest *m)
{
    const struct cs_record_bind *b = cs_safe_bind(s, CS_SAFE_TABLE_MANIFEST, no_name);
    struct cs_manifest counted = *m;
    struct cs_wr w = {0};
    enum cs_err err;

    CS_TRY(count_seal(s, &counted)); /* it counts its own seal too */
    cs_wr_u64(&w, m->count);
    cs_wr_bytes(&w, m->set, sizeof m->set);
    cs_wr_bytes(&w, m->header, sizeof m->header);
    cs_wr_u32(&w, counted.key_epoch);
    cs_wr_u32(&w, counted.seals);
    CS_TRY(w.err);
    CS_TRY(cs_safe_seal(s, out, m, m->generation, b, CS_SPAN(NULL, 0), cs_wr_get(&w)));
out:
    cs_wr_free(&w);
    return err;
}

enum cs_err cs_manifest_open(struct cs_safe *s, struct cs_span sealed)
{
    const struct cs_record_bind *b = cs_safe_bind(s, CS_SAFE_TABLE_MANIFEST, no_name);
    struct cs_manifest *m = &s->m;
    struct cs_wr w = {0};
    struct cs_rd r;
    enum cs_err err;

    CS_TRY(cs_record_open(NULL, &w, &s->secret->keys, b, sealed));
    CS_TRY(cs_record_generation(&m->generation, sealed)); /* bound by the AEAD */
    r = CS_RD(cs_wr_get(&w));
    m->count = cs_rd_u64(&r);
    cs_rd_copy(&r, m->set, sizeof m->set);
    cs_rd_copy(&r, m->header, sizeof m->header);
    m->key_epoch = cs_rd_u32(&r);
    m->seals = cs_rd_u32(&r);
    CS_TRY(cs_rd_end(&r) == CS_OK ? CS_OK : CS_ERR_STORE_CORRUPT);
out:
    cs_wr_free(&w);
    return err;
}

void cs_manifest_toggle(struct cs_manifest *m, const uint8_t element[32])
{
    for (size_t i = 0; i < sizeof m->set; i++) {
        m->set[i] ^= element[i];
    }
}
