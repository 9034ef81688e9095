#include "policy/ledger.h"

#include <string.h>

#include "base/mem.h"
#include "base/rd.h"

enum { VERSION = 1, MINUTE_MS = 60000, FIRST_CAP = 64 };

void cs_ledger_free(struct cs_ledger *l)
{
    cs_free(l->rows);
    *l = (struct cs_ledger){0};
}

static bool is_same(const struct cs_ledger_row *a, const struct cs_ledger_row *b)
{
    return a->minute == b->minute && memcmp(a->key_id, b->key_id, 16) == 0 &&
           memcmp(a->asset, b->asset, 32) == 0;
}

static enum cs_err grow(struct cs_ledger *l)
{
    size_t cap = l->cap == 0 ? FIRST_CAP : 2 * l->cap;
    struct cs_ledger_row *rows;

    if (l->n < l->cap) {
        return CS_OK;
    }
    if (l->n >= CS_LEDGER_MAX) {
        return CS_ERR_FULL;
    }
    rows = cs_alloc_array(cap, sizeof *rows);
    if (rows == NULL) {
        return CS_ERR_NOMEM;
    }
    if (l->n != 0) {
        memcpy(rows, l->rows, l->n * sizeof *rows);
    }
    cs_free(l->rows);
    l->rows = rows;
    l->cap = cap;
    return CS_OK;
}

enum cs_err cs_ledger_put(struct cs_ledger *l, const struct cs_ledger_row *row)
{
    CS_CHECK(grow(l));
    l->rows[l->n++] = *row;
    return CS_OK;
}

enum cs_err cs_ledger_add(struct cs_ledger *l, const struct cs_ledger_row *add,
                          struct cs_ledger_row *stored)
{
    for (size_t i = l->n; i-- > 0;) { /* the newest are last */
        struct cs_ledger_row *r = &l->rows[i];

        if (is_same(r, add)) {
            r->units = cs_num_add(r->units, add->units);
            r->requests += r->requests < UINT32_MAX ? 1 : 0;
            *stored = *r;
            return CS_OK;
        }
    }
    *stored = *add;
    stored->requests = 1;
    return cs_ledger_put(l, stored);
}

static bool is_within(const struct cs_ledger_row *r, int64_t wall_ms, uint32_t minutes)
{
    int64_t end = ((int64_t)r->minute + 1) * MINUTE_MS;

    return end > wall_ms - (int64_t)minutes * MINUTE_MS;
}

bool cs_ledger_expire(struct cs_ledger *l, int64_t wall_ms, uint32_t minutes,
                      struct cs_ledger_row *out)
{
    for (size_t i = 0; i < l->n; i++) {
        if (!is_within(&l->rows[i], wall_ms, minutes)) {
            *out = l->rows[i];
            l->rows[i] = l->rows[--l->n];
            return true;
        }
    }
    return false;
}

bool cs_ledger_is_of(const struct cs_ledger_row *r, const struct cs_policy_ask *ask,
                     enum cs_policy_per per, const uint8_t *asset)
{
    if (asset != NULL && memcmp(r->asset, asset, 32) != 0) {
        return false;
    }
    switch (per) {
    case CS_PER_KEY:
        return memcmp(r->key_id, ask->key_id, 16) == 0;
    case CS_PER_QUORUM:
        return memcmp(r->quorum_id, ask->quorum_id, 16) == 0;
    case CS_PER_NODE:
        break;
    }
    return true;
}

void cs_ledger_sum(const struct cs_ledger *l, const struct cs_policy_ask *ask,
                   enum cs_policy_per per, const uint8_t *asset, uint32_t minutes,
                   int64_t wall_ms, struct cs_num *units, uint64_t *requests)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct cs_ledger_row *r = &l->rows[i];

        if (is_within(r, wall_ms, minutes) && cs_ledger_is_of(r, ask, per, asset)) {
            *units = cs_num_add(*units, r->units);
            *requests += r->requests;
        }
    }
}

/* ---- records ------------------------------------------------------------------ */

void cs_ledger_key(uint8_t out[CS_LEDGER_KEY], const struct cs_ledger_row *row)
{
    memcpy(out, row->key_id, 16);
    memcpy(out + 16, row->asset, 32);
    for (int i = 0; i < 8; i++) {
        out[48 + i] = (uint8_t)(row->minute >> (56 - 8 * i));
    }
}

void cs_ledger_encode(struct cs_wr *w, const struct cs_ledger_row *row)
{
    cs_wr_u8(w, VERSION);
    cs_wr_bytes(w, row->quorum_id, 16);
    cs_wr_u32(w, row->requests);
    for (size_t i = CS_NUM_LIMBS; i-- > 0;) {
        cs_wr_u32(w, row->units.limb[i]);
    }
}

enum cs_err cs_ledger_decode(struct cs_ledger_row *out, struct cs_span key,
                             struct cs_span value)
{
    struct cs_rd k = CS_RD(key), r = CS_RD(value);
    struct cs_span id = cs_rd_span(&k, 16), asset = cs_rd_span(&k, 32), quorum;
    uint8_t version = cs_rd_u8(&r);

    memset(out, 0, sizeof *out);
    out->minute = cs_rd_u64(&k);
    quorum = cs_rd_span(&r, 16);
    out->requests = cs_rd_u32(&r);
    for (size_t i = CS_NUM_LIMBS; i-- > 0;) {
        out->units.limb[i] = cs_rd_u32(&r);
    }
    if (cs_rd_end(&k) != CS_OK || cs_rd_end(&r) != CS_OK || version != VERSION ||
        out->minute > INT64_MAX / MINUTE_MS - 1) {
        return CS_ERR_STORE_CORRUPT;
    }
    memcpy(out->key_id, id.p, 16);
    memcpy(out->asset, asset.p, 32);
    memcpy(out->quorum_id, quorum.p, 16);
    return CS_OK;
}
