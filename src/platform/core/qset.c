/* The device sets of quorums in memory: immutable, so read once and kept for a while.
 * Quorums can be made and deleted without end, so what is kept is bounded. */
#include <string.h>

#include "base/mem.h"
#include "platform/core/flows.h"
#include "platform/core/rec.h"

static bool decode(const json_t *rec, struct cs_pc_qset *q)
{
    const char *hex = cs_js_text(rec, "_ds");
    struct cs_wr w = {0};
    bool ok = cs_unhex_wr(&w, hex, strlen(hex)) == CS_OK &&
              cs_ds_decode(&q->ds, cs_wr_get(&w)) == CS_OK;

    cs_wr_free(&w);
    if (ok) {
        cs_ds_hash(q->ds_hash, &q->ds);
    }
    return ok;
}

const struct cs_pc_qset *cs_pc_qset(struct cs_platform_core *core,
                                    const uint8_t id[CS_PC_ID])
{
    struct cs_pc_qset *q = (struct cs_pc_qset *)(void *)cs_pc_map_get(&core->qsets, id,
                                                                      CS_PC_ID);
    json_t *rec;

    if (q != NULL) {
        return q;
    }
    rec = cs_pc_get(core, CS_PC_QUORUM, id);
    if (rec == NULL || cs_js_true(rec, "_undecided")) { /* it waits for approval */
        json_decref(rec);
        return NULL;
    }
    q = cs_alloc(sizeof *q);
    CS_ASSERT(q != NULL);
    memcpy(q->id, id, CS_PC_ID);
    q->quarantined = cs_pc_quarantine_bits(rec);
    if (decode(rec, q)) {
        cs_pc_map_put(&core->qsets, &q->node, id, CS_PC_ID);
    } else {
        core->broken = CS_ERR_STORE_CORRUPT; /* we checked it when we wrote it */
        cs_free(q);
        q = NULL;
    }
    json_decref(rec);
    return q;
}

void cs_pc_qset_quarantine(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                           uint32_t bits)
{
    struct cs_pc_qset *q = (struct cs_pc_qset *)(void *)cs_pc_map_get(&core->qsets, id,
                                                                      CS_PC_ID);

    if (q != NULL) {
        q->quarantined = bits;
    }
}

static void free_node(void *ctx, struct cs_pc_node *node)
{
    (void)ctx;
    cs_free(node);
}

void cs_pc_qset_free_all(struct cs_platform_core *core)
{
    cs_pc_map_each(&core->qsets, free_node, NULL);
    cs_pc_map_free(&core->qsets);
}

void cs_pc_qset_trim(struct cs_platform_core *core)
{
    if (core->qsets.n > CS_PC_QSETS_MAX) {
        cs_pc_qset_free_all(core);
    }
}

uint8_t cs_pc_qset_index(const struct cs_pc_qset *q, const uint8_t device[CS_PC_ID])
{
    for (uint8_t i = 0; i < q->ds.n; i++) {
        if (memcmp(q->ds.members[i].device_id, device, CS_PC_ID) == 0) {
            return q->ds.members[i].index;
        }
    }
    return 0;
}

struct cs_pc_live *cs_pc_qset_live(struct cs_platform_core *core,
                                   const struct cs_pc_qset *q, uint8_t index)
{
    const struct cs_ds_member *m = cs_ds_member(&q->ds, index);

    return m == NULL ? NULL : cs_pc_live_get(core, m->device_id);
}

bool cs_pc_qset_speaks(const struct cs_pc_qset *q, const struct cs_pc_live *from,
                       uint32_t index)
{
    uint8_t own = cs_pc_qset_index(q, from->id);

    return own != 0 && index == own;
}

void cs_pc_qset_roster(const struct cs_pc_qset *q, struct cs_roster *out)
{
    memset(out, 0, sizeof *out);
    out->n = q->ds.n;
    out->t = q->ds.t;
    out->self = 1; /* verification does not depend on who looks */
    memcpy(out->ds_hash, q->ds_hash, sizeof out->ds_hash);
    for (uint8_t i = 0; i < q->ds.n; i++) {
        memcpy(out->ik[i + 1], q->ds.members[i].id.ik, CS_IK_LEN);
    }
}
