/* Results with more than one signature, for repeats of their request (RELIABILITY T11).
 * The journal has their SHA-256; they themselves are in a ring of the newest
 * MAX_STORED_SIGS, so that no store grows without bound. */
#include "node/core/core.h"

#include <string.h>

#include "base/rd.h"

#define SIGS_COUNT CS_SPAN_LIT("sigs")

struct slot_key {
    uint8_t b[4];
};

static struct slot_key slot_key(uint64_t count)
{
    uint32_t slot = (uint32_t)(count % MAX_STORED_SIGS);

    return (struct slot_key){{(uint8_t)(slot >> 24), (uint8_t)(slot >> 16),
                              (uint8_t)(slot >> 8), (uint8_t)slot}};
}

static enum cs_err read_count(struct cs_node_core *n, uint64_t *count)
{
    struct cs_wr w = {0};
    enum cs_err err = cs_safe_get(n->safe, TABLE_SELF, SIGS_COUNT, &w);
    struct cs_rd r = CS_RD(cs_wr_get(&w));

    *count = 0;
    if (err == CS_OK) {
        *count = cs_rd_u64(&r);
        err = cs_rd_end(&r) == CS_OK ? CS_OK : CS_ERR_STORE_CORRUPT;
    }
    cs_wr_free(&w);
    return err == CS_ERR_NOT_FOUND ? CS_OK : err;
}

/* What the slot held before is forgotten. */
static enum cs_err clear_slot(struct cs_node_core *n, const struct slot_key *slot)
{
    struct cs_wr old = {0};
    enum cs_err err = cs_safe_get(n->safe, TABLE_SIGS_RING, CS_SPAN_OF(slot->b), &old);

    if (err == CS_OK) {
        cs_nd_del(n, TABLE_SIGS, cs_wr_get(&old));
    }
    cs_wr_free(&old);
    return err == CS_ERR_NOT_FOUND ? CS_OK : err;
}

void cs_nd_result_put(struct cs_node_core *n, const uint8_t request_id[16],
                      struct cs_span signatures)
{
    struct cs_wr w = {0};
    struct slot_key slot;
    uint64_t count;
    enum cs_err err = read_count(n, &count);

    slot = slot_key(count);
    if (err == CS_OK) {
        err = clear_slot(n, &slot);
    }
    if (err != CS_OK) {
        cs_nd_fail(n, err, "the stored results cannot be read");
        return;
    }
    cs_wr_u64(&w, count + 1);
    cs_nd_put(n, TABLE_SELF, SIGS_COUNT, cs_wr_get(&w));
    cs_nd_put(n, TABLE_SIGS_RING, CS_SPAN_OF(slot.b), CS_SPAN(request_id, 16));
    cs_nd_put(n, TABLE_SIGS, CS_SPAN(request_id, 16), signatures);
    cs_wr_free(&w);
}

enum cs_err cs_nd_result_get(struct cs_node_core *n, const uint8_t request_id[16],
                             struct cs_wr *signatures)
{
    return cs_safe_get(n->safe, TABLE_SIGS, CS_SPAN(request_id, 16), signatures);
}
