/* Deadlines that survive a restart: a table ordered by wall time. */
#include <string.h>

#include "base/rd.h"
#include "platform/core/flows.h"
#include "platform/core/idem.h"
#include "platform/core/rec.h"
#include "platform/core/session.h"
#include "platform/core/tx_path.h"
#include "platform/core/webhooks.h"

enum { TIMER_KEY = 8 + 1 + CS_PC_ID };

static void timer_key(uint8_t key[TIMER_KEY], int64_t at, enum cs_pc_timer kind,
                      const uint8_t id[CS_PC_ID])
{
    for (int i = 0; i < 8; i++) {
        key[i] = (uint8_t)((uint64_t)at >> (56 - 8 * i));
    }
    key[8] = (uint8_t)kind;
    memcpy(key + 9, id, CS_PC_ID);
}

void cs_pc_timer_raw(struct cs_platform_core *core, enum cs_pc_timer kind,
                     const uint8_t id[CS_PC_ID], int64_t old_at, int64_t at)
{
    uint8_t key[TIMER_KEY];

    if (old_at > 0) {
        timer_key(key, old_at, kind, id);
        cs_pc_raw_del(core, CS_PC_TIMER, CS_SPAN_OF(key));
    }
    if (at > 0) {
        timer_key(key, at, kind, id);
        cs_pc_raw_put(core, CS_PC_TIMER, CS_SPAN_OF(key), CS_SPAN(NULL, 0));
        core->timer_next = at < core->timer_next ? at : core->timer_next;
    }
}

void cs_pc_timer(struct cs_platform_core *core, json_t *rec, enum cs_pc_timer kind,
                 int64_t at)
{
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(rec, "id", id));
    cs_pc_timer_raw(core, kind, id, cs_js_num(rec, "_timer"), at);
    if (at > 0) {
        cs_js_int(rec, "_timer", at);
    } else {
        cs_js_del(rec, "_timer");
    }
}

static void fire(struct cs_platform_core *core, enum cs_pc_timer kind,
                 const uint8_t id[CS_PC_ID])
{
    switch (kind) {
    case CS_TIMER_QUORUM:
        cs_pc_quorum_timer(core, id);
        break;
    case CS_TIMER_KEY:
        cs_pc_key_timer(core, id);
        break;
    case CS_TIMER_TX:
        cs_pc_sign_timer(core, id);
        break;
    case CS_TIMER_IDEM:
        cs_pc_idem_forget(core, id);
        break;
    case CS_TIMER_SESSION:
        cs_session_timer(core, id);
        break;
    case CS_TIMER_HOOK_PURGE:
        cs_hook_purge(core, id);
        break;
    case CS_TIMER_APPROVAL:
        cs_approval_timer(core, id);
        break;
    case CS_TIMER_RECOUNT:
        cs_approval_recount_timer(core, id);
        break;
    case CS_TIMER_HELD:
        cs_tx_path_timer(core, id);
        break;
    }
}

/* Takes the earliest timer out when it is due. */
static bool take_due(struct cs_platform_core *core, enum cs_pc_timer *kind,
                     uint8_t id[CS_PC_ID])
{
    struct cs_wr key = {0};
    struct cs_rd r;
    bool due = false;

    core->timer_next = INT64_MAX;
    if (cs_pc_raw_next(core, CS_PC_TIMER, CS_SPAN(NULL, 0), CS_SPAN(NULL, 0), false,
                       &key, NULL) &&
        key.n == TIMER_KEY) {
        r = CS_RD(cs_wr_get(&key));
        core->timer_next = (int64_t)cs_rd_u64(&r);
        *kind = (enum cs_pc_timer)cs_rd_u8(&r);
        cs_rd_copy(&r, id, CS_PC_ID);
        due = core->timer_next <= core->wall_ms;
    }
    if (due) {
        cs_pc_raw_del(core, CS_PC_TIMER, cs_wr_get(&key));
    }
    cs_wr_free(&key);
    return due;
}

void cs_pc_timers_run(struct cs_platform_core *core)
{
    enum cs_pc_timer kind = CS_TIMER_QUORUM;
    uint8_t id[CS_PC_ID];

    if (core->timer_next > core->wall_ms) {
        return;
    }
    for (int i = 0; i < CS_PC_TIMERS_STEP && take_due(core, &kind, id); i++) {
        fire(core, kind, id);
    }
}
