/* Quarantined pairs: a node that caught a member cheating does nothing more with it
 * until its operator releases it (PROTOCOLS 4.6).  The platform shows who says so of
 * whom and pairs the two no more; it judges nobody, since either may be the liar
 * (15.1 A8).
 *
 * quorum._quarantine: [{playerId, peer, reason, since}], one for each ordered pair at
 * most, so 42 at most. */
#include <stdio.h>

#include "base/log.h"
#include "platform/core/api.h"
#include "platform/core/flows.h"
#include "platform/core/rec.h"
#include "platform/core/signers.h"

enum { CHANGES_BURST = 8, CHANGES_PER_S = 1 }; /* of one device, that cause work */

static bool is_row(const json_t *row, uint32_t index, uint32_t peer)
{
    return cs_js_num(row, "playerId") == (int64_t)index &&
           cs_js_num(row, "peer") == (int64_t)peer;
}

/* Is it said already?  A repeat changes nothing, not even since when. */
static bool is_said(const json_t *quorum, const struct cs_ctl_peer *p)
{
    const json_t *rows = json_object_get(quorum, "_quarantine");

    for (size_t i = 0; i < json_array_size(rows); i++) {
        if (is_row(json_array_get(rows, i), p->index, p->peer)) {
            return true;
        }
    }
    return false;
}

static void remove_row(json_t *rows, uint32_t index, uint32_t peer)
{
    for (size_t i = json_array_size(rows); i > 0; i--) {
        if (is_row(json_array_get(rows, i - 1), index, peer)) {
            CS_ASSERT(json_array_remove(rows, i - 1) == 0);
        }
    }
}

static void add_row(struct cs_platform_core *core, json_t *rows,
                    const struct cs_ctl_peer *p)
{
    json_t *row = cs_js_obj();

    cs_js_int(row, "playerId", p->index);
    cs_js_int(row, "peer", p->peer);
    cs_js_str(row, "reason", p->reason);
    cs_js_time(row, "since", core->wall_ms);
    cs_js_push(rows, row);
}

uint32_t cs_pc_quarantine_bits(const json_t *quorum)
{
    const json_t *rows = json_object_get(quorum, "_quarantine");
    uint32_t bits = 0;

    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        uint8_t a = (uint8_t)cs_js_num(row, "playerId"),
                b = (uint8_t)cs_js_num(row, "peer");

        bits |= cs_pc_pair_bit(a < b ? a : b, a < b ? b : a);
    }
    return bits;
}

json_t *cs_pc_quarantine_view(const json_t *quorum)
{
    const json_t *rows = json_object_get(quorum, "_quarantine");
    json_t *out = cs_js_arr();

    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_copy(json_array_get(rows, i));
        char text[224];

        CS_ASSERT(row != NULL);
        (void)snprintf(text, sizeof text,
                       "player %d signs nothing more with player %d: find out which of "
                       "the two is compromised and replace it; an operator of player "
                       "%d's node can release the other",
                       (int)cs_js_num(row, "playerId"), (int)cs_js_num(row, "peer"),
                       (int)cs_js_num(row, "playerId"));
        cs_js_str(row, "text", text);
        cs_js_push(out, row);
    }
    return out;
}

/* False when it was so before. */
static bool store(struct cs_platform_core *core, const struct cs_pc_qset *q,
                  const struct cs_ctl_peer *p, bool is_quarantined)
{
    json_t *rec = cs_pc_get(core, CS_PC_QUORUM, q->id), *rows;

    if (rec == NULL || is_said(rec, p) == is_quarantined) {
        json_decref(rec); /* NULL: the store is broken */
        return false;
    }
    rows = json_object_get(rec, "_quarantine");
    if (rows == NULL) {
        rows = cs_js_arr();
        cs_js_set(rec, "_quarantine", rows);
    }
    remove_row(rows, p->index, p->peer);
    if (is_quarantined) {
        add_row(core, rows, p);
    }
    cs_pc_save(core, CS_PC_QUORUM, rec);
    cs_pc_qset_quarantine(core, q->id, cs_pc_quarantine_bits(rec));
    json_decref(rec);
    return true;
}

static void quarantined(struct cs_platform_core *core, const struct cs_pc_qset *q,
                        const struct cs_ctl_peer *p)
{
    char id[CS_UUID_LEN], text[96];

    cs_log(CS_LOG_ERROR, "platform",
           "quorum %s: player %u has quarantined player %u: %s; they are not paired "
           "until an operator of that node releases it",
           cs_uuid_text(id, q->id), (unsigned)p->index, (unsigned)p->peer, p->reason);
    (void)snprintf(text, sizeof text, "player %u signs nothing more with player %u: %s",
                   (unsigned)p->index, (unsigned)p->peer, p->reason);
    cs_pc_sign_note(core, q->id, p->index, p->peer, "PEER_QUARANTINED", text);
}

void cs_pc_peer_event(struct cs_platform_core *core, struct cs_pc_live *from,
                      const struct cs_ctl_frame *f)
{
    const struct cs_ctl_peer *p = &f->u.peer;
    const struct cs_pc_qset *q = cs_pc_qset(core, p->quorum_id);
    bool is_quarantined = f->kind == CS_EVT_PEER_QUARANTINED;
    char id[CS_UUID_LEN];

    if (q == NULL || !cs_pc_qset_speaks(q, from, p->index) || p->peer == p->index ||
        p->peer == 0 || p->peer > q->ds.n) {
        cs_log(CS_LOG_WARN, "platform",
               "quarantine event that makes no sense: dropped");
        return;
    }
    if (!store(core, q, p, is_quarantined)) {
        return;
    }
    /* Looking at all that waits is work, and a node can say both in turn for ever: what
     * waits looks again by itself, and memberWarnings has the last word. */
    if (!cs_api_take(core, "peer", cs_uuid_text(id, from->id), CHANGES_BURST,
                     CHANGES_PER_S)) {
        return;
    }
    if (is_quarantined) {
        quarantined(core, q, p);
        return;
    }
    cs_log(CS_LOG_WARN, "platform", "quorum %s: player %u has released player %u",
           cs_uuid_text(id, q->id), (unsigned)p->index, (unsigned)p->peer);
    cs_pc_sign_kick(core, from->id, CS_KICK_CAME); /* what waits may have a pair now */
}
